/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Gauss-Newton for Jacobians too large to store: min |J p + r| over |D p| <= radius by conjugate gradients
 * that end at the boundary (Steihaug 1983), in the form that works on residuals (CGLS: Hestenes, Stiefel
 * 1952; Bjorck, Numerical Methods for Least Squares Problems (1996), 7.4): one product with J and one with
 * J^T a step, never J^T J, whose rounding would cost half the digits.  D estimates the norms of J's columns
 * from products with random signs.
 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "optim/least_squares.h"
#include "optim/steihaug.h"

#define ACCEPT 1e-4     /* as in least_squares_qr.c */
#define POOR   .25
#define GOOD   .75
#define CUT    .25
#define GROW   2
#define HIDDEN 1e-12    /* relative decrease of the cost below which the gradient may judge */
#define LOOSE  .1       /* residual of CG over the gradient: at most, and at least */
#define TIGHT  1e-4

enum { PROBES = 16 };

typedef struct {
  wgi_fit *t;
  size_t n, m;
  double *D, *g, *p, *q, *d, *s;        /* n: scale; gradient; step; D p; CG's direction and negative gradient */
  double *slope, *rho, *w;              /* m: the loss's phi'; -r - J p; product */
  double radius, predicted;
  int at_x;                             /* is x the handle's last point? */
  int boundary, whole;                  /* does the step end on the boundary; has CG done what it was asked for? */
  size_t cg;
} search;

/* w = J D^-1 d */
static int forward (search *s, const double d[])
{
  for (size_t j = 0; j < s->n; j++) s->p[j] = d[j]/s->D[j];
  const int rc = wg_jvp (s->t->f, s->at_x ? NULL : s->t->x, s->p, NULL, s->w);
  s->at_x = 1;
  s->t->result.products++;
  for (size_t i = 0; i < s->m; i++) s->w[i] *= s->slope[i];
  return rc;
}

/* out = D^-1 J^T u; overwrites w. */
static int backward (search *s, const double u[], double out[])
{
  for (size_t i = 0; i < s->m; i++) s->w[i] = s->slope[i]*u[i];
  const int rc = wg_vjp (s->t->f, s->at_x ? NULL : s->t->x, s->w, NULL, out);
  s->at_x = 1;
  s->t->result.products++;
  for (size_t j = 0; j < s->n; j++) out[j] /= s->D[j];
  return rc;
}

static void slopes_of (search *s, const double raw[])
{
  for (size_t i = 0; i < s->m; i++) s->slope[i] = wgi_fit_phi (s->t, i, raw[i]).d;
}

/* D: the mean square of J^T u over u of random signs is that of the columns, to a factor near 1 + sqrt
 * (2/PROBES). */
static int probe (search *s)
{
  const size_t n = s->n;
  uint64_t state = 1;
  double mean = 0;
  size_t count = 0;
  for (size_t j = 0; j < n; j++) s->D[j] = 1, s->p[j] = 0;
  if (s->t->o.scale) return memcpy (s->D, s->t->o.scale, n*sizeof (double)), WG_OK;
  for (int k = 0; k < PROBES; k++)
    {
      for (size_t i = 0; i < s->m; i++)
        {
          state = state*6364136223846793005u + 1442695040888963407u;
          s->rho[i] = state >> 63 ? 1 : -1;
        }
      const int rc = backward (s, s->rho, s->s);
      if (rc) return rc;
      for (size_t j = 0; j < n; j++) s->p[j] = hypot (s->p[j], s->s[j]/sqrt (PROBES));
    }
  for (size_t j = 0; j < n; j++)
    if (s->p[j] > 0) mean += log (s->p[j]), count++;
  for (size_t j = 0; j < n; j++) s->D[j] = s->p[j] > 0 ? s->p[j] : count ? exp (mean/(double) count) : 1;
  return WG_OK;
}

