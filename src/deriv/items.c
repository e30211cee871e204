/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Sparse Jacobians of maps, item by item.
 */
#include <stdlib.h>
#include <string.h>

#include "deriv/items.h"
#include "fun/map.h"
#include "program/operation.h"

typedef struct {
  size_t word, slot;             /* of the call: where its words begin, its first result */
  uint64_t print;                /* of the map */
  uint32_t *place, *row, *input, *width;      /* as in wgi_entries; one block from row on */
  size_t size;                   /* of place */
} mapped;

struct wgi_items {
  uint64_t print;                /* of the program */
  size_t outputs;                /* of the body that has most */
  int once;                      /* each entry is one number of one item */
  size_t count;
  mapped call[];
};

void wgi_items_free (wgi_items *z)
{
  for (size_t i = 0; z && i < z->count; i++) free (z->call[i].place), free (z->call[i].row);
  free (z);
}

/* A map, of variables that are inputs and of data, whose results are its items' outputs one after the other. */
static const wgi_map *fits (const wgi_operation *o)
{
  const wgi_map *s = o->row == WGI_ROW_call ? wgi_source_map (o->p->source[o->word[0]]) : NULL;
  if (!s || s->outs != 1 || s->out[0].stride != s->m || s->out[0].index || s->m > s->n) return NULL;
  for (size_t j = 0; j < o->operands; j++)
    if (wgi_is_active (o, j) && wgi_operand (o, j) >= o->p->n) return NULL;
  return s;
}

/* Where column c of row r is in value[]. */
static uint32_t find (const wgi_pattern *a, const uint32_t place[], size_t r, uint32_t c)
{
  const uint32_t e = wgi_pattern_find (a, r, c);
  return e == UINT32_MAX ? WGI_NO_ENTRY : place[e];
}

/* The entries of a call; output[r] - 1 is the output of the program that result r is. */
static int look_up (const wgi_operation *o, const wgi_map *s, const uint32_t output[], const wgi_pattern *a, const uint32_t place[],
                    mapped *to)
{
  const size_t size = wgi_times (wgi_times (s->args.items, s->m), s->n);
  uint32_t *at = to->place = size < PTRDIFF_MAX/sizeof *at ? wgi_array (size, sizeof *at) : NULL;
  if (!at) return wgi_plan_no_memory ();
  to->size = size;
  for (size_t i = 0; i < size; i++) at[i] = WGI_NO_ENTRY;
  for (size_t r = 0; r < s->source.m; r++)
    for (size_t i = 0; i < s->args.count && output[r]; i++)
      {
        const wgi_arg *arg = &s->args.arg[i];
        for (size_t j = 0; j < arg->width && !arg->data; j++)
          {
            const size_t operand = arg->first + wgi_arg_row (arg, r/s->m) + j;
            if (wgi_is_active (o, operand)) at[r*s->n + arg->place + j] = find (a, place, output[r] - 1, wgi_operand (o, operand));
          }
      }
  return WG_OK;
}

/* The inputs of an output in the order of their places, then the others; how many have places.  Gaps are WGI_NO_ENTRY. */
static size_t in_order (const uint32_t place[], size_t n, uint32_t input[])
{
  uint32_t first = WGI_NO_ENTRY;
  size_t count = 0, others;
  for (size_t j = 0; j < n; j++)
    if (place[j] != WGI_NO_ENTRY) count++, first = place[j] < first ? place[j] : first;
  others = count;
  for (size_t j = 0; j < n; j++) input[j] = WGI_NO_ENTRY;
  for (size_t j = 0; j < n; j++)
    if (place[j] == WGI_NO_ENTRY) input[others++] = (uint32_t) j;
    else if (place[j] - first < count) input[place[j] - first] = (uint32_t) j;
  return count;
}

/* Rows instead of places, if the numbers of each are side by side, in the same order for all items. */
static int find_rows (mapped *c, const wgi_map *s)
{
  const size_t m = s->m, n = s->n, rows = wgi_times (s->args.items, m);
  uint32_t *row = c->row = wgi_array (wgi_plus (wgi_plus (rows, m), wgi_times (m, n)), sizeof *row);
  int fits = 1;
  if (!row) return wgi_plan_no_memory ();
  c->width = row + rows, c->input = c->width + m;
  for (size_t r = 0; r < rows && fits; r++)
    {
      const uint32_t *place = c->place + r*n;
      uint32_t *input = c->input + r % m*n, *width = &c->width[r % m];
      if (r < m) *width = (uint32_t) in_order (place, n, input);
      row[r] = *width && input[0] != WGI_NO_ENTRY ? place[input[0]] : WGI_NO_ENTRY;
      for (size_t t = 0; t < n && fits; t++)
        fits = input[t] != WGI_NO_ENTRY && place[input[t]] == (t < *width ? row[r] + (uint32_t) t : WGI_NO_ENTRY);
    }
  if (fits) free (c->place), c->place = NULL;
  else free (row), c->row = NULL;
  return WG_OK;
}

