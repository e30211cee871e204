/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Reductions of arrays: the laws for each over one, several, all axes; zeros in products, ties, norms at 0, exponentials at
 * the ends of the range; what is refused.
 */
#include "laws.h"
#include "refusals.h"
#include "runner.h"

#define LN2 0.693147180559945309417
#define LN3 1.09861228866810969140

#define MODEL(name) static void name (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
#define UNUSED (void) n, (void) m, (void) ctx
#define AXES(...) (int) (sizeof (int[]){ __VA_ARGS__ }/sizeof (int)), (int[]){ __VA_ARGS__ }

/* Reductions of a (2, 3, 4) array: over the middle axis into y[8], over the first and the last into y[8..11), over all into y[11], and
 * over the last axis of a transposed slice, (4, 2, 2) into y[12..20), kept axes and all. */
enum { CUBE = 24, RESULTS = 20 };

#define REDUCTION(name, ...)                                                                                         \
  MODEL (name##_model)                                                                                               \
  {                                                                                                                  \
    UNUSED;                                                                                                          \
    wg_var a = wg_array (x, 3, (size_t[]){ 2, 3, 4 });                                                               \
    const wg_var b = wg_slice (wg_transpose (a, (int[]){ 2, 0, 1 }), 2, 0, 3, -2);                                   \
    wg_unstack (wg_##name##_axes (a, __VA_ARGS__ AXES (1), 0), y);                                                   \
    wg_unstack (wg_##name##_axes (a, __VA_ARGS__ AXES (0, -1), 1), y + 8);                                           \
    y[11] = wg_##name (a MORE_##name);                                                                           \
    wg_unstack (wg_##name##_axes (b, __VA_ARGS__ AXES (-1), 0), y + 12);                                             \
  }                                                                                                                  \
  static void name##_values (const double x[], double y[]) { reduce_all (name##_of, x, y); }

typedef double reduction (size_t n, const double v[]);

static void reduce_all (reduction *of, const double x[], double y[])
{
  double v[CUBE];
  for (int i = 0; i < 2; i++)
    for (int k = 0; k < 4; k++)
      {
        for (int j = 0; j < 3; j++) v[j] = x[12*i + 4*j + k];
        y[4*i + k] = of (3, v);
        v[0] = x[12*i + 8 + k], v[1] = x[12*i + k];
        y[12 + 2*k + i] = of (2, v);
      }
  for (int j = 0; j < 3; j++)
    {
      for (int i = 0; i < 2; i++) for (int k = 0; k < 4; k++) v[4*i + k] = x[12*i + 4*j + k];
      y[8 + j] = of (8, v);
    }
  y[11] = of (24, x);
}

#define MORE_mean
#define MORE_variance , 1
#define MORE_prod
#define MORE_amax
#define MORE_amin
#define MORE_norm , 2
#define MORE_logsumexp

static double mean_of (size_t n, const double v[])
{
  double s = 0;
  for (size_t i = 0; i < n; i++) s += v[i];
  return s/(double) n;
}

static double variance_of (size_t n, const double v[])
{
  const double m = mean_of (n, v);
  double s = 0;
  for (size_t i = 0; i < n; i++) s += (v[i] - m)*(v[i] - m);
  return s/(double) (n - 1);
}

static double prod_of (size_t n, const double v[])
{
  double s = 1;
  for (size_t i = 0; i < n; i++) s *= v[i];
  return s;
}

static double amax_of (size_t n, const double v[])
{
  double s = v[0];
  for (size_t i = 1; i < n; i++) s = fmax (s, v[i]);
  return s;
}

static double amin_of (size_t n, const double v[])
{
  double s = v[0];
  for (size_t i = 1; i < n; i++) s = fmin (s, v[i]);
  return s;
}

static double norm_of (size_t n, const double v[])
{
  double s = 0;
  for (size_t i = 0; i < n; i++) s += v[i]*v[i];
  return sqrt (s);
}

static double logsumexp_of (size_t n, const double v[])
{
  double s = 0;
  for (size_t i = 0; i < n; i++) s += exp (v[i]);
  return log (s);
}

REDUCTION (mean, )
REDUCTION (variance, 1, )
REDUCTION (prod, )
REDUCTION (amax, )
REDUCTION (amin, )
REDUCTION (norm, 2, )
REDUCTION (logsumexp, )

MODEL (other_norms)
{
  UNUSED;
  const wg_var A = wg_mat (x, 3, 4);
  y[0] = wg_norm (A, 1);
  wg_unstack (wg_norm_axes (A, 1, AXES (0), 0), y + 1);
  y[5] = wg_norm (A, INFINITY);
  wg_unstack (wg_norm_axes (wg_t (A), INFINITY, AXES (0), 1), y + 6);
  y[9] = wg_dot (A, wg_t (wg_mat (x, 4, 3)));
}

static void other_norms_of (const double x[], double y[])
{
  memset (y, 0, 10*sizeof *y);
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 4; j++)
      {
        const double v = fabs (x[4*i + j]);
        y[0] += v, y[1+j] += v, y[5] = fmax (y[5], v), y[6+i] = fmax (y[6+i], v), y[9] += x[4*i + j]*x[3*j + i];
      }
}

MODEL (softmaxes)
{
  UNUSED;
  const wg_var A = wg_mat (x, 3, 2);
  wg_unstack (wg_softmax (A, 1), y);
  wg_unstack (wg_softmax (A, 0), y + 6);
  wg_unstack (wg_log_softmax (wg_t (A), -1), y + 12);
  wg_unstack (wg_log_softmax (A, 1), y + 18);
}

static void softmaxes_of (const double x[], double y[])
{
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 2; j++)
      {
        double row = 0, col = 0;
        for (int k = 0; k < 2; k++) row += exp (x[2*i + k]);
        for (int k = 0; k < 3; k++) col += exp (x[2*k + j]);
        y[2*i + j] = exp (x[2*i + j])/row, y[6 + 2*i + j] = exp (x[2*i + j])/col;
        y[12 + 3*j + i] = x[2*i + j] - log (col), y[18 + 2*i + j] = x[2*i + j] - log (row);
      }
}

MODEL (cumsums)
{
  UNUSED;
  const wg_var A = wg_mat (x, 3, 4);
  wg_unstack (wg_cumsum (wg_sqr (A), 0), y);
  wg_unstack (wg_cumsum (wg_mul (A, wg_cumsum (A, -1)), 1), y + 12);
}

static void cumsums_of (const double x[], double y[])
{
  for (int i = 0; i < 3; i++)
    {
      double s = 0, t = 0;
      for (int j = 0; j < 4; j++)
        {
          const double v = x[4*i + j];
          s += v, t += v*s;
          y[4*i + j] = v*v + (i ? y[4*(i-1) + j] : 0), y[12 + 4*i + j] = t;
        }
    }
}

MODEL (scalars)
{
  UNUSED;
  y[0] = wg_add (wg_add (wg_mean (x[0]), wg_prod (x[1])), wg_add (wg_amax (wg_mul (x[0], x[1])), wg_logsumexp (x[2])));
  y[1] = wg_add (wg_norm (wg_sin (x[0]), 2), wg_dot (x[1], x[2]));
  y[2] = wg_sum (wg_softmax (wg_vec (x, 1), 0));
}

static void scalars_of (const double x[], double y[])
{
  y[0] = x[0] + x[1] + x[0]*x[1] + x[2], y[1] = fabs (sin (x[0])) + x[1]*x[2], y[2] = 1;
}

static const law_case cases[] = {
  { "mean", mean_model, CUBE, RESULTS, mean_values, -1, 1, NULL },
  { "variance", variance_model, CUBE, RESULTS, variance_values, -1, 1, NULL },
  { "prod", prod_model, CUBE, RESULTS, prod_values, -1.5, 2, NULL },
  { "amax", amax_model, CUBE, RESULTS, amax_values, -1, 1, NULL },
  { "amin", amin_model, CUBE, RESULTS, amin_values, -1, 1, NULL },
  { "norm", norm_model, CUBE, RESULTS, norm_values, -1, 1, NULL },
  { "logsumexp", logsumexp_model, CUBE, RESULTS, logsumexp_values, -2, 2, NULL },
  { "other norms", other_norms, 12, 10, other_norms_of, -1, 1, NULL },
  { "softmax", softmaxes, 6, 24, softmaxes_of, -2, 2, NULL },
  { "cumsum", cumsums, 12, 24, cumsums_of, -1, 1, NULL },
  { "scalars", scalars, 3, 3, scalars_of, .5, 1, NULL },
};

START_TEST (laws)
{
  laws_hold (&cases[_i]);
}
END_TEST

/* points */

static void same (double a, double b) { ck_assert_double_eq (a, b); }

static wg_fun *recorded (wg_model *model, size_t n, size_t m, const double x[])
{
  wg_fun *f = wg_fun_record (model, NULL, n, m, x);
  ck_assert_msg (f != NULL, "%s", wg_last_error ());
  return f;
}

/* d^2 prod/dx_i dx_j is the product of the others, exactly, with none, one, two, three zeros among the factors. */
MODEL (product) { UNUSED; y[0] = wg_prod (wg_vec (x, n)); }

START_TEST (zeros_in_products)
{
  double x[7] = { 2, -3, .5, 4, 7, -.25, 3 }, y, g[7], H[49];
  const int zero[3] = { 4, 0, 6 };
  wg_fun *f = recorded (product, 7, 1, x);
  for (int zeros = 0; zeros <= 3; zeros++)
    {
      if (zeros) x[zero[zeros-1]] = 0;
      ck_assert_int_eq (wg_hessian (f, x, &y, g, H), WG_OK);
      for (int i = 0; i < 7; i++)
        for (int j = 0; j < 7; j++)
          {
            double first = 1, second = i == j ? 0 : 1;          /* powers of 2 times small integers: exact */
            for (int k = 0; k < 7; k++) first *= k == i ? 1 : x[k], second *= k == i || k == j ? 1 : x[k];
            same (g[i], first);
            same (H[7*i + j], second);
          }
    }
  wg_fun_free (f);
}
END_TEST

/* The derivative of an extreme is that of the first; its number is that of the first; NaN is the extreme. */
MODEL (extremes)
{
  UNUSED;
  const wg_var A = wg_mat (x, 2, 3);
  y[0] = wg_amax (A), y[1] = wg_amin (A), y[2] = wg_argmax (A), y[3] = wg_argmin (A);
  wg_unstack (wg_argmax_axes (A, AXES (1), 0), y + 4);
  wg_unstack (wg_argmin_axes (A, AXES (0), 1), y + 6);
}

START_TEST (ties)
{
  const double x[6] = { 1, 5, -2, -2, 5, 5 }, number[9] = { 5, -2, 1, 2, 1, 1, 1, 0, 0 };
  const double infinite[6] = { 1, 5, -2, -INFINITY, INFINITY, 4 }, bad[6] = { 1, 5, NAN, 7, NAN, -5 };
  double y[9], J[54];
  wg_fun *f = recorded (extremes, 6, 9, x);
  ck_assert_int_eq (wg_jacobian (f, x, y, J), WG_OK);
  for (int i = 0; i < 9; i++)
    {
      same (y[i], number[i]);
      for (int j = 0; j < 6; j++) same (J[6*i + j], (i == 0 && j == 1) || (i == 1 && j == 2));
    }
  ck_assert_int_eq (wg_eval (f, infinite, y), WG_NONFINITE);
  same (y[0], INFINITY), same (y[2], 4), same (y[3], 3);
  ck_assert_int_eq (wg_eval (f, bad, y), WG_NONFINITE);
  ck_assert (isnan (y[0]) && isnan (y[1]));
  same (y[2], 2), same (y[3], 2);
  wg_fun_free (f);
}
END_TEST

/* What is not picked contributes nothing, however infinite its derivative. */
MODEL (picked) { UNUSED; y[0] = wg_amax (wg_sqrt (wg_vec (x, 2))); }

START_TEST (not_picked)
{
  const double x[2] = { 0, 4 };
  double y, g[2];
  wg_fun *f = recorded (picked, 2, 1, x);
  ck_assert_int_eq (wg_gradient (f, x, &y, g), WG_OK);
  same (y, 2), same (g[0], 0), same (g[1], .25);
  ck_assert_int_eq (wg_jvp (f, x, (double[]){ 1, 0 }, &y, g), WG_OK);
  same (g[0], 0);
  wg_fun_free (f);
}
END_TEST

/* The number as an int, with a guard: another outcome records again. */
MODEL (chosen) { UNUSED; y[0] = wg_mul (10 + wg_index (wg_argmax (wg_vec (x, 3))), x[0]); }

START_TEST (number_as_int)
{
  double y;
  wg_fun *f = recorded (chosen, 3, 1, (double[]){ 1, 3, 2 });
  ck_assert_int_eq (wg_eval (f, (double[]){ 2, 3, 2 }, &y), WG_OK);
  same (y, 22);
  ck_assert_int_eq (wg_eval (f, (double[]){ 2, 3, 4 }, &y), WG_OK);
  same (y, 24);
  wg_fun_free (f);
}
END_TEST

/* Norms: 0 at first order in 0, NaN and reported at second; nothing overflows or vanishes on the way. */
MODEL (norms) { UNUSED; y[0] = wg_norm (wg_vec (x, n), 2); }
MODEL (norms_1) { UNUSED; y[0] = wg_norm (wg_vec (x, n), 1); }
MODEL (norms_inf) { UNUSED; y[0] = wg_norm (wg_vec (x, n), INFINITY); }

START_TEST (norms_at_ends)
{
  wg_model *const all[3] = { norms, norms_1, norms_inf };
  const double zero[3] = { 0 }, scale[6] = { 1e300, 0x1p1022, 1e-200, 1e-310, 0x1p-1074, 1 };
  double y, g[3], hv[3];
  for (int k = 0; k < 3; k++)
    {
      wg_fun *f = recorded (all[k], 3, 1, zero);
      ck_assert_int_eq (wg_gradient (f, zero, &y, g), WG_OK);
      for (int i = 0; i < 3; i++) same (g[i], 0);
      if (k == 0)
        {
          ck_assert_int_eq (wg_hvp (f, zero, (double[]){ 1, 2, 0 }, &y, g, hv), WG_NONFINITE);
          for (int i = 0; i < 3; i++) ck_assert (isnan (hv[i]));
        }
      wg_fun_free (f);
    }
  wg_fun *f = recorded (norms, 3, 1, zero);
  for (int i = 0; i < 6; i++)
    {
      const double s = scale[i], x[3] = { 2*s, -s, 2*s };         /* of norm 3 s, up to 1.5*2^1023 */
      ck_assert_int_eq (wg_gradient (f, x, &y, g), WG_OK);
      ck_assert_double_le (fabs (y/s - 3), 3*4*DBL_EPSILON);
      ck_assert_double_le (fabs (g[1] + 1./3), 4*DBL_EPSILON);
    }
  wg_fun_free (f);
}
END_TEST

/* Ties and norms of 0 are kinks, by line. */
MODEL (kinked)
{
  UNUSED;
  const wg_var A = wg_mat (x, 3, 2);
  y[0] = wg_add (wg_sum (wg_amax_axes (A, AXES (0), 0)), wg_add (wg_sum (wg_norm_axes (A, 2, AXES (1), 0)), wg_amin (A)));
}

START_TEST (kinks_by_line)
{
  static const struct { double x[6]; size_t kinks; } points[] = {
    { { 1, 2, 3, 4, 5, 6 }, 0 }, { { 5, 2, 3, 4, 5, 4 }, 2 }, { { 0, 0, 3, 4, 5, 6 }, 2 }, { { 1, 1, 2, 2, 2, 1 }, 2 },
  };
  size_t kinks;
  wg_fun *f = recorded (kinked, 6, 1, points[0].x);
  for (int i = 0; i < 4; i++)
    {
      ck_assert_int_eq (wg_eval (f, points[i].x, (double[1]){ 0 }), WG_OK);
      ck_assert_int_eq (wg_fun_kinks (f, &kinks, NULL), WG_OK);
      ck_assert_uint_eq (kinks, points[i].kinks);
    }
  wg_fun_free (f);
}
END_TEST

/* log sum exp and what is made of it, at the ends of the range. */
MODEL (exponentials)
{
  UNUSED;
  const wg_var v = wg_vec (x, 3);
  y[0] = wg_logsumexp (v);
  wg_unstack (wg_softmax (v, 0), y + 1);
  wg_unstack (wg_log_softmax (v, 0), y + 4);
}

/* At each x: log sum exp, softmax and log softmax, in closed form. */
static const struct { double x[3], y[7]; } ends[] = {
  { { 1e300, 1e300, -1e300 }, { 1e300, .5, .5, 0, -LN2, -LN2, -2e300 } },
  { { 1e308, -1e308, -1e308 }, { 1e308, 1, 0, 0, 0, -DBL_MAX, -DBL_MAX } },
  { { -745, -745, -745 }, { -745 + LN3, 1./3, 1./3, 1./3, -LN3, -LN3,
                            -LN3 } },
  { { 0, -40, -800 }, { 4.24835425529158898633e-18, 1, 4.24835425529158898633e-18, 0, -4.24835425529158898633e-18, -40, -800 } },
  { { 710, 0, 710 }, { 710 + LN2, .5, 2.23814311283757e-309, .5, -LN2, -710 - LN2, -LN2 } },
};

START_TEST (exponentials_at_ends)
{
  double y[7], J[21];
  wg_fun *f = recorded (exponentials, 3, 7, ends[_i].x);
  ck_assert_int_eq (wg_jacobian (f, ends[_i].x, y, J), WG_OK);
  for (int i = 0; i < 7; i++)                   /* two roundings each of exp, sum, log, quotient */
    ck_assert_msg (fabs (y[i] - ends[_i].y[i]) <= 8*DBL_EPSILON*fabs (ends[_i].y[i]) + 1e-313, "%d: %.17g", i, y[i]);
  for (int j = 0; j < 3; j++)
    {
      same (J[j], y[1+j]);
      for (int i = 0; i < 3; i++)               /* d log s_i/dx_j = (i == j) - s_j */
        ck_assert_double_eq_tol (J[3*(4+i) + j], (i == j) - y[1+j], 4*DBL_EPSILON);
    }
  wg_fun_free (f);
}
END_TEST

MODEL (lse) { UNUSED; y[0] = wg_logsumexp (wg_vec (x, n)); }

START_TEST (nothing_to_add)
{
  const double x[2] = { -INFINITY, -INFINITY }, one[2] = { -INFINITY, 3 };
  double y, g[2], hv[2];
  wg_fun *f = recorded (lse, 2, 1, x);
  ck_assert_int_eq (wg_hvp (f, x, (double[]){ 1, 2 }, &y, g, hv), WG_NONFINITE);
  same (y, -INFINITY);
  for (int i = 0; i < 2; i++) same (g[i], 0), same (hv[i], 0);
  ck_assert_int_eq (wg_hvp (f, one, (double[]){ 1, 2 }, &y, g, hv), WG_OK);
  same (y, 3), same (g[0], 0), same (g[1], 1), same (hv[1], 0);
  wg_fun_free (f);
}
END_TEST

/* No elements, or no lines. */
MODEL (empty)
{
  UNUSED;
  const wg_var a = wg_constant (x[0], 2, (size_t[]){ 2, 0 }, NULL);
  wg_unstack (wg_prod_axes (a, AXES (1), 0), y);
  wg_unstack (wg_logsumexp_axes (a, AXES (1), 0), y + 2);
  wg_unstack (wg_norm_axes (a, 2, AXES (-1), 1), y + 4);
  y[6] = wg_add (x[0], wg_sum (wg_amax_axes (a, AXES (0), 0)));
  y[7] = wg_sum (wg_softmax (a, 1));
}

START_TEST (nothing)
{
  const double x[1] = { 2.5 }, want[8] = { 1, 1, -INFINITY, -INFINITY, 0, 0, 2.5, 0 };
  double y[8];
  wg_fun *f = recorded (empty, 1, 8, x);
  ck_assert_int_eq (wg_eval (f, x, y), WG_NONFINITE);
  for (int i = 0; i < 8; i++) same (y[i], want[i]);
  wg_fun_free (f);
}
END_TEST

/* refusals */

MODEL (no_axis) { UNUSED; y[0] = wg_sum (wg_mean_axes (wg_vec (x, 3), AXES (1), 0)); }
MODEL (no_axis_either) { UNUSED; y[0] = wg_sum (wg_softmax (wg_mat (x, 2, 3), -3)); }
MODEL (no_axis_to_multiply) { UNUSED; y[0] = wg_sum (wg_prod_axes (wg_mat (x, 2, 3), AXES (0, 2), 0)); }
MODEL (axis_twice) { UNUSED; y[0] = wg_sum (wg_sum_axes (wg_mat (x, 2, 3), AXES (1, -1), 0)); }
MODEL (norm_axis_twice) { UNUSED; y[0] = wg_sum (wg_norm_axes (wg_mat (x, 2, 3), 2, AXES (0, 0), 0)); }
MODEL (no_elements) { UNUSED; y[0] = wg_amin (wg_constant (x[0], 1, (size_t[]){ 0 }, NULL)); }
MODEL (too_few) { UNUSED; y[0] = wg_variance (wg_vec (x, 1), 1); }
MODEL (no_norm) { UNUSED; y[0] = wg_norm (wg_vec (x, 3), 3); }
MODEL (unlike) { UNUSED; y[0] = wg_dot (wg_vec (x, 3), wg_mat (x, 1, 3)); }

static const refusal refusals[] = {
  { no_axis, "mean: no axis 1: shape (3,)" },
  { no_axis_either, "softmax: no axis -3: shape (2, 3)" },
  { no_axis_to_multiply, "prod: no axis 2: shape (2, 3)" },
  { axis_twice, "sum: an axis comes twice: shape (2, 3)" },
  { norm_axis_twice, "norm: an axis comes twice: shape (2, 3)" },
  { no_elements, "amin: no elements: shape (0,)" },
  { too_few, "variance: no more elements than ddof: shape (1,)" },
  { no_norm, "norm: p is 1, 2 or infinite: shape (3,)" },
  { unlike, "dot: the shapes differ: shapes (3,) and (1, 3)" },
};

START_TEST (refused)
{
  check_refused (&refusals[_i]);
}
END_TEST

int main (void)
{
  Suite *s = suite_create ("reductions");
  TCase *t = tcase_create ("reductions");
  tcase_add_loop_test (t, laws, 0, sizeof cases/sizeof *cases);
  tcase_add_test (t, zeros_in_products);
  tcase_add_test (t, ties);
  tcase_add_test (t, not_picked);
  tcase_add_test (t, number_as_int);
  tcase_add_test (t, norms_at_ends);
  tcase_add_test (t, kinks_by_line);
  tcase_add_loop_test (t, exponentials_at_ends, 0, sizeof ends/sizeof *ends);
  tcase_add_test (t, nothing_to_add);
  tcase_add_test (t, nothing);
  tcase_add_loop_test (t, refused, 0, sizeof refusals/sizeof *refusals);
  suite_add_tcase (s, t);
  return run_suite (s);
}
