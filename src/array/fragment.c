/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Building fragments: the builder records on a tape of its own, what the outputs do not need is dropped, and slots become
 * regions.
 */
#include <stdlib.h>
#include <string.h>

#include "array/elementwise.h"
#include "array/fragment.h"
#include "array/tape_arrays.h"

typedef struct {
  const wgi_op *of;
  wgi_tape tape;
  size_t *begin;                       /* per input region, and the end: its first slot */
  size_t inputs;
  wg_var *x, *dx, *out;
  wg_var y[WGI_OUTPUTS], ybar[WGI_OUTPUTS];
} building;

static void free_fragment (wgi_fragment *f)
{
  for (size_t i = 0; i < f->ops; i++)
    {
      if (f->op[i].op) wgi_source_leave (&f->op[i].op->source);
      free (f->op[i].x);
    }
  for (size_t i = 0; i < f->outs && f->out; i++) wgi_data_leave (f->out[i].data);
  free (f->active), free (f->op), free (f->out), free (f);
}

void wgi_fragments_free (wgi_fragment *f)
{
  for (wgi_fragment *next; f; f = next) next = f->next, free_fragment (f);
}

/* recording */

static size_t outputs_of (const wgi_op *op, enum wgi_fragment_kind kind) { return kind == WGI_TANGENTS ? op->ny : op->nx; }

/* The input regions, one behind the other on the tape. */
static int place_inputs (building *b, enum wgi_fragment_kind kind)
{
  const wgi_source *s = &b->of->source;
  size_t slot = 0;
  b->inputs = s->words + 1 + (kind == WGI_TANGENTS ? s->words : 1);
  b->begin = malloc (wgi_times (b->inputs + 1, sizeof *b->begin));
  if (!b->begin) return wgi_fail (WG_ENOMEM, "out of memory");
  for (size_t r = 0; r <= b->inputs; r++)
    {
      b->begin[r] = slot;
      if (r < b->inputs) slot = wgi_plus (slot, r < s->words ? s->size[r] : r == s->words || kind == WGI_ADJOINTS ? s->m : s->size[r - s->words - 1]);
    }
  return wgi_tape_open (&b->tape, slot);
}

static wg_var input (building *b, const wgi_view *v, size_t region)
{
  if (v->data) return wgi_array_var (&b->tape, &v->shape, v->data, (uint32_t) v->first, NULL);
  return wgi_array_var (&b->tape, &v->shape, NULL, (uint32_t) (b->begin[region] + v->first), NULL);
}

static int build (building *b, enum wgi_fragment_kind kind, const unsigned char active[])
{
  const wgi_op *op = b->of;
  const size_t words = op->source.words, most = op->nx + WGI_OUTPUTS;
  wgi_array_tape *a = wgi_arrays_on (&b->tape);
  b->x = malloc (wgi_times (3, wgi_times (most, sizeof *b->x)));
  if (!a || !b->x) return wgi_fail (WG_ENOMEM, "out of memory");
  a->fragment = 1;
  b->dx = b->x + most, b->out = b->dx + most;
  for (size_t i = 0; i < op->nx; i++)
    {
      b->x[i] = input (b, &op->x[i], op->x[i].block);
      b->dx[i] = kind == WGI_TANGENTS && active[i] ? input (b, &op->x[i], words + 1 + op->x[i].block) : wgi_missing ();
    }
  for (size_t o = 0; o < op->ny; o++)
    {
      b->y[o] = input (b, &op->y[o], words);
      if (kind == WGI_ADJOINTS) b->ybar[o] = input (b, &op->y[o], words + 1);
    }
  for (size_t i = 0; i < most; i++) b->out[i] = wgi_missing ();
  if (kind == WGI_TANGENTS) op->prim->jvp (op, b->x, b->y, b->dx, b->out);
  else op->prim->vjp (op, b->x, b->y, b->ybar, b->out);
  for (size_t i = 0; i < op->nx && kind == WGI_ADJOINTS; i++)
    b->out[i] = active[i] && !wg_is_missing (b->out[i]) ? wgi_unbroadcast (&op->x[i], b->out[i]) : wgi_missing ();
  return b->tape.status ? wgi_fail (b->tape.status, "%.200s", b->tape.message) : WG_OK;
}

