/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Functions whose list begins with a map and goes on linearly: there a driver that goes to a point and back knows the map's seeds before its
 * values, and does both sweeps in one.  The law: the same bits as when the reverse sweep comes by itself, at the last point.  Others, which look
 * much like them, do too.
 */
#include <math.h>
#include <string.h>

#include "agree.h"
#include "runner.h"

enum { N = 12*35, OUTPUTS = 5, POINTS = 4 };

/* What becomes of the sum z, or the results z[k]. */
enum { SUM, CONSTANT, MEAN, FLIPPED, PARAMETER, SQUARE, ADDED, CURVED, TWICE, INPUTS, BACKWARDS, MANY, MANY_SUMS, MANY_CURVED, SHARED, PARTS, KINDS };

static void body_model (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  y[0] = wg_mul (wg_sin (wg_mul (x[0], x[1])), wg_exp (x[2]));
}

typedef struct { const wg_fun *body; int kind; } context;

static void model (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  const context *c = ctx;
  wg_var w[N], z[N];
  const int kind = c->kind, many = kind == MANY || kind == MANY_SUMS || kind == MANY_CURVED;
  wg_arg args[3] = { { .var = w, .width = 3, .stride = 1 } };
  size_t nargs = 1, items = N - 2;
  for (size_t i = 0; i < N; i++) w[i] = x[kind == BACKWARDS ? n - 1 - i : i];
  if (kind == SHARED) args[0].width = 2, args[1] = (wg_arg){ .var = w + 7, .width = 1 }, nargs = 2, items = N - 1;
  if (kind == PARTS)
    for (size_t i = 0; i < nargs + 2; i++) args[i] = (wg_arg){ .var = w + N/3*i, .width = 1, .stride = 1 };
  if (kind == PARTS) nargs = 3, items = N/3;
  if (many) wg_map (c->body, items, nargs, args, z);
  else wg_map_sum (c->body, items, nargs, args, z);
  for (size_t i = 0; i < m; i++) y[i] = z[many ? 7*i : 0];
  switch (kind)
    {
    case CONSTANT: y[0] = wg_add (3.5, z[0]); break;
    case MEAN: y[0] = wg_div (z[0], (double) items); break;
    case FLIPPED: y[0] = wg_neg (wg_add (wg_mul (2.5, z[0]), 1.0)); break;
    case PARAMETER: y[0] = wg_mul (wg_param (x[0], 0, 1.7), z[0]); break;
    case SQUARE: y[0] = wg_mul (z[0], z[0]); break;
    case ADDED: for (size_t i = 0; i < 50; i++) y[0] = wg_add (y[0], x[2*i]); break;
    case CURVED: y[0] = wg_sin (z[0]); break;
    case TWICE: y[1] = wg_add (z[0], z[0]), y[2] = wg_div (1.0, z[0]); break;
    case INPUTS: for (size_t i = 1; i < m; i++) y[i] = x[20*i]; break;
    case MANY_SUMS: for (size_t i = 0; i < items; i++) y[i % m] = wg_add (y[i % m], i % 3 ? z[i] : wg_mul (.5, z[i])); break;
    case MANY_CURVED: y[1] = wg_mul (z[1], z[2]); break;
    }
}

static void same_bits (const char *what, size_t count, const double a[], const double b[])
{
  for (size_t i = 0; i < count; i++)
    ck_assert_msg (!memcmp (&a[i], &b[i], sizeof *a), "%s: entry %zu is %.17g and %.17g", what, i, a[i], b[i]);
}

static wg_fun *record (int kind, const double x[])
{
  const double at[3] = { .3, .2, .1 };
  wg_fun *body = agree_record (body_model, NULL, 3, 1, at);
  wg_fun *f = agree_record (model, &(context){ body, kind }, N, kind == SUM ? 1 : OUTPUTS, x);
  wg_fun_free (body);
  return f;
}

