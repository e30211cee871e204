/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Functions of symmetric matrices, f (A) = V f (w) V^T, and their derivatives by divided differences (Daleckii and Krein 1951;
 * Noferini 2017 for the higher ones), which know nothing of gaps between eigenvalues:
 *   V^T D^k f (A)[E_1 .. E_k] V = sum over chains a_0 .. a_k and orders p of f[w_a0, .., w_ak] E'_p1[a_0, a_1] .. E'_pk[a_(k-1), a_k].
 * Operands A, F = (w, V^T), directions.  attr: 2, which function, the bits of a number and of pointers that it needs.
 */
#include <math.h>
#include <stdint.h>
#include <string.h>

#include <cblas.h>

#include "array/divided.h"
#include "array/linalg.h"
#include "wengert/linalg.h"

enum { A, F, LEADING };
enum { EXP, LOG, POWER, USER };

/* functions */

typedef struct {
  wgi_smooth smooth;
  long which;
  double p;
  wg_matrix_function *user;
  void *ctx;
  long orders;
} function;

enum { WHICH = 1, NUMBER, USERS, CONTEXT, ORDERS, ATTRS };

_Static_assert (sizeof (long) >= sizeof (double) && sizeof (long) >= sizeof (void *) && sizeof (long) >= sizeof (wg_matrix_function *),
                "attributes hold numbers and pointers");

static int taylor (const wgi_smooth *smooth, double x, int count, double c[])
{
  const function *f = (const function *) smooth;
  double factorial = 1;
  switch (f->which)
    {
    case EXP:
      c[0] = exp (x);
      for (int j = 1; j < count; j++) c[j] = c[j-1]/j;
      return count;
    case LOG:
      c[0] = log (x);
      for (int j = 1; j < count; j++) c[j] = j == 1 ? 1/x : -c[j-1]*(j - 1)/(j*x);
      return count;
    case POWER:
      c[0] = pow (x, f->p);
      for (int j = 1; j < count; j++)
        {
          factorial *= (f->p - j + 1)/j;
          c[j] = factorial == 0 ? 0 : x == 0 ? factorial*pow (x, f->p - j) : c[j-1]*(f->p - j + 1)/(j*x);
        }
      return count;
    }
  if (count > f->orders + 1) count = (int) f->orders + 1;
  for (int j = 0; j < count; factorial *= ++j) c[j] = f->user (j, x, f->ctx)/factorial;
  return count;
}

static function function_of (const wgi_op *op)
{
  function f = { .smooth = { taylor }, .which = op->attr[WHICH], .orders = op->attr[ORDERS] };
  memcpy (&f.p, &op->attr[NUMBER], sizeof f.p), memcpy (&f.user, &op->attr[USERS], sizeof f.user);
  memcpy (&f.ctx, &op->attr[CONTEXT], sizeof f.ctx);
  return f;
}

/* chains */

typedef struct {
  size_t n;
  int k;
  const double *e[WGI_DIRECTIONS];
} directions;

/* The sum over orders of the directions of their elements along the chain from place s on. */
static double along (const directions *d, const size_t a[], int s, unsigned used)
{
  double sum = 0;
  if (s == d->k) return 1;
  for (int i = 0; i < d->k; i++)
    if (!(used >> i & 1)) sum += d->e[i][a[s]*d->n + a[s+1]]*along (d, a, s + 1, used | 1u << i);
  return sum;
}

/* The next order of a[count], ascending at first, in which equal ones do not count twice; 0: that was the last. */
static int next_order (int count, size_t a[])
{
  int i = count - 2, j = count - 1;
  while (i >= 0 && a[i] >= a[i+1]) i--;
  if (i < 0) return 0;
  while (a[j] <= a[i]) j--;
  size_t t = a[i];
  a[i] = a[j], a[j] = t;
  for (int l = i + 1, r = count - 1; l < r; l++, r--) t = a[l], a[l] = a[r], a[r] = t;
  return 1;
}

/* The next ascending chain of count indices below n. */
static int next_chain (size_t n, int count, size_t a[])
{
  int i = count;
  while (i && a[i-1] == n - 1) i--;
  if (i == 0) return 0;
  a[i-1]++;
  for (; i < count; i++) a[i] = a[i-1];
  return 1;
}

