/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Scans.  Laws: a scan is the loop over calls of its step that it stands for, exactly for polynomials of small integers, for
 * all drivers, for derived functions, whatever states are kept; with any step the limit changes no bit.  Then
 * bindings, nesting, and refusals.  How many steps run again is test_scan_internal's.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "agree.h"
#include "runner.h"

enum { STATE = 2, INPUTS = 5, OUTPUTS = 3, PARAMS = 2, MOST = 400 };

static double data[MOST*PARAMS];
static int pick[MOST];

/* x: the state, one shared, one of a window, one gathered; parameters: a row. */
static void polynomial (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  wg_var p[PARAMS], z;
  (void) n, (void) m, (void) ctx;
  wg_params (x[0], 0, PARAMS, data, p);
  z = wg_add (wg_mul (x[0], x[3]), wg_mul (p[0], x[1]));
  if (wg_lt (x[1], 0.0)) z = wg_add (z, wg_sqr (x[4]));
  else z = wg_sub (z, wg_mul (p[1], x[0]));
  y[0] = z;
  y[1] = wg_add (x[0], wg_select (wg_is_lt (x[3], x[4]), x[2], wg_mul (x[3], x[4])));
  y[2] = wg_add (wg_mul (wg_max (x[0], x[1]), x[2]), p[1]);
}

static void smooth (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  wg_var p[PARAMS];
  (void) n, (void) m, (void) ctx;
  wg_params (x[0], 0, PARAMS, data, p);
  y[0] = wg_add (wg_sin (wg_add (x[0], wg_mul (x[3], x[1]))), wg_mul (.1, wg_exp (wg_neg (wg_sqr (x[4])))));
  y[1] = wg_add (wg_mul (.9, x[1]), wg_mul (wg_mul (.3, x[0]), wg_tanh (wg_mul (p[0], x[2]))));
  if (wg_lt (x[0], x[1])) y[1] = wg_mul (y[1], wg_cos (x[3]));
  y[2] = wg_log1p (wg_sqr (wg_sub (x[0], p[1])));
}

enum results { ALL, LAST, ONE, RESULTS };         /* last state and outputs; the state, outputs dropped; one number of both */

typedef struct { const wg_fun *step; size_t steps; enum results results; int plain, vary; } loop;

static void plain_loop (const loop *c, const wg_var x[], wg_var s[], wg_var out[])
{
  memcpy (s, x, STATE*sizeof *s);
  for (size_t k = 0; k < c->steps; k++)
    {
      const wg_var in[INPUTS] = { s[0], s[1], x[2], x[3 + k], x[3 + pick[k]] };
      wg_var p[PARAMS] = { x[2], x[1] }, y[OUTPUTS];
      for (size_t i = 0; i < PARAMS && !c->vary; i++) p[i] = wg_num (data[PARAMS*k + i]);
      wg_call (c->step, in, p, y);
      memcpy (s, y, STATE*sizeof *s), out[k] = y[STATE];
    }
}

static void loop_model (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  const loop *c = ctx;
  const wg_var row[PARAMS] = { x[2], x[1] };
  wg_var s[STATE], out[MOST];
  (void) n, (void) m;
  if (c->plain) plain_loop (c, x, s, out);
  else
    {
      const wg_arg args[] = { { .var = x + 2, .width = 1 }, { .var = x + 3, .width = 1, .stride = 1 },
                              { .var = x + 3, .width = 1, .stride = 1, .index = pick },
                              c->vary ? (wg_arg){ .var = row, .width = PARAMS }
                                      : (wg_arg){ .data = data, .width = PARAMS, .stride = PARAMS, .slot = 7 } };
      wg_scan (c->step, c->steps, STATE, x, 4, args, s, c->results == LAST ? NULL : out);
    }
  if (c->results == ONE)
    {
      y[0] = wg_mul (s[0], s[1]);
      for (size_t k = 0; k < c->steps; k++) y[0] = wg_add (y[0], out[k]);
      return;
    }
  memcpy (y, s, sizeof s);
  if (c->results == ALL) memcpy (y + STATE, out, c->steps*sizeof *y);
}

static size_t outputs_of (const loop *c)
{
  return c->results == ALL ? STATE + c->steps : c->results == LAST ? STATE : 1;
}

