#include "bundle/jwt.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/ptr.h"
#include "base/secret.h"
#include "base/str.h"

/* RFC 4648 section 5, without padding. */
static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* The length, or -1. out: 3 bytes for each 4. */
static long decode(const char *text, size_t len, unsigned char *out)
{
	uint32_t bits = 0;
	unsigned int have = 0;
	long n = 0;

	for (size_t i = 0; i < len; i++) {
		const char *at = text[i] ? strchr(alphabet, text[i]) : NULL;

		if (!at)
			return -1;
		bits = bits << 6 | (uint32_t)(at - alphabet);
		have += 6;
		if (have < 8)
			continue;
		have -= 8;
		out[n++] = (unsigned char)(bits >> have);
	}
	return n;
}

static void encode(struct str *out, const char *text)
{
	uint32_t bits = 0;
	unsigned int have = 0;

	for (; *text; text++) {
		bits = bits << 8 | (unsigned char)*text;
		for (have += 8; have >= 6; have -= 6)
			str_add_char(out, alphabet[bits >> (have - 6) & 63]);
	}
	if (have > 0)
		str_add_char(out, alphabet[bits << (6 - have) & 63]);
}

json_t *jwt_claims(const char *token, size_t len)
{
	const char *first = memchr(token, '.', len);
	const char *claims = first ? first + 1 : token;
	const char *end = first ? memchr(claims, '.', len - (size_t)(claims - token)) : NULL;
	unsigned char *text;
	json_t *j = NULL;
	long n;

	if (!end || len > JWT_MAX)
		return NULL;
	text = malloc(len);
	if (!text)
		return NULL;
	n = decode(claims, (size_t)(end - claims), text);
	if (n > 0)
		j = json_loadb((const char *)text, (size_t)n, JSON_REJECT_DUPLICATES, NULL);
	secret_wipe(text, len);
	free(text);
	if (json_is_object(j))
		return j;
	json_decref(j);
	return NULL;
}

char *jwt_made_up(json_t *claims)
{
	cleanup_free char *text = json_dumps(claims, JSON_COMPACT);
	struct str out = {0};

	if (!text)
		return NULL;
	encode(&out, "{\"alg\":\"none\",\"typ\":\"JWT\"}");
	str_add_char(&out, '.');
	encode(&out, text);
	str_add(&out, ".made-up");
	return str_take(&out);
}
