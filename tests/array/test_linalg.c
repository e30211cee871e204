/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Linear algebra: the laws for each operation, against elimination in long double; symmetric adjoints; what does not exist is told.
 */
#include "laws.h"
#include "refusals.h"
#include "runner.h"

#define MODEL(name) static void name (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
#define UNUSED (void) n, (void) m, (void) ctx

/* references */

/* X = A^-1 B by elimination with pivoting; det A. */
static long double eliminate (int n, int k, const double A[], const double B[], double X[])
{
  long double a[8][16], det = 1;
  for (int i = 0; i < n; i++)
    {
      for (int j = 0; j < n; j++) a[i][j] = A[i*n + j];
      for (int j = 0; j < k; j++) a[i][n+j] = B ? B[i*k + j] : i == j;
    }
  for (int c = 0; c < n; c++)
    {
      int p = c;
      for (int i = c; i < n; i++) if (fabsl (a[i][c]) > fabsl (a[p][c])) p = i;
      for (int j = 0; j < n + k && p != c; j++)
        {
          const long double t = a[c][j];
          a[c][j] = a[p][j], a[p][j] = t;
        }
      det *= p == c ? a[c][c] : -a[c][c];
      for (int i = 0; i < n; i++)
        if (i != c)
          {
            const long double f = a[i][c]/a[c][c];
            for (int j = c; j < n + k; j++) a[i][j] -= f*a[c][j];
          }
    }
  for (int i = 0; i < n; i++)
    for (int j = 0; j < k; j++) X[i*k + j] = (double) (a[i][n+j]/a[i][i]);
  return det;
}

static void symmetric_part (int n, const double A[], double S[])
{
  for (int i = 0; i < n; i++)
    for (int j = 0; j < n; j++) S[i*n + j] = 0.5*(A[i*n + j] + A[j*n + i]);
}

/* points: matrices of 3 x 3, one behind the other, far from singular */
static void heavy (double x[], int n) { for (int i = 0; i < n; i++) x[i*n + i] += 3; }
static void heavy3 (size_t n, double x[]) { (void) n; heavy (x, 3); }
static void heavy2_twice (size_t n, double x[]) { (void) n; heavy (x, 2), heavy (x + 4, 2); }

MODEL (solve)
{
  UNUSED;
  const wg_var A = wg_mat (x, 3, 3), B = wg_mat (x + 9, 3, 2), b = wg_vec (x + 15, 3);
  wg_unstack (wg_solve (A, B), y);
  wg_unstack (wg_solve (wg_t (A), b), y + 6);
}

static void solve_of (const double x[], double y[])
{
  double t[9];
  for (int i = 0; i < 9; i++) t[i] = x[3*(i % 3) + i/3];
  eliminate (3, 2, x, x + 9, y);
  eliminate (3, 1, t, x + 15, y + 6);
}

/* a zero pivot, and rows that change places in a circle */
static void permuted (size_t n, double x[])
{
  const double A[9] = { 0, 2.3, 0.1, 0.2, -0.4, 1.7, 1.9, 0.25, 0.3 };
  (void) n;
  memcpy (x, A, sizeof A);
}

MODEL (solve_batched)
{
  UNUSED;
  const wg_var A = wg_array (x, 3, (size_t[]){ 2, 2, 2 }), B = wg_array (x + 8, 4, (size_t[]){ 2, 1, 2, 1 });
  wg_unstack (wg_solve (A, B), y);
  wg_unstack (wg_solve_spd (A, wg_vec (x + 8, 2)), y + 8);
}

static void solve_batched_of (const double x[], double y[])
{
  double S[4];
  for (int a = 0; a < 2; a++)
    {
      for (int b = 0; b < 2; b++) eliminate (2, 1, x + 4*a, x + 8 + 2*b, y + 4*b + 2*a);
      symmetric_part (2, x + 4*a, S), eliminate (2, 1, S, x + 8, y + 8 + 2*a);
    }
}

MODEL (solve_spd)
{
  UNUSED;
  wg_unstack (wg_solve_spd (wg_mat (x, 3, 3), wg_mat (x + 9, 3, 2)), y);
}

static void solve_spd_of (const double x[], double y[])
{
  double S[9];
  symmetric_part (3, x, S), eliminate (3, 2, S, x + 9, y);
}

MODEL (triangular)
{
  UNUSED;
  const wg_var A = wg_mat (x, 3, 3), B = wg_mat (x + 9, 3, 2), b = wg_vec (x + 9, 3);
  wg_unstack (wg_solve_triangular (A, B, WG_LOWER), y);
  wg_unstack (wg_solve_triangular (wg_t (A), B, WG_LOWER | WG_TRANSPOSED), y + 6);
  wg_unstack (wg_solve_triangular (A, b, WG_UPPER | WG_UNIT), y + 12);
  wg_unstack (wg_solve_triangular (A, b, WG_LOWER | WG_UNIT | WG_TRANSPOSED), y + 15);
  wg_unstack (wg_solve_triangular (wg_slice (A, 0, 0, 3, -1), b, WG_UPPER), y + 18);
}

