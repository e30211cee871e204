/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Is the model a function of its variables alone?  It is run again, in a family of its own under the lock of f's, at x
 * twice and at points around it.  Two recordings with the same outcomes of guards must be the same program, and what f's
 * own recordings replay must be what the new one computes, to the last bit.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <wengert/check.h>

#include "deriv/random.h"
#include "fun/fun.h"
#include "program/operation.h"

enum { POINTS = 8 };

typedef struct {
  wg_fun *f, *first;             /* first: recorded now, at x */
  size_t n, m;
  const double *x;
  double *point, *replayed, *fresh;
  wgi_random random;
  wg_check_options options;
  wg_check_report report;
  char why[200];
} checker;

/* The model of f recorded now at a point, with f's parameters.  NULL: *rc says why. */
static wg_fun *record_now (const wg_fun *f, const double x[], int *rc)
{
  const wgi_family *s = f->family;
  wgi_family *own = wgi_family_new (s->model, s->ctx, s->n, s->m);
  wgi_trace *t;
  wg_fun *g = NULL;
  if (!own) return *rc = wgi_fail (WG_ENOMEM, "out of memory"), NULL;
  memcpy (own->x0, x, s->n*sizeof *x);
  own->rolls = s->rolls;
  *rc = wgi_family_lock (f->family);
  if (!*rc)
    {
      wgi_family_lock (own);
      *rc = wgi_trace_record (own, x, f, &t);
      if (!*rc && !(g = wgi_fun_handle (own, t))) wgi_trace_leave (t), *rc = WG_ENOMEM;
      own->handles = 1;
      wgi_family_unlock (own);
      wgi_family_unlock (f->family);
    }
  if (!g) return wgi_family_free (own), NULL;
  *rc = wg_fun_set_params (g, g->params, f->param);
  if (*rc) wg_fun_free (g), g = NULL;
  return g;
}

/* Keep the first complaint, about output or operation row at point column. */
static void complain (checker *c, size_t row, size_t column, double derivative, double difference, const char *why)
{
  c->report.disagreeing++;
  if (c->report.verdict) return;
  c->report.verdict = WG_DISAGREE;
  c->report.row = row, c->report.column = column;
  c->report.derivative = derivative, c->report.difference = difference;
  snprintf (c->why, sizeof c->why, "%s", why);
}

static int same_bits (double a, double b) { return memcmp (&a, &b, sizeof a) == 0 || (isnan (a) && isnan (b)); }

/* Two recordings whose guards came out alike: the first operation, word or constant that differs. */
static void compare_programs (checker *c, const wgi_program *p, const wgi_program *q, size_t column)
{
  char why[160];
  for (size_t i = 0; i < p->constants && i < q->constants; i++)
    if (!same_bits (p->constant[i], q->constant[i]))
      {
        snprintf (why, sizeof why, "constant %zu is %.9g in one recording and %.9g in the other", i, p->constant[i],
                  q->constant[i]);
        complain (c, i, column, q->constant[i], p->constant[i], why);
        return;
      }
  wgi_operation o = wgi_first (p), r = wgi_first (q);
  for (; wgi_is_one (&o) && wgi_is_one (&r); wgi_next (&o), wgi_next (&r))
    if (p->code[o.number] != q->code[r.number] || o.words != r.words
        || (o.row != WGI_ROW_call && memcmp (o.word, r.word, o.words*sizeof *o.word)))
      {
        snprintf (why, sizeof why, "operation %zu is %s in one recording and %s in the other, or has other operands",
                  o.number, wgi_name (&o), wgi_name (&r));
        complain (c, o.number, column, NAN, NAN, why);
        return;
      }
  if (wgi_is_one (&o) || wgi_is_one (&r) || memcmp (p->out, q->out, p->m*sizeof *p->out))
    complain (c, o.number, column, NAN, NAN, "one recording is longer than the other, or has other outputs");
}

/* Did their guards come out alike? */
static int same_course (const wgi_trace *a, const wgi_trace *b)
{
  return a->program->guards == b->program->guards && a->prefix[a->program->guards] == b->prefix[b->program->guards];
}

