#include "base/http1.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"

static int bad(const char **ret_why, const char *why)
{
	*ret_why = why;
	return -EINVAL;
}

void http1_head_done(struct http1_head *h)
{
	free(h->text);
	h->text = NULL;
	h->size = h->room = 0;
	h->n_fields = 0;
}

bool http1_is_token_char(unsigned char c)
{
	static const char others[] = "!#$%&'*+-.^_`|~";

	if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
		return true;
	return c && strchr(others, c);
}

static bool is_token(const char *s)
{
	if (!*s)
		return false;
	for (; *s; s++)
		if (!http1_is_token_char((unsigned char)*s))
			return false;
	return true;
}

static bool is_control(unsigned char c)
{
	return (c < 0x20 && c != '\t') || c == 0x7f;
}

static int check_line(const unsigned char *line, size_t len, const char **why)
{
	if (len == 0 || line[len - 1] != '\r')
		return bad(why, "a line of the head ends without a carriage return");
	for (size_t i = 0; i + 1 < len; i++)
		if (is_control(line[i]))
			return bad(why, "the head holds a control character");
	return 0;
}

long http1_head_length(const unsigned char *p, size_t len, size_t *scanned, const char **ret_why)
{
	size_t at = *scanned;
	size_t max = len < HTTP1_HEAD_MAX ? len : HTTP1_HEAD_MAX;

	for (;;) {
		const unsigned char *nl = at < max ? memchr(p + at, '\n', max - at) : NULL;
		size_t n;

		*scanned = at;
		if (!nl) {
			if (len < HTTP1_HEAD_MAX)
				return 0;
			*ret_why = "the head is too long";
			return -E2BIG;
		}
		n = (size_t)(nl - (p + at));
		if (check_line(p + at, n, ret_why) < 0)
			return -EINVAL;
		at += n + 1;
		if (n == 1)
			return (long)at;
	}
}

/* Cuts the next line (its CR LF becomes NUL) out of text. */
static char *next_line(char **text)
{
	char *line = *text, *end = strchr(line, '\r');

	*end = '\0';
	*text = end + 2;
	return line;
}

static int parse_field(char *line, struct http1_field *f, const char **why)
{
	char *colon = strchr(line, ':'), *value, *end;

	if (*line == ' ' || *line == '\t')
		return bad(why, "a folded header line (obs-fold)");
	if (!colon)
		return bad(why, "a header line without a colon");
	*colon = '\0';
	if (!is_token(line) || colon - line > HTTP1_NAME_MAX)
		return bad(why, "a malformed header name");
	value = colon + 1 + strspn(colon + 1, " \t");
	end = value + strlen(value);
	while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	*end = '\0';
	f->name = line;
	f->value = value;
	return 0;
}

static int parse_fields(char *text, struct http1_head *h, const char **why)
{
	for (;;) {
		char *line = next_line(&text);

		if (!*line)
			return 0;
		if (h->n_fields >= HTTP1_FIELDS_MAX) {
			*why = "too many headers";
			return -E2BIG;
		}
		if (parse_field(line, &h->fields[h->n_fields], why) < 0)
			return -EINVAL;
		h->n_fields++;
	}
}

static int parse_version(const char *text, int *ret_minor, const char **why)
{
	if (strcmp(text, "HTTP/1.1") == 0 || strcmp(text, "HTTP/1.0") == 0) {
		*ret_minor = text[7] - '0';
		return 0;
	}
	if (strncmp(text, "HTTP/", 5) == 0 && strlen(text) == 8) {
		*why = "another version of HTTP than 1.0 and 1.1";
		return -ENOTSUP;
	}
	return bad(why, "a malformed HTTP version");
}

static int copy_head(
	const unsigned char *p, size_t len, struct http1_head *ret, const char **ret_why)
{
	ret->text = malloc(len + 1);
	ret->n_fields = 0;
	ret->size = len;
	ret->room = 0;
	if (!ret->text) {
		*ret_why = "no memory for a head";
		return -ENOMEM;
	}
	memcpy(ret->text, p, len);
	ret->text[len] = '\0';
	return 0;
}

