/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Batches give what the drivers give item by item, to the last bit without lanes, for every way of laying out points,
 * parameters and directions; errors stop at their item; nothing is allocated per item.  Link with --wrap=malloc,--wrap=calloc,
 * --wrap=realloc and the static core.
 */
#include <check.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <wengert.h>

#include "random_program.h"
#include "runner.h"

void *__real_malloc (size_t);
void *__real_calloc (size_t, size_t);
void *__real_realloc (void *, size_t);
void *__wrap_malloc (size_t);
void *__wrap_calloc (size_t, size_t);
void *__wrap_realloc (void *, size_t);

static long allocations, fail_at;
static int inside;             /* the library; what the test framework allocates does not count */

static int refuse (void) { return inside && ++allocations == fail_at; }
void *__wrap_malloc (size_t size) { return refuse () ? NULL : __real_malloc (size); }
void *__wrap_calloc (size_t count, size_t size) { return refuse () ? NULL : __real_calloc (count, size); }
void *__wrap_realloc (void *p, size_t size) { return refuse () ? NULL : __real_realloc (p, size); }

enum { N = 3, NP = 2, M = 2, COUNT = 300, WIDE = 5, GUARD = 4 };      /* more than a block in lanes, and not blocks only */

/* Branches, parameters, no special values. */
static void model_scalar (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  wg_var p[NP];
  wg_params (x[0], 0, NP, (double[]){ .75, -1.25 }, p);
  wg_var s = wg_mul (p[0], wg_exp (wg_mul (x[0], x[1])));
  if (wg_lt (x[2], p[1])) s = wg_add (s, wg_sin (x[2]));
  else s = wg_sub (s, wg_mul (x[2], wg_sqr (x[0])));
  y[0] = wg_add (s, wg_mul (p[1], wg_sqr (x[1])));
}

static void model_vector (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  model_scalar (n, x, 1, y, ctx);
  y[m-1] = wg_log (wg_add (x[0], 3));
}

static double X[COUNT*WIDE], P[COUNT*WIDE], V[COUNT*WIDE];

static void fill (void)
{
  rp_random r = { 0xba7c4 };
  for (int i = 0; i < COUNT*WIDE; i++)
    X[i] = rp_uniform (&r, -2, 2), P[i] = rp_uniform (&r, -2, 2), V[i] = rp_uniform (&r, -2, 2);
}

static void hold (const double a[], const double b[], size_t count)
{
  for (size_t i = 0; i < count; i++) ck_assert_msg (rp_same_bits (a[i], b[i]), "%zu: %.17g, alone %.17g", i, a[i], b[i]);
}

/* In lanes exp and sin are within 4 ulp, and so is each term but for a few roundings: the terms of a value add up to at most 2
 * exp (4) + 17 < 128 in magnitude, those of a partial to 256, those of an entry of H v to 4096. */
static void near (const double a[], const double b[], size_t count, double terms)
{
  for (size_t i = 0; i < count; i++)
    ck_assert_msg (fabs (a[i] - b[i]) <= 16*DBL_EPSILON*terms, "%zu: %.17g, alone %.17g", i, a[i], b[i]);
}

static void compare (int lanes, const double a[], const double b[], size_t count, double terms)
{
  if (lanes) near (a, b, count, terms);
  else hold (a, b, count);
}

static const char *const lane_names[] = { "none", NULL, "baseline" };

/* Layouts: leading dimensions, and P or none. */
static const struct { size_t ldx, ldp, ldv; int has_p; } layout[] = {
  { N, NP, N, 1 }, { N, 0, 0, 1 }, { 0, NP, N, 1 }, { WIDE, WIDE, WIDE, 1 }, { WIDE, 0, N, 0 }, { 0, 0, 0, 1 }, { 0, 7, WIDE, 0 },
};

