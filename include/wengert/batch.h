/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Drivers for many points: what those of <wengert/deriv.h> compute, for count items, row k of every array being
 * item k's.
 *
 *   X, ldx   in   points: item k's is X[k*ldx ..+ n); ldx 0: the same for all, else at least n
 *   P, ldp   in   parameters: item k's are P[k*ldp ..+ np), np = wg_fun_np (f); ldp 0: the same for all, else at least np.
 *                 P NULL: those that are set in the handle, for all
 *   outputs       without gaps: y[count*m], G[count*n] ...; NULL when not wanted.  They may not overlap inputs or each other
 *
 * Items run side by side in the lanes of the processor's vectors, as those of maps do, those that take another branch apart from the
 * others.  Each is what the driver gives for it alone, but that elementary functions of lanes are within 4 ulp of its own; to
 * the last bit after wg_fun_set_lanes (f, "none"), for a few items, for Jacobians with more
 * rows than columns, for lists of which the lanes, and Jacobians of which 64, would take more than 64 MB for each kind of
 * number.  Return WG_OK; WG_NONFINITE, with all outputs written, when one of them is not finite anywhere (a NaN in an item's point that a branch depends on makes that item's outputs NaN and goes on);
 * or the error of the first item that has one.  The rows of the items before that are written, its own and those after
 * it untouched; wg_last_error names the item, wg_fun_get_info has the number of items done (batch_done).
 * WG_EINVAL (f, X or a needed input NULL, a leading dimension too small) and WG_ESHAPE come before the first item.
 * count 0 does nothing.
 *
 * Threads: those of wg_fun_set_threads.  Afterwards the handle has its parameters of before, and no last point.  Memory is allocated as by the drivers, never
 * per item; with P also np numbers, once per handle.
 */
#ifndef WENGERT_BATCH_H
#define WENGERT_BATCH_H

#include <wengert/deriv.h>

#ifdef __cplusplus
extern "C" {
#endif

/* y[count*m] = values */
WG_API int wg_eval_batch (wg_fun *f, size_t count, const double X[], size_t ldx, const double P[], size_t ldp, double y[]);

/* y[count] = values, G[count*n] = gradients; m == 1. */
WG_API int wg_gradient_batch (wg_fun *f, size_t count, const double X[], size_t ldx, const double P[], size_t ldp,
                              double y[], double G[]);

/* y[count*m] = values, J[count*m*n] = Jacobians, m x n each. */
WG_API int wg_jacobian_batch (wg_fun *f, size_t count, const double X[], size_t ldx, const double P[], size_t ldp,
                              double y[], double J[]);

/* y[count] = values, G[count*n] = gradients, HV[count*n] = products with directions V[k*ldv ..+ n); m == 1.  ldv 0: one direction
 * for all, else at least n. */
WG_API int wg_hvp_batch (wg_fun *f, size_t count, const double X[], size_t ldx, const double P[], size_t ldp,
                         const double V[], size_t ldv, double y[], double G[], double HV[]);

#ifdef __cplusplus
}
#endif
#endif
