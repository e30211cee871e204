/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Arrays: views, moves, elementwise operations that broadcast, sums, products; the laws for each, shapes that do not fit.
 */
#include "laws.h"
#include "refusals.h"
#include "runner.h"

#define MODEL(name) static void name (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
#define UNUSED (void) n, (void) m, (void) ctx

MODEL (broadcast)
{
  UNUSED;
  const wg_var A = wg_mat (x, 3, 4), row = wg_vec (x + 12, 4), col = wg_mat (x + 16, 3, 1);
  wg_unstack (wg_add (wg_mul (A, row), wg_div (wg_sin (col), wg_exp (row))), y);
}

static void broadcast_of (const double x[], double y[])
{
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 4; j++) y[4*i + j] = x[4*i + j]*x[12+j] + sin (x[16+i])/exp (x[12+j]);
}

MODEL (scalars)
{
  UNUSED;
  const wg_var a = wg_vec (x, 3), s = wg_mul (x[3], x[4]);
  wg_unstack (wg_pow (wg_add (wg_mul (s, a), 3), wg_sub (2.5, x[3])), y);
}

static void scalars_of (const double x[], double y[])
{
  for (int i = 0; i < 3; i++) y[i] = pow (x[3]*x[4]*x[i] + 3, 2.5 - x[3]);
}

MODEL (choices)
{
  UNUSED;
  const wg_var a = wg_vec (x, 4), b = wg_vec (x + 4, 4);
  wg_unstack (wg_select (wg_is_lt (a, b), wg_sqr (a), wg_relu (wg_max (wg_mul (a, b), wg_abs (b)))), y);
}

static void choices_of (const double x[], double y[])
{
  for (int i = 0; i < 4; i++) y[i] = x[i] < x[4+i] ? x[i]*x[i] : fmax (0, fmax (x[i]*x[4+i], fabs (x[4+i])));
}

MODEL (views)
{
  UNUSED;
  const wg_var A = wg_mat (x, 3, 4), B = wg_slice (wg_t (A), 0, 0, 4, -2);        /* rows 3 and 1 of A^T */
  const wg_var c = wg_col (A, 2), r = wg_slice (wg_at (A, 1), 0, 1, 4, 1);
  wg_unstack (wg_sum_axes (wg_mul (wg_mul (B, c), r), 1, (int[]){ 1 }, 0), y);
  y[2] = wg_at (wg_vec_cols (wg_sqr (A)), 5);
  y[3] = wg_sum (wg_mul (wg_reshape (wg_t (A), 2, (size_t[]){ 2, 6 }), wg_reshape (A, 2, (size_t[]){ 2, 6 })));
}

static void views_of (const double x[], double y[])
{
  for (int k = 0; k < 2; k++)
    {
      y[k] = 0;
      for (int i = 0; i < 3; i++) y[k] += x[4*i + 3 - 2*k]*x[4*i + 2]*x[4 + 1 + i];
    }
  y[2] = x[4*2 + 1]*x[4*2 + 1];
  y[3] = 0;
  for (int e = 0; e < 12; e++) y[3] += x[4*(e % 3) + e/3]*x[e];
}

MODEL (moves)
{
  UNUSED;
  const wg_var a = wg_mat (x, 2, 3), b = wg_mat (x + 6, 1, 3);
  const wg_var c = wg_concat (3, (wg_var[]){ a, wg_exp (b), wg_constant (x[0], 2, (size_t[]){ 1, 3 }, (double[]){ 1, 2, 3 }) }, 0);
  const wg_var g = wg_gather (wg_sqr (c), 0, 4, (int[]){ 2, 0, 2, 3 });
  const wg_var s = wg_scatter (wg_mul (g, g), 1, 3, (int[]){ 1, 1, 0 }, 3);
  wg_unstack (s, y);
  const wg_var t = wg_stack (2, (wg_var[]){ wg_at (a, 0), wg_at (a, 1) });
  y[12] = wg_sum (wg_mul (t, wg_constant (x[0], 1, (size_t[]){ 3 }, (double[]){ 1, -1, 2 })));
}

