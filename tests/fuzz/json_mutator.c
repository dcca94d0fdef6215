#include "tests/fuzz/json_mutator.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ptr.h"

#define TEXT_MAX 4096

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int seed);

static uint32_t random_state;

/* xorshift32: the seed alone decides, so that libFuzzer can repeat what it did. */
static uint32_t pick(uint32_t n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 17;
	random_state ^= random_state << 5;
	return n ? random_state % n : 0;
}

static json_t *model(void)
{
	static json_t *m;
	json_error_t e;

	if (!m)
		m = json_loads(fuzz_model, JSON_REJECT_DUPLICATES, &e);
	if (!m) {
		fprintf(stderr, "the model: line %d, column %d: %s\n", e.line, e.column, e.text);
		abort();
	}
	return m;
}

/* ---- values that a model allows */

/* One of the words of "a|b|c". */
static void choose(const char *words, char *buf, size_t size)
{
	uint32_t n = 1;

	for (const char *p = words; *p; p++)
		n += *p == '|';
	for (n = pick(n); n > 0; n--)
		words = strchr(words, '|') + 1;
	snprintf(buf, size, "%.*s", (int)strcspn(words, "|"), words);
}

static json_t *number(const char *words)
{
	char word[64];

	choose(words, word, sizeof(word));
	/* What does not fit the library's integers becomes a number in the text (see write_text).
	 */
	if (strlen(word) > 18 && strcmp(word, "9223372036854775807") != 0)
		return json_sprintf("@%s", word);
	return json_integer(strtoll(word, NULL, 10));
}

static json_t *leaf(const char *what)
{
	char word[256];

	if (*what == '?')
		return json_boolean(pick(2));
	if (*what == '#')
		return number(what + 1);
	choose(what, word, sizeof(word));
	return json_string(word);
}

static json_t *generate(const json_t *m, int depth);

static json_t *generate_object(const json_t *m, int depth)
{
	json_t *o = json_object(), *child;
	const char *key;
	char name[64];

	json_object_foreach ((json_t *)m, key, child) {
		if (pick(4) == 0)
			continue;
		if (*key == '*')
			choose(key + 1, name, sizeof(name));
		else
			snprintf(name, sizeof(name), "%s", key);
		json_object_set_new(o, name, generate(child, depth + 1));
	}
	return o;
}

static json_t *generate(const json_t *m, int depth)
{
	json_t *list;

	if (json_is_string(m))
		return leaf(json_string_value(m));
	if (json_is_object(m))
		return generate_object(m, depth);
	list = json_array();
	for (uint32_t n = pick(3); n > 0 && depth < 12; n--)
		json_array_append_new(list, generate(json_array_get(m, 0), depth + 1));
	return list;
}

/* Something that the model does not foresee. */
static json_t *stranger(void)
{
	switch (pick(8)) {
	case 0:
		return json_null();
	case 1:
		return json_array();
	case 2:
		return json_object();
	case 3:
		return json_real(1.5);
	case 4:
		return json_integer(-1);
	case 5:
		return json_true();
	case 6:
		return json_string("");
	default:
		return json_string("@1e999");
	}
}

/* ---- the tree */

static json_t *value(const json_t *m)
{
	return m && pick(6) ? generate(m, 0) : stranger();
}

/* The model of a member that is called key. */
static const json_t *model_of(const json_t *m, const char *key)
{
	const json_t *exact = json_object_get(m, key), *child;
	const char *name;

	if (exact)
		return exact;
	json_object_foreach ((json_t *)m, name, child)
		if (*name == '*')
			return child;
	return NULL;
}

static void mutate_string(json_t *j)
{
	char buf[TEXT_MAX];
	size_t n = json_string_length(j);

	if (n >= sizeof(buf))
		return;
	memcpy(buf, json_string_value(j), n);
	n = LLVMFuzzerMutate((uint8_t *)buf, n, sizeof(buf));
	/* Not UTF-8 any more: it stays as it was. */
	json_string_setn(j, buf, n);
}

