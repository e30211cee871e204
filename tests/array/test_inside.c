/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Arrays inside everything else: calls, maps, maps in maps, scans, parameters, branches, sparse plans, inspection, memory.  The same
 * polynomial with arrays and with scalars: exact, so that all drivers and derived functions agree to the last bit.
 */
#include <pthread.h>

#include "../fun/agree.h"
#include "runner.h"

/* y0 = x^T A x + sum (A x), y1 = (x0 - x1)^2 x2, A = [[1, 2, -1], [x0, x1, x2], [0, p, 1]], p = 2 or 3 as x0 < x1 or not */
static void with_arrays (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) ctx;
  const wg_var v = wg_vec (x, 3), p = wg_num (wg_lt (x[0], x[1]) ? 2 : 3);
  const wg_var top = wg_constant (x[0], 1, (size_t[]){ 3 }, (double[]){ 1, 2, -1 });
  const wg_var A = wg_stack (3, (wg_var[]){ top, v, wg_vec ((wg_var[]){ wg_num (0), p, wg_num (1) }, 3) }), Av = wg_matmul (A, v);
  const wg_var difference = wg_sub (wg_slice (v, 0, 0, 1, 1), wg_slice (v, 0, 1, 2, 1));
  y[0] = wg_add (wg_matmul (v, Av), wg_sum (Av));
  if (m > 1) y[1] = wg_mul (wg_sum (wg_sqr (difference)), wg_at (v, 2));
}

static void with_scalars (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) ctx;
  const double p = wg_lt (x[0], x[1]) ? 2 : 3;
  const wg_var a = wg_sub (wg_add (x[0], wg_mul (2, x[1])), x[2]);
  const wg_var b = wg_add (wg_add (wg_sqr (x[0]), wg_sqr (x[1])), wg_sqr (x[2])), c = wg_add (wg_mul (p, x[1]), x[2]);
  y[0] = wg_add (wg_add (wg_add (wg_mul (x[0], a), wg_mul (x[1], b)), wg_mul (x[2], c)), wg_add (wg_add (a, b), c));
  if (m > 1) y[1] = wg_mul (wg_sqr (wg_sub (x[0], x[1])), x[2]);
}

static void fill (rp_random *r, double x[])
{
  for (int i = 0; i < AGREE_MOST; i++) x[i] = (double) rp_below (r, 7) - 3;
}

START_TEST (by_itself)
{
  rp_random r = { 77 };
  for (int k = 0; k < 6; k++)
    for (size_t m = 1; m <= 2; m++)
      {
        double x[AGREE_MOST];
        fill (&r, x);
        wg_fun *f = agree_record (with_arrays, NULL, 3, m, x), *g = agree_record (with_scalars, NULL, 3, m, x);
        agree (f, g, x, 2);
        fill (&r, x), agree (f, g, x, 1);                   /* perhaps the other branch */
        wg_fun *clone = wg_fun_clone (f);
        fill (&r, x), agree_drivers (clone, g, x);
        wg_fun_free (f), wg_fun_free (g), wg_fun_free (clone);
      }
}
END_TEST

/* around the body: what uses it as an operation */

typedef struct { const wg_fun *body; int how; } around;

static void use (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  const around *a = ctx;
  const wg_arg rows = { .var = x, .width = 3, .stride = 3 }, windows = { .var = x, .width = 3, .stride = 1 };
  wg_var z[8];
  (void) n;
  for (size_t i = 0; i < m; i++) y[i] = wg_num (0);
  if (a->how == 0)
    {
      wg_call (a->body, x, NULL, z), wg_call (a->body, x + 3, NULL, z + 2);
      y[0] = wg_mul (z[0], z[3]), y[1] = wg_add (z[1], z[2]);
    }
  else if (a->how == 1) wg_map_sum (a->body, 2, 1, &rows, y);
  else if (a->how == 2) wg_map_sum (a->body, 4, 1, &windows, y);
  else
    {
      wg_map (a->body, 4, 1, &windows, z);
      for (size_t i = 0; i < 8; i++) y[i % 2] = wg_add (y[i % 2], wg_mul (z[i], x[i % 6]));
    }
}

