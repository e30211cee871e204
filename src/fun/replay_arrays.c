/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Operations on arrays in replays: they are recorded again, and what their primitives' builders make of the tangents and
 * adjoints.  An array's elements have adjoints of their own, so that some may be at rest.
 */
#include <stdlib.h>

#include "array/moves.h"
#include "fun/replay_sweep.h"

/* The blocks of an operation's operands as vectors, of values or tangents; a tangent that is zero throughout is missing. */
static wg_var *blocks (const wgi_replay *r, const wgi_op *op, const uint32_t *word, const wg_var *plane)
{
  const wgi_source *s = &op->source;
  wg_var *block = malloc (wgi_times (s->words + 1, sizeof *block));
  if (!block) wgi_tape_fail (wgi_tape_of (r->v[0]), WG_ENOMEM, "out of memory for an operation on arrays");
  for (size_t j = 0; j < s->words && block; j++)
    {
      const wg_var *first = plane + (word[1+j] & ~WGI_INACTIVE);
      int zero = plane == r->tangent;
      for (size_t k = 0; k < s->size[j] && zero && !(word[1+j] & WGI_INACTIVE); k++) zero = wgi_is_literal (first[k], 0);
      block[j] = zero ? wgi_missing () : wg_vec (first, s->size[j]);
    }
  return block;
}

/* Operands, results and room for tangents or adjoints, of an operation that is differentiated. */
typedef struct { wg_var *x, *d, y[WGI_OUTPUTS]; } array_operands;

static int look_at (const wgi_replay *r, const wgi_op *op, const uint32_t *word, size_t out, array_operands *a)
{
  wg_var *block = blocks (r, op, word, r->v);
  a->x = malloc (wgi_times (wgi_plus (op->nx, op->nx + 1), sizeof *a->x));
  if (!a->x) wgi_no_memory ();
  if (!block || !a->x) return free (block), free (a->x), 0;
  a->d = a->x + op->nx;
  wgi_op_operands (op, block, a->x);
  for (size_t o = 0; o < op->ny; o++) a->y[o] = wg_array (r->v + out + op->y[o].first, op->y[o].shape.rank, op->y[o].shape.dim);
  free (block);
  return 1;
}

void wgi_replay_array_forward (wgi_replay *r, const wgi_op *op, const uint32_t *word, size_t out)
{
  wg_var *block = blocks (r, op, word, r->v), y[WGI_OUTPUTS];
  if (block)
    {
      wgi_op_again (op, block, y);
      for (size_t o = 0; o < op->ny; o++) wg_unstack (y[o], r->v + out + op->y[o].first);
    }
  free (block);
}

void wgi_replay_array_tangent (wgi_replay *r, const wgi_op *op, const uint32_t *word, size_t out)
{
  array_operands a;
  wg_var *block = blocks (r, op, word, r->tangent), dy[WGI_OUTPUTS];
  int any = 0;
  if (!block || !look_at (r, op, word, out, &a))
    {
      free (block);
      return;
    }
  for (size_t i = 0; i < op->nx; i++)
    {
      const wgi_view *v = &op->x[i];
      a.d[i] = v->data ? wgi_missing () : block[v->block];
      if (wg_is_missing (a.d[i])) continue;
      wgi_op_operand (op, i, block, &a.d[i]);
      any = 1;
    }
  for (size_t o = 0; o < op->ny; o++) dy[o] = wgi_missing ();
  if (any) op->prim->jvp (op, a.x, a.y, a.d, dy);
  for (size_t o = 0; o < op->ny; o++)
    {
      wg_var *to = r->tangent + out + op->y[o].first;
      const wgi_shape *s = &op->y[o].shape;
      if (!wg_is_missing (dy[o])) wg_unstack (wg_broadcast (dy[o], s->rank, s->dim), to);
      else for (size_t i = 0; i < wgi_shape_size (s); i++) to[i] = wg_num (0);
    }
  free (block), free (a.x);
}

