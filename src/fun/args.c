/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Arguments of loops.  Arguments that look at the same array of variables share operands, so that a gather of
 * two columns from one array does not double the list.
 */
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "fun/args.h"
#include "fun/fun.h"

/* Variables that an argument may look at. */
typedef struct { const wg_var *begin, *end; size_t first; } range;

static int largest (const int index[], size_t items, size_t *most)
{
  int top = 0;
  for (size_t k = 0; k < items; k++)
    {
      if (index[k] < 0) return 0;
      if (index[k] > top) top = index[k];
    }
  *most = (size_t) top;
  return 1;
}

size_t wgi_arg_reach (const wgi_arg *a, size_t items)
{
  size_t last = items - 1;
  if (!items || !a->width) return 0;
  if (a->index) largest (a->index, items, &last);
  return wgi_plus (wgi_times (last, a->stride), a->width);
}

static int meet (const range *a, const range *b)
{
  return (uintptr_t) a->begin < (uintptr_t) b->end && (uintptr_t) b->begin < (uintptr_t) a->end;
}

/* Make ranges that meet one; returns how many are left. */
static size_t merge (range r[], size_t count)
{
  for (size_t i = 0; i < count; i++)
    for (size_t j = i + 1; j < count; )
      if (meet (&r[i], &r[j]))
        {
          if ((uintptr_t) r[j].begin < (uintptr_t) r[i].begin) r[i].begin = r[j].begin;
          if ((uintptr_t) r[j].end > (uintptr_t) r[i].end) r[i].end = r[j].end;
          r[j] = r[--count];
          j = i + 1;
        }
      else j++;
  return count;
}

static int checked (const char *name, size_t items, size_t i, const wg_arg *a)
{
  if (!a->width) return wgi_fail (WG_EINVAL, "%s: argument %zu has width 0", name, i);
  if (!a->var == !a->data && items) return wgi_fail (WG_EINVAL, "%s: argument %zu needs var or data", name, i);
  if (a->slot < 0 || (a->slot && a->var)) return wgi_fail (WG_EINVAL, "%s: argument %zu cannot have slot %d", name, i, a->slot);
  return WG_OK;
}

static int copy_index (wgi_arg *to, const wg_arg *a, size_t items)
{
  to->index = a->data ? a->index : NULL;
  if (!a->var || !a->index || !items) return WG_OK;
  int *index = malloc (wgi_times (items, sizeof *index));
  if (index) memcpy (index, a->index, items*sizeof *index);
  to->index = index;
  return index ? WG_OK : wgi_fail (WG_ENOMEM, "no memory for the indices of %zu items", items);
}

/* Fill s->arg and the ranges of variables, merged; *ranges of them. */
static int look (wgi_args *s, const char *name, const wg_arg args[], range r[], size_t *ranges)
{
  size_t at = s->filled;
  for (size_t i = 0; i < s->count; i++)
    {
      const wg_arg *a = &args[i];
      size_t last = 0;
      int rc = checked (name, s->items, i, a);
      if (rc) return rc;
      if (a->index && !largest (a->index, s->items, &last))
        return wgi_fail (WG_EINVAL, "%s: argument %zu has a negative index", name, i);
      s->arg[i] = (wgi_arg){ .place = at, .width = a->width, .stride = a->stride, .data = a->data, .slot = a->slot,
                             .bound = s->items };
      if ((rc = copy_index (&s->arg[i], a, s->items))) return rc;
      const size_t reach = wgi_arg_reach (&s->arg[i], s->items);
      if (reach > SIZE_MAX/(2*sizeof (wg_var))) return wgi_fail (WG_EINVAL, "%s: argument %zu reaches too far", name, i);
      if (a->var) r[(*ranges)++] = (range){ a->var, a->var + reach, 0 };
      at = wgi_plus (at, a->width);
    }
  s->filled = at;
  *ranges = merge (r, *ranges);
  return WG_OK;
}

/* Gather the operands. */
static int gather (wgi_args *s, const wg_arg args[], range r[], size_t ranges, wg_var **operand)
{
  size_t total = 0;
  for (size_t i = 0; i < ranges; i++) r[i].first = total, total += (size_t) (r[i].end - r[i].begin);
  *operand = calloc (total + 1, sizeof **operand);
  if (!*operand) return wgi_fail (WG_ENOMEM, "no memory for %zu operands", total);
  for (size_t i = 0; i < ranges; i++) memcpy (*operand + r[i].first, r[i].begin, (size_t) (r[i].end - r[i].begin)*sizeof **operand);
  for (size_t i = 0; i < s->count; i++)
    for (size_t j = 0; j < ranges && args[i].var; j++)
      if ((uintptr_t) args[i].var >= (uintptr_t) r[j].begin && (uintptr_t) args[i].var < (uintptr_t) r[j].end)
        s->arg[i].first = r[j].first + (size_t) (args[i].var - r[j].begin);
  s->operands = total;
  return WG_OK;
}