START_TEST (like_the_drivers)
{
  static double y[COUNT*M + GUARD], G[COUNT*M*N + GUARD], HV[COUNT*N + GUARD];
  const size_t ldx = layout[_i].ldx, ldp = layout[_i].ldp, ldv = layout[_i].ldv;
  const double *p = layout[_i].has_p ? P : NULL;
  const double set[NP] = { .625, .375 };
  double q[NP];
  fill ();
  wg_fun *f = wg_fun_record (model_scalar, NULL, N, 1, X), *h = wg_fun_record (model_vector, NULL, N, M, X);
  wg_fun *alone = wg_fun_clone (f), *alone_h = wg_fun_clone (h);
  for (int run = 0; run < 5*3; run++)
    {
      const int which = run % 5, lanes = run/5;
      wg_fun *g = which == 2 || which == 3 ? h : f, *a = g == f ? alone : alone_h;
      const size_t m = wg_fun_m (g);
      int rc = 1;
      for (int i = 0; i < COUNT*M + GUARD; i++) y[i] = 77;
      for (int i = 0; i < COUNT*M*N + GUARD; i++) G[i] = 77;
      for (int i = 0; i < COUNT*N + GUARD; i++) HV[i] = 77;
      ck_assert_int_eq (wg_fun_set_lanes (g, lane_names[lanes]), WG_OK);
      ck_assert_int_eq (wg_fun_set_params (g, NP, set), WG_OK);
      switch (which)
        {
        case 0: rc = wg_eval_batch (g, COUNT, X, ldx, p, ldp, y); break;
        case 1: rc = wg_gradient_batch (g, COUNT, X, ldx, p, ldp, y, G); break;
        case 2: rc = wg_jacobian_batch (g, COUNT, X, ldx, p, ldp, y, G); break;
        case 3: rc = wg_eval_batch (g, COUNT, X, ldx, p, ldp, y); break;
        case 4: rc = wg_hvp_batch (g, COUNT, X, ldx, p, ldp, V, ldv, y, G, HV); break;
        }
      ck_assert_msg (rc == WG_OK, "%s", wg_last_error ());
      for (size_t k = 0; k < COUNT; k++)
        {
          double ya[M], ga[M*N], hva[N];
          const double *x = X + k*ldx, *v = V + k*ldv;
          ck_assert_int_eq (wg_fun_set_params (a, NP, p ? p + k*ldp : set), WG_OK);
          switch (which)
            {
            case 0: case 3: ck_assert_int_eq (wg_eval (a, x, ya), WG_OK); break;
            case 1: ck_assert_int_eq (wg_gradient (a, x, ya, ga), WG_OK); break;
            case 2: ck_assert_int_eq (wg_jacobian (a, x, ya, ga), WG_OK); break;
            case 4: ck_assert_int_eq (wg_hvp (a, x, v, ya, ga, hva), WG_OK); break;
            }
          compare (lanes, y + k*m, ya, m, 128);
          if (which == 1 || which == 2 || which == 4) compare (lanes, G + k*m*N, ga, m*N, 256);
          if (which == 4) compare (lanes, HV + k*N, hva, N, 4096);
        }
      for (int i = 0; i < GUARD; i++)               /* nothing behind the last item */
        ck_assert (y[COUNT*m + (size_t) i] == 77 && G[COUNT*M*N + i] == 77 && HV[COUNT*N + i] == 77);
      ck_assert_int_eq (wg_eval (g, NULL, y), WG_EINVAL);      /* no last point */
      ck_assert_int_eq (wg_eval (g, X, q), WG_OK);             /* and the parameters of before */
      ck_assert_int_eq (wg_fun_set_params (a, NP, set), WG_OK);
      ck_assert_int_eq (wg_eval (a, X, y), WG_OK);
      hold (q, y, m);
    }
  wg_fun_free (alone), wg_fun_free (alone_h), wg_fun_free (f), wg_fun_free (h);
}
END_TEST

