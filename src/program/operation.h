/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * A program operation by operation, forward and backward, for those who look at it instead of sweeping it:
 *   for (wgi_operation o = wgi_first (p); wgi_is_one (&o); wgi_next (&o)) ...
 *   for (wgi_operation o = wgi_end (p); wgi_previous (&o); ) ...
 */
#ifndef WENGERT_PROGRAM_OPERATION_H
#define WENGERT_PROGRAM_OPERATION_H

#include "program/program.h"

typedef struct {
  const wgi_program *p;
  size_t number;                 /* from 0, guards counted */
  size_t slot;                   /* of its first output */
  const uint32_t *word;
  int row;
  size_t words, operands, outputs;
} wgi_operation;

/* Know the operation whose words start at word. */
static inline void wgi_look (wgi_operation *o)
{
  if (o->number >= o->p->count) return;
  const uint8_t code = o->p->code[o->number];
  o->row = wgi_opcode_row[code];
  o->words = wgi_words (o->p, code, o->word);
  o->operands = o->row == WGI_ROW_call ? wgi_source_words (o->p->source[o->word[0]]) : wgi_rows[o->row].operands;
  o->outputs = o->row == WGI_ROW_call ? o->p->source[o->word[0]]->m : !wgi_is_guard (o->row);
}

static inline wgi_operation wgi_first (const wgi_program *p)
{
  wgi_operation o = { .p = p, .slot = p->n, .word = p->word };
  wgi_look (&o);
  return o;
}

static inline int wgi_is_one (const wgi_operation *o) { return o->number < o->p->count; }

static inline void wgi_next (wgi_operation *o)
{
  o->number++, o->slot += o->outputs, o->word += o->words;
  wgi_look (o);
}

static inline wgi_operation wgi_end (const wgi_program *p)
{
  return (wgi_operation){ .p = p, .number = p->count, .slot = p->slots, .word = p->word + p->words };
}

/* To the operation before; 0 when there is none. */
static inline int wgi_previous (wgi_operation *o)
{
  if (o->number == 0) return 0;
  const int row = wgi_opcode_row[o->p->code[--o->number]];
  o->word -= row == WGI_ROW_call ? wgi_source_words (o->p->source[o->word[-1]]) + 2 : wgi_rows[row].words;
  wgi_look (o);
  o->slot -= o->outputs;
  return 1;
}

/* Operand j as a word, and does a derivative go through it? */
static inline uint32_t wgi_operand (const wgi_operation *o, size_t j)
{
  return o->row == WGI_ROW_call ? o->word[1+j] & ~WGI_INACTIVE : o->word[j];
}

/* The numbers that operand j stands for, from its word on. */
static inline size_t wgi_operand_size (const wgi_operation *o, size_t j)
{
  return o->row == WGI_ROW_call ? wgi_source_size (o->p->source[o->word[0]], j) : 1;
}

static inline int wgi_is_active (const wgi_operation *o, size_t j)
{
  if (o->row == WGI_ROW_call) return !(o->word[1+j] & WGI_INACTIVE);
  return wgi_mask (o->p->code[o->number]) >> j & 1;
}

/* Is any? */
static inline int wgi_carries (const wgi_operation *o)
{
  for (size_t j = 0; j < o->operands; j++) if (wgi_is_active (o, j)) return 1;
  return 0;
}

/* What it is called: its row, or whom it calls. */
static inline const char *wgi_name (const wgi_operation *o)
{
  return o->row == WGI_ROW_call ? o->p->source[o->word[0]]->name : wgi_rows[o->row].name;
}

#endif
