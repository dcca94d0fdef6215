#include "control/scan_report.h"

#include <errno.h>

#include "base/ptr.h"
#include "base/str.h"

static const char *const confidences[] = {
	[SCAN_LOW] = "low", [SCAN_MEDIUM] = "medium", [SCAN_HIGH] = "high"};

int scan_report_open(struct scan_report *r, FILE *to, const struct scan_rules *rules)
{
	r->to = to;
	r->rules = rules;
	r->list = json_array();
	return r->list ? 0 : -ENOMEM;
}

/* ---- text */

/* A file's name is somebody else's text: no control character of it reaches the terminal. */
static void print_name(FILE *to, const char *name)
{
	for (const unsigned char *c = (const unsigned char *)name; *c; c++)
		if (*c < 0x20 || *c == 0x7f)
			fprintf(to, "\\x%02x", *c);
		else
			fputc(*c, to);
}

static const char *what_follows(const struct scan_finding *f)
{
	if (f->confidence == SCAN_LOW)
		return "gate and egress let it pass with a warning";
	if (str_eq(f->rule, SCAN_RULE_UNREADABLE))
		return "gate and egress refuse it, unless the route says `unreadable: allow`: what "
		       "cannot be read could be anything";
	if (str_eq(f->rule, SCAN_RULE_INJECTION))
		return "egress refuses such a response; it is no matter in what leaves";
	return "the gate refuses a push that holds it, egress what `outbound_on_match` says";
}

static void explain(const struct scan_report *r, const struct scan_finding *f)
{
	struct scan_rule_about about = {0};
	bool has_rule = scan_rule_about(r->rules, f->rule, &about) == 0;

	fprintf(r->to, "    confidence: %s; %s\n", confidences[f->confidence], what_follows(f));
	if (*f->via)
		fprintf(r->to, "    it was not there as it is: %s had to be undone\n", f->via);
	if (has_rule && about.doc)
		fprintf(r->to, "    what such a one looks like: %s\n", about.doc);
	if (has_rule)
		fprintf(r->to,
			"    if it is none: an [[allowlists]] entry with `targetRules = [\"%s\"]` "
			"in "
			"rules.toml\n",
			f->rule);
}

static int add_text(struct scan_report *r, const char *file, const struct scan_finding *f)
{
	print_name(r->to, file);
	if (f->line > 0)
		fprintf(r->to, ":%zu", f->line);
	fprintf(r->to, ": %s%s: %s", f->confidence == SCAN_LOW ? "warning: " : "", f->rule,
		f->what);
	if (!str_eq(f->rule, SCAN_RULE_UNREADABLE))
		fprintf(r->to, "  %s", f->excerpt);
	if (*f->via)
		fprintf(r->to, "  (%s)", f->via);
	fputc('\n', r->to);
	if (r->explain)
		explain(r, f);
	return ferror(r->to) ? -EIO : 0;
}

/* ---- JSON and SARIF */

/* Names that are no UTF-8 cannot stand in JSON as they are. */
static json_t *name_json(const char *name)
{
	json_t *j = json_string(name);
	cleanup_str struct str s = {0};

	if (j)
		return j;
	for (; *name; name++)
		if (*name > 0)
			str_add_char(&s, *name);
		else
			str_addf(&s, "%%%02X", (unsigned char)*name);
	return s.failed ? NULL : json_string(s.s);
}

static json_t *finding_json(const char *file, const struct scan_finding *f)
{
	json_t *j = json_pack("{s:o, s:s, s:s, s:s, s:s, s:s}", "file", name_json(file), "rule",
		f->rule, "what", f->what, "confidence", confidences[f->confidence], "excerpt",
		f->excerpt, "via", f->via);

	if (j && f->line > 0)
		json_object_set_new(j, "line", json_integer((json_int_t)f->line));
	if (j && f->end > 0) {
		json_object_set_new(j, "start", json_integer((json_int_t)f->start));
		json_object_set_new(j, "end", json_integer((json_int_t)f->end));
	}
	return j;
}

/* SARIF 2.1.0 (OASIS), section 3.27: result. */
static json_t *result_json(const char *file, const struct scan_finding *f)
{
	cleanup_free char *message = str_format("%s %s%s%s%s", f->what, f->excerpt,
		*f->via ? " (" : "", f->via, *f->via ? ")" : "");
	json_t *place = json_pack("{s:{s:o}}", "artifactLocation", "uri", name_json(file));

	if (place && f->line > 0)
		json_object_set_new(
			place, "region", json_pack("{s:I}", "startLine", (json_int_t)f->line));
	return json_pack("{s:s, s:s, s:{s:s}, s:[{s:o}]}", "ruleId", f->rule, "level",
		f->confidence == SCAN_LOW ? "warning" : "error", "message", "text",
		message ? message : f->what, "locations", "physicalLocation", place);
}

static int add_json(struct scan_report *r, const char *file, const struct scan_finding *f)
{
	json_t *j = r->format == SCAN_FORMAT_SARIF ? result_json(file, f) : finding_json(file, f);

	return json_array_append_new(r->list, j) < 0 ? -ENOMEM : 0;
}

int scan_report_add(struct scan_report *r, const char *file, const struct scan_finding *f)
{
	if (f->confidence == SCAN_LOW)
		r->warned++;
	else
		r->found++;
	return r->format == SCAN_FORMAT_TEXT ? add_text(r, file, f) : add_json(r, file, f);
}

/* Each rule that found something, once (section 3.49: reportingDescriptor). */
static json_t *rules_json(const struct scan_report *r)
{
	json_t *rules = json_array(), *seen = json_object(), *result;
	size_t i;

	json_array_foreach (r->list, i, result) {
		const char *id = json_string_value(json_object_get(result, "ruleId"));
		struct scan_rule_about about = {0};
		json_t *rule;

		if (!id || json_object_get(seen, id))
			continue;
		rule = json_pack("{s:s}", "id", id);
		if (scan_rule_about(r->rules, id, &about) == 0) {
			json_object_set_new(
				rule, "shortDescription", json_pack("{s:s}", "text", about.what));
			if (about.doc)
				json_object_set_new(rule, "helpUri", json_string(about.doc));
		}
		json_array_append_new(rules, rule);
		json_object_set_new(seen, id, json_true());
	}
	json_decref(seen);
	return rules;
}

static json_t *sarif_json(const struct scan_report *r)
{
	return json_pack("{s:s, s:s, s:[{s:{s:{s:s, s:s, s:o}}, s:O}]}", "$schema",
		"https://json.schemastore.org/sarif-2.1.0.json", "version", "2.1.0", "runs", "tool",
		"driver", "name", "bottle scan", "version", BOTTLE_VERSION, "rules", rules_json(r),
		"results", r->list);
}

int scan_report_close(struct scan_report *r)
{
	json_t *j = NULL;
	int failed = 0;

	if (r->format == SCAN_FORMAT_SARIF)
		j = sarif_json(r);
	else if (r->format == SCAN_FORMAT_JSON)
		j = json_incref(r->list);
	if (r->format != SCAN_FORMAT_TEXT)
		failed = !j || json_dumpf(j, r->to, JSON_INDENT(2)) < 0 || fputc('\n', r->to) < 0;
	json_decref(j);
	json_decref(r->list);
	r->list = NULL;
	return failed || fflush(r->to) != 0 ? -EIO : 0;
}
