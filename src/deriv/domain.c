/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "deriv/domain.h"

#define NO_EDGE UINT32_MAX

/* Room for count items of a size in an array that grows by doubling.  0: out of memory. */
static int room (wgi_domains *d, void **array, size_t *capacity, size_t count, size_t size)
{
  if (count <= *capacity) return 1;
  size_t to = *capacity ? *capacity : 1024;
  while (to < count && to <= SIZE_MAX/2) to *= 2;
  void *grown = realloc (*array, wgi_times (to, size));
  if (!grown) return d->status = wgi_fail (WG_ENOMEM, "out of memory for the pattern"), 0;
  *array = grown, *capacity = to;
  return 1;
}

int wgi_domains_open (wgi_domains *d, size_t n)
{
  memset (d, 0, sizeof *d);
  d->n = n, d->unused = NO_EDGE;
  d->recent = calloc (WGI_RECENT, sizeof *d->recent);
  if (!d->recent) return d->status = wgi_fail (WG_ENOMEM, "out of memory for the pattern");
  if (!room (d, (void **) &d->node, &d->node_room, wgi_plus (n, n/2), sizeof *d->node)
      || !room (d, (void **) &d->member, &d->member_room, wgi_times (n, 4), sizeof *d->member))
    return d->status;
  for (size_t i = 0; i < n; i++)
    {
      d->node[i] = (wgi_node){ .edge = NO_EDGE, .length = 1, .at = i };
      d->member[i] = (uint32_t) i;
    }
  d->nodes = d->members = n;
  return WG_OK;
}

void wgi_domains_close (wgi_domains *d)
{
  free (d->node), free (d->member), free (d->edge), free (d->recent);
}

/* nodes, one for each set or pair */

static uint64_t mixed (uint64_t h, uint32_t word)
{
  h = (h ^ word)*0x9e3779b97f4a7c15u;
  return h ^ h >> 29;
}

static uint64_t hash_of (uint32_t left, uint32_t right, size_t length, const uint32_t member[])
{
  uint64_t h = length;
  if (!length) return mixed (mixed (h, left), right);
  for (size_t i = 0; i < length; i++) h = mixed (h, member[i]);
  return h;
}

static int same (const wgi_domains *d, const wgi_node *a, uint32_t left, uint32_t right, size_t length, const uint32_t member[])
{
  if (a->length != length) return 0;
  if (!length) return a->left == left && a->right == right;
  return !memcmp (d->member + a->at, member, length*sizeof *member);
}

/* The node of a union: found, or made.  Input 0 fills what is not in use: it is no union. */
static uint32_t node (wgi_domains *d, uint32_t left, uint32_t right, size_t length, const uint32_t member[])
{
  const uint64_t hash = hash_of (left, right, length, member);
  wgi_recent *recent = &d->recent[hash % WGI_RECENT];
  if (recent->hash == hash >> 32 && recent->node >= d->n && same (d, &d->node[recent->node], left, right, length, member))
    return recent->node;
  if (!room (d, (void **) &d->node, &d->node_room, d->nodes + 1, sizeof *d->node)
      || !room (d, (void **) &d->member, &d->member_room, wgi_plus (d->members, length), sizeof *d->member))
    return WGI_EMPTY;
  if (d->nodes == WGI_EMPTY) return d->status = wgi_fail (WG_ELIMIT, "too many index sets"), WGI_EMPTY;
  const uint32_t made = (uint32_t) d->nodes++;
  *recent = (wgi_recent){ (uint32_t) (hash >> 32), made };
  d->node[made] = (wgi_node){ left, right, NO_EDGE, (uint32_t) length, d->members };
  if (length) memcpy (d->member + d->members, member, length*sizeof *member);
  d->members += length;
  return made;
}

/* The sorted union of two lists. */
static size_t merged (size_t na, const uint32_t a[], size_t nb, const uint32_t b[], uint32_t to[])
{
  size_t i = 0, j = 0, k = 0;
  while (i < na && j < nb)
    {
      const uint32_t x = a[i], y = b[j];
      to[k++] = x < y ? x : y;
      i += x <= y, j += y <= x;
    }
  while (i < na) to[k++] = a[i++];
  while (j < nb) to[k++] = b[j++];
  return k;
}

