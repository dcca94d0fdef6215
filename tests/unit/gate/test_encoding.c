#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "gate/encoding.h"

static struct encoding fed(const char *commit, size_t pieces)
{
	struct encoding c = {0};
	size_t len = strlen(commit);

	for (size_t at = 0; at < len; at += pieces)
		encoding_feed(&c, commit + at, len - at < pieces ? len - at : pieces);
	return c;
}

static void ordinary_encodings_are_read_as_they_stand(void **state)
{
	(void)state;
	assert_true(encoding_is_readable("UTF-8"));
	assert_true(encoding_is_readable("utf8"));
	assert_true(encoding_is_readable("ISO-8859-15"));
	assert_true(encoding_is_readable("windows-1252"));
	assert_true(encoding_is_readable("KOI8-R"));
	assert_true(encoding_is_readable("EUC-JP"));
	assert_true(encoding_is_readable("UTF-16LE"));
}

static void encodings_without_ascii_are_not(void **state)
{
	(void)state;
	assert_false(encoding_is_readable("UTF-7"));
	assert_false(encoding_is_readable("IBM037"));
	assert_false(encoding_is_readable("EBCDIC-US"));
	assert_false(encoding_is_readable("CP1026"));
	assert_false(encoding_is_readable("ISO-2022-JP"));
	assert_false(encoding_is_readable(""));
}

static void the_header_is_found_however_a_commit_is_cut(void **state)
{
	static const char commit[] = "tree x\nencoding UTF-7\n\nencoding IBM037\n";

	(void)state;
	for (size_t pieces = 1; pieces < sizeof(commit); pieces++) {
		struct encoding c = fed(commit, pieces);

		assert_true(c.odd);
		assert_string_equal(c.name, "UTF-7");
	}
}

static void a_message_and_a_signature_are_no_header(void **state)
{
	(void)state;
	assert_false(fed("tree x\n\nencoding UTF-7\n", 100).odd);
	assert_false(fed("tree x\ngpgsig x\n encoding UTF-7\n\nx\n", 100).odd);
	assert_false(fed("tree x\nencoding UTF-8\n\nx\n", 100).odd);
}

static void one_of_two_headers_is_enough(void **state)
{
	(void)state;
	assert_true(fed("encoding IBM037\nencoding UTF-8\n\nx\n", 100).odd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ordinary_encodings_are_read_as_they_stand),
		cmocka_unit_test(encodings_without_ascii_are_not),
		cmocka_unit_test(the_header_is_found_however_a_commit_is_cut),
		cmocka_unit_test(a_message_and_a_signature_are_no_header),
		cmocka_unit_test(one_of_two_headers_is_enough),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
