/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Operands of a call in a caller's planes.
 */
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "fun/operands.h"
#include "program/program.h"
#include "sweep/plane.h"

enum { SHORT = 8 };              /* fewer are not worth a stretch of their own */

/* The end of the operands from begin on that are consecutive, which includes WGI_INACTIVE. */
static size_t end_of_run (const uint32_t word[], size_t begin, size_t n)
{
  size_t end = begin + 1;
  while (end < n && word[end] == word[end-1] + 1) end++;
  return end;
}

/* The stretches, into o if it is not NULL; how many. */
static size_t walk (const uint32_t word[], size_t n, wgi_stretch *o)
{
  size_t count = 0;
  int last = 1;                  /* is the stretch before a run? */
  for (size_t begin = 0, end; begin < n; begin = end)
    {
      end = end_of_run (word, begin, n);
      const int run = end - begin >= SHORT;
      const int more = run || last;
      if (o && more) o[count] = (wgi_stretch){ begin, end, run, 0 };
      else if (o) o[count-1].end = end;
      count += (size_t) more, last = run;
    }
  return count;
}

int wgi_operands_find (wgi_operands *o, const uint32_t word[], size_t n)
{
  const size_t count = walk (word, n, NULL);
  o->word = NULL;
  if (count > o->room)
    {
      wgi_stretch *stretch = malloc (wgi_times (count, sizeof *stretch));
      if (!stretch) return wgi_fail (WG_ENOMEM, "no memory for a call's operands");
      free (o->stretch);
      o->stretch = stretch, o->room = count;
    }
  o->count = walk (word, n, o->stretch), o->word = word;
  return WG_OK;
}

/* The first stretch that goes beyond operand begin. */
static size_t stretch_of (const wgi_operands *o, size_t begin)
{
  size_t low = 0, high = o->count;
  while (low < high)
    {
      const size_t middle = low + (high - low)/2;
      if (o->stretch[middle].end > begin) high = middle;
      else low = middle + 1;
    }
  return low;
}

uint32_t wgi_operands_run (const wgi_operands *o, size_t begin, size_t end)
{
  const size_t i = begin < end ? stretch_of (o, begin) : o->count;
  return i < o->count && o->stretch[i].run && end <= o->stretch[i].end ? o->word[begin] : UINT32_MAX;
}

void wgi_operands_want (wgi_operands *o, size_t begin, size_t end)
{
  for (size_t i = stretch_of (o, begin); i < o->count && o->stretch[i].begin < end; i++) o->stretch[i].copied = 1;
}

void wgi_operands_copy (const wgi_operands *o, const double plane[], int tangent, double x[])
{
  const uint32_t *word = o->word;
  for (const wgi_stretch *s = o->stretch; s < o->stretch + o->count; s++)
    {
      if (!s->copied) continue;
      if (!s->run)
        for (size_t j = s->begin; j < s->end; j++) x[j] = tangent && word[j] & WGI_INACTIVE ? 0 : plane[word[j] & ~WGI_INACTIVE];
      else if (tangent && word[s->begin] & WGI_INACTIVE) memset (x + s->begin, 0, (s->end - s->begin)*sizeof *x);
      else memcpy (x + s->begin, plane + (word[s->begin] & ~WGI_INACTIVE), (s->end - s->begin)*sizeof *x);
    }
}

void wgi_operands_take (const wgi_operands *o, double plane[], double xbar[])
{
  const uint32_t *word = o->word;
  for (const wgi_stretch *s = o->stretch; s < o->stretch + o->count; s++)
    if (s->run && !(word[s->begin] & WGI_INACTIVE)) wgi_plane_move (plane + word[s->begin], xbar + s->begin, s->end - s->begin);
    else
      {
        for (size_t j = s->begin; j < s->end; j++) if (!(word[j] & WGI_INACTIVE)) plane[word[j]] += xbar[j];
        wgi_plane_rest (xbar + s->begin, s->end - s->begin);
      }
}
