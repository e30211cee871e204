/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Scans forward and back.  A forward sweep that a reverse one follows keeps the states that its schedule begins with.
 * Going back, the state of a step is there, or comes from the last one kept before it, with further states kept on the way
 * where those behind are no longer needed.  Where all states fit they stay, for the next reverse sweep at this point.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "fun/checkpoints.h"
#include "fun/scan.h"
#include "sweep/numbers.h"

/* room */

static size_t planes_of (int mode) { return (size_t) mode + 1; }          /* modes are 0, 1, 3 */

/* A state is so many numbers, its step's number one more. */
static size_t state_size (const wgi_scan_callee *c, int mode)
{
  return wgi_times (wgi_scan_of (c)->ns, planes_of (mode));
}

/* Have room for the states that the limit allows, and no more than it allows; c->most is how many. */
static int have_room (wgi_scan_callee *c, int mode)
{
  const size_t all = c->steps ? c->steps - 1 : 0, size = state_size (c, mode);
  const size_t limit = c->callee.resources ? c->callee.resources->scans.limit : WG_ROOT_STATES;
  size_t most = all, roof = SIZE_MAX;
  if (limit == WG_ROOT_STATES) roof = wgi_times (most = wgi_checkpoint_root (c->steps), state_size (c, WGI_SCAN_PLANES - 1));
  else if (limit != WG_ALL_STATES) most = limit/sizeof (double)/wgi_plus (size, 1), roof = limit/sizeof (double);
  if (most > all) most = all;
  const size_t numbers = wgi_times (most, size);
  if (c->states_room < numbers || c->places_room < most || c->states_room > roof || c->places_room > roof - c->states_room)
    {
      free (c->kept), free (c->at);
      c->count = c->known = 0, c->states_room = c->places_room = 0;
      c->kept = malloc (wgi_times (numbers + 1, sizeof *c->kept)), c->at = malloc (wgi_times (most + 1, sizeof *c->at));
      if (!c->kept || !c->at) return wgi_fail (WG_ENOMEM, "no memory for %zu states of a scan", most);
      c->states_room = numbers, c->places_room = most;
    }
  if (most != c->most) c->known = 0;
  c->most = most;
  return WG_OK;
}

/* Are the states known those of x in this mode? */
static int same_point (const wgi_scan_callee *c, int mode, double *const x[])
{
  int same = c->known && c->mode == mode && c->lanes == c->callee.sweeps && c->generation == wgi_callee_generation (c->one);
  WGI_FOR_MODES (d, mode) same = same && memcmp (c->x[d], x[d], c->callee.source->n*sizeof *x[d]) == 0;
  return same;
}

/* From now on states are those of x. */
static void begin_point (wgi_scan_callee *c, int mode, double *const x[])
{
  WGI_FOR_MODES (d, mode) memcpy (c->x[d], x[d], c->callee.source->n*sizeof *x[d]);
  c->mode = mode, c->lanes = c->callee.sweeps, c->generation = wgi_callee_generation (c->one);
  c->count = 0, c->here = WGI_NO_STEP, c->known = 1;
}

/* states */

static void first_state (const wgi_scan_callee *c, int mode, double *const x[])
{
  const wgi_scan *s = wgi_scan_of (c);
  const wgi_arrays a = wgi_callee_arrays (c->one);
  WGI_FOR_MODES (d, mode) for (size_t j = 0; j < s->ns; j++) a.x[d][j] = s->init[j] == WGI_NO_OPERAND ? 0 : x[d][s->init[j]];
}

static double *kept_state (const wgi_scan_callee *c, int mode, size_t i, int d)
{
  return c->kept + i*state_size (c, mode) + (size_t) d*wgi_scan_of (c)->ns;
}

static void keep_state (wgi_scan_callee *c, int mode, size_t k)
{
  const wgi_arrays a = wgi_callee_arrays (c->one);
  wg_scan_info *info = c->callee.resources ? &c->callee.resources->scans : NULL;
  WGI_FOR_MODES (d, mode) memcpy (kept_state (c, mode, c->count, d), a.x[d], wgi_scan_of (c)->ns*sizeof (double));
  c->at[c->count++] = k;
  const size_t bytes = c->count*(state_size (c, mode) + 1)*sizeof (double);
  if (info && info->states < c->count) info->states = c->count;
  if (info && info->bytes < bytes) info->bytes = bytes;
}

