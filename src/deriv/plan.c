/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Plans: made from a function's pattern, extended to another branch's, freed.
 */
#include <stdlib.h>

#include "deriv/items.h"
#include "deriv/split.h"

static int fits (int hessian, const wg_plan_options *o)
{
  if (o->ordering < 0 || o->ordering >= WG_ORDER_CLASSES) return 0;
  switch (o->method)
    {
    case WG_PLAN_AUTO: case WG_PLAN_DENSE: case WG_PLAN_SUBGRAPH: return 1;
    case WG_PLAN_STAR: case WG_PLAN_ACYCLIC: return hessian;
    case WG_PLAN_COLUMNS: case WG_PLAN_ROWS: return !hessian;
    default: return 0;
    }
}

static wg_plan *make (const char *name, const wg_fun *f, char part, const wg_plan_options *options)
{
  static const wg_plan_options defaults;
  const wg_plan_options *o = options ? options : &defaults;
  if (!f) return wgi_fail (WG_EINVAL, "%s: f is NULL", name), NULL;
  if (!fits (part != 'J', o)) return wgi_fail (WG_EINVAL, "%s: the options do not fit", name), NULL;
  const wgi_program *p = f->trace->program;
  const wg_plan *with = o->with;
  if (with && (with->n != p->n || with->m != p->m || (with->part == 'J') != (part == 'J')))
    return wgi_fail (WG_EINVAL, "%s: options.with is a plan of another shape", name), NULL;
  wg_plan *plan = calloc (1, sizeof *plan);
  if (!plan) return wgi_plan_no_memory (), NULL;
  plan->n = p->n, plan->m = p->m, plan->part = part, plan->by_columns = o->by_columns != 0, plan->print = p->print;
  plan->asked = (wg_plan_options){ .method = o->method, .ordering = o->ordering, .by_columns = o->by_columns,
                                     .entries = o->entries };
  int rc = wgi_plan_pattern (plan, p, with);
  uint32_t *place = rc ? NULL : wgi_array (plan->pattern.nnz, sizeof *place);
  if (!rc && !place) rc = wgi_plan_no_memory ();
  if (!rc) rc = wgi_plan_set_order (plan, place);
  if (!rc) rc = wgi_plan_work (plan, p);
  if (!rc) rc = (part == 'J' ? wgi_plan_set_jacobian : wgi_plan_set_hessian) (plan, p, o, place);
  free (place), free (plan->before), plan->before = NULL;
  return rc ? wg_plan_free (plan), NULL : plan;
}

wg_plan *wg_plan_hessian_with (const wg_fun *f, char part, const wg_plan_options *options)
{
  if (part != 'L' && part != 'U' && part != 'F')
    return wgi_fail (WG_EINVAL, "wg_plan_hessian: the part is none of L, U, F"), NULL;
  return make ("wg_plan_hessian", f, part, options);
}

wg_plan *wg_plan_hessian (const wg_fun *f, char part) { return wg_plan_hessian_with (f, part, NULL); }

wg_plan *wg_plan_jacobian_with (const wg_fun *f, const wg_plan_options *options)
{
  return make ("wg_plan_jacobian", f, 'J', options);
}

wg_plan *wg_plan_jacobian (const wg_fun *f) { return wg_plan_jacobian_with (f, NULL); }

int wg_plan_extend (wg_plan **plan, const wg_fun *f)
{
  const wg_plan *old = plan ? *plan : NULL;
  if (!f || !old) return wgi_fail (WG_EINVAL, "wg_plan_extend: %s is NULL", f ? "the plan" : "f");
  if (old->n != f->family->n || old->m != f->family->m) return wgi_fail (WG_ESHAPE, "wg_plan_extend: a plan of another shape");
  int rc = wgi_plan_covers (old, f->trace->program);
  if (rc != WG_EPLAN) return rc;
  wg_plan_options o = old->asked;
  o.with = old;
  wg_plan *more = make ("wg_plan_extend", f, old->part, &o);
  if (!more) return wgi_last_status ();
  wg_plan_free (*plan);
  *plan = more;
  return WG_OK;
}

void wg_plan_free (wg_plan *plan)
{
  if (!plan) return;
  wgi_pattern_free (&plan->pattern);
  free (plan->row), free (plan->col), free (plan->seed_start), free (plan->seed), free (plan->get_start), free (plan->get);
  free (plan->step), free (plan->copy), free (plan->range), free (plan->known);
  free (plan->place), wgi_split_free (plan->split), wgi_items_free (plan->items), free (plan);
}
