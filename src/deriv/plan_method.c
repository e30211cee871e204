/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * How a plan computes its entries: the method by estimated cost, the colouring, and the sweeps that follow from it.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "deriv/colour.h"
#include "deriv/items.h"
#include "deriv/split.h"
#include "sweep/sweep.h"

#define NONE UINT32_MAX

/* What sweeps cost, measured, as multiples of the sweep over values: one, and WGI_DIRECTIONS at once.  An input, seeded,
 * cleared and read, is part of an operation; so is a row, and an entry, of the rows that are computed one by one. */
typedef struct { double one, many; } kind;
static const kind tangent_cost = { 1.2, 3.7 }, reverse_cost = { 1.6, 5 }, hessian_cost = { 3.8, 7.5 };
static const double input_cost = .2, row_cost = 4, entry_cost = 1, item_cost = 1, slow_memory = 1.6;
#define STEPS_PER_OPERATION 1.       /* of colouring, about 3 ns each, in the time of an operation's value */

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
  if (!number) return wgi_plan_no_memory ();
  for (size_t k = 0; k < nnz; k++) number[source[k].sweep] = 1;
  for (uint32_t c = 0; c < colours; c++) number[c] = number[c] ? sweeps++ : NONE;
  plan->sweeps = sweeps;
  uint32_t *seeds = plan->seed_start = calloc ((size_t) sweeps + 1, sizeof *plan->seed_start);
  uint32_t *gets = plan->get_start = calloc ((size_t) sweeps + 1, sizeof *plan->get_start);
  plan->seed = wgi_array (count, sizeof *plan->seed);
  plan->get = wgi_array (nnz, sizeof *plan->get);
  if (!seeds || !gets || !plan->seed || !plan->get) return free (number), wgi_plan_no_memory ();
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

/* Operations with those behind calls: of the program, of a part. */
static double all_work (const wg_plan *plan, const wgi_program *p) { return (double) (p->count + 1) + plan->called; }

static double work_of (const wg_plan *plan, const wgi_range *r)
{
  return plan->before ? plan->before[r->code + r->codes] - plan->before[r->code] : (double) r->codes;
}

/* The cost of sweeps of a kind over the program, as a multiple of one over values.  Calls are swept direction by
 * direction. */
static double cost_of (const wg_plan *plan, const wgi_program *p, kind k, size_t sweeps)
{
  const size_t wide = wgi_plan_wide (p), left = sweeps % WGI_DIRECTIONS;
  const double rows = (double) (p->count + 1), inputs = input_cost*(double) (p->n + p->m)/rows;
  const double one = k.one + inputs, many = (k.many + inputs*WGI_DIRECTIONS)*(wide > 2 ? slow_memory : 1);
  const double own = (double) (sweeps/WGI_DIRECTIONS)*many + (left < wide ? (double) left*one : many);
  const size_t each = sweeps - left + (left < wide ? left : WGI_DIRECTIONS);
  return (own*rows + (double) each*k.one*plan->called)/all_work (plan, p);
}

static int colour_problem (wg_plan *plan, wgi_colour_problem *problem, kind k, int ordering, const wgi_program *p,
                           wgi_colouring *c)
{
  problem->bound = wgi_colour_bound (problem);
  const double each = cost_of (plan, p, k, WGI_DIRECTIONS)/WGI_DIRECTIONS;
  const budget_terms terms = { STEPS_PER_OPERATION*each*all_work (plan, p), problem->bound };
  int rc = wgi_colour (problem, ordering, budget, &terms, c);
  if (!rc) plan->ordering = c->ordering, plan->bound = problem->bound;
  return rc;
}

/* A colour of its own for each. */
static int one_each (size_t count, wgi_colouring *c)
{
  *c = (wgi_colouring){ .colour = wgi_array (count, sizeof *c->colour), .count = (uint32_t) count };
  if (!c->colour) return wgi_plan_no_memory ();
  for (uint32_t i = 0; i < count; i++) c->colour[i] = i;
  return WG_OK;
}

