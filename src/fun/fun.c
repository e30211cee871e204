/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Handles: their life, and what is set on them: parameters, bindings, lanes.  What changes values leaves no last point, and no
 * source: an operation that was made of the handle keeps those of its time.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <wengert/map.h>

#include "fun/fun.h"
#include "fun/points.h"
#include "fun/roll.h"
#include "fun/workers.h"
#include "sweep/lanes.h"

int wgi_fun_done (wg_fun *f, int status)
{
  return f->status = status;
}

/* life */

/* All of a handle but its trace and family. */
static void release (wg_fun *f)
{
  wgi_points_free (f->points), wgi_workers_free (f->resources.workers);
  wgi_fun_unfit (f);
  for (int i = 0; i < WGI_DERIVED; i++) wg_fun_free (f->derived[i]);
  wgi_source_leave (f->source);
  free (f->binding), free (f->held), free (f->kept_param), free (f->room), free (f);
}

wg_fun *wgi_fun_handle (wgi_family *s, wgi_trace *t)
{
  wg_fun *f = calloc (1, sizeof *f);
  if (!f) return wgi_fail (WG_ENOMEM, "out of memory"), NULL;
  f->family = s, f->trace = t;
  f->wide = wgi_wide_for_cpu ();
  f->frame.sweeps = wgi_lanes_for_cpu (NULL);
  f->frame.resources = &f->resources, f->resources.scans.limit = WG_ALL_STATES;
  f->capacity = wgi_numbers (t->program);
  if (wgi_fun_planes (f, 1u << WGI_VALUE) || wgi_fun_fit (f, t->program)) return release (f), NULL;
  return f;
}

wg_fun *wgi_fun_record_owning (wg_model *model, void *ctx, void (*free_ctx) (void *), size_t n, size_t m, const double x0[],
                               enum wgi_rolling rolls)
{
  wgi_family *s = wgi_family_new (model, ctx, n, m);
  wgi_trace *t;
  wg_fun *f = NULL;
  if (!s)
    {
      if (free_ctx) free_ctx (ctx);
      return wgi_fail (WG_ENOMEM, "out of memory"), NULL;
    }
  s->release = free_ctx, s->rolls = rolls;
  memcpy (s->x0, x0, n*sizeof *x0);
  wgi_family_lock (s);
  if (!wgi_trace_record (s, x0, NULL, &t) && !(f = wgi_fun_handle (s, t))) wgi_trace_leave (t);
  s->handles = 1;
  wgi_family_unlock (s);
  if (!f) wgi_family_free (s);
  return f;
}

wg_fun *wgi_fun_of_tape (const wgi_tape *tape, size_t m, const uint32_t out[], enum wgi_rolling rolls)
{
  wgi_family *s = wgi_family_new (NULL, NULL, tape->n, m);
  wgi_trace *t = NULL;
  wg_fun *f = NULL;
  if (!s) return wgi_fail (WG_ENOMEM, "out of memory"), NULL;
  s->rolls = rolls;
  if (!wgi_trace_keep (s, tape, out, &t) && !(f = wgi_fun_handle (s, t))) wgi_trace_leave (t);
  if (f) s->handles = 1;
  else wgi_family_free (s);
  return f;
}

wg_fun *wg_fun_record (wg_model *model, void *ctx, size_t n, size_t m, const double x0[])
{
  if (!model || !x0) return wgi_fail (WG_EINVAL, "wg_fun_record: %s is NULL", model ? "x0" : "the model"), NULL;
  if (!n || !m) return wgi_fail (WG_EINVAL, "wg_fun_record: no %s", n ? "outputs" : "inputs"), NULL;
  for (size_t i = 0; i < n; i++)
    if (isnan (x0[i])) return wgi_fail (WG_EINVAL, "wg_fun_record: x0[%zu] is NaN", i), NULL;
  return wgi_fun_record_owning (model, ctx, NULL, n, m, x0, wgi_rolling ());
}

/* All the parameters that f knows, those of other branches than its last among them. */
static int copy_params (wg_fun *g, const wg_fun *f)
{
  double *param = realloc (g->param, wgi_times (f->params, sizeof *param));
  if (!param) return wgi_fail (WG_ENOMEM, "no memory for %zu parameters", f->params);
  memcpy (param, f->param, f->params*sizeof *param);
  g->param = param, g->params = f->params;
  wgi_fun_put_params (g, 0, NULL);
  return WG_OK;
}

wg_fun *wg_fun_clone (const wg_fun *f)
{
  if (!f) return wgi_fail (WG_EINVAL, "wg_fun_clone: f is NULL"), NULL;
  wgi_family *s = f->family;
  if (wgi_family_lock (s)) return NULL;
  wg_fun *g = wgi_fun_handle (s, f->trace);
  if (g)
    {
      s->handles++, f->trace->users++;
      g->frame.sweeps = f->frame.sweeps;
      g->resources.scans.limit = f->resources.scans.limit, g->resources.threads = f->resources.threads;
    }
  wgi_family_unlock (s);
  if (g && f->params && copy_params (g, f)) return wg_fun_free (g), NULL;
  for (size_t i = 0; g && i < f->bindings; i++)
    if (wgi_fun_keep_binding (g, &f->binding[i]) < 0) return wg_fun_free (g), NULL;
  return g;
}