/* Jacobians by pairs of rows and a last one, or, when there are more than columns, point by point: outputs that are inputs and constants;
 * points where the logarithm does not exist make their own rows NaN only. */

enum { INPUTS = 6, MOST_OUT = 8 };

static void model_outputs (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  wg_var all[MOST_OUT];
  (void) n, (void) ctx;
  model_scalar (N, x, 1, all, NULL);
  all[1] = wg_log (wg_add (x[0], 1.875)), all[2] = x[5], all[3] = wg_num (4), all[4] = wg_mul (x[3], x[1]), all[5] = x[5];
  all[6] = wg_cos (x[1]), all[7] = wg_mul (all[0], x[4]);
  for (size_t i = 0; i < m; i++) y[i] = all[i];
}

START_TEST (jacobians_of_all_shapes)
{
  static double x[COUNT*INPUTS], y[COUNT*MOST_OUT], J[COUNT*MOST_OUT*INPUTS];
  const size_t m = (size_t) _i;
  double ya[MOST_OUT], Ja[MOST_OUT*INPUTS];
  rp_random r = { 0xba7c5 };
  fill ();
  for (int i = 0; i < COUNT*INPUTS; i++) x[i] = rp_uniform (&r, -2, 2);
  wg_fun *f = wg_fun_record (model_outputs, NULL, INPUTS, m, x), *alone = wg_fun_clone (f);
  for (int all_exist = 0; all_exist < 2; all_exist++)  /* blocks that are done again, and all of them in lanes */
    {
      int bad = WG_OK;
      for (int k = 0; k < COUNT && all_exist; k++) x[k*INPUTS] = fabs (x[k*INPUTS]);
      const int rc = wg_jacobian_batch (f, COUNT, x, INPUTS, P, NP, y, J);
      for (size_t k = 0; k < COUNT; k++)
        {
          ck_assert_int_eq (wg_fun_set_params (alone, NP, P + k*NP), WG_OK);
          bad |= wg_jacobian (alone, x + k*INPUTS, ya, Ja);
          for (size_t i = 0; i < m; i++)
            {
              ck_assert (isfinite (ya[i]) == isfinite (y[k*m + i]));
              if (!isfinite (ya[i])) continue;
              near (y + k*m + i, ya + i, 1, 256);      /* one more product than the others, by 2 at most */
              near (J + (k*m + i)*INPUTS, Ja + i*INPUTS, INPUTS, 512);
            }
        }
      ck_assert_int_eq (rc, bad);
      ck_assert_int_eq (bad, all_exist || m < 2 ? WG_OK : WG_NONFINITE);
    }
  wg_fun_free (alone), wg_fun_free (f);
}
END_TEST

START_TEST (optional_outputs)
{
  static double y[COUNT], G[COUNT*N], HV[COUNT*N], other[COUNT*N];
  fill ();
  wg_fun *f = wg_fun_record (model_scalar, NULL, N, 1, X);
  ck_assert_int_eq (wg_hvp_batch (f, COUNT, X, N, P, NP, V, N, y, G, HV), WG_OK);
  ck_assert_int_eq (wg_gradient_batch (f, COUNT, X, N, P, NP, NULL, other), WG_OK);
  hold (other, G, COUNT*N);
  ck_assert_int_eq (wg_gradient_batch (f, COUNT, X, N, P, NP, other, NULL), WG_OK);
  hold (other, y, COUNT);
  ck_assert_int_eq (wg_hvp_batch (f, COUNT, X, N, P, NP, V, N, NULL, NULL, other), WG_OK);
  hold (other, HV, COUNT*N);
  ck_assert_int_eq (wg_jacobian_batch (f, COUNT, X, N, P, NP, NULL, other), WG_OK);
  hold (other, G, COUNT*N);
  ck_assert_int_eq (wg_eval_batch (f, COUNT, X, N, P, NP, NULL), WG_OK);
  ck_assert_int_eq (wg_hvp_batch (f, COUNT, X, N, P, NP, V, N, NULL, NULL, NULL), WG_OK);
  wg_fun_free (f);
}
END_TEST

