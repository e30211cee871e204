/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * What a sweep takes along into all that it calls: memory for the states of scans, and what they did; threads for maps.  They are those
 * of the handle that began the sweep.  A part of a map on a thread has counters of its own, which are added in order, and no
 * threads.
 */
#ifndef WENGERT_FUN_RESOURCES_H
#define WENGERT_FUN_RESOURCES_H

#include <wengert/scan.h>

typedef struct wgi_resources {
  wg_scan_info scans;            /* limit is the user's, the rest counts */
  size_t threads;                /* 0 is 1 */
  struct wgi_workers *workers;   /* NULL: none yet */
} wgi_resources;

/* Count what scans did with others, for the same handle. */
void wgi_resources_add (wgi_resources *to, const wgi_resources *other);

#endif
