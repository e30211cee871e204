/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * The number lane: as many doubles side by side as a vector of the processor holds, one item each, and the rule table's
 * values over it.  Arithmetic is the double's, lane by lane; elementary functions are those of libmvec where there is
 * one (within 4 ulp), else the double's own in a loop.  WGI_LANE_WIDTH says how many: 8, 4 or 2.
 * A test has one outcome per lane, a mask; wgi_lane_where chooses by it.
 */
#ifndef WENGERT_NUMBER_LANE_H
#define WENGERT_NUMBER_LANE_H

#include <stdint.h>
#if defined __SSE2__
# include <immintrin.h>
#endif

#include <wengert/leaf.h>

typedef double wgi_lane __attribute__ ((vector_size (8*WGI_LANE_WIDTH), may_alias));
#define LANE static inline __attribute__ ((always_inline)) wgi_lane
#define EACH_LANE for (int l = 0; l < WGI_LANE_WIDTH; l++)

/* masks and choices */

#if defined __AVX512F__ && WGI_LANE_WIDTH == 8
typedef __mmask8 wgi_lane_mask;
# define TEST(name, code) \
  static inline wgi_lane_mask wgi_lane_##name (wgi_lane a, wgi_lane b) { return _mm512_cmp_pd_mask (a, b, code); }
TEST (lt, _CMP_LT_OQ)
TEST (le, _CMP_LE_OQ)
TEST (eq, _CMP_EQ_OQ)
TEST (ne, _CMP_NEQ_UQ)
# undef TEST
static inline wgi_lane_mask wgi_lane_not (wgi_lane_mask m) { return (wgi_lane_mask) ~m; }
static inline wgi_lane_mask wgi_lane_and (wgi_lane_mask a, wgi_lane_mask b) { return (wgi_lane_mask) (a & b); }
static inline wgi_lane_mask wgi_lane_or (wgi_lane_mask a, wgi_lane_mask b) { return (wgi_lane_mask) (a | b); }
static inline unsigned wgi_lane_bits (wgi_lane_mask m) { return m; }
static inline wgi_lane_mask wgi_lane_all (void) { return 0xff; }
LANE wgi_lane_where (wgi_lane_mask m, wgi_lane a, wgi_lane b) { return _mm512_mask_blend_pd (m, b, a); }
static inline wgi_lane_mask wgi_lane_differs (wgi_lane a, wgi_lane b)      /* in their bits */
{
  return _mm512_cmpneq_epi64_mask (_mm512_castpd_si512 (a), _mm512_castpd_si512 (b));
}
/* e, a negative zero made positive, where t is not rest; elsewhere rest */
LANE wgi_lane_awake (wgi_lane t, wgi_lane e, wgi_lane rest)
{
  return _mm512_mask_add_pd (rest, wgi_lane_differs (t, rest), e, _mm512_setzero_pd ());
}
/* a + e, where m is not set a */
LANE wgi_lane_add_where (wgi_lane_mask m, wgi_lane a, wgi_lane e) { return _mm512_mask_add_pd (a, m, a, e); }
/* a b + c, rounded once if the processor does; where m is not set c */
LANE wgi_lane_fused (wgi_lane a, wgi_lane b, wgi_lane c) { return _mm512_fmadd_pd (a, b, c); }
LANE wgi_lane_fused_where (wgi_lane_mask m, wgi_lane a, wgi_lane b, wgi_lane c) { return _mm512_mask3_fmadd_pd (a, b, c, m); }
LANE wgi_lane_sqrt (wgi_lane a) { return _mm512_sqrt_pd (a); }
LANE wgi_lane_floor (wgi_lane a) { return _mm512_roundscale_pd (a, 9); }
LANE wgi_lane_fabs (wgi_lane a) { return _mm512_abs_pd (a); }
#else
typedef int64_t wgi_lane_mask __attribute__ ((vector_size (8*WGI_LANE_WIDTH)));
static inline wgi_lane_mask wgi_lane_lt (wgi_lane a, wgi_lane b) { return a < b; }
static inline wgi_lane_mask wgi_lane_le (wgi_lane a, wgi_lane b) { return a <= b; }
static inline wgi_lane_mask wgi_lane_eq (wgi_lane a, wgi_lane b) { return a == b; }
static inline wgi_lane_mask wgi_lane_ne (wgi_lane a, wgi_lane b) { return a != b; }
static inline wgi_lane_mask wgi_lane_not (wgi_lane_mask m) { return ~m; }
static inline wgi_lane_mask wgi_lane_and (wgi_lane_mask a, wgi_lane_mask b) { return a & b; }
static inline wgi_lane_mask wgi_lane_or (wgi_lane_mask a, wgi_lane_mask b) { return a | b; }
static inline unsigned wgi_lane_bits (wgi_lane_mask m)
{
  unsigned bits = 0;
  EACH_LANE bits |= (unsigned) (m[l] & 1) << l;
  return bits;
}
static inline wgi_lane_mask wgi_lane_all (void) { return ~(wgi_lane_mask){ 0 }; }
LANE wgi_lane_where (wgi_lane_mask m, wgi_lane a, wgi_lane b)
{
  return (wgi_lane) ((m & (wgi_lane_mask) a) | (~m & (wgi_lane_mask) b));
}
LANE wgi_lane_awake (wgi_lane t, wgi_lane e, wgi_lane rest)
{
  return wgi_lane_where ((wgi_lane_mask) t == (wgi_lane_mask) rest, rest, e + 0.);
}
LANE wgi_lane_add_where (wgi_lane_mask m, wgi_lane a, wgi_lane e) { return wgi_lane_where (m, a + e, a); }
# if defined __FMA__ && WGI_LANE_WIDTH == 4
LANE wgi_lane_fused (wgi_lane a, wgi_lane b, wgi_lane c) { return _mm256_fmadd_pd (a, b, c); }
# else
LANE wgi_lane_fused (wgi_lane a, wgi_lane b, wgi_lane c) { return a*b + c; }
# endif
LANE wgi_lane_fused_where (wgi_lane_mask m, wgi_lane a, wgi_lane b, wgi_lane c) { return wgi_lane_where (m, wgi_lane_fused (a, b, c), c); }
static inline wgi_lane_mask wgi_lane_differs (wgi_lane a, wgi_lane b) { return (wgi_lane_mask) a != (wgi_lane_mask) b; }
LANE wgi_lane_fabs (wgi_lane a) { return (wgi_lane) ((wgi_lane_mask) a & INT64_MAX); }
# if defined __AVX__ && WGI_LANE_WIDTH == 4
LANE wgi_lane_sqrt (wgi_lane a) { return _mm256_sqrt_pd (a); }
LANE wgi_lane_floor (wgi_lane a) { return _mm256_floor_pd (a); }
# else
LANE wgi_lane_floor (wgi_lane a) { EACH_LANE a[l] = floor (a[l]); return a; }
#  if defined __SSE2__ && WGI_LANE_WIDTH == 2
LANE wgi_lane_sqrt (wgi_lane a) { return _mm_sqrt_pd (a); }
#  else
LANE wgi_lane_sqrt (wgi_lane a) { EACH_LANE a[l] = sqrt (a[l]); return a; }
#  endif
# endif
#endif