START_TEST (refusals)
{
  double y[COUNT*M], G[COUNT*M*N];
  fill ();
  wg_fun *f = wg_fun_record (model_scalar, NULL, N, 1, X), *h = wg_fun_record (model_vector, NULL, N, M, X);
  y[0] = 77;
  ck_assert_int_eq (wg_eval_batch (NULL, COUNT, X, N, P, NP, y), WG_EINVAL);
  ck_assert_int_eq (wg_eval_batch (f, COUNT, NULL, N, P, NP, y), WG_EINVAL);
  ck_assert_int_eq (wg_fun_status (f), WG_EINVAL);
  ck_assert_int_eq (wg_eval_batch (f, COUNT, X, N - 1, P, NP, y), WG_EINVAL);
  ck_assert_ptr_nonnull (strstr (wg_last_error (), "ldx is 2, less than 3"));
  ck_assert_int_eq (wg_gradient_batch (f, COUNT, X, N, P, 1, y, NULL), WG_EINVAL);
  ck_assert_int_eq (wg_hvp_batch (f, COUNT, X, N, P, NP, NULL, N, y, NULL, NULL), WG_EINVAL);
  ck_assert_int_eq (wg_hvp_batch (f, COUNT, X, N, P, NP, V, 1, y, NULL, NULL), WG_EINVAL);
  ck_assert_int_eq (wg_hvp_batch (h, COUNT, X, N, P, NP, V, N, y, NULL, NULL), WG_ESHAPE);
  ck_assert_int_eq (wg_gradient_batch (h, COUNT, X, N, P, NP, y, NULL), WG_ESHAPE);
  ck_assert (y[0] == 77);
  ck_assert_int_eq (wg_jacobian_batch (h, 0, X, N, P, NP, y, G), WG_OK);
  ck_assert (y[0] == 77);
  wg_fun_free (f), wg_fun_free (h);
}
END_TEST

/* The model gives up where x0 > 1.5; log (x1) is not finite for x1 <= 0. */
static void model_fails (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  if (!wg_le (x[0], 1.5)) wg_raise (x[0], "too far out");
  y[0] = wg_mul (x[0], wg_log (x[1]));
}

START_TEST (first_error_stops)
{
  const double points[4*2] = { 1, 2, .5, -1, 1.25, 3, 2.5, 1 }, fine[4*2] = { 1, 2, .5, 3, NAN, 3, 1.125, .5 };
  double y[4], G[8];
  wg_fun_info info;
  wg_fun *f = wg_fun_record (model_fails, NULL, 2, 1, points);
  for (int i = 0; i < 8; i++) y[i/2] = G[i] = 77;
  ck_assert_int_eq (wg_gradient_batch (f, 4, points, 2, NULL, 0, y, G), WG_EMODEL);
  ck_assert_ptr_nonnull (strstr (wg_last_error (), "wg_gradient_batch: item 3: too far out"));
  ck_assert_int_eq (wg_fun_status (f), WG_EMODEL);
  ck_assert_int_eq (wg_fun_get_info (f, &info), WG_OK);
  ck_assert_uint_eq (info.batch_done, 3);
  ck_assert_double_eq (y[0], log (2));
  ck_assert (isnan (y[1]));                        /* items that are not finite do not stop it */
  ck_assert_double_eq (y[2], 1.25*log (3));
  ck_assert_double_eq (G[5], 1.25/3);
  ck_assert (y[3] == 77 && G[6] == 77 && G[7] == 77);
  ck_assert_int_eq (wg_gradient_batch (f, 4, fine, 2, NULL, 0, y, G), WG_NONFINITE);
  ck_assert_ptr_nonnull (strstr (wg_last_error (), "item 2"));
  ck_assert (isnan (y[2]) && isnan (G[4]) && isnan (G[5]));      /* x0 is NaN and a branch depends on it */
  ck_assert_double_eq (y[3], 1.125*log (.5));
  ck_assert_double_eq (G[7], 2.25);
  ck_assert_int_eq (wg_fun_get_info (f, &info), WG_OK);
  ck_assert_uint_eq (info.batch_done, 4);
  wg_fun_free (f);
}
END_TEST

