/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * The thin singular value decomposition A = U diag (s) V^T, by dgesdd of A^T as LAPACK sees it, whose factors are V^T and U by rows.
 * With P = U^T dA V and G_ij = 1/(s_j^2 - s_i^2):
 *   ds = diag P,  dU = U (G o (P S + S P^T)) + (I - U U^T) dA V S^-1,  dV = V (G o (S P + P^T S)) + (I - V V^T) dA^T U S^-1.
 */
#include <math.h>
#include <string.h>

#include <lapacke.h>

#include "array/linalg.h"
#include "wengert/linalg.h"

enum { A, F };
enum { U, S, VT };

static size_t least (size_t a, size_t b) { return a < b ? a : b; }

/* the factor */

static int factor_shape (wgi_op *op)
{
  const int rc = wgi_stack_shape (op, 0);
  if (rc) return rc;
  const size_t m = wgi_high (op, A), n = wgi_wide (op, A), k = least (m, n);
  if (k > 15000) return wgi_op_misfit (op, "too large for LAPACK");
  wgi_stack_add (op, 0, 1, m*k + k + k*n, 0);
  return WG_OK;
}

/* The largest component of each row of V^T is positive. */
static void choose_signs (size_t m, size_t n, size_t k, double u[], double vt[])
{
  for (size_t i = 0; i < k; i++)
    {
      size_t at = 0;
      for (size_t j = 1; j < n; j++) if (fabs (vt[i*n + j]) > fabs (vt[i*n + at])*(1 + 1e-14)) at = j;
      if (vt[i*n + at] >= 0) continue;
      for (size_t j = 0; j < n; j++) vt[i*n + j] = -vt[i*n + j];
      for (size_t j = 0; j < m; j++) u[j*k + i] = -u[j*k + i];
    }
}

static int factor_one (const wgi_op *op, const wgi_matrix x[], double *const y[], wgi_run *run)
{
  const size_t m = x[A].rows, n = x[A].cols, k = least (m, n), size = m*k + k + k*n;
  const lapack_int M = (lapack_int) m, N = (lapack_int) n, K = (lapack_int) k;
  double *u = y[0], *s = u + m*k, *vt = s + k, *a = wgi_run_take (run, m*n, sizeof *a), wanted = 1;
  lapack_int *iwork = wgi_run_take (run, 8*k, sizeof *iwork);
  (void) op;
  if (!a || !iwork) return WG_ENOMEM;
  if (k == 0) return WG_OK;
  wgi_matrix_copy (&x[A], a);
  if (!wgi_all_finite (m*n, a)) return wgi_spoil (run, size, y[0], "svd: the matrix is not finite");
  LAPACKE_dgesdd_work (LAPACK_COL_MAJOR, 'S', N, M, a, N, s, vt, N, u, K, &wanted, -1, iwork);
  double *work = wgi_run_take (run, (size_t) wanted, sizeof *work);
  if (!work) return WG_ENOMEM;
  if (LAPACKE_dgesdd_work (LAPACK_COL_MAJOR, 'S', N, M, a, N, s, vt, N, u, K, work, (lapack_int) wanted, iwork))
    return wgi_spoil (run, size, y[0], "svd: LAPACK did not converge");
  choose_signs (m, n, k, u, vt);
  return WG_OK;
}

static int factor_kernel (const wgi_op *op, const double *const x[], double *const y[], wgi_run *run)
{
  return wgi_each_matrix (op, 0, factor_one, x, y, run);
}

static const wgi_primitive factor = { "svd", factor_shape, factor_kernel, wgi_no_jvp, wgi_no_vjp };

wg_var wgi_svd_of (wg_var a) { return wgi_array_apply1 (&factor, 1, &a, 0, NULL); }

/* s alone, and U, s, V^T */

static int values_shape (wgi_op *op)
{
  const int rc = wgi_stack_shape (op, 1u << F);
  if (!rc) wgi_stack_add (op, 0, 1, least (wgi_high (op, A), wgi_wide (op, A)), 0);
  return rc;
}

static int vectors_shape (wgi_op *op)
{
  const int rc = wgi_stack_shape (op, 1u << F);
  if (rc) return rc;
  const size_t m = wgi_high (op, A), n = wgi_wide (op, A), k = least (m, n);
  wgi_stack_add (op, U, 2, m, k), wgi_stack_add (op, S, 1, k, 0), wgi_stack_add (op, VT, 2, k, n);
  return WG_OK;
}

static int one (const wgi_op *op, const wgi_matrix x[], double *const y[], wgi_run *run)
{
  const size_t m = x[A].rows, n = x[A].cols, k = least (m, n);
  const double *f = x[F].v;
  (void) run;
  if (op->ny == 1) return memcpy (y[0], f + m*k, k*sizeof *f), WG_OK;
  memcpy (y[U], f, m*k*sizeof *f), memcpy (y[S], f + m*k, k*sizeof *f), memcpy (y[VT], f + m*k + k, k*n*sizeof *f);
  return WG_OK;
}

