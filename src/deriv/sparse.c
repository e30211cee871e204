/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * The sparse drivers: go to the point, see that the plan fits the branch there, then sweep as the plan says, WGI_DIRECTIONS
 * of its sweeps at once while there are enough of them.
 */
#include <stdlib.h>
#include <string.h>

#include "deriv/items.h"
#include "deriv/split.h"

/* Where a number is for each slot: a plane, or one of count lanes side by side. */
typedef struct { double *at; size_t stride, count; } strip;

/* From how many sweeps on they are done side by side. */
static size_t wide_from (const wg_fun *f, const wg_plan *plan)
{
  return plan->part != 'J' && wgi_is_mostly_calls (f) ? SIZE_MAX : wgi_plan_wide (f->trace->program);
}

/* Tangents or adjoints for sweeps s and on of a plan, as many at once as pays. */
static strip strip_of (const wg_fun *f, const wg_plan *plan, size_t s, int plane, int wide)
{
  const size_t left = plan->sweeps - s;
  if (left < wide_from (f, plan)) return (strip){ f->frame.plane[plane], 1, 1 };
  return (strip){ f->frame.wide[wide], WGI_DIRECTIONS, left < WGI_DIRECTIONS ? left : WGI_DIRECTIONS };
}

/* Have the workspace for that. */
static int have (wg_fun *f, const wg_plan *plan, unsigned planes, unsigned wide)
{
  const int rc = wgi_fun_planes (f, planes);
  return rc || plan->sweeps < wide_from (f, plan) ? rc : wgi_fun_wide (f, wide);
}

/* Tangents along the sums of the sweeps' columns. */
static int push (wg_fun *f, const wg_plan *plan, size_t s, strip d)
{
  memset (d.at, 0, plan->n*d.stride*sizeof *d.at);
  for (size_t j = 0; j < d.count; j++)
    for (uint32_t k = plan->seed_start[s+j]; k < plan->seed_start[s+j+1]; k++) d.at[plan->seed[k]*d.stride + j] = 1;
  f->frame.status = 0;
  (d.stride > 1 ? f->wide->tangent : wgi_tangent_double) (f->trace->program, &f->frame);
  return f->frame.status;
}

/* Products with the Hessian of u.f along the directions of push. */
static int pull (wg_fun *f, const double u[], strip h)
{
  const wgi_program *p = f->trace->program;
  for (size_t i = 0; i < p->m; i++)
    {
      wgi_seed (f, i, u ? u[i] : 1, 0);
      for (size_t j = 0; j < h.stride && wgi_is_slot (p, p->out[i]) && !(u && u[i] == 0); j++) h.at[p->out[i]*h.stride + j] += 0.;
    }
  f->frame.status = 0;
  (h.stride > 1 ? f->wide->reverse_dual : wgi_reverse_dual) (p, &f->frame);
  return f->frame.status;
}

static int hessian_sweeps (wg_fun *f, const wg_plan *plan, const double u[], double uj[], double value[])
{
  int rc = WG_OK;
  for (size_t s = 0, count; s < plan->sweeps && !rc; s += count)
    {
      const strip d = strip_of (f, plan, s, WGI_D1, WGI_WIDE_TANGENT);
      const strip h = strip_of (f, plan, s, WGI_ADJOINT + WGI_D1, WGI_WIDE_ADJOINT);
      count = d.count;
      f->frame.ahead = 1;
      rc = push (f, plan, s, d);
      f->frame.ahead = 0;
      if (rc) break;
      rc = pull (f, u, h);
      for (size_t j = 0; j < count; j++)
        for (uint32_t k = plan->get_start[s+j]; k < plan->get_start[s+j+1]; k++)
          value[plan->get[k].at] = h.at[plan->get[k].from*h.stride + j] + 0.;
      wgi_collect (f, WGI_ADJOINT, rc || s ? NULL : uj);
      if (h.stride > 1) wgi_fun_rest_wide (f);
      else wgi_fun_rest (f, WGI_ADJOINT + WGI_D1);
    }
  for (size_t i = 0; i < plan->steps; i++) value[plan->step[i].at] -= value[plan->step[i].from];
  return rc;
}

