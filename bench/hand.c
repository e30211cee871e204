/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * The peer "hand": value, gradient and Hessian-vector product derived on paper and written as plain loops,
 * each computing no more than it is asked for.  Compiled for this very machine: the mark to measure
 * against.  d (q) below is the derivative of q along v.
 */
#include "bench.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Rosenbrock */

static double rosenbrock_value (size_t n, const double x[])
{
  double f = 0;
  for (size_t i = 0; i + 1 < n; i++)
    {
      double a = x[i+1] - x[i]*x[i], b = 1 - x[i];
      f += 100*a*a + b*b;
    }
  return f;
}

static void rosenbrock_gradient (size_t n, const double x[], double g[])
{
  g[0] = 0;
  for (size_t i = 0; i + 1 < n; i++)
    {
      double a = x[i+1] - x[i]*x[i];
      g[i] -= 400*a*x[i] + 2*(1 - x[i]);
      g[i+1] = 200*a;
    }
}

static void rosenbrock_hvp (size_t n, const double x[], const double v[], double hv[])
{
  hv[0] = 0;
  for (size_t i = 0; i + 1 < n; i++)
    {
      double a = x[i+1] - x[i]*x[i], da = v[i+1] - 2*x[i]*v[i];
      hv[i] += 2*v[i] - 400*(da*x[i] + a*v[i]);
      hv[i+1] = 200*da;
    }
}

static void rosenbrock_jacobian (size_t n, const double x[], double J[])
{
  memset (J, 0, 2*(n - 1)*n*sizeof *J);
  for (size_t i = 0; i + 1 < n; i++, J += 2*n)
    J[i] = -20*x[i], J[i+1] = 10, J[n+i] = -1;
}

/* Logistic regression */

static double dot (size_t n, const double a[], const double b[])
{
  double s0 = 0, s1 = 0, s2 = 0, s3 = 0;
  size_t i = 0;
  for (; i + 4 <= n; i += 4)
    s0 += a[i]*b[i], s1 += a[i+1]*b[i+1], s2 += a[i+2]*b[i+2], s3 += a[i+3]*b[i+3];
  for (; i < n; i++)
    s0 += a[i]*b[i];
  return (s0 + s1) + (s2 + s3);
}

static double softplus (double z) { return log1p (exp (-fabs (z))) + (z > 0 ? z : 0); }
static double sigmoid (double z) { return 1/(1 + exp (-z)); }

static double logistic_value (const bench_problem *p, const double x[])
{
  size_t n = p->n;
  double f = 0;
  for (size_t i = 0; i < p->rows; i++)
    f += softplus (-p->label[i]*dot (n, p->A + i*n, x));
  return f/(double) p->rows + 0.5*p->lambda*dot (n - 1, x, x);
}

/* y = lambda x, the bias left out: where the sums over rows start. */
static void logistic_penalty (const bench_problem *p, const double x[], double y[])
{
  for (size_t j = 0; j < p->n; j++)
    y[j] = p->lambda*x[j];
  y[p->n - 1] = 0;
}

static void logistic_gradient (const bench_problem *p, const double x[], double g[])
{
  size_t n = p->n;
  logistic_penalty (p, x, g);
  for (size_t i = 0; i < p->rows; i++)
    {
      const double *a = p->A + i*n;
      double s = p->label[i], c = -s*sigmoid (-s*dot (n, a, x))/(double) p->rows;
      for (size_t j = 0; j < n; j++)
        g[j] += c*a[j];
    }
}

static void logistic_hvp (const bench_problem *p, const double x[], const double v[], double hv[])
{
  size_t n = p->n;
  logistic_penalty (p, v, hv);
  for (size_t i = 0; i < p->rows; i++)
    {
      const double *a = p->A + i*n;
      double h = sigmoid (dot (n, a, x)), c = h*(1 - h)*dot (n, a, v)/(double) p->rows;
      for (size_t j = 0; j < n; j++)
        hv[j] += c*a[j];
    }
}

