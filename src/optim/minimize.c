/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Trust-region Newton-CG: the outer iteration.  A trial point costs a value; its gradient is computed when the
 * point is taken, or when the values are too close to each other for their difference to mean anything: then the
 * gradients at both ends tell the decrease (judge).  A rejected step is cut out of the path that is there, at no
 * product; one that decreases f by more than its model said is doubled (stretch).
 */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <wengert/minimize.h>

#include "base/status.h"
#include "optim/steihaug.h"

/* Ratios of actual to predicted decrease: a step is taken from ACCEPT on; below POOR the radius shrinks, above
 * GOOD it grows if it held the step back.  Newton's step on |x|^p goes 1/(p - 1) of the way: its ratio is 7/6 for
 * p = 3, 1.204 for 4 and 1.264 in the limit, exp; it is worth doubling from STRETCH on. */
static const double ACCEPT = 1e-4, POOR = .25, GOOD = .75, GREAT = .9, STRETCH = 1.18;

/* Relative to |f|: a predicted decrease that rounding of f may hide; what rounding may add to f. */
static const double HIDDEN = 1e4*DBL_EPSILON, NOISE = 1e-8;

enum { PATIENCE = 20 };         /* steps at the noise level that do not lower the gradient */

typedef struct {
  wg_fun *f;
  size_t n;
  wg_minimize_options options;  /* with the defaults filled in */
  wg_minimize_result result;    /* f and gradient_norm are those of x */
  wgi_path path;                /* from x, if known */
  double *x, *g, *t, *gt;       /* the point and its gradient, the trial point and its; t, gt are path.hd, path.r */
  double ft;                    /* f at the trial point */
  double radius, ratio;
  double start_norm, start_size;        /* |g| and max (1, |f|) at the start */
  double least;                 /* |g| when the noise last let it drop */
  size_t stalled, failures, wait;       /* steps without such a drop; doublings that failed, to be left out */
  int known, at_x;              /* at_x: is x the handle's last point? */
  int pushing;                  /* was the last step a good one that the radius held back? */
} search;

static double min (double a, double b) { return a < b ? a : b; }
static double max (double a, double b) { return a > b ? a : b; }

const char *wg_stop_name (int reason)
{
  switch (reason)
    {
#define X(name, text) case name: return text;
      WG_STOPS (X)
#undef X
    default: return "unknown reason";
    }
}

int wg_minimize_print (const wg_minimize_progress *p, void *file)
{
  FILE *out = file;
  if (!p->iteration) fprintf (out, "%5s  %22s  %8s  %8s  %4s  %6s\n", "iter", "f", "|g|", "radius", "cg", "hvps");
  fprintf (out, "%5zu  %22.15e  %8.2e  %8.2e  %4zu  %6zu\n",
           p->iteration, p->f, p->gradient_norm, p->radius, p->cg, p->hvps);
  fflush (out);
  return 0;
}

/* Tell the callback; it may stop the search. */
static void report (search *s, double radius, int accepted)
{
  wg_minimize_result *r = &s->result;
  const wgi_path *p = &s->path;
  const wg_minimize_progress progress = {
    .n = s->n, .x = s->x, .g = s->g, .f = r->f, .gradient_norm = r->gradient_norm, .radius = radius,
    .step_norm = p->step_norm, .ratio = s->ratio, .iteration = r->iterations, .cg = p->cg,
    .evaluations = r->evaluations, .gradients = r->gradients, .hvps = r->hvps,
    .accepted = accepted, .curvature = p->curvature };
  if (s->options.callback && s->options.callback (&progress, s->options.ctx) && !r->reason)
    r->reason = WG_STOP_CALLBACK;
}

/* The value at a point; NaN where there is none. */
static int value (search *s, const double x[], double *y)
{
  const int rc = wg_eval (s->f, x, y);
  s->at_x = 0;
  s->result.evaluations++;
  return WG_FAILED (rc) ? rc : WG_OK;
}

/* The gradient at the trial point, the handle's last one. */
static int trial_gradient (search *s)
{
  const int rc = wg_gradient (s->f, NULL, NULL, s->gt);
  s->result.gradients++;
  return WG_FAILED (rc) ? rc : WG_OK;
}

/* The step from x: cut, or found anew.  The residual it leaves, relative to |g|, is sqrt (|g|/|g at the start|), so
 * that convergence is superlinear, but not above 0.1 nor below half of what the tolerance asks for. */
static int propose (search *s)
{
  const wg_minimize_options *o = &s->options;
  wg_minimize_result *r = &s->result;
  wgi_path *p = &s->path;
  p->cg = 0;
  if (s->known && wgi_path_cut (p, s->g, s->radius)) return WG_OK;
  const double norm = wgi_norm (s->n, s->g), goal = .1*o->gradient_tolerance*max (1, fabs (r->f))/norm,
               forcing = min (.5, max (goal, min (.1, sqrt (norm/s->start_norm))));
  const size_t enough = wgi_plus (wgi_times (2, s->n), 10), left = o->hvps ? o->hvps - r->hvps : SIZE_MAX;
  const int rc = wgi_path_find (p, s->f, s->at_x ? NULL : s->x, s->g, s->radius, o->radius_max, forcing,
                                left < enough ? left : enough);
  r->hvps += p->cg;
  s->radius = p->radius;
  s->known = s->at_x = 1;
  return rc;
}