/* z := the derivative between eigenvectors; 0: it does not exist. */
static int derive (const directions *d, const wgi_smooth *f, const double w[], double z[])
{
  size_t at[WGI_DIRECTIONS + 1] = { 0 };
  do
    {
      double t[WGI_DIRECTIONS + 1];
      size_t a[WGI_DIRECTIONS + 1];
      for (int s = 0; s <= d->k; s++) t[s] = w[at[s]], a[s] = at[s];
      const double divided = wgi_divided (f, d->k, t);
      if (!isfinite (divided)) return 0;
      do z[a[0]*d->n + a[d->k]] += divided*along (d, a, 0, 0); while (next_order (d->k + 1, a));
    }
  while (next_chain (d->n, d->k + 1, at));
  return 1;
}

static void product (int n, enum CBLAS_TRANSPOSE ta, const double *a, enum CBLAS_TRANSPOSE tb, const double *b, double *c)
{
  cblas_dgemm (CblasRowMajor, ta, tb, n, n, n, 1, a, n, b, n, 0, c, n);
}

static int one (const wgi_op *op, const wgi_matrix x[], double *const y[], wgi_run *run)
{
  const size_t n = x[A].rows, nn = n*n;
  const int N = (int) n;
  const double *w = x[F].v, *vt = w + n;
  const function f = function_of (op);
  directions d = { .n = n, .k = (int) (op->nx - LEADING) };
  double *t = wgi_run_take (run, nn, sizeof *t), *z = wgi_run_take (run, nn, sizeof *z);
  if (!t || !z) return WG_ENOMEM;
  if (n == 0) return WG_OK;
  for (int i = 0; i < d.k; i++)
    {
      double *e = wgi_run_take (run, nn, sizeof *e);
      if (!e) return WG_ENOMEM;
      wgi_matrix_symmetric (&x[LEADING + i], e);
      product (N, CblasNoTrans, vt, CblasNoTrans, e, t), product (N, CblasNoTrans, t, CblasTrans, vt, e);
      d.e[i] = e;
    }
  memset (z, 0, nn*sizeof *z);
  if (!isfinite (w[0])) return wgi_spoil (run, nn, y[0], "a function of a matrix that is not finite");
  if (!derive (&d, &f.smooth, w, z))
    return wgi_spoil (run, nn, y[0], d.k ? "a function of a symmetric matrix has no such derivative at its eigenvalues"
                                         : "a function of a symmetric matrix is not defined at its eigenvalues");
  product (N, CblasTrans, vt, CblasNoTrans, z, t), product (N, CblasNoTrans, t, CblasNoTrans, vt, y[0]);
  return WG_OK;
}

static int kernel (const wgi_op *op, const double *const x[], double *const y[], wgi_run *run)
{
  return wgi_each_matrix (op, 1u << F, one, x, y, run);
}

static const wgi_primitive funm = { "funm_sym", wgi_multilinear_shape, kernel, wgi_multilinear_jvp, wgi_multilinear_vjp };

static wg_var apply (wg_var a, long which, double p, wg_matrix_function *user, void *ctx, int orders)
{
  long attr[ATTRS] = { LEADING, which, [ORDERS] = orders };
  memcpy (&attr[NUMBER], &p, sizeof p), memcpy (&attr[USERS], &user, sizeof user), memcpy (&attr[CONTEXT], &ctx, sizeof ctx);
  return wgi_array_apply1 (&funm, 2, (wg_var[]){ a, wgi_eigen_of (a) }, ATTRS, attr);
}

wg_var wg_expm_sym (wg_var a) { return apply (a, EXP, 0, NULL, NULL, 0); }
wg_var wg_logm_sym (wg_var a) { return apply (a, LOG, 0, NULL, NULL, 0); }
wg_var wg_sqrtm_sym (wg_var a) { return apply (a, POWER, 0.5, NULL, NULL, 0); }
wg_var wg_powm_sym (wg_var a, double p) { return apply (a, POWER, p, NULL, NULL, 0); }
wg_var wg_funm_sym (wg_var a, wg_matrix_function *f, int orders, void *ctx) { return apply (a, USER, 0, f, ctx, orders); }
