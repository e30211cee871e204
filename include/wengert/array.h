/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Variables with a shape: vectors, matrices, arrays of rank up to 8, in models.  A wg_var of shape () is a scalar; the elementwise
 * calls of <wengert/generic.h> take arrays too, and broadcast as NumPy does: shapes are aligned at the right, an axis of dimension 1
 * repeats, numbers and scalars are arrays of shape ().  Axes count from 0, or from the end with -1; elements go by rows.
 *
 * Views (wg_at, wg_col, wg_slice, wg_t, wg_transpose, wg_expand, wg_broadcast, and wg_reshape of what lies in one piece) name elements
 * that are there: they record nothing and cost nothing when replayed.
 *
 * As with all recording nothing fails visibly: shapes that do not fit are the recording's first error (WG_ESHAPE), with the
 * operation and the shapes; then results are NaN scalars, and wg_fun_record returns NULL.  A guard (wg_lt ...) on an array is such an error.
 * Memory for what is recorded is the recording's; replays use memory of their handle, none after the first of a kind.
 * NULL is allowed only where it is said.  Arrays given (dims, indices, data) are copied.
 */
#ifndef WENGERT_ARRAY_H
#define WENGERT_ARRAY_H

#include <wengert/var.h>

#ifdef __cplusplus
extern "C" {
#endif

#define WG_RANK 8                      /* the highest rank */

/* The scalars first[0 .. size) by rows as an array of shape dim[rank].  Inputs and parameters one after the other, and elements of
 * another array in their order, are a view; others are gathered by an operation.  size is the product of dim. */
WG_API wg_var wg_array (const wg_var first[], int rank, const size_t dim[]);
WG_API wg_var wg_vec (const wg_var *first, size_t n);
WG_API wg_var wg_mat (const wg_var *first, size_t rows, size_t cols);

/* The elements of a by rows into y[wg_size (a)].  When the recording has failed a may be a scalar: then y[0] alone. */
WG_API void wg_unstack (wg_var a, wg_var y[]);

/* Numbers as an array on the recording of like (a literal: this thread's innermost).  data[product of dim]; NULL: zeros.  They are
 * copied once, shared by all that use them, and fixed as constants are. */
WG_API wg_var wg_constant (wg_var like, int rank, const size_t dim[], const double data[]);

/* Its shape: rank; dimension of an axis, 1 for an axis that it does not have; number of elements. */
WG_API int wg_rank (wg_var a);
WG_API size_t wg_dim (wg_var a, int axis);
WG_API size_t wg_size (wg_var a);

/* a[i]: element i of a vector, row i of a matrix, in general what is left without the first axis.  Column j of a matrix. */
WG_API wg_var wg_at (wg_var a, size_t i);
WG_API wg_var wg_col (wg_var a, size_t j);

/* Indices begin .. end - 1 of an axis, every step-th of them; a negative step goes from end - 1 down. */
WG_API wg_var wg_slice (wg_var a, int axis, size_t begin, size_t end, ptrdiff_t step);

/* The last two axes exchanged (a vector stays as it is); axis i of the result being axis[i] of a. */
WG_API wg_var wg_t (wg_var a);
WG_API wg_var wg_transpose (wg_var a, const int axis[]);

/* A new axis of dimension 1 at this place of the result; a repeated to a larger shape. */
WG_API wg_var wg_expand (wg_var a, int axis);
WG_API wg_var wg_broadcast (wg_var a, int rank, const size_t dim[]);

/* The same elements by rows in another shape: a view if they lie in one piece, else a copy.  wg_ravel: as a vector, vec of the rows
 * one after the other; wg_vec_cols: of the columns, as vec has it in matrix calculus. */
WG_API wg_var wg_reshape (wg_var a, int rank, const size_t dim[]);
WG_API wg_var wg_ravel (wg_var a);
WG_API wg_var wg_vec_cols (wg_var a);

/* Along a new first axis, arrays of one shape; along an axis that they have, arrays that differ only there.  count > 0. */
WG_API wg_var wg_stack (size_t count, const wg_var x[]);
WG_API wg_var wg_concat (size_t count, const wg_var x[], int axis);

/* The elements index[count] of an axis, in this order, repetitions allowed.  wg_scatter is the transpose: element i of the axis is
 * added to index[i] of an axis of dimension dim, the rest being 0. */
WG_API wg_var wg_gather (wg_var a, int axis, size_t count, const int index[]);
WG_API wg_var wg_scatter (wg_var a, int axis, size_t count, const int index[], size_t dim);

/* Sums: of all elements; over count axes (one twice: WG_ESHAPE), which stay with dimension 1 when keep is not 0.  Along a row eight partial sums take turns. */
WG_API wg_var wg_sum (wg_var a);
WG_API wg_var wg_sum_axes (wg_var a, int count, const int axis[], int keep);

/* Matrix product: the last axis of a with the last but one of b, leading axes broadcast; a vector a is a row, a vector b a
 * column, and that axis is not in the result: two vectors give their scalar product.  By CBLAS, in place where an axis of the operand has stride 1. */
WG_API wg_var wg_matmul (wg_var a, wg_var b);

#ifdef __cplusplus
}
#endif
#endif
