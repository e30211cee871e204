/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * The peer ADOL-C (Walther and Griewank): each model recorded once with trace_on, then replayed by the
 * drivers function, gradient, hess_vec, hess_mat and jacobian.  Its buffers are sized to the tape before recording, which
 * keeps the tape and the Taylor values in memory; with the default sizes the larger problems would go through files.
 */
#include <adolc/adolc.h>

static adouble larger (const adouble &a, const adouble &b) { return fmax (a, b); }

#include "models.hpp"

#include <algorithm>
#include <vector>

namespace {

const short tag = 1, terms_tag = 2;     /* one problem is open at a time */

struct state {
  std::vector<double> tangents, products;       /* as hess_mat has them: n x k */
  std::vector<double *> tangent, product, row;
};

/* Entries enough for any of these tapes, where an operation has so many of a kind. */
unsigned entries (const bench_problem *p, double each)
{
  double d = (double) p->cols, rows = (double) p->rows;
  double operations = p->model == BENCH_ROSENBROCK ? 12*(double) p->n
                    : p->model == BENCH_LOGISTIC ? rows*(3*d + 10)
                    : rows*(double) p->k*(1.5*d*d + 5*d + 20);
  return (unsigned) std::max (524288., each*(operations + 4*(double) p->n));
}

void start (const bench_problem *p, short which, std::vector<adouble> &x)
{
  trace_on (which, 0, entries (p, 1), entries (p, 4), entries (p, 1), entries (p, 4));
  for (size_t i = 0; i < p->n; i++)
    x[i] <<= p->start[i];
}

void record_terms (const bench_problem *p)
{
  std::vector<adouble> x (p->n), y (p->m);
  double value;
  start (p, terms_tag, x);
  models::terms (p, x.data (), y.data ());
  for (size_t i = 0; i < p->m; i++)
    y[i] >>= value;
  trace_off ();
}

void *open (const bench_problem *p, bench_record *record)
{
  std::vector<adouble> x (p->n);
  adouble f;
  double y, t0 = bench_seconds (), t1;
  size_t stats[STAT_SIZE];
  start (p, tag, x);
  f = models::value (p, x.data ());
  f >>= y;
  t1 = bench_seconds ();
  trace_off ();
  record->model_seconds = t1 - t0;
  record->other_seconds = bench_seconds () - t1;
  tapestats (tag, stats);
  record->operations = (double) stats[NUM_OPERATIONS];
  if (p->m)
    record_terms (p);
  state *s = new state;
  s->tangents.resize (p->n*BENCH_DIRECTIONS), s->products.resize (p->n*BENCH_DIRECTIONS);
  for (size_t i = 0; i < p->n; i++)
    {
      for (size_t k = 0; k < BENCH_DIRECTIONS; k++)
        s->tangents[i*BENCH_DIRECTIONS + k] = p->v[k*p->n + i];
      s->tangent.push_back (&s->tangents[i*BENCH_DIRECTIONS]), s->product.push_back (&s->products[i*BENCH_DIRECTIONS]);
    }
  s->row.resize (p->m);
  return s;
}

int run (void *state_, const bench_problem *p, bench_task task, double y[])
{
  state *s = static_cast<state *> (state_);
  double *x = const_cast<double *> (p->x), *v = const_cast<double *> (p->v);
  int n = (int) p->n, m = (int) p->m, rc = -1;
  switch (task)
    {
    case BENCH_VALUE: rc = function (tag, 1, n, x, y); break;
    case BENCH_GRADIENT: rc = gradient (tag, n, x, y); break;
    case BENCH_HVP: rc = hess_vec (tag, n, x, v, y); break;
    case BENCH_HVPS:
      if (p->model == BENCH_MIXTURE)                    /* hess_mat does not know fmax */
        {
          rc = 0;
          for (size_t k = 0; k < BENCH_DIRECTIONS && rc >= 0; k++)
            rc = hess_vec (tag, n, x, v + k*p->n, y + k*p->n);
          break;
        }
      rc = hess_mat (tag, n, BENCH_DIRECTIONS, x, s->tangent.data (), s->product.data ());
      for (size_t k = 0; k < BENCH_DIRECTIONS; k++)
        for (size_t i = 0; i < p->n; i++)
          y[k*p->n + i] = s->products[i*BENCH_DIRECTIONS + k];
      break;
    case BENCH_JACOBIAN:
      for (size_t i = 0; i < p->m; i++)
        s->row[i] = y + i*p->n;
      rc = jacobian (terms_tag, m, n, x, s->row.data ());
      break;
    case BENCH_BATCH:
      rc = 0;
      for (size_t k = 0; k < BENCH_POINTS && rc >= 0; k++)
        rc = gradient (tag, n, p->points + k*p->n, y + k*p->n);
      break;
    default: return BENCH_NOT_DONE;
    }
  return rc < 0 ? -1 : 0;
}

void close (void *state_)
{
  removeTape (tag, ADOLC_REMOVE_COMPLETELY);
  removeTape (terms_tag, ADOLC_REMOVE_COMPLETELY);
  delete static_cast<state *> (state_);
}

}

extern "C" const bench_peer bench_adolc;
const bench_peer bench_adolc = { "ADOL-C", open, run, close, NULL };
