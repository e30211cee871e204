/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Memory for long arrays.
 */
#define _DEFAULT_SOURCE                /* madvise */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#if __has_include (<sys/mman.h>)
# include <sys/mman.h>
#endif

#include "base/memory.h"

#define LARGE ((size_t) 2 << 20)

void *wgi_enlarge (void *old, size_t used, size_t bytes)
{
  void *block;
  if (bytes < LARGE) return realloc (old, bytes);
  if (bytes > PTRDIFF_MAX || posix_memalign (&block, LARGE, bytes)) return NULL;
#ifdef MADV_HUGEPAGE
  madvise (block, bytes, MADV_HUGEPAGE);
#endif
  if (used) memcpy (block, old, used);
  free (old);
  return block;
}
