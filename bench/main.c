/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Wengert beside other ways to the same numbers, one thread, one run, one table.
 *   bench [-t seconds for each cell] [-d breast_cancer.csv] [-p word in the problems' names]
 * All peers must agree on every task, else the exit status is 1; times only inform.  Tools take turns within each
 * repetition, and a ratio is the median of the repetitions' own ratios, so that what slows the machine
 * for a while slows all of them.  Each problem has a process to itself: ADOL-C's drivers clear, in every call,
 * as many places as any earlier tape of the process used.
 */
#ifdef HAVE_CONFIG_H
# include <config.h>
#endif
#ifndef _POSIX_C_SOURCE
# define _POSIX_C_SOURCE 200809L
#endif

#include "bench.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const bench_peer *const peers[] = {
  &bench_wengert,                               /* first: the one that the others are compared with */
  &bench_wengert_rolled,
  &bench_wengert_map,
  &bench_hand,
#ifdef HAVE_ADOLC
  &bench_adolc,
#endif
#ifdef HAVE_SACADO
  &bench_sacado,
#endif
#ifdef HAVE_STAN
  &bench_stan,
#endif
#ifdef HAVE_PYTORCH
  &bench_pytorch,
#endif
};

#define BENCH_TASK(id, name) name,
static const char *const task_names[] = { BENCH_TASKS (BENCH_TASK) };
#undef BENCH_TASK

/* At most what ratio of Wengert's time is aimed at: over another peer's time, or, peer being NULL, over Wengert's own for
 * another task */
static const struct { bench_task task; const char *peer; bench_task over; double most[BENCH_NMODELS]; } targets[] = {
  { BENCH_GRADIENT, "ADOL-C", BENCH_GRADIENT, { 0.5, 0.6, 0.5 } },
  { BENCH_HVP, "ADOL-C", BENCH_HVP, { 0.4, 0.6, 0.4 } },
  { BENCH_HVP, NULL, BENCH_GRADIENT, { 2.2, 2.2, 2.2 } },
  { BENCH_HVPS, NULL, BENCH_HVP, { 3, 3, 3 } },
};

/* The same for loops, rolled and as maps, over hand-written code's gradient */
static const struct { const char *problem; bench_task task; double rolled, map; } loop_targets[] = {
  { "Rosenbrock, n = 100000", BENCH_GRADIENT, 6, 5 },
  { "logistic, 10000 x 100", BENCH_GRADIENT, 2, 1.5 },
  { "mixture, d = 10", BENCH_GRADIENT, 0.5, 0.4 },
  { "mixture, d = 10", BENCH_HVP, 1, 0.8 },
  { "mixture, d = 32", BENCH_GRADIENT, 0.9, 0.7 },
};
#define AGREEMENT 1e-9                          /* of the largest entry */

enum { NPEERS = sizeof peers/sizeof *peers, REPETITIONS = 15 };

typedef struct {
  void *state[NPEERS];
  bench_record record[NPEERS];
  int does[NPEERS][BENCH_NTASKS];
  double seconds[NPEERS][BENCH_NTASKS][REPETITIONS];
} measurement;

double bench_seconds (void)
{
  struct timespec t;
  clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double) t.tv_sec + 1e-9*(double) t.tv_nsec;
}

/* The largest difference over the largest entry; infinite for anything that is not finite. */
static double difference (size_t n, const double a[], const double b[])
{
  double worst = 0, size = 0;
  for (size_t i = 0; i < n; i++)
    {
      double e = fabs (a[i] - b[i]);
      if (!isfinite (e))
        return INFINITY;
      worst = fmax (worst, e), size = fmax (size, fabs (b[i]));
    }
  return worst > 0 ? worst/size : 0;
}

/* Do all peers say what the hand-written code says?  The results of a task start out different.  Notes who does what. */
static int agree (const bench_problem *p, measurement *m, double a[], double b[])
{
  int ok = 1;
  for (int task = 0; task < BENCH_NTASKS; task++)
    {
      size_t n = bench_task_size (p, (bench_task) task);
      if (n == 0)
        continue;
      for (size_t i = 0; i < n; i++)
        a[i] = NAN;
      if (bench_hand.run (NULL, p, (bench_task) task, a))
        return fprintf (stderr, "bench: %s, %s: hand failed\n", p->name, task_names[task]), 0;
      for (int i = 0; i < NPEERS; i++)
        {
          memset (b, 0, n*sizeof *b);
          int rc = peers[i]->run (m->state[i], p, (bench_task) task, b);
          double d = rc ? 0 : difference (n, b, a);
          m->does[i][task] = rc == 0;
          if (rc && rc != BENCH_NOT_DONE)
            ok = 0, fprintf (stderr, "bench: %s, %s: %s failed\n", p->name, task_names[task], peers[i]->name);
          if (d > AGREEMENT)
            ok = 0, fprintf (stderr, "bench: %s, %s: %s is off by %.1e\n",
                             p->name, task_names[task], peers[i]->name, d);
        }
    }
  return ok;
}

