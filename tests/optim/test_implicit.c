/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Implicit functions beside their closed forms, written out: by every driver, and by every driver of their derivatives as
 * functions, to third order and beyond; argmin; in models, in each other; where there is no root, or no simple one; what does
 * not depend on the past; invalidation; differences; refusals.
 */
#include <check.h>
#include <math.h>
#include <string.h>

#include <wengert.h>

#include "runner.h"

#define MODEL(name) static void name (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
#define UNUSED (void) n, (void) m, (void) ctx

enum { MOST = 64 };

static wg_fun *record (wg_model *model, void *ctx, size_t n, size_t m, const double x[])
{
  wg_fun *f = wg_fun_record (model, ctx, n, m, x);
  ck_assert_msg (f != NULL, "%s", wg_last_error ());
  return f;
}

static wg_fun *root_of (wg_fun *F, const double start[])
{
  const wg_root_options options = { .start = start };
  wg_fun *x = F ? wg_fun_root (F, &options) : NULL;
  ck_assert_msg (x != NULL, "%s", wg_last_error ());
  wg_fun_free (F);                               /* is not needed any more */
  return x;
}

/* ---------------------------------------------------------------- beside a closed form */

/* Every number here is a sum of a few terms near 1, and the condition of F_x is below 20.  A root is exact to a few ulp times
 * that, each order multiplies rounding by about as much: 1e-12 holds to the fifth with room, an error in a rule is not below 1e-3. */
static const double tolerance = 1e-12;

static void near (const char *what, size_t count, const double a[], const double b[])
{
  for (size_t i = 0; i < count; i++)
    ck_assert_msg (fabs (a[i] - b[i]) <= tolerance*fmax (1, fabs (b[i])), "%s: entry %zu is %.17g, not %.17g", what, i, a[i], b[i]);
}

/* One driver of each kind of sweep: outputs at o, how many. */
static size_t drive (wg_fun *f, int driver, const double x[], double o[])
{
  double v[MOST], u[MOST], V[3*MOST];
  const size_t n = wg_fun_n (f), m = wg_fun_m (f);
  int rc = WG_OK;
  size_t count = m + n;
  for (size_t i = 0; i < n; i++) v[i] = 1 + .25*(double) i;
  for (size_t i = 0; i < 3*n; i++) V[i] = cos ((double) i);
  for (size_t i = 0; i < m; i++) u[i] = 1 - .5*(double) (i % 3);
  switch (driver)
    {
    case 0: rc = wg_eval (f, x, o), count = m; break;
    case 1: rc = wg_jvp (f, x, v, o, o + m), count = 2*m; break;
    case 2: rc = wg_vjp (f, x, u, o, o + m); break;
    case 3: rc = wg_hvp_weighted (f, x, u, v, o, o + m, o + m + n), count = m + 2*n; break;
    case 4: rc = wg_fvv (f, x, v, o, o + m, o + 2*m), count = 3*m; break;
    case 5: rc = wg_gnvp (f, x, v, o, o + m); break;
    case 6: rc = wg_jacobian (f, x, o, o + m), count = m + m*n; break;
    case 7: if (m > 1) return 0; rc = wg_hessian (f, x, o, o + 1, o + 1 + n), count = 1 + n + n*n; break;
    default: if (m > 1) return 0; rc = wg_hvps (f, x, 3, V, o, o + 1, o + 1 + n), count = 1 + 4*n;
    }
  ck_assert_msg (rc == WG_OK, "driver %d: %s", driver, wg_last_error ());
  return count;
}

static wg_fun *derivative (const wg_fun *f, int kind)
{
  wg_fun *(*const by[]) (const wg_fun *) = { wg_fun_jvp, wg_fun_vjp, wg_fun_jacobian, wg_fun_gradient, wg_fun_hvp };
  if (kind > 2 && wg_fun_m (f) > 1) return NULL;
  wg_fun *g = by[kind] (f);
  ck_assert_msg (g != NULL, "derivative %d: %s", kind, wg_last_error ());
  return g;
}

