/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * A map within a body that is swept in lanes: the lanes are the outer loop's items, and this loop's trips come one after the
 * other.  Nothing is copied: a trip is the body's program with its words renamed, inputs to the outer words that they are, the rest
 * to words behind the outer program's.  Renamed words are kept for the trips if that is not too much.  In reverse a trip's
 * values are computed again.  Where lanes do not all hold the body's trace at hand, the trip is swept once per trace, as a tile is.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fun/map.h"
#include "program/operation.h"
#include "sweep/numbers.h"

#define FOR_MODES(d, mode) for (int d = 0; d <= (mode); d++) if ((d & (mode)) == d)

enum { KEPT_WORDS = 1 << 18 };

typedef struct {
  wgi_map_callee *c;
  const wgi_map *s;
  wgi_program body;              /* with words, inputs and slots of the outer planes */
  wgi_lane_frame *outer;
  int mode, reverse;
  const uint32_t *operand;       /* words of the outer program */
  size_t out;                    /* its slot of the first output */
} nest;

static double *at (const wgi_lane_frame *frame, int plane, size_t word) { return frame->plane[plane] + word*WGI_LANES; }

/* renaming */

void wgi_nest_free (wgi_nest *r)
{
  free (r->is_operand), free (r->place), free (r->word);
  *r = (wgi_nest){ 0 };
}

/* The outer words of the body's inputs and parameters in trip k.  Data have words of their own: those of parameters, and
 * for inputs as many behind them. */
static void place_trip (const wgi_map_callee *c, wgi_nest *r, size_t k)
{
  const wgi_map *s = wgi_map_of (c);
  for (size_t i = 0; i < s->args.count; i++)
    {
      const wgi_arg *a = &c->arg[i];
      const uint32_t *from = r->operand + a->first + (a->data ? 0 : wgi_arg_row (a, k));
      for (size_t j = 0; j < a->width && !a->data; j++) r->place[a->place + j] = from[j] & ~WGI_INACTIVE;
    }
}

static void rename_words (const wgi_nest *r, uint32_t to[])
{
  const wgi_program *p = r->program;
  for (size_t i = 0; i < p->words; i++)
    to[i] = r->is_operand[i] ? r->place[p->word[i] & ~WGI_INACTIVE] | (p->word[i] & WGI_INACTIVE) : p->word[i];
}

/* Which words of a program name numbers? */
static void mark_operands (const wgi_program *p, uint8_t is_operand[])
{
  memset (is_operand, 0, p->words);
  for (wgi_operation o = wgi_first (p); wgi_is_one (&o); wgi_next (&o))
    {
      uint8_t *mark = is_operand + (o.word - p->word);
      if (o.row == WGI_ROW_call) memset (mark + 1, 1, o.operands);
      else memset (mark, 1, o.operands);
      if (o.row == WGI_GUARD_peek) mark[1] = 1;
    }
}

/* Words that the body needs behind the outer program's: slots, constants, parameters, and inputs for data. */
static size_t own_words (const wgi_program *p) { return wgi_numbers (p); }

/* Another program may have come to lie where one was. */
static int is_for (const wgi_nest *r, const wgi_program *p) { return r->program == p && r->print == p->print; }

static int rename_for (wgi_map_callee *c, const wgi_program *p, const uint32_t *operand, size_t base)
{
  wgi_nest *r = &c->nest;
  if (is_for (r, p) && r->operand == operand && r->base == base && (r->kept == 1 || r->kept == c->items)) return WG_OK;
  wgi_nest_free (r);
  const size_t all = wgi_times (p->words, c->items), numbers = wgi_numbers (p);
  if (all > PTRDIFF_MAX/8 || numbers > PTRDIFF_MAX/8) return wgi_fail (WG_ENOMEM, "no memory for a map in a map");
  r->kept = all <= KEPT_WORDS ? c->items : 1;
  r->is_operand = malloc (p->words + 1), r->place = malloc (wgi_times (numbers + 1, sizeof *r->place));
  r->word = malloc (wgi_times (wgi_times (p->words, r->kept) + 1, sizeof *r->word));
  if (!r->is_operand || !r->place || !r->word) return wgi_nest_free (r), wgi_fail (WG_ENOMEM, "no memory for a map in a map");
  r->program = p, r->print = p->print, r->operand = operand, r->base = base;
  mark_operands (p, r->is_operand);
  for (size_t i = 0; i < numbers; i++) r->place[i] = (uint32_t) (base + i);
  for (size_t k = 0; r->kept == c->items && k < c->items; k++)
    {
      place_trip (c, r, k);
      rename_words (r, r->word + k*p->words);
    }
  return WG_OK;
}

