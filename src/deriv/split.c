/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Splitting a program into summands.  Backward: a slot is bent if its adjoint depends on the inputs, that is, if something uses it
 * that is bent itself or has a second derivative in it.  All others are added up on the way to the outputs; what such an
 * operation needs but by adding is a summand.  So is an output that is used elsewhere too.
 */
#include <stdlib.h>
#include <string.h>

#include "deriv/interactions.h"
#include "deriv/split.h"

enum { MOST_SWEPT = 16, MOST_ENTRIES = 8,          /* per operation of the program, when it need not be split; */
       MOST_KEPT = 1 << 27 };                      /* places of a map's entries then */

/* An operation on the walks. */
typedef struct { const uint32_t *word; size_t slot; const wgi_source *call; enum wgi_row row; unsigned mask; } operation;

static size_t words_of (const operation *o) { return o->call ? wgi_source_words (o->call) + 2 : (size_t) wgi_rows[o->row].words; }
static size_t slots_of (const operation *o) { return o->call ? o->call->m : !wgi_is_guard ((int) o->row); }

static operation operation_of (const wgi_program *p, size_t i, uint32_t source)
{
  const enum wgi_row row = (enum wgi_row) wgi_opcode_row[p->code[i]];
  return (operation){ .row = row, .call = row == WGI_ROW_call ? p->source[source] : NULL,
                      .mask = wgi_is_guard ((int) row) ? 0 : wgi_mask (p->code[i]) };
}

static void find_bent (const wgi_program *p, const wgi_interactions *z, uint8_t bent[])
{
  const uint32_t *word = p->word + p->words;
  size_t slot = p->slots;
  for (size_t i = p->count; i--; )
    {
      operation o = operation_of (p, i, word[-1]);
      word -= words_of (&o), slot -= slots_of (&o);
      if (!o.mask) continue;
      for (size_t j = 0; o.call && j < wgi_source_words (o.call); j++)
        for (size_t k = 0; k < wgi_source_size (o.call, j) && !(word[1+j] & WGI_INACTIVE); k++) bent[word[1+j] + k] = 1;
      const unsigned bends = o.call ? 0 : bent[slot] ? o.mask : wgi_curved (z, o.row, o.mask);
      for (int j = 0; j < 3; j++) if (bends >> j & 1) bent[word[j]] = 1;
    }
}

/* A map whose results are only added up? */
static int goes_by_items (const wgi_program *p, const operation *o, const uint32_t *word, const uint8_t bent[])
{
  int added = wgi_mapped_fits (p, o->call, word + 1);
  for (size_t r = 0; r < o->call->m && added; r++) added = !bent[r];
  return added;
}

/* Count the summands and the maps that go by items; with room for them, set those and the codes. */
static void find_summands (const wgi_program *p, const wgi_interactions *z, const uint8_t bent[], wgi_split *s)
{
  const uint32_t *word = p->word;
  const int set = s->summand != NULL;
  size_t slot = p->n, count = 0, maps = 0;
#define ADD(w, o) { if (set) s->summand[count] = (wgi_summand){ .slot = (uint32_t) (w), .output = o }; count++; }
  for (size_t i = 0; i < p->count; i++)
    {
      const operation o = operation_of (p, i, word[0]);
      unsigned keeps = o.mask;
      if (o.call && o.mask && goes_by_items (p, &o, word, bent + slot))
        {
          if (set) s->map[maps] = (wgi_mapped){ .number = i, .word = (size_t) (word - p->word), .slot = slot };
          keeps = 0, maps++;
        }
      for (size_t r = 0; o.call && keeps && r < o.call->m; r++) if (!bent[slot + r]) ADD (slot + r, WGI_ITSELF)
      if (!o.call && o.mask && !bent[slot])
        {
          keeps = wgi_curved (z, o.row, o.mask);
          for (int j = 0; j < 3; j++)
            if (o.mask >> j & 1 && word[j] >= p->n && bent[word[j]]) keeps |= 1u << j;
          if (keeps) ADD (slot, WGI_ITSELF)
        }
      if (set) s->code[i] = keeps == o.mask ? p->code[i] : (uint8_t) (wgi_opcode_base[o.row] + keeps);
      if (set) s->above[i] = o.call ? s->code[i] : p->code[i];
      word += words_of (&o), slot += slots_of (&o);
    }
  for (size_t i = 0; i < p->m; i++)
    if (wgi_is_slot (p, p->out[i]) && p->out[i] >= p->n && bent[p->out[i]]) ADD (p->out[i], (uint32_t) i)
#undef ADD
  s->summands = count, s->maps = maps;
}

/* Directions and what they give: each input of a summand with those after it, where the matrix has an entry.  Counts them; with
 * s->seed, sets them. */
static size_t find_entries (wgi_split *s, const wgi_pattern *lower, const uint32_t place[])
{
  size_t entries = 0;
  s->directions = 0;
  for (size_t k = 0; k < s->summands; k++)
    {
      const uint32_t *in = s->inputs.index + s->inputs.start[k];
      const size_t count = s->inputs.start[k+1] - s->inputs.start[k];
      if (s->seed) s->start[k] = (uint32_t) s->directions;
      for (size_t j = 0; j < count; j++)
        {
          const size_t before = entries;
          for (size_t i = j; i < count; i++)
            {
              const uint32_t e = wgi_pattern_find (lower, in[i], in[j]);
              if (e == UINT32_MAX) continue;
              if (s->seed) s->get[entries] = (wgi_pair){ place[e], in[i] };
              entries++;
            }
          if (entries == before) continue;
          if (s->seed) s->seed[s->directions] = in[j], s->get_start[s->directions] = (uint32_t) before;
          s->directions++;
        }
    }
  if (s->seed) s->start[s->summands] = (uint32_t) s->directions, s->get_start[s->directions] = (uint32_t) entries;
  return entries;
}

