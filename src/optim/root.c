/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * wg_root: arguments, the scaling of rows, the choice of the method, and the verdict: a point where a search
 * ends is a root when F is what a relative change of x by the step tolerance makes of 0, row by row.
 */
#include "optim/root.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "optim/steihaug.h"

#define FLAT 1e-4       /* relative change of |F|^2 per relative change of x that says: a minimum */

enum { PROBES = 8 };

typedef struct {
  wgi_fit t;
  wg_root_options o;
  double *weight;               /* n powers of two that scale the rows */
  double *J;                    /* n x n at the verdict, or n for Krylov */
} root;

/* The callback of the fit: hand it on. */
static int hand_on (const wg_least_squares_progress *p, void *ctx)
{
  const root *s = ctx;
  const wg_root_progress progress = {
    .n = p->n, .x = p->x, .residual = sqrt (2*p->f), .step_norm = p->step_norm, .ratio = p->ratio,
    .iteration = p->iteration, .evaluations = p->evaluations, .jacobians = p->jacobians, .products = p->products,
    .accepted = p->accepted };
  return s->o.callback (&progress, s->o.ctx);
}

/* The power of two next to 1/a; 1 for 0. */
static double inverse (double a)
{
  int exponent;
  if (!(a > 0 && isfinite (a))) return 1;
  frexp (a, &exponent);
  return exponent < -1000 ? 0x1p1000 : ldexp (1, -exponent);
}

/* unit: the size of each unknown; of one that is 0 that of the largest. */
static void sizes_of (size_t n, const double x[], double unit[])
{
  const double most = wgi_norm_max (n, x);
  for (size_t j = 0; j < n; j++) unit[j] = x[j] != 0 ? fabs (x[j]) : most > 0 ? most : 1;
}

/* size: the norms of J's rows at x, columns in units of x; from J itself or from products with random signs. */
static int row_sizes (root *s, const double x[], double size[])
{
  wgi_fit *t = &s->t;
  const size_t n = t->n;
  const int dense = s->o.method == WG_ROOT_DENSE;
  uint64_t state = 1;
  double *unit = t->tx, *product = t->tr;
  int rc = WG_OK;
  sizes_of (n, x, unit);
  for (size_t i = 0; i < n; i++) size[i] = 0;
  if (dense)
    {
      rc = wg_jacobian (t->f, x, NULL, s->J);
      t->result.jacobians++;
      for (size_t i = 0; i < n*n && !rc; i++) size[i/n] = hypot (size[i/n], s->J[i]*unit[i%n]);
    }
  for (int k = 0; k < PROBES && !dense && !rc; k++)
    {
      for (size_t j = 0; j < n; j++)
        {
          state = state*6364136223846793005u + 1442695040888963407u;
          if (state >> 63) unit[j] = -unit[j];
        }
      rc = wg_jvp (t->f, k ? NULL : x, unit, NULL, product);
      t->result.products++;
      for (size_t i = 0; i < n && !rc; i++) size[i] = hypot (size[i], product[i]/sqrt (PROBES));
    }
  return rc;
}

/* The point where a search has ended by itself: a root, when F is what a relative change of x by
 * step_tolerance makes of 0, row by row; a minimum of |F|; or noise. */
static int verdict (root *s)
{
  wgi_fit *t = &s->t;
  wg_least_squares_result *r = &t->result;
  double *size = t->traw, *slope = t->tx, most = 0;
  int rc = row_sizes (s, t->x, size), small = !rc;
  for (size_t i = 0; i < t->n && small; i++) small = fabs (t->raw[i]) <= s->o.step_tolerance*size[i];
  if (small) return r->reason = WG_STOP_ROOT, WG_OK;
  for (size_t i = 0; i < t->n; i++) t->tr[i] = t->r[i]*s->weight[i];
  if (!rc) rc = wg_vjp (t->f, t->x, t->tr, NULL, slope);
  r->products++;
  sizes_of (t->n, t->x, size);
  for (size_t j = 0; j < t->n && !rc; j++) most = fmax (most, fabs (slope[j]*size[j]));
  r->reason = !rc && (r->reason == WG_STOP_GRADIENT || most <= FLAT*r->f) ? WG_STOP_NOISE : WG_STOP_NOISE;
  return WG_FAILED (rc) ? rc : WG_OK;
}

