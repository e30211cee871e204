/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Limited-memory BFGS: directions by the two-loop recursion, Nocedal, Math. Comp. 35 (1980), a line search with exact
 * slopes.  With bounds, a variable that is held at one is left out of the recursion, and the search goes along the
 * projection of the line, Bertsekas, SIAM J. Control Optim. 20 (1982).  Gradients are used over the largest entry of
 * the first one, so that no function is too large or too small.
 */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "optim/minimizer.h"
#include "optim/steihaug.h"

/* Wolfe's conditions: the decrease is at least DECREASE of what the slope at the start promises, and the slope falls to
 * at most FLAT of that.  APPROXIMATE: where the values tell nothing, slopes alone do, Hager and Zhang, SIAM J. Optim. 16
 * (2005), (2.4). */
static const double DECREASE = 1e-4, FLAT = .9, APPROXIMATE = .1;

enum { PAIRS = 10, TRIALS = 60, PATIENCE = 200 };        /* its gradients fall with leaps upwards */

/* A place on the line: x + a d, projected. */
typedef struct { double a, f, slope; } place;

typedef struct {
  wgi_search *s;
  size_t pairs, count, next;    /* room; pairs that are there; where the next one goes */
  double *d;                    /* n: the direction */
  double *step, *change;        /* pairs x n: changes of x and of the gradient */
  double *product, *weight;     /* pairs: step.change over variables that are not held; scratch */
  double *t, *gt;               /* n: the point of lo and its gradient */
  char *held;                   /* n; NULL: no bounds */
  double scale;                 /* of gradients */
  place start, lo, hi;          /* lo: the best so far, falling towards hi, which is beyond a minimum, infinite if unknown */
  int at_t;                     /* is t the handle's last point? */
} lbfgs;

static double min (double a, double b) { return a < b ? a : b; }
static double max (double a, double b) { return a > b ? a : b; }

/* ---------------------------------------------------------------- the direction */

static double dot (const lbfgs *l, const double a[], const double b[])
{
  double sum = 0;
  if (!l->held) return wgi_dot (l->s->n, a, b);
  for (size_t i = 0; i < l->s->n; i++)
    if (!l->held[i]) sum += a[i]*b[i];
  return sum;
}

/* d += c v in what is not held. */
static void add (lbfgs *l, double c, const double v[])
{
  for (size_t i = 0; i < l->s->n; i++)
    if (!l->held || !l->held[i]) l->d[i] += c*v[i];
}

/* d = -(inverse Hessian) g over what is not held; 0 when there is no pair. */
static int recursion (lbfgs *l)
{
  const size_t n = l->s->n;
  double size = 0;                                  /* of the inverse Hessian along the newest pair */
  for (size_t k = 1; k <= l->count; k++)
    {
      const size_t j = (l->next + l->pairs - k) % l->pairs;
      const double *step = l->step + j*n, *change = l->change + j*n, yy = dot (l, change, change);
      l->product[j] = dot (l, step, change);
      if (!(l->product[j] > DBL_EPSILON*sqrt (dot (l, step, step))*sqrt (yy))) l->product[j] = 0;
      if (l->product[j] == 0) continue;
      if (size == 0) size = l->product[j]/yy;
      l->weight[j] = dot (l, step, l->d)/l->product[j];
      add (l, -l->weight[j], change);
    }
  if (size == 0) return 0;
  for (size_t i = 0; i < n; i++) l->d[i] *= size;
  for (size_t k = l->count; k; k--)
    {
      const size_t j = (l->next + l->pairs - k) % l->pairs;
      if (l->product[j] != 0)
        add (l, l->weight[j] - dot (l, l->change + j*n, l->d)/l->product[j], l->step + j*n);
    }
  return 1;
}

static void downhill (lbfgs *l)
{
  const wgi_search *s = l->s;
  for (size_t i = 0; i < s->n; i++) l->d[i] = l->held && l->held[i] ? 0 : -s->g[i]/l->scale;
}

/* The direction from x and the first length to try.  Without pairs a hundredth of x, or of the way to f = 0. */
static double direct (lbfgs *l)
{
  const wgi_search *s = l->s;
  double first = 1;
  for (size_t i = 0; l->held && i < s->n; i++) l->held[i] = (char) wgi_search_held (s, i, s->x[i], s->g[i]);
  downhill (l);
  int known = recursion (l);
  l->start = (place){ .f = s->result.f, .slope = wgi_dot (s->n, s->g, l->d) };
  if (known && !(l->start.slope < 0 && l->start.slope > -INFINITY && isfinite (wgi_norm_max (s->n, l->d))))
    {
      known = 0;
      l->count = 0;
    }
  if (!known)
    {
      downhill (l);
      const double longest = wgi_norm_max (s->n, l->d), size = wgi_norm_max (s->n, s->x);
      l->start.slope = wgi_dot (s->n, s->g, l->d);
      first = size > 0 ? .01*size/longest : .01*fabs (s->result.f/l->start.slope);
      if (!(first > 0 && first <= DBL_MAX)) first = 1;
    }
  if (s->options.radius > 0 && !s->result.iterations) first = s->options.radius/wgi_norm (s->n, l->d);
  return min (first, s->options.radius_max/wgi_norm (s->n, l->d));
}

