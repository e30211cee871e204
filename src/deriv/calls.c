/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Calls and maps, item by item; scans, step by step.
 */
#include <string.h>

#include "deriv/calls.h"
#include "fun/map.h"

#define NONE UINT32_MAX          /* no slot: inactive, or data */

static int same_for_all (size_t count, const wgi_arg a[])
{
  int same = 1;
  for (size_t i = 0; i < count; i++) same &= a[i].data || !a[i].stride;
  return same;
}

enum { MOST_WALKED = 1 << 22 };        /* entries of a step's Jacobian in all steps of a scan: else it counts as dense */

/* Scans whose number of steps may change, those backwards, which are under derivatives that count as dense anyway, and those
 * that are too long count as dense. */
static int is_walked (const wgi_scan *s, const wgi_callee_pattern *pattern)
{
  return s && !pattern->dense && !s->backward && !wgi_scan_varies (s) && pattern->jacobian.nnz + s->ns < MOST_WALKED/wgi_plus (s->args.items, 1);
}

void wgi_called_set (wgi_called *c, const wgi_source *s, const wgi_callee_pattern *pattern)
{
  static const wgi_callee_pattern opaque = { .dense = 1 };
  const wgi_map *map = wgi_source_map (s);
  const wgi_scan *scan = wgi_source_scan (s);
  *c = (wgi_called){ .pattern = pattern, .n = s->n, .m = s->m, .operands = s->n, .results = s->m, .items = 1, .args = 1, .outs = 1 };
  c->whole[0].width = c->n, c->whole[1].width = c->m;
  c->arg = &c->whole[0], c->out = &c->whole[1];
  if (scan && is_walked (scan, pattern))
    {
      c->scan = scan, c->n = wg_fun_n (scan->step), c->m = wg_fun_m (scan->step), c->items = scan->args.items;
      c->args = scan->args.count, c->arg = scan->args.arg, c->outs = scan->outs, c->out = scan->out;
    }
  else if (scan) c->pattern = &opaque;
  if (!map) return;
  c->n = map->n, c->m = map->m, c->items = map->args.items;
  c->args = map->args.count, c->arg = map->args.arg, c->outs = map->outs, c->out = map->out;
  if (c->items && same_for_all (c->args, c->arg) && same_for_all (c->outs, c->out)) c->items = 1;
}

const uint32_t *wgi_called_words (const wgi_called *c, const wgi_source *s, const uint32_t operand[], uint32_t scratch[])
{
  uint32_t *word = scratch + 2*c->n + c->m;
  for (size_t j = 0, at = 0; j < s->words; j++)
    for (size_t k = 0; k < s->size[j]; k++, at++) word[at] = operand[j] + (uint32_t) k;
  return word;
}

/* What the item at hand sees: a slot for each place of the callee, or NONE; which of them are the same in all items. */
typedef struct {
  const wgi_called *c;
  const wgi_callee_pattern *pattern;
  size_t k;
  uint32_t *at, *shared, *base;
  size_t sharing;                /* places that are shared */
} view;

static view view_of (const wgi_call_at *o)
{
  const wgi_called *c = o->callee;
  view v = { .c = c, .pattern = c->pattern, .at = o->scratch, .shared = o->scratch + c->n, .base = o->scratch + 2*c->n };
  for (size_t j = 0; j < c->n; j++) v.at[j] = NONE, v.shared[j] = 0;
  for (size_t i = 0; i < c->args && c->items > 1; i++)
    for (size_t j = 0; j < c->arg[i].width && !c->arg[i].data && !c->arg[i].stride; j++) v.shared[c->arg[i].place + j] = 1, v.sharing++;
  return v;
}

static void see (view *v, const uint32_t operand[], size_t k)
{
  const wgi_called *c = v->c;
  v->k = k;
  for (size_t i = 0; i < c->args; i++)
    {
      const wgi_arg *a = &c->arg[i];
      if (a->data) continue;
      const uint32_t *from = operand + a->first + wgi_arg_row (a, k);
      for (size_t j = 0; j < a->width; j++) v->at[a->place + j] = from[j] & WGI_INACTIVE ? NONE : from[j];
    }
}

/* The columns of row i of the callee's Jacobian: which[count], or NULL for all of them. */
static size_t row_of (const view *v, size_t i, const uint32_t **which)
{
  const wgi_pattern *J = &v->pattern->jacobian;
  const size_t count = v->pattern->dense ? v->c->n : J->start[i+1] - J->start[i];
  *which = count == v->c->n ? NULL : J->index + J->start[i];
  return count;
}

static int is_full (const view *v)
{
  return v->pattern->dense || v->pattern->hessian.nnz == v->c->n*(v->c->n + 1)/2;
}

/* Does entry (i, j) of the callee's Hessian say something, and in this item something new? */
static int meet (const view *v, size_t i, size_t j)
{
  return v->at[i] != NONE && v->at[j] != NONE && (v->k == 0 || !(v->shared[i] && v->shared[j]));
}

/* Where output i of group a goes. */
static size_t result_of (const view *v, const wgi_arg *a, size_t i) { return a->first + wgi_arg_row (a, v->k) + i; }

/* backward */

static void need_places (const view *v, size_t count, const uint32_t which[], uint8_t need[])
{
  for (size_t k = 0; k < count; k++)
    {
      const uint32_t slot = v->at[which ? which[k] : k];
      if (slot != NONE) need[slot] = 1;
    }
}

