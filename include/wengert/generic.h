/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Generic calls: wg_mul (2.0, x) for numbers, wg_dual, wg_dualn and wg_var, mixed with plain numbers, in C and in C++.
 * The result has the type of the operand that is not a plain number.
 *
 * In C each call is a macro that evaluates every operand once, in a statement expression: nesting costs
 * linear text, where _Generic over nested calls would double it per level.  Compilers without GNU
 * statement expressions get the doubling form: keep nests shallow there.  In C++ the same names are overloads.
 */
#ifndef WENGERT_GENERIC_H
#define WENGERT_GENERIC_H

#include <limits.h>

#include <wengert/dual.h>
#include <wengert/var.h>

/* Calls that are no rows of their own, for the kinds of number defined in headers. */
static inline int wg_double_lt (double a, double b) { return a < b; }
static inline int wg_double_le (double a, double b) { return a <= b; }
static inline int wg_double_eq (double a, double b) { return a == b; }
static inline int wg_double_gt (double a, double b) { return a > b; }
static inline int wg_double_ge (double a, double b) { return a >= b; }
static inline int wg_double_ne (double a, double b) { return a != b; }
static inline double wg_double_is_gt (double a, double b) { return a > b; }
static inline double wg_double_is_ge (double a, double b) { return a >= b; }
static inline int wg_double_index (double a)
{
  const double k = floor (a);
  return k >= INT_MIN && k <= INT_MAX ? (int) k : 0;
}

#define WGI_ALIASES(T)                                                                  \
  static inline T T##_digamma (T a) { return T##_polygamma (a, 0); }                    \
  static inline T T##_pow (T a, T b) { return T##_powk (a, b, 0); }                     \
  static inline T T##_is_gt (T a, T b) { return T##_is_lt (b, a); }                     \
  static inline T T##_is_ge (T a, T b) { return T##_is_le (b, a); }                     \
  static inline int T##_lt (T a, T b) { return wg_double_lt (a.v, b.v); }               \
  static inline int T##_le (T a, T b) { return wg_double_le (a.v, b.v); }               \
  static inline int T##_gt (T a, T b) { return wg_double_gt (a.v, b.v); }               \
  static inline int T##_ge (T a, T b) { return wg_double_ge (a.v, b.v); }               \
  static inline int T##_eq (T a, T b) { return wg_double_eq (a.v, b.v); }               \
  static inline int T##_ne (T a, T b) { return wg_double_ne (a.v, b.v); }               \
  static inline int T##_index (T a) { return wg_double_index (a.v); }
WGI_ALIASES (wg_dual)
WGI_ALIASES (wg_dualn)
#undef WGI_ALIASES

static inline wg_var wg_var_is_gt (wg_var a, wg_var b) { return wg_var_is_lt (b, a); }
static inline wg_var wg_var_is_ge (wg_var a, wg_var b) { return wg_var_is_le (b, a); }

static inline wg_var wgi_lit_wg_var (double c) { wg_var y; y.value = c; y.slot = 0; y.ids = 0; return y; }
static inline wg_dual wgi_lit_wg_dual (double c) { wg_dual y; y.v = c; y.d = 0; return y; }
static inline wg_dualn wgi_lit_wg_dualn (double c) { return wg_dualn_var (c, -1); }

#ifndef __cplusplus

static inline wg_var wgi_same_wg_var (wg_var a) { return a; }
static inline wg_dual wgi_same_wg_dual (wg_dual a) { return a; }
static inline wg_dualn wgi_same_wg_dualn (wg_dualn a) { return a; }
static inline double wgi_same_double (double a) { return a; }
void wgi_not_an_operand (void);              /* declared, never defined: names the mistake */

/* J: the type of the result, as a null pointer.  T: a function that lifts an operand to it.  F: the row's function. */
#define WGI_J1(a)       _Generic ((a), wg_var: (wg_var *) 0, wg_dual: (wg_dual *) 0, wg_dualn: (wg_dualn *) 0, default: (double *) 0)
#define WGI_J2(a, b)    _Generic ((a), wg_var: (wg_var *) 0, wg_dual: (wg_dual *) 0, wg_dualn: (wg_dualn *) 0, default: WGI_J1 (b))
#define WGI_J3(a, b, c) _Generic ((a), wg_var: (wg_var *) 0, wg_dual: (wg_dual *) 0, wg_dualn: (wg_dualn *) 0, default: WGI_J2 (b, c))
#define WGI_NUMBERS(f)                                                                                                \
  double: f, float: f, _Bool: f, char: f, signed char: f, unsigned char: f, short: f, unsigned short: f, int: f,      \
  unsigned: f, long: f, unsigned long: f, long long: f, unsigned long long: f, default: wgi_not_an_operand
