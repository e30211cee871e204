/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Checks along a line and of recordings: derivatives that are right are never called wrong, whatever the noise, the scale, kinks
 * close by or the edge of a domain; derivatives that are wrong by a known amount are.  Wrong ones come from custom
 * functions whose rules lie; models that are no functions of their variables from every way that there is.
 */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <wengert.h>

#include "runner.h"

/* y = exp (a x0) sin (x1) + x0^3 x1, and its derivatives with an error in each */
typedef struct { double scale, gradient, hessian, antisymmetric, noise; int kink; } lie;

static double value_of (const double x[], const lie *l)
{
  double y = exp (l->scale*x[0])*sin (x[1]) + x[0]*x[0]*x[0]*x[1];
  if (l->kink) y += fabs (x[0] - .5);
  uint64_t h;
  memcpy (&h, &y, sizeof h);
  h = (h ^ h >> 30)*0xbf58476d1ce4e5b9u;
  h = (h ^ h >> 27)*0x94d049bb133111ebu;
  return y + l->noise*((double) (h >> 11)*0x1p-53 - .5);
}

static int lie_eval (size_t n, const double x[], size_t m, double y[], void *ctx)
{
  (void) n, (void) m;
  y[0] = value_of (x, ctx);
  return 0;
}

static int lie_vjp (size_t n, const double x[], size_t m, const double u[], double uj[], void *ctx)
{
  (void) n, (void) m;
  const lie *l = ctx;
  const double e = exp (l->scale*x[0]);
  uj[0] = u[0]*(l->scale*e*sin (x[1]) + 3*x[0]*x[0]*x[1])*(1 + l->gradient);
  uj[1] = u[0]*(e*cos (x[1]) + x[0]*x[0]*x[0]);
  return 0;
}

static int lie_hvp (size_t n, const double x[], size_t m, const double u[], const double v[], double hv[], void *ctx)
{
  (void) n, (void) m;
  const lie *l = ctx;
  const double e = exp (l->scale*x[0]), a = (l->scale*l->scale*e*sin (x[1]) + 6*x[0]*x[1])*(1 + l->hessian),
               b = l->scale*e*cos (x[1]) + 3*x[0]*x[0], c = -e*sin (x[1]);
  hv[0] = u[0]*(a*v[0] + b*(1 + l->antisymmetric)*v[1]);
  hv[1] = u[0]*(b*v[0] + c*v[1]);
  return 0;
}

static wg_fun *liar (const lie *l, int second)
{
  return wg_fun_custom (&(wg_rules){ .eval = lie_eval, .vjp = lie_vjp, .hvp = second ? lie_hvp : NULL }, (void *) l, 2, 1);
}

static const double point[2] = { .5, 1.25 };

START_TEST (taylor_tells_wrong_from_right)
{
  static const struct { lie l; int verdict; size_t row; } cases[] = {
    { { .scale = 1 }, WG_OK, 0 }, { { .scale = .01 }, WG_OK, 0 }, { { .scale = 300 }, WG_OK, 0 }, { { .scale = -1e4 }, WG_OK, 0 },
    { { .scale = 1, .gradient = 1e-3 }, WG_DISAGREE, 2 }, { { .scale = 1, .gradient = -2 }, WG_DISAGREE, 2 },
    { { .scale = 1, .gradient = 1e-5 }, WG_DISAGREE, 2 }, { { .scale = 1, .gradient = 1e-8 }, WG_OK, 0 }, { { .scale = 1, .gradient = 2e-7 }, WG_OK, 0 },
    { { .scale = 300, .gradient = 1e-3 }, WG_DISAGREE, 2 },
    { { .scale = 1, .hessian = .01 }, WG_DISAGREE, 3 }, { { .scale = 1, .hessian = -1 }, WG_DISAGREE, 3 },
    { { .scale = 30, .hessian = .1 }, WG_DISAGREE, 3 },
  };
  for (size_t i = 0; i < sizeof cases/sizeof *cases; i++)
    for (uint64_t seed = 0; seed < 6; seed++)
      {
        wg_check_report r;
        wg_fun *f = liar (&cases[i].l, 1);
        const int rc = wg_check_taylor (f, point, &(wg_check_options){ .seed = seed }, &r);
        ck_assert_msg (rc == cases[i].verdict && rc == r.verdict, "case %zu, seed %d: %s: %s: slopes %g %g %g", i, (int) seed,
                       wg_strerror (rc), wg_last_error (), r.slope[0], r.slope[1], r.slope[2]);
        ck_assert_uint_eq (r.checked, 3);
        if (rc) ck_assert_uint_eq (r.row, cases[i].row);
        if (rc) ck_assert (fabs (r.difference - (double) (r.row - 1)) < .25 && r.derivative == (double) r.row && r.disagreeing == 1);
        if (!rc && cases[i].l.scale == 1 && cases[i].l.gradient == 0)
          for (int p = 0; p < 3; p++) ck_assert_msg (fabs (r.slope[p] - (p + 1)) < .1, "slope %d is %g", p, r.slope[p]);
        wg_fun_free (f);
      }
}
END_TEST

