/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Memory: each scenario is run with its k-th allocation failing, for every k.  Nothing leaks, nothing is half made, the status
 * is WG_ENOMEM and outputs are untouched; with memory back, the same handle gives the right numbers.  And drivers allocate
 * on a handle's first call only.  Link with --wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=free and the static core.
 */
#include <check.h>

#include "allocations.h"
#include "fun/fun.h"
#include "random_program.h"
#include "runner.h"

#define LIBRARY(e) __extension__ ({ inside = 1; __auto_type result_ = e; inside = 0; result_; })

/* the function: a short course for x0 < 0, a long one with many numbers for x0 >= 0 */

static wg_var courses (const wg_var x[2])
{
  wg_var y = wg_add (wg_sqr (x[0]), wg_mul (.5, wg_sqr (x[1])));
  if (wg_lt (x[0], 0)) return wg_mul (y, 1.5);
  for (int i = 0; i < 300; i++) y = wg_add (y, wg_mul (1e-3*i, wg_sin (wg_add (x[i % 2], i))));
  if (wg_lt (x[1], 0)) y = wg_add (y, wg_exp (x[1]));
  return y;
}

static void model_courses (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) ctx;
  y[0] = courses (x);
  for (size_t i = 1; i < m; i++) y[i] = wg_mul ((double) i, x[i % n]);
}

/* A convex one, for the minimizer. */
static void model_bowl (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) m, (void) ctx;
  y[0] = wg_num (0);
  for (size_t i = 0; i < n; i++) y[0] = wg_add (y[0], wg_sub (wg_exp (x[i]), wg_mul (1.5 + (double) i, x[i])));
}

/* A model that records and uses another. */
static void model_nested (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  double z[2] = { -1, .25 }, v = 0;
  (void) n, (void) m, (void) ctx;
  wg_fun *inner = wg_fun_record (model_courses, NULL, 2, 1, z);
  if (!inner || wg_eval (inner, z, &v)) wg_raise (x[0], "the inner function failed");
  wg_fun_free (inner);
  y[0] = wg_add (courses (x), v);
}

/* A course for each 1/64 of x0. */
static void model_many (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  y[0] = wg_mul (wg_add (1, wg_index (wg_mul (64, x[0]))), wg_mul (x[0], x[1]));
}

static const double small[2] = { -1.25, .75 }, large[2] = { .625, 1.5 }, other[2] = { .375, -.5 };

enum { DRIVERS = 9, OUTPUTS = 16 };
#define SENTINEL -987.125

static int driver_call (wg_fun *f, int driver, const double x[], double o[OUTPUTS])
{
  const double v[2] = { .5, -1.25 }, u[3] = { 1.5, 1, -1 };
  const size_t m = wg_fun_m (f);
  switch (driver)
    {
    case 0: return wg_eval (f, x, o);
    case 1: return m == 1 ? wg_gradient (f, x, o, o + 4) : wg_vjp (f, x, u, o, o + 4);
    case 2: return wg_jvp (f, x, v, o, o + 4);
    case 3: return wg_vjp (f, x, u, o, o + 4);
    case 4: return m == 1 ? wg_hvp (f, x, v, o, o + 4, o + 8) : wg_hvp_weighted (f, x, u, v, o, o + 4, o + 8);
    case 5: return wg_hvp_weighted (f, x, u, v, o, o + 4, o + 8);
    case 6: return wg_fvv (f, x, v, o, o + 4, o + 8);
    case 7: return wg_gnvp (f, x, v, o, o + 4);
    case 8: return m == 1 ? wg_hessian (f, x, o, o + 4, o + 8) : wg_jacobian (f, x, o, o + 4);
    }
  return 1;
}

static int call (wg_fun *f, int driver, const double x[], double o[OUTPUTS])
{
  return LIBRARY (driver_call (f, driver, x, o));
}

static wg_fun *record (wg_model *model, void *ctx, size_t n, size_t m, const double x[])
{
  return LIBRARY (wg_fun_record (model, ctx, n, m, x));
}

static void release (wg_fun *f)
{
  inside = 1;
  wg_fun_free (f);
  inside = 0;
}

/* The outputs of a driver by a fresh function, with memory. */
static void expected (wg_model *model, size_t m, int driver, const double x[], double o[OUTPUTS])
{
  const long kept = fail_at;
  fail_at = 0;
  for (int i = 0; i < OUTPUTS; i++) o[i] = SENTINEL;
  wg_fun *f = record (model, NULL, 2, m, x);
  ck_assert (f != NULL);
  ck_assert_int_eq (call (f, driver, x, o), WG_OK);
  release (f);
  fail_at = kept;
}

