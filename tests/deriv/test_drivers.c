/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Each driver against derivatives known otherwise: functions whose derivatives are written out, structure (many outputs,
 * few, constant, repeated, inputs themselves), choices, zero weights, every line of the table of kinks.
 */
#include <check.h>

#include "random_program.h"
#include "runner.h"

#define near(a, b) ck_assert_msg (fabs ((a) - (b)) <= 1e-13*(1 + fabs (a) + fabs (b)), "%s is %.17g, not %.17g", #a, (double) (a), (double) (b))

static wg_fun *record (wg_model *model, size_t n, size_t m, const double x[])
{
  wg_fun *f = wg_fun_record (model, NULL, n, m, x);
  ck_assert_msg (f != NULL, "%s", wg_last_error ());
  return f;
}

/* laws: one driver in terms of others, with an odd number of everything */

static void model_three (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  y[0] = wg_mul (wg_sin (wg_mul (x[0], x[1])), wg_exp (x[2]));
  y[1] = wg_div (x[0], wg_add (1.5, wg_sqr (x[2])));
  y[2] = wg_pow (wg_add (2.25, wg_abs (x[1])), x[0]);
}

START_TEST (drivers_agree)
{
  rp_random r = { 0x5eed8000 };
  wg_fun *f = record (model_three, 3, 3, (double[]){ .5, 1.25, -.75 });
  for (int round = 0; round < 200; round++)
    {
      double x[3], v[3], w[3], u[3], y[3], y2[3], J[9], jv[3], uj[3], gn[3], hv[3], hw[3], fvv[3], sum = 0, quadratic = 0;
      for (int i = 0; i < 3; i++)
        x[i] = rp_uniform (&r, -2, 2), v[i] = rp_uniform (&r, -1, 1), w[i] = rp_uniform (&r, -1, 1), u[i] = rp_uniform (&r, -1, 1);
      ck_assert_int_eq (wg_eval (f, x, y), WG_OK);
      ck_assert_int_eq (wg_jacobian (f, x, y2, J), WG_OK);
      ck_assert (!memcmp (y, y2, sizeof y));
      ck_assert_int_eq (wg_jvp (f, x, v, y2, jv), WG_OK);
      ck_assert (!memcmp (y, y2, sizeof y));
      ck_assert_int_eq (wg_vjp (f, x, u, y2, uj), WG_OK);
      ck_assert_int_eq (wg_gnvp (f, x, v, y2, gn), WG_OK);
      ck_assert_int_eq (wg_hvp_weighted (f, x, u, v, y2, hw, hv), WG_OK);
      for (int i = 0; i < 3; i++) near (hw[i], uj[i]);
      for (int i = 0; i < 3; i++)
        {
          near (jv[i], J[3*i]*v[0] + J[3*i + 1]*v[1] + J[3*i + 2]*v[2]);
          near (uj[i], J[i]*u[0] + J[3 + i]*u[1] + J[6 + i]*u[2]);
          near (gn[i], J[i]*jv[0] + J[3 + i]*jv[1] + J[6 + i]*jv[2]);
        }
      ck_assert_int_eq (wg_fvv (f, x, v, y2, w, fvv), WG_OK);
      for (int i = 0; i < 3; i++) near (w[i], jv[i]), sum += u[i]*fvv[i], quadratic += v[i]*hv[i];
      near (sum, quadratic);
    }
  wg_fun_free (f);
}
END_TEST

/* points */

/* f = a^3 b + exp (a b): everything up to third order is written out. */
static void model_known (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  y[0] = wg_add (wg_mul (wg_powi (x[0], 3), x[1]), wg_exp (wg_mul (x[0], x[1])));
}

