/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * The order of a plan's entries: row[] and col[] of value[], and where each entry of the pattern is in it.
 */
#include <stdlib.h>

#include "deriv/plan.h"

/* row and col from a pattern that has the entries by rows, or by columns. */
static int set_coo (wg_plan *plan, const wgi_pattern *a, int by_columns)
{
  plan->nnz = a->nnz;
  plan->row = wgi_array (a->nnz, sizeof *plan->row), plan->col = wgi_array (a->nnz, sizeof *plan->col);
  if (!plan->row || !plan->col) return wgi_plan_no_memory ();
  int *const major = by_columns ? plan->col : plan->row, *const minor = by_columns ? plan->row : plan->col;
  for (size_t i = 0; i < a->rows; i++)
    for (uint32_t k = a->start[i]; k < a->start[i+1]; k++) major[k] = (int) i, minor[k] = (int) a->index[k];
  return WG_OK;
}

/* The place of each entry of the pattern in value[], when that has the transpose's order. */
static int transposed_places (wg_plan *plan, int by_columns, uint32_t place[])
{
  wgi_pattern t;
  uint32_t *from = wgi_array (plan->pattern.nnz, sizeof *from);
  if (!from) return wgi_plan_no_memory ();
  int rc = wgi_pattern_transpose (&plan->pattern, &t, from);
  if (!rc)
    {
      for (uint32_t k = 0; k < t.nnz; k++) place[from[k]] = k;
      rc = set_coo (plan, &t, by_columns);
      wgi_pattern_free (&t);
    }
  free (from);
  return rc;
}

/* The full matrix: row i has the entries of the lower triangle, then those above the diagonal as copies. */
static int full_places (wg_plan *plan, uint32_t place[])
{
  const wgi_pattern *a = &plan->pattern;
  wgi_pattern t, full = { 0 };
  uint32_t *from = wgi_array (a->nnz, sizeof *from), at = 0;
  if (!from) return wgi_plan_no_memory ();
  int rc = wgi_pattern_transpose (a, &t, from);
  if (!rc && (rc = wgi_pattern_new (a->rows, a->rows, wgi_times (a->nnz, 2), &full))) wgi_pattern_free (&t);
  if (rc) return free (from), rc;
  for (uint32_t i = 0; i < a->rows; i++)
    {
      full.start[i] = at;
      for (uint32_t k = a->start[i]; k < a->start[i+1]; k++) full.index[at] = a->index[k], place[k] = at++;
      for (uint32_t k = t.start[i]; k < t.start[i+1]; k++)
        if (t.index[k] != i) full.index[at++] = t.index[k];
    }
  full.start[a->rows] = at, full.nnz = at;
  plan->copies = at - a->nnz;
  plan->copy = wgi_array (plan->copies, sizeof *plan->copy);
  if (!plan->copy) rc = wgi_plan_no_memory ();
  size_t copies = 0;
  for (uint32_t i = 0; i < a->rows && !rc; i++)
    {
      uint32_t to = full.start[i] + (a->start[i+1] - a->start[i]);
      for (uint32_t k = t.start[i]; k < t.start[i+1]; k++)
        if (t.index[k] != i) plan->copy[copies++] = (wgi_pair){ to++, place[from[k]] };
    }
  if (!rc) rc = set_coo (plan, &full, plan->by_columns);
  wgi_pattern_free (&t), wgi_pattern_free (&full), free (from);
  return rc;
}

int wgi_plan_set_order (wg_plan *plan, uint32_t place[])
{
  if (plan->part == 'F') return full_places (plan, place);
  if (plan->by_columns == (plan->part == 'U'))           /* the pattern's own order */
    {
      for (uint32_t k = 0; k < plan->pattern.nnz; k++) place[k] = k;
      return set_coo (plan, &plan->pattern, plan->part == 'U');
    }
  return transposed_places (plan, plan->part != 'U', place);
}
