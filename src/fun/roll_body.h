/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * One loop of a tape that is being rolled.
 */
#ifndef WENGERT_FUN_ROLL_BODY_H
#define WENGERT_FUN_ROLL_BODY_H

#include "fun/fun.h"
#include "program/loops.h"

typedef struct {
  const wgi_tape *from;
  wgi_tape to;                   /* whose status tells when there is no memory */
  uint32_t *name;                /* per slot of from: what it is in to */
  enum wgi_rolling what;
  int compares;                  /* has a loop comparisons? */
} wgi_roller;

/* A word in the new tape; constants are new ones. */
static inline uint32_t wgi_roll_word (wgi_roller *z, uint32_t word)
{
  if (word & WGI_CONSTANT) return wgi_tape_constant (&z->to, z->from->constant[word & ~WGI_CONSTANT]);
  return word & WGI_PARAM ? word : z->name[word];
}

/* Append operation i, whose words these are, as it is. */
void wgi_roll_copy (wgi_roller *z, size_t i, const uint32_t *word);

/* Append the loop as a map, and name what is used of it.  0: that is not worth it, and nothing was done. */
int wgi_roll_loop (wgi_roller *z, wgi_loop *l);

#endif
