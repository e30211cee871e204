/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * The table of kinks is what dual numbers on both sides of a point say, row by row.
 */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <wengert.h>

#include "printed.h"
#include "runner.h"

/* Every row as a model and as a dual number. */
typedef struct { const char *name; int operands; wg_model *model; wg_dual (*dual) (const wg_dual x[3]); } row;

#define K 1             /* the immediate of rows that have one */
#define C 1.5           /* a literal exponent; C - K is .5 */

#include <wengert/words_begin.h>
#define MODEL(name, e) static void model_##name (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx) \
  { (void) n, (void) m, (void) ctx; y[0] = e; }
#define DUAL(name, e)  static wg_dual dual_##name (const wg_dual x[3]) { return e; }
#define ROW1(name, ma)         MODEL (name, wg_var_##name (x[0])) DUAL (name, wg_dual_##name (x[0]))
#define ROW1K(name, ma)        MODEL (name, wg_var_##name (x[0], K)) DUAL (name, wg_dual_##name (x[0], K))
#define ROW1C(name, ma)        MODEL (name, wg_var_##name (x[0], C, K)) DUAL (name, wg_dual_##name (x[0], C, K))
#define ROW2(name, ma, mb)     MODEL (name, wg_var_##name (x[0], x[1])) DUAL (name, wg_dual_##name (x[0], x[1]))
#define ROW2K(name, ma, mb)    MODEL (name, wg_var_##name (x[0], x[1], K)) DUAL (name, wg_dual_##name (x[0], x[1], K))
#define ROW3(name, ma, mb, mc) MODEL (name, wg_var_##name (x[0], x[1], x[2])) DUAL (name, wg_dual_##name (x[0], x[1], x[2]))
#define FLAT1(name)            ROW1 (name, )
#define FLAT2(name)            ROW2 (name, , )
#include <wengert/rules.def>
#undef ROW1
#undef ROW1K
#undef ROW1C
#undef ROW2
#undef ROW2K
#undef ROW3
#define ROW1(name, ma)         { #name, 1, model_##name, dual_##name },
#define ROW1K                  ROW1
#define ROW1C                  ROW1
#define ROW2(name, ma, mb)     { #name, 2, model_##name, dual_##name },
#define ROW3(name, ma, mb, mc) { #name, 3, model_##name, dual_##name },
#define ROW2K                  ROW2
static const row rows[] = {
#include <wengert/rules.def>
};
#include <wengert/words_end.h>

/* Is it not smooth along v at x, going by values and derivatives at x - h v and x + h v, and the value at x? */
static int rough_along (const row *r, const double x[3], const double v[3])
{
  const double h = 1e-7;
  wg_dual at[3] = { { 0 } }, y[3];
  for (int side = 0; side < 3; side++)
    {
      for (int j = 0; j < r->operands; j++) at[j] = wg_dual_make (x[j] + (side - 1)*h*v[j], v[j]);
      y[side] = r->dual (at);
    }
  return !(fabs (y[2].v - y[0].v) < 1e-4) || !(fabs (y[2].v - y[1].v) < 1e-4) || !(fabs (y[2].d - y[0].d) < 1e-3);
}

