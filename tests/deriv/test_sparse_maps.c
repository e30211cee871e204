/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Sparse derivatives through maps.  Laws: as in sparse_checks.h, on random maps of random bodies, nested maps, calls of functions
 * with maps, and the derivatives of all these as functions; a pattern through a map has every entry that the same loop of calls
 * has.  Then counts that are known, for loops as they are written; branches of bodies, indices that change, rows that are bound.
 */
#include <float.h>

#include <wengert/map.h>

#include "deriv/sparse_checks.h"
#include "runner.h"

/* random maps */

enum { ITEMS = 6, WIDEST = 6, RESULTS = 4, ARGS = WIDEST };

enum arg_kind { SHARED, ROWS, WINDOWS, GATHERED, DATA, KINDS };

typedef struct { enum arg_kind kind; size_t width, stride, begin; int index[ITEMS]; } random_arg;

typedef struct {
  size_t n, m, items, args, body_n, body_m;
  random_arg arg[ARGS];
  int sum, mixed, turned;        /* mixed: with operations before and after the loop */
} looping;

typedef struct { const looping *c; const wg_fun *body; int plain; } loop_context;

static double numbers[ITEMS*WIDEST];

static void random_loop (rp_random *r, looping *c, size_t n, size_t m, const wg_fun *body)
{
  *c = (looping){ .n = n, .m = m, .items = 1 + rp_below (r, ITEMS), .body_n = wg_fun_n (body), .body_m = wg_fun_m (body) };
  c->sum = (int) rp_below (r, 2), c->mixed = (int) rp_below (r, 2), c->turned = (int) rp_below (r, 4);
  if (m % c->body_m == 0 && rp_below (r, 2)) c->items = m/c->body_m, c->sum = c->mixed = 0;      /* outputs are the items' own */
  for (size_t left = c->body_n; left; left -= c->arg[c->args++].width)
    {
      random_arg *a = &c->arg[c->args];
      a->width = 1 + rp_below (r, left), a->kind = (enum arg_kind) rp_below (r, KINDS);
      a->stride = a->kind == SHARED ? 0 : a->kind == WINDOWS ? 1 + rp_below (r, a->width) : a->kind == GATHERED ? 1 + rp_below (r, 2) : a->width;
      if ((a->kind == ROWS || a->kind == WINDOWS) && (c->items - 1)*a->stride + a->width > n) a->kind = GATHERED;
      for (size_t k = 0; k < c->items; k++) a->index[k] = (int) rp_below (r, (n - a->width)/(a->stride ? a->stride : 1) + 1);
      const size_t extent = a->kind == SHARED ? a->width : a->kind == GATHERED || a->kind == DATA ? n : (c->items - 1)*a->stride + a->width;
      a->begin = rp_below (r, n - extent + 1);
    }
}

static void loop_written_out (const looping *c, const wg_fun *body, const wg_var z[], wg_var t[])
{
  for (size_t i = 0; i < c->body_m && c->sum; i++) t[i] = wg_num (0);
  for (size_t k = 0; k < c->items; k++)
    {
      wg_var in[WIDEST], out[RESULTS];
      for (size_t i = 0, place = 0; i < c->args; place += c->arg[i++].width)
        for (size_t j = 0; j < c->arg[i].width; j++)
          {
            const random_arg *a = &c->arg[i];
            const size_t row = (a->kind == GATHERED ? (size_t) a->index[k] : k)*a->stride;
            in[place + j] = a->kind == DATA ? wg_num (numbers[row + j]) : z[a->begin + row + j];
          }
      wg_call (body, in, NULL, out);
      for (size_t i = 0; i < c->body_m; i++)
        if (c->sum) t[i] = wg_add (t[i], out[i]);
        else t[k*c->body_m + i] = out[i];
    }
}

