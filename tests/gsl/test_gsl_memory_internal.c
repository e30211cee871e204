/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Adapters and drivers allocate on the first call of a kind and never again, whatever the strides; when that first call
 * finds no memory, it is GSL_ENOMEM and the next one works.
 */
#include <check.h>

#include <wengert/gsl.h>

#include "allocations.h"
#include "runner.h"

enum { N = 3 };

static void model (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) ctx;
  for (size_t i = 0; i < m; i++) y[i] = wg_mul (wg_exp (x[i % n]), wg_sin (x[(i + 1) % n]));
}

static double store[8][2*N*N];
static gsl_vector_view x, v, g, h;
static gsl_matrix_view A;
static gsl_multifit_nlinear_fdf fit;
static gsl_multilarge_nlinear_fdf large;
static gsl_odeiv2_system ode;
static gsl_multimin_function_fdf min;

static void set_up (wg_fun *f, wg_fun *s, wg_fun *t)
{
  for (int i = 0; i < 2*N; i++) store[0][i] = .25*i, store[1][i] = 1 - .5*i;
  x = gsl_vector_view_array_with_stride (store[0], 2, N), v = gsl_vector_view_array_with_stride (store[1], 2, N);
  g = gsl_vector_view_array_with_stride (store[2], 2, N), h = gsl_vector_view_array_with_stride (store[3], 2, N);
  A = gsl_matrix_view_array_with_tda (store[4], N, N, 2*N);
  fit = wg_gsl_multifit (f), large = wg_gsl_multilarge (f), ode = wg_gsl_odeiv2 (t), min = wg_gsl_multimin (s);
}

/* One call of everything; the first code that is not 0. */
static int all (wg_fun *s)
{
  double y;
  int rc = fit.f (&x.vector, fit.params, &g.vector);
  if (!rc) rc = fit.df (&x.vector, fit.params, &A.matrix);
  if (!rc) rc = fit.fvv (&x.vector, &v.vector, fit.params, &g.vector);
  if (!rc) rc = large.df (CblasTrans, &x.vector, &v.vector, large.params, &g.vector, &A.matrix);
  if (!rc) rc = large.df (CblasNoTrans, &x.vector, &v.vector, large.params, &g.vector, NULL);
  if (!rc) rc = ode.function (.5, store[1], store[5], ode.params);
  if (!rc) rc = ode.jacobian (.5, store[1], store[5], store[6], ode.params);
  if (!rc) min.fdf (&x.vector, min.params, &y, &g.vector), rc = wg_gsl_errno (wg_fun_status (s));
  if (!rc) rc = wg_gsl_errno (wg_gsl_hessian (s, &x.vector, &y, &g.vector, &A.matrix));
  if (!rc) rc = wg_gsl_errno (wg_gsl_hvp (s, &x.vector, &v.vector, &y, &g.vector, &h.vector));
  return rc;
}

START_TEST (allocations)
{
  const double x0[N + 1] = { .5, .25, .75, 1 };
  for (long k = 0; ; k++)
    {
      wg_fun *f = wg_fun_record (model, NULL, N, N, x0), *s = wg_fun_record (model, NULL, N, 1, x0);
      wg_fun *t = wg_fun_record (model, NULL, N + 1, N, x0);
      set_up (f, s, t);
      calls = refused = 0, fail_at = k, inside = 1;
      int rc = all (s);
      inside = 0, fail_at = 0;
      const int was_refused = refused;
      ck_assert_int_eq (rc, was_refused ? GSL_ENOMEM : GSL_SUCCESS);
      ck_assert_int_eq (all (s), GSL_SUCCESS);
      calls = 0, inside = 1;
      rc = all (s);
      inside = 0;
      ck_assert_int_eq (rc, GSL_SUCCESS);
      ck_assert_int_eq (calls, 0);
      wg_fun_free (f), wg_fun_free (s), wg_fun_free (t);
      if (k && !was_refused) break;
    }
}
END_TEST

int main (void)
{
  Suite *s = suite_create ("gsl_memory");
  TCase *t = tcase_create ("gsl_memory");
  tcase_add_test (t, allocations);
  suite_add_tcase (s, t);
  return run_suite (s);
}
