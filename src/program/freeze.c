/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Freezing: tape to program, in four passes.
 *   number   forward: an operation that repeats an earlier one, and a constant that does, is replaced by it
 *   need     backward: what is needed for a value (outputs, guards), what carries a derivative to an output
 *   fuse     forward: a product or square that one sum or difference alone uses is computed there
 *   write    forward: what varies with the inputs; an operand is active when it does and the result carries
 * Values are those of the plain tape to the last bit: fusing keeps both roundings.
 * Of a live tape nothing is merged, and parameters vary; with all slots as outputs each is a slot of the program.
 */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "program/program.h"

/* What is known of a slot while freezing. */
enum { VALUE = 1,           /* its value is needed */
       CARRIES = 2,         /* it carries a derivative to an output */
       VARIES = 4,          /* it varies with the inputs */
       SHARED = 16,         /* used more than once, or by an output, a guard or a call */
       STAYS = 32,          /* becomes an operation of the program */
       FUSES = 64,          /* computes its operand 0, a product, too */
       FUSES_1 = 128 };     /* its operand 1 */

/* An operation or constant that was met: its number from 1 on, and all of its hash, so that few others are looked at. */
typedef struct { uint32_t number, hash; } met;

typedef struct {
  const wgi_tape *t;
  met *recent;              /* by hash: last + 1 places, a power of two */
  uint32_t last;
  uint8_t *mark;            /* per slot */
  uint32_t *same;           /* per slot: the first one with its value */
  uint32_t *place;          /* per slot: where its words start; once written, its number in the program */
  uint32_t *constant;       /* per constant: the first one with its value; once written, its number */
  size_t rows, words, constants, guards, slots;       /* of the program */
} freezer;

/* The word that stands for this one. */
static inline uint32_t first_of (const freezer *z, uint32_t word)
{
  return wgi_word_is_slot (word) ? z->same[word] : word & WGI_CONSTANT ? WGI_CONSTANT | z->constant[word & ~WGI_CONSTANT] : word;
}

/* number */

enum { RECENT = 1 << 14 };  /* what is remembered: enough for any loop body, small enough for the cache */

/* As many places as pay for a list of this size. */
static uint32_t places (size_t size)
{
  uint32_t count = 64;
  while (count < size && count < RECENT) count *= 2;
  return count;
}

static inline uint32_t mixed (uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
  const uint64_t h = (a ^ (uint64_t) b << 32)*0x9e3779b97f4a7c15u + (c ^ (uint64_t) d << 32)*0xd6e8feb86659fd93u;
  return (uint32_t) ((h ^ h >> 29)*0xbf58476d1ce4e5b9u >> 32);
}

static int same_constant (const double *a, const double *b)
{
  return memcmp (a, b, sizeof *a) == 0;
}

static void number_constants (const freezer *z)
{
  const double *c = z->t->constant;
  const size_t count = (size_t) (z->t->constant_at - c);
  memset (z->recent, 0, (z->last + 1)*sizeof *z->recent);
  for (size_t i = 0; i < count; i++)
    {
      uint32_t half[2];
      memcpy (half, &c[i], sizeof half);
      const uint32_t h = mixed (half[0], half[1], 0, 0);
      met *r = &z->recent[h & z->last];
      if (r->number && r->hash == h && same_constant (&c[r->number - 1], &c[i])) z->constant[i] = r->number - 1;
      else z->constant[i] = (uint32_t) i, *r = (met){ (uint32_t) i + 1, h };
    }
}

/* An operation as it stands for others: its words with operands replaced, those of a sum or product in order, 0 behind them. */
typedef struct { uint32_t row, a, b, c; } meaning;

static inline meaning meaning_of (const freezer *z, size_t i)
{
  const wgi_tape *t = z->t;
  const wgi_row_info *info = &wgi_rows[t->row[i]];
  const uint32_t *w = t->word + z->place[t->n + i];
  meaning s = { t->row[i], first_of (z, w[0]), 0, 0 };
  if (info->words > 1) s.b = info->operands > 1 ? first_of (z, w[1]) : w[1];
  if (info->words > 2) s.c = info->operands > 2 ? first_of (z, w[2]) : w[2];
  if ((s.row == WGI_ROW_add || s.row == WGI_ROW_mul) && s.a > s.b)
    {
      const uint32_t larger = s.a;
      s.a = s.b, s.b = larger;
    }
  return s;
}

static inline int same_meaning (meaning s, meaning t) { return s.row == t.row && s.a == t.a && s.b == t.b && s.c == t.c; }

