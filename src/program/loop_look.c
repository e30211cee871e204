/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * What the operands of a loop are, and what of it is used afterwards.  Kinds are read off the second trip, since the first one's running
 * operands come from anywhere; all other trips must agree.  A running sum is a chain of sums and differences from one trip to the next that
 * nothing else looks at, so that its terms may be added in another order.  Whatever else needs the trip before stays outside the loop, with all
 * that needs it.
 */
#include <stdlib.h>
#include <string.h>

#include "program/loops.h"

/* Rows whose second operand must be one number. */
static const uint8_t has_exponent[WGI_ROWS] = {
#define ROW1(name, ma)
#define ROW1K(name, ma)
#define ROW1C(name, ma) [WGI_ROW_##name] = 1,
#define ROW2(name, ma, mb)
#define ROW2K(name, ma, mb)
#define ROW3(name, ma, mb, mc)
#define FLAT1(name)
#define FLAT2(name)
#include <wengert/rules.def>
};

typedef struct {
  wgi_loop *l;
  const wgi_tape *t;
  uint32_t slot;                 /* of the first operation */
  const uint32_t *word;          /* of the first trip */
  uint32_t *list;                /* words to check, by kind: regular ones, variables from outside, constants, exponents */
  size_t regular, outside, constants, exponents;
} look;

static const uint32_t *trip_words (const look *z, size_t trip) { return z->word + trip*z->l->words; }

static double constant (const look *z, uint32_t word) { return z->t->constant[word & ~WGI_CONSTANT]; }

/* The words of operation i of the first trip, and of any other; they are at w there. */
static size_t words_of (const look *z, size_t i, size_t w) { return wgi_loop_words (z->t, z->t->row[z->l->begin + i], z->word + w); }

static int is_before (const look *z, uint32_t word) { return !(word & WGI_CONSTANT) && (word & WGI_PARAM || word < z->slot); }

/* kinds */

static enum wgi_loop_word kind_of (const look *z, uint32_t second)
{
  if (second & WGI_CONSTANT) return WGI_LOOP_CONSTANT;
  if (is_before (z, second)) return WGI_LOOP_OUTSIDE;
  return second < z->slot + z->l->period ? WGI_LOOP_RUNNING : WGI_LOOP_INSIDE;
}

/* Can the first trip be one? */
static int is_first (const look *z, enum wgi_loop_word kind, uint32_t first, uint32_t second)
{
  switch (kind)
    {
    case WGI_LOOP_CONSTANT: return (first & WGI_CONSTANT) != 0;
    case WGI_LOOP_INSIDE: return first == second - z->l->period;
    case WGI_LOOP_RUNNING: return first & WGI_CONSTANT || is_before (z, first);
    case WGI_LOOP_OUTSIDE: return is_before (z, first);
    case WGI_LOOP_CALL: return 1;
    default: return first == second;
    }
}

static int set_kinds (look *z)
{
  const wgi_loop *l = z->l;
  const uint32_t *first = trip_words (z, 0), *second = trip_words (z, 1);
  size_t w = 0;
  for (size_t i = 0; i < l->period; i++)
    {
      const int row = z->t->row[l->begin + i];
      const size_t words = words_of (z, i, w);
      for (size_t j = 0; j < words; j++, w++)
        {
          l->kind[w] = wgi_loop_is_operand (row, j) ? (uint8_t) kind_of (z, second[w]) : row == WGI_ROW_call ? WGI_LOOP_CALL : WGI_LOOP_IMMEDIATE;
          if (!is_first (z, l->kind[w], first[w], second[w])) return 0;
          if (row == WGI_ROW_part && l->kind[w] == WGI_LOOP_RUNNING) return 0;        /* a trip ends within a call */
        }
    }
  return 1;
}

/* sums */

typedef struct { uint32_t uses, user, operand, carried; } usage;      /* inside a trip, and by the next one */