/* trips */

/* The same number in all lanes. */
static void put (const nest *t, size_t place, double value)
{
  double *to = at (t->outer, WGI_VALUE, t->c->nest.base + place);
  for (size_t l = 0; l < WGI_LANES; l++) to[l] = value;
  if (t->mode) memset (at (t->outer, WGI_D1, t->c->nest.base + place), 0, WGI_LANES*sizeof *to);
}

static void put_data (const nest *t, size_t k, int shared)
{
  const wgi_program *p = t->c->nest.program;
  for (size_t i = 0; i < t->s->args.count; i++)
    {
      const wgi_arg *a = &t->c->arg[i];
      if (!a->data || (a->stride == 0) != shared) continue;
      const double *row = a->data + wgi_arg_row (a, k);
      for (size_t j = 0; j < a->width; j++)
        if (a->place + j < t->s->n) put (t, a->place + j, row[j]);
        else if (a->place + j - t->s->n < p->params) put (t, p->slots + p->constants + a->place + j - t->s->n, row[j]);
    }
}

/* The body as it is in trip k. */
static void take_trip (nest *t, size_t k)
{
  wgi_nest *r = &t->c->nest;
  put_data (t, k, 0);
  if (r->kept == t->c->items) t->body.word = r->word + k*t->body.words;
  else
    {
      place_trip (t->c, r, k);
      rename_words (r, r->word);
      t->body.word = r->word;
    }
}

/* The body's trace at hand in the outer planes.  1: there is no room; a reverse sweep has the forward one's. */
static int take_body (nest *t)
{
  wgi_map_callee *c = t->c;
  const wgi_program *p = c->one->fun->trace->program;
  const size_t base = t->outer->used;
  if (base + own_words (p) > t->outer->room)
    {
      if (t->reverse) return wgi_fail (WG_EMODEL, "a map in a map: a branch changed between the sweeps");
      return t->outer->wanted = base + own_words (p), 1;
    }
  const int rc = rename_for (c, p, t->operand, base);
  if (rc) return rc;
  t->body = *p;
  t->body.n = base + p->n, t->body.slots = base + p->slots;
  for (size_t i = 0; i < p->constants; i++) put (t, p->slots + i, p->constant[i]);
  for (size_t i = 0; i < p->params; i++) put (t, p->slots + p->constants + i, c->one->fun->param[i]);
  put_data (t, 0, 1);
  return WG_OK;
}

static void sweep (const nest *t, int reverse)
{
  wgi_lane_frame *f = t->outer;
  const wgi_lane_sweeps *s = f->sweeps;
  wgi_callee *const *callee = f->callee;
  const size_t used = f->used;
  f->callee = t->c->one->fun->frame.callee, f->used = used + own_words (t->c->nest.program);
  (reverse ? t->mode ? s->reverse_dual : s->reverse : t->mode ? s->forward_dual : s->forward) (&t->body, f);
  f->callee = callee, f->used = used;
}

/* Where group o of the outputs of trip k goes. */
static size_t out_slot (const nest *t, size_t o, size_t k) { return t->out + t->s->out[o].first + wgi_arg_row (&t->s->out[o], k); }

/* The outer word that output i of the body is, renamed as the words of the trip are. */
static size_t own_output (const nest *t, size_t i)
{
  return t->c->nest.place[t->c->nest.program->out[i]];
}

