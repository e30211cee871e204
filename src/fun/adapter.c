/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * A handle's room for adapters, and errors that come from them.
 */
#include <stdlib.h>

#include <wengert/adapter.h>

#include "fun/fun.h"

double *wg_fun_room (wg_fun *f, size_t count)
{
  if (!f) return wgi_fail (WG_EINVAL, "wg_fun_room: f is NULL"), NULL;
  if (f->room && count <= f->room_size) return f->room;
  const size_t bytes = wgi_times (count ? count : 1, sizeof (double));
  double *room = bytes < SIZE_MAX ? malloc (bytes) : NULL;
  if (!room) return wgi_fun_done (f, wgi_fail (WG_ENOMEM, "no memory for room of %zu numbers", count)), NULL;
  free (f->room);
  f->room_size = count;
  return f->room = room;
}

int wg_fun_fail (wg_fun *f, int status, const char *text)
{
  wgi_fail (status, "%.200s", text ? text : wg_strerror (status));
  return f ? wgi_fun_done (f, status) : status;
}
