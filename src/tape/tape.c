/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * The life of a tape, the table of this thread's tapes, and the recorders: one plain function per row,
 * generated from the rule table, each checking its operands' tape with one load and one comparison.  Parameters and calls, which
 * are rarer, have files of their own.
 */
#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <wengert/generic.h>

#include "base/memory.h"
#include "tape/tape.h"

#define unlikely(x) __builtin_expect (!!(x), 0)

/* In the places of the table that are free: no variable has its stamp, so one comparison tells. */
static const wgi_tape none = { .stamp = UINT32_MAX };       /* and ids 0, which no variable of a tape has */
#define FREE ((wgi_tape *) &none)

/* initial-exec: recording through the shared library must not make a call to find the table */
static _Thread_local __attribute__ ((tls_model ("initial-exec"))) wgi_tape *table[WGI_NESTING + 1] = {
  FREE, FREE, FREE, FREE, FREE, FREE, FREE, FREE, FREE, FREE, FREE, FREE, FREE, FREE, FREE, FREE,
};
static _Thread_local struct { uint32_t generation; int inner, forbidden; } here = { 0, -1, 0 };

int wgi_tape_open (wgi_tape *t, size_t n)
{
  uint32_t place = 0;
  memset (t, 0, sizeof *t);
  if (here.forbidden) return wgi_fail (WG_EBUSY, "nothing is recorded on a thread of a map");
  while (place < WGI_NESTING && table[place] != &none) place++;
  if (place == WGI_NESTING) return wgi_fail (WG_ELIMIT, "recordings nest deeper than %d", WGI_NESTING);
  t->limit = WGI_PARAM;
  if (n >= t->limit) return wgi_fail (WG_ELIMIT, "%zu inputs are more than a tape can hold", n);
  if (here.generation == 0)                        /* threads start apart, so that their variables differ; */
    {                                              /* one may have the address of an earlier one, not the time */
      struct timespec now = { 0, 0 };
      clock_gettime (CLOCK_MONOTONIC, &now);
      here.generation = ((uint32_t) ((uintptr_t) &here >> 4) ^ (uint32_t) now.tv_nsec)*2654435761u >> 16;
    }
  here.generation = (here.generation + 1) & 0xffff;
  if (here.generation == 0) here.generation = 1;
  t->stamp = place << 16 | here.generation;
  t->ids = t->stamp << WGI_SHAPE_BITS;
  t->n = n, t->next = (uint32_t) n;
  t->outer = here.inner;
  here.inner = (int) place;
  table[place] = t;
  return WG_OK;
}

void wgi_tape_close (wgi_tape *t)
{
  wgi_tape_end_params (t);
  const int place = (int) (t->stamp >> 16);
  table[place] = FREE;
  if (here.inner == place) here.inner = t->outer;
  for (int i = 0; i < WGI_NESTING; i++)
    if (table[i] != FREE && table[i]->outer == place) table[i]->outer = t->outer;
}

void wgi_tape_free (wgi_tape *t)
{
  for (size_t i = 0; i < t->calls; i++) wgi_source_leave (t->call[i].source), free (t->call[i].operand);
  wgi_arrays_free (t->arrays);
  t->arrays = NULL;
  free (t->row), free (t->word), free (t->constant), free (t->param), free (t->call);
  t->row = NULL, t->word = NULL, t->constant = NULL, t->param = NULL, t->call = NULL, t->calls = 0;
}

void wgi_tape_fail (wgi_tape *t, int status, const char *format, ...)
{
  if (t->status) return;
  va_list args;
  va_start (args, format);
  vsnprintf (t->message, sizeof t->message, format, args);
  va_end (args);
  t->status = status;
  t->row_end = t->row_at;
}

static inline wgi_tape *tape_of (uint32_t ids)
{
  wgi_tape *t = table[ids >> (16 + WGI_SHAPE_BITS)];
  return t->stamp == ids >> WGI_SHAPE_BITS ? t : NULL;
}

wgi_tape *wgi_tape_innermost (void)
{
  return here.inner >= 0 ? table[here.inner] : NULL;
}

void wgi_tape_forbid (void)
{
  here.forbidden = 1;
}

