/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Calls on a tape: of functions, and of whatever else is a source.  A call is an operation with a record of whom it calls and on what; its
 * slot is that of the first output, the others' are operations that name a part of it.
 */
#include <stdlib.h>

#include "base/memory.h"
#include "tape/tape.h"

/* Room for one more call.  NULL when the tape has failed. */
static wgi_call_record *new_call (wgi_tape *t)
{
  if (t->status) return NULL;
  if (t->calls == t->call_capacity)
    {
      const size_t capacity = 2*t->call_capacity + 8;
      wgi_call_record *call = realloc (t->call, wgi_times (capacity, sizeof *call));
      if (!call) return wgi_tape_fail (t, WG_ENOMEM, "out of memory after %zu calls", t->calls), NULL;
      t->call = call, t->call_capacity = capacity;
    }
  return &t->call[t->calls];
}

uint32_t wgi_tape_append_call (wgi_tape *t, wgi_source *source, uint32_t *operand)
{
  wgi_call_record *call = new_call (t);
  if (!call) return free (operand), 0;
  *call = (wgi_call_record){ wgi_source_use (source), operand };
  const uint32_t number = (uint32_t) t->calls++, first = wgi_tape_append (t, WGI_ROW_call, &number);
  for (uint32_t i = 1; i < source->m; i++) wgi_tape_append (t, WGI_ROW_part, (uint32_t[]){ first, i });
  return first;
}

wgi_tape *wgi_tape_of_call (const wgi_source *source, const wg_var x[])
{
  wgi_tape *t = NULL;
  int literals = 1;
  for (size_t i = 0; i < source->n && !t; i++) t = wgi_tape_of (x[i]), literals &= !x[i].ids;
  if (literals && source->reads) t = wgi_tape_innermost ();
  return t && literals && t->live ? NULL : t;
}

void wgi_tape_call (wgi_source *source, const wg_var x[], const double value[], wg_var y[])
{
  wgi_tape *t = wgi_tape_of_call (source, x);
  const int fit = wgi_tape_fits (WGI_ROW_call, x, source->n);
  uint32_t *operand = t && fit && !t->status ? malloc (wgi_times (source->n + 1, sizeof *operand)) : NULL, first = 0;
  int recorded = 0;
  if (t && fit && !operand) wgi_tape_fail (t, WG_ENOMEM, "out of memory after %zu calls", t->calls);
  if (operand)
    {
      for (size_t i = 0; i < source->n; i++) operand[i] = x[i].ids ? x[i].slot : wgi_tape_constant (t, x[i].value);
      first = wgi_tape_append_call (t, source, operand);
      recorded = !t->status;
    }
  for (uint32_t i = 0; i < source->m; i++)
    y[i] = (wg_var){ value[i], recorded ? first + i : 0, t ? t->stamp << WGI_SHAPE_BITS : 0 };
}
