/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Means over rows, a batch of rows at a time: stochastic gradient descent with steps that fall as Robbins and Monro, Ann. Math.
 * Stat. 22 (1951), ask, and Adam, Kingma, Ba, ICLR 2015.  An iteration is an epoch: all rows once, in a new order.
 * What an epoch reports are means over its batches, each at the point it found; the test for an end, and the result, are
 * exact, from a pass over all rows at one point.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "deriv/random.h"
#include "optim/minimizer.h"
#include "optim/steihaug.h"

/* Adam's rates of forgetting and the size that counts as no gradient. */
static const double FIRST = .9, SECOND = .999, TINY = 1e-8;

enum { POWERS = 10, FAILURES = 30 };

typedef struct {
  wgi_search *s;
  wgi_random random;
  double step, decay;           /* the rate is step/(1 + k/decay) */
  size_t k;                     /* batches so far */
  double *safe;                 /* where to go back: the start of the last epoch without failure */
  double *m, *v;                /* Adam: means of the gradient and of its square; NULL: none */
  size_t moments;               /* batches in them */
  size_t failures;
} stochastic;

int wgi_rows_open (wgi_search *s)
{
  wg_minimize_options *o = &s->options;
  if (!o->set_rows) o->rows = o->batch = 1;
  if (!o->rows) return wgi_fail (WG_EINVAL, "wg_minimize: there are no rows");
  if (!o->batch) o->batch = 32;
  if (o->batch > o->rows) o->batch = o->rows;
  if (!(o->step >= 0) || !(o->decay >= 0))
    return wgi_fail (WG_EINVAL, "wg_minimize: step is %g, decay %g", o->step, o->decay);
  if (!(s->row = malloc (wgi_times (o->rows, sizeof *s->row))))
    return wgi_fail (WG_ENOMEM, "wg_minimize: no memory for %zu rows", o->rows);
  for (size_t i = 0; i < o->rows; i++) s->row[i] = i;
  return WG_OK;
}

/* The batch from a row on: f's value and gradient gt at x.  *share: its part of all rows. */
static int batch_gradient (wgi_search *s, size_t from, double *y, double *share)
{
  const wg_minimize_options *o = &s->options;
  const size_t count = o->rows - from < o->batch ? o->rows - from : o->batch;
  int rc = o->set_rows ? o->set_rows (s->f, count, s->row + from, o->ctx) : WG_OK;
  if (WG_FAILED (rc)) return rc;
  *share = (double) count/(double) o->rows;
  rc = wg_gradient (s->f, s->x, y, s->gt);
  s->result.evaluations++;
  s->result.gradients++;
  return WG_FAILED (rc) ? rc : WG_OK;
}

int wgi_rows_gradient (wgi_search *s)
{
  double f = 0, y, share;
  for (size_t i = 0; i < s->n; i++) s->g[i] = 0;
  for (size_t from = 0; from < s->options.rows; from += s->options.batch)
    {
      const int rc = batch_gradient (s, from, &y, &share);
      if (rc) return rc;
      f += share*y;
      for (size_t i = 0; i < s->n; i++) s->g[i] += share*s->gt[i];
    }
  s->result.f = f;
  s->result.gradient_norm = wgi_search_gradient_norm (s, s->x, s->g);
  return isfinite (f) && isfinite (wgi_norm_max (s->n, s->g)) ? WG_OK : WG_NONFINITE;
}

static void shuffle (stochastic *t)
{
  size_t *row = t->s->row;
  for (size_t i = t->s->options.rows; i > 1; i--)
    {
      const size_t j = (size_t) ((wgi_uniform (&t->random) + 1)/2*(double) i), k = row[i-1];
      row[i-1] = row[j];
      row[j] = k;
    }
}

/* One step along gt. */
static void move (stochastic *t)
{
  wgi_search *s = t->s;
  const double rate = t->step/(1 + (double) t->k++/t->decay);
  t->moments++;
  const double whole = 1 - pow (FIRST, (double) t->moments), whole2 = 1 - pow (SECOND, (double) t->moments);
  for (size_t i = 0; i < s->n; i++)
    {
      double d = s->gt[i];
      if (t->m)
        {
          t->m[i] = FIRST*t->m[i] + (1 - FIRST)*d;
          t->v[i] = SECOND*t->v[i] + (1 - SECOND)*d*d;
          d = t->m[i]/whole/(sqrt (t->v[i]/whole2) + TINY);
        }
      s->x[i] = wgi_search_project (s, i, s->x[i] - rate*d);
    }
  s->radius = rate;
}

/* Back to a safe point, with a smaller step. */
static void retreat (stochastic *t)
{
  memcpy (t->s->x, t->safe, t->s->n*sizeof (double));
  t->step /= 10;
  t->moments = 0;
  for (size_t i = 0; t->m && i < t->s->n; i++) t->m[i] = t->v[i] = 0;
}

