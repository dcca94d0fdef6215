#include "scan/node.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/ptr.h"
#include "base/secret.h"
#include "scan/node_child.h"
#include "scan/node_hit.h"
#include "scan/state.h"

/* Bytes that go through all readers in turn, while they are in the processor's cache. */
#define SLICE 16384

/* ---- life */

static int make(struct scan *s, struct node **ret)
{
	struct node *n = calloc(1, sizeof(*n));
	struct err ignored;
	int r = 0;

	if (!n)
		return -ENOMEM;
	if (s->sets & SCAN_OUTBOUND)
		r = matcher_open(s->rules->matcher, s->scratch, &n->matcher, &ignored);
	if (s->sets & SCAN_INBOUND)
		n->inbound = inbound_open(s->rules->phrases);
	n->sniffs_kind = true;
	n->inlines = inline_open((1U << INLINE_CODINGS) - 1);
	if (r < 0 || !n->inlines || ((s->sets & SCAN_INBOUND) && !n->inbound)) {
		node_free(n);
		return -ENOMEM;
	}
	*ret = n;
	return 0;
}

int node_get(struct scan *s, struct node *parent, const char *coding, struct node **ret)
{
	struct node *n = s->pool;
	int r = 0;

	if (n)
		s->pool = n->next;
	else
		r = make(s, &n);
	if (r < 0)
		return r;
	s->n_nodes++;
	n->scan = s;
	n->parent = parent;
	n->coding = coding;
	n->depth = parent ? parent->depth + 1 : 0;
	*ret = n;
	return 0;
}

static void put(struct node **n)
{
	if (*n)
		node_put(*n);
	*n = NULL;
}

void node_restart(struct node *n)
{
	n->container_kind = CONTAINER_NONE;
	values_close(n->values);
	n->values = NULL;
	put(&n->member);
	put(&n->embedded);
	n->tail_len = 0;
	for (int i = 0; n->at > 0 && i < INLINE_CODINGS; i++) {
		put(&n->texts[i]);
		put(&n->binaries[i]);
	}
	if (n->matcher)
		matcher_reset(n->matcher);
	if (n->inbound)
		inbound_reset(n->inbound);
	inline_reset(n->inlines);
	secret_wipe(n->head, n->head_len);
	n->stage = NODE_HEAD;
	n->head_len = 0;
	n->at = n->last_to = 0;
	n->known = (struct known_state){0};
	n->hit.open = false;
	n->entropy = (struct entropy){0};
	memset(n->deep, 0, sizeof(n->deep));
	n->kind = VALUES_NONE;
	n->sniffs_kind = true;
	n->n_codings = 0;
	n->type = NULL;
	origin_reset(&n->origin);
}

void node_put(struct node *n)
{
	struct scan *s = n->scan;

	node_restart(n);
	n->next = s->pool;
	s->pool = n;
	s->n_nodes--;
}

void node_free(struct node *n)
{
	if (!n)
		return;
	matcher_close(n->matcher);
	inline_close(n->inlines);
	container_close(n->container);
	inbound_close(n->inbound);
	free(n);
}

/* ---- what the text is */

/* Its bytes are read by this container from the first one on. */
static int set_container(struct node *n, enum container c, const char *boundary)
{
	const struct container_limits limits = {.out_max = NODE_OUT_MAX,
		.ratio_max = n->scan->ratio_max,
		.members_max = NODE_MEMBERS_MAX};
	struct err ignored;
	int r = container_open(c, boundary, &limits, &n->container, &ignored);

	if (r < 0)
		return r;
	n->stage = NODE_CONTAINER;
	n->container_kind = c;
	return 0;
}

/* Tokens of Content-Encoding, in the order in which they were applied. */
static int read_encoding(struct node *n, const char *encoding)
{
	while (*encoding) {
		size_t len = strcspn(encoding, ", \t");
		int c = len > 0 ? container_of_coding(encoding, len) : CONTAINER_NONE;

		if (c < 0 || n->n_codings == NODE_CODINGS_MAX) {
			n->stage = NODE_BROKEN;
			return finding_unreadable(n, "an unknown content coding");
		}
		if (c != CONTAINER_NONE)
			n->codings[n->n_codings++] = (enum container)c;
		encoding += len + (encoding[len] != '\0');
	}
	return 0;
}

static int declare_type(struct node *n, const char *type)
{
	char boundary[72];
	enum container c = container_of_type(type, boundary);

	n->kind = values_kind_of(type, NULL, 0);
	n->sniffs_kind = n->kind == VALUES_NONE;
	if (c == CONTAINER_NONE)
		return 0;
	/* It has told what there was to tell; members have types of their own. */
	n->type = NULL;
	return set_container(n, c, boundary);
}

