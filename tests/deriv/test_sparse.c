/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Sparse drivers.  Laws, on random programs over the whole rule table and on random sums of terms: what a plan recovers
 * is the dense matrix, by each method, in each part and order, and where a plan has no entry the dense matrix is zero.
 * Then structures whose patterns and numbers of sweeps are known, formats, branches, refusals.
 */
#include "deriv/sparse_checks.h"
#include "runner.h"

START_TEST (random_programs)
{
  rp_random r = { 0x5eed6001 };
  size_t used[RP_KINDS] = { 0 };
  for (size_t round = 0; round < rp_soak (3000); round++)
    {
      rp_program p;
      double x[16];
      const size_t n = 1 + rp_below (&r, 12), m = 1 + rp_below (&r, RP_OUTPUTS);
      for (size_t i = 0; i < n; i++) x[i] = rp_number (&r);
      rp_generate (&r, &p, n, m, 4 + rp_below (&r, 44), round % 3 ? 0 : 3, x, used);
      wg_fun *f = wg_fun_record (rp_model, &p, n, m, x);
      ck_assert_msg (f != NULL, "%s", wg_last_error ());
      check_all (f, &r, x);
      wg_fun_free (f);
    }
  for (int k = 0; k < RP_ROWS; k++) ck_assert_msg (used[k] > 0, "%s was never used", rp_rows[k].name);
}
END_TEST

/* sums of random terms of a few inputs each: sparse, with colours to share */

typedef struct { size_t terms, n, m; int input[256][4], kind[256], output[256]; } terms;

static void model_terms (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  const terms *t = ctx;
  (void) n;
  for (size_t i = 0; i < m; i++) y[i] = wg_num (0);
  for (size_t k = 0; k < t->terms; k++)
    {
      const wg_var a = x[t->input[k][0]], b = x[t->input[k][1]], c = x[t->input[k][2]], d = x[t->input[k][3]];
      wg_var e = wg_mul (a, b);
      switch (t->kind[k])
        {
        case 0: e = wg_sqr (wg_sub (a, b)); break;
        case 1: e = wg_exp (wg_mul (.1, wg_add (e, c))); break;
        case 2: e = wg_sub (a, wg_mul (2.5, b)); break;
        case 3: e = wg_div (e, wg_add (9.5, wg_sqr (c))); break;
        case 4: e = wg_sin (wg_add (wg_add (a, b), wg_add (c, d))); break;
        case 5: e = wg_mul (e, wg_mul (c, d)); break;
        }
      y[t->output[k]] = wg_add (y[t->output[k]], e);
    }
}

START_TEST (random_sums)
{
  rp_random r = { 0x5eed6002 };
  for (size_t round = 0; round < rp_soak (400); round++)
    {
      static terms t;
      double x[MOST];
      t.n = 8 + rp_below (&r, MOST - 8), t.m = 1 + (round % 2 ? rp_below (&r, MOST - 1) : 0), t.terms = t.n/2 + rp_below (&r, t.n);
      for (size_t k = 0; k < t.terms; k++)
        {
          const size_t near = rp_below (&r, t.n);
          for (int j = 0; j < 4; j++)
            t.input[k][j] = (int) (rp_below (&r, 6) ? (near + rp_below (&r, 4)) % t.n : rp_below (&r, t.n));
          t.kind[k] = (int) rp_below (&r, 7), t.output[k] = (int) rp_below (&r, t.m);
        }
      for (size_t i = 0; i < t.n; i++) x[i] = rp_uniform (&r, -2, 2);
      wg_fun *f = wg_fun_record (model_terms, &t, t.n, t.m, x);
      ck_assert_msg (f != NULL, "%s", wg_last_error ());
      check_all (f, &r, x);
      wg_fun_free (f);
    }
}
END_TEST

/* structures that are known */

static void model_rosenbrock (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) m, (void) ctx;
  y[0] = wg_num (0);
  for (size_t i = 0; i + 1 < n; i++)
    y[0] = wg_add (y[0], wg_add (wg_mul (100, wg_sqr (wg_sub (x[i+1], wg_sqr (x[i])))), wg_sqr (wg_sub (1, x[i]))));
}

/* One input meets all others. */
static void model_arrow (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) m, (void) ctx;
  y[0] = wg_exp (x[0]);
  for (size_t i = 1; i < n; i++) y[0] = wg_add (y[0], wg_sin (wg_mul (x[0], x[i])));
}