START_TEST (known_derivatives)
{
  const double a = 1.125, b = -.625, e = exp (a*b), x[2] = { a, b }, v[2] = { .75, -1.5 };
  const double value = a*a*a*b + e, ga = 3*a*a*b + b*e, gb = a*a*a + a*e, haa = 6*a*b + b*b*e, hab = 3*a*a + (1 + a*b)*e, hbb = a*a*e;
  double y, g[2], hv[2], H[4], jv, fvv, J[2], out[2];
  wg_fun *f = record (model_known, 2, 1, (double[]){ .5, .5 });
  ck_assert_int_eq (wg_eval (f, x, &y), WG_OK);
  near (y, value);
  ck_assert_int_eq (wg_gradient (f, x, &y, g), WG_OK);
  near (y, value), near (g[0], ga), near (g[1], gb);
  ck_assert_int_eq (wg_jacobian (f, x, &y, J), WG_OK);
  near (J[0], ga), near (J[1], gb);
  ck_assert_int_eq (wg_jvp (f, x, v, &y, &jv), WG_OK);
  near (jv, ga*v[0] + gb*v[1]);
  ck_assert_int_eq (wg_vjp (f, x, (double[]){ -2.5 }, &y, g), WG_OK);
  near (g[0], -2.5*ga), near (g[1], -2.5*gb);
  ck_assert_int_eq (wg_hvp (f, x, v, &y, g, hv), WG_OK);
  near (y, value), near (g[0], ga), near (g[1], gb), near (hv[0], haa*v[0] + hab*v[1]), near (hv[1], hab*v[0] + hbb*v[1]);
  ck_assert_int_eq (wg_hvp_weighted (f, x, (double[]){ -2.5 }, v, &y, g, hv), WG_OK);
  near (g[0], -2.5*ga), near (hv[0], -2.5*(haa*v[0] + hab*v[1]));
  ck_assert_int_eq (wg_hessian (f, x, &y, g, H), WG_OK);
  near (y, value), near (g[0], ga), near (g[1], gb), near (H[0], haa), near (H[1], hab), near (H[2], hab), near (H[3], hbb);
  ck_assert_int_eq (wg_fvv (f, x, v, &y, &jv, &fvv), WG_OK);
  near (y, value), near (jv, ga*v[0] + gb*v[1]), near (fvv, haa*v[0]*v[0] + 2*hab*v[0]*v[1] + hbb*v[1]*v[1]);
  ck_assert_int_eq (wg_gnvp (f, x, v, &y, out), WG_OK);
  near (out[0], ga*(ga*v[0] + gb*v[1])), near (out[1], gb*(ga*v[0] + gb*v[1]));
  wg_fun_free (f);
}
END_TEST

/* The third derivative along v, by symmetric differences of fvv with two steps. */
START_TEST (third_derivative)
{
  const double a = .875, b = .375, e = exp (a*b), v[2] = { .75, -1.25 }, s = a*v[1] + b*v[0], p = v[0]*v[1];
  /* d^3/dt^3 of (a + t v0)^3 (b + t v1) and of exp ((a + t v0) (b + t v1)) at t = 0 */
  const double third = 6*v[0]*v[0]*v[0]*b + 18*a*v[0]*v[0]*v[1] + e*(s*s*s + 6*s*p);
  double quotient[2], y, jv, side[2];
  wg_fun *f = record (model_known, 2, 1, (double[]){ 1, 1 });
  for (int k = 0; k < 2; k++)
    {
      const double h = ldexp (1, -8 - k);
      for (int i = 0; i < 2; i++)
        {
          const double x[2] = { a + (2*i - 1)*h*v[0], b + (2*i - 1)*h*v[1] };
          ck_assert_int_eq (wg_fvv (f, x, v, &y, &jv, &side[i]), WG_OK);
        }
      quotient[k] = (side[1] - side[0])/(2*h);
    }
  ck_assert_double_eq_tol ((4*quotient[1] - quotient[0])/3, third, 1e-9);
  wg_fun_free (f);
}
END_TEST

/* Outputs that are inputs, constants, repeated, inactive; more outputs than inputs and fewer; unused inputs. */
static void model_shapes (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) ctx;
  const wg_var p = wg_mul (x[0], x[1]), all[8] = { x[1], wg_num (2.5), p, p, wg_floor (x[0]), wg_sin (p), x[1], wg_mul (3, wg_num (.5)) };
  for (size_t i = 0; i < m; i++) y[i] = all[i];
}

