/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Sparse derivatives through scans.  Laws: as in sparse_checks.h; a plan has the entries that it has for the same steps written
 * out, neither fewer nor more, whatever comes before and after.  Then scans whose number of steps may change, which count as
 * dense, and branches that a plan has not seen.
 */
#include <wengert/scan.h>

#include "deriv/sparse_checks.h"
#include "runner.h"

enum { CELLS = 14, STEPS = 4, EXTRA = 3, INPUTS = CELLS + 2*STEPS + EXTRA };

static const int pick[STEPS] = { 2, 0, 2, 1 };
static double rows[2*STEPS];
static int bend;

/* A diffusion: cells that see their neighbours, a source in the first cell, one that depends on a gathered number in the last. */
static void cells (const wg_var s[], const wg_var row[2], wg_var gathered, wg_var next[], wg_var out[2])
{
  for (size_t i = 0; i < CELLS; i++)
    {
      const wg_var left = i ? s[i-1] : row[0], right = i + 1 < CELLS ? s[i+1] : wg_sqr (gathered);
      next[i] = wg_add (s[i], wg_mul (.1, wg_add (wg_sub (left, wg_mul (2.0, s[i])), right)));
      if (i % 4 == 1) next[i] = wg_add (next[i], wg_sin (s[i]));
      if (i == 5 && bend) next[i] = wg_lt (s[i], 0.0) ? wg_mul (s[i], s[9]) : next[i];
    }
  out[0] = wg_mul (row[1], s[3]), out[1] = wg_sub (s[CELLS-1], gathered);
}

static void step_model (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  cells (x, x + CELLS, x[CELLS+2], y, y + CELLS);
}

typedef struct { const wg_fun *step; int mixed; } context;

/* Inputs: the first state, rows, numbers to gather. */
static void steps_model (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  const context *c = ctx;
  wg_var s[CELLS], next[CELLS], out[2*STEPS];
  const wg_arg args[2] = { { .var = x + CELLS, .width = 2, .stride = 2 }, { .var = x + CELLS + 2*STEPS, .width = 1, .stride = 1, .index = pick } };
  (void) n;
  for (size_t i = 0; i < CELLS; i++) s[i] = c->mixed && i == 7 ? wg_mul (x[i], x[0]) : x[i];
  if (c->step) wg_scan (c->step, STEPS, CELLS, s, 2, args, s, out);
  else
    for (size_t k = 0; k < STEPS; k++, memcpy (s, next, sizeof s))
      cells (s, x + CELLS + 2*k, x[CELLS + 2*STEPS + (size_t) pick[k]], next, out + 2*k);
  for (size_t i = 0; i < m; i++) y[i] = i < CELLS ? s[i] : out[i - CELLS];
  if (c->mixed) y[0] = wg_mul (y[0], out[3]);
  for (size_t i = 1; i < CELLS + 2*STEPS && m == 1; i++) y[0] = wg_add (y[0], wg_sqr (i < CELLS ? s[i] : out[i - CELLS]));
}

static size_t entries (const wg_fun *f, char part)
{
  wg_plan *plan = part == 'J' ? wg_plan_jacobian (f) : wg_plan_hessian (f, part);
  ck_assert_msg (plan != NULL, "%s", wg_last_error ());
  const size_t nnz = wg_plan_nnz (plan);
  wg_plan_free (plan);
  return nnz;
}

static wg_fun *record (wg_model *model, const void *ctx, size_t n, size_t m, const double x[])
{
  wg_fun *f = wg_fun_record (model, (void *) ctx, n, m, x);
  ck_assert_msg (f != NULL, "%s", wg_last_error ());
  return f;
}

static void point (double x[], size_t n)
{
  for (size_t i = 0; i < n; i++) x[i] = .7 + .3*sin (1.7*(double) (i*i));
}

START_TEST (steps_written_out)
{
  rp_random r = { 5 };
  double x[INPUTS];
  const size_t m = _i & 1 ? 1 : CELLS + 2*STEPS;
  bend = 0;
  point (x, INPUTS);
  wg_fun *step = record (step_model, NULL, CELLS + 3, CELLS + 2, x);
  const context scanned = { step, _i >> 1 & 1 }, written = { NULL, _i >> 1 & 1 };
  wg_fun *f = record (steps_model, &scanned, INPUTS, m, x), *g = record (steps_model, &written, INPUTS, m, x);
  ck_assert_uint_eq (entries (f, 'J'), entries (g, 'J'));
  ck_assert_uint_eq (entries (f, 'L'), entries (g, 'L'));
  ck_assert (entries (f, 'L') < INPUTS*(INPUTS + 1)/2 && (m == 1 || entries (f, 'J') < m*INPUTS/2));
  for (int times = 0; times < 4; times++) check_all (f, &r, x);
  wg_fun *df = wg_fun_jvp (f), *dg = wg_fun_jvp (g);                     /* a scan of the tangent's step */
  ck_assert (df && dg);
  ck_assert_uint_eq (entries (df, 'J'), entries (dg, 'J'));
  wg_fun_free (df), wg_fun_free (dg), wg_fun_free (f), wg_fun_free (g), wg_fun_free (step);
}
END_TEST

/* Through a call, where a map's items scan. */

