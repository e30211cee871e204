/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Newton-CG with bounds: the quadratic model is minimized within the radius and the box.  First along the projected
 * steepest descent, which chooses the bounds that hold; then by conjugate gradients over the variables that are free, as
 * often as their steps meet new bounds: Lin, More, SIAM J. Optim. 9 (1999).  Wherever a step meets none, H times it is
 * known; a step that was bent costs a product.  Gradients are used over their largest entry, as in L-BFGS.
 */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "optim/steihaug.h"
#include "optim/trust_region.h"

/* The share of the slope's promise that the model must keep when a step is bent. */
static const double DECREASE = .01;

enum { BENDS = 8 };             /* halvings of a step before it ends where it meets the first bound */

typedef struct {
  wgi_model model;              /* first: it is what propose gets */
  wgi_search *s;
  size_t left;                  /* products */
  double scale, radius;
  double *d, *hd, *r;           /* n each: the step, H d, and the model's gradient there, scaled */
  double *p, *hp;               /* CG's direction and H p; or the step that is tried and H times that */
  double *w, *hw;               /* the sum of CG's steps and H w */
  double q;                     /* the model at d */
  double start_norm;            /* of the projected gradient at the first point */
  char *fixed;
} bounded;

static double min (double a, double b) { return a < b ? a : b; }
static double max (double a, double b) { return a > b ? a : b; }

/* hv = H v, scaled. */
static int product (bounded *b, const double v[], double hv[])
{
  wgi_search *s = b->s;
  const int rc = wg_hvp (s->f, s->at_x ? NULL : s->x, v, NULL, NULL, hv);
  s->at_x = 1;
  s->result.hvps++;
  s->products++;
  b->left--;
  for (size_t i = 0; i < s->n; i++) hv[i] /= b->scale;
  return WG_FAILED (rc) ? rc : WG_OK;
}

/* A step from x to a bound, or a rounding beyond it: where it ends is projected once more. */
static double to_bound (double x, double bound, double side)
{
  return bound - x + side*2*DBL_EPSILON*max (fabs (x), fabs (bound));
}

/* p = d + a w, ending at bounds that it meets; did it cross one? */
static int bend (bounded *b, double a, const double w[])
{
  const wgi_search *s = b->s;
  const double *lower = s->options.lower, *upper = s->options.upper;
  int bent = 0;
  for (size_t i = 0; i < s->n; i++)
    {
      const double x = s->x[i], to = x + (b->d[i] + a*w[i]), rounding = 4*DBL_EPSILON*max (fabs (x), fabs (to));
      b->p[i] = b->d[i] + a*w[i];
      if (lower && w[i] < 0 && to <= lower[i] + rounding)
        {
          b->p[i] = to_bound (x, lower[i], -1);
          bent |= to < lower[i] - rounding;
        }
      if (upper && w[i] > 0 && to >= upper[i] - rounding)
        {
          b->p[i] = to_bound (x, upper[i], 1);
          bent |= to > upper[i] + rounding;
        }
    }
  return bent;
}

/* The largest a <= 1 with x + d + a w in the box. */
static double room (const bounded *b, const double w[])
{
  const wgi_search *s = b->s;
  const double *lower = s->options.lower, *upper = s->options.upper;
  double a = 1;
  for (size_t i = 0; i < s->n; i++)
    {
      const double at = s->x[i] + b->d[i];
      if (lower && w[i] < 0) a = min (a, max (0, (lower[i] - at)/w[i]));
      if (upper && w[i] > 0) a = min (a, max (0, (upper[i] - at)/w[i]));
    }
  return a;
}

static double norm_free (const bounded *b, const double a[])
{
  double sum = 0;
  for (size_t i = 0; i < b->s->n; i++) sum += b->fixed[i] ? 0 : a[i]*a[i];
  return sqrt (sum);
}

/* Go to d + a w, hw = H w, at most to a = 1: bent at bounds as long as the model falls enough, else up to the first one.  Was
 * it bent? */
static int go (bounded *b, const double w[], const double hw[], int *bent)
{
  const wgi_search *s = b->s;
  const size_t n = s->n;
  double a = 1;
  int rc, found = 0;
  *bent = bend (b, a, w);
  for (int k = 0; k < BENDS && *bent && b->left && !found; k++)
    {
      double slope = 0, q = 0;
      if ((rc = product (b, b->p, b->hp))) return rc;
      for (size_t i = 0; i < n; i++)
        {
          slope += b->r[i]*(b->p[i] - b->d[i]);
          q += b->p[i]*(s->g[i]/b->scale + b->hp[i]/2);
        }
      found = q <= b->q + DECREASE*slope && slope < 0;
      if (!found && !bend (b, a /= 2, w)) break;
    }
  if (!found)
    {
      a = min (a, room (b, w));
      bend (b, a, w);
      for (size_t i = 0; i < n; i++) b->hp[i] = b->hd[i] + a*hw[i];
    }
  memcpy (b->d, b->p, n*sizeof (double));
  memcpy (b->hd, b->hp, n*sizeof (double));
  b->q = 0;
  for (size_t i = 0; i < n; i++)
    {
      b->r[i] = s->g[i]/b->scale + b->hd[i];
      b->q += b->d[i]*(s->g[i]/b->scale + b->hd[i]/2);
    }
  return WG_OK;
}