/* primitives of the templates */

LANE wgi_lane_of (double x) { return x - (wgi_lane){ 0 }; }
LANE wgi_lane_zero (void) { return (wgi_lane){ 0 }; }
LANE wgi_lane_scale (double c, wgi_lane a) { return c*a; }
LANE wgi_lane_shift (double c, wgi_lane a) { return c + a; }
LANE wgi_lane_keep (wgi_lane t, wgi_lane e) { return wgi_lane_where (wgi_lane_ne (t, wgi_lane_zero ()), e, wgi_lane_zero ()); }
LANE wgi_lane_rest (void) { return wgi_lane_of (-0.); }

static inline wgi_lane_mask wgi_lane_is_nan (wgi_lane a) { return wgi_lane_ne (a, a); }
static inline wgi_lane_mask wgi_lane_is_max (wgi_lane a, wgi_lane b) { return wgi_lane_or (wgi_lane_le (b, a), wgi_lane_is_nan (a)); }
static inline wgi_lane_mask wgi_lane_is_min (wgi_lane a, wgi_lane b) { return wgi_lane_or (wgi_lane_le (a, b), wgi_lane_is_nan (a)); }
LANE wgi_lane_one_if (wgi_lane_mask m) { return wgi_lane_where (m, wgi_lane_of (1), wgi_lane_zero ()); }

/* rows by the double's function, lane by lane */

#define LOOP1(name) LANE wgi_lane_##name (wgi_lane a) { EACH_LANE a[l] = wg_double_##name (a[l]); return a; }
#define LOOP2(name) LANE wgi_lane_##name (wgi_lane a, wgi_lane b) { EACH_LANE a[l] = wg_double_##name (a[l], b[l]); return a; }
#define LOOP1K(name) LANE wgi_lane_##name (wgi_lane a, int k) { EACH_LANE a[l] = wg_double_##name (a[l], k); return a; }

/* elementary functions by libmvec */

