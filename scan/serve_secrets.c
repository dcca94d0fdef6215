#include "scan/serve_secrets.h"

#include "scan/key_text.h"

int serve_secrets_of(const struct component_boot *boot, struct serve_secrets *ret, struct err *e)
{
	*ret = (struct serve_secrets){0};
	for (size_t i = 0; i < boot->n_secrets; i++) {
		const struct secret *value = &boot->secrets[i].value;

		if (scan_is_key(value)) {
			struct secret *key = &ret->keys[ret->n_keys];
			int r = scan_key_text(value, key, e);

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
