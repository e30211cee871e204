/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Losses: the laws for each, predictions and targets being variables; values and gradients where naive formulas overflow, cancel or
 * take the logarithm of 0, against closed forms in long double, whose range is that of squares of doubles; what is refused.
 */
#include "laws.h"
#include "refusals.h"
#include "runner.h"

#define MODEL(name) static void name (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
#define UNUSED (void) n, (void) m, (void) ctx

/* laws: each loss of 6 predictions, then 6 targets */

MODEL (differences)
{
  UNUSED;
  const wg_var p = wg_mat (x, 2, 3), t = wg_t (wg_mat (x + 6, 3, 2));
  y[0] = wg_mse (p, t), y[1] = wg_rmse (p, t), y[2] = wg_mae (p, t), y[3] = wg_mape (p, t), y[4] = wg_huber (p, t, .5);
  y[5] = wg_mse (x[0], x[1]);
}

static void differences_of (const double x[], double y[])
{
  memset (y, 0, 6*sizeof *y);
  for (int i = 0; i < 2; i++)
    for (int j = 0; j < 3; j++)
      {
        const double t = x[6 + 2*j + i], r = x[3*i + j] - t, a = fabs (r);
        y[0] += r*r/6, y[2] += a/6, y[3] += a/fabs (t)/6, y[4] += (a <= .5 ? r*r/2 : .5*(a - .25))/6;
      }
  y[1] = sqrt (y[0]), y[5] = (x[0] - x[1])*(x[0] - x[1]);
}

MODEL (probabilities)
{
  UNUSED;
  const wg_var p = wg_mat (x, 2, 3), t = wg_mat (x + 6, 2, 3);
  y[0] = wg_binary_cross_entropy (p, t), y[1] = wg_kl_divergence (p, t), y[2] = wg_entropy (p);
  y[3] = wg_kl_divergence (wg_vec (x, 4), wg_vec (x + 4, 4));
}

static void probabilities_of (const double x[], double y[])
{
  memset (y, 0, 4*sizeof *y);
  for (int i = 0; i < 6; i++)
    {
      const double p = x[i], t = x[6+i];
      y[0] -= (t*log (p) + (1 - t)*log (1 - p))/6, y[1] += p*log (p/t)/2, y[2] -= p*log (p)/2;
    }
  for (int i = 0; i < 4; i++) y[3] += x[i]*log (x[i]/x[4+i]);
}

MODEL (logits)
{
  UNUSED;
  const wg_var z = wg_mat (x, 2, 3), t = wg_mat (x + 6, 2, 3);
  y[0] = wg_binary_cross_entropy_logits (z, t), y[1] = wg_softmax_cross_entropy (z, t, 0), y[2] = wg_softmax_cross_entropy (z, t, .25);
  y[3] = wg_softmax_cross_entropy_index (z, 2, (int[]){ 2, 0 }, 0);
  y[4] = wg_softmax_cross_entropy_index (wg_t (wg_mat (x, 3, 2)), 2, (int[]){ 1, 1 }, .5);
  y[5] = wg_softmax_cross_entropy_index (wg_vec (x, 3), 1, (int[]){ 1 }, 0);
}

static double log_share (const double x[], int stride, int k)
{
  return x[stride*k] - log (exp (x[0]) + exp (x[stride]) + exp (x[2*stride]));
}

static void logits_of (const double x[], double y[])
{
  memset (y, 0, 6*sizeof *y);
  for (int i = 0; i < 2; i++)
    for (int k = 0; k < 3; k++)
      {
        const double z = x[3*i + k], t = x[6 + 3*i + k], l = log_share (x + 3*i, 1, k), transposed = log_share (x + i, 2, k);
        y[0] += (log (1 + exp (z)) - t*z)/6, y[1] -= t*l/2, y[2] -= (.75*t + .25/3)*l/2;
        y[3] -= (k == (i ? 0 : 2))*l/2, y[4] -= (.5*(k == 1) + .5/3)*transposed/2;
      }
  y[5] = -log_share (x, 1, 1);
}

