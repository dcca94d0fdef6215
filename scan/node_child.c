#include "scan/node_child.h"

#include <errno.h>

#include "scan/node_embed.h"
#include "scan/node_hit.h"
#include "scan/state.h"

#define TOO_DEEP "more codings within one another than are undone"

/* What a child would read that may not be. */
static int too_deep(struct node *n, const unsigned char *p, size_t len)
{
	int different = 0;

	for (size_t i = 0; i < len; i++)
		n->deep[p[i] / 64] |= (uint64_t)1 << p[i] % 64;
	for (size_t i = 0; i < 4; i++)
		different += __builtin_popcountll(n->deep[i]);
	return different < NODE_DEEP_MIN ? 0 : finding_unreadable(n, TOO_DEEP);
}

/* 1: *to is there; 0: it may not be, which was told; -errno. */
static int child(struct node *n, const char *coding, struct node **to)
{
	int r;

	if (*to)
		return 1;
	if (n->depth == NODE_DEPTH_MAX)
		return finding_unreadable(n, TOO_DEEP);
	if (n->scan->n_nodes == NODE_COUNT_MAX)
		return finding_unreadable(n, "more different codings than are undone");
	r = node_get(n->scan, n, coding, to);
	return r < 0 ? r : 1;
}

/* Folded once, a text says nothing else when it is folded again. */
static bool is_idle(const struct node *n, enum inline_coding c)
{
	return (c == INLINE_FOLD || c == INLINE_ROT13) && n->coding == inline_name(c);
}

int node_on_text(void *arg, enum inline_coding c, const struct inline_piece *pieces,
	size_t n_pieces, const unsigned char *p, size_t len)
{
	struct node *n = arg, *to_node;
	int r = 0;

	if (n->depth == NODE_DEPTH_MAX)
		return too_deep(n, p, len);
	if (!is_idle(n, c))
		r = child(n, inline_name(c), &n->texts[c]);
	if (r <= 0)
		return r;
	to_node = n->texts[c];
	to_node->stage = NODE_PLAIN;
	if (to_node->at > 0 && to_node->last_to != pieces[0].from)
		r = node_feed(to_node, (const unsigned char *)"\n", 1);
	if (r < 0)
		return r;
	origin_add(&to_node->origin, to_node->at, pieces, n_pieces);
	to_node->last_to = pieces[n_pieces - 1].to;
	return node_feed(to_node, p, len);
}

int node_on_binary(void *arg, enum inline_coding c, uint64_t from, uint64_t to,
	const unsigned char *p, size_t len)
{
	struct node *n = arg, *to_node;
	int r = child(n, inline_name(c), &n->binaries[c]);

	if (r <= 0)
		return r;
	to_node = n->binaries[c];
	r = 0;
	if (to_node->at > 0 && to_node->last_to != from) {
		r = node_end(to_node);
		node_restart(to_node);
	}
	to_node->last_to = to;
	return r < 0 ? r : node_feed(to_node, p, len);
}

/* ---- containers: arg is the node whose bytes are the container's */

/* A value of its own, for what is split over values. */
static int join(struct node *n, const char *name, const void *p, size_t len)
{
	int r = 0;

	if (n->scan->split && len > 0)
		r = split_value(n->scan->split, name, p, len, node_on_split, n);
	return r == 0 && n->scan->split ? split_end(n->scan->split, node_on_split, n) : r;
}

static int on_begin(void *arg, const struct container_member *m)
{
	struct node *n = arg;
	int r = child(n, container_name(n->container_kind), &n->member);

	if (r <= 0)
		return r;
	r = join(n, VALUES_NAMES, m->name, m->name_len);
	if (r < 0)
		return r;
	node_restart(n->member);
	return node_declare_member(n->member, m->content_type);
}

static int on_write(void *arg, const unsigned char *p, size_t len)
{
	struct node *n = arg;

	return n->member ? node_feed(n->member, p, len) : 0;
}

static int on_end(void *arg)
{
	struct node *n = arg;

	return n->member ? node_end(n->member) : 0;
}

/*
 * What only looked like a container within a run of hexadecimal or base64 and turns out damaged is
 * none, or an example of one: what could be read of it was read, and others read no more.
 */
static int unless_broken(struct node *n, int r)
{
	bool guessed = n->parent && n->parent->member != n;

	if (r != -EBADMSG)
		return r;
	n->stage = NODE_BROKEN;
	/* What looked like an archive amid a text was none, and was read as that text. */
	if (n->parent && n->parent->embedded == n)
		return 0;
	if (guessed && container_damaged(n->container))
		return 0;
	return finding_unreadable(n, container_why(n->container));
}

static int read_container(struct node *n, const unsigned char *p, size_t len)
{
	const struct container_out out = {on_begin, on_write, on_end, n};

	return unless_broken(n, container_feed(n->container, p, len, &out));
}

/* ---- values */

static int on_value(void *arg, const char *name, const unsigned char *p, size_t len)
{
	struct node *n = arg;

	return split_value(n->scan->split, name, p, len, node_on_split, n);
}

static int on_value_end(void *arg)
{
	struct node *n = arg;

	return split_end(n->scan->split, node_on_split, n);
}

static int read_values(struct node *n, const unsigned char *p, size_t len)
{
	const struct values_out out = {on_value, on_value_end, n};

	if (!n->scan->split)
		return 0;
	if (!n->values) {
		n->values = values_open(n->kind);
		if (!n->values)
			return -ENOMEM;
	}
	return values_feed(n->values, p, len, &out);
}

int node_read_inner(struct node *n, const unsigned char *p, size_t len)
{
	int r;

	if (n->stage == NODE_CONTAINER)
		return read_container(n, p, len);
	r = node_embed(n, p, len);
	return r == 0 && n->kind != VALUES_NONE ? read_values(n, p, len) : r;
}

int node_join_head(struct node *n)
{
	bool is_member = n->parent && n->parent->member == n;

	/* What is told by its name (scan_value) is joined with that. */
	if (n->stage != NODE_PLAIN || n->kind != VALUES_NONE || n->scan->prefix > 0 ||
		(n->parent && !is_member))
		return 0;
	return join(n, is_member ? "part" : "text", n->head, n->head_len);
}

int node_end_inner(struct node *n)
{
	const struct container_out out = {on_begin, on_write, on_end, n};
	const struct values_out values = {on_value, on_value_end, n};

	if (n->stage == NODE_CONTAINER)
		return unless_broken(n, container_finish(n->container, &out));
	return n->values ? values_finish(n->values, &values) : 0;
}
