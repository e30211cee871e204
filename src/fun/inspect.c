/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * What a function is made of, in numbers and as text; kinks at the last point; a variable printed from a model.
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include <wengert/inspect.h>

#include "fun/fun.h"
#include "array/elementwise.h"
#include "array/lines.h"
#include "fun/map.h"
#include "program/operation.h"

int wg_fun_get_info (const wg_fun *f, wg_fun_info *info)
{
  if (!f || !info) return wgi_fail (WG_EINVAL, "wg_fun_get_info: %s is NULL", f ? "info" : "f");
  wgi_family *s = f->family;
  const wgi_program *p = f->trace->program;
  size_t calls = 0, loops = 0, rolled = 0;
  for (wgi_operation o = wgi_first (p); wgi_is_one (&o); wgi_next (&o))
    if (o.row == WGI_ROW_call)
      {
        const wgi_map *map = wgi_source_map (p->source[o.word[0]]);
        calls++;
        if (map && map->period) loops++, rolled += map->period*map->args.items;
      }
  const int rc = wgi_family_lock (s);
  if (rc) return rc;
  *info = (wg_fun_info){ .n = s->n, .m = s->m, .operations = p->count, .recorded = p->recorded, .constants = p->constants,
                         .params = f->params, .guards = p->guards, .program_bytes = p->bytes, .traces = s->traces,
                         .trace_bytes = s->bytes, .recordings = s->recordings, .breaks = s->breaks,
                         .forgotten = s->forgotten, .calls = calls,
                         .loops = loops, .rolled = rolled, .batch_done = f->batch_done };
  wgi_family_unlock (s);
  return WG_OK;
}

/* description */

typedef struct { const char *name; size_t count; } tally;

static int by_count (const void *a, const void *b)
{
  const tally *s = a, *t = b;
  return s->count != t->count ? (s->count < t->count) - (s->count > t->count) : (s->name > t->name) - (s->name < t->name);
}

/* Operations by name, the most frequent first. */
static void write_tally (const wgi_program *p, FILE *out)
{
  tally all[WGI_ROWS];
  for (int row = 0; row < WGI_ROWS; row++) all[row] = (tally){ wgi_rows[row].name, 0 };
  for (size_t i = 0; i < p->count; i++) all[wgi_opcode_row[p->code[i]]].count++;
  for (int row = 0; row < WGI_ROWS; row++)
    if (wgi_is_guard (row) && all[row].count)
      fprintf (out, "  guard %-12s %zu\n", all[row].name, all[row].count), all[row].count = 0;
  qsort (all, WGI_ROWS, sizeof *all, by_count);
  for (int row = 0; row < WGI_ROWS && all[row].count; row++) fprintf (out, "  %-18s %zu\n", all[row].name, all[row].count);
}

/* A rolled loop, and those in its body. */
static void write_loop (const wgi_map *map, FILE *out)
{
  size_t shared = 0, each = 0, numbers = 0;
  const wgi_program *p = map->body->trace->program;
  for (size_t i = 0; i < map->args.count; i++)
    {
      const wgi_arg *a = &map->args.arg[i];
      *(a->data ? &numbers : a->stride ? &each : &shared) += a->width;
    }
  fprintf (out, "  loop rolled: %zu trips of %zu operations, %zu left; sees %zu variables in all, %zu and %zu numbers in each\n",
           map->args.items, map->period, p->count, shared, each, numbers);
  for (size_t i = 0; i < p->sources; i++)
    {
      const wgi_map *inner = wgi_source_map (p->source[i]);
      if (inner && inner->period) fputs ("  in it a", out), write_loop (inner, out);
    }
}

/* Whom it calls, and how often. */
static int write_calls (const wgi_program *p, FILE *out)
{
  size_t *count = calloc (p->sources + 1, sizeof *count);
  if (!count) return wgi_fail (WG_ENOMEM, "out of memory");
  for (wgi_operation o = wgi_first (p); wgi_is_one (&o); wgi_next (&o)) if (o.row == WGI_ROW_call) count[o.word[0]]++;
  for (size_t i = 0; i < p->sources; i++)
    if (wgi_source_map (p->source[i]) && wgi_source_map (p->source[i])->period) write_loop (wgi_source_map (p->source[i]), out);
    else fprintf (out, "  calls \"%s\", %zu inputs, %zu outputs: %zu times\n", p->source[i]->name, p->source[i]->n,
             p->source[i]->m, count[i]);
  free (count);
  return WG_OK;
}

int wg_fun_describe (const wg_fun *f, FILE *out)
{
  wg_fun_info i;
  if (!f || !out) return wgi_fail (WG_EINVAL, "wg_fun_describe: %s is NULL", f ? "out" : "f");
  const int rc = wg_fun_get_info (f, &i);
  if (rc) return rc;
  const wgi_program *p = f->trace->program;
  size_t planes = 0;
  for (int k = 0; k < WGI_PLANES; k++) planes += f->frame.plane[k] != NULL;
  fprintf (out, "function of %zu inputs and %zu parameters, %zu outputs\n", i.n, i.params, i.m);
  fprintf (out, "list       %zu operations of %zu recorded, %zu guards and %zu calls among them; %zu constants\n", i.operations,
           i.recorded, i.guards, i.calls, i.constants);
  fprintf (out, "program    %zu bytes, %.1f per operation\n", i.program_bytes,
           (double) i.program_bytes/(double) (i.operations ? i.operations : 1));
  fprintf (out, "workspace  %zu planes of %zu numbers\n", planes, f->capacity);
  fprintf (out, "traces     %zu kept, %zu bytes, %zu forgotten; %zu recordings, %zu guards broken\n", i.traces, i.trace_bytes,
           i.forgotten, i.recordings, i.breaks);
  write_tally (p, out);
  return write_calls (p, out);
}

