/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Every status provoked, with its message, and outputs untouched by errors.
 */
#include <check.h>
#include <pthread.h>

#include "random_program.h"
#include "runner.h"

#define SENTINEL -987.125

static void model_square (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) ctx;
  for (size_t i = 0; i < m; i++) y[i] = wg_mul (1.5 + (double) i, wg_sqr (x[i % n]));
}

static const double one[3] = { 1.25, -.5, 2 };

/* Record, expecting this status and these words in the message. */
static void refused (wg_model *model, void *ctx, size_t n, size_t m, const double x0[], int status, const char *words)
{
  wg_fun *f = wg_fun_record (model, ctx, n, m, x0);
  ck_assert_msg (f == NULL, "recorded what should give status %d", status);
  ck_assert_msg (wg_fun_status (NULL) == status, "status %d (%s), not %d", wg_fun_status (NULL), wg_last_error (), status);
  ck_assert_msg (strstr (wg_last_error (), words) != NULL, "\"%s\" does not say \"%s\"", wg_last_error (), words);
  /* the thread is fine: it records the next one */
  f = wg_fun_record (model_square, NULL, 1, 1, one);
  ck_assert (f != NULL);
  wg_fun_free (f);
}

START_TEST (texts)
{
  static const struct { int status; const char *text; } all[] = {
#define X(name, value, text) { name, text },
    WG_STATUSES (X)
#undef X
  };
  for (size_t i = 0; i < sizeof all/sizeof *all; i++)
    {
      ck_assert_str_eq (wg_strerror (all[i].status), all[i].text);
      ck_assert_int_eq (WG_FAILED (all[i].status), all[i].status < 0);
      for (size_t j = 0; j < i; j++) ck_assert (all[i].status != all[j].status && strcmp (all[i].text, all[j].text));
    }
  ck_assert_str_eq (wg_strerror (12345), "unknown status");
  ck_assert_str_eq (wg_strerror (-12345), "unknown status");
  ck_assert_int_eq (WG_OK, 0);
  ck_assert (strchr (wg_version (), '.') != NULL || !strcmp (wg_version (), "0"));
}
END_TEST

START_TEST (nothing_yet)
{
  ck_assert_str_eq (wg_last_error (), "");
  ck_assert_int_eq (wg_fun_status (NULL), WG_OK);
}
END_TEST

START_TEST (record_arguments)
{
  const double bad[3] = { 1, NAN, 2 };
  refused (NULL, NULL, 1, 1, one, WG_EINVAL, "model");
  refused (model_square, NULL, 1, 1, NULL, WG_EINVAL, "x0");
  refused (model_square, NULL, 0, 1, one, WG_EINVAL, "inputs");
  refused (model_square, NULL, 1, 0, one, WG_EINVAL, "outputs");
  refused (model_square, NULL, 3, 1, bad, WG_EINVAL, "x0[1]");
}
END_TEST

/* More than there can be; the sizes that overflow are held in tests/tape. */
const char *__asan_default_options (void);
const char *__asan_default_options (void) { return "allocator_may_return_null=1"; }
const char *__tsan_default_options (void);
const char *__tsan_default_options (void) { return "allocator_may_return_null=1"; }

START_TEST (enormous)
{
  wg_fun *f = wg_fun_record (model_square, NULL, 1, SIZE_MAX/64, one);
  ck_assert (f == NULL);
  ck_assert_int_eq (wg_fun_status (NULL), WG_ENOMEM);
}
END_TEST

/* outputs */

static void model_unset (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  y[0] = x[0];
}

static void model_reads_unset (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  y[0] = wg_add (y[1], x[0]), y[1] = x[0];
}

static void model_reads_unset_alone (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  y[0] = wg_exp (y[1]), y[1] = x[0];
}

static void model_compares_unset (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  if (wg_lt (y[0], 1)) y[0] = x[0];
  else y[0] = wg_neg (x[0]);
}

