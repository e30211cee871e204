/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Functions with rules of one's own: a simulation, a table, a library's routine, a hand-written gradient.  The result is a
 * function like any other: drivers, checkers and optimizers take it, models call it with wg_call.
 */
#ifndef WENGERT_CUSTOM_H
#define WENGERT_CUSTOM_H

#include <wengert/fun.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Callbacks return 0, or anything else for "not here", which the driver that asked reports as WG_EMODEL.  Clones on
 * several threads may be in them at once.  Outputs never overlap inputs; all are to be written. */
typedef struct {
  const char *name;         /* for messages and pictures, static; NULL: "custom" */
  int (*eval) (size_t n, const double x[], size_t m, double y[], void *ctx);                                        /* y = f (x) */
  int (*jvp) (size_t n, const double x[], const double v[], size_t m, double jv[], void *ctx);                      /* J v */
  int (*vjp) (size_t n, const double x[], size_t m, const double u[], double uj[], void *ctx);                      /* u^T J */
  int (*hvp) (size_t n, const double x[], size_t m, const double u[], const double v[], double hv[], void *ctx);    /* (Hessian of u.f) v */
  void (*free) (void *ctx); /* called once, with the last use of the function; NULL: nobody */
  const double *check_at;   /* x[n]: compare the rules with each other and with differences there; NULL: do not */
  wg_model *jacobian;       /* R^n -> R^(m n), the Jacobian by rows as a model over variables, with the same ctx */
} wg_rules;

/* A function R^n -> R^m by its rules (copied).  eval and one of jvp and vjp are needed; the one that is missing is made of m
 * or n calls of the other.  Without hvp, second derivatives are WG_EORDER; third ones always are.  ctx must outlive the
 * function, its clones and what was recorded with it, or have free.
 *
 * With jacobian there are derivatives of every order, since it is differentiated as any model is; jvp, vjp and hvp are not
 * used then.  It may call custom functions, of the same rules too (wg_call_custom), and leave an entry alone: that partial
 * derivative does not exist, and needing it is WG_EORDER.
 *
 * NULL on error: WG_EINVAL (rules NULL or incomplete, n or m 0), WG_DISAGREE (the check at check_at failed: the message says
 * which rule and entry), WG_ENOMEM, what a callback gave; ctx is not freed then. */
WG_API wg_fun *wg_fun_custom (const wg_rules *rules, void *ctx, size_t n, size_t m);

/* Inside a model: y[m] = the function of these rules at x[n], as one operation, with no wg_fun in between.  rules and ctx
 * are kept as they are and must outlive what is recorded; free and check_at are not used.  Calls with the same rules, ctx, n
 * and m in a recording share their workspace; ctx may well be a small number, such as the order of a Bessel function.
 * Literals give literals.  Errors (those of wg_fun_custom, operands of different recordings, what eval returns) are kept by
 * the recording. */
WG_API void wg_call_custom (const wg_rules *rules, void *ctx, size_t n, const wg_var x[], size_t m, wg_var y[]);

#ifdef __cplusplus
}
#endif
#endif
