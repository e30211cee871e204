/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * The map that a loop becomes: its columns (what each trip sees from outside), its data (numbers that differ from trip to trip), its
 * body (the first trip, columns being inputs and data parameters), its results.  Columns are sorted by how they
 * move and where they begin, so that neighbours make one argument, and a loop within the body finds rows again.
 */
#include <stdlib.h>
#include <string.h>

#include "fun/map.h"
#include "fun/roll_body.h"

enum move { SHARED, AFFINE, GATHERED };

/* A variable from outside, as the trips see it one after the other. */
typedef struct {
  uint32_t word;                 /* a word of the trip that is it */
  enum move move;
  uint32_t first, step;          /* new name in the first trip; how it grows */
  uint32_t place;                /* among the body's inputs */
} column;

/* The comparisons of a trip, as masks that the body adds up: those that came out true less those that came out false.  The outcomes are those of the
 * recording when the sum over all trips is the largest that it can be. */
typedef struct {
  size_t count, held;            /* of them, and of those that came out true */
  uint32_t sum;                  /* in the body, so far */
} comparisons;

typedef struct {
  wgi_roller *z;
  const wgi_loop *l;
  const uint32_t *word;          /* of the first trip */
  comparisons compared;
  uint32_t *of;                  /* per word of a trip: its column or, for constants, its datum, or SAME */
  column *col;
  size_t cols;
  uint32_t *datum;               /* per datum: a word that is it */
  size_t data;
  double *rows;                  /* trips x data */
  wgi_args args;
  uint32_t *operand;             /* of the map */
  size_t operands, room;
} rolled;

#define SAME UINT32_MAX          /* one number for all trips */

static uint32_t word_at (const rolled *r, size_t trip, size_t w) { return r->word[trip*r->l->words + w]; }
static uint32_t name_at (const rolled *r, size_t trip, size_t w) { return wgi_roll_word (r->z, word_at (r, trip, w)); }

static double number_at (const rolled *r, size_t trip, size_t w)
{
  return r->z->from->constant[word_at (r, trip, w) & ~WGI_CONSTANT];
}

static uint64_t bits_at (const rolled *r, size_t trip, size_t w)
{
  const double x = number_at (r, trip, w);
  uint64_t bits;
  memcpy (&bits, &x, sizeof bits);
  return bits;
}

static void *have (rolled *r, size_t count, size_t size)
{
  void *p = calloc (count + 1, size);
  if (!p) wgi_tape_fail (&r->z->to, WG_ENOMEM, "no memory for a loop of %zu trips", r->l->trips);
  return p;
}

/* equal columns are one */

typedef struct { uint32_t *place; size_t size; } table;      /* open addressing: 1 + index, 0 free */

static table table_for (rolled *r, size_t count)
{
  table t = { NULL, 16 };
  while (t.size < 2*count) t.size *= 2;
  t.place = have (r, t.size, sizeof *t.place);
  return t;
}

static int same_words (const rolled *r, size_t a, size_t b)
{
  if (r->l->same[a] != r->l->same[b]) return 0;
  for (size_t k = 0; k < (r->l->same[a] ? 1 : r->l->trips); k++) if (word_at (r, k, a) != word_at (r, k, b)) return 0;
  return 1;
}

static void find_columns (rolled *r)
{
  const wgi_loop *l = r->l;
  size_t outside = 0;
  for (size_t w = 0; w < l->words; w++) outside += l->kind[w] == WGI_LOOP_OUTSIDE;
  table t = table_for (r, outside);
  r->col = have (r, outside + 1, sizeof *r->col);
  for (size_t w = 0; w < l->words && t.place && r->col; w++)
    {
      if (l->kind[w] != WGI_LOOP_OUTSIDE) continue;
      uint64_t h = wgi_mixed (wgi_mixed (wgi_mixed (0, word_at (r, 0, w)), word_at (r, 1, w)), word_at (r, l->trips - 1, w));
      size_t i = h & (t.size - 1);
      while (t.place[i] && !same_words (r, r->col[t.place[i] - 1].word, w)) i = (i + 1) & (t.size - 1);
      if (!t.place[i]) r->col[r->cols] = (column){ .word = (uint32_t) w }, t.place[i] = (uint32_t) ++r->cols;
      r->of[w] = t.place[i] - 1;
    }
  free (t.place);
}

static int same_numbers (const rolled *r, size_t a, size_t b)
{
  for (size_t k = 0; k < r->l->trips; k++) if (bits_at (r, k, a) != bits_at (r, k, b)) return 0;
  return 1;
}

