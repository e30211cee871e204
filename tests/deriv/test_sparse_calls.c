/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Sparse derivatives through calls.  Laws: as in sparse_checks.h, on random functions that call random functions; a pattern through
 * calls has what the same operations written in place have, and where no callee branches nothing else.  Then callees whose
 * branches change under a caller that stays the same, callees that are derived, custom or invalidated.
 */
#include <wengert/custom.h>

#include "deriv/sparse_checks.h"
#include "runner.h"

/* functions of functions: four of random programs, two of calls of these, and a function of calls of all six */

enum { LEAVES = 4, MIDDLES = 2, FUNCTIONS = LEAVES + MIDDLES, CALLS = 5 };

typedef struct { int callee; int operand[12]; double by; } one_call;       /* operand < 0: the literal .5 */

typedef struct calling calling;
struct calling {
  size_t n, m, calls;
  one_call call[CALLS];
  int in_place;                  /* run the callees instead of calling them */
  const calling *function;       /* whom it calls */
  const rp_program *leaf;
  wg_fun *const *fun;
};

/* Operands are inputs, or one value so far, scaled; y[i] are sums of results. */
static void model_calling (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  const calling *c = ctx;
  wg_var last = x[0];
  for (size_t i = 0; i < m; i++) y[i] = wg_num (0);
  for (size_t k = 0; k < c->calls; k++)
    {
      const one_call *q = &c->call[k];
      const size_t callee = (size_t) q->callee, inner_n = wg_fun_n (c->fun[callee]), inner_m = wg_fun_m (c->fun[callee]);
      wg_var in[12], out[RP_OUTPUTS];
      for (size_t j = 0; j < inner_n; j++)
        in[j] = q->operand[j] < 0 ? wg_num (.5) : (size_t) q->operand[j] < n ? x[q->operand[j]] : wg_mul (q->by, wg_tanh (last));
      if (!c->in_place) wg_call (c->fun[callee], in, NULL, out);
      else if (callee < LEAVES) rp_run_var (&c->leaf[callee], in, out, NULL);
      else
        {
          calling inner = c->function[callee - LEAVES];
          inner.in_place = 1;
          model_calling (inner_n, in, inner_m, out, &inner);
        }
      for (size_t i = 0; i < inner_m; i++) y[(i + k) % m] = wg_add (y[(i + k) % m], out[i]);
      last = out[0];
    }
}

static void random_calls (rp_random *r, calling *c, size_t n, size_t m, size_t callees)
{
  c->n = n, c->m = m, c->calls = 1 + rp_below (r, CALLS);
  for (size_t k = 0; k < c->calls; k++)
    {
      one_call *q = &c->call[k];
      q->callee = (int) rp_below (r, callees), q->by = rp_uniform (r, -1, 1);
      for (int j = 0; j < 12; j++) q->operand[j] = rp_below (r, 7) ? (int) rp_below (r, n + (k > 0)) : -1;
    }
}

/* Has plan a every entry of plan b? */
static int has_all (const wg_plan *a, const wg_plan *b, size_t cols)
{
  static int row[MOST*MOST], col[MOST*MOST];
  static char there[MOST*MOST];
  memset (there, 0, sizeof there);
  wg_plan_coo (a, row, col);
  for (size_t k = 0; k < wg_plan_nnz (a); k++) there[(size_t) row[k]*cols + (size_t) col[k]] = 1;
  wg_plan_coo (b, row, col);
  for (size_t k = 0; k < wg_plan_nnz (b); k++)
    if (!there[(size_t) row[k]*cols + (size_t) col[k]]) return 0;
  return 1;
}

