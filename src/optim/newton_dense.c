/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Newton with the dense exact Hessian, reduced once to H = Q T Q^T.  In Q's coordinates the subproblem is tridiagonal, so
 * that its minimizer, also where H is indefinite, costs O(n) for each radius and O(n^2) for Q.
 */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "optim/dense.h"
#include "optim/secular.h"
#include "optim/steihaug.h"
#include "optim/trust_region.h"

typedef struct {
  wgi_model model;              /* first: it is what propose gets */
  wgi_symmetric h;
  double *g;                    /* Q^T g */
  wgi_tridiagonal t;
  wgi_secular solver;
  double *y, *z;
} newton;

/* H at x; 0 where it is not finite, which makes a step down the gradient. */
static int hessian (newton *t, wgi_search *s)
{
  const size_t n = s->n;
  const int rc = wg_hessian (s->f, s->at_x ? NULL : s->x, NULL, NULL, t->h.a);
  if (WG_FAILED (rc)) return rc;
  s->at_x = 1;
  s->result.hvps += n;
  s->products = n;
  s->grain = 0;
  for (size_t i = 0; i < n; i++) s->grain += fabs (t->h.a[i*n + i])/2*(DBL_EPSILON/2*s->x[i])*(DBL_EPSILON/2*s->x[i]);
  if (rc == WG_NONFINITE) memset (t->h.a, 0, n*n*sizeof (double)), s->grain = 0;
  wgi_symmetric_reduce (&t->h);
  memcpy (t->g, s->g, n*sizeof (double));
  wgi_symmetric_turn (&t->h, 1, t->g);
  wgi_secular_tridiagonal (&t->solver, &t->t, t->y, t->z);
  return WG_OK;
}

/* Along g; 0 when cancellation leaves nothing of it. */
static double curvature (const newton *t)
{
  const size_t n = t->t.n;
  const double size = wgi_norm (n, t->g);
  double kappa = 0, magnitude = 0;
  for (size_t i = 0; i < n; i++)
    {
      const double u = t->g[i]/size, along = t->h.d[i]*u + (i + 1 < n ? 2*t->h.e[i]*(t->g[i+1]/size) : 0);
      kappa += u*along;
      magnitude += fabs (u*along);
    }
  return fabs (kappa) > DBL_EPSILON*magnitude ? kappa : 0;
}

static int propose (wgi_model *model, wgi_search *s, int known, double *radius)
{
  newton *t = (newton *) model;
  const wg_minimize_options *o = &s->options;
  s->products = 0;
  if (!known)
    {
      if (o->hvps && o->hvps - s->result.hvps < s->n)
        {
          s->result.reason = WG_STOP_HVPS;
          return WG_OK;
        }
      const int rc = hessian (t, s);
      if (rc) return rc;
    }
  if (*radius == 0) wgi_secular_first (&t->solver, t->g, curvature (t), o->radius_max, radius, model->step);
  else wgi_secular_solve (&t->solver, t->g, *radius, model->step);
  wgi_symmetric_turn (&t->h, 0, model->step);
  model->boundary = t->solver.boundary;
  s->step_norm = t->solver.step_norm;
  s->predicted = t->solver.predicted;
  s->slope = wgi_dot (s->n, s->g, model->step);
  s->curvature = t->solver.curvature;
  return WG_OK;
}

int wgi_newton_dense (wgi_search *s)
{
  const size_t n = s->n;
  newton t = { .model.propose = propose };
  double *block = malloc (wgi_times (wgi_plus (wgi_symmetric_numbers (n), wgi_times (n, 6)), sizeof (double)));
  if (!block) return wgi_fail (WG_ENOMEM, "wg_minimize: no memory for a dense Hessian of %zu variables", n);
  wgi_symmetric_place (&t.h, n, block + 6*n);
  t.model.step = block;
  t.g = block + n;
  t.y = block + 2*n;
  t.z = block + 3*n;
  t.t = (wgi_tridiagonal){ .n = n, .d = t.h.d, .e = t.h.e, .pivot = block + 4*n, .ratio = block + 5*n };
  const int rc = wgi_trust_region (s, &t.model);
  free (block);
  return rc;
}
