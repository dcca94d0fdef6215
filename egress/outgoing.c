#include "egress/outgoing.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/ptr.h"
#include "base/secret.h"
#include "bundle/login.h"
#include "egress/sigv4.h"

static bool is_among(const char *name, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (http1_is_alike(names[i], name))
			return true;
	return false;
}

bool outgoing_sends(const struct outgoing_request *q, const struct http1_field *f)
{
	static const char *const ours[] = {"Host", "Content-Length", "Expect"};
	/*
	 * An answer that may echo a credential must be readable; and it must not be cut in the
	 * middle of one by the agent's choice.
	 */
	static const char *const readable[] = {
		"Accept-Encoding", "grpc-accept-encoding", "Range", "If-Range"};

	if (is_among(f->name, ours, ARRAY_LEN(ours)))
		return false;
	if (credential_travels(q->credential) && is_among(f->name, readable, ARRAY_LEN(readable)))
		return false;
	return !http1_is_hop(q->head, f->name) && !credential_drops_field(q->credential, f);
}

bool outgoing_sends_trailer(const struct outgoing_request *q, const struct http1_field *f)
{
	return http1_may_trail(f->name) && outgoing_sends(q, f);
}

/* ---- the list */

char *outgoing_room(struct outgoing *o, size_t size)
{
	char *p = o->n_texts < OUTGOING_TEXTS_MAX ? calloc(1, size) : NULL;

	if (p)
		o->texts[o->n_texts++] = (struct outgoing_text){.p = p, .size = size};
	return p;
}

int outgoing_add(struct outgoing *o, const char *name, const char *value, bool secret)
{
	if (o->n_fields == OUTGOING_FIELDS_MAX)
		return -ENOMEM;
	o->fields[o->n_fields] = (struct http1_field){.name = name, .value = value};
	o->secret[o->n_fields++] = secret;
	return 0;
}

void outgoing_done(struct outgoing *o)
{
	for (size_t i = 0; i < o->n_texts; i++) {
		secret_wipe(o->texts[i].p, o->texts[i].size);
		free(o->texts[i].p);
	}
	*o = (struct outgoing){0};
}

static int make_authority(const struct outgoing_request *q, struct outgoing *o)
{
	size_t size = strlen(q->host) + 8;
	char *text = outgoing_room(o, size);

	if (!text)
		return -ENOMEM;
	if (q->port == 80 || q->port == 443)
		snprintf(text, size, "%s", q->host);
	else
		snprintf(text, size, "%s:%u", q->host, q->port);
	o->authority = text;
	return 0;
}

static int copy_fields(const struct outgoing_request *q, struct outgoing *o)
{
	int r = 0;

	for (size_t i = 0; i < q->head->n_fields && r == 0; i++) {
		const struct http1_field *f = &q->head->fields[i];
		const char *value = f->value;
		int swapped;

		if (!outgoing_sends(q, f))
			continue;
		swapped = outgoing_swap_value(o, q->credential, &value);
		r = swapped < 0 ? swapped : outgoing_add(o, f->name, value, swapped > 0);
	}
	return r;
}

/* ---- the credential */

/* Behind the agent's other parameters. */
static int add_param(const struct outgoing_request *q, struct outgoing *o)
{
	const struct secret *value = &q->credential->forms[CREDENTIAL_PERCENT];
	const char *name = credential_param_name(q->credential), *text = q->target->text;
	size_t size = strlen(text) + 3 * strlen(name) + value->len + 3;
	char *target = outgoing_room(o, size);
	size_t n;

	if (!target)
		return -ENOMEM;
	n = (size_t)snprintf(target, size, "%s%c", text, text[q->target->path_len] ? '&' : '?');
	n += query_encode(name, strlen(name), target + n);
	snprintf(target + n, size - n, "=%s", value->bytes);
	o->target = target;
	return 0;
}

static int swap(const struct outgoing_request *q, struct outgoing *o)
{
	const struct credential *c = q->credential;
	struct swap body;
	int r = outgoing_swap_target(o, q);

	outgoing_swap(q, &body);
	if (r < 0 || !body.from)
		return r;
	if (q->whole) {
		o->length.length += swap_count(body.from, q->body, q->body_len) * body.to_len;
		o->length.length -=
			swap_count(body.from, q->body, q->body_len) * strlen(c->auth->placeholder);
	} else {
		/* How long it will be shows when it has passed. */
		o->length = (struct http1_length){.framing = HTTP1_CHUNKED};
	}
	return 0;
}

static int add_field(const struct credential *c, struct outgoing *o)
{
	return c->field.bytes ? outgoing_add(o, credential_field_name(c), c->field.bytes, true) : 0;
}

/* The token, and what its hosts want to see beside it. */
static int add_login(const struct outgoing_request *q, struct outgoing *o)
{
	const struct login_provider *p = login_provider_find(q->credential->auth->provider);
	int r = add_field(q->credential, o);

	if (r < 0 || !p || !p->field || http1_lists(q->head, p->field, p->value))
		return r;
	return outgoing_add(o, p->field, p->value, false);
}

static int add_credential(const struct outgoing_request *q, struct outgoing *o, struct refusal *why)
{
	const struct credential *c = q->credential;

	if (credential_travels(c) && outgoing_add(o, "Accept-Encoding", "identity", false) < 0)
		return -ENOMEM;
	switch (c->auth->scheme) {
	case POLICY_AUTH_QUERY:
		return add_param(q, o);
	case POLICY_AUTH_SWAP:
		return swap(q, o);
	case POLICY_AUTH_SIGV4:
		return sigv4_sign(q, o, why);
	case POLICY_AUTH_LOGIN:
		return add_login(q, o);
	default:
		return add_field(c, o);
	}
}

int outgoing_make(const struct outgoing_request *q, struct outgoing *ret, struct refusal *why)
{
	int r;

	*ret = (struct outgoing){
		.method = q->head->method, .target = q->target->text, .length = *q->length};
	r = make_authority(q, ret);
	if (r == 0)
		r = copy_fields(q, ret);
	return r == 0 && credential_gives(q->credential) ? add_credential(q, ret, why) : r;
}
