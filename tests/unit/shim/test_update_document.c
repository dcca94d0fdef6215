#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/ptr.h"
#include "shim/update_document.h"

static void sizes_are_read_as_docker_writes_them(void **state)
{
	static const struct {
		const char *text;
		json_int_t bytes;
	} cases[] = {
		{"0", 0},
		{"-1", -1},
		{"512", 512},
		{"512b", 512},
		{"32m", 33554432},
		{"32MB", 33554432},
		{"32 MiB", 33554432},
		{"1.5g", 1610612736},
		{"2T", INT64_C(2199023255552)},
		{"9007199254740993", INT64_C(9007199254740993)},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		json_int_t n = -7;

		assert_int_equal(update_parse_bytes(cases[i].text, &n), 0);
		assert_int_equal(n, cases[i].bytes);
	}
}

static void what_is_no_size_is_refused(void **state)
{
	static const char *const bad[] = {"", "m", "-2", "1x", "1mm", "1ib", ".5m", "5.m", "1  m",
		"0x10", "1e3", "nan", "m1"};
	json_int_t n = -7;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(update_parse_bytes(bad[i], &n), -EINVAL);
	assert_int_equal(update_parse_bytes("99999999p", &n), -ERANGE);
	assert_int_equal(update_parse_bytes("99999999999999999999", &n), -ERANGE);
	assert_int_equal(n, -7);
}

static size_t option(const char *name)
{
	for (size_t i = 0; i < update_n_options; i++)
		if (strcmp(update_options[i].name, name) == 0)
			return i;
	fail_msg("no option --%s", name);
	return 0;
}

static void options_become_a_resources_document(void **state)
{
	const char *values[32] = {NULL};
	cleanup_json json_t *doc = NULL;
	cleanup_free char *text = NULL;
	struct err e = {0};

	(void)state;
	values[option("memory")] = "64m";
	values[option("cpu-quota")] = "-1";
	values[option("cpuset-cpus")] = "0-1";
	values[option("kernel-memory")] = "5m";
	assert_int_equal(update_from_options(values, &doc, &e), 0);
	text = json_dumps(doc, JSON_COMPACT | JSON_SORT_KEYS);
	assert_string_equal(
		text, "{\"cpu\":{\"cpus\":\"0-1\",\"quota\":-1},\"memory\":{\"limit\":67108864}}");
}

static void a_bad_value_names_its_option(void **state)
{
	const char *values[32] = {NULL};
	json_t *doc = NULL;
	struct err e = {0};

	(void)state;
	values[option("pids-limit")] = "many";
	assert_int_equal(update_from_options(values, &doc, &e), -EINVAL);
	assert_non_null(strstr(e.msg, "'many' for --pids-limit"));
}

static json_t *settled(const char *text)
{
	struct err e = {0};
	json_t *doc = NULL;

	assert_int_equal(json_parse(text, strlen(text), "test", &doc, &e), 0);
	update_settle(doc);
	return doc;
}

static void zeros_of_engines_change_nothing(void **state)
{
	cleanup_json json_t *doc = settled("{\"memory\":{\"limit\":0,\"swap\":5},\"cpu\":{"
					   "\"shares\":0,\"idle\":0,\"cpus\":\"\"},"
					   "\"pids\":{\"limit\":0},\"blockIO\":{\"weight\":0}}");
	cleanup_free char *text = json_dumps(doc, JSON_COMPACT | JSON_SORT_KEYS);

	(void)state;
	assert_string_equal(text, "{\"blockIO\":{},\"cpu\":{\"idle\":0},\"memory\":{\"swap\":5},"
				  "\"pids\":{\"limit\":0}}");
}

static void memory_without_a_limit_has_swap_without_one(void **state)
{
	cleanup_json json_t *alone = settled("{\"memory\":{\"limit\":-1}}");
	cleanup_json json_t *both = settled("{\"memory\":{\"limit\":-1,\"swap\":7}}");
	cleanup_free char *a = json_dumps(alone, JSON_COMPACT);
	cleanup_free char *b = json_dumps(both, JSON_COMPACT);

	(void)state;
	assert_string_equal(a, "{\"memory\":{\"limit\":-1,\"swap\":-1}}");
	assert_string_equal(b, "{\"memory\":{\"limit\":-1,\"swap\":7}}");
}

static void a_configuration_keeps_what_was_not_asked_for(void **state)
{
	cleanup_json json_t *config =
		json_loads("{\"linux\":{\"resources\":{\"memory\":{\"limit\":1,"
			   "\"swap\":2},\"unified\":{\"a.b\":\"c\"}}}}",
			0, NULL);
	cleanup_json json_t *doc =
		json_loads("{\"memory\":{\"limit\":5},\"cpu\":{\"quota\":3}}", 0, NULL);
	cleanup_json json_t *empty = json_object();
	cleanup_free char *text = NULL, *made = NULL;
	struct err e = {0};

	(void)state;
	assert_int_equal(update_merge(config, doc, &e), 0);
	text = json_dumps(config, JSON_COMPACT | JSON_SORT_KEYS);
	assert_string_equal(text, "{\"linux\":{\"resources\":{\"cpu\":{\"quota\":3},\"memory\":"
				  "{\"limit\":5,\"swap\":2},\"unified\":{\"a.b\":\"c\"}}}}");
	assert_int_equal(update_merge(empty, doc, &e), 0);
	made = json_dumps(json_object_get(json_object_get(empty, "linux"), "resources"),
		JSON_COMPACT | JSON_SORT_KEYS);
	assert_string_equal(made, "{\"cpu\":{\"quota\":3},\"memory\":{\"limit\":5}}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes_are_read_as_docker_writes_them),
		cmocka_unit_test(what_is_no_size_is_refused),
		cmocka_unit_test(options_become_a_resources_document),
		cmocka_unit_test(a_bad_value_names_its_option),
		cmocka_unit_test(zeros_of_engines_change_nothing),
		cmocka_unit_test(memory_without_a_limit_has_swap_without_one),
		cmocka_unit_test(a_configuration_keeps_what_was_not_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
