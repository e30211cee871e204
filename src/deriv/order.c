/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Orders for greedy colouring.  Degrees are those in the graph that PARTIAL colours properly, where columns with a
 * common row are neighbours; it is never stored.
 */
#include <stdlib.h>
#include <string.h>

#include "deriv/colour.h"

#define NONE UINT32_MAX

static uint64_t random_word (uint64_t *s)              /* SplitMix64 */
{
  uint64_t z = (*s += 0x9e3779b97f4a7c15u);
  z = (z ^ z >> 30)*0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27)*0x94d049bb133111ebu;
  return z ^ z >> 31;
}

static void shuffle (size_t n, uint32_t a[], uint64_t seed)
{
  for (size_t i = n; i > 1; i--)
    {
      const size_t j = (size_t) (random_word (&seed) % i);
      const uint32_t t = a[i-1];
      a[i-1] = a[j], a[j] = t;
    }
}

/* What an order looks at: the graph, or that of vertices at most two steps apart. */
typedef struct {
  const wgi_pattern *to, *back;  /* neighbours are through to and then back, or of to alone if back is NULL */
  int near;                      /* with back: are the vertices in between neighbours as well? */
} view;

static view view_of (const wgi_colour_problem *p, int ordering)
{
  const int two = ordering == WG_ORDER_SMALLEST_LAST_2 || ordering == WG_ORDER_LARGEST_FIRST_2 || ordering == WG_ORDER_INCIDENCE_2;
  return (view){ p->to, p->back ? p->back : two ? p->to : NULL, !p->back && two };
}

/* The distinct neighbours of v into list, their number; stamp[w] == v marks those that are there. */
static size_t neighbours (view g, uint32_t v, uint32_t stamp[], uint32_t list[])
{
  const uint32_t *to = g.to->index, begin = g.to->start[v], end = g.to->start[v+1];
  size_t count = 0;
  if (!g.back)
    {
      count = end - begin;
      if (count) memcpy (list, to + begin, count*sizeof *list);
      return count;
    }
  stamp[v] = v;
  for (uint32_t i = begin; i < end && g.near; i++) stamp[to[i]] = v, list[count++] = to[i];
  for (uint32_t i = begin; i < end; i++)
    for (uint32_t k = g.back->start[to[i]]; k < g.back->start[to[i] + 1]; k++)
      {
        const uint32_t w = g.back->index[k];
        if (stamp[w] == v) continue;
        stamp[w] = v;
        list[count++] = w;
      }
  return count;
}

/* Vertices in buckets by key, doubly linked; a vertex that comes goes first, or last when queued. */
typedef struct { uint32_t *head, *tail, *next, *previous, *key; size_t n; int queued; } buckets;

static void take_out (buckets *b, uint32_t v)
{
  const uint32_t before = b->previous[v], after = b->next[v], key = b->key[v];
  *(before == NONE ? &b->head[key] : &b->next[before]) = after;
  *(after == NONE ? &b->tail[key] : &b->previous[after]) = before;
}

static void put_in (buckets *b, uint32_t v, uint32_t key)
{
  const uint32_t before = b->queued ? b->tail[key] : NONE, after = b->queued ? NONE : b->head[key];
  b->key[v] = key, b->previous[v] = before, b->next[v] = after;
  *(before == NONE ? &b->head[key] : &b->next[before]) = v;
  *(after == NONE ? &b->tail[key] : &b->previous[after]) = v;
}

/* By degree among those not chosen yet, smallest chosen last or largest first, or by the number chosen already.  Ties by
 * the order that is there. */
static void dynamic_order (view g, int ordering, buckets *b, uint32_t stamp[], uint32_t list[],
                           uint32_t order[])
{
  const size_t n = b->n;
  const int smallest = ordering == WG_ORDER_SMALLEST_LAST || ordering == WG_ORDER_SMALLEST_LAST_2;
  const int incidence = ordering == WG_ORDER_INCIDENCE || ordering == WG_ORDER_INCIDENCE_2;
  size_t at = 0;
  for (size_t i = n; i--; )
    put_in (b, order[i], incidence ? 0 : (uint32_t) neighbours (g, order[i], stamp, list));
  memset (stamp, 0xff, n*sizeof *stamp);
  if (!smallest && !incidence) at = n - 1;
  for (size_t i = 0; i < n; i++)
    {
      while (b->head[at] == NONE) at = smallest ? at + 1 : at - 1;
      const uint32_t v = b->head[at];
      take_out (b, v);
      b->key[v] = NONE;
      order[smallest ? n - 1 - i : i] = v;
      const size_t count = neighbours (g, v, stamp, list);
      for (size_t j = 0; j < count; j++)
        {
          const uint32_t w = list[j], key = b->key[w];
          if (key == NONE) continue;
          take_out (b, w);
          put_in (b, w, incidence ? key + 1 : key - 1);
          if (smallest ? key - 1 < at : incidence && key + 1 > at) at = smallest ? key - 1 : key + 1;
        }
    }
}

