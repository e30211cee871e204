/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Maps on threads of their handle: the same bits as one thread gives, the same statuses and messages, whatever items share, see of their
 * own, collide in or branch on; and models stay on the caller's thread.
 * To be run under the thread sanitizer too: ./configure --enable-sanitize=thread.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agree.h"
#include "runner.h"

enum { SHARED = 3, ROW = 2, PARAMS = 3, OUTPUTS = 2, FEW = 1500, ITEMS = 4500, MOST_ITEMS = 70000, SOME = 5 };

static double *data;               /* MOST_ITEMS x PARAMS */
static int *pick;                  /* MOST_ITEMS: many items have the same */

static void fill (void)
{
  data = malloc (MOST_ITEMS*PARAMS*sizeof *data), pick = malloc (MOST_ITEMS*sizeof *pick);
  ck_assert (data && pick);
  for (size_t i = 0; i < MOST_ITEMS*PARAMS; i++) data[i] = cos ((double) (i*i)*.37);
  for (size_t i = 0; i < MOST_ITEMS; i++) pick[i] = (int) (i*i*7 % 41);
}

static void empty (void)
{
  free (data), free (pick);
}

/* bodies: what is shared, two of a window, one that is gathered; a row of data as parameters */

typedef struct { atomic_int elsewhere, runs; pthread_t home; const wg_fun *in; int branching, fails; double scale; } witness;

/* Models run at home. */
static void seen (witness *w)
{
  atomic_fetch_add (&w->runs, 1);
  if (!pthread_equal (w->home, pthread_self ())) atomic_fetch_add (&w->elsewhere, 1);
}

static void smooth (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  witness *w = ctx;
  wg_var p[PARAMS], z, s;
  (void) n, (void) m;
  seen (w);
  wg_params (x[0], 0, PARAMS, data, p);
  z = wg_add (wg_tanh (wg_mul (x[0], p[0])), wg_exp (wg_sin (wg_mul (x[3], x[1]))));
  s = wg_add (x[4], wg_mul (w->scale, p[1]));
  if (!w->branching) z = wg_mul (z, wg_cos (s));
  else
    for (int i = 0; i < 4; i++)           /* many courses, most of them rare */
      z = wg_lt (s, .45*(double) i - .9) ? wg_add (z, wg_mul (s, wg_atan (z))) : wg_mul (z, wg_cos (wg_add (x[5], (double) i)));
  for (int i = 0; i < 30; i++) z = wg_add (wg_mul (z, .75), wg_mul (p[i % 3], s));      /* worth waking threads */
  y[0] = wg_add (z, wg_softplus (wg_sub (x[5], p[2])));
  y[1] = wg_hypot (wg_erf (x[2]), wg_atan (wg_add (x[5], wg_pow (wg_add (2.0, wg_abs (x[3])), 1.5))));
}

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

/* A step that runs over the row, with states to keep. */
static void step (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  y[0] = wg_add (wg_sin (x[0]), wg_mul (.3, x[1]));
}

static void scanning (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m;
  wg_params (x[0], 0, PARAMS, data, (wg_var[PARAMS]){ { 0, 0, 0 } });
  wg_scan (((witness *) ctx)->in, 6, 1, x + 4, 1, (wg_arg[]){ { .var = x, .width = 1, .stride = 1 } }, y, NULL);
  y[1] = wg_mul (y[0], x[3]);
}

/* Fails where the row says so, and tells which row. */
static int picky (size_t n, const double x[], size_t m, double y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  y[0] = sin (x[0]);
  return x[0] > 1000;
}

