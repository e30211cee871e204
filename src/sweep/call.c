/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Calls in sweeps: operands are gathered, the callee evaluates or pulls back, results are scattered; or it works on the
 * planes in place.  An operand that is not active is lifted, as in a row.  Inner values are the callee's and are computed again
 * in the reverse sweep: a call is a checkpoint.
 */
#include <string.h>

#include "sweep/numbers.h"
#include "sweep/plane.h"

static wgi_callee *callee_of (const wgi_frame *frame, const uint32_t *word)
{
  wgi_callee *c = frame->callee[word[0]];
  c->operand = word + 1, c->sweeps = frame->sweeps, c->resources = frame->resources;
  return c;
}

static void keep_status (wgi_frame *frame, const wgi_callee *c, int rc)
{
  if (rc < 0 && !frame->status) frame->status = rc;
  if (rc > 0 && !frame->notice) frame->notice = rc, frame->why = c->why;
}

static void gather (const wgi_frame *frame, int mode, const wgi_source *s, const uint32_t *operand, double *const x[])
{
  WGI_FOR_MODES (d, mode)
    for (size_t j = 0, at = 0; j < wgi_source_words (s); j++)
      for (size_t k = 0; k < wgi_source_size (s, j); k++, at++)
        x[d][at] = d && operand[j] & WGI_INACTIVE ? 0 : frame->plane[d][(operand[j] & ~WGI_INACTIVE) + k];
}

/* Where the blocks of the operands are: in the planes from first on, or NULL.  An array of pointers for each mode. */
static void point (const wgi_frame *frame, int mode, int first, const wgi_callee *c, double **pointer, double *const *block[])
{
  const size_t words = wgi_source_words (c->source);
  WGI_FOR_MODES (d, mode)
    {
      double **at = pointer + (size_t) d*words;
      for (size_t j = 0; j < words; j++)
        at[j] = (first || d) && c->operand[j] & WGI_INACTIVE ? NULL : frame->plane[first + d] + (c->operand[j] & ~WGI_INACTIVE);
      block[d] = at;
    }
}

/* As evaluate and wgi_call_reverse, in place. */
static void evaluate_in_place (wgi_frame *frame, wgi_callee *c, int mode, size_t out)
{
  double *const *x[4], *y[4];
  point (frame, mode, 0, c, c->pointer, x);
  WGI_FOR_MODES (d, mode) y[d] = frame->plane[d] + out;
  const int rc = c->in_place (c, mode, x, y, NULL, NULL);
  keep_status (frame, c, rc);
  WGI_FOR_MODES (d, mode) for (size_t i = 0; i < c->source->m && rc < 0; i++) y[d][i] = NAN;
}

static void reverse_in_place (wgi_frame *frame, wgi_callee *c, int mode, size_t out, int keep)
{
  double *const *x[4], *const *xbar[4], *y[4], *ybar[4];
  point (frame, mode, 0, c, c->pointer, x);
  point (frame, mode, WGI_ADJOINT, c, c->pointer + 4*wgi_source_words (c->source), xbar);
  WGI_FOR_MODES (d, mode) y[d] = frame->plane[d] + out, ybar[d] = frame->plane[WGI_ADJOINT + d] + out;
  const int rc = c->in_place (c, mode, x, y, ybar, xbar);
  keep_status (frame, c, rc);
  WGI_FOR_MODES (d, mode)
    {
      for (size_t j = 0; j < wgi_source_words (c->source) && rc < 0; j++)
        for (size_t k = 0; k < wgi_source_size (c->source, j) && xbar[d][j]; k++) xbar[d][j][k] = NAN;
      for (size_t i = 0; i < c->source->m && !keep; i++) ybar[d][i] = -0.;
    }
}

/* Write the planes of mode from first on. */
static void evaluate (wgi_frame *frame, int mode, int first, const uint32_t *word, size_t out)
{
  wgi_callee *c = callee_of (frame, word);
  const wgi_arrays a = wgi_callee_arrays (c);
  c->ahead = frame->ahead;
  if (c->in_place && !first)
    {
      evaluate_in_place (frame, c, mode, out);
      return;
    }
  if (c->forward_in_planes)
    {
      const int rc = c->forward_in_planes (c, mode, first, frame->plane, out);
      if (!c->ahead) frame->ahead = 0;
      keep_status (frame, c, rc);
      WGI_FOR_MODES (d, mode) for (size_t i = 0; i < c->source->m && d >= first && rc < 0; i++) frame->plane[d][out + i] = NAN;
      return;
    }
  gather (frame, mode, c->source, word + 1, a.x);
  const int rc = c->forward (c, mode, a.x, a.y);
  keep_status (frame, c, rc);
  WGI_FOR_MODES (d, mode)
    for (size_t i = 0; i < c->source->m && d >= first; i++) frame->plane[d][out + i] = rc < 0 ? NAN : a.y[d][i];
}

void wgi_call_forward (wgi_frame *frame, int mode, const uint32_t *word, size_t out)
{
  evaluate (frame, mode, WGI_VALUE, word, out);
}

void wgi_call_tangent (wgi_frame *frame, const uint32_t *word, size_t out)
{
  evaluate (frame, WGI_D1, WGI_D1, word, out);
}

/* Add the adjoints of the operands to a plane with step numbers per slot. */
static void add_one (double *plane, size_t step, const wgi_callee *c, int rc, const double xbar[])
{
  for (size_t j = 0, at = 0; j < wgi_source_words (c->source); j++)
    for (size_t k = 0; k < wgi_source_size (c->source, j); k++, at++)
      if (!(c->operand[j] & WGI_INACTIVE)) plane[(c->operand[j] + k)*step] += rc < 0 ? NAN : xbar[at];
}