/* f is g at x[n + 60] by every driver, and so are their derivatives to a depth, where more numbers of x are the directions. */
static void same (wg_fun *f, wg_fun *g, const double x[], int depth)
{
  static double a[MOST*MOST], b[MOST*MOST];
  for (int driver = 0; driver < 9; driver++)
    {
      char what[40];
      const size_t count = drive (f, driver, x, a);
      drive (g, driver, x, b);
      snprintf (what, sizeof what, "driver %d, depth %d", driver, depth);
      near (what, count, a, b);
    }
  for (int kind = 0; kind < 5 && depth; kind++)
    {
      wg_fun *df = derivative (f, kind), *dg = derivative (g, kind);
      if (df) same (df, dg, x, depth - 1);
      wg_fun_free (df), wg_fun_free (dg);
    }
}

static const double at[MOST] = { 1.385, 2.25, .8, 1.1, .6, 1.3, -.7, .9, 1.2, -.4, .5, 1.4, .3, -1.1, .7, 1, -.2, .6, .9, 1.5, -.8 };
static const double beside[MOST] = { 2.1, 1.3, 1.7, .7, -.5, 1, 1.2, -.6, .3, .8, 1.1, -1.3, .4, .9, .2, -.7, 1.6, .5, 1, .8, 1.2 };

static void both (wg_fun *f, wg_fun *g, int depth)
{
  wg_fun *clone = wg_fun_clone (f);
  same (f, g, at, depth), same (f, g, beside, 1), same (clone, g, at, 0), same (f, g, at, 0);
  wg_fun_free (f), wg_fun_free (g), wg_fun_free (clone);
}

/* x^2 = p */
MODEL (square) { UNUSED; y[0] = wg_sub (wg_sqr (x[0]), wg_param (x[0], 0, 2)); }
MODEL (closed_sqrt) { UNUSED; y[0] = wg_sqrt (x[0]); }

/* A (p) x = b (p) */
MODEL (system2)
{
  UNUSED;
  wg_var p[3];
  wg_params (x[0], 0, 3, beside, p);
  y[0] = wg_sub (wg_add (wg_mul (wg_add (3, p[0]), x[0]), wg_mul (p[1], x[1])), wg_mul (p[2], p[0]));
  y[1] = wg_sub (wg_add (wg_mul (-.5, x[0]), wg_mul (p[2], x[1])), wg_sin (p[1]));
}
MODEL (closed_system2)
{
  UNUSED;
  const wg_var *p = x, a = wg_add (3, p[0]), b = wg_mul (p[2], p[0]), c = wg_sin (p[1]);
  const wg_var det = wg_add (wg_mul (a, p[2]), wg_mul (.5, p[1]));
  y[0] = wg_div (wg_sub (wg_mul (b, p[2]), wg_mul (p[1], c)), det);
  y[1] = wg_div (wg_add (wg_mul (a, c), wg_mul (.5, b)), det);
}

/* On two branches, which p chooses, the second with x in it twice. */
MODEL (branches)
{
  UNUSED;
  const wg_var p = wg_param (x[0], 0, 1), q = wg_param (x[0], 1, 1);
  y[0] = wg_lt (p, 1.5) ? wg_sub (wg_mul (x[0], q), wg_exp (p)) : wg_sub (wg_mul (wg_exp (x[0]), q), p);
}
MODEL (closed_branches)
{
  UNUSED;
  y[0] = wg_lt (x[0], 1.5) ? wg_div (wg_exp (x[0]), x[1]) : wg_log (wg_div (x[0], x[1]));
}

/* argmin of (2 x0^2 + 2 x0 x1 + 3 x1^2)/2 - p.x */
MODEL (quadratic)
{
  UNUSED;
  const wg_var p = wg_param (x[0], 0, 1), q = wg_param (x[0], 1, 1);
  y[0] = wg_add (wg_sqr (x[0]), wg_add (wg_mul (x[0], x[1]), wg_mul (1.5, wg_sqr (x[1]))));
  y[0] = wg_sub (y[0], wg_add (wg_mul (p, x[0]), wg_mul (q, x[1])));
}
MODEL (closed_quadratic)
{
  UNUSED;
  y[0] = wg_sub (wg_mul (.6, x[0]), wg_mul (.2, x[1]));
  y[1] = wg_sub (wg_mul (.4, x[1]), wg_mul (.2, x[0]));
}