static int options_of (root *s, const wg_root_options *options)
{
  static const char name[] = "wg_root";
  wgi_fit *t = &s->t;
  if (options) s->o = *options;
  wg_root_options *o = &s->o;
  if (o->method < 0 || o->method > WG_ROOT_KRYLOV)
    return wgi_fail (WG_EINVAL, "%s: no such method (%d)", name, o->method);
  if (!o->method) o->method = t->n > 500 ? WG_ROOT_KRYLOV : WG_ROOT_DENSE;
  if (!o->subspace) o->subspace = 40;
  if (!o->iterations) o->iterations = 500;
  if (o->residual_tolerance == 0) o->residual_tolerance = 1e-100;
  const wg_least_squares_options fit = {
    .method = o->method == WG_ROOT_DENSE ? WG_LEAST_SQUARES_QR : WG_LEAST_SQUARES_CG,
    .step_tolerance = o->step_tolerance, .residual_tolerance = o->residual_tolerance, .scale = o->scale, .rough = 1,
    .iterations = o->iterations, .evaluations = o->evaluations, .products = o->products,
    .callback = o->callback ? hand_on : NULL, .ctx = s };
  const int rc = wgi_fit_options (t, &fit, name);
  o->step_tolerance = t->o.step_tolerance;
  return rc;
}

int wgi_root_options (size_t n, const wg_root_options *options)
{
  root s = { .t = { .n = n, .m = n } };
  return options_of (&s, options);
}

/* The search and the verdict.  WG_OK, WG_NONFINITE at the start, an error. */
static int search (root *s, const double x[])
{
  wgi_fit *t = &s->t;
  int rc = row_sizes (s, x, s->weight);
  if (rc > 0) t->result.reason = WG_STOP_NONFINITE;
  if (rc) return rc;
  for (size_t i = 0; i < t->n; i++) s->weight[i] = inverse (s->weight[i]);
  t->weight = s->weight;
  rc = s->o.method == WG_ROOT_KRYLOV ? wgi_root_krylov (t, x, s->o.subspace) : wgi_fit_search (t, x);
  if (rc) return rc;
  const int reason = t->result.reason;
  return reason == WG_STOP_STEP || reason == WG_STOP_GRADIENT || reason == WG_STOP_NOISE ? verdict (s) : WG_OK;
}

int wg_root (wg_fun *f, double x[], const wg_root_options *options, wg_root_result *result)
{
  static const char name[] = "wg_root";
  if (!f || !x) return wgi_fail (WG_EINVAL, "%s: %s is NULL", name, f ? "x" : "f");
  const size_t n = wg_fun_n (f);
  if (wg_fun_m (f) != n) return wgi_fail (WG_ESHAPE, "%s: %zu equations in %zu unknowns", name, wg_fun_m (f), n);
  root s = { .t = { .f = f, .n = n, .m = n } };
  wgi_fit *t = &s.t;
  int rc = options_of (&s, options);
  if (rc) return rc;
  const size_t numbers = wgi_plus (n, s.o.method == WG_ROOT_DENSE ? wgi_times (n, n) : 0);
  s.weight = malloc (wgi_times (numbers, sizeof *s.weight));
  s.J = s.weight ? s.weight + n : NULL;
  rc = s.weight ? wgi_fit_room (t, name) : wgi_fail (WG_ENOMEM, "%s: no memory for %zu equations", name, n);
  if (!rc) rc = search (&s, x);
  if (!rc) memcpy (x, t->x, n*sizeof *x);
  const wg_least_squares_result *r = &t->result;
  if (result)
    *result = (wg_root_result){
      .residual = rc ? NAN : wgi_norm_max (n, t->raw), .rank = r->rank, .iterations = r->iterations,
      .evaluations = r->evaluations, .jacobians = r->jacobians, .products = r->products,
      .reason = WG_FAILED (rc) ? WG_STOP_ERROR : r->reason };
  free (t->x), free (s.weight);
  if (rc > 0) return wgi_fail (WG_NONFINITE, "%s: F or its Jacobian is not finite at the start", name);
  return rc || r->reason == WG_STOP_ROOT ? rc : wgi_fail (WG_NOCONV, "%s: %s", name, wg_stop_name (r->reason));
}

int wg_root_print (const wg_root_progress *p, void *file)
{
  FILE *out = file;
  if (!p->iteration)
    fprintf (out, "%5s  %12s  %9s  %9s  %5s  %8s  %s\n", "iter", "|F| scaled", "step", "ratio", "F", "products", "taken");
  fprintf (out, "%5zu  %12.5e  %9.2e  %9.2e  %5zu  %8zu  %s\n", p->iteration, p->residual, p->step_norm, p->ratio,
           p->evaluations, p->products, p->accepted ? "yes" : "no");
  fflush (out);
  return 0;
}