static int picky_vjp (size_t n, const double x[], size_t m, const double u[], double uj[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  uj[0] = cos (x[0])*u[0];
  return 0;
}

static const wg_rules rules = { .name = "picky", .eval = picky, .vjp = picky_vjp };

static void failing (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  smooth (n, x, m, y, ctx);
  if (wg_lt (x[4], 999.0)) return;
  if (wg_lt (x[4], 1001.0)) wg_raise (x[4], "a course that does not exist");
  wg_call_custom (&rules, NULL, 1, x + 4, 1, y);
}

/* the loop, its sum or its rows, among other operations */

typedef struct { const wg_fun *body; size_t items; int sum; } loop;

static void loop_model (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  const loop *c = ctx;
  const wg_arg args[] = { { .var = x, .width = SHARED }, { .var = x + SHARED, .width = ROW, .stride = 1 },
                          { .var = x + 1, .width = 1, .stride = 1, .index = pick },
                          { .data = data, .width = PARAMS, .stride = PARAMS, .slot = 7 } };
  (void) n;
  if (c->sum)
    {
      wg_var t[OUTPUTS];
      wg_map_sum (c->body, c->items, 4, args, t);
      y[0] = wg_mul (t[0], wg_log1p (wg_sqr (t[1])));
      if (m > 1) y[1] = wg_mul (t[1], x[0]);
    }
  else wg_map (c->body, c->items, 4, args, y);
}

static size_t inputs (size_t items) { return SHARED + items + 1; }

static double *point (size_t n, double phase)
{
  double *x = malloc (n*sizeof *x);
  ck_assert (x != NULL);
  for (size_t i = 0; i < n; i++) x[i] = sin (1.7*(double) i + phase);
  return x;
}

/* everything that a function gives at a point */

typedef struct { size_t count; double *v; } numbers;

static double *more (numbers *a, size_t count)
{
  a->v = realloc (a->v, (a->count + count)*sizeof *a->v);
  ck_assert (a->v != NULL);
  a->count += count;
  for (size_t i = a->count - count; i < a->count; i++) a->v[i] = 7;
  return a->v + a->count - count;
}

#define FINE(call) ck_assert_msg ((call) == WG_OK, "%s: %s", #call, wg_last_error ())

static numbers all_of (wg_fun *f, const double x[])
{
  const size_t n = wg_fun_n (f), m = wg_fun_m (f);
  double *v = point (n*3, .25), *u = point (m, .75), *y, *g;
  numbers a = { 0, NULL };
  y = more (&a, m + n), FINE (wg_vjp (f, x, u, y, y + m));
  y = more (&a, m), FINE (wg_eval (f, x, y));
  y = more (&a, m + n), FINE (wg_vjp (f, x, u, y, y + m));
  y = more (&a, m + m), FINE (wg_jvp (f, x, v, y, y + m));
  y = more (&a, m + n + n), FINE (wg_hvp_weighted (f, x, u, v, y, y + m, y + m + n));
  if (m == 1) y = more (&a, 1 + n + 3*n), FINE (wg_hvps (f, x, 3, v, y, y + 1, y + 1 + n));
  g = more (&a, n), FINE (wg_vjp (f, x, u, NULL, g));
  free (v), free (u);
  return a;
}

static void same (const char *what, const numbers *a, const numbers *b)
{
  ck_assert_uint_eq (a->count, b->count);
  for (size_t i = 0; i < a->count; i++)
    ck_assert_msg (memcmp (&a->v[i], &b->v[i], sizeof *a->v) == 0, "%s: number %zu of %zu is %.17g, on one thread %.17g",
                   what, i, a->count, a->v[i], b->v[i]);
}

static wg_fun *threaded (wg_model *body, witness *w, loop *c, int threads, wg_fun **own)
{
  const size_t n = inputs (c->items);
  double *x = point (n, 0);
  w->home = pthread_self ();
  *own = agree_record (body, w, SHARED + ROW + 1, OUTPUTS, (double[]){ .1, .2, .3, .4, .5, .6 });
  c->body = *own;
  wg_fun *f = agree_record (loop_model, c, n, c->sum ? (size_t) c->sum : c->items*OUTPUTS, x);
  FINE (wg_fun_set_threads (f, threads));
  free (x);
  return f;
}

static const int crews[] = { 1, 2, 3, 8 };
static wg_model *const bodies[] = { smooth, smooth, nested, nested, scanning };

/* Of new functions each time, whose other courses are found by the first call; then once more, when they are known. */
START_TEST (the_same_bits)
{
  const int kind = _i%SOME, sum = _i/SOME%3;
  const size_t items = _i/SOME/3 ? ITEMS : FEW;
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

/* Batches: each driver, with branches that are found on the way, items that are not finite, and one that is an error. */

static void one_output (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  wg_var t[OUTPUTS];
  (void) m;
  failing (n, x, OUTPUTS, t, ctx);
  y[0] = wg_mul (t[0], t[1]);
}

static void batches (wg_fun *f, wg_fun *g, size_t count, const double X[], const double P[], int what, numbers *a)
{
  const size_t n = wg_fun_n (f), m = wg_fun_m (f);
  for (int driver = 0; driver < 5; driver++)
    {
      double *y = more (a, count*(m + m*n + n) + 2), *G = y + count*m, *H = G + count*m*n, *told = H + count*n;
      const size_t ldp = P ? PARAMS : 0;
      int rc = 0;
      switch (driver)
        {
        case 0: rc = wg_eval_batch (f, count, X, n, P, ldp, y); break;
        case 1: rc = wg_gradient_batch (g, count, X, n, P, ldp, y, G); break;
        case 2: rc = wg_hvp_batch (g, count, X, n, P, ldp, X + 3, n, y, G, H); break;
        case 3: rc = wg_jacobian_batch (f, count, X, n, P, ldp, y, G); break;
        case 4: rc = wg_jacobian_batch (g, count, X, n, P, ldp, y, NULL); break;
        }
      wg_fun_info info;
      FINE (wg_fun_get_info (driver == 0 || driver == 3 ? f : g, &info));
      told[0] = rc, told[1] = (double) info.batch_done;
      ck_assert_int_eq (rc, what == 0 ? WG_OK : what == 1 ? WG_NONFINITE : WG_EMODEL);
      ck_assert_uint_eq (info.batch_done, what == 2 ? 1777 : count);
    }
}

START_TEST (batches_too)
{
  enum { COUNT = 3000, N = SHARED + ROW + 1 };
  numbers one = { 0, NULL };
  double *X = point ((COUNT + 1)*N, .4);
  if (_i == 1) X[N*700 + 5] = INFINITY, X[N*2900] = NAN, X[N*64 + 4] = NAN;
  if (_i == 2) X[N*1777 + 4] = 1000, X[N*2500 + 4] = 2000;
  for (size_t k = 0; k < sizeof crews/sizeof *crews; k++)
    {
      witness w = { .branching = 1, .scale = 1, .home = pthread_self () };
      wg_fun *f = agree_record (failing, &w, N, OUTPUTS, X), *g = agree_record (one_output, &w, N, 1, X);
      numbers now = { 0, NULL };
      FINE (wg_fun_set_threads (f, crews[k]));
      FINE (wg_fun_set_threads (g, crews[k]));
      for (int round = 0; round < 3; round++) batches (f, g, COUNT, X, round < 2 ? data : NULL, _i, &now);
      if (!k) one = now;
      else same ("", &now, &one), free (now.v);
      ck_assert_int_eq (w.elsewhere, 0);
      wg_fun_free (f), wg_fun_free (g);
    }
  free (one.v), free (X);
}
END_TEST

/* Errors, of a model and of a callback, in several chunks: the first one's status and words, nothing written; then all is well again. */
START_TEST (errors_are_the_first)
{
  static const struct { size_t item; double value; } bad[2][3] = { { { 3000, 2000 }, { 1500, 1000 }, { 4400, 1000 } },
                                                                   { { 3000, 1000 }, { 1500, 2000 }, { 200, 3000 } } };
  char text[2][256];
  int rc[2];
  double *x = point (inputs (ITEMS), 0), *g = point (inputs (ITEMS), 0), y = 7;
  for (size_t k = 0; k < sizeof crews/sizeof *crews; k++)
    {
      witness w = { .branching = 1, .scale = 1 };
      loop c = { .items = ITEMS, .sum = 1 };
      wg_fun *body, *f = threaded (failing, &w, &c, crews[k], &body);
      numbers before = all_of (f, x);
      for (int s = 0; s < 2; s++)
        {
          double *z = point (inputs (ITEMS), 0);
          for (int i = 0; i < 3; i++) z[SHARED + bad[s][i].item] = bad[s][i].value;
          g[0] = 7;
          const int now = wg_gradient (f, z, &y, g);
          ck_assert (now == WG_EMODEL && y == 7 && g[0] == 7);
          if (!k) rc[s] = now, snprintf (text[s], sizeof text[s], "%s", wg_last_error ());
          ck_assert_int_eq (now, rc[s]);
          ck_assert_str_eq (wg_last_error (), text[s]);
          numbers after = all_of (f, x);
          same ("after an error", &after, &before);
          free (after.v), free (z);
        }
      free (before.v);
      ck_assert_int_eq (w.elsewhere, 0);
      wg_fun_free (f), wg_fun_free (body);
    }
  free (x), free (g);
}
END_TEST

/* What a callback inside says shows up as a notice where it spoils results; counters of scans are those of one thread. */
START_TEST (notices_and_counters)
{
  wg_scan_info one = { 0 };
  double *x = point (inputs (ITEMS), 0), *g = point (inputs (ITEMS), 0), y;
  for (size_t k = 0; k < sizeof crews/sizeof *crews; k++)
    {
      witness w = { .scale = 1 };
      loop c = { .items = ITEMS, .sum = 1 };
      wg_fun *body, *in = agree_record (step, NULL, 2, 1, (double[]){ 1, 2 });
      w.in = in;
      wg_fun *f = threaded (scanning, &w, &c, crews[k], &body);
      FINE (wg_fun_set_checkpoints (f, 40));
      FINE (wg_gradient (f, x, &y, g));
      wg_scan_info now;
      FINE (wg_fun_get_scan_info (f, &now));
      if (!k) one = now;
      ck_assert (now.limit == 40 && now.reversed == one.reversed && now.again == one.again && now.states == one.states);
      ck_assert_uint_gt (now.reversed, 0);
      x[SHARED + 2000] = INFINITY;
      ck_assert_int_eq (wg_gradient (f, x, &y, g), WG_NONFINITE);
      x[SHARED + 2000] = 0;
      wg_fun_free (f), wg_fun_free (body), wg_fun_free (in);
    }
  free (x), free (g);
}
END_TEST

/* Several users, each with a clone and threads of its own. */

typedef struct { wg_fun *f; const double *x; numbers out; } user;

static void *work (void *of)
{
  user *u = of;
  for (int i = 0; i < 3; i++)
    {
      free (u->out.v);
      u->out = all_of (u->f, u->x);
    }
  return NULL;
}

START_TEST (several_users)
{
  enum { USERS = 3 };
  witness w = { .branching = 1, .scale = 1 };
  loop c = { .items = ITEMS, .sum = 1 };
  double *x = point (inputs (ITEMS), .1);
  wg_fun *body, *f = threaded (smooth, &w, &c, 2, &body);
  user u[USERS];
  pthread_t thread[USERS];
  for (int i = 0; i < USERS; i++)
    {
      u[i] = (user){ .f = wg_fun_clone (f), .x = x };
      ck_assert (u[i].f && !pthread_create (&thread[i], NULL, work, &u[i]));
    }
  for (int i = 0; i < USERS; i++) pthread_join (thread[i], NULL);
  FINE (wg_fun_set_threads (f, 1));
  numbers one = all_of (f, x);
  for (int i = 0; i < USERS; i++) same ("user", &u[i].out, &one), free (u[i].out.v), wg_fun_free (u[i].f);
  free (one.v), free (x);
  wg_fun_free (f), wg_fun_free (body);
}
END_TEST

/* Others do take part: a callback sees other threads than the caller's. */

static pthread_t caller;
static atomic_int others;

static int watching (size_t n, const double x[], size_t m, double y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  y[0] = sin (x[0]);
  if (!pthread_equal (caller, pthread_self ())) atomic_fetch_add (&others, 1);
  return 0;
}

static void watched (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  static const wg_rules watch = { .name = "watch", .eval = watching, .vjp = picky_vjp };
  smooth (n, x, m, y, ctx);
  wg_call_custom (&watch, NULL, 1, x + 4, 1, y);
}

START_TEST (workers_work)
{
  witness w = { .scale = 1 };
  loop c = { .items = ITEMS, .sum = 1 };
  double *x = point (inputs (ITEMS), .1), y;
  wg_fun *body, *f = threaded (watched, &w, &c, 2, &body);
  caller = pthread_self ();
  for (int i = 0; i < 1000 && !others; i++) FINE (wg_eval (f, x, &y));
  ck_assert_int_gt (others, 0);
  others = 0;
  FINE (wg_fun_set_threads (f, 1));
  for (int i = 0; i < 10; i++) FINE (wg_eval (f, x, &y));
  ck_assert_int_eq (others, 0);
  free (x);
  wg_fun_free (f), wg_fun_free (body);
}
END_TEST

/* A body whose model needs itself, through a function with threads: refused, not waited for. */

static wg_fun *itself;

static void vicious (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  smooth (n, x, m, y, ctx);
  if (wg_lt (x[4], 999.0)) return;
  double *z = point (wg_fun_n (itself), 0), value;
  for (size_t i = 0; i < ITEMS; i++) z[SHARED + i] = i % 2 ? 1000 : 0;
  const int rc = wg_eval (itself, z, &value);
  free (z);
  if (rc) wg_raise (x[4], wg_strerror (rc));
}

START_TEST (models_that_need_themselves)
{
  witness w = { .scale = 1 };
  loop c = { .items = ITEMS, .sum = 1 };
  double *x = point (inputs (ITEMS), .1), y;
  wg_fun *body, *f = threaded (vicious, &w, &c, 3, &body);
  itself = wg_fun_clone (f);
  x[SHARED + 100] = 1000;
  ck_assert_int_eq (wg_eval (f, x, &y), WG_EMODEL);
  ck_assert_msg (strstr (wg_last_error (), wg_strerror (WG_EBUSY)) != NULL, "%s", wg_last_error ());
  free (x);
  wg_fun_free (itself), wg_fun_free (f), wg_fun_free (body);
}
END_TEST

START_TEST (children)
{
  witness w = { .branching = 1, .scale = 1 };
  loop c = { .items = ITEMS, .sum = 1 };
  double *x = point (inputs (ITEMS), .1);
  wg_fun *body, *f = threaded (smooth, &w, &c, 3, &body);
  numbers one = all_of (f, x);
  const pid_t child = fork ();
  ck_assert_int_ne (child, -1);
  if (!child)
    {
      numbers now = all_of (f, x);
      const int bad = memcmp (now.v, one.v, one.count*sizeof *one.v) != 0;
#ifndef __SANITIZE_THREAD__                       /* it has no threads in children */
      FINE (wg_fun_set_threads (f, 3));
#endif
      numbers again = all_of (f, x);
      const int worse = memcmp (again.v, one.v, one.count*sizeof *one.v) != 0;
      wg_fun_free (f), wg_fun_free (body);
      _exit (bad + 2*worse);
    }
  int status;
  ck_assert_int_eq (waitpid (child, &status, 0), child);
  ck_assert (WIFEXITED (status) && WEXITSTATUS (status) == 0);
  free (one.v), free (x);
  wg_fun_free (f), wg_fun_free (body);
}
END_TEST

START_TEST (refusals)
{
  witness w = { .scale = 1 };
  loop c = { .items = 50, .sum = 1 };
  wg_fun *body, *f = threaded (smooth, &w, &c, 1024, &body);
  ck_assert_int_eq (wg_fun_set_threads (NULL, 1), WG_EINVAL);
  ck_assert_int_eq (wg_fun_set_threads (f, 0), WG_EINVAL);
  ck_assert_int_eq (wg_fun_set_threads (f, -3), WG_EINVAL);
  ck_assert_int_eq (wg_fun_set_threads (f, 1025), WG_EINVAL);
  ck_assert_int_eq (wg_fun_status (f), WG_EINVAL);
  wg_fun_free (f), wg_fun_free (body);
}
END_TEST

static TCase *group (Suite *s, const char *name)
{
  TCase *t = tcase_create (name);
  tcase_add_unchecked_fixture (t, fill, empty);
  tcase_set_timeout (t, 300);
  suite_add_tcase (s, t);
  return t;
}

int main (void)
{
  Suite *s = suite_create ("threads of maps");
  TCase *laws = group (s, "laws"), *more_laws = group (s, "more laws"), *errors = group (s, "errors"), *threads = group (s, "threads");
  tcase_add_loop_test (laws, the_same_bits, 0, SOME*3*2);
  tcase_add_test (more_laws, the_crew_follows);
  tcase_add_test (more_laws, edges);
  tcase_add_test (more_laws, inner_rows_are_bound);
  tcase_add_test (more_laws, rolled_and_derived);
  tcase_add_test (more_laws, long_chunks);
  tcase_add_loop_test (more_laws, sparse_jacobians, 0, 2);
  tcase_add_loop_test (more_laws, batches_too, 0, 3);
  tcase_add_test (errors, errors_are_the_first);
  tcase_add_test (errors, notices_and_counters);
  tcase_add_test (errors, models_that_need_themselves);
  tcase_add_test (errors, refusals);
  tcase_add_test (threads, several_users);
  tcase_add_test (threads, workers_work);
  tcase_add_test (threads, children);
  return run_suite (s);
}