/* The same among many points, some of which were swept with them. */
START_TEST (errors_in_lanes)
{
  enum { POINTS = 200 };
  double points[2*POINTS], y[POINTS], G[2*POINTS], a[3];
  wg_fun_info info;
  for (int k = 0; k < POINTS; k++) points[2*k] = 1.5 - k*.0078125, points[2*k+1] = .5 + k*.03125;
  points[2*3+1] = -1, points[2*177] = 2;
  wg_fun *f = wg_fun_record (model_fails, NULL, 2, 1, points), *alone = wg_fun_clone (f);
  for (int i = 0; i < 2*POINTS; i++) y[i/2] = G[i] = 77;
  ck_assert_int_eq (wg_gradient_batch (f, POINTS, points, 2, NULL, 0, y, G), WG_EMODEL);
  ck_assert_ptr_nonnull (strstr (wg_last_error (), "wg_gradient_batch: item 177: too far out"));
  ck_assert_int_eq (wg_fun_get_info (f, &info), WG_OK);
  ck_assert_uint_eq (info.batch_done, 177);
  ck_assert (isnan (y[3]) && y[177] == 77 && G[2*177] == 77);
  points[2*177] = NAN;
  ck_assert_int_eq (wg_gradient_batch (f, POINTS, points, 2, NULL, 0, y, G), WG_NONFINITE);
  ck_assert_ptr_nonnull (strstr (wg_last_error (), "item 3"));
  for (int k = 0; k < POINTS; k++)
    {
      if (k == 3 || k == 177) continue;
      ck_assert_int_eq (wg_gradient (alone, points + 2*k, a, a + 1), WG_OK);
      ck_assert (fabs (a[0] - y[k]) <= 8*DBL_EPSILON*fabs (a[0]) + DBL_EPSILON && fabs (a[1] - G[2*k]) <= 8*DBL_EPSILON*fabs (a[1]) + DBL_EPSILON
                 && a[2] == G[2*k+1]);
    }
  ck_assert (isnan (y[3]) && isnan (y[177]) && isnan (G[2*177]));
  wg_fun_free (alone), wg_fun_free (f);
}
END_TEST

/* Data that are bound to other rows between batches. */
static void times (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  y[0] = wg_mul (wg_param (x[0], 0, 1), wg_sqr (x[0]));
}

static void sum_of_times (size_t n, const wg_var x[], size_t m, wg_var y[], void *body)
{
  static const double data[3] = { 1, 2, 4 };
  const wg_arg args[2] = { { .var = x, .width = 1 }, { .data = data, .width = 1, .stride = 1, .slot = 1 } };
  (void) n, (void) m;
  wg_map_sum (body, 3, 2, args, y);
}

START_TEST (bound_data)
{
  const double other[2] = { 16, 32 };
  double x[20], y[20], g[20];
  for (int k = 0; k < 20; k++) x[k] = k - 7;
  wg_fun *body = wg_fun_record (times, NULL, 1, 1, x), *f = wg_fun_record (sum_of_times, body, 1, 1, x);
  for (int bound = 0; bound < 2; bound++)
    {
      const double sum = bound ? 48 : 7;
      ck_assert_int_eq (wg_gradient_batch (f, 20, x, 1, NULL, 0, y, g), WG_OK);
      for (int k = 0; k < 20; k++) ck_assert (y[k] == sum*x[k]*x[k] && g[k] == 2*sum*x[k]);
      ck_assert_int_eq (wg_fun_bind (f, 1, 2, other, NULL), WG_OK);
    }
  wg_fun_free (f), wg_fun_free (body);
}
END_TEST

