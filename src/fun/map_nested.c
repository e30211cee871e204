/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * A map within a body that is swept in lanes: the lanes are the outer loop's items, and this loop's trips come one after the
 * other.  Nothing is copied: a trip is the body's program with places in the outer planes, of its inputs those of the outer numbers
 * that they are, so that what all lanes share is shared here; the rest is behind the outer program's.  In reverse a trip's
 * values are computed again.  Where lanes do not all hold the body's trace at hand, the trip is swept once per trace, as a tile is.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fun/map.h"
#include "sweep/numbers.h"

typedef struct {
  wgi_map_callee *c;
  const wgi_map *s;
  wgi_lane_frame *outer;
  const wgi_layout *outer_layout;
  int mode, reverse;
  const uint32_t *operand;       /* numbers of the outer program */
  size_t out;                    /* the place of the first output */
} nest;

static const wgi_program *body (const nest *t) { return &t->c->nest.layout.program; }

static double *at (const wgi_lane_frame *frame, int plane, size_t place) { return frame->plane[plane] + place*WGI_LANES; }

/* The number of the outer program that operand j of the map is. */
static uint32_t operand (const nest *t, size_t j) { return t->operand[j] & ~WGI_INACTIVE; }

/* places */

/* The outer program's number that is input j of an argument in trip k. */
static uint32_t outer_number (const nest *t, const wgi_arg *a, size_t k, size_t j) { return operand (t, a->first + wgi_arg_row (a, k) + j); }

/* The inputs of trip k that are variables, or those that all trips share; where their adjoints go too? */
static void place_inputs (const nest *t, size_t k, int shared, int adjoints)
{
  const wgi_layout *outer = t->outer_layout;
  wgi_nest *r = &t->c->nest;
  for (size_t i = 0; i < t->s->args.count; i++)
    {
      const wgi_arg *a = &t->c->arg[i];
      if (a->data || !a->width || (a->stride == 0) != shared) continue;
      uint32_t *const place = r->layout.place + a->place, *const adjoint = r->layout.adjoint + a->place;
      if (i < WGI_NEST_ARGS && r->rows >> i & 1)
        {
          const uint32_t first = outer_number (t, a, k, 0);
          memcpy (place, outer->place + first, a->width*sizeof *place);
          if (adjoints) memcpy (adjoint, outer->adjoint + first, a->width*sizeof *adjoint);
        }
      else
        for (size_t j = 0; j < a->width; j++)
          place[j] = outer->place[outer_number (t, a, k, j)], adjoint[j] = outer->adjoint[outer_number (t, a, k, j)];
    }
}

/* Data: what lanes share. */
static void place_data (const nest *t)
{
  wgi_layout *l = &t->c->nest.layout;
  const wgi_program *p = &l->program;
  for (size_t i = 0; i < t->s->args.count; i++)
    for (size_t j = t->c->arg[i].place, end = j + t->c->arg[i].width; t->c->arg[i].data && j < end; j++, l->end.shared++)
      if (j < p->n) l->place[j] = (uint32_t) l->end.shared | WGI_SHARED, l->adjoint[j] = WGI_SINK;
      else if (j - p->n < p->params) l->place[p->slots + p->constants + j - p->n] = (uint32_t) l->end.shared | WGI_SHARED;
}

/* An input that trips have of their own has the adjoint of a trip that asks most: one of each lane's own before a shared one before none.
 * And see whether the argument's numbers are one after the other in all trips. */
static void see_trips (const nest *t, size_t i)
{
  wgi_nest *r = &t->c->nest;
  const wgi_arg *a = &t->c->arg[i];
  int row = 1;
  for (size_t k = 0; k < (a->stride ? t->c->items : 1); k++)
    for (size_t j = 0; j < a->width; j++)
      {
        const uint32_t number = outer_number (t, a, k, j), to = t->outer_layout->adjoint[number];
        uint32_t *place = &r->layout.place[a->place + j], *adjoint = &r->layout.adjoint[a->place + j];
        if ((t->outer_layout->place[number] ^ *place) & WGI_SHARED) *place |= WGI_EITHER;
        if (*adjoint & WGI_SHARED && (*adjoint == WGI_SINK || !(to & WGI_SHARED))) *adjoint = to;
        row &= number == outer_number (t, a, k, 0) + j;
      }
  if (row && i < WGI_NEST_ARGS) r->rows |= (uint64_t) 1 << i;
}

