#include "bundle/oci_words.h"

#include <errno.h>

#include "base/ptr.h"
#include "base/str.h"

/* More than these do not fit into an error. */
#define NAMES_TOLD 10

static int refuse(
	const struct json_at *at, const struct oci_words *words, const char *name, struct err *e)
{
	cleanup_str struct str all = {0};

	for (size_t i = 0; i < words->n && i < NAMES_TOLD; i++)
		str_addf(&all, "%s%s", i ? ", " : "", words->list[i].name);
	if (words->n > NAMES_TOLD)
		str_addf(&all, " and %zu more", words->n - NAMES_TOLD);
	return json_err(at, EINVAL, e, "invalid %s '%s'; there are %s", words->what, name,
		all.failed ? "others" : all.s);
}

static int find(const struct json_at *at, const struct oci_words *words, const char *name,
	uint64_t *ret, struct err *e)
{
	for (size_t i = 0; i < words->n; i++) {
		if (str_eq(words->list[i].name, name)) {
			*ret = words->list[i].value;
			return 0;
		}
	}
	return refuse(at, words, name, e);
}

int oci_words_need(const struct json_at *at, const char *key, const struct oci_words *words,
	uint64_t *ret, struct err *e)
{
	struct json_at word;
	int r = json_member(at, key, JSON_STRING, &word, e);

	if (r < 0)
		return r;
	if (r == 0)
		return json_err(at, EINVAL, e, "the member '%s' is missing", key);
	return find(&word, words, json_string_value(word.j), ret, e);
}

int oci_words_flags(const struct json_at *at, const char *key, const struct oci_words *words,
	uint64_t *ret, struct err *e)
{
	struct json_at list, item;
	int r = json_member(at, key, JSON_ARRAY, &list, e);
	size_t n = r > 0 ? json_count(&list) : 0;

	for (size_t i = 0; r >= 0 && i < n; i++) {
		uint64_t value = 0;

		r = json_element(&list, i, JSON_STRING, &item, e);
		if (r >= 0)
			r = find(&item, words, json_string_value(item.j), &value, e);
		*ret |= value;
	}
	return r;
}

const char *oci_words_name(const struct oci_words *words, uint64_t value)
{
	for (size_t i = 0; i < words->n; i++)
		if (words->list[i].value == value)
			return words->list[i].name;
	return "?";
}

json_t *oci_words_json(const struct oci_words *words)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < words->n; i++)
		json_array_append_new(list, json_string(words->list[i].name));
	return list;
}
