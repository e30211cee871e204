/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Lanes are single items: for every row, every instruction set and every sweep over lanes, each lane has the values, tangents and adjoints of
 * the sweep over one item, whichever operands lanes share, are constant, inactive, or the same twice, and whichever lanes are at rest.
 * To the last bit for rows without elementary functions, since a lane's arithmetic is the double's; else within a bound.  The same for
 * runs of chains, where small integers make all sums exact, and each lane holds the guards that its item does.
 */
#include <check.h>
#include <stdalign.h>

#include "fun/fun.h"
#include "majorant.h"
#include "runner.h"
#include "sweep/lanes.h"
#include "sweep/numbers.h"

#define EPS 0x1p-52

enum { N = 3, NUMBERS = RP_NODES + 2*RP_LITERALS };

static const char *const names[] = { "baseline", "avx2", "avx512" };
static const int planes[2] = { WGI_ADJOINT, WGI_ADJOINT + WGI_D1 };

/* The reverse sweeps: over lanes, over duals of them, of two adjoints. */
enum { SINGLE, DUAL, TWO, KINDS };

typedef struct { double x[N], v[N], u[2]; } item;                 /* a point, a direction, seeds */
typedef struct { double y[2], xbar[KINDS][2][N]; } result;        /* value and tangent, adjoints */

/* one item */

static void reverse_one (wg_fun *f, void (*sweep) (const wgi_program *, wgi_frame *), double u, double w, double xbar[2][N])
{
  const wgi_program *p = f->trace->program;
  f->frame.plane[planes[0]][p->out[0]] += u, f->frame.plane[planes[1]][p->out[0]] += w;
  sweep (p, &f->frame);
  for (int d = 0; d < 2; d++)
    {
      memcpy (xbar[d], f->frame.plane[planes[d]], N*sizeof *xbar[d]);
      wgi_fun_rest (f, planes[d]);
    }
}

static result single (wg_fun *f, const item *of)
{
  const wgi_program *p = f->trace->program;
  result r;
  uint64_t found;
  ck_assert_int_eq (wgi_fun_planes (f, 3 | 3 << WGI_ADJOINT), WG_OK);
  memcpy (f->frame.plane[WGI_VALUE], of->x, sizeof of->x), memcpy (f->frame.plane[WGI_D1], of->v, sizeof of->v);
  wgi_forward_dual (p, &f->frame, &found);
  r.y[0] = f->frame.plane[WGI_VALUE][p->out[0]], r.y[1] = f->frame.plane[WGI_D1][p->out[0]];
  reverse_one (f, wgi_reverse_double, of->u[0], -0., r.xbar[SINGLE]);
  reverse_one (f, wgi_reverse_dual, of->u[0], of->u[1], r.xbar[DUAL]);
  double other[2][N];
  reverse_one (f, wgi_reverse_double, of->u[1], -0., other);
  memcpy (r.xbar[TWO][0], r.xbar[SINGLE][0], sizeof other[0]), memcpy (r.xbar[TWO][1], other[0], sizeof other[0]);
  return r;
}

/* all lanes */

static alignas (64) double own[WGI_PLANES][NUMBERS*WGI_LANES], shared[WGI_PLANES][NUMBERS*WGI_VECTOR];
static wgi_layout layout;

/* A layout for p, the inputs whose bits are in alike being shared, those whose bits are in still carrying no derivative; rows are odd,
 * adjoints at rest. */
