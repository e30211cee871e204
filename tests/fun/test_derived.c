/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Derivatives as functions: they give what the drivers give, to the last bit, on every branch; what is composed of them to the
 * fourth order is what nested dual numbers give, to the last bit forward and exactly in reverse; functions that
 * differentiate inside do not confuse their perturbations; numbers that change reach all of them.
 */
#include "agree.h"
#include "../sweep/majorant.h"
#include "runner.h"

/* One over dual3: fourth derivatives. */
typedef struct { dual3 v, d; } dual4;
#define WGI_NUM dual4
#define WGI_BASE dual3
#define WGI_BASE_TYPE dual3
#include <wengert/dual_number.h>

/* The models, over variables and over the nested duals. */

#define SMOOTH(N, L, x)                                                                                             \
  N (add) (N (mul) (N (exp) (N (mul) (L (.25), x[0])), N (sin) (N (mul) (x[0], x[1]))),                             \
           N (div) (N (tanh) (N (sub) (x[1], L (.375))), N (add) (N (sqr) (x[0]), N (softplus) (x[1]))))

/* exact for small integers; each number is used often, and x1 alone too */
#define EXACT(N, L, x)                                                                                              \
  N (add) (N (mul) (N (mul) (N (sqr) (x[0]), x[1]), N (sub) (N (mul) (x[0], x[1]), L (3.))),                        \
           N (max) (N (powi) (N (add) (x[0], x[1]), 5), N (mul) (N (neg) (x[1]), L (2.))))

#define VAR(op) wg_var_##op
#define DUAL4(op) dual4_##op

static wg_var number (double c) { return wg_num (c); }
static dual4 constant (double c) { return dual4_make (dual3_of (c, 0, 0, 0), dual3_of (0, 0, 0, 0)); }

static void model_smooth (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  y[0] = SMOOTH (VAR, number, x);
}

static void model_exact (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  y[0] = EXACT (VAR, number, x);
}

/* The model over x[16*2]: value and tangent, each of these with a tangent, and so on; its component of this order along all.  What was
 * differentiated first is the outermost dual, since the later ones are the numbers it is run over: bit 0 of the place. */
static double over_duals (int exact, int order, const double x[32])
{
  double t[16];
  dual4 in[2];
  for (int i = 0; i < 2; i++)
    {
      const double *z = x + i;
      dual3 part[2];
      for (int k = 0; k < 2; k++, z += 2)
        part[k] = dual3_make (wgi_dual2_make (wg_dual_make (z[0], z[16]), wg_dual_make (z[8], z[24])),
                              wgi_dual2_make (wg_dual_make (z[4], z[20]), wg_dual_make (z[12], z[28])));
      in[i] = dual4_make (part[0], part[1]);
    }
  const dual4 y = exact ? EXACT (DUAL4, constant, in) : SMOOTH (DUAL4, constant, in);
  dual3_get (y.v, t), dual3_get (y.d, t + 8);
  return t[16 - (16 >> order)];
}

/* jvp by reverse mode: its gradient, called, times the second half of the inputs */
static void model_times (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) m;
  wg_var g[32];
  wg_call (ctx, x, NULL, g);
  y[0] = wg_mul (g[0], x[n/2]);
  for (size_t i = 1; i < n/2; i++) y[0] = wg_add (y[0], wg_mul (g[i], x[n/2 + i]));
}

/* f differentiated order times, bit k of path telling by which mode the k-th. */
static wg_fun *differentiated (wg_fun *f, int order, unsigned path)
{
  wg_fun *h = wg_fun_clone (f);
  for (int k = 0; k < order; k++)
    {
      static const double x0[32] = { 1, 2, 1, 1 };
      wg_fun *g = path >> k & 1 ? wg_fun_gradient (h) : wg_fun_jvp (h), *next = g;
      ck_assert_msg (g != NULL, "%s", wg_last_error ());
      if (path >> k & 1)
        {
          next = agree_record (model_times, g, 2*wg_fun_n (h), 1, x0);
          wg_fun_free (g);
        }
      wg_fun_free (h);
      h = next;
    }
  return h;
}

