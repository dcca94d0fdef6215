#ifndef SCAN_NODE_EMBED_H
#define SCAN_NODE_EMBED_H

#include "scan/node.h"

/*
 * A zip archive may have anything in front of it: it is found by its end. So one that begins amid a
 * text is read as a child from there on. All of a text that is no container itself comes by here. 0
 * or -errno.
 */
int node_embed(struct node *n, const unsigned char *p, size_t len);

#endif