static void moves_of (const double x[], double y[])
{
  double c[4][3], g[4][3];
  const int index[4] = { 2, 0, 2, 3 };
  for (int j = 0; j < 3; j++) c[0][j] = x[j], c[1][j] = x[3+j], c[2][j] = exp (x[6+j]), c[3][j] = 1 + j;
  for (int i = 0; i < 4; i++)
    for (int j = 0; j < 3; j++) g[i][j] = pow (c[index[i]][j], 4);
  for (int i = 0; i < 4; i++) y[3*i] = g[i][2], y[3*i + 1] = g[i][0] + g[i][1], y[3*i + 2] = 0;
  y[12] = x[0] - x[1] + 2*x[2] + x[3] - x[4] + 2*x[5];
}

/* scalars that lie nowhere in one piece */
MODEL (gathered)
{
  UNUSED;
  const wg_var a = wg_vec ((wg_var[]){ wg_sin (x[0]), x[2], wg_num (3), x[2] }, 4);
  wg_unstack (wg_mul (a, wg_vec ((wg_var[]){ x[1], x[0], x[1], x[2] }, 4)), y);
}

static void gathered_of (const double x[], double y[])
{
  y[0] = sin (x[0])*x[1], y[1] = x[2]*x[0], y[2] = 3*x[1], y[3] = x[2]*x[2];
}

MODEL (sums)
{
  UNUSED;
  const wg_var a = wg_array (x, 3, (size_t[]){ 2, 3, 2 });
  wg_unstack (wg_sum_axes (wg_exp (a), 2, (int[]){ 0, -1 }, 0), y);
  wg_unstack (wg_sum_axes (wg_mul (a, wg_sum_axes (a, 1, (int[]){ 1 }, 1)), 1, (int[]){ 2 }, 0), y + 3);
}

static void sums_of (const double x[], double y[])
{
  for (int i = 0; i < 9; i++) y[i] = 0;
  for (int i = 0; i < 2; i++)
    for (int j = 0; j < 3; j++)
      for (int k = 0; k < 2; k++)
        {
          double s = 0;
          for (int l = 0; l < 3; l++) s += x[6*i + 2*l + k];
          y[j] += exp (x[6*i + 2*j + k]);
          y[3 + 3*i + j] += x[6*i + 2*j + k]*s;
        }
}

MODEL (products)
{
  UNUSED;
  const wg_var A = wg_mat (x, 2, 3), B = wg_mat (x + 6, 3, 2), v = wg_vec (x + 12, 3);
  wg_unstack (wg_matmul (A, B), y);
  wg_unstack (wg_matmul (A, v), y + 4);
  wg_unstack (wg_matmul (v, B), y + 6);
  y[8] = wg_matmul (v, wg_sin (v));
  wg_unstack (wg_matmul (wg_t (wg_slice (B, 0, 0, 3, 2)), A), y + 9);
}

static void products_of (const double x[], double y[])
{
  const double *A = x, *B = x + 6, *v = x + 12;
  memset (y, 0, 15*sizeof *y);
  for (int k = 0; k < 3; k++)
    {
      for (int i = 0; i < 2; i++)
        {
          for (int j = 0; j < 2; j++) y[2*i + j] += A[3*i + k]*B[2*k + j];
          y[4+i] += A[3*i + k]*v[k];
          y[6+i] += v[k]*B[2*k + i];
        }
      y[8] += v[k]*sin (v[k]);
    }
  for (int i = 0; i < 2; i++)
    for (int j = 0; j < 3; j++) y[9 + 3*i + j] = B[i]*A[j] + B[4+i]*A[3+j];
}

MODEL (batched)
{
  UNUSED;
  const wg_var A = wg_array (x, 3, (size_t[]){ 2, 2, 3 }), B = wg_array (x + 12, 4, (size_t[]){ 2, 1, 3, 1 });
  wg_unstack (wg_matmul (A, B), y);
  wg_unstack (wg_matmul (A, wg_vec (x + 12, 3)), y + 8);
  wg_unstack (wg_matmul (wg_vec (x + 12, 2), A), y + 12);
}