static void count_uses (const look *z, usage use[])
{
  const wgi_loop *l = z->l;
  const uint32_t *second = trip_words (z, 1);
  size_t w = 0;
  for (size_t i = 0; i < l->period; i++)
    {
      const size_t words = words_of (z, i, w);
      for (size_t j = 0; j < words; j++, w++)
        if (l->kind[w] == WGI_LOOP_INSIDE)
          {
            usage *u = &use[second[w] - z->slot - l->period];
            u->uses++, u->user = (uint32_t) i, u->operand = (uint32_t) j;
          }
        else if (l->kind[w] == WGI_LOOP_RUNNING) use[second[w] - z->slot].carried++;
    }
}

static int adds (const look *z, size_t i, uint32_t operand)
{
  const int row = z->t->row[z->l->begin + i];
  return row == WGI_ROW_add || (row == WGI_ROW_sub && operand == 0);
}

enum { CHAIN = WGI_LOOP_LINK | WGI_LOOP_PARTIAL | WGI_LOOP_SUM };

/* Operation i has the sum so far as this operand: follow it to the last of the trip, which is the one that the next trip has. */
static int follow_sum (const look *z, const usage use[], size_t i, uint32_t operand, size_t last)
{
  uint8_t *role = z->l->role;
  if (!adds (z, i, operand) || role[i] & CHAIN || use[last].carried != 1 || use[last].uses) return 0;
  for (size_t k = i; k != last; k = use[k].user)
    if (use[k].uses != 1 || use[k].carried || !adds (z, use[k].user, use[k].operand) || role[use[k].user] & CHAIN) return 0;
  role[i] |= WGI_LOOP_LINK;
  for (size_t k = i; k != last; k = use[k].user) role[k] |= WGI_LOOP_PARTIAL;
  role[last] |= WGI_LOOP_SUM;
  return 1;
}

static int stays (const wgi_loop *l, size_t i) { return l->role[i] & WGI_LOOP_STAYS; }

/* Find the sums.  An operation that is none but has something of the trip before, or something that stays, stays itself; the rest of a
 * sum of which a part stays is seen on the way, by that part. */
static void find_sums (const look *z, const usage use[])
{
  const wgi_loop *l = z->l;
  const uint32_t *second = trip_words (z, 1);
  size_t w = 0;
  for (size_t i = 0; i < l->period; i++) l->role[i] &= (uint8_t) ~CHAIN;
  for (size_t i = 0; i < l->period; i++)
    {
      int does = stays (l, i);
      const size_t words = words_of (z, i, w);
      for (size_t j = 0; j < words; j++, w++)
        if (l->kind[w] == WGI_LOOP_INSIDE) does |= stays (l, second[w] - z->slot - l->period);
        else if (l->kind[w] == WGI_LOOP_RUNNING && !does) does = !follow_sum (z, use, i, (uint32_t) j, second[w] - z->slot);
      if (does) l->role[i] = (uint8_t) ((l->role[i] & ~CHAIN) | WGI_LOOP_STAYS);
    }
}

/* Tell sums from what stays.  Is the rest worth it? */
static int settle (const look *z, const usage use[])
{
  const wgi_loop *l = z->l;
  size_t staying = 0, w = 0;
  find_sums (z, use);
  for (size_t i = 0; i < l->period; i++)
    {
      const int row = z->t->row[l->begin + i];
      const size_t words = words_of (z, i, w);
      staying += stays (l, i) != 0;
      for (size_t j = 0; j < words; j++, w++) if (stays (l, i) && wgi_loop_is_operand (row, j)) l->kind[w] = WGI_LOOP_SERIAL;
    }
  return 3*staying <= l->period;
}

/* all trips */