static void item (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  const context *c = ctx;
  (void) n, (void) m;
  wg_var s[2] = { x[0], x[1] };
  if (c->step) wg_scan (c->step, 3, 2, s, 1, (wg_arg[]){ { .var = x + 2, .width = 1 } }, s, NULL);
  else for (size_t k = 0; k < 3; k++) s[1] = wg_add (s[1], wg_mul (s[0], x[2]));
  y[0] = s[0], y[1] = s[1];
}

static void turn (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  y[0] = x[0], y[1] = wg_add (x[1], wg_mul (x[0], x[2]));
}

static void items (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  wg_map (ctx, m/2, 1, (wg_arg[]){ { .var = x, .width = 3, .stride = (n - 3)/(m/2 - 1) } }, y);
}

START_TEST (items_that_scan)
{
  enum { ITEMS = 5, N = 3 + 2*(ITEMS - 1) };
  rp_random r = { 7 };
  double x[N];
  point (x, N);
  wg_fun *step = record (turn, NULL, 3, 2, x);
  const context scanned = { .step = step }, written = { .step = NULL };
  wg_fun *body[2] = { record (item, &scanned, 3, 2, x), record (item, &written, 3, 2, x) };
  wg_fun *f = record (items, body[0], N, 2*ITEMS, x), *g = record (items, body[1], N, 2*ITEMS, x);
  ck_assert_uint_eq (entries (f, 'J'), 4*ITEMS);
  ck_assert_uint_eq (entries (g, 'J'), 4*ITEMS);
  ck_assert_uint_eq (entries (f, 'L'), entries (g, 'L'));
  check_all (f, &r, x);
  for (int s = 0; s < 2; s++) wg_fun_free (body[s]);
  wg_fun_free (f), wg_fun_free (g), wg_fun_free (step);
}
END_TEST

/* Another number of steps is another pattern: a scan that can be bound to one counts as dense. */

static void shift (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) ctx;
  for (size_t i = 0; i < m; i++) y[i] = wg_add (i ? x[i-1] : wg_sqr (x[0]), x[n-1]);
}

static void bound_model (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) m;
  wg_scan (ctx, 2, n, x, 1, (wg_arg[]){ { .data = rows, .width = 1, .stride = 1, .slot = 1 } }, y, NULL);
}

START_TEST (other_steps)
{
  enum { N = 6 };
  double x[N + 1], J[N*N], value[N*N];
  int row[N*N], col[N*N];
  point (x, N + 1);
  for (size_t i = 0; i < 2*STEPS; i++) rows[i] = .5 + (double) i;
  wg_fun *step = record (shift, NULL, N + 1, N, x), *f = record (bound_model, step, N, N, x);
  wg_plan *plan = wg_plan_jacobian (f);
  ck_assert_uint_eq (wg_plan_nnz (plan), N*N);
  wg_plan_coo (plan, row, col);
  for (size_t steps = 1; steps <= N; steps++)
    {
      ck_assert_int_eq (wg_fun_bind (f, 1, steps, rows, NULL), WG_OK);
      ck_assert (!wg_jacobian (f, x, NULL, J) && !wg_sparse_jacobian (f, plan, x, NULL, value));
      for (size_t k = 0; k < N*N; k++) ck_assert_double_eq_tol (value[k], J[(size_t) row[k]*N + (size_t) col[k]], 1e-12*(1 + fabs (value[k])));      /* by rows, by columns: a few products */
      ck_assert (J[(N - 1)*N + N - 1 - (steps < N ? steps : N - 1)] != 0 && J[(N - 1)*N + N - 1] == 0);
    }
  wg_plan_free (plan), wg_fun_free (f), wg_fun_free (step);
}
END_TEST

/* A branch of the step that a plan has not seen has more entries. */

START_TEST (branches_of_steps)
{
  double x[INPUTS], value[2*INPUTS*INPUTS];
  rp_random r = { 3 };
  bend = 1;
  point (x, INPUTS);
  wg_fun *step = record (step_model, NULL, CELLS + 3, CELLS + 2, x);
  const context scanned = { step, 0 };
  wg_fun *f = record (steps_model, &scanned, INPUTS, CELLS, x);
  wg_plan *plan = wg_plan_jacobian (f);
  const size_t before = wg_plan_nnz (plan);
  ck_assert_int_eq (wg_sparse_jacobian (f, plan, x, NULL, value), WG_OK);
  x[5] = -1;
  ck_assert_int_eq (wg_sparse_jacobian (f, plan, x, NULL, value), WG_EPLAN);
  ck_assert_int_eq (wg_plan_extend (&plan, f), WG_OK);
  ck_assert (wg_plan_nnz (plan) > before && wg_plan_nnz (plan) < CELLS*INPUTS);
  ck_assert_int_eq (wg_sparse_jacobian (f, plan, x, NULL, value), WG_OK);
  check_all (f, &r, x);
  wg_plan_free (plan), wg_fun_free (f), wg_fun_free (step);
}
END_TEST

int main (void)
{
  Suite *s = suite_create ("sparse scans");
  TCase *t = tcase_create ("scans");
  tcase_set_timeout (t, 300);
  tcase_add_loop_test (t, steps_written_out, 0, 4);
  tcase_add_test (t, items_that_scan);
  tcase_add_test (t, other_steps);
  tcase_add_test (t, branches_of_steps);
  suite_add_tcase (s, t);
  return run_suite (s);
}
