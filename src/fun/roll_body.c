/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * The map that a loop becomes: its columns (what each trip sees from outside), its data (numbers that differ from trip to trip), its
 * body (the first trip, columns being inputs and data parameters), its results.
 */
#include <stdlib.h>
#include <string.h>

#include "fun/map.h"
#include "fun/roll_columns.h"

static int is_inside (const wgi_loop *l, size_t i) { return !(l->role[i] & (WGI_LOOP_STAYS | WGI_LOOP_ONCE)); }

static int goes_out (const wgi_loop *l, size_t i, int sum)
{
  return l->role[i] & (WGI_LOOP_EACH | WGI_LOOP_LAST) && is_inside (l, i) && !(l->role[i] & WGI_LOOP_SUM) == !sum;
}

/* Are an argument's operands one after the other in the planes, where they are read in place? */
static int is_in_place (const wgi_rolled *r, const wgi_arg *a, size_t reach)
{
  const uint32_t *operand = r->operand + a->first;
  int run = a->stride && !a->index;
  for (size_t i = 1; i < reach && run; i++) run = operand[i] == operand[0] + i;
  return run;
}

/* Is it worth it?  Measured in sums that are replayed one by one: to see an operand that moves costs two in each trip, three through an index;
 * to list one that is not read in place three; a result of each trip five; elementary functions are worth five. */
static int is_worth (const wgi_rolled *r)
{
  const wgi_loop *l = r->l;
  size_t work = 0, cost = 0;
  for (size_t i = 0; i < r->args.count; i++)
    {
      const wgi_arg *a = &r->args.arg[i];
      const size_t end = i + 1 < r->args.count && a[1].place < r->cols ? a[1].first : r->operands, reach = end - a->first;
      if (a->place >= r->cols) continue;
      cost += (is_in_place (r, a, reach) ? 0 : 3*reach) + (a->stride ? (a->index ? 3 : 2)*l->trips*a->width : 0);
    }
  for (size_t i = 0; i < l->period; i++)
    {
      if (!is_inside (l, i)) continue;
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
static uint32_t body_word (const wgi_rolled *r, wgi_tape *body, const uint32_t inside[], size_t w)
{
  const uint32_t first = r->word[w];
  switch (r->l->kind[w])
    {
    case WGI_LOOP_CONSTANT: return r->of[w] == WGI_SAME ? wgi_tape_constant (body, wgi_rolled_number (r, 0, w)) : WGI_PARAM | r->of[w];
    case WGI_LOOP_OUTSIDE: return r->col[r->of[w]].place;
    case WGI_LOOP_INSIDE: return inside[first - wgi_loop_slot (r->z->from, r->l)];
    default: return first;
    }
}

static void body_comparison (wgi_rolled *r, wgi_tape *body, const uint32_t inside[], int row, size_t w)
{
  static const int mask[] = { WGI_ROW_is_lt, WGI_ROW_is_le, WGI_ROW_is_eq };
  const int held = r->word[w + 2] != 0;
  uint32_t to[2] = { body_word (r, body, inside, w), body_word (r, body, inside, w + 1) };
  to[1] = wgi_tape_append (body, mask[row - WGI_GUARD_lt], to);
  to[0] = r->compared.count ? r->compared.sum : wgi_tape_constant (body, 0);
  r->compared.sum = wgi_tape_append (body, held ? WGI_ROW_add : WGI_ROW_sub, to);
  r->compared.count++, r->compared.held += (size_t) held;
}

/* A call: of a recorded function as a map of one item, so that it goes through the lanes. */
static uint32_t body_call (wgi_rolled *r, wgi_tape *body, const uint32_t inside[], size_t w)
{
  wgi_source *source = r->z->from->call[r->word[w]].source, *map = wgi_map_of_call (source);
  uint32_t *operand = wgi_rolled_have (r, source->n, sizeof *operand), slot = 0;
  if (!map && wgi_source_fun (source)) wgi_tape_fail (body, WG_ENOMEM, "no memory for a call");
  for (size_t j = 0; j < source->n && operand; j++) operand[j] = body_word (r, body, inside, w + 1 + j);
  if (operand) slot = wgi_tape_append_call (body, map ? map : source, operand);
  wgi_source_leave (map);
  return slot;
}

/* The operation whose words begin at w, without the sum so far if it has that. */
static uint32_t body_operation (wgi_rolled *r, wgi_tape *body, const uint32_t inside[], size_t i, size_t w)
{
  const int row = r->z->from->row[r->l->begin + i];
  const int link = r->l->role[i] & WGI_LOOP_LINK;
  uint32_t to[3] = { 0 };
  if (wgi_loop_compares (row)) return body_comparison (r, body, inside, row, w), 0;
  if (row == WGI_ROW_call) return body_call (r, body, inside, w);
  if (row == WGI_ROW_part) return body_word (r, body, inside, w) + r->word[w + 1];      /* appended with its call */
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
static size_t list_outputs (const wgi_rolled *r, const uint32_t inside[], uint32_t out[], size_t *m)
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

static wg_fun *make_body (wgi_rolled *r, size_t *m, size_t *each)
{
  const wgi_loop *l = r->l;
  wgi_tape body;
  wg_fun *f = NULL;
  uint32_t *inside = wgi_rolled_have (r, l->period, sizeof *inside), *out = wgi_rolled_have (r, l->period + 1, sizeof *out);
  wgi_tape_make (&body, r->cols ? r->cols : 1);
  body.param = wgi_rolled_have (r, r->data, sizeof *body.param), body.params = r->data;
  if (r->data && body.param && r->rows) memcpy (body.param, r->rows, r->data*sizeof *body.param);
  if (!r->z->to.status)
    {
      for (size_t i = 0, w = 0; i < l->period; i++)
        {
          if (is_inside (l, i)) inside[i] = body_operation (r, &body, inside, i, w);
          w += wgi_loop_words (r->z->from, r->z->from->row[l->begin + i], r->word + w);
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
static uint32_t sum_begins (const wgi_rolled *r, size_t last)
{
  const wgi_loop *l = r->l;
  const uint32_t slot = (uint32_t) (wgi_loop_slot (r->z->from, l) + last);
  size_t w = 0;
  while (l->kind[w] != WGI_LOOP_RUNNING || wgi_rolled_word (r, 1, w) != slot) w++;
  return wgi_roll_word (r->z, r->word[w]);
}

static void name_results (wgi_rolled *r, uint32_t first, size_t each)
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

int wgi_roll_loop (wgi_roller *z, wgi_loop *l)
{
  wgi_rolled r = { .z = z, .l = l, .word = z->from->word + l->first_word };
  size_t m = 0, each = 0;
  int does = 1;
  wg_fun *body = NULL;
  wgi_source *map = NULL;
  r.of = wgi_rolled_have (&r, l->words, sizeof *r.of);
  if (r.of) wgi_rolled_find (&r);
  if (!z->to.status) wgi_rolled_make_args (&r);
  if (!z->to.status && z->what == WGI_ROLLED) does = is_worth (&r);
  if (does) wgi_rolled_fill_rows (&r);
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