/* The stretch of each summand; the operations of all together. */
static double find_ranges (wgi_split *s, const wgi_program *part, uint32_t which[])
{
  double swept = 0;
  for (uint32_t k = 0; k < s->summands; k++) which[k] = k;
  wgi_range *range = wgi_plan_ranges (part, s->summands, which);
  for (size_t k = 0; k < s->summands && range; k++) s->summand[k].range = range[k], swept += (double) range[k].codes;
  free (range);
  return range ? swept : -1;
}

static int pairs_are_few (const wgi_split *s, double most)
{
  double pairs = 0;
  for (size_t k = 0; k < s->summands; k++)
    {
      const double count = s->inputs.start[k+1] - s->inputs.start[k];
      pairs += count*(count + 1)/2;
    }
  return pairs <= most;
}

/* Where the entries of maps are. */
static int find_maps (wgi_split *s, const wgi_program *p, const wgi_pattern *lower, const uint32_t place[], int must)
{
  wgi_callees callees = { .hessian = 1 };
  const wgi_callee_pattern **of = s->maps ? wgi_array (p->sources, sizeof *of) : NULL;
  int rc = !s->maps ? WG_OK : of ? wgi_callees_find (&callees, p, 0, of) : wgi_plan_no_memory ();
  for (size_t i = 0; i < s->maps && !rc; i++)
    rc = wgi_mapped_make (p, of[p->word[s->map[i].word]], lower, place, must ? UINT32_MAX : MOST_KEPT, &s->map[i]);
  wgi_callees_close (&callees), free (of);
  return rc;
}

/* The rest, the summands being known.  *few: is it worth it? */
static int complete (wgi_split *s, const wgi_program *p, const wgi_pattern *lower, const uint32_t place[], int must, int *few)
{
  wgi_program part = *p;
  uint32_t *out = wgi_array (s->summands, sizeof *out), *which = wgi_array (s->summands, sizeof *which);
  int rc = out && which ? WG_OK : wgi_plan_no_memory ();
  for (size_t k = 0; k < s->summands && !rc; k++) out[k] = s->summand[k].slot;
  part.code = s->code, part.m = s->summands, part.out = out;
  const double swept = rc ? 0 : find_ranges (s, &part, which);
  if (!rc && swept < 0) rc = wgi_plan_no_memory ();
  *few = must || swept <= MOST_SWEPT*(double) p->count;
  if (!rc && *few) rc = wgi_pattern_jacobian (&part, &s->inputs);
  free (out), free (which);
  if (rc || !*few) return rc;
  *few = must || pairs_are_few (s, MOST_ENTRIES*(double) p->count);
  if (!*few) return WG_OK;
  const size_t entries = find_entries (s, lower, place);
  if (entries >= UINT32_MAX) return wgi_fail (WG_ELIMIT, "the summands have too many entries");
  s->start = wgi_array (s->summands + 1, sizeof *s->start), s->get = wgi_array (entries, sizeof *s->get);
  s->get_start = wgi_array (s->directions + 1, sizeof *s->get_start), s->seed = wgi_array (s->directions, sizeof *s->seed);
  if (!s->start || !s->get || !s->get_start || !s->seed) return wgi_plan_no_memory ();
  find_entries (s, lower, place);
  return find_maps (s, p, lower, place, must);
}

int wgi_split_maps (const wgi_program *p)
{
  int found = 0;
  for (size_t i = 0; i < p->sources; i++) found |= wgi_source_map (p->source[i]) != NULL;
  return found;
}

int wgi_split_make (const wgi_program *p, const wgi_pattern *lower, const uint32_t place[], int must, wgi_split **to)
{
  wgi_interactions z;
  int few = 0;
  uint8_t *bent = calloc (p->slots + 1, 1);
  wgi_split *s = *to = calloc (1, sizeof *s);
  int rc = bent && s ? WG_OK : wgi_plan_no_memory ();
  if (!rc)
    {
      wgi_find_interactions (&z);
      find_bent (p, &z, bent);
      s->print = wgi_structure_print (p);
      find_summands (p, &z, bent, s);
      s->summand = wgi_array (s->summands, sizeof *s->summand), s->map = calloc (s->maps + 1, sizeof *s->map);
      s->code = wgi_array (p->count, 1), s->above = wgi_array (p->count, 1);
      if (!s->summand || !s->map || !s->code || !s->above) rc = wgi_plan_no_memory ();
    }
  if (!rc)
    {
      find_summands (p, &z, bent, s);
      rc = complete (s, p, lower, place, must, &few);
    }
  free (bent);
  if (rc || !few) wgi_split_free (s), *to = NULL;
  return rc;
}

void wgi_split_free (wgi_split *s)
{
  if (!s) return;
  for (size_t i = 0; i < s->maps && s->map; i++) free (s->map[i].block);
  wgi_pattern_free (&s->inputs);
  free (s->code), free (s->above), free (s->map), free (s->summand), free (s->start), free (s->seed), free (s->get_start), free (s->get), free (s);
}
