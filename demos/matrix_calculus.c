/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Matrix calculus: each identity of the textbooks beside the Jacobian that the library computes of the function as it is written.
 * vec A stacks the columns of A, so that vec (A X B) = (B^T kron A) vec X; (x) is the Kronecker product.
 *
 *     d A x / dx = A                               d tr (A X) / dX = A^T
 *     d x^T A x / dx = x^T (A + A^T)               d vec A^-1 / d vec A = -A^-T (x) A^-1
 *     d x^T A x / d vec A = x^T (x) x^T            d log |det A| / dA = A^-T
 *     d vec (A X B) / d vec X = B^T (x) A
 *     f = tanh (A x + b):  df_i/dA_jk = (i = j) (1 - f_i^2) x_k, in R^(M x (M x N))
 *     A (x) = exp (C x) (D x)^T:  dA_ij/dx_k = A_ij C_ik + exp (C x)_i D_jk, in R^(4 x 2 x 3)
 *     f = tanh (A x + b):  d2f_i/dx_j dx_k = -2 f_i (1 - f_i^2) A_ij A_ik, as a matrix of M N rows and N columns
 *
 * To see: on the left what comes out, on the right what the identity says, the first rows of each; the largest difference of all
 * entries is rounding.
 *
 * To run:  matrix_calculus
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <wengert.h>

enum { M = 2, N = 3 };

static const double A[9] = { 1.5, -.4, .3,  .2, 2.1, -.7,  -.5, .6, 1.8 };     /* by rows: 3 x 3, its first two rows M x N */
static const double B[6] = { .9, -1.1, .4,  1.3, -.2, .8 };                    /* 3 x 2 */
static const double C[12] = { .1, .4, -.3,  .5, -.2, .2,  -.6, .3, .1,  .2, .2, .4 }, D[6] = { 1, -.5, .25,  .75, 1.5, -1 };
static const double b[M] = { .3, -.2 }, x0[N] = { .5, -1.25, .8 }, X0[9] = { .7, -.3, 1.2,  .4, .9, -.6,  -1.1, .2, .5 };

/* the functions; their inputs are vectors, or matrices by columns */

static wg_var constant (wg_var like, const double a[], size_t rows, size_t cols)
{
  return wg_constant (like, 2, (size_t[]){ rows, cols }, a);
}

static wg_var from_columns (const wg_var v[], size_t rows, size_t cols) { return wg_t (wg_mat (v, cols, rows)); }

#define MODEL(name) static void name (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
#define UNUSED (void) n, (void) m, (void) ctx

MODEL (linear)    { UNUSED; wg_unstack (wg_matmul (constant (x[0], A, M, N), wg_vec (x, N)), y); }
MODEL (quadratic) { UNUSED; y[0] = wg_quadratic (constant (x[0], A, 3, 3), wg_vec (x, 3)); }
MODEL (by_matrix) { UNUSED; y[0] = wg_quadratic (from_columns (x, 3, 3), wg_constant (x[0], 1, (size_t[]){ 3 }, x0)); }
MODEL (trace)     { UNUSED; y[0] = wg_trace (wg_matmul (constant (x[0], A, 3, 3), from_columns (x, 3, 3))); }
MODEL (inverse)   { UNUSED; wg_unstack (wg_vec_cols (wg_inverse (from_columns (x, 3, 3))), y); }
MODEL (logdet)    { UNUSED; y[0] = wg_logdet (from_columns (x, 3, 3), NULL); }

MODEL (product)
{
  UNUSED;
  const wg_var AX = wg_matmul (constant (x[0], A, M, N), from_columns (x, 3, 3));
  wg_unstack (wg_vec_cols (wg_matmul (AX, constant (x[0], B, 3, 2))), y);
}

MODEL (layer_of_A)
{
  UNUSED;
  const wg_var Ax = wg_matmul (wg_mat (x, M, N), wg_constant (x[0], 1, (size_t[]){ N }, x0));
  wg_unstack (wg_tanh (wg_add (Ax, wg_constant (x[0], 1, (size_t[]){ M }, b))), y);
}

MODEL (layer_of_x)
{
  UNUSED;
  const wg_var Ax = wg_matmul (constant (x[0], A, M, N), wg_vec (x, N));
  wg_unstack (wg_tanh (wg_add (Ax, wg_constant (x[0], 1, (size_t[]){ M }, b))), y);
}

MODEL (matrix_of_x)
{
  UNUSED;
  const wg_var v = wg_vec (x, 3);
  wg_unstack (wg_outer (wg_exp (wg_matmul (constant (x[0], C, 4, 3), v)), wg_matmul (constant (x[0], D, 2, 3), v)), y);
}

/* what the identities say: entry (r, c) of the Jacobian at x */

static double row_times (const double a[], const double x[]) { return a[0]*x[0] + a[1]*x[1] + a[2]*x[2]; }

/* The 3 x 3 inverse of a matrix by columns: entry (i, j), by cofactors. */
static double inverse_entry (const double a[], size_t i, size_t j)
{
#define AT(r, c) a[3*((c) % 3) + (r) % 3]
  double det = 0;
  for (size_t k = 0; k < 3; k++) det += AT (0, k)*(AT (1, k + 1)*AT (2, k + 2) - AT (1, k + 2)*AT (2, k + 1));
  return (AT (j + 1, i + 1)*AT (j + 2, i + 2) - AT (j + 1, i + 2)*AT (j + 2, i + 1))/det;
#undef AT
}

