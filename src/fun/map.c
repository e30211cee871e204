/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Maps: a source that applies a body to items, one by one here, in lanes in map_lanes.c.  Inner values are not kept,
 * so a reverse sweep evaluates the body again; but where the seeds are those of the sweep before, as when the sum goes into the
 * output linearly, and a reverse sweep is announced (ahead), it is done item by item along with the values.  So it is where the seeds are there
 * before the values (WGI_SEEDED).
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fun/derived.h"
#include "fun/map.h"
#include "sweep/numbers.h"
#include "sweep/plane.h"

/* items */

void wgi_map_see (wgi_map_callee *c, int mode, size_t k)
{
  wgi_args_see (c->arg, wgi_map_of (c)->args.count, c->one, mode, k);
}

/* Keep the first notice of the body's instance for the map's own; errors come back. */
int wgi_map_told (wgi_map_callee *c, int rc)
{
  if (rc > 0 && !c->notice) c->notice = rc, c->callee.why = c->one->why;
  return rc < 0 ? rc : WG_OK;
}

int wgi_map_seed (wgi_map_callee *c, const wgi_map_job *job, size_t k)
{
  const wgi_map *s = wgi_map_of (c);
  const wgi_arrays a = wgi_callee_arrays (c->one);
  int awake = 0;
  WGI_FOR_MODES (d, job->mode) for (size_t i = 0; i < s->m; i++) a.ybar[d][i] = -0.;
  for (size_t o = 0; o < s->outs; o++)
    WGI_FOR_MODES (d, job->mode)
      for (size_t i = 0; i < s->out[o].width; i++)
        {
          const double u = job->ybar[d][s->out[o].first + wgi_arg_row (&s->out[o], k) + i];
          a.ybar[d][s->out[o].place + i] = u;
          awake |= !d && !wgi_asleep (u);
        }
  return awake;
}

int wgi_map_item (wgi_map_callee *c, const wgi_map_job *job, size_t k, int *awake)
{
  const wgi_arrays a = wgi_callee_arrays (c->one);
  int rc = WG_OK;
  *awake = 0;
  wgi_map_see (c, job->mode, k);
  if (job->y) rc = wgi_map_told (c, c->one->forward (c->one, job->mode, a.x, a.y));
  if (job->entries && !rc) rc = wgi_map_block (c, job, k);
  if (!job->ybar || rc) return rc;
  *awake = wgi_map_seed (c, job, k);
  return *awake ? wgi_map_told (c, c->one->reverse (c->one, job->mode, a.x, a.ybar, a.xbar)) : WG_OK;
}

/* The same, and its results to where they belong. */
static int single (wgi_map_callee *c, const wgi_map_job *job, size_t k)
{
  const wgi_map *s = wgi_map_of (c);
  const wgi_arrays a = wgi_callee_arrays (c->one);
  int awake;
  if (job->curves)
    {
      const int found = wgi_map_curve (c, job, k, 0);
      if (!found) wgi_map_leave_curves (job->curves, c->curve, k, 1), wgi_map_add_curves (c, job->curves);
      return found;
    }
  const int rc = wgi_map_item (c, job, k, &awake);
  for (size_t o = 0; o < s->outs && job->y && !rc; o++)
    WGI_FOR_MODES (d, job->mode)
      for (size_t i = 0; i < s->out[o].width; i++)
        job->y[d][s->out[o].first + wgi_arg_row (&s->out[o], k) + i] += a.y[d][s->out[o].place + i];
  if (awake && !rc) wgi_args_scatter (c->arg, s->args.count, c->one, job->mode, job->xbar, k);
  return rc;
}

/* instances */

