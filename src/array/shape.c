/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Shapes and data by themselves.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "array/array.h"

wgi_shape wgi_shape_of (int rank, const size_t dim[])
{
  wgi_shape s = { .rank = rank };
  ptrdiff_t stride = 1;
  for (int i = rank; i--; )
    {
      s.dim[i] = dim[i], s.stride[i] = stride;
      stride *= (ptrdiff_t) dim[i];
    }
  return s;
}

int wgi_shape_is_dense (const wgi_shape *s)
{
  ptrdiff_t stride = 1;
  for (int i = s->rank; i--; )
    {
      if (s->dim[i] != 1 && s->stride[i] != stride) return wgi_shape_size (s) == 0;
      stride *= (ptrdiff_t) s->dim[i];
    }
  return 1;
}

int wgi_same_dims (const wgi_shape *a, const wgi_shape *b)
{
  return a->rank == b->rank && memcmp (a->dim, b->dim, (size_t) a->rank*sizeof *a->dim) == 0;
}

const char *wgi_shape_text (const wgi_shape *s, char text[], size_t size)
{
  size_t at = (size_t) snprintf (text, size, "(");
  for (int i = 0; i < s->rank && at < size; i++)
    at += (size_t) snprintf (text + at, size - at, "%s%zu", i ? ", " : "", s->dim[i]);
  if (at < size) snprintf (text + at, size - at, s->rank == 1 ? ",)" : ")");
  return text;
}

int wgi_shape_join (wgi_shape *to, const wgi_shape *with)
{
  size_t dim[WG_RANK];
  const int rank = to->rank > with->rank ? to->rank : with->rank;
  for (int i = 0; i < rank; i++)
    {
      const int j = to->rank - rank + i, k = with->rank - rank + i;
      const size_t a = j < 0 ? 1 : to->dim[j], b = k < 0 ? 1 : with->dim[k];
      if (a != b && a != 1 && b != 1) return 0;
      dim[i] = a == 1 ? b : a;
    }
  *to = wgi_shape_of (rank, dim);
  return 1;
}

wgi_shape wgi_shape_broadcast (const wgi_shape *from, const wgi_shape *to)
{
  wgi_shape s = *to;
  for (int i = 0; i < to->rank; i++)
    {
      const int j = from->rank - to->rank + i;
      s.stride[i] = j < 0 || (from->dim[j] == 1 && to->dim[i] != 1) ? 0 : from->stride[j];
    }
  return s;
}

wgi_data *wgi_data_new (size_t count)
{
  wgi_data *d = malloc (wgi_plus (sizeof *d, wgi_times (count, sizeof *d->v)));
  if (!d) return wgi_fail (WG_ENOMEM, "out of memory for %zu numbers", count), NULL;
  atomic_init (&d->users, 1);
  d->count = count;
  return d;
}

void wgi_data_leave (wgi_data *d)
{
  if (d && atomic_fetch_sub (&d->users, 1) == 1) free (d);
}
