/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * The checkers.  Gradients, Jacobians and Hessian-vector products go to wgi_quotients, column by column; here are
 * the points they are probed at, the worst entry, and the printed report.  The transpose law needs no
 * difference: its bound is rounding, which is measured by scaling the directions.
 */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <wengert/check.h>

#include "base/status.h"
#include "deriv/quotient.h"
#include "deriv/random.h"

typedef struct {
  wg_fun *f;
  const double *x, *v;          /* v: a direction, or NULL for coordinate j */
  size_t n, m, j;
  double *point;                /* n: x moved */
  wg_check_options options;
  wg_check_report report;
  double badness;               /* of the worst entry so far */
  const char *name;
} checker;

/* Fixed numbers of both signs in +-[0.5, 1): golden section steps for the size, a shift register for the sign. */
static void pseudo_random (size_t n, double v[])
{
  uint32_t bits = 0xACE1u;
  double u = .5;
  for (size_t i = 0; i < n; i++)
    {
      u += .6180339887498949;
      if (u >= 1) u -= 1;
      bits = bits >> 1 ^ (bits & 1 ? 0xB400u : 0);
      v[i] = (bits & 1 ? -.5 : .5)*(1 + u);
    }
}

/* Check the arguments and fill in the defaults. */
static int prepare (checker *c, const char *name, wg_fun *f, const double x[], const wg_check_options *options,
                    int scalar)
{
  const wg_check_options defaults = { 0 };
  *c = (checker){ .f = f, .x = x, .name = name, .options = options ? *options : defaults, .badness = -1 };
  if (!f || !x) return wgi_fail (WG_EINVAL, "wg_check_%s: %s is NULL", name, f ? "x" : "f");
  c->n = wg_fun_n (f);
  c->m = wg_fun_m (f);
  if (scalar && c->m != 1)
    return wgi_fail (WG_ESHAPE, "wg_check_%s needs one output, the function has %zu", name, c->m);
  if (c->options.tolerance == 0) c->options.tolerance = 1e-6;
  if (!(c->options.tolerance > 0))
    return wgi_fail (WG_EINVAL, "wg_check_%s: tolerance is %g", name, c->options.tolerance);
  for (size_t i = 0; i < c->n && c->options.step; i++)
    if (!(c->options.step[i] > 0 && c->options.step[i] <= DBL_MAX))
      return wgi_fail (WG_EINVAL, "wg_check_%s: step[%zu] is %g", name, i, c->options.step[i]);
  return WG_OK;
}

/* An array of numbers, its status in *rc. */
static double *numbers (const checker *c, size_t count, int *rc)
{
  double *a = malloc (wgi_times (count, sizeof (double)));
  if (!a) *rc = wgi_fail (WG_ENOMEM, "wg_check_%s: no memory for %zu numbers", c->name, count);
  return a;
}

static double step_of (const checker *c, size_t i)
{
  return c->options.step ? c->options.step[i] : cbrt (DBL_EPSILON)*fmax (fabs (c->x[i]), 1);
}

/* The caller's direction, or a fixed one in v[n] that moves each coordinate by its own size. */
static const double *direction (const checker *c, double v[])
{
  if (c->options.direction) return c->options.direction;
  pseudo_random (c->n, v);
  for (size_t i = 0; i < c->n; i++) v[i] *= fmax (fabs (c->x[i]), 1);
  return v;
}

/* What a probe makes of a driver's status: a model may not exist everywhere. */
static int probed (int rc, size_t m, double y[])
{
  if (rc != WG_EMODEL && rc != WG_EBRANCH && rc != WG_ELIMIT) return WG_FAILED (rc) ? rc : WG_OK;
  for (size_t i = 0; i < m; i++) y[i] = NAN;
  return WG_OK;
}

static int probe_value (void *ctx, double *t, double y[])
{
  checker *c = ctx;
  const volatile double moved = c->x[c->j] + *t;    /* volatile: a double, not a wider register */
  c->point[c->j] = moved;
  *t = moved - c->x[c->j];
  const int rc = wg_eval (c->f, c->point, y);
  c->point[c->j] = c->x[c->j];
  return probed (rc, c->m, y);
}

