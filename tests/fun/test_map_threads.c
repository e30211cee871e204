/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Maps on threads of their handle: the same bits as one thread gives, whatever items share, see of their own, collide in or branch on, and
 * models stay on the caller's thread.
 * To be run under the thread sanitizer too: ./configure --enable-sanitize=thread.
 */
#include "map_threads.h"
#include "runner.h"

/* loops within, and their branches */

static void inner (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  wg_var p;
  (void) n, (void) m;
  seen (ctx);
  p = wg_param (x[0], 0, .5);
  y[0] = wg_tanh (wg_mul (wg_add (x[0], p), x[1]));
  if (((witness *) ctx)->branching && wg_lt (x[1], .25)) y[0] = wg_sub (y[0], wg_exp (x[0]));
}

static void nested (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  static const int other[3] = { 5, 3, 5 };
  static const double rows[3] = { 1, -2.3, 3.1 };
  wg_var p[PARAMS], t[3], z;
  (void) n, (void) m;
  seen (ctx);
  wg_params (x[0], 0, PARAMS, data, p);
  const wg_fun *in = ((witness *) ctx)->in;
  wg_map (in, 3, 3, (wg_arg[]){ { .var = x, .width = 1, .stride = 1, .index = other }, { .var = x + 4, .width = 1 },
                                { .data = rows, .width = 1, .stride = 1, .slot = 9 } }, t);
  wg_map_sum (in, 2, 2, (wg_arg[]){ { .var = x, .width = 1, .stride = 1 }, { .var = x + 2, .width = 1 } }, &z);
  y[0] = wg_add (wg_mul (t[0], t[1]), wg_mul (z, p[1]));
  y[1] = wg_sub (wg_mul (t[2], p[0]), wg_sqr (z));
}

enum { FEW = 1500, KINDS = 5 };

static wg_model *const bodies[] = { smooth, smooth, nested, nested, scanning };

/* Of new functions each time, whose other courses are found by the first call; then once more, when they are known. */
START_TEST (the_same_bits)
{
  const int kind = _i%KINDS, sum = _i/KINDS%3;
  const size_t items = _i/KINDS/3 ? ITEMS : FEW;
  numbers one[2];
  for (size_t k = 0; k < sizeof crews/sizeof *crews; k++)
    {
      witness w = { .branching = kind % 2, .scale = 1, .home = pthread_self () };
      loop c = { .items = items, .sum = sum };
      wg_fun *body, *in = kind < 2 ? NULL : kind < 4 ? agree_record (inner, &w, 2, 1, (double[]){ 1, 2 })
                                                    : agree_record (step, NULL, 2, 1, (double[]){ 1, 2 });
      w.in = in;
      wg_fun *f = threaded (bodies[kind], &w, &c, crews[k], &body);
      for (int s = 0; s < 2; s++)
        {
          double *x = point (inputs (items), 1.5*s);
          numbers now = all_of (f, x), again = all_of (f, x);
          same ("again", &again, &now);
          if (!k) one[s] = now;
          else same ("", &now, &one[s]), free (now.v);
          free (again.v), free (x);
        }
      ck_assert_int_eq (w.elsewhere, 0);
      if (kind == 1) ck_assert_int_gt (w.runs, 4);
      wg_fun_free (f), wg_fun_free (body), wg_fun_free (in);
    }
  free (one[0].v), free (one[1].v);
}
END_TEST

/* Data and indices bound, parameters changed, lanes changed, traces dropped, a clone: the crew follows. */
START_TEST (the_crew_follows)
{
  witness w = { .branching = 1, .scale = 1 };
  loop c = { .items = ITEMS, .sum = 1 };
  wg_fun *body, *f = threaded (smooth, &w, &c, 1, &body), *g = wg_fun_clone (f);
  int *other = malloc (MOST_ITEMS*sizeof *other);
  double *x = point (inputs (ITEMS), .3);
  ck_assert (g && other);
  FINE (wg_fun_set_threads (g, 3));
  for (size_t i = 0; i < MOST_ITEMS; i++) other[i] = (int) (i*13 % 1000);
  for (int round = 0; round < 6; round++)
    {
      for (int s = 0; s < 2; s++)
        {
          wg_fun *h = s ? g : f;
          if (round == 1) FINE (wg_fun_bind (h, 7, ITEMS, data + 30, NULL));
          if (round == 2) FINE (wg_fun_bind (h, 7, ITEMS, data, other));
          if (round == 3) FINE (wg_fun_set_lanes (h, "baseline"));
          if (round == 4) FINE (wg_fun_set_lanes (h, NULL));
        }
      if (round == 5) w.scale = -.5, FINE (wg_fun_invalidate (body));
      wg_fun *clone = wg_fun_clone (g);
      numbers a = all_of (f, x), b = all_of (g, x), d = all_of (clone, x);
      same ("threads", &b, &a), same ("clone", &d, &a);
      free (a.v), free (b.v), free (d.v);
      wg_fun_free (clone);
    }
  FINE (wg_fun_set_threads (g, 2));
  numbers a = all_of (f, x), b = all_of (g, x);
  same ("fewer threads", &b, &a);
  free (a.v), free (b.v), free (x), free (other);
  wg_fun_free (f), wg_fun_free (g), wg_fun_free (body);
}
END_TEST

