/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Stacks of matrices, one after the other; triangles of a matrix, which most builders of linear algebra need.
 */
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "array/linalg.h"

/* shapes */

static int core_of (unsigned flat, size_t i) { return flat >> i & 1 ? 1 : 2; }

static wgi_shape leading (const wgi_shape *s, int core)
{
  wgi_shape b = *s;
  b.rank -= core;
  return b;
}

int wgi_stack_shape (wgi_op *op, unsigned flat)
{
  wgi_shape batch = { 0 };
  for (size_t i = 0; i < op->nx; i++)
    {
      const wgi_shape *s = &op->x[i].shape;
      if (s->rank < core_of (flat, i)) return wgi_op_misfit (op, "a matrix is needed");
      const wgi_shape b = leading (s, core_of (flat, i));
      for (int k = 0; k < s->rank; k++) if (s->dim[k] > INT_MAX/2) return wgi_op_misfit (op, "too large for LAPACK");
      if (!wgi_shape_join (&batch, &b)) return wgi_op_misfit (op, "the leading axes do not broadcast");
    }
  if (batch.rank + 2 > WG_RANK) return wgi_op_misfit (op, "the rank is too high");
  op->ny = 0;
  for (size_t o = 0; o < WGI_OUTPUTS; o++) op->y[o].shape = batch;
  return WG_OK;
}

void wgi_stack_add (wgi_op *op, size_t output, int rank, size_t rows, size_t cols)
{
  wgi_shape *y = &op->y[output].shape;
  if (rank > 0) y->dim[y->rank++] = rows;
  if (rank > 1) y->dim[y->rank++] = cols;
  op->ny = output + 1;
}

int wgi_square_shape (wgi_op *op, unsigned flat)
{
  const int rc = wgi_stack_shape (op, flat);
  return rc ? rc : wgi_high (op, 0) == wgi_wide (op, 0) ? WG_OK : wgi_op_misfit (op, "a square matrix is needed");
}

/* kernels */

/* Matrix number index of the stack. */
static wgi_matrix matrix_of (const wgi_shape *s, int core, const wgi_shape *batch, size_t index, const double *v)
{
  const wgi_shape own = leading (s, core), at = wgi_shape_broadcast (&own, batch);
  const int r = s->rank;
  for (int k = batch->rank; k--; index /= batch->dim[k]) v += (ptrdiff_t) (index % batch->dim[k])*at.stride[k];
  if (core == 1) return (wgi_matrix){ v, s->dim[r-1], 1, s->stride[r-1], 1, 0, 0 };
  return (wgi_matrix){ v, s->dim[r-2], s->dim[r-1], s->stride[r-2], s->stride[r-1], 0, 0 };
}

int wgi_each_matrix (const wgi_op *op, unsigned flat, wgi_matrix_kernel *one, const double *const x[], double *const y[], wgi_run *run)
{
  const wgi_run_mark mark = wgi_run_here (run);
  wgi_matrix *m = wgi_run_take (run, op->nx, sizeof *m);
  wgi_shape batch = { 0 };
  int rc = m ? WG_OK : WG_ENOMEM;
  for (size_t i = 0; i < op->nx; i++)
    {
      const wgi_shape b = leading (&op->x[i].shape, core_of (flat, i));
      wgi_shape_join (&batch, &b);
    }
  const size_t count = wgi_shape_size (&batch);
  for (size_t b = 0; b < count && rc >= 0; b++)
    {
      const wgi_run_mark here = wgi_run_here (run);
      double *to[WGI_OUTPUTS] = { NULL };
      for (size_t i = 0; i < op->nx; i++) m[i] = matrix_of (&op->x[i].shape, core_of (flat, i), &batch, b, x[i]);
      for (size_t o = 0; o < op->ny; o++) to[o] = y[o] + wgi_shape_size (&op->y[o].shape)/count*b;
      const int got = one (op, m, to, run);
      if (got < 0 || !rc) rc = got;
      wgi_run_back (run, here);
    }
  wgi_run_back (run, mark);
  return rc;
}

void wgi_matrix_copy (const wgi_matrix *m, double to[])
{
  for (size_t i = 0; i < m->rows; i++)
    for (size_t j = 0; j < m->cols; j++) to[i*m->cols + j] = m->v[(ptrdiff_t) i*m->row + (ptrdiff_t) j*m->col];
}

