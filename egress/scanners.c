#include "egress/scanners.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/str.h"
#include "bundle/plan.h"

/* Readers that are kept while nobody uses them. */
#define IDLE_MAX 8

struct scanner {
	struct scanners *all;
	struct scanner *next; /* among the idle ones */
	struct scan *scan;
	unsigned int sets;
	scan_found_fn *found;
	void *arg;
};

struct scanners {
	struct scan_rules *rules;
	struct scanner *idle;
	size_t n_idle;
};

/*
 * The bottle's own key signs for the agent only, and shares its first characters with every key of
 * its kind: it is not looked for. The certificate is no secret.
 */
static bool is_looked_for(const struct component_secret *c)
{
	return !str_eq(c->name, "CA_CERT") && !str_eq(c->name, "CA_KEY");
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

int scanners_new(struct component_boot *boot, struct scanners **ret, struct err *e)
{
	struct scan_secret known[COMPONENT_SECRETS_MAX];
	cleanup_fd int fd = component_take_rules(boot);
	struct scan_sources from = {.cache_fd = fd, .known = known};
	struct scanners *s;
	int r;

	if (fd < 0)
		return err_say(e, EINVAL, "the scanner's rules were not handed over");
	for (size_t i = 0; i < boot->n_secrets; i++)
		if (is_looked_for(&boot->secrets[i]))
			known[from.n_known++] = secret_of(&boot->secrets[i]);
	s = calloc(1, sizeof(*s));
	if (!s)
		return err_set(e, ENOMEM, "the scanner");
	r = scan_rules_new(&from, &s->rules, e);
	if (r < 0) {
		free(s);
		return r;
	}
	*ret = s;
	return 0;
}

static void free_scanner(struct scanner *r)
{
	scan_close(r->scan);
	free(r);
}

void scanners_free(struct scanners *s)
{
	if (!s)
		return;
	for (struct scanner *next, *r = s->idle; r; r = next) {
		next = r->next;
		free_scanner(r);
	}
	scan_rules_free(s->rules);
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
	r->sets = sets;
	result = scan_open(s->rules, sets, pass_on, r, &r->scan, e);
	if (result < 0) {
		free(r);
		return result;
	}
	*ret = r;
	return 0;
}

int scanner_take(struct scanners *s, unsigned int sets, scan_found_fn *found, void *arg,
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
	/* What it still holds of its text and of a host's window is let go. */
	if (s->n_idle >= IDLE_MAX || scan_message(r->scan, NULL, &e) < 0) {
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