/* Noise hides errors; it is never one. */
START_TEST (taylor_under_noise)
{
  for (int e = -13; e <= 0; e++)
    for (uint64_t seed = 0; seed < 8; seed++)
      {
        const lie right = { .scale = 1, .noise = pow (10, e) }, wrong = { .scale = 1, .noise = pow (10, e), .gradient = .1 };
        wg_fun *f = liar (&right, 1), *g = liar (&wrong, 1);
        const wg_check_options o = { .seed = seed };
        wg_check_report r;
        const int rc = wg_check_taylor (f, point, &o, &r);
        ck_assert_msg (rc == WG_OK || rc == WG_UNSURE, "noise 1e%d: %s", e, wg_last_error ());
        if (e <= -9) ck_assert_int_eq (wg_check_taylor (g, point, &o, NULL), WG_DISAGREE);
        wg_fun_free (f), wg_fun_free (g);
      }
}
END_TEST

START_TEST (taylor_at_kinks)
{
  const lie l = { .scale = 1, .kink = 1 };
  wg_check_report r;
  wg_fun *f = liar (&l, 1);
  ck_assert_int_eq (wg_check_taylor (f, point, NULL, &r), WG_UNSURE);          /* on the kink */
  ck_assert_uint_eq (r.row, 2);
  wg_fun_free (f);
  f = liar (&l, 0);
  ck_assert_int_eq (wg_check_taylor (f, point, NULL, &r), WG_UNSURE);
  ck_assert_uint_eq (r.checked, 2);                                            /* no second derivatives */
  ck_assert (isnan (r.slope[2]));
  wg_fun_free (f);
}
END_TEST

/* Recorded functions: right by law. */

static void model_smooth (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) ctx;
  for (size_t i = 0; i < m; i++)
    {
      y[i] = wg_num (0);
      for (size_t j = 0; j + 1 < n; j++)
        y[i] = wg_add (y[i], wg_mul (wg_sin (wg_mul (x[j], (double) (i + 1))), wg_exp (wg_mul (.25, x[j+1]))));
    }
}

static void model_linear (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) m, (void) ctx;
  y[0] = wg_num (1e3);
  for (size_t j = 0; j < n; j++) y[0] = wg_add (y[0], wg_mul (1.1*(double) j - .7, x[j]));
}

static void model_quadratic (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) m, (void) ctx;
  y[0] = wg_num (.1);
  for (size_t j = 0; j < n; j++) y[0] = wg_add (y[0], wg_mul (x[j], x[(j + 1) % n]));
}

/* Loses eight digits on the way. */
static void model_cancelling (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) m, (void) ctx;
  wg_var s = wg_num (0), t = wg_num (0);
  for (size_t j = 0; j < n; j++) s = wg_add (s, wg_sin (wg_mul (x[j], x[(j + 1) % n]))), t = wg_add (t, wg_sqr (x[j]));
  y[0] = wg_mul (1e8, wg_sub (wg_exp (wg_add (s, wg_mul (1e-8, t))), wg_exp (s)));
}

static void model_constant (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  y[0] = wg_mul (0, x[0]);
}

/* A kink at 1e-4 from the point, and the edge of a domain. */
static void model_edges (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  y[0] = wg_add (wg_relu (wg_sub (x[0], .7501)), wg_mul (x[1], wg_log (wg_sub (x[0], .74))));
}

/* Gives up a little away. */
static void model_narrow (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  if (wg_gt (wg_abs (wg_sub (x[0], .75)), .001)) wg_raise (x[0], "outside");
  y[0] = wg_mul (wg_exp (x[0]), x[1]);
}

enum { N = 6 };

