/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Live tapes: adjoints of all variables against closed forms and against the same model as a function, more recording between
 * sweeps, what does not depend, tapes that end in any order, refusals.
 */
#include <check.h>
#include <float.h>
#include <math.h>
#include <pthread.h>
#include <string.h>

#include "../random_program.h"
#include "runner.h"

/* A handful of roundings of numbers of order one. */
static const double few = 64*DBL_EPSILON;

static void near (double a, double b) { ck_assert_msg (fabs (a - b) <= few*fmax (1, fabs (b)), "%.17g and %.17g", a, b); }

static double adjoint (wg_var x)
{
  double a = 99;
  ck_assert_int_eq (wg_size (x), 1);
  const int rc = wg_adjoint (x, &a);
  ck_assert_msg (rc == WG_OK, "%s", wg_last_error ());
  return a;
}

static void independent (wg_var x)
{
  double a[12];
  for (size_t i = 0; i < 12; i++) a[i] = 99;
  ck_assert_int_eq (wg_adjoint (x, a), WG_INDEPENDENT);
  for (size_t i = 0; i < wg_size (x); i++) ck_assert (a[i] == 0 && !signbit (a[i]));
}

static void backward (wg_var y)
{
  ck_assert_msg (wg_backward (y, NULL) == WG_OK, "%s", wg_last_error ());
}

START_TEST (scalars)
{
  wg_tape *t = wg_tape_new ();
  const double a = 1.385, b = -0.715, c = 2.125;
  const wg_var x = wg_tape_var (t, a), y = wg_tape_var (t, b);
  const wg_var p = wg_mul (x, y), again = wg_mul (x, y), z = wg_add (wg_sin (p), wg_mul (3.0, again));
  double value;
  ck_assert_int_eq (wg_value (z, &value), WG_OK);
  near (value, sin (a*b) + 3*a*b);
  ck_assert_int_eq (wg_adjoint (x, &value), WG_EINVAL);
  backward (z);
  near (adjoint (x), b*(cos (a*b) + 3)), near (adjoint (y), a*(cos (a*b) + 3));
  near (adjoint (p), cos (a*b)), near (adjoint (again), 3), near (adjoint (z), 1);

  /* from the middle, twice the same */
  for (int i = 0; i < 2; i++)
    {
      backward (p);
      near (adjoint (x), b), near (adjoint (y), a), near (adjoint (p), 1);
      independent (again), independent (z);
    }

  /* more of it, another beginning among it, parameters and operations in turn */
  const wg_var w = wg_tape_var (t, c);
  independent (w);
  const wg_var all = wg_mul (wg_exp (w), z);
  ck_assert_int_eq (wg_backward (all, (double[]){ 2.5 }), WG_OK);
  near (adjoint (w), 2.5*exp (c)*(sin (a*b) + 3*a*b)), near (adjoint (z), 2.5*exp (c));
  near (adjoint (x), 2.5*exp (c)*b*(cos (a*b) + 3)), near (adjoint (all), 2.5);
  backward (x);
  near (adjoint (x), 1), independent (y), independent (p);
  wg_tape_free (t);
}
END_TEST

START_TEST (branches)
{
  wg_tape *t = wg_tape_new ();
  const wg_var x = wg_tape_var (t, 1.5), y = wg_tape_var (t, -2.25), unused = wg_tape_var (t, 7);
  wg_var s = wg_num (0);
  for (int i = 0; i < 4; i++) s = wg_lt (y, x) && wg_index (x) == 1 ? wg_add (s, wg_mul (x, y)) : wg_num (5);
  backward (s);
  near (adjoint (x), 4*-2.25), near (adjoint (y), 6), independent (unused);
  backward (wg_select (wg_is_lt (x, y), x, y));
  independent (x), near (adjoint (y), 1);
  const wg_var none = wg_mul (0.0, x), root = wg_sqrt (none);
  backward (none);
  near (adjoint (x), 0);
  ck_assert_int_eq (wg_backward (root, NULL), WG_OK);
  double a;
  ck_assert_int_eq (wg_adjoint (none, &a), WG_NONFINITE);
  ck_assert (isinf (a));
  wg_tape_free (t);
}
END_TEST

