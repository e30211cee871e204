/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Variables: what a model computes with.  A wg_var is passed by value and carries its recorded value; it
 * belongs to the tape of the recording that made it, on the thread that records, while that recording
 * lasts.  A variable with ids 0 is a literal, a plain number on no tape: operations on literals give literals
 * and record nothing.
 *
 * Errors are sticky: after the first one (a variable of another tape or an ended recording, no memory, a
 * limit, wg_raise) the tape records nothing more, values go on as the double program's would, and
 * wg_fun_record returns NULL with that first error.
 *
 * Models call the generic wg_mul (a, b) ... of <wengert/generic.h>; the functions here are what these choose
 * for variables.  None of them fails visibly, prints, or waits; recording allocates as the tape grows.
 */
#ifndef WENGERT_VAR_H
#define WENGERT_VAR_H

#include <wengert/base.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  double value;             /* at the recording point */
  uint32_t slot;            /* its place on the tape */
  uint32_t ids;             /* tape, generation, shape; 0: a literal */
} wg_var;

/* A literal: the number c, on no tape. */
WG_API wg_var wg_num (double c);

/* One function per row of rules.def: wg_var_add (a, b) ... records y = row (a, b) and returns y.
 * powi takes an int exponent; powc (a, c, k) is a^(c-k) with a plain c; powk (a, b, k) is a^(b-k); polygamma
 * takes its order.  The rows named "helpers" there are what partial derivatives are made of. */
#include <wengert/words_begin.h>
#define ROW1(name, ma)         WG_API wg_var wg_var_##name (wg_var a);
#define ROW1K(name, ma)        WG_API wg_var wg_var_##name (wg_var a, int k);
#define ROW1C(name, ma)        WG_API wg_var wg_var_##name (wg_var a, double c, int k);
#define ROW2(name, ma, mb)     WG_API wg_var wg_var_##name (wg_var a, wg_var b);
#define ROW2K(name, ma, mb)    WG_API wg_var wg_var_##name (wg_var a, wg_var b, int k);
#define ROW3(name, ma, mb, mc) WG_API wg_var wg_var_##name (wg_var a, wg_var b, wg_var c);
#define FLAT1(name)            WG_API wg_var wg_var_##name (wg_var a);
#define FLAT2(name)            WG_API wg_var wg_var_##name (wg_var a, wg_var b);
#include <wengert/rules.def>
#include <wengert/words_end.h>

/* a^b: powc when b is a literal (no logarithm of a, so a <= 0 is fine where the power is), else powk. */
WG_API wg_var wg_var_pow (wg_var a, wg_var b);
WG_API wg_var wg_var_digamma (wg_var a);

/* Guards: compare the values now, record the outcome, return it as 0 or 1.  A replay where the outcome
 * differs runs the model again, so a branch on it is never stale.  A comparison with NaN is 0, with wg_ne 1. */
WG_API int wg_var_lt (wg_var a, wg_var b);
WG_API int wg_var_le (wg_var a, wg_var b);
WG_API int wg_var_gt (wg_var a, wg_var b);
WG_API int wg_var_ge (wg_var a, wg_var b);
WG_API int wg_var_eq (wg_var a, wg_var b);
WG_API int wg_var_ne (wg_var a, wg_var b);

/* floor (a) as an int, for use as an array index, with the guard k <= a < k + 1.  A value that is NaN or no int
 * is the sticky error WG_EMODEL; then 0. */
WG_API int wg_var_index (wg_var a);

/* The value, with the guard that it stays bitwise the same: for code that must look at a number. */
WG_API double wg_peek (wg_var a);

/* Parameter i of the function being recorded: data that change without recording again (wg_fun_set_params).  like is
 * any variable of the recording; a literal means this thread's innermost recording.  initial is its value until it is
 * set; a model that runs again sees the values that are set.  Not differentiated (wg_fun_params_to_inputs). */
WG_API wg_var wg_param (wg_var like, size_t i, double initial);

/* Parameters first .. first + count - 1 into p[count]; initial[count], NULL for zeros. */
WG_API void wg_params (wg_var like, size_t first, size_t count, const double initial[], wg_var p[]);

/* The model gives up: WG_EMODEL with this text (copied, at most 200 bytes) becomes the first error of the tape
 * of like, or of this thread's innermost recording when like is a literal. */
WG_API void wg_raise (wg_var like, const char *why);

#ifdef __cplusplus
}
#endif
#endif
