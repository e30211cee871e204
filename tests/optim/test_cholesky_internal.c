/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * The sparse factor: solutions put back into the matrix, on random patterns with and without diagonal entries; what is not
 * positive definite is told.
 */
#include <check.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "optim/cholesky.h"
#include "base/status.h"
#include "runner.h"

enum { N = 40, ENTRIES = N*(N + 1)/2 };

typedef struct { int start[N+1], row[ENTRIES]; double value[ENTRIES]; size_t n; } matrix;

static double uniform (void)
{
  static unsigned long long state = 7;
  state = 6364136223846793005u*state + 1442695040888963407u;
  return (double) (state >> 11)/4503599627370496. - 1;
}

static void random_matrix (matrix *a, size_t n, double density, int diagonal)
{
  int k = 0;
  a->n = n;
  for (size_t j = 0; j < n; j++)
    {
      a->start[j] = k;
      for (size_t i = j; i < n; i++)
        if (i == j ? diagonal || uniform () > 0 : fabs (uniform ()) < density)
          a->row[k] = (int) i, a->value[k++] = uniform ();
    }
  a->start[n] = k;
}

/* r = (A + shift I) x - b, largest magnitude. */
static double residual (const matrix *a, double shift, const double x[], const double b[])
{
  double r[N], most = 0;
  for (size_t i = 0; i < a->n; i++) r[i] = shift*x[i] - b[i];
  for (size_t j = 0; j < a->n; j++)
    for (int k = a->start[j]; k < a->start[j+1]; k++)
      {
        r[a->row[k]] += a->value[k]*x[j];
        if ((size_t) a->row[k] != j) r[j] += a->value[k]*x[a->row[k]];
      }
  for (size_t i = 0; i < a->n; i++) most = fmax (most, fabs (r[i]));
  return most;
}

/* With a shift above the sum of a row's entries, at most N, all is positive definite and the condition below 3: the residual is
 * within some N eps of the size of b. */
START_TEST (solutions)
{
  for (int k = 0; k < 300; k++)
    {
      matrix a;
      wgi_cholesky *c;
      double x[N], b[N];
      random_matrix (&a, 1 + (size_t) k%N, .02*(k%20), k%3);
      ck_assert_int_eq (wgi_cholesky_new (a.n, a.start, a.row, INFINITY, &c), WG_OK);
      for (int again = 0; again < 2; again++)
        {
          for (int j = 0; j < a.start[a.n]; j++) a.value[j] = uniform ();
          for (size_t i = 0; i < a.n; i++) x[i] = b[i] = uniform ();
          ck_assert_int_eq (wgi_cholesky_factor (c, a.value, 2*N), 1);
          ck_assert_int_eq (wgi_cholesky_solve (c, x), WG_OK);
          ck_assert_double_le (residual (&a, 2*N, x, b), 8*N*DBL_EPSILON);
          ck_assert_int_eq (wgi_cholesky_factor (c, a.value, -2*N), 0);
        }
      wgi_cholesky_free (c);
    }
}
END_TEST

/* The smallest shift at which it says yes is minus the smallest eigenvalue: 2 - 2 cos (pi/(n + 1)) for second differences. */
START_TEST (border)
{
  matrix a = { .n = N };
  wgi_cholesky *c;
  int k = 0;
  for (int j = 0; j < N; j++)
    {
      a.start[j] = k;
      a.row[k] = j, a.value[k++] = 2;
      if (j + 1 < N) a.row[k] = j + 1, a.value[k++] = -1;
    }
  a.start[N] = k;
  const double least = 2 - 2*cos (acos (-1.)/(N + 1));
  ck_assert_int_eq (wgi_cholesky_new (N, a.start, a.row, 2*N, &c), WG_OK);      /* no fill in a path */
  ck_assert_int_eq (wgi_cholesky_factor (c, a.value, -least*(1 - 1e-10)), 1);
  ck_assert_int_eq (wgi_cholesky_factor (c, a.value, -least*(1 + 1e-10)), 0);
  ck_assert_int_eq (wgi_cholesky_factor (c, a.value, 0), 1);
  wgi_cholesky_free (c);
}
END_TEST

START_TEST (limit)
{
  matrix a;
  wgi_cholesky *c;
  random_matrix (&a, N, 2, 1);
  ck_assert_int_eq (wgi_cholesky_new (N, a.start, a.row, ENTRIES - 1, &c), WG_ELIMIT);
  ck_assert_ptr_null (c);
  ck_assert_int_eq (wgi_cholesky_new (N, a.start, a.row, ENTRIES, &c), WG_OK);
  wgi_cholesky_free (c);
  wgi_cholesky_free (NULL);
}
END_TEST

int main (void)
{
  Suite *s = suite_create ("cholesky");
  TCase *t = tcase_create ("cholesky");
  suite_add_tcase (s, t);
  tcase_add_test (t, solutions);
  tcase_add_test (t, border);
  tcase_add_test (t, limit);
  return run_suite (s);
}
