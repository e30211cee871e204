/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Who has threads: several users with a crew each, a child of a process that had one, and that a crew does work.
 * To be run under the thread sanitizer too: ./configure --enable-sanitize=thread.
 */
#include <sys/wait.h>
#include <unistd.h>

#include "map_threads.h"
#include "runner.h"

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
  static const wg_rules watch = { .name = "watch", .eval = watching, .vjp = sine_vjp };
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

/* A child inherits the handle, not the threads. */
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
      free (now.v), free (again.v), free (one.v), free (x);
      _exit (bad + 2*worse);
    }
  int status;
  ck_assert_int_eq (waitpid (child, &status, 0), child);
  ck_assert (WIFEXITED (status) && WEXITSTATUS (status) == 0);
  free (one.v), free (x);
  wg_fun_free (f), wg_fun_free (body);
}
END_TEST

int main (void)
{
  Suite *s = suite_create ("threads of maps: users");
  TCase *t = group (s, "users");
  tcase_add_test (t, several_users);
  tcase_add_test (t, workers_work);
  tcase_add_test (t, children);
  return run_suite (s);
}
