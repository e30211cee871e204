/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Which entries of a Jacobian or Hessian can be nonzero, from the operations of a program alone.  A pattern has
 * every entry that can be nonzero at any point where the program's guards hold, through calls for all branches of the callees
 * that are recorded; it may have more.
 */
#ifndef WENGERT_DERIV_PATTERN_H
#define WENGERT_DERIV_PATTERN_H

#include "program/program.h"

/* Entries by rows, columns ascending within a row; at most INT_MAX of them. */
typedef struct {
  size_t rows, cols, nnz;
  uint32_t *start;               /* rows + 1 */
  uint32_t *index;               /* nnz columns */
} wgi_pattern;

/* All return WG_OK, WG_ENOMEM or WG_ELIMIT (more than INT_MAX entries); the pattern is empty after an error. */

/* m x n. */
int wgi_pattern_jacobian (const wgi_program *p, wgi_pattern *);

/* The lower triangle with the diagonal, n x n, of any weighted sum of the outputs; WG_ELIMIT with more than most entries (0: INT_MAX). */
int wgi_pattern_hessian (const wgi_program *p, size_t most, wgi_pattern *);

/* What the patterns follow from, as 64 bits, never 0: the program and all recordings of the functions it calls.  Taken before
 * a pattern is made, it tells later whether that still holds. */
uint64_t wgi_structure_print (const wgi_program *p);

/* The entries of a or of b, which have the same shape. */
int wgi_pattern_join (const wgi_pattern *a, const wgi_pattern *b, wgi_pattern *);

/* The transpose; from[nnz], if not NULL: entry i of it is entry from[i] of a. */
int wgi_pattern_transpose (const wgi_pattern *a, wgi_pattern *, uint32_t from[]);

/* Which entry is (i, j)?  UINT32_MAX: none. */
uint32_t wgi_pattern_find (const wgi_pattern *a, size_t i, uint32_t j);

/* Has a every entry of b? */
int wgi_pattern_covers (const wgi_pattern *a, const wgi_pattern *b);

/* Room for a pattern, start and index not set. */
int wgi_pattern_new (size_t rows, size_t cols, size_t nnz, wgi_pattern *);
void wgi_pattern_free (wgi_pattern *);

#endif