START_TEST (as_a_body)
{
  rp_random r = { 78 };
  for (int how = 0; how < 4; how++)
    for (int k = 0; k < 3; k++)
      {
        double x[AGREE_MOST];
        fill (&r, x);
        const around in[2] = { { agree_record (with_arrays, NULL, 3, 2, x), how }, { agree_record (with_scalars, NULL, 3, 2, x), how } };
        wg_fun *f = agree_record (use, &in[0], 6, 2, x), *g = agree_record (use, &in[1], 6, 2, x);
        agree (f, g, x, 1);
        for (int l = 0; l < 4; l++) fill (&r, x), agree_drivers (f, g, x);
        wg_fun_free (f), wg_fun_free (g), wg_fun_free ((wg_fun *) in[0].body), wg_fun_free ((wg_fun *) in[1].body);
      }
}
END_TEST

/* a map in a map: the outer body sums the inner one over windows of its five inputs */
static void inner_sum (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  wg_map_sum (ctx, 3, 1, &(wg_arg){ .var = x, .width = 3, .stride = 1 }, y);
  (void) n;
  for (size_t i = 0; i < m; i++) y[i] = wg_mul (y[i], x[i]);
}

static void outer_sum (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m;
  wg_map_sum (ctx, 18, 1, &(wg_arg){ .var = x, .width = 5, .stride = 1 }, y);
}

START_TEST (in_nested_maps)
{
  rp_random r = { 79 };
  double x[AGREE_MOST];
  wg_fun *level[2][3];
  fill (&r, x);
  for (int s = 0; s < 2; s++)
    {
      level[s][0] = agree_record (s ? with_scalars : with_arrays, NULL, 3, 1, x);
      level[s][1] = agree_record (inner_sum, level[s][0], 5, 1, x);
      level[s][2] = agree_record (outer_sum, level[s][1], 22, 1, x);
    }
  for (int k = 0; k < 6; k++) agree_drivers (level[0][2], level[1][2], x), fill (&r, x);
  for (int s = 0; s < 2; s++)
    for (int l = 0; l < 3; l++) wg_fun_free (level[s][l]);
}
END_TEST

/* x W with parameters W (3 x 2), the gradient by them too */
static void layer (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  const int arrays = *(int *) ctx;
  wg_var p[6];
  (void) n, (void) m;
  wg_params (x[0], 0, 6, NULL, p);
  if (arrays) wg_unstack (wg_sqr (wg_matmul (wg_vec (x, 3), wg_mat (p, 3, 2))), y);
  else
    for (int j = 0; j < 2; j++)
      y[j] = wg_sqr (wg_add (wg_add (wg_mul (x[0], p[j]), wg_mul (x[1], p[2+j])), wg_mul (x[2], p[4+j])));
}

START_TEST (with_parameters)
{
  rp_random r = { 80 };
  double x[AGREE_MOST], p[AGREE_MOST];
  fill (&r, x);
  wg_fun *f = agree_record (layer, &(int){ 1 }, 3, 2, x), *g = agree_record (layer, &(int){ 0 }, 3, 2, x);
  for (int k = 0; k < 3; k++)
    {
      fill (&r, p);
      ck_assert_int_eq (wg_fun_set_params (f, 6, p), WG_OK);
      ck_assert_int_eq (wg_fun_set_params (g, 6, p), WG_OK);
      agree (f, g, x, 1);
    }
  wg_fun *fp = wg_fun_params_to_inputs (f), *gp = wg_fun_params_to_inputs (g);
  agree (fp, gp, x, 1);
  wg_fun_free (f), wg_fun_free (g), wg_fun_free (fp), wg_fun_free (gp);
}
END_TEST

static void step (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  const wg_var s = wg_vec (x, 2), A = wg_constant (x[0], 2, (size_t[]){ 2, 2 }, (double[]){ 0, 1, -1, 1 });
  (void) n, (void) m;
  if (*(int *) ctx) wg_unstack (wg_add (wg_matmul (A, s), x[2]), y);
  else y[0] = wg_add (x[1], x[2]), y[1] = wg_add (wg_sub (x[1], x[0]), x[2]);
}

static void steps (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m;
  wg_scan (ctx, 5, 2, x, 1, &(wg_arg){ .var = x + 2, .width = 1, .stride = 1 }, y, NULL);
  y[0] = wg_mul (y[0], y[1]);
}