START_TEST (right_ones)
{
  static const struct { wg_model *model; size_t m; } cases[] = {
    { model_smooth, 1 }, { model_smooth, 3 }, { model_linear, 1 }, { model_quadratic, 1 }, { model_constant, 1 }, { model_edges, 1 },
    { model_narrow, 1 }, { model_cancelling, 1 },
  };
  const double x[N] = { .75, -1.25, .375, 2.125, -.875, 1.625 };
  wg_fun *f = wg_fun_record (cases[_i].model, NULL, N, cases[_i].m, x);
  ck_assert_msg (f != NULL, "%s", wg_last_error ());
  for (uint64_t seed = 0; seed < 20; seed++)
    {
      const wg_check_options o = { .seed = seed };
      wg_check_report r;
      double y[3];
      int rc = wg_check_taylor (f, x, &o, &r);
      ck_assert_msg (rc == WG_OK || (cases[_i].model == model_cancelling && rc == WG_UNSURE), "seed %d: %s: %g %g %g", (int) seed, wg_last_error (), r.slope[0], r.slope[1], r.slope[2]);
      ck_assert_int_eq (wg_eval (f, NULL, y), WG_OK);                          /* the last point is x */
      rc = wg_check_symmetry (f, x, &o, &r);
      ck_assert_msg (rc == WG_OK, "seed %d: %s", (int) seed, wg_last_error ());
      ck_assert (fabs (r.derivative - r.difference) <= r.bound && r.checked == 1);
      if (seed < 3) ck_assert_msg (wg_check_replay (f, x, &o, &r) == WG_OK || (cases[_i].model == model_narrow && r.verdict == WG_UNSURE), "%s", wg_last_error ());
    }
  wg_fun_free (f);
}
END_TEST

START_TEST (asymmetric)
{
  for (int e = -6; e <= 0; e++)
    {
      const lie l = { .scale = 1, .antisymmetric = pow (10, e) };
      wg_check_report r;
      wg_fun *f = liar (&l, 1);
      ck_assert_int_eq (wg_check_symmetry (f, point, NULL, &r), WG_DISAGREE);
      ck_assert (r.disagreeing == 1 && fabs (r.derivative - r.difference) > r.bound);
      wg_fun_free (f);
    }
}
END_TEST

/* sweep */

START_TEST (sweep_table)
{
  char *text;
  size_t size, lines = 0;
  const lie l = { .scale = 1 };
  wg_fun *f = liar (&l, 0);
  FILE *out = open_memstream (&text, &size);
  ck_assert_int_eq (wg_check_sweep (f, point, NULL, out), WG_OK);
  fclose (out);
  double delta, forward, central, best_forward = 1, best_central = 1, at_forward = 0, at_central = 0, last_central = 0;
  for (char *line = strtok (text, "\n"); line; line = strtok (NULL, "\n"))
    {
      if (*line == '#') continue;
      ck_assert_int_eq (sscanf (line, "%lf %lf %lf", &delta, &forward, &central), 3);
      lines++;
      if (forward < best_forward) best_forward = forward, at_forward = delta;
      if (central < best_central) best_central = central, at_central = delta;
      last_central = central;
    }
  ck_assert_uint_eq (lines, 33);
  /* sqrt (eps) and cbrt (eps), within what the constants of this function may do */
  ck_assert_msg (best_forward < 1e-6 && at_forward > 1e-10 && at_forward < 1e-6, "%g at %g", best_forward, at_forward);
  ck_assert_msg (best_central < 1e-9 && at_central > 1e-7 && at_central < 1e-3, "%g at %g", best_central, at_central);
  ck_assert_double_gt (last_central, 1e-3);
  ck_assert_int_eq (wg_check_sweep (f, point, NULL, NULL), WG_EINVAL);
  wg_fun_free (f);
  free (text);
}
END_TEST

/* replay: models that are no functions of x */

static int runs;

static void model_reads_value (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  y[0] = wg_mul (x[0].value, x[1]);
}

static void model_counts (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  y[0] = wg_mul (x[0], (double) ++runs);
}

/* Does not show in any value: multiplied by a zero that only the list knows. */
static void model_uninitialised (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  const double junk = ++runs;
  y[0] = wg_add (x[0], wg_mul (wg_mul (x[1], 0), junk));
}

static void model_structure (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  y[0] = x[0].value > .75 ? wg_exp (x[1]) : wg_sin (x[1]);                     /* a branch without a guard */
}

static void model_random_structure (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  y[0] = x[0];
  for (int k = 0; k < runs % 3; k++) y[0] = wg_neg (wg_neg (y[0]));
  runs++;
}

