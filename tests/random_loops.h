/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Random programs of loops: blocks of nodes, each a row of the rule table, a branch, a call or a loop over another block, which
 * sees rows, windows, gathers of what there is so far or of data, and gives a result per item, their sum, or a state from
 * step to step.  random_loops.inc runs one over any number type.  A setting says how it is run: which loops are
 * written out and which are wg_map, wg_map_sum and wg_scan of a body that is recorded, and over which data.
 * A program that is exact has integers and rows that keep them, so that every sum is the same in any order.
 */
#ifndef RANDOM_LOOPS_H
#define RANDOM_LOOPS_H

#include "random_program.h"

enum { RL_INPUTS = 8, RL_OUTPUTS = 4, RL_NODES = 30, RL_LOOPS = 6, RL_STREAMS = 4, RL_SEEN = 16, RL_LITERALS = 8,
       RL_TRIPS = 300, RL_DATA = 4096 };

enum { RL_LOOP = RP_KINDS + 1 };                 /* a node of this kind, beside those of random_program.h */
enum rl_how { RL_MAP, RL_SUM, RL_SCAN };

/* What the items of a loop see: width numbers at place from + row*stride of the block around it, or of data. */
typedef struct { int data, gathered; size_t from, width, stride; } rl_stream;

/* An operand < 0 is literal ~operand; loop: its number. */
typedef struct { int kind, k, loop; double c; int operand[3]; size_t at; } rl_node;

/* Places: inputs, parameters, then the results of each node; reserve: for those of a loop that is being made. */
typedef struct { size_t n, np, m, count, places, reserve; rl_node node[RL_NODES]; int out[RL_OUTPUTS]; } rl_block;

typedef struct {
  rl_block body;
  enum rl_how how;
  size_t states, first;          /* of a scan: numbers of its state, the place of the first one outside */
  size_t streams;
  rl_stream stream[RL_STREAMS];  /* in the order of the body's inputs, then parameters */
  int ragged, around;            /* item k of the loop outside has 1 + k % trips trips; has it such a loop in it? */
} rl_loop;

typedef struct {
  rl_block top;
  rl_loop loop[RL_LOOPS];        /* inner ones behind outer ones */
  size_t loops;
  double literal[RL_LITERALS];
  rp_program callee;             /* two inputs, one output, no branches */
  int exact;
  size_t used[RL_LOOP + 1];
} rl_program;

typedef struct rl_setting rl_setting;
typedef struct { const rl_setting *s; int loop; } rl_body;

struct rl_setting {
  const rl_program *p;
  size_t trips[RL_LOOPS];
  const double *data[RL_LOOPS][RL_STREAMS];
  const int *index[RL_LOOPS][RL_STREAMS];
  wg_fun *fun[RL_LOOPS], *callee;                /* bodies as functions; NULL: written out */
  rl_body body[RL_LOOPS];
  double (*seen)[RL_SEEN];                       /* when not NULL, run over plain numbers: what the first item of each loop sees, */
  int *wild;                                     /* over dual numbers: is set when one is not tame */
};

static inline size_t rl_trips (const rl_setting *s, int loop, size_t outer)
{
  return s->p->loop[loop].ragged ? 1 + outer % s->trips[loop] : s->trips[loop];
}

static inline size_t rl_outputs (const rl_loop *l) { return l->how == RL_SCAN ? l->body.m - l->states : l->body.m; }

/* Results of a loop; a ragged one has none per item. */
static inline size_t rl_results (const rl_loop *l, size_t trips)
{
  return l->how == RL_SUM ? l->body.m : (l->how == RL_SCAN ? l->states : 0) + (l->ragged ? 0 : trips*rl_outputs (l));
}

#define RL_NOTHING(...) ((void) 0)
#define RL_TAME(s, y, top) do if ((s)->wild && !(fabs ((y).v) < ((top) ? 2e4 : 40) && fabs ((y).d) < ((top) ? 1e5 : 200))) *(s)->wild = 1; while (0)

#define TYPE double
#define N RP_PLAIN
#define ROWS rp_run_double
#define LIT(c) (c)
#define VALUE(a) (a)
#define GROW N (add)
#define CLOSE(sum, terms) (sum)
#define LOOK RL_NOTHING
#define NEAR RL_NOTHING
#define SEEN
#include "random_loops.inc"

