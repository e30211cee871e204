/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Maps in lanes: a chunk of items, in tiles of as many as a sweep takes side by side.
 * A tile whose items all hold the trace at hand is one sweep; else its first item's trace is found
 * by itself, and the items that hold it are swept, until none is left: the others' seeds are at rest meanwhile.  Sums, and
 * adjoints of what items share, are kept lane by lane through a chunk.  What items have of their own leaves by tiles, in the order of items.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fun/map.h"
#include "sweep/numbers.h"

static const uint64_t all = ((uint64_t) 1 << WGI_LANES) - 1;      /* a group of all lanes */

static const wgi_program *program (const wgi_map_callee *c) { return c->one->fun->trace->program; }

/* Does each lane have its own number of an argument?  Also of what items share, where the adjoints of each are asked for. */
static int is_own (const wgi_map_callee *c, const wgi_arg *a) { return a->stride || (c->own.apart && !a->data); }

/* Words in the planes, and in the shared ones, that arguments have. */
static wgi_lane_words seen (const wgi_map_callee *c)
{
  wgi_lane_words w = { 0, 0 };
  for (size_t i = 0; i < wgi_map_of (c)->args.count; i++) *(is_own (c, &c->arg[i]) ? &w.own : &w.shared) += c->arg[i].width;
  return w;
}

/* Where the inputs and parameters are that arguments are: own ones from 0 on, shared ones behind the sink. */
static void place_arguments (wgi_map_callee *c)
{
  wgi_layout *l = &c->own.layout;
  const wgi_program *p = &l->program;
  wgi_lane_words at = { 0, 1 };
  for (size_t i = 0; i < wgi_map_of (c)->args.count; i++)
    {
      const wgi_arg *a = &c->arg[i];
      for (size_t j = a->place; j < a->place + a->width; j++)
        {
          const uint32_t place = (uint32_t) (is_own (c, a) ? at.own++ : at.shared++ | WGI_SHARED);
          if (j < p->n) l->place[j] = place, l->adjoint[j] = a->data ? WGI_SINK : place;
          else if (j - p->n < p->params) l->place[p->slots + p->constants + j - p->n] = place;
        }
    }
}

/* The layout, if it is not that of the program and arguments like these. */
static int lay_out (wgi_map_callee *c)
{
  wgi_map_frame *f = &c->own;
  wgi_lane_words inputs = seen (c);
  uint64_t print = c->own.apart ? 1 : 0;
  for (const wgi_arg *a = c->arg; a < c->arg + wgi_map_of (c)->args.count; a++)
    print = wgi_mixed (wgi_mixed (wgi_mixed (print, a->place), a->width), (is_own (c, a) ? 1 : 0) | (a->data ? 2 : 0));
  f->frame.layout = &f->layout;
  if (wgi_layout_is_of (&f->layout, program (c)) && f->print == print) return WG_OK;
  inputs.shared++;
  const int rc = wgi_layout_begin (&f->layout, program (c), inputs);
  if (rc) return rc;
  place_arguments (c);
  wgi_layout_end (&f->layout);
  f->print = print;
  return WG_OK;
}

static size_t doubles (int plane, wgi_lane_words words)
{
  const size_t shared = wgi_plus (wgi_times (words.shared, plane & WGI_ADJOINT ? WGI_VECTOR : 1), WGI_VECTOR) & ~(size_t) 7;
  return wgi_plus (wgi_times (words.own, WGI_LANES), shared);
}

/* Planes for the trace at hand; adjoints are at rest, but those of what items see are kept. */
static int have_planes (wgi_map_callee *c, unsigned planes)
{
  wgi_map_frame *f = &c->own;
  wgi_lane_words words = f->layout.end;
  size_t total = 8;
  const wgi_lane_words wanted = f->frame.wanted, room = f->frame.room;      /* maybe more than there was room for */
  wgi_lane_words inputs = seen (c);
  inputs.shared++;
  if (words.own < wanted.own) words.own = wanted.own;
  if (words.shared < wanted.shared) words.shared = wanted.shared;
  if (words.own <= room.own && words.shared <= room.shared && (planes & ~f->planes) == 0) return WG_OK;
  if (words.own < room.own) words.own = room.own;
  if (words.shared < room.shared) words.shared = room.shared;
  planes |= f->planes;
  for (int i = 0; i < WGI_PLANES; i++) if (planes >> i & 1) total = wgi_plus (total, doubles (i, words));
  void *block = words.own < WGI_SHARED && words.shared < WGI_SHARED ? malloc (wgi_times (total, sizeof (double))) : NULL;
  if (!block) return wgi_fail (WG_ENOMEM, "no memory for a map's lanes");
  double *at = (double *) (((uintptr_t) block + 63) & ~(uintptr_t) 63);
  for (int i = 0; i < WGI_PLANES; i++)
    if (planes >> i & 1)
      {
        const size_t need = doubles (i, words);
        double *shared = at + words.own*WGI_LANES;
        for (size_t j = 0; j < need; j++) at[j] = i & WGI_ADJOINT ? -0. : 0.;
        if (f->planes >> i & 1 && i & WGI_ADJOINT)
          {
            memcpy (at, f->frame.plane[i], (inputs.own < room.own ? inputs.own : room.own)*WGI_LANES*sizeof *at);
            memcpy (shared, f->frame.shared[i], (inputs.shared < room.shared ? inputs.shared : room.shared)*WGI_VECTOR*sizeof *at);
          }
        f->frame.plane[i] = at, f->frame.shared[i] = shared, at += need;
      }
  free (f->block);
  f->block = block, f->planes = planes, f->frame.room = words, f->trace = NULL;
  return WG_OK;
}