START_TEST (structure)
{
  const double x[4] = { 1.375, -.625, 9, 7 }, p = x[0]*x[1], c = cos (p), s = sin (p), v[4] = { .5, 2, -3, 1 };
  const double value[8] = { x[1], 2.5, p, p, 1, s, x[1], 1.5 };
  const double d0[8] = { 0, 0, x[1], x[1], 0, c*x[1], 0, 0 }, d1[8] = { 1, 0, x[0], x[0], 0, c*x[0], 1, 0 };
  const double u[8] = { .5, 10, 1.5, -.25, 100, 2, -1.75, 30 };
  for (size_t n = 2; n < 5; n++)
    for (size_t m = 1; m < 9; m++)
      {
        double y[8], J[32], jv[8], uj[4], out[4], hv[4], fvv[8], g0 = 0, g1 = 0, gn0 = 0, gn1 = 0, h0 = 0, h1 = 0;
        wg_fun *f = record (model_shapes, n, m, (double[]){ .5, .5, .5, .5 });
        ck_assert_int_eq (wg_jacobian (f, x, y, J), WG_OK);
        for (size_t i = 0; i < m; i++)
          {
            near (y[i], value[i]), near (J[i*n], d0[i]), near (J[i*n + 1], d1[i]);
            for (size_t j = 2; j < n; j++) ck_assert (rp_same_bits (J[i*n + j], 0));
          }
        ck_assert_int_eq (wg_jvp (f, x, v, y, jv), WG_OK);
        ck_assert_int_eq (wg_fvv (f, x, v, y, jv, fvv), WG_OK);
        for (size_t i = 0; i < m; i++)
          {
            const double t = v[0]*x[1] + v[1]*x[0], second = i == 2 || i == 3 ? 2*v[0]*v[1] : i == 5 ? 2*v[0]*v[1]*c - s*t*t : 0;
            near (jv[i], d0[i]*v[0] + d1[i]*v[1]), near (fvv[i], second);
            g0 += u[i]*d0[i], g1 += u[i]*d1[i], gn0 += d0[i]*jv[i], gn1 += d1[i]*jv[i];
            h0 += u[i]*(i == 2 || i == 3 ? v[1] : i == 5 ? c*v[1] - s*x[1]*t : 0);
            h1 += u[i]*(i == 2 || i == 3 ? v[0] : i == 5 ? c*v[0] - s*x[0]*t : 0);
          }
        for (int twice = 0; twice < 2; twice++)                      /* nothing is left behind */
          {
            ck_assert_int_eq (wg_vjp (f, x, u, y, uj), WG_OK);
            near (uj[0], g0), near (uj[1], g1);
            ck_assert_int_eq (wg_gnvp (f, x, v, y, out), WG_OK);
            near (out[0], gn0), near (out[1], gn1);
            ck_assert_int_eq (wg_hvp_weighted (f, x, u, v, y, uj, hv), WG_OK);
            near (uj[0], g0), near (uj[1], g1), near (hv[0], h0), near (hv[1], h1);
            for (size_t j = 2; j < n; j++) ck_assert (rp_same_bits (uj[j], 0) && rp_same_bits (hv[j], 0) && rp_same_bits (out[j], 0));
            for (size_t i = 0; i < m; i++) near (y[i], value[i]);
          }
        wg_fun_free (f);
      }
}
END_TEST

static void model_constant (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  y[0] = x[0].value > 0 ? wg_num (4.25) : x[0].value < -5 ? x[0] : wg_floor (x[0]);
}

START_TEST (flat_functions)
{
  const double start[3] = { 1.5, -1.5, -9.5 }, slope[3] = { 0, 0, 1 };
  for (int k = 0; k < 3; k++)
    {
      double y, g = 9, H = 9, hv = 9, jv = 9, fvv = 9;
      wg_fun *f = record (model_constant, 1, 1, start + k);
      for (int twice = 0; twice < 2; twice++)
        {
          ck_assert_int_eq (wg_hessian (f, start + k, &y, &g, &H), WG_OK);
          ck_assert (rp_same_bits (g, slope[k]) && rp_same_bits (H, 0));
          ck_assert_int_eq (wg_hvp (f, start + k, (double[]){ 1.5 }, &y, &g, &hv), WG_OK);
          ck_assert (rp_same_bits (g, slope[k]) && rp_same_bits (hv, 0));
          ck_assert_int_eq (wg_fvv (f, start + k, (double[]){ 1.5 }, &y, &jv, &fvv), WG_OK);
          ck_assert (jv == 1.5*slope[k] && fvv == 0);
        }
      wg_fun_free (f);
    }
}
END_TEST

