/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Handles: their life, their planes, and going to a point, which changes the trace when a guard breaks.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fun/fun.h"

int wgi_fun_done (wg_fun *f, int status)
{
  return f->status = status;
}

/* planes */

static size_t numbers_of (const wgi_program *p) { return wgi_plus (p->slots, p->constants); }

int wgi_fun_planes (wg_fun *f, unsigned planes)
{
  for (int i = 0; i < WGI_PLANES; i++)
    if (planes >> i & 1 && !f->plane[i])
      {
        double *plane = malloc (wgi_times (f->capacity, sizeof *plane));
        if (!plane) return wgi_fail (WG_ENOMEM, "no memory for a workspace of %zu numbers", f->capacity);
        if (i & WGI_ADJOINT)
          for (size_t j = 0; j < f->capacity; j++) plane[j] = -0.;
        f->plane[i] = plane;
      }
  return WG_OK;
}

/* Have the planes that f has for program p, with its constants; adjoints are at rest whatever the trace before was.
 * All or nothing. */
static int fit (wg_fun *f, const wgi_program *p)
{
  const size_t capacity = numbers_of (p);
  if (capacity > f->capacity)
    {
      wg_fun larger = { .capacity = capacity };
      unsigned had = 0;
      for (int i = 0; i < WGI_PLANES; i++) if (f->plane[i]) had |= 1u << i;
      const int rc = wgi_fun_planes (&larger, had);
      for (int i = 0; i < WGI_PLANES; i++)
        {
          free (rc ? larger.plane[i] : f->plane[i]);
          if (!rc) f->plane[i] = larger.plane[i];
        }
      if (rc) return rc;
      f->capacity = capacity;
    }
  if (p->constants) memcpy (f->plane[WGI_VALUE] + p->slots, p->constant, p->constants*sizeof (double));
  return WG_OK;
}

/* life */

static wg_fun *handle (wgi_family *s, wgi_trace *t)
{
  wg_fun *f = calloc (1, sizeof *f);
  if (!f) return wgi_fail (WG_ENOMEM, "out of memory"), NULL;
  f->family = s, f->trace = t;
  f->capacity = numbers_of (t->program);
  if (wgi_fun_planes (f, 1u << WGI_VALUE) || fit (f, t->program)) return free (f), NULL;
  return f;
}

wg_fun *wg_fun_record (wg_model *model, void *ctx, size_t n, size_t m, const double x0[])
{
  if (!model || !x0) return wgi_fail (WG_EINVAL, "wg_fun_record: %s is NULL", model ? "x0" : "the model"), NULL;
  if (!n || !m) return wgi_fail (WG_EINVAL, "wg_fun_record: no %s", n ? "outputs" : "inputs"), NULL;
  for (size_t i = 0; i < n; i++)
    if (isnan (x0[i])) return wgi_fail (WG_EINVAL, "wg_fun_record: x0[%zu] is NaN", i), NULL;
  wgi_family *s = wgi_family_new (model, ctx, n, m);
  if (!s) return wgi_fail (WG_ENOMEM, "out of memory"), NULL;
  wgi_trace *t;
  wg_fun *f = NULL;
  wgi_family_lock (s);
  if (!wgi_trace_record (s, x0, &t) && !(f = handle (s, t))) wgi_trace_leave (s, t);
  s->handles = 1;
  wgi_family_unlock (s);
  if (!f) wgi_family_free (s);
  return f;
}

wg_fun *wg_fun_clone (const wg_fun *f)
{
  if (!f) return wgi_fail (WG_EINVAL, "wg_fun_clone: f is NULL"), NULL;
  wgi_family *s = f->family;
  if (wgi_family_lock (s)) return NULL;
  wg_fun *g = handle (s, f->trace);
  if (g) s->handles++, f->trace->users++;
  wgi_family_unlock (s);
  return g;
}

void wg_fun_free (wg_fun *f)
{
  if (!f) return;
  wgi_family *s = f->family;
  int inside = wgi_family_lock (s);        /* from inside the model this thread has the lock already */
  wgi_trace_leave (s, f->trace);
  const int last = --s->handles == 0;
  if (!inside) wgi_family_unlock (s);
  for (int i = 0; i < WGI_PLANES; i++) free (f->plane[i]);
  free (f);
  if (last) wgi_family_free (s);
}

