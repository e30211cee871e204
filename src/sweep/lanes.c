/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Sweeps over lanes and over duals of lanes, and the transposition that brings items side by side.  Compiled once per
 * instruction set, WGI_ISA being its name and WGI_LANE_WIDTH the doubles in its vector.
 */
#ifndef WGI_ISA
# define WGI_ISA baseline
#endif
#ifndef WGI_LANE_WIDTH
# define WGI_LANE_WIDTH 2
#endif
#include "number/lane_dual.h"
#include "sweep/lanes.h"
#include "sweep/numbers.h"

#define PASTE_(a, b) a##b
#define PASTE(a, b) PASTE_ (a, b)


enum { VECTORS = WGI_LANES/WGI_LANE_WIDTH };

/* Loops over them.  Those of arithmetic are worth the code; written out rather than unrolled, since only then nothing is kept in memory
 * that registers hold. */
#define LOOP for (size_t j = 0; j < VECTORS; j++)
#define LOOPED(...) LOOP { __VA_ARGS__ }
#if WGI_LANE_WIDTH == 8
# define WITH(i, ...) { enum { j = i }; __VA_ARGS__ }
# define UNROLLED(...) { WITH (0, __VA_ARGS__) WITH (1, __VA_ARGS__) WITH (2, __VA_ARGS__) WITH (3, __VA_ARGS__) }
_Static_assert (VECTORS == 4, "UNROLLED says so");
#else
# define UNROLLED LOOPED
#endif
#define WRITTEN_add ~, UNROLLED
#define WRITTEN_sub ~, UNROLLED
#define WRITTEN_mul ~, UNROLLED
#define WRITTEN_div ~, UNROLLED
#define WRITTEN_neg ~, UNROLLED
#define WRITTEN_recip ~, UNROLLED
#define WRITTEN_sqr ~, UNROLLED
#define WRITTEN_muladd ~, UNROLLED
#define WRITTEN_mulsub ~, UNROLLED
#define WRITTEN_submul ~, UNROLLED
#define WRITTEN_fma ~, UNROLLED
#define WHICH_(a, b, ...) b
#define WHICH(...) WHICH_ (__VA_ARGS__)
#define EACH_OF(row, ...) WHICH (WRITTEN_##row, LOOPED, LOOPED) (__VA_ARGS__)

/* A plane and its shared one. */
typedef struct { wgi_lane *own; double *shared; } plane;

static inline plane plane_of (const wgi_lane_frame *frame, int which)
{
  return (plane){ (wgi_lane *) frame->plane[which], frame->shared[which] };
}

/* The vectors of a number: of what lanes share one in all places.  Few are loaded at once, as loops over them are unrolled; of many, and
 * where it is known what is shared, is noted where they are. */
#if WGI_LANE_WIDTH == 8
typedef struct { wgi_lane part[VECTORS]; } operand;

static inline __attribute__ ((always_inline)) operand look (plane p, uint32_t place)
{
  operand w;
  if (place & WGI_SHARED)
    {
      const wgi_lane one = wgi_lane_of (p.shared[place ^ WGI_SHARED]);
      UNROLLED (w.part[j] = one;)
    }
  else
    {
      const wgi_lane *const own = p.own + (size_t) place*VECTORS;
      UNROLLED (w.part[j] = own[j];)
    }
  return w;
}

LANE at (const operand *w, size_t j) { return w->part[j]; }
#else
typedef struct { const wgi_lane *own; wgi_lane one; } operand;

static inline __attribute__ ((always_inline)) operand look (plane p, uint32_t place)
{
  operand w = { place & WGI_SHARED ? NULL : p.own + (size_t) place*VECTORS, wgi_lane_zero () };
  if (place & WGI_SHARED) w.one = wgi_lane_of (p.shared[place ^ WGI_SHARED]);
  return w;
}

LANE at (const operand *w, size_t j) { return w->own ? w->own[j] : w->one; }
#endif

typedef struct { operand v, d; } dual_operand;

/* What it is if lanes share it. */
LANE one_of (const operand *w) { return at (w, 0); }

static inline wgi_lane *sum_at (plane p, uint32_t place) { return (wgi_lane *) p.shared + (place ^ WGI_SHARED); }

