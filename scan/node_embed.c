#include "scan/node_embed.h"

#include <string.h>

#include "scan/state.h"

/* "PK\3\4" (APPNOTE.TXT, 4.3.7), of which \3 stands in no text, so that looking costs nothing. */
#define MAGIC	  "PK\3\4"
#define MAGIC_LEN 4

/* Behind the first magic number in p, or NULL. */
static const unsigned char *find(const unsigned char *p, size_t len)
{
	const unsigned char *end = p + len, *at = p;

	while ((at = memchr(at, 3, (size_t)(end - at)))) {
		if (at - p >= 2 && end - at >= 2 && memcmp(at - 2, MAGIC, MAGIC_LEN) == 0)
			return at + 2;
		at++;
	}
	return NULL;
}

/* The magic number may lie across two pieces: the last bytes of one and the first of the next. */
static const unsigned char *find_across(struct node *n, const unsigned char *p, size_t len)
{
	unsigned char joint[2 * (MAGIC_LEN - 1)];
	size_t kept = n->tail_len, some = len < MAGIC_LEN - 1 ? len : MAGIC_LEN - 1;
	const unsigned char *behind;

	memcpy(joint, n->tail, kept);
	memcpy(joint + kept, p, some);
	behind = find(joint, kept + some);
	if (behind)
		return p + (behind - joint - (ptrdiff_t)kept);
	n->tail_len = kept + some < MAGIC_LEN - 1 ? kept + some : MAGIC_LEN - 1;
	memcpy(n->tail, joint + kept + some - n->tail_len, n->tail_len);
	if (len > some) {
		n->tail_len = MAGIC_LEN - 1;
		memcpy(n->tail, p + len - n->tail_len, n->tail_len);
	}
	return find(p, len);
}

int node_embed(struct node *n, const unsigned char *p, size_t len)
{
	const unsigned char *behind;
	int r;

	if (n->embedded)
		return node_feed(n->embedded, p, len);
	/* Of what a coding says only pieces come. */
	if (n->stage != NODE_PLAIN || (n->parent && n->parent->member != n) ||
		n->depth == NODE_DEPTH_MAX || n->scan->n_nodes == NODE_COUNT_MAX)
		return 0;
	behind = find_across(n, p, len);
	if (!behind)
		return 0;
	r = node_get(n->scan, n, "embedded", &n->embedded);
	if (r == 0)
		r = node_feed(n->embedded, (const unsigned char *)MAGIC, MAGIC_LEN);
	return r < 0 ? r : node_feed(n->embedded, behind, (size_t)(p + len - behind));
}