static double seconds_of (const bench_peer *peer, void *state)
{
  return peer->seconds ? peer->seconds (state) : bench_seconds ();
}

static void measure (const bench_problem *p, measurement *m, double seconds, double y[])
{
  int calls[NPEERS][BENCH_NTASKS];
  for (int rep = -2; rep < REPETITIONS; rep++)                  /* -2: warm up; -1: how many calls fill the time */
    for (int task = 0; task < BENCH_NTASKS; task++)
      for (int i = 0; i < NPEERS; i++)
        if (m->does[i][task])
          {
            int count = rep < 0 ? 1 : calls[i][task];
            double t = seconds_of (peers[i], m->state[i]);
            for (int call = 0; call < count; call++)
              peers[i]->run (m->state[i], p, (bench_task) task, y);
            t = (seconds_of (peers[i], m->state[i]) - t)/count;
            if (rep < 0)
              calls[i][task] = 1 + (int) (seconds/REPETITIONS/fmax (t, 1e-7));
            else
              m->seconds[i][task][rep] = t;
          }
}

static int compare (const void *a, const void *b)
{
  double x = *(const double *) a, y = *(const double *) b;
  return (x > y) - (x < y);
}

/* The median of the times, or of their ratios when over is not NULL. */
static double median (const double time[], const double over[])
{
  double r[REPETITIONS];
  for (int i = 0; i < REPETITIONS; i++)
    r[i] = over ? time[i]/over[i] : time[i];
  qsort (r, REPETITIONS, sizeof *r, compare);
  return r[REPETITIONS/2];
}

static void print_heading (void)
{
  char text[64];
  printf ("%-34s", "Milliseconds; Wengert over others");
  for (int i = 0; i < NPEERS; i++)
    printf (" %10s", peers[i]->name);
  for (int i = 1; i < NPEERS; i++)
    {
      snprintf (text, sizeof text, "/%s", peers[i]->name);
      printf (" %8s", text);
    }
  puts ("  Targets");
}

static int peer_of (const char *name)
{
  for (int i = 0; i < NPEERS; i++)
    if (!name || !strcmp (peers[i]->name, name))
      return i;                                 /* NULL: Wengert */
  return -1;
}

static void print_targets (const bench_problem *p, const measurement *m, int task)
{
  const char *comma = "  ";
  for (size_t i = 0; i < sizeof targets/sizeof *targets; i++)
    {
      int peer = peer_of (targets[i].peer);
      if ((int) targets[i].task != task || peer < 0)
        continue;
      double ratio = median (m->seconds[0][task], m->seconds[peer][targets[i].over]), most = targets[i].most[p->model];
      printf ("%s%.2f %s (%g of %s)", comma, ratio, ratio <= most ? "met" : "missed", most,
              peer ? peers[peer]->name : task_names[targets[i].over]);
      comma = ", ";
    }
  putchar ('\n');
}

/* How loops do against hand-written code. */
static void print_loops (const bench_problem *p, const measurement *m)
{
  const int hand = peer_of ("hand"), peer[2] = { peer_of ("rolled"), peer_of ("Wengert, map") };
  for (size_t i = 0; i < sizeof loop_targets/sizeof *loop_targets; i++)
    for (int k = 0; k < 2 && strstr (p->name, loop_targets[i].problem); k++)
      {
        const double ratio = median (m->seconds[peer[k]][loop_targets[i].task], m->seconds[hand][BENCH_GRADIENT]);
        const double most = k ? loop_targets[i].map : loop_targets[i].rolled;
        printf ("  %s, %s: %.2f of the hand-written gradient, %s (%g)\n", peers[peer[k]]->name, task_names[loop_targets[i].task], ratio,
                ratio <= most ? "met" : "missed", most);
      }
}