static wgi_lane_frame arrange (const wgi_lane_sweeps *sweeps, const wgi_program *p, unsigned alike, unsigned still, const item of[])
{
  wgi_lane_words at = { 0, 1 };
  for (size_t d = 0; d < 2; d++)
    {
      for (size_t i = 0; i < NUMBERS*WGI_LANES; i++) own[d][i] = 77, own[planes[d]][i] = -0.;
      for (size_t i = 0; i < NUMBERS*WGI_VECTOR; i++) shared[planes[d]][i] = -0.;
    }
  uint32_t place[N];
  for (size_t k = 0; k < p->n; k++) place[k] = (uint32_t) (alike >> k & 1 ? WGI_SHARED | at.shared++ : at.own++);
  ck_assert_int_eq (wgi_layout_begin (&layout, p, at), WG_OK);
  for (size_t k = 0; k < p->n; k++)
    {
      layout.place[k] = place[k], layout.adjoint[k] = still >> k & 1 ? WGI_SINK : place[k];
      for (size_t l = 0; l < WGI_LANES; l++)
        if (place[k] & WGI_SHARED) shared[WGI_VALUE][place[k] ^ WGI_SHARED] = of[l].x[k], shared[WGI_D1][place[k] ^ WGI_SHARED] = of[l].v[k];
        else own[WGI_VALUE][place[k]*WGI_LANES + l] = of[l].x[k], own[WGI_D1][place[k]*WGI_LANES + l] = of[l].v[k];
    }
  wgi_layout_end (&layout);
  ck_assert (layout.end.own <= NUMBERS && layout.end.shared <= NUMBERS);
  for (size_t i = 0; i < p->constants; i++) shared[WGI_VALUE][at.shared + i] = p->constant[i], shared[WGI_D1][at.shared + i] = 0;
  wgi_lane_frame f = { .sweeps = sweeps, .layout = &layout, .held = UINT64_MAX };
  for (int d = 0; d < WGI_PLANES; d++) f.plane[d] = own[d], f.shared[d] = shared[d];
  return f;
}

/* what is compared */

static struct { const char *what, *lanes; int pattern; } told;

/* Beyond a bound of 1 an infinite partial is near: no law. */
static void equal (const char *which, size_t lane, double a, double b, double bound)
{
  const int fine = bound < 0 ? rp_same_bits (a, b) : bound == 0 ? a == b || (a != a && b != b) : fabs (a - b) <= bound || !(bound < 1);
  if (!fine) ck_abort_msg ("%s, pattern %d, %s: %s of lane %zu is %.17g, alone %.17g", told.what, told.pattern, told.lanes, which, lane, a, b);
}

enum { BITS = -1, NUMBER = 0 };      /* bounds: to the last bit; but for the sign of a zero, which duals of adjoints do not promise */

typedef struct { double y[2], xbar[2][N]; } bounds;        /* of a lane: value and tangent, first and second adjoints */

static void forward_law (const wgi_lane_sweeps *s, wg_fun *f, unsigned alike, unsigned still, const item of[], const result one[], const bounds at[])
{
  const wgi_program *p = f->trace->program;
  wgi_lane_frame frame = arrange (s, p, alike, still, of);
  const uint32_t place = layout.place[p->out[0]];
  s->forward (&layout.program, &frame);
  for (size_t l = 0; l < WGI_LANES; l++) equal ("value", l, wgi_lane_at (&frame, WGI_VALUE, place, l), one[l].y[0], at[l].y[0]);
  frame = arrange (s, p, alike, still, of);
  s->forward_dual (&layout.program, &frame);
  for (size_t l = 0; l < WGI_LANES; l++)
    for (int d = 0; d < 2; d++) equal ("tangent", l, wgi_lane_at (&frame, d, place, l), one[l].y[d], at[l].y[d]);
}