static void number (const freezer *z)
{
  const wgi_tape *t = z->t;
  const size_t count = wgi_tape_count (t);
  size_t at = 0;
  number_constants (z);
  memset (z->recent, 0, (z->last + 1)*sizeof *z->recent);
  for (size_t i = 0; i < t->n; i++) z->same[i] = (uint32_t) i;
  for (size_t i = 0; i < count; i++)
    {
      const int row = t->row[i];
      z->place[t->n + i] = (uint32_t) at;
      z->same[t->n + i] = (uint32_t) (t->n + i);
      at += wgi_rows[row].words;
      if (t->live || row == WGI_ROW_call || row == WGI_ROW_part || row == WGI_GUARD_peek) continue;
      const meaning s = meaning_of (z, i);
      const uint32_t h = mixed (s.row, s.a, s.b, s.c);
      met *r = &z->recent[h & z->last];
      if (r->number && r->hash == h && same_meaning (s, meaning_of (z, r->number - 1)))
        z->same[t->n + i] = (uint32_t) (t->n + r->number - 1);
      else *r = (met){ (uint32_t) i + 1, h };
    }
}

/* need */

static void need (const freezer *z, uint32_t word, int carries)
{
  const uint32_t w = first_of (z, word);
  if (!wgi_word_is_slot (w)) return;
  if (z->mark[w] & VALUE) z->mark[w] |= SHARED;
  z->mark[w] |= carries ? VALUE | CARRIES : VALUE;
}

static void need_all (const freezer *z, size_t m, const uint32_t out[])
{
  const wgi_tape *t = z->t;
  for (size_t i = 0; i < m; i++) need (z, out[i], 1), need (z, out[i], 1);        /* twice: shared */
  for (size_t i = wgi_tape_count (t); i--; )
    {
      const size_t slot = t->n + i;
      const int row = t->row[i], guard = wgi_is_guard (row), carries = z->mark[slot] & CARRIES;
      const wgi_row_info *info = &wgi_rows[row];
      const uint32_t *word = t->word + z->place[slot];
      if (z->same[slot] != slot || !(guard || z->mark[slot] & VALUE)) continue;
      if (row == WGI_ROW_call)
        {
          const wgi_call_record *call = &t->call[word[0]];
          for (size_t j = 0; j < wgi_source_words (call->source); j++)
            for (size_t k = 0; k < wgi_source_size (call->source, j); k++)
              need (z, call->operand[j] + (uint32_t) k, carries), need (z, call->operand[j] + (uint32_t) k, carries);
        }
      for (int j = 0; j < info->operands; j++)
        {
          need (z, word[j], carries && info->maps >> j & 1);
          if (guard) need (z, word[j], 0);
        }
    }
}

/* fuse */

/* The operand of this sum or difference that is a product or square used by it alone: 0 or 1, or -1.  The second is
 * preferred, as in s + a b. */
static int fusible (const freezer *z, int row, const uint32_t word[])
{
  if (row == WGI_ROW_add || row == WGI_ROW_sub)
    for (int j = 1; j >= 0; j--)
      {
        const uint32_t w = first_of (z, word[j]);
        if (wgi_word_is_slot (w) && w >= z->t->n && !(z->mark[w] & SHARED)
            && (z->t->row[w - z->t->n] == WGI_ROW_mul || z->t->row[w - z->t->n] == WGI_ROW_sqr))
          return j;
      }
  return -1;
}

/* Mark what stays and the products that are fused; count what the program will have. */
static void fuse (freezer *z)
{
  const wgi_tape *t = z->t;
  const size_t count = wgi_tape_count (t);
  z->slots = t->n;
  for (size_t i = 0; i < count; i++)
    {
      const size_t slot = t->n + i;
      const uint32_t *word = t->word + z->place[slot];
      const int row = t->row[i], guard = wgi_is_guard (row), call = row == WGI_ROW_call;
      if (z->same[slot] != slot || row == WGI_ROW_part || !(guard || z->mark[slot] & VALUE)) continue;
      z->mark[slot] |= STAYS;
      z->rows++, z->guards += guard != 0;
      z->words += call ? wgi_source_words (t->call[word[0]].source) + 2 : wgi_rows[row].words;
      z->slots += guard ? 0 : call ? t->call[word[0]].source->m : 1;
      const int j = fusible (z, row, word);
      if (j < 0) continue;
      const uint32_t product = first_of (z, word[j]);
      z->mark[slot] |= j ? FUSES_1 : FUSES;
      z->mark[product] = (uint8_t) (z->mark[product] & ~STAYS);
      z->rows--, z->slots--, z->words -= wgi_rows[t->row[product - t->n]].words - 1;
    }
}

/* write */

typedef struct {
  uint8_t *code;
  uint32_t *word;
  double *constant;
  wgi_source **source;
  size_t sources;
  uint32_t *known;          /* by hash: the number of a source from 1 on; mask + 1 places, a power of two, at least half of them free */
  uint32_t mask;
  uint32_t next;            /* slot of the next operation */
} writer;

