/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Hessians summand by summand.  Law: as in sparse_checks.h, on random sums whose summands share inner values, are interleaved,
 * meet in max, go into several outputs, and whose outputs are used again.  Then what is chosen unasked, and branches.
 */
#include "deriv/sparse_checks.h"
#include "runner.h"

/* random sums */

enum { INNER = 8, SUMMANDS = 12, OUTPUTS = 3, INPUTS = 9 };

typedef struct {
  int kind, a, b, to;            /* of a summand: operands among inner values and inputs; the output */
  double by;
} one_summand;

typedef struct {
  int inner[INNER][3];           /* kind and two operands before it */
  one_summand of[SUMMANDS];
  int late;                      /* summands are added up after all are there, instead of at once */
  int again;                     /* outputs are used in others */
} sums;

static wg_var combined (int kind, wg_var a, wg_var b)
{
  switch (kind)
    {
    case 0: return wg_mul (a, b);
    case 1: return wg_sin (wg_add (a, b));
    case 2: return wg_sub (a, wg_mul (.5, b));
    case 3: return wg_max (wg_sqr (a), b);
    case 4: return wg_exp (wg_mul (.25, a));
    default: return wg_div (a, wg_add (2.0, wg_sqr (b)));
    }
}

static void model_sums (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  const sums *c = ctx;
  wg_var z[INPUTS + INNER], s[SUMMANDS];
  for (size_t i = 0; i < n; i++) z[i] = x[i];
  for (int i = 0; i < INNER; i++) z[INPUTS + i] = combined (c->inner[i][0], z[c->inner[i][1]], z[c->inner[i][2]]);
  for (size_t i = 0; i < m; i++) y[i] = wg_num (.5);
  for (int late = 0; late <= c->late; late++)
    for (int k = 0; k < SUMMANDS; k++)
      {
        const one_summand *q = &c->of[k];
        if (!late) s[k] = combined (q->kind, z[q->a], z[q->b]);
        if (late != c->late) continue;
        wg_var *to = &y[q->to];
        *to = k % 4 == 0 ? wg_add (*to, s[k]) : k % 4 == 1 ? wg_sub (*to, wg_mul (q->by, s[k])) : k % 4 == 2 ? wg_add (wg_mul (z[q->a], z[q->b]), *to)
            : wg_add (wg_neg (*to), wg_max (s[k], s[k-1]));
      }
  if (c->again & 1) y[1] = wg_add (y[1], wg_mul (y[0], z[0]));
  if (c->again & 2) y[2] = wg_sub (y[2], wg_mul (3.0, y[1]));
  if (c->again & 4) y[0] = y[2];
}

START_TEST (random_sums)
{
  static const int method[] = { WG_PLAN_SUBGRAPH, WG_PLAN_AUTO, WG_PLAN_STAR };
  rp_random r = { 0x5eed6301 };
  for (size_t round = 0; round < rp_soak (1500); round++)
    {
      sums c;
      double x[INPUTS], u[OUTPUTS], D[INPUTS*INPUTS];
      for (int i = 0; i < INPUTS; i++) x[i] = rp_uniform (&r, -2, 2);
      for (int i = 0; i < OUTPUTS; i++) u[i] = rp_below (&r, 4) ? rp_uniform (&r, -2, 2) : 0;
      for (int i = 0; i < INNER; i++)
        for (int j = 0; j < 3; j++) c.inner[i][j] = (int) rp_below (&r, j ? INPUTS + (size_t) i : 6);
      for (int k = 0; k < SUMMANDS; k++)
        c.of[k] = (one_summand){ (int) rp_below (&r, 6), (int) rp_below (&r, INPUTS + INNER), (int) rp_below (&r, INPUTS + INNER),
                                 (int) rp_below (&r, OUTPUTS), rp_uniform (&r, -2, 2) };
      c.late = (int) rp_below (&r, 2), c.again = (int) rp_below (&r, 8);
      wg_fun *f = wg_fun_record (model_sums, &c, INPUTS, OUTPUTS, x);
      ck_assert_msg (f != NULL, "%s", wg_last_error ());
      ck_assert_int_ge (dense_hessian (f, x, u, D), 0);
      for (int k = 0; k < 3; k++)
        {
          const wg_plan_options o = { .method = method[k], .by_columns = (int) rp_below (&r, 2) };
          check_hessian (f, (how){ &o, "LUF"[rp_below (&r, 3)] }, x, u, D);
        }
      wg_fun_free (f);
    }
}
END_TEST

/* what is chosen: squares of functions of nine inputs out of many are cheap one by one, since their colours are many */

enum { MANY = 600, PIECES = 800 };

