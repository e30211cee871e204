/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Views: the same elements under another shape, without an operation; and arrays made of scalars, of numbers.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "array/moves.h"
#include "array/tape_arrays.h"

/* what is there */

int wg_rank (wg_var a)
{
  wgi_seen s;
  return wgi_see (&a, &s) ? s.shape.rank : 0;
}

size_t wg_dim (wg_var a, int axis)
{
  wgi_seen s;
  if (!wgi_see (&a, &s)) return 0;
  if (axis < 0) axis += s.shape.rank;
  return axis >= 0 && axis < s.shape.rank ? s.shape.dim[axis] : 1;
}

size_t wg_size (wg_var a)
{
  wgi_seen s;
  return wgi_see (&a, &s) ? wgi_shape_size (&s.shape) : 0;
}

/* The axis counted from the front; -1: there is none such, the error is kept. */
int wgi_axis (const char *name, wg_var a, const wgi_shape *s, int axis)
{
  const int at = axis < 0 ? axis + s->rank : axis;
  char why[60];
  if (at >= 0 && at < s->rank) return at;
  snprintf (why, sizeof why, "no axis %d", axis);
  wgi_misfit (name, 1, &a, why);
  return -1;
}

/* Axes as a set of bits, all of them if count is below 0.  0: there is none such, or one comes twice; the error is kept. */
int wgi_axes (const char *name, wg_var a, const wgi_shape *s, int count, const int axis[], unsigned *set)
{
  *set = count < 0 ? (1u << s->rank) - 1 : 0;
  for (int i = 0; i < count; i++)
    {
      const int at = wgi_axis (name, a, s, axis[i]);
      if (at < 0) return 0;
      if (*set >> at & 1) return wgi_misfit (name, 1, &a, "an axis comes twice"), 0;
      *set |= 1u << at;
    }
  return 1;
}

/* from scalars and numbers */

static int rank_fits (const char *name, wg_var like, int rank)
{
  if (rank >= 0 && rank <= WG_RANK) return 1;
  wgi_misfit (name, 1, &like, "ranks are 0 to 8");
  return 0;
}

/* The size of these dimensions; SIZE_MAX when it is none. */
static size_t size_of (int rank, const size_t dim[])
{
  size_t size = 1;
  for (int i = 0; i < rank; i++) size = wgi_times (size, dim[i]);
  for (int i = 0; i < rank; i++) if (dim[i] == 0) size = 0;
  return size;
}

/* Do scalars lie in slots one after the other that are one block: inputs, parameters, results of an operation on arrays? */
static int is_block (wgi_tape *t, const wg_var first[], size_t n)
{
  const uint32_t slot = first[0].slot;
  for (size_t i = 0; i < n; i++)
    if (first[i].ids != first[0].ids || first[i].slot != slot + i) return 0;
  if (slot & WGI_PARAM) return (slot & ~WGI_PARAM) + n <= t->params;
  if (slot + n <= t->n) return 1;
  return slot >= t->n && wgi_arrays_have (t, slot, n);
}

/* Remember what the inputs are here. */
static int keep_inputs (wgi_tape *t, const wg_var first[], size_t n)
{
  wgi_array_tape *a = t->arrays;
  if (first[0].slot & WGI_PARAM || first[0].slot >= t->n) return 1;
  if (!a->input && !(a->input = calloc (t->n + 1, sizeof *a->input))) return wgi_tape_fail (t, WG_ENOMEM, "out of memory for arrays"), 0;
  for (size_t i = 0; i < n; i++) a->input[first[0].slot + i] = first[i].value;
  return 1;
}

wg_var wg_array (const wg_var first[], int rank, const size_t dim[])
{
  const size_t n = rank >= 0 && rank <= WG_RANK ? size_of (rank, dim) : 0;
  const wg_var like = n && n < SIZE_MAX ? first[0] : wg_num (NAN);
  wgi_seen s;
  if (!rank_fits ("wg_array", like, rank)) return wg_num (NAN);
  const wgi_shape shape = wgi_shape_of (rank, dim);
  if (n == SIZE_MAX) return wgi_misfit ("wg_array", 1, &like, "more elements than a tape can hold");
  if (n && wgi_see (&first[0], &s) && s.tape && !s.data && s.shape.rank == 0 && is_block (s.tape, first, n))
    {
      if (!wgi_arrays_on (s.tape) || !keep_inputs (s.tape, first, n)) return wg_num (NAN);
      return wgi_array_view (&s, &shape, 0);
    }
  if (n == 0) return wg_constant (like, rank, dim, NULL);
  const wg_var all = wgi_stack (n, first);
  return wg_rank (all) ? wg_reshape (all, rank, dim) : all;
}

wg_var wg_vec (const wg_var *first, size_t n)
{
  return wg_array (first, 1, (size_t[]){ n });
}

wg_var wg_mat (const wg_var *first, size_t rows, size_t cols)
{
  return wg_array (first, 2, (size_t[]){ rows, cols });
}