static void fill (double x[], double v[], double u[], int point)
{
  for (size_t i = 0; i < N; i++) x[i] = sin (2.1*(double) i + point), v[i] = cos ((double) i*point);
  for (size_t i = 0; i < OUTPUTS; i++) u[i] = point == 2 ? 0 : point == 3 ? (double) (i == 3) : 1 + .37*(double) i*point;
}

START_TEST (both_ways_at_once)
{
  static const char *const lanes[] = { "none", "baseline", NULL };
  double x[N], v[N], u[OUTPUTS], y[2][OUTPUTS], g[2][N], h[2][N];
  fill (x, v, u, 0);
  wg_fun *f = record (_i, x), *apart = wg_fun_clone (f);
  const size_t m = wg_fun_m (f);
  for (size_t kind = 0; kind < sizeof lanes/sizeof *lanes; kind++)
    for (int point = 0; point < POINTS*2; point++)
      {
        fill (x, v, u, point % POINTS);
        ck_assert (!wg_fun_set_lanes (f, lanes[kind]) && !wg_fun_set_lanes (apart, lanes[kind]));
        ck_assert (!wg_fun_set_threads (f, 1 + point % 3));
        ck_assert (wg_eval (apart, x, y[1]) == WG_OK && wg_vjp (apart, NULL, u, NULL, g[1]) == WG_OK);
        ck_assert_msg (wg_vjp (f, x, u, y[0], g[0]) == WG_OK, "%s", wg_last_error ());
        same_bits ("values", m, y[0], y[1]), same_bits ("vjp", N, g[0], g[1]);
        ck_assert (wg_eval (apart, x, y[1]) == WG_OK && wg_hvp_weighted (apart, NULL, u, v, NULL, g[1], h[1]) == WG_OK);
        ck_assert (wg_hvp_weighted (f, x, u, v, y[0], g[0], point & 1 ? NULL : h[0]) == WG_OK);
        same_bits ("values along", m, y[0], y[1]), same_bits ("gradient", N, g[0], g[1]);
        if (!(point & 1)) same_bits ("hvp", N, h[0], h[1]);
      }
  wg_fun_free (f), wg_fun_free (apart);
}
END_TEST

/* Directions one after the other, and the gradient behind them. */
START_TEST (directions)
{
  enum { K = 3 };
  double x[N], v[K*N], u[OUTPUTS], y[2], g[2][N], h[2][K*N];
  for (int k = 0; k < K; k++) fill (x, v + k*N, u, k);
  wg_fun *f = record (SUM, x), *apart = wg_fun_clone (f);
  for (int round = 0; round < 2; round++)
    {
      ck_assert (wg_hvps (f, x, K, v, y, g[0], h[0]) == WG_OK && wg_eval (apart, x, y + 1) == WG_OK);
      for (int k = 0; k < K; k++) ck_assert (wg_hvp (apart, NULL, v + k*N, NULL, g[1], h[1] + k*N) == WG_OK);
      same_bits ("value", 1, y, y + 1), same_bits ("gradient", N, g[0], g[1]), same_bits ("products", K*N, h[0], h[1]);
    }
  wg_fun_free (f), wg_fun_free (apart);
}
END_TEST

/* Of the outputs that are seen, one that is not finite is told; the next point is as ever. */
START_TEST (not_finite)
{
  double x[N], v[N], u[OUTPUTS], y[OUTPUTS], g[3][N];
  fill (x, v, u, 1);
  wg_fun *f = record (SUM, x);
  ck_assert (wg_gradient (f, x, y, g[0]) == WG_OK);
  x[40] = INFINITY;
  ck_assert_int_eq (wg_gradient (f, x, NULL, g[1]), WG_NONFINITE);
  ck_assert (strstr (wg_last_error (), "output[38] is") && !isfinite (g[1][40]) && isfinite (g[1][37]));
  ck_assert_int_eq (wg_hvp (f, x, v, NULL, NULL, g[1]), WG_NONFINITE);
  ck_assert_int_eq (wg_hvp (f, x, v, NULL, g[1], NULL), WG_NONFINITE);
  fill (x, v, u, 1);
  ck_assert (wg_gradient (f, x, y, g[2]) == WG_OK);
  same_bits ("after it", N, g[0], g[2]);
  wg_fun_free (f);
}
END_TEST