/* argmin of sum exp (u_i) - p_i u_i with u = (x0 + x1/2, x1 - x0/4): u_i = log p_i */
MODEL (exponential)
{
  UNUSED;
  const wg_var u = wg_add (x[0], wg_mul (.5, x[1])), v = wg_sub (x[1], wg_mul (.25, x[0]));
  const wg_var p = wg_param (x[0], 0, 1), q = wg_param (x[0], 1, 2);
  y[0] = wg_sub (wg_add (wg_exp (u), wg_exp (v)), wg_add (wg_mul (p, u), wg_mul (q, v)));
}
MODEL (closed_exponential)
{
  UNUSED;
  const wg_var u = wg_log (x[0]), v = wg_log (x[1]);
  y[0] = wg_div (wg_sub (u, wg_mul (.5, v)), 1.125);
  y[1] = wg_div (wg_add (v, wg_mul (.25, u)), 1.125);
}

static wg_fun *argmin (wg_model *model, const double start[])
{
  wg_fun *f = record (model, NULL, 2, 1, start), *x = root_of (wg_fun_gradient (f), start);
  wg_fun_free (f);
  return x;
}

static const double ones[MOST] = { 1, 1, 1, 1, 1, 1, 1, 1 };

START_TEST (square_root)
{
  both (root_of (record (square, NULL, 1, 1, ones), NULL), record (closed_sqrt, NULL, 1, 1, ones), 3);
}
END_TEST

START_TEST (linear_system)
{
  both (root_of (record (system2, NULL, 2, 2, ones), NULL), record (closed_system2, NULL, 3, 2, at), 2);
}
END_TEST

START_TEST (on_branches)
{
  both (root_of (record (branches, NULL, 1, 1, ones), NULL), record (closed_branches, NULL, 2, 1, at), 2);
}
END_TEST

START_TEST (argmins)
{
  both (argmin (quadratic, ones), record (closed_quadratic, NULL, 2, 2, at), 2);
  both (argmin (exponential, ones), record (closed_exponential, NULL, 2, 2, at), 2);
}
END_TEST

/* The five derivatives of sqrt, each the gradient of the one before; the fifth by HVP and fvv. */
START_TEST (fifth_order)
{
  const double p = 2.385, one = 1, scale = sqrt (p);
  wg_fun *f = root_of (record (square, NULL, 1, 1, ones), NULL);
  double d[8], value, slope, bend;
  d[0] = scale;
  for (int k = 1; k < 8; k++) d[k] = d[k-1]*(1.5 - k)/p;
  for (int k = 0; k < 4; k++)
    {
      ck_assert_int_eq (wg_hvp (f, &p, &one, &value, &slope, &bend), WG_OK);
      near ("hvp", 3, (double[]){ value, slope, bend }, d + k);
      ck_assert_int_eq (wg_fvv (f, &p, &one, &value, &slope, &bend), WG_OK);
      near ("fvv", 3, (double[]){ value, slope, bend }, d + k);
      wg_fun *g = wg_fun_gradient (f);
      ck_assert_msg (g != NULL, "%s", wg_last_error ());
      wg_fun_free (f);
      f = g;
    }
  wg_fun_free (f);
}
END_TEST

/* ---------------------------------------------------------------- in models */

/* ctx: the implicit sqrt, or NULL for the closed form. */
static wg_var sqrt_by (const wg_fun *f, wg_var p)
{
  wg_var s = wg_sqrt (p);
  if (f) wg_call (f, &p, NULL, &s);
  return s;
}

MODEL (composed)
{
  UNUSED;
  const wg_var s = sqrt_by (ctx, wg_mul (x[0], x[1])), t = sqrt_by (ctx, wg_add (s, 1.5));
  y[0] = wg_add (wg_mul (wg_sin (t), s), wg_mul (x[0], sqrt_by (ctx, x[1])));
}

/* An equation whose coefficient is a root: r (p) x = q + r (x^2), by hand x = ... where r (x^2) = x for x > 0: x = q/(r (p) - 1). */
MODEL (roots_inside)
{
  UNUSED;
  const wg_var p = wg_param (x[0], 0, 3), q = wg_param (x[0], 1, 1);
  y[0] = wg_sub (wg_mul (sqrt_by (ctx, wg_add (p, 3)), x[0]), wg_add (q, sqrt_by (ctx, wg_sqr (x[0]))));
}
MODEL (closed_inside)
{
  UNUSED;
  y[0] = wg_div (x[1], wg_sub (wg_sqrt (wg_add (x[0], 3)), 1));
}

