/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Hessians of a map's items, weighted with the adjoints of their outputs: for each direction tangents along one input of the body and a
 * reverse sweep over duals, in lanes for a tile at a time, whose tangents of adjoints are a column.  What is an item's own waits in the
 * lanes until the tile leaves; pairs of inputs that all items share are summed over the lanes, and over the tiles of a chunk.
 */
#include <stdlib.h>
#include <string.h>

#include "fun/map.h"

/* The room: lanes of own entries; sums of those shared; scratch for the adjoints of the sink and all shared inputs. */
static size_t sums_at (const wgi_curves *z) { return z->own*WGI_LANES; }
static size_t scratch_at (const wgi_curves *z) { return sums_at (z) + z->shared; }

int wgi_map_have_curves (wgi_map_callee *c, const wgi_curves *z)
{
  size_t need = wgi_plus (wgi_plus (wgi_times (z->own, WGI_LANES), z->shared), 1);
  for (size_t i = 0; i < wgi_map_of (c)->args.count; i++) if (!c->arg[i].stride) need = wgi_plus (need, c->arg[i].width);
  if (need > c->curve_room)
    {
      double *curve = malloc (wgi_times (need, sizeof *curve));
      if (!curve) return wgi_fail (WG_ENOMEM, "no memory for the Hessians of a map");
      free (c->curve);
      c->curve = curve, c->curve_room = need;
    }
  memset (c->curve + sums_at (z), 0, z->shared*sizeof *c->curve);
  return WG_OK;
}

/* The tangent of an input in all lanes. */
static void put_tangent (const wgi_lane_frame *f, uint32_t place, double t)
{
  if (place & WGI_SHARED) f->shared[WGI_D1][place ^ WGI_SHARED] = t;
  else for (size_t l = 0; l < WGI_LANES; l++) f->plane[WGI_D1][(size_t) place*WGI_LANES + l] = t;
}

void wgi_map_look_along (wgi_map_callee *c, const wgi_curves *z, size_t d)
{
  wgi_lane_frame *f = &c->own.frame;
  put_tangent (f, f->layout->place[z->direction[d]], 1);
  c->callee.sweeps->forward_dual (&f->layout->program, f);
}

void wgi_map_take_curves (wgi_map_callee *c, const wgi_curves *z, size_t d, uint64_t group)
{
  const wgi_lane_frame *f = &c->own.frame;
  const uint32_t direction = f->layout->place[z->direction[d]];
  const size_t shared = f->layout->base.shared;
  double *const sum = c->curve + scratch_at (z);
  const int meets = direction & WGI_SHARED && z->shared;
  put_tangent (f, direction, 0);
  if (meets) memset (sum, 0, shared*sizeof *sum);
  c->callee.sweeps->take_sums (NULL, f->shared[WGI_ADJOINT], shared);
  c->callee.sweeps->take_sums (meets ? sum : NULL, f->shared[WGI_ADJOINT + WGI_D1], shared);
  for (uint32_t i = z->start[d]; i < z->start[d+1]; i++)
    {
      const uint32_t place = f->layout->adjoint[z->with[i]];
      if (z->at[i] >= z->own)
        {
          c->curve[sums_at (z) + z->at[i] - z->own] += sum[place ^ WGI_SHARED];
          continue;
        }
      const double *from = f->plane[WGI_ADJOINT + WGI_D1] + (size_t) place*WGI_LANES;
      double *to = c->curve + (size_t) z->at[i]*WGI_LANES;
      for (size_t l = 0; l < WGI_LANES; l++) if (group >> l & 1) to[l] = from[l];
    }
  for (size_t j = 0; j < f->layout->base.own*WGI_LANES; j++) f->plane[WGI_ADJOINT][j] = f->plane[WGI_ADJOINT + WGI_D1][j] = -0.;
}

int wgi_map_curve (wgi_map_callee *c, const wgi_map_job *job, size_t k, size_t l)
{
  const wgi_curves *z = job->curves;
  const wgi_arrays a = wgi_callee_arrays (c->one);
  int rc = WG_OK;
  wgi_map_see (c, WGI_D1, k);
  for (size_t d = 0; d < z->directions && !rc; d++)
    {
      const int awake = wgi_map_seed (c, job, k);
      a.x[WGI_D1][z->direction[d]] = 1;
      if (awake) rc = wgi_map_told (c, c->one->reverse (c->one, WGI_D1, a.x, a.ybar, a.xbar));
      a.x[WGI_D1][z->direction[d]] = 0;
      for (uint32_t i = z->start[d]; i < z->start[d+1] && !rc; i++)
        {
          const double e = awake ? a.xbar[WGI_D1][z->with[i]] : -0.;
          if (z->at[i] >= z->own) c->curve[sums_at (z) + z->at[i] - z->own] += e;
          else c->curve[(size_t) z->at[i]*WGI_LANES + l] = e;
        }
    }
  return rc;
}

static void add (double value[], uint32_t place, double e)
{
  if (place != WGI_NO_ENTRY) value[place & ~WGI_TWICE] += place & WGI_TWICE ? 2*e : e;
}

void wgi_map_leave_curves (const wgi_curves *z, const double from[], size_t k, size_t count)
{
  for (size_t l = 0; l < count; l++)
    for (size_t i = 0; i < z->own; i++) add (z->value, z->place[(k + l)*z->own + i], from[i*WGI_LANES + l]);
}

void wgi_map_add_curves (wgi_map_callee *c, const wgi_curves *z)
{
  double *sum = c->curve + sums_at (z);
  for (size_t i = 0; i < z->shared; i++) add (z->value, z->shared_place[i], sum[i]), sum[i] = 0;
}
