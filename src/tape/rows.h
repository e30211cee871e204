/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * The rule table as data: one number per row, then the guards, and what a reader of a tape must know of
 * each: its name, its operands, its words on the tape, the operands that it differentiates.
 */
#ifndef WENGERT_TAPE_ROWS_H
#define WENGERT_TAPE_ROWS_H

#include <stdint.h>

#define WGI_GUARDS(X) X (lt, 2) X (le, 2) X (eq, 2) X (index, 1) X (peek, 1)      /* and one word: the outcome */

enum wgi_row {
#define ROW1(name, ma) WGI_ROW_##name,
#define ROW1K ROW1
#define ROW1C ROW1
#define FLAT1(name) WGI_ROW_##name,
#define FLAT2(name) WGI_ROW_##name,
#define ROW2(name, ma, mb) WGI_ROW_##name,
#define ROW2K ROW2
#define ROW3(name, ma, mb, mc) WGI_ROW_##name,
#include <wengert/rules.def>
#undef ROW1
#undef ROW1K
#undef ROW1C
#undef FLAT1
#undef FLAT2
#undef ROW2
#undef ROW2K
#undef ROW3
#define X(name, operands) WGI_GUARD_##name,
  WGI_GUARDS (X)
#undef X
  WGI_ROW_call,             /* another function: the word is its place in the tape's calls; its first output */
  WGI_ROW_part,             /* one more output of the call in the operand's slot; the immediate says which */
  WGI_ROWS
};


static inline int wgi_is_guard (int row) { return row >= WGI_GUARD_lt && row < WGI_ROW_call; }

typedef struct {
  const char *name;
  uint8_t operands;         /* words that name slots or constants */
  uint8_t words;            /* those, and the immediates after them */
  uint8_t maps;             /* bit i: operand i has a map other than NONE */
} wgi_row_info;

extern const wgi_row_info wgi_rows[WGI_ROWS];

#endif