static void model_loop (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  const loop_context *l = ctx;
  const looping *c = l->c;
  const size_t results = (c->sum ? 1 : c->items)*c->body_m;
  wg_var z[MOST], t[ITEMS*RESULTS];
  wg_arg args[ARGS];
  for (size_t j = 0; j < n; j++) z[j] = c->mixed && j % 4 == 1 ? wg_mul (x[j], x[j-1]) : x[j];
  for (size_t i = 0; i < c->args; i++)
    {
      const random_arg *a = &c->arg[i];
      args[i] = (wg_arg){ .var = a->kind == DATA ? NULL : z + a->begin, .data = a->kind == DATA ? numbers : NULL,
                          .width = a->width, .stride = a->stride, .index = a->kind == GATHERED ? a->index : NULL };
    }
  if (l->plain) loop_written_out (c, l->body, z, t);
  else (c->sum ? wg_map_sum : wg_map) (l->body, c->items, c->args, args, t);
  for (size_t i = 0; i < m; i++)
    {
      y[i] = i < results ? t[m == results ? (i + (size_t) c->turned) % m : i] : wg_num (0);      /* or the items' own, in another order */
      for (size_t k = i + m; k < results; k += m) y[i] = wg_add (y[i], t[k]);
      if (c->mixed && i) y[i] = wg_mul (y[i], wg_tanh (y[i-1]));
    }
}

