/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Running operations on any number of the sweeps.  Values are the kernel's.  A tangent is the fragment of tangents run on the
 * numbers below; adjoints are the fragment of adjoints run forward on the sweep's own numbers, and added.  So the derivative of a
 * derivative is a fragment's fragment, and no primitive has more than its kernel and two builders.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "array/fragment.h"
#include "array/walk.h"

/* memory */

typedef struct wgi_chunk chunk;
struct wgi_chunk { chunk *next; size_t size, used; char *room; };

enum { CHUNK = 1 << 16, LINE = 64 };

void *wgi_run_take (wgi_run *r, size_t count, size_t size)
{
  const size_t bytes = wgi_plus (wgi_times (count, size), LINE - 1) & ~(size_t) (LINE - 1);
  chunk *c = r->at;
  while (c && c->size - c->used < bytes && c->next) c = c->next, c->used = 0;
  if (!c || c->size - c->used < bytes)
    {
      const size_t wanted = bytes > CHUNK ? bytes : CHUNK;
      chunk *more = bytes < SIZE_MAX/2 ? malloc (sizeof *more + LINE + wanted) : NULL;
      if (!more) return wgi_fail (WG_ENOMEM, "out of memory in an operation on arrays"), NULL;
      char *room = (char *) (more + 1);
      *more = (chunk){ .size = wanted, .room = room + (LINE - (uintptr_t) room % LINE) % LINE };
      if (c) c->next = more;
      else r->first = more;
      c = more;
    }
  r->at = c;
  c->used += bytes;
  return c->room + c->used - bytes;
}

wgi_run_mark wgi_run_here (const wgi_run *r) { return (wgi_run_mark){ r->at, r->at ? r->at->used : 0 }; }

void wgi_run_back (wgi_run *r, wgi_run_mark m)
{
  r->at = m.at ? m.at : r->first;
  if (r->at) r->at->used = m.used;
}

void wgi_run_free (wgi_run *r)
{
  for (chunk *c = r->first, *next; c; c = next) next = c->next, free (c);
  *r = (wgi_run){ 0 };
}

/* elements */

/* y = x, y having its elements one after the other. */
static void copy_out (const wgi_shape *from, const wgi_shape *to, const double *x, double *y)
{
  const wgi_shape s = wgi_shape_broadcast (from, to);
  wgi_walk_copy (&s, to->stride, x, y);
}

/* fragments */

/* Where regions are, for each mode. */
typedef struct { double **at[4]; size_t regions; } regions;

static int open_regions (const wgi_fragment *f, int mode, regions *g, wgi_run *run)
{
  g->regions = f->inputs + f->ops;
  WGI_FOR_MODES (d, mode) if (!(g->at[d] = wgi_run_take (run, g->regions + 1, sizeof *g->at[d]))) return WG_ENOMEM;
  return WG_OK;
}

static int keep_notice (int had, int rc) { return had ? had : rc; }

static int values (const wgi_op *op, double *const *x, double *y, int add, wgi_run *run);

/* One operation of a fragment; its results go to target[d] if that is given, or, with add, are added to what is there. */
static int run_op (const wgi_fragment_op *o, size_t to, int mode, regions *g, double *const target[], int add, wgi_run *run)
{
  const wgi_source *s = &o->op->source;
  double *const *x[4], *y[4] = { NULL };
  WGI_FOR_MODES (d, mode)
    if (!(y[d] = target[d] ? target[d] : wgi_run_take (run, s->m, sizeof *y[d]))) return WG_ENOMEM;
  const wgi_run_mark mark = wgi_run_here (run);
  WGI_FOR_MODES (d, mode)
    {
      double **at = wgi_run_take (run, s->words + 1, sizeof *at);
      if (!at) return WG_ENOMEM;
      for (size_t j = 0; j < s->words; j++) at[j] = g->at[d][o->x[j].region] ? g->at[d][o->x[j].region] + o->x[j].offset : NULL;
      x[d] = at;
    }
  const int rc = add ? values (o->op, x[0], y[0], 1, run) : wgi_op_forward (o->op, mode, x, y, run);
  WGI_FOR_MODES (d, mode) g->at[d][to] = y[d];
  wgi_run_back (run, mark);
  return rc;
}

