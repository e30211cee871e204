/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * What the methods of wg_minimize share: the search with its point, its trial point and its counts; acceptance that knows
 * of rounding; the tests for an end; the callback.  A method is one function that searches from a point where f and its
 * gradient are finite until there is a reason to stop:
 *
 *     while (!rc && !wgi_search_done (s))
 *       { find a step; _place; _value; _judge; _accept; _next }
 *
 * Gradients are measured in _gradient_norm and points are made in _place alone, so that constraints on x have
 * one place each.
 */
#ifndef WENGERT_OPTIM_MINIMIZER_H
#define WENGERT_OPTIM_MINIMIZER_H

#include <wengert/minimize.h>

/* Relative to |f|: a predicted decrease that rounding of f may hide; what rounding may add to f. */
#define WGI_HIDDEN (1e4*DBL_EPSILON)
#define WGI_NOISE  1e-8

/* A step is taken when the ratio of actual to predicted decrease is at least this. */
#define WGI_ACCEPT 1e-4

typedef struct {
  wg_fun *f;
  size_t n;
  wg_minimize_options options;  /* with the defaults filled in */
  wg_minimize_result result;    /* f and gradient_norm are those of x; a reason ends the search */
  double *x, *g, *t, *gt;       /* n each: the point and its gradient; the trial point and, once judged, its; _accept swaps
                                 * them, and between steps t and gt are scratch */
  double ft;                    /* f at the trial point */
  int at_x;                     /* is x the handle's last point? */

  /* The step from x to t, which a method describes before _judge and _report. */
  double step_norm;             /* |t - x| */
  double slope;                 /* g.(t - x) */
  double predicted;             /* the decrease that its model promises, > 0 */
  double radius;                /* within which it was chosen, or what stands for that */
  size_t products;              /* Hessian-vector products that it took: already in result.hvps */
  int curvature;                /* does it follow negative curvature? */
  int pushing;                  /* is it a good one held back by radius: might f fall for ever?  Then gradient_tolerance is
                                 * absolute */
  double grain;                 /* how much rounding x itself to doubles raises f, sum |H_ii| (eps x_i)^2/8; 0: not known */
  double ratio;                 /* out of _judge: actual over predicted decrease */

  double start_norm, start_size;        /* |g| and max (1, |f|) at the start */
  double least;                 /* gradient_norm when it last fell below rounding's reach */
  size_t stalled;               /* steps since */
  size_t *row;                  /* numbers of the rows, in the order of their use; NULL: no rows */
  size_t patience;              /* so many are the end; 0: 20 */
} wgi_search;

/* A method: searches from x, where f, g and gradient_norm are known and the handle is, to a reason.  Allocates what it
 * needs once.  WG_OK or an error, which leaves a reason to the caller. */
typedef int wgi_minimizer (wgi_search *);

wgi_minimizer wgi_newton_cg, wgi_newton_bounds, wgi_newton_dense, wgi_newton_sparse, wgi_lbfgs, wgi_stochastic;

/* For means over rows: the options' defaults and s->row, to be freed; f, g and gradient_norm over all rows at x, counted,
 * WG_NONFINITE where they are not finite. */
int wgi_rows_open (wgi_search *);
int wgi_rows_gradient (wgi_search *);

/* Is variable i, at x with gradient entry g, held at a bound that it would leave downhill? */
static inline int wgi_search_held (const wgi_search *s, size_t i, double x, double g)
{
  const double *lower = s->options.lower, *upper = s->options.upper;
  return (lower && x <= lower[i] && g >= 0) || (upper && x >= upper[i] && g <= 0);
}

/* x[i] within the bounds. */
static inline double wgi_search_project (const wgi_search *s, size_t i, double x)
{
  const double *lower = s->options.lower, *upper = s->options.upper;
  return lower && x < lower[i] ? lower[i] : upper && x > upper[i] ? upper[i] : x;
}

/* |g|, largest magnitude, of what a gradient g at x says about a minimum there. */
double wgi_search_gradient_norm (const wgi_search *, const double x[], const double g[]);

/* t = x + a s, s[n]; is it another point than x? */
int wgi_search_place (wgi_search *, double a, const double s[]);

/* *y = f at x[n], NaN where there is none.  Counts.  WG_OK or an error. */
int wgi_search_value (wgi_search *, const double x[], double *y);

/* gt = gradient at t, which must be the handle's last point.  Counts.  WG_OK or an error. */
int wgi_search_gradient (wgi_search *);

/* The ratio for the trial point with its value ft, and whether to go there; then gt is set. */
int wgi_search_judge (wgi_search *, int *accepted);

/* The trial point becomes the point. */
void wgi_search_accept (wgi_search *);

/* The end of an iteration: count it; unbounded, or nothing more to gain?  Report it. */
void wgi_search_next (wgi_search *, int accepted);

/* Tell the callback, which may stop the search. */
void wgi_search_report (wgi_search *, int accepted);

/* Has the search converged or reached a limit?  The reason, WG_STOP_NONE to go on. */
int wgi_search_done (wgi_search *);

#endif
