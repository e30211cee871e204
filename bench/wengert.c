/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * The peer Wengert: the models as a user would write them, through the public interface only; and the same with wg_set_rolling.
 */
#include "bench.h"

#include <wengert.h>

#include <stdlib.h>

static wg_var rosenbrock (const bench_problem *p, const wg_var x[])
{
  wg_var f = wg_num (0);
  for (size_t i = 0; i + 1 < p->n; i++)
    {
      wg_var a = wg_sub (x[i+1], wg_sqr (x[i])), b = wg_sub (1.0, x[i]);
      f = wg_add (f, wg_add (wg_mul (100.0, wg_sqr (a)), wg_sqr (b)));
    }
  return f;
}

static void rosenbrock_terms (const bench_problem *p, const wg_var x[], wg_var y[])
{
  for (size_t i = 0; i + 1 < p->n; i++)
    {
      y[2*i] = wg_mul (10.0, wg_sub (x[i+1], wg_sqr (x[i])));
      y[2*i+1] = wg_sub (1.0, x[i]);
    }
}

static wg_var logistic_term (const bench_problem *p, size_t i, const wg_var x[])
{
  const double *a = p->A + i*p->cols;
  wg_var z = wg_num (0);
  for (size_t j = 0; j < p->n; j++)
    z = wg_add (z, wg_mul (a[j], x[j]));
  return wg_softplus (wg_mul (-p->label[i], z));
}

static wg_var logistic (const bench_problem *p, const wg_var x[])
{
  wg_var f = wg_num (0), square = wg_num (0);
  for (size_t i = 0; i < p->rows; i++)
    f = wg_add (f, logistic_term (p, i, x));
  for (size_t j = 0; j + 1 < p->n; j++)
    square = wg_add (square, wg_sqr (x[j]));
  return wg_add (wg_div (f, (double) p->rows), wg_mul (0.5*p->lambda, square));
}

static wg_var logsumexp (size_t k, const wg_var t[])
{
  wg_var top = t[0], sum = wg_num (0);
  for (size_t i = 1; i < k; i++)
    top = wg_max (top, t[i]);
  for (size_t i = 0; i < k; i++)
    sum = wg_add (sum, wg_exp (wg_sub (t[i], top)));
  return wg_add (top, wg_log (sum));
}

static wg_var mixture (const bench_problem *p, const wg_var x[])
{
  size_t K = p->k, d = p->cols;
  wg_var D[K*d], sumq[K], t[K], b[d], z[d], f;
  for (size_t k = 0; k < K; k++)
    {
      const wg_var *q = x + bench_factor (p, k);
      sumq[k] = wg_num (0);
      for (size_t i = 0; i < d; i++)
        {
          D[k*d + i] = wg_exp (q[i]);
          sumq[k] = wg_add (sumq[k], q[i]);
        }
    }
  f = wg_mul ((double) p->rows, logsumexp (K, x));
  for (size_t item = 0; item < p->rows; item++)
    {
      for (size_t k = 0; k < K; k++)
        {
          const wg_var *L = x + bench_factor (p, k) + d;
          wg_var square = wg_num (0);
          for (size_t i = 0; i < d; i++)
            {
              b[i] = wg_sub (p->A[item*d + i], x[K + k*d + i]);
              z[i] = wg_mul (D[k*d + i], b[i]);
            }
          for (size_t j = 0; j < d; j++)
            for (size_t i = j + 1; i < d; i++)
              z[i] = wg_add (z[i], wg_mul (*L++, b[j]));
          for (size_t i = 0; i < d; i++)
            square = wg_add (square, wg_sqr (z[i]));
          t[k] = wg_sub (wg_add (x[k], sumq[k]), wg_mul (0.5, square));
        }
      f = wg_sub (f, logsumexp (K, t));
    }
  return f;
}

typedef struct { const bench_problem *p; double seconds; } context;

static void model (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  static wg_var (*const models[BENCH_NMODELS]) (const bench_problem *, const wg_var[]) =
    { [BENCH_ROSENBROCK] = rosenbrock, [BENCH_LOGISTIC] = logistic, [BENCH_MIXTURE] = mixture };
  context *c = ctx;
  double t0 = bench_seconds ();
  (void) n, (void) m;
  y[0] = models[c->p->model] (c->p, x);
  c->seconds = bench_seconds () - t0;
}

static void terms (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  const bench_problem *p = ((context *) ctx)->p;
  (void) n;
  if (p->model == BENCH_ROSENBROCK) rosenbrock_terms (p, x, y);
  else for (size_t i = 0; i < m; i++) y[i] = logistic_term (p, i, x);
}

typedef struct { context c; wg_fun *f, *terms; } state;

static void wengert_close (void *state_)
{
  state *s = state_;
  wg_fun_free (s->f), wg_fun_free (s->terms);
  free (s);
}

static void *wengert_open (const bench_problem *p, bench_record *record)
{
  state *s = calloc (1, sizeof *s);
  wg_fun_info info;
  double t0;
  if (!s)
    return NULL;
  s->c = (context) { p, 0 };
  t0 = bench_seconds ();
  s->f = wg_fun_record (model, &s->c, p->n, 1, p->start);
  record->model_seconds = s->c.seconds;
  record->other_seconds = bench_seconds () - t0 - s->c.seconds;
  if (p->m)
    s->terms = wg_fun_record (terms, &s->c, p->n, p->m, p->start);
  if (!s->f || (p->m && !s->terms) || WG_FAILED (wg_fun_get_info (s->f, &info)))
    return fprintf (stderr, "bench: wengert: %s\n", wg_last_error ()), wengert_close (s), NULL;
  record->operations = (double) info.recorded;
  return s;
}

static int wengert_run (void *state_, const bench_problem *p, bench_task task, double y[])
{
  state *s = state_;
  wg_fun *f = s->f;
  switch (task)
    {
    case BENCH_VALUE: return wg_eval (f, p->x, y);
    case BENCH_GRADIENT: return wg_gradient (f, p->x, NULL, y);
    case BENCH_HVP: return wg_hvp (f, p->x, p->v, NULL, NULL, y);
    case BENCH_HVPS: return wg_hvps (f, p->x, BENCH_DIRECTIONS, p->v, NULL, NULL, y);
    case BENCH_JACOBIAN: return wg_jacobian (s->terms, p->x, NULL, y);
    case BENCH_BATCH: return wg_gradient_batch (f, BENCH_POINTS, p->points, p->n, NULL, 0, NULL, y);
    default: return -1;
    }
}

/* the same with its loops rolled */

static void *rolled_open (const bench_problem *p, bench_record *record)
{
  const int before = wg_set_rolling (1);
  void *s = wengert_open (p, record);
  wg_set_rolling (before);
  return s;
}

const bench_peer bench_wengert_rolled = { "rolled", rolled_open, wengert_run, wengert_close, NULL };
const bench_peer bench_wengert = { "Wengert", wengert_open, wengert_run, wengert_close, NULL };