/* The point at t along v; t is 0 when nothing moved. */
static void move_along (const checker *c, double *t)
{
  int moved = 0;
  for (size_t i = 0; i < c->n; i++)
    {
      c->point[i] = c->x[i] + *t*c->v[i];
      moved |= c->point[i] != c->x[i];
    }
  if (!moved) *t = 0;
}

static int probe_gradient (void *ctx, double *t, double y[])
{
  checker *c = ctx;
  move_along (c, t);
  return probed (wg_gradient (c->f, c->point, NULL, y), c->n, y);
}

static int probe_values_along (void *ctx, double *t, double y[])
{
  checker *c = ctx;
  move_along (c, t);
  return probed (wg_eval (c->f, c->point, y), c->m, y);
}

/* The first step along v: no coordinate goes further than its own. */
static double step_along (const checker *c)
{
  double step = INFINITY;
  for (size_t i = 0; i < c->n; i++)
    if (c->v[i] != 0) step = fmin (step, step_of (c, i)/fabs (c->v[i]));
  return step < INFINITY ? step : 1;
}

/* Count an entry and keep it if it is the worst: the first thing is the verdict, then the excess over the bound. */
static void count (checker *c, const wg_check_report *entry)
{
  wg_check_report *r = &c->report;
  const double gap = fabs (entry->derivative - entry->difference), ratio = gap/entry->bound;
  const double badness = gap == 0 ? 0 : ratio < INFINITY ? ratio/(1 + ratio) : 1;
  const int class = entry->verdict == WG_DISAGREE ? 2 : entry->verdict == WG_UNSURE;
  r->checked++;
  r->disagreeing += class == 2;
  r->unsure += class == 1;
  if (class + badness <= c->badness) return;
  c->badness = class + badness;
  r->verdict = entry->verdict;
  r->row = entry->row;
  r->column = entry->column;
  r->derivative = entry->derivative;
  r->difference = entry->difference;
  r->bound = entry->bound;
}

/* Set up an entry; largest is the magnitude of the derivatives beside it, whose rounding it may be. */
static void claim (wgi_entry *e, double derivative, double largest)
{
  e->derivative = derivative;
  e->zero = fabs (derivative) <= 8*DBL_EPSILON*largest;
}

/* The largest of the finite magnitudes. */
static double largest (size_t n, const double a[])
{
  double most = 0;
  for (size_t i = 0; i < n; i++)
    if (isfinite (a[i])) most = fmax (most, fabs (a[i]));
  return most;
}

/* The quotients of m entries, one below the other from (0, column). */
static void count_column (checker *c, size_t m, const wgi_entry e[], size_t column)
{
  for (size_t i = 0; i < m; i++)
    {
      const wg_check_report entry = {
        .verdict = wgi_verdict (&e[i], c->options.tolerance), .row = i, .column = column,
        .derivative = e[i].derivative, .difference = e[i].difference,
        .bound = wgi_forgiven (&e[i], c->options.tolerance) };
      count (c, &entry);
    }
}

/* The end of a check without errors: back to x, print, return the verdict. */
static int finish (checker *c, wg_check_report *report, const char *law)
{
  const wg_check_report *r = &c->report;
  FILE *out = c->options.out;
  const int rc = wg_eval (c->f, c->x, NULL);
  if (WG_FAILED (rc)) return rc;
  if (report) *report = *r;
  if (out)
    {
      fprintf (out, "check %s: %zu of %zu agree", c->name, r->checked - r->disagreeing - r->unsure, r->checked);
      if (r->disagreeing) fprintf (out, ", %zu DISAGREE", r->disagreeing);
      if (r->unsure) fprintf (out, ", %zu cannot be told", r->unsure);
      fprintf (out, "\n  worst       row %zu, column %zu\n  derivative  % .15e\n"
               "  %-10s  % .15e\n  apart       % .1e, bound % .1e\n",
               r->row, r->column, r->derivative, law, r->difference,
               fabs (r->derivative - r->difference), r->bound);
    }
  if (r->verdict) wgi_fail (r->verdict, "wg_check_%s: row %zu, column %zu: %.17g, but %.17g +- %.2g", c->name, r->row,
                            r->column, r->derivative, r->difference, r->bound);
  return r->verdict;
}