/* x NULL: the last point, whatever driver went there, and optional outputs. */
START_TEST (last_point)
{
  const double x[2] = { 1.25, -.5 }, z[2] = { -.75, 2 }, v[2] = { 1, .5 }, u[1] = { 1.5 };
  double y, y2, g[2], g2[2], hv[2], hv2[2], H[4], jv, jv2, fvv, fvv2, e[2] = { 1, 0 };
  wg_fun *f = record (model_known, 2, 1, z), *fresh = record (model_known, 2, 1, z);
  ck_assert_int_eq (wg_hvp (fresh, x, v, &y, g, hv), WG_OK);
  for (int first = 0; first < 8; first++)
    {
      ck_assert_int_eq (wg_eval (f, z, NULL), WG_OK);
      switch (first)
        {
        case 0: wg_eval (f, x, NULL); break;
        case 1: wg_gradient (f, x, NULL, NULL); break;
        case 2: wg_jvp (f, x, e, NULL, NULL); break;
        case 3: wg_hvp (f, x, e, NULL, NULL, NULL); break;
        case 4: wg_fvv (f, x, e, NULL, NULL, NULL); break;
        case 5: wg_jacobian (f, x, NULL, NULL); break;
        case 6: wg_hessian (f, x, NULL, NULL, NULL); break;
        case 7: wg_gnvp (f, x, e, NULL, NULL); break;
        }
      for (int k = 0; k < 2; k++)
        {
          ck_assert_int_eq (wg_eval (f, NULL, &y2), WG_OK);
          ck_assert (rp_same_bits (y, y2));
          ck_assert_int_eq (wg_hvp (f, NULL, v, &y2, NULL, hv2), WG_OK);
          ck_assert (rp_same_bits (y, y2) && rp_same_bits (hv[0], hv2[0]) && rp_same_bits (hv[1], hv2[1]));
          ck_assert_int_eq (wg_gradient (f, NULL, NULL, g2), WG_OK);
          ck_assert (rp_same_bits (g[0], g2[0]) && rp_same_bits (g[1], g2[1]));
          ck_assert_int_eq (wg_vjp (f, NULL, u, NULL, g2), WG_OK);
          near (g2[0], 1.5*g[0]);
          ck_assert_int_eq (wg_jvp (f, NULL, v, NULL, &jv), WG_OK);
          ck_assert_int_eq (wg_jvp (fresh, x, v, NULL, &jv2), WG_OK);
          ck_assert (rp_same_bits (jv, jv2));
          ck_assert_int_eq (wg_fvv (f, NULL, v, NULL, NULL, &fvv), WG_OK);
          ck_assert_int_eq (wg_fvv (fresh, x, v, NULL, NULL, &fvv2), WG_OK);
          ck_assert (rp_same_bits (fvv, fvv2));
          ck_assert_int_eq (wg_hessian (f, NULL, NULL, NULL, H), WG_OK);
          near (H[0]*v[0] + H[1]*v[1], hv[0]);
          ck_assert_int_eq (wg_jacobian (f, NULL, NULL, g2), WG_OK);
          ck_assert (rp_same_bits (g[0], g2[0]));
          ck_assert_int_eq (wg_gnvp (f, NULL, v, NULL, g2), WG_OK);
          near (g2[0], g[0]*jv);
          ck_assert_int_eq (wg_hvp_weighted (f, NULL, u, v, NULL, NULL, hv2), WG_OK);
          near (hv2[1], 1.5*hv[1]);
        }
    }
  wg_fun_free (f), wg_fun_free (fresh);
}
END_TEST

/* choices and infinite partials */

/* The function of one input, its gradient, second derivative by HVP, and the same forward. */
typedef struct { int rc; double y, g, h, jv, fvv; int rc_forward; } jet;

static jet at (wg_model *model, double from, double x)
{
  jet j;
  wg_fun *f = record (model, 1, 1, &from);
  const double one = 1;
  j.rc = wg_hvp (f, &x, &one, &j.y, &j.g, &j.h);
  j.rc_forward = wg_fvv (f, &x, &one, NULL, &j.jv, &j.fvv);
  double H, g;
  const int rc = wg_hessian (f, &x, NULL, &g, &H);
  ck_assert (rp_same_bits (g, j.g) && rp_same_bits (H, j.h) && rc == (isfinite (g) && isfinite (H) ? WG_OK : WG_NONFINITE));
  wg_fun_free (f);
  return j;
}

#define MODEL(name, e) static void name (size_t n_, const wg_var x_[], size_t m_, wg_var y_[], void *ctx_) \
  { const wg_var x = x_[0]; (void) n_, (void) m_, (void) ctx_; y_[0] = e; }

