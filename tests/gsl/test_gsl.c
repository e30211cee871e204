/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * GSL's vectors against arrays: every driver on contiguous, strided and embedded arguments gives the bits of the driver
 * without _gsl and touches nothing around them.  GSL's structures: called as GSL calls them, then given to GSL's
 * solvers, whose answers are known.  Errors: codes for GSL, the status in the handle, GSL's handler never called.
 */
#include <check.h>
#include <math.h>
#include <string.h>

#include <gsl/gsl_min.h>
#include <gsl/gsl_roots.h>
#include <gsl/gsl_spblas.h>
#include <gsl/gsl_spmatrix.h>
#include <wengert/gsl.h>

#include "runner.h"

enum { N = 3, M = 4, GAP = 7, ROOM = 64 };

static const double untouched = 777.25;
static int handled;                            /* calls of GSL's error handler */

static void handler (const char *reason, const char *file, int line, int code)
{
  (void) reason, (void) file, (void) line, (void) code;
  handled++;
}

static void model_scalar (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  y[0] = wg_add (wg_mul (wg_sin (wg_mul (x[0], x[1])), wg_exp (x[2])), wg_div (x[1], wg_add (1.5, wg_sqr (x[2]))));
}

static void model_vector (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  y[0] = wg_mul (wg_sin (wg_mul (x[0], x[1])), wg_exp (x[2]));
  y[1] = wg_div (x[0], wg_add (1.5, wg_sqr (x[2])));
  y[2] = wg_mul (x[1], wg_sqr (x[1]));
  y[3] = wg_log (wg_add (2, wg_add (x[0], x[2])));
}

static wg_fun *record (wg_model *model, size_t n, size_t m)
{
  const double x0[4] = { .5, .75, .25, .125 };
  wg_fun *f = wg_fun_record (model, NULL, n, m, x0);
  ck_assert_msg (f != NULL, "%s", wg_last_error ());
  return f;
}

/* A vector or matrix within a field of untouched numbers: dense, or with stride or tda GAP. */
typedef struct { double field[ROOM*GAP]; size_t rows, columns, step; } field;

static gsl_matrix_view of (field *a, size_t rows, size_t columns, int apart, const double from[])
{
  a->rows = rows, a->columns = columns, a->step = apart ? GAP : columns;
  for (size_t i = 0; i < ROOM*GAP; i++) a->field[i] = untouched;
  for (size_t i = 0; i < rows && from; i++)
    for (size_t j = 0; j < columns; j++) a->field[GAP + i*a->step + j] = from[i*columns + j];
  return gsl_matrix_view_array_with_tda (a->field + GAP, rows, columns, a->step);
}

static gsl_vector_view vector_of (field *a, size_t n, int apart, const double from[])
{
  of (a, n, 1, apart, from);
  return gsl_vector_view_array_with_stride (a->field + GAP, a->step, n);
}

/* Its elements are want, and all around them is as it was. */
static void is (const field *a, const double want[])
{
  for (size_t k = 0; k < ROOM*GAP; k++)
    {
      const size_t i = (k - GAP)/a->step, j = (k - GAP) % a->step;
      const int inside = k >= GAP && i < a->rows && j < a->columns;
      const double expected = inside ? want[i*a->columns + j] : untouched;
      ck_assert_msg (memcmp (&a->field[k], &expected, sizeof expected) == 0, "number %zu (%zu, %zu) is %.17g, not %.17g", k, i, j,
                     a->field[k], expected);
    }
}

static const double x[N] = { 1.375, -.8125, .4375 }, v[N] = { .5, -1.25, .75 }, u[M] = { .25, -1.5, 2.125, .875 };
static const double V[2*N] = { .5, -1.25, .75, -2.5, .375, 1.0625 };

