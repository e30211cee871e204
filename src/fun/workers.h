/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Threads of a handle.  Work is cut into parts by what there is to do, never by the number of threads; any thread takes the next
 * part, and parts are committed in order, one at a time, so that results do not depend on who did what.  A part that fails on a worker
 * is not told: the caller does it again, so that errors are its own.  That is also how a worker gets on that would have to record:
 * models run on threads that the user has called from.
 */
#ifndef WENGERT_FUN_WORKERS_H
#define WENGERT_FUN_WORKERS_H

#include "fun/resources.h"

enum { WGI_MOST_THREADS = 1024 };

typedef struct wgi_workers wgi_workers;

typedef struct {
  int (*part) (void *of, size_t who, size_t k);        /* part k, by thread who: 0 is the caller's; not 0: it failed */
  void (*commit) (void *of, size_t who, size_t k);     /* what who has of part k into the results: the parts before are there */
  void *of;
} wgi_work;

/* How many threads so many parts with so many operations in all are worth, of those that a handle may use; they are made when first
 * needed.  1: the caller does it alone, as in a model, on a thread of a map, in a child after fork, or where the system gives no more. */
size_t wgi_workers_for (wgi_resources *, size_t parts, double operations);
void wgi_workers_free (wgi_workers *);

/* Do the parts begin .. end - 1 on the first count threads.  Returns the first that failed, those before being committed and none
 * behind it; end: all are.  Nobody but the caller is at it afterwards. */
size_t wgi_workers_do (wgi_workers *, size_t count, size_t begin, size_t end, const wgi_work *);

#endif
