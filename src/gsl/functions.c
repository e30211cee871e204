/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Functions in GSL's shapes: params is the wg_fun, callbacks are drivers with GSL's error codes.  Shapes are checked when
 * GSL calls, since a structure that is returned by value cannot say that f did not fit.
 */
#include <string.h>

#include <wengert/gsl.h>

int wg_gsl_errno (int status)
{
  switch (status)
    {
    case WG_OK: return GSL_SUCCESS;
    case WG_NONFINITE: return GSL_EDOM;
    case WG_NOCONV: return GSL_EMAXITER;
    case WG_EINVAL: return GSL_EINVAL;
    case WG_ENOMEM: return GSL_ENOMEM;
    case WG_ESHAPE: return GSL_EBADLEN;
    default: return WG_FAILED (status) ? GSL_EBADFUNC : GSL_FAILURE;
    }
}

/* gsl_function */

/* value and derivative at x; NaN after an error */
static void at (double x, void *f, double *y, double *dy)
{
  double value = GSL_NAN, slope = GSL_NAN;
  if (f && wg_fun_n (f) != 1) wg_fun_fail (f, WG_ESHAPE, "a gsl_function has one input");
  else wg_gradient (f, &x, &value, dy ? &slope : NULL);
  if (y) *y = value;
  if (dy) *dy = slope;
}

static double one_f (double x, void *f)
{
  double y;
  at (x, f, &y, NULL);
  return y;
}

static double one_df (double x, void *f)
{
  double dy;
  at (x, f, NULL, &dy);
  return dy;
}

gsl_function wg_gsl_function (wg_fun *f)
{
  return (gsl_function){ .function = one_f, .params = f };
}

gsl_function_fdf wg_gsl_function_fdf (wg_fun *f)
{
  return (gsl_function_fdf){ .f = one_f, .df = one_df, .fdf = at, .params = f };
}

/* multimin */

static void min_fdf (const gsl_vector *x, void *f, double *y, gsl_vector *g)
{
  double value = GSL_NAN;
  if (WG_FAILED (wg_gsl_gradient (f, x, &value, g)) && g) gsl_vector_set_all (g, GSL_NAN);
  if (y) *y = value;
}

static double min_f (const gsl_vector *x, void *f)
{
  double y;
  min_fdf (x, f, &y, NULL);
  return y;
}

static void min_df (const gsl_vector *x, void *f, gsl_vector *g)
{
  min_fdf (x, f, NULL, g);
}

gsl_multimin_function wg_gsl_multimin_f (wg_fun *f)
{
  return (gsl_multimin_function){ .f = min_f, .n = wg_fun_n (f), .params = f };
}

gsl_multimin_function_fdf wg_gsl_multimin (wg_fun *f)
{
  return (gsl_multimin_function_fdf){ .f = min_f, .df = min_df, .fdf = min_fdf, .n = wg_fun_n (f), .params = f };
}

/* multiroot and multifit: the same functions of vectors */

static int vector_f (const gsl_vector *x, void *f, gsl_vector *y)
{
  return wg_gsl_errno (wg_gsl_eval (f, x, y));
}

static int vector_df (const gsl_vector *x, void *f, gsl_matrix *J)
{
  return wg_gsl_errno (wg_gsl_jacobian (f, x, NULL, J));
}

static int vector_fdf (const gsl_vector *x, void *f, gsl_vector *y, gsl_matrix *J)
{
  return wg_gsl_errno (wg_gsl_jacobian (f, x, y, J));
}

static int vector_fvv (const gsl_vector *x, const gsl_vector *v, void *f, gsl_vector *fvv)
{
  return wg_gsl_errno (wg_gsl_fvv (f, x, v, NULL, NULL, fvv));
}

gsl_multiroot_function wg_gsl_multiroot_f (wg_fun *f)
{
  return (gsl_multiroot_function){ .f = vector_f, .n = wg_fun_n (f), .params = f };
}

gsl_multiroot_function_fdf wg_gsl_multiroot (wg_fun *f)
{
  return (gsl_multiroot_function_fdf){ .f = vector_f, .df = vector_df, .fdf = vector_fdf, .n = wg_fun_n (f), .params = f };
}

gsl_multifit_nlinear_fdf wg_gsl_multifit (wg_fun *f)
{
  return (gsl_multifit_nlinear_fdf){ .f = vector_f, .df = vector_df, .fvv = vector_fvv, .n = wg_fun_m (f), .p = wg_fun_n (f),
                                     .params = f };
}