START_TEST (forward_to_the_fourth)
{
  rp_random r = { 0x5eed8000 };
  wg_fun *f = agree_record (model_smooth, NULL, 2, 1, (double[]){ .5, .75 });
  for (int order = 1; order < 5; order++)
    {
      wg_fun *h = differentiated (f, order, 0);
      for (int k = 0; k < 500; k++)
        {
          double x[32] = { 0 }, y;
          for (int i = 0; i < 2 << order; i++) x[i] = rp_below (&r, 6) ? rp_uniform (&r, -1.5, 1.5) : 0;
          ck_assert_int_eq (wg_eval (h, x, &y), WG_OK);
          ck_assert_msg (y == over_duals (0, order, x), "order %d: %.17g and %.17g", order, y, over_duals (0, order, x));
        }
      wg_fun_free (h);
    }
  wg_fun_free (f);
}
END_TEST

/* Every succession of forward and reverse. */
START_TEST (every_way_to_the_fourth)
{
  rp_random r = { 0x5eed8100 };
  wg_fun *f = agree_record (model_exact, NULL, 2, 1, (double[]){ 1, 2 });
  for (int order = 1; order < 5; order++)
    for (unsigned path = 0; path < 1u << order; path++)
      {
        wg_fun *h = differentiated (f, order, path);
        for (int k = 0; k < 40; k++)
          {
            double x[32] = { 0 }, y;
            for (int i = 0; i < 2 << order; i++) x[i] = (double) rp_below (&r, 9) - 4;
            ck_assert_int_eq (wg_eval (h, x, &y), WG_OK);
            ck_assert_msg (y == over_duals (1, order, x), "order %d, path %u: %.17g and %.17g", order, path, y, over_duals (1, order, x));
          }
        wg_fun_free (h);
      }
  wg_fun_free (f);
}
END_TEST

/* the functions and the drivers */

static void model_branching (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) ctx;
  const wg_var a = wg_hypot (x[0], wg_add (x[1], wg_param (x[0], 0, 1.5))), b = wg_sigmoid (wg_mul (x[2], x[1]));
  y[0] = wg_lt (x[0], x[1]) ? wg_mul (a, wg_log1p (wg_exp (b))) : wg_sub (wg_pow (a, 1.25), wg_atan2 (b, x[0]));
  if (m > 1) y[1] = wg_clamp (wg_mul (x[1], x[2]), -1, 1), y[2] = wg_num (4.5), y[3] = x[2];
}

