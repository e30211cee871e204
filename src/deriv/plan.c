/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Making plans: pattern, method by estimated cost, colouring, recovery, and the order of the entries.
 */
#include <limits.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "deriv/colour.h"
#include "deriv/plan.h"
#include "fun/fun.h"

#define NONE UINT32_MAX

/* What sweeps cost, measured, as multiples of the sweep over values: one, and WGI_DIRECTIONS at once.  An input, seeded,
 * cleared and read, is part of an operation; so is a row, and an entry, of the rows that are computed one by one. */
typedef struct { double one, many; } kind;
static const kind tangent_cost = { 1.2, 3.7 }, reverse_cost = { 1.6, 5 }, hessian_cost = { 3.8, 7.5 };
static const double input_cost = .2, row_cost = 4, entry_cost = 1, slow_memory = 1.6;
#define STEPS_PER_OPERATION 1.       /* of colouring, about 3 ns each, in the time of an operation's value */

static int no_memory (void) { return wgi_fail (WG_ENOMEM, "out of memory for the plan"); }

static void *array (size_t count, size_t size) { return malloc (wgi_times (count ? count : 1, size)); }

/* programs whose patterns are covered */

enum { KNOWN = 8 };
struct wgi_known {
  uint64_t own;
  _Atomic uint64_t print[KNOWN];
  _Atomic unsigned next;
};

/* Mix bytes into four lanes, which are independent so that they overlap. */
static void mix (uint64_t h[4], const void *data, size_t bytes)
{
  const char *at = data;
  uint64_t w[4] = { 0 };
  for (; bytes >= sizeof w; at += sizeof w, bytes -= sizeof w)
    {
      memcpy (w, at, sizeof w);
      for (int j = 0; j < 4; j++) h[j] = (h[j] ^ w[j])*0x9e3779b97f4a7c15u, h[j] ^= h[j] >> 32;
    }
  memset (w, 0, sizeof w);
  memcpy (w, at, bytes);
  for (int j = 0; j < 4; j++) h[j] = (h[j] ^ w[j])*0x9e3779b97f4a7c15u, h[j] ^= h[j] >> 32;
}

/* A hash of what a program does, whatever its constants.  Never 0. */
static uint64_t fingerprint (const wgi_program *p)
{
  uint64_t h[4] = { p->count, p->words, p->slots, p->constants };
  mix (h, p->code, p->count), mix (h, p->word, p->words*sizeof *p->word), mix (h, p->out, p->m*sizeof *p->out);
  return (((h[0]*3 + h[1])*0x94d049bb133111ebu ^ h[2])*0xbf58476d1ce4e5b9u ^ h[3]) | 1;
}

int wgi_plan_covers (const wg_plan *plan, const wgi_program *p, int *own)
{
  const uint64_t print = fingerprint (p);
  wgi_known *known = plan->known;
  *own = print == known->own;
  if (*own) return WG_OK;
  for (int i = 0; i < KNOWN; i++)
    if (atomic_load_explicit (&known->print[i], memory_order_relaxed) == print) return WG_OK;
  wgi_pattern a;
  int rc = plan->part == 'J' ? wgi_pattern_jacobian (p, &a) : wgi_pattern_hessian (p, &a);
  if (rc) return rc;
  if (!wgi_pattern_covers (&plan->pattern, &a))
    rc = wgi_fail (WG_EBRANCH, "this branch of the function has derivatives where the plan has none: make a new plan");
  else
    atomic_store_explicit (&known->print[atomic_fetch_add (&known->next, 1) % KNOWN], print, memory_order_relaxed);
  wgi_pattern_free (&a);
  return rc;
}

/* the order of the entries */

