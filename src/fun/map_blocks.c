/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Jacobians of a map's items, a dense block each: once the values are there, a reverse sweep for each two outputs of the body, in
 * lanes for a tile at a time.  A row's entries are side by side where that was found, else they go where a table says.
 */
#include <math.h>
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

static void rest (const wgi_map_callee *c, int plane, size_t number)
{
  size_t lanes;
  double *adjoint = wgi_lane_adjoint (&c->own.frame, plane, c->own.layout.adjoint[number], &lanes);
  c->callee.sweeps->take_sums (NULL, adjoint, lanes/c->callee.sweeps->width);
}

/* The row of output i of the items of group, from a plane; inputs are put to rest. */
static void put_rows (const wgi_map_callee *c, wgi_entries *e, int plane, size_t k, size_t i, uint64_t group)
{
  const wgi_map *s = wgi_map_of (c);
  double *adjoint = c->own.frame.plane[plane];
  if (e->row)
    {
      const uint32_t *input = e->input + i*s->n;
      e->odd |= c->callee.sweeps->store (e->value, e->row + k*s->m + i, s->m, group, adjoint, c->own.layout.adjoint, input, e->width[i]);
      for (size_t t = e->width[i]; t < s->n; t++) rest (c, plane, input[t]);
      return;
    }
  for (uint64_t left = group; left; left &= left - 1)
    {
      const size_t l = (size_t) __builtin_ctzll (left);
      put_row (s, e, k + l, i, adjoint + l, c->own.layout.adjoint);
    }
  for (size_t j = 0; j < s->n; j++) rest (c, plane, j);
}

/* The seed 1 of a number in the lanes of group. */
static void seed (const wgi_map_callee *c, int plane, size_t number, uint64_t group)
{
  double *adjoint = c->own.frame.plane[plane] + (size_t) c->own.layout.adjoint[number]*WGI_LANES;
  if (group == ((uint64_t) 1 << WGI_LANES) - 1) c->callee.sweeps->add_same (adjoint, 1);
  else
    for (size_t l = 0; l < WGI_LANES; l++) if (group >> l & 1) adjoint[l] = 1;
}

/* Does it have adjoints in each lane?  What carries no derivative does not: its row is zero. */
static int is_apart (const wgi_map_callee *c, uint32_t number) { return !(c->own.layout.adjoint[number] & WGI_SHARED); }

/* Inputs that items share have an adjoint in each lane here (apart).  Outputs are done in pairs, in the planes of adjoints and of their
 * tangents.  The sweep leaves an output whose operands carry no derivative as it was. */
void wgi_map_blocks (const wgi_map_callee *c, const wgi_map_job *job, size_t k, uint64_t group)
{
  const wgi_map *s = wgi_map_of (c);
  const wgi_program *p = &c->own.layout.program;
  wgi_lane_frame *f = (wgi_lane_frame *) &c->own.frame;
  for (size_t i = 0; i < s->m; i += 2)
    {
      const int two = i + 1 < s->m;
      for (int d = 0; d <= two; d++)
        if (is_apart (c, p->out[i + (size_t) d])) seed (c, WGI_ADJOINT + d, p->out[i + (size_t) d], group);
      (two ? c->callee.sweeps->reverse_two : c->callee.sweeps->reverse) (p, f);
      for (int d = 0; d <= two; d++)
        {
          put_rows (c, job->entries, WGI_ADJOINT + d, k, i + (size_t) d, group);
          if (is_apart (c, p->out[i + (size_t) d])) rest (c, WGI_ADJOINT + d, p->out[i + (size_t) d]);
        }
    }
}

static void put_side_by_side (const wgi_map *s, wgi_entries *e, size_t k, size_t i, const double from[])
{
  const uint32_t row = e->row[k*s->m + i], *input = e->input + i*s->n;
  for (size_t t = 0; t < e->width[i]; t++)
    e->value[row + t] = from[input[t]] + 0., e->odd |= !isfinite (from[input[t]]);
}

int wgi_map_block (wgi_map_callee *c, const wgi_map_job *job, size_t k)
{
  const wgi_map *s = wgi_map_of (c);
  const wgi_arrays a = wgi_callee_arrays (c->one);
  wgi_entries *e = job->entries;
  int rc = WG_OK;
  wgi_map_see (c, WGI_VALUE, k);
  for (size_t i = 0; i < s->m && !rc; i++)
    {
      for (size_t o = 0; o < s->m; o++) a.ybar[0][o] = o == i ? 1 : -0.;
      rc = wgi_map_told (c, c->one->reverse (c->one, WGI_VALUE, a.x, a.ybar, a.xbar));
      if (!rc && e->row) put_side_by_side (s, e, k, i, a.xbar[0]);
      else if (!rc) put_row (s, e, k, i, a.xbar[0], NULL);
    }
  return rc;
}
