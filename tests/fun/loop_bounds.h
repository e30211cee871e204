/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * How far the results of a program may be from those of the same program run in another way.  A number carries its value and, for
 * first derivatives along all inputs and along v, and second ones, mixed, the sum of the magnitudes of all their terms;
 * and the same once more along a direction in which each operation puts its own rounding: a running error bound of first order, for
 * value and derivatives alike, in any order of summation.  It also tells where rounding may decide a branch or a kink.
 */
#ifndef LOOP_BOUNDS_H
#define LOOP_BOUNDS_H

#include "../random_loops.h"
#include "../sweep/majorant.h"

enum { V = 1, ROUNDING = 2 };          /* bits of the first index: along v, along the rounding errors */

/* t[..][0]: not along an input; t[..][1 + i]: along input i too. */
typedef struct { double v, t[4][1 + RL_INPUTS]; } bounded;

static double unit_roundoff = 0x1p-53;      /* 0: nothing is rounded */
static size_t operations;                   /* so far */
static int undecided;                       /* is set where rounding may decide a comparison, or which side of a kink it is */

enum { ROUNDED = 32 };      /* u: 16 ulp of the magnitudes of the terms of a second partial; values, libmvec's too, and first ones are within 8 */

static inline bounded bounded_of (double v) { return (bounded){ v, { { fabs (v) } } }; }

/* Add the roundings of a result, or of the terms of a sum. */
static inline void put_rounding (bounded *y, double each)
{
  for (int s = 0; s <= V; s++)
    for (int i = 0; i <= RL_INPUTS; i++) y->t[s | ROUNDING][i] += each*unit_roundoff*y->t[s][i];
}

/* A sum of so many terms, in any order.  Until here t[0][0] was the sum of their magnitudes. */
static inline bounded closed_sum (bounded sum, size_t terms)
{
  put_rounding (&sum, 2*(double) terms);
  sum.t[0][0] = fabs (sum.v);
  return sum;
}

static inline void compare_near (bounded a, bounded b)
{
  const double e = a.t[ROUNDING][0] + b.t[ROUNDING][0];
  if (e > 0 && !(fabs (a.v - b.v) > 4*e)) undecided = 1;
}

/* Do value and first partials of a row jump within what is known of its operands?  at[]: the first partials nearby. */
static inline void look_for_kinks (int row, const bounded *const x[3], const double y, const double p[3], const double at[3], double plain, int k)
{
  const int q = rp_rows[row].operands;
  double spread = 0x1p-50*fabs (y);
  for (int o = 0; o < q; o++) spread += 8*at[o]*x[o]->t[ROUNDING][0];
  for (int corner = 0; corner < 1 << q; corner++)
    for (int o = 0; o < q; o++)
      {
        dual3 z[3];
        double t[8];
        for (int j = 0; j < 3; j++)
          z[j] = dual3_of (x[j]->v + (corner >> j & 1 ? 4 : -4)*x[j]->t[ROUNDING][0], j == o, 0, 0);
        dual3_get (run_dual3_row (row, z[0], z[1], z[2], plain, k), t);
        if (!(fabs (t[0] - y) <= spread) || !(fabs (fabs (t[1]) - p[o]) <= .01*at[o])) undecided = 1;
      }
}

static inline bounded bounded_row (int row, bounded a, bounded b, bounded c, double plain, int k)
{
  const bounded *const x[3] = { &a, &b, &c };
  const majorant value[3] = { { .v = a.v }, { .v = b.v }, { .v = c.v } }, *const m[3] = { value, value + 1, value + 2 };
  const int q = rp_rows[row].operands;
  double first[3] = { 0 }, near[3] = { 0 };
  bounded y = { 0, { { 0 } } };
  operations++;
  for (int i = 0; i < q; i++)
    for (int j = 0; j < q; j++)
      for (int l = 0; l < q; l++)
        {
          double p[8];
          partials (row, m, i, j, l, plain, k, p);
          y.v = p[0];
          if (j == 0 && l == 0)
            {
              first[i] = near[i] = fabs (p[1]);
              for (int s = 0; s < 4; s++) for (int e = s == 0; e <= RL_INPUTS; e++) y.t[s][e] += first[i]*x[i]->t[s][e];
            }
          if (l == 0 && p[3] != 0)
            {
              const double p2 = fabs (p[3]);
              const double (*s)[1 + RL_INPUTS] = x[i]->t, *const v = x[j]->t[V], *const r = x[j]->t[ROUNDING];
              near[i] += p2*fabs (x[j]->v)/16;
              y.t[V | ROUNDING][0] += p2*s[V][0]*r[0];
              for (int e = 1; e <= RL_INPUTS; e++)
                {
                  y.t[V][e] += p2*s[0][e]*v[0], y.t[ROUNDING][e] += p2*s[0][e]*r[0];
                  y.t[V | ROUNDING][e] += p2*(s[0][e]*x[j]->t[V | ROUNDING][0] + s[V][e]*r[0] + s[ROUNDING][e]*v[0]);
                }
            }
          if (p[7] != 0)
            for (int e = 1; e <= RL_INPUTS; e++) y.t[V | ROUNDING][e] += fabs (p[7])*x[i]->t[0][e]*x[j]->t[V][0]*x[l]->t[ROUNDING][0];
        }
  y.t[0][0] = fabs (y.v);
  look_for_kinks (row, x, y.v, first, near, plain, k);
  if (rp_rows[row].flat) return y;
  put_rounding (&y, ROUNDED);
  for (int i = 0; i < q; i++) y.t[ROUNDING][0] += 2*unit_roundoff*near[i]*fabs (x[i]->v);       /* near a root of the row */
  return y;
}