/* row and col from a pattern that has the entries by rows, or by columns. */
static int set_coo (wg_plan *plan, const wgi_pattern *a, int by_columns)
{
  plan->nnz = a->nnz;
  plan->row = array (a->nnz, sizeof *plan->row), plan->col = array (a->nnz, sizeof *plan->col);
  if (!plan->row || !plan->col) return no_memory ();
  int *const major = by_columns ? plan->col : plan->row, *const minor = by_columns ? plan->row : plan->col;
  for (size_t i = 0; i < a->rows; i++)
    for (uint32_t k = a->start[i]; k < a->start[i+1]; k++) major[k] = (int) i, minor[k] = (int) a->index[k];
  return WG_OK;
}

/* The place of each entry of the pattern in value[], when that has the transpose's order. */
static int transposed_places (wg_plan *plan, int by_columns, uint32_t place[])
{
  wgi_pattern t;
  uint32_t *from = array (plan->pattern.nnz, sizeof *from);
  if (!from) return no_memory ();
  int rc = wgi_pattern_transpose (&plan->pattern, &t, from);
  if (!rc)
    {
      for (uint32_t k = 0; k < t.nnz; k++) place[from[k]] = k;
      rc = set_coo (plan, &t, by_columns);
      wgi_pattern_free (&t);
    }
  free (from);
  return rc;
}

/* The full matrix: row i has the entries of the lower triangle, then those above the diagonal as copies. */
static int full_places (wg_plan *plan, uint32_t place[])
{
  const wgi_pattern *a = &plan->pattern;
  wgi_pattern t, full = { 0 };
  uint32_t *from = array (a->nnz, sizeof *from), at = 0;
  if (!from) return no_memory ();
  int rc = wgi_pattern_transpose (a, &t, from);
  if (!rc && (rc = wgi_pattern_new (a->rows, a->rows, wgi_times (a->nnz, 2), &full))) wgi_pattern_free (&t);
  if (rc) return free (from), rc;
  for (uint32_t i = 0; i < a->rows; i++)
    {
      full.start[i] = at;
      for (uint32_t k = a->start[i]; k < a->start[i+1]; k++) full.index[at] = a->index[k], place[k] = at++;
      for (uint32_t k = t.start[i]; k < t.start[i+1]; k++)
        if (t.index[k] != i) full.index[at++] = t.index[k];
    }
  full.start[a->rows] = at, full.nnz = at;
  plan->copies = at - a->nnz;
  plan->copy = array (plan->copies, sizeof *plan->copy);
  if (!plan->copy) rc = no_memory ();
  size_t copies = 0;
  for (uint32_t i = 0; i < a->rows && !rc; i++)
    {
      uint32_t to = full.start[i] + (a->start[i+1] - a->start[i]);
      for (uint32_t k = t.start[i]; k < t.start[i+1]; k++)
        if (t.index[k] != i) plan->copy[copies++] = (wgi_pair){ to++, place[from[k]] };
    }
  if (!rc) rc = set_coo (plan, &full, plan->by_columns);
  wgi_pattern_free (&t), wgi_pattern_free (&full), free (from);
  return rc;
}

/* row, col, copy and place[]: where entry k of the pattern is in value[]. */
static int set_order (wg_plan *plan, uint32_t place[])
{
  if (plan->part == 'F') return full_places (plan, place);
  if (plan->by_columns == (plan->part == 'U'))           /* the pattern's own order */
    {
      for (uint32_t k = 0; k < plan->pattern.nnz; k++) place[k] = k;
      return set_coo (plan, &plan->pattern, plan->part == 'U');
    }
  return transposed_places (plan, plan->part != 'U', place);
}

/* sweeps */

/* Counts to where each begins; and back to that after each has moved to its end, the next one's begin. */
static void cumulate (uint32_t start[], size_t count)
{
  uint32_t before = 0;
  for (size_t i = 0; i <= count; i++)
    {
      const uint32_t here = start[i];
      start[i] = before, before += here;
    }
}

static void move_back (uint32_t start[], size_t count)
{
  memmove (start + 1, start, count*sizeof *start);
  start[0] = 0;
}

/* Sort seeds and sources by sweep.  Vertex v of count is seeded in sweep colour[v] if used[v]; entry k of the pattern
 * comes from source[k] to value[place[k]].  Sweeps that give nothing are left out. */