/* what is needed */

/* The call that made a slot: the last that begins before it. */
static size_t call_of (const wgi_array_tape *a, uint32_t slot)
{
  size_t low = 0, high = a->calls;
  while (low < high)
    {
      const size_t middle = low + (high - low)/2;
      if (a->call[middle].out <= slot) low = middle + 1;
      else high = middle;
    }
  return low - 1;
}

static void need (const building *b, unsigned char needed[], uint32_t slot)
{
  if (slot >= b->tape.n) needed[call_of (b->tape.arrays, slot)] = 1;
}

/* Where a slot is; number[] are the operations that stay. */
static wgi_place place_of (const building *b, const size_t number[], uint32_t slot)
{
  size_t r = 0;
  if (slot >= b->tape.n)
    {
      const size_t c = call_of (b->tape.arrays, slot);
      return (wgi_place){ b->inputs + number[c], slot - b->tape.arrays->call[c].out };
    }
  while (r + 1 < b->inputs && b->begin[r+1] <= slot) r++;
  return (wgi_place){ r, slot - b->begin[r] };
}

static int keep_op (const building *b, const wgi_fragment_call *call, const size_t number[], wgi_fragment_op *to)
{
  to->x = malloc (wgi_times (call->source->words + 1, sizeof *to->x));
  if (!to->x) return wgi_fail (WG_ENOMEM, "out of memory");
  for (size_t j = 0; j < call->source->words; j++) to->x[j] = place_of (b, number, call->operand[j]);
  to->op = (wgi_op *) wgi_source_use (call->source), to->target = -1, to->users = 0;
  return WG_OK;
}

static int keep_out (const building *b, const size_t number[], wg_var v, wgi_fragment_out *to)
{
  wgi_seen s;
  if ((to->missing = wg_is_missing (v))) return WG_OK;
  if (!wgi_see (&v, &s)) return wgi_last_status ();
  to->shape = s.shape;
  if (!s.tape && !(to->data = wgi_data_new (1))) return WG_ENOMEM;
  if (!s.tape) to->data->v[0] = v.value;
  else if (s.data) to->data = wgi_data_use (s.data), to->place.offset = s.slot;
  else to->place = place_of (b, number, s.slot);
  return WG_OK;
}

/* Results of operations that are an output as a whole go there at once.  Adjoints are added there, if the operation can do that and
 * nothing else uses them. */
static void aim (const wgi_op *of, wgi_fragment *f)
{
  for (size_t i = 0; i < f->ops; i++)
    for (size_t j = 0; j < f->op[i].op->source.words; j++)
      if (f->op[i].x[j].region >= f->inputs) f->op[f->op[i].x[j].region - f->inputs].users++;
  for (size_t o = 0; o < f->outs; o++)
    if (!f->out[o].missing && !f->out[o].data && f->out[o].place.region >= f->inputs) f->op[f->out[o].place.region - f->inputs].users++;
  for (size_t o = 0; o < f->outs; o++)
    {
      const wgi_fragment_out *out = &f->out[o];
      const wgi_shape *to = f->kind == WGI_TANGENTS ? &of->y[o].shape : &of->x[o].shape;
      if (out->missing || out->data || out->place.region < f->inputs) continue;
      wgi_fragment_op *op = &f->op[out->place.region - f->inputs];
      const int whole = op->target < 0 && op->op->source.m == wgi_shape_size (to) && wgi_shape_is_dense (&out->shape);
      if (whole && (f->kind == WGI_TANGENTS || (op->users == 1 && op->op->prim == &wgi_matmul && wgi_same_dims (to, &out->shape) && wgi_shape_is_dense (to))))
        op->target = (int) o;
    }
}

