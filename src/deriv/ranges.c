/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * The operations that each output needs, as one stretch of the program from the first of them to the output's own.  A
 * reverse sweep over the stretch alone gives the output's row: what is in it for other outputs stays asleep.  Models that
 * compute their outputs one after the other have stretches that hardly overlap.
 */
#include <stdlib.h>

#include "deriv/plan.h"

/* A place in the program: an operation, its words, its first slot. */
typedef struct { size_t code, word, slot; } place;

enum { STEP = 4 };              /* slots from one place that is kept to the next */

/* The results of the operation at a place. */
static size_t results (const wgi_program *p, place at)
{
  const int row = wgi_opcode_row[p->code[at.code]];
  return wgi_is_guard (row) ? 0 : row == WGI_ROW_call ? p->source[p->word[at.word]]->m : 1;
}

static place after (const wgi_program *p, place at)
{
  return (place){ at.code + 1, at.word + wgi_words (p, p->code[at.code], p->word + at.word), at.slot + results (p, at) };
}

/* The first slot that the operation at a place needs: first[] says that of the slots before it.  Inputs say UINT32_MAX. */
static uint32_t first_of (const wgi_program *p, place at, const uint32_t first[])
{
  const int row = wgi_opcode_row[p->code[at.code]], call = row == WGI_ROW_call;
  const unsigned mask = wgi_mask (p->code[at.code]);
  const uint32_t *word = p->word + at.word;
  const size_t operands = call ? wgi_source_words (p->source[word[0]]) : wgi_rows[row].operands;
  uint32_t to = (uint32_t) at.slot;
  for (size_t j = 0; j < operands; j++)
    {
      const uint32_t w = word[call ? j + 1 : j];
      if (call ? w & WGI_INACTIVE : !(mask >> j & 1)) continue;
      for (size_t k = 0; k < (call ? wgi_source_size (p->source[word[0]], j) : 1); k++) if (first[w + k] < to) to = first[w + k];
    }
  return to;
}

/* The operation that makes a slot. */
static place operation_of (const wgi_program *p, const place kept[], uint32_t slot)
{
  place at = kept[slot/STEP], next;
  while (next = after (p, at), next.slot <= slot) at = next;
  return at;
}

wgi_range *wgi_plan_ranges (const wgi_program *p, size_t sweeps, const uint32_t output[])
{
  uint32_t *first = malloc (wgi_times (p->slots, sizeof *first));
  place *kept = malloc (wgi_times (p->slots/STEP + 1, sizeof *kept));
  wgi_range *range = malloc (wgi_times (sweeps + 1, sizeof *range));
  if (!first || !kept || !range) return free (first), free (kept), free (range), NULL;
  for (size_t i = 0; i < p->n; i++) first[i] = UINT32_MAX;
  for (place at = { 0, 0, p->n }, next; at.code < p->count; at = next)
    {
      next = after (p, at);
      if (next.slot == at.slot) continue;
      const uint32_t to = first_of (p, at, first);
      for (size_t s = at.slot; s < next.slot; s++)
        {
          first[s] = to;
          if (s % STEP == 0 || s == p->n) kept[s/STEP] = at;
        }
    }
  for (size_t s = 0; s < sweeps; s++)
    {
      const uint32_t w = p->out[output[s]];
      range[s] = (wgi_range){ .first = w, .slot = w };
      if (!wgi_is_slot (p, w) || w < p->n) continue;
      const place begin = operation_of (p, kept, first[w]), end = after (p, operation_of (p, kept, w));
      range[s] = (wgi_range){ begin.code, end.code - begin.code, begin.word, end.word - begin.word, begin.slot, end.slot };
    }
  free (first), free (kept);
  return range;
}