/* Derivatives of f at x with directions behind it, by drivers and by functions, to the last bit. */
static void hold_drivers (wg_fun *f, wg_fun *const derived[5], const double x[])
{
  enum { N = 3 };
  const size_t m = wg_fun_m (f);
  double y[4], a[N*4], b[N*4];
#define HOLD(k, count, driver)                                                                                      \
  {                                                                                                                 \
    ck_assert_msg ((driver) == WG_OK && wg_eval (derived[k], x, b) == WG_OK, "%s", wg_last_error ());               \
    for (size_t i = 0; i < count; i++)                                                                              \
      ck_assert_msg (a[i] == b[i], "%s: entry %zu is %.17g, the function's %.17g", #driver, i, a[i], b[i]);         \
  }
  HOLD (1, m, wg_jvp (f, x, x + N, y, a))
  HOLD (2, N, wg_vjp (f, x, x + N, y, a))
  HOLD (4, N*m, wg_jacobian (f, x, y, a))
  if (m > 1) return;
  HOLD (0, N, wg_gradient (f, x, y, a))
  ck_assert (wg_hvp (f, x, x + N, y, y, a) == WG_OK && wg_eval (derived[3], x, b) == WG_OK);
  for (size_t i = 0; i < N; i++)                     /* the function's is forward over reverse, summed in another order */
    ck_assert_msg (fabs (a[i] - b[i]) <= 1e-13*(1 + fabs (a[i])), "hvp: %.17g and %.17g", a[i], b[i]);
#undef HOLD
}

START_TEST (as_the_drivers)
{
  static agree_derive *const derive[5] = { wg_fun_gradient, wg_fun_jvp, wg_fun_vjp, wg_fun_hvp, wg_fun_jacobian };
  const size_t m = _i ? 4 : 1;
  rp_random r = { 0x5eed8200 };
  wg_fun *derived[5], *f = agree_record (model_branching, NULL, 3, m, (double[]){ .5, 1.25, -.75 });
  ck_assert_int_eq (wg_fun_set_params (f, 1, (double[]){ .8125 }), WG_OK);
  for (int k = 0; k < 5; k++) derived[k] = derive[k] (f), ck_assert (!derived[k] == (_i && k % 3 == 0));
  for (int k = 0; k < 600; k++)
    {
      double x[7], p;
      for (int i = 0; i < 7; i++) x[i] = rp_uniform (&r, -2, 2);
      if (k % 100 == 50)                             /* their parameters are their own */
        {
          p = rp_uniform (&r, 1, 3);
          ck_assert_int_eq (wg_fun_set_params (f, 1, &p), WG_OK);
          for (int d = 0; d < 5; d++) if (derived[d]) ck_assert_int_eq (wg_fun_set_params (derived[d], 1, &p), WG_OK);
        }
      hold_drivers (f, derived, x);
    }
  for (int k = 0; k < 5; k++)
    {
      wg_fun_info i = { 0 };
      wg_fun_get_info (derived[k], &i);
      ck_assert_uint_le (i.recordings, 2);
      wg_fun_free (derived[k]);
    }
  wg_fun_free (f);
}
END_TEST

/* An output of weight 0 that is known when the function is made is left out, infinite partials and all. */

static void model_edge (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  y[0] = wg_sqrt (wg_add (x[0], x[1])), y[1] = wg_mul (x[0], wg_sqr (x[1]));
}

START_TEST (left_out)
{
  double J[4];
  wg_fun *f = agree_record (model_edge, NULL, 2, 2, (double[]){ 1, 2 }), *derived = wg_fun_jacobian (f);
  ck_assert_int_eq (wg_eval (derived, (double[]){ 3, -3 }, J), WG_NONFINITE);
  ck_assert (J[0] == INFINITY && J[1] == INFINITY && J[2] == 9 && J[3] == -18);
  wg_fun_free (f), wg_fun_free (derived);
}
END_TEST

/* So is an arm that is known then not to be taken: 0^x has no derivative by its base. */

static void model_base (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) ctx;
  for (size_t i = 0; i < m; i++) y[i] = wg_mul ((double) i + 2, wg_pow (wg_num (0), x[0]));
}

START_TEST (arm_known)
{
  for (size_t m = 1; m < 3; m++)           /* by rows, by columns */
    {
      double J[2];
      wg_fun *f = agree_record (model_base, NULL, 1, m, (double[]){ 1.5 }), *derived = wg_fun_jacobian (f);
      ck_assert_int_eq (wg_eval (derived, (double[]){ 2.5 }, J), WG_OK);
      ck_assert (J[0] == 0 && (m == 1 || J[1] == 0));
      wg_fun_free (f), wg_fun_free (derived);
    }
}
END_TEST

/* perturbation confusion */

static void model_sum (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  y[0] = wg_add (x[0], x[1]);
}

static void model_product (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  y[0] = wg_mul (wg_mul (x[0], x[1]), x[1]);
}

/* x d/dy g (x, y) at y = x, by forward or by reverse mode: for the sum x, for the product x y^2 it is 2 x^3 */
typedef struct { const wg_fun *derived; int reverse; } inside;

static void model_inside (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m;
  const inside *s = ctx;
  wg_var d[2];
  const wg_var in[4] = { x[0], x[0], wg_num (0), wg_num (1) };
  wg_call (s->derived, in, NULL, d);
  y[0] = wg_mul (x[0], s->reverse ? d[1] : d[0]);
}

