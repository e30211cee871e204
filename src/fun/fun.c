/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Handles: their life, their planes, and going to a point, which changes the trace when a guard breaks.
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
#include "sweep/plane.h"

int wgi_fun_done (wg_fun *f, int status)
{
  return f->status = status;
}

/* planes */

int wgi_fun_planes (wg_fun *f, unsigned planes)
{
  for (int i = 0; i < WGI_PLANES; i++)
    if (planes >> i & 1 && !f->frame.plane[i])
      {
        double *plane = malloc (wgi_times (f->capacity, sizeof *plane));
        if (!plane) return wgi_fail (WG_ENOMEM, "no memory for a workspace of %zu numbers", f->capacity);
        if (i & WGI_ADJOINT)
          for (size_t j = 0; j < f->capacity; j++) plane[j] = -0.;
        f->frame.plane[i] = plane;
      }
  return WG_OK;
}

int wgi_fun_wide (wg_fun *f, unsigned which)
{
  for (int i = 0; i < 2; i++)
    if (which >> i & 1 && !f->frame.wide[i])
      {
        const size_t numbers = wgi_times (f->capacity, WGI_DIRECTIONS);
        f->block[i] = malloc (wgi_plus (wgi_times (numbers, sizeof (double)), 64));
        if (!f->block[i]) return wgi_fail (WG_ENOMEM, "no memory for a workspace of %zu numbers", numbers);
        f->frame.wide[i] = (double *) (((uintptr_t) f->block[i] + 63) & ~(uintptr_t) 63);
        for (size_t j = 0; j < numbers && i == WGI_WIDE_ADJOINT; j++) f->frame.wide[i][j] = -0.;
      }
  return WG_OK;
}

static void drop_wide (wg_fun *f)
{
  for (int i = 0; i < 2; i++) free (f->block[i]), f->block[i] = NULL, f->frame.wide[i] = NULL;
}