static void model_linear (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) ctx;
  for (size_t i = 0; i < m; i++) y[i] = wg_add (wg_mul (2.5, x[i % n]), wg_mul (wg_floor (x[0]), wg_sign (x[n-1])));
}

/* A function of a long sum: every pair of inputs. */
static void model_dense (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  wg_var s = wg_num (0);
  (void) m, (void) ctx;
  for (size_t i = 0; i < n; i++) s = wg_add (s, wg_mul (1 + .125*(double) i, x[i]));
  y[0] = wg_exp (wg_mul (-.01, wg_sqr (s)));
}

/* Rows of three, and one row of all. */
static void model_rows (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) ctx;
  for (size_t i = 0; i + 1 < m; i++) y[i] = wg_mul (x[i % n], wg_sub (x[(i+1) % n], wg_exp (x[(i+2) % n])));
  y[m-1] = wg_num (0);
  for (size_t i = 0; i < n; i++) y[m-1] = wg_add (y[m-1], wg_sqr (x[i]));
}

static wg_plan_info info_of (const wg_plan *plan)
{
  wg_plan_info info;
  ck_assert_msg (plan != NULL, "%s", wg_last_error ());
  ck_assert_int_eq (wg_plan_get_info (plan, &info), WG_OK);
  return info;
}

static wg_plan_info hessian_info (wg_model *model, size_t n, int method)
{
  double *x = malloc (n*sizeof *x);
  for (size_t i = 0; i < n; i++) x[i] = .25 + 1e-3*(double) i;
  wg_fun *f = wg_fun_record (model, NULL, n, 1, x);
  const wg_plan_options o = { .method = method };
  wg_plan *plan = wg_plan_hessian_with (f, 'L', &o);
  const wg_plan_info info = info_of (plan);
  wg_plan_free (plan), wg_fun_free (f), free (x);
  return info;
}

START_TEST (known_structures)
{
  wg_plan_info i = hessian_info (model_rosenbrock, 20000, WG_PLAN_AUTO);
  ck_assert_uint_eq (i.nnz, 39999);
  ck_assert_uint_eq (i.sweeps, 3);
  ck_assert_int_eq (i.method, WG_PLAN_STAR);
  i = hessian_info (model_rosenbrock, 20000, WG_PLAN_ACYCLIC);
  ck_assert_uint_eq (i.sweeps, 2);
  i = hessian_info (model_arrow, 20000, WG_PLAN_AUTO);
  ck_assert_uint_eq (i.nnz, 39999);
  ck_assert_uint_eq (i.sweeps, 2);
  i = hessian_info (model_linear, 50, WG_PLAN_AUTO);
  ck_assert_uint_eq (i.nnz, 0);
  ck_assert_uint_eq (i.sweeps, 0);
  i = hessian_info (model_dense, 300, WG_PLAN_AUTO);
  ck_assert_uint_eq (i.nnz, 300*301/2);
  ck_assert_uint_eq (i.sweeps, 300);
  ck_assert_int_eq (i.method, WG_PLAN_DENSE);
  i = hessian_info (model_dense, 300, WG_PLAN_STAR);
  ck_assert_uint_eq (i.sweeps, 300);
}
END_TEST

START_TEST (jacobian_methods)
{
  enum { N = 40, M = 30 };
  double x[N], value[N*M], again[N*M];
  for (int i = 0; i < N; i++) x[i] = .5 - .03*i;
  wg_fun *f = wg_fun_record (model_rows, NULL, N, M, x);
  wg_plan *plan = wg_plan_jacobian (f);
  wg_plan_info i = info_of (plan);
  ck_assert_uint_eq (i.rows, M);
  ck_assert_uint_eq (i.cols, N);
  ck_assert_uint_eq (i.nnz, 3*(M - 1) + N);
  ck_assert_int_eq (i.method, WG_PLAN_SUBGRAPH);
  ck_assert (i.cost < i.dense_cost);
  ck_assert_int_eq (wg_sparse_jacobian (f, plan, x, NULL, value), WG_OK);
  wg_plan_free (plan);
  const wg_plan_options rows = { .method = WG_PLAN_ROWS };
  plan = wg_plan_jacobian_with (f, &rows);
  i = info_of (plan);
  ck_assert_uint_eq (i.sweeps, 4);
  ck_assert_uint_eq (i.bound, 4);
  ck_assert_int_eq (wg_sparse_jacobian (f, plan, NULL, NULL, again), WG_OK);
  for (size_t k = 0; k < i.nnz; k++) ck_assert (value[k] == again[k]);
  wg_plan_free (plan);
  const wg_plan_options columns = { .method = WG_PLAN_COLUMNS };
  plan = wg_plan_jacobian_with (f, &columns);
  ck_assert_uint_eq (info_of (plan).sweeps, N);
  wg_plan_free (plan), wg_fun_free (f);
}
END_TEST

