/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Minimizers beside each other: which problems they solve, and with how many values and gradients, Hessian-vector
 * products and seconds.
 *   optimizers [-v] [-t seconds for an instance] [-d folder of NIST files] [-s word in a set's name]
 *              [-p word in a solver's name]
 * All have the same recorded functions and exact derivatives.  Solved: |g|_inf <= 1e-8 max (1, |f*|) within 20 000
 * evaluations and 5 seconds; counting stops at the first point where that holds, and totals are over what was
 * solved.  An evaluation is a point, its gradient included.  On NIST's sums of squares the gradient has no scale:
 * there, solved means four certified digits in every parameter.
 */
#ifndef _POSIX_C_SOURCE
# define _POSIX_C_SOURCE 200809L
#endif
#include "optimizers.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "optim/problems.h"

static const size_t EVALUATIONS = 20000;
static double patience = 5;             /* seconds for an instance */

double opt_seconds (void)
{
  struct timespec t;
  clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double) t.tv_sec + 1e-9*(double) t.tv_nsec;
}

/* ---------------------------------------------------------------- a task */

static double norm_max (size_t n, const double a[])
{
  double most = 0;
  for (size_t i = 0; i < n; i++)
    if (!(fabs (a[i]) <= most)) most = isnan (a[i]) ? INFINITY : fabs (a[i]);
  return most;
}

static void finish (opt_task *t, int solved)
{
  if (!t->over) t->solved = solved;
  t->over = 1;
}

double opt_value (opt_task *t, const double x[], double g[])
{
  const size_t size = t->n*sizeof (double);
  if (!t->known || memcmp (x, t->x, size))
    {
      memcpy (t->x, x, size);
      t->known = 1, t->differentiated = 0;
      if (!t->over) t->evaluations++;
      if (WG_FAILED (wg_eval (t->f, x, &t->y)) || isnan (t->y)) t->y = INFINITY;
      if (t->reached && t->reached (t, x)) finish (t, 1);
    }
  if (g && !t->differentiated)
    {
      if (WG_FAILED (wg_gradient (t->f, t->x, NULL, t->g))) t->g[0] = NAN;
      t->differentiated = 1;
      if (!t->reached && norm_max (t->n, t->g) <= t->tolerance) finish (t, 1);
    }
  if (g) memcpy (g, t->g, size);
  if (++t->calls % 16 == 0 && opt_seconds () > t->until) finish (t, 0);
  if (t->evaluations >= EVALUATIONS || t->calls >= 4*EVALUATIONS) finish (t, 0);
  return t->y;
}

/* ---------------------------------------------------------------- ours */

static int watch (const wg_minimize_progress *p, void *ctx)
{
  opt_task *t = ctx;
  if (t->reached && t->reached (t, p->x)) finish (t, 1);
  if (opt_seconds () > t->until) finish (t, 0);
  return t->over;
}

static void run_wengert (opt_task *t, int method)
{
  wg_minimize_result r;
  double *x = malloc (t->n*sizeof (double));
  memcpy (x, t->start, t->n*sizeof (double));
  wg_minimize_options o = {
    .method = method, .callback = watch, .ctx = t, .iterations = EVALUATIONS, .evaluations = EVALUATIONS };
  if (t->reached) o.gradient_tolerance = 1e-300;
  if (!WG_FAILED (wg_minimize (t->f, x, &o, &r)))
    {
      t->y = r.f;
      t->evaluations = r.evaluations;
      t->hvps = r.hvps;
      if (!t->reached) finish (t, r.gradient_norm <= t->tolerance);
    }
  free (x);
}

static const opt_solver ours[] = {
  { "wg_minimize", run_wengert, WG_MINIMIZE_AUTO, 0 },
  { "wg_minimize, L-BFGS", run_wengert, WG_MINIMIZE_LBFGS, 0 },
  { 0 }
};

/* ---------------------------------------------------------------- the sets */

typedef struct { size_t solved, minima, evaluations, hvps; double seconds; } account;

enum { SOLVERS = 32 };

typedef struct {
  const opt_solver *solver[SOLVERS];
  account sum[SOLVERS];
  int solvers, verbose;
  size_t instances;
} table;

/* Every solver on one instance.  p: whose minima are known, or NULL. */
static void solve (table *all, opt_task task, const char *name, const problem *p)
{
  all->instances++;
  for (int k = 0; k < all->solvers; k++)
    {
      const opt_solver *s = all->solver[k];
      account *a = &all->sum[k];
      opt_task t = task;
      if (s->most_n && t.n > s->most_n) continue;
      t.x = malloc (2*t.n*sizeof (double));
      t.g = t.x + t.n;
      const double from = opt_seconds ();
      t.until = from + patience;
      s->run (&t, s->variant);
      const double seconds = opt_seconds () - from;
      const int minimum = t.solved && (!p || problem_minimum (p, t.y));
      if (all->verbose)
        printf ("  %-30s %-24s %5zu %-9s %6zu f+g %7zu HVP %8.3f s  f = %.6g\n", s->name, name, t.n,
                !t.solved ? "-" : minimum ? "solved" : "elsewhere", t.evaluations, t.hvps, seconds, t.y);
      if (t.solved)
        {
          a->solved++, a->minima += minimum;
          a->evaluations += t.evaluations, a->hvps += t.hvps, a->seconds += seconds;
        }
      free (t.x);
    }
}

static void solve_problem (table *all, const problem *p, double scale)
{
  double *x = malloc (p->n*sizeof *x), largest = 1;
  p->start (p->n, x);
  for (size_t i = 0; i < p->n; i++) x[i] *= scale;
  for (int k = 0; k < PROBLEM_MINIMA; k++) largest = fmax (largest, p->minima[k]);
  wg_fun *f = wg_fun_record (p->model, NULL, p->n, 1, x);
  if (f) solve (all, (opt_task){ .f = f, .n = p->n, .start = x, .tolerance = 1e-8*largest }, p->name, p);
  else fprintf (stderr, "optimizers: %s: %s\n", p->name, wg_last_error ());
  wg_fun_free (f);
  free (x);
}

static void solve_near_and_far (table *all)
{
  for (int k = 0; k < 18; k++)
    for (double scale = 1; scale <= (mgh_problems[k].stationary ? 1 : 100); scale *= 10)
      solve_problem (all, &mgh_problems[k], scale);
}

static void solve_large (table *all, size_t times)
{
  for (int k = 0; k < LARGE_PROBLEMS; k++)
    {
      problem p = large_problems[k];
      p.n *= times;
      solve_problem (all, &p, 1);
    }
}

static int four_digits (const opt_task *t, const double b[]) { return nist_digits (t->ctx, b) >= 4; }

static void sum_of_squares (size_t n, const wg_var b[], size_t m, wg_var y[], void *ctx)
{
  const nist_problem *p = ctx;
  wg_var *r = malloc (p->m*sizeof *r);
  nist_residuals (n, b, p->m, r, ctx);
  y[0] = wg_num (0);
  for (size_t i = 0; i < p->m; i++) y[0] = wg_add (y[0], wg_sqr (r[i]));
  free (r);
  (void) m;
}

static void solve_nist (const nist_problem *p, void *all)
{
  wg_fun *f = wg_fun_record (sum_of_squares, (void *) p, p->n, 1, p->start[0]);
  for (int which = 0; f && which < 2; which++)
    solve (all, (opt_task){ .f = f, .n = p->n, .start = p->start[which], .reached = four_digits, .ctx = p }, p->name, NULL);
  if (!f) fprintf (stderr, "optimizers: %s: %s\n", p->name, wg_last_error ());
  wg_fun_free (f);
}

/* ---------------------------------------------------------------- the table */

static void print_table (table *all, const char *title)
{
  printf ("%-32s %9s %8s %9s %9s %9s\n", title, "solved", "minima", "f+g", "HVP", "seconds");
  for (int k = 0; k < all->solvers; k++)
    {
      const account *a = &all->sum[k];
      printf ("  %-30s %3zu of %2zu %8zu %9zu %9zu %9.2f\n", all->solver[k]->name, a->solved, all->instances, a->minima,
              a->evaluations, a->hvps, a->seconds);
    }
  putchar ('\n');
  fflush (stdout);
  memset (all->sum, 0, sizeof all->sum);
  all->instances = 0;
}

static void choose (table *all, const opt_solver s[], const char *word)
{
  for (; s->name && all->solvers < SOLVERS; s++)
    if (strstr (s->name, word)) all->solver[all->solvers++] = s;
}

int main (int argc, char **argv)
{
  const char *folder = "demos/data/nist", *set = "", *word = "";
  static table all;
  int failed = 0, c;
  while ((c = getopt (argc, argv, "vt:d:s:p:")) != -1)
    switch (c)
      {
      case 'v': all.verbose = 1; break;
      case 't': patience = atof (optarg); break;
      case 'd': folder = optarg; break;
      case 's': set = optarg; break;
      case 'p': word = optarg; break;
      default:
        fprintf (stderr, "usage: %s [-v] [-t seconds] [-d folder of NIST files] [-s word] [-p word]\n", argv[0]);
        return 2;
      }
  choose (&all, ours, word);
  choose (&all, opt_peers, word);
  static const char *const title[] = { "More-Garbow-Hillstrom", "large, n = 1000", "large, n = 10000", "NIST sums of squares" };
  if (strstr (title[0], set)) solve_near_and_far (&all), print_table (&all, title[0]);
  if (strstr (title[1], set)) solve_large (&all, 1), print_table (&all, title[1]);
  if (strstr (title[2], set)) solve_large (&all, 10), print_table (&all, title[2]);
  if (strstr (title[3], set)) failed |= opt_nist_read (folder, solve_nist, &all), print_table (&all, title[3]);
  if (strstr ("NIST least squares", set)) failed |= opt_nist (folder, all.verbose);
  puts ("Solved: |g|_inf <= 1e-8 max (1, |f*|), or four certified digits; minima: at one that is known.  Totals are over\n"
        "what was solved.");
#if !defined HAVE_NLOPT || !defined HAVE_GSL || !defined HAVE_LBFGS
  puts ("Built without some of libnlopt-dev, libgsl-dev, liblbfgs-dev: install them and configure again to compare.");
#endif
  return failed != 0;
}
