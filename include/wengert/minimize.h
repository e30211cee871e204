/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Minimization of a function: Newton's method in a trust region, with exact Hessian-vector products, a sparse or a dense
 * exact Hessian; limited-memory BFGS.
 */
#ifndef WENGERT_MINIMIZE_H
#define WENGERT_MINIMIZE_H

#include <stdint.h>

#include <wengert/deriv.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Why a minimization ended; names through wg_stop_name. */
#define WG_STOPS(X)                                                                \
  X (WG_STOP_NONE,        "not stopped")                                           \
  X (WG_STOP_GRADIENT,    "gradient tolerance reached")                            \
  X (WG_STOP_STEP,        "step tolerance reached")                                \
  X (WG_STOP_ROOT,        "residual tolerance reached")                            \
  X (WG_STOP_STATIONARY,  "a minimum of |F| that is no root")                     \
  X (WG_STOP_NOISE,       "no progress beyond rounding")                           \
  X (WG_STOP_ITERATIONS,  "iteration limit")                                       \
  X (WG_STOP_EVALUATIONS, "evaluation limit")                                      \
  X (WG_STOP_HVPS,        "derivative product limit")                          \
  X (WG_STOP_CALLBACK,    "stopped by the callback")                               \
  X (WG_STOP_NONFINITE,   "not finite at the start")                               \
  X (WG_STOP_UNBOUNDED,   "unbounded below")                                       \
  X (WG_STOP_DIVERGED,    "diverged")                                              \
  X (WG_STOP_ERROR,       "a derivative call failed")

#define WGI_STOP(name, text) name,
enum wg_stop { WG_STOPS (WGI_STOP) WGI_STOP_END_ };
#undef WGI_STOP

/* How to search. */
#define WG_MINIMIZE_METHODS(X)                                                     \
  X (WG_MINIMIZE_AUTO,          "automatic")       /* see below */                  \
  X (WG_MINIMIZE_NEWTON_CG,     "Newton-CG")       /* Hessian-vector products */    \
  X (WG_MINIMIZE_NEWTON_DENSE,  "dense Newton")    /* the Hessian, n x n */         \
  X (WG_MINIMIZE_NEWTON_SPARSE, "sparse Newton")   /* the Hessian by a plan */      \
  X (WG_MINIMIZE_LBFGS,         "L-BFGS")          /* line search, gradients alone */ \
  X (WG_MINIMIZE_SGD,           "stochastic gradient descent")   /* a batch of rows at a time */ \
  X (WG_MINIMIZE_ADAM,          "Adam")            /* the same */

#define WGI_METHOD(name, text) name,
enum wg_minimize_method { WG_MINIMIZE_METHODS (WGI_METHOD) WGI_MINIMIZE_METHOD_END_ };
#undef WGI_METHOD

/* What Newton-CG does where conjugate gradients meet the boundary of the trust region. */
enum wg_subproblem {
  WG_SUBPROBLEM_KRYLOV,         /* the default: the best step in the space that their products span */
  WG_SUBPROBLEM_STEIHAUG,       /* stop where they cross it */
  WG_SUBPROBLEM_GLTR            /* go on until a tenth of the residual is left there, 12 products at most in all */
};

/* What makes conjugate gradients converge sooner. */
enum wg_preconditioner {
  WG_PRECONDITION_NONE,         /* the default */
  WG_PRECONDITION_LBFGS,        /* limited-memory BFGS from the directions of the conjugate gradients before */
  WG_PRECONDITION_DIAGONAL      /* of the Hessian, estimated with a product for each point */
};

/* z[n] = M^-1 r at x[n], M near the Hessian, symmetric and positive definite, the same for all calls at one x.  0; anything
 * else for "not here". */
typedef int wg_minimize_precondition (size_t n, const double x[], const double r[], double z[], void *ctx);

/* The text of a reason, of a method; never NULL.  Static storage. */
WG_API const char *wg_stop_name (int reason);
WG_API const char *wg_minimize_method_name (int method);