int wgi_tape_is_free (void)
{
  int found = here.forbidden;
  for (int i = 0; i < WGI_NESTING && !found; i++) found = table[i] != FREE && !table[i]->live;
  return !found;
}

wg_var wgi_tape_input (const wgi_tape *t, size_t i, double value)
{
  return (wg_var){ value, (uint32_t) i, t->stamp << WGI_SHAPE_BITS };
}

/* Room for one more operation; 0 when the tape has failed. */
static __attribute__ ((noinline, cold)) int grow (wgi_tape *t)
{
  const size_t count = wgi_tape_count (t), words = wgi_tape_words (t), most = t->limit - t->n;
  size_t capacity = wgi_more (count, 256);
  if (t->status) return 0;
  if (capacity > most) capacity = most;
  if (count >= capacity) return wgi_tape_fail (t, WG_ELIMIT, "more than %zu operations", most), 0;
  uint8_t *row = wgi_enlarge (t->row, count, capacity);
  if (row) t->row = row, t->row_at = t->row_end = row + count;
  uint32_t *word = row ? wgi_enlarge (t->word, words*sizeof *word, wgi_times (capacity, 3*sizeof *word)) : NULL;
  if (!word) return wgi_tape_fail (t, WG_ENOMEM, "out of memory after %zu operations", count), 0;
  t->word = word, t->word_at = word + words;
  t->row_end = row + capacity;
  return 1;
}

static __attribute__ ((noinline, cold)) int grow_constants (wgi_tape *t)
{
  const size_t count = (size_t) (t->constant_at - t->constant), capacity = wgi_more (count, 64);
  if (count >= t->limit) return wgi_tape_fail (t, WG_ELIMIT, "more than %zu constants", t->limit), 0;
  double *constant = wgi_enlarge (t->constant, count*sizeof *constant, wgi_times (capacity, sizeof *constant));
  if (!constant) return wgi_tape_fail (t, WG_ENOMEM, "out of memory after %zu constants", count), 0;
  t->constant = constant, t->constant_at = constant + count, t->constant_end = constant + capacity;
  return 1;
}

/* The word of a new constant; room is made here. */
static inline uint32_t constant (wgi_tape *t, double c)
{
  if (unlikely (t->constant_at == t->constant_end) && !grow_constants (t)) return WGI_CONSTANT;
  *t->constant_at = c;
  return WGI_CONSTANT | (uint32_t) (t->constant_at++ - t->constant);
}

static inline uint32_t word_of (wgi_tape *t, wg_var a)
{
  return a.ids ? a.slot : constant (t, a.value);
}

/* Are x[count] all literals or on one tape?  Parameters too; off the fast path. */
static __attribute__ ((noinline)) int all_fit (const wg_var x[], size_t count)
{
  const wgi_tape *common = NULL;
  for (size_t i = 0; i < count; i++)
    if (x[i].ids)
      {
        const wgi_tape *t = tape_of (x[i].ids);
        if (!t || (common && t != common)) return 0;
        if (x[i].slot >= t->next && !(x[i].slot & WGI_PARAM && (x[i].slot & ~WGI_PARAM) < t->params)) return 0;
        common = t;
      }
  return 1;
}

/* Operands without a common tape: the error goes to every tape that one of them is on, else to the innermost
 * recording, else it is the thread's last error. */
static __attribute__ ((noinline, cold)) void misfit (int row, const wg_var x[], size_t count)
{
  wgi_tape *first = NULL;
  size_t told = 0;
  for (size_t i = 0; i < count; i++)
    {
      wgi_tape *t = x[i].ids ? tape_of (x[i].ids) : NULL;
      if (!x[i].ids) continue;
      if (t && all_fit (&x[i], 1))
        {
          if (first && first != t)
            {
              wgi_tape_fail (first, WG_ETAPE, "%s: the operands belong to different recordings", wgi_rows[row].name);
              wgi_tape_fail (t, WG_ETAPE, "%s: the operands belong to different recordings", wgi_rows[row].name);
            }
          if (!first) first = t;
        }
      else if (!told) told = i + 1;
    }
  if (!told) return;
  const char *what = x[told-1].ids == WGI_UNSET ? "an output that is not set yet"
                                                : "a variable of an ended recording or of another thread";
  if (!first) first = wgi_tape_innermost ();
  if (first) wgi_tape_fail (first, WG_ETAPE, "%s: operand %zu is %s", wgi_rows[row].name, told, what);
  else wgi_fail (WG_ETAPE, "%s: operand %zu is %s", wgi_rows[row].name, told, what);
}

