/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Functions in the shape of NLopt's nlopt_func, nlopt_mfunc and nlopt_precond, so that a wg_fun is an objective or a
 * constraint as it is:
 *
 *     nlopt_set_precond_min_objective (opt, wg_nlopt_func, wg_nlopt_precond, f);
 *     nlopt_add_inequality_mconstraint (opt, wg_fun_m (c), wg_nlopt_mfunc, c, tolerance);
 *
 * NLopt is neither linked nor included.  Errors are kept in the function (wg_fun_status) and give NaN; values and
 * derivatives that are not finite are written as they are.  None allocates after the first call on a handle.
 */
#ifndef WENGERT_NLOPT_H
#define WENGERT_NLOPT_H

#include <wengert/fun.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The value of f, a wg_fun * with n inputs and one output (else WG_ESHAPE), at x[n]; grad[n] unless NULL. */
WG_API double wg_nlopt_func (unsigned n, const double *x, double *grad, void *f);

/* result[m] of f, a wg_fun * with n inputs and m outputs (else WG_ESHAPE), at x[n]; grad[m*n] by rows unless NULL. */
WG_API void wg_nlopt_mfunc (unsigned m, double *result, unsigned n, const double *x, double *grad, void *f);

/* vpre[n] = H (x) v[n], H the Hessian of f, a wg_fun * with n inputs and one output (else WG_ESHAPE).  NLopt wants a
 * positive semidefinite preconditioner: for functions that are convex where it looks. */
WG_API void wg_nlopt_precond (unsigned n, const double *x, const double *v, double *vpre, void *f);

#ifdef __cplusplus
}
#endif
#endif
