/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Finding stretches that repeat.  An operation is a byte: its row, its immediate, which operands are constants, which are the result just
 * before; the value of a constant does not matter.  Which operand of a sum is constant does not either: a sum that begins at a number has
 * its first trip too.  A comparison is another one for each outcome, a call for
 * each source; other guards are in no loop.
 */
#include <stdlib.h>
#include <string.h>

#include "program/loops.h"

enum { NO_LOOP = 255, CODES = 254,        /* operations beyond CODES different ones share codes: verified later */
       KINDS = 1 << 10, GRAMS = 1 << 16, GAPS = 1 << 12, CANDIDATES = 64, TIMES = 4, PIECES = 3, TRIED = 64,
       STEP = 64 };                       /* operations from one known word place to the next */

typedef struct { size_t gap; long votes; } vote;
typedef struct { size_t begin, end, period; } stretch;

typedef struct {
  const wgi_tape *t;
  const wgi_loop_least *least;
  size_t count;
  uint8_t *code;
  size_t *word;                  /* per STEP operations: where their words begin */
  vote *gap;                     /* GAPS */
  stretch tried[TRIED];          /* some that need not be looked at again */
  uint32_t *last;                /* GRAMS: where a substring ended last, 0: nowhere */
  wgi_loops *found;
  size_t room;
  int rc;
} finder;

static uint64_t mixed (uint64_t h, uint64_t word)
{
  h = (h ^ word)*0x9e3779b97f4a7c15u;
  return h ^ h >> 32;
}

/* codes */

typedef struct {
  uint64_t key[KINDS];
  uint8_t code[KINDS];
  size_t codes;
  uint8_t plain[WGI_ROWS][64];   /* of operations without immediate */
} code_table;

static uint8_t code_of (code_table *c, uint64_t key)
{
  size_t i = mixed (0, key) % KINDS;
  while (c->code[i] && c->key[i] != key) i = (i + 1) % KINDS;
  if (c->code[i]) return c->code[i];
  if (c->codes >= CODES) return (uint8_t) (1 + mixed (1, key) % CODES);
  c->key[i] = key;
  return c->code[i] = (uint8_t) ++c->codes;
}

static int is_sum (int row) { return row == WGI_ROW_add || row == WGI_ROW_sub; }

/* Bit j: operand j is a constant; bit 3 + j: it is the result in slot last. */
static unsigned operands_of (int row, const uint32_t *word, uint32_t last)
{
  const int sum = is_sum (row);
  unsigned bits = 0;
  for (int j = 0; j < wgi_rows[row].operands; j++) bits |= (unsigned) (!sum && word[j] >> 31) << j | (unsigned) (word[j] == last) << (3 + j);
  return bits;
}

static void set_codes (finder *z, code_table *c)
{
  const wgi_tape *t = z->t;
  const uint32_t *word = t->word;
  for (size_t i = 0; i < z->count; i++)
    {
      const int row = t->row[i];
      const wgi_row_info *info = &wgi_rows[row];
      if (i % STEP == 0) z->word[i/STEP] = (size_t) (word - t->word);
      if (wgi_is_guard (row) && !(z->least->compares && wgi_loop_compares (row))) z->code[i] = NO_LOOP;
      else if (row == WGI_ROW_call) z->code[i] = code_of (c, mixed ((uint64_t) row, (uintptr_t) t->call[word[0]].source));
      else
        {
          const unsigned bits = operands_of (row, word, (uint32_t) (t->n + i - 1));
          const uint64_t key = (uint64_t) row << 6 | bits;
          if (info->words > info->operands) z->code[i] = code_of (c, key | (uint64_t) word[info->operands] << 32 | 1u << 31);
          else
            {
              uint8_t *known = &c->plain[row][bits];
              if (!*known) *known = code_of (c, key);
              z->code[i] = *known;
            }
        }
      word += wgi_loop_words (t, row, word);
    }
}