int http1_parse_request(
	const unsigned char *p, size_t len, struct http1_head *ret, const char **ret_why)
{
	char *rest, *line, *target, *version;
	int r = copy_head(p, len, ret, ret_why);

	if (r < 0)
		return r;
	rest = ret->text;
	line = next_line(&rest);
	ret->is_request = true;
	ret->method = line;
	target = strchr(line, ' ');
	version = target ? strchr(target + 1, ' ') : NULL;
	if (!version)
		return bad(ret_why, "a malformed request line");
	*target++ = '\0';
	*version++ = '\0';
	ret->target = target;
	if (!is_token(ret->method) || strlen(ret->method) > 32)
		return bad(ret_why, "a malformed method");
	if (!*target)
		return bad(ret_why, "a request without a target");
	for (const char *c = target; *c; c++)
		if (*c <= 0x20 || *c >= 0x7f)
			return bad(ret_why,
				"the request target holds something other than printable ASCII");
	r = parse_version(version, &ret->minor, ret_why);
	return r < 0 ? r : parse_fields(rest, ret, ret_why);
}

int http1_parse_response(
	const unsigned char *p, size_t len, struct http1_head *ret, const char **ret_why)
{
	char *rest, *line, *status;
	int r = copy_head(p, len, ret, ret_why);

	if (r < 0)
		return r;
	rest = ret->text;
	line = next_line(&rest);
	ret->is_request = false;
	status = strchr(line, ' ');
	if (!status)
		return bad(ret_why, "a malformed status line");
	*status++ = '\0';
	r = parse_version(line, &ret->minor, ret_why);
	if (r < 0)
		return r;
	if (strspn(status, "0123456789") != 3 || (status[3] && status[3] != ' '))
		return bad(ret_why, "a malformed status");
	ret->status = (status[0] - '0') * 100 + (status[1] - '0') * 10 + (status[2] - '0');
	if (ret->status < 100 || ret->status > 599)
		return bad(ret_why, "a status that HTTP does not have");
	ret->reason = status + (status[3] ? 4 : 3);
	return parse_fields(rest, ret, ret_why);
}

int http1_parse_trailers(
	const unsigned char *p, size_t len, struct http1_head *ret, const char **ret_why)
{
	int r = copy_head(p, len, ret, ret_why);

	ret->is_request = false;
	ret->reason = NULL;
	return r < 0 ? r : parse_fields(ret->text, ret, ret_why);
}

const char *http1_field(const struct http1_head *h, const char *name, size_t *ret_count)
{
	const char *first = NULL;
	size_t n = 0;

	for (size_t i = 0; i < h->n_fields; i++) {
		if (!str_same(h->fields[i].name, name))
			continue;
		if (n++ == 0)
			first = h->fields[i].value;
	}
	if (ret_count)
		*ret_count = n;
	return first;
}

void http1_drop_field(struct http1_head *h, const char *name)
{
	size_t kept = 0;

	for (size_t i = 0; i < h->n_fields; i++)
		if (!str_same(h->fields[i].name, name))
			h->fields[kept++] = h->fields[i];
	h->n_fields = kept;
}

static bool list_has(const char *list, const char *token)
{
	size_t want = strlen(token);

	while (*list) {
		size_t n;

		list += strspn(list, " \t,");
		n = strcspn(list, " \t,;");
		if (n == want && strncasecmp(list, token, n) == 0)
			return true;
		list += strcspn(list, ",");
	}
	return false;
}

bool http1_lists(const struct http1_head *h, const char *name, const char *token)
{
	for (size_t i = 0; i < h->n_fields; i++)
		if (str_same(h->fields[i].name, name) && list_has(h->fields[i].value, token))
			return true;
	return false;
}

static int parse_content_length(const char *text, uint64_t *ret, const char **why)
{
	uint64_t n = 0;
	size_t digits = strspn(text, "0123456789");

	if (digits == 0 || digits > 18 || text[digits])
		return bad(why, "a malformed Content-Length");
	for (size_t i = 0; i < digits; i++)
		n = n * 10 + (uint64_t)(text[i] - '0');
	*ret = n;
	return 0;
}

