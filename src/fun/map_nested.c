/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * A map within a body that is swept in lanes: the lanes are the outer loop's items, and this loop's trips come one after the
 * other.  A trip brings its operands from the outer planes and, in reverse, gives their adjoints back; the trip's
 * values are computed again there.  Lanes that do not hold the body's trace at hand take that trip by themselves.
 */
#include <math.h>
#include <string.h>

#include "fun/map.h"
#include "sweep/numbers.h"

#define FOR_MODES(d, mode) for (int d = 0; d <= (mode); d++) if ((d & (mode)) == d)

typedef struct {
  wgi_map_callee *c;
  const wgi_map *s;
  const wgi_program *p;
  wgi_lane_frame *in, *outer;
  int mode;
  const uint32_t *operand;       /* words of the outer program */
  size_t out;                    /* its slot of the first output */
} nest;

static double *at (const wgi_lane_frame *frame, int plane, size_t word) { return frame->plane[plane] + word*frame->lanes; }

/* Data are the same in all lanes. */
static void put_data (const nest *t, const wgi_arg *a, const double *data)
{
  const size_t lanes = t->in->lanes, params = t->p->slots + t->p->constants;
  for (size_t j = 0; j < a->width; j++)
    {
      const size_t place = a->place + j;
      if (place >= t->s->n + t->p->params) break;
      double *to = at (t->in, WGI_VALUE, place < t->s->n ? place : params + place - t->s->n);
      for (size_t l = 0; l < lanes; l++) to[l] = data[j];
      if (place < t->s->n && t->mode) memset (at (t->in, WGI_D1, place), 0, lanes*sizeof *to);
    }
}

/* What trip k sees, or what all trips share. */
static void bring (const nest *t, size_t k, int shared)
{
  for (size_t i = 0; i < t->s->args.count; i++)
    {
      const wgi_arg *a = &t->c->arg[i];
      if ((a->stride == 0) != shared) continue;
      const size_t row = shared ? 0 : wgi_arg_row (a, k);
      if (a->data) put_data (t, a, a->data + row);
      else
        FOR_MODES (d, t->mode)
          t->in->sweeps->bring (at (t->in, d, a->place), t->in->lanes, a->width, t->outer->plane[d],
                                t->operand + a->first + row, d != 0);
    }
}

static void give (const nest *t, size_t k, int shared)
{
  for (size_t i = 0; i < t->s->args.count; i++)
    {
      const wgi_arg *a = &t->c->arg[i];
      if ((a->stride == 0) != shared || a->data) continue;
      FOR_MODES (d, t->mode)
        t->in->sweeps->give (t->outer->plane[WGI_ADJOINT + d], t->in->lanes, a->width, at (t->in, WGI_ADJOINT + d, a->place),
                             t->operand + a->first + (shared ? 0 : wgi_arg_row (a, k)));
    }
}

static void sweep (const nest *t)
{
  t->in->held = UINT64_MAX;
  (t->mode ? t->in->sweeps->forward_dual : t->in->sweeps->forward) (t->p, t->in);
}

static size_t out_slot (const nest *t, size_t k) { return t->out + (t->s->sum ? 0 : k*t->s->m); }

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
  const int rc = one->forward (one, t->mode, a.x, a.y);
  if (rc < 0) return rc;
  FOR_MODES (d, t->mode)
    for (size_t i = 0; i < t->s->m; i++)
      {
        double *y = at (t->outer, d, out_slot (t, k) + i) + l;
        *y = (t->s->sum ? *y : 0) + (rc ? NAN : a.y[d][i]);
      }
  return WG_OK;
}

static int lane_reverse (const nest *t, size_t k, size_t l)
{
  wgi_callee *one = t->c->one;
  const wgi_arrays a = wgi_callee_arrays (one);
  int awake = 0;
  FOR_MODES (d, t->mode)
    for (size_t i = 0; i < t->s->m; i++)
      {
        a.ybar[d][i] = at (t->outer, WGI_ADJOINT + d, out_slot (t, k) + i)[l];
        awake |= !d && !wgi_asleep (a.ybar[0][i]);
      }
  if (!awake) return WG_OK;
  see (t, k, l);
  const int rc = one->reverse (one, t->mode, a.x, a.ybar, a.xbar);
  if (rc < 0) return rc;
  for (size_t i = 0; i < t->s->args.count; i++)
    {
      const wgi_arg *arg = &t->c->arg[i];
      for (size_t j = 0; j < arg->width && !arg->data; j++)
        {
          const uint32_t word = t->operand[arg->first + wgi_arg_row (arg, k) + j];
          if (!(word & WGI_INACTIVE))
            FOR_MODES (d, t->mode) at (t->outer, WGI_ADJOINT + d, word)[l] += rc ? NAN : a.xbar[d][arg->place + j];
        }
    }
  return WG_OK;
}

