/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 */
#include "tape/rows.h"

/* A map as a number: is there one? */
#define SAME 1
#define FLIP 1
#define VIA(p) 1
#define FLIP_VIA(p) 1
#define OVER(q) 1
#define SCALE_OVER(c, q) 1
#define WHERE(test, map) map
#define UNLESS(test, map) map
#define WHEN(test, map) map
#define NONE 0

const wgi_row_info wgi_rows[WGI_ROWS] = {
#define ROW1(name, ma)         [WGI_ROW_##name] = { #name, 1, 1, ma },
#define ROW1K(name, ma)        [WGI_ROW_##name] = { #name, 1, 2, ma },
#define ROW1C(name, ma)        [WGI_ROW_##name] = { #name, 2, 3, ma },
#define ROW2(name, ma, mb)     [WGI_ROW_##name] = { #name, 2, 2, ma | mb << 1 },
#define ROW2K(name, ma, mb)    [WGI_ROW_##name] = { #name, 2, 3, ma | mb << 1 },
#define ROW3(name, ma, mb, mc) [WGI_ROW_##name] = { #name, 3, 3, ma | mb << 1 | mc << 2 },
#define FLAT1(name)            [WGI_ROW_##name] = { #name, 1, 1, 0 },
#define FLAT2(name)            [WGI_ROW_##name] = { #name, 2, 2, 0 },
#include <wengert/rules.def>
#define X(name, operands)      [WGI_GUARD_##name] = { #name, operands, operands + 1, 0 },
  WGI_GUARDS (X)
  [WGI_ROW_call] = { "call", 0, 1, 0 },
  [WGI_ROW_part] = { "part", 1, 2, 1 },
};
