/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Checks along one direction, of phi (h) = u.f (x + h v): how fast the remainders of its Taylor polynomials fall, how
 * far difference quotients get, and the symmetry of second derivatives.
 *
 * Taylor: steps are halved from h0 on, on both sides.  The noise of phi is measured by second differences at steps so
 * small that nothing else is left; a remainder counts while it is 64 times that.  The slope of order p is taken at the
 * smallest such steps.  It is p or more when the polynomial is right.  A derivative that is wrong leaves a remainder of
 * order p - 1 and of that parity, which tells it from a kink.
 */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <wengert/check.h>

#include "base/status.h"
#include "deriv/random.h"

enum { STEPS = 44,          /* halvings */
       WINDOW = 4,          /* steps that a slope is taken over */
       SURE = 6, DEEP = 8 };/* what it takes to call a derivative wrong: usable steps in a row, halvings before the last */

static const double SLACK = .25;      /* of a slope */

typedef struct {
  const char *name;
  wg_fun *f;
  const double *x, *u, *v;
  size_t n, m;
  wg_check_options options;
  double *block, *point, *y, *g, *hv;
  double value, weight_size;          /* phi (0), the sum of |u_i y_i| */
} line;

static int open_line (line *c, const char *name, wg_fun *f, const double x[], const wg_check_options *options)
{
  const wg_check_options defaults = { 0 };
  *c = (line){ .name = name, .f = f, .x = x, .options = options ? *options : defaults };
  if (!f || !x) return wgi_fail (WG_EINVAL, "wg_check_%s: %s is NULL", name, f ? "x" : "f");
  c->n = wg_fun_n (f), c->m = wg_fun_m (f);
  if (c->options.tolerance == 0) c->options.tolerance = 1e-6;
  if (!(c->options.tolerance > 0)) return wgi_fail (WG_EINVAL, "wg_check_%s: tolerance is %g", name, c->options.tolerance);
  for (size_t i = 0; i < c->n && c->options.step; i++)
    if (!(c->options.step[i] > 0 && c->options.step[i] <= DBL_MAX))
      return wgi_fail (WG_EINVAL, "wg_check_%s: step[%zu] is %g", name, i, c->options.step[i]);
  const size_t count = wgi_plus (wgi_times (7, c->n), wgi_times (2, c->m));
  c->block = malloc (wgi_times (count, sizeof *c->block));
  if (!c->block) return wgi_fail (WG_ENOMEM, "wg_check_%s: no memory for %zu numbers", name, count);
  double *u = c->block, *v = u + c->m;
  wgi_random r = { c->options.seed };
  wgi_random_direction (&r, c->n, x, v);
  for (size_t i = 0; i < c->m; i++) u[i] = c->m == 1 ? 1 : wgi_uniform (&r);
  c->u = c->options.weights ? c->options.weights : u;
  c->v = c->options.direction ? c->options.direction : v;
  c->y = v + c->n, c->point = c->y + c->m, c->g = c->point + c->n, c->hv = c->g + c->n;     /* and 3 n more behind hv */
  return WG_OK;
}

static double dot (size_t n, const double a[], const double b[], double *size)
{
  long double sum = 0;
  for (size_t i = 0; i < n; i++)
    if (a[i] != 0)                      /* outputs of weight 0 are left out */
      {
        sum += (long double) a[i]*b[i];
        *size += fabs (a[i]*b[i]);
      }
  return (double) sum;
}

/* phi (h), NaN where there is no value, and the step that was really gone in point[n]. */
static int phi (line *c, double h, double *value)
{
  for (size_t i = 0; i < c->n; i++) c->point[i] = c->x[i] + h*c->v[i];
  const int rc = wg_eval (c->f, c->point, c->y);
  const int none = rc == WG_EMODEL || rc == WG_EBRANCH || rc == WG_ELIMIT;
  double unused = 0;
  if (WG_FAILED (rc) && !none) return rc;
  for (size_t i = 0; i < c->n; i++) c->point[i] -= c->x[i];
  *value = none ? NAN : dot (c->m, c->u, c->y, &unused);
  return WG_OK;
}

