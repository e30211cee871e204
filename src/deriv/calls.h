/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * What a call does to domains: its callee's patterns, placed at the operands and results of each item.  A map has many
 * items, each sees what its arguments say and adds to the results that its outputs say; any other call is a map of one item.
 * A scan is a map whose items see what the one before has made of the state.  Operands that all items share meet each other in the first item only, so that the work is linear in the rest.
 */
#ifndef WENGERT_DERIV_CALLS_H
#define WENGERT_DERIV_CALLS_H

#include "deriv/callees.h"
#include "deriv/domain.h"
#include "fun/scan.h"

/* Whom a program calls. */
typedef struct {
  const wgi_callee_pattern *pattern;
  size_t n, m;                   /* of the callee */
  size_t operands, results;      /* of the call */
  size_t items, args, outs;
  const wgi_arg *arg, *out;
  const wgi_scan *scan;          /* or NULL */
  wgi_arg whole[2];              /* the argument and the output of what is no map */
} wgi_called;

/* Describes a source; not to be moved afterwards. */
void wgi_called_set (wgi_called *, const wgi_source *, const wgi_callee_pattern *);

/* Numbers of scratch that the walks need. */
static inline size_t wgi_called_scratch (const wgi_called *c) { return wgi_plus (wgi_times (2, c->n), wgi_plus (c->m, c->operands)); }

/* Domains that the walk forward needs behind those of all slots: a scan's state, the one after it. */
static inline size_t wgi_called_states (const wgi_called *c) { return c->scan ? wgi_times (2, c->scan->ns) : 0; }

/* The words of a call whose operands are blocks as one for each number, at the end of the scratch. */
const uint32_t *wgi_called_words (const wgi_called *, const wgi_source *, const uint32_t operand[], uint32_t scratch[]);

/* A call: the words of its operands, the slot of its first result. */
typedef struct {
  const wgi_called *callee;
  const uint32_t *operand;
  size_t slot;
  uint32_t *scratch;
  size_t states;                 /* where domains of states can be */
} wgi_call_at;

/* Backward: mark the slots whose domains are needed, those of operands that interact and of those that results in need have. */
void wgi_call_need (const wgi_call_at *, uint8_t need[]);

/* Forward: the domains of the results, of those that are needed (NULL: of all); with interact the operands' interactions. */
void wgi_call_walk (const wgi_call_at *, int interact, const uint8_t need[], wgi_domains *, uint32_t domain[]);

#endif