static int output_is_slot (const nest *t, size_t i) { return wgi_is_slot (t->c->nest.program, t->c->nest.program->out[i]); }

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
          const uint32_t word = arg->data ? 0 : t->operand[arg->first + row + j];
          if (place >= t->s->n)
            {
              if (place - t->s->n < f->params) f->param[place - t->s->n] = arg->data[row + j], set = 1;
              continue;
            }
          FOR_MODES (d, t->mode)
            a.x[d][place] = arg->data ? d ? 0 : arg->data[row + j]
                                      : d && word & WGI_INACTIVE ? 0 : at (t->outer, d, word & ~WGI_INACTIVE)[l];
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
    FOR_MODES (d, t->mode)
      for (size_t i = 0; i < t->s->out[o].width; i++)
        at (t->outer, d, out_slot (t, o, k) + i)[l] += a.y[d][t->s->out[o].place + i];
  return WG_OK;
}

static int lane_reverse (const nest *t, size_t k, size_t l)
{
  wgi_callee *one = t->c->one;
  const wgi_arrays a = wgi_callee_arrays (one);
  int awake = 0;
  FOR_MODES (d, t->mode) for (size_t i = 0; i < t->s->m; i++) a.ybar[d][i] = -0.;
  for (size_t o = 0; o < t->s->outs; o++)
    FOR_MODES (d, t->mode)
      for (size_t i = 0; i < t->s->out[o].width; i++)
        {
          const double u = at (t->outer, WGI_ADJOINT + d, out_slot (t, o, k) + i)[l];
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
          const uint32_t word = t->operand[arg->first + wgi_arg_row (arg, k) + j];
          if (!(word & WGI_INACTIVE))
            FOR_MODES (d, t->mode) at (t->outer, WGI_ADJOINT + d, word)[l] += a.xbar[d][arg->place + j];
        }
    }
  return WG_OK;
}

/* Values of trip k; the lanes that hold its trace. */
static uint64_t values (nest *t, size_t k)
{
  const uint64_t outer = t->outer->held;
  take_trip (t, k);
  t->outer->held = UINT64_MAX;
  sweep (t, 0);
  const uint64_t held = t->outer->held;
  t->outer->held = outer;
  return held;
}

/* The lanes of group, whose values are there: their outputs, or what their adjoints give. */
static void finish (const nest *t, size_t k, uint64_t group)
{
  place_trip (t->c, &t->c->nest, k);
  for (size_t o = 0; o < t->s->outs; o++)
    FOR_MODES (d, t->mode)
      for (size_t i = 0; i < t->s->out[o].width; i++)
        {
          const size_t place = t->s->out[o].place + i, first = t->reverse ? WGI_ADJOINT : WGI_VALUE;
          double *own = at (t->outer, (int) first + d, own_output (t, place));
          double *out = at (t->outer, (int) first + d, out_slot (t, o, k) + i);
          for (size_t l = 0; l < WGI_LANES; l++)
            if (group >> l & 1)
              {
                if (!t->reverse) out[l] += own[l];
                else if (output_is_slot (t, place)) own[l] += out[l];
              }
        }
  if (!t->reverse) return;
  sweep (t, 1);
  FOR_MODES (d, t->mode)
    for (size_t i = 0; i < t->s->m; i++)
      for (size_t l = 0; l < WGI_LANES && output_is_slot (t, i) && own_output (t, i) >= t->body.n; l++)
        at (t->outer, WGI_ADJOINT + d, own_output (t, i))[l] = -0.;
}

/* Is the body's trace at hand one that has to be swept lane by lane? */
static int in_blocks (const nest *t) { return wgi_has_blocks (t->c->one->fun->trace->program); }

static int one_lane (const nest *t, size_t k, size_t l) { return t->reverse ? lane_reverse (t, k, l) : lane_forward (t, k, l); }

/* The lanes of pending that hold the trace of the first of them.  That one by itself, if a branch of its own depends on a NaN or on the
 * last bits of a value. */
