/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Products of arrays: the laws for outer and Kronecker products, quadratic forms, diagonals and convolutions in all modes,
 * kernels shorter and longer than the data; what is refused.
 */
#include "laws.h"
#include "refusals.h"
#include "runner.h"

#define MODEL(name) static void name (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
#define UNUSED (void) n, (void) m, (void) ctx

MODEL (outers)
{
  UNUSED;
  const wg_var A = wg_mat (x, 2, 3), B = wg_t (wg_mat (x + 6, 3, 2));
  wg_unstack (wg_outer (wg_vec (x, 3), wg_vec (x + 3, 2)), y);
  wg_unstack (wg_kron (A, B), y + 6);                          /* (4, 9) */
  wg_unstack (wg_kron (wg_vec (x, 2), wg_mat (x + 2, 2, 1)), y + 42);        /* (2, 2) */
  wg_unstack (wg_kron (wg_vec (x, 2), wg_vec (x, 3)), y + 46);
}

static void outers_of (const double x[], double y[])
{
  for (int i = 0; i < 3; i++) for (int j = 0; j < 2; j++) y[2*i + j] = x[i]*x[3+j];
  for (int i = 0; i < 4; i++)
    for (int j = 0; j < 9; j++) y[6 + 9*i + j] = x[3*(i/2) + j/3]*x[6 + 2*(j%3) + i%2];
  for (int i = 0; i < 2; i++) for (int j = 0; j < 2; j++) y[42 + 2*i + j] = x[j]*x[2+i];
  for (int i = 0; i < 2; i++) for (int j = 0; j < 3; j++) y[46 + 3*i + j] = x[i]*x[j];
}

MODEL (forms)
{
  UNUSED;
  const wg_var A = wg_mat (x, 3, 3), v = wg_vec (x + 9, 3);
  y[0] = wg_quadratic (A, v);
  y[1] = wg_quadratic (wg_t (A), wg_at (A, 1));
}

static void forms_of (const double x[], double y[])
{
  y[0] = y[1] = 0;
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++) y[0] += x[9+i]*x[3*i + j]*x[9+j], y[1] += x[3+i]*x[3*j + i]*x[3+j];
}

MODEL (diagonals)
{
  UNUSED;
  const wg_var A = wg_array (x, 3, (size_t[]){ 2, 2, 3 });
  wg_unstack (wg_diagonal (wg_sqr (A)), y);                    /* (2, 2) */
  wg_unstack (wg_trace (wg_mul (A, A)), y + 4);
  wg_unstack (wg_matmul (wg_diag (wg_vec (x, 3)), wg_mat (x + 6, 3, 2)), y + 6);
  y[12] = wg_trace (wg_matmul (wg_mat (x, 3, 4), wg_mat (x, 4, 3)));
}

static void diagonals_of (const double x[], double y[])
{
  for (int b = 0; b < 2; b++)
    {
      for (int i = 0; i < 2; i++) y[2*b + i] = x[6*b + 4*i]*x[6*b + 4*i];
      y[4+b] = y[2*b] + y[2*b + 1];
    }
  for (int i = 0; i < 3; i++) for (int j = 0; j < 2; j++) y[6 + 2*i + j] = x[i]*x[6 + 2*i + j];
  y[12] = 0;
  for (int i = 0; i < 3; i++) for (int k = 0; k < 4; k++) y[12] += x[4*i + k]*x[3*k + i];
}

/* Element (i, j) of a (ra x ca) convolved with k (rk x ck). */
static double convolved (int ra, int ca, const double a[], int rk, int ck, const double k[], int i, int j)
{
  double s = 0;
  for (int p = 0; p < rk; p++)
    for (int q = 0; q < ck; q++)
      if (i - p >= 0 && i - p < ra && j - q >= 0 && j - q < ca) s += a[ca*(i-p) + j - q]*k[ck*p + q];
  return s;
}

/* Vectors of 5 and 3: full 7, valid 3, same 5; of 3 and 4: full 6, same 3; one with itself, 5: valid 1. */
MODEL (conv)
{
  UNUSED;
  const wg_var a = wg_vec (x, 5), k = wg_slice (wg_vec (x + 5, 5), 0, 0, 5, 2), b = wg_vec (x + 2, 3), c = wg_vec (x, 4);
  wg_unstack (wg_conv (a, k, WG_CONV_FULL), y);
  wg_unstack (wg_conv (a, k, WG_CONV_VALID), y + 7);
  wg_unstack (wg_conv (a, k, WG_CONV_SAME), y + 10);
  wg_unstack (wg_conv (b, c, WG_CONV_FULL), y + 15);
  wg_unstack (wg_conv (b, c, WG_CONV_SAME), y + 21);
  wg_unstack (wg_conv (a, a, WG_CONV_VALID), y + 24);
  wg_unstack (wg_conv (wg_mat (x, 2, 3), wg_slice (k, 0, 0, 2, 1), WG_CONV_VALID), y + 25);        /* (2, 2) */
}

static void conv_of (const double x[], double y[])
{
  const double k[3] = { x[5], x[7], x[9] };
  for (int i = 0; i < 7; i++) y[i] = convolved (1, 5, x, 1, 3, k, 0, i);
  for (int i = 0; i < 3; i++) y[7+i] = y[2+i];
  for (int i = 0; i < 5; i++) y[10+i] = y[1+i];
  for (int i = 0; i < 6; i++) y[15+i] = convolved (1, 3, x + 2, 1, 4, x, 0, i);
  for (int i = 0; i < 3; i++) y[21+i] = y[16+i];
  y[24] = convolved (1, 5, x, 1, 5, x, 0, 4);
  for (int b = 0; b < 2; b++) for (int i = 0; i < 2; i++) y[25 + 2*b + i] = convolved (1, 3, x + 3*b, 1, 2, k, 0, 1 + i);
}

