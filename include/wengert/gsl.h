/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * GSL at both ends: recorded functions as GSL's function structures, and the drivers on gsl_vector and gsl_matrix.  In a
 * library of its own, libwengert-gsl (pkg-config wengert-gsl); GSL is under the GPL, and so is what is linked with it.
 * GSL's error handler is neither called nor changed by anything here.
 */
#ifndef WENGERT_GSL_H
#define WENGERT_GSL_H

#include <gsl/gsl_blas.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>
#include <gsl/gsl_matrix.h>
#include <gsl/gsl_multifit_nlinear.h>
#include <gsl/gsl_multilarge_nlinear.h>
#include <gsl/gsl_multimin.h>
#include <gsl/gsl_multiroots.h>
#include <gsl/gsl_odeiv2.h>
#include <gsl/gsl_vector.h>

#include <wengert.h>
#include <wengert/gsl_special.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A status of this library as GSL's: GSL_SUCCESS; GSL_EDOM for WG_NONFINITE, which makes an ODE stepper try a shorter
 * step; GSL_EINVAL, GSL_ENOMEM, GSL_EBADLEN (WG_ESHAPE); GSL_EMAXITER (WG_NOCONV); GSL_EBADFUNC for other errors. */
WG_API int wg_gsl_errno (int status);

/* ---------------------------------------------------------------- functions for GSL
 *
 * All are values: params is f itself, which must outlive them, and belongs to one thread at a time.  Derivatives are exact.
 * When GSL calls, an error stays in f (wg_fun_status; the text is wg_last_error ()) and GSL gets wg_gsl_errno of it, or NaN
 * where there is no return code.  That goes for a function of the wrong shape and for f NULL too.  The vectors that GSL
 * hands over may have strides; nothing is allocated after the first call of a kind. */

/* One input, one output: root finding, minimization, quadrature in one dimension. */
WG_API gsl_function     wg_gsl_function (wg_fun *f);
WG_API gsl_function_fdf wg_gsl_function_fdf (wg_fun *f);

/* n inputs, one output. */
WG_API gsl_multimin_function     wg_gsl_multimin_f (wg_fun *f);
WG_API gsl_multimin_function_fdf wg_gsl_multimin (wg_fun *f);

/* n inputs, n outputs. */
WG_API gsl_multiroot_function     wg_gsl_multiroot_f (wg_fun *f);
WG_API gsl_multiroot_function_fdf wg_gsl_multiroot (wg_fun *f);

/* Residuals: p inputs, n outputs, in GSL's letters.  fvv is exact, by dual of dual numbers. */
WG_API gsl_multifit_nlinear_fdf wg_gsl_multifit (wg_fun *f);

/* The same for large problems: J u and J^T u by one sweep, the Jacobian is never formed; J^T J (both triangles) by p
 * products. */
WG_API gsl_multilarge_nlinear_fdf wg_gsl_multilarge (wg_fun *f);

/* The system y' = f (t, y) from f with inputs t, y[m] and outputs y'[m], or, autonomous, from f with inputs y[m]. */
WG_API gsl_odeiv2_system wg_gsl_odeiv2 (wg_fun *f);

/* ---------------------------------------------------------------- drivers on GSL's vectors and matrices
 *
 * As those of <wengert/deriv.h> without _gsl, with the same statuses (not GSL's); sizes are checked, WG_ESHAPE.  Strides and
 * tda are respected: views of parts are fine.  x NULL: the last point.  Outputs may be NULL, and may not overlap inputs
 * or each other. */
WG_API int wg_gsl_eval     (wg_fun *f, const gsl_vector *x, gsl_vector *y);
WG_API int wg_gsl_gradient (wg_fun *f, const gsl_vector *x, double *y, gsl_vector *g);
WG_API int wg_gsl_jvp      (wg_fun *f, const gsl_vector *x, const gsl_vector *v, gsl_vector *y, gsl_vector *jv);
WG_API int wg_gsl_vjp      (wg_fun *f, const gsl_vector *x, const gsl_vector *u, gsl_vector *y, gsl_vector *uj);
WG_API int wg_gsl_hvp      (wg_fun *f, const gsl_vector *x, const gsl_vector *v, double *y, gsl_vector *g, gsl_vector *hv);
/* A product for each row of V[k x n]. */
WG_API int wg_gsl_hvps     (wg_fun *f, const gsl_vector *x, const gsl_matrix *V, double *y, gsl_vector *g, gsl_matrix *HV);
WG_API int wg_gsl_hvp_weighted (wg_fun *f, const gsl_vector *x, const gsl_vector *u, const gsl_vector *v,
                                gsl_vector *y, gsl_vector *uj, gsl_vector *hv);
WG_API int wg_gsl_fvv      (wg_fun *f, const gsl_vector *x, const gsl_vector *v, gsl_vector *y, gsl_vector *jv, gsl_vector *fvv);
WG_API int wg_gsl_gnvp     (wg_fun *f, const gsl_vector *x, const gsl_vector *v, gsl_vector *y, gsl_vector *out);
WG_API int wg_gsl_jacobian (wg_fun *f, const gsl_vector *x, gsl_vector *y, gsl_matrix *J);
WG_API int wg_gsl_hessian  (wg_fun *f, const gsl_vector *x, double *y, gsl_vector *g, gsl_matrix *H);

#ifdef __cplusplus
}
#endif
#endif
