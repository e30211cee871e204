/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Systems of equations: x[n] with F (x) = 0 for a recorded function F: R^n -> R^n, by Newton's method with
 * exact Jacobians or, for large n, products with them.  And the root as a function of F's parameters.
 */
#ifndef WENGERT_ROOT_H
#define WENGERT_ROOT_H

#include <wengert/minimize.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How the steps are computed. */
enum wg_root_method {
  WG_ROOT_AUTO,         /* dense up to 500 equations, else Krylov */
  WG_ROOT_DENSE,        /* Newton in a trust region on a pivoted QR of J, with a second-order correction */
  WG_ROOT_KRYLOV        /* Newton-GMRES on products J v with a line search; where that fails, Gauss-Newton-CG */
};

/* What a callback is told after each iteration.  x belongs to the solver. */
typedef struct {
  size_t n;
  const double *x;              /* the accepted point x[n] */
  double residual;              /* 2-norm of F there, its rows scaled as at the start */
  double step_norm, ratio;      /* length of the step tried; actual over predicted decrease of residual^2 */
  size_t iteration;             /* 0: the start */
  size_t evaluations, jacobians, products;      /* so far */
  int accepted;                 /* was the step taken? */
} wg_root_progress;

typedef int wg_root_callback (const wg_root_progress *, void *ctx);

/* All fields zero: the defaults. */
typedef struct {
  int method;                   /* enum wg_root_method */
  double residual_tolerance;    /* a root when |F_i| <= this for all i; 0: 1e-100 */
  double step_tolerance;        /* a root when a relative change of x by this explains F, row by row, or Newton's
                                   step is no longer; 0: 1e-10.  The last step squares it */
  const double *scale;          /* scale[n] > 0 for steps: a unit of x_j is as long as scale[j]; NULL: norms of J's
                                   columns (GMRES: 1) */
  size_t subspace;              /* of GMRES before it restarts; 0: 40 */
  size_t iterations, evaluations, products;     /* limits; 0: 500, 10000, none */
  wg_root_callback *callback;   /* called at the start and after each iteration; nonzero stops */
  void *ctx;                    /* handed to it */
  const double *start;          /* wg_fun_root: start[n], where each search begins; NULL: the point F was recorded at */
} wg_root_options;

typedef struct {
  double residual;              /* largest |F_i| */
  size_t rank;                  /* of the Jacobian there; Krylov: 0 */
  size_t iterations;
  size_t evaluations;           /* of F at new points */
  size_t jacobians, products;   /* Jacobians; products with J or J^T */
  int reason;                   /* enum wg_stop */
} wg_root_result;

/* Find a root of f, n == m, from x.
 *   x[n]     in, out  the start; the root, or the point with the least scaled |F| that was found
 *   options  in       NULL: the defaults
 *   result   out      NULL when not wanted; written whatever is returned, except with WG_EINVAL and WG_ESHAPE
 * Returns WG_OK (reason WG_STOP_ROOT); WG_NOCONV, and why: WG_STOP_STATIONARY (a local minimum of |F|, or a
 * point where J is singular and no step helps: there is no root near), WG_STOP_NOISE (rounding hides all
 * progress), limits, callback; WG_NONFINITE (F or J is not finite at the start; x untouched); an error (x
 * untouched): WG_EINVAL, WG_ESHAPE (n != m), WG_ENOMEM, WG_ELIMIT, what f returns.  Points where F or J is
 * not finite count as worse.  A singular J is no error.
 *
 * Rows of F are compared after scaling by powers of two: such that rows of J, times x, are near 1 at the start
 * and (dense) again when they become small.  So units do not matter.  Allocates its workspace once and frees
 * it: 6 n^2 + 90 n numbers, Krylov (subspace + 16) n.  Method: as wg_least_squares; Krylov: Saad, Schultz,
 * SIAM J. Sci. Stat. Comput. 7 (1986); Eisenstat, Walker, SIAM J. Sci. Comput. 17 (1996), choice 2. */
WG_API int wg_root (wg_fun *f, double x[], const wg_root_options *options, wg_root_result *result);

/* The implicit function p -> x (p) with F (x; p) = 0: F's np parameters are its inputs, the n unknowns its outputs.  On
 * wg_fun_gradient (f) it is argmin f.  It is evaluated, differentiated to any order, called in models like any function.
 *   F        in  n inputs, n outputs, np >= 1 parameters; not needed afterwards, but the ctx of its model is
 *   options  in  NULL: the defaults; copied, as are scale and start.  A callback and its ctx are used by every search, on the
 *                thread that evaluates
 * Each search begins at the same point, so that x (p) depends on p alone and not on what was evaluated before; where F has
 * several roots it is the one that wg_root finds from there, and may jump.  A good start is a root for a p nearby.
 *
 * Where no root is found outputs are NaN and drivers return WG_NOCONV; derivatives where F_x is singular at the root, or the
 * root is not a simple one, are NaN and drivers return WG_NONFINITE.  wg_last_error says which.  Optimizers step
 * back from such points.  Errors of F come out as they are.  wg_fun_invalidate (F) reaches through.
 *
 * NULL on error: WG_EINVAL (F NULL, options that wg_root refuses, a start that is not finite), WG_ESHAPE (other than n
 * outputs, no parameters), WG_ENOMEM, what deriving from F gives.
 * A value costs a search, which allocates wg_root's workspace; the derivatives at a point share one Jacobian F_x and its
 * factors, and each solves with them for every direction or weight: n^2 + 40 n numbers are kept, whatever the method.
 * Method: the implicit function theorem, F_x xdot = -F_p pdot and F_x^T lambda = -xbar, pbar = F_p^T lambda, both again
 * implicit functions, linear ones (Griewank, Walther, Evaluating Derivatives, 2nd ed., 15.1; Christianson, Optim. Methods
 * Softw. 3 (1994)); simple roots by Newton's contraction (Deuflhard, Newton Methods for Nonlinear Problems, 2.1). */
WG_API wg_fun *wg_fun_root (const wg_fun *F, const wg_root_options *options);

/* A ready callback: one line per iteration to the FILE * given as ctx, flushed; a header at iteration 0.
 * Returns 0. */
WG_API int wg_root_print (const wg_root_progress *, void *file);

#ifdef __cplusplus
}
#endif
#endif
