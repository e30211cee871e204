/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Steihaug, SIAM J. Numer. Anal. 20 (1983); Conn, Gould, Toint, Trust-Region Methods (2000), algorithm 7.5.1; Gould, Lucidi,
 * Roma, Toint, SIAM J. Optim. 9 (1999).  The iteration works on g/|g|, so that no function is too large or too small for
 * it; directions have the size of that, steps alpha d = |g| rho/kappa d that of x.  Lengths in the norm of M come
 * from recurrences.
 */
#include "optim/steihaug.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "optim/secular.h"

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

/* Go along direction d: to its end, or to the boundary; returns whether that was it. */
static int advance (wgi_path *p, double rho, double kappa, double radius)
{
  if (!p->precondition)
    {
      p->ss = wgi_dot (p->n, p->s, p->s);
      p->sd = wgi_dot (p->n, p->s, p->d);
      p->dd = wgi_dot (p->n, p->d, p->d);
    }
  const double ss = p->ss, sd = p->sd, dd = p->dd;
  double alpha = kappa > 0 ? p->scale*rho/kappa : INFINITY;
  p->boundary = !(ss + alpha*(2*sd + alpha*dd) < radius*radius);
  if (p->boundary) alpha = to_boundary (ss, sd, dd, radius);
  for (size_t i = 0; i < p->n; i++) p->s[i] += alpha*p->d[i];
  p->predicted += alpha*(p->scale*rho - alpha*kappa/2);
  p->curvature |= kappa <= 0;
  p->ss = p->boundary ? radius*radius : ss + alpha*(2*sd + alpha*dd);
  p->sd += alpha*dd;
  return p->boundary;
}

/* The next direction, d = beta d - z; rho is that of z. */
static void turn (wgi_path *p, const double z[], double beta, double rho)
{
  for (size_t i = 0; i < p->n; i++) p->d[i] = beta*p->d[i] - z[i];
  p->sd *= beta;                                    /* z is orthogonal to s in the norm of M */
  p->dd = rho + beta*beta*p->dd;
}

/* At s = 0, d = -z. */
static void start (wgi_path *p, const double z[], double rho)
{
  memset (p->s, 0, p->n*sizeof (double));
  memset (p->d, 0, p->n*sizeof (double));
  p->ss = p->sd = p->dd = p->predicted = 0;
  p->boundary = p->curvature = 0;
  p->cg = 0;
  turn (p, z, 0, rho);
}

/* In the plain norm the length is taken from s itself, once it is whole. */
static void finish (wgi_path *p, const double g[])
{
  p->step_norm = p->precondition ? sqrt (p->ss) : wgi_norm (p->n, p->s);
  p->slope = wgi_dot (p->n, g, p->s);
}

/* The best step in the space of the first k residuals, which are z_j/sqrt (rho_j) in an orthonormal basis: there H is
 * tridiagonal, with entries from CG's coefficients, also where a curvature is negative.  Returns the residual it leaves,
 * relative to |g|, if p->rho[k] is known. */
static double best_of_space (wgi_path *p, double radius)
{
  const size_t k = p->segments;
  double d[WGI_PATH], e[WGI_PATH], pivot[WGI_PATH], ratio[WGI_PATH], y[WGI_PATH], z[WGI_PATH], h[WGI_PATH], g[WGI_PATH] = { 0 };
  wgi_tridiagonal t = { .n = k, .d = d, .e = e, .pivot = pivot, .ratio = ratio };
  wgi_secular solver;
  for (size_t j = 0; j < k; j++)
    {
      d[j] = p->kappa[j]/p->rho[j];
      if (j) d[j] += p->kappa[j-1]/p->rho[j-1]*(p->rho[j]/p->rho[j-1]);
      e[j] = -p->kappa[j]/p->rho[j]*sqrt (p->rho[j+1]/p->rho[j]);
    }
  g[0] = p->scale*sqrt (p->rho[0]);
  wgi_secular_tridiagonal (&solver, &t, y, z);
  wgi_secular_solve (&solver, g, radius, h);
  memset (p->s, 0, p->n*sizeof (double));
  for (size_t j = 0; j < k; j++)
    {
      const double c = h[j]/sqrt (p->rho[j]), *from = p->kept + j*p->n;
      for (size_t i = 0; i < p->n; i++) p->s[i] += c*from[i];
    }
  p->predicted = solver.predicted;
  p->ss = solver.step_norm*solver.step_norm;
  p->boundary = solver.boundary;
  p->curvature |= solver.curvature;
  return fabs (e[k-1]*h[k-1])/p->scale;
}