START_TEST (linear_functions)
{
  const double x[3] = { 1.5, 2.5, -3.5 };
  double y[5], uj[3], value[15];
  wg_fun *f = wg_fun_record (model_linear, NULL, 3, 5, x);
  wg_plan *h = wg_plan_hessian (f, 'F'), *j = wg_plan_jacobian (f);
  ck_assert_int_eq (wg_sparse_hessian (f, h, x, NULL, y, uj, value), WG_OK);
  ck_assert (y[0] == 2.5*1.5 - 1 && uj[0] == 5 && uj[1] == 5 && uj[2] == 2.5);
  ck_assert_uint_eq (wg_plan_nnz (j), 5);
  ck_assert_int_eq (wg_sparse_jacobian (f, j, x, y, value), WG_OK);
  for (int k = 0; k < 5; k++) ck_assert (value[k] == 2.5);
  wg_plan_free (h), wg_plan_free (j), wg_fun_free (f);
}
END_TEST

/* formats */

START_TEST (formats)
{
  enum { N = 6 };
  double x[N], value[4*N], D[N*N];
  const double u = 1;
  int row[4*N], col[4*N], start[N+1], index[4*N], from[4*N], columns, k;
  for (int i = 0; i < N; i++) x[i] = .5 - .3*i;
  wg_fun *f = wg_fun_record (model_rosenbrock, NULL, N, 1, x);
  ck_assert_int_eq (dense_hessian (f, x, &u, D), WG_OK);
  for (const char *part = "LUF"; *part; part++)
    for (int by = 0; by < 2; by++)
      {
        const wg_plan_options o = { .by_columns = by };
        wg_plan *plan = wg_plan_hessian_with (f, *part, &o);
        const int nnz = (int) wg_plan_nnz (plan);
        ck_assert_int_eq (nnz, *part == 'F' ? 3*N - 2 : 2*N - 1);
        ck_assert_int_eq (wg_sparse_hessian (f, plan, x, NULL, NULL, NULL, value), WG_OK);
        wg_plan_coo (plan, row, col);
        for (k = 1; k < nnz; k++)
          ck_assert (by ? col[k-1] < col[k] || (col[k-1] == col[k] && row[k-1] < row[k])
                        : row[k-1] < row[k] || (row[k-1] == row[k] && col[k-1] < col[k]));
        for (columns = 0; columns < 2; columns++)
          {
            ck_assert_int_eq ((columns ? wg_plan_csc : wg_plan_csr) (plan, start, index, from), WG_OK);
            ck_assert_int_eq (start[0], 0);
            ck_assert_int_eq (start[N], nnz);
            for (int i = 0; i < N; i++)
              for (k = start[i]; k < start[i+1]; k++)
                {
                  const double d = columns ? D[index[k]*N + i] : D[i*N + index[k]];
                  ck_assert (k == start[i] || index[k-1] < index[k]);
                  ck_assert (fabs (value[from[k]] - d) <= 1e-12*fabs (d));
                  if (columns == by) ck_assert_int_eq (from[k], k);
                }
          }
        wg_plan_free (plan);
      }
  wg_fun_free (f);
}
END_TEST

START_TEST (matrix_market)
{
  const double x[3] = { .5, .25, -1 };
  double value[9];
  char text[400];
  wg_fun *f = wg_fun_record (model_rosenbrock, NULL, 3, 1, x);
  wg_plan *plan = wg_plan_hessian (f, 'U');
  FILE *out = tmpfile ();
  ck_assert_int_eq (wg_plan_write_matrix_market (plan, NULL, out), WG_OK);
  rewind (out);
  const size_t length = fread (text, 1, sizeof text - 1, out);
  text[length] = 0;
  ck_assert_str_eq (text, "%%MatrixMarket matrix coordinate pattern symmetric\n3 3 5\n1 1\n2 1\n2 2\n3 2\n3 3\n");
  rewind (out);
  ck_assert_int_eq (wg_sparse_hessian (f, plan, x, NULL, NULL, NULL, value), WG_OK);
  ck_assert_int_eq (wg_plan_write_matrix_market (plan, value, out), WG_OK);
  rewind (out);
  ck_assert (fscanf (out, "%*[^\n] 3 3 5 1 1 %lf", &value[5]) == 1 && value[5] == value[0]);
  fclose (out);
  wg_plan_free (plan), wg_fun_free (f);
}
END_TEST

