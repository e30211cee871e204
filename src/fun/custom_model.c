/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Custom functions whose Jacobian J (x) is a model.  J is recorded when a derivative is first wanted, at that point, and is a
 * function like any other; with the tangents of J every mode is a sum of products (modes are sets of tangents):
 *   forward   y_d = sum over e within d, e not empty, of J_{d \ e} x_e       for d = D1 D2: J x_12 + J_2 x_1
 *   reverse   xbar_d = sum over e within d of J_{d \ e}^T ybar_e
 * J's own derivatives are asked of it in turn, so that no order is the last.  An entry that the model leaves alone
 * is a NaN of its own kind on the way from J to here.
 */
#include <stdlib.h>
#include <string.h>

#include "fun/custom.h"
#include "fun/fun.h"
#include "sweep/numbers.h"

typedef struct {
  wgi_callee callee;
  wgi_callee *jacobian;          /* made when first needed */
  double *J[4];                  /* m n each, by mode; the first is the block */
} modelled;

static const uint64_t missing_bits = 0x7ff80000574e4f4e;

static double missing (void)
{
  double x;
  memcpy (&x, &missing_bits, sizeof x);
  return x;
}

static int is_missing (double x)
{
  return memcmp (&x, &missing_bits, sizeof x) == 0;
}

int wgi_no_partial (const wgi_source *s, size_t j)
{
  return wgi_fail (WG_EORDER, "%s has no derivative with respect to operand %zu", s->name, j);
}

void wgi_custom_jacobian (wgi_source *source, const wg_var x[], wg_var J[])
{
  wgi_custom *s = (wgi_custom *) source;
  s->rules.jacobian (source->n, x, source->m*source->n, J, s->ctx);
}

/* The model that is recorded: what is unset becomes a number. */
static void model (size_t n, const wg_var x[], size_t count, wg_var J[], void *ctx)
{
  wgi_custom_jacobian (ctx, x, J);
  for (size_t i = 0; i < count; i++)
    if (J[i].ids == WGI_UNSET) J[i] = wg_num (missing ());
  (void) n;
}

/* The source's recording of J as an operation, made at x if there is none; counted.  NULL on error. */
static wgi_source *recorded (wgi_custom *s, const double x[])
{
  const size_t n = s->source.n, m = s->source.m;
  pthread_mutex_lock (&s->lock);
  if (!s->jacobian) s->jacobian = wgi_fun_record_owning (model, s, NULL, n, wgi_times (m, n), x, WGI_NOT_ROLLED);
  wgi_source *j = s->jacobian ? wgi_fun_source (s->jacobian) : NULL;
  pthread_mutex_unlock (&s->lock);
  return j;
}

/* J and its tangents for these modes at x. */
static int evaluate (modelled *c, int mode, double *const x[])
{
  wgi_source *s = c->callee.source;
  const size_t count = wgi_times (s->m, s->n);
  if (!c->J[0])
    {
      c->J[0] = malloc (wgi_times (wgi_times (4, count), sizeof *c->J[0]));
      if (!c->J[0]) return wgi_fail (WG_ENOMEM, "no memory for a call");
      for (size_t d = 1; d < 4; d++) c->J[d] = c->J[0] + d*count;
    }
  if (!c->jacobian)
    {
      wgi_source *j = recorded ((wgi_custom *) s, x[0]);
      c->jacobian = j ? j->instance (j) : NULL;
      wgi_source_leave (j);
      if (!c->jacobian) return wgi_last_status ();
    }
  const int rc = c->jacobian->forward (c->jacobian, mode, x, c->J);
  return rc > 0 ? WG_OK : rc;
}

/* y += J v; a tangent that is zero contributes zero */
static int push (const modelled *c, const double J[], const double v[], double y[])
{
  const wgi_source *s = c->callee.source;
  for (size_t i = 0; i < s->m; i++)
    for (size_t j = 0; j < s->n; j++)
      if (v[j] != 0)
        {
          if (is_missing (c->J[0][i*s->n + j])) return wgi_no_partial (s, j);
          y[i] += J[i*s->n + j]*v[j];
        }
  return WG_OK;
}

static int forward (wgi_callee *callee, int mode, double *const x[], double *const y[])
{
  modelled *c = (modelled *) callee;
  const wgi_custom *s = (const wgi_custom *) callee->source;
  const size_t n = s->source.n, m = s->source.m;
  int rc = wgi_custom_told (&s->source, "eval", s->rules.eval (n, x[0], m, y[0], s->ctx));
  if (rc || !mode) return rc;
  rc = evaluate (c, mode == 3 ? 1 : 0, (double *[]){ x[0], mode == 3 ? x[2] : NULL });
  for (int d = 1; d <= mode && !rc; d++)
    if ((d & mode) == d) memset (y[d], 0, m*sizeof *y[d]), rc = push (c, c->J[0], x[d], y[d]);
  return rc || mode != 3 ? rc : push (c, c->J[1], x[1], y[3]);
}

/* xbar += J^T ybar for the outputs that are awake and the operands that are active */
static int pull (const modelled *c, const double J[], const double awake[], const double ybar[], double xbar[])
{
  const wgi_source *s = c->callee.source;
  const uint32_t *operand = c->callee.operand;
  for (size_t i = 0; i < s->m; i++)
    for (size_t j = 0; j < s->n && !wgi_asleep (awake[i]); j++)
      if (!operand || !(operand[j] & WGI_INACTIVE))
        {
          if (is_missing (c->J[0][i*s->n + j])) return wgi_no_partial (s, j);
          xbar[j] += J[i*s->n + j]*ybar[i] + 0.;             /* awake */
        }
  return WG_OK;
}

static int reverse (wgi_callee *callee, int mode, double *const x[], double *const ybar[], double *const xbar[])
{
  modelled *c = (modelled *) callee;
  int rc = evaluate (c, mode, x);
  for (int d = 0; d <= mode && !rc; d++)
    if ((d & mode) == d)
      {
        for (size_t j = 0; j < callee->source->n; j++) xbar[d][j] = -0.;
        for (int e = 0; e <= d && !rc; e++)
          if ((e & d) == e) rc = pull (c, c->J[d ^ e], ybar[0], ybar[e], xbar[d]);
      }
  return rc;
}

static void free_instance (wgi_callee *callee)
{
  modelled *c = (modelled *) callee;
  if (c->jacobian) wgi_callee_free (c->jacobian);
  free (c->J[0]);
}

wgi_callee *wgi_custom_modelled (wgi_source *s)
{
  modelled *c = (modelled *) wgi_callee_new (s, sizeof *c);
  if (!c) return NULL;
  c->callee.forward = forward, c->callee.reverse = reverse, c->callee.free = free_instance;
  return &c->callee;
}