/* The adjoint of input k: lane by lane, or the sum over those of the same number in each vector, first to last. */
static void adjoint_law (const wgi_lane_frame *f, int kind, int d, size_t k, const result one[], const bounds at[], int once)
{
  static const char *const which[KINDS][2] = { { "adjoint" }, { "adjoint", "its dual" }, { "first adjoint", "second adjoint" } };
  size_t count;
  const double *got = wgi_lane_adjoint (f, planes[d], layout.adjoint[k], &count);
  for (size_t l = 0; l < count; l++)
    {
      double sum = one[l].xbar[kind][d][k], bound = at[l].xbar[kind == DUAL ? d : 0][k];
      for (size_t j = l + count; j < WGI_LANES; j += count) sum += one[j].xbar[kind][d][k], bound += at[j].xbar[kind == DUAL ? d : 0][k];
      if (bound < 0 && !once && count < WGI_LANES) continue;         /* two sums, each over lanes */
      if (bound < 0 || wgi_asleep (sum)) bound = kind == DUAL && d ? NUMBER : BITS;
      equal (which[kind][d], l, got[l], sum, bound);
    }
}

static void reverse_law (const wgi_lane_sweeps *s, wg_fun *f, unsigned alike, unsigned still, const item of[], const result one[], const bounds at[],
                         unsigned once)
{
  const wgi_program *p = f->trace->program;
  void (*const sweep[KINDS]) (const wgi_program *, wgi_lane_frame *) = { s->reverse, s->reverse_dual, s->reverse_two };
  for (int kind = 0; kind < KINDS; kind++)
    {
      wgi_lane_frame frame = arrange (s, p, alike, still, of);
      const uint32_t out = layout.adjoint[p->out[0]];
      (kind == DUAL ? s->forward_dual : s->forward) (&layout.program, &frame);
      for (int d = 0; d < 1 + (kind != SINGLE) && out != WGI_SINK; d++)
        for (size_t l = 0; l < WGI_LANES; l++) own[planes[d]][out*WGI_LANES + l] = of[l].u[d];
      sweep[kind] (&layout.program, &frame);
      for (int d = 0; d < 1 + (kind != SINGLE); d++)
        {
          for (size_t k = 0; k < p->n; k++) if (!(still >> k & 1)) adjoint_law (&frame, kind, d, k, one, at, once >> k & 1);
          for (size_t i = layout.base.own*WGI_LANES; i < layout.end.own*WGI_LANES; i++)
            if (!wgi_asleep (own[planes[d]][i])) ck_abort_msg ("%s, pattern %d, %s: a row's adjoint is left", told.what, told.pattern, told.lanes);
        }
    }
}

/* All laws, for all that this processor has.  once: the inputs that one operand alone names. */
static void laws (wg_fun *f, unsigned alike, unsigned still, const item of[], const bounds at[], unsigned once)
{
  result one[WGI_LANES];
  for (size_t l = 0; l < WGI_LANES; l++) one[l] = single (f, &of[l]);
  for (size_t i = 0; i < sizeof names/sizeof *names; i++)
    {
      const wgi_lane_sweeps *s = wgi_lanes_for_cpu (names[i]);
      if (!s) continue;
      told.lanes = names[i];
      forward_law (s, f, alike, still, of, one, at);
      reverse_law (s, f, alike, still, of, one, at, once);
    }
}

/* rows */

/* No elementary function, in the value or in a partial: lanes do what the double's functions do. */
static int is_exact (int row)
{
  return row <= RP_cbrt || (row >= RP_abs && row <= RP_is_ne) || row == RP_lgamma || row == RP_polygamma || row == RP_kept;
}

/* Elementary functions of lanes are within 4 ulp of libm's.  A partial is a product or quotient of a few of them, within 64 ulp; a second partial
 * is a sum of such terms that may cancel, each of which the majorant bounds, within 4096. */
