/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Operations line by line: a line is what the last axes of the operand hold, as many as attr[0] says, one element after the other.
 * The axes that a caller names are moved there first, which is a view.  A line becomes one element, or a line.
 */
#ifndef WENGERT_ARRAY_LINES_H
#define WENGERT_ARRAY_LINES_H

#include <wengert/array_reduce.h>

#include "array/array.h"

enum { WGI_ALL_AXES = -1 };            /* as a count of axes: all of them */

/* One line into one element, or into n. */
typedef void wgi_line (const wgi_op *, size_t n, const double x[], double y[]);
int wgi_lines_each (const wgi_op *, const double *x, double *y, wgi_line *, wgi_run *);

/* Shape rules: lines become elements; the shape stays. */
int wgi_lines_reduced (wgi_op *);
int wgi_lines_kept (wgi_op *);

/* The operation on count axes of a; if keep they stay with dimension 1.  attr[attrs]: from attr[1] on. */
wg_var wgi_lines_reduce (const wgi_primitive *, const char *name, wg_var a, int count, const int axis[], int keep, size_t attrs,
                         const long attr[]);
/* The operation along one axis, by which lines become lines. */
wg_var wgi_lines_along (const wgi_primitive *, wg_var a, int axis);

/* For builders: the sum over lines, if keep as a line of one element; y, an element per line, as such. */
wg_var wgi_lines_sum (const wgi_op *, wg_var a, int keep);
wg_var wgi_lines_expand (const wgi_op *, wg_var y);

/* Adjoints t through partials p: what is at rest stays so. */
wg_var wgi_pulled (wg_var t, wg_var p);

/* Kinks of an operation at these values of its operand, a tie or a norm of 0, shown as rows: max (v, v), hypot (0, 0). */
int wgi_lines_show (const wgi_op *, const double *x, void (*show) (void *, int row, int k, const double operand[3]), void *);
extern const wgi_primitive wgi_amax_lines, wgi_norm_lines;
wgi_line wgi_tied_line, wgi_norm_line;

/* How many elements these axes have together.  0: no such axis, told. */
int wgi_axes_size (const char *name, wg_var a, int count, const int axis[], size_t *size);

#endif