static int kernel (const wgi_op *op, const double *const x[], double *const y[], wgi_run *run)
{
  return wgi_each_matrix (op, 1u << F, one, x, y, run);
}

static wg_var plus_transposed (wg_var a) { return wg_add (a, wg_t (a)); }

static wg_var diagonal_of (wg_var vt, wg_var ut_da) { return wg_sum_axes (wg_mul (vt, ut_da), 1, (int[]){ -1 }, 0); }

static void vectors_jvp (const wgi_op *op, const wg_var x[], const wg_var y[], const wg_var dx[], wg_var dy[])
{
  const size_t m = wgi_high (op, A), n = wgi_wide (op, A), k = least (m, n);
  (void) x;
  if (wg_is_missing (dx[A])) return;
  const wg_var u = y[U], s = y[S], v = wg_t (y[VT]), g = wgi_gaps (s, m == n ? 1 : 2);
  const wg_var ut_da = wg_matmul (wg_t (u), dx[A]), p = wg_matmul (ut_da, v);
  dy[S] = diagonal_of (y[VT], ut_da);
  dy[U] = wg_matmul (u, wg_mul (g, plus_transposed (wg_mul (p, wgi_as_row (s)))));
  wg_var dv = wg_matmul (v, wg_mul (g, plus_transposed (wg_mul (wgi_as_column (s), p))));
  if (m > k) dy[U] = wg_add (dy[U], wg_div (wg_sub (wg_matmul (dx[A], v), wg_matmul (u, p)), wgi_as_row (s)));
  if (n > k) dv = wg_add (dv, wg_div (wg_sub (wg_t (ut_da), wg_matmul (v, wg_t (p))), wgi_as_row (s)));
  dy[VT] = wg_t (dv);
}

static void vectors_vjp (const wgi_op *op, const wg_var x[], const wg_var y[], const wg_var ybar[], wg_var xbar[])
{
  const size_t m = wgi_high (op, A), n = wgi_wide (op, A), k = least (m, n);
  const wg_var u = y[U], s = y[S], vt = y[VT], g = wgi_gaps (s, m == n ? 1 : 2);
  (void) x;
  const wg_var ku = plus_transposed (wg_mul (g, wg_matmul (wg_t (u), ybar[U])));
  const wg_var kv = plus_transposed (wg_mul (g, wg_matmul (vt, wg_t (ybar[VT]))));
  const wg_var inner = wg_add (wg_mul (ku, wgi_as_row (s)), wg_mul (wgi_as_column (s), kv));
  wg_var a = wg_matmul (u, wg_add (wg_mul (wgi_as_column (ybar[S]), vt), wg_matmul (inner, vt)));
  if (m > k)
    {
      const wg_var z = wg_div (ybar[U], wgi_as_row (s));
      a = wg_add (a, wg_matmul (wg_sub (z, wg_matmul (u, wg_matmul (wg_t (u), z))), vt));
    }
  if (n > k)
    {
      const wg_var z = wg_div (ybar[VT], wgi_as_column (s));
      a = wg_add (a, wg_matmul (u, wg_sub (z, wg_matmul (wg_matmul (z, wg_t (vt)), vt))));
    }
  xbar[A] = a;
}

static const wgi_primitive vectors = { "svd", vectors_shape, kernel, vectors_jvp, vectors_vjp };

static void values_jvp (const wgi_op *op, const wg_var x[], const wg_var y[], const wg_var dx[], wg_var dy[])
{
  wg_var f[3];
  (void) op, (void) y;
  if (wg_is_missing (dx[A])) return;
  wgi_array_apply (&vectors, vectors.name, 2, x, 0, NULL, 3, f);
  dy[0] = diagonal_of (f[VT], wg_matmul (wg_t (f[U]), dx[A]));
}

static void values_vjp (const wgi_op *op, const wg_var x[], const wg_var y[], const wg_var ybar[], wg_var xbar[])
{
  wg_var f[3];
  (void) op, (void) y;
  wgi_array_apply (&vectors, vectors.name, 2, x, 0, NULL, 3, f);
  xbar[A] = wg_matmul (f[U], wg_mul (wgi_as_column (ybar[0]), f[VT]));
}

static const wgi_primitive values = { "svd", values_shape, kernel, values_jvp, values_vjp };

void wg_svd (wg_var a, wg_var *u, wg_var *s, wg_var *v)
{
  const wg_var x[] = { a, wgi_svd_of (a) };
  wg_var y[3];
  if (u || v) wgi_array_apply (&vectors, vectors.name, 2, x, 0, NULL, 3, y);
  else y[S] = wgi_array_apply1 (&values, 2, x, 0, NULL);
  if (u) *u = y[U];
  if (s) *s = y[S];
  if (v) *v = wg_t (y[VT]);
}
