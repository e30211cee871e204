/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Rows on arrays, one at a time (elementwise.c) and as chains of them that run together (chain.c).
 */
#ifndef WENGERT_ARRAY_ELEMENTWISE_H
#define WENGERT_ARRAY_ELEMENTWISE_H

#include "array/array.h"

extern const wgi_primitive wgi_elementwise;            /* attr: the row, its immediate */

int wgi_rows_shape (wgi_op *);                         /* the operands', broadcast */
wg_var wgi_row_apply (int row, size_t count, const wg_var x[], int k);

/* The tangent of a row's result, missing if it has none; its operands' adjoints, added to xbar, which may be missing.  exponent: of
 * rows that have a plain one. */
wg_var wgi_row_tangent (int row, int k, double exponent, const wg_var x[], wg_var y, const wg_var dx[]);
void wgi_row_adjoints (int row, int k, double exponent, const wg_var x[], wg_var y, wg_var ybar, wg_var xbar[]);

/* The exponent of such a row, if it is this operand (or NULL). */
static inline double wgi_row_exponent (const wgi_view *x) { return x && x->data ? x->data->v[x->first] : 0; }

/* Chains: the steps are rows whose operands are those of the chain or results of steps before; the last is the result.
 * attr, per step: row, immediate, three references: operand i is i, step i is -1 - i. */
enum { WGI_STEP = 5, WGI_STEPS = 16, WGI_CHAINED = 7 };        /* longs per step; most steps; most operands */
extern const wgi_primitive wgi_chain;

/* Show the rows of a step or chain, element by element, with their operands; x[j] are the values of its blocks.  Nothing if it is another
 * operation. */
void wgi_rows_show (const wgi_op *, double *const x[], void (*show) (void *, int row, int k, const double operand[3]), void *);

/* Operations that are called one after the other, for fusing: those of a chain become one in the place of the last. */
typedef struct {
  wgi_source **source;           /* operations; counted, replaced */
  uint32_t **operand;            /* words, replaced */
  uint32_t out;                  /* slot of the first result */
  int pinned;                    /* its results are used by something else too */
} wgi_fusable;

int wgi_fuse (size_t count, wgi_fusable call[]);

/* Fuse on the tape of a model whose outputs are out[m]. */
int wgi_arrays_fuse (wgi_tape *, size_t m, const uint32_t out[]);

#endif