#define WGI_LIFT(T, a)  _Generic ((a), T: wgi_same_##T, WGI_NUMBERS (wgi_lit_##T))
#define WGI_T(J, a)                                                                                                   \
  _Generic (J, wg_var *: WGI_LIFT (wg_var, a), wg_dual *: WGI_LIFT (wg_dual, a), wg_dualn *: WGI_LIFT (wg_dualn, a),  \
               double *: _Generic ((a), WGI_NUMBERS (wgi_same_double))) (a)
#define WGI_F(J, row) _Generic (J, wg_var *: wg_var_##row, wg_dual *: wg_dual_##row, wg_dualn *: wg_dualn_##row, double *: wg_double_##row)

#define WGI_CALL1(row, a)       WGI_F (WGI_J1 (a), row) (WGI_T (WGI_J1 (a), a))
#define WGI_CALLK(row, a, k)    WGI_F (WGI_J1 (a), row) (WGI_T (WGI_J1 (a), a), (k))
#define WGI_CALL2(row, a, b)    WGI_F (WGI_J2 (a, b), row) (WGI_T (WGI_J2 (a, b), a), WGI_T (WGI_J2 (a, b), b))
#define WGI_CALL3(row, a, b, c)                                                                                       \
  WGI_F (WGI_J3 (a, b, c), row) (WGI_T (WGI_J3 (a, b, c), a), WGI_T (WGI_J3 (a, b, c), b), WGI_T (WGI_J3 (a, b, c), c))

#ifdef __GNUC__
# define WGI_PASTE_(a, b) a##b
# define WGI_PASTE(a, b) WGI_PASTE_ (a, b)
# define WGI_NEW(a) WGI_PASTE (wgi_##a, __COUNTER__)
# define WGI_1(row, x)       WGI_ONCE1 (row, WGI_NEW (a), x)
# define WGI_K(row, x, k)    WGI_ONCEK (row, WGI_NEW (a), x, k)
# define WGI_2(row, x, y)    WGI_ONCE2 (row, WGI_NEW (a), WGI_NEW (b), x, y)
# define WGI_3(row, x, y, z) WGI_ONCE3 (row, WGI_NEW (a), WGI_NEW (b), WGI_NEW (c), x, y, z)
# define WGI_ONCE1(row, a, x)    __extension__ ({ __auto_type a = x; WGI_CALL1 (row, a); })
# define WGI_ONCEK(row, a, x, k) __extension__ ({ __auto_type a = x; WGI_CALLK (row, a, k); })
# define WGI_ONCE2(row, a, b, x, y) __extension__ ({ __auto_type a = x; __auto_type b = y; WGI_CALL2 (row, a, b); })
# define WGI_ONCE3(row, a, b, c, x, y, z) \
  __extension__ ({ __auto_type a = x; __auto_type b = y; __auto_type c = z; WGI_CALL3 (row, a, b, c); })
#else
# define WGI_1 WGI_CALL1
# define WGI_K WGI_CALLK
# define WGI_2 WGI_CALL2
# define WGI_3 WGI_CALL3
#endif

