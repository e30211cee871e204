/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Stretches of operands against one operand after the other, for random words; and a map that a program calls twice, so that what it
 * keeps of one call is not taken for the other's.
 */
#include <check.h>

#include "../random_program.h"
#include "fun/fun.h"
#include "fun/map.h"
#include "fun/operands.h"
#include "program/program.h"
#include "runner.h"

enum { MOST = 120, NUMBERS = 200 };

/* Runs of all lengths, of words that may be inactive. */
static size_t random_words (rp_random *r, uint32_t word[])
{
  const size_t n = rp_below (r, MOST + 1);
  for (size_t j = 0; j < n; )
    {
      const size_t length = 1 + rp_below (r, rp_below (r, 2) ? 3 : 40), begin = rp_below (r, NUMBERS - 40);
      const uint32_t inactive = rp_below (r, 4) ? 0 : WGI_INACTIVE;
      for (size_t i = 0; i < length && j < n; i++, j++) word[j] = (uint32_t) (begin + i) | inactive;
    }
  return n;
}

START_TEST (stretches_are_operands)
{
  rp_random r = { (uint64_t) _i };
  wgi_operands o = { 0 };
  uint32_t word[MOST];
  double plane[NUMBERS], sum[2][NUMBERS], x[MOST], xbar[MOST];
  int runs = 0;
  for (int round = 0; round < 200; round++)
    {
      const size_t n = random_words (&r, word);
      ck_assert_int_eq (wgi_operands_find (&o, word, n), WG_OK);
      for (size_t i = 0; i < NUMBERS; i++) plane[i] = (double) i, sum[0][i] = sum[1][i] = -0.;
      for (size_t j = 0; j < n; j++) x[j] = -1, xbar[j] = (double) (1 + rp_below (&r, 9));
      size_t at = 0;
      for (size_t i = 0; i < o.count; at = o.stretch[i++].end) ck_assert (o.stretch[i].begin == at && o.stretch[i].end > at);
      ck_assert_uint_eq (at, n);
      for (int i = 0; i < 4 && n; i++)
        {
          const size_t begin = rp_below (&r, n), end = begin + rp_below (&r, n - begin + 1);
          const uint32_t run = wgi_operands_run (&o, begin, end);
          if (run != UINT32_MAX) for (size_t j = begin; j < end; j++) ck_assert_uint_eq (word[j], run + (j - begin));
          else wgi_operands_want (&o, begin, end);
          runs += run != UINT32_MAX;
          for (int tangent = 0; tangent < 2 && run == UINT32_MAX; tangent++)
            {
              wgi_operands_copy (&o, plane, tangent, x);
              for (size_t j = begin; j < end; j++)
                ck_assert_double_eq (x[j], tangent && word[j] & WGI_INACTIVE ? 0 : (double) (word[j] & ~WGI_INACTIVE));
            }
        }
      for (size_t j = 0; j < n; j++) if (!(word[j] & WGI_INACTIVE)) sum[1][word[j]] += xbar[j];
      wgi_operands_take (&o, sum[0], xbar);
      for (size_t j = 0; j < n; j++) ck_assert (xbar[j] == 0 && signbit (xbar[j]));
      ck_assert_mem_eq (sum[0], sum[1], sizeof sum[0]);
    }
  ck_assert_int_gt (runs, 100);
  free (o.stretch);
}
END_TEST

static void item_model (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  y[0] = wg_mul (wg_sqr (x[0]), x[1]);
}

/* The sum over windows of two; called for both halves of the inputs. */
START_TEST (one_map_two_calls)
{
  enum { N = 40 };
  double x[2*N], y, g[2*N];
  for (size_t i = 0; i < 2*N; i++) x[i] = (double) (i*i % 7) - 2;
  wg_fun *body = wg_fun_record (item_model, NULL, 2, 1, x);
  wgi_args args = { .items = N - 1, .count = 1, .operands = N, .filled = 2, .arg = calloc (2, sizeof (wgi_arg)) };
  ck_assert (body && args.arg);
  args.arg[0] = (wgi_arg){ .width = 2, .stride = 1, .bound = N - 1 };
  wgi_source *s = wgi_map_of_loop (body, &args, NULL, 0, 1);
  ck_assert_ptr_nonnull (s);
  wgi_tape t;
  uint32_t part[2];
  wgi_tape_make (&t, 2*N);
  for (uint32_t half = 0; half < 2; half++)
    {
      uint32_t *operand = malloc (N*sizeof *operand);
      ck_assert_ptr_nonnull (operand);
      for (uint32_t j = 0; j < N; j++) operand[j] = half*N + j;
      part[half] = wgi_tape_append_call (&t, s, operand);
    }
  const uint32_t out = wgi_tape_append (&t, WGI_ROW_add, part);
  wg_fun *f = wgi_fun_of_tape (&t, 1, &out, WGI_NOT_ROLLED);
  ck_assert_ptr_nonnull (f);
  for (int round = 0; round < 6; round++)
    {
      double sum = 0, expected[2*N] = { 0 };
      x[round] += 1;
      for (size_t i = 0; i + 1 < 2*N; i++)
        if (i != N - 1) sum += x[i]*x[i]*x[i+1], expected[i] += 2*x[i]*x[i+1], expected[i+1] += x[i]*x[i];
      ck_assert_msg (wg_gradient (f, x, &y, g) == WG_OK, "%s", wg_last_error ());
      ck_assert_double_eq (y, sum);
      for (size_t i = 0; i < 2*N; i++) ck_assert_msg (g[i] == expected[i], "round %d, entry %zu: %g and %g", round, i, g[i], expected[i]);
    }
  wg_fun_free (f), wgi_tape_free (&t), wgi_source_leave (s);
}
END_TEST

int main (void)
{
  Suite *s = suite_create ("operands, inside");
  TCase *t = tcase_create ("laws");
  tcase_add_loop_test (t, stretches_are_operands, 0, 10);
  tcase_add_test (t, one_map_two_calls);
  suite_add_tcase (s, t);
  return run_suite (s);
}
