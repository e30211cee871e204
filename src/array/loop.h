/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * A walk over the elements of arrays of one shape, run by run along the axis that is innermost once axes that lie behind each other
 * in all arrays are joined:
 *   for (wgi_loop l = wgi_loop_over (&shape, count, stride); l.more; wgi_loop_next (&l)) ... l.n elements from l.at[i], l.step[i] apart
 */
#ifndef WENGERT_ARRAY_LOOP_H
#define WENGERT_ARRAY_LOOP_H

#include <string.h>

#include "array/array.h"

enum { WGI_LOOPED = 4 };

typedef struct {
  int rank, count, more;
  size_t n;
  ptrdiff_t at[WGI_LOOPED], step[WGI_LOOPED];
  size_t dim[WG_RANK], index[WG_RANK];
  ptrdiff_t stride[WGI_LOOPED][WG_RANK];
} wgi_loop;

/* Does axis b continue axis a in all arrays? */
static inline int wgi_loop_joins (const wgi_loop *l, int a, size_t dim, const ptrdiff_t *const stride[], int b)
{
  int joins = 1;
  for (int i = 0; i < l->count; i++) joins &= l->stride[i][a] == stride[i][b]*(ptrdiff_t) dim;
  return joins;
}

static inline wgi_loop wgi_loop_over (const wgi_shape *s, int count, const ptrdiff_t *const stride[])
{
  wgi_loop l = { .count = count, .n = 1, .more = 1 };
  for (int k = 0; k < s->rank; k++)
    {
      if (s->dim[k] == 0) l.more = 0;
      if (s->dim[k] == 1) continue;
      if (l.rank && wgi_loop_joins (&l, l.rank - 1, s->dim[k], stride, k)) l.rank--, l.dim[l.rank] *= s->dim[k];
      else l.dim[l.rank] = s->dim[k];
      for (int i = 0; i < count; i++) l.stride[i][l.rank] = stride[i][k];
      l.rank++;
    }
  if (l.rank)
    {
      l.rank--;
      l.n = l.dim[l.rank];
      for (int i = 0; i < count; i++) l.step[i] = l.stride[i][l.rank];
    }
  return l;
}

static inline void wgi_loop_next (wgi_loop *l)
{
  int k = l->rank;
  while (k--)
    {
      for (int i = 0; i < l->count; i++) l->at[i] += l->stride[i][k];
      if (++l->index[k] < l->dim[k]) return;
      for (int i = 0; i < l->count; i++) l->at[i] -= l->stride[i][k]*(ptrdiff_t) l->dim[k];
      l->index[k] = 0;
    }
  l->more = 0;
}

#endif