static void fill (size_t items)
{
  for (size_t i = 0; i < MOST*PARAMS; i++) data[i] = (double) (i*i % 5) - 2;
  for (size_t i = 0; i < items; i++) pick[i] = (int) (7*i % items);
}

static wg_fun *step_of (wg_model *model)
{
  return agree_record (model, NULL, INPUTS, OUTPUTS, (double[]){ 1, 2, -1, 3, 2 });
}

/* All, about a root, none, and what one, two and three states of two numbers take. */
static const size_t limits[] = { WG_ALL_STATES, WG_ROOT_STATES, 0, 24, 48, 72 };
enum { LIMITS = sizeof limits/sizeof *limits };

START_TEST (a_scan_is_its_loop)
{
  static const size_t few[] = { 0, 1, 2, 6 };
  const int vary = _i%2, count = _i/2%4, results = _i/8;
  const size_t steps = few[count];
  double x[AGREE_MOST];
  fill (steps);
  wg_fun *step = step_of (polynomial);
  loop scan = { step, steps, (enum results) results, 0, vary }, written = { step, steps, (enum results) results, 1, vary };
  const size_t n = 3 + steps, m = outputs_of (&scan);
  for (size_t i = 0; i < AGREE_MOST; i++) x[i] = (double) (i*i % 5) - 2;
  wg_fun *f = agree_record (loop_model, &scan, n, m, x), *g = agree_record (loop_model, &written, n, m, x);
  for (size_t k = 0; k < LIMITS; k++)
    {
      ck_assert_int_eq (wg_fun_set_checkpoints (f, limits[k]), WG_OK);
      agree_drivers (f, g, x);
      agree_drivers (f, g, x);
      x[1] = -x[1];
      agree_drivers (f, g, x);
    }
  for (size_t k = 0; k < LIMITS; k += 4)
    {
      wg_fun_set_checkpoints (f, limits[k]);
      agree (f, g, x, count == 1 ? 2 : 1);
    }
  wg_fun_free (f), wg_fun_free (g), wg_fun_free (step);
}
END_TEST

typedef struct { double y, g[3 + MOST], h[3 + MOST], third[3 + MOST]; } numbers;

/* The gradient, a Hessian-vector product, and u^T (d2/dx2 gradient) v, which is a third derivative. */
static void all_of (wg_fun *f, size_t n, const double x[], numbers *to)
{
  double v[3 + MOST], u[3 + MOST], g[3 + MOST], w[3 + MOST];
  for (size_t i = 0; i < n; i++) v[i] = cos (2.3*(double) i), u[i] = sin (1.1*(double) i);
  memset (to, 0, sizeof *to);
  ck_assert_msg (!wg_gradient (f, x, &to->y, to->g), "%s", wg_last_error ());
  ck_assert (!wg_hvp (f, x, v, &to->y, g, to->h));
  ck_assert_mem_eq (g, to->g, n*sizeof *g);
  ck_assert (!wg_hvp (f, NULL, u, NULL, g, w) && !wg_hvp (f, NULL, v, NULL, NULL, w));
  ck_assert_mem_eq (w, to->h, n*sizeof *w);
  wg_fun *d = wg_fun_gradient (f);
  ck_assert_msg (d != NULL, "%s", wg_last_error ());
  ck_assert_msg (!wg_hvp_weighted (d, x, u, v, g, w, to->third), "%s", wg_last_error ());
  wg_fun_free (d);
}

