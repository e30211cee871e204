/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Where the Hessians of a map's items go.  A pair of inputs of the body that meet is computed once, along one of the two: along one that
 * items share if the other is an item's own; else along one that other pairs need anyway.
 */
#include <stdlib.h>
#include <string.h>

#include "deriv/mapped.h"

int wgi_mapped_fits (const wgi_program *p, const wgi_source *source, const uint32_t operand[])
{
  if (!wgi_source_map (source)) return 0;
  for (size_t j = 0; j < source->n; j++) if (!(operand[j] & WGI_INACTIVE) && operand[j] >= p->n) return 0;
  return 1;
}

/* Pairs of inputs of the body, first >= second, one after the other. */
typedef struct { const wgi_callee_pattern *body; size_t n; uint32_t first; size_t next; } pairs;

static int next_pair (pairs *z, uint32_t pair[2])
{
  const wgi_pattern *H = &z->body->hessian;
  for (; z->first < z->n; z->first++, z->next = 0)
    {
      const size_t count = z->body->dense ? z->first + 1 : H->start[z->first + 1] - H->start[z->first];
      if (z->next == count) continue;
      pair[0] = z->first, pair[1] = z->body->dense ? (uint32_t) z->next : H->index[H->start[z->first] + z->next];
      z->next++;
      return 1;
    }
  return 0;
}

enum seen { NOTHING, OWN, SHARED };    /* by the items in an input: data, or a variable */

/* What it takes to know a map's items. */
typedef struct {
  const wgi_map *s;
  const uint32_t *operand;
  pairs all;
  uint8_t *seen;                 /* per input of the body */
  uint8_t *along;                /* is it a direction? */
  uint32_t *at;                  /* the variable in it, of the item at hand, or WGI_NO_ENTRY */
} view;

/* A pair that some item may have?  along: the one that it is computed along if that is known, else either. */
static int forced (const view *v, const uint32_t pair[2], uint32_t *along)
{
  const int a = v->seen[pair[0]], b = v->seen[pair[1]];
  *along = a == SHARED ? pair[0] : pair[1];
  return a != b || pair[0] == pair[1];
}

static int is_pair (const view *v, const uint32_t pair[2]) { return v->seen[pair[0]] && v->seen[pair[1]]; }

static void find_directions (const view *v)
{
  uint32_t pair[2], along;
  for (pairs all = v->all; next_pair (&all, pair); ) if (is_pair (v, pair) && forced (v, pair, &along)) v->along[along] = 1;
  for (pairs all = v->all; next_pair (&all, pair); )
    if (is_pair (v, pair) && !forced (v, pair, &along) && !v->along[pair[0]] && !v->along[pair[1]]) v->along[pair[1]] = 1;
}

/* The direction of a pair. */
static uint32_t along (const view *v, const uint32_t pair[2])
{
  uint32_t which;
  if (forced (v, pair, &which)) return which;
  return v->along[pair[1]] ? pair[1] : pair[0];
}

static void see (const view *v, size_t k)
{
  for (const wgi_arg *a = v->s->args.arg; a < v->s->args.arg + v->s->args.count; a++)
    for (size_t j = 0; j < a->width && !a->data; j++)
      {
        const uint32_t w = v->operand[a->first + wgi_arg_row (a, k) + j];
        v->at[a->place + j] = w & WGI_INACTIVE ? WGI_NO_ENTRY : w;
      }
}

/* Where the pair of the item at hand is in value[]. */
static uint32_t find (const view *v, const wgi_pattern *lower, const uint32_t place[], uint32_t a, uint32_t b)
{
  const uint32_t i = v->at[a] > v->at[b] ? v->at[a] : v->at[b], j = v->at[a] > v->at[b] ? v->at[b] : v->at[a];
  if (i == WGI_NO_ENTRY) return WGI_NO_ENTRY;
  const uint32_t e = wgi_pattern_find (lower, i, j);
  return e == UINT32_MAX ? WGI_NO_ENTRY : place[e] | (i == j && a != b ? WGI_TWICE : 0);
}

static int is_shared (const view *v, const uint32_t pair[2]) { return v->seen[pair[0]] == SHARED && v->seen[pair[1]] == SHARED; }

/* Count directions and pairs. */
static void count (const view *v, wgi_curves *c)
{
  uint32_t pair[2];
  for (size_t j = 0; j < v->s->n; j++) c->directions += v->along[j];
  for (pairs all = v->all; next_pair (&all, pair); ) if (is_pair (v, pair)) ++*(is_shared (v, pair) ? &c->shared : &c->own);
}

