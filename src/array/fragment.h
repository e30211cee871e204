/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Fragments: what a builder records, as a list of operations on regions.  The first regions are given from outside, in the order of
 * the fragment's inputs; after them comes one for the results of each operation.
 *   tangents   inputs: blocks of x, all of y, blocks of dx; outputs dy
 *   adjoints   inputs: blocks of x, all of y, all of ybar; outputs xbar, of operands that are wanted
 */
#ifndef WENGERT_ARRAY_FRAGMENT_H
#define WENGERT_ARRAY_FRAGMENT_H

#include "array/array.h"

enum wgi_fragment_kind { WGI_TANGENTS, WGI_ADJOINTS };

typedef struct { size_t region, offset; } wgi_place;

typedef struct {
  wgi_op *op;                          /* counted */
  wgi_place *x;                        /* per block of its operands */
  int target;                          /* its result is this output as a whole; -1: it has room of its own */
  int users;                           /* operands and outputs that it is */
} wgi_fragment_op;

typedef struct {
  int missing;                         /* it is zero */
  wgi_shape shape;
  wgi_place place;
  wgi_data *data;                      /* or where place.offset counts from */
} wgi_fragment_out;

struct wgi_fragment {
  wgi_fragment *next;
  enum wgi_fragment_kind kind;
  unsigned char *active;               /* per operand: has a tangent, or wants an adjoint */
  size_t inputs, ops, outs;            /* inputs: regions from outside */
  wgi_fragment_op *op;
  wgi_fragment_out *out;
};

/* The fragment for these operands, built when first asked for.  NULL: an error. */
const wgi_fragment *wgi_fragment_of (const wgi_op *, enum wgi_fragment_kind, const unsigned char active[]);

#endif