#include <wengert/words_begin.h>
#define ROW1(name, ma) static inline bounded bounded_##name (bounded a) { return bounded_row (RP_##name, a, a, a, 0, 0); }
#define ROW1K(name, ma) static inline bounded bounded_##name (bounded a, int k) { return bounded_row (RP_##name, a, a, a, 0, k); }
#define ROW1C(name, ma) \
  static inline bounded bounded_##name (bounded a, double c, int k) { return bounded_row (RP_##name, a, a, a, c, k); }
#define ROW2(name, ma, mb) static inline bounded bounded_##name (bounded a, bounded b) { return bounded_row (RP_##name, a, b, b, 0, 0); }
#define ROW2K(name, ma, mb) \
  static inline bounded bounded_##name (bounded a, bounded b, int k) { return bounded_row (RP_##name, a, b, b, 0, k); }
#define ROW3(name, ma, mb, mc) \
  static inline bounded bounded_##name (bounded a, bounded b, bounded c) { return bounded_row (RP_##name, a, b, c, 0, 0); }
#define FLAT1(name) static inline bounded bounded_##name (bounded a) { return bounded_row (RP_##name, a, a, a, 0, 0); }
#define FLAT2(name) static inline bounded bounded_##name (bounded a, bounded b) { return bounded_row (RP_##name, a, b, b, 0, 0); }
#include <wengert/rules.def>
#include <wengert/words_end.h>

/* The terms of a sum are only added up until it is closed. */
static inline bounded bounded_grow (bounded sum, bounded term)
{
  operations++, sum.v += term.v;
  for (int s = 0; s < 4; s++) for (int i = 0; i <= RL_INPUTS; i++) sum.t[s][i] += term.t[s][i];
  return sum;
}

#define BOUNDED(op) bounded_##op

#define TYPE bounded
#define N BOUNDED
#define RUN run_bounded
#define LIT(c) bounded_of (c)
#define VALUE(a) ((a).v)
#include "../random_number.inc"

#define TYPE bounded
#define N BOUNDED
#define ROWS run_bounded
#define LIT(c) bounded_of (c)
#define VALUE(a) ((a).v)
#define GROW bounded_grow
#define CLOSE closed_sum
#define LOOK RL_NOTHING
#define NEAR compare_near
#include "../random_loops.inc"

/* Bounds of all results of a program at x along |v|. */
typedef struct { size_t n, m; bounded y[RL_OUTPUTS]; size_t operations; int undecided; } bounds;

static inline void find_bounds (bounds *b, const rl_setting *s, const double x[], const double v[])
{
  bounded in[RL_INPUTS];
  operations = 0, undecided = 0;
  *b = (bounds){ .n = s->p->top.n, .m = s->p->top.m };
  for (size_t i = 0; i < b->n; i++) in[i] = bounded_of (x[i]), in[i].t[V][0] = fabs (v[i]), in[i].t[0][1 + i] = 1;
  run_bounded_block (s, &s->p->top, 0, in, NULL, b->y);
  b->operations = operations, b->undecided = undecided;
}

/* The magnitude of the terms of a derivative of output o, and how much two computations of it may differ: both are off by what the
 * roundings of its operations make, and by those of sums of adjoints, at most as many as there are operations; twice
 * that for what is of second order. */
static inline double magnitude (const bounds *b, size_t o, int s, size_t i) { return b->y[o].t[s][i]; }

static inline double allowed (const bounds *b, size_t o, int s, size_t i)
{
  if (unit_roundoff == 0) return 0;
  return 4*(b->y[o].t[s | ROUNDING][i] + (double) b->operations*unit_roundoff*magnitude (b, o, s, i)) + 1e-290;
}

#endif