static int set_sweeps (wg_plan *plan, size_t count, uint32_t colours, const uint32_t colour[], const uint8_t used[],
                       const wgi_origin source[], const uint32_t place[])
{
  const size_t nnz = plan->pattern.nnz;
  uint32_t *number = calloc ((size_t) colours + 1, sizeof *number), sweeps = 0;
  if (!number) return no_memory ();
  for (size_t k = 0; k < nnz; k++) number[source[k].sweep] = 1;
  for (uint32_t c = 0; c < colours; c++) number[c] = number[c] ? sweeps++ : NONE;
  plan->sweeps = sweeps;
  uint32_t *seeds = plan->seed_start = calloc ((size_t) sweeps + 1, sizeof *plan->seed_start);
  uint32_t *gets = plan->get_start = calloc ((size_t) sweeps + 1, sizeof *plan->get_start);
  plan->seed = array (count, sizeof *plan->seed);
  plan->get = array (nnz, sizeof *plan->get);
  if (!seeds || !gets || !plan->seed || !plan->get) return free (number), no_memory ();
  for (size_t v = 0; v < count; v++)
    if (used[v] && number[colour[v]] != NONE) seeds[number[colour[v]]]++;
  for (size_t k = 0; k < nnz; k++) gets[number[source[k].sweep]]++;
  cumulate (seeds, sweeps), cumulate (gets, sweeps);
  for (uint32_t v = 0; v < count; v++)
    if (used[v] && number[colour[v]] != NONE) plan->seed[seeds[number[colour[v]]]++] = v;
  for (size_t k = 0; k < nnz; k++)
    plan->get[gets[number[source[k].sweep]]++] = (wgi_pair){ place[k], source[k].from };
  move_back (seeds, sweeps), move_back (gets, sweeps);
  free (number);
  return WG_OK;
}

/* methods */

typedef struct { double sweep_steps; uint32_t bound; } budget_terms;

/* As much work as half of ten evaluations' sweeps that might be saved; never less than about a tenth of a second. */
static double budget (uint32_t count, const void *ctx)
{
  const budget_terms *b = ctx;
  return 6e7 + 5*b->sweep_steps*(count - b->bound);
}

/* The cost of sweeps of a kind over the program, as a multiple of one over values. */
static double cost_of (const wgi_program *p, kind k, size_t sweeps)
{
  const size_t wide = wgi_plan_wide (p), left = sweeps % WGI_DIRECTIONS;
  const double inputs = input_cost*(double) (p->n + p->m)/(double) (p->count + 1);
  const double one = k.one + inputs, many = (k.many + inputs*WGI_DIRECTIONS)*(wide > 2 ? slow_memory : 1);
  return (double) (sweeps/WGI_DIRECTIONS)*many + (left < wide ? (double) left*one : many);
}

static int colour_problem (wg_plan *plan, wgi_colour_problem *problem, kind k, int ordering, const wgi_program *p,
                           wgi_colouring *c)
{
  problem->bound = wgi_colour_bound (problem);
  const double each = cost_of (p, k, WGI_DIRECTIONS)/WGI_DIRECTIONS;
  const budget_terms terms = { STEPS_PER_OPERATION*each*(double) p->count, problem->bound };
  int rc = wgi_colour (problem, ordering, budget, &terms, c);
  if (!rc) plan->ordering = c->ordering, plan->bound = problem->bound;
  return rc;
}

/* A colour of its own for each. */
static int one_each (size_t count, wgi_colouring *c)
{
  *c = (wgi_colouring){ .colour = array (count, sizeof *c->colour), .count = (uint32_t) count };
  if (!c->colour) return no_memory ();
  for (uint32_t i = 0; i < count; i++) c->colour[i] = i;
  return WG_OK;
}