/* The state that is to be kept next, from the last one kept, at step k, with the steps k .. to to reverse. */
static size_t next_kept (const wgi_scan_callee *c, size_t k, size_t to)
{
  const size_t steps = to - k + 1, states = c->most - c->count + 1;
  return steps < 2 || states < 2 ? WGI_NO_STEP : k + wgi_checkpoint_advance (steps, states);
}

/* forward */

static int told (wgi_scan_callee *c, int rc)
{
  if (rc > 0 && !c->notice) c->notice = rc, c->callee.why = c->one->why;
  return rc < 0 ? rc : WG_OK;
}

/* Step k from the state in the step's arrays, to its outputs there. */
static int step (wgi_scan_callee *c, int mode, size_t k)
{
  const wgi_arrays a = wgi_callee_arrays (c->one);
  wgi_args_see (c->arg, wgi_scan_of (c)->args.count, c->one, mode, wgi_scan_item (c, k));
  return told (c, c->one->forward (c->one, mode, a.x, a.y));
}

static void take_state (const wgi_scan_callee *c, int mode)
{
  const wgi_arrays a = wgi_callee_arrays (c->one);
  WGI_FOR_MODES (d, mode) memcpy (a.x[d], a.y[d], wgi_scan_of (c)->ns*sizeof (double));
}

static void write_outputs (const wgi_scan_callee *c, int mode, double *const y[], size_t k)
{
  const wgi_scan *s = wgi_scan_of (c);
  const wgi_arrays a = wgi_callee_arrays (c->one);
  for (const wgi_arg *o = s->out; o < s->out + s->outs; o++)
    {
      const size_t to = o->first + wgi_arg_row (o, wgi_scan_item (c, k));
      WGI_FOR_MODES (d, mode) for (size_t i = 0; i < o->width; i++) y[d][to + i] += a.y[d][o->place + i];
    }
}

/* From the state of step k to that of step to, keeping states for the steps k .. to; y NULL: nobody wants outputs. */
static int advance (wgi_scan_callee *c, int mode, double *const y[], size_t k, size_t to, int keep)
{
  size_t next = keep ? next_kept (c, k, to) : WGI_NO_STEP;
  for (; k < to; k++)
    {
      const int rc = step (c, mode, k);
      if (rc) return rc;
      if (y) write_outputs (c, mode, y, k);
      take_state (c, mode);
      if (k + 1 == next) keep_state (c, mode, next), next = next_kept (c, next, to);
    }
  return WG_OK;
}

/* What every sweep begins with. */
static int begin (wgi_scan_callee *c, int mode, double *const x[])
{
  const wgi_scan *s = wgi_scan_of (c);
  for (size_t i = 0; i < s->args.count; i++)
    if (c->arg[i].stride && c->arg[i].bound != c->steps)
      return wgi_fail (WG_ESHAPE, "scan: argument %zu has rows for %zu steps of %zu", i, c->arg[i].bound, c->steps);
  c->one->sweeps = c->callee.sweeps, c->one->resources = c->callee.resources, c->one->ahead = 0;
  c->notice = WG_OK;
  wgi_args_point (c->arg, s->args.count, mode, x);
  return WG_OK;
}

int wgi_scan_forward (wgi_callee *callee, int mode, double *const x[], double *const y[])
{
  wgi_scan_callee *c = (wgi_scan_callee *) callee;
  const wgi_scan *s = wgi_scan_of (c);
  const wgi_arrays a = wgi_callee_arrays (c->one);
  const size_t last = c->steps ? c->steps - 1 : 0;
  int rc = begin (c, mode, x);
  if (!rc && callee->ahead) rc = have_room (c, mode);
  if (rc) return rc;
  if (callee->ahead) begin_point (c, mode, x);
  else c->known = 0;
  WGI_FOR_MODES (d, mode) for (size_t i = 0; i < callee->source->m; i++) y[d][i] = -0.;      /* -0.0 + v is v */
  first_state (c, mode, x);
  rc = advance (c, mode, y, 0, last, callee->ahead);
  if (!rc && c->steps)
    {
      rc = step (c, mode, last);
      write_outputs (c, mode, y, last);
    }
  if (rc) return c->known = 0, rc;
  WGI_FOR_MODES (d, mode) memcpy (y[d], (c->steps ? a.y[d] : a.x[d]) + s->hidden, (s->ns - s->hidden)*sizeof (double));
  c->here = last;
  return c->notice;
}

/* reverse */

