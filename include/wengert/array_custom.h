/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Operations on arrays with rules of one's own: a kernel over doubles, and its derivatives as what a model does, with the calls of
 * <wengert/array.h> or with other such operations.  Since these are differentiated as well, there are derivatives of every
 * order; a derivative that is code over doubles too is an operation of its own, whose rules end the series where they like.
 */
#ifndef WENGERT_ARRAY_CUSTOM_H
#define WENGERT_ARRAY_CUSTOM_H

#include <wengert/array.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct { int rank; size_t dim[WG_RANK]; } wg_shape;

/* shape and eval return 0, or anything else for "not these" (WG_ESHAPE) and "not here" (WG_EMODEL); they may run on several threads at
 * once.  Arrays are by rows, in one piece; y never overlaps x.
 *
 * jvp sets *dy to the tangent of y, given those of x; dx[i] that wg_is_missing are zero.  vjp sets xbar[i] to the adjoints of x, given that
 * of y.  What they leave alone is zero.  Both run when a derivative is first needed: values are not known there, so that they may
 * not branch on them; shapes are (wg_dim).  One that is NULL: derivatives that need it are WG_EORDER.  Values and gradients need vjp
 * alone, Jacobian-vector products jvp, Hessians both. */
typedef struct {
  const char *name;                    /* for messages, static; NULL: "custom" */
  int (*shape) (size_t nx, const wg_shape x[], wg_shape *y, void *ctx);
  int (*eval) (size_t nx, const wg_shape sx[], const double *const x[], const wg_shape *sy, double y[], void *ctx);
  void (*jvp) (size_t nx, const wg_var x[], wg_var y, const wg_var dx[], wg_var *dy, void *ctx);
  void (*vjp) (size_t nx, const wg_var x[], wg_var y, wg_var ybar, wg_var xbar[], void *ctx);
} wg_array_rules;

/* Inside a model, or on a live tape: the array of these rules at x[nx], nx <= 8, as one operation.  rules and ctx must outlive what is
 * recorded.  Constants give constants.  Errors are the recording's: WG_EINVAL (nothing to work on, rules without shape or eval), WG_ESHAPE, WG_EMODEL,
 * WG_ETAPE, WG_ENOMEM; then NaN. */
WG_API wg_var wg_array_custom (const wg_array_rules *rules, void *ctx, size_t nx, const wg_var x[]);

/* For jvp: is this tangent zero? */
WG_API int wg_is_missing (wg_var dx);

#ifdef __cplusplus
}
#endif
#endif
