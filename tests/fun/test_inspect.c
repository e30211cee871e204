/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Looking into functions: what wg_fun_where names is the operation that a reader of the model would name; the table of
 * kinks is what dual numbers on both sides of a point say, row by row; wg_fun_invalidate reaches clones,
 * callers and derivatives.
 */
#include <check.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <wengert.h>

#include "random_program.h"

/* What was printed. */
static char *printed;
static size_t printed_size;
static FILE *opened (void) { free (printed); printed = NULL; return open_memstream (&printed, &printed_size); }
static int says (const char *what) { return strstr (printed, what) != NULL; }

/* description */

static void model_small (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  const wg_var p = wg_param (x[0], 0, 2.5);
  wg_var s = wg_add (wg_mul (x[0], x[1]), wg_mul (p, wg_exp (x[0])));
  if (wg_lt (x[1], 3.25)) s = wg_add (s, wg_sin (x[1]));
  y[0] = s;
  y[1] = wg_mul (1.75, wg_sin (x[1]));
}

START_TEST (description)
{
  wg_fun *f = wg_fun_record (model_small, NULL, 2, 2, (double[]){ .5, 1.25 });
  wg_fun_info i;
  FILE *out = opened ();
  ck_assert_int_eq (wg_fun_describe (f, out), WG_OK);
  fclose (out);
  ck_assert_int_eq (wg_fun_get_info (f, &i), WG_OK);
  ck_assert_uint_eq (i.n, 2);
  ck_assert_uint_eq (i.m, 2);
  ck_assert_uint_eq (i.params, 1);
  ck_assert_uint_eq (i.guards, 1);
  ck_assert_uint_eq (i.recorded, 9);
  ck_assert_uint_eq (i.operations, 7);             /* one product fused, one sine shared */
  ck_assert_uint_eq (i.constants, 2);
  ck_assert_uint_eq (i.calls, 0);
  ck_assert_uint_eq (i.recordings, 1);
  ck_assert_uint_eq (i.forgotten, 0);
  ck_assert (says ("2 inputs and 1 parameters, 2 outputs"));
  ck_assert (says ("7 operations of 9 recorded, 1 guards and 0 calls among them; 2 constants"));
  ck_assert (says ("guard lt"));
  ck_assert (says ("sin                1"));
  ck_assert (says ("muladd             1"));
  ck_assert (says ("mul                2"));
  ck_assert (!says ("cos"));
  ck_assert (strstr (printed, "  mul ") < strstr (printed, "  sin "));      /* the most frequent first */
  ck_assert_int_eq (wg_fun_describe (NULL, stderr), WG_EINVAL);
  ck_assert_int_eq (wg_fun_describe (f, NULL), WG_EINVAL);
  ck_assert_int_eq (wg_fun_get_info (f, NULL), WG_EINVAL);
  ck_assert_int_eq (wg_fun_get_info (NULL, &i), WG_EINVAL);
  wg_fun_free (f);
}
END_TEST

/* wg_print */

static void model_print (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m;
  static wg_var kept;
  FILE *out = ctx;
  if (kept.ids) wg_print (out, "kept", kept);
  wg_print (out, "x", x[1]);
  kept = wg_exp (x[0]);
  wg_print (out, NULL, kept);
  wg_print (out, "two", wg_num (2));
  wg_print (out, "p", wg_param (x[0], 3, .5));
  wg_print (NULL, "nowhere", x[0]);
  y[0] = kept;
}

START_TEST (printing)
{
  FILE *out = opened ();
  wg_fun *f = wg_fun_record (model_print, out, 2, 1, (double[]){ 0, 1.25 });
  wg_fun *g = wg_fun_record (model_print, out, 2, 1, (double[]){ 0, 1.25 });
  wg_fun_info i;
  fclose (out);
  ck_assert_str_eq (printed, "x = 1.25  slot 1\n1  slot 2\ntwo = 2  literal\np = 0.5  parameter 3\n"
                    "kept = 1  stale\nx = 1.25  slot 1\n1  slot 2\ntwo = 2  literal\np = 0.5  parameter 3\n");
  ck_assert_int_eq (wg_fun_get_info (f, &i), WG_OK);
  ck_assert_uint_eq (i.recorded, 1);               /* printing records nothing */
  wg_fun_free (f), wg_fun_free (g);
}
END_TEST

/* where */

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

/* kinks */

