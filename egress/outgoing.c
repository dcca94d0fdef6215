#include "egress/outgoing.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/ptr.h"
#include "base/secret.h"

static bool is_among(const char *name, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcasecmp(names[i], name) == 0)
			return true;
	return false;
}

bool outgoing_sends(const struct outgoing_request *q, const char *name)
{
	static const char *const ours[] = {"Host", "Content-Length", "Expect"};

	if (is_among(name, ours, ARRAY_LEN(ours)))
		return false;
	/* An answer that may echo a credential must be readable. */
	if (rule_credential(q->rule) && strcasecmp(name, "Accept-Encoding") == 0)
		return false;
	return !http1_is_hop(q->head, name) && !rule_strips(q->rule, name);
}

bool outgoing_sends_trailer(const struct outgoing_request *q, const char *name)
{
	static const char *const head_only[] = {"Authorization", "Proxy-Authorization", "Cookie",
		"Content-Encoding", "Content-Type", "Content-Range", "Cache-Control", "Range",
		"Max-Forwards", "If-Match", "If-None-Match", "If-Modified-Since",
		"If-Unmodified-Since", "If-Range"};

	return outgoing_sends(q, name) && !is_among(name, head_only, ARRAY_LEN(head_only));
}

/* A text of our own, which lives as long as o; NULL when memory ran out. */
static struct buf *new_text(struct outgoing *o)
{
	return o->n_texts < OUTGOING_FIELDS_MAX ? &o->texts[o->n_texts++] : NULL;
}

static int add_field(struct outgoing *o, const char *name, const char *value, bool secret)
{
	if (o->n_fields == OUTGOING_FIELDS_MAX)
		return -ENOMEM;
	o->fields[o->n_fields] = (struct http1_field){.name = name, .value = value};
	o->secret[o->n_fields++] = secret;
	return 0;
}

static int make_authority(const struct outgoing_request *q, struct outgoing *o)
{
	struct buf *text = new_text(o);
	bool bare = q->port == 80 || q->port == 443;
	int r = buf_adds(text, q->host);

	if (r == 0 && !bare)
		r = buf_addf(text, ":%u", q->port);
	if (r == 0)
		r = buf_add(text, "", 1);
	o->authority = (const char *)text->p;
	return r;
}

/* "NAME: VALUE\r\n", as the rule has it, into a field. */
static int add_credential(struct outgoing *o, const struct secret *line)
{
	const char *colon = strchr(line->bytes, ':');
	struct buf *text = new_text(o);
	char *value;

	if (!text || buf_add(text, line->bytes, line->len - 1) < 0)
		return -ENOMEM;
	value = (char *)text->p + (colon - line->bytes);
	value[0] = '\0';
	value += 2;
	text->p[text->len - 1] = '\0'; /* the CR */
	return add_field(o, (const char *)text->p, value, true);
}

int outgoing_make(const struct outgoing_request *q, struct outgoing *ret, struct refusal *why)
{
	const struct secret *credential = rule_credential(q->rule);
	int r;

	(void)why;
	*ret = (struct outgoing){
		.method = q->head->method, .target = q->target->text, .length = *q->length};
	r = make_authority(q, ret);
	for (size_t i = 0; i < q->head->n_fields && r == 0; i++) {
		const struct http1_field *f = &q->head->fields[i];

		if (outgoing_sends(q, f->name))
			r = add_field(ret, f->name, f->value, false);
	}
	if (r == 0 && credential)
		r = add_field(ret, "Accept-Encoding", "identity", false);
	return r == 0 && credential ? add_credential(ret, credential) : r;
}

void outgoing_done(struct outgoing *o)
{
	for (size_t i = 0; i < o->n_texts; i++) {
		if (o->texts[i].p)
			secret_wipe(o->texts[i].p, o->texts[i].cap);
		buf_done(&o->texts[i]);
	}
	*o = (struct outgoing){0};
}

int outgoing_check(const struct outgoing_request *q, struct refusal *why)
{
	struct outgoing o;
	int r = outgoing_make(q, &o, why);

	outgoing_done(&o);
	if (r == -ENOMEM)
		refusal_set(why, 503, "busy", "bounds of memory", "no memory for a request");
	return r < 0 ? -EACCES : 0;
}
