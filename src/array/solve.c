/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Linear systems, the inverse, the logarithm of the determinant.  LAPACK sees A by rows as A^T = P L U, so that A = (U^T) (L^T) P^T:
 * F has U^T below and on the diagonal and L^T, unit, above, then the rows that were exchanged.  A factor for the symmetric
 * part is its lower Cholesky factor.  The operands are A, F, B; derivatives solve with the same F.
 */
#include <math.h>

#include <cblas.h>
#include <lapacke.h>

#include "array/linalg.h"
#include "wengert/linalg.h"

/* factors */

static int lu_shape (wgi_op *op)
{
  const int rc = wgi_square_shape (op, 0);
  const size_t n = rc ? 0 : wgi_high (op, 0);
  if (!rc) wgi_stack_add (op, 0, 1, n*n + n, 0);
  return rc;
}

int wgi_lu_factor_of (size_t n, double f[], wgi_run *run)
{
  const wgi_run_mark mark = wgi_run_here (run);
  lapack_int *pivot = wgi_run_take (run, n, sizeof *pivot);
  if (!pivot) return WG_ENOMEM;
  if (n) LAPACKE_dgetrf_work (LAPACK_COL_MAJOR, (lapack_int) n, (lapack_int) n, f, (lapack_int) n, pivot);
  for (size_t i = 0; i < n; i++) f[n*n + i] = pivot[i] - 1;
  wgi_run_back (run, mark);
  return WG_OK;
}

static int lu_one (const wgi_op *op, const wgi_matrix x[], double *const y[], wgi_run *run)
{
  const size_t n = x[0].rows;
  (void) op;
  wgi_matrix_copy (&x[0], y[0]);
  if (!wgi_all_finite (n*n, y[0])) return wgi_spoil (run, n*n + n, y[0], "a matrix to be factored is not finite");
  return wgi_lu_factor_of (n, y[0], run);
}

static int lu_kernel (const wgi_op *op, const double *const x[], double *const y[], wgi_run *run)
{
  return wgi_each_matrix (op, 0, lu_one, x, y, run);
}

static const wgi_primitive lu_factor = { "lu", lu_shape, lu_kernel, wgi_no_jvp, wgi_no_vjp };

wg_var wgi_lu_of (wg_var a) { return wgi_array_apply1 (&lu_factor, 1, &a, 0, NULL); }

/* solve: attr: how */

enum { PLAIN, TRANSPOSED, SYMMETRIC };
enum { A, F, B };

static int shape (wgi_op *op)
{
  const int rc = wgi_square_shape (op, 1u << F);
  if (rc) return rc;
  if (wgi_high (op, B) != wgi_high (op, A)) return wgi_op_misfit (op, "the right-hand side has not as many rows");
  wgi_stack_add (op, 0, 2, wgi_high (op, B), wgi_wide (op, B));
  return WG_OK;
}

static void exchange (size_t k, double *a, double *b)
{
  for (size_t j = 0; j < k && a != b; j++)
    {
      const double t = a[j];
      a[j] = b[j], b[j] = t;
    }
}

/* B := T^-1 B for a triangle of f. */
static void divide (int upper, int transposed, int unit, size_t n, size_t k, const double f[], double b[])
{
  cblas_dtrsm (CblasRowMajor, CblasLeft, upper ? CblasUpper : CblasLower, transposed ? CblasTrans : CblasNoTrans,
               unit ? CblasUnit : CblasNonUnit, (int) n, (int) k, 1, f, (int) n, b, (int) k);
}

void wgi_lu_divide (size_t n, size_t k, const double f[], double b[])
{
  divide (0, 0, 0, n, k, f, b), divide (1, 0, 1, n, k, f, b);
  for (size_t i = n; i--; ) exchange (k, b + i*k, b + (size_t) f[n*n + i]*k);
}

static int one (const wgi_op *op, const wgi_matrix x[], double *const y[], wgi_run *run)
{
  const size_t n = x[B].rows, k = x[B].cols;
  const double *f = x[F].v, *pivot = f + n*n;
  double *b = y[0];
  wgi_matrix_copy (&x[B], b);
  if (n == 0 || k == 0) return WG_OK;
  for (size_t i = 0; i < n; i++)
    if (f[i*n + i] == 0) return wgi_spoil (run, n*k, b, "the matrix of a linear system is singular");
  if (!(f[0] - f[0] == 0)) return wgi_spoil (run, n*k, b, "the matrix of a linear system has no factor");
  switch (op->attr[0])
    {
    case PLAIN:
      wgi_lu_divide (n, k, f, b);
      break;
    case TRANSPOSED:
      for (size_t i = 0; i < n; i++) exchange (k, b + i*k, b + (size_t) pivot[i]*k);
      divide (1, 1, 1, n, k, f, b), divide (0, 1, 0, n, k, f, b);
      break;
    case SYMMETRIC:
      divide (0, 0, 0, n, k, f, b), divide (0, 1, 0, n, k, f, b);
      break;
    }
  return WG_OK;
}

