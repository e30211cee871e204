/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * From a program to domains and interactions, and patterns as objects.
 *
 * Which second derivatives an operation has follows from the rule table, evaluated over one more kind of
 * number: the set of operands that an expression depends on.  The partial for operand i depends on operand j:
 * then i and j interact.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <wengert/leaf.h>

#include "deriv/domain.h"

/* rows: a set of operands is a mask */

#define ANY __attribute__ ((unused)) static inline unsigned
#define ROW1(name, ma)         ANY on_##name (unsigned a) { return a; }
#define ROW1K(name, ma)        ANY on_##name (unsigned a, int k) { return (void) k, a; }
#define ROW1C(name, ma)        ANY on_##name (unsigned a, double c, int k) { return (void) c, (void) k, a; }
#define ROW2(name, ma, mb)     ANY on_##name (unsigned a, unsigned b) { return a | b; }
#define ROW2K(name, ma, mb)    ANY on_##name (unsigned a, unsigned b, int k) { return (void) k, a | b; }
#define ROW3(name, ma, mb, mc) ANY on_##name (unsigned a, unsigned b, unsigned c) { return a | b | c; }
#define FLAT1(name)            ANY on_##name (unsigned a) { return (void) a, 0; }
#define FLAT2(name)            ANY on_##name (unsigned a, unsigned b) { return (void) a, (void) b, 0; }
#include <wengert/rules.def>
ANY on_scale (double c, unsigned x) { return (void) c, x; }
ANY on_shift (double c, unsigned x) { return (void) c, x; }
#undef ROW1
#undef ROW1K
#undef ROW1C
#undef ROW2
#undef ROW2K
#undef ROW3
#undef FLAT1
#undef FLAT2

#define N(op) on_##op
#define SAME 0
#define FLIP 0
#define VIA(p) (p)
#define FLIP_VIA(p) (p)
#define OVER(q) (q)
#define SCALE_OVER(r, q) (q)
#define WHERE(test, map) map
#define UNLESS(test, map) map
#define WHEN(test, map) map
#define NONE 0

typedef struct { uint8_t on[3]; } partials;           /* what the partial of each operand depends on */

static partials partials_of (enum wgi_row row)
{
  const unsigned a = 1, b = 2, c_ = 4;
  const int k = 2;
  (void) b, (void) c_, (void) k;
  switch (row)
    {
#define Y(mask) const unsigned y = mask; (void) y;
#define ROW1(name, ma)         case WGI_ROW_##name: { Y (1) return (partials){{ (uint8_t) (ma) }}; }
#define ROW1K ROW1
#define ROW1C(name, ma)        case WGI_ROW_##name: { Y (1) const double c = .5; (void) c; return (partials){{ (uint8_t) (ma) }}; }
#define ROW2(name, ma, mb)     case WGI_ROW_##name: { Y (3) return (partials){{ (uint8_t) (ma), (uint8_t) (mb) }}; }
#define ROW2K ROW2
#define ROW3(name, ma, mb, mc) \
  case WGI_ROW_##name: { Y (7) const unsigned c = c_; (void) c; return (partials){{ (uint8_t) (ma), (uint8_t) (mb), (uint8_t) (mc) }}; }
#define FLAT1(name)            case WGI_ROW_##name: break;
#define FLAT2 FLAT1
#include <wengert/rules.def>
    default: break;
    }
  return (partials){{ 0 }};
}

/* For each row, bits 3 i + j, i <= j: operands i and j interact. */
typedef struct { uint16_t pair[WGI_ROWS]; } interactions;

static void find_interactions (interactions *z)
{
  for (int row = 0; row < WGI_ROWS; row++)
    {
      const partials p = partials_of ((enum wgi_row) row);
      z->pair[row] = 0;
      for (int i = 0; i < 3; i++)
        for (int j = i; j < 3; j++)
          if ((p.on[i] >> j | p.on[j] >> i) & 1) z->pair[row] |= (uint16_t) (1u << (3*i + j));
    }
}

/* operations */

/* An operation, as the walks hand it to what knows its kind. */
typedef struct {
  enum wgi_row row;
  unsigned mask;                 /* of a row: active operands; of a call: is one active? */
  const uint32_t *word;
  size_t slot, slots;            /* its results */
  size_t operands;               /* of a call */
} operation;

static operation operation_at (const wgi_program *p, size_t i, const uint32_t *word, size_t slot)
{
  const enum wgi_row row = (enum wgi_row) wgi_opcode_row[p->code[i]];
  operation o = { row, (unsigned) (p->code[i] - wgi_opcode_base[row]), word, slot, 1, 0 };
  if (wgi_is_guard ((int) row)) o.mask = 0, o.slots = 0;
  if (row == WGI_ROW_call) o.slots = p->source[word[0]]->m, o.operands = p->source[word[0]]->n;
  return o;
}

