/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Rolled loops in loops: products of matrices, components within items, sums by row of which a maximum, a product or sums so far are taken
 * outside.
 */
#include <stdlib.h>
#include <string.h>

#include "rolling.h"
#include "runner.h"

MODEL (nest)                     /* components within items, as in a mixture: a matrix of variables, a table, results of the inner loop */
{
  COUNT;
  wg_var t[24];
  y[0] = wg_num (0);
  for (size_t i = 0; i < count; i++)
    {
      for (size_t k = 0; k < 24; k++)
        {
          t[k] = wg_num (0);
          for (size_t j = 0; j < 72; j++)
            t[k] = wg_add (t[k], wg_mul (data[k], wg_abs (wg_sub (wg_mul (data[12*i + j], x[j % n]), x[(k + j) % n]))));
        }
      wg_var top = t[0];
      for (size_t k = 1; k < 24; k++) top = wg_max (top, t[k]);
      y[0] = wg_sub (y[0], top);
    }
}

MODEL (products)                 /* of matrices and vectors: nests of which only sums that begin anew tell */
{
  COUNT;
  wg_var *r = malloc (count*sizeof *r);
  for (size_t i = 0; i < count; i++)
    {
      r[i] = wg_num (0);
      for (size_t j = 0; j < n; j++) r[i] = wg_add (r[i], wg_mul (data[i*n + j], x[j]));
    }
  y[0] = wg_num (0);
  for (size_t i = 0; i < n; i++)
    {
      wg_var z = x[i];
      for (size_t j = 0; j < count; j++) z = wg_add (z, wg_mul (data[i*count + j], r[j]));
      y[0] = wg_add (y[0], z);
    }
  free (r);
}

MODEL (largest)                  /* a maximum and a product of signs stay outside, terms do not */
{
  COUNT;
  wg_var top = x[0], sign = wg_num (1), s = wg_num (0);
  for (size_t i = 0; i < count; i++)
    {
      wg_var z = wg_num (i % 5);
      for (size_t j = 0; j < n; j++) z = wg_add (z, wg_mul (data[i*n + j], x[j]));
      top = wg_max (top, z), sign = wg_mul (sign, wg_sign (z)), s = wg_sub (s, wg_abs (z));
    }
  y[0] = wg_add (wg_mul (top, sign), s);
}

MODEL (averages)                 /* a sum that is seen in each trip, one in the middle, one only in the end */
{
  COUNT;
  wg_var s = x[0], t = wg_num (0), u = wg_num (1);
  for (size_t i = 0; i < count; i++)
    {
      wg_var z = wg_mul (data[i], x[1]), w = x[2];
      for (size_t j = 0; j < n; j++) z = wg_sub (z, wg_mul (data[i*n + j], x[j])), w = wg_add (w, wg_min (z, x[j]));
      s = wg_add (z, s), t = wg_sub (t, w), u = wg_add (u, wg_max (w, x[1]));
      if (i == count/3) y[1] = t;
      if (i == 0) y[2] = s;
      else y[2] = wg_max (y[2], s);
    }
  y[0] = wg_add (u, t);
}

static const rolled_case known[] = {
  { "nest", nest, 1, 17, 1, 90 }, { "products", products, 1, 90, 2, 90 },
  { "running maximum", largest, 1, TRIPS, 1, 90 }, { "running sums in use", averages, 3, TRIPS, 1, 90 },
};

START_TEST (test_known) { agree_rolled (&known[_i]); } END_TEST

/* the loop in the loop is found in the body */

START_TEST (test_nest)
{
  size_t trips = 17;
  double x[AGREE_MOST];
  wg_fun *f[2];
  char *text = NULL;
  size_t size;
  FILE *out = open_memstream (&text, &size);
  set_data ();
  for (size_t i = 0; i < AGREE_MOST; i++) x[i] = (double) (i*i % 11) - 5;
  record_both (nest, &trips, N, 1, x, f);
  ck_assert_int_eq (wg_fun_describe (f[1], out), WG_OK);
  fclose (out);
  ck_assert_msg (strstr (text, "loop rolled: 17 trips of") && strstr (text, "in it a  loop rolled: 24 trips of"), "%.500s", text);
  free (text);
  for (int s = 0; s < 2; s++) wg_fun_free (f[s]);
}
END_TEST

int main (void)
{
  Suite *s = suite_create ("nests");
  TCase *t = tcase_create ("nests");
  tcase_set_timeout (t, 0);
  tcase_add_loop_test (t, test_known, 0, (int) (sizeof known/sizeof *known));
  tcase_add_test (t, test_nest);
  suite_add_tcase (s, t);
  return run_suite (s);
}
