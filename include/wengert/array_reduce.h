/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Reductions of arrays.  NAME (a) is over all elements, NAME_axes (a, ..., count, axis, keep) over count axes (negative ones from
 * the end), which stay with dimension 1 when keep is not 0; axis may be NULL when count is 0.  Errors, memory and threads are
 * as in <wengert/array.h>; an axis that is not there, or comes twice, is WG_ESHAPE.  Derivatives have every order.
 */
#ifndef WENGERT_ARRAY_REDUCE_H
#define WENGERT_ARRAY_REDUCE_H

#include <wengert/array.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The sum divided by the number n of elements; NaN of none. */
WG_API wg_var wg_mean (wg_var a);
WG_API wg_var wg_mean_axes (wg_var a, int count, const int axis[], int keep);

/* sum (x - mean)^2/(n - ddof), in two passes.  n <= ddof is WG_ESHAPE. */
WG_API wg_var wg_variance (wg_var a, size_t ddof);
WG_API wg_var wg_variance_axes (wg_var a, size_t ddof, int count, const int axis[], int keep);

/* The product, neighbours first, and so on; 1 of none.  Derivatives are products of the other factors: exact at zeros. */
WG_API wg_var wg_prod (wg_var a);
WG_API wg_var wg_prod_axes (wg_var a, int count, const int axis[], int keep);

/* The largest, the smallest element; NaN if one is NaN; WG_ESHAPE of none.  The derivative is that of the first such element by rows. */
WG_API wg_var wg_amax (wg_var a);
WG_API wg_var wg_amax_axes (wg_var a, int count, const int axis[], int keep);
WG_API wg_var wg_amin (wg_var a);
WG_API wg_var wg_amin_axes (wg_var a, int count, const int axis[], int keep);

/* The number, by rows from 0, of that element among those that are reduced: a value without derivative.  wg_index (wg_argmax (a)) is it
 * as an int, with a guard. */
WG_API wg_var wg_argmax (wg_var a);
WG_API wg_var wg_argmax_axes (wg_var a, int count, const int axis[], int keep);
WG_API wg_var wg_argmin (wg_var a);
WG_API wg_var wg_argmin_axes (wg_var a, int count, const int axis[], int keep);

/* (sum |x|^p)^(1/p) for p = 1, 2 or INFINITY (else WG_ESHAPE), of the elements: 2 over both axes of a matrix is its Frobenius norm.  For 2 nothing
 * overflows or vanishes on the way.  At 0 the first derivative is 0; for p = 2 the second is NaN, reported as WG_NONFINITE. */
WG_API wg_var wg_norm (wg_var a, double p);
WG_API wg_var wg_norm_axes (wg_var a, double p, int count, const int axis[], int keep);

/* The sum of the products of elements, of two arrays of one shape. */
WG_API wg_var wg_dot (wg_var a, wg_var b);

/* log (sum exp x), which does not overflow for finite x; -inf with derivative 0 when all are -inf, or there are none. */
WG_API wg_var wg_logsumexp (wg_var a);
WG_API wg_var wg_logsumexp_axes (wg_var a, int count, const int axis[], int keep);

/* exp x/sum exp x along an axis (0 when all are -inf), and its logarithm, which is finite for finite x: beyond the range it stays at -DBL_MAX. */
WG_API wg_var wg_softmax (wg_var a, int axis);
WG_API wg_var wg_log_softmax (wg_var a, int axis);

/* Sums of the elements of an axis up to each of them. */
WG_API wg_var wg_cumsum (wg_var a, int axis);

#ifdef __cplusplus
}
#endif
#endif
