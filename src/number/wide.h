/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * The dual number with WGI_WIDE tangents side by side: value and partials are computed once for all of them, tangents are
 * one vector of the compiler's.  Tangent by tangent the same bits as wg_dual.
 */
#ifndef WENGERT_NUMBER_WIDE_H
#define WENGERT_NUMBER_WIDE_H

#include <stdint.h>

#include <wengert/leaf.h>

#define WGI_WIDE 8

typedef double wgi_lanes __attribute__ ((vector_size (8*WGI_WIDE)));
typedef int64_t wgi_lane_bits __attribute__ ((vector_size (8*WGI_WIDE)));
typedef struct { double v; wgi_lanes d; } wgi_wide;

static inline wgi_lanes wgi_lanes_of (double x) { return x - (wgi_lanes){ 0 }; }

/* Lane by lane: e where the tangent t is not zero, else 0. */
static inline wgi_lanes wgi_lanes_keep (wgi_lanes t, wgi_lanes e)
{
  return (wgi_lanes) ((wgi_lane_bits) e & (t != 0.));
}

static inline wgi_wide wgi_wide_make (double v, wgi_lanes d) { return (wgi_wide){ v, d }; }
static inline wgi_wide wgi_wide_scale (double c, wgi_wide x) { return wgi_wide_make (c*x.v, c*x.d); }
static inline wgi_wide wgi_wide_shift (double c, wgi_wide x) { return wgi_wide_make (c + x.v, x.d); }
static inline double wgi_wide_primal (wgi_wide x) { return x.v; }

#include <wengert/words_begin.h>
#define N(op)            wg_double_##op
#define TO(e)            { const wgi_lanes e_ = (e); s = first ? e_ : s + e_; }
#define SAME             TO (t)
#define FLIP             TO (-t)
#define VIA(p)           TO (wgi_lanes_keep (t, (p)*t))
#define FLIP_VIA(p)      TO (wgi_lanes_keep (t, -((p)*t)))
#define OVER(q)          TO (wgi_lanes_keep (t, t/(q)))
#define SCALE_OVER(r, q) TO (wgi_lanes_keep (t, (r)*t/(q)))
#define WHERE(test, map)  { if (test) map }
#define UNLESS(test, map) { if (!(test)) map }
#define WHEN(test, map)   { if (test) map }
#define NONE
#define NONZERO(p)       ((p) != 0)
#define POSITIVE(p)      ((p) > 0)
#define LESS(p, q)       ((p) < (q))
#define ABOVE(p, q, r)   (!LESS (p, q) && (p) > (r))
#define OUTSIDE(p, q, r) (LESS (p, q) || (p) > (r))
#define IS_MAX(p, q)     wgi_is_max (p, q)
#define IS_MIN(p, q)     wgi_is_min (p, q)
#define PART(is_first, tangent, map) { const int first = is_first; const wgi_lanes t = tangent; (void) first, (void) t; map }
#define LANES            static inline __attribute__ ((always_inline)) wgi_lanes
#define WIDE             static inline __attribute__ ((always_inline)) wgi_wide

#define ROW1(name, ma)                                                                                       \
  LANES wgi_wide_dot_##name (double a, double y, wgi_lanes ta)                                               \
  { wgi_lanes s = { 0 }; (void) a, (void) y; PART (1, ta, ma) return s; }                                    \
  WIDE wgi_wide_##name (wgi_wide a)                                                                          \
  { const double y = N (name) (a.v); return wgi_wide_make (y, wgi_wide_dot_##name (a.v, y, a.d)); }
#define ROW1K(name, ma)                                                                                      \
  LANES wgi_wide_dot_##name (double a, int k, double y, wgi_lanes ta)                                        \
  { wgi_lanes s = { 0 }; (void) a, (void) y, (void) k; PART (1, ta, ma) return s; }                          \
  WIDE wgi_wide_##name (wgi_wide a, int k)                                                                   \
  { const double y = N (name) (a.v, k); return wgi_wide_make (y, wgi_wide_dot_##name (a.v, k, y, a.d)); }
#define ROW1C(name, ma)                                                                                      \
  LANES wgi_wide_dot_##name (double a, double c, int k, double y, wgi_lanes ta)                              \
  { wgi_lanes s = { 0 }; (void) a, (void) y; PART (1, ta, ma) return s; }                                    \
  WIDE wgi_wide_##name (wgi_wide a, double c, int k)                                                         \
  { const double y = N (name) (a.v, c, k); return wgi_wide_make (y, wgi_wide_dot_##name (a.v, c, k, y, a.d)); }
#define ROW2(name, ma, mb)                                                                                   \
  LANES wgi_wide_dot_##name (double a, double b, double y, wgi_lanes ta, wgi_lanes tb)                       \
  { wgi_lanes s = { 0 }; (void) a, (void) b, (void) y; PART (1, ta, ma) PART (0, tb, mb) return s; }         \
  WIDE wgi_wide_##name (wgi_wide a, wgi_wide b)                                                              \
  { const double y = N (name) (a.v, b.v); return wgi_wide_make (y, wgi_wide_dot_##name (a.v, b.v, y, a.d, b.d)); }
#define ROW2K(name, ma, mb)                                                                                  \
  LANES wgi_wide_dot_##name (double a, double b, int k, double y, wgi_lanes ta, wgi_lanes tb)                \
  { wgi_lanes s = { 0 }; (void) a, (void) b, (void) y, (void) k; PART (1, ta, ma) PART (0, tb, mb) return s; } \
  WIDE wgi_wide_##name (wgi_wide a, wgi_wide b, int k)                                                       \
  { const double y = N (name) (a.v, b.v, k); return wgi_wide_make (y, wgi_wide_dot_##name (a.v, b.v, k, y, a.d, b.d)); }
#define ROW3(name, ma, mb, mc)                                                                               \
  LANES wgi_wide_dot_##name (double a, double b, double c, double y, wgi_lanes ta, wgi_lanes tb, wgi_lanes tc) \
  {                                                                                                          \
    wgi_lanes s = { 0 }; (void) a, (void) b, (void) c, (void) y;                                             \
    PART (1, ta, ma) PART (0, tb, mb) PART (0, tc, mc) return s;                                             \
  }                                                                                                          \
  WIDE wgi_wide_##name (wgi_wide a, wgi_wide b, wgi_wide c)                                                  \
  {                                                                                                          \
    const double y = N (name) (a.v, b.v, c.v);                                                               \
    return wgi_wide_make (y, wgi_wide_dot_##name (a.v, b.v, c.v, y, a.d, b.d, c.d));                         \
  }
#define FLAT1(name) WIDE wgi_wide_##name (wgi_wide a) { return wgi_wide_make (N (name) (a.v), (wgi_lanes){ 0 }); }
#define FLAT2(name) \
  WIDE wgi_wide_##name (wgi_wide a, wgi_wide b) { return wgi_wide_make (N (name) (a.v, b.v), (wgi_lanes){ 0 }); }
#include <wengert/rules.def>
#undef PART
#undef LANES
#undef WIDE
#include <wengert/words_end.h>

#endif