static void find_data (rolled *r)
{
  const wgi_loop *l = r->l;
  size_t constants = 0;
  uint64_t *hash = have (r, l->words, sizeof *hash);
  uint8_t *differs = have (r, l->words, 1);
  for (size_t w = 0; w < l->words; w++) constants += l->kind[w] == WGI_LOOP_CONSTANT;
  uint32_t *list = have (r, constants, sizeof *list);
  table t = table_for (r, constants);
  r->datum = have (r, constants, sizeof *r->datum);
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
          r->of[list[j]] = SAME;
          if (!differs[j]) continue;
          size_t i = hash[j] & (t.size - 1);
          while (t.place[i] && !same_numbers (r, r->datum[t.place[i] - 1], list[j])) i = (i + 1) & (t.size - 1);
          if (!t.place[i]) r->datum[r->data] = list[j], t.place[i] = (uint32_t) ++r->data;
          r->of[list[j]] = t.place[i] - 1;
        }
    }
  free (hash), free (differs), free (list), free (t.place);
}

/* columns as arguments */

static void find_move (const rolled *r, column *c)
{
  c->first = name_at (r, 0, c->word);
  if (r->l->same[c->word]) return;
  c->move = AFFINE, c->step = name_at (r, 1, c->word) - c->first;
  if ((int32_t) c->step <= 0) c->move = GATHERED;
  for (size_t k = 2; k < r->l->trips && c->move == AFFINE; k++)
    if (name_at (r, k, c->word) != c->first + (uint32_t) k*c->step) c->move = GATHERED;
  if (c->move == GATHERED) c->step = 0;
}

static int by_place (const void *a, const void *b)
{
  const column *s = *(column *const *) a, *t = *(column *const *) b;
  if (s->move != t->move) return (s->move > t->move) - (s->move < t->move);
  if (s->step != t->step) return (s->step > t->step) - (s->step < t->step);
  if (s->first != t->first) return (s->first > t->first) - (s->first < t->first);
  return (s->word > t->word) - (s->word < t->word);
}

/* Room for count operands more; NULL: there is none. */
static uint32_t *add_operands (rolled *r, size_t count)
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
static wgi_arg *add_arg (rolled *r, column *const c[], size_t width)
{
  wgi_arg *a = &r->args.arg[r->args.count++];
  *a = (wgi_arg){ .place = c[0]->place, .width = width, .stride = width, .first = r->operands, .bound = r->l->trips };
  return a;
}

/* Each trip has its own operands. */
static void list_rows (rolled *r, column *const c[], size_t width)
{
  uint32_t *to = add_operands (r, wgi_times (r->l->trips, width));
  for (size_t k = 0; k < r->l->trips && to; k++) for (size_t j = 0; j < width; j++) *to++ = name_at (r, k, c[j]->word);
}

static void list_range (rolled *r, uint32_t first, size_t count)
{
  uint32_t *to = add_operands (r, count);
  for (size_t i = 0; i < count && to; i++) to[i] = first + (uint32_t) i;
}

static size_t take_shared (rolled *r, column *const c[], size_t left)
{
  size_t width = 0;
  while (width < left && c[width]->move == SHARED) width++;
  wgi_arg *a = add_arg (r, c, width);
  a->stride = 0;
  uint32_t *to = add_operands (r, width);
  for (size_t j = 0; j < width && to; j++) to[j] = c[j]->first;
  return width;
}

static size_t take_affine (rolled *r, column *const c[], size_t left)
{
  const size_t step = c[0]->step;
  size_t width = 1;
  while (width < left && c[width]->move == AFFINE && c[width]->step == step && c[width]->first == c[0]->first + width) width++;
  wgi_arg *a = add_arg (r, c, width);
  if (width < step) list_rows (r, c, width);
  else a->stride = step, list_range (r, c[0]->first, (r->l->trips - 1)*step + width);
  return width;
}

/* Is column b always as far behind column a? */
static int follows (const rolled *r, const column *a, const column *b, uint32_t distance)
{
  for (size_t k = 0; k < r->l->trips; k++) if (name_at (r, k, b->word) != name_at (r, k, a->word) + distance) return 0;
  return 1;
}

static size_t take_gathered (rolled *r, column *const c[], size_t left)
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