START_TEST (composition)
{
  wg_fun *r = root_of (record (square, NULL, 1, 1, ones), NULL);
  both (record (composed, r, 2, 1, at), record (composed, NULL, 2, 1, at), 2);
  both (root_of (record (roots_inside, r, 1, 1, at), NULL), record (closed_inside, NULL, 2, 1, at), 2);
  wg_fun_free (r);
}
END_TEST

/* No closed form: differences of values and gradients. */
MODEL (coupled)
{
  UNUSED;
  for (size_t i = 0; i < n; i++)
    {
      const wg_var p = wg_param (x[0], i, .3*(double) i);
      y[i] = wg_sub (wg_add (x[i], wg_mul (.2, wg_exp (x[(i + 1) % n]))), wg_sin (wg_add (p, wg_mul (.3, x[(i + 2) % n]))));
    }
}
MODEL (energy)
{
  UNUSED;
  wg_var u[9];
  wg_call (ctx, x, NULL, u);
  y[0] = wg_num (0);
  for (size_t i = 0; i < 9; i++) y[0] = wg_add (y[0], wg_mul (wg_sqr (u[i]), wg_add (x[i], 2)));
}

START_TEST (differences)
{
  double p[9];
  for (int i = 0; i < 9; i++) p[i] = .7*cos (i);
  wg_fun *x = root_of (record (coupled, NULL, 9, 9, ones), NULL), *e = record (energy, x, 9, 1, p);
  ck_assert_int_eq (wg_check_jacobian (x, p, NULL, NULL), WG_OK);
  ck_assert_int_eq (wg_check_transpose (x, p, NULL, NULL), WG_OK);
  ck_assert_int_eq (wg_check_gradient (e, p, NULL, NULL), WG_OK);
  ck_assert_int_eq (wg_check_hvp (e, p, NULL, NULL), WG_OK);
  wg_fun *g = wg_fun_gradient (e);
  ck_assert_int_eq (wg_check_jacobian (g, p, NULL, NULL), WG_OK);
  wg_fun_free (x), wg_fun_free (e), wg_fun_free (g);
}
END_TEST

/* ---------------------------------------------------------------- what a result depends on */

/* p alone: the same bits in any order, from any handle. */
START_TEST (no_history)
{
  double p[9], first[9*9 + 9], again[9*9 + 9];
  wg_fun *x = root_of (record (coupled, NULL, 9, 9, ones), NULL), *y = wg_fun_clone (x);
  for (int k = 0; k < 20; k++)
    {
      for (int i = 0; i < 9; i++) p[i] = cos (i*k);
      ck_assert_int_eq (wg_jacobian (x, p, first, first + 9), WG_OK);
      for (int i = 0; i < 9; i++) p[i] += 1;
      ck_assert_int_eq (wg_eval (x, p, NULL), WG_OK);
      for (int i = 0; i < 9; i++) p[i] = cos (i*k);
      ck_assert_int_eq (wg_jacobian (k % 2 ? x : y, p, again, again + 9), WG_OK);
      ck_assert_mem_eq (first, again, sizeof first);
    }
  wg_fun_free (x), wg_fun_free (y);
}
END_TEST

START_TEST (which_root)
{
  const double p = 2.385, from = -1;
  double y, d;
  wg_fun *F = record (square, NULL, 1, 1, ones), *x = root_of (F, &from);
  ck_assert_int_eq (wg_gradient (x, &p, &y, &d), WG_OK);
  near ("the negative root", 2, (double[]){ y, d }, (double[]){ -sqrt (p), -.5/sqrt (p) });
  wg_fun_free (x);
}
END_TEST

/* One search a point, one Jacobian: evaluations of a custom function in F are counted. */
static int values, products;
static int cube (size_t n, const double x[], size_t m, double y[], void *ctx) { UNUSED; values++; return y[0] = x[0]*x[0]*x[0], 0; }
static int cube_vjp (size_t n, const double x[], size_t m, const double u[], double uj[], void *ctx)
{
  UNUSED;
  products++;
  return uj[0] = 3*x[0]*x[0]*u[0], 0;
}
static const wg_rules cube_rules = { .eval = cube, .vjp = cube_vjp };