static void triangular_of (const double x[], double y[])
{
  double L[9] = { 0 }, U[9] = { 0 }, V[9] = { 0 }, W[9] = { 0 }, R[9] = { 0 };
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++)
      {
        if (j <= i) L[3*i + j] = x[3*i + j];
        if (j >= i) U[3*i + j] = x[3*i + j], R[3*i + j] = x[3*(2 - i) + j];
        V[3*i + j] = i == j ? 1 : j > i ? x[3*i + j] : 0;
        W[3*i + j] = i == j ? 1 : j > i ? x[3*j + i] : 0;
      }
  eliminate (3, 2, L, x + 9, y), eliminate (3, 2, U, x + 9, y + 6);
  eliminate (3, 1, V, x + 9, y + 12), eliminate (3, 1, W, x + 9, y + 15), eliminate (3, 1, R, x + 9, y + 18);
}

static void all_heavy (size_t n, double x[])
{
  for (size_t i = 0; i < n; i++) x[i] += 1.5;
}

MODEL (inverse)
{
  UNUSED;
  const wg_var A = wg_mat (x, 3, 3);
  wg_var sign;
  wg_unstack (wg_inverse (A), y);
  y[9] = wg_logdet (wg_neg (A), &sign), y[10] = sign;
  y[11] = wg_sum (wg_logdet (wg_mul (A, wg_constant (x[0], 3, (size_t[]){ 2, 1, 1 }, (double[]){ 1, 2 })), NULL));
}

static void inverse_of (const double x[], double y[])
{
  const double det = (double) eliminate (3, 3, x, NULL, y);
  y[9] = log (fabs (det)), y[10] = det > 0 ? -1 : 1, y[11] = 2*log (fabs (det)) + 3*log (2);
}

MODEL (cholesky)
{
  UNUSED;
  const wg_var L = wg_cholesky (wg_mat (x, 3, 3));
  wg_unstack (L, y);
  y[9] = wg_mul (2, wg_add (wg_add (wg_log (wg_at (wg_at (L, 0), 0)), wg_log (wg_at (wg_at (L, 1), 1))), wg_log (wg_at (wg_at (L, 2), 2))));
}

static void cholesky_of (const double x[], double y[])
{
  double S[9], X[9];
  symmetric_part (3, x, S);
  memset (y, 0, 9*sizeof *y);
  for (int j = 0; j < 3; j++)
    for (int i = j; i < 3; i++)
      {
        long double s = S[3*i + j];
        for (int k = 0; k < j; k++) s -= (long double) y[3*i + k]*y[3*j + k];
        y[3*i + j] = (double) (i == j ? sqrtl (s) : s/y[4*j]);
      }
  y[9] = log ((double) eliminate (3, 3, S, NULL, X));
}

static const law_case cases[] = {
  { "solve", solve, 18, 9, solve_of, -1, 1, heavy3 },
  { "solve, rows exchanged", solve, 18, 9, solve_of, -1, 1, permuted },
  { "solve, stacks", solve_batched, 12, 12, solve_batched_of, -1, 1, heavy2_twice },
  { "solve_spd", solve_spd, 15, 6, solve_spd_of, -1, 1, heavy3 },
  { "solve_triangular", triangular, 15, 21, triangular_of, -1, 1, all_heavy },
  { "inverse, logdet", inverse, 9, 12, inverse_of, -1, 1, heavy3 },
  { "inverse, rows exchanged", inverse, 9, 12, inverse_of, -1, 1, permuted },
  { "cholesky", cholesky, 9, 10, cholesky_of, -1, 1, heavy3 },
};

START_TEST (laws)
{
  laws_hold (&cases[_i]);
}
END_TEST

/* What must not be: a recording that ends; a point whose results are NaN with a notice that says why. */

MODEL (misfit_square) { UNUSED; y[0] = wg_sum (wg_inverse (wg_mat (x, 2, 3))); }
MODEL (misfit_rows) { UNUSED; y[0] = wg_sum (wg_solve (wg_mat (x, 2, 2), wg_vec (x, 3))); }
MODEL (misfit_rank) { UNUSED; y[0] = wg_sum (wg_cholesky (wg_vec (x, 4))); }
MODEL (misfit_batch) { UNUSED; y[0] = wg_sum (wg_solve_triangular (wg_mat (x, 2, 2), wg_mat (x, 1, 4), WG_UPPER)); }
MODEL (misfit_lstsq) { UNUSED; y[0] = wg_sum (wg_lstsq (wg_mat (x, 3, 2), wg_vec (x, 2))); }
MODEL (misfit_number) { UNUSED; y[0] = wg_sum (wg_lstsq (wg_mat (x, 3, 2), x[0])); }

static const refusal refusals[] = {
  { misfit_square, "lu: a square matrix is needed: shape (2, 3)" },
  { misfit_rows, "solve: the right-hand side has not as many rows" },
  { misfit_rank, "cholesky: a matrix is needed: shape (4,)" },
  { misfit_batch, "solve_triangular: the right-hand side has not as many rows: shapes (2, 2) and (1, 4)" },
  { misfit_lstsq, "lstsq: the right-hand side has not as many rows: shapes (3, 2) and (2,)" },
  { misfit_number, "lstsq: the right-hand side has not as many rows: shapes (3, 2) and ()" },
};

