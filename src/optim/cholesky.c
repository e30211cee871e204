/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Row by row: row k of L has entries where the elimination tree leads from those of A's row k up to k (Liu, SIAM J. Matrix
 * Anal. Appl. 11 (1990); Davis, Direct Methods for Sparse Linear Systems (2006), chapter 4).  Rows and columns are in
 * reverse Cuthill-McKee order (Proc. 24th ACM Conference (1969)), which finds narrow bands.
 */
#include "optim/cholesky.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"

enum { NONE = -1 };

struct wgi_cholesky {
  size_t n;
  int *order, *place;           /* order[k]: the row of H that is row k of A; place: its inverse */
  int *start, *col, *from;      /* row k of A's lower triangle, diagonal left out: col[], value[from[]] */
  int *diagonal;                /* H's diagonal entry of row k, NONE: not there */
  int *parent, *path, *mark;    /* elimination tree; scratch */
  size_t *column, *next;        /* L by columns, the diagonal first; where column i ends so far */
  int *row;
  double *l, *x;                /* L's entries; scratch */
};

static void *array (size_t count, size_t size)
{
  return malloc (wgi_times (count ? count : 1, size));
}

/* ---------------------------------------------------------------- order */

typedef struct { int *start, *to, *degree; } graph;

/* Both triangles, without the diagonal. */
static int neighbours (size_t n, const int start[], const int row[], graph *g)
{
  g->start = calloc (n + 2, sizeof *g->start);
  g->to = array (2*(size_t) start[n], sizeof *g->to);
  g->degree = array (n, sizeof *g->degree);
  if (!g->start || !g->to || !g->degree) return 0;
  for (size_t j = 0; j < n; j++)
    for (int k = start[j]; k < start[j+1]; k++)
      if ((size_t) row[k] != j) g->start[j+2]++, g->start[row[k]+2]++;
  for (size_t j = 0; j < n; j++) g->degree[j] = g->start[j+2], g->start[j+2] += g->start[j+1];
  for (size_t j = 0; j < n; j++)
    for (int k = start[j]; k < start[j+1]; k++)
      if ((size_t) row[k] != j) g->to[g->start[j+1]++] = row[k], g->to[g->start[row[k]+1]++] = (int) j;
  return 1;
}

/* Vertices level by level from root into order[]; in a level those of one parent by degree.  How many; *levels. */
static size_t breadth_first (const graph *g, int root, int order[], int mark[], int stamp, size_t *levels)
{
  size_t count = 1, end = 1;
  *levels = 0;
  order[0] = root, mark[root] = stamp;
  for (size_t i = 0; i < count; i++)
    {
      if (i == end) ++*levels, end = count;
      const size_t first = count;
      for (int k = g->start[order[i]]; k < g->start[order[i] + 1]; k++)
        {
          const int v = g->to[k];
          size_t at = count;
          if (mark[v] == stamp) continue;
          mark[v] = stamp, count++;
          for (; at > first && g->degree[order[at-1]] > g->degree[v]; at--) order[at] = order[at-1];
          order[at] = v;
        }
    }
  return count;
}

/* Each component from an end of it: the last vertex of a search, while that deepens the levels. */
static void find_order (const graph *g, size_t n, int order[], int mark[])
{
  int stamp = 0;
  for (size_t v = 0; v < n; v++) mark[v] = NONE;
  for (size_t v = 0, done = 0; v < n; v++)
    {
      if (mark[v] != NONE) continue;
      size_t levels, deeper, count = breadth_first (g, (int) v, order + done, mark, stamp++, &levels);
      for (int tries = 0; tries < 8; tries++, levels = deeper)
        {
          breadth_first (g, order[done + count - 1], order + done, mark, stamp++, &deeper);
          if (deeper <= levels) break;
        }
      done += count;
    }
  for (size_t i = 0; i < n/2; i++)
    {
      const int other = order[n - 1 - i];
      order[n - 1 - i] = order[i], order[i] = other;
    }
}

static int order (wgi_cholesky *c, const int start[], const int row[])
{
  graph g = { 0 };
  const int ok = neighbours (c->n, start, row, &g);
  if (ok)
    {
      find_order (&g, c->n, c->order, c->mark);
      for (size_t k = 0; k < c->n; k++) c->place[c->order[k]] = (int) k;
    }
  free (g.start), free (g.to), free (g.degree);
  return ok;
}

/* ---------------------------------------------------------------- structure */

/* The rows of A from the columns of H. */
static void arrange (wgi_cholesky *c, const int start[], const int row[])
{
  int *const first = c->start;
  memset (first, 0, (c->n + 2)*sizeof *first);
  for (size_t k = 0; k < c->n; k++) c->diagonal[k] = NONE;
  for (int pass = 0; pass < 2; pass++)
    {
      for (size_t j = 0; j < c->n; j++)
        for (int k = start[j]; k < start[j+1]; k++)
          {
            const int a = c->place[j], b = c->place[row[k]], high = a > b ? a : b;
            if (a == b) c->diagonal[a] = k;
            else if (pass == 0) first[high + 2]++;
            else c->col[first[high + 1]] = a + b - high, c->from[first[high + 1]++] = k;
          }
      for (size_t j = 0; j < c->n && pass == 0; j++) first[j+2] += first[j+1];
    }
}

