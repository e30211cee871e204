/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * What wg_fun_where names is the operation that a reader of the model would name.
 */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <wengert.h>

#include "printed.h"
#include "random_program.h"
#include "runner.h"

static void model_values (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  const wg_var healed = wg_exp (wg_log (wg_sub (x[0], x[0])));         /* exp (-inf) is 0 */
  const wg_var a = wg_sqrt (x[1]), b = wg_div (1, wg_sub (x[1], 2.5)); /* NaN for x1 < 0; inf at 2.5 */
  y[0] = wg_add (healed, wg_mul (wg_sin (a), 3));
  y[1] = wg_add (wg_select (wg_is_lt (x[0], 10), x[0], wg_log (wg_neg (wg_sqr (x[0])))), b);
}

START_TEST (where_values)
{
  double y[2], g[2] = { 1, 1 }, J[4], K[4];
  wg_where w = { 0 };
  wg_fun *f = wg_fun_record (model_values, NULL, 2, 2, (double[]){ 1.5, 1.25 });
  ck_assert_int_eq (wg_fun_where (f, NULL, NULL, &w), WG_EINVAL);              /* no last point yet */
  ck_assert_int_eq (wg_fun_where (NULL, NULL, NULL, &w), WG_EINVAL);
  ck_assert_int_eq (wg_eval (f, (double[]){ 1.5, -.75 }, y), WG_NONFINITE);
  ck_assert_int_eq (wg_fun_where (f, NULL, NULL, &w), WG_NONFINITE);
  ck_assert_int_eq (w.sweep, WG_SWEEP_VALUE);
  ck_assert_str_eq (w.name, "sqrt");
  ck_assert_uint_eq (w.operands, 1);
  ck_assert_double_eq (w.operand[0], -.75);
  ck_assert (isnan (w.result) && isnan (w.value));
  ck_assert_uint_eq (w.calls, 0);
  ck_assert_msg (strstr (wg_last_error (), "sqrt, operation") && strstr (wg_last_error (), "its value is"), "%s", wg_last_error ());
  FILE *out = opened ();
  wg_where_print (out, &w);
  fclose (out);
  ck_assert (says ("operands -0.75"));

  ck_assert_int_eq (wg_eval (f, (double[]){ 1.5, 2.5 }, y), WG_NONFINITE);
  ck_assert_int_eq (wg_fun_where (f, NULL, NULL, &w), WG_NONFINITE);
  ck_assert_msg (!strcmp (w.name, "div") || !strcmp (w.name, "recip"), "%s", w.name);
  ck_assert (isinf (w.result));
  ck_assert_double_eq (w.operand[w.operands-1], 0);

  ck_assert_int_eq (wg_eval (f, (double[]){ 11, 1.25 }, y), WG_NONFINITE);     /* now the other arm is taken */
  ck_assert_int_eq (wg_fun_where (f, NULL, NULL, &w), WG_NONFINITE);
  ck_assert_str_eq (w.name, "log");
  ck_assert_double_eq (w.operand[0], -121);

  ck_assert_int_eq (wg_eval (f, (double[]){ 1e200, 1.25 }, y), WG_NONFINITE); /* log (-inf), and only sqr's fault */
  ck_assert_int_eq (wg_fun_where (f, NULL, NULL, &w), WG_NONFINITE);
  ck_assert_str_eq (w.name, "sqr");

  ck_assert_int_eq (wg_eval (f, (double[]){ INFINITY, 1.25 }, y), WG_NONFINITE);
  ck_assert_int_eq (wg_fun_where (f, NULL, NULL, &w), WG_NONFINITE);
  ck_assert_str_eq (w.name, "input");
  ck_assert_uint_eq (w.operation, 0);
  ck_assert_uint_eq (w.operands, 0);

  ck_assert_int_eq (wg_eval (f, (double[]){ 1.5, 1.25 }, y), WG_OK);
  ck_assert_int_eq (wg_vjp (f, NULL, (double[]){ 0, 1 }, NULL, g), WG_OK);
  ck_assert_int_eq (wg_fun_where (f, (double[]){ 0, 1 }, (double[]){ 0, 1 }, &w), WG_OK);
  ck_assert_int_eq (w.sweep, WG_SWEEP_NONE);
  out = opened ();
  wg_where_print (out, &w);
  fclose (out);
  ck_assert_str_eq (printed, "nothing: all is finite\n");
  ck_assert_int_eq (wg_jacobian (f, (double[]){ 1.5, 1.25 }, y, J), WG_NONFINITE);     /* log (0): 0/0 */
  ck_assert_int_eq (wg_fun_where (f, NULL, NULL, &w), WG_NONFINITE);
  ck_assert_int_eq (w.sweep, WG_SWEEP_ADJOINT);
  ck_assert_str_eq (w.name, "log");
  ck_assert_double_eq (w.operand[0], 0);
  ck_assert_double_eq (w.adjoint, 0);
  ck_assert_int_eq (wg_fun_where (f, (double[]){ 1, NAN }, NULL, &w), WG_NONFINITE);
  ck_assert_str_eq (w.name, "weight");
  ck_assert_uint_eq (w.operation, 1);
  ck_assert_int_eq (wg_fun_where (f, NULL, (double[]){ NAN, 0 }, &w), WG_NONFINITE);
  ck_assert_str_eq (w.name, "direction");
  ck_assert_int_eq (wg_jacobian (f, NULL, y, K), WG_NONFINITE);                /* nothing of it stays behind */
  for (int i = 0; i < 4; i++) ck_assert (rp_same_bits (J[i], K[i]));
  wg_fun_free (f);
}
END_TEST

