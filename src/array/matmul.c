/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * The matrix product, with vectors as rows or columns and leading axes broadcast: y[.., i, j] = sum_k a[.., i, k] b[.., k, j].
 */
#include <math.h>

#include <cblas.h>

#include "array/walk.h"
#include "array/matrix.h"
#include "array/moves.h"

/* The operand as a stack of matrices: a vector is one row on the left, one column on the right. */
static wgi_shape as_matrix (const wgi_shape *s, int right)
{
  if (s->rank >= 2) return *s;
  wgi_shape m = { .rank = 2, .dim = { 1, 1 } };
  m.dim[!right] = s->dim[0], m.stride[!right] = s->stride[0];
  return m;
}

static wgi_shape batch_of (const wgi_shape *s)
{
  wgi_shape b = *s;
  b.rank -= 2;
  return b;
}

static int shape (wgi_op *op)
{
  wgi_shape *y = &op->y[0].shape;
  op->ny = 1;
  if (op->x[0].shape.rank == 0 || op->x[1].shape.rank == 0) return wgi_op_misfit (op, "a scalar is no matrix");
  const wgi_shape a = as_matrix (&op->x[0].shape, 0), b = as_matrix (&op->x[1].shape, 1), a_batch = batch_of (&a);
  *y = batch_of (&b);
  if (a.dim[a.rank-1] != b.dim[b.rank-2]) return wgi_op_misfit (op, "the inner dimensions differ");
  if (!wgi_shape_join (y, &a_batch)) return wgi_op_misfit (op, "the leading axes do not broadcast");
  if (y->rank + 2 > WG_RANK) return wgi_op_misfit (op, "the rank is too high");
  if (op->x[0].shape.rank > 1) y->dim[y->rank++] = a.dim[a.rank-2];
  if (op->x[1].shape.rank > 1) y->dim[y->rank++] = b.dim[b.rank-1];
  return WG_OK;
}

int wgi_matrix_for_blas (wgi_matrix *m, wgi_run *run)
{
  const size_t rows = m->rows, cols = m->cols;
  if (cols == 1 && m->row > 0) m->col = 1;
  if (rows == 1 && m->col > 0) m->row = (ptrdiff_t) cols;
  if (m->col == 1 && m->row >= (ptrdiff_t) cols) return m->order = CblasNoTrans, m->ld = (int) m->row, WG_OK;
  if (m->row == 1 && m->col >= (ptrdiff_t) rows) return m->order = CblasTrans, m->ld = (int) m->col, WG_OK;
  double *copy = wgi_run_take (run, wgi_times (rows, cols), sizeof *copy);
  if (!copy) return WG_ENOMEM;
  for (size_t i = 0; i < rows; i++)
    for (size_t j = 0; j < cols; j++) copy[i*cols + j] = m->v[(ptrdiff_t) i*m->row + (ptrdiff_t) j*m->col];
  *m = (wgi_matrix){ copy, rows, cols, (ptrdiff_t) cols, 1, CblasNoTrans, (int) cols };
  return WG_OK;
}

/* C = A B + beta C, C by rows. */
static int product (wgi_matrix a, wgi_matrix b, double beta, double *c, wgi_run *run)
{
  const int m = (int) a.rows, n = (int) b.cols, k = (int) a.cols;
  if (m == 0 || n == 0) return WG_OK;
  if (k == 0)
    {
      for (size_t i = 0; i < a.rows*b.cols && beta == 0; i++) c[i] = 0;
      return WG_OK;
    }
  if (m == 1 && n == 1) return *c = cblas_ddot (k, a.v, (int) a.col, b.v, (int) b.row) + (beta == 0 ? 0 : *c), WG_OK;
  const wgi_run_mark mark = wgi_run_here (run);
  int rc = n == 1 && b.row > 0 ? WG_OK : wgi_matrix_for_blas (&b, run);
  if (!rc && !(m == 1 && a.col > 0)) rc = wgi_matrix_for_blas (&a, run);
  if (!rc && n == 1 && b.row > 0)
    cblas_dgemv (CblasRowMajor, a.order, a.order == CblasTrans ? k : m, a.order == CblasTrans ? m : k, 1, a.v, a.ld, b.v, (int) b.row, beta, c, 1);
  else if (!rc && m == 1 && a.col > 0)
    cblas_dgemv (CblasRowMajor, b.order == CblasTrans ? CblasNoTrans : CblasTrans, b.order == CblasTrans ? n : k,
                 b.order == CblasTrans ? k : n, 1, b.v, b.ld, a.v, (int) a.col, beta, c, 1);
  else if (!rc) cblas_dgemm (CblasRowMajor, a.order, b.order, m, n, k, 1, a.v, a.ld, b.v, b.ld, beta, c, n);
  wgi_run_back (run, mark);
  return rc;
}

