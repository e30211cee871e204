/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Systems of equations: the square problems of More, Garbow, Hillstrom (ACM TOMS 7, 1981) from near and far,
 * large ones, laws of scaling, no roots, singular roots, every reason to stop, every refusal.
 */
#include <check.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <wengert/generic.h>
#include <wengert/root.h>

#include "runner.h"

#define MODEL(name) static void name (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
#define UNUSED (void) n, (void) m, (void) ctx

static wg_fun *record (wg_model *model, void *ctx, size_t n, const double x[])
{
  wg_fun *f = wg_fun_record (model, ctx, n, n, x);
  ck_assert_msg (f != NULL, "%s", wg_last_error ());
  return f;
}

/* ---------------------------------------------------------------- problems */

MODEL (rosenbrock) { UNUSED; y[0] = wg_sub (1, x[0]); y[1] = wg_mul (10, wg_sub (x[1], wg_sqr (x[0]))); }

MODEL (powell_badly_scaled)
{
  UNUSED;
  y[0] = wg_sub (wg_mul (1e4, wg_mul (x[0], x[1])), 1);
  y[1] = wg_sub (wg_add (wg_exp (wg_neg (x[0])), wg_exp (wg_neg (x[1]))), 1.0001);
}

MODEL (powell_singular)
{
  UNUSED;
  y[0] = wg_add (x[0], wg_mul (10, x[1]));
  y[1] = wg_mul (sqrt (5), wg_sub (x[2], x[3]));
  y[2] = wg_sqr (wg_sub (x[1], wg_mul (2, x[2])));
  y[3] = wg_mul (sqrt (10), wg_sqr (wg_sub (x[0], x[3])));
}

MODEL (helical)
{
  UNUSED;
  y[0] = wg_mul (10, wg_sub (x[2], wg_mul (5/acos (-1), wg_atan2 (x[1], x[0]))));
  y[1] = wg_mul (10, wg_sub (wg_hypot (x[0], x[1]), 1));
  y[2] = x[2];
}

/* The gradient of Wood's function, halved. */
MODEL (wood)
{
  UNUSED;
  const wg_var a = wg_sub (x[1], wg_sqr (x[0])), b = wg_sub (x[3], wg_sqr (x[2])), c = wg_sub (x[1], 1), d = wg_sub (x[3], 1);
  y[0] = wg_sub (wg_mul (-200, wg_mul (x[0], a)), wg_sub (1, x[0]));
  y[1] = wg_add (wg_mul (200, a), wg_add (wg_mul (20.2, c), wg_mul (19.8, d)));
  y[2] = wg_sub (wg_mul (-180, wg_mul (x[2], b)), wg_sub (1, x[2]));
  y[3] = wg_add (wg_mul (180, b), wg_add (wg_mul (20.2, d), wg_mul (19.8, c)));
}

MODEL (brown_almost_linear)
{
  UNUSED;
  wg_var sum = wg_num (0), product = wg_num (1);
  for (size_t j = 0; j < n; j++) sum = wg_add (sum, x[j]), product = wg_mul (product, x[j]);
  for (size_t i = 0; i + 1 < n; i++) y[i] = wg_sub (wg_add (x[i], sum), (double) n + 1);
  y[n-1] = wg_sub (product, 1);
}

MODEL (broyden_tridiagonal)
{
  UNUSED;
  for (size_t i = 0; i < n; i++)
    {
      y[i] = wg_add (wg_mul (wg_sub (3, wg_mul (2, x[i])), x[i]), 1);
      if (i) y[i] = wg_sub (y[i], x[i-1]);
      if (i + 1 < n) y[i] = wg_sub (y[i], wg_mul (2, x[i+1]));
    }
}

MODEL (boundary_value)
{
  UNUSED;
  const double h = 1/((double) n + 1);
  for (size_t i = 0; i < n; i++)
    {
      const wg_var q = wg_add (x[i], (double) (i + 1)*h + 1);
      y[i] = wg_add (wg_mul (2, x[i]), wg_mul (h*h/2, wg_powi (q, 3)));
      if (i) y[i] = wg_sub (y[i], x[i-1]);
      if (i + 1 < n) y[i] = wg_sub (y[i], x[i+1]);
    }
}

MODEL (chebyquad)
{
  UNUSED;
  for (size_t i = 0; i < n; i++) y[i] = wg_num (0);
  for (size_t j = 0; j < n; j++)
    {
      wg_var before = wg_num (1), t = wg_sub (wg_mul (2, x[j]), 1);
      const wg_var twice = wg_mul (2, t);
      for (size_t i = 0; i < n; i++)
        {
          y[i] = wg_add (y[i], wg_div (t, (double) n));
          const wg_var next = wg_sub (wg_mul (twice, t), before);
          before = t, t = next;
        }
    }
  for (size_t i = 1; i < n; i += 2) y[i] = wg_add (y[i], 1/((double) ((i + 1)*(i + 1)) - 1));
}