/* Summand by summand; split again for another structure than the plan's. */
static int summands (wg_fun *f, const wg_plan *plan, const double u[], double value[])
{
  const wgi_program *p = f->trace->program;
  wgi_split *other = NULL;
  int rc = WG_OK;
  if (wgi_structure_print (p) != plan->split->print) rc = wgi_split_make (p, &plan->pattern, plan->place, 1, &other);
  if (!rc) memset (value, 0, plan->nnz*sizeof *value);
  if (!rc) rc = wgi_split_hessian (f, other ? other : plan->split, u, value);
  wgi_split_free (other);
  return rc;
}

static int hessian (wg_fun *f, const wg_plan *plan, const double u[], double uj[], double value[])
{
  const int rc = plan->split ? summands (f, plan, u, value) : hessian_sweeps (f, plan, u, uj, value);
  for (size_t i = 0; i < plan->copies && !rc; i++) value[plan->copy[i].at] = value[plan->copy[i].from];
  return rc;
}

static int column_sweeps (wg_fun *f, const wg_plan *plan, double value[])
{
  const wgi_program *p = f->trace->program;
  int rc = WG_OK;
  for (size_t s = 0, count; s < plan->sweeps && !rc; s += count)
    {
      const strip d = strip_of (f, plan, s, WGI_D1, WGI_WIDE_TANGENT);
      count = d.count;
      rc = push (f, plan, s, d);
      for (size_t j = 0; j < count; j++)
        for (uint32_t k = plan->get_start[s+j]; k < plan->get_start[s+j+1]; k++)
          {
            const uint32_t w = p->out[plan->get[k].from];
            value[plan->get[k].at] = wgi_is_slot (p, w) ? d.at[w*d.stride + j] : 0;
          }
    }
  return rc;
}

/* Sums of rows.  range: the part of the program for each sweep, one at a time; NULL: all of it. */
static int row_sweeps (wg_fun *f, const wg_plan *plan, const wgi_range range[], double value[])
{
  const wgi_program *p = f->trace->program;
  wgi_program part = *p;
  for (size_t s = 0, count; s < plan->sweeps; s += count)
    {
      const strip a = range ? (strip){ f->frame.plane[WGI_ADJOINT], 1, 1 } : strip_of (f, plan, s, WGI_ADJOINT, WGI_WIDE_ADJOINT);
      count = a.count;
      if (range)
        {
          part.code = p->code + range[s].code, part.count = range[s].codes;
          part.word = p->word + range[s].word, part.words = range[s].words;
          part.slots = range[s].slot;
        }
      for (size_t j = 0; j < count; j++)
        for (uint32_t k = plan->seed_start[s+j]; k < plan->seed_start[s+j+1]; k++)
          if (wgi_is_slot (p, p->out[plan->seed[k]])) a.at[p->out[plan->seed[k]]*a.stride + j] += 1;
      f->frame.status = 0;
      (a.stride > 1 ? f->wide->reverse : wgi_reverse_double) (&part, &f->frame);
      for (size_t j = 0; j < count; j++)
        for (uint32_t k = plan->get_start[s+j]; k < plan->get_start[s+j+1]; k++)
          {
            double *at = &a.at[plan->get[k].from*a.stride + j];
            value[plan->get[k].at] = *at + 0.;
            *at = -0.;                                           /* nothing else was touched but outputs that are inputs */
          }
      for (size_t j = 0; j < count; j++)
        for (uint32_t k = plan->seed_start[s+j]; k < plan->seed_start[s+j+1]; k++)
          if (wgi_is_slot (p, p->out[plan->seed[k]])) a.at[p->out[plan->seed[k]]*a.stride + j] = -0.;
      if (!f->frame.status) continue;
      wgi_fun_rest (f, WGI_ADJOINT);
      if (a.stride > 1) wgi_fun_rest_wide (f);
      return f->frame.status;
    }
  return WG_OK;
}

/* Arguments of a driver. */
static int checked (const wg_fun *f, const char *name, const wg_plan *plan, int jacobian)
{
  if (!f || !plan) return wgi_fail (WG_EINVAL, "%s: %s is NULL", name, f ? "the plan" : "f");
  if ((plan->part == 'J') != jacobian) return wgi_fail (WG_EINVAL, "%s: the plan is for the other matrix", name);
  if (plan->n != f->family->n || plan->m != f->family->m)
    return wgi_fail (WG_ESHAPE, "%s: the function has %zu inputs and %zu outputs, the plan %zu and %zu", name,
                     f->family->n, f->family->m, plan->n, plan->m);
  return WG_OK;
}