#ifdef WGI_HAVE_LIBMVEC
# if WGI_LANE_WIDTH == 8
#  define MVEC(kind, name) _ZGVeN8##kind##_##name
# elif WGI_LANE_WIDTH == 4
#  define MVEC(kind, name) _ZGVdN4##kind##_##name
# else
#  define MVEC(kind, name) _ZGVbN2##kind##_##name
# endif
# define MVEC1(name) wgi_lane MVEC (v, name) (wgi_lane); LANE wgi_lane_##name (wgi_lane a) { return MVEC (v, name) (a); }
# define MVEC2(name) \
  wgi_lane MVEC (vv, name) (wgi_lane, wgi_lane); \
  LANE wgi_lane_##name (wgi_lane a, wgi_lane b) { return MVEC (vv, name) (a, b); }
#else
# define MVEC1 LOOP1
# define MVEC2 LOOP2
#endif
MVEC1 (exp)
MVEC1 (expm1)
MVEC1 (log)
MVEC1 (log1p)
MVEC1 (log2)
MVEC1 (log10)
MVEC1 (sin)
MVEC1 (cos)
MVEC1 (tan)
MVEC1 (asin)
MVEC1 (acos)
MVEC1 (atan)
MVEC1 (sinh)
MVEC1 (cosh)
MVEC1 (tanh)
MVEC1 (asinh)
MVEC1 (acosh)
MVEC1 (atanh)
MVEC1 (erf)
MVEC1 (erfc)
MVEC2 (pow)
MVEC2 (atan2)
MVEC2 (hypot)
#undef MVEC1
#undef MVEC2

/* arithmetic */

LANE wgi_lane_add (wgi_lane a, wgi_lane b) { return a + b; }
LANE wgi_lane_sub (wgi_lane a, wgi_lane b) { return a - b; }
LANE wgi_lane_mul (wgi_lane a, wgi_lane b) { return a*b; }
LANE wgi_lane_div (wgi_lane a, wgi_lane b) { return a/b; }
LANE wgi_lane_neg (wgi_lane a) { return -a; }
LANE wgi_lane_recip (wgi_lane a) { return 1/a; }
LANE wgi_lane_sqr (wgi_lane a) { return a*a; }
LANE wgi_lane_muladd (wgi_lane a, wgi_lane b, wgi_lane c) { return a*b + c; }
LANE wgi_lane_mulsub (wgi_lane a, wgi_lane b, wgi_lane c) { return a*b - c; }
LANE wgi_lane_submul (wgi_lane a, wgi_lane b, wgi_lane c) { return c - a*b; }
LANE wgi_lane_fma (wgi_lane a, wgi_lane b, wgi_lane c) { EACH_LANE a[l] = fma (a[l], b[l], c[l]); return a; }

/* powers */

LOOP1 (cbrt)
LANE wgi_lane_powi (wgi_lane a, int k)
{
  switch (k)
    {
    case -1: return 1/a;
    case 0: return wgi_lane_of (1);
    case 1: return a;
    case 2: return a*a;
    case 3: return a*a*a;
    default: return wgi_lane_pow (a, wgi_lane_of (k));
    }
}

LANE wgi_lane_powk (wgi_lane a, wgi_lane b, int k)
{
  const wgi_lane r = b - k, back = r + k, low = (b - back) + ((back - r) - k);
  if (wgi_lane_bits (wgi_lane_ne (low, wgi_lane_zero ())) == 0) return wgi_lane_pow (a, r);
  EACH_LANE a[l] = wg_double_powk (a[l], b[l], k);
  return a;
}

LANE wgi_lane_powc (wgi_lane a, double c, int k) { return wgi_lane_powk (a, wgi_lane_of (c), k); }

/* kinks and choices */

LANE wgi_lane_abs (wgi_lane a) { return wgi_lane_fabs (a); }
LANE wgi_lane_max (wgi_lane a, wgi_lane b) { return wgi_lane_where (wgi_lane_is_max (a, b), a, b); }
LANE wgi_lane_min (wgi_lane a, wgi_lane b) { return wgi_lane_where (wgi_lane_is_min (a, b), a, b); }
LANE wgi_lane_relu (wgi_lane a)
{
  return wgi_lane_where (wgi_lane_le (a, wgi_lane_zero ()), wgi_lane_zero (), a);
}
LANE wgi_lane_clamp (wgi_lane a, wgi_lane lo, wgi_lane hi)
{
  return wgi_lane_where (wgi_lane_lt (a, lo), lo, wgi_lane_where (wgi_lane_lt (hi, a), hi, a));
}
LANE wgi_lane_select (wgi_lane mask, wgi_lane yes, wgi_lane no)
{
  return wgi_lane_where (wgi_lane_ne (mask, wgi_lane_zero ()), yes, no);
}
LANE wgi_lane_kept (wgi_lane a, wgi_lane b)
{
  return wgi_lane_where (wgi_lane_and (wgi_lane_eq (a, wgi_lane_zero ()), wgi_lane_is_nan (b)), wgi_lane_zero (), b);
}
LANE wgi_lane_is_lt (wgi_lane a, wgi_lane b) { return wgi_lane_one_if (wgi_lane_lt (a, b)); }
LANE wgi_lane_is_le (wgi_lane a, wgi_lane b) { return wgi_lane_one_if (wgi_lane_le (a, b)); }
LANE wgi_lane_is_eq (wgi_lane a, wgi_lane b) { return wgi_lane_one_if (wgi_lane_eq (a, b)); }
LANE wgi_lane_is_ne (wgi_lane a, wgi_lane b) { return wgi_lane_one_if (wgi_lane_ne (a, b)); }
LANE wgi_lane_step (wgi_lane a)
{
  return wgi_lane_where (wgi_lane_is_nan (a), a, wgi_lane_one_if (wgi_lane_lt (wgi_lane_zero (), a)));
}
LANE wgi_lane_sign (wgi_lane a)
{
  const wgi_lane zero = wgi_lane_zero ();
  return wgi_lane_where (wgi_lane_is_nan (a), a, wgi_lane_one_if (wgi_lane_lt (zero, a)) - wgi_lane_one_if (wgi_lane_lt (a, zero)));
}