static void model_around (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m;
  wg_call (ctx, x, NULL, y);
  y[0] = wg_mul (y[0], x[0]);
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

/* f with maps, g without: is the pattern the same? */
static int compare (wg_fun *f, wg_fun *g)
{
  const size_t n = wg_fun_n (f);
  wg_plan *h[2] = { wg_plan_hessian (f, 'L'), wg_plan_hessian (g, 'L') }, *j[2] = { wg_plan_jacobian (f), wg_plan_jacobian (g) };
  ck_assert (h[0] && h[1] && j[0] && j[1]);
  ck_assert (has_all (h[0], h[1], n) && has_all (j[0], j[1], n));
  const int same = has_all (h[1], h[0], n) && has_all (j[1], j[0], n);
  for (int i = 0; i < 2; i++) wg_plan_free (h[i]), wg_plan_free (j[i]);
  return same;
}

/* Levels: a map of a random body, a map of that, a call of it. */
START_TEST (random_maps)
{
  rp_random r = { 0x5eed6201 + (uint64_t) _i };
  size_t checked = 0, same = 0;
  for (size_t round = 0; round < rp_soak (150); round++)
    {
      static rp_program leaf;
      static looping c[2];
      static loop_context map[2], plain[2];
      double x[12], y[12];
      wg_fun *f[4] = { NULL }, *g[4] = { NULL };
      for (int i = 0; i < 12; i++) x[i] = rp_number (&r);
      for (int i = 0; i < ITEMS*WIDEST; i++) numbers[i] = rp_number (&r);
      const size_t n = 1 + rp_below (&r, 5), m = 1 + rp_below (&r, RESULTS);
      rp_generate (&r, &leaf, n, m, 2 + rp_below (&r, 9), round % 2 ? 3 : 0, x, NULL);
      f[0] = wg_fun_record (rp_model, &leaf, n, m, x), g[0] = wg_fun_record (rp_model, &leaf, n, m, x);
      const int last = _i;       /* levels */
      for (int k = 1; k <= last && f[k-1] && g[k-1]; k++)
        {
          const size_t inner = k < last ? WIDEST : WIDEST + rp_below (&r, 7), outer = 1 + rp_below (&r, RESULTS);
          if (k < 3)
            {
              random_loop (&r, &c[k-1], inner, outer, f[k-1]);
              map[k-1] = (loop_context){ &c[k-1], f[k-1], 0 }, plain[k-1] = (loop_context){ &c[k-1], g[k-1], 1 };
              f[k] = wg_fun_record (model_loop, &map[k-1], inner, outer, x);
              g[k] = wg_fun_record (model_loop, &plain[k-1], inner, outer, x);
            }
          else
            {
              f[k] = wg_fun_record (model_around, f[k-1], wg_fun_n (f[k-1]), wg_fun_m (f[k-1]), x);
              g[k] = wg_fun_record (model_around, g[k-1], wg_fun_n (f[k-1]), wg_fun_m (f[k-1]), x);
            }
        }
      /* In lanes, which items a branch leaves to be done by themselves depends on what was done before, and with it last bits. */
      if (f[last] && round % 2) ck_assert_int_eq (wg_fun_set_lanes (f[last], "none"), WG_OK);
      if (f[last] && g[last] && wg_eval (f[last], x, y) == WG_OK && wg_eval (g[last], x, y) == WG_OK)
        {
          check_all (f[last], &r, x);
          const int is_same = compare (f[last], g[last]), mixed = c[0].mixed || (last > 1 && c[1].mixed);
          ck_assert_msg (is_same || mixed, "round %zu", round);      /* else something computed before may not be seen by any item */
          same += (size_t) is_same, checked++;
          wg_fun *v = wg_fun_vjp (f[last]);          /* as a map that adds its outputs to where the inputs came from */
          ck_assert (v != NULL);
          double in[12 + RESULTS];
          for (size_t i = 0; i < wg_fun_n (v); i++) in[i] = i < wg_fun_n (f[last]) ? x[i] : 1;
          if (round % 4 == 0) check_all (v, &r, in);
          wg_fun_free (v);
        }
      for (int k = last; k >= 0; k--) wg_fun_free (f[k]), wg_fun_free (g[k]);
    }
  ck_assert_msg (rp_factor () < 1 || (checked > 60 && 4*same > 3*checked), "%zu, %zu", checked, same);
}
END_TEST

/* loops as they are written, and what is known of them */

static void model_distance (size_t n, const wg_var x[], size_t m, wg_var r[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  r[0] = wg_sub (wg_hypot (wg_sub (x[0], x[2]), wg_sub (x[1], x[3])), wg_param (x[0], 0, 0));
}

enum { POINTS = 60, PAIRS = 2*(POINTS - 2) };

typedef struct { const wg_fun *body; int from[PAIRS], to[PAIRS]; double d[PAIRS]; int sum, doubled; } survey;

static void model_survey (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  const survey *s = ctx;
  (void) n, (void) m;
  (s->sum ? wg_map_sum : wg_map) (s->body, PAIRS, 3, (wg_arg[]){ { .var = x, .width = 2, .stride = 2, .index = s->from },
                                                                 { .var = x, .width = 2, .stride = 2, .index = s->to },
                                                                 { .data = s->d, .width = 1, .stride = 1 } }, y);
  for (size_t i = 0; i < m && s->doubled; i++) y[i] = wg_mul (2.0, y[i]);
}

/* Item by item, the numbers of another method: with lanes and without, at new points and at the last one, and where one is NaN. */
static void item_by_item (wg_fun *f, double x[])
{
  static double value[2][4*PAIRS], y[2][PAIRS];
  wg_plan *items = wg_plan_jacobian (f), *columns = wg_plan_jacobian_with (f, &(wg_plan_options){ .method = WG_PLAN_COLUMNS });
  wg_plan_info info;
  ck_assert (items && columns && !wg_plan_get_info (items, &info));
  ck_assert (info.method == WG_PLAN_SUBGRAPH && info.cost < 6);
  ck_assert_uint_le (wg_plan_nnz (items), 4*PAIRS);
  for (int lanes = 0; lanes < 2; lanes++)
    {
      ck_assert_int_eq (wg_fun_set_lanes (f, lanes ? NULL : "none"), WG_OK);
      for (int again = 0; again < 3; again++)
        {
          for (int i = 0; i < 2*POINTS && again < 2; i++) x[i] += .01;
          if (again < 2) for (size_t k = 0; k < 4*PAIRS; k++) value[0][k] = 77;
          ck_assert_int_eq (wg_sparse_jacobian (f, items, again == 2 ? NULL : x, y[0], value[0]), WG_OK);
          ck_assert_int_eq (wg_sparse_jacobian (f, columns, x, y[1], value[1]), WG_OK);
          for (int k = 0; k < PAIRS; k++) ck_assert (y[0][k] == y[1][k]);
          for (size_t k = 0; k < wg_plan_nnz (items); k++)      /* partials of hypot, at most 1; two where a point is paired with itself */
            ck_assert_double_eq_tol (value[0][k], value[1][k], 64*DBL_EPSILON);
        }
      const double was = x[2];
      x[2] = NAN;
      ck_assert_int_eq (wg_sparse_jacobian (f, items, x, NULL, value[0]), WG_NONFINITE);
      x[2] = was;
    }
  wg_plan_free (items), wg_plan_free (columns);
}

/* Each point is paired with the next two: four entries in each row of the Jacobian; in the Hessian of the sum a block for each
 * pair, and the lower half of one for each point. */
START_TEST (gathered_pairs)
{
  survey s = { .sum = 0 };
  double x[2*POINTS], one[4] = { 0, 0, 1, 1 };
  int k = 0;
  for (int i = 0; i < POINTS; i++) x[2*i] = i + .1*sin (i), x[2*i+1] = cos (2*i);
  for (int i = 0; i + 2 < POINTS; i++) for (int j = 1; j < 3; j++) s.from[k] = i, s.to[k] = i + j, s.d[k++] = j;
  s.body = wg_fun_record (model_distance, NULL, 4, 1, one);
  wg_fun *r = wg_fun_record (model_survey, &s, 2*POINTS, PAIRS, x);
  s.sum = 1;
  wg_fun *sum = wg_fun_record (model_survey, &s, 2*POINTS, 1, x), *gradient = wg_fun_gradient (sum);
  wg_plan *j = wg_plan_jacobian (r), *h = wg_plan_hessian (sum, 'L'), *also = wg_plan_jacobian (gradient);
  ck_assert_uint_eq (wg_plan_nnz (j), 4*PAIRS);
  item_by_item (r, x);
  ck_assert_uint_eq (wg_plan_nnz (h), 4*PAIRS + 3*POINTS);
  ck_assert_uint_eq (wg_plan_nnz (also), 8*PAIRS + 4*POINTS);       /* the whole Hessian */
  wg_plan_free (j), wg_plan_free (h), wg_plan_free (also);
  wg_fun_free (r), wg_fun_free (sum), wg_fun_free (gradient), wg_fun_free ((wg_fun *) s.body);
}
END_TEST

/* A sum over windows of three, and what all items share: a band of width two and full rows.  The time must be near-linear
 * in the items, the shared block being looked at once: item by item it would be 1e8 pairs. */

enum { COMMON = 100, LONG = 20000 };

static void model_window (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  wg_var z = wg_mul (x[COMMON], wg_mul (x[COMMON+1], x[COMMON+2])), sum = x[COMMON];
  (void) n, (void) m, (void) ctx;
  for (size_t i = 0; i < COMMON; i++) sum = wg_add (sum, x[i]);
  y[0] = wg_add (z, wg_sqr (sum));
}

static void model_windows (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) m;
  wg_map_sum (ctx, n - COMMON - 2, 2, (wg_arg[]){ { .var = x, .width = COMMON }, { .var = x + COMMON, .width = 3, .stride = 1 } }, y);
}

START_TEST (windows_and_common)
{
  const size_t items = _i ? LONG : 8, n = COMMON + items + 2;
  double *x = malloc (n*sizeof *x);
  ck_assert (x != NULL);
  for (size_t i = 0; i < n; i++) x[i] = sin ((double) i);
  wg_fun *body = wg_fun_record (model_window, NULL, COMMON + 3, 1, x);
  wg_fun *f = wg_fun_record (model_windows, body, n, 1, x);
  wg_plan *h = wg_plan_hessian_with (f, 'L', &(wg_plan_options){ .method = WG_PLAN_DENSE });
  const size_t band = 2*items + 1, first = items, common = COMMON*(COMMON + 1)/2;       /* first: squares of a window's first */
  ck_assert_uint_eq (wg_plan_nnz (h), band + first + common + COMMON*items);
  wg_plan_free (h), wg_fun_free (f), wg_fun_free (body), free (x);
}
END_TEST

/* Outputs that are the items' own are done item by item, with the numbers of any other method; a row that has an operation after the map
 * sweeps all items, since a map is one operation: the estimate must know. */
START_TEST (rows_of_one_map)
{
  static survey s;
  double x[2*POINTS], one[4] = { 0, 0, 1, 1 };
  rp_random r = { 11 };
  wg_plan_info info;
  for (int i = 0; i < 2*POINTS; i++) x[i] = i + .1*sin (i);
  for (int k = 0; k < PAIRS; k++) s.from[k] = k % 3 ? (int) rp_below (&r, POINTS) : 0, s.to[k] = (int) (1 + rp_below (&r, 8)), s.d[k] = 1;
  s.body = wg_fun_record (model_distance, NULL, 4, 1, one);
  wg_fun *own = wg_fun_record (model_survey, &s, 2*POINTS, PAIRS, x);
  item_by_item (own, x);
  wg_fun_free (own);
  s.doubled = 1;
  wg_fun *f = wg_fun_record (model_survey, &s, 2*POINTS, PAIRS, x);
  wg_plan *plan = wg_plan_jacobian (f), *rows = wg_plan_jacobian_with (f, &(wg_plan_options){ .method = WG_PLAN_SUBGRAPH });
  ck_assert (plan && rows && !wg_plan_get_info (plan, &info));
  ck_assert_int_eq (info.method, WG_PLAN_COLUMNS);
  const double cost = info.cost;
  ck_assert (cost < 1 + 4*(double) info.sweeps);              /* a tangent sweep is 1.2 of f's items, and some inputs */
  ck_assert_int_eq (wg_plan_get_info (rows, &info), WG_OK);
  ck_assert_msg (info.cost > 1.4*PAIRS && cost < info.cost, "%g, %g", info.cost, cost);      /* 1.6, and the products are a tenth of the work */
  wg_plan_free (plan), wg_plan_free (rows), wg_fun_free (f), wg_fun_free ((wg_fun *) s.body);
  s.doubled = 0;
}
END_TEST

/* Blocks of items, some tiles and a part of one, through every kind of lanes: outputs in pairs and a last one alone, that are inputs,
 * numbers, data, or branch; inputs in another order than columns, rows that meet, and inputs that no output needs. */

enum { BLOCKS = 75, CELLS = 30, BLOCK_IN = 12, BLOCK_OUT = 5 };

typedef struct { const wg_fun *body; size_t outputs; int one[BLOCKS], two[BLOCKS]; double given[2*BLOCKS]; } blocks;

static void model_block (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  const size_t first = *(const size_t *) ctx;
  wg_var all[BLOCK_OUT + 2] = { x[0], x[1], x[2], x[3], x[4] };
  (void) n;
  all[0] = wg_add (wg_mul (wg_div (x[0], x[5]), wg_exp (wg_mul (x[3], x[10]))), wg_sqrt (wg_add (1.0, wg_sqr (wg_mul (x[8], x[1])))));
  all[1] = x[4];
  all[2] = wg_lt (x[2], 0.0) ? wg_mul (wg_sin (x[2]), x[6]) : wg_mul (x[2], wg_mul (x[2], x[9]));
  all[3] = wg_num (2.5);
  all[4] = x[11];                         /* data */
  for (size_t i = 0; i < m; i++) y[i] = all[(first + i) % BLOCK_OUT];
}

static void model_blocks (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  const blocks *b = ctx;
  (void) n, (void) m;
  wg_map (b->body, BLOCKS, 4, (wg_arg[]){ { .var = x + 3*CELLS, .width = 3, .stride = 3, .index = b->one },
                                          { .var = x, .width = 3, .stride = 3, .index = b->two },
                                          { .var = x + 6*CELLS, .width = 4 },          /* shared */
                                          { .data = b->given, .width = 2, .stride = 2 } }, y);
}

static void blocks_agree (wg_fun *f, const double x[], int by_columns)
{
  static const char *const lanes[] = { NULL, "avx512", "avx2", "baseline", "none" };
  static double value[2][BLOCKS*BLOCK_OUT*BLOCK_IN], y[2][BLOCKS*BLOCK_OUT];
  wg_plan *plan[2] = { wg_plan_jacobian_with (f, &(wg_plan_options){ .by_columns = by_columns, .method = WG_PLAN_SUBGRAPH }),
                       wg_plan_jacobian_with (f, &(wg_plan_options){ .by_columns = by_columns, .method = WG_PLAN_COLUMNS }) };
  ck_assert (plan[0] && plan[1] && wg_plan_nnz (plan[0]) == wg_plan_nnz (plan[1]));
  const size_t nnz = wg_plan_nnz (plan[0]);
  ck_assert_int_eq (wg_fun_set_lanes (f, "none"), WG_OK);
  ck_assert_int_eq (wg_sparse_jacobian (f, plan[1], x, y[1], value[1]), WG_OK);
  for (size_t i = 0; i < sizeof lanes/sizeof *lanes; i++)
    {
      if (wg_fun_set_lanes (f, lanes[i]) != WG_OK) continue;       /* the processor has none of these */
      for (int again = 0; again < 2; again++)
        {
          for (size_t k = 0; k < nnz; k++) value[0][k] = 77;
          ck_assert_int_eq (wg_sparse_jacobian (f, plan[0], x, y[0], value[0]), WG_OK);
          /* a few operations of functions within 4 ulp, on numbers of the order of 1 */
          for (size_t k = 0; k < wg_fun_m (f); k++) ck_assert_double_eq_tol (y[0][k], y[1][k], 64*DBL_EPSILON*(1 + fabs (y[1][k])));
          for (size_t k = 0; k < nnz; k++)
            ck_assert_double_eq_tol (value[0][k], value[1][k], 64*DBL_EPSILON*(1 + fabs (value[1][k])));
        }
    }
  ck_assert_int_eq (wg_fun_set_lanes (f, NULL), WG_OK);
  wg_plan_free (plan[0]), wg_plan_free (plan[1]);
}

START_TEST (blocks_of_items)
{
  static blocks b;
  static double x[6*CELLS + 4];
  double at[BLOCK_IN];
  rp_random r = { 77 };
  for (size_t i = 0; i < sizeof x/sizeof *x; i++) x[i] = .5 + .1*sin ((double) i);
  for (int i = 0; i < BLOCK_IN; i++) at[i] = .7 + i;
  for (int i = 0; i < 2*BLOCKS; i++) b.given[i] = 1 + .01*i;
  for (size_t outputs = 1; outputs <= BLOCK_OUT; outputs++)
    for (size_t first = 0; first < BLOCK_OUT; first++)
      for (int branches = 0; branches < 2; branches++)
        {
          for (int k = 0; k < BLOCKS; k++) b.one[k] = (int) rp_below (&r, CELLS), b.two[k] = (int) rp_below (&r, branches ? 2*CELLS : CELLS);
          for (int i = 0; i < CELLS; i++) x[3*CELLS + 3*i + 2] = branches && i % 3 == 0 ? -.5 : .75;
          b.body = wg_fun_record (model_block, &first, BLOCK_IN, outputs, at), b.outputs = outputs;
          wg_fun *f = wg_fun_record (model_blocks, &b, sizeof x/sizeof *x, BLOCKS*outputs, x);
          ck_assert (f != NULL);
          for (int by_columns = 0; by_columns < 2; by_columns++) blocks_agree (f, x, by_columns);
          wg_fun_free (f), wg_fun_free ((wg_fun *) b.body);
        }
}
END_TEST

/* A partial that is not finite is told, in each of a pair of rows, and spoils nothing later. */

static void model_root (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  y[0] = wg_sqrt (x[0]), y[1] = wg_mul (x[0], x[1]), y[2] = wg_sqrt (wg_mul (x[1], x[2]));
}

static void model_roots (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) m;
  wg_map (ctx, n/3, 1, (wg_arg[]){ { .var = x, .width = 3, .stride = 3 } }, y);
}

