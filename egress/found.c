#include "egress/found.h"

#include <errno.h>
#include <string.h>

#include "base/str.h"
#include "egress/conn.h"
#include "egress/journal.h"
#include "scan/words.h"

static const struct policy_dlp *dlp_of(const struct exchange *x)
{
	return &rule_route(x->rule)->dlp;
}

unsigned int found_sets(const struct policy_dlp *d)
{
	return (d->outbound & POLICY_TOKEN_PATTERNS ? SCAN_OUTBOUND : 0) |
	       (d->outbound & POLICY_KNOWN_SECRETS ? SCAN_KNOWN : 0) |
	       (d->outbound & POLICY_ENTROPY ? SCAN_ENTROPY : 0);
}

static bool is_unreadable(const struct scan_finding *f)
{
	return str_eq(f->rule, SCAN_RULE_UNREADABLE);
}

static bool warn(const struct exchange *x, const struct scan_finding *f)
{
	char words[SCAN_WORDS_MAX];

	journal_warn_route(x->conn->service, x->rule, "%s, passed on: %s", x->host,
		scan_words(f, words, sizeof(words)));
	return true;
}

bool found_warns(const struct exchange *x, const struct scan_finding *f)
{
	if (f->confidence != SCAN_LOW && !(is_unreadable(f) && dlp_of(x)->unreadable_ok))
		return false;
	return warn(x, f);
}

bool found_warns_incoming(const struct exchange *x, const struct scan_finding *f)
{
	return (f->confidence == SCAN_LOW || is_unreadable(f)) && warn(x, f);
}

/* What to do about it, by what the route says of a match. */
static const char *how_to_ask(const struct policy_dlp *d, bool unreadable)
{
	if (unreadable)
		return "send it uncoded; or ask the operator for 'unreadable: allow' in the dlp of "
		       "this host's route in the bottle's manifest";
	if (d->on_match == POLICY_SUPERVISE)
		return "send it without the credential; or ask the operator, who finds this id in "
		       "egress.log and may change the dlp of this host's route in the bottle's "
		       "manifest: until then nothing that matches leaves";
	return "send it without the credential; or ask the operator to change the dlp of this "
	       "host's route in the bottle's manifest";
}

static void fill(struct refusal *why, const struct exchange *x, const struct scan_finding *f,
	const char *error, const char *but)
{
	char words[SCAN_WORDS_MAX];

	memcpy(why->host, x->host, HOST_MAX);
	refusal_set(why, 403, error, "egress.routes: dlp", "%s%s",
		scan_words(f, words, sizeof(words)), but);
	refusal_set_finding(why, f);
}

void found_leaving(struct refusal *why, const struct exchange *x, const struct scan_finding *f,
	const char *but)
{
	fill(why, x, f, is_unreadable(f) ? "unreadable" : "credential_found", but);
	why->how = how_to_ask(dlp_of(x), is_unreadable(f));
}

void found_incoming(struct refusal *why, const struct exchange *x, const struct scan_finding *f)
{
	fill(why, x, f, str_eq(f->rule, SCAN_RULE_INJECTION) ? "prompt_injection" : "tool_changed",
		"");
	why->how = "what this host answered is not shown; ask the operator, who may switch off "
		   "inbound_detectors in the dlp of its route in the bottle's manifest";
}

void found_unread(struct refusal *why, int r, const char *rule)
{
	if (r == -ENOBUFS || r == -ENOMEM) {
		why->retry_after_s = 1;
		refusal_set(why, 503, "busy", "bounds of memory",
			r == -ENOBUFS ? "too many texts wait to be read at the same time"
				      : "memory ran out");
		return;
	}
	refusal_set(why, 503, "scanner", rule, "the scanner failed: %s", strerror(-r));
}
