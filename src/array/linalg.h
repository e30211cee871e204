/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * What the operations of linear algebra have in common: operands are stacks of matrices whose leading axes broadcast, kernels see
 * one matrix of each, work is on copies by rows.  A row-major matrix is LAPACK's transpose, so that triangles and factors change
 * sides and nothing is copied for LAPACK's sake.
 *
 * A decomposition that derivatives need again is an operand of its own, F below: a function of A which the builders of those who
 * use it take into account, and which so has no derivative of its own.  A matrix is factored once for derivatives of any order.
 */
#ifndef WENGERT_ARRAY_LINALG_H
#define WENGERT_ARRAY_LINALG_H

#include "array/matrix.h"
#include "array/moves.h"
#include "sweep/plane.h"

/* shapes */

/* The leading axes that the operands have in common; bit i of flat: operand i is a stack of vectors.  y has them, then rank more. */
int wgi_stack_shape (wgi_op *, unsigned flat);
void wgi_stack_add (wgi_op *, size_t output, int rank, size_t rows, size_t cols);
static inline size_t wgi_high (const wgi_op *op, size_t i) { return op->x[i].shape.dim[op->x[i].shape.rank - 2]; }
static inline size_t wgi_wide (const wgi_op *op, size_t i) { return op->x[i].shape.dim[op->x[i].shape.rank - 1]; }
int wgi_square_shape (wgi_op *, unsigned flat);      /* the same, the first operand being square */

/* kernels */

/* One matrix of each operand, a vector being a column; y its results. */
typedef int wgi_matrix_kernel (const wgi_op *, const wgi_matrix x[], double *const y[], wgi_run *);
int wgi_each_matrix (const wgi_op *, unsigned flat, wgi_matrix_kernel *, const double *const x[], double *const y[], wgi_run *);

void wgi_matrix_copy (const wgi_matrix *, double to[]);               /* by rows */
void wgi_matrix_symmetric (const wgi_matrix *, double to[]);          /* (A + A^T)/2 */
int wgi_spoil (wgi_run *, size_t n, double y[], const char *why);     /* NaN, and the notice */

/* builders */

enum { WGI_DROP, WGI_KEEP, WGI_HALVE };                               /* the diagonal */
wg_var wgi_triangle (wg_var a, int upper, int diagonal);              /* the rest becomes 0 */
wg_var wgi_symmetric_part (wg_var a);
wg_var wgi_identity (wg_var like, size_t n);
wg_var wgi_scaled (double c, wg_var a);
wg_var wgi_sum_matrix (wg_var a);                                     /* over the last two axes */

/* F of A, without derivatives: LU of a square one; the lower Cholesky factor of its symmetric part. */
wg_var wgi_lu_of (wg_var a);
wg_var wgi_spd_factor (wg_var a);
wg_var wgi_solve_lu (wg_var a, wg_var lu, wg_var b, int transposed);

wg_var wgi_eigen_of (wg_var a);                                       /* w[n], then V^T by rows */
wg_var wgi_svd_of (wg_var a);                                         /* U by rows, s, V^T by rows */

/* 1/(w[j] - w[i]), with squares of the squares of w; 0 where i = j.  Equal numbers, and with squares = 2 those that are 0: NaN, and the
 * notice. */
wg_var wgi_gaps (wg_var w, int squares);

/* A vector along the rows, or the columns, of a matrix. */
static inline wg_var wgi_as_row (wg_var v) { return wg_expand (v, -2); }
static inline wg_var wgi_as_column (wg_var v) { return wg_expand (v, -1); }

/* Builders of multilinear.c, for functions that are derivatives of others of their kind; attr[0] operands come before directions. */
enum { WGI_DIRECTIONS = 6 };
void wgi_multilinear_jvp (const wgi_op *, const wg_var x[], const wg_var y[], const wg_var dx[], wg_var dy[]);
void wgi_multilinear_vjp (const wgi_op *, const wg_var x[], const wg_var y[], const wg_var ybar[], wg_var xbar[]);
int wgi_multilinear_shape (wgi_op *);

/* In place: f[n*n + n] from a matrix by rows, b[n*k] := A^-1 b. */
int wgi_lu_factor_of (size_t n, double f[], wgi_run *);
void wgi_lu_divide (size_t n, size_t k, const double f[], double b[]);

/* A vector on the right as a column, and the result without it. */
wg_var wgi_as_columns (wg_var b);
wg_var wgi_like_columns (wg_var b, wg_var x);

/* No derivatives: of operands F. */
void wgi_no_jvp (const wgi_op *, const wg_var x[], const wg_var y[], const wg_var dx[], wg_var dy[]);
void wgi_no_vjp (const wgi_op *, const wg_var x[], const wg_var y[], const wg_var ybar[], wg_var xbar[]);

#endif