int wgi_map_run (wgi_map_callee *c, const wgi_map_job *job)
{
  const wgi_map *s = wgi_map_of (c);
  int rc = WG_OK;
  c->notice = WG_OK;
  for (size_t i = 0; i < s->args.count; i++)
    if (c->arg[i].stride && c->arg[i].bound != c->items)
      return wgi_fail (WG_ESHAPE, "%s: argument %zu has rows for %zu items of %zu", s->source.name, i, c->arg[i].bound, c->items);
  WGI_FOR_MODES (d, job->mode) if (job->y) memset (job->y[d], 0, s->source.m*sizeof (double));
  c->one->sweeps = c->callee.sweeps, c->one->resources = c->callee.resources, c->one->ahead = 0;
  if (c->callee.sweeps && job->mode <= WGI_D1) rc = wgi_map_lanes (c, job);
  else
    {
      if (job->curves) rc = wgi_map_have_curves (c, job->curves);
      for (size_t k = 0; k < c->items && !rc; k++) rc = single (c, job, k);
    }
  return rc ? rc : c->notice;
}

static size_t generation (const wgi_callee *callee)
{
  return wgi_callee_generation (((const wgi_map_callee *) callee)->one);
}

/* operands in arrays */

static int forward (wgi_callee *callee, int mode, double *const x[], double *const y[])
{
  wgi_map_callee *c = (wgi_map_callee *) callee;
  c->ahead[0].done = c->ahead[1].done = NULL;
  wgi_args_point (c->arg, wgi_map_of (c)->args.count, mode, x);
  return wgi_map_run (c, &(wgi_map_job){ .mode = mode, .y = y });
}

static int reverse (wgi_callee *callee, int mode, double *const x[], double *const ybar[], double *const xbar[])
{
  wgi_map_callee *c = (wgi_map_callee *) callee;
  wgi_args_point (c->arg, wgi_map_of (c)->args.count, mode, x);
  WGI_FOR_MODES (d, mode) wgi_plane_rest (xbar[d], callee->source->n);
  return wgi_map_run (c, &(wgi_map_job){ .mode = mode, .ybar = ybar, .xbar = xbar });
}

/* operands in planes */

/* Find where the operands of the call at hand are. */
static int find_operands (wgi_map_callee *c)
{
  const wgi_map *s = wgi_map_of (c);
  const int rc = wgi_operands_find (&c->operands, c->callee.operand, s->source.n);
  for (wgi_arg *a = c->arg; a < c->arg + s->args.count && !rc; a++)
    if (!a->data)
      {
        const size_t end = a->first + wgi_arg_reach (a, c->items);
        a->run = wgi_operands_run (&c->operands, a->first, end);
        if (a->run == UINT32_MAX) wgi_operands_want (&c->operands, a->first, end);
      }
  c->callee.moved = rc != 0;
  return rc;
}

int wgi_map_look (wgi_map_callee *c, int mode, double *const plane[])
{
  const wgi_arrays a = wgi_callee_arrays (&c->callee);
  const wgi_map *s = wgi_map_of (c);
  const int rc = c->callee.moved || c->operands.word != c->callee.operand ? find_operands (c) : WG_OK;
  if (rc) return rc;
  WGI_FOR_MODES (d, mode) wgi_operands_copy (&c->operands, plane[d], d, a.x[d]);
  wgi_args_point (c->arg, s->args.count, mode, a.x);
  for (wgi_arg *to = c->arg; to < c->arg + s->args.count; to++)
    if (!to->data && to->run != UINT32_MAX)
      WGI_FOR_MODES (d, mode) to->x[d] = d && to->run & WGI_INACTIVE ? NULL : plane[d] + (to->run & ~WGI_INACTIVE);
  return WG_OK;
}

/* The job with adjoints into xbar, which are those of h if that is not NULL. */
static int run_into (wgi_map_callee *c, wgi_ahead *h, wgi_map_job job, double *const xbar[])
{
  if (!h || !h->rests) WGI_FOR_MODES (d, job.mode) wgi_plane_rest (xbar[d], c->callee.source->n);
  if (h) h->rests = 0;
  job.xbar = xbar;
  return wgi_map_run (c, &job);
}

