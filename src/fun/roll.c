/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * From loops to maps.  The tape is copied with new names for its slots; in place of a loop comes a call of a map.  What a trip
 * sees is what wg_arg can say: the same for all, rows or windows of consecutive variables, gathered ones; numbers that differ are
 * a matrix, a row per trip.  Sums leave the body term by term.
 */
#include <stdlib.h>
#include <string.h>

#include <wengert/map.h>

#include "fun/map.h"
#include "fun/roll.h"
#include "fun/roll_body.h"

static _Thread_local enum wgi_rolling rolling = WGI_NOT_ROLLED;

enum wgi_rolling wgi_rolling (void) { return rolling; }

int wg_set_rolling (int how)
{
  const int before = (int) rolling;
  rolling = how == 1 ? WGI_ROLLED : how ? WGI_ROLLED_ALL : WGI_NOT_ROLLED;
  return before;
}

/* What is worth looking at: when all loops are asked for, else in a model's own tape, in the body of a loop. */
static const wgi_loop_least all = { .trips = 8, .period = 1, .operations = 64, .compares = 1 };
static const wgi_loop_least outer = { .trips = 8, .period = 1, .operations = 512 };
static const wgi_loop_least inner = { .trips = 8, .period = 32, .operations = 8192 };

void wgi_roll_copy (wgi_roller *z, size_t i, const uint32_t *word)
{
  const wgi_tape *t = z->from;
  const int row = t->row[i];
  const wgi_row_info *info = &wgi_rows[row];
  uint32_t to[3] = { 0 };
  if (row == WGI_ROW_call)
    {
      const wgi_call_record *call = &t->call[word[0]];
      const size_t n = call->source->n;
      uint32_t *operand = malloc (wgi_times (n, sizeof *operand));
      if (!operand) wgi_tape_fail (&z->to, WG_ENOMEM, "out of memory");
      else
        {
          for (size_t j = 0; j < n; j++) operand[j] = wgi_roll_word (z, call->operand[j]);
          z->name[t->n + i] = wgi_tape_append_call (&z->to, call->source, operand);
        }
      return;
    }
  if (row == WGI_ROW_part)           /* appended with its call */
    {
      z->name[t->n + i] = z->name[word[0]] + word[1];
      return;
    }
  for (int j = 0; j < info->words; j++)
    to[j] = j < info->operands || row == WGI_GUARD_peek ? wgi_roll_word (z, word[j]) : word[j];
  z->name[t->n + i] = wgi_tape_append (&z->to, row, to);
}

/* Have one source for all calls of maps that are alike. */
static int join_maps (wgi_tape *s)
{
  size_t size = 2;
  while (size < 2*s->calls) size *= 2;
  uint32_t *met = calloc (size, sizeof *met);        /* by hash: 1 + a call, 0: none */
  if (!met) return WG_ENOMEM;
  for (size_t i = 0; i < s->calls; i++)
    {
      wgi_source **source = &s->call[i].source;
      if (!wgi_source_map (*source)) continue;
      size_t at = wgi_map_hash (*source) & (size - 1);
      while (met[at] && !wgi_maps_alike (*source, s->call[met[at] - 1].source)) at = (at + 1) & (size - 1);
      if (met[at]) *source = s->call[met[at] - 1].source;
      else met[at] = (uint32_t) i + 1;
    }
  free (met);
  return WG_OK;
}