START_TEST (the_limit_changes_no_bit)
{
  static const size_t steps[] = { 3, 17, MOST };
  static const size_t more[] = { 24, 200, 1000, WG_ROOT_STATES, 72 };
  static numbers expected, got;
  const size_t n = 3 + steps[_i];
  double x[3 + MOST];
  fill (steps[_i]);
  for (size_t i = 0; i < MOST*PARAMS; i++) data[i] = cos ((double) i*.37);
  for (size_t i = 0; i < n; i++) x[i] = sin (1.7*(double) i);
  wg_fun *step = step_of (smooth);
  loop scan = { step, steps[_i], ONE, 0, 0 }, written = { step, steps[_i], ONE, 1, 0 };
  wg_fun *f = agree_record (loop_model, &scan, n, 1, x), *g = agree_record (loop_model, &written, n, 1, x);
  all_of (f, n, x, &expected);
  ck_assert (!wg_eval (g, x, &got.y) && got.y == expected.y);           /* the same calls in the same order */
  for (size_t k = 0; k < sizeof more/sizeof *more; k++)
    {
      wg_fun_set_checkpoints (f, more[k]);
      wg_fun *clone = wg_fun_clone (f);
      all_of (k % 2 ? clone : f, n, x, &got);
      ck_assert_msg (memcmp (&got, &expected, sizeof got) == 0, "%zu steps, %zu bytes", steps[_i], more[k]);
      wg_fun_free (clone);
    }
  wg_fun_free (f), wg_fun_free (g), wg_fun_free (step);
}
END_TEST

/* a scan within a step of a scan, within a map; and the same written out */

typedef struct { const wg_fun *inner, *outer; int plain; } nest;

static void inner_step (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  y[0] = wg_add (wg_mul (x[0], x[1]), 1.0);
  if (wg_lt (y[0], 0.0)) y[0] = wg_sub (x[1], y[0]);
}

static void outer_step (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  const nest *c = ctx;
  wg_var s = x[0];
  (void) n, (void) m;
  if (!c->plain) wg_scan (c->inner, 2, 1, x, 1, &(wg_arg){ .var = x + 1, .width = 1, .stride = 1 }, &s, NULL);
  else for (int k = 0; k < 2; k++) wg_call (c->inner, (wg_var[]){ s, x[1 + k] }, NULL, &s);
  y[0] = wg_sub (s, x[2]);
  y[1] = wg_mul (s, x[1]);
}

static void item (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  const nest *c = ctx;
  wg_var s = x[0], out[2];
  (void) n, (void) m;
  if (!c->plain) wg_scan (c->outer, 2, 1, &s, 1, &(wg_arg){ .var = x + 1, .width = 2 }, &s, out);
  else
    for (int k = 0; k < 2; k++)
      {
        wg_var y2[2];
        wg_call (c->outer, (wg_var[]){ s, x[1], x[2] }, NULL, y2);
        s = y2[0], out[k] = y2[1];
      }
  y[0] = wg_add (s, wg_mul (out[0], out[1]));
}

typedef struct { const wg_fun *body; int plain; } items;

static void items_model (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  const items *c = ctx;
  (void) n, (void) m;
  if (!c->plain) wg_map_sum (c->body, 5, 1, &(wg_arg){ .var = x, .width = 3, .stride = 1 }, y);
  else
    {
      y[0] = wg_num (0);
      for (int k = 0; k < 5; k++)
        {
          wg_var t;
          wg_call (c->body, x + k, NULL, &t);
          y[0] = wg_add (y[0], t);
        }
    }
}

START_TEST (loops_nest)
{
  double x[AGREE_MOST];
  wg_fun *in = agree_record (inner_step, NULL, 2, 1, (double[]){ 1, 1 }), *out[2], *body[2], *f[2];
  nest level[2];
  items map[2];
  for (size_t i = 0; i < AGREE_MOST; i++) x[i] = (double) (i*i % 3) - 1;
  for (int i = 0; i < 2; i++)
    {
      level[i] = (nest){ in, NULL, i };
      out[i] = agree_record (outer_step, &level[i], 3, 2, (double[]){ 1, 1, 1 });
      level[i].outer = out[i];
      body[i] = agree_record (item, &level[i], 3, 1, (double[]){ 1, 1, 1 });
      map[i] = (items){ body[i], i };
      f[i] = agree_record (items_model, &map[i], 7, 1, x);
    }
  for (size_t k = 0; k < LIMITS; k++)
    {
      wg_fun_set_checkpoints (f[0], limits[k]);
      agree_drivers (f[0], f[1], x);
    }
  agree (f[0], f[1], x, 1);
  for (int i = 0; i < 2; i++) wg_fun_free (out[i]), wg_fun_free (body[i]), wg_fun_free (f[i]);
  wg_fun_free (in);
}
END_TEST

/* bindings */