/* A branch with one more parameter: items set those that were known before the batch. */
static void model_grows (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  y[0] = wg_mul (wg_param (x[0], 0, 2), x[0]);
  if (wg_lt (x[0], 0)) y[0] = wg_mul (y[0], wg_param (x[0], 1, 16));
}

START_TEST (parameters_appear)
{
  const double x[3] = { 1, -1, 2 }, p[3] = { 3, 5, 7 };
  double y[3];
  wg_fun *f = wg_fun_record (model_grows, NULL, 1, 1, x);
  ck_assert_uint_eq (wg_fun_np (f), 1);
  ck_assert_int_eq (wg_eval_batch (f, 3, x, 1, p, 1, y), WG_OK);
  ck_assert (y[0] == 3 && y[1] == -80 && y[2] == 14);
  ck_assert_uint_eq (wg_fun_np (f), 2);
  ck_assert_int_eq (wg_eval (f, x + 1, y), WG_OK);
  ck_assert_double_eq (y[0], -32);
  ck_assert_int_eq (wg_eval_batch (f, 3, x, 1, p, 1, y), WG_EINVAL);           /* two are needed now */
  ck_assert_int_eq (wg_eval_batch (f, 2, x, 1, p, 0, y), WG_OK);               /* p[0], p[1] for all */
  ck_assert (y[0] == 3 && y[1] == -15);
  wg_fun_free (f);
}
END_TEST

START_TEST (no_memory_per_item)
{
  static double y[COUNT], G[COUNT*N], HV[COUNT*N], J[COUNT*M*N];
  fill ();
  wg_fun *f = wg_fun_record (model_scalar, NULL, N, 1, X), *h = wg_fun_record (model_vector, NULL, N, M, X);
  for (int round = 0; round < 2; round++)
    {
      allocations = 0;
      inside = 1;
      int rc = wg_hvp_batch (f, COUNT, X, N, P, NP, V, N, y, G, HV);
      if (!rc) rc = wg_gradient_batch (f, COUNT, X, N, P, NP, y, G);
      if (!rc) rc = wg_eval_batch (f, COUNT, X, N, P, 0, y);
      if (!rc) rc = wg_jacobian_batch (h, COUNT, X, N, P, NP, NULL, J);
      inside = 0;
      ck_assert_int_eq (rc, WG_OK);
      ck_assert (round == 0 ? allocations > 0 : allocations == 0);
    }
  wg_fun *fresh = wg_fun_clone (f);
  y[0] = 77;
  inside = 1, fail_at = allocations + 1;
  const int rc = wg_eval_batch (fresh, COUNT, X, N, P, NP, y);
  inside = 0;
  ck_assert_int_eq (rc, WG_ENOMEM);
  ck_assert (y[0] == 77);
  ck_assert_int_eq (wg_eval_batch (fresh, COUNT, X, N, P, NP, y), WG_OK);
  wg_fun_free (fresh), wg_fun_free (f), wg_fun_free (h);
}
END_TEST

int main (void)
{
  Suite *s = suite_create ("batch");
  TCase *t = tcase_create ("batch");
  tcase_add_loop_test (t, like_the_drivers, 0, sizeof layout/sizeof *layout);
  tcase_add_loop_test (t, jacobians_of_all_shapes, 1, MOST_OUT + 1);
  tcase_add_test (t, optional_outputs);
  tcase_add_test (t, refusals);
  tcase_add_test (t, first_error_stops);
  tcase_add_test (t, errors_in_lanes);
  tcase_add_test (t, bound_data);
  tcase_add_test (t, parameters_appear);
  tcase_add_test (t, no_memory_per_item);
  suite_add_tcase (s, t);
  return run_suite (s);
}
