/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * A GSL fit whose Jacobian and second directional derivative are exact: y = A exp (-k t) + b.  The model is written once,
 * and GSL gets f, df and fvv of it.  Look at the counts: fvv is called once a step, where differences would call f. */
#include <math.h>
#include <stdio.h>
#include <wengert/gsl.h>
enum { N = 40 };
struct data { double t[N], y[N]; };

static void residuals (size_t n, const wg_var x[], size_t m, wg_var r[], void *ctx)
{
  const struct data *d = ctx;
  for (size_t i = 0; i < m; i++)
    r[i] = wg_sub (wg_add (wg_mul (x[0], wg_exp (wg_mul (-d->t[i], x[1]))), x[2]), d->y[i]);
}

int main (void)
{
  struct data d;                                           /* must outlive f */
  double x0[3] = { 1, 1, 0 };
  for (int i = 0; i < N; i++)
    d.t[i] = 3.0*i/(N - 1), d.y[i] = 5*exp (-1.5*d.t[i]) + 1 + 0.1*sin (37*i);
  wg_fun *f = wg_fun_record (residuals, &d, 3, N, x0);
  gsl_multifit_nlinear_fdf fdf = wg_gsl_multifit (f);      /* f, df, fvv, n, p, params */
  gsl_multifit_nlinear_parameters par = gsl_multifit_nlinear_default_parameters ();
  par.trs = gsl_multifit_nlinear_trs_lmaccel;              /* geodesic acceleration uses fvv */
  gsl_multifit_nlinear_workspace *w = gsl_multifit_nlinear_alloc (gsl_multifit_nlinear_trust, &par, N, 3);
  gsl_vector_view x = gsl_vector_view_array (x0, 3);
  int info, rc = gsl_multifit_nlinear_init (&x.vector, &fdf, w);
  if (!rc) rc = gsl_multifit_nlinear_driver (100, 1e-10, 1e-10, 0, NULL, NULL, &info, w);
  printf ("%s: A = %.6f  k = %.6f  b = %.6f  after %zu f, %zu df, %zu fvv\n", rc ? wg_last_error () : "fitted",
          gsl_vector_get (w->x, 0), gsl_vector_get (w->x, 1), gsl_vector_get (w->x, 2), fdf.nevalf, fdf.nevaldf, fdf.nevalfvv);
  gsl_multifit_nlinear_free (w), wg_fun_free (f);
  return rc;
}
