/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Dense linear algebra over LAPACK: least squares by QR with column pivoting, never by normal equations; square systems by
 * LU with a condition estimate; the tridiagonal form of symmetric matrices.  Thin calls of LAPACKE's _work functions on
 * column-major arrays and scratch that the caller has allocated; no allocation,
 * no search for NaN.  Matrices are finite when they come here.
 */
#ifndef WENGERT_OPTIM_DENSE_H
#define WENGERT_OPTIM_DENSE_H

#include <lapacke.h>

#include "base/status.h"

/* A = Q R P^T for A m x n, k = min (m, n).  Where the rank is less than n, rows of R below it count as zero. */
typedef struct {
  lapack_int m, n, rank;
  double *a;                /* m x n, column-major: A in; R and the reflectors out */
  double *tau;              /* k */
  double *damped, *unit, *t;    /* n x n each, nb x n: the factor of [R; sqrt (lambda) E P], set by _damp */
  double *work, *y;         /* scratch: lwork; 2 n */
  lapack_int *pivot;        /* n: column j of A P is column pivot[j] - 1 of A */
  lapack_int lwork;
} wgi_qr;

/* Numbers, and integers, that a block for wgi_qr_place has; SIZE_MAX: too many. */
size_t wgi_qr_numbers (size_t m, size_t n);

/* Set up q, for matrices m x n, in a block of wgi_qr_numbers numbers. */
void wgi_qr_place (wgi_qr *q, size_t m, size_t n, double block[]);

/* Factor q->a.  The rank is where the diagonal of R falls below max (m, n) eps of its first entry. */
void wgi_qr_factor (wgi_qr *q);

/* b[m] becomes Q^T b. */
void wgi_qr_turn (const wgi_qr *q, double b[]);

/* x[n] = P R^-1 qb in the first rank rows, zero for columns past them: a least-squares solution of A x = b
 * for qb = Q^T b. */
void wgi_qr_solve (const wgi_qr *q, const double qb[], double x[]);

/* From now on wgi_qr_damped solves min |A x - b|^2 + lambda |E x|^2, lambda > 0, E diagonal, e[n] > 0; and
 * wgi_qr_damped_t returns |y| where R_lambda^T y = P^T x, R_lambda^T R_lambda = P^T (A^T A + lambda E^2) P. */
void wgi_qr_damp (wgi_qr *q, double lambda, const double e[]);
void wgi_qr_damped (const wgi_qr *q, const double qb[], double x[]);
double wgi_qr_damped_t (const wgi_qr *q, const double x[]);

/* y[n] = R^-T P^T x in the first rank rows of R, zero past them. */
void wgi_qr_left (const wgi_qr *q, const double x[], double y[]);

/* loose[j] = 1 where x_j is not determined by A x = b: it is not constant over A's null space. */
void wgi_qr_loose (const wgi_qr *q, int loose[]);

/* A square matrix factored once for many solutions: P L U of A with its rows and columns scaled by powers of two, so that
 * units of neither make it look singular. */
typedef struct {
  lapack_int n;
  double *a;                /* n x n, row-major: A in; L and U out */
  double *row, *column;     /* n each: the scales */
  double *work;             /* 4 n */
  lapack_int *pivot, *count;    /* n each */
} wgi_lu;

/* Numbers, and integers, that a block for wgi_lu_place has; SIZE_MAX: too many. */
size_t wgi_lu_numbers (size_t n);

/* Set up f, for matrices n x n, in a block of wgi_lu_numbers numbers. */
void wgi_lu_place (wgi_lu *f, size_t n, double block[]);

/* Factor f->a.  0: it is singular; its condition, estimated, exceeds 1/(n eps). */
int wgi_lu_factor (wgi_lu *f);

/* b[n] becomes A^-1 b, or A^-T b when transposed. */
void wgi_lu_solve (const wgi_lu *f, int transposed, double b[]);

/* A = Q T Q^T for symmetric A n x n, T tridiagonal: a basis in which A + lambda I is factored in O(n). */
typedef struct {
  lapack_int n;
  double *a;                /* n x n: A in, its lower triangle in columns; the reflectors of Q out */
  double *d, *e;            /* n, n - 1: T's diagonal and the one below it */
  double *tau, *work;       /* n; scratch */
  lapack_int lwork;
} wgi_symmetric;

/* Numbers that a block for wgi_symmetric_place has; SIZE_MAX: too many. */
size_t wgi_symmetric_numbers (size_t n);
void wgi_symmetric_place (wgi_symmetric *, size_t n, double block[]);

/* Reduce q->a to T. */
void wgi_symmetric_reduce (wgi_symmetric *);

/* b[n] becomes Q^T b, or Q b. */
void wgi_symmetric_turn (const wgi_symmetric *, int transposed, double b[]);

#endif
