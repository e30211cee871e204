/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Two more numbers for the laws: dual3, third derivatives forward, which no sweep of the library has; and the
 * majorant, which carries for each of 8 derivatives (value, along three directions, mixed) the sum of the magnitudes
 * of all its terms.  Rounding errors of any sweep are a small multiple of eps times that, whatever cancels.
 */
#ifndef MAJORANT_H
#define MAJORANT_H

#include "../random_program.h"

#include "number/dual2.h"

typedef struct { wgi_dual2 v, d; } dual3;

#define WGI_NUM dual3
#define WGI_BASE wgi_dual2
#define WGI_BASE_TYPE wgi_dual2
#include <wengert/dual_number.h>

/* The number with unit tangents: bit i of unit is direction i + 1. */
static inline dual3 dual3_of (double v, double d1, double d2, double d3)
{
  return dual3_make (wgi_dual2_make (wg_dual_make (v, d1), wg_dual_make (d2, 0)),
                     wgi_dual2_make (wg_dual_make (d3, 0), wg_dual_zero ()));
}

/* All derivatives; bit i of the index: along direction i. */
static inline void dual3_get (dual3 y, double t[8])
{
  t[0] = y.v.v.v, t[1] = y.v.v.d, t[2] = y.v.d.v, t[3] = y.v.d.d;
  t[4] = y.d.v.v, t[5] = y.d.v.d, t[6] = y.d.d.v, t[7] = y.d.d.d;
}

typedef struct { double v, m[8]; } majorant;

static inline majorant majorant_make (double v, double d1, double d2, double d3)
{
  majorant y = { v, { fabs (v), fabs (d1), fabs (d2), 0, fabs (d3), 0, 0, 0 } };
  return y;
}

static inline dual3 run_dual3_row (int row, dual3 a, dual3 b, dual3 c, double plain, int k);

/* Partials of a row at operands i, j, l: in p[1], p[3], p[7].  Near a root of a second partial its terms cancel, so the largest of
 * those here and a sixteenth to each side is taken. */
static inline void partials (int row, const majorant *const x[3], int i, int j, int l, double plain, int k, double p[8])
{
  for (int near = 0; near < 9; near++)
    {
      dual3 z[3];
      double q[8];
      for (int o = 0; o < 3; o++)
        {
          const int side = near == 0 ? 0 : (near - 1) >> o & 1 ? 1 : -1;
          z[o] = dual3_of (x[o]->v*(1 + side/16.), o == i, o == j, o == l);
        }
      dual3_get (run_dual3_row (row, z[0], z[1], z[2], plain, k), q);
      for (int s = 0; s < 8; s++)
        if (near == 0) p[s] = q[s];
        else if (s > 1 && isfinite (q[s]) && fabs (q[s]) > fabs (p[s])) p[s] = q[s];
    }
}

/* The chain rule to third order with the magnitudes of all partials and tangents. */
static inline majorant majorant_row (int row, majorant a, majorant b, majorant c, double plain, int k)
{
  const majorant *x[3] = { &a, &b, &c };
  const int q = rp_rows[row].operands;
  majorant y = { 0, { 0 } };
  for (int i = 0; i < q; i++)
    for (int j = 0; j < q; j++)
      for (int l = 0; l < q; l++)
        {
          double p[8];
          partials (row, x, i, j, l, plain, k, p);
          y.v = p[0], y.m[0] = fabs (p[0]);
          if (j == 0 && l == 0)                                   /* first partials, once */
            for (int s = 1; s < 8; s++) y.m[s] += fabs (p[1])*x[i]->m[s];
          if (l == 0)                                             /* second partials */
            {
              const double p2 = fabs (p[3]);
              y.m[3] += p2*x[i]->m[1]*x[j]->m[2];
              y.m[5] += p2*x[i]->m[1]*x[j]->m[4];
              y.m[6] += p2*x[i]->m[2]*x[j]->m[4];
              y.m[7] += p2*(x[i]->m[3]*x[j]->m[4] + x[i]->m[5]*x[j]->m[2] + x[i]->m[6]*x[j]->m[1]);
            }
          y.m[7] += fabs (p[7])*x[i]->m[1]*x[j]->m[2]*x[l]->m[4];
        }
  return y;
}

#include <wengert/words_begin.h>
#define ROW1(name, ma) \
  static inline majorant majorant_##name (majorant a) { return majorant_row (RP_##name, a, a, a, 0, 0); }
#define ROW1K(name, ma) \
  static inline majorant majorant_##name (majorant a, int k) { return majorant_row (RP_##name, a, a, a, 0, k); }
#define ROW1C(name, ma) \
  static inline majorant majorant_##name (majorant a, double c, int k) { return majorant_row (RP_##name, a, a, a, c, k); }
#define ROW2(name, ma, mb) \
  static inline majorant majorant_##name (majorant a, majorant b) { return majorant_row (RP_##name, a, b, b, 0, 0); }
#define ROW2K(name, ma, mb) \
  static inline majorant majorant_##name (majorant a, majorant b, int k) { return majorant_row (RP_##name, a, b, b, 0, k); }
#define ROW3(name, ma, mb, mc) \
  static inline majorant majorant_##name (majorant a, majorant b, majorant c) { return majorant_row (RP_##name, a, b, c, 0, 0); }
#define FLAT1(name) \
  static inline majorant majorant_##name (majorant a) { return majorant_row (RP_##name, a, a, a, 0, 0); }
#define FLAT2(name) \
  static inline majorant majorant_##name (majorant a, majorant b) { return majorant_row (RP_##name, a, b, b, 0, 0); }
#include <wengert/rules.def>
#include <wengert/words_end.h>

#define DUALN(op) wg_dualn_##op
#define DUAL2(op) wgi_dual2_##op
#define DUAL3(op) dual3_##op
#define MAJORANT(op) majorant_##op

#define TYPE wg_dualn
#define N DUALN
#define RUN run_dualn
#define LIT(c) wg_dualn_var (c, -1)
#define VALUE(a) ((a).v)
#include "../random_number.inc"

#define TYPE wgi_dual2
#define N DUAL2
#define RUN run_dual2
#define LIT(c) wgi_dual2_make (wg_dual_make (c, 0), wg_dual_zero ())
#define VALUE(a) ((a).v.v)
#include "../random_number.inc"

#define TYPE dual3
#define N DUAL3
#define RUN run_dual3
#define LIT(c) dual3_of (c, 0, 0, 0)
#define VALUE(a) ((a).v.v.v)
#include "../random_number.inc"

#define TYPE majorant
#define N MAJORANT
#define RUN run_majorant
#define LIT(c) majorant_make (c, 0, 0, 0)
#define VALUE(a) ((a).v)
#include "../random_number.inc"

#endif