/* The layout, if it is not that of this program and call. */
static int lay_out (const nest *t, const wgi_program *p)
{
  wgi_nest *r = &t->c->nest;
  if (wgi_layout_is_of (&r->layout, p) && r->outer == t->outer_layout && r->serial == t->outer_layout->serial && r->operand == t->operand)
    return WG_OK;
  const int rc = wgi_layout_begin (&r->layout, p, t->outer_layout->end);
  if (rc) return rc;
  r->rows = 0;
  place_inputs (t, 0, 0, 1);
  place_inputs (t, 0, 1, 1);
  place_data (t);
  for (size_t i = 0; i < t->s->args.count; i++) if (!t->c->arg[i].data) see_trips (t, i);
  wgi_layout_end (&r->layout);
  r->outer = t->outer_layout, r->serial = t->outer_layout->serial, r->operand = t->operand;
  return WG_OK;
}

/* trips */

/* Numbers that all lanes share. */
static void put (const nest *t, size_t at_shared, size_t count, const double value[])
{
  memcpy (t->outer->shared[WGI_VALUE] + at_shared, value, count*sizeof *value);
  if (t->mode) memset (t->outer->shared[WGI_D1] + at_shared, 0, count*sizeof *value);
}

/* Where what is the body's begins in the shared planes: constants, parameters, data. */
static size_t own_shared (const nest *t) { return t->c->nest.layout.base.shared; }

static void put_data (const nest *t, size_t k, int shared)
{
  size_t to = own_shared (t) + body (t)->constants + body (t)->params;
  for (size_t i = 0; i < t->s->args.count; i++)
    {
      const wgi_arg *a = &t->c->arg[i];
      if (!a->data) continue;
      if ((a->stride == 0) == shared) put (t, to, a->width, a->data + wgi_arg_row (a, k));
      to += a->width;
    }
}

/* The body's trace at hand in the outer planes.  1: there is no room; a reverse sweep has the forward one's. */
static int take_body (const nest *t)
{
  wgi_map_callee *c = t->c;
  const wgi_program *p = c->one->fun->trace->program;
  const int rc = lay_out (t, p);
  if (rc) return rc;
  const wgi_lane_words end = c->nest.layout.end;
  if (end.own > t->outer->room.own || end.shared > t->outer->room.shared)
    {
      if (t->reverse) return wgi_fail (WG_EMODEL, "a map in a map: a branch changed between the sweeps");
      return t->outer->wanted = end, 1;
    }
  if (p->constants) put (t, own_shared (t), p->constants, p->constant);
  if (p->params) put (t, own_shared (t) + p->constants, p->params, c->one->fun->param);
  place_inputs (t, 0, 1, t->reverse);
  put_data (t, 0, 1);
  return WG_OK;
}

static void sweep (const nest *t, int reverse)
{
  wgi_lane_frame *f = t->outer;
  const wgi_lane_sweeps *s = f->sweeps;
  wgi_callee *const *callee = f->callee;
  f->callee = t->c->one->fun->frame.callee, f->layout = &t->c->nest.layout;
  (reverse ? t->mode ? s->reverse_dual : s->reverse : t->mode ? s->forward_dual : s->forward) (body (t), f);
  f->callee = callee, f->layout = t->outer_layout;
}

/* Where group o of the outputs of trip k goes. */
static size_t out_place (const nest *t, size_t o, size_t k) { return t->out + t->s->out[o].first + wgi_arg_row (&t->s->out[o], k); }

/* Add to the adjoint, or to its tangent, in lane l. */
static void add_adjoint (const nest *t, int d, uint32_t place, size_t l, double e)
{
  size_t lanes;
  double *to = wgi_lane_adjoint (t->outer, WGI_ADJOINT + d, place, &lanes);
  to[l % lanes] += e;
}