static bounds bounds_of (const rp_program *p, const item *of)
{
  const rp_node *q = &p->node[2];
  bounds b = { { 0 }, { { 0 } } };
  for (int i = 0; i < rp_rows[q->kind].operands; i++)
    {
      majorant m[3];
      for (int j = 0; j < 3; j++)
        {
          const int from = q->operand[j];
          const double x = from < 0 ? p->literal[~from] : from < N ? of->x[from] : -floor (of->x[N - 1]);
          m[j] = majorant_make (x, from >= 0 && from < N ? of->v[from] : 0, i == j, 0);
        }
      const majorant y = majorant_row (q->kind, m[0], m[1], m[2], q->c, q->k);
      b.y[0] += 64*EPS*(y.m[0] + y.m[2]*fabs (m[i].v) + 1e-290), b.y[1] += 64*EPS*(y.m[1] + 1e-290);
      if (q->operand[i] < 0 || q->operand[i] >= N) continue;
      const double largest = fmax (fabs (of->u[0]), fabs (of->u[1]));
      b.xbar[0][q->operand[i]] += 64*EPS*(largest*y.m[2] + 1e-290);
      b.xbar[1][q->operand[i]] += 4096*EPS*(largest*(y.m[3] + y.m[2]) + 1e-290);
    }
  return b;
}

static const bounds bits = { { BITS, BITS }, { { BITS, BITS, BITS }, { BITS, BITS, BITS } } };

static double draw (rp_random *r, int exact)
{
  static const double odd[] = { 0, -0., 1, -1, 2, INFINITY, -INFINITY, NAN, 1e-310, 1e308 };
  return exact && rp_below (r, 4) == 0 ? odd[rp_below (r, sizeof odd/sizeof *odd)] : rp_number (r);
}

/* Lane l's item, in the row's domain; what is shared is lane 0's.  0: none was found. */
static int find_item (rp_random *r, const rp_program *p, unsigned alike, item of[], size_t l)
{
  const int exact = is_exact (p->node[2].kind) && l;
  for (int tries = 0; tries < 400; tries++)
    {
      double y;
      for (int k = 0; k < N; k++)
        {
          const int same = l && alike >> k & 1;
          of[l].x[k] = same ? of[0].x[k] : draw (r, exact);
          of[l].v[k] = same ? of[0].v[k] : rp_below (r, 6) ? rp_uniform (r, -1, 1) : 0;
        }
      for (int d = 0; d < 2; d++) of[l].u[d] = rp_below (r, 8) ? rp_uniform (r, -1, 1) : 0;
      const size_t asleep = rp_below (r, 10);
      if (asleep < 2) of[l].u[1] = -0.;
      if (asleep < 1) of[l].u[0] = -0.;
      rp_run_double (p, of[l].x, &y, NULL);
      if (exact || isfinite (y)) return 1;
    }
  return 0;
}

enum { OWN, LITERAL, INACTIVE, SAME, SHARED, OPERANDS };      /* what an operand may be; SAME as the first */

/* A pattern of operands in all lanes, at random points.  0: there are none in the row's domain, or nothing varies. */
static int try_pattern (rp_random *r, int row)
{
  rp_program p = { .n = N, .m = 1, .literals = 1, .count = 3, .out = { 5 } };
  item of[WGI_LANES];
  bounds at[WGI_LANES];
  unsigned alike = 0, once = 0, twice = 0;
  size_t found = 0;
  p.node[0] = (rp_node){ .kind = RP_floor, .operand = { N - 1 } };
  p.node[1] = (rp_node){ .kind = RP_neg, .operand = { 3 } };
  p.node[2] = (rp_node){ .kind = row };
  for (int j = 0, code = told.pattern; j < rp_rows[row].operands; j++, code /= OPERANDS)
    {
      const int kind = code % OPERANDS, to[OPERANDS] = { j, ~0, 4, j ? p.node[2].operand[0] : 0, j };
      p.node[2].operand[j] = to[kind];
      if (to[kind] >= 0 && to[kind] < N) twice |= once & 1u << to[kind], once |= 1u << to[kind];
      if (kind == SHARED) alike |= 1u << j;
    }
  for (int tries = 0; tries < 20 && found < WGI_LANES; tries++)
    {
      rp_immediates (r, &p.node[2]);
      p.literal[0] = rp_number (r);
      for (found = 0; found < WGI_LANES && find_item (r, &p, alike, of, found); ) found++;
    }
  if (found < WGI_LANES) return 0;
  wg_fun *f = wg_fun_record (rp_model, &p, N, 1, of[0].x);
  ck_assert_msg (f != NULL, "%s", wg_last_error ());
  const wgi_program *q = f->trace->program;
  const int varies = q->out[0] >= N && wgi_is_slot (q, q->out[0]);
  for (size_t l = 0; l < WGI_LANES; l++)
    {
      at[l] = is_exact (row) && row != RP_muladd ? bits : bounds_of (&p, &of[l]);
      if (row == RP_muladd) at[l].y[0] = BITS;         /* it may be a chain, along which derivatives are rounded as the processor does */
    }
  if (varies) laws (f, alike, 0, of, at, once & ~twice);
  wg_fun_free (f);
  return varies;
}

