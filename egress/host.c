#include "egress/host.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

const char host_is_address[] = "an address is no host name";

static int bad(const char **ret_why, const char *why)
{
	*ret_why = why;
	return -EINVAL;
}

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* A label that inet_aton(3) could take for a number makes the whole an address for somebody. */
static bool is_number(const char *label, size_t len)
{
	size_t i = 0;

	if (len > 1 && label[0] == '0' && label[1] == 'x') {
		for (i = 2; i < len; i++)
			if (!(label[i] >= '0' && label[i] <= '9') &&
				!(label[i] >= 'a' && label[i] <= 'f'))
				return false;
		return true;
	}
	while (i < len && label[i] >= '0' && label[i] <= '9')
		i++;
	return i == len;
}

static int check_label(const char *label, size_t len, const char **ret_why)
{
	if (len == 0)
		return bad(ret_why, "the host name has an empty label");
	if (len > 63)
		return bad(ret_why, "a label of the host name is longer than 63 characters");
	if (label[0] == '-' || label[len - 1] == '-')
		return bad(ret_why, "a label of the host name begins or ends with a hyphen");
	for (size_t i = 0; i < len; i++)
		if (!is_alnum(label[i]) && label[i] != '-')
			return bad(ret_why, "the host name holds something other than letters, "
					    "digits, hyphens and dots");
	return 0;
}

int host_parse(const char *text, size_t len, char *ret, const char **ret_why)
{
	const char *label, *dot;

	if (len > 0 && text[len - 1] == '.')
		len--;
	if (len == 0)
		return bad(ret_why, "there is no host name");
	if (len >= HOST_MAX)
		return bad(ret_why, "the host name is longer than 253 characters");
	if (text[0] == '[')
		return bad(ret_why, host_is_address);
	for (size_t i = 0; i < len; i++)
		ret[i] = lower(text[i]);
	ret[len] = '\0';
	if (strcmp(ret, HOST_POLICY) == 0)
		return 0;
	for (label = ret;; label = dot + 1) {
		size_t n;

		dot = memchr(label, '.', len - (size_t)(label - ret));
		n = dot ? (size_t)(dot - label) : len - (size_t)(label - ret);
		if (check_label(label, n, ret_why) < 0)
			return -EINVAL;
		if (!dot)
			return is_number(label, n) ? bad(ret_why, host_is_address) : 0;
	}
}

int host_parse_authority(
	const char *text, size_t len, char *ret, uint16_t *ret_port, const char **ret_why)
{
	const char *colon = memchr(text, ':', len);
	unsigned int port = 0;

	*ret_port = 0;
	if (!colon || (len > 0 && text[0] == '['))
		return host_parse(text, len, ret, ret_why);
	if (colon + 1 == text + len || colon[1] == '0')
		return bad(ret_why, "the port is no number from 1 to 65535");
	for (const char *p = colon + 1; p < text + len; p++) {
		if (*p < '0' || *p > '9')
			return bad(ret_why, "the port is no number from 1 to 65535");
		port = port * 10 + (unsigned int)(*p - '0');
		if (port > 65535)
			return bad(ret_why, "the port is no number from 1 to 65535");
	}
	*ret_port = (uint16_t)port;
	return host_parse(text, (size_t)(colon - text), ret, ret_why);
}

size_t host_fit(const char *pattern, const char *host)
{
	size_t len = strlen(host), tail;

	if (strcmp(pattern, host) == 0)
		return HOST_MAX + 1;
	if (pattern[0] != '*' || pattern[1] != '.')
		return 0;
	tail = strlen(pattern + 1);
	if (len <= tail || strcmp(host + len - tail, pattern + 1) != 0)
		return 0;
	return tail + 1;
}
