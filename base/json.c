#include "base/json.h"

#include <errno.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_at.h"
#include "base/ptr.h"
#include "base/secret.h"
#include "base/str.h"

#define JSON_MAX_BYTES (16U << 20)

/* Whether this number is one that only an unsigned 64-bit integer holds. */
static bool only_unsigned(const char *digits, size_t len)
{
	char buf[24];
	char *end;

	if (len < 19 || len > 20)
		return false;
	/* First the copy: what is looked at need not end behind the digits. */
	memcpy(buf, digits, len);
	buf[len] = '\0';
	if (strspn(buf, "0123456789") < len)
		return false;
	errno = 0;
	return strtoull(buf, &end, 10) > INT64_MAX && errno == 0;
}

/*
 * jansson holds integers in 64 signed bits and fails for a larger one, but engines write
 * 18446744073709551615 for "no limit". Such numbers become strings, which json_get_u64 takes.
 */
static char *quote_unsigned(const char *text, size_t len)
{
	struct str s = {0};
	size_t n;

	for (size_t i = 0; i < len; i += n) {
		n = 1;
		if (text[i] == '"')
			n = json_token_length(text + i, len - i);
		else
			while (strchr("0123456789.eE+-", text[i]) && text[i] && i + n < len &&
				text[i + n] && strchr("0123456789.eE+-", text[i + n]))
				n++;
		if (only_unsigned(text + i, n))
			str_addf(&s, "\"%.*s\"", (int)n, text + i);
		else
			str_add_bytes(&s, text + i, n);
	}
	return str_take(&s);
}

static const char *right_instead(enum json_error_code code)
{
	switch (code) {
	case json_error_numeric_overflow:
		return "; whole numbers have at most 64 bits, others about 15 digits and e+308";
	case json_error_null_character:
		return "; no string may hold a NUL character, which ends it for the kernel";
	case json_error_invalid_utf8:
		return "; the text must be UTF-8";
	case json_error_stack_overflow:
		return "; arrays and objects may be nested 2048 deep";
	case json_error_duplicate_key:
		return "; each member may stand there once";
	default:
		return "";
	}
}

static int syntax_error(
	const char *text, size_t len, const char *file, const json_error_t *je, struct err *e)
{
	size_t byte = je->position > 0 ? (size_t)je->position : 0;
	char path[200];

	json_at_byte(text, len, byte, path, sizeof(path));
	return err_say(e, EINVAL, "%s: %s%sline %d, column %d: %s%s", file, path, *path ? ": " : "",
		je->line, je->column, je->text, right_instead(json_error_code(je)));
}

#define JSON_FLAGS (JSON_DECODE_ANY | JSON_REJECT_DUPLICATES)

int json_parse(const char *text, size_t len, const char *file, json_t **ret, struct err *e)
{
	cleanup_free char *quoted = NULL;
	json_error_t je;
	json_t *j;

	if (len > JSON_MAX_BYTES)
		return err_say(e, EFBIG, "%s: longer than %u bytes", file, JSON_MAX_BYTES);
	/* JSON_ALLOW_NUL is not set: "\u0000" in a path would cut it short. */
	j = json_loadb(text, len, JSON_FLAGS, &je);
	if (!j && json_error_code(&je) == json_error_numeric_overflow) {
		quoted = quote_unsigned(text, len);
		if (!quoted)
			return err_set(e, ENOMEM, "read %s", file);
		text = quoted;
		len = strlen(quoted);
		j = json_loadb(text, len, JSON_FLAGS, &je);
	}
	if (!j)
		return syntax_error(text, len, file, &je, e);
	*ret = j;
	return 0;
}

static void wipe_and_free(void *p)
{
	if (p)
		secret_wipe(p, malloc_usable_size(p));
	free(p);
}

void json_wipe_freed(void)
{
	json_set_alloc_funcs(malloc, wipe_and_free);
}

