/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * The Jacobian of bundle adjustment's projections: 30 000 observations, two residuals each, of 15 unknowns: a camera's 11, a
 * point's 3, both gathered by index, and a weight (the model of Agarwal et al. as GradBench and ADBench have it).  A plain loop, the
 * same rolled, and wg_map beside hand-written derivatives.  And the Hessian of the squares' sum, of fewer observations.  They must agree, else the exit
 * status is 1; times only inform: repetitions take turns, and a ratio is the median of the repetitions' own.
 *   projection [repetitions]
 */
#include "projection.h"

#include <wengert.h>

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SEEN = 30000, CAMERAS = 49, POINTS = 7776, MOST = 99,
       N = CAMERA*CAMERAS + 3*POINTS + SEEN, M = 2*SEEN };

static int camera[SEEN], point[SEEN];
static double at[2*SEEN], x[N], y[M];

static wg_var dot (const wg_var a[3], const wg_var b[3])
{
  return wg_add (wg_add (wg_mul (a[0], b[0]), wg_mul (a[1], b[1])), wg_mul (a[2], b[2]));
}

/* c: rotation vector, centre, focal length, principal point, radial distortion */
static void project (const wg_var c[CAMERA], const wg_var X[3], wg_var weight, const wg_var seen[2], wg_var out[2])
{
  const wg_var *r = c;
  wg_var v[3], P[3];
  for (int i = 0; i < 3; i++) v[i] = wg_sub (X[i], c[3 + i]);
  const wg_var square = dot (r, r), angle = wg_sqrt (square), cosine = wg_cos (angle), s = wg_div (wg_sin (angle), angle);
  const wg_var along = wg_mul (wg_div (wg_sub (1.0, cosine), square), dot (r, v));
  for (int i = 0; i < 3; i++)
    {
      const int j = (i + 1) % 3, k = (i + 2) % 3;
      const wg_var cross = wg_sub (wg_mul (r[j], v[k]), wg_mul (r[k], v[j]));
      P[i] = wg_add (wg_add (wg_mul (cosine, v[i]), wg_mul (s, cross)), wg_mul (along, r[i]));
    }
  const wg_var p = wg_div (P[0], P[2]), q = wg_div (P[1], P[2]), d = wg_add (wg_sqr (p), wg_sqr (q));
  const wg_var scale = wg_mul (c[6], wg_add (1.0, wg_mul (d, wg_add (c[9], wg_mul (c[10], d)))));
  out[0] = wg_mul (weight, wg_sub (wg_add (wg_mul (scale, p), c[7]), seen[0]));
  out[1] = wg_mul (weight, wg_sub (wg_add (wg_mul (scale, q), c[8]), seen[1]));
}

static const wg_var *point_of (const wg_var in[], size_t k) { return in + CAMERA*CAMERAS + 3*(size_t) point[k]; }

