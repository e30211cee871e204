/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * The columns and the data of a loop.  Equal ones are one; columns are sorted by how they move and where they begin, so that neighbours make
 * one argument, and a loop within the body finds rows again.
 */
#include <stdlib.h>
#include <string.h>

#include "fun/roll_columns.h"

static uint32_t name_at (const wgi_rolled *r, size_t trip, size_t w) { return wgi_roll_word (r->z, wgi_rolled_word (r, trip, w)); }

static uint64_t bits_at (const wgi_rolled *r, size_t trip, size_t w)
{
  const double x = wgi_rolled_number (r, trip, w);
  uint64_t bits;
  memcpy (&bits, &x, sizeof bits);
  return bits;
}

void *wgi_rolled_have (wgi_rolled *r, size_t count, size_t size)
{
  void *p = calloc (count + 1, size);
  if (!p) wgi_tape_fail (&r->z->to, WG_ENOMEM, "no memory for a loop of %zu trips", r->l->trips);
  return p;
}

/* equal ones */

typedef struct { uint32_t *place; size_t size; } table;      /* open addressing: 1 + index, 0 free */

static table table_for (wgi_rolled *r, size_t count)
{
  table t = { NULL, 16 };
  while (t.size < 2*count) t.size *= 2;
  t.place = wgi_rolled_have (r, t.size, sizeof *t.place);
  return t;
}

static int same_words (const wgi_rolled *r, size_t a, size_t b)
{
  if (r->l->same[a] != r->l->same[b]) return 0;
  for (size_t k = 0; k < (r->l->same[a] ? 1 : r->l->trips); k++) if (wgi_rolled_word (r, k, a) != wgi_rolled_word (r, k, b)) return 0;
  return 1;
}

static void find_columns (wgi_rolled *r)
{
  const wgi_loop *l = r->l;
  size_t outside = 0;
  for (size_t w = 0; w < l->words; w++) outside += l->kind[w] == WGI_LOOP_OUTSIDE;
  table t = table_for (r, outside);
  r->col = wgi_rolled_have (r, outside + 1, sizeof *r->col);
  for (size_t w = 0; w < l->words && t.place && r->col; w++)
    {
      if (l->kind[w] != WGI_LOOP_OUTSIDE) continue;
      uint64_t h = wgi_mixed (wgi_mixed (wgi_mixed (0, wgi_rolled_word (r, 0, w)), wgi_rolled_word (r, 1, w)), wgi_rolled_word (r, l->trips - 1, w));
      size_t i = h & (t.size - 1);
      while (t.place[i] && !same_words (r, r->col[t.place[i] - 1].word, w)) i = (i + 1) & (t.size - 1);
      if (!t.place[i]) r->col[r->cols] = (wgi_column){ .word = (uint32_t) w }, t.place[i] = (uint32_t) ++r->cols;
      r->of[w] = t.place[i] - 1;
    }
  free (t.place);
}

static int same_numbers (const wgi_rolled *r, size_t a, size_t b)
{
  for (size_t k = 0; k < r->l->trips; k++) if (bits_at (r, k, a) != bits_at (r, k, b)) return 0;
  return 1;
}

static void find_data (wgi_rolled *r)
{
  const wgi_loop *l = r->l;
  size_t constants = 0;
  uint64_t *hash = wgi_rolled_have (r, l->words, sizeof *hash);
  uint8_t *differs = wgi_rolled_have (r, l->words, 1);
  for (size_t w = 0; w < l->words; w++) constants += l->kind[w] == WGI_LOOP_CONSTANT;
  uint32_t *list = wgi_rolled_have (r, constants, sizeof *list);
  table t = table_for (r, constants);
  r->datum = wgi_rolled_have (r, constants, sizeof *r->datum);
  if (hash && differs && list && t.place && r->datum)
    {
      constants = 0;
      for (size_t w = 0; w < l->words; w++) if (l->kind[w] == WGI_LOOP_CONSTANT) list[constants++] = (uint32_t) w;
      for (size_t k = 0; k < l->trips; k++)
        for (size_t j = 0; j < constants; j++)
          {
            const uint64_t bits = bits_at (r, k, list[j]);
            hash[j] = wgi_mixed (hash[j], bits);
            differs[j] |= bits != bits_at (r, 0, list[j]);
          }
      for (size_t j = 0; j < constants; j++)
        {
          r->of[list[j]] = WGI_SAME;
          if (!differs[j]) continue;
          size_t i = hash[j] & (t.size - 1);
          while (t.place[i] && !same_numbers (r, r->datum[t.place[i] - 1], list[j])) i = (i + 1) & (t.size - 1);
          if (!t.place[i]) r->datum[r->data] = list[j], t.place[i] = (uint32_t) ++r->data;
          r->of[list[j]] = t.place[i] - 1;
        }
    }
  free (hash), free (differs), free (list), free (t.place);
}