/* A driver that may run out of memory: all or nothing. */
static int attempt (wg_fun *f, size_t m, int driver, const double x[])
{
  double o[OUTPUTS], e[OUTPUTS];
  for (int i = 0; i < OUTPUTS; i++) o[i] = SENTINEL;
  refused = 0;
  const int rc = call (f, driver, x, o);
  const long after = calls;
  const int was = refused;
  ck_assert_msg (rc == (was ? WG_ENOMEM : WG_OK), "driver %d: status %d (%s)", driver, rc, wg_last_error ());
  ck_assert_int_eq (wg_fun_status (f), rc);
  if (rc) for (int i = 0; i < OUTPUTS; i++) ck_assert_msg (o[i] == SENTINEL, "driver %d wrote without memory", driver);
  else
    {
      expected (model_courses, m, driver, x, e);
      for (int i = 0; i < OUTPUTS; i++) ck_assert_msg (rp_same_bits (o[i], e[i]), "driver %d: output %d is %g, not %g", driver, i, o[i], e[i]);
      calls = after;
    }
  return rc;
}

/* Scenarios; calls and fail_at count from their start. */

static void start (long k)
{
  calls = 0, fail_at = k, refused = 0;
}

static int scenario_record (wg_model *model, size_t m, const double x[], long k)
{
  start (k);
  wg_fun *f = record (model, NULL, 2, m, x);
  const long used = calls;
  fail_at = 0;
  ck_assert_msg ((f == NULL) == refused, "record: refused %d, handle %p: %s", refused, (void *) f, wg_last_error ());
  if (!f) ck_assert_msg (wg_fun_status (NULL) == (model == model_nested && !strstr (wg_last_error (), "memory") ? WG_EMODEL : WG_ENOMEM),
                         "record: %s", wg_last_error ());
  else if (model == model_courses) attempt (f, m, 8, x);
  release (f);
  return k <= used;
}

/* Every driver first on a fresh handle, at another course, and back; then once more with memory. */
static int scenario_driver (int driver, size_t m, const double from[], const double to[], long k)
{
  start (0);
  wg_fun *f = record (model_courses, NULL, 2, m, from);
  ck_assert (f != NULL);
  start (k);
  attempt (f, m, driver, from), attempt (f, m, driver, to), attempt (f, m, driver, from);
  const long used = calls;
  fail_at = 0;
  for (int d = 0; d < DRIVERS; d++) attempt (f, m, d, d % 2 ? to : from), attempt (f, m, d, d % 2 ? from : to);
  release (f);
  return k <= used;
}

/* With no memory from the k-th allocation on, what still works is right. */
static int scenario_starved (int driver, long k)
{
  start (0);
  wg_fun *f = record (model_courses, NULL, 2, 1, small);
  start (k);
  forever = 1;
  for (int i = 0; i < 3; i++)
    attempt (f, 1, driver, small), attempt (f, 1, 0, large), attempt (f, 1, (driver + 1) % DRIVERS, small), attempt (f, 1, driver, large);
  const long used = calls;
  forever = 0, fail_at = 0;
  for (int d = 0; d < DRIVERS; d++) attempt (f, 1, d, large), attempt (f, 1, d, small), attempt (f, 1, d, other);
  release (f);
  return k <= used;
}

static int scenario_clone (long k)
{
  start (0);
  wg_fun *f = record (model_courses, NULL, 2, 1, small);
  attempt (f, 1, 4, large);
  start (k);
  wg_fun *g = LIBRARY (wg_fun_clone (f));
  ck_assert ((g == NULL) == refused);
  if (!g) ck_assert_int_eq (wg_fun_status (NULL), WG_ENOMEM);
  if (g) attempt (g, 1, 4, small), attempt (g, 1, 1, other), attempt (g, 1, 6, large);
  const long used = calls;
  fail_at = 0;
  attempt (f, 1, 4, other), attempt (f, 1, 8, small);
  release (f);
  if (g) attempt (g, 1, 8, other), attempt (g, 1, 8, small);
  release (g);
  return k <= used;
}