#define TYPE wg_dual
#define N RP_DUAL
#define ROWS rp_run_dual
#define LIT(c) wg_dual_make (c, 0)
#define VALUE(a) ((a).v)
#define GROW N (add)
#define CLOSE(sum, terms) (sum)
#define LOOK RL_TAME
#define NEAR RL_NOTHING
#include "random_loops.inc"

#define TYPE wg_var
#define N RP_VAR
#define ROWS rp_run_var
#define LIT(c) wg_num (c)
#define VALUE(a) ((a).value)
#define GROW N (add)
#define CLOSE(sum, terms) (sum)
#define LOOK RL_NOTHING
#define NEAR RL_NOTHING
#define RECORDED
#include "random_loops.inc"

/* models */

static inline void rl_model (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  const rl_setting *s = ctx;
  (void) n, (void) m;
  rp_run_var_block (s, &s->p->top, 0, x, NULL, y);
}

static inline void rl_body_model (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  const rl_body *c = ctx;
  const rl_block *b = &c->s->p->loop[c->loop].body;
  wg_var p[RL_SEEN];
  (void) n, (void) m;
  if (b->np) wg_params (x[0], 0, b->np, c->s->seen[c->loop] + b->n, p);
  rp_run_var_block (c->s, b, 0, x, p, y);
}

/* Record the program at x; chosen: which loops are maps and scans, by bits.  Its bodies must outlive it.  NULL: wg_last_error. */
static inline wg_fun *rl_record (rl_setting *s, double seen[RL_LOOPS][RL_SEEN], unsigned chosen, const double x[])
{
  const rl_program *p = s->p;
  const double zero[2] = { 0, 0 };
  double y[RL_OUTPUTS];
  s->seen = seen;
  rp_run_double_block (s, &p->top, 0, x, NULL, y);
  s->callee = wg_fun_record (rp_model, (void *) &p->callee, 2, 1, zero);
  for (size_t l = p->loops; l--; )
    if (chosen >> l & 1 && !p->loop[l].around)
      {
        const rl_block *b = &p->loop[l].body;
        s->body[l] = (rl_body){ s, (int) l };
        s->fun[l] = wg_fun_record (rl_body_model, &s->body[l], b->n, b->m, seen[l]);
        if (!s->fun[l]) return NULL;
      }
  return wg_fun_record (rl_model, s, p->top.n, p->top.m, x);
}

static inline void rl_discard (rl_setting *s)
{
  for (size_t l = 0; l < RL_LOOPS; l++) wg_fun_free (s->fun[l]), s->fun[l] = NULL;
  wg_fun_free (s->callee), s->callee = NULL;
}

/* generation */

typedef struct { rp_random *r; rl_program *p; rl_setting *s; const double *x; } rl_maker;

/* Is the program so far tame at the point? */
static inline int rl_tame (const rl_maker *k)
{
  wg_dual x[RL_INPUTS], y[RL_OUTPUTS];
  int wild = 0;
  k->s->wild = &wild;
  for (size_t i = 0; i < k->p->top.n; i++) x[i] = wg_dual_make (k->x[i], i % 2 ? -.75 : .5);
  rp_run_dual_block (k->s, &k->p->top, 0, x, NULL, y);
  k->s->wild = NULL;
  return !wild;
}

/* Is a place an operand of a later node of its block, or seen by a loop one by one? */
static inline int rl_is_used (const rl_block *b, size_t place)
{
  for (size_t i = 0; i < b->count; i++)
    for (int j = 0; j < 3; j++) if (b->node[i].kind != RL_LOOP && b->node[i].operand[j] == (int) place) return 1;
  return 0;
}

static inline int rl_operand (const rl_maker *k, const rl_block *b)
{
  switch (rp_below (k->r, 10))
    {
    case 0: return ~(int) rp_below (k->r, RL_LITERALS);
    case 1: case 2: return (int) (b->places - 1);
    case 3: return (int) rp_below (k->r, b->n + b->np);
    case 4: case 5: return (int) rp_below (k->r, b->places);
    default:
      for (size_t at = rp_below (k->r, b->places); at < b->places; at++) if (!rl_is_used (b, at)) return (int) at;
      return (int) rp_below (k->r, b->places);
    }
}