/* branches */

/* For x[0] < 0 fewer inputs meet, for x[1] < 0 the same ones in another way. */
static void model_branches (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) m, (void) ctx;
  const int few = wg_lt (x[0], 0), other = wg_lt (x[1], 0);
  y[0] = wg_mul (x[0], x[1]);
  if (!few)
    for (size_t i = 2; i < n; i++) y[0] = wg_add (y[0], wg_mul (x[i], wg_exp (x[i-1])));
  if (other) y[0] = wg_sin (y[0]), y[0] = wg_add (wg_mul (y[0], y[0]), wg_mul (x[0], x[1]));
  for (size_t i = 1; i < m; i++) y[i] = wg_mul (y[0], (double) i);
}

START_TEST (branches)
{
  const double many[4] = { .5, .25, 1.5, -.5 }, few[4] = { -.5, .75, .25, 2 }, other[4] = { -.25, -.5, .75, .5 };
  double value[16], y = -1, again[16], D[16], u = 1;
  wg_fun *f = wg_fun_record (model_branches, NULL, 4, 1, few);
  wg_plan *small = wg_plan_hessian (f, 'L');
  ck_assert_int_eq (wg_sparse_hessian (f, small, few, NULL, NULL, NULL, value), WG_OK);
  value[0] = -7;
  ck_assert_int_eq (wg_sparse_hessian (f, small, many, NULL, &y, NULL, value), WG_EPLAN);
  ck_assert (y == -1 && value[0] == -7);
  ck_assert_int_eq (wg_sparse_hessian (f, small, many, NULL, &y, again, NULL), WG_OK);      /* no entries wanted: no matter */
  const wg_plan_options o = { .with = small };
  wg_plan *both = wg_plan_hessian_with (f, 'L', &o);
  for (int k = 0; k < 2; k++)
    {
      const double *x = k ? few : many;
      ck_assert_int_eq (wg_sparse_hessian (f, both, x, NULL, NULL, NULL, value), WG_OK);
      ck_assert_int_eq (dense_hessian (f, x, &u, D), WG_OK);
      ck_assert (agrees (both, 4, 4, 'L', value, D));
    }
  ck_assert_int_eq (wg_eval (f, other, NULL), WG_OK);
  wg_plan *third = wg_plan_hessian (f, 'L');
  ck_assert_int_eq (wg_sparse_hessian (f, third, few, NULL, NULL, NULL, again), WG_OK);     /* a pattern that has more */
  ck_assert_int_eq (dense_hessian (f, few, &u, D), WG_OK);
  ck_assert (agrees (third, 4, 4, 'L', again, D));
  wg_plan_free (small), wg_plan_free (both), wg_plan_free (third), wg_fun_free (f);
}
END_TEST

START_TEST (branches_of_rows)
{
  const double many[4] = { .5, .25, 1.5, -.5 }, few[4] = { -.5, .75, .25, 2 };
  double value[12], D[12];
  for (int method = 0; method <= WG_PLAN_SUBGRAPH; method++)
    {
      const wg_plan_options o = { .method = method };
      wg_fun *f = wg_fun_record (model_branches, NULL, 4, 3, many);
      wg_plan *plan = wg_plan_jacobian_with (f, &o);
      ck_assert_int_eq (wg_sparse_jacobian (f, plan, few, NULL, value), WG_OK);
      ck_assert_int_eq (wg_jacobian (f, few, NULL, D), WG_OK);
      ck_assert (agrees (plan, 3, 4, 'J', value, D));
      wg_plan_free (plan);
      plan = wg_plan_jacobian_with (f, &o);
      ck_assert_int_eq (wg_sparse_jacobian (f, plan, many, NULL, value), WG_EPLAN);
      wg_plan_free (plan), wg_fun_free (f);
    }
}
END_TEST