/* The job with its reverse sweep, whose seeds are there, adjoints being added where they belong: run is where the operands are. */
static int run_seeded (wgi_map_callee *c, wgi_map_job job, double *const plane[], uint32_t run, size_t out)
{
  double *ybar[4], *xbar[4];
  WGI_FOR_MODES (d, job.mode) ybar[d] = plane[WGI_ADJOINT + d] + out, xbar[d] = plane[WGI_ADJOINT + d] + run;
  job.ybar = ybar, job.xbar = xbar, c->callee.ahead = 0;
  const int rc = wgi_map_run (c, &job);
  WGI_FOR_MODES (d, job.mode) wgi_plane_rest (ybar[d], c->callee.source->m);
  return rc;
}

static int forward_in_planes (wgi_callee *callee, int mode, int first, double *const plane[], size_t out)
{
  wgi_map_callee *c = (wgi_map_callee *) callee;
  wgi_ahead *h = mode <= WGI_D1 ? &c->ahead[mode] : NULL;
  const wgi_arrays a = wgi_callee_arrays (callee);
  const int entries = !mode && c->entries.value, ahead = callee->ahead && h && h->repeats && !entries;
  double *y[4];
  WGI_FOR_MODES (d, mode) y[d] = d >= first ? plane[d] + out : a.y[d];
  c->ahead[0].done = c->ahead[1].done = NULL;
  wgi_map_job job = { .mode = mode, .y = y, .entries = entries ? &c->entries : NULL };
  int rc = wgi_map_look (c, mode, plane);
  const uint32_t run = !rc && callee->ahead == WGI_SEEDED ? wgi_operands_run (&c->operands, 0, callee->source->n) : UINT32_MAX;
  if (!(run & WGI_INACTIVE)) return run_seeded (c, job, plane, run, out);
  job.ybar = ahead ? h->seed : NULL;
  if (!rc) rc = ahead ? run_into (c, h, job, h->xbar) : wgi_map_run (c, &job);
  if (entries && rc >= 0) c->entries.value = NULL;
  if (ahead && !rc) h->done = callee->operand, h->generation = generation (callee), h->lanes = callee->sweeps;
  return rc;
}

/* Was it done ahead, with these seeds?  Notes them and whether they repeat. */
static int was_done (wgi_map_callee *c, int mode, double *const ybar[])
{
  wgi_ahead *h = &c->ahead[mode];
  const size_t bytes = c->callee.source->m*sizeof (double);
  int again = h->known;
  WGI_FOR_MODES (d, mode) again = again && memcmp (h->seed[d], ybar[d], bytes) == 0;
  if (again && h->done == c->callee.operand && h->generation == generation (&c->callee) && h->lanes == c->callee.sweeps) return 1;
  h->repeats = again || !h->known, h->known = 1, h->done = NULL;
  WGI_FOR_MODES (d, mode) memcpy (h->seed[d], ybar[d], bytes);
  return 0;
}

static int reverse_in_planes (wgi_callee *callee, int mode, double *const plane[], size_t out)
{
  wgi_map_callee *c = (wgi_map_callee *) callee;
  const wgi_arrays a = wgi_callee_arrays (callee);
  wgi_ahead *h = mode <= WGI_D1 ? &c->ahead[mode] : NULL;
  double *const *xbar = h ? h->xbar : a.xbar, *ybar[4];
  int rc = WG_OK;
  WGI_FOR_MODES (d, mode) ybar[d] = plane[WGI_ADJOINT + d] + out;
  if (!h || !was_done (c, mode, ybar))
    {
      rc = wgi_map_look (c, mode, plane);
      if (!rc) rc = run_into (c, h, (wgi_map_job){ .mode = mode, .ybar = ybar }, xbar);
    }
  if (rc < 0) return rc;
  WGI_FOR_MODES (d, mode) wgi_operands_take (&c->operands, plane[WGI_ADJOINT + d], xbar[d]);
  if (h) h->rests = 1, h->done = NULL;
  return rc;
}

