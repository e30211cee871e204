/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * The QR with column pivoting of dgeqp3, and the update of its R by sqrt (lambda) E with dtpqrt, which knows
 * that both are triangular: a change of lambda costs 2/3 n^3 and no pass over A.  The LU of dgetrf after leveling.
 */
#include "optim/dense.h"

#include <float.h>
#include <limits.h>
#include <math.h>
#include <string.h>

enum { BLOCK = 32, COLUMN = LAPACK_COL_MAJOR };

static lapack_int least (lapack_int a, lapack_int b) { return a < b ? a : b; }

/* The work that dgeqp3 likes, which is more than what the others need. */
static size_t work_numbers (size_t n) { return wgi_plus (wgi_times (n, BLOCK + 3), 2*BLOCK); }

size_t wgi_qr_numbers (size_t m, size_t n)
{
  if (m > INT_MAX || n > INT_MAX/(BLOCK + 4)) return SIZE_MAX;
  const size_t k = m < n ? m : n, square = wgi_times (n, n);
  const size_t matrices = wgi_plus (wgi_times (m, n), wgi_plus (square, square));
  return wgi_plus (wgi_plus (matrices, k + (BLOCK + 3)*n), work_numbers (n));
}

void wgi_qr_place (wgi_qr *q, size_t m, size_t n, double block[])
{
  double *next = block;
  q->m = (lapack_int) m, q->n = (lapack_int) n;
  q->lwork = (lapack_int) work_numbers (n);
  q->a = next, next += m*n;
  q->damped = next, next += n*n;
  q->unit = next, next += n*n;
  q->t = next, next += BLOCK*n;
  q->tau = next, next += m < n ? m : n;
  q->work = next, next += q->lwork;
  q->y = next, next += 2*n;
  q->pivot = (lapack_int *) (void *) next;
}

void wgi_qr_factor (wgi_qr *q)
{
  const lapack_int k = least (q->m, q->n), most = q->m > q->n ? q->m : q->n;
  memset (q->pivot, 0, (size_t) q->n*sizeof *q->pivot);
  LAPACKE_dgeqp3_work (COLUMN, q->m, q->n, q->a, q->m, q->pivot, q->tau, q->work, q->lwork);
  const double floor = most*DBL_EPSILON*fabs (q->a[0]);
  for (q->rank = 0; q->rank < k; q->rank++)
    if (!(fabs (q->a[(size_t) q->rank*(size_t) (q->m + 1)]) > floor)) break;
}

void wgi_qr_turn (const wgi_qr *q, double b[])
{
  LAPACKE_dormqr_work (COLUMN, 'L', 'T', q->m, 1, least (q->m, q->n), q->a, q->m, q->tau, b, q->m, q->work, q->lwork);
}

/* Put y, in the order of the pivots, into x. */
static void unpivot (const wgi_qr *q, const double y[], double x[])
{
  for (lapack_int j = 0; j < q->n; j++) x[q->pivot[j] - 1] = y[j];
}

static void pivot (const wgi_qr *q, const double x[], double y[])
{
  for (lapack_int j = 0; j < q->n; j++) y[j] = x[q->pivot[j] - 1];
}

void wgi_qr_solve (const wgi_qr *q, const double qb[], double x[])
{
  memset (q->y, 0, (size_t) q->n*sizeof (double));
  memcpy (q->y, qb, (size_t) q->rank*sizeof (double));
  if (q->rank) LAPACKE_dtrtrs_work (COLUMN, 'U', 'N', 'N', q->rank, 1, q->a, q->m, q->y, q->n);
  unpivot (q, q->y, x);
}

void wgi_qr_damp (wgi_qr *q, double lambda, const double e[])
{
  const size_t n = (size_t) q->n, m = (size_t) q->m;
  memset (q->damped, 0, n*n*sizeof (double)), memset (q->unit, 0, n*n*sizeof (double));
  for (size_t j = 0; j < n; j++)
    {
      const size_t rows = j + 1 < m ? j + 1 : m;
      memcpy (q->damped + j*n, q->a + j*m, rows*sizeof (double));
      q->unit[j*n + j] = sqrt (lambda)*e[q->pivot[j] - 1];
    }
  LAPACKE_dtpqrt_work (COLUMN, q->n, q->n, q->n, least (q->n, BLOCK), q->damped, q->n, q->unit, q->n, q->t, BLOCK,
                       q->work);
}

void wgi_qr_damped (const wgi_qr *q, const double qb[], double x[])
{
  const lapack_int n = q->n;
  double *low = q->y + n;
  memset (q->y, 0, 2*(size_t) n*sizeof (double));
  memcpy (q->y, qb, (size_t) least (q->m, n)*sizeof (double));
  LAPACKE_dtpmqrt_work (COLUMN, 'L', 'T', n, 1, n, n, least (n, BLOCK), q->unit, n, q->t, BLOCK, q->y, n, low, n,
                        q->work);
  LAPACKE_dtrtrs_work (COLUMN, 'U', 'N', 'N', n, 1, q->damped, n, q->y, n);
  unpivot (q, q->y, x);
}

