/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Determinants, QR, eigenvalues, singular values, functions of matrices: the laws; values against what they must satisfy;
 * determinants and functions where eigenvalues are equal; what has no derivative is told.
 */
#include "laws.h"
#include "runner.h"

#define MODEL(name) static void name (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
#define UNUSED (void) n, (void) m, (void) ctx

/* A model gives, before its results, what must be 0 and what must be the identity.  The laws are for mixtures of all outputs: what does not depend
 * on x at all has difference quotients of rounding alone. */
typedef struct {
  const char *name;
  wg_model *model;
  size_t n, m;
  void (*reference) (const double x[], double y[]);
  double low, high;
  void (*point) (size_t n, double x[]);
  size_t zeros;                        /* so many first; then where and of which size are identities */
  int identity[2], size[2];
} constructed;

enum { MIXED = 5 };
static const constructed *now;

MODEL (mixed)
{
  wg_var o[64], size = wg_num (0);
  now->model (n, x, now->m, o, NULL);
  (void) ctx;
  for (size_t i = 0; i < n; i++) size = wg_add (size, wg_sqr (wg_sub (x[i], 0.37)));
  for (size_t i = 0; i < m; i++)
    {
      y[i] = size;
      for (size_t j = 0; j < now->m; j++) y[i] = wg_add (y[i], wg_mul (sin (1 + 2.3*(double) i + 1.7*(double) (j*(i + 1))), o[j]));
    }
}

static void heavy3 (size_t n, double x[])
{
  (void) n;
  for (int i = 0; i < 3; i++) x[4*i] += 1.5*i + 2;
}

MODEL (det)
{
  UNUSED;
  y[0] = wg_det (wg_mat (x, 3, 3));
  wg_unstack (wg_det (wg_array (x, 3, (size_t[]){ 2, 2, 2 })), y + 1);
  y[3] = wg_det (wg_mat (x, 1, 1));
}

static void det_of (const double x[], double y[])
{
  y[0] = x[0]*(x[4]*x[8] - x[5]*x[7]) - x[1]*(x[3]*x[8] - x[5]*x[6]) + x[2]*(x[3]*x[7] - x[4]*x[6]);
  y[1] = x[0]*x[3] - x[1]*x[2], y[2] = x[4]*x[7] - x[5]*x[6], y[3] = x[0];
}

static void rank_one (size_t n, double x[])
{
  const double u[3] = { 1.3, -0.7, 0.4 }, v[3] = { 0.9, 1.1, -0.2 };
  for (size_t i = 0; i < n; i++) x[i] = u[i/3]*v[i % 3];
}

static void zero (size_t n, double x[]) { for (size_t i = 0; i < n; i++) x[i] = 0; }

/* Q R - A = 0, Q^T Q, both as functions of A; and Q, R themselves */
MODEL (qr)
{
  UNUSED;
  wg_var Q, R;
  const wg_var A = wg_mat (x, 4, 3);
  wg_qr (A, &Q, &R);
  wg_unstack (wg_sub (wg_matmul (Q, R), A), y), wg_unstack (wg_matmul (wg_t (Q), Q), y + 12);
  wg_unstack (Q, y + 21), wg_unstack (R, y + 33);
}
MODEL (qr_wide)
{
  UNUSED;
  wg_var Q, R;
  const wg_var A = wg_mat (x, 2, 4);
  wg_qr (A, &Q, &R);
  wg_unstack (wg_sub (wg_matmul (Q, R), A), y), wg_unstack (wg_matmul (wg_t (Q), Q), y + 8), wg_unstack (R, y + 12);
}

static void points_at_identity (double y[], int at, int n)
{
  for (int i = 0; i < n*n; i++) y[at + i] = i % (n + 1) == 0;
}

MODEL (lstsq)
{
  UNUSED;
  const wg_var A = wg_mat (x, 4, 3), b = wg_vec (x + 12, 4);
  const wg_var z = wg_lstsq (A, b);
  wg_unstack (wg_matmul (wg_t (A), wg_sub (wg_matmul (A, z), b)), y), wg_unstack (z, y + 3);
}
MODEL (lstsq_wide)
{
  UNUSED;
  const wg_var A = wg_mat (x, 2, 4), B = wg_mat (x + 8, 2, 2), z = wg_lstsq (A, B);
  wg_unstack (wg_sub (wg_matmul (A, z), B), y), wg_unstack (z, y + 4);
}

