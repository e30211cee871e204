/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Operations on arrays with rules of one's own: the laws for rules that close and for a derivative that is a kernel again; what
 * incomplete rules cannot do; refusals; live tapes.
 */
#include "laws.h"
#include "runner.h"

static size_t size_of (const wg_shape *s)
{
  size_t size = 1;
  for (int i = 0; i < s->rank; i++) size *= s->dim[i];
  return size;
}

/* y_ij = a_ij exp (b_j): derivatives by itself */

static const wg_array_rules scaled;

static int scaled_shape (size_t nx, const wg_shape x[], wg_shape *y, void *ctx)
{
  (void) ctx;
  *y = x[0];
  return !(nx == 2 && x[0].rank == 2 && x[1].rank == 1 && x[0].dim[1] == x[1].dim[0]);
}

static int scaled_eval (size_t nx, const wg_shape sx[], const double *const x[], const wg_shape *sy, double y[], void *ctx)
{
  (void) nx, (void) sx;
  if (ctx) ++*(int *) ctx;
  for (size_t i = 0; i < size_of (sy); i++) y[i] = x[0][i]*exp (x[1][i % sy->dim[1]]);
  return 0;
}

static wg_var scaled_by (wg_var a, wg_var b, void *ctx) { return wg_array_custom (&scaled, ctx, 2, (wg_var[]){ a, b }); }

static void scaled_jvp (size_t nx, const wg_var x[], wg_var y, const wg_var dx[], wg_var *dy, void *ctx)
{
  (void) nx;
  if (!wg_is_missing (dx[0])) *dy = scaled_by (dx[0], x[1], ctx);
  if (wg_is_missing (dx[1])) return;
  const wg_var by_b = wg_mul (y, dx[1]);
  *dy = wg_is_missing (dx[0]) ? by_b : wg_add (*dy, by_b);
}

static void scaled_vjp (size_t nx, const wg_var x[], wg_var y, wg_var ybar, wg_var xbar[], void *ctx)
{
  (void) nx;
  xbar[0] = scaled_by (ybar, x[1], ctx);
  xbar[1] = wg_sum_axes (wg_mul (y, ybar), 1, (int[]){ 0 }, 0);
}

static const wg_array_rules scaled = { "scaled", scaled_shape, scaled_eval, scaled_jvp, scaled_vjp };

#define MODEL(name) static void name (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
#define UNUSED (void) n, (void) m, (void) ctx

MODEL (of_views)
{
  UNUSED;
  const wg_var A = wg_t (wg_mat (x, 4, 3)), b = wg_slice (wg_vec (x + 12, 4), 0, 0, 4, -1);
  wg_unstack (wg_sin (scaled_by (wg_sqr (A), b, NULL)), y);
}

static void of_views_is (const double x[], double y[])
{
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 4; j++) y[4*i + j] = sin (x[3*j + i]*x[3*j + i]*exp (x[15-j]));
}

MODEL (of_constants)
{
  UNUSED;
  const wg_var A = wg_constant (x[0], 2, (size_t[]){ 2, 3 }, (double[]){ 1, 2, 3, 4, 5, 6 });
  wg_unstack (scaled_by (A, wg_vec (x, 3), NULL), y);
}

static void of_constants_is (const double x[], double y[]) { for (int i = 0; i < 6; i++) y[i] = (i + 1)*exp (x[i % 3]); }

MODEL (twice_the_same)
{
  UNUSED;
  const wg_var A = wg_mat (x, 3, 3);
  y[0] = wg_sum (scaled_by (A, wg_at (A, 1), NULL));
}

static void twice_the_same_is (const double x[], double y[])
{
  y[0] = 0;
  for (int i = 0; i < 9; i++) y[0] += x[i]*exp (x[3 + i % 3]);
}

START_TEST (laws)
{
  laws_hold (&(law_case){ "views", of_views, 16, 12, of_views_is, -1, 1, NULL });
  laws_hold (&(law_case){ "constants", of_constants, 3, 6, of_constants_is, -1, 1, NULL });
  laws_hold (&(law_case){ "one operand in two places", twice_the_same, 9, 1, twice_the_same_is, -1, 1, NULL });
}
END_TEST

/* c(x) = sum of x^3, its gradient a kernel again, its second derivatives as a model: so many, and no more */

static int to_scalar (size_t nx, const wg_shape x[], wg_shape *y, void *ctx)
{
  (void) nx, (void) x, (void) ctx;
  y->rank = 0;
  return 0;
}

static int as_it_is (size_t nx, const wg_shape x[], wg_shape *y, void *ctx)
{
  (void) nx, (void) ctx;
  *y = x[0];
  return 0;
}

static int cubes_eval (size_t nx, const wg_shape sx[], const double *const x[], const wg_shape *sy, double y[], void *ctx)
{
  (void) nx, (void) sy, (void) ctx;
  y[0] = 0;
  for (size_t i = 0; i < size_of (sx); i++) y[0] += x[0][i]*x[0][i]*x[0][i];
  return 0;
}

