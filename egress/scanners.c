#include "egress/scanners.h"

#include <errno.h>
#include <stdlib.h>

#include "base/fd.h"
#include "egress/looked_for.h"

/* Readers that are kept while nobody uses them. */
#define IDLE_MAX 8

/* Readers at a time: each takes some hundred KiB, and who says a text slowly keeps one. */
#define READERS_MAX 1024

/* Rules with the secrets of one policy, and how many readers have them. */
struct generation {
	struct scan_rules *rules;
	size_t readers;
};

struct scanner {
	struct scanners *all;
	struct generation *of;
	struct scanner *next; /* among the idle ones */
	struct scan *scan;
	unsigned int sets;
	scan_found_fn *found;
	void *arg;
};

struct scanners {
	struct scan_rules *base; /* what was handed over, before any reload */
	struct generation *now;
	struct scanner *idle;
	size_t n_idle, n_taken;
};

static void generation_free(struct generation *g)
{
	if (g)
		scan_rules_free(g->rules);
	free(g);
}

static int learn(struct scanners *s, const struct component_boot *boot,
	const struct scan_secret *more, size_t n, struct err *e)
{
	struct generation *g = calloc(1, sizeof(*g));
	struct looked_for known;
	int r;

	if (!g)
		return err_set(e, ENOMEM, "known secrets");
	r = looked_for_of(boot, &known, e);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = looked_for_add(&known, &more[i], e);
	if (r == 0) {
		const struct scan_sources from = {.known = known.list, .n_known = known.n};

		r = scan_rules_with(s->base, &from, &g->rules, e);
	}
	looked_for_done(&known);
	if (r < 0) {
		generation_free(g);
		return r;
	}
	s->now = g;
	return 0;
}

int scanners_new(struct component_boot *boot, struct scanners **ret, struct err *e)
{
	cleanup_fd int fd = component_take_rules(boot);
	const struct scan_sources from = {.cache_fd = fd};
	struct scanners *s;
	int r;

	if (fd < 0)
		return err_say(e, EINVAL, "the scanner's rules were not handed over");
	s = calloc(1, sizeof(*s));
	if (!s)
		return err_set(e, ENOMEM, "the scanner");
	r = scan_rules_new(&from, &s->base, e);
	if (r == 0)
		r = learn(s, boot, NULL, 0, e);
	if (r < 0) {
		scanners_free(s);
		return r;
	}
	*ret = s;
	return 0;
}

/* The last reader of what is not in force any more takes it away. */
static void free_scanner(struct scanner *r)
{
	struct generation *g = r->of;

	scan_close(r->scan);
	if (--g->readers == 0 && g != r->all->now)
		generation_free(g);
	free(r);
}

static void free_idle(struct scanners *s)
{
	for (struct scanner *next, *r = s->idle; r; r = next) {
		next = r->next;
		free_scanner(r);
	}
	s->idle = NULL;
	s->n_idle = 0;
}

int scanners_learn(struct scanners *s, const struct component_boot *boot,
	const struct scan_secret *more, size_t n, struct err *e)
{
	struct generation *before = s->now;
	int r = learn(s, boot, more, n, e);

	if (r < 0)
		return r;
	/* Its last reader takes it away; where it has none, nobody else does. */
	if (before->readers == 0)
		generation_free(before);
	free_idle(s);
	return 0;
}

void scanners_free(struct scanners *s)
{
	if (!s)
		return;
	free_idle(s);
	generation_free(s->now);
	scan_rules_free(s->base);
	free(s);
}

/* A reader outlives its user, whom it therefore does not know. */
static int pass_on(void *arg, const struct scan_finding *f)
{
	struct scanner *r = arg;

	return r->found(r->arg, f);
}

static int make(struct scanners *s, unsigned int sets, struct scanner **ret, struct err *e)
{
	struct scanner *r = calloc(1, sizeof(*r));
	int result;

	if (!r)
		return err_set(e, ENOMEM, "a reader");
	r->all = s;
	r->of = s->now;
	r->sets = sets;
	result = scan_open(s->now->rules, sets, pass_on, r, &r->scan, e);
	if (result < 0) {
		free(r);
		return result;
	}
	r->of->readers++;
	*ret = r;
	return 0;
}

int scanner_take(struct scanners *s, unsigned int sets, scan_found_fn *found, void *arg,
	struct scanner **ret, struct err *e)
{
	if (s->n_taken >= READERS_MAX)
		return err_set(e, ENOBUFS, "a reader beside %d others", READERS_MAX);
	return scanner_take_for_log(s, sets, found, arg, ret, e);
}

int scanner_take_for_log(struct scanners *s, unsigned int sets, scan_found_fn *found, void *arg,
	struct scanner **ret, struct err *e)
{
	struct scanner **at = &s->idle, *r;
	int result;

	while (*at && (*at)->sets != sets)
		at = &(*at)->next;
	r = *at;
	if (r) {
		*at = r->next;
		s->n_idle--;
	} else {
		result = make(s, sets, &r, e);
		if (result < 0)
			return result;
	}
	s->n_taken++;
	r->found = found;
	r->arg = arg;
	scan_limit_ratio(r->scan, 0);
	*ret = r;
	return 0;
}

void scanner_done(struct scanner *r)
{
	struct scanners *s;
	struct err e;

	if (!r)
		return;
	s = r->all;
	s->n_taken--;
	/* What it still holds of its text and of a host's window is let go. */
	if (r->of != s->now || s->n_idle >= IDLE_MAX || scan_message(r->scan, NULL, &e) < 0) {
		free_scanner(r);
		return;
	}
	r->next = s->idle;
	s->idle = r;
	s->n_idle++;
}

struct scan *scanner_scan(struct scanner *r)
{
	return r->scan;
}