/* Keep the step from x to t as a pair, the oldest one gives way.  Rounding alone, or negative curvature, is no pair. */
static void keep (lbfgs *l)
{
  const wgi_search *s = l->s;
  double *step = l->step + l->next*s->n, *change = l->change + l->next*s->n;
  for (size_t i = 0; i < s->n; i++)
    {
      step[i] = s->t[i] - s->x[i];
      change[i] = (s->gt[i] - s->g[i])/l->scale;
    }
  const double sy = wgi_dot (s->n, step, change);
  if (!(sy > DBL_EPSILON*wgi_norm (s->n, step)*wgi_norm (s->n, change) && sy <= DBL_MAX)) return;
  l->next = (l->next + 1) % l->pairs;
  if (l->count < l->pairs) l->count++;
}

/* ---------------------------------------------------------------- the line */

/* The slope at t, the projection of x + a d, in the direction of larger a. */
static double slope (const lbfgs *l)
{
  const wgi_search *s = l->s;
  const double *lower = s->options.lower, *upper = s->options.upper;
  double sum = 0;
  if (!l->held) return wgi_dot (s->n, s->gt, l->d);
  for (size_t i = 0; i < s->n; i++)
    if (!(lower && l->d[i] < 0 && s->t[i] <= lower[i]) && !(upper && l->d[i] > 0 && s->t[i] >= upper[i]))
      sum += s->gt[i]*l->d[i];
  return sum;
}

/* Value and slope at t; f is infinite where there is no gradient, too. */
static int look (lbfgs *l, place *p)
{
  wgi_search *s = l->s;
  int rc = wgi_search_value (s, s->t, &s->ft);
  p->f = s->ft;
  p->slope = NAN;
  if (rc || !isfinite (s->ft)) return rc;
  if ((rc = wgi_search_gradient (s))) return rc;
  p->slope = slope (l);
  if (!isfinite (wgi_norm_max (s->n, s->gt))) p->f = INFINITY;
  return WG_OK;
}

/* Is f low enough; and is it flat enough there? */
static int low (const lbfgs *l, const place *p)
{
  const double level = max (fabs (l->start.f), fabs (p->f)), promised = -p->a*l->start.slope;
  if (p->f <= l->start.f - DECREASE*promised) return 1;
  return promised <= WGI_HIDDEN*level && p->f - l->start.f <= WGI_NOISE*level;
}

static int flat (const lbfgs *l, const place *p)
{
  const double s0 = l->start.slope, level = max (fabs (l->start.f), fabs (p->f));
  if (!(p->slope >= FLAT*s0)) return 0;
  if (p->f - l->start.f <= WGI_NOISE*level && p->slope <= (2*APPROXIMATE - 1)*s0) return 1;
  return low (l, p) && (l->held || p->slope <= -FLAT*s0);       /* a kink of the projection may have no flat place */
}

/* Where between lo and hi, or beyond lo, the minimum may be: by a parabola through the slopes if the values are too close
 * to each other, else by a cubic. */
static double between (const lbfgs *l)
{
  const place *p = &l->lo, *q = &l->hi;
  const double w = q->a - p->a, rise = q->f - p->f;
  double part = .5;                                 /* of the way from lo to hi */
  if (!isfinite (q->f)) part = .1;
  else if (fabs (rise) <= WGI_HIDDEN*max (fabs (p->f), fabs (q->f)) && q->slope > 0)
    part = p->slope/(p->slope - q->slope);
  else if (isfinite (q->slope))
    {
      const double unit = max (fabs (p->slope), fabs (q->slope)), a = p->slope/unit, b = q->slope/unit,
                   z = a + b - 3*rise/w/unit, root = sqrt (max (0, z*z - a*b));
      part = 1 - (b + root - z)/(b - a + 2*root);
    }
  return p->a + w*(isfinite (part) ? min (max (part, .1), .9) : .5);
}

/* Beyond p, which falls as its predecessor did. */
static double beyond (const place *last, const place *p)
{
  const double gain = p->slope - last->slope, a = p->a - p->slope*(p->a - last->a)/gain;
  return gain > 0 ? min (max (a, 2*p->a), 10*p->a) : 10*p->a;
}

