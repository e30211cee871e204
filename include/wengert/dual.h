/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Dual numbers, forward mode without a tape: wg_dual carries one tangent, wg_dualn WG_DUAL_N of them.
 * Header-only, needs no library but libm:
 *
 *     wg_dual x = { 3, 1 }, y = wg_mul (x, wg_sin (x));      // y.v = f (3), y.d = f' (3)
 *
 * Functions wg_dual_<row>, wg_dualn_<row> for every row of rules.def; the generic calls wg_mul ... choose
 * between them by type.  Define WG_DUAL_N before the first inclusion to choose the number of tangents of
 * wg_dualn (default 4); the type is local to the translation unit.
 */
#ifndef WENGERT_DUAL_H
#define WENGERT_DUAL_H

#include <wengert/leaf.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct { double v, d; } wg_dual;

#define WGI_NUM wg_dual
#define WGI_BASE wg_double
#define WGI_BASE_TYPE double
#include <wengert/dual_number.h>

#ifdef __cplusplus
}
#endif

#include <wengert/dualn.h>
#include <wengert/generic.h>
#endif
