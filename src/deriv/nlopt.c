/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Drivers in NLopt's shapes, which return no status: an error stays in the handle and the numbers are NaN.
 */
#include <math.h>

#include <wengert/nlopt.h>

#include "deriv/deriv.h"

/* Is f a function of n inputs and m outputs?  Keeps the error if not. */
static int fits (wg_fun *f, const char *name, size_t n, size_t m)
{
  if (!f) return wgi_fail (WG_EINVAL, "%s: the function is NULL", name), 0;
  if (f->family->n == n && f->family->m == m) return 1;
  wgi_fun_done (f, wgi_fail (WG_ESHAPE, "%s: asked for %zu inputs and %zu outputs, the function has %zu and %zu", name, n, m,
                             f->family->n, f->family->m));
  return 0;
}

static void nothing (double *y, size_t count)
{
  for (size_t i = 0; i < count && y; i++) y[i] = NAN;
}

double wg_nlopt_func (unsigned n, const double *x, double *grad, void *f)
{
  double y = NAN;
  if (!fits (f, "wg_nlopt_func", n, 1) || wg_gradient (f, x, &y, grad) < 0) nothing (grad, n);
  return y;
}

void wg_nlopt_mfunc (unsigned m, double *result, unsigned n, const double *x, double *grad, void *f)
{
  if (!fits (f, "wg_nlopt_mfunc", n, m) || wg_jacobian (f, x, result, grad) < 0)
    nothing (result, m), nothing (grad, wgi_times (m, n));
}

void wg_nlopt_precond (unsigned n, const double *x, const double *v, double *vpre, void *f)
{
  if (!fits (f, "wg_nlopt_precond", n, 1) || wg_hvp (f, x, v, NULL, NULL, vpre) < 0) nothing (vpre, n);
}