enum { MOST = 10 };

static const struct { const char *name; wg_model *model; size_t n; double start[MOST]; double farthest; } systems[] = {
  { "Rosenbrock", rosenbrock, 2, { -1.2, 1 }, 100 },
  { "Powell, badly scaled", powell_badly_scaled, 2, { 0, 1 }, 10 },
  { "Powell, singular", powell_singular, 4, { 3, -1, 0, 1 }, 100 },
  { "helical valley", helical, 3, { -1, 0, 0 }, 100 },
  { "Wood", wood, 4, { -3, -1, -3, -1 }, 100 },
  { "Brown, almost linear", brown_almost_linear, 10, { .5, .5, .5, .5, .5, .5, .5, .5, .5, .5 }, 100 },
  { "Broyden, tridiagonal", broyden_tridiagonal, 10, { -1, -1, -1, -1, -1, -1, -1, -1, -1, -1 }, 100 },
  { "boundary value", boundary_value, 10, { -.08, -.15, -.2, -.23, -.25, -.25, -.23, -.2, -.15, -.08 }, 100 },
  { "Chebyquad", chebyquad, 7, { .125, .25, .375, .5, .625, .75, .875 }, 100 } };

/* The root has every |F_i| within the rounding of x: some eps sum_j |J_ij x_j|, of one step more than the
 * tolerance.  Singular roots: the default residual_tolerance. */
static void assert_root (const char *name, wg_fun *f, size_t n, const double x[], const wg_root_result *r)
{
  double *J = malloc (n*(n + 1)*sizeof *J), *y = J + n*n;
  ck_assert_int_eq (wg_jacobian (f, x, y, J), WG_OK);
  double most = 0, largest = 0;
  for (size_t j = 0; j < n; j++) largest = fmax (largest, fabs (x[j]));
  for (size_t i = 0; i < n; i++)
    {
      double sum = 0;
      for (size_t j = 0; j < n; j++) sum += fabs (J[i*n + j])*fmax (fabs (x[j]), 1e-10*largest);
      ck_assert_msg (fabs (y[i]) <= 1e-13*sum + 1e-100, "%s: |F[%zu]| = %g, terms %g", name, i, fabs (y[i]), sum);
      most = fmax (most, fabs (y[i]));
    }
  ck_assert_double_eq (most, r->residual);
  free (J);
}

START_TEST (more_garbow_hillstrom)
{
  for (double scale = 1; scale <= systems[_i].farthest; scale *= 10)
    {
      const size_t n = systems[_i].n;
      double x[MOST];
      wg_root_result r;
      for (size_t j = 0; j < n; j++) x[j] = scale*systems[_i].start[j];
      wg_fun *f = record (systems[_i].model, NULL, n, x);
      const int rc = wg_root (f, x, NULL, &r);
      ck_assert_msg (rc == WG_OK && r.reason == WG_STOP_ROOT, "%s, %g x0: %s", systems[_i].name, scale, wg_last_error ());
      assert_root (systems[_i].name, f, n, x, &r);
      ck_assert_uint_le (r.evaluations, 300);           /* twice what was seen */
      wg_fun_free (f);
    }
}
END_TEST

/* ---------------------------------------------------------------- laws */

typedef struct { double row[3], unit[3]; } scaling;

MODEL (scaled_system)
{
  const scaling *s = ctx;
  wg_var z[3];
  (void) n, (void) m;
  for (int j = 0; j < 3; j++) z[j] = wg_mul (s->unit[j], x[j]);
  y[0] = wg_mul (s->row[0], wg_sub (wg_add (wg_sqr (z[0]), wg_mul (z[1], z[2])), 4.3));
  y[1] = wg_mul (s->row[1], wg_sub (wg_exp (z[1]), wg_add (z[0], 2)));
  y[2] = wg_mul (s->row[2], wg_sub (wg_add (wg_mul (z[0], z[2]), wg_sin (z[1])), 1.7));
}