START_TEST (in_a_scan)
{
  double x[AGREE_MOST] = { 1, 2, 3, -1, 2, 0, 1, 2, 3, 1, 0, 2 };
  wg_fun *in[2], *f[2];
  for (int s = 0; s < 2; s++)
    {
      in[s] = agree_record (step, &(int){ s }, 3, 2, x);
      f[s] = agree_record (steps, in[s], 7, 2, x);
    }
  agree (f[0], f[1], x, 1);
  for (int s = 0; s < 2; s++) wg_fun_free (f[s]), wg_fun_free (in[s]);
}
END_TEST

/* elementwise operations run together where nothing else uses what is between them */
static void chained (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  const wg_var a = wg_vec (x, 3), b = wg_vec (x + 3, 3), s = wg_sub (a, b), p = wg_mul (wg_sqr (s), wg_add (s, wg_mul (2, b)));
  (void) n, (void) ctx;
  y[0] = wg_sum (wg_select (wg_is_lt (a, b), p, wg_neg (p)));
  if (m > 1) y[1] = wg_at (p, 1);                               /* now p is needed by itself */
}

static size_t calls_of (const wg_fun *f)
{
  wg_fun_info info;
  ck_assert_int_eq (wg_fun_get_info (f, &info), WG_OK);
  return info.operations;
}

START_TEST (fused)
{
  const double x[6] = { 1, 2, -3, 2, 1, 1 };
  double y[2], g[6], J[12];
  wg_fun *one = agree_record (chained, NULL, 6, 1, x), *two = agree_record (chained, NULL, 6, 2, x);
  ck_assert_uint_eq (calls_of (one), 2);                        /* the chain, the sum */
  ck_assert_uint_eq (calls_of (two), 3);
  ck_assert_int_eq (wg_gradient (one, x, y, g), WG_OK);
  ck_assert_int_eq (wg_jacobian (two, x, y, J), WG_OK);
  agree_numbers ("gradient", 6, g, J);
  ck_assert_double_eq (y[0], 3 - 3 + 16*-2);
  wg_fun_free (one), wg_fun_free (two);
}
END_TEST

/* kinks inside chains are found */
static void kinked (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  const wg_var a = wg_vec (x, 3);
  (void) n, (void) m, (void) ctx;
  y[0] = wg_sum (wg_abs (wg_relu (wg_sub (a, 1))));
}

START_TEST (kinks)
{
  const double x[3] = { 1, 2, 0 };
  size_t count;
  wg_fun *f = agree_record (kinked, NULL, 3, 1, x);
  double y;
  ck_assert_int_eq (wg_eval (f, x, &y), WG_OK);
  ck_assert_int_eq (wg_fun_kinks (f, &count, NULL), WG_OK);
  ck_assert_uint_eq (count, 3);                                 /* relu at 1, abs of its two zeros */
  wg_fun_free (f);
}
END_TEST

/* clones on threads build the fragments that they share at the same time, and give the same bits */
enum { THREADS = 8, TIMES = 20 };

typedef struct { wg_fun *f; double hv[3*TIMES]; } job;

static void *differentiate (void *of)
{
  job *j = of;
  for (int k = 0; k < TIMES; k++)
    {
      const double x[3] = { .1*k, 1 - .05*k, .3 }, v[3] = { 1, -1, 2 };
      double y, g[3];
      if (wg_hvp (j->f, x, v, &y, g, j->hv + 3*k)) j->hv[3*k] = NAN;
    }
  return NULL;
}

START_TEST (on_threads)
{
  const double x[3] = { 0, 1, .3 };
  static job jobs[THREADS + 1];
  pthread_t thread[THREADS];
  wg_fun *f = agree_record (with_arrays, NULL, 3, 1, x), *plain = agree_record (with_arrays, NULL, 3, 1, x);
  for (int i = 0; i < THREADS; i++)
    {
      jobs[i].f = wg_fun_clone (f);
      ck_assert_int_eq (pthread_create (&thread[i], NULL, differentiate, &jobs[i]), 0);
    }
  jobs[THREADS].f = plain;
  differentiate (&jobs[THREADS]);
  for (int i = 0; i < THREADS; i++)
    {
      pthread_join (thread[i], NULL);
      agree_numbers ("hvp on a thread", 3*TIMES, jobs[i].hv, jobs[THREADS].hv);
      wg_fun_free (jobs[i].f);
    }
  wg_fun_free (f), wg_fun_free (plain);
}
END_TEST