/* A transposed (4, 3) with (2, 3): full (5, 5), valid (3, 1), same (4, 3); two kernels at once, valid (2, 3, 1). */
MODEL (conv2)
{
  UNUSED;
  const wg_var A = wg_t (wg_mat (x, 3, 4)), K = wg_mat (x + 12, 2, 3);
  wg_unstack (wg_conv2 (A, K, WG_CONV_FULL), y);
  wg_unstack (wg_conv2 (A, K, WG_CONV_VALID), y + 25);
  wg_unstack (wg_conv2 (A, K, WG_CONV_SAME), y + 28);
  wg_unstack (wg_conv2 (A, wg_array (x + 6, 3, (size_t[]){ 2, 2, 3 }), WG_CONV_VALID), y + 40);
}

static void conv2_of (const double x[], double y[])
{
  double A[12];
  for (int i = 0; i < 12; i++) A[i] = x[4*(i%3) + i/3];
  for (int i = 0; i < 25; i++) y[i] = convolved (4, 3, A, 2, 3, x + 12, i/5, i%5);
  for (int i = 0; i < 3; i++) y[25+i] = y[5*(1+i) + 2];
  for (int i = 0; i < 12; i++) y[28+i] = y[5*(i/3) + i%3 + 1];
  for (int i = 0; i < 6; i++) y[40+i] = convolved (4, 3, A, 2, 3, x + 6 + 6*(i/3), 1 + i%3, 2);
}

static const law_case cases[] = {
  { "outer", outers, 12, 52, outers_of, -1, 1, NULL },
  { "forms", forms, 12, 2, forms_of, -1, 1, NULL },
  { "diagonals", diagonals, 12, 13, diagonals_of, -1, 1, NULL },
  { "conv", conv, 10, 29, conv_of, -1, 1, NULL },
  { "conv2", conv2, 18, 46, conv2_of, -1, 1, NULL },
};

START_TEST (laws)
{
  laws_hold (&cases[_i]);
}
END_TEST

/* A diagonal, its matrix, its diagonal again; no elements at all. */
MODEL (round_trip)
{
  UNUSED;
  wg_unstack (wg_diagonal (wg_diag (wg_vec (x, 3))), y);
  y[3] = wg_add (wg_trace (wg_diag (wg_constant (x[0], 1, (size_t[]){ 0 }, NULL))), wg_trace (wg_kron (x[0], wg_mat (x + 1, 1, 1))));
}

START_TEST (both_ways)
{
  const double x[3] = { 2.5, -1.25, 3 };
  double y[4];
  wg_fun *f = wg_fun_record (round_trip, NULL, 3, 4, x);
  ck_assert_msg (f != NULL, "%s", wg_last_error ());
  ck_assert_int_eq (wg_eval (f, x, y), WG_OK);
  for (int i = 0; i < 3; i++) ck_assert_double_eq (y[i], x[i]);
  ck_assert_double_eq (y[3], 2.5*-1.25);
  wg_fun_free (f);
}
END_TEST

/* refusals */

MODEL (no_vectors) { UNUSED; y[0] = wg_sum (wg_outer (wg_mat (x, 1, 3), wg_vec (x, 3))); }
MODEL (too_high) { UNUSED; y[0] = wg_sum (wg_kron (x[0], wg_array (x, 5, (size_t[]){ 1, 1, 1, 1, 2 }))); }
MODEL (not_square) { UNUSED; y[0] = wg_quadratic (wg_mat (x, 2, 3), wg_vec (x, 3)); }
MODEL (no_matrix) { UNUSED; y[0] = wg_trace (wg_vec (x, 3)); }
MODEL (no_diagonal) { UNUSED; y[0] = wg_sum (wg_diag (wg_mat (x, 2, 2))); }
MODEL (too_short) { UNUSED; y[0] = wg_sum (wg_conv (wg_vec (x, 2), wg_vec (x, 3), WG_CONV_VALID)); }
MODEL (flat) { UNUSED; y[0] = wg_sum (wg_conv2 (wg_vec (x, 2), wg_mat (x, 1, 1), WG_CONV_FULL)); }
MODEL (leading) { UNUSED; y[0] = wg_sum (wg_conv (wg_mat (x, 2, 3), wg_mat (x, 3, 2), WG_CONV_FULL)); }

static const refusal refusals[] = {
  { no_vectors, "outer: both must be vectors: shapes (1, 3) and (3,)" },
  { too_high, "kron: ranks are 0 to 4: shapes () and (1, 1, 1, 1, 2)" },
  { not_square, "quadratic: not a square matrix and a vector: shapes (2, 3) and (3,)" },
  { no_matrix, "diagonal: not a matrix: shape (3,)" },
  { no_diagonal, "diag: not a vector: shape (2, 2)" },
  { too_short, "conv: no elements: shapes (2,) and (3,)" },
  { flat, "conv2: both must be matrices: shapes (2,) and (1, 1)" },
  { leading, "conv: the leading axes do not broadcast: shapes (2, 1, 3) and (3, 1, 2)" },
};

START_TEST (refused)
{
  check_refused (&refusals[_i]);
}
END_TEST

int main (void)
{
  Suite *s = suite_create ("products");
  TCase *t = tcase_create ("products");
  tcase_add_loop_test (t, laws, 0, sizeof cases/sizeof *cases);
  tcase_add_test (t, both_ways);
  tcase_add_loop_test (t, refused, 0, sizeof refusals/sizeof *refusals);
  suite_add_tcase (s, t);
  return run_suite (s);
}
