/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Chains of elementwise operations of one shape, run together tile by tile, so that what is between them never goes to memory.
 * The same rows in the same order: the same bits as one after the other.  The builders record the steps again one by one.
 */
#include <math.h>

#include "array/elementwise.h"
#include "array/row_loops.h"
#include "array/walk.h"

enum { TILE = 256 };

typedef struct { int row, k; const long *from; size_t count; } step;

static size_t steps_of (const wgi_op *op) { return op->attrs/WGI_STEP; }

static step step_of (const wgi_op *op, size_t i)
{
  const long *a = op->attr + i*WGI_STEP;
  return (step){ (int) a[0], (int) a[1], a + 2, (size_t) wgi_row_operands ((int) a[0]) };
}

/* n elements, at most TILE, of operands at x, step apart. */
static void run_tile (const wgi_op *op, size_t n, const double *const x[], const ptrdiff_t by[], double room[][TILE], double *y)
{
  const size_t steps = steps_of (op);
  for (size_t i = 0; i < steps; i++)
    {
      const step s = step_of (op, i);
      const double *from[3] = { NULL };
      ptrdiff_t apart[3] = { 0 };
      for (size_t j = 0; j < s.count; j++)
        if (s.from[j] >= 0) from[j] = x[s.from[j]], apart[j] = by[s.from[j]];
        else from[j] = room[-1 - s.from[j]], apart[j] = 1;
      wgi_row_loops[s.row] (n, from[0], apart[0], from[1], apart[1], from[2], apart[2], s.k, i + 1 < steps ? room[i] : y);
    }
}

static int kernel (const wgi_op *op, const double *const x[], double *const y[], wgi_run *run)
{
  const wgi_shape *to = &op->y[0].shape;
  wgi_shape s[WGI_CHAINED];
  const ptrdiff_t *stride[WGI_CHAINED + 1] = { to->stride };
  const wgi_run_mark mark = wgi_run_here (run);
  double (*room)[TILE] = wgi_run_take (run, WGI_STEPS, sizeof *room);
  if (!room) return WG_ENOMEM;
  for (size_t i = 0; i < op->nx; i++)
    {
      s[i] = wgi_shape_broadcast (&op->x[i].shape, to);
      stride[i+1] = s[i].stride;
    }
  for (wgi_walk l = wgi_walk_over (to, (int) op->nx + 1, stride); l.more; wgi_walk_next (&l))
    for (size_t at = 0; at < l.n; at += TILE)
      {
        const double *from[WGI_CHAINED];
        for (size_t i = 0; i < op->nx; i++) from[i] = x[i] + l.at[i+1] + (ptrdiff_t) at*l.step[i+1];
        run_tile (op, l.n - at < TILE ? l.n - at : TILE, from, l.step + 1, room, y[0] + l.at[0] + at);
      }
  wgi_run_back (run, mark);
  return WG_OK;
}

/* element by element */

void wgi_rows_show (const wgi_op *op, double *const x[], void (*show) (void *, int row, int k, const double operand[3]), void *to)
{
  const int chained = op->prim == &wgi_chain;
  wgi_shape s[WGI_CHAINED];
  const ptrdiff_t *stride[WGI_CHAINED];
  if (!chained && op->prim != &wgi_elementwise) return;
  for (size_t i = 0; i < op->nx; i++) s[i] = wgi_shape_broadcast (&op->x[i].shape, &op->y[0].shape), stride[i] = s[i].stride;
  for (wgi_walk l = wgi_walk_over (&op->y[0].shape, (int) op->nx, stride); l.more; wgi_walk_next (&l))
    for (size_t e = 0; e < l.n; e++)
      {
        double in[WGI_CHAINED], y[WGI_STEPS];
        for (size_t i = 0; i < op->nx; i++)
          in[i] = (op->x[i].data ? op->x[i].data->v : x[op->x[i].block])[(ptrdiff_t) op->x[i].first + l.at[i] + (ptrdiff_t) e*l.step[i]];
        for (size_t i = 0; i < (chained ? steps_of (op) : 1); i++)
          {
            static const long own[3] = { 0, 1, 2 };
            const step t = chained ? step_of (op, i) : (step){ (int) op->attr[0], (int) op->attr[1], own, op->nx };
            double a[3] = { 0 };
            for (size_t j = 0; j < t.count; j++) a[j] = t.from[j] >= 0 ? in[t.from[j]] : y[-1 - t.from[j]];
            show (to, t.row, t.k, a);
            wgi_row_loops[t.row] (1, a, 0, a + 1, 0, a + 2, 0, t.k, &y[i]);
          }
      }
}

/* builders */

typedef struct { wg_var value[WGI_STEPS], tangent[WGI_STEPS], adjoint[WGI_STEPS]; } steps;

/* The operands of a step among what the chain and its steps have. */
static void choose (const step *s, const wg_var x[], const wg_var inner[], wg_var to[])
{
  for (size_t j = 0; j < s->count; j++) to[j] = s->from[j] >= 0 ? x[s->from[j]] : inner[-1 - s->from[j]];
}

static double exponent_of (const wgi_op *op, const step *s)
{
  return wgi_row_exponent (s->count > 1 && s->from[1] >= 0 ? &op->x[s->from[1]] : NULL);
}

/* All values, the last being there. */
static void evaluate (const wgi_op *op, const wg_var x[], wg_var y, steps *t)
{
  wg_var in[3];
  for (size_t i = 0; i + 1 < steps_of (op); i++)
    {
      const step s = step_of (op, i);
      choose (&s, x, t->value, in);
      t->value[i] = wgi_row_apply (s.row, s.count, in, s.k);
    }
  t->value[steps_of (op) - 1] = y;
}

static void jvp (const wgi_op *op, const wg_var x[], const wg_var y[], const wg_var dx[], wg_var dy[])
{
  steps t;
  evaluate (op, x, y[0], &t);
  for (size_t i = 0; i < steps_of (op); i++)
    {
      const step s = step_of (op, i);
      wg_var in[3], d[3];
      choose (&s, x, t.value, in), choose (&s, dx, t.tangent, d);
      t.tangent[i] = wgi_row_tangent (s.row, s.k, exponent_of (op, &s), in, t.value[i], d);
    }
  dy[0] = t.tangent[steps_of (op) - 1];
}

static void vjp (const wgi_op *op, const wg_var x[], const wg_var y[], const wg_var ybar[], wg_var xbar[])
{
  const size_t count = steps_of (op);
  steps t;
  evaluate (op, x, y[0], &t);
  for (size_t i = 0; i < count; i++) t.adjoint[i] = i + 1 < count ? wgi_missing () : ybar[0];
  for (size_t i = count; i--; )
    {
      const step s = step_of (op, i);
      wg_var in[3], bar[3];
      if (wg_is_missing (t.adjoint[i])) continue;
      choose (&s, x, t.value, in);
      for (size_t j = 0; j < s.count; j++) bar[j] = wgi_missing ();
      wgi_row_adjoints (s.row, s.k, exponent_of (op, &s), in, t.value[i], t.adjoint[i], bar);
      for (size_t j = 0; j < s.count; j++)
        {
          wg_var *to = s.from[j] >= 0 ? &xbar[s.from[j]] : &t.adjoint[-1 - s.from[j]];
          *to = wgi_sum_of (*to, bar[j]);
        }
    }
}

const wgi_primitive wgi_chain = { "chain", wgi_rows_shape, kernel, jvp, vjp };
