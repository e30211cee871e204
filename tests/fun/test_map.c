/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Maps.  Laws: a map is the loop over calls of its body that it stands for.  With polynomials of small integers all sums and
 * products are exact, so that lanes, single items and the written-out loop agree to the last bit, for all drivers and for
 * functions derived from both; with elementary functions they agree within a derived bound.  Then bindings, runs
 * that repeat, and refusals.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "agree.h"
#include "runner.h"

enum { MOST = 70, SHARED = 2, INPUTS = 4, PARAMS = 2, OUTPUTS = 2 };

static double data[MOST*PARAMS];
static int pick[MOST];

/* x: two shared, one of a window, one gathered; parameters: a row of data. */
static void polynomial (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  wg_var p[PARAMS], z;
  (void) n, (void) m, (void) ctx;
  wg_params (x[0], 0, PARAMS, data, p);
  z = wg_add (wg_mul (x[0], p[0]), wg_mul (wg_sqr (x[2]), x[1]));
  if (wg_lt (x[3], 0.0)) z = wg_mul (z, x[3]);
  else if (wg_lt (x[2], 1.0)) z = wg_sub (z, wg_mul (p[1], x[3]));
  y[0] = wg_add (z, wg_select (wg_is_lt (x[2], x[3]), wg_sqr (x[3]), x[2]));
  y[1] = wg_mul (wg_max (x[1], x[3]), wg_add (x[2], p[1]));
}

/* Nested: the inner body sees two of x, and what the outer body shares. */
static void inner (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  wg_var p[1];
  (void) n, (void) m, (void) ctx;
  wg_params (x[0], 0, 1, data, p);
  y[0] = wg_mul (wg_add (x[0], p[0]), x[1]);
  if (wg_lt (x[1], 0.0)) y[0] = wg_sub (y[0], wg_sqr (x[0]));
}

/* Running sums of products of what items share and what is their own, in all arrangements. */
static void chains (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  static const int pairs[][2] = { { 0, 2 }, { 0, 3 }, { 2, 0 }, { 3, 1 }, { 2, 3 }, { 3, 3 }, { 0, 1 }, { 1, 1 }, { 4, 2 }, { 2, 4 },
                                  { 4, 0 }, { 1, 5 }, { 4, 5 } };
  wg_var all[INPUTS + PARAMS], z;
  (void) n, (void) m, (void) ctx;
  for (int i = 0; i < INPUTS; i++) all[i] = x[i];
  wg_params (x[0], 0, PARAMS, data, all + INPUTS);
  z = wg_mul (x[2], x[1]);
  for (size_t i = 0; i < sizeof pairs/sizeof *pairs; i++) z = wg_add (z, wg_mul (all[pairs[i][0]], all[pairs[i][1]]));
  y[0] = z;
  z = x[0];
  for (size_t i = sizeof pairs/sizeof *pairs; i--; ) z = wg_add (z, wg_mul (all[pairs[i][0]], all[pairs[i][1]]));
  y[1] = wg_sub (z, wg_sqr (x[3]));
}

typedef struct { const wg_fun *in; int plain, sum; } nested_context;

static void nested (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  const nested_context *c = ctx;
  static const int other[3] = { 2, 0, 2 };
  static const double rows[3] = { 1, -2, 3 };
  wg_var p[PARAMS], t[3];
  (void) n, (void) m;
  wg_params (x[0], 0, PARAMS, data, p);
  if (!c->plain)
    {
      const wg_arg args[] = { { .var = x, .width = 1, .stride = 1, .index = other }, { .var = x + 3, .width = 1 },
                              { .data = rows, .width = 1, .stride = 1 } };
      if (c->sum) wg_map_sum (c->in, 3, 3, args, t);
      else wg_map (c->in, 3, 3, args, t);
    }
  else
    for (int k = 0; k < 3; k++) wg_call (c->in, (wg_var[]){ x[other[k]], x[3] }, (wg_var[]){ wg_num (rows[k]) }, &t[k]);
  y[0] = wg_mul (x[1], c->sum && !c->plain ? t[0] : wg_add (t[0], wg_add (t[1], t[2])));
  y[1] = wg_add (wg_mul (c->sum ? y[0] : t[1], p[0]), wg_mul (p[1], x[0]));
}

