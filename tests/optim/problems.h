/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Test problems for the minimizers: the 18 unconstrained ones of More, Garbow, Hillstrom (ACM TOMS 7, 1981,
 * p. 17), and some that go with large n.  Minima: those of that paper, and others that are known.
 */
#ifndef TESTS_OPTIM_PROBLEMS_H
#define TESTS_OPTIM_PROBLEMS_H

#include <wengert/fun.h>

enum { PROBLEM_MINIMA = 4, LARGE_PROBLEMS = 7 };

typedef struct {
  const char *name;
  wg_model *model;
  size_t n;
  void (*start) (size_t n, double x[]);
  double minima[PROBLEM_MINIMA];        /* local ones, of which the search must find one */
  int stationary;                       /* are 10 x0 and 100 x0 flat to the last digit? */
} problem;

extern const problem mgh_problems[18];
extern const problem large_problems[LARGE_PROBLEMS];    /* n = 1000 or 999; ten times that is as good */

/* Is f one of the known minima?  Flat valleys end where |g|_inf <= 1e-8: there f is above its infimum by at most
 * about |g|_inf times the length of the valley in the 1-norm, 1 here; hence 2e-8.  It is n/10 for large n.  The others are known to six digits. */
int problem_minimum (const problem *, double f);

#endif