MODEL (counted)
{
  UNUSED;
  wg_call (ctx, x, NULL, y);
  for (size_t i = 0; i < 12; i++) y[0] = wg_sub (y[0], wg_mul (wg_param (x[0], i, 1), (double) (i + 1)));
}

START_TEST (one_search)
{
  double J[12], y, p[12];
  wg_fun *f = wg_fun_custom (&cube_rules, NULL, 1, 1), *x = root_of (record (counted, f, 1, 1, ones), NULL);
  for (int i = 0; i < 12; i++) p[i] = 1 + .1*i;
  wg_jacobian (x, at, &y, J);
  values = products = 0;
  ck_assert_msg (wg_eval (x, p, &y) == WG_OK, "%s", wg_last_error ());
  const int searching = values;
  ck_assert_int_eq (wg_jacobian (x, NULL, NULL, J), WG_OK);
  ck_assert_msg (searching > 5 && values <= searching + 6, "%d values for the root, %d with the Jacobian", searching, values);
  for (int i = 0; i < 12; i++) ck_assert (fabs (J[i] - (i + 1)/(3*y*y)) < 1e-12);
  products = 0;
  for (int i = 0; i < 12; i++) ck_assert_int_eq (wg_jvp (x, NULL, p, NULL, &y), WG_OK);
  ck_assert_msg (products < 24, "%d products for twelve directions at one point", products);
  double H[144];
  ck_assert_int_eq (wg_hessian (x, p, &y, J, H), WG_EORDER);           /* no hvp among the rules */
  wg_fun_free (f), wg_fun_free (x);
}
END_TEST

/* F, what F calls, and what is derived from F. */
MODEL (scaled) { UNUSED; y[0] = wg_mul (*(double *) ctx, wg_sqr (x[0])); }
MODEL (of_scaled)
{
  UNUSED;
  wg_call (ctx, x, NULL, y);
  y[0] = wg_sub (y[0], wg_param (x[0], 0, 2));
}
MODEL (minimum_at_scale)
{
  UNUSED;
  y[0] = wg_sub (wg_mul (*(double *) ctx, wg_mul (x[0], wg_sqr (x[0]))), wg_mul (wg_param (x[0], 0, 2), x[0]));
}

START_TEST (invalidation)
{
  const double p = 2;
  double scale = 1, y, d, slope;
  for (int inside = 0; inside < 2; inside++)
    {
      scale = 1;
      wg_fun *f = record (inside ? scaled : minimum_at_scale, &scale, 1, 1, ones);
      wg_fun *x = root_of (inside ? record (of_scaled, f, 1, 1, ones) : wg_fun_gradient (f), NULL), *g = wg_fun_gradient (x);
      for (scale = 1; scale < 300; scale *= 4)
        {
          const double root = sqrt (p/scale/(inside ? 1 : 3));         /* scale x^2 = p, or 3 scale x^2 = p */
          ck_assert_int_eq (wg_fun_invalidate (f), WG_OK);
          ck_assert_int_eq (wg_eval (g, &p, &slope), WG_OK);
          ck_assert_int_eq (wg_gradient (x, &p, &y, &d), WG_OK);
          near ("after a change", 3, (double[]){ y, d, slope }, (double[]){ root, root/2/p, root/2/p });
        }
      wg_fun_free (f), wg_fun_free (x), wg_fun_free (g);
    }
}
END_TEST

/* ---------------------------------------------------------------- no root, no derivative */