/* Constants, parameters, and what all items share, for the trace at hand. */
static void spread (wgi_map_callee *c, int mode)
{
  const wgi_map *s = wgi_map_of (c);
  const wgi_program *p = program (c);
  WGI_FOR_MODES (d, mode)
    {
      double *to = c->own.frame.shared[d] + 1;
      for (size_t i = 0; i < s->args.count; i++)
        {
          const wgi_arg *a = &c->arg[i];
          if (is_own (c, a)) continue;
          if (a->x[d]) memcpy (to, a->x[d], a->width*sizeof *to);
          else memset (to, 0, a->width*sizeof *to);
          to += a->width;
        }
      if (d) memset (to, 0, (p->constants + p->params)*sizeof *to);
      if (!d && p->constants) memcpy (to, p->constant, p->constants*sizeof *to);
      if (!d && p->params) memcpy (to + p->constants, c->one->fun->param, p->params*sizeof *to);
    }
  c->own.frame.callee = c->one->fun->frame.callee;
  c->own.trace = c->one->fun->trace;
}

static int ready (wgi_map_callee *c, const wgi_map_job *job)
{
  unsigned planes = job->mode ? 3 : 1;
  if (job->ybar || job->entries) planes |= (job->entries && wgi_map_of (c)->m > 1 ? 3 : planes) << WGI_ADJOINT;
  int rc = c->own.trace == c->one->fun->trace ? WG_OK : lay_out (c);
  if (!rc) rc = have_planes (c, planes);
  c->own.frame.sweeps = c->callee.sweeps, c->own.frame.resources = c->callee.resources;
  if (!rc && c->own.trace != c->one->fun->trace) spread (c, job->mode);
  return rc;
}

/* tiles */

/* Are the rows of a tile as far apart from each other, all lanes having one? */
static int is_even (const wgi_arg *a, size_t count) { return !a->index && count == WGI_LANES; }

/* The items k .. k + count - 1, the last one repeated, into the lanes. */
static void fetch (wgi_map_callee *c, const wgi_map_job *job, size_t k, size_t count)
{
  const wgi_map *s = wgi_map_of (c);
  size_t row[WGI_LANES], at = 0;
  for (size_t i = 0; i < s->args.count; i++)
    {
      const wgi_arg *a = &c->arg[i];
      if (!is_own (c, a)) continue;
      for (size_t l = 0; l < WGI_LANES && !is_even (a, count); l++) row[l] = wgi_arg_row (a, k + (l < count ? l : count - 1));
      WGI_FOR_MODES (d, job->mode)
        {
          double *to = c->own.frame.plane[d] + at;
          if (!a->x[d]) memset (to, 0, a->width*WGI_LANES*sizeof *to);
          else if (is_even (a, count)) c->callee.sweeps->load_rows (to, a->width, a->x[d] + k*a->stride, a->stride);
          else c->callee.sweeps->load (to, a->width, a->x[d], row);
        }
      at += a->width*WGI_LANES;
    }
}

