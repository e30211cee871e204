/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Rolling without memory: the k-th allocation fails, for every k.  Nothing leaks, the status is WG_ENOMEM, and what needs no more memory
 * is right.  Link with --wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=free,--wrap=posix_memalign and the static core.
 */
#include <check.h>
#include <errno.h>

#include "allocations.h"
#include "fun/fun.h"
#include "random_program.h"
#include "runner.h"

#define LIBRARY(e) __extension__ ({ inside = 1; __auto_type result_ = e; inside = 0; result_; })

int __real_posix_memalign (void **, size_t, size_t);
int __wrap_posix_memalign (void **, size_t, size_t);

/* Long tapes have this memory. */
int __wrap_posix_memalign (void **p, size_t alignment, size_t size)
{
  const int rc = refuse () ? ENOMEM : __real_posix_memalign (p, alignment, size);
  live += inside && !rc;
  return rc;
}

enum { N = 5, ITEMS = 20, GROUPS = 24, TERMS = 100 };

/* Rows, shared and gathered variables, data, results of each trip, sums, a maximum that stays; a loop within. */
static void model (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  wg_var r[100], top = x[0];
  (void) m, (void) ctx;
  y[0] = wg_num (0);
  for (size_t i = 0; i < 100; i++)
    {
      r[i] = wg_mul (wg_sin (wg_mul (.1*(double) i, x[i % n])), wg_add (x[i*i % n], x[1]));
      r[i] = wg_add (wg_sqr (r[i]), wg_tanh (r[i]));
      top = wg_max (top, r[i]);
    }
  for (size_t i = 0; i < ITEMS; i++)
    {
      wg_var all = top;
      for (size_t k = 0; k < GROUPS; k++)
        {
          wg_var z = x[2];
          for (size_t j = 0; j < TERMS; j++) z = wg_add (z, wg_mul (.01*(double) ((i + k*j) % 7), wg_exp (wg_sub (r[j], x[k % n]))));
          all = wg_max (all, z);
        }
      y[0] = wg_sub (y[0], wg_log1p (wg_sqr (all)));
    }
}

static int life (double o[1 + 2*N])
{
  const double x[N] = { .3, -.7, .2, .9, -.1 }, v[N] = { 1, 2, -1, .5, 3 };
  wg_set_rolling (1);
  wg_fun *f = wg_fun_record (model, NULL, N, 1, x);
  wg_set_rolling (0);
  const int rc = f ? wg_hvp (f, x, v, o, o + 1, o + 1 + N) : wg_fun_status (NULL);
  wg_fun_free (f);
  return rc;
}

START_TEST (each_allocation_may_fail)
{
  double expected[1 + 2*N] = { 0 }, got[1 + 2*N];
  long k = 1;
  ck_assert_int_eq (LIBRARY (life (expected)), WG_OK);
  for (refused = 1; refused; k++)
    {
      refused = 0, calls = 0, fail_at = k;
      const int rc = LIBRARY (life (got));
      fail_at = 0;
      ck_assert_msg (rc == (refused ? WG_ENOMEM : WG_OK), "allocation %ld: %d, %s", k, rc, wg_last_error ());
      ck_assert_msg (live == 0, "allocation %ld leaks %ld blocks", k, live);
      if (!rc) ck_assert_mem_eq (got, expected, sizeof got);
    }
  ck_assert_int_gt (k, 150);
}
END_TEST

/* A short course and a long one, both rolled: when going to the other fails, the first still holds. */
static void courses (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  const int far = wg_lt (x[0], 0.0);
  (void) m, (void) ctx;
  y[0] = wg_mul (.75, x[1]);
  for (size_t i = 0; i < 40; i++) y[0] = wg_add (y[0], wg_mul (wg_sin (wg_mul (.1*(double) i, x[i % n])), x[2]));
  for (size_t i = 0; i < 60 && far; i++) y[0] = wg_add (y[0], wg_mul (1.5, wg_exp (wg_mul (.3*(double) i, x[i*i % n]))));
}

START_TEST (a_course_that_fails_leaves_the_other)
{
  double x[N] = { .3, -.7, .2, .9, -.1 }, y, expected[2];
  long k = 1;
  for (refused = 1; refused; k++)
    {
      refused = 0, calls = 0, fail_at = 0;
      wg_set_rolling (2);
      wg_fun *f = LIBRARY (wg_fun_record (courses, NULL, N, 1, x));
      wg_set_rolling (0);
      ck_assert (f && LIBRARY (wg_eval (f, x, &expected[0])) == WG_OK);
      x[0] = -x[0];
      calls = 0, fail_at = k;
      const int rc = LIBRARY (wg_eval (f, x, &expected[1]));
      fail_at = 0;
      ck_assert_int_eq (rc, refused ? WG_ENOMEM : WG_OK);
      x[0] = -x[0];
      ck_assert (LIBRARY (wg_eval (f, x, &y)) == WG_OK && y == expected[0]);
      inside = 1, wg_fun_free (f), inside = 0;
      ck_assert_int_eq (live, 0);
    }
  ck_assert_int_gt (k, 50);
}
END_TEST

int main (void)
{
  Suite *s = suite_create ("rolling without memory");
  TCase *t = tcase_create ("all");
  tcase_set_timeout (t, 300);
  tcase_add_test (t, each_allocation_may_fail);
  tcase_add_test (t, a_course_that_fails_leaves_the_other);
  suite_add_tcase (s, t);
  return run_suite (s);
}