static void smooth (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  wg_var p[PARAMS], z;
  (void) n, (void) m, (void) ctx;
  wg_params (x[0], 0, PARAMS, data, p);
  z = wg_add (wg_tanh (wg_mul (x[0], p[0])), wg_exp (wg_sin (wg_mul (x[2], x[1]))));
  if (wg_lt (x[3], 0.0)) z = wg_mul (z, wg_cos (x[3]));
  else z = wg_add (z, wg_log1p (wg_mul (wg_sqr (x[2]), x[3])));
  y[0] = wg_add (z, wg_softplus (wg_sub (x[2], p[1])));
  y[1] = wg_hypot (wg_erf (x[1]), wg_atan (wg_add (x[3], wg_pow (wg_add (2.0, wg_abs (x[2])), 1.5))));
}

/* A loop over items, as a map or written out. */
typedef struct { const wg_fun *body; size_t items; int sum, plain, vary; } loop;

static void loop_model (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  const loop *c = ctx;
  const wg_var row[PARAMS] = { x[0], x[1] };
  (void) n;
  if (!c->plain)
    {
      const wg_arg args[] = { { .var = x, .width = SHARED }, { .var = x + SHARED, .width = 1, .stride = 1 },
                              { .var = x + SHARED, .width = 1, .stride = 1, .index = pick },
                              c->vary ? (wg_arg){ .var = row, .width = PARAMS }
                                      : (wg_arg){ .data = data, .width = PARAMS, .stride = PARAMS, .slot = 7 } };
      (c->sum ? wg_map_sum : wg_map) (c->body, c->items, 4, args, y);
      return;
    }
  for (size_t i = 0; i < m && c->sum; i++) y[i] = wg_num (0);
  for (size_t k = 0; k < c->items; k++)
    {
      const wg_var in[INPUTS] = { x[0], x[1], x[SHARED + k], x[SHARED + pick[k]] };
      wg_var p[PARAMS] = { row[0], row[1] }, out[OUTPUTS];
      for (int i = 0; i < PARAMS && !c->vary; i++) p[i] = wg_num (data[PARAMS*k + (size_t) i]);
      wg_call (c->body, in, p, out);
      for (size_t i = 0; i < OUTPUTS; i++)
        if (c->sum) y[i] = wg_add (y[i], out[i]);
        else y[OUTPUTS*k + i] = out[i];
    }
}

static void fill (size_t items)
{
  for (size_t i = 0; i < MOST*PARAMS; i++) data[i] = (double) (i*i % 5) - 2;
  for (size_t i = 0; i < items; i++) pick[i] = (int) (7*i % items);
}

static wg_fun *body_of (wg_model *model, const void *ctx)
{
  const double x0[INPUTS] = { 1, 2, -1, 3 };
  return agree_record (model, ctx, INPUTS, OUTPUTS, x0);
}

static const char *const kernels[] = { "none", "baseline", "avx2", "avx512" };