/* Output i of the body, which is output i of group o, in some lanes: what goes to items is put there, sums are added. */
static void keep_output (const wgi_map_callee *c, const wgi_map_job *job, const wgi_arg *o, size_t i, size_t k, uint64_t group)
{
  const wgi_lane_frame *f = &c->own.frame;
  const size_t from = o->place + i;
  const uint32_t place = f->layout->place[program (c)->out[from]];
  (void) k;                      /* that is asked later */
  WGI_FOR_MODES (d, job->mode)
    {
      double *to = c->lane[d] + from*WGI_LANES;
      const double *lanes = f->plane[d] + (size_t) place*WGI_LANES;
      if (group == all && !(place & WGI_SHARED))
        {
          if (o->stride) memcpy (to, lanes, WGI_LANES*sizeof *to);
          else c->callee.sweeps->add (to, lanes);
        }
      else
        for (uint64_t left = group; left; left &= left - 1)
          {
            const size_t l = (size_t) __builtin_ctzll (left);
            const double y = wgi_lane_at (f, d, place, l);
            to[l] = o->stride ? y : to[l] + y;
          }
    }
}

/* Its adjoints into these lanes; those at rest stay so. */
static void seed_output (const wgi_map_callee *c, const wgi_map_job *job, const wgi_arg *o, size_t i, size_t k, uint64_t group)
{
  const wgi_lane_frame *f = &c->own.frame;
  const uint32_t place = f->layout->adjoint[program (c)->out[o->place + i]];
  if (place == WGI_SINK) return;
  if (!o->stride && group == all && !(place & WGI_SHARED))
    {
      if (!wgi_asleep (job->ybar[0][o->first + i]))
        WGI_FOR_MODES (d, job->mode)
          c->callee.sweeps->add_same (f->plane[WGI_ADJOINT + d] + (size_t) place*WGI_LANES, job->ybar[d][o->first + i]);
      return;
    }
  for (uint64_t left = group; left; left &= left - 1)
    {
      const size_t l = (size_t) __builtin_ctzll (left), from = o->first + wgi_arg_row (o, k + l) + i;
      if (wgi_asleep (job->ybar[0][from])) continue;
      WGI_FOR_MODES (d, job->mode)
        {
          size_t lanes;
          double *to = wgi_lane_adjoint (f, WGI_ADJOINT + d, place, &lanes);
          to[l % lanes] += job->ybar[d][from];
        }
    }
}

/* Do what for all outputs. */
static void each_output (const wgi_map_callee *c, const wgi_map_job *job, size_t k, uint64_t group,
                         void (*what) (const wgi_map_callee *, const wgi_map_job *, const wgi_arg *, size_t, size_t, uint64_t))
{
  const wgi_map *s = wgi_map_of (c);
  for (const wgi_arg *o = s->out; o < s->out + s->outs; o++) for (size_t i = 0; i < o->width; i++) what (c, job, o, i, k, group);
}

/* rows: what goes to single items */

/* Add those of a tile to where they are; full ones leave the lanes at rest. */
static void add_rows (const wgi_map_callee *c, const wgi_arg *a, double *from, double to[], size_t k, size_t count)
{
  if (is_even (a, count)) c->callee.sweeps->add_rows (to + a->first + k*a->stride, a->width, from, a->stride);
  else
    for (size_t l = 0; l < count; l++)
      {
        double *row = to + a->first + wgi_arg_row (a, k + l);
        for (size_t j = 0; j < a->width; j++) row[j] += from[j*WGI_LANES + l];
      }
}

/* The same; if there is a log into it, or again out of it. */
static void leave_rows (wgi_map_callee *c, const wgi_arg *a, double *from, double to[], size_t k, size_t count, int again)
{
  const size_t numbers = a->width*WGI_LANES;
  double *kept = c->log;
  if (kept) c->log += numbers;
  if (kept && !again) memcpy (kept, from, numbers*sizeof *from);
  else add_rows (c, a, kept ? kept : from, to, k, count);
}

/* Hessians, in the same way. */
static void leave_curves (wgi_map_callee *c, const wgi_curves *z, size_t k, size_t count, int again)
{
  double *kept = c->log;
  if (kept) c->log += z->own*WGI_LANES;
  if (kept && !again) memcpy (kept, c->curve, z->own*WGI_LANES*sizeof *kept);
  else wgi_map_leave_curves (z, kept ? kept : c->curve, k, count);
}

/* Outputs, and the adjoints of what items alone see. */
static void leave (wgi_map_callee *c, const wgi_map_job *job, size_t k, size_t count, int again)
{
  const wgi_map *s = wgi_map_of (c);
  if (job->curves)
    {
      leave_curves (c, job->curves, k, count, again);
      return;
    }
  WGI_FOR_MODES (d, job->mode)
    {
      double *adjoint = job->ybar ? c->own.frame.plane[WGI_ADJOINT + d] : NULL;
      for (const wgi_arg *o = s->out; o < s->out + s->outs && job->y; o++)
        if (o->stride) leave_rows (c, o, c->lane[d] + o->place*WGI_LANES, job->y[d], k, count, again);
      for (const wgi_arg *a = c->arg; a < c->arg + s->args.count && adjoint; a++)
        {
          if (!is_own (c, a)) continue;
          if (!a->data)
            {
              leave_rows (c, a, adjoint, job->xbar[d], k, count, again);
              const int awake = c->log || !is_even (a, count);
              for (size_t j = 0; j < a->width*WGI_LANES && awake && !again; j++) adjoint[j] = -0.;
            }
          adjoint += a->width*WGI_LANES;
        }
    }
}