struct json_at json_root(json_t *j, const char *file)
{
	return (struct json_at){.j = j, .key = file};
}

/* Writes from the root down, so that the longest paths lose their end. */
static size_t add_path(const struct json_at *at, char *buf, size_t size, size_t used)
{
	int n;

	if (!at->up)
		return used;
	used = add_path(at->up, buf, size, used);
	if (at->key)
		n = snprintf(buf + used, size - used, "%s%s", at->up->up ? "." : "", at->key);
	else
		n = snprintf(buf + used, size - used, "[%zu]", at->index);
	return n < 0 || used + (size_t)n >= size ? size - 1 : used + (size_t)n;
}

const char *json_path(const struct json_at *at, char *buf, size_t size)
{
	buf[0] = '\0';
	add_path(at, buf, size, 0);
	return buf;
}

int json_err(const struct json_at *at, int errnum, struct err *e, const char *fmt, ...)
{
	const struct json_at *root = at;
	char path[400], text[256];
	va_list ap;

	while (root->up)
		root = root->up;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	json_path(at, path, sizeof(path));
	if (!*path)
		return err_say(e, errnum, "%s: %s", root->key, text);
	return err_say(e, errnum, "%s: %s: %s", root->key, path, text);
}

static const char *type_name(json_type t)
{
	switch (t) {
	case JSON_OBJECT:
		return "an object";
	case JSON_ARRAY:
		return "an array";
	case JSON_STRING:
		return "a string";
	case JSON_INTEGER:
		return "an integer";
	case JSON_REAL:
		return "a number";
	case JSON_TRUE:
	case JSON_FALSE:
		return "a boolean";
	case JSON_NULL:
		return "null";
	}
	return "something else";
}

/* " (5)" for a short scalar, else nothing. */
static const char *show(const json_t *j, char *buf, size_t size)
{
	cleanup_free char *text = json_dumps(j, JSON_ENCODE_ANY);

	buf[0] = '\0';
	if (text && !json_is_null(j) && !json_is_object(j) && !json_is_array(j) &&
		strlen(text) + 4 < size)
		snprintf(buf, size, " (%s)", text);
	return buf;
}

static int check_type(const struct json_at *at, json_type type, struct err *e)
{
	json_type found = json_typeof(at->j);
	char value[64];

	if (found == type || (type == JSON_TRUE && found == JSON_FALSE))
		return 1;
	return json_err(at, EINVAL, e, "expected %s, found %s%s", type_name(type), type_name(found),
		show(at->j, value, sizeof(value)));
}

int json_member(const struct json_at *at, const char *key, json_type type, struct json_at *ret,
	struct err *e)
{
	json_t *j = json_object_get(at->j, key);

	if (!j || json_is_null(j))
		return 0;
	*ret = (struct json_at){.j = j, .up = at, .key = key};
	return check_type(ret, type, e);
}

int json_element(
	const struct json_at *at, size_t index, json_type type, struct json_at *ret, struct err *e)
{
	json_t *j = json_array_get(at->j, index);

	if (!j)
		return json_err(at, EINVAL, e, "no element %zu", index);
	*ret = (struct json_at){.j = j, .up = at, .index = index};
	return check_type(ret, type, e);
}

size_t json_count(const struct json_at *at)
{
	return json_is_array(at->j) ? json_array_size(at->j) : json_object_size(at->j);
}

int json_only(const struct json_at *at, const char *const *known, struct err *e)
{
	const char *key;
	json_t *value;

	json_object_foreach (at->j, key, value) {
		size_t i = 0;

		while (known[i] && strcmp(known[i], key) != 0)
			i++;
		if (!known[i])
			return json_err(at, EINVAL, e, "unknown member '%s'", key);
	}
	return 0;
}

int json_get_str(const struct json_at *at, const char *key, char **ret, struct err *e)
{
	struct json_at m;
	int r = json_member(at, key, JSON_STRING, &m, e);
	char *copy;

	if (r <= 0)
		return r;
	copy = strdup(json_string_value(m.j));
	if (!copy)
		return err_set(e, ENOMEM, "read '%s'", key);
	free(*ret);
	*ret = copy;
	return 1;
}