/* y0 = sqrt (x0 x1) and y1 = x0 hypot (x0, x1) */
static void model_derivatives (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  y[0] = wg_sqrt (wg_mul (x[0], x[1]));
  y[1] = wg_hypot (x[0], x[1]);
}

START_TEST (where_derivatives)
{
  double y[2], jv[2], uj[2], hv[2];
  const double x[2] = { 0, 1.25 }, o[2] = { 0, 0 }, v[2] = { 1.5, .5 }, u0[2] = { 2, 0 }, u1[2] = { 0, 3 };
  wg_where w;
  wg_fun *f = wg_fun_record (model_derivatives, NULL, 2, 2, (double[]){ 1.5, 1.25 });
  ck_assert_int_eq (wg_jvp (f, x, v, y, jv), WG_NONFINITE);
  ck_assert_int_eq (wg_fun_where (f, NULL, v, &w), WG_NONFINITE);
  ck_assert_int_eq (w.sweep, WG_SWEEP_TANGENT);
  ck_assert_str_eq (w.name, "sqrt");
  ck_assert (isinf (w.result));
  ck_assert_double_eq (w.operand[0], 0);
  ck_assert_double_eq (w.tangent[0], 1.875);
  ck_assert_double_eq (w.value, 0);
  ck_assert_ptr_nonnull (strstr (wg_last_error (), "tangent 1.875"));

  ck_assert_int_eq (wg_vjp (f, x, u0, y, uj), WG_NONFINITE);
  ck_assert_int_eq (wg_fun_where (f, u0, NULL, &w), WG_NONFINITE);
  ck_assert_int_eq (w.sweep, WG_SWEEP_ADJOINT);
  ck_assert_str_eq (w.name, "sqrt");
  ck_assert_double_eq (w.adjoint, 2);
  ck_assert_uint_eq (w.to, 0);
  ck_assert (isinf (w.result));

  ck_assert_int_eq (wg_vjp (f, x, u1, y, uj), WG_OK);                          /* weight 0 leaves it out */
  ck_assert_int_eq (wg_fun_where (f, u1, NULL, &w), WG_NONFINITE);             /* but its tangent is not */
  ck_assert_int_eq (w.sweep, WG_SWEEP_TANGENT);

  wg_fun *h = wg_fun_outputs (f, 1, (int[]){ 1 });
  ck_assert_int_eq (wg_gradient (h, o, y, uj), WG_OK);
  ck_assert_int_eq (wg_hvp (h, o, v, y, uj, hv), WG_NONFINITE);                /* hypot: no second derivative at 0 */
  for (int given = 0; given < 2; given++)
    {
      ck_assert_int_eq (wg_fun_where (h, NULL, given ? v : NULL, &w), WG_NONFINITE);
      ck_assert_int_eq (w.sweep, WG_SWEEP_SECOND);
      ck_assert_str_eq (w.name, "hypot");
      ck_assert_uint_eq (w.operands, 2);
    }
  ck_assert_double_eq (w.tangent[1], .5);
  ck_assert_int_eq (wg_hvp (h, (double[]){ .5, .25 }, v, y, uj, hv), WG_OK);
  ck_assert_int_eq (wg_fun_where (h, NULL, NULL, &w), WG_OK);
  ck_assert_int_eq (wg_fun_status (h), WG_OK);
  wg_fun_free (h), wg_fun_free (f);
}
END_TEST