/* Parameters for program p; those that are new have the values they were recorded with. */
static int have_params (wg_fun *f, const wgi_program *p)
{
  if (p->params <= f->params) return WG_OK;
  double *param = realloc (f->param, wgi_times (p->params, sizeof *param));
  if (!param) return wgi_fail (WG_ENOMEM, "no memory for %zu parameters", p->params);
  memcpy (param + f->params, p->param + f->params, (p->params - f->params)*sizeof *param);
  f->param = param, f->params = p->params;
  return WG_OK;
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

static void put_params (wg_fun *f, const wgi_program *p)
{
  if (p->params) memcpy (f->frame.plane[WGI_VALUE] + p->slots + p->constants, f->param, p->params*sizeof (double));
}

/* Instances are kept in the order of their sources' addresses. */
static int by_source (const void *a, const void *b)
{
  const uintptr_t x = (uintptr_t) (*(wgi_callee *const *) a)->source, y = (uintptr_t) (*(wgi_callee *const *) b)->source;
  return (x > y) - (x < y);
}

/* The instance of a source among the first count; NULL: none. */
static wgi_callee *instance_of (const wg_fun *f, size_t count, wgi_source *source)
{
  wgi_callee key = { .source = source }, *like = &key, **at;
  at = count ? bsearch (&like, f->callee, count, sizeof *at, by_source) : NULL;
  return at ? *at : NULL;
}

/* Make one, behind the others; room is made. */
static int add_instance (wg_fun *f, wgi_source *source)
{
  wgi_callee *c = source->instance (source);
  int rc = WG_OK;
  if (!c) return wgi_last_status ();
  for (size_t i = 0; c->bind && i < f->bindings && rc >= 0; i++) rc = c->bind (c, &f->binding[i], 1);
  if (rc < 0) return wgi_callee_free (c), rc;
  return f->callee[f->callees++] = c, WG_OK;
}

/* Drop the instances that no call in f->place, of count, uses. */
static void forget_others (wg_fun *f, size_t count)
{
  size_t kept = 0;
  for (size_t i = 0; i < count; i++) f->place[i]->used = 1;
  for (size_t i = 0; i < f->callees; i++)
    {
      wgi_callee *c = f->callee[i];
      if (c->used) f->callee[kept++] = c, c->used = 0;
      else wgi_callee_free (c);
    }
  f->callees = kept;
}

/* Whom program p calls: each source once, so that new ones need not be looked for among themselves. */
static int find_callees (wg_fun *f, const wgi_program *p)
{
  const size_t had = f->callees;
  size_t missing = 0;
  int rc = WG_OK;
  if (p->sources > f->places)
    {
      wgi_callee **place = realloc (f->place, wgi_times (p->sources, sizeof *place));
      if (!place) return wgi_fail (WG_ENOMEM, "no memory for %zu calls", p->sources);
      f->frame.callee = f->place = place, f->places = p->sources;
    }
  for (size_t i = 0; i < p->sources; i++) missing += !instance_of (f, had, p->source[i]);
  if (!missing) return WG_OK;
  wgi_callee **callee = realloc (f->callee, wgi_times (had + missing, sizeof *callee));
  if (!callee) return wgi_fail (WG_ENOMEM, "no memory for %zu calls", missing);
  f->callee = callee;
  for (size_t i = 0; i < p->sources && !rc; i++)
    if (!instance_of (f, had, p->source[i])) rc = add_instance (f, p->source[i]);
  qsort (f->callee, f->callees, sizeof *f->callee, by_source);
  return rc;
}

/* They are found: have them at hand. */
static void place_callees (wg_fun *f, const wgi_program *p)
{
  for (size_t i = 0; i < p->sources; i++) f->place[i] = instance_of (f, f->callees, p->source[i]), f->place[i]->moved = 1;
  f->frame.callee = f->place;
  if (f->callees > 2*p->sources + 16) forget_others (f, p->sources);
}

/* Have for program p the planes that f has, constants, parameters, instances of whom it calls; adjoints are at rest whatever the trace before was.
 * All or nothing. */
static int fit (wg_fun *f, const wgi_program *p)
{
  const size_t capacity = wgi_numbers (p);
  int rc = have_params (f, p);
  if (!rc) rc = find_callees (f, p);
  if (rc) return rc;
  if (capacity > f->capacity)        /* last: what is in the planes belongs to the trace before */
    {
      wg_fun larger = { .capacity = capacity };
      unsigned had = 0;
      for (int i = 0; i < WGI_PLANES; i++) if (f->frame.plane[i]) had |= 1u << i;
      rc = wgi_fun_planes (&larger, had);
      for (int i = 0; i < WGI_PLANES; i++)
        {
          free (rc ? larger.frame.plane[i] : f->frame.plane[i]);
          if (!rc) f->frame.plane[i] = larger.frame.plane[i];
        }
      if (rc) return rc;
      f->capacity = capacity;
      drop_wide (f);                 /* made again by the driver that needs them */
    }
  place_callees (f, p);
  if (p->constants) memcpy (f->frame.plane[WGI_VALUE] + p->slots, p->constant, p->constants*sizeof (double));
  put_params (f, p);
  return WG_OK;
}

void wgi_fun_rest (wg_fun *f, int plane)
{
  wgi_plane_rest (f->frame.plane[plane], f->trace->program->n);
  wgi_fun_rest_outputs (f, plane);
}

void wgi_fun_rest_outputs (wg_fun *f, int plane)
{
  const wgi_program *p = f->trace->program;
  double *adjoint = f->frame.plane[plane];
  for (size_t i = 0; i < p->m; i++)
    if (wgi_is_slot (p, p->out[i])) adjoint[p->out[i]] = -0.;
}

void wgi_fun_rest_wide (wg_fun *f)
{
  double *adjoint = f->frame.wide[WGI_WIDE_ADJOINT];
  for (size_t i = 0; i < f->trace->program->n*WGI_DIRECTIONS; i++) adjoint[i] = -0.;
  wgi_fun_rest_wide_outputs (f);
}

void wgi_fun_rest_wide_outputs (wg_fun *f)
{
  const wgi_program *p = f->trace->program;
  double *adjoint = f->frame.wide[WGI_WIDE_ADJOINT];
  for (size_t i = 0; i < p->m; i++)
    for (size_t j = 0; j < WGI_DIRECTIONS && wgi_is_slot (p, p->out[i]); j++) adjoint[p->out[i]*(size_t) WGI_DIRECTIONS + j] = -0.;
}

/* life */

/* All of a handle but its trace and family. */
static void release (wg_fun *f)
{
  for (int i = 0; i < WGI_PLANES; i++) free (f->frame.plane[i]);
  drop_wide (f), wgi_points_free (f->points);
  wgi_workers_free (f->scans.workers);
  for (size_t i = 0; i < f->callees; i++) wgi_callee_free (f->callee[i]);
  for (int i = 0; i < WGI_DERIVED; i++) wg_fun_free (f->derived[i]);
  wgi_source_leave (f->source);
  free (f->callee), free (f->binding), free (f->place), free (f->param), free (f->held), free (f->kept_param), free (f->room), free (f);
}

wg_fun *wgi_fun_handle (wgi_family *s, wgi_trace *t)
{
  wg_fun *f = calloc (1, sizeof *f);
  if (!f) return wgi_fail (WG_ENOMEM, "out of memory"), NULL;
  f->family = s, f->trace = t;
  f->wide = wgi_wide_for_cpu ();
  f->frame.sweeps = wgi_lanes_for_cpu (NULL);
  f->frame.scans = &f->scans, f->scans.info.limit = WG_ALL_STATES;
  f->capacity = wgi_numbers (t->program);
  if (wgi_fun_planes (f, 1u << WGI_VALUE) || fit (f, t->program)) return release (f), NULL;
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

wg_fun *wg_fun_clone (const wg_fun *f)
{
  if (!f) return wgi_fail (WG_EINVAL, "wg_fun_clone: f is NULL"), NULL;
  wgi_family *s = f->family;
  if (wgi_family_lock (s)) return NULL;
  wg_fun *g = wgi_fun_handle (s, f->trace);
  if (g) s->handles++, f->trace->users++, g->frame.sweeps = f->frame.sweeps, g->scans.info.limit = f->scans.info.limit, g->scans.threads = f->scans.threads;
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

void wgi_fun_put_params (wg_fun *f, size_t count, const double p[])
{
  if (count) memcpy (f->param, p, count*sizeof *p);
  put_params (f, f->trace->program);
  wgi_source_leave (f->source), f->source = NULL;      /* a call of it has the values of its time */
  f->at_point = 0;
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

int wg_fun_set_threads (wg_fun *f, int threads)
{
  if (!f) return wgi_fail (WG_EINVAL, "wg_fun_set_threads: f is NULL");
  if (threads < 1 || threads > WGI_MOST_THREADS)
    return wgi_fun_done (f, wgi_fail (WG_EINVAL, "wg_fun_set_threads: %d threads", threads));
  wgi_workers_free (f->scans.workers), f->scans.workers = NULL;
  f->scans.threads = (size_t) threads;
  return wgi_fun_done (f, WG_OK);
}

/* going to a point */

/* Change to trace t, a use of which is given up if that fails. */
static int move (wg_fun *f, wgi_trace *t)
{
  wgi_trace *old = f->trace;
  const int rc = fit (f, t->program);
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
