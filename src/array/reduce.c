/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Reductions that are made of others: mean, variance, scalar product; the product, as a tree of elementwise products, whose
 * derivatives of every order are products of the other factors and so exact where factors are 0; and the running sum.
 */
#include <math.h>

#include "array/lines.h"
#include "array/moves.h"

wg_var wg_mean_axes (wg_var a, int count, const int axis[], int keep)
{
  size_t n;
  if (!wgi_axes_size ("mean", a, count, axis, &n)) return wg_num (NAN);
  return wg_div (count < 0 ? wg_sum (a) : wg_sum_axes (a, count, axis, keep), (double) n);
}

wg_var wg_mean (wg_var a)
{
  return wg_mean_axes (a, WGI_ALL_AXES, NULL, 0);
}

wg_var wg_variance_axes (wg_var a, size_t ddof, int count, const int axis[], int keep)
{
  size_t n;
  if (!wgi_axes_size ("variance", a, count, axis, &n)) return wg_num (NAN);
  if (n <= ddof) return wgi_misfit ("variance", 1, &a, "no more elements than ddof");
  const wg_var mean = count < 0 ? wg_mean (a) : wg_mean_axes (a, count, axis, 1), square = wg_sqr (wg_sub (a, mean));
  return wg_div (count < 0 ? wg_sum (square) : wg_sum_axes (square, count, axis, keep), (double) (n - ddof));
}

wg_var wg_variance (wg_var a, size_t ddof)
{
  return wg_variance_axes (a, ddof, WGI_ALL_AXES, NULL, 0);
}

wg_var wg_dot (wg_var a, wg_var b)
{
  wgi_seen s, t;
  if (!wgi_see (&a, &s) || !wgi_see (&b, &t)) return wg_num (NAN);
  if (!wgi_same_dims (&s.shape, &t.shape)) return wgi_misfit ("dot", 2, (wg_var[]){ a, b }, "the shapes differ");
  return wg_matmul (wg_ravel (a), wg_ravel (b));
}

/* product */

/* The elements of an axis multiplied, neighbours first; the axis stays. */
static wg_var product_along (wg_var a, int axis)
{
  wg_var rest = wg_num (1);
  for (size_t n = wg_dim (a, axis); n > 1; n /= 2)
    {
      if (n & 1) rest = wg_mul (wg_slice (a, axis, n - 1, n, 1), rest);
      a = wg_mul (wg_slice (a, axis, 0, n & ~(size_t) 1, 2), wg_slice (a, axis, 1, n, 2));
    }
  return rest.ids ? wg_mul (a, rest) : a;
}

wg_var wg_prod_axes (wg_var a, int count, const int axis[], int keep)
{
  wgi_seen s;
  unsigned set;
  if (!wgi_see (&a, &s) || !wgi_axes ("prod", a, &s.shape, count, axis, &set)) return wg_num (NAN);
  wgi_shape to = s.shape;
  to.rank = 0;
  for (int i = 0; i < s.shape.rank; i++)
    {
      const int gone = set >> i & 1;
      if (gone && s.shape.dim[i]) a = product_along (a, i);
      if (!gone || keep) to.dim[to.rank++] = gone ? 1 : s.shape.dim[i];
    }
  return wgi_shape_size (&s.shape) ? wg_reshape (a, to.rank, to.dim) : wgi_filled (a, &to, 1);
}

wg_var wg_prod (wg_var a)
{
  return wg_prod_axes (a, WGI_ALL_AXES, NULL, 0);
}

/* running sum */

static void cumsum_line (const wgi_op *op, size_t n, const double x[], double y[])
{
  double s = -0.;
  (void) op;
  for (size_t i = 0; i < n; i++) y[i] = s += x[i];
}

static int cumsum_kernel (const wgi_op *op, const double *const x[], double *const y[], wgi_run *run)
{
  return wgi_lines_each (op, x[0], y[0], cumsum_line, run);
}

static void cumsum_jvp (const wgi_op *op, const wg_var x[], const wg_var y[], const wg_var dx[], wg_var dy[])
{
  (void) op, (void) x, (void) y;
  dy[0] = wg_cumsum (dx[0], -1);
}

/* The adjoint of an element is the sum of those from it on: the running sum from behind. */
static void cumsum_vjp (const wgi_op *op, const wg_var x[], const wg_var y[], const wg_var ybar[], wg_var xbar[])
{
  const size_t n = wg_dim (ybar[0], -1);
  (void) op, (void) x, (void) y;
  xbar[0] = wg_slice (wg_cumsum (wg_slice (ybar[0], -1, 0, n, -1), -1), -1, 0, n, -1);
}

static const wgi_primitive cumsum = { "cumsum", wgi_lines_kept, cumsum_kernel, cumsum_jvp, cumsum_vjp };

wg_var wg_cumsum (wg_var a, int axis)
{
  return wgi_lines_along (&cumsum, a, axis);
}