void wg_unstack (wg_var a, wg_var y[])
{
  wgi_seen s;
  if (!wgi_see (&a, &s) || s.shape.rank == 0)
    {
      y[0] = a;
      return;
    }
  wgi_shape index = s.shape;
  const size_t n = wgi_shape_size (&s.shape);
  static const wgi_shape scalar;
  size_t at[WG_RANK] = { 0 };
  for (size_t i = 0; i < n; i++)
    {
      ptrdiff_t offset = 0;
      for (int k = 0; k < index.rank; k++) offset += (ptrdiff_t) at[k]*index.stride[k];
      y[i] = wgi_array_view (&s, &scalar, offset);
      for (int k = index.rank; k-- && ++at[k] == index.dim[k]; ) at[k] = 0;
    }
}

wg_var wg_constant (wg_var like, int rank, const size_t dim[], const double data[])
{
  wgi_seen s;
  if (!rank_fits ("wg_constant", like, rank) || !wgi_see (&like, &s)) return wg_num (NAN);
  wgi_tape *t = s.tape ? s.tape : wgi_tape_innermost ();
  const size_t n = size_of (rank, dim);
  if (!t || !wgi_arrays_on (t)) return t ? wg_num (NAN) : (wgi_fail (WG_ETAPE, "wg_constant: not in a recording"), wg_num (NAN));
  const wgi_shape shape = wgi_shape_of (rank, dim);
  wgi_data *d = n < WGI_CONSTANT ? wgi_data_new (n) : NULL;
  if (!d) return wgi_tape_fail (t, n < WGI_CONSTANT ? WG_ENOMEM : WG_ELIMIT, "wg_constant: no memory for %zu numbers", n), wg_num (NAN);
  for (size_t i = 0; i < n; i++) d->v[i] = data ? data[i] : 0;
  const wg_var y = wgi_array_var (t, &shape, d, 0, d->v);
  wgi_data_leave (d);
  return y;
}

wg_var wgi_filled (wg_var like, const wgi_shape *shape, double c)
{
  wgi_seen s;
  if (!wgi_see (&like, &s)) return wg_num (NAN);
  wgi_tape *t = s.tape ? s.tape : wgi_tape_innermost ();
  wgi_data *d = wgi_data_new (1);
  if (!d || !t) return wgi_data_leave (d), wgi_no_memory ();
  wgi_shape repeated = *shape;
  d->v[0] = c;
  for (int i = 0; i < shape->rank; i++) repeated.stride[i] = 0;
  const wg_var y = wgi_arrays_on (t) ? wgi_array_var (t, &repeated, d, 0, d->v) : wg_num (NAN);
  wgi_data_leave (d);
  return y;
}

/* axes */

wg_var wg_at (wg_var a, size_t i)
{
  wgi_seen s;
  if (!wgi_see (&a, &s)) return wg_num (NAN);
  if (s.shape.rank == 0 || i >= s.shape.dim[0])
    {
      char why[60];
      snprintf (why, sizeof why, "no element %zu", i);
      return wgi_misfit ("wg_at", 1, &a, why);
    }
  wgi_shape shape = { .rank = s.shape.rank - 1 };
  memcpy (shape.dim, s.shape.dim + 1, (size_t) shape.rank*sizeof *shape.dim);
  memcpy (shape.stride, s.shape.stride + 1, (size_t) shape.rank*sizeof *shape.stride);
  return wgi_array_view (&s, &shape, (ptrdiff_t) i*s.shape.stride[0]);
}

wg_var wg_col (wg_var a, size_t j)
{
  return wg_at (wg_t (a), j);
}

wg_var wg_transpose (wg_var a, const int axis[])
{
  wgi_seen s;
  if (!wgi_see (&a, &s)) return wg_num (NAN);
  wgi_shape shape = { .rank = s.shape.rank };
  unsigned seen = 0;
  for (int i = 0; i < shape.rank; i++)
    {
      const int from = wgi_axis ("wg_transpose", a, &s.shape, axis[i]);
      if (from < 0) return wg_num (NAN);
      if (seen >> from & 1) return wgi_misfit ("wg_transpose", 1, &a, "an axis comes twice");
      seen |= 1u << from;
      shape.dim[i] = s.shape.dim[from], shape.stride[i] = s.shape.stride[from];
    }
  return wgi_array_view (&s, &shape, 0);
}

wg_var wg_t (wg_var a)
{
  int axis[WG_RANK];
  const int rank = wg_rank (a);
  if (rank < 2) return a;
  for (int i = 0; i < rank; i++) axis[i] = i;
  axis[rank-2] = rank - 1, axis[rank-1] = rank - 2;
  return wg_transpose (a, axis);
}

