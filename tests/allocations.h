/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Allocations that fail on request, and a count of blocks that live, on any thread.  For a program linked with
 * --wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=free and the static core.
 */
#ifndef WENGERT_TESTS_ALLOCATIONS_H
#define WENGERT_TESTS_ALLOCATIONS_H

#include <stdlib.h>
#include <string.h>

void *__real_malloc (size_t);
void *__real_calloc (size_t, size_t);
void *__real_realloc (void *, size_t);
void __real_free (void *);
void *__wrap_malloc (size_t);
void *__wrap_calloc (size_t, size_t);
void *__wrap_realloc (void *, size_t);
void __wrap_free (void *);

static long live, calls, fail_at;         /* blocks; allocations so far; the one that fails, or 0 */
static int forever;                       /* so do all after it */
static int refused;                        /* has one failed? */
static size_t asked;                       /* bytes, so far */
static int inside;                        /* the library; what the test framework allocates does not count */

#define ADD(counter, more) __atomic_add_fetch (&counter, more, __ATOMIC_RELAXED)

static int refuse (void)
{
  if (!inside) return 0;
  const long call = ADD (calls, 1);
  const int now = fail_at && (call == fail_at || (forever && call > fail_at));
  if (now) __atomic_store_n (&refused, 1, __ATOMIC_RELAXED);
  return now;
}

/* Fresh memory is never zero by luck. */
void *__wrap_malloc (size_t size)
{
  void *p = refuse () ? NULL : __real_malloc (size);
  ADD (asked, inside ? size : 0);
  if (p) memset (p, 0xa5, size);
  ADD (live, inside && p);
  return p;
}

void *__wrap_calloc (size_t n, size_t size)
{
  void *p = refuse () ? NULL : __real_calloc (n, size);
  ADD (asked, inside ? n*size : 0);
  ADD (live, inside && p);
  return p;
}

void *__wrap_realloc (void *old, size_t size)
{
  void *p = refuse () ? NULL : __real_realloc (old, size);
  ADD (asked, inside ? size : 0);
  ADD (live, inside && p && !old);
  return p;
}

void __wrap_free (void *p)
{
  ADD (live, -(inside && p));
  __real_free (p);
}

#endif
