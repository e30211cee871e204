/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * The tape: each row of the table records its own operation and nothing else; what is on literals is not recorded;
 * variables are known by place and generation; the first error stays.
 */
#include <check.h>

#include "base/memory.h"
#include "random_program.h"
#include "runner.h"
#include "tape/tape.h"

/* laws over the table */

/* Record one row on the operands, some literals: its row, its operands' words, its immediate; its value. */
START_TEST (rows_record)
{
  rp_random r = { 0x5eed9000 + (uint64_t) _i };
  const int operands = rp_rows[_i].operands;
  for (int pattern = 0; pattern < 1 << operands; pattern++)
    {
      wgi_tape t;
      rp_program p = { .n = 3, .m = 1, .count = 1, .literals = 3, .literal = { .375, 1.625, 2.25 } };
      wg_var in[3], y[1];
      double x[3], value;
      p.node[0] = (rp_node){ .kind = _i };
      for (int j = 0; j < 3; j++) p.node[0].operand[j] = pattern >> j & 1 ? ~j : j, x[j] = rp_number (&r);
      rp_immediates (&r, &p.node[0]);
      p.out[0] = 3;
      ck_assert_int_eq (wgi_tape_open (&t, 3), WG_OK);
      for (size_t j = 0; j < 3; j++) in[j] = wgi_tape_input (&t, j, x[j]);
      rp_run_var (&p, in, y, NULL);
      rp_run_double (&p, x, &value, NULL);
      ck_assert_int_eq (t.status, WG_OK);
      ck_assert (rp_same_bits (y[0].value, value));
      if (pattern == (1 << operands) - 1)          /* literals alone give a literal */
        ck_assert (y[0].ids == 0 && wgi_tape_count (&t) == 0 && wgi_tape_words (&t) == 0);
      else
        {
          const wgi_row_info *info = &wgi_rows[t.row[0]];
          size_t constants = 0;
          ck_assert_uint_eq (wgi_tape_count (&t), 1);
          ck_assert_str_eq (info->name, rp_rows[_i].name);
          ck_assert_uint_eq (wgi_tape_words (&t), info->words);
          ck_assert (y[0].ids == in[0].ids && y[0].slot == 3);
          for (int j = 0; j < operands; j++)
            if (pattern >> j & 1)                   /* constants in order of use */
              {
                ck_assert_uint_eq (t.word[j], WGI_CONSTANT | constants);
                ck_assert (rp_same_bits (t.constant[constants++], p.literal[j]));
              }
            else ck_assert_uint_eq (t.word[j], (uint32_t) j);
          if (_i == RP_powc)
            {
              ck_assert_uint_eq (t.word[1], WGI_CONSTANT | constants);
              ck_assert (rp_same_bits (t.constant[constants], p.node[0].c));
            }
          if (_i == RP_powi || _i == RP_powc || _i == RP_powk || _i == RP_polygamma)
            ck_assert_int_eq ((int) t.word[info->words - 1], p.node[0].k);
        }
      wgi_tape_close (&t), wgi_tape_free (&t);
    }
}
END_TEST

START_TEST (constants_are_not_merged)
{
  wgi_tape t;
  ck_assert_int_eq (wgi_tape_open (&t, 1), WG_OK);
  wg_var y = wgi_tape_input (&t, 0, 1.5);
  const double c[6] = { 0, 1, 2, 2, 1, 0 };
  for (int i = 0; i < 6; i++) y = wg_add (wg_mul (y, c[i]), c[i]);
  ck_assert_uint_eq (wgi_tape_count (&t), 12);
  for (int i = 0; i < 12; i++) ck_assert_double_eq (t.constant[i], c[i/2]);
  wgi_tape_close (&t), wgi_tape_free (&t);
}
END_TEST

/* points */

START_TEST (long_tapes)
{
  enum { STEPS = 300000 };
  wgi_tape t;
  uint32_t word;
  double z = .5;
  ck_assert_int_eq (wgi_tape_open (&t, 2), WG_OK);
  wg_var y = wgi_tape_input (&t, 1, z);
  for (int i = 0; i < STEPS; i++)
    {
      y = wg_mul (wg_add (y, i), .5);
      z = (z + i)*.5;
    }
  ck_assert (rp_same_bits (y.value, z) && y.slot == 2*STEPS + 1 && wgi_tape_count (&t) == 2*STEPS && wgi_tape_words (&t) == 4*STEPS);
  for (int i = 0; i < STEPS; i++)
    ck_assert (t.constant[2*i] == i && t.constant[2*i + 1] == .5 && t.word[4*i] == (uint32_t) (2*i + 1));
  ck_assert_int_eq (wgi_tape_output (&t, 0, y, &word), WG_OK);
  ck_assert_uint_eq (word, y.slot);
  ck_assert_int_eq (wgi_tape_output (&t, 0, wg_num (7.5), &word), WG_OK);
  ck_assert (word & WGI_CONSTANT && t.constant[word & ~WGI_CONSTANT] == 7.5);
  wgi_tape_close (&t), wgi_tape_free (&t);
}
END_TEST