size_t wgi_map_log_size (const wgi_map_callee *c, const wgi_map_job *job)
{
  const wgi_map *s = wgi_map_of (c);
  size_t width = 0;
  if (job->curves) return wgi_times (job->curves->own, WGI_LANES);
  for (size_t o = 0; o < s->outs; o++) if (s->out[o].stride) width = wgi_plus (width, s->out[o].width);
  for (size_t i = 0; i < s->args.count; i++) if (is_own (c, &c->arg[i]) && !c->arg[i].data) width = wgi_plus (width, c->arg[i].width);
  return wgi_times (width, 2*WGI_LANES);
}

/* The values of a tile; once more with more room if a loop within needs that. */
static int forward (wgi_map_callee *c, const wgi_map_job *job, size_t k, size_t count)
{
  wgi_lane_frame *f = &c->own.frame;
  for (;;)
    {
      fetch (c, job, k, count);
      f->held = UINT64_MAX, f->wanted.own = 0;
      (job->mode && !job->curves ? c->callee.sweeps->forward_dual : c->callee.sweeps->forward) (&f->layout->program, f);
      if (!f->wanted.own) return WG_OK;
      const int rc = ready (c, job);
      if (rc) return rc;
    }
}

/* The items of group, whose values are there. */
static void finish (wgi_map_callee *c, const wgi_map_job *job, size_t k, uint64_t group)
{
  if (job->y) each_output (c, job, k, group, keep_output);
  if (job->entries) wgi_map_blocks (c, job, k, group);
  for (size_t d = 0, sweeps = job->curves ? job->curves->directions : job->ybar != NULL; d < sweeps; d++)
    {
      if (job->curves) wgi_map_look_along (c, job->curves, d);
      each_output (c, job, k, group, seed_output);
      (job->mode ? c->callee.sweeps->reverse_dual : c->callee.sweeps->reverse) (&c->own.layout.program, &c->own.frame);
      if (job->curves) wgi_map_take_curves (c, job->curves, d, group);
    }
}

/* Item k + l by itself, its results being put into lane l. */
static int alone (wgi_map_callee *c, const wgi_map_job *job, size_t k, size_t l)
{
  const wgi_map *s = wgi_map_of (c);
  const wgi_arrays a = wgi_callee_arrays (c->one);
  int awake = 0;
  int rc = job->curves ? wgi_map_curve (c, job, k + l, l) : wgi_map_item (c, job, k + l, &awake);
  c->own.trace = NULL;
  if (!rc) rc = ready (c, job);
  if (rc) return rc;
  WGI_FOR_MODES (d, job->mode)
    {
      for (size_t o = 0; o < s->outs && job->y; o++)
        for (size_t i = s->out[o].place; i < s->out[o].place + s->out[o].width; i++)
          {
            double *to = c->lane[d] + i*WGI_LANES + l;
            *to = s->out[o].stride ? a.y[d][i] : *to + a.y[d][i];
          }
      for (size_t i = 0; i < s->args.count && awake; i++)
        for (size_t j = c->arg[i].place; j < c->arg[i].place + c->arg[i].width && !c->arg[i].data; j++)
          {
            size_t lanes;
            double *to = wgi_lane_adjoint (&c->own.frame, WGI_ADJOINT + d, c->own.layout.adjoint[j], &lanes);
            to[l % lanes] += a.xbar[d][j];
          }
    }
  return WG_OK;
}

/* The items of pending that hold the trace of the first of them are left in the lanes.  None do if that one
 * was done by itself: a branch depends on a NaN, or on the last bits of a value, where lanes and single items differ. */
static int split (wgi_map_callee *c, const wgi_map_job *job, size_t k, size_t count, uint64_t pending, uint64_t *group)
{
  const size_t first = (size_t) __builtin_ctzll (pending);
  wgi_map_see (c, WGI_VALUE, k + first);
  int rc = wgi_fun_at (c->one->fun, wgi_callee_arrays (c->one).x[0]);
  *group = 0;
  c->own.trace = NULL;
  if (!rc) rc = ready (c, job);
  if (!rc)
    {
      rc = forward (c, job, k, count);
      *group = c->own.frame.held & pending;
      if (rc || !(*group >> first & 1)) *group = 0;
    }
  if (rc < 0 || *group) return rc < 0 ? rc : WG_OK;
  return alone (c, job, k, first);
}

