/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * More and Sorensen's iteration: Newton's method for 1/|s| in lambda, kept between a lower bound, raised where H +
 * lambda I is not positive definite, and an upper one.  Where s is too short although H is indefinite, an
 * approximate eigenvector z, by inverse iteration, leads to the boundary (the hard case).
 */
#include "optim/secular.h"

#include <float.h>
#include <math.h>

#include "base/status.h"
#include "optim/steihaug.h"

enum { MOST = 100 };            /* factorizations: bisection alone would be done with fewer */

static double max (double a, double b) { return a > b ? a : b; }

static double between (double lower, double upper)
{
  return max (sqrt (lower)*sqrt (upper), lower + .01*(upper - lower));
}

/* s = -(H + lambda I)^-1 g; |s|. */
static double newton_step (const wgi_secular *p, const double g[], double s[])
{
  for (size_t i = 0; i < p->n; i++) s[i] = -g[i];
  p->solve (p->ctx, s);
  return wgi_norm (p->n, s);
}

/* z = a unit vector near the lowest eigenvector; z.(H + lambda I) z.  Inverse iteration from signs without a pattern. */
static double lowest (const wgi_secular *p)
{
  double size = 0, product = 0;
  unsigned state = 12345;
  for (size_t i = 0; i < p->n; i++)
    {
      state = 1664525*state + 1013904223;
      p->z[i] = (state >> 16 & 1 ? 1 : -1)/sqrt ((double) p->n);
    }
  for (int k = 0; k < 3; k++)
    {
      for (size_t i = 0; i < p->n; i++) p->y[i] = p->z[i];
      p->solve (p->ctx, p->z);
      product = wgi_dot (p->n, p->y, p->z);
      size = wgi_norm (p->n, p->z);
      if (!(size > 0 && size <= DBL_MAX)) return INFINITY;
      for (size_t i = 0; i < p->n; i++) p->z[i] /= size;
    }
  return product/size/size;
}

/* Go on from s along z to the boundary, if the model agrees.  Raises *lower otherwise. */
static int hard_case (wgi_secular *p, double radius, double slope, double s[], double *lower)
{
  const double curvature = lowest (p), size = wgi_norm (p->n, s), sz = wgi_dot (p->n, s, p->z),
               room = (radius - size)*(radius + size), root = sqrt (sz*sz + room), tau = sz > 0 ? room/(sz + root) : room/(sz - root);
  if (!(tau*tau*curvature <= p->tolerance*(p->lambda*radius*radius - slope)))
    {
      if (isfinite (curvature)) *lower = max (*lower, p->lambda - curvature);
      return 0;
    }
  for (size_t i = 0; i < p->n; i++) s[i] += tau*p->z[i];
  p->predicted = (p->lambda*radius*radius - slope - tau*tau*curvature)/2;
  p->step_norm = radius;
  p->boundary = 1;
  return 1;
}

/* s has the size given and solves with lambda: shorten it to the radius if it is longer, and say what it is worth. */
static void finish (wgi_secular *p, const double g[], double radius, double size, double s[])
{
  const double c = size > radius ? radius/size : 1, slope = wgi_dot (p->n, g, s), bent = -slope - p->lambda*size*size;
  for (size_t i = 0; i < p->n; i++) s[i] *= c;
  p->predicted = -c*(slope + c/2*bent);
  p->step_norm = c*size;
  p->boundary = p->lambda > 0 || c < 1;
}

/* When no factor was to be had, H being next to singular: down the gradient, as if H were 0. */
static void along_gradient (wgi_secular *p, const double g[], double radius, double s[])
{
  const double size = wgi_norm (p->n, g);
  for (size_t i = 0; i < p->n; i++) s[i] = -g[i]/size*radius;
  p->lambda = 0;
  p->step_norm = radius;
  p->predicted = radius*size;
  p->boundary = 1;
}

