/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Elements moved from one place to another: copies, stacks, concatenations, gathering and scattering by index.  All are
 * linear, so that their builders move tangents and adjoints likewise.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "array/walk.h"
#include "array/moves.h"

/* copy */

static int copy_shape (wgi_op *op)
{
  op->ny = 1, op->y[0].shape = op->x[0].shape;
  return WG_OK;
}

static int copy_kernel (const wgi_op *op, const double *const x[], double *const y[], wgi_run *run)
{
  (void) run;
  wgi_walk_copy (&op->x[0].shape, op->y[0].shape.stride, x[0], y[0]);
  return WG_OK;
}

static void copy_jvp (const wgi_op *op, const wg_var x[], const wg_var y[], const wg_var dx[], wg_var dy[])
{
  (void) op, (void) x, (void) y;
  dy[0] = dx[0];
}

static void copy_vjp (const wgi_op *op, const wg_var x[], const wg_var y[], const wg_var ybar[], wg_var xbar[])
{
  (void) op, (void) x, (void) y;
  xbar[0] = ybar[0];
}

static const wgi_primitive copy = { "copy", copy_shape, copy_kernel, copy_jvp, copy_vjp };

wg_var wgi_copy (wg_var a) { return wgi_array_apply1 (&copy, 1, &a, 0, NULL); }

/* stack: along a new first axis; concat: along axis attr[0] */

static int stack_shape (wgi_op *op)
{
  wgi_shape *y = &op->y[0].shape;
  op->ny = 1;
  if (op->x[0].shape.rank == WG_RANK) return wgi_op_misfit (op, "the rank becomes too high");
  y->rank = op->x[0].shape.rank + 1, y->dim[0] = op->nx;
  memcpy (y->dim + 1, op->x[0].shape.dim, (size_t) op->x[0].shape.rank*sizeof *y->dim);
  for (size_t i = 1; i < op->nx; i++)
    if (!wgi_same_dims (&op->x[i].shape, &op->x[0].shape)) return wgi_op_misfit (op, "the shapes differ");
  return WG_OK;
}

static int stack_kernel (const wgi_op *op, const double *const x[], double *const y[], wgi_run *run)
{
  (void) run;
  for (size_t i = 0; i < op->nx; i++)
    wgi_walk_copy (&op->x[i].shape, op->y[0].shape.stride + 1, x[i], y[0] + (ptrdiff_t) i*op->y[0].shape.stride[0]);
  return WG_OK;
}

/* Tangents of all operands, those that are missing as zeros. */
static wg_var *all_tangents (const wgi_op *op, const wg_var x[], const wg_var dx[])
{
  wg_var *d = malloc (wgi_times (op->nx, sizeof *d));
  if (!d) wgi_no_memory ();
  for (size_t i = 0; i < op->nx && d; i++) d[i] = wg_is_missing (dx[i]) ? wgi_filled (x[i], &op->x[i].shape, 0) : dx[i];
  return d;
}

static void stack_jvp (const wgi_op *op, const wg_var x[], const wg_var y[], const wg_var dx[], wg_var dy[])
{
  wg_var *d = all_tangents (op, x, dx);
  (void) y;
  if (d) dy[0] = wgi_stack (op->nx, d);
  free (d);
}

static void stack_vjp (const wgi_op *op, const wg_var x[], const wg_var y[], const wg_var ybar[], wg_var xbar[])
{
  (void) x, (void) y;
  for (size_t i = 0; i < op->nx; i++) xbar[i] = wg_at (ybar[0], i);
}

static const wgi_primitive stack = { "stack", stack_shape, stack_kernel, stack_jvp, stack_vjp };

wg_var wgi_stack (size_t count, const wg_var x[]) { return wgi_array_apply1 (&stack, count, x, 0, NULL); }

wg_var wg_stack (size_t count, const wg_var x[])
{
  if (count == 0) return wgi_misfit ("stack", 0, NULL, "no operands");
  return wgi_stack (count, x);
}

static int concat_axis (const wgi_op *op) { return (int) op->attr[0]; }