static int tile (wgi_map_callee *c, const wgi_map_job *job, size_t k, size_t count)
{
  uint64_t pending = ((uint64_t) 1 << count) - 1;
  c->own.frame.status = 0;
  const int rc = forward (c, job, k, count);
  if (rc) return rc;
  if ((c->own.frame.held & pending) == pending) finish (c, job, k, pending);
  else
    while (pending)
      {
        uint64_t group;
        const int went = split (c, job, k, count, pending, &group);
        if (went) return went;
        if (group) finish (c, job, k, group);
        pending &= group ? ~group : pending - 1;
      }
  leave (c, job, k, count, 0);
  if (c->own.frame.status > 0 && !c->notice) c->notice = c->own.frame.status, c->callee.why = c->own.frame.why;
  return c->own.frame.status < 0 ? c->own.frame.status : WG_OK;
}

/* chunks */

/* May items take different traces, of the body or of a map in it? */
static int branches (const wgi_map_callee *c)
{
  const wg_fun *f = c->one->fun;
  int found = program (c)->guards != 0;
  for (size_t i = 0; i < program (c)->sources && !found; i++)
    found = f->place[i]->lanes == wgi_map_nested && branches ((const wgi_map_callee *) f->place[i]);
  return found;
}

/* Where lanes and single items differ about a branch, the trace at hand decides: begin with that of the first item, whoever was swept before. */
static int begin_at (wgi_map_callee *c, size_t k)
{
  if (!branches (c)) return WG_OK;
  wgi_map_see (c, WGI_VALUE, k);
  const int rc = wgi_fun_at (c->one->fun, wgi_callee_arrays (c->one).x[0]);
  c->own.trace = NULL;
  return rc < 0 ? rc : WG_OK;
}

int wgi_map_chunk (wgi_map_callee *c, const wgi_map_job *job, size_t begin, size_t end)
{
  if (c->left) free (c->own.block), c->own = (wgi_map_frame){ .apart = c->own.apart, .layout = c->own.layout, .print = c->own.print };
  c->notice = WG_OK, c->left = 1;
  int rc = begin_at (c, begin);
  if (!rc && job->curves) rc = wgi_map_have_curves (c, job->curves);
  if (!rc) rc = ready (c, job);
  WGI_FOR_MODES (d, job->mode) memset (c->lane[d], 0, wgi_map_of (c)->m*WGI_LANES*sizeof (double));
  for (size_t k = begin; k < end && !rc; k += WGI_LANES) rc = tile (c, job, k, end - k < WGI_LANES ? end - k : WGI_LANES);
  return rc;
}

static double sum_of_lanes (const double lane[])
{
  double s[WGI_LANES];
  memcpy (s, lane, sizeof s);
  for (size_t half = WGI_LANES/2; half; half /= 2) for (size_t l = 0; l < half; l++) s[l] += s[l + half];
  return s[0];
}

/* What the items share, put to rest. */
static void add_shared (const wgi_map_callee *c, const wgi_map_job *job)
{
  const wgi_map *s = wgi_map_of (c);
  WGI_FOR_MODES (d, job->mode)
    {
      double *from = job->ybar ? c->own.frame.shared[WGI_ADJOINT + d] + c->callee.sweeps->width : NULL;
      for (size_t o = 0; job->y && o < s->outs; o++)
        for (size_t i = 0; i < s->out[o].width && !s->out[o].stride; i++)
          job->y[d][s->out[o].first + i] += sum_of_lanes (c->lane[d] + (s->out[o].place + i)*WGI_LANES);
      for (size_t i = 0; from && i < s->args.count; i++)
        {
          const wgi_arg *a = &c->arg[i];
          if (is_own (c, a)) continue;
          if (!a->data) c->callee.sweeps->take_sums (job->xbar[d] + a->first, from, a->width);
          from += a->width*c->callee.sweeps->width;
        }
    }
}

void wgi_map_add_chunk (wgi_map_callee *c, const wgi_map_job *job, size_t begin, size_t end)
{
  for (size_t k = begin; k < end && c->log; k += WGI_LANES) leave (c, job, k, end - k < WGI_LANES ? end - k : WGI_LANES, 1);
  if (job->curves) wgi_map_add_curves (c, job->curves);
  else add_shared (c, job);
  c->left = 0;
}
