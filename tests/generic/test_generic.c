/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * The generic calls: each on every kind of number and on mixes, giving the type it should and the bits of the function it stands
 * for; each operand evaluated once; deep nests compile.  Written in the common part of C and C++:
 * test_generic_cxx.cpp compiles the same text as C++.
 */
#if defined __GNUC__ && !defined __clang__
# pragma GCC optimize ("no-inline")      /* thousands of different calls, each made a few times */
#endif

#include <check.h>
#include <math.h>
#include <string.h>

#include <wengert.h>

#include "runner.h"

#ifdef __cplusplus
# include <type_traits>
# define IS_TYPE(e, T) (std::is_same<decltype (e), T>::value)
#else
# define IS_TYPE(e, T) _Generic ((e), T: 1, default: 0)
#endif

#define CALLS1(X) X (neg) X (recip) X (sqr) X (sqrt) X (cbrt) X (exp) X (expm1) X (log) X (log1p) X (log2) X (log10)      \
  X (sin) X (cos) X (tan) X (asin) X (acos) X (atan) X (sinh) X (cosh) X (tanh) X (asinh) X (acosh) X (atanh)             \
  X (abs) X (relu) X (sign) X (floor) X (step) X (erf) X (erfc) X (lgamma) X (digamma) X (sigmoid) X (softplus)
#define CALLS2(X) X (add) X (sub) X (mul) X (div) X (pow) X (atan2) X (max) X (min) X (hypot) X (logaddexp)               \
  X (is_lt) X (is_le) X (is_gt) X (is_ge) X (is_eq) X (is_ne)
#define CALLS3(X) X (fma) X (clamp) X (select)
#define CALLSK(X) X (powi)
#define GUARDS(X) X (lt) X (le) X (gt) X (ge) X (eq) X (ne)

static int same_double (double a, double b) { return (a != a && b != b) || memcmp (&a, &b, sizeof a) == 0; }
static int same_wg_dual (wg_dual a, wg_dual b) { return same_double (a.v, b.v) && same_double (a.d, b.d); }

static int same_wg_dualn (wg_dualn a, wg_dualn b)
{
  int same = same_double (a.v, b.v);
  for (int i = 0; i < WG_DUAL_N; i++) same &= same_double (a.d[i], b.d[i]);
  return same;
}

/* Two records of the same operation: one after the other on one tape. */
static int same_wg_var (wg_var a, wg_var b) { return same_double (a.value, b.value) && a.ids == b.ids && (a.ids == 0 || a.slot != b.slot); }