static void need_item (const view *v, size_t slot, uint8_t need[])
{
  const wgi_called *c = v->c;
  const wgi_pattern *H = &v->pattern->hessian;
  const uint32_t *which;
  if (is_full (v))
    {
      need_places (v, c->n, NULL, need);
      return;
    }
  for (size_t i = 0; i < H->rows; i++)
    for (uint32_t k = H->start[i]; k < H->start[i+1]; k++)
      if (meet (v, i, H->index[k])) need[v->at[i]] = need[v->at[H->index[k]]] = 1;
  for (size_t o = 0; o < c->outs; o++)
    for (size_t i = 0; i < c->out[o].width; i++)
      if (need[slot + result_of (v, &c->out[o], i)])
        {
          const size_t count = row_of (v, c->out[o].place + i, &which);
          need_places (v, count, which, need);
        }
}

void wgi_call_need (const wgi_call_at *o, uint8_t need[])
{
  view v = view_of (o);
  for (size_t j = 0; j < o->callee->operands && o->callee->scan; j++)
    if (!(o->operand[j] & WGI_INACTIVE)) need[o->operand[j]] = 1;
  for (size_t k = 0; k < o->callee->items && !o->callee->scan; k++)
    {
      see (&v, o->operand, k);
      need_item (&v, o->slot, need);
    }
}

/* forward */

/* set with the domains of those of some places that are shared, or of those that are not. */
static uint32_t joined (const view *v, uint32_t set, size_t count, const uint32_t which[], int shared, wgi_domains *d, const uint32_t domain[])
{
  for (size_t k = 0; k < count; k++)
    {
      const size_t j = which ? which[k] : k;
      if (v->at[j] != NONE && (int) v->shared[j] == shared) set = wgi_domain_union (d, set, domain[v->at[j]]);
    }
  return set;
}

/* What the shared places alone give to each output, and to all together: the start of each item's domains. */
static uint32_t set_base (const view *v, wgi_domains *d, const uint32_t domain[])
{
  const uint32_t *which;
  for (size_t i = 0; i < v->c->m; i++)
    {
      v->base[i] = WGI_EMPTY;
      const size_t count = v->sharing ? row_of (v, i, &which) : 0;
      if (count) v->base[i] = joined (v, WGI_EMPTY, count, which, 1, d, domain);
    }
  return v->sharing ? joined (v, WGI_EMPTY, v->c->n, NULL, 1, d, domain) : WGI_EMPTY;
}

static void interact_in_item (const view *v, uint32_t set, wgi_domains *d, const uint32_t domain[])
{
  const wgi_pattern *H = &v->pattern->hessian;
  if (is_full (v)) wgi_domain_interact (d, set, set);
  else
    for (size_t i = 0; i < H->rows; i++)
      for (uint32_t k = H->start[i]; k < H->start[i+1]; k++)
        if (meet (v, i, H->index[k])) wgi_domain_interact (d, domain[v->at[i]], domain[v->at[H->index[k]]]);
}

/* set: the domain of all that the item sees. */
static void add_to_results (const view *v, size_t slot, uint32_t set, const uint8_t need[], wgi_domains *d, uint32_t domain[])
{
  const wgi_called *c = v->c;
  const uint32_t *which;
  for (size_t o = 0; o < c->outs; o++)
    for (size_t i = 0; i < c->out[o].width; i++)
      {
        const size_t result = slot + result_of (v, &c->out[o], i), from = c->out[o].place + i;
        if (need && !need[result]) continue;
        const size_t count = row_of (v, from, &which);
        domain[result] = wgi_domain_union (d, domain[result], which ? joined (v, v->base[from], count, which, 0, d, domain) : set);
      }
}

/* A scan, its domain of all that a step sees besides the state being the start of those of each step. */
static void walk_scan (const wgi_call_at *o, view *v, int interact, wgi_domains *d, uint32_t domain[])
{
  const wgi_scan *s = o->callee->scan;
  uint32_t *state = domain + o->states, *next = state + s->ns, shared = WGI_EMPTY;
  for (size_t j = 0; j < s->ns; j++)
    {
      const uint32_t from = s->init[j] == WGI_NO_OPERAND ? WGI_INACTIVE : o->operand[s->init[j]];
      state[j] = from & WGI_INACTIVE ? WGI_EMPTY : domain[from];
    }
  for (size_t k = 0; k < v->c->items && !d->status; k++)
    {
      const uint32_t *which;
      see (v, o->operand, k);
      for (size_t j = 0; j < s->ns; j++) v->at[j] = (uint32_t) (o->states + j);
      if (k == 0) shared = set_base (v, d, domain);
      const uint32_t set = joined (v, shared, v->c->n, NULL, 0, d, domain);
      if (interact) interact_in_item (v, set, d, domain);
      add_to_results (v, o->slot, set, NULL, d, domain);
      for (size_t j = 0; j < s->ns; j++)
        {
          const size_t count = row_of (v, j, &which);
          next[j] = which ? joined (v, v->base[j], count, which, 0, d, domain) : set;
        }
      memcpy (state, next, s->ns*sizeof *state);
    }
  memcpy (domain + o->slot, state + s->hidden, (s->ns - s->hidden)*sizeof *state);
}

void wgi_call_walk (const wgi_call_at *o, int interact, const uint8_t need[], wgi_domains *d, uint32_t domain[])
{
  const wgi_called *c = o->callee;
  view v = view_of (o);
  uint32_t shared = WGI_EMPTY;
  for (size_t r = 0; r < c->results; r++) domain[o->slot + r] = WGI_EMPTY;
  if (c->scan)
    {
      walk_scan (o, &v, interact, d, domain);
      return;
    }
  for (size_t k = 0; k < c->items && !d->status; k++)
    {
      see (&v, o->operand, k);
      if (k == 0) shared = set_base (&v, d, domain);
      const uint32_t set = joined (&v, shared, c->n, NULL, 0, d, domain);
      if (interact) interact_in_item (&v, set, d, domain);
      add_to_results (&v, o->slot, set, need, d, domain);
    }
}