/* A step within the radius that decreased f by more than its model said: try twice the step.  After failures
 * more and more chances are left out. */
static int stretch (search *s)
{
  wgi_path *p = &s->path;
  const double f = s->result.f;
  double f2;
  if (p->boundary || !(f - s->ft > STRETCH*p->predicted) || p->predicted <= NOISE*fabs (f)
      || s->options.evaluations - s->result.evaluations < 2) return WG_OK;
  if (s->wait) return s->wait--, WG_OK;
  for (size_t i = 0; i < s->n; i++) s->gt[i] = s->x[i] + 2*p->s[i];
  int rc = value (s, s->gt, &f2);
  if (rc || !(f2 < s->ft))
    {
      s->wait = 2*++s->failures;
      return rc ? rc : value (s, s->t, &s->ft);
    }
  s->failures = 0;
  s->ft = f2;
  memcpy (s->t, s->gt, s->n*sizeof (double));
  for (size_t i = 0; i < s->n; i++) p->s[i] *= 2;
  p->step_norm *= 2;
  p->slope *= 2;
  s->radius = min (s->options.radius_max, max (s->radius, p->step_norm));
  return WG_OK;
}

/* The ratio, and whether to go to the trial point; then its gradient is there.  Where rounding may have hidden the
 * decrease of f, it is told by -(g.s + gt.s)/2, exact for a quadratic, if f does not contradict: the rounding
 * there is relative to |g| |s|, which vanishes as |f| does not (compare Hager and Zhang, SIAM J. Optim. 16 (2005),
 * section 2).  That saves a step from rejection, too, when f says no but both gradients agree with the model. */
static int judge (search *s, int *accepted)
{
  const wgi_path *p = &s->path;
  const double f = s->result.f, level = max (fabs (f), fabs (s->ft));
  const int hidden = p->predicted <= HIDDEN*level, close = s->ft - f <= NOISE*level;
  int rc;
  *accepted = 0;
  s->ratio = isfinite (s->ft) ? (f - s->ft)/p->predicted : -INFINITY;
  if (!isfinite (s->ratio) || (s->ratio < ACCEPT && !close)) return WG_OK;
  if ((rc = trial_gradient (s))) return rc;
  if (!isfinite (wgi_norm_max (s->n, s->gt)))
    {
      s->ratio = -INFINITY;
      return WG_OK;
    }
  const double told = -(p->slope + wgi_dot (s->n, s->gt, p->s))/2/p->predicted;
  if ((hidden && close) || (s->ratio < ACCEPT && fabs (told - 1) <= .25)) s->ratio = told;
  *accepted = s->ratio >= ACCEPT;
  return WG_OK;
}

/* The next radius.  A poor step is shortened to where the parabola through f, g.s and the decrease has its
 * minimum, within a tenth and a half. */
static void resize (search *s)
{
  const wgi_path *p = &s->path;
  if (s->ratio < POOR)
    {
      const double theta = p->slope/2/(p->slope + s->ratio*p->predicted);
      s->radius = p->step_norm*(isfinite (s->ratio) ? min (max (theta, .1), .5) : .1);
    }
  else if (p->boundary && s->ratio > GOOD)
    s->radius = min (s->options.radius_max, p->step_norm*(p->cg && s->ratio > GREAT ? 4 : 2));
}

/* The trial point becomes the point. */
static void accept (search *s)
{
  double *x = s->x, *g = s->g;
  s->x = s->t;
  s->t = s->path.hd = x;
  s->g = s->gt;
  s->gt = s->path.r = g;
  s->result.f = s->ft;
  s->result.gradient_norm = wgi_norm_max (s->n, s->g);
  s->known = 0;
  s->at_x = 1;
}

/* Is the gradient small?  Relative to |f| only where f is not on its way to -infinity. */
static int converged (const search *s)
{
  const wg_minimize_result *r = &s->result;
  return r->gradient_norm <= s->options.gradient_tolerance*(s->pushing ? 1 : max (1, fabs (r->f)));
}

/* Is there nothing more to gain?  Count the steps whose decrease rounding hides until one lowers the gradient. */
static int exhausted (search *s)
{
  const double norm = s->result.gradient_norm;
  if (s->path.predicted > HIDDEN*fabs (s->result.f) || norm < .9*s->least)
    {
      s->stalled = 0;
      s->least = norm;
    }
  return ++s->stalled > PATIENCE;
}