/* The tape spread, as loops are looked for on it: the same but for its words and calls, which are to be freed.  WG_ENOMEM. */
static int spread (const wgi_tape *t, wgi_tape *s)
{
  const size_t count = wgi_tape_count (t);
  const uint32_t *word = t->word;
  size_t words = wgi_tape_words (t);
  for (size_t i = 0; i < t->calls; i++) words = wgi_plus (words, t->call[i].source->n);
  *s = *t;
  s->word = s->word_at = malloc (wgi_times (words, sizeof *s->word)), s->call = malloc (wgi_times (t->calls, sizeof *s->call));
  if (!s->word || !s->call) return WG_ENOMEM;
  memcpy (s->call, t->call, t->calls*sizeof *s->call);
  for (size_t i = 0; i < count; i++)
    {
      const int row = t->row[i];
      for (int j = 0; j < wgi_rows[row].words; j++) *s->word_at++ = word[j];
      for (size_t j = 0; row == WGI_ROW_call && j < t->call[word[0]].source->n; j++) *s->word_at++ = t->call[word[0]].operand[j];
      word += wgi_rows[row].words;
    }
  return join_maps (s);
}

/* Of all trips, the operations with this role; 0: all. */
static void copy_trips (wgi_roller *z, const wgi_loop *l, int role)
{
  const uint32_t *word = z->from->word + l->first_word;
  int any = !role;
  for (size_t i = 0; i < l->period; i++) any |= l->role[i] & role;
  for (size_t i = 0; i < l->period*l->trips && any; i++)
    {
      if (!role || l->role[i % l->period] & role) wgi_roll_copy (z, l->begin + i, word);
      word += wgi_loop_words (z->from, z->from->row[l->begin + i], word);
    }
}

static void copy_all (wgi_roller *z, wgi_loops *loops)
{
  const size_t count = wgi_tape_count (z->from);
  const uint32_t *word = z->from->word;
  size_t next = 0;
  for (size_t i = 0; i < z->from->n; i++) z->name[i] = (uint32_t) i;
  for (size_t i = 0; i < count && !z->to.status; )
    if (next < loops->count && loops->loop[next].begin == i)
      {
        wgi_loop *l = &loops->loop[next++];
        copy_trips (z, l, wgi_roll_loop (z, l) ? WGI_LOOP_STAYS : 0);
        i += l->period*l->trips, word += l->words*l->trips;
      }
    else
      {
        wgi_roll_copy (z, i, word);
        word += wgi_loop_words (z->from, z->from->row[i], word), i++;
      }
}

/* The same for a tape that is spread if it has calls. */
static int roll (const wgi_tape *t, size_t m, const uint32_t out[], enum wgi_rolling what, wgi_tape *to, uint32_t to_out[])
{
  wgi_roller z = { .from = t, .what = what };
  wgi_loops loops;
  const int rc = wgi_loops_find (&loops, t, m, out, what == WGI_ROLLED_ALL ? &all : what == WGI_ROLLED ? &outer : &inner);
  if (rc || !loops.count) return wgi_loops_free (&loops), rc;
  wgi_tape_make (&z.to, t->n);
  z.name = malloc (wgi_times (t->next, sizeof *z.name));
  z.to.param = malloc (wgi_times (t->params + 1, sizeof *z.to.param));
  if (!z.name || !z.to.param) wgi_tape_fail (&z.to, WG_ENOMEM, "out of memory");
  else
    {
      if (t->params) memcpy (z.to.param, t->param, t->params*sizeof *t->param);
      z.to.params = t->params;
      copy_all (&z, &loops);
      for (size_t i = 0; i < m && !z.to.status; i++) to_out[i] = wgi_roll_word (&z, out[i]);
    }
  wgi_loops_free (&loops);
  free (z.name);
  *to = z.to;
  return to->status ? to->status : z.compares ? WGI_COMPARES : 1;
}

int wgi_roll (const wgi_tape *t, size_t m, const uint32_t out[], enum wgi_rolling what, wgi_tape *to, uint32_t to_out[])
{
  wgi_tape s;
  wgi_tape_make (to, t->n);
  if (t->arrays) return 0;               /* operands in blocks stay where they are */
  if (!t->calls) return roll (t, m, out, what, to, to_out);
  const int rc = spread (t, &s), rolls = rc ? rc : roll (&s, m, out, what, to, to_out);
  free (s.word), free (s.call);
  return rolls;
}
