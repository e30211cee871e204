/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Newton with the sparse exact Hessian: a coloured plan gives its entries with few products, sparse factors of H + lambda I
 * solve the subproblem.  Where another branch of the function has other entries, the plan is extended and its pattern
 * analysed again.
 */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <wengert/sparse.h>

#include "base/status.h"
#include "optim/cholesky.h"
#include "optim/secular.h"
#include "optim/steihaug.h"
#include "optim/trust_region.h"

/* When nobody asked for this method it is taken where a Hessian costs at most so many products, and it and its factor have
 * at most so many entries for each variable. */
enum { SWEEPS = 64, ENTRIES = 32, FILL = 400 };

typedef struct {
  wgi_model model;              /* first: it is what propose gets */
  wg_plan *plan;
  wgi_cholesky *factor;
  int *start, *row;             /* the lower triangle by columns */
  double *value;
  size_t sweeps;
  int status;                   /* of solve */
  wgi_secular solver;
  double *z;
} newton;

static void close_factor (newton *t)
{
  wgi_cholesky_free (t->factor);
  free (t->start), free (t->row), free (t->value);
  t->factor = NULL, t->start = t->row = NULL, t->value = NULL;
}

/* What belongs to t->plan.  WG_ELIMIT when it is not worth it and nobody asked for it. */
static int open_factor (newton *t, const wgi_search *s)
{
  const size_t n = s->n;
  const int asked = s->options.method != WG_MINIMIZE_AUTO;
  wg_plan_info info;
  close_factor (t);
  wg_plan_get_info (t->plan, &info);
  t->sweeps = info.sweeps;
  if (!asked && info.sweeps > SWEEPS) return WG_ELIMIT;
  t->start = malloc (wgi_times (n + 1, sizeof (int)));
  t->row = malloc (wgi_times (info.nnz + 1, sizeof (int)));
  t->value = malloc (wgi_times (info.nnz + 1, sizeof (double)));
  if (!t->start || !t->row || !t->value) return wgi_fail (WG_ENOMEM, "wg_minimize: no memory for %zu entries", info.nnz);
  const int rc = wg_plan_csc (t->plan, t->start, t->row, NULL);
  return rc ? rc : wgi_cholesky_new (n, t->start, t->row, asked ? INFINITY : FILL*(double) n, &t->factor);
}

static int factor (void *ctx, double shift)
{
  newton *t = ctx;
  return t->status ? t->status : wgi_cholesky_factor (t->factor, t->value, shift);
}

static void solve (void *ctx, double x[])
{
  newton *t = ctx;
  t->status = wgi_cholesky_solve (t->factor, x);
}

/* Gershgorin's bounds of the eigenvalues, and the grain; y and z are scratch. */
static void bounds (newton *t, wgi_search *s)
{
  const size_t n = s->n;
  double *around = t->z, *diagonal = t->solver.y;
  memset (around, 0, n*sizeof *around), memset (diagonal, 0, n*sizeof *diagonal);
  for (size_t j = 0; j < n; j++)
    for (int k = t->start[j]; k < t->start[j+1]; k++)
      if ((size_t) t->row[k] == j) diagonal[j] = t->value[k];
      else around[j] += fabs (t->value[k]), around[t->row[k]] += fabs (t->value[k]);
  t->solver.least = INFINITY, t->solver.most = -INFINITY, s->grain = 0;
  for (size_t j = 0; j < n; j++)
    {
      t->solver.least = fmin (t->solver.least, diagonal[j] - around[j]);
      t->solver.most = fmax (t->solver.most, diagonal[j] + around[j]);
      s->grain += fabs (diagonal[j])/2*(DBL_EPSILON/2*s->x[j])*(DBL_EPSILON/2*s->x[j]);
    }
}

/* H at x; 0 where it is not finite, which makes a step down the gradient. */
static int hessian (newton *t, wgi_search *s)
{
  int rc;
  while ((rc = wg_sparse_hessian (s->f, t->plan, s->at_x ? NULL : s->x, NULL, NULL, NULL, t->value)) == WG_EPLAN)
    if ((rc = wg_plan_extend (&t->plan, s->f)) || (rc = open_factor (t, s))) return rc;
  if (WG_FAILED (rc)) return rc;
  s->at_x = 1;
  s->products = t->sweeps;
  s->result.hvps += t->sweeps;
  if (rc == WG_NONFINITE) memset (t->value, 0, wg_plan_nnz (t->plan)*sizeof (double));
  bounds (t, s);
  return WG_OK;
}

/* Along g; 0 when cancellation leaves nothing of it. */
static double curvature (const newton *t, const double g[], size_t n)
{
  const double size = wgi_norm (n, g);
  double kappa = 0, magnitude = 0;
  for (size_t j = 0; j < n; j++)
    for (int k = t->start[j]; k < t->start[j+1]; k++)
      {
        const double u = g[j]/size*(g[t->row[k]]/size)*t->value[k]*((size_t) t->row[k] == j ? 1 : 2);
        kappa += u;
        magnitude += fabs (u);
      }
  return fabs (kappa) > DBL_EPSILON*magnitude ? kappa : 0;
}

static int propose (wgi_model *model, wgi_search *s, int known, double *radius)
{
  newton *t = (newton *) model;
  const wg_minimize_options *o = &s->options;
  int rc = WG_OK;
  s->products = 0;
  if (!known)
    {
      if (o->hvps && o->hvps - s->result.hvps < t->sweeps)
        {
          s->result.reason = WG_STOP_HVPS;
          return WG_OK;
        }
      if ((rc = hessian (t, s))) return rc;
    }
  if (*radius == 0)
    rc = wgi_secular_first (&t->solver, s->g, curvature (t, s->g, s->n), o->radius_max, radius, model->step);
  else rc = wgi_secular_solve (&t->solver, s->g, *radius, model->step);
  if (rc || t->status) return rc ? rc : t->status;
  model->boundary = t->solver.boundary;
  s->step_norm = t->solver.step_norm;
  s->predicted = t->solver.predicted;
  s->slope = wgi_dot (s->n, s->g, model->step);
  s->curvature = t->solver.curvature;
  return WG_OK;
}

int wgi_newton_sparse (wgi_search *s)
{
  const size_t n = s->n;
  const int asked = s->options.method != WG_MINIMIZE_AUTO;
  newton t = { .model.propose = propose };
  double *block = malloc (wgi_times (wgi_times (n, 3), sizeof (double)));
  if (!block) return wgi_fail (WG_ENOMEM, "wg_minimize: no memory for %zu variables", n);
  t.model.step = block;
  t.z = block + 2*n;
  t.solver = (wgi_secular){ .n = n, .factor = factor, .solve = solve, .ctx = &t, .tolerance = .1, .y = block + n, .z = t.z };
  t.plan = wg_plan_hessian_with (s->f, 'L', &(wg_plan_options){ .by_columns = 1, .entries = asked ? 0 : ENTRIES*n });
  int rc = t.plan ? open_factor (&t, s) : wgi_last_status ();
  if (!rc) rc = wgi_trust_region (s, &t.model);
  else if (!asked && (rc == WG_ELIMIT || rc == WG_ENOMEM)) rc = WG_OK;    /* another method will do */
  close_factor (&t);
  wg_plan_free (t.plan);
  free (block);
  return rc;
}