static int slope_eval (size_t nx, const wg_shape sx[], const double *const x[], const wg_shape *sy, double y[], void *ctx)
{
  (void) nx, (void) sx, (void) ctx;
  for (size_t i = 0; i < size_of (sy); i++) y[i] = 3*x[0][i]*x[0][i];
  return 0;
}

static int curve_eval (size_t nx, const wg_shape sx[], const double *const x[], const wg_shape *sy, double y[], void *ctx)
{
  (void) nx, (void) sx, (void) ctx;
  for (size_t i = 0; i < size_of (sy); i++) y[i] = 6*x[0][i];
  return 0;
}

static const wg_array_rules curve = { .name = "curve", .shape = as_it_is, .eval = curve_eval };

static void slope_jvp (size_t nx, const wg_var x[], wg_var y, const wg_var dx[], wg_var *dy, void *ctx)
{
  (void) y;
  *dy = wg_mul (wg_array_custom (&curve, ctx, nx, x), dx[0]);
}

static void slope_vjp (size_t nx, const wg_var x[], wg_var y, wg_var ybar, wg_var xbar[], void *ctx)
{
  (void) y;
  xbar[0] = wg_mul (wg_array_custom (&curve, ctx, nx, x), ybar);
}

static const wg_array_rules slope = { "slope", as_it_is, slope_eval, slope_jvp, slope_vjp };
static const wg_array_rules flat_slope = { "flat slope", as_it_is, slope_eval, NULL, NULL };

/* ctx: the rules of the slope */
static void cubes_jvp (size_t nx, const wg_var x[], wg_var y, const wg_var dx[], wg_var *dy, void *ctx)
{
  (void) y;
  *dy = wg_sum (wg_mul (wg_array_custom (ctx, NULL, nx, x), dx[0]));
}

static void cubes_vjp (size_t nx, const wg_var x[], wg_var y, wg_var ybar, wg_var xbar[], void *ctx)
{
  (void) y;
  xbar[0] = wg_mul (wg_array_custom (ctx, NULL, nx, x), ybar);
}

static const wg_array_rules cubes = { "cubes", to_scalar, cubes_eval, cubes_jvp, cubes_vjp };
static const wg_array_rules no_jvp = { "no jvp", to_scalar, cubes_eval, NULL, cubes_vjp };
static const wg_array_rules no_vjp = { "no vjp", to_scalar, cubes_eval, cubes_jvp, NULL };

typedef struct { const wg_array_rules *rules, *slope; } cubed;

MODEL (sum_of_cubes)
{
  (void) m;
  const cubed *c = ctx;
  y[0] = wg_array_custom (c->rules, (void *) c->slope, 1, (wg_var[]){ wg_vec (x, n) });
}

/* The statuses of gradient, jvp, hvp, of the hvp as a function, which is recorded without values' tangents, and its adjoints, for these rules. */
static void orders (cubed c, int gradient, int jvp, int hvp, int recorded, int third)
{
  const double x[3] = { .5, -1.25, 2 }, v[3] = { 1, .25, -3 }, both[6] = { .5, -1.25, 2, 1, .25, -3 }, u[3] = { 1, 1, 1 };
  double y, g[3], hv[3], got[6];
  wg_fun *f = wg_fun_record (sum_of_cubes, &c, 3, 1, x);
  ck_assert_msg (f != NULL, "%s", wg_last_error ());
  ck_assert_int_eq (wg_eval (f, x, &y), WG_OK);
  ck_assert_double_eq_tol (y, .125 - 1.25*1.25*1.25 + 8, 1e-14);
  ck_assert_int_eq (wg_gradient (f, x, &y, g), gradient);
  for (int i = 0; i < 3 && !gradient; i++) ck_assert_double_eq_tol (g[i], 3*x[i]*x[i], 1e-14);
  ck_assert_int_eq (wg_jvp (f, x, v, &y, g), jvp);
  ck_assert_int_eq (wg_hvp (f, x, v, &y, g, hv), hvp);
  for (int i = 0; i < 3 && !hvp; i++) ck_assert_double_eq_tol (hv[i], 6*x[i]*v[i], 1e-14);
  if (hvp) ck_assert_ptr_nonnull (strstr (wg_last_error (), "no derivative of this order"));
  wg_fun *h = wg_fun_hvp (f);
  ck_assert_int_eq (h ? WG_OK : wg_fun_status (NULL), recorded);
  if (h) ck_assert_int_eq (wg_vjp (h, both, u, hv, got), third);
  if (h && !third) for (int i = 0; i < 3; i++) ck_assert_double_eq_tol (got[i], 6*v[i], 1e-14);
  wg_fun_free (f), wg_fun_free (h);
}