START_TEST (a_map_is_its_loop)
{
  static const size_t few[] = { 1, 3, 10 };
  const int model = _i/12, sum = _i%2, vary = _i/2%2, count = _i/4%3;
  const size_t items = few[count];
  double x[AGREE_MOST];
  nested_context in = { NULL, 0, model == 2 }, plain = { NULL, 1, model == 2 };
  fill (items);
  in.in = plain.in = agree_record (inner, NULL, 2, 1, (double[]){ 1, 2 });
  wg_model *const single = model == 3 ? chains : polynomial;
  wg_fun *body = model % 3 ? body_of (nested, &in) : body_of (single, NULL);
  wg_fun *same = model % 3 ? body_of (nested, &plain) : body_of (single, NULL);
  loop map = { body, items, sum, 0, vary }, written = { same, items, sum, 1, vary };
  const size_t n = SHARED + items, m = sum ? OUTPUTS : OUTPUTS*items;
  for (size_t i = 0; i < AGREE_MOST; i++) x[i] = (double) (i*i % 7) - 3;
  wg_fun *f = agree_record (loop_model, &map, n, m, x), *g = agree_record (loop_model, &written, n, m, x);
  for (size_t k = 0; k < sizeof kernels/sizeof *kernels; k++)
    {
      if (wg_fun_set_lanes (f, kernels[k])) continue;       /* not on this processor */
      agree_drivers (f, g, x);
      agree_drivers (f, g, x);                              /* again: the reverse sweep may now be done ahead */
      x[SHARED] = -x[SHARED];
      agree_drivers (f, g, x);
    }
  agree (f, g, x, count == 0 ? 2 : 1);
  wg_fun_free (f), wg_fun_free (g), wg_fun_free (body), wg_fun_free (same), wg_fun_free ((wg_fun *) in.in);
}
END_TEST

/* Elementary functions of lanes are within 4 ulp of libm's, these bodies amplify an error less than a hundredfold, and sums
 * of 70 items add as many roundings: 1e-12 of the larger number, and of 1, is more than all of that. */
static void close_to (const char *what, size_t count, const double a[], const double b[])
{
  for (size_t i = 0; i < count; i++)
    ck_assert_msg (fabs (a[i] - b[i]) <= 1e-12*(1 + fabs (b[i])), "%s: entry %zu is %.17g, written out %.17g", what, i, a[i], b[i]);
}

START_TEST (elementary_functions_agree)
{
  static const size_t many[] = { 15, 16, 17, 40, 70 };
  const size_t items = many[_i%5];
  const int sum = _i/5;
  double x[SHARED + MOST], v[SHARED + MOST], u[OUTPUTS*MOST], y[2][OUTPUTS*MOST], j[2][OUTPUTS*MOST], g[2][SHARED + MOST],
         h[2][SHARED + MOST];
  fill (items);
  for (size_t i = 0; i < MOST*PARAMS; i++) data[i] = cos ((double) i*.37);
  wg_fun *body = body_of (smooth, NULL);
  loop map = { body, items, sum, 0, 0 }, written = { body, items, sum, 1, 0 };
  const size_t n = SHARED + items, m = sum ? OUTPUTS : OUTPUTS*items;
  for (size_t i = 0; i < n; i++) x[i] = sin (1.7*(double) i), v[i] = cos (2.3*(double) i);
  for (size_t i = 0; i < m; i++) u[i] = i % 5 == 4 ? 0 : sin (1.1*(double) i) + .3;
  wg_fun *f[2] = { agree_record (loop_model, &map, n, m, x), agree_record (loop_model, &written, n, m, x) };
  for (size_t k = 0; k < sizeof kernels/sizeof *kernels; k++)
    {
      if (wg_fun_set_lanes (f[0], kernels[k])) continue;
      for (int again = 0; again < 3; again++, x[3] = -x[3])
        {
          for (int s = 0; s < 2; s++) ck_assert (!wg_jvp (f[s], x, v, y[s], j[s]) && !wg_vjp (f[s], x, u, y[s], g[s]));
          close_to ("value", m, y[0], y[1]), close_to ("jvp", m, j[0], j[1]), close_to ("vjp", n, g[0], g[1]);
          for (int s = 0; s < 2; s++) ck_assert (!wg_hvp_weighted (f[s], x, u, v, y[s], g[s], h[s]));
          close_to ("gradient", n, g[0], g[1]), close_to ("hvp", n, h[0], h[1]);
          for (int s = 0; s < 2; s++) ck_assert (!wg_fvv (f[s], x, v, y[s], j[s], y[s]));
          close_to ("fvv", m, y[0], y[1]);
        }
    }
  wg_fun_free (f[0]), wg_fun_free (f[1]), wg_fun_free (body);
}
END_TEST

