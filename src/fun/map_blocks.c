/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Jacobians of a map's items, a dense block each: once the values are there, one reverse sweep for each output of the body, in lanes
 * for a tile at a time.  Entries go where a table says.
 */
#include <string.h>

#include "fun/map.h"
#include "sweep/numbers.h"

/* Row i of the block of item k; input j is from[j], or in the lanes where its place says. */
static void put_row (const wgi_map *s, wgi_entries *e, size_t k, size_t i, const double from[], const uint32_t in[])
{
#define FROM from[in ? (size_t) in[j]*WGI_LANES : j]
  const uint32_t *place = e->place + (k*s->m + i)*s->n;
  double odd = 0;
  if (e->once)
    {
      for (size_t j = 0; j < s->n; j++)
        if (place[j] != WGI_NO_ENTRY) e->value[place[j]] = FROM + 0., odd += FROM*0;
      e->odd |= odd != 0;
    }
  else
    for (size_t j = 0; j < s->n; j++) if (place[j] != WGI_NO_ENTRY) e->value[place[j]] += FROM;
#undef FROM
}

/* The adjoints of inputs, and of outputs that a sweep may not have taken. */
static void put_to_rest (const wgi_map_callee *c)
{
  const wgi_program *p = c->one->fun->trace->program;
  for (size_t i = 0; i < p->m + p->n; i++)
    {
      const size_t number = i < p->m ? p->out[i] : i - p->m;
      size_t lanes;
      if (!wgi_is_slot (p, (uint32_t) number)) continue;
      double *adjoint = wgi_lane_adjoint (&c->own.frame, WGI_ADJOINT, c->own.place[number], &lanes);
      for (size_t l = 0; l < lanes; l++) adjoint[l] = -0.;
    }
}

/* Inputs that items share have an adjoint in each lane here (apart). */
void wgi_map_blocks (const wgi_map_callee *c, const wgi_map_job *job, size_t k, uint64_t group)
{
  const wgi_map *s = wgi_map_of (c);
  const wgi_program *p = c->one->fun->trace->program;
  double *adjoint = c->own.frame.plane[WGI_ADJOINT];
  for (size_t i = 0; i < s->m; i++)
    {
      for (size_t l = 0; l < WGI_LANES && wgi_is_slot (p, p->out[i]); l++)
        if (group >> l & 1)
          {
            size_t lanes;
            double *out = wgi_lane_adjoint (&c->own.frame, WGI_ADJOINT, c->own.place[p->out[i]], &lanes);
            out[l % lanes] = 1;
          }
      c->callee.sweeps->reverse (p, (wgi_lane_frame *) &c->own.frame);
      for (uint64_t left = group; left; left &= left - 1)
        {
          const size_t l = (size_t) __builtin_ctzll (left);
          put_row (s, job->entries, k + l, i, adjoint + l, c->own.place);
        }
      put_to_rest (c);
    }
}

int wgi_map_block (wgi_map_callee *c, const wgi_map_job *job, size_t k)
{
  const wgi_map *s = wgi_map_of (c);
  const wgi_arrays a = wgi_callee_arrays (c->one);
  int rc = WG_OK;
  wgi_map_see (c, WGI_VALUE, k);
  for (size_t i = 0; i < s->m && !rc; i++)
    {
      for (size_t o = 0; o < s->m; o++) a.ybar[0][o] = o == i ? 1 : -0.;
      rc = wgi_map_told (c, c->one->reverse (c->one, WGI_VALUE, a.x, a.ybar, a.xbar));
      if (!rc) put_row (s, job->entries, k, i, a.xbar[0], NULL);
    }
  return rc;
}