/* Where the words of operation i begin. */
static size_t word_place (const finder *z, size_t i)
{
  size_t at = z->word[i/STEP];
  for (size_t j = i - i % STEP; j < i; j++) at += wgi_loop_words (z->t, z->t->row[j], z->t->word + at);
  return at;
}

/* periods */

static void add_votes (finder *z, size_t gap, long votes)
{
  vote *v = &z->gap[mixed (0, gap) % GAPS];
  if (v->gap == gap) v->votes += votes;
  else if ((v->votes -= votes) < 0) *v = (vote){ gap, votes };
}

static void count_votes (finder *z)
{
  uint64_t gram = 0;
  size_t gap = 0;
  long votes = 0;
  for (size_t i = 0; i < z->count; i++)
    {
      gram = gram << 8 | z->code[i];
      uint32_t *last = &z->last[gram*0x9e3779b97f4a7c15u >> 48];
      const size_t now = *last ? i + 1 - *last : 0;
      *last = (uint32_t) (i + 1);
      if (now == gap) votes++;
      else
        {
          if (gap) add_votes (z, gap, votes);
          gap = now, votes = 1;
        }
    }
  if (gap) add_votes (z, gap, votes);
}

static int by_votes (const void *a, const void *b)
{
  const vote *s = a, *t = b;
  return (s->votes < t->votes) - (s->votes > t->votes);
}

static int by_gap (const void *a, const void *b)
{
  const vote *s = a, *t = b;
  return (s->gap < t->gap) - (s->gap > t->gap);
}

/* stretches */

static int repeats (const finder *z, size_t i, size_t gap) { return z->code[i] == z->code[i - gap] && z->code[i] != NO_LOOP; }

/* Do the 8 operations from i repeat those before, none of which is a NO_LOOP? */
static int eight_repeat (const finder *z, size_t i, size_t gap)
{
  uint64_t a, b;
  memcpy (&a, z->code + i, sizeof a), memcpy (&b, z->code + i - gap, sizeof b);
  return a == b && !((~a - 0x0101010101010101u) & a & 0x8080808080808080u);      /* no byte of ~a is 0 */
}

/* The first place from i on, before end, that does not repeat. */
static size_t go_right (const finder *z, size_t i, size_t end, size_t gap)
{
  while (i + 8 <= end && eight_repeat (z, i, gap)) i += 8;
  while (i < end && repeats (z, i, gap)) i++;
  return i;
}

static size_t go_left (const finder *z, size_t i, size_t begin, size_t gap)
{
  while (i >= begin + 8 && eight_repeat (z, i - 8, gap)) i -= 8;
  while (i > begin && repeats (z, i - 1, gap)) i--;
  return i;
}

/* Where to cut the period: where the fewest results of the trip at a cross.  One that is no farther than spare costs no trip. */
static size_t best_cut (finder *z, size_t a, size_t period, size_t spare)
{
  const wgi_tape *t = z->t;
  size_t *use = calloc (period, sizeof *use), best = 0;      /* where each result is used last, from a on */
  long *change = calloc (period + 1, sizeof *change), live = 0, least = 0;
  if (!use || !change) return free (use), free (change), z->rc = WG_ENOMEM, 0;
  const uint32_t *word = t->word + word_place (z, a);
  for (size_t i = a; i < a + 2*period; i++)
    {
      const int row = t->row[i];
      const size_t words = wgi_loop_words (t, row, word);
      for (size_t j = 0; j < words; j++)
        if (wgi_loop_is_operand (row, j) && wgi_word_is_slot (word[j]) && word[j] >= t->n + a && word[j] < t->n + a + period) use[word[j] - t->n - a] = i - a;
      word += words;
    }
  for (size_t d = 0; d < period; d++)            /* crosses the cuts before d + 1 .. use, or all of them */
    if (use[d] && use[d] - d < period)
      {
        const size_t last = use[d] < period ? use[d] : use[d] - period;
        change[d + 1]++, change[last + 1]--;
        if (last < d) live++;                    /* round the end: these cross the cut before 0 */
      }
  least = live;
  for (size_t c = 1; c < period; c++)
    {
      live += change[c];
      if (live < least || (live == least && best > spare && c <= spare)) least = live, best = c;
    }
  free (use), free (change);
  return best;
}

