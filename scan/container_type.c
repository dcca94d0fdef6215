#include "scan/container.h"

#include <string.h>
#include <strings.h>

#include "base/ptr.h"
#include "scan/container_part.h"

struct named {
	const char *name;
	enum container container;
};

/* The registry of HTTP content codings (RFC 9110, 8.4.1; RFC 7932; RFC 8878). */
static const struct named codings[] = {
	{"identity", CONTAINER_NONE},
	{"gzip", CONTAINER_GZIP},
	{"x-gzip", CONTAINER_GZIP},
	{"deflate", CONTAINER_DEFLATE},
	{"br", CONTAINER_BR},
	{"zstd", CONTAINER_ZSTD},
};

/* Where the order of bytes is not said, a mark says it; without one it is most often this. */
static const struct named charsets[] = {
	{"utf-16", CONTAINER_UTF16LE},
	{"utf-16le", CONTAINER_UTF16LE},
	{"utf-16be", CONTAINER_UTF16BE},
	{"ucs-2", CONTAINER_UTF16LE},
	{"unicode", CONTAINER_UTF16LE},
	{"utf-32", CONTAINER_UTF32LE},
	{"utf-32le", CONTAINER_UTF32LE},
	{"utf-32be", CONTAINER_UTF32BE},
};

static int find(const struct named *table, size_t n, const char *name, size_t len)
{
	for (size_t i = 0; i < n; i++)
		if (strlen(table[i].name) == len && strncasecmp(table[i].name, name, len) == 0)
			return (int)table[i].container;
	return -1;
}

int container_of_coding(const char *token, size_t len)
{
	return find(codings, ARRAY_LEN(codings), token, len);
}

enum container container_of_type(const char *type, char boundary[72])
{
	char charset[16];
	long n;
	int c;

	boundary[0] = '\0';
	while (*type == ' ' || *type == '\t')
		type++;
	if (strncasecmp(type, "multipart/", 10) == 0) {
		n = part_parameter(type, strlen(type), "boundary", boundary, 71);
		boundary[n > 0 ? n : 0] = '\0';
		return CONTAINER_MULTIPART;
	}
	n = part_parameter(type, strlen(type), "charset", charset, sizeof(charset));
	c = n > 0 ? find(charsets, ARRAY_LEN(charsets), charset, (size_t)n) : -1;
	return c < 0 ? CONTAINER_NONE : (enum container)c;
}