static void logistic_jacobian (const bench_problem *p, const double x[], double J[])
{
  size_t n = p->n;
  for (size_t i = 0; i < p->rows; i++)
    {
      const double *a = p->A + i*n;
      double s = p->label[i], c = -s*sigmoid (-s*dot (n, a, x));
      for (size_t j = 0; j < n; j++)
        J[i*n + j] = c*a[j];
    }
}

/* Gaussian mixture.  For an item: b = a - mu_k, z = Q_k b, t_k = alpha_k + sum q_k - |z|^2/2, w = softmax (t).
 * The sums over items that the derivatives need are small matrices for each component. */

#if defined __GNUC__ && !defined __clang__
# pragma GCC push_options
# pragma GCC optimize ("no-tree-vectorize")         /* loops of d trips or fewer: vectors cost up to half as much again */
#endif

static double logsumexp (size_t k, const double t[])
{
  double top = t[0], sum = 0;
  for (size_t i = 1; i < k; i++)
    top = t[i] > top ? t[i] : top;
  for (size_t i = 0; i < k; i++)
    sum += exp (t[i] - top);
  return top + log (sum);
}

/* z = (diag (D) + L) b */
static void factor_times (size_t d, const double D[], const double L[], const double b[], double z[])
{
  for (size_t i = 0; i < d; i++)
    z[i] = D[i]*b[i];
  for (size_t j = 0; j < d; j++)
    for (size_t i = j + 1; i < d; i++)
      z[i] += *L++*b[j];
}

/* y -= (diag (D) + L)^T z */
static void factor_transpose_minus (size_t d, const double D[], const double L[], const double z[], double y[])
{
  for (size_t i = 0; i < d; i++)
    y[i] -= D[i]*z[i];
  for (size_t j = 0; j < d; j++)
    for (size_t i = j + 1; i < d; i++)
      y[j] -= *L++*z[i];
}

/* D = exp (q) and sum q for every component */
static void mixture_prepare (const bench_problem *p, const double x[], double D[], double sumq[])
{
  for (size_t k = 0; k < p->k; k++)
    {
      const double *q = x + bench_factor (p, k);
      sumq[k] = 0;
      for (size_t i = 0; i < p->cols; i++)
        D[k*p->cols + i] = exp (q[i]), sumq[k] += q[i];
    }
}

/* b, z [K*d] and t[K] of an item */
static void mixture_item (const bench_problem *p, const double x[], const double D[], const double sumq[],
                          const double a[], double b[], double z[], double t[])
{
  size_t K = p->k, d = p->cols;
  for (size_t k = 0; k < K; k++, b += d, z += d)
    {
      double square = 0;
      for (size_t i = 0; i < d; i++)
        b[i] = a[i] - x[K + k*d + i];
      factor_times (d, D + k*d, x + bench_factor (p, k) + d, b, z);
      for (size_t i = 0; i < d; i++)
        square += z[i]*z[i];
      t[k] = x[k] + sumq[k] - 0.5*square;
    }
}

static double mixture_value (const bench_problem *p, const double x[])
{
  size_t K = p->k, d = p->cols;
  double D[K*d], b[K*d], z[K*d], sumq[K], t[K], f = (double) p->rows*logsumexp (K, x);
  mixture_prepare (p, x, D, sumq);
  for (size_t i = 0; i < p->rows; i++)
    {
      mixture_item (p, x, D, sumq, p->A + i*d, b, z, t);
      f -= logsumexp (K, t);
    }
  return f;
}