/* All its vectors. */
static inline __attribute__ ((always_inline)) void add_parts (plane p, uint32_t place, const wgi_lane e[])
{
  if (place & WGI_SHARED)
    {
      wgi_lane sum = e[0];
      UNROLLED (if (j) sum += e[j];)
      *sum_at (p, place) += sum;
    }
  else
    UNROLLED (p.own[(size_t) place*VECTORS + j] += e[j];)
}

/* The adjoint of a run of chains, its sum over lanes, and where it is not at rest. */
typedef struct { wgi_lane part[VECTORS], sum; wgi_lane_mask awake[VECTORS], any, all; } link;

static inline __attribute__ ((always_inline)) void add_to_link (link *t, size_t j, wgi_lane u, wgi_lane_mask awake, wgi_lane rest)
{
  t->part[j] = u, t->awake[j] = awake;
  if (!j) t->any = t->all = awake, t->sum = wgi_lane_where (awake, u, rest);
  else t->any = wgi_lane_or (t->any, awake), t->all = wgi_lane_and (t->all, awake), t->sum = wgi_lane_add_where (awake, t->sum, u);
}

/* c + a b in part j, where the adjoint is awake, or everywhere. */
LANE add_product (const link *t, int all, size_t j, wgi_lane a, wgi_lane b, wgi_lane c)
{
  if (all) return wgi_lane_fused (a, b, c);
  return wgi_lane_fused_where (t->awake[j], a, b, c);
}

LANE awake_sum (const link *t, int all, wgi_lane a, wgi_lane e)
{
  if (all) return a + e;
  return wgi_lane_add_where (t->any, a, e);
}

/* Add it times an operand to an adjoint, where it is awake; a negative zero is made positive.  Is it awake everywhere, is the operand shared? */
static inline __attribute__ ((always_inline)) void give_link (plane p, uint32_t place, const operand *w, int all, int shared, const link *t)
{
  wgi_lane e = wgi_lane_zero ();
  if (!(place & WGI_SHARED))
    {
      wgi_lane *const to = p.own + (size_t) place*VECTORS;
      UNROLLED (wgi_lane sum = to[j];
                if (all) sum += e;
                else sum = wgi_lane_add_where (t->awake[j], sum, e);
                to[j] = add_product (t, all, j, at (w, j), t->part[j], sum);)
      return;
    }
  wgi_lane sum[2] = { e, e };      /* one would wait for itself */
  if (shared) e = wgi_lane_fused (one_of (w), t->sum, e);
  else
    {
      UNROLLED (sum[j & 1] = add_product (t, all, j, at (w, j), t->part[j], sum[j & 1]);)
      e = sum[0] + sum[1];
    }
  *sum_at (p, place) = awake_sum (t, all, *sum_at (p, place), e);
}

/* Its tangent. */
static inline __attribute__ ((always_inline)) void give_link_dual (plane p, uint32_t place, const dual_operand *w, int all, int shared, int active,
                                                                    const link *t, const link *d)
{
  wgi_lane e = wgi_lane_zero ();
  if (!(place & WGI_SHARED))
    {
      wgi_lane *const to = p.own + (size_t) place*VECTORS;
      UNROLLED (e = add_product (t, all, j, at (&w->v, j), d->part[j], to[j]);
                if (active) e = add_product (t, all, j, at (&w->d, j), t->part[j], e);
                to[j] = e;)
      return;
    }
  wgi_lane other = e;
  if (shared) e = wgi_lane_fused (one_of (&w->v), d->sum, e);
  else UNROLLED (e = add_product (t, all, j, at (&w->v, j), d->part[j], e);)
  if (active && shared) other = wgi_lane_fused (one_of (&w->d), t->sum, other);
  else if (active) UNROLLED (other = add_product (t, all, j, at (&w->d, j), t->part[j], other);)
  *sum_at (p, place) = awake_sum (t, all, *sum_at (p, place), e + other);
}

LANE take (wgi_lane *adjoint, wgi_lane rest)
{
  const wgi_lane t = *adjoint;
  *adjoint = rest;
  return t;
}

/* The rest state in a register, where it is needed. */
#ifdef __AVX512F__
# define OWN_REST wgi_lane rest = wgi_lane_rest (); __asm__ ("" : "+v" (rest)); (void) rest;
#else
# define OWN_REST wgi_lane rest = wgi_lane_rest (); __asm__ ("" : "+x" (rest)); (void) rest;
#endif