/* The pairs by directions. */
static void sort (const view *v, const wgi_curves *c, uint32_t direction[], uint32_t start[], uint32_t with[], uint32_t at[])
{
  uint32_t pair[2], own = 0, shared = (uint32_t) c->own, *number = v->at;
  size_t d = 0;
  for (uint32_t j = 0; j < v->s->n; j++) if (v->along[j]) direction[d] = j, number[j] = (uint32_t) d++;
  memset (start, 0, (d + 1)*sizeof *start);
  for (pairs all = v->all; next_pair (&all, pair); ) if (is_pair (v, pair)) start[number[along (v, pair)] + 1]++;
  for (size_t i = 0; i < d; i++) start[i+1] += start[i];
  for (pairs all = v->all; next_pair (&all, pair); )
    if (is_pair (v, pair))
      {
        const uint32_t j = along (v, pair), i = start[number[j]]++;
        with[i] = pair[0] == j ? pair[1] : pair[0];
        at[i] = is_shared (v, pair) ? shared++ : own++;
      }
  memmove (start + 1, start, d*sizeof *start);       /* each has moved to the next one's */
  start[0] = 0;
}

/* All that there is to know, c->items > 0. */
static int look_up (view *v, const wgi_pattern *lower, const uint32_t to[], size_t most, wgi_mapped *c)
{
  wgi_curves *z = &c->curves;
  find_directions (v);
  count (v, z);
  const size_t both = z->own + z->shared, own = wgi_times (c->items, z->own);
  const size_t words = wgi_plus (wgi_plus (own, z->shared), wgi_plus (2*z->directions + 1, 2*both));
  if (words >= most) return wgi_fail (WG_ELIMIT, "the items of a map have too many entries");
  uint32_t *place = c->block = wgi_array (words, sizeof *place);
  if (!place) return wgi_plan_no_memory ();
  uint32_t *shared = place + own, *direction = shared + z->shared, *start = direction + z->directions;
  uint32_t *with = start + z->directions + 1, *at = with + both;
  z->place = place, z->shared_place = shared, z->direction = direction, z->start = start, z->with = with, z->at = at;
  sort (v, z, direction, start, with, at);
  for (size_t k = 0; k < c->items; k++)
    {
      see (v, k);
      for (size_t d = 0; d < z->directions; d++)
        for (uint32_t i = start[d]; i < start[d+1]; i++)
          if (at[i] < z->own) place[k*z->own + at[i]] = find (v, lower, to, direction[d], with[i]);
          else if (k == 0) shared[at[i] - z->own] = find (v, lower, to, direction[d], with[i]);
    }
  return WG_OK;
}

int wgi_mapped_make (const wgi_program *p, const wgi_callee_pattern *body, const wgi_pattern *lower, const uint32_t place[], size_t most,
                     wgi_mapped *c)
{
  const wgi_map *s = wgi_source_map (p->source[p->word[c->word]]);
  view v = { .s = s, .operand = p->word + c->word + 1, .all = { .body = body, .n = s->n } };
  uint8_t *bytes = calloc (s->n + 1, 2);
  uint32_t *at = wgi_array (s->n, sizeof *at);
  int rc = bytes && at ? WG_OK : wgi_plan_no_memory ();
  v.seen = bytes, v.along = bytes + s->n, v.at = at;
  c->items = s->args.items;
  for (size_t i = 0; i < s->args.count && !rc; i++)
    for (size_t j = 0; j < s->args.arg[i].width && !s->args.arg[i].data; j++)
      v.seen[s->args.arg[i].place + j] = s->args.arg[i].stride ? OWN : SHARED;
  if (!rc && c->items) rc = look_up (&v, lower, place, most, c);
  free (bytes), free (at);
  return rc;
}

double wgi_mapped_entries (const wgi_mapped *c) { return (double) c->items*(double) c->curves.own + (double) c->curves.shared; }

int wgi_mapped_add (wg_fun *f, const wgi_mapped *z, double weight[], double zero[], double value[])
{
  const uint32_t *word = f->trace->program->word + z->word;
  wgi_map_callee *c = (wgi_map_callee *) f->frame.callee[word[0]];
  wgi_curves curves = z->curves;
  double *ybar[] = { weight, zero };
  if (!curves.directions) return WG_OK;
  curves.value = value;
  c->callee.operand = word + 1, c->callee.sweeps = f->frame.sweeps, c->callee.resources = f->frame.resources;
  int rc = wgi_map_look (c, WGI_VALUE, f->frame.plane);
  for (size_t i = 0; i < wgi_map_of (c)->args.count; i++) c->arg[i].x[WGI_D1] = NULL;
  if (!rc) rc = wgi_map_run (c, &(wgi_map_job){ .mode = WGI_D1, .ybar = ybar, .curves = &curves });
  if (rc > 0 && !f->frame.notice) f->frame.notice = rc, f->frame.why = c->callee.why;
  return rc < 0 ? rc : WG_OK;
}