START_TEST (runs_repeat)
{
  enum { ITEMS = 67 };
  double x[SHARED + ITEMS], v[SHARED + ITEMS], y[2], g[SHARED + ITEMS], first[SHARED + ITEMS], h[SHARED + ITEMS], second[SHARED + ITEMS];
  fill (ITEMS);
  for (size_t i = 0; i < SHARED + ITEMS; i++) x[i] = sin (1.7*(double) i), v[i] = cos ((double) i);
  wg_fun *body = body_of (smooth, NULL);
  loop map = { body, ITEMS, 1, 0, 0 };
  wg_fun *f = agree_record (loop_model, &map, SHARED + ITEMS, OUTPUTS, x);
  const double u[OUTPUTS] = { 1, -.5 }, other[OUTPUTS] = { .25, 3 };
  ck_assert (!wg_vjp (f, x, u, y, first) && !wg_hvp_weighted (f, x, u, v, y, g, second));
  ck_assert_mem_eq (g, first, sizeof g);
  for (int i = 0; i < 4; i++)
    {
      ck_assert (!wg_vjp (f, x, i == 2 ? other : u, y, g));            /* ahead with the seeds before, which change once */
      if (i != 2) ck_assert_mem_eq (g, first, sizeof g);
      ck_assert (!wg_hvp_weighted (f, i % 2 ? NULL : x, u, v, y, g, h));
      ck_assert_mem_eq (g, first, sizeof g);
      ck_assert_mem_eq (h, second, sizeof h);
    }
  wg_fun *clone = wg_fun_clone (f);
  ck_assert (clone && !wg_vjp (clone, x, u, y, g));
  ck_assert_mem_eq (g, first, sizeof g);
  wg_fun_free (clone), wg_fun_free (f), wg_fun_free (body);
}
END_TEST

/* A body in a body, with branches on what differs from item to item: whichever trace was last, the same bits. */

static void bent (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  y[0] = wg_lt (x[0], x[1]) ? wg_tan (wg_mul (x[0], x[1])) : wg_exp (wg_sin (wg_sub (x[0], x[1])));
}

static void around (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  wg_var t[2];
  (void) n, (void) m;
  wg_map (ctx, 2, 2, (wg_arg[]){ { .var = x, .width = 1, .stride = 1 }, { .var = x + 2, .width = 1 } }, t);
  y[0] = wg_add (wg_mul (t[0], wg_cos (t[1])), wg_log1p (wg_sqr (t[0])));
}

static void all_around (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) m;
  wg_map_sum (ctx, n - 2, 1, (wg_arg[]){ { .var = x, .width = 3, .stride = 1 } }, y);
}

START_TEST (branches_repeat)
{
  enum { N = 59 };
  double x[2][N], v[N], y[2], g[2][N], h[2][N], first_y[2], first_g[2][N], first_h[2][N];
  for (size_t i = 0; i < N; i++) x[0][i] = sin (1.7*(double) (i*i)), x[1][i] = cos (2.9*(double) (i*i)), v[i] = cos ((double) i);
  wg_fun *in = agree_record (bent, NULL, 2, 1, (double[]){ 0, 1 }), *body = agree_record (around, in, 3, 1, x[0]);
  wg_fun *f = agree_record (all_around, body, N, 1, x[0]);
  for (int round = 0; round < 4; round++)
    for (int s = 0; s < 2; s++)
      {
        double other[N];                                     /* all items on one branch: the trace at hand next */
        for (size_t i = 0; i < N; i++) other[i] = round % 2 ? (double) i : -(double) i;
        ck_assert (!wg_eval (f, other, y));
        ck_assert (!wg_hvp (f, x[s], v, &y[s], g[s], h[s]));
        if (!round) first_y[s] = y[s], memcpy (first_g[s], g[s], sizeof g[s]), memcpy (first_h[s], h[s], sizeof h[s]);
        ck_assert_mem_eq (&y[s], &first_y[s], sizeof y[s]);
        ck_assert_mem_eq (g[s], first_g[s], sizeof g[s]);
        ck_assert_mem_eq (h[s], first_h[s], sizeof h[s]);
        ck_assert (!wg_gradient (f, x[s], &y[s], g[s]));
        ck_assert_mem_eq (g[s], first_g[s], sizeof g[s]);
      }
  wg_fun_free (f), wg_fun_free (body), wg_fun_free (in);
}
END_TEST

