/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Models are read from the files too: an expression is evaluated on variables, which records it.
 */
#include "nist_file.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------- models */

/* An expression under evaluation: what is left of the text, the variables, and what is wrong. */
typedef struct {
  const char *at;
  const wg_var *b;
  size_t n, columns;
  const double *row;                    /* y, x1, x2 ... */
  int upper;                            /* arctan from 0 to pi, not from -pi/2 to pi/2 */
  char wrong[64];                       /* "": nothing */
} reader;

static wg_var read_sum (reader *);

static int next_is (reader *s, const char *token)
{
  const size_t length = strlen (token);
  while (isspace ((unsigned char) *s->at)) s->at++;
  if (strncmp (s->at, token, length)) return 0;
  s->at += length;
  return 1;
}

static wg_var wrong (reader *s, const char *what, const char *name)
{
  if (!*s->wrong) snprintf (s->wrong, sizeof s->wrong, "%s%s", what, name);
  s->at += strlen (s->at);
  return wg_num (NAN);
}

static wg_var call (reader *s, const char *name, wg_var a)
{
  if (!strcmp (name, "exp")) return wg_exp (a);
  if (!strcmp (name, "log")) return wg_log (a);
  if (!strcmp (name, "sin")) return wg_sin (a);
  if (!strcmp (name, "cos")) return wg_cos (a);
  if (!strcmp (name, "arctan")) return s->upper ? wg_sub (acos (0), wg_atan (wg_recip (a))) : wg_atan (a);
  if (!strcmp (name, "sqrt")) return wg_sqrt (a);
  return wrong (s, "the model has an unknown function ", name);
}

static wg_var read_bracket (reader *s)
{
  const wg_var a = read_sum (s);
  return next_is (s, ")") || next_is (s, "]") ? a : wrong (s, "the model has a bracket that is not closed", "");
}

static wg_var read_name (reader *s)
{
  char name[8] = "", *end;
  size_t length = 0;
  while (isalnum ((unsigned char) *s->at) && length + 1 < sizeof name) name[length++] = *s->at++;
  const unsigned long k = strtoul (name + 1, &end, 10);
  const int numbered = end > name + 1 && !*end && k > 0;
  if (next_is (s, "[") || next_is (s, "(")) return call (s, name, read_bracket (s));
  if (!strcmp (name, "pi")) return wg_num (acos (-1));
  if (!strcmp (name, "y")) return wg_num (s->row[0]);
  if (!strcmp (name, "x") && s->columns == 2) return wg_num (s->row[1]);
  if (name[0] == 'x' && numbered && k < s->columns) return wg_num (s->row[k]);
  if (name[0] == 'b' && numbered && k <= s->n) return s->b[k-1];
  return wrong (s, "the model has an unknown name ", name);
}

static wg_var read_power (reader *s)
{
  wg_var a;
  if (next_is (s, "-")) return wg_neg (read_power (s));
  if (next_is (s, "(") || next_is (s, "[")) a = read_bracket (s);
  else if (isalpha ((unsigned char) *s->at)) a = read_name (s);
  else
    {
      char *end;
      a = wg_num (strtod (s->at, &end));
      if (end == s->at) return wrong (s, "the model lacks a number or name", "");
      s->at = end;
    }
  return next_is (s, "**") ? wg_pow (a, read_power (s)) : a;
}

static wg_var read_product (reader *s)
{
  wg_var a = read_power (s);
  for (;;)
    if (next_is (s, "*")) a = wg_mul (a, read_power (s));
    else if (next_is (s, "/")) a = wg_div (a, read_power (s));
    else return a;
}

static wg_var read_sum (reader *s)
{
  wg_var a = next_is (s, "-") ? wg_neg (read_product (s)) : read_product (s);
  for (;;)
    if (next_is (s, "+")) a = wg_add (a, read_product (s));
    else if (next_is (s, "-")) a = wg_sub (a, read_product (s));
    else return a;
}

/* The residual of a row: the model's last equation, right side minus left side.  Others define constants. */
static wg_var residual (reader *s, const char *model)
{
  wg_var r = wg_num (NAN);
  s->at = model;
  do
    {
      const wg_var left = read_sum (s);
      if (!next_is (s, "=")) return wrong (s, "the model has no =", "");
      r = wg_sub (read_sum (s), left);
      next_is (s, "");
    }
  while (*s->at);
  return r;
}

void nist_residuals (size_t n, const wg_var b[], size_t m, wg_var r[], void *ctx)
{
  const nist_problem *p = ctx;
  for (size_t i = 0; i < m; i++)
    {
      reader s = { .b = b, .n = n, .columns = p->columns, .row = p->data[i], .upper = p->upper };
      r[i] = residual (&s, p->model);
      if (*s.wrong) wg_raise (b[0], s.wrong);
    }
}

/* ---------------------------------------------------------------- files */

int nist_fail (const char *path, size_t line, const char *what)
{
  if (line) fprintf (stderr, "%s, line %zu: %s\n", path, line, what);
  else fprintf (stderr, "%s: %s\n", path, what);
  return -1;
}

/* Numbers of a line, from where they start; -1 when something else follows. */
static int numbers_of (const char *text, int most, double x[])
{
  int count = 0;
  for (char *end;; text = end)
    {
      const double v = strtod (text, &end);
      if (end == text) break;
      if (count == most || !isfinite (v)) return -1;
      x[count++] = v;
    }
  return text[strspn (text, " \t\r\n")] ? -1 : count;
}

/* Add a line to the model's text.  0: too long. */
static int extend (char model[NIST_TEXT], const char *line)
{
  const size_t used = strlen (model);
  if (used + strlen (line) + 2 > NIST_TEXT) return 0;
  strcat (strcat (model, line), " ");
  return 1;
}