/* guards: the lanes whose outcome is the recorded one */

static inline void hold (wgi_lane_frame *frame, size_t j, unsigned outcome, unsigned recorded)
{
  frame->held &= ~((uint64_t) (outcome ^ recorded) << j*WGI_LANE_WIDTH);
}

enum { RECORDED_lt = 2, RECORDED_le = 2, RECORDED_eq = 2, RECORDED_index = 1, RECORDED_peek = 2 };      /* operands */

#define FULL ((1u << WGI_LANE_WIDTH) - 1)
#define COMPARE(test) hold (frame, j, wgi_lane_bits (test (at (&w[0].v, j), at (&w[1].v, j))), word[2] ? FULL : 0)
#define HOLD_lt COMPARE (wgi_lane_lt)
#define HOLD_le COMPARE (wgi_lane_le)
#define HOLD_eq COMPARE (wgi_lane_eq)
#define OUTCOMES(expression) { unsigned same = 0; EACH_LANE same |= (unsigned) (expression) << l; hold (frame, j, same, FULL); }
#define HOLD_index OUTCOMES (wgi_index_outcome (at (&w[0].v, j)[l]) == word[1])
#define HOLD_peek OUTCOMES (wgi_peek_outcome (at (&w[0].v, j)[l]) == wgi_peek_outcome (at (&w[1].v, j)[l]))

#define NOTE(out)         frame->layout->note[(out) - frame->layout->base.own]
#define OUT(p)            p.own[out*VECTORS + j]
#define WORD(i)           place[word[i]]
#define BOTH_ALIKE(first, second) (((WORD (0) ^ ((first) ? WGI_SHARED : 0)) | (WORD (1) ^ ((second) ? WGI_SHARED : 0))) < WGI_SHARED)
#define ONE_ALIKE(i, shared) ((WORD (i) & ~WGI_SHARED) | ((shared) ? WGI_SHARED : 0))
#define PLACES_ALIKE(first, second) const uint32_t alike[2] = { ONE_ALIKE (0, first), ONE_ALIKE (1, second) };

/* Operands of lanes, and of duals over them */
#define LOOK(i, place)      w[i].v = look (v, place);
#define LOOK_DUAL(i, place) w[i].v = look (v, place); w[i].d = look (d, place);
#define LOOKS(k, LOOK) \
  dual_operand w[3]; \
  LOOK (0, WORD (0)) \
  if ((k) > 1) { LOOK (1, WORD (1)) } \
  if ((k) > 2) { LOOK (2, WORD (2)) }
#define LOOKS_ALIKE(first, second, LOOK) \
  PLACES_ALIKE (first, second) \
  dual_operand w[2]; \
  LOOK (0, alike[0]) \
  LOOK (1, alike[1])
#define OPERANDS_LANE(k)    LOOKS (k, LOOK)
#define OPERANDS_DUAL(k)    LOOKS (k, LOOK_DUAL)
#define ALIKE_LANE(first, second) LOOKS_ALIKE (first, second, LOOK)
#define ALIKE_DUAL(first, second) LOOKS_ALIKE (first, second, LOOK_DUAL)

#define OPEN              const uint32_t *const place = frame->layout->place; const plane v = plane_of (frame, WGI_VALUE)
#define OPEN_ADJOINTS \
  OPEN, adjoint = plane_of (frame, WGI_ADJOINT); \
  const uint32_t *const to_place = frame->layout->adjoint;
#define TO_PLACE(i)       to_place[word[i]]

/* values */

