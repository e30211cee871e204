/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * What is said about a fit: the covariance of its parameters, the report, a line per iteration.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "optim/dense.h"
#include "optim/least_squares.h"
#include "optim/steihaug.h"

/* What the report prints. */
typedef struct {
  size_t n, m, freedom;         /* freedom: m less the rank of J */
  double cost, squares;         /* after the loss; of the residuals as they are */
  double deviation;             /* NaN when freedom is 0 */
  double *C;                    /* n x n, NaN where J does not determine a parameter */
} estimate;

/* ---------------------------------------------------------------- covariance */

/* deviation, from the raw residuals: see the header. */
static void deviation_of (estimate *e, int loss, double scale, const double raw[])
{
  double influence = 0, mean = 0, square = 0;
  e->cost = e->squares = 0;
  for (size_t i = 0; i < e->m; i++)
    {
      const wgi_phi phi = wgi_loss (loss, scale, raw[i]);
      const double psi = phi.v*phi.d, slope = phi.d*phi.d + phi.v*phi.dd;
      e->cost += phi.v*phi.v/2, e->squares += raw[i]*raw[i];
      influence += psi*psi, mean += slope/(double) e->m, square += slope*slope/(double) e->m;
    }
  const double spread = fmax (square/(mean*mean) - 1, 0);
  const double K = loss == WG_LOSS_SQUARE ? 1 : 1 + (double) (e->m - e->freedom)/(double) e->m*spread;
  e->deviation = e->freedom && mean > 0 ? K*sqrt (influence/(double) e->freedom)/mean : NAN;
}

/* (J^T J)^-1 deviation^2 with J C^-1 = Q R P^T factored in q and c the column norms. */
static void covariance_of (estimate *e, const wgi_qr *q, const double c[], int loose[], double Y[])
{
  const size_t n = e->n;
  wgi_qr_loose (q, loose);
  for (size_t j = 0; j < n; j++)
    {
      double *unit = e->C;                      /* as scratch */
      memset (unit, 0, n*sizeof *unit);
      unit[j] = e->deviation/c[j];
      wgi_qr_left (q, unit, Y + j*n);
    }
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j <= i; j++)
      e->C[i*n + j] = e->C[j*n + i] = loose[i] || loose[j] ? NAN : wgi_dot (n, Y + i*n, Y + j*n);
}

/* All of e at x.  block: wgi_qr_numbers, then m n + m + n^2 + 2 n. */
static int evaluate (estimate *e, wg_fun *f, const double x[], const wg_least_squares_options *o, double block[])
{
  const size_t n = e->n, m = e->m;
  wgi_qr q;
  wgi_qr_place (&q, m, n, block);
  double *J = block + wgi_qr_numbers (m, n), *raw = J + m*n, *Y = raw + m, *c = Y + n*n;
  int *loose = (int *) (void *) (c + n);
  const int rc = wg_jacobian (f, x, raw, J);
  if (rc) return rc;
  for (size_t j = 0; j < n; j++)
    {
      double *column = q.a + j*m;
      for (size_t i = 0; i < m; i++) column[i] = J[i*n + j];
      c[j] = wgi_norm (m, column);
      if (!(c[j] > 0)) c[j] = 1;
      for (size_t i = 0; i < m; i++) column[i] /= c[j];
    }
  wgi_qr_factor (&q);
  e->freedom = m - (size_t) q.rank;
  deviation_of (e, o ? o->loss : 0, o && o->loss_scale > 0 ? o->loss_scale : 1, raw);
  covariance_of (e, &q, c, loose, Y);
  return WG_OK;
}

/* Arguments, memory, estimate; e->C is to be freed.  WG_OK, WG_NONFINITE (nothing is known), an error. */
static int estimate_at (estimate *e, const char *name, wg_fun *f, const double x[], const wg_least_squares_options *o)
{
  if (!f || !x) return wgi_fail (WG_EINVAL, "%s: %s is NULL", name, f ? "x" : "f");
  if (o && (o->loss < 0 || o->loss >= WGI_LOSS_END_ || !(o->loss_scale >= 0)))
    return wgi_fail (WG_EINVAL, "%s: no such loss (%d) or scale (%g)", name, o->loss, o->loss_scale);
  const size_t n = e->n = wg_fun_n (f), m = e->m = wg_fun_m (f);
  const size_t qr = wgi_qr_numbers (m, n), square = wgi_times (n, n);
  if (qr == SIZE_MAX) return wgi_fail (WG_ELIMIT, "%s: a Jacobian of %zu x %zu", name, m, n);
  const size_t rest = wgi_plus (wgi_times (m, n), wgi_plus (square, m + 2*n));
  double *block = malloc (wgi_times (wgi_plus (qr, rest), sizeof *block));
  e->C = malloc (wgi_times (square, sizeof *e->C));
  int rc = block && e->C ? WG_OK : wgi_fail (WG_ENOMEM, "%s: a Jacobian of %zu x %zu", name, m, n);
  if (!rc) rc = evaluate (e, f, x, o, block);
  free (block);
  if (rc) free (e->C), e->C = NULL;
  return rc;
}

int wg_least_squares_covariance (wg_fun *f, const double x[], const wg_least_squares_options *options,
                                 double *deviation, double C[])
{
  static const char name[] = "wg_least_squares_covariance";
  estimate e;
  if (f && wg_fun_m (f) <= wg_fun_n (f))
    return wgi_fail (WG_ESHAPE, "%s: %zu residuals for %zu parameters", name, wg_fun_m (f), wg_fun_n (f));
  const int rc = estimate_at (&e, name, f, x, options);
  if (WG_FAILED (rc)) return rc;
  const size_t n = wg_fun_n (f);
  int finite = 1;
  if (deviation) *deviation = rc ? NAN : e.deviation;
  for (size_t i = 0; i < n*n && C; i++) C[i] = rc ? NAN : e.C[i], finite &= !!isfinite (C[i]);
  if (!rc) free (e.C);
  if (rc) return wgi_fail (rc, "%s: the residuals or their Jacobian are not finite", name);
  return finite ? WG_OK : wgi_fail (WG_NONFINITE, "%s: the residuals do not determine all parameters", name);
}