static int concat_shape (wgi_op *op)
{
  const int axis = concat_axis (op);
  wgi_shape *y = &op->y[0].shape;
  op->ny = 1, *y = op->x[0].shape;
  for (size_t i = 1; i < op->nx; i++)
    {
      const wgi_shape *s = &op->x[i].shape;
      int fits = s->rank == y->rank;
      for (int k = 0; k < y->rank && fits; k++) fits = k == axis || s->dim[k] == y->dim[k];
      if (!fits) return wgi_op_misfit (op, "the shapes differ in another axis");
      y->dim[axis] += s->dim[axis];
    }
  return WG_OK;
}

static int concat_kernel (const wgi_op *op, const double *const x[], double *const y[], wgi_run *run)
{
  const int axis = concat_axis (op);
  const wgi_shape *to = &op->y[0].shape;
  ptrdiff_t at = 0;
  (void) run;
  for (size_t i = 0; i < op->nx; i++)
    {
      wgi_walk_copy (&op->x[i].shape, to->stride, x[i], y[0] + at);
      at += (ptrdiff_t) op->x[i].shape.dim[axis]*to->stride[axis];
    }
  return WG_OK;
}

static void concat_jvp (const wgi_op *op, const wg_var x[], const wg_var y[], const wg_var dx[], wg_var dy[])
{
  wg_var *d = all_tangents (op, x, dx);
  (void) y;
  if (d) dy[0] = wg_concat (op->nx, d, concat_axis (op));
  free (d);
}

static void concat_vjp (const wgi_op *op, const wg_var x[], const wg_var y[], const wg_var ybar[], wg_var xbar[])
{
  const int axis = concat_axis (op);
  size_t at = 0;
  (void) x, (void) y;
  for (size_t i = 0; i < op->nx; i++)
    {
      const size_t end = at + op->x[i].shape.dim[axis];
      xbar[i] = wg_slice (ybar[0], axis, at, end, 1);
      at = end;
    }
}

static const wgi_primitive concat = { "concat", concat_shape, concat_kernel, concat_jvp, concat_vjp };

wg_var wg_concat (size_t count, const wg_var x[], int axis)
{
  wgi_seen s;
  if (count == 0) return wgi_misfit ("concat", 0, NULL, "no operands");
  if (!wgi_see (&x[0], &s) || (axis = wgi_axis ("concat", x[0], &s.shape, axis)) < 0) return wg_num (NAN);
  return wgi_array_apply1 (&concat, count, x, 1, (long[]){ axis });
}

/* gather: y[.., i, ..] = x[.., index[i], ..] along axis attr[0]; scatter, its transpose, adds.  attr[1] is the dimension of the other
 * side, the indices follow. */

enum { INDEX = 2 };

static int gather_axis (const wgi_op *op) { return (int) op->attr[0]; }

static int gather_shape (wgi_op *op)
{
  const int axis = gather_axis (op);
  op->ny = 1, op->y[0].shape = op->x[0].shape;
  for (size_t i = INDEX; i < op->attrs; i++)
    if (op->attr[i] < 0 || (size_t) op->attr[i] >= op->x[0].shape.dim[axis]) return wgi_op_misfit (op, "an index is out of range");
  op->y[0].shape.dim[axis] = op->attrs - INDEX;
  return WG_OK;
}

/* The shape without an axis. */
static wgi_shape without (const wgi_shape *s, int axis)
{
  wgi_shape rest = *s;
  rest.dim[axis] = 1;
  return rest;
}

static int gather_kernel (const wgi_op *op, const double *const x[], double *const y[], wgi_run *run)
{
  const int axis = gather_axis (op);
  const wgi_shape rest = without (&op->x[0].shape, axis), *to = &op->y[0].shape;
  (void) run;
  for (size_t i = INDEX; i < op->attrs; i++)
    wgi_walk_copy (&rest, to->stride, x[0] + op->attr[i]*op->x[0].shape.stride[axis], y[0] + (ptrdiff_t) (i - INDEX)*to->stride[axis]);
  return WG_OK;
}

