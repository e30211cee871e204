/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Robust losses as changes of residuals: phi = sign (r) s sqrt (rho (z)), z = (r/s)^2.  From phi^2 = s^2 rho:
 * phi phi' = rho' r and phi'^2 + phi phi'' = rho' + 2 z rho''.
 */
#include <math.h>

#include "optim/least_squares.h"

/* rho and its derivatives with respect to z. */
typedef struct { double v, d, dd; } rho;

static rho rho_of (int loss, double z)
{
  switch (loss)
    {
    case WG_LOSS_HUBER:
      if (z > 1) return (rho){ 2*sqrt (z) - 1, 1/sqrt (z), -.5/(z*sqrt (z)) };
      return (rho){ z, 1, 0 };
    case WG_LOSS_SOFT_L1:
      {
        const double root = sqrt (1 + z);
        return (rho){ 2*z/(1 + root), 1/root, -.5/(root*(1 + z)) };
      }
    case WG_LOSS_CAUCHY: return (rho){ log1p (z), 1/(1 + z), -1/((1 + z)*(1 + z)) };
    case WG_LOSS_ARCTAN: return (rho){ atan (z), 1/(1 + z*z), -2*z/((1 + z*z)*(1 + z*z)) };
    case WG_LOSS_TUKEY:
      if (z > 1) return (rho){ 1./3, 0, 0 };
      return (rho){ z*(1 - z*(1 - z/3)), (1 - z)*(1 - z), -2*(1 - z) };
    default: return (rho){ z, 1, 0 };
    }
}

wgi_phi wgi_loss (int loss, double scale, double r)
{
  const double u = r/scale, z = u*u;
  const rho h = rho_of (loss, z);
  if (loss == WG_LOSS_SQUARE || z < 1e-300) return (wgi_phi){ r, 1, 0 };
  const double root = copysign (sqrt (h.v), r), first = h.d*u/root;
  const double second = z < 1e-12 ? 0 : (h.d + 2*z*h.dd - first*first)/(root*scale);     /* there it is O (u), all cancels */
  return (wgi_phi){ scale*root, first, second };
}

const char *wg_loss_name (int loss)
{
  switch (loss)
    {
#define X(name, rho, text) case name: return text;
      WG_LOSSES (X)
#undef X
    default: return "unknown loss";
    }
}
