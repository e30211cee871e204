/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Looking into functions: what wg_fun_describe and wg_print say.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include <wengert.h>

#include "printed.h"
#include "runner.h"

static void model_small (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  const wg_var p = wg_param (x[0], 0, 2.5);
  wg_var s = wg_add (wg_mul (x[0], x[1]), wg_mul (p, wg_exp (x[0])));
  if (wg_lt (x[1], 3.25)) s = wg_add (s, wg_sin (x[1]));
  y[0] = s;
  y[1] = wg_mul (1.75, wg_sin (x[1]));
}

START_TEST (description)
{
  wg_fun *f = wg_fun_record (model_small, NULL, 2, 2, (double[]){ .5, 1.25 });
  wg_fun_info i;
  FILE *out = opened ();
  ck_assert_int_eq (wg_fun_describe (f, out), WG_OK);
  fclose (out);
  ck_assert_int_eq (wg_fun_get_info (f, &i), WG_OK);
  ck_assert_uint_eq (i.n, 2);
  ck_assert_uint_eq (i.m, 2);
  ck_assert_uint_eq (i.params, 1);
  ck_assert_uint_eq (i.guards, 1);
  ck_assert_uint_eq (i.recorded, 9);
  ck_assert_uint_eq (i.operations, 7);             /* one product fused, one sine shared */
  ck_assert_uint_eq (i.constants, 2);
  ck_assert_uint_eq (i.calls, 0);
  ck_assert_uint_eq (i.recordings, 1);
  ck_assert_uint_eq (i.forgotten, 0);
  ck_assert (says ("2 inputs and 1 parameters, 2 outputs"));
  ck_assert (says ("7 operations of 9 recorded, 1 guards and 0 calls among them; 2 constants"));
  ck_assert (says ("guard lt"));
  ck_assert (says ("sin                1"));
  ck_assert (says ("muladd             1"));
  ck_assert (says ("mul                2"));
  ck_assert (!says ("cos"));
  ck_assert (strstr (printed, "  mul ") < strstr (printed, "  sin "));      /* the most frequent first */
  ck_assert_int_eq (wg_fun_describe (NULL, stderr), WG_EINVAL);
  ck_assert_int_eq (wg_fun_describe (f, NULL), WG_EINVAL);
  ck_assert_int_eq (wg_fun_get_info (f, NULL), WG_EINVAL);
  ck_assert_int_eq (wg_fun_get_info (NULL, &i), WG_EINVAL);
  wg_fun_free (f);
}
END_TEST

/* wg_print */

static void model_print (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m;
  static wg_var kept;
  FILE *out = ctx;
  if (kept.ids) wg_print (out, "kept", kept);
  wg_print (out, "x", x[1]);
  kept = wg_exp (x[0]);
  wg_print (out, NULL, kept);
  wg_print (out, "two", wg_num (2));
  wg_print (out, "p", wg_param (x[0], 3, .5));
  wg_print (NULL, "nowhere", x[0]);
  y[0] = kept;
}

START_TEST (printing)
{
  FILE *out = opened ();
  wg_fun *f = wg_fun_record (model_print, out, 2, 1, (double[]){ 0, 1.25 });
  wg_fun *g = wg_fun_record (model_print, out, 2, 1, (double[]){ 0, 1.25 });
  wg_fun_info i;
  fclose (out);
  ck_assert_str_eq (printed, "x = 1.25  slot 1\n1  slot 2\ntwo = 2  literal\np = 0.5  parameter 3\n"
                    "kept = 1  stale\nx = 1.25  slot 1\n1  slot 2\ntwo = 2  literal\np = 0.5  parameter 3\n");
  ck_assert_int_eq (wg_fun_get_info (f, &i), WG_OK);
  ck_assert_uint_eq (i.recorded, 1);               /* printing records nothing */
  wg_fun_free (f), wg_fun_free (g);
}
END_TEST

int main (void)
{
  Suite *s = suite_create ("inspect");
  TCase *t = tcase_create ("inspect");
  tcase_add_test (t, description);
  tcase_add_test (t, printing);
  suite_add_tcase (s, t);
  const int failed = run_suite (s);
  free (printed);
  return failed;
}
