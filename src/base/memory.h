/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Memory for long arrays.  A page that is touched for the first time costs as much as recording a hundred operations: long
 * arrays are on large pages where the system has them, and grow in few steps.  free frees them.
 */
#ifndef WENGERT_BASE_MEMORY_H
#define WENGERT_BASE_MEMORY_H

#include <stddef.h>

/* realloc that keeps the first used bytes.  NULL: no memory, and old is as it was. */
void *wgi_enlarge (void *old, size_t used, size_t bytes);

/* A capacity to grow to from a full array of count: long ones reserve much, which costs nothing until it is touched. */
static inline size_t wgi_more (size_t count, size_t least)
{
  return count < least ? least : count < 1u << 16 ? 4*count : 16*count;
}

#endif