MODEL (eigen)
{
  UNUSED;
  const wg_var A = wg_mat (x, 3, 3), S = wg_mul (0.5, wg_add (A, wg_t (A)));
  wg_var w, V;
  wg_eigh (A, &w, &V);
  wg_unstack (wg_sub (wg_matmul (wg_mul (V, w), wg_t (V)), S), y), wg_unstack (wg_matmul (wg_t (V), V), y + 9);
  wg_unstack (V, y + 18), wg_unstack (w, y + 27);
}
MODEL (eigenvalues)
{
  UNUSED;
  wg_var w;
  wg_eigh (wg_mat (x, 3, 3), &w, NULL);
  wg_unstack (w, y);
  y[3] = wg_sum (wg_exp (w));
}

static void svd_model (const wg_var x[], size_t m, size_t n, wg_var y[])
{
  const size_t k = m < n ? m : n;
  const wg_var A = wg_mat (x, m, n);
  wg_var U, s, V;
  wg_svd (A, &U, &s, &V);
  wg_unstack (wg_sub (wg_matmul (wg_mul (U, s), wg_t (V)), A), y);
  wg_unstack (wg_matmul (wg_t (V), V), y + m*n), wg_unstack (wg_matmul (wg_t (U), U), y + m*n + k*k);
  wg_unstack (U, y + m*n + 2*k*k), wg_unstack (V, y + m*n + 2*k*k + m*k), wg_unstack (s, y + m*n + 2*k*k + m*k + n*k);
}
MODEL (svd) { UNUSED; svd_model (x, 3, 3, y); }
MODEL (svd_tall) { UNUSED; svd_model (x, 4, 2, y); }
MODEL (svd_wide) { UNUSED; svd_model (x, 2, 3, y); }
MODEL (singular_values)
{
  UNUSED;
  wg_var s;
  wg_svd (wg_mat (x, 3, 2), NULL, &s, NULL);
  wg_unstack (s, y);
}

MODEL (roots)
{
  UNUSED;
  const wg_var A = wg_mat (x, 3, 3), S = wg_mul (0.5, wg_add (A, wg_t (A))), R = wg_sqrtm_sym (A);
  wg_unstack (wg_sub (wg_matmul (R, R), S), y);
  wg_unstack (wg_sub (wg_expm_sym (wg_logm_sym (A)), S), y + 9);
  wg_unstack (wg_sub (wg_expm_sym (A), wg_expm (S)), y + 18);
  wg_unstack (wg_sub (wg_powm_sym (A, 3), wg_matmul (S, wg_matmul (S, S))), y + 27);
  wg_unstack (R, y + 36);
}

/* The same where all eigenvalues, or two, are equal, or nearly so. */
static void equal (size_t n, double x[]) { for (size_t i = 0; i < n; i++) x[i] = i % 4 == 0 ? 1.7 : 0; }
static void two_equal (size_t n, double x[])
{
  equal (n, x), x[1] = x[3] = 0.4;
  for (int i = 0; i < 9; i++) x[i] = (i % 4 == 0 ? 1.1 : 0) + (double[]){ 0.6, 0.3, -0.2 }[i/3]*(double[]){ 0.6, 0.3, -0.2 }[i % 3];
}
static void nearly_equal (size_t n, double x[]) { equal (n, x), x[0] += 1e-9, x[1] = 3e-10, x[8] -= 2e-5; }

static double sine (int order, double x, void *ctx) { (void) ctx; return sin (x + order*acos (0)); }

MODEL (user)
{
  UNUSED;
  const wg_var A = wg_mat (x, 2, 2), s = wg_funm_sym (A, sine, 12, NULL), S = wg_mul (0.5, wg_add (A, wg_t (A)));
  /* cos^2 + sin^2 = 1, cosine by the sine of A + pi/2 */
  const wg_var c = wg_funm_sym (wg_add (S, wg_constant (x[0], 2, (size_t[]){ 2, 2 }, (double[]){ acos (0), 0, 0, acos (0) })), sine, 12, NULL);
  wg_unstack (wg_add (wg_matmul (s, s), wg_matmul (c, c)), y), wg_unstack (s, y + 4);
}
static void equal2 (size_t n, double x[]) { (void) n; x[0] = x[3] = 0.7, x[1] = x[2] = 0; }

MODEL (expm)
{
  UNUSED;
  const wg_var A = wg_mat (x, 3, 3);
  wg_unstack (wg_matmul (wg_expm (A), wg_expm (wg_neg (A))), y);
  wg_unstack (wg_expm (wg_array (x, 3, (size_t[]){ 2, 2, 2 })), y + 9);
}