static void model_inner (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  y[0] = wg_add (x[0], 1);
  y[1] = wg_mul (wg_sin (x[0]), wg_log (wg_sub (x[1], 2)));
}

static void model_middle (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) m;
  wg_var z[2];
  wg_call (ctx, x, NULL, z);
  y[0] = wg_mul (z[1], wg_cos (x[n-1]));
}

/* Twice the same function: the first call is fine. */
static void model_outer (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m;
  wg_var a, b;
  wg_call (ctx, (wg_var[]){ x[0], wg_add (x[0], 20) }, NULL, &a);
  wg_call (ctx, x, NULL, &b);
  y[0] = wg_add (a, wg_exp (b));
}

/* Of two arms the one that was not taken is not finite either. */
static void model_arms (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  const wg_var no = wg_sqrt (x[0]), yes = wg_log (x[1]);
  y[0] = wg_select (wg_is_lt (x[0], 1), yes, no);
}

START_TEST (where_arms)
{
  double y;
  wg_where w;
  wg_fun *f = wg_fun_record (model_arms, NULL, 2, 1, (double[]){ 1.5, 4 });
  ck_assert_int_eq (wg_eval (f, (double[]){ -1.5, -2 }, &y), WG_NONFINITE);
  ck_assert_int_eq (wg_fun_where (f, NULL, NULL, &w), WG_NONFINITE);
  ck_assert_str_eq (w.name, "log");
  wg_fun_free (f);
}
END_TEST