MODEL (units)
{
  UNUSED;
  const wg_var X = wg_mat (x, 2, 3), W = wg_mat (x + 6, 3, 2), b = wg_vec (x + 12, 2);
  wg_unstack (wg_affine (X, W, b), y);
  wg_unstack (wg_affine (wg_at (X, 1), W, b), y + 4);
  y[6] = wg_weight_decay (.1, 2, (wg_var[]){ W, b });
}

static void units_of (const double x[], double y[])
{
  for (int i = 0; i < 2; i++)
    for (int j = 0; j < 2; j++)
      {
        y[2*i + j] = x[12+j];
        for (int k = 0; k < 3; k++) y[2*i + j] += x[3*i + k]*x[6 + 2*k + j];
      }
  y[4] = y[2], y[5] = y[3], y[6] = 0;
  for (int i = 6; i < 14; i++) y[6] += .05*x[i]*x[i];
}

static const law_case cases[] = {
  { "differences", differences, 12, 6, differences_of, -1, 1, NULL },
  { "probabilities", probabilities, 12, 4, probabilities_of, .05, .95, NULL },
  { "logits", logits, 12, 6, logits_of, -2, 2, NULL },
  { "units", units, 14, 7, units_of, -1, 1, NULL },
};

START_TEST (laws)
{
  laws_hold (&cases[_i]);
}
END_TEST

/* ends of the range: one prediction and one target, the loss and its derivative by the prediction */

/* out: the loss, its derivative, the size of what is added up in that (left 0: its own) */
typedef void closed_form (long double y, long double t, long double out[3]);

static long double softplus (long double z) { return z > 0 ? z + log1pl (expl (-z)) : log1pl (expl (z)); }
static long double sigmoid (long double z) { return z > 0 ? 1/(1 + expl (-z)) : expl (z)/(1 + expl (z)); }
static long double times_log (long double t, long double p) { return t == 0 ? 0 : t*logl (p); }
static long double sign (long double r) { return (r > 0) - (r < 0); }

static void mse_of (long double y, long double t, long double out[3]) { out[0] = (y - t)*(y - t), out[1] = 2*(y - t); }
static void mae_of (long double y, long double t, long double out[3]) { out[0] = fabsl (y - t), out[1] = sign (y - t); }

static void mape_of (long double y, long double t, long double out[3])
{
  const long double d = fmaxl (fabsl (t), 0x1p-52L);
  out[0] = fabsl (y/2 - t/2)/(d/2), out[1] = sign (y - t)/d;        /* in range where long double is double, as under valgrind */
}

static void huber_of (long double y, long double t, long double out[3])
{
  const long double r = y - t;
  out[0] = fabsl (r) <= 1.5L ? r*r/2 : 1.5L*(fabsl (r) - .75L), out[1] = fabsl (r) <= 1.5L ? r : 1.5L*sign (r);
}

static void bce_of (long double p, long double t, long double out[3])
{
  out[0] = -times_log (t, p) - (t == 1 ? 0 : (1 - t)*log1pl (-p));
  out[1] = (t == 0 ? 0 : -t/p) + (t == 1 ? 0 : (1 - t)/(1 - p));
  out[2] = (t == 0 ? 0 : t/p) + (t == 1 ? 0 : (1 - t)/(1 - p));
}

static void bce_logits_of (long double z, long double t, long double out[3])
{
  out[0] = t*softplus (-z) + (1 - t)*softplus (z), out[1] = t == 0 ? sigmoid (z) : t == 1 ? -sigmoid (-z) : sigmoid (z) - t;
  out[2] = t == 0 || t == 1 ? 0 : t;
}