/* rows: the operands that interact with one, as a mask */
static unsigned curved (const operation *o, const interactions *z)
{
  unsigned found = 0;
  for (int i = 0; i < 3; i++)
    for (int j = i; j < 3; j++)
      if (z->pair[o->row] >> (3*i + j) & 1 && o->mask >> i & 1 && o->mask >> j & 1) found |= 1u << i | 1u << j;
  return found;
}

/* Backward: are the domains of a row's operands needed for interactions? */
static void need_row (const operation *o, const interactions *z, uint8_t need[])
{
  const unsigned wanted = need[o->slot] ? o->mask : curved (o, z);
  for (int j = 0; j < 3; j++)
    if (wanted >> j & 1) need[o->word[j]] = 1;
}

/* Forward: the domain of a row's result. */
static uint32_t domain_of_row (const operation *o, wgi_domains *d, const uint32_t domain[])
{
  uint32_t set = WGI_EMPTY;
  for (int j = 0; j < 3; j++)
    if (o->mask >> j & 1) set = wgi_domain_union (d, set, domain[o->word[j]]);
  return set;
}

/* Forward: the interactions in a row. */
static void interact_in_row (const operation *o, const interactions *z, wgi_domains *d, const uint32_t domain[])
{
  for (int i = 0; i < 3; i++)
    for (int j = i; j < 3; j++)
      if (z->pair[o->row] >> (3*i + j) & 1 && o->mask >> i & 1 && o->mask >> j & 1)
        wgi_domain_interact (d, domain[o->word[i]], domain[o->word[j]]);
}

/* Calls: what happens inside is the callee's affair and may change with its branch, so every result depends on every
 * active operand, and these interact. */
static void need_call (const operation *o, uint8_t need[])
{
  for (size_t j = 1; j <= o->operands; j++)
    if (!(o->word[j] & WGI_INACTIVE)) need[o->word[j]] = 1;
}

static uint32_t domain_of_call (const operation *o, wgi_domains *d, const uint32_t domain[])
{
  uint32_t set = WGI_EMPTY;
  for (size_t j = 1; j <= o->operands && o->mask; j++)
    if (!(o->word[j] & WGI_INACTIVE)) set = wgi_domain_union (d, set, domain[o->word[j]]);
  return set;
}

/* The domains of all slots; with z those that are needed, and the interactions. */
static void walk (const wgi_program *p, const interactions *z, const uint8_t need[], wgi_domains *d, uint32_t domain[])
{
  const uint32_t *word = p->word;
  size_t slot = p->n;
  for (size_t i = 0; i < p->n; i++) domain[i] = (uint32_t) i;
  for (size_t i = 0; i < p->count && !d->status; i++)
    {
      const operation o = operation_at (p, i, word, slot);
      uint32_t set = WGI_EMPTY;
      word += wgi_words (p, p->code[i], word);
      if (o.mask && o.row == WGI_ROW_call)
        {
          set = domain_of_call (&o, d, domain);
          if (z) wgi_domain_interact (d, set, set);
        }
      else if (o.mask)
        {
          if (z) interact_in_row (&o, z, d, domain);
          if (!need || need[slot]) set = domain_of_row (&o, d, domain);
        }
      for (size_t j = 0; j < o.slots; j++) domain[slot++] = set;
    }
}

/* A call's words begin and end with its place among the sources. */
static const uint32_t *words_before (const wgi_program *p, uint8_t code, const uint32_t *end)
{
  const enum wgi_row row = (enum wgi_row) wgi_opcode_row[code];
  return end - (row == WGI_ROW_call ? p->source[end[-1]]->n + 2 : wgi_rows[row].words);
}

static void find_needed (const wgi_program *p, const interactions *z, uint8_t need[])
{
  const uint32_t *word = p->word + p->words;
  size_t slot = p->slots;
  for (size_t i = p->count; i--; )
    {
      word = words_before (p, p->code[i], word);
      operation o = operation_at (p, i, word, slot);
      o.slot = slot -= o.slots;
      if (o.mask && o.row == WGI_ROW_call) need_call (&o, need);
      else if (o.mask) need_row (&o, z, need);
    }
}

