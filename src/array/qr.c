/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * The thin QR decomposition, diag R >= 0, by dgelqf: A^T = L Q' by columns is A = Q R by rows.  With W = dA R^-1, M = Q^T W and
 * O = low (M) - low (M)^T of the strict lower triangle:  dQ = Q O + W - Q M,  dR = (M - O) R.  Its adjoint (Seeger et al. 2017,
 * arXiv:1710.08717): Abar = (Qbar + Q sym (R Rbar^T - Qbar^T Q)) R^-T, sym copying the lower triangle to the upper one.
 */
#include <lapacke.h>

#include "array/linalg.h"
#include "wengert/linalg.h"

enum { BLOCK = 64 };                   /* no block of LAPACK's is larger */
enum { Q, R };

static int shape (wgi_op *op)
{
  const int rc = wgi_stack_shape (op, 0);
  if (!rc) wgi_stack_add (op, Q, 2, wgi_high (op, 0), wgi_wide (op, 0)), wgi_stack_add (op, R, 2, wgi_wide (op, 0), wgi_wide (op, 0));
  return rc;
}

static int one (const wgi_op *op, const wgi_matrix x[], double *const y[], wgi_run *run)
{
  const size_t m = x[0].rows, n = x[0].cols, lwork = (n + 1)*BLOCK;
  const lapack_int M = (lapack_int) m, N = (lapack_int) n;
  double *q = y[Q], *r = y[R], *tau = wgi_run_take (run, n, sizeof *tau), *work = wgi_run_take (run, lwork, sizeof *work);
  (void) op;
  if (!tau || !work) return WG_ENOMEM;
  if (n == 0) return WG_OK;
  wgi_matrix_copy (&x[0], q);
  if (!wgi_all_finite (m*n, q)) return wgi_spoil (run, n*n, r, "qr: the matrix is not finite"), wgi_spoil (run, m*n, q, run->why);
  LAPACKE_dgelqf_work (LAPACK_COL_MAJOR, N, M, q, N, tau, work, (lapack_int) lwork);
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j < n; j++) r[i*n + j] = j >= i ? q[i*n + j] : 0;
  LAPACKE_dorglq_work (LAPACK_COL_MAJOR, N, M, N, q, N, tau, work, (lapack_int) lwork);
  for (size_t i = 0; i < n; i++)
    if (r[i*n + i] < 0)
      {
        for (size_t j = i; j < n; j++) r[i*n + j] = -r[i*n + j];
        for (size_t j = 0; j < m; j++) q[j*n + i] = -q[j*n + i];
      }
  return WG_OK;
}

static int kernel (const wgi_op *op, const double *const x[], double *const y[], wgi_run *run)
{
  return wgi_each_matrix (op, 0, one, x, y, run);
}

/* B R^-1 and B R^-T */
static wg_var over (wg_var b, wg_var r) { return wg_t (wg_solve_triangular (r, wg_t (b), WG_UPPER | WG_TRANSPOSED)); }
static wg_var over_transposed (wg_var b, wg_var r) { return wg_t (wg_solve_triangular (r, wg_t (b), WG_UPPER)); }

static void jvp (const wgi_op *op, const wg_var x[], const wg_var y[], const wg_var dx[], wg_var dy[])
{
  (void) op, (void) x;
  const wg_var w = over (dx[0], y[R]), m = wg_matmul (wg_t (y[Q]), w), low = wgi_triangle (m, 0, WGI_DROP);
  const wg_var n = wg_sub (m, wg_sub (low, wg_t (low)));
  dy[Q] = wg_sub (w, wg_matmul (y[Q], n));
  dy[R] = wg_matmul (wgi_triangle (n, 1, WGI_KEEP), y[R]);
}

static void vjp (const wgi_op *op, const wg_var x[], const wg_var y[], const wg_var ybar[], wg_var xbar[])
{
  (void) op, (void) x;
  const wg_var m = wg_sub (wg_matmul (y[R], wg_t (ybar[R])), wg_matmul (wg_t (ybar[Q]), y[Q]));
  const wg_var half = wgi_triangle (m, 0, WGI_HALVE), s = wg_add (half, wg_t (half));
  xbar[0] = over_transposed (wg_add (ybar[Q], wg_matmul (y[Q], s)), y[R]);
}

static const wgi_primitive qr = { "qr", shape, kernel, jvp, vjp };

void wg_qr (wg_var a, wg_var *q, wg_var *r)
{
  const size_t m = wg_dim (a, -2), n = wg_dim (a, -1);
  const int wide = wg_rank (a) > 1 && m < n;
  const wg_var first = wide ? wg_slice (a, -1, 0, m, 1) : a;
  wg_var y[2];
  wgi_array_apply (&qr, qr.name, 1, &first, 0, NULL, 2, y);
  if (wide && r) y[R] = wg_concat (2, (wg_var[]){ y[R], wg_matmul (wg_t (y[Q]), wg_slice (a, -1, m, n, 1)) }, -1);
  if (q) *q = y[Q];
  if (r) *r = y[R];
}

wg_var wg_lstsq (wg_var a, wg_var b)
{
  const int wide = wg_rank (a) > 1 && wg_dim (a, -2) < wg_dim (a, -1);
  wg_var q, r;
  wgi_seen s, t;
  if (wgi_see (&a, &s) && wgi_see (&b, &t) && wg_rank (a) > 1 && (!t.shape.rank || wg_dim (a, -2) != wg_dim (b, t.shape.rank > 1 ? -2 : -1)))
    return wgi_misfit ("lstsq", 2, (wg_var[]){ a, b }, "the right-hand side has not as many rows");
  wg_qr (wide ? wg_t (a) : a, &q, &r);
  const wg_var c = wgi_as_columns (b);
  return wgi_like_columns (b, wide ? wg_matmul (q, wg_solve_triangular (r, c, WG_UPPER | WG_TRANSPOSED))
                                   : wg_solve_triangular (r, wg_matmul (wg_t (q), c), WG_UPPER));
}
