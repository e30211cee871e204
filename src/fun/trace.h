/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Traces of a model and how they are found.  A trace is a program with the outcomes of its guards.  All
 * traces of a family form a trie by these outcomes; its nodes are kept as a hash table from the sequence of
 * outcomes so far (a 64-bit hash) to a trace that begins with it.  When guard k breaks, the trace to try
 * next is the one under (outcomes before k, outcome found at k).  A collision costs a
 * try, never a wrong number: every trace's own guards are checked by its own sweep.
 */
#ifndef WENGERT_FUN_TRACE_H
#define WENGERT_FUN_TRACE_H

#include <pthread.h>

#include <wengert/fun.h>

#include "program/program.h"

typedef struct wgi_trace wgi_trace;
struct wgi_trace {
  wgi_program *program;
  uint64_t *prefix;              /* guards + 1 hashes: of the outcomes before each guard, and of all */
  size_t bytes;
  size_t generation;             /* of the family when its recording began */
  size_t users;                  /* the family and the handles that are at it */
  wgi_trace *newer, *older;      /* by last use; NULL at the ends */
};

/* Are plainly recorded loops to become maps (roll.h)? */
enum wgi_rolling {
  WGI_NOT_ROLLED,
  WGI_ROLLED,                    /* where that makes it faster */
  WGI_ROLLED_ALL,
  WGI_ROLLED_INSIDE              /* in the body of a loop, where it is long */
};

typedef struct wgi_family wgi_family;
struct wgi_family {
  pthread_mutex_t lock;          /* guards all that follows, and the model: it never runs twice at once */
  wg_model *model;               /* NULL: nothing to record again */
  void *ctx;
  void (*release) (void *ctx);   /* NULL: ctx is the caller's */
  size_t n, m;
  double *x0;                    /* n: the point of the first recording, where derived functions are recorded too */
  enum wgi_rolling rolls;
  int compares;                  /* has a trace ever had a guard that is all comparisons of a rolled loop? */
  size_t handles;
  wgi_trace *newest, *oldest;
  struct { uint64_t key; wgi_trace *trace; } *node;      /* open addressing, nodes a power of two; trace NULL: free */
  size_t nodes, used;
  size_t limit;                  /* bytes of traces to keep; the newest is always kept */
  size_t traces, bytes, recordings, breaks, forgotten;
  atomic_size_t generation;      /* counts wg_fun_invalidate; read without the lock */
  _Atomic uint64_t print;        /* of all traces that ever were, the sum of their programs'; read without the lock */
  atomic_int calls, overfull;    /* has a trace ever called a function; was one ever forgotten for its size?  Likewise */
  const wgi_family *base;        /* the family that the model replays, which ctx keeps alive; or NULL */
};

/* A trace is stale when its generation is not this: the family's and its base's. */
static inline size_t wgi_family_generation (const wgi_family *s)
{
  size_t sum = 0;
  for (; s; s = s->base) sum += atomic_load (&s->generation);
  return sum;
}

/* A hash of what h is one of, and of one word more. */
static inline uint64_t wgi_mixed (uint64_t h, uint64_t word)
{
  h = (h ^ word)*0x9e3779b97f4a7c15u;
  return h ^ h >> 32;
}

/* A family with no trace yet; NULL: out of memory. */
wgi_family *wgi_family_new (wg_model *model, void *ctx, size_t n, size_t m);
void wgi_family_free (wgi_family *);

/* Lock.  WG_EBUSY when this thread holds the lock already, that is, from inside the model. */
int wgi_family_lock (wgi_family *);
void wgi_family_unlock (wgi_family *);

/* All of these with the lock held.  Run the model at x with the parameters and bindings of a handle (NULL: none), and keep
 * the trace, rolled as the family says or as this says; it has a user more. */
int wgi_trace_record (wgi_family *, const double x[], const wg_fun *, wgi_trace **);
int wgi_trace_record_as (wgi_family *, const double x[], const wg_fun *, enum wgi_rolling, wgi_trace **);

/* Freeze a closed tape with outputs out[m] and keep it as a trace; it has a user more.  WG_ENOMEM. */
int wgi_trace_keep (wgi_family *, const wgi_tape *, const uint32_t out[], wgi_trace **);

/* Forget all stale traces; handles that are at one keep it until their next point. */
void wgi_family_purge (wgi_family *);

/* The trace to try when guard k of t was found to have this outcome; it has a user more.  NULL: none. */
wgi_trace *wgi_trace_find (wgi_family *, const wgi_trace *t, size_t k, uint64_t found);

/* The one used last that is none of these; it has a user more.  NULL: none. */
wgi_trace *wgi_trace_other (wgi_family *, size_t count, const wgi_trace *const tried[]);

/* Is the trace what its model would record, as far as is known?  Not after wg_fun_invalidate. */
static inline int wgi_trace_is_current (const wgi_family *s, const wgi_trace *t)
{
  return t->generation == wgi_family_generation (s);
}

/* Give up a use. */
void wgi_trace_leave (wgi_trace *);

#endif
