#include "scan/serve_secrets.h"

#include <errno.h>
#include <string.h>

#include "base/ptr.h"
#include "base/str.h"

#define ARMOUR "-----" /* RFC 7468, section 2 */

/* The lines between the armour's. */
static int key_of(const struct secret *value, struct secret *ret, struct err *e)
{
	char *text = malloc(value->len + 1);
	size_t n = 0;
	int r;

	if (!text)
		return err_set(e, ENOMEM, "a key to look for");
	for (const char *p = value->bytes, *end = p + value->len; p < end;) {
		const char *eol = memchr(p, '\n', (size_t)(end - p));
		size_t len = (size_t)((eol ? eol + 1 : end) - p);

		if (!str_starts(p, ARMOUR)) {
			memcpy(text + n, p, len);
			n += len;
		}
		p += len;
	}
	r = secret_set(ret, text, n, e);
	secret_wipe(text, value->len + 1);
	free(text);
	return r;
}

int serve_secrets_of(const struct component_boot *boot, struct serve_secrets *ret, struct err *e)
{
	*ret = (struct serve_secrets){0};
	for (size_t i = 0; i < boot->n_secrets; i++) {
		const struct secret *value = &boot->secrets[i].value;

		if (str_starts(value->bytes, ARMOUR)) {
			struct secret *key = &ret->keys[ret->n_keys];
			int r = key_of(value, key, e);

			if (r < 0)
				return r;
			ret->n_keys++;
			value = key;
		}
		ret->list[ret->n++] =
			(struct scan_secret){boot->secrets[i].name, value->bytes, value->len};
	}
	return 0;
}

void serve_secrets_done(struct serve_secrets *s)
{
	for (size_t i = 0; i < s->n_keys; i++)
		secret_done(&s->keys[i]);
	*s = (struct serve_secrets){0};
}
