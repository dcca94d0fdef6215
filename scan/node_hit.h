#ifndef SCAN_NODE_HIT_H
#define SCAN_NODE_HIT_H

#include "scan/node.h"

/* A node's bytes searched by rules, for known secrets and for phrases; what is found is told. */
int node_search(struct node *n, const unsigned char *p, size_t len);
int node_search_flush(struct node *n);
int node_search_end(struct node *n);

/* A known secret was found in joined values; arg: node. See known_hit_fn. */
int node_on_split(void *arg, unsigned int id, uint64_t start, uint64_t end);

#endif