/* The largest tau with |q + tau d| = radius, |q| <= radius. */
static double to_boundary (const search *s)
{
  const double qq = wgi_dot (s->n, s->q, s->q), qd = wgi_dot (s->n, s->q, s->d), dd = wgi_dot (s->n, s->d, s->d);
  const double room = fmax (s->radius*s->radius - qq, 0), root = sqrt (qd*qd + dd*room);
  return qd > 0 ? room/(qd + root) : (root - qd)/dd;
}

/* q, p: the step; predicted: the decrease of the linear model. */
static int solve (search *s, double forcing)
{
  const size_t n = s->n, m = s->m, most = 2*(n < m ? n : m) + 10;
  const size_t limit = s->t->o.products ? s->t->o.products : SIZE_MAX;
  double gamma = 0, next;
  int rc = 0;
  memset (s->q, 0, n*sizeof (double));
  for (size_t i = 0; i < m; i++) s->rho[i] = -s->t->r[i];
  for (size_t j = 0; j < n; j++) s->d[j] = -s->g[j], gamma += s->g[j]*s->g[j];
  const double goal = forcing*forcing*gamma;
  s->predicted = 0, s->boundary = s->whole = 0;
  for (s->cg = 0; s->cg < most && s->t->result.products < limit; gamma = next)
    {
      if ((rc = forward (s, s->d)) < 0) return rc;
      s->cg++;
      const double ww = wgi_dot (m, s->w, s->w), full = gamma/ww, tau = to_boundary (s);
      s->boundary = !(full < tau);
      const double alpha = s->boundary ? tau : full;
      if (rc || !isfinite (alpha) || !isfinite (ww)) break;
      for (size_t j = 0; j < n; j++) s->q[j] += alpha*s->d[j];
      for (size_t i = 0; i < m; i++) s->rho[i] -= alpha*s->w[i];
      s->predicted += alpha*(gamma - alpha*ww/2);
      if (s->boundary) break;
      if ((rc = backward (s, s->rho, s->s)) < 0) return rc;
      next = wgi_dot (n, s->s, s->s);
      s->whole = !(next > goal) || s->cg == most;
      if (rc || s->whole) break;
      for (size_t j = 0; j < n; j++) s->d[j] = s->s[j] + next/gamma*s->d[j];
    }
  for (size_t j = 0; j < n; j++) s->p[j] = s->q[j]/s->D[j];
  return WG_OK;
}

/* The gradient at the trial point, in s; finite or not.  The loss's slopes become those there. */
static int trial_gradient (search *s)
{
  slopes_of (s, s->t->traw);
  const int rc = backward (s, s->t->tr, s->s);
  return WG_FAILED (rc) ? rc : WG_OK;
}

/* Evaluate at x + p and judge: by the cost, or by the gradient where rounding hides the cost's decrease. */
static int attempt (search *s, int *accepted)
{
  wgi_fit *t = s->t;
  *accepted = 0;
  int rc = wgi_fit_try (t);
  s->at_x = 0;
  if (rc) return WG_FAILED (rc) ? rc : WG_OK;
  t->now.ratio = wgi_fit_decrease (t)/s->predicted;
  const int falls = t->now.ratio >= ACCEPT && t->now.ratio <= 1/ACCEPT, hidden = s->predicted <= HIDDEN*t->result.f;
  if (falls || hidden)
    {
      s->at_x = 1;                      /* of the trial point, that is: there backward is to stay */
      if ((rc = trial_gradient (s))) return rc;
      const double size = wgi_norm (s->n, s->s);
      *accepted = isfinite (size) && (falls || size <= wgi_norm (s->n, s->g)/2);
    }
  if (*accepted) wgi_fit_accept (t), memcpy (s->g, s->s, s->n*sizeof (double));
  else slopes_of (s, t->raw);
  s->at_x = *accepted;
  return WG_OK;
}

static double relative (const search *s)
{
  double most = 0;
  for (size_t j = 0; j < s->n; j++)
    if (s->p[j] != 0) most = fmax (most, fabs (s->p[j])/fabs (s->t->x[j]));
  return most;
}

