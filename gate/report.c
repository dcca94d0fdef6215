#include "gate/report.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/ptr.h"
#include "gate/sanitize.h"
#include "scan/words.h"

/* With git's "remote: " in front this fits a terminal of 100 columns. */
#define WIDTH 90
/* A name in which something was found is shown without its longer words. */
#define WORD_SHOWN 7

/* ---- one finding in words */

/* What the scanner and the agent wrote, for a terminal. */
static void add_clean(struct str *out, const char *text)
{
	cleanup_free char *clean = sanitize_line(text, strlen(text));

	str_add(out, clean ? clean : "");
}

/* A name may be what the finding is about, so of its words only the ends are told. */
static void add_veiled(struct str *out, const char *text)
{
	cleanup_str struct str veiled = {0};

	for (const char *s = text, *end; *s; s = end) {
		size_t len = 0;

		while (isalnum((unsigned char)s[len]) || s[len] == '_' || s[len] == '-' ||
			(s[len] & 0x80))
			len++;
		end = s + len;
		if (len > WORD_SHOWN)
			str_addf(&veiled, "%.2s…%.2s", s, end - 2);
		else
			str_add_bytes(&veiled, s, len);
		if (*end)
			str_add_char(&veiled, *end++);
	}
	add_clean(out, veiled.s ? veiled.s : "");
}

struct manner {
	bool veil_paths, veil_refs;
};

static void add_path(struct str *out, const char *path, const char *none, const struct manner *m)
{
	if (!*path)
		str_add(out, none);
	else if (m->veil_paths)
		add_veiled(out, path);
	else
		add_clean(out, path);
}

static void add_where(struct str *out, const struct inspect_finding *f, const struct manner *m)
{
	switch (f->kind) {
	case INSPECT_COMMIT:
		str_add(out, "its message or one of its names");
		break;
	case INSPECT_TAG:
		str_add(out, "the message or tagger of the tag");
		break;
	case INSPECT_TREE:
		str_add(out, "a file name in ");
		add_path(out, f->said.path, "the top directory", m);
		break;
	case INSPECT_LINKS:
		str_add(out, "the commit of a submodule in ");
		add_path(out, f->said.path, "the top directory", m);
		break;
	case INSPECT_PATH:
		str_add(out, "a path");
		break;
	case INSPECT_BLOB:
		add_path(out, f->said.path, "a file", m);
		if (f->said.line > 0)
			str_addf(out, ":%llu", (unsigned long long)f->said.line);
		break;
	case INSPECT_REQUEST:
	case INSPECT_KINDS:
		str_addf(out, "the %s", f->said.path);
		break;
	}
}

/* As everybody tells a finding (scan/words.h). */
static void add_words(struct str *out, const struct inspect_finding *f, const struct manner *m)
{
	cleanup_str struct str where = {0};
	struct scan_finding said = {.rule = f->said.rule, .what = f->said.what};
	char words[SCAN_WORDS_MAX];

	add_where(&where, f, m);
	said.place = where.s ? where.s : "";
	snprintf(said.via, sizeof(said.via), "%s", f->said.via);
	snprintf(said.excerpt, sizeof(said.excerpt), "%s", f->said.excerpt);
	add_clean(out, scan_words(&said, words, sizeof(words)));
}

static void add_group(struct str *out, const struct inspect_finding *f, const struct manner *m)
{
	if (f->ref && m->veil_refs)
		add_veiled(out, f->ref);
	else if (f->ref)
		add_clean(out, f->ref);
	else
		str_add(out, f->kind == INSPECT_REQUEST ? "the push itself" : "all of it");
	if (*f->commit)
		str_addf(out, ", commit %.12s", f->commit);
}

/* ---- all of them */

/* Between words, before the rule if possible, with what follows the first line further in. */
static void add_wrapped(struct str *out, const char *text, size_t indent)
{
	const char *rule = indent + strlen(text) > WIDTH ? strstr(text, " (rule ") : NULL;
	size_t column = 0;

	while (*text) {
		size_t len = strcspn(text, " ");

		if (column == 0 || column + 1 + len > WIDTH || (rule && text == rule + 1)) {
			str_addf(out, "%s%*s", column ? "\n" : "",
				(int)(column ? indent + 4 : indent), "");
			column = column ? indent + 4 : indent;
		} else {
			str_add_char(out, ' ');
			column++;
		}
		str_add_bytes(out, text, len);
		column += len;
		text += len + strspn(text + len, " ");
	}
	str_add_char(out, '\n');
}

static int compare(const void *a, const void *b)
{
	const struct inspect_finding *x = a, *y = b;
	int r = strcmp(x->ref ? x->ref : "", y->ref ? y->ref : "");

	if (r == 0 && x->age != y->age)
		r = x->age < y->age ? -1 : 1;
	if (r == 0)
		r = strcmp(x->commit, y->commit);
	if (r == 0)
		r = strcmp(x->said.path, y->said.path);
	if (r == 0 && x->said.line != y->said.line)
		r = x->said.line < y->said.line ? -1 : 1;
	return r ? r : strcmp(x->said.rule, y->said.rule);
}

