/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * A matrix anywhere in memory, and as BLAS takes it.
 */
#ifndef WENGERT_ARRAY_MATRIX_H
#define WENGERT_ARRAY_MATRIX_H

#include "array/array.h"

typedef struct {
  const double *v;
  size_t rows, cols;
  ptrdiff_t row, col;                  /* from one row, or column, to the next */
  int order, ld;                       /* once it is for BLAS: CblasNoTrans or CblasTrans of what is there by rows */
} wgi_matrix;

/* Set order and ld, copying the elements if they lie so that BLAS cannot take them. */
int wgi_matrix_for_blas (wgi_matrix *, wgi_run *);

#endif
