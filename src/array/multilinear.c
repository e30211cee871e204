/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Derivatives of matrix functions that go on for ever: g_k (A; E_1 .. E_k), the k-th derivative of g in these directions, is one
 * primitive for all k.  Its tangent by A has one direction more.  The functions here are gradients: with some phi of matrices
 * tr (g (A) E) = D phi (A)[E], so that tr (g_k (A; E_1 .. E_k) E) does not depend on the order of E_1 .. E_k, E, and the adjoint of E_i is
 * g_k again, transposed, with ybar^T in its place.
 */
#include <string.h>

#include "array/linalg.h"

static size_t leading (const wgi_op *op) { return (size_t) op->attr[0]; }

int wgi_multilinear_shape (wgi_op *op)
{
  const int rc = wgi_square_shape (op, leading (op) == 2 ? 2 : 0);
  if (rc) return rc;
  if (op->nx - leading (op) > WGI_DIRECTIONS) return wgi_fail (WG_ELIMIT, "%s: derivatives of order %d at most", op->prim->name, WGI_DIRECTIONS);
  wgi_stack_add (op, 0, 2, wgi_high (op, 0), wgi_high (op, 0));
  return WG_OK;
}

/* With e as operand at, or after all. */
static wg_var with (const wgi_op *op, const wg_var x[], size_t at, wg_var e)
{
  wg_var other[WGI_DIRECTIONS + 3];
  memcpy (other, x, op->nx*sizeof *x);
  other[at] = e;
  return wgi_array_apply1 (op->prim, op->nx + (at == op->nx), other, op->attrs, op->attr);
}

void wgi_multilinear_jvp (const wgi_op *op, const wg_var x[], const wg_var y[], const wg_var dx[], wg_var dy[])
{
  (void) y;
  if (!wg_is_missing (dx[0])) dy[0] = with (op, x, op->nx, dx[0]);
  for (size_t i = leading (op); i < op->nx; i++)
    if (!wg_is_missing (dx[i])) dy[0] = wgi_sum_of (dy[0], with (op, x, i, dx[i]));
}

void wgi_multilinear_vjp (const wgi_op *op, const wg_var x[], const wg_var y[], const wg_var ybar[], wg_var xbar[])
{
  const wg_var e = wg_t (ybar[0]);
  (void) y;
  xbar[0] = wg_t (with (op, x, op->nx, e));
  for (size_t i = leading (op); i < op->nx; i++) xbar[i] = wg_t (with (op, x, i, e));
}
