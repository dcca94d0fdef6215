#include "base/json.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/ptr.h"
#include "base/str.h"

static json_t *parse(const char *text)
{
	json_t *j = NULL;
	struct err e = {0};

	assert_int_equal(json_parse(text, strlen(text), "f.json", &j, &e), 0);
	return j;
}

static void a_syntax_error_names_file_and_line(void **state)
{
	const char *text = "{\n  \"a\": ,\n}";
	json_t *j = NULL;
	struct err e = {0};

	(void)state;
	assert_int_equal(json_parse(text, strlen(text), "f.json", &j, &e), -EINVAL);
	assert_non_null(strstr(e.msg, "f.json: line 2"));
}

static void a_wrong_type_names_its_path(void **state)
{
	cleanup_json json_t *j = parse("{\"process\": {\"args\": [\"sh\", 5]}}");
	struct json_at root = json_root(j, "f.json"), process;
	cleanup_strv char **args = NULL;
	struct err e = {0};

	(void)state;
	assert_int_equal(json_member(&root, "process", JSON_OBJECT, &process, &e), 1);
	assert_int_equal(json_get_strv(&process, "args", &args, &e), -EINVAL);
	assert_string_equal(
		e.msg, "f.json: process.args[1]: expected a string, found an integer (5)");
	assert_null(args);
}

static void absent_and_null_are_the_same(void **state)
{
	cleanup_json json_t *j = parse("{\"a\": null}");
	struct json_at root = json_root(j, "f");
	cleanup_free char *s = NULL;
	bool b = true;
	struct err e = {0};

	(void)state;
	assert_int_equal(json_get_str(&root, "a", &s, &e), 0);
	assert_int_equal(json_get_bool(&root, "b", &b, &e), 0);
	assert_true(b);
	assert_int_equal(json_need_str(&root, "a", &s, &e), -EINVAL);
	assert_string_equal(e.msg, "f: the member 'a' is missing");
}

static void numbers_out_of_range_are_refused(void **state)
{
	cleanup_json json_t *j = parse("{\"a\": 70000, \"b\": -1}");
	struct json_at root = json_root(j, "f");
	int64_t v = 3;
	uint64_t u = 4;
	struct err e = {0};

	(void)state;
	assert_int_equal(json_get_int(&root, "a", 0, 65535, &v, &e), -ERANGE);
	assert_int_equal(v, 3);
	assert_true(json_get_u64(&root, "b", &u, &e) < 0);
	assert_int_equal(u, 4);
}

static void numbers_of_64_unsigned_bits_are_exact(void **state)
{
	cleanup_json json_t *j = parse("{\"max\": 18446744073709551615, \"in\": "
				       "\"text \\\" 18446744073709551615\", \"mask\": "
				       "[18446744069414584321], \"small\": 1}");
	struct json_at root = json_root(j, "f"), list;
	uint64_t u = 0;
	cleanup_free char *s = NULL;
	struct err e = {0};

	(void)state;
	assert_int_equal(json_get_u64(&root, "max", &u, &e), 1);
	assert_true(u == UINT64_MAX);
	assert_int_equal(json_get_u64(&root, "small", &u, &e), 1);
	assert_int_equal(u, 1);
	assert_int_equal(json_get_str(&root, "in", &s, &e), 1);
	assert_string_equal(s, "text \" 18446744073709551615");
	assert_int_equal(json_member(&root, "mask", JSON_ARRAY, &list, &e), 1);
	assert_string_equal(json_string_value(json_array_get(list.j, 0)), "18446744069414584321");
}

static void numbers_beyond_64_bits_are_refused(void **state)
{
	const char *text = "{\"a\": 18446744073709551616}";
	json_t *j = NULL;
	struct err e = {0};

	(void)state;
	assert_int_equal(json_parse(text, strlen(text), "f", &j, &e), -EINVAL);
}

/* Under the address sanitizer (make check-san) this tells whether a byte behind it is read. */
static void a_text_need_not_end_with_a_nul_byte(void **state)
{
	const char text[] = "[18446744073709551615";
	size_t len = sizeof(text) - 1;
	cleanup_free char *exact = malloc(len);
	json_t *j = NULL;
	struct err e = {0};

	(void)state;
	memcpy(exact, text, len);
	assert_int_equal(json_parse(exact, len, "f", &j, &e), -EINVAL);
}

static void a_nul_byte_in_a_string_is_refused(void **state)
{
	const char *text = "{\"a\": \"/safe\\u0000/../x\"}";
	json_t *j = NULL;
	struct err e = {0};

	(void)state;
	assert_int_equal(json_parse(text, strlen(text), "f", &j, &e), -EINVAL);
}

static void deep_nesting_is_refused(void **state)
{
	cleanup_free char *text = malloc(100001);
	json_t *j = NULL;
	struct err e = {0};

	(void)state;
	memset(text, '[', 100000);
	text[100000] = '\0';
	assert_int_equal(json_parse(text, 100000, "f", &j, &e), -EINVAL);
}

struct item {
	int64_t n;
};

static int read_item(const struct json_at *at, void *item, struct err *e)
{
	return json_get_int(at, "n", 0, 9, &((struct item *)item)->n, e);
}

static void a_list_that_fails_is_still_its_owners(void **state)
{
	cleanup_json json_t *j = parse("{\"l\": [{\"n\": 1}, {\"n\": 10}]}");
	struct json_at root = json_root(j, "f");
	struct item *list = NULL;
	size_t n = 0;
	const struct json_list how = {&list, &n, sizeof(*list), read_item};
	struct err e = {0};

	(void)state;
	assert_true(json_get_list(&root, "l", &how, &e) < 0);
	assert_non_null(strstr(e.msg, "f: l[1].n: 10"));
	assert_int_equal(n, 2);
	assert_int_equal(list[0].n, 1);
	free(list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_syntax_error_names_file_and_line),
		cmocka_unit_test(a_wrong_type_names_its_path),
		cmocka_unit_test(absent_and_null_are_the_same),
		cmocka_unit_test(numbers_out_of_range_are_refused),
		cmocka_unit_test(numbers_of_64_unsigned_bits_are_exact),
		cmocka_unit_test(numbers_beyond_64_bits_are_refused),
		cmocka_unit_test(a_text_need_not_end_with_a_nul_byte),
		cmocka_unit_test(a_nul_byte_in_a_string_is_refused),
		cmocka_unit_test(deep_nesting_is_refused),
		cmocka_unit_test(a_list_that_fails_is_still_its_owners),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
