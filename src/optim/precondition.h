/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Preconditioners for Newton-CG, made of what it computes anyway or of a product more: limited-memory BFGS from the directions of
 * the last conjugate gradients and their products (Morales, Nocedal, SIAM J. Optim. 10 (2000)), or the diagonal of the
 * Hessian, probed with random signs (Bekas, Kokiopoulou, Saad, Appl. Numer. Math. 57 (2007)).
 */
#ifndef WENGERT_OPTIM_PRECONDITION_H
#define WENGERT_OPTIM_PRECONDITION_H

#include <stddef.h>

enum { WGI_CG_PAIRS = 8 };

/* Directions and products of one run of CG, spread evenly over it. */
typedef struct {
  size_t n, count, seen, stride;
  double *d, *hd;               /* WGI_CG_PAIRS x n each */
  double kappa[WGI_CG_PAIRS];
} wgi_cg_pairs;

void wgi_cg_pairs_clear (wgi_cg_pairs *);
void wgi_cg_pairs_add (wgi_cg_pairs *, const double d[], const double hd[], double kappa);

/* z[n] = B r, B the L-BFGS inverse of the pairs; 1, nothing done, if there is none. */
int wgi_cg_pairs_apply (const wgi_cg_pairs *, const double r[], double z[]);

/* v[n]: signs from *state.  Then with hv = H v: mix |v hv| into diagonal[n], the first time entirely. */
void wgi_probe_signs (size_t n, unsigned long long *state, double v[]);
void wgi_probe_mix (size_t n, const double v[], const double hv[], int first, double diagonal[]);

#endif
