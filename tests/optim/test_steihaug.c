/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * The subproblem: CG on quadratics, against what is known of its solution; a path that is cut against one that is
 * found with the smaller radius.
 */
#include <check.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <wengert/generic.h>

#include "optim/steihaug.h"
#include "runner.h"

enum { N = 20 };

/* sum c_i (x_i - 1)^2/2 + (x_i - 1) (x_(i+1) - 1)/4, c_i = i + 1, but ctx for c_0; no more than quadratic, so that
 * H is the same everywhere. */
static void quadratic (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) m;
  y[0] = wg_num (0);
  for (size_t i = 0; i < n; i++)
    {
      const double c = i ? (double) (i + 1) : *(const double *) ctx;
      const wg_var d = wg_sub (x[i], 1);
      y[0] = wg_add (y[0], wg_mul (c/2, wg_sqr (d)));
      if (i + 1 < n) y[0] = wg_add (y[0], wg_mul (.25, wg_mul (d, wg_sub (x[i+1], 1))));
    }
}

static void cubic (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) m, (void) ctx;
  y[0] = wg_num (0);
  for (size_t i = 0; i < n; i++) y[0] = wg_add (y[0], wg_mul ((double) (i + 1), wg_powi (x[i], 3)));
}

typedef struct { wg_fun *f; double x[N], g[N], block[(4 + WGI_PATH + 1)*N]; wgi_path path; } setting;

static void set_up (setting *t, wg_model *model, double *ctx, double at)
{
  for (size_t i = 0; i < N; i++) t->x[i] = at;
  t->f = wg_fun_record (model, ctx, N, 1, t->x);
  ck_assert_ptr_nonnull (t->f);
  ck_assert_int_eq (wg_gradient (t->f, t->x, NULL, t->g), WG_OK);
  t->path = (wgi_path){ .n = N, .keep = WGI_PATH, .s = t->block, .r = t->block + N, .d = t->block + 2*N,
                        .hd = t->block + 3*N, .kept = t->block + 4*N };
}

/* The decrease of the model, from its definition. */
static double decrease (setting *t)
{
  double hs[N];
  ck_assert_int_eq (wg_hvp (t->f, t->x, t->path.s, NULL, NULL, hs), WG_OK);
  return -(wgi_dot (N, t->g, t->path.s) + wgi_dot (N, t->path.s, hs)/2);
}

/* Inside: Newton's step to (1, ..., 1), to the forcing tolerance over the smallest eigenvalue, at least 1/2. */
START_TEST (newton_step)
{
  double first = 1;
  setting t;
  set_up (&t, quadratic, &first, -.3);
  ck_assert_int_eq (wgi_path_find (&t.path, t.f, NULL, t.g, 1e3, 1e100, 1e-12, 100), WG_OK);
  ck_assert_int_eq (t.path.boundary, 0);
  for (size_t i = 0; i < N; i++) ck_assert_double_eq_tol (t.path.s[i], 1.3, 2e-12*wgi_norm (N, t.g));
  ck_assert_double_eq_tol (t.path.predicted, decrease (&t), 1e-12*t.path.predicted);
  ck_assert_uint_le (t.path.cg, N + 2);
  wg_fun_free (t.f);
}
END_TEST

/* Cut at every radius: the same as found with it; the sums differ in their last places only.  Beyond the segments that
 * are kept it says so. */
START_TEST (cut_is_found)
{
  for (int indefinite = 0; indefinite < 2; indefinite++)
    {
      double first = indefinite ? -2 : 1, s[N];
      size_t cuts = 0, refusals = 0;
      setting t, u;
      set_up (&t, quadratic, &first, -.3);
      set_up (&u, quadratic, &first, -.3);
      ck_assert_int_eq (wgi_path_find (&t.path, t.f, NULL, t.g, 50, 1e100, 1e-10, 100), WG_OK);
      ck_assert_int_eq (t.path.curvature, indefinite);
      const double whole = t.path.step_norm;
      for (double radius = (1 - 1e-9)*whole; radius > 1e-3; radius *= .8)
        {
          if (!wgi_path_cut (&t.path, t.g, radius))
            {
              ck_assert_uint_eq (cuts, 0);          /* only the far end is missing */
              refusals++;
              continue;
            }
          cuts++;
          memcpy (s, t.path.s, sizeof s);
          ck_assert_int_eq (wgi_path_find (&u.path, u.f, NULL, u.g, radius, 1e100, 1e-10, 100), WG_OK);
          for (size_t i = 0; i < N; i++) ck_assert_double_eq_tol (s[i], u.path.s[i], 1e-13*radius);
          ck_assert_double_eq_tol (t.path.step_norm, radius, 1e-14*radius);
          ck_assert_double_eq_tol (t.path.predicted, u.path.predicted, 1e-13*u.path.predicted);
          ck_assert_double_eq_tol (t.path.predicted, decrease (&u), 1e-12*t.path.predicted);
          ck_assert_double_eq_tol (t.path.slope, wgi_dot (N, t.g, s), 1e-13*fabs (t.path.slope));
          ck_assert_int_eq (t.path.boundary, 1);
          ck_assert_uint_eq (t.path.cg, 0);
        }
      ck_assert_uint_gt (cuts, 10);
      if (!indefinite) ck_assert_uint_ge (refusals, 1);
      wg_fun_free (t.f);
      wg_fun_free (u.f);
    }
}
END_TEST

