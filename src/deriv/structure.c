/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * From a program to domains and interactions, and from these to its patterns.
 *
 * Forward, every slot gets its domain; a row whose operands interact makes their domains interact.  A call does both as the
 * callee's patterns say (calls.c).  For a Hessian only those domains are made that some interaction needs: marked backward.
 */
#include <stdlib.h>
#include <string.h>

#include "deriv/calls.h"
#include "deriv/interactions.h"

/* operations */

/* An operation, as the walks hand it to what knows its kind. */
typedef struct {
  enum wgi_row row;
  unsigned mask;                 /* of a row: active operands; of a call: is one active? */
  const uint32_t *word;
  size_t slot, slots;            /* its results */
  wgi_call_at call;              /* if it is one */
} operation;

/* A program, whom it calls, scratch for one of its calls, and how many domains of states that has at most. */
typedef struct { const wgi_program *p; wgi_called *called; uint32_t *scratch; size_t states; } subject;

static operation operation_at (subject s, size_t i, const uint32_t *word, size_t slot)
{
  const wgi_program *p = s.p;
  const enum wgi_row row = (enum wgi_row) wgi_opcode_row[p->code[i]];
  operation o = { row, wgi_mask (p->code[i]), word, slot, 1, { NULL } };
  if (wgi_is_guard ((int) row)) o.mask = 0, o.slots = 0;
  if (row == WGI_ROW_call)
    {
      const wgi_source *source = p->source[word[0]];
      o.slots = source->m;
      o.call = (wgi_call_at){ &s.called[word[0]], word + 1, slot, s.scratch, p->slots };
      if (source->size) o.call.operand = wgi_called_words (&s.called[word[0]], source, word + 1, s.scratch);
    }
  return o;
}

/* Backward: are the domains of a row's operands needed for interactions? */
static void need_row (const operation *o, const wgi_interactions *z, uint8_t need[])
{
  const unsigned wanted = need[o->slot] ? o->mask : wgi_curved (z, o->row, o->mask);
  for (int j = 0; j < 3; j++)
    if (wanted >> j & 1) need[o->word[j]] = 1;
}

/* Forward: the domain of a row's result. */
static uint32_t domain_of_row (const operation *o, wgi_domains *d, const uint32_t domain[])
{
  uint32_t set = WGI_EMPTY;
  for (int j = 0; j < 3; j++)
    if (o->mask >> j & 1) set = wgi_domain_union (d, set, domain[o->word[j]]);
  return set;
}

/* Forward: the interactions in a row. */
static void interact_in_row (const operation *o, const wgi_interactions *z, wgi_domains *d, const uint32_t domain[])
{
  for (int i = 0; i < 3; i++)
    for (int j = i; j < 3; j++)
      if (z->pair[o->row] >> (3*i + j) & 1 && o->mask >> i & 1 && o->mask >> j & 1)
        wgi_domain_interact (d, domain[o->word[i]], domain[o->word[j]]);
}

static void walk_row (const operation *o, const wgi_interactions *z, const uint8_t need[], wgi_domains *d, uint32_t domain[])
{
  if (z) interact_in_row (o, z, d, domain);
  domain[o->slot] = !need || need[o->slot] ? domain_of_row (o, d, domain) : WGI_EMPTY;
}

/* The domains of all slots; with z those that are needed, and the interactions. */
static void walk (subject about, const wgi_interactions *z, const uint8_t need[], wgi_domains *d, uint32_t domain[])
{
  const wgi_program *p = about.p;
  const uint32_t *word = p->word;
  size_t slot = p->n;
  for (size_t i = 0; i < p->n; i++) domain[i] = (uint32_t) i;
  for (size_t i = 0; i < p->count && !d->status; i++)
    {
      const operation o = operation_at (about, i, word, slot);
      word += wgi_words (p, p->code[i], word);
      slot += o.slots;
      if (o.mask && o.row == WGI_ROW_call) wgi_call_walk (&o.call, z != NULL, need, d, domain);
      else if (o.mask) walk_row (&o, z, need, d, domain);
      else for (size_t j = 0; j < o.slots; j++) domain[o.slot + j] = WGI_EMPTY;
    }
}

/* A call's words begin and end with its place among the sources. */
static const uint32_t *words_before (const wgi_program *p, uint8_t code, const uint32_t *end)
{
  const enum wgi_row row = (enum wgi_row) wgi_opcode_row[code];
  return end - (row == WGI_ROW_call ? wgi_source_words (p->source[end[-1]]) + 2 : wgi_rows[row].words);
}