int wgi_secular_solve (wgi_secular *p, const double g[], double radius, double s[])
{
  const double size_g = wgi_norm (p->n, g), norm = max (fabs (p->least), fabs (p->most)), guess = p->lambda;
  double lower = max (0, size_g/radius - p->most), upper = max (0, size_g/radius - p->least) + 4*DBL_EPSILON*norm, size = 0;
  int solved = 0;
  p->curvature = 0;
  p->lambda = lower > 0 && guess > lower && guess < upper ? guess : lower;
  for (int k = 0; k < MOST; k++)
    {
      const int rc = p->factor (p->ctx, p->lambda);
      if (rc < 0) return rc;
      if (!rc)
        {
          solved = 0;
          p->curvature = 1;
          lower = max (lower, p->lambda);
          if (k >= MOST/2 || !(lower < upper)) upper = 2*max (upper, lower) + DBL_MIN;     /* rounding: the bound is none */
          p->lambda = k == 0 && guess > lower && guess < upper ? guess : between (lower, upper);
          continue;
        }
      solved = 1;
      size = newton_step (p, g, s);
      if (!isfinite (size))
        {
          lower = max (lower, p->lambda);
          p->lambda = between (lower, upper);
          continue;
        }
      if ((p->lambda == 0 && size <= radius) || (size <= radius && size >= (1 - p->tolerance)*radius)) break;
      if (size < radius)
        {
          upper = p->lambda;
          if (p->curvature && hard_case (p, radius, wgi_dot (p->n, g, s), s, &lower)) return WG_OK;
        }
      else
        {
          lower = p->lambda;
          if (size <= (1 + p->tolerance/2)*radius) break;
        }
      if (upper - lower <= 2*DBL_EPSILON*upper) break;
      for (size_t i = 0; i < p->n; i++) p->y[i] = s[i];
      p->solve (p->ctx, p->y);
      const double change = size/wgi_dot (p->n, s, p->y)*size*((size - radius)/radius), next = p->lambda + change;
      p->lambda = k == 0 && guess > lower && guess < upper ? guess : next > lower && next < upper ? next : between (lower, upper);
    }
  if (!solved || !isfinite (size))
    {
      along_gradient (p, g, radius, s);
      return WG_OK;
    }
  finish (p, g, radius, size, s);
  return WG_OK;
}

int wgi_secular_first (wgi_secular *p, const double g[], double curvature, double most, double *radius, double s[])
{
  const int rc = wgi_secular_solve (p, g, most, s);
  *radius = p->step_norm;
  if (rc || !p->curvature) return rc;
  const double ten = curvature != 0 ? 10*wgi_norm (p->n, g)/fabs (curvature) : 1;
  *radius = ten < most ? ten : most;
  return wgi_secular_solve (p, g, *radius, s);
}

/* ---------------------------------------------------------------- tridiagonal */

/* T + shift I = L D L^T, L unit with ratio[] below the diagonal. */
static int factor (void *ctx, double shift)
{
  const wgi_tridiagonal *t = ctx;
  for (size_t i = 0; i < t->n; i++)
    {
      t->pivot[i] = t->d[i] + shift;
      if (i)
        {
          t->ratio[i] = t->e[i-1]/t->pivot[i-1];
          t->pivot[i] -= t->ratio[i]*t->e[i-1];
        }
      if (!(t->pivot[i] > 0)) return 0;
    }
  return 1;
}

static void solve (void *ctx, double x[])
{
  const wgi_tridiagonal *t = ctx;
  for (size_t i = 1; i < t->n; i++) x[i] -= t->ratio[i]*x[i-1];
  for (size_t i = 0; i < t->n; i++) x[i] /= t->pivot[i];
  for (size_t i = t->n - 1; i > 0; i--) x[i-1] -= t->ratio[i]*x[i];
}

void wgi_secular_tridiagonal (wgi_secular *p, wgi_tridiagonal *t, double y[], double z[])
{
  *p = (wgi_secular){ .n = t->n, .factor = factor, .solve = solve, .ctx = t, .least = INFINITY, .most = -INFINITY,
                      .tolerance = 1e-3, .y = y, .z = z };
  for (size_t i = 0; i < t->n; i++)                 /* Gershgorin */
    {
      const double around = (i ? fabs (t->e[i-1]) : 0) + (i + 1 < t->n ? fabs (t->e[i]) : 0);
      if (t->d[i] - around < p->least) p->least = t->d[i] - around;
      if (t->d[i] + around > p->most) p->most = t->d[i] + around;
    }
}
