/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Random programs for the laws: a list of nodes, each a row of the rule table, a branch, a table look-up, a
 * peek or a call of another random program, over inputs, literals, parameters and earlier nodes.  random_number.inc runs one over any number type, so that the
 * same program is a wg_model, a plain double program and a program over dual numbers.  Rows come from
 * rules.def: a new row is tested without a change here.  Seeds are fixed; WG_SOAK multiplies counts, a
 * fraction for those who run slowly.
 */
#ifndef RANDOM_PROGRAM_H
#define RANDOM_PROGRAM_H

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <wengert.h>

/* numbers: SplitMix64 */

typedef struct { uint64_t state; } rp_random;

static inline uint64_t rp_bits (rp_random *r)
{
  uint64_t z = r->state += 0x9e3779b97f4a7c15u;
  z = (z ^ z >> 30)*0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27)*0x94d049bb133111ebu;
  return z ^ z >> 31;
}

static inline size_t rp_below (rp_random *r, size_t n) { return (size_t) (rp_bits (r) >> 11) % n; }
static inline double rp_uniform (rp_random *r, double a, double b) { return a + (b - a)*((double) (rp_bits (r) >> 11)*0x1p-53); }

/* Mostly of order one, either sign, sometimes small or large. */
static inline double rp_number (rp_random *r)
{
  switch (rp_below (r, 8))
    {
    case 0: return rp_uniform (r, -1, 1)*exp (rp_uniform (r, -7, 0));
    case 1: return rp_uniform (r, -9, 9);
    case 2: return rp_uniform (r, 1, 3);
    default: return rp_uniform (r, -2, 2);
    }
}

static inline double rp_factor (void)
{
  const char *soak = getenv ("WG_SOAK");
  const double factor = soak ? atof (soak) : 1;
  return factor > 0 ? factor : 1;
}

/* How many to run; how many of them must have told something. */
static inline size_t rp_soak (size_t count) { return (size_t) ((double) count*rp_factor ()) + (rp_factor () < 1); }
static inline size_t rp_least (size_t count) { return rp_factor () < 1 ? (size_t) ((double) count*rp_factor ()/2) : count; }

/* rows */

enum rp_row {
#include <wengert/words_begin.h>
#define ROW1(name, ...) RP_##name,
#define ROW1K ROW1
#define ROW1C ROW1
#define ROW2 ROW1
#define ROW2K ROW1
#define ROW3 ROW1
#define FLAT1(name) RP_##name,
#define FLAT2 FLAT1
#include <wengert/rules.def>
#include <wengert/words_end.h>
  RP_ROWS,
  RP_LT = RP_ROWS,          /* a < b ? a b : b - a */
  RP_LE,                    /* a <= b ? a : tanh (b), the first without a new node */
  RP_EQ,                    /* floor (a) == floor (b) ? a + b : sin (a) */
  RP_TABLE,                 /* a times the literal that a chooses */
  RP_PEEK,                  /* a times the literal floor (b) */
  RP_KINDS,
  RP_CALL = RP_KINDS        /* of p->callee, on operands and perhaps parameters (k odd); one output, or all added (k & 2) */
};

static const struct { const char *name; int operands, flat; } rp_rows[RP_KINDS + 1] = {
#include <wengert/words_begin.h>
#define ROW1(name, ...) { #name, 1, 0 },
#define ROW1K ROW1
#define ROW1C ROW1
#define ROW2(name, ...) { #name, 2, 0 },
#define ROW2K ROW2
#define ROW3(name, ...) { #name, 3, 0 },
#define FLAT1(name) { #name, 1, 1 },
#define FLAT2(name) { #name, 2, 1 },
#include <wengert/rules.def>
#include <wengert/words_end.h>
  { "branch <", 2, 0 }, { "branch <=", 2, 0 }, { "branch ==", 2, 0 }, { "table", 1, 0 }, { "peek", 2, 0 }, { "call", 3, 0 }
};

/* programs */

#define RP_NODES 64         /* at most: inputs and nodes together */
#define RP_OUTPUTS 8
#define RP_LITERALS 16

typedef struct { int kind, k; double c; int operand[3]; } rp_node;     /* an operand < 0 is literal ~operand */

typedef struct rp_program rp_program;
struct rp_program {
  size_t n, m, count, literals;
  size_t params;                    /* the first literals are parameters */
  const rp_program *callee;         /* NULL: no calls; else its inputs and parameters are at most 3 */
  const wg_fun *fun;                /* the callee as recorded */
  rp_node node[RP_NODES];
  double literal[RP_LITERALS];
  int out[RP_OUTPUTS];
};

static const double rp_table[8] = { .75, -1.375, 2.0625, -.4375, 1.1875, -2.25, .3125, 1.625 };

/* the program over double, over variables */

#define RP_PLAIN(op) wg_double_##op
#define RP_DUAL(op) wg_dual_##op
#define RP_VAR(op) wg_var_##op

#define TYPE double
#define N RP_PLAIN
#define RUN rp_run_double
#define LIT(c) (c)
#define VALUE(a) (a)
#include "random_number.inc"

#define TYPE wg_dual
#define N RP_DUAL
#define RUN rp_run_dual
#define LIT(c) wg_dual_make (c, 0)
#define VALUE(a) ((a).v)
#include "random_number.inc"

#define TYPE wg_var
#define N RP_VAR
#define RUN rp_run_var
#define LIT(c) wg_num (c)
#define VALUE(a) ((a).value)
#define RECORDED
#include "random_number.inc"