START_TEST (no_confusion)
{
  for (int reverse = 0; reverse < 2; reverse++)
    for (int product = 0; product < 2; product++)
      {
        const double x = 3, one = 1;
        double y, g, hv;
        wg_fun *f = agree_record (product ? model_product : model_sum, NULL, 2, 1, (double[]){ 1, 2 });
        inside s = { reverse ? wg_fun_gradient (f) : wg_fun_jvp (f), reverse };
        wg_fun *h = agree_record (model_inside, &s, 1, 1, &x), *dh = wg_fun_gradient (h);
        ck_assert_int_eq (wg_hvp (h, &x, &one, &y, &g, &hv), WG_OK);
        ck_assert (product ? y == 54 && g == 54 && hv == 36 : y == 3 && g == 1 && hv == 0);
        ck_assert_int_eq (wg_jvp (h, &x, &one, &y, &g), WG_OK);
        ck_assert (product ? y == 54 && g == 54 : y == 3 && g == 1);
        ck_assert_int_eq (wg_hvp (dh, &x, &one, &y, &g, &hv), WG_OK);
        ck_assert (product ? y == 54 && g == 36 && hv == 12 : y == 1 && g == 0 && hv == 0);
        wg_fun_free (f), wg_fun_free ((wg_fun *) s.derived), wg_fun_free (h), wg_fun_free (dh);
      }
}
END_TEST

/* A function recorded inside a model cannot use the outer variables behind the library's back. */
static const wg_var *outer_variable;

static void model_captures (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  y[0] = wg_mul (*outer_variable, x[0]);
}

static void model_capturing (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  outer_variable = &x[0];
  wg_fun *f = wg_fun_record (model_captures, NULL, 1, 1, (double[]){ 1 });
  ck_assert (f == NULL && wg_fun_status (NULL) == WG_ETAPE);
  y[0] = x[0];
}

START_TEST (captured)
{
  ck_assert (wg_fun_record (model_capturing, NULL, 1, 1, (double[]){ 2 }) == NULL);      /* the outer one is told too */
  ck_assert_int_eq (wg_fun_status (NULL), WG_ETAPE);
}
END_TEST

/* a choice of outputs */

START_TEST (outputs)
{
  double y[5], z[4], J[15], K[12];
  const int which[5] = { 3, 0, 2, 0, 1 };
  const double points[2][3] = { { .5, 1.25, -.75 }, { 1.5, .25, 1.75 } };
  wg_fun *f = agree_record (model_branching, NULL, 3, 4, points[0]), *g = wg_fun_outputs (f, 5, which);
  wg_fun *one = wg_fun_outputs (f, 1, which + 1), *both = wg_fun_outputs (g, 2, (int[]){ 4, 1 });
  ck_assert (wg_fun_m (g) == 5 && wg_fun_n (g) == 3 && wg_fun_np (g) == 1 && wg_fun_m (both) == 2);
  for (int round = 0; round < 4; round++)
    {
      const double *x = points[round % 2];
      ck_assert (wg_jacobian (f, x, z, K) == WG_OK && wg_jacobian (g, x, y, J) == WG_OK);
      for (int i = 0; i < 5; i++)
        {
          ck_assert (rp_same_bits (y[i], z[which[i]]));
          for (int j = 0; j < 3; j++) ck_assert (J[3*i + j] == K[3*which[i] + j]);
        }
      ck_assert (wg_gradient (one, x, y, J) == WG_OK && y[0] == z[0]);
      for (int j = 0; j < 3; j++) ck_assert (fabs (J[j] - K[j]) <= 1e-14*(1 + fabs (K[j])));      /* by rows, by columns */
      ck_assert (wg_eval (both, x, y) == WG_OK && y[0] == z[1] && y[1] == z[0]);
    }
  ck_assert (!wg_fun_outputs (f, 0, which) && wg_fun_status (NULL) == WG_EINVAL);
  ck_assert (!wg_fun_outputs (f, 1, NULL) && wg_fun_status (NULL) == WG_EINVAL);
  ck_assert (!wg_fun_outputs (NULL, 1, which) && wg_fun_status (NULL) == WG_EINVAL);
  ck_assert (!wg_fun_outputs (f, 2, (int[]){ 0, 4 }) && wg_fun_status (NULL) == WG_EINVAL);
  ck_assert (!wg_fun_outputs (f, 1, (int[]){ -1 }) && wg_fun_status (NULL) == WG_EINVAL);
  wg_fun_free (f), wg_fun_free (g), wg_fun_free (one), wg_fun_free (both);
}
END_TEST