static uint32_t renamed (const freezer *z, uint32_t word)
{
  if (word & WGI_CONSTANT) return (uint32_t) (z->slots + z->constant[word & ~WGI_CONSTANT]);
  if (word & WGI_PARAM) return (uint32_t) (z->slots + z->constants + (word & ~WGI_PARAM));
  return z->place[z->same[word]];
}

static int varies (const freezer *z, uint32_t word)
{
  const uint32_t w = first_of (z, word);
  return wgi_word_is_slot (w) ? z->mark[w] & VARIES : w & WGI_PARAM && z->t->live;
}

/* Does some number of operand j of a call? */
static int block_varies (const freezer *z, const wgi_call_record *call, size_t j)
{
  int any = 0;
  for (size_t k = 0; k < wgi_source_size (call->source, j) && !any; k++) any = varies (z, call->operand[j] + (uint32_t) k);
  return any;
}

/* Is a muladd with these active operands a chain? */
static int is_chain (const freezer *z, const writer *w, int row, const uint32_t operand[], int mask)
{
  return row == WGI_ROW_muladd && mask & 4 && renamed (z, operand[2]) + 1 == w->next
         && !(z->mark[first_of (z, operand[2])] & SHARED);
}

static void put (const freezer *z, writer *w, int row, const uint32_t operand[], uint32_t immediate, int carries)
{
  const wgi_row_info *info = &wgi_rows[row];
  int mask = 0;
  for (int j = 0; j < info->operands; j++)
    {
      mask |= (carries && info->maps >> j & 1 && varies (z, operand[j])) << j;
      *w->word++ = renamed (z, operand[j]);
    }
  if (info->words > info->operands) *w->word++ = row == WGI_GUARD_peek ? renamed (z, immediate) : immediate;
  *w->code++ = (uint8_t) (is_chain (z, w, row, operand, mask) ? WGI_OP_chain_4 + mask - 4 : wgi_opcode_base[row] + mask);
}

/* A table for the sources of this many calls.  0: out of memory. */
static int know_sources (writer *w, size_t calls)
{
  size_t size = 2;
  while (size < 2*calls) size *= 2;
  w->mask = (uint32_t) (size - 1);
  w->known = calloc (size, sizeof *w->known);
  return w->known != NULL;
}

static uint32_t number_of_source (writer *w, wgi_source *source)
{
  const uint64_t address = (uintptr_t) source;
  uint32_t i = mixed ((uint32_t) address, (uint32_t) (address >> 32), 0, 0) & w->mask;
  while (w->known[i] && w->source[w->known[i] - 1] != source) i = (i + 1) & w->mask;
  if (!w->known[i])
    {
      w->source[w->sources++] = wgi_source_use (source);
      w->known[i] = (uint32_t) w->sources;
    }
  return w->known[i] - 1;
}

/* A call whose outputs start at slot; is any operand active? */
static void put_call (const freezer *z, writer *w, const wgi_call_record *call, int carries)
{
  const uint32_t at = number_of_source (w, call->source);
  int active = 0;
  *w->word++ = at;
  for (size_t j = 0; j < wgi_source_words (call->source); j++)
    {
      const int live = carries && block_varies (z, call, j);
      active |= live;
      *w->word++ = renamed (z, call->operand[j]) | (live ? 0 : WGI_INACTIVE);
    }
  *w->word++ = at;
  *w->code++ = (uint8_t) (WGI_OP_call_0 + active);
}

static int any_varies (const freezer *z, int row, const uint32_t word[])
{
  int any = 0;
  if (row == WGI_ROW_call)
    for (size_t j = 0; j < wgi_source_words (z->t->call[word[0]].source) && !any; j++) any = block_varies (z, &z->t->call[word[0]], j);
  for (int j = 0; j < wgi_rows[row].operands; j++) any |= wgi_rows[row].maps >> j & 1 && varies (z, word[j]);
  return any;
}

