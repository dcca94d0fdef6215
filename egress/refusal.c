#include "egress/refusal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <jansson.h>
#include <openssl/rand.h>

#include "base/json.h"
#include "base/ptr.h"
#include "base/str.h"

const char *refusal_phrase(const struct refusal *r, char ret[REFUSAL_PHRASE_MAX])
{
	size_t n = 0;

	/* RFC 9112, 4: visible ASCII and blanks. */
	for (const char *p = r->reason; *p && n + 1 < REFUSAL_PHRASE_MAX; p++)
		ret[n++] = *p >= ' ' && *p <= '~' ? *p : '?';
	ret[n] = '\0';
	return ret;
}

void refusal_new_id(char ret[17])
{
	unsigned char bytes[8];

	if (RAND_bytes(bytes, sizeof(bytes)) != 1)
		memset(bytes, 0, sizeof(bytes));
	for (size_t i = 0; i < sizeof(bytes); i++) {
		ret[2 * i] = "0123456789abcdef"[bytes[i] >> 4];
		ret[2 * i + 1] = "0123456789abcdef"[bytes[i] & 15];
	}
	ret[16] = '\0';
}

int refusal_set(
	struct refusal *r, int status, const char *error, const char *rule, const char *fmt, ...)
{
	va_list ap;

	r->status = status;
	r->error = error;
	r->rule = rule;
	va_start(ap, fmt);
	vsnprintf(r->reason, sizeof(r->reason), fmt, ap);
	va_end(ap);
	refusal_new_id(r->id);
	return -EACCES;
}

void refusal_set_finding(struct refusal *r, const struct scan_finding *f)
{
	snprintf(r->finding, sizeof(r->finding), "%s", f->rule);
	snprintf(r->place, sizeof(r->place), "%s", f->place ? f->place : "");
	memcpy(r->via, f->via, sizeof(r->via));
	/* A known secret shows nothing of itself. */
	if (!str_eq(f->rule, SCAN_RULE_KNOWN))
		memcpy(r->excerpt, f->excerpt, sizeof(r->excerpt));
}

bool refusal_wants_text(const struct http1_head *request)
{
	const char *agent = http1_field(request, "User-Agent", NULL);

	if (http1_lists(request, "Accept", "application/json"))
		return false;
	if (http1_lists(request, "Accept", "text/html") ||
		http1_lists(request, "Accept", "text/plain"))
		return true;
	/* git shows the body of an error only if it is text. */
	return agent &&
	       (strncasecmp(agent, "curl/", 5) == 0 || strncasecmp(agent, "git/", 4) == 0 ||
		       strncasecmp(agent, "Wget/", 5) == 0);
}

/* What whoever met the refusal can do about it; caller frees. */
static char *how_to_ask(const struct refusal *r)
{
	if (r->how)
		return strdup(r->how);
	if (strcmp(r->error, "git_push") == 0)
		return strdup("push to the upstream's ssh URL: the bottle's git sends it through "
			      "git-gate, which scans it and forwards it");
	if (strncmp(r->rule, "limits: ", 8) == 0)
		return str_format("the operator can raise it in the bottle's manifest, under "
				  "limits of egress or of the route%s",
			r->retry_after_s ? "; a later try may pass as it is" : "");
	if (r->status == 403 && r->host[0])
		return str_format("ask the operator to allow it under egress.routes of the "
				  "bottle's manifest (host: %s); the routes in force are at "
				  "http://" HOST_POLICY "/allowlist",
			r->host);
	if (r->status == 403)
		return strdup("the routes in force are at http://" HOST_POLICY "/allowlist");
	if (r->status >= 500)
		return strdup("nothing needs to be allowed: tell the operator if it lasts");
	return strdup("send a request that can be read in one way only");
}

/* The scanner's rule where it was the scanner. */
static const char *rule_of(const struct refusal *r)
{
	return r->finding[0] ? r->finding : r->rule;
}

static char *text_body(const struct refusal *r, const char *how)
{
	return str_format("refused by the bottle's egress: %s\n\nerror: %s\nrule: %s\nhost: %s\n"
			  "how to ask: %s\nid: %s\n",
		r->reason, r->error, rule_of(r), r->host[0] ? r->host : "-", how, r->id);
}

static int add_finding(json_t *j, const struct refusal *r)
{
	cleanup_json json_t *f = json_pack(
		"{s:s, s:s, s:s}", "place", r->place, "via", r->via, "excerpt", r->excerpt);

	return f ? json_object_update(j, f) : -1;
}

static char *json_body(const struct refusal *r, const char *how)
{
	cleanup_json json_t *j =
		json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "error", r->error, "reason", r->reason,
			"rule", rule_of(r), "host", r->host, "how_to_ask", how, "id", r->id);
	cleanup_free char *text = NULL;

	if (j && r->finding[0] && add_finding(j, r) < 0)
		return NULL;
	text = j ? json_dumps(j, JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;
	return text ? str_format("%s\n", text) : NULL;
}

int refusal_body(const struct refusal *r, bool text, char **ret)
{
	cleanup_free char *how = how_to_ask(r);

	*ret = !how ? NULL : text ? text_body(r, how) : json_body(r, how);
	return *ret ? 0 : -ENOMEM;
}