/* The adjoints of a call's results, put to rest unless they are to be kept. */
static void take_results (wgi_frame *frame, int mode, const wgi_callee *c, size_t out, int keep, double *const ybar[])
{
  WGI_FOR_MODES (d, mode)
    {
      double *from = frame->plane[WGI_ADJOINT + d] + out;
      if (ybar) memcpy (ybar[d], from, c->source->m*sizeof *from);
      if (!keep) wgi_plane_rest (from, c->source->m);
    }
}

void wgi_call_reverse (wgi_frame *frame, int mode, const uint32_t *word, size_t out, int keep)
{
  wgi_callee *c = callee_of (frame, word);
  const wgi_arrays a = wgi_callee_arrays (c);
  int awake = 0, rc = 0;
  for (size_t i = 0; i < c->source->m && !awake; i++) awake = !wgi_asleep (frame->plane[WGI_ADJOINT][out + i]);
  if (awake && c->in_place)
    {
      reverse_in_place (frame, c, mode, out, keep);
      return;
    }
  const int there = c->reverse_in_planes != NULL;
  if (awake && there) rc = c->reverse_in_planes (c, mode, frame->plane, out);
  take_results (frame, mode, c, out, keep, there ? NULL : a.ybar);
  if (!awake) return;
  if (!there)
    {
      gather (frame, mode, c->source, word + 1, a.x);
      rc = c->reverse (c, mode, a.x, a.ybar, a.xbar);
    }
  keep_status (frame, c, rc);
  WGI_FOR_MODES (d, mode) if (rc < 0 || !there) add_one (frame->plane[WGI_ADJOINT + d], 1, c, rc, a.xbar[d]);
}

/* Directions one by one */

static void gather_lane (const wgi_frame *frame, int lane, const wgi_callee *c, double x[])
{
  const double *d = frame->wide[WGI_WIDE_TANGENT] + lane;
  for (size_t j = 0, at = 0; j < wgi_source_words (c->source); j++)
    for (size_t k = 0; k < wgi_source_size (c->source, j); k++, at++)
      x[at] = c->operand[j] & WGI_INACTIVE ? 0 : d[(c->operand[j] + k)*WGI_DIRECTIONS];
}

/* The adjoints of one lane of a call's outputs, put to rest. */
static void take_lane (const wgi_frame *frame, int lane, size_t out, size_t m, double ybar[])
{
  for (size_t i = 0; i < m; i++)
    {
      double *from = &frame->wide[WGI_WIDE_ADJOINT][(out + i)*WGI_DIRECTIONS + (size_t) lane];
      ybar[i] = *from;
      *from = -0.;
    }
}

void wgi_call_tangent_wide (wgi_frame *frame, const uint32_t *word, size_t out)
{
  wgi_callee *c = callee_of (frame, word);
  const wgi_arrays a = wgi_callee_arrays (c);
  gather (frame, WGI_VALUE, c->source, word + 1, a.x);
  for (int lane = 0; lane < WGI_DIRECTIONS; lane++)
    {
      gather_lane (frame, lane, c, a.x[1]);
      const int rc = c->forward (c, WGI_D1, a.x, a.y);
      keep_status (frame, c, rc);
      for (size_t i = 0; i < c->source->m; i++)
        frame->wide[WGI_WIDE_TANGENT][(out + i)*WGI_DIRECTIONS + (size_t) lane] = rc < 0 ? NAN : a.y[1][i];
    }
}

void wgi_call_reverse_dual_wide (wgi_frame *frame, const uint32_t *word, size_t out)
{
  wgi_callee *c = callee_of (frame, word);
  const size_t m = c->source->m;
  const wgi_arrays a = wgi_callee_arrays (c);
  int awake = 0;
  for (size_t i = 0; i < m; i++)
    {
      a.ybar[0][i] = wgi_take (&frame->plane[WGI_ADJOINT][out + i]);
      awake |= !wgi_asleep (a.ybar[0][i]);
    }
  gather (frame, WGI_VALUE, c->source, word + 1, a.x);
  for (int lane = 0; lane < WGI_DIRECTIONS; lane++)
    {
      take_lane (frame, lane, out, m, a.ybar[1]);
      if (!awake) continue;
      gather_lane (frame, lane, c, a.x[1]);
      const int rc = c->reverse (c, WGI_D1, a.x, a.ybar, a.xbar);
      keep_status (frame, c, rc);
      add_one (frame->wide[WGI_WIDE_ADJOINT] + lane, WGI_DIRECTIONS, c, rc, a.xbar[1]);
      if (lane == 0) add_one (frame->plane[WGI_ADJOINT], 1, c, rc, a.xbar[0]);
    }
}

void wgi_call_reverse_wide (wgi_frame *frame, const uint32_t *word, size_t out)
{
  wgi_callee *c = callee_of (frame, word);
  const size_t m = c->source->m;
  const wgi_arrays a = wgi_callee_arrays (c);
  gather (frame, WGI_VALUE, c->source, word + 1, a.x);
  for (int lane = 0; lane < WGI_DIRECTIONS; lane++)
    {
      int awake = 0;
      take_lane (frame, lane, out, m, a.ybar[0]);
      for (size_t i = 0; i < m; i++) awake |= !wgi_asleep (a.ybar[0][i]);
      if (!awake) continue;
      const int rc = c->reverse (c, WGI_VALUE, a.x, a.ybar, a.xbar);
      keep_status (frame, c, rc);
      add_one (frame->wide[WGI_WIDE_ADJOINT] + lane, WGI_DIRECTIONS, c, rc, a.xbar[0]);
    }
}