/* what is the same in all trips */

/* Is operation i, whose words begin at w? */
static int is_once (const wgi_rolled *r, size_t i, size_t w)
{
  const wgi_loop *l = r->l;
  const int row = r->z->from->row[l->begin + i];
  if (row >= WGI_GUARD_lt || l->role[i] & (WGI_LOOP_STAYS | WGI_LOOP_LINK | WGI_LOOP_PARTIAL | WGI_LOOP_SUM)) return 0;
  for (int j = 0; j < wgi_rows[row].operands; j++)
    if (!(l->kind[w + (size_t) j] == WGI_LOOP_CONSTANT ? r->of[w + (size_t) j] == WGI_SAME
                                                     : l->kind[w + (size_t) j] == WGI_LOOP_OUTSIDE && l->same[w + (size_t) j])) return 0;
  return 1;
}

/* Do it, before the loop; to the trips it is a variable from outside then. */
static void do_once (wgi_rolled *r)
{
  wgi_loop *l = r->l;
  const size_t slot = wgi_loop_slot (r->z->from, l);
  for (size_t i = 0, w = 0, words; i < l->period; i++, w += words)
    {
      words = wgi_loop_words (r->z->from, r->z->from->row[l->begin + i], r->word + w);
      for (size_t j = 0; j < words; j++)
        if (l->kind[w + j] == WGI_LOOP_INSIDE && l->role[r->word[w + j] - slot] & WGI_LOOP_ONCE) l->kind[w + j] = WGI_LOOP_OUTSIDE, l->same[w + j] = 1;
      if (!is_once (r, i, w)) continue;
      wgi_roll_copy (r->z, l->begin + i, r->word + w);
      for (size_t k = 1; k < l->trips; k++) r->z->name[slot + k*l->period + i] = r->z->name[slot + i];
      l->role[i] |= WGI_LOOP_ONCE;
    }
}

void wgi_rolled_find (wgi_rolled *r)
{
  find_data (r);
  if (!r->z->to.status) do_once (r);
  if (!r->z->to.status) find_columns (r);
}

/* columns as arguments */

static void find_move (const wgi_rolled *r, wgi_column *c)
{
  c->first = name_at (r, 0, c->word);
  if (r->l->same[c->word]) return;
  c->move = WGI_AFFINE, c->step = name_at (r, 1, c->word) - c->first;
  if ((int32_t) c->step <= 0) c->move = WGI_GATHERED;
  for (size_t k = 2; k < r->l->trips && c->move == WGI_AFFINE; k++)
    if (name_at (r, k, c->word) != c->first + (uint32_t) k*c->step) c->move = WGI_GATHERED;
  if (c->move == WGI_GATHERED) c->step = 0;
}

static int by_place (const void *a, const void *b)
{
  const wgi_column *s = *(wgi_column *const *) a, *t = *(wgi_column *const *) b;
  if (s->move != t->move) return (s->move > t->move) - (s->move < t->move);
  if (s->step != t->step) return (s->step > t->step) - (s->step < t->step);
  if (s->first != t->first) return (s->first > t->first) - (s->first < t->first);
  return (s->word > t->word) - (s->word < t->word);
}

/* Room for count operands more; NULL: there is none. */
static uint32_t *add_operands (wgi_rolled *r, size_t count)
{
  const size_t need = wgi_plus (r->operands, count);
  if (need > r->room)
    {
      const size_t room = wgi_plus (need, need);
      uint32_t *operand = realloc (r->operand, wgi_times (room, sizeof *operand));
      if (!operand) return wgi_tape_fail (&r->z->to, WG_ENOMEM, "no memory for %zu operands", need), NULL;
      r->operand = operand, r->room = room;
    }
  r->operands = need;
  return r->operand + need - count;
}

/* The next argument: width columns from c on. */
static wgi_arg *add_arg (wgi_rolled *r, wgi_column *const c[], size_t width)
{
  wgi_arg *a = &r->args.arg[r->args.count++];
  *a = (wgi_arg){ .place = c[0]->place, .width = width, .stride = width, .first = r->operands, .bound = r->l->trips };
  return a;
}

/* Each trip has its own operands. */
static void list_rows (wgi_rolled *r, wgi_column *const c[], size_t width)
{
  uint32_t *to = add_operands (r, wgi_times (r->l->trips, width));
  for (size_t k = 0; k < r->l->trips && to; k++) for (size_t j = 0; j < width; j++) *to++ = name_at (r, k, c[j]->word);
}

static void list_range (wgi_rolled *r, uint32_t first, size_t count)
{
  uint32_t *to = add_operands (r, count);
  for (size_t i = 0; i < count && to; i++) to[i] = first + (uint32_t) i;
}