/* One iteration. */
static int step (search *s)
{
  wg_minimize_result *r = &s->result;
  int moved = 0, accepted = 0, rc = propose (s);
  if (rc) return rc;
  for (size_t i = 0; i < s->n; i++)
    {
      s->t[i] = s->x[i] + s->path.s[i];
      moved |= s->t[i] != s->x[i];
    }
  if (!moved)
    {
      r->reason = WG_STOP_NOISE;
      return WG_OK;
    }
  if ((rc = value (s, s->t, &s->ft)) || (rc = stretch (s)) || (rc = judge (s, &accepted))) return rc;
  const double radius = s->radius;
  r->iterations++;
  resize (s);
  s->pushing = accepted && s->path.boundary && s->ratio > GOOD;
  if (accepted) accept (s);
  if (s->ft == -INFINITY || r->f < -1e50*s->start_size) r->reason = WG_STOP_UNBOUNDED;
  else if (exhausted (s)) r->reason = WG_STOP_NOISE;
  report (s, radius, accepted);
  return WG_OK;
}

/* Iterate until there is a reason to stop, or an error. */
static int run (search *s)
{
  const wg_minimize_options *o = &s->options;
  wg_minimize_result *r = &s->result;
  int rc = wg_gradient (s->f, s->x, &r->f, s->g);
  r->evaluations = r->gradients = 1;
  r->gradient_norm = wgi_norm_max (s->n, s->g);
  if (rc == WG_NONFINITE) r->reason = WG_STOP_NONFINITE;
  if (rc) return rc;
  s->start_norm = wgi_norm (s->n, s->g);
  s->start_size = max (1, fabs (r->f));
  s->radius = o->radius;
  s->least = r->gradient_norm;
  s->at_x = 1;
  report (s, s->radius, 1);
  while (!rc && !r->reason)
    {
      if (converged (s)) r->reason = WG_STOP_GRADIENT;
      else if (r->iterations >= o->iterations) r->reason = WG_STOP_ITERATIONS;
      else if (r->evaluations >= o->evaluations) r->reason = WG_STOP_EVALUATIONS;
      else if (o->hvps && r->hvps >= o->hvps) r->reason = WG_STOP_HVPS;
      else rc = step (s);
    }
  if (!rc && !s->at_x) rc = wg_eval (s->f, s->x, NULL);
  return WG_FAILED (rc) ? rc : r->reason == WG_STOP_GRADIENT ? WG_OK : WG_NOCONV;
}

/* Fill in the defaults. */
static int prepare (wg_minimize_options *o)
{
  if (o->gradient_tolerance == 0) o->gradient_tolerance = 1e-8;
  if (o->radius_max == 0) o->radius_max = 1e100;        /* squares of lengths must not overflow */
  if (!o->iterations) o->iterations = 1000;
  if (!o->evaluations) o->evaluations = 10000;
  if (!(o->gradient_tolerance > 0))
    return wgi_fail (WG_EINVAL, "wg_minimize: gradient_tolerance is %g", o->gradient_tolerance);
  if (!(o->radius >= 0) || !(o->radius_max > 0))
    return wgi_fail (WG_EINVAL, "wg_minimize: radius is %g, radius_max %g", o->radius, o->radius_max);
  o->radius_max = min (o->radius_max, 1e100);
  o->radius = min (o->radius, o->radius_max);
  return WG_OK;
}

int wg_minimize (wg_fun *f, double x[], const wg_minimize_options *options, wg_minimize_result *result)
{
  const size_t n = wg_fun_n (f);
  search s = { .f = f, .n = n };
  if (!f || !x) return wgi_fail (WG_EINVAL, "wg_minimize: %s is NULL", f ? "x" : "f");
  if (wg_fun_m (f) != 1)
    return wgi_fail (WG_ESHAPE, "wg_minimize needs one output, the function has %zu", wg_fun_m (f));
  if (options) s.options = *options;
  int rc = prepare (&s.options);
  if (rc) return rc;

  s.path.n = n;
  s.path.keep = n < WGI_PATH ? n : WGI_PATH;
  double *block = malloc (wgi_times (wgi_times (n, s.path.keep + 6), sizeof (double)));
  if (!block) return wgi_fail (WG_ENOMEM, "wg_minimize: no memory for %zu variables", n);
  s.x = block;
  s.g = block + n;
  s.path.s = block + 2*n;
  s.gt = s.path.r = block + 3*n;
  s.t = s.path.hd = block + 4*n;
  s.path.kept = block + 5*n;
  memcpy (s.x, x, n*sizeof (double));

  rc = run (&s);
  if (WG_FAILED (rc)) s.result.reason = WG_STOP_ERROR;
  else if (rc != WG_NONFINITE) memcpy (x, s.x, n*sizeof (double));
  if (rc == WG_NOCONV)
    wgi_fail (rc, "wg_minimize: %s, after %zu iterations", wg_stop_name (s.result.reason), s.result.iterations);
  if (result) *result = s.result;
  free (block);
  return rc;
}
