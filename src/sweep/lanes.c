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

#define LOOP for (size_t j = 0; j < VECTORS; j++)
#if WGI_LANE_WIDTH == 8
# define UNROLLED _Pragma ("GCC unroll 8") LOOP
#else
# define UNROLLED LOOP             /* many vectors: the code would be very long */
#endif

/* A plane and its shared one. */
typedef struct { wgi_lane *own; double *shared; } plane;

static inline plane plane_of (const wgi_lane_frame *frame, int which)
{
  return (plane){ (wgi_lane *) frame->plane[which], frame->shared[which] };
}

/* Vector j of a number. */
LANE at (plane p, uint32_t place, size_t j)
{
  return place & WGI_SHARED ? wgi_lane_of (p.shared[place ^ WGI_SHARED]) : p.own[(size_t) place*VECTORS + j];
}

static inline __attribute__ ((always_inline)) void add (plane p, uint32_t place, size_t j, wgi_lane e)
{
  wgi_lane *to = place & WGI_SHARED ? (wgi_lane *) p.shared + (place ^ WGI_SHARED) : p.own + (size_t) place*VECTORS + j;
  *to += e;
}

/* All its vectors. */
static inline __attribute__ ((always_inline)) void add_parts (plane p, uint32_t place, const wgi_lane e[])
{
  if (place & WGI_SHARED)
    {
      wgi_lane sum = e[0];
      UNROLLED if (j) sum += e[j];
      ((wgi_lane *) p.shared)[place ^ WGI_SHARED] += sum;
    }
  else
    UNROLLED p.own[(size_t) place*VECTORS + j] += e[j];
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
#define COMPARE(test) hold (frame, j, wgi_lane_bits (test (at (v, w[0], j), at (v, w[1], j))), word[2] ? FULL : 0)
#define HOLD_lt COMPARE (wgi_lane_lt)
#define HOLD_le COMPARE (wgi_lane_le)
#define HOLD_eq COMPARE (wgi_lane_eq)
#define OUTCOMES(expression) { unsigned same = 0; EACH_LANE same |= (unsigned) (expression) << l; hold (frame, j, same, FULL); }
#define HOLD_index OUTCOMES (wgi_index_outcome (at (v, w[0], j)[l]) == word[1])
#define HOLD_peek OUTCOMES (wgi_peek_outcome (at (v, w[0], j)[l]) == wgi_peek_outcome (at (v, w[1], j)[l]))

#define OUT(p)            p.own[out*VECTORS + j]
#define PLACES(k) \
  const uint32_t w[3] = { place[word[0]], (k) > 1 ? place[word[1]] : 0, (k) > 2 ? place[word[2]] : 0 }; (void) w;
#define BOTH_ALIKE(first, second) \
  (((place[word[0]] ^ ((first) ? WGI_SHARED : 0)) | (place[word[1]] ^ ((second) ? WGI_SHARED : 0))) < WGI_SHARED)
#define ONE_ALIKE(i, shared) ((place[word[i]] & ~WGI_SHARED) | ((shared) ? WGI_SHARED : 0))
#define PLACES_ALIKE(first, second) const uint32_t w[2] = { ONE_ALIKE (0, first), ONE_ALIKE (1, second) };
#define OPEN              const uint32_t *const place = frame->place; const plane v = plane_of (frame, WGI_VALUE)

/* values */

#define NAME forward
#define FRAME wgi_lane_frame
#define PARTS VECTORS
#define EACH LOOP
#define EACH_LINK UNROLLED
#define OPERANDS PLACES
#define ALIKE BOTH_ALIKE
#define OPERANDS_ALIKE PLACES_ALIKE
#define FIRST frame->own
#define RECORD(guard, operands) { PLACES (RECORDED_##guard) LOOP { HOLD_##guard; } }
#define CALL              wgi_call_lanes_forward (frame, WGI_VALUE, word, out)
#define NUM wgi_lane
#define OPEN_PLANES       OPEN;
#define REAL(w)           frame->shared[WGI_VALUE][(w) ^ WGI_SHARED]
#define GET(w, active)    at (v, w, j)
#define PUT(e)            OUT (v) = e
#define PUT_FLAT(e)       OUT (v) = e
#define EVALF1(row)       wgi_lane_##row (at (v, w[0], j))
#define EVALF2(row)       wgi_lane_##row (at (v, w[0], j), at (v, w[1], j))
#define EVAL1(row)        wgi_lane_##row (a)
#define EVAL1K(row)       wgi_lane_##row (a, k)
#define EVAL1C(row)       wgi_lane_##row (a, c, k)
#define EVAL2(row)        wgi_lane_##row (a, b)
#define EVAL2K(row)       wgi_lane_##row (a, b, k)
#define EVAL3(row)        wgi_lane_##row (a, b, c)
#define ONE_MASK
#include "sweep/forward.inc"

#define NAME forward_dual
#define FRAME wgi_lane_frame
#define PARTS VECTORS
#define EACH LOOP
#define EACH_LINK UNROLLED
#define OPERANDS PLACES
#define ALIKE BOTH_ALIKE
#define OPERANDS_ALIKE PLACES_ALIKE
#define FIRST frame->own
#define RECORD(guard, operands) { PLACES (RECORDED_##guard) LOOP { HOLD_##guard; } }
#define CALL              wgi_call_lanes_forward (frame, WGI_D1, word, out)
#define NUM wgi_lane_dual
#define OPEN_PLANES       OPEN, d = plane_of (frame, WGI_D1);
#define REAL(w)           frame->shared[WGI_VALUE][(w) ^ WGI_SHARED]
#define LIFTED(w, active) wgi_lane_dual_make (at (v, w, j), active ? at (d, w, j) : wgi_lane_zero ())
#define GET(w, active)    LIFTED (w, active)
#define PUT(e)            const wgi_lane_dual r = e; OUT (v) = r.v; OUT (d) = r.d
#define PUT_FLAT(e)       OUT (v) = e; OUT (d) = wgi_lane_zero ()
#define EVALF1(row)       wgi_lane_##row (at (v, w[0], j))
#define EVALF2(row)       wgi_lane_##row (at (v, w[0], j), at (v, w[1], j))
#define EVAL1(row)        wgi_lane_dual_##row (a)
#define EVAL1K(row)       wgi_lane_dual_##row (a, k)
#define EVAL1C(row)       wgi_lane_dual_##row (a, c, k)
#define EVAL2(row)        wgi_lane_dual_##row (a, b)
#define EVAL2K(row)       wgi_lane_dual_##row (a, b, k)
#define EVAL3(row)        wgi_lane_dual_##row (a, b, c)
#include "sweep/forward.inc"

/* adjoints: a lane at rest stays so, whatever the partial; an arm that a lane did not take is at rest there */

#include <wengert/words_begin.h>

#define NAME reverse
#define FRAME wgi_lane_frame
#define PARTS VECTORS
#define EACH LOOP
#define EACH_LINK UNROLLED
#define OPERANDS PLACES
#define REST OWN_REST
#define ALIKE BOTH_ALIKE
#define OPERANDS_ALIKE PLACES_ALIKE
#define LAST frame->own + (p->slots - p->n)
#define OWN_TESTS
#define PRIMAL(p)         p
#define WHERE(test, map)  { const wgi_lane all = t; t = wgi_lane_where (test, all, rest); map t = all; }
#include "number/lane_words.h"
#define CALL              wgi_call_lanes_reverse (frame, WGI_VALUE, word, out)
#define NUM wgi_lane
#define N(op)             wgi_lane_##op
#define OPEN_PLANES       OPEN, adjoint = plane_of (frame, WGI_ADJOINT);
#define REAL(w)           frame->shared[WGI_VALUE][(w) ^ WGI_SHARED]
#define GET(w, active)    at (v, w, j)
#define RESULT            OUT (v)
#define TAKE              take (&OUT (adjoint), rest)
#define ASLEEP(t)         0
#define ADD_TO(w, e)      add (adjoint, w, j, e)
#define ADD_PARTS(w, e)   add_parts (adjoint, w, e)
#define AWAKE(e)          wgi_lane_awake (t, e, rest)
#include "sweep/reverse.inc"
#undef PRIMAL

/* Numbers of two planes. */
#define TAKE_BOTH             wgi_lane_dual_make (take (&OUT (adjoint), rest), take (&OUT (adjoint_d), rest))
#define ADD_BOTH(w, e)        { const wgi_lane_dual e_ = e; add (adjoint, w, j, e_.v); add (adjoint_d, w, j, e_.d); }
#define ADD_PARTS_BOTH(w, e)  \
  {                           \
    wgi_lane e_[VECTORS];     \
    UNROLLED e_[j] = e[j].v;  \
    add_parts (adjoint, w, e_); \
    UNROLLED e_[j] = e[j].d;  \
    add_parts (adjoint_d, w, e_); \
  }

LANE_DUAL awake (wgi_lane_dual t, wgi_lane_dual e, wgi_lane rest)
{
  return wgi_lane_dual_make (wgi_lane_awake (t.v, e.v, rest), wgi_lane_awake (t.v, e.d, rest));
}

LANE_DUAL narrowed (wgi_lane_mask test, wgi_lane_dual t, wgi_lane rest)
{
  return wgi_lane_dual_make (wgi_lane_where (test, t.v, rest), wgi_lane_where (test, t.d, rest));
}

#define NAME reverse_dual
#define FRAME wgi_lane_frame
#define PARTS VECTORS
#define EACH LOOP
#define EACH_LINK UNROLLED
#define OPERANDS PLACES
#define REST OWN_REST
#define ALIKE BOTH_ALIKE
#define OPERANDS_ALIKE PLACES_ALIKE
#define LAST frame->own + (p->slots - p->n)
#define OWN_TESTS
#define PRIMAL(p)         (p).v
#define WHERE(test, map)  { const wgi_lane_dual all = t; t = narrowed (test, all, rest); map t = all; }
#include "number/lane_words.h"
#define CALL              wgi_call_lanes_reverse (frame, WGI_D1, word, out)
#define NUM wgi_lane_dual
#define N(op)             wgi_lane_dual_##op
#define OPEN_PLANES \
  OPEN, d = plane_of (frame, WGI_D1); \
  const plane adjoint = plane_of (frame, WGI_ADJOINT), adjoint_d = plane_of (frame, WGI_ADJOINT + WGI_D1);
#define REAL(w)           frame->shared[WGI_VALUE][(w) ^ WGI_SHARED]
#define GET(w, active)    LIFTED (w, active)
#define RESULT            wgi_lane_dual_make (OUT (v), OUT (d))
#define TAKE              TAKE_BOTH
#define ASLEEP(t)         0
#define ADD_TO            ADD_BOTH
#define ADD_PARTS         ADD_PARTS_BOTH
#define AWAKE(e)          awake (t, e, rest)
#include "sweep/reverse.inc"
#undef PRIMAL

/* two adjoints, partials computed once for both */

LANE_DUAL both_awake (wgi_lane_dual t, wgi_lane_dual e, wgi_lane rest)
{
  return wgi_lane_dual_make (wgi_lane_awake (t.v, e.v, rest), wgi_lane_awake (t.d, e.d, rest));
}

#define NAME reverse_two
#define FRAME wgi_lane_frame
#define PARTS VECTORS
#define EACH LOOP
#define EACH_LINK UNROLLED
#define OPERANDS PLACES
#define REST OWN_REST
#define ALIKE BOTH_ALIKE
#define OPERANDS_ALIKE PLACES_ALIKE
#define LAST frame->own + (p->slots - p->n)
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
#define OPEN_PLANES       OPEN, adjoint = plane_of (frame, WGI_ADJOINT), adjoint_d = plane_of (frame, WGI_ADJOINT + WGI_D1);
#define REAL(w)           frame->shared[WGI_VALUE][(w) ^ WGI_SHARED]
#define GET(w, active)    at (v, w, j)
#define RESULT            OUT (v)
#define TAKE              TAKE_BOTH
#define ASLEEP(t)         0
#define ADD_TO            ADD_BOTH
#define ADD_PARTS         ADD_PARTS_BOTH
#define AWAKE(e)          both_awake (t, e, rest)
#include "sweep/reverse.inc"
#undef PRIMAL
#include <wengert/words_end.h>

/* loading */

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
          STEP (1)
          STEP (2)
          STEP (4)
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
          STEP (1)
          STEP (2)
          STEP (4)
          EACH_ROW if (group >> (j*8 + i) & 1) _mm512_mask_storeu_pd (to + row[(j*8 + i)*step] + t, there, r[i]);
        }
    }
  return wgi_lane_bits (wgi_lane_ne (odd, wgi_lane_zero ())) != 0;
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

#endif

#include "sweep/lane_rows.inc"

#define NAMED_(isa) #isa
#define NAMED(isa) NAMED_ (isa)

const wgi_lane_sweeps PASTE (wgi_lanes_, WGI_ISA) =
  { NAMED (WGI_ISA), WGI_LANE_WIDTH, forward, forward_dual, reverse, reverse_dual, reverse_two, load, store, load_rows, add_rows,
    add_lanes, add_same };