/* arrays */

enum { M = 3, N = 4, WEIGHTS = M*N + M };

static void tanh_model (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m;
  const wg_var W = wg_mat (x, M, N), b = wg_vec (x + M*N, M), u = wg_constant (x[0], 1, (size_t[]){ N }, ctx);
  y[0] = wg_sum (wg_sqr (wg_tanh (wg_add (wg_matmul (W, u), b))));
}

START_TEST (arrays)
{
  double x[WEIGHTS], u[N] = { .5, -1.25, 2, .75 }, value, g[WEIGHTS], a[WEIGHTS], v[M], h[M];
  rp_random r = { 77 };
  for (int i = 0; i < WEIGHTS; i++) x[i] = rp_uniform (&r, -1, 1);
  wg_fun *f = wg_fun_record (tanh_model, u, WEIGHTS, 1, x);
  ck_assert_int_eq (wg_gradient (f, x, &value, g), WG_OK);

  wg_tape *t = wg_tape_new ();
  const wg_var W = wg_tape_array (t, 2, (size_t[]){ M, N }, x), b = wg_tape_array (t, 1, (size_t[]){ M }, x + M*N);
  const wg_var k = wg_constant (W, 1, (size_t[]){ N }, u), z = wg_tanh (wg_add (wg_matmul (W, k), b)), loss = wg_sum (wg_sqr (z));
  near (loss.value, value);
  for (int again = 0; again < 2; again++)
    {
      backward (loss);
      ck_assert_int_eq (wg_adjoint (W, a), WG_OK);
      for (int i = 0; i < M*N; i++) near (a[i], g[i]);
      ck_assert_int_eq (wg_adjoint (b, a), WG_OK);
      for (int i = 0; i < M; i++) near (a[i], g[M*N + i]);
      ck_assert_int_eq (wg_value (z, v), WG_OK);
      ck_assert_int_eq (wg_adjoint (z, a), WG_OK);
      for (int i = 0; i < M; i++) near (a[i], 2*v[i]);
      independent (k);
    }
  ck_assert_int_eq (wg_adjoint (wg_t (W), a), WG_OK);          /* views of what has adjoints */
  for (int i = 0; i < M; i++)
    for (int j = 0; j < N; j++) near (a[j*M + i], g[i*N + j]);
  near (adjoint (wg_at (wg_at (W, 1), 2)), g[N + 2]);
  ck_assert_int_eq (wg_adjoint (wg_slice (W, 1, 0, N, -1), a), WG_OK);
  for (int i = 0; i < M; i++)
    for (int j = 0; j < N; j++) near (a[i*N + j], g[i*N + N - 1 - j]);

  /* a seed for each element; of a view; of one that repeats */
  ck_assert_int_eq (wg_backward (z, NULL), WG_ESHAPE);
  ck_assert_int_eq (wg_adjoint (z, a), WG_EINVAL);
  const double seed[M] = { 1.5, -2, .25 };
  ck_assert_int_eq (wg_backward (z, seed), WG_OK);
  ck_assert_int_eq (wg_adjoint (b, h), WG_OK);
  for (int i = 0; i < M; i++) near (h[i], seed[i]*(1 - v[i]*v[i]));
  ck_assert_int_eq (wg_backward (wg_slice (z, 0, 0, M, -1), seed), WG_OK);
  ck_assert_int_eq (wg_adjoint (b, h), WG_OK);
  for (int i = 0; i < M; i++) near (h[i], seed[M-1-i]*(1 - v[i]*v[i]));
  ck_assert_int_eq (wg_backward (wg_broadcast (b, 2, (size_t[]){ 2, M }), (double[]){ 1, 2, 3, 4, 5, 6 }), WG_OK);
  ck_assert_int_eq (wg_adjoint (b, h), WG_OK);
  for (int i = 0; i < M; i++) near (h[i], 5 + 2*i);
  independent (W);

  /* scalars become arrays and back; nothing at all is fine too */
  const wg_var s[2] = { wg_tape_var (t, 2.5), wg_tape_var (t, 3.5) }, q = wg_vec (s, 2), mixed = wg_vec ((wg_var[]){ s[1], wg_mul (s[0], s[1]) }, 2);
  wg_var e[2];
  wg_unstack (wg_exp (mixed), e);
  backward (wg_add (wg_mul (e[0], wg_at (q, 0)), wg_sum (q)));
  near (adjoint (s[0]), exp (3.5) + 1), near (adjoint (s[1]), 2.5*exp (3.5) + 1), near (adjoint (e[0]), 2.5), independent (e[1]);
  const wg_var empty = wg_tape_array (t, 2, (size_t[]){ 0, 3 }, NULL);
  backward (wg_sum (q));
  ck_assert_int_eq (wg_adjoint (empty, a), WG_INDEPENDENT);
  const wg_var zeros = wg_tape_array (t, 1, (size_t[]){ 2 }, NULL);
  backward (wg_sum (wg_exp (zeros)));
  ck_assert_int_eq (wg_adjoint (zeros, a), WG_OK);
  ck_assert (a[0] == 1 && a[1] == 1);
  wg_tape_free (t), wg_fun_free (f);
}
END_TEST

