/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Threads of a handle: a mutex over a few numbers, taken twice per part.  Who has to wait looks for a change for some
 * microseconds, about what waking costs, before it sleeps: sweeps follow each other closely, and parts end at about the same time.
 */
#include <fenv.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/status.h"
#include "fun/workers.h"
#include "tape/tape.h"

enum { LOOKS = 64 };             /* for a change, before sleeping; each lets others run */

#define WORTH_THREADS 1e5        /* operations in all: about what waking threads costs */

struct wgi_workers {
  pthread_mutex_t lock;          /* guards all that follows */
  pthread_cond_t changed;
  atomic_size_t changes;         /* counts them, also for those who only look */
  size_t sleepers, busy;         /* of them asleep; workers at the work at hand */
  const wgi_work *work;          /* NULL: none, or closed */
  size_t jobs;                   /* that there have been */
  size_t count, crew;            /* threads with the caller; how many of them may work */
  size_t next, end;              /* part to be taken; the first that is not to be done */
  size_t turn;                   /* part to be committed */
  fenv_t fenv;                   /* the caller's rounding */
  int quit;
  pid_t process;                 /* that they live in: a child after fork has none of them */
  struct member { wgi_workers *all; size_t who; pthread_t thread; } member[];
};

static void change (wgi_workers *w)
{
  atomic_fetch_add (&w->changes, 1);
  if (w->sleepers) pthread_cond_broadcast (&w->changed);
}

/* Until something may have changed; locked before and after. */
static void wait (wgi_workers *w)
{
  const size_t seen = atomic_load (&w->changes);
  pthread_mutex_unlock (&w->lock);
  for (int i = 0; i < LOOKS && atomic_load (&w->changes) == seen; i++) sched_yield ();
  pthread_mutex_lock (&w->lock);
  w->sleepers++;
  if (atomic_load (&w->changes) == seen) pthread_cond_wait (&w->changed, &w->lock);
  w->sleepers--;
}

/* Take parts as long as there are some; locked before and after. */
static void take_parts (wgi_workers *w, size_t who)
{
  const wgi_work *work = w->work;
  while (w->next < w->end)
    {
      const size_t k = w->next++;
      pthread_mutex_unlock (&w->lock);
      const int failed = work->part (work->of, who, k);
      pthread_mutex_lock (&w->lock);
      if (failed && k < w->end) w->end = k, change (w);
      while (w->turn < k && k < w->end) wait (w);
      if (k >= w->end) continue;
      pthread_mutex_unlock (&w->lock);
      work->commit (work->of, who, k);
      pthread_mutex_lock (&w->lock);
      w->turn++;
      change (w);
    }
}

static void *run (void *data)
{
  const struct member *m = data;
  wgi_workers *w = m->all;
  wgi_tape_forbid ();
  pthread_mutex_lock (&w->lock);
  for (size_t seen = 0; !w->quit; )
    if (!w->work || w->jobs == seen || m->who >= w->crew) wait (w);
    else
      {
        seen = w->jobs;
        w->busy++;
        fesetenv (&w->fenv);
        take_parts (w, m->who);
        w->busy--;
        change (w);
      }
  pthread_mutex_unlock (&w->lock);
  return NULL;
}

size_t wgi_workers_do (wgi_workers *w, size_t count, size_t begin, size_t end, const wgi_work *work)
{
  pthread_mutex_lock (&w->lock);
  fegetenv (&w->fenv);
  w->work = work, w->crew = count, w->next = w->turn = begin, w->end = end;
  w->jobs++;
  if (count > 1) change (w);
  take_parts (w, 0);
  w->work = NULL;
  while (w->busy) wait (w);
  end = w->end;
  pthread_mutex_unlock (&w->lock);
  return end;
}

/* Signals are the caller's threads' affair. */
static void start (wgi_workers *w, size_t count)
{
  sigset_t all, had;
  sigfillset (&all);
  const int masked = pthread_sigmask (SIG_SETMASK, &all, &had) == 0;
  for (w->count = 1; w->count < count; w->count++)
    {
      struct member *m = &w->member[w->count];
      *m = (struct member){ .all = w, .who = w->count };
      if (pthread_create (&m->thread, NULL, run, m)) break;
    }
  if (masked) pthread_sigmask (SIG_SETMASK, &had, NULL);
}

/* A caller and count - 1 others, or fewer; NULL: none at all. */
static wgi_workers *new_workers (size_t count)
{
  wgi_workers *w = calloc (1, wgi_plus (sizeof *w, wgi_times (count, sizeof w->member[0])));
  if (!w) return NULL;
  w->process = getpid ();
  if (pthread_mutex_init (&w->lock, NULL)) return free (w), NULL;
  if (pthread_cond_init (&w->changed, NULL)) return pthread_mutex_destroy (&w->lock), free (w), NULL;
  start (w, count);
  return w;
}

size_t wgi_workers_for (wgi_resources *resources, size_t parts, double operations)
{
  if (!resources || resources->threads < 2 || parts < 2 || operations < WORTH_THREADS || !wgi_tape_is_free ()) return 1;
  if (!resources->workers) resources->workers = new_workers (resources->threads);
  const wgi_workers *w = resources->workers;
  if (!w || w->process != getpid ()) return 1;
  return w->count < parts ? w->count : parts;
}

void wgi_workers_free (wgi_workers *w)
{
  if (!w) return;
  if (w->process == getpid ())
    {
      pthread_mutex_lock (&w->lock);
      w->quit = 1;
      change (w);
      pthread_mutex_unlock (&w->lock);
      for (size_t i = 1; i < w->count; i++) pthread_join (w->member[i].thread, NULL);
      pthread_cond_destroy (&w->changed);
      pthread_mutex_destroy (&w->lock);
    }
  free (w);
}