/* Every row as a model and as a dual number. */
typedef struct { const char *name; int operands; wg_model *model; wg_dual (*dual) (const wg_dual x[3]); } row;

#define K 1             /* the immediate of rows that have one */
#define C 1.5           /* a literal exponent; C - K is .5 */

#include <wengert/words_begin.h>
#define MODEL(name, e) static void model_##name (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx) \
  { (void) n, (void) m, (void) ctx; y[0] = e; }
#define DUAL(name, e)  static wg_dual dual_##name (const wg_dual x[3]) { return e; }
#define ROW1(name, ma)         MODEL (name, wg_var_##name (x[0])) DUAL (name, wg_dual_##name (x[0]))
#define ROW1K(name, ma)        MODEL (name, wg_var_##name (x[0], K)) DUAL (name, wg_dual_##name (x[0], K))
#define ROW1C(name, ma)        MODEL (name, wg_var_##name (x[0], C, K)) DUAL (name, wg_dual_##name (x[0], C, K))
#define ROW2(name, ma, mb)     MODEL (name, wg_var_##name (x[0], x[1])) DUAL (name, wg_dual_##name (x[0], x[1]))
#define ROW2K(name, ma, mb)    MODEL (name, wg_var_##name (x[0], x[1], K)) DUAL (name, wg_dual_##name (x[0], x[1], K))
#define ROW3(name, ma, mb, mc) MODEL (name, wg_var_##name (x[0], x[1], x[2])) DUAL (name, wg_dual_##name (x[0], x[1], x[2]))
#define FLAT1(name)            ROW1 (name, )
#define FLAT2(name)            ROW2 (name, , )
#include <wengert/rules.def>
#undef ROW1
#undef ROW1K
#undef ROW1C
#undef ROW2
#undef ROW2K
#undef ROW3
#define ROW1(name, ma)         { #name, 1, model_##name, dual_##name },
#define ROW1K                  ROW1
#define ROW1C                  ROW1
#define ROW2(name, ma, mb)     { #name, 2, model_##name, dual_##name },
#define ROW3(name, ma, mb, mc) { #name, 3, model_##name, dual_##name },
#define ROW2K                  ROW2
static const row rows[] = {
#include <wengert/rules.def>
};
#include <wengert/words_end.h>

/* Is it not smooth along v at x, going by values and derivatives at x - h v and x + h v, and the value at x? */
static int rough_along (const row *r, const double x[3], const double v[3])
{
  const double h = 1e-7;
  wg_dual at[3] = { { 0 } }, y[3];
  for (int side = 0; side < 3; side++)
    {
      for (int j = 0; j < r->operands; j++) at[j] = wg_dual_make (x[j] + (side - 1)*h*v[j], v[j]);
      y[side] = r->dual (at);
    }
  return !(fabs (y[2].v - y[0].v) < 1e-4) || !(fabs (y[2].v - y[1].v) < 1e-4) || !(fabs (y[2].d - y[0].d) < 1e-3);
}

START_TEST (kinks_of_rows)
{
  static const double grid[] = { -1, 0, .5, 1, 2, -.75, 1.3125 };
  static const double along[][3] = { { 1, 0, 0 }, { 0, 1, 0 }, { 0, 0, 1 }, { 1, .6, -.8 }, { .3, -1, .5 } };
  enum { POINTS = sizeof grid/sizeof *grid };
  const row *r = &rows[_i];
  const size_t n = (size_t) r->operands;
  const double x0[3] = { .53125, .71875, .84375 };
  const int choice = !strcmp (r->name, "select"), power = !strcmp (r->name, "powk");
  wg_fun *f = wg_fun_record (r->model, NULL, n, 1, x0);
  ck_assert_msg (f != NULL, "%s", wg_last_error ());
  for (int k = 0; k < POINTS*POINTS*POINTS; k++)
    {
      double x[3] = { grid[k % POINTS], grid[k/POINTS % POINTS], grid[k/POINTS/POINTS] }, y;
      size_t kinks = 77;
      int rough = 0;
      if (wg_eval (f, x, &y) != WG_OK) continue;
      ck_assert_int_eq (wg_fun_kinks (f, &kinks, NULL), WG_OK);
      /* the mask of a select, and the exponent of a negative power, are not moved */
      for (size_t d = 0; d < sizeof along/sizeof *along; d++)
        {
          double v[3] = { choice ? 0 : along[d][0], power ? 0 : along[d][1], along[d][2] };
          rough |= rough_along (r, x, v);
        }
      ck_assert_msg (kinks == (size_t) rough, "%s at %g %g %g: %zu kinks, rough %d", r->name, x[0], x[1], x[2], kinks, rough);
    }
  wg_fun_free (f);
}
END_TEST

