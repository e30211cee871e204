/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * NLopt's shapes: the types are NLopt's, written out here (2.7, nlopt.h); numbers are those of the drivers; errors stay in
 * the handle and give NaN.
 */
#include <check.h>

#include <wengert.h>
#include <wengert/nlopt.h>

#include "runner.h"

typedef double (*nlopt_func) (unsigned n, const double *x, double *gradient, void *func_data);
typedef void (*nlopt_mfunc) (unsigned m, double *result, unsigned n, const double *x, double *gradient, void *func_data);
typedef void (*nlopt_precond) (unsigned n, const double *x, const double *v, double *vpre, void *data);

static const nlopt_func func = wg_nlopt_func;
static const nlopt_mfunc mfunc = wg_nlopt_mfunc;
static const nlopt_precond precond = wg_nlopt_precond;

static void scalar (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  y[0] = wg_add (wg_mul (wg_sqr (x[0]), x[1]), wg_log (wg_add (x[1], x[2])));
}

static void vector (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  y[0] = wg_mul (x[0], wg_mul (x[1], x[2]));
  y[1] = wg_exp (wg_sub (x[2], x[0]));
}

START_TEST (same_as_drivers)
{
  const double x[3] = { 1.375, .8125, 2.4375 }, v[3] = { .5, -1.25, .75 };
  double y, g[3], g2[3], hv[3], hv2[3], r[2], r2[2], J[6], J2[6];
  wg_fun *f = wg_fun_record (scalar, NULL, 3, 1, x), *c = wg_fun_record (vector, NULL, 3, 2, x);
  ck_assert_int_eq (wg_hvp (f, x, v, &y, g, hv), WG_OK);
  ck_assert_int_eq (wg_jacobian (c, x, r, J), WG_OK);
  ck_assert (func (3, x, NULL, f) == y);
  ck_assert (func (3, x, g2, f) == y && !memcmp (g, g2, sizeof g));
  precond (3, x, v, hv2, f);
  ck_assert (!memcmp (hv, hv2, sizeof hv));
  mfunc (2, r2, 3, x, NULL, c);
  ck_assert (!memcmp (r, r2, sizeof r));
  mfunc (2, r2, 3, x, J2, c);
  ck_assert (!memcmp (J, J2, sizeof J));
  ck_assert_int_eq (wg_fun_status (c), WG_OK);
  wg_fun_free (f), wg_fun_free (c);
}
END_TEST

/* An overflow is a number, an error is NaN; both are kept. */
START_TEST (errors)
{
  const double x[3] = { 1, -2, 1 };
  double g[4] = { 7, 7, 7, 7 }, r[3] = { 7, 7, 7 }, J[9];
  wg_fun *f = wg_fun_record (scalar, NULL, 3, 1, (double[]){ 1, 1, 1 }), *c = wg_fun_record (vector, NULL, 3, 2, x);
  ck_assert (isnan (func (3, x, g, f)) && isfinite (g[0]));
  ck_assert_int_eq (wg_fun_status (f), WG_NONFINITE);
  mfunc (2, r, 3, (double[]){ -800, 1, 2 }, NULL, c);
  ck_assert (isfinite (r[0]) && isinf (r[1]));
  ck_assert_int_eq (wg_fun_status (c), WG_NONFINITE);
  g[0] = 7;
  ck_assert (isnan (func (2, x, g, f)) && isnan (g[0]) && isnan (g[1]));
  ck_assert_int_eq (wg_fun_status (f), WG_ESHAPE);
  ck_assert (strstr (wg_last_error (), "wg_nlopt_func"));
  ck_assert (isnan (func (3, x, NULL, c)));
  ck_assert_int_eq (wg_fun_status (c), WG_ESHAPE);
  mfunc (3, r, 3, x, J, c);
  ck_assert (isnan (r[0]) && isnan (r[2]) && isnan (J[8]));
  g[0] = 7;
  precond (3, x, x, g, c);
  ck_assert (isnan (g[0]));
  ck_assert (isnan (func (3, x, g, NULL)));
  ck_assert_int_eq (wg_fun_status (NULL), WG_EINVAL);
  wg_fun_free (f), wg_fun_free (c);
}
END_TEST

/* The room is the caller's: it stays, and grows when asked. */
START_TEST (room)
{
  wg_fun *f = wg_fun_record (scalar, NULL, 3, 1, (double[]){ 1, 1, 1 });
  double *a = wg_fun_room (f, 5), y;
  ck_assert (a != NULL);
  for (int i = 0; i < 5; i++) a[i] = i;
  ck_assert_int_eq (wg_eval (f, (double[]){ 1, 2, 3 }, &y), WG_OK);
  ck_assert (wg_fun_room (f, 0) == a && wg_fun_room (f, 5) == a && a[4] == 4);
  ck_assert ((a = wg_fun_room (f, 5000)) != NULL);
  a[4999] = 1;
  ck_assert (wg_fun_room (f, SIZE_MAX/4) == NULL);
  ck_assert_int_eq (wg_fun_status (f), WG_ENOMEM);
  ck_assert (wg_fun_room (f, 5000) == a && a[4999] == 1);
  ck_assert (wg_fun_room (NULL, 1) == NULL);
  ck_assert_int_eq (wg_fun_status (NULL), WG_EINVAL);
  ck_assert_int_eq (wg_fun_fail (f, WG_EMODEL, "the adapter's words"), WG_EMODEL);
  ck_assert_int_eq (wg_fun_status (f), WG_EMODEL);
  ck_assert_str_eq (wg_last_error (), "the adapter's words");
  ck_assert_int_eq (wg_fun_fail (NULL, WG_ENOMEM, NULL), WG_ENOMEM);
  ck_assert_str_eq (wg_last_error (), wg_strerror (WG_ENOMEM));
  wg_fun_free (f);
}
END_TEST

int main (void)
{
  Suite *s = suite_create ("nlopt");
  TCase *t = tcase_create ("nlopt");
  tcase_add_test (t, same_as_drivers);
  tcase_add_test (t, errors);
  tcase_add_test (t, room);
  suite_add_tcase (s, t);
  return run_suite (s);
}