static void write_rows (const freezer *z, writer *w)
{
  static const int fused[2][2] = { { WGI_ROW_muladd, WGI_ROW_muladd }, { WGI_ROW_mulsub, WGI_ROW_submul } };
  const wgi_tape *t = z->t;
  const size_t count = wgi_tape_count (t);
  w->next = (uint32_t) t->n;
  for (size_t i = 0; i < t->n; i++) z->mark[i] |= VARIES, z->place[i] = (uint32_t) i;
  for (size_t i = 0; i < count; i++)
    {
      const size_t slot = t->n + i;
      const int row = t->row[i], carries = (z->mark[slot] & CARRIES) != 0;
      const uint32_t *word = t->word + z->place[slot];
      if (any_varies (z, row, word)) z->mark[slot] |= VARIES;
      if (row == WGI_ROW_part) z->place[slot] = z->place[word[0]] + word[1];
      if (!(z->mark[slot] & STAYS)) continue;
      if (z->mark[slot] & (FUSES | FUSES_1))
        {
          const int j = (z->mark[slot] & FUSES_1) != 0;
          const uint32_t w0 = first_of (z, word[j]), *product = t->word + z->place[w0];
          const int square = t->row[w0 - t->n] == WGI_ROW_sqr;
          put (z, w, fused[row == WGI_ROW_sub][j], (uint32_t[]){ product[0], product[!square], word[1-j] }, 0, carries);
        }
      else if (row == WGI_ROW_call) put_call (z, w, &t->call[word[0]], carries);
      else put (z, w, row, word, wgi_rows[row].words > wgi_rows[row].operands ? word[wgi_rows[row].operands] : 0, carries);
      if (wgi_is_guard (row)) continue;
      z->place[slot] = w->next;
      w->next += row == WGI_ROW_call ? (uint32_t) t->call[word[0]].source->m : 1;
    }
}

/* Number the constants that are left in order of first use. */
static void keep_constants (freezer *z)
{
  const size_t count = (size_t) (z->t->constant_at - z->t->constant);
  for (size_t i = 0; i < count; i++)
    z->constant[i] = z->constant[i] == i ? (uint32_t) z->constants++ : z->constant[z->constant[i]];
}

/* The block of a program: its head and then its arrays, each on 8 bytes. */
static wgi_program *block_for (const freezer *z, size_t m, writer *w, uint32_t **out, double **param)
{
  const wgi_tape *t = z->t;
  const size_t parts[] = { sizeof (wgi_program), z->rows, wgi_times (z->words, 4), wgi_times (m, 4),
                           wgi_times (z->constants, 8), wgi_times (t->params, 8), wgi_times (t->calls, sizeof *w->source) };
  size_t at[7], bytes = 0;
  for (int i = 0; i < 7; i++) at[i] = bytes, bytes = wgi_plus (bytes, wgi_plus (parts[i], 7) & ~(size_t) 7);
  char *block = wgi_enlarge (NULL, 0, bytes);
  if (!block) return NULL;
  wgi_program *p = (wgi_program *) block;
  w->code = (uint8_t *) (block + at[1]), w->word = (uint32_t *) (block + at[2]), *out = (uint32_t *) (block + at[3]);
  w->constant = (double *) (block + at[4]), *param = (double *) (block + at[5]);
  w->source = (wgi_source **) (block + at[6]), w->sources = 0;
  *p = (wgi_program){ .n = t->n, .m = m, .slots = z->slots, .constants = z->constants, .params = t->params,
                      .count = z->rows, .words = z->words, .guards = z->guards, .recorded = wgi_tape_count (t), .bytes = bytes,
                      .code = w->code, .word = w->word, .out = *out, .constant = w->constant, .param = *param,
                      .source = w->source };
  return p;
}

wgi_program *wgi_freeze (const wgi_tape *t, size_t m, const uint32_t out[])
{
  const size_t slots = t->next, constants = (size_t) (t->constant_at - t->constant);
  freezer z = { .t = t };
  writer w = { 0 };
  wgi_program *p = NULL;
  z.mark = calloc (slots, 1);
  z.same = wgi_enlarge (NULL, 0, wgi_times (slots, sizeof *z.same));
  z.place = wgi_enlarge (NULL, 0, wgi_times (slots, sizeof *z.place));
  z.constant = wgi_enlarge (NULL, 0, wgi_times (constants + 1, sizeof *z.constant));
  z.last = places (slots + constants) - 1;
  z.recent = malloc ((z.last + 1)*sizeof *z.recent);
  if (z.mark && z.same && z.place && z.constant && z.recent && know_sources (&w, t->calls))
    {
      uint32_t *outs;
      double *param;
      number (&z);
      need_all (&z, m, out);
      fuse (&z);
      for (size_t i = 0; i < constants; i++) z.constants += z.constant[i] == i;
      p = block_for (&z, m, &w, &outs, &param);
      if (p)
        {
          for (size_t i = 0, k = 0; i < constants; i++)
            if (z.constant[i] == i) w.constant[k++] = t->constant[i];
          z.constants = 0;
          keep_constants (&z);
          if (t->params) memcpy (param, t->param, t->params*sizeof *param);
          write_rows (&z, &w);
          for (size_t i = 0; i < m; i++) outs[i] = renamed (&z, out[i]);
          p->sources = w.sources;
          p->print = wgi_fingerprint (p);
        }
    }
  free (z.mark), free (z.same), free (z.place), free (z.constant), free (z.recent), free (w.known);
  return p;
}

void wgi_program_free (wgi_program *p)
{
  if (!p) return;
  for (size_t i = 0; i < p->sources; i++) wgi_source_leave (p->source[i]);
  free (p);
}
