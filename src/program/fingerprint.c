/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * A program's fingerprint: what it does whatever its constants, as 64 bits.  Equal ones mean the same structure, but for
 * the functions that are called: of these it has the shapes.
 */
#include <string.h>

#include "program/program.h"

/* Mix bytes into four lanes, which are independent so that they overlap. */
static void mix (uint64_t h[4], const void *data, size_t bytes)
{
  const char *at = data;
  uint64_t w[4] = { 0 };
  for (; bytes >= sizeof w; at += sizeof w, bytes -= sizeof w)
    {
      memcpy (w, at, sizeof w);
      for (int j = 0; j < 4; j++) h[j] = (h[j] ^ w[j])*0x9e3779b97f4a7c15u, h[j] ^= h[j] >> 32;
    }
  memset (w, 0, sizeof w);
  memcpy (w, at, bytes);
  for (int j = 0; j < 4; j++) h[j] = (h[j] ^ w[j])*0x9e3779b97f4a7c15u, h[j] ^= h[j] >> 32;
}

uint64_t wgi_fingerprint (const wgi_program *p)
{
  uint64_t h[4] = { p->count, p->words, p->slots, p->constants };
  mix (h, p->code, p->count), mix (h, p->word, p->words*sizeof *p->word), mix (h, p->out, p->m*sizeof *p->out);
  for (size_t i = 0; i < p->sources; i++) mix (h, (size_t[]){ p->source[i]->n, p->source[i]->m }, 2*sizeof (size_t));
  return (((h[0]*3 + h[1])*0x94d049bb133111ebu ^ h[2])*0xbf58476d1ce4e5b9u ^ h[3]) | 1;
}