MODEL (mse) { UNUSED; y[0] = wg_mse (x[0], x[1]); }
MODEL (rmse) { UNUSED; y[0] = wg_rmse (x[0], x[1]); }
MODEL (mae) { UNUSED; y[0] = wg_mae (x[0], x[1]); }
MODEL (mape) { UNUSED; y[0] = wg_mape (x[0], x[1]); }
MODEL (huber) { UNUSED; y[0] = wg_huber (x[0], x[1], 1.5); }
MODEL (bce) { UNUSED; y[0] = wg_binary_cross_entropy (x[0], x[1]); }
MODEL (bce_logits) { UNUSED; y[0] = wg_binary_cross_entropy_logits (x[0], x[1]); }

#define REALS 0, 1e-310, 1e-200, .3, -1.5, 40, -745, 1e10, 1e200, -1e300, 1e300, 1e308, -1e308, DBL_MAX
#define SHARES 0, 1e-310, 1e-17, .3, .5, 1 - 0x1p-53, 1

static const struct { wg_model *model; closed_form *of; double y[14]; int ys; double t[14]; int ts; } ends[] = {
  { mse, mse_of, { REALS }, 14, { REALS }, 14 },
  { rmse, mae_of, { REALS }, 14, { REALS }, 14 },
  { mae, mae_of, { REALS }, 14, { REALS }, 14 },
  { mape, mape_of, { REALS }, 14, { REALS }, 14 },
  { huber, huber_of, { REALS }, 14, { REALS }, 14 },
  { bce, bce_of, { SHARES }, 7, { SHARES }, 7 },
  { bce_logits, bce_logits_of, { 1e-310, -1e-17, .3, -36.5, 37, -700, 745, -745, 800, 1e10, -1e300, 1e300, -1e308, DBL_MAX }, 14,
    { SHARES }, 7 },
};

/* A result beyond the range is infinite; else 16 roundings of what is added up, and those of half a subnormal number over 2^-52. */
static void agrees (const char *what, double have, long double want, long double size, double y, double t)
{
  const int fits = fabsl (want) > DBL_MAX ? isinf (have) && sign (have) == sign (want)
                   : fabsl (have - want) <= 16*(long double) DBL_EPSILON*fmaxl (size, fabsl (want)) + 0x1p-1020L;
  ck_assert_msg (fits, "%s of %g, %g: %.17g, not %.17Lg", what, y, t, have, want);
}

START_TEST (at_ends)
{
  double v, g[2];
  wg_fun *f = wg_fun_record (ends[_i].model, NULL, 2, 1, (double[]){ .5, .25 });
  ck_assert_msg (f != NULL, "%s", wg_last_error ());
  for (int i = 0; i < ends[_i].ys; i++)
    for (int j = 0; j < ends[_i].ts; j++)
      {
        const double x[2] = { ends[_i].y[i], ends[_i].t[j] };
        long double want[3] = { 0 };
        ends[_i].of (x[0], x[1], want);
        ck_assert (!WG_FAILED (wg_gradient (f, x, &v, g)));
        agrees ("value", v, want[0], 0, x[0], x[1]);
        if (fabsl (want[0]) <= DBL_MAX) agrees ("derivative", g[0], want[1], want[2], x[0], x[1]);
      }
  wg_fun_free (f);
}
END_TEST

/* Cross-entropy of classes: the value and softmax - t at extreme logits, for all kinds of targets. */
typedef struct { int kind; double smoothing; } targets;

static void classes (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  const targets *c = ctx;
  const wg_var z = wg_mat (x, 2, 3);
  (void) n, (void) m;
  y[0] = c->kind ? wg_softmax_cross_entropy_index (z, 2, (int[]){ 0, 2 }, c->smoothing)
                 : wg_softmax_cross_entropy (z, wg_constant (x[0], 2, (size_t[]){ 2, 3 }, (double[]){ 1, 0, 0, 0, 0, 1 }), c->smoothing);
}

static const double rows[][6] = {
  { 1, 2, 3, 0, -1, .5 },
  { 0, -40, -41, 745, -745, 0 },
  { 1e300, 1e300, -1e300, 1e300, -1e300, 1e300 },
  { -1e300, 0, 1e300, 1e-300, 0, -1e-300 },
  { 700, -1e308, 0, 1e308, 0, 1e308 },
};