START_TEST (refused)
{
  static agree_derive *const derive[] = { wg_fun_gradient, wg_fun_jvp, wg_fun_vjp, wg_fun_hvp, wg_fun_jacobian, wg_fun_params_to_inputs };
  wg_fun *f = agree_record (model_branching, NULL, 3, 4, (double[]){ .5, 1.25, -.75 });
  for (int k = 0; k < 6; k++) ck_assert (!derive[k] (NULL) && wg_fun_status (NULL) == WG_EINVAL);
  ck_assert (!wg_fun_gradient (f) && wg_fun_status (NULL) == WG_ESHAPE);
  ck_assert (!wg_fun_hvp (f) && wg_fun_status (NULL) == WG_ESHAPE);
  wg_fun_free (f);
}
END_TEST

/* Numbers that change reach all that is derived, however far, and who calls that. */

static void model_cubic (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m;
  y[0] = wg_mul (*(double *) ctx, wg_mul (wg_sqr (x[0]), x[0]));
}

static void model_calling (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m;
  wg_call (ctx, (wg_var[]){ x[0], x[0], x[0], x[0] }, NULL, y);
}

START_TEST (invalidated)
{
  static agree_derive *const derive[] = { wg_fun_gradient, wg_fun_jvp, wg_fun_vjp, wg_fun_hvp, wg_fun_jacobian, wg_fun_params_to_inputs };
  enum { K = 6, ALL = K + K*K };
  double c = 1, y, was[3*ALL];
  const double x[4] = { 2, 2, 2, 2 };
  wg_fun *all[3*ALL], *f = agree_record (model_cubic, &c, 1, 1, x);
  size_t count = 0;
  for (int k = 0; k < K; k++)
    {
      all[count++] = derive[k] (f);
      for (int l = 0; l < K; l++) if ((all[count] = derive[l] (all[k*(K + 1)]))) count++; else all[count++] = wg_fun_clone (f);
    }
  ck_assert_uint_eq (count, ALL);
  for (int k = 0; k < ALL; k++) all[count++] = wg_fun_m (all[k]) == 1 ? agree_record (model_calling, all[k], 1, 1, x) : wg_fun_clone (f);
  for (int k = 0; k < ALL; k++)
    {
      all[count] = wg_fun_m (all[k]) == 1 ? wg_fun_gradient (all[ALL + k]) : wg_fun_outputs (all[k], 1, (int[]){ 0 });
      ck_assert (all[count++] != NULL);
    }
  for (int round = 0; round < 3; round++, c *= 2, wg_fun_invalidate (f))
    for (size_t k = 0; k < count; k++)
      {
        if (wg_fun_m (all[k]) > 1) continue;
        ck_assert_int_eq (wg_eval (all[k], x, &y), WG_OK);
        ck_assert_msg (round == 0 || y == 2*was[k], "%zu: %g, before %g", k, y, was[k]);
        was[k] = y;
        ck_assert (y != 0);
      }
  for (size_t k = 0; k < count; k++) wg_fun_free (all[k]);
  wg_fun_free (f);
}
END_TEST

int main (void)
{
  Suite *s = suite_create ("derived functions");
  TCase *t = tcase_create ("derived");
  tcase_add_test (t, forward_to_the_fourth);
  tcase_add_test (t, every_way_to_the_fourth);
  tcase_add_loop_test (t, as_the_drivers, 0, 2);
  tcase_add_test (t, left_out);
  tcase_add_test (t, arm_known);
  tcase_add_test (t, no_confusion);
  tcase_add_test (t, captured);
  tcase_add_test (t, outputs);
  tcase_add_test (t, refused);
  tcase_add_test (t, invalidated);
  suite_add_tcase (s, t);
  return run_suite (s);
}