/* What a body does not use stays at rest: no 0 times the infinite slope of a root at 0. */

static void first_alone (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  y[0] = wg_sqr (x[0]);
}

static size_t stride;

static void roots (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  const wg_var root[2] = { wg_sqrt (x[0]), wg_sqrt (x[1]) };
  const wg_arg args[2] = { { .var = x, .width = 1, .stride = 1 }, { .var = root, .width = 1, .stride = stride } };
  (void) n, (void) m;
  wg_map_sum (ctx, 2, 2, args, y);
}

START_TEST (a_map_wakes_nothing)
{
  const double x[2] = { 0, 0 }, v[2] = { 1, 1 };
  double y, g[2], h[2];
  wg_fun *body = agree_record (first_alone, NULL, 2, 1, x);
  for (stride = 0; stride < 2; stride++)
    {
      wg_fun *f = agree_record (roots, body, 2, 1, x);
      for (size_t k = 0; k < sizeof kernels/sizeof *kernels; k++)
        {
          if (wg_fun_set_lanes (f, kernels[k])) continue;
          ck_assert_int_eq (wg_gradient (f, x, &y, g), WG_OK);
          ck_assert_int_eq (wg_hvp (f, x, v, &y, g, h), WG_OK);
          ck_assert (g[0] == 0 && g[1] == 0 && h[0] == 2 && h[1] == 2);
        }
      wg_fun_free (f);
    }
  wg_fun_free (body);
}
END_TEST

/* Other lanes count at once, at the same point, through a call too. */

static void far_away (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m;
  wg_call (ctx, x, NULL, y);
}

START_TEST (lanes_come_and_go)
{
  enum { ITEMS = 67 };
  double x[SHARED + ITEMS], other[SHARED + ITEMS], first[OUTPUTS], y[OUTPUTS];
  fill (ITEMS);
  for (size_t i = 0; i < SHARED + ITEMS; i++) x[i] = sin (1.7*(double) i), other[i] = cos ((double) i);
  wg_fun *body = body_of (smooth, NULL);
  loop map = { body, ITEMS, 1, 0, 0 };
  wg_fun *f = agree_record (loop_model, &map, SHARED + ITEMS, OUTPUTS, x), *g = agree_record (far_away, f, SHARED + ITEMS, OUTPUTS, x);
  for (size_t k = 0; k < sizeof kernels/sizeof *kernels; k++)
    {
      if (wg_fun_set_lanes (g, kernels[k])) continue;
      ck_assert (!wg_eval (g, x, first) && !wg_eval (g, other, y) && !wg_eval (g, x, y));
      ck_assert_mem_eq (y, first, sizeof y);
    }
  wg_fun_free (f), wg_fun_free (g), wg_fun_free (body);
}
END_TEST

/* A sum over data alone is no literal: other rows may be bound to it, and numbers may change where they are. */

static void product (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  y[0] = wg_mul (x[0], x[1]);
}

static void scaled_sum (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m;
  wg_map_sum (ctx, 3, 1, (wg_arg[]){ { .data = data, .width = 2, .stride = 2, .slot = 1 } }, y);
  y[0] = wg_mul (y[0], x[0]);
}

