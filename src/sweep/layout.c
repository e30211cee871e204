/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Layouts: one walk over the code finds what is active, one more where rows are and what is folded.
 */
#include <stdlib.h>
#include <string.h>

#include "sweep/layout.h"
#include "sweep/numbers.h"

static size_t rounded (size_t bytes) { return wgi_plus (bytes, 7) & ~(size_t) 7; }

/* The program as it is, with the layout's code and words. */
static void take_program (wgi_layout *l, const wgi_program *p)
{
  const uint8_t *code = l->program.code;
  const uint32_t *word = l->program.word;
  l->program = *p;
  l->program.code = code, l->program.word = word, l->of = p;
}

int wgi_layout_begin (wgi_layout *l, const wgi_program *p, wgi_lane_words base)
{
  const size_t numbers = wgi_numbers (p), tables = wgi_plus (wgi_plus (wgi_times (2, numbers), p->slots), p->words);
  const size_t need = wgi_plus (rounded (wgi_times (tables, sizeof *l->place)), p->count);
  if (need > l->room)
    {
      void *block = malloc (need);
      if (!block) return wgi_fail (WG_ENOMEM, "no memory for a map's lanes");
      free (l->block);
      l->block = block, l->room = need;
    }
  l->place = l->block, l->adjoint = l->place + numbers, l->note = l->adjoint + numbers;
  uint32_t *word = l->note + p->slots;
  uint8_t *code = (uint8_t *) (word + p->words);
  memcpy (word, p->word, p->words*sizeof *word);
  memcpy (code, p->code, p->count);
  l->program.word = word, l->program.code = code;
  take_program (l, p);
  l->serial++;
  for (size_t i = p->slots; i < numbers; i++) l->place[i] = WGI_SHARED | (uint32_t) (base.shared + i - p->slots), l->adjoint[i] = WGI_SINK;
  l->base = base, l->end = (wgi_lane_words){ base.own, base.shared + numbers - p->slots };
  return WG_OK;
}

static int is_active (const wgi_layout *l, uint32_t word) { return l->adjoint[word] != WGI_SINK; }

/* The call's operands that carry no derivative here are marked.  Does one? */
static int narrow_call (const wgi_layout *l, uint32_t *word)
{
  const wgi_source *s = l->program.source[word[0]];
  int any = 0;
  for (size_t j = 0; j < wgi_source_words (s); j++)
    {
      int active = 0;
      for (size_t k = 0; k < wgi_source_size (s, j) && !(word[1 + j] & WGI_INACTIVE); k++) active |= is_active (l, word[1 + j] + (uint32_t) k);
      if (!active) word[1 + j] |= WGI_INACTIVE;
      any |= active;
    }
  return any;
}

/* The code of a row with only those operands active that are. */
static uint8_t narrowed (const wgi_layout *l, uint8_t code, const uint32_t word[])
{
  unsigned mask = wgi_mask (code);
  for (unsigned i = 0; i < 3; i++) if (mask >> i & 1 && !is_active (l, word[i])) mask ^= 1u << i;
  if (code >= WGI_OP_chain_4 && mask & 4) return (uint8_t) (WGI_OP_chain_4 + mask - 4);
  return (uint8_t) (wgi_opcode_base[wgi_opcode_row[code]] + mask);
}

/* Masks for what is active; adjoints of rows are in the sink or, for now, nowhere. */
static void narrow (wgi_layout *l)
{
  const wgi_program *p = &l->program;
  uint8_t *code = (uint8_t *) p->code;
  uint32_t *word = (uint32_t *) p->word;
  size_t slot = p->n;
  for (size_t i = 0; i < p->count; i++)
    {
      const int row = wgi_opcode_row[code[i]];
      const size_t words = wgi_words (p, code[i], word);
      if (row == WGI_ROW_call)
        {
          const int active = code[i] == WGI_OP_call_1 && narrow_call (l, word);
          code[i] = active ? WGI_OP_call_1 : WGI_OP_call_0;
          for (size_t m = p->source[word[0]]->m; m; m--) l->adjoint[slot++] = active ? 0 : WGI_SINK;
        }
      else if (!wgi_is_guard (row))
        {
          code[i] = narrowed (l, code[i], word);
          l->adjoint[slot++] = wgi_mask (code[i]) ? 0 : WGI_SINK;
        }
      word += words;
    }
}