static void model_ctx (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m;
  y[0] = wg_mul (*(double *) ctx, wg_sqr (x[0]));
}

START_TEST (replay_finds)
{
  static const struct { wg_model *model; const char *says; } cases[] = {
    { model_reads_value, NULL }, { model_counts, "constant 0 is" }, { model_uninitialised, "constant" }, { model_structure, NULL },
    { model_random_structure, NULL },
  };
  const double x[2] = { .75, 1.25 };
  wg_check_report r;
  runs = 0;
  wg_fun *f = wg_fun_record (cases[_i].model, NULL, 2, 1, x);
  ck_assert_msg (wg_check_replay (f, x, NULL, &r) == WG_DISAGREE, "%s", wg_last_error ());
  ck_assert (r.verdict == WG_DISAGREE && r.disagreeing > 0);
  if (cases[_i].says) ck_assert_msg (strstr (wg_last_error (), cases[_i].says) != NULL, "%s", wg_last_error ());
  wg_fun_free (f);
}
END_TEST

START_TEST (replay_finds_changed_ctx)
{
  double c = 2, y;
  wg_check_report r;
  wg_fun *f = wg_fun_record (model_ctx, &c, 1, 1, (double[]){ 1.5 });
  ck_assert_int_eq (wg_check_replay (f, (double[]){ 1.5 }, NULL, &r), WG_OK);
  ck_assert_uint_eq (r.checked, 9);                /* x and 8 points */
  c = 3;
  ck_assert_int_eq (wg_check_replay (f, (double[]){ 1.5 }, NULL, &r), WG_DISAGREE);
  ck_assert_double_eq (r.derivative, 6.75);
  ck_assert_double_eq (r.difference, 4.5);
  ck_assert_uint_eq (r.column, 0);
  ck_assert_int_eq (wg_eval (f, NULL, &y), WG_OK);
  ck_assert_double_eq (y, 4.5);
  ck_assert_int_eq (wg_fun_invalidate (f), WG_OK);
  ck_assert_int_eq (wg_check_replay (f, (double[]){ 1.5 }, &(wg_check_options){ .points = 3 }, &r), WG_OK);
  ck_assert_uint_eq (r.checked, 4);
  wg_fun_free (f);
}
END_TEST

/* Fine: branches, peeks, parameters that were set, calls, derived functions. */
static void model_fine (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m;
  wg_var z[1];
  const wg_var p = wg_param (x[0], 0, 1.5);
  if (ctx) wg_call (ctx, x, NULL, z);
  else z[0] = wg_lt (x[0], x[1]) ? wg_exp (x[0]) : wg_sin (x[1]);
  y[0] = wg_mul (wg_add (p, z[0]), wg_peek (wg_floor (wg_mul (4, x[1]))));
}

START_TEST (replay_of_good_models)
{
  const double x[2] = { .75, 1.25 };
  wg_fun *inner = wg_fun_record (model_fine, NULL, 2, 1, x), *f = wg_fun_record (model_fine, inner, 2, 1, x);
  ck_assert_int_eq (wg_fun_set_params (f, 1, (double[]){ 7.25 }), WG_OK);
  wg_fun *g = wg_fun_gradient (f), *h = wg_fun_hvp (f);
  wg_fun *all[] = { inner, f, g, h };
  for (int i = 0; i < 4; i++)
    for (uint64_t seed = 0; seed < 10; seed++)
      {
        const wg_check_options o = { .seed = seed, .points = 12 };
        const double at[4] = { .75, 1.25, .5, -.375 };
        ck_assert_msg (wg_check_replay (all[i], at, &o, NULL) == WG_OK, "%d: %s", i, wg_last_error ());
      }
  for (int i = 0; i < 4; i++) wg_fun_free (all[i]);
}
END_TEST

/* directions instead of coordinates */