/* Something of everything that there is of a matrix of 2 x 2. */
static wg_var everything (wg_var A)
{
  wg_var w, V, Q, R, U, s, W, sign;
  wg_eigh (A, &w, &V), wg_qr (A, &Q, &R), wg_svd (A, &U, &s, &W);
  const wg_var log_det = wg_logdet (A, &sign), all[] = { V, Q, R, U, W, wg_cholesky (A), wg_sqrtm_sym (A), wg_inverse (A) };
  const wg_var vectors = wg_add (wg_add (w, s), wg_expand (wg_add (wg_det (A), log_det), -1));
  wg_var sum = wg_expand (vectors, -1);
  for (int i = 0; i < 8; i++) sum = wg_add (wg_mul (0.7, sum), wg_matmul (all[i], wg_add (all[i], 0.3)));
  return sum;
}

/* A stack, of elements that lie anywhere, and its matrices one by one. */
MODEL (stacks)
{
  UNUSED;
  const wg_var A = wg_transpose (wg_array (x, 3, (size_t[]){ 2, 3, 2 }), (int[]){ 1, 2, 0 }), all = everything (wg_slice (A, 0, 0, 3, -2));
  for (size_t k = 0; k < 2; k++) wg_unstack (wg_sub (wg_at (all, k), everything (wg_at (A, 2 - 2*k))), y + 4*k);
  wg_unstack (all, y + 8);
}
static void heavy_stack (size_t n, double x[])
{
  (void) n;
  for (int k = 0; k < 3; k++) x[2*k] += 3, x[6 + 2*k + 1] += 5;
}

static const constructed cases[] = {
  { "det", det, 9, 4, det_of, -1, 1, NULL, 0, { 0 }, { 0 } },
  { "det, rank 1", det, 9, 4, det_of, -1, 1, rank_one, 0, { 0 }, { 0 } },
  { "det, 0", det, 9, 4, det_of, -1, 1, zero, 0, { 0 }, { 0 } },
  { "qr", qr, 12, 42, NULL, -1, 1, NULL, 12, { 12 }, { 3 } },
  { "qr, wide", qr_wide, 8, 20, NULL, -1, 1, NULL, 8, { 8 }, { 2 } },
  { "lstsq", lstsq, 16, 6, NULL, -1, 1, NULL, 3, { 0 }, { 0 } },
  { "lstsq, wide", lstsq_wide, 12, 12, NULL, -1, 1, NULL, 4, { 0 }, { 0 } },
  { "eigh", eigen, 9, 30, NULL, -1, 1, heavy3, 9, { 9 }, { 3 } },
  { "eigenvalues", eigenvalues, 9, 4, NULL, -1, 1, heavy3, 0, { 0 }, { 0 } },
  { "svd", svd, 9, 48, NULL, -1, 1, heavy3, 9, { 9, 18 }, { 3, 3 } },
  { "svd, tall", svd_tall, 8, 30, NULL, -1, 1, NULL, 8, { 8, 12 }, { 2, 2 } },
  { "svd, wide", svd_wide, 6, 26, NULL, -1, 1, NULL, 6, { 6, 10 }, { 2, 2 } },
  { "singular values", singular_values, 6, 2, NULL, -1, 1, NULL, 0, { 0 }, { 0 } },
  { "matrix functions", roots, 9, 45, NULL, -0.5, 0.5, heavy3, 36, { 0 }, { 0 } },
  { "matrix functions, equal eigenvalues", roots, 9, 45, NULL, -1, 1, equal, 36, { 0 }, { 0 } },
  { "matrix functions, two equal eigenvalues", roots, 9, 45, NULL, -1, 1, two_equal, 36, { 0 }, { 0 } },
  { "matrix functions, nearly equal eigenvalues", roots, 9, 45, NULL, -1, 1, nearly_equal, 36, { 0 }, { 0 } },
  { "a user's matrix function", user, 4, 8, NULL, -1, 1, NULL, 0, { 0 }, { 2 } },
  { "a user's matrix function, equal eigenvalues", user, 4, 8, NULL, -1, 1, equal2, 0, { 0 }, { 2 } },
  { "stacks", stacks, 12, 16, NULL, -1, 1, heavy_stack, 8, { 0 }, { 0 } },
  { "expm", expm, 9, 17, NULL, -1, 1, NULL, 0, { 0 }, { 3 } },
  { "expm, scaled", expm, 9, 17, NULL, -4, 4, NULL, 0, { 0 }, { 0 } },
};

