/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * The number var: sweeps over a program whose numbers are variables of a recording, so that what the sweep
 * computes is recorded as a new function.
 */
#ifndef WENGERT_FUN_REPLAY_H
#define WENGERT_FUN_REPLAY_H

#include "fun/fun.h"

typedef struct wgi_replay wgi_replay;

/* A replay of the trace that f is at.  x[n] are its inputs, p[params] its parameters (NULL: numbers).  The values are
 * recorded, guards too.  NULL: out of memory. */
wgi_replay *wgi_replay_new (wg_fun *f, const wg_var x[], const wg_var p[]);
void wgi_replay_free (wgi_replay *r);

/* Output i. */
wg_var wgi_replay_output (const wgi_replay *r, size_t i);

/* Record the tangents along v[n]; jv[m]. */
void wgi_replay_tangent (wgi_replay *r, const wg_var v[], wg_var jv[]);

/* Record the reverse sweep with weights u[m]; uj[n].  A literal weight 0 leaves its output out. */
void wgi_replay_reverse (wgi_replay *r, const wg_var u[], wg_var uj[]);

#endif
