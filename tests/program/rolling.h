/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * What the tests of rolling share: data, a model recorded without and with it, and the law that both are one function.  Models of
 * small integers whose products have few factors are exact in every order of summation, so that all drivers and derived
 * functions agree to the last bit.
 */
#ifndef WENGERT_TESTS_PROGRAM_ROLLING_H
#define WENGERT_TESTS_PROGRAM_ROLLING_H

#include "../fun/agree.h"

enum { N = 12, TRIPS = 100 };

static double data[4000];
static int pick[4000];

static inline void set_data (void)
{
  rp_random r = { 5 };
  for (size_t i = 0; i < 4000; i++) data[i] = (double) rp_below (&r, 7) - 3, pick[i] = (int) rp_below (&r, N);
}

/* The same model without and with rolling. */
static inline void record_both (wg_model *model, void *ctx, size_t n, size_t m, const double x[], wg_fun *f[2])
{
  for (int k = 0; k < 2; k++)
    {
      const int before = wg_set_rolling (2*k);
      f[k] = wg_fun_record (model, ctx, n, m, x);
      ck_assert_int_eq (wg_set_rolling (before), 2*k);
      ck_assert_msg (f[k] != NULL, "%s", wg_last_error ());
    }
}

static inline wg_fun_info info_of (const wg_fun *f)
{
  wg_fun_info info;
  ck_assert_int_eq (wg_fun_get_info (f, &info), WG_OK);
  return info;
}

/* A model's context is how many trips its loops have. */
#define MODEL(name) static void name (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
#define COUNT const size_t count = *(size_t *) ctx; (void) n, (void) m; (void) count

/* For loops to call: a branch and a parameter; 3 inputs, 2 outputs. */
MODEL (bent)
{
  (void) n, (void) m, (void) ctx;
  const wg_var p = wg_param (x[0], 0, 3);
  y[1] = wg_add (x[1], x[2]);
  y[0] = wg_lt (x[0], x[2]) ? wg_mul (x[0], wg_sqr (x[1])) : wg_sub (wg_mul (p, x[1]), x[2]);
}

static inline wg_fun *record_bent (void) { return agree_record (bent, NULL, 3, 2, (double[]){ 1, 2, 3 }); }

/* So many loops are found in a model, if not negative, and then more than so much of its list is in them. */
typedef struct { const char *name; wg_model *model; size_t m, trips; int loops; size_t percent; } rolled_case;

static inline void agree_rolled (const rolled_case *known)
{
  size_t trips = known->trips;
  double x[2][AGREE_MOST];
  wg_fun *f[2];
  set_data ();
  for (size_t i = 0; i < AGREE_MOST; i++) x[0][i] = (double) (i*i % 11) - 5, x[1][i] = (double) (i % 5) - 2;
  record_both (known->model, &trips, N, known->m, x[0], f);
  const wg_fun_info plain = info_of (f[0]), rolled = info_of (f[1]);
  ck_assert_uint_eq (plain.loops, 0);
  ck_assert_uint_eq (plain.recorded, rolled.recorded);
  if (known->loops >= 0) ck_assert_msg (rolled.loops == (size_t) known->loops, "%s: %zu loops", known->name, rolled.loops);
  if (known->loops > 0) ck_assert_msg (rolled.rolled > rolled.recorded*known->percent/100, "%s: %zu operations of %zu are in loops",
                                       known->name, rolled.rolled, rolled.recorded);
  for (int s = 0; s < 2; s++) agree (f[0], f[1], x[s], 1);
  for (int s = 0; s < 2; s++) wg_fun_free (f[s]);
}

#endif