START_TEST (directions)
{
  enum { LARGE = 2000 };
  static double x[LARGE];
  wg_check_report r;
  for (int i = 0; i < LARGE; i++) x[i] = sin (i);
  wg_fun *f = wg_fun_record (model_smooth, NULL, LARGE, 1, x), *h = wg_fun_record (model_smooth, NULL, 40, 3, x);
  ck_assert_msg (wg_check_gradient (f, x, &(wg_check_options){ .directions = 4 }, &r) == WG_OK, "%s", wg_last_error ());
  ck_assert_uint_eq (r.checked, 4);
  ck_assert_msg (wg_check_jacobian (h, x, &(wg_check_options){ .directions = 5, .seed = 7 }, &r) == WG_OK, "%s", wg_last_error ());
  ck_assert_uint_eq (r.checked, 15);
  wg_fun_free (f), wg_fun_free (h);
  for (uint64_t seed = 0; seed < 20; seed++)
    {
      const lie right = { .scale = 1 }, wrong = { .scale = 1, .gradient = 1e-3 };
      const wg_check_options o = { .directions = 3, .seed = seed };
      f = liar (&right, 0), h = liar (&wrong, 0);
      ck_assert_int_eq (wg_check_gradient (f, point, &o, &r), WG_OK);
      ck_assert_int_eq (wg_check_gradient (h, point, &o, &r), WG_DISAGREE);
      ck_assert (r.row == 0 && r.column < 3 && r.disagreeing >= 1);
      wg_fun_free (f), wg_fun_free (h);
    }
}
END_TEST

/* options and refusals */

START_TEST (refused)
{
  const lie l = { .scale = 1 };
  const double bad[2] = { 1, -1 };
  wg_fun *f = liar (&l, 0);
  wg_check_report r = { .row = 77 };
  ck_assert_int_eq (wg_check_taylor (NULL, point, NULL, &r), WG_EINVAL);
  ck_assert_int_eq (wg_check_taylor (f, NULL, NULL, &r), WG_EINVAL);
  ck_assert_int_eq (wg_check_taylor (f, point, &(wg_check_options){ .tolerance = -1 }, &r), WG_EINVAL);
  ck_assert_int_eq (wg_check_taylor (f, point, &(wg_check_options){ .step = bad }, &r), WG_EINVAL);
  ck_assert_int_eq (wg_check_symmetry (NULL, point, NULL, &r), WG_EINVAL);
  ck_assert_int_eq (wg_check_symmetry (f, point, NULL, &r), WG_EORDER);
  ck_assert_int_eq (wg_check_sweep (NULL, point, NULL, stdout), WG_EINVAL);
  ck_assert_int_eq (wg_check_replay (NULL, point, NULL, &r), WG_EINVAL);
  ck_assert_int_eq (wg_check_replay (f, NULL, NULL, &r), WG_EINVAL);
  ck_assert_int_eq (wg_check_replay (f, point, NULL, &r), WG_EBRANCH);
  ck_assert_uint_eq (r.row, 77);
  wg_fun_free (f);
}
END_TEST

START_TEST (printed)
{
  char *text;
  size_t size;
  const lie l = { .scale = 1 };
  const double step[2] = { 1e-3, 1e-3 }, v[2] = { 0, 2 }, u[1] = { -3 };
  wg_check_report r;
  wg_fun *f = liar (&l, 1);
  FILE *out = open_memstream (&text, &size);
  wg_check_options o = { .out = out, .step = step, .direction = v, .weights = u };
  ck_assert_int_eq (wg_check_taylor (f, point, &o, &r), WG_OK);
  ck_assert_int_eq (wg_check_symmetry (f, point, &o, &r), WG_OK);
  ck_assert_int_eq (wg_check_sweep (f, point, &o, out), WG_OK);
  fclose (out);
  ck_assert (strstr (text, "  5.00000e-04 ") && strstr (text, "check symmetry") && strstr (text, "noise"));
  const char *exact = strstr (text, "# derivative along the direction ");         /* u v1 df/dx1 */
  ck_assert_ptr_nonnull (exact);
  const double derivative = atof (exact + strlen ("# derivative along the direction "));
  ck_assert (fabs (derivative - -6*(exp (.5)*cos (1.25) + .125)) < 1e-13);
  wg_fun_free (f);
  free (text);
}
END_TEST

int main (void)
{
  Suite *s = suite_create ("check_more");
  TCase *t = tcase_create ("check_more");
  tcase_add_test (t, taylor_tells_wrong_from_right);
  tcase_add_test (t, taylor_under_noise);
  tcase_add_test (t, taylor_at_kinks);
  tcase_add_loop_test (t, right_ones, 0, 8);
  tcase_add_test (t, asymmetric);
  tcase_add_test (t, sweep_table);
  tcase_add_loop_test (t, replay_finds, 0, 5);
  tcase_add_test (t, replay_finds_changed_ctx);
  tcase_add_test (t, replay_of_good_models);
  tcase_add_test (t, directions);
  tcase_add_test (t, refused);
  tcase_add_test (t, printed);
  suite_add_tcase (s, t);
  return run_suite (s);
}
