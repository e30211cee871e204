/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * The dual number over lanes: the rule table read forward as in <wengert/dual_number.h>, with choices by masks, since
 * lanes differ in the arm they take.
 */
#ifndef WENGERT_NUMBER_LANE_DUAL_H
#define WENGERT_NUMBER_LANE_DUAL_H

#include "number/lane.h"

typedef struct { wgi_lane v, d; } wgi_lane_dual;

#define LANE_DUAL static inline __attribute__ ((always_inline)) wgi_lane_dual

LANE_DUAL wgi_lane_dual_make (wgi_lane v, wgi_lane d) { return (wgi_lane_dual){ v, d }; }
LANE_DUAL wgi_lane_dual_scale (double c, wgi_lane_dual x) { return wgi_lane_dual_make (c*x.v, c*x.d); }
LANE_DUAL wgi_lane_dual_shift (double c, wgi_lane_dual x) { return wgi_lane_dual_make (c + x.v, x.d); }

#include <wengert/words_begin.h>
#define N(op)            wgi_lane_##op
#define TO(e)            { const wgi_lane e_ = (e); s = first ? wgi_lane_where (taken, e_, s) : wgi_lane_where (taken, s + e_, s); }
#define SAME             TO (t)
#define FLIP             TO (-t)
#define VIA(p)           TO (wgi_lane_keep (t, (p)*t))
#define FLIP_VIA(p)      TO (wgi_lane_keep (t, -((p)*t)))
#define OVER(q)          TO (wgi_lane_keep (t, t/(q)))
#define SCALE_OVER(r, q) TO (wgi_lane_keep (t, (r)*t/(q)))
#define WHERE(test, map)  { taken = test; map }
#define PRIMAL(p)        p
#include "number/lane_words.h"
#define WHEN(test, map)   { if (test) map }
#define NONE
#define PART(is_first, tangent, map) \
  { const int first = is_first; const wgi_lane t = tangent; wgi_lane_mask taken = wgi_lane_all (); (void) first, (void) t, (void) taken; map }

#define ROW1(name, ma)                                                                                       \
  LANE wgi_lane_dual_dot_##name (wgi_lane a, wgi_lane y, wgi_lane ta)                                        \
  { wgi_lane s = { 0 }; (void) a, (void) y; PART (1, ta, ma) return s; }                                     \
  LANE_DUAL wgi_lane_dual_##name (wgi_lane_dual a)                                                           \
  { const wgi_lane y = N (name) (a.v); return wgi_lane_dual_make (y, wgi_lane_dual_dot_##name (a.v, y, a.d)); }
#define ROW1K(name, ma)                                                                                      \
  LANE wgi_lane_dual_dot_##name (wgi_lane a, int k, wgi_lane y, wgi_lane ta)                                 \
  { wgi_lane s = { 0 }; (void) a, (void) y, (void) k; PART (1, ta, ma) return s; }                           \
  LANE_DUAL wgi_lane_dual_##name (wgi_lane_dual a, int k)                                                    \
  { const wgi_lane y = N (name) (a.v, k); return wgi_lane_dual_make (y, wgi_lane_dual_dot_##name (a.v, k, y, a.d)); }
#define ROW1C(name, ma)                                                                                      \
  LANE wgi_lane_dual_dot_##name (wgi_lane a, double c, int k, wgi_lane y, wgi_lane ta)                       \
  { wgi_lane s = { 0 }; (void) a, (void) y; PART (1, ta, ma) return s; }                                     \
  LANE_DUAL wgi_lane_dual_##name (wgi_lane_dual a, double c, int k)                                          \
  { const wgi_lane y = N (name) (a.v, c, k); return wgi_lane_dual_make (y, wgi_lane_dual_dot_##name (a.v, c, k, y, a.d)); }
#define ROW2(name, ma, mb)                                                                                   \
  LANE wgi_lane_dual_dot_##name (wgi_lane a, wgi_lane b, wgi_lane y, wgi_lane ta, wgi_lane tb)               \
  { wgi_lane s = { 0 }; (void) a, (void) b, (void) y; PART (1, ta, ma) PART (0, tb, mb) return s; }          \
  LANE_DUAL wgi_lane_dual_##name (wgi_lane_dual a, wgi_lane_dual b)                                          \
  { const wgi_lane y = N (name) (a.v, b.v); return wgi_lane_dual_make (y, wgi_lane_dual_dot_##name (a.v, b.v, y, a.d, b.d)); }
#define ROW2K(name, ma, mb)                                                                                  \
  LANE wgi_lane_dual_dot_##name (wgi_lane a, wgi_lane b, int k, wgi_lane y, wgi_lane ta, wgi_lane tb)        \
  { wgi_lane s = { 0 }; (void) a, (void) b, (void) y, (void) k; PART (1, ta, ma) PART (0, tb, mb) return s; } \
  LANE_DUAL wgi_lane_dual_##name (wgi_lane_dual a, wgi_lane_dual b, int k)                                   \
  { const wgi_lane y = N (name) (a.v, b.v, k); return wgi_lane_dual_make (y, wgi_lane_dual_dot_##name (a.v, b.v, k, y, a.d, b.d)); }
#define ROW3(name, ma, mb, mc)                                                                               \
  LANE wgi_lane_dual_dot_##name (wgi_lane a, wgi_lane b, wgi_lane c, wgi_lane y, wgi_lane ta, wgi_lane tb, wgi_lane tc) \
  {                                                                                                          \
    wgi_lane s = { 0 }; (void) a, (void) b, (void) c, (void) y;                                              \
    PART (1, ta, ma) PART (0, tb, mb) PART (0, tc, mc) return s;                                             \
  }                                                                                                          \
  LANE_DUAL wgi_lane_dual_##name (wgi_lane_dual a, wgi_lane_dual b, wgi_lane_dual c)                         \
  {                                                                                                          \
    const wgi_lane y = N (name) (a.v, b.v, c.v);                                                             \
    return wgi_lane_dual_make (y, wgi_lane_dual_dot_##name (a.v, b.v, c.v, y, a.d, b.d, c.d));               \
  }
#define FLAT1(name) LANE_DUAL wgi_lane_dual_##name (wgi_lane_dual a) { return wgi_lane_dual_make (N (name) (a.v), wgi_lane_zero ()); }
#define FLAT2(name)                                                                                          \
  LANE_DUAL wgi_lane_dual_##name (wgi_lane_dual a, wgi_lane_dual b)                                          \
  { return wgi_lane_dual_make (N (name) (a.v, b.v), wgi_lane_zero ()); }
#include <wengert/rules.def>
#undef PART
#undef PRIMAL
#include <wengert/words_end.h>

#endif