int wgi_tape_fits (int row, const wg_var x[], size_t count)
{
  const int fit = all_fit (x, count);
  if (!fit) misfit (row, x, count);
  return fit;
}

/* An operation whose operands are not all scalars on one tape: on arrays, with parameters, or a misfit.  1: it is recorded as any
 * other, on the tape *t. */
static __attribute__ ((noinline, cold)) int is_plain (int row, const wg_var x[], size_t count, uint32_t k, wgi_tape **t, wg_var *y)
{
  int arrays = 0;
  for (size_t i = 0; i < count; i++) arrays |= x[i].ids != WGI_UNSET && x[i].ids & ((1u << WGI_SHAPE_BITS) - 1);
  if (arrays) *y = wgi_array_row (row, count, x, (int) k);
  else if (wgi_tape_fits (row, x, count)) return *t = tape_of (y->ids), 1;
  return 0;
}

/* Is a a literal or on the tape with these ids? */
static inline int fits (const wgi_tape *t, uint32_t ids, wg_var a)
{
  return a.ids ? a.ids == ids && a.slot < t->next : 1;
}

/* Append an operation on the first count of a, b, c, with the word k behind them if the row has one.  Written
 * for inlining with constant row and count. */
static inline __attribute__ ((always_inline)) wg_var record (enum wgi_row row, int count, wg_var a, wg_var b, wg_var c,
                                                             int immediate, uint32_t k, double value)
{
  wg_var y = { value, 0, a.ids };
  if (count > 1 && !y.ids) y.ids = b.ids;
  if (count > 2 && !y.ids) y.ids = c.ids;
  if (!y.ids) return y;
  wgi_tape *t = table[y.ids >> (16 + WGI_SHAPE_BITS)];
  if (unlikely (t->ids != y.ids || !fits (t, y.ids, a) || (count > 1 && !fits (t, y.ids, b)) || (count > 2 && !fits (t, y.ids, c)))
      && !is_plain (row, (wg_var[]){ a, b, c }, (size_t) count, k, &t, &y))
    return y;
  if (unlikely (t->row_at >= t->row_end) && !grow (t)) return y;      /* beyond the end: failed amid an operation */
  uint32_t *word = t->word_at;
  word[0] = word_of (t, a);
  if (count > 1) word[1] = word_of (t, b);
  if (count > 2) word[2] = word_of (t, c);
  if (immediate) word[count] = k;
  t->word_at = word + count + immediate;
  *t->row_at++ = (uint8_t) row;
  y.slot = t->next++;
  return y;
}

static const wg_var zero;

wg_var wg_num (double c)
{
  return (wg_var){ c, 0, 0 };
}

