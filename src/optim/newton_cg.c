/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Newton-CG: the model is minimized by conjugate gradients with exact Hessian-vector products.  A rejected step is found
 * again in what they left, at no product.
 */
#include <math.h>
#include <stdlib.h>

#include "base/status.h"
#include "optim/steihaug.h"
#include "optim/trust_region.h"

typedef struct {
  wgi_model model;              /* first: it is what propose gets */
  wgi_path path;
} newton;

static double min (double a, double b) { return a < b ? a : b; }
static double max (double a, double b) { return a > b ? a : b; }

/* The step from x: cut, or found anew.  The residual it leaves, relative to |g|, is sqrt (|g|/|g at the start|), so
 * that convergence is superlinear, but not above 0.1 nor below half of what the tolerance asks for. */
static int propose (wgi_model *model, wgi_search *s, int known, double *radius)
{
  newton *t = (newton *) model;
  const wg_minimize_options *o = &s->options;
  wg_minimize_result *r = &s->result;
  wgi_path *p = &t->path;
  int rc = WG_OK;
  p->cg = 0;
  if (!known || !wgi_path_cut (p, s->g, *radius))
    {
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
  s->products = p->cg;
  s->curvature = p->curvature;
  model->boundary = p->boundary;
  return rc;
}

int wgi_newton_cg (wgi_search *s)
{
  const size_t n = s->n;
  newton t = { .model.propose = propose, .path = { .n = n, .keep = n < WGI_PATH ? n : WGI_PATH } };
  wgi_path *p = &t.path;
  double *block = malloc (wgi_times (wgi_times (n, p->keep + 5), sizeof (double)));
  if (!block) return wgi_fail (WG_ENOMEM, "wg_minimize: no memory for %zu variables", n);
  p->s = t.model.step = block;
  p->r = block + n;
  p->d = block + 2*n;
  p->hd = block + 3*n;
  p->kept = block + 4*n;
  p->krylov = s->options.subproblem != WG_SUBPROBLEM_STEIHAUG;
  p->further = s->options.subproblem == WG_SUBPROBLEM_GLTR ? p->keep : 0;
  const int rc = wgi_trust_region (s, &t.model);
  free (block);
  return rc;
}