/* The graph of a lower triangle, and the entry behind each neighbour. */
static int make_graph (const wgi_pattern *lower, wgi_pattern *graph, uint32_t **entry)
{
  wgi_pattern t;
  uint32_t *from = array (lower->nnz, sizeof *from), at = 0;
  *entry = array (wgi_times (lower->nnz, 2), sizeof **entry);
  int rc = from && *entry ? wgi_pattern_transpose (lower, &t, from) : no_memory ();
  if (rc) return free (from), rc;
  rc = wgi_pattern_new (lower->rows, lower->rows, wgi_times (lower->nnz, 2), graph);
  for (uint32_t i = 0; i < lower->rows && !rc; i++)
    {
      graph->start[i] = at;
      for (uint32_t k = lower->start[i]; k < lower->start[i+1]; k++)
        if (lower->index[k] != i) graph->index[at] = lower->index[k], (*entry)[at++] = k;
      for (uint32_t k = t.start[i]; k < t.start[i+1]; k++)
        if (t.index[k] != i) graph->index[at] = t.index[k], (*entry)[at++] = from[k];
    }
  if (!rc) graph->start[lower->rows] = at, graph->nnz = at;
  wgi_pattern_free (&t), free (from);
  return rc;
}

/* Translate steps from entries of the pattern to places in value[]. */
static void place_steps (wg_plan *plan, const uint32_t place[])
{
  for (size_t i = 0; i < plan->steps; i++)
    plan->step[i] = (wgi_pair){ place[plan->step[i].at], place[plan->step[i].from] };
}

static int plan_hessian (wg_plan *plan, const wgi_program *p, const wg_plan_options *o, const uint32_t place[])
{
  const wgi_pattern *lower = &plan->pattern;
  const size_t n = plan->n;
  wgi_pattern graph = { 0 };
  wgi_colouring c = { 0 };
  uint32_t *entry = NULL;
  wgi_origin *source = array (lower->nnz, sizeof *source);
  uint8_t *used = array (n, 1);
  int rc = source && used ? make_graph (lower, &graph, &entry) : no_memory ();
  wgi_colour_problem problem = { .kind = o->method == WG_PLAN_ACYCLIC ? WGI_ACYCLIC : WGI_STAR, .to = &graph };
  plan->method = o->method;
  if (!rc && plan->method == WG_PLAN_AUTO)
    plan->method = wgi_colour_bound (&problem) < .75*(double) n ? WG_PLAN_STAR : WG_PLAN_DENSE;
  if (!rc) rc = plan->method == WG_PLAN_DENSE ? one_each (n, &c) : colour_problem (plan, &problem, hessian_cost, o->ordering, p, &c);
  if (!rc && plan->method != WG_PLAN_ACYCLIC) rc = wgi_recover_star (lower, &graph, entry, c.colour, source, used);
  if (!rc && plan->method == WG_PLAN_ACYCLIC)
    {
      plan->step = array (lower->nnz, sizeof *plan->step);
      rc = plan->step ? wgi_recover_acyclic (lower, c.colour, source, plan->step, &plan->steps) : no_memory ();
      memset (used, 1, n);
      if (!rc) place_steps (plan, place);
    }
  if (!rc) rc = set_sweeps (plan, n, c.count, c.colour, used, source, place);
  plan->cost = 1 + cost_of (p, hessian_cost, plan->sweeps), plan->dense_cost = 1 + cost_of (p, hessian_cost, n);
  wgi_pattern_free (&graph), free (c.colour), free (entry), free (source), free (used);
  return rc;
}

/* Colours, or rows alone, of the Jacobian.  forward: vertices are columns. */
static int set_jacobian (wg_plan *plan, int forward, const wgi_colouring *c, const uint32_t place[])
{
  const wgi_pattern *a = &plan->pattern;
  const size_t count = forward ? plan->n : plan->m;
  wgi_origin *source = array (a->nnz, sizeof *source);
  uint8_t *used = calloc (count, 1);
  int rc = source && used ? WG_OK : no_memory ();
  for (uint32_t i = 0; i < a->rows && !rc; i++)
    for (uint32_t k = a->start[i]; k < a->start[i+1]; k++)
      {
        const uint32_t v = forward ? a->index[k] : i;
        source[k] = (wgi_origin){ c->colour[v], forward ? i : a->index[k] };
        used[v] = 1;
      }
  plan->forward = forward;
  if (!rc) rc = set_sweeps (plan, count, c->count, c->colour, used, source, place);
  free (source), free (used);
  return rc;
}