START_TEST (scalar_drivers)
{
  for (int apart = 0; apart < 2; apart++)
    {
      wg_fun *f = record (model_scalar, N, 1);
      field fx, fv, fV, fg, fh, fH;
      double y, y2, g[N], h[N], H[N*N], HV[2*N];
      gsl_vector_view gx = vector_of (&fx, N, apart, x), gv = vector_of (&fv, N, apart, v);
      gsl_matrix_view gV = of (&fV, 2, N, apart, V);
      gsl_vector_view gg = vector_of (&fg, N, apart, NULL), gh = vector_of (&fh, N, apart, NULL);
      gsl_matrix_view gH = of (&fH, N, N, apart, NULL);

      ck_assert_int_eq (wg_hessian (f, x, &y, g, H), WG_OK);
      ck_assert_int_eq (wg_gsl_hessian (f, &gx.vector, &y2, &gg.vector, &gH.matrix), WG_OK);
      ck_assert (y == y2);
      is (&fg, g), is (&fH, H), is (&fx, x);

      gg = vector_of (&fg, N, apart, NULL);
      ck_assert_int_eq (wg_gradient (f, x, &y, g), WG_OK);
      ck_assert_int_eq (wg_gsl_gradient (f, &gx.vector, &y2, &gg.vector), WG_OK);
      ck_assert (y == y2);
      is (&fg, g);
      ck_assert_int_eq (wg_gsl_gradient (f, NULL, NULL, &gg.vector), WG_OK);
      is (&fg, g);
      ck_assert_int_eq (wg_gsl_gradient (f, &gx.vector, &y2, NULL), WG_OK);

      gg = vector_of (&fg, N, apart, NULL);
      ck_assert_int_eq (wg_hvp (f, x, v, &y, g, h), WG_OK);
      ck_assert_int_eq (wg_gsl_hvp (f, &gx.vector, &gv.vector, &y2, &gg.vector, &gh.vector), WG_OK);
      ck_assert (y == y2);
      is (&fg, g), is (&fh, h), is (&fv, v);

      gg = vector_of (&fg, N, apart, NULL), gH = of (&fH, 2, N, apart, NULL);
      ck_assert_int_eq (wg_hvps (f, x, 2, V, &y, g, HV), WG_OK);
      ck_assert_int_eq (wg_gsl_hvps (f, &gx.vector, &gV.matrix, &y2, &gg.vector, &gH.matrix), WG_OK);
      ck_assert (y == y2);
      is (&fg, g), is (&fH, HV), is (&fV, V);
      wg_fun_free (f);
    }
}
END_TEST

START_TEST (vector_drivers)
{
  for (int apart = 0; apart < 2; apart++)
    {
      wg_fun *f = record (model_vector, N, M);
      field fx, fv, fu, fy, fa, fb, fJ;
      double y[M], a[M], b[M], J[M*N];
      gsl_vector_view gx = vector_of (&fx, N, apart, x), gv = vector_of (&fv, N, apart, v), gu = vector_of (&fu, M, apart, u);
      gsl_vector_view gy = vector_of (&fy, M, apart, NULL), ga, gb;
      gsl_matrix_view gJ = of (&fJ, M, N, apart, NULL);

      ck_assert_int_eq (wg_jacobian (f, x, y, J), WG_OK);
      ck_assert_int_eq (wg_gsl_jacobian (f, &gx.vector, &gy.vector, &gJ.matrix), WG_OK);
      is (&fy, y), is (&fJ, J), is (&fx, x);
      gy = vector_of (&fy, M, apart, NULL);
      ck_assert_int_eq (wg_gsl_eval (f, &gx.vector, &gy.vector), WG_OK);
      is (&fy, y);
      ck_assert_int_eq (wg_gsl_eval (f, NULL, NULL), WG_OK);

#define PAIR(na, nb, plain, gsl)                                                                       \
      gy = vector_of (&fy, M, apart, NULL), ga = vector_of (&fa, na, apart, NULL), gb = vector_of (&fb, nb, apart, NULL); \
      ck_assert_int_eq (plain, WG_OK);                                                                 \
      ck_assert_int_eq (gsl, WG_OK);                                                                   \
      is (&fy, y), is (&fa, a);

      PAIR (M, 1, wg_jvp (f, x, v, y, a), wg_gsl_jvp (f, &gx.vector, &gv.vector, &gy.vector, &ga.vector))
      PAIR (N, 1, wg_vjp (f, x, u, y, a), wg_gsl_vjp (f, &gx.vector, &gu.vector, &gy.vector, &ga.vector))
      PAIR (N, 1, wg_gnvp (f, x, v, y, a), wg_gsl_gnvp (f, &gx.vector, &gv.vector, &gy.vector, &ga.vector))
      PAIR (N, N, wg_hvp_weighted (f, x, u, v, y, a, b),
            wg_gsl_hvp_weighted (f, &gx.vector, &gu.vector, &gv.vector, &gy.vector, &ga.vector, &gb.vector))
      is (&fb, b);
      PAIR (M, M, wg_fvv (f, x, v, y, a, b), wg_gsl_fvv (f, &gx.vector, &gv.vector, &gy.vector, &ga.vector, &gb.vector))
      is (&fb, b);
      is (&fu, u), is (&fv, v), is (&fx, x);
      wg_fun_free (f);
    }
}
END_TEST

