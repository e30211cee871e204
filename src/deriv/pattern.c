/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Patterns as objects.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "deriv/pattern.h"

int wgi_pattern_new (size_t rows, size_t cols, size_t nnz, wgi_pattern *a)
{
  memset (a, 0, sizeof *a);
  if (nnz > INT_MAX) return wgi_fail (WG_ELIMIT, "the pattern has more than %d entries", INT_MAX);
  a->start = malloc (wgi_times (rows + 1, sizeof *a->start));
  a->index = malloc ((nnz ? nnz : 1)*sizeof *a->index);
  if (!a->start || !a->index) return wgi_pattern_free (a), wgi_fail (WG_ENOMEM, "out of memory for the pattern");
  a->rows = rows, a->cols = cols, a->nnz = nnz;
  return WG_OK;
}

void wgi_pattern_free (wgi_pattern *a)
{
  free (a->start), free (a->index);
  memset (a, 0, sizeof *a);
}

int wgi_pattern_transpose (const wgi_pattern *a, wgi_pattern *to, uint32_t from[])
{
  int rc = wgi_pattern_new (a->cols, a->rows, a->nnz, to);
  if (rc) return rc;
  uint32_t *start = to->start;
  memset (start, 0, (a->cols + 1)*sizeof *start);
  for (size_t k = 0; k < a->nnz; k++) start[a->index[k]]++;
  uint32_t before = 0;
  for (size_t j = 0; j <= a->cols; j++)
    {
      const uint32_t count = j < a->cols ? start[j] : 0;
      start[j] = before, before += count;
    }
  for (size_t i = 0; i < a->rows; i++)
    for (uint32_t k = a->start[i]; k < a->start[i+1]; k++)
      {
        const uint32_t at = start[a->index[k]]++;
        to->index[at] = (uint32_t) i;
        if (from) from[at] = k;
      }
  memmove (start + 1, start, a->cols*sizeof *start);      /* each start has moved to the next one's */
  start[0] = 0;
  return WG_OK;
}

int wgi_pattern_join (const wgi_pattern *a, const wgi_pattern *b, wgi_pattern *to)
{
  int rc = wgi_pattern_new (a->rows, a->cols, wgi_plus (a->nnz, b->nnz), to);
  if (rc) return rc;
  uint32_t k = 0;
  for (size_t r = 0; r < a->rows; r++)
    {
      uint32_t i = a->start[r], j = b->start[r];
      to->start[r] = k;
      while (i < a->start[r+1] || j < b->start[r+1])
        {
          const uint32_t x = i < a->start[r+1] ? a->index[i] : UINT32_MAX, y = j < b->start[r+1] ? b->index[j] : UINT32_MAX;
          to->index[k++] = x < y ? x : y;
          i += x <= y, j += y <= x;
        }
    }
  to->start[to->rows] = k, to->nnz = k;
  return WG_OK;
}

uint32_t wgi_pattern_find (const wgi_pattern *a, size_t i, uint32_t j)
{
  uint32_t low = a->start[i], high = a->start[i+1];
  while (low < high)
    {
      const uint32_t middle = low + (high - low)/2;
      if (a->index[middle] < j) low = middle + 1;
      else high = middle;
    }
  return low < a->start[i+1] && a->index[low] == j ? low : UINT32_MAX;
}

int wgi_pattern_covers (const wgi_pattern *a, const wgi_pattern *b)
{
  for (size_t r = 0; r < a->rows; r++)
    {
      uint32_t i = a->start[r];
      for (uint32_t j = b->start[r]; j < b->start[r+1]; j++, i++)
        {
          while (i < a->start[r+1] && a->index[i] < b->index[j]) i++;
          if (i == a->start[r+1] || a->index[i] != b->index[j]) return 0;
        }
    }
  return 1;
}
