/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * The curved valley of Rosenbrock (Computer Journal 3, 1960), in n variables:
 *
 *     f (x) = sum over i < n - 1 of  100 (x[i+1] - x[i]^2)^2 + (1 - x[i])^2,    minimum 0 at (1, ..., 1)
 *
 * The floor of the valley, x[i+1] = x[i]^2, is easy to reach and hard to follow: steepest descent takes
 * thousands of steps.  Newton's method knows the curvature; wg_minimize asks for it by Hessian-vector products, and with
 * n = 1000 it sees that three of them give the whole Hessian, which has three diagonals.  Nobody writes a derivative.
 *
 * To see: the first program, which the README shows, between the marks; for n = 2 the path, down to the floor
 * at once and then round the bend, f falling ever faster at the end; for n = 1000 that the bend is travelled one
 * variable after the other, so that steps grow with n, but not what a step needs: three products.
 *
 * To run:  rosenbrock
 */
#include <math.h>
#include <stdlib.h>
/* first program: begin */
#include <stdio.h>
#include <wengert.h>

static void rosenbrock (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  y[0] = wg_num (0);
  for (size_t i = 0; i + 1 < n; i++)
    {
      wg_var off = wg_sub (x[i+1], wg_sqr (x[i])), left = wg_sub (1, x[i]);
      y[0] = wg_add (y[0], wg_add (wg_mul (100, wg_sqr (off)), wg_sqr (left)));
    }
  (void) m, (void) ctx;
}
/* first program: end */

/* A line for every step tried; ctx is what the options say, here the stream. */
static int print_step (const wg_minimize_progress *p, void *ctx)
{
  FILE *out = ctx;
  if (!p->iteration) fprintf (out, "\nn = 2, its path\nstep       x[0]       x[1]           f\n");
  fprintf (out, "%4zu  %9.6f  %9.6f  %10.3e%s%s\n", p->iteration, p->x[0], p->x[1], p->f,
           p->accepted ? "" : "  step refused", p->curvature ? "  negative curvature" : "");
  return 0;
}

static int path (void)
{
  double x[] = { -1.2, 1 };
  wg_fun *f = wg_fun_record (rosenbrock, NULL, 2, 1, x);
  const wg_minimize_options options = { .callback = print_step, .ctx = stdout };
  const int rc = f ? wg_minimize (f, x, &options, NULL) : wg_fun_status (NULL);
  if (rc) fprintf (stderr, "n = 2: %s: %s\n", wg_strerror (rc), wg_last_error ());
  wg_fun_free (f);
  return rc;
}

static int thousand (void)
{
  enum { N = 1000 };
  static double x[N];
  const wg_minimize_options options = { .iterations = 10000 };     /* instead of 1000 */
  wg_minimize_result r;
  for (size_t i = 0; i < N; i++) x[i] = i % 2 ? 1 : -1.2;
  wg_fun *f = wg_fun_record (rosenbrock, NULL, N, 1, x);
  const int rc = f ? wg_minimize (f, x, &options, &r) : wg_fun_status (NULL);
  if (rc) fprintf (stderr, "n = %d: %s: %s\n", N, wg_strerror (rc), wg_last_error ());
  else
    {
      double off = 0;
      for (size_t i = 0; i < N; i++) off = fmax (off, fabs (x[i] - 1));
      printf ("\nn = %d\n", N);
      printf ("%zu iterations, %zu values, %zu gradients, %zu Hessian-vector products, %.0f for an iteration\n",
              r.iterations, r.evaluations, r.gradients, r.hvps, (double) r.hvps/(double) r.iterations);
      printf ("f = %.6f, all x[i] within %.6f of 1: %s\n", r.f, off, wg_stop_name (r.reason));
    }
  wg_fun_free (f);
  return rc;
}

/* first program: begin */

int main (void)
{
  double x[] = { -1.2, 1 };
  wg_minimize_result r;
  wg_fun *f = wg_fun_record (rosenbrock, NULL, 2, 1, x);
  if (!f || WG_FAILED (wg_minimize (f, x, NULL, &r))) return fprintf (stderr, "%s\n", wg_last_error ()), 1;
  printf ("f (%.6f, %.6f) = %.6f, %zu iterations: %s\n", x[0], x[1], r.f, r.iterations, wg_stop_name (r.reason));
  wg_fun_free (f);
  /* first program: end */
  return path () || thousand () ? EXIT_FAILURE : EXIT_SUCCESS;
  /* first program: begin */
}
/* first program: end */
