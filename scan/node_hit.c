#include "scan/node_hit.h"

#include "scan/state.h"

/* A hit that has not grown for so long is told. */
#define HIT_PATIENCE 4096

/* ---- rules */

static int on_match(void *arg, const struct match *m)
{
	struct node *n = arg;
	struct scan *s = n->scan;
	const struct rule *rule = &s->rules->set.rules[m->rule];
	const struct verdict_match v = {.rule = m->rule,
		.path = s->path,
		.text = m->text,
		.len = m->len,
		.start = m->at,
		.end = m->at_end,
		.secret_start = m->secret_at,
		.secret_end = m->secret_end};
	struct finding_raw f = {.rule = rule->id, .what = rule->what};
	struct err e;
	int r = verdict_of(s->rules->verdicts, &v, &f.confidence, &e);

	if (r <= 0)
		return r;
	f.start = m->start + m->secret_at - m->at;
	f.end = m->start + m->secret_end - m->at;
	f.secret = m->text + m->secret_at;
	f.secret_len = m->secret_end - m->secret_at;
	return finding_tell(n, &f);
}

/* ---- known secrets */

static int tell_known(struct node *n, const struct node_hit *h)
{
	const struct finding_raw f = {.rule = SCAN_RULE_KNOWN,
		.what = n->scan->rules->names[h->id],
		.confidence = SCAN_HIGH,
		.start = h->start,
		.end = h->end};

	return finding_tell(n, &f);
}

static int close_hit(struct node *n)
{
	if (!n->hit.open)
		return 0;
	n->hit.open = false;
	return tell_known(n, &n->hit);
}

/* Runs of one secret that overlap are one finding. */
static int on_known(void *arg, unsigned int id, uint64_t start, uint64_t end)
{
	struct node *n = arg;
	struct node_hit *h = &n->hit;
	int r;

	if (h->open && h->id == id && start <= h->end && h->start <= end) {
		h->start = start < h->start ? start : h->start;
		h->end = end > h->end ? end : h->end;
		return 0;
	}
	r = close_hit(n);
	*h = (struct node_hit){.open = true, .id = id, .start = start, .end = end};
	return r;
}

int node_on_split(void *arg, unsigned int id, uint64_t start, uint64_t end)
{
	(void)start;
	(void)end;
	return tell_known(arg, &(struct node_hit){.id = id});
}

/* ---- phrases */

static int on_phrase(void *arg, const struct inbound_hit *h)
{
	const struct finding_raw f = {.rule = SCAN_RULE_INJECTION,
		.what = h->disclosure && h->jailbreak ? "a prompt injection"
			: h->disclosure		      ? h->disclosure
						      : h->jailbreak,
		.confidence = h->verdict == INBOUND_REFUSE ? SCAN_MEDIUM : SCAN_LOW,
		.start = h->start,
		.end = h->end};

	return finding_tell(arg, &f);
}

/* ---- tools of an MCP server: read where they come as they are, or in a container */

static int on_tool(void *arg, uint64_t start, uint64_t end)
{
	const struct finding_raw f = {.rule = SCAN_RULE_TOOL,
		.what = "a tool's description that is not what the server first said",
		.confidence = SCAN_MEDIUM,
		.start = start,
		.end = end};

	return finding_tell(arg, &f);
}

static int search_tools(struct node *n, const unsigned char *p, size_t len)
{
	struct scan *s = n->scan;
	/* The innermost member is read, of one that is none the text itself. */
	bool is_text = n->stage != NODE_CONTAINER && (!n->parent || n->parent->container);

	return s->mcp && s->window && is_text ? mcp_feed(s->mcp, p, len, on_tool, n) : 0;
}

/* ---- entropy: of what was fed, once a text */

static int search_random(struct node *n, const unsigned char *p, size_t len)
{
	struct finding_raw f = {.rule = SCAN_RULE_ENTROPY,
		.what = "a long run of characters that looks random",
		.confidence = SCAN_LOW};

	if (n->parent || n->scan->told_random || !(n->scan->sets & SCAN_ENTROPY) ||
		!entropy_feed(&n->entropy, p, len, &f.start))
		return 0;
	n->scan->told_random = true;
	f.end = f.start + ENTROPY_WINDOW;
	return finding_tell(n, &f);
}

/* ---- all */

int node_search(struct node *n, const unsigned char *p, size_t len)
{
	const struct known *known = n->scan->sets & SCAN_KNOWN ? n->scan->rules->known : NULL;
	int r = 0;

	if (known)
		r = known_search(known, &n->known, p, len, on_known, n);
	if (r == 0 && n->hit.open && n->at + len > n->hit.end + HIT_PATIENCE)
		r = close_hit(n);
	if (r == 0 && n->matcher)
		r = matcher_feed(n->matcher, p, len, on_match, n);
	if (r == 0)
		r = search_random(n, p, len);
	if (r == 0)
		r = search_tools(n, p, len);
	return r == 0 && n->inbound ? inbound_feed(n->inbound, p, len, on_phrase, n) : r;
}

int node_search_flush(struct node *n)
{
	int r = close_hit(n);

	return r == 0 && n->matcher ? matcher_flush(n->matcher, on_match, n) : r;
}

int node_search_end(struct node *n)
{
	int r = close_hit(n);

	if (r == 0 && n->matcher)
		r = matcher_finish(n->matcher, on_match, n);
	return r == 0 && n->inbound ? inbound_finish(n->inbound, on_phrase, n) : r;
}