int json_need_str(const struct json_at *at, const char *key, char **ret, struct err *e)
{
	int r = json_get_str(at, key, ret, e);

	if (r == 0)
		return json_err(at, EINVAL, e, "the member '%s' is missing", key);
	return r;
}

int json_get_bool(const struct json_at *at, const char *key, bool *ret, struct err *e)
{
	struct json_at m;
	int r = json_member(at, key, JSON_TRUE, &m, e);

	if (r > 0)
		*ret = json_is_true(m.j);
	return r;
}

int json_get_int(const struct json_at *at, const char *key, int64_t min, int64_t max, int64_t *ret,
	struct err *e)
{
	struct json_at m;
	int r = json_member(at, key, JSON_INTEGER, &m, e);
	json_int_t v;

	if (r <= 0)
		return r;
	v = json_integer_value(m.j);
	if (v < min || v > max)
		return json_err(&m, ERANGE, e, "%lld is not between %lld and %lld", (long long)v,
			(long long)min, (long long)max);
	*ret = v;
	return 1;
}

int json_get_u64(const struct json_at *at, const char *key, uint64_t *ret, struct err *e)
{
	const char *text = json_string_value(json_object_get(at->j, key));
	int64_t v = 0;
	int r;

	if (text && only_unsigned(text, strlen(text))) {
		*ret = strtoull(text, NULL, 10);
		return 1;
	}
	r = json_get_int(at, key, 0, INT64_MAX, &v, e);
	if (r > 0)
		*ret = (uint64_t)v;
	return r;
}

int json_get_strv(const struct json_at *at, const char *key, char ***ret, struct err *e)
{
	cleanup_strv char **v = NULL;
	struct json_at list, item;
	int r = json_member(at, key, JSON_ARRAY, &list, e);

	if (r <= 0)
		return r;
	/* An empty array is present: a list with nothing but its end. */
	v = calloc(json_count(&list) + 1, sizeof(*v));
	if (!v)
		return err_set(e, ENOMEM, "read '%s'", key);
	for (size_t i = 0; i < json_count(&list); i++) {
		r = json_element(&list, i, JSON_STRING, &item, e);
		if (r < 0)
			return r;
		v[i] = strdup(json_string_value(item.j));
		if (!v[i])
			return err_set(e, ENOMEM, "read '%s'", key);
	}
	strv_free(*ret);
	*ret = steal_ptr(&v);
	return 1;
}

int json_get_list(
	const struct json_at *at, const char *key, const struct json_list *how, struct err *e)
{
	struct json_at list, item;
	size_t n;
	char *items;
	int r = json_member(at, key, JSON_ARRAY, &list, e);

	if (r <= 0)
		return r;
	n = json_count(&list);
	if (n > JSON_LIST_MAX)
		return json_err(
			&list, E2BIG, e, "%zu entries, at most %d are allowed", n, JSON_LIST_MAX);
	items = calloc(n + 1, how->item_size);
	if (!items)
		return err_set(e, ENOMEM, "read '%s'", key);
	/* The owner has it from here on, so that a failure below leaks nothing. */
	memcpy(how->list, &items, sizeof(items));
	*how->n = n;
	for (size_t i = 0; i < n; i++) {
		r = json_element(&list, i, JSON_OBJECT, &item, e);
		if (r >= 0)
			r = how->read(&item, items + i * how->item_size, e);
		if (r < 0)
			return r;
	}
	return 1;
}

json_t *json_from_strv(char *const *v)
{
	cleanup_json json_t *list = json_array();

	for (size_t i = 0; list && v && v[i]; i++)
		if (json_array_append_new(list, json_string(v[i])) < 0)
			return NULL;
	return steal_ptr(&list);
}