/* kinks */

static int at_kink (int row, double a, double b, double c, int k)
{
  (void) b, (void) c, (void) k;
  switch (row)
    {
#define KINK(name, where)       case WGI_ROW_##name: return where;
#define GUARD_KINK(name, where) case WGI_GUARD_##name: return where;
#include "tape/kinks.def"
    default: return 0;
    }
}

/* Does the operation depend on the inputs?  Flat rows and guards carry nothing: any slot will do. */
static int depends (const wgi_operation *o)
{
  if (!wgi_is_guard (o->row) && wgi_rows[o->row].maps) return wgi_carries (o);
  for (size_t j = 0; j < o->operands; j++) if (wgi_is_slot (o->p, wgi_operand (o, j))) return 1;
  return 0;
}

/* The kinks of a row, or of the rows in an operation on arrays. */
typedef struct { size_t count, operation; FILE *out; const char *inside; } kinks_found;

static void look_at_row (void *to, int row, int k, const double operand[3])
{
  kinks_found *found = to;
  if (row >= WGI_ROWS || !at_kink (row, operand[0], operand[1], operand[2], k)) return;
  found->count++;
  if (!found->out) return;
  fprintf (found->out, "%s%s%s, operation %zu: ", found->inside, wgi_is_guard (row) ? "guard " : "", wgi_rows[row].name, found->operation);
  for (int j = 0; j < wgi_rows[row].operands; j++) fprintf (found->out, "%s%.17g", j ? ", " : "", operand[j]);
  fputc ('\n', found->out);
}

static int look_at_array (const wg_fun *f, const wgi_operation *o, const wgi_op *op, kinks_found *found)
{
  double **block = malloc (wgi_times (o->operands + 1, sizeof *block));
  if (!block) return wgi_fail (WG_ENOMEM, "out of memory");
  for (size_t j = 0; j < o->operands; j++) block[j] = f->frame.plane[WGI_VALUE] + wgi_operand (o, j);
  int rc = WG_OK;
  if (wgi_carries (o))
    {
      const wgi_view *x = op->x;
      wgi_rows_show (op, block, look_at_row, found);
      if (!x->data) rc = wgi_lines_show (op, block[x->block] + x->first, look_at_row, found);
    }
  free (block);
  return rc;
}

static int count_kinks (wg_fun *f, size_t *kinks, FILE *out, const char *inside)
{
  const wgi_program *p = f->trace->program;
  const double *value = f->frame.plane[WGI_VALUE];
  int rc = WG_OK;
  for (wgi_operation o = wgi_first (p); wgi_is_one (&o) && !rc; wgi_next (&o))
    {
      const wgi_op *op = o.row == WGI_ROW_call ? wgi_source_op (p->source[o.word[0]]) : NULL;
      kinks_found found = { .operation = o.number, .out = out, .inside = inside };
      if (op) rc = look_at_array (f, &o, op, &found);
      else if (o.row == WGI_ROW_call)
        {
          wgi_callee *c = f->frame.callee[o.word[0]];
          f->frame.status = 0;
          wgi_call_forward (&f->frame, WGI_VALUE, o.word, o.slot);
          rc = f->frame.status;
          if (!rc && c->fun && c->fun->at_point) rc = count_kinks (c->fun, kinks, out, "  in a call: ");
        }
      else if (depends (&o))
        {
          double operand[3] = { 0 };
          for (size_t j = 0; j < o.operands; j++) operand[j] = value[wgi_operand (&o, j)];
          look_at_row (&found, o.row, (int) o.word[o.words-1], operand);
        }
      *kinks += found.count;
    }
  return rc;
}

int wg_fun_kinks (wg_fun *f, size_t *kinks, FILE *out)
{
  size_t count = 0;
  if (!f) return wgi_fail (WG_EINVAL, "wg_fun_kinks: f is NULL");
  int rc = wgi_fun_at (f, NULL);
  if (!rc) rc = count_kinks (f, &count, out, "");
  if (!rc && kinks) *kinks = count;
  return wgi_fun_done (f, rc);
}

/* variables */

void wg_print (FILE *out, const char *label, wg_var a)
{
  if (!out) return;
  if (label) fprintf (out, "%s = ", label);
  fprintf (out, "%.17g  ", a.value);
  if (!a.ids) fputs ("literal\n", out);
  else if (!wgi_tape_of (a)) fputs ("stale\n", out);
  else if (a.slot & WGI_PARAM) fprintf (out, "parameter %" PRIu32 "\n", a.slot & ~WGI_PARAM);
  else fprintf (out, "slot %" PRIu32 "\n", a.slot);
}