/* Where lanes and single items differ about a branch, by the last bit of an exponential, the trace at hand decides: that of the
 * chunk's first item, not what a thread happens to have done before. */

static void exponential (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  y[0] = wg_exp (x[0]);
}

static void edge (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  y[0] = wg_lt (wg_exp (x[0]), x[1]) ? wg_sin (x[0]) : wg_cos (x[1]);
  for (int i = 0; i < 40; i++) y[0] = wg_add (wg_mul (y[0], .75), x[0]);
}

typedef struct { const wg_fun *body; size_t items, width; } row_loop;

static void rows_model (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  const row_loop *r = ctx;
  (void) n, (void) m;
  wg_map (r->body, r->items, 1, (wg_arg[]){ { .var = x, .width = r->width, .stride = r->width } }, y);
}

START_TEST (edges)
{
  enum { TRIES = 4096, CHUNK = 160 };
  double *x = point (2*ITEMS, 0), *z = point (TRIES, 0), *y = calloc (ITEMS + TRIES, sizeof *y), *one = calloc (ITEMS, sizeof *one);
  ck_assert (y && one);
  wg_fun *e = agree_record (exponential, NULL, 1, 1, z), *body = agree_record (edge, NULL, 2, 1, (double[]){ 0, 2 });
  wg_fun *all = agree_record (rows_model, &(row_loop){ e, TRIES, 1 }, TRIES, TRIES, z);
  FINE (wg_eval (all, z, y));
  size_t found = 0;
  while (found < TRIES && !(y[found] < exp (z[found]))) found++;
  for (size_t k = 0; k < ITEMS && found < TRIES; k++)                    /* chunks begin at the edge and end on some side of it */
    x[2*k] = z[found], x[2*k + 1] = k % CHUNK < CHUNK - 32 ? exp (z[found]) : k/CHUNK % 3 ? 100 : -100;
  wg_fun *f = agree_record (rows_model, &(row_loop){ body, ITEMS, 2 }, 2*ITEMS, ITEMS, x);
  for (size_t k = 0; k < sizeof crews/sizeof *crews; k++)
    for (int round = 0; round < 5; round++)
      {
        FINE (wg_fun_set_threads (f, crews[k]));
        FINE (wg_eval (f, x, k || round ? y : one));
        if (k || round) same ("edge", &(numbers){ ITEMS, y }, &(numbers){ ITEMS, one });
      }
  wg_fun_free (f), wg_fun_free (all), wg_fun_free (e), wg_fun_free (body);
  free (x), free (y), free (z), free (one);
}
END_TEST

/* Rows of a loop within the body, bound before the crew is made and behind. */
START_TEST (inner_rows_are_bound)
{
  static const double rows[2][3] = { { 2, .5, -1.25 }, { 0, 3, .125 } };
  witness w = { .branching = 1, .scale = 1 };
  loop c = { .items = ITEMS, .sum = 1 };
  wg_fun *in = agree_record (inner, &w, 2, 1, (double[]){ 1, 2 });
  w.in = in;
  wg_fun *body, *f = threaded (nested, &w, &c, 1, &body), *g = wg_fun_clone (f);
  double *x = point (inputs (ITEMS), .3);
  FINE (wg_fun_set_threads (g, 3));
  for (int i = 0; i < 4; i++)
    {
      FINE (wg_fun_bind (f, 9, 3, rows[i % 2], NULL));
      FINE (wg_fun_bind (g, 9, 3, rows[i % 2], NULL));
      numbers a = all_of (f, x), b = all_of (g, x);
      same ("inner rows", &b, &a);
      free (a.v), free (b.v);
    }
  wg_fun_free (f), wg_fun_free (g), wg_fun_free (body), wg_fun_free (in);
  free (x);
}
END_TEST