static int keep (finder *z, const wgi_loop *l)
{
  wgi_loops *found = z->found;
  if (found->count == z->room)
    {
      const size_t room = 2*z->room + 8;
      wgi_loop *loop = realloc (found->loop, wgi_times (room, sizeof *loop));
      if (!loop) return z->rc = WG_ENOMEM, 0;
      found->loop = loop, z->room = room;
    }
  found->loop[found->count++] = *l;
  memset (z->code + l->begin, NO_LOOP, l->period*l->trips);
  return 1;
}

static int is_enough (const finder *z, size_t trips, size_t period)
{
  return trips >= z->least->trips && wgi_times (trips, period) >= z->least->operations;
}

static int is_loop (const finder *z, const wgi_loop *l)
{
  return is_enough (z, l->trips, l->period) && l->period >= z->least->period;
}

/* The trips from begin on, before end, that are a loop as far as it goes. */
static wgi_loop look_at (finder *z, size_t begin, size_t end, size_t period)
{
  wgi_loop l = { .begin = begin, .period = period, .trips = (end - begin)/period, .first_word = word_place (z, begin) };
  l.words = word_place (z, begin + period) - l.first_word;
  l.trips = wgi_loop_look (&l, z->t, &z->rc);
  return l;
}

/* A nest whose outer loop adds no operation looks like a loop that breaks after each so many trips: how many; 0: none that is seen in the
 * next few pieces. */
static size_t trips_of_pieces (finder *z, size_t begin, size_t end, size_t period)
{
  size_t trips = 0;
  for (int piece = 0; piece < PIECES && !z->rc; piece++)
    {
      if (begin + 2*period > end) return 0;
      wgi_loop l = look_at (z, begin, end, period);
      wgi_loop_free (&l);
      if (piece && trips != l.trips) return 0;
      trips = l.trips, begin += trips*period;
    }
  return trips > 1 ? trips : 0;
}

/* Keep the loops of this period that the operations from begin to end are; are there any? */
static int take_loops (finder *z, size_t begin, size_t end, size_t period)
{
  const size_t before = z->found->count, whole = begin;
  size_t skip = 1;                               /* trips after one that is none, doubled each time: a recurrence is found out soon */
  int pieces = 1;                                /* look for them once */
  if (!is_enough (z, (end - begin)/period, period)) return 0;
  begin += best_cut (z, begin + ((end - begin)/period/2 - 1)*period, period, (end - begin) % period);
  while (!z->rc && end - begin >= period && is_enough (z, (end - begin)/period, period))
    {
      wgi_loop l = look_at (z, begin, end, period);
      const size_t next = begin + l.trips*period, trips = pieces && !z->rc && next + period <= end ? trips_of_pieces (z, next, end, period) : 0;
      pieces = 0;
      if (trips && take_loops (z, whole, end, trips*period)) return wgi_loop_free (&l), 1;
      const int kept = !z->rc && is_loop (z, &l) && keep (z, &l);
      if (!kept) wgi_loop_free (&l);
      begin = l.trips > 1 ? next : begin + skip*period;
      skip = l.trips > 1 ? 1 : 2*skip;
      if (begin > end) break;
    }
  return z->found->count > before;
}

/* The least period with which the operations from begin to end repeat, given one. */
static size_t least_period (const finder *z, size_t begin, size_t end, size_t period)
{
  size_t least = period;
  for (size_t d = 1; d*d <= period; d++)
    if (period % d == 0)
      {
        if (go_right (z, begin + d, end, d) == end) return d;
        if (period/d < least && go_right (z, begin + period/d, end, period/d) == end) least = period/d;
      }
  return least;
}

