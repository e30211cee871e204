/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * The thread's last message, and size arithmetic that cannot overflow unseen.
 */
#ifndef WENGERT_BASE_STATUS_H
#define WENGERT_BASE_STATUS_H

#include <wengert/base.h>

#ifdef __FAST_MATH__
# error "Wengert promises IEEE results: do not compile it with -ffast-math"
#endif

#define WGI_MESSAGE 256

/* Set this thread's message and return status.  The status itself is kept too, for wg_fun_status (NULL). */
int wgi_fail (int status, const char *format, ...) __attribute__ ((format (printf, 2, 3)));

/* The last status given to wgi_fail on this thread. */
int wgi_last_status (void);

/* a b and a + b, SIZE_MAX on overflow: no allocation of that size succeeds. */
static inline size_t wgi_times (size_t a, size_t b) { return b && a > SIZE_MAX/b ? SIZE_MAX : a*b; }
static inline size_t wgi_plus (size_t a, size_t b) { return a > SIZE_MAX - b ? SIZE_MAX : a + b; }

#endif