/* What a callback is told after each iteration.  x and g belong to the minimizer. */
typedef struct {
  size_t n;
  const double *x, *g;      /* the accepted point x[n] and its gradient g[n] */
  double f, gradient_norm;  /* gradient_norm: largest magnitude */
  double radius;            /* of the trust region, before this iteration's step */
  double step_norm;         /* of the step tried, 2-norm */
  double ratio;             /* actual over predicted decrease */
  size_t iteration;         /* 0: the start */
  size_t cg;                /* Hessian-vector products of this iteration */
  size_t evaluations, gradients, hvps;      /* so far */
  int accepted;             /* was the step taken? */
  int curvature;            /* was there negative curvature? */
} wg_minimize_progress;

typedef int wg_minimize_callback (const wg_minimize_progress *, void *ctx);

/* Make f the mean over count rows, by their numbers: most often wg_fun_set_params with their data.  count is options.batch,
 * the last time in an epoch perhaps less; a model recorded for the whole batch then gives the rest weight 0.  ctx as for the
 * callback.  A negative status ends the search, which returns it. */
typedef int wg_minimize_rows (wg_fun *f, size_t count, const size_t row[], void *ctx);

/* All fields zero: the defaults. */
typedef struct {
  int method;                     /* enum wg_minimize_method */
  int subproblem;                 /* enum wg_subproblem.  This and the next two: for Newton-CG without bounds, which */
  int preconditioner;             /* enum wg_preconditioner                       WG_MINIMIZE_AUTO takes then */
  wg_minimize_precondition *precondition;       /* one's own instead; gets ctx */
  double gradient_tolerance;      /* stop when |g|_inf <= this * max (1, |f|); 0: 1e-8 */
  double radius, radius_max;      /* first and largest trust-region radius; 0: from the curvature, no limit */
  size_t iterations, evaluations, hvps;     /* limits; 0: 1000, 10000, none */
  wg_minimize_callback *callback; /* called at the start and after each iteration; nonzero stops */
  void *ctx;                      /* handed to callbacks */
  const double *lower, *upper;    /* bounds[n], infinite where there is none; NULL: none at all */
  size_t pairs;                   /* L-BFGS: changes of x and of the gradient that it remembers; 0: 10 */
  wg_minimize_rows *set_rows;     /* SGD, Adam: see below; NULL: f as it is, one row */
  size_t rows, batch;             /* how many there are; how many at a time, 0: 32 */
  uint64_t seed;                  /* for the order of rows: the same seed gives the same bits */
  double step, decay;             /* batch k = 0, 1 ... is followed with the rate step/(1 + k/decay).  step 0: SGD, one over the
                                     largest curvature, from Hessian-vector products at the start; Adam, 0.001.  decay 0: ten
                                     epochs; INFINITY: a constant rate */
} wg_minimize_options;

typedef struct {
  double f, gradient_norm;        /* at the returned point; gradient_norm: largest magnitude */
  size_t iterations, evaluations, gradients, hvps;
  int reason;                     /* enum wg_stop */
  int method;                     /* enum wg_minimize_method: the one used; WG_MINIMIZE_AUTO: none was needed */
} wg_minimize_result;

