/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Threads: a Gaussian mixture with d = 10, K = 25 over 100 000 items as wg_map_sum, gradient and Hessian-vector product, on one
 * thread and on more.  Bits must agree, else the exit status is 1; times, by the wall, only inform: they take turns, and a ratio is the median of the
 * repetitions' own.  Beside them the processor time of all threads over that of one: what is left of the ratio is waiting, for a
 * processor too where others use them.
 *   threads [repetitions [items]]
 */
#include <wengert.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { D = 10, K = 25, LOWER = D*(D - 1)/2, COMPONENT = 1 + 2*D + LOWER, N = K*COMPONENT, MOST = 99 };

static const int threads[] = { 1, 2, 4 };
enum { CREWS = sizeof threads/sizeof *threads };
#define TARGET 1.8               /* two threads over one */

typedef struct { const wg_fun *component, *item; const double *A; size_t items; } mixture;

/* x: a weight, the mean, the diagonal and what is below it of the inverse factor; the item */
static void component (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  const wg_var *mean = x + 1, *diagonal = mean + D, *below = diagonal + D, *a = below + LOWER;
  wg_var b[D], square = wg_num (0);
  (void) n, (void) m, (void) ctx;
  for (size_t i = 0; i < D; i++)
    {
      b[i] = wg_sub (a[i], mean[i]);
      wg_var z = wg_mul (diagonal[i], b[i]);
      for (size_t j = 0; j < i; j++) z = wg_add (z, wg_mul (*below++, b[j]));
      square = wg_add (square, wg_sqr (z));
    }
  y[0] = wg_sub (x[0], wg_mul (0.5, square));
}

static void item (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  const mixture *s = ctx;
  wg_var a[D], t[K], top, sum = wg_num (0);
  (void) n, (void) m;
  wg_params (x[0], 0, D, s->A, a);
  wg_map (s->component, K, 2, (wg_arg[]){ { .var = x, .width = COMPONENT, .stride = COMPONENT }, { .var = a, .width = D } }, t);
  top = t[0];
  for (size_t i = 0; i < K; i++) top = wg_max (top, t[i]);
  for (size_t i = 0; i < K; i++) sum = wg_add (sum, wg_exp (wg_sub (t[i], top)));
  y[0] = wg_neg (wg_add (top, wg_log (sum)));
}

static void likelihood (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  const mixture *s = ctx;
  (void) m;
  wg_map_sum (s->item, s->items, 2, (wg_arg[]){ { .var = x, .width = n }, { .data = s->A, .width = D, .stride = D } }, y);
}

static double seconds (clockid_t clock)
{
  struct timespec t;
  clock_gettime (clock, &t);
  return (double) t.tv_sec + 1e-9*(double) t.tv_nsec;
}

static int compare (const void *a, const void *b)
{
  const double x = *(const double *) a, y = *(const double *) b;
  return (x > y) - (x < y);
}

static double median (int count, const double a[], const double over[])
{
  double r[MOST];
  for (int i = 0; i < count; i++) r[i] = over ? a[i]/over[i] : a[i];
  qsort (r, (size_t) count, sizeof *r, compare);
  return r[count/2];
}

/* One repetition for each number of threads; not 0: an error, or other bits than one thread's. */
static int repeat (wg_fun *const f[], int product, const double x[], const double v[], double wall[], double all[])
{
  static double first[2*N + 1], now[2*N + 1];
  int rc = 0;
  for (int k = 0; k < CREWS && !rc; k++)
    {
      const double t = seconds (CLOCK_MONOTONIC), p = seconds (CLOCK_PROCESS_CPUTIME_ID);
      rc = product ? wg_hvp (f[k], x, v, now, now + 1, now + 1 + N) : wg_gradient (f[k], x, now, now + 1);
      wall[k] = seconds (CLOCK_MONOTONIC) - t, all[k] = seconds (CLOCK_PROCESS_CPUTIME_ID) - p;
      if (!k) memcpy (first, now, sizeof now);
      else if (memcmp (first, now, sizeof now)) rc = 1;
    }
  return rc;
}

int main (int argc, char **argv)
{
  const int given = argc > 1 ? atoi (argv[1]) : 9, repetitions = given < 1 ? 1 : given > MOST ? MOST : given;
  mixture s = { .items = argc > 2 ? strtoul (argv[2], NULL, 10) : 100000 };
  double *A = malloc (s.items*D*sizeof *A), x[N + D], v[N], wall[2][CREWS][MOST], all[2][CREWS][MOST];
  wg_fun *own[2] = { NULL, NULL }, *f[CREWS] = { NULL };
  for (size_t i = 0; A && i < s.items*D; i++) A[i] = sin ((double) (i*i % 10007));
  for (size_t i = 0; i < N + D; i++) x[i] = .3*cos (1.1*(double) i) + (i % COMPONENT > D && i % COMPONENT <= 2*D);
  for (size_t i = 0; i < N; i++) v[i] = sin ((double) i);
  s.A = A;
  s.component = own[0] = wg_fun_record (component, &s, COMPONENT + D, 1, x);
  s.item = own[1] = own[0] ? wg_fun_record (item, &s, N, 1, x) : NULL;
  int rc = !A || !own[1];
  for (int k = 0; k < CREWS && !rc; k++)
    rc = !(f[k] = k ? wg_fun_clone (f[0]) : wg_fun_record (likelihood, &s, N, 1, x)) || wg_fun_set_threads (f[k], threads[k]);
  for (int i = -2; i < repetitions && !rc; i++)            /* twice to warm up */
    for (int product = 0; product < 2 && !rc; product++)
      {
        double w[CREWS], a[CREWS];
        rc = repeat (f, product, x, v, w, a);
        for (int k = 0; k < CREWS && i >= 0; k++) wall[product][k][i] = w[k], all[product][k][i] = a[k];
      }
  if (rc) fprintf (stderr, "threads: %s\n", rc > 0 ? "no start, or bits differ" : wg_last_error ());
  for (int product = 0; product < 2 && !rc; product++)
    {
      printf ("mixture, d = %d, K = %d, n = %zu, %s: %.2f ms", D, K, s.items, product ? "HVP" : "gradient", 1e3*median (repetitions, wall[product][0], NULL));
      for (int k = 1; k < CREWS; k++)
        {
          const double faster = median (repetitions, wall[product][0], wall[product][k]);
          printf ("; %d threads %.2fx as fast%s (%.2f of the processor time)", threads[k], faster,
                  threads[k] != 2 || product ? "" : faster >= TARGET ? ", met" : ", missed", median (repetitions, all[product][k], all[product][0]));
        }
      putchar ('\n');
    }
  for (int k = 0; k < CREWS; k++) wg_fun_free (f[k]);
  wg_fun_free (own[0]), wg_fun_free (own[1]);
  free (A);
  return rc != 0;
}