START_TEST (classes_at_ends)
{
  const double *z = rows[_i];
  for (int kind = 0; kind < 2; kind++)
    for (int s = 0; s < 2; s++)
      {
        targets c = { kind, .125*s };
        double v, g[6];
        long double loss = 0;
        wg_fun *f = wg_fun_record (classes, &c, 6, 1, (double[]){ 1, 2, 3, 4, 5, 6 });
        ck_assert_msg (f != NULL, "%s", wg_last_error ());
        ck_assert_int_eq (wg_gradient (f, z, &v, g), WG_OK);
        for (int i = 0; i < 2; i++)
          {
            const double *r = z + 3*i;
            const int class = i ? 2 : 0, top = r[0] >= r[1] && r[0] >= r[2] ? 0 : r[1] >= r[2] ? 1 : 2;
            long double rest = 0;
            for (int k = 0; k < 3; k++) if (k != top) rest += expl ((long double) r[k] - r[top]);
            for (int k = 0; k < 3; k++)
              {
                const long double l = (long double) r[k] - r[top] - log1pl (rest), t = (1 - c.smoothing)*(k == class) + c.smoothing/3.L;
                loss -= t*l/2;
                ck_assert_double_le (fabs (g[3*i + k] - (double) ((expl (l) - t)/2)), 8*DBL_EPSILON);
              }
          }
        agrees ("cross-entropy", v, loss, 0, _i, kind + 2*s);
        wg_fun_free (f);
      }
}
END_TEST

/* 0 log 0 is 0, with finite derivatives; what contradicts is infinite. */
MODEL (divergence) { UNUSED; y[0] = wg_kl_divergence (wg_vec (x, 3), wg_vec (x + 3, 3)), y[1] = wg_entropy (wg_vec (x, 3)); }
MODEL (entropy_of_softmax) { UNUSED; y[0] = wg_entropy (wg_softmax (wg_vec (x, 3), 0)); }

START_TEST (nothing_times_log)
{
  const double x[6] = { 0, .25, .75, 0, .5, .5 }, bad[6] = { .5, .5, 0, 0, .5, .5 }, z[3] = { 0, 1, -1000 };
  double y[2], J[12], g[3];
  wg_fun *f = wg_fun_record (divergence, NULL, 6, 2, x);
  ck_assert_int_eq (wg_jacobian (f, x, y, J), WG_OK);
  ck_assert_double_eq_tol (y[0], .25*log (.5) + .75*log (1.5), 4*DBL_EPSILON);
  ck_assert_double_eq_tol (y[1], -.25*log (.25) - .75*log (.75), 4*DBL_EPSILON);
  ck_assert_double_eq (J[0], 0);
  ck_assert_double_eq (J[3], 0);
  ck_assert_double_eq (J[6], 0);
  ck_assert_double_eq_tol (J[1], log (.5) + 1, 4*DBL_EPSILON);
  ck_assert_double_eq_tol (J[4], -.5, 4*DBL_EPSILON);
  ck_assert_int_eq (wg_eval (f, bad, y), WG_NONFINITE);
  ck_assert_double_eq (y[0], INFINITY);
  wg_fun_free (f);

  /* of a softmax that underflows: the limit, p_i (H + log p_i) with sign */
  f = wg_fun_record (entropy_of_softmax, NULL, 3, 1, z);
  ck_assert_int_eq (wg_gradient (f, z, y, g), WG_OK);
  const double p = 1/(1 + exp (1)), H = -p*log (p) - (1 - p)*log (1 - p);
  ck_assert_double_eq_tol (y[0], H, 8*DBL_EPSILON);
  ck_assert_double_eq_tol (g[0], -p*(log (p) + H), 8*DBL_EPSILON);
  ck_assert_double_eq (g[2], 0);
  wg_fun_free (f);
}
END_TEST