static int bind (wgi_callee *callee, const wgi_binding *b, int apply)
{
  wgi_map_callee *c = (wgi_map_callee *) callee;
  const wgi_map *s = wgi_map_of (c);
  int fixed = 0;
  for (size_t i = 0; i < s->outs; i++) fixed |= s->out[i].stride != 0;
  const int own = wgi_args_bind (&s->args, c->arg, &c->items, fixed, b, apply);
  if (own < 0) return own;
  const int inside = c->one->bind ? c->one->bind (c->one, b, apply) : 0;
  for (int mode = 0; mode < 2 && inside >= 0 && own + inside > 0 && apply; mode++) c->ahead[mode].done = NULL;
  if (own > 0 && apply) callee->moved = 1;
  return inside < 0 ? inside : own + inside;
}

static void free_instance (wgi_callee *callee)
{
  wgi_map_callee *c = (wgi_map_callee *) callee;
  if (c->one) wgi_callee_free (c->one);
  wgi_map_crew_free (c->crew);
  free (c->operands.stretch), free (c->arg), free (c->own.block), free (c->curve), free (c->room);
  wgi_layout_free (&c->own.layout), wgi_layout_free (&c->nest.layout);
}

/* The arrays of the lanes, and of the sweeps ahead, in one room. */
static int make_room (wgi_map_callee *c, int ahead)
{
  const wgi_map *s = wgi_map_of (c);
  const size_t n = s->source.n, m = s->source.m, lanes = wgi_times (s->m, WGI_LANES);
  const size_t all = wgi_plus (ahead ? wgi_times (3, wgi_plus (m, n)) : 0, wgi_times (2, lanes));
  c->room = malloc (wgi_times (wgi_plus (all, WGI_VECTOR), sizeof *c->room));
  if (!c->room) return 0;
  double *at = (double *) (((uintptr_t) c->room + 63) & ~(uintptr_t) 63);       /* the lanes are whole vectors */
  for (int d = 0; d < 2; d++) c->lane[d] = at, at += lanes;
  for (int mode = 0; mode < 2 && ahead; mode++)
    for (int d = 0; d <= mode; d++)
      {
        c->ahead[mode].seed[d] = at, at += m;
        c->ahead[mode].xbar[d] = at, at += n;
      }
  return 1;
}

/* What it takes to sweep items. */
static int equip (wgi_map_callee *c, int ahead)
{
  const wgi_map *s = wgi_map_of (c);
  c->callee.free = free_instance;
  c->items = s->args.items;
  c->arg = malloc (wgi_times (s->args.count + 1, sizeof *c->arg));
  if (!c->arg || !make_room (c, ahead)) return wgi_fail (WG_ENOMEM, "no memory for a map");
  memcpy (c->arg, s->args.arg, s->args.count*sizeof *c->arg);
  wgi_source *one = wgi_fun_source (s->body);
  if (one) c->one = one->instance (one);
  wgi_source_leave (one);
  return c->one ? WG_OK : wgi_last_status ();
}

static wgi_callee *instance (wgi_source *source)
{
  wgi_map_callee *c = (wgi_map_callee *) wgi_callee_new (source, sizeof *c);
  if (!c) return NULL;
  c->callee.forward = forward, c->callee.reverse = reverse, c->callee.lanes = wgi_map_nested;
  c->callee.forward_in_planes = forward_in_planes, c->callee.reverse_in_planes = reverse_in_planes;
  c->callee.generation = generation, c->callee.bind = bind;
  return equip (c, 1) ? (wgi_callee_free (&c->callee), NULL) : &c->callee;
}

