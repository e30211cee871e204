/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Texts of statuses, and the thread's last message.
 */
#include <stdarg.h>

#include "base/status.h"

#ifndef PACKAGE_VERSION
# define PACKAGE_VERSION "0"
#endif

static _Thread_local struct { int status; char text[WGI_MESSAGE]; } last;

const char *wg_strerror (int status)
{
  switch (status)
    {
#define X(name, value, text) case value: return text;
      WG_STATUSES (X)
#undef X
    default: return "unknown status";
    }
}

const char *wg_last_error (void)
{
  return last.text;
}

const char *wg_version (void)
{
  return PACKAGE_VERSION;
}

int wgi_fail (int status, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  vsnprintf (last.text, sizeof last.text, format, args);
  va_end (args);
  return last.status = status;
}

int wgi_last_status (void)
{
  return last.status;
}
