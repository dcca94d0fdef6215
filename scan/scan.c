#include "scan/scan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/ptr.h"
#include "base/secret.h"
#include "base/str.h"
#include "scan/node_hit.h"
#include "scan/state.h"

/*
 * Theory of operation. A text is the root of a tree of nodes (scan/node.h). All bytes of a node go
 * through its readers as they come; what a reader of codings undoes is fed to a child, at once. No
 * reader holds more than its window, so memory is that of the nodes, whose number is bounded. What
 * readers find is carried up to the place in the outermost text that hides it (scan/finding.h).
 */

void scan_limit_ratio(struct scan *s, unsigned int ratio)
{
	s->ratio_max = ratio ? ratio : NODE_RATIO_MAX;
}

int scan_open(const struct scan_rules *rules, unsigned int sets, scan_found_fn *found, void *arg,
	struct scan **ret, struct err *e)
{
	cleanup_scan struct scan *s = calloc(1, sizeof(*s));

	if (!s)
		return err_set(e, ENOMEM, "open a scan");
	s->rules = rules;
	s->sets = sets;
	s->found = found;
	s->arg = arg;
	scan_limit_ratio(s, 0);
	if ((sets & SCAN_OUTBOUND) && matcher_scratch_new(rules->matcher, &s->scratch, e) < 0)
		return -e->code;
	if ((sets & SCAN_KNOWN) && rules->known) {
		s->split = split_new(rules->known);
		if (!s->split)
			return err_set(e, ENOMEM, "open a scan");
	}
	if (sets & SCAN_INBOUND) {
		s->mcp = mcp_open();
		if (!s->mcp)
			return err_set(e, ENOMEM, "open a scan");
	}
	*ret = steal_ptr(&s);
	return 0;
}

static void forget_text(struct scan *s)
{
	if (s->root)
		node_put(s->root);
	s->root = NULL;
	s->place = s->path = s->type = NULL;
}

void scan_close(struct scan *s)
{
	if (!s)
		return;
	forget_text(s);
	while (s->pool) {
		struct node *n = s->pool;

		s->pool = n->next;
		node_free(n);
	}
	for (size_t i = 0; i < ARRAY_LEN(s->kept); i++)
		free(s->kept[i].s);
	split_free(s->split);
	mcp_close(s->mcp);
	matcher_scratch_free(s->scratch);
	free(s);
}

int scan_message(struct scan *s, struct scan_window *w, struct err *e)
{
	forget_text(s);
	s->window = w;
	if (s->split)
		split_message(s->split, w);
	if (!s->mcp || !w || w->tools)
		return 0;
	w->tools = mcp_tools_new();
	return w->tools ? 0 : err_set(e, ENOMEM, "remember a server's tools");
}

static int failed(int r, struct err *e)
{
	return r < 0 ? err_set(e, -r, "scan") : 0;
}

/* Into memory that is kept for the next text, as many of them are short. */
static int copy(struct scan_kept *kept, const char *from, const char **to)
{
	size_t size = from ? strlen(from) + 1 : 0;

	*to = NULL;
	if (size > kept->size) {
		free(kept->s);
		kept->s = malloc(size);
		kept->size = kept->s ? size : 0;
	}
	if (!from)
		return 0;
	if (!kept->s)
		return -ENOMEM;
	*to = memcpy(kept->s, from, size);
	return 0;
}

static int begin(struct scan *s, const struct scan_text *text)
{
	int r;

	forget_text(s);
	s->fed = s->work = s->flushed = s->prefix = 0;
	s->findings.n = 0;
	s->told_random = false;
	lines_reset(&s->lines);
	if (s->mcp && s->window)
		mcp_reset(s->mcp, s->window->tools);
	r = copy(&s->kept[0], text->place, &s->place);
	if (r == 0)
		r = copy(&s->kept[1], text->path, &s->path);
	if (r == 0)
		r = copy(&s->kept[2], text->content_type, &s->type);
	if (r == 0)
		r = node_get(s, NULL, NULL, &s->root);
	return r < 0 ? r : node_declare(s->root, s->type, text->content_encoding);
}

int scan_begin(struct scan *s, const struct scan_text *text, struct err *e)
{
	return failed(begin(s, text), e);
}

int scan_feed(struct scan *s, const void *data, size_t len, struct err *e)
{
	return failed(node_feed(s->root, data, len), e);
}

int scan_flush(struct scan *s, struct err *e)
{
	int r = node_flush(s->root);

	s->flushed = s->root->at;
	return failed(r, e);
}

int scan_end(struct scan *s, struct err *e)
{
	int r = node_end(s->root);

	s->flushed = s->root->at;
	return failed(r, e);
}

uint64_t scan_decided(const struct scan *s)
{
	uint64_t at = s->root->at, behind = at > SCAN_HOLD ? at - SCAN_HOLD : 0;

	return s->flushed > behind ? s->flushed : behind;
}

/* ---- values */

/* As much of a value goes through the readers together with its name: most values are shorter. */
#define TOGETHER 512

/* Its name in front, for rules that want to know whose value it is. */
static int feed_named(struct scan *s, const char *name, const char *value, size_t len)
{
	unsigned char text[TOGETHER] __attribute__((uninitialized));
	size_t n = strlen(name), some;
	int r = 0;

	s->prefix = n + 2;
	if (n + 2 > sizeof(text)) {
		r = node_feed(s->root, (const unsigned char *)name, n);
		n = 0;
	}
	memcpy(text, name, n);
	memcpy(text + n, ": ", 2);
	n += 2;
	some = len < sizeof(text) - n ? len : sizeof(text) - n;
	memcpy(text + n, value, some);
	if (r == 0)
		r = node_feed(s->root, text, n + some);
	secret_wipe(text + n, some);
	if (r == 0)
		r = node_feed(s->root, (const unsigned char *)value + some, len - some);
	return r < 0 ? r : node_end(s->root);
}

static int split_one(struct scan *s, const char *name, const char *value, size_t len)
{
	int r = split_value(
		s->split, name, (const unsigned char *)value, len, node_on_split, s->root);

	return r == 0 ? split_end(s->split, node_on_split, s->root) : r;
}

/* A path is as many values as it has parts: those that stay the same in each do not count. */
static int split(struct scan *s, const char *name, const char *value, size_t len)
{
	const char *end;
	int r = 0;

	while (r == 0 && str_eq(name, "path") && (end = memchr(value, '/', len))) {
		if (end > value)
			r = split_one(s, name, value, (size_t)(end - value));
		len -= (size_t)(end + 1 - value);
		value = end + 1;
	}
	return r == 0 && len > 0 ? split_one(s, name, value, len) : r;
}

int scan_value(struct scan *s, const char *place, const char *name, const char *value, size_t len,
	struct err *e)
{
	const struct scan_text text = {.place = place};
	int r = begin(s, &text);

	if (r == 0)
		r = feed_named(s, name, value, len);
	if (r == 0 && s->split)
		r = split(s, name, value, len);
	return failed(r, e);
}
