/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Variables with shapes, on their tape.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "array/moves.h"
#include "array/tape_arrays.h"

#define SHAPE_MASK ((1u << WGI_SHAPE_BITS) - 1)

wgi_array_tape *wgi_arrays_on (wgi_tape *t)
{
  if (!t->arrays && !(t->arrays = calloc (1, sizeof *t->arrays))) wgi_tape_fail (t, WG_ENOMEM, "out of memory for arrays");
  return t->arrays;
}

void wgi_arrays_free (wgi_array_tape *a)
{
  if (!a) return;
  for (size_t i = 0; i < a->kinds; i++) wgi_data_leave (a->kind[i].data);
  for (size_t i = 0; i < a->blocks; i++) free (a->block[i].value);
  for (size_t i = 0; i < a->calls; i++) wgi_source_leave (a->call[i].source), free (a->call[i].operand);
  wgi_run_free (&a->run);
  free (a->kind), free (a->input), free (a->block), free (a->call), free (a);
}

/* values */

int wgi_arrays_keep (wgi_tape *t, size_t first, size_t count, double *value)
{
  wgi_array_tape *a = t->arrays;
  if (a->blocks == a->block_capacity)
    {
      const size_t capacity = 2*a->block_capacity + 16;
      wgi_values *block = realloc (a->block, wgi_times (capacity, sizeof *block));
      if (!block) return free (value), wgi_tape_fail (t, WG_ENOMEM, "out of memory for arrays"), 0;
      a->block = block, a->block_capacity = capacity;
    }
  a->block[a->blocks++] = (wgi_values){ first, count, value };
  return 1;
}

/* The block that has a slot; NULL: the slot was not made in one. */
static const wgi_values *block_of (const wgi_array_tape *a, size_t slot)
{
  size_t low = 0, high = a->blocks;
  while (low < high)
    {
      const size_t middle = low + (high - low)/2;
      if (a->block[middle].first <= slot) low = middle + 1;
      else high = middle;
    }
  return low && slot < a->block[low-1].first + a->block[low-1].count ? &a->block[low-1] : NULL;
}

static const double *value_at (const wgi_tape *t, uint32_t slot)
{
  static const double nan_ = NAN;
  const wgi_array_tape *a = t->arrays;
  if (a->fragment) return NULL;
  if (slot & WGI_PARAM) return &t->param[slot & ~WGI_PARAM];
  if (slot < t->n) return a->input ? &a->input[slot] : &nan_;
  const wgi_values *b = block_of (a, slot);
  return b ? &b->value[slot - b->first] : &nan_;
}

int wgi_arrays_have (const wgi_tape *t, uint32_t slot, size_t count)
{
  const wgi_values *b = t->arrays ? block_of (t->arrays, slot) : NULL;
  return b && slot + count <= b->first + b->count;
}

/* kinds */

static size_t hash_of (const wgi_kind *k)
{
  uint64_t h = (uint64_t) (uintptr_t) k->data ^ (uint64_t) k->shape.rank;
  for (int i = 0; i < k->shape.rank; i++)
    {
      h = (h ^ k->shape.dim[i])*0x9e3779b97f4a7c15u, h ^= h >> 29;
      h = (h ^ (uint64_t) k->shape.stride[i])*0xbf58476d1ce4e5b9u, h ^= h >> 32;
    }
  return (size_t) (h % (2*WGI_SHAPES));
}

static int same_kind (const wgi_kind *a, const wgi_kind *b)
{
  return a->data == b->data && wgi_same_dims (&a->shape, &b->shape)
         && memcmp (a->shape.stride, b->shape.stride, (size_t) a->shape.rank*sizeof *a->shape.stride) == 0;
}

