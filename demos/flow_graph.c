/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * One neuron as a Wengert list.
 *
 *     y = exp (w x + b)        at w = 2, x = 3, b = -4:   y = exp (2) = 7.39
 *
 *     dy/dw = x y = 22.17      dy/dx = w y = 14.78        dy/db = y = 7.39
 *
 * Recording writes down the operations that the model does, one node each.  A forward sweep along the list
 * gives every node its value; a reverse sweep, from y back to the inputs, its adjoint, the derivative of y
 * with respect to that node.  All three derivatives cost one reverse sweep, as three thousand would.
 *
 * To see: the table, then the list in the language DOT, values and adjoints on the nodes: x0, x1, x2 are w, x, b,
 * and w x + b became one node, muladd.  When graphviz is there, flow_graph.svg has the picture.
 *
 * To run:  flow_graph
 */
#include <stdio.h>
#include <stdlib.h>

#include <wengert.h>

static void neuron (size_t n, const wg_var in[], size_t m, wg_var y[], void *ctx)
{
  const wg_var w = in[0], x = in[1], b = in[2];
  y[0] = wg_exp (wg_add (wg_mul (w, x), b));
  (void) n, (void) m, (void) ctx;
}

/* The list as a picture, by graphviz.  That there is none is no failure. */
static int draw (wg_fun *f)
{
  FILE *dot = fopen ("flow_graph.dot", "w");
  const int rc = dot ? wg_fun_write_dot (f, dot) : WG_OK;
  if (!dot || fclose (dot)) printf ("no picture: cannot write flow_graph.dot\n");
  else if (rc) return rc;
  else if (system ("dot -Tsvg -o flow_graph.svg flow_graph.dot 2>/dev/null"))
    printf ("no picture: graphviz would draw it by  dot -Tsvg -o flow_graph.svg flow_graph.dot\n");
  else printf ("picture: flow_graph.svg\n");
  return rc;
}

int main (void)
{
  static const char *const name[] = { "w", "x", "b" };
  const double in[] = { 2, 3, -4 };
  double y, adjoint[3];
  wg_fun *f = wg_fun_record (neuron, NULL, 3, 1, in);
  int rc = f ? wg_gradient (f, in, &y, adjoint) : wg_fun_status (NULL);
  if (!rc)
    {
      printf ("y = exp (w x + b) = %.2f\n\n", y);
      printf ("node  value  adjoint\n");
      for (int i = 0; i < 3; i++) printf ("%-4s  %5.2f  %7.2f   = dy/d%s\n", name[i], in[i], adjoint[i], name[i]);
      printf ("%-4s  %5.2f  %7.2f\n\n", "y", y, 1.);
      rc = wg_fun_write_dot (f, stdout);
      printf ("\n");
    }
  if (!rc) rc = draw (f);
  if (rc) fprintf (stderr, "%s: %s\n", wg_strerror (rc), wg_last_error ());
  wg_fun_free (f);
  return rc ? EXIT_FAILURE : EXIT_SUCCESS;
}