void wg_fun_free (wg_fun *f)
{
  if (!f) return;
  wgi_family *s = f->family;
  int inside = wgi_family_lock (s);        /* from inside the model this thread has the lock already */
  wgi_trace_leave (f->trace);
  const int last = --s->handles == 0;
  if (!inside) wgi_family_unlock (s);
  release (f);
  if (last) wgi_family_free (s);
}

size_t wg_fun_n (const wg_fun *f) { return f ? f->family->n : 0; }
size_t wg_fun_m (const wg_fun *f) { return f ? f->family->m : 0; }
size_t wg_fun_np (const wg_fun *f) { return f ? f->params : 0; }
int wg_fun_status (const wg_fun *f) { return f ? f->status : wgi_last_status (); }

int wg_fun_set_params (wg_fun *f, size_t count, const double p[])
{
  if (!f || (count && !p)) return wgi_fail (WG_EINVAL, "wg_fun_set_params: %s is NULL", f ? "p" : "f");
  if (count != f->params)
    return wgi_fun_done (f, wgi_fail (WG_EINVAL, "wg_fun_set_params: %zu values, the function has %zu parameters",
                                      count, f->params));
  wgi_fun_put_params (f, count, p);
  return wgi_fun_done (f, WG_OK);
}

int wg_fun_invalidate (wg_fun *f)
{
  if (!f) return wgi_fail (WG_EINVAL, "wg_fun_invalidate: f is NULL");
  wgi_family *s = f->family;
  if (!s->model) return wgi_fun_done (f, wgi_fail (WG_EBRANCH, "wg_fun_invalidate: there is no model to record again"));
  const int rc = wgi_family_lock (s);
  if (rc) return wgi_fun_done (f, rc);
  atomic_fetch_add (&s->generation, 1);
  wgi_family_purge (s);
  wgi_family_unlock (s);
  f->at_point = 0;
  return wgi_fun_done (f, WG_OK);
}

size_t wgi_fun_generation (const wg_fun *f)
{
  size_t sum = wgi_family_generation (f->family);
  for (size_t i = 0; i < f->trace->program->sources; i++) sum += wgi_callee_generation (f->place[i]);
  return sum;
}

size_t wgi_fun_settled (const wg_fun *f, const wgi_trace *before, size_t generation)
{
  return f->trace == before || !f->trace->program->sources ? generation : SIZE_MAX;
}

/* bindings */

int wgi_fun_would_bind (const wg_fun *f, const wgi_binding *b)
{
  int found = 0, rc = 0;
  for (size_t i = 0; i < f->callees && rc >= 0; i++)
    {
      rc = f->callee[i]->bind ? f->callee[i]->bind (f->callee[i], b, 0) : 0;
      if (rc > 0) found += rc;
    }
  return rc < 0 ? rc : found;
}

int wgi_fun_keep_binding (wg_fun *f, const wgi_binding *b)
{
  size_t at = 0;
  while (at < f->bindings && f->binding[at].slot != b->slot) at++;
  if (at == f->bindings)
    {
      wgi_binding *more = realloc (f->binding, wgi_times (f->bindings + 1, sizeof *more));
      if (!more) return wgi_fail (WG_ENOMEM, "no memory for a binding");
      f->binding = more, f->bindings++;
    }
  f->binding[at] = *b;
  for (size_t i = 0; i < f->callees; i++)
    {
      const int rc = f->callee[i]->bind ? f->callee[i]->bind (f->callee[i], b, 1) : 0;
      if (rc < 0) return rc;
    }
  wgi_source_leave (f->source), f->source = NULL;      /* as with parameters */
  for (int i = 0; i < WGI_DERIVED; i++) wg_fun_free (f->derived[i]), f->derived[i] = NULL;
  wgi_points_free (f->points), f->points = NULL;
  f->at_point = 0;
  return WG_OK;
}

int wg_fun_bind (wg_fun *f, int slot, size_t items, const double data[], const int index[])
{
  if (!f || !data || slot < 1)
    return wgi_fail (WG_EINVAL, "wg_fun_bind: %s", !f ? "f is NULL" : !data ? "data is NULL" : "slots are numbered from 1");
  const wgi_binding b = { slot, items, data, index };
  int rc = wgi_fun_would_bind (f, &b);
  if (!rc) rc = wgi_fail (WG_EINVAL, "wg_fun_bind: no argument has slot %d", slot);
  if (rc > 0) rc = wgi_fun_keep_binding (f, &b);
  return wgi_fun_done (f, rc);
}

int wg_fun_set_lanes (wg_fun *f, const char *name)
{
  if (!f) return wgi_fail (WG_EINVAL, "wg_fun_set_lanes: f is NULL");
  const wgi_lane_sweeps *lanes = name && strcmp (name, "none") == 0 ? NULL : wgi_lanes_for_cpu (name);
  if (name && !lanes && strcmp (name, "none"))
    return wgi_fun_done (f, wgi_fail (WG_EINVAL, "wg_fun_set_lanes: there is no %s here", name));
  f->frame.sweeps = lanes;
  f->at_point = 0;
  wgi_source_leave (f->source), f->source = NULL;
  return wgi_fun_done (f, WG_OK);
}
