/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Convolutions, a window of them: y[i] = sum_j a[i + o - j] k[j] for 0 <= i < n, in two axes, a being 0 where it has no elements.
 * attr: o and n of the rows, o and n of the columns.  Its adjoints are windows as well, with one operand turned around:
 *   abar[p] = sum_j ybar[p + (nk - 1 - o) - j] k[nk - 1 - j]        kbar[j] = sum_i a[na - 1 - (j + (na - 1 - o) - i)] ybar[i]
 */
#include <math.h>

#include <wengert/array_products.h>

#include "array/matrix.h"
#include "array/moves.h"
#include "array/walk.h"

static wgi_shape leading (const wgi_shape *s)
{
  wgi_shape b = *s;
  b.rank -= 2;
  return b;
}

static int shape (wgi_op *op)
{
  const wgi_shape a = leading (&op->x[0].shape);
  wgi_shape *y = &op->y[0].shape;
  op->ny = 1, *y = leading (&op->x[1].shape);
  if (!wgi_shape_join (y, &a)) return wgi_op_misfit (op, "the leading axes do not broadcast");
  y->dim[y->rank++] = (size_t) op->attr[1], y->dim[y->rank++] = (size_t) op->attr[3];
  return WG_OK;
}

static ptrdiff_t least (ptrdiff_t a, ptrdiff_t b) { return a < b ? a : b; }
static ptrdiff_t most (ptrdiff_t a, ptrdiff_t b) { return a > b ? a : b; }

/* y[n] += a row of a with one of k: kernel element by kernel element, or result by result, whichever has the longer loops. */
static void convolve_row (const double *a, ptrdiff_t na, ptrdiff_t sa, const double *k, ptrdiff_t nk, ptrdiff_t sk, ptrdiff_t o,
                          ptrdiff_t n, double y[])
{
  for (ptrdiff_t j = 0; j < nk && n >= nk; j++)
    {
      const ptrdiff_t begin = most (0, j - o), end = least (n, na + j - o);
      const double w = k[j*sk];
      if (sa == 1) for (ptrdiff_t i = begin; i < end; i++) y[i] += w*a[i + o - j];
      else for (ptrdiff_t i = begin; i < end; i++) y[i] += w*a[(i + o - j)*sa];
    }
  for (ptrdiff_t i = 0; i < n && n < nk; i++)
    {
      const ptrdiff_t begin = most (0, i + o - na + 1), end = least (nk, i + o + 1);
      double s = 0;
      for (ptrdiff_t j = begin; j < end; j++) s += a[(i + o - j)*sa]*k[j*sk];
      y[i] += s;
    }
}

static void convolve (const wgi_op *op, const wgi_matrix *a, const wgi_matrix *k, double y[])
{
  const ptrdiff_t rows = op->attr[1], cols = op->attr[3];
  for (ptrdiff_t i = 0; i < rows; i++)
    {
      const ptrdiff_t top = i + op->attr[0], end = least ((ptrdiff_t) k->rows, top + 1);
      for (ptrdiff_t c = 0; c < cols; c++) y[i*cols + c] = 0;
      for (ptrdiff_t j = most (0, top - (ptrdiff_t) a->rows + 1); j < end; j++)
        convolve_row (a->v + (top - j)*a->row, (ptrdiff_t) a->cols, a->col, k->v + j*k->row, (ptrdiff_t) k->cols, k->col, op->attr[2],
                      cols, y + i*cols);
    }
}

static wgi_matrix matrix_at (const wgi_shape *s, const double *v)
{
  const int r = s->rank;
  return (wgi_matrix){ v, s->dim[r-2], s->dim[r-1], s->stride[r-2], s->stride[r-1], 0, 0 };
}

static int kernel (const wgi_op *op, const double *const x[], double *const y[], wgi_run *run)
{
  const wgi_shape to = leading (&op->y[0].shape), a_leading = leading (&op->x[0].shape), k_leading = leading (&op->x[1].shape);
  const wgi_shape a_batch = wgi_shape_broadcast (&a_leading, &to), k_batch = wgi_shape_broadcast (&k_leading, &to);
  double *at = y[0];
  (void) run;
  for (wgi_walk l = wgi_walk_over (&to, 2, (const ptrdiff_t *[]){ a_batch.stride, k_batch.stride }); l.more; wgi_walk_next (&l))
    for (ptrdiff_t i = 0; i < (ptrdiff_t) l.n; i++, at += op->attr[1]*op->attr[3])
      {
        const wgi_matrix a = matrix_at (&op->x[0].shape, x[0] + l.at[0] + i*l.step[0]);
        const wgi_matrix k = matrix_at (&op->x[1].shape, x[1] + l.at[1] + i*l.step[1]);
        convolve (op, &a, &k, at);
      }
  return WG_OK;
}

