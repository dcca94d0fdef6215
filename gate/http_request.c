#include "gate/http_request.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/ptr.h"
#include "base/str.h"
#include "gate/lfs.h"

/* What a fetch tells of its own history: 32 bytes a commit, and 50 a reference that it wants. */
#define FETCH_MAX (32U << 20)
/* The commands in front of a push's pack. */
#define COMMANDS_MAX (32U << 20)

static const struct {
	int code, status;
} statuses[] = {
	{EINVAL, 400},
	{EACCES, 403},
	{ENOENT, 404},
	{ENODATA, 404},
	{ETIMEDOUT, 408},
	{EFBIG, 413},
	{EMEDIUMTYPE, 415},
	{E2BIG, 431},
	{ENOTSUP, 505},
};

static int refuse(struct http_request *q, int status, struct err *e)
{
	q->status = status;
	return -e->code;
}

/* Of the parsers' errors. */
static int refuse_by_code(struct http_request *q, struct err *e)
{
	for (size_t i = 0; i < ARRAY_LEN(statuses); i++)
		if (statuses[i].code == e->code)
			return refuse(q, statuses[i].status, e);
	return refuse(q, 500, e);
}

/* RFC 9112, 3.2: exactly one Host, whatever it says: nobody else is served here. */
static int check_host(struct http_request *q, struct err *e)
{
	size_t n;

	http1_field(&q->head, "Host", &n);
	if (n == 1 || (n == 0 && q->head.minor == 0))
		return 0;
	err_say(e, EINVAL, "a request has exactly one Host, this one has %zu", n);
	return refuse(q, 400, e);
}

static int check_expect(struct http_request *q, struct err *e)
{
	size_t n;
	const char *expect = http1_field(&q->head, "Expect", &n);

	if (n == 0 || q->head.minor == 0)
		return 0;
	q->expects_continue = n == 1 && strcasecmp(expect, "100-continue") == 0;
	if (q->expects_continue)
		return 0;
	err_say(e, EINVAL, "of expectations the gate knows 100-continue");
	return refuse(q, 417, e);
}

static const char *methods_of(enum http_ask ask)
{
	static const char *const methods[] = {
		[HTTP_ASK_REFS] = "GET, HEAD",
		[HTTP_ASK_SERVICE] = "POST",
		[HTTP_ASK_LFS] = "GET, HEAD, POST, PUT",
	};

	return methods[ask];
}

/* Whether the list, comma and blank between them, has it. */
static bool has_method(const char *list, const char *method)
{
	size_t len = strlen(method);

	for (const char *p = list; *p; p += strcspn(p, " ") + (p[strcspn(p, " ")] == ' '))
		if (strcspn(p, ", ") == len && strncmp(p, method, len) == 0)
			return true;
	return false;
}

static int check_method(struct http_request *q, struct err *e)
{
	const char *allow = methods_of(q->path.ask);

	q->manner.head_only = http_request_is(q, "HEAD");
	if (has_method(allow, q->head.method))
		return 0;
	q->allow = allow;
	err_say(e, EOPNOTSUPP, "%s is no method for this path; there are: %s", q->head.method,
		allow);
	return refuse(q, 405, e);
}

static uint64_t body_max(const struct http_request *q)
{
	if (http_request_is(q, "GET") || http_request_is(q, "HEAD"))
		return 0;
	if (q->path.ask == HTTP_ASK_LFS)
		/* An object's length is bottle-lfs' to judge. */
		return http_request_is(q, "PUT") ? INT64_MAX : LFS_BODY_MAX;
	return q->path.service == REQUEST_UPLOAD_PACK
		       ? FETCH_MAX
		       : (uint64_t)q->path.repo->push.max_pack + COMMANDS_MAX;
}

/* gitprotocol-http(5): what a service is posted as. */
static int check_type(struct http_request *q, struct err *e)
{
	const char *type = http1_field(&q->head, "Content-Type", NULL);
	const char *wanted = q->path.service == REQUEST_UPLOAD_PACK
				     ? "application/x-git-upload-pack-request"
				     : "application/x-git-receive-pack-request";

	if (q->path.ask != HTTP_ASK_SERVICE || (type && strcasecmp(type, wanted) == 0))
		return 0;
	err_say(e, EMEDIUMTYPE, "the body of this request must be %s", wanted);
	return refuse(q, 415, e);
}

/* "version=2" or "version=1" of a list with colons between; nothing else becomes git's variable. */
static void read_protocol(struct http_request *q)
{
	const char *list = http1_field(&q->head, "Git-Protocol", NULL);

	for (const char *p = list ? list : ""; *p;
		p += strcspn(p, ":") + (p[strcspn(p, ":")] == ':'))
		if (strcspn(p, ":") == 9 && str_starts(p, "version=") &&
			(p[8] == '1' || p[8] == '2') && p[8] > q->protocol[8])
			snprintf(q->protocol, sizeof(q->protocol), "%.9s", p);
}

static int look(const struct gate *g, struct http_request *q, struct err *e)
{
	int r;

	if (check_host(q, e) < 0 || check_expect(q, e) < 0)
		return -e->code;
	r = http_path_parse(g, q->head.target, &q->path, e);
	if (r < 0)
		return refuse_by_code(q, e);
	if (check_method(q, e) < 0)
		return -e->code;
	r = http_body_start(&q->body, &q->head, body_max(q), e);
	if (r < 0)
		return refuse_by_code(q, e);
	read_protocol(q);
	return check_type(q, e);
}

/* Whether what is refused leaves the connection where the next request begins. */
static bool has_body(const struct http1_head *h)
{
	struct http1_length length;
	const char *why;

	return http1_request_length(h, &length, &why) < 0 || length.framing != HTTP1_NO_BODY;
}

int http_request_read(
	const struct gate *g, struct http_wire *w, struct http_request *ret, struct err *e)
{
	int r;

	*ret = (struct http_request){.body.framing.state = HTTP1_BODY_DONE};
	r = http_wire_head(w, &ret->head, e);
	if (r < 0)
		refuse_by_code(ret, e);
	if (r <= 0)
		return r;
	ret->manner.chunks = ret->head.minor >= 1;
	r = look(g, ret, e);
	ret->manner.keep = http1_keeps_alive(&ret->head) && ret->manner.chunks &&
			   (r == 0 || !has_body(&ret->head));
	return r < 0 ? r : 1;
}

void http_request_continue(const struct http_request *q, struct http_wire *w)
{
	static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";

	if (q->expects_continue && !http_body_is_whole(&q->body) && w->in.len == 0)
		/* Without it the agent begins by itself after a second. */
		(void)buf_adds(&w->out, go_on);
}

void http_request_done(struct http_request *q)
{
	http_body_done(&q->body);
	http1_head_done(&q->head);
}
