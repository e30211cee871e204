/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * GSL's special functions in models: ordinary calls on variables, each one operation, differentiable to any order.  Values
 * are GSL's; derivatives come from the recurrences that are named, whose terms are such calls again.  Literals give literals.
 *
 * A partial derivative that has no closed form here is an error, WG_EORDER, where it is needed: an operand that is a
 * number, a parameter or flat needs none.  Outside a domain the value is NaN, past a double's range 0 or an infinity; values
 * below 1e-290 may be 0.  GSL's error handler is never called: where GSL would, the value is settled before, or NaN: ln Gamma
 * below -1e9, J and Y beyond x = 1e8, I and K where they fit a double but e^-x I or e^x K do not.
 * Errors of recording are kept by the recording.
 */
#ifndef WENGERT_GSL_SPECIAL_H
#define WENGERT_GSL_SPECIAL_H

#include <wengert/var.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Gamma (x), and ln |Gamma (x)|, x no pole.  Gamma' = Gamma psi (DLMF 5.2.2). */
WG_API wg_var wg_gsl_gamma (wg_var x);
WG_API wg_var wg_gsl_lngamma (wg_var x);

/* psi (x), and its n-th derivative, n >= 0: the next one is psi_n+1. */
WG_API wg_var wg_gsl_psi (wg_var x);
WG_API wg_var wg_gsl_psi_n (int n, wg_var x);

/* B (a, b) = Gamma (a) Gamma (b)/Gamma (a + b), and its logarithm, a, b > 0.  (ln B)_a = psi (a) - psi (a + b). */
WG_API wg_var wg_gsl_beta (wg_var a, wg_var b);
WG_API wg_var wg_gsl_lnbeta (wg_var a, wg_var b);

/* Bessel functions of integer order, |n| <= 1000: J and I for all x, Y and K for x > 0.
 * 2 C_n' = C_n-1 - C_n+1 for J and Y (10.6.1), I_n-1 + I_n+1, -K_n-1 - K_n+1 (10.29.1). */
WG_API wg_var wg_gsl_bessel_Jn (int n, wg_var x);
WG_API wg_var wg_gsl_bessel_Yn (int n, wg_var x);
WG_API wg_var wg_gsl_bessel_In (int n, wg_var x);
WG_API wg_var wg_gsl_bessel_Kn (int n, wg_var x);

/* Of real order, 0 <= nu <= 1000, x >= 0 (Y, K: x > 0); below nu = 1 by C_nu' = nu/x C_nu -+ C_nu+1.  No derivative with
 * respect to nu. */
WG_API wg_var wg_gsl_bessel_Jnu (wg_var nu, wg_var x);
WG_API wg_var wg_gsl_bessel_Ynu (wg_var nu, wg_var x);
WG_API wg_var wg_gsl_bessel_Inu (wg_var nu, wg_var x);
WG_API wg_var wg_gsl_bessel_Knu (wg_var nu, wg_var x);

/* The regularized incomplete gamma functions, a > 0, x >= 0: P_x = x^(a-1) e^-x/Gamma (a) = -Q_x (8.8.13).  No derivative
 * with respect to a of the functions themselves; their derivatives by x have all. */
WG_API wg_var wg_gsl_gamma_inc_P (wg_var a, wg_var x);
WG_API wg_var wg_gsl_gamma_inc_Q (wg_var a, wg_var x);

#ifdef __cplusplus
}
#endif
#endif
