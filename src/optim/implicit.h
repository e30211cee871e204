/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Implicit functions as sources: q -> u with G (u, q) = 0.  G is F itself, nonlinear, q the parameters of F; or it is linear
 * in u, since derivatives of implicit functions are implicit functions too.  In either case the matrix G_u is F_x or its
 * transpose at a point (x, p) that is among the inputs of G: derivatives of all orders solve with the same matrix.
 */
#ifndef WENGERT_OPTIM_IMPLICIT_H
#define WENGERT_OPTIM_IMPLICIT_H

#include <pthread.h>

#include <wengert/root.h>

#include "tape/callee.h"

/* What the derivatives of one implicit function have in common; immutable. */
typedef struct {
  atomic_size_t users;
  wg_fun *F;                     /* only to be cloned */
  size_t n, np;
  wg_root_options options;       /* start and scale are in room */
  double *room;
} wgi_equation;

typedef struct {
  wgi_source source;             /* n inputs q, m = equation->n outputs u */
  wgi_equation *equation;        /* counted */
  wg_fun *G;                     /* u, q -> m; only to be called, cloned, derived */
  size_t at;                     /* (x, p) are the inputs at, at + 1 ... of G */
  int linear, transposed;        /* in u; is G_u = F_x^T? */
  double *point;                 /* u, q: where derivatives are recorded */
  pthread_mutex_t lock;          /* guards derived */
  wg_fun *derived[2];            /* J v, u^T J as functions; made when first asked for */
} wgi_implicit;

/* A source with one use.  Takes G over, on failure too; point[m + n] is copied.  NULL: out of memory. */
wgi_source *wgi_implicit_new (wgi_equation *, wg_fun *G, size_t nq, size_t at, int linear, int transposed, const double point[]);

/* An instance: forward and reverse of all modes. */
wgi_callee *wgi_implicit_instance (wgi_source *);

/* The derivative as a source: calls of the root and of a linear implicit function. */
wgi_source *wgi_implicit_derived (wgi_source *, enum wgi_derived kind);

#endif
