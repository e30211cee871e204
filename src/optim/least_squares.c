/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * wg_least_squares: arguments, memory, the choice of the method, and what both methods do at a point.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "optim/dense.h"
#include "optim/least_squares.h"

wgi_phi wgi_fit_phi (const wgi_fit *t, size_t i, double raw)
{
  const double by = t->weight ? t->weight[i] : 1;
  const wgi_phi phi = wgi_loss (t->o.loss, t->o.loss_scale, raw);
  return (wgi_phi){ by*phi.v, by*phi.d, by*phi.dd };
}

int wgi_fit_try (wgi_fit *t)
{
  const int rc = wg_eval (t->f, t->tx, t->traw);
  if (WG_FAILED (rc)) return rc;
  t->result.evaluations++;
  for (size_t i = 0; i < t->m; i++) t->tr[i] = wgi_fit_phi (t, i, t->traw[i]).v;
  return isfinite (wgi_half_square (t->m, t->tr)) ? WG_OK : WG_NONFINITE;
}

double wgi_half_square (size_t m, const double r[])
{
  double sum = 0;
  for (size_t i = 0; i < m; i++) sum += r[i]*r[i];
  return sum/2;
}

double wgi_fit_decrease (const wgi_fit *t)
{
  double sum = 0;
  for (size_t i = 0; i < t->m; i++) sum += (t->r[i] - t->tr[i])*(t->r[i] + t->tr[i]);
  return sum/2;
}

void wgi_fit_accept (wgi_fit *t)
{
  memcpy (t->x, t->tx, t->n*sizeof (double));
  memcpy (t->raw, t->traw, t->m*sizeof (double));
  memcpy (t->r, t->tr, t->m*sizeof (double));
  t->result.f = wgi_half_square (t->m, t->r);
}

int wgi_fit_report (wgi_fit *t, int accepted)
{
  wg_least_squares_result *r = &t->result;
  const wg_least_squares_options *o = &t->o;
  wg_least_squares_progress *p = &t->now;
  p->n = t->n, p->m = t->m, p->x = t->x, p->f = r->f, p->gradient = r->gradient;
  p->iteration = r->iterations, p->accepted = accepted;
  p->evaluations = r->evaluations, p->jacobians = r->jacobians, p->fvvs = r->fvvs, p->products = r->products;
  if (o->callback && o->callback (p, o->ctx)) return r->reason = WG_STOP_CALLBACK;
  if (r->reason) return r->reason;
  if (r->iterations >= o->iterations) return r->reason = WG_STOP_ITERATIONS;
  if (r->evaluations >= o->evaluations) return r->reason = WG_STOP_EVALUATIONS;
  if (o->products && r->products >= o->products) return r->reason = WG_STOP_HVPS;
  return 0;
}

int wgi_fit_options (wgi_fit *t, const wg_least_squares_options *options, const char *name)
{
  wg_least_squares_options *o = &t->o;
  if (options) *o = *options;
  if (!(o->gradient_tolerance >= 0 && o->step_tolerance >= 0 && o->residual_tolerance >= 0 && o->radius >= 0
        && o->loss_scale >= 0))
    return wgi_fail (WG_EINVAL, "%s: a tolerance, radius or scale is negative or NaN", name);
  if (o->method < 0 || o->method > WG_LEAST_SQUARES_CG || o->loss < 0 || o->loss >= WGI_LOSS_END_)
    return wgi_fail (WG_EINVAL, "%s: no such method (%d) or loss (%d)", name, o->method, o->loss);
  for (size_t j = 0; j < t->n && o->scale; j++)
    if (!(o->scale[j] > 0 && o->scale[j] < INFINITY))
      return wgi_fail (WG_EINVAL, "%s: scale[%zu] is %g", name, j, o->scale[j]);
  if (o->loss_scale == 0) o->loss_scale = 1;
  if (o->gradient_tolerance == 0) o->gradient_tolerance = 1e-8;
  if (o->step_tolerance == 0) o->step_tolerance = 1e-10;
  if (o->residual_tolerance == 0) o->residual_tolerance = 1e-150;
  if (!o->iterations) o->iterations = 1000;
  if (!o->evaluations) o->evaluations = 10000;
  if (!o->method)
    o->method = t->n > 1000 || wgi_times (t->m, t->n) > 4000000 ? WG_LEAST_SQUARES_CG : WG_LEAST_SQUARES_QR;
  return WG_OK;
}

int wgi_fit_room (wgi_fit *t, const char *name)
{
  const size_t n = t->n, m = t->m;
  double *block = malloc (wgi_times (wgi_plus (wgi_times (2, n), wgi_times (4, m)), sizeof *block));
  if (!block) return wgi_fail (WG_ENOMEM, "%s: no memory for %zu residuals", name, m);
  t->x = block, t->tx = block + n;
  t->raw = block + 2*n, t->r = t->raw + m, t->traw = t->r + m, t->tr = t->traw + m;
  return WG_OK;
}

int wgi_fit_search (wgi_fit *t, const double x0[])
{
  memmove (t->tx, x0, t->n*sizeof *x0);
  int rc = wgi_fit_try (t);
  if (!WG_FAILED (rc)) wgi_fit_accept (t);
  if (!rc) rc = t->o.method == WG_LEAST_SQUARES_CG ? wgi_fit_cg (t) : wgi_fit_qr (t);
  if (!rc && t->result.reason == WG_STOP_NONFINITE) rc = WG_NONFINITE;
  if (rc > 0) t->result.reason = WG_STOP_NONFINITE;
  return rc;
}

int wg_least_squares (wg_fun *f, double x[], const wg_least_squares_options *options,
                      wg_least_squares_result *result)
{
  static const char name[] = "wg_least_squares";
  if (!f || !x) return wgi_fail (WG_EINVAL, "%s: %s is NULL", name, f ? "x" : "f");
  wgi_fit t = { .f = f, .n = wg_fun_n (f), .m = wg_fun_m (f) };
  int rc = wgi_fit_options (&t, options, name);
  if (rc) return rc;
  rc = wgi_fit_room (&t, name);
  if (!rc) rc = wgi_fit_search (&t, x);
  if (!rc) memcpy (x, t.x, t.n*sizeof *x);
  if (WG_FAILED (rc)) t.result.reason = WG_STOP_ERROR;
  free (t.x);
  if (result) *result = t.result;
  if (rc > 0) return wgi_fail (WG_NONFINITE, "%s: the residuals or their Jacobian are not finite at the start", name);
  const int reason = t.result.reason;
  if (rc || reason == WG_STOP_GRADIENT || reason == WG_STOP_STEP || reason == WG_STOP_ROOT) return rc;
  return wgi_fail (WG_NOCONV, "%s: %s", name, wg_stop_name (reason));
}
