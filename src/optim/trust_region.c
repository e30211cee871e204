/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * The outer iteration.  A trial point costs a value; its gradient is computed when the point is taken, or when the
 * values are too close to each other for their difference to mean anything.  A step that decreases f by more than its
 * model said is doubled (stretch).
 */
#include "optim/trust_region.h"

#include <math.h>

/* Ratios of actual to predicted decrease: below POOR the radius shrinks, above GOOD it grows if it held the
 * step back.  Newton's step on |x|^p goes 1/(p - 1) of the way: its ratio is 7/6 for p = 3, 1.204 for 4 and 1.264 in
 * the limit, exp; it is worth doubling from STRETCH on. */
static const double POOR = .25, GOOD = .75, STRETCH = 1.18;

typedef struct {
  wgi_search *s;
  wgi_model *model;
  double radius;                /* for the next step */
  size_t failures, wait;        /* doublings that failed, to be left out */
  int known;                    /* has the model been at x? */
} region;

static double min (double a, double b) { return a < b ? a : b; }
static double max (double a, double b) { return a > b ? a : b; }

/* A step within the radius that decreased f by more than its model said: try twice the step.  After failures
 * more and more chances are left out. */
static int stretch (region *t)
{
  wgi_search *s = t->s;
  const double f = s->result.f, *step = t->model->step;
  double f2, *twice = s->gt;
  if (s->options.lower || s->options.upper) return WG_OK;       /* twice the step may be outside */
  if (t->model->boundary || !(f - s->ft > STRETCH*s->predicted) || s->predicted <= WGI_NOISE*fabs (f)
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
static void resize (region *t)
{
  const wgi_search *s = t->s;
  if (s->ratio < POOR)
    {
      const double theta = s->slope/2/(s->slope + s->ratio*s->predicted);
      t->radius = s->step_norm*(isfinite (s->ratio) ? min (max (theta, .1), .5) : .1);
    }
  else if (t->model->boundary && s->ratio > GOOD)
    t->radius = min (s->options.radius_max, 2*s->step_norm);
}

/* One iteration. */
static int iterate (region *t)
{
  wgi_search *s = t->s;
  int accepted = 0, rc = t->model->propose (t->model, s, t->known, &t->radius);
  if (rc || s->result.reason) return rc;
  t->known = 1;
  if (!wgi_search_place (s, 1, t->model->step))
    {
      s->result.reason = WG_STOP_NOISE;
      return WG_OK;
    }
  if ((rc = wgi_search_value (s, s->t, &s->ft)) || (rc = stretch (t)) || (rc = wgi_search_judge (s, &accepted))) return rc;
  s->radius = t->radius;
  resize (t);
  s->pushing = accepted && t->model->boundary && s->ratio > GOOD;
  if (accepted)
    {
      wgi_search_accept (s);
      t->known = 0;
    }
  wgi_search_next (s, accepted);
  return WG_OK;
}

int wgi_trust_region (wgi_search *s, wgi_model *model)
{
  region t = { .s = s, .model = model, .radius = s->options.radius };
  int rc = WG_OK;
  while (!rc && !wgi_search_done (s)) rc = iterate (&t);
  return rc;
}
