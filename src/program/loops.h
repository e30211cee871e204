/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Loops in a tape: stretches of operations that repeat the same ones, trip after trip, and where the operands of a trip come
 * from.  A loop whose trips depend on each other but by sums is none.  Outer loops are found first: a
 * loop within one is found again in its body, once instead of once per trip.
 *
 * Method: the distance between equal substrings of 8 operations, seen through a hash table of their last places, votes for
 * periods; each is probed at places that any stretch long enough must contain, so that all of it is near-linear.
 */
#ifndef WENGERT_PROGRAM_LOOPS_H
#define WENGERT_PROGRAM_LOOPS_H

#include "tape/tape.h"

/* Guards that may be in a loop: all trips have the outcome that the loop has. */
static inline int wgi_loop_compares (int row) { return row == WGI_GUARD_lt || row == WGI_GUARD_le || row == WGI_GUARD_eq; }

/* Loops are looked for on a tape that is spread: behind the word of a call come its operands.  The words of an operation there, and which of them
 * are operands. */
static inline size_t wgi_loop_words (const wgi_tape *t, int row, const uint32_t *word)
{
  return row == WGI_ROW_call ? 1 + t->call[word[0]].source->n : wgi_rows[row].words;
}
static inline int wgi_loop_is_operand (int row, size_t j) { return row == WGI_ROW_call ? j > 0 : j < wgi_rows[row].operands; }

/* What a word of a trip is. */
enum wgi_loop_word {
  WGI_LOOP_IMMEDIATE,       /* no operand */
  WGI_LOOP_CALL,            /* a call of one source in all trips */
  WGI_LOOP_CONSTANT,        /* a constant, in each trip another one */
  WGI_LOOP_OUTSIDE,         /* a variable from before the loop */
  WGI_LOOP_INSIDE,          /* a result of the same trip */
  WGI_LOOP_RUNNING,         /* a result of the trip before; of the first trip anything */
  WGI_LOOP_SERIAL           /* any of these, of an operation that stays outside the loop */
};

enum { WGI_LOOP_EACH = 1,   /* its results are used after the loop, */
       WGI_LOOP_LAST = 2,   /* that of the last trip, */
       WGI_LOOP_SUM = 4,    /* it is the last of a running sum, */
       WGI_LOOP_LINK = 8,   /* the first, whose one operand is the sum so far, */
       WGI_LOOP_PARTIAL = 16,   /* or one that is not the last */
       WGI_LOOP_STAYS = 32,     /* it needs the trip before in another way: it is done after the loop, trip by trip */
       WGI_LOOP_ONCE = 64 };    /* it is the same in all trips: done before the loop */

typedef struct {
  size_t begin, period, trips;   /* operations */
  size_t first_word, words;      /* of the first trip; of each */
  uint8_t *kind;                 /* words: enum wgi_loop_word */
  uint8_t *same;                 /* words: is it the same in all trips?  Of variables from outside */
  uint8_t *role;                 /* period: bits as above */
} wgi_loop;

typedef struct { wgi_loop *loop; size_t count; } wgi_loops;

/* What to look for. */
typedef struct {
  size_t trips, period, operations;      /* at least; operations of all trips */
  int compares;                          /* may there be comparisons in them? */
} wgi_loop_least;

/* The loops of a spread tape with outputs out[m], in order.  WG_ENOMEM. */
int wgi_loops_find (wgi_loops *, const wgi_tape *t, size_t m, const uint32_t out[], const wgi_loop_least *);
void wgi_loops_free (wgi_loops *);

/* Where a loop's operations have their slots. */
static inline size_t wgi_loop_slot (const wgi_tape *t, const wgi_loop *l) { return t->n + l->begin; }

/* Know the operands of l's trips.  How many of them, from the first, make a loop, at least 1; what is known of them is in l, to
 * be freed.  *rc: WG_ENOMEM. */
size_t wgi_loop_look (wgi_loop *l, const wgi_tape *t, int *rc);

/* Note what is used after the loops; drop those of which little is left when sums must be seen on the way.  WG_ENOMEM. */
int wgi_loops_note_uses (wgi_loops *, const wgi_tape *t, size_t m, const uint32_t out[]);

void wgi_loop_free (wgi_loop *);

#endif
