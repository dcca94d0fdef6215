#include "egress/credential.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#define TOKEN_USER "x-access-token:"

static size_t trimmed_length(const struct secret *value)
{
	size_t len = value->len;

	while (len > 0 && (value->bytes[len - 1] == '\n' || value->bytes[len - 1] == '\r'))
		len--;
	return len;
}

static int check_value(const char *p, size_t len, struct err *e)
{
	if (len == 0)
		return err_say(e, EINVAL, "the credential is empty");
	if (len > 16384)
		return err_say(e, EINVAL, "the credential is longer than 16384 characters");
	for (size_t i = 0; i < len; i++)
		if (p[i] <= 0x20 || p[i] >= 0x7f)
			return err_say(e, EINVAL,
				"the credential holds something other than printable ASCII");
	return 0;
}

/* "Authorization: SCHEME TEXT\r\n"; wipes what it used on the way. */
static int make_field(
	const char *scheme, const char *text, size_t len, struct secret *ret, struct err *e)
{
	size_t size = len + 64;
	char *field = malloc(size);
	int n, r;

	if (!field)
		return err_set(e, ENOMEM, "a credential");
	n = snprintf(field, size, "Authorization: %s %.*s\r\n", scheme, (int)len, text);
	r = n < 0 || (size_t)n >= size ? err_say(e, EINVAL, "a credential's scheme is too long")
				       : secret_set(ret, field, (size_t)n, e);
	secret_wipe(field, size);
	free(field);
	return r;
}

static int make_basic(const char *value, size_t len, struct secret *ret, struct err *e)
{
	const char *user = memchr(value, ':', len) ? "" : TOKEN_USER;
	size_t plain_len = strlen(user) + len, size = plain_len + 4 * (plain_len / 3 + 1) + 2;
	unsigned char *work = malloc(size);
	int n, r;

	if (!work)
		return err_set(e, ENOMEM, "a credential");
	memcpy(work, user, strlen(user));
	memcpy(work + strlen(user), value, len);
	n = EVP_EncodeBlock(work + plain_len, work, (int)plain_len);
	r = make_field("Basic", (const char *)work + plain_len, (size_t)n, ret, e);
	secret_wipe(work, size);
	free(work);
	return r;
}

int credential_make(const struct policy_auth *auth, const struct secret *value, struct secret *ret,
	struct err *e)
{
	size_t len = trimmed_length(value);

	if (check_value(value->bytes, len, e) < 0)
		return -EINVAL;
	if (auth->scheme == POLICY_AUTH_BASIC)
		return make_basic(value->bytes, len, ret, e);
	return make_field(
		auth->scheme == POLICY_AUTH_TOKEN ? "token" : "Bearer", value->bytes, len, ret, e);
}