/* Bring the state of step k into the step's arrays. */
static int go_back (wgi_scan_callee *c, int mode, double *const x[], size_t k)
{
  const int all = c->most + 1 >= c->steps;
  size_t kept = c->count;
  if (c->here == k) return WG_OK;
  if (all && kept > k) kept = k;                  /* the i-th is that of step i + 1, and stays */
  while (kept && c->at[kept-1] > k) kept--;
  if (!all) c->count = kept;
  const size_t from = kept ? c->at[kept-1] : 0;
  if (!kept) first_state (c, mode, x);
  else WGI_FOR_MODES (d, mode) memcpy (wgi_callee_arrays (c->one).x[d], kept_state (c, mode, kept - 1, d), wgi_scan_of (c)->ns*sizeof (double));
  if (c->callee.resources) c->callee.resources->scans.again += k - from;
  const int rc = advance (c, mode, NULL, from, k, 1);
  if (!rc) c->here = k;
  return rc;
}

/* The adjoints of step k's results are those of its state, which are there, and of its outputs.  Is any awake? */
static int seed_step (const wgi_scan_callee *c, int mode, double *const ybar[], size_t k)
{
  const wgi_scan *s = wgi_scan_of (c);
  const wgi_arrays a = wgi_callee_arrays (c->one);
  int awake = 0;
  WGI_FOR_MODES (d, mode) for (size_t i = 0; i < s->mo; i++) a.ybar[d][s->ns + i] = -0.;
  for (const wgi_arg *o = s->out; o < s->out + s->outs; o++)
    {
      const size_t from = o->first + wgi_arg_row (o, wgi_scan_item (c, k));
      WGI_FOR_MODES (d, mode) for (size_t i = 0; i < o->width; i++) a.ybar[d][o->place + i] = ybar[d][from + i];
    }
  for (size_t i = 0; i < s->ns + s->mo; i++) awake |= !wgi_asleep (a.ybar[0][i]);
  return awake;
}

static int reverse_step (wgi_scan_callee *c, int mode, double *const x[], double *const ybar[], double *const xbar[], size_t k)
{
  const wgi_scan *s = wgi_scan_of (c);
  const wgi_arrays a = wgi_callee_arrays (c->one);
  if (!seed_step (c, mode, ybar, k))
    {
      WGI_FOR_MODES (d, mode) for (size_t j = 0; j < s->ns; j++) a.ybar[d][j] = -0.;
      return WG_OK;
    }
  int rc = go_back (c, mode, x, k);
  if (rc) return rc;
  const size_t item = wgi_scan_item (c, k);
  wgi_args_see (c->arg, s->args.count, c->one, mode, item);
  rc = told (c, c->one->reverse (c->one, mode, a.x, a.ybar, a.xbar));
  if (rc) return rc;
  if (c->callee.resources) c->callee.resources->scans.reversed++;
  wgi_args_scatter (c->arg, s->args.count, c->one, mode, xbar, item);
  WGI_FOR_MODES (d, mode) memcpy (a.ybar[d], a.xbar[d], s->ns*sizeof (double));
  return WG_OK;
}

int wgi_scan_reverse (wgi_callee *callee, int mode, double *const x[], double *const ybar[], double *const xbar[])
{
  wgi_scan_callee *c = (wgi_scan_callee *) callee;
  const wgi_scan *s = wgi_scan_of (c);
  const wgi_arrays a = wgi_callee_arrays (c->one);
  int rc = begin (c, mode, x);
  if (!rc) rc = have_room (c, mode);
  if (rc) return rc;
  const int apart = !same_point (c, mode, x);       /* no forward sweep has announced this one: data may be others next time */
  if (apart) begin_point (c, mode, x);
  WGI_FOR_MODES (d, mode)
    {
      for (size_t j = 0; j < callee->source->n; j++) xbar[d][j] = -0.;
      for (size_t j = 0; j < s->ns; j++) a.ybar[d][j] = j < s->hidden ? -0. : ybar[d][j - s->hidden];
    }
  for (size_t k = c->steps; k-- && !rc; ) rc = reverse_step (c, mode, x, ybar, xbar, k);
  c->known = !rc && !apart;
  if (rc) return rc;
  WGI_FOR_MODES (d, mode)
    for (size_t j = 0; j < s->ns; j++) if (s->init[j] != WGI_NO_OPERAND) xbar[d][s->init[j]] += a.ybar[d][j];
  return c->notice;
}
