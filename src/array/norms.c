/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Norms of lines.  The Euclidean one has the direction u = x/|x| as its derivative, 0 at x = 0; u' = x'/|x| - u (u . x'/|x|) is NaN
 * there, since a second derivative does not exist.  Sums of squares that leave the range are done again in units of a power of 2.
 */
#include <math.h>

#include "array/lines.h"
#include "array/moves.h"

/* In eight sums that take turns, as in sum.c. */
static double squares (size_t n, const double x[], double unit)
{
  double s[8] = { 0 };
  size_t i = 0;
  for (; i + 8 <= n; i += 8) for (size_t k = 0; k < 8; k++) s[k] += (x[i+k]*unit)*(x[i+k]*unit);
  for (; i < n; i++) s[i & 7] += (x[i]*unit)*(x[i]*unit);
  return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
}

/* |x| as *unit times the result, whose squares neither overflow nor vanish. */
static double scaled_norm (size_t n, const double x[], double *unit)
{
  const double s = squares (n, x, 1);
  double m = 0;
  *unit = 1;
  if (s >= 0x1p-960 && s <= 0x1p+1000) return sqrt (s);
  for (size_t i = 0; i < n; i++) m = fabs (x[i]) > m || isnan (x[i]) ? fabs (x[i]) : m;
  if (m == 0 || !isfinite (m)) return m;
  int e;
  frexp (m, &e);
  e = e > 1000 ? 1000 : e < -1000 ? -1000 : e;
  *unit = ldexp (1, e);
  return sqrt (squares (n, x, ldexp (1, -e)));
}

void wgi_norm_line (const wgi_op *op, size_t n, const double x[], double y[])
{
  double unit;
  (void) op;
  *y = scaled_norm (n, x, &unit);
  *y *= unit;
}

static void direction_line (const wgi_op *op, size_t n, const double x[], double y[])
{
  double unit;
  const double r = scaled_norm (n, x, &unit);
  (void) op;
  for (size_t i = 0; i < n; i++) y[i] = r == 0 ? 0 : x[i]/unit/r;
}

static int norm_kernel (const wgi_op *op, const double *const x[], double *const y[], wgi_run *run)
{
  return wgi_lines_each (op, x[0], y[0], wgi_norm_line, run);
}

static int direction_kernel (const wgi_op *op, const double *const x[], double *const y[], wgi_run *run)
{
  return wgi_lines_each (op, x[0], y[0], direction_line, run);
}

/* builders */

/* t/|x| - u (u . t)/|x|, which is symmetric in t and the result */
static void direction_jvp (const wgi_op *op, const wg_var x[], const wg_var y[], const wg_var t[], wg_var out[])
{
  const wg_var r = wgi_lines_expand (op, wgi_array_apply1 (&wgi_norm_lines, 1, x, 1, op->attr));
  out[0] = wg_sub (wg_div (t[0], r), wg_mul (y[0], wg_div (wgi_lines_sum (op, wg_mul (y[0], t[0]), 1), r)));
}

static const wgi_primitive direction = { "direction", wgi_lines_kept, direction_kernel, direction_jvp, direction_jvp };

static wg_var along (const wgi_op *op, const wg_var x[]) { return wgi_array_apply1 (&direction, 1, x, 1, op->attr); }

static void norm_jvp (const wgi_op *op, const wg_var x[], const wg_var y[], const wg_var dx[], wg_var dy[])
{
  (void) y;
  dy[0] = wgi_lines_sum (op, wg_mul (along (op, x), dx[0]), 0);
}

static void norm_vjp (const wgi_op *op, const wg_var x[], const wg_var y[], const wg_var ybar[], wg_var xbar[])
{
  (void) y;
  xbar[0] = wgi_pulled (wgi_lines_expand (op, ybar[0]), along (op, x));
}

const wgi_primitive wgi_norm_lines = { "norm", wgi_lines_reduced, norm_kernel, norm_jvp, norm_vjp };

wg_var wg_norm_axes (wg_var a, double p, int count, const int axis[], int keep)
{
  if (p == 2) return wgi_lines_reduce (&wgi_norm_lines, "norm", a, count, axis, keep, 1, NULL);
  if (p == 1 && count >= 0) return wg_sum_axes (wg_abs (a), count, axis, keep);
  if (p == 1) return wg_sum (wg_abs (a));
  if (p == HUGE_VAL) return wg_amax_axes (wg_abs (a), count, axis, keep);
  return wgi_misfit ("norm", 1, &a, "p is 1, 2 or infinite");
}

wg_var wg_norm (wg_var a, double p)
{
  return wg_norm_axes (a, p, WGI_ALL_AXES, NULL, 0);
}