/* More traces than may be kept: the oldest are forgotten, one that a clone is at lives on. */
static int scenario_forget (long k)
{
  double x[2] = { .5, 1.25 }, y, g[2];
  wg_fun_info info;
  start (0);
  wg_fun *f = record (model_many, NULL, 2, 1, x), *g0 = LIBRARY (wg_fun_clone (f));
  f->family->limit = 4000;
  start (k);
  for (int round = 0; round < 2; round++)
    for (int i = 0; i < 40; i++)
      {
        x[0] = (i + .5)/64;
        refused = 0;
        const int rc = LIBRARY (wg_gradient (f, x, &y, g));
        ck_assert_msg (rc == WG_OK || (rc == WG_ENOMEM && refused), "status %d", rc);
        if (!rc) ck_assert (y == (i + 1)*(x[0]*x[1]) && g[0] == (i + 1)*x[1] && g[1] == (i + 1)*x[0]);
      }
  const long used = calls;
  fail_at = 0;
  ck_assert_int_eq (LIBRARY (wg_fun_get_info (f, &info)), WG_OK);
  ck_assert_msg (info.traces >= 2 && info.trace_bytes <= 4000, "%zu traces of %zu bytes", info.traces, info.trace_bytes);
  ck_assert (info.recordings >= 70);                     /* nothing of the first round was left in the second */
  x[0] = .5;
  ck_assert_int_eq (LIBRARY (wg_eval (g0, x, &y)), WG_OK);
  ck_assert (y == 33*.625);
  release (f);
  ck_assert_int_eq (LIBRARY (wg_gradient (g0, x, &y, g)), WG_OK);
  ck_assert (y == 33*.625 && g[1] == 33*.5);
  release (g0);
  return k <= used;
}

static int scenario_minimize (long k)
{
  double x[2] = { -.5, .75 };
  wg_minimize_result result;
  start (0);
  wg_fun *f = record (model_bowl, NULL, 2, 1, x);
  start (k);
  int rc = LIBRARY (wg_minimize (f, x, NULL, &result));
  const long used = calls;
  fail_at = 0;
  if (refused) ck_assert_msg (rc == WG_ENOMEM && x[0] == -.5 && x[1] == .75, "minimize: status %d, x %g %g", rc, x[0], x[1]);
  rc = LIBRARY (wg_minimize (f, x, NULL, &result));
  ck_assert_int_eq (rc, WG_OK);
  ck_assert (fabs (x[0] - log (1.5)) < 1e-7 && fabs (x[1] - log (2.5)) < 1e-7);
  release (f);
  return k <= used;
}

static int scenario_check (int which, long k)
{
  wg_check_report report;
  int (*const check[]) (wg_fun *, const double[], const wg_check_options *, wg_check_report *) =
    { wg_check_gradient, wg_check_jacobian, wg_check_hvp, wg_check_transpose };
  start (0);
  wg_fun *f = record (model_bowl, NULL, 2, 1, small);
  start (k);
  int rc = LIBRARY (check[which] (f, large, NULL, &report));
  const long used = calls;
  fail_at = 0;
  ck_assert_msg (rc == (refused ? WG_ENOMEM : WG_OK), "checker %d: %d", which, rc);
  ck_assert_int_eq (LIBRARY (check[which] (f, large, NULL, &report)), WG_OK);
  release (f);
  return k <= used;
}

static int scenario_dot (long k)
{
  FILE *out = tmpfile ();
  start (0);
  wg_fun *f = record (model_courses, NULL, 2, 1, large);
  double y;
  ck_assert_int_eq (LIBRARY (wg_eval (f, large, &y)), WG_OK);
  start (k);
  int rc = LIBRARY (wg_fun_write_dot (f, out));
  const long used = calls;
  fail_at = 0;
  ck_assert_int_eq (rc, refused ? WG_ENOMEM : WG_OK);
  attempt (f, 1, 4, large);
  release (f), fclose (out);
  return k <= used;
}

static void square (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  y[0] = wg_sqr (x[0]);
}

/* A live tape: a sweep that fails leaves it as it was, a recording that fails stays so; all of it can be freed. */
static int scenario_live (long k)
{
  double a = 0;
  wg_fun *f = record (square, NULL, 1, 1, small);
  start (k);
  inside = 1;
  wg_tape *t = wg_tape_new ();
  wg_var x = wg_tape_var (t, 3), y, z = wg_num (0);
  wg_call (f, &x, NULL, &y);
  for (int i = 0; i < 40; i++) z = wg_add (z, wg_mul (wg_tape_var (t, i), y));
  const int recorded = !refused;
  int rc = wg_backward (z, NULL);
  inside = 0;
  fail_at = 0;
  ck_assert_int_eq (rc < 0, refused);
  if (recorded && rc) rc = LIBRARY (wg_backward (z, NULL));
  if (recorded) ck_assert (rc == WG_OK && LIBRARY (wg_adjoint (x, &a)) == WG_OK && a == 6*780);
  inside = 1;
  wg_tape_free (t);
  inside = 0;
  release (f);
  return refused;
}