/* Is the curvature one that says something?  What is left after cancellation does not; 0 then.  NaN: none to be had. */
static double significant (double kappa, double size)
{
  if (!isfinite (size) || !isfinite (kappa)) return NAN;
  return fabs (kappa) <= DBL_EPSILON*size ? 0 : kappa;
}

/* z = M^-1 r, or r; r.z.  A preconditioner that fails at the start is left out. */
static double precondition (wgi_path *p, double z[])
{
  if (p->precondition && !p->precondition (p->ctx, p->r, z))
    {
      const double rho = wgi_dot (p->n, p->r, z);
      if (rho > 0 && rho <= DBL_MAX) return rho;
    }
  if (p->segments) return p->precondition ? NAN : (memcpy (z, p->r, p->n*sizeof *z), wgi_dot (p->n, z, z));
  p->precondition = NULL;
  memcpy (z, p->r, p->n*sizeof *z);
  return wgi_dot (p->n, z, z);
}

/* The radius of a first step whose curvature is kappa. */
static double first_radius (const wgi_path *p, double kappa, double radius_max)
{
  const double radius = kappa != 0 ? 10*p->scale*p->rho[0]/fabs (kappa)*sqrt (p->rho[0]) : 1;
  return radius < radius_max ? radius : radius_max;
}

int wgi_path_find (wgi_path *p, wg_fun *f, const double x[], const double g[], double radius, double radius_max,
                   double forcing, size_t limit)
{
  const size_t n = p->n;
  double *z = p->kept, rho, next = 0;
  size_t further = p->further;
  int outside = 0;
  p->scale = wgi_norm (n, g);
  p->segments = 0;
  p->whole = 1;
  for (size_t i = 0; i < n; i++) p->r[i] = g[i]/p->scale;
  rho = p->rho[0] = precondition (p, z);
  start (p, z, rho);
  for (; p->cg < limit; rho = next)
    {
      const int rc = wg_hvp (f, p->cg ? NULL : x, p->d, NULL, NULL, p->hd);
      if (WG_FAILED (rc)) return rc;
      double kappa = significant (wgi_dot (n, p->d, p->hd), wgi_norm (n, p->d)*wgi_norm (n, p->hd));
      p->cg++;
      if (isnan (kappa))
        {
          if (p->cg > 1) break;
          kappa = 0;                                /* along -g, as far as the radius goes */
        }
      if (p->pairs) wgi_cg_pairs_add (p->pairs, p->d, p->hd, kappa);
      if (radius == 0) radius = first_radius (p, kappa, radius_max);
      p->whole = p->segments < p->keep;
      if (p->whole) p->kappa[p->segments++] = kappa;
      if (!outside) outside = advance (p, rho, kappa, radius);
      if (outside && (!p->krylov || !p->whole)) break;
      if (outside && (kappa == 0 || !further || p->segments == p->keep))
        {
          p->rho[p->segments] = 0;
          best_of_space (p, radius);
          break;
        }
      for (size_t i = 0; i < n; i++) p->r[i] += rho/kappa*p->hd[i];
      z = p->kept + p->segments*n;
      next = precondition (p, z);
      if (p->whole) p->rho[p->segments] = next;
      if (!outside && !(sqrt (next) > forcing*sqrt (p->rho[0]))) break;
      if (outside && (!(next > 0) || best_of_space (p, radius) <= .1*sqrt (p->rho[0]))) break;
      if (outside) further--;
      turn (p, z, next/rho, next);
    }
  p->radius = radius;
  finish (p, g);
  return WG_OK;
}

int wgi_path_cut (wgi_path *p, const double g[], double radius)
{
  if (!p->segments) return 0;
  start (p, p->kept, p->rho[0]);
  if (p->krylov) best_of_space (p, radius);
  else
    for (size_t j = 0; j < p->segments && !p->boundary; j++)
      {
        if (j) turn (p, p->kept + j*p->n, p->rho[j]/p->rho[j-1], p->rho[j]);
        advance (p, p->rho[j], p->kappa[j], radius);
      }
  if (!p->boundary && !p->whole) return 0;
  finish (p, g);
  return 1;
}
