/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * The arguments of loops (map, scan), checked and with their variables gathered into one list of operands.
 */
#ifndef WENGERT_FUN_ARGS_H
#define WENGERT_FUN_ARGS_H

#include <wengert/map.h>

#include "tape/callee.h"

typedef struct {
  size_t place, width, stride;   /* fills the body's inputs, and behind them its parameters, from place on */
  size_t first;                  /* variables: where they begin among the operands */
  const double *data;            /* NULL: variables */
  const int *index;              /* or NULL; own for variables */
  int slot;
  size_t skip;                   /* numbers of a row of data that other arguments take */
  size_t bound;                  /* items for which there are rows, if it is not shared */
  uint32_t run;                  /* of an instance: the word of its first row where rows are consecutive in the caller's planes, or UINT32_MAX; */
  const double *x[4];            /* its first row in the sweep at hand, for each mode; NULL: zeros */
} wgi_arg;

typedef struct {
  size_t items, count;
  size_t operands;
  size_t filled;                 /* sum of the widths */
  int params_vary;               /* does a variable fill a parameter of the body? */
  wgi_arg *arg;                  /* count */
} wgi_args;

/* Take the arguments that fill the body's places from begin to its n inputs, or on to its np parameters.  *operand is a list
 * of the variables in use, to be freed.  WG_EINVAL, WG_ENOMEM: nothing was made. */
int wgi_args_take (wgi_args *, const char *name, size_t begin, size_t n, size_t np, size_t items, size_t nargs,
                   const wg_arg args[], wg_var **operand);
void wgi_args_free (wgi_args *);

/* Do they read data? */
int wgi_args_read (const wgi_args *);

/* A hash of how many items there are and where they find their variables. */
uint64_t wgi_args_print (const wgi_args *);

/* Have the recording keep the error rc of a loop, with this thread's message: that of s0[ns] or of the arguments, or the innermost. */
void wgi_args_fail (int rc, size_t ns, const wg_var s0[], size_t nargs, const wg_arg args[]);

/* Set x of all arguments, the operands being in arrays. */
void wgi_args_point (wgi_arg arg[], size_t count, int mode, double *const x[]);

/* What item k sees, into the arrays of an instance of the body for all modes within mode, its parameters into its handle. */
void wgi_args_see (const wgi_arg arg[], size_t count, const wgi_callee *one, int mode, size_t k);

/* The adjoints of what item k saw, from those arrays, are added to the operands'. */
void wgi_args_scatter (const wgi_arg arg[], size_t count, const wgi_callee *one, int mode, double *const xbar[], size_t k);

/* A wgi_callee's bind for the arguments arg, which begin as those of s, and *items; fixed: results are as many as items. */
int wgi_args_bind (const wgi_args *s, wgi_arg arg[], size_t *items, int fixed, const wgi_binding *b, int apply);

/* How far from its first row on it reaches, for all items; 0: there are none. */
size_t wgi_arg_reach (const wgi_arg *, size_t items);

/* The row of item k. */
static inline size_t wgi_arg_row (const wgi_arg *a, size_t k)
{
  return (a->index ? (size_t) a->index[k] : k)*a->stride;
}

#endif