int node_declare(struct node *n, const char *type, const char *encoding)
{
	int r = encoding ? read_encoding(n, encoding) : 0;

	if (r < 0 || n->stage == NODE_BROKEN)
		return r;
	n->type = type;
	if (n->n_codings > 0)
		return set_container(n, n->codings[--n->n_codings], NULL);
	return type ? declare_type(n, type) : 0;
}

int node_declare_member(struct node *n, const char *type)
{
	struct node *of = n->parent;

	if (of->n_codings == 0 && !of->type)
		return node_declare(n, type, NULL);
	memcpy(n->codings, of->codings, sizeof(n->codings));
	n->n_codings = of->n_codings;
	return node_declare(n, type ? type : of->type, NULL);
}

/* Enough of the text is there to say what it is; its head goes to the reader for that. */
static int leave_head(struct node *n)
{
	const char *what = NULL;
	enum container c = container_sniff(n->head, n->head_len, &what);
	int r = 0;

	n->stage = NODE_PLAIN;
	if (c == CONTAINER_OPAQUE) {
		n->stage = NODE_BROKEN;
		return finding_unreadable(n, what);
	}
	if (c != CONTAINER_NONE)
		r = set_container(n, c, NULL);
	if (r == 0 && n->sniffs_kind && n->scan->split)
		n->kind = values_kind_of(NULL, n->head, n->head_len);
	return r < 0 ? r : node_read_inner(n, n->head, n->head_len);
}

static int read_head(struct node *n, const unsigned char **p, size_t *len)
{
	size_t take = sizeof(n->head) - n->head_len;

	take = *len < take ? *len : take;
	memcpy(n->head + n->head_len, *p, take);
	n->head_len += take;
	*p += take;
	*len -= take;
	return n->head_len == sizeof(n->head) ? leave_head(n) : 0;
}

/* ---- reading */

/* More work than the text is worth: what is in its codings stays unread, and that is told. */
static int may_work(struct node *n, size_t len)
{
	struct scan *s = n->scan;

	s->work += len;
	if (!n->parent || n->parent->container_kind != CONTAINER_NONE)
		s->fed += len;
	if (!n->parent || s->work <= NODE_WORK_FREE + NODE_WORK_RATIO * s->fed)
		return 1;
	return finding_unreadable(n, "more codings within one another than are undone");
}

static int read_slice(struct node *n, const unsigned char *p, size_t len)
{
	struct scan *s = n->scan;
	const struct inline_out out = {.write = node_on_text, .binary = node_on_binary, .arg = n};
	const unsigned char *inner = p;
	size_t inner_len = len;
	int r = may_work(n, len);

	if (r <= 0)
		return r;
	if (!n->parent)
		lines_feed(&s->lines, p, len);
	r = node_search(n, p, len);
	n->at += len;
	if (r == 0 && n->stage == NODE_HEAD)
		r = read_head(n, &inner, &inner_len);
	if (r == 0 && inner_len > 0)
		r = node_read_inner(n, inner, inner_len);
	return r == 0 ? inline_feed(n->inlines, p, len, &out) : r;
}

int node_feed(struct node *n, const unsigned char *p, size_t len)
{
	int r = 0;

	while (r == 0 && len > 0) {
		size_t some = len < SLICE ? len : SLICE;

		r = read_slice(n, p, some);
		p += some;
		len -= some;
	}
	return r;
}

static int each_child(struct node *n, int (*f)(struct node *))
{
	int r = n->embedded ? f(n->embedded) : 0;

	for (int i = 0; r == 0 && i < INLINE_CODINGS; i++) {
		if (n->texts[i])
			r = f(n->texts[i]);
		if (r == 0 && n->binaries[i])
			r = f(n->binaries[i]);
	}
	return r;
}

int node_flush(struct node *n)
{
	const struct inline_out out = {.write = node_on_text, .binary = node_on_binary, .arg = n};
	int r = inline_flush(n->inlines, &out);

	if (r == 0)
		r = node_search_flush(n);
	if (r == 0 && n->member)
		r = node_flush(n->member);
	return r == 0 ? each_child(n, node_flush) : r;
}

int node_end(struct node *n)
{
	const struct inline_out out = {.write = node_on_text, .binary = node_on_binary, .arg = n};
	bool is_short = n->stage == NODE_HEAD && n->head_len > 0;
	int r = is_short ? leave_head(n) : 0;

	if (r == 0 && is_short)
		r = node_join_head(n);
	if (r == 0)
		r = node_end_inner(n);
	if (r == 0)
		r = inline_finish(n->inlines, &out);
	if (r == 0)
		r = node_search_end(n);
	return r == 0 ? each_child(n, node_end) : r;
}
