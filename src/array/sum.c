/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Sums over axes, the reduction that the others are made of.  attr: the axes as a set of bits, whether they stay with dimension 1.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "array/walk.h"
#include "array/moves.h"

static unsigned axes_of (const wgi_op *op) { return (unsigned) op->attr[0]; }

/* The strides of y for each axis of x, 0 along those that are summed. */
static void strides (const wgi_op *op, ptrdiff_t stride[])
{
  int at = 0;
  for (int i = 0; i < op->x[0].shape.rank; i++)
    {
      const int summed = axes_of (op) >> i & 1;
      stride[i] = summed ? 0 : op->y[0].shape.stride[at];
      at += !summed || op->attr[1];
    }
}

static int shape (wgi_op *op)
{
  const wgi_shape *x = &op->x[0].shape;
  wgi_shape *y = &op->y[0].shape;
  op->ny = 1, y->rank = 0;
  for (int i = 0; i < x->rank; i++)
    if (!(axes_of (op) >> i & 1)) y->dim[y->rank++] = x->dim[i];
    else if (op->attr[1]) y->dim[y->rank++] = 1;
  return WG_OK;
}

/* The sum of n numbers in eight that take turns: the same for every call. */
static double sum_of (size_t n, const double *x, ptrdiff_t step)
{
  double s[8] = { -0., -0., -0., -0., -0., -0., -0., -0. };
  size_t i = 0;
  if (step == 1)
    for (; i + 8 <= n; i += 8) for (int k = 0; k < 8; k++) s[k] += x[i + (size_t) k];
  for (; i < n; i++) s[i & 7] += x[(ptrdiff_t) i*step];
  return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
}

static int kernel (const wgi_op *op, const double *const x[], double *const y[], wgi_run *run)
{
  ptrdiff_t to[WG_RANK];
  (void) run;
  strides (op, to);
  for (size_t i = 0; i < op->source.m; i++) y[0][i] = -0.;
  for (wgi_walk l = wgi_walk_over (&op->x[0].shape, 2, (const ptrdiff_t *[]){ op->x[0].shape.stride, to }); l.more; wgi_walk_next (&l))
    {
      const double *from = x[0] + l.at[0];
      double *at = y[0] + l.at[1];
      if (l.step[1] == 0) *at += sum_of (l.n, from, l.step[0]);
      else if (l.step[0] == 1 && l.step[1] == 1) for (size_t i = 0; i < l.n; i++) at[i] += from[i];
      else for (size_t i = 0; i < l.n; i++) at[(ptrdiff_t) i*l.step[1]] += from[(ptrdiff_t) i*l.step[0]];
    }
  return WG_OK;
}

static void jvp (const wgi_op *op, const wg_var x[], const wg_var y[], const wg_var dx[], wg_var dy[])
{
  (void) x, (void) y;
  dy[0] = wgi_sum_axes (dx[0], axes_of (op), (int) op->attr[1]);
}

/* y seen with the axes of x, those that are summed having dimension 1. */
static wg_var with_axes (const wgi_op *op, wg_var y)
{
  wgi_shape s = op->x[0].shape;
  for (int i = 0; i < s.rank; i++) if (axes_of (op) >> i & 1) s.dim[i] = 1;
  return wg_reshape (y, s.rank, s.dim);
}

static void vjp (const wgi_op *op, const wg_var x[], const wg_var y[], const wg_var ybar[], wg_var xbar[])
{
  (void) x, (void) y;
  xbar[0] = wg_broadcast (with_axes (op, ybar[0]), op->x[0].shape.rank, op->x[0].shape.dim);
}

static const wgi_primitive sum = { "sum", shape, kernel, jvp, vjp };

wg_var wgi_sum_axes (wg_var a, unsigned axes, int keep)
{
  return wgi_array_apply1 (&sum, 1, &a, 2, (long[]){ (long) axes, keep });
}

wg_var wg_sum_axes (wg_var a, int count, const int axis[], int keep)
{
  wgi_seen s;
  unsigned axes;
  if (!wgi_see (&a, &s) || !wgi_axes ("sum", a, &s.shape, count, axis, &axes)) return wg_num (NAN);
  return wgi_sum_axes (a, axes, keep);
}

wg_var wg_sum (wg_var a)
{
  return wgi_sum_axes (a, ~0u >> 1, 0);
}
