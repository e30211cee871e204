/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * GSL's minimizers with an exact gradient: the chained Rosenbrock function in 10 variables,
 *   f (x) = sum over i of 100 (x[i+1] - x[i]^2)^2 + (1 - x[i])^2,
 * its model written once.  Conjugate gradients and BFGS by GSL, then Newton-CG by wg_minimize, which has the Hessian's
 * products too.  Look at the evaluations: those of GSL are counted in the callback, one for a value or a gradient.
 */
#include <stdio.h>

#include <wengert/gsl.h>

enum { N = 10 };

static void rosenbrock (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) m, (void) ctx;
  y[0] = wg_num (0);
  for (size_t i = 0; i + 1 < n; i++)
    {
      const wg_var off = wg_sub (x[i+1], wg_sqr (x[i])), left = wg_sub (1, x[i]);
      y[0] = wg_add (y[0], wg_add (wg_mul (100, wg_sqr (off)), wg_sqr (left)));
    }
}

/* wg_gsl_multimin's functions, counted: an adapter is a value, and may be wrapped. */
static gsl_multimin_function_fdf exact;
static int calls;

static double value (const gsl_vector *x, void *f) { calls++; return exact.f (x, f); }
static void slope (const gsl_vector *x, void *f, gsl_vector *g) { calls++; exact.df (x, f, g); }
static void both (const gsl_vector *x, void *f, double *y, gsl_vector *g) { calls++; exact.fdf (x, f, y, g); }

static void start (double x[])
{
  for (int i = 0; i < N; i++) x[i] = i % 2 ? 1 : -1.2;
}

static int minimize (const gsl_multimin_fdfminimizer_type *type, wg_fun *f)
{
  double x0[N];
  start (x0);
  gsl_vector_view x = gsl_vector_view_array (x0, N);
  gsl_multimin_function_fdf counted = exact;
  counted.f = value, counted.df = slope, counted.fdf = both;
  gsl_multimin_fdfminimizer *s = gsl_multimin_fdfminimizer_alloc (type, N);
  if (!s) return 1;
  int rc = gsl_multimin_fdfminimizer_set (s, &counted, &x.vector, .01, .1), iterations = 0;
  calls = 0;
  while (!rc && gsl_multimin_test_gradient (s->gradient, 1e-8) == GSL_CONTINUE && iterations < 2000)
    rc = gsl_multimin_fdfminimizer_iterate (s), iterations++;
  printf ("%-18s f %9.1e   x[9] %.6f   %4d iterations  %4d evaluations\n", type->name, s->f, gsl_vector_get (s->x, N - 1),
          iterations, calls);
  rc = WG_FAILED (wg_fun_status (f));
  gsl_multimin_fdfminimizer_free (s);
  return rc;
}

int main (void)
{
  double x[N];
  start (x);
  wg_fun *f = wg_fun_record (rosenbrock, NULL, N, 1, x);
  if (!f) return fprintf (stderr, "%s\n", wg_last_error ()), 1;
  exact = wg_gsl_multimin (f);
  int bad = minimize (gsl_multimin_fdfminimizer_conjugate_pr, f);
  bad |= minimize (gsl_multimin_fdfminimizer_vector_bfgs2, f);
  wg_minimize_result r;
  if (bad || WG_FAILED (wg_minimize (f, x, NULL, &r))) return fprintf (stderr, "%s\n", wg_last_error ()), 1;
  printf ("%-18s f %9.1e   x[9] %.6f   %4zu iterations  %4zu evaluations and %zu Hessian-vector products\n", "wg_minimize", r.f,
          x[N-1], r.iterations, r.evaluations, r.hvps);
  wg_fun_free (f);
  return 0;
}