static void mutate_object(json_t *o, const json_t *m)
{
	uint32_t size = (uint32_t)json_object_size(o), members = (uint32_t)json_object_size(m);
	void *at = json_object_iter(o);
	const char *key;
	char name[64];

	for (uint32_t n = pick(size); n > 0 && at; n--)
		at = json_object_iter_next(o, at);
	if (at && pick(3) == 0) {
		json_object_del(o, json_object_iter_key(at));
		return;
	}
	if (at && (members == 0 || pick(2))) {
		key = json_object_iter_key(at);
		json_object_iter_set_new(o, at, value(model_of(m, key)));
		return;
	}
	at = json_object_iter((json_t *)m);
	for (uint32_t n = pick(members); n > 0; n--)
		at = json_object_iter_next((json_t *)m, at);
	if (!at)
		return;
	key = json_object_iter_key(at);
	if (*key == '*')
		choose(key + 1, name, sizeof(name));
	else
		snprintf(name, sizeof(name), "%s", key);
	json_object_set_new(o, name, value(json_object_iter_value(at)));
}

static void mutate_array(json_t *list, const json_t *m)
{
	size_t n = json_array_size(list), i = pick((uint32_t)n);

	switch (pick(4)) {
	case 0:
		json_array_remove(list, i);
		break;
	case 1:
		if (n > 0)
			json_array_append_new(list, json_deep_copy(json_array_get(list, i)));
		break;
	case 2:
		if (n > 0)
			json_array_set_new(list, i, value(json_array_get(m, 0)));
		break;
	default:
		json_array_append_new(list, value(json_array_get(m, 0)));
	}
}

/* Goes down a random way and changes what it ends at. */
static void mutate(json_t *j, const json_t *m)
{
	const json_t *child = NULL, *child_model = NULL;

	if (json_is_object(j) && json_object_size(j) > 0 && pick(4)) {
		void *at = json_object_iter(j);

		for (uint32_t n = pick((uint32_t)json_object_size(j)); n > 0; n--)
			at = json_object_iter_next(j, at);
		child = json_object_iter_value(at);
		child_model = model_of(m, json_object_iter_key(at));
	} else if (json_is_array(j) && json_array_size(j) > 0 && pick(3)) {
		child = json_array_get(j, pick((uint32_t)json_array_size(j)));
		child_model = json_array_get(m, 0);
	}
	if (child && !json_is_number(child) && !json_is_boolean(child) && !json_is_null(child))
		mutate((json_t *)child, child_model);
	else if (json_is_object(j))
		mutate_object(j, m);
	else if (json_is_array(j))
		mutate_array(j, m);
	else if (json_is_string(j))
		mutate_string(j);
}

/* The text; strings that begin with '@' stand for numbers which the library cannot hold. */
static size_t write_text(const json_t *j, uint8_t *data, size_t max)
{
	cleanup_free char *text = json_dumps(j, JSON_COMPACT | JSON_ENCODE_ANY);
	size_t n = 0;

	for (const char *p = text; p && *p; p++) {
		const char *end = p[0] == '"' && p[1] == '@' ? strchr(p + 2, '"') : NULL;

		if (end && strspn(p + 2, "-+.e0123456789") == (size_t)(end - p - 2)) {
			if (n + (size_t)(end - p) > max)
				return 0;
			memcpy(data + n, p + 2, (size_t)(end - p - 2));
			n += (size_t)(end - p - 2);
			p = end;
		} else if (n >= max) {
			return 0;
		} else {
			data[n++] = (uint8_t)*p;
		}
	}
	return n;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int seed)
{
	json_t *j;
	size_t n;

	random_state = seed | 1;
	j = pick(20) ? json_loadb((const char *)data, size, JSON_DECODE_ANY, NULL) : NULL;
	/* Not JSON (any more): half of such inputs begin anew. */
	if (!j && pick(2))
		return LLVMFuzzerMutate(data, size, max);
	if (!j)
		j = generate(model(), 0);
	for (uint32_t times = 1 + pick(4); times > 0; times--)
		mutate(j, model());
	n = write_text(j, data, max);
	json_decref(j);
	return n ? n : LLVMFuzzerMutate(data, size, max);
}
