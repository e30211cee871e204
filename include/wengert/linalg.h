/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Linear algebra on arrays (<wengert/array.h>), by LAPACK, with derivatives of every order.  An operand is a matrix, or a stack of
 * matrices whose leading axes broadcast; a right-hand side may be a vector.
 *
 * Symmetric operands: the function is one of the symmetric part, (A + A^T)/2, of which both triangles are read.  So an adjoint of
 * a symmetric operand is symmetric, every element of A counting: the gradient of log det A is A^-1.
 *
 * Where a result, or a derivative, does not exist, it is NaN, and the drivers return the notice WG_NONFINITE with the reason in wg_last_error:
 * singular systems, a matrix that is not positive definite (an optimizer then shortens its step), derivatives of eigenvectors at
 * equal eigenvalues.  Matrices that are not square, or do not fit, end a recording with WG_ESHAPE.
 */
#ifndef WENGERT_LINALG_H
#define WENGERT_LINALG_H

#include <wengert/array.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A^-1 B: any A; A symmetric positive definite, by Cholesky. */
WG_API wg_var wg_solve (wg_var a, wg_var b);
WG_API wg_var wg_solve_spd (wg_var a, wg_var b);

/* A triangular: only this triangle of A is read, with WG_UNIT not its diagonal, which is 1.  WG_TRANSPOSED: A^-T B, A being as the
 * other flags say. */
enum { WG_LOWER = 0, WG_UPPER = 1, WG_TRANSPOSED = 2, WG_UNIT = 4 };
WG_API wg_var wg_solve_triangular (wg_var a, wg_var b, unsigned how);

/* A^-1; where it is only multiplied, wg_solve is better. */
WG_API wg_var wg_inverse (wg_var a);

/* log |det A|, and its sign, which has no derivative (NULL: not wanted). */
WG_API wg_var wg_logdet (wg_var a, wg_var *sign);

/* The lower L with L L^T = A, symmetric; zeros above. */
WG_API wg_var wg_cholesky (wg_var a);

#ifdef __cplusplus
}
#endif
#endif
