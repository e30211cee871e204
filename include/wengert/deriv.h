/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Drivers: values and exact derivatives of a recorded function f: R^n -> R^m.
 *
 * For all of them: matrices are row-major.  Outputs that are not wanted may be NULL.  Outputs may not
 * overlap inputs or each other.  x NULL means this handle's last point, whose values are not computed
 * again (WG_EINVAL when there is none).  Return WG_OK; WG_NONFINITE, with the outputs written; or an error,
 * with the outputs untouched: WG_EINVAL (f or a needed input NULL), WG_ESHAPE (m is not 1 where it must
 * be), WG_EBRANCH, WG_ENOMEM, and what the model raises when a branch makes it run again.  Workspace is
 * allocated on a handle's first call of a kind and when the model is recorded again, never otherwise.
 */
#ifndef WENGERT_DERIV_H
#define WENGERT_DERIV_H

#include <wengert/fun.h>

#ifdef __cplusplus
extern "C" {
#endif

/* y[m] = f (x) */
WG_API int wg_eval (wg_fun *f, const double x[], double y[]);

/* y = f (x), g[n] = its gradient; m == 1.  One forward and one reverse sweep. */
WG_API int wg_gradient (wg_fun *f, const double x[], double *y, double g[]);

/* y[m] = f (x), jv[m] = J v: forward mode along v[n]. */
WG_API int wg_jvp (wg_fun *f, const double x[], const double v[], double y[], double jv[]);

/* y[m] = f (x), uj[n] = u^T J: reverse mode with weights u[m].  Outputs with weight 0 are left out, so
 * that their infinities do not leak. */
WG_API int wg_vjp (wg_fun *f, const double x[], const double u[], double y[], double uj[]);

/* y = f (x), g[n] = its gradient, hv[n] = H v; m == 1.
 * Reverse sweep over dual numbers (Pearlmutter, Neural Computation 6, 1994). */
WG_API int wg_hvp (wg_fun *f, const double x[], const double v[], double *y, double g[], double hv[]);

/* y = f (x), g[n] = its gradient, HV[k*n]: H v for each row v of V[k*n]; m == 1.  Up to 8 directions cost one
 * sweep: partials are computed once.  k may be 0. */
WG_API int wg_hvps (wg_fun *f, const double x[], size_t k, const double V[], double *y, double g[], double HV[]);

/* y[m] = f (x), uj[n] = u^T J, hv[n] = (Hessian of u.f) v, weights u[m]. */
WG_API int wg_hvp_weighted (wg_fun *f, const double x[], const double u[], const double v[],
                            double y[], double uj[], double hv[]);

/* y[m] = f (x), jv[m] = J v, fvv[m] = second derivative of f (x + t v) at t = 0.  Dual of dual numbers. */
WG_API int wg_fvv (wg_fun *f, const double x[], const double v[], double y[], double jv[], double fvv[]);

/* y[m] = f (x), out[n] = J^T J v: the Gauss-Newton product. */
WG_API int wg_gnvp (wg_fun *f, const double x[], const double v[], double y[], double out[]);

/* y[m] = f (x), J[m*n] = Jacobian, by rows or by columns, whichever are fewer. */
WG_API int wg_jacobian (wg_fun *f, const double x[], double y[], double J[]);

/* y = f (x), g[n] = gradient, H[n*n] = Hessian, exactly symmetric; m == 1. */
WG_API int wg_hessian (wg_fun *f, const double x[], double *y, double g[], double H[]);

#ifdef __cplusplus
}
#endif
#endif