static void bound_step (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  wg_var p[PARAMS];
  (void) n, (void) m, (void) ctx;
  wg_params (x[0], 0, PARAMS, data, p);
  y[0] = wg_add (wg_mul (x[0], p[0]), wg_mul (p[1], x[1]));
  y[1] = wg_sqr (x[0]);
}

typedef struct { const wg_fun *step; const double *rows; const int *index; size_t steps; int out; } bound;

static void bound_model (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  const bound *c = ctx;
  wg_var out[8];
  (void) n, (void) m;
  wg_scan (c->step, c->steps, 1, x, 2, (wg_arg[]){ { .var = x + 1, .width = 1 },
           { .slot = 3, .data = c->rows, .width = PARAMS, .stride = PARAMS, .index = c->index } }, y, c->out ? out : NULL);
  if (c->out) for (size_t k = 0; k < c->steps; k++) y[0] = wg_add (y[0], out[k]);
  if (wg_lt (y[0], 0.0)) y[0] = wg_mul (2.0, y[0]);
}

START_TEST (rows_are_bound)
{
  static const double rows[8] = { 1, -2, 3, 4, -5, 6, 7, -8 };
  static const int index[3] = { 3, 0, 3 };
  const double at[2][2] = { { 2, 3 }, { -3, 5 } };
  double y;
  fill (1);
  wg_fun *step = agree_record (bound_step, NULL, 2, 2, at[0]);
  bound here = { step, data, NULL, 8, 0 }, there = { step, rows, index, 3, 0 }, fixed = { step, data, NULL, 4, 1 };
  wg_fun *f = agree_record (bound_model, &here, 2, 1, at[0]), *g = agree_record (bound_model, &there, 2, 1, at[0]),
         *h = agree_record (bound_model, &fixed, 2, 1, at[0]);
  agree_drivers (f, f, at[0]);                     /* states of 8 steps */
  ck_assert_msg (wg_fun_bind (f, 3, 3, rows, index) == WG_OK, "%s", wg_last_error ());
  wg_fun *clone = wg_fun_clone (f);
  for (int i = 0; i < 2; i++) agree_drivers (f, g, at[i]), agree_drivers (clone, g, at[i]);
  ck_assert_int_eq (wg_fun_bind (h, 3, 3, rows, index), WG_ESHAPE);        /* outputs are four */
  ck_assert (!wg_fun_bind (h, 3, 4, rows, NULL) && !wg_eval (h, at[0], &y));
  ck_assert_int_eq (wg_fun_bind (h, 4, 4, rows, NULL), WG_EINVAL);
  wg_fun_free (clone), wg_fun_free (f), wg_fun_free (g), wg_fun_free (h), wg_fun_free (step);
}
END_TEST

/* Data that change in place are seen by the next evaluation, also where that is a reverse sweep by itself. */

static void square_step (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  wg_var p[PARAMS];
  (void) n, (void) m, (void) ctx;
  wg_params (x[0], 0, PARAMS, data, p);
  y[0] = wg_add (wg_mul (p[0], wg_sqr (x[0])), wg_mul (p[1], x[1]));
}

START_TEST (data_are_read_each_time)
{
  double rows[4] = { 1, 2, 3, 4 }, x[3] = { 2, 3, 1 }, first[2], second[2];
  fill (1);
  wg_fun *step = agree_record (square_step, NULL, 2, 1, x);
  bound c = { step, rows, NULL, 2, 0 };
  wg_fun *f = agree_record (bound_model, &c, 2, 1, x), *g = wg_fun_vjp (f);
  ck_assert (g && !wg_eval (g, x, first));
  rows[1] = 5;
  ck_assert (!wg_eval (g, x, second));
  /* t = p0 s^2 + p1 x, 10 and then 19; the result is p2 t^2 + p3 x */
  ck_assert (first[0] == 2*3*10*2*1*2 && first[1] == 2*3*10*2 + 4 && second[0] == 2*3*19*2*1*2 && second[1] == 2*3*19*5 + 4);
  wg_fun_free (f), wg_fun_free (g), wg_fun_free (step);
}
END_TEST

/* refusals */

typedef struct { const wg_fun *step; size_t ns, nargs; wg_arg arg[3]; int null; } bad;