START_TEST (random_functions)
{
  rp_random r = { 0x5eed6103 };
  size_t checked = 0, sharp = 0, same = 0;
  for (size_t round = 0; round < rp_soak (1500); round++)
    {
      static rp_program leaf[LEAVES];
      static calling function[MIDDLES], outer, in_place;
      wg_fun *fun[FUNCTIONS];
      double x[12];
      const unsigned branches = round % 2 ? 3 : 0;
      for (int i = 0; i < 12; i++) x[i] = rp_number (&r);
      for (int k = 0; k < LEAVES; k++)
        {
          const size_t n = 1 + rp_below (&r, 5), m = 1 + rp_below (&r, 4);
          rp_generate (&r, &leaf[k], n, m, 2 + rp_below (&r, 9), branches, x, NULL);
          fun[k] = wg_fun_record (rp_model, &leaf[k], n, m, x);
        }
      for (int k = 0; k < MIDDLES; k++)
        {
          function[k] = (calling){ .leaf = leaf, .fun = fun };
          random_calls (&r, &function[k], 2 + rp_below (&r, 5), 1 + rp_below (&r, 4), LEAVES);
          fun[LEAVES + k] = wg_fun_record (model_calling, &function[k], function[k].n, function[k].m, x);
        }
      outer = (calling){ .function = function, .leaf = leaf, .fun = fun };
      random_calls (&r, &outer, 4 + rp_below (&r, 8), 1 + rp_below (&r, 6), FUNCTIONS);
      in_place = outer, in_place.in_place = 1;
      wg_fun *f = wg_fun_record (model_calling, &outer, outer.n, outer.m, x);
      wg_fun *g = wg_fun_record (model_calling, &in_place, outer.n, outer.m, x);
      double y[8];
      if (f && g && wg_eval (f, x, y) == WG_OK)
        {
          check_all (f, &r, x);
          wg_plan *through = wg_plan_hessian (f, 'L'), *plain = wg_plan_hessian (g, 'L');
          wg_plan *rows = wg_plan_jacobian (f), *plain_rows = wg_plan_jacobian (g);
          ck_assert (has_all (through, plain, outer.n) && has_all (rows, plain_rows, outer.n));
          sharp += wg_plan_nnz (through) < outer.n*(outer.n + 1)/2;
          same += has_all (plain, through, outer.n) && has_all (plain_rows, rows, outer.n);
          checked++;
          wg_plan_free (through), wg_plan_free (plain), wg_plan_free (rows), wg_plan_free (plain_rows);
        }
      wg_fun_free (f), wg_fun_free (g);
      for (int k = 0; k < FUNCTIONS; k++) wg_fun_free (fun[k]);
    }
  ck_assert_msg (checked > rp_least (700) && 2*sharp > checked && 2*same > checked, "%zu, %zu, %zu", checked, sharp, same);
}
END_TEST

/* a sum of calls has the pattern of the sum */

static void model_piece (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  y[0] = wg_add (wg_mul (x[0], wg_exp (x[1])), wg_sqr (x[2]));
  y[1] = wg_sub (wg_sin (x[2]), wg_mul (2, x[3]));
}

static void model_pieces (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) m;
  y[0] = wg_num (0);
  for (size_t i = 0; i + 3 < n; i++)
    {
      wg_var out[2];
      if (ctx) wg_call (ctx, x + i, NULL, out);
      else model_piece (4, x + i, 2, out, NULL);
      y[0] = wg_add (y[0], wg_add (out[0], wg_sqr (out[1])));
    }
}

/* One level more: a call of the function above. */
static void model_around (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m;
  wg_call (ctx, x, NULL, y);
}

START_TEST (sharp_as_in_place)
{
  enum { N = 40 };
  double x[N], v[4*N], w[4*N];
  for (int i = 0; i < N; i++) x[i] = .25 - .01*i;
  wg_fun *piece = wg_fun_record (model_piece, NULL, 4, 2, x);
  wg_fun *called = wg_fun_record (model_pieces, piece, N, 1, x), *plain = wg_fun_record (model_pieces, NULL, N, 1, x);
  wg_fun *around = wg_fun_record (model_around, called, N, 1, x), *further = wg_fun_record (model_around, around, N, 1, x);
  wg_plan *b = wg_plan_hessian (plain, 'L');
  ck_assert_int_eq (wg_sparse_hessian (plain, b, x, NULL, NULL, NULL, w), WG_OK);
  for (int level = 0; level < 3; level++)
    {
      wg_fun *f = level == 2 ? further : level ? around : called;
      wg_plan *a = wg_plan_hessian (f, 'L');
      ck_assert_uint_eq (wg_plan_nnz (a), wg_plan_nnz (b));
      ck_assert (has_all (a, b, N));
      ck_assert_int_eq (wg_sparse_hessian (f, a, x, NULL, NULL, NULL, v), WG_OK);
      for (size_t k = 0; k < wg_plan_nnz (a); k++) ck_assert (fabs (v[k] - w[k]) <= 1e-14*(1 + fabs (w[k])));
      wg_plan_free (a);
    }
  wg_plan_free (b), wg_fun_free (piece), wg_fun_free (called), wg_fun_free (plain), wg_fun_free (around), wg_fun_free (further);
}
END_TEST

/* branches of callees: the caller's own trace stays the same */