/* What is constructed to be 0 or the identity is. */
static void constructed_holds (const constructed *c)
{
  uint64_t state = 4711;
  double *x = law_numbers (c->n), *y = law_numbers (c->m), *z = law_numbers (c->m);
  for (size_t i = 0; i < c->n; i++) x[i] = c->low + (c->high - c->low)*law_random (&state);
  if (c->point) c->point (c->n, x);
  if (c->reference) c->reference (x, z);
  wg_fun *f = law_have (c->name, "recording", wg_fun_record (c->model, NULL, c->n, c->m, x));
  law_ok (c->name, "values", wg_eval (f, x, y));
  if (!c->reference) memcpy (z, y, c->m*sizeof *y);
  memset (z, 0, c->zeros*sizeof *z);
  for (int i = 0; i < 2; i++) points_at_identity (z, c->identity[i], c->size[i]);
  law_close (c->name, "construction", c->m, y, z);
  wg_fun_free (f), free (x), free (y), free (z);
}

START_TEST (laws)
{
  constructed_holds (&cases[_i]);
  now = &cases[_i];
  laws_hold (&(law_case){ now->name, mixed, now->n, MIXED, NULL, now->low, now->high, now->point });
}
END_TEST

/* A rotation by 20 and a nilpotent matrix, of which exp is known. */
MODEL (exponentials)
{
  UNUSED;
  wg_unstack (wg_expm (wg_mat (x, 2, 2)), y), wg_unstack (wg_expm (wg_mat (x + 4, 2, 2)), y + 4);
}

START_TEST (exponentials_known)
{
  const double x[8] = { 0, -20, 20, 0, 0, 1e3, 0, 0 }, known[8] = { cos (20), -sin (20), sin (20), cos (20), 1, 1e3, 0, 1 };
  double y[8];
  wg_fun *f = law_have ("expm", "recording", wg_fun_record (exponentials, NULL, 8, 8, x));
  law_ok ("expm", "values", wg_eval (f, x, y));
  law_close ("expm", "rotation", 4, y, known), law_close ("expm", "nilpotent", 4, y + 4, known + 4);
  wg_fun_free (f);
}
END_TEST

/* Where there is no derivative, or no value, the gradient's status and reason say so. */
MODEL (second_vector)
{
  UNUSED;
  wg_var w, V;
  wg_eigh (wg_mat (x, 2, 2), &w, &V);
  y[0] = wg_add (wg_sum (w), wg_sum (wg_col (V, 1)));
}
MODEL (values_alone)
{
  UNUSED;
  wg_var w, s;
  wg_eigh (wg_mat (x, 2, 2), &w, NULL), wg_svd (wg_mat (x, 2, 2), NULL, &s, NULL);
  y[0] = wg_sum (wg_exp (wg_concat (2, (wg_var[]){ w, s }, 0)));
}
MODEL (left_vector)
{
  UNUSED;
  wg_var U;
  wg_svd (wg_mat (x, 2, 2), &U, NULL, NULL);
  y[0] = wg_sum (wg_col (U, 0));
}
MODEL (tall_vector)
{
  UNUSED;
  wg_var U;
  wg_svd (wg_mat (x, 4, 1), &U, NULL, NULL);
  y[0] = wg_sum (U);
}
MODEL (logarithm) { UNUSED; y[0] = wg_sum (wg_logm_sym (wg_mat (x, 2, 2))); }
MODEL (root) { UNUSED; y[0] = wg_sum (wg_sqrtm_sym (wg_mat (x, 2, 2))); }
MODEL (few_derivatives) { UNUSED; y[0] = wg_sum (wg_funm_sym (wg_mat (x, 2, 2), sine, 0, NULL)); }
MODEL (one_derivative) { UNUSED; y[0] = wg_sum (wg_funm_sym (wg_mat (x, 2, 2), sine, 1, NULL)); }
MODEL (projection)
{
  UNUSED;
  wg_var Q;
  wg_qr (wg_mat (x, 2, 2), &Q, NULL);
  y[0] = wg_sum (Q);
}
MODEL (determinant) { UNUSED; y[0] = wg_det (wg_mat (x, 2, 2)); }

typedef struct { wg_model *model; double x[4]; int eval, gradient; const char *says; } gap;

