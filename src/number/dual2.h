/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * The dual number over dual numbers: second derivatives forward, third in reverse.
 */
#ifndef WENGERT_NUMBER_DUAL2_H
#define WENGERT_NUMBER_DUAL2_H

#include <wengert/dual.h>

typedef struct { wg_dual v, d; } wgi_dual2;

#define WGI_NUM wgi_dual2
#define WGI_BASE wg_dual
#define WGI_BASE_TYPE wg_dual
#include <wengert/dual_number.h>

#endif