/* What the rows cost one by one. */
static double subgraph_cost (const wgi_program *p, const wgi_range range[], size_t nnz)
{
  double work = entry_cost*(double) nnz;
  for (size_t i = 0; i < p->m; i++) work += reverse_cost.one*(double) range[i].codes + row_cost;
  return work/(double) (p->count + 1);
}

/* Colour one side of the Jacobian, unless its bound says that it cannot beat *cost; *best is the cheapest so far. */
static int try_side (wg_plan *plan, int forward, const wgi_pattern *t, const wg_plan_options *o, const wgi_program *p,
                     double *cost, wgi_colouring *best)
{
  wgi_colour_problem problem = { .kind = WGI_PARTIAL, .to = forward ? t : &plan->pattern, .back = forward ? &plan->pattern : t };
  const kind k = forward ? tangent_cost : reverse_cost;
  const int asked = o->method == (forward ? WG_PLAN_COLUMNS : WG_PLAN_ROWS);
  wgi_colouring c;
  if (!asked && (o->method != WG_PLAN_AUTO || cost_of (p, k, wgi_colour_bound (&problem)) >= *cost)) return WG_OK;
  const int ordering = plan->ordering;
  const uint32_t bound = plan->bound;
  int rc = colour_problem (plan, &problem, k, o->ordering, p, &c);
  if (rc) return rc;
  const double found = cost_of (p, k, c.count);
  if (asked || found < *cost)
    {
      free (best->colour);
      *best = c, *cost = found;
      plan->method = forward ? WG_PLAN_COLUMNS : WG_PLAN_ROWS;
    }
  else free (c.colour), plan->ordering = ordering, plan->bound = bound;
  return WG_OK;
}

static int plan_jacobian (wg_plan *plan, const wgi_program *p, const wg_plan_options *o, const uint32_t place[])
{
  const size_t n = plan->n, m = plan->m;
  wgi_pattern t = { 0 };
  wgi_colouring c = { 0 };
  const double forward = cost_of (p, tangent_cost, n), reverse = cost_of (p, reverse_cost, m);
  double cost = forward < reverse ? forward : reverse;
  int columns = forward < reverse, rc = wgi_pattern_transpose (&plan->pattern, &t, NULL);
  plan->dense_cost = 1 + cost;
  plan->method = WG_PLAN_DENSE;
  if (!rc && (o->method == WG_PLAN_AUTO || o->method == WG_PLAN_SUBGRAPH))
    {
      rc = one_each (m, &c);
      if (!rc && !(plan->range = wgi_plan_ranges (p, m, c.colour))) rc = no_memory ();
      const double rows = rc ? 0 : subgraph_cost (p, plan->range, plan->pattern.nnz);
      if (!rc && (o->method == WG_PLAN_SUBGRAPH || rows < cost)) plan->method = WG_PLAN_SUBGRAPH, cost = rows;
      free (c.colour), c.colour = NULL;
    }
  if (!rc) rc = try_side (plan, 1, &t, o, p, &cost, &c);
  if (!rc) rc = try_side (plan, 0, &t, o, p, &cost, &c);
  if (plan->method == WG_PLAN_COLUMNS || plan->method == WG_PLAN_ROWS) columns = plan->method == WG_PLAN_COLUMNS;
  if (plan->method == WG_PLAN_SUBGRAPH) columns = 0;
  if (!rc && !c.colour) rc = one_each (columns ? n : m, &c);
  if (!rc) rc = set_jacobian (plan, columns, &c, place);
  if (plan->method != WG_PLAN_SUBGRAPH) free (plan->range), plan->range = NULL;
  for (size_t s = 0; s < plan->sweeps && plan->range && !rc; s++) plan->range[s] = plan->range[plan->seed[s]];     /* empty rows go */
  plan->cost = 1 + cost;
  free (c.colour), wgi_pattern_free (&t);
  return rc;
}

