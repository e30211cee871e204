/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Files of the NIST Statistical Reference Datasets for nonlinear regression: the model, an expression, becomes
 * residuals of a recorded function; starts, certified values and data are numbers.
 */
#ifndef DEMOS_NIST_FILE_H
#define DEMOS_NIST_FILE_H

#include <wengert.h>

enum { NIST_PARAMETERS = 16, NIST_COLUMNS = 8, NIST_LINE = 256, NIST_TEXT = 2048, NIST_ROWS = 4096 };

typedef struct {
  char name[NIST_LINE], model[NIST_TEXT];
  size_t n, m, columns;                 /* parameters, observations, y and the predictors */
  double start[2][NIST_PARAMETERS], certified[NIST_PARAMETERS];
  double squares;                       /* certified */
  double squares_middle, squares_upper; /* at the certified values, with arctan from -pi/2 or from 0; 0: no arctan */
  int upper;                            /* does arctan go from 0 to pi here? */
  double data[NIST_ROWS][NIST_COLUMNS];
} nist_problem;

/* Read a file.  Nonzero: what is wrong was said on stderr. */
int nist_read (nist_problem *, const char *path);

/* The model, ctx a nist_problem: m residuals of n parameters. */
void nist_residuals (size_t n, const wg_var b[], size_t m, wg_var r[], void *ctx);

/* How many digits of the certified values b[n] has, the fewest of its parameters, at most 11. */
double nist_digits (const nist_problem *, const double b[]);

/* Say on stderr what is wrong with a file, or with its line if that is not 0.  Returns -1. */
int nist_fail (const char *path, size_t line, const char *what);

#endif
