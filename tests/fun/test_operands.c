/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Operands of maps however they lie among a program's numbers: consecutive, in parts, with constants among them, inactive, twice.
 * The law is that of maps, a map is the loop that it stands for, with small integers, so that bits agree.  And what maps keep from
 * a forward sweep for the reverse one: whatever a handle did before, a driver gives what it gives on a new handle.
 */
#include <math.h>

#include "agree.h"
#include "runner.h"

enum { N = 12, WORDS = 3*N };

static int index_of[WORDS];
static const double rows[WORDS] = { 2, -1, 3 };

static void body_model (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  wg_var z = wg_sub (x[1], wg_sqr (x[0]));
  if (wg_lt (x[2], 0.0)) z = wg_add (z, x[2]);
  y[0] = wg_add (wg_mul (z, x[2]), wg_mul (x[0], x[1]));
}

/* The operands that argument i of an arrangement sees of x. */
enum { CONSECUTIVE, TWICE, PARTS, CONSTANTS, ALL_CONSTANT, PARAMETERS, ROWS, BACKWARDS, GATHERED, STRIDES, OWN_SHARED, EMPTY, ARRANGEMENTS };

typedef struct { const wg_fun *body; int arrangement, plain, sum; } context;

static size_t arrange (int arrangement, const wg_var x[], wg_var w[], wg_arg args[])
{
  size_t items = N - 2, nargs = 1;
  for (size_t i = 0; i < WORDS; i++) w[i] = x[i % N];
  args[0] = (wg_arg){ .var = w, .width = 3, .stride = 1 };
  switch (arrangement)
    {
    case TWICE:
      for (size_t i = 0; i < 3; i++) args[i] = (wg_arg){ .var = w + (i == 1), .width = 1, .stride = 1 };
      nargs = 3, items = N - 1;
      break;
    case PARTS: items = WORDS - 2; break;                        /* three stretches, one argument */
    case CONSTANTS:
      for (size_t i = 0; i < 3; i++) w[N + 2*i] = wg_num ((double) i - 1);
      items = WORDS - 2;
      break;
    case ALL_CONSTANT:
      for (size_t i = 0; i < N; i++) w[i] = wg_num ((double) i - 4);
      args[1] = (wg_arg){ .var = w + N, .width = 1, .stride = 1 }, args[0].width = 2, nargs = 2;
      break;
    case PARAMETERS:
      for (size_t i = 0; i < N; i++) w[i] = wg_param (x[0], i, (double) (i % 5) - 2);
      args[1] = (wg_arg){ .var = w + N, .width = 1, .stride = 1 }, args[0].width = 2, nargs = 2;
      break;
    case ROWS:
      for (size_t i = 0; i < N; i++) w[i] = wg_add (x[i], 1.0);
      items = 2*N - 2;
      break;
    case BACKWARDS:
      for (size_t i = 0; i < N; i++) w[i] = x[N-1-i];
      break;
    case GATHERED:
      args[0].index = index_of, args[0].width = 2, args[1] = (wg_arg){ .var = w + N, .width = 1, .stride = 1, .index = index_of + 1 };
      nargs = 2;
      break;
    case STRIDES: args[0].stride = 3, items = N/3; break;
    case OWN_SHARED:
      for (size_t i = 0; i < N; i++) w[N + i] = wg_mul (x[i], x[(i + 1) % N]);
      args[0].width = 2, args[1] = (wg_arg){ .var = w + N + 5, .width = 1 }, nargs = 2;
      break;
    case EMPTY: items = 0; break;
    }
  if (nargs == 1 && arrangement == STRIDES)                     /* data behind variables */
    args[0].width = 2, args[1] = (wg_arg){ .data = rows, .width = 1, .stride = 1 }, nargs = 2;
  return items*4 + nargs;
}

static wg_var seen (const wg_arg *a, size_t k, size_t j)
{
  const size_t at = (a->index ? (size_t) a->index[k] : k)*a->stride + j;
  return a->var ? a->var[at] : wg_num (a->data[at]);
}

static void model (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  const context *c = ctx;
  wg_arg args[3];
  wg_var w[WORDS], z[WORDS], in[3];
  const size_t both = arrange (c->arrangement, x, w, args), items = both/4, nargs = both % 4;
  (void) n, (void) m;
  y[0] = wg_mul (x[0], 3.0);
  if (c->plain)
    for (size_t k = 0; k < items; k++)
      {
        for (size_t i = 0, at = 0; i < nargs; i++) for (size_t j = 0; j < args[i].width; j++) in[at++] = seen (&args[i], k, j);
        wg_call (c->body, in, NULL, &z[k]);
      }
  else if (c->sum) wg_map_sum (c->body, items, nargs, args, z);
  else wg_map (c->body, items, nargs, args, z);
  if (c->sum && !c->plain) y[0] = wg_add (y[0], z[0]);
  else for (size_t k = 0; k < items; k++) y[0] = wg_add (y[0], z[k]);
  y[0] = wg_add (y[0], wg_mul (x[3], x[4]));
  if (!c->sum) y[1] = items ? z[items/2] : x[1], y[2] = wg_mul (x[1], x[2]);
}

