#include <errno.h>
#include <stdlib.h>

#include "base/ptr.h"
#include "bundle/manifest.h"

/* Bottles with all that they extend: parents first, left to right, each file once. */

#define CHAIN_MAX 64

struct chain {
	const struct operator_home *home;
	struct manifest *merged;
	char **seen; /* files merged already */
	char **open; /* the way from a named bottle down to this one */
};

static int add_bottle(struct chain *c, const char *name, struct err *e);

/* "a → b → a". */
static int cycle(const struct chain *c, const char *name, struct err *e)
{
	cleanup_str struct str s = {0};
	size_t n = strv_len(c->open);

	if (n > 0 && str_eq(c->open[n - 1], name))
		return err_say(e, ELOOP, "bottle '%s' extends itself", name);
	for (size_t i = 0; i < n; i++)
		str_addf(&s, "%s → ", c->open[i]);
	return err_say(
		e, ELOOP, "bottles extend each other in a circle: %s%s", s.s ? s.s : "", name);
}

static void leave(struct chain *c)
{
	size_t n = strv_len(c->open);

	free(c->open[n - 1]);
	c->open[n - 1] = NULL;
}

static int add_parents(struct chain *c, const char *name, char *const *parents, struct err *e)
{
	int r = 0;

	if (strv_add(&c->open, name) < 0)
		return err_set(e, ENOMEM, "read bottle '%s'", name);
	for (size_t i = 0; r >= 0 && parents && parents[i]; i++) {
		r = add_bottle(c, parents[i], e);
		if (r == -ENOENT)
			r = err_wrap(e, "bottle '%s' extends '%s'", name, parents[i]);
	}
	leave(c);
	return r;
}

static int add_bottle(struct chain *c, const char *name, struct err *e)
{
	struct manifest m = {0};
	int r;

	if (strv_has(c->open, name))
		return cycle(c, name, e);
	if (strv_has(c->seen, name))
		return 0;
	if (strv_len(c->seen) + strv_len(c->open) >= CHAIN_MAX)
		return err_say(e, E2BIG, "more than %d bottles in one chain", CHAIN_MAX);
	r = manifest_load(c->home, name, &m, e);
	if (r >= 0)
		r = add_parents(c, name, m.extends, e);
	if (r >= 0 && (manifest_merge(c->merged, &m) < 0 || strv_add(&c->seen, name) < 0))
		r = err_set(e, ENOMEM, "read bottle '%s'", name);
	manifest_done(&m);
	return r;
}

int manifest_resolve(
	const struct operator_home *h, char *const *names, struct manifest *ret, struct err *e)
{
	struct manifest merged = {0};
	struct chain c = {.home = h, .merged = &merged};
	int r = 0;

	for (size_t i = 0; r >= 0 && names[i]; i++)
		r = add_bottle(&c, names[i], e);
	if (r >= 0)
		r = manifest_check(&merged, h->problems, e);
	strv_free(c.seen);
	strv_free(c.open);
	if (r < 0) {
		manifest_done(&merged);
		return r;
	}
	*ret = merged;
	return 0;
}