#define NAME forward
#include "sweep/lane_sweep.inc"
#define OPERANDS OPERANDS_LANE
#define OPERANDS_ALIKE ALIKE_LANE
#define FIRST frame->layout->base.own
#define RECORD(guard, operands) { OPERANDS_LANE (RECORDED_##guard) LOOP { HOLD_##guard; } }
#define CALL              wgi_call_lanes_forward (frame, WGI_VALUE, word, out)
#define NUM wgi_lane
#define OPEN_PLANES       OPEN;
#define GET(w, active)    at (&(w).v, j)
#define PUT(e)            OUT (v) = e
#define PUT_FLAT(e)       OUT (v) = e
#define EVALF1(row)       wgi_lane_##row (at (&w[0].v, j))
#define EVALF2(row)       wgi_lane_##row (at (&w[0].v, j), at (&w[1].v, j))
#define EVAL1(row)        wgi_lane_##row (a)
#define EVAL1K(row)       wgi_lane_##row (a, k)
#define EVAL1C(row)       wgi_lane_##row (a, c, k)
#define EVAL2(row)        wgi_lane_##row (a, b)
#define EVAL2K(row)       wgi_lane_##row (a, b, k)
#define EVAL3(row)        wgi_lane_##row (a, b, c)
#define LINKED(mask, a, b, c) wgi_lane_muladd (a, b, c)
#define ONE_MASK
#include "sweep/forward.inc"

/* a b + c: the value as always, its tangent rounded as the processor does; a partial that is not finite does not matter where a tangent is 0. */
LANE_DUAL linked_dual (int mask, wgi_lane_dual a, wgi_lane_dual b, wgi_lane_dual c)
{
  const wgi_lane zero = wgi_lane_zero ();
  wgi_lane d = c.d;
  if (mask & 1) d = wgi_lane_fused_where (wgi_lane_ne (a.d, zero), b.v, a.d, d);
  if (mask & 2) d = wgi_lane_fused_where (wgi_lane_ne (b.d, zero), a.v, b.d, d);
  return wgi_lane_dual_make (wgi_lane_muladd (a.v, b.v, c.v), d);
}

#define NAME forward_dual
#include "sweep/lane_sweep.inc"
#define OPERANDS OPERANDS_DUAL
#define OPERANDS_ALIKE ALIKE_DUAL
#define FIRST frame->layout->base.own
#define RECORD(guard, operands) { OPERANDS_DUAL (RECORDED_##guard) LOOP { HOLD_##guard; } }
#define CALL              wgi_call_lanes_forward (frame, WGI_D1, word, out)
#define NUM wgi_lane_dual
#define OPEN_PLANES       OPEN, d = plane_of (frame, WGI_D1);
#define LIFTED(w, active) wgi_lane_dual_make (at (&(w).v, j), active ? at (&(w).d, j) : wgi_lane_zero ())
#define GET(w, active)    LIFTED (w, active)
#define PUT(e)            const wgi_lane_dual r = e; OUT (v) = r.v; OUT (d) = r.d
#define PUT_FLAT(e)       OUT (v) = e; OUT (d) = wgi_lane_zero ()
#define EVALF1(row)       wgi_lane_##row (at (&w[0].v, j))
#define EVALF2(row)       wgi_lane_##row (at (&w[0].v, j), at (&w[1].v, j))
#define EVAL1(row)        wgi_lane_dual_##row (a)
#define EVAL1K(row)       wgi_lane_dual_##row (a, k)
#define EVAL1C(row)       wgi_lane_dual_##row (a, c, k)
#define EVAL2(row)        wgi_lane_dual_##row (a, b)
#define EVAL2K(row)       wgi_lane_dual_##row (a, b, k)
#define EVAL3(row)        wgi_lane_dual_##row (a, b, c)
#define LINKED            linked_dual
#include "sweep/forward.inc"

/* adjoints: a lane at rest stays so, whatever the partial; an arm that a lane did not take is at rest there */

#include <wengert/words_begin.h>