/* The adjoints of one result, or missing.  Where some sleep and others do not, those that do are zero. */
static wg_var adjoint_of (const wgi_replay *r, size_t slot, const wgi_shape *s)
{
  const size_t count = wgi_shape_size (s);
  wg_var *v = malloc (wgi_times (count, sizeof *v)), y = wgi_missing ();
  int awake = 0;
  for (size_t i = 0; i < count && v; i++)
    {
      const wgi_var_adjoint *a = &r->adjoint[slot + i];
      awake |= a->state != WGI_ASLEEP;
      v[i] = a->state == WGI_ASLEEP ? wg_num (-0.) : a->state == WGI_MASKED ? wg_var_select (a->mask, a->v, wg_num (-0.)) : a->v;
    }
  if (!v) y = wgi_no_memory ();
  else if (awake) y = wg_array (v, s->rank, s->dim);
  free (v);
  return y;
}

/* The slots of an operand's elements, in their order. */
static void slots_of (const wgi_view *x, uint32_t block, uint32_t slot[])
{
  size_t at[WG_RANK] = { 0 };
  for (size_t i = 0; i < wgi_shape_size (&x->shape); i++)
    {
      ptrdiff_t offset = (ptrdiff_t) x->first;
      for (int k = 0; k < x->shape.rank; k++) offset += (ptrdiff_t) at[k]*x->shape.stride[k];
      slot[i] = block + (uint32_t) offset;
      for (int k = x->shape.rank; k-- && ++at[k] == x->shape.dim[k]; ) at[k] = 0;
    }
}

/* Add the adjoints of an operand: as arrays where all its elements have one already and none comes twice, else one by one. */
static void add_adjoints (wgi_replay *r, const wgi_view *x, uint32_t block, wg_var xbar)
{
  const size_t count = wgi_shape_size (&x->shape);
  wg_var *e = malloc (wgi_times (count, sizeof *e));
  uint32_t *slot = malloc (wgi_times (count, sizeof *slot));
  if (e && slot)
    {
      int all = wgi_shape_is_dense (&x->shape);
      slots_of (x, block, slot);
      for (size_t i = 0; i < count; i++) all &= r->adjoint[slot[i]].state == WGI_AWAKE, e[i] = r->adjoint[slot[i]].v;
      if (all && count > 1) xbar = wg_var_add (wg_array (e, x->shape.rank, x->shape.dim), xbar);
      wg_unstack (xbar, e);
      for (size_t i = 0; i < count; i++)
        if (all && count > 1) r->adjoint[slot[i]].v = e[i];
        else wgi_replay_add (r, slot[i], e[i]);
    }
  else wgi_tape_fail (wgi_tape_of (r->v[0]), WG_ENOMEM, "out of memory for an operation on arrays");
  free (e), free (slot);
}

void wgi_replay_array_reverse (wgi_replay *r, const wgi_op *op, const uint32_t *word, size_t out)
{
  array_operands a;
  wg_var ybar[WGI_OUTPUTS];
  int awake = 0;
  for (size_t o = 0; o < op->ny; o++)
    {
      ybar[o] = adjoint_of (r, out + op->y[o].first, &op->y[o].shape);
      awake |= !wg_is_missing (ybar[o]);
    }
  if (!awake || !look_at (r, op, word, out, &a)) return;
  for (size_t o = 0; o < op->ny; o++)
    if (wg_is_missing (ybar[o])) ybar[o] = wgi_filled (a.y[o], &op->y[o].shape, -0.);
  for (size_t i = 0; i < op->nx; i++) a.d[i] = wgi_missing ();
  op->prim->vjp (op, a.x, a.y, ybar, a.d);
  r->now = (wgi_var_adjoint){ .state = WGI_AWAKE };
  for (size_t i = 0; i < op->nx; i++)
    {
      const wgi_view *v = &op->x[i];
      if (!v->data && !wg_is_missing (a.d[i]) && !(word[1 + v->block] & WGI_INACTIVE))
        add_adjoints (r, v, word[1 + v->block], wgi_unbroadcast (v, a.d[i]));
    }
  free (a.x);
}