static void model_garbage (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  wg_var far = x[0];
  far.slot = 1000;                             /* no slot of this tape yet */
  y[0] = wg_exp (far);
}

static void model_garbage_output (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  y[0] = x[0];
  y[0].slot = 1000;
}

START_TEST (unset_outputs)
{
  refused (model_unset, NULL, 1, 2, one, WG_EUNSET, "output 1");
  refused (model_reads_unset, NULL, 1, 2, one, WG_ETAPE, "not set yet");
  refused (model_reads_unset_alone, NULL, 1, 2, one, WG_ETAPE, "exp: operand 1 is an output that is not set yet");
  refused (model_compares_unset, NULL, 1, 1, one, WG_ETAPE, "lt: operand 1");
  refused (model_garbage, NULL, 1, 1, one, WG_ETAPE, "exp");
  refused (model_garbage_output, NULL, 1, 1, one, WG_ETAPE, "output 0");
}
END_TEST

/* variables that do not belong */

static wg_var kept;

static void model_keeps (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  y[0] = kept = wg_sqr (x[0]);
}

static void model_stale (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m;
  switch (*(int *) ctx)
    {
    case 0: y[0] = wg_mul (kept, x[0]); break;
    case 1: y[0] = wg_mul (x[0], kept); break;
    case 2: y[0] = wg_fma (x[0], 2, kept); break;
    case 3: y[0] = wg_sin (kept); break;               /* no operand of this recording */
    case 4: y[0] = kept; break;
    case 5: y[0] = wg_lt (kept, x[0]) ? x[0] : wg_neg (x[0]); break;
    case 6: y[0] = wg_mul (x[0], wg_peek (kept)); break;
    case 7: y[0] = wg_mul (x[0], wg_index (kept)); break;
    case 8: y[0] = x[0], wg_raise (kept, "given up"); break;
    case 9: y[0] = wg_powi (kept, 3); break;
    case 10: y[0] = wg_mul (wg_exp (wg_sqr (x[0])), kept); break;      /* where this recording has a slot of that number */
    }
}

static void all_stale (void)
{
  for (int how = 0; how < 11; how++)
    {
      refused (model_stale, &how, 1, 1, one, how == 8 ? WG_EMODEL : WG_ETAPE, how == 4 ? "output 0" : how == 8 ? "given up" : "operand");
      if (how != 4 && how != 8) refused (model_stale, &how, 1, 1, one, WG_ETAPE, "ended recording");
    }
}

START_TEST (stale)
{
  wg_fun *f = wg_fun_record (model_keeps, NULL, 1, 1, one);
  ck_assert (f != NULL);
  all_stale ();
  wg_fun_free (f);
  all_stale ();
  /* outside any recording: values go on, the thread has a message */
  const wg_var y = wg_mul (kept, 2);
  ck_assert_double_eq (y.value, 2*1.25*1.25);
  ck_assert_int_eq (wg_fun_status (NULL), WG_ETAPE);
  ck_assert (strstr (wg_last_error (), "mul") != NULL);
  ck_assert_double_eq (wg_peek (kept), 1.25*1.25);
}
END_TEST

static void *keep_one (void *data)
{
  (void) data;
  wg_fun *f = wg_fun_record (model_keeps, NULL, 1, 1, one);
  wg_fun_free (f);
  return f;
}

static pthread_barrier_t barrier;

static void model_waits (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  y[0] = kept = wg_sqr (x[0]);
  pthread_barrier_wait (&barrier);             /* the other thread uses kept while this recording lasts */
  pthread_barrier_wait (&barrier);
}

static void *keep_while (void *data)
{
  (void) data;
  wg_fun *f = wg_fun_record (model_waits, NULL, 1, 1, one);
  wg_fun_free (f);
  return f;
}

static void *use_stale (void *data)
{
  int how = 10;
  wg_fun *f = wg_fun_record (model_stale, &how, 1, 1, one);
  *(int *) data = f ? 0 : wg_fun_status (NULL);
  wg_fun_free (f);
  return NULL;
}