static inline int rl_compares (int kind)
{
  return kind == RP_max || kind == RP_min || kind == RP_clamp || (kind >= RP_is_lt && kind <= RP_is_ne) || (kind >= RP_LT && kind <= RP_EQ);
}

/* Try to add one more node of a kind; is it there? */
static inline int rl_try (rl_maker *k, rl_block *b, int kind)
{
  rl_node *q = &b->node[b->count];
  if (b->count == RL_NODES - 4) return 0;
  *q = (rl_node){ .kind = kind, .at = b->places, .loop = -1 };
  q->k = kind == RP_powi ? (int) rp_below (k->r, 10) - 3 : (int) rp_below (k->r, 3);
  q->c = rp_below (k->r, 3) ? rp_uniform (k->r, -2, 4) : (double) rp_below (k->r, 4);
  for (int j = 0; j < 3; j++) q->operand[j] = rl_operand (k, b);
  if (rl_compares (kind) && (q->operand[0] == q->operand[1] || q->operand[0] == q->operand[2])) return 0;
  b->count++, b->places++;
  if (rl_tame (k)) return k->p->used[kind]++, 1;
  b->count--, b->places--;
  return 0;
}

/* The last node is what has not been used, all added. */
static inline void rl_gather_up (rl_maker *k, rl_block *b)
{
  int sum = (int) b->places - 1;
  for (size_t i = 0; i < b->count && b->count < RL_NODES - 1; i++)
    {
      const rl_node *q = &b->node[i];
      size_t at = q->at;
      if (q->kind == RL_LOOP)
        {
          const size_t results = rl_results (&k->p->loop[q->loop], k->s->trips[q->loop]);
          at += rp_below (k->r, results);
        }
      if (rl_is_used (b, at) || at == b->places - 1) continue;
      b->node[b->count] = (rl_node){ .kind = RP_add, .at = b->places, .loop = -1, .operand = { sum, (int) at } };
      b->count++, b->places++;
      if (rl_tame (k)) sum = (int) b->places - 1;
      else b->count--, b->places--;
    }
}

static inline void rl_rows (rl_maker *k, rl_block *b, size_t count)
{
  static const int integer[] = { RP_add, RP_add, RP_sub, RP_sub, RP_mul, RP_mul, RP_mul, RP_sqr, RP_sqr, RP_muladd, RP_muladd, RP_mulsub, RP_submul,
                                 RP_fma, RP_neg, RP_abs, RP_max, RP_min, RP_select, RP_clamp, RP_relu, RP_is_lt, RP_LT, RP_CALL };
  for (size_t tries = 0, got = 0; got < count && tries < 20*count; tries++)
    {
      int kind = integer[rp_below (k->r, sizeof integer/sizeof *integer)];
      if (!k->p->exact) kind = rp_below (k->r, 3) == 0 ? kind : (int) rp_below (k->r, RP_ROWS);
      if (!k->p->exact && rp_below (k->r, 12) == 0) kind = RP_LT + (int) rp_below (k->r, 4);
      if ((kind == RP_LT || kind == RP_CALL) && rp_below (k->r, 2)) continue;
      got += (size_t) rl_try (k, b, kind);
    }
}

/* Where the items of a loop look; room: how many places there are outside, or numbers of data. */
static inline rl_stream rl_look (rl_maker *k, size_t l, size_t i, int data, size_t room, size_t width)
{
  const size_t trips = k->s->trips[l];
  rl_stream s = { .data = data, .width = width };
  int *const index = (int *) k->s->index[l][i];
  switch (rp_below (k->r, 5))
    {
    case 0: s.stride = 0; break;
    case 1: s.stride = 1; break;
    case 2: s.stride = width + rp_below (k->r, 2); break;
    default: s.stride = 1 + rp_below (k->r, width), s.gathered = 1;
    }
  if (!s.gathered && (trips - 1)*s.stride + width > room) s.gathered = s.stride > 0;
  const size_t rows = s.stride ? (room - width)/s.stride + 1 : room - width + 1;
  if (s.gathered)
    for (size_t t = 0; t < RL_TRIPS; t++) index[t] = (int) rp_below (k->r, rows < 40 ? rows : 40);
  else s.from = rp_below (k->r, room - (s.stride ? (trips - 1)*s.stride : 0) - width + 1);
  return s;
}

