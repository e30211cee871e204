/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * When did mining become safer?  Disasters in British coal mines, 1851 to 1961 (Jarrett 1979), in spans of three years, and Laplace's
 * approximation of what they tell:  y_i ~ Poisson (3 exp (f_i)),  the logarithm of the yearly rate being smooth,
 *
 *     f = m + s L u,   L L^T = K,   K_ij = exp (-(t_i - t_j)^2/(2 l^2)) + 1e-6 [i = j],   u ~ N (0, 1),
 *     m ~ N (0, 2^2),   log s ~ N (0, 0.3^2),   log l ~ N (log 25, 0.2^2);
 *
 * with wide priors of s and l the joint mode follows the noise, as joint modes do.
 * F (u, m, log s, log l) = -log p is written over arrays, the Cholesky factor of K included; its minimum is found by Newton-CG, through L;
 * its Hessian H there gives the normal distribution nearest to the posterior, and the evidence
 *     log p (y) = -F + d/2 log 2 pi - 1/2 log det H,   d the number of variables.
 * For Gaussian observations, s and l being given, F is quadratic and this is exact: that comes first, beside log N (y; 0, S).
 *
 * To see: two equal evidences; the rate falling from above 3 disasters a year to 1 between 1877 and 1899.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <wengert.h>

enum { YEARS = 111, SPAN = 3, N = YEARS/SPAN, D = N + 3 };

static const int disasters[YEARS] = {
  4, 5, 4, 0, 1, 4, 3, 4, 0, 6, 3, 3, 4, 0, 2, 6, 3, 3, 5, 4, 5, 3, 1, 4, 4, 1, 5, 5, 3, 4, 2, 5, 2, 2, 3, 4, 2, 1, 3, 2, 2, 1, 1, 1, 1, 3, 0, 0,
  1, 0, 1, 1, 0, 0, 3, 1, 0, 3, 2, 2, 0, 1, 1, 1, 0, 1, 0, 1, 0, 0, 0, 2, 1, 0, 0, 0, 1, 1, 0, 2, 3, 3, 1, 1, 2, 1, 1, 1, 1, 2, 4, 2, 0, 0, 1, 4,
  0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 1 };

typedef struct { double y[N], time[N], distance2[N*N], jitter[N*N]; } data;

static void prepare (data *s)
{
  for (int i = 0; i < N; i++)
    {
      s->y[i] = 0, s->time[i] = SPAN*i + 1;
      for (int k = 0; k < SPAN; k++) s->y[i] += disasters[SPAN*i + k];
    }
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++)
      {
        s->distance2[N*i + j] = (s->time[i] - s->time[j])*(s->time[i] - s->time[j]);
        s->jitter[N*i + j] = i == j ? 1e-6 : 0;
      }
}

/* the models */

static wg_var vector (wg_var like, const double v[]) { return wg_constant (like, 1, (size_t[]){ N }, v); }

/* K for the square of a length */
static wg_var covariance (wg_var length2, const data *s)
{
  const size_t dim[2] = { N, N };
  const wg_var d2 = wg_constant (length2, 2, dim, s->distance2);
  return wg_add (wg_exp (wg_div (wg_mul (-0.5, d2), length2)), wg_constant (length2, 2, dim, s->jitter));
}

/* -log of the normal density with this mean and deviation */
static wg_var normal (wg_var x, double mean, double deviation)
{
  return wg_add (wg_mul (0.5, wg_sqr (wg_div (wg_sub (x, mean), deviation))), 0.5*log (2*acos (-1)) + log (deviation));
}

static wg_var log_rate (const wg_var x[], const data *s)
{
  const wg_var L = wg_cholesky (covariance (wg_exp (wg_mul (2, x[N+2])), s));
  return wg_add (x[N], wg_mul (wg_exp (x[N+1]), wg_matmul (L, wg_vec (x, N))));
}

static void log_rates (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m;
  wg_unstack (log_rate (x, ctx), y);
}

static void poisson (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  const data *s = ctx;
  const wg_var f = log_rate (x, s);
  double constant = 0;
  for (int i = 0; i < N; i++) constant += lgamma (s->y[i] + 1) - s->y[i]*log (SPAN);
  const wg_var likelihood = wg_sum (wg_sub (wg_mul (SPAN, wg_exp (f)), wg_mul (vector (f, s->y), f)));
  const wg_var prior = wg_add (normal (x[N], 0, 2), wg_add (normal (x[N+1], 0, 0.3), normal (x[N+2], log (25), 0.2)));
  y[0] = wg_add (wg_add (wg_add (likelihood, constant), wg_sum (normal (wg_vec (x, N), 0, 1))), prior);
  (void) n, (void) m;
}

/* y = f + noise of deviation 1, f as above with m = 0, s = 2, l = 15 */
static void gaussian (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  const data *s = ctx;
  const wg_var u = wg_vec (x, N), K = covariance (wg_num (15*15), s);
  const wg_var f = wg_mul (2, wg_matmul (wg_cholesky (K), u));
  y[0] = wg_add (wg_sum (normal (wg_sub (vector (u, s->y), f), 0, 1)), wg_sum (normal (u, 0, 1)));
  (void) n, (void) m;
}

