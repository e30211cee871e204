/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Fusing: elementwise operations whose results only later ones of the same shape use become one chain with these.  From
 * the last operation on, each that is left begins a chain; an earlier one joins when all its users are in it.
 */
#include <stdlib.h>
#include <string.h>

#include "array/elementwise.h"
#include "array/row_loops.h"
#include "array/tape_arrays.h"

enum { WINDOW = 128 };                 /* how far back what joins may be */
#define NOWHERE SIZE_MAX

typedef struct {
  size_t count;
  wgi_fusable *call;
  uint32_t *uses, *inside;             /* per call: operands that use it, those of the chain at hand */
  unsigned char *taken;                /* it is in a chain of another */
} fuser;

static const wgi_op *op_of (const fuser *z, size_t call) { return (const wgi_op *) *z->call[call].source; }

/* The call that makes a slot. */
static size_t maker_of (const fuser *z, uint32_t slot)
{
  size_t low = 0, high = z->count;
  while (low < high)
    {
      const size_t middle = low + (high - low)/2;
      if (z->call[middle].out <= slot) low = middle + 1;
      else high = middle;
    }
  return low && slot < z->call[low-1].out + (*z->call[low-1].source)->m ? low - 1 : NOWHERE;
}

static size_t maker_of_operand (const fuser *z, size_t call, size_t i)
{
  const wgi_op *op = op_of (z, call);
  return op->x[i].data ? NOWHERE : maker_of (z, (*z->call[call].operand)[op->x[i].block]);
}

static int is_elementwise (const wgi_op *op) { return op->prim == &wgi_elementwise; }

/* Is operand i the whole result of its maker, of the shape that this one has? */
static int is_whole (const fuser *z, size_t call, size_t i, size_t maker)
{
  const wgi_op *op = op_of (z, call), *from = op_of (z, maker);
  const wgi_view *v = &op->x[i];
  return is_elementwise (op) && v->first == 0 && (*z->call[call].operand)[v->block] == z->call[maker].out
         && wgi_same_dims (&v->shape, &op->y[0].shape) && wgi_same_dims (&v->shape, &from->y[0].shape) && wgi_shape_is_dense (&v->shape);
}

static void count_uses (fuser *z)
{
  for (size_t c = 0; c < z->count; c++)
    for (size_t i = 0; i < op_of (z, c)->nx; i++)
      {
        const size_t from = maker_of_operand (z, c, i);
        if (from == NOWHERE) continue;
        z->uses[from]++;
        if (!is_whole (z, c, i, from)) z->call[from].pinned = 1;
      }
}

/* a chain being made */

typedef struct {
  size_t member[WGI_STEPS], members;   /* from the last to the first */
  wgi_view x[WGI_CHAINED];
  uint32_t word[WGI_CHAINED];          /* of operand i */
  size_t nx;
  long attr[WGI_STEPS*WGI_STEP];
} chain;

static int step_in (const chain *h, size_t call)
{
  for (size_t s = 0; s < h->members; s++) if (h->member[h->members - 1 - s] == call) return (int) s;
  return -1;
}

/* The operand as one of the chain's own; -1: there is no room. */
static long operand_in (chain *h, const wgi_view *v, uint32_t word)
{
  for (size_t i = 0; i < h->nx; i++)
    if (h->x[i].data == v->data && h->x[i].first == v->first && (v->data || h->word[i] == word) && h->x[i].shape.rank == v->shape.rank
        && wgi_same_dims (&h->x[i].shape, &v->shape)
        && memcmp (h->x[i].shape.stride, v->shape.stride, (size_t) v->shape.rank*sizeof *v->shape.stride) == 0)
      return (long) i;
  if (h->nx == WGI_CHAINED) return -1;
  h->x[h->nx] = *v, h->word[h->nx] = word;
  return (long) h->nx++;
}

/* Operands and steps of the members so far; 0: they are too many. */
static int lay_out (const fuser *z, chain *h)
{
  h->nx = 0;
  for (size_t s = 0; s < h->members; s++)
    {
      const size_t c = h->member[h->members - 1 - s];
      const wgi_op *op = op_of (z, c);
      long *a = h->attr + s*WGI_STEP;
      a[0] = op->attr[0], a[1] = op->attr[1];
      for (size_t i = 0; i < op->nx; i++)
        {
          const size_t from = maker_of_operand (z, c, i);
          const int step = from == NOWHERE ? -1 : step_in (h, from);
          a[2+i] = step >= 0 ? -1 - step : operand_in (h, &op->x[i], op->x[i].data ? 0 : (*z->call[c].operand)[op->x[i].block]);
          if (step < 0 && a[2+i] < 0) return 0;
        }
    }
  return 1;
}

static void enter (fuser *z, chain *h, size_t call, int by)
{
  const wgi_op *op = op_of (z, call);
  if (by > 0) h->member[h->members++] = call;
  else h->members--;
  for (size_t i = 0; i < op->nx; i++)
    {
      const size_t from = maker_of_operand (z, call, i);
      if (from != NOWHERE) z->inside[from] += (uint32_t) by;
    }
}