/* An error on the way back */

static int fails;

static int sine (size_t n, const double x[], size_t m, double y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  y[0] = sin (x[0]);
  return 0;
}

static int sine_back (size_t n, const double x[], size_t m, const double u[], double uj[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  uj[0] = u[0]*cos (x[0]);
  return fails && x[0] > .9;
}

static const wg_rules sine_rules = { .name = "sine", .eval = sine, .vjp = sine_back };

static void custom_body (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  wg_call_custom (&sine_rules, NULL, 1, x, 1, y);
  y[0] = wg_mul (y[0], wg_mul (x[1], x[2]));
}

START_TEST (errors)
{
  const double at[3] = { .3, .2, .1 };
  double x[N], v[N], u[OUTPUTS], y[OUTPUTS] = { 4, 5 }, g[3][N];
  fill (x, v, u, 1);
  wg_fun *body = agree_record (custom_body, NULL, 3, 1, at), *f = agree_record (model, &(context){ body, _i }, N, 1, x);
  ck_assert (!wg_fun_set_threads (f, 2));
  fails = 0;
  ck_assert (wg_gradient (f, x, NULL, g[0]) == WG_OK);
  memcpy (g[2], g[0], sizeof g[0]);
  fails = 1;
  ck_assert (wg_gradient (f, x, y, g[2]) < 0);
  same_bits ("untouched", N, g[0], g[2]);
  ck_assert (y[0] == 4);
  fails = 0;
  ck_assert (wg_gradient (f, x, NULL, g[1]) == WG_OK);
  same_bits ("after an error", N, g[0], g[1]);
  ck_assert (wg_eval (f, x, y) == WG_OK && wg_gradient (f, NULL, NULL, g[1]) == WG_OK);
  same_bits ("apart", N, g[0], g[1]);
  ck_assert (!wg_fun_invalidate (f) && wg_gradient (f, x, NULL, g[1]) == WG_OK);
  same_bits ("recorded again", N, g[0], g[1]);
  wg_fun_free (f), wg_fun_free (body);
}
END_TEST

/* Inside another function nobody has put its seeds. */
static void caller (size_t n, const wg_var x[], size_t m, wg_var y[], void *inner)
{
  (void) n, (void) m;
  wg_call (inner, x, NULL, y);
}

START_TEST (called)
{
  double x[N], v[N], u[OUTPUTS], g[2][N];
  fill (x, v, u, 1);
  wg_fun *inner = record (SUM, x), *f = agree_record (caller, inner, N, 1, x);
  for (int round = 0; round < 3; round++)
    {
      ck_assert (wg_gradient (inner, x, NULL, g[0]) == WG_OK && wg_gradient (f, x, NULL, g[1]) == WG_OK);
      same_bits ("called", N, g[0], g[1]);
      ck_assert (wg_hvp (inner, x, v, NULL, NULL, g[0]) == WG_OK && wg_hvp (f, x, v, NULL, NULL, g[1]) == WG_OK);
      same_bits ("called, hvp", N, g[0], g[1]);
    }
  wg_fun_free (f), wg_fun_free (inner);
}
END_TEST

int main (void)
{
  Suite *s = suite_create ("seeded");
  TCase *tc = tcase_create ("both sweeps at once");
  tcase_set_timeout (tc, 120);
  tcase_add_loop_test (tc, both_ways_at_once, 0, KINDS);
  tcase_add_test (tc, directions);
  tcase_add_test (tc, not_finite);
  tcase_add_loop_test (tc, errors, SUM, FLIPPED + 1);
  tcase_add_test (tc, called);
  suite_add_tcase (s, tc);
  return run_suite (s);
}