static int by_themselves (const nest *t, size_t k, int reverse)
{
  int rc = WG_OK;
  for (size_t l = 0; l < t->in->lanes && rc >= 0; l++)
    if (!(t->in->held >> l & 1))
      {
        rc = reverse ? lane_reverse (t, k, l) : lane_forward (t, k, l);
        t->c->nested.spread = NULL;              /* the body may be at another trace now */
      }
  return rc;
}

/* trips */

/* The planes for the body's trace, with what all trips share. */
static int renew (nest *t, int reverse)
{
  wgi_map_frame *f = &t->c->nested;
  const unsigned planes = t->mode ? 3 : 1;
  const int rc = wgi_map_planes (t->c, f, t->outer->lanes, reverse ? planes | planes << WGI_ADJOINT : planes);
  if (rc || f->spread) return rc;
  t->p = t->c->one->fun->trace->program;
  f->frame.sweeps = t->outer->sweeps;
  wgi_map_spread (t->c, f, t->mode, NULL);
  bring (t, 0, 1);
  return WG_OK;
}

static int trip_forward (const nest *t, size_t k)
{
  const size_t lanes = t->in->lanes;
  bring (t, k, 0);
  sweep (t);
  FOR_MODES (d, t->mode)
    for (size_t i = 0; i < t->s->m; i++)
      {
        const double *y = d && !wgi_is_slot (t->p, t->p->out[i]) ? NULL : at (t->in, d, t->p->out[i]);
        double *to = at (t->outer, d, out_slot (t, k) + i);
        for (size_t l = 0; l < lanes; l++)
          if (t->in->held >> l & 1) to[l] = (t->s->sum ? to[l] : 0) + (y ? y[l] : 0);
      }
  return by_themselves (t, k, 0);
}

static int trip_reverse (const nest *t, size_t k)
{
  const size_t lanes = t->in->lanes;
  bring (t, k, 0);
  sweep (t);
  FOR_MODES (d, t->mode)
    for (size_t i = 0; i < t->s->m; i++)
      {
        const double *from = at (t->outer, WGI_ADJOINT + d, out_slot (t, k) + i);
        double *to = at (t->in, WGI_ADJOINT + d, t->p->out[i]);
        for (size_t l = 0; l < lanes && wgi_is_slot (t->p, t->p->out[i]); l++)
          if (t->in->held >> l & 1) to[l] += from[l];
      }
  (t->mode ? t->in->sweeps->reverse_dual : t->in->sweeps->reverse) (t->p, t->in);
  FOR_MODES (d, t->mode)
    for (size_t i = 0; i < t->s->m; i++)
      for (size_t l = 0; l < lanes && t->p->out[i] >= t->p->n && wgi_is_slot (t->p, t->p->out[i]); l++)
        at (t->in, WGI_ADJOINT + d, t->p->out[i])[l] = -0.;
  give (t, k, 0);
  return by_themselves (t, k, 1);
}

/* Outputs to 0 before a sum, their adjoints to rest after a reverse sweep. */
static void clear_outputs (const nest *t, int first_plane, double value)
{
  FOR_MODES (d, t->mode)
    {
      double *to = at (t->outer, first_plane + d, t->out);
      for (size_t i = 0; i < t->s->source.m*t->outer->lanes; i++) to[i] = value;
    }
}

int wgi_map_nested (wgi_callee *callee, int mode, int reverse, wgi_lane_frame *outer, const uint32_t *operand, size_t out)
{
  wgi_map_callee *c = (wgi_map_callee *) callee;
  wgi_map_frame *f = &c->nested;
  if (!c->kernel || wgi_fun_is_stale (c->one->fun)) return 1;
  nest t = { .c = c, .s = wgi_map_of (c), .in = &f->frame, .outer = outer, .mode = mode, .operand = operand, .out = out };
  int rc = WG_OK;
  f->spread = NULL, f->frame.status = 0;
  if (!reverse && t.s->sum) clear_outputs (&t, WGI_VALUE, 0);
  for (size_t k = 0; k < c->items && rc >= 0; k++)
    {
      rc = renew (&t, reverse);
      if (!rc) rc = reverse ? trip_reverse (&t, k) : trip_forward (&t, k);
    }
  if (reverse && c->items && rc >= 0) give (&t, 0, 1);
  if (reverse) clear_outputs (&t, WGI_ADJOINT, -0.);
  if (rc < 0) f->numbers = 0;              /* adjoints may be left behind: new planes next time */
  return rc < 0 ? rc : f->frame.status;
}