MODEL (arm_select, wg_select (wg_is_gt (x, 0), wg_sqrt (x), wg_mul (2.5, x)))
MODEL (arm_select_late, wg_mul (3, wg_select (wg_is_le (x, 0), wg_sin (x), wg_mul (wg_sqrt (x), wg_log (x)))))
MODEL (arm_max, wg_max (wg_mul (2, wg_add (x, 1)), wg_sqrt (x)))
MODEL (arm_max_second, wg_max (wg_sqrt (x), wg_mul (2, wg_add (x, 1))))
MODEL (arm_min, wg_min (wg_sub (x, 1), wg_sqrt (x)))
MODEL (arm_min_second, wg_min (wg_sqrt (x), wg_sub (wg_sqr (x), 1)))
MODEL (arm_clamp, wg_clamp (wg_sub (wg_cos (x), 3), -1, wg_sqrt (x)))
MODEL (arm_clamp_inside, wg_clamp (wg_sin (x), -1, wg_add (1, wg_sqrt (x))))
MODEL (arm_relu, wg_relu (wg_sub (wg_sqrt (x), 1)))
MODEL (arm_nested, wg_select (wg_is_gt (x, 0), wg_select (wg_is_gt (x, 1), wg_log (x), wg_sqrt (x)), wg_exp (x)))
MODEL (arm_shared, wg_add (wg_select (wg_is_gt (x, 0), wg_sqrt (x), x), wg_mul (2, wg_select (wg_is_gt (x, 0), wg_recip (x), wg_sqr (x)))))

START_TEST (untaken_arms)
{
  static const struct { wg_model *model; double y, g, h; } all[] = {
    { arm_select, 0, 2.5, 0 }, { arm_select_late, 0, 3, 0 }, { arm_max, 2, 2, 0 }, { arm_max_second, 2, 2, 0 },
    { arm_min, -1, 1, 0 }, { arm_min_second, -1, 0, 2 }, { arm_clamp, -1, 0, 0 }, { arm_clamp_inside, 0, 1, 0 }, { arm_relu, 0, 0, 0 },
    { arm_nested, 1, 1, 1 }, { arm_shared, 0, 1, 4 } };
  for (size_t i = 0; i < sizeof all/sizeof *all; i++)
    {
      const jet j = at (all[i].model, .5, 0);
      ck_assert_msg (j.rc == WG_OK && j.y == all[i].y && j.g == all[i].g && j.h == all[i].h, "%zu: %d %g %g %g", i, j.rc, j.y, j.g, j.h);
      ck_assert_msg (j.rc_forward == WG_OK && j.jv == all[i].g && j.fvv == all[i].h, "%zu: forward %d %g %g", i, j.rc_forward, j.jv, j.fvv);
    }
}
END_TEST

MODEL (root_squared, wg_mul (wg_sqrt (x), wg_sqrt (x)))
MODEL (root_squared_shared, wg_sqr (wg_sqrt (x)))
MODEL (root_squared_negative, wg_neg (wg_mul (wg_sqrt (x), wg_sqrt (x))))
MODEL (root_times, wg_mul (wg_sub (0, wg_sqrt (x)), wg_sqrt (x)))
MODEL (root_scaled, wg_mul (-2, wg_mul (wg_sqrt (x), wg_sqrt (x))))
MODEL (root_cancelled, wg_sub (wg_sqrt (x), wg_sqrt (x)))
MODEL (root_selected, wg_select (1, wg_neg (wg_mul (wg_sqrt (x), wg_sqrt (x))), x))

START_TEST (zero_times_infinity)
{
  wg_model *const all[] = { root_squared, root_squared_shared, root_squared_negative, root_times, root_scaled, root_cancelled, root_selected };
  for (size_t i = 0; i < sizeof all/sizeof *all; i++)
    {
      const jet j = at (all[i], .5, 0);
      double y, g = 5;
      ck_assert_msg (j.rc == WG_NONFINITE && j.y == 0 && isnan (j.g) && isnan (j.h), "%zu: %d %g %g %g", i, j.rc, j.y, j.g, j.h);
      ck_assert_msg (j.rc_forward == WG_NONFINITE && isnan (j.jv), "%zu: forward %d %g", i, j.rc_forward, j.jv);
      wg_fun *f = record (all[i], 1, 1, (double[]){ 2 });
      ck_assert_int_eq (wg_gradient (f, (double[]){ 0 }, &y, &g), WG_NONFINITE);
      ck_assert (y == 0 && isnan (g));
      ck_assert_int_eq (wg_vjp (f, (double[]){ 0 }, (double[]){ -1 }, &y, &g), WG_NONFINITE);
      ck_assert (isnan (g));
      ck_assert_int_eq (wg_gradient (f, (double[]){ 4 }, &y, &g), WG_OK);          /* fine elsewhere */
      wg_fun_free (f);
    }
}
END_TEST

/* Outputs of weight zero, tangents of zero. */
static void model_leaks (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  const wg_var root = wg_sqrt (x[0]);
  y[0] = root;
  y[1] = wg_mul (wg_exp (x[1]), x[1]);
  y[2] = wg_mul (root, x[1]);
  y[3] = wg_log (x[0]);
  y[4] = wg_recip (x[0]);
}

