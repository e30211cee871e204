/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * The trust-region subproblem where H + lambda I can be factored: minimize g.s + s.H s/2 over |s| <= radius, through the
 * secular equation 1/|s(lambda)| = 1/radius (More and Sorensen, SIAM J. Sci. Stat. Comput. 4 (1983)).  How H is stored
 * and factored is another's business: tridiagonal (here) for Krylov spaces and dense matrices, sparse in
 * newton_sparse.c.
 */
#ifndef WENGERT_OPTIM_SECULAR_H
#define WENGERT_OPTIM_SECULAR_H

#include <stddef.h>

typedef struct {
  size_t n;
  int (*factor) (void *ctx, double shift);      /* H + shift I: 1 if positive definite, 0 if not, or an error < 0 */
  void (*solve) (void *ctx, double x[]);        /* x[n] becomes (H + shift I)^-1 x, after a factor that gave 1 */
  void *ctx;
  double least, most;           /* bounds of H's eigenvalues */
  double tolerance;             /* how far |s| may be below the radius, relatively */
  double *y, *z;                /* scratch, n each */
  double lambda;                /* in: a guess, 0 for none; out: the multiplier */
  double step_norm, predicted;  /* of s: |s|, the decrease of the model */
  int boundary, curvature;      /* does s end on the boundary; is H not positive definite? */
} wgi_secular;

/* s[n] for g[n] and radius > 0.  WG_OK or an error of factor. */
int wgi_secular_solve (wgi_secular *, const double g[], double radius, double s[]);

/* The first step of a search, and its radius: Newton's, up to the radius most, where H is positive definite; else that
 * of ten steps of steepest descent, which the curvature u.H u along u = g/|g| gives: 0 for none to be seen. */
int wgi_secular_first (wgi_secular *, const double g[], double curvature, double most, double *radius, double s[]);

/* A symmetric tridiagonal matrix: diagonal d[n], below it e[n-1]; room for the factor in pivot[n], ratio[n]. */
typedef struct {
  size_t n;
  const double *d, *e;
  double *pivot, *ratio;
} wgi_tridiagonal;

/* Make a subproblem of it; y and z are room for n numbers each. */
void wgi_secular_tridiagonal (wgi_secular *, wgi_tridiagonal *, double y[], double z[]);

#endif