uint32_t wgi_domain_union (wgi_domains *d, uint32_t a, uint32_t b)
{
  if (a == b || b == WGI_EMPTY || d->status) return a;
  if (a == WGI_EMPTY) return b;
  if (a < b) { const uint32_t c = a; a = b, b = c; }
  const wgi_node *x = &d->node[a], *y = &d->node[b];
  if (x->length && y->length)
    {
      uint32_t member[2*WGI_LISTED];
      const size_t count = merged (x->length, d->member + x->at, y->length, d->member + y->at, member);
      if (count == x->length) return a;
      if (count == y->length) return b;
      return node (d, a, b, count <= WGI_LISTED ? count : 0, member);
    }
  if (a >= d->n && (x->left == b || x->right == b)) return a;
  return node (d, a, b, 0, NULL);
}

/* interactions */

void wgi_domain_interact (wgi_domains *d, uint32_t a, uint32_t b)
{
  if (a == WGI_EMPTY || b == WGI_EMPTY || d->status) return;
  if (a < b) { const uint32_t c = a; a = b, b = c; }
  const uint32_t first = d->node[a].edge;
  if (first != NO_EDGE && d->edge[first].to == b) return;
  uint32_t made = d->unused;
  if (made != NO_EDGE) d->unused = d->edge[made].next;
  else
    {
      if (d->edges == NO_EDGE)
        {
          d->status = wgi_fail (WG_ELIMIT, "too many pairs of index sets");
          return;
        }
      if (!room (d, (void **) &d->edge, &d->edge_room, d->edges + 1, sizeof *d->edge)) return;
      made = (uint32_t) d->edges++;
    }
  d->edge[made] = (wgi_edge){ b, first };
  d->node[a].edge = made;
}

/* Move the edges of a union to its children; stamp says which neighbours were seen. */
static void push (wgi_domains *d, uint32_t a, uint32_t stamp[])
{
  const uint32_t left = d->node[a].left, right = d->node[a].right;
  uint32_t next;
  for (uint32_t e = d->node[a].edge; e != NO_EDGE && !d->status; e = next)
    {
      const uint32_t b = d->edge[e].to;
      next = d->edge[e].next;
      d->edge[e].next = d->unused, d->unused = e;
      if (stamp[b] == a) continue;
      stamp[b] = a;
      if (b == a)
        {
          wgi_domain_interact (d, left, left);
          wgi_domain_interact (d, left, right);
          wgi_domain_interact (d, right, right);
        }
      else wgi_domain_interact (d, left, b), wgi_domain_interact (d, right, b);
    }
  d->node[a].edge = NO_EDGE;
}

/* patterns */

/* Sort the columns of each row of a, whose index was collected in any order: transpose twice.  Takes a over. */
static int sorted (wgi_pattern *a, wgi_pattern *to)
{
  wgi_pattern t;
  int already = 1;
  for (size_t i = 0; i < a->rows && already; i++)
    for (uint32_t k = a->start[i] + 1; k < a->start[i+1]; k++) already &= a->index[k-1] < a->index[k];
  if (already) return *to = *a, WG_OK;
  int rc = wgi_pattern_transpose (a, &t, NULL);
  wgi_pattern_free (a);
  if (rc) return rc;
  rc = wgi_pattern_transpose (&t, to, NULL);
  wgi_pattern_free (&t);
  return rc;
}

/* A pattern whose entries are appended. */
typedef struct { wgi_pattern a; size_t capacity; } collector;

static int append (wgi_domains *d, collector *c, uint32_t column)
{
  if (c->a.nnz == INT_MAX) return d->status = wgi_fail (WG_ELIMIT, "the pattern has more than %d entries", INT_MAX);
  if (!room (d, (void **) &c->a.index, &c->capacity, c->a.nnz + 1, sizeof column)) return d->status;
  c->a.index[c->a.nnz++] = column;
  return WG_OK;
}

