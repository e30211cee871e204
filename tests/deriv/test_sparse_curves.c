/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Hessians of maps whose results are only added up, item by item in lanes.  Law: they are those that products with columns give, item
 * after item, for each kind of lanes, whatever items share, see of their own, collide in or branch on, whatever weights, and the same
 * bits for any number of threads.  Then what is computed and chosen, values that do not exist, branches, and rows that are bound.
 */
#include <float.h>
#include <stdlib.h>
#include <string.h>

#include <wengert/map.h>

#include "deriv/sparse_checks.h"
#include "runner.h"

enum { ITEMS = 3000, FEWER = 300, SHARED = 3, ROWS = 230, MANY = SHARED + ITEMS + 1, IN = 11, MOST_OUT = 3, MOST_NNZ = 800000 };

enum how_used { SUMS, OWN, OTHERS, BENT, USES };

typedef struct {
  const wg_fun *body;
  enum how_used use;
  size_t items;
  int branches, one[ITEMS], two[ITEMS];
  double given[2*ITEMS];
} many;

static double x[MANY];

/* s: shared; w: a window; a, b: gathered, often the same; p: data. */
static void model_item (size_t n, const wg_var v[], size_t m, wg_var y[], void *ctx)
{
  const wg_var *s = v, *w = v + 3, *a = v + 5, *b = v + 7, *p = v + 9;
  const many *c = ctx;
  (void) n;
  y[0] = wg_mul (wg_exp (wg_mul (s[0], w[1])), wg_add (wg_mul (a[0], b[1]), wg_sqr (w[0])));
  if (c->branches) y[0] = wg_lt (a[0], .4) ? wg_add (y[0], wg_mul (wg_sqr (a[1]), s[2])) : wg_sub (y[0], wg_div (b[0], wg_add (s[1], p[1])));
  if (m > 1) y[1] = wg_add (wg_hypot (wg_sub (a[0], b[0]), wg_add (s[1], p[0])), w[0]);
  if (m > 2) y[2] = wg_mul (3.0, wg_add (b[0], s[0]));
}

static void model_many (size_t n, const wg_var z[], size_t m, wg_var y[], void *ctx)
{
  const many *c = ctx;
  wg_var t[ITEMS*MOST_OUT];
  (void) n;
  (c->use == OWN ? wg_map : wg_map_sum) (c->body, c->items, 5, (wg_arg[]){ { .var = z, .width = 3 }, { .var = z + 3, .width = 2, .stride = 1 },
    { .var = z + 3, .width = 2, .stride = 3, .index = c->one }, { .var = z + 3, .width = 2, .stride = 3, .index = c->two },
    { .data = c->given, .width = 2, .stride = 2 } }, t);
  for (size_t i = 0; i < m; i++) y[i] = t[i];
  for (size_t k = 1; k < c->items && c->use == OWN; k++)
    for (size_t i = 0; i < m; i++) y[i] = wg_add (y[i], wg_mul (.5 + .001*(double) k, t[k*m + i]));
  for (size_t j = 0; j < 400 && c->use == OTHERS; j += 7) y[0] = wg_sub (y[0], wg_mul (z[j], wg_sin (z[j+1])));
  if (c->use == OTHERS) y[m-1] = wg_add (y[m-1], wg_tanh (y[0]));           /* so that the first is bent */
  if (c->use == BENT) y[0] = wg_mul (1e-3, wg_sqr (y[0]));
}

static void fill (many *c, rp_random *r)
{
  for (int j = 0; j < MANY; j++) x[j] = .3 + .15*sin (j*j*.7);
  for (int k = 0; k < ITEMS; k++)
    {
      c->one[k] = (int) rp_below (r, k % 3 ? ROWS : 4), c->two[k] = k % 5 ? (int) rp_below (r, ROWS) : c->one[k];
      c->given[2*k] = 1 + .001*k, c->given[2*k + 1] = 2;
    }
}

static double value[2][MOST_NNZ];

static double largest (size_t nnz, const double v[])
{
  double most = 1;
  for (size_t k = 0; k < nnz; k++) most = fmax (most, fabs (v[k]));
  return most;
}

