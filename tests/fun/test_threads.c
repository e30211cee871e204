/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Eight threads on clones of one function, of its derivatives and of a caller, with branches changing in all of them: the numbers
 * are those of one thread to the last bit, whoever recorded what, and the model is never in two threads at once.
 * To be run under the thread sanitizer too: ./configure --enable-sanitize=thread.
 */
#include <pthread.h>
#include <stdatomic.h>

#include "agree.h"
#include "runner.h"

enum { THREADS = 8, POINTS = 64, INPUTS = 5, ROUNDS = 8 };

typedef struct { atomic_int inside, entered, met; } witness;

/* Sums of products of sorted numbers, times a factor that is looked up: up to 5! courses times the look-ups. */
static void model (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  witness *w = ctx;
  (void) m;
  if (atomic_fetch_add (&w->inside, 1)) atomic_fetch_add (&w->met, 1);
  atomic_fetch_add (&w->entered, 1);
  wg_var s[INPUTS];
  for (size_t i = 0, j; i < n; i++)
    {
      for (j = i; j > 0 && wg_lt (x[i], s[j-1]); j--) s[j] = s[j-1];
      s[j] = x[i];
    }
  y[0] = wg_mul (wg_param (x[0], 0, 1.25), wg_exp (wg_mul (.125, s[0])));
  for (size_t i = 1; i < n; i++) y[0] = wg_add (y[0], wg_mul (wg_mul ((double) i + .375, wg_sin (s[i])), s[i-1]));
  y[0] = wg_mul (y[0], 1 + .25*wg_index (wg_add (2, wg_tanh (x[0]))));
  atomic_fetch_sub (&w->inside, 1);
}

static void model_caller (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) m;
  wg_var z[INPUTS];
  for (size_t i = 0; i < n; i++) z[i] = wg_sub (x[(i + 1) % n], wg_mul (.25, x[i]));
  wg_call (ctx, x, (wg_var[]){ x[1] }, &z[0]);
  wg_call (ctx, z, NULL, y);
  if (wg_lt (y[0], z[0])) y[0] = wg_mul (y[0], z[0]);
}

/* what a thread does: the value, gradient and product of f and of the caller, the gradient as a function with its Jacobian */

typedef struct { double y[3], g[3*INPUTS], hv[2*INPUTS], J[INPUTS*INPUTS]; } numbers;
typedef struct { wg_fun *f, *caller, *derived; } handles;
typedef struct { handles h; const double (*x)[INPUTS]; size_t start; int bad, invalidates; numbers out[POINTS]; } worker;

static pthread_barrier_t all_ready;

static int compute (const handles *h, const double x[], numbers *out)
{
  const double v[INPUTS] = { 1, -.5, .25, 2, -1.5 };
  memset (out, 0, sizeof *out);
  return wg_hvp (h->f, x, v, &out->y[0], out->g, out->hv)
         || wg_hvp (h->caller, x, v, &out->y[1], out->g + INPUTS, out->hv + INPUTS)
         || wg_eval (h->derived, x, out->g + 2*INPUTS) || wg_jacobian (h->derived, NULL, NULL, out->J);
}

static void *work (void *data)
{
  worker *w = data;
  pthread_barrier_wait (&all_ready);
  for (size_t k = 0; k < ROUNDS*POINTS; k++)
    {
      const size_t at = (w->start + 11*k) % POINTS;
      if (compute (&w->h, w->x[at], &w->out[at])) w->bad = 1;
      if (w->invalidates && k % 32 == 31 && wg_fun_invalidate (w->h.f)) w->bad = 2;
    }
  return NULL;
}

static handles record (witness *w, const double x[])
{
  handles h;
  h.f = agree_record (model, w, INPUTS, 1, x);
  h.caller = agree_record (model_caller, h.f, INPUTS, 1, x);
  h.derived = wg_fun_gradient (h.f);
  ck_assert_msg (h.derived != NULL, "%s", wg_last_error ());
  return h;
}

static void discard (handles h) { wg_fun_free (h.derived), wg_fun_free (h.caller), wg_fun_free (h.f); }

