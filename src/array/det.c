/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * The determinant, a polynomial, with derivatives wherever A is: D det (A)[E] = tr (adj (A) E).  The adjugate and its derivatives come from
 * A = U S V^T: for X' = U^T X V, det (S + X') is the sum over sets I of indices of the minor of X' on I times the product of the
 * singular values outside I, nothing is divided by, and derivative k of adj is made of the sets of k + 1 indices.
 */
#include <math.h>
#include <string.h>

#include <cblas.h>
#include <lapacke.h>

#include "array/linalg.h"
#include "wengert/linalg.h"

/* The determinant of a matrix by rows, which is lost; f has room for n more. */
static int determinant (size_t n, double f[], double *det, wgi_run *run)
{
  const int rc = wgi_lu_factor_of (n, f, run);
  double d = 1;
  long power = 0;
  for (size_t i = 0; i < n; i++)
    {
      int e;
      d = frexp (d*f[i*n + i], &e), power += e;
      if ((double) i != f[n*n + i]) d = -d;
    }
  *det = ldexp (d, (int) fmax (-20000, fmin (20000, (double) power)));
  return rc;
}

/* the adjugate and its derivatives: operands A, F, directions */

enum { A, F, LEADING };

typedef struct {
  size_t n, k;                         /* k directions */
  const double *e[WGI_DIRECTIONS];
  size_t row[WGI_DIRECTIONS], col[WGI_DIRECTIONS];
} minor;

/* The part of the minor on k rows and columns, from row r on, that is linear in each direction not used. */
static double mixed (const minor *m, size_t r, unsigned used, unsigned cols)
{
  double sum = 0, sign = 1;
  if (r == m->k) return 1;
  for (size_t c = 0; c < m->k; c++)
    {
      if (cols >> c & 1) continue;
      double entries = 0;
      for (size_t i = 0; i < m->k; i++)
        if (!(used >> i & 1)) entries += m->e[i][m->row[r]*m->n + m->col[c]]*mixed (m, r + 1, used | 1u << i, cols | 1u << c);
      sum += sign*entries, sign = -sign;
    }
  return sum;
}

/* The contribution of the set index[k + 1] to the transposed adjugate y'. */
static void add_set (minor *m, const size_t index[], const double s[], double *y)
{
  double rest = 1;
  for (size_t i = 0, at = 0; i < m->n; i++)
    if (at <= m->k && index[at] == i) at++;
    else rest *= s[i];
  for (size_t i = 0; i <= m->k; i++)
    for (size_t j = 0; j <= m->k; j++)
      {
        for (size_t l = 0, r = 0, c = 0; l <= m->k; l++)
          {
            if (l != i) m->row[r++] = index[l];
            if (l != j) m->col[c++] = index[l];
          }
        y[index[i]*m->n + index[j]] += rest*((i + j) % 2 ? -1 : 1)*mixed (m, 0, 0, 0);
      }
}

/* The next set of count indices below n; 0: that was the last. */
static int next_set (size_t n, size_t count, size_t index[])
{
  size_t i = count;
  while (i && index[i-1] == n - count + i - 1) i--;
  if (i == 0) return 0;
  for (index[i-1]++; i < count; i++) index[i] = index[i-1] + 1;
  return 1;
}

static void product (int n, enum CBLAS_TRANSPOSE ta, const double *a, enum CBLAS_TRANSPOSE tb, const double *b, double *c)
{
  cblas_dgemm (CblasRowMajor, ta, tb, n, n, n, 1, a, n, b, n, 0, c, n);
}

static int adjugate_one (const wgi_op *op, const wgi_matrix x[], double *const y[], wgi_run *run)
{
  minor m = { .n = x[A].rows, .k = op->nx - LEADING };
  const size_t n = m.n, nn = n*n;
  const int N = (int) n;
  const double *u = x[F].v, *s = u + nn, *vt = s + n;
  double *t = wgi_run_take (run, nn + n, sizeof *t), *z = wgi_run_take (run, nn, sizeof *z), du, dv;
  size_t index[WGI_DIRECTIONS + 1];
  if (!t || !z) return WG_ENOMEM;
  memset (y[0], 0, nn*sizeof *z);
  if (m.k + 1 > n) return WG_OK;
  for (size_t i = 0; i < m.k; i++)
    {
      double *e = wgi_run_take (run, nn, sizeof *e);
      if (!e) return WG_ENOMEM;
      wgi_matrix_copy (&x[LEADING + i], e);
      product (N, CblasTrans, u, CblasNoTrans, e, t), product (N, CblasNoTrans, t, CblasTrans, vt, e);
      m.e[i] = e;
    }
  memset (z, 0, nn*sizeof *z);
  for (size_t i = 0; i <= m.k; i++) index[i] = i;
  do add_set (&m, index, s, z); while (next_set (n, m.k + 1, index));
  memcpy (t, u, nn*sizeof *t);
  int rc = determinant (n, t, &du, run);
  memcpy (t, vt, nn*sizeof *t);
  if (!rc) rc = determinant (n, t, &dv, run);
  product (N, CblasTrans, vt, CblasTrans, z, t), product (N, CblasNoTrans, t, CblasTrans, u, y[0]);
  if (!rc && du*dv < 0) cblas_dscal ((int) nn, -1, y[0], 1);
  return rc;
}

static int adjugate_kernel (const wgi_op *op, const double *const x[], double *const y[], wgi_run *run)
{
  return wgi_each_matrix (op, 1u << F, adjugate_one, x, y, run);
}

static const wgi_primitive adjugate = { "adjugate", wgi_multilinear_shape, adjugate_kernel, wgi_multilinear_jvp, wgi_multilinear_vjp };

static wg_var cofactors (wg_var a)
{
  return wg_t (wgi_array_apply1 (&adjugate, 2, (wg_var[]){ a, wgi_svd_of (a) }, 1, (long[]){ LEADING }));
}

/* the determinant */

static int shape (wgi_op *op)
{
  const int rc = wgi_square_shape (op, 0);
  if (!rc) wgi_stack_add (op, 0, 0, 0, 0);
  return rc;
}

static int one (const wgi_op *op, const wgi_matrix x[], double *const y[], wgi_run *run)
{
  const size_t n = x[A].rows;
  double *f = wgi_run_take (run, n*n + n, sizeof *f);
  (void) op;
  if (!f) return WG_ENOMEM;
  wgi_matrix_copy (&x[A], f);
  if (!wgi_all_finite (n*n, f)) return wgi_spoil (run, 1, y[0], "det: the matrix is not finite");
  return determinant (n, f, y[0], run);
}

static int kernel (const wgi_op *op, const double *const x[], double *const y[], wgi_run *run)
{
  return wgi_each_matrix (op, 0, one, x, y, run);
}

static void jvp (const wgi_op *op, const wg_var x[], const wg_var y[], const wg_var dx[], wg_var dy[])
{
  (void) op, (void) y;
  dy[0] = wgi_sum_matrix (wg_mul (cofactors (x[A]), dx[A]));
}

static void vjp (const wgi_op *op, const wg_var x[], const wg_var y[], const wg_var ybar[], wg_var xbar[])
{
  (void) op, (void) y;
  xbar[A] = wg_mul (wg_expand (wg_expand (ybar[0], -1), -1), cofactors (x[A]));
}

static const wgi_primitive det = { "det", shape, kernel, jvp, vjp };

wg_var wg_det (wg_var a) { return wgi_array_apply1 (&det, 1, &a, 0, NULL); }