/* Where row k of L is not zero: path[top .. n), in an order in which columns can be eliminated. */
static size_t reach (wgi_cholesky *c, size_t k)
{
  size_t top = c->n;
  c->mark[k] = (int) k;
  for (int e = c->start[k]; e < c->start[k+1]; e++)
    {
      size_t length = 0;
      for (int i = c->col[e]; c->mark[i] != (int) k; i = c->parent[i]) c->path[length++] = i, c->mark[i] = (int) k;
      while (length) c->path[--top] = c->path[--length];
    }
  return top;
}

/* The elimination tree, with path compression in c->path, and the sizes of L's columns; entries of L in all. */
static double analyse (wgi_cholesky *c)
{
  const size_t n = c->n;
  double total = (double) n;
  int *const ancestor = c->path;
  for (size_t k = 0; k < n; k++)
    {
      c->parent[k] = ancestor[k] = NONE;
      for (int e = c->start[k]; e < c->start[k+1]; e++)
        for (int i = c->col[e], up; i != NONE && i < (int) k; i = up)
          {
            up = ancestor[i];
            ancestor[i] = (int) k;
            if (up == NONE) c->parent[i] = (int) k;
          }
    }
  for (size_t k = 0; k < n; k++) c->next[k] = 1, c->mark[k] = NONE;
  for (size_t k = 0; k < n; k++)
    for (size_t i = reach (c, k); i < n; i++) c->next[c->path[i]]++, total++;
  c->column[0] = 0;
  for (size_t k = 0; k < n; k++) c->column[k+1] = c->column[k] + c->next[k];
  return total;
}

int wgi_cholesky_new (size_t n, const int start[], const int row[], double most, wgi_cholesky **result)
{
  const size_t nnz = (size_t) start[n];
  wgi_cholesky *c = calloc (1, sizeof *c);
  int rc = WG_ENOMEM;
  *result = NULL;
  if (!c) return wgi_fail (rc, "out of memory for a factor");
  c->n = n;
  c->order = array (n, sizeof (int)), c->place = array (n, sizeof (int));
  c->start = array (n + 2, sizeof (int)), c->col = array (nnz, sizeof (int)), c->from = array (nnz, sizeof (int));
  c->diagonal = array (n, sizeof (int)), c->parent = array (n, sizeof (int));
  c->path = array (n, sizeof (int)), c->mark = array (n, sizeof (int));
  c->column = array (n + 1, sizeof (size_t)), c->next = array (n, sizeof (size_t)), c->x = calloc (n ? n : 1, sizeof (double));
  if (c->order && c->place && c->start && c->col && c->from && c->diagonal && c->parent && c->path && c->mark && c->column
      && c->next && c->x && order (c, start, row))
    {
      arrange (c, start, row);
      rc = analyse (c) > most ? WG_ELIMIT : WG_OK;
    }
  if (!rc)
    {
      c->row = array (c->column[n], sizeof (int)), c->l = array (c->column[n], sizeof (double));
      if (!c->row || !c->l) rc = WG_ENOMEM;
    }
  if (rc == WG_ENOMEM) wgi_fail (rc, "out of memory for a factor of %zu rows", n);
  if (rc) wgi_cholesky_free (c);
  else *result = c;
  return rc;
}

void wgi_cholesky_free (wgi_cholesky *c)
{
  if (!c) return;
  free (c->order), free (c->place), free (c->start), free (c->col), free (c->from), free (c->diagonal), free (c->parent);
  free (c->path), free (c->mark), free (c->column), free (c->next), free (c->row), free (c->l), free (c->x), free (c);
}

/* ---------------------------------------------------------------- numbers */

int wgi_cholesky_factor (wgi_cholesky *c, const double value[], double shift)
{
  const size_t n = c->n;
  double *const x = c->x, *const l = c->l;
  for (size_t k = 0; k < n; k++) c->next[k] = c->column[k], c->mark[k] = NONE;
  memset (x, 0, n*sizeof *x);
  for (size_t k = 0; k < n; k++)
    {
      double d = shift + (c->diagonal[k] == NONE ? 0 : value[c->diagonal[k]]);
      for (int e = c->start[k]; e < c->start[k+1]; e++) x[c->col[e]] = value[c->from[e]];
      for (size_t top = reach (c, k); top < n; top++)
        {
          const size_t i = (size_t) c->path[top], end = c->next[i]++;
          const double y = x[i]/l[c->column[i]];
          x[i] = 0;
          for (size_t p = c->column[i] + 1; p < end; p++) x[c->row[p]] -= l[p]*y;
          d -= y*y;
          c->row[end] = (int) k, l[end] = y;
        }
      if (!(d > 0)) return 0;
      const size_t end = c->next[k]++;
      c->row[end] = (int) k, l[end] = sqrt (d);
    }
  return 1;
}

int wgi_cholesky_solve (wgi_cholesky *c, double b[])
{
  const size_t n = c->n;
  double *const x = c->x;
  for (size_t k = 0; k < n; k++) x[k] = b[c->order[k]];
  for (size_t j = 0; j < n; j++)
    {
      x[j] /= c->l[c->column[j]];
      for (size_t p = c->column[j] + 1; p < c->column[j+1]; p++) x[c->row[p]] -= c->l[p]*x[j];
    }
  for (size_t j = n; j-- > 0; )
    {
      for (size_t p = c->column[j] + 1; p < c->column[j+1]; p++) x[j] -= c->l[p]*x[c->row[p]];
      x[j] /= c->l[c->column[j]];
    }
  for (size_t k = 0; k < n; k++) b[c->order[k]] = x[k];
  return WG_OK;
}
