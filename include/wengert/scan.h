/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Recurrences as single operations of a model: a step, recorded once as a function of its own, takes a state on and on.  A
 * reverse sweep goes back over the steps, for which it needs their states: as many are kept as a limit in bytes
 * allows, the others are computed again by the schedule that needs the fewest steps for it.
 */
#ifndef WENGERT_SCAN_H
#define WENGERT_SCAN_H

#include <wengert/map.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Inside a model: (s, out[k]) = step (s, what the arguments give to step k), for k = 0 .. steps - 1, beginning with s = s0.
 *   step     in   inputs: the state, then what args give; outputs: the new state, then wg_fun_m (step) - ns numbers, its output.
 *                 May be freed after the recording; its branches are its own, each step may take another
 *   ns       in   numbers of a state, at least 1
 *   s0[ns]   in   the first state: variables or numbers
 *   args     in   nargs, in the order of the step's inputs behind the state and then of its np parameters; their widths and ns
 *                 add up to n, or to n + np; parameters that no argument supplies are those set in step at this moment
 *   s[ns]    out  the last state; may be s0; s0 itself if steps is 0
 *   out      out  steps x (wg_fun_m (step) - ns), step after step; NULL: the outputs of steps are dropped
 * Errors are kept by the recording: WG_EINVAL (NULL, a state larger than the step's inputs or outputs, widths that do not add up,
 * a negative index), WG_ENOMEM, WG_ETAPE, what evaluating the step gives.  wg_fun_bind finds data arguments; it may
 * change the number of steps where out is NULL or nothing is in it.
 * Derivatives of every order.  Tangents are scans of the step's tangent.  A reverse sweep keeps checkpoints also within wg_fun_gradient
 * and _vjp and their first derivatives; beyond these it is a function of all states, which are numbers of its list then. */
WG_API void wg_scan (const wg_fun *step, size_t steps, size_t ns, const wg_var s0[], size_t nargs, const wg_arg args[],
                     wg_var s[], wg_var out[]);

#define WG_ALL_STATES ((size_t) -1)
#define WG_ROOT_STATES ((size_t) -2)

/* How many bytes of states each scan of f, and of the functions that f calls, may keep for a reverse sweep.  One of ns numbers
 * takes 8 ns + 8 bytes; 16 ns + 8 with tangents, for a Hessian-vector product, and 32 ns + 8 for a third derivative.
 *   bytes   WG_ALL_STATES: as many as there are steps, as at first; each step is run forward once
 *           WG_ROOT_STATES: as few as suffice to run no step forward more than twice, about sqrt (2 steps)
 *           any other: at most so many; with c states kept, no step is run forward more than r times if
 *           steps <= (c + 1 + r)!/((c + 1)! r!); 0: from the first state each time, steps (steps - 1)/2 in all
 * Besides that, a reverse sweep runs each step once at its own state.  Results are the same bits whatever the limit.  The
 * last point stays; memory is given back or taken in the next sweep, which then allocates.  Clones made afterwards and
 * functions derived from f afterwards have the same; when f is called, the caller's holds.  WG_EINVAL (f NULL).
 * Method: binomial checkpointing (Griewank & Walther, ACM Trans. Math. Softw. 26, 2000, algorithm 799). */
WG_API int wg_fun_set_checkpoints (wg_fun *f, size_t bytes);

typedef struct {
  size_t limit;            /* as set */
  size_t reversed;         /* steps that reverse sweeps have gone back over */
  size_t again;            /* steps that they ran forward to have states that were not kept; not those of the values before */
  size_t states, bytes;    /* the most that one scan has kept at once */
} wg_scan_info;

/* What the scans of f, and of the functions that f calls, have done for this handle so far.  WG_EINVAL (NULL). */
WG_API int wg_fun_get_scan_info (const wg_fun *f, wg_scan_info *info);

#ifdef __cplusplus
}
#endif
#endif