/* as functions are */

START_TEST (random_programs)
{
  enum { INPUTS = 4 };
  const size_t count = rp_soak (2000);
  rp_random r = { 0x11fe };
  size_t told = 0;
  for (size_t k = 0; k < count; k++)
    {
      double x[INPUTS], g[INPUTS], y, a;
      wg_var v[INPUTS], z;
      rp_program called, p;
      for (int i = 0; i < INPUTS; i++) x[i] = rp_number (&r);
      rp_generate (&r, &called, 2, 2, 8, 1, x, NULL);
      wg_fun *fun = wg_fun_record (rp_model, &called, 2, 2, x);
      rp_generate_calling (&r, &p, INPUTS, 1, 30, 3, x, NULL, 0, &called, fun);
      wg_fun *f = wg_fun_record (rp_model, &p, INPUTS, 1, x);
      ck_assert (f && wg_gradient (f, x, &y, g) >= 0);
      wg_tape *t = wg_tape_new ();
      for (int i = 0; i < INPUTS; i++) v[i] = wg_tape_var (t, x[i]);
      rp_run_var (&p, v, &z, NULL);
      if (z.ids)
        {
          ck_assert_msg (wg_backward (z, NULL) >= 0, "%s", wg_last_error ());
          ck_assert (rp_same_bits (z.value, y));
        }
      for (int i = 0; i < INPUTS && z.ids; i++)
        {
          const int rc = wg_adjoint (v[i], &a);
          /* what is added, of magnitudes to 200 and in 34 places, is added in another order */
          ck_assert_msg (rc >= 0 && (!isfinite (g[i]) || fabs (a - g[i]) <= 1e6*DBL_EPSILON*fmax (1, fabs (g[i]))),
                         "program %zu, x%d: %.17g and %.17g", k, i, a, g[i]);
          told += rc == WG_OK && a != 0;
        }
      wg_tape_free (t), wg_fun_free (f), wg_fun_free (fun);
    }
  ck_assert_uint_ge (told, rp_least (count/2));
}
END_TEST

static void square_sum (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) m, (void) ctx;
  y[0] = wg_num (0);
  for (size_t i = 0; i < n; i++) y[0] = wg_add (y[0], wg_mul (x[i], x[i]));
}

static int cube (size_t n, const double x[], size_t m, double y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  y[0] = x[0]*x[0]*x[0];
  return 0;
}