START_TEST (how_far)
{
  orders ((cubed){ &cubes, &slope }, WG_OK, WG_OK, WG_OK, WG_OK, WG_EORDER);
  orders ((cubed){ &cubes, &flat_slope }, WG_OK, WG_OK, WG_EORDER, WG_EORDER, WG_EORDER);
  orders ((cubed){ &no_jvp, &slope }, WG_OK, WG_EORDER, WG_EORDER, WG_OK, WG_EORDER);
  orders ((cubed){ &no_vjp, &slope }, WG_EORDER, WG_OK, WG_EORDER, WG_EORDER, WG_EORDER);
}
END_TEST

/* refusals */

static int fails (size_t nx, const wg_shape sx[], const double *const x[], const wg_shape *sy, double y[], void *ctx)
{
  (void) nx, (void) sx, (void) sy, (void) ctx;
  y[0] = 0;
  return x[0][0] > 1 ? 42 : 0;
}

static int too_deep (size_t nx, const wg_shape x[], wg_shape *y, void *ctx)
{
  (void) nx, (void) x, (void) ctx;
  y->rank = WG_RANK + 1;
  return 0;
}

MODEL (with)
{
  (void) n, (void) m;
  y[0] = wg_sum (wg_array_custom (ctx, NULL, 1, (wg_var[]){ wg_vec (x, 2) }));
}

MODEL (misfits) { UNUSED; y[0] = wg_sum (scaled_by (wg_mat (x, 2, 2), wg_vec (x, 1), NULL)); }
MODEL (nothing) { UNUSED; (void) x; y[0] = wg_array_custom (&scaled, NULL, 0, x); }

static void refused (wg_model *model, const wg_array_rules *rules, double at, int status, const char *why)
{
  ck_assert_ptr_null (wg_fun_record (model, (void *) rules, 4, 1, (double[]){ at, 0, 0, 0 }));
  ck_assert_int_eq (wg_fun_status (NULL), status);
  ck_assert_msg (strstr (wg_last_error (), why) != NULL, "%s", wg_last_error ());
}

START_TEST (refusals)
{
  const wg_array_rules failing = { .shape = to_scalar, .eval = fails }, no_eval = { .shape = as_it_is }, no_shape = { .eval = fails };
  const wg_array_rules deep = { .shape = too_deep, .eval = fails };
  double y;
  refused (with, &failing, 2, WG_EMODEL, "custom: eval returned 42");
  refused (with, &no_eval, 0, WG_EINVAL, "lack");
  refused (with, &no_shape, 0, WG_EINVAL, "lack");
  refused (with, NULL, 0, WG_EINVAL, "NULL");
  refused (with, &deep, 0, WG_ESHAPE, "rank");
  refused (misfits, NULL, 0, WG_ESHAPE, "shapes (2, 2) and (1,)");
  refused (nothing, NULL, 0, WG_EINVAL, "no operands");
  ck_assert_int_eq (wg_rank (wg_array_custom (&scaled, NULL, 1, (wg_var[]){ wg_num (1) })), 0);
  ck_assert_int_eq (wg_fun_status (NULL), WG_ETAPE);

  /* a point where it does not work, and one where it does */
  wg_fun *f = wg_fun_record (with, (void *) &failing, 2, 1, (double[]){ 0, 0 });
  ck_assert_int_eq (wg_eval (f, (double[]){ 2, 0 }, &y), WG_EMODEL);
  ck_assert_int_eq (wg_eval (f, (double[]){ .5, 0 }, &y), WG_OK);
  wg_fun_free (f);
}
END_TEST

/* Constants are computed once; a live tape has it as well. */
START_TEST (elsewhere)
{
  int runs = 0;
  wg_tape *t = wg_tape_new ();
  const double a[2] = { 1.5, -2 }, b[2] = { .25, .75 };
  double bar[2];
  const wg_var A = wg_tape_array (t, 2, (size_t[]){ 1, 2 }, a), c = wg_constant (A, 2, (size_t[]){ 1, 2 }, a);
  const wg_var d = wg_constant (A, 1, (size_t[]){ 2 }, b), fixed = scaled_by (c, d, &runs), y = scaled_by (A, d, &runs);
  ck_assert_int_eq (runs, 2);
  const wg_var all = wg_sum (wg_add (y, fixed));
  ck_assert_int_eq (wg_backward (all, NULL), WG_OK);
  ck_assert_int_eq (runs, 4);                          /* y, its adjoint */
  ck_assert_int_eq (wg_adjoint (A, bar), WG_OK);
  for (int i = 0; i < 2; i++) ck_assert_double_eq_tol (bar[i], exp (b[i]), 1e-15);
  ck_assert_int_eq (wg_adjoint (fixed, bar), WG_INDEPENDENT);
  wg_tape_free (t);
}
END_TEST

int main (void)
{
  Suite *s = suite_create ("custom arrays");
  TCase *t = tcase_create ("custom arrays");
  tcase_set_timeout (t, 120);
  tcase_add_test (t, laws), tcase_add_test (t, how_far), tcase_add_test (t, refusals), tcase_add_test (t, elsewhere);
  suite_add_tcase (s, t);
  return run_suite (s);
}