START_TEST (rows)
{
  rp_random r = { 0x5eed2001 + (uint64_t) _i };
  int patterns = 1, held = 0;
  for (int j = 0; j < rp_rows[_i].operands; j++) patterns *= OPERANDS;
  const size_t rounds = rp_soak ((is_exact (_i) ? 125 : 25)/(size_t) patterns + 1);
  told.what = rp_rows[_i].name;
  for (told.pattern = 0; told.pattern < patterns; told.pattern++)
    {
      int any = 0;
      for (size_t round = 0; round < rounds; round++) any |= try_pattern (&r, _i);
      held += any;
    }
  ck_assert_msg (held >= patterns*3/5, "%s: %d of %d patterns", told.what, held, patterns);
}
END_TEST

/* runs of chains: sums of products of inputs that are shared or not, and of literals, with other sums between;
 * of a difference of inputs too, whose adjoint folds if they are shared or carry no derivative; and a product may begin a run */

START_TEST (chains)
{
  rp_random r = { 0x5eed2100 };
  bounds at[WGI_LANES];
  for (size_t l = 0; l < WGI_LANES; l++) at[l] = (bounds){ { BITS, NUMBER }, { { NUMBER } } };
  told.what = "chains";
  for (told.pattern = 0; told.pattern < (int) rp_soak (400); told.pattern++)
    {
      rp_program p = { .n = N, .m = 1, .literals = 4, .literal = { 2, -3, 1, -1 } };
      const unsigned alike = (unsigned) rp_below (&r, 1 << N), still = rp_below (&r, 3) ? 0 : (unsigned) rp_below (&r, 1 << N);
      const size_t links = 1 + rp_below (&r, 9);
      item of[WGI_LANES];
      p.node[p.count++] = (rp_node){ .kind = RP_sub, .operand = { 0, 1 } };
      if (rp_below (&r, 2)) p.node[p.count++] = (rp_node){ .kind = RP_mul, .operand = { (int) rp_below (&r, N), (int) rp_below (&r, N + 1) } };
      for (size_t i = 0; i < links; i++)
        {
          const int sum = N + (int) p.count - 1, between = rp_below (&r, 3) == 0;      /* an operation between the links */
          const int other = (int) rp_below (&r, N + 2);
          if (between) p.node[p.count++] = (rp_node){ .kind = RP_neg, .operand = { other > N ? sum : other } };      /* or a sum that two use */
          int *to = p.node[p.count].operand;
          p.node[p.count++].kind = RP_mul;
          for (int j = 0; j < 2; j++) to[j] = rp_below (&r, 4) ? (int) rp_below (&r, N + 1) : ~(int) rp_below (&r, 4);      /* N: the difference */
          if (between) to[rp_below (&r, 2)] = sum + 1;
          if (to[0] < 0 && to[1] < 0) to[1] = 0;
          p.node[p.count++] = (rp_node){ .kind = RP_add, .operand = { sum, sum + 1 + between } };
          if (rp_below (&r, 12) == 0) p.node[p.count] = (rp_node){ .kind = RP_abs, .operand = { sum + 2 + between } }, p.count++;
        }
      p.out[0] = N + (int) p.count - 1;
      for (size_t l = 0; l < WGI_LANES; l++)
        {
          for (size_t k = 0; k < N; k++)
            {
              const int same = l && alike >> k & 1;
              of[l].x[k] = same ? of[0].x[k] : (double) rp_below (&r, 7) - 3, of[l].v[k] = still >> k & 1 ? 0 : same ? of[0].v[k] : (double) rp_below (&r, 5) - 2;
            }
          for (int d = 0; d < 2; d++) of[l].u[d] = rp_below (&r, 8) ? (double) rp_below (&r, 5) - 2 : -0.;
          if (wgi_asleep (of[l].u[0])) of[l].u[1] = -0.;
        }
      wg_fun *f = wg_fun_record (rp_model, &p, N, 1, of[0].x);
      ck_assert_msg (f != NULL, "%s", wg_last_error ());
      laws (f, alike, still, of, at, 0);
      wg_fun_free (f);
    }
}
END_TEST