/* Shapes that do not fit, NULL where something is needed: outputs are as they were. */
START_TEST (driver_refusals)
{
  wg_fun *f = record (model_vector, N, M), *s = record (model_scalar, N, 1);
  gsl_vector *three = gsl_vector_calloc (N), *four = gsl_vector_calloc (M), *got = gsl_vector_alloc (N);
  gsl_matrix *J = gsl_matrix_alloc (N, M), *H = gsl_matrix_alloc (N, N), *V4 = gsl_matrix_alloc (2, M);
  gsl_vector_set_all (got, 7), gsl_matrix_set_all (J, 7), gsl_matrix_set_all (H, 7);
  ck_assert_int_eq (wg_gsl_eval (f, four, NULL), WG_ESHAPE);
  ck_assert_int_eq (wg_fun_status (f), WG_ESHAPE);
  ck_assert_str_eq (wg_last_error (), "wg_gsl_eval: x has 4 elements, not 3");
  ck_assert_int_eq (wg_gsl_eval (f, three, got), WG_ESHAPE);
  ck_assert_int_eq (wg_gsl_jacobian (f, three, four, J), WG_ESHAPE);
  ck_assert_str_eq (wg_last_error (), "wg_gsl_jacobian: J is 3 x 4, not 4 x 3");
  ck_assert_int_eq (wg_gsl_gradient (f, three, NULL, got), WG_ESHAPE);
  ck_assert_int_eq (wg_gsl_hessian (f, three, NULL, got, H), WG_ESHAPE);
  ck_assert_int_eq (wg_gsl_hvps (s, three, V4, NULL, got, NULL), WG_ESHAPE);
  ck_assert_int_eq (wg_gsl_hvps (s, three, NULL, NULL, got, NULL), WG_EINVAL);
  ck_assert_int_eq (wg_gsl_jvp (f, three, NULL, NULL, NULL), WG_EINVAL);
  ck_assert_int_eq (wg_gsl_jvp (f, three, four, NULL, NULL), WG_ESHAPE);
  ck_assert_int_eq (wg_gsl_vjp (f, three, three, NULL, NULL), WG_ESHAPE);
  ck_assert_int_eq (wg_gsl_eval (NULL, three, NULL), WG_EINVAL);
  ck_assert_str_eq (wg_last_error (), "wg_gsl_eval: f is NULL");
  ck_assert_int_eq (wg_gsl_hvps (NULL, three, NULL, NULL, NULL, NULL), WG_EINVAL);
  wg_fun *fresh = record (model_scalar, N, 1);
  ck_assert_int_eq (wg_gsl_gradient (fresh, NULL, NULL, got), WG_EINVAL);      /* no last point */
  for (size_t i = 0; i < N; i++) ck_assert (gsl_vector_get (got, i) == 7);
  ck_assert (gsl_matrix_get (J, 2, 3) == 7 && gsl_matrix_get (H, 0, 0) == 7);
  gsl_vector_free (three), gsl_vector_free (four), gsl_vector_free (got);
  gsl_matrix_free (J), gsl_matrix_free (H), gsl_matrix_free (V4);
  wg_fun_free (f), wg_fun_free (s), wg_fun_free (fresh);
}
END_TEST

/* gsl_function: cos x = x by Newton's method, and its integral's slope by minimization. */

