/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Newton-CG: the model is minimized by conjugate gradients with exact Hessian-vector products.  A rejected step is found
 * again in what they left, at no product.  Preconditioners are off unless asked for: on the problems of More, Garbow and
 * Hillstrom L-BFGS saves a sixth of the products and costs a fifth more evaluations, a probed diagonal loses both.
 */
#include <math.h>
#include <stdlib.h>

#include "base/status.h"
#include "optim/steihaug.h"
#include "optim/trust_region.h"

typedef struct {
  wgi_model model;              /* first: it is what propose gets */
  wgi_path path;
  wgi_search *s;
  wgi_cg_pairs last, next;      /* of the conjugate gradients before, and of these */
  double *diagonal;             /* probed; then its state: has it been, and the generator's */
  int probed;
  unsigned long long state;
} newton;

static double min (double a, double b) { return a < b ? a : b; }
static double max (double a, double b) { return a > b ? a : b; }

/* M^-1 r by whatever was chosen. */
static int by_user (void *ctx, const double r[], double z[])
{
  const wgi_search *s = ((newton *) ctx)->s;
  return s->options.precondition (s->n, s->x, r, z, s->options.ctx);
}

static int by_pairs (void *ctx, const double r[], double z[])
{
  return wgi_cg_pairs_apply (&((newton *) ctx)->last, r, z);
}

static int by_diagonal (void *ctx, const double r[], double z[])
{
  const newton *t = ctx;
  for (size_t i = 0; i < t->path.n; i++) z[i] = r[i]/t->diagonal[i];
  return 0;
}

/* Make it ready for conjugate gradients at x; a path may have left it out.  Products for that are counted. */
static int prepare (newton *t, wgi_search *s, size_t *products)
{
  wgi_path *p = &t->path;
  *products = 0;
  p->ctx = t;
  p->precondition = NULL;
  if (s->options.precondition) p->precondition = by_user;
  else if (s->options.preconditioner == WG_PRECONDITION_LBFGS)
    {
      const wgi_cg_pairs swap = t->last;
      if (t->next.count) t->last = t->next, t->next = swap;
      wgi_cg_pairs_clear (&t->next);
      p->pairs = &t->next;
      p->precondition = by_pairs;
    }
  else if (s->options.preconditioner == WG_PRECONDITION_DIAGONAL && s->options.hvps
           && s->options.hvps - s->result.hvps < 2) p->precondition = t->probed ? by_diagonal : NULL;
  else if (s->options.preconditioner == WG_PRECONDITION_DIAGONAL)
    {
      wgi_probe_signs (s->n, &t->state, p->d);
      const int rc = wg_hvp (s->f, s->at_x ? NULL : s->x, p->d, NULL, NULL, p->hd);
      if (WG_FAILED (rc)) return rc;
      s->at_x = 1;
      s->result.hvps += *products = 1;
      wgi_probe_mix (s->n, p->d, p->hd, !t->probed, t->diagonal);
      t->probed = 1;
      p->precondition = by_diagonal;
    }
  return WG_OK;
}

/* The step from x: cut, or found anew.  The residual it leaves, relative to |g|, is sqrt (|g|/|g at the start|), so
 * that convergence is superlinear, but not above 0.1 nor below half of what the tolerance asks for. */
static int propose (wgi_model *model, wgi_search *s, int known, double *radius)
{
  newton *t = (newton *) model;
  const wg_minimize_options *o = &s->options;
  wg_minimize_result *r = &s->result;
  wgi_path *p = &t->path;
  size_t products = 0;
  int rc = WG_OK;
  p->cg = 0;
  if (!known || !wgi_path_cut (p, s->g, *radius))
    {
      if ((rc = prepare (t, s, &products))) return rc;
      const double norm = wgi_norm (s->n, s->g), goal = .1*o->gradient_tolerance*max (1, fabs (r->f))/norm,
                   forcing = min (.5, max (goal, min (.1, sqrt (norm/s->start_norm))));
      const size_t enough = wgi_plus (wgi_times (2, s->n), 10), left = o->hvps ? o->hvps - r->hvps : SIZE_MAX;
      rc = wgi_path_find (p, s->f, s->at_x ? NULL : s->x, s->g, *radius, o->radius_max, forcing,
                          left < enough ? left : enough);
      r->hvps += p->cg;
      *radius = p->radius;
      s->at_x = 1;
    }
  s->step_norm = p->step_norm;
  s->slope = p->slope;
  s->predicted = p->predicted;
  s->products = p->cg + products;
  s->curvature = p->curvature;
  model->boundary = p->boundary;
  return rc;
}

int wgi_newton_cg (wgi_search *s)
{
  const size_t n = s->n;
  const int kind = s->options.precondition ? WG_PRECONDITION_NONE : s->options.preconditioner;
  const size_t more = kind == WG_PRECONDITION_LBFGS ? 4*WGI_CG_PAIRS : kind == WG_PRECONDITION_DIAGONAL;
  newton t = { .model.propose = propose, .s = s, .state = 1, .path = { .n = n, .keep = n < WGI_PATH ? n : WGI_PATH } };
  wgi_path *p = &t.path;
  double *block = malloc (wgi_times (wgi_times (n, p->keep + 5 + more), sizeof (double)));
  if (!block) return wgi_fail (WG_ENOMEM, "wg_minimize: no memory for %zu variables", n);
  p->s = t.model.step = block;
  p->r = block + n;
  p->d = block + 2*n;
  p->hd = block + 3*n;
  p->kept = block + 4*n;
  double *const rest = p->kept + (p->keep + 1)*n;
  if (kind == WG_PRECONDITION_LBFGS)
    {
      t.last = (wgi_cg_pairs){ .n = n, .d = rest, .hd = rest + WGI_CG_PAIRS*n };
      t.next = (wgi_cg_pairs){ .n = n, .d = rest + 2*WGI_CG_PAIRS*n, .hd = rest + 3*WGI_CG_PAIRS*n };
    }
  else t.diagonal = rest;
  p->krylov = s->options.subproblem != WG_SUBPROBLEM_STEIHAUG;
  p->further = s->options.subproblem == WG_SUBPROBLEM_GLTR ? p->keep : 0;
  const int rc = wgi_trust_region (s, &t.model);
  free (block);
  return rc;
}
