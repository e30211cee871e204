/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Checkers: derivatives against symmetric differences, with an error estimate from two steps
 * (Richardson), so that rounding noise reads "cannot tell" and never as a wrong derivative.
 *
 * All return WG_OK only when every number agrees; WG_DISAGREE, WG_UNSURE (no disagreement, but some
 * quotients are too noisy to tell); or an error as in <wengert/deriv.h>.  x[n] must not be NULL.  options
 * may be NULL (defaults), report may be NULL.  They allocate and free O (n + m) numbers.  The handle's
 * last point is x afterwards.
 */
#ifndef WENGERT_CHECK_H
#define WENGERT_CHECK_H

#include <wengert/deriv.h>

#ifdef __cplusplus
extern "C" {
#endif

/* All fields zero: the defaults. */
typedef struct {
  const double *step;       /* step[n] per coordinate, > 0; NULL: cbrt (eps) max (|x_i|, 1) */
  double tolerance;         /* relative disagreement that is forgiven; 0: 1e-6 */
  const double *direction;  /* v[n] for _hvp and _transpose; NULL: a fixed pseudo-random one */
  const double *weights;    /* u[m] for _transpose; NULL: a fixed pseudo-random one */
  FILE *out;                /* where to print the report; NULL: nowhere */
} wg_check_options;

typedef struct {
  int verdict;              /* WG_OK, WG_DISAGREE or WG_UNSURE */
  size_t row, column;       /* the worst entry: of the Jacobian; row 0 for a gradient, column 0 for _hvp */
  double derivative;        /* what the library computes there */
  double difference;        /* what the difference quotients give */
  double bound;             /* on |derivative - difference|: estimated truncation and rounding, tolerance */
  size_t checked, disagreeing, unsure;      /* entries */
} wg_check_report;

/* The gradient (m == 1), coordinate by coordinate. */
WG_API int wg_check_gradient (wg_fun *f, const double x[], const wg_check_options *, wg_check_report *);

/* Every entry of the Jacobian. */
WG_API int wg_check_jacobian (wg_fun *f, const double x[], const wg_check_options *, wg_check_report *);

/* H v against differences of gradients along v (m == 1). */
WG_API int wg_check_hvp (wg_fun *f, const double x[], const wg_check_options *, wg_check_report *);

/* u.(J v) by forward mode against (u^T J).v by reverse mode: no difference, a bound of rounding only. */
WG_API int wg_check_transpose (wg_fun *f, const double x[], const wg_check_options *, wg_check_report *);

#ifdef __cplusplus
}
#endif
#endif
