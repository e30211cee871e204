/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * wg_dualn: a value and WG_DUAL_N tangents; a row's value and partials are computed once for all of them.
 * The same bits as wg_dual, tangent by tangent.  Included by <wengert/dual.h>.
 */
#ifndef WENGERT_DUALN_H
#define WENGERT_DUALN_H

#include <wengert/leaf.h>

#ifndef WG_DUAL_N
# define WG_DUAL_N 4
#endif

#define WGI_DUALN_NAME_(n) wg_dual_of_##n
#define WGI_DUALN_NAME(n) WGI_DUALN_NAME_ (n)
typedef struct WGI_DUALN_NAME (WG_DUAL_N) { double v, d[WG_DUAL_N]; } wg_dualn;

/* The variable whose i-th tangent is 1: seeds the i-th of WG_DUAL_N inputs. */
static inline wg_dualn wg_dualn_var (double v, int i)
{
  wg_dualn y;
  y.v = v;
  for (int j = 0; j < WG_DUAL_N; j++) y.d[j] = j == i;
  return y;
}

#include <wengert/words_begin.h>
#define N(op)            wg_double_##op
#define TO(e)            { for (int j = 0; j < WG_DUAL_N; j++) { const double t = x->d[j]; const double e_ = (e); s.d[j] = first ? e_ : s.d[j] + e_; } }
#define SAME             TO (t)
#define FLIP             TO (-t)
#define VIA(p)           { const double p_ = (p); TO (wg_double_keep (t, p_*t)) }
#define FLIP_VIA(p)      { const double p_ = (p); TO (wg_double_keep (t, -(p_*t))) }
#define OVER(q)          { const double q_ = (q); TO (wg_double_keep (t, t/q_)) }
#define SCALE_OVER(r, q) { const double q_ = (q); TO (wg_double_keep (t, (r)*t/q_)) }
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

#define WGI_PART(is_first, operand, map) { const int first = is_first; const wg_dualn *x = operand; (void) first, (void) x; map }
#define WGI_START(value)                                                                             \
  const double y = value; wg_dualn s; s.v = y; for (int j = 0; j < WG_DUAL_N; j++) s.d[j] = 0;

#define ROW1(name, ma)                                                                               \
  static inline wg_dualn wg_dualn_##name (wg_dualn A)                                                \
  { const double a = A.v; WGI_START (N (name) (a)) WGI_PART (1, &A, ma) return s; }
#define ROW1K(name, ma)                                                                              \
  static inline wg_dualn wg_dualn_##name (wg_dualn A, int k)                                         \
  { const double a = A.v; WGI_START (N (name) (a, k)) WGI_PART (1, &A, ma) return s; }
#define ROW1C(name, ma)                                                                              \
  static inline wg_dualn wg_dualn_##name (wg_dualn A, double c, int k)                               \
  { const double a = A.v; WGI_START (N (name) (a, c, k)) WGI_PART (1, &A, ma) return s; }
#define ROW2(name, ma, mb)                                                                           \
  static inline wg_dualn wg_dualn_##name (wg_dualn A, wg_dualn B)                                    \
  { const double a = A.v, b = B.v; WGI_START (N (name) (a, b)) WGI_PART (1, &A, ma) WGI_PART (0, &B, mb) return s; }
#define ROW2K(name, ma, mb)                                                                          \
  static inline wg_dualn wg_dualn_##name (wg_dualn A, wg_dualn B, int k)                             \
  { const double a = A.v, b = B.v; WGI_START (N (name) (a, b, k)) WGI_PART (1, &A, ma) WGI_PART (0, &B, mb) return s; }
#define ROW3(name, ma, mb, mc)                                                                       \
  static inline wg_dualn wg_dualn_##name (wg_dualn A, wg_dualn B, wg_dualn C)                        \
  {                                                                                                  \
    const double a = A.v, b = B.v, c = C.v;                                                          \
    WGI_START (N (name) (a, b, c)) WGI_PART (1, &A, ma) WGI_PART (0, &B, mb) WGI_PART (0, &C, mc) return s; \
  }
#define FLAT1(name)                                                                                  \
  static inline wg_dualn wg_dualn_##name (wg_dualn A) { WGI_START (N (name) (A.v)) return s; }
#define FLAT2(name)                                                                                  \
  static inline wg_dualn wg_dualn_##name (wg_dualn A, wg_dualn B) { WGI_START (N (name) (A.v, B.v)) return s; }
#include <wengert/rules.def>
#undef WGI_PART
#undef WGI_START
#include <wengert/words_end.h>
#endif
