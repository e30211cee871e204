/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * What the tests of maps on threads share: bodies whose items share, see of their own, collide in or branch on; the loop over
 * them; all that a function gives at a point; and the law that a number of threads changes no bit of it.
 */
#ifndef WENGERT_TESTS_FUN_MAP_THREADS_H
#define WENGERT_TESTS_FUN_MAP_THREADS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "agree.h"

enum { SHARED = 3, ROW = 2, PARAMS = 3, OUTPUTS = 2, ITEMS = 4500, MOST_ITEMS = 70000 };

static double *data;               /* MOST_ITEMS x PARAMS */
static int *pick;                  /* MOST_ITEMS: many items have the same */

static inline void fill (void)
{
  data = malloc (MOST_ITEMS*PARAMS*sizeof *data), pick = malloc (MOST_ITEMS*sizeof *pick);
  ck_assert (data && pick);
  for (size_t i = 0; i < MOST_ITEMS*PARAMS; i++) data[i] = cos ((double) (i*i)*.37);
  for (size_t i = 0; i < MOST_ITEMS; i++) pick[i] = (int) (i*i*7 % 41);
}

static inline void empty (void)
{
  free (data), free (pick);
}

/* bodies: what is shared, two of a window, one that is gathered; a row of data as parameters */

typedef struct { atomic_int elsewhere, runs; pthread_t home; const wg_fun *in; int branching; double scale; } witness;

/* Models run at home. */
static inline void seen (witness *w)
{
  atomic_fetch_add (&w->runs, 1);
  if (!pthread_equal (w->home, pthread_self ())) atomic_fetch_add (&w->elsewhere, 1);
}

static inline void smooth (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  witness *w = ctx;
  wg_var p[PARAMS], z, s;
  (void) n, (void) m;
  seen (w);
  wg_params (x[0], 0, PARAMS, data, p);
  z = wg_add (wg_tanh (wg_mul (x[0], p[0])), wg_exp (wg_sin (wg_mul (x[3], x[1]))));
  s = wg_add (x[4], wg_mul (w->scale, p[1]));
  if (!w->branching) z = wg_mul (z, wg_cos (s));
  else
    for (int i = 0; i < 4; i++)           /* many courses, most of them rare */
      z = wg_lt (s, .45*(double) i - .9) ? wg_add (z, wg_mul (s, wg_atan (z))) : wg_mul (z, wg_cos (wg_add (x[5], (double) i)));
  for (int i = 0; i < 30; i++) z = wg_add (wg_mul (z, .75), wg_mul (p[i % 3], s));      /* worth waking threads */
  y[0] = wg_add (z, wg_softplus (wg_sub (x[5], p[2])));
  y[1] = wg_hypot (wg_erf (x[2]), wg_atan (wg_add (x[5], wg_pow (wg_add (2.0, wg_abs (x[3])), 1.5))));
}

/* A step that runs over the row, with states to keep. */
static inline void step (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  y[0] = wg_add (wg_sin (x[0]), wg_mul (.3, x[1]));
}

static inline void scanning (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m;
  wg_params (x[0], 0, PARAMS, data, (wg_var[PARAMS]){ { 0, 0, 0 } });
  wg_scan (((witness *) ctx)->in, 6, 1, x + 4, 1, (wg_arg[]){ { .var = x, .width = 1, .stride = 1 } }, y, NULL);
  y[1] = wg_mul (y[0], x[3]);
}

/* The transpose of a callback that is a sine. */
static inline int sine_vjp (size_t n, const double x[], size_t m, const double u[], double uj[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  uj[0] = cos (x[0])*u[0];
  return 0;
}

/* the loop, its sum or its rows, among other operations */

typedef struct { const wg_fun *body; size_t items; int sum; } loop;

static inline void loop_model (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  const loop *c = ctx;
  const wg_arg args[] = { { .var = x, .width = SHARED }, { .var = x + SHARED, .width = ROW, .stride = 1 },
                          { .var = x + 1, .width = 1, .stride = 1, .index = pick },
                          { .data = data, .width = PARAMS, .stride = PARAMS, .slot = 7 } };
  (void) n;
  if (c->sum)
    {
      wg_var t[OUTPUTS];
      wg_map_sum (c->body, c->items, 4, args, t);
      y[0] = wg_mul (t[0], wg_log1p (wg_sqr (t[1])));
      if (m > 1) y[1] = wg_mul (t[1], x[0]);
    }
  else wg_map (c->body, c->items, 4, args, y);
}

static inline size_t inputs (size_t items) { return SHARED + items + 1; }

static inline double *point (size_t n, double phase)
{
  double *x = malloc (n*sizeof *x);
  ck_assert (x != NULL);
  for (size_t i = 0; i < n; i++) x[i] = sin (1.7*(double) i + phase);
  return x;
}

/* everything that a function gives at a point */

typedef struct { size_t count; double *v; } numbers;

static inline double *more (numbers *a, size_t count)
{
  a->v = realloc (a->v, (a->count + count)*sizeof *a->v);
  ck_assert (a->v != NULL);
  a->count += count;
  for (size_t i = a->count - count; i < a->count; i++) a->v[i] = 7;
  return a->v + a->count - count;
}

#define FINE(call) ck_assert_msg ((call) == WG_OK, "%s: %s", #call, wg_last_error ())

static inline numbers all_of (wg_fun *f, const double x[])
{
  const size_t n = wg_fun_n (f), m = wg_fun_m (f);
  double *v = point (n*3, .25), *u = point (m, .75), *y, *g;
  numbers a = { 0, NULL };
  y = more (&a, m + n), FINE (wg_vjp (f, x, u, y, y + m));
  y = more (&a, m), FINE (wg_eval (f, x, y));
  y = more (&a, m + n), FINE (wg_vjp (f, x, u, y, y + m));
  y = more (&a, m + m), FINE (wg_jvp (f, x, v, y, y + m));
  y = more (&a, m + n + n), FINE (wg_hvp_weighted (f, x, u, v, y, y + m, y + m + n));
  if (m == 1) y = more (&a, 1 + n + 3*n), FINE (wg_hvps (f, x, 3, v, y, y + 1, y + 1 + n));
  g = more (&a, n), FINE (wg_vjp (f, x, u, NULL, g));
  free (v), free (u);
  return a;
}

static inline void same (const char *what, const numbers *a, const numbers *b)
{
  ck_assert_uint_eq (a->count, b->count);
  for (size_t i = 0; i < a->count; i++)
    ck_assert_msg (memcmp (&a->v[i], &b->v[i], sizeof *a->v) == 0, "%s: number %zu of %zu is %.17g, on one thread %.17g",
                   what, i, a->count, a->v[i], b->v[i]);
}

static inline wg_fun *threaded (wg_model *body, witness *w, loop *c, int threads, wg_fun **own)
{
  const size_t n = inputs (c->items);
  double *x = point (n, 0);
  w->home = pthread_self ();
  *own = agree_record (body, w, SHARED + ROW + 1, OUTPUTS, (double[]){ .1, .2, .3, .4, .5, .6 });
  c->body = *own;
  wg_fun *f = agree_record (loop_model, c, n, c->sum ? (size_t) c->sum : c->items*OUTPUTS, x);
  FINE (wg_fun_set_threads (f, threads));
  free (x);
  return f;
}

static const int crews[] = { 1, 2, 3, 8 };       /* the first is what the others are compared with */

static inline TCase *group (Suite *s, const char *name)
{
  TCase *t = tcase_create (name);
  tcase_add_unchecked_fixture (t, fill, empty);
  tcase_set_timeout (t, 300);
  suite_add_tcase (s, t);
  return t;
}

#endif