int wg_sparse_hessian (wg_fun *f, const wg_plan *plan, const double x[], const double u[],
                       double y[], double uj[], double value[])
{
  static const char name[] = "wg_sparse_hessian";
  int rc = checked (f, name, plan, 0);
  if (rc) return f ? wgi_fun_done (f, rc) : rc;
  rc = wgi_fun_at (f, x);
  if (!rc && plan->split) rc = wgi_split_planes (f);
  else if (!rc) rc = have (f, plan, WGI_V | WGI_D | WGI_A | WGI_AD, 1u << WGI_WIDE_TANGENT | 1u << WGI_WIDE_ADJOINT);
  if (!rc && value) rc = wgi_plan_covers (plan, f->trace->program);
  double *to = rc ? NULL : wgi_held (f, plan->nnz, value);
  if (!rc && value && !to) rc = WG_ENOMEM;
  const int apart = uj && (!value || !plan->sweeps || plan->split || f->trace->program->sources);      /* uj last: no call can fail after it */
  if (!rc && value) rc = hessian (f, plan, u, apart ? NULL : uj, to);
  if (!rc && apart) rc = wgi_pull (f, u, uj);
  if (!rc) wgi_let_go (f, plan->nnz, value);
  if (!rc) wgi_get_outputs (f, WGI_VALUE, y);
  return wgi_finish (f, name, rc, y, plan->m, uj, plan->n, value, plan->nnz);
}

/* Item by item, if the program is still such that this can be done: 1 if it was. */
static int by_items (wg_fun *f, const wg_plan *plan, double value[], int *rc)
{
  const wgi_program *p = f->trace->program;
  wgi_items *other = NULL;
  const int own = plan->items && wgi_items_fit (plan->items, p);
  if (plan->items && !own && (*rc = wgi_items_make (p, &plan->pattern, plan->place, &other))) return 1;
  const wgi_items *items = own ? plan->items : other;
  if (items) *rc = wgi_items_jacobian (f, items, plan->nnz, value);
  wgi_items_free (other);
  return items != NULL;
}

int wg_sparse_jacobian (wg_fun *f, const wg_plan *plan, const double x[], double y[], double value[])
{
  static const char name[] = "wg_sparse_jacobian";
  int rc = checked (f, name, plan, 1);
  wgi_range *other = NULL;
  if (rc) return f ? wgi_fun_done (f, rc) : rc;
  if (value && plan->items && wgi_items_sure (f, plan->items) && wgi_plan_covers (plan, f->trace->program) == WG_OK)
    {
      int finite = 0;
      rc = wgi_items_at (f, plan->items, x, value, &finite);
      if (!rc) wgi_get_outputs (f, WGI_VALUE, y);
      return wgi_finish (f, name, rc, y, plan->m, value, finite ? 0 : plan->nnz, NULL, 0);
    }
  rc = wgi_fun_at (f, x);
  if (!rc && plan->forward) rc = have (f, plan, WGI_V | WGI_D, 1u << WGI_WIDE_TANGENT);
  else if (!rc) rc = have (f, plan, WGI_V | WGI_A, plan->range ? 0 : 1u << WGI_WIDE_ADJOINT);
  if (!rc && value) rc = wgi_plan_covers (plan, f->trace->program);
  double *to = rc ? NULL : wgi_held (f, plan->nnz, value);
  if (!rc && value && !to) rc = WG_ENOMEM;
  const int own = f->trace->program->print == plan->print, done = !rc && value && by_items (f, plan, to, &rc);
  if (!rc && !done && plan->range && !own && !(other = wgi_plan_ranges (f->trace->program, plan->sweeps, plan->seed)))
    rc = wgi_fail (WG_ENOMEM, "out of memory for the rows of another branch");
  if (!rc && value && !done) rc = plan->forward ? column_sweeps (f, plan, to) : row_sweeps (f, plan, own ? plan->range : other, to);
  if (!rc) wgi_let_go (f, plan->nnz, value);
  if (!rc) wgi_get_outputs (f, WGI_VALUE, y);
  free (other);
  return wgi_finish (f, name, rc, y, plan->m, value, plan->nnz, NULL, 0);
}
