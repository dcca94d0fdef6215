#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/ptr.h"
#include "base/str.h"
#include "scan/rule_pattern.h"
#include "scan/ruleset_edit.h"

static char *say(const struct ruleset_reading *rd, unsigned int line, const char *fmt, va_list ap)
{
	char what[400];

	vsnprintf(what, sizeof(what), fmt, ap);
	return line ? str_format("%s:%u: %s", rd->name, line, what)
		    : str_format("%s: %s", rd->name, what);
}

void ruleset_wrong(struct ruleset_reading *rd, unsigned int line, const char *fmt, ...)
{
	cleanup_free char *what = NULL;
	char *joined;
	va_list ap;

	va_start(ap, fmt);
	what = say(rd, line, fmt, ap);
	va_end(ap);
	rd->n_errors++;
	joined = what ? str_format("%s%s%s", rd->errors ? rd->errors : "", rd->errors ? "; " : "",
				what)
		      : NULL;
	rd->no_memory |= !joined;
	free(rd->errors);
	rd->errors = joined;
}

int ruleset_reading_end(struct ruleset_reading *rd, struct err *e)
{
	cleanup_free char *errors = steal_ptr(&rd->errors);

	if (rd->no_memory)
		return err_set(e, ENOMEM, "%s", rd->name);
	return rd->n_errors > 0 ? err_say(e, EINVAL, "%s", errors) : 0;
}

void ruleset_warn(struct ruleset_reading *rd, unsigned int line, const char *fmt, ...)
{
	char *what;
	va_list ap;

	va_start(ap, fmt);
	what = say(rd, line, fmt, ap);
	va_end(ap);
	if (!what || strv_push(&rd->to->warnings, what) < 0)
		rd->no_memory = true;
}

bool ruleset_copy(struct ruleset_reading *rd, const char *s, char **ret)
{
	free(*ret);
	*ret = strdup(s);
	rd->no_memory |= !*ret;
	return *ret;
}

static bool is_text(struct ruleset_reading *rd, const struct toml *v, const char *key)
{
	if (v->type != TOML_STRING) {
		ruleset_wrong(
			rd, v->line, "'%s' holds %s, expected strings", key, toml_type_name(v));
		return false;
	}
	if (strlen(v->s) != v->len)
		ruleset_wrong(rd, v->line, "'%s': a string with a NUL in it", key);
	return true;
}

static void copy_list(
	struct ruleset_reading *rd, const struct toml *v, const char *key, char ***list)
{
	const struct toml *item = v->type == TOML_ARRAY ? v->first : v;

	for (; item; item = v->type == TOML_ARRAY ? item->next : NULL)
		if (is_text(rd, item, key) && strv_add(list, item->s) < 0)
			rd->no_memory = true;
}

static bool has_type(const struct ruleset_key *key, const struct toml *v)
{
	if (key->type == TOML_FLOAT && v->type == TOML_INTEGER)
		return true;
	if (key->type == TOML_ARRAY && !key->read && v->type == TOML_STRING)
		return true;
	return v->type == key->type;
}

const struct ruleset_key *ruleset_find_key(const struct ruleset_key *keys, const char *name)
{
	for (; keys->name; keys++)
		if ((*keys->name | 0x20) == (*name | 0x20) && strcasecmp(keys->name, name) == 0)
			return keys;
	return NULL;
}

void ruleset_read_key(
	struct ruleset_reading *rd, const struct ruleset_key *key, const struct toml *v, void *to)
{
	const struct toml expected = {.type = key->type};

	if (!has_type(key, v))
		ruleset_wrong(rd, v->line, "'%s' is %s, expected %s", key->name, toml_type_name(v),
			toml_type_name(&expected));
	else if (key->read)
		key->read(rd, to, v);
	else if (key->type == TOML_ARRAY)
		copy_list(rd, v, key->name, (char ***)((char *)to + key->offset));
	else if (is_text(rd, v, key->name))
		ruleset_copy(rd, v->s, (char **)((char *)to + key->offset));
}

void ruleset_read_keys(struct ruleset_reading *rd, const struct ruleset_key *keys,
	const struct toml *table, void *to, const char *of)
{
	for (const struct toml *v = table->first; v; v = v->next) {
		const struct ruleset_key *key = ruleset_find_key(keys, v->key);

		if (!key)
			ruleset_warn(rd, v->line, "unknown key '%s' of %s is ignored", v->key, of);
		else if (key->own && !rd->builtin)
			ruleset_warn(rd, v->line,
				"key '%s' is ignored: only built-in rules have it", v->key);
		else
			ruleset_read_key(rd, key, v, to);
	}
}

void ruleset_read_nothing(struct ruleset_reading *rd, void *to, const struct toml *v)
{
	(void)rd;
	(void)to;
	(void)v;
}

const struct toml *ruleset_get(const struct toml *table, const char *key)
{
	for (const struct toml *v = table->first; v; v = v->next)
		if (strcasecmp(v->key, key) == 0)
			return v;
	return NULL;
}

void ruleset_rewrite(struct ruleset_reading *rd, char **patterns, unsigned int line)
{
	struct err e;

	for (; patterns && *patterns; patterns++) {
		char *rewritten = NULL;
		bool wider = false;

		if (rule_pattern_of_re2(*patterns, &rewritten, &wider, &e) < 0) {
			ruleset_wrong(rd, line, "pattern '%.80s': %s", *patterns, e.msg);
			continue;
		}
		if (wider)
			ruleset_wrong(rd, line,
				"pattern '%.80s' would allow too much: name single characters "
				"beyond ASCII, at most 64",
				*patterns);
		free(*patterns);
		*patterns = rewritten;
	}
}
