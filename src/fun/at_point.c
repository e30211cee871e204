/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Going to a point: the values of the trace that holds there, which is found, or recorded, when a guard of the one at hand breaks.  A known
 * trace must hold further than the one before, else the model runs again; a recording holds at its own point, or the model has changed.
 */
#include <math.h>
#include <string.h>

#include "fun/fun.h"

/* Change to trace t, a use of which is given up if that fails. */
static int move (wg_fun *f, wgi_trace *t)
{
  wgi_trace *old = f->trace;
  const int rc = wgi_fun_fit (f, t->program);
  if (!rc) f->trace = t;
  wgi_trace_leave (rc ? t : old);
  return rc;
}

int wgi_fun_follow (wg_fun *f, const wg_fun *of)
{
  int rc = WG_OK;
  for (size_t i = 0; i < of->bindings && rc >= 0; i++)
    {
      const wgi_binding *b = &of->binding[i], *had = i < f->bindings ? &f->binding[i] : NULL;
      if (!had || had->slot != b->slot || had->items != b->items || had->data != b->data || had->index != b->index)
        rc = wgi_fun_keep_binding (f, b);
    }
  if (rc < 0 || f->trace == of->trace) return rc < 0 ? rc : WG_OK;
  rc = wgi_family_lock (f->family);
  if (rc) return rc;
  of->trace->users++;
  f->at_point = 0;
  rc = move (f, of->trace);
  wgi_family_unlock (f->family);
  return rc;
}

/* The search for the trace at a point. */
typedef struct {
  int known;                     /* was the one at hand there before? */
  int further;                   /* does it hold further than the one before, so that others that begin as it does may hold? */
  int plain;                     /* is what is recorded not to be rolled? */
  size_t held, tries;
  const wgi_trace *tried[8];     /* tries: that did not hold, of a family that compares */
} search;

/* Guard k of the trace at hand came out as found at x: another trace, one that is known or a new one.  Where comparisons of a loop are one
 * guard, its outcome leads to no trace in particular: the last few. */
static int change_trace (wg_fun *f, const double x[], size_t k, uint64_t found, search *z)
{
  wgi_family *s = f->family;
  wgi_trace *t;
  int rc = wgi_family_lock (s);
  if (rc) return rc;
  s->breaks++;
  t = z->further ? wgi_trace_find (s, f->trace, k, found) : NULL;
  if (s->compares && !z->plain && z->tries < sizeof z->tried/sizeof *z->tried)
    {
      z->tried[z->tries++] = f->trace;
      if (!t) t = wgi_trace_other (s, z->tries, z->tried);
    }
  z->known = t != NULL;
  if (!t)
    for (size_t i = 0; i < s->n && !rc; i++)
      if (isnan (x[i])) rc = wgi_fail (WG_NONFINITE, "x[%zu] is NaN and a branch depends on it", i);
  if (!t && !rc) rc = wgi_trace_record_as (s, x, f, z->plain ? WGI_NOT_ROLLED : s->rolls, &t);
  if (!rc) rc = move (f, t);
  wgi_family_unlock (s);
  return rc;
}

/* The trace at hand is stale: to one that is not, if there is one its guards say whether it is right, or recorded at x. */
static int renew (wg_fun *f, const double x[], int *known)
{
  wgi_family *s = f->family;
  int rc = wgi_family_lock (s), nan = 0;
  if (rc) return rc;
  for (size_t i = 0; i < s->n; i++) nan |= isnan (x[i]);
  wgi_family_purge (s);
  wgi_trace *t = s->newest;
  *known = t || nan;
  if (t) t->users++;
  else rc = wgi_trace_record (s, nan ? s->x0 : x, f, &t);
  if (!rc) rc = move (f, t);
  wgi_family_unlock (s);
  return rc;
}

int wgi_fun_at (wg_fun *f, const double x[])
{
  if (!x) return f->at_point ? WG_OK : wgi_fail (WG_EINVAL, "x is NULL and the function has no last point");
  search z = { .known = 1, .further = 1 };
  int rc;
  f->at_point = 0;
  f->frame.notice = 0;
  if (wgi_fun_is_stale (f) && (rc = renew (f, x, &z.known))) return rc;
  for (int first = 1; ; first = 0)
    {
      uint64_t found;
      const wgi_program *p = f->trace->program;
      memcpy (f->frame.plane[WGI_VALUE], x, f->family->n*sizeof *x);
      f->frame.status = 0;
      const size_t k = wgi_forward_double (p, &f->frame, &found);
      if (f->frame.status) return f->frame.status;
      if (k == p->guards) break;
      if (!z.known && (z.plain || !f->family->rolls)) return wgi_fail (WG_EMODEL, "a recording does not reproduce at its own point");
      z.plain |= !z.known;             /* branches depend on the last bits of what is rolled */
      z.further = !z.plain && (first || k > z.held);         /* or else ctx has changed the model */
      z.held = k;
      if ((rc = change_trace (f, x, k, found, &z))) return rc;
    }
  f->at_point = 1;
  return WG_OK;
}

int wgi_fun_at_dual (wg_fun *f, const double x[], const double v[])
{
  const size_t bytes = f->family->n*sizeof *v;
  int rc = wgi_fun_planes (f, 1u << WGI_VALUE | 1u << WGI_D1);
  if (rc) return rc;
  if (x && !wgi_fun_is_stale (f))
    {
      uint64_t found;
      memcpy (f->frame.plane[WGI_VALUE], x, bytes), memcpy (f->frame.plane[WGI_D1], v, bytes);
      f->frame.status = f->frame.notice = 0;
      f->at_point = wgi_forward_dual (f->trace->program, &f->frame, &found) == f->trace->program->guards;
      if (f->frame.status) return f->at_point = 0, f->frame.status;
      if (f->at_point) return WG_OK;
    }
  rc = wgi_fun_at (f, x);
  if (rc) return rc;
  memcpy (f->frame.plane[WGI_D1], v, bytes);
  f->frame.status = 0;
  wgi_tangent_double (f->trace->program, &f->frame);
  if (f->frame.status) f->at_point = 0;          /* a call that failed has left no values either */
  return f->frame.status;
}