static void no_derivative (wg_fun *x, size_t np, const double p[])
{
  double y[4], J[16], zero[4] = { 0 };
  ck_assert_int_eq (wg_eval (x, p, y), WG_OK);
  for (int again = 0; again < 2; again++)
    {
      ck_assert_int_eq (wg_jacobian (x, p, y, J), WG_NONFINITE);
      ck_assert_msg (strstr (wg_last_error (), "singular") != NULL, "%s", wg_last_error ());
      ck_assert (isfinite (y[0]) && isnan (J[0]));
    }
  ck_assert_int_eq (wg_hvp_weighted (x, p, ones, ones, y, NULL, J), WG_NONFINITE);
  ck_assert_int_eq (wg_fvv (x, p, ones, y, NULL, J), WG_NONFINITE);
  wg_fun *g = wg_fun_jvp (x);
  double in[8];
  for (size_t i = 0; i < 2*np; i++) in[i] = i < np ? p[i] : 1;
  ck_assert_int_eq (wg_eval (g, in, J), WG_NONFINITE);
  ck_assert_msg (strstr (wg_last_error (), "singular") != NULL, "%s", wg_last_error ());
  ck_assert_int_eq (wg_jvp (x, p, zero, y, J), WG_NONFINITE);       /* not even along nothing */
  wg_fun_free (g);
}

MODEL (square_and_line)
{
  UNUSED;
  y[0] = wg_sub (wg_sqr (x[0]), wg_param (x[0], 0, 1));
  y[1] = wg_sub (x[1], wg_add (x[0], 1));
}
MODEL (double_root_at_1)       /* (x - 1)^2 = p, written so that it rounds */
{
  UNUSED;
  y[0] = wg_sub (wg_add (wg_sub (wg_sqr (x[0]), wg_mul (2, x[0])), 1), wg_param (x[0], 0, 1));
}
MODEL (cubic) { UNUSED; y[0] = wg_sub (wg_mul (x[0], wg_sqr (x[0])), wg_param (x[0], 0, 1)); }
MODEL (rank_one)               /* any x with x0 + x1 = p is a root */
{
  UNUSED;
  y[0] = wg_sub (wg_add (x[0], x[1]), wg_param (x[0], 0, 1));
  y[1] = wg_mul (2, y[0]);
}

MODEL (nearly_rank_one)        /* of condition 1e16, which is as good as infinite */
{
  UNUSED;
  y[0] = wg_sub (wg_add (x[0], x[1]), wg_param (x[0], 0, 1));
  y[1] = wg_sub (wg_add (x[0], wg_mul (1 + 0x1p-51, x[1])), wg_param (x[0], 0, 1));
}

START_TEST (singular)
{
  const double nothing = 0, three[2] = { 3, 3 };
  const struct { wg_model *model; size_t n; } which[] = { { square, 1 }, { square_and_line, 2 }, { rank_one, 2 },
                                                                 { nearly_rank_one, 2 } };
  for (size_t i = 0; i < sizeof which/sizeof *which; i++)
    {
      wg_fun *x = root_of (record (which[i].model, NULL, which[i].n, which[i].n, ones), three);
      no_derivative (x, 1, &nothing);
      wg_fun_free (x);
    }
  /* where Newton's method gets nowhere, or only to where rounding hides it: no root to speak of, or no derivative; but no number */
  wg_model *const hard[] = { double_root_at_1, cubic };
  for (int i = 0; i < 2; i++)
    {
      double y, d;
      wg_fun *x = root_of (record (hard[i], NULL, 1, 1, ones), three);
      const int rc = wg_gradient (x, &nothing, &y, &d);
      ck_assert_msg ((rc == WG_NOCONV || rc == WG_NONFINITE) && isnan (d), "%d: %g", rc, d);
      wg_fun_free (x);
    }
}
END_TEST

/* Near a singular point, and in odd units, derivatives are right. */
MODEL (units)
{
  UNUSED;
  const wg_var p = wg_param (x[0], 0, 1);
  y[0] = wg_mul (1e-30, wg_sub (wg_mul (1e20, x[0]), wg_add (p, wg_mul (1e-20, x[1]))));
  y[1] = wg_mul (1e30, wg_sub (wg_mul (1e-20, x[1]), wg_sqr (p)));
}

START_TEST (nearly_singular)
{
  double y[2], d[2];
  wg_fun *x = root_of (record (square, NULL, 1, 1, ones), NULL);
  for (double p = 1; p > 1e-40; p *= 1e-3)
    {
      ck_assert_int_eq (wg_gradient (x, &p, y, d), WG_OK);
      ck_assert (fabs (d[0]*2*sqrt (p) - 1) < 1e-12);
    }
  wg_fun_free (x);
  const double p = 3;
  x = root_of (record (units, NULL, 2, 2, ones), (double[]){ 1e-19, 1e21 });
  ck_assert_int_eq (wg_jacobian (x, &p, y, d), WG_OK);
  ck_assert (fabs (y[0]*1e20 - 12) < 1e-11 && fabs (d[0]*1e20 - 7) < 1e-11 && fabs (d[1]*1e-20 - 6) < 1e-11);
  wg_fun_free (x);
}
END_TEST