static wg_fun *body_of (void)
{
  const double x[3] = { 1, 2, 3 };
  for (size_t i = 0; i < WORDS; i++) index_of[i] = (int) (i*5 % N);
  return agree_record (body_model, NULL, 3, 1, x);
}

START_TEST (a_map_is_its_loop)
{
  double x[AGREE_MOST];
  wg_fun *body = body_of ();
  for (int sum = 0; sum < 2; sum++)
    {
      for (size_t i = 0; i < AGREE_MOST; i++) x[i] = (double) (i*7 % 5) - 2;
      wg_fun *f[2];
      for (int plain = 0; plain < 2; plain++) f[plain] = agree_record (model, &(context){ body, _i, plain, sum }, N, sum ? 1 : 3, x);
      for (int point = 0; point < 3; point++)
        {
          for (size_t i = 0; i < AGREE_MOST; i++) x[i] = (double) ((i*i + (size_t) point) % 5) - 2;
          agree (f[0], f[1], x, 1);
        }
      wg_fun_free (f[0]), wg_fun_free (f[1]);
    }
  wg_fun_free (body);
}
END_TEST

/* what is kept */

enum { FVV = 5, DRIVERS = 8 };

/* One of the drivers; what it gives, out[4*N*3]. */
static void drive (wg_fun *f, int driver, const double x[], const double v[], const double u[], double out[])
{
  int rc = WG_OK;
  for (size_t i = 0; i < 12*N; i++) out[i] = 0;
  switch (driver)
    {
    case 0: rc = wg_vjp (f, x, u, out, out + 3); break;
    case 1: rc = wg_hvp_weighted (f, x, u, v, out, out + 3, out + 3 + N); break;
    case 2: rc = wg_jvp (f, x, v, out, out + 3); break;
    case 3: rc = wg_jacobian (f, x, out, out + 3); break;
    case 4: rc = wg_gnvp (f, x, v, out, out + 3); break;
    case FVV: rc = wg_fvv (f, x, v, out, out + 3, out + 6); break;
    case 6: rc = wg_eval (f, x, out); break;
    case 7: rc = wg_vjp (f, x, u, out, NULL); break;            /* announces nothing */
    }
  ck_assert_msg (rc == WG_OK, "%s", wg_last_error ());
}

static void smooth_model (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  y[0] = wg_mul (wg_sin (wg_mul (x[0], x[1])), wg_exp (x[2]));
}

START_TEST (what_was_before_does_not_matter)
{
  const double body_at[3] = { .3, .2, .1 };
  double x[2][N], v[2][N], u[2][3], out[2][12*N];
  uint32_t random = 12345;
  for (size_t i = 0; i < WORDS; i++) index_of[i] = (int) (i*5 % N);
  for (int p = 0; p < 2; p++)
    {
      for (size_t i = 0; i < N; i++) x[p][i] = sin (2.1*(double) i + p), v[p][i] = cos ((double) i - p);
      for (size_t i = 0; i < 3; i++) u[p][i] = 1 + .37*(double) i*(p + 1);
    }
  wg_fun *body = agree_record (smooth_model, NULL, 3, 1, body_at);
  wg_fun *f = agree_record (model, &(context){ body, _i, 0, 0 }, N, 3, x[0]);
  for (int step = 0, at = -1, seed = 0; step < 1500; step++)
    {
      random = random*1664525 + 1013904223;
      const int often = random >> 9 & 1, there = at >= 0 && random >> 10 & 1, dir = random >> 11 & 1;
      const int driver = (int) (random >> 20) % (often ? 2 : DRIVERS);           /* as often as not with seeds that repeat */
      if ((random >> 12 & 7) == 0) seed = !seed;
      if (!there) at = random >> 15 & 1;
      drive (f, driver, there ? NULL : x[at], v[dir], u[seed], out[0]);
      wg_fun *other = wg_fun_clone (f);
      ck_assert_ptr_nonnull (other);
      drive (other, driver, x[at], v[dir], u[seed], out[1]);
      wg_fun_free (other);
      if (driver == FVV) at = -1;                 /* takes items one by one: the last bits of values may be others */
      for (size_t i = 0; i < 12*N; i++)
        ck_assert_msg (out[0][i] == out[1][i], "step %d, driver %d, number %zu: %.17g and %.17g", step, driver, i, out[0][i], out[1][i]);
    }
  wg_fun_free (f), wg_fun_free (body);
}
END_TEST