wgi_map_callee *wgi_map_mate (const wgi_map_callee *of)
{
  wgi_map_callee *c = calloc (1, sizeof *c);
  if (!c) return wgi_fail (WG_ENOMEM, "no memory for a map"), NULL;
  c->callee.source = wgi_source_use (of->callee.source);
  return equip (c, 0) ? (wgi_callee_free (&c->callee), NULL) : c;
}

int wgi_map_follow (wgi_map_callee *mate, const wgi_map_callee *c)
{
  mate->items = c->items;
  memcpy (mate->arg, c->arg, wgi_map_of (c)->args.count*sizeof *c->arg);
  mate->callee.sweeps = mate->one->sweeps = c->callee.sweeps, mate->one->ahead = 0;
  return wgi_fun_follow (mate->one->fun, c->one->fun);
}

/* sources */

static void free_source (wgi_source *source)
{
  wgi_map *s = (wgi_map *) source;
  wg_fun_free (s->body);
  if (s->base) free (s->args.arg);         /* indices are the base's */
  else wgi_args_free (&s->args);
  wgi_source_leave (s->base);
  free (s->out), free (s->data), free (s);
}

static wgi_source *derived (wgi_source *source, enum wgi_derived kind);

const wgi_map *wgi_source_map (const wgi_source *s) { return s->instance == instance ? (const wgi_map *) s : NULL; }

static uint64_t print_of (const wgi_map *s)
{
  uint64_t h = wgi_args_print (&s->args);
  for (size_t i = 0; i < s->outs; i++) h = wgi_mixed (wgi_mixed (h, s->out[i].width), s->out[i].stride);
  return wgi_mixed (h, s->source.m);
}

/* A map of a body, which it takes over, with room for arguments and outputs. */
static wgi_map *new_map (wg_fun *body, const char *name, size_t n, size_t m, size_t args, size_t outs)
{
  wgi_map *s = calloc (1, sizeof *s);
  if (s) s->args.arg = calloc (args + 1, sizeof *s->args.arg), s->out = calloc (outs + 1, sizeof *s->out);
  if (!s || !s->args.arg || !s->out)
    {
      if (s) free (s->args.arg), free (s->out);
      free (s), wg_fun_free (body);
      return wgi_fail (WG_ENOMEM, "no memory for a map"), NULL;
    }
  s->n = wg_fun_n (body), s->m = wg_fun_m (body), s->body = body;
  s->source = (wgi_source){ .users = 1, .n = n, .m = m, .name = name, .instance = instance, .derived = derived, .free = free_source };
  return s;
}

/* The map itself; takes over body and arguments. */
static wgi_source *first_map (wg_fun *body, wgi_args *args, int sum)
{
  const size_t m = wg_fun_m (body);
  wgi_map *s = new_map (body, sum ? "map_sum" : "map", args->operands, sum ? m : wgi_times (args->items, m), 0, 1);
  if (!s) return wgi_args_free (args), NULL;
  free (s->args.arg);
  s->args = *args;
  s->out[0] = (wgi_arg){ .width = m, .stride = sum ? 0 : m };
  s->outs = 1, s->print = print_of (s), s->source.reads = wgi_args_read (args);
  return &s->source;
}

wgi_source *wgi_map_of_loop (wg_fun *body, wgi_args *args, double *data, size_t each, size_t period)
{
  const size_t m = wg_fun_m (body), items = wgi_times (args->items, each);
  wgi_map *s = new_map (body, "loop", args->operands, wgi_plus (items, m - each), 0, 2);
  if (!s) return wgi_args_free (args), free (data), NULL;
  free (s->args.arg);
  s->args = *args, s->data = data, s->period = period;
  if (each) s->out[s->outs++] = (wgi_arg){ .width = each, .stride = each };
  if (m > each) s->out[s->outs++] = (wgi_arg){ .place = each, .width = m - each, .first = items };
  s->print = print_of (s);
  return &s->source;
}

