/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Resources as users set and read them.  They change no result, so the last point stays.
 */
#include "fun/fun.h"
#include "fun/workers.h"

void wgi_resources_add (wgi_resources *to, const wgi_resources *other)
{
  wg_scan_info *sum = &to->scans;
  const wg_scan_info *more = &other->scans;
  sum->reversed += more->reversed, sum->again += more->again;
  if (sum->states < more->states) sum->states = more->states;
  if (sum->bytes < more->bytes) sum->bytes = more->bytes;
}

int wg_fun_set_checkpoints (wg_fun *f, size_t bytes)
{
  if (!f) return wgi_fail (WG_EINVAL, "wg_fun_set_checkpoints: f is NULL");
  f->resources.scans.limit = bytes;
  return wgi_fun_done (f, WG_OK);
}

int wg_fun_get_scan_info (const wg_fun *f, wg_scan_info *info)
{
  if (!f || !info) return wgi_fail (WG_EINVAL, "wg_fun_get_scan_info: %s is NULL", f ? "info" : "f");
  *info = f->resources.scans;
  return WG_OK;
}

int wg_fun_set_threads (wg_fun *f, int threads)
{
  if (!f) return wgi_fail (WG_EINVAL, "wg_fun_set_threads: f is NULL");
  if (threads < 1 || threads > WGI_MOST_THREADS)
    return wgi_fun_done (f, wgi_fail (WG_EINVAL, "wg_fun_set_threads: %d threads", threads));
  wgi_workers_free (f->resources.workers), f->resources.workers = NULL;
  f->resources.threads = (size_t) threads;
  return wgi_fun_done (f, WG_OK);
}
