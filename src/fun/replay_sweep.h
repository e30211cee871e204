/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * What the files of replays have in common: the frame of sweeps over variables, and arithmetic that leaves out what
 * structure says.  A literal 0 is no tangent and a literal 1 multiplies nothing: only seeds and constants are literals.
 */
#ifndef WENGERT_FUN_REPLAY_SWEEP_H
#define WENGERT_FUN_REPLAY_SWEEP_H

#include "array/array.h"
#include "fun/replay.h"

/* An adjoint: at rest, awake, or awake where mask is not 0. */
typedef struct { wg_var v, mask; enum { WGI_ASLEEP = 0, WGI_AWAKE, WGI_MASKED } state; } wgi_var_adjoint;

struct wgi_replay {
  wg_fun *f;
  wg_var *v;                     /* wgi_numbers: values */
  wg_var *tangent;               /* slots; made when needed */
  wgi_var_adjoint *adjoint;      /* slots */
  wgi_var_adjoint now;           /* of the operation at hand */
};

static inline int wgi_is_literal (wg_var a, double c) { return !a.ids && a.value == c; }
static inline wg_var wgi_replay_product (wg_var p, wg_var t) { return wgi_is_literal (t, 1) ? p : wg_var_mul (p, t); }
static inline wg_var wgi_replay_sum (wg_var s, wg_var e) { return wgi_is_literal (s, 0) ? e : wg_var_add (s, e); }

/* The product e of the tangent t, or 0 where t is 0 and e a NaN.  Not a selection by t: the derivative of e by t is the partial,
 * at t = 0 too. */
static inline wg_var wgi_replay_kept (wg_var t, wg_var e) { return t.ids ? wg_var_kept (t, e) : e; }

/* Add e to an adjoint, as the one at hand says; what the one at hand makes of e. */
void wgi_replay_add (wgi_replay *, uint32_t to, wg_var e);
wg_var wgi_replay_masked (const wgi_replay *, wg_var e);

/* The call whose words start at word, its first result being out; an operation on arrays by op. */
void wgi_replay_call_forward (const wgi_program *, wgi_replay *, const uint32_t *word, size_t out);
void wgi_replay_call_tangent (const wgi_program *, wgi_replay *, const uint32_t *word, size_t out);
void wgi_replay_call_reverse (const wgi_program *, wgi_replay *, const uint32_t *word, size_t out);
void wgi_replay_array_forward (wgi_replay *, const wgi_op *op, const uint32_t *word, size_t out);
void wgi_replay_array_tangent (wgi_replay *, const wgi_op *op, const uint32_t *word, size_t out);
void wgi_replay_array_reverse (wgi_replay *, const wgi_op *op, const uint32_t *word, size_t out);

#endif