START_TEST (kinks_of_rows)
{
  static const double grid[] = { -1, 0, .5, 1, 2, -.75, 1.3125 };
  static const double along[][3] = { { 1, 0, 0 }, { 0, 1, 0 }, { 0, 0, 1 }, { 1, .6, -.8 }, { .3, -1, .5 } };
  enum { POINTS = sizeof grid/sizeof *grid };
  const row *r = &rows[_i];
  const size_t n = (size_t) r->operands;
  const double x0[3] = { .53125, .71875, .84375 };
  const int choice = !strcmp (r->name, "select"), power = !strcmp (r->name, "powk");
  wg_fun *f = wg_fun_record (r->model, NULL, n, 1, x0);
  ck_assert_msg (f != NULL, "%s", wg_last_error ());
  for (int k = 0; k < POINTS*POINTS*POINTS; k++)
    {
      double x[3] = { grid[k % POINTS], grid[k/POINTS % POINTS], grid[k/POINTS/POINTS] }, y;
      size_t kinks = 77;
      int rough = 0;
      if (wg_eval (f, x, &y) != WG_OK) continue;
      ck_assert_int_eq (wg_fun_kinks (f, &kinks, NULL), WG_OK);
      /* the mask of a select, and the exponent of a negative power, are not moved */
      for (size_t d = 0; d < sizeof along/sizeof *along; d++)
        {
          double v[3] = { choice ? 0 : along[d][0], power ? 0 : along[d][1], along[d][2] };
          rough |= rough_along (r, x, v);
        }
      ck_assert_msg (kinks == (size_t) rough, "%s at %g %g %g: %zu kinks, rough %d", r->name, x[0], x[1], x[2], kinks, rough);
    }
  wg_fun_free (f);
}
END_TEST

static void model_kinks (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m;
  wg_var z[4];
  const wg_var p = wg_param (x[0], 0, 0);
  wg_call (ctx, x, NULL, z);
  wg_call (ctx, (wg_var[]){ wg_add (x[0], 100), x[1] }, NULL, z + 2);
  z[0] = wg_add (wg_add (z[0], z[2]), wg_add (wg_abs (p), wg_add (z[1], wg_max (x[0], x[1]))));        /* |p| does not depend on x */
  if (wg_le (x[0], 1.5) && wg_index (x[1]) == 1) z[0] = wg_mul (2, z[0]);
  y[0] = wg_select (wg_is_lt (x[0], x[1]), z[0], wg_peek (x[1]));
}

static void model_kinks_inner (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  y[0] = wg_relu (wg_sub (x[0], x[1]));
  y[1] = wg_sqr (x[0]);
}

START_TEST (kinks_of_programs)
{
  double y;
  size_t kinks;
  wg_fun *inner = wg_fun_record (model_kinks_inner, NULL, 2, 2, (double[]){ 1, 2 });
  wg_fun *f = wg_fun_record (model_kinks, inner, 2, 1, (double[]){ 1.25, 1.75 });
  ck_assert_int_eq (wg_fun_kinks (f, &kinks, NULL), WG_EINVAL);                /* no last point */
  ck_assert_int_eq (wg_fun_kinks (NULL, &kinks, NULL), WG_EINVAL);
  ck_assert_int_eq (wg_eval (f, (double[]){ 1.25, 1.75 }, &y), WG_OK);
  ck_assert_int_eq (wg_fun_kinks (f, &kinks, NULL), WG_OK);
  ck_assert_uint_eq (kinks, 0);
  ck_assert_int_eq (wg_eval (f, (double[]){ 1.5, 1.75 }, &y), WG_OK);
  ck_assert_int_eq (wg_fun_kinks (f, &kinks, NULL), WG_OK);
  ck_assert_uint_eq (kinks, 1);                    /* le */
  ck_assert_int_eq (wg_eval (f, (double[]){ 1, 1 }, &y), WG_OK);
  FILE *out = opened ();
  ck_assert_int_eq (wg_fun_kinks (f, &kinks, out), WG_OK);
  fclose (out);
  ck_assert_msg (kinks == 4, "%zu kinks\n%s", kinks, printed);                 /* relu, max, index, is_lt */
  ck_assert (says ("in a call: relu, operation") && says ("max, operation") && says ("guard index") && says (": 1, 1\n"));
  ck_assert_int_eq (wg_fun_kinks (f, NULL, NULL), WG_OK);
  wg_fun_free (f), wg_fun_free (inner);
}
END_TEST

int main (void)
{
  Suite *s = suite_create ("kinks");
  TCase *t = tcase_create ("kinks");
  tcase_add_loop_test (t, kinks_of_rows, 0, sizeof rows/sizeof *rows);
  tcase_add_test (t, kinks_of_programs);
  suite_add_tcase (s, t);
  const int failed = run_suite (s);
  free (printed);
  return failed;
}