#define NAME reverse
#include "sweep/lane_sweep.inc"
#define OPERANDS OPERANDS_LANE
#define REST OWN_REST
#define OPERANDS_ALIKE ALIKE_LANE
#define LAST frame->layout->end.own
#define OWN_TESTS
#define PRIMAL(p)         p
#define WHERE(test, map)  { const wgi_lane all = t; t = wgi_lane_where (test, all, rest); map t = all; }
#include "number/lane_words.h"
#define CALL              wgi_call_lanes_reverse (frame, WGI_VALUE, word, out)
#define NUM wgi_lane
#define N(op)             wgi_lane_##op
#define OPEN_PLANES       OPEN_ADJOINTS
#define GET(w, active)    at (&(w).v, j)
#define RESULT            OUT (v)
#define TAKE              take (&OUT (adjoint), rest)
#define ASLEEP(t)         0
#define FOLDED(out)       NOTE (out)
#define TAKE_SUM          take (sum_at (adjoint, NOTE (out)), rest)
#define GIVE_SUM(i, e)    *sum_at (adjoint, TO_PLACE (i)) += e
#define ADD_PARTS(i, e)   add_parts (adjoint, TO_PLACE (i), e)
#define RESTING           rest
#define ALL_AWAKE         wgi_lane_bits (t.all) == FULL
#define LINK_OF(sum)      link t; UNROLLED (add_to_link (&t, j, sum[j], wgi_lane_differs (sum[j], rest), rest);)
#define GIVE_LINK(all, i, k, shared, active) give_link (adjoint, TO_PLACE (i), &w[k].v, all, shared, &t)
#define AWAKE(e)          wgi_lane_awake (t, e, rest)
#include "sweep/reverse.inc"
#undef PRIMAL

/* Numbers of two planes. */
#define TAKE_BOTH             wgi_lane_dual_make (take (&OUT (adjoint), rest), take (&OUT (adjoint_d), rest))
#define TAKE_SUM_BOTH \
  wgi_lane_dual_make (take (sum_at (adjoint, NOTE (out)), rest), take (sum_at (adjoint_d, NOTE (out)), rest))
#define GIVE_SUM_BOTH(i, e)   *sum_at (adjoint, TO_PLACE (i)) += (e).v, *sum_at (adjoint_d, TO_PLACE (i)) += (e).d
#define ADD_PARTS_BOTH(i, e)  \
  {                           \
    wgi_lane e_[VECTORS];     \
    UNROLLED (e_[j] = e[j].v;)  \
    add_parts (adjoint, TO_PLACE (i), e_); \
    UNROLLED (e_[j] = e[j].d;)  \
    add_parts (adjoint_d, TO_PLACE (i), e_); \
  }
#define LINK_OF_BOTH(sum, awake_by) \
  link t, t_d; \
  UNROLLED (add_to_link (&t, j, sum[j].v, wgi_lane_differs (sum[j].v, rest), rest); \
            add_to_link (&t_d, j, sum[j].d, wgi_lane_differs (sum[j].awake_by, rest), rest);)

LANE_DUAL awake (wgi_lane_dual t, wgi_lane_dual e, wgi_lane rest)
{
  return wgi_lane_dual_make (wgi_lane_awake (t.v, e.v, rest), wgi_lane_awake (t.v, e.d, rest));
}

LANE_DUAL narrowed (wgi_lane_mask test, wgi_lane_dual t, wgi_lane rest)
{
  return wgi_lane_dual_make (wgi_lane_where (test, t.v, rest), wgi_lane_where (test, t.d, rest));
}

#define NAME reverse_dual
#include "sweep/lane_sweep.inc"
#define OPERANDS OPERANDS_DUAL
#define REST OWN_REST
#define OPERANDS_ALIKE ALIKE_DUAL
#define LAST frame->layout->end.own
#define OWN_TESTS
#define PRIMAL(p)         (p).v
#define WHERE(test, map)  { const wgi_lane_dual all = t; t = narrowed (test, all, rest); map t = all; }
#include "number/lane_words.h"
#define CALL              wgi_call_lanes_reverse (frame, WGI_D1, word, out)
#define NUM wgi_lane_dual
#define N(op)             wgi_lane_dual_##op
#define OPEN_PLANES \
  OPEN_ADJOINTS \
  const plane d = plane_of (frame, WGI_D1), adjoint_d = plane_of (frame, WGI_ADJOINT + WGI_D1);
#define GET(w, active)    LIFTED (w, active)
#define RESULT            wgi_lane_dual_make (OUT (v), OUT (d))
#define TAKE              TAKE_BOTH
#define ASLEEP(t)         0
#define FOLDED(out)       NOTE (out)
#define TAKE_SUM          TAKE_SUM_BOTH
#define GIVE_SUM          GIVE_SUM_BOTH
#define ADD_PARTS         ADD_PARTS_BOTH
#define RESTING           wgi_lane_dual_make (rest, rest)
#define LINK_OF(sum)      LINK_OF_BOTH (sum, v)
#define ALL_AWAKE         wgi_lane_bits (t.all) == FULL
#define GIVE_LINK(all, i, k, shared, active) \
  give_link (adjoint, TO_PLACE (i), &w[k].v, all, shared, &t), give_link_dual (adjoint_d, TO_PLACE (i), &w[k], all, shared, active, &t, &t_d)
