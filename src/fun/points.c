/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * A function at many points side by side.
 */
#include <stdlib.h>
#include <string.h>

#include "fun/points.h"
#include "fun/workers.h"

enum { FEW = 6,                  /* points, which single sweeps do faster */
       LARGEST = 1 << 26 };      /* bytes of a plane: memory is worth more than time */

void wgi_points_free (wgi_points *r)
{
  if (!r) return;
  for (size_t i = 1; i < r->crewed; i++) wgi_points_free (r->crew[i]);
  free (r->crew);
  if (r->map) wgi_callee_free (&r->map->callee);
  free (r->x[0]), free (r->J), free ((uint32_t *) r->entries.row), free (r);
}

static wgi_points *new_points (const wg_fun *f)
{
  const size_t n = wgi_times (f->family->n, WGI_POINTS), m = wgi_times (f->family->m, WGI_POINTS);
  wgi_points *r = calloc (1, sizeof *r);
  double *at = malloc (wgi_times (wgi_times (4, wgi_plus (n, m)), sizeof *at));
  if (r) r->x[0] = at, r->np = f->params, r->map = at ? wgi_map_of_points (f) : NULL;
  if (!r) free (at);
  if (!r || !r->map) return wgi_points_free (r), NULL;
  for (int d = 0; d < 2; d++) r->x[d] = at, r->xbar[d] = at + n, r->y[d] = at + 2*n, r->ybar[d] = at + 2*n + m, at += 2*(n + m);
  for (size_t i = 0; i < m; i++) r->ybar[0][i] = 1, r->ybar[1][i] = 0;
  return r;
}

int wgi_fun_points (wg_fun *f, size_t count, wgi_points **points)
{
  *points = NULL;
  if (!f->frame.sweeps || count < FEW || f->family->n == 0 || wgi_numbers (f->trace->program) > LARGEST/(WGI_LANES*sizeof (double))) return WG_OK;
  if (f->points && f->points->np != f->params) wgi_points_free (f->points), f->points = NULL;
  if (!f->points) f->points = new_points (f);
  *points = f->points;
  return *points ? WG_OK : wgi_fail (WG_ENOMEM, "no memory for a batch");
}

size_t wgi_points_crew (wg_fun *f, wgi_points *r, size_t count)
{
  const size_t blocks = (count + WGI_POINTS - 1)/WGI_POINTS;
  const size_t threads = wgi_workers_for (f->frame.resources, blocks, (double) count*(double) f->trace->program->count);
  if (threads > r->crewed)
    {
      wgi_points **crew = realloc (r->crew, threads*sizeof *crew);
      if (!crew) return 1;
      r->crew = crew, crew[0] = r;
      if (!r->crewed) r->crewed = 1;
    }
  while (r->crewed < threads && (r->crew[r->crewed] = new_points (f))) r->crewed++;
  return threads < r->crewed || !r->crewed ? threads : r->crewed;
}

static int sweep (const wg_fun *f, wgi_points *r, size_t count, int mode, int reverse, wgi_entries *entries, const double P[], size_t ldp)
{
  wgi_map_callee *c = r->map;
  const size_t n = f->family->n, m = f->family->m;
  if (r->np) c->arg[1].data = P, c->arg[1].stride = ldp;
  c->items = count, c->notice = WG_OK;
  c->callee.sweeps = c->one->sweeps = f->frame.sweeps, c->callee.resources = c->one->resources = &r->resources, c->one->ahead = 0;
  r->resources = (wgi_resources){ .scans.limit = f->resources.scans.limit };
  for (int d = 0; d <= mode; d++)
    {
      memset (r->y[d], 0, count*m*sizeof (double));
      if (reverse) memset (r->xbar[d], 0, count*n*sizeof (double));
    }
  wgi_args_point (c->arg, wgi_map_of (c)->args.count, mode, r->x);
  const wgi_map_job job = { .mode = mode, .y = r->y, .ybar = reverse ? r->ybar : NULL, .xbar = r->xbar,
                            .entries = entries };
  const int rc = wgi_map_lanes (c, &job);
  return rc ? rc : c->notice;
}

int wgi_points_run (const wg_fun *f, wgi_points *r, size_t count, int mode, int reverse, const double P[], size_t ldp)
{
  return sweep (f, r, count, mode, reverse, NULL, P, ldp);
}

int wgi_points_have_jacobian (const wg_fun *f, wgi_points *r)
{
  const size_t n = f->family->n, m = f->family->m, numbers = wgi_times (wgi_times (n, m), WGI_POINTS);
  for (size_t i = 1; i < r->crewed; i++) if (!wgi_points_have_jacobian (f, r->crew[i])) return 0;
  if (r->J) return 1;
  if (m > n || numbers > LARGEST/sizeof *r->J) return 0;
  uint32_t *row = malloc ((WGI_POINTS*m + m*n + m)*sizeof *row);
  double *J = malloc (numbers*sizeof *J);
  if (!row || !J) return free (row), free (J), 0;
  uint32_t *input = row + WGI_POINTS*m, *width = input + m*n;
  for (size_t i = 0; i < WGI_POINTS*m; i++) row[i] = (uint32_t) (i*n);
  for (size_t i = 0; i < m*n; i++) input[i] = (uint32_t) (i % n);
  for (size_t i = 0; i < m; i++) width[i] = (uint32_t) n;
  r->J = J, r->entries = (wgi_entries){ .value = J, .row = row, .input = input, .width = width, .once = 1 };
  return 1;
}

int wgi_points_jacobian (const wg_fun *f, wgi_points *r, size_t count, const double P[], size_t ldp)
{
  return sweep (f, r, count, WGI_VALUE, 0, &r->entries, P, ldp);
}
