/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * A walk over the elements of arrays of one shape, run by run along the axis that is innermost once axes that lie behind each other
 * in all arrays are joined:
 *   for (wgi_walk l = wgi_walk_over (&shape, count, stride); l.more; wgi_walk_next (&l)) ... l.n elements from l.at[i], l.step[i] apart
 */
#ifndef WENGERT_ARRAY_WALK_H
#define WENGERT_ARRAY_WALK_H

#include <string.h>

#include "array/array.h"

enum { WGI_WALKED = 8 };

typedef struct {
  int rank, count, more;
  size_t n;
  ptrdiff_t at[WGI_WALKED], step[WGI_WALKED];
  size_t dim[WG_RANK], index[WG_RANK];
  ptrdiff_t stride[WGI_WALKED][WG_RANK];
} wgi_walk;

/* Does axis b continue axis a in all arrays? */
static inline int wgi_walk_joins (const wgi_walk *l, int a, size_t dim, const ptrdiff_t *const stride[], int b)
{
  int joins = 1;
  for (int i = 0; i < l->count; i++) joins &= l->stride[i][a] == stride[i][b]*(ptrdiff_t) dim;
  return joins;
}

static inline wgi_walk wgi_walk_over (const wgi_shape *s, int count, const ptrdiff_t *const stride[])
{
  wgi_walk l = { .count = count, .n = 1, .more = 1 };
  for (int k = 0; k < s->rank; k++)
    {
      if (s->dim[k] == 0) l.more = 0;
      if (s->dim[k] == 1) continue;
      if (l.rank && wgi_walk_joins (&l, l.rank - 1, s->dim[k], stride, k)) l.rank--, l.dim[l.rank] *= s->dim[k];
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

static inline void wgi_walk_next (wgi_walk *l)
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

/* The elements in one piece. */
static inline void wgi_walk_gather (const wgi_shape *s, const double *x, double y[])
{
  for (wgi_walk l = wgi_walk_over (s, 1, (const ptrdiff_t *[]){ s->stride }); l.more; wgi_walk_next (&l))
    for (size_t i = 0; i < l.n; i++) *y++ = x[l.at[0] + (ptrdiff_t) i*l.step[0]];
}

/* y = x, and y += x, element by element of the shape of x; to are the strides of y. */
static inline void wgi_walk_copy (const wgi_shape *s, const ptrdiff_t to[], const double *x, double *y)
{
  for (wgi_walk l = wgi_walk_over (s, 2, (const ptrdiff_t *[]){ s->stride, to }); l.more; wgi_walk_next (&l))
    for (size_t i = 0; i < l.n; i++) y[l.at[1] + (ptrdiff_t) i*l.step[1]] = x[l.at[0] + (ptrdiff_t) i*l.step[0]];
}

static inline void wgi_walk_add (const wgi_shape *s, const ptrdiff_t to[], const double *x, double *y)
{
  for (wgi_walk l = wgi_walk_over (s, 2, (const ptrdiff_t *[]){ s->stride, to }); l.more; wgi_walk_next (&l))
    for (size_t i = 0; i < l.n; i++) y[l.at[1] + (ptrdiff_t) i*l.step[1]] += x[l.at[0] + (ptrdiff_t) i*l.step[0]];
}

#endif
