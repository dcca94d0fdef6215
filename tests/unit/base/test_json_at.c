#include "base/json_at.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/ptr.h"

/* The path of the byte where `what` begins in text. */
static void at(const char *text, const char *what, const char *path)
{
	const char *p = strstr(text, what);
	char buf[64];

	assert_non_null(p);
	json_at_byte(text, strlen(text), (size_t)(p - text), buf, sizeof(buf));
	assert_string_equal(buf, path);
}

static void members_and_elements_are_named(void **state)
{
	const char *text = "{\"a\": 1, \"b\": {\"c\": [5, {\"d\": 6}, 7], \"e\": 8}, \"f\": 9}";

	(void)state;
	at(text, "1", "a");
	at(text, "5", "b.c[0]");
	at(text, "6", "b.c[1].d");
	at(text, "7", "b.c[2]");
	at(text, "8", "b.e");
	at(text, "9", "f");
}

static void brackets_in_strings_are_text(void **state)
{
	at("{\"a[\": \"]}\\\"{\", \"b\": 3}", "3", "b");
	at("{\"a[\\\"\": 3}", "3", "a[\\\"");
	(void)state;
}

static void the_document_itself_has_no_path(void **state)
{
	(void)state;
	at("5", "5", "");
	at("{x", "x", "");
	at("}}]5", "5", "");
}

static void what_does_not_fit_is_cut(void **state)
{
	cleanup_free char *deep = malloc(5001);
	char buf[16];

	(void)state;
	memset(deep, '[', 5000);
	deep[5000] = '\0';
	json_at_byte(deep, 5000, 5000, buf, sizeof(buf));
	assert_int_equal(strlen(buf), sizeof(buf) - 1);
	json_at_byte("{\"averylongnameindeed\": 1", 24, 24, buf, sizeof(buf));
	assert_string_equal(buf, "averylongnamein");
	json_at_byte("{\"a\": 1", 7, 1000, buf, sizeof(buf));
	assert_string_equal(buf, "a");
}

static void control_characters_are_left_out(void **state)
{
	char buf[16];

	(void)state;
	json_at_byte("{\"a\x1b[2J\": 1", 11, 11, buf, sizeof(buf));
	assert_string_equal(buf, "a[2J");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_and_elements_are_named),
		cmocka_unit_test(brackets_in_strings_are_text),
		cmocka_unit_test(the_document_itself_has_no_path),
		cmocka_unit_test(what_does_not_fit_is_cut),
		cmocka_unit_test(control_characters_are_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
