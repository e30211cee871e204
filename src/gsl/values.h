/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Values of GSL's special functions, by calls that cannot reach GSL's error handler.
 */
#ifndef WENGERT_GSL_VALUES_H
#define WENGERT_GSL_VALUES_H

#include <stdint.h>

double wgi_value_gamma (double x);
double wgi_value_lngamma (double x);
double wgi_value_psi (int n, double x);                  /* n >= 0 */
double wgi_value_beta (double a, double b);
double wgi_value_lnbeta (double a, double b);
double wgi_value_gamma_inc (double a, double x, int upper);

enum wgi_bessel { WGI_BESSEL_J, WGI_BESSEL_Y, WGI_BESSEL_I, WGI_BESSEL_K };

double wgi_value_bessel_n (enum wgi_bessel kind, int n, double x);
double wgi_value_bessel_nu (enum wgi_bessel kind, double nu, double x);

#endif