/* The first step: along the projected steepest descent, as far as the curvature there makes it. */
static int descend (bounded *b)
{
  wgi_search *s = b->s;
  const size_t n = s->n;
  double *v = b->w, *hv = b->hw, vv, curvature;
  int bent, rc;
  for (size_t i = 0; i < n; i++)
    {
      b->r[i] = s->g[i]/b->scale;
      v[i] = wgi_search_held (s, i, s->x[i], s->g[i]) ? 0 : -b->r[i];
      b->d[i] = b->hd[i] = 0;
    }
  b->q = 0;
  if ((rc = product (b, v, hv))) return rc;
  vv = wgi_dot (n, v, v);
  curvature = wgi_dot (n, v, hv);
  s->curvature = !(curvature > 0);
  if (b->radius == 0) b->radius = curvature > 0 ? 10*sqrt (vv)*vv/curvature : max (1, wgi_norm (n, s->x));
  b->radius = min (b->radius, s->options.radius_max);
  const double a = min (curvature > 0 ? vv/curvature : INFINITY, b->radius/sqrt (vv));
  for (size_t i = 0; i < n; i++)
    {
      v[i] *= a;
      hv[i] = isfinite (hv[i]) ? a*hv[i] : 0;
    }
  return go (b, v, hv, &bent);
}

/* w: from d towards the minimum over the free variables by conjugate gradients, residual at most enough, |d + w| at most
 * radius; hw = H w. */
static int conjugate (bounded *b, double enough, int *boundary)
{
  wgi_search *s = b->s;
  const size_t n = s->n;
  double rr = 0;
  int rc;
  for (size_t i = 0; i < n; i++)
    {
      b->p[i] = b->fixed[i] ? 0 : -b->r[i];
      b->w[i] = b->hw[i] = 0;
      rr += b->p[i]*b->p[i];
    }
  for (size_t k = 0; k <= 2*n && sqrt (rr) > enough && b->left; k++)
    {
      double pp = 0, dp = 0, dd = 0, rest = 0;
      if ((rc = product (b, b->p, b->hp))) return rc;
      const double curvature = wgi_dot (n, b->p, b->hp);
      if (isnan (curvature) || isinf (curvature)) return WG_OK;
      for (size_t i = 0; i < n; i++)
        {
          const double at = b->d[i] + b->w[i];
          pp += b->p[i]*b->p[i];
          dp += at*b->p[i];
          dd += at*at;
        }
      const double space = max (0, b->radius*b->radius - dd), root = sqrt (dp*dp + pp*space),
                   most = dp > 0 ? space/(dp + root) : (root - dp)/pp;
      const double a = curvature > 0 ? min (rr/curvature, most) : most;
      *boundary = a == most;
      s->curvature |= !(curvature > 0);
      for (size_t i = 0; i < n; i++)
        {
          b->w[i] += a*b->p[i];
          b->hw[i] += a*b->hp[i];
          if (!b->fixed[i]) rest += (b->r[i] + b->hw[i])*(b->r[i] + b->hw[i]);
        }
      if (*boundary) return WG_OK;
      for (size_t i = 0; i < n; i++)
        if (!b->fixed[i]) b->p[i] = rest/rr*b->p[i] - (b->r[i] + b->hw[i]);
      rr = rest;
    }
  return WG_OK;
}

static int propose (wgi_model *model, wgi_search *s, int known, double *radius)
{
  bounded *b = (bounded *) model;
  const wg_minimize_options *o = &s->options;
  const double *lower = o->lower, *upper = o->upper;
  const size_t n = s->n, many = wgi_plus (wgi_times (2, n), 10), left = o->hvps ? o->hvps - s->result.hvps : SIZE_MAX;
  int rc, bent = 1, boundary = 0;
  double norm = 0;
  (void) known;
  b->left = left < many ? left : many;
  b->scale = s->result.gradient_norm;
  b->radius = *radius;
  s->products = 0;
  for (size_t i = 0; i < n; i++)
    {
      b->fixed[i] = (char) wgi_search_held (s, i, s->x[i], s->g[i]);
      b->r[i] = s->g[i]/b->scale;
    }
  norm = norm_free (b, b->r);
  if (b->start_norm == 0) b->start_norm = norm*b->scale;
  const double goal = .1*o->gradient_tolerance*max (1, fabs (s->result.f))/(norm*b->scale),
               forcing = min (.5, max (goal, min (.1, sqrt (norm*b->scale/b->start_norm))));
  if ((rc = descend (b))) return rc;
  while (bent && !boundary && b->left)
    {
      for (size_t i = 0; i < n; i++)
        b->fixed[i] = (lower && s->x[i] + b->d[i] <= lower[i]) || (upper && s->x[i] + b->d[i] >= upper[i]);
      if (norm_free (b, b->r) <= forcing*norm) break;
      if ((rc = conjugate (b, forcing*norm, &boundary)) || (rc = go (b, b->w, b->hw, &bent))) return rc;
    }
  *radius = b->radius;
  s->step_norm = wgi_norm (n, b->d);
  s->slope = wgi_dot (n, s->g, b->d);
  s->predicted = b->q < 0 ? -b->q*b->scale : -s->slope/2;
  model->boundary = s->step_norm >= .9*b->radius;
  return WG_OK;
}

int wgi_newton_bounds (wgi_search *s)
{
  const size_t n = s->n;
  bounded b = { .model.propose = propose, .s = s };
  int rc;
  double *block = malloc (wgi_times (wgi_times (n, 7), sizeof (double)));
  b.fixed = malloc (n);
  if (!block || !b.fixed) rc = wgi_fail (WG_ENOMEM, "wg_minimize: no memory for %zu variables", n);
  else
    {
      b.d = b.model.step = block;
      b.hd = block + n;
      b.r = block + 2*n;
      b.p = block + 3*n;
      b.hp = block + 4*n;
      b.w = block + 5*n;
      b.hw = block + 6*n;
      rc = wgi_trust_region (s, &b.model);
    }
  free (b.fixed);
  free (block);
  return rc;
}