/* Replace the last by the chain. */
static int replace (const fuser *z, chain *h, size_t last)
{
  size_t size[WGI_CHAINED], words = 0;
  uint32_t *word = malloc ((WGI_CHAINED + 1)*sizeof *word);
  if (!word) return wgi_fail (WG_ENOMEM, "out of memory");
  for (size_t s = 0; s < h->members; s++)
    {
      const size_t c = h->member[h->members - 1 - s];
      const wgi_op *op = op_of (z, c);
      for (size_t i = 0; i < op->nx; i++)
        {
          const long at = h->attr[s*WGI_STEP + 2 + i];
          if (at < 0 || op->x[i].data) continue;
          size_t j = 0;
          while (j < words && word[j] != h->word[at]) j++;
          if (j == words) word[words] = h->word[at], size[words++] = op->source.size[op->x[i].block];
          else if (size[j] < op->source.size[op->x[i].block]) size[j] = op->source.size[op->x[i].block];
          h->x[at].block = j;
        }
    }
  wgi_op *op = wgi_op_make (&wgi_chain, "chain", h->nx, h->x, words, size, h->members*WGI_STEP, h->attr);
  if (!op) return free (word), wgi_last_status ();
  wgi_source_leave (*z->call[last].source);
  free (*z->call[last].operand);
  *z->call[last].source = &op->source, *z->call[last].operand = word;
  return WG_OK;
}

/* The chain that ends with this call. */
static int fuse_into (fuser *z, size_t last)
{
  chain h = { .members = 0 };
  enter (z, &h, last, 1);
  const wgi_shape shape = op_of (z, last)->y[0].shape;
  for (size_t c = last; c-- && last - c <= WINDOW && h.members < WGI_STEPS; )
    {
      const wgi_op *op = op_of (z, c);
      if (!z->inside[c] || z->inside[c] != z->uses[c] || z->call[c].pinned || !is_elementwise (op)
          || !wgi_same_dims (&op->y[0].shape, &shape)) continue;
      enter (z, &h, c, 1);
      if (!lay_out (z, &h)) enter (z, &h, c, -1);
    }
  int rc = WG_OK;
  if (h.members > 1)
    {
      lay_out (z, &h);
      for (size_t i = 1; i < h.members; i++) z->taken[h.member[i]] = 1;
      const chain kept = h;
      while (h.members) enter (z, &h, h.member[h.members - 1], -1);
      h = kept;
      rc = replace (z, &h, last);
    }
  else enter (z, &h, last, -1);
  return rc;
}

int wgi_fuse (size_t count, wgi_fusable call[])
{
  fuser z = { count, call, calloc (count + 1, sizeof *z.uses), calloc (count + 1, sizeof *z.inside), calloc (count + 1, 1) };
  int rc = z.uses && z.inside && z.taken ? WG_OK : wgi_fail (WG_ENOMEM, "out of memory");
  if (!rc) count_uses (&z);
  for (size_t c = count; c-- && !rc; )
    if (!z.taken[c] && is_elementwise (op_of (&z, c))) rc = fuse_into (&z, c);
  free (z.uses), free (z.inside), free (z.taken);
  return rc;
}

/* tapes of models */

/* Pin what rows, other calls and outputs use. */
static void pin (const fuser *z, uint32_t word)
{
  if (!wgi_word_is_slot (word)) return;
  const size_t c = maker_of (z, word);
  if (c != NOWHERE) z->call[c].pinned = 1;
}

static void pin_used (const wgi_tape *t, fuser *z)
{
  const uint32_t *word = t->word;
  for (size_t i = 0; i < wgi_tape_count (t); i++)
    {
      const int row = t->row[i];
      if (row == WGI_ROW_call && !wgi_source_op (t->call[*word].source))
        for (size_t j = 0; j < t->call[*word].source->n; j++) pin (z, t->call[*word].operand[j]);
      for (int j = 0; row < WGI_ROW_call && j < wgi_rows[row].operands; j++) pin (z, word[j]);
      word += wgi_rows[row].words;
    }
}

int wgi_arrays_fuse (wgi_tape *t, size_t m, const uint32_t out[])
{
  fuser z = { .call = malloc (wgi_times (t->calls + 1, sizeof *z.call)) };
  const uint32_t *word = t->word;
  if (!z.call) return wgi_fail (WG_ENOMEM, "out of memory");
  for (size_t i = 0; i < wgi_tape_count (t); i++)
    {
      wgi_call_record *call = t->row[i] == WGI_ROW_call ? &t->call[*word] : NULL;
      if (call && wgi_source_op (call->source))
        z.call[z.count++] = (wgi_fusable){ &call->source, &call->operand, (uint32_t) (t->n + i), 0 };
      word += wgi_rows[t->row[i]].words;
    }
  pin_used (t, &z);
  for (size_t i = 0; i < m; i++) pin (&z, out[i]);
  const int rc = wgi_fuse (z.count, z.call);
  free (z.call);
  return rc;
}
