/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * What a plan tells: its decisions, and the structure of its matrix in the formats of others.
 */
#include <stdlib.h>
#include <string.h>

#include "deriv/plan.h"

#define NAME(name, text) [name] = text,
const char *wg_plan_method_name (int method)
{
  static const char *const names[] = { WG_PLAN_METHODS (NAME) };
  return method >= 0 && method < WGI_PLAN_METHOD_END_ ? names[method] : "unknown method";
}

const char *wg_ordering_name (int ordering)
{
  static const char *const names[] = { WG_ORDERINGS (NAME) };
  return ordering >= 0 && ordering < WGI_ORDERING_END_ ? names[ordering] : "unknown ordering";
}
#undef NAME

static size_t rows_of (const wg_plan *plan) { return plan->part == 'J' ? plan->m : plan->n; }

int wg_plan_get_info (const wg_plan *plan, wg_plan_info *info)
{
  if (!plan || !info) return wgi_fail (WG_EINVAL, "wg_plan_get_info: %s is NULL", plan ? "info" : "the plan");
  *info = (wg_plan_info){ .rows = rows_of (plan), .cols = plan->n, .nnz = plan->nnz, .method = plan->method,
                          .ordering = plan->ordering, .sweeps = plan->sweeps, .bound = plan->bound, .cost = plan->cost,
                          .dense_cost = plan->dense_cost };
  return WG_OK;
}

size_t wg_plan_nnz (const wg_plan *plan) { return plan ? plan->nnz : 0; }

void wg_plan_coo (const wg_plan *plan, int row[], int col[])
{
  if (!plan || !plan->nnz) return;
  if (row) memcpy (row, plan->row, plan->nnz*sizeof *row);
  if (col) memcpy (col, plan->col, plan->nnz*sizeof *col);
}

/* Counting sort by major; it is stable, and for each major the minors ascend in either order of the entries. */
static int compress (const wg_plan *plan, size_t count, const int major[], const int minor[], int start[], int index[], int from[])
{
  int *next = calloc (count + 1, sizeof *next);
  if (!next) return wgi_fail (WG_ENOMEM, "out of memory for compressed indices");
  for (size_t k = 0; k < plan->nnz; k++) next[major[k] + 1]++;
  for (size_t i = 0; i < count; i++) next[i+1] += next[i];
  if (start) memcpy (start, next, (count + 1)*sizeof *next);
  for (size_t k = 0; k < plan->nnz; k++)
    {
      const int at = next[major[k]]++;
      if (index) index[at] = minor[k];
      if (from) from[at] = (int) k;
    }
  free (next);
  return WG_OK;
}

int wg_plan_csr (const wg_plan *plan, int start[], int col[], int from[])
{
  if (!plan) return wgi_fail (WG_EINVAL, "wg_plan_csr: the plan is NULL");
  return compress (plan, rows_of (plan), plan->row, plan->col, start, col, from);
}

int wg_plan_csc (const wg_plan *plan, int start[], int row[], int from[])
{
  if (!plan) return wgi_fail (WG_EINVAL, "wg_plan_csc: the plan is NULL");
  return compress (plan, plan->n, plan->col, plan->row, start, row, from);
}

int wg_plan_write_matrix_market (const wg_plan *plan, const double value[], FILE *out)
{
  if (!plan || !out) return wgi_fail (WG_EINVAL, "wg_plan_write_matrix_market: %s is NULL", plan ? "out" : "the plan");
  const int triangle = plan->part == 'L' || plan->part == 'U';       /* the format keeps lower ones */
  int bad = fprintf (out, "%%%%MatrixMarket matrix coordinate %s %s\n%zu %zu %zu\n", value ? "real" : "pattern",
                     triangle ? "symmetric" : "general", rows_of (plan), plan->n, plan->nnz) < 0;
  for (size_t k = 0; k < plan->nnz && !bad; k++)
    {
      const int row = plan->part == 'U' ? plan->col[k] : plan->row[k], col = plan->part == 'U' ? plan->row[k] : plan->col[k];
      bad = value ? fprintf (out, "%d %d %.17g\n", row + 1, col + 1, value[k]) < 0 : fprintf (out, "%d %d\n", row + 1, col + 1) < 0;
    }
  return bad ? wgi_fail (WG_EINVAL, "wg_plan_write_matrix_market: cannot write") : WG_OK;
}
