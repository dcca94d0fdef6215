#include "gate/http_answer.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "base/log.h"
#include "base/ptr.h"
#include "base/str.h"

/* RFC 9110, section 15; of the codes that are used here and by git. */
static const struct {
	int status;
	const char *reason;
} reasons[] = {
	{200, "OK"},
	{400, "Bad Request"},
	{403, "Forbidden"},
	{404, "Not Found"},
	{405, "Method Not Allowed"},
	{408, "Request Timeout"},
	{413, "Content Too Large"},
	{415, "Unsupported Media Type"},
	{417, "Expectation Failed"},
	{431, "Request Header Fields Too Large"},
	{500, "Internal Server Error"},
	{501, "Not Implemented"},
	{502, "Bad Gateway"},
	{503, "Service Unavailable"},
	{505, "HTTP Version Not Supported"},
};

static const char *reason_of(int status)
{
	for (size_t i = 0; i < ARRAY_LEN(reasons); i++)
		if (reasons[i].status == status)
			return reasons[i].reason;
	return "Other";
}

/* Where memory ran out nothing is sent, and the connection has nobody to answer. */
static void put(struct http_wire *w, struct str *text)
{
	if (text->failed || buf_add(&w->out, text->s, text->len) < 0)
		log_error("no memory for an answer");
	str_done(text);
}

static void add_line(struct str *out, const char *name, const char *value)
{
	if (value)
		str_addf(out, "%s: %s\r\n", name, value);
}

static void add_head(struct str *out, int status, const struct http_manner *m)
{
	str_addf(out, "HTTP/1.1 %d %s\r\n", status, reason_of(status));
	add_line(out, "Server", "bottle-gate");
	add_line(out, "Cache-Control", "no-store");
	if (!m->keep)
		add_line(out, "Connection", "close");
}

void http_answer(struct http_wire *w, const struct http_manner *m, const struct http_answer *a)
{
	struct str out = {0};

	add_head(&out, a->status, m);
	add_line(&out, "Allow", a->allow);
	add_line(&out, "Content-Type", a->type);
	/* The body is for people and git: no browser is to see anything else in it. */
	add_line(&out, "X-Content-Type-Options", "nosniff");
	str_addf(&out, "Content-Length: %zu\r\n\r\n", a->len);
	if (!m->head_only)
		str_add_bytes(&out, a->body, a->len);
	put(w, &out);
}

void http_answer_text(struct http_wire *w, const struct http_manner *m, int status,
	const char *allow, const char *text)
{
	cleanup_free char *body = str_format("%s\n", text);
	const struct http_answer a = {.status = status,
		.type = "text/plain; charset=utf-8",
		.allow = allow,
		.body = body,
		.len = body ? strlen(body) : 0};

	http_answer(w, m, &a);
}

void http_answer_lfs(struct http_wire *w, const struct http_manner *m, int status, const char *text)
{
	cleanup_json json_t *j = json_pack("{s:s}", "message", text);
	cleanup_free char *body = j ? json_dumps(j, JSON_COMPACT) : NULL;
	const struct http_answer a = {.status = status,
		.type = "application/vnd.git-lfs+json",
		.body = body,
		.len = body ? strlen(body) : 0};

	http_answer(w, m, &a);
}

/*
 * A CGI answer's head as a response's: its Status is the status, all else stays. The parser of
 * responses then finds whatever no head may hold.
 */
static int parse_cgi(
	const unsigned char *head, size_t len, struct http1_head *ret, const char **why)
{
	static const char line[] = "HTTP/1.1 200 OK\r\n";
	cleanup_str struct str text = {0};
	const char *status;
	long code;
	int r;

	str_add(&text, line);
	str_add_bytes(&text, head, len);
	if (text.failed)
		return -ENOMEM;
	r = http1_parse_response((const unsigned char *)text.s, text.len, ret, why);
	if (r < 0)
		return r;
	status = http1_field(ret, "Status", NULL);
	if (status) {
		code = strtol(status, NULL, 10);
		if (code < 200 || code > 599) {
			*why = "a malformed Status";
			return -EPROTO;
		}
		ret->status = (int)code;
	}
	return 0;
}

static void add_fields(struct str *out, const struct http1_head *h)
{
	static const char *const ours[] = {
		"Status", "Content-Length", "Cache-Control", "Expires", "Pragma", "Server"};

	for (size_t i = 0; i < h->n_fields; i++) {
		bool pass = !http1_is_hop(h, h->fields[i].name);

		for (size_t k = 0; k < ARRAY_LEN(ours); k++)
			pass = pass && strcasecmp(h->fields[i].name, ours[k]) != 0;
		if (pass)
			add_line(out, h->fields[i].name, h->fields[i].value);
	}
}

int http_answer_begin(struct http_wire *w, struct http_manner *m, const unsigned char *head,
	size_t len, struct http1_length *ret, struct err *e)
{
	struct http1_head h = {0};
	struct str out = {0};
	const char *why = "no memory";
	int r = parse_cgi(head, len, &h, &why);

	if (r == 0)
		r = http1_response_length(&h, "GET", ret, &why);
	if (r < 0) {
		http1_head_done(&h);
		return err_say(e, EPROTO, "a helper's answer: %s", why);
	}
	if (ret->framing == HTTP1_UNTIL_CLOSE && m->chunks)
		ret->framing = HTTP1_CHUNKED;
	m->keep = m->keep && ret->framing != HTTP1_UNTIL_CLOSE;
	add_head(&out, h.status, m);
	add_fields(&out, &h);
	if (ret->framing == HTTP1_CHUNKED)
		add_line(&out, "Transfer-Encoding", "chunked");
	else if (h.status != 204 && (ret->announced || ret->framing == HTTP1_NO_BODY))
		str_addf(&out, "Content-Length: %llu\r\n", (unsigned long long)ret->length);
	str_add(&out, "\r\n");
	http1_head_done(&h);
	put(w, &out);
	return 0;
}
