/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Layouts: one walk over the code puts links of chains together, one finds what is active, one where rows are and what is folded.
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
  const size_t numbers = wgi_numbers (p), tables = wgi_plus (wgi_plus (wgi_times (2, numbers), p->slots), wgi_plus (p->words, wgi_times (4, p->count)));
  const size_t need = wgi_plus (rounded (wgi_times (tables, sizeof *l->place)), p->count);
  if (need > l->room)
    {
      void *block = malloc (need);
      if (!block) return wgi_fail (WG_ENOMEM, "no memory for a map's lanes");
      free (l->block);
      l->block = block, l->room = need;
    }
  l->place = l->block, l->adjoint = l->place + numbers, l->note = l->adjoint + numbers;
  l->slot = l->note + p->slots;
  l->program.word = l->slot + 4*p->count, l->program.code = (uint8_t *) (l->program.word + p->words);
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

static size_t results (const wgi_program *p, uint8_t code, const uint32_t word[])
{
  const int row = wgi_opcode_row[code];
  return row == WGI_ROW_call ? p->source[word[0]]->m : !wgi_is_guard (row);
}

/* Links */

enum { STRETCH = 512 };           /* operations: links are not moved out of such a stretch */
#define NONE 0xffffffffu
#define WAITS 0x80000000u         /* of an operation's first slot: it is moved to the one that alone uses it */

/* What is known of an operation of the program: where its words begin, its first slot, the sum that waits for it; and of its slots. */
typedef struct { uint32_t *word, *first, *last, *uses, *maker; } known;

static int is_sum (uint8_t code) { return wgi_opcode_row[code] == WGI_ROW_muladd && wgi_mask (code) & 4; }

static void use (const wgi_program *p, const known *z, uint32_t word, uint32_t times) { if (wgi_is_slot (p, word)) z->uses[word] += times; }

/* How often slots are used; by calls, guards and as outputs counts twice. */
static void know (const wgi_program *p, const known *z)
{
  const uint32_t *word = p->word;
  size_t slot = p->n;
  memset (z->uses, 0, p->slots*sizeof *z->uses);
  for (size_t i = 0; i < p->m; i++) use (p, z, p->out[i], 2);
  for (size_t i = 0; i < p->count; word += wgi_words (p, p->code[i], word), i++)
    {
      const int row = wgi_opcode_row[p->code[i]], call = row == WGI_ROW_call;
      const size_t operands = call ? wgi_source_words (p->source[word[0]]) : wgi_rows[row].words;      /* maybe immediates too: no harm */
      z->word[i] = (uint32_t) (word - p->word), z->first[i] = (uint32_t) slot, z->last[i] = NONE;
      for (size_t j = 0; j < operands; j++)
        for (size_t k = 0; k < (call ? wgi_source_size (p->source[word[0]], j) : 1); k++)
          use (p, z, (call ? word[1 + j] & ~WGI_INACTIVE : word[j]) + (uint32_t) k, call || wgi_is_guard (row) ? 2 : 1);
      for (size_t k = results (p, p->code[i], word); k; k--) z->maker[slot++] = (uint32_t) i;
    }
}

/* A sum of products that only the next one uses waits for it: then they are a run of chains, whatever is between them. */
static void wait (const wgi_program *p, const known *z)
{
  for (size_t i = 0; i < p->count; i++)
    {
      const uint32_t c = is_sum (p->code[i]) ? p->word[z->word[i] + 2] : NONE;
      if (!wgi_is_slot (p, c) || c < p->n || z->uses[c] != 1) continue;
      const uint32_t from = z->maker[c];
      if (is_sum (p->code[from]) && from/STRETCH == i/STRETCH) z->last[i] = from, z->first[from] |= WAITS;
    }
}

/* Where the code is written to. */
typedef struct { uint8_t *code; uint32_t *word, *slot, before; } writer;

static void write (const wgi_program *p, const known *z, writer *w, uint32_t i)
{
  const uint32_t *word = p->word + z->word[i], first = z->first[i] & ~WAITS;
  const size_t words = wgi_words (p, p->code[i], word), count = results (p, p->code[i], word);
  *w->code = p->code[i];
  if (is_sum (p->code[i]))
    *w->code = (uint8_t) ((word[2] == w->before && z->uses[word[2]] == 1 ? (unsigned) WGI_OP_chain_4 - 4 : wgi_opcode_base[WGI_ROW_muladd]) + wgi_mask (p->code[i]));
  memcpy (w->word, word, words*sizeof *word);
  *w->slot++ = first, w->code++, w->word += words;
  if (count) w->before = first + (uint32_t) count - 1;
}

/* The code with links put together, and the first slot of each operation. */
static void gather (wgi_layout *l)
{
  const wgi_program *p = l->of;
  const known z = { l->slot + p->count, l->slot + 2*p->count, l->slot + 3*p->count, l->note, l->place };
  writer w = { (uint8_t *) l->program.code, (uint32_t *) l->program.word, l->slot, NONE };
  know (p, &z);
  wait (p, &z);
  for (uint32_t i = 0; i < p->count; i++)
    {
      uint32_t waiting[STRETCH];
      size_t count = 0;
      if (z.first[i] & WAITS) continue;
      for (uint32_t at = z.last[i]; at != NONE; at = z.last[at]) waiting[count++] = at;
      while (count) write (p, &z, &w, waiting[--count]);
      write (p, &z, &w, i);
    }
}

/* Masks for what is active; adjoints of rows are in the sink or, for now, nowhere. */
static void narrow (wgi_layout *l)
{
  const wgi_program *p = &l->program;
  uint8_t *code = (uint8_t *) p->code;
  uint32_t *word = (uint32_t *) p->word;
  for (size_t i = 0; i < p->count; i++)
    {
      const int row = wgi_opcode_row[code[i]];
      const size_t words = wgi_words (p, code[i], word), count = results (p, code[i], word);
      int active = 0;
      if (row == WGI_ROW_call) active = code[i] == WGI_OP_call_1 && narrow_call (l, word), code[i] = active ? WGI_OP_call_1 : WGI_OP_call_0;
      else if (count) code[i] = narrowed (l, code[i], word), active = wgi_mask (code[i]) != 0;
      for (size_t k = 0; k < count; k++) l->adjoint[l->slot[i] + k] = active ? 0 : WGI_SINK;
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
  gather (l);
  narrow (l);
  const wgi_program *p = &l->program;
  const uint8_t *code = p->code, *const end = code + p->count;
  const uint32_t *word = p->word;
  const size_t first = l->base.own;
  size_t at = first;
  for (size_t i = p->n; i < p->slots; i++) l->place[i] = 0;
  for (size_t i = 0; i < p->m; i++) if (p->out[i] >= p->n && wgi_is_slot (p, p->out[i])) l->place[p->out[i]] = 1;
  for (; code < end; word += wgi_words (p, *code, word), code++)
    {
      const int row = wgi_opcode_row[*code], chain = *code >= WGI_OP_chain_4;
      const int within = code + 1 < end && (chain ? code[1] == *code : row == WGI_ROW_mul && code[1] >= WGI_OP_chain_4);      /* what follows has its place */
      if (chain && (code == p->code || code[-1] != *code))
        l->note[at - first] = run_of (l, code, end, word) | (code > p->code && wgi_opcode_row[code[-1]] == WGI_ROW_mul ? WGI_RUN_PRODUCT : 0);
      const uint32_t slots = l->slot[code - p->code];
      for (uint32_t slot = slots; slot < slots + results (p, *code, word); slot++, at += !within)
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
