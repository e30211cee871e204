/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * The matrix exponential, by scaling, the diagonal Pade approximant of degree 13, and squaring (Higham 2005), and its derivatives in k
 * directions by the same steps on A + e_1 E_1 + .. + e_k E_k with e_i e_i = 0 (Al-Mohy and Higham 2009 for k = 1, whose bound
 * on the norm serves here): a matrix for each set of directions, 3^k products for one.
 */
#include <math.h>
#include <string.h>

#include <cblas.h>

#include "array/linalg.h"
#include "wengert/linalg.h"

typedef struct { size_t n, sets; } jet;      /* sets*n*n numbers */

static void combine (const jet *j, double *to, double a, const double *x)
{
  cblas_daxpy ((int) (j->sets*j->n*j->n), a, x, 1, to, 1);
}

/* C = A B */
static void multiply (const jet *j, const double *a, const double *b, double *c)
{
  const size_t nn = j->n*j->n;
  const int n = (int) j->n;
  for (size_t s = 0; s < j->sets; s++)
    for (size_t t = s; ; t = (t - 1) & s)
      {
        cblas_dgemm (CblasRowMajor, CblasNoTrans, CblasNoTrans, n, n, n, 1, a + t*nn, n, b + (s ^ t)*nn, n, t == s ? 0 : 1, c + s*nn, n);
        if (t == 0) break;
      }
}

static void add_identity (const jet *j, double *to, double a)
{
  for (size_t i = 0; i < j->n; i++) to[i*(j->n + 1)] += a;
}

/* P := Q^-1 P; f[n*n + n] is work. */
static int divide (const jet *j, const double *q, double *p, double *f, wgi_run *run)
{
  const size_t nn = j->n*j->n;
  const int n = (int) j->n;
  memcpy (f, q, nn*sizeof *f);
  const int rc = wgi_lu_factor_of (j->n, f, run);
  for (size_t s = 0; s < j->sets && !rc; s++)
    {
      for (size_t t = s; t; t = (t - 1) & s)
        cblas_dgemm (CblasRowMajor, CblasNoTrans, CblasNoTrans, n, n, n, -1, q + t*nn, n, p + (s ^ t)*nn, n, 1, p + s*nn, n);
      wgi_lu_divide (j->n, j->n, f, p + s*nn);
    }
  return rc;
}

/* exp (a) to r, for a matrix whose 1-norm is at most 4.74; a, r and w[5] each of the size of a jet. */
static int pade (const jet *j, const double *a, double *r, double *const w[], double *f, wgi_run *run)
{
  static const double b[] = { 64764752532480000., 32382376266240000., 7771770303897600., 1187353796428800., 129060195264000.,
    10559470521600., 670442572800., 33522128640., 1323241920., 40840800., 960960., 16380., 182., 1. };
  const size_t bytes = j->sets*j->n*j->n*sizeof *a;
  double *a2 = w[0], *a4 = w[1], *a6 = w[2], *u = w[3], *v = w[4];
  multiply (j, a, a, a2), multiply (j, a2, a2, a4), multiply (j, a4, a2, a6);
  memset (r, 0, bytes);
  combine (j, r, b[13], a6), combine (j, r, b[11], a4), combine (j, r, b[9], a2);
  multiply (j, a6, r, v);
  combine (j, v, b[7], a6), combine (j, v, b[5], a4), combine (j, v, b[3], a2), add_identity (j, v, b[1]);
  multiply (j, a, v, u);
  memset (r, 0, bytes);
  combine (j, r, b[12], a6), combine (j, r, b[10], a4), combine (j, r, b[8], a2);
  multiply (j, a6, r, v);
  combine (j, v, b[6], a6), combine (j, v, b[4], a4), combine (j, v, b[2], a2), add_identity (j, v, b[0]);
  memcpy (r, v, bytes);
  combine (j, r, 1, u), combine (j, v, -1, u);
  return divide (j, v, r, f, run);
}

static double norm_of (size_t n, const double *a)
{
  double most = 0;
  for (size_t c = 0; c < n; c++)
    {
      double sum = 0;
      for (size_t i = 0; i < n; i++) sum += fabs (a[i*n + c]);
      most = fmax (most, sum);
    }
  return most;
}

static int one (const wgi_op *op, const wgi_matrix x[], double *const y[], wgi_run *run)
{
  const jet j = { x[0].rows, (size_t) 1 << (op->nx - 1) };
  const size_t nn = j.n*j.n;
  double *w[8];
  if (nn == 0) return WG_OK;
  for (int i = 0; i < 8; i++) if (!(w[i] = wgi_run_take (run, (i == 7 ? 2 : j.sets)*nn, sizeof *w[i]))) return WG_ENOMEM;
  double *a = w[0], *r = w[1];
  memset (a, 0, j.sets*nn*sizeof *a);
  wgi_matrix_copy (&x[0], a);
  for (size_t i = 1; i < op->nx; i++) wgi_matrix_copy (&x[i], a + ((size_t) 1 << (i - 1))*nn);
  if (!wgi_all_finite (nn, a)) return wgi_spoil (run, nn, y[0], "expm: the matrix is not finite");
  int halvings = 0;
  frexp (norm_of (j.n, a)/4.74, &halvings);
  if (halvings < 0) halvings = 0;
  cblas_dscal ((int) (j.sets*nn), ldexp (1, -halvings), a, 1);
  const int rc = pade (&j, a, r, w + 2, w[7], run);
  for (int i = 0; i < halvings && !rc; i++)
    {
      double *const square = w[2];
      multiply (&j, r, r, square);
      w[2] = r, r = square;
    }
  if (!rc) memcpy (y[0], r + (j.sets - 1)*nn, nn*sizeof *r);
  return rc;
}

static int kernel (const wgi_op *op, const double *const x[], double *const y[], wgi_run *run)
{
  return wgi_each_matrix (op, 0, one, x, y, run);
}

static const wgi_primitive expm = { "expm", wgi_multilinear_shape, kernel, wgi_multilinear_jvp, wgi_multilinear_vjp };

wg_var wg_expm (wg_var a) { return wgi_array_apply1 (&expm, 1, &a, 1, (long[]){ 1 }); }
