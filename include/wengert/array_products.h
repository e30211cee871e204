/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Products of arrays besides wg_matmul: outer, Kronecker, quadratic forms, convolutions; diagonals and traces.  Errors, memory and
 * threads are as in <wengert/array.h>: shapes that do not fit are WG_ESHAPE.  Derivatives have every order.
 */
#ifndef WENGERT_ARRAY_PRODUCTS_H
#define WENGERT_ARRAY_PRODUCTS_H

#include <wengert/array.h>

#ifdef __cplusplus
extern "C" {
#endif

/* a b^T of two vectors. */
WG_API wg_var wg_outer (wg_var a, wg_var b);

/* The Kronecker product, of ranks up to 4: blocks a[i, j] b.  Missing leading axes have dimension 1. */
WG_API wg_var wg_kron (wg_var a, wg_var b);

/* x^T A x; A need not be symmetric, and is not made so. */
WG_API wg_var wg_quadratic (wg_var A, wg_var x);

/* The diagonal of the last two axes, a view; the matrix that has a vector as its diagonal; the sum of the diagonal. */
WG_API wg_var wg_diagonal (wg_var A);
WG_API wg_var wg_diag (wg_var v);
WG_API wg_var wg_trace (wg_var A);

/* Which elements of a convolution: all that have a term (na + nk - 1), those with all terms (na - nk + 1, na >= nk), or na of the first, centred:
 * from its element (nk - 1)/2 on. */
typedef enum { WG_CONV_FULL, WG_CONV_VALID, WG_CONV_SAME } wg_conv_mode;

/* y[i] = sum_j a[i - j] k[j] along the last axis, or in both of the last two; leading axes are broadcast.  This is the convolution of
 * mathematics: for a correlation turn the kernel around, wg_slice (k, -1, 0, nk, -1).  Direct sums, of na nk terms. */
WG_API wg_var wg_conv (wg_var a, wg_var k, wg_conv_mode mode);
WG_API wg_var wg_conv2 (wg_var a, wg_var k, wg_conv_mode mode);

#ifdef __cplusplus
}
#endif
#endif
