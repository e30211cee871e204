/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * The peer ADOL-C (Walther and Griewank): each model recorded once with trace_on, then replayed by the
 * drivers function, gradient and hess_vec.  Its buffers are sized to the tape before recording, which keeps
 * the tape and the Taylor values in memory; with the default sizes the larger problems would go through files.
 */
#include "bench.h"

#include <adolc/adolc.h>

#include <algorithm>
#include <vector>

namespace {

adouble rosenbrock (const bench_problem *p, const std::vector<adouble> &x)
{
  adouble f = 0;
  for (size_t i = 0; i + 1 < p->n; i++)
    {
      adouble a = x[i+1] - x[i]*x[i], b = 1 - x[i];
      f += 100*a*a + b*b;
    }
  return f;
}

/* log (1 + exp (z)) as it stands is the shortest; the benchmark's z are far from overflow. */
adouble logistic (const bench_problem *p, const std::vector<adouble> &x)
{
  adouble f = 0, square = 0;
  for (size_t i = 0; i < p->rows; i++)
    {
      const double *a = p->A + i*p->cols;
      adouble z = 0;
      for (size_t j = 0; j < p->n; j++)
        z += x[j]*a[j];
      f += log (1 + exp (-p->label[i]*z));
    }
  for (size_t j = 0; j + 1 < p->n; j++)
    square += x[j]*x[j];
  return f/(double) p->rows + 0.5*p->lambda*square;
}

adouble logsumexp (size_t k, const adouble t[])
{
  adouble top = t[0], sum = 0;
  for (size_t i = 1; i < k; i++)
    top = fmax (top, t[i]);
  for (size_t i = 0; i < k; i++)
    sum += exp (t[i] - top);
  return top + log (sum);
}

adouble mixture (const bench_problem *p, const std::vector<adouble> &x)
{
  size_t K = p->k, d = p->cols;
  std::vector<adouble> D (K*d), sumq (K), t (K), b (d), z (d);
  for (size_t k = 0; k < K; k++)
    {
      sumq[k] = 0;
      for (size_t i = 0; i < d; i++)
        {
          D[k*d + i] = exp (x[bench_factor (p, k) + i]);
          sumq[k] += x[bench_factor (p, k) + i];
        }
    }
  adouble f = (double) p->rows*logsumexp (K, x.data ());
  for (size_t item = 0; item < p->rows; item++)
    {
      for (size_t k = 0; k < K; k++)
        {
          const adouble *L = &x[bench_factor (p, k) + d];
          adouble square = 0;
          for (size_t i = 0; i < d; i++)
            {
              b[i] = p->A[item*d + i] - x[K + k*d + i];
              z[i] = D[k*d + i]*b[i];
            }
          for (size_t j = 0; j < d; j++)
            for (size_t i = j + 1; i < d; i++)
              z[i] += *L++*b[j];
          for (size_t i = 0; i < d; i++)
            square += z[i]*z[i];
          t[k] = x[k] + sumq[k] - 0.5*square;
        }
      f -= logsumexp (K, t.data ());
    }
  return f;
}

const short tag = 1;                    /* one problem is open at a time */

/* Entries enough for any of these tapes, where an operation has so many of a kind. */
unsigned entries (const bench_problem *p, double each)
{
  double d = (double) p->cols, rows = (double) p->rows;
  double operations = p->model == BENCH_ROSENBROCK ? 12*(double) p->n
                    : p->model == BENCH_LOGISTIC ? rows*(3*d + 10)
                    : rows*(double) p->k*(1.5*d*d + 5*d + 20);
  return (unsigned) std::max (524288., each*(operations + 4*(double) p->n));
}

void *open (const bench_problem *p, bench_record *record)
{
  std::vector<adouble> x (p->n);
  adouble f;
  double y, t0 = bench_seconds (), t1;
  size_t stats[STAT_SIZE];
  trace_on (tag, 0, entries (p, 1), entries (p, 4), entries (p, 1), entries (p, 4));
  for (size_t i = 0; i < p->n; i++)
    x[i] <<= p->start[i];
  f = p->model == BENCH_ROSENBROCK ? rosenbrock (p, x)
    : p->model == BENCH_LOGISTIC ? logistic (p, x) : mixture (p, x);
  f >>= y;
  t1 = bench_seconds ();
  trace_off ();
  record->model_seconds = t1 - t0;
  record->other_seconds = bench_seconds () - t1;
  tapestats (tag, stats);
  record->operations = (double) stats[NUM_OPERATIONS];
  return const_cast<bench_problem *> (p);
}

int run (void *, const bench_problem *p, bench_task task, double y[])
{
  double *x = const_cast<double *> (p->x), *v = const_cast<double *> (p->v);
  int n = (int) p->n, rc = -1;
  switch (task)
    {
    case BENCH_VALUE: rc = function (tag, 1, n, x, y); break;
    case BENCH_GRADIENT: rc = gradient (tag, n, x, y); break;
    case BENCH_HVP: rc = hess_vec (tag, n, x, v, y); break;
    default: break;
    }
  return rc < 0 ? -1 : 0;
}

void close (void *) { removeTape (tag, ADOLC_REMOVE_COMPLETELY); }

}

extern "C" const bench_peer bench_adolc;
const bench_peer bench_adolc = { "ADOL-C", open, run, close };
