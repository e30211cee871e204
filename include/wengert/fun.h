/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Functions R^n -> R^m: recorded once by running a model on variables, then evaluated and
 * differentiated at any point.  A wg_fun is a handle with its own workspace: one thread at a time
 * may use it.  wg_fun_clone gives another thread its own handle on the same recording.
 */
#ifndef WENGERT_FUN_H
#define WENGERT_FUN_H

#include <wengert/var.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A model computes y[m] from x[n] with the operations of <wengert/generic.h>.  It is run when the
 * function is recorded, and again when a comparison (wg_lt ...) turns out otherwise at another point.
 * ctx is the caller's; numbers that the model reads from it are fixed by the recording. */
typedef void wg_model (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx);

typedef struct wg_fun wg_fun;

/* Record a model at a point.
 *   model  in  run once now, on this thread, and again whenever a branch changes
 *   ctx    in  handed to the model; must outlive the function and all its clones; may be NULL
 *   n, m   in  inputs and outputs, each at least 1
 *   x0[n]  in  the point to record at; any point where the model is defined; no NaN
 * Returns NULL on error; wg_last_error and wg_fun_status (NULL) say why: WG_EINVAL (NULL, n or m 0, NaN
 * in x0), WG_ENOMEM, WG_ETAPE, WG_EUNSET, WG_EMODEL (wg_raise), WG_ELIMIT.  Recordings may nest. */
WG_API wg_fun *wg_fun_record (wg_model *model, void *ctx, size_t n, size_t m, const double x0[]);

/* A second handle on the same function, for another thread: recordings are shared, the workspace and
 * the last point are not.  The model is never run by two clones at once.  NULL on error (f NULL, memory). */
WG_API wg_fun *wg_fun_clone (const wg_fun *f);

/* Release a handle; the recording goes with the last one.  f may be NULL. */
WG_API void wg_fun_free (wg_fun *f);

/* Drop all recordings of f and its clones, because numbers that the model reads from ctx have changed: the next call with
 * x on any of them runs the model again.  f has no last point then; its clones keep theirs until that call, and may be at
 * work on other threads meanwhile.  Functions derived from f, and those that call f or its derivatives, follow by themselves.
 * WG_EINVAL (f NULL), WG_EBRANCH (f has no model: nothing is dropped), WG_EBUSY (inside f's model). */
WG_API int wg_fun_invalidate (wg_fun *f);

/* Inputs, outputs and parameters; 0 for f NULL. */
WG_API size_t wg_fun_n (const wg_fun *f);
WG_API size_t wg_fun_m (const wg_fun *f);
WG_API size_t wg_fun_np (const wg_fun *f);

/* Set all parameters of this handle, p[count] with count = wg_fun_np (f); nothing is recorded again.  Clones made
 * afterwards start with them, existing ones keep theirs.  There is no last point until the next call with x.
 * WG_EINVAL (NULL, another count). */
WG_API int wg_fun_set_params (wg_fun *f, size_t count, const double p[]);

/* Inside a model: y[m] = f (x[n]) as one operation, however long f is.  Its inner values are not kept: a reverse
 * sweep computes them again, so that a call is a checkpoint.  f's branches stay its own: where one
 * changes, f changes its trace, not the caller.  p[np] are its parameters, differentiated like x; NULL: those set in f at
 * this moment.  f may be freed after the recording.  Errors (f NULL, operands of different recordings, what evaluating
 * f gives) are kept by the recording. */
WG_API void wg_call (const wg_fun *f, const wg_var x[], const wg_var p[], wg_var y[]);

/* What the last call on this handle returned; for f NULL, what the last failing call on this thread
 * returned, so that a NULL from wg_fun_record has a status too. */
WG_API int wg_fun_status (const wg_fun *f);

/* Derivatives of f as functions: recorded at f's first point, frozen like any other, to be evaluated, differentiated
 * again, called.  f's model runs when a branch changes; ctx must outlive them too, f itself need not.  Parameters are f's,
 * with the values set now.  NULL on error: f NULL, WG_ESHAPE (m is not 1 for _gradient and _hvp), WG_EORDER, WG_ENOMEM.
 *   _gradient  x[n]        -> gradient[n]          _jacobian  x[n]         -> J[m*n], row-major
 *   _jvp       x[n], v[n]  -> J v  [m]             _vjp       x[n], u[m]   -> u^T J [n]; a weight is a number here: 0 too
 *   _hvp       x[n], v[n]  -> H v  [n] */
WG_API wg_fun *wg_fun_gradient (const wg_fun *f);
WG_API wg_fun *wg_fun_jvp (const wg_fun *f);
WG_API wg_fun *wg_fun_vjp (const wg_fun *f);
WG_API wg_fun *wg_fun_hvp (const wg_fun *f);
WG_API wg_fun *wg_fun_jacobian (const wg_fun *f);

/* f with its np parameters as inputs behind the n: x[n], p[np] -> f[m]; these have derivatives.  Parameters that a branch
 * of f brings later are parameters of this function. */
WG_API wg_fun *wg_fun_params_to_inputs (const wg_fun *f);

/* The function of the count outputs which[count] of f, in that order; repetitions are fine. */
WG_API wg_fun *wg_fun_outputs (const wg_fun *f, size_t count, const int which[]);

#ifdef __cplusplus
}
#endif
#endif
