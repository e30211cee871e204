/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Nonlinear least squares: fit the parameters x[n] so that the residuals r (x), the m outputs of a recorded
 * function, are small; exact Jacobians and exact second directional derivatives.
 */
#ifndef WENGERT_LEAST_SQUARES_H
#define WENGERT_LEAST_SQUARES_H

#include <wengert/minimize.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What a residual costs, with z = (r/scale)^2: scale^2 rho (z)/2.  All grow as r^2/2 near 0.
 *   X (name, rho (z), text) */
#define WG_LOSSES(X)                                                                        \
  X (WG_LOSS_SQUARE,  z,                                       "squares")                   \
  X (WG_LOSS_HUBER,   z <= 1 ? z : 2 sqrt (z) - 1,             "Huber")                     \
  X (WG_LOSS_SOFT_L1, 2 (sqrt (1 + z) - 1),                    "soft L1")                   \
  X (WG_LOSS_CAUCHY,  log (1 + z),                             "Cauchy")                    \
  X (WG_LOSS_ARCTAN,  arctan (z),                              "arctan")                    \
  X (WG_LOSS_TUKEY,   z <= 1 ? (1 - (1 - z)^3)/3 : 1/3,        "Tukey's biweight")

#define WGI_LOSS(name, rho, text) name,
enum wg_loss { WG_LOSSES (WGI_LOSS) WGI_LOSS_END_ };
#undef WGI_LOSS

/* How the steps are computed. */
enum wg_least_squares_method {
  WG_LEAST_SQUARES_AUTO,        /* QR up to 4e6 numbers in the Jacobian and 1000 parameters, else CG */
  WG_LEAST_SQUARES_QR,          /* Levenberg-Marquardt, dense Jacobian, pivoted QR */
  WG_LEAST_SQUARES_CG           /* Gauss-Newton by conjugate gradients, products with J and J^T only */
};

/* What a callback is told after each iteration.  x belongs to the solver. */
typedef struct {
  size_t n, m;
  const double *x;          /* the accepted point x[n] */
  double f;                 /* the cost there, |r|^2/2 where the loss is squares */
  double gradient;          /* scaled: see gradient_tolerance */
  double radius;            /* of the trust region, before this iteration's step */
  double step_norm;         /* of the step tried, scaled */
  double ratio;             /* actual over predicted decrease */
  double acceleration;      /* length of the geodesic acceleration over that of the velocity, scaled */
  size_t iteration;         /* 0: the start */
  size_t cg;                /* CG steps of this iteration */
  size_t evaluations, jacobians, fvvs, products;      /* so far */
  int accepted;             /* was the step taken? */
  int polish;               /* is this a step of the polish? */
} wg_least_squares_progress;

typedef int wg_least_squares_callback (const wg_least_squares_progress *, void *ctx);

/* All fields zero: the defaults. */
typedef struct {
  int method;                   /* enum wg_least_squares_method */
  int loss;                     /* enum wg_loss */
  double loss_scale;            /* the residual where the loss turns; 0: 1 */
  int plain;                    /* nonzero: no geodesic acceleration */
  int rough;                    /* nonzero: no polish, stop as soon as a tolerance is met */
  double gradient_tolerance;    /* on the cosine of the angle between r and the range of J; 0: 1e-8 */
  double step_tolerance;        /* on the largest |step|/|x| of a parameter, of an undamped step; 0: 1e-10 */
  double residual_tolerance;    /* on the largest |r_i|; 0: 1e-150 */
  double radius;                /* the first one; 0: the scaled length of x0 */
  const double *scale;          /* scale[n] > 0 for steps: a unit of parameter j is as long as scale[j]; NULL:
                                   norms of J's columns, which may fall slowly (CG: estimates at the start) */
  size_t iterations, evaluations, products;     /* limits; 0: 1000, 10000, none */
  wg_least_squares_callback *callback;  /* called at the start and after each iteration; nonzero stops */
  void *ctx;                    /* handed to it */
} wg_least_squares_options;

