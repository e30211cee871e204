/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * What builders use besides the public calls: operations that move elements, and sums over axes as a set.
 */
#ifndef WENGERT_ARRAY_MOVES_H
#define WENGERT_ARRAY_MOVES_H

#include "array/array.h"

/* The axis counted from the front; -1: there is none such, the error is kept. */
int wgi_axis (const char *name, wg_var a, const wgi_shape *s, int axis);
int wgi_axes (const char *name, wg_var a, const wgi_shape *s, int count, const int axis[], unsigned *set);

wg_var wgi_copy (wg_var a);                                  /* its elements one after the other */
wg_var wgi_stack (size_t count, const wg_var x[]);           /* along a new first axis */
wg_var wgi_filled (wg_var like, const wgi_shape *, double c);
wg_var wgi_reshaped (wg_var a, const wgi_seen *a_seen, const wgi_shape *);     /* a view, where a scalar may have to be copied */
wg_var wgi_sum_axes (wg_var a, unsigned axes, int keep);

/* Are these slots results of one operation on arrays? */
int wgi_arrays_have (const wgi_tape *, uint32_t slot, size_t count);

#endif