/* Take the error term, + e, off the end of the model. */
static int strip_error (char model[NIST_TEXT])
{
  char *plus = strrchr (model, '+');
  char e;
  int end = 0;
  if (!plus || sscanf (plus, "+ %c %n", &e, &end) != 1 || e != 'e' || plus[end]) return 0;
  *plus = 0;
  return 1;
}

/* Which part of a file a line is in. */
enum part { HEAD, MODEL, EQUATION, STARTS, DATA };

static int read_line (nist_problem *p, enum part *part, const char *path, size_t line, const char *text)
{
  double x[NIST_COLUMNS] = { 0 };
  unsigned k;
  int at = 0;
  size_t count;
  if (!strncmp (text, "Dataset Name:", 13))
    return sscanf (text + 13, "%200s", p->name) == 1 ? 0 : nist_fail (path, line, "no name");
  if (!strncmp (text, "Model:", 6)) *part = MODEL;
  else if (*part == MODEL && sscanf (text, " %zu Parameter%n", &count, &at) == 1 && at)
    {
      if (!count || count > NIST_PARAMETERS) return nist_fail (path, line, "too many parameters");
      p->n = count, *part = EQUATION;
    }
  else if (*part == EQUATION && (strstr (text, "Starting ") || strstr (text, "STARTING "))) *part = STARTS;
  else if (*part == EQUATION) return extend (p->model, text) ? 0 : nist_fail (path, line, "the model is too long");
  else if (*part == STARTS && sscanf (text, " b%u =%n", &k, &at) == 1 && at)
    {
      if (!k || k > p->n) return nist_fail (path, line, "no such parameter");
      if (numbers_of (text + at, 4, x) != 4)
        return nist_fail (path, line, "four numbers are expected: two starts, value, deviation");
      if (x[2] == 0) return nist_fail (path, line, "the certified value is 0 or missing");
      p->start[0][k-1] = x[0], p->start[1][k-1] = x[1], p->certified[k-1] = x[2];
    }
  else if (*part == STARTS && sscanf (text, "Residual Sum of Squares: %lf", &p->squares) == 1) return 0;
  else if (*part == STARTS && sscanf (text, "Number of Observations: %zu", &count) == 1) p->m = count;
  else if (*part == STARTS && !strncmp (text, "Data:", 5))
    {
      char name[NIST_COLUMNS + 1][NIST_LINE];
      const int columns = sscanf (text + 5, "%200s %200s %200s %200s %200s", name[0], name[1], name[2], name[3], name[4]);
      if (columns < 2 || strcmp (name[0], "y")) return nist_fail (path, line, "columns y and x are expected");
      p->columns = (size_t) columns, *part = DATA;
    }
  return 0;
}

/* Read a file; 0 when it is complete. */
static int read_lines (nist_problem *p, const char *path, FILE *in)
{
  char text[NIST_LINE];
  enum part part = HEAD;
  size_t rows = 0;
  for (size_t line = 1; fgets (text, sizeof text, in); line++)
    {
      text[strcspn (text, "\r\n")] = 0;
      if (part != DATA)
        {
          if (read_line (p, &part, path, line, text)) return -1;
          continue;
        }
      if (!text[strspn (text, " \t")]) continue;
      if (rows == NIST_ROWS) return nist_fail (path, line, "too many observations");
      if (numbers_of (text, NIST_COLUMNS, p->data[rows++]) != (int) p->columns)
        return nist_fail (path, line, "not the numbers of an observation");
    }
  if (ferror (in)) return nist_fail (path, 0, "cannot be read");
  if (part == HEAD)
    return nist_fail (path, 0, "no section \"Model:\"; is this a file of NIST's nonlinear regression problems?");
  if (part != DATA) return nist_fail (path, 0, "the file ends before its data");
  if (rows != p->m) return nist_fail (path, 0, "the number of observations is not the one that the file announces");
  for (size_t j = 0; j < p->n; j++)
    if (p->certified[j] == 0) return nist_fail (path, 0, "a parameter has no starts and certified value");
  return strip_error (p->model) ? 0 : nist_fail (path, 0, "the model does not end with + e");
}

/* ---------------------------------------------------------------- certified values */

double nist_digits (const nist_problem *p, const double b[])
{
  double least = 11;
  for (size_t j = 0; j < p->n; j++)
    {
      const double error = fabs (b[j] - p->certified[j])/fabs (p->certified[j]);
      const double digits = error > 0 ? -log10 (error) : 11;
      if (!(digits >= least)) least = digits > 0 ? digits : 0;
    }
  return least;
}

/* The sum of squares at the certified values. */
static double squares_of (nist_problem *p, int upper)
{
  wg_var b[NIST_PARAMETERS], r[NIST_ROWS];
  double sum = 0;
  for (size_t j = 0; j < p->n; j++) b[j] = wg_num (p->certified[j]);
  p->upper = upper;
  nist_residuals (p->n, b, p->m, r, p);
  for (size_t i = 0; i < p->m; i++) sum += r[i].value*r[i].value;
  return sum;
}

/* Which arctan does a file mean? The one that its certified values fit: Roszman1 has b1 larger by 1, for an
 * angle that goes on where the quotient's denominator changes sign. */
static void choose_arctan (nist_problem *p)
{
  p->squares_middle = squares_of (p, 0);
  p->squares_upper = squares_of (p, 1);
  p->upper = p->squares_upper < p->squares_middle/2;
}

int nist_read (nist_problem *p, const char *path)
{
  FILE *in = fopen (path, "r");
  if (!in) return nist_fail (path, 0, "cannot be opened");
  memset (p, 0, sizeof *p);
  const int rc = read_lines (p, path, in);
  fclose (in);
  if (!rc && strstr (p->model, "arctan")) choose_arctan (p);
  return rc;
}
