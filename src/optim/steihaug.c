/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Steihaug, SIAM J. Numer. Anal. 20 (1983); Conn, Gould, Toint, Trust-Region Methods (2000), algorithm 7.5.1.
 * The iteration works on g/|g|, so that no function is too large or too small for it; directions have the
 * size of that, steps alpha d = |g| rho/kappa d that of x.
 */
#include "optim/steihaug.h"

#include <float.h>
#include <math.h>
#include <string.h>

double wgi_norm_max (size_t n, const double a[])
{
  double most = 0;
  for (size_t i = 0; i < n; i++)
    if (!(fabs (a[i]) <= most)) most = fabs (a[i]) > most ? fabs (a[i]) : NAN;
  return most;
}

double wgi_dot (size_t n, const double a[], const double b[])
{
  double sum = 0;
  for (size_t i = 0; i < n; i++) sum += a[i]*b[i];
  return sum;
}

double wgi_norm (size_t n, const double a[])
{
  const double sum = wgi_dot (n, a, a);
  if (sum > 1e-280 && sum < 1e280) return sqrt (sum);
  const double most = wgi_norm_max (n, a);
  double scaled = 0;
  if (!(most > 0 && most <= DBL_MAX)) return most;
  for (size_t i = 0; i < n; i++) scaled += a[i]/most*(a[i]/most);
  return most*sqrt (scaled);
}

/* The largest tau with |s + tau d| <= radius, |s| < radius. */
static double to_boundary (double ss, double sd, double dd, double radius)
{
  const double room = (radius - sqrt (ss))*(radius + sqrt (ss)), root = sqrt (sd*sd + dd*room);
  return sd > 0 ? room/(sd + root) : (root - sd)/dd;
}

/* Go along segment d: to its end, or to the boundary; returns whether that was it. */
static int advance (wgi_path *p, const double d[], double rho, double kappa, double radius)
{
  const double ss = wgi_dot (p->n, p->s, p->s), sd = wgi_dot (p->n, p->s, d), dd = wgi_dot (p->n, d, d);
  double alpha = kappa > 0 ? p->scale*rho/kappa : INFINITY;
  p->boundary = !(ss + alpha*(2*sd + alpha*dd) < radius*radius);
  if (p->boundary) alpha = to_boundary (ss, sd, dd, radius);
  for (size_t i = 0; i < p->n; i++) p->s[i] += alpha*d[i];
  p->predicted += alpha*(p->scale*rho - alpha*kappa/2);
  p->curvature = kappa <= 0;
  return p->boundary;
}

static void start (wgi_path *p)
{
  memset (p->s, 0, p->n*sizeof (double));
  p->predicted = 0;
  p->boundary = p->curvature = 0;
  p->cg = 0;
}

static void finish (wgi_path *p, const double g[])
{
  p->step_norm = wgi_norm (p->n, p->s);
  p->slope = wgi_dot (p->n, g, p->s);
}

int wgi_path_find (wgi_path *p, wg_fun *f, const double x[], const double g[], double radius, double radius_max,
                   double forcing, size_t limit)
{
  const size_t n = p->n;
  double *d = p->kept, rho = 0, next;
  p->scale = wgi_norm (n, g);
  p->segments = 0;
  p->whole = 1;
  start (p);
  for (size_t i = 0; i < n; i++)
    {
      p->r[i] = g[i]/p->scale;
      d[i] = -p->r[i];
      rho += p->r[i]*p->r[i];
    }
  for (; p->cg < limit; rho = next)
    {
      const int rc = wg_hvp (f, p->cg ? NULL : x, d, NULL, NULL, p->hd);
      const double size = wgi_norm (n, d)*wgi_norm (n, p->hd);
      double kappa = wgi_dot (n, d, p->hd);
      if (WG_FAILED (rc)) return rc;
      p->cg++;
      if (!isfinite (size) || !isfinite (kappa))
        {
          if (p->cg > 1) break;
          kappa = 0;                                /* no curvature to be had: along -g, as far as the radius goes */
        }
      else if (fabs (kappa) <= DBL_EPSILON*size) kappa = 0;     /* what is left after cancellation says nothing */
      if (radius == 0)
        {
          const double first = kappa != 0 ? 10*p->scale*rho/fabs (kappa)*wgi_norm (n, d) : 1;
          radius = first < radius_max ? first : radius_max;
        }
      p->whole = p->segments < p->keep;
      if (p->whole)
        {
          p->rho[p->segments] = rho;
          p->kappa[p->segments++] = kappa;
        }
      if (advance (p, d, rho, kappa, radius)) break;
      next = 0;
      for (size_t i = 0; i < n; i++)
        {
          p->r[i] += rho/kappa*p->hd[i];
          next += p->r[i]*p->r[i];
        }
      if (sqrt (next) <= forcing) break;
      const double beta = next/rho, *last = d;
      d = p->kept + p->segments*n;
      for (size_t i = 0; i < n; i++) d[i] = beta*last[i] - p->r[i];
    }
  p->radius = radius;
  finish (p, g);
  return WG_OK;
}

int wgi_path_cut (wgi_path *p, const double g[], double radius)
{
  start (p);
  for (size_t j = 0; j < p->segments && !p->boundary; j++)
    advance (p, p->kept + j*p->n, p->rho[j], p->kappa[j], radius);
  if (!p->boundary && !p->whole) return 0;
  finish (p, g);
  return 1;
}
