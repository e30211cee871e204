/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * The structure print and the patterns of all that a program calls, found by family: maps and calls of one body share them.
 */
#include <stdlib.h>
#include <string.h>

#include "deriv/callees.h"
#include "fun/map.h"
#include "fun/scan.h"

enum { DEEPEST = 8 };            /* functions called deeper than that count as dense */

static int is_opaque (const wgi_family *s, int depth)
{
  return !s || depth > DEEPEST || atomic_load (&((wgi_family *) s)->overfull);
}

/* The recordings behind a source, its own or those of its body; NULL: none. */
static wgi_family *family_of (const wgi_source *s)
{
  const wgi_map *map = wgi_source_map (s);
  const wgi_scan *scan = wgi_source_scan (s);
  return map ? map->body->family : scan ? scan->step->family : wgi_source_family (s);
}

/* the print */

static uint64_t print_of (const wgi_program *p, int depth)
{
  uint64_t h = p->print;
  for (size_t i = 0; i < p->sources; i++)
    {
      const wgi_map *map = wgi_source_map (p->source[i]);
      const wgi_scan *scan = wgi_source_scan (p->source[i]);
      wgi_family *s = family_of (p->source[i]);
      h = wgi_mixed (h, map ? map->print : scan ? wgi_scan_print (scan) : i);
      if (is_opaque (s, depth + 1)) continue;
      h = wgi_mixed (wgi_mixed (h, atomic_load (&s->print)), wgi_family_generation (s));
      if (!atomic_load (&s->calls) || wgi_family_lock (s)) continue;        /* locked by this thread: it calls itself, and counts as dense */
      uint64_t sum = 0;
      for (const wgi_trace *t = s->newest; t; t = t->older) sum += print_of (t->program, depth + 1);
      wgi_family_unlock (s);
      h = wgi_mixed (h, sum);
    }
  return h;
}

uint64_t wgi_structure_print (const wgi_program *p) { return print_of (p, 0) | 1; }

/* patterns */

/* a: the entries of a and of b, which is used up. */
static int add (wgi_pattern *a, wgi_pattern *b)
{
  wgi_pattern both;
  int rc = WG_OK;
  if (!a->start) return *a = *b, WG_OK;
  if (!wgi_pattern_covers (a, b) && !(rc = wgi_pattern_join (a, b, &both))) wgi_pattern_free (a), *a = both;
  wgi_pattern_free (b);
  return rc;
}

/* The patterns of all traces.  They stay dense when some trace is not to be relied on, or has too many entries. */
static int find (wgi_callees *all, wgi_callee_pattern *c, int depth)
{
  wgi_family *s = c->family;
  wgi_pattern one;
  int rc = WG_OK;
  if (is_opaque (s, depth) || wgi_family_lock (s)) return WG_OK;
  int current = s->newest != NULL;
  for (const wgi_trace *t = s->newest; t; t = t->older) current &= wgi_trace_is_current (s, t);
  for (const wgi_trace *t = s->newest; t && current && !rc; t = t->older)
    {
      rc = wgi_structure_jacobian (all, t->program, depth, &one);
      if (!rc) rc = add (&c->jacobian, &one);
      if (!rc && all->hessian) rc = wgi_structure_hessian (all, t->program, depth, &one);
      if (!rc && all->hessian) rc = add (&c->hessian, &one);
    }
  wgi_family_unlock (s);
  c->dense = !current || rc;
  return rc == WG_ELIMIT ? WG_OK : rc;
}

int wgi_callees_find (wgi_callees *all, const wgi_program *p, int depth, const wgi_callee_pattern *of[])
{
  for (size_t i = 0; i < p->sources; i++)
    {
      wgi_family *s = family_of (p->source[i]);
      wgi_callee_pattern *c = all->first;
      while (c && c->family != s) c = c->next;
      of[i] = c;
      if (c) continue;
      if (!(c = calloc (1, sizeof *c))) return wgi_fail (WG_ENOMEM, "out of memory for the pattern");
      *c = (wgi_callee_pattern){ .family = s, .dense = 1, .next = all->first };
      of[i] = all->first = c;
      const int rc = find (all, c, depth + 1);
      if (rc) return rc;
    }
  return WG_OK;
}

void wgi_callees_close (wgi_callees *all)
{
  for (wgi_callee_pattern *c = all->first, *next; c; c = next)
    {
      next = c->next;
      wgi_pattern_free (&c->jacobian), wgi_pattern_free (&c->hessian), free (c);
    }
}