/* Entries are sums of up to some hundred products of functions within a few ulp, of either sign, in another order. */
static int are_close (size_t nnz, const double v[], const double w[])
{
  const double most = largest (nnz, w);
  for (size_t k = 0; k < nnz; k++) if (!(fabs (v[k] - w[k]) <= 2000*DBL_EPSILON*most)) return 0;
  return 1;
}

static void all_agree (wg_fun *f, const double u[], char part)
{
  static const char *const lanes[] = { NULL, "avx512", "avx2", "baseline", "none" };
  double y[2][MOST_OUT];
  static double uj[2][MANY];
  wg_plan *items = wg_plan_hessian_with (f, part, &(wg_plan_options){ .method = WG_PLAN_SUBGRAPH });
  wg_plan *products = wg_plan_hessian_with (f, part, &(wg_plan_options){ .method = WG_PLAN_STAR });
  ck_assert (items && products);
  const size_t nnz = wg_plan_nnz (items);
  ck_assert_uint_eq (nnz, wg_plan_nnz (products));
  ck_assert_uint_le (nnz, MOST_NNZ);
  ck_assert_int_eq (wg_fun_set_lanes (f, "none"), WG_OK);
  ck_assert_int_eq (wg_sparse_hessian (f, products, x, u, y[1], uj[1], value[1]), WG_OK);
  for (size_t i = 0; i < sizeof lanes/sizeof *lanes; i++)
    {
      if (wg_fun_set_lanes (f, lanes[i]) != WG_OK) continue;       /* the processor has none of these */
      for (int again = 0; again < 2; again++)
        {
          for (size_t k = 0; k < nnz; k++) value[0][k] = 77;
          ck_assert_int_eq (wg_sparse_hessian (f, items, x, u, y[0], uj[0], value[0]), WG_OK);
          ck_assert (are_close (nnz, value[0], value[1]));
          ck_assert (are_close (wg_fun_m (f), y[0], y[1]) && are_close (MANY, uj[0], uj[1]));
        }
      ck_assert_int_eq (wg_vjp (f, x, u, NULL, uj[1]), WG_OK);
      ck_assert_int_eq (memcmp (uj[0], uj[1], sizeof uj[0]), 0);
    }
  wg_plan_free (items), wg_plan_free (products);
}

START_TEST (items_in_lanes)
{
  static const double weight[][MOST_OUT] = { { 1, 1, 1 }, { -.75, 0, 2 }, { 0, 0, 1 } };
  static many c;
  rp_random r = { 0x5eed6501 };
  double one[IN];
  fill (&c, &r);
  for (int i = 0; i < IN; i++) one[i] = .3 + .01*i;
  c.use = (enum how_used) (_i % USES), c.branches = _i / USES, c.items = FEWER;
  for (size_t m = 1; m <= MOST_OUT; m++)
    {
      wg_fun *body = wg_fun_record (model_item, &c, IN, m, one);
      c.body = body;
      wg_fun *f = wg_fun_record (model_many, &c, MANY, m, x);
      ck_assert_msg (f != NULL, "%s", wg_last_error ());
      for (size_t i = 0; i < 3; i++) if (c.use < OTHERS || i == m - 1) all_agree (f, weight[i], "LUF"[(i + m) % 3]);
      wg_fun_free (f), wg_fun_free (body);
    }
}
END_TEST

START_TEST (threads)
{
  static many c;
  rp_random r = { 0x5eed6502 };
  double one[IN];
  fill (&c, &r);
  for (int i = 0; i < IN; i++) one[i] = .3 + .01*i;
  c.use = (enum how_used) (_i % 2), c.branches = _i / 2, c.items = ITEMS;
  wg_fun *body = wg_fun_record (model_item, &c, IN, 2, one);
  c.body = body;
  wg_fun *f = wg_fun_record (model_many, &c, MANY, 2, x);
  wg_plan *plan = wg_plan_hessian_with (f, 'L', &(wg_plan_options){ .method = WG_PLAN_SUBGRAPH });
  const size_t bytes = wg_plan_nnz (plan)*sizeof (double);
  ck_assert_int_eq (wg_sparse_hessian (f, plan, x, NULL, NULL, NULL, value[1]), WG_OK);
  for (int count = 2; count <= 8; count += 1 + count/3)
    for (int again = 0; again < 3; again++)
      {
        ck_assert_int_eq (wg_fun_set_threads (f, count), WG_OK);
        memset (value[0], 0x77, bytes);
        ck_assert_int_eq (wg_sparse_hessian (f, plan, x, NULL, NULL, NULL, value[0]), WG_OK);
        ck_assert_int_eq (memcmp (value[0], value[1], bytes), 0);
      }
  wg_plan_free (plan), wg_fun_free (f), wg_fun_free (body);
}
END_TEST