typedef struct {
  double f;                     /* the cost */
  double gradient;              /* the cosine of the angle between r and the range of J: the relative offset of
                                   Bates, Watts (1981) without its factor.  CG: the largest with a column */
  double gradient_norm;         /* largest magnitude in the cost's gradient */
  size_t rank;                  /* of J, n when all parameters are determined; CG: 0 */
  size_t iterations;
  size_t evaluations;           /* of r at new points */
  size_t jacobians, fvvs;       /* Jacobians, second directional derivatives, at such points */
  size_t products;              /* with J and J^T (CG) or second derivatives (polish), each pass counted */
  int reason;                   /* enum wg_stop */
} wg_least_squares_result;

/* Minimize the cost sum_i loss (r_i (x)) from x; r = f is any recorded function, m >= n or not.
 *   x[n]     in, out  the start; the best point found
 *   options  in       NULL: the defaults
 *   result   out      NULL when not wanted; written whatever is returned, except with WG_EINVAL
 * Returns WG_OK (reason WG_STOP_GRADIENT, WG_STOP_STEP or WG_STOP_ROOT: a tolerance is met); WG_NOCONV (any
 * other reason; x is the best point found); WG_NONFINITE (r or its Jacobian is not finite at the start; x
 * untouched); an error (x untouched): WG_EINVAL, WG_ENOMEM, WG_ELIMIT (more than INT_MAX rows), what f
 * returns.  Points where r or its Jacobian is not finite count as worse: the step is shortened.  A singular J
 * is no error: steps leave the undetermined directions alone, rank tells.  Allocates its workspace once and
 * frees it: about 2 m n + 3 n^2 + 6 m + 80 n numbers, CG 7 m + 8 n.
 *
 * Method: Levenberg-Marquardt as a trust region, More (1978), on a pivoted QR of J with geodesic acceleration,
 * Transtrum, Sethna, arXiv:1201.5885; then Newton steps accepted by the gradient, down to rounding.  A loss
 * is a change of residuals: sign (r) scale sqrt (rho (z)) is fitted by least squares. */
WG_API int wg_least_squares (wg_fun *f, double x[], const wg_least_squares_options *options,
                             wg_least_squares_result *result);

/* The covariance of the parameters estimated at x, a minimum.
 *   options     in   for the loss; NULL: squares
 *   deviation   out  residual standard deviation, sqrt (|r|^2/(m - n)); NULL when not wanted.  Robust
 *                    losses: that of the influence, see below
 *   C[n*n]      out  deviation^2 (J^T J)^-1, symmetric.  Rows and columns of parameters that the data do not
 *                    determine (J singular) are NaN, and the call returns WG_NONFINITE.
 * For a robust loss with influence psi: K^2 (sum psi^2/(m - n))/mean (psi')^2 (J^T J)^-1, where
 * K = 1 + n/m var (psi')/mean (psi')^2: Huber, Robust Statistics (1981), 7.6.  n is the rank of J if that is less.
 * WG_ESHAPE if m <= n; WG_EINVAL, WG_ENOMEM, WG_ELIMIT, or what f returns.  Allocates and frees 2 m n + n^2
 * numbers. */
WG_API int wg_least_squares_covariance (wg_fun *f, const double x[], const wg_least_squares_options *options,
                                        double *deviation, double C[]);

/* Print a fit at x, a minimum: per parameter the estimate, standard error, t value and 95 % interval; then
 * the residual standard deviation, degrees of freedom, sum of squares, and the counts of a result.
 *   options      in   for the loss; NULL: squares
 *   result       in   NULL: no counts
 *   names[n]     in   of the parameters; NULL: x[0] ...
 *   correlation  in   nonzero: the matrix of correlations too
 * Statuses as wg_least_squares_covariance; WG_NONFINITE, after printing, where parameters are undetermined, for
 * m <= n too. */
WG_API int wg_least_squares_report (FILE *out, wg_fun *f, const double x[], const wg_least_squares_options *options,
                                    const wg_least_squares_result *result, const char *const names[], int correlation);

/* The text of a loss; never NULL.  Static storage. */
WG_API const char *wg_loss_name (int loss);

/* A ready callback: one line per iteration to the FILE * given as ctx, flushed; a header at iteration 0.
 * Returns 0. */
WG_API int wg_least_squares_print (const wg_least_squares_progress *, void *file);

#ifdef __cplusplus
}
#endif
#endif