static void model_pieces (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  rp_random r = { 99 };
  (void) m, (void) ctx;
  y[0] = wg_num (0);
  for (int k = 0; k < PIECES; k++)
    {
      const size_t a = 3*rp_below (&r, n/30), b = n/10 + 3*rp_below (&r, n*3/10 - 2);
      wg_var t = wg_num (k*.001);
      for (size_t i = 0; i < 3; i++)
        for (size_t j = 0; j < 3; j++) t = wg_add (t, wg_mul (x[a + i], wg_sin (wg_add (x[b + j], .1*k + .01*(double) (i + j)))));
      y[0] = wg_add (y[0], wg_sqr (t));
    }
}

static void model_banded (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) m, (void) ctx;
  y[0] = wg_num (0);
  for (size_t i = 0; i + 1 < n; i++) y[0] = wg_add (y[0], wg_sqr (wg_sub (x[i+1], wg_sqr (x[i]))));
}

START_TEST (choice)
{
  double x[MANY];
  for (int i = 0; i < MANY; i++) x[i] = sin (1.7*i);
  wg_fun *f = wg_fun_record (model_pieces, NULL, MANY, 1, x), *g = wg_fun_record (model_banded, NULL, MANY, 1, x);
  wg_plan *plan[3] = { wg_plan_hessian (f, 'L'), wg_plan_hessian_with (f, 'L', &(wg_plan_options){ .method = WG_PLAN_STAR }),
                       wg_plan_hessian (g, 'L') };
  wg_plan_info info[3];
  for (int i = 0; i < 3; i++) ck_assert_int_eq (wg_plan_get_info (plan[i], &info[i]), WG_OK);
  ck_assert_int_eq (info[0].method, WG_PLAN_SUBGRAPH);
  ck_assert_int_eq (info[1].method, WG_PLAN_STAR);
  ck_assert_int_eq (info[2].method, WG_PLAN_STAR);
  ck_assert (info[0].cost < info[1].cost && info[1].cost < info[1].dense_cost);
  ck_assert_uint_le (info[0].sweeps, 6*PIECES);
  double *value[2];
  for (int i = 0; i < 2; i++)
    {
      value[i] = malloc (info[i].nnz*sizeof *value[i]);
      ck_assert (value[i] && wg_sparse_hessian (f, plan[i], x, NULL, NULL, NULL, value[i]) == WG_OK);
    }
  /* Entries are sums of up to 800 products of size below 100, in another order. */
  for (size_t k = 0; k < info[0].nnz; k++) ck_assert (fabs (value[0][k] - value[1][k]) <= 1e-10);
  for (int i = 0; i < 2; i++) free (value[i]);
  for (int i = 0; i < 3; i++) wg_plan_free (plan[i]);
  wg_fun_free (f), wg_fun_free (g);
}
END_TEST

/* A branch with fewer summands than the plan was made for; a callee whose branch gives a summand another input. */

static void model_inner (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  y[0] = wg_mul (x[0], wg_lt (x[0], 0.0) ? x[1] : x[2]);
}

static void model_branching (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  wg_var out;
  (void) n, (void) m;
  wg_call (ctx, x, NULL, &out);
  y[0] = wg_add (wg_mul (x[0], wg_mul (x[1], x[2])), out);        /* has all pairs already */
  if (wg_lt (x[3], 0.0)) y[0] = wg_add (y[0], wg_mul (x[3], wg_sqr (x[0])));
}

START_TEST (branches)
{
  const double at[4][4] = { { -.5, 2, 3, -1 }, { .5, 2, 3, -1 }, { -.5, 2, 3, 1 }, { .5, 2, 3, 1 } }, u = 1;
  double value[16], D[16];
  for (int first = 0; first < 2; first++)
    {
      wg_fun *inner = wg_fun_record (model_inner, NULL, 3, 1, at[first]), *f = wg_fun_record (model_branching, inner, 4, 1, at[first]);
      wg_plan *plan = wg_plan_hessian_with (f, 'F', &(wg_plan_options){ .method = WG_PLAN_SUBGRAPH });
      for (int k = 0; k < 8; k++)
        {
          ck_assert_int_eq (wg_sparse_hessian (f, plan, at[k % 4], NULL, NULL, NULL, value), WG_OK);
          ck_assert_int_eq (dense_hessian (f, at[k % 4], &u, D), WG_OK);
          ck_assert (agrees (plan, 4, 4, 'F', value, D));
        }
      wg_plan_free (plan), wg_fun_free (f), wg_fun_free (inner);
    }
}
END_TEST

int main (void)
{
  Suite *s = suite_create ("sparse summands");
  TCase *t = tcase_create ("summands");
  tcase_set_timeout (t, 200);
  tcase_add_test (t, random_sums);
  tcase_add_test (t, choice);
  tcase_add_test (t, branches);
  suite_add_tcase (s, t);
  return run_suite (s);
}