/* The largest step: no coordinate moves further than this part of its size, or its own step. */
static double first_step (const line *c, double part)
{
  double h = INFINITY;
  for (size_t i = 0; i < c->n; i++)
    if (c->v[i] != 0) h = fmin (h, (c->options.step ? c->options.step[i] : part*wgi_size (c->x[i]))/fabs (c->v[i]));
  return h < INFINITY ? h : part;
}

/* Taylor */

typedef struct {
  double h[STEPS], noise[STEPS];
  double r[3][2][STEPS];                /* remainder of order 1, 2, 3, on both sides */
} remainders;

/* Second differences where phi is a straight line: what rounding does to it. */
static int noise_of (line *c, double h0, double *noise)
{
  static const double at[4] = { 1, 1.4, 1.9, 2.7 };
  int rc = WG_OK;
  *noise = 4*DBL_EPSILON*c->weight_size;
  for (int i = 0; i < 4 && !rc; i++)
    {
      double a = NAN, b = NAN;
      rc = phi (c, at[i]*h0*0x1p-36, &a);
      if (!rc) rc = phi (c, -at[i]*h0*0x1p-36, &b);
      const double d = fabs (a - 2*c->value + b);
      if (d < INFINITY) *noise = fmax (*noise, d);
    }
  return rc;
}

static int find_remainders (line *c, int orders, double curvature, double h0, remainders *t)
{
  double noise;
  int rc = noise_of (c, h0, &noise);
  for (int k = 0; k < STEPS && !rc; k++)
    {
      const double h = t->h[k] = ldexp (h0, -k);
      t->noise[k] = noise;
      for (int side = 0; side < 2 && !rc; side++)
        {
          double moved = 0;
          rc = phi (c, side ? -h : h, &moved);
          double size = 0;
          const double slope = orders > 1 ? dot (c->n, c->g, c->point, &size) : 0;
          t->r[0][side][k] = moved - c->value;
          t->r[1][side][k] = moved - c->value - slope;
          t->r[2][side][k] = moved - c->value - slope - h*h/2*curvature;
          t->noise[k] = fmax (t->noise[k], noise + 4*DBL_EPSILON*size);
        }
    }
  return rc;
}

static double largest (const remainders *t, int p, int k)
{
  const double a = fabs (t->r[p-1][0][k]), b = fabs (t->r[p-1][1][k]);
  return a + b < INFINITY ? fmax (a, b) : NAN;
}

static int usable (const remainders *t, int p, int k) { return largest (t, p, k) > 64*t->noise[k]; }

/* Is it of the parity of h^q, at step k? */
static int has_parity (const remainders *t, int p, int q, int k)
{
  const double a = t->r[p-1][0][k], b = t->r[p-1][1][k];
  return fabs (q % 2 ? a + b : a - b) <= .5*(fabs (a) + fabs (b));
}

/* Leave of a remainder what is even in h: an error of the gradient, which is odd, falls out. */
static void leave_even (remainders *t, int p)
{
  for (int k = 0; k < STEPS; k++) t->r[p-1][0][k] = t->r[p-1][1][k] = (t->r[p-1][0][k] + t->r[p-1][1][k])/2;
}

/* The verdict on order p; the slope, NaN if there is none.  scale: of the derivative of order p - 1 along v. */
static int judge (const remainders *t, int p, double scale, double tolerance, double *slope)
{
  int end = STEPS - 1, length = 0, finite = 0;
  *slope = NAN;
  for (int k = 0; k < STEPS; k++) finite += largest (t, p, k) >= 0;
  while (end >= 0 && !usable (t, p, end)) end--;
  if (end < 0) return finite >= STEPS/2 ? WG_OK : WG_UNSURE;       /* nothing but rounding: the polynomial is exact */
  while (length <= end && usable (t, p, end - length)) length++;
  if (length >= 2)
    {
      const int window = length < WINDOW ? length : WINDOW;
      double sum = 0, weight = 0;
      for (int i = 0; i < window; i++)
        {
          const double at = (window - 1)/2. - i;
          sum += at*log2 (largest (t, p, end - window + 1 + i)), weight += at*at;
        }
      *slope = sum/weight;
    }
  if (*slope >= p - SLACK || largest (t, p, end)/pow (t->h[end], p - 1) <= tolerance*scale) return WG_OK;
  const int lower = fabs (*slope - (p - 1)) <= SLACK && has_parity (t, p, p - 1, end) && has_parity (t, p, p - 1, end - 1);
  return p > 1 && lower && length >= SURE && end >= DEEP ? WG_DISAGREE : WG_UNSURE;
}

