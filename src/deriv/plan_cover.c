/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Does a plan have the entries of another branch?  What was found is remembered by structure prints.
 */
#include <stdatomic.h>
#include <stdlib.h>

#include "deriv/plan.h"

enum { KNOWN = 8 };
struct wgi_known {
  _Atomic uint64_t print[KNOWN]; /* the first is the plan's own, the others take turns */
  _Atomic unsigned next;
};

static void know (wgi_known *known, uint64_t print)
{
  const unsigned at = 1 + atomic_fetch_add (&known->next, 1) % (KNOWN - 1);
  atomic_store_explicit (&known->print[at], print, memory_order_relaxed);
}

int wgi_plan_pattern (wg_plan *plan, const wgi_program *p, const wg_plan *with)
{
  if (!(plan->known = calloc (1, sizeof *plan->known))) return wgi_plan_no_memory ();
  const uint64_t print = wgi_structure_print (p);
  int rc = plan->part == 'J' ? wgi_pattern_jacobian (p, &plan->pattern) : wgi_pattern_hessian (p, plan->asked.entries, &plan->pattern);
  plan->known->print[0] = print;
  if (rc || !with) return rc;
  wgi_pattern own = plan->pattern;
  rc = wgi_pattern_join (&own, &with->pattern, &plan->pattern);
  wgi_pattern_free (&own);
  return rc;
}

int wgi_plan_covers (const wg_plan *plan, const wgi_program *p)
{
  const uint64_t print = wgi_structure_print (p);
  wgi_known *known = plan->known;
  for (int i = 0; i < KNOWN; i++)
    if (atomic_load_explicit (&known->print[i], memory_order_relaxed) == print) return WG_OK;
  wgi_pattern a;
  int rc = plan->part == 'J' ? wgi_pattern_jacobian (p, &a) : wgi_pattern_hessian (p, plan->asked.entries, &a);
  if (rc) return rc;
  if (wgi_pattern_covers (&plan->pattern, &a)) know (known, print);
  else rc = wgi_fail (WG_EPLAN, "this branch of the function has derivatives where the plan has none: see wg_plan_extend");
  wgi_pattern_free (&a);
  return rc;
}