START_TEST (other_thread)
{
  pthread_t t;
  void *result;
  int status;
  pthread_create (&t, NULL, keep_one, NULL), pthread_join (t, &result);
  ck_assert (result != NULL);
  all_stale ();
  pthread_barrier_init (&barrier, NULL, 2);
  pthread_create (&t, NULL, keep_while, NULL);
  pthread_barrier_wait (&barrier);
  all_stale ();
  pthread_barrier_wait (&barrier);
  pthread_join (t, &result);
  ck_assert (result != NULL);                  /* that recording did not suffer */
  /* threads one after the other, where the next may get the stack of the last */
  int accepted = 0;
  for (int k = 0; k < 20; k++)
    {
      pthread_create (&t, NULL, keep_one, NULL), pthread_join (t, NULL);
      pthread_create (&t, NULL, use_stale, &status), pthread_join (t, NULL);
      accepted += status != WG_ETAPE;
    }
  ck_assert_int_le (accepted, 1);              /* threads start at random among 65536 generations */
}
END_TEST

/* nested recordings */

typedef struct { wg_var outer; int how, inner_status; char inner_message[256]; } nest;

static void model_inner (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  nest *c = ctx;
  (void) n, (void) m;
  switch (c->how)
    {
    case 0: y[0] = wg_mul (x[0], c->outer); break;
    case 1: y[0] = wg_lt (c->outer, x[0]) ? x[0] : wg_neg (x[0]); break;
    case 2: y[0] = wg_mul (c->outer, 2); break;        /* recorded outside; no output of this one */
    case 3: y[0] = wg_mul (x[0], c->outer.value); break;
    case 4: y[0] = wg_mul (x[0], wg_peek (c->outer)); break;       /* a guard of the outer one */
    case 5: y[0] = wg_fma (x[0], x[0], c->outer); break;
    case 6: wg_raise (wg_num (0), "inner gives up"); y[0] = x[0]; break;
    case 7: wg_raise (c->outer, "outer gives up"); y[0] = x[0]; break;
    }
}

static void model_outer (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  nest *c = ctx;
  double v = 77;
  (void) n, (void) m;
  c->outer = wg_mul (x[0], 3);
  wg_fun *inner = wg_fun_record (model_inner, c, 1, 1, one + 2);
  c->inner_status = inner ? wg_eval (inner, one + 2, &v) : wg_fun_status (NULL);
  snprintf (c->inner_message, sizeof c->inner_message, "%s", inner ? "" : wg_last_error ());
  wg_fun_free (inner);
  y[0] = wg_add (c->outer, v);
}

START_TEST (mixed_tapes)
{
  static const struct { int inner, outer; const char *words; } expected[] = {
    { WG_ETAPE, WG_ETAPE, "different recordings" }, { WG_ETAPE, WG_ETAPE, "different recordings" }, { WG_ETAPE, WG_OK, "another recording" },
    { WG_OK, WG_OK, "" }, { WG_OK, WG_OK, "" }, { WG_ETAPE, WG_ETAPE, "different recordings" },
    { WG_EMODEL, WG_OK, "inner gives up" }, { WG_OK, WG_EMODEL, "" } };
  for (int how = 0; how < 8; how++)
    {
      nest c = { .how = how };
      wg_fun *f = wg_fun_record (model_outer, &c, 1, 1, one);
      const int status = f ? WG_OK : wg_fun_status (NULL);
      ck_assert_msg (c.inner_status == expected[how].inner && status == expected[how].outer, "case %d: inner %d (%s), outer %d (%s)",
                     how, c.inner_status, c.inner_message, status, wg_last_error ());
      ck_assert (strstr (c.inner_message, expected[how].words) != NULL);
      double y;
      if (f && how == 3)
        {
          ck_assert_int_eq (wg_eval (f, one, &y), WG_OK);
          ck_assert_double_eq (y, 3*1.25 + 2*(3*1.25));
        }
      wg_fun_free (f);
    }
}
END_TEST