#define wg_add(a, b)        WGI_2 (add, a, b)
#define wg_sub(a, b)        WGI_2 (sub, a, b)
#define wg_mul(a, b)        WGI_2 (mul, a, b)
#define wg_div(a, b)        WGI_2 (div, a, b)
#define wg_neg(a)           WGI_1 (neg, a)
#define wg_recip(a)         WGI_1 (recip, a)
#define wg_sqr(a)           WGI_1 (sqr, a)
#define wg_fma(a, b, c)     WGI_3 (fma, a, b, c)
#define wg_sqrt(a)          WGI_1 (sqrt, a)
#define wg_cbrt(a)          WGI_1 (cbrt, a)
#define wg_pow(a, b)        WGI_2 (pow, a, b)
#define wg_powi(a, k)       WGI_K (powi, a, k)
#define wg_exp(a)           WGI_1 (exp, a)
#define wg_expm1(a)         WGI_1 (expm1, a)
#define wg_log(a)           WGI_1 (log, a)
#define wg_log1p(a)         WGI_1 (log1p, a)
#define wg_log2(a)          WGI_1 (log2, a)
#define wg_log10(a)         WGI_1 (log10, a)
#define wg_sin(a)           WGI_1 (sin, a)
#define wg_cos(a)           WGI_1 (cos, a)
#define wg_tan(a)           WGI_1 (tan, a)
#define wg_asin(a)          WGI_1 (asin, a)
#define wg_acos(a)          WGI_1 (acos, a)
#define wg_atan(a)          WGI_1 (atan, a)
#define wg_atan2(a, b)      WGI_2 (atan2, a, b)
#define wg_sinh(a)          WGI_1 (sinh, a)
#define wg_cosh(a)          WGI_1 (cosh, a)
#define wg_tanh(a)          WGI_1 (tanh, a)
#define wg_asinh(a)         WGI_1 (asinh, a)
#define wg_acosh(a)         WGI_1 (acosh, a)
#define wg_atanh(a)         WGI_1 (atanh, a)
#define wg_abs(a)           WGI_1 (abs, a)
#define wg_relu(a)          WGI_1 (relu, a)
#define wg_max(a, b)        WGI_2 (max, a, b)
#define wg_min(a, b)        WGI_2 (min, a, b)
#define wg_clamp(a, lo, hi) WGI_3 (clamp, a, lo, hi)
#define wg_select(mask, yes, no) WGI_3 (select, mask, yes, no)
#define wg_sign(a)          WGI_1 (sign, a)
#define wg_floor(a)         WGI_1 (floor, a)
#define wg_step(a)          WGI_1 (step, a)
#define wg_is_lt(a, b)      WGI_2 (is_lt, a, b)
#define wg_is_le(a, b)      WGI_2 (is_le, a, b)
#define wg_is_gt(a, b)      WGI_2 (is_gt, a, b)
#define wg_is_ge(a, b)      WGI_2 (is_ge, a, b)
#define wg_is_eq(a, b)      WGI_2 (is_eq, a, b)
#define wg_is_ne(a, b)      WGI_2 (is_ne, a, b)
#define wg_hypot(a, b)      WGI_2 (hypot, a, b)
#define wg_erf(a)           WGI_1 (erf, a)
#define wg_erfc(a)          WGI_1 (erfc, a)
#define wg_lgamma(a)        WGI_1 (lgamma, a)
#define wg_digamma(a)       WGI_1 (digamma, a)
#define wg_sigmoid(a)       WGI_1 (sigmoid, a)
#define wg_softplus(a)      WGI_1 (softplus, a)
#define wg_logaddexp(a, b)  WGI_2 (logaddexp, a, b)
#define wg_lt(a, b)         WGI_2 (lt, a, b)       /* guards: int */
#define wg_le(a, b)         WGI_2 (le, a, b)
#define wg_gt(a, b)         WGI_2 (gt, a, b)
#define wg_ge(a, b)         WGI_2 (ge, a, b)
#define wg_eq(a, b)         WGI_2 (eq, a, b)
#define wg_ne(a, b)         WGI_2 (ne, a, b)
#define wg_index(a)         WGI_1 (index, a)

#else

#define WGI_OVER1_(R, row, T)                                                                      \
  inline R wg_##row (T a) { return T##_##row (a); }
#define WGI_OVER2_(R, row, T)                                                                      \
  inline R wg_##row (T a, T b) { return T##_##row (a, b); }                                        \
  inline R wg_##row (T a, double b) { return T##_##row (a, wgi_lit_##T (b)); }                     \
  inline R wg_##row (double a, T b) { return T##_##row (wgi_lit_##T (a), b); }
