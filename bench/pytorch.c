/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * The peer PyTorch: a Python process that runs bench/pytorch.py, spoken to through two pipes.  It takes its
 * own time, so that neither the pipes nor waiting for it count.
 */
#ifndef _POSIX_C_SOURCE
# define _POSIX_C_SOURCE 200809L
#endif

#include "bench.h"

#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct { pid_t child; FILE *to, *from; double seconds; } state;

static int tell (FILE *to, const void *data, size_t size, size_t count)
{
  return count == 0 || (data && fwrite (data, size, count, to) == count) ? 0 : -1;
}

static int tell_problem (FILE *to, const bench_problem *p)
{
  const uint64_t sizes[] = { p->model, p->n, p->rows, p->cols, p->k, p->m, BENCH_DIRECTIONS, p->label ? 1 : 0 };
  return tell (to, sizes, sizeof sizes, 1) || tell (to, &p->lambda, 8, 1) || tell (to, p->x, 8, p->n)
         || tell (to, p->v, 8, BENCH_DIRECTIONS*p->n) || tell (to, p->A, 8, p->rows*p->cols)
         || tell (to, p->label, 8, p->label ? p->rows : 0) || fflush (to) ? -1 : 0;
}

static void pytorch_close (void *state_)
{
  state *s = state_;
  if (s->to) fclose (s->to);
  if (s->from) fclose (s->from);
  if (s->child > 0) waitpid (s->child, NULL, 0);
  free (s);
}

static void *pytorch_open (const bench_problem *p, bench_record *record)
{
  int to[2], from[2];
  state *s = calloc (1, sizeof *s);
  (void) record;
  if (!s || pipe (to) || pipe (from))
    return free (s), NULL;
  signal (SIGPIPE, SIG_IGN);
  s->child = fork ();
  if (s->child == 0)
    {
      dup2 (to[0], 0), dup2 (from[1], 1);
      close (to[0]), close (to[1]), close (from[0]), close (from[1]);
      execl (BENCH_PYTHON, "python3", BENCH_PYTORCH, (char *) NULL);
      _exit (127);
    }
  close (to[0]), close (from[1]);
  s->to = fdopen (to[1], "wb"), s->from = fdopen (from[0], "rb");
  if (s->child < 0 || !s->to || !s->from || tell_problem (s->to, p))
    return pytorch_close (s), NULL;
  return s;
}

static int pytorch_run (void *state_, const bench_problem *p, bench_task task, double y[])
{
  state *s = state_;
  const size_t size = bench_task_size (p, task);
  double seconds;
  if (task == BENCH_BATCH) return BENCH_NOT_DONE;
  if (putc ((int) task, s->to) == EOF || fflush (s->to) || fread (&seconds, 8, 1, s->from) != 1
      || fread (y, 8, size, s->from) != size)
    return -1;
  s->seconds += seconds;
  return 0;
}

static double pytorch_seconds (void *state_)
{
  return ((state *) state_)->seconds;
}

const bench_peer bench_pytorch = { "PyTorch", pytorch_open, pytorch_run, pytorch_close, pytorch_seconds };