static void print_remainders (const line *c, int orders, const remainders *t, const wg_check_report *r)
{
  FILE *out = c->options.out;
  fprintf (out, "check taylor: remainders along a direction, and their slopes\n  %-11s %-11s        %-11s        %-11s\n",
           "h", "value", "gradient", "hvp");
  for (int k = 0; k < STEPS; k++)
    {
      fprintf (out, "  %.5e", t->h[k]);
      for (int p = 1; p <= orders; p++)
        {
          const double now = largest (t, p, k), before = k ? largest (t, p, k - 1) : NAN;
          if (usable (t, p, k) && k && usable (t, p, k - 1)) fprintf (out, " %.5e %6.3f", now, log2 (before/now));
          else fprintf (out, " %.5e %6s", now, usable (t, p, k) ? "" : "noise");
        }
      fputc ('\n', out);
    }
  fprintf (out, "  slopes %.3f %.3f %.3f, expected 1, 2, 3 or more: %s\n", r->slope[0], r->slope[1], r->slope[2],
           r->verdict ? wg_strerror (r->verdict) : "fine");
}

/* Derivatives at x: g and hv when there is a second order, and how many orders there are then. */
static int derivatives (line *c, int *orders)
{
  int rc = wg_hvp_weighted (c->f, c->x, c->u, c->v, c->y, c->g, c->hv);
  *orders = 3;
  if (rc == WG_EORDER)
    {
      *orders = 2;
      rc = wg_vjp (c->f, c->x, c->u, c->y, c->g);
    }
  if (WG_FAILED (rc)) return rc;
  c->weight_size = 0;
  c->value = dot (c->m, c->u, c->y, &c->weight_size);
  return WG_OK;
}

int wg_check_taylor (wg_fun *f, const double x[], const wg_check_options *options, wg_check_report *report)
{
  line c;
  int orders = 3, rc = open_line (&c, "taylor", f, x, options);
  if (rc) return rc;
  remainders *t = malloc (sizeof *t);
  wg_check_report r = { .slope = { NAN, NAN, NAN } };
  double scale[3] = { 0 };
  rc = t ? derivatives (&c, &orders) : wgi_fail (WG_ENOMEM, "wg_check_taylor: out of memory");
  if (!rc)
    {
      const double curvature = orders > 2 ? dot (c.n, c.v, c.hv, &scale[2]) : 0;
      dot (c.n, c.v, c.g, &scale[1]);
      rc = find_remainders (&c, orders, curvature, first_step (&c, .125), t);
    }
  for (int p = 1; p <= orders && !rc; p++)
    {
      int verdict = judge (t, p, scale[p-1], c.options.tolerance, &r.slope[p-1]);
      if (p == 3 && verdict && !r.verdict && r.slope[2] < 2 - SLACK)               /* a gradient's error, forgiven before */
        {
          leave_even (t, 3);
          verdict = judge (t, 3, scale[2], c.options.tolerance, &r.slope[2]);
        }
      r.checked++;
      r.disagreeing += verdict == WG_DISAGREE;
      r.unsure += verdict == WG_UNSURE;
      if (p > 1 && (verdict == WG_OK || r.verdict == WG_DISAGREE || r.verdict == verdict)) continue;
      r.verdict = verdict;
      r.row = (size_t) p, r.derivative = p, r.difference = r.slope[p-1], r.bound = SLACK;
    }
  if (!rc) rc = wg_eval (f, x, NULL);
  if (!WG_FAILED (rc))
    {
      if (report) *report = r;
      if (c.options.out) print_remainders (&c, orders, t, &r);
      rc = r.verdict;
      if (rc) wgi_fail (rc, "wg_check_taylor: the remainder of order %zu falls with slope %.3f", r.row, r.difference);
    }
  free (c.block), free (t);
  return rc;
}

/* symmetry */