static int scatter_shape (wgi_op *op)
{
  const int axis = gather_axis (op);
  op->ny = 1, op->y[0].shape = op->x[0].shape;
  if (op->x[0].shape.dim[axis] != op->attrs - INDEX) return wgi_op_misfit (op, "not as many indices as elements");
  for (size_t i = INDEX; i < op->attrs; i++)
    if (op->attr[i] < 0 || op->attr[i] >= op->attr[1]) return wgi_op_misfit (op, "an index is out of range");
  op->y[0].shape.dim[axis] = (size_t) op->attr[1];
  return WG_OK;
}

static int scatter_kernel (const wgi_op *op, const double *const x[], double *const y[], wgi_run *run)
{
  const int axis = gather_axis (op);
  const wgi_shape rest = without (&op->x[0].shape, axis), *to = &op->y[0].shape;
  (void) run;
  for (size_t i = 0; i < op->source.m; i++) y[0][i] = -0.;             /* at rest where nothing comes */
  for (size_t k = INDEX; k < op->attrs; k++)
    {
      const double *from = x[0] + (ptrdiff_t) (k - INDEX)*op->x[0].shape.stride[axis];
      double *at = y[0] + op->attr[k]*to->stride[axis];
      wgi_walk_add (&rest, to->stride, from, at);
    }
  return WG_OK;
}

static wg_var along (const wgi_primitive *prim, const wgi_op *op, wg_var x, size_t other);
static void gather_jvp (const wgi_op *op, const wg_var x[], const wg_var y[], const wg_var dx[], wg_var dy[])
{
  (void) x, (void) y;
  dy[0] = along (op->prim, op, dx[0], (size_t) op->attr[1]);
}

static void gather_vjp (const wgi_op *op, const wg_var x[], const wg_var y[], const wg_var ybar[], wg_var xbar[]);
static const wgi_primitive gather = { "gather", gather_shape, gather_kernel, gather_jvp, gather_vjp };
static const wgi_primitive scatter = { "scatter", scatter_shape, scatter_kernel, gather_jvp, gather_vjp };

static void gather_vjp (const wgi_op *op, const wg_var x[], const wg_var y[], const wg_var ybar[], wg_var xbar[])
{
  (void) x, (void) y;
  xbar[0] = along (op->prim == &gather ? &scatter : &gather, op, ybar[0], op->x[0].shape.dim[gather_axis (op)]);
}

/* The same indices from one side or the other. */
static wg_var along (const wgi_primitive *prim, const wgi_op *op, wg_var x, size_t other)
{
  long *attr = malloc (wgi_times (op->attrs, sizeof *attr));
  if (!attr) return wgi_no_memory ();
  memcpy (attr, op->attr, op->attrs*sizeof *attr);
  attr[1] = (long) other;
  const wg_var y = wgi_array_apply1 (prim, 1, &x, op->attrs, attr);
  free (attr);
  return y;
}

static wg_var by_index (const wgi_primitive *prim, wg_var a, int axis, size_t count, const int index[], size_t other)
{
  wgi_seen s;
  if (!wgi_see (&a, &s) || (axis = wgi_axis (prim->name, a, &s.shape, axis)) < 0) return wg_num (NAN);
  long *attr = malloc (wgi_times (wgi_plus (count, INDEX), sizeof *attr));
  if (!attr) return wgi_no_memory ();
  attr[0] = axis, attr[1] = (long) other;
  for (size_t i = 0; i < count; i++) attr[INDEX + i] = index[i];
  const wg_var y = wgi_array_apply1 (prim, 1, &a, count + INDEX, attr);
  free (attr);
  return y;
}

wg_var wg_gather (wg_var a, int axis, size_t count, const int index[])
{
  return by_index (&gather, a, axis, count, index, wg_dim (a, axis));
}

wg_var wg_scatter (wg_var a, int axis, size_t count, const int index[], size_t dim)
{
  return by_index (&scatter, a, axis, count, index, dim);
}