/* Equations and unknowns in other units (powers of two: exact) are the same search, bit for bit. */
START_TEST (units_do_not_matter)
{
  const scaling plain = { { 1, 1, 1 }, { 1, 1, 1 } }, odd = { { 0x1p60, 0x1p-100, 8 }, { 0x1p-40, 0x1p33, 0x1p-3 } };
  double x[2][3];
  wg_root_result r[2];
  for (int k = 0; k < 2; k++)
    {
      scaling s = k ? odd : plain;
      for (int j = 0; j < 3; j++) x[k][j] = (.6 + .7*j)/s.unit[j];
      wg_fun *f = record (scaled_system, &s, 3, x[k]);
      ck_assert_int_eq (wg_root (f, x[k], NULL, &r[k]), WG_OK);
      for (int j = 0; j < 3; j++) x[k][j] *= s.unit[j];
      wg_fun_free (f);
    }
  ck_assert_mem_eq (x[0], x[1], sizeof x[0]);
  ck_assert_uint_eq (r[0].evaluations, r[1].evaluations);
  ck_assert_uint_eq (r[0].rank, 3);
}
END_TEST

/* Both methods end at the same root, and a second run is the first one. */
START_TEST (methods_agree)
{
  scaling s = { { 1, 1, 1 }, { 1, 1, 1 } };
  double x[3][3];
  for (int k = 0; k < 3; k++)
    {
      const wg_root_options o = { .method = k == 2 ? WG_ROOT_KRYLOV : WG_ROOT_DENSE };
      wg_root_result r;
      memcpy (x[k], (double[]){ .6, 1.3, 2 }, sizeof x[k]);
      wg_fun *f = record (scaled_system, &s, 3, x[k]);
      ck_assert_int_eq (wg_root (f, x[k], &o, &r), WG_OK);
      ck_assert ((k == 2) == (r.jacobians == 0));
      ck_assert ((k == 2) == (r.products > 0));
      for (int j = 0; j < 3; j++) ck_assert_double_eq_tol (x[k][j], x[0][j], 1e-14);
      wg_fun_free (f);
    }
  ck_assert_mem_eq (x[0], x[1], sizeof x[0]);
}
END_TEST

/* ---------------------------------------------------------------- large */

enum { LARGE = 4000, SIDE = 30 };

START_TEST (large_tridiagonal)
{
  static double x[LARGE], y[LARGE];
  wg_root_result r;
  for (int j = 0; j < LARGE; j++) x[j] = -1;
  wg_fun *f = record (broyden_tridiagonal, NULL, LARGE, x);
  ck_assert_int_eq (wg_root (f, x, NULL, &r), WG_OK);
  ck_assert_uint_eq (r.jacobians, 0);
  ck_assert_uint_le (r.products, 200);
  ck_assert_int_eq (wg_eval (f, x, y), WG_OK);
  for (int j = 0; j < LARGE; j++) ck_assert_double_le (fabs (y[j]), 1e-14);
  wg_fun_free (f);
}
END_TEST

/* Bratu's problem, Laplacian u + 5 exp (u) = 0 on the unit square, u = 0 around. */
MODEL (bratu)
{
  UNUSED;
  const double h = 1./(SIDE + 1);
  for (size_t i = 0; i < n; i++)
    {
      const size_t column = i % SIDE, row = i/SIDE;
      y[i] = wg_sub (wg_mul (4, x[i]), wg_mul (5*h*h, wg_exp (x[i])));
      if (column) y[i] = wg_sub (y[i], x[i-1]);
      if (column + 1 < SIDE) y[i] = wg_sub (y[i], x[i+1]);
      if (row) y[i] = wg_sub (y[i], x[i-SIDE]);
      if (row + 1 < SIDE) y[i] = wg_sub (y[i], x[i+SIDE]);
    }
}

/* Symmetric in eight ways, with or without restarts of GMRES. */
START_TEST (large_bratu)
{
  for (size_t subspace = 15; subspace <= 60; subspace += 45)
    {
      static double x[SIDE*SIDE], y[SIDE*SIDE];
      const wg_root_options o = { .subspace = subspace };
      wg_root_result r;
      memset (x, 0, sizeof x);
      wg_fun *f = record (bratu, NULL, SIDE*SIDE, x);
      ck_assert_msg (wg_root (f, x, &o, &r) == WG_OK, "subspace %zu: %s", subspace, wg_last_error ());
      ck_assert_int_eq (wg_eval (f, x, y), WG_OK);
      for (int i = 0; i < SIDE*SIDE; i++)
        {
          ck_assert_double_le (fabs (y[i]), 1e-14);
          ck_assert_double_eq_tol (x[i], x[SIDE*SIDE - 1 - i], 1e-11);
          ck_assert_double_eq_tol (x[i], x[i % SIDE*SIDE + i/SIDE], 1e-11);
        }
      wg_fun_free (f);
    }
}
END_TEST

/* ---------------------------------------------------------------- no root, no slope */