static int split (nest *t, size_t k, uint64_t pending, uint64_t *group)
{
  const size_t first = (size_t) __builtin_ctzll (pending);
  wgi_callee *one = t->c->one;
  see (t, k, first);
  int rc = wgi_fun_at (one->fun, wgi_callee_arrays (one).x[0]);
  *group = 0;
  if (!rc && in_blocks (t)) rc = 1;
  if (!rc) rc = take_body (t);
  if (rc < 0 || t->outer->wanted) return rc;
  if (!rc) *group = values (t, k) & pending;
  if (*group >> first & 1) return finish (t, k, *group), WG_OK;
  *group = (uint64_t) 1 << first;
  rc = one_lane (t, k, first);
  return rc || in_blocks (t) ? rc : take_body (t);
}

static int trip (nest *t, size_t k)
{
  uint64_t pending = ((uint64_t) 1 << WGI_LANES) - 1, group;
  int rc = WG_OK;
  for (size_t l = 0; l < WGI_LANES && in_blocks (t) && !rc; l++)
    {
      rc = one_lane (t, k, l);
      pending &= ~((uint64_t) 1 << l);
    }
  if (rc || !pending) return rc;
  if (!is_for (&t->c->nest, t->c->one->fun->trace->program) && (rc = take_body (t))) return rc < 0 ? rc : WG_OK;
  const uint64_t held = values (t, k);
  if (t->outer->wanted) return WG_OK;
  if ((held & pending) == pending) return finish (t, k, pending), WG_OK;
  while (pending && !rc && !t->outer->wanted)
    {
      rc = split (t, k, pending, &group);
      pending &= ~group;
    }
  return rc;
}

/* Outputs to 0 before trips add to them, their adjoints to rest after a reverse sweep. */
static void clear_outputs (const nest *t, int first_plane, double value)
{
  FOR_MODES (d, t->mode)
    {
      double *to = at (t->outer, first_plane + d, t->out);
      for (size_t i = 0; i < t->s->source.m*WGI_LANES; i++) to[i] = value;
    }
}

/* Adjoints that nobody takes: of operands that carry no derivative, and of data. */
static void forget_adjoints (const nest *t)
{
  const wgi_nest *r = &t->c->nest;
  FOR_MODES (d, t->mode)
    {
      for (size_t j = 0; j < t->s->source.n; j++)
        for (size_t l = 0; l < WGI_LANES && t->operand[j] & WGI_INACTIVE; l++)
          at (t->outer, WGI_ADJOINT + d, t->operand[j] & ~WGI_INACTIVE)[l] = -0.;
      for (size_t i = 0; i < t->s->args.count; i++)
        for (size_t j = 0; j < t->c->arg[i].width && r->word && t->c->arg[i].data && t->c->arg[i].place + j < t->s->n; j++)
          for (size_t l = 0; l < WGI_LANES; l++) at (t->outer, WGI_ADJOINT + d, r->base + t->c->arg[i].place + j)[l] = -0.;
    }
}

int wgi_map_nested (wgi_callee *callee, int mode, int reverse, wgi_lane_frame *outer, const uint32_t *operand, size_t out)
{
  wgi_map_callee *c = (wgi_map_callee *) callee;
  nest t = { .c = c, .s = wgi_map_of (c), .outer = outer, .mode = mode, .reverse = reverse, .operand = operand, .out = out };
  int rc = WG_OK;
  c->notice = WG_OK, c->one->sweeps = outer->sweeps, c->one->scans = outer->scans, c->one->ahead = 0;
  if (wgi_fun_is_stale (c->one->fun)) return 1;
  if (!reverse) clear_outputs (&t, WGI_VALUE, 0);
  for (size_t k = 0; k < c->items && rc >= 0 && !outer->wanted; k++)
    {
      if (!in_blocks (&t) && (k == 0 || !is_for (&c->nest, c->one->fun->trace->program))) rc = take_body (&t);
      if (rc > 0) return WG_OK;                /* no room: this sweep is void */
      if (!rc) rc = trip (&t, k);
    }
  if (reverse) clear_outputs (&t, WGI_ADJOINT, -0.), forget_adjoints (&t);
  if (c->notice && !outer->status) outer->status = c->notice, outer->why = c->callee.why;
  return rc < 0 ? rc : WG_OK;
}
