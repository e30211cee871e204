/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * The list of the last point as a DOT graph.  Every node has its value; slots that an adjoint reached have it too.
 */
#include <inttypes.h>

#include <wengert/deriv.h>

#include "fun/fun.h"
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
  const uint32_t *word = p->word;
  size_t slot = p->n, guard = wgi_numbers (p);      /* guards have no slot: numbers that are free */
  char name[32];
  fprintf (out, "digraph wengert {\n  rankdir=LR;\n");
  for (size_t i = 0; i < p->n; i++)
    {
      snprintf (name, sizeof name, "x%zu", i);
      write_node (f, out, i, "box", name);
    }
  for (size_t i = 0; i < p->count; i++)
    {
      const int row = wgi_opcode_row[p->code[i]], is_guard = wgi_is_guard (row), is_call = row == WGI_ROW_call;
      const size_t node = is_guard ? guard++ : slot, outputs = is_call ? p->source[word[0]]->m : 1;
      const size_t operands = is_call ? p->source[word[0]]->n : wgi_rows[row].operands;
      if (is_guard) fprintf (out, "  s%zu [shape=diamond label=\"guard %s\"];\n", node, wgi_rows[row].name);
      else for (size_t j = 0; j < outputs; j++) write_node (f, out, slot++, "ellipse", wgi_rows[row].name);
      for (size_t k = 0; k < (is_guard ? 1 : outputs); k++)
        for (size_t j = 0; j < operands; j++) write_edge (f, out, word[j + (size_t) is_call] & ~(is_call ? WGI_INACTIVE : 0), node + k);
      word += wgi_words (p, p->code[i], word);
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
  wgi_reverse_keeping (p, &f->frame);
  write_graph (f, out);
  for (size_t i = 0; i < p->slots; i++) adjoint[i] = -0.;
  return wgi_fun_done (f, WG_OK);
}