START_TEST (sums_of_data_alone)
{
  static const double rows[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
  const double x = 2, v[2] = { 1, 1 };
  double y, g, hv[2];
  memcpy (data, (double[]){ 1, 1, 2, 2, 3, 3 }, 6*sizeof *data);
  wg_fun *body = agree_record (product, NULL, 2, 1, v), *f = agree_record (scaled_sum, body, 1, 1, &x);
  wg_fun *before = wg_fun_gradient (f);
  ck_assert (before && !wg_eval (f, &x, &y) && y == 28);
  data[0] = 11;
  ck_assert (!wg_gradient (f, &x, &y, &g) && y == 48 && g == 24);
  ck_assert (!wg_eval (before, &x, &g) && g == 24);
  ck_assert_int_eq (wg_fun_bind (f, 1, 4, rows, NULL), WG_OK);
  ck_assert (!wg_hvp (f, &x, v, &y, &g, hv) && y == 200 && g == 100 && hv[0] == 0);
  wg_fun *after = wg_fun_gradient (f);
  ck_assert (after && !wg_jvp (after, &x, v, &g, hv) && g == 100 && hv[0] == 0);
  wg_fun_free (f), wg_fun_free (body), wg_fun_free (before), wg_fun_free (after);
}
END_TEST

/* Rows of data bound to a sum: the same as a sum recorded with them. */

static void shared_body (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  wg_var p[PARAMS];
  (void) n, (void) m, (void) ctx;
  wg_params (x[0], 0, PARAMS, data, p);
  y[0] = wg_mul (wg_add (x[0], p[0]), wg_add (wg_mul (x[1], p[1]), wg_sqr (x[0])));
}

typedef struct { const wg_fun *body; const double *rows; const int *index; size_t items; int called; const wg_fun *inner; } bound;

static void bound_model (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  const bound *c = ctx;
  (void) n, (void) m;
  if (c->called) wg_call (c->inner, x, NULL, y);
  else wg_map_sum (c->body, c->items, 2, (wg_arg[]){ { .var = x, .width = 2 },
                                                     { .slot = 3, .data = c->rows, .width = PARAMS, .stride = PARAMS, .index = c->index } }, y);
  if (wg_lt (y[0], 0.0)) y[0] = wg_mul (2.0, y[0]);          /* a branch on the sum: recording again must see what is bound */
}

START_TEST (rows_are_bound)
{
  static const double rows[8] = { 1, -2, 3, 4, -5, 6, 7, -8 };
  static const int index[3] = { 3, 0, 3 };
  const double at[2][2] = { { 2, 3 }, { -3, 5 } };
  fill (1);
  wg_fun *body = agree_record (shared_body, NULL, 2, 1, at[0]);
  bound here = { body, data, NULL, 20, 0, NULL }, there = { body, rows, index, 3, 0, NULL },
        outer[2] = { { .called = 1 }, { .called = 1 } };
  wg_fun *f = agree_record (bound_model, &here, 2, 1, at[0]), *g = agree_record (bound_model, &there, 2, 1, at[0]);
  if (_i)
    {
      outer[0].inner = f, outer[1].inner = g;
      f = agree_record (bound_model, &outer[0], 2, 1, at[0]), g = agree_record (bound_model, &outer[1], 2, 1, at[0]);
    }
  ck_assert_msg (wg_fun_bind (f, 3, 3, rows, index) == WG_OK, "%s", wg_last_error ());
  wg_fun *clone = wg_fun_clone (f);
  for (int i = 0; i < 2; i++) agree_drivers (f, g, at[i]), agree_drivers (clone, g, at[i]);
  ck_assert_int_eq (wg_fun_bind (f, 4, 3, rows, index), WG_EINVAL);
  ck_assert_int_eq (wg_fun_bind (f, 0, 3, rows, index), WG_EINVAL);
  ck_assert_int_eq (wg_fun_bind (f, 3, 3, NULL, index), WG_EINVAL);
  ck_assert_int_eq (wg_fun_bind (NULL, 3, 3, rows, index), WG_EINVAL);
  for (int i = 0; i < 2; i++) agree_drivers (f, g, at[i]);
  wg_fun_free (clone), wg_fun_free (f), wg_fun_free (g), wg_fun_free (body);
  wg_fun_free ((wg_fun *) outer[0].inner), wg_fun_free ((wg_fun *) outer[1].inner);
}
END_TEST

/* Derivatives as functions: made of a bound function, or bound themselves, also where the branch is not that of the recording. */
START_TEST (derivatives_are_bound)
{
  static wg_fun *(*const derive[]) (const wg_fun *) = { wg_fun_gradient, wg_fun_jvp, wg_fun_vjp, wg_fun_hvp, wg_fun_jacobian };
  static const double rows[8] = { 1, -2, 3, 4, -5, 6, 7, -8 };
  const double at[2][4] = { { 2, 3, 1, 2 }, { -3, 5, 2, -1 } };
  fill (1);
  wg_fun *body = agree_record (shared_body, NULL, 2, 1, at[0]);
  bound here = { body, data, NULL, 20, 0, NULL }, there = { body, rows, NULL, 4, 0, NULL }, outer[2] = { { .called = 1 }, { .called = 1 } };
  wg_fun *f = agree_record (bound_model, &here, 2, 1, at[0]), *g = agree_record (bound_model, &there, 2, 1, at[0]);
  if (_i % 2)
    {
      outer[0].inner = f, outer[1].inner = g;
      f = agree_record (bound_model, &outer[0], 2, 1, at[0]), g = agree_record (bound_model, &outer[1], 2, 1, at[0]);
    }
  wg_fun *before = derive[_i/2] (f), *expected = derive[_i/2] (g), *unbound = wg_fun_clone (before), *plain = derive[_i/2] (f);
  ck_assert_int_eq (wg_fun_bind (f, 3, 4, rows, NULL), WG_OK);
  ck_assert_int_eq (wg_fun_bind (before, 3, 4, rows, NULL), WG_OK);
  wg_fun *after = derive[_i/2] (f), *clone = wg_fun_clone (after);
  for (int i = 0; i < 2; i++)
    {
      agree_drivers (after, expected, at[i]);
      agree_drivers (before, expected, at[i]);
      agree_drivers (unbound, plain, at[i]);         /* clones made before have the rows of the recording */
      agree_drivers (clone, expected, at[i]);
    }
  double *gone = malloc (sizeof data);               /* nobody reads the rows of the recording any more: for valgrind */
  memcpy (gone, data, sizeof data);
  wg_fun *h = agree_record (bound_model, &(bound){ body, gone, NULL, 20, 0, NULL }, 2, 1, at[0]);
  ck_assert_int_eq (wg_fun_bind (h, 3, 4, rows, NULL), WG_OK);
  free (gone);
  wg_fun *of_h = derive[_i/2] (h);
  if (_i % 2 == 0) agree_drivers (of_h, expected, at[0]);
  wg_fun_free (of_h), wg_fun_free (h);
  ck_assert_int_eq (wg_fun_bind (after, 3, 20, data, NULL), WG_OK);
  for (int i = 0; i < 2; i++) agree_drivers (after, plain, at[i]), agree_drivers (clone, expected, at[i]);
  wg_fun_free (after), wg_fun_free (clone), wg_fun_free (before), wg_fun_free (expected), wg_fun_free (unbound), wg_fun_free (plain);
  wg_fun_free (f), wg_fun_free (g), wg_fun_free (body);
  wg_fun_free ((wg_fun *) outer[0].inner), wg_fun_free ((wg_fun *) outer[1].inner);
}
END_TEST

START_TEST (counts_that_may_not_change)
{
  double x[AGREE_MOST] = { 1, 2, 3, 4, 5, 6 };
  fill (4);
  wg_fun *body = body_of (polynomial, NULL);
  for (int sum = 0; sum < 2; sum++)
    {
      loop map = { body, 4, sum, 0, 0 };
      wg_fun *f = agree_record (loop_model, &map, SHARED + 4, sum ? OUTPUTS : 4*OUTPUTS, x);
      double y[4*OUTPUTS];
      ck_assert_int_eq (wg_fun_bind (f, 7, 5, data, NULL), WG_ESHAPE);      /* outputs, or windows of x, are four */
      ck_assert_int_eq (wg_fun_bind (f, 7, 4, data + PARAMS, NULL), WG_OK);
      ck_assert_int_eq (wg_eval (f, x, y), WG_OK);
      wg_fun_free (f);
    }
  wg_fun_free (body);
}
END_TEST

/* refusals */

typedef struct { const wg_fun *body; size_t nargs; wg_arg arg[3]; } bad;

static void bad_model (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  bad *c = ctx;
  (void) n;
  for (size_t i = 0; i < c->nargs; i++) if (!c->arg[i].data && c->arg[i].width) c->arg[i].var = x;
  wg_map_sum (c->body, 3, c->nargs, c->nargs ? c->arg : NULL, y);
  for (size_t i = 0; i < m; i++) if (c->body) (void) y[i].value;
}

START_TEST (refusals)
{
  static const int negative[3] = { 0, -1, 2 };
  const double x[2] = { 1, 2 };
  fill (3);
  wg_fun *body = agree_record (shared_body, NULL, 2, 1, x);
  bad cases[] = {
    { NULL, 1, { { .width = 2 } } },                                              /* no body */
    { body, 0, { { .width = 0 } } },                                              /* nothing fills the inputs */
    { body, 1, { { .width = 1 } } },                                              /* too few */
    { body, 2, { { .width = 2 }, { .data = data, .width = 1 } } },                /* between n and n + np */
    { body, 1, { { .width = 2, .slot = 1 } } },                                   /* a slot for variables */
    { body, 2, { { .width = 2 }, { .data = data, .width = 0 } } },
    { body, 2, { { .width = 2 }, { .data = data, .width = 2, .stride = 2, .index = negative } } },
    { body, 1, { { .width = 2, .stride = SIZE_MAX/2, .index = (int[]){ 0, 2, 1 } } } },
  };
  ck_assert (wg_fun_record (bad_model, &cases[_i], 2, 1, x) == NULL);
  ck_assert_msg (wg_fun_status (NULL) == WG_EMODEL || wg_fun_status (NULL) == WG_EINVAL || wg_fun_status (NULL) == WG_EUNSET,
                 "%d: %s", wg_fun_status (NULL), wg_last_error ());
  ck_assert (strstr (wg_last_error (), "wg_map_sum") || wg_fun_status (NULL) == WG_EUNSET);
  wg_fun_free (body);
}
END_TEST

int main (void)
{
  Suite *s = suite_create ("map");
  TCase *laws = tcase_create ("laws"), *rest = tcase_create ("bindings and refusals");
  tcase_set_timeout (laws, 300);
  tcase_add_loop_test (laws, a_map_is_its_loop, 0, 48);
  tcase_add_loop_test (laws, elementary_functions_agree, 0, 10);
  tcase_add_test (laws, runs_repeat);
  tcase_add_test (laws, branches_repeat);
  tcase_add_test (laws, a_map_wakes_nothing);
  tcase_add_test (laws, lanes_come_and_go);
  tcase_add_test (rest, sums_of_data_alone);
  tcase_add_loop_test (rest, rows_are_bound, 0, 2);
  tcase_add_loop_test (rest, derivatives_are_bound, 0, 10);
  tcase_add_test (rest, counts_that_may_not_change);
  tcase_add_loop_test (rest, refusals, 0, 8);
  suite_add_tcase (s, laws), suite_add_tcase (s, rest);
  return run_suite (s);
}
