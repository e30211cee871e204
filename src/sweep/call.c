/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Calls in sweeps: operands are gathered, the callee evaluates or pulls back, results are scattered.  An operand
 * that is not active is lifted, as in a row.  Inner values are the callee's and are computed again
 * in the reverse sweep: a call is a checkpoint.
 */
#include "sweep/numbers.h"

#define FOR_MODES(i, mode) for (int i = 0; i <= mode; i++) if ((i & mode) == i)

static wgi_callee *callee_of (const wgi_frame *frame, const uint32_t *word)
{
  wgi_callee *c = frame->callee[word[0]];
  c->operand = word + 1, c->sweeps = frame->sweeps, c->scans = frame->scans;
  return c;
}

static void gather (const wgi_frame *frame, int mode, const uint32_t *operand, size_t n, double *const x[])
{
  FOR_MODES (d, mode)
    for (size_t j = 0; j < n; j++)
      x[d][j] = d && operand[j] & WGI_INACTIVE ? 0 : frame->plane[d][operand[j] & ~WGI_INACTIVE];
}

static void keep_status (wgi_frame *frame, const wgi_callee *c, int rc)
{
  if (rc < 0 && !frame->status) frame->status = rc;
  if (rc > 0 && !frame->notice) frame->notice = rc, frame->why = c->why;
}

/* Write the planes of mode from first on. */
static void evaluate (wgi_frame *frame, int mode, int first, const uint32_t *word, size_t out)
{
  wgi_callee *c = callee_of (frame, word);
  const wgi_arrays a = wgi_callee_arrays (c);
  gather (frame, mode, word + 1, c->source->n, a.x);
  c->ahead = frame->ahead;
  const int rc = c->forward (c, mode, a.x, a.y);
  keep_status (frame, c, rc);
  FOR_MODES (d, mode)
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

void wgi_call_reverse (wgi_frame *frame, int mode, const uint32_t *word, size_t out, int keep)
{
  wgi_callee *c = callee_of (frame, word);
  const size_t n = c->source->n, m = c->source->m;
  const wgi_arrays a = wgi_callee_arrays (c);
  int awake = 0, rc = 0;
  for (size_t i = 0; i < m; i++) awake |= !wgi_asleep (frame->plane[WGI_ADJOINT][out + i]);
  FOR_MODES (d, mode)
    for (size_t i = 0; i < m; i++)
      {
        double *ybar = &frame->plane[WGI_ADJOINT + d][out + i];
        a.ybar[d][i] = *ybar;
        if (!keep) *ybar = -0.;
      }
  if (!awake) return;
  gather (frame, mode, word + 1, n, a.x);
  rc = c->reverse (c, mode, a.x, a.ybar, a.xbar);
  keep_status (frame, c, rc);
  FOR_MODES (d, mode)
    for (size_t j = 0; j < n; j++)
      if (!(word[1+j] & WGI_INACTIVE))
        frame->plane[WGI_ADJOINT + d][word[1+j]] += rc < 0 ? NAN : a.xbar[d][j];
}

/* Directions one by one */

static void gather_lane (const wgi_frame *frame, int lane, const uint32_t *operand, size_t n, double x[])
{
  const double *d = frame->wide[WGI_WIDE_TANGENT];
  for (size_t j = 0; j < n; j++) x[j] = operand[j] & WGI_INACTIVE ? 0 : d[(size_t) operand[j]*WGI_DIRECTIONS + (size_t) lane];
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

static void add_lane (const wgi_frame *frame, int lane, const uint32_t *operand, size_t n, int rc, const double xbar[])
{
  double *adjoint = frame->wide[WGI_WIDE_ADJOINT];
  for (size_t j = 0; j < n; j++)
    if (!(operand[j] & WGI_INACTIVE)) adjoint[(size_t) operand[j]*WGI_DIRECTIONS + (size_t) lane] += rc < 0 ? NAN : xbar[j];
}

void wgi_call_tangent_wide (wgi_frame *frame, const uint32_t *word, size_t out)
{
  wgi_callee *c = callee_of (frame, word);
  const wgi_arrays a = wgi_callee_arrays (c);
  gather (frame, WGI_VALUE, word + 1, c->source->n, a.x);
  for (int lane = 0; lane < WGI_DIRECTIONS; lane++)
    {
      gather_lane (frame, lane, word + 1, c->source->n, a.x[1]);
      const int rc = c->forward (c, WGI_D1, a.x, a.y);
      keep_status (frame, c, rc);
      for (size_t i = 0; i < c->source->m; i++)
        frame->wide[WGI_WIDE_TANGENT][(out + i)*WGI_DIRECTIONS + (size_t) lane] = rc < 0 ? NAN : a.y[1][i];
    }
}

void wgi_call_reverse_dual_wide (wgi_frame *frame, const uint32_t *word, size_t out)
{
  wgi_callee *c = callee_of (frame, word);
  const size_t n = c->source->n, m = c->source->m;
  const wgi_arrays a = wgi_callee_arrays (c);
  int awake = 0;
  for (size_t i = 0; i < m; i++)
    {
      a.ybar[0][i] = wgi_take (&frame->plane[WGI_ADJOINT][out + i]);
      awake |= !wgi_asleep (a.ybar[0][i]);
    }
  gather (frame, WGI_VALUE, word + 1, n, a.x);
  for (int lane = 0; lane < WGI_DIRECTIONS; lane++)
    {
      take_lane (frame, lane, out, m, a.ybar[1]);
      if (!awake) continue;
      gather_lane (frame, lane, word + 1, n, a.x[1]);
      const int rc = c->reverse (c, WGI_D1, a.x, a.ybar, a.xbar);
      keep_status (frame, c, rc);
      add_lane (frame, lane, word + 1, n, rc, a.xbar[1]);
      for (size_t j = 0; j < n && lane == 0; j++)
        if (!(word[1+j] & WGI_INACTIVE)) frame->plane[WGI_ADJOINT][word[1+j]] += rc < 0 ? NAN : a.xbar[0][j];
    }
}

void wgi_call_reverse_wide (wgi_frame *frame, const uint32_t *word, size_t out)
{
  wgi_callee *c = callee_of (frame, word);
  const size_t n = c->source->n, m = c->source->m;
  const wgi_arrays a = wgi_callee_arrays (c);
  gather (frame, WGI_VALUE, word + 1, n, a.x);
  for (int lane = 0; lane < WGI_DIRECTIONS; lane++)
    {
      int awake = 0;
      take_lane (frame, lane, out, m, a.ybar[0]);
      for (size_t i = 0; i < m; i++) awake |= !wgi_asleep (a.ybar[0][i]);
      if (!awake) continue;
      const int rc = c->reverse (c, WGI_VALUE, a.x, a.ybar, a.xbar);
      keep_status (frame, c, rc);
      add_lane (frame, lane, word + 1, n, rc, a.xbar[0]);
    }
}