uint64_t wgi_map_hash (const wgi_source *source)
{
  const wgi_map *s = wgi_source_map (source);
  uint64_t h = wgi_mixed (s->print, (uintptr_t) s->body->family);
  for (size_t i = 0; i < s->args.count; i++) h = wgi_mixed (h, (uintptr_t) s->args.arg[i].data);
  return h;
}

static int args_alike (const wgi_arg *a, const wgi_arg *b, size_t items)
{
  return a->place == b->place && a->width == b->width && a->stride == b->stride && a->first == b->first && a->data == b->data
         && a->slot == b->slot && a->skip == b->skip && a->bound == b->bound && !a->index == !b->index
         && (a->index == b->index || (!a->data && !memcmp (a->index, b->index, items*sizeof *a->index)));
}

/* One recording, with the same parameters, nothing bound. */
static int bodies_alike (const wg_fun *a, const wg_fun *b)
{
  if (a->family != b->family || a->bindings || b->bindings || a->params != b->params) return 0;
  return !a->params || !memcmp (a->param, b->param, a->params*sizeof *a->param);
}

int wgi_maps_alike (const wgi_source *a, const wgi_source *b)
{
  const wgi_map *s = wgi_source_map (a), *t = wgi_source_map (b);
  if (!s || !t || !bodies_alike (s->body, t->body) || s->source.n != t->source.n || s->source.m != t->source.m
      || s->args.items != t->args.items || s->args.count != t->args.count || s->outs != t->outs) return 0;
  for (size_t i = 0; i < s->args.count; i++) if (!args_alike (&s->args.arg[i], &t->args.arg[i], s->args.items)) return 0;
  for (size_t i = 0; i < s->outs; i++) if (!args_alike (&s->out[i], &t->out[i], s->args.items)) return 0;
  return 1;
}

static void add_arg (wgi_map *s, wgi_arg a, size_t place, size_t first)
{
  a.place = place, a.first = first;
  s->args.arg[s->args.count++] = a;
}

/* The map of the body's derivative.  J v: x and v come from where x came from, v of data being zero.  u^T J: x, and u from where
 * y went; the result goes to where x came from, unless that is data. */
static wgi_source *derived (wgi_source *source, enum wgi_derived kind)
{
  static const double zero = 0;
  const wgi_map *of = (const wgi_map *) source;
  const wg_fun *body = wgi_fun_derived (of->body, kind);
  wg_fun *own = body ? wg_fun_clone (body) : NULL;
  const size_t more = kind == WGI_JVP ? source->n : source->m, inner = kind == WGI_JVP ? of->n : of->m;
  size_t data = 0;
  for (size_t i = 0; i < of->args.count; i++) if (of->args.arg[i].data) data += of->args.arg[i].width;
  wgi_map *s = own ? new_map (own, of->source.name, wgi_plus (source->n, more), kind == WGI_JVP ? source->m : source->n,
                              2*of->args.count + of->outs + data, of->args.count + of->outs) : NULL;
  if (!s) return NULL;
  s->base = wgi_source_use (source), s->print = wgi_mixed (of->print, (uint64_t) kind);
  s->args.items = of->args.items, s->args.operands = s->source.n;
  for (size_t i = 0; i < of->args.count; i++)
    {
      const wgi_arg *a = &of->args.arg[i];
      wgi_arg into = *a;
      if (a->place < of->n && a->place + a->width > of->n)     /* data for inputs and parameters: two arguments now */
        {
          into.width = of->n - a->place;
          add_arg (s, into, a->place, 0);
          into = *a, into.width = a->place + a->width - of->n, into.data = a->data + (of->n - a->place);
          add_arg (s, into, of->n + inner, 0);
          s->args.arg[s->args.count - 1].skip = a->skip + of->n - a->place;
        }
      else add_arg (s, into, a->place < of->n ? a->place : a->place + inner, a->first);
      for (size_t j = 0; kind == WGI_JVP && a->data && j < a->width && a->place + j < of->n; j++)
        add_arg (s, (wgi_arg){ .width = 1, .data = &zero }, of->n + a->place + j, 0);
      if (kind == WGI_JVP && !a->data) add_arg (s, *a, of->n + a->place, source->n + a->first);
      if (kind == WGI_VJP && !a->data) s->out[s->outs++] = *a;
    }
  for (size_t i = 0; i < of->outs; i++)
    if (kind == WGI_JVP) s->out[s->outs++] = of->out[i];
    else
      {
        add_arg (s, of->out[i], of->n + of->out[i].place, source->n + of->out[i].first);
        s->args.arg[s->args.count - 1].bound = of->args.items;
      }
  return &s->source;
}