/* All rows once.  Where a batch has no finite gradient, back, with a tenth of the step. */
static int epoch (stochastic *t)
{
  wgi_search *s = t->s;
  wg_minimize_result *r = &s->result;
  double f = 0, y, share;
  int rc, accepted = 1;
  shuffle (t);
  memcpy (s->t, s->x, s->n*sizeof (double));
  for (size_t i = 0; i < s->n; i++) s->g[i] = 0;
  for (size_t from = 0; accepted && from < s->options.rows && r->evaluations < s->options.evaluations; from += s->options.batch)
    {
      if ((rc = batch_gradient (s, from, &y, &share))) return rc;
      if (y == -INFINITY) r->reason = WG_STOP_UNBOUNDED;
      accepted = isfinite (y) && isfinite (wgi_norm_max (s->n, s->gt));
      f += share*y;
      for (size_t i = 0; i < s->n; i++) s->g[i] += share*s->gt[i];
      if (accepted) move (t);
    }
  if (!accepted)
    {
      retreat (t);
      if (!r->reason && ++t->failures > FAILURES) r->reason = WG_STOP_DIVERGED;
      if (WG_FAILED (rc = wgi_rows_gradient (s))) return rc;
    }
  else
    {
      memcpy (t->safe, s->t, s->n*sizeof (double));
      r->f = f;
      r->gradient_norm = wgi_search_gradient_norm (s, s->x, s->g);
      if (r->f < -1e50*s->start_size) r->reason = WG_STOP_UNBOUNDED;
    }
  for (size_t i = 0; i < s->n; i++) s->t[i] -= s->x[i];
  s->step_norm = wgi_norm (s->n, s->t);
  r->iterations++;
  wgi_search_report (s, accepted);
  return WG_OK;
}

/* The first rate of gradient descent: one over the largest curvature, by the power method on the first batch. */
static int choose_step (stochastic *t)
{
  wgi_search *s = t->s;
  double y, share, curvature = 0;
  int rc = batch_gradient (s, 0, &y, &share);
  for (size_t i = 0; i < s->n; i++) s->t[i] = s->g[i]/s->result.gradient_norm;
  for (int k = 0; k < POWERS && !rc; k++)
    {
      const double norm = wgi_norm (s->n, s->t);
      if (!(norm > 0)) break;
      for (size_t i = 0; i < s->n; i++) s->t[i] /= norm;
      rc = wg_hvp (s->f, k ? NULL : s->x, s->t, NULL, NULL, s->gt);
      s->result.hvps++;
      if (rc > 0) rc = WG_OK;
      curvature = wgi_norm (s->n, s->gt);
      memcpy (s->t, s->gt, s->n*sizeof (double));
    }
  t->step = curvature > 0 && isfinite (1/curvature) ? 1/curvature : 1;
  return rc;
}

/* f and g over all rows, at a safe point if they are not finite at x. */
static int be_exact (stochastic *t)
{
  int rc = wgi_rows_gradient (t->s);
  if (rc != WG_NONFINITE) return rc;
  retreat (t);
  rc = wgi_rows_gradient (t->s);
  if (rc == WG_NONFINITE && !t->s->result.reason) t->s->result.reason = WG_STOP_DIVERGED;
  return WG_FAILED (rc) ? rc : WG_OK;
}

int wgi_stochastic (wgi_search *s)
{
  const wg_minimize_options *o = &s->options;
  wg_minimize_result *r = &s->result;
  const size_t n = s->n;
  const int adam = r->method == WG_MINIMIZE_ADAM;
  stochastic t = { .s = s, .random.state = o->seed, .step = o->step, .decay = o->decay };
  int rc = WG_OK;
  if (t.decay == 0) t.decay = 10*(double) (1 + (o->rows - 1)/o->batch);
  if (!(t.safe = calloc (n, 3*sizeof (double)))) return wgi_fail (WG_ENOMEM, "wg_minimize: no memory for %zu variables", n);
  memcpy (t.safe, s->x, n*sizeof (double));
  if (adam)
    {
      t.m = t.safe + n;
      t.v = t.safe + 2*n;
      if (t.step == 0) t.step = 1e-3;
    }
  else if (t.step == 0) rc = choose_step (&t);
  while (!rc)
    {
      if (r->iterations && (r->reason || r->gradient_norm <= o->gradient_tolerance*fmax (1, fabs (r->f))
                            || r->iterations >= o->iterations || r->evaluations >= o->evaluations))
        rc = be_exact (&t);
      if (rc || wgi_search_done (s)) break;
      rc = epoch (&t);
    }
  s->at_x = 0;
  free (t.safe);
  return rc;
}