MODEL (above_zero) { UNUSED; y[0] = wg_add (wg_sqr (wg_sub (x[0], 1.3)), .1); }
MODEL (nearly) { UNUSED; y[0] = wg_add (wg_sqr (wg_sub (x[0], 1)), .1); y[1] = wg_sub (x[1], x[0]); }
MODEL (square_root) { UNUSED; y[0] = wg_sub (wg_sqr (x[0]), 2); }
MODEL (double_root) { UNUSED; y[0] = wg_sqr (wg_sub (x[0], 1.3)); }
MODEL (logarithm) { UNUSED; y[0] = wg_log (x[0]); }
MODEL (kink) { UNUSED; y[0] = wg_sub (wg_sqrt (x[0]), 3); }
MODEL (decaying) { UNUSED; y[0] = wg_exp (wg_neg (x[0])); }
/* Values that know x to 1e-6 only, and no root among them. */
MODEL (coarse) { UNUSED; y[0] = wg_sub (wg_sub (wg_add (wg_mul (x[0], 1.7), 1e10), 1e10), 1.23456789); }

#define WITH(...) (&(wg_root_options){ __VA_ARGS__ })

static int reason_of (wg_model *model, size_t n, double x[], const wg_root_options *o, int expected)
{
  wg_root_result r;
  wg_fun *f = record (model, NULL, n, x);
  const int rc = wg_root (f, x, o, &r);
  ck_assert_msg (rc == expected, "status %d, %s", rc, wg_stop_name (r.reason));
  wg_fun_free (f);
  return r.reason;
}

START_TEST (no_root)
{
  for (int method = WG_ROOT_DENSE; method <= WG_ROOT_KRYLOV; method++)
    {
      const wg_root_options o = { .method = method };
      double x[2] = { 7.7 }, z[2] = { 3, -5 };
      ck_assert_int_eq (reason_of (above_zero, 1, x, &o, WG_NOCONV), WG_STOP_NOISE);
      ck_assert_double_eq_tol (x[0], 1.3, 1e-3);        /* the minimum of |F| */
      ck_assert_int_eq (reason_of (nearly, 2, z, &o, WG_NOCONV), WG_STOP_NOISE);
      ck_assert_int_eq (reason_of (square_root, 1, (double[]){ 0 }, &o, WG_NOCONV), WG_STOP_NOISE);
    }
}
END_TEST

START_TEST (singular_roots_and_regions)
{
  for (int method = WG_ROOT_DENSE; method <= WG_ROOT_KRYLOV; method++)
    {
      const wg_root_options o = { .method = method };
      double x[1] = { 1e-9 };
      ck_assert_int_eq (reason_of (square_root, 1, x, &o, WG_OK), WG_STOP_ROOT);
      ck_assert_double_eq_tol (fabs (x[0]), sqrt (2), 1e-15);
      x[0] = 3;
      ck_assert_int_eq (reason_of (double_root, 1, x, &o, WG_OK), WG_STOP_ROOT);
      ck_assert_double_eq_tol (x[0], 1.3, 1e-9);
      for (double start = 5e-4; start < 1e4; start *= 271)     /* from afar Newton's step leaves x > 0 */
        {
          x[0] = start;
          ck_assert_int_eq (reason_of (logarithm, 1, x, &o, WG_OK), WG_STOP_ROOT);
          ck_assert_double_eq_tol (x[0], 1, 1e-15);
        }
    }
}
END_TEST

static int stop_after (const wg_root_progress *p, void *ctx)
{
  size_t *limit = ctx;
  ck_assert_uint_le (p->iteration, *limit);
  return p->iteration == *limit;
}

START_TEST (reasons)
{
  size_t two = 2, none = 0;
#define START ((double[]){ -1.2, 1 })
  for (int method = WG_ROOT_DENSE; method <= WG_ROOT_KRYLOV; method++)
    {
      ck_assert_int_eq (reason_of (rosenbrock, 2, START, WITH (.method = method, .residual_tolerance = 5), WG_OK), WG_STOP_ROOT);
      ck_assert_int_eq (reason_of (decaying, 1, (double[]){ 1 }, WITH (.method = method, .iterations = 7), WG_NOCONV), WG_STOP_ITERATIONS);
      ck_assert_int_eq (reason_of (decaying, 1, (double[]){ 1 }, WITH (.method = method, .evaluations = 7), WG_NOCONV), WG_STOP_EVALUATIONS);
      ck_assert_int_eq (reason_of (rosenbrock, 2, START, WITH (.method = method, .callback = stop_after, .ctx = &two), WG_NOCONV), WG_STOP_CALLBACK);
      ck_assert_int_eq (reason_of (rosenbrock, 2, START, WITH (.method = method, .callback = stop_after, .ctx = &none), WG_NOCONV), WG_STOP_CALLBACK);
      ck_assert_int_eq (reason_of (logarithm, 1, (double[]){ -1 }, WITH (.method = method), WG_NONFINITE), WG_STOP_NONFINITE);
      ck_assert_int_eq (reason_of (kink, 1, (double[]){ 0 }, WITH (.method = method), WG_NONFINITE), WG_STOP_NONFINITE);
      ck_assert_int_eq (reason_of (coarse, 1, (double[]){ .2 }, WITH (.method = method, .step_tolerance = 1e-14), WG_NOCONV), WG_STOP_NOISE);
    }
  ck_assert_int_eq (reason_of (decaying, 1, (double[]){ 1 }, WITH (.method = WG_ROOT_KRYLOV, .products = 20), WG_NOCONV), WG_STOP_HVPS);
#undef START
}
END_TEST