static void mixture_gradient (const bench_problem *p, const double x[], double g[])
{
  size_t K = p->k, d = p->cols;
  double D[K*d], b[K*d], z[K*d], sumz[K*d], sumq[K], sumw[K], t[K], lse = logsumexp (K, x);
  mixture_prepare (p, x, D, sumq);
  memset (sumz, 0, sizeof sumz), memset (sumw, 0, sizeof sumw);
  memset (g, 0, p->n*sizeof *g);
  for (size_t item = 0; item < p->rows; item++)
    {
      double top;
      mixture_item (p, x, D, sumq, p->A + item*d, b, z, t);
      top = logsumexp (K, t);
      for (size_t k = 0; k < K; k++)
        {
          double w = exp (t[k] - top), *gq = g + bench_factor (p, k), *gL = gq + d;
          sumw[k] += w;
          for (size_t i = 0; i < d; i++)                /* z becomes w z */
            {
              z[k*d + i] *= w;
              sumz[k*d + i] += z[k*d + i];
              gq[i] += z[k*d + i]*b[k*d + i];
            }
          for (size_t j = 0; j < d; j++)
            for (size_t i = j + 1; i < d; i++)
              *gL++ += z[k*d + i]*b[k*d + j];
        }
    }
  for (size_t k = 0; k < K; k++)
    {
      double *gq = g + bench_factor (p, k);
      g[k] = (double) p->rows*exp (x[k] - lse) - sumw[k];
      for (size_t j = 0; j < d; j++)
        gq[j] = gq[j]*D[k*d + j] - sumw[k];
      factor_transpose_minus (d, D + k*d, x + bench_factor (p, k) + d, sumz + k*d, g + K + k*d);
    }
}

/* The same along v.  d (b) = -v's mu is the same for all items; d (z) = d (Q) b + Q d (b). */
static void mixture_hvp (const bench_problem *p, const double x[], const double v[], double hv[])
{
  size_t K = p->k, d = p->cols;
  double D[K*d], b[K*d], z[K*d], sumq[K], t[K], w[K], sumz[K*d], sumzb[K*d];
  double dD[K*d], db[K*d], Qdb[K*d], dz[K*d], dsumq[K], dt[K], dsumw[K], dsumz[K*d], mean = 0, lse = logsumexp (K, x);
  mixture_prepare (p, x, D, sumq);
  memset (sumz, 0, sizeof sumz), memset (sumzb, 0, sizeof sumzb);
  memset (dsumw, 0, sizeof dsumw), memset (dsumz, 0, sizeof dsumz);
  memset (hv, 0, p->n*sizeof *hv);
  for (size_t k = 0; k < K; k++)
    {
      dsumq[k] = 0;
      for (size_t i = 0; i < d; i++)
        {
          double dq = v[bench_factor (p, k) + i];
          dD[k*d + i] = D[k*d + i]*dq, dsumq[k] += dq, db[k*d + i] = -v[K + k*d + i];
        }
      factor_times (d, D + k*d, x + bench_factor (p, k) + d, db + k*d, Qdb + k*d);
    }
  for (size_t item = 0; item < p->rows; item++)
    {
      double top, dtop = 0;
      mixture_item (p, x, D, sumq, p->A + item*d, b, z, t);
      top = logsumexp (K, t);
      for (size_t k = 0; k < K; k++)
        {
          factor_times (d, dD + k*d, v + bench_factor (p, k) + d, b + k*d, dz + k*d);
          dt[k] = v[k] + dsumq[k];
          for (size_t i = 0; i < d; i++)
            dz[k*d + i] += Qdb[k*d + i], dt[k] -= z[k*d + i]*dz[k*d + i];
          w[k] = exp (t[k] - top);
          dtop += w[k]*dt[k];
        }
      for (size_t k = 0; k < K; k++)
        {
          double dw = w[k]*(dt[k] - dtop), *hq = hv + bench_factor (p, k), *hL = hq + d;
          dsumw[k] += dw;
          for (size_t i = 0; i < d; i++)                /* z, dz become w z and its derivative */
            {
              dz[k*d + i] = dw*z[k*d + i] + w[k]*dz[k*d + i], z[k*d + i] *= w[k];
              sumz[k*d + i] += z[k*d + i], dsumz[k*d + i] += dz[k*d + i];
              sumzb[k*d + i] += z[k*d + i]*b[k*d + i], hq[i] += dz[k*d + i]*b[k*d + i];
            }
          for (size_t j = 0; j < d; j++)
            for (size_t i = j + 1; i < d; i++)
              *hL++ += dz[k*d + i]*b[k*d + j];
        }
    }
  for (size_t k = 0; k < K; k++)
    mean += exp (x[k] - lse)*v[k];
  for (size_t k = 0; k < K; k++)
    {
      const double *L = x + bench_factor (p, k) + d, *dL = v + bench_factor (p, k) + d;
      double *hq = hv + bench_factor (p, k), *hL = hq + d, *hmu = hv + K + k*d;
      hv[k] = (double) p->rows*exp (x[k] - lse)*(v[k] - mean) - dsumw[k];
      for (size_t j = 0; j < d; j++)
        {
          hq[j] = (hq[j] + sumz[k*d + j]*db[k*d + j])*D[k*d + j] + sumzb[k*d + j]*dD[k*d + j] - dsumw[k];
          for (size_t i = j + 1; i < d; i++)
            *hL++ += sumz[k*d + i]*db[k*d + j];
        }
      factor_transpose_minus (d, D + k*d, L, dsumz + k*d, hmu);
      factor_transpose_minus (d, dD + k*d, dL, sumz + k*d, hmu);
    }
}