/* The graph of a lower triangle, and the entry behind each neighbour. */
static int make_graph (const wgi_pattern *lower, wgi_pattern *graph, uint32_t **entry)
{
  wgi_pattern t;
  uint32_t *from = wgi_array (lower->nnz, sizeof *from), at = 0;
  *entry = wgi_array (wgi_times (lower->nnz, 2), sizeof **entry);
  int rc = from && *entry ? wgi_pattern_transpose (lower, &t, from) : wgi_plan_no_memory ();
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

/* The Hessian as a sum of those of summands: a sweep for all weights, then products summand by summand. */
static double split_cost (const wg_plan *plan, const wgi_program *p)
{
  const wgi_split *s = plan->split;
  double work = reverse_cost.one*all_work (plan, p) + entry_cost*s->get_start[s->directions];
  for (size_t i = 0; i < s->maps; i++)
    {
      const wgi_range call = { .code = s->map[i].number, .codes = 1 };
      work += (hessian_cost.one*(double) s->map[i].curves.directions - reverse_cost.one)*work_of (plan, &call)
              + item_cost*wgi_mapped_entries (&s->map[i]);
    }
  for (size_t k = 0; k < s->summands; k++)
    {
      const uint32_t directions = s->start[k+1] - s->start[k], left = directions % WGI_DIRECTIONS;
      const double wide = directions/WGI_DIRECTIONS + (left > 1), one = left == 1;
      const double inputs = s->inputs.start[k+1] - s->inputs.start[k];
      const double rows = (double) s->summand[k].range.codes, called = work_of (plan, &s->summand[k].range) - rows;
      work += (hessian_cost.many*wide + hessian_cost.one*one)*rows + hessian_cost.one*(wide*WGI_DIRECTIONS + one)*called
              + (wide + one)*(row_cost + entry_cost*inputs);
    }
  return work/all_work (plan, p);
}

/* WG_PLAN_AUTO: the least cost.  The function is split when that was asked, or may pay: when the fewest colours need more than one
 * wide sweep, or there are maps.  It may still cost less than the colours that will be found: plan->cost is its then. */
static int choose (wg_plan *plan, const wgi_program *p, const wgi_colour_problem *problem, const uint32_t place[])
{
  const int asked = plan->method == WG_PLAN_SUBGRAPH;
  if (!asked && plan->method != WG_PLAN_AUTO) return WG_OK;
  const uint32_t bound = wgi_colour_bound (problem);
  const int few = bound < .75*(double) plan->n;
  double cost = HUGE_VAL;
  if (asked || bound > WGI_DIRECTIONS || wgi_split_maps (p))
    {
      const int rc = wgi_split_make (p, &plan->pattern, place, asked, &plan->split);
      if (rc && (asked || rc != WG_ELIMIT)) return rc;
      if (plan->split) cost = split_cost (plan, p);
    }
  plan->cost = 1 + cost;
  if (asked || cost < cost_of (plan, p, hessian_cost, few ? bound : plan->n)) plan->method = WG_PLAN_SUBGRAPH;
  else plan->method = few ? WG_PLAN_STAR : WG_PLAN_DENSE;
  return WG_OK;
}

/* Keep the places, for programs of another structure. */
static int keep_places (wg_plan *plan, const uint32_t place[])
{
  const size_t nnz = plan->pattern.nnz;
  if (!(plan->place = wgi_array (nnz, sizeof *plan->place))) return wgi_plan_no_memory ();
  memcpy (plan->place, place, nnz*sizeof *place);
  return WG_OK;
}

/* WG_PLAN_SUBGRAPH, the split being there. */
static int set_split (wg_plan *plan, const uint32_t place[])
{
  plan->method = WG_PLAN_SUBGRAPH, plan->ordering = WG_ORDER_BEST, plan->bound = 0;
  plan->sweeps = plan->split->directions;
  for (size_t i = 0; i < plan->split->maps; i++) plan->sweeps += plan->split->map[i].curves.directions;
  return keep_places (plan, place);
}

/* The other methods, entry being the triangle's behind each neighbour in the graph. */
static int set_colours (wg_plan *plan, const wgi_colour_problem *problem, const wgi_colouring *colours, const uint32_t entry[], const uint32_t place[])
{
  const wgi_pattern *lower = &plan->pattern;
  const wgi_colouring c = *colours;
  const size_t n = plan->n;
  wgi_origin *source = wgi_array (lower->nnz, sizeof *source);
  uint8_t *used = wgi_array (n, 1);
  int rc = source && used ? WG_OK : wgi_plan_no_memory ();
  if (!rc && plan->method != WG_PLAN_ACYCLIC) rc = wgi_recover_star (lower, problem->to, entry, c.colour, source, used);
  if (!rc && plan->method == WG_PLAN_ACYCLIC)
    {
      plan->step = wgi_array (lower->nnz, sizeof *plan->step);
      rc = plan->step ? wgi_recover_acyclic (lower, c.colour, source, plan->step, &plan->steps) : wgi_plan_no_memory ();
      memset (used, 1, n);
      if (!rc) place_steps (plan, place);
    }
  if (!rc) rc = set_sweeps (plan, n, c.count, c.colour, used, source, place);
  free (source), free (used);
  return rc;
}

int wgi_plan_set_hessian (wg_plan *plan, const wgi_program *p, const wg_plan_options *o, const uint32_t place[])
{
  wgi_pattern graph = { 0 };
  wgi_colouring c = { 0 };
  uint32_t *entry = NULL;
  int rc = make_graph (&plan->pattern, &graph, &entry);
  wgi_colour_problem problem = { .kind = o->method == WG_PLAN_ACYCLIC ? WGI_ACYCLIC : WGI_STAR, .to = &graph };
  plan->method = o->method, plan->dense_cost = 1 + cost_of (plan, p, hessian_cost, plan->n);
  if (!rc) rc = choose (plan, p, &problem, place);
  int split = plan->method == WG_PLAN_SUBGRAPH;
  if (!rc && !split)
    {
      rc = plan->method == WG_PLAN_DENSE ? one_each (plan->n, &c) : colour_problem (plan, &problem, hessian_cost, o->ordering, p, &c);
      split = plan->split && plan->cost < 1 + cost_of (plan, p, hessian_cost, c.count);
    }
  if (!rc && split) rc = set_split (plan, place);
  else if (!rc)
    {
      wgi_split_free (plan->split), plan->split = NULL;
      rc = set_colours (plan, &problem, &c, entry, place);
      plan->cost = 1 + cost_of (plan, p, hessian_cost, plan->sweeps);
    }
  wgi_pattern_free (&graph), free (c.colour), free (entry);
  return rc;
}

/* Colours, or rows alone, of the Jacobian.  forward: vertices are columns. */
static int set_jacobian (wg_plan *plan, int forward, const wgi_colouring *c, const uint32_t place[])
{
  const wgi_pattern *a = &plan->pattern;
  const size_t count = forward ? plan->n : plan->m;
  wgi_origin *source = wgi_array (a->nnz, sizeof *source);
  uint8_t *used = calloc (count, 1);
  int rc = source && used ? WG_OK : wgi_plan_no_memory ();
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
static double subgraph_cost (const wg_plan *plan, const wgi_program *p)
{
  double work = entry_cost*(double) plan->pattern.nnz;
  for (size_t i = 0; i < p->m; i++) work += reverse_cost.one*work_of (plan, &plan->range[i]) + row_cost;
  return work/all_work (plan, p);
}

/* Colour one side of the Jacobian, unless its bound says that it cannot beat *cost; *best is the cheapest so far. */
static int try_side (wg_plan *plan, int forward, const wgi_pattern *t, const wg_plan_options *o, const wgi_program *p,
                     double *cost, wgi_colouring *best)
{
  wgi_colour_problem problem = { .kind = WGI_PARTIAL, .to = forward ? t : &plan->pattern, .back = forward ? &plan->pattern : t };
  const kind k = forward ? tangent_cost : reverse_cost;
  const int asked = o->method == (forward ? WG_PLAN_COLUMNS : WG_PLAN_ROWS);
  wgi_colouring c;
  if (!asked && (o->method != WG_PLAN_AUTO || cost_of (plan, p, k, wgi_colour_bound (&problem)) >= *cost)) return WG_OK;
  const int ordering = plan->ordering;
  const uint32_t bound = plan->bound;
  int rc = colour_problem (plan, &problem, k, o->ordering, p, &c);
  if (rc) return rc;
  const double found = cost_of (plan, p, k, c.count);
  if (asked || found < *cost)
    {
      free (best->colour);
      *best = c, *cost = found;
      plan->method = forward ? WG_PLAN_COLUMNS : WG_PLAN_ROWS;
    }
  else free (c.colour), plan->ordering = ordering, plan->bound = bound;
  return WG_OK;
}

int wgi_plan_set_jacobian (wg_plan *plan, const wgi_program *p, const wg_plan_options *o, const uint32_t place[])
{
  const size_t n = plan->n, m = plan->m;
  wgi_pattern t = { 0 };
  wgi_colouring c = { 0 };
  const double forward = cost_of (plan, p, tangent_cost, n), reverse = cost_of (plan, p, reverse_cost, m);
  double cost = forward < reverse ? forward : reverse;
  int columns = forward < reverse, rc = wgi_pattern_transpose (&plan->pattern, &t, NULL);
  plan->dense_cost = 1 + cost;
  plan->method = WG_PLAN_DENSE;
  if (!rc && (o->method == WG_PLAN_AUTO || o->method == WG_PLAN_SUBGRAPH))
    {
      rc = one_each (m, &c);
      if (!rc && !(plan->range = wgi_plan_ranges (p, m, c.colour))) rc = wgi_plan_no_memory ();
      if (!rc) rc = wgi_items_make (p, &plan->pattern, place, &plan->items);
      const double rows = rc ? 0 : plan->items ? wgi_items_cost (plan->items) : subgraph_cost (plan, p);
      if (!rc && (o->method == WG_PLAN_SUBGRAPH || rows < cost)) plan->method = WG_PLAN_SUBGRAPH, cost = rows;
      free (c.colour), c.colour = NULL;
    }
  if (!rc) rc = try_side (plan, 1, &t, o, p, &cost, &c);
  if (!rc) rc = try_side (plan, 0, &t, o, p, &cost, &c);
  if (plan->method == WG_PLAN_COLUMNS || plan->method == WG_PLAN_ROWS) columns = plan->method == WG_PLAN_COLUMNS;
  if (plan->method == WG_PLAN_SUBGRAPH) columns = 0;
  if (!rc && !c.colour) rc = one_each (columns ? n : m, &c);
  if (!rc) rc = set_jacobian (plan, columns, &c, place);
  if (plan->method != WG_PLAN_SUBGRAPH)
    {
      free (plan->range), plan->range = NULL;
      wgi_items_free (plan->items), plan->items = NULL;
    }
  if (!rc && plan->items) rc = keep_places (plan, place);
  for (size_t s = 0; s < plan->sweeps && plan->range && !rc; s++) plan->range[s] = plan->range[plan->seed[s]];     /* empty rows go */
  plan->cost = 1 + cost;
  free (c.colour), wgi_pattern_free (&t);
  return rc;
}