/* guards */

START_TEST (guards)
{
  rp_random r = { 0x5eed2200 + (uint64_t) _i };
  size_t seen[2] = { 0 };
  told.what = rp_rows[RP_ROWS + _i].name;
  for (told.pattern = 0; told.pattern < 4; told.pattern++)
    for (size_t round = 0; round < rp_soak (40); round++)
      {
        static const double odd[] = { 0, -0., INFINITY, -INFINITY, NAN, 1e10 };
        rp_program p = { .n = N, .m = 1, .count = 1, .node = { { .kind = RP_ROWS + _i, .operand = { 0, 1 } } }, .out = { N } };
        item of[WGI_LANES];
        for (size_t l = 0; l < WGI_LANES; l++)
          for (size_t k = 0; k < N; k++)
            {
              const int same = l && told.pattern >> k & 1;
              of[l].x[k] = same ? of[0].x[k] : l && rp_below (&r, 5) == 0 ? odd[rp_below (&r, 6)] : rp_uniform (&r, -2, 2);
              if (!same && rp_below (&r, 3) == 0) of[l].x[k] = floor (of[l].x[k]);
              of[l].v[k] = 1;
            }
        wg_fun *f = wg_fun_record (rp_model, &p, N, 1, of[0].x);
        ck_assert_msg (f != NULL, "%s", wg_last_error ());
        for (size_t i = 0; i < sizeof names/sizeof *names; i++)
          {
            const wgi_lane_sweeps *s = wgi_lanes_for_cpu (names[i]);
            for (int dual = 0; dual < 2 && s; dual++)
              {
                wgi_lane_frame frame = arrange (s, f->trace->program, (unsigned) told.pattern, 0, of);
                (dual ? s->forward_dual : s->forward) (&layout.program, &frame);
                for (size_t l = 0; l < WGI_LANES; l++)
                  {
                    uint64_t found;
                    memcpy (f->frame.plane[WGI_VALUE], of[l].x, sizeof of[l].x);
                    const int holds = wgi_forward_double (f->trace->program, &f->frame, &found) == f->trace->program->guards;
                    if ((int) (frame.held >> l & 1) != holds)
                      ck_abort_msg ("%s, %s: lane %zu %s", told.what, names[i], l, holds ? "holds" : "does not hold");
                    seen[holds]++;
                  }
              }
          }
        wg_fun_free (f);
      }
  ck_assert (seen[0] >= rp_least (100) && seen[1] >= rp_least (100));
}
END_TEST

int main (void)
{
  Suite *s = suite_create ("lanes");
  TCase *t = tcase_create ("lanes");
  tcase_set_timeout (t, 0);
  tcase_add_loop_test (t, rows, 0, RP_ROWS);
  tcase_add_test (t, chains);
  tcase_add_loop_test (t, guards, 0, RP_KINDS - RP_ROWS);
  suite_add_tcase (s, t);
  return run_suite (s);
}
