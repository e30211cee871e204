/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * What an adapter to another library needs of a function: numbers of its own that live as long as the handle, and a way
 * to leave an error in it.  <wengert/gsl.h> is made with these.
 */
#ifndef WENGERT_ADAPTER_H
#define WENGERT_ADAPTER_H

#include <wengert/fun.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Room for count numbers that belongs to the handle f and goes with it, for example to gather a strided vector.  The library
 * itself never uses it.  Larger room than before moves and forgets what was there; nothing is allocated otherwise.  count
 * may be 0.  NULL on error: f NULL (WG_EINVAL), WG_ENOMEM. */
WG_API double *wg_fun_room (wg_fun *f, size_t count);

/* Keep a status in f, for wg_fun_status, with a text (copied, at most 200 bytes), for wg_last_error.  Returns status.  f may
 * be NULL: the thread's alone then. */
WG_API int wg_fun_fail (wg_fun *f, int status, const char *text);

#ifdef __cplusplus
}
#endif
#endif