/* The product of the first two, of the first and the third, or of all, as the sign and the size of the first say. */
static void model_choice (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  const int *flipped = ctx;
  (void) n, (void) m;
  const int left = wg_lt (x[0], 0), far = wg_lt (1, x[0]);
  const wg_var product = wg_mul (x[0], left != (flipped && *flipped) ? x[1] : x[2]);
  y[0] = far ? wg_mul (x[0], wg_mul (x[1], x[2])) : product;
}

/* Calls of three inputs each. */
static void model_choices (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) m;
  y[0] = wg_num (0);
  for (size_t i = 0; i + 2 < n; i += 3)
    {
      wg_var out;
      wg_call (ctx, x + i, NULL, &out);
      y[0] = wg_add (y[0], wg_exp (wg_mul (.5, out)));
    }
}

/* At x the plan is refused or right; extended it is right. */
static void right_or_refused (wg_fun *f, wg_plan **plan, const double x[], int refused)
{
  double value[100], D[81];
  const size_t n = wg_fun_n (f);
  const double u = 1;
  int rc = wg_sparse_hessian (f, *plan, x, NULL, NULL, NULL, value);
  ck_assert_int_eq (rc, refused ? WG_EPLAN : WG_OK);
  if (refused)
    {
      ck_assert_int_eq (wg_plan_extend (plan, f), WG_OK);
      ck_assert_int_eq (wg_sparse_hessian (f, *plan, x, NULL, NULL, NULL, value), WG_OK);
    }
  ck_assert_int_eq (dense_hessian (f, x, &u, D), WG_OK);
  ck_assert (agrees (*plan, n, n, 'L', value, D));
}

static const double low[9] = { -.5, 2, 3, -.25, 3, 1, -.5, 1, 2 }, mixed[9] = { -.5, 2, 3, .25, 3, 1, -.5, 1, 2 };
static const double high[9] = { 1.5, .5, .25, -.25, 3, 1, .5, 1, 2 };

START_TEST (branches_of_callees)
{
  for (int depth = 0; depth < 3; depth++)
    {
      wg_fun *choice = wg_fun_record (model_choice, NULL, 3, 1, low), *level[4];
      level[0] = wg_fun_record (model_choices, choice, 9, 1, low);
      for (int i = 0; i < depth; i++) level[i+1] = wg_fun_record (model_around, level[i], 9, 1, low);
      wg_fun *f = level[depth];
      wg_plan *plan = wg_plan_hessian (f, 'L');
      ck_assert_uint_eq (wg_plan_nnz (plan), 9);
      right_or_refused (f, &plan, low, 0);
      right_or_refused (f, &plan, mixed, 1);
      ck_assert_uint_eq (wg_plan_nnz (plan), 18);
      right_or_refused (f, &plan, low, 0);
      right_or_refused (f, &plan, high, 0);            /* all pairs are there already, since one call's result goes through exp */
      right_or_refused (f, &plan, mixed, 0);
      wg_plan_free (plan);
      for (int i = depth; i >= 0; i--) wg_fun_free (level[i]);
      wg_fun_free (choice);
    }
}
END_TEST

/* Branches that have nothing in common: extended to the second, a plan still has the first. */
START_TEST (disjoint_branches)
{
  wg_fun *f = wg_fun_record (model_choice, NULL, 3, 1, low);
  wg_plan *plan = wg_plan_hessian (f, 'L');
  right_or_refused (f, &plan, low, 0);
  right_or_refused (f, &plan, mixed + 3, 1);
  ck_assert_uint_eq (wg_plan_nnz (plan), 2);
  right_or_refused (f, &plan, low, 0);
  wg_plan_free (plan), wg_fun_free (f);
}
END_TEST

/* After wg_fun_invalidate another structure may come: never a wrong number, at the last point neither. */
START_TEST (invalidated_callees)
{
  int flipped = 0;
  wg_fun *choice = wg_fun_record (model_choice, &flipped, 3, 1, low), *f = wg_fun_record (model_choices, choice, 9, 1, low);
  wg_plan *plan = wg_plan_hessian (f, 'L');
  double value[45];
  right_or_refused (f, &plan, low, 0);
  flipped = 1;
  ck_assert_int_eq (wg_fun_invalidate (choice), WG_OK);
  ck_assert_int_eq (wg_sparse_hessian (f, plan, NULL, NULL, NULL, NULL, value), WG_EPLAN);
  right_or_refused (f, &plan, low, 1);
  wg_plan_free (plan), wg_fun_free (f), wg_fun_free (choice);
}
END_TEST

