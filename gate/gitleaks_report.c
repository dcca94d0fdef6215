#include "gate/gitleaks_report.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/ptr.h"
#include "base/secret.h"
#include "base/str.h"
#include "gate/refs.h"

#define PREFIX "gitleaks:"

static const char *text_of(const json_t *j, const char *key)
{
	const char *s = json_string_value(json_object_get(j, key));

	return s ? s : "";
}

static void set_rule(struct serve_finding *said, const char *id)
{
	snprintf(said->rule, sizeof(said->rule), PREFIX "%s", id);
	for (char *c = said->rule; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("_.:-", *c))
			*c = '?';
}

static char shown(char c)
{
	return c > ' ' && c < 0x7f ? c : '?';
}

/* Two characters from either end of what is long enough, as with our own findings. */
static void set_excerpt(struct serve_finding *said, const char *secret)
{
	size_t len = strlen(secret);

	if (len < 16)
		snprintf(said->excerpt, sizeof(said->excerpt), "…");
	else
		snprintf(said->excerpt, sizeof(said->excerpt), "%c%c…%c%c", shown(secret[0]),
			shown(secret[1]), shown(secret[len - 2]), shown(secret[len - 1]));
}

/* Of a path that is too long the end, as the scanner tells it. */
static void set_path(struct serve_finding *said, const char *path)
{
	size_t len = strlen(path);

	if (len >= sizeof(said->path))
		path += len - (sizeof(said->path) - 1);
	snprintf(said->path, sizeof(said->path), "%s", path);
}

static int add(struct inspection *in, const json_t *j, struct err *e)
{
	struct inspect_finding f = {.kind = INSPECT_BLOB};
	const char *commit = text_of(j, "Commit");
	json_int_t line = json_integer_value(json_object_get(j, "StartLine"));

	if (!*text_of(j, "RuleID") || !json_is_string(json_object_get(j, "Secret")) ||
		!json_is_string(json_object_get(j, "File")))
		return err_say(e, EPROTO, "a finding without a rule, a file or a secret");
	if (refs_is_oid(commit, strlen(commit)))
		memcpy(f.commit, commit, strlen(commit) + 1);
	set_rule(&f.said, text_of(j, "RuleID"));
	set_path(&f.said, text_of(j, "File"));
	set_excerpt(&f.said, text_of(j, "Secret"));
	snprintf(f.said.what, sizeof(f.said.what), "what gitleaks takes for a secret");
	f.said.line = line > 0 ? (uint64_t)line : 0;
	inspect_add(in, &f);
	return 0;
}

int gitleaks_report_add(struct inspection *in, const char *json, size_t len, struct err *e)
{
	cleanup_json json_t *all = NULL;
	const json_t *one;
	size_t i;
	int r = json_parse(json, len, "its report", &all, e);

	if (r < 0)
		return r;
	if (!json_is_array(all))
		return err_say(e, EPROTO, "its report is no list");
	if (json_array_size(all) > INT32_MAX)
		return err_say(e, EPROTO, "its report has no end");
	json_array_foreach (all, i, one) {
		r = add(in, one, e);
		if (r < 0)
			return r;
	}
	return (int)json_array_size(all);
}

int gitleaks_report_count(const char *log, size_t *ret, struct err *e)
{
	static const char words[] = " commits scanned.";
	const char *end = strstr(log, words), *digits = end;
	char number[20];
	long n;

	while (digits && digits > log && isdigit((unsigned char)digits[-1]))
		digits--;
	if (!digits || digits == end || (size_t)(end - digits) >= sizeof(number))
		return err_say(e, EPROTO, "it does not say how many commits it has scanned");
	snprintf(number, sizeof(number), "%.*s", (int)(end - digits), digits);
	if (!str_to_long(number, 0, INT32_MAX, &n))
		return err_say(e, EPROTO, "it says that it has scanned %s commits", number);
	*ret = (size_t)n;
	return 0;
}