/* Does a row pass its adjoint on as it is, with either sign, and only to what lanes share? */
static int folds (const wgi_layout *l, uint8_t code, const uint32_t word[])
{
  const int row = wgi_opcode_row[code];
  const unsigned mask = wgi_mask (code);
  if (!mask || (row != WGI_ROW_add && row != WGI_ROW_sub && row != WGI_ROW_neg)) return 0;
  for (unsigned i = 0; i < 2; i++) if (mask >> i & 1 && !(l->adjoint[word[i]] & WGI_SHARED)) return 0;
  return 1;
}

/* The note of the run of chains that begins here. */
static uint32_t run_of (const wgi_layout *l, const uint8_t *code, const uint8_t *end, const uint32_t word[])
{
  enum wgi_alike alike = WGI_UNLIKE;
  size_t links = 0;
  for (const uint8_t first = *code; code < end && *code == first; code++, links++)
    {
      const uint32_t a = l->place[word[3*links]], b = l->place[word[3*links+1]];
      const enum wgi_alike now = (a | b) & WGI_EITHER ? WGI_UNLIKE : WGI_OWN_OWN + (a & WGI_SHARED ? 2 : 0) + (b & WGI_SHARED ? 1 : 0);
      alike = !links || now == alike ? now : WGI_UNLIKE;
    }
  return WGI_RUN_OF (links, alike);
}

static void mark_products (wgi_layout *l)
{
  uint8_t *const code = (uint8_t *) l->program.code;
  for (size_t i = 0; i + 1 < l->program.count; i++)
    if (wgi_opcode_row[code[i]] == WGI_ROW_mul && code[i+1] >= WGI_OP_chain_4) code[i] = WGI_OP_product;
}

void wgi_layout_end (wgi_layout *l)
{
  narrow (l);
  const wgi_program *p = &l->program;
  const uint8_t *code = p->code, *const end = code + p->count;
  const uint32_t *word = p->word;
  const size_t first = l->base.own;
  size_t slot = p->n, at = first;
  for (size_t i = p->n; i < p->slots; i++) l->place[i] = 0;
  for (size_t i = 0; i < p->m; i++) if (p->out[i] >= p->n && wgi_is_slot (p, p->out[i])) l->place[p->out[i]] = 1;
  for (; code < end; word += wgi_words (p, *code, word), code++)
    {
      const int row = wgi_opcode_row[*code], chain = *code >= WGI_OP_chain_4;
      const int within = code + 1 < end && (chain ? code[1] == *code : row == WGI_ROW_mul && code[1] >= WGI_OP_chain_4);      /* what follows has its place */
      if (chain && (code == p->code || code[-1] != *code))
        l->note[at - first] = run_of (l, code, end, word) | (code > p->code && wgi_opcode_row[code[-1]] == WGI_ROW_mul ? WGI_RUN_PRODUCT : 0);
      for (size_t i = row == WGI_ROW_call ? p->source[word[0]]->m : !wgi_is_guard (row); i; i--, at += !within, slot++)
        {
          const int is_output = l->place[slot] != 0;      /* seeds are its lanes' */
          l->place[slot] = (uint32_t) at;
          if (!chain) l->note[at - first] = 0;
          if (l->adjoint[slot] == WGI_SINK) continue;
          l->adjoint[slot] = (uint32_t) at;
          if (!is_output && row != WGI_ROW_call && folds (l, *code, word)) l->adjoint[slot] = l->note[at - first] = WGI_SHARED | (uint32_t) l->end.shared++;
        }
    }
  mark_products (l);
  l->rows = at - first, l->end.own = at;
}

int wgi_layout_is_of (wgi_layout *l, const wgi_program *p)
{
  if (l->of != p || l->program.print != p->print) return 0;
  take_program (l, p);
  return 1;
}

void wgi_layout_free (wgi_layout *l) { free (l->block); }
