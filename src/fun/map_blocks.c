/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Jacobians of a map's items, a dense block each: once the values are there, one reverse sweep for each output of the body, in lanes
 * for a tile at a time.  Entries go where a table says.
 */
#include "fun/map.h"
#include "sweep/numbers.h"

/* Row i of the block of item k. */
static const uint32_t *row_of (const wgi_map *s, const wgi_map_job *job, size_t k, size_t i)
{
  return job->entry + (k*s->m + i)*s->n;
}

static void put_to_rest (const wgi_map_callee *c)
{
  const wgi_program *p = c->one->fun->trace->program;
  for (size_t i = 0; i < p->m; i++)
    for (size_t l = 0; l < WGI_LANES && wgi_is_slot (p, p->out[i]); l++) c->own.frame.plane[WGI_ADJOINT][p->out[i]*WGI_LANES + l] = -0.;
  for (size_t j = 0; j < p->n*WGI_LANES; j++) c->own.frame.plane[WGI_ADJOINT][j] = -0.;
}

void wgi_map_blocks (const wgi_map_callee *c, const wgi_map_job *job, size_t k, uint64_t group)
{
  const wgi_map *s = wgi_map_of (c);
  const wgi_program *p = c->one->fun->trace->program;
  double *adjoint = c->own.frame.plane[WGI_ADJOINT];
  for (size_t i = 0; i < s->m; i++)
    {
      if (!wgi_is_slot (p, p->out[i])) continue;
      for (size_t l = 0; l < WGI_LANES; l++)
        if (group >> l & 1) adjoint[p->out[i]*WGI_LANES + l] = 1;
      c->callee.sweeps->reverse (p, (wgi_lane_frame *) &c->own.frame);
      for (uint64_t left = group; left; left &= left - 1)
        {
          const size_t l = (size_t) __builtin_ctzll (left);
          const uint32_t *entry = row_of (s, job, k + l, i);
          for (size_t j = 0; j < s->n; j++) if (entry[j] != WGI_NO_ENTRY) job->value[entry[j]] += adjoint[j*WGI_LANES + l];
        }
      put_to_rest (c);
    }
}

int wgi_map_block (wgi_map_callee *c, const wgi_map_job *job, size_t k)
{
  const wgi_map *s = wgi_map_of (c);
  const wgi_arrays a = wgi_callee_arrays (c->one);
  int rc = WG_OK;
  wgi_map_see (c, WGI_VALUE, job->x, k);
  for (size_t i = 0; i < s->m && !rc; i++)
    {
      const uint32_t *entry = row_of (s, job, k, i);
      for (size_t o = 0; o < s->m; o++) a.ybar[0][o] = o == i ? 1 : -0.;
      rc = wgi_map_told (c, c->one->reverse (c->one, WGI_VALUE, a.x, a.ybar, a.xbar));
      for (size_t j = 0; j < s->n && !rc; j++) if (entry[j] != WGI_NO_ENTRY) job->value[entry[j]] += a.xbar[0][j];
    }
  return rc;
}