/* The model of a program. */
static inline void rp_model (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  (void) n, (void) m;
  rp_run_var (ctx, x, y, NULL);
}

/* generation */

/* Is a new node tame at the point: finite and of moderate size, with its derivative along a direction? */
static inline int rp_tame (const rp_program *p, const wg_dual x[])
{
  wg_dual node[RP_NODES], out[RP_OUTPUTS];
  rp_run_dual (p, x, out, node);
  const wg_dual y = node[p->n + p->count - 1];
  return fabs (y.v) < 60 && fabs (y.d) < 200;
}

/* The immediates of a row. */
static inline void rp_immediates (rp_random *r, rp_node *q)
{
  q->k = q->kind == RP_powi ? (int) rp_below (r, 10) - 3 : (int) rp_below (r, 3);
  q->c = rp_below (r, 3) ? rp_uniform (r, -2, 4) : (double) rp_below (r, 4);
}

/* A random program with n inputs, m outputs and about count nodes, tame at x.  used, when not NULL, counts kinds.
 * branches: how many of 16 nodes are to branch on values.  One of 6 calls fun, which is the callee recorded. */
static inline void rp_generate_calling (rp_random *r, rp_program *p, size_t n, size_t m, size_t count, unsigned branches,
                                        const double x[], size_t used[], size_t params, const rp_program *callee, const wg_fun *fun)
{
  wg_dual at[RP_NODES];
  *p = (rp_program){ .n = n, .literals = 4, .params = params, .callee = callee, .fun = fun };
  for (size_t i = 0; i < n; i++) at[i] = wg_dual_make (x[i], rp_uniform (r, -1, 1));
  for (size_t i = 0; i < p->literals; i++) p->literal[i] = rp_number (r);
  if (rp_below (r, 4) == 0) p->literal[0] = 0;
  if (rp_below (r, 4) == 0) p->literal[1] = 1;
  for (size_t tries = 0; p->count < count && tries < 40*count; tries++)
    {
      rp_node *q = &p->node[p->count];
      const size_t so_far = n + p->count;
      q->kind = rp_below (r, 16) < branches ? (int) (RP_ROWS + rp_below (r, RP_KINDS - RP_ROWS)) : (int) rp_below (r, RP_ROWS);
      if (q->kind == RP_PEEK && rp_below (r, 3)) continue;              /* a peek records again at most points */
      if (callee && rp_below (r, 6) == 0) q->kind = RP_CALL;
      rp_immediates (r, q);
      if (q->kind == RP_CALL) q->k = (int) rp_below (r, 64);
      for (int j = 0; j < 3; j++)
        switch (rp_below (r, 8))
          {
          case 0: q->operand[j] = ~(int) rp_below (r, p->literals); break;
          case 1: q->operand[j] = j ? q->operand[0] : (int) rp_below (r, n); break;     /* the same twice */
          case 2: case 3: q->operand[j] = (int) (so_far - 1); break;
          default: q->operand[j] = (int) rp_below (r, so_far);
          }
      p->count++;
      if (!rp_tame (p, at)) p->count--;
      else if (used) used[q->kind]++;
    }
  p->m = m;
  for (size_t i = 0; i < m; i++)
    switch (rp_below (r, 8))
      {
      case 0: p->out[i] = ~(int) rp_below (r, p->literals); break;
      case 1: p->out[i] = (int) rp_below (r, n); break;
      case 2: p->out[i] = i ? p->out[0] : (int) (n + p->count - 1); break;
      case 3: case 4: p->out[i] = (int) (n + p->count - 1); break;
      default: p->out[i] = (int) rp_below (r, n + p->count);
      }
  if (m == 1) p->out[0] = (int) (n + p->count - 1);
}

static inline void rp_generate (rp_random *r, rp_program *p, size_t n, size_t m, size_t count, unsigned branches,
                                const double x[], size_t used[])
{
  rp_generate_calling (r, p, n, m, count, branches, x, used, 0, NULL, NULL);
}

/* comparison: the same number, every NaN being one */

static inline int rp_same_bits (double a, double b)
{
  return (a != a && b != b) || memcmp (&a, &b, sizeof a) == 0;
}

/* For a failing test: what ran, and where. */
static inline void rp_print (const rp_program *p, const double x[])
{
  for (size_t i = 0; i < p->n; i++) fprintf (stderr, "%%%zu = %.17g\n", i, x[i]);
  for (size_t i = 0; i < p->literals; i++)
    fprintf (stderr, "literal %zu = %.17g%s\n", i, p->literal[i], i < p->params ? ", a parameter" : "");
  for (size_t i = 0; i < p->count; i++)
    {
      const rp_node *q = &p->node[i];
      fprintf (stderr, "%%%zu = %s (c = %.17g, k = %d)", p->n + i, rp_rows[q->kind].name, q->c, q->k);
      for (int j = 0; j < rp_rows[q->kind].operands; j++)
        fprintf (stderr, q->operand[j] < 0 ? " literal %d" : " %%%d", q->operand[j] < 0 ? ~q->operand[j] : q->operand[j]);
      fprintf (stderr, "\n");
    }
  for (size_t i = 0; i < p->m; i++)
    fprintf (stderr, p->out[i] < 0 ? "output: literal %d\n" : "output: %%%d\n", p->out[i] < 0 ? ~p->out[i] : p->out[i]);
}

#endif