#define AWAKE(e)          awake (t, e, rest)
#include "sweep/reverse.inc"
#undef PRIMAL

/* two adjoints, partials computed once for both */

LANE_DUAL both_awake (wgi_lane_dual t, wgi_lane_dual e, wgi_lane rest)
{
  return wgi_lane_dual_make (wgi_lane_awake (t.v, e.v, rest), wgi_lane_awake (t.d, e.d, rest));
}

#define NAME reverse_two
#include "sweep/lane_sweep.inc"
#define OPERANDS OPERANDS_LANE
#define REST OWN_REST
#define OPERANDS_ALIKE ALIKE_LANE
#define LAST frame->layout->end.own
#define OWN_TESTS
#define PRIMAL(p)         p
#define WHERE(test, map)  { const wgi_lane_dual all = t; t = narrowed (test, all, rest); map t = all; }
#include "number/lane_words.h"
#define CALL              wgi_call_lanes_reverse_two (frame, word, out)
#define NUM wgi_lane
#define ADJOINT wgi_lane_dual
#define N(op)             wgi_lane_##op
#define MAP(op)           BOTH_##op
#define BOTH_neg(t)       wgi_lane_dual_make (-(t).v, -(t).d)
#define BOTH_mul(p, t)    wgi_lane_dual_make ((p)*(t).v, (p)*(t).d)
#define BOTH_div(t, q)    wgi_lane_dual_make ((t).v/(q), (t).d/(q))
#define BOTH_scale(c, t)  wgi_lane_dual_make ((c)*(t).v, (c)*(t).d)
#define OPEN_PLANES       OPEN_ADJOINTS const plane adjoint_d = plane_of (frame, WGI_ADJOINT + WGI_D1);
#define GET(w, active)    at (&(w).v, j)
#define RESULT            OUT (v)
#define TAKE              TAKE_BOTH
#define ASLEEP(t)         0
#define FOLDED(out)       NOTE (out)
#define TAKE_SUM          TAKE_SUM_BOTH
#define GIVE_SUM          GIVE_SUM_BOTH
#define ADD_PARTS         ADD_PARTS_BOTH
#define RESTING           wgi_lane_dual_make (rest, rest)
#define LINK_OF(sum)      LINK_OF_BOTH (sum, d)
#define ALL_AWAKE         wgi_lane_bits (wgi_lane_and (t.all, t_d.all)) == FULL
#define GIVE_LINK(all, i, k, shared, active) \
  give_link (adjoint, TO_PLACE (i), &w[k].v, all, shared, &t), give_link (adjoint_d, TO_PLACE (i), &w[k].v, all, shared, &t_d)
#define AWAKE(e)          both_awake (t, e, rest)
#include "sweep/reverse.inc"
#undef PRIMAL
#include <wengert/words_end.h>

/* loading, and sums over lanes */

typedef double loose __attribute__ ((vector_size (8*WGI_LANE_WIDTH), aligned (8), may_alias));

static void load_one_by_one (double *to, size_t first, size_t width, const double *from, const size_t row[])
{
  for (size_t l = 0; l < WGI_LANES; l++)
    for (size_t j = first; j < width; j++) to[j*WGI_LANES + l] = from[row[l] + j];
}

#if WGI_LANE_WIDTH == 8 && defined __AVX512F__

/* One step of a transposition: exchange the halves of each 2s x 2s block. */
#define LOW(s, c)  ((c) & (s) ? 8 + ((c) ^ (s)) : (c))
#define HIGH(s, c) ((c) & (s) ? 8 + (c) : ((c) ^ (s)))
#define PICK(from, s) \
  __builtin_shufflevector (a, b, from (s, 0), from (s, 1), from (s, 2), from (s, 3), from (s, 4), from (s, 5), from (s, 6), from (s, 7))