#define WGI_OVER3_(row, T)                                                                         \
  inline T wg_##row (T a, T b, T c) { return T##_##row (a, b, c); }                                \
  inline T wg_##row (T a, T b, double c) { return T##_##row (a, b, wgi_lit_##T (c)); }             \
  inline T wg_##row (T a, double b, T c) { return T##_##row (a, wgi_lit_##T (b), c); }             \
  inline T wg_##row (double a, T b, T c) { return T##_##row (wgi_lit_##T (a), b, c); }             \
  inline T wg_##row (T a, double b, double c) { return T##_##row (a, wgi_lit_##T (b), wgi_lit_##T (c)); } \
  inline T wg_##row (double a, T b, double c) { return T##_##row (wgi_lit_##T (a), b, wgi_lit_##T (c)); } \
  inline T wg_##row (double a, double b, T c) { return T##_##row (wgi_lit_##T (a), wgi_lit_##T (b), c); }
#define WGI_OVERK_(row, T) \
  inline T wg_##row (T a, int k) { return T##_##row (a, k); }

#define WGI_1(row)                                                                                 \
  WGI_OVER1_ (wg_var, row, wg_var) WGI_OVER1_ (wg_dual, row, wg_dual) WGI_OVER1_ (wg_dualn, row, wg_dualn) \
  inline double wg_##row (double a) { return wg_double_##row (a); }
#define WGI_2(row)                                                                                 \
  WGI_OVER2_ (wg_var, row, wg_var) WGI_OVER2_ (wg_dual, row, wg_dual) WGI_OVER2_ (wg_dualn, row, wg_dualn) \
  inline double wg_##row (double a, double b) { return wg_double_##row (a, b); }
#define WGI_3(row)                                                                                 \
  WGI_OVER3_ (row, wg_var) WGI_OVER3_ (row, wg_dual) WGI_OVER3_ (row, wg_dualn)                    \
  inline double wg_##row (double a, double b, double c) { return wg_double_##row (a, b, c); }
#define WGI_K(row)                                                                                 \
  WGI_OVERK_ (row, wg_var) WGI_OVERK_ (row, wg_dual) WGI_OVERK_ (row, wg_dualn)                    \
  inline double wg_##row (double a, int k) { return wg_double_##row (a, k); }
#define WGI_TEST(row)                                                                              \
  WGI_OVER2_ (int, row, wg_var) WGI_OVER2_ (int, row, wg_dual) WGI_OVER2_ (int, row, wg_dualn)     \
  inline int wg_##row (double a, double b) { return wg_double_##row (a, b); }

namespace {                                  /* the types wg_dualn differ between translation units */
WGI_2 (add) WGI_2 (sub) WGI_2 (mul) WGI_2 (div) WGI_1 (neg) WGI_1 (recip) WGI_1 (sqr) WGI_3 (fma)
WGI_1 (sqrt) WGI_1 (cbrt) WGI_2 (pow) WGI_K (powi)
WGI_1 (exp) WGI_1 (expm1) WGI_1 (log) WGI_1 (log1p) WGI_1 (log2) WGI_1 (log10)
WGI_1 (sin) WGI_1 (cos) WGI_1 (tan) WGI_1 (asin) WGI_1 (acos) WGI_1 (atan) WGI_2 (atan2)
WGI_1 (sinh) WGI_1 (cosh) WGI_1 (tanh) WGI_1 (asinh) WGI_1 (acosh) WGI_1 (atanh)
WGI_1 (abs) WGI_1 (relu) WGI_2 (max) WGI_2 (min) WGI_3 (clamp) WGI_3 (select) WGI_1 (sign) WGI_1 (floor) WGI_1 (step)
WGI_2 (is_lt) WGI_2 (is_le) WGI_2 (is_gt) WGI_2 (is_ge) WGI_2 (is_eq) WGI_2 (is_ne)
WGI_2 (hypot) WGI_1 (erf) WGI_1 (erfc) WGI_1 (lgamma) WGI_1 (digamma) WGI_1 (sigmoid) WGI_1 (softplus) WGI_2 (logaddexp)
WGI_TEST (lt) WGI_TEST (le) WGI_TEST (gt) WGI_TEST (ge) WGI_TEST (eq) WGI_TEST (ne)
WGI_OVER1_ (int, index, wg_var) WGI_OVER1_ (int, index, wg_dual) WGI_OVER1_ (int, index, wg_dualn)
inline int wg_index (double a) { return wg_double_index (a); }
}

#undef WGI_OVER1_
#undef WGI_OVER2_
#undef WGI_OVER3_
#undef WGI_OVERK_
#undef WGI_1
#undef WGI_2
#undef WGI_3
#undef WGI_K
#undef WGI_TEST
#endif
#endif
