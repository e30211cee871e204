/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Template: the dual number WGI_NUM { v, d } over the number WGI_BASE, that is, the rule table read forward.
 * Each row gives two functions: <num>_dot_<row> (operands, result, tangents), the tangent alone, and
 * <num>_<row>, value and tangent.  A zero tangent contributes zero, whatever the partial is.
 * Instantiated by inclusion: over double for wg_dual, over wg_dual for third derivatives.  No guard.
 *
 *   WGI_NUM, WGI_BASE      the types, and the prefixes of their functions
 *   WGI_BASE_TYPE          the type of the base
 */
#include <wengert/words_begin.h>

#define WGI_CAT_(a, b) a##_##b
#define WGI_CAT(a, b)  WGI_CAT_ (a, b)
#define WGI_SELF(op)   WGI_CAT (WGI_NUM, op)
#define WGI_TYPE          WGI_BASE_TYPE
#define N(op)          WGI_CAT (WGI_BASE, op)

static inline WGI_NUM WGI_SELF (make) (WGI_TYPE v, WGI_TYPE d) { WGI_NUM y; y.v = v; y.d = d; return y; }
static inline WGI_NUM WGI_SELF (zero) (void) { return WGI_SELF (make) (N (zero) (), N (zero) ()); }
static inline WGI_NUM WGI_SELF (scale) (double c, WGI_NUM x) { return WGI_SELF (make) (N (scale) (c, x.v), N (scale) (c, x.d)); }
static inline WGI_NUM WGI_SELF (shift) (double c, WGI_NUM x) { return WGI_SELF (make) (N (shift) (c, x.v), x.d); }
static inline double WGI_SELF (primal) (WGI_NUM x) { return N (primal) (x.v); }
static inline int WGI_SELF (nonzero) (WGI_NUM x) { return N (nonzero) (x.v) || N (nonzero) (x.d); }
static inline WGI_NUM WGI_SELF (keep) (WGI_NUM t, WGI_NUM e) { return WGI_SELF (nonzero) (t) ? e : WGI_SELF (zero) (); }

/* The maps: each adds its image of the tangent t to s; the first operand's sets it. */
#define TO(e)            { const WGI_TYPE e_ = (e); s = first ? e_ : N (add) (s, e_); }
#define SAME             TO (t)
#define FLIP             TO (N (neg) (t))
#define VIA(p)           TO (N (keep) (t, N (mul) ((p), t)))
#define FLIP_VIA(p)      TO (N (keep) (t, N (neg) (N (mul) ((p), t))))
#define OVER(q)          TO (N (keep) (t, N (div) (t, (q))))
#define SCALE_OVER(r, q) TO (N (keep) (t, N (div) (N (scale) ((r), t), (q))))
#define WHERE(test, map)  { if (test) map }
#define UNLESS(test, map) { if (!(test)) map }
#define WHEN(test, map)   { if (test) map }
#define NONE
#define NONZERO(p)       (N (primal) (p) != 0)
#define POSITIVE(p)      (N (primal) (p) > 0)
#define LESS(p, q)       (N (primal) (p) < N (primal) (q))
#define ABOVE(p, q, r)   (!LESS (p, q) && N (primal) (p) > N (primal) (r))
#define OUTSIDE(p, q, r) (LESS (p, q) || N (primal) (p) > N (primal) (r))
#define IS_MAX(p, q)     wgi_is_max (N (primal) (p), N (primal) (q))
#define IS_MIN(p, q)     wgi_is_min (N (primal) (p), N (primal) (q))

#define WGI_PART(is_first, tangent, map) { const int first = is_first; const WGI_TYPE t = tangent; (void) first, (void) t; map }

