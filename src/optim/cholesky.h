/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * A = L L^T of sparse symmetric matrices A = H + shift I, the pattern of H given once: cholesky.c, or
 * cholesky_cholmod.c where configured with CHOLMOD.  After the first factorization and solution nothing is allocated.
 */
#ifndef WENGERT_OPTIM_CHOLESKY_H
#define WENGERT_OPTIM_CHOLESKY_H

#include <stddef.h>

typedef struct wgi_cholesky wgi_cholesky;

/* For the lower triangle of H n x n in compressed columns, start[n + 1], row[start[n]]; the diagonal need not be all
 * there.  *c NULL on error: WG_ENOMEM; WG_ELIMIT, without a message, when L has more than most entries. */
int wgi_cholesky_new (size_t n, const int start[], const int row[], double most, wgi_cholesky **c);
void wgi_cholesky_free (wgi_cholesky *);

/* Factor H + shift I, H = value[start[n]].  1; 0 when it is not positive definite; WG_ENOMEM. */
int wgi_cholesky_factor (wgi_cholesky *, const double value[], double shift);

/* x[n] becomes (H + shift I)^-1 x, after a factor that gave 1.  WG_OK or WG_ENOMEM. */
int wgi_cholesky_solve (wgi_cholesky *, double x[]);

#endif