static inline void rl_make_loop (rl_maker *k, rl_block *b, int depth);

/* Nodes of a block, perhaps with a loop among them. */
static inline void rl_fill (rl_maker *k, rl_block *b, int depth)
{
  rl_rows (k, b, 1 + rp_below (k->r, 4));
  if (depth < 2 && k->p->loops < RL_LOOPS && rp_below (k->r, 2)) rl_make_loop (k, b, depth + 1), rl_rows (k, b, 1 + rp_below (k->r, 2));
}

static inline void rl_give_outputs (rl_maker *k, rl_loop *l)
{
  rl_block *b = &l->body;
  for (size_t o = 0; o < l->states; o++)
    {
      const int before = b->out[o];
      b->out[o] = (int) rp_below (k->r, b->places);
      if (rl_tame (k)) continue;
      b->out[o] = before;
      if (rl_try (k, b, k->p->exact ? RP_sign : RP_tanh)) b->out[o] = (int) b->places - 1;
      if (!rl_tame (k)) b->out[o] = before;
    }
  rl_gather_up (k, b);
  const size_t more = l->states ? rp_below (k->r, 2) : 1 + rp_below (k->r, 2);
  for (size_t o = 0; o < more; o++) b->out[b->m + o] = (int) (rp_below (k->r, 3) ? b->places - 1 : rp_below (k->r, b->places));
  b->m += more;
}

static inline void rl_make_loop (rl_maker *k, rl_block *b, int depth)
{
  static const size_t few[] = { 1, 2, 3, 4, 5, 7, 9 }, many[] = { 1, 3, 8, 16, 17, 24, 31, 32, 33, 40, 65, 70, 129, 161, RL_TRIPS };
  const size_t number = k->p->loops++;
  rl_loop *l = &k->p->loop[number];
  rl_node *q = &b->node[b->count];
  *l = (rl_loop){ .how = (enum rl_how) rp_below (k->r, 3) };
  if (l->how == RL_MAP && rp_below (k->r, 2)) l->how = RL_SUM;
  k->s->trips[number] = depth > 1 ? few[rp_below (k->r, sizeof few/sizeof *few)] : many[rp_below (k->r, sizeof many/sizeof *many)];
  if (l->how == RL_SCAN && k->s->trips[number] > 40) k->s->trips[number] = 40;
  l->states = l->how == RL_SCAN ? 1 + rp_below (k->r, 2) : 0;
  l->first = l->states ? rp_below (k->r, b->places - l->states + 1) : 0;
  l->body.n = l->states, l->body.m = l->states;
  for (size_t o = 0; o < l->states; o++) l->body.out[o] = (int) o;
  const size_t inputs = 1 + rp_below (k->r, 2);
  l->streams = inputs + rp_below (k->r, 3);
  for (size_t i = 0; i < l->streams; i++)
    {
      const size_t width = 1 + rp_below (k->r, 3);
      const int data = rp_below (k->r, 6) == 0 ? i < inputs : i >= inputs;
      l->stream[i] = rl_look (k, number, i, data, data ? RL_DATA/4 : b->places, !data && width > b->places ? 1 : width);
      *(i < inputs ? &l->body.n : &l->body.np) += l->stream[i].width;
    }
  l->body.places = l->body.n + l->body.np;
  *q = (rl_node){ .kind = RL_LOOP, .at = b->places, .loop = (int) number };
  b->count++, b->reserve = RL_OUTPUTS*(k->s->trips[number] + 1);
  rl_fill (k, &l->body, depth);
  rl_give_outputs (k, l);
  /* a loop in a loop that is written out may have another number of trips in each */
  if (depth > 1 && l->how == RL_SUM && rp_below (k->r, 4) == 0)
    for (size_t o = 0; o < number; o++)
      if (b == &k->p->loop[o].body) l->ragged = k->p->loop[o].around = 1;
  b->places += rl_results (l, k->s->trips[number]), b->reserve = 0;
  k->p->used[RL_LOOP]++;
}