static void batched_of (const double x[], double y[])
{
  memset (y, 0, 18*sizeof *y);
  for (int a = 0; a < 2; a++)
    for (int i = 0; i < 2; i++)
      for (int k = 0; k < 3; k++)
        {
          for (int b = 0; b < 2; b++) y[4*b + 2*a + i] += x[6*a + 3*i + k]*x[12 + 3*b + k];
          y[8 + 2*a + i] += x[6*a + 3*i + k]*x[12+k];
          y[12 + 3*a + k] += x[12+i]*x[6*a + 3*i + k];
        }
}

static const law_case cases[] = {
  { "broadcast", broadcast, 19, 12, broadcast_of, -1, 1, NULL },
  { "scalars", scalars, 5, 3, scalars_of, -1, 1, NULL },
  { "choices", choices, 8, 4, choices_of, -1, 1, NULL },
  { "views", views, 12, 4, views_of, -1, 1, NULL },
  { "moves", moves, 9, 13, moves_of, -1, 1, NULL },
  { "gathered", gathered, 3, 4, gathered_of, -1, 1, NULL },
  { "sums", sums, 12, 9, sums_of, -1, 1, NULL },
  { "products", products, 15, 15, products_of, -1, 1, NULL },
  { "batched", batched, 18, 18, batched_of, -1, 1, NULL },
};

START_TEST (laws)
{
  laws_hold (&cases[_i]);
}
END_TEST

/* refusals */

MODEL (misfit_add) { UNUSED; y[0] = wg_sum (wg_add (wg_mat (x, 2, 3), wg_vec (x, 2))); }
MODEL (misfit_matmul) { UNUSED; y[0] = wg_sum (wg_matmul (wg_mat (x, 2, 3), wg_mat (x, 2, 3))); }
MODEL (misfit_guard) { UNUSED; y[0] = wg_lt (wg_vec (x, 3), 1) ? x[0] : x[1]; }
MODEL (misfit_at) { UNUSED; y[0] = wg_at (wg_vec (x, 3), 3); }
MODEL (misfit_reshape) { UNUSED; y[0] = wg_sum (wg_reshape (wg_vec (x, 6), 2, (size_t[]){ 4, 2 })); }
MODEL (misfit_gather) { UNUSED; y[0] = wg_sum (wg_gather (wg_vec (x, 6), 0, 1, (int[]){ 6 })); }
MODEL (misfit_concat) { UNUSED; y[0] = wg_sum (wg_concat (2, (wg_var[]){ wg_mat (x, 2, 2), wg_mat (x, 1, 3) }, 0)); }
MODEL (misfit_output) { UNUSED; y[0] = wg_vec (x, 3); }

static const refusal refusals[] = {
  { misfit_add, "add: the operands do not broadcast: shapes (2, 3) and (2,)" },
  { misfit_matmul, "matmul: the inner dimensions differ: shapes (2, 3) and (2, 3)" },
  { misfit_guard, "lt: a guard needs scalars: shapes (3,) and ()" },
  { misfit_at, "wg_at: no element 3: shape (3,)" },
  { misfit_reshape, "wg_reshape: does not become (4, 2): shape (6,)" },
  { misfit_gather, "gather: an index is out of range: shape (6,)" },
  { misfit_concat, "concat: the shapes differ in another axis: shapes (2, 2) and (1, 3)" },
  { misfit_output, "output 0 is an array" },
};

START_TEST (refused)
{
  check_refused (&refusals[_i]);
}
END_TEST

int main (void)
{
  Suite *s = suite_create ("arrays");
  TCase *t = tcase_create ("arrays");
  tcase_add_loop_test (t, laws, 0, sizeof cases/sizeof *cases);
  tcase_add_loop_test (t, refused, 0, sizeof refusals/sizeof *refusals);
  suite_add_tcase (s, t);
  return run_suite (s);
}
