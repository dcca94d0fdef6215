#include <errno.h>
#include <string.h>
#include <strings.h>

#include "egress/sigv4.h"

/* What the agent's own signature says: hostile, but for the names in it of no consequence. */

#define ALGORITHM "AWS4-HMAC-SHA256"

static bool is_word(const char *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!((p[i] >= 'a' && p[i] <= 'z') || (p[i] >= 'A' && p[i] <= 'Z') ||
			    (p[i] >= '0' && p[i] <= '9') || p[i] == '-' || p[i] == '_' ||
			    p[i] == '.'))
			return false;
	return len > 0 && len < SIGV4_WORD_MAX;
}

/* The part behind the last slash, taken off the end. */
static bool take_last(const char *p, size_t *len, const char **ret, size_t *ret_len)
{
	const char *slash = memrchr(p, '/', *len);

	if (!slash)
		return false;
	*ret = slash + 1;
	*ret_len = *len - (size_t)(slash + 1 - p);
	*len = (size_t)(slash - p);
	return true;
}

/* KEY/DATE/REGION/SERVICE/aws4_request */
static int read_credential(struct sigv4_scope *s, const char *p, size_t len, const char **why)
{
	const char *end, *service, *region, *date;
	size_t end_len, service_len, region_len, date_len;

	*why = "a malformed credential scope";
	if (!take_last(p, &len, &end, &end_len) || end_len != 12 ||
		memcmp(end, "aws4_request", 12) != 0 ||
		!take_last(p, &len, &service, &service_len) ||
		!take_last(p, &len, &region, &region_len) ||
		!take_last(p, &len, &date, &date_len) || !is_word(service, service_len) ||
		!is_word(region, region_len) || len == 0 || len >= sizeof(s->access_key))
		return -EINVAL;
	memcpy(s->access_key, p, len);
	memcpy(s->region, region, region_len);
	memcpy(s->service, service, service_len);
	s->found = true;
	return 0;
}

/* "NAME=VALUE" of the list behind the algorithm. */
static const char *member(const char *list, const char *name, size_t *ret_len)
{
	size_t n = strlen(name);

	while (*list) {
		list += strspn(list, " \t,");
		if (strncmp(list, name, n) == 0 && list[n] == '=') {
			*ret_len = strcspn(list + n + 1, ", \t");
			return list + n + 1;
		}
		list += strcspn(list, ",");
	}
	return NULL;
}

static int read_field(const char *value, struct sigv4_scope *s, const char **why)
{
	size_t word = strcspn(value, " \t"), len;
	const char *credential;

	if (strncasecmp(value, "AWS4-", 5) != 0)
		return 0; /* of another kind: as if it were not there */
	*why = "a signature other than " ALGORITHM;
	if (word != strlen(ALGORITHM) || memcmp(value, ALGORITHM, word) != 0)
		return -EINVAL;
	*why = "a signature without a credential";
	credential = member(value + word, "Credential", &len);
	if (!credential)
		return -EINVAL;
	s->signed_headers = member(value + word, "SignedHeaders", &s->signed_len);
	return read_credential(s, credential, len, why);
}

static bool is_param(const struct query_param *p, const char *name)
{
	return p->name_len == strlen(name) && memcmp(p->name, name, p->name_len) == 0;
}

static int read_query(const char *query, struct sigv4_scope *s, const char **why)
{
	char *at = (char *)query, text[4 * SIGV4_WORD_MAX]; /* it is only read */
	struct query_param p;
	bool right = false;

	while (query_next(&at, &p)) {
		if (is_param(&p, "X-Amz-Algorithm")) {
			*why = "a signature in the query other than " ALGORITHM;
			if (!query_is(&p, ALGORITHM))
				return -EINVAL;
			right = true;
		}
		if (!is_param(&p, "X-Amz-Credential"))
			continue;
		*why = "a malformed credential scope";
		if (s->found || p.value_len >= sizeof(text))
			return -EINVAL;
		if (read_credential(s, text, query_decode(p.value, p.value_len, false, text), why) <
			0)
			return -EINVAL;
		s->presigned = true;
	}
	*why = "a signature in the query without its algorithm";
	return s->presigned && !right ? -EINVAL : 0;
}

int sigv4_scope_read(const struct http1_head *head, const char *query, struct sigv4_scope *ret,
	const char **ret_why)
{
	size_t n;
	const char *value = http1_field(head, "Authorization", &n);

	*ret = (struct sigv4_scope){0};
	*ret_why = "more than one Authorization";
	if (n > 1 || (value && read_field(value, ret, ret_why) < 0))
		return -EINVAL;
	return read_query(query, ret, ret_why);
}
