/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * How many operations are behind each operation of a program: those of a call are its callee's, of a map all items'.  An
 * estimate, by which methods are chosen: of several branches it is the newest.
 */
#include <stdlib.h>

#include "deriv/plan.h"
#include "fun/map.h"
#include "fun/scan.h"

enum { DEEPEST = 8 };            /* calls of calls that are looked at */

static double work_of (const wgi_program *p, int depth, double before[]);

static double work_of_source (const wgi_source *s, int depth)
{
  const wgi_map *map = wgi_source_map (s);
  const wgi_scan *scan = wgi_source_scan (s);
  wgi_family *family = map ? map->body->family : scan ? scan->step->family : wgi_source_family (s);
  double work = (double) (s->n + s->m);
  if (!family || depth > DEEPEST || wgi_family_lock (family)) return work;
  if (family->newest) work = work_of (family->newest->program, depth, NULL);
  wgi_family_unlock (family);
  return map || scan ? (double) (map ? map->args.items : scan->args.items)*(work + 1) : work;
}

/* before[count + 1], if not NULL: the work of all operations before one. */
static double work_of (const wgi_program *p, int depth, double before[])
{
  const uint32_t *word = p->word;
  double work = 0, *of = malloc (wgi_times (p->sources + 1, sizeof *of));
  for (size_t i = 0; i < p->sources && of; i++) of[i] = work_of_source (p->source[i], depth + 1);
  for (size_t i = 0; i < p->count; i++)
    {
      if (before) before[i] = work;
      work += of && wgi_opcode_row[p->code[i]] == WGI_ROW_call ? 1 + of[word[0]] : 1;
      word += wgi_words (p, p->code[i], word);
    }
  if (before) before[p->count] = work;
  free (of);
  return work;
}

int wgi_plan_work (wg_plan *plan, const wgi_program *p)
{
  plan->called = 0, plan->before = NULL;
  if (!p->sources) return WG_OK;
  if (!(plan->before = wgi_array (p->count + 1, sizeof *plan->before))) return wgi_plan_no_memory ();
  plan->called = work_of (p, 0, plan->before) - (double) p->count;
  return WG_OK;
}