/* p < 0 has no root.  An arm that is not taken does not matter; an arm that is says why. */
MODEL (guarded)
{
  UNUSED;
  wg_var s;
  wg_call (ctx, x, NULL, &s);
  y[0] = wg_select (wg_is_lt (0, x[0]), wg_sqr (s), wg_mul (2, x[0]));
}
MODEL (unguarded)
{
  UNUSED;
  wg_var s;
  wg_call (ctx, x, NULL, &s);
  y[0] = wg_mul (s, x[0]);
}
MODEL (start_at_nan) { UNUSED; y[0] = wg_sub (wg_log (x[0]), wg_param (x[0], 0, 1)); }
MODEL (raises)
{
  UNUSED;
  const wg_var p = wg_param (x[0], 0, 1);
  if (wg_lt (p, 0)) wg_raise (x[0], "p is negative");
  y[0] = wg_sub (x[0], p);
}

START_TEST (no_root)
{
  const double minus = -2, plus = 2, from = -1;
  double y = 7, d = 7;
  wg_fun *r = root_of (record (square, NULL, 1, 1, ones), NULL);
  wg_fun *f = record (unguarded, r, 1, 1, &plus), *top = record (unguarded, f, 1, 1, &plus), *g = record (guarded, r, 1, 1, &plus);
  wg_fun *derivatives[2] = { wg_fun_gradient (f), wg_fun_gradient (top) };
  for (int i = 0; i < 3; i++)
    {
      wg_fun *const which = (wg_fun *[]){ r, f, top }[i];
      ck_assert_int_eq (wg_eval (which, &minus, &y), WG_NOCONV);
      ck_assert_msg (isnan (y) && strstr (wg_last_error (), "no convergence"), "%s", wg_last_error ());
      ck_assert_int_eq (wg_gradient (which, &minus, &y, &d), WG_NOCONV);
      ck_assert (isnan (y) && isnan (d));
      ck_assert_int_eq (wg_gradient (which, NULL, &y, &d), WG_NOCONV);
      ck_assert_int_eq (wg_gradient (which, &plus, &y, &d), WG_OK);
      if (i) ck_assert_int_eq (wg_eval (derivatives[i-1], &minus, &y), WG_NOCONV);
    }
  ck_assert_int_eq (wg_gradient (g, &minus, &y, &d), WG_OK);
  ck_assert (y == -4 && d == 2);
  wg_fun_free (f), wg_fun_free (top), wg_fun_free (g), wg_fun_free (r), wg_fun_free (derivatives[0]), wg_fun_free (derivatives[1]);
  r = root_of (record (start_at_nan, NULL, 1, 1, ones), &from);
  ck_assert_int_eq (wg_eval (r, &plus, &y), WG_NONFINITE);
  ck_assert_msg (strstr (wg_last_error (), "begins") != NULL, "%s", wg_last_error ());
  wg_fun_free (r);
  y = 7;
  r = root_of (record (raises, NULL, 1, 1, ones), NULL);
  ck_assert_int_eq (wg_eval (r, &minus, &y), WG_EMODEL);
  ck_assert (y == 7);
  ck_assert_int_eq (wg_eval (r, &plus, &y), WG_OK);
  ck_assert (y == 2);
  wg_fun_free (r);
}
END_TEST

/* An optimizer steps back from where there is no root. */
MODEL (barrier)
{
  UNUSED;
  wg_var s;
  wg_call (ctx, x, NULL, &s);
  y[0] = wg_add (wg_mul (3, x[0]), wg_neg (s));            /* 3 p - sqrt p: p = 1/36 */
}