START_TEST (partials_that_do_not_exist)
{
  enum { ROOTS = 40 };
  double x[3*ROOTS], value[2][5*ROOTS], y[3*ROOTS];
  for (int i = 0; i < 3*ROOTS; i++) x[i] = 1 + .1*i;
  wg_fun *body = wg_fun_record (model_root, NULL, 3, 3, x), *f = wg_fun_record (model_roots, body, 3*ROOTS, 3*ROOTS, x);
  wg_plan *plan = wg_plan_jacobian (f);
  ck_assert_uint_eq (wg_plan_nnz (plan), 5*ROOTS);
  ck_assert_int_eq (wg_sparse_jacobian (f, plan, x, y, value[0]), WG_OK);
  for (int i = 0; i < 3*ROOTS; i++)
    {
      const double was = x[i];
      x[i] = 0;
      ck_assert_int_eq (wg_sparse_jacobian (f, plan, x, y, value[1]), WG_NONFINITE);
      ck_assert (!isfinite (value[1][5*(i/3) + (i % 3 == 0 ? 0 : i % 3 == 1 ? 4 : 3)]));
      x[i] = was;
      for (int k = 0; k < 5*ROOTS; k++) ck_assert (k/5 == i/3 || value[1][k] == value[0][k]);
    }
  ck_assert_int_eq (wg_sparse_jacobian (f, plan, x, y, value[1]), WG_OK);
  ck_assert_int_eq (memcmp (value[0], value[1], sizeof value[0]), 0);
  wg_plan_free (plan), wg_fun_free (f), wg_fun_free (body);
}
END_TEST