/* Functions recorded within one another to a depth. */
typedef struct { int depth, most, failed_at, status; } deep;

static void model_deep (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  deep *c = ctx;
  (void) n, (void) m;
  double v = 0, z = x[0].value;
  if (++c->depth < c->most)
    {
      wg_fun *f = wg_fun_record (model_deep, c, 1, 1, &z);
      if (f) wg_eval (f, &z, &v);
      else if (!c->failed_at) c->failed_at = c->depth, c->status = wg_fun_status (NULL);
      wg_fun_free (f);
    }
  y[0] = wg_mul (x[0], v + 1);
}

START_TEST (nesting)
{
  deep c = { .most = 15 };
  double y;
  wg_fun *f = wg_fun_record (model_deep, &c, 1, 1, one);
  ck_assert (f != NULL);
  ck_assert_int_eq (c.depth, 15);
  ck_assert_int_eq (c.failed_at, 0);
  wg_fun_free (f);
  for (int k = 0; k < 3; k++)                  /* places are given back */
    {
      c = (deep){ .most = 40 };
      f = wg_fun_record (model_deep, &c, 1, 1, one);
      ck_assert (f != NULL);
      ck_assert_int_eq (c.failed_at, 15);
      ck_assert_int_eq (c.status, WG_ELIMIT);
      ck_assert_int_eq (wg_eval (f, one, &y), WG_OK);
      wg_fun_free (f);
    }
}
END_TEST

/* the model's own errors */

static int course;

static void model_raises (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  y[0] = wg_sqr (x[0]);
  switch (course)
    {
    case 0: wg_raise (x[0], "no such state"); break;
    case 1: wg_raise (wg_num (3), "no such state"); break;
    case 2: wg_raise (x[0], NULL); break;
    case 3:
      {
        char text[1000];
        memset (text, 'w', sizeof text), text[sizeof text - 1] = 0;
        wg_raise (x[0], text);
        break;
      }
    case 4: wg_raise (x[0], "first"), wg_raise (x[0], "second"), y[0] = wg_mul (kept, x[0]); break;
    case 5: y[0] = wg_mul (kept, x[0]), wg_raise (x[0], "second"); break;
    case 6: y[0] = wg_mul (x[0], wg_index (wg_mul (x[0], 1e300))); break;
    case 7: y[0] = wg_mul (x[0], wg_index (wg_sub (wg_mul (x[0], INFINITY), INFINITY))); break;
    case 8: wg_raise (y[1], "with an output that is not set"), y[1] = x[0]; break;
    case 9: y[0] = wg_mul (x[0], wg_index (NAN)); break;           /* a plain number: the double program's answer */
    case 10: y[0] = wg_mul (x[0], wg_index (wg_num (NAN))); break;
    }
  for (int i = 0; i < 3000; i++) y[0] = wg_add (y[0], x[0]);         /* values go on */
  if (course < 5) ck_assert_double_eq_tol (y[0].value, 1.25*1.25*(course == 4 ? 1.25 : 1) + 3000*1.25, 1e-9);
}

START_TEST (raised)
{
  static const char *const words[] = { "no such state", "no such state", "", "wwwwwwwwwwwwwwwwwwwwwwwwwwww", "first", "mul", "wg_index", "wg_index", "not set", "", "wg_index" };
  wg_fun *f = wg_fun_record (model_keeps, NULL, 1, 1, one);
  for (course = 0; course < 11; course++)
    if (course != 9)
      refused (model_raises, NULL, 1, course == 8 ? 2 : 1, one, course == 5 ? WG_ETAPE : WG_EMODEL, words[course]);
  course = 3;
  ck_assert (wg_fun_record (model_raises, NULL, 1, 1, one) == NULL);
  ck_assert_uint_eq (strlen (wg_last_error ()), 200);
  wg_fun_free (f);
  wg_raise (wg_num (1), "outside of any recording");
  ck_assert_str_eq (wg_last_error (), "outside of any recording");
}
END_TEST