START_TEST (same_bits)
{
  static worker w[THREADS], one;
  static double x[POINTS][INPUTS];
  pthread_t thread[THREADS];
  witness alone = { 0 }, seen = { 0 };
  wg_fun_info info;
  rp_random r = { 0x5eeda000 };
  for (int k = 0; k < POINTS; k++) for (int i = 0; i < INPUTS; i++) x[k][i] = rp_uniform (&r, -2, 2);
  one.h = record (&alone, x[0]);
  for (int k = 0; k < POINTS; k++) ck_assert_msg (compute (&one.h, x[k], &one.out[k]) == 0, "%s", wg_last_error ());
  const handles h = record (&seen, x[0]);
  ck_assert_int_eq (pthread_barrier_init (&all_ready, NULL, THREADS), 0);
  for (int t = 0; t < THREADS; t++)
    {
      w[t] = (worker){ .h = { wg_fun_clone (h.f), wg_fun_clone (h.caller), wg_fun_clone (h.derived) },
                       .x = (const double (*)[INPUTS]) x, .start = (size_t) t*5, .invalidates = _i };
      ck_assert (w[t].h.f && w[t].h.caller && w[t].h.derived);
    }
  for (int t = 0; t < THREADS; t++) ck_assert_int_eq (pthread_create (&thread[t], NULL, work, &w[t]), 0);
  for (int t = 0; t < THREADS; t++) pthread_join (thread[t], NULL);
  pthread_barrier_destroy (&all_ready);
  for (int t = 0; t < THREADS; t++)
    {
      ck_assert_int_eq (w[t].bad, 0);
      for (int k = 0; k < POINTS; k++)
        ck_assert_msg (memcmp (&w[t].out[k], &one.out[k], sizeof one.out[k]) == 0, "thread %d, point %d: other numbers", t, k);
    }
  ck_assert_int_eq (atomic_load (&seen.met), 0);
  ck_assert_int_eq (atomic_load (&seen.inside), 0);
  ck_assert_int_ge (atomic_load (&alone.entered), 40);                 /* there are many courses, */
  wg_fun_get_info (h.f, &info);
  ck_assert_uint_eq (info.recordings, (size_t) atomic_load (&seen.entered));
  if (!_i) ck_assert_int_eq (atomic_load (&seen.entered), atomic_load (&alone.entered));      /* each recorded once */
  for (int t = 0; t < THREADS; t++) discard (w[t].h);
  discard (h), discard (one.h);
}
END_TEST

/* Clones are made, called by models, derived and freed on all threads at once. */

static void *live (void *data)
{
  worker *w = data;
  pthread_barrier_wait (&all_ready);
  for (size_t k = 0; k < POINTS; k++)
    {
      handles h = { wg_fun_clone (w->h.f), NULL, NULL };
      h.caller = wg_fun_record (model_caller, h.f, INPUTS, 1, w->x[(k + w->start) % POINTS]);
      h.derived = wg_fun_gradient (h.f);
      if (!h.f || !h.caller || !h.derived || compute (&h, w->x[k], &w->out[k])) w->bad = 1;
      discard (h);
    }
  return NULL;
}

START_TEST (lives)
{
  static worker w[THREADS];
  static double x[POINTS][INPUTS];
  pthread_t thread[THREADS];
  witness seen = { 0 };
  rp_random r = { 0x5eedb000 };
  for (int k = 0; k < POINTS; k++) for (int i = 0; i < INPUTS; i++) x[k][i] = rp_uniform (&r, -2, 2);
  const handles h = record (&seen, x[0]);
  ck_assert_int_eq (pthread_barrier_init (&all_ready, NULL, THREADS), 0);
  for (int t = 0; t < THREADS; t++) w[t] = (worker){ .h.f = wg_fun_clone (h.f), .x = (const double (*)[INPUTS]) x, .start = (size_t) t*5 };
  for (int t = 0; t < THREADS; t++) ck_assert_int_eq (pthread_create (&thread[t], NULL, live, &w[t]), 0);
  for (int t = 0; t < THREADS; t++) pthread_join (thread[t], NULL);
  pthread_barrier_destroy (&all_ready);
  for (int t = 0; t < THREADS; t++)
    {
      ck_assert_int_eq (w[t].bad, 0);
      ck_assert (memcmp (w[t].out, w[0].out, sizeof w[0].out) == 0);
      wg_fun_free (w[t].h.f);
    }
  ck_assert_int_eq (atomic_load (&seen.met), 0);
  discard (h);
}
END_TEST

int main (void)
{
  Suite *s = suite_create ("threads");
  TCase *t = tcase_create ("threads");
  tcase_set_timeout (t, 300);
  tcase_add_loop_test (t, same_bits, 0, 2);            /* without and with invalidations */
  tcase_add_test (t, lives);
  suite_add_tcase (s, t);
  return run_suite (s);
}
