/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * The two loops of Nocedal (Math. Comp. 35 (1980)) over pairs of positive curvature, which keep B positive definite; a diagonal
 * that is kept positive and away from 0.
 */
#include "optim/precondition.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "optim/steihaug.h"

void wgi_cg_pairs_clear (wgi_cg_pairs *p)
{
  p->count = p->seen = 0;
  p->stride = 1;
}

/* When it is full every other pair goes, and from then on only every other comes. */
void wgi_cg_pairs_add (wgi_cg_pairs *p, const double d[], const double hd[], double kappa)
{
  const size_t n = p->n;
  if (!(kappa > 0 && kappa <= DBL_MAX) || p->seen++ % p->stride) return;
  if (p->count == WGI_CG_PAIRS)
    {
      p->count = WGI_CG_PAIRS/2, p->stride *= 2;
      for (size_t k = 1; k < p->count; k++)
        {
          memcpy (p->d + k*n, p->d + 2*k*n, n*sizeof *d);
          memcpy (p->hd + k*n, p->hd + 2*k*n, n*sizeof *d);
          p->kappa[k] = p->kappa[2*k];
        }
    }
  memcpy (p->d + p->count*n, d, n*sizeof *d);
  memcpy (p->hd + p->count*n, hd, n*sizeof *d);
  p->kappa[p->count++] = kappa;
}

int wgi_cg_pairs_apply (const wgi_cg_pairs *p, const double r[], double z[])
{
  const size_t n = p->n;
  double alpha[WGI_CG_PAIRS];
  if (!p->count) return 1;
  memcpy (z, r, n*sizeof *z);
  for (size_t k = p->count; k-- > 0; )
    {
      alpha[k] = wgi_dot (n, p->d + k*n, z)/p->kappa[k];
      for (size_t i = 0; i < n; i++) z[i] -= alpha[k]*p->hd[k*n + i];
    }
  const double *y = p->hd + (p->count - 1)*n, size = wgi_norm (n, y), scale = p->kappa[p->count - 1]/size/size;
  for (size_t i = 0; i < n; i++) z[i] *= scale;
  for (size_t k = 0; k < p->count; k++)
    {
      const double beta = alpha[k] - wgi_dot (n, p->hd + k*n, z)/p->kappa[k];
      for (size_t i = 0; i < n; i++) z[i] += beta*p->d[k*n + i];
    }
  return 0;
}

void wgi_probe_signs (size_t n, unsigned long long *state, double v[])
{
  for (size_t i = 0; i < n; i++)
    {
      *state = 6364136223846793005u**state + 1442695040888963407u;
      v[i] = *state >> 63 ? 1 : -1;
    }
}

void wgi_probe_mix (size_t n, const double v[], const double hv[], int first, double diagonal[])
{
  double most = 0;
  for (size_t i = 0; i < n; i++)
    {
      const double now = isfinite (hv[i]) ? fabs (v[i]*hv[i]) : 0;
      diagonal[i] = first ? now : .75*diagonal[i] + .25*now;
      most = fmax (most, diagonal[i]);
    }
  for (size_t i = 0; i < n; i++) diagonal[i] = most > 0 ? fmax (diagonal[i], 1e-8*most) : 1;
}