static wgi_matrix matrix_at (const wgi_shape *s, const double *v)
{
  const int r = s->rank;
  return (wgi_matrix){ v, s->dim[r-2], s->dim[r-1], s->stride[r-2], s->stride[r-1], 0, 0 };
}

static int products (const wgi_op *op, const double *const x[], double beta, double *to, wgi_run *run)
{
  const wgi_shape a = as_matrix (&op->x[0].shape, 0), b = as_matrix (&op->x[1].shape, 1);
  const size_t each = a.dim[a.rank-2]*b.dim[b.rank-1];
  wgi_shape batch = batch_of (&b), a_batch = batch_of (&a), b_batch = batch;
  wgi_shape_join (&batch, &a_batch);
  a_batch = wgi_shape_broadcast (&a_batch, &batch), b_batch = wgi_shape_broadcast (&b_batch, &batch);
  int rc = WG_OK;
  for (wgi_walk l = wgi_walk_over (&batch, 2, (const ptrdiff_t *[]){ a_batch.stride, b_batch.stride }); l.more && !rc; wgi_walk_next (&l))
    for (size_t i = 0; i < l.n && !rc; i++, to += each)
      rc = product (matrix_at (&a, x[0] + l.at[0] + (ptrdiff_t) i*l.step[0]), matrix_at (&b, x[1] + l.at[1] + (ptrdiff_t) i*l.step[1]), beta, to, run);
  return rc;
}

static int kernel (const wgi_op *op, const double *const x[], double *const y[], wgi_run *run)
{
  return products (op, x, 0, y[0], run);
}

int wgi_matmul_add (const wgi_op *op, const double *const x[], double *const y[], wgi_run *run)
{
  return products (op, x, 1, y[0], run);
}

static void jvp (const wgi_op *op, const wg_var x[], const wg_var y[], const wg_var dx[], wg_var dy[])
{
  (void) op, (void) y;
  if (!wg_is_missing (dx[0])) dy[0] = wg_matmul (dx[0], x[1]);
  if (!wg_is_missing (dx[1])) dy[0] = wgi_sum_of (dy[0], wg_matmul (x[0], dx[1]));
}

/* The adjoint of an operand, a stack of matrices, as its own shape has it. */
static wg_var as_operand (const wgi_view *x, int right, wg_var xbar)
{
  const wgi_view m = { .shape = as_matrix (&x->shape, right) };
  return wg_reshape (wgi_unbroadcast (&m, xbar), x->shape.rank, x->shape.dim);
}

static void vjp (const wgi_op *op, const wg_var x[], const wg_var y[], const wg_var ybar[], wg_var xbar[])
{
  const int row = op->x[0].shape.rank == 1, column = op->x[1].shape.rank == 1;
  wg_var u = ybar[0];
  (void) y;
  if (row) u = wg_expand (u, column ? -1 : -2);
  if (column) u = wg_expand (u, -1);
  const wg_var a = row ? wg_expand (x[0], 0) : x[0], b = column ? wg_expand (x[1], 1) : x[1];
  xbar[0] = as_operand (&op->x[0], 0, wg_matmul (u, wg_t (b)));
  xbar[1] = as_operand (&op->x[1], 1, wg_matmul (wg_t (a), u));
}

const wgi_primitive wgi_matmul = { "matmul", shape, kernel, jvp, vjp };

wg_var wg_matmul (wg_var a, wg_var b)
{
  return wgi_array_apply1 (&wgi_matmul, 2, (wg_var[]){ a, b }, 0, NULL);
}