START_TEST (refused)
{
  check_refused (&refusals[_i]);
}
END_TEST

typedef struct { wg_model *model; const char *says; double x[4]; } gap;

MODEL (sum_solve) { UNUSED; y[0] = wg_sum (wg_solve (wg_mat (x, 2, 2), wg_constant (x[0], 1, (size_t[]){ 2 }, (double[]){ 1, 2 }))); }
MODEL (sum_triangular) { UNUSED; y[0] = wg_sum (wg_solve_triangular (wg_mat (x, 2, 2), wg_vec (x, 2), WG_LOWER)); }
MODEL (sum_cholesky) { UNUSED; y[0] = wg_sum (wg_cholesky (wg_mat (x, 2, 2))); }
MODEL (sum_solve_spd) { UNUSED; y[0] = wg_sum (wg_solve_spd (wg_mat (x, 2, 2), wg_vec (x, 2))); }
MODEL (logdet) { UNUSED; y[0] = wg_logdet (wg_mat (x, 2, 2), NULL); }

static const gap gaps[] = {
  { sum_solve, "the matrix of a linear system is singular", { 1, 2, 2, 4 } },
  { sum_solve, "a matrix to be factored is not finite", { 1, INFINITY, 2, 4 } },
  { sum_triangular, "a triangular matrix is singular", { 1, 2, 3, 0 } },
  { sum_cholesky, "cholesky: the matrix is not positive definite", { 1, 2, 2, 1 } },
  { sum_cholesky, "cholesky: the matrix is not finite", { INFINITY, 2, 2, 1 } },
  { sum_solve_spd, "cholesky: the matrix is not positive definite", { 1, 2, 2, 1 } },
  { logdet, "the logarithm of the determinant of a singular matrix", { 1, 2, 2, 4 } },
};

START_TEST (told)
{
  const gap *p = &gaps[_i];
  const double good[4] = { 2, 0.25, 0.5, 1 };
  double y, g[4];
  wg_fun *f = wg_fun_record (p->model, NULL, 4, 1, good);
  ck_assert_ptr_nonnull (f);
  ck_assert_int_eq (wg_eval (f, p->x, &y), WG_NONFINITE);
  ck_assert_msg (strstr (wg_last_error (), p->says) != NULL, "%s", wg_last_error ());
  ck_assert (!isfinite (y));
  ck_assert_int_eq (wg_gradient (f, p->x, &y, g), WG_NONFINITE);
  ck_assert_int_eq (wg_gradient (f, good, &y, g), WG_OK);               /* nothing stays */
  wg_fun_free (f);
  f = wg_fun_record (p->model, NULL, 4, 1, p->x);                      /* one may record there */
  ck_assert_ptr_nonnull (f);
  ck_assert_int_eq (wg_gradient (f, good, &y, g), WG_OK);
  wg_fun_free (f);
}
END_TEST

/* The gradient of log det A, by Cholesky and as it is, is A^-1: the numbers of the law's bound. */
MODEL (logdet_cholesky)
{
  UNUSED;
  const wg_var L = wg_ravel (wg_cholesky (wg_mat (x, 3, 3)));
  y[0] = wg_mul (2, wg_sum (wg_log (wg_slice (L, 0, 0, 9, 4))));
}
MODEL (logdet3) { UNUSED; y[0] = wg_logdet (wg_mat (x, 3, 3), NULL); }

START_TEST (gradient_of_logdet)
{
  const double A[9] = { 2.7, -0.31, 0.9, -0.31, 1.9, 0.23, 0.9, 0.23, 3.3 };
  double inverse[9], g[9], value;
  eliminate (3, 3, A, NULL, inverse);
  wg_model *models[] = { logdet_cholesky, logdet3 };
  for (int k = 0; k < 2; k++)
    {
      wg_fun *f = wg_fun_record (models[k], NULL, 9, 1, A);
      ck_assert_int_eq (wg_gradient (f, A, &value, g), WG_OK);
      law_close ("log det", "gradient", 9, g, inverse);
      for (int i = 0; i < 3; i++)
        for (int j = 0; j < i && k == 0; j++) ck_assert_double_eq (g[3*i + j], g[3*j + i]);
      wg_fun_free (f);
    }
}
END_TEST

int main (void)
{
  Suite *s = suite_create ("linear algebra");
  TCase *t = tcase_create ("linear algebra");
  tcase_add_loop_test (t, laws, 0, sizeof cases/sizeof *cases);
  tcase_add_loop_test (t, refused, 0, sizeof refusals/sizeof *refusals);
  tcase_add_loop_test (t, told, 0, sizeof gaps/sizeof *gaps);
  tcase_add_test (t, gradient_of_logdet);
  suite_add_tcase (s, t);
  return run_suite (s);
}