/* branches of bodies: the function's own trace stays the same */

static void model_choice (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  y[0] = wg_mul (x[0], wg_lt (x[0], 0.0) ? x[1] : x[2]);
}

typedef struct { const wg_fun *body; const int *index; size_t items; } choices;

static void model_choices (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  const choices *c = ctx;
  (void) n, (void) m;
  wg_map_sum (c->body, c->items, 1, (wg_arg[]){ { .var = x, .width = 3, .stride = 3, .index = c->index } }, y);
}

static void right_or_refused (wg_fun *f, wg_plan **plan, const double x[], int refused)
{
  double value[81], D[81];
  const double u = 1;
  ck_assert_int_eq (wg_sparse_hessian (f, *plan, x, NULL, NULL, NULL, value), refused ? WG_EPLAN : WG_OK);
  if (refused)
    {
      ck_assert_int_eq (wg_plan_extend (plan, f), WG_OK);
      ck_assert_int_eq (wg_sparse_hessian (f, *plan, x, NULL, NULL, NULL, value), WG_OK);
    }
  ck_assert_int_eq (dense_hessian (f, x, &u, D), WG_OK);
  ck_assert (agrees (*plan, 9, 9, 'L', value, D));
}

START_TEST (branches_of_bodies)
{
  const double low[9] = { -.5, 2, 3, -.25, 3, 1, -.5, 1, 2 }, mixed[9] = { -.5, 2, 3, .25, 3, 1, -.5, 1, 2 };
  wg_fun *body = wg_fun_record (model_choice, NULL, 3, 1, low);
  choices c = { body, NULL, 3 };
  wg_fun *f = wg_fun_record (model_choices, &c, 9, 1, low);
  wg_plan *plan = wg_plan_hessian (f, 'L');
  ck_assert_uint_eq (wg_plan_nnz (plan), 3);
  right_or_refused (f, &plan, low, 0);
  right_or_refused (f, &plan, mixed, 1);
  ck_assert_uint_eq (wg_plan_nnz (plan), 6);
  right_or_refused (f, &plan, low, 0);
  wg_plan_free (plan), wg_fun_free (f), wg_fun_free (body);
}
END_TEST

