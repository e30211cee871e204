/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Linear algebra on arrays (<wengert/array.h>), by LAPACK, with derivatives of every order unless told.  An operand is a matrix, or a stack of
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

/* X of least |A X - B|; when A is wide, that of least |X| with A X = B.  A has full rank.  By QR. */
WG_API wg_var wg_lstsq (wg_var a, wg_var b);

/* The determinant, with derivatives at singular matrices too, to order 7. */
WG_API wg_var wg_det (wg_var a);

/* log |det A|, and its sign, which has no derivative (NULL: not wanted). */
WG_API wg_var wg_logdet (wg_var a, wg_var *sign);

/* The lower L with L L^T = A, symmetric; zeros above. */
WG_API wg_var wg_cholesky (wg_var a);

/* A = Q R, k = min (m, n): Q (m, k) with orthonormal columns, R (k, n) upper triangular with diagonal >= 0.  q, r: NULL allowed.
 * Derivatives where the first k columns of A are independent. */
WG_API void wg_qr (wg_var a, wg_var *q, wg_var *r);

/* A = V diag (w) V^T, symmetric, w ascending; the largest component of each column of V is positive.  w, v: NULL allowed.  With V
 * derivatives where the eigenvalues differ by more than 4 n eps max |w|.  With v == NULL those of w alone: first ones always, at
 * equal eigenvalues right for functions that do not depend on their order; second ones as with V.  Functions of A that are
 * smooth across equal eigenvalues are wg_funm_sym and its like; of V alone it cannot be seen whether a use of it is such. */
WG_API void wg_eigh (wg_var a, wg_var *w, wg_var *v);

/* A = U diag (s) V^T, k = min (m, n): U (m, k), s (k,) descending, V (n, k), the largest component of each of its columns positive.  u, s, v:
 * NULL allowed.  With U or V derivatives where singular values differ as above, and are not 0 unless m = n; both being NULL, of s alone as
 * above. */
WG_API void wg_svd (wg_var a, wg_var *u, wg_var *s, wg_var *v);

/* Functions of symmetric matrices, exact at equal eigenvalues, derivatives to order 6, the k-th for n^(k+1) divided
 * differences: exp, log, square root, power, and any f.
 * f (order, x, ctx) is its derivative of this order, orders being the highest there is: f with k derivatives needs k of them, and more
 * where eigenvalues are close; it may be called by several threads, and lives as long as what is recorded. */
typedef double wg_matrix_function (int order, double x, void *ctx);
WG_API wg_var wg_expm_sym (wg_var a);
WG_API wg_var wg_logm_sym (wg_var a);
WG_API wg_var wg_sqrtm_sym (wg_var a);
WG_API wg_var wg_powm_sym (wg_var a, double p);
WG_API wg_var wg_funm_sym (wg_var a, wg_matrix_function *f, int orders, void *ctx);

/* exp (A) of any square A, derivatives to order 6: Pade of degree 13, scaling and squaring (Higham 2005; Al-Mohy and Higham 2009). */
WG_API wg_var wg_expm (wg_var a);

#ifdef __cplusplus
}
#endif
#endif