/* Values at the point: by f's recordings, and by the new one. */
static int compare_values (checker *c, wg_fun *fresh, size_t column)
{
  int rc = wg_eval (fresh, c->point, c->fresh);
  if (rc == WG_EMODEL) return complain (c, 0, column, NAN, NAN, wg_last_error ()), WG_OK;
  if (!WG_FAILED (rc)) rc = wg_eval (c->f, c->point, c->replayed);
  if (rc == WG_EMODEL) return complain (c, 0, column, c->fresh[0], NAN, wg_last_error ()), WG_OK;
  if (WG_FAILED (rc)) return rc;
  for (size_t i = 0; i < c->m; i++)
    {
      c->report.checked++;
      if (!same_bits (c->fresh[i], c->replayed[i]))
        complain (c, i, column, c->fresh[i], c->replayed[i], "a replay gives another value than a new recording");
    }
  return WG_OK;
}

/* Record at the point and compare.  Where the model gives up there is nothing to compare. */
static int visit (checker *c, size_t column)
{
  int rc;
  wg_fun *fresh = record_now (c->f, c->point, &rc);
  if (!fresh) return rc == WG_EMODEL ? (c->report.unsure++, WG_OK) : rc;
  if (same_course (c->first->trace, fresh->trace))
    compare_programs (c, c->first->trace->program, fresh->trace->program, column);
  rc = compare_values (c, fresh, column);
  wg_fun_free (fresh);
  return rc;
}

/* Half of the points are close, likely on the same branches, half are not. */
static void choose (checker *c, size_t k)
{
  for (size_t i = 0; i < c->n; i++)
    {
      const double step = c->options.step ? c->options.step[i] : (k % 2 ? 1./64 : .5)*wgi_size (c->x[i]);
      c->point[i] = c->x[i] + step*wgi_uniform (&c->random);
    }
}

static int visit_all (checker *c)
{
  const size_t points = c->options.points ? c->options.points : POINTS;
  int rc;
  memcpy (c->point, c->x, c->n*sizeof *c->x);
  c->first = record_now (c->f, c->x, &rc);
  if (!rc) rc = visit (c, 0);
  for (size_t k = 1; k <= points && !rc; k++)
    {
      choose (c, k);
      rc = visit (c, k);
    }
  wg_fun_free (c->first);
  return rc;
}

int wg_check_replay (wg_fun *f, const double x[], const wg_check_options *options, wg_check_report *report)
{
  checker c = { .f = f, .x = x };
  if (options) c.options = *options;
  if (!f || !x) return wgi_fail (WG_EINVAL, "wg_check_replay: %s is NULL", f ? "x" : "f");
  if (!f->family->model) return wgi_fail (WG_EBRANCH, "wg_check_replay: there is no model to record again");
  c.n = f->family->n, c.m = f->family->m;
  c.random.state = c.options.seed;
  for (int i = 0; i < 3; i++) c.report.slope[i] = NAN;
  double *block = malloc (wgi_times (wgi_plus (c.n, wgi_times (2, c.m)), sizeof *block));
  if (!block) return wgi_fail (WG_ENOMEM, "wg_check_replay: out of memory");
  c.point = block, c.replayed = block + c.n, c.fresh = c.replayed + c.m;
  int rc = visit_all (&c);
  if (!rc) rc = wg_eval (f, x, NULL);
  free (block);
  if (WG_FAILED (rc) && !(rc == WG_EMODEL && c.report.verdict)) return rc;
  if (!c.report.verdict && c.report.unsure)
    {
      c.report.verdict = WG_UNSURE;
      snprintf (c.why, sizeof c.why, "the model gave up at %zu points", c.report.unsure);
    }
  if (report) *report = c.report;
  if (c.options.out)
    fprintf (c.options.out, "check replay: %zu values compared, %zu complaints%s%s\n", c.report.checked,
             c.report.disagreeing, *c.why ? ": " : "", c.why);
  if (!c.report.verdict) return WG_OK;
  return wgi_fail (c.report.verdict, "wg_check_replay: point %zu: %s", c.report.column, c.why);
}