static void bad_model (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  bad *c = ctx;
  wg_var s[4], out[12];
  (void) n;
  for (size_t i = 0; i < c->nargs; i++) if (!c->arg[i].data && c->arg[i].width) c->arg[i].var = x;
  wg_scan (c->step, 3, c->ns, c->null == 1 ? NULL : x, c->nargs, c->nargs ? c->arg : NULL, c->null == 2 ? NULL : s, out);
  for (size_t i = 0; i < m; i++) y[i] = x[0];
}

START_TEST (refusals)
{
  static const int negative[3] = { 0, -1, 2 };
  const double x[2] = { 1, 2 };
  fill (3);
  wg_fun *step = agree_record (bound_step, NULL, 2, 2, x);
  bad cases[] = {
    { NULL, 1, 1, { { .width = 1 } }, 0 },
    { step, 1, 1, { { .width = 1 } }, 1 },                                         /* no first state */
    { step, 1, 1, { { .width = 1 } }, 2 },                                         /* nowhere to put the last */
    { step, 0, 1, { { .width = 2 } }, 0 },                                         /* no state */
    { step, 3, 1, { { .width = 1 } }, 0 },                                         /* more than the step has */
    { step, 1, 0, { { .width = 0 } }, 0 },                                         /* nothing fills the other input */
    { step, 1, 2, { { .width = 1 }, { .data = data, .width = 1 } }, 0 },           /* between n and n + np */
    { step, 1, 1, { { .width = 1, .slot = 1 } }, 0 },                              /* a slot for variables */
    { step, 1, 2, { { .width = 1 }, { .data = data, .width = 2, .stride = 2, .index = negative } }, 0 },
  };
  ck_assert (wg_fun_record (bad_model, &cases[_i], 2, 1, x) == NULL);
  ck_assert_msg (wg_fun_status (NULL) == WG_EINVAL, "%d: %s", wg_fun_status (NULL), wg_last_error ());
  ck_assert_msg (strstr (wg_last_error (), "wg_scan"), "%s", wg_last_error ());
  ck_assert_int_eq (wg_fun_set_checkpoints (NULL, 0), WG_EINVAL);
  ck_assert_int_eq (wg_fun_get_scan_info (NULL, &(wg_scan_info){ .limit = 0 }), WG_EINVAL);
  ck_assert_int_eq (wg_fun_get_scan_info (step, NULL), WG_EINVAL);
  wg_fun_free (step);
}
END_TEST

/* A recurrence that breaks down at some step: the notice comes out with a reason, and the next point is right. */
static void root_step (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  y[0] = wg_sqrt (wg_sub (x[0], 1.0));
  if (wg_lt (y[0], 0.5)) y[0] = wg_mul (y[0], 2.0);
}

static void root_model (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m;
  wg_scan (ctx, 4, 1, x, 0, NULL, y, NULL);
}

START_TEST (what_is_not_finite)
{
  double y, g, expected;
  const double good = 1e4, low = 3;
  wg_fun *step = agree_record (root_step, NULL, 1, 1, &good), *f = agree_record (root_model, step, 1, 1, &good);
  ck_assert (!wg_gradient (f, &good, &y, &expected));
  ck_assert_int_eq (wg_gradient (f, &low, &y, &g), WG_NONFINITE);
  ck_assert (isnan (y) && isnan (g));
  ck_assert (!wg_gradient (f, &good, &y, &g) && g == expected);
  wg_fun_free (f), wg_fun_free (step);
}
END_TEST

int main (void)
{
  Suite *s = suite_create ("scan");
  TCase *laws = tcase_create ("laws"), *rest = tcase_create ("bindings and refusals");
  tcase_set_timeout (laws, 300);
  tcase_add_loop_test (laws, a_scan_is_its_loop, 0, 8*RESULTS);
  tcase_add_loop_test (laws, the_limit_changes_no_bit, 0, 3);
  tcase_add_test (laws, loops_nest);
  tcase_add_test (rest, rows_are_bound);
  tcase_add_test (rest, data_are_read_each_time);
  tcase_add_loop_test (rest, refusals, 0, 9);
  tcase_add_test (rest, what_is_not_finite);
  suite_add_tcase (s, laws), suite_add_tcase (s, rest);
  return run_suite (s);
}