/* GLTR: its step is no worse than the path's, with room for more products it is the minimizer that the secular equation
 * has, to the tolerance of the residual; and a cut is what would be found. */
START_TEST (best_of_the_space)
{
  for (int indefinite = 0; indefinite < 2; indefinite++)
    for (double radius = .01; radius < 10; radius *= 3)
      {
        double first = indefinite ? -2 : 1;
        setting t, u;
        set_up (&t, quadratic, &first, -.3);
        set_up (&u, quadratic, &first, -.3);
        ck_assert_int_eq (wgi_path_find (&t.path, t.f, NULL, t.g, radius, 1e100, 1e-3, 100), WG_OK);
        const double plain = t.path.predicted;
        const size_t products = t.path.cg;
        t.path.krylov = 1;
        ck_assert_int_eq (wgi_path_find (&t.path, t.f, NULL, t.g, radius, 1e100, 1e-3, 100), WG_OK);
        ck_assert_uint_eq (t.path.cg, products);
        ck_assert_double_ge (t.path.predicted, (1 - 1e-3)*plain);         /* the radius is used to 1e-3 */
        ck_assert_double_eq_tol (t.path.predicted, decrease (&t), 1e-12*t.path.predicted);
        ck_assert_double_eq_tol (t.path.step_norm, wgi_norm (N, t.path.s), 1e-12*radius);
        ck_assert_double_le (t.path.step_norm, radius*(1 + 1e-14));
        if (t.path.boundary && t.path.cg <= WGI_PATH)
          {
            u.path.krylov = 1;
            u.path.further = WGI_PATH;
            ck_assert_int_eq (wgi_path_find (&u.path, u.f, NULL, u.g, radius, 1e100, 1e-3, 100), WG_OK);
            ck_assert_double_ge (u.path.predicted, (1 - 2e-3)*t.path.predicted);
            ck_assert_double_eq_tol (u.path.predicted, decrease (&u), 1e-12*u.path.predicted);
            if (t.path.cg >= 2)
              {
                ck_assert_int_eq (wgi_path_cut (&t.path, t.g, radius/2), 1);
                ck_assert_double_eq_tol (t.path.predicted, decrease (&t), 1e-12*t.path.predicted);
                ck_assert_double_le (t.path.step_norm, radius/2*(1 + 1e-14));
              }
          }
        wg_fun_free (t.f);
        wg_fun_free (u.f);
      }
}
END_TEST

/* Shorter with a preconditioner: with M = diag (1 .. N), nearly H, a few products do; lengths are those of M. */
static int by_diagonal (void *ctx, const double r[], double z[])
{
  (void) ctx;
  for (size_t i = 0; i < N; i++) z[i] = r[i]/(double) (i + 1);
  return 0;
}