/* All operations; target[o][d] is where output o goes, or is added for adjoints, or NULL. */
static int run_fragment (const wgi_fragment *f, int mode, regions *g, double *(*target)[4], wgi_run *run)
{
  double *none[4] = { NULL };
  int rc = WG_OK;
  for (size_t i = 0; i < f->ops && rc >= 0; i++)
    {
      double *const *to = f->op[i].target >= 0 && target ? target[f->op[i].target] : none;
      const int got = run_op (&f->op[i], f->inputs + i, mode, g, to, to[0] && f->kind == WGI_ADJOINTS, run);
      rc = got < 0 ? got : keep_notice (rc, got);
    }
  return rc;
}

/* Where an output is; NULL: it is zero. */
static const double *output_at (const wgi_fragment_out *out, const regions *g, int d)
{
  if (out->missing || (out->data && d)) return NULL;
  if (out->data) return out->data->v + out->place.offset;
  return g->at[d][out->place.region] ? g->at[d][out->place.region] + out->place.offset : NULL;
}

/* forward */

static unsigned char *find_active (const wgi_op *op, double *const *x, wgi_run *run, int *any)
{
  unsigned char *active = wgi_run_take (run, op->nx + 1, 1);
  *any = 0;
  for (size_t i = 0; i < op->nx && active; i++) *any |= active[i] = !op->x[i].data && x && x[op->x[i].block];
  return active;
}

/* With add, added to y. */
static int values (const wgi_op *op, double *const *x, double *y, int add, wgi_run *run)
{
  const double **at = wgi_run_take (run, op->nx + 1, sizeof *at);
  double *to[WGI_OUTPUTS];
  if (!at) return WG_ENOMEM;
  for (size_t i = 0; i < op->nx; i++) at[i] = (op->x[i].data ? op->x[i].data->v : x[op->x[i].block]) + op->x[i].first;
  for (size_t o = 0; o < op->ny; o++) to[o] = y + op->y[o].first;
  return (add ? wgi_matmul_add : op->prim->kernel) (op, at, to, run);
}

/* The tangents y[top | d] for all d within rest, the values below being there. */
static int tangents (const wgi_op *op, int top, int rest, double *const *const x[], double *y[], wgi_run *run)
{
  const size_t words = op->source.words;
  int any;
  const unsigned char *active = find_active (op, x[top], run, &any);
  if (!active) return WG_ENOMEM;
  if (!any)
    {
      WGI_FOR_MODES (d, rest) y[top | d] = NULL;
      return WG_OK;
    }
  const wgi_fragment *f = wgi_fragment_of (op, WGI_TANGENTS, active);
  regions g;
  double *target[WGI_OUTPUTS][4] = { { NULL } };
  int rc = f ? open_regions (f, rest, &g, run) : wgi_last_status ();
  if (rc) return rc;
  WGI_FOR_MODES (d, rest)
    {
      for (size_t j = 0; j < words; j++) g.at[d][j] = x[d][j], g.at[d][words + 1 + j] = x[top | d][j];
      g.at[d][words] = y[d];
      for (size_t o = 0; o < op->ny; o++) target[o][d] = y[top | d] + op->y[o].first;
    }
  if ((rc = run_fragment (f, rest, &g, target, run)) < 0) return rc;
  WGI_FOR_MODES (d, rest)
    for (size_t o = 0; o < op->ny; o++)
      {
        const double *from = output_at (&f->out[o], &g, d);
        if (!from && op->ny == 1) y[top | d] = NULL;
        else if (!from) memset (target[o][d], 0, wgi_shape_size (&op->y[o].shape)*sizeof *from);
        else if (from != target[o][d]) copy_out (&f->out[o].shape, &op->y[o].shape, from, target[o][d]);
      }
  return rc;
}

int wgi_op_forward (const wgi_op *op, int mode, double *const *const x[], double *y[], wgi_run *run)
{
  const wgi_run_mark mark = wgi_run_here (run);
  const int top = mode & WGI_D2 ? WGI_D2 : WGI_D1, rest = mode & ~top;
  int rc = mode ? wgi_op_forward (op, rest, x, y, run) : values (op, x[0], y[0], 0, run);
  if (mode && rc >= 0)
    {
      const int got = tangents (op, top, rest, x, y, run);
      rc = got < 0 ? got : keep_notice (rc, got);
    }
  wgi_run_back (run, mark);
  return rc;
}

/* reverse */

