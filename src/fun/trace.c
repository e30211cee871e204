/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Recording a trace, finding one, forgetting the least recently used.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "array/elementwise.h"
#include "fun/fun.h"
#include "fun/roll.h"
#include "sweep/numbers.h"

#define TRACE_BYTES ((size_t) 256 << 20)     /* of traces that a family keeps */

/* The hash of a sequence of outcomes and one more (the finalizer of SplitMix64). */
static uint64_t extended (uint64_t prefix, uint64_t outcome)
{
  uint64_t z = (prefix ^ outcome)*0x9e3779b97f4a7c15u + 0x632be59bd9b4e019u;
  z = (z ^ z >> 30)*0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27)*0x94d049bb133111ebu;
  return z ^ z >> 31;
}

wgi_family *wgi_family_new (wg_model *model, void *ctx, size_t n, size_t m)
{
  wgi_family *s = calloc (1, sizeof *s);
  if (!s) return NULL;
  pthread_mutexattr_t kind;
  int bad = pthread_mutexattr_init (&kind);
  if (!bad)
    {
      bad = pthread_mutexattr_settype (&kind, PTHREAD_MUTEX_ERRORCHECK) || pthread_mutex_init (&s->lock, &kind);
      pthread_mutexattr_destroy (&kind);
    }
  if (bad) return free (s), NULL;
  s->model = model, s->ctx = ctx, s->n = n, s->m = m;
  s->x0 = calloc (n, sizeof *s->x0);
  if (!s->x0) return wgi_family_free (s), NULL;
  s->limit = TRACE_BYTES;
  return s;
}

static void trace_free (wgi_trace *t)
{
  wgi_program_free (t->program);
  free (t->prefix), free (t);
}

void wgi_family_free (wgi_family *s)
{
  if (!s) return;
  for (wgi_trace *t = s->newest, *next; t; t = next) next = t->older, trace_free (t);
  if (s->release) s->release (s->ctx);
  pthread_mutex_destroy (&s->lock);
  free (s->node), free (s->x0), free (s);
}

int wgi_family_lock (wgi_family *s)
{
  if (pthread_mutex_lock (&s->lock) == EDEADLK)
    return wgi_fail (WG_EBUSY, "a model calls its own function while it is being recorded");
  return WG_OK;
}

void wgi_family_unlock (wgi_family *s)
{
  pthread_mutex_unlock (&s->lock);
}

/* the list by last use */

static void unlink_trace (wgi_family *s, wgi_trace *t)
{
  *(t->newer ? &t->newer->older : &s->newest) = t->older;
  *(t->older ? &t->older->newer : &s->oldest) = t->newer;
}

static void link_newest (wgi_family *s, wgi_trace *t)
{
  t->newer = NULL, t->older = s->newest;
  *(s->newest ? &s->newest->newer : &s->oldest) = t;
  s->newest = t;
}

/* the nodes of the trie */

static size_t place (const wgi_family *s, uint64_t key)
{
  size_t i = key & (s->nodes - 1);
  while (s->node[i].trace && s->node[i].key != key) i = (i + 1) & (s->nodes - 1);
  return i;
}

static void insert (wgi_family *s, wgi_trace *t)
{
  for (size_t k = 1; k <= t->program->guards; k++)
    {
      const size_t i = place (s, t->prefix[k]);
      if (s->node[i].trace) continue;
      s->node[i].key = t->prefix[k], s->node[i].trace = t;
      s->used++;
    }
}

/* A table with room for all traces of the list; the nodes of forgotten ones are gone.  0: out of memory. */
static int rebuild (wgi_family *s)
{
  size_t guards = 0, nodes = 64;
  for (const wgi_trace *t = s->newest; t; t = t->older) guards += t->program->guards;
  while (nodes < 4*guards) nodes *= 2;
  void *node = calloc (nodes, sizeof *s->node);
  if (!node) return 0;
  free (s->node);
  s->node = node, s->nodes = nodes, s->used = 0;
  for (wgi_trace *t = s->newest; t; t = t->older) insert (s, t);
  return 1;
}

void wgi_trace_leave (wgi_trace *t)
{
  if (t && --t->users == 0) trace_free (t);
}

static void forget (wgi_family *s, wgi_trace *t)
{
  unlink_trace (s, t);
  s->bytes -= t->bytes, s->traces--, s->forgotten++;
  wgi_trace_leave (t);
}

/* The table after traces were forgotten. */
static void forgotten (wgi_family *s)
{
  if (rebuild (s)) return;       /* without a table nothing is found, and the model runs again: slow, not wrong */
  free (s->node);
  s->node = NULL, s->nodes = s->used = 0;
}

/* Forget the least recently used until the limit holds. */
static void hold_limit (wgi_family *s)
{
  if (s->bytes <= s->limit || s->oldest == s->newest) return;
  while (s->bytes > s->limit && s->oldest != s->newest) forget (s, s->oldest);
  atomic_store (&s->overfull, 1);
  forgotten (s);
}

void wgi_family_purge (wgi_family *s)
{
  const size_t generation = wgi_family_generation (s), before = s->traces;
  for (wgi_trace *t = s->newest, *older; t; t = older)
    {
      older = t->older;
      if (t->generation != generation) forget (s, t);
    }
  if (s->traces < before) forgotten (s);
}

wgi_trace *wgi_trace_find (wgi_family *s, const wgi_trace *t, size_t k, uint64_t found)
{
  if (!s->nodes) return NULL;
  wgi_trace *to = s->node[place (s, extended (t->prefix[k], found))].trace;
  if (!to || to == t) return NULL;
  to->users++;
  unlink_trace (s, to), link_newest (s, to);
  return to;
}

