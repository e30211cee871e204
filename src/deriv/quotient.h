/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Difference quotients with an error estimate, and what they say about a derivative.  Private to the checkers.
 */
#ifndef WENGERT_DERIV_QUOTIENT_H
#define WENGERT_DERIV_QUOTIENT_H

#include <stddef.h>

/* y[m] at a distance t from the point; NaN where there is no value.  Changes t to the distance that was really
 * gone.  WG_OK or an error that ends the check. */
typedef int wgi_probe (void *ctx, double *t, double y[]);

/* What is known of one entry. */
typedef struct {
  double derivative;            /* to be checked */
  int zero;                     /* is it as good as 0, beside others? */
  double difference, error;     /* the best quotient so far, and a bound on its error; INFINITY: none yet */
  double natural;               /* the size of a derivative that f would make natural */
  double support, support_error;        /* the best quotient that speaks for the derivative, likewise */
  int clear, confirmed;         /* the best one contradicts the derivative; so does another that agrees with it */
  int level, done;              /* level: of steps where the best was found, 0 the first */
} wgi_entry;

/* Along one direction: m entries, of which derivative and zero are set.  y0[m] are the values at the point, y[4*m]
 * scratch; step is the first distance, larger says whether larger ones may be tried; tolerance as in
 * wg_check_options. */
int wgi_quotients (wgi_probe *probe, void *ctx, size_t m, const double y0[], double step, int larger,
                   double tolerance, wgi_entry e[], double y[]);

/* The verdict on an entry: WG_OK, WG_DISAGREE, WG_UNSURE. */
int wgi_verdict (const wgi_entry *e, double tolerance);

/* How far derivative and difference may be apart. */
double wgi_forgiven (const wgi_entry *e, double tolerance);

#endif