START_TEST (preconditioned)
{
  double first = 1;
  setting t;
  set_up (&t, quadratic, &first, -.3);
  ck_assert_int_eq (wgi_path_find (&t.path, t.f, NULL, t.g, 1e3, 1e100, 1e-10, 100), WG_OK);
  const size_t plain = t.path.cg;
  t.path.precondition = by_diagonal;
  for (int krylov = 0; krylov < 2; krylov++)
    {
      t.path.krylov = krylov;
      ck_assert_int_eq (wgi_path_find (&t.path, t.f, NULL, t.g, 1e3, 1e100, 1e-10, 100), WG_OK);
      ck_assert_uint_lt (t.path.cg, plain - 2);
      for (size_t i = 0; i < N; i++) ck_assert_double_eq_tol (t.path.s[i], 1.3, 2e-10*wgi_norm (N, t.g));
      for (double radius = t.path.step_norm/2; radius > 1e-3; radius /= 3)
        {
          ck_assert_int_eq (wgi_path_find (&t.path, t.f, NULL, t.g, radius, 1e100, 1e-10, 100), WG_OK);
          double square = 0;
          for (size_t i = 0; i < N; i++) square += (double) (i + 1)*t.path.s[i]*t.path.s[i];
          ck_assert_double_eq_tol (t.path.step_norm, sqrt (square), 1e-12*radius);
          ck_assert_double_eq_tol (t.path.predicted, decrease (&t), 1e-12*t.path.predicted);
          ck_assert_double_ge (t.path.step_norm, .999*radius);
        }
      ck_assert_int_eq (wgi_path_find (&t.path, t.f, NULL, t.g, 1e3, 1e100, 1e-10, 100), WG_OK);
    }
  wg_fun_free (t.f);
}
END_TEST

/* The products are those at x, also where the handle has been elsewhere since. */
START_TEST (at_the_point_given)
{
  setting t;
  double elsewhere[N], s[N];
  set_up (&t, cubic, NULL, 2);
  ck_assert_int_eq (wgi_path_find (&t.path, t.f, NULL, t.g, 1, 1e100, 1e-3, 100), WG_OK);
  memcpy (s, t.path.s, sizeof s);
  for (size_t i = 0; i < N; i++) elsewhere[i] = 5;
  ck_assert_int_eq (wg_eval (t.f, elsewhere, NULL), WG_OK);
  ck_assert_int_eq (wgi_path_find (&t.path, t.f, t.x, t.g, 1, 1e100, 1e-3, 100), WG_OK);
  ck_assert_mem_eq (s, t.path.s, sizeof s);
  wg_fun_free (t.f);
}
END_TEST

/* Radius 0: ten steps of steepest descent, g.g/g.Hg |g| each, or radius_max. */
START_TEST (first_radius)
{
  double first = 1, hg[N];
  setting t;
  set_up (&t, quadratic, &first, -.3);
  ck_assert_int_eq (wg_hvp (t.f, t.x, t.g, NULL, NULL, hg), WG_OK);
  const double gg = wgi_dot (N, t.g, t.g), expected = 10*gg/wgi_dot (N, t.g, hg)*sqrt (gg);
  ck_assert_int_eq (wgi_path_find (&t.path, t.f, t.x, t.g, 0, 1e100, .5, 100), WG_OK);
  ck_assert_double_eq_tol (t.path.radius, expected, 1e-13*expected);
  ck_assert_int_eq (wgi_path_find (&t.path, t.f, t.x, t.g, 0, .01, .5, 100), WG_OK);
  ck_assert_double_eq (t.path.radius, .01);
  ck_assert_double_eq_tol (t.path.step_norm, .01, 1e-16);
  ck_assert_int_eq (wgi_path_find (&t.path, t.f, t.x, t.g, 1e3, 1e100, 1e-12, 4), WG_OK);
  ck_assert_uint_eq (t.path.cg, 4);
  wg_fun_free (t.f);
}
END_TEST

START_TEST (norms)
{
  const double big[2] = { 3e200, -4e200 }, small[2] = { 3e-200, 4e-200 }, bad[3] = { 1, NAN, 2 }, none[1] = { 0 };
  const double infinite[2] = { -INFINITY, 1 };
  ck_assert_double_eq_tol (wgi_norm (2, big), 5e200, 1e185);
  ck_assert_double_eq_tol (wgi_norm (2, small), 5e-200, 1e-215);
  ck_assert_double_eq (wgi_norm (1, none), 0);
  ck_assert_double_nan (wgi_norm (3, bad));
  ck_assert_double_nan (wgi_norm_max (3, bad));
  ck_assert (isinf (wgi_norm (2, infinite)) && isinf (wgi_norm_max (2, infinite)));
  ck_assert_double_eq (wgi_norm_max (2, big), 4e200);
}
END_TEST

int main (void)
{
  Suite *s = suite_create ("steihaug");
  TCase *t = tcase_create ("steihaug");
  suite_add_tcase (s, t);
  tcase_add_test (t, newton_step);
  tcase_add_test (t, cut_is_found);
  tcase_add_test (t, best_of_the_space);
  tcase_add_test (t, preconditioned);
  tcase_add_test (t, at_the_point_given);
  tcase_add_test (t, first_radius);
  tcase_add_test (t, norms);
  return run_suite (s);
}
