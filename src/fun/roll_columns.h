/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * What the trips of a loop see from outside: its columns (variables) as the arguments of a map, its data (numbers that differ from
 * trip to trip) as rows.
 */
#ifndef WENGERT_FUN_ROLL_COLUMNS_H
#define WENGERT_FUN_ROLL_COLUMNS_H

#include "fun/args.h"
#include "fun/roll_body.h"

enum wgi_move { WGI_SHARED_COLUMN, WGI_AFFINE, WGI_GATHERED };

/* A variable from outside, as the trips see it one after the other. */
typedef struct {
  uint32_t word;                 /* a word of the trip that is it */
  enum wgi_move move;
  uint32_t first, step;          /* new name in the first trip; how it grows */
  uint32_t place;                /* among the body's inputs */
} wgi_column;

/* The comparisons of a trip, as masks that the body adds up: those that came out true less those that came out false.  The outcomes are those of the
 * recording when the sum over all trips is the largest that it can be. */
typedef struct {
  size_t count, held;            /* of them, and of those that came out true */
  uint32_t sum;                  /* in the body, so far */
} wgi_compared;

typedef struct {
  wgi_roller *z;
  wgi_loop *l;
  const uint32_t *word;          /* of the first trip */
  wgi_compared compared;
  uint32_t *of;                  /* per word of a trip: its column or, for constants, its datum, or WGI_SAME */
  wgi_column *col;
  size_t cols;
  uint32_t *datum;               /* per datum: a word that is it */
  size_t data;
  double *rows;                  /* trips x data */
  wgi_args args;
  uint32_t *operand;             /* of the map */
  size_t operands, room;
} wgi_rolled;

#define WGI_SAME UINT32_MAX          /* one number for all trips */

static inline uint32_t wgi_rolled_word (const wgi_rolled *r, size_t trip, size_t w) { return r->word[trip*r->l->words + w]; }

static inline double wgi_rolled_number (const wgi_rolled *r, size_t trip, size_t w)
{
  return r->z->from->constant[wgi_rolled_word (r, trip, w) & ~WGI_CONSTANT];
}

/* Zeroed memory; NULL: the new tape has failed. */
void *wgi_rolled_have (wgi_rolled *r, size_t count, size_t size);

/* Find columns and data, what is the same in all trips being done before; then make the arguments, then fill the data's rows.  The new tape's status tells when there is no memory. */
void wgi_rolled_find (wgi_rolled *r);
void wgi_rolled_make_args (wgi_rolled *r);
void wgi_rolled_fill_rows (wgi_rolled *r);

#endif
