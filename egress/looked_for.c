#include "egress/looked_for.h"

#include <errno.h>
#include <string.h>

#include "base/str.h"
#include "bundle/plan.h"
#include "scan/key_text.h"

/*
 * The bottle's own key signs for the agent only, and shares its first characters with every key of
 * its kind: it is not looked for. The certificate is no secret. In a login's file there is much
 * that is none; its tokens are added.
 */
static bool is_looked_for(const struct component_secret *c)
{
	return !str_eq(c->name, "CA_CERT") && !str_eq(c->name, "CA_KEY") &&
	       !str_starts(c->name, PLAN_LOGIN_SLOT);
}

/* Of "user:password" the password: the user's name may stand in any text. */
static struct scan_secret secret_of(const struct component_secret *c)
{
	struct scan_secret s = {.name = str_eq(c->name, PLAN_CANARY_SLOT) ? "canary" : c->name,
		.value = c->value.bytes,
		.len = c->value.len};
	const char *colon = memchr(s.value, ':', s.len);

	while (s.len > 0 && (s.value[s.len - 1] == '\n' || s.value[s.len - 1] == '\r'))
		s.len--;
	if (colon && s.len - (size_t)(colon + 1 - s.value) >= SCAN_SECRET_MIN) {
		s.len -= (size_t)(colon + 1 - s.value);
		s.value = colon + 1;
	}
	return s;
}

int looked_for_of(const struct component_boot *boot, struct looked_for *ret, struct err *e)
{
	*ret = (struct looked_for){0};
	for (size_t i = 0; i < boot->n_secrets; i++) {
		const struct component_secret *c = &boot->secrets[i];
		struct secret *key = &ret->keys[ret->n_keys];

		if (!is_looked_for(c))
			continue;
		if (!scan_is_key(&c->value)) {
			ret->list[ret->n++] = secret_of(c);
			continue;
		}
		if (scan_key_text(&c->value, key, e) < 0)
			return -e->code;
		ret->n_keys++;
		ret->list[ret->n++] = (struct scan_secret){c->name, key->bytes, key->len};
	}
	return 0;
}

int looked_for_add(struct looked_for *l, const struct scan_secret *one, struct err *e)
{
	if (l->n == LOOKED_FOR_MAX)
		return err_say(e, E2BIG, "more than %d secrets", LOOKED_FOR_MAX);
	l->list[l->n++] = *one;
	return 0;
}

void looked_for_done(struct looked_for *l)
{
	for (size_t i = 0; i < l->n_keys; i++)
		secret_done(&l->keys[i]);
	*l = (struct looked_for){0};
}
