#ifndef SCAN_NODE_CHILD_H
#define SCAN_NODE_CHILD_H

#include "scan/node.h"

/* What a node's readers of codings write, on its way to children; see scan/inline.h. arg: node. */
int node_on_text(void *arg, enum inline_coding c, const struct inline_piece *pieces,
	size_t n_pieces, const unsigned char *p, size_t len);
int node_on_binary(void *arg, enum inline_coding c, uint64_t from, uint64_t to,
	const unsigned char *p, size_t len);

/* Bytes from the text's beginning on, for its container and its values. 0 or -errno. */
int node_read_inner(struct node *n, const unsigned char *p, size_t len);
int node_end_inner(struct node *n);
/* All of a text that is no longer than its head and has no structure is a value itself. */
int node_join_head(struct node *n);

#endif
