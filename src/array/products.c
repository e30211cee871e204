/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Products that are other operations on views: outer, Kronecker, quadratic form; diagonals.
 */
#include <limits.h>
#include <math.h>
#include <stdlib.h>

#include "array/moves.h"

#include <wengert/array_products.h>
#include <wengert/array_reduce.h>

wg_var wg_outer (wg_var a, wg_var b)
{
  if (wg_rank (a) != 1 || wg_rank (b) != 1) return wgi_misfit ("outer", 2, (wg_var[]){ a, b }, "both must be vectors");
  return wg_matmul (wg_expand (a, 1), wg_expand (b, 0));
}

/* Elementwise, a having the axes (m1, 1, m2, 1 ...), b (1, n1, 1, n2 ...). */
wg_var wg_kron (wg_var a, wg_var b)
{
  const int more = wg_rank (b) - wg_rank (a), rank = more > 0 ? wg_rank (b) : wg_rank (a);
  size_t dim[WG_RANK];
  if (rank > WG_RANK/2) return wgi_misfit ("kron", 2, (wg_var[]){ a, b }, "ranks are 0 to 4");
  for (int i = 0; i < more; i++) a = wg_expand (a, 0);
  for (int i = 0; i < -more; i++) b = wg_expand (b, 0);
  for (int i = 0; i < rank; i++) dim[i] = wg_dim (a, i)*wg_dim (b, i);
  for (int i = 0; i < rank; i++) a = wg_expand (a, 2*i + 1), b = wg_expand (b, 2*i);
  return wg_reshape (wg_mul (a, b), rank, dim);
}

wg_var wg_quadratic (wg_var A, wg_var x)
{
  if (wg_rank (x) != 1 || wg_rank (A) != 2 || wg_dim (A, 0) != wg_dim (x, 0) || wg_dim (A, 1) != wg_dim (x, 0))
    return wgi_misfit ("quadratic", 2, (wg_var[]){ A, x }, "not a square matrix and a vector");
  return wg_matmul (x, wg_matmul (A, x));
}

/* diagonals */

wg_var wg_diagonal (wg_var A)
{
  wgi_seen s;
  if (!wgi_see (&A, &s)) return wg_num (NAN);
  if (s.shape.rank < 2) return wgi_misfit ("diagonal", 1, &A, "not a matrix");
  wgi_shape shape = s.shape;
  const int last = --shape.rank - 1;
  if (s.shape.dim[last+1] < shape.dim[last]) shape.dim[last] = s.shape.dim[last+1];
  shape.stride[last] += s.shape.stride[last+1];
  return wgi_array_view (&s, &shape, 0);
}

wg_var wg_trace (wg_var A)
{
  return wg_sum_axes (wg_diagonal (A), 1, (int[]){ -1 }, 0);
}

wg_var wg_diag (wg_var v)
{
  const size_t n = wg_dim (v, 0);
  if (wg_rank (v) != 1) return wgi_misfit ("diag", 1, &v, "not a vector");
  if (n > 46340) return wgi_misfit ("diag", 1, &v, "more elements than an int counts");
  int *at = malloc ((n + 1)*sizeof *at);
  if (!at) return wgi_no_memory ();
  for (size_t i = 0; i < n; i++) at[i] = (int) (i*(n + 1));
  const wg_var y = wg_reshape (wg_scatter (v, 0, n, at, n*n), 2, (size_t[]){ n, n });
  free (at);
  return y;
}