/* Minimize f (m == 1) from x.
 *   x[n]     in, out  the start; the last point taken, the best one but for what rounding hides
 *   options  in       NULL: the defaults
 *   result   out      NULL when not wanted
 * Returns WG_OK (gradient tolerance reached); WG_NOCONV (any other reason; x and result are written);
 * WG_NONFINITE (f or its gradient is not finite at the start; x untouched, result written); an error (x
 * untouched; result written, unless the arguments were refused or there was no workspace).
 *
 * A preconditioner M makes conjugate gradients shorter where curvatures are far apart.  Radii and step_norm are lengths
 * sqrt (s.M s) then, and where M changes from point to point the search may take more evaluations: measured, L-BFGS gave a sixth
 * fewer products for a fifth more evaluations on small problems, a third of the products on a large singular one.
 *
 * WG_MINIMIZE_AUTO takes, without bounds and from 64 variables on, WG_MINIMIZE_NEWTON_SPARSE, if a Hessian costs at most
 * 64 products, has at most 32 entries for each variable in its lower triangle, and its factor at most 400; else
 * WG_MINIMIZE_NEWTON_CG; WG_MINIMIZE_LBFGS for functions without second derivatives (wg_fun_custom without hvp). With other
 * methods these give WG_EORDER.  WG_MINIMIZE_NEWTON_SPARSE needs a recorded function, else its plan is dense; it pays
 * where the curvatures are far apart.  WG_MINIMIZE_NEWTON_DENSE is for functions whose Hessian costs little more than a
 * product.  A Hessian counts as n hvps, a sparse one as the sweeps of its plan; none is begun that the limit does not
 * allow.
 *
 * With bounds lower <= x <= upper, equal ones allowed, the start is moved to the nearest point within, f is evaluated
 * only within, and the gradient is measured without the entries that hold x at a bound: g[i] >= 0 at lower[i], g[i] <= 0
 * at upper[i].  They need WG_MINIMIZE_AUTO, _NEWTON_CG, _LBFGS, _SGD or _ADAM.  WG_EINVAL where lower[i] > upper[i] or one is NaN.
 *
 * SGD and Adam minimize the mean over rows of functions that f gives for some rows at a time, by set_rows.  An iteration
 * is an epoch: all rows once, in random order; evaluations count batches.  After an epoch the callback hears of f and g as
 * means over its batches, each at the point it found; where these are small enough, at the start and at the end all rows
 * are taken at one x, so that the test and the result are exact.  radius is the last rate then.  A batch whose
 * gradient is not finite sends x back, to where an epoch before started, with a tenth of the step; the 31st time ends the search
 * with WG_STOP_DIVERGED.  The handle is left with the rows of the last batch.
 *
 * Points where f or its gradient is not finite during the search count as worse: the step is shortened.
 * f = -infinity there, or below -1e50 max (1, |f at the start|), is taken for unbounded.  While good steps are
 * held back by the radius, the gradient tolerance is absolute, lest a function that falls for ever seem to
 * converge.
 * evaluations count the points, gradients those where a gradient was asked for, too.  Afterwards the handle's
 * last point is x.  Allocates its workspace, at most 21 n numbers (53 n with WG_PRECONDITION_LBFGS; L-BFGS: 7 n and 2 n for each pair; dense Newton: n^2 + 45
 * n; sparse Newton: 7 n, a plan and a factor, anew where the function takes a branch with other entries), once and frees it.
 *
 * Method: Steihaug, SIAM J. Numer. Anal. 20 (1983); Gould, Lucidi, Roma, Toint, SIAM J. Optim. 9 (1999); Conn, Gould, Toint,
 * Trust-Region Methods (2000), chapters 7 and 17.4.  A rejected step is found again in the space that CG's products
 * span, most often at no further product; a step within the radius that gains far more than predicted is doubled.
 * Dense and sparse Newton: More and Sorensen, SIAM J. Sci. Stat. Comput. 4 (1983), on the tridiagonal form and by sparse
 * Cholesky factors; the first step is Newton's where the Hessian is positive definite and no radius is given.
 * With bounds: Lin, More, SIAM J. Optim. 9 (1999), without its preconditioner.  Preconditioners: Morales, Nocedal, SIAM J. Optim. 10 (2000); Bekas, Kokiopoulou, Saad, Appl. Numer. Math. 57 (2007).
 * L-BFGS: Nocedal, Math. Comp. 35 (1980), with a line search for the conditions of Wolfe, at the noise level those of
 * Hager and Zhang, SIAM J. Optim. 16 (2005); radius is the length of its first step, if that is given, and radius_max
 * that of the longest.  SGD: Robbins, Monro, Ann. Math. Stat. 22 (1951); Adam: Kingma, Ba, ICLR 2015. */
WG_API int wg_minimize (wg_fun *f, double x[], const wg_minimize_options *options, wg_minimize_result *result);

/* A ready callback: one line per iteration of a table (iteration, f, |g|, radius, CG steps, HVPs) to
 * the FILE * given as ctx, flushed; header at iteration 0.  Returns 0. */
WG_API int wg_minimize_print (const wg_minimize_progress *, void *file);

#ifdef __cplusplus
}
#endif
#endif
