#include <errno.h>

#include "egress/needles.h"
#include "egress/oauth_parts.h"

/* Tokens come and go at run time: what is looked for, in what leaves and in answers, goes along. */

#define TOKENS_EACH 7

struct list {
	const struct secret *of[OAUTH_TOKENS_MAX * TOKENS_EACH];
	size_t n;
};

static void add(struct list *l, const struct secret *s)
{
	if (s->bytes && s->len >= SCAN_SECRET_MIN)
		l->of[l->n++] = s;
}

static void collect(const struct oauth *o, struct list *ret)
{
	ret->n = 0;
	for (const struct oauth_token *t = o->list; t; t = t->next) {
		add(ret, &t->now.access);
		add(ret, &t->now.refresh);
		add(ret, &t->now.id);
		/* An upstream that was sent the last one may say it still. */
		add(ret, &t->before.access);
		add(ret, &t->before.refresh);
		add(ret, &t->before.id);
		add(ret, &t->client_secret);
	}
}

int oauth_tell_scanners(struct oauth *o, const struct component_boot *boot, struct err *e)
{
	struct scan_secret known[OAUTH_TOKENS_MAX * TOKENS_EACH];
	struct list l;

	collect(o, &l);
	for (size_t i = 0; i < l.n; i++)
		known[i] = (struct scan_secret){
			.name = "a token", .value = l.of[i]->bytes, .len = l.of[i]->len};
	return scanners_learn(o->service->scanners, boot, known, l.n, e);
}

int oauth_learn(struct oauth *o, struct err *e)
{
	struct needles *n = needles_new();
	struct list l;
	int r = n ? 0 : -ENOMEM;

	collect(o, &l);
	for (size_t i = 0; r == 0 && i < l.n; i++)
		r = needles_add(n, l.of[i]->bytes, l.of[i]->len);
	if (r == 0)
		r = needles_compile(n);
	if (r == 0)
		r = oauth_tell_scanners(o, &o->service->boot, e);
	else
		err_set(e, ENOMEM, "what answers must not hold");
	if (r < 0) {
		needles_free(n);
		return r;
	}
	needles_free(o->needles);
	o->needles = n;
	return 0;
}
