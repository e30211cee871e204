/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * What fails in maps on threads: the status and the words are those of one thread, nothing is left behind, and what does not fail is
 * right; in batches, which are maps over points, too.
 * To be run under the thread sanitizer too: ./configure --enable-sanitize=thread.
 */
#include "map_threads.h"
#include "runner.h"

/* Fails where the row says so, and tells which row. */
static int picky (size_t n, const double x[], size_t m, double y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  y[0] = sin (x[0]);
  return x[0] > 1000;
}

static const wg_rules rules = { .name = "picky", .eval = picky, .vjp = sine_vjp };

static void failing (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  smooth (n, x, m, y, ctx);
  if (wg_lt (x[4], 999.0)) return;
  if (wg_lt (x[4], 1001.0)) wg_raise (x[4], "a course that does not exist");
  wg_call_custom (&rules, NULL, 1, x + 4, 1, y);
}

/* Batches: each driver, with branches that are found on the way, items that are not finite, and one that is an error. */

static void one_output (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  wg_var t[OUTPUTS];
  (void) m;
  failing (n, x, OUTPUTS, t, ctx);
  y[0] = wg_mul (t[0], t[1]);
}

static void batches (wg_fun *f, wg_fun *g, size_t count, const double X[], const double P[], int what, numbers *a)
{
  const size_t n = wg_fun_n (f), m = wg_fun_m (f);
  for (int driver = 0; driver < 5; driver++)
    {
      double *y = more (a, count*(m + m*n + n) + 2), *G = y + count*m, *H = G + count*m*n, *told = H + count*n;
      const size_t ldp = P ? PARAMS : 0;
      int rc = 0;
      switch (driver)
        {
        case 0: rc = wg_eval_batch (f, count, X, n, P, ldp, y); break;
        case 1: rc = wg_gradient_batch (g, count, X, n, P, ldp, y, G); break;
        case 2: rc = wg_hvp_batch (g, count, X, n, P, ldp, X + 3, n, y, G, H); break;
        case 3: rc = wg_jacobian_batch (f, count, X, n, P, ldp, y, G); break;
        case 4: rc = wg_jacobian_batch (g, count, X, n, P, ldp, y, NULL); break;
        }
      wg_fun_info info;
      FINE (wg_fun_get_info (driver == 0 || driver == 3 ? f : g, &info));
      told[0] = rc, told[1] = (double) info.batch_done;
      ck_assert_int_eq (rc, what == 0 ? WG_OK : what == 1 ? WG_NONFINITE : WG_EMODEL);
      ck_assert_uint_eq (info.batch_done, what == 2 ? 1777 : count);
    }
}

START_TEST (batches_too)
{
  enum { COUNT = 3000, N = SHARED + ROW + 1 };
  numbers one = { 0, NULL };
  double *X = point ((COUNT + 1)*N, .4);
  if (_i == 1) X[N*700 + 5] = INFINITY, X[N*2900] = NAN, X[N*64 + 4] = NAN;
  if (_i == 2) X[N*1777 + 4] = 1000, X[N*2500 + 4] = 2000;
  for (size_t k = 0; k < sizeof crews/sizeof *crews; k++)
    {
      witness w = { .branching = 1, .scale = 1, .home = pthread_self () };
      wg_fun *f = agree_record (failing, &w, N, OUTPUTS, X), *g = agree_record (one_output, &w, N, 1, X);
      numbers now = { 0, NULL };
      FINE (wg_fun_set_threads (f, crews[k]));
      FINE (wg_fun_set_threads (g, crews[k]));
      for (int round = 0; round < 3; round++) batches (f, g, COUNT, X, round < 2 ? data : NULL, _i, &now);
      if (!k) one = now;
      else same ("", &now, &one), free (now.v);
      ck_assert_int_eq (w.elsewhere, 0);
      wg_fun_free (f), wg_fun_free (g);
    }
  free (one.v), free (X);
}
END_TEST

