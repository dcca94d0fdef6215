#include "egress/needles.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "egress/needles_spell.h"

/*
 * Theory of operation. A node stands for the text that leads to it, the longest end of what was
 * read that begins a needle; `fail` is the next shorter one. Needles are long and few, so a node
 * has mostly one child, and children are lists; only the first byte, at which nearly every byte of
 * a body is decided, has a table.
 */
struct node {
	uint32_t child, sibling, fail;
	uint32_t depth; /* length of its text */
	uint32_t ends;	/* length of the longest needle that ends here; 0: none */
	unsigned char byte;
};

struct needles {
	int refs;
	struct node *nodes; /* [0] is the empty text */
	uint32_t n, cap;
	uint32_t first[256]; /* children of [0]; 0: none */
};

struct needles *needles_new(void)
{
	struct needles *n = calloc(1, sizeof(*n));

	if (!n)
		return NULL;
	n->refs = 1;
	n->cap = 256;
	n->n = 1;
	n->nodes = calloc(n->cap, sizeof(*n->nodes));
	if (n->nodes)
		return n;
	free(n);
	return NULL;
}

void needles_free(struct needles *n)
{
	if (!n || --n->refs > 0)
		return;
	secret_wipe(n->nodes, n->cap * sizeof(*n->nodes));
	free(n->nodes);
	free(n);
}

struct needles *needles_ref(const struct needles *n)
{
	/* Who has it is no part of what it finds. */
	struct needles *same = (struct needles *)(uintptr_t)n;

	if (same)
		same->refs++;
	return same;
}

/* Not by realloc(3): it would leave a copy of the credentials behind. */
static int grow(struct needles *n)
{
	struct node *more = calloc(n->cap * 2, sizeof(*more));

	if (!more)
		return -ENOMEM;
	memcpy(more, n->nodes, n->cap * sizeof(*more));
	secret_wipe(n->nodes, n->cap * sizeof(*more));
	free(n->nodes);
	n->nodes = more;
	n->cap *= 2;
	return 0;
}

static uint32_t child_of(const struct needles *n, uint32_t at, unsigned char byte)
{
	uint32_t i = n->nodes[at].child;

	if (at == 0)
		return n->first[byte];
	while (i != 0 && n->nodes[i].byte != byte)
		i = n->nodes[i].sibling;
	return i;
}

static int add_child(struct needles *n, uint32_t at, unsigned char byte, uint32_t *ret)
{
	if (n->n == n->cap && grow(n) < 0)
		return -ENOMEM;
	n->nodes[n->n] = (struct node){
		.byte = byte, .depth = n->nodes[at].depth + 1, .sibling = n->nodes[at].child};
	n->nodes[at].child = n->n;
	if (at == 0)
		n->first[byte] = n->n;
	*ret = n->n++;
	return 0;
}

static int add_text(struct needles *n, const unsigned char *text, size_t len)
{
	uint32_t at = 0, next;

	if (len < NEEDLE_MIN)
		return 0;
	for (size_t i = 0; i < len; i++) {
		next = child_of(n, at, text[i]);
		if (next == 0 && add_child(n, at, text[i], &next) < 0)
			return -ENOMEM;
		at = next;
	}
	n->nodes[at].ends = (uint32_t)len;
	return 0;
}

static int add_spelling(void *arg, const unsigned char *text, size_t len)
{
	return add_text(arg, text, len);
}

int needles_add(struct needles *n, const char *value, size_t len)
{
	return len < NEEDLE_MIN ? 0 : needles_spell(value, len, add_spelling, n);
}

static uint32_t step(const struct needles *n, uint32_t at, unsigned char byte)
{
	uint32_t next = child_of(n, at, byte);

	while (next == 0 && at != 0) {
		at = n->nodes[at].fail;
		next = child_of(n, at, byte);
	}
	return next;
}

/* Breadth first: what a node falls back to is shorter, and so is known already. */
int needles_compile(struct needles *n)
{
	uint32_t *queue = malloc(n->n * sizeof(*queue)), head = 0, tail = 0;

	if (!queue)
		return -ENOMEM;
	queue[tail++] = 0;
	while (head < tail) {
		uint32_t at = queue[head++];

		for (uint32_t i = n->nodes[at].child; i != 0; i = n->nodes[i].sibling) {
			struct node *node = &n->nodes[i];

			node->fail = at == 0 ? 0 : step(n, n->nodes[at].fail, node->byte);
			if (node->ends == 0)
				node->ends = n->nodes[node->fail].ends;
			queue[tail++] = i;
		}
	}
	free(queue);
	return 0;
}

/* The last `most` bytes of p[0..len), or what is there of them. */
static void star_last(unsigned char *p, size_t len, size_t most)
{
	size_t n = most < len ? most : len;

	if (n > 0)
		memset(p + len - n, '*', n);
}

size_t needles_star(
	const struct needles *n, uint32_t *state, unsigned char *p, size_t held, size_t len)
{
	uint32_t at = *state;

	for (size_t i = held; i < len; i++) {
		at = at == 0 ? n->first[p[i]] : step(n, at, p[i]);
		if (n->nodes[at].ends > 0)
			star_last(p, i + 1, n->nodes[at].ends);
	}
	*state = at;
	return n->nodes[at].depth < len ? n->nodes[at].depth : len;
}

void needles_star_end(const struct needles *n, uint32_t state, unsigned char *p, size_t len)
{
	if (n->nodes[state].depth >= NEEDLE_PIECE)
		star_last(p, len, n->nodes[state].depth);
}