static void model_kinks (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m;
  wg_var z[4];
  const wg_var p = wg_param (x[0], 0, 0);
  wg_call (ctx, x, NULL, z);
  wg_call (ctx, (wg_var[]){ wg_add (x[0], 100), x[1] }, NULL, z + 2);
  z[0] = wg_add (wg_add (z[0], z[2]), wg_add (wg_abs (p), wg_add (z[1], wg_max (x[0], x[1]))));        /* |p| does not depend on x */
  if (wg_le (x[0], 1.5) && wg_index (x[1]) == 1) z[0] = wg_mul (2, z[0]);
  y[0] = wg_select (wg_is_lt (x[0], x[1]), z[0], wg_peek (x[1]));
}

static void model_kinks_inner (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  y[0] = wg_relu (wg_sub (x[0], x[1]));
  y[1] = wg_sqr (x[0]);
}

START_TEST (kinks_of_programs)
{
  double y;
  size_t kinks;
  wg_fun *inner = wg_fun_record (model_kinks_inner, NULL, 2, 2, (double[]){ 1, 2 });
  wg_fun *f = wg_fun_record (model_kinks, inner, 2, 1, (double[]){ 1.25, 1.75 });
  ck_assert_int_eq (wg_fun_kinks (f, &kinks, NULL), WG_EINVAL);                /* no last point */
  ck_assert_int_eq (wg_fun_kinks (NULL, &kinks, NULL), WG_EINVAL);
  ck_assert_int_eq (wg_eval (f, (double[]){ 1.25, 1.75 }, &y), WG_OK);
  ck_assert_int_eq (wg_fun_kinks (f, &kinks, NULL), WG_OK);
  ck_assert_uint_eq (kinks, 0);
  ck_assert_int_eq (wg_eval (f, (double[]){ 1.5, 1.75 }, &y), WG_OK);
  ck_assert_int_eq (wg_fun_kinks (f, &kinks, NULL), WG_OK);
  ck_assert_uint_eq (kinks, 1);                    /* le */
  ck_assert_int_eq (wg_eval (f, (double[]){ 1, 1 }, &y), WG_OK);
  FILE *out = opened ();
  ck_assert_int_eq (wg_fun_kinks (f, &kinks, out), WG_OK);
  fclose (out);
  ck_assert_msg (kinks == 4, "%zu kinks\n%s", kinks, printed);                 /* relu, max, index, is_lt */
  ck_assert (says ("in a call: relu, operation") && says ("max, operation") && says ("guard index") && says (": 1, 1\n"));
  ck_assert_int_eq (wg_fun_kinks (f, NULL, NULL), WG_OK);
  wg_fun_free (f), wg_fun_free (inner);
}
END_TEST

/* invalidation */

typedef struct { double factor, shift; int runs, saw_nan; } setting;

static void model_setting (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m;
  setting *s = ctx;
  s->runs++;
  s->saw_nan |= isnan (x[0].value);
  y[0] = wg_lt (x[0], 0) ? wg_mul (s->shift, wg_sqr (x[0])) : wg_mul (s->factor, wg_mul (x[0], x[0]));
}

static void model_caller (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m;
  wg_call (ctx, x, NULL, y);
  y[0] = wg_mul (10, y[0]);
}

