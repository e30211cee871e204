/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Operands of a call that are one number each, as they lie in a caller's planes: in stretches of consecutive numbers, all active
 * or none, and between those one by one.  Found once for a call; so a loop over many operands reads the planes themselves where
 * an argument lies within one stretch, and adjoints are added stretch by stretch.
 */
#ifndef WENGERT_FUN_OPERANDS_H
#define WENGERT_FUN_OPERANDS_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
  size_t begin, end;             /* operands */
  int run;                       /* are they consecutive? */
  int copied;                    /* set by who looks at some of them in a copy */
} wgi_stretch;

typedef struct {
  const uint32_t *word;          /* the operands' words; NULL: not known */
  wgi_stretch *stretch;          /* count, in order, of all operands */
  size_t count, room;
} wgi_operands;

/* Find the stretches of word[n].  WG_ENOMEM. */
int wgi_operands_find (wgi_operands *, const uint32_t word[], size_t n);

/* The word of operand begin if it and those to end - 1 are consecutive in the planes, with WGI_INACTIVE if they are inactive.
 * Else, and if there are none, UINT32_MAX. */
uint32_t wgi_operands_run (const wgi_operands *, size_t begin, size_t end);

/* Those to end - 1 are wanted in a copy. */
void wgi_operands_want (wgi_operands *, size_t begin, size_t end);

/* Copy what is wanted; of tangents inactive ones are 0. */
void wgi_operands_copy (const wgi_operands *, const double plane[], int tangent, double x[]);

/* Add the adjoints of active operands to their plane; all are put to rest in xbar. */
void wgi_operands_take (const wgi_operands *, double plane[], double xbar[]);

#endif