/* A sum over more items, whose chunks are the longest, as a loop that is rolled, and its derivatives as functions. */

static void plain_loop (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) m, (void) ctx;
  y[0] = wg_num (0);
  for (size_t i = 0; i + 1 < n; i++)
    {
      const wg_var z = wg_mul (wg_sub (x[i + 1], wg_sqr (x[i])), data[i]);
      y[0] = wg_add (y[0], wg_exp (wg_sin (wg_mul (z, x[(size_t) pick[i]]))));
    }
}

START_TEST (rolled_and_derived)
{
  enum { N = 20000 };
  numbers one[2];
  double *x = point (2*N, 0);
  const int was = wg_set_rolling (1);
  for (size_t k = 0; k < sizeof crews/sizeof *crews; k++)
    {
      wg_fun *f = agree_record (plain_loop, NULL, N, 1, x);
      FINE (wg_fun_set_threads (f, crews[k]));
      wg_fun *g = wg_fun_gradient (f);
      ck_assert (g != NULL);
      for (int s = 0; s < 2; s++)
        {
          numbers now = all_of (s ? g : f, x);
          if (!k) one[s] = now;
          else same (s ? "gradient" : "rolled", &now, &one[s]), free (now.v);
        }
      wg_fun_free (g), wg_fun_free (f);
    }
  wg_set_rolling (was);
  free (one[0].v), free (one[1].v), free (x);
}
END_TEST

START_TEST (long_chunks)
{
  const size_t n = inputs (MOST_ITEMS);
  witness w = { .branching = 1, .scale = 1 };
  double *x = point (n, 0), *g = calloc (4*n, sizeof *g), y[2];
  ck_assert (g != NULL);
  for (int k = 0; k < 2; k++)
    {
      loop c = { .items = MOST_ITEMS, .sum = 1 };
      wg_fun *body, *f = threaded (smooth, &w, &c, k ? 3 : 1, &body);
      FINE (wg_hvp (f, x, x, &y[k], g + 2*n*(size_t) k, g + 2*n*(size_t) k + n));
      wg_fun_free (f), wg_fun_free (body);
    }
  same ("", &(numbers){ 2*n, g + 2*n }, &(numbers){ 2*n, g });
  same ("value", &(numbers){ 1, y + 1 }, &(numbers){ 1, y });
  free (g), free (x);
}
END_TEST

/* Jacobians of items: each entry one number's, or sums of several. */
START_TEST (sparse_jacobians)
{
  witness w = { .branching = _i, .scale = 1 };
  numbers one = { 0, NULL };
  double *x = point (inputs (ITEMS), 0);
  for (size_t k = 0; k < sizeof crews/sizeof *crews; k++)
    {
      loop c = { .items = ITEMS };
      wg_fun *body, *f = threaded (smooth, &w, &c, crews[k], &body);
      wg_plan *plan = wg_plan_jacobian (f);
      ck_assert (plan != NULL);
      numbers now = { 0, NULL };
      for (int round = 0; round < 2; round++)
        {
          double *y = more (&now, wg_fun_m (f) + wg_plan_nnz (plan));
          FINE (wg_sparse_jacobian (f, plan, x, y, y + wg_fun_m (f)));
        }
      if (!k) one = now;
      else same ("", &now, &one), free (now.v);
      wg_plan_free (plan), wg_fun_free (f), wg_fun_free (body);
    }
  free (one.v), free (x);
}
END_TEST

int main (void)
{
  Suite *s = suite_create ("threads of maps");
  TCase *laws = group (s, "laws"), *more_laws = group (s, "more laws");
  tcase_add_loop_test (laws, the_same_bits, 0, KINDS*3*2);
  tcase_add_test (more_laws, the_crew_follows);
  tcase_add_test (more_laws, edges);
  tcase_add_test (more_laws, inner_rows_are_bound);
  tcase_add_test (more_laws, rolled_and_derived);
  tcase_add_test (more_laws, long_chunks);
  tcase_add_loop_test (more_laws, sparse_jacobians, 0, 2);
  return run_suite (s);
}