/* An error while a branch is being recorded: the outputs are untouched, the old branch works on. */
static void model_half (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) ctx;
  if (wg_lt (x[0], 0)) wg_raise (x[0], "negative");
  for (size_t i = 0; i < m; i++) y[i] = wg_sqrt (x[0]);
}

static void untouched (const double a[], size_t n)
{
  for (size_t i = 0; i < n; i++) ck_assert_msg (a[i] == SENTINEL, "output %zu was written: %g", i, a[i]);
}

typedef struct { double y[3], a[9], b[9], c[9]; } outputs;

static void fill (outputs *o)
{
  for (double *p = o->y; p < o->c + 9; p++) *p = SENTINEL;
}

/* Every driver with f, x and directions; they all return this. */
static void every_driver (wg_fun *f, const double x[], const double v[], const double u[], int scalar, int status)
{
  outputs o;
  fill (&o);
#define HOLD(call)                                                                                               \
  {                                                                                                              \
    const int rc = call;                                                                                         \
    ck_assert_msg (rc == status, "%s: %d, not %d", #call, rc, status);                                           \
    if (status) ck_assert_msg (*wg_last_error (), "%s: no message", #call);                                      \
    if (f) ck_assert_int_eq (wg_fun_status (f), status);                                                         \
    if (status < 0) untouched (o.y, 30);                                                                         \
  }
  if (!v == !u || status != WG_EINVAL)
    {
      HOLD (wg_eval (f, x, o.y))
      HOLD (wg_jacobian (f, x, o.y, o.a))
      if (scalar) HOLD (wg_gradient (f, x, o.y, o.a))
      if (scalar) HOLD (wg_hessian (f, x, o.y, o.a, o.b))
    }
  HOLD (wg_jvp (f, x, v, o.y, o.a))
  HOLD (wg_vjp (f, x, u, o.y, o.a))
  HOLD (wg_fvv (f, x, v, o.y, o.a, o.b))
  HOLD (wg_gnvp (f, x, v, o.y, o.a))
  HOLD (wg_hvp_weighted (f, x, u, v, o.y, o.a, o.b))
  if (scalar) HOLD (wg_hvp (f, x, v, o.y, o.a, o.b))
}

START_TEST (drivers)
{
  const double u[3] = { 1, 2, -1 }, v[3] = { .5, 1, 2 };
  every_driver (NULL, one, v, u, 1, WG_EINVAL);
  wg_fun *f = wg_fun_record (model_square, NULL, 2, 1, one);
  every_driver (f, NULL, v, u, 1, WG_EINVAL);                      /* no last point */
  ck_assert (strstr (wg_last_error (), "last point") != NULL);
  every_driver (f, one, v, u, 1, WG_OK);
  outputs o;
  fill (&o);
  ck_assert_int_eq (wg_jvp (f, one, NULL, o.y, o.a), WG_EINVAL);
  ck_assert (strstr (wg_last_error (), "wg_jvp") != NULL);
  ck_assert_int_eq (wg_fun_status (f), WG_EINVAL);
  ck_assert_int_eq (wg_vjp (f, one, NULL, o.y, o.a), WG_EINVAL);
  ck_assert_int_eq (wg_fvv (f, one, NULL, o.y, o.a, o.b), WG_EINVAL);
  ck_assert_int_eq (wg_gnvp (f, one, NULL, o.y, o.a), WG_EINVAL);
  ck_assert_int_eq (wg_hvp (f, one, NULL, o.y, o.a, o.b), WG_EINVAL);
  ck_assert_int_eq (wg_hvp_weighted (f, one, NULL, v, o.y, o.a, o.b), WG_EINVAL);
  ck_assert_int_eq (wg_hvp_weighted (f, one, u, NULL, o.y, o.a, o.b), WG_EINVAL);
  untouched (o.y, 30);
  wg_fun_free (f);

  f = wg_fun_record (model_square, NULL, 2, 3, one);               /* more outputs than one */
  ck_assert_int_eq (wg_gradient (f, one, o.y, o.a), WG_ESHAPE);
  ck_assert (strstr (wg_last_error (), "wg_gradient") != NULL && strstr (wg_last_error (), "3") != NULL);
  ck_assert_int_eq (wg_hvp (f, one, v, o.y, o.a, o.b), WG_ESHAPE);
  ck_assert_int_eq (wg_hessian (f, one, o.y, o.a, o.b), WG_ESHAPE);
  ck_assert_int_eq (wg_fun_status (f), WG_ESHAPE);
  untouched (o.y, 30);
  every_driver (f, one, v, u, 0, WG_OK);
  wg_fun_free (f);

  const double negative[1] = { -1 };
  f = wg_fun_record (model_half, NULL, 1, 1, one);
  every_driver (f, one, v, u, 1, WG_OK);
  every_driver (f, negative, v, u, 1, WG_EMODEL);
  ck_assert_str_eq (wg_last_error (), "negative");
  ck_assert_int_eq (wg_eval (f, one, NULL), WG_OK);
  ck_assert_int_eq (wg_eval (f, negative, NULL), WG_EMODEL);
  ck_assert_int_eq (wg_eval (f, NULL, o.y), WG_EINVAL);            /* the last point is gone, and that is said */
  every_driver (f, one, v, u, 1, WG_OK);
  double y;
  ck_assert_int_eq (wg_eval (f, one, &y), WG_OK);
  ck_assert_double_eq (y, sqrt (1.25));
  wg_fun_free (f);
}
END_TEST

START_TEST (others)
{
  wg_fun_info info;
  wg_fun *f = wg_fun_record (model_square, NULL, 3, 2, one);
  ck_assert (wg_fun_clone (NULL) == NULL);
  ck_assert_int_eq (wg_fun_status (NULL), WG_EINVAL);
  ck_assert_int_eq (wg_fun_get_info (NULL, &info), WG_EINVAL);
  ck_assert_int_eq (wg_fun_get_info (f, NULL), WG_EINVAL);
  ck_assert_int_eq (wg_fun_get_info (f, &info), WG_OK);
  ck_assert (info.n == 3 && info.m == 2 && info.recordings == 1 && info.traces == 1 && info.breaks == 0 && info.guards == 0
             && info.operations == 4 && info.recorded == 4 && info.constants == 2 && info.program_bytes > 0);
  ck_assert_uint_eq (wg_fun_n (f), 3);
  ck_assert_uint_eq (wg_fun_m (f), 2);
  ck_assert_uint_eq (wg_fun_n (NULL), 0);
  ck_assert_uint_eq (wg_fun_m (NULL), 0);
  wg_fun_free (NULL);
  wg_fun_free (f);
}
END_TEST

/* A model that calls its own function. */

typedef struct { wg_fun *self; int eval, here, clone, info; } itself;

static void model_itself (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  itself *c = ctx;
  (void) n, (void) m;
  y[0] = wg_lt (x[0], 0) ? wg_neg (x[0]) : wg_mul (2, x[0]);
  if (!c->self) return;
  double v = SENTINEL, g = SENTINEL;
  wg_fun_info info;
  const double back = -2;
  c->here = wg_eval (c->self, one, &v);                            /* on the course it has: just a number */
  ck_assert_double_eq (v, 2.5);
  c->eval = wg_gradient (c->self, &back, &v, &g);                  /* to record within a recording of the same */
  ck_assert_double_eq (g, SENTINEL);
  c->info = wg_fun_get_info (c->self, &info);
  wg_fun *clone = wg_fun_clone (c->self);
  c->clone = clone ? WG_OK : wg_fun_status (NULL);
  wg_fun_free (clone);
}

START_TEST (busy)
{
  itself c = { NULL, 0, 0, 0, 0 };
  double y = SENTINEL, g = SENTINEL, x = -3;
  c.self = wg_fun_record (model_itself, &c, 1, 1, one);
  ck_assert_int_eq (wg_gradient (c.self, &x, &y, &g), WG_OK);
  ck_assert_int_eq (c.eval, WG_EBUSY);
  ck_assert_int_eq (c.here, WG_OK);
  ck_assert_int_eq (c.info, WG_EBUSY);
  ck_assert_int_eq (c.clone, WG_EBUSY);
  ck_assert (y == 3 && g == -1);
  ck_assert_int_eq (wg_gradient (c.self, one, &y, &g), WG_OK);
  ck_assert (y == 2.5 && g == 2);
  wg_fun_free (c.self);
}
END_TEST

/* Notices: outputs are written. */

static void model_wild (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m, (void) ctx;
  y[0] = wg_log (x[0]);
  if (m > 1) y[1] = wg_mul (2, x[1]);
}

START_TEST (nonfinite)
{
  const double zero[2] = { 0, 1.5 }, minus[2] = { -1, 1.5 }, u[2] = { 0, 1 }, v[2] = { 0, 1 };
  double y[2], g[2], J[4];
  wg_fun *f = wg_fun_record (model_wild, NULL, 2, 2, one);
  ck_assert (f != NULL);
  ck_assert_int_eq (wg_eval (f, zero, y), WG_NONFINITE);
  ck_assert (y[0] == -INFINITY && y[1] == 3);
  ck_assert (strstr (wg_last_error (), "wg_eval") != NULL);
  ck_assert_int_eq (wg_fun_status (f), WG_NONFINITE);
  ck_assert_int_eq (wg_eval (f, minus, y), WG_NONFINITE);
  ck_assert (isnan (y[0]) && y[1] == 3);
  ck_assert_int_eq (wg_eval (f, minus, NULL), WG_OK);              /* nothing was written */
  ck_assert_int_eq (wg_vjp (f, zero, u, NULL, g), WG_OK);          /* weight 0 leaves the logarithm out */
  ck_assert (g[0] == 0 && g[1] == 2);
  ck_assert_int_eq (wg_jvp (f, zero, v, NULL, y), WG_OK);          /* so does tangent 0 */
  ck_assert (y[0] == 0 && y[1] == 2);
  ck_assert_int_eq (wg_jacobian (f, zero, NULL, J), WG_NONFINITE);
  ck_assert (J[0] == INFINITY && J[1] == 0 && J[2] == 0 && J[3] == 2);
  ck_assert_int_eq (wg_eval (f, one, y), WG_OK);
  ck_assert_int_eq (wg_fun_status (f), WG_OK);
  /* a NaN goes through where nothing branches */
  ck_assert_int_eq (wg_eval (f, (double[]){ NAN, 1 }, y), WG_NONFINITE);
  ck_assert (isnan (y[0]) && y[1] == 2);
  wg_fun_free (f);
}
END_TEST

int main (void)
{
  Suite *s = suite_create ("refusals");
  TCase *t = tcase_create ("refusals");
  tcase_set_timeout (t, 60);
  tcase_add_test (t, texts);
  tcase_add_test (t, nothing_yet);
  tcase_add_test (t, record_arguments);
  tcase_add_test (t, enormous);
  tcase_add_test (t, unset_outputs);
  tcase_add_test (t, stale);
  tcase_add_test (t, other_thread);
  tcase_add_test (t, mixed_tapes);
  tcase_add_test (t, nesting);
  tcase_add_test (t, raised);
  tcase_add_test (t, drivers);
  tcase_add_test (t, others);
  tcase_add_test (t, busy);
  tcase_add_test (t, nonfinite);
  suite_add_tcase (s, t);
  return run_suite (s);
}
