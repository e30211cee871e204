/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * The experiment of Fermi, Pasta, Ulam and Tsingou (Los Alamos report LA-1940, 1955): N masses on a line, joined by springs that
 * are not quite linear,
 *
 *     q[i]'' = (q[i+1] - 2 q[i] + q[i-1]) (1 + alpha (q[i+1] - q[i-1])),    q[0] = q[N+1] = 0,
 *
 * begin in the slowest mode.  Energy was expected to spread over all modes; it went to a few, and came back.  Here it
 * is followed over 100 000 time steps (leapfrog), by wg_scan: one step is recorded, the list of the whole is a few operations.  Then
 * the gradient: how does the share of the first mode at the end depend on alpha and on each number of the first state?
 * A reverse sweep goes back over all steps and needs their states.  They take 26 MB; a hundredth of that costs one more run
 * forward, a thousandth two, and neither changes a bit.
 *
 * To see: the share of the first mode falls and returns; the columns "states" and "run again" of the table, and the last one; the
 * gradient beside symmetric differences, which agree to the error of those.
 *
 * To run:  oscillators
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <wengert.h>

enum { N = 16, STATE = 2*N, INPUTS = STATE + 1, STEPS = 100000 };

static const double h = .1, pi = 3.14159265358979323846;

/* q, p, alpha -> q, p */
static void leapfrog (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  const wg_var alpha = x[STATE];
  wg_var q[N+2];
  q[0] = q[N+1] = wg_num (0);
  for (int i = 1; i <= N; i++) q[i] = wg_add (x[i-1], wg_mul (h/2, x[N+i-1]));
  for (int i = 1; i <= N; i++)
    {
      const wg_var right = wg_sub (q[i+1], q[i]), left = wg_sub (q[i], q[i-1]);
      const wg_var force = wg_mul (wg_sub (right, left), wg_add (1, wg_mul (alpha, wg_add (right, left))));
      const wg_var p = wg_add (x[N+i-1], wg_mul (h, force));
      y[i-1] = wg_add (q[i], wg_mul (h/2, p));
      y[N+i-1] = p;
    }
  (void) n, (void) m, (void) ctx;
}

typedef struct { const wg_fun *step; size_t steps; } course;

/* The energy of mode k, by the lengths of its sines in q and in p, as a share of the energy of mode 1 at amplitude 1. */
static wg_var share (int k, const wg_var s[STATE])
{
  const double slow = 2*sin (pi/(2*(N + 1))), omega = 2*sin (k*pi/(2*(N + 1)));
  wg_var Q = wg_num (0), P = wg_num (0);
  for (int i = 0; i < N; i++)
    {
      const double sine = 2./(N + 1)*sin (pi*k*(i + 1)/(N + 1));
      Q = wg_add (Q, wg_mul (sine, s[i])), P = wg_add (P, wg_mul (sine, s[N+i]));
    }
  return wg_div (wg_add (wg_sqr (P), wg_mul (omega*omega, wg_sqr (Q))), slow*slow);
}

static void shares (size_t n, const wg_var x[], size_t m, wg_var y[], void *ctx)
{
  const course *c = ctx;
  wg_var s[STATE];
  wg_scan (c->step, c->steps, STATE, x, 1, &(wg_arg){ .var = x + STATE, .width = 1 }, s, NULL);
  for (size_t k = 0; k < m; k++) y[k] = share ((int) k + 1, s);
  (void) n;
}

static int follow (const wg_fun *step, const double x[])
{
  printf ("  time   share of mode 1       2       3\n");
  for (size_t k = 0; k <= 10; k++)
    {
      course c = { step, k*STEPS/10 };
      double y[3];
      wg_fun *f = wg_fun_record (shares, &c, INPUTS, 3, x);
      const int rc = f ? wg_eval (f, x, y) : wg_fun_status (NULL);
      wg_fun_free (f);
      if (rc) return rc;
      printf ("%6g           %7.4f %7.4f %7.4f\n", h*(double) c.steps, y[0], y[1], y[2]);
    }
  return 0;
}

/* The gradient under each limit; the first in g. */
static int limits (wg_fun *f, const double x[], double g[])
{
  static const size_t limit[] = { WG_ALL_STATES, 260000, 26000, 2600, WG_ROOT_STATES };
  static const char *const name[] = { "all", "260 kB", "26 kB", "2.6 kB", "root" };
  printf ("\nlimit     states      bytes   steps run again   gradient\n");
  for (size_t k = 0; k < sizeof limit/sizeof *limit; k++)
    {
      double y, other[INPUTS];
      wg_scan_info info;
      wg_fun *fresh = wg_fun_clone (f);                /* with counters of its own */
      int rc = fresh ? wg_fun_set_checkpoints (fresh, limit[k]) : WG_ENOMEM;
      if (!rc) rc = wg_gradient (fresh, x, &y, k ? other : g);
      if (!rc) rc = wg_fun_get_scan_info (fresh, &info);
      wg_fun_free (fresh);
      if (rc) return rc;
      printf ("%-8s  %6zu  %9zu            %6zu   %s\n", name[k], info.states, info.bytes, info.again,
              !k ? "computed" : memcmp (g, other, sizeof other) ? "differs" : "the same bits");
    }
  return 0;
}

static int differences (wg_fun *f, const double x[], const double g[])
{
  static const struct { const char *name; int at; } shown[] = { { "alpha", STATE }, { "q[1]", 0 }, { "q[8]", 7 }, { "p[16]", STATE - 1 } };
  const double delta = 1e-6;
  printf ("\nd share/d      gradient   differences\n");
  for (size_t k = 0; k < sizeof shown/sizeof *shown; k++)
    {
      double z[INPUTS], y[2];
      int rc = 0;
      for (int side = 0; side < 2 && !rc; side++)
        {
          memcpy (z, x, sizeof z), z[shown[k].at] += side ? -delta : delta;
          rc = wg_eval (f, z, &y[side]);
        }
      if (rc) return rc;
      const double d = (y[0] - y[1])/(2*delta), error = fabs (d - g[shown[k].at]);
      printf ("%-8s  %13.7f %13.7f  %s\n", shown[k].name, g[shown[k].at], d, error < 1e-6*fmax (1, fabs (d)) ? "agree" : "differ");
    }
  return 0;
}

int main (void)
{
  double x[INPUTS] = { 0 }, g[INPUTS];
  for (int i = 0; i < N; i++) x[i] = sin (pi*(i + 1)/(N + 1));
  x[STATE] = .25;
  wg_fun *step = wg_fun_record (leapfrog, NULL, INPUTS, STATE, x);
  course c = { step, STEPS };
  wg_fun *f = step ? wg_fun_record (shares, &c, INPUTS, 1, x) : NULL;
  wg_fun_info one, all;
  int rc = f ? wg_fun_get_info (step, &one) : wg_fun_status (NULL);
  if (!rc) rc = wg_fun_get_info (f, &all);
  if (!rc) printf ("a step is %zu operations, %d steps and the energy after them are %zu\n\n", one.operations, STEPS, all.operations);
  if (!rc) rc = follow (step, x);
  if (!rc) rc = limits (f, x, g);
  if (!rc) rc = differences (f, x, g);
  if (rc) fprintf (stderr, "%s\n", wg_last_error ());
  wg_fun_free (f), wg_fun_free (step);
  return rc != 0;
}
