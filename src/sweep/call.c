/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Calls in sweeps: operands are gathered, the callee evaluates or pulls back, results are scattered.  An operand
 * that is not active is lifted, as in a row.  Inner values are the callee's and are computed again
 * in the reverse sweep: a call is a checkpoint.
 */
#include "sweep/numbers.h"

/* The callee's scratch as arrays: operands, results, and their adjoints, for each mode within mode. */
typedef struct { double *x[4], *y[4], *xbar[4], *ybar[4]; } arrays;

static arrays arrays_of (const wgi_callee *c)
{
  const size_t n = c->source->n, m = c->source->m;
  arrays a;
  for (size_t i = 0; i < 4; i++)
    {
      a.x[i] = c->scratch + i*n, a.xbar[i] = c->scratch + (4 + i)*n;
      a.y[i] = c->scratch + 8*n + i*m, a.ybar[i] = c->scratch + 8*n + (4 + i)*m;
    }
  return a;
}

#define FOR_MODES(i, mode) for (int i = 0; i <= mode; i++) if ((i & mode) == i)

static void gather (const wgi_frame *frame, int mode, const uint32_t *operand, size_t n, double *const x[])
{
  FOR_MODES (d, mode)
    for (size_t j = 0; j < n; j++)
      x[d][j] = d && operand[j] & WGI_INACTIVE ? 0 : frame->plane[d][operand[j] & ~WGI_INACTIVE];
}

void wgi_call_forward (wgi_frame *frame, int mode, const uint32_t *word, size_t out)
{
  wgi_callee *c = frame->callee[word[0]];
  const arrays a = arrays_of (c);
  gather (frame, mode, word + 1, c->source->n, a.x);
  const int rc = c->forward (c, mode, a.x, a.y);
  if (rc < 0 && !frame->status) frame->status = rc;
  FOR_MODES (d, mode)
    for (size_t i = 0; i < c->source->m; i++) frame->plane[d][out + i] = rc ? NAN : a.y[d][i];
}

void wgi_call_reverse (wgi_frame *frame, int mode, const uint32_t *word, size_t out, int keep)
{
  wgi_callee *c = frame->callee[word[0]];
  const size_t n = c->source->n, m = c->source->m;
  const arrays a = arrays_of (c);
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
  if (rc < 0 && !frame->status) frame->status = rc;
  FOR_MODES (d, mode)
    for (size_t j = 0; j < n; j++)
      if (!(word[1+j] & WGI_INACTIVE))
        frame->plane[WGI_ADJOINT + d][word[1+j]] += rc ? NAN : a.xbar[d][j];
}
