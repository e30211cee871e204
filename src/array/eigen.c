/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Eigenvalues and eigenvectors of the symmetric part of a matrix, by dsyevd, whose vectors by columns are V^T by rows.  With
 * G_ij = 1/(w_j - w_i):  dV = V (G o V^T dA V),  dw = diag (V^T dA V).  Operands A and F, of which w and V^T are copies.
 */
#include <float.h>
#include <math.h>
#include <string.h>

#include <lapacke.h>

#include "array/linalg.h"
#include "wengert/linalg.h"

enum { A, F };

/* the factor */

static int factor_shape (wgi_op *op)
{
  const int rc = wgi_square_shape (op, 0);
  const size_t n = rc ? 0 : wgi_high (op, 0);
  if (n > 30000) return wgi_op_misfit (op, "too large for LAPACK");
  if (!rc) wgi_stack_add (op, 0, 1, n + n*n, 0);
  return rc;
}

/* LAPACK does not say which of v and -v it gives: the largest component, the first of several, is positive. */
static void choose_sign (size_t n, double v[])
{
  size_t at = 0;
  for (size_t i = 1; i < n; i++) if (fabs (v[i]) > fabs (v[at])*(1 + 64*DBL_EPSILON)) at = i;
  for (size_t i = 0; i < n && v[at] < 0; i++) if (i != at) v[i] = -v[i];
  v[at] = fabs (v[at]);
}

static int factor_one (const wgi_op *op, const wgi_matrix x[], double *const y[], wgi_run *run)
{
  const size_t n = x[A].rows, lwork = 1 + 6*n + 2*n*n, liwork = 3 + 5*n;
  double *w = y[0], *v = w + n, *work = wgi_run_take (run, lwork, sizeof *work);
  lapack_int *iwork = wgi_run_take (run, liwork, sizeof *iwork);
  (void) op;
  if (!work || !iwork) return WG_ENOMEM;
  if (n == 0) return WG_OK;
  wgi_matrix_symmetric (&x[A], v);
  if (!wgi_all_finite (n*n, v)) return wgi_spoil (run, n + n*n, w, "eigenvalues: the matrix is not finite");
  if (LAPACKE_dsyevd_work (LAPACK_COL_MAJOR, 'V', 'U', (lapack_int) n, v, (lapack_int) n, w, work, (lapack_int) lwork, iwork, (lapack_int) liwork))
    return wgi_spoil (run, n + n*n, w, "eigenvalues: LAPACK did not converge");
  for (size_t i = 0; i < n; i++) choose_sign (n, v + i*n);
  return WG_OK;
}

static int factor_kernel (const wgi_op *op, const double *const x[], double *const y[], wgi_run *run)
{
  return wgi_each_matrix (op, 0, factor_one, x, y, run);
}

static const wgi_primitive factor = { "eigh", factor_shape, factor_kernel, wgi_no_jvp, wgi_no_vjp };

wg_var wgi_eigen_of (wg_var a) { return wgi_array_apply1 (&factor, 1, &a, 0, NULL); }

/* gaps: attr: squares; 2: of numbers that must not be 0 */

static int gaps_shape (wgi_op *op)
{
  const int rc = wgi_stack_shape (op, 1);
  if (!rc) wgi_stack_add (op, 0, 2, wgi_wide (op, 0), wgi_wide (op, 0));
  return rc;
}

static int gaps_one (const wgi_op *op, const wgi_matrix x[], double *const y[], wgi_run *run)
{
  const size_t n = x[0].rows;
  double most = 0;
  int equal = 0, zero = 0;
  for (size_t i = 0; i < n; i++) most = fmax (most, fabs (x[0].v[(ptrdiff_t) i*x[0].row]));
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j < n; j++)
      {
        const double wi = x[0].v[(ptrdiff_t) i*x[0].row], wj = x[0].v[(ptrdiff_t) j*x[0].row], gap = wj - wi;
        const double least = 4*(double) n*DBL_EPSILON*most;
        const int same = i != j && !(fabs (gap) > least), none = op->attr[0] == 2 && !(fabs (wi) > least);
        equal |= same, zero |= none;
        y[0][i*n + j] = none ? NAN : i == j ? 0 : same ? NAN : 1/(op->attr[0] ? gap*(wi + wj) : gap);
      }
  if (zero) return run->why = "singular vectors of 0 have no derivative in a matrix that is not square", WG_NONFINITE;
  if (equal) return run->why = "eigenvectors, or singular vectors, of equal values have no derivative", WG_NONFINITE;
  return WG_OK;
}

static int gaps_kernel (const wgi_op *op, const double *const x[], double *const y[], wgi_run *run)
{
  return wgi_each_matrix (op, 1, gaps_one, x, y, run);
}