/* what is computed: a direction for each input that meets another, of shared and own ones the shared one; and what is chosen */

typedef struct { const wg_fun *body; size_t items, width, shared; int index[ITEMS]; } known;

static void model_meeting (size_t n, const wg_var v[], size_t m, wg_var y[], void *ctx)
{
  wg_var sum = wg_num (0);
  (void) m, (void) ctx;
  for (size_t j = 0; j + 1 < n; j++) sum = wg_add (sum, wg_mul (wg_sin (v[j]), v[j+1]));
  y[0] = sum;
}

static void model_linear_in_own (size_t n, const wg_var v[], size_t m, wg_var y[], void *ctx)
{
  (void) m, (void) ctx;
  y[0] = wg_num (0);
  for (size_t j = 2; j < n; j++) y[0] = wg_add (y[0], wg_mul (v[j], wg_mul (v[0], v[1])));
}

static void model_known (size_t n, const wg_var z[], size_t m, wg_var y[], void *ctx)
{
  const known *c = ctx;
  (void) n, (void) m;
  const wg_arg args[] = { { .var = z + c->shared, .width = c->width, .stride = c->width, .index = c->index }, { .var = z, .width = c->shared } };
  if (c->shared) wg_map_sum (c->body, c->items, 2, (wg_arg[]){ args[1], args[0] }, y);
  else wg_map_sum (c->body, c->items, 1, args, y);
}

static wg_plan_info info_of (const wg_fun *f, int method)
{
  wg_plan_info info;
  wg_plan *plan = wg_plan_hessian_with (f, 'L', &(wg_plan_options){ .method = method });
  ck_assert (plan && wg_plan_get_info (plan, &info) == WG_OK);
  wg_plan_free (plan);
  return info;
}

START_TEST (directions)
{
  known c = { .items = ITEMS, .width = 6 };
  for (int k = 0; k < ITEMS; k++) c.index[k] = 37*k % 100;
  wg_fun *body = wg_fun_record (model_meeting, NULL, 6, 1, x), *f = (c.body = body, wg_fun_record (model_known, &c, 600, 1, x));
  wg_plan_info info = info_of (f, WG_PLAN_AUTO);
  ck_assert_int_eq (info.method, WG_PLAN_SUBGRAPH);
  ck_assert_uint_eq (info.sweeps, 5);              /* the last input has no second derivative and meets the one before */
  ck_assert_uint_eq (info.nnz, 100*10);
  wg_fun_free (f), wg_fun_free (body);
  c.shared = 2;
  c.body = body = wg_fun_record (model_linear_in_own, NULL, 8, 1, x), f = wg_fun_record (model_known, &c, 602, 1, x);
  info = info_of (f, WG_PLAN_AUTO);
  ck_assert_uint_eq (info.sweeps, 2);
  ck_assert_uint_eq (info.nnz, 1 + 2*600);
  wg_fun_free (f), wg_fun_free (body);
}
END_TEST

/* One rolled loop is one map. */

static void model_loop (size_t n, const wg_var z[], size_t m, wg_var y[], void *ctx)
{
  const known *c = ctx;
  (void) n, (void) m;
  y[0] = wg_num (0);
  for (size_t k = 0; k < c->items; k++)
    {
      const wg_var *a = z + 3*(c->index[k] % 20), *b = z + 60 + 4*c->index[k];
      wg_var t = wg_num (.01*(double) k);
      for (int i = 0; i < 3; i++) t = wg_add (t, wg_mul (wg_sin (wg_add (a[i], b[i])), b[i+1]));
      y[0] = wg_add (y[0], wg_sqr (t));
    }
}