/* lanes by themselves */

/* The arrays of the body's instance as lane l of trip k has them. */
static void see (const nest *t, size_t k, size_t l)
{
  const wgi_arrays a = wgi_callee_arrays (t->c->one);
  wg_fun *f = t->c->one->fun;
  int set = 0;
  for (size_t i = 0; i < t->s->args.count; i++)
    {
      const wgi_arg *arg = &t->c->arg[i];
      const size_t row = wgi_arg_row (arg, k);
      for (size_t j = 0; j < arg->width; j++)
        {
          const size_t place = arg->place + j;
          const size_t from = arg->first + row + j;
          if (place >= t->s->n)
            {
              if (place - t->s->n < f->params) f->param[place - t->s->n] = arg->data[row + j], set = 1;
              continue;
            }
          WGI_FOR_MODES (d, t->mode)
            a.x[d][place] = arg->data ? d ? 0 : arg->data[row + j]
                                      : d && t->operand[from] & WGI_INACTIVE ? 0 : wgi_lane_at (t->outer, d, t->outer_layout->place[operand (t, from)], l);
        }
    }
  if (set) wgi_fun_put_params (f, f->params, f->param);
}

static int lane_forward (const nest *t, size_t k, size_t l)
{
  wgi_callee *one = t->c->one;
  const wgi_arrays a = wgi_callee_arrays (one);
  see (t, k, l);
  const int rc = wgi_map_told (t->c, one->forward (one, t->mode, a.x, a.y));
  if (rc) return rc;
  for (size_t o = 0; o < t->s->outs; o++)
    WGI_FOR_MODES (d, t->mode)
      for (size_t i = 0; i < t->s->out[o].width; i++)
        at (t->outer, d, out_place (t, o, k) + i)[l] += a.y[d][t->s->out[o].place + i];
  return WG_OK;
}

static int lane_reverse (const nest *t, size_t k, size_t l)
{
  wgi_callee *one = t->c->one;
  const wgi_arrays a = wgi_callee_arrays (one);
  int awake = 0;
  WGI_FOR_MODES (d, t->mode) for (size_t i = 0; i < t->s->m; i++) a.ybar[d][i] = -0.;
  for (size_t o = 0; o < t->s->outs; o++)
    WGI_FOR_MODES (d, t->mode)
      for (size_t i = 0; i < t->s->out[o].width; i++)
        {
          const double u = at (t->outer, WGI_ADJOINT + d, out_place (t, o, k) + i)[l];
          a.ybar[d][t->s->out[o].place + i] = u;
          awake |= !d && !wgi_asleep (u);
        }
  if (!awake) return WG_OK;
  see (t, k, l);
  const int rc = wgi_map_told (t->c, one->reverse (one, t->mode, a.x, a.ybar, a.xbar));
  if (rc) return rc;
  for (size_t i = 0; i < t->s->args.count; i++)
    {
      const wgi_arg *arg = &t->c->arg[i];
      for (size_t j = 0; j < arg->width && !arg->data; j++)
        {
          const size_t from = arg->first + wgi_arg_row (arg, k) + j;
          const uint32_t to = t->outer_layout->adjoint[operand (t, from)];
          if (to != WGI_SINK) WGI_FOR_MODES (d, t->mode) add_adjoint (t, d, to, l, a.xbar[d][arg->place + j]);
        }
    }
  return WG_OK;
}

/* Values of trip k; the lanes that hold its trace. */
static uint64_t values (const nest *t, size_t k)
{
  const uint64_t outer = t->outer->held;
  place_inputs (t, k, 0, t->reverse);
  put_data (t, k, 0);
  t->outer->held = UINT64_MAX;
  sweep (t, 0);
  const uint64_t held = t->outer->held;
  t->outer->held = outer;
  return held;
}

static const uint64_t all = ((uint64_t) 1 << WGI_LANES) - 1;      /* a group of all lanes */