static int fits (int hessian, const wg_plan_options *o)
{
  if (o->ordering < 0 || o->ordering >= WG_ORDER_CLASSES) return 0;
  switch (o->method)
    {
    case WG_PLAN_AUTO: case WG_PLAN_DENSE: return 1;
    case WG_PLAN_STAR: case WG_PLAN_ACYCLIC: return hessian;
    case WG_PLAN_COLUMNS: case WG_PLAN_ROWS: case WG_PLAN_SUBGRAPH: return !hessian;
    default: return 0;
    }
}

/* The pattern of p, with the one of another plan. */
static int set_pattern (wg_plan *plan, const wgi_program *p, const wg_plan *with)
{
  int rc = plan->part == 'J' ? wgi_pattern_jacobian (p, &plan->pattern) : wgi_pattern_hessian (p, &plan->pattern);
  if (rc || !with) return rc;
  wgi_pattern own = plan->pattern;
  rc = wgi_pattern_join (&own, &with->pattern, &plan->pattern);
  wgi_pattern_free (&own);
  return rc;
}

static wg_plan *make (const char *name, const wg_fun *f, char part, const wg_plan_options *options)
{
  static const wg_plan_options defaults;
  const wg_plan_options *o = options ? options : &defaults;
  if (!f) return wgi_fail (WG_EINVAL, "%s: f is NULL", name), NULL;
  if (!fits (part != 'J', o)) return wgi_fail (WG_EINVAL, "%s: the options do not fit", name), NULL;
  const wgi_program *p = f->trace->program;
  const wg_plan *with = o->with;
  if (with && (with->n != p->n || with->m != p->m || (with->part == 'J') != (part == 'J')))
    return wgi_fail (WG_EINVAL, "%s: options.with is a plan of another shape", name), NULL;
  wg_plan *plan = calloc (1, sizeof *plan);
  if (!plan || !(plan->known = calloc (1, sizeof *plan->known))) return free (plan), no_memory (), NULL;
  plan->n = p->n, plan->m = p->m, plan->part = part, plan->by_columns = o->by_columns != 0;
  int rc = set_pattern (plan, p, with);
  uint32_t *place = rc ? NULL : array (plan->pattern.nnz, sizeof *place);
  if (!rc && !place) rc = no_memory ();
  if (!rc) rc = set_order (plan, place);
  if (!rc) rc = part == 'J' ? plan_jacobian (plan, p, o, place) : plan_hessian (plan, p, o, place);
  free (place);
  if (rc) return wg_plan_free (plan), NULL;
  plan->known->own = fingerprint (p);
  return plan;
}

wg_plan *wg_plan_hessian_with (const wg_fun *f, char part, const wg_plan_options *options)
{
  if (part != 'L' && part != 'U' && part != 'F')
    return wgi_fail (WG_EINVAL, "wg_plan_hessian: the part is none of L, U, F"), NULL;
  return make ("wg_plan_hessian", f, part, options);
}

wg_plan *wg_plan_hessian (const wg_fun *f, char part) { return wg_plan_hessian_with (f, part, NULL); }

wg_plan *wg_plan_jacobian_with (const wg_fun *f, const wg_plan_options *options)
{
  return make ("wg_plan_jacobian", f, 'J', options);
}

wg_plan *wg_plan_jacobian (const wg_fun *f) { return wg_plan_jacobian_with (f, NULL); }

void wg_plan_free (wg_plan *plan)
{
  if (!plan) return;
  wgi_pattern_free (&plan->pattern);
  free (plan->row), free (plan->col), free (plan->seed_start), free (plan->seed), free (plan->get_start), free (plan->get);
  free (plan->step), free (plan->copy), free (plan->range), free (plan->known), free (plan);
}