wgi_source *wgi_map_of_call (const wgi_source *source)
{
  const wg_fun *f = wgi_source_fun (source);
  wg_fun *body = f ? wg_fun_clone (f) : NULL;
  wgi_map *s = body ? new_map (body, "call", source->n, source->m, 1, 1) : NULL;
  if (!s) return NULL;
  s->args.items = 1, s->args.operands = source->n;
  add_arg (s, (wgi_arg){ .width = source->n, .stride = source->n, .bound = 1 }, 0, 0);
  s->out[s->outs++] = (wgi_arg){ .width = source->m, .stride = source->m };
  s->print = print_of (s);
  return &s->source;
}

wgi_map_callee *wgi_map_of_points (const wg_fun *f)
{
  const size_t n = f->family->n, m = f->family->m;
  wg_fun *body = wg_fun_clone (f);
  wgi_map *s = body ? new_map (body, "batch", 0, 0, 2, 1) : NULL;
  if (!s) return NULL;
  add_arg (s, (wgi_arg){ .width = n, .stride = n }, 0, 0);
  if (f->params) add_arg (s, (wgi_arg){ .width = f->params }, n, 0);
  s->out[s->outs++] = (wgi_arg){ .width = m, .stride = m };
  wgi_callee *c = instance (&s->source);
  wgi_source_leave (&s->source);
  return (wgi_map_callee *) c;
}

/* The function whose items see these arguments: parameters that variables fill are inputs of it. */
static wg_fun *body_for (const wg_fun *body, const wgi_args *args)
{
  return wg_fun_clone (args->params_vary ? wgi_fun_derived (body, WGI_WITH_PARAMS) : body);
}

static void map (const char *name, const wg_fun *body, size_t items, size_t nargs, const wg_arg args[], int sum, wg_var y[])
{
  wgi_args taken = { 0 };
  wg_var *operand = NULL;
  wg_fun *own = NULL;
  wgi_source *s = NULL;
  int rc = body && y ? wgi_args_take (&taken, name, 0, wg_fun_n (body), wg_fun_np (body), items, nargs, args, &operand)
                     : wgi_fail (WG_EINVAL, "%s: %s is NULL", name, body ? "y" : "body");
  if (!rc) rc = (own = body_for (body, &taken)) ? WG_OK : wgi_last_status ();
  if (!rc) rc = (s = first_map (own, &taken, sum)) ? WG_OK : wgi_last_status ();
  if (s) wgi_call_source (s, operand, y);
  else
    {
      wgi_args_fail (rc, 0, NULL, nargs, args);
      wgi_args_free (&taken);
      for (size_t i = 0; body && y && i < (sum ? 1 : items)*wg_fun_m (body); i++) y[i] = wg_num (NAN);
    }
  wgi_source_leave (s);
  free (operand);
}

void wg_map (const wg_fun *body, size_t items, size_t nargs, const wg_arg args[], wg_var y[])
{
  map ("wg_map", body, items, nargs, args, 0, y);
}

void wg_map_sum (const wg_fun *body, size_t items, size_t nargs, const wg_arg args[], wg_var y[])
{
  map ("wg_map_sum", body, items, nargs, args, 1, y);
}
