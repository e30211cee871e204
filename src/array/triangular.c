/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Triangular systems, by dtrsm in place of a copy of the right-hand side.  attr: the flags of <wengert/linalg.h>.
 */
#include <cblas.h>

#include "array/linalg.h"
#include "wengert/linalg.h"

static int is (const wgi_op *op, unsigned flag) { return (op->attr[0] & (long) flag) != 0; }

static int shape (wgi_op *op)
{
  const int rc = wgi_square_shape (op, 0);
  if (rc) return rc;
  if (wgi_high (op, 1) != wgi_high (op, 0)) return wgi_op_misfit (op, "the right-hand side has not as many rows");
  wgi_stack_add (op, 0, 2, wgi_high (op, 1), wgi_wide (op, 1));
  return WG_OK;
}

static int one (const wgi_op *op, const wgi_matrix x[], double *const y[], wgi_run *run)
{
  wgi_matrix a = x[0];
  const size_t n = a.rows, k = x[1].cols;
  wgi_matrix_copy (&x[1], y[0]);
  if (n == 0 || k == 0) return WG_OK;
  for (size_t i = 0; i < n && !is (op, WG_UNIT); i++)
    if (a.v[(ptrdiff_t) i*(a.row + a.col)] == 0) return wgi_spoil (run, n*k, y[0], "a triangular matrix is singular");
  const int rc = wgi_matrix_for_blas (&a, run);
  if (rc) return rc;
  const int turned = a.order == CblasTrans, upper = is (op, WG_UPPER) != turned, transposed = is (op, WG_TRANSPOSED) != turned;
  cblas_dtrsm (CblasRowMajor, CblasLeft, upper ? CblasUpper : CblasLower, transposed ? CblasTrans : CblasNoTrans,
               is (op, WG_UNIT) ? CblasUnit : CblasNonUnit, (int) n, (int) k, 1, a.v, a.ld, y[0], (int) k);
  return WG_OK;
}

static int kernel (const wgi_op *op, const double *const x[], double *const y[], wgi_run *run)
{
  return wgi_each_matrix (op, 0, one, x, y, run);
}

/* What of a matrix the operation reads. */
static wg_var read_of (const wgi_op *op, wg_var a) { return wgi_triangle (a, is (op, WG_UPPER), is (op, WG_UNIT) ? WGI_DROP : WGI_KEEP); }

static wg_var solve (wg_var a, wg_var b, unsigned how);

static void jvp (const wgi_op *op, const wg_var x[], const wg_var y[], const wg_var dx[], wg_var dy[])
{
  wg_var b = dx[1];
  if (!wg_is_missing (dx[0]))
    {
      const wg_var da = read_of (op, dx[0]);
      b = wgi_sum_of (b, wg_neg (wg_matmul (is (op, WG_TRANSPOSED) ? wg_t (da) : da, y[0])));
    }
  dy[0] = solve (x[0], b, (unsigned) op->attr[0]);
}

static void vjp (const wgi_op *op, const wg_var x[], const wg_var y[], const wg_var ybar[], wg_var xbar[])
{
  const wg_var b = solve (x[0], ybar[0], (unsigned) op->attr[0] ^ WG_TRANSPOSED);
  const wg_var a = is (op, WG_TRANSPOSED) ? wg_matmul (y[0], wg_t (b)) : wg_matmul (b, wg_t (y[0]));
  xbar[0] = wg_neg (read_of (op, a)), xbar[1] = b;
}

static const wgi_primitive triangular = { "solve_triangular", shape, kernel, jvp, vjp };

static wg_var solve (wg_var a, wg_var b, unsigned how)
{
  return wgi_array_apply1 (&triangular, 2, (wg_var[]){ a, b }, 1, (long[]){ (long) how });
}

wg_var wg_solve_triangular (wg_var a, wg_var b, unsigned how)
{
  return wgi_like_columns (b, solve (a, wgi_as_columns (b), how));
}