/* ---------------------------------------------------------------- report */

/* Probability that |t| is smaller for k degrees of freedom, t = sqrt (k) tan (angle): Abramowitz, Stegun
 * 26.7.3, 26.7.4. */
static double student (size_t k, double angle)
{
  const double c = cos (angle), s = sin (angle);
  double term = k % 2 ? c : 1, sum = 0;
  for (size_t i = k % 2 ? 3 : 2; i <= k; i += 2)
    {
      sum += term;
      term *= c*c*(double) (i - 1)/(double) i;
    }
  return k % 2 ? (angle + s*sum)*2/acos (-1) : s*sum;
}

/* t with 95 % of the distribution in -t .. t; past 200 degrees of freedom the expansion 26.7.5 is exact to
 * 1e-9. */
static double quantile (size_t k)
{
  const double z = 1.959963984540054, zz = z*z, d = (double) k;
  double low = 0, high = acos (0);
  if (k > 200)
    return z*(1 + (zz + 1)/4/d + ((5*zz + 16)*zz + 3)/96/d/d + (((3*zz + 19)*zz + 17)*zz - 15)/384/d/d/d);
  for (int i = 0; i < 60; i++)
    {
      const double middle = (low + high)/2;
      if (student (k, middle) < .95) low = middle; else high = middle;
    }
  return sqrt (d)*tan (low);
}

static void print_name (FILE *out, const char *const names[], size_t j)
{
  char name[32];
  snprintf (name, sizeof name, "x[%zu]", j);
  fprintf (out, "%-12s", names ? names[j] : name);
}

static void print_parameters (FILE *out, const estimate *e, const double x[], const char *const names[])
{
  const double t = e->freedom ? quantile (e->freedom) : NAN;
  fprintf (out, "%-12s  %15s  %12s  %10s  %27s\n", "parameter", "estimate", "std. error", "t value", "95 % interval");
  for (size_t j = 0; j < e->n; j++)
    {
      const double error = sqrt (e->C[j*e->n + j]);
      print_name (out, names, j);
      if (isfinite (error))
        fprintf (out, "  %15.8g  %12.5g  %10.4g  %12.6g .. %11.6g\n", x[j], error, x[j]/error, x[j] - t*error,
                 x[j] + t*error);
      else fprintf (out, "  %15.8g  %12s\n", x[j], "undetermined");
    }
}

static void print_correlations (FILE *out, const estimate *e, const char *const names[])
{
  const size_t n = e->n;
  fprintf (out, "correlations\n");
  for (size_t i = 1; i < n; i++)
    {
      print_name (out, names, i);
      for (size_t j = 0; j < i; j++)
        fprintf (out, " %7.4f", e->C[i*n + j]/sqrt (e->C[i*n + i])/sqrt (e->C[j*n + j]));
      fprintf (out, "\n");
    }
}

int wg_least_squares_report (FILE *out, wg_fun *f, const double x[], const wg_least_squares_options *options,
                             const wg_least_squares_result *result, const char *const names[], int correlation)
{
  static const char name[] = "wg_least_squares_report";
  estimate e;
  if (!out) return wgi_fail (WG_EINVAL, "%s: out is NULL", name);
  const int rc = estimate_at (&e, name, f, x, options);
  if (rc > 0) return wgi_fail (rc, "%s: the residuals or their Jacobian are not finite", name);
  if (rc) return rc;
  const int loss = options ? options->loss : WG_LOSS_SQUARE;
  print_parameters (out, &e, x, names);
  fprintf (out, "%zu residuals, %zu degrees of freedom, sum of squares %.9g, standard deviation %.7g\n",
           e.m, e.freedom, e.squares, loss == WG_LOSS_SQUARE ? e.deviation : sqrt (e.squares/(double) e.freedom));
  if (loss != WG_LOSS_SQUARE)
    fprintf (out, "loss: %s at %g, cost %.9g, standard deviation by influence %.7g\n", wg_loss_name (loss),
             options->loss_scale > 0 ? options->loss_scale : 1, e.cost, e.deviation);
  if (result)
    fprintf (out, "%s after %zu iterations: %zu evaluations, %zu Jacobians, %zu second directional derivatives, "
             "%zu products\n", wg_stop_name (result->reason), result->iterations, result->evaluations, result->jacobians,
             result->fvvs, result->products);
  if (correlation && e.n > 1) print_correlations (out, &e, names);
  double sum = 0;
  for (size_t j = 0; j < e.n; j++) sum += e.C[j*e.n + j];
  free (e.C);
  return isfinite (sum) ? WG_OK : wgi_fail (WG_NONFINITE, "%s: the residuals do not determine all parameters", name);
}

int wg_least_squares_print (const wg_least_squares_progress *p, void *file)
{
  FILE *out = file;
  if (!p->iteration)
    fprintf (out, "%5s  %22s  %9s  %9s  %9s  %9s  %5s  %5s\n", "iter", "cost", "gradient", "radius", "ratio", "bend",
             "r", "step");
  fprintf (out, "%5zu  %22.15e  %9.2e  %9.2e  %9.2e  %9.2e  %5zu  %s\n", p->iteration, p->f, p->gradient, p->radius,
           p->ratio, p->acceleration, p->evaluations, !p->accepted ? "no" : p->polish ? "polish" : "yes");
  fflush (out);
  return 0;
}