/* The operations from begin to end repeat with this period.  What they do may with a larger one than their names. */
static void take_stretch (finder *z, size_t begin, size_t end, size_t period)
{
  period = least_period (z, begin, end, period);
  stretch *tried = &z->tried[mixed (mixed (begin, end), period) % TRIED];
  if (tried->begin == begin && tried->end == end && tried->period == period) return;
  *tried = (stretch){ begin, end, period };
  for (size_t times = 1; times <= TIMES && !z->rc; times++)
    if (take_loops (z, begin, end, times*period)) return;
}

static void try_period (finder *z, size_t period)
{
  const size_t by_count = wgi_times (z->least->trips - 1, period);
  const size_t least = by_count + period >= z->least->operations ? by_count : z->least->operations - period;
  size_t done = period;
  for (size_t i = period + least - 1; i < z->count && !z->rc; i += least)
    {
      if (i < done || !repeats (z, i, period)) continue;
      const size_t from = go_left (z, i, done, period), end = go_right (z, i, z->count, period);
      if (end - from >= least) take_stretch (z, from - period, end, period);
      done = end;
      while (i + least < done) i += least;
    }
}

/* all of them */

static int by_begin (const void *a, const void *b)
{
  const wgi_loop *s = a, *t = b;
  return (s->begin > t->begin) - (s->begin < t->begin);
}

/* First loops that are worth more than the loop around them if that has few trips; else the outer ones. */
static void find (finder *z)
{
  const wgi_loop_least *least = z->least, large = { .trips = 48, .period = least->period, .operations = 8192, .compares = least->compares };
  size_t candidates = 0;
  count_votes (z);
  for (size_t i = 0; i < GAPS; i++)
    if (z->gap[i].votes + 1 >= (long) z->least->trips) z->gap[candidates++] = z->gap[i];
  qsort (z->gap, candidates, sizeof *z->gap, by_votes);
  if (candidates > CANDIDATES) candidates = CANDIDATES;
  qsort (z->gap, candidates, sizeof *z->gap, by_gap);
  z->least = &large;
  for (size_t i = 0; i < candidates && !z->rc; i++) try_period (z, z->gap[i].gap);
  z->least = least;
  memset (z->tried, 0, sizeof z->tried);
  for (size_t i = 0; i < candidates && !z->rc; i++) try_period (z, z->gap[i].gap);
}

int wgi_loops_find (wgi_loops *found, const wgi_tape *t, size_t m, const uint32_t out[], const wgi_loop_least *least)
{
  finder z = { .t = t, .least = least, .count = wgi_tape_count (t), .found = found };
  *found = (wgi_loops){ 0 };
  if (z.count < least->operations) return WG_OK;
  code_table *codes = calloc (1, sizeof *codes);
  z.code = malloc (z.count), z.word = malloc (wgi_times (z.count/STEP + 1, sizeof *z.word));
  z.gap = calloc (GAPS, sizeof *z.gap), z.last = calloc (GRAMS, sizeof *z.last);
  if (!codes || !z.code || !z.word || !z.gap || !z.last) z.rc = WG_ENOMEM;
  else
    {
      set_codes (&z, codes);
      find (&z);
    }
  free (codes), free (z.code), free (z.word), free (z.gap), free (z.last);
  if (!z.rc && found->count)
    {
      qsort (found->loop, found->count, sizeof *found->loop, by_begin);
      z.rc = wgi_loops_note_uses (found, t, m, out);
    }
  if (z.rc) wgi_loops_free (found);
  return z.rc;
}

void wgi_loop_free (wgi_loop *l)
{
  free (l->kind), free (l->same), free (l->role);
  l->kind = l->same = l->role = NULL;
}

void wgi_loops_free (wgi_loops *s)
{
  for (size_t i = 0; i < s->count; i++) wgi_loop_free (&s->loop[i]);
  free (s->loop);
  *s = (wgi_loops){ 0 };
}