static void print_problem (const bench_problem *p, const measurement *m)
{
  printf ("%s\n", p->name);
  for (int task = 0; task < BENCH_NTASKS; task++)
    {
      if (bench_task_size (p, (bench_task) task) == 0)
        continue;
      printf ("  %-32s", task_names[task]);
      for (int i = 0; i < NPEERS; i++)
        if (m->does[i][task]) printf (" %10.4f", 1e3*median (m->seconds[i][task], NULL));
        else printf (" %10s", "-");
      for (int i = 1; i < NPEERS; i++)
        if (m->does[i][task]) printf (" %8.3f", median (m->seconds[0][task], m->seconds[i][task]));
        else printf (" %8s", "-");
      print_targets (p, m, task);
    }
  print_loops (p, m);
  for (int i = 0; i < NPEERS; i++)
    {
      const bench_record *r = &m->record[i];
      if (r->operations > 0)
        printf ("  recording, %-8s %9.0f operations: %6.1f ns each in the model, %6.1f after it; %.2f ms in all\n",
                peers[i]->name, r->operations, 1e9*r->model_seconds/r->operations, 1e9*r->other_seconds/r->operations,
                1e3*(r->model_seconds + r->other_seconds));
    }
  fflush (stdout);
}

/* 0 when all peers agree */
static int run_problem (const bench_problem *p, double seconds)
{
  measurement *m = calloc (1, sizeof *m);
  size_t most = 0;
  for (int task = 0; task < BENCH_NTASKS; task++)
    if (bench_task_size (p, (bench_task) task) > most)
      most = bench_task_size (p, (bench_task) task);
  double *a = malloc (most*sizeof *a), *b = malloc (most*sizeof *b);
  int ok = m && a && b;
  for (int i = 0; ok && i < NPEERS; i++)
    {
      /* the second recording counts: code and tables are warm */
      for (int again = 0; ok && (again == 0 || (again == 1 && m->record[i].operations > 0)); again++)
        {
          if (again)
            peers[i]->close (m->state[i]);
          ok = (m->state[i] = peers[i]->open (p, &m->record[i])) != NULL;
        }
      if (!ok)
        fprintf (stderr, "bench: %s: %s does not start\n", p->name, peers[i]->name);
    }
  ok = ok && agree (p, m, a, b);
  if (ok)
    {
      measure (p, m, seconds, a);
      print_problem (p, m);
    }
  for (int i = 0; m && i < NPEERS; i++)
    if (m->state[i])
      peers[i]->close (m->state[i]);
  free (m), free (a), free (b);
  return ok ? 0 : -1;
}

/* The same in a process of its own */
static int run_apart (bench_problem *p, double seconds)
{
  int status;
  pid_t child;
  fflush (NULL);
  child = fork ();
  if (child == 0)
    {
      status = run_problem (p, seconds) != 0;
      bench_problem_free (p);
      fflush (NULL);
      _exit (status);
    }
  if (child > 0 && waitpid (child, &status, 0) == child && WIFEXITED (status))
    return WEXITSTATUS (status) ? -1 : 0;
  fprintf (stderr, "bench: %s: its process did not start or was killed\n", p->name);
  return -1;
}

int main (int argc, char **argv)
{
  const char *csv = "demos/data/breast_cancer.csv", *word = "";
  double seconds = 0.3;
  int failed = 0, c;
  while ((c = getopt (argc, argv, "t:d:p:")) != -1)
    switch (c)
      {
      case 't': seconds = atof (optarg); break;
      case 'd': csv = optarg; break;
      case 'p': word = optarg; break;
      default:
        fprintf (stderr, "usage: %s [-t seconds] [-d breast_cancer.csv] [-p word]\n", argv[0]);
        return 2;
      }
  print_heading ();
  for (int i = 0; i < BENCH_NPROBLEMS; i++)
    {
      bench_problem *p = bench_problem_new (i, csv);
      if (!p || (strstr (p->name, word) && run_apart (p, seconds)))
        failed = 1;
      bench_problem_free (p);
    }
  printf ("One thread; medians of %d repetitions; %s to %g.\n", REPETITIONS,
          failed ? "NOT ALL PEERS RAN AND AGREED" : "all peers agree", AGREEMENT);
#if !(defined HAVE_ADOLC && defined HAVE_SACADO && defined HAVE_STAN && defined HAVE_PYTORCH)
  puts ("Configure found not all of libadolc-dev, libtrilinos-sacado-dev, r-cran-stanheaders libboost-math-dev, python3-torch.");
#endif
  return failed;
}