/* Quotients along coordinate c->j; derivative[m*n], row[m] the largest of each row. */
static int check_column (checker *c, const double derivative[], const double row[], wgi_entry e[], const double y0[], double y[])
{
  for (size_t i = 0; i < c->m; i++) claim (&e[i], derivative[i*c->n + c->j], row[i]);
  return wgi_quotients (probe_value, c, c->m, y0, step_of (c, c->j), !c->options.step, c->options.tolerance, e, y);
}

/* The same along a pseudo-random direction, which goes into v[n]. */
static int check_direction (checker *c, wgi_random *r, const double derivative[], double v[], wgi_entry e[], const double y0[],
                            double y[])
{
  wgi_random_direction (r, c->n, c->x, v);
  c->v = v;
  for (size_t i = 0; i < c->m; i++)
    {
      long double sum = 0;
      double size = 0;
      for (size_t j = 0; j < c->n; j++)
        {
          sum += (long double) derivative[i*c->n + j]*v[j];
          size += fabs (derivative[i*c->n + j]*v[j]);
        }
      claim (&e[i], (double) sum, size);
    }
  return wgi_quotients (probe_values_along, c, c->m, y0, step_along (c), !c->options.step, c->options.tolerance, e, y);
}

/* Gradient and Jacobian: derivatives[m*n] by the driver given, then quotients column by column, or by directions. */
static int check_values (checker *c, int (*drive) (wg_fun *, const double *, double *, double *),
                         wg_check_report *report)
{
  const size_t n = c->n, m = c->m, jacobian = wgi_times (m, n), directions = c->options.directions;
  int rc = WG_OK;
  wgi_random random = { c->options.seed };
  double *block = numbers (c, wgi_plus (wgi_plus (jacobian, wgi_times (n, 2)), wgi_times (m, 6)), &rc);
  wgi_entry *e = calloc (m, sizeof *e);
  if (!rc && !e) rc = wgi_fail (WG_ENOMEM, "wg_check_%s: no memory for %zu entries", c->name, m);
  if (!rc)
    {
      double *derivative = block, *v = block + jacobian + n, *row = v + n, *y0 = row + m, *y = y0 + m;
      c->point = block + jacobian;
      memcpy (c->point, c->x, n*sizeof (double));
      rc = drive (c->f, c->x, y0, derivative);
      if (!WG_FAILED (rc)) rc = WG_OK;
      for (size_t i = 0; !rc && i < m; i++) row[i] = largest (n, derivative + i*n);
      for (c->j = 0; !rc && c->j < (directions ? directions : n); c->j++)
        {
          rc = directions ? check_direction (c, &random, derivative, v, e, y0, y) : check_column (c, derivative, row, e, y0, y);
          if (!rc) count_column (c, m, e, c->j);
        }
    }
  free (block);
  free (e);
  return rc ? rc : finish (c, report, "difference");
}

int wg_check_gradient (wg_fun *f, const double x[], const wg_check_options *options, wg_check_report *report)
{
  checker c;
  const int rc = prepare (&c, "gradient", f, x, options, 1);
  return rc ? rc : check_values (&c, wg_gradient, report);
}

int wg_check_jacobian (wg_fun *f, const double x[], const wg_check_options *options, wg_check_report *report)
{
  checker c;
  const int rc = prepare (&c, "jacobian", f, x, options, 0);
  return rc ? rc : check_values (&c, wg_jacobian, report);
}

