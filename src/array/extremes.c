/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * The largest or smallest element of lines, and its number: the first of several, the first NaN if there is one.  The derivative
 * is that of the element which is picked, by a mask that has none itself: what is not picked contributes nothing, however infinite.
 */
#include <math.h>

#include "array/lines.h"
#include "array/moves.h"

/* attr: axes in a line, whether it is the smallest */
static size_t best_of (const wgi_op *op, size_t n, const double x[])
{
  const double sign = op->attr[1] ? -1 : 1;
  size_t best = 0;
  for (size_t i = 1; i < n && !isnan (x[best]); i++)
    if (sign*x[i] > sign*x[best] || isnan (x[i])) best = i;
  return best;
}

static void value_line (const wgi_op *op, size_t n, const double x[], double y[]) { *y = x[best_of (op, n, x)]; }
static void number_line (const wgi_op *op, size_t n, const double x[], double y[]) { *y = (double) best_of (op, n, x); }

static void mask_line (const wgi_op *op, size_t n, const double x[], double y[])
{
  for (size_t i = 0; i < n; i++) y[i] = 0;
  y[best_of (op, n, x)] = 1;
}

/* What more than one element is, or NaN. */
void wgi_tied_line (const wgi_op *op, size_t n, const double x[], double y[])
{
  const size_t best = best_of (op, n, x);
  *y = NAN;
  for (size_t i = best + 1; i < n; i++) if (x[i] == x[best]) *y = x[i];
}

static int shape (wgi_op *op)
{
  for (int i = 0; i < op->attr[0]; i++)
    if (op->x[0].shape.dim[op->x[0].shape.rank - 1 - i] == 0) return wgi_op_misfit (op, "no elements");
  return wgi_lines_reduced (op);
}

static int value_kernel (const wgi_op *op, const double *const x[], double *const y[], wgi_run *run)
{
  return wgi_lines_each (op, x[0], y[0], value_line, run);
}

static int number_kernel (const wgi_op *op, const double *const x[], double *const y[], wgi_run *run)
{
  return wgi_lines_each (op, x[0], y[0], number_line, run);
}

static int mask_kernel (const wgi_op *op, const double *const x[], double *const y[], wgi_run *run)
{
  return wgi_lines_each (op, x[0], y[0], mask_line, run);
}

/* Piecewise constant: tangents and adjoints stay missing. */
static void flat (const wgi_op *op, const wg_var x[], const wg_var y[], const wg_var in[], wg_var out[])
{
  (void) op, (void) x, (void) y, (void) in, (void) out;
}

static const wgi_primitive number = { "argmax", shape, number_kernel, flat, flat };
static const wgi_primitive mask = { "picked", wgi_lines_kept, mask_kernel, flat, flat };

static wg_var picked (const wgi_op *op, wg_var x) { return wgi_array_apply1 (&mask, 1, &x, 2, op->attr); }

static void jvp (const wgi_op *op, const wg_var x[], const wg_var y[], const wg_var dx[], wg_var dy[])
{
  (void) y;
  dy[0] = wgi_lines_sum (op, wg_select (picked (op, x[0]), dx[0], 0), 0);
}

static void vjp (const wgi_op *op, const wg_var x[], const wg_var y[], const wg_var ybar[], wg_var xbar[])
{
  (void) y;
  xbar[0] = wg_select (picked (op, x[0]), wgi_lines_expand (op, ybar[0]), -0.);
}

const wgi_primitive wgi_amax_lines = { "amax", shape, value_kernel, jvp, vjp };

wg_var wg_amax_axes (wg_var a, int count, const int axis[], int keep)
{
  return wgi_lines_reduce (&wgi_amax_lines, "amax", a, count, axis, keep, 2, (long[]){ 0, 0 });
}

wg_var wg_amin_axes (wg_var a, int count, const int axis[], int keep)
{
  return wgi_lines_reduce (&wgi_amax_lines, "amin", a, count, axis, keep, 2, (long[]){ 0, 1 });
}

wg_var wg_argmax_axes (wg_var a, int count, const int axis[], int keep)
{
  return wgi_lines_reduce (&number, "argmax", a, count, axis, keep, 2, (long[]){ 0, 0 });
}

wg_var wg_argmin_axes (wg_var a, int count, const int axis[], int keep)
{
  return wgi_lines_reduce (&number, "argmin", a, count, axis, keep, 2, (long[]){ 0, 1 });
}

wg_var wg_amax (wg_var a) { return wg_amax_axes (a, WGI_ALL_AXES, NULL, 0); }
wg_var wg_amin (wg_var a) { return wg_amin_axes (a, WGI_ALL_AXES, NULL, 0); }
wg_var wg_argmax (wg_var a) { return wg_argmax_axes (a, WGI_ALL_AXES, NULL, 0); }
wg_var wg_argmin (wg_var a) { return wg_argmin_axes (a, WGI_ALL_AXES, NULL, 0); }
