/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Freezing: tape to program.  Backward, what is needed for a value (outputs, guards) and what besides carries a
 * derivative to an output; forward, what varies with the inputs; an operand is active when both hold.
 * Values are those of the plain tape to the last bit: fusing keeps both roundings.
 */
#include <stdlib.h>
#include <string.h>

#include "program/program.h"

_Static_assert (WGI_OPCODES <= 256, "an opcode is a byte");

const uint8_t wgi_opcode_row[WGI_OPCODES] = {
#define ROW1(name, ma) [WGI_OP_##name##_0] = WGI_ROW_##name, [WGI_OP_##name##_1] = WGI_ROW_##name,
#define ROW1K ROW1
#define ROW1C ROW1
#define ROW2(name, ma, mb) ROW1 (name, ma) [WGI_OP_##name##_2] = WGI_ROW_##name, [WGI_OP_##name##_3] = WGI_ROW_##name,
#define ROW2K ROW2
#define ROW3(name, ma, mb, mc) ROW2 (name, ma, mb) \
  [WGI_OP_##name##_4] = WGI_ROW_##name, [WGI_OP_##name##_5] = WGI_ROW_##name, \
  [WGI_OP_##name##_6] = WGI_ROW_##name, [WGI_OP_##name##_7] = WGI_ROW_##name,
#define FLAT1(name) [WGI_OP_##name##_0] = WGI_ROW_##name,
#define FLAT2(name) [WGI_OP_##name##_0] = WGI_ROW_##name,
#include <wengert/rules.def>
#undef ROW1
#undef ROW2
#undef ROW3
#undef FLAT1
#undef FLAT2
#define X(name, operands) [WGI_OP_guard_##name] = WGI_GUARD_##name,
  WGI_GUARDS (X)
#undef X
};

const uint8_t wgi_opcode_base[WGI_ROWS] = {
#define ROW1(name, ...) [WGI_ROW_##name] = WGI_OP_##name##_0,
#define ROW2 ROW1
#define ROW3 ROW1
#define FLAT1 ROW1
#define FLAT2 ROW1
#include <wengert/rules.def>
#define X(name, operands) [WGI_GUARD_##name] = WGI_OP_guard_##name,
  WGI_GUARDS (X)
#undef X
};

/* What is known of a slot while freezing. */
enum { VALUE = 1,           /* its value is needed */
       CARRIES = 2,         /* it carries a derivative to an output */
       VARIES = 4,          /* it varies with the inputs */
       FUSED = 8,           /* a product computed by the sum that uses it */
       SHARED = 16 };       /* used more than once, or by an output or a guard */

typedef struct {
  const wgi_tape *t;
  uint8_t *mark;            /* per slot */
  uint32_t *place;          /* per slot: while fusing, where its words start; then its number in the program */
} freezer;

/* Liveness, backward; leaves in place where each operation's words start. */
static void mark_needed (const freezer *z, size_t m, const uint32_t out[])
{
  const wgi_tape *t = z->t;
  size_t at = wgi_tape_words (t);
  for (size_t i = 0; i < m; i++)
    if (!(out[i] & WGI_CONSTANT)) z->mark[out[i]] |= VALUE | CARRIES | SHARED;
  for (size_t i = wgi_tape_count (t); i--; )
    {
      const wgi_row_info *row = &wgi_rows[t->row[i]];
      const int guard = t->row[i] >= WGI_FIRST_GUARD, mark = z->mark[t->n + i];
      at -= row->words;
      z->place[t->n + i] = (uint32_t) at;
      if (!guard && !(mark & VALUE)) continue;
      for (int j = 0; j < row->operands; j++)
        {
          const uint32_t w = t->word[at + (size_t) j];
          if (w & WGI_CONSTANT) continue;
          if (guard || z->mark[w] & VALUE) z->mark[w] |= SHARED;
          z->mark[w] |= VALUE;
          if (mark & CARRIES && row->maps >> j & 1) z->mark[w] |= CARRIES;
        }
    }
}

/* The operand of this sum that is a product used by it alone: 0 or 1, or -1.  The second is preferred, as in s + a b. */
static int fusible (const freezer *z, const uint32_t word[])
{
  for (int j = 1; j >= 0; j--)
    if (!(word[j] & WGI_CONSTANT) && word[j] >= z->t->n && z->t->row[word[j] - z->t->n] == WGI_ROW_mul
        && !(z->mark[word[j]] & SHARED))
      return j;
  return -1;
}

/* Write operation i, or count what it takes when p has no block yet. */
typedef struct { wgi_program p; uint8_t *code; uint32_t *word; double *constant; } writer;

static uint32_t renamed (const freezer *z, writer *w, size_t slots, uint32_t word)
{
  if (!(word & WGI_CONSTANT)) return z->place[word];
  if (w->constant) w->constant[w->p.constants] = z->t->constant[word & ~WGI_CONSTANT];
  return (uint32_t) (slots + w->p.constants++);
}

static void put (const freezer *z, writer *w, size_t slots, enum wgi_row row, const uint32_t operand[],
                 uint32_t immediate, int carries)
{
  const wgi_row_info *info = &wgi_rows[row];
  int mask = 0;
  for (int j = 0; j < info->operands; j++)
    {
      if (!(operand[j] & WGI_CONSTANT) && z->mark[operand[j]] & VARIES && info->maps >> j & 1) mask |= 1 << j;
      const uint32_t to = renamed (z, w, slots, operand[j]);
      if (w->word) w->word[w->p.words] = to;
      w->p.words++;
    }
  if (row == WGI_GUARD_peek) immediate = renamed (z, w, slots, immediate);
  if (info->words > info->operands)
    {
      if (w->word) w->word[w->p.words] = immediate;
      w->p.words++;
    }
  if (w->code) w->code[w->p.count] = (uint8_t) (wgi_opcode_base[row] + (carries ? mask : 0));
  w->p.count++;
  w->p.guards += row >= WGI_FIRST_GUARD;
}

/* Decide what is fused; a fused product's operands take its place in the sum. */
static void fuse (const freezer *z)
{
  const wgi_tape *t = z->t;
  for (size_t i = 0; i < wgi_tape_count (t); i++)
    if (t->row[i] == WGI_ROW_add && z->mark[t->n + i] & VALUE)
      {
        const uint32_t *word = t->word + z->place[t->n + i];
        const int j = fusible (z, word);
        if (j >= 0) z->mark[word[j]] |= FUSED;
      }
}

/* One pass over the tape: count (no block) or write. */
static void walk (const freezer *z, writer *w, size_t slots)
{
  const wgi_tape *t = z->t;
  size_t at = 0;
  w->p.count = w->p.words = w->p.constants = w->p.guards = 0, w->p.slots = t->n;
  for (size_t i = 0; i < t->n; i++) z->mark[i] |= VARIES, z->place[i] = (uint32_t) i;
  for (size_t i = 0; i < wgi_tape_count (t); i++)
    {
      const enum wgi_row row = t->row[i];
      const wgi_row_info *info = &wgi_rows[row];
      const uint32_t *word = t->word + at, slot = (uint32_t) (t->n + i);
      const int guard = row >= WGI_FIRST_GUARD;
      const size_t here = at;
      at += info->words;
      for (int j = 0; j < info->operands; j++)
        if (!(word[j] & WGI_CONSTANT) && z->mark[word[j]] & VARIES && info->maps >> j & 1) z->mark[slot] |= VARIES;
      if (!guard && !(z->mark[slot] & VALUE)) continue;
      if (z->mark[slot] & FUSED) { z->place[slot] = (uint32_t) here; continue; }
      const int j = row == WGI_ROW_add ? fusible (z, word) : -1;
      if (j >= 0)
        {
          const uint32_t *product = t->word + z->place[word[j]];
          put (z, w, slots, WGI_ROW_muladd, (uint32_t[]){ product[0], product[1], word[1-j] }, 0, z->mark[slot] & CARRIES);
        }
      else
        put (z, w, slots, row, word, info->words > info->operands ? word[info->operands] : 0, z->mark[slot] & CARRIES);
      if (!guard) z->place[slot] = (uint32_t) w->p.slots++;
    }
}

static size_t padded (size_t bytes) { return (bytes + 7) & ~(size_t) 7; }

wgi_program *wgi_freeze (const wgi_tape *t, size_t m, const uint32_t out[])
{
  freezer z = { .t = t };
  writer w = { .p = { .n = t->n, .m = m, .recorded = wgi_tape_count (t) } };
  wgi_program *p = NULL;
  const size_t slots = t->next;
  z.mark = calloc (slots, 1);
  z.place = malloc (wgi_times (slots, sizeof *z.place));
  if (z.mark && z.place)
    {
      mark_needed (&z, m, out);
      fuse (&z);
      walk (&z, &w, 0);
      for (size_t i = 0; i < m; i++) w.p.constants += (out[i] & WGI_CONSTANT) != 0;
      const size_t head = padded (sizeof *p), code = padded (w.p.count), word = padded (wgi_times (w.p.words, 4)),
                   outs = padded (wgi_times (m, 4));
      w.p.bytes = head + code + word + outs + wgi_times (w.p.constants, 8);
      char *block = malloc (w.p.bytes);
      if (block)
        {
          const size_t number = w.p.slots;
          p = (wgi_program *) block;
          w.code = (uint8_t *) (block + head);
          w.word = (uint32_t *) (block + head + code);
          w.constant = (double *) (block + head + code + word + outs);
          walk (&z, &w, number);
          uint32_t *to = (uint32_t *) (block + head + code + word);
          for (size_t i = 0; i < m; i++) to[i] = renamed (&z, &w, number, out[i]);
          w.p.code = w.code, w.p.word = w.word, w.p.out = to, w.p.constant = w.constant;
          memcpy (p, &w.p, sizeof *p);
        }
    }
  free (z.mark), free (z.place);
  return p;
}
