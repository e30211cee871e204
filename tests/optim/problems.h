/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Test problems for the minimizers: the 18 unconstrained ones of More, Garbow, Hillstrom (ACM TOMS 7, 1981,
 * p. 17), and some that go with any n.  Minima: those of that paper, and others that are known.
 */
#ifndef TESTS_OPTIM_PROBLEMS_H
#define TESTS_OPTIM_PROBLEMS_H

#include <wengert/fun.h>

enum { PROBLEM_MINIMA = 4 };

typedef struct {
  const char *name;
  wg_model *model;
  size_t n;
  void (*start) (size_t n, double x[]);
  double minima[PROBLEM_MINIMA];        /* local ones, of which the search must find one */
  int stationary;                       /* are 10 x0 and 100 x0 flat to the last digit? */
} problem;

extern const problem mgh_problems[18];
extern const problem large_problems[5]; /* n = 1000 */

#endif
