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

/* Inputs and outputs; 0 for f NULL. */
WG_API size_t wg_fun_n (const wg_fun *f);
WG_API size_t wg_fun_m (const wg_fun *f);

/* What the last call on this handle returned; for f NULL, what the last failing call on this thread
 * returned, so that a NULL from wg_fun_record has a status too. */
WG_API int wg_fun_status (const wg_fun *f);

typedef struct {
  size_t n, m;             /* inputs and outputs */
  size_t operations;       /* in the trace of the last point, after freezing */
  size_t recorded;         /* operations the model recorded for it */
  size_t constants;        /* numbers it reads */
  size_t guards;           /* comparisons that hold it to its branch */
  size_t program_bytes;    /* of its program: codes, operands, constants */
  size_t traces;           /* kept by the function and its clones, and their bytes */
  size_t trace_bytes;
  size_t recordings;       /* times the model was run since wg_fun_record, that one included */
  size_t breaks;           /* guards found broken */
} wg_fun_info;

/* Sizes and counters.  WG_EINVAL when f or info is NULL. */
WG_API int wg_fun_get_info (const wg_fun *f, wg_fun_info *info);

/* Draw the list of the last point in DOT, values on the nodes, with their adjoints (of u.f, u all ones)
 * after a second line.  For graphviz: dot -Tsvg.  WG_EINVAL (f or out NULL, no point yet), WG_ENOMEM. */
WG_API int wg_fun_write_dot (wg_fun *f, FILE *out);

#ifdef __cplusplus
}
#endif
#endif