static int step (search *s)
{
  wgi_fit *t = s->t;
  wg_least_squares_result *r = &t->result;
  int moved = 0, accepted;
  const double forcing = fmin (LOOSE, fmax (r->gradient, TIGHT));
  int rc = solve (s, forcing);
  if (rc) return rc;
  const double length = wgi_norm (s->n, s->q);
  t->now.radius = s->radius, t->now.step_norm = length, t->now.ratio = 0, t->now.cg = s->cg;
  if (!(s->predicted > 0)) return r->reason = WG_STOP_NOISE, 0;
  r->gradient = sqrt (s->predicted/r->f);
  if (s->whole && r->gradient <= t->o.gradient_tolerance) return r->reason = WG_STOP_GRADIENT, 0;
  if (s->whole && relative (s) <= t->o.step_tolerance) return r->reason = WG_STOP_STEP, 0;
  for (size_t j = 0; j < s->n; j++) t->tx[j] = t->x[j] + s->p[j], moved |= t->tx[j] != t->x[j];
  if (!moved) return r->reason = WG_STOP_NOISE, 0;
  const int hidden = s->predicted <= HIDDEN*r->f;
  if ((rc = attempt (s, &accepted))) return rc;
  r->iterations++;
  r->gradient_norm = 0;
  for (size_t j = 0; j < s->n; j++) r->gradient_norm = fmax (r->gradient_norm, fabs (s->g[j])*s->D[j]);
  if (!accepted && hidden) r->reason = WG_STOP_NOISE;
  if (!accepted || t->now.ratio < POOR) s->radius = CUT*length;
  else if (t->now.ratio >= GOOD) s->radius = fmax (s->radius, GROW*length);
  wgi_fit_report (t, accepted);
  return WG_OK;
}

/* Room for the search; slopes, scale and gradient at x.  WG_OK, WG_NONFINITE, an error. */
static int begin (search *s, double *block)
{
  wgi_fit *t = s->t;
  const size_t n = s->n, m = s->m;
  s->D = block, s->g = block + n, s->p = block + 2*n, s->q = block + 3*n, s->d = block + 4*n, s->s = block + 5*n;
  s->slope = block + 6*n, s->rho = s->slope + m, s->w = s->rho + m;
  s->at_x = 1;
  slopes_of (s, t->raw);
  int rc = probe (s);
  if (!rc) rc = backward (s, t->r, s->g);
  if (rc) return rc;
  for (size_t j = 0; j < n; j++) s->q[j] = s->D[j]*t->x[j], s->p[j] = s->g[j]*s->D[j];
  t->result.gradient_norm = wgi_norm_max (n, s->p);
  t->result.gradient = 1;
  s->radius = t->o.radius > 0 ? t->o.radius : fmax (wgi_norm (n, s->q), wgi_norm (m, t->r));
  return WG_OK;
}

int wgi_fit_cg (wgi_fit *t)
{
  search s = { .t = t, .n = t->n, .m = t->m };
  wg_least_squares_result *r = &t->result;
  double *block = malloc (wgi_times (wgi_plus (wgi_times (6, s.n), wgi_times (3, s.m)), sizeof *block));
  if (!block) return wgi_fail (WG_ENOMEM, "no memory for %zu parameters", s.n);
  int rc = begin (&s, block);
  if (rc > 0) r->reason = WG_STOP_NONFINITE, rc = 0;
  else if (!rc)
    {
      wgi_fit_report (t, 1);
      while (!rc && !r->reason)
        if (r->gradient_norm == 0) r->gradient = 0, r->reason = WG_STOP_GRADIENT;
        else if (wgi_norm_max (s.m, t->raw) <= t->o.residual_tolerance) r->reason = WG_STOP_ROOT;
        else rc = step (&s);
    }
  free (block);
  return rc;
}