static void find_needed (subject about, const wgi_interactions *z, uint8_t need[])
{
  const wgi_program *p = about.p;
  const uint32_t *word = p->word + p->words;
  size_t slot = p->slots;
  for (size_t i = p->count; i--; )
    {
      word = words_before (p, p->code[i], word);
      operation o = operation_at (about, i, word, slot);
      o.slot = o.call.slot = slot -= o.slots;
      if (o.mask && o.row == WGI_ROW_call) wgi_call_need (&o.call, need);
      else if (o.mask) need_row (&o, z, need);
    }
}

/* patterns */

typedef struct { subject about; wgi_domains d; uint32_t *domain; } survey;

/* Whom it calls, with their patterns. */
static int find_called (subject *about, wgi_callees *callees, int depth)
{
  const wgi_program *p = about->p;
  const wgi_callee_pattern **of = malloc (wgi_times (p->sources + 1, sizeof *of));
  size_t scratch = 1;
  about->called = malloc (wgi_times (p->sources + 1, sizeof *about->called));
  int rc = of && about->called ? wgi_callees_find (callees, p, depth, of) : wgi_fail (WG_ENOMEM, "out of memory for the pattern");
  for (size_t i = 0; i < p->sources && !rc; i++)
    {
      wgi_called_set (&about->called[i], p->source[i], of[i]);
      if (wgi_called_scratch (&about->called[i]) > scratch) scratch = wgi_called_scratch (&about->called[i]);
      if (wgi_called_states (&about->called[i]) > about->states) about->states = wgi_called_states (&about->called[i]);
    }
  free (of);
  if (!rc && !(about->scratch = malloc (wgi_times (scratch, sizeof *about->scratch))))
    rc = wgi_fail (WG_ENOMEM, "out of memory for the pattern");
  return rc;
}

/* What is begun must be ended, whatever the status. */
static int begin (survey *s, wgi_callees *callees, const wgi_program *p, int depth)
{
  int rc = wgi_domains_open (&s->d, p->n);
  s->about = (subject){ .p = p }, s->domain = NULL;
  if (!rc) rc = find_called (&s->about, callees, depth);
  if (!rc && !(s->domain = malloc (wgi_times (wgi_plus (p->slots, s->about.states), sizeof *s->domain))))
    rc = wgi_fail (WG_ENOMEM, "out of memory for the pattern");
  return rc;
}

static void end (survey *s)
{
  free (s->domain), free (s->about.called), free (s->about.scratch);
  wgi_domains_close (&s->d);
}

int wgi_structure_jacobian (wgi_callees *callees, const wgi_program *p, int depth, wgi_pattern *to)
{
  survey s;
  memset (to, 0, sizeof *to);
  int rc = begin (&s, callees, p, depth);
  uint32_t *row = malloc (wgi_times (p->m, sizeof *row));
  if (!rc && !row) rc = wgi_fail (WG_ENOMEM, "out of memory for the pattern");
  if (!rc)
    {
      walk (s.about, NULL, NULL, &s.d, s.domain);
      for (size_t i = 0; i < p->m; i++) row[i] = wgi_is_slot (p, p->out[i]) ? s.domain[p->out[i]] : WGI_EMPTY;
      rc = wgi_domains_rows (&s.d, p->m, row, to);
    }
  free (row);
  end (&s);
  return rc;
}

int wgi_structure_hessian (wgi_callees *callees, const wgi_program *p, int depth, wgi_pattern *to)
{
  survey s;
  wgi_interactions z;
  memset (to, 0, sizeof *to);
  int rc = begin (&s, callees, p, depth);
  uint8_t *need = calloc (p->slots, 1);
  if (!rc && !need) rc = wgi_fail (WG_ENOMEM, "out of memory for the pattern");
  if (!rc)
    {
      s.d.most = callees->most;
      wgi_find_interactions (&z);
      find_needed (s.about, &z, need);
      walk (s.about, &z, need, &s.d, s.domain);
      rc = wgi_domains_interactions (&s.d, to);
    }
  free (need);
  end (&s);
  return rc;
}

int wgi_pattern_jacobian (const wgi_program *p, wgi_pattern *to)
{
  wgi_callees callees = { 0 };
  const int rc = wgi_structure_jacobian (&callees, p, 0, to);
  wgi_callees_close (&callees);
  return rc;
}

int wgi_pattern_hessian (const wgi_program *p, size_t most, wgi_pattern *to)
{
  wgi_callees callees = { .hessian = 1, .most = most };
  const int rc = wgi_structure_hessian (&callees, p, 0, to);
  wgi_callees_close (&callees);
  return rc;
}
