/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Maps in lanes, chunk by chunk, on as many threads as the handle has.  Each thread has an instance of its own; a chunk leaves sums and
 * adjoints of what items share in it, and in a log, tile by tile, what goes to single items.  Committing a chunk adds both: so results
 * are those of one thread, which has no log, whoever did what, and a chunk that fails has left nothing behind.
 */
#include <stdlib.h>
#include <string.h>

#include "fun/map.h"
#include "fun/workers.h"

enum { LEAST = 4, MOST = 64,           /* tiles of a chunk: enough to pay for its sums; few enough for its log */
       CHUNKS = 32,                    /* in between there are as many */
       LONGEST = 1 << 22 };            /* numbers of a log of Hessians: one with more is not kept, the caller does it all */

/* What a thread works with. */
typedef struct {
  wgi_map_callee *callee;              /* of the first, which is the caller's, the map's own */
  wgi_map_job job;
  wgi_entries entries;                 /* the job's */
  wgi_resources resources;             /* with no threads: maps in the body stay on this one */
  void *block;                         /* the memory of the log, with room for so many numbers */
  size_t room;
  double *log;                         /* at 64 bytes */
} member;

struct wgi_map_crew {
  size_t count;
  member member[];
};

typedef struct {
  wgi_map_callee *c;
  const wgi_map_job *job;
  size_t chunk;                        /* items */
  member *member;                      /* NULL: the caller does it all */
  wgi_resources *resources;            /* the handle's */
  int notice;                          /* the first */
  const char *why;
} chunks;

void wgi_map_crew_free (struct wgi_map_crew *crew)
{
  for (size_t i = 0; crew && i < crew->count; i++)
    {
      if (i && crew->member[i].callee) wgi_callee_free (&crew->member[i].callee->callee);
      free (crew->member[i].block);
    }
  free (crew);
}

/* Operations of one sweep over all items. */
static double operations (const wgi_map_callee *c)
{
  const wg_fun *f = c->one->fun;
  double sum = (double) f->trace->program->count;
  for (size_t i = 0; i < f->trace->program->sources; i++)
    if (f->place[i]->lanes == wgi_map_nested) sum += operations ((const wgi_map_callee *) f->place[i]);
  return sum*(double) c->items;
}

/* A crew with room for count members, or NULL. */
static struct wgi_map_crew *have_crew (wgi_map_callee *c, size_t count)
{
  struct wgi_map_crew *crew = c->crew;
  if (crew && crew->count >= count) return crew;
  crew = calloc (1, sizeof *crew + count*sizeof crew->member[0]);
  if (!crew) return NULL;
  if (c->crew) memcpy (crew->member, c->crew->member, c->crew->count*sizeof crew->member[0]);
  crew->count = count;
  free (c->crew);
  return c->crew = crew;
}

/* Have member i ready for the job; 0: it cannot be. */
static int enlist (wgi_map_callee *c, const wgi_map_job *job, size_t i, size_t tiles)
{
  member *m = &c->crew->member[i];
  const size_t room = wgi_times (wgi_map_log_size (c, job), tiles);
  if (!i) m->callee = c;
  if (!m->callee && !(m->callee = wgi_map_mate (c))) return 0;
  if (i && wgi_map_follow (m->callee, c)) return 0;
  if (room > m->room)
    {
      void *block = malloc (wgi_times (wgi_plus (room, WGI_VECTOR), sizeof *m->log));
      if (!block) return 0;
      free (m->block);
      m->block = block, m->room = room, m->log = (double *) (((uintptr_t) block + 63) & ~(uintptr_t) 63);
    }
  m->job = *job;
  if (job->entries) m->entries = *job->entries, m->job.entries = &m->entries;
  m->resources = (wgi_resources){ .scans.limit = c->callee.resources->scans.limit };
  m->callee->callee.resources = m->callee->one->resources = &m->resources;
  m->callee->own.trace = NULL, m->callee->own.apart = c->own.apart;
  return 1;
}

/* How many threads the job is worth, for which members are ready. */
static size_t call_crew (wgi_map_callee *c, const wgi_map_job *job, size_t most, size_t tiles)
{
  wgi_resources *resources = c->callee.resources;
  if (job->entries && !job->entries->once) return 1;
  if (job->curves && wgi_map_log_size (c, job) > LONGEST/tiles) return 1;
  const double sweeps = job->curves ? (double) job->curves->directions : 1;
  const size_t count = wgi_workers_for (resources, most, sweeps*operations (c));
  size_t ready = 0;
  if (count < 2 || !have_crew (c, count)) return 1;
  while (ready < count && enlist (c, job, ready, tiles)) ready++;
  if (ready > 1) return ready;
  c->callee.resources = c->one->resources = resources;
  return 1;
}

static wgi_map_callee *callee_of (const chunks *t, size_t who) { return t->member ? t->member[who].callee : t->c; }

static size_t end_of (const chunks *t, size_t k)
{
  return t->c->items - k*t->chunk > t->chunk ? (k + 1)*t->chunk : t->c->items;
}

static int part (void *of, size_t who, size_t k)
{
  const chunks *t = of;
  member *m = t->member ? &t->member[who] : NULL;
  wgi_map_callee *c = callee_of (t, who);
  if (m) m->resources.scans = (wg_scan_info){ .limit = m->resources.scans.limit }, m->entries.odd = 0, c->log = m->log;
  const int rc = wgi_map_chunk (c, m ? &m->job : t->job, k*t->chunk, end_of (t, k));
  c->log = NULL;
  return rc;
}

static void commit (void *of, size_t who, size_t k)
{
  chunks *t = of;
  const member *m = t->member ? &t->member[who] : NULL;
  wgi_map_callee *c = callee_of (t, who);
  c->log = m ? m->log : NULL;
  wgi_map_add_chunk (c, t->job, k*t->chunk, end_of (t, k));
  c->log = NULL;
  if (c->notice && !t->notice) t->notice = c->notice, t->why = c->callee.why;
  if (!m) return;
  wgi_resources_add (t->resources, &m->resources);
  if (t->job->entries) t->job->entries->odd |= m->entries.odd;
}

int wgi_map_lanes (wgi_map_callee *c, const wgi_map_job *job)
{
  const size_t all = (c->items + WGI_LANES - 1)/WGI_LANES, even = (all + CHUNKS - 1)/CHUNKS;
  const size_t tiles = even < LEAST ? LEAST : even > MOST ? MOST : even, count = (all + tiles - 1)/tiles;
  int rc = WG_OK;
  if (!c->items) return WG_OK;
  if (wgi_fun_is_stale (c->one->fun))
    {
      wgi_map_see (c, WGI_VALUE, 0);
      rc = wgi_fun_at (c->one->fun, wgi_callee_arrays (c->one).x[0]);
      if (rc < 0) return rc;
    }
  c->own.trace = NULL, c->own.apart = job->entries != NULL;
  chunks t = { .c = c, .job = job, .chunk = tiles*WGI_LANES, .resources = c->callee.resources };
  const size_t threads = call_crew (c, job, count, tiles);
  if (threads > 1) t.member = c->crew->member;
  rc = WG_OK;
  for (size_t k = 0; k < count && !rc; k++)
    {
      if (t.member) k = wgi_workers_do (t.resources->workers, threads, k, count, &(wgi_work){ part, commit, &t });
      if (k < count && !(rc = part (&t, 0, k))) commit (&t, 0, k);
    }
  c->callee.resources = c->one->resources = t.resources;
  c->notice = t.notice, c->callee.why = t.why;
  return rc;
}