/* Out of line, and typed: a call that gave another type would not compile. */
#define HOLDER(T) static __attribute__ ((noinline)) void hold_##T (T a, T b, const char *call) \
  { ck_assert_msg (same_##T (a, b), "%s is not what its function gives", call); }
HOLDER (double)
HOLDER (wg_dual)
HOLDER (wg_dualn)
HOLDER (wg_var)

static wg_dual lift_wg_dual (double c) { wg_dual y; y.v = c, y.d = 0; return y; }
static wg_dualn lift_wg_dualn (double c) { return wg_dualn_var (c, -1); }
static wg_var lift_wg_var (double c) { return wg_num (c); }

#define HOLD(T, call, expected) hold_##T (call, expected, #call);

/* Calls on T alone. */
#define ONE(name, T, a)   HOLD (T, wg_##name (a), T##_##name (a))
#define TWO(name, T, a, b) HOLD (T, wg_##name (a, b), T##_##name (a, b))
#define THREE(name, T, a, b, c) HOLD (T, wg_##name (a, b, c), T##_##name (a, b, c))
#define POWER(name, T, a) HOLD (T, wg_##name (a, 3), T##_##name (a, 3)) HOLD (T, wg_##name (a, -1), T##_##name (a, -1))

/* T with plain numbers of the kinds there are, on each side. */
#define MIX2_(name, T, a, plain) \
  HOLD (T, wg_##name (a, plain), T##_##name (a, lift_##T ((double) (plain)))) HOLD (T, wg_##name (plain, a), T##_##name (lift_##T ((double) (plain)), a))
#define MIX2(name, T, a) MIX2_ (name, T, a, 2) MIX2_ (name, T, a, 1.625)
#define KINDS(T, a) MIX2_ (sub, T, a, 1.5f) MIX2_ (sub, T, a, 3u) MIX2_ (sub, T, a, -4L) MIX2_ (div, T, a, (short) 2) \
  MIX2_ (div, T, a, 7ull) MIX2_ (sub, T, a, 5ll) MIX2_ (pow, T, a, (char) 3) MIX2_ (sub, T, a, (unsigned char) 9) MIX2_ (sub, T, a, 8ul)
#define MIX3_(name, T, a, b, p, q)                                                                     \
  HOLD (T, wg_##name (a, b, p), T##_##name (a, b, lift_##T (p))) HOLD (T, wg_##name (a, p, b), T##_##name (a, lift_##T (p), b)) \
  HOLD (T, wg_##name (p, a, b), T##_##name (lift_##T (p), a, b)) HOLD (T, wg_##name (a, p, q), T##_##name (a, lift_##T (p), lift_##T (q))) \
  HOLD (T, wg_##name (p, a, q), T##_##name (lift_##T (p), a, lift_##T (q))) HOLD (T, wg_##name (p, q, a), T##_##name (lift_##T (p), lift_##T (q), a))
#define MIX3(name, T, a, b) MIX3_ (name, T, a, b, 2, .75f)

#define GUARD2(name, T, a, b)                                                                           \
  ck_assert (IS_TYPE (wg_##name (a, b), int));                                                          \
  ck_assert (wg_##name (a, b) == T##_##name (a, b) && wg_##name (b, a) == T##_##name (b, a));           \
  ck_assert (wg_##name (a, a) == T##_##name (a, a));                                                    \
  ck_assert (wg_##name (a, 1) == T##_##name (a, lift_##T (1)) && wg_##name (1.5f, b) == T##_##name (lift_##T (1.5), b));

/* On plain numbers the result is a double, whatever they are. */
#define PLAIN(call, expected) hold_double (call, expected, #call);

START_TEST (plain_numbers)
{
  static const double all[4] = { .375, 1.625, -2.25, 3 };
  const float f = 1.5f;
  const int k = 2;
  for (int i = 0; i < 4; i++)
    {
      const double a = all[i], b = all[(i + 1) % 4], c = all[(i + 2) % 4];
#define X(name) PLAIN (wg_##name (a), wg_double_##name (a)) PLAIN (wg_##name (k), wg_double_##name (2)) PLAIN (wg_##name (f), wg_double_##name (1.5))
      CALLS1 (X)
#undef X
#define X(name) PLAIN (wg_##name (a, b), wg_double_##name (a, b)) PLAIN (wg_##name (k, b), wg_double_##name (2, b)) \
  PLAIN (wg_##name (a, f), wg_double_##name (a, 1.5)) PLAIN (wg_##name (3u, k), wg_double_##name (3, 2))
      CALLS2 (X)
#undef X
#define X(name) PLAIN (wg_##name (a, b, c), wg_double_##name (a, b, c)) PLAIN (wg_##name (k, f, c), wg_double_##name (2, 1.5, c))
      CALLS3 (X)
#undef X
#define X(name) PLAIN (wg_##name (a, 3), wg_double_##name (a, 3)) PLAIN (wg_##name (k, -2), wg_double_##name (2, -2))
      CALLSK (X)
#undef X
#define X(name) PLAIN (wg_##name (a, b), wg_double_##name (a, b)) PLAIN (wg_##name (k, a), wg_double_##name (2, a)) PLAIN (wg_##name (f, f), wg_double_##name (f, f))
      GUARDS (X)
#undef X
      PLAIN (wg_index (a), floor (a)) PLAIN (wg_index (k), 2) PLAIN (wg_index (-.5f), -1)
    }
  ck_assert (IS_TYPE (wg_add (k, k), double) && IS_TYPE (wg_sqrt (k), double) && IS_TYPE (wg_mul (f, f), double) && IS_TYPE (wg_fma (k, f, 2u), double));
  ck_assert (IS_TYPE (wg_lt (k, f), int) && IS_TYPE (wg_ne (1.5, 2), int) && IS_TYPE (wg_index (1.5), int) && IS_TYPE (wg_is_lt (k, f), double));
  /* the guards mean what C means */
  ck_assert (wg_lt (1, 2) && !wg_lt (2, 1) && !wg_lt (1, 1) && wg_le (1, 1) && !wg_le (2, 1) && wg_gt (2, 1) && !wg_gt (1, 2) && !wg_gt (1, 1));
  ck_assert (wg_ge (1, 1) && !wg_ge (1, 2) && wg_eq (2, 2) && !wg_eq (1, 2) && wg_ne (1, 2) && !wg_ne (2, 2));
  ck_assert (!wg_lt (NAN, 1) && !wg_ge (NAN, 1) && !wg_eq (NAN, NAN) && wg_ne (NAN, 1));
  ck_assert (wg_is_lt (1, 2) == 1 && wg_is_gt (1, 2) == 0 && wg_is_ge (2, 2) == 1 && wg_is_le (3, 2) == 0 && wg_is_eq (1, 1) == 1 && wg_is_ne (1, 1) == 0);
}
END_TEST

START_TEST (dual_numbers)
{
  static const double all[4][2] = { { .375, 1.5 }, { 1.625, -.75 }, { -2.25, 0 }, { 3, 2.5 } };
  for (int i = 0; i < 4; i++)
    {
      const wg_dual a = wg_dual_make (all[i][0], all[i][1]), b = wg_dual_make (all[(i + 1) % 4][0], all[(i + 1) % 4][1]),
                    c = wg_dual_make (all[(i + 2) % 4][0], all[(i + 2) % 4][1]);
#define X(name) ONE (name, wg_dual, a)
      CALLS1 (X)
#undef X
      KINDS (wg_dual, a)
#define X(name) TWO (name, wg_dual, a, b) MIX2 (name, wg_dual, a)
      CALLS2 (X)
#undef X
#define X(name) THREE (name, wg_dual, a, b, c) MIX3 (name, wg_dual, a, b)
      CALLS3 (X)
#undef X
#define X(name) POWER (name, wg_dual, a)
      CALLSK (X)
#undef X
#define X(name) GUARD2 (name, wg_dual, a, b)
      GUARDS (X)
#undef X
      ck_assert (wg_index (a) == (int) floor (a.v));
    }
}
END_TEST

START_TEST (dual_numbers_n)
{
  for (int i = 0; i < 4; i++)
    {
      wg_dualn a = wg_dualn_var (.375 + i, 0), b = wg_dualn_var (2.25 - i, 2), c = wg_dualn_var (-.625 + .5*i, 1);
      a.d[3] = -1.5, b.d[0] = .75;
#define X(name) ONE (name, wg_dualn, a)
      CALLS1 (X)
#undef X
      KINDS (wg_dualn, a)
#define X(name) TWO (name, wg_dualn, a, b)
      CALLS2 (X)
#undef X
      MIX2 (sub, wg_dualn, a) MIX2 (pow, wg_dualn, a) MIX2 (max, wg_dualn, a) MIX2 (is_gt, wg_dualn, a)       /* the mixes of wg_dual */
#define X(name) THREE (name, wg_dualn, a, b, c) MIX3 (name, wg_dualn, a, b)
      CALLS3 (X)
#undef X
#define X(name) POWER (name, wg_dualn, a)
      CALLSK (X)
#undef X
#define X(name) GUARD2 (name, wg_dualn, a, b)
      GUARDS (X)
#undef X
      ck_assert (wg_index (a) == i);
    }
}
END_TEST

static void model_all (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  const wg_var a = x[0], b = x[1], c = x[2];
  (void) n, (void) m, (void) ctx;
#define X(name) ONE (name, wg_var, a)
  CALLS1 (X)
#undef X
      KINDS (wg_var, a)
#define X(name) TWO (name, wg_var, a, b) MIX2 (name, wg_var, a)
  CALLS2 (X)
#undef X
#define X(name) THREE (name, wg_var, a, b, c) MIX3 (name, wg_var, a, b)
  CALLS3 (X)
#undef X
#define X(name) POWER (name, wg_var, a)
  CALLSK (X)
#undef X
#define X(name) GUARD2 (name, wg_var, a, b)
  GUARDS (X)
#undef X
  ck_assert (wg_index (a) == (int) floor (a.value));
  ck_assert (wg_peek (a) == a.value);
  /* literals: no tape */
  const wg_var p = wg_num (1.5), q = wg_mul (2, wg_sin (p));
  ck_assert (p.ids == 0 && q.ids == 0 && same_double (q.value, 2*sin (1.5)) && a.ids != 0);
#define X(name) ck_assert (wg_##name (p).ids == 0 && wg_##name (a).ids == a.ids);
  CALLS1 (X)
#undef X
#define X(name) ck_assert (wg_##name (p, 2).ids == 0 && wg_##name (p, q).ids == 0 && wg_##name (p, a).ids == a.ids);
  CALLS2 (X)
#undef X
  y[0] = wg_mul (a, wg_add (b, c));
}

START_TEST (variables)
{
  static const double x[4][3] = { { .375, 1.625, -2.25 }, { 1.625, .5, 3 }, { -.75, -.75, .125 }, { 3, -.5, 2 } };
  for (int i = 0; i < 4; i++)
    {
      wg_fun *f = wg_fun_record (model_all, NULL, 3, 1, x[i]);
      ck_assert_msg (f != NULL, "%s", wg_last_error ());
      double y;
      ck_assert (wg_eval (f, x[i], &y) == WG_OK && same_double (y, x[i][0]*(x[i][1] + x[i][2])));
      wg_fun_free (f);
    }
}
END_TEST

/* Every operand is evaluated once, whatever it is. */
static int evaluations;
static double next_double (void) { evaluations++; return 1.25; }
static wg_dual next_dual (void) { evaluations++; return wg_dual_make (1.25, 1); }

START_TEST (operands_once)
{
  const wg_dual d = wg_dual_make (2, 1);
  evaluations = 0;
  wg_dual y = wg_mul (next_double (), d);
  y = wg_add (y, wg_mul (next_dual (), next_dual ()));
  y = wg_fma (next_dual (), next_double (), y);
  y = wg_powi (wg_sin (next_dual ()), 2);
  ck_assert_int_eq (evaluations, 6);
  int k = 0;
  const double z = wg_clamp (wg_sqr (k++), -1, 2);
  ck_assert (k == 1 && z == 0);
  ck_assert (wg_lt (next_dual (), next_double ()) == 0 && evaluations == 8);
  (void) y;
}
END_TEST

/* A Horner chain of depth 100: naive nested selections would take longer than anybody lives. */
#define STEP(e) wg_add (.015625, wg_mul (x, e))
#define STEPS10(e) STEP (STEP (STEP (STEP (STEP (STEP (STEP (STEP (STEP (STEP (e))))))))))
#define STEPS100(e) STEPS10 (STEPS10 (STEPS10 (STEPS10 (STEPS10 (STEPS10 (STEPS10 (STEPS10 (STEPS10 (STEPS10 (e))))))))))

static void model_horner (size_t n, const wg_var in[], size_t m, wg_var y[], void *ctx)
{
  const wg_var x = in[0];
  (void) n, (void) m, (void) ctx;
  y[0] = STEPS100 (x);
}

static double horner (double x)
{
  return STEPS100 (x);
}

START_TEST (deep_nest)
{
  const double at = .96875, one = 1;
  double y, g, v = at, d = 1, jv;
  for (int i = 0; i < 100; i++) d = v + at*d, v = .015625 + at*v;
  const wg_dual x = wg_dual_make (at, 1), z = STEPS100 (x);
  wg_fun *f = wg_fun_record (model_horner, NULL, 1, 1, &one);
  wg_fun_info info;
  ck_assert (f != NULL && wg_fun_get_info (f, &info) == WG_OK && info.recorded == 200 && info.operations == 100);    /* fused */
  ck_assert_int_eq (wg_gradient (f, &at, &y, &g), WG_OK);
  ck_assert (same_double (y, v) && same_double (z.v, v) && same_double (horner (at), v));
  ck_assert_double_eq_tol (g, d, 1e-13*d);
  ck_assert_double_eq_tol (z.d, d, 1e-13*d);
  ck_assert_int_eq (wg_jvp (f, &at, &one, NULL, &jv), WG_OK);
  ck_assert (same_double (jv, z.d));
  wg_fun_free (f);
}
END_TEST

/* Each row of the table has a call, or is known to need none. */
START_TEST (calls_cover_the_rows)
{
  static const char *const calls[] = {
#define X(name) #name,
    CALLS1 (X) CALLS2 (X) CALLS3 (X) CALLSK (X)
#undef X
  };
  static const char *const none[] = { "muladd", "mulsub", "submul", "powc", "powk", "polygamma",                      /* wg_fma or freezing; wg_pow; wg_digamma */
    "sech2", "gauss", "rcirc", "rhyp", "rsqm", "unit", "sigd", "sech2d", "tanhd", "kept" };           /* helpers of partials */
  static const char *const rows[] = {
#include <wengert/words_begin.h>
#define ROW1(name, ma) #name,
#define ROW1K(name, ma) #name,
#define ROW1C(name, ma) #name,
#define ROW2(name, ma, mb) #name,
#define ROW2K(name, ma, mb) #name,
#define ROW3(name, ma, mb, mc) #name,
#define FLAT1(name) #name,
#define FLAT2(name) #name,
#include <wengert/rules.def>
#include <wengert/words_end.h>
  };
  for (size_t i = 0; i < sizeof rows/sizeof *rows; i++)
    {
      int found = 0;
      for (size_t j = 0; j < sizeof calls/sizeof *calls; j++) found += !strcmp (rows[i], calls[j]);
      for (size_t j = 0; j < sizeof none/sizeof *none; j++) found += !strcmp (rows[i], none[j]);
      ck_assert_msg (found == 1, "row %s: %d calls", rows[i], found);
    }
  for (size_t j = 0; j < sizeof calls/sizeof *calls; j++)
    {
      int found = !strcmp (calls[j], "pow") || !strcmp (calls[j], "digamma") || !strcmp (calls[j], "is_gt") || !strcmp (calls[j], "is_ge");
      for (size_t i = 0; i < sizeof rows/sizeof *rows; i++) found += !strcmp (rows[i], calls[j]);
      ck_assert_msg (found == 1, "call %s: %d rows", calls[j], found);
    }
}
END_TEST

int main (void)
{
  Suite *s = suite_create ("generic calls");
  TCase *t = tcase_create ("generic");
  tcase_add_test (t, plain_numbers);
  tcase_add_test (t, dual_numbers);
  tcase_add_test (t, dual_numbers_n);
  tcase_add_test (t, variables);
  tcase_add_test (t, operands_once);
  tcase_add_test (t, deep_nest);
  tcase_add_test (t, calls_cover_the_rows);
  suite_add_tcase (s, t);
  return run_suite (s);
}