static void make_lists (look *z)
{
  const wgi_loop *l = z->l;
  size_t w, at = 0;
  for (w = 0; w < l->words; w++) if (l->kind[w] == WGI_LOOP_INSIDE || l->kind[w] == WGI_LOOP_RUNNING) z->list[at++] = (uint32_t) w;
  z->regular = at;
  for (w = 0; w < l->words; w++) if (l->kind[w] == WGI_LOOP_OUTSIDE) z->list[at++] = (uint32_t) w;
  z->outside = at;
  for (w = 0; w < l->words; w++) if (l->kind[w] == WGI_LOOP_CONSTANT) z->list[at++] = (uint32_t) w;
  z->constants = at;
  w = 0;
  for (size_t i = 0; i < l->period; i++)
    {
      const int row = z->t->row[l->begin + i];
      if (has_exponent[row] && l->kind[w+1] == WGI_LOOP_CONSTANT) z->list[at++] = (uint32_t) w + 1;
      w += words_of (z, i, w);
    }
  z->exponents = at;
}

/* Before its words are looked at: programs with very many different operations may have sent others. */
static int same_rows (const look *z, size_t trip)
{
  const wgi_loop *l = z->l;
  const uint8_t *row = z->t->row + l->begin;
  const uint32_t *word = trip_words (z, trip);
  if (memcmp (row, row + trip*l->period, l->period)) return 0;
  for (size_t i = 0, w = 0; i < l->period && z->t->calls; i++)
    {
      if (row[i] == WGI_ROW_call && z->t->call[word[w]].source != z->t->call[z->word[w]].source) return 0;
      w += words_of (z, i, w);
    }
  return 1;
}

/* Is this trip like the others?  Notes which variables from outside differ from the first trip's. */
static int agrees (const look *z, size_t trip)
{
  const wgi_loop *l = z->l;
  const uint32_t *first = trip_words (z, 0), *before = trip_words (z, trip - 1), *word = trip_words (z, trip), *list = z->list;
  const uint32_t step = (uint32_t) l->period;
  uint32_t wrong = 0;
  size_t k = 0;
  if (!same_rows (z, trip)) return 0;
  for (; k < z->regular && trip > 1; k++) wrong |= word[list[k]] - before[list[k]] - step;
  for (k = z->regular; k < z->outside; k++)
    {
      const uint32_t now = word[list[k]];
      wrong |= !is_before (z, now);
      l->same[list[k]] &= now == first[list[k]];
    }
  for (; k < z->constants; k++) wrong |= ~word[list[k]] & WGI_CONSTANT;
  for (; k < z->exponents && !wrong; k++)
    {
      const double a = constant (z, first[list[k]]), b = constant (z, word[list[k]]);
      wrong |= memcmp (&a, &b, sizeof a) != 0;
    }
  return !wrong;
}

/* Immediates likewise. */
static int immediates_agree (const look *z, size_t trip)
{
  const uint32_t *first = trip_words (z, 0), *word = trip_words (z, trip);
  for (size_t w = 0; w < z->l->words; w++)
    if (z->l->kind[w] == WGI_LOOP_IMMEDIATE && first[w] != word[w]) return 0;
  return 1;
}

static int has_immediates (const wgi_loop *l) { return memchr (l->kind, WGI_LOOP_IMMEDIATE, l->words) != NULL; }

size_t wgi_loop_look (wgi_loop *l, const wgi_tape *t, int *rc)
{
  look z = { .l = l, .t = t, .slot = (uint32_t) (t->n + l->begin), .word = t->word + l->first_word };
  size_t trips = 1;
  if (l->trips < 2) return l->trips;
  usage *use = calloc (l->period, sizeof *use);
  l->kind = malloc (l->words + 1), l->same = malloc (l->words + 1), l->role = calloc (l->period, 1);
  z.list = malloc (wgi_times (2*l->words + 1, sizeof *z.list));
  if (!use || !l->kind || !l->same || !l->role || !z.list) *rc = WG_ENOMEM;
  else if (same_rows (&z, 1) && set_kinds (&z))
    {
      count_uses (&z, use);
      make_lists (&z);
      if (settle (&z, use))
        {
          const int immediates = has_immediates (l);
          memset (l->same, 1, l->words);
          while (trips < l->trips && agrees (&z, trips) && (!immediates || immediates_agree (&z, trips))) trips++;
        }
    }
  free (use), free (z.list);
  return trips;
}

/* uses after loops */