/* Variables of each of very many recordings are stale in the next, though generations come round. */
START_TEST (generations)
{
  wg_var before = wg_num (0);
  for (int i = 0; i < 70000; i++)
    {
      wgi_tape t;
      ck_assert_int_eq (wgi_tape_open (&t, 1), WG_OK);
      const wg_var x = wgi_tape_input (&t, 0, 1.5);
      ck_assert (x.ids != 0 && x.ids != before.ids && x.ids != WGI_UNSET);
      if (before.ids)
        {
          const wg_var y = wg_exp (before);
          ck_assert_int_eq (t.status, WG_ETAPE);
          ck_assert_uint_eq (wgi_tape_count (&t), 0);
          ck_assert_double_eq (y.value, exp (1.5));
        }
      before = x;
      wgi_tape_close (&t), wgi_tape_free (&t);
    }
}
END_TEST

/* refusals */

START_TEST (sizes)
{
  ck_assert (wgi_times (3, 5) == 15 && wgi_times (0, SIZE_MAX) == 0 && wgi_times (SIZE_MAX, 0) == 0 && wgi_times (SIZE_MAX, 1) == SIZE_MAX);
  ck_assert (wgi_times (SIZE_MAX/2, 2) == SIZE_MAX - 1 && wgi_times (SIZE_MAX/2 + 1, 2) == SIZE_MAX && wgi_times (2, SIZE_MAX/2 + 1) == SIZE_MAX);
  ck_assert (wgi_times (SIZE_MAX/16 + 1, 16) == SIZE_MAX && wgi_times ((size_t) 1 << 40, (size_t) 1 << 40) == SIZE_MAX);
  ck_assert (wgi_plus (2, 3) == 5 && wgi_plus (SIZE_MAX, 1) == SIZE_MAX && wgi_plus (SIZE_MAX - 1, 1) == SIZE_MAX && wgi_plus (SIZE_MAX, SIZE_MAX) == SIZE_MAX);
}
END_TEST

/* Long arrays keep what they held, and are left alone when there is no memory for more. */
START_TEST (arrays_grow)
{
  uint32_t *a = NULL;
  size_t count = 0;
  for (size_t more = 256; more < 2u << 20; more = wgi_more (more, 256))
    {
      ck_assert_ptr_nonnull (a = wgi_enlarge (a, count*sizeof *a, more*sizeof *a));
      for (size_t i = 0; i < count; i++) ck_assert_uint_eq (a[i], (uint32_t) (i*2654435761u));
      for (; count < more; count++) a[count] = (uint32_t) (count*2654435761u);
    }
  ck_assert_uint_eq (count, 1u << 20);
  ck_assert_ptr_null (wgi_enlarge (a, 256, SIZE_MAX));
  ck_assert_ptr_null (wgi_enlarge (a, 256, PTRDIFF_MAX));
  ck_assert_uint_eq (a[count-1], (uint32_t) ((count - 1)*2654435761u));
  free (a);
}
END_TEST

START_TEST (first_error_stays)
{
  wgi_tape t;
  uint32_t word;
  ck_assert_int_eq (wgi_tape_open (&t, 1), WG_OK);
  const wg_var x = wgi_tape_input (&t, 0, 1.5), y = wg_sin (x);
  wg_raise (x, "one"), wg_raise (x, "two");
  wg_var z = wg_mul (y, wg_add (x, 2));
  for (int i = 0; i < 1000; i++) z = wg_fma (z, .5, i);
  ck_assert (wg_lt (x, 2) && wg_index (x) == 1 && wg_peek (x) == 1.5);
  ck_assert_uint_eq (wgi_tape_count (&t), 1);      /* nothing more is recorded */
  ck_assert (fabs (z.value - 1996) < 1e-9);          /* values go on */
  ck_assert_int_eq (t.status, WG_EMODEL);
  ck_assert_str_eq (t.message, "one");
  ck_assert_int_eq (wgi_tape_output (&t, 0, z, &word), WG_EMODEL);
  wgi_tape_close (&t), wgi_tape_free (&t);
}
END_TEST

START_TEST (too_many_inputs)
{
  wgi_tape t;
  ck_assert_int_eq (wgi_tape_open (&t, WGI_CONSTANT), WG_ELIMIT);
  ck_assert_int_eq (wgi_tape_open (&t, SIZE_MAX), WG_ELIMIT);
  ck_assert_int_eq (wgi_tape_open (&t, 1), WG_OK);
  t.limit = 300;                                    /* the limit of operations, as if it were near */
  wg_var y = wgi_tape_input (&t, 0, 1);
  for (int i = 0; i < 1000; i++) y = wg_neg (y);
  ck_assert_int_eq (t.status, WG_ELIMIT);
  ck_assert_uint_eq (wgi_tape_count (&t), 299);
  ck_assert_double_eq (y.value, 1);
  wgi_tape_close (&t), wgi_tape_free (&t);
}
END_TEST

int main (void)
{
  Suite *s = suite_create ("tape");
  TCase *t = tcase_create ("tape");
  tcase_set_timeout (t, 60);
  tcase_add_loop_test (t, rows_record, 0, RP_ROWS);
  tcase_add_test (t, constants_are_not_merged);
  tcase_add_test (t, long_tapes);
  tcase_add_test (t, generations);
  tcase_add_test (t, sizes);
  tcase_add_test (t, arrays_grow);
  tcase_add_test (t, first_error_stays);
  tcase_add_test (t, too_many_inputs);
  suite_add_tcase (s, t);
  return run_suite (s);
}