/* Errors, of a model and of a callback, in several chunks: the first one's status and words, nothing written; then all is well again. */
START_TEST (errors_are_the_first)
{
  static const struct { size_t item; double value; } bad[2][3] = { { { 3000, 2000 }, { 1500, 1000 }, { 4400, 1000 } },
                                                                   { { 3000, 1000 }, { 1500, 2000 }, { 200, 3000 } } };
  char text[2][256];
  int rc[2];
  double *x = point (inputs (ITEMS), 0), *g = point (inputs (ITEMS), 0), y = 7;
  for (size_t k = 0; k < sizeof crews/sizeof *crews; k++)
    {
      witness w = { .branching = 1, .scale = 1 };
      loop c = { .items = ITEMS, .sum = 1 };
      wg_fun *body, *f = threaded (failing, &w, &c, crews[k], &body);
      numbers before = all_of (f, x);
      for (int s = 0; s < 2; s++)
        {
          double *z = point (inputs (ITEMS), 0);
          for (int i = 0; i < 3; i++) z[SHARED + bad[s][i].item] = bad[s][i].value;
          g[0] = 7;
          const int now = wg_gradient (f, z, &y, g);
          ck_assert (now == WG_EMODEL && y == 7 && g[0] == 7);
          if (!k) rc[s] = now, snprintf (text[s], sizeof text[s], "%s", wg_last_error ());
          ck_assert_int_eq (now, rc[s]);
          ck_assert_str_eq (wg_last_error (), text[s]);
          numbers after = all_of (f, x);
          same ("after an error", &after, &before);
          free (after.v), free (z);
        }
      free (before.v);
      ck_assert_int_eq (w.elsewhere, 0);
      wg_fun_free (f), wg_fun_free (body);
    }
  free (x), free (g);
}
END_TEST

/* What a callback inside says shows up as a notice where it spoils results; counters of scans are those of one thread. */
START_TEST (notices_and_counters)
{
  wg_scan_info one = { 0 };
  double *x = point (inputs (ITEMS), 0), *g = point (inputs (ITEMS), 0), y;
  for (size_t k = 0; k < sizeof crews/sizeof *crews; k++)
    {
      witness w = { .scale = 1 };
      loop c = { .items = ITEMS, .sum = 1 };
      wg_fun *body, *in = agree_record (step, NULL, 2, 1, (double[]){ 1, 2 });
      w.in = in;
      wg_fun *f = threaded (scanning, &w, &c, crews[k], &body);
      FINE (wg_fun_set_checkpoints (f, 40));
      FINE (wg_gradient (f, x, &y, g));
      wg_scan_info now;
      FINE (wg_fun_get_scan_info (f, &now));
      if (!k) one = now;
      ck_assert (now.limit == 40 && now.reversed == one.reversed && now.again == one.again && now.states == one.states);
      ck_assert_uint_gt (now.reversed, 0);
      x[SHARED + 2000] = INFINITY;
      ck_assert_int_eq (wg_gradient (f, x, &y, g), WG_NONFINITE);
      x[SHARED + 2000] = 0;
      wg_fun_free (f), wg_fun_free (body), wg_fun_free (in);
    }
  free (x), free (g);
}
END_TEST

/* A body whose model needs itself, through a function with threads: refused, not waited for. */

static wg_fun *itself;

static void vicious (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  smooth (n, x, m, y, ctx);
  if (wg_lt (x[4], 999.0)) return;
  double *z = point (wg_fun_n (itself), 0), value;
  for (size_t i = 0; i < ITEMS; i++) z[SHARED + i] = i % 2 ? 1000 : 0;
  const int rc = wg_eval (itself, z, &value);
  free (z);
  if (rc) wg_raise (x[4], wg_strerror (rc));
}

START_TEST (models_that_need_themselves)
{
  witness w = { .scale = 1 };
  loop c = { .items = ITEMS, .sum = 1 };
  double *x = point (inputs (ITEMS), .1), y;
  wg_fun *body, *f = threaded (vicious, &w, &c, 3, &body);
  itself = wg_fun_clone (f);
  x[SHARED + 100] = 1000;
  ck_assert_int_eq (wg_eval (f, x, &y), WG_EMODEL);
  ck_assert_msg (strstr (wg_last_error (), wg_strerror (WG_EBUSY)) != NULL, "%s", wg_last_error ());
  free (x);
  wg_fun_free (itself), wg_fun_free (f), wg_fun_free (body);
}
END_TEST

START_TEST (refusals)
{
  witness w = { .scale = 1 };
  loop c = { .items = 50, .sum = 1 };
  wg_fun *body, *f = threaded (smooth, &w, &c, 1024, &body);
  ck_assert_int_eq (wg_fun_set_threads (NULL, 1), WG_EINVAL);
  ck_assert_int_eq (wg_fun_set_threads (f, 0), WG_EINVAL);
  ck_assert_int_eq (wg_fun_set_threads (f, -3), WG_EINVAL);
  ck_assert_int_eq (wg_fun_set_threads (f, 1025), WG_EINVAL);
  ck_assert_int_eq (wg_fun_status (f), WG_EINVAL);
  wg_fun_free (f), wg_fun_free (body);
}
END_TEST

int main (void)
{
  Suite *s = suite_create ("threads of maps: errors");
  TCase *batch = group (s, "batches"), *errors = group (s, "errors");
  tcase_add_loop_test (batch, batches_too, 0, 3);
  tcase_add_test (errors, errors_are_the_first);
  tcase_add_test (errors, notices_and_counters);
  tcase_add_test (errors, models_that_need_themselves);
  tcase_add_test (errors, refusals);
  return run_suite (s);
}
