/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Hand-written projections and their Jacobians.  With v = X - C, s = sin |r|/|r|, k = (1 - cos |r|)/|r|^2 (Rodrigues):
 * P = cos |r| v + s r x v + k (r . v) r, and by r_j: -s r_j v + (cos |r| - s)/|r|^2 r_j r x v + s e_j x v
 * + (s - 2k)/|r|^2 r_j (r . v) r + k (v_j r + (r . v) e_j).
 */
#include "projection.h"

#include <math.h>

static void one (const double *restrict c, const double *restrict X, double weight, const double *restrict at,
                 double *restrict out, double *restrict J)
{
  const double r0 = c[0], r1 = c[1], r2 = c[2], v0 = X[0] - c[3], v1 = X[1] - c[4], v2 = X[2] - c[5];
  const double square = r0*r0 + r1*r1 + r2*r2, angle = sqrt (square), cosine = cos (angle), s = sin (angle)/angle;
  const double k = (1 - cosine)/square, along = r0*v0 + r1*v1 + r2*v2, a = (cosine - s)/square, b = (s - 2*k)/square;
  const double x0 = r1*v2 - r2*v1, x1 = r2*v0 - r0*v2, x2 = r0*v1 - r1*v0;
  const double P0 = cosine*v0 + s*x0 + k*along*r0, P1 = cosine*v1 + s*x1 + k*along*r1, P2 = cosine*v2 + s*x2 + k*along*r2;
  const double R[3][3] = { { cosine + k*r0*r0, k*r0*r1 - s*r2, k*r0*r2 + s*r1 },
                           { k*r1*r0 + s*r2, cosine + k*r1*r1, k*r1*r2 - s*r0 },
                           { k*r2*r0 - s*r1, k*r2*r1 + s*r0, cosine + k*r2*r2 } };
  const double e0 = -s*v0 + a*x0 + b*along*r0, e1 = -s*v1 + a*x1 + b*along*r1, e2 = -s*v2 + a*x2 + b*along*r2;
  const double D[3][3] = {      /* of P by r */
    { r0*e0 + k*(v0*r0 + along), r1*e0 + s*v2 + k*v1*r0, r2*e0 - s*v1 + k*v2*r0 },
    { r0*e1 - s*v2 + k*v0*r1, r1*e1 + k*(v1*r1 + along), r2*e1 + s*v0 + k*v2*r1 },
    { r0*e2 + s*v1 + k*v0*r2, r1*e2 - s*v0 + k*v1*r2, r2*e2 + k*(v2*r2 + along) } };
  const double inverse = 1/P2, p = P0*inverse, q = P1*inverse, d = p*p + q*q, f = c[6];
  const double L = 1 + d*(c[9] + c[10]*d), dL = c[9] + 2*c[10]*d, scale = f*L, slope = 2*f*dL, w = weight;
  const double up = w*(scale + slope*p*p), uq = w*slope*p*q, vq = w*(scale + slope*q*q);      /* of out by p, q */
  const double g[2][3] = { { up*inverse, uq*inverse, -(up*p + uq*q)*inverse }, { uq*inverse, vq*inverse, -(uq*p + vq*q)*inverse } };
  const double u0 = scale*p + c[7] - at[0], u1 = scale*q + c[8] - at[1];
  out[0] = w*u0, out[1] = w*u1;
  for (int i = 0; i < 2; i++, J += INPUTS)
    {
      const double z = w*(i ? q : p);
      for (int j = 0; j < 3; j++)
        {
          const double by_v = g[i][0]*R[0][j] + g[i][1]*R[1][j] + g[i][2]*R[2][j];
          J[j] = g[i][0]*D[0][j] + g[i][1]*D[1][j] + g[i][2]*D[2][j];
          J[3 + j] = -by_v, J[CAMERA + j] = by_v;
        }
      J[6] = z*L, J[7] = i ? 0 : w, J[8] = i ? w : 0, J[9] = z*f*d, J[10] = z*f*d*d, J[INPUTS - 1] = i ? u1 : u0;
    }
}

void hand_projections (size_t count, const double cameras[], const int camera[], const double points[], const int point[],
                       const double weight[], const double at[], double out[], double J[])
{
  for (size_t k = 0; k < count; k++)
    one (cameras + CAMERA*(size_t) camera[k], points + 3*(size_t) point[k], weight[k], at + 2*k, out + 2*k, J + 2*INPUTS*k);
}