/* Search along d, a the first length; t is where it led.  found: whether somewhere.  Without an interval that holds a
 * minimum, f may fall for ever. */
static int line (lbfgs *l, double a, int *found)
{
  wgi_search *s = l->s;
  const double most = s->options.radius_max/wgi_norm (s->n, l->d);
  double width = INFINITY;
  int rc;
  place p = { .a = a };
  l->lo = l->start;
  l->hi = (place){ INFINITY, INFINITY, NAN };
  *found = l->at_t = s->pushing = 0;
  for (int k = 0; k < TRIALS && s->result.evaluations < s->options.evaluations; k++)
    {
      if (!wgi_search_place (s, p.a, l->d) || p.a == l->lo.a || p.a == l->hi.a) break;
      if ((rc = look (l, &p))) return rc;
      if (p.f == -INFINITY) return WG_OK;
      if (isfinite (p.f) && (flat (l, &p) || (p.a >= most && low (l, &p))))
        {
          *found = l->at_t = 1;
          s->pushing = p.a >= most;
          return WG_OK;
        }
      if (isfinite (p.f) && low (l, &p) && p.slope < 0)
        {
          const place last = l->lo;
          l->lo = p;
          memcpy (l->t, s->t, s->n*sizeof (double));
          memcpy (l->gt, s->gt, s->n*sizeof (double));
          if (p.f < -1e50*s->start_size) break;
          p.a = l->hi.a < INFINITY ? between (l) : min (beyond (&last, &p), most);
        }
      else
        {
          l->hi = p;
          p.a = between (l);
        }
      if (l->hi.a < INFINITY)
        {
          if (!isfinite (l->hi.f) && l->lo.a >= .9*l->hi.a) break;      /* f is steepest at the edge: stay away */
          if (l->hi.a - l->lo.a > .66*width && k%2) p.a = l->lo.a + (isfinite (l->hi.f) ? .5 : .1)*(l->hi.a - l->lo.a);
          if (k%2) width = l->hi.a - l->lo.a;
        }
    }
  if (l->lo.a == 0) return WG_OK;
  memcpy (s->t, l->t, s->n*sizeof (double));
  memcpy (s->gt, l->gt, s->n*sizeof (double));
  s->ft = l->lo.f;
  s->pushing = !(l->hi.a < INFINITY);
  *found = 1;
  return WG_OK;
}

/* ---------------------------------------------------------------- the search */

static int iterate (lbfgs *l)
{
  wgi_search *s = l->s;
  int found, rc = line (l, direct (l), &found);
  if (rc) return rc;
  s->slope = s->step_norm = s->ratio = 0;
  if (found)
    {
      double *step = l->d;
      for (size_t i = 0; i < s->n; i++) step[i] = s->t[i] - s->x[i];
      s->slope = wgi_dot (s->n, s->g, step);
      s->step_norm = wgi_norm (s->n, step);
      s->predicted = s->slope < 0 ? -s->slope/2 : fabs (s->result.f - s->ft);
      s->ratio = (s->result.f - s->ft)/s->predicted;
      s->radius = s->step_norm;
      keep (l);
      wgi_search_accept (s);
      s->at_x = l->at_t;
    }
  else if (s->ft != -INFINITY)
    {
      if (!l->count && s->result.evaluations < s->options.evaluations) s->result.reason = WG_STOP_NOISE;
      l->count = 0;
    }
  wgi_search_next (s, found);
  return WG_OK;
}

int wgi_lbfgs (wgi_search *s)
{
  lbfgs l = { .s = s, .pairs = s->options.pairs ? s->options.pairs : PAIRS };
  const size_t n = s->n, pairs = l.pairs;
  int rc = WG_OK;
  double *block = malloc (wgi_times (wgi_plus (wgi_times (n, wgi_plus (wgi_times (2, pairs), 3)), wgi_times (2, pairs)),
                                     sizeof (double)));
  if (s->options.lower || s->options.upper) l.held = malloc (n);
  if (!block || ((s->options.lower || s->options.upper) && !l.held))
    rc = wgi_fail (WG_ENOMEM, "wg_minimize: no memory for %zu pairs of %zu variables", pairs, n);
  else
    {
      l.d = block;
      l.t = block + n;
      l.gt = block + 2*n;
      l.step = block + 3*n;
      l.change = l.step + pairs*n;
      l.product = l.change + pairs*n;
      l.weight = l.product + pairs;
      l.scale = wgi_norm_max (n, s->g);
      s->patience = PATIENCE;
    }
  while (!rc && !wgi_search_done (s)) rc = iterate (&l);
  free (l.held);
  free (block);
  return rc;
}