size_t wg_fun_n (const wg_fun *f) { return f ? f->family->n : 0; }
size_t wg_fun_m (const wg_fun *f) { return f ? f->family->m : 0; }
int wg_fun_status (const wg_fun *f) { return f ? f->status : wgi_last_status (); }

int wg_fun_get_info (const wg_fun *f, wg_fun_info *info)
{
  if (!f || !info) return wgi_fail (WG_EINVAL, "wg_fun_get_info: %s is NULL", f ? "info" : "f");
  wgi_family *s = f->family;
  const wgi_program *p = f->trace->program;
  int rc = wgi_family_lock (s);
  if (rc) return rc;
  *info = (wg_fun_info){ .n = s->n, .m = s->m, .operations = p->count, .recorded = p->recorded, .constants = p->constants,
                         .guards = p->guards, .program_bytes = p->bytes, .traces = s->traces, .trace_bytes = s->bytes,
                         .recordings = s->recordings, .breaks = s->breaks };
  wgi_family_unlock (s);
  return WG_OK;
}

/* going to a point */

/* Guard k of the trace at hand came out as found at x: another trace, a new one or, if it may be, one that is known. */
static int change_trace (wg_fun *f, const double x[], size_t k, uint64_t found, int *known)
{
  wgi_family *s = f->family;
  wgi_trace *t;
  int rc = wgi_family_lock (s);
  if (rc) return rc;
  s->breaks++;
  t = *known ? wgi_trace_find (s, f->trace, k, found) : NULL;
  *known = t != NULL;
  if (!t)
    for (size_t i = 0; i < s->n && !rc; i++)
      if (isnan (x[i])) rc = wgi_fail (WG_NONFINITE, "x[%zu] is NaN and a branch depends on it", i);
  if (!t && !rc) rc = wgi_trace_record (s, x, &t);
  if (!rc)
    {
      wgi_trace *old = f->trace;
      rc = fit (f, t->program);
      if (!rc) f->trace = t;
      wgi_trace_leave (s, rc ? t : old);
    }
  wgi_family_unlock (s);
  return rc;
}

int wgi_fun_at (wg_fun *f, const double x[])
{
  if (!x) return f->at_point ? WG_OK : wgi_fail (WG_EINVAL, "x is NULL and the function has no last point");
  int known = 1;
  size_t held = 0;
  for (int first = 1; ; first = 0)
    {
      uint64_t found;
      const wgi_program *p = f->trace->program;
      memcpy (f->plane[WGI_VALUE], x, f->family->n*sizeof *x);
      f->at_point = 0;
      const size_t k = wgi_forward_double (p, f->plane, &found);
      if (k == p->guards) break;
      if (!known) return wgi_fail (WG_EMODEL, "a recording does not reproduce at its own point");
      known = first || k > held;       /* a known trace holds further than the one before, or ctx has changed the model */
      held = k;
      int rc = change_trace (f, x, k, found, &known);
      if (rc) return rc;
    }
  f->at_point = 1;
  return WG_OK;
}

int wgi_fun_at_dual (wg_fun *f, const double x[], const double v[])
{
  const size_t bytes = f->family->n*sizeof *v;
  int rc = wgi_fun_planes (f, 1u << WGI_VALUE | 1u << WGI_D1);
  if (rc) return rc;
  if (x)
    {
      uint64_t found;
      memcpy (f->plane[WGI_VALUE], x, bytes), memcpy (f->plane[WGI_D1], v, bytes);
      f->at_point = wgi_forward_dual (f->trace->program, f->plane, &found) == f->trace->program->guards;
      if (f->at_point) return WG_OK;
    }
  rc = wgi_fun_at (f, x);
  if (rc) return rc;
  memcpy (f->plane[WGI_D1], v, bytes);
  wgi_tangent_double (f->trace->program, f->plane);
  return WG_OK;
}
