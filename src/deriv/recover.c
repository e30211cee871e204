/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * From products of a symmetric matrix with the sums of each colour's columns back to its entries.  Row v of the product
 * for colour c is the sum of the entries (v, w), w of colour c; the diagonal is always alone in its own.
 */
#include <stdlib.h>
#include <string.h>

#include "deriv/plan.h"

#define NONE UINT32_MAX

int wgi_recover_star (const wgi_pattern *lower, const wgi_pattern *graph, const uint32_t entry[], const uint32_t colour[],
                      wgi_origin source[], uint8_t used[])
{
  const size_t n = lower->rows;
  uint32_t *met = calloc (wgi_times (n, 2), sizeof *met), *times = met + n;      /* per colour */
  if (!met) return wgi_fail (WG_ENOMEM, "out of memory for the plan");
  for (size_t k = 0; k < lower->nnz; k++) source[k].sweep = NONE;
  memset (used, 0, n);
  for (uint32_t v = 0; v < n; v++)
    {
      const uint32_t begin = graph->start[v], end = graph->start[v+1], last = lower->start[v+1];
      for (uint32_t k = begin; k < end; k++)
        {
          const uint32_t c = colour[graph->index[k]];
          if (met[c] != v + 1) met[c] = v + 1, times[c] = 0;
          times[c]++;
        }
      for (uint32_t k = begin; k < end; k++)
        {
          const uint32_t w = graph->index[k];
          if (times[colour[w]] > 1 || source[entry[k]].sweep != NONE) continue;
          source[entry[k]] = (wgi_origin){ colour[w], v };
          used[w] = 1;
        }
      if (last > lower->start[v] && lower->index[last-1] == v)
        {
          source[last-1] = (wgi_origin){ colour[v], v };
          used[v] = 1;
        }
    }
  free (met);
  return WG_OK;
}

/* An edge with the colours of its ends; edges are sorted by the pair. */
typedef struct { uint32_t low, high, entry, row, col; } edge;

static int by_colours (const void *a_, const void *b_)
{
  const edge *a = a_, *b = b_;
  if (a->low != b->low) return a->low < b->low ? -1 : 1;
  if (a->high != b->high) return a->high < b->high ? -1 : 1;
  return (a->entry > b->entry) - (a->entry < b->entry);
}

/* A vertex in one two-coloured forest: its edges that are left, the exclusive or of their numbers, so that a single
 * one is known, and a list of the edges whose other ends have been taken off. */
typedef struct { uint32_t degree, edges, removed; } twig;

/* Take leaves off the forest of edges [begin, end).  A leaf v with its edge to w reads (v, w) in the row v of colour (w), less
 * the entries of v's edges that were taken off before. */
static void peel (const edge e[], uint32_t begin, uint32_t end, const uint32_t colour[], twig t[], uint32_t next[],
                  wgi_origin source[], wgi_pair step[], size_t *steps)
{
  for (uint32_t i = begin; i < end; i++)
    for (int side = 0; side < 2; side++)
      t[side ? e[i].col : e[i].row] = (twig){ 0, 0, NONE };
  for (uint32_t i = begin; i < end; i++)
    for (int side = 0; side < 2; side++)
      {
        twig *v = &t[side ? e[i].col : e[i].row];
        v->degree++, v->edges ^= i;
      }
  for (uint32_t i = begin; i < end; i++)
    for (int side = 0; side < 2; side++)
      for (uint32_t v = side ? e[i].col : e[i].row; t[v].degree == 1; )
        {
          const uint32_t k = t[v].edges, w = e[k].row == v ? e[k].col : e[k].row;
          source[e[k].entry] = (wgi_origin){ colour[w], v };
          for (uint32_t r = t[v].removed; r != NONE; r = next[r])
            step[(*steps)++] = (wgi_pair){ e[k].entry, e[r].entry };
          t[v].degree = 0;
          t[w].degree--, t[w].edges ^= k;
          next[k] = t[w].removed, t[w].removed = k;
          v = w;
        }
}

int wgi_recover_acyclic (const wgi_pattern *lower, const uint32_t colour[], wgi_origin source[], wgi_pair step[],
                         size_t *steps)
{
  const size_t n = lower->rows, most = lower->nnz + 1;
  edge *e = malloc (wgi_times (most, sizeof *e));
  twig *t = malloc (wgi_times (n, sizeof *t));
  uint32_t *next = malloc (wgi_times (most, sizeof *next)), edges = 0;
  int rc = e && t && next ? WG_OK : wgi_fail (WG_ENOMEM, "out of memory for the plan");
  *steps = 0;
  for (uint32_t v = 0; v < n && !rc; v++)
    for (uint32_t k = lower->start[v]; k < lower->start[v+1]; k++)
      {
        const uint32_t w = lower->index[k], a = colour[v], b = colour[w];
        if (v == w) source[k] = (wgi_origin){ a, v };
        else e[edges++] = (edge){ a < b ? a : b, a < b ? b : a, k, v, w };
      }
  if (!rc) qsort (e, edges, sizeof *e, by_colours);
  for (uint32_t begin = 0, end; begin < edges && !rc; begin = end)
    {
      for (end = begin; end < edges && e[end].low == e[begin].low && e[end].high == e[begin].high; end++);
      peel (e, begin, end, colour, t, next, source, step, steps);
    }
  free (e), free (t), free (next);
  return rc;
}
