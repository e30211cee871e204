/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Trust-region Newton-CG: the outer iteration.  A trial point costs a value; its gradient is computed when the
 * point is taken, or when the values are too close to each other for their difference to mean anything.  A
 * rejected step is cut out of the path that is there, at no product; one that decreases f by more than its
 * model said is doubled (stretch).
 */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "optim/minimizer.h"
#include "optim/steihaug.h"

/* Ratios of actual to predicted decrease: below POOR the radius shrinks, above GOOD it grows if it held the
 * step back.  Newton's step on |x|^p goes 1/(p - 1) of the way: its ratio is 7/6 for p = 3, 1.204 for 4 and 1.264 in
 * the limit, exp; it is worth doubling from STRETCH on. */
static const double POOR = .25, GOOD = .75, GREAT = .9, STRETCH = 1.18;

typedef struct {
  wgi_search *s;
  wgi_path path;                /* from x, if known */
  double radius;                /* for the next step */
  size_t failures, wait;        /* doublings that failed, to be left out */
  int known;
} newton;

static double min (double a, double b) { return a < b ? a : b; }
static double max (double a, double b) { return a > b ? a : b; }

/* The step from x: cut, or found anew.  The residual it leaves, relative to |g|, is sqrt (|g|/|g at the start|), so
 * that convergence is superlinear, but not above 0.1 nor below half of what the tolerance asks for. */
static int propose (newton *t)
{
  wgi_search *s = t->s;
  const wg_minimize_options *o = &s->options;
  wg_minimize_result *r = &s->result;
  wgi_path *p = &t->path;
  int rc = WG_OK;
  p->cg = 0;
  if (!t->known || !wgi_path_cut (p, s->g, t->radius))
    {
      const double norm = wgi_norm (s->n, s->g), goal = .1*o->gradient_tolerance*max (1, fabs (r->f))/norm,
                   forcing = min (.5, max (goal, min (.1, sqrt (norm/s->start_norm))));
      const size_t enough = wgi_plus (wgi_times (2, s->n), 10), left = o->hvps ? o->hvps - r->hvps : SIZE_MAX;
      rc = wgi_path_find (p, s->f, s->at_x ? NULL : s->x, s->g, t->radius, o->radius_max, forcing,
                          left < enough ? left : enough);
      r->hvps += p->cg;
      t->radius = p->radius;
      t->known = s->at_x = 1;
    }
  s->step_norm = p->step_norm;
  s->slope = p->slope;
  s->predicted = p->predicted;
  s->products = p->cg;
  s->curvature = p->curvature;
  return rc;
}

/* A step within the radius that decreased f by more than its model said: try twice the step.  After failures
 * more and more chances are left out. */
static int stretch (newton *t)
{
  wgi_search *s = t->s;
  const double f = s->result.f, *step = t->path.s;
  double f2, *twice = s->gt;
  if (t->path.boundary || !(f - s->ft > STRETCH*s->predicted) || s->predicted <= WGI_NOISE*fabs (f)
      || s->options.evaluations - s->result.evaluations < 2) return WG_OK;
  if (t->wait) return t->wait--, WG_OK;
  for (size_t i = 0; i < s->n; i++) twice[i] = s->x[i] + 2*step[i];
  int rc = wgi_search_value (s, twice, &f2);
  if (rc || !(f2 < s->ft))
    {
      t->wait = 2*++t->failures;
      return rc ? rc : wgi_search_value (s, s->t, &s->ft);
    }
  t->failures = 0;
  s->ft = f2;
  wgi_search_place (s, 2, step);
  s->step_norm *= 2;
  s->slope *= 2;
  t->radius = min (s->options.radius_max, max (t->radius, s->step_norm));
  return WG_OK;
}

/* The next radius.  A poor step is shortened to where the parabola through f, g.s and the decrease has its
 * minimum, within a tenth and a half. */
static void resize (newton *t)
{
  const wgi_search *s = t->s;
  if (s->ratio < POOR)
    {
      const double theta = s->slope/2/(s->slope + s->ratio*s->predicted);
      t->radius = s->step_norm*(isfinite (s->ratio) ? min (max (theta, .1), .5) : .1);
    }
  else if (t->path.boundary && s->ratio > GOOD)
    t->radius = min (s->options.radius_max, s->step_norm*(s->products && s->ratio > GREAT ? 4 : 2));
}

/* One iteration. */
static int iterate (newton *t)
{
  wgi_search *s = t->s;
  int accepted = 0, rc = propose (t);
  if (rc) return rc;
  if (!wgi_search_place (s, 1, t->path.s))
    {
      s->result.reason = WG_STOP_NOISE;
      return WG_OK;
    }
  if ((rc = wgi_search_value (s, s->t, &s->ft)) || (rc = stretch (t)) || (rc = wgi_search_judge (s, &accepted))) return rc;
  s->radius = t->radius;
  resize (t);
  s->pushing = accepted && t->path.boundary && s->ratio > GOOD;
  if (accepted)
    {
      wgi_search_accept (s);
      t->known = 0;
    }
  wgi_search_next (s, accepted);
  return WG_OK;
}

int wgi_newton_cg (wgi_search *s)
{
  newton t = { .s = s, .radius = s->options.radius };
  const size_t n = s->n;
  int rc = WG_OK;
  t.path.n = n;
  t.path.keep = n < WGI_PATH ? n : WGI_PATH;
  double *block = malloc (wgi_times (wgi_times (n, t.path.keep + 4), sizeof (double)));
  if (!block) return wgi_fail (WG_ENOMEM, "wg_minimize: no memory for %zu variables", n);
  t.path.s = block;
  t.path.r = block + n;
  t.path.hd = block + 2*n;
  t.path.kept = block + 3*n;
  while (!rc && !wgi_search_done (s)) rc = iterate (&t);
  free (block);
  return rc;
}
