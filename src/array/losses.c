/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Losses and units as programs over the public calls.  Sums of terms with different signs, and quotients of what may overflow, are
 * avoided by the form: each comment says which.  Terms are divided before they are added, so that a mean overflows only by itself.
 */
#include <float.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>

#include "array/moves.h"

#include <wengert/array_reduce.h>
#include <wengert/losses.h>

/* Have they one shape, and elements?  0: the error is kept. */
static int alike (const char *name, wg_var y, wg_var t)
{
  wgi_seen a, b;
  const wg_var x[2] = { y, t };
  if (!wgi_see (&y, &a) || !wgi_see (&t, &b)) return 0;
  if (!wgi_same_dims (&a.shape, &b.shape)) return wgi_misfit (name, 2, x, "the shapes differ"), 0;
  if (wgi_shape_size (&a.shape) == 0) return wgi_misfit (name, 2, x, "no elements"), 0;
  return 1;
}

static wg_var mean_of (wg_var v) { return wg_sum (wg_div (v, (double) wg_size (v))); }

/* differences */

wg_var wg_mse (wg_var y, wg_var t)
{
  if (!alike ("mse", y, t)) return wg_num (NAN);
  const wg_var r = wg_sub (y, t);
  return wg_dot (r, wg_div (r, (double) wg_size (r)));
}

wg_var wg_rmse (wg_var y, wg_var t)
{
  if (!alike ("rmse", y, t)) return wg_num (NAN);
  return wg_norm (wg_div (wg_sub (y, t), sqrt ((double) wg_size (y))), 2);
}

wg_var wg_mae (wg_var y, wg_var t)
{
  if (!alike ("mae", y, t)) return wg_num (NAN);
  return mean_of (wg_abs (wg_sub (y, t)));
}

/* Halves, whose difference is in range. */
wg_var wg_mape (wg_var y, wg_var t)
{
  if (!alike ("mape", y, t)) return wg_num (NAN);
  const wg_var r = wg_abs (wg_sub (wg_mul (.5, y), wg_mul (.5, t)));
  return mean_of (wg_div (r, wg_mul (.5, wg_max (wg_abs (t), DBL_EPSILON))));
}

/* c (r - c/2) with c = r cut at delta: no branch, and at r = 0 no kink. */
wg_var wg_huber (wg_var y, wg_var t, double delta)
{
  if (!(delta > 0)) return wgi_misfit ("huber", 2, (wg_var[]){ y, t }, "delta must be above 0");
  if (!alike ("huber", y, t)) return wg_num (NAN);
  const wg_var r = wg_sub (y, t), c = wg_clamp (r, -delta, delta);
  return mean_of (wg_mul (c, wg_sub (r, wg_mul (.5, c))));
}

/* two classes */

/* t log p, where 0 log 0 is 0. */
static wg_var times_log (wg_var t, wg_var p)
{
  const wg_var nothing = wg_mul (wg_is_eq (t, 0), wg_is_eq (p, 0));
  return wg_mul (t, wg_log (wg_select (nothing, 1, p)));
}

static wg_var times_log1m (wg_var t, wg_var p)
{
  const wg_var nothing = wg_mul (wg_is_eq (t, 0), wg_is_eq (p, 1));
  return wg_mul (t, wg_log1p (wg_neg (wg_select (nothing, 0, p))));
}

wg_var wg_binary_cross_entropy (wg_var p, wg_var t)
{
  if (!alike ("binary_cross_entropy", p, t)) return wg_num (NAN);
  return mean_of (wg_sub (0, wg_add (times_log (t, p), times_log1m (wg_sub (1, t), p))));
}

/* Both terms are positive: softplus (z) - t z would have no digit where they cancel. */
wg_var wg_binary_cross_entropy_logits (wg_var z, wg_var t)
{
  if (!alike ("binary_cross_entropy_logits", z, t)) return wg_num (NAN);
  return mean_of (wg_add (wg_mul (t, wg_softplus (wg_neg (z))), wg_mul (wg_sub (1, t), wg_softplus (z))));
}