static void sort(struct inspect_told *told)
{
	qsort(told->list, told->n, sizeof(told->list[0]), compare);
}

static bool is_group(const struct inspect_finding *a, const struct inspect_finding *b)
{
	return str_eq(a->commit, b->commit) && (a->ref == b->ref || str_eq(a->ref, b->ref)) &&
	       (a->kind == INSPECT_REQUEST) == (b->kind == INSPECT_REQUEST);
}

static void add_all(struct str *out, const struct inspect_told *told, size_t n,
	const struct manner *m, const char *kind)
{
	for (size_t i = 0; i < told->n; i++) {
		const struct inspect_finding *f = &told->list[i];
		cleanup_str struct str group = {0}, words = {0};

		add_group(&group, f, m);
		add_words(&words, f, m);
		if (group.failed || words.failed) {
			str_addf(out, "    %s\n", f->said.rule);
			continue;
		}
		if (i == 0 || !is_group(f, f - 1))
			str_addf(out, "  %s:\n", group.s);
		add_wrapped(out, words.s, 4);
		log_warning("%s: %s: %s", kind, group.s, words.s);
	}
	if (told->n < n)
		str_addf(out, "  … and %zu more\n", n - told->n);
}

/* ---- what to do */

static unsigned int kinds_of(const struct inspect_told *told)
{
	unsigned int kinds = 0;

	for (size_t i = 0; i < told->n; i++)
		kinds |= 1U << told->list[i].kind;
	return kinds;
}

static bool has_unreadable(const struct inspect_told *told)
{
	for (size_t i = 0; i < told->n; i++)
		if (str_eq(told->list[i].said.rule, SCAN_RULE_UNREADABLE))
			return true;
	return false;
}

/* The oldest commit that has to be made anew, if one is known. */
static const struct inspect_finding *oldest(const struct inspect_told *told)
{
	const struct inspect_finding *f = NULL;

	for (size_t i = 0; i < told->n; i++)
		if (*told->list[i].commit && (!f || told->list[i].age > f->age))
			f = &told->list[i];
	return f;
}

static void add_advice(struct str *out, const struct inspection *in)
{
	const unsigned int kinds = kinds_of(&in->found);
	const struct inspect_finding *f = oldest(&in->found);

	str_add(out, "\nWhat to do:\n");
	if (f && f->age == 0)
		str_add(out, "  take it out of that commit:      git commit --amend\n");
	else if (f)
		str_addf(out, "  take each out of its commit:     git rebase -i %.12s^\n",
			f->commit);
	if (f)
		str_add(out, "  (a later commit that removes it does not help: the history is "
			     "published as well)\n");
	if (kinds & 1U << INSPECT_TAG)
		str_add(out, "  tag anew with another message:   git tag -f -a NAME OBJECT\n");
	if (kinds & 1U << INSPECT_REQUEST)
		str_add(out, "  push under another name, or without that option\n");
	if (has_unreadable(&in->found))
		add_wrapped(out,
			"What is unreadable could hide anything: push it in a form that "
			"can be read.",
			2);
	str_add(out, "  if it is no secret:              ask the operator of this bottle\n\n");
}

static void add_refusal(struct str *out, const struct inspection *in, const struct manner *m)
{
	str_addf(out,
		"\nPush refused: %zu finding%s in what it would publish. Nothing was sent "
		"upstream.\n\n",
		in->n_found, in->n_found == 1 ? "" : "s");
	add_all(out, &in->found, in->n_found, m, "found");
	add_advice(out, in);
}

static void add_warnings(struct str *out, const struct inspection *in, const struct manner *m)
{
	str_addf(out,
		"\nWarning: %zu thing%s in what this push publishes may be secret; it is not "
		"refused for that.\n\n",
		in->n_warnings, in->n_warnings == 1 ? "" : "s");
	add_all(out, &in->warnings, in->n_warnings, m, "warning");
	str_add_char(out, '\n');
}

void report_write(struct inspection *in, struct str *out)
{
	const unsigned int kinds = kinds_of(&in->found) | kinds_of(&in->warnings);
	const struct manner m = {
		.veil_paths = kinds & (1U << INSPECT_TREE | 1U << INSPECT_PATH),
		.veil_refs = kinds & 1U << INSPECT_REQUEST,
	};

	sort(&in->found);
	sort(&in->warnings);
	if (in->n_warnings > 0)
		add_warnings(out, in, &m);
	if (in->n_found > 0)
		add_refusal(out, in, &m);
}

void report_findings(struct inspection *in)
{
	cleanup_str struct str out = {0};

	report_write(in, &out);
	if (out.failed)
		fputs("Things were found in what this push would publish.\n", stderr);
	else if (out.len > 0)
		fputs(out.s, stderr);
}
