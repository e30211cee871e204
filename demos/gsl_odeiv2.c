/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * A stiff equation by GSL's backward differentiation formulas and Bulirsch-Stoer-Bader-Deuflhard: van der Pol's oscillator,
 *   y0' = y1,   y1' = mu (1 - y0^2) y1 - y0,   mu = 1000,   y (0) = (2, 0),   0 <= t <= 2000.
 * These need the Jacobian.  Once it is exact, from wg_gsl_odeiv2; once it is by forward differences, as one would write it.
 * Look at the evaluations of y', those for differences among them; the steps need not be fewer.
 */
#include <math.h>
#include <stdio.h>

#include <wengert/gsl.h>

static const double mu = 1000, tolerance = 1e-8, end = 2000;

static void van_der_pol (size_t n, const wg_var y[], size_t m, wg_var dy[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  dy[0] = y[1];
  dy[1] = wg_sub (wg_mul (mu, wg_mul (wg_sub (1, wg_sqr (y[0])), y[1])), y[0]);
}

typedef struct { gsl_odeiv2_system exact; unsigned long f, jacobians; } counter;

static int function (double t, const double y[], double dydt[], void *params)
{
  counter *c = params;
  c->f++;
  return c->exact.function (t, y, dydt, c->exact.params);
}

static int exact_jacobian (double t, const double y[], double *dfdy, double dfdt[], void *params)
{
  counter *c = params;
  c->jacobians++;
  return c->exact.jacobian (t, y, dfdy, dfdt, c->exact.params);
}

static int differenced_jacobian (double t, const double y[], double *dfdy, double dfdt[], void *params)
{
  counter *c = params;
  double at[2] = { y[0], y[1] }, base[2], moved[2];
  int rc = function (t, y, base, params);
  c->jacobians++;
  for (int j = 0; j < 2 && !rc; j++)
    {
      const double h = 1.5e-8*fmax (fabs (y[j]), 1e-3);
      at[j] = y[j] + h;
      rc = function (t, at, moved, params);
      for (int i = 0; i < 2; i++) dfdy[2*i + j] = (moved[i] - base[i])/(at[j] - y[j]);
      at[j] = y[j];
    }
  dfdt[0] = dfdt[1] = 0;
  return rc;
}

static int integrate (const gsl_odeiv2_step_type *type, wg_fun *f, int exact)
{
  counter c = { wg_gsl_odeiv2 (f), 0, 0 };
  gsl_odeiv2_system s = { function, exact ? exact_jacobian : differenced_jacobian, c.exact.dimension, &c };
  gsl_odeiv2_driver *d = gsl_odeiv2_driver_alloc_y_new (&s, type, 1e-6, tolerance, tolerance);
  double t = 0, y[2] = { 2, 0 };
  if (!d) return 1;
  const int rc = gsl_odeiv2_driver_apply (d, &t, end, y);
  if (rc) fprintf (stderr, "%s: %s\n", gsl_strerror (rc), wg_last_error ());
  else
    printf ("%-6s  %-11s  y(%g) = %9.6f   %6lu steps  %6lu y'  %6lu Jacobians\n", type->name, exact ? "exact" : "differenced", t,
            y[0], d->e->count, c.f, c.jacobians);
  gsl_odeiv2_driver_free (d);
  return rc;
}

int main (void)
{
  const double y0[2] = { 2, 0 };
  const gsl_odeiv2_step_type *type[] = { gsl_odeiv2_step_msbdf, gsl_odeiv2_step_bsimp };
  wg_fun *f = wg_fun_record (van_der_pol, NULL, 2, 2, y0);
  if (!f) return fprintf (stderr, "%s\n", wg_last_error ()), 1;
  int rc = 0;
  for (int k = 0; k < 4 && !rc; k++) rc = integrate (type[k/2], f, k % 2 == 0);
  wg_fun_free (f);
  return rc;
}
