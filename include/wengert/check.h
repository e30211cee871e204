/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Checkers: derivatives against symmetric differences, with an error estimate from two steps (Richardson) and
 * from the one-sided quotients, so that rounding noise, a kink or a domain's edge reads "cannot tell" and never
 * as a wrong derivative.  Where the first step does not settle an entry, smaller and larger ones are tried; a
 * derivative is called wrong only if two steps agree on that, right only if the error is small beside it.
 *
 * All return WG_OK only when every number agrees; WG_DISAGREE, WG_UNSURE (no disagreement, but some
 * quotients are too noisy to tell), with a message in wg_last_error; or an error as in <wengert/deriv.h>, the
 * report untouched.  x[n] must not be NULL.  options may be NULL (defaults), report may be NULL.  They allocate
 * and free O (n + m) numbers, _jacobian O (n m).  The handle's last point is x afterwards, unless an error is
 * returned.  A model that gives up (wg_raise) at a point beside x counts as NaN there.  Cost per column: 4
 * values, some tens where that does not do.
 */
#ifndef WENGERT_CHECK_H
#define WENGERT_CHECK_H

#include <wengert/deriv.h>

#ifdef __cplusplus
extern "C" {
#endif

/* All fields zero: the defaults. */
typedef struct {
  const double *step;       /* step[n] per coordinate, > 0, then only smaller ones are tried besides;
                               NULL: cbrt (eps) max (|x_i|, 1) */
  double tolerance;         /* relative disagreement that is forgiven; 0: 1e-6 */
  const double *direction;  /* v[n] for _hvp and _transpose; NULL: fixed pseudo-random numbers, times
                               max (|x_i|, 1) */
  const double *weights;    /* u[m] for _transpose; NULL: a fixed pseudo-random one */
  FILE *out;                /* where to print the report; NULL: nowhere */
  size_t directions;        /* for _gradient and _jacobian: so many pseudo-random directions instead of the n
                               coordinates; 0: the coordinates */
  size_t points;            /* for _replay: how many besides x; 0: 8 */
  uint64_t seed;            /* of the pseudo-random numbers of _taylor, _symmetry, _sweep, _replay and of directions */
} wg_check_options;

typedef struct {
  int verdict;              /* WG_OK, WG_DISAGREE or WG_UNSURE */
  size_t row, column;       /* the worst entry: of the Jacobian; row 0 for a gradient, column 0 for _hvp; with
                               options.directions column is the direction */
  double derivative;        /* what the library computes there; _transpose: by reverse mode */
  double difference;        /* what the difference quotients give, NaN if nothing; _transpose: forward mode */
  double bound;             /* on |derivative - difference|: estimated truncation and rounding, tolerance */
  size_t checked, disagreeing, unsure;      /* entries */
  double slope[3];          /* of _taylor: measured slopes; NaN where none could be measured, and for the others */
} wg_check_report;

/* The gradient (m == 1), coordinate by coordinate. */
WG_API int wg_check_gradient (wg_fun *f, const double x[], const wg_check_options *, wg_check_report *);

/* Every entry of the Jacobian. */
WG_API int wg_check_jacobian (wg_fun *f, const double x[], const wg_check_options *, wg_check_report *);

/* H v against differences of gradients along v (m == 1). */
WG_API int wg_check_hvp (wg_fun *f, const double x[], const wg_check_options *, wg_check_report *);

/* u.(J v) by forward mode against (u^T J).v by reverse mode: no difference, a bound of rounding only, which is
 * measured by scaling u and v.  WG_UNSURE when a sum cancels so far that rounding hides it, or is not finite. */
WG_API int wg_check_transpose (wg_fun *f, const double x[], const wg_check_options *, wg_check_report *);

/* Of phi (h) = u.f (x + h v): |phi (h) - phi (0)|, the same less h phi', the same less h^2 phi''/2 fall with slopes 1, 2, 3
 * or more as h is halved, down to the rounding of f, which is measured.  Options: direction, weights (1 for m == 1), step (how
 * far the first h may go), tolerance (an error that is smaller beside the derivative's terms is forgiven).  Report: row is
 * the worst order, derivative its slope as it should be, difference as it is; slope has all three.  WG_DISAGREE: the
 * remainder of order 2 or 3 falls one order too slowly, as it does when the gradient or the Hessian is wrong; WG_UNSURE: it
 * falls in another way, as at a kink, or there are too few steps above the noise.  A custom function without second
 * derivatives is checked to order 2.  Cost: 96 values. */
WG_API int wg_check_taylor (wg_fun *f, const double x[], const wg_check_options *, wg_check_report *);

/* v.(H w) against w.(H v), H the Hessian of u.f, w pseudo-random: no difference, a bound of rounding as for _transpose. */
WG_API int wg_check_symmetry (wg_fun *f, const double x[], const wg_check_options *, wg_check_report *);

/* Print a table to out: the relative error of the forward and the central difference quotient of u.f along v against the exact
 * derivative, for delta from 1 down to 1e-16 of the coordinates' sizes (or of step[n]).  Lines of three numbers, for
 * gnuplot; comments start with #.  No verdict: WG_OK or an error (WG_EINVAL: out NULL). */
WG_API int wg_check_sweep (wg_fun *f, const double x[], const wg_check_options *, FILE *out);

/* Is the model a function of x alone, and are f's recordings still it?  Runs the model at x twice and at points around it,
 * compares the recordings with each other and their values with those that f replays there, bit by bit.  Finds numbers in ctx
 * that have changed since (wg_fun_invalidate), the value of a variable used without wg_peek, memory that is not
 * initialised, state that a model keeps.  f may record new branches.  step[n]: how far to go.  Report: column is the point,
 * 0 for x; row the output, derivative its value as recorded now, difference as replayed; or row the number of a constant or
 * an operation that differs, difference and derivative that constant in two recordings.  WG_UNSURE: the model gave up
 * (wg_raise) somewhere.  WG_EBRANCH: f has no model.  WG_EBUSY: inside it. */
WG_API int wg_check_replay (wg_fun *f, const double x[], const wg_check_options *, wg_check_report *);

#ifdef __cplusplus
}
#endif
#endif
