/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * The models for peers that overload C++ operators, over any of their numbers T, as their users would write them.  A
 * peer declares before it includes this what it calls the larger of two numbers:
 *   T larger (const T &, const T &)
 */
#ifndef BENCH_MODELS_HPP
#define BENCH_MODELS_HPP

#include "bench.h"

#include <cmath>
#include <vector>

namespace models {

using std::exp;
using std::log;

template <class T> T rosenbrock (const bench_problem *p, const T x[])
{
  T f = 0;
  for (size_t i = 0; i + 1 < p->n; i++)
    {
      T a = x[i+1] - x[i]*x[i], b = 1.0 - x[i];
      f += 100.0*a*a + b*b;
    }
  return f;
}

/* log (1 + exp (z)) as it stands is the shortest; the benchmark's z are far from overflow. */
template <class T> T logistic_term (const bench_problem *p, size_t i, const T x[])
{
  const double *a = p->A + i*p->cols;
  T z = 0;
  for (size_t j = 0; j < p->n; j++)
    z += x[j]*a[j];
  T scaled = -p->label[i]*z;
  return log (1.0 + exp (scaled));
}

template <class T> T logistic (const bench_problem *p, const T x[])
{
  T f = 0, square = 0;
  for (size_t i = 0; i < p->rows; i++)
    f += logistic_term (p, i, x);
  for (size_t j = 0; j + 1 < p->n; j++)
    square += x[j]*x[j];
  return f/(double) p->rows + 0.5*p->lambda*square;
}

template <class T> T logsumexp (size_t k, const T t[])
{
  T top = t[0], sum = 0;
  for (size_t i = 1; i < k; i++)
    top = larger (top, t[i]);
  for (size_t i = 0; i < k; i++)
    {
      T below = t[i] - top;
      sum += exp (below);
    }
  return top + log (sum);
}

template <class T> T mixture (const bench_problem *p, const T x[])
{
  size_t K = p->k, d = p->cols;
  std::vector<T> D (K*d), sumq (K), t (K), b (d), z (d);
  for (size_t k = 0; k < K; k++)
    {
      sumq[k] = 0;
      for (size_t i = 0; i < d; i++)
        {
          D[k*d + i] = exp (x[bench_factor (p, k) + i]);
          sumq[k] += x[bench_factor (p, k) + i];
        }
    }
  T f = (double) p->rows*logsumexp (K, x);
  for (size_t item = 0; item < p->rows; item++)
    {
      for (size_t k = 0; k < K; k++)
        {
          const T *L = x + bench_factor (p, k) + d;
          T square = 0;
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

template <class T> T value (const bench_problem *p, const T x[])
{
  return p->model == BENCH_ROSENBROCK ? rosenbrock (p, x) : p->model == BENCH_LOGISTIC ? logistic (p, x) : mixture (p, x);
}

/* The terms of the Jacobian task, into y[p->m]. */
template <class T> void terms (const bench_problem *p, const T x[], T y[])
{
  if (p->model == BENCH_ROSENBROCK)
    for (size_t i = 0; i + 1 < p->n; i++)
      {
        y[2*i] = 10.0*(x[i+1] - x[i]*x[i]);
        y[2*i+1] = 1.0 - x[i];
      }
  if (p->model == BENCH_LOGISTIC)
    for (size_t i = 0; i < p->rows; i++)
      y[i] = logistic_term (p, i, x);
}

}
#endif
