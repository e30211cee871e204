/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * The peer "Wengert, map": the same models with their loop over items as wg_map_sum, data being parameters of the item's body.
 */
#include "bench.h"

#include <wengert.h>

#include <stdlib.h>

typedef struct { const bench_problem *p; wg_fun *component, *item, *f; } state;

/* items; each reads its row of data as parameters */

static void rosenbrock_item (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  wg_var a = wg_sub (x[1], wg_sqr (x[0])), b = wg_sub (1.0, x[0]);
  (void) n, (void) m, (void) ctx;
  y[0] = wg_add (wg_mul (100.0, wg_sqr (a)), wg_sqr (b));
}

static void logistic_item (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  const bench_problem *p = ((state *) ctx)->p;
  wg_var z = wg_num (0);
  (void) m;
  for (size_t j = 0; j < n; j++) z = wg_add (z, wg_mul (wg_param (x[0], j, p->A[j]), x[j]));
  y[0] = wg_softplus (wg_neg (wg_mul (wg_param (x[0], n, p->label[0]), z)));
}

static wg_var logsumexp (size_t k, const wg_var t[])
{
  wg_var top = t[0], sum = wg_num (0);
  for (size_t i = 1; i < k; i++) top = wg_max (top, t[i]);
  for (size_t i = 0; i < k; i++) sum = wg_add (sum, wg_exp (wg_sub (t[i], top)));
  return wg_add (top, wg_log (sum));
}

/* x: alpha + sum of q, mu[d], D[d] = exp (q), L[d (d - 1)/2] by rows, the item a[d] */
static void mixture_component (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  const bench_problem *p = ((state *) ctx)->p;
  const size_t d = p->cols;
  const wg_var *mu = x + 1, *D = mu + d, *L = D + d, *a = L + d*(d - 1)/2;
  wg_var b[d], square = wg_num (0);
  (void) n, (void) m;
  for (size_t i = 0; i < d; i++)
    {
      b[i] = wg_sub (a[i], mu[i]);
      wg_var z = wg_mul (D[i], b[i]);
      for (size_t j = 0; j < i; j++) z = wg_add (z, wg_mul (*L++, b[j]));
      square = wg_add (square, wg_sqr (z));
    }
  y[0] = wg_sub (x[0], wg_mul (0.5, square));
}

/* x: alpha[K] + sums of q, mu[K*d], D[K*d] = exp (q), L[K*d (d - 1)/2] by rows */
static void mixture_item (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  const state *s = ctx;
  const size_t K = s->p->k, d = s->p->cols, lower = d*(d - 1)/2;
  wg_var a[d], t[K];
  (void) n, (void) m;
  wg_params (x[0], 0, d, s->p->A, a);
  wg_map (s->component, K, 5, (wg_arg[]){ { .var = x, .width = 1, .stride = 1 },
                                          { .var = x + K, .width = d, .stride = d },
                                          { .var = x + K + K*d, .width = d, .stride = d },
                                          { .var = x + K + 2*K*d, .width = lower, .stride = lower },
                                          { .var = a, .width = d } }, t);
  y[0] = wg_neg (logsumexp (K, t));
}

/* sums */

static wg_var rosenbrock (const state *s, const wg_var x[])
{
  wg_var y;
  wg_map_sum (s->item, s->p->n - 1, 1, (wg_arg[]){ { .var = x, .width = 2, .stride = 1 } }, &y);
  return y;
}

static wg_var logistic (const state *s, const wg_var x[])
{
  const bench_problem *p = s->p;
  wg_var f, square = wg_num (0);
  wg_map_sum (s->item, p->rows, 3, (wg_arg[]){ { .var = x, .width = p->n }, { .data = p->A, .width = p->n, .stride = p->n },
                                               { .data = p->label, .width = 1, .stride = 1 } }, &f);
  for (size_t j = 0; j + 1 < p->n; j++) square = wg_add (square, wg_sqr (x[j]));
  return wg_add (wg_div (f, (double) p->rows), wg_mul (0.5*p->lambda, square));
}