/* The lanes of group, whose values are there: their outputs, or what their adjoints give. */
static void finish (const nest *t, size_t k, uint64_t group)
{
  const uint32_t *place = t->reverse ? t->c->nest.layout.adjoint : t->c->nest.layout.place;
  for (size_t o = 0; o < t->s->outs; o++)
    WGI_FOR_MODES (d, t->mode)
      for (size_t i = 0; i < t->s->out[o].width; i++)
        {
          const uint32_t own = place[body (t)->out[t->s->out[o].place + i]];
          double *out = at (t->outer, t->reverse ? WGI_ADJOINT + d : d, out_place (t, o, k) + i);
          if (group == all && !(own & WGI_SHARED))
            {
              double *from = at (t->outer, t->reverse ? WGI_ADJOINT + d : d, own);
              t->outer->sweeps->add (t->reverse ? from : out, t->reverse ? out : from);
              continue;
            }
          for (size_t l = 0; l < WGI_LANES && !(t->reverse && own == WGI_SINK); l++)
            if (group >> l & 1)
              {
                if (!t->reverse) out[l] += wgi_lane_at (t->outer, d, own, l);
                else add_adjoint (t, d, own, l, out[l]);
              }
        }
  if (t->reverse) sweep (t, 1);
}

/* The lanes of pending that hold the trace of the first of them.  That one by itself, if a branch of its own depends on a NaN or on the
 * last bits of a value. */
static int split (const nest *t, size_t k, uint64_t pending, uint64_t *group)
{
  const size_t first = (size_t) __builtin_ctzll (pending);
  wgi_callee *one = t->c->one;
  see (t, k, first);
  int rc = wgi_fun_at (one->fun, wgi_callee_arrays (one).x[0]);
  *group = 0;
  if (!rc) rc = take_body (t);
  if (rc < 0 || t->outer->wanted.own) return rc;
  if (!rc) *group = values (t, k) & pending;
  if (*group >> first & 1) return finish (t, k, *group), WG_OK;
  *group = (uint64_t) 1 << first;
  rc = t->reverse ? lane_reverse (t, k, first) : lane_forward (t, k, first);
  return rc ? rc : take_body (t);
}

static int trip (const nest *t, size_t k)
{
  uint64_t pending = all, group;
  const uint64_t held = values (t, k);
  int rc = WG_OK;
  if (t->outer->wanted.own) return WG_OK;
  if ((held & pending) == pending) return finish (t, k, pending), WG_OK;
  while (pending && !rc && !t->outer->wanted.own)
    {
      rc = split (t, k, pending, &group);
      pending &= ~group;
    }
  return rc;
}

/* Outputs to 0 before trips add to them, their adjoints to rest after a reverse sweep. */
static void clear_outputs (const nest *t, int first_plane, double value)
{
  WGI_FOR_MODES (d, t->mode)
    {
      double *to = at (t->outer, first_plane + d, t->out);
      for (size_t i = 0; i < t->s->source.m*WGI_LANES; i++) to[i] = value;
    }
}

int wgi_map_nested (wgi_callee *callee, int mode, int reverse, wgi_lane_frame *outer, const uint32_t *operand, size_t out)
{
  wgi_map_callee *c = (wgi_map_callee *) callee;
  nest t = { .c = c, .s = wgi_map_of (c), .outer = outer, .outer_layout = outer->layout, .mode = mode, .reverse = reverse,
             .operand = operand, .out = out };
  int rc = WG_OK;
  c->notice = WG_OK, c->one->sweeps = outer->sweeps, c->one->resources = outer->resources, c->one->ahead = 0;
  if (wgi_fun_is_stale (c->one->fun)) return 1;
  if (!reverse) clear_outputs (&t, WGI_VALUE, 0);
  for (size_t k = 0; k < c->items && rc >= 0 && !outer->wanted.own; k++)
    {
      if (k == 0 || c->nest.layout.of != c->one->fun->trace->program) rc = take_body (&t);
      if (rc > 0) return WG_OK;                /* no room: this sweep is void */
      if (!rc) rc = trip (&t, k);
    }
  if (reverse) clear_outputs (&t, WGI_ADJOINT, -0.);
  if (c->notice && !outer->status) outer->status = c->notice, outer->why = c->callee.why;
  return rc < 0 ? rc : WG_OK;
}