START_TEST (invalidated)
{
  setting s = { 3, 5, 0, 0 };
  double y, g, z;
  wg_fun_info i;
  wg_fun *f = wg_fun_record (model_setting, &s, 1, 1, (double[]){ -2 });
  wg_fun *clone = wg_fun_clone (f), *gradient = wg_fun_gradient (f), *hvp = wg_fun_hvp (f);
  ck_assert_int_eq (wg_eval (f, (double[]){ 2 }, &y), WG_OK);
  wg_fun *caller = wg_fun_record (model_caller, f, 1, 1, (double[]){ 2 });
  wg_fun *caller_gradient = wg_fun_gradient (caller);
  ck_assert (f && clone && gradient && hvp && caller && caller_gradient);
  ck_assert_int_eq (wg_eval (f, (double[]){ -2 }, &y), WG_OK);
  ck_assert_int_eq (wg_eval (f, (double[]){ 2 }, &y), WG_OK);
  ck_assert_int_eq (wg_eval (clone, (double[]){ -2 }, &z), WG_OK);
  ck_assert_double_eq (y, 12);
  ck_assert_double_eq (z, 20);
  ck_assert_int_eq (wg_eval (caller, (double[]){ 2 }, &y), WG_OK);
  ck_assert_double_eq (y, 120);

  s.factor = 4, s.shift = 6;
  s.runs = 0;
  ck_assert_int_eq (wg_eval (f, (double[]){ 2 }, &y), WG_OK);
  ck_assert_double_eq (y, 12);                     /* as recorded */
  ck_assert_int_eq (s.runs, 0);
  ck_assert_int_eq (wg_fun_invalidate (f), WG_OK);
  ck_assert_int_eq (wg_fun_get_info (f, &i), WG_OK);
  ck_assert_uint_eq (i.traces, 0);
  ck_assert_uint_eq (i.trace_bytes, 0);
  ck_assert_uint_eq (i.forgotten, 2);
  ck_assert_int_eq (wg_gradient (f, NULL, &y, &g), WG_EINVAL);                 /* no last point */
  ck_assert_int_eq (wg_gradient (clone, NULL, &z, &g), WG_OK);                 /* a clone keeps its own */
  ck_assert_double_eq (z, 20);
  ck_assert_double_eq (g, -20);
  ck_assert_int_eq (wg_gradient (clone, (double[]){ -2 }, &z, &g), WG_OK);     /* until it moves */
  ck_assert_double_eq (z, 24);
  ck_assert_double_eq (g, -24);
  ck_assert_int_eq (s.runs, 1);
  ck_assert_int_eq (wg_hvp (f, (double[]){ 2 }, (double[]){ 1 }, &y, &g, &z), WG_OK);  /* through the dual sweep */
  ck_assert_double_eq (y, 16);
  ck_assert_double_eq (z, 8);
  ck_assert_int_eq (s.runs, 2);
  ck_assert_int_eq (wg_eval (f, (double[]){ -1 }, &y), WG_OK);
  ck_assert_double_eq (y, 6);
  ck_assert_int_eq (s.runs, 2);                    /* the clone has recorded that */
  ck_assert_int_eq (wg_eval (gradient, (double[]){ 2 }, &y), WG_OK);
  ck_assert_double_eq (y, 16);
  ck_assert_int_eq (wg_eval (hvp, (double[]){ 2, 1 }, &y), WG_OK);
  ck_assert_double_eq (y, 8);
  ck_assert_int_eq (wg_eval (caller, (double[]){ 2 }, &y), WG_OK);             /* the same point as before */
  ck_assert_double_eq (y, 160);
  ck_assert_int_eq (wg_eval (caller_gradient, (double[]){ 2 }, &y), WG_OK);
  ck_assert_double_eq (y, 160);
  ck_assert_int_eq (wg_eval (hvp, (double[]){ 2, 1 }, &y), WG_OK);             /* nothing more is recorded */
  wg_fun_get_info (hvp, &i);
  const size_t recordings = i.recordings;
  ck_assert_int_eq (wg_eval (hvp, (double[]){ 3, 1 }, &y), WG_OK);
  wg_fun_get_info (hvp, &i);
  ck_assert_uint_eq (i.recordings, recordings);

  ck_assert_int_eq (wg_fun_invalidate (f), WG_OK);         /* twice, and with a NaN at the next point */
  ck_assert_int_eq (wg_fun_invalidate (clone), WG_OK);
  ck_assert_int_eq (wg_eval (f, (double[]){ NAN }, &y), WG_NONFINITE);
  ck_assert (isnan (y) && !s.saw_nan);
  ck_assert_int_eq (wg_eval (f, (double[]){ 2 }, &y), WG_OK);
  ck_assert_double_eq (y, 16);
  ck_assert_int_eq (wg_fun_invalidate (NULL), WG_EINVAL);
  wg_fun_free (f);
  ck_assert_int_eq (wg_eval (clone, (double[]){ 2 }, &y), WG_OK);
  ck_assert_double_eq (y, 16);
  wg_fun_free (clone), wg_fun_free (gradient), wg_fun_free (hvp), wg_fun_free (caller), wg_fun_free (caller_gradient);
}
END_TEST

/* So many guards that the table of traces is large, and nothing of the old ones is in it. */
static void model_guards (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m;
  int below = 0;
  for (int k = 0; k < 200; k++) below += wg_lt (wg_mul (x[0], 1 + k), 100);
  y[0] = wg_mul (*(double *) ctx*below, x[0]);
}

