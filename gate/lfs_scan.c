#include "gate/lfs_scan.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/ptr.h"
#include "gate/gate.h"
#include "gate/sanitize.h"
#include "scan/words.h"

/* An error holds about 500 bytes, and git-lfs shows one for each object. */
#define TOLD_MAX 2

int lfs_scan_begin(struct lfs_scan *s, bool unreadable_ok, const char *name, struct err *e)
{
	int r;

	*s = (struct lfs_scan){.unreadable_ok = unreadable_ok, .name = name};
	r = serve_client_open(GATE_FD_SCANNER, &s->client, e);
	return r == 0 ? serve_client_begin(s->client, "", "", e) : r;
}

int lfs_scan_feed(struct lfs_scan *s, const void *data, size_t len, struct err *e)
{
	return serve_client_feed(s->client, data, len, e);
}

/* As everybody tells a finding (scan/words.h), fit for a terminal. */
static char *in_words(const struct lfs_scan *s, const struct serve_finding *f)
{
	cleanup_free char *place =
		f->line > 0 ? str_format("line %llu of %s", (unsigned long long)f->line, s->name)
			    : strdup(s->name);
	struct scan_finding said = {.rule = f->rule, .what = f->what, .place = place ? place : ""};
	char words[SCAN_WORDS_MAX];

	snprintf(said.via, sizeof(said.via), "%s", f->via);
	snprintf(said.excerpt, sizeof(said.excerpt), "%.11s", f->excerpt);
	scan_words(&said, words, sizeof(words));
	return sanitize_line(words, strlen(words));
}

static void note(void *arg, const struct serve_finding *f)
{
	struct lfs_scan *s = arg;
	cleanup_free char *words = in_words(s, f);
	bool permitted = !f->warning && s->unreadable_ok && str_eq(f->rule, SCAN_RULE_UNREADABLE);

	log_warning("git-lfs: %s: %s",
		f->warning  ? "warning"
		: permitted ? "let pass"
			    : "found",
		words ? words : f->rule);
	if (f->warning || permitted || s->n_told == TOLD_MAX)
		return;
	str_addf(&s->told, "%s%s", s->n_told++ ? "; " : "", words ? words : f->rule);
}

int lfs_scan_finish(struct lfs_scan *s, struct err *e)
{
	struct serve_done done;
	uint64_t n;
	int r = serve_client_end(s->client, e);

	if (r == 0)
		r = serve_client_finish(s->client, note, s, &done, e);
	if (r < 0)
		return r;
	n = done.found + (s->unreadable_ok ? 0 : done.unreadable);
	if (n == 0)
		return 0;
	return err_say(e, EBADMSG,
		"refused, nothing was sent upstream: %llu finding%s: %s%s. Take it out of the file "
		"and of each commit that has the file; if it is no secret, ask the operator of "
		"this bottle",
		(unsigned long long)n, n == 1 ? "" : "s", s->told.s ? s->told.s : "not told",
		n > s->n_told ? "; …" : "");
}

void lfs_scan_done(struct lfs_scan *s)
{
	serve_client_close(s->client);
	str_done(&s->told);
	*s = (struct lfs_scan){0};
}

int lfs_scan_text(bool unreadable_ok, const char *name, const char *text, struct err *e)
{
	cleanup_lfs_scan struct lfs_scan s;
	int r = lfs_scan_begin(&s, unreadable_ok, name, e);

	if (r == 0)
		r = lfs_scan_feed(&s, text, strlen(text), e);
	return r == 0 ? lfs_scan_finish(&s, e) : r;
}