/* A live tape freezes another program each time and keeps whom it calls: the numbers of constants move. */
START_TEST (programs_change)
{
  wg_fun *body = body_of ();
  wg_tape *t = wg_tape_new ();
  ck_assert_ptr_nonnull (t);
  wg_var w[WORDS], z, x[N];
  double first = 0, g;
  for (size_t i = 0; i < N; i++) x[i] = wg_tape_var (t, (double) (i % 5) - 2);
  for (size_t i = 0; i < N; i++) w[i] = wg_num ((double) (2*i) - 7);
  for (size_t i = 0; i < N; i++) w[N + i] = x[i];
  wg_map_sum (body, N - 1, 2, (wg_arg[]){ { .var = w, .width = 2, .stride = 1 }, { .var = w + N, .width = 1, .stride = 1 } }, &z);
  for (int round = 0; round < 100; round++)
    {
      ck_assert_msg (wg_backward (z, NULL) == WG_OK, "%s", wg_last_error ());
      ck_assert_int_eq (wg_adjoint (x[3], &g), WG_OK);
      if (!round) first = g;
      ck_assert_msg (g == first, "round %d", round);
      (void) wg_sin (x[0]);
    }
  wg_tape_free (t), wg_fun_free (body);
}
END_TEST

/* rows of all widths and distances, in full tiles and ragged ones */

static const size_t widths[] = { 1, 2, 3, 4, 7, 8, 9, 31, 33, 40 }, distances[] = { 1, 2, 3, 4, 8, 41 };
enum { WIDTHS = sizeof widths/sizeof *widths, DISTANCES = sizeof distances/sizeof *distances, ITEMS = 101, LONGEST = 41*ITEMS };

static void row_model (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) m, (void) ctx;
  y[0] = wg_num (0);
  for (size_t j = 0; j < n; j++) y[0] = wg_add (y[0], wg_mul (wg_mul ((double) (j + 1), x[j]), x[(j + 1) % n]));
  y[1] = wg_sqr (x[n-1]);
}

typedef struct { const wg_fun *body; size_t width, stride, items; } rows_context;

static void rows_model (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  const rows_context *c = ctx;
  (void) n, (void) m;
  wg_map_sum (c->body, c->items, 1, (wg_arg[]){ { .var = x, .width = c->width, .stride = c->stride } }, y);
}

/* Lanes of every kind against single items: integers, so that the order of sums does not matter. */
START_TEST (rows_come_and_go)
{
  static double x[LONGEST], v[LONGEST], g[2][LONGEST], h[2][LONGEST];
  static const char *const kinds[] = { "baseline", "avx2", "avx512" };
  const rows_context c = { NULL, widths[_i % WIDTHS], distances[_i/WIDTHS], ITEMS - (size_t) _i % 3*5 };
  const size_t n = c.stride*(c.items - 1) + c.width;
  const double u[2] = { 2, -1 };
  double y[2][2];
  for (size_t i = 0; i < LONGEST; i++) x[i] = (double) (i*i % 7) - 2, v[i] = (double) (i*i % 5) - 1;
  wg_fun *body = agree_record (row_model, NULL, c.width, 2, x);
  rows_context own = c;
  own.body = body;
  wg_fun *f = agree_record (rows_model, &own, n, 2, x);
  ck_assert (wg_fun_set_lanes (f, "none") == WG_OK && wg_hvp_weighted (f, x, u, v, y[0], g[0], h[0]) == WG_OK);
  for (size_t kind = 0; kind < 3; kind++)
    {
      if (wg_fun_set_lanes (f, kinds[kind])) continue;            /* this processor has none of these */
      for (int round = 0; round < 3; round++)
        {
          ck_assert_msg (wg_hvp_weighted (f, x, u, v, y[1], g[1], h[1]) == WG_OK, "%s", wg_last_error ());
          agree_numbers (kinds[kind], 2, y[0], y[1]), agree_numbers (kinds[kind], n, g[0], g[1]), agree_numbers (kinds[kind], n, h[0], h[1]);
          ck_assert (wg_vjp (f, x, u, y[1], g[1]) == WG_OK);
          agree_numbers (kinds[kind], n, g[0], g[1]);
        }
    }
  wg_fun_free (f), wg_fun_free (body);
}
END_TEST

int main (void)
{
  Suite *s = suite_create ("operands");
  TCase *laws = tcase_create ("laws"), *kept = tcase_create ("what is kept");
  tcase_set_timeout (laws, 300), tcase_set_timeout (kept, 300);
  tcase_add_loop_test (laws, a_map_is_its_loop, 0, ARRANGEMENTS);
  tcase_add_loop_test (laws, rows_come_and_go, 0, WIDTHS*DISTANCES);
  tcase_add_loop_test (kept, what_was_before_does_not_matter, 0, ARRANGEMENTS);
  tcase_add_test (kept, programs_change);
  suite_add_tcase (s, laws), suite_add_tcase (s, kept);
  return run_suite (s);
}