START_TEST (invalidated_guards)
{
  double c = 1, y;
  wg_fun *f = wg_fun_record (model_guards, &c, 1, 1, (double[]){ 1.5 });
  for (int round = 1; round < 4; round++)
    {
      for (double x = 1.5; x > .6; x -= .1)
        {
          int below = 0;
          for (int k = 0; k < 200; k++) below += x*(1 + k) < 100;
          ck_assert_int_eq (wg_eval (f, &x, &y), WG_OK);
          ck_assert_double_eq (y, c*below*x);
        }
      c += 1;
      ck_assert_int_eq (wg_fun_invalidate (f), WG_OK);
    }
  wg_fun_free (f);
}
END_TEST

/* From inside the model. */
static int inside_status;
static void model_inside (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m;
  wg_fun **self = ctx;
  if (*self) inside_status = wg_fun_invalidate (*self);
  y[0] = wg_lt (x[0], 0) ? wg_neg (x[0]) : x[0];
}

START_TEST (invalidated_inside)
{
  double y;
  wg_fun *f = NULL, *g = wg_fun_record (model_inside, &f, 1, 1, (double[]){ 1 });
  f = g;
  ck_assert_int_eq (wg_eval (f, (double[]){ -3 }, &y), WG_OK);
  ck_assert_int_eq (inside_status, WG_EBUSY);
  ck_assert_double_eq (y, 3);
  wg_fun_free (f);
}
END_TEST

/* Clones at work while one thread invalidates: every answer is of some setting, the last one of the last. */

enum { THREADS = 4, ROUNDS = 400 };
typedef struct { wg_fun *f; int bad; } worker;

static void model_steady (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  y[0] = wg_lt (x[0], x[1]) ? wg_mul (x[0], x[1]) : wg_add (x[0], wg_exp (x[1]));
}

static void *work (void *data)
{
  worker *w = data;
  for (int k = 0; k < ROUNDS; k++)
    {
      const double x[2] = { k % 7, k % 5 };
      double y, g[2];
      if (wg_gradient (w->f, x, &y, g) || wg_hvp (w->f, NULL, x, &y, g, g)) w->bad = 1;
      if (y != (x[0] < x[1] ? x[0]*x[1] : x[0] + exp (x[1]))) w->bad = 2;
      if (k % 16 == 0 && wg_fun_invalidate (w->f)) w->bad = 3;
    }
  return NULL;
}

START_TEST (invalidated_in_threads)
{
  pthread_t thread[THREADS];
  worker w[THREADS];
  wg_fun *f = wg_fun_record (model_steady, NULL, 2, 1, (double[]){ 1, 2 });
  for (int t = 0; t < THREADS; t++) w[t] = (worker){ wg_fun_clone (f), 0 };
  for (int t = 0; t < THREADS; t++) ck_assert_int_eq (pthread_create (&thread[t], NULL, work, &w[t]), 0);
  for (int t = 0; t < THREADS; t++) pthread_join (thread[t], NULL);
  for (int t = 0; t < THREADS; t++)
    {
      ck_assert_int_eq (w[t].bad, 0);
      wg_fun_free (w[t].f);
    }
  wg_fun_free (f);
}
END_TEST

int main (void)
{
  Suite *s = suite_create ("inspect");
  TCase *t = tcase_create ("inspect");
  tcase_add_test (t, description);
  tcase_add_test (t, printing);
  tcase_add_test (t, where_values);
  tcase_add_test (t, where_derivatives);
  tcase_add_test (t, where_arms);
  tcase_add_test (t, where_calls);
  tcase_add_test (t, where_reverse_call);
  tcase_add_test (t, where_custom);
  tcase_add_test (t, where_branch_on_nan);
  tcase_add_loop_test (t, where_in_random_programs, 0, 4);
  tcase_add_loop_test (t, kinks_of_rows, 0, sizeof rows/sizeof *rows);
  tcase_add_test (t, kinks_of_programs);
  tcase_add_test (t, invalidated);
  tcase_add_test (t, invalidated_guards);
  tcase_add_test (t, invalidated_inside);
  tcase_add_test (t, invalidated_in_threads);
  suite_add_tcase (s, t);
  SRunner *runner = srunner_create (s);
  srunner_run_all (runner, CK_NORMAL);
  const int failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  free (printed);
  return failed != 0;
}