int wgi_pattern_jacobian (const wgi_program *p, wgi_pattern *to)
{
  wgi_domains d;
  memset (to, 0, sizeof *to);
  int rc = wgi_domains_open (&d, p->n);
  uint32_t *domain = malloc (wgi_times (p->slots, sizeof *domain)), *row = malloc (wgi_times (p->m, sizeof *row));
  if (!rc && (!domain || !row)) rc = wgi_fail (WG_ENOMEM, "out of memory for the pattern");
  if (!rc)
    {
      walk (p, NULL, NULL, &d, domain);
      for (size_t i = 0; i < p->m; i++) row[i] = wgi_is_slot (p, p->out[i]) ? domain[p->out[i]] : WGI_EMPTY;
      rc = wgi_domains_rows (&d, p->m, row, to);
    }
  free (domain), free (row);
  wgi_domains_close (&d);
  return rc;
}

int wgi_pattern_hessian (const wgi_program *p, wgi_pattern *to)
{
  wgi_domains d;
  interactions z;
  memset (to, 0, sizeof *to);
  int rc = wgi_domains_open (&d, p->n);
  uint32_t *domain = malloc (wgi_times (p->slots, sizeof *domain));
  uint8_t *need = calloc (p->slots, 1);
  if (!rc && (!domain || !need)) rc = wgi_fail (WG_ENOMEM, "out of memory for the pattern");
  if (!rc)
    {
      find_interactions (&z);
      find_needed (p, &z, need);
      walk (p, &z, need, &d, domain);
      rc = wgi_domains_interactions (&d, to);
    }
  free (domain), free (need);
  wgi_domains_close (&d);
  return rc;
}

/* patterns */

int wgi_pattern_new (size_t rows, size_t cols, size_t nnz, wgi_pattern *a)
{
  memset (a, 0, sizeof *a);
  if (nnz > INT_MAX) return wgi_fail (WG_ELIMIT, "the pattern has more than %d entries", INT_MAX);
  a->start = malloc (wgi_times (rows + 1, sizeof *a->start));
  a->index = malloc ((nnz ? nnz : 1)*sizeof *a->index);
  if (!a->start || !a->index) return wgi_pattern_free (a), wgi_fail (WG_ENOMEM, "out of memory for the pattern");
  a->rows = rows, a->cols = cols, a->nnz = nnz;
  return WG_OK;
}

void wgi_pattern_free (wgi_pattern *a)
{
  free (a->start), free (a->index);
  memset (a, 0, sizeof *a);
}

int wgi_pattern_transpose (const wgi_pattern *a, wgi_pattern *to, uint32_t from[])
{
  int rc = wgi_pattern_new (a->cols, a->rows, a->nnz, to);
  if (rc) return rc;
  uint32_t *start = to->start;
  memset (start, 0, (a->cols + 1)*sizeof *start);
  for (size_t k = 0; k < a->nnz; k++) start[a->index[k]]++;
  uint32_t before = 0;
  for (size_t j = 0; j <= a->cols; j++)
    {
      const uint32_t count = j < a->cols ? start[j] : 0;
      start[j] = before, before += count;
    }
  for (size_t i = 0; i < a->rows; i++)
    for (uint32_t k = a->start[i]; k < a->start[i+1]; k++)
      {
        const uint32_t at = start[a->index[k]]++;
        to->index[at] = (uint32_t) i;
        if (from) from[at] = k;
      }
  memmove (start + 1, start, a->cols*sizeof *start);      /* each start has moved to the next one's */
  start[0] = 0;
  return WG_OK;
}

int wgi_pattern_join (const wgi_pattern *a, const wgi_pattern *b, wgi_pattern *to)
{
  int rc = wgi_pattern_new (a->rows, a->cols, wgi_plus (a->nnz, b->nnz), to);
  if (rc) return rc;
  uint32_t k = 0;
  for (size_t r = 0; r < a->rows; r++)
    {
      uint32_t i = a->start[r], j = b->start[r];
      to->start[r] = k;
      while (i < a->start[r+1] || j < b->start[r+1])
        {
          const uint32_t x = i < a->start[r+1] ? a->index[i] : UINT32_MAX, y = j < b->start[r+1] ? b->index[j] : UINT32_MAX;
          to->index[k++] = x < y ? x : y;
          i += x <= y, j += y <= x;
        }
    }
  to->start[to->rows] = k, to->nnz = k;
  return WG_OK;
}

int wgi_pattern_covers (const wgi_pattern *a, const wgi_pattern *b)
{
  for (size_t r = 0; r < a->rows; r++)
    {
      uint32_t i = a->start[r];
      for (uint32_t j = b->start[r]; j < b->start[r+1]; j++, i++)
        {
          while (i < a->start[r+1] && a->index[i] < b->index[j]) i++;
          if (i == a->start[r+1] || a->index[i] != b->index[j]) return 0;
        }
    }
  return 1;
}