/* The same operations on other rows: the program's fingerprint is the same, the pattern is not. */
START_TEST (indices_that_change)
{
  const double x[9] = { -.5, 2, 3, -.25, 3, 1, -.5, 1, 2 };
  const int first[2] = { 0, 2 }, second[2] = { 1, 2 };
  wg_fun *body = wg_fun_record (model_choice, NULL, 3, 1, x);
  choices c = { body, first, 2 };
  wg_fun *f = wg_fun_record (model_choices, &c, 9, 1, (double[9]){ -1, 0 });
  wg_fun *there = wg_fun_record (model_choices, &(choices){ body, second, 2 }, 9, 1, (double[9]){ -1, 0 });
  wg_plan *plan = wg_plan_hessian (f, 'L');
  right_or_refused (f, &plan, x, 0);
  right_or_refused (there, &plan, x, 1);
  wg_plan_free (plan), wg_fun_free (f), wg_fun_free (there), wg_fun_free (body);
}
END_TEST

/* More rows bound than were there at first: all see the same variables. */

static void model_row (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  wg_var p = wg_param (x[0], 0, 1);
  (void) n, (void) m, (void) ctx;
  y[0] = wg_mul (wg_mul (p, x[0]), wg_add (wg_exp (x[1]), x[2]));
}

