/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * The value of a row for many elements: y[n] = row (a, b, c), the operands' elements sa, sb, sc apart, those of y next to each other.
 * Rows behind those of the rule table are for adjoints, which are at rest when -0.0: such an element stays so whatever the partial.
 */
#ifndef WENGERT_ARRAY_ROW_LOOPS_H
#define WENGERT_ARRAY_ROW_LOOPS_H

#include <stddef.h>

#include "tape/rows.h"

enum {
  WGI_ROW_PULL = WGI_ROWS,             /* t p */
  WGI_ROW_PULL_OVER,                   /* t/d */
  WGI_ALL_ROWS
};

typedef void wgi_row_loop (size_t n, const double *a, ptrdiff_t sa, const double *b, ptrdiff_t sb, const double *c, ptrdiff_t sc,
                           int k, double *y);

extern wgi_row_loop *const wgi_row_loops[WGI_ALL_ROWS];          /* NULL for guards and calls */

/* Operands of a row here, its name. */
static inline int wgi_row_operands (int row) { return row < WGI_ROWS ? wgi_rows[row].operands : 2; }
const char *wgi_row_name (int row);

#endif
