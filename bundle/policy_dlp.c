#include "bundle/policy_dlp.h"

#include <errno.h>

#include "base/ptr.h"
#include "base/str.h"

static const struct {
	const char *name;
	enum policy_detector detector;
} detectors[] = {
	{"token_patterns", POLICY_TOKEN_PATTERNS},
	{"known_secrets", POLICY_KNOWN_SECRETS},
	{"entropy", POLICY_ENTROPY},
	{"naive_injection_detection", POLICY_INJECTION},
};

static const char *const on_match_names[] = {
	[POLICY_SUPERVISE] = "supervise",
	[POLICY_BLOCK] = "block",
	[POLICY_REDACT] = "redact",
};

const struct policy_dlp policy_dlp_default = {
	.outbound = POLICY_OUTBOUND, .inbound = POLICY_INBOUND, .on_match = POLICY_SUPERVISE};

unsigned int policy_detector_parse(const char *name, unsigned int all)
{
	for (size_t i = 0; i < ARRAY_LEN(detectors); i++)
		if ((detectors[i].detector & all) && str_eq(detectors[i].name, name))
			return detectors[i].detector;
	return 0;
}

bool policy_on_match_parse(const char *name, enum policy_on_match *ret)
{
	for (size_t i = 0; i < ARRAY_LEN(on_match_names); i++) {
		if (str_eq(on_match_names[i], name)) {
			*ret = (enum policy_on_match)i;
			return true;
		}
	}
	return false;
}

/* The names of a list, or false where it is switched off. */
static json_t *detectors_to_json(unsigned int set)
{
	cleanup_json json_t *list = set ? json_array() : json_false();

	for (size_t i = 0; list && i < ARRAY_LEN(detectors); i++)
		if ((detectors[i].detector & set) &&
			json_array_append_new(list, json_string(detectors[i].name)) < 0)
			return NULL;
	return steal_ptr(&list);
}

json_t *policy_dlp_to_json(const struct policy_dlp *d)
{
	return json_pack("{s:o, s:o, s:s, s:s}", "outbound_detectors",
		detectors_to_json(d->outbound), "inbound_detectors", detectors_to_json(d->inbound),
		"outbound_on_match", on_match_names[d->on_match], "unreadable",
		d->unreadable_ok ? "allow" : "refuse");
}

static int read_detectors(const struct json_at *dlp, const char *key, unsigned int all,
	unsigned int *ret, struct err *e)
{
	const json_t *list = json_object_get(dlp->j, key), *item;
	unsigned int set = 0, one;
	size_t i;

	if (!list)
		return 0;
	if (json_is_false(list)) {
		*ret = 0;
		return 0;
	}
	if (json_array_size(list) == 0)
		return json_err(dlp, EINVAL, e, "%s: expected names of detectors, or false", key);
	json_array_foreach (list, i, item) {
		one = json_is_string(item) ? policy_detector_parse(json_string_value(item), all)
					   : 0;
		if (one == 0)
			return json_err(dlp, EINVAL, e, "%s[%zu] is no detector", key, i);
		set |= one;
	}
	*ret = set;
	return 0;
}

static int read_words(const struct json_at *dlp, struct policy_dlp *ret, struct err *e)
{
	cleanup_free char *match = NULL, *unreadable = NULL;

	if (json_get_str(dlp, "outbound_on_match", &match, e) < 0 ||
		json_get_str(dlp, "unreadable", &unreadable, e) < 0)
		return -e->code;
	if (match && !policy_on_match_parse(match, &ret->on_match))
		return json_err(dlp, EINVAL, e, "outbound_on_match: '%s' is none of %s", match,
			POLICY_ON_MATCH_WORDS);
	if (unreadable && !str_eq(unreadable, "allow") && !str_eq(unreadable, "refuse"))
		return json_err(
			dlp, EINVAL, e, "unreadable: '%s' is none of refuse, allow", unreadable);
	ret->unreadable_ok = unreadable && str_eq(unreadable, "allow");
	return 0;
}

int policy_dlp_read(const struct json_at *route, struct policy_dlp *ret, struct err *e)
{
	static const char *const known[] = {
		"outbound_detectors", "inbound_detectors", "outbound_on_match", "unreadable", NULL};
	struct json_at dlp;
	int r = json_member(route, "dlp", JSON_OBJECT, &dlp, e);

	*ret = policy_dlp_default;
	if (r <= 0)
		return r;
	if (json_only(&dlp, known, e) < 0)
		return -e->code;
	r = read_detectors(&dlp, "outbound_detectors", POLICY_OUTBOUND, &ret->outbound, e);
	if (r == 0)
		r = read_detectors(&dlp, "inbound_detectors", POLICY_INBOUND, &ret->inbound, e);
	return r < 0 ? r : read_words(&dlp, ret, e);
}