int wg_check_hvp (wg_fun *f, const double x[], const wg_check_options *options, wg_check_report *report)
{
  checker c;
  int rc = prepare (&c, "hvp", f, x, options, 1);
  if (rc) return rc;
  const size_t n = c.n;
  double *block = numbers (&c, wgi_times (n, 8), &rc);
  wgi_entry *e = calloc (n, sizeof *e);
  if (!rc && !e) rc = wgi_fail (WG_ENOMEM, "wg_check_hvp: no memory for %zu entries", n);
  if (!rc)
    {
      double *y0 = block + 2*n, *hv = block + 3*n, *y = block + 4*n;
      c.point = block;
      c.v = direction (&c, block + n);
      rc = wg_hvp (f, x, c.v, NULL, y0, hv);
      if (!WG_FAILED (rc)) rc = WG_OK;
      const double most = rc ? 0 : largest (n, hv);
      for (size_t i = 0; !rc && i < n; i++) claim (&e[i], hv[i], most);
      if (!rc) rc = wgi_quotients (probe_gradient, &c, n, y0, step_along (&c), !c.options.step, c.options.tolerance, e, y);
      if (!rc) count_column (&c, n, e, 0);
    }
  free (block);
  free (e);
  return rc ? rc : finish (&c, report, "difference");
}

static double dot (size_t n, const double a[], const double b[], double *size)
{
  double sum = 0;
  for (size_t i = 0; i < n; i++)
    {
      const double product = a[i] == 0 ? 0 : a[i]*b[i];        /* outputs of weight 0 are left out */
      sum += product;
      *size += fabs (product);
    }
  return sum;
}

/* u.(J v) forward and (u^T J).v in reverse with v and u scaled by s, the results divided by it. */
static int both_ways (const checker *c, const double u[], const double v[], double s, double scratch[],
                      double *forward, double *reverse, double *size)
{
  double *sv = scratch, *uj = sv + c->n, *su = uj + c->n, *jv = su + c->m;
  for (size_t i = 0; i < c->n; i++) sv[i] = s*v[i];
  for (size_t i = 0; i < c->m; i++) su[i] = s*u[i];
  int rc = wg_jvp (c->f, c->x, sv, NULL, jv);
  if (!WG_FAILED (rc)) rc = wg_vjp (c->f, NULL, su, NULL, uj);
  *size = 0;
  *forward = dot (c->m, u, jv, size)/s;
  *reverse = dot (c->n, v, uj, size)/s;
  *size /= s;
  return WG_FAILED (rc) ? rc : WG_OK;
}

int wg_check_transpose (wg_fun *f, const double x[], const wg_check_options *options, wg_check_report *report)
{
  static const double scale[4] = { 1, 1.1, 1.3, 1.7 };          /* no powers of two: these round differently */
  checker c;
  int rc = prepare (&c, "transpose", f, x, options, 0);
  if (rc) return rc;
  const size_t n = c.n, m = c.m;
  double *block = numbers (&c, wgi_plus (wgi_times (n, 3), wgi_times (m, 3)), &rc);
  double forward = NAN, reverse = NAN, size = 0, noise = 0;
  if (!rc)
    {
      double *uu = block + n;
      const double *v = direction (&c, block), *u = c.options.weights ? c.options.weights : uu;
      pseudo_random (m, uu);
      rc = both_ways (&c, u, v, 1, uu + m, &forward, &reverse, &size);
      for (int k = 1; !rc && k < 4; k++)
        {
          double a, b, unused;
          rc = both_ways (&c, u, v, scale[k], uu + m, &a, &b, &unused);
          noise = fmax (noise, fmax (fabs (a - forward), fabs (b - reverse)));
        }
    }
  free (block);
  if (rc) return rc;
  /* eps per term of the two sums, and 64 of the largest of six samples of what rounding does inside: to both it is
   * random, so a gap of that many is none of its doing. */
  const double gap = fabs (forward - reverse),
               bound = DBL_EPSILON*((double) n + (double) m + 8)*size + 64*noise;
  wg_check_report entry = { .verdict = WG_OK, .derivative = reverse, .difference = forward, .bound = bound };
  if (!isfinite (gap) || !isfinite (bound) || (gap <= bound && bound > 1e-3*size)) entry.verdict = WG_UNSURE;
  else if (gap > bound) entry.verdict = WG_DISAGREE;
  count (&c, &entry);
  return finish (&c, report, "forward");
}