START_TEST (rolled_loops)
{
  known c = { .items = ITEMS };
  wg_fun *f[2];
  wg_plan *plan[2];
  for (int k = 0; k < ITEMS; k++) c.index[k] = (k*k*7 + k) % 150;
  for (int i = 0; i < 2; i++)
    {
      wg_set_rolling (i);
      f[i] = wg_fun_record (model_loop, &c, 660, 1, x);
      plan[i] = wg_plan_hessian (f[i], 'L');
      ck_assert_int_eq (wg_sparse_hessian (f[i], plan[i], x, NULL, NULL, NULL, value[i]), WG_OK);
    }
  wg_set_rolling (0);
  wg_plan_info info;
  ck_assert_int_eq (wg_plan_get_info (plan[1], &info), WG_OK);
  ck_assert_int_eq (info.method, WG_PLAN_SUBGRAPH);
  ck_assert_uint_eq (info.sweeps, 7);
  const double products = info_of (f[1], WG_PLAN_STAR).cost;
  ck_assert_msg (info.cost < products, "%g, %g", info.cost, products);
  ck_assert_uint_eq (wg_plan_nnz (plan[0]), info.nnz);
  ck_assert (are_close (info.nnz, value[1], value[0]));
  for (int i = 0; i < 2; i++) wg_plan_free (plan[i]), wg_fun_free (f[i]);
}
END_TEST

/* A second derivative that is not finite is told, is where it belongs, and spoils nothing later. */

static void model_root (size_t n, const wg_var v[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  y[0] = wg_add (wg_mul (wg_sqr (v[0]), wg_sqrt (v[0])), wg_mul (v[1], v[2]));       /* second derivative 0 at 0, of x^2.5: as inf x 0 */
}

START_TEST (what_does_not_exist)
{
  enum { ROOTS = 70 };
  known c = { .items = ROOTS, .width = 3 };
  for (int k = 0; k < ROOTS; k++) c.index[k] = k;
  for (int i = 0; i < 3*ROOTS; i++) x[i] = 1 + .1*i;
  wg_fun *body = wg_fun_record (model_root, NULL, 3, 1, x), *f = (c.body = body, wg_fun_record (model_known, &c, 3*ROOTS, 1, x));
  wg_plan *plan = wg_plan_hessian_with (f, 'L', &(wg_plan_options){ .method = WG_PLAN_SUBGRAPH });
  ck_assert_uint_eq (wg_plan_nnz (plan), 2*ROOTS);
  ck_assert_int_eq (wg_sparse_hessian (f, plan, x, NULL, NULL, NULL, value[0]), WG_OK);
  for (int i = 0; i < ROOTS; i++)
    {
      const double was = x[3*i];
      x[3*i] = 0;
      ck_assert_int_eq (wg_sparse_hessian (f, plan, x, NULL, NULL, NULL, value[1]), WG_NONFINITE);
      for (int k = 0; k < 2*ROOTS; k++) ck_assert (k == 2*i ? !isfinite (value[1][k]) : value[1][k] == value[0][k]);
      x[3*i] = was;
    }
  ck_assert_int_eq (wg_sparse_hessian (f, plan, x, NULL, NULL, NULL, value[1]), WG_OK);
  ck_assert_int_eq (memcmp (value[0], value[1], 2*ROOTS*sizeof (double)), 0);
  wg_plan_free (plan), wg_fun_free (f), wg_fun_free (body);
}
END_TEST

int main (void)
{
  Suite *s = suite_create ("sparse Hessians of maps");
  TCase *t = tcase_create ("items");
  tcase_set_timeout (t, 300);
  tcase_add_loop_test (t, items_in_lanes, 0, 2*USES);
  tcase_add_loop_test (t, threads, 0, 4);
  tcase_add_test (t, directions);
  tcase_add_test (t, rolled_loops);
  tcase_add_test (t, what_does_not_exist);
  suite_add_tcase (s, t);
  return run_suite (s);
}