#define EACH_ROW _Pragma ("GCC unroll 8") for (size_t i = 0; i < 8; i++)
#define STEP(s)                                                                                         \
  EACH_ROW                                                                                              \
    if (!(i & (s)))                                                                                     \
      {                                                                                                 \
        const wgi_lane a = r[i], b = r[i | (s)];                                                        \
        r[i] = PICK (LOW, s), r[i | (s)] = PICK (HIGH, s);                                              \
      }

static inline __attribute__ ((always_inline)) void transpose (wgi_lane r[])
{
  STEP (1)
  STEP (2)
  STEP (4)
}

enum { PART = 3 };               /* numbers of a row that are worth a transposition */

static void load (double *to, size_t width, const double *from, const size_t row[])
{
  size_t j = 0;
  for (; j + PART <= width; j += 8)
    {
      const size_t count = width - j < 8 ? width - j : 8;
      const __mmask8 there = (__mmask8) (0xff >> (8 - count));
      for (size_t l = 0; l < WGI_LANES; l += 8)
        {
          wgi_lane r[8];
          EACH_ROW r[i] = _mm512_maskz_loadu_pd (there, &from[row[l + i] + j]);
          transpose (r);
          EACH_ROW if (i < count) *(wgi_lane *) &to[(j + i)*WGI_LANES + l] = r[i];
        }
    }
  load_one_by_one (to, j, width, from, row);
}

static int store (double *to, const uint32_t row[], size_t step, uint64_t group, double *adjoint, const uint32_t place[],
                  const uint32_t input[], size_t width)
{
  const wgi_lane rest = wgi_lane_rest ();
  wgi_lane odd = wgi_lane_zero (), none[VECTORS] = { rest };
  for (size_t t = 0; t < width; t += 8)
    {
      const size_t count = width - t < 8 ? width - t : 8;
      const __mmask8 there = (__mmask8) (0xff >> (8 - count));
      wgi_lane *from[8];
      for (size_t i = 0; i < 8; i++) from[i] = i < count ? (wgi_lane *) adjoint + (size_t) place[input[t + i]]*VECTORS : none;
      for (size_t j = 0; j < VECTORS; j++)
        {
          wgi_lane r[8];
          EACH_ROW r[i] = from[i][j] + 0., odd += r[i]*0., from[i][j] = rest;
          transpose (r);
          EACH_ROW if (group >> (j*8 + i) & 1) _mm512_mask_storeu_pd (to + row[(j*8 + i)*step] + t, there, r[i]);
        }
    }
  return wgi_lane_bits (wgi_lane_ne (odd, wgi_lane_zero ())) != 0;
}

/* Eight sums, number by number in the order of sum_of_lanes. */
static size_t add_blocks (double *to, const wgi_lane *from, size_t count)
{
  size_t j = 0;
  for (; j + 8 <= count; j += 8)
    {
      wgi_lane r[8];
      EACH_ROW r[i] = from[j + i];
      transpose (r);
      *(loose *) &to[j] += ((r[0] + r[4]) + (r[2] + r[6])) + ((r[1] + r[5]) + (r[3] + r[7]));
    }
  return j;
}

#else

static void load (double *to, size_t width, const double *from, const size_t row[])
{
  load_one_by_one (to, 0, width, from, row);
}

static int store (double *to, const uint32_t row[], size_t step, uint64_t group, double *adjoint, const uint32_t place[],
                  const uint32_t input[], size_t width)
{
  double odd = 0;
  for (size_t t = 0; t < width; t++)
    {
      double *from = adjoint + (size_t) place[input[t]]*WGI_LANES;
      for (size_t l = 0; l < WGI_LANES; l++)
        {
          if (group >> l & 1) to[row[l*step] + t] = from[l] + 0., odd += from[l]*0;
          from[l] = -0.;
        }
    }
  return odd != 0;
}

static size_t add_blocks (double *to, const wgi_lane *from, size_t count)
{
  (void) to, (void) from, (void) count;
  return 0;
}

#endif

#include "sweep/lane_rows.inc"

#define NAMED_(isa) #isa
#define NAMED(isa) NAMED_ (isa)

const wgi_lane_sweeps PASTE (wgi_lanes_, WGI_ISA) =
  { NAMED (WGI_ISA), WGI_LANE_WIDTH, forward, forward_dual, reverse, reverse_dual, reverse_two, load, store, load_rows, add_rows,
    add_lanes, add_same, take_sums };