static void model_rows (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  static const double one = 2;
  (void) n, (void) m;
  wg_map_sum (ctx, 1, 2, (wg_arg[]){ { .var = x, .width = 3 }, { .slot = 1, .data = &one, .width = 1, .stride = 1 } }, y);
}

START_TEST (rows_that_are_bound)
{
  const double x[3] = { .5, .25, 2 }, u = 1;
  double value[6], D[9], rows[50];
  for (int i = 0; i < 50; i++) rows[i] = i - 7;
  wg_fun *body = wg_fun_record (model_row, NULL, 3, 1, x), *f = wg_fun_record (model_rows, body, 3, 1, x);
  wg_plan *plan = wg_plan_hessian (f, 'L');
  ck_assert_uint_eq (wg_plan_nnz (plan), 3);
  ck_assert_int_eq (wg_fun_bind (f, 1, 50, rows, NULL), WG_OK);
  ck_assert_int_eq (wg_sparse_hessian (f, plan, x, NULL, NULL, NULL, value), WG_OK);
  ck_assert_int_eq (dense_hessian (f, x, &u, D), WG_OK);
  ck_assert (agrees (plan, 3, 3, 'L', value, D));
  wg_plan_free (plan), wg_fun_free (f), wg_fun_free (body);
}
END_TEST

/* Many products with a Hessian are single ones to the last bit, and so is a dense one's upper triangle: where the list is mostly calls, which
 * are done one by one, and where it is not. */

enum { WAYS = 11, MANY = 40 };

typedef struct { const wg_fun *product, *rows; int index[MANY]; size_t plain; } mostly;

static void model_row_of_two (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  y[0] = wg_mul (wg_exp (wg_mul (x[0], x[1])), wg_sin (x[1]));
}