static int cube_vjp (size_t n, const double x[], size_t m, const double u[], double uj[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  uj[0] = 3*x[0]*x[0]*u[0];
  return 0;
}

/* Calls, loops over items, custom rules, functions recorded while the tape is open. */
START_TEST (operations)
{
  static const wg_rules rules = { .eval = cube, .vjp = cube_vjp };
  wg_tape *t = wg_tape_new ();
  wg_var x[6], y, z, c;
  for (int i = 0; i < 6; i++) x[i] = wg_tape_var (t, .5 + i);
  wg_fun *f = wg_fun_record (square_sum, NULL, 2, 1, (double[]){ 1, 2 });
  ck_assert_ptr_nonnull (f);
  wg_call (f, x, NULL, &y);
  wg_map_sum (f, 3, 1, (wg_arg[]){ { .var = x, .width = 2, .stride = 2 } }, &z);
  wg_call_custom (&rules, NULL, 1, &x[5], 1, &c);
  backward (wg_add (wg_add (y, z), c));
  near (adjoint (x[0]), 2), near (adjoint (x[1]), 6), near (adjoint (x[4]), 9), near (adjoint (x[5]), 11 + 3*5.5*5.5);
  near (adjoint (y), 1), near (adjoint (c), 1);
  double a, b;
  ck_assert_int_eq (wg_gradient (f, (double[]){ 3, 4 }, &a, (double[2]){ 0 }), WG_OK);
  ck_assert_int_eq (wg_value (wg_num (3), &b), WG_OK);
  ck_assert (a == 25 && b == 3);
  wg_tape_free (t), wg_fun_free (f);
}
END_TEST

/* Tapes end in any order, and those that stay go on. */
START_TEST (lives)
{
  wg_tape *t[4];
  wg_var x[4];
  for (int order = 0; order < 24; order++)
    {
      int place[4] = { 0, 1, 2, 3 };
      for (int i = 3, o = order; i > 0; o /= i + 1, i--)
        {
          const int j = o % (i + 1), had = place[i];
          place[i] = place[j], place[j] = had;
        }
      for (int i = 0; i < 4; i++) t[i] = wg_tape_new (), x[i] = wg_tape_var (t[i], i + .5);
      for (int i = 0; i < 4; i++)
        {
          wg_tape_free (t[place[i]]);
          for (int j = 0; j < 4; j++)
            {
              const int ended = j <= i;
              const wg_var y = ended ? x[place[j]] : wg_sqr (x[place[j]]);
              ck_assert_int_eq (wg_backward (y, NULL), ended ? WG_ETAPE : WG_OK);
              if (!ended) near (adjoint (x[place[j]]), 2*place[j] + 1);
            }
          int newest = -1;
          for (int j = i + 1; j < 4; j++) newest = place[j] > newest ? place[j] : newest;
          const wg_var k = wg_constant (wg_num (0), 1, (size_t[]){ 1 }, (double[]){ 2 });
          if (newest >= 0) backward (wg_sum (wg_mul (k, x[newest])));
          else ck_assert_int_eq (wg_rank (k), 0);
        }
    }
  wg_tape *many[20];
  for (int i = 0; i < 20; i++) many[i] = wg_tape_new ();
  ck_assert_ptr_null (many[15]);
  for (int i = 0; i < 20; i++) wg_tape_free (many[i]);
}
END_TEST

/* refusals */

static wg_var foreign, kept;
static wg_tape *foreign_tape;

static void *elsewhere (void *unused)
{
  double a = 1;
  ck_assert_int_eq (wg_backward (foreign, NULL), WG_ETAPE);
  ck_assert_int_eq (wg_adjoint (foreign, &a), WG_ETAPE);
  ck_assert_int_eq (wg_value (foreign, &a), WG_ETAPE);
  ck_assert (a == 1);
  const wg_var x = wg_tape_var (foreign_tape, 3);
  ck_assert (!x.ids && isnan (x.value));
  ck_assert_int_eq (wg_fun_status (NULL), WG_ETAPE);
  wg_tape_free (foreign_tape);                         /* nothing happens */
  return unused;
}

static void keeps (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  double a;
  kept = x[0];
  ck_assert_int_eq (wg_backward (x[0], NULL), WG_ETAPE);
  ck_assert_int_eq (wg_adjoint (x[0], &a), WG_ETAPE);
  ck_assert_int_eq (wg_value (x[0], &a), WG_ETAPE);
  y[0] = x[0];
}

START_TEST (refusals)
{
  double a = 1;
  wg_tape *t = wg_tape_new (), *other = wg_tape_new ();
  const wg_var x = wg_tape_var (t, 2), z = wg_tape_var (other, 3), A = wg_tape_array (t, 1, (size_t[]){ 2 }, NULL);
  ck_assert_int_eq (wg_backward (wg_num (1), NULL), WG_ETAPE);
  ck_assert_int_eq (wg_adjoint (wg_num (1), &a), WG_ETAPE);
  ck_assert_int_eq (wg_adjoint (x, NULL), WG_EINVAL);
  ck_assert_int_eq (wg_value (x, NULL), WG_EINVAL);
  ck_assert_int_eq (wg_adjoint (x, &a), WG_EINVAL);
  ck_assert_int_eq (wg_backward (A, NULL), WG_ESHAPE);
  ck_assert (isnan (wg_tape_var (NULL, 1).value) && isnan (wg_tape_array (NULL, 0, NULL, NULL).value));
  wg_tape_free (NULL);
  wg_fun *f = wg_fun_record (keeps, NULL, 1, 1, (double[]){ 1 });
  ck_assert_int_eq (wg_backward (kept, NULL), WG_ETAPE);
  foreign = x, foreign_tape = t;
  pthread_t thread;
  ck_assert_int_eq (pthread_create (&thread, NULL, elsewhere, NULL), 0);
  pthread_join (thread, NULL);
  backward (wg_sqr (x));
  near (adjoint (x), 4);
  ck_assert (a == 1);

  /* both tapes have failed, with that first error */
  wg_mul (x, z);
  ck_assert_int_eq (wg_backward (x, NULL), WG_ETAPE);
  ck_assert_int_eq (wg_adjoint (x, &a), WG_EINVAL);
  ck_assert_int_eq (wg_backward (z, NULL), WG_ETAPE);
  wg_tape_free (t), wg_tape_free (other), wg_fun_free (f);

  t = wg_tape_new ();
  const wg_var b = wg_tape_array (t, 1, (size_t[]){ 2 }, NULL), c = wg_tape_array (t, 1, (size_t[]){ 3 }, NULL);
  wg_add (b, c);
  ck_assert_int_eq (wg_backward (wg_sum (b), NULL), WG_ESHAPE);         /* though its result is a literal */
  ck_assert_ptr_nonnull (strstr (wg_last_error (), "shapes (2,) and (3,)"));
  ck_assert_int_eq (wg_backward (b, (double[]){ 1, 2 }), WG_ESHAPE);
  ck_assert_ptr_nonnull (strstr (wg_last_error (), "shapes (2,) and (3,)"));
  ck_assert (isnan (wg_tape_array (t, 9, (size_t[9]){ 0 }, NULL).value));
  wg_tape_free (t);

  t = wg_tape_new ();
  const wg_var y = wg_tape_var (t, 1);
  wg_param (y, 0, 4);
  ck_assert_int_eq (wg_backward (y, NULL), WG_EINVAL);
  wg_tape_free (t);
}
END_TEST

int main (void)
{
  Suite *s = suite_create ("live");
  TCase *c = tcase_create ("live");
  tcase_set_timeout (c, 120);
  tcase_add_test (c, scalars), tcase_add_test (c, branches), tcase_add_test (c, arrays), tcase_add_test (c, random_programs);
  tcase_add_test (c, operations), tcase_add_test (c, lives), tcase_add_test (c, refusals);
  suite_add_tcase (s, c);
  return run_suite (s);
}