/* multilarge */

/* J^T J at the last point, column by column; the lower triangle is it. */
static int normal_matrix (wg_fun *f, gsl_matrix *JTJ)
{
  const size_t p = wg_fun_n (f);
  if (JTJ->size1 != p || JTJ->size2 != p) return wg_fun_fail (f, WG_ESHAPE, "multilarge: J^T J has another order");
  double *unit = wg_fun_room (f, 2*p), *got = unit ? unit + p : NULL;
  if (!unit) return WG_ENOMEM;
  memset (unit, 0, p*sizeof *unit);
  int rc = WG_OK, notice = WG_OK;
  for (size_t j = 0; j < p && !WG_FAILED (rc); j++)
    {
      unit[j] = 1;
      rc = wg_gnvp (f, NULL, unit, NULL, got);
      unit[j] = 0;
      if (rc > 0) notice = rc;
      for (size_t i = j; i < p && !WG_FAILED (rc); i++)
        gsl_matrix_set (JTJ, i, j, got[i]), gsl_matrix_set (JTJ, j, i, got[i]);
    }
  return rc ? rc : notice;
}

static int large_df (CBLAS_TRANSPOSE_t transposed, const gsl_vector *x, const gsl_vector *u, void *f, gsl_vector *v,
                     gsl_matrix *JTJ)
{
  int rc = WG_OK;
  if (v) rc = transposed == CblasNoTrans ? wg_gsl_jvp (f, x, u, NULL, v) : wg_gsl_vjp (f, x, u, NULL, v);
  else if (JTJ) rc = wg_gsl_eval (f, x, NULL);
  if (!rc && JTJ) rc = normal_matrix (f, JTJ);
  return wg_gsl_errno (rc);
}

gsl_multilarge_nlinear_fdf wg_gsl_multilarge (wg_fun *f)
{
  return (gsl_multilarge_nlinear_fdf){ .f = vector_f, .df = large_df, .fvv = vector_fvv, .n = wg_fun_m (f), .p = wg_fun_n (f),
                                       .params = f };
}

/* odeiv2: inputs t, y or y alone */

static int ode_shape (wg_fun *f)
{
  const size_t n = wg_fun_n (f), m = wg_fun_m (f);
  if (!f) return wg_fun_fail (NULL, WG_EINVAL, "an ODE system: f is NULL");
  return n == m || n == m + 1 ? WG_OK : wg_fun_fail (f, WG_ESHAPE, "an ODE system has inputs t, y or y, and outputs y'");
}

static int ode_function (double t, const double y[], double dydt[], void *f)
{
  const size_t n = wg_fun_n (f), m = wg_fun_m (f);
  int rc = ode_shape (f);
  if (!rc && n == m) rc = wg_eval (f, y, dydt);
  else if (!rc)
    {
      double *x = wg_fun_room (f, n);
      if (x) x[0] = t, memcpy (x + 1, y, m*sizeof *y);
      rc = x ? wg_eval (f, x, dydt) : WG_ENOMEM;
    }
  return wg_gsl_errno (rc);
}

static int ode_jacobian (double t, const double y[], double *dfdy, double dfdt[], void *f)
{
  const size_t n = wg_fun_n (f), m = wg_fun_m (f);
  int rc = ode_shape (f);
  if (rc) return wg_gsl_errno (rc);
  if (n == m)
    {
      rc = wg_jacobian (f, y, NULL, dfdy);
      if (!WG_FAILED (rc)) memset (dfdt, 0, m*sizeof *dfdt);
      return wg_gsl_errno (rc);
    }
  double *x = wg_fun_room (f, n + m*n), *J = x ? x + n : NULL;
  if (!x) return GSL_ENOMEM;
  x[0] = t, memcpy (x + 1, y, m*sizeof *y);
  rc = wg_jacobian (f, x, NULL, J);
  for (size_t i = 0; i < m && !WG_FAILED (rc); i++)
    {
      dfdt[i] = J[i*n];
      memcpy (dfdy + i*m, J + i*n + 1, m*sizeof *dfdy);
    }
  return wg_gsl_errno (rc);
}

gsl_odeiv2_system wg_gsl_odeiv2 (wg_fun *f)
{
  return (gsl_odeiv2_system){ .function = ode_function, .jacobian = ode_jacobian, .dimension = wg_fun_m (f), .params = f };
}