#define ROW1(name, ma)                                                                               \
  static inline WGI_TYPE WGI_SELF (dot_##name) (WGI_TYPE a, WGI_TYPE y, WGI_TYPE ta)                             \
  { WGI_TYPE s = N (zero) (); (void) a, (void) y; WGI_PART (1, ta, ma) return s; }                      \
  static inline WGI_NUM WGI_SELF (name) (WGI_NUM a)                                                  \
  { const WGI_TYPE y = N (name) (a.v); return WGI_SELF (make) (y, WGI_SELF (dot_##name) (a.v, y, a.d)); }
#define ROW1K(name, ma)                                                                              \
  static inline WGI_TYPE WGI_SELF (dot_##name) (WGI_TYPE a, int k, WGI_TYPE y, WGI_TYPE ta)                      \
  { WGI_TYPE s = N (zero) (); (void) a, (void) y, (void) k; WGI_PART (1, ta, ma) return s; }            \
  static inline WGI_NUM WGI_SELF (name) (WGI_NUM a, int k)                                           \
  { const WGI_TYPE y = N (name) (a.v, k); return WGI_SELF (make) (y, WGI_SELF (dot_##name) (a.v, k, y, a.d)); }
#define ROW1C(name, ma)                                                                              \
  static inline WGI_TYPE WGI_SELF (dot_##name) (WGI_TYPE a, double c, int k, WGI_TYPE y, WGI_TYPE ta)            \
  { WGI_TYPE s = N (zero) (); (void) a, (void) y; WGI_PART (1, ta, ma) return s; }                      \
  static inline WGI_NUM WGI_SELF (name) (WGI_NUM a, double c, int k)                                 \
  { const WGI_TYPE y = N (name) (a.v, c, k); return WGI_SELF (make) (y, WGI_SELF (dot_##name) (a.v, c, k, y, a.d)); }
#define ROW2(name, ma, mb)                                                                           \
  static inline WGI_TYPE WGI_SELF (dot_##name) (WGI_TYPE a, WGI_TYPE b, WGI_TYPE y, WGI_TYPE ta, WGI_TYPE tb)          \
  {                                                                                                  \
    WGI_TYPE s = N (zero) (); (void) a, (void) b, (void) y;                                             \
    WGI_PART (1, ta, ma) WGI_PART (0, tb, mb) return s;                                              \
  }                                                                                                  \
  static inline WGI_NUM WGI_SELF (name) (WGI_NUM a, WGI_NUM b)                                       \
  { const WGI_TYPE y = N (name) (a.v, b.v); return WGI_SELF (make) (y, WGI_SELF (dot_##name) (a.v, b.v, y, a.d, b.d)); }
#define ROW2K(name, ma, mb)                                                                          \
  static inline WGI_TYPE WGI_SELF (dot_##name) (WGI_TYPE a, WGI_TYPE b, int k, WGI_TYPE y, WGI_TYPE ta, WGI_TYPE tb)   \
  {                                                                                                  \
    WGI_TYPE s = N (zero) (); (void) a, (void) b, (void) y, (void) k;                                   \
    WGI_PART (1, ta, ma) WGI_PART (0, tb, mb) return s;                                              \
  }                                                                                                  \
  static inline WGI_NUM WGI_SELF (name) (WGI_NUM a, WGI_NUM b, int k)                                \
  { const WGI_TYPE y = N (name) (a.v, b.v, k); return WGI_SELF (make) (y, WGI_SELF (dot_##name) (a.v, b.v, k, y, a.d, b.d)); }
#define ROW3(name, ma, mb, mc)                                                                       \
  static inline WGI_TYPE WGI_SELF (dot_##name) (WGI_TYPE a, WGI_TYPE b, WGI_TYPE c, WGI_TYPE y, WGI_TYPE ta, WGI_TYPE tb, WGI_TYPE tc) \
  {                                                                                                  \
    WGI_TYPE s = N (zero) (); (void) a, (void) b, (void) c, (void) y;                                   \
    WGI_PART (1, ta, ma) WGI_PART (0, tb, mb) WGI_PART (0, tc, mc) return s;                         \
  }                                                                                                  \
  static inline WGI_NUM WGI_SELF (name) (WGI_NUM a, WGI_NUM b, WGI_NUM c)                            \
  {                                                                                                  \
    const WGI_TYPE y = N (name) (a.v, b.v, c.v);                                                        \
    return WGI_SELF (make) (y, WGI_SELF (dot_##name) (a.v, b.v, c.v, y, a.d, b.d, c.d));             \
  }
#define FLAT1(name)                                                                                  \
  static inline WGI_NUM WGI_SELF (name) (WGI_NUM a) { return WGI_SELF (make) (N (name) (a.v), N (zero) ()); }
#define FLAT2(name)                                                                                  \
  static inline WGI_NUM WGI_SELF (name) (WGI_NUM a, WGI_NUM b) { return WGI_SELF (make) (N (name) (a.v, b.v), N (zero) ()); }
#include <wengert/rules.def>
#undef WGI_PART

#undef WGI_TYPE
#undef WGI_SELF
#undef WGI_CAT
#undef WGI_CAT_
#undef WGI_NUM
#undef WGI_BASE
#undef WGI_BASE_TYPE
#include <wengert/words_end.h>