START_TEST (zero_weights)
{
  const double x[2] = { 0, .75 }, u[5] = { 0, 2, 0, 0, -0. }, v[2] = { 0, 1.5 }, e = exp (.75);
  double y[5], g[2], hv[2], jv[5], fvv[5];
  wg_fun *f = record (model_leaks, 2, 5, (double[]){ 1, 1 });
  ck_assert_int_eq (wg_vjp (f, x, u, NULL, g), WG_OK);
  ck_assert (g[0] == 0);
  near (g[1], 2*1.75*e);
  ck_assert_int_eq (wg_hvp_weighted (f, x, u, v, NULL, g, hv), WG_OK);
  ck_assert (g[0] == 0 && hv[0] == 0);
  near (hv[1], 2*1.5*2.75*e);
  ck_assert_int_eq (wg_jvp (f, x, v, NULL, jv), WG_OK);
  ck_assert (jv[0] == 0 && jv[2] == 0 && jv[3] == 0 && jv[4] == 0);
  ck_assert_int_eq (wg_fvv (f, x, v, NULL, jv, fvv), WG_OK);
  ck_assert (fvv[0] == 0 && fvv[2] == 0 && fvv[3] == 0);
  ck_assert_int_eq (wg_vjp (f, x, (double[]){ 1, 0, 0, 0, 0 }, y, g), WG_NONFINITE);
  ck_assert (g[0] == INFINITY && g[1] == 0);
  ck_assert_int_eq (wg_gnvp (f, x, v, NULL, g), WG_OK);            /* weights J v, which are 0 where J is infinite */
  ck_assert (g[0] == 0);
  wg_fun_free (f);
}
END_TEST

/* the table of kinks, line by line */

MODEL (kink_abs, wg_abs (x))
MODEL (kink_relu, wg_relu (x))
MODEL (kink_sign, wg_sign (x))
MODEL (kink_step, wg_step (x))
MODEL (kink_floor, wg_floor (x))
MODEL (kink_max, wg_max (wg_mul (2, x), wg_mul (3, x)))
MODEL (kink_min, wg_min (wg_mul (2, x), wg_mul (3, x)))
MODEL (kink_sqrt, wg_sqrt (x))
MODEL (kink_cbrt, wg_cbrt (x))
MODEL (kink_hypot, wg_hypot (x, wg_mul (2, x)))
MODEL (kink_hypot_one, wg_hypot (x, 0))
MODEL (kink_clamp_low, wg_clamp (wg_mul (2, x), wg_mul (5, x), 1))
MODEL (kink_clamp_high, wg_clamp (wg_mul (2, x), -1, wg_mul (5, x)))
MODEL (kink_clamp_crossed, wg_clamp (x, wg_add (x, 1), wg_sub (x, 1)))

START_TEST (kinks)
{
  static const struct { wg_model *model; double y, g, h; } flat[] = {
    { kink_abs, 0, 0, 0 }, { kink_relu, 0, 0, 0 }, { kink_sign, 0, 0, 0 }, { kink_step, 0, 0, 0 }, { kink_floor, 0, 0, 0 },
    { kink_max, 0, 2, 0 }, { kink_min, 0, 2, 0 },                  /* a tie: the first argument */
    { kink_clamp_low, 0, 2, 0 }, { kink_clamp_high, 0, 2, 0 }, { kink_clamp_crossed, 1, 1, 0 } };
  for (size_t i = 0; i < sizeof flat/sizeof *flat; i++)
    for (int sign = 0; sign < 2; sign++)
      {
        const jet j = at (flat[i].model, .5, sign ? -0. : 0.);
        ck_assert_msg (j.rc == WG_OK && j.y == flat[i].y && j.g == flat[i].g && j.h == flat[i].h, "%zu: %d %g %g %g", i, j.rc, j.y, j.g, j.h);
        ck_assert_msg (j.rc_forward == WG_OK && j.jv == flat[i].g && j.fvv == flat[i].h, "%zu: %d %g %g", i, j.rc_forward, j.jv, j.fvv);
      }
  jet j = at (kink_sqrt, 1, 0);
  ck_assert (j.rc == WG_NONFINITE && j.rc_forward == WG_NONFINITE && j.y == 0);
  ck_assert (j.g == INFINITY && j.jv == INFINITY && j.h == -INFINITY && j.fvv == -INFINITY);
  j = at (kink_cbrt, 1, 0);
  ck_assert (j.rc == WG_NONFINITE && j.g == INFINITY && j.jv == INFINITY && !isfinite (j.h));
  j = at (kink_hypot, 1, 0);                                       /* first derivative 0, second NaN and reported */
  ck_assert (j.rc == WG_NONFINITE && j.rc_forward == WG_NONFINITE && j.y == 0 && j.g == 0 && j.jv == 0 && isnan (j.h) && isnan (j.fvv));
  j = at (kink_hypot_one, 1, 0);
  ck_assert (j.rc == WG_NONFINITE && j.y == 0 && j.g == 0 && isnan (j.h));
  /* beside the kink */
  j = at (kink_abs, 1, -2), ck_assert (j.y == 2 && j.g == -1 && j.h == 0);
  j = at (kink_relu, 1, -2), ck_assert (j.y == 0 && j.g == 0);
  j = at (kink_relu, 1, 2), ck_assert (j.y == 2 && j.g == 1);
  j = at (kink_max, 1, 1), ck_assert (j.y == 3 && j.g == 3);
  j = at (kink_min, 1, 1), ck_assert (j.y == 2 && j.g == 2);
}
END_TEST

