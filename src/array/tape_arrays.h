/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * What a tape knows of arrays: the shapes that its variables have, the values of slots that were made in blocks.  A tape for a
 * fragment has no rows and no values, only calls of operations, and gives shape () to scalars, so that no row is recorded.
 */
#ifndef WENGERT_ARRAY_TAPE_ARRAYS_H
#define WENGERT_ARRAY_TAPE_ARRAYS_H

#include "array/array.h"

enum { WGI_SHAPES = 1 << WGI_SHAPE_BITS, WGI_KNOWN_OPS = 64 };

typedef struct { wgi_shape shape; wgi_data *data; } wgi_kind;

typedef struct { size_t first, count; double *value; } wgi_values;

/* A call on a tape for a fragment. */
typedef struct { wgi_source *source; uint32_t *operand; uint32_t out; } wgi_fragment_call;

struct wgi_array_tape {
  int fragment;
  wgi_kind *kind;                      /* of shape number i + 1 */
  size_t kinds, kind_capacity;
  uint16_t place[2*WGI_SHAPES];        /* shape numbers by hash */
  double *input;                       /* of the inputs: those that have been seen as arrays */
  wgi_values *block;                   /* of results, by slot */
  size_t blocks, block_capacity;
  wgi_op *known[WGI_KNOWN_OPS];        /* recent operations, to be used again for the same shapes; not counted: calls have them */
  size_t next_known;
  wgi_fragment_call *call;
  size_t calls, call_capacity;
  wgi_run run;                         /* for kernels while recording */
};

/* Tell where the values of count slots are; the memory becomes the tape's.  0: out of memory, the tape has failed. */
int wgi_arrays_keep (wgi_tape *, size_t first, size_t count, double *value);

#endif