/* Is every place one number's? */
static int find_once (wgi_items *z, size_t nnz)
{
  uint8_t *taken = calloc (nnz + 1, 1);
  size_t numbers = 0, places = 0;
  if (!taken) return wgi_plan_no_memory ();
  for (size_t i = 0; i < z->count; i++)
    for (size_t j = 0; j < z->call[i].size; j++)
      if (z->call[i].place[j] != WGI_NO_ENTRY) numbers++, places += !taken[z->call[i].place[j]], taken[z->call[i].place[j]] = 1;
  z->once = numbers == places && places == nnz;
  free (taken);
  return WG_OK;
}

/* output[slot] = 1 + the output that a slot is; 0 if some output is no result of a call that fits, or one is two outputs. */
static int take_outputs (const wgi_program *p, uint32_t output[])
{
  for (size_t i = 0; i < p->m; i++)
    {
      if (!wgi_is_slot (p, p->out[i]) || output[p->out[i]]) return 0;
      output[p->out[i]] = (uint32_t) i + 1;
    }
  size_t found = 0;
  for (wgi_operation o = wgi_first (p); wgi_is_one (&o); wgi_next (&o))
    {
      const int known = fits (&o) != NULL;
      for (size_t r = 0; r < o.outputs && known; r++) found += output[o.slot + r] != 0;
    }
  return found == p->m;
}

int wgi_items_make (const wgi_program *p, const wgi_pattern *a, const uint32_t place[], wgi_items **items)
{
  uint32_t *output = calloc (p->slots + 1, sizeof *output);
  size_t calls = 0;
  for (wgi_operation o = wgi_first (p); wgi_is_one (&o); wgi_next (&o)) calls += fits (&o) != NULL;
  wgi_items *z = calloc (1, wgi_plus (sizeof *z, calls*sizeof z->call[0]));
  int rc = output && z ? WG_OK : wgi_plan_no_memory ();
  *items = NULL;
  if (!rc && p->sources && take_outputs (p, output))
    {
      z->print = p->print;
      for (wgi_operation o = wgi_first (p); wgi_is_one (&o) && !rc; wgi_next (&o))
        {
          const wgi_map *s = fits (&o);
          if (!s) continue;
          mapped *to = &z->call[z->count++];
          *to = (mapped){ .word = (size_t) (o.word - p->word), .slot = o.slot, .print = s->print };
          if (s->m > z->outputs) z->outputs = s->m;
          rc = look_up (&o, s, output + o.slot, a, place, to);
        }
      if (!rc) rc = find_once (z, a->nnz);
      for (size_t i = 0; i < z->count && !rc && z->once; i++)
        rc = find_rows (&z->call[i], wgi_source_map (p->source[p->word[z->call[i].word]]));
      *items = rc ? NULL : z;
    }
  if (!*items) wgi_items_free (z);
  free (output);
  return rc;
}

int wgi_items_fit (const wgi_items *z, const wgi_program *p)
{
  int same = z->print == p->print;
  for (size_t i = 0; i < z->count && same; i++) same = wgi_source_map (p->source[p->word[z->call[i].word]])->print == z->call[i].print;
  return same;
}

double wgi_items_cost (const wgi_items *z) { return 1 + 2*(double) z->outputs; }

static wgi_map_callee *callee_of (const wg_fun *f, const mapped *call)
{
  return (wgi_map_callee *) f->frame.callee[f->trace->program->word[call->word]];
}

static wgi_entries entries_of (const wgi_items *z, const mapped *c, double value[])
{
  return (wgi_entries){ .value = value, .place = c->place, .row = c->row, .input = c->input, .width = c->width, .once = z->once };
}

int wgi_items_sure (const wg_fun *f, const wgi_items *z)
{
  const wgi_program *p = f->trace->program;
  if (!z->once || p->count != 1 || wgi_fun_is_stale (f) || !wgi_items_fit (z, p)) return 0;
  const wg_fun *body = callee_of (f, &z->call[0])->one->fun;
  return !wgi_fun_is_stale (body) && body->trace->program->guards == 0 && body->trace->program->sources == 0;
}

int wgi_items_at (wg_fun *f, const wgi_items *z, const double x[], double value[], int *finite)
{
  wgi_map_callee *c = callee_of (f, &z->call[0]);
  c->entries = entries_of (z, &z->call[0], value);
  const int rc = wgi_fun_at (f, x), done = !c->entries.value;
  c->entries.value = NULL;
  *finite = done && !c->entries.odd;
  return rc || done ? rc : wgi_items_jacobian (f, z, 0, value);
}

int wgi_items_jacobian (wg_fun *f, const wgi_items *z, size_t nnz, double value[])
{
  const wgi_program *p = f->trace->program;
  int rc = WG_OK;
  if (!z->once) memset (value, 0, nnz*sizeof *value);
  for (size_t i = 0; i < z->count && !rc; i++)
    {
      const uint32_t *word = p->word + z->call[i].word;
      wgi_map_callee *c = callee_of (f, &z->call[i]);
      wgi_entries entries = entries_of (z, &z->call[i], value);
      c->callee.operand = word + 1, c->callee.sweeps = f->frame.sweeps, c->callee.resources = f->frame.resources;
      rc = wgi_map_look (c, WGI_VALUE, f->frame.plane);
      if (!rc) rc = wgi_map_run (c, &(wgi_map_job){ .entries = &entries });
      if (rc > 0 && !f->frame.notice) f->frame.notice = rc, f->frame.why = c->callee.why;
      if (rc > 0) rc = WG_OK;
    }
  return rc;
}