/* Append the members of domain a as row r.  seen is a stamp per node; stack has room for all nodes. */
static void append_members (wgi_domains *d, collector *c, uint32_t r, uint32_t a, uint32_t seen[], uint32_t stack[])
{
  size_t depth = 0;
  if (a == WGI_EMPTY) return;
  stack[depth++] = a, seen[a] = r;
  while (depth && !d->status)
    {
      const uint32_t top = stack[--depth];
      const wgi_node *t = &d->node[top];
      if (top < d->n) append (d, c, top);
      else if (t->length)
        for (size_t i = 0; i < t->length; i++)
          {
            const uint32_t input = d->member[t->at + i];
            if (seen[input] == r) continue;
            seen[input] = r;
            append (d, c, input);
          }
      else
        for (int i = 0; i < 2; i++)
          {
            const uint32_t child = i ? t->right : t->left;
            if (seen[child] == r) continue;
            seen[child] = r;
            stack[depth++] = child;
          }
    }
}

static uint32_t *stamps (wgi_domains *d)
{
  const size_t bytes = wgi_times (d->nodes + 1, sizeof (uint32_t));
  uint32_t *stamp = malloc (bytes);
  if (!stamp) return d->status = wgi_fail (WG_ENOMEM, "out of memory for the pattern"), NULL;
  return memset (stamp, 0xff, bytes);
}

int wgi_domains_rows (wgi_domains *d, size_t rows, const uint32_t row[], wgi_pattern *to)
{
  collector c = { .a = { .rows = rows, .cols = d->n } };
  if (!d->status) room (d, (void **) &c.a.index, &c.capacity, 1, sizeof *c.a.index);      /* an empty pattern has an index too */
  uint32_t *seen = d->status ? NULL : stamps (d), *stack = malloc (wgi_times (d->nodes + 1, sizeof *stack));
  if (!d->status && (!stack || !(c.a.start = malloc (wgi_times (rows + 1, sizeof *c.a.start)))))
    d->status = wgi_fail (WG_ENOMEM, "out of memory for the pattern");
  for (size_t i = 0; i < rows && !d->status; i++)
    {
      c.a.start[i] = (uint32_t) c.a.nnz;
      append_members (d, &c, (uint32_t) i, row[i], seen, stack);
    }
  if (!d->status) c.a.start[rows] = (uint32_t) c.a.nnz;
  free (seen), free (stack);
  if (d->status) return wgi_pattern_free (&c.a), memset (to, 0, sizeof *to), d->status;
  return sorted (&c.a, to);
}

int wgi_domains_interactions (wgi_domains *d, wgi_pattern *to)
{
  collector c = { .a = { .rows = d->n, .cols = d->n } };
  if (!d->status) room (d, (void **) &c.a.index, &c.capacity, 1, sizeof *c.a.index);
  uint32_t *stamp = d->status ? NULL : stamps (d);
  const size_t most = d->most ? wgi_plus (d->edges, d->most) : SIZE_MAX;        /* those that pushing may add */
  for (size_t a = d->nodes; a-- > d->n && !d->status; )
    {
      push (d, (uint32_t) a, stamp);
      if (d->edges > most && !d->status) d->status = wgi_fail (WG_ELIMIT, "the pattern has more than %zu entries", d->most);
    }
  if (!d->status && !(c.a.start = malloc (wgi_times (d->n + 1, sizeof *c.a.start))))
    d->status = wgi_fail (WG_ENOMEM, "out of memory for the pattern");
  for (size_t i = 0; i < d->n && !d->status; i++)
    {
      c.a.start[i] = (uint32_t) c.a.nnz;
      for (uint32_t e = d->node[i].edge; e != NO_EDGE && !d->status; e = d->edge[e].next)
        if (stamp[d->edge[e].to] != i)
          {
            stamp[d->edge[e].to] = (uint32_t) i;
            append (d, &c, d->edge[e].to);
          }
    }
  if (!d->status) c.a.start[d->n] = (uint32_t) c.a.nnz;
  if (!d->status && d->most && c.a.nnz > d->most)
    d->status = wgi_fail (WG_ELIMIT, "the pattern has more than %zu entries", d->most);
  free (stamp);
  if (d->status) return wgi_pattern_free (&c.a), memset (to, 0, sizeof *to), d->status;
  return sorted (&c.a, to);
}