/* special functions */

LOOP1 (lgamma)
LOOP1K (polygamma)

LANE wgi_lane_sigmoid (wgi_lane a)
{
  const wgi_lane e = wgi_lane_exp (-wgi_lane_fabs (a));
  return wgi_lane_where (wgi_lane_lt (a, wgi_lane_zero ()), e, wgi_lane_of (1))/(1 + e);
}

LANE wgi_lane_softplus (wgi_lane a)
{
  const wgi_lane zero = wgi_lane_zero ();
  return wgi_lane_log1p (wgi_lane_exp (-wgi_lane_fabs (a))) + wgi_lane_where (wgi_lane_lt (zero, a), a, zero);
}

/* exp (-|a - b|), the difference to twice the precision, as wgi_expd */
LANE wgi_lane_expd (wgi_lane a, wgi_lane b)
{
  const wgi_lane_mask first = wgi_lane_le (b, a);
  const wgi_lane hi = wgi_lane_where (first, b, a), lo = wgi_lane_where (first, a, b), s = hi - lo, t = s - hi;
  const wgi_lane low = (hi - (s - t)) - (lo + t), e = wgi_lane_exp (s)*(1 + low);
  return wgi_lane_where (wgi_lane_le (s, wgi_lane_of (-746)), wgi_lane_zero (), e);
}

LANE wgi_lane_logaddexp (wgi_lane a, wgi_lane b)
{
  const wgi_lane y = wgi_lane_where (wgi_lane_le (b, a), a, b) + wgi_lane_log1p (wgi_lane_expd (a, b));
  return wgi_lane_where (wgi_lane_eq (a, b), a + WGI_LN2, y);
}

/* helpers */

LANE wgi_lane_sech2 (wgi_lane a)
{
  const wgi_lane e = wgi_lane_exp (-2*wgi_lane_fabs (a)), u = 1 + e;
  return 4*e/(u*u);
}

LOOP1 (gauss)
LANE wgi_lane_rcirc (wgi_lane a) { return 1/wgi_lane_sqrt ((1 - a)*(1 + a)); }
LANE wgi_lane_rhyp (wgi_lane a) { return 1/wgi_lane_hypot (wgi_lane_of (1), a); }
LOOP1 (rsqm)

LANE wgi_lane_unit (wgi_lane a, wgi_lane b)
{
  const wgi_lane h = wgi_lane_hypot (a, b);
  const wgi_lane_mask usual = wgi_lane_and (wgi_lane_le (wgi_lane_of (1e-300), h), wgi_lane_le (h, wgi_lane_of (1e308)));
  if (wgi_lane_bits (usual) == (1u << WGI_LANE_WIDTH) - 1) return a/h;
  EACH_LANE a[l] = wg_double_unit (a[l], b[l]);
  return a;
}

LANE wgi_lane_sigd (wgi_lane a, wgi_lane b)
{
  const wgi_lane e = wgi_lane_where (wgi_lane_eq (a, b), wgi_lane_of (1), wgi_lane_expd (a, b));
  return wgi_lane_where (wgi_lane_le (b, a), wgi_lane_of (1), e)/(1 + e);
}

LANE wgi_lane_sech2d (wgi_lane a, wgi_lane b)
{
  const wgi_lane e = wgi_lane_where (wgi_lane_eq (a, b), wgi_lane_of (1), wgi_lane_expd (a, b)), u = 1 + e;
  return 4*e/(u*u);
}

LANE wgi_lane_tanhd (wgi_lane a, wgi_lane b) { return wgi_lane_tanh ((a - b)/2); }

#undef LOOP1
#undef LOOP2
#undef LOOP1K

#endif