static void model_sum (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  wg_var out[3];
  (void) n, (void) m;
  wg_call (ctx, x, NULL, out);
  y[0] = wg_add (wg_sin (out[0]), wg_add (wg_sin (out[1]), wg_sin (out[2])));
}

/* The same when what was invalidated is the function that a callee is the gradient of: its trace is out of date but there. */
START_TEST (outdated_callees)
{
  int flipped = 0;
  double value[6];
  wg_fun *choice = wg_fun_record (model_choice, &flipped, 3, 1, low), *gradient = wg_fun_gradient (choice);
  wg_fun *f = wg_fun_record (model_sum, gradient, 3, 1, low);
  wg_plan *plan = wg_plan_hessian (f, 'L');
  right_or_refused (f, &plan, low, 0);
  flipped = 1;
  ck_assert_int_eq (wg_fun_invalidate (choice), WG_OK);
  ck_assert_int_eq (wg_sparse_hessian (f, plan, NULL, NULL, NULL, NULL, value), WG_EPLAN);
  right_or_refused (f, &plan, low, 1);
  wg_plan_free (plan), wg_fun_free (f), wg_fun_free (gradient), wg_fun_free (choice);
}
END_TEST

/* The derivative of a function with such a callee, as a function and as a callee. */
START_TEST (derived_callees)
{
  wg_fun *choice = wg_fun_record (model_choice, NULL, 3, 1, low), *f = wg_fun_record (model_choices, choice, 9, 1, low);
  wg_fun *gradient = wg_fun_gradient (f);
  rp_random r = { 0x5eed6104 };
  check_all (gradient, &r, low);
  wg_plan *plan = wg_plan_jacobian (gradient);
  double value[81], D[81];
  for (int k = 0; k < 3; k++)
    {
      const double *x = k == 0 ? mixed : k == 1 ? high : low;
      int rc = wg_sparse_jacobian (gradient, plan, x, NULL, value);
      if (rc == WG_EPLAN)
        {
          ck_assert_int_eq (wg_plan_extend (&plan, gradient), WG_OK);
          rc = wg_sparse_jacobian (gradient, plan, x, NULL, value);
        }
      ck_assert_int_eq (rc, WG_OK);
      ck_assert_int_eq (wg_jacobian (gradient, x, NULL, D), WG_OK);
      ck_assert (agrees (plan, 9, 9, 'J', value, D));
    }
  wg_plan_free (plan), wg_fun_free (gradient), wg_fun_free (f), wg_fun_free (choice);
}
END_TEST

/* custom functions are dense blocks */

static int callbacks = -1;       /* how many more derivatives they give before they fail; < 0: any number */

static int out_of_patience (void) { return callbacks == 0 || (callbacks > 0 && callbacks-- == 0); }

static int product_eval (size_t n, const double x[], size_t m, double y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  return y[0] = x[0]*x[1], y[1] = x[2], 0;
}

