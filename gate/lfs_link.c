#include "gate/lfs_link.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/ptr.h"
#include "base/secret.h"
#include "base/str.h"

#define TEXT_MAX     65536
#define HREF_MAX     8192 /* signed addresses have two or three thousand */
#define VALUE_MAX    8192
#define HEADERS_MAX  32
#define WORD_MIN     8 /* shorter ones stand in many a text */
#define HTTPS	     "https://"
#define TOKEN_EXTRAS "!#$%&'*+-.^_`|~" /* RFC 9110, section 5.6.2 */

/* libcurl frames the message and names its target. */
static const char *const ours[] = {"Host", "Content-Length", "Transfer-Encoding", "Connection",
	"Keep-Alive", "TE", "Trailer", "Upgrade", "Expect", "Proxy-Connection",
	"Proxy-Authorization"};

static bool is_printable(const char *s, char from)
{
	for (; *s; s++)
		if (*s < from || *s > 0x7e)
			return false;
	return true;
}

static bool is_name(const char *s)
{
	size_t len = strlen(s);

	for (size_t i = 0; i < len; i++)
		if (!((s[i] >= '0' && s[i] <= '9') || (s[i] >= 'a' && s[i] <= 'z') ||
			    (s[i] >= 'A' && s[i] <= 'Z') || strchr(TOKEN_EXTRAS, s[i])))
			return false;
	return len > 0 && len <= 128;
}

static bool is_ours(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(ours); i++)
		if (strcasecmp(name, ours[i]) == 0)
			return true;
	return false;
}

static int add_header(const struct json_at *at, const char *name, json_t *value,
	struct lfs_link *ret, struct err *e)
{
	const char *text = json_string_value(value);
	char *line;

	if (!is_name(name))
		return json_err(at, EPROTO, e, "a name that no header field has");
	if (!text || strlen(text) > VALUE_MAX || !is_printable(text, ' '))
		return json_err(at, EPROTO, e, "'%s' cannot be a header field's value", name);
	if (is_ours(name))
		return 0;
	line = str_format("%s: %s", name, text);
	return !line || strv_push(&ret->headers, line) < 0
		       ? err_set(e, ENOMEM, "read header fields")
		       : 0;
}

static int read_headers(const struct json_at *link, struct lfs_link *ret, struct err *e)
{
	struct json_at at;
	const char *name;
	json_t *value;
	int r = json_member(link, "header", JSON_OBJECT, &at, e);

	if (r <= 0)
		return r;
	if (json_object_size(at.j) > HEADERS_MAX)
		return json_err(&at, EPROTO, e, "more than %d fields", HEADERS_MAX);
	json_object_foreach (at.j, name, value) {
		r = add_header(&at, name, value, ret, e);
		if (r < 0)
			return r;
	}
	return 0;
}

static int read_href(const struct json_at *link, struct lfs_link *ret, struct err *e)
{
	struct json_at at;
	const char *text;
	int r = json_member(link, "href", JSON_STRING, &at, e);

	if (r <= 0)
		return r;
	text = json_string_value(at.j);
	/* Not shown: a signed address is a credential. */
	if (strlen(text) > HREF_MAX || !is_printable(text, '!'))
		return json_err(&at, EPROTO, e, "this is no address");
	if (strncasecmp(text, HTTPS, strlen(HTTPS)) != 0)
		return json_err(&at, EPROTO, e, "an address of '%.*s', where only https is used",
			(int)strcspn(text, ":/?#"), text);
	ret->href = strdup(text);
	return ret->href ? 0 : err_set(e, ENOMEM, "read an address");
}

int lfs_link_read(const struct json_at *at, struct lfs_link *ret, struct err *e)
{
	int r;

	*ret = (struct lfs_link){0};
	r = read_href(at, ret, e);
	if (r >= 0)
		r = read_headers(at, ret, e);
	if (r >= 0)
		return 0;
	lfs_link_done(ret);
	e->code = EPROTO;
	return -EPROTO;
}

int lfs_link_parse(
	const char *text, size_t len, const char *name, struct lfs_link *ret, struct err *e)
{
	cleanup_json json_t *j = NULL;
	struct json_at at;

	*ret = (struct lfs_link){0};
	if (len > TEXT_MAX)
		return err_say(e, EPROTO, "%s: more than %d bytes", name, TEXT_MAX);
	if (json_parse(text, len, name, &j, e) < 0 || !json_is_object(j))
		return err_say(e, EPROTO, "%s: this is no JSON object", name);
	at = json_root(j, name);
	return lfs_link_read(&at, ret, e);
}

bool lfs_link_has(const struct lfs_link *l, const char *header)
{
	size_t len = strlen(header);

	for (char **h = l->headers; h && *h; h++)
		if (strncasecmp(*h, header, len) == 0 && (*h)[len] == ':')
			return true;
	return false;
}

/* "Authorization: Basic WORD": WORD alone gives it away. */
bool lfs_link_is_told(const struct lfs_link *l, const char *text)
{
	for (char **h = l->headers; h && *h; h++) {
		for (const char *word = strchr(*h, ':') + 1; *word; word += strcspn(word, " ")) {
			cleanup_free char *copy = NULL;

			word += strspn(word, " ");
			if (strcspn(word, " ") < WORD_MIN)
				continue;
			copy = strndup(word, strcspn(word, " "));
			if (!copy || strstr(text, copy))
				return true;
		}
	}
	return false;
}

void lfs_link_done(struct lfs_link *l)
{
	for (char **h = l->headers; h && *h; h++)
		secret_wipe(*h, strlen(*h));
	strv_free(l->headers);
	if (l->href)
		secret_wipe(l->href, strlen(l->href));
	free(l->href);
	*l = (struct lfs_link){0};
}