static const gap gaps[] = {
  { second_vector, { 2, 0, 0, 2 }, WG_OK, WG_NONFINITE, "equal values have no derivative" },
  { second_vector, { 1, INFINITY, 0, 2 }, WG_NONFINITE, WG_NONFINITE, "eigenvalues: the matrix is not finite" },
  { values_alone, { 2, 0, 0, 2 }, WG_OK, WG_OK, NULL },
  { left_vector, { 0, 3, -3, 0 }, WG_OK, WG_NONFINITE, "equal values have no derivative" },
  { tall_vector, { 0, 0, 0, 0 }, WG_OK, WG_NONFINITE, "singular vectors of 0 have no derivative" },
  { logarithm, { 1, 2, 2, 1 }, WG_NONFINITE, WG_NONFINITE, "is not defined at its eigenvalues" },
  { root, { 0, 0, 0, 1 }, WG_OK, WG_NONFINITE, "has no such derivative at its eigenvalues" },
  { few_derivatives, { 2, 0, 0, 2 }, WG_OK, WG_NONFINITE, "has no such derivative at its eigenvalues" },
  { one_derivative, { 2, 0, 0, 2 }, WG_OK, WG_OK, NULL },
  { projection, { 0, 1, 0, 1 }, WG_OK, WG_NONFINITE, "a triangular matrix is singular" },
  { determinant, { 0, 0, 0, 0 }, WG_OK, WG_OK, NULL },
};

START_TEST (told)
{
  const gap *p = &gaps[_i];
  const double good[4] = { 2, 0.25, 0.25, 1 };
  double y, g[4];
  wg_fun *f = wg_fun_record (p->model, NULL, 4, 1, good);
  ck_assert_ptr_nonnull (f);
  ck_assert_int_eq (wg_eval (f, p->x, &y), p->eval);
  ck_assert_int_eq (wg_gradient (f, p->x, &y, g), p->gradient);
  ck_assert_msg (!p->says || strstr (wg_last_error (), p->says) != NULL, "%s", wg_last_error ());
  for (int i = 0; i < 4; i++) ck_assert (p->says || isfinite (g[i]));
  if (p->model != few_derivatives) ck_assert_int_eq (wg_gradient (f, good, &y, g), WG_OK);     /* nothing stays */
  wg_fun_free (f);
}
END_TEST

/* Matrices without rows or columns, and of one element. */
MODEL (small)
{
  UNUSED;
  wg_var w, V, Q, R, U, s, sign;
  const wg_var E = wg_constant (x[0], 2, (size_t[]){ 0, 0 }, NULL), T = wg_constant (x[0], 2, (size_t[]){ 3, 0 }, NULL), one = wg_mat (x, 1, 1);
  wg_eigh (E, &w, &V), wg_qr (T, &Q, &R), wg_svd (T, &U, &s, &V);
  y[0] = wg_add (wg_det (E), wg_add (wg_logdet (E, &sign), wg_sum (wg_concat (3, (wg_var[]){ wg_expm (E), wg_sqrtm_sym (E), wg_cholesky (E) }, 0))));
  y[1] = wg_sum (wg_solve (wg_mat (x, 2, 2), wg_constant (x[0], 2, (size_t[]){ 2, 0 }, NULL)));
  y[2] = wg_sum (wg_inverse (wg_constant (x[0], 3, (size_t[]){ 0, 2, 2 }, NULL)));
  wg_eigh (one, &w, &V), wg_qr (one, &Q, &R), wg_svd (one, &U, &s, NULL);
  y[3] = wg_add (wg_sum (wg_mul (w, V)), wg_add (wg_sum (wg_mul (Q, R)), wg_add (wg_sum (wg_mul (U, s)), wg_det (one))));
  wg_qr (wg_neg (one), NULL, &R);
  y[3] = wg_add (y[3], wg_sum (R));                                    /* its diagonal is positive */
}

START_TEST (small_ones)
{
  const double x[4] = { 2, 1, 1, 3 }, known[4] = { 1, 0, 0, 10 };
  double y[4], J[16];
  wg_fun *f = law_have ("small", "recording", wg_fun_record (small, NULL, 4, 4, x));
  law_ok ("small", "Jacobian", wg_jacobian (f, x, y, J));
  for (int i = 0; i < 4; i++)
    {
      ck_assert_double_eq_tol (y[i], known[i], 1e-14);
      ck_assert_double_eq_tol (J[4*i], i == 3 ? 5 : 0, 1e-14);
    }
  wg_fun_free (f);
}
END_TEST

int main (void)
{
  Suite *s = suite_create ("decompositions");
  TCase *t = tcase_create ("decompositions");
  tcase_set_timeout (t, 60);
  tcase_add_loop_test (t, laws, 0, sizeof cases/sizeof *cases);
  tcase_add_test (t, exponentials_known);
  tcase_add_test (t, small_ones);
  tcase_add_loop_test (t, told, 0, sizeof gaps/sizeof *gaps);
  suite_add_tcase (s, t);
  return run_suite (s);
}