static int kernel (const wgi_op *op, const double *const x[], double *const y[], wgi_run *run)
{
  return wgi_each_matrix (op, 1u << F, one, x, y, run);
}

static wg_var solve (wg_var a, wg_var f, wg_var b, long how);

static void jvp (const wgi_op *op, const wg_var x[], const wg_var y[], const wg_var dx[], wg_var dy[])
{
  const long how = op->attr[0];
  wg_var b = dx[B];
  if (!wg_is_missing (dx[A]))
    {
      const wg_var da = how == PLAIN ? dx[A] : how == TRANSPOSED ? wg_t (dx[A]) : wgi_symmetric_part (dx[A]);
      b = wgi_sum_of (b, wg_neg (wg_matmul (da, y[0])));
    }
  if (!wg_is_missing (b)) dy[0] = solve (x[A], x[F], b, how);
}

static void vjp (const wgi_op *op, const wg_var x[], const wg_var y[], const wg_var ybar[], wg_var xbar[])
{
  const long how = op->attr[0];
  const wg_var b = solve (x[A], x[F], ybar[0], how == SYMMETRIC ? how : how == PLAIN ? TRANSPOSED : PLAIN);
  const wg_var a = wg_neg (how == TRANSPOSED ? wg_matmul (y[0], wg_t (b)) : wg_matmul (b, wg_t (y[0])));
  xbar[A] = how == SYMMETRIC ? wgi_symmetric_part (a) : a, xbar[B] = b;
}

static const wgi_primitive system_of = { "solve", shape, kernel, jvp, vjp };

static wg_var solve (wg_var a, wg_var f, wg_var b, long how)
{
  return wgi_array_apply1 (&system_of, 3, (wg_var[]){ a, f, b }, 1, &how);
}

wg_var wgi_solve_lu (wg_var a, wg_var lu, wg_var b, int transposed) { return solve (a, lu, b, transposed ? TRANSPOSED : PLAIN); }

wg_var wg_solve (wg_var a, wg_var b)
{
  return wgi_like_columns (b, solve (a, wgi_lu_of (a), wgi_as_columns (b), PLAIN));
}

wg_var wg_inverse (wg_var a)
{
  return solve (a, wgi_lu_of (a), wgi_identity (a, wg_dim (a, -1)), PLAIN);
}

wg_var wg_solve_spd (wg_var a, wg_var b)
{
  return wgi_like_columns (b, solve (a, wgi_spd_factor (a), wgi_as_columns (b), SYMMETRIC));
}

/* log |det A| and its sign, operands A and F */

static int logdet_shape (wgi_op *op)
{
  const int rc = wgi_square_shape (op, 1u << F);
  if (!rc) wgi_stack_add (op, 0, 0, 0, 0), wgi_stack_add (op, 1, 0, 0, 0);
  return rc;
}

static int logdet_one (const wgi_op *op, const wgi_matrix x[], double *const y[], wgi_run *run)
{
  const size_t n = x[A].rows;
  const double *f = x[F].v, *pivot = f + n*n;
  double sum = 0, sign = 1;
  (void) op;
  for (size_t i = 0; i < n; i++)
    {
      const double u = f[i*n + i];
      sum += log (fabs (u));
      if (u == 0) sign = 0;
      else if ((u < 0) != ((double) i != pivot[i])) sign = -sign;
    }
  *y[0] = sum, *y[1] = isnan (sum) ? sum : sign;
  if (sign == 0) return run->why = "the logarithm of the determinant of a singular matrix", WG_NONFINITE;
  return WG_OK;
}

static int logdet_kernel (const wgi_op *op, const double *const x[], double *const y[], wgi_run *run)
{
  return wgi_each_matrix (op, 1u << F, logdet_one, x, y, run);
}

static wg_var inverse_transposed (const wgi_op *op, const wg_var x[])
{
  return solve (x[A], x[F], wgi_identity (x[A], wgi_wide (op, A)), TRANSPOSED);
}

static void logdet_jvp (const wgi_op *op, const wg_var x[], const wg_var y[], const wg_var dx[], wg_var dy[])
{
  (void) y;
  if (!wg_is_missing (dx[A])) dy[0] = wgi_sum_matrix (wg_mul (inverse_transposed (op, x), dx[A]));
}

static void logdet_vjp (const wgi_op *op, const wg_var x[], const wg_var y[], const wg_var ybar[], wg_var xbar[])
{
  (void) y;
  xbar[A] = wg_mul (wg_expand (wg_expand (ybar[0], -1), -1), inverse_transposed (op, x));
}

static const wgi_primitive logdet = { "logdet", logdet_shape, logdet_kernel, logdet_jvp, logdet_vjp };

wg_var wg_logdet (wg_var a, wg_var *sign)
{
  wg_var y[2];
  wgi_array_apply (&logdet, logdet.name, 2, (wg_var[]){ a, wgi_lu_of (a) }, 0, NULL, 2, y);
  if (sign) *sign = y[1];
  return y[0];
}
