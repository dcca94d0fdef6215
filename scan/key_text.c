#include "scan/key_text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

#define ARMOUR "-----" /* RFC 7468, section 2 */
#define OF_PKCS8                                                                                   \
	"-----BEGIN "                                                                              \
	"PRIVATE KEY-----"

/*
 * Characters of version, algorithm and the frames around the key (RFC 5958): 48 of P-256, 52 of RSA
 * with 2048 bits; a key of 32 bytes without a public one (Ed25519) has 21, and 64 in all.
 */
#define PKCS8_HEAD	 48
#define PKCS8_SHORT	 100
#define PKCS8_SHORT_HEAD 20

bool scan_is_key(const struct secret *value)
{
	return value->len > strlen(ARMOUR) && memcmp(value->bytes, ARMOUR, strlen(ARMOUR)) == 0;
}

/* The lines between the armour's, to out. */
static size_t without_armour(const struct secret *pem, char *out)
{
	size_t n = 0;

	for (const char *p = pem->bytes, *end = p + pem->len; p < end;) {
		const char *eol = memchr(p, '\n', (size_t)(end - p));
		size_t len = (size_t)((eol ? eol + 1 : end) - p);

		if (!str_starts(p, ARMOUR)) {
			memcpy(out + n, p, len);
			n += len;
		}
		p += len;
	}
	return n;
}

static size_t head_of(const struct secret *pem, size_t len)
{
	if (!str_starts(pem->bytes, OF_PKCS8))
		return 0;
	return len > PKCS8_SHORT ? PKCS8_HEAD : len > PKCS8_SHORT_HEAD ? PKCS8_SHORT_HEAD : 0;
}

int scan_key_text(const struct secret *pem, struct secret *ret, struct err *e)
{
	char *text = malloc(pem->len + 1);
	size_t n, skip;
	int r;

	if (!text)
		return err_set(e, ENOMEM, "a key to look for");
	n = without_armour(pem, text);
	skip = head_of(pem, n);
	r = secret_set(ret, text + skip, n - skip, e);
	secret_wipe(text, pem->len + 1);
	free(text);
	return r;
}
