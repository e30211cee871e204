/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Fits the nonlinear problems of the NIST Statistical Reference Datasets, files in NIST's own format in a
 * folder:
 *
 *   nist FOLDER
 *
 * from both starts, and prints how many digits of the certified parameters come out (the fewest of a fit's
 * parameters; certified to 11).  nist_file.c reads the files, models too.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <wengert.h>
#include <wengert/least_squares.h>

#include "nist_file.h"

/* ---------------------------------------------------------------- fits */

typedef struct { double digits, least; size_t fits, good, evaluations, jacobians, fvvs; } totals;

static int fit (const nist_problem *p, wg_fun *f, int which, totals *sum)
{
  double b[NIST_PARAMETERS];
  wg_least_squares_result r;
  memcpy (b, p->start[which], sizeof b);
  const int rc = wg_least_squares (f, b, NULL, &r);
  const double digits = nist_digits (p, b);
  printf ("%-9s  %4d  %3zu  %5zu  %9.6e  %6.1f  %4zu  %4zu  %4zu  %s\n", p->name, which + 1, p->n, p->m, 2*r.f, digits,
          r.evaluations, r.jacobians, r.fvvs, WG_FAILED (rc) ? wg_last_error () : wg_stop_name (r.reason));
  sum->fits++, sum->good += digits >= 4, sum->digits += digits;
  if (sum->fits == 1 || digits < sum->least) sum->least = digits;
  sum->evaluations += r.evaluations, sum->jacobians += r.jacobians, sum->fvvs += r.fvvs;
  return WG_FAILED (rc) ? -1 : 0;
}

static int run (const char *path, totals *sum)
{
  static nist_problem p;
  if (nist_read (&p, path)) return -1;
  if (p.upper)
    printf ("%s: the certified values hold with arctan from 0 to pi (squares %.6e, not %.2f); so it is taken here\n",
            p.name, p.squares_upper, p.squares_middle);
  wg_fun *f = wg_fun_record (nist_residuals, &p, p.n, p.m, p.start[0]);
  if (!f) return nist_fail (path, 0, wg_last_error ());
  int rc = fit (&p, f, 0, sum);
  if (fit (&p, f, 1, sum)) rc = -1;
  wg_fun_free (f);
  return rc;
}

static int is_data (const struct dirent *entry)
{
  const size_t length = strlen (entry->d_name);
  return length > 4 && !strcmp (entry->d_name + length - 4, ".dat");
}

int main (int argc, char **argv)
{
  struct dirent **entry;
  totals sum = { 0 };
  int bad = 0;
  if (argc != 2) return fprintf (stderr, "usage: nist FOLDER, with files like Misra1a.dat\n"), 2;
  const int count = scandir (argv[1], &entry, is_data, alphasort);
  if (count <= 0) return fprintf (stderr, "%s: %s\n", argv[1], count ? "cannot be read" : "no .dat files"), 2;
  printf ("%-9s  %4s  %3s  %5s  %12s  %6s  %4s  %4s  %4s  %s\n",
          "problem", "from", "n", "m", "squares", "digits", "r", "J", "fvv", "stop");
  for (int i = 0; i < count; i++)
    {
      char path[4096];
      const int length = snprintf (path, sizeof path, "%s/%s", argv[1], entry[i]->d_name);
      if (length < 0 || (size_t) length >= sizeof path)
        bad = nist_fail (entry[i]->d_name, 0, "the path is too long");
      else if (run (path, &sum)) bad = -1;
      free (entry[i]);
    }
  free (entry);
  if (sum.fits)
    printf ("\n%zu of %zu fits have 4 digits or more; fewest %.1f, mean %.2f\n"
            "%zu residual evaluations, %zu Jacobians, %zu fvv\n",
            sum.good, sum.fits, sum.least, sum.digits/(double) sum.fits, sum.evaluations, sum.jacobians, sum.fvvs);
  return bad ? 1 : 0;
}