static void plain (size_t n, const wg_var in[], size_t m, wg_var out[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  for (size_t k = 0; k < SEEN; k++)
    {
      const wg_var seen[2] = { wg_num (at[2*k]), wg_num (at[2*k + 1]) };
      project (in + CAMERA*(size_t) camera[k], point_of (in, k), in[N - SEEN + k], seen, out + 2*k);
    }
}

static void item (size_t n, const wg_var in[], size_t m, wg_var out[], void *ctx)
{
  wg_var seen[2];
  (void) n, (void) m, (void) ctx;
  wg_params (in[0], 0, 2, at, seen);
  project (in, in + CAMERA, in[CAMERA + 3], seen, out);
}

static void mapped (size_t n, const wg_var in[], size_t m, wg_var out[], void *body)
{
  const wg_arg args[] = { { .var = in, .width = CAMERA, .stride = CAMERA, .index = camera },
                          { .var = in + CAMERA*CAMERAS, .width = 3, .stride = 3, .index = point },
                          { .var = in + N - SEEN, .width = 1, .stride = 1 }, { .data = at, .width = 2, .stride = 2 } };
  (void) n, (void) m;
  wg_map (body, SEEN, 4, args, out);
}

/* the sum of their squares, for the first so many */

enum { FEWER = 3000 };

static wg_var squares (const wg_var out[2]) { return wg_add (wg_sqr (out[0]), wg_sqr (out[1])); }

static void plain_squares (size_t n, const wg_var in[], size_t m, wg_var sum[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  sum[0] = wg_num (0);
  for (size_t k = 0; k < FEWER; k++)
    {
      const wg_var seen[2] = { wg_num (at[2*k]), wg_num (at[2*k + 1]) };
      wg_var out[2];
      project (in + CAMERA*(size_t) camera[k], point_of (in, k), in[N - SEEN + k], seen, out);
      sum[0] = wg_add (sum[0], squares (out));
    }
}

static void item_squares (size_t n, const wg_var in[], size_t m, wg_var sum[], void *ctx)
{
  wg_var out[2];
  (void) m;
  item (n, in, 2, out, ctx);
  sum[0] = squares (out);
}

static void mapped_squares (size_t n, const wg_var in[], size_t m, wg_var sum[], void *body)
{
  const wg_arg args[] = { { .var = in, .width = CAMERA, .stride = CAMERA, .index = camera },
                          { .var = in + CAMERA*CAMERAS, .width = 3, .stride = 3, .index = point },
                          { .var = in + N - SEEN, .width = 1, .stride = 1 }, { .data = at, .width = 2, .stride = 2 } };
  (void) n, (void) m;
  wg_map_sum (body, FEWER, 4, args, sum);
}

static double seconds (void)
{
  struct timespec t;
  clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double) t.tv_sec + 1e-9*(double) t.tv_nsec;
}

static int compare (const void *a, const void *b)
{
  const double p = *(const double *) a, q = *(const double *) b;
  return (p > q) - (p < q);
}

static double median (const double time[], const double over[], size_t count)
{
  double r[MOST];
  for (size_t i = 0; i < count; i++) r[i] = over ? time[i]/over[i] : time[i];
  qsort (r, count, sizeof *r, compare);
  return r[count/2];
}

static void make_up (void)
{
  uint64_t s = 20260021;
#define UNIFORM (s = s*6364136223846793005u + 1442695040888963407u, (double) (s >> 11)/9007199254740992)
  for (size_t k = 0; k < SEEN; k++) camera[k] = (int) (k*CAMERAS/SEEN), point[k] = (int) (UNIFORM*POINTS);
  for (size_t i = 0; i < 2*SEEN; i++) at[i] = UNIFORM - .5;
  for (size_t i = 0; i < N; i++) x[i] = .1 + .8*UNIFORM;
  for (size_t i = 0; i < CAMERAS; i++) x[CAMERA*i + 5] -= 4;      /* points are before their camera */
#undef UNIFORM
}

/* Where each entry of the hand-written blocks is: the plan's row has the same columns in order. */
static double difference (const wg_plan *plan, const double value[], const double block[])
{
  const size_t nnz = wg_plan_nnz (plan);
  int *row = malloc (nnz*sizeof *row), *col = malloc (nnz*sizeof *col);
  double worst = row && col ? 0 : INFINITY;
  if (row && col) wg_plan_coo (plan, row, col);
  for (size_t e = 0; row && col && e < nnz; e++)
    {
      const size_t c = (size_t) col[e];
      const size_t j = c < CAMERA*CAMERAS ? c % CAMERA : c < N - SEEN ? CAMERA + (c - CAMERA*CAMERAS) % 3 : INPUTS - 1;
      const double b = block[(size_t) row[e]*INPUTS + j];
      worst = fmax (worst, fabs (value[e] - b)/(1 + fabs (b)));
    }
  free (row), free (col);
  return worst;
}

static int hessians (size_t count)
{
  enum { PEERS = 3 };
  static const char *const name[PEERS] = { "plain loop", "rolled", "wg_map_sum" };
  static double time[PEERS][MOST];
  wg_fun *f[PEERS] = { NULL }, *body = wg_fun_record (item_squares, NULL, INPUTS, 1, x);
  wg_plan *plan[PEERS] = { NULL };
  double *value[PEERS] = { NULL };
  int ok = 1;
  for (int i = 0; i < PEERS; i++)
    {
      wg_set_rolling (i == 1);
      f[i] = i == 2 ? wg_fun_record (mapped_squares, body, N, 1, x) : wg_fun_record (plain_squares, NULL, N, 1, x);
      plan[i] = f[i] ? wg_plan_hessian (f[i], 'L') : NULL;
      value[i] = plan[i] ? malloc (wg_plan_nnz (plan[i])*sizeof (double)) : NULL;
      ok = ok && value[i] && wg_plan_nnz (plan[i]) == wg_plan_nnz (plan[0]);
    }
  for (size_t r = 0; r < count && ok; r++)
    for (int i = 0; i < PEERS; i++)
      {
        const double t = seconds ();
        ok = ok && !WG_FAILED (wg_sparse_hessian (f[i], plan[i], x, NULL, NULL, NULL, value[i]));
        time[i][r] = seconds () - t;
      }
  if (!ok) fprintf (stderr, "projection: %s\n", wg_last_error ());
  else printf ("Hessian of the squares of %d projections\n", FEWER);
  for (int i = 0; i < PEERS && ok; i++)
    {
      double worst = 0, most = 0;
      wg_plan_info info;
      for (size_t k = 0; k < wg_plan_nnz (plan[0]); k++)
        most = fmax (most, fabs (value[0][k])), worst = fmax (worst, fabs (value[i][k] - value[0][k]));
      wg_plan_get_info (plan[i], &info);
      printf ("  %-13s %8.3f ms  %6.2f of the plain loop, %s\n", name[i], 1e3*median (time[i], NULL, count), median (time[i], time[0], count),
              wg_plan_method_name (info.method));
      if (!(worst <= 1e-9*most)) ok = 0, fprintf (stderr, "projection: the Hessian of %s is off by %.1e\n", name[i], worst/most);
    }
  for (int i = 0; i < PEERS; i++) free (value[i]), wg_plan_free (plan[i]), wg_fun_free (f[i]);
  wg_fun_free (body);
  return ok;
}

int main (int argc, char **argv)
{
  enum { PEERS = 4 };
  static const char *const name[PEERS] = { "hand-written", "plain loop", "rolled", "wg_map" };
  static const double most[PEERS] = { 0, 0, .8, .6 };
  static double block[M*INPUTS], time[PEERS][MOST];
  const long asked = argc > 1 ? strtol (argv[1], NULL, 10) : 21;
  const size_t count = asked < 1 ? 1 : asked > MOST ? MOST : (size_t) asked;
  wg_fun *f[PEERS] = { NULL };
  wg_plan *plan[PEERS] = { NULL };
  double *value[PEERS] = { NULL };
  int ok = 1;
  make_up ();
  wg_fun *body = wg_fun_record (item, NULL, INPUTS, 2, x);
  for (int i = 1; i < PEERS; i++)
    {
      wg_set_rolling (i == 2);
      f[i] = i == 3 ? wg_fun_record (mapped, body, N, M, x) : wg_fun_record (plain, NULL, N, M, x);
      plan[i] = f[i] ? wg_plan_jacobian (f[i]) : NULL;
      value[i] = plan[i] ? malloc (wg_plan_nnz (plan[i])*sizeof (double)) : NULL;
      ok = ok && value[i];
    }
  if (!ok) return fprintf (stderr, "projection: %s\n", wg_last_error ()), 1;
  for (size_t r = 0; r < count && ok; r++)
    for (int i = 0; i < PEERS; i++)
      {
        const double t = seconds ();
        if (i == 0) hand_projections (SEEN, x, camera, x + CAMERA*CAMERAS, point, x + N - SEEN, at, y, block);
        else ok = ok && !WG_FAILED (wg_sparse_jacobian (f[i], plan[i], x, y, value[i]));
        time[i][r] = seconds () - t;
      }
  if (!ok) return fprintf (stderr, "projection: %s\n", wg_last_error ()), 1;
  printf ("Jacobian of %d projections, 2 x %d\n", SEEN, INPUTS);
  for (int i = 0; i < PEERS; i++)
    {
      const double ratio = median (time[i], time[0], count), d = i ? difference (plan[i], value[i], block) : 0;
      printf ("  %-13s %8.3f ms", name[i], 1e3*median (time[i], NULL, count));
      wg_plan_info info;
      if (i && wg_plan_get_info (plan[i], &info) == WG_OK) printf ("  %6.2f of hand-written, %s", ratio, wg_plan_method_name (info.method));
      if (most[i] > 0) printf (", %s (%g)", ratio <= most[i] ? "met" : "missed", most[i]);
      putchar ('\n');
      if (!(d < 1e-9)) ok = 0, fprintf (stderr, "projection: %s is off by %.1e\n", name[i], d);
    }
  for (int i = 1; i < PEERS; i++) free (value[i]), wg_plan_free (plan[i]), wg_fun_free (f[i]);
  wg_fun_free (body);
  ok = hessians (count) && ok;
  return !ok;
}