static size_t mixture_inputs (const bench_problem *p) { return p->k*(1 + 2*p->cols + p->cols*(p->cols - 1)/2); }

static wg_var mixture (const state *s, const wg_var x[])
{
  const bench_problem *p = s->p;
  const size_t K = p->k, d = p->cols, lower = d*(d - 1)/2;
  wg_var *in = malloc (mixture_inputs (p)*sizeof *in), f = wg_num (0);
  if (!in) return wg_raise (x[0], "out of memory"), f;
  for (size_t k = 0; k < K; k++)
    {
      const wg_var *q = x + bench_factor (p, k);
      in[k] = x[k];
      for (size_t i = 0; i < d; i++)
        {
          in[k] = wg_add (in[k], q[i]);
          in[K + k*d + i] = x[K + k*d + i];
          in[K + K*d + k*d + i] = wg_exp (q[i]);
        }
      for (size_t i = 0, to = K + 2*K*d + k*lower; i < d; i++)
        for (size_t j = 0; j < i; j++) in[to++] = q[d + j*d - j*(j + 1)/2 + i - j - 1];
    }
  wg_map_sum (s->item, p->rows, 2, (wg_arg[]){ { .var = in, .width = mixture_inputs (p) },
                                               { .data = p->A, .width = d, .stride = d } }, &f);
  free (in);
  return wg_add (f, wg_mul ((double) p->rows, logsumexp (K, x)));
}

static void model (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  static wg_var (*const models[BENCH_NMODELS]) (const state *, const wg_var[]) =
    { [BENCH_ROSENBROCK] = rosenbrock, [BENCH_LOGISTIC] = logistic, [BENCH_MIXTURE] = mixture };
  const state *s = ctx;
  (void) n, (void) m;
  y[0] = models[s->p->model] (s, x);
}

static void map_close (void *state_)
{
  state *s = state_;
  wg_fun_free (s->f), wg_fun_free (s->item), wg_fun_free (s->component);
  free (s);
}

static void *map_open (const bench_problem *p, bench_record *record)
{
  static wg_model *const items[BENCH_NMODELS] =
    { [BENCH_ROSENBROCK] = rosenbrock_item, [BENCH_LOGISTIC] = logistic_item, [BENCH_MIXTURE] = mixture_item };
  const size_t n = p->model == BENCH_ROSENBROCK ? 2 : p->model == BENCH_LOGISTIC ? p->n : mixture_inputs (p);
  state *s = calloc (1, sizeof *s);
  double *x0 = calloc (n + p->cols, sizeof *x0), t0 = bench_seconds ();
  if (s) s->p = p;
  if (s && x0 && p->model == BENCH_MIXTURE)
    s->component = wg_fun_record (mixture_component, s, mixture_inputs (p)/p->k + p->cols, 1, x0);
  if (s && x0 && (s->component || p->model != BENCH_MIXTURE)) s->item = wg_fun_record (items[p->model], s, n, 1, x0);
  if (s && s->item) s->f = wg_fun_record (model, s, p->n, 1, p->start);
  record->other_seconds = bench_seconds () - t0;
  free (x0);
  if (s && s->f) return s;
  fprintf (stderr, "bench: maps: %s\n", wg_last_error ());
  if (s) map_close (s);
  return NULL;
}

static int map_run (void *state_, const bench_problem *p, bench_task task, double y[])
{
  wg_fun *f = ((state *) state_)->f;
  switch (task)
    {
    case BENCH_VALUE: return wg_eval (f, p->x, y);
    case BENCH_GRADIENT: return wg_gradient (f, p->x, NULL, y);
    case BENCH_HVP: return wg_hvp (f, p->x, p->v, NULL, NULL, y);
    case BENCH_HVPS: return wg_hvps (f, p->x, BENCH_DIRECTIONS, p->v, NULL, NULL, y);
    default: return BENCH_NOT_DONE;
    }
}

const bench_peer bench_wengert_map = { "Wengert, map", map_open, map_run, map_close, NULL };