/* log N (y; 0, 4 K + 1) as a function of l^2 */
static void evidence (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  const data *s = ctx;
  double one[N*N] = { 0 };
  for (int i = 0; i < N; i++) one[(N + 1)*i] = 1;
  const wg_var noise = wg_constant (x[0], 2, (size_t[]){ N, N }, one), v = vector (x[0], s->y);
  const wg_var S = wg_add (wg_mul (4, covariance (x[0], s)), noise);
  y[0] = wg_mul (-0.5, wg_add (wg_add (wg_matmul (v, wg_solve_spd (S, v)), wg_logdet (S, NULL)), N*log (2*acos (-1))));
  (void) n, (void) m;
}

/* Laplace */

/* The lower Cholesky factor in place of a matrix; half the logarithm of its determinant. */
static double factor (size_t n, double a[])
{
  double sum = 0;
  for (size_t j = 0; j < n; j++)
    for (size_t i = j; i < n; i++)
      {
        double s = a[i*n + j];
        for (size_t k = 0; k < j; k++) s -= a[i*n + k]*a[j*n + k];
        a[i*n + j] = i == j ? sqrt (s) : s/a[j*n + j];
        if (i == j) sum += log (a[i*n + j]);
      }
  return sum;
}

/* Deviation of g . x under the covariance H^-1, l being H's factor: |L^-1 g|. */
static double deviation (size_t n, const double l[], const double g[])
{
  double z[D], sum = 0;
  for (size_t i = 0; i < n; i++)
    {
      z[i] = g[i];
      for (size_t k = 0; k < i; k++) z[i] -= l[i*n + k]*z[k];
      z[i] /= l[i*n + i], sum += z[i]*z[i];
    }
  return sqrt (sum);
}

/* From x[n] to the mode of exp (-F); h[n*n] becomes the factor of the Hessian there. */
static int laplace (wg_fun *F, size_t n, double x[], double h[], double *log_evidence)
{
  const wg_minimize_options options = { .gradient_tolerance = 1e-10 };
  wg_minimize_result r;
  double value, g[D];
  int rc = wg_minimize (F, x, &options, &r);
  if (!rc) rc = wg_hessian (F, x, &value, g, h);
  if (!rc) *log_evidence = -value + 0.5*(double) n*log (2*acos (-1)) - factor (n, h);
  if (!rc) printf ("minimum F = %.9f, |g| below 1e-7: %s\n", value, r.gradient_norm < 1e-7 ? "yes" : "no");
  return rc;
}

static int gaussian_part (data *s)
{
  double x[N] = { 0 }, *h = malloc (N*N*sizeof *h), approximate, exact;
  const double length2 = 15*15.;
  wg_fun *F = wg_fun_record (gaussian, s, N, 1, x), *e = wg_fun_record (evidence, s, 1, 1, &length2);
  int rc = F && e && h ? laplace (F, N, x, h, &approximate) : wg_fun_status (NULL);
  if (!rc) rc = wg_eval (e, &length2, &exact);
  if (!rc) printf ("Gaussian: log evidence %.9f by Laplace, %.9f exactly\n\n", approximate, exact);
  wg_fun_free (F), wg_fun_free (e), free (h);
  return rc;
}

static int poisson_part (data *s)
{
  static const char *const name[] = { "m", "log s", "log l" };
  double x[D] = { [N+2] = log (25) }, *h = malloc (D*D*sizeof *h), *J = malloc (N*D*sizeof *J), f[N], log_evidence;
  wg_check_report report;
  wg_fun *F = wg_fun_record (poisson, s, D, 1, x), *rates = wg_fun_record (log_rates, s, D, N, x);
  int rc = F && rates && h && J ? wg_check_hvp (F, x, NULL, &report) : wg_fun_status (NULL);
  if (!rc || rc == WG_UNSURE) rc = laplace (F, D, x, h, &log_evidence);
  if (!rc) rc = wg_jacobian (rates, x, f, J);
  if (!rc)
    {
      printf ("Poisson: log evidence %.6f by Laplace\n\n", log_evidence);
      for (size_t k = 0; k < 3; k++)
        {
          const size_t i = N + k;
          double unit[D] = { 0 };
          unit[i] = 1;
          printf ("%-6s %9.5f +- %.5f\n", name[k], x[i], deviation (D, h, unit));
        }
      printf ("\nyears      a year   rate  from    to\n");
      for (size_t i = 0; i < N; i += 4)
        {
          const double d = 1.96*deviation (D, h, J + i*D);
          printf ("%zu-%zu  %6.2f %6.2f %5.2f %5.2f\n", 1851 + SPAN*i, 1850 + SPAN*(i + 1), s->y[i]/SPAN, exp (f[i]), exp (f[i] - d), exp (f[i] + d));
        }
    }
  wg_fun_free (F), wg_fun_free (rates), free (h), free (J);
  return rc;
}

int main (void)
{
  data s;
  prepare (&s);
  int rc = gaussian_part (&s);
  if (!rc) rc = poisson_part (&s);
  if (rc) fprintf (stderr, "%s: %s\n", wg_strerror (rc), wg_last_error ());
  return rc ? EXIT_FAILURE : EXIT_SUCCESS;
}
