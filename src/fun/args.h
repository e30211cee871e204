/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * The arguments of loops (map, scan), checked and with their variables gathered into one list of operands.
 */
#ifndef WENGERT_FUN_ARGS_H
#define WENGERT_FUN_ARGS_H

#include <wengert/map.h>

typedef struct {
  size_t place, width, stride;   /* fills the body's inputs, and behind them its parameters, from place on */
  size_t first;                  /* variables: where they begin among the operands */
  const double *data;            /* NULL: variables */
  const int *index;              /* or NULL; own for variables */
  int slot;
  size_t skip;                   /* numbers of a row of data that other arguments take */
  size_t bound;                  /* items for which there are rows, if it is not shared */
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

/* The row of item k. */
static inline size_t wgi_arg_row (const wgi_arg *a, size_t k)
{
  return (a->index ? (size_t) a->index[k] : k)*a->stride;
}

#endif