static void model_one (size_t n, const wg_var xs[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  y[0] = wg_sub (xs[0], wg_cos (xs[0]));
}

START_TEST (functions_of_one)
{
  wg_fun *f = record (model_one, 1, 1);
  gsl_function one = wg_gsl_function (f);
  gsl_function_fdf fdf = wg_gsl_function_fdf (f);
  double y, dy, root = 3;
  GSL_FN_FDF_EVAL_F_DF (&fdf, 1.25, &y, &dy);
  ck_assert (GSL_FN_EVAL (&one, 1.25) == y && y == 1.25 - cos (1.25));
  ck_assert (GSL_FN_FDF_EVAL_DF (&fdf, 1.25) == dy && dy == 1 + sin (1.25));
  ck_assert (GSL_FN_FDF_EVAL_F (&fdf, 1.25) == y);
  gsl_root_fdfsolver *s = gsl_root_fdfsolver_alloc (gsl_root_fdfsolver_newton);
  gsl_root_fdfsolver_set (s, &fdf, root);
  for (int i = 0; i < 8; i++) ck_assert_int_eq (gsl_root_fdfsolver_iterate (s), GSL_SUCCESS);
  ck_assert_double_eq_tol (gsl_root_fdfsolver_root (s), 0.73908513321516064, 4e-16);       /* Dottie's number */
  gsl_root_fdfsolver_free (s);
  wg_fun_free (f);
}
END_TEST

/* multimin: Rosenbrock by BFGS. */

static void model_rosenbrock (size_t n, const wg_var xs[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  y[0] = wg_add (wg_mul (100, wg_sqr (wg_sub (xs[1], wg_sqr (xs[0])))), wg_sqr (wg_sub (1, xs[0])));
}

START_TEST (multimin)
{
  wg_fun *f = record (model_rosenbrock, 2, 1);
  gsl_multimin_function_fdf fdf = wg_gsl_multimin (f);
  gsl_multimin_function alone = wg_gsl_multimin_f (f);
  field fx, fg;
  const double start[2] = { -1.2, 1 };
  double y, y2, g[2];
  gsl_vector_view xs = vector_of (&fx, 2, 1, start), gs = vector_of (&fg, 2, 1, NULL);
  ck_assert (fdf.n == 2 && alone.n == 2 && fdf.params == f && alone.params == f);
  ck_assert_int_eq (wg_gradient (f, start, &y, g), WG_OK);
  fdf.fdf (&xs.vector, fdf.params, &y2, &gs.vector);
  ck_assert (y == y2 && fdf.f (&xs.vector, fdf.params) == y && alone.f (&xs.vector, alone.params) == y);
  is (&fg, g);
  gs = vector_of (&fg, 2, 1, NULL);
  fdf.df (&xs.vector, fdf.params, &gs.vector);
  is (&fg, g);
  gsl_multimin_fdfminimizer *s = gsl_multimin_fdfminimizer_alloc (gsl_multimin_fdfminimizer_vector_bfgs2, 2);
  gsl_multimin_fdfminimizer_set (s, &fdf, &xs.vector, .01, .1);
  for (int i = 0; i < 100 && !gsl_multimin_fdfminimizer_iterate (s); i++) { }
  ck_assert_double_eq_tol (gsl_vector_get (s->x, 0), 1, 1e-8);     /* |x - x*| <= |g|/0.4, the least eigenvalue; |g| < 1e-9 */
  ck_assert_double_eq_tol (gsl_vector_get (s->x, 1), 1, 2e-8);
  gsl_multimin_fdfminimizer_free (s);
  wg_fun_free (f);
}
END_TEST

/* multiroot: Powell's badly scaled function, with Newton's method */

static void model_powell (size_t n, const wg_var xs[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  y[0] = wg_sub (wg_mul (1e4, wg_mul (xs[0], xs[1])), 1);
  y[1] = wg_sub (wg_add (wg_exp (wg_neg (xs[0])), wg_exp (wg_neg (xs[1]))), 1.0001);
}

START_TEST (multiroot)
{
  wg_fun *f = record (model_powell, 2, 2);
  gsl_multiroot_function_fdf fdf = wg_gsl_multiroot (f);
  gsl_multiroot_function alone = wg_gsl_multiroot_f (f);
  field fx, fy, fJ;
  const double start[2] = { 0, 1 };
  double y[2], J[4];
  gsl_vector_view xs = vector_of (&fx, 2, 1, start), ys = vector_of (&fy, 2, 1, NULL);
  gsl_matrix_view Js = of (&fJ, 2, 2, 1, NULL);
  ck_assert (fdf.n == 2 && alone.n == 2);
  ck_assert_int_eq (wg_jacobian (f, start, y, J), WG_OK);
  ck_assert_int_eq (fdf.fdf (&xs.vector, fdf.params, &ys.vector, &Js.matrix), GSL_SUCCESS);
  is (&fy, y), is (&fJ, J);
  ys = vector_of (&fy, 2, 1, NULL), Js = of (&fJ, 2, 2, 1, NULL);
  ck_assert_int_eq (fdf.df (&xs.vector, fdf.params, &Js.matrix), GSL_SUCCESS);
  ck_assert_int_eq (alone.f (&xs.vector, alone.params, &ys.vector), GSL_SUCCESS);
  is (&fy, y), is (&fJ, J);
  gsl_multiroot_fdfsolver *s = gsl_multiroot_fdfsolver_alloc (gsl_multiroot_fdfsolver_hybridsj, 2);
  gsl_multiroot_fdfsolver_set (s, &fdf, &xs.vector);
  for (int i = 0; i < 200 && gsl_multiroot_test_residual (s->f, 1e-12) == GSL_CONTINUE; i++)
    ck_assert_int_eq (gsl_multiroot_fdfsolver_iterate (s), GSL_SUCCESS);
  ck_assert_double_eq_tol (gsl_vector_get (s->x, 0)/1.098159e-5, 1, 1e-6);        /* More, Garbow, Hillstrom 1981, (3) */
  ck_assert_double_eq_tol (gsl_vector_get (s->x, 1)/9.106146, 1, 1e-6);
  gsl_multiroot_fdfsolver_free (s);
  wg_fun_free (f);
}
END_TEST

/* multifit and multilarge: an exponential through exact data */

enum { DATA = 12 };

static void model_decay (size_t n, const wg_var xs[], size_t m, wg_var r[], void *ctx)
{
  (void) n, (void) ctx;
  for (size_t i = 0; i < m; i++)
    r[i] = wg_sub (wg_add (wg_mul (xs[0], wg_exp (wg_mul (-.25*(double) i, xs[1]))), xs[2]), 5*exp (-.375*(double) i) + 1);
}

static const double decay_start[3] = { 1, 1, 0 }, decay[3] = { 5, 1.5, 1 };

START_TEST (multifit)
{
  wg_fun *f = record (model_decay, 3, DATA);
  gsl_multifit_nlinear_fdf fdf = wg_gsl_multifit (f);
  field fx, fv, fy, fJ;
  double y[DATA], J[DATA*3], jv[DATA], fvv[DATA];
  gsl_vector_view xs = vector_of (&fx, 3, 1, decay_start), vs = vector_of (&fv, 3, 1, v), ys = vector_of (&fy, DATA, 1, NULL);
  gsl_matrix_view Js = of (&fJ, DATA, 3, 1, NULL);
  ck_assert (fdf.n == DATA && fdf.p == 3 && fdf.params == f);
  ck_assert_int_eq (wg_jacobian (f, decay_start, y, J), WG_OK);
  ck_assert_int_eq (wg_fvv (f, decay_start, v, NULL, jv, fvv), WG_OK);
  ck_assert_int_eq (fdf.f (&xs.vector, fdf.params, &ys.vector), GSL_SUCCESS);
  ck_assert_int_eq (fdf.df (&xs.vector, fdf.params, &Js.matrix), GSL_SUCCESS);
  is (&fy, y), is (&fJ, J);
  ys = vector_of (&fy, DATA, 1, NULL);
  ck_assert_int_eq (fdf.fvv (&xs.vector, &vs.vector, fdf.params, &ys.vector), GSL_SUCCESS);
  is (&fy, fvv);
  gsl_multifit_nlinear_parameters par = gsl_multifit_nlinear_default_parameters ();
  par.trs = gsl_multifit_nlinear_trs_lmaccel;
  gsl_multifit_nlinear_workspace *w = gsl_multifit_nlinear_alloc (gsl_multifit_nlinear_trust, &par, DATA, 3);
  int info;
  ck_assert_int_eq (gsl_multifit_nlinear_init (&xs.vector, &fdf, w), GSL_SUCCESS);
  ck_assert_int_eq (gsl_multifit_nlinear_driver (100, 1e-12, 1e-12, 0, NULL, NULL, &info, w), GSL_SUCCESS);
  for (size_t i = 0; i < 3; i++) ck_assert_double_eq_tol (gsl_vector_get (w->x, i), decay[i], 1e-10);     /* residual 0: quadratic */
  ck_assert (fdf.nevalfvv > 0);
  gsl_multifit_nlinear_free (w);
  wg_fun_free (f);
}
END_TEST

START_TEST (multilarge)
{
  wg_fun *f = record (model_decay, 3, DATA);
  gsl_multilarge_nlinear_fdf fdf = wg_gsl_multilarge (f);
  field fx, fu, fv, fd, fp, fA;
  double y[DATA], J[DATA*3], weights[DATA], jv[DATA], uj[3], A[9];
  for (int i = 0; i < DATA; i++) weights[i] = sin (1.375*i + .5);
  gsl_vector_view xs = vector_of (&fx, 3, 1, decay_start), us = vector_of (&fu, DATA, 1, weights), vs = vector_of (&fv, 3, 1, v);
  gsl_vector_view ds = vector_of (&fd, DATA, 1, NULL), ps = vector_of (&fp, 3, 1, NULL);
  gsl_matrix_view As = of (&fA, 3, 3, 1, NULL);
  ck_assert (fdf.n == DATA && fdf.p == 3 && fdf.params == f);
  ck_assert_int_eq (wg_jacobian (f, decay_start, y, J), WG_OK);
  ck_assert_int_eq (wg_jvp (f, decay_start, v, NULL, jv), WG_OK);
  ck_assert_int_eq (wg_vjp (f, decay_start, weights, NULL, uj), WG_OK);
  ck_assert_int_eq (fdf.df (CblasNoTrans, &xs.vector, &vs.vector, fdf.params, &ds.vector, NULL), GSL_SUCCESS);
  is (&fd, jv);
  ck_assert_int_eq (fdf.df (CblasTrans, &xs.vector, &us.vector, fdf.params, &ps.vector, &As.matrix), GSL_SUCCESS);
  is (&fp, uj);
  /* sums of DATA products, in another order: gamma_n times their magnitudes, which are below DATA for these entries */
  for (size_t i = 0; i < 3; i++)
    for (size_t j = 0; j < 3; j++)
      {
        A[3*i + j] = 0;
        for (size_t k = 0; k < DATA; k++) A[3*i + j] += J[3*k + i]*J[3*k + j];
        ck_assert_double_eq_tol (gsl_matrix_get (&As.matrix, i, j), A[3*i + j], 2*DATA*DATA*1.2e-16);
        ck_assert (gsl_matrix_get (&As.matrix, i, j) == gsl_matrix_get (&As.matrix, j, i));
        A[3*i + j] = gsl_matrix_get (&As.matrix, i, j);
      }
  is (&fA, A);
  As = of (&fA, 3, 3, 1, NULL);
  ck_assert_int_eq (fdf.df (CblasTrans, &xs.vector, NULL, fdf.params, NULL, &As.matrix), GSL_SUCCESS);
  is (&fA, A);
  const gsl_multilarge_nlinear_trs *method[] = { gsl_multilarge_nlinear_trs_lmaccel, gsl_multilarge_nlinear_trs_cgst };
  for (int k = 0; k < 2; k++)
    {
      gsl_multilarge_nlinear_parameters par = gsl_multilarge_nlinear_default_parameters ();
      par.trs = method[k];
      gsl_multilarge_nlinear_workspace *w = gsl_multilarge_nlinear_alloc (gsl_multilarge_nlinear_trust, &par, DATA, 3);
      int info;
      ck_assert_int_eq (gsl_multilarge_nlinear_init (&xs.vector, &fdf, w), GSL_SUCCESS);
      ck_assert_int_eq (gsl_multilarge_nlinear_driver (200, 1e-12, 1e-12, 0, NULL, NULL, &info, w), GSL_SUCCESS);
      for (size_t i = 0; i < 3; i++) ck_assert_double_eq_tol (gsl_vector_get (w->x, i), decay[i], 1e-8);
      gsl_multilarge_nlinear_free (w);
    }
  wg_fun_free (f);
}
END_TEST

/* odeiv2: y'' = -y with a force, with and without time as an input */

static void model_forced (size_t n, const wg_var xs[], size_t m, wg_var dy[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  dy[0] = xs[2];
  dy[1] = wg_sub (wg_mul (xs[0], wg_sqr (xs[0])), wg_mul (xs[1], xs[2]));
}

static void model_circle (size_t n, const wg_var xs[], size_t m, wg_var dy[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  dy[0] = xs[1], dy[1] = wg_neg (xs[0]);
}

START_TEST (odeiv2)
{
  wg_fun *f = record (model_forced, 3, 2), *circle = record (model_circle, 2, 2);
  gsl_odeiv2_system forced = wg_gsl_odeiv2 (f), alone = wg_gsl_odeiv2 (circle);
  const double t = 1.5, y[2] = { .75, -2.25 };
  double dy[2], J[4], dt[2] = { 7, 7 };
  ck_assert (forced.dimension == 2 && alone.dimension == 2 && forced.params == f);
  ck_assert_int_eq (forced.function (t, y, dy, forced.params), GSL_SUCCESS);
  ck_assert (dy[0] == y[1] && dy[1] == t*t*t - y[0]*y[1]);
  ck_assert_int_eq (forced.jacobian (t, y, J, dt, forced.params), GSL_SUCCESS);
  ck_assert (J[0] == 0 && J[1] == 1 && J[2] == -y[1] && J[3] == -y[0]);
  ck_assert (dt[0] == 0 && dt[1] == 3*t*t);
  ck_assert_int_eq (alone.jacobian (t, y, J, dt, alone.params), GSL_SUCCESS);
  ck_assert (J[0] == 0 && J[1] == 1 && J[2] == -1 && J[3] == 0 && dt[0] == 0 && dt[1] == 0);
  const gsl_odeiv2_step_type *type[] = { gsl_odeiv2_step_msbdf, gsl_odeiv2_step_bsimp, gsl_odeiv2_step_rk8pd };
  for (int k = 0; k < 3; k++)
    {
      gsl_odeiv2_driver *d = gsl_odeiv2_driver_alloc_y_new (&alone, type[k], 1e-3, 1e-10, 1e-10);
      double from = 0, at[2] = { 1, 0 };
      ck_assert_int_eq (gsl_odeiv2_driver_apply (d, &from, 2, at), GSL_SUCCESS);
      ck_assert_double_eq_tol (at[0], cos (2), 1e-6);          /* local errors of 1e-10 over at most some thousand steps */
      ck_assert_double_eq_tol (at[1], -sin (2), 1e-6);
      gsl_odeiv2_driver_free (d);
    }
  wg_fun_free (f), wg_fun_free (circle);
}
END_TEST

/* errors */

static void model_fails (size_t n, const wg_var xs[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) ctx;
  if (wg_gt (xs[0], 2)) wg_raise (xs[0], "too far");
  for (size_t i = 0; i < m; i++) y[i] = wg_log (xs[0]);
}

START_TEST (callback_errors)
{
  wg_fun *f = record (model_fails, 2, 2), *one = record (model_fails, 1, 1), *s = record (model_fails, 2, 1);
  double far[2] = { 3, 0 }, below[2] = { -1, 0 }, store[4] = { 7, 7, 7, 7 }, dt[2], y, dy;
  gsl_vector_view there = gsl_vector_view_array (far, 2), negative = gsl_vector_view_array (below, 2);
  gsl_vector_view got = gsl_vector_view_array (store, 2);
  gsl_matrix_view J = gsl_matrix_view_array (store, 2, 2);

  gsl_multiroot_function_fdf root = wg_gsl_multiroot (f);
  ck_assert_int_eq (root.f (&there.vector, f, &got.vector), GSL_EBADFUNC);
  ck_assert_int_eq (wg_fun_status (f), WG_EMODEL);
  ck_assert (strstr (wg_last_error (), "too far") && store[0] == 7);
  ck_assert_int_eq (root.df (&there.vector, f, &J.matrix), GSL_EBADFUNC);
  ck_assert (store[0] == 7 && store[3] == 7);
  ck_assert_int_eq (root.f (&negative.vector, f, &got.vector), GSL_EDOM);
  ck_assert_int_eq (wg_fun_status (f), WG_NONFINITE);
  ck_assert (isnan (store[0]));
  gsl_multifit_nlinear_fdf fit = wg_gsl_multifit (f);
  ck_assert_int_eq (fit.fvv (&there.vector, &there.vector, f, &got.vector), GSL_EBADFUNC);
  gsl_multilarge_nlinear_fdf large = wg_gsl_multilarge (f);
  ck_assert_int_eq (large.df (CblasTrans, &there.vector, &got.vector, f, &got.vector, NULL), GSL_EBADFUNC);
  ck_assert_int_eq (large.df (CblasTrans, &there.vector, NULL, f, NULL, &J.matrix), GSL_EBADFUNC);
  gsl_odeiv2_system ode = wg_gsl_odeiv2 (f);
  ck_assert_int_eq (ode.function (0, far, store, f), GSL_EBADFUNC);
  ck_assert_int_eq (ode.jacobian (0, far, store, dt, f), GSL_EBADFUNC);
  ck_assert_int_eq (ode.function (0, below, store, f), GSL_EDOM);

  gsl_function_fdf single = wg_gsl_function_fdf (one);
  single.fdf (3, one, &y, &dy);
  ck_assert (isnan (y) && isnan (dy));
  ck_assert_int_eq (wg_fun_status (one), WG_EMODEL);
  gsl_multimin_function_fdf min = wg_gsl_multimin (s);
  store[0] = store[1] = 7;
  min.fdf (&there.vector, s, &y, &got.vector);
  ck_assert (isnan (y) && isnan (store[0]) && isnan (store[1]));
  ck_assert_int_eq (wg_fun_status (s), WG_EMODEL);

  /* the solver stops with the code, the text is still there */
  const gsl_multifit_nlinear_parameters par = gsl_multifit_nlinear_default_parameters ();
  gsl_multifit_nlinear_workspace *w = gsl_multifit_nlinear_alloc (gsl_multifit_nlinear_trust, &par, 2, 2);
  ck_assert_int_eq (gsl_multifit_nlinear_init (&there.vector, &fit, w), GSL_EBADFUNC);
  ck_assert_int_eq (wg_fun_status (f), WG_EMODEL);
  gsl_multifit_nlinear_free (w);
  ck_assert_int_eq (handled, 0);
  wg_fun_free (f), wg_fun_free (one), wg_fun_free (s);
}
END_TEST

/* A function that does not fit, and none at all. */
START_TEST (callback_misfits)
{
  wg_fun *f = record (model_vector, N, M), *s = record (model_scalar, N, 1);
  double y, dy, store[8];
  gsl_vector_view xs = gsl_vector_view_array (store, 2), ys = gsl_vector_view_array (store + 2, 2);
  memset (store, 0, sizeof store);
  gsl_function_fdf one = wg_gsl_function_fdf (s);
  one.fdf (1, one.params, &y, &dy);
  ck_assert (isnan (y) && isnan (dy));
  ck_assert_int_eq (wg_fun_status (s), WG_ESHAPE);
  one = wg_gsl_function_fdf (NULL);
  ck_assert (isnan (one.f (1, one.params)));
  ck_assert_int_eq (wg_fun_status (NULL), WG_EINVAL);
  gsl_multimin_function min = wg_gsl_multimin_f (f);
  ck_assert (isnan (min.f (&xs.vector, min.params)));
  ck_assert_int_eq (wg_fun_status (f), WG_ESHAPE);
  gsl_multiroot_function root = wg_gsl_multiroot_f (f);
  ck_assert_int_eq (root.f (&xs.vector, root.params, &ys.vector), GSL_EBADLEN);
  root = wg_gsl_multiroot_f (NULL);
  ck_assert (root.n == 0);
  ck_assert_int_eq (root.f (&xs.vector, root.params, &ys.vector), GSL_EINVAL);
  gsl_multilarge_nlinear_fdf large = wg_gsl_multilarge (f);
  gsl_vector_view three = gsl_vector_view_array (store, N);
  gsl_matrix_view two = gsl_matrix_view_array (store + 4, 2, 2);
  ck_assert_int_eq (large.df (CblasTrans, &three.vector, NULL, f, NULL, &two.matrix), GSL_EBADLEN);
  gsl_odeiv2_system ode = wg_gsl_odeiv2 (s);
  ck_assert_int_eq (ode.function (0, store, store + 4, ode.params), GSL_EBADLEN);
  ck_assert_int_eq (ode.jacobian (0, store, store + 4, store, ode.params), GSL_EBADLEN);
  ode = wg_gsl_odeiv2 (NULL);
  ck_assert_int_eq (ode.function (0, store, store + 4, ode.params), GSL_EINVAL);
  ck_assert_int_eq (handled, 0);
  wg_fun_free (f), wg_fun_free (s);
}
END_TEST

START_TEST (codes)
{
  ck_assert_int_eq (wg_gsl_errno (WG_OK), GSL_SUCCESS);
  ck_assert_int_eq (wg_gsl_errno (WG_NONFINITE), GSL_EDOM);
  ck_assert_int_eq (wg_gsl_errno (WG_NOCONV), GSL_EMAXITER);
  ck_assert_int_eq (wg_gsl_errno (WG_UNSURE), GSL_FAILURE);
  ck_assert_int_eq (wg_gsl_errno (WG_EINVAL), GSL_EINVAL);
  ck_assert_int_eq (wg_gsl_errno (WG_ENOMEM), GSL_ENOMEM);
  ck_assert_int_eq (wg_gsl_errno (WG_ESHAPE), GSL_EBADLEN);
  ck_assert_int_eq (wg_gsl_errno (WG_EMODEL), GSL_EBADFUNC);
  ck_assert_int_eq (wg_gsl_errno (WG_EORDER), GSL_EBADFUNC);
}
END_TEST

/* sparse: a plan's arrays are gsl_spmatrix's */

enum { SPARSE = 6 };

static void model_sparse (size_t n, const wg_var z[], size_t m, wg_var y[], void *ctx)
{
  (void) m, (void) ctx;
  y[0] = wg_num (0);
  for (size_t i = 0; i + 1 < n; i++) y[0] = wg_add (y[0], wg_mul (wg_exp (wg_mul (.25, z[i])), wg_sqr (wg_sub (z[i+1], z[(5*i) % n]))));
}

START_TEST (sparse_matrices)
{
  double z[SPARSE], along[SPARSE], hv[SPARSE], product[SPARSE], value[SPARSE*SPARSE];
  int row[SPARSE*SPARSE], col[SPARSE*SPARSE], from[SPARSE*SPARSE];
  for (int i = 0; i < SPARSE; i++) z[i] = .5 - .13*i, along[i] = 1.25 - .375*i;
  wg_fun *f = wg_fun_record (model_sparse, NULL, SPARSE, 1, z);
  wg_plan *plan = wg_plan_hessian (f, 'F');
  ck_assert (f && plan && !wg_sparse_hessian (f, plan, z, NULL, NULL, NULL, value) && !wg_hvp (f, z, along, NULL, NULL, hv));
  const size_t nnz = wg_plan_nnz (plan);
  ck_assert_uint_lt (nnz, SPARSE*SPARSE);
  gsl_spmatrix *triplets = gsl_spmatrix_alloc_nzmax (SPARSE, SPARSE, nnz, GSL_SPMATRIX_COO);
  gsl_spmatrix *columns = gsl_spmatrix_alloc_nzmax (SPARSE, SPARSE, nnz, GSL_SPMATRIX_CSC);
  wg_plan_coo (plan, row, col);
  for (size_t k = 0; k < nnz; k++) ck_assert (!gsl_spmatrix_set (triplets, (size_t) row[k], (size_t) col[k], value[k]));
  ck_assert (!wg_plan_csc (plan, columns->p, columns->i, from));
  for (size_t k = 0; k < nnz; k++) columns->data[k] = value[from[k]];
  columns->nz = nnz;
  const gsl_vector_const_view in = gsl_vector_const_view_array (along, SPARSE);
  gsl_vector_view out = gsl_vector_view_array (product, SPARSE);
  for (int k = 0; k < 2; k++)
    {
      /* Sums of six products of size below 40, each with errors of a few ulp, in two orders. */
      ck_assert (!gsl_spblas_dgemv (CblasNoTrans, 1, k ? columns : triplets, &in.vector, 0, &out.vector));
      for (int i = 0; i < SPARSE; i++) ck_assert (fabs (product[i] - hv[i]) <= 1e-12);
    }
  for (size_t i = 0; i < SPARSE; i++)
    for (size_t j = 0; j < SPARSE; j++) ck_assert (gsl_spmatrix_get (triplets, i, j) == gsl_spmatrix_get (columns, i, j));
  gsl_spmatrix_free (triplets), gsl_spmatrix_free (columns), wg_plan_free (plan), wg_fun_free (f);
}
END_TEST

int main (void)
{
  Suite *s = suite_create ("gsl");
  TCase *t = tcase_create ("gsl");
  gsl_set_error_handler (handler);
  tcase_add_test (t, scalar_drivers);
  tcase_add_test (t, vector_drivers);
  tcase_add_test (t, driver_refusals);
  tcase_add_test (t, functions_of_one);
  tcase_add_test (t, multimin);
  tcase_add_test (t, multiroot);
  tcase_add_test (t, multifit);
  tcase_add_test (t, multilarge);
  tcase_add_test (t, odeiv2);
  tcase_add_test (t, callback_errors);
  tcase_add_test (t, callback_misfits);
  tcase_add_test (t, codes);
  tcase_add_test (t, sparse_matrices);
  suite_add_tcase (s, t);
  return run_suite (s);
}