double wgi_qr_damped_t (const wgi_qr *q, const double x[])
{
  double sum = 0;
  pivot (q, x, q->y);
  LAPACKE_dtrtrs_work (COLUMN, 'U', 'T', 'N', q->n, 1, q->damped, q->n, q->y, q->n);
  for (lapack_int j = 0; j < q->n; j++) sum += q->y[j]*q->y[j];
  return sqrt (sum);
}

void wgi_qr_left (const wgi_qr *q, const double x[], double y[])
{
  pivot (q, x, y);
  memset (y + q->rank, 0, (size_t) (q->n - q->rank)*sizeof *y);
  if (q->rank) LAPACKE_dtrtrs_work (COLUMN, 'U', 'T', 'N', q->rank, 1, q->a, q->m, y, q->n);
}

void wgi_qr_loose (const wgi_qr *q, int loose[])
{
  const size_t m = (size_t) q->m, n = (size_t) q->n, rank = (size_t) q->rank;
  memset (loose, 0, n*sizeof *loose);
  for (size_t j = rank; j < n; j++)             /* the null space: columns R11^-1 R12 e_j, -e_j */
    {
      memcpy (q->y, q->a + j*m, rank*sizeof (double));
      if (rank) LAPACKE_dtrtrs_work (COLUMN, 'U', 'N', 'N', q->rank, 1, q->a, q->m, q->y, q->n);
      for (size_t i = 0; i < rank; i++)
        if (fabs (q->y[i]) > sqrt (DBL_EPSILON)) loose[q->pivot[i] - 1] = 1;
      loose[q->pivot[j] - 1] = 1;
    }
}

/* square systems */

size_t wgi_lu_numbers (size_t n)
{
  return n > INT_MAX/4 ? SIZE_MAX : wgi_plus (wgi_times (n, n), 8*n);
}

void wgi_lu_place (wgi_lu *f, size_t n, double block[])
{
  f->n = (lapack_int) n;
  f->a = block, f->row = f->a + n*n, f->column = f->row + n, f->work = f->column + n;
  f->pivot = (lapack_int *) (void *) (f->work + 4*n);
  f->count = f->pivot + n;
}

/* Divide count numbers from a on, stride apart, by a power of two near the largest: what they were multiplied by, 0 if they are
 * all 0. */
static double level (double a[], size_t count, size_t stride)
{
  double most = 0;
  int exponent;
  for (size_t i = 0; i < count; i++) most = fmax (most, fabs (a[i*stride]));
  if (!(most > 0 && most <= DBL_MAX)) return 0;
  frexp (most, &exponent);
  const double scale = ldexp (1, exponent < -1000 ? 1000 : -exponent);
  for (size_t i = 0; i < count; i++) a[i*stride] *= scale;
  return scale;
}

int wgi_lu_factor (wgi_lu *f)
{
  const size_t n = (size_t) f->n;
  double norm = 0, reciprocal = 0;
  for (size_t i = 0; i < n; i++) if ((f->row[i] = level (f->a + i*n, n, 1)) == 0) return 0;
  for (size_t j = 0; j < n; j++) if ((f->column[j] = level (f->a + j, n, n)) == 0) return 0;
  for (size_t i = 0; i < n; i++)                 /* A^T is what LAPACK sees: its columns are our rows */
    {
      double sum = 0;
      for (size_t j = 0; j < n; j++) sum += fabs (f->a[i*n + j]);
      norm = fmax (norm, sum);
    }
  if (LAPACKE_dgetrf_work (COLUMN, f->n, f->n, f->a, f->n, f->pivot)) return 0;
  LAPACKE_dgecon_work (COLUMN, '1', f->n, f->a, f->n, norm, &reciprocal, f->work, f->count);
  return reciprocal > (double) n*DBL_EPSILON;
}

void wgi_lu_solve (const wgi_lu *f, int transposed, double b[])
{
  const double *before = transposed ? f->column : f->row, *after = transposed ? f->row : f->column;
  for (lapack_int i = 0; i < f->n; i++) b[i] *= before[i];
  LAPACKE_dgetrs_work (COLUMN, transposed ? 'N' : 'T', f->n, 1, f->a, f->n, f->pivot, b, f->n);
  for (lapack_int i = 0; i < f->n; i++) b[i] *= after[i];
}

/* ---------------------------------------------------------------- symmetric matrices */

size_t wgi_symmetric_numbers (size_t n)
{
  if (n > INT_MAX/BLOCK) return SIZE_MAX;
  return wgi_plus (wgi_times (n, n), wgi_times (n, 3 + BLOCK));
}

void wgi_symmetric_place (wgi_symmetric *q, size_t n, double block[])
{
  q->n = (lapack_int) n;
  q->lwork = (lapack_int) (BLOCK*n);
  q->a = block;
  q->d = q->a + n*n;
  q->e = q->d + n;
  q->tau = q->e + n;
  q->work = q->tau + n;
}

void wgi_symmetric_reduce (wgi_symmetric *q)
{
  LAPACKE_dsytrd_work (COLUMN, 'L', q->n, q->a, q->n, q->d, q->e, q->tau, q->work, q->lwork);
}

void wgi_symmetric_turn (const wgi_symmetric *q, int transposed, double b[])
{
  LAPACKE_dormtr_work (COLUMN, 'L', 'L', transposed ? 'T' : 'N', q->n, 1, q->a, q->n, q->tau, b, q->n, q->work, q->lwork);
}
