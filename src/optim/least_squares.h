/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * What the parts of wg_least_squares share: a search with its counts, and the residuals after the loss.
 *
 * A loss is a change of residuals.  With phi (r) = sign (r) s sqrt (rho (r^2/s^2)) the cost is |phi (r)|^2/2
 * exactly, so that one method for sums of squares, its damping, acceleration and acceptance, serves every
 * loss.
 */
#ifndef WENGERT_OPTIM_LEAST_SQUARES_H
#define WENGERT_OPTIM_LEAST_SQUARES_H

#include <wengert/least_squares.h>

/* phi and its first and second derivatives at a residual. */
typedef struct { double v, d, dd; } wgi_phi;
wgi_phi wgi_loss (int loss, double scale, double r);

typedef struct {
  wg_fun *f;
  size_t n, m;
  wg_least_squares_options o;           /* defaults filled in */
  double *weight;                       /* m powers of two by which the residuals after the loss are multiplied; NULL: 1 */
  wg_least_squares_result result;       /* f, gradient of x */
  wg_least_squares_progress now;        /* of this iteration */
  double *x;                            /* the accepted point */
  double *raw, *r;                      /* residuals there, before and after the loss, m each */
  double *tx, *traw, *tr;               /* the trial point and its residuals */
} wgi_fit;

/* Residual i after the loss and the weight, and its derivatives with respect to the raw one. */
wgi_phi wgi_fit_phi (const wgi_fit *, size_t i, double raw);

/* Defaults for what is 0, and room for x and the residuals, one block at t->x.  WG_OK, WG_EINVAL, WG_ENOMEM. */
int wgi_fit_options (wgi_fit *, const wg_least_squares_options *, const char *name);
int wgi_fit_room (wgi_fit *, const char *name);

/* Search from x0[n] by the method in o.  The result has the reason, t->x the point.  WG_OK; WG_NONFINITE at
 * the start; an error. */
int wgi_fit_search (wgi_fit *, const double x0[]);

/* Go to t->tx: raw residuals, residuals.  Counts.  WG_OK; WG_NONFINITE; an error. */
int wgi_fit_try (wgi_fit *);

/* The decrease from r to tr: sum (r - tr) (r + tr)/2, without the cancellation of two sums. */
double wgi_fit_decrease (const wgi_fit *);

/* The trial point becomes the accepted one. */
void wgi_fit_accept (wgi_fit *);

/* Tell the callback, and set the reasons of callback and limits.  Returns the reason. */
int wgi_fit_report (wgi_fit *, int accepted);

double wgi_half_square (size_t m, const double r[]);

/* Both search from x, r, which are valid, and set the reason.  WG_OK or an error. */
int wgi_fit_qr (wgi_fit *);
int wgi_fit_cg (wgi_fit *);

#endif
