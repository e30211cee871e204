/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Calls in sweeps over lanes: in all lanes at once if the callee can do that, else one lane after the other, as the calls
 * of scalar sweeps.
 */
#include "sweep/lanes.h"
#include "sweep/numbers.h"

static void gather (const wgi_lane_frame *frame, int mode, size_t lane, const wgi_callee *c, double *const x[])
{
  WGI_FOR_MODES (d, mode)
    for (size_t j = 0, at = 0; j < wgi_source_words (c->source); j++)
      for (size_t k = 0; k < wgi_source_size (c->source, j); k++, at++)
        x[d][at] = d && c->operand[j] & WGI_INACTIVE ? 0 : wgi_lane_at (frame, d, frame->layout->place[(c->operand[j] & ~WGI_INACTIVE) + k], lane);
}

static void add_one (const wgi_lane_frame *frame, int plane, size_t lane, const wgi_callee *c, int rc, const double xbar[])
{
  for (size_t j = 0, at = 0; j < wgi_source_words (c->source); j++)
    for (size_t k = 0; k < wgi_source_size (c->source, j); k++, at++)
      if (!(c->operand[j] & WGI_INACTIVE))
        {
          size_t lanes;
          double *to = wgi_lane_adjoint (frame, plane, frame->layout->adjoint[c->operand[j] + k], &lanes);
          to[lane % lanes] += rc < 0 ? NAN : xbar[at];
        }
}

/* 1: it cannot. */
static int at_once (wgi_callee *c, int mode, int reverse, wgi_lane_frame *frame, const uint32_t *word, size_t out)
{
  const int rc = c->lanes && mode <= WGI_D1 ? c->lanes (c, mode, reverse, frame, word + 1, out) : 1;
  if (rc < 0 && frame->status >= 0) frame->status = rc;
  return rc > 0;
}

void wgi_call_lanes_forward (wgi_lane_frame *frame, int mode, const uint32_t *word, size_t out)
{
  wgi_callee *c = frame->callee[word[0]];
  c->operand = word + 1, c->sweeps = frame->sweeps, c->resources = frame->resources;
  const wgi_arrays a = wgi_callee_arrays (c);
  if (!at_once (c, mode, 0, frame, word, out)) return;
  for (size_t lane = 0; lane < WGI_LANES; lane++)
    {
      gather (frame, mode, lane, c, a.x);
      const int rc = c->forward (c, mode, a.x, a.y);
      if (rc && frame->status >= 0 && (rc < 0 || !frame->status)) frame->status = rc, frame->why = c->why;
      WGI_FOR_MODES (d, mode)
        for (size_t i = 0; i < c->source->m; i++) frame->plane[d][(out + i)*WGI_LANES + lane] = rc < 0 ? NAN : a.y[d][i];
    }
}

void wgi_call_lanes_reverse (wgi_lane_frame *frame, int mode, const uint32_t *word, size_t out)
{
  wgi_callee *c = frame->callee[word[0]];
  c->operand = word + 1, c->sweeps = frame->sweeps, c->resources = frame->resources;
  const size_t m = c->source->m;
  const wgi_arrays a = wgi_callee_arrays (c);
  if (!at_once (c, mode, 1, frame, word, out)) return;
  for (size_t lane = 0; lane < WGI_LANES; lane++)
    {
      int awake = 0;
      for (size_t i = 0; i < m; i++) awake |= !wgi_asleep (frame->plane[WGI_ADJOINT][(out + i)*WGI_LANES + lane]);
      WGI_FOR_MODES (d, mode)
        for (size_t i = 0; i < m; i++) a.ybar[d][i] = wgi_take (&frame->plane[WGI_ADJOINT + d][(out + i)*WGI_LANES + lane]);
      if (!awake) continue;
      gather (frame, mode, lane, c, a.x);
      const int rc = c->reverse (c, mode, a.x, a.ybar, a.xbar);
      if (rc && frame->status >= 0 && (rc < 0 || !frame->status)) frame->status = rc, frame->why = c->why;
      WGI_FOR_MODES (d, mode) add_one (frame, WGI_ADJOINT + d, lane, c, rc, a.xbar[d]);
    }
}

static void exchange (wgi_lane_frame *frame)
{
  double *const plane = frame->plane[WGI_ADJOINT], *const shared = frame->shared[WGI_ADJOINT];
  frame->plane[WGI_ADJOINT] = frame->plane[WGI_ADJOINT + WGI_D1], frame->plane[WGI_ADJOINT + WGI_D1] = plane;
  frame->shared[WGI_ADJOINT] = frame->shared[WGI_ADJOINT + WGI_D1], frame->shared[WGI_ADJOINT + WGI_D1] = shared;
}

void wgi_call_lanes_reverse_two (wgi_lane_frame *frame, const uint32_t *word, size_t out)
{
  for (int i = 0; i < 2; i++)
    {
      wgi_call_lanes_reverse (frame, WGI_VALUE, word, out);
      exchange (frame);
    }
}
