/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Evaluation, acceptance and the tests for an end, for all methods.  Where values are too close to each other for their
 * difference to mean anything, gradients at both ends of a step tell its decrease.
 */
#include "optim/minimizer.h"

#include <float.h>
#include <math.h>

#include "base/status.h"
#include "optim/steihaug.h"

enum { PATIENCE = 20 };         /* steps at the noise level that do not lower the gradient */

static double max (double a, double b) { return a > b ? a : b; }

double wgi_search_gradient_norm (const wgi_search *s, const double x[], const double g[])
{
  double most = 0;
  if (!s->options.lower && !s->options.upper) return wgi_norm_max (s->n, g);
  for (size_t i = 0; i < s->n; i++)
    if (isnan (g[i])) return NAN;
    else if (fabs (g[i]) > most && !wgi_search_held (s, i, x[i], g[i])) most = fabs (g[i]);
  return most;
}

int wgi_search_place (wgi_search *s, double a, const double step[])
{
  int moved = 0;
  for (size_t i = 0; i < s->n; i++)
    {
      s->t[i] = wgi_search_project (s, i, s->x[i] + a*step[i]);
      moved |= s->t[i] != s->x[i];
    }
  return moved;
}

int wgi_search_value (wgi_search *s, const double x[], double *y)
{
  const int rc = wg_eval (s->f, x, y);
  s->at_x = 0;
  s->result.evaluations++;
  return WG_FAILED (rc) ? rc : WG_OK;
}

int wgi_search_gradient (wgi_search *s)
{
  const int rc = wg_gradient (s->f, NULL, NULL, s->gt);
  s->result.gradients++;
  return WG_FAILED (rc) ? rc : WG_OK;
}

/* Where rounding may have hidden the decrease of f, it is told by -(g.s + gt.s)/2, exact for a quadratic, if f does
 * not contradict: the rounding there is relative to |g| |s|, which vanishes as |f| does not (compare Hager and Zhang, SIAM
 * J. Optim. 16 (2005), section 2).  That saves a step from rejection, too, when f says no but both gradients agree with
 * the model. */
int wgi_search_judge (wgi_search *s, int *accepted)
{
  const double f = s->result.f, level = max (fabs (f), fabs (s->ft));
  const int hidden = s->predicted <= WGI_HIDDEN*level, close = s->ft - f <= WGI_NOISE*level;
  int rc;
  *accepted = 0;
  s->ratio = isfinite (s->ft) ? (f - s->ft)/s->predicted : -INFINITY;
  if (!isfinite (s->ratio) || (s->ratio < WGI_ACCEPT && !close)) return WG_OK;
  if ((rc = wgi_search_gradient (s))) return rc;
  if (!isfinite (wgi_norm_max (s->n, s->gt)))
    {
      s->ratio = -INFINITY;
      return WG_OK;
    }
  double end = 0;                                   /* gt.(t - x) */
  for (size_t i = 0; i < s->n; i++) end += s->gt[i]*(s->t[i] - s->x[i]);
  const double told = -(s->slope + end)/2/s->predicted;
  if ((hidden && close) || (s->ratio < WGI_ACCEPT && fabs (told - 1) <= .25)) s->ratio = told;
  *accepted = s->ratio >= WGI_ACCEPT;
  return WG_OK;
}

void wgi_search_accept (wgi_search *s)
{
  double *x = s->x, *g = s->g;
  s->x = s->t;
  s->t = x;
  s->g = s->gt;
  s->gt = g;
  s->result.f = s->ft;
  s->result.gradient_norm = wgi_search_gradient_norm (s, s->x, s->g);
  s->at_x = 1;
}

/* Is there nothing more to gain?  Count the steps whose decrease rounding hides until one lowers the gradient.  A
 * step whose decrease rounding of x undoes is the last, unless it halves the gradient. */
static int exhausted (wgi_search *s)
{
  const double norm = s->result.gradient_norm;
  if (s->predicted <= s->grain && norm > s->least/2) return 1;
  if (s->predicted > WGI_HIDDEN*fabs (s->result.f) || norm < .9*s->least)
    {
      s->stalled = 0;
      s->least = norm;
    }
  return ++s->stalled > (s->patience ? s->patience : PATIENCE);
}

void wgi_search_report (wgi_search *s, int accepted)
{
  wg_minimize_result *r = &s->result;
  const wg_minimize_progress progress = {
    .n = s->n, .x = s->x, .g = s->g, .f = r->f, .gradient_norm = r->gradient_norm, .radius = s->radius,
    .step_norm = s->step_norm, .ratio = s->ratio, .iteration = r->iterations, .cg = s->products,
    .evaluations = r->evaluations, .gradients = r->gradients, .hvps = r->hvps,
    .accepted = accepted, .curvature = s->curvature };
  if (s->options.callback && s->options.callback (&progress, s->options.ctx) && !r->reason)
    r->reason = WG_STOP_CALLBACK;
}

void wgi_search_next (wgi_search *s, int accepted)
{
  s->result.iterations++;
  if (s->ft == -INFINITY || s->result.f < -1e50*s->start_size) s->result.reason = WG_STOP_UNBOUNDED;
  else if (exhausted (s)) s->result.reason = WG_STOP_NOISE;
  wgi_search_report (s, accepted);
}

/* Is the gradient small?  Relative to |f| only where f is not on its way to -infinity. */
static int converged (const wgi_search *s)
{
  const wg_minimize_result *r = &s->result;
  return r->gradient_norm <= s->options.gradient_tolerance*(s->pushing ? 1 : max (1, fabs (r->f)));
}

int wgi_search_done (wgi_search *s)
{
  const wg_minimize_options *o = &s->options;
  wg_minimize_result *r = &s->result;
  if (r->reason) return r->reason;
  if (converged (s)) r->reason = WG_STOP_GRADIENT;
  else if (r->iterations >= o->iterations) r->reason = WG_STOP_ITERATIONS;
  else if (r->evaluations >= o->evaluations) r->reason = WG_STOP_EVALUATIONS;
  else if (o->hvps && r->hvps >= o->hvps) r->reason = WG_STOP_HVPS;
  return r->reason;
}