/* v.(H w) and w.(H v), both scaled by s, divided by s^2. */
static int both_ways (line *c, const double w[], double s, double *a, double *b, double *size)
{
  double *sv = c->hv + c->n, *sw = sv + c->n;
  *size = 0;
  for (size_t i = 0; i < c->n; i++) sv[i] = s*c->v[i], sw[i] = s*w[i];
  int rc = wg_hvp_weighted (c->f, c->x, c->u, sw, NULL, NULL, c->hv);
  *a = dot (c->n, sv, c->hv, size)/(s*s);
  if (!WG_FAILED (rc)) rc = wg_hvp_weighted (c->f, NULL, c->u, sv, NULL, NULL, c->hv);
  *b = dot (c->n, sw, c->hv, size)/(s*s);
  *size /= s*s;
  return WG_FAILED (rc) ? rc : WG_OK;
}

int wg_check_symmetry (wg_fun *f, const double x[], const wg_check_options *options, wg_check_report *report)
{
  static const double s[4] = { 1, 1.1, 1.3, 1.7 };      /* no powers of two: these round differently */
  line c;
  int rc = open_line (&c, "symmetry", f, x, options);
  if (rc) return rc;
  double a = NAN, b = NAN, size = 0, noise = 0;
  wgi_random r = { ~c.options.seed };
  wgi_random_direction (&r, c.n, x, c.g);               /* w */
  for (int k = 0; k < 4 && !rc; k++)
    {
      double a_k, b_k, size_k;
      rc = both_ways (&c, c.g, s[k], &a_k, &b_k, &size_k);
      if (rc) break;
      if (k == 0) a = a_k, b = b_k, size = size_k;
      noise = fmax (noise, fmax (fabs (a_k - a), fabs (b_k - b)));
    }
  free (c.block);
  if (rc) return rc;
  /* As for the transpose law: eps per term, 64 times the largest of six samples of the rounding inside. */
  const double gap = fabs (a - b), bound = DBL_EPSILON*(2*(double) c.n + 8)*size + 64*noise;
  wg_check_report e = { .verdict = WG_OK, .derivative = a, .difference = b, .bound = bound, .checked = 1,
                        .slope = { NAN, NAN, NAN } };
  if (!isfinite (gap) || !isfinite (bound) || (gap <= bound && bound > 1e-3*size)) e.verdict = WG_UNSURE;
  else if (gap > bound) e.verdict = WG_DISAGREE;
  e.disagreeing = e.verdict == WG_DISAGREE, e.unsure = e.verdict == WG_UNSURE;
  if (report) *report = e;
  if (c.options.out)
    fprintf (c.options.out, "check symmetry: v.(H w) % .15e\n                w.(H v) % .15e\n"
             "  apart       % .1e, bound % .1e: %s\n", a, b, gap, bound, e.verdict ? wg_strerror (e.verdict) : "fine");
  if (e.verdict) wgi_fail (e.verdict, "wg_check_symmetry: v.(H w) is %.17g, but w.(H v) %.17g +- %.2g", a, b, bound);
  return e.verdict;
}

/* sweep */

/* Relative to the derivative, absolute if that is 0. */
static double error_of (double quotient, double exact) { return fabs (quotient - exact)/(exact != 0 ? fabs (exact) : 1); }

int wg_check_sweep (wg_fun *f, const double x[], const wg_check_options *options, FILE *out)
{
  line c;
  if (!out) return wgi_fail (WG_EINVAL, "wg_check_sweep: out is NULL");
  int rc = open_line (&c, "sweep", f, x, options);
  if (rc) return rc;
  rc = wg_vjp (f, x, c.u, c.y, c.g);
  if (!WG_FAILED (rc))
    {
      double size = 0;
      const double exact = dot (c.n, c.g, c.v, &size), h0 = first_step (&c, 1);
      c.value = dot (c.m, c.u, c.y, &size);
      fprintf (out, "# derivative along the direction %.17g\n# delta, relative error of the forward and the central quotient\n",
               exact);
      rc = WG_OK;
      for (int k = 0; k <= 32 && !rc; k++)
        {
          const double h = h0*pow (10, -k/2.);
          double a = NAN, b = NAN;
          rc = phi (&c, h, &a);
          if (!rc) rc = phi (&c, -h, &b);
          if (!rc) fprintf (out, "%.3e %.3e %.3e\n", h, error_of ((a - c.value)/h, exact), error_of ((a - b)/(2*h), exact));
        }
      if (!rc) rc = wg_eval (f, x, NULL);
    }
  free (c.block);
  return WG_FAILED (rc) ? rc : WG_OK;
}
