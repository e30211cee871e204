/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * What drivers are made of: check the arguments, go to the point, seed, sweep, collect, finish.
 */
#ifndef WENGERT_DERIV_DERIV_H
#define WENGERT_DERIV_DERIV_H

#include <wengert/deriv.h>

#include "fun/fun.h"

/* Planes as bits for wgi_fun_planes. */
enum { WGI_V = 1 << WGI_VALUE, WGI_D = 1 << WGI_D1, WGI_DD = 1 << WGI_D2, WGI_D12 = 1 << (WGI_D1 + WGI_D2),
       WGI_A = 1 << WGI_ADJOINT, WGI_AD = 1 << (WGI_ADJOINT + WGI_D1) };

/* Arguments of a driver: a handle, inputs a and b that it needs, m == 1 when scalar.  name is for the message. */
int wgi_checked (wg_fun *f, const char *name, int scalar, const void *a, const void *b);

/* y[m] (NULL: not wanted) from a plane; an output that is a constant has no tangent. */
void wgi_get_outputs (const wg_fun *f, int plane, double y[]);

/* Adjoint of output i: u, left at rest if u is 0; awake planes of its tangents. */
void wgi_seed (wg_fun *f, size_t i, double u, int dual);

/* A reverse sweep after its seeds; a failed call leaves nothing to collect. */
int wgi_reverse (wg_fun *f, int dual);

/* Before a sweep forward that a reverse sweep is to follow: announce that, and put the seeds with weights u[m] (NULL: all 1) if they are known
 * without values, then 1.  After it, rc being its status: the reverse sweep, if it was not done along.  An error leaves nothing to collect. */
int wgi_seed_ahead (wg_fun *f, const double u[], int dual);
int wgi_come_back (wg_fun *f, const double u[], int dual, int seeded, int rc);

/* g[n] (NULL: not wanted) from an adjoint plane, which is put to rest.  Is all of it finite? */
int wgi_collect (wg_fun *f, int plane, double g[]);

/* The reverse sweep over double with weights u[m] (NULL: all 1). */
int wgi_pull (wg_fun *f, const double u[], double g[]);

/* Is the list mostly calls?  These take directions one after the other, with their values each time, and maps have their items
 * side by side already: then products with Hessians one by one are faster, the reverse sweeps of maps being done ahead. */
int wgi_is_mostly_calls (const wg_fun *f);

/* Where to write count numbers of an output that several sweeps fill: a later one can fail, through a call alone, and then it is
 * to be untouched.  NULL: out of memory, if out is not NULL.  And the copy when all is well. */
double *wgi_held (wg_fun *f, size_t count, double out[]);
void wgi_let_go (const wg_fun *f, size_t count, double out[]);

/* The end of every driver: up to three outputs, made NaN when rc says that there are no values, else looked through for
 * numbers that are not finite.  Keeps and returns the status. */
int wgi_finish (wg_fun *f, const char *name, int rc, double *a, size_t na, double *b, size_t nb, double *c, size_t nc);

#endif
