/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Symmetric differences D (h), D (h/2) and their extrapolation R = (4 D (h/2) - D (h))/3.  The error of R is
 * bounded by the sum of
 *   3 |D (h) - D (h/2)|         what h^2 terms, noise and jumps beside the point do
 *   |2 K (h/2) - K (h)|         K (h) = (f (x+h) - 2 f (x) + f (x-h))/h, the one-sided quotients' difference:
 *                               0 up to h^3 for a smooth f, the jump of f' at a kink, and ten times the noise
 *   8 eps max |f|/h             rounding of f at its best
 * so that noise is measured twice, in odd and in even combinations, whatever made it.  Where the first step does
 * not settle an entry, others follow, 16 times smaller and larger: a scale that was not foreseen, a kink or the
 * edge of the domain close by do not matter then.  The best R is that with the smallest error relative to itself.
 * A derivative is wrong only if two steps say so and agree with each other, and none speaks for it.
 */
#include "deriv/quotient.h"

#include <float.h>
#include <math.h>

#include <wengert/base.h>

enum { RATIO = 16, SMALLER = 14, LARGER = 4 };      /* from cbrt (eps) down to 1e-22, up to 0.4 */

/* Relative errors: above COARSE a quotient does not prove a derivative right; above VAGUE it does not speak against
 * or for one. */
static const double COARSE = 1e-3, VAGUE = .05;

/* The error relative to the quotient itself, or to what is natural if that is larger. */
static double roughness (const wgi_entry *e)
{
  const double size = fmax (fabs (e->difference), e->natural);
  return size > 0 ? e->error/size : e->error > 0 ? INFINITY : 0;
}

/* Does agreement within the error mean something?  Measured by the derivative's own size, if that is not 0. */
static int sharp (const wgi_entry *e, double limit)
{
  const double own = fmax (fabs (e->difference), fabs (e->derivative));
  return e->error <= limit*(e->zero ? fmax (own, e->natural) : own);
}

double wgi_forgiven (const wgi_entry *e, double tolerance)
{
  const double d = isfinite (e->derivative) ? fabs (e->derivative) : 0;
  return e->error + tolerance*fmax (d, fabs (e->difference));
}

static int agrees (const wgi_entry *e, double tolerance)
{
  return fabs (e->derivative - e->difference) <= wgi_forgiven (e, tolerance);
}

/* Does this quotient say that the derivative is wrong?  One that is not finite is where a quotient is certain. */
static int contradicts (const wgi_entry *e, double tolerance)
{
  if (!isfinite (e->derivative)) return roughness (e) <= COARSE;
  return roughness (e) <= VAGUE && fabs (e->derivative - e->difference) > e->error + wgi_forgiven (e, tolerance);
}

int wgi_verdict (const wgi_entry *e, double tolerance)
{
  if (!isfinite (e->error)) return WG_UNSURE;
  if (agrees (e, tolerance)) return sharp (e, COARSE) ? WG_OK : WG_UNSURE;
  const int disputed = fabs (e->support - e->difference) > e->support_error + e->error;
  return e->clear && e->confirmed && !disputed ? WG_DISAGREE : WG_UNSURE;
}

/* Learn from the values f at -h, -h/2, 0, h/2, h, really the distances a, b to both sides. */
static void learn (wgi_entry *e, const double f[5], const double a[2], const double b[2], double step,
                   double tolerance, int level)
{
  const double d = (f[4] - f[0])/(a[0] + a[1]), d2 = (f[3] - f[1])/(b[0] + b[1]),
               k = (f[4] - f[2])/a[1] - (f[2] - f[0])/a[0], k2 = (f[3] - f[2])/b[1] - (f[2] - f[1])/b[0];
  wgi_entry now = *e;
  double most = 0;
  for (int i = 0; i < 5; i++) most = fmax (most, fabs (f[i]));
  now.difference = (4*d2 - d)/3;
  now.error = 3*fabs (d - d2) + fabs (2*k2 - k) + 8*DBL_EPSILON*(most/a[1]);
  if (!isfinite (now.difference) || !isfinite (now.error)) return;
  if (e->error == INFINITY) now.natural = e->natural = most/step*cbrt (DBL_EPSILON);
  now.level = level;
  now.clear = contradicts (&now, tolerance);
  if (now.clear && e->clear && fabs (now.difference - e->difference) <= now.error + e->error)
    now.confirmed = e->confirmed = 1;
  if (now.error <= VAGUE*fabs (now.difference) && now.error < e->support_error && agrees (&now, tolerance))
    {
      now.support = e->support = now.difference;
      now.support_error = e->support_error = now.error;
    }
  if (e->error == INFINITY || roughness (&now) < roughness (e)) *e = now;
  if (agrees (e, tolerance)) e->done = sharp (e, tolerance) || (sharp (e, COARSE) && level > e->level + 1);
  else e->done = e->clear && e->confirmed && roughness (e) <= COARSE;
}

/* One step: both distances, both sides; *left: entries that are not done.  A step that is lost in the rounding of x
 * teaches nothing. */
static int probe_step (wgi_probe *probe, void *ctx, size_t m, const double y0[], double h, double step,
                       double tolerance, int level, wgi_entry e[], double y[], size_t *left)
{
  double a[2] = { -h, h }, b[2] = { -h/2, h/2 };
  int rc = probe (ctx, &a[0], y);
  if (!rc) rc = probe (ctx, &b[0], y + m);
  if (!rc) rc = probe (ctx, &b[1], y + 2*m);
  if (!rc) rc = probe (ctx, &a[1], y + 3*m);
  if (rc) return rc;
  a[0] = -a[0];
  b[0] = -b[0];
  *left = 0;
  for (size_t i = 0; i < m; i++)
    {
      const double f[5] = { y[i], y[m + i], y0[i], y[2*m + i], y[3*m + i] };
      if (!e[i].done && b[0] > 0 && b[1] > 0) learn (&e[i], f, a, b, step, tolerance, level);
      *left += !e[i].done;
    }
  return WG_OK;
}

int wgi_quotients (wgi_probe *probe, void *ctx, size_t m, const double y0[], double step, int larger,
                   double tolerance, wgi_entry e[], double y[])
{
  size_t left = m;
  double down = step, up = step;
  for (size_t i = 0; i < m; i++)
    {
      e[i].difference = NAN;
      e[i].error = INFINITY;
      e[i].natural = 0;
      e[i].support = 0;
      e[i].support_error = INFINITY;
      e[i].clear = e[i].confirmed = e[i].level = e[i].done = 0;
    }
  int rc = probe_step (probe, ctx, m, y0, step, step, tolerance, 0, e, y, &left);
  for (int k = 1; !rc && left && k <= SMALLER; k++)
    {
      rc = probe_step (probe, ctx, m, y0, down /= RATIO, step, tolerance, k, e, y, &left);
      if (!rc && left && larger && k <= LARGER)
        rc = probe_step (probe, ctx, m, y0, up *= RATIO, step, tolerance, k, e, y, &left);
    }
  return rc;
}