/* builders */

static void jvp (const wgi_op *op, const wg_var x[], const wg_var y[], const wg_var dx[], wg_var dy[])
{
  (void) y;
  if (!wg_is_missing (dx[0])) dy[0] = wgi_array_apply1 (op->prim, 2, (wg_var[]){ dx[0], x[1] }, 4, op->attr);
  if (!wg_is_missing (dx[1])) dy[0] = wgi_sum_of (dy[0], wgi_array_apply1 (op->prim, 2, (wg_var[]){ x[0], dx[1] }, 4, op->attr));
}

static wg_var turned (wg_var a)
{
  a = wg_slice (a, -1, 0, wg_dim (a, -1), -1);
  return wg_slice (a, -2, 0, wg_dim (a, -2), -1);
}

/* The adjoint of one operand, with the shape size, the other one being by. */
static wg_var adjoint (const wgi_op *op, wg_var ybar, wg_var by, const wgi_shape *size)
{
  const int r = size->rank;
  const long attr[4] = { (long) wg_dim (by, -2) - 1 - op->attr[0], (long) size->dim[r-2],
                         (long) wg_dim (by, -1) - 1 - op->attr[2], (long) size->dim[r-1] };
  return wgi_array_apply1 (op->prim, 2, (wg_var[]){ ybar, turned (by) }, 4, attr);
}

static void vjp (const wgi_op *op, const wg_var x[], const wg_var y[], const wg_var ybar[], wg_var xbar[])
{
  (void) y;
  xbar[0] = adjoint (op, ybar[0], x[1], &op->x[0].shape);
  xbar[1] = adjoint (op, ybar[0], x[0], &op->x[1].shape);
}

static const wgi_primitive window = { "conv", shape, kernel, jvp, vjp };

/* Offset and size of one axis.  0: there is none. */
static int fits (size_t na, size_t nk, wg_conv_mode mode, long attr[2])
{
  attr[0] = mode == WG_CONV_FULL ? 0 : mode == WG_CONV_SAME ? (long) (nk - 1)/2 : (long) nk - 1;
  attr[1] = mode == WG_CONV_FULL ? (long) (na + nk) - 1 : mode == WG_CONV_SAME ? (long) na : (long) na - (long) nk + 1;
  return na > 0 && nk > 0 && attr[1] > 0;
}

wg_var wg_conv2 (wg_var a, wg_var k, wg_conv_mode mode)
{
  const wg_var x[2] = { a, k };
  long attr[4];
  if (wg_rank (a) < 2 || wg_rank (k) < 2) return wgi_misfit ("conv2", 2, x, "both must be matrices");
  if (!fits (wg_dim (a, -2), wg_dim (k, -2), mode, attr) || !fits (wg_dim (a, -1), wg_dim (k, -1), mode, attr + 2))
    return wgi_misfit ("conv2", 2, x, "no elements");
  return wgi_array_apply1 (&window, 2, x, 4, attr);
}

wg_var wg_conv (wg_var a, wg_var k, wg_conv_mode mode)
{
  long attr[4] = { 0, 1 };
  wgi_seen s;
  if (wg_rank (a) < 1 || wg_rank (k) < 1) return wgi_misfit ("conv", 2, (wg_var[]){ a, k }, "both must be vectors");
  if (!fits (wg_dim (a, -1), wg_dim (k, -1), mode, attr + 2)) return wgi_misfit ("conv", 2, (wg_var[]){ a, k }, "no elements");
  const wg_var y = wgi_array_apply1 (&window, 2, (wg_var[]){ wg_expand (a, -2), wg_expand (k, -2) }, 4, attr);
  if (!wgi_see (&y, &s) || s.shape.rank < 2) return y;
  s.shape.dim[s.shape.rank-2] = s.shape.dim[s.shape.rank-1];
  return wg_reshape (y, s.shape.rank - 1, s.shape.dim);
}