START_TEST (where_calls)
{
  double y, g[2], hv[2];
  wg_where w;
  wg_fun *inner = wg_fun_record (model_inner, NULL, 2, 2, (double[]){ 1.5, 4 });
  wg_fun *middle = wg_fun_record (model_middle, inner, 2, 1, (double[]){ 1.5, 4 });
  wg_fun *f = wg_fun_record (model_outer, middle, 2, 1, (double[]){ 1.5, 4 });
  ck_assert_msg (f != NULL, "%s", wg_last_error ());
  ck_assert_int_eq (wg_eval (f, (double[]){ 1.5, 1.25 }, &y), WG_NONFINITE);
  ck_assert_int_eq (wg_fun_where (f, NULL, NULL, &w), WG_NONFINITE);
  ck_assert_int_eq (w.sweep, WG_SWEEP_VALUE);
  ck_assert_str_eq (w.name, "log");
  ck_assert_double_eq (w.operand[0], -.75);
  ck_assert_uint_eq (w.calls, 2);
  ck_assert_uint_eq (w.call[0], 2);                /* add, call, call */
  ck_assert_uint_eq (w.call[1], 0);
  ck_assert_ptr_nonnull (strstr (wg_last_error (), "of the call that is operation 0 of the call that is operation 2"));
  /* derivatives: log' (0+) is finite, so make it infinite by an overflow */
  ck_assert_int_eq (wg_hvp (f, (double[]){ 1.5, 2 + 1e-15 }, (double[]){ 1, 1e300 }, &y, g, hv), WG_NONFINITE);
  ck_assert_int_eq (wg_fun_where (f, NULL, (double[]){ 1, 1e300 }, &w), WG_NONFINITE);
  ck_assert_str_eq (w.name, "log");
  ck_assert_int_eq (w.sweep, WG_SWEEP_TANGENT);
  ck_assert_uint_eq (w.calls, 2);
  ck_assert_int_eq (wg_eval (f, (double[]){ 1.5, 4 }, &y), WG_OK);
  ck_assert_int_eq (wg_fun_where (f, NULL, NULL, &w), WG_OK);
  ck_assert_int_eq (wg_eval (f, (double[]){ -18.5, 4 }, &y), WG_NONFINITE);    /* the first call, not the last */
  ck_assert_int_eq (wg_fun_where (f, NULL, NULL, &w), WG_NONFINITE);
  ck_assert_str_eq (w.name, "log");
  ck_assert_double_eq (w.operand[0], -.5);
  ck_assert (w.calls == 2 && w.call[0] == 1);
  ck_assert_int_eq (wg_eval (f, (double[]){ -18.5, 1 }, &y), WG_NONFINITE);    /* both: the earlier one */
  ck_assert_int_eq (wg_fun_where (f, NULL, NULL, &w), WG_NONFINITE);
  ck_assert_uint_eq (w.call[0], 1);
  FILE *out = opened ();
  ck_assert_int_eq (wg_fun_describe (f, out), WG_OK);
  ck_assert_int_eq (wg_fun_write_dot (f, out), WG_OK);
  fclose (out);
  ck_assert (says ("calls \"call\", 2 inputs, 1 outputs: 2 times"));
  ck_assert (says ("digraph") && says ("label=\"call\\n"));
  wg_fun_free (f), wg_fun_free (middle), wg_fun_free (inner);
}
END_TEST

static void model_reverse_inner (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  y[0] = wg_cos (x[0]);
  y[1] = wg_mul (x[1], wg_sqrt (wg_mul (x[0], x[1])));
}

static void model_reverse_outer (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m;
  wg_var z[2];
  wg_call (ctx, x, NULL, z);
  y[0] = wg_add (wg_mul (2, z[1]), z[0]);
}

START_TEST (where_reverse_call)
{
  double y, g[2], again[2];
  const double x[2] = { 0, 1.25 };
  wg_where w;
  wg_fun *inner = wg_fun_record (model_reverse_inner, NULL, 2, 2, (double[]){ 1.5, 4 });
  wg_fun *f = wg_fun_record (model_reverse_outer, inner, 2, 1, (double[]){ 1.5, 4 });
  ck_assert_int_eq (wg_gradient (f, x, &y, g), WG_NONFINITE);
  for (int k = 0; k < 2; k++)                      /* twice: it leaves the handles as they were */
    {
      ck_assert_int_eq (wg_fun_where (f, NULL, NULL, &w), WG_NONFINITE);
      ck_assert_str_eq (w.name, "sqrt");
      ck_assert_int_eq (w.sweep, WG_SWEEP_ADJOINT);
      ck_assert_double_eq (w.adjoint, 2.5);
      ck_assert_uint_eq (w.calls, 1);
    }
  ck_assert_int_eq (wg_gradient (f, (double[]){ 1.5, 1.25 }, &y, g), WG_OK);
  ck_assert_int_eq (wg_fun_where (f, NULL, NULL, &w), WG_OK);
  wg_fun *fresh = wg_fun_record (model_reverse_outer, inner, 2, 1, x);
  ck_assert_int_eq (wg_gradient (fresh, (double[]){ 1.5, 1.25 }, &y, again), WG_OK);
  ck_assert_int_eq (wg_gradient (f, NULL, &y, g), WG_OK);
  ck_assert (rp_same_bits (g[0], again[0]) && rp_same_bits (g[1], again[1]));
  wg_fun_free (fresh), wg_fun_free (f), wg_fun_free (inner);
}
END_TEST

static int custom_eval (size_t n, const double x[], size_t m, double y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  y[0] = log (x[0]);
  return 0;
}

