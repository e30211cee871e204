/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * How numbers come into lanes and leave them, for every instruction set: rows of items however wide and far apart, windows that overlap,
 * adjoints into the rows of a matrix, sums over lanes.  Each is its definition in sweep/lanes.h, number by number, whatever vectors
 * it is made of; nothing else is written.
 */
#include <check.h>
#include <stdalign.h>

#include "random_program.h"
#include "runner.h"
#include "sweep/lanes.h"
#include "sweep/numbers.h"

enum { WIDE = 35, FAR = 37, ROOM = WGI_LANES*FAR + WIDE, LANES = WIDE*WGI_LANES };

static const char *const names[] = { "baseline", "avx2", "avx512" };
static alignas (64) double lanes[LANES];
static double items[ROOM], before[ROOM], kept[LANES];         /* as they were, or are to be; lanes before */
static const wgi_lane_sweeps *sweeps;

/* Small integers, so that sums are exact in any order, and both zeros. */
static void fill (rp_random *r)
{
  for (size_t i = 0; i < LANES; i++) kept[i] = lanes[i] = rp_below (r, 6) ? (double) rp_below (r, 19) - 9 : -0.;
  for (size_t i = 0; i < ROOM; i++) before[i] = items[i] = rp_below (r, 6) ? (double) rp_below (r, 19) - 9 : -0.;
}

#define SAME(a, b) if (!rp_same_bits (a, b)) ck_abort_msg ("%s: %s is %g, not %g, at %zu", sweeps->name, #a, a, b, i)

static void at_rest (size_t count)
{
  for (size_t i = 0; i < LANES && i < count; i++) SAME (lanes[i], -0.);
}

START_TEST (loads)
{
  rp_random r = { 1 };
  for (size_t width = 0; width <= WIDE; width++)
    for (size_t stride = 0; stride <= FAR; stride++)
      {
        size_t row[WGI_LANES];
        for (int any = 0; any < 2; any++)                /* rows in any order, and as far apart */
          {
            fill (&r);
            for (size_t l = 0; l < WGI_LANES; l++) row[l] = any ? rp_below (&r, WGI_LANES)*stride : l*stride;
            if (any) sweeps->load (lanes, width, items, row);
            else sweeps->load_rows (lanes, width, items, stride);
            for (size_t i = 0; i < width*WGI_LANES; i++) SAME (lanes[i], items[row[i % WGI_LANES] + i/WGI_LANES]);
            for (size_t i = width*WGI_LANES; i < LANES; i++) SAME (lanes[i], kept[i]);
            for (size_t i = 0; i < ROOM; i++) SAME (items[i], before[i]);
          }
      }
}
END_TEST

START_TEST (adds)
{
  rp_random r = { 2 };
  for (size_t width = 1; width <= WIDE; width++)
    for (size_t stride = 1; stride <= FAR; stride++)
      {
        fill (&r);
        for (size_t l = 0; l < WGI_LANES; l++)
          for (size_t j = 0; j < width; j++) before[l*stride + j] += lanes[j*WGI_LANES + l];
        sweeps->add_rows (items, width, lanes, stride);
        for (size_t i = 0; i < ROOM; i++) SAME (items[i] + 0, before[i] + 0);          /* which zero, depends on the order */
        at_rest (width*WGI_LANES);
      }
}
END_TEST