static void gaps_jvp (const wgi_op *op, const wg_var x[], const wg_var y[], const wg_var dx[], wg_var dy[])
{
  const wg_var d = op->attr[0] ? wgi_scaled (2, wg_mul (x[0], dx[0])) : dx[0];
  dy[0] = wg_mul (wg_sqr (y[0]), wg_sub (wgi_as_column (d), wgi_as_row (d)));
}

static void gaps_vjp (const wgi_op *op, const wg_var x[], const wg_var y[], const wg_var ybar[], wg_var xbar[])
{
  const wg_var t = wg_mul (wg_sqr (y[0]), ybar[0]);
  const wg_var d = wg_sub (wg_sum_axes (t, 1, (int[]){ -1 }, 0), wg_sum_axes (t, 1, (int[]){ -2 }, 0));
  xbar[0] = op->attr[0] ? wgi_scaled (2, wg_mul (x[0], d)) : d;
}

static const wgi_primitive gaps = { "gaps", gaps_shape, gaps_kernel, gaps_jvp, gaps_vjp };

wg_var wgi_gaps (wg_var w, int squares) { return wgi_array_apply1 (&gaps, 1, &w, 1, (long[]){ squares }); }

/* w alone, and w with V^T */

static int values_shape (wgi_op *op)
{
  const int rc = wgi_square_shape (op, 1u << F);
  if (!rc) wgi_stack_add (op, 0, 1, wgi_high (op, A), 0);
  return rc;
}

static int vectors_shape (wgi_op *op)
{
  const int rc = values_shape (op);
  if (!rc) wgi_stack_add (op, 1, 2, wgi_high (op, A), wgi_high (op, A));
  return rc;
}

static int one (const wgi_op *op, const wgi_matrix x[], double *const y[], wgi_run *run)
{
  const size_t n = x[A].rows;
  (void) run;
  memcpy (y[0], x[F].v, n*sizeof *y[0]);
  if (op->ny == 2) memcpy (y[1], x[F].v + n, n*n*sizeof *y[1]);
  return WG_OK;
}

static int kernel (const wgi_op *op, const double *const x[], double *const y[], wgi_run *run)
{
  return wgi_each_matrix (op, 1u << F, one, x, y, run);
}

static wg_var diagonal_of (wg_var vt, wg_var vt_da) { return wg_sum_axes (wg_mul (vt, vt_da), 1, (int[]){ -1 }, 0); }

static void vectors_jvp (const wgi_op *op, const wg_var x[], const wg_var y[], const wg_var dx[], wg_var dy[])
{
  (void) op, (void) x;
  if (wg_is_missing (dx[A])) return;
  const wg_var d = wg_matmul (y[1], wgi_symmetric_part (dx[A]));
  dy[0] = diagonal_of (y[1], d);
  dy[1] = wg_neg (wg_matmul (wg_mul (wgi_gaps (y[0], 0), wg_matmul (d, wg_t (y[1]))), y[1]));
}

static void vectors_vjp (const wgi_op *op, const wg_var x[], const wg_var y[], const wg_var ybar[], wg_var xbar[])
{
  (void) op, (void) x;
  const wg_var k = wg_mul (wgi_gaps (y[0], 0), wg_matmul (y[1], wg_t (ybar[1])));
  const wg_var inner = wg_add (wg_mul (wgi_as_column (ybar[0]), y[1]), wg_matmul (k, y[1]));
  xbar[A] = wgi_symmetric_part (wg_matmul (wg_t (y[1]), inner));
}

static const wgi_primitive vectors = { "eigh", vectors_shape, kernel, vectors_jvp, vectors_vjp };

static wg_var vectors_of (const wg_var x[])
{
  wg_var y[2];
  wgi_array_apply (&vectors, vectors.name, 2, x, 0, NULL, 2, y);
  return y[1];
}

static void values_jvp (const wgi_op *op, const wg_var x[], const wg_var y[], const wg_var dx[], wg_var dy[])
{
  (void) op, (void) y;
  if (wg_is_missing (dx[A])) return;
  const wg_var vt = vectors_of (x);
  dy[0] = diagonal_of (vt, wg_matmul (vt, wgi_symmetric_part (dx[A])));
}

static void values_vjp (const wgi_op *op, const wg_var x[], const wg_var y[], const wg_var ybar[], wg_var xbar[])
{
  const wg_var vt = vectors_of (x);
  (void) op, (void) y;
  xbar[A] = wgi_symmetric_part (wg_matmul (wg_t (vt), wg_mul (wgi_as_column (ybar[0]), vt)));
}

static const wgi_primitive values = { "eigh", values_shape, kernel, values_jvp, values_vjp };

void wg_eigh (wg_var a, wg_var *w, wg_var *v)
{
  const wg_var x[] = { a, wgi_eigen_of (a) };
  wg_var y[2];
  if (v) wgi_array_apply (&vectors, vectors.name, 2, x, 0, NULL, 2, y), *v = wg_t (y[1]);
  else y[0] = wgi_array_apply1 (&values, 2, x, 0, NULL);
  if (w) *w = y[0];
}