#if defined __GNUC__ && !defined __clang__
# pragma GCC pop_options
#endif

static void *hand_open (const bench_problem *p, bench_record *record)
{
  memset (record, 0, sizeof *record);
  return (void *) p;
}

static void hand_close (void *state) { (void) state; }

static void hvp (const bench_problem *p, const double v[], double y[])
{
  if (p->model == BENCH_ROSENBROCK) rosenbrock_hvp (p->n, p->x, v, y);
  else if (p->model == BENCH_LOGISTIC) logistic_hvp (p, p->x, v, y);
  else mixture_hvp (p, p->x, v, y);
}

static int hand_run (void *state, const bench_problem *p, bench_task task, double y[])
{
  (void) state;
  if (task == BENCH_HVP) return hvp (p, p->v, y), 0;
  if (task == BENCH_HVPS)
    {
      for (size_t k = 0; k < BENCH_DIRECTIONS; k++) hvp (p, p->v + k*p->n, y + k*p->n);
      return 0;
    }
  for (size_t k = 0; k < BENCH_POINTS && task == BENCH_BATCH; k++)
    if (p->model == BENCH_ROSENBROCK) rosenbrock_gradient (p->n, p->points + k*p->n, y + k*p->n);
    else logistic_gradient (p, p->points + k*p->n, y + k*p->n);
  if (task == BENCH_BATCH) return 0;
  switch ((int) p->model*BENCH_NTASKS + (int) task)
    {
#define CASE(model, task) case model*BENCH_NTASKS + task
    CASE (BENCH_ROSENBROCK, BENCH_VALUE): y[0] = rosenbrock_value (p->n, p->x); break;
    CASE (BENCH_ROSENBROCK, BENCH_GRADIENT): rosenbrock_gradient (p->n, p->x, y); break;
    CASE (BENCH_ROSENBROCK, BENCH_JACOBIAN): rosenbrock_jacobian (p->n, p->x, y); break;
    CASE (BENCH_LOGISTIC, BENCH_VALUE): y[0] = logistic_value (p, p->x); break;
    CASE (BENCH_LOGISTIC, BENCH_GRADIENT): logistic_gradient (p, p->x, y); break;
    CASE (BENCH_LOGISTIC, BENCH_JACOBIAN): logistic_jacobian (p, p->x, y); break;
    CASE (BENCH_MIXTURE, BENCH_VALUE): y[0] = mixture_value (p, p->x); break;
    CASE (BENCH_MIXTURE, BENCH_GRADIENT): mixture_gradient (p, p->x, y); break;
    default: return -1;
#undef CASE
    }
  return 0;
}

const bench_peer bench_hand = { "hand", hand_open, hand_run, hand_close, NULL };