static size_t take_shared (wgi_rolled *r, wgi_column *const c[], size_t left)
{
  size_t width = 0;
  while (width < left && c[width]->move == WGI_SHARED_COLUMN) width++;
  wgi_arg *a = add_arg (r, c, width);
  a->stride = 0;
  uint32_t *to = add_operands (r, width);
  for (size_t j = 0; j < width && to; j++) to[j] = c[j]->first;
  return width;
}

static size_t take_affine (wgi_rolled *r, wgi_column *const c[], size_t left)
{
  const size_t step = c[0]->step;
  size_t width = 1;
  while (width < left && c[width]->move == WGI_AFFINE && c[width]->step == step && c[width]->first == c[0]->first + width) width++;
  wgi_arg *a = add_arg (r, c, width);
  if (width < step) list_rows (r, c, width);
  else a->stride = step, list_range (r, c[0]->first, (r->l->trips - 1)*step + width);
  return width;
}

/* Is column b always as far behind column a? */
static int follows (const wgi_rolled *r, const wgi_column *a, const wgi_column *b, uint32_t distance)
{
  for (size_t k = 0; k < r->l->trips; k++) if (name_at (r, k, b->word) != name_at (r, k, a->word) + distance) return 0;
  return 1;
}

static size_t take_gathered (wgi_rolled *r, wgi_column *const c[], size_t left)
{
  const size_t trips = r->l->trips;
  uint32_t low = UINT32_MAX, high = 0;
  size_t width = 1;
  while (width < left && c[width]->first == c[0]->first + width && follows (r, c[0], c[width], (uint32_t) width)) width++;
  for (size_t k = 0; k < trips; k++)
    {
      const uint32_t name = name_at (r, k, c[0]->word);
      if (name < low) low = name;
      if (name > high) high = name;
    }
  const size_t range = (size_t) high - low + width;
  wgi_arg *a = add_arg (r, c, width);
  if (range > wgi_times (trips, width)) return list_rows (r, c, width), width;
  int *index = malloc (wgi_times (trips, sizeof *index));
  if (!index) return wgi_tape_fail (&r->z->to, WG_ENOMEM, "no memory for the indices of %zu trips", trips), width;
  for (size_t k = 0; k < trips; k++) index[k] = (int) (name_at (r, k, c[0]->word) - low);
  a->index = index, a->stride = 1;
  uint32_t *to = add_operands (r, range);
  for (size_t i = 0; i < range && to; i++) to[i] = low;           /* what no trip sees may be a comparison, or dead */
  for (size_t k = 0; k < trips && to; k++)
    for (size_t j = 0; j < width; j++) to[(size_t) index[k] + j] = low + (uint32_t) index[k] + (uint32_t) j;
  return width;
}

void wgi_rolled_make_args (wgi_rolled *r)
{
  wgi_column **c = wgi_rolled_have (r, r->cols, sizeof *c);
  r->args.arg = wgi_rolled_have (r, r->cols + 2, sizeof *r->args.arg);
  r->args.items = r->l->trips;
  if (!c || !r->args.arg) { free (c); return; }
  for (size_t i = 0; i < r->cols; i++) find_move (r, c[i] = &r->col[i]);
  qsort (c, r->cols, sizeof *c, by_place);
  for (size_t i = 0; i < r->cols; i++) c[i]->place = (uint32_t) i;
  for (size_t i = 0; i < r->cols; )
    i += (c[i]->move == WGI_SHARED_COLUMN ? take_shared : c[i]->move == WGI_AFFINE ? take_affine : take_gathered) (r, c + i, r->cols - i);
  free (c);
  if (r->cols == 0)                  /* only sums of numbers: a body has an input */
    {
      uint32_t *to = add_operands (r, 1);
      if (to) *to = wgi_tape_constant (&r->z->to, 0);
      r->args.arg[r->args.count++] = (wgi_arg){ .width = 1 };
    }
  r->args.filled = r->cols ? r->cols : 1, r->args.operands = r->operands;
  if (r->data)
    r->args.arg[r->args.count++] = (wgi_arg){ .place = r->args.filled, .width = r->data, .stride = r->data, .bound = r->l->trips };
  r->args.filled += r->data;
}

/* The data, as the last argument's. */
void wgi_rolled_fill_rows (wgi_rolled *r)
{
  const size_t trips = r->l->trips;
  if (!r->data || r->z->to.status) return;
  r->rows = malloc (wgi_times (wgi_times (trips, r->data), sizeof *r->rows));
  if (!r->rows) wgi_tape_fail (&r->z->to, WG_ENOMEM, "no memory for the numbers of %zu trips", trips);
  for (size_t k = 0; k < trips && r->rows; k++)
    for (size_t j = 0; j < r->data; j++) r->rows[k*r->data + j] = wgi_rolled_number (r, k, r->datum[j]);
  r->args.arg[r->args.count - 1].data = r->rows;
}