/* Extending: nothing at a known branch, the union at another; the same method, part and order. */
START_TEST (extension)
{
  const double many[4] = { .5, .25, 1.5, -.5 }, few[4] = { -.5, .75, .25, 2 };
  double value[16], D[16], u = 1;
  int col[16];
  const wg_plan_options o = { .method = WG_PLAN_ACYCLIC, .ordering = WG_ORDER_NATURAL, .by_columns = 1 };
  wg_fun *f = wg_fun_record (model_branches, NULL, 4, 1, few);
  wg_plan *plan = wg_plan_hessian_with (f, 'L', &o), *first = plan;
  ck_assert_int_eq (wg_plan_extend (&plan, f), WG_OK);
  ck_assert (plan == first);
  ck_assert_uint_eq (wg_plan_nnz (plan), 1);
  ck_assert_int_eq (wg_sparse_hessian (f, plan, many, NULL, NULL, NULL, value), WG_EPLAN);
  ck_assert_int_eq (wg_plan_extend (&plan, f), WG_OK);
  ck_assert_uint_eq (wg_plan_nnz (plan), 5);
  wg_plan_info info;
  ck_assert_int_eq (wg_plan_get_info (plan, &info), WG_OK);
  ck_assert (info.method == WG_PLAN_ACYCLIC && info.ordering == WG_ORDER_NATURAL);
  wg_plan_coo (plan, NULL, col);
  for (int k = 1; k < 5; k++) ck_assert_int_le (col[k-1], col[k]);
  for (int k = 0; k < 2; k++)
    {
      const double *x = k ? few : many;
      ck_assert_int_eq (wg_sparse_hessian (f, plan, x, NULL, NULL, NULL, value), WG_OK);
      ck_assert_int_eq (dense_hessian (f, x, &u, D), WG_OK);
      ck_assert (agrees (plan, 4, 4, 'L', value, D));
    }
  first = plan;
  wg_fun *other = wg_fun_record (model_branches, NULL, 4, 2, few);
  ck_assert_int_eq (wg_plan_extend (&plan, other), WG_ESHAPE);
  ck_assert_int_eq (wg_plan_extend (&plan, NULL), WG_EINVAL);
  ck_assert_int_eq (wg_plan_extend (NULL, f), WG_EINVAL);
  wg_plan *none = NULL;
  ck_assert_int_eq (wg_plan_extend (&none, f), WG_EINVAL);
  ck_assert (plan == first && !none);
  wg_plan_free (plan), wg_fun_free (f), wg_fun_free (other);
}
END_TEST

/* refusals and outputs */

START_TEST (refusals)
{
  const double x[4] = { .5, .25, 1.5, -.5 };
  double y[4], value[16];
  wg_fun *f = wg_fun_record (model_branches, NULL, 4, 1, x), *g = wg_fun_record (model_rows, NULL, 4, 2, x);
  wg_plan *h = wg_plan_hessian (f, 'L'), *j = wg_plan_jacobian (f);
  ck_assert_ptr_null (wg_plan_hessian (NULL, 'L'));
  ck_assert_ptr_null (wg_plan_jacobian (NULL));
  ck_assert_ptr_null (wg_plan_hessian (f, 'X'));
  ck_assert_int_eq (wg_fun_status (NULL), WG_EINVAL);
  const wg_plan_options bad[] = { { .method = WG_PLAN_COLUMNS }, { .method = -1 }, { .method = 99 }, { .ordering = WG_ORDER_CLASSES },
                                  { .ordering = -1 }, { .with = j } };
  for (size_t k = 0; k < sizeof bad/sizeof *bad; k++) ck_assert_ptr_null (wg_plan_hessian_with (f, 'L', &bad[k]));
  const wg_plan_options star = { .method = WG_PLAN_STAR }, with = { .with = h };
  ck_assert_ptr_null (wg_plan_jacobian_with (f, &star));
  ck_assert_ptr_null (wg_plan_jacobian_with (f, &with));
  ck_assert_ptr_null (wg_plan_hessian_with (g, 'L', &with));
  ck_assert_int_eq (wg_sparse_hessian (NULL, h, x, NULL, y, NULL, value), WG_EINVAL);
  ck_assert_int_eq (wg_sparse_hessian (f, NULL, x, NULL, y, NULL, value), WG_EINVAL);
  ck_assert_int_eq (wg_sparse_hessian (f, j, x, NULL, y, NULL, value), WG_EINVAL);
  ck_assert_int_eq (wg_sparse_hessian (g, h, x, NULL, y, NULL, value), WG_ESHAPE);
  ck_assert_int_eq (wg_sparse_jacobian (NULL, j, x, y, value), WG_EINVAL);
  ck_assert_int_eq (wg_sparse_jacobian (f, NULL, x, y, value), WG_EINVAL);
  ck_assert_int_eq (wg_sparse_jacobian (f, h, x, y, value), WG_EINVAL);
  ck_assert_int_eq (wg_sparse_jacobian (g, j, x, y, value), WG_ESHAPE);
  ck_assert_int_eq (wg_fun_status (g), WG_ESHAPE);
  ck_assert_int_eq (wg_sparse_hessian (f, h, NULL, NULL, y, NULL, value), WG_EINVAL);      /* no point yet */
  wg_plan_info info;
  ck_assert_int_eq (wg_plan_get_info (NULL, &info), WG_EINVAL);
  ck_assert_int_eq (wg_plan_get_info (h, NULL), WG_EINVAL);
  ck_assert_int_eq (wg_plan_csr (NULL, NULL, NULL, NULL), WG_EINVAL);
  ck_assert_int_eq (wg_plan_csc (NULL, NULL, NULL, NULL), WG_EINVAL);
  ck_assert_int_eq (wg_plan_write_matrix_market (h, value, NULL), WG_EINVAL);
  ck_assert_int_eq (wg_plan_write_matrix_market (NULL, value, stderr), WG_EINVAL);
  ck_assert_uint_eq (wg_plan_nnz (NULL), 0);
  wg_plan_coo (NULL, NULL, NULL), wg_plan_free (NULL);
  ck_assert_str_eq (wg_plan_method_name (WG_PLAN_STAR), "star");
  ck_assert_str_eq (wg_plan_method_name (99), "unknown method");
  ck_assert_str_eq (wg_ordering_name (WG_ORDER_NATURAL), "natural");
  ck_assert_str_eq (wg_ordering_name (-1), "unknown ordering");
  wg_plan_free (h), wg_plan_free (j);
  wg_fun_free (f), wg_fun_free (g);
}
END_TEST