void wgi_matrix_symmetric (const wgi_matrix *m, double to[])
{
  const size_t n = m->rows;
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j <= i; j++)
      to[i*n + j] = to[j*n + i] = 0.5*m->v[(ptrdiff_t) i*m->row + (ptrdiff_t) j*m->col] + 0.5*m->v[(ptrdiff_t) j*m->row + (ptrdiff_t) i*m->col];
}

int wgi_spoil (wgi_run *run, size_t n, double y[], const char *why)
{
  for (size_t i = 0; i < n; i++) y[i] = NAN;
  run->why = why;
  return WG_NONFINITE;
}

/* triangles: attr: upper, the diagonal */

static int triangle_shape (wgi_op *op)
{
  const int rc = wgi_stack_shape (op, 0);
  if (!rc) wgi_stack_add (op, 0, 2, wgi_high (op, 0), wgi_wide (op, 0));
  return rc;
}

static int triangle_one (const wgi_op *op, const wgi_matrix x[], double *const y[], wgi_run *run)
{
  static const double factor[] = { [WGI_DROP] = 0, [WGI_KEEP] = 1, [WGI_HALVE] = 0.5 };
  const wgi_matrix *m = &x[0];
  double *to = y[0];
  (void) run;
  for (size_t i = 0; i < m->rows; i++)
    for (size_t j = 0; j < m->cols; j++, to++)
      {
        const double v = m->v[(ptrdiff_t) i*m->row + (ptrdiff_t) j*m->col];
        if (i == j) *to = op->attr[1] == WGI_DROP ? -0. : factor[op->attr[1]]*v;
        else *to = (j > i) == (op->attr[0] != 0) ? v : -0.;
      }
  return WG_OK;
}

static int triangle_kernel (const wgi_op *op, const double *const x[], double *const y[], wgi_run *run)
{
  return wgi_each_matrix (op, 0, triangle_one, x, y, run);
}

static void triangle_jvp (const wgi_op *op, const wg_var x[], const wg_var y[], const wg_var dx[], wg_var dy[])
{
  (void) x, (void) y;
  dy[0] = wgi_triangle (dx[0], (int) op->attr[0], (int) op->attr[1]);
}

static void triangle_vjp (const wgi_op *op, const wg_var x[], const wg_var y[], const wg_var ybar[], wg_var xbar[])
{
  (void) x, (void) y;
  xbar[0] = wgi_triangle (ybar[0], (int) op->attr[0], (int) op->attr[1]);
}

static const wgi_primitive triangle = { "triangle", triangle_shape, triangle_kernel, triangle_jvp, triangle_vjp };

wg_var wgi_triangle (wg_var a, int upper, int diagonal)
{
  return wgi_array_apply1 (&triangle, 1, &a, 2, (long[]){ upper, diagonal });
}

/* other parts of builders */

wg_var wgi_scaled (double c, wg_var a) { return wg_mul (wg_num (c), a); }

wg_var wgi_symmetric_part (wg_var a) { return wgi_scaled (0.5, wg_add (a, wg_t (a))); }

wg_var wgi_sum_matrix (wg_var a) { return wg_sum_axes (a, 2, (int[]){ -2, -1 }, 0); }

wg_var wgi_identity (wg_var like, size_t n)
{
  double *one = n < INT_MAX/2 ? calloc (n*n + 1, sizeof *one) : NULL;
  wgi_seen s;
  if (!wgi_see (&like, &s)) return free (one), wg_num (NAN);
  if (!one) return s.tape ? (void) wgi_tape_fail (s.tape, WG_ENOMEM, "out of memory") : (void) wgi_fail (WG_ENOMEM, "out of memory"), wg_num (NAN);
  for (size_t i = 0; i < n; i++) one[i*n + i] = 1;
  const wg_var I = wg_constant (like, 2, (size_t[]){ n, n }, one);
  free (one);
  return I;
}

wg_var wgi_as_columns (wg_var b) { return wg_rank (b) == 1 ? wg_expand (b, 1) : b; }

wg_var wgi_like_columns (wg_var b, wg_var x)
{
  wgi_seen s;
  if (wg_rank (b) != 1 || !wgi_see (&x, &s) || s.shape.rank < 2) return x;
  return wg_reshape (x, s.shape.rank - 1, s.shape.dim);
}

void wgi_no_jvp (const wgi_op *op, const wg_var x[], const wg_var y[], const wg_var dx[], wg_var dy[])
{
  (void) op, (void) x, (void) y, (void) dx, (void) dy;
}

void wgi_no_vjp (const wgi_op *op, const wg_var x[], const wg_var y[], const wg_var ybar[], wg_var xbar[])
{
  (void) op, (void) x, (void) y, (void) ybar, (void) xbar;
}