MODEL (branching)
{
  UNUSED;
  if (wg_lt (x[0], 2)) wg_raise (x[0], "not below 2");
  y[0] = wg_sub (x[0], 1.5);
}

START_TEST (error_in_the_model)
{
  for (int method = WG_ROOT_DENSE; method <= WG_ROOT_KRYLOV; method++)
    {
      double x[1] = { 5 };
      ck_assert_int_eq (reason_of (branching, 1, x, WITH (.method = method), WG_EMODEL), WG_STOP_ERROR);
      ck_assert_double_eq (x[0], 5);
    }
}
END_TEST

typedef struct { size_t calls; double residual; FILE *out; } watch;

static int watching (const wg_root_progress *p, void *ctx)
{
  watch *w = ctx;
  ck_assert_uint_eq (p->n, 2);
  ck_assert_uint_eq (p->iteration, w->calls);
  w->calls++, w->residual = p->residual;
  return wg_root_print (p, w->out);
}

START_TEST (callback)
{
  char text[8000] = "";
  watch w = { .out = fmemopen (text, sizeof text, "w") };
  double x[2] = { -1.2, 1 };
  size_t lines = 0;
  const wg_root_options o = { .callback = watching, .ctx = &w };
  wg_root_result r;
  wg_fun *f = record (rosenbrock, NULL, 2, x);
  ck_assert_int_eq (wg_root (f, x, &o, &r), WG_OK);
  fclose (w.out);
  for (const char *c = text; *c; c++) lines += *c == '\n';
  ck_assert_uint_eq (w.calls, r.iterations + 1);
  ck_assert_uint_eq (lines, w.calls + 1);
  wg_fun_free (f);
}
END_TEST

MODEL (wide) { UNUSED; y[0] = wg_add (x[0], x[1]); }

START_TEST (refusals)
{
  double x[2] = { 1, 1 };
  wg_root_result r;
  wg_fun *f = record (rosenbrock, NULL, 2, x), *g = wg_fun_record (wide, NULL, 2, 1, x);
  ck_assert_int_eq (wg_root (NULL, x, NULL, &r), WG_EINVAL);
  ck_assert_int_eq (wg_root (f, NULL, NULL, &r), WG_EINVAL);
  ck_assert_int_eq (wg_root (g, x, NULL, &r), WG_ESHAPE);
  const wg_root_options bad[] = { { .method = 3 }, { .method = -1 }, { .step_tolerance = -1 }, { .residual_tolerance = NAN }, { .scale = (double[]){ 0, 1 } } };
  for (size_t i = 0; i < sizeof bad/sizeof *bad; i++) ck_assert_int_eq (wg_root (f, x, &bad[i], &r), WG_EINVAL);
  ck_assert_double_eq (x[0], 1);
  wg_fun_free (f), wg_fun_free (g);
}
END_TEST

int main (void)
{
  Suite *s = suite_create ("root");
  TCase *t = tcase_create ("all");
  tcase_add_test (t, units_do_not_matter);
  tcase_add_test (t, methods_agree);
  tcase_add_loop_test (t, more_garbow_hillstrom, 0, sizeof systems/sizeof *systems);
  tcase_add_test (t, large_tridiagonal);
  tcase_add_test (t, large_bratu);
  tcase_add_test (t, no_root);
  tcase_add_test (t, singular_roots_and_regions);
  tcase_add_test (t, reasons);
  tcase_add_test (t, error_in_the_model);
  tcase_add_test (t, callback);
  tcase_add_test (t, refusals);
  tcase_set_timeout (t, 120);
  suite_add_tcase (s, t);
  return run_suite (s);
}
