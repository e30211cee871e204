/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * The Cholesky factor of the symmetric part of a matrix: LAPACK's upper one, by columns, is the lower one by rows.  With
 * Phi(X) the lower triangle of X, its diagonal halved (Murray 2016, arXiv:1602.07527):
 *   dL = L Phi (L^-1 dA L^-T),   Abar = the symmetric part of L^-T Phi (L^T Lbar) L^-1.
 */
#include <lapacke.h>

#include "array/linalg.h"
#include "wengert/linalg.h"

static int shape (wgi_op *op)
{
  const int rc = wgi_square_shape (op, 0);
  if (!rc) wgi_stack_add (op, 0, 2, wgi_high (op, 0), wgi_high (op, 0));
  return rc;
}

static int flat_shape (wgi_op *op)
{
  const int rc = wgi_square_shape (op, 0);
  if (!rc) wgi_stack_add (op, 0, 1, wgi_high (op, 0)*wgi_high (op, 0), 0);
  return rc;
}

static int one (const wgi_op *op, const wgi_matrix x[], double *const y[], wgi_run *run)
{
  const size_t n = x[0].rows;
  double *l = y[0];
  (void) op;
  wgi_matrix_symmetric (&x[0], l);
  if (!wgi_all_finite (n*n, l)) return wgi_spoil (run, n*n, l, "cholesky: the matrix is not finite");
  if (n && LAPACKE_dpotrf_work (LAPACK_COL_MAJOR, 'U', (lapack_int) n, l, (lapack_int) n))
    return wgi_spoil (run, n*n, l, "cholesky: the matrix is not positive definite");
  for (size_t i = 0; i < n; i++)
    for (size_t j = i + 1; j < n; j++) l[i*n + j] = 0;
  return WG_OK;
}

static int kernel (const wgi_op *op, const double *const x[], double *const y[], wgi_run *run)
{
  return wgi_each_matrix (op, 0, one, x, y, run);
}

/* L^-T P L^-1; with transposed 0, L^-1 P L^-T.  P is symmetric, or its symmetric part is wanted. */
static wg_var between (wg_var l, wg_var p, unsigned transposed)
{
  return wg_solve_triangular (l, wg_t (wg_solve_triangular (l, p, WG_LOWER | transposed)), WG_LOWER | transposed);
}

static void jvp (const wgi_op *op, const wg_var x[], const wg_var y[], const wg_var dx[], wg_var dy[])
{
  (void) op, (void) x;
  dy[0] = wg_matmul (y[0], wgi_triangle (between (y[0], wgi_symmetric_part (dx[0]), 0), 0, WGI_HALVE));
}

static void vjp (const wgi_op *op, const wg_var x[], const wg_var y[], const wg_var ybar[], wg_var xbar[])
{
  (void) op, (void) x;
  const wg_var p = wgi_triangle (wg_matmul (wg_t (y[0]), ybar[0]), 0, WGI_HALVE);
  xbar[0] = wgi_symmetric_part (between (y[0], p, WG_TRANSPOSED));
}

static const wgi_primitive cholesky = { "cholesky", shape, kernel, jvp, vjp };
static const wgi_primitive factor = { "cholesky", flat_shape, kernel, wgi_no_jvp, wgi_no_vjp };

wg_var wg_cholesky (wg_var a) { return wgi_array_apply1 (&cholesky, 1, &a, 0, NULL); }

wg_var wgi_spd_factor (wg_var a) { return wgi_array_apply1 (&factor, 1, &a, 0, NULL); }