int wgi_args_take (wgi_args *s, const char *name, size_t begin, size_t n, size_t np, size_t items, size_t nargs,
                   const wg_arg args[], wg_var **operand)
{
  *s = (wgi_args){ .items = items, .count = nargs, .filled = begin };
  if (nargs && !args) return wgi_fail (WG_EINVAL, "%s: args is NULL", name);
  range *r = calloc (nargs + 1, sizeof *r);
  s->arg = calloc (nargs + 1, sizeof *s->arg);
  size_t ranges = 0;
  *operand = NULL;
  int rc = r && s->arg ? look (s, name, args, r, &ranges) : wgi_fail (WG_ENOMEM, "%s: out of memory", name);
  if (!rc && s->filled != n && s->filled != wgi_plus (n, np))
    rc = wgi_fail (WG_EINVAL, "%s: the arguments fill %zu places, the body has %zu inputs and %zu parameters", name, s->filled, n, np);
  if (!rc) rc = gather (s, args, r, ranges, operand);
  for (size_t i = 0; i < nargs && !rc; i++) s->params_vary |= args[i].var && s->arg[i].place + args[i].width > n;
  free (r);
  if (rc) wgi_args_free (s);
  return rc;
}

void wgi_args_free (wgi_args *s)
{
  for (size_t i = 0; s->arg && i < s->count; i++) if (!s->arg[i].data) free ((int *) s->arg[i].index);
  free (s->arg);
  s->arg = NULL;
}

int wgi_args_read (const wgi_args *s)
{
  int any = 0;
  for (size_t i = 0; i < s->count; i++) any |= s->arg[i].data != NULL;
  return any;
}

uint64_t wgi_args_print (const wgi_args *s)
{
  uint64_t h = wgi_mixed (s->items, s->count);
  for (size_t i = 0; i < s->count; i++)
    {
      const wgi_arg *a = &s->arg[i];
      h = wgi_mixed (wgi_mixed (wgi_mixed (h, a->place), a->width), a->stride);
      h = wgi_mixed (h, a->data ? SIZE_MAX : a->first);
      for (size_t k = 0; a->index && !a->data && k < s->items; k++) h = wgi_mixed (h, (uint64_t) a->index[k]);
    }
  return h;
}

void wgi_args_fail (int rc, size_t ns, const wg_var s0[], size_t nargs, const wg_arg args[])
{
  wgi_tape *t = NULL;
  for (size_t i = 0; i < ns && s0 && !t; i++) t = wgi_tape_of (s0[i]);
  for (size_t i = 0; i < nargs && args && !t; i++) if (args[i].var) t = wgi_tape_of (args[i].var[0]);
  if (!t) t = wgi_tape_innermost ();
  if (t) wgi_tape_fail (t, rc, "%.200s", wg_last_error ());
}

void wgi_args_point (wgi_arg arg[], size_t count, int mode, double *const x[])
{
  for (wgi_arg *end = arg + count; arg < end; arg++)
    WGI_FOR_MODES (d, mode) arg->x[d] = !arg->data ? x[d] + arg->first : d ? NULL : arg->data;
}

void wgi_args_see (const wgi_arg arg[], size_t count, const wgi_callee *one, int mode, size_t k)
{
  const wgi_arrays a = wgi_callee_arrays (one);
  const size_t n = one->source->n;
  wg_fun *f = one->fun;
  int set = 0;
  for (const wgi_arg *end = arg + count; arg < end; arg++)
    {
      const size_t row = wgi_arg_row (arg, k);
      for (size_t j = 0; j < arg->width; j++)
        {
          const size_t place = arg->place + j;
          if (place >= n)
            {
              if (place - n < f->params) f->param[place - n] = arg->x[WGI_VALUE][row + j], set = 1;
            }
          else
            WGI_FOR_MODES (d, mode) a.x[d][place] = arg->x[d] ? arg->x[d][row + j] : 0;
        }
    }
  if (set) wgi_fun_put_params (f, f->params, f->param);
}

void wgi_args_scatter (const wgi_arg arg[], size_t count, const wgi_callee *one, int mode, double *const xbar[], size_t k)
{
  const wgi_arrays a = wgi_callee_arrays (one);
  for (const wgi_arg *end = arg + count; arg < end; arg++)
    {
      const size_t to = arg->first + wgi_arg_row (arg, k);
      if (!arg->data)
        WGI_FOR_MODES (d, mode)
          for (size_t j = 0; j < arg->width; j++) xbar[d][to + j] += a.xbar[d][arg->place + j];
    }
}

int wgi_args_bind (const wgi_args *s, wgi_arg arg[], size_t *items, int fixed, const wgi_binding *b, int apply)
{
  int found = 0;
  for (size_t i = 0; i < s->count; i++) found += arg[i].slot == b->slot;
  if (!found) return 0;
  if (b->items != s->items)
    {
      if (fixed) return wgi_fail (WG_ESHAPE, "wg_fun_bind: the loop has %zu items, its outputs are as many", s->items);
      for (size_t i = 0; i < s->count; i++)
        if (arg[i].stride && !arg[i].slot)
          return wgi_fail (WG_ESHAPE, "wg_fun_bind: argument %zu has %zu rows and no slot", i, s->items);
    }
  for (size_t i = 0; i < s->count && apply; i++)
    if (arg[i].slot == b->slot) arg[i].data = b->data + arg[i].skip, arg[i].index = b->index, arg[i].bound = b->items;
  if (apply) *items = b->items;
  return found;
}
