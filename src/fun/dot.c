/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * The list of the last point as a DOT graph.  Every node has its value; slots that an adjoint reached have it too.
 */
#include <inttypes.h>

#include <wengert/inspect.h>

#include "fun/fun.h"
#include "program/operation.h"
#include "sweep/numbers.h"

/* The node of a word, as an edge's start; a constant has a node per use. */
static void write_edge (const wg_fun *f, FILE *out, uint32_t word, size_t user)
{
  const wgi_program *p = f->trace->program;
  if (!wgi_is_slot (p, word))
    fprintf (out, "  c%" PRIu32 " [shape=plaintext label=\"%.6g\"];\n  c%" PRIu32 " -> s%zu;\n",
             word, f->frame.plane[WGI_VALUE][word], word, user);
  else
    fprintf (out, "  s%" PRIu32 " -> s%zu;\n", word, user);
}

static void write_node (const wg_fun *f, FILE *out, size_t slot, const char *shape, const char *name)
{
  const double adjoint = f->frame.plane[WGI_ADJOINT][slot];
  fprintf (out, "  s%zu [shape=%s label=\"%s\\n%.6g", slot, shape, name, f->frame.plane[WGI_VALUE][slot]);
  if (!wgi_asleep (adjoint)) fprintf (out, "\\nadjoint %.6g", adjoint + 0.);
  fprintf (out, "\"];\n");
}

static void write_graph (const wg_fun *f, FILE *out)
{
  const wgi_program *p = f->trace->program;
  size_t guard = wgi_numbers (p);      /* guards have no slot: numbers that are free */
  char name[32];
  fprintf (out, "digraph wengert {\n  rankdir=LR;\n");
  for (size_t i = 0; i < p->n; i++)
    {
      snprintf (name, sizeof name, "x%zu", i);
      write_node (f, out, i, "box", name);
    }
  for (wgi_operation o = wgi_first (p); wgi_is_one (&o); wgi_next (&o))
    {
      const int is_guard = wgi_is_guard (o.row);
      const size_t node = is_guard ? guard++ : o.slot, nodes = is_guard ? 1 : o.outputs;
      if (is_guard) fprintf (out, "  s%zu [shape=diamond label=\"guard %s\"];\n", node, wgi_name (&o));
      for (size_t k = 0; k < o.outputs; k++) write_node (f, out, node + k, "ellipse", wgi_name (&o));
      for (size_t k = 0; k < nodes; k++)
        for (size_t j = 0; j < o.operands; j++) write_edge (f, out, wgi_operand (&o, j), node + k);
    }
  for (size_t i = 0; i < p->m; i++)
    {
      fprintf (out, "  y%zu [shape=box label=\"y%zu\"];\n", i, i);
      if (wgi_is_slot (p, p->out[i])) fprintf (out, "  s%" PRIu32 " -> y%zu;\n", p->out[i], i);
      else fprintf (out, "  c%" PRIu32 " [shape=plaintext label=\"%.6g\"];\n  c%" PRIu32 " -> y%zu;\n",
                    p->out[i], f->frame.plane[WGI_VALUE][p->out[i]], p->out[i], i);
    }
  fprintf (out, "}\n");
}

int wg_fun_write_dot (wg_fun *f, FILE *out)
{
  if (!f || !out) return wgi_fail (WG_EINVAL, "wg_fun_write_dot: %s is NULL", f ? "out" : "f");
  int rc = wgi_fun_at (f, NULL);
  if (!rc) rc = wgi_fun_planes (f, 1u << WGI_ADJOINT);
  if (rc) return wgi_fun_done (f, rc);
  const wgi_program *p = f->trace->program;
  double *adjoint = f->frame.plane[WGI_ADJOINT];
  for (size_t i = 0; i < p->m; i++)
    if (wgi_is_slot (p, p->out[i])) adjoint[p->out[i]] += 1;
  f->frame.status = 0;
  wgi_reverse_keeping (p, &f->frame);
  rc = f->frame.status;
  if (!rc) write_graph (f, out);
  for (size_t i = 0; i < p->slots; i++) adjoint[i] = -0.;
  return wgi_fun_done (f, rc);
}