/* inspection and plans do not lose their way */
START_TEST (looked_at)
{
  const double x[3] = { 1, 2, 3 }, bad[3] = { 1e200, 2, 1e200 };
  double y[2], J[6], value[6];
  wg_fun *f = agree_record (with_arrays, NULL, 3, 2, x);
  FILE *out = tmpfile ();
  char text[4096];
  ck_assert_ptr_nonnull (out);
  ck_assert_int_eq (wg_fun_describe (f, out), WG_OK);
  rewind (out);
  text[fread (text, 1, sizeof text - 1, out)] = 0;
  ck_assert_msg (strstr (text, "matmul") != NULL, "%s", text);
  ck_assert_int_eq (wg_eval (f, bad, y), WG_NONFINITE);
  ck_assert_int_eq (wg_fun_write_dot (f, out), WG_OK);
  fclose (out);
  wg_where w;
  ck_assert_int_eq (wg_fun_where (f, NULL, NULL, &w), WG_NONFINITE);
  ck_assert_msg (strcmp (w.name, "matmul") == 0 || strcmp (w.name, "sqr") == 0, "%s", w.name);
  wg_plan *plan = wg_plan_jacobian (f);
  ck_assert_ptr_nonnull (plan);
  ck_assert_int_eq (wg_jacobian (f, x, y, J), WG_OK);
  ck_assert_int_eq (wg_sparse_jacobian (f, plan, x, y, value), WG_OK);
  int row[6], col[6];
  wg_plan_coo (plan, row, col);
  for (size_t k = 0; k < wg_plan_nnz (plan); k++) ck_assert_double_eq (value[k], J[3*row[k] + col[k]]);
  wg_plan_free (plan), wg_fun_free (f);
}
END_TEST

/* sum of v[i % 3] v[j % 3] over i < 200, j of the 3 elements that a gather of digits of i in base 3 names; as many operations as
 * gathers, all different: 200 of one kind for x0 < 0, of another for x1 < 0, else one. */
static void many_operations (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  const wg_var v = wg_vec (x, 3);
  const int base = wg_lt (x[0], 0) ? 0 : wg_lt (x[1], 0) ? 200 : 399;
  y[0] = wg_num (0);
  for (int i = base; i < (base == 0 ? 200 : 400); i++)
    {
      const int index[] = { i % 3, i/3 % 3, i/9 % 3, i/27 % 3, i/81 % 3, i/243 % 3 };
      y[0] = wg_add (y[0], wg_mul (x[i % 3], wg_sum (wg_gather (v, 0, 6, index))));
    }
}

/* Back and forth between branches with many calls each and one with few, which forgets the others' instances: results are those of
 * integers, exact. */
START_TEST (branches_of_many_operations)
{
  const double points[][3] = { { -1, 2, 3 }, { 1, -2, 3 }, { 1, 2, 3 } };
  const int turns[] = { 0, 1, 0, 2, 1, 0, 2, 2, 1 };
  wg_fun *f = wg_fun_record (many_operations, NULL, 3, 1, points[0]);
  for (size_t k = 0; k < sizeof turns/sizeof *turns; k++)
    {
      const double *x = points[turns[k]];
      double y, g[3], expected = 0, eg[3] = { 0 };
      const int first = turns[k] == 0 ? 0 : turns[k] == 1 ? 200 : 399, end = turns[k] == 0 ? 200 : 400;
      for (int i = first; i < end; i++)
        for (int d = 0, j = i; d < 6; d++, j /= 3)
          expected += x[i % 3]*x[j % 3], eg[i % 3] += x[j % 3], eg[j % 3] += x[i % 3];
      ck_assert_int_eq (wg_gradient (f, x, &y, g), WG_OK);
      ck_assert_double_eq (y, expected);
      for (int i = 0; i < 3; i++) ck_assert_double_eq (g[i], eg[i]);
    }
  wg_fun_free (f);
}
END_TEST

int main (void)
{
  Suite *s = suite_create ("arrays inside");
  TCase *t = tcase_create ("arrays inside");
  tcase_add_test (t, by_itself);
  tcase_add_test (t, as_a_body);
  tcase_add_test (t, in_nested_maps);
  tcase_add_test (t, with_parameters);
  tcase_add_test (t, in_a_scan);
  tcase_add_test (t, fused);
  tcase_add_test (t, kinks);
  tcase_add_test (t, on_threads);
  tcase_add_test (t, looked_at);
  tcase_add_test (t, branches_of_many_operations);
  suite_add_tcase (s, t);
  return run_suite (s);
}