#define IDENTITY(name) static double name (size_t r, size_t c, const double x[])
IDENTITY (is_linear)    { (void) x; return A[N*r + c]; }
IDENTITY (is_quadratic) { (void) r; return x[0]*(A[c] + A[3*c]) + x[1]*(A[3 + c] + A[3*c + 1]) + x[2]*(A[6 + c] + A[3*c + 2]); }
IDENTITY (is_by_matrix) { (void) r, (void) x; return x0[c/3]*x0[c%3]; }
IDENTITY (is_trace)     { (void) r, (void) x; return A[3*(c/3) + c%3]; }                        /* vec (A^T) */
IDENTITY (is_product)   { (void) x; return B[2*(c/3) + r/2]*A[N*(r%2) + c%3]; }
IDENTITY (is_inverse)   { return -inverse_entry (x, c/3, r/3)*inverse_entry (x, r%3, c%3); }
IDENTITY (is_logdet)    { (void) r; return inverse_entry (x, c/3, c%3); }

IDENTITY (is_layer_of_A)
{
  const double f = tanh (row_times (x + N*r, x0) + b[r]);
  return r == c/N ? (1 - f*f)*x0[c%N] : 0;
}

IDENTITY (is_matrix_of_x)
{
  const size_t i = r/2, j = r%2;
  const double e = exp (row_times (C + 3*i, x));
  return e*row_times (D + 3*j, x)*C[3*i + c] + e*D[3*j + c];
}

IDENTITY (is_second)
{
  const size_t i = r/N, j = r%N;
  const double f = tanh (row_times (A + N*i, x) + b[i]);
  return -2*f*(1 - f*f)*A[N*i + j]*A[N*i + c];
}

typedef struct {
  const char *says;
  wg_model *model;
  size_t n, m;
  int second;                          /* the Jacobian of the Jacobian */
  const double *at;
  double (*identity) (size_t r, size_t c, const double x[]);
} rule;

static const rule rules[] = {
  { "d A x / dx = A", linear, N, M, 0, x0, is_linear },
  { "d x^T A x / dx = x^T (A + A^T)", quadratic, 3, 1, 0, x0, is_quadratic },
  { "d x^T A x / d vec A = x^T (x) x^T", by_matrix, 9, 1, 0, X0, is_by_matrix },
  { "d vec (A X B) / d vec X = B^T (x) A", product, 9, 4, 0, X0, is_product },
  { "d vec A^-1 / d vec A = -A^-T (x) A^-1", inverse, 9, 9, 0, X0, is_inverse },
  { "d log |det A| / d vec A = vec (A^-T)^T", logdet, 9, 1, 0, X0, is_logdet },
  { "d tr (A X) / d vec X = vec (A^T)^T", trace, 9, 1, 0, X0, is_trace },
  { "d tanh (A x + b) / dA, M x (M x N)", layer_of_A, M*N, M, 0, A, is_layer_of_A },
  { "d exp (C x) (D x)^T / dx, (4 x 2) x 3", matrix_of_x, 3, 8, 0, x0, is_matrix_of_x },
  { "d2 tanh (A x + b) / dx2, M N x N", layer_of_x, N, M, 1, x0, is_second },
};

/* Both matrices, the first rows; the largest difference. */
static double show (const rule *r, size_t rows, const double J[])
{
  double worst = 0;
  printf ("\n%s   (%zu x %zu)\n", r->says, rows, r->n);
  for (size_t i = 0; i < rows; i++)
    for (size_t j = 0; j < r->n; j++) worst = fmax (worst, fabs (J[i*r->n + j] - r->identity (i, j, r->at)));
  for (size_t i = 0; i < rows && i < 3; i++)
    {
      const size_t shown = r->n < 6 ? r->n : 6;
      for (size_t j = 0; j < shown; j++) printf ("%7.3f", J[i*r->n + j]);
      printf (r->n > shown ? " ..  |" : "  |");
      for (size_t j = 0; j < shown; j++) printf ("%7.3f", r->identity (i, j, r->at));
      printf (r->n > shown ? " ..\n" : "\n");
    }
  return worst;
}

int main (void)
{
  double J[81], worst = 0;
  for (size_t k = 0; k < sizeof rules/sizeof *rules; k++)
    {
      const rule *r = &rules[k];
      wg_fun *f = wg_fun_record (r->model, NULL, r->n, r->m, r->at), *of = f && r->second ? wg_fun_jacobian (f) : f;
      const int rc = of ? wg_jacobian (of, r->at, NULL, J) : wg_fun_status (NULL);
      if (!rc) worst = fmax (worst, show (r, wg_fun_m (of), J));
      if (of != f) wg_fun_free (of);
      wg_fun_free (f);
      if (rc) return fprintf (stderr, "%s: %s: %s\n", r->says, wg_strerror (rc), wg_last_error ()), EXIT_FAILURE;
    }
  printf ("\nlargest difference of an entry: %s 1e-13\n", worst < 1e-13 ? "below" : "above");
  return EXIT_SUCCESS;
}
