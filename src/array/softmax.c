/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * log (sum exp x), softmax and its logarithm over lines.  With m the first largest element all is written in x - m <= 0, and the
 * sum as 1 + r, r being that of all other terms: nothing overflows, and log1p (r) keeps its digits where one element dominates.
 * Derivatives are made of softmax s alone: s' = s (x' - sum s x').
 */
#include <float.h>
#include <math.h>

#include "array/lines.h"
#include "array/moves.h"

/* The place of m; -1: all are -inf, or there are none. */
static ptrdiff_t largest (size_t n, const double x[])
{
  size_t at = 0;
  for (size_t i = 1; i < n; i++) if (x[i] > x[at]) at = i;
  return n == 0 || x[at] == -HUGE_VAL ? -1 : (ptrdiff_t) at;
}

/* exp (x - m), where infinite ones are alike. */
static double share (double x, double m) { return m == HUGE_VAL && x == m ? 1 : exp (x - m); }

static double rest (size_t n, const double x[], size_t at)
{
  double r = 0;
  for (size_t i = 0; i < n; i++) if (i != at) r += share (x[i], x[at]);
  return r;
}

static void logsumexp_line (const wgi_op *op, size_t n, const double x[], double y[])
{
  const ptrdiff_t at = largest (n, x);
  (void) op;
  *y = at < 0 ? -HUGE_VAL : x[at] + log1p (rest (n, x, (size_t) at));
}

static void softmax_line (const wgi_op *op, size_t n, const double x[], double y[])
{
  const ptrdiff_t at = largest (n, x);
  double r = 0;
  (void) op;
  for (size_t i = 0; i < n; i++)
    {
      y[i] = at < 0 ? 0 : i == (size_t) at ? 1 : share (x[i], x[at]);
      if (i != (size_t) at) r += y[i];
    }
  for (size_t i = 0; i < n; i++) y[i] /= 1 + r;
}

/* A difference of finite numbers beyond the range is the largest number: 0 times it stays 0. */
static void log_softmax_line (const wgi_op *op, size_t n, const double x[], double y[])
{
  const ptrdiff_t at = largest (n, x);
  const double l = at < 0 ? 0 : log1p (rest (n, x, (size_t) at));
  (void) op;
  for (size_t i = 0; i < n; i++)
    y[i] = at < 0 ? -HUGE_VAL : isfinite (x[i]) ? fmax (x[i] - x[at], -DBL_MAX) - l : x[i] - l;
}

static int logsumexp_kernel (const wgi_op *op, const double *const x[], double *const y[], wgi_run *run)
{
  return wgi_lines_each (op, x[0], y[0], logsumexp_line, run);
}

static int softmax_kernel (const wgi_op *op, const double *const x[], double *const y[], wgi_run *run)
{
  return wgi_lines_each (op, x[0], y[0], softmax_line, run);
}

static int log_softmax_kernel (const wgi_op *op, const double *const x[], double *const y[], wgi_run *run)
{
  return wgi_lines_each (op, x[0], y[0], log_softmax_line, run);
}

/* builders */

/* t - sum (s t), times s if wanted. */
static wg_var centred (const wgi_op *op, wg_var s, wg_var t, int times)
{
  const wg_var d = wg_sub (t, wgi_lines_sum (op, wg_mul (s, t), 1));
  return times ? wg_mul (s, d) : d;
}

static void softmax_jvp (const wgi_op *op, const wg_var x[], const wg_var y[], const wg_var dx[], wg_var dy[])
{
  (void) x;
  dy[0] = centred (op, y[0], dx[0], 1);
}

static const wgi_primitive softmax = { "softmax", wgi_lines_kept, softmax_kernel, softmax_jvp, softmax_jvp };   /* symmetric */

static wg_var weights (const wgi_op *op, wg_var x) { return wgi_array_apply1 (&softmax, 1, &x, 1, op->attr); }

static void logsumexp_jvp (const wgi_op *op, const wg_var x[], const wg_var y[], const wg_var dx[], wg_var dy[])
{
  (void) y;
  dy[0] = wgi_lines_sum (op, wg_mul (weights (op, x[0]), dx[0]), 0);
}

static void logsumexp_vjp (const wgi_op *op, const wg_var x[], const wg_var y[], const wg_var ybar[], wg_var xbar[])
{
  (void) y;
  xbar[0] = wgi_pulled (wgi_lines_expand (op, ybar[0]), weights (op, x[0]));
}

static void log_softmax_jvp (const wgi_op *op, const wg_var x[], const wg_var y[], const wg_var dx[], wg_var dy[])
{
  (void) y;
  dy[0] = centred (op, weights (op, x[0]), dx[0], 0);
}

static void log_softmax_vjp (const wgi_op *op, const wg_var x[], const wg_var y[], const wg_var ybar[], wg_var xbar[])
{
  (void) y;
  xbar[0] = wg_sub (ybar[0], wg_mul (weights (op, x[0]), wgi_lines_sum (op, ybar[0], 1)));
}

static const wgi_primitive logsumexp = { "logsumexp", wgi_lines_reduced, logsumexp_kernel, logsumexp_jvp, logsumexp_vjp };
static const wgi_primitive log_softmax = { "log_softmax", wgi_lines_kept, log_softmax_kernel, log_softmax_jvp, log_softmax_vjp };

wg_var wg_logsumexp_axes (wg_var a, int count, const int axis[], int keep)
{
  return wgi_lines_reduce (&logsumexp, "logsumexp", a, count, axis, keep, 1, NULL);
}

wg_var wg_logsumexp (wg_var a) { return wg_logsumexp_axes (a, WGI_ALL_AXES, NULL, 0); }
wg_var wg_softmax (wg_var a, int axis) { return wgi_lines_along (&softmax, a, axis); }
wg_var wg_log_softmax (wg_var a, int axis) { return wgi_lines_along (&log_softmax, a, axis); }
