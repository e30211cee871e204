/* SPDX-License-Identifier: MIT
 * Copyright the Wengert developers
 *
 * Domains: the sets of inputs that slots depend on, as a graph.  A node is an input or the union of two nodes
 * before it.  Small sets are listed too, so that equal ones get one node, if it is not long ago, and subsets none; large ones
 * never are, so that a sum of n terms costs n nodes, not n^2 members.
 *
 * Edges between nodes are interactions: (A, B) says that every input of A meets every input of B in a second
 * derivative.  They are pushed down to pairs of inputs, each pair of nodes at most once: the edge pushing of
 * Gower and Mello (Optimization Methods and Software 27, 2012), on this graph instead of the list.
 */
#ifndef WENGERT_DERIV_DOMAIN_H
#define WENGERT_DERIV_DOMAIN_H

#include "deriv/pattern.h"

#define WGI_EMPTY UINT32_MAX       /* the domain of what depends on nothing */
#define WGI_LISTED 64              /* members of the largest set that is listed */
#define WGI_RECENT (1 << 13)       /* nodes remembered: enough for the loops of models, and small enough for the cache */

typedef struct {
  uint32_t left, right;            /* of a union */
  uint32_t edge;                   /* the first of its edges, to nodes up to itself */
  uint32_t length;                 /* of its list; 0: too large for one */
  size_t at;                       /* where the list is */
} wgi_node;

typedef struct { uint32_t to, next; } wgi_edge;
typedef struct { uint32_t hash, node; } wgi_recent;

typedef struct {
  size_t n;                        /* inputs, nodes 0 .. n - 1 */
  size_t nodes, node_room, members, member_room, edges, edge_room;
  wgi_node *node;
  uint32_t *member;                /* the lists */
  wgi_edge *edge;
  uint32_t unused;                 /* the first edge that is free again */
  wgi_recent *recent;              /* nodes by the hash of their content or, the large ones, of their children */
  size_t most;                     /* interactions of inputs, at most; 0: INT_MAX */
  int status;                      /* the first error; nothing happens after it */
} wgi_domains;

/* The inputs' nodes.  What is returned must be closed, whatever the status. */
int wgi_domains_open (wgi_domains *, size_t n);
void wgi_domains_close (wgi_domains *);

/* The union of two domains; WGI_EMPTY is one. */
uint32_t wgi_domain_union (wgi_domains *, uint32_t a, uint32_t b);

/* Every input of a interacts with every input of b. */
void wgi_domain_interact (wgi_domains *, uint32_t a, uint32_t b);

/* The pattern whose row i has the members of domain row[i]. */
int wgi_domains_rows (wgi_domains *, size_t rows, const uint32_t row[], wgi_pattern *);

/* The lower triangle of the interactions; uses them up. */
int wgi_domains_interactions (wgi_domains *, wgi_pattern *);

#endif
