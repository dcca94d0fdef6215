/*
 * What is sent for a hostile request, under each scheme of a credential. The input's first byte
 * chooses the scheme; the rest is a request. Whatever it is, what goes out is one well-formed
 * request: no line ends, one reading of the target, nothing of the agent's own where the route's
 * stands, a body of the announced length.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "egress/aws_chunked.h"
#include "egress/outgoing.h"
#include "tests/fuzz/fuzz.h"

/* So short that "u:" and it in base64 is none of the credentials that the scanner finds. */
#define PLACEHOLDER "stand-in"
#define VALUE	    "va/l+ue\"&of<the\\fuzzer"

static struct component_boot boot;

static void must(int holds)
{
	if (!holds)
		abort();
}

static const struct policy_auth *auth_of(uint8_t choice)
{
	static struct policy_auth auths[] = {
		{.scheme = POLICY_AUTH_NONE},
		{.scheme = POLICY_AUTH_PASS},
		{.scheme = POLICY_AUTH_BEARER},
		{.scheme = POLICY_AUTH_BASIC},
		{.scheme = POLICY_AUTH_HEADER, .name = (char *)"X-Key"},
		{.scheme = POLICY_AUTH_QUERY, .name = (char *)"key"},
		{.scheme = POLICY_AUTH_SWAP},
		{.scheme = POLICY_AUTH_SIGV4, .access_key_slot = (char *)"SLOT"},
	};
	struct policy_auth *a = &auths[choice & 7];

	a->slot = a->scheme > POLICY_AUTH_PASS ? (char *)"SLOT" : NULL;
	a->placeholder = (char *)PLACEHOLDER;
	a->places = POLICY_IN_HEADER | POLICY_IN_PATH | POLICY_IN_QUERY | POLICY_IN_BODY;
	a->require = a->slot && (choice & 8);
	return a;
}

static struct credential *credential_of(uint8_t choice)
{
	struct credential *c;
	struct err e;

	if (boot.n_secrets == 0) {
		boot.secrets[0].name = strdup("SLOT");
		must(secret_set(&boot.secrets[0].value, VALUE, strlen(VALUE), &e) == 0);
		boot.n_secrets = 1;
	}
	must(credential_new(auth_of(choice), &boot, &c, &e) == 0);
	return c;
}

/* ---- what must hold */

static void check_text(const char *text)
{
	for (; *text; text++)
		must(((unsigned char)*text >= 0x20 && *text != 0x7f) || *text == '\t');
}

static void check_list(const struct outgoing_request *q, const struct outgoing *o)
{
	const char *own = credential_field_name(q->credential);
	size_t n = 0;

	must(o->target[0] == '/' || o->target[0] == '*');
	must(!strpbrk(o->target, " #"));
	check_text(o->target);
	for (size_t i = 0; i < o->n_fields; i++) {
		check_text(o->fields[i].name);
		check_text(o->fields[i].value);
		n += own && strcasecmp(own, o->fields[i].name) == 0;
	}
	must(!own || n == 1);
}

/* The target of what is sent has the one reading that it had. */
static void check_target(const struct outgoing *o)
{
	struct target again;
	const char *why;

	must(target_parse(o->target, &again, &why) == 0);
	target_done(&again);
}

static void check_body(const struct outgoing_request *q, const struct outgoing *o)
{
	struct http1_piece in = {.data = q->body, .len = q->body_len}, out, rest;
	struct swap s;

	outgoing_swap(q, &s);
	must(swap_take(&s, &in, &out) == 0);
	in.len = out.len;
	swap_end(&s, &rest);
	must(!s.from || in.len + rest.len == o->length.length);
	swap_done(&s);
}

/* ---- one request */

static void send(struct outgoing_request *q, struct target *t)
{
	struct refusal why;
	struct outgoing o;

	if (outgoing_admit(q, t, &why) < 0 || outgoing_check(q, &why) < 0)
		return;
	must(outgoing_make(q, &o, &why) == 0);
	check_list(q, &o);
	check_target(&o);
	check_body(q, &o);
	outgoing_done(&o);
}

/* Frames within the body, if it says so: what comes out is its payload, or nothing. */
static int unframe(struct aws_chunked *a, struct http1_head *head, struct http1_length *length,
	struct outgoing_request *q)
{
	struct http1_piece in = {.data = q->body, .len = q->body_len}, out;
	const char *why;

	if (aws_chunked_start(a, head, length, &why) < 0 || aws_chunked_take(a, &in, &out) < 0 ||
		aws_chunked_end(a) < 0)
		return -1;
	must(!a->active || out.len == length->length);
	q->body = out.data;
	q->body_len = out.len;
	return 0;
}

static void try_request(uint8_t choice, const uint8_t *p, size_t head_len, size_t len)
{
	struct http1_head head;
	struct http1_length length;
	struct target t = {0};
	struct aws_chunked a = {0};
	const char *why;
	struct outgoing_request q = {.head = &head,
		.target = &t,
		.host = "a.com",
		.port = 443,
		.length = &length,
		.body = p + head_len,
		.body_len = len - head_len,
		.whole = true,
		.now_s = 1369353600};

	if (http1_parse_request(p, head_len, &head, &why) == 0 &&
		target_parse(head.target, &t, &why) == 0) {
		struct credential *c = credential_of(choice);

		q.credential = c;
		length = (struct http1_length){.framing = q.body_len ? HTTP1_LENGTH : HTTP1_NO_BODY,
			.length = q.body_len,
			.announced = true};
		if ((choice & 7) != 7 || unframe(&a, &head, &length, &q) == 0)
			send(&q, &t);
		credential_free(c);
	}
	aws_chunked_done(&a);
	target_done(&t);
	http1_head_done(&head);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t scanned = 0;
	const char *why;
	long n = size > 1 ? http1_head_length(data + 1, size - 1, &scanned, &why) : 0;

	if (n > 0)
		try_request(data[0], data + 1, (size_t)n, size - 1);
	return 0;
}