static void model_mostly (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  const mostly *c = ctx;
  wg_var sum, one;
  (void) m;
  wg_map_sum (c->rows, MANY, 1, (wg_arg[]){ { .var = x, .width = 2, .stride = 1, .index = c->index } }, &sum);
  wg_call (c->product, (wg_var[]){ wg_mul (x[0], x[n-1]), sum }, NULL, &one);
  for (size_t i = 0; i < c->plain; i++) one = wg_add (one, wg_mul (x[i % n], wg_sin (wg_mul (x[(i + 3) % n], .01*(double) i))));
  y[0] = one;
}

START_TEST (products_with_hessians)
{
  mostly c = { .plain = _i ? 200 : 1 };
  double x[WAYS], V[9*WAYS], HV[9*WAYS], H[WAYS*WAYS], D[WAYS*WAYS], one[WAYS], value[WAYS*WAYS], y, g[WAYS], gradient[WAYS], e[WAYS] = { 0 };
  for (int i = 0; i < MANY; i++) c.index[i] = 7*i % (WAYS - 1);
  for (int i = 0; i < WAYS; i++) x[i] = .3 + .05*i;
  for (int i = 0; i < 9*WAYS; i++) V[i] = sin (i + .5);
  wg_fun *row = wg_fun_record (model_row_of_two, NULL, 2, 1, x);
  c.rows = c.product = row;
  wg_fun *f = wg_fun_record (model_mostly, &c, WAYS, 1, x);
  for (int lanes = 0; lanes < 2; lanes++)
    {
      ck_assert_int_eq (wg_fun_set_lanes (f, lanes ? NULL : "none"), WG_OK);
      ck_assert_int_eq (wg_hvps (f, x, 9, V, &y, g, HV), WG_OK);
      ck_assert_int_eq (wg_gradient (f, x, NULL, gradient), WG_OK);
      ck_assert_int_eq (memcmp (g, gradient, sizeof g), 0);
      for (int k = 0; k < 9; k++)
        {
          ck_assert_int_eq (wg_hvp (f, x, V + k*WAYS, NULL, NULL, one), WG_OK);
          ck_assert_int_eq (memcmp (one, HV + k*WAYS, sizeof one), 0);
        }
      ck_assert_int_eq (wg_hessian (f, x, &y, g, H), WG_OK);
      ck_assert_int_eq (memcmp (g, gradient, sizeof g), 0);
      for (int j = 0; j < WAYS; j++)
        {
          e[j] = 1;
          ck_assert_int_eq (wg_hvp (f, x, e, NULL, NULL, one), WG_OK);
          e[j] = 0;
          ck_assert_int_eq (memcmp (one + j, H + j*WAYS + j, (size_t) (WAYS - j)*sizeof *one), 0);
        }
      ck_assert_int_eq (dense_hessian (f, x, &(double){ 1 }, D), WG_OK);
      for (int method = WG_PLAN_AUTO; method <= WG_PLAN_ACYCLIC; method++)
        {
          wg_plan *plan = wg_plan_hessian_with (f, 'L', &(wg_plan_options){ .method = method });
          if (!plan) continue;                   /* one for Jacobians */
          for (int again = 0; again < 2; again++)
            {
              ck_assert_int_eq (wg_sparse_hessian (f, plan, x, NULL, &y, g, value), WG_OK);
              ck_assert (agrees (plan, WAYS, WAYS, 'L', value, D));
              ck_assert_int_eq (memcmp (g, gradient, sizeof g), 0);
            }
          wg_plan_free (plan);
        }
    }
  wg_fun_free (f), wg_fun_free (row);
}
END_TEST

int main (void)
{
  Suite *s = suite_create ("sparse maps");
  TCase *laws = tcase_create ("laws"), *known = tcase_create ("known");
  tcase_set_timeout (laws, 300), tcase_set_timeout (known, 100);
  tcase_add_loop_test (laws, random_maps, 1, 4);
  tcase_add_test (known, gathered_pairs);
  tcase_add_test (known, rows_of_one_map);
  tcase_add_test (known, blocks_of_items);
  tcase_add_test (known, partials_that_do_not_exist);
  tcase_add_loop_test (known, windows_and_common, 0, 2);
  tcase_add_test (known, branches_of_bodies);
  tcase_add_test (known, indices_that_change);
  tcase_add_test (known, rows_that_are_bound);
  tcase_add_loop_test (known, products_with_hessians, 0, 2);
  suite_add_tcase (s, laws), suite_add_tcase (s, known);
  return run_suite (s);
}