/* By the degree in the whole graph, largest first: a counting sort. */
static void largest_first (view g, buckets *b, uint32_t stamp[], uint32_t list[], uint32_t order[])
{
  const size_t n = b->n;
  size_t i = 0;
  for (size_t v = n; v--; ) put_in (b, (uint32_t) v, (uint32_t) neighbours (g, (uint32_t) v, stamp, list));
  for (size_t key = n; key--; )
    for (uint32_t v = b->head[key]; v != NONE; v = b->next[v]) order[i++] = v;
}

int wgi_order (const wgi_colour_problem *p, int ordering, uint64_t seed, uint32_t order[])
{
  const size_t n = p->to->rows;
  for (size_t i = 0; i < n; i++) order[i] = (uint32_t) (seed & 1 && ordering != WG_ORDER_NATURAL ? n - 1 - i : i);
  if (ordering == WG_ORDER_RANDOM || (seed > 3 && ordering != WG_ORDER_NATURAL)) shuffle (n, order, seed);
  if (ordering == WG_ORDER_NATURAL || ordering == WG_ORDER_RANDOM) return WG_OK;
  uint32_t *block = malloc (wgi_times (n, 7*sizeof *block));
  if (!block) return wgi_fail (WG_ENOMEM, "out of memory for the colouring");
  buckets b = { block, block + n, block + 2*n, block + 3*n, block + 4*n, n, seed & 2 };
  uint32_t *stamp = block + 5*n, *list = block + 6*n;
  memset (block, 0xff, 2*n*sizeof *block), memset (stamp, 0xff, n*sizeof *stamp);
  const view g = view_of (p, ordering);
  if (ordering == WG_ORDER_LARGEST_FIRST || ordering == WG_ORDER_LARGEST_FIRST_2) largest_first (g, &b, stamp, list, order);
  else dynamic_order (g, ordering, &b, stamp, list, order);
  free (block);
  return WG_OK;
}

int wgi_order_classes (size_t n, const wgi_colouring *c, int round, uint32_t order[])
{
  uint32_t *block = malloc (wgi_times (wgi_plus (wgi_times (c->count, 3), 1), sizeof *block));
  if (!block) return wgi_fail (WG_ENOMEM, "out of memory for the colouring");
  uint32_t *size = block, *class = block + c->count, *at = block + 2*c->count;
  memset (size, 0, c->count*sizeof *size);
  for (size_t v = 0; v < n; v++) size[c->colour[v]]++;
  for (uint32_t i = 0; i < c->count; i++) class[i] = c->count - 1 - i;
  if (round % 3 == 1)
    for (uint32_t i = 1; i < c->count; i++)              /* few, and nearly in order: insertion */
      {
        uint32_t j = i;
        const uint32_t k = class[i];
        for (; j && size[class[j-1]] < size[k]; j--) class[j] = class[j-1];
        class[j] = k;
      }
  if (round % 3 == 2) shuffle (c->count, class, (uint64_t) round);
  uint32_t before = 0;
  for (uint32_t i = 0; i < c->count; i++) at[class[i]] = before, before += size[class[i]];
  for (size_t v = 0; v < n; v++) order[at[c->colour[v]]++] = (uint32_t) v;
  free (block);
  return WG_OK;
}

double wgi_order_work (const wgi_colour_problem *p, int ordering)
{
  const double n = (double) p->to->rows;
  double pairs = (double) p->to->nnz;
  if (ordering == WG_ORDER_NATURAL || ordering == WG_ORDER_RANDOM || ordering == WG_ORDER_CLASSES) return 4*n;
  const view g = view_of (p, ordering);
  if (g.back)
    {
      pairs = 0;
      for (size_t r = 0; r < g.back->rows; r++)
        {
          const double length = g.back->start[r+1] - g.back->start[r];
          pairs += length*length;
        }
    }
  return ordering == WG_ORDER_LARGEST_FIRST || ordering == WG_ORDER_LARGEST_FIRST_2 ? 8*n + pairs : 16*n + 6*pairs;
}
