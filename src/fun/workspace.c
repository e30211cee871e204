/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * What a handle has for the program of its trace: planes and wide arrays, parameters, an instance of each source that is called.  It stays
 * for traces to come: planes grow when one needs more, instances go when most are of other traces.  Adjoints are at rest between
 * sweeps, whatever the trace before was.
 */
#include <stdlib.h>
#include <string.h>

#include "fun/fun.h"
#include "sweep/plane.h"

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

static void put_params (wg_fun *f, const wgi_program *p)
{
  if (p->params) memcpy (f->frame.plane[WGI_VALUE] + p->slots + p->constants, f->param, p->params*sizeof (double));
}

void wgi_fun_put_params (wg_fun *f, size_t count, const double p[])
{
  if (count) memcpy (f->param, p, count*sizeof *p);
  put_params (f, f->trace->program);
  wgi_source_leave (f->source), f->source = NULL;      /* a call of it has the values of its time */
  f->at_point = 0;
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

int wgi_fun_fit (wg_fun *f, const wgi_program *p)
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

void wgi_fun_unfit (wg_fun *f)
{
  for (int i = 0; i < WGI_PLANES; i++) free (f->frame.plane[i]);
  drop_wide (f);
  for (size_t i = 0; i < f->callees; i++) wgi_callee_free (f->callee[i]);
  free (f->callee), free (f->place), free (f->param);
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