/* A random program, tame at x, with data of its own: numbers[RL_DATA], index[RL_LOOPS][RL_STREAMS][RL_TRIPS]. */
static inline void rl_generate (rp_random *r, rl_program *p, rl_setting *s, int exact, const double x[], double numbers[],
                                int index[RL_LOOPS][RL_STREAMS][RL_TRIPS])
{
  rl_maker k = { r, p, s, x };
  *p = (rl_program){ .exact = exact };
  *s = (rl_setting){ .p = p };
  for (size_t i = 0; i < RL_LITERALS; i++) p->literal[i] = exact ? (double) i - 3 : i < 2 ? (double) i : rp_number (r);
  for (size_t i = 0; i < RL_DATA; i++) numbers[i] = exact ? (double) rp_below (r, 5) - 2 : rp_uniform (r, -1.5, 1.5);
  for (size_t l = 0; l < RL_LOOPS; l++)
    for (size_t i = 0; i < RL_STREAMS; i++) s->data[l][i] = numbers + rp_below (r, RL_DATA/2), s->index[l][i] = index[l][i];
  p->callee = (rp_program){ .n = 2, .m = 1, .literals = 1, .literal = { 2 }, .count = 2, .out = { 3 },
                            .node = { { .kind = exact ? RP_max : RP_tanh, .operand = { 0, 1, ~0 } },
                                      { .kind = RP_muladd, .operand = { 2, 1, ~0 } } } };
  rl_block *top = &p->top;
  top->n = top->places = 2 + rp_below (r, RL_INPUTS - 1);
  const size_t loops = 1 + rp_below (r, 3);
  for (size_t i = 0; i < loops && p->loops < RL_LOOPS; i++) rl_rows (&k, top, rp_below (r, 3)), rl_make_loop (&k, top, 1);
  rl_rows (&k, top, 1 + rp_below (r, 3));
  rl_gather_up (&k, top);
  top->m = rp_below (r, 2) ? 1 : 1 + rp_below (r, RL_OUTPUTS);
  for (size_t o = 0; o < top->m; o++)
    {
      const rl_node *last = &top->node[rp_below (r, top->count)];
      top->out[o] = (int) (rp_below (r, 4) || top->m == 1 ? top->places - 1 : rp_below (r, 2) ? last->at : rp_below (r, top->places));
    }
}

/* For a failing test. */
static inline void rl_print_block (const rl_setting *s, const rl_block *b, int indent)
{
  const rl_program *p = s->p;
  for (size_t i = 0; i < b->count; i++)
    {
      const rl_node *q = &b->node[i];
      fprintf (stderr, "%*s%%%zu = ", indent, "", q->at);
      if (q->kind == RL_LOOP)
        {
          static const char *const name[] = { "map", "map_sum", "scan" };
          const rl_loop *l = &p->loop[q->loop];
          fprintf (stderr, "loop %d: %s, %zu trips%s%s", q->loop, name[l->how], s->trips[q->loop], l->ragged ? " at most" : "",
                   s->fun[q->loop] ? "" : ", written out");
          if (l->states) fprintf (stderr, ", %zu states from %%%zu", l->states, l->first);
          for (size_t j = 0; j < l->streams; j++)
            fprintf (stderr, "; %s%s %%%zu width %zu stride %zu", l->stream[j].gathered ? "gathered " : "", l->stream[j].data ? "data" : "variables",
                     l->stream[j].from, l->stream[j].width, l->stream[j].stride);
          fprintf (stderr, "; n = %zu, np = %zu\n", l->body.n, l->body.np);
          rl_print_block (s, &l->body, indent + 4);
          continue;
        }
      fprintf (stderr, "%s (c = %.17g, k = %d)", rp_rows[q->kind].name, q->c, q->k);
      for (int j = 0; j < (q->kind == RP_CALL ? 2 : rp_rows[q->kind].operands); j++)
        if (q->operand[j] < 0) fprintf (stderr, " %.17g", p->literal[~q->operand[j]]);
        else fprintf (stderr, " %%%d", q->operand[j]);
      fprintf (stderr, "\n");
    }
  fprintf (stderr, "%*soutputs:", indent, "");
  for (size_t o = 0; o < b->m; o++) fprintf (stderr, " %%%d", b->out[o]);
  fprintf (stderr, "\n");
}

static inline void rl_print (const rl_setting *s, const double x[])
{
  for (size_t i = 0; i < s->p->top.n; i++) fprintf (stderr, "%%%zu = %.17g\n", i, x[i]);
  rl_print_block (s, &s->p->top, 0);
}

#endif
