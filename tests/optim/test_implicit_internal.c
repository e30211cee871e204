/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Instances of implicit functions beside those of the closed form, in every mode and both directions, those among them that
 * only the sweeps of other functions use; and the factors that they solve with.  Link with the static core.
 */
#include <check.h>
#include <math.h>

#include <wengert.h>

#include "fun/fun.h"
#include "optim/dense.h"
#include "runner.h"

#define MODEL(name) static void name (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
#define UNUSED (void) n, (void) m, (void) ctx

/* exp (x0 + x1/2) = p, exp (x1 - x0/4) = q */
MODEL (system2)
{
  UNUSED;
  y[0] = wg_sub (wg_exp (wg_add (x[0], wg_mul (.5, x[1]))), wg_param (x[0], 0, 1));
  y[1] = wg_sub (wg_exp (wg_sub (x[1], wg_mul (.25, x[0]))), wg_param (x[0], 1, 2));
}
MODEL (closed)
{
  UNUSED;
  const wg_var u = wg_log (x[0]), v = wg_log (x[1]);
  y[0] = wg_div (wg_sub (u, wg_mul (.5, v)), 1.125);
  y[1] = wg_div (wg_add (v, wg_mul (.25, u)), 1.125);
}

static wgi_callee *instance_of (wg_fun *f)
{
  wgi_source *s = wgi_fun_source (f);
  wgi_callee *c = s->instance (s);
  ck_assert (c != NULL);
  wgi_source_leave (s);
  return c;
}

/* Planes 0 .. 3 of a call; what a mode leaves alone is equal, too.  Numbers are near 1: 1e-12 as in test_implicit. */
START_TEST (modes)
{
  static const double one[2] = { 1, 1 };
  static const int mode[3] = { WGI_VALUE, WGI_D1, WGI_D1 | WGI_D2 };
  wg_fun *F = wg_fun_record (system2, NULL, 2, 2, one), *fun[2] = { wg_fun_root (F, NULL), wg_fun_record (closed, NULL, 2, 2, one) };
  ck_assert (fun[0] && fun[1]);
  wgi_callee *c[2] = { instance_of (fun[0]), instance_of (fun[1]) };
  for (int k = 0; k < 12; k++)
    {
      double x[4][2], ybar[4][2], y[2][4][2] = { { { 0 } } }, xbar[2][4][2] = { { { 0 } } };
      const int d = mode[k % 3];
      for (int i = 0; i < 4; i++)
        for (int j = 0; j < 2; j++) x[i][j] = cos (1 + i + 3*j + k/6) + (i ? 0 : 2), ybar[i][j] = sin (2 + i - 5*j + k);
      for (int s = 0; s < 2; s++)
        {
          ck_assert_int_eq (c[s]->forward (c[s], d, (double *[]){ x[0], x[1], x[2], x[3] },
                                           (double *[]){ y[s][0], y[s][1], y[s][2], y[s][3] }), WG_OK);
          ck_assert_int_eq (c[s]->reverse (c[s], d, (double *[]){ x[0], x[1], x[2], x[3] },
                                           (double *[]){ ybar[0], ybar[1], ybar[2], ybar[3] },
                                           (double *[]){ xbar[s][0], xbar[s][1], xbar[s][2], xbar[s][3] }), WG_OK);
        }
      for (int i = 0; i < 4; i++)
        for (int j = 0; j < 2; j++)
          {
            ck_assert_msg (fabs (y[0][i][j] - y[1][i][j]) < 1e-12, "mode %d, result %d of plane %d: %.17g, not %.17g", d, j, i,
                           y[0][i][j], y[1][i][j]);
            ck_assert_msg (fabs (xbar[0][i][j] - xbar[1][i][j]) < 1e-12, "mode %d, adjoint %d of plane %d: %.17g, not %.17g", d, j,
                           i, xbar[0][i][j], xbar[1][i][j]);
          }
    }
  for (int s = 0; s < 2; s++) wgi_callee_free (c[s]), wg_fun_free (fun[s]);
  wg_fun_free (F);
}
END_TEST

/* Random matrices with rows and columns in units from 1e-75 to 1e75: A x = b and A^T x = b to the rounding of their entries. */
START_TEST (factors)
{
  enum { N = 7 };
  uint64_t state = 1;
  for (int k = 0; k < 100; k++)
    {
      double block[N*N + 8*N], A[N][N], x[N], b[2][N], row[N], column[N];
      wgi_lu lu;
      ck_assert (wgi_lu_numbers (N) <= sizeof block/sizeof *block);
      wgi_lu_place (&lu, N, block);
#define RANDOM() ((double) ((state = state*6364136223846793005u + 1442695040888963407u) >> 11)*0x1p-53 - .5)
      for (int i = 0; i < N; i++) row[i] = pow (10, 150*RANDOM ()), column[i] = pow (10, 150*RANDOM ()), x[i] = RANDOM () + 2;
      for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) lu.a[i*N + j] = A[i][j] = (RANDOM () + 3*(i == j))*row[i]*column[j];
      for (int i = 0; i < N; i++)
        {
          b[0][i] = b[1][i] = 0;
          for (int j = 0; j < N; j++) b[0][i] += A[i][j]*(x[j]/column[j]), b[1][i] += A[j][i]*(x[j]/row[j]);
        }
      ck_assert (wgi_lu_factor (&lu));
      for (int t = 0; t < 2; t++)
        {
          wgi_lu_solve (&lu, t, b[t]);
          for (int i = 0; i < N; i++)            /* diagonally dominant: the condition is below 20 */
            ck_assert_msg (fabs (b[t][i]*(t ? row : column)[i] - x[i]) < 1e-12, "%d: %g", t, b[t][i]);
        }
    }
}
END_TEST

START_TEST (no_factors)
{
  static const double matrix[4][4] = { { 0, 0, 1, 1 }, { 0, 1, 0, 1 }, { 1, 2, 2, 4 }, { 1, 1, 1, 1 + 0x1p-51 } };
  for (int k = 0; k < 4; k++)
    {
      double block[4 + 16];
      wgi_lu lu;
      wgi_lu_place (&lu, 2, block);
      for (int i = 0; i < 4; i++) lu.a[i] = matrix[k][i];
      ck_assert_int_eq (wgi_lu_factor (&lu), 0);
    }
  ck_assert (wgi_lu_numbers ((size_t) 1 << 62) == SIZE_MAX);
}
END_TEST

int main (void)
{
  Suite *s = suite_create ("instances of implicit functions");
  TCase *t = tcase_create ("all");
  tcase_add_test (t, modes);
  tcase_add_test (t, factors);
  tcase_add_test (t, no_factors);
  suite_add_tcase (s, t);
  return run_suite (s);
}