/* Its number; 0: the tape has failed. */
static uint32_t number_of (wgi_tape *t, const wgi_kind *k)
{
  wgi_array_tape *a = wgi_arrays_on (t);
  if (!a) return 0;
  size_t at = hash_of (k);
  for (; a->place[at]; at = (at + 1) % (2*WGI_SHAPES))
    if (same_kind (&a->kind[a->place[at]-1], k)) return a->place[at];
  if (a->kinds == WGI_SHAPES - 2) return wgi_tape_fail (t, WG_ELIMIT, "more than %d shapes in a recording", WGI_SHAPES - 2), 0u;
  if (a->kinds == a->kind_capacity)
    {
      const size_t capacity = 2*a->kind_capacity + 16;
      wgi_kind *kind = realloc (a->kind, capacity*sizeof *kind);
      if (!kind) return wgi_tape_fail (t, WG_ENOMEM, "out of memory for arrays"), 0u;
      a->kind = kind, a->kind_capacity = capacity;
    }
  a->kind[a->kinds++] = *k;
  wgi_data_use (k->data);
  a->place[at] = (uint16_t) a->kinds;
  return a->place[at];
}

wg_var wgi_array_var (wgi_tape *t, const wgi_shape *s, wgi_data *data, uint32_t slot, const double *value)
{
  const int fragment = t->arrays && t->arrays->fragment;
  const double v = value && wgi_shape_size (s) ? *value : NAN;
  if (s->rank == 0 && !fragment) return data ? wg_num (v) : (wg_var){ v, slot, t->stamp << WGI_SHAPE_BITS };
  const uint32_t number = number_of (t, &(wgi_kind){ *s, data });
  return number ? (wg_var){ v, slot, t->stamp << WGI_SHAPE_BITS | number } : wg_num (NAN);
}

wg_var wgi_array_view (const wgi_seen *s, const wgi_shape *shape, ptrdiff_t first)
{
  if (!s->tape) return wg_num (s->value ? *s->value : NAN);
  return wgi_array_var (s->tape, shape, s->data, (uint32_t) (s->slot + first), s->value ? s->value + first : NULL);
}

int wgi_see (const wg_var *v, wgi_seen *s)
{
  *s = (wgi_seen){ .value = &v->value };
  if (!v->ids) return 1;
  s->tape = v->ids == WGI_UNSET ? NULL : wgi_tape_of (*v);
  if (!s->tape)
    {
      wgi_tape *t = wgi_tape_innermost ();
      const char *what = v->ids == WGI_UNSET ? "an operand is not set" : "an operand is of an ended recording or of another thread";
      if (t) wgi_tape_fail (t, WG_ETAPE, "array operation: %s", what);
      else wgi_fail (WG_ETAPE, "array operation: %s", what);
      return 0;
    }
  s->slot = v->slot;
  const uint32_t number = v->ids & SHAPE_MASK;
  if (!number) return 1;
  const wgi_kind *k = &s->tape->arrays->kind[number-1];
  s->shape = k->shape, s->data = k->data;
  s->value = k->data ? k->data->v + s->slot : wgi_shape_size (&k->shape) ? value_at (s->tape, s->slot) : &v->value;
  return 1;
}

/* errors */

wg_var wgi_misfit (const char *name, size_t count, const wg_var x[], const char *why)
{
  char text[2][80];
  wgi_seen s[2];
  wgi_tape *t = NULL;
  const size_t shown = count < 2 ? count : 2;
  for (size_t i = 0; i < shown; i++)
    {
      if (wg_is_missing (x[i]) || !wgi_see (&x[i], &s[i])) return wg_num (NAN);
      wgi_shape_text (&s[i].shape, text[i], sizeof text[i]);
      if (!t) t = s[i].tape;
    }
  if (!t) t = wgi_tape_innermost ();
  if (t && shown == 2) wgi_tape_fail (t, WG_ESHAPE, "%s: %s: shapes %s and %s", name, why, text[0], text[1]);
  else if (t) wgi_tape_fail (t, WG_ESHAPE, "%s: %s: shape %s", name, why, shown ? text[0] : "");
  else wgi_fail (WG_ESHAPE, "%s: %s", name, why);
  return wg_num (NAN);
}

wg_var wgi_no_memory (void)
{
  wgi_tape *t = wgi_tape_innermost ();
  wgi_fail (WG_ENOMEM, "out of memory for an operation on arrays");
  if (t) wgi_tape_fail (t, WG_ENOMEM, "out of memory for an operation on arrays");
  return wg_num (NAN);
}

wg_var wgi_sum_of (wg_var a, wg_var b)
{
  return wg_is_missing (a) ? b : wg_is_missing (b) ? a : wg_var_add (a, b);
}