/* classes along the last axis */

static double rows_of (wg_var a) { return (double) (wg_size (a)/wg_dim (a, -1)); }

static int smooths (const char *name, wg_var z, double smoothing)
{
  if (smoothing >= 0 && smoothing <= 1) return 1;
  wgi_misfit (name, 1, &z, "smoothing must be in [0, 1]");
  return 0;
}

/* Targets are scaled, not logarithms: constants are folded, and 0 times -DBL_MAX stays 0. */
wg_var wg_softmax_cross_entropy (wg_var z, wg_var t, double smoothing)
{
  if (!alike ("softmax_cross_entropy", z, t) || !smooths ("softmax_cross_entropy", z, smoothing)) return wg_num (NAN);
  if (wg_rank (z) == 0) return wgi_misfit ("softmax_cross_entropy", 1, &z, "no classes");
  if (smoothing > 0) t = wg_add (wg_mul (1 - smoothing, t), smoothing/(double) wg_dim (z, -1));
  return wg_dot (wg_log_softmax (z, -1), wg_div (t, -rows_of (z)));
}

/* The places of the classes among all elements; NULL: the error is kept. */
static int *places (wg_var z, size_t rows, const int index[])
{
  const char *name = "softmax_cross_entropy_index";
  const size_t k = wg_dim (z, -1), size = wg_size (z);
  const char *why = wg_rank (z) == 0 ? "no classes" : size == 0 ? "no elements" : size/k != rows ? "not as many classes as rows"
                    : size > INT_MAX ? "more elements than an int counts" : NULL;
  for (size_t i = 0; !why && i < rows; i++) if (index[i] < 0 || (size_t) index[i] >= k) why = "no such class";
  if (why) return wgi_misfit (name, 1, &z, why), NULL;
  int *at = malloc (rows*sizeof *at);
  if (!at) wgi_no_memory ();
  for (size_t i = 0; at && i < rows; i++) at[i] = (int) (i*k) + index[i];
  return at;
}

wg_var wg_softmax_cross_entropy_index (wg_var z, size_t rows, const int index[], double smoothing)
{
  if (!smooths ("softmax_cross_entropy_index", z, smoothing)) return wg_num (NAN);
  int *at = places (z, rows, index);
  if (!at) return wg_num (NAN);
  const wg_var logs = wg_log_softmax (z, -1), chosen = wg_gather (wg_ravel (logs), 0, rows, at);
  free (at);
  const wg_var loss = wg_sum (wg_mul ((smoothing - 1)/rows_of (z), chosen));
  if (smoothing == 0) return loss;
  return wg_add (loss, wg_sum (wg_mul (-smoothing/(double) wg_size (z), logs)));
}

wg_var wg_kl_divergence (wg_var p, wg_var q)
{
  if (!alike ("kl_divergence", p, q)) return wg_num (NAN);
  return wg_sum (wg_div (wg_sub (times_log (p, p), times_log (p, q)), rows_of (p)));
}

wg_var wg_entropy (wg_var p)
{
  if (!alike ("entropy", p, p)) return wg_num (NAN);
  return wg_sum (wg_sub (0, wg_div (times_log (p, p), rows_of (p))));
}

/* units */

wg_var wg_affine (wg_var X, wg_var W, wg_var b)
{
  if (wg_rank (W) != 2 || wg_rank (b) != 1 || wg_dim (W, 1) != wg_dim (b, 0))
    return wgi_misfit ("affine", 2, (wg_var[]){ W, b }, "not a matrix with an element of b per column");
  return wg_add (wg_matmul (X, W), b);
}

wg_var wg_weight_decay (double lambda, size_t count, const wg_var w[])
{
  wg_var sum = wg_num (0);
  for (size_t i = 0; i < count; i++) sum = i ? wg_add (sum, wg_dot (w[i], w[i])) : wg_dot (w[i], w[i]);
  return wg_mul (.5*lambda, sum);
}