static int read_framing(const struct http1_head *h, struct http1_length *ret, const char **why)
{
	size_t n_coding, n_length;
	const char *coding = http1_field(h, "Transfer-Encoding", &n_coding);
	const char *length = http1_field(h, "Content-Length", &n_length);

	*ret = (struct http1_length){.framing = HTTP1_NO_BODY};
	if (n_length > 1)
		return bad(why, "more than one Content-Length");
	if (n_coding > 0 && n_length > 0)
		return bad(why, "both Content-Length and Transfer-Encoding");
	if (n_coding > 0) {
		if (n_coding > 1 || strcasecmp(coding, "chunked") != 0 || h->minor < 1)
			return bad(why, "a Transfer-Encoding other than chunked");
		ret->framing = HTTP1_CHUNKED;
	}
	if (length) {
		ret->framing = HTTP1_LENGTH;
		ret->announced = true;
		return parse_content_length(length, &ret->length, why);
	}
	return 0;
}

int http1_request_length(const struct http1_head *h, struct http1_length *ret, const char **ret_why)
{
	int r = read_framing(h, ret, ret_why);

	if (r < 0)
		return r;
	if (ret->framing == HTTP1_LENGTH && ret->length == 0)
		ret->framing = HTTP1_NO_BODY;
	return 0;
}

int http1_response_length(const struct http1_head *h, const char *request_method,
	struct http1_length *ret, const char **ret_why)
{
	int r = read_framing(h, ret, ret_why);

	if (r < 0)
		return r;
	if (h->status < 200 || h->status == 204 || h->status == 304 ||
		strcmp(request_method, "HEAD") == 0)
		ret->framing = HTTP1_NO_BODY;
	else if (ret->framing == HTTP1_NO_BODY)
		ret->framing = HTTP1_UNTIL_CLOSE;
	else if (ret->framing == HTTP1_LENGTH && ret->length == 0)
		ret->framing = HTTP1_NO_BODY;
	return 0;
}

bool http1_keeps_alive(const struct http1_head *h)
{
	if (http1_lists(h, "Connection", "close") || http1_lists(h, "Proxy-Connection", "close"))
		return false;
	return h->minor >= 1 || http1_lists(h, "Connection", "keep-alive") ||
	       http1_lists(h, "Proxy-Connection", "keep-alive");
}

static bool is_among(const char *name, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (str_same(names[i], name))
			return true;
	return false;
}

static char fold(char c)
{
	if (c >= 'A' && c <= 'Z')
		return (char)(c - 'A' + 'a');
	return c == '_' ? '-' : c;
}

bool http1_is_alike(const char *name, const char *other)
{
	while (*name && fold(*name) == fold(*other)) {
		name++;
		other++;
	}
	return *name == *other;
}

bool http1_may_trail(const char *name)
{
	static const char *const never[] = {"Age", "Allow", "Authorization", "Cache-Control",
		"Connection", "Content-Encoding", "Content-Length", "Content-Location",
		"Content-Range", "Content-Type", "Cookie", "Cookie2", "Date", "Expect", "Expires",
		"Forwarded", "Host", "HTTP2-Settings", "If-Match", "If-Modified-Since",
		"If-None-Match", "If-Range", "If-Unmodified-Since", "Keep-Alive", "Location",
		"Max-Forwards", "Pragma", "Proxy-Authenticate", "Proxy-Authentication-Info",
		"Proxy-Authorization", "Proxy-Connection", "Range", "Retry-After", "Set-Cookie",
		"Set-Cookie2", "TE", "Trailer", "Transfer-Encoding", "Upgrade", "Vary", "Via",
		"Warning", "WWW-Authenticate"};

	return !is_among(name, never, sizeof(never) / sizeof(*never));
}

bool http1_is_hop(const struct http1_head *h, const char *name)
{
	static const char *const hops[] = {"Connection", "Keep-Alive", "Proxy-Connection",
		"Transfer-Encoding", "TE", "Trailer", "Upgrade", "HTTP2-Settings",
		"Proxy-Authenticate", "Proxy-Authentication-Info", "Alt-Svc"};

	if (is_among(name, hops, sizeof(hops) / sizeof(*hops)))
		return true;
	return http1_lists(h, "Connection", name);
}