/* A NaN stays in max, min, clamp, relu, sign. */
MODEL (nan_max, wg_max (wg_log (x), 1))
MODEL (nan_max_second, wg_max (1, wg_log (x)))
MODEL (nan_min, wg_min (wg_log (x), 1))
MODEL (nan_min_second, wg_min (1, wg_log (x)))
MODEL (nan_clamp, wg_clamp (wg_log (x), 0, 1))
MODEL (nan_relu, wg_relu (wg_log (x)))
MODEL (nan_sign, wg_sign (wg_log (x)))
MODEL (nan_step, wg_step (wg_log (x)))

START_TEST (nan_stays)
{
  wg_model *const all[] = { nan_max, nan_max_second, nan_min, nan_min_second, nan_clamp, nan_relu, nan_sign, nan_step };
  for (size_t i = 0; i < sizeof all/sizeof *all; i++)
    {
      double y;
      wg_fun *f = record (all[i], 1, 1, (double[]){ 2 });
      ck_assert_int_eq (wg_eval (f, (double[]){ -1 }, &y), WG_NONFINITE);
      ck_assert_msg (isnan (y), "%zu: %g", i, y);
      wg_fun_free (f);
    }
}
END_TEST

MODEL (square_of, wg_powi (x, 2))
MODEL (cube_of, wg_powi (x, 3))
MODEL (fifth_of, wg_powi (x, 5))
MODEL (inverse_square, wg_powi (x, -2))
MODEL (power_zero, wg_powi (x, 0))
MODEL (power_one, wg_powi (x, 1))
MODEL (literal_square, wg_pow (x, 2))
MODEL (literal_cube, wg_pow (x, 3.0))
MODEL (literal_one, wg_pow (x, 1))
MODEL (literal_zero, wg_pow (x, 0))
MODEL (literal_half, wg_pow (x, 2.5))

START_TEST (powers)
{
  /* defined for x <= 0 where the power is; no logarithm of the base for literal exponents */
  jet j = at (square_of, 1, -1.5);
  ck_assert (j.rc == WG_OK && j.y == 2.25 && j.g == -3 && j.h == 2 && j.fvv == 2);
  j = at (square_of, 1, 0), ck_assert (j.rc == WG_OK && j.y == 0 && j.g == 0 && j.h == 2);
  j = at (cube_of, 1, -1.5), ck_assert (j.rc == WG_OK && j.y == -3.375 && j.g == 6.75 && j.h == -9);
  j = at (cube_of, 1, 0), ck_assert (j.rc == WG_OK && j.y == 0 && j.g == 0 && j.h == 0);
  j = at (fifth_of, 1, 0), ck_assert (j.rc == WG_OK && j.y == 0 && j.g == 0 && j.h == 0);
  j = at (inverse_square, 1, -2), ck_assert (j.rc == WG_OK && j.y == .25 && j.g == .25 && j.h == .375);
  j = at (inverse_square, 1, 0), ck_assert (j.rc == WG_NONFINITE && j.y == INFINITY);
  j = at (power_zero, 1, 0), ck_assert (j.rc == WG_OK && j.y == 1 && j.g == 0 && j.h == 0);
  j = at (power_one, 1, 0), ck_assert (j.rc == WG_OK && j.y == 0 && j.g == 1 && j.h == 0);
  j = at (literal_square, 1, -1.5), ck_assert (j.rc == WG_OK && j.y == 2.25 && j.g == -3 && j.h == 2);
  j = at (literal_square, 1, 0), ck_assert (j.rc == WG_OK && j.y == 0 && j.g == 0 && j.h == 2 && j.fvv == 2);
  j = at (literal_cube, 1, 0), ck_assert (j.rc == WG_OK && j.y == 0 && j.g == 0 && j.h == 0);
  j = at (literal_one, 1, 0), ck_assert (j.rc == WG_OK && j.y == 0 && j.g == 1 && j.h == 0);
  j = at (literal_zero, 1, 0), ck_assert (j.rc == WG_OK && j.y == 1 && j.g == 0 && j.h == 0);
  j = at (literal_half, 1, 0), ck_assert (j.rc == WG_OK && j.y == 0 && j.g == 0 && j.h == 0);
}
END_TEST

