/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * The greedy colourings, and the search over orders.  Sets of colours are rows of bits, `stride' words each; a pass
 * that needs more colours than they hold starts again with twice the width.
 */
#include <stdlib.h>
#include <string.h>

#include "deriv/colour.h"

#define NONE UINT32_MAX
enum { WIDER = -1, LOST = 0, DONE = 1 };      /* what a pass returns: sets are too narrow, out of memory, coloured */

static inline int has (const uint64_t *set, uint32_t c) { return (int) (set[c >> 6] >> (c & 63) & 1); }
static inline void add (uint64_t *set, uint32_t c) { set[c >> 6] |= (uint64_t) 1 << (c & 63); }

static inline void unite (uint64_t *set, const uint64_t *more, size_t stride)
{
  for (size_t i = 0; i < stride; i++) set[i] |= more[i];
}

/* The first colour that is not in the set, 64 stride if all are. */
static inline uint32_t first_free (const uint64_t *set, size_t stride)
{
  for (size_t i = 0; i < stride; i++)
    if (~set[i]) return (uint32_t) (64*i + (unsigned) __builtin_ctzll (~set[i]));
  return (uint32_t) (64*stride);
}

/* per row: the colours of its columns */

static int partial (const wgi_colour_problem *p, const uint32_t order[], size_t stride, uint32_t colour[], uint32_t *count)
{
  const size_t n = p->to->rows;
  uint64_t *used = calloc (wgi_times (p->back->rows + 1, stride), sizeof *used), *forbidden = used;
  if (!used) return LOST;
  int result = DONE;
  used += stride, *count = 0;
  for (size_t i = 0; i < n && result == DONE; i++)
    {
      const uint32_t v = order[i], *row = p->to->index + p->to->start[v];
      const size_t rows = p->to->start[v+1] - p->to->start[v];
      memset (forbidden, 0, stride*sizeof *forbidden);
      for (size_t k = 0; k < rows; k++) unite (forbidden, used + row[k]*stride, stride);
      const uint32_t c = colour[v] = first_free (forbidden, stride);
      if (c == 64*stride) { result = WIDER; break; }
      if (c >= *count) *count = c + 1;
      for (size_t k = 0; k < rows; k++) add (used + row[k]*stride, c);
    }
  free (forbidden);
  return result;
}

/* Per vertex three sets of colours: those of its coloured neighbours; those that two of them have; and, w being
 * coloured, those whose star at w has its centre at the neighbour.  A colour c is no good for v when a neighbour has it; when w is
 * one of two neighbours in one colour and has a neighbour in c (v would be inside a path q v w x); or when the neighbour
 * of w in c is the centre of a star (v would end a path v w x y). */
typedef struct { uint64_t *once, *twice, *spoke; } stars;

static stars stars_of (uint64_t *sets, size_t stride, uint32_t v)
{
  uint64_t *set = sets + (size_t) v*3*stride;
  return (stars){ set, set + stride, set + 2*stride };
}

/* Vertex v has got colour c: tell the neighbours. */
static void grow_stars (const wgi_colour_problem *p, uint64_t *sets, size_t stride, const uint32_t colour[], uint32_t v)
{
  const uint32_t *start = p->to->start, *to = p->to->index, c = colour[v];
  const stars s = stars_of (sets, stride, v);
  for (uint32_t k = start[v]; k < start[v+1]; k++)
    {
      const uint32_t w = to[k], d = colour[w];
      const stars t = stars_of (sets, stride, w);
      const int met = has (t.once, c);
      if (d != NONE && has (s.twice, d)) add (t.spoke, c);               /* v is the centre */
      else if (d != NONE && met)                                         /* w is */
        {
          for (uint32_t i = start[w]; i < start[w+1] && !has (t.twice, c); i++)
            if (to[i] != v && colour[to[i]] == c)
              {
                add (stars_of (sets, stride, to[i]).spoke, d);
                break;
              }
          add (s.spoke, d);
        }
      add (met ? t.twice : t.once, c);
    }
}

static int star (const wgi_colour_problem *p, const uint32_t order[], size_t stride, uint32_t colour[], uint32_t *count)
{
  const size_t n = p->to->rows;
  uint64_t *sets = calloc (wgi_times (3*n + 1, stride), sizeof *sets), *forbidden = sets;
  if (!sets) return LOST;
  int result = DONE;
  sets += stride, *count = 0;
  memset (colour, 0xff, n*sizeof *colour);
  for (size_t i = 0; i < n; i++)
    {
      const uint32_t v = order[i];
      const stars s = stars_of (sets, stride, v);
      memcpy (forbidden, s.once, stride*sizeof *forbidden);
      for (uint32_t k = p->to->start[v]; k < p->to->start[v+1]; k++)
        {
          const uint32_t w = p->to->index[k], d = colour[w];
          if (d == NONE) continue;
          const stars t = stars_of (sets, stride, w);
          unite (forbidden, has (s.twice, d) ? t.once : t.spoke, stride);
        }
      const uint32_t c = first_free (forbidden, stride);
      if (c == 64*stride) { result = WIDER; break; }
      if (c >= *count) *count = c + 1;
      colour[v] = c;
      grow_stars (p, sets, stride, colour, v);
    }
  free (forbidden);
  return result;
}

/* Per vertex a list of the colours of its coloured neighbours; once the vertex is coloured itself each goes with
 * the two-coloured tree that they are in.  Trees are disjoint sets; an element is the place of a list entry. */
typedef struct {
  const uint32_t *start;         /* where a vertex's list is: it has at most as many entries as neighbours */
  uint32_t *length;              /* per vertex */
  uint32_t *colour, *parent;     /* per entry; parent of a root: itself */
  uint32_t *visitor;             /* per root: the vertex that came by last */
  uint8_t *twice;                /* per entry: do two neighbours have this colour? */
} trees;

static uint32_t root_of (const trees *t, uint32_t e)
{
  while (t->parent[e] != e) e = t->parent[e] = t->parent[t->parent[e]];
  return e;
}

/* The entry of colour c in the list of v, made if needed. */
static uint32_t entry_of (const trees *t, uint32_t v, uint32_t c)
{
  const uint32_t begin = t->start[v], end = begin + t->length[v];
  for (uint32_t e = begin; e < end; e++)
    if (t->colour[e] == c) return e;
  t->colour[end] = c, t->parent[end] = end, t->visitor[end] = NONE, t->twice[end] = 0;
  t->length[v]++;
  return end;
}

/* The trees that v would close a cycle in are those that it meets through two neighbours of one colour. */
static void forbid_cycles (const trees *t, uint32_t v, uint32_t w, uint64_t *forbidden)
{
  for (uint32_t e = t->start[w]; e < t->start[w] + t->length[w]; e++)
    {
      const uint32_t root = root_of (t, e);
      if (t->visitor[root] == v) add (forbidden, t->colour[e]);
      t->visitor[root] = v;
    }
}

static int acyclic (const wgi_colour_problem *p, const uint32_t order[], size_t stride, uint32_t colour[], uint32_t *count)
{
  const size_t n = p->to->rows, entries = p->to->nnz + 1;
  uint32_t *block = malloc (wgi_times (wgi_plus (n, wgi_times (entries, 3)), sizeof *block));
  uint64_t *sets = calloc (stride, 2*sizeof *sets), *forbidden = sets, *twice = sets + stride;
  uint8_t *flag = malloc (entries);
  trees t = { p->to->start, block, block + n, block + n + entries, block + n + 2*entries, flag };
  int result = block && sets && flag ? DONE : LOST;
  if (block) memset (block, 0, n*sizeof *block);
  memset (colour, 0xff, n*sizeof *colour);
  *count = 0;
  for (size_t i = 0; i < n && result == DONE; i++)
    {
      const uint32_t v = order[i], *to = p->to->index, begin = p->to->start[v], end = p->to->start[v+1];
      memset (sets, 0, 2*stride*sizeof *sets);
      for (uint32_t e = begin; e < begin + t.length[v]; e++)
        {
          add (forbidden, t.colour[e]);
          if (t.twice[e]) add (twice, t.colour[e]);
        }
      for (uint32_t k = begin; k < end; k++)
        if (colour[to[k]] != NONE && has (twice, colour[to[k]])) forbid_cycles (&t, v, to[k], forbidden);
      const uint32_t c = first_free (forbidden, stride);
      if (c == 64*stride) { result = WIDER; break; }
      if (c >= *count) *count = c + 1;
      colour[v] = c;
      for (uint32_t k = begin; k < end; k++)
        {
          const uint32_t w = to[k], had = t.length[w], e = entry_of (&t, w, c);
          if (t.length[w] == had) t.twice[e] = 1;
          if (colour[w] != NONE) t.parent[root_of (&t, e)] = root_of (&t, entry_of (&t, v, colour[w]));
        }
    }
  free (block), free (sets), free (flag);
  return result;
}

/* the search */

int wgi_colour_greedily (const wgi_colour_problem *p, const uint32_t order[], uint32_t colour[], uint32_t *count)
{
  size_t stride = p->bound/64 + 1;
  for (;;)
    {
      int result = p->kind == WGI_PARTIAL ? partial (p, order, stride, colour, count)
                 : p->kind == WGI_STAR ? star (p, order, stride, colour, count)
                 : acyclic (p, order, stride, colour, count);
      if (result == DONE) return WG_OK;
      if (result == LOST) return wgi_fail (WG_ENOMEM, "out of memory for the colouring");
      stride *= 2;
    }
}

/* Steps of a greedy pass. */
static double greedy_work (const wgi_colour_problem *p, uint32_t count)
{
  const double stride = count/64 + 1, nnz = (double) p->to->nnz;
  return (double) p->to->rows*4 + nnz*(p->kind == WGI_ACYCLIC ? 4 + .2*count : p->kind == WGI_STAR ? 2 + 2*stride : 1 + stride);
}

uint32_t wgi_colour_bound (const wgi_colour_problem *p)
{
  const wgi_pattern *a = p->kind == WGI_PARTIAL ? p->back : p->to;
  uint32_t longest = 0, stars_only = 1;
  for (size_t v = 0; v < a->rows; v++)
    {
      const uint32_t degree = a->start[v+1] - a->start[v];
      if (degree > longest) longest = degree;
      if (p->kind == WGI_STAR && degree > 1)
        for (uint32_t k = a->start[v]; k < a->start[v+1]; k++)
          if (a->start[a->index[k] + 1] - a->start[a->index[k]] > 1) stars_only = 0;
    }
  if (p->kind == WGI_PARTIAL) return longest ? longest : 1;
  /* two colours span a forest, so k of them at most (k - 1) n - k (k - 1)/2 edges */
  const double n = (double) a->rows, edges = (double) a->nnz/2;
  uint32_t k = 1;
  while ((k - 1)*n - .5*k*(k - 1) < edges && k < a->rows) k++;
  return p->kind == WGI_STAR && k == 2 && !stars_only ? 3 : k;
}

/* Try an order; keep the colouring if it is better. */
static int try_order (const wgi_colour_problem *p, int ordering, const uint32_t order[], uint32_t **spare, wgi_colouring *best)
{
  uint32_t count;
  int rc = wgi_colour_greedily (p, order, *spare, &count);
  if (rc || (best->count && count >= best->count + (ordering == WG_ORDER_CLASSES && p->kind == WGI_PARTIAL))) return rc;
  uint32_t *kept = *spare;
  if (count < best->count || !best->count) best->ordering = ordering;
  *spare = best->colour, best->colour = kept;
  best->count = count;
  return WG_OK;
}

int wgi_colour (const wgi_colour_problem *p, int ordering, wgi_colour_budget *budget, const void *ctx, wgi_colouring *best)
{
  enum { N = WG_ORDER_NATURAL, S = WG_ORDER_SMALLEST_LAST, L = WG_ORDER_LARGEST_FIRST, I = WG_ORDER_INCIDENCE, D = WG_ORDER_DYNAMIC,
         S2 = WG_ORDER_SMALLEST_LAST_2, L2 = WG_ORDER_LARGEST_FIRST_2, I2 = WG_ORDER_INCIDENCE_2, R = WG_ORDER_RANDOM, C = WG_ORDER_CLASSES };
  static const struct { uint8_t ordering, seed; } tries[] = {
    { N, 0 }, { S, 1 }, { S, 0 }, { I, 1 }, { S2, 1 }, { L, 0 }, { R, 22 }, { C, 0 }, { C, 1 }, { C, 2 }, { R, 23 }, { C, 12 },
    { I2, 0 }, { S, 2 }, { S2, 2 },
    { I, 0 }, { L2, 1 }, { S, 3 }, { D, 0 }, { I2, 1 }, { R, 0 }, { C, 3 }, { C, 4 }, { C, 5 },
    { S, 4 }, { S, 5 }, { I, 6 }, { I2, 7 }, { S2, 8 }, { L, 9 }, { R, 10 }, { C, 13 }, { C, 14 },
    { I, 11 }, { S, 12 }, { I2, 13 }, { S2, 14 }, { R, 15 },
    { C, 6 }, { C, 7 }, { C, 8 }, { S, 16 }, { I, 17 }, { L2, 18 }, { S2, 19 }, { I2, 20 }, { R, 21 }, { C, 9 }, { C, 10 }, { C, 11 } };
  const size_t n = p->to->rows;
  uint32_t *order = malloc (wgi_times (n, sizeof *order)), *spare = malloc (wgi_times (n, sizeof *spare));
  double work = 0;
  int rc = WG_OK;
  *best = (wgi_colouring){ .colour = malloc (wgi_times (n, sizeof *spare)) };
  if (!order || !spare || !best->colour) rc = wgi_fail (WG_ENOMEM, "out of memory for the colouring");
  for (size_t i = 0; i < sizeof tries/sizeof *tries && !rc; i++)
    {
      const int next = ordering == WG_ORDER_BEST ? tries[i].ordering : ordering;
      if (best->count)
        {
          const double more = wgi_order_work (p, next) + greedy_work (p, best->count);
          if (ordering != WG_ORDER_BEST || best->count <= p->bound) break;
          if (p->back && next >= WG_ORDER_SMALLEST_LAST_2 && next <= WG_ORDER_INCIDENCE_2) continue;    /* the same again */
          if (work + more > budget (best->count, ctx)) continue;
          work += more;
        }
      rc = next == WG_ORDER_CLASSES ? wgi_order_classes (n, best, tries[i].seed, order) : wgi_order (p, next, tries[i].seed, order);
      if (!rc) rc = try_order (p, next, order, &spare, best);
    }
  free (order), free (spare);
  if (rc) free (best->colour), best->colour = NULL;
  return rc;
}