wg_var wg_slice (wg_var a, int axis, size_t begin, size_t end, ptrdiff_t step)
{
  wgi_seen s;
  if (!wgi_see (&a, &s) || (axis = wgi_axis ("wg_slice", a, &s.shape, axis)) < 0) return wg_num (NAN);
  if (begin > end || end > s.shape.dim[axis] || step == 0) return wgi_misfit ("wg_slice", 1, &a, "no such range");
  const size_t by = (size_t) (step < 0 ? -step : step), count = (end - begin + by - 1)/by;
  const ptrdiff_t first = step > 0 || count == 0 ? (ptrdiff_t) begin : (ptrdiff_t) end - 1, stride = s.shape.stride[axis];
  s.shape.dim[axis] = count, s.shape.stride[axis] = stride*step;
  const wgi_shape shape = s.shape;
  return wgi_array_view (&s, &shape, count ? first*stride : 0);
}

wg_var wg_expand (wg_var a, int axis)
{
  wgi_seen s;
  if (!wgi_see (&a, &s)) return wg_num (NAN);
  const int rank = s.shape.rank + 1, at = axis < 0 ? axis + rank : axis;
  if (rank > WG_RANK || at < 0 || at >= rank) return wgi_misfit ("wg_expand", 1, &a, "no such axis");
  wgi_shape shape = { .rank = rank };
  for (int i = 0; i < rank; i++)
    {
      shape.dim[i] = i == at ? 1 : s.shape.dim[i - (i > at)];
      shape.stride[i] = i == at ? 0 : s.shape.stride[i - (i > at)];
    }
  return wgi_reshaped (a, &s, &shape);
}

wg_var wg_broadcast (wg_var a, int rank, const size_t dim[])
{
  wgi_seen s;
  if (!rank_fits ("wg_broadcast", a, rank) || !wgi_see (&a, &s)) return wg_num (NAN);
  const wgi_shape wanted = wgi_shape_of (rank, dim);
  wgi_shape both = s.shape;
  if (!wgi_shape_join (&both, &wanted) || !wgi_same_dims (&both, &wanted)) 
    {
      char why[140], text[80];
      snprintf (why, sizeof why, "does not become %s", wgi_shape_text (&wanted, text, sizeof text));
      return wgi_misfit ("wg_broadcast", 1, &a, why);
    }
  const wgi_shape shape = wgi_shape_broadcast (&s.shape, &wanted);
  return wgi_reshaped (a, &s, &shape);
}

wg_var wg_reshape (wg_var a, int rank, const size_t dim[])
{
  wgi_seen s;
  if (!rank_fits ("wg_reshape", a, rank) || !wgi_see (&a, &s)) return wg_num (NAN);
  const wgi_shape shape = wgi_shape_of (rank, dim);
  if (size_of (rank, dim) != wgi_shape_size (&s.shape))
    {
      char why[140], text[80];
      snprintf (why, sizeof why, "does not become %s", wgi_shape_text (&shape, text, sizeof text));
      return wgi_misfit ("wg_reshape", 1, &a, why);
    }
  if (wgi_shape_is_dense (&s.shape)) return wgi_reshaped (a, &s, &shape);
  return wg_reshape (wgi_copy (a), rank, dim);
}

wg_var wg_ravel (wg_var a)
{
  return wg_reshape (a, 1, (size_t[]){ wg_size (a) });
}

wg_var wg_vec_cols (wg_var a)
{
  return wg_ravel (wg_t (a));
}

wg_var wgi_reshaped (wg_var a, const wgi_seen *s, const wgi_shape *shape)
{
  if (!s->tape) return wgi_filled (a, shape, a.value);
  if (shape->rank == 0 || s->shape.rank || s->data || (s->slot & WGI_PARAM)) return wgi_array_view (s, shape, 0);
  if (!wgi_arrays_on (s->tape)) return wg_num (NAN);
  if (s->slot < s->tape->n) keep_inputs (s->tape, &a, 1);
  else if (!s->tape->arrays->fragment && !wgi_arrays_have (s->tape, s->slot, 1))
    {
      wgi_seen copy;                 /* a scalar that is no array's element: its value is only in the variable */
      a = wgi_stack (1, &a);
      return wgi_see (&a, &copy) ? wgi_array_view (&copy, shape, 0) : wg_num (NAN);
    }
  return wgi_array_view (s, shape, 0);
}

wg_var wgi_unbroadcast (const wgi_view *x, wg_var xbar)
{
  wgi_seen s;
  if (!wgi_see (&xbar, &s) || wgi_same_dims (&s.shape, &x->shape)) return xbar;
  const int more = s.shape.rank - x->shape.rank;
  unsigned axes = 0;
  for (int i = 0; i < s.shape.rank; i++)
    if (i < more || (x->shape.dim[i-more] == 1 && s.shape.dim[i] != 1)) axes |= 1u << i;
  if (axes) xbar = wgi_sum_axes (xbar, axes, 1);
  if (more > 0) xbar = wg_reshape (xbar, x->shape.rank, wgi_see (&xbar, &s) ? s.shape.dim + more : x->shape.dim);
  return wg_broadcast (xbar, x->shape.rank, x->shape.dim);
}