#define ROW1(name, ma)                                                                                   \
  wg_var wg_var_##name (wg_var a)                                                                        \
  { return record (WGI_ROW_##name, 1, a, zero, zero, 0, 0, wg_double_##name (a.value)); }
#define ROW1K(name, ma)                                                                                  \
  wg_var wg_var_##name (wg_var a, int k)                                                                 \
  { return record (WGI_ROW_##name, 1, a, zero, zero, 1, (uint32_t) k, wg_double_##name (a.value, k)); }
#define ROW1C(name, ma)                                                                                  \
  wg_var wg_var_##name (wg_var a, double c, int k)                                                       \
  { return record (WGI_ROW_##name, 2, a, wg_num (c), zero, 1, (uint32_t) k, wg_double_##name (a.value, c, k)); }
#define ROW2(name, ma, mb)                                                                               \
  wg_var wg_var_##name (wg_var a, wg_var b)                                                              \
  { return record (WGI_ROW_##name, 2, a, b, zero, 0, 0, wg_double_##name (a.value, b.value)); }
#define ROW2K(name, ma, mb)                                                                              \
  wg_var wg_var_##name (wg_var a, wg_var b, int k)                                                       \
  { return record (WGI_ROW_##name, 2, a, b, zero, 1, (uint32_t) k, wg_double_##name (a.value, b.value, k)); }
#define ROW3(name, ma, mb, mc)                                                                           \
  wg_var wg_var_##name (wg_var a, wg_var b, wg_var c)                                                    \
  { return record (WGI_ROW_##name, 3, a, b, c, 0, 0, wg_double_##name (a.value, b.value, c.value)); }
#define FLAT1(name) ROW1 (name, NONE)
#define FLAT2(name) ROW2 (name, NONE, NONE)
#include <wengert/rules.def>

wg_var wg_var_pow (wg_var a, wg_var b)
{
  return b.ids ? wg_var_powk (a, b, 0) : wg_var_powc (a, b.value, 0);
}

wg_var wg_var_digamma (wg_var a)
{
  return wg_var_polygamma (a, 0);
}

/* guards */

#define GUARD(name, comparison)                                                                          \
  int wg_var_##name (wg_var a, wg_var b)                                                                 \
  {                                                                                                      \
    const int outcome = a.value comparison b.value;                                                      \
    record (WGI_GUARD_##name, 2, a, b, zero, 1, (uint32_t) outcome, 0);                                  \
    return outcome;                                                                                      \
  }
GUARD (lt, <)
GUARD (le, <=)
GUARD (eq, ==)

int wg_var_gt (wg_var a, wg_var b) { return wg_var_lt (b, a); }
int wg_var_ge (wg_var a, wg_var b) { return wg_var_le (b, a); }
int wg_var_ne (wg_var a, wg_var b) { return !wg_var_eq (a, b); }

int wg_var_index (wg_var a)
{
  double k = floor (a.value);
  if (!(k >= INT_MIN && k <= INT_MAX))
    {
      char why[80];
      snprintf (why, sizeof why, "wg_index: %g is no index", a.value);
      wg_raise (a, why);
      return 0;
    }
  record (WGI_GUARD_index, 1, a, zero, zero, 1, (uint32_t) (int) k, 0);
  return (int) k;
}

double wg_peek (wg_var a)
{
  wgi_tape *t = a.ids ? tape_of (a.ids) : NULL;
  const wg_var y = record (WGI_GUARD_peek, 1, a, zero, zero, 1, 0, 0);
  if (t && !t->status && y.ids) t->word_at[-1] = constant (t, a.value);
  return a.value;
}

void wg_raise (wg_var like, const char *why)
{
  wgi_tape *t = like.ids ? tape_of (like.ids) : NULL;
  if (!t) t = wgi_tape_innermost ();
  if (t) wgi_tape_fail (t, WG_EMODEL, "%.200s", why ? why : "");
  else wgi_fail (WG_EMODEL, "%.200s", why ? why : "");
}

/* words as they are */

void wgi_tape_make (wgi_tape *t, size_t n)
{
  *t = (wgi_tape){ .n = n, .next = (uint32_t) n, .limit = WGI_PARAM };
}

uint32_t wgi_tape_constant (wgi_tape *t, double c)
{
  return constant (t, c);
}

uint32_t wgi_tape_append (wgi_tape *t, int row, const uint32_t word[])
{
  if (t->row_at >= t->row_end && !grow (t)) return 0;
  for (int j = 0; j < wgi_rows[row].words; j++) *t->word_at++ = word[j];
  *t->row_at++ = (uint8_t) row;
  return t->next++;
}

wgi_tape *wgi_tape_of (wg_var a)
{
  return a.ids ? tape_of (a.ids) : NULL;
}

int wgi_tape_output (wgi_tape *t, size_t i, wg_var y, uint32_t *word)
{
  if (y.ids == WGI_UNSET) return wgi_fail (WG_EUNSET, "the model left output %zu unset", i);
  if (y.ids && (tape_of (y.ids) != t || !all_fit (&y, 1)))
    return wgi_fail (WG_ETAPE, "output %zu is a variable of another recording", i);
  if (y.ids & ((1u << WGI_SHAPE_BITS) - 1)) return wgi_fail (WG_ESHAPE, "output %zu is an array: wg_unstack it", i);
  *word = word_of (t, y);
  if (t->status) return wgi_fail (t->status, "%s", t->message);
  return WG_OK;
}