/* Adjoints of some lanes into rows, which need not be in order; and whether one is not finite. */
START_TEST (stores)
{
  rp_random r = { 3 };
  for (size_t width = 1; width <= WIDE; width++)
    for (size_t step = 1; step <= 3; step++)
      for (int spoilt = 0; spoilt < 2; spoilt++)
        {
          uint32_t row[3*WGI_LANES], place[WIDE], input[WIDE];
          const uint64_t group = rp_below (&r, 3) ? rp_bits (&r) & 0xffffffff : 0xffffffff;
          fill (&r);
          for (size_t l = 0; l < WGI_LANES; l++)
            for (size_t k = 0; k < step; k++) row[l*step + k] = (uint32_t) ((l*7 % WGI_LANES)*(FAR - k % 2) + k);
          for (size_t t = 0; t < WIDE; t++) input[t] = (uint32_t) (WIDE - 1 - t), place[t] = (uint32_t) (t*3 % WIDE);
          for (size_t i = 0; i < LANES; i++) if (!(group >> i % WGI_LANES & 1)) lanes[i] = -0.;       /* they have no adjoint */
          const size_t bad = rp_below (&r, WGI_LANES), where = place[input[rp_below (&r, width)]]*WGI_LANES + bad;
          if (spoilt && group >> bad & 1) lanes[where] = rp_below (&r, 2) ? INFINITY : NAN;
          int odd = 0;
          for (size_t t = 0; t < width; t++)
            for (size_t l = 0; l < WGI_LANES; l++)
              if (group >> l & 1)
                {
                  const double e = lanes[place[input[t]]*WGI_LANES + l] + 0.;
                  before[row[l*step] + t] = e, odd |= !isfinite (e);
                }
          ck_assert_int_eq (sweeps->store (items, row, step, group, lanes, place, input, width), odd);
          for (size_t i = 0; i < ROOM; i++) SAME (items[i], before[i]);
          for (size_t t = 0; t < width; t++)
            for (size_t l = 0, i = place[input[t]]*WGI_LANES; l < WGI_LANES; l++, i++) SAME (lanes[i], -0.);
        }
}
END_TEST

/* One number of all lanes; sums over the lanes of a vector, in the order that is promised, to the last bit. */
START_TEST (sums)
{
  rp_random r = { 4 };
  const size_t width = sweeps->width;
  static alignas (64) double to[WGI_LANES];
  fill (&r);
  for (size_t l = 0; l < WGI_LANES; l++) to[l] = rp_number (&r), before[l] = to[l] + lanes[l];
  sweeps->add (to, lanes);
  for (size_t i = 0; i < WGI_LANES; i++) SAME (to[i], before[i]);
  for (size_t l = 0; l < WGI_LANES; l++) before[l] = to[l] + .3;
  sweeps->add_same (to, .3);
  for (size_t i = 0; i < WGI_LANES; i++) SAME (to[i], before[i]);
  for (size_t count = 0; count <= LANES/width && count < 40; count++)
    {
      for (size_t j = 0; j < LANES; j++) lanes[j] = rp_number (&r);
      for (size_t j = 0; j < ROOM; j++) before[j] = items[j] = rp_number (&r);
      for (size_t j = 0; j < count; j++)
        {
          double e[WGI_VECTOR];
          memcpy (e, lanes + j*width, width*sizeof *e);
          for (size_t half = width/2; half; half /= 2) for (size_t l = 0; l < half; l++) e[l] += e[l + half];
          before[j] += e[0];
        }
      sweeps->take_sums (items, lanes, count);
      for (size_t i = 0; i < ROOM; i++) SAME (items[i], before[i]);
      at_rest (count*width);
      for (size_t j = 0; j < count*width; j++) lanes[j] = 1;
      sweeps->take_sums (NULL, lanes, count);
      at_rest (count*width);
    }
}
END_TEST

static void first (void) { sweeps = wgi_lanes_for_cpu (names[0]); }
static void second (void) { sweeps = wgi_lanes_for_cpu (names[1]); }
static void third (void) { sweeps = wgi_lanes_for_cpu (names[2]); }

int main (void)
{
  static void (*const choose[]) (void) = { first, second, third };
  Suite *s = suite_create ("rows of lanes");
  for (size_t i = 0; i < sizeof names/sizeof *names; i++)
    {
      if (!wgi_lanes_for_cpu (names[i])) continue;           /* not on this processor */
      TCase *t = tcase_create (names[i]);
      tcase_add_checked_fixture (t, choose[i], NULL);
      tcase_add_test (t, loads);
      tcase_add_test (t, adds);
      tcase_add_test (t, stores);
      tcase_add_test (t, sums);
      suite_add_tcase (s, t);
    }
  return run_suite (s);
}