#define EVERY_K(scenario)                                                                      \
  {                                                                                            \
    const long before = live;                                                                  \
    long k = 1;                                                                                \
    for (int again = 1; again; k++)                                                            \
      {                                                                                        \
        again = scenario;                                                                      \
        ck_assert_msg (live == before, "%s, k = %ld: %ld blocks leak", #scenario, k, live - before); \
      }                                                                                        \
    ck_assert_msg (k > 2, "%s allocates nothing", #scenario);                                  \
  }

START_TEST (recording)
{
  EVERY_K (scenario_record (model_courses, 1, small, k))
  EVERY_K (scenario_record (model_courses, 1, large, k))
  EVERY_K (scenario_record (model_courses, 3, other, k))
  EVERY_K (scenario_record (model_nested, 1, large, k))
}
END_TEST

START_TEST (drivers)
{
  EVERY_K (scenario_driver (_i, 1, small, large, k))
  EVERY_K (scenario_driver (_i, 1, large, small, k))
  EVERY_K (scenario_driver (_i, 1, large, other, k))
  EVERY_K (scenario_driver (_i, 3, small, large, k))
}
END_TEST

START_TEST (starved)
{
  EVERY_K (scenario_starved (_i, k))
}
END_TEST

START_TEST (clones)
{
  EVERY_K (scenario_clone (k))
}
END_TEST

START_TEST (forgetting)
{
  EVERY_K (scenario_forget (k))
}
END_TEST

START_TEST (minimizer)
{
  EVERY_K (scenario_minimize (k))
}
END_TEST

START_TEST (checkers)
{
  for (int which = 0; which < 4; which++) EVERY_K (scenario_check (which, k))
}
END_TEST

START_TEST (drawing)
{
  EVERY_K (scenario_dot (k))
}
END_TEST

START_TEST (live_tapes)
{
  EVERY_K (scenario_live (k))
}
END_TEST

/* Any sequence of drivers, each having been called once, at other points of known courses: no allocation. */
START_TEST (first_call_only)
{
  const long before = live;
  rp_random r = { 0x5eed7000 };
  double o[OUTPUTS], x[2];
  for (size_t m = 1; m < 4; m += 2)
    {
      wg_fun *f = record (model_courses, NULL, 2, m, small);
      for (int d = 0; d < DRIVERS; d++)
        ck_assert (!call (f, d, large, o) && !call (f, d, other, o) && !call (f, d, small, o));
      start (0);
      for (int k = 0; k < 2000; k++)
        {
          x[0] = rp_uniform (&r, -1, 1), x[1] = rp_uniform (&r, -1, 1);
          ck_assert_int_eq (call (f, (int) rp_below (&r, DRIVERS), rp_below (&r, 4) ? x : NULL, o), WG_OK);
        }
      ck_assert_int_eq (calls, 0);
      release (f);
      /* each driver alone: its first call, not its second */
      for (int d = 1; d < DRIVERS; d++)
        {
          f = record (model_courses, NULL, 2, m, small);
          start (0);
          ck_assert (!call (f, d, small, o) && calls > 0);
          start (0);
          x[0] = -.375, x[1] = -.5;
          ck_assert (!call (f, d, x, o) && !call (f, d, NULL, o) && !call (f, 0, small, o) && calls == 0);
          release (f);
        }
    }
  ck_assert_int_eq (live, before);
}
END_TEST

/* The log-likelihood of a mixture of two in the plane; x: log weights, means, log of the inverse widths. */
static void mixture_item (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  wg_var a[2], t[2];
  (void) n, (void) m, (void) ctx;
  wg_params (x[0], 0, 2, (double[]){ 0, 0 }, a);
  for (int k = 0; k < 2; k++)
    {
      wg_var s = wg_exp (x[6 + k]);
      t[k] = wg_sub (x[k], wg_mul (0.5, wg_add (wg_sqr (wg_mul (s, wg_sub (a[0], x[2 + 2*k]))),
                                                wg_sqr (wg_mul (s, wg_sub (a[1], x[3 + 2*k]))))));
    }
  y[0] = wg_logaddexp (t[0], t[1]);
}

typedef struct { const wg_fun *item; const double *data; size_t items; } mixture;

static void mixture_model (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  const mixture *s = ctx;
  (void) m;
  wg_map_sum (s->item, s->items, 2, (wg_arg[]){ { .var = x, .width = n }, { .data = s->data, .width = 2, .stride = 2 } }, y);
}

/* All that is ever asked for, for a value, gradients and products, is the same for a thousand items and for a million. */
START_TEST (items_take_no_memory)
{
  enum { N = 8 };
  static const size_t items[2] = { 1000, 1000000 };
  const double x[N] = { -.5, .25, -1, 1, 2, -.75, .125, -.25 }, v[N] = { 1, 2, -1, 1, .5, -2, 1, 1 };
  double y, g[N], hv[N], *data = malloc (2*items[1]*sizeof *data);
  size_t bytes[2];
  for (size_t i = 0; i < 2*items[1]; i++) data[i] = (double) (i*i % 17)/8 - 1;
  for (int i = 0; i < 2; i++)
    {
      asked = 0;
      wg_fun *item = LIBRARY (wg_fun_record (mixture_item, NULL, N, 1, x));
      mixture of = { item, data, items[i] };
      wg_fun *f = LIBRARY (wg_fun_record (mixture_model, &of, N, 1, x));
      for (int round = 0; round < 2; round++)
        {
          ck_assert_int_eq (LIBRARY (wg_gradient (f, x, &y, g)), WG_OK);
          ck_assert_int_eq (LIBRARY (wg_hvp (f, x, v, &y, g, hv)), WG_OK);
        }
      LIBRARY ((wg_fun_free (f), wg_fun_free (item), 0));
      bytes[i] = asked;
    }
  ck_assert_uint_gt (bytes[0], 0);
  ck_assert_uint_eq (bytes[0], bytes[1]);
  free (data);
}
END_TEST

/* Threads get what one thread gets, or there are fewer: a refusal on one of them is no error, one on the caller's may be.  What they
 * take does not grow with the items either. */

enum { MIXED = 8, MIXED_ITEMS = 4000 };

static const double mixed_x[MIXED] = { -.5, .25, -1, 1, 2, -.75, .125, -.25 };

static wg_fun *threaded (const mixture *of, int threads)
{
  wg_fun *f = LIBRARY (wg_fun_record (mixture_model, (void *) of, MIXED, 1, mixed_x));
  ck_assert (f && wg_fun_set_threads (f, threads) == WG_OK);
  return f;
}

static int scenario_threads (const mixture *of, const double expected_y, const double expected_g[], long k)
{
  double y = SENTINEL, g[MIXED];
  start (0);
  wg_fun *f = threaded (of, 3);
  start (k);
  for (int round = 0; round < 4; round++)
    {
      if (round == 3) fail_at = 0;
      y = g[0] = SENTINEL;
      const int rc = LIBRARY (wg_gradient (f, mixed_x, &y, g));
      ck_assert_msg (rc == WG_OK || (rc == WG_ENOMEM && refused && fail_at), "status %d: %s", rc, wg_last_error ());
      if (rc) ck_assert (y == SENTINEL && g[0] == SENTINEL);
      else ck_assert (rp_same_bits (y, expected_y) && memcmp (g, expected_g, sizeof g) == 0);
    }
  const long used = calls;
  release (f);
  return k <= used;
}

START_TEST (threads)
{
  static const size_t many = 1000000;
  double y, g[MIXED], *data = malloc (2*many*sizeof *data);
  for (size_t i = 0; i < 2*many; i++) data[i] = (double) (i*i % 17)/8 - 1;
  wg_fun *item = LIBRARY (wg_fun_record (mixture_item, NULL, MIXED, 1, mixed_x));
  const mixture few = { item, data, MIXED_ITEMS }, all = { item, data, many };
  wg_fun *f = threaded (&few, 1);
  asked = 0;
  ck_assert_int_eq (LIBRARY (wg_gradient (f, mixed_x, &y, g)), WG_OK);
  const size_t one = asked;
  release (f);
  EVERY_K (scenario_threads (&few, y, g, k))
  f = threaded (&all, 3);
  asked = 0;
  for (int i = 0; i < 3; i++) ck_assert_int_eq (LIBRARY (wg_gradient (f, mixed_x, &y, g)), WG_OK);
  ck_assert_uint_lt (asked, 8*one + 65536);
  release (f), release (item);
  free (data);
}
END_TEST

int main (void)
{
  Suite *s = suite_create ("memory");
  TCase *t = tcase_create ("memory");
  tcase_set_timeout (t, 600);
  tcase_add_test (t, recording);
  tcase_add_loop_test (t, drivers, 0, DRIVERS);
  tcase_add_loop_test (t, starved, 0, DRIVERS);
  tcase_add_test (t, clones);
  tcase_add_test (t, forgetting);
  tcase_add_test (t, minimizer);
  tcase_add_test (t, checkers);
  tcase_add_test (t, drawing);
  tcase_add_test (t, live_tapes);
  tcase_add_test (t, first_call_only);
  tcase_add_test (t, items_take_no_memory);
  tcase_add_test (t, threads);
  suite_add_tcase (s, t);
  return run_suite (s);
}