/* Means of large numbers do not overflow before they are means. */
MODEL (large)
{
  UNUSED;
  const wg_var z = wg_mat (x, 4, 2), zero = wg_constant (x[0], 2, (size_t[]){ 4, 2 }, NULL);
  y[0] = wg_mae (z, zero), y[1] = wg_binary_cross_entropy_logits (z, zero);
  y[2] = wg_softmax_cross_entropy_index (z, 4, (int[]){ 1, 1, 1, 1 }, 0), y[3] = wg_rmse (z, zero);
}

START_TEST (means_of_large)
{
  const double x[8] = { 1e308, 0, 1e308, 0, 1e308, 0, 1e308, 0 }, want[4] = { 5e307, 5e307, 1e308, 1e308*sqrt (.5) };
  double y[4], J[32];
  wg_fun *f = wg_fun_record (large, NULL, 8, 4, x);
  ck_assert_int_eq (wg_jacobian (f, x, y, J), WG_OK);
  for (int i = 0; i < 4; i++) ck_assert_double_le (fabs (y[i]/want[i] - 1), 8*DBL_EPSILON);
  wg_fun_free (f);
}
END_TEST

/* refusals */

MODEL (column) { UNUSED; y[0] = wg_mse (wg_mat (x, 3, 1), wg_vec (x, 3)); }
MODEL (empty) { UNUSED; y[0] = wg_mae (wg_constant (x[0], 1, (size_t[]){ 0 }, NULL), wg_constant (x[0], 1, (size_t[]){ 0 }, NULL)); }
MODEL (no_delta) { UNUSED; y[0] = wg_huber (x[0], x[1], 0); }
MODEL (no_smoothing) { UNUSED; y[0] = wg_softmax_cross_entropy (wg_vec (x, 3), wg_vec (x, 3), 1.5); }
MODEL (no_class) { UNUSED; y[0] = wg_softmax_cross_entropy_index (wg_mat (x, 2, 3), 2, (int[]){ 0, 3 }, 0); }
MODEL (few_classes) { UNUSED; y[0] = wg_softmax_cross_entropy_index (wg_mat (x, 2, 3), 1, (int[]){ 0 }, 0); }
MODEL (no_classes) { UNUSED; y[0] = wg_softmax_cross_entropy (x[0], x[1], 0); }
MODEL (no_bias) { UNUSED; y[0] = wg_sum (wg_affine (wg_mat (x, 1, 2), wg_mat (x, 2, 3), wg_vec (x, 2))); }

static const refusal refusals[] = {
  { column, "mse: the shapes differ: shapes (3, 1) and (3,)" },
  { empty, "mae: no elements: shapes (0,) and (0,)" },
  { no_delta, "huber: delta must be above 0" },
  { no_smoothing, "softmax_cross_entropy: smoothing must be in [0, 1]: shape (3,)" },
  { no_class, "softmax_cross_entropy_index: no such class: shape (2, 3)" },
  { few_classes, "softmax_cross_entropy_index: not as many classes as rows: shape (2, 3)" },
  { no_classes, "softmax_cross_entropy: no classes: shape ()" },
  { no_bias, "affine: not a matrix with an element of b per column: shapes (2, 3) and (2,)" },
};

START_TEST (refused)
{
  check_refused (&refusals[_i]);
}
END_TEST

int main (void)
{
  Suite *s = suite_create ("losses");
  TCase *t = tcase_create ("losses");
  tcase_add_loop_test (t, laws, 0, sizeof cases/sizeof *cases);
  tcase_add_loop_test (t, at_ends, 0, sizeof ends/sizeof *ends);
  tcase_add_loop_test (t, classes_at_ends, 0, sizeof rows/sizeof *rows);
  tcase_add_test (t, nothing_times_log);
  tcase_add_test (t, means_of_large);
  tcase_add_loop_test (t, refused, 0, sizeof refusals/sizeof *refusals);
  suite_add_tcase (s, t);
  return run_suite (s);
}