int wgi_op_reverse (const wgi_op *op, int mode, double *const *const x[], double *const y[], double *const ybar[],
                    double *const *const xbar[], wgi_run *run)
{
  const wgi_run_mark mark = wgi_run_here (run);
  const size_t words = op->source.words;
  regions g;
  int any;
  const unsigned char *wanted = find_active (op, xbar[0], run, &any);
  const wgi_fragment *f = wanted && any ? wgi_fragment_of (op, WGI_ADJOINTS, wanted) : NULL;
  int rc = !wanted ? WG_ENOMEM : !any ? WG_OK : f ? open_regions (f, mode, &g, run) : wgi_last_status ();
  if (!rc && any)
    {
      WGI_FOR_MODES (d, mode)
        {
          for (size_t j = 0; j < words; j++) g.at[d][j] = x[d][j];
          g.at[d][words] = y[d], g.at[d][words + 1] = ybar[d];
        }
      double *(*target)[4] = mode ? NULL : wgi_run_take (run, op->nx, sizeof *target);       /* adding is for values */
      for (size_t i = 0; i < op->nx && target; i++)
        target[i][0] = wanted[i] && xbar[0][op->x[i].block] ? xbar[0][op->x[i].block] + op->x[i].first : NULL;
      rc = !mode && !target ? WG_ENOMEM : run_fragment (f, mode, &g, target, run);
      WGI_FOR_MODES (d, mode)
        for (size_t i = 0; i < op->nx && rc >= 0; i++)
          {
            const double *from = output_at (&f->out[i], &g, d);
            const wgi_view *v = &op->x[i];
            if (from && !v->data && xbar[d][v->block] && from != xbar[d][v->block] + v->first) wgi_walk_add (&f->out[i].shape, v->shape.stride, from, xbar[d][v->block] + v->first);
          }
    }
  wgi_run_back (run, mark);
  return rc;
}

/* as a callee */

typedef struct { wgi_callee callee; wgi_run run; } op_callee;

static const wgi_op *op_of (const wgi_callee *c) { return (const wgi_op *) c->source; }

static int in_place (wgi_callee *callee, int mode, double *const *const x[], double *const y[], double *const ybar[],
                     double *const *const xbar[])
{
  op_callee *c = (op_callee *) callee;
  c->run.why = NULL;
  int rc;
  if (ybar) rc = wgi_op_reverse (op_of (callee), mode, x, y, ybar, xbar, &c->run);
  else
    {
      double *to[4] = { NULL };
      WGI_FOR_MODES (d, mode) to[d] = y[d];
      rc = wgi_op_forward (op_of (callee), mode, x, to, &c->run);
      WGI_FOR_MODES (d, mode) if (!to[d]) memset (y[d], 0, callee->source->m*sizeof *y[d]);
    }
  callee->why = c->run.why;
  return rc;
}

/* The blocks in arrays that were gathered, for each mode. */
static void point (const wgi_callee *c, int mode, double *const gathered[], double **pointer, double *const *block[])
{
  const wgi_source *s = c->source;
  WGI_FOR_MODES (d, mode)
    {
      double **at = pointer + (size_t) d*s->words;
      size_t first = 0;
      for (size_t j = 0; j < s->words; j++, first += s->size[j-1]) at[j] = gathered[d] + first;
      block[d] = at;
    }
}

static int forward (wgi_callee *c, int mode, double *const x[], double *const y[])
{
  double *const *block[4];
  point (c, mode, x, c->pointer, block);
  return in_place (c, mode, block, y, NULL, NULL);
}

static int reverse (wgi_callee *c, int mode, double *const x[], double *const ybar[], double *const xbar[])
{
  double *const *block[4], *const *bar[4], *y[4];
  const wgi_arrays a = wgi_callee_arrays (c);
  WGI_FOR_MODES (d, mode)
    {
      y[d] = a.y[d];
      for (size_t i = 0; i < c->source->n; i++) xbar[d][i] = -0.;
    }
  point (c, mode, x, c->pointer, block), point (c, mode, xbar, c->pointer + 4*c->source->words, bar);
  const int rc = in_place (c, mode, block, y, NULL, NULL);
  return rc < 0 ? rc : in_place (c, mode, block, y, ybar, bar);
}

static void free_instance (wgi_callee *c) { wgi_run_free (&((op_callee *) c)->run); }

wgi_callee *wgi_op_instance (wgi_source *s)
{
  wgi_callee *c = wgi_callee_new (s, sizeof (op_callee));
  if (!c) return NULL;
  c->forward = forward, c->reverse = reverse, c->in_place = in_place, c->free = free_instance;
  return c;
}
