/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * The frozen program: what a tape becomes for replay, in one block.  Its operations are in recorded order
 * without dead code and repetitions, a product fused with the sum or difference that alone uses it.  Slots: inputs
 * 0 .. n - 1, then one per row in order, so that an operation's own slot is implied; constants and then
 * parameters follow the slots, so that a word is an index into the value plane whatever it names.
 *
 * A call has the words: index of the source, its operands (WGI_INACTIVE added when no adjoint may go there), index
 * again; and a slot per output.  An operand is an input of the source, or the first of a block of them.
 *
 * The opcode of a row tells which operands are active, that is, carry a derivative from the inputs to the
 * outputs: row base + mask.  Sweeps need no test per operand, and constants need no tangent or adjoint.
 *
 * A chain is a muladd whose third operand is active, is the slot before and is used by nothing else, as in a sum of
 * products: its opcode says so, and a sweep passes what goes along a run of chains on in a register.
 */
#ifndef WENGERT_PROGRAM_PROGRAM_H
#define WENGERT_PROGRAM_PROGRAM_H

#include "tape/tape.h"

enum wgi_opcode {
#define ROW1(name, ma) WGI_OP_##name##_0, WGI_OP_##name##_1,
#define ROW1K ROW1
#define ROW1C ROW1
#define ROW2(name, ma, mb) WGI_OP_##name##_0, WGI_OP_##name##_1, WGI_OP_##name##_2, WGI_OP_##name##_3,
#define ROW2K ROW2
#define ROW3(name, ma, mb, mc) \
  WGI_OP_##name##_0, WGI_OP_##name##_1, WGI_OP_##name##_2, WGI_OP_##name##_3, \
  WGI_OP_##name##_4, WGI_OP_##name##_5, WGI_OP_##name##_6, WGI_OP_##name##_7,
#define FLAT1(name) WGI_OP_##name##_0,
#define FLAT2(name) WGI_OP_##name##_0,
#include <wengert/rules.def>
#undef ROW1
#undef ROW1K
#undef ROW1C
#undef ROW2
#undef ROW2K
#undef ROW3
#undef FLAT1
#undef FLAT2
#define X(name, operands) WGI_OP_guard_##name,
  WGI_GUARDS (X)
#undef X
  WGI_OP_call_0, WGI_OP_call_1,
  WGI_OP_chain_4, WGI_OP_chain_5, WGI_OP_chain_6, WGI_OP_chain_7,
  WGI_OPCODES
};

#define WGI_INACTIVE 0x80000000u       /* on a call's operand */

/* The row or guard of an opcode, and the first opcode of a row: its masks follow it, those of chains apart. */
extern const uint8_t wgi_opcode_row[WGI_OPCODES];
extern const uint8_t wgi_opcode_base[WGI_ROWS];

static inline unsigned wgi_mask (uint8_t code)
{
  return code >= WGI_OP_chain_4 ? 4u + code - WGI_OP_chain_4 : (unsigned) (code - wgi_opcode_base[wgi_opcode_row[code]]);
}

typedef struct {
  size_t n, m;
  size_t slots;             /* inputs and rows */
  size_t constants, params;
  size_t count, words;      /* operations, guards among them, and their words */
  size_t guards;
  size_t recorded;          /* operations on the tape it came from */
  size_t bytes;             /* of this block */
  const uint8_t *code;      /* count */
  const uint32_t *word;     /* words */
  const uint32_t *out;      /* m: what each output is */
  const double *constant;   /* constants */
  const double *param;      /* params: what they were while recording */
  wgi_source *const *source;     /* sources: whom calls call; counted, each once */
  size_t sources;
  uint64_t print;           /* wgi_fingerprint, once it is frozen */
} wgi_program;

/* Freeze a closed tape whose outputs are the words out[m].  NULL: out of memory. */
wgi_program *wgi_freeze (const wgi_tape *t, size_t m, const uint32_t out[]);
void wgi_program_free (wgi_program *p);

/* A hash of what a program does, whatever its constants and whom it calls.  Never 0. */
uint64_t wgi_fingerprint (const wgi_program *p);

/* Numbers in a value plane. */
static inline size_t wgi_numbers (const wgi_program *p) { return p->slots + p->constants + p->params; }

/* The words of the operation with this code, whose words start at word. */
static inline size_t wgi_words (const wgi_program *p, uint8_t code, const uint32_t *word)
{
  const enum wgi_row row = (enum wgi_row) wgi_opcode_row[code];
  return row == WGI_ROW_call ? wgi_source_words (p->source[word[0]]) + 2 : wgi_rows[row].words;
}

/* May the adjoint of a word matter, that is, is it a slot? */
static inline int wgi_is_slot (const wgi_program *p, uint32_t word) { return word < p->slots; }

#endif