START_TEST (optimized)
{
  double p = 30;
  wg_minimize_result result;
  wg_fun *r = root_of (record (square, NULL, 1, 1, ones), NULL), *f = record (barrier, r, 1, 1, &p);
  ck_assert_int_eq (wg_minimize (f, &p, NULL, &result), WG_OK);
  ck_assert_msg (fabs (p - 1./36) < 1e-9, "%.17g", p);
  p = -1;
  ck_assert_int_eq (wg_minimize (f, &p, NULL, &result), WG_NONFINITE);
  ck_assert (p == -1 && result.reason == WG_STOP_NONFINITE);
  wg_fun_free (r), wg_fun_free (f);
}
END_TEST

MODEL (no_parameters) { UNUSED; y[0] = wg_sub (x[0], 1); }
MODEL (tall) { UNUSED; y[0] = y[1] = wg_sub (x[0], wg_param (x[0], 0, 1)); }

static void refuse (const wg_fun *F, const wg_root_options *o, int status)
{
  ck_assert (wg_fun_root (F, o) == NULL);
  ck_assert_msg (wg_fun_status (NULL) == status, "%d: %s", wg_fun_status (NULL), wg_last_error ());
}

START_TEST (refusals)
{
  const double nan_start = NAN, infinite = INFINITY, minus = -1;
  wg_fun *F = record (square, NULL, 1, 1, ones), *none = record (no_parameters, NULL, 1, 1, ones), *two = record (tall, NULL, 1, 2, ones);
  refuse (NULL, NULL, WG_EINVAL);
  refuse (none, NULL, WG_ESHAPE);
  refuse (two, NULL, WG_ESHAPE);
  refuse (F, &(wg_root_options){ .method = 7 }, WG_EINVAL);
  refuse (F, &(wg_root_options){ .step_tolerance = -1 }, WG_EINVAL);
  refuse (F, &(wg_root_options){ .scale = &minus }, WG_EINVAL);
  refuse (F, &(wg_root_options){ .start = &nan_start }, WG_EINVAL);
  refuse (F, &(wg_root_options){ .start = &infinite }, WG_EINVAL);
  wg_fun_free (F), wg_fun_free (none), wg_fun_free (two);
}
END_TEST

/* Options are copied and used: one iteration is not enough; Krylov finds the same root. */
START_TEST (options)
{
  double p[9], x[9], y[9], J[81], K[81];
  for (int i = 0; i < 9; i++) p[i] = .2*i;
  wg_fun *F = record (coupled, NULL, 9, 9, ones), *dense = wg_fun_root (F, NULL);
  double scale[9] = { 1, 2, 1, 1, 1, 3, 1, 1, 1 }, start[9] = { 0 };
  wg_fun *once = wg_fun_root (F, &(wg_root_options){ .iterations = 1 });
  wg_fun *krylov = wg_fun_root (F, &(wg_root_options){ .method = WG_ROOT_KRYLOV, .scale = scale, .start = start });
  for (int i = 0; i < 9; i++) scale[i] = start[i] = NAN;
  ck_assert_int_eq (wg_eval (once, p, x), WG_NOCONV);
  ck_assert_int_eq (wg_jacobian (dense, p, x, J), WG_OK);
  ck_assert_int_eq (wg_jacobian (krylov, p, y, K), WG_OK);
  near ("roots", 9, x, y), near ("their derivatives", 81, J, K);
  wg_fun_free (F), wg_fun_free (dense), wg_fun_free (once), wg_fun_free (krylov);
}
END_TEST

int main (void)
{
  Suite *s = suite_create ("implicit functions");
  TCase *t = tcase_create ("all");
  tcase_add_test (t, square_root);
  tcase_add_test (t, linear_system);
  tcase_add_test (t, on_branches);
  tcase_add_test (t, argmins);
  tcase_add_test (t, fifth_order);
  tcase_add_test (t, composition);
  tcase_add_test (t, differences);
  tcase_add_test (t, no_history);
  tcase_add_test (t, which_root);
  tcase_add_test (t, one_search);
  tcase_add_test (t, invalidation);
  tcase_add_test (t, singular);
  tcase_add_test (t, nearly_singular);
  tcase_add_test (t, no_root);
  tcase_add_test (t, optimized);
  tcase_add_test (t, refusals);
  tcase_add_test (t, options);
  suite_add_tcase (s, t);
  return run_suite (s);
}