static void touch (const wgi_loops *s, const wgi_tape *t, size_t *at, uint32_t word)
{
  if (!wgi_word_is_slot (word) || word < t->n + s->loop[0].begin) return;
  const size_t i = word - t->n;
  size_t low = 0, high = s->count;
  const wgi_loop *l = &s->loop[*at];
  if (i < l->begin || i >= l->begin + l->period*l->trips)
    {
      while (high - low > 1)                     /* the last that begins at i or before */
        {
          const size_t middle = (low + high)/2;
          *(s->loop[middle].begin <= i ? &low : &high) = middle;
        }
      l = &s->loop[*at = low];
    }
  const size_t place = i - l->begin;
  if (place >= l->period*l->trips) return;
  l->role[place % l->period] |= place/l->period + 1 == l->trips ? WGI_LOOP_LAST : WGI_LOOP_EACH;
}

static void touch_from_loop (const wgi_loops *s, const wgi_tape *t, const wgi_loop *l, size_t *at)
{
  const uint32_t *word = t->word + l->first_word;
  for (size_t w = 0; w < l->words; w++)
    if (l->kind[w] == WGI_LOOP_RUNNING || (l->kind[w] == WGI_LOOP_OUTSIDE && l->same[w])) touch (s, t, at, word[w]);
    else if (l->kind[w] == WGI_LOOP_OUTSIDE || l->kind[w] == WGI_LOOP_SERIAL)
      for (size_t k = 0; k < l->trips; k++) touch (s, t, at, word[k*l->words + w]);
}

static void touch_from_operation (const wgi_loops *s, const wgi_tape *t, int row, const uint32_t *word, size_t *at)
{
  const size_t words = wgi_loop_words (t, row, word);
  for (size_t j = 0; j < words; j++) if (wgi_loop_is_operand (row, j)) touch (s, t, at, word[j]);
}

/* Sums that are seen on the way stay outside; is the rest worth it? */
static int keep_sums (wgi_loops *s, const wgi_tape *t, wgi_loop *l, int *rc)
{
  const look z = { .l = l, .t = t, .slot = (uint32_t) (t->n + l->begin), .word = t->word + l->first_word };
  size_t seen = 0, at = 0;
  for (size_t i = 0; i < l->period; i++)
    if ((l->role[i] & WGI_LOOP_SUM && l->role[i] & WGI_LOOP_EACH)
        || (l->role[i] & WGI_LOOP_PARTIAL && l->role[i] & (WGI_LOOP_EACH | WGI_LOOP_LAST)))
      l->role[i] |= WGI_LOOP_STAYS, seen++;
  if (!seen) return 1;
  usage *use = calloc (l->period, sizeof *use);
  if (!use) return *rc = WG_ENOMEM, 0;
  count_uses (&z, use);
  const int worth = settle (&z, use);
  free (use);
  if (worth) touch_from_loop (s, t, l, &at);
  return worth;
}

int wgi_loops_note_uses (wgi_loops *s, const wgi_tape *t, size_t m, const uint32_t out[])
{
  const size_t count = wgi_tape_count (t);
  const uint32_t *word = t->word;
  size_t next = 0, at = 0, kept = 0;
  int rc = WG_OK;
  for (size_t i = 0; i < count; )
    if (next < s->count && s->loop[next].begin == i)
      {
        const wgi_loop *l = &s->loop[next++];
        touch_from_loop (s, t, l, &at);
        i += l->period*l->trips, word += l->words*l->trips;
      }
    else
      {
        touch_from_operation (s, t, t->row[i], word, &at);
        word += wgi_loop_words (t, t->row[i], word), i++;
      }
  for (size_t i = 0; i < m; i++) touch (s, t, &at, out[i]);
  for (size_t i = 0; i < s->count; i++) if (!keep_sums (s, t, &s->loop[i], &rc)) s->loop[i].trips = 0;
  for (size_t i = 0; i < s->count; i++)
    if (s->loop[i].trips) s->loop[kept++] = s->loop[i];
    else wgi_loop_free (&s->loop[i]);
  s->count = kept;
  return rc;
}
