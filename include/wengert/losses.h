/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Losses of arrays, each a scalar, and units of networks.  Values and derivatives are as accurate at the ends of the range as in its middle: for
 * finite operands a result is finite whenever it is in range, but where it says +inf below.  Predictions y and targets t have the same
 * shape: nothing is broadcast, since a column against a row is a mistake.  Both may be variables.  Shapes that do not fit, no elements at all,
 * or a plain number out of its range, are WG_ESHAPE; other errors, memory and threads are as in <wengert/array.h>.  Derivatives have every
 * order; a WG_NONFINITE of a driver tells where one is infinite or does not exist.
 *
 * Means are over all N elements, except where classes (outcomes) go along the last axis: there they are over the R rows, the
 * elements of the other axes, of sums over the K classes.  So a batch of any size has a loss, and a step, of the same size.
 */
#ifndef WENGERT_LOSSES_H
#define WENGERT_LOSSES_H

#include <wengert/array.h>

#ifdef __cplusplus
extern "C" {
#endif

/* sum (y - t)^2/N, without a factor 1/2, and its square root, which does not overflow on the way: a scaled norm, whose derivative is 0 (the
 * second NaN) where y = t. */
WG_API wg_var wg_mse (wg_var y, wg_var t);
WG_API wg_var wg_rmse (wg_var y, wg_var t);

/* sum |y - t|/N, of derivative 0 where y = t; and relative, sum |y - t|/max (|t|, 2^-52)/N, a fraction and not per cent. */
WG_API wg_var wg_mae (wg_var y, wg_var t);
WG_API wg_var wg_mape (wg_var y, wg_var t);

/* The mean of r^2/2 where |r| <= delta, else delta (|r| - delta/2), of r = y - t; delta > 0. */
WG_API wg_var wg_huber (wg_var y, wg_var t, double delta);

/* -(t log p + (1 - t) log (1 - p)), the mean, for p and t in [0, 1].  0 log 0 is 0, with derivatives 0; p = 0 where t > 0, or p = 1 where t < 1, is
 * +inf: nothing is clipped. */
WG_API wg_var wg_binary_cross_entropy (wg_var p, wg_var t);

/* The same of p = sigmoid (z), from logits z, finite for all: t softplus (-z) + (1 - t) softplus (z).  Its derivative, sigmoid (z) - t, keeps its
 * digits where it nearly vanishes if t is 0 or 1. */
WG_API wg_var wg_binary_cross_entropy_logits (wg_var z, wg_var t);

/* The logistic unit: softmax and cross-entropy of logits z (.., K), -sum_k t_k log softmax (z)_k over rows / R.  Targets are rows of weights
 * t (.., K), one-hot or any, or index[rows], one class in 0 .. K - 1 per row by rows, copied.  smoothing s in [0, 1] makes t_k (1 - s) t_k + s/K.
 * Where a logit lies more than DBL_MAX below the largest its logarithm is taken as -DBL_MAX. */
WG_API wg_var wg_softmax_cross_entropy (wg_var z, wg_var t, double smoothing);
WG_API wg_var wg_softmax_cross_entropy_index (wg_var z, size_t rows, const int index[], double smoothing);

/* sum_k p_k (log p_k - log q_k) over rows / R, and -sum_k p_k log p_k.  Rows are not normalized.  0 log 0 is 0, with derivatives 0 (in place of
 * infinite ones, since what made p = 0 has derivative 0); q = 0 where p > 0 is +inf. */
WG_API wg_var wg_kl_divergence (wg_var p, wg_var q);
WG_API wg_var wg_entropy (wg_var p);

/* X W + 1 b^T: X (.., n), W (n, K), b (K,). */
WG_API wg_var wg_affine (wg_var X, wg_var W, wg_var b);

/* lambda/2 times the sum of squares of all elements of count arrays. */
WG_API wg_var wg_weight_decay (double lambda, size_t count, const wg_var w[]);

#ifdef __cplusplus
}
#endif
#endif