static void model_root (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) m, (void) ctx;
  for (size_t i = 0; i < n; i++) y[i] = wg_mul (wg_sqrt (x[i]), 2);
}

/* An entry that is infinite is reported and does not reach the others of its sweep. */
START_TEST (infinite_entries)
{
  const double x[3] = { 4, 0, 1 };
  double y[3], value[3];
  for (int method = 0; method <= WG_PLAN_SUBGRAPH; method++)
    {
      const wg_plan_options o = { .method = method };
      wg_fun *f = wg_fun_record (model_root, NULL, 3, 3, x);
      wg_plan *plan = wg_plan_jacobian_with (f, &o);
      ck_assert_int_eq (wg_sparse_jacobian (f, plan, x, y, value), WG_NONFINITE);
      ck_assert (value[0] == .5 && value[1] == INFINITY && value[2] == 1 && y[0] == 4);
      wg_plan_free (plan), wg_fun_free (f);
    }
}
END_TEST

/* A limit: exactly the entries there are, and one less. */
START_TEST (limited_entries)
{
  enum { N = 30, ALL = N*(N + 1)/2 };
  double x[N];
  for (int i = 0; i < N; i++) x[i] = .3 + .01*i;
  wg_fun *f = wg_fun_record (model_dense, NULL, N, 1, x);
  ck_assert_ptr_nonnull (f);
  wg_plan *p = wg_plan_hessian_with (f, 'L', &(wg_plan_options){ .entries = ALL });
  ck_assert_uint_eq (wg_plan_nnz (p), ALL);
  wg_plan_free (p);
  ck_assert_ptr_null (wg_plan_hessian_with (f, 'L', &(wg_plan_options){ .entries = ALL - 1 }));
  ck_assert_int_eq (wg_fun_status (NULL), WG_ELIMIT);
  wg_fun_free (f);
}
END_TEST

int main (void)
{
  Suite *s = suite_create ("sparse");
  TCase *t = tcase_create ("sparse");
  tcase_set_timeout (t, 300);
  tcase_add_test (t, random_programs);
  tcase_add_test (t, random_sums);
  tcase_add_test (t, known_structures);
  tcase_add_test (t, jacobian_methods);
  tcase_add_test (t, linear_functions);
  tcase_add_test (t, formats);
  tcase_add_test (t, matrix_market);
  tcase_add_test (t, branches);
  tcase_add_test (t, branches_of_rows);
  tcase_add_test (t, extension);
  tcase_add_test (t, refusals);
  tcase_add_test (t, limited_entries);
  tcase_add_test (t, infinite_entries);
  suite_add_tcase (s, t);
  return run_suite (s);
}