static void make_args (rolled *r)
{
  column **c = have (r, r->cols, sizeof *c);
  r->args.arg = have (r, r->cols + 2, sizeof *r->args.arg);
  r->args.items = r->l->trips;
  if (!c || !r->args.arg) { free (c); return; }
  for (size_t i = 0; i < r->cols; i++) find_move (r, c[i] = &r->col[i]);
  qsort (c, r->cols, sizeof *c, by_place);
  for (size_t i = 0; i < r->cols; i++) c[i]->place = (uint32_t) i;
  for (size_t i = 0; i < r->cols; )
    i += (c[i]->move == SHARED ? take_shared : c[i]->move == AFFINE ? take_affine : take_gathered) (r, c + i, r->cols - i);
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
static void fill_rows (rolled *r)
{
  const size_t trips = r->l->trips;
  if (!r->data || r->z->to.status) return;
  r->rows = malloc (wgi_times (wgi_times (trips, r->data), sizeof *r->rows));
  if (!r->rows) wgi_tape_fail (&r->z->to, WG_ENOMEM, "no memory for the numbers of %zu trips", trips);
  for (size_t k = 0; k < trips && r->rows; k++)
    for (size_t j = 0; j < r->data; j++) r->rows[k*r->data + j] = number_at (r, k, r->datum[j]);
  r->args.arg[r->args.count - 1].data = r->rows;
}

static int goes_out (const wgi_loop *l, size_t i, int sum)
{
  return l->role[i] & (WGI_LOOP_EACH | WGI_LOOP_LAST) && !(l->role[i] & WGI_LOOP_STAYS) && !(l->role[i] & WGI_LOOP_SUM) == !sum;
}

/* Is it worth it?  Measured in sums that are replayed one by one: an operand costs three, to see one that moves another two in each trip, three
 * through an index, a result of each trip five; elementary functions are worth five. */
static int is_worth (const rolled *r)
{
  const wgi_loop *l = r->l;
  size_t work = 0, cost = 3*r->operands;
  for (size_t i = 0; i < r->args.count; i++)
    {
      const wgi_arg *a = &r->args.arg[i];
      if (a->place < r->cols) cost += a->stride ? (a->index ? 3 : 2)*l->trips*a->width : 0;
    }
  for (size_t i = 0; i < l->period; i++)
    {
      if (l->role[i] & WGI_LOOP_STAYS) continue;
      switch (r->z->from->row[l->begin + i])
        {
        case WGI_ROW_add: case WGI_ROW_sub: case WGI_ROW_mul: case WGI_ROW_sqr: case WGI_ROW_neg: case WGI_ROW_abs: case WGI_ROW_max:
        case WGI_ROW_min: case WGI_ROW_select: case WGI_GUARD_lt: case WGI_GUARD_le: case WGI_GUARD_eq: work += l->trips; break;
        default: work += 5*l->trips;
        }
      if (goes_out (l, i, 0)) cost += 5*l->trips;
    }
  return work >= cost;
}

/* the body */

/* Word w of the first trip, on the body's tape; inside[] names the operations so far. */
static uint32_t body_word (const rolled *r, wgi_tape *body, const uint32_t inside[], size_t w)
{
  const uint32_t first = r->word[w];
  switch (r->l->kind[w])
    {
    case WGI_LOOP_CONSTANT: return r->of[w] == SAME ? wgi_tape_constant (body, number_at (r, 0, w)) : WGI_PARAM | r->of[w];
    case WGI_LOOP_OUTSIDE: return r->col[r->of[w]].place;
    case WGI_LOOP_INSIDE: return inside[first - wgi_loop_slot (r->z->from, r->l)];
    default: return first;
    }
}

static void body_comparison (rolled *r, wgi_tape *body, const uint32_t inside[], int row, size_t w)
{
  static const int mask[] = { WGI_ROW_is_lt, WGI_ROW_is_le, WGI_ROW_is_eq };
  const int held = r->word[w + 2] != 0;
  uint32_t to[2] = { body_word (r, body, inside, w), body_word (r, body, inside, w + 1) };
  to[1] = wgi_tape_append (body, mask[row - WGI_GUARD_lt], to);
  to[0] = r->compared.count ? r->compared.sum : wgi_tape_constant (body, 0);
  r->compared.sum = wgi_tape_append (body, held ? WGI_ROW_add : WGI_ROW_sub, to);
  r->compared.count++, r->compared.held += (size_t) held;
}

/* The operation whose words begin at w, without the sum so far if it has that. */
static uint32_t body_operation (rolled *r, wgi_tape *body, const uint32_t inside[], size_t i, size_t w)
{
  const int row = r->z->from->row[r->l->begin + i];
  const int link = r->l->role[i] & WGI_LOOP_LINK;
  uint32_t to[3] = { 0 };
  if (wgi_loop_compares (row)) return body_comparison (r, body, inside, row, w), 0;
  if (link && row == WGI_ROW_add) return body_word (r, body, inside, w + (r->l->kind[w] == WGI_LOOP_RUNNING));
  if (link)
    {
      to[0] = body_word (r, body, inside, w + 1);
      return wgi_tape_append (body, WGI_ROW_neg, to);
    }
  for (int j = 0; j < wgi_rows[row].words; j++) to[j] = body_word (r, body, inside, w + (size_t) j);
  return wgi_tape_append (body, row, to);
}

/* The outputs are those of each trip, then the sums, that of comparisons last; how many of the first. */
static size_t list_outputs (const rolled *r, const uint32_t inside[], uint32_t out[], size_t *m)
{
  const wgi_loop *l = r->l;
  size_t each = 0;
  for (int sum = 0; sum < 2; sum++)
    {
      for (size_t i = 0; i < l->period; i++) if (goes_out (l, i, sum)) out[(*m)++] = inside[i];
      if (!sum) each = *m;
    }
  if (r->compared.count) out[(*m)++] = r->compared.sum;
  return each;
}

static wg_fun *make_body (rolled *r, size_t *m, size_t *each)
{
  const wgi_loop *l = r->l;
  wgi_tape body;
  wg_fun *f = NULL;
  uint32_t *inside = have (r, l->period, sizeof *inside), *out = have (r, l->period + 1, sizeof *out);
  wgi_tape_make (&body, r->cols ? r->cols : 1);
  body.param = have (r, r->data, sizeof *body.param), body.params = r->data;
  if (r->data && body.param && r->rows) memcpy (body.param, r->rows, r->data*sizeof *body.param);
  if (!r->z->to.status)
    {
      for (size_t i = 0, w = 0; i < l->period; i++)
        {
          if (!(l->role[i] & WGI_LOOP_STAYS)) inside[i] = body_operation (r, &body, inside, i, w);
          w += wgi_rows[r->z->from->row[l->begin + i]].words;
        }
      *each = list_outputs (r, inside, out, m);
      if (*m && !body.status) f = wgi_fun_of_tape (&body, *m, out, WGI_ROLLED_INSIDE);
      if (body.status || (*m && !f)) wgi_tape_fail (&r->z->to, WG_ENOMEM, "no memory for the body of a loop");
    }
  free (inside), free (out);
  wgi_tape_free (&body);
  return f;
}

/* its results */

/* The variable, or constant, that a running sum begins with: the operand of its first link. */
static uint32_t sum_begins (const rolled *r, size_t last)
{
  const wgi_loop *l = r->l;
  const uint32_t slot = (uint32_t) (wgi_loop_slot (r->z->from, l) + last);
  size_t w = 0;
  while (l->kind[w] != WGI_LOOP_RUNNING || word_at (r, 1, w) != slot) w++;
  return wgi_roll_word (r->z, r->word[w]);
}

static void name_results (rolled *r, uint32_t first, size_t each)
{
  const wgi_loop *l = r->l;
  wgi_roller *z = r->z;
  const size_t slot = wgi_loop_slot (z->from, l);
  size_t place = 0;
  for (size_t i = 0; i < l->period; i++)
    if (goes_out (l, i, 0))
      {
        for (size_t k = 0; k < l->trips; k++) z->name[slot + k*l->period + i] = first + (uint32_t) (k*each + place);
        place++;
      }
  uint32_t total = first + (uint32_t) (each*l->trips);
  for (size_t i = 0; i < l->period; i++)
    if (goes_out (l, i, 1))
      z->name[slot + (l->trips - 1)*l->period + i] = wgi_tape_append (&z->to, WGI_ROW_add, (uint32_t[]){ sum_begins (r, i), total++ });
  if (r->compared.count)
    {
      const uint32_t all = wgi_tape_constant (&z->to, (double) r->compared.held*(double) l->trips);
      wgi_tape_append (&z->to, WGI_GUARD_eq, (uint32_t[]){ total, all, 1 });
      z->compares = 1;
    }
}

int wgi_roll_loop (wgi_roller *z, const wgi_loop *l)
{
  rolled r = { .z = z, .l = l, .word = z->from->word + l->first_word };
  size_t m = 0, each = 0;
  int does = 1;
  wg_fun *body = NULL;
  wgi_source *map = NULL;
  r.of = have (&r, l->words, sizeof *r.of);
  if (r.of) find_columns (&r), find_data (&r);
  if (!z->to.status) make_args (&r);
  if (!z->to.status && z->what == WGI_ROLLED) does = is_worth (&r);
  if (does) fill_rows (&r);
  if (!z->to.status && does) body = make_body (&r, &m, &each);
  if (body)
    {
      map = wgi_map_of_loop (body, &r.args, r.rows, each, l->period);
      if (!map) wgi_tape_fail (&z->to, WG_ENOMEM, "no memory for a loop");
    }
  if (map) name_results (&r, wgi_tape_append_call (&z->to, map, r.operand), each);
  else
    {
      if (!body) wgi_args_free (&r.args), free (r.rows);
      free (r.operand);
    }
  wgi_source_leave (map);
  free (r.of), free (r.col), free (r.datum);
  return does;
}