/* What a compiler makes of a power with a constant exponent has the bits of the recorded one: here, in the sweep over dual
 * numbers, in the one over many directions (lgamma' has such a power inside). */

#define POWERS(x) wg_add (wg_add (wg_pow (x, 2.), wg_pow (x, -1.)), wg_add (wg_add (wg_pow (x, .5), wg_pow (x, 3.)), wg_lgamma (x)))
MODEL (powers_too, POWERS (x))

START_TEST (constant_exponents)
{
  enum { POINTS = 20000, K = 9 };
  wg_fun *f = record (powers_too, 1, 1, (double[]){ 1.5 });
  for (int i = 1; i <= POINTS; i++)
    {
      const double x = i*.000625, one = 1;
      const wg_dual in = wg_dual_make (x, 1), out = POWERS (in);
      double y, d, V[K], HV[K], hv;
      for (int k = 0; k < K; k++) V[k] = 1.1875*k - 3.3;
      ck_assert_int_eq (wg_jvp (f, &x, &one, &y, &d), WG_OK);
      ck_assert_msg (y == POWERS (x) && y == out.v && d == out.d, "at %.17g: %.17g %.17g", x, y - out.v, d - out.d);
      ck_assert_int_eq (wg_hvps (f, &x, K, V, &y, NULL, HV), WG_OK);
      for (int k = 0; k < K; k++)
        ck_assert_msg (wg_hvp (f, &x, &V[k], &y, NULL, &hv) == WG_OK && hv == HV[k], "at %.17g: %.17g %.17g", x, hv, HV[k]);
    }
  wg_fun_free (f);
}
END_TEST

/* log-sum-exp, softplus, logistic: no overflow for finite input. */
MODEL (soft, wg_softplus (x))
MODEL (logistic, wg_sigmoid (x))
MODEL (sum_exp, wg_logaddexp (x, wg_mul (.5, x)))
MODEL (sum_exp_far, wg_logaddexp (x, 1))
MODEL (tie, wg_logaddexp (x, x))

START_TEST (never_overflow)
{
  const double far[] = { -1e308, -1e5, -800, -40, 0, 40, 800, 1e5, 1e308 };
  wg_model *const all[] = { soft, logistic, sum_exp, sum_exp_far, tie };
  for (size_t i = 0; i < sizeof all/sizeof *all; i++)
    for (size_t k = 0; k < sizeof far/sizeof *far; k++)
      {
        const jet j = at (all[i], 1, far[k]);
        ck_assert_msg (j.rc == WG_OK && j.rc_forward == WG_OK && j.g >= 0 && j.g <= 1, "%zu at %g: %d %g %g %g", i, far[k], j.rc, j.y, j.g, j.h);
      }
  jet j = at (soft, 1, 800);
  ck_assert (j.y == 800 && j.g == 1 && j.h == 0);
  j = at (tie, 0, 3);
  near (j.y, 3 + log (2)), near (j.g, 1.), near (j.h, 0.);
}
END_TEST

int main (void)
{
  Suite *s = suite_create ("drivers");
  TCase *t = tcase_create ("drivers");
  tcase_set_timeout (t, 60);
  tcase_add_test (t, drivers_agree);
  tcase_add_test (t, known_derivatives);
  tcase_add_test (t, third_derivative);
  tcase_add_test (t, structure);
  tcase_add_test (t, flat_functions);
  tcase_add_test (t, last_point);
  tcase_add_test (t, untaken_arms);
  tcase_add_test (t, zero_times_infinity);
  tcase_add_test (t, zero_weights);
  tcase_add_test (t, kinks);
  tcase_add_test (t, nan_stays);
  tcase_add_test (t, powers);
  tcase_add_test (t, constant_exponents);
  tcase_add_test (t, never_overflow);
  suite_add_tcase (s, t);
  return run_suite (s);
}