wgi_trace *wgi_trace_other (wgi_family *s, size_t count, const wgi_trace *const tried[])
{
  for (wgi_trace *t = s->newest; t; t = t->older)
    {
      size_t i = 0;
      while (i < count && tried[i] != t) i++;
      if (i == count) return t->users++, t;
    }
  return NULL;
}

/* The hashes of a program's outcomes. */
static uint64_t *prefixes (const wgi_program *p)
{
  uint64_t *h = malloc (wgi_times (p->guards + 1, sizeof *h));
  const uint32_t *word = p->word;
  size_t k = 0;
  if (!h) return NULL;
  h[0] = 0;
  for (size_t i = 0; i < p->count; i++)
    {
      const int row = wgi_opcode_row[p->code[i]];
      word += wgi_words (p, p->code[i], word);
      if (!wgi_is_guard (row)) continue;
      const uint32_t last = word[-1];
      const uint64_t outcome = row == WGI_GUARD_peek ? wgi_peek_outcome (p->constant[last - p->slots]) : last;
      h[k + 1] = extended (h[k], outcome);
      k++;
    }
  return h;
}

/* Run the model on a fresh tape; the outputs as words. */
static int run (wgi_family *s, wgi_tape *t, const double x[], const wg_fun *f, wg_var in[], wg_var y[], uint32_t out[])
{
  int rc = wgi_tape_open (t, s->n);
  if (rc) return rc;
  if (f) t->set = f->param, t->set_count = f->params, t->binding = f->binding, t->bindings = f->bindings;
  for (size_t i = 0; i < s->n; i++) in[i] = wgi_tape_input (t, i, x[i]);
  for (size_t i = 0; i < s->m; i++) y[i] = (wg_var){ NAN, 0, WGI_UNSET };
  s->recordings++;
  s->model (s->n, in, s->m, y, s->ctx);
  if (t->status) rc = wgi_fail (t->status, "%s", t->message);
  for (size_t i = 0; i < s->m && !rc; i++) rc = wgi_tape_output (t, i, y[i], &out[i]);
  if (!rc && t->arrays) rc = wgi_arrays_fuse (t, s->m, out);
  wgi_tape_close (t);
  return rc;
}

/* The program of a tape, its loops rolled if that is said.  NULL: out of memory. */
static wgi_program *program_of (wgi_family *s, const wgi_tape *tape, const uint32_t out[], enum wgi_rolling what)
{
  wgi_tape rolled = { 0 };
  uint32_t *rolled_out = what ? malloc (wgi_times (s->m, sizeof *rolled_out)) : NULL;
  const int rolls = rolled_out ? wgi_roll (tape, s->m, out, what, &rolled, rolled_out) : what ? WG_ENOMEM : 0;
  wgi_program *p = rolls > 0 ? wgi_freeze (&rolled, s->m, rolled_out) : rolls ? NULL : wgi_freeze (tape, s->m, out);
  if (p) p->recorded = wgi_tape_count (tape);
  s->compares |= rolls == WGI_COMPARES;
  free (rolled_out);
  wgi_tape_free (&rolled);
  return p;
}

static int keep (wgi_family *s, const wgi_tape *tape, const uint32_t out[], enum wgi_rolling what, wgi_trace **result)
{
  wgi_trace *t = calloc (1, sizeof *t);
  if (t && (t->program = program_of (s, tape, out, what)) && (t->prefix = prefixes (t->program)))
    {
      t->bytes = sizeof *t + t->program->bytes + (t->program->guards + 1)*sizeof *t->prefix;
      t->users = 2;
      t->generation = wgi_family_generation (s);
      link_newest (s, t);
      if (s->nodes < 2*(s->used + t->program->guards) + 64 ? rebuild (s) : (insert (s, t), 1))
        {
          s->bytes += t->bytes, s->traces++;
          if (t->program->sources) atomic_store (&s->calls, 1);
          atomic_fetch_add (&s->print, t->program->print);
          hold_limit (s);
          *result = t;
          return WG_OK;
        }
      unlink_trace (s, t);
    }
  if (t) trace_free (t);
  return wgi_fail (WG_ENOMEM, "out of memory while recording");
}

int wgi_trace_keep (wgi_family *s, const wgi_tape *tape, const uint32_t out[], wgi_trace **result)
{
  return keep (s, tape, out, s->rolls, result);
}

int wgi_trace_record (wgi_family *s, const double x[], const wg_fun *f, wgi_trace **result)
{
  return wgi_trace_record_as (s, x, f, s->rolls, result);
}

int wgi_trace_record_as (wgi_family *s, const double x[], const wg_fun *f, enum wgi_rolling what, wgi_trace **result)
{
  if (!s->model) return wgi_fail (WG_EBRANCH, "%s", wg_strerror (WG_EBRANCH));
  wgi_tape tape = { 0 };
  wg_var *in = malloc (wgi_times (s->n, sizeof *in)), *y = malloc (wgi_times (s->m, sizeof *y));
  uint32_t *out = malloc (wgi_times (s->m, sizeof *out));
  const size_t generation = wgi_family_generation (s);        /* a base may change meanwhile */
  int rc = in && y && out ? run (s, &tape, x, f, in, y, out) : wgi_fail (WG_ENOMEM, "out of memory");
  free (in), free (y);
  if (!rc) rc = keep (s, &tape, out, what, result);
  if (!rc) (*result)->generation = generation;
  free (out);
  wgi_tape_free (&tape);
  return rc;
}