static int keep_all (const building *b, wgi_fragment *f)
{
  const wgi_array_tape *a = b->tape.arrays;
  unsigned char *needed = calloc (a->calls + 1, 1);
  size_t *number = malloc (wgi_times (a->calls + 1, sizeof *number));
  int rc = needed && number ? WG_OK : wgi_fail (WG_ENOMEM, "out of memory");
  wgi_seen s;
  for (size_t o = 0; o < f->outs && !rc; o++)
    if (!wg_is_missing (b->out[o]) && wgi_see (&b->out[o], &s) && s.tape && !s.data) need (b, needed, s.slot);
  for (size_t i = a->calls; i-- && !rc; )
    for (size_t j = 0; needed[i] && j < a->call[i].source->words; j++) need (b, needed, a->call[i].operand[j]);
  for (size_t i = 0; i < a->calls && !rc; i++)
    {
      number[i] = f->ops;
      if (needed[i] && !(rc = keep_op (b, &a->call[i], number, &f->op[f->ops]))) f->ops++;
    }
  for (size_t o = 0; o < f->outs && !rc; o++) rc = keep_out (b, number, b->out[o], &f->out[o]);
  free (needed), free (number);
  return rc;
}

/* Let elementwise operations run together; what has gone into others is not needed. */
static int fuse (const building *b, size_t outs)
{
  const wgi_array_tape *a = b->tape.arrays;
  wgi_fusable *call = malloc (wgi_times (a->calls + 1, sizeof *call));
  wgi_seen s;
  if (!call) return wgi_fail (WG_ENOMEM, "out of memory");
  for (size_t i = 0; i < a->calls; i++) call[i] = (wgi_fusable){ &a->call[i].source, &a->call[i].operand, a->call[i].out, 0 };
  for (size_t o = 0; o < outs; o++)
    if (!wg_is_missing (b->out[o]) && wgi_see (&b->out[o], &s) && s.tape && !s.data && s.slot >= b->tape.n)
      call[call_of (a, s.slot)].pinned = 1;
  const int rc = wgi_fuse (a->calls, call);
  free (call);
  return rc;
}

static wgi_fragment *make (const wgi_op *op, enum wgi_fragment_kind kind, const unsigned char active[])
{
  building b = { .of = op };
  wgi_fragment *f = calloc (1, sizeof *f);
  if (!f) return wgi_fail (WG_ENOMEM, "out of memory"), NULL;
  int rc = place_inputs (&b, kind);
  if (rc) return free (b.begin), free (f), NULL;
  rc = build (&b, kind, active);
  f->kind = kind, f->inputs = b.inputs, f->outs = outputs_of (op, kind);
  f->active = malloc (op->nx + 1), f->out = calloc (f->outs + 1, sizeof *f->out);
  f->op = calloc ((b.tape.arrays ? b.tape.arrays->calls : 0) + 1, sizeof *f->op);
  if (!rc && !(f->active && f->out && f->op)) rc = wgi_fail (WG_ENOMEM, "out of memory");
  if (!rc) rc = fuse (&b, f->outs);
  if (!rc) rc = keep_all (&b, f);
  if (!rc) memcpy (f->active, active, op->nx), aim (op, f);
  wgi_tape_close (&b.tape), wgi_tape_free (&b.tape);
  free (b.begin), free (b.x);
  if (rc) return free_fragment (f), NULL;
  return f;
}

const wgi_fragment *wgi_fragment_of (const wgi_op *of, enum wgi_fragment_kind kind, const unsigned char active[])
{
  wgi_op *op = (wgi_op *) of;          /* its fragments are a cache, under its lock */
  pthread_mutex_lock (&op->lock);
  wgi_fragment *f = op->fragment;
  while (f && !(f->kind == kind && memcmp (f->active, active, op->nx) == 0)) f = f->next;
  if (!f && (f = make (of, kind, active))) f->next = op->fragment, op->fragment = f;
  pthread_mutex_unlock (&op->lock);
  return f;
}