static int product_jvp (size_t n, const double x[], const double v[], size_t m, double jv[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  if (out_of_patience ()) return 7;
  return jv[0] = v[0]*x[1] + x[0]*v[1], jv[1] = v[2], 0;
}

static int product_vjp (size_t n, const double x[], size_t m, const double u[], double uj[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  if (out_of_patience ()) return 7;
  return uj[0] = u[0]*x[1], uj[1] = u[0]*x[0], uj[2] = u[1], 0;
}

static int product_hvp (size_t n, const double x[], size_t m, const double u[], const double v[], double hv[], void *ctx)
{
  (void) n, (void) x, (void) m, (void) ctx;
  if (out_of_patience ()) return 7;
  return hv[0] = u[0]*v[1], hv[1] = u[0]*v[0], hv[2] = 0, 0;
}

static void model_custom (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  for (size_t i = 0; i < m; i++)
    {
      const wg_var in[3] = { x[i % n], x[(i + 1) % n], wg_sin (x[(i + 2) % n]) };
      wg_var out[2];
      wg_call (ctx, in, NULL, out);
      y[i] = i % 2 ? wg_mul (out[0], out[1]) : wg_sub (out[0], out[1]);      /* with interactions of its own, and without */
    }
}

START_TEST (custom_callees)
{
  rp_random r = { 0x5eed6105 };
  double x[12];
  wg_fun *product = wg_fun_custom (&(wg_rules){ .eval = product_eval, .jvp = product_jvp, .vjp = product_vjp, .hvp = product_hvp }, NULL, 3, 2);
  for (int i = 0; i < 12; i++) x[i] = rp_uniform (&r, -1, 1);
  for (size_t m = 1; m <= 9; m += 4)
    {
      wg_fun *f = wg_fun_record (model_custom, product, 12, m, x);
      check_all (f, &r, x);
      wg_plan *plan = wg_plan_hessian (f, 'L'), *rows = wg_plan_jacobian (f);
      ck_assert_uint_le (wg_plan_nnz (plan), 6*m);
      ck_assert_uint_eq (wg_plan_nnz (rows), 3*m);
      wg_plan_free (plan), wg_plan_free (rows), wg_fun_free (f);
    }
  wg_fun_free (product);
}
END_TEST

/* A callback that fails, whenever it is: the outputs are untouched, and the next call is as if nothing had been. */
enum { DRIVERS = 9 };

static int drive (int driver, wg_fun *f, wg_plan *const plan[], const double x[], double y[], double g[], double out[])
{
  static double V[144];
  for (int i = 0; i < 12; i++) V[13*i] = 1;
  switch (driver)
    {
    case 0: return wg_jacobian (f, x, y, out);
    case 1: return wg_hessian (f, x, y, g, out);
    case 2: return wg_hvps (f, x, 12, V, y, g, out);
    case 3: case 4: return wg_sparse_hessian (f, plan[driver - 3], x, NULL, y, g, out);
    default: return wg_sparse_jacobian (f, plan[driver - 3], x, y, out);
    }
}

START_TEST (failing_callees)
{
  const int jacobian[] = { WG_PLAN_COLUMNS, WG_PLAN_ROWS, WG_PLAN_SUBGRAPH, WG_PLAN_DENSE };
  const size_t m = _i == 1 || _i == 2 ? 1 : 9;
  double x[12], first[144], y[9], g[12], out[144];
  wg_plan *plan[6];
  wg_fun *product = wg_fun_custom (&(wg_rules){ .eval = product_eval, .jvp = product_jvp, .vjp = product_vjp, .hvp = product_hvp }, NULL, 3, 2);
  for (int i = 0; i < 12; i++) x[i] = .5 - .125*i;
  wg_fun *f = wg_fun_record (model_custom, product, 12, m, x);
  for (int k = 0; k < 2; k++) plan[k] = wg_plan_hessian_with (f, 'F', &(wg_plan_options){ .method = k ? WG_PLAN_DENSE : WG_PLAN_STAR });
  for (int k = 0; k < 4; k++) plan[2+k] = wg_plan_jacobian_with (f, &(wg_plan_options){ .method = jacobian[k] });
  memset (first, 0, sizeof first), memset (out, 0, sizeof out);
  ck_assert_int_eq (drive (_i, f, plan, x, y, g, first), WG_OK);
  int rc = WG_EMODEL, failed = -1;
  for (int k = 0; rc == WG_EMODEL; k++, failed++)
    {
      y[0] = g[0] = -987.125;
      for (int i = 0; i < 144; i++) out[i] = -987.125;
      callbacks = k;
      rc = drive (_i, f, plan, x, y, g, out);
      callbacks = -1;
      for (int i = 0; i < 144 && rc; i++) ck_assert_msg (out[i] == -987.125 && y[0] == out[i] && g[0] == out[i], "%d: %d", k, i);
      memset (out, 0, sizeof out);
      ck_assert_int_eq (drive (_i, f, plan, x, y, g, out), WG_OK);
      ck_assert (!memcmp (out, first, sizeof out));
    }
  ck_assert_int_eq (rc, WG_OK);
  ck_assert_int_gt (failed, 2);
  for (int k = 0; k < 6; k++) wg_plan_free (plan[k]);
  wg_fun_free (f), wg_fun_free (product);
}
END_TEST

int main (void)
{
  Suite *s = suite_create ("sparse through calls");
  TCase *t = tcase_create ("sparse through calls");
  tcase_set_timeout (t, 300);
  tcase_add_test (t, random_functions);
  tcase_add_test (t, sharp_as_in_place);
  tcase_add_test (t, branches_of_callees);
  tcase_add_test (t, disjoint_branches);
  tcase_add_test (t, invalidated_callees);
  tcase_add_test (t, outdated_callees);
  tcase_add_test (t, derived_callees);
  tcase_add_test (t, custom_callees);
  tcase_add_loop_test (t, failing_callees, 0, DRIVERS);
  suite_add_tcase (s, t);
  return run_suite (s);
}
