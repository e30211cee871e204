/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Lines: kernels see them in one piece, where they lie so or as a copy; axes are moved to the end by transposed views.
 */
#include <math.h>
#include <string.h>

#include "array/lines.h"
#include "array/moves.h"
#include "array/row_loops.h"
#include "array/walk.h"

static int axes_in_line (const wgi_op *op) { return (int) op->attr[0]; }

/* The last axes, or those before. */
static wgi_shape part_of (const wgi_op *op, int last)
{
  const wgi_shape *x = &op->x[0].shape;
  const int first = last ? x->rank - axes_in_line (op) : 0;
  wgi_shape s = { .rank = last ? axes_in_line (op) : x->rank - axes_in_line (op) };
  memcpy (s.dim, x->dim + first, (size_t) s.rank*sizeof *s.dim);
  memcpy (s.stride, x->stride + first, (size_t) s.rank*sizeof *s.stride);
  return s;
}

int wgi_lines_each (const wgi_op *op, const double *x, double *y, wgi_line *each, wgi_run *run)
{
  const wgi_shape lines = part_of (op, 0), line = part_of (op, 1);
  const size_t n = wgi_shape_size (&line), to = op->source.m/wgi_shape_size (&lines);
  const int dense = wgi_shape_is_dense (&line);
  const wgi_run_mark mark = wgi_run_here (run);
  double *copy = dense ? NULL : wgi_run_take (run, n, sizeof *copy);
  if (!dense && !copy) return WG_ENOMEM;
  for (wgi_walk l = wgi_walk_over (&lines, 1, (const ptrdiff_t *[]){ lines.stride }); l.more; wgi_walk_next (&l))
    for (size_t i = 0; i < l.n; i++, y += to)
      {
        const double *from = x + l.at[0] + (ptrdiff_t) i*l.step[0];
        if (!dense) wgi_walk_gather (&line, from, copy);
        each (op, n, dense ? from : copy, y);
      }
  wgi_run_back (run, mark);
  return WG_OK;
}

int wgi_lines_reduced (wgi_op *op)
{
  op->ny = 1, op->y[0].shape = part_of (op, 0);
  return WG_OK;
}

int wgi_lines_kept (wgi_op *op)
{
  op->ny = 1, op->y[0].shape = op->x[0].shape;
  return WG_OK;
}

/* axes */

int wgi_axes_size (const char *name, wg_var a, int count, const int axis[], size_t *size)
{
  wgi_seen s;
  unsigned set;
  *size = 1;
  if (!wgi_see (&a, &s) || !wgi_axes (name, a, &s.shape, count, axis, &set)) return 0;
  for (int i = 0; i < s.shape.rank; i++) if (set >> i & 1) *size *= s.shape.dim[i];
  return 1;
}

/* The order of axes that has those of the set last; how many they are. */
static int order_of (unsigned set, int rank, int order[])
{
  int at = 0, count = 0;
  for (int i = 0; i < rank; i++) if (!(set >> i & 1)) order[at++] = i;
  for (int i = 0; i < rank; i++) if (set >> i & 1) order[at++] = i, count++;
  return count;
}

wg_var wgi_lines_reduce (const wgi_primitive *prim, const char *name, wg_var a, int count, const int axis[], int keep, size_t attrs,
                         const long attr[])
{
  wgi_seen s;
  unsigned set;
  int order[WG_RANK];
  long all[4] = { 0 };
  wg_var y;
  if (!wgi_see (&a, &s) || !wgi_axes (name, a, &s.shape, count, axis, &set)) return wg_num (NAN);
  for (size_t i = 1; i < attrs; i++) all[i] = attr[i];
  all[0] = order_of (set, s.shape.rank, order);
  const wg_var last = s.shape.rank ? wg_transpose (a, order) : a;
  wgi_array_apply (prim, name, 1, &last, attrs, all, 1, &y);
  for (int i = 0; i < s.shape.rank; i++) if (set >> i & 1) s.shape.dim[i] = 1;
  return keep ? wg_reshape (y, s.shape.rank, s.shape.dim) : y;
}

wg_var wgi_lines_along (const wgi_primitive *prim, wg_var a, int axis)
{
  wgi_seen s;
  int order[WG_RANK], back[WG_RANK];
  if (!wgi_see (&a, &s) || (axis = wgi_axis (prim->name, a, &s.shape, axis)) < 0) return wg_num (NAN);
  order_of (1u << axis, s.shape.rank, order);
  for (int i = 0; i < s.shape.rank; i++) back[order[i]] = i;
  const wg_var last = wg_transpose (a, order);
  const wg_var y = wgi_array_apply1 (prim, 1, &last, 1, (long[]){ 1 });
  return wg_rank (y) ? wg_transpose (y, back) : y;
}

/* kinks */

int wgi_lines_show (const wgi_op *op, const double *x, void (*show) (void *, int row, int k, const double operand[3]), void *to)
{
  const int extreme = op->prim == &wgi_amax_lines;
  wgi_run run = { 0 };
  if (!extreme && op->prim != &wgi_norm_lines) return WG_OK;
  double *y = wgi_run_take (&run, op->source.m, sizeof *y);
  const int rc = y ? wgi_lines_each (op, x, y, extreme ? wgi_tied_line : wgi_norm_line, &run) : WG_ENOMEM;
  for (size_t i = 0; i < op->source.m && !rc; i++)
    show (to, extreme ? WGI_ROW_max : WGI_ROW_hypot, 0, (double[3]){ y[i], extreme ? y[i] : 0 });
  wgi_run_free (&run);
  return rc;
}

/* builders */

wg_var wgi_lines_sum (const wgi_op *op, wg_var a, int keep)
{
  const int n = axes_in_line (op), rank = op->x[0].shape.rank;
  return wgi_sum_axes (a, ((1u << n) - 1) << (rank - n), keep);
}

wg_var wgi_lines_expand (const wgi_op *op, wg_var y)
{
  wgi_shape s = op->x[0].shape;
  for (int i = s.rank - axes_in_line (op); i < s.rank; i++) s.dim[i] = 1;
  return wg_reshape (y, s.rank, s.dim);
}

wg_var wgi_pulled (wg_var t, wg_var p)
{
  return wgi_array_row (WGI_ROW_PULL, 2, (wg_var[]){ t, p }, 0);
}
