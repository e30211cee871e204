/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * A live tape: compute with variables as with numbers, then ask for derivatives, with no function in between.
 *   wg_tape *t = wg_tape_new ();
 *   wg_var W = wg_tape_array (t, 2, (size_t[]){ 3, 4 }, data), loss = wg_sum (wg_sqr (W));
 *   wg_backward (loss, NULL), wg_adjoint (W, gradient);
 *
 * All calls of models work on such variables; wg_lt and the like decide, and that is all.  A variable keeps the value that it was
 * recorded with: for other numbers make other variables.  For a loss that is evaluated again and again, wg_fun_record is faster.
 *
 * A tape belongs to the thread that made it, and to no other; one thread has at most 15 recordings, live or not, at a time.  An
 * operation that fails makes the tape fail for good, as any recording: the next wg_backward returns that first error.
 */
#ifndef WENGERT_LIVE_H
#define WENGERT_LIVE_H

#include <wengert/array.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct wg_tape wg_tape;

/* A tape with nothing on it.  NULL on error: WG_ENOMEM, WG_ELIMIT.  As long as it is open, literals that need a recording
 * (wg_constant) are recorded on this thread's newest. */
WG_API wg_tape *wg_tape_new (void);

/* End it: its variables are stale from now on.  Tapes end in any order, each on its own thread (on another one nothing
 * happens).  NULL is fine. */
WG_API void wg_tape_free (wg_tape *t);

/* Variables that begin here: a number; an array of shape dim[rank], data[product of dim] by rows, copied (NULL: zeros).  Errors (t
 * NULL or of another thread, rank, memory) give a literal NaN, and the tape has failed; wg_last_error says why. */
WG_API wg_var wg_tape_var (wg_tape *t, double value);
WG_API wg_var wg_tape_array (wg_tape *t, int rank, const size_t dim[], const double data[]);

/* The value of x by rows into value[wg_size (x)]; allocates nothing.  A literal is fine.  WG_EINVAL (value NULL); WG_ETAPE: x is stale,
 * of another thread, or of a model (see wg_peek). */
WG_API int wg_value (wg_var x, double value[]);

/* The derivatives of y by every variable on its tape, with seed[wg_size (y)] as the adjoint of y; NULL: 1, when y has one element.
 * They replace those of the backward before; one may go on recording, and go backward again from anywhere.  The cost is that of one
 * evaluation and one reverse sweep of all that is on the tape; memory is allocated when the tape has grown since.
 * Returns WG_OK; WG_ESHAPE (no seed, more or fewer elements than one); WG_ETAPE (a literal, stale, of another thread, of a model); the first
 * error of the recording; what an operation gave; WG_ENOMEM.  A notice of an operation (no convergence ...): adjoints that it
 * spoils are NaN.  After an error there are no adjoints.
 * Method: reverse accumulation over the list as it is (Linnainmaa 1970; Griewank & Walther 2008, chapter 3). */
WG_API int wg_backward (wg_var y, const double seed[]);

/* The adjoint of x, d seed.y / dx at the last wg_backward of its tape, by rows into xbar[wg_size (x)].  x is any variable: one that
 * begins, one in between, a view; elements that a view repeats have theirs each.  WG_OK; WG_NONFINITE; WG_INDEPENDENT: y does not depend
 * on any element of x (x came later, is constant, or acts only where a choice went the other way), xbar is zero.  WG_EINVAL: xbar is
 * NULL, or there was no wg_backward that succeeded; WG_ETAPE as above.  Allocates nothing. */
WG_API int wg_adjoint (wg_var x, double xbar[]);

#ifdef __cplusplus
}
#endif
#endif