static int custom_vjp (size_t n, const double x[], size_t m, const double u[], double uj[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  uj[0] = x[0] > 5 ? INFINITY : u[0]/x[0];
  return 0;
}

START_TEST (where_custom)
{
  double y, g;
  wg_where w;
  wg_fun *f = wg_fun_custom (&(wg_rules){ .name = "logarithm", .eval = custom_eval, .vjp = custom_vjp }, NULL, 1, 1);
  ck_assert_int_eq (wg_eval (f, (double[]){ -1 }, &y), WG_NONFINITE);
  ck_assert_int_eq (wg_fun_where (f, NULL, NULL, &w), WG_NONFINITE);
  ck_assert_str_eq (w.name, "logarithm");
  ck_assert_uint_eq (w.calls, 0);
  ck_assert_int_eq (wg_gradient (f, (double[]){ 6.5 }, &y, &g), WG_NONFINITE);
  ck_assert_int_eq (wg_fun_where (f, NULL, NULL, &w), WG_NONFINITE);
  ck_assert_str_eq (w.name, "logarithm");
  ck_assert_int_eq (w.sweep, WG_SWEEP_ADJOINT);
  ck_assert_int_eq (wg_gradient (f, (double[]){ 2.5 }, &y, &g), WG_OK);
  ck_assert_int_eq (wg_fun_where (f, NULL, NULL, &w), WG_OK);                  /* no second derivative: no complaint */
  ck_assert_int_eq (wg_fun_invalidate (f), WG_EBRANCH);
  ck_assert_int_eq (wg_eval (f, NULL, &y), WG_OK);
  wg_fun_free (f);
}
END_TEST

static void model_branch (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  y[0] = wg_ge (x[1], 0) ? wg_mul (2, x[0]) : x[1];
}

START_TEST (where_branch_on_nan)
{
  double y;
  wg_where w;
  wg_fun *f = wg_fun_record (model_branch, NULL, 2, 1, (double[]){ 1, 2 });
  ck_assert_int_eq (wg_eval (f, (double[]){ 1, NAN }, &y), WG_NONFINITE);
  ck_assert_int_eq (wg_fun_where (f, NULL, NULL, &w), WG_NONFINITE);
  ck_assert_str_eq (w.name, "input");
  ck_assert_uint_eq (w.operation, 1);
  wg_fun_free (f);
}
END_TEST

/* Random programs where much is not finite: it finds an origin exactly when a driver has something to report, and
 * what it names is one. */

/* Does it compute a constant that is not finite, from literals alone or by a peek? */
static int has_bad_constant (const rp_program *p, const double x[])
{
  double node[RP_NODES], out[RP_OUTPUTS];
  int constant[RP_NODES] = { 0 };
  rp_run_double (p, x, out, node);
  for (size_t i = 0; i < p->count; i++)
    {
      const rp_node *q = &p->node[i];
      int constants = 0;
      for (int j = 0; j < rp_rows[q->kind].operands; j++) constants += q->operand[j] < 0 || constant[q->operand[j]];
      constant[p->n + i] = constants == rp_rows[q->kind].operands || q->kind == RP_PEEK
                           || (q->kind >= RP_ROWS && constants);      /* a branch may take it */
      if (constant[p->n + i] && !isfinite (node[p->n + i])) return 1;
    }
  return 0;
}

static int holds_origin (const wg_where *w, int bad_constant)
{
  ck_assert (!isfinite (w->result));
  ck_assert_str_ne (w->name, "input");
  for (size_t j = 0; j < w->operands && j < WG_WHERE_OPERANDS; j++)
    {
      if (w->sweep == WG_SWEEP_VALUE && !bad_constant && !isfinite (w->operand[j])) return 0;
      if (w->sweep == WG_SWEEP_TANGENT) ck_assert (isfinite (w->tangent[j]));
    }
  if (w->sweep >= WG_SWEEP_ADJOINT) ck_assert (isfinite (w->adjoint) && w->to < w->operands);
  return 1;
}

START_TEST (where_in_random_programs)
{
  enum { N = 4, M = 2 };
  static const double special[] = { 0, 1, -1, 2, -.5, .5, 1e200, -800, 710, 1e-310 };
  rp_random r = { 0x3e4e + (uint64_t) _i };
  size_t found[WGI_SWEEP_END_] = { 0 };
  for (size_t k = 0; k < rp_soak (300); k++)
    {
      rp_program p;
      double x[N], z[N], v[N], u[M], y[M], jv[M], uj[N], hv[N];
      for (int i = 0; i < N; i++) x[i] = rp_number (&r);
      rp_generate (&r, &p, N, M, 30, 2, x, NULL);
      wg_fun *f = wg_fun_record (rp_model, &p, N, M, x);
      ck_assert_msg (f != NULL, "%s", wg_last_error ());
      for (int round = 0; round < 10; round++)
        {
          wg_where w;
          for (int i = 0; i < N; i++) z[i] = rp_below (&r, 2) ? special[rp_below (&r, 10)] : x[i], v[i] = rp_below (&r, 3) ? rp_number (&r) : 0;
          for (int i = 0; i < M; i++) u[i] = rp_below (&r, 4) ? rp_number (&r) : 0;
          const int value = wg_eval (f, z, y);
          if (value < 0) continue;                 /* an index that is none, say */
          const int tangent = wg_jvp (f, NULL, v, NULL, jv), adjoint = wg_vjp (f, NULL, u, NULL, uj),
                    second = wg_hvp_weighted (f, NULL, u, v, NULL, NULL, hv);
          const int by_tangent = wg_fun_where (f, u, v, &w);
          const int expected = value ? WG_SWEEP_VALUE : tangent ? WG_SWEEP_TANGENT : adjoint ? WG_SWEEP_ADJOINT
                               : second ? WG_SWEEP_SECOND : WG_SWEEP_NONE;
          ck_assert_int_eq (by_tangent, value || tangent || adjoint || second ? WG_NONFINITE : WG_OK);
          /* an infinite adjoint on the way may end as a bad second derivative alone, and the other way round */
          if (w.sweep != expected && !(expected >= WG_SWEEP_ADJOINT && w.sweep >= WG_SWEEP_ADJOINT))
            rp_print (&p, z), ck_abort_msg ("%s, expected sweep %d", wg_last_error (), expected);
          if (w.sweep && strcmp (w.name, "output") && !holds_origin (&w, has_bad_constant (&p, z)))
            rp_print (&p, z), ck_abort_msg ("%s: its operands are not", wg_last_error ());
          found[w.sweep]++;
          const int by_adjoint = wg_fun_where (f, u, NULL, &w);
          if (value || adjoint) ck_assert (by_adjoint == WG_NONFINITE && w.sweep == (value ? WG_SWEEP_VALUE : WG_SWEEP_ADJOINT));
          else ck_assert_int_ne (w.sweep, WG_SWEEP_VALUE);
          found[w.sweep]++;
          double again[N];
          ck_assert_int_eq (wg_vjp (f, NULL, u, NULL, again), adjoint);
          for (int i = 0; i < N; i++) ck_assert (rp_same_bits (again[i], uj[i]));
        }
      wg_fun_free (f);
    }
  for (int sweep = 0; sweep < WGI_SWEEP_END_; sweep++)
    ck_assert_msg (found[sweep] >= rp_least (6), "sweep %d: %zu", sweep, found[sweep]);
}
END_TEST

int main (void)
{
  Suite *s = suite_create ("where");
  TCase *t = tcase_create ("where");
  tcase_add_test (t, where_values);
  tcase_add_test (t, where_derivatives);
  tcase_add_test (t, where_arms);
  tcase_add_test (t, where_calls);
  tcase_add_test (t, where_reverse_call);
  tcase_add_test (t, where_custom);
  tcase_add_test (t, where_branch_on_nan);
  tcase_add_loop_test (t, where_in_random_programs, 0, 4);
  suite_add_tcase (s, t);
  const int failed = run_suite (s);
  free (printed);
  return failed;
}
