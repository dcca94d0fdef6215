#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "gate/code_line.h"

static struct inspection in;

static int begin(void **state)
{
	(void)state;
	memset(&in, 0, sizeof(in));
	return 0;
}

static struct inspect_finding *add(uint64_t start, uint64_t end)
{
	struct inspect_finding *f = &in.found.list[in.found.n++];

	f->kind = INSPECT_BLOB;
	snprintf(f->oid, sizeof(f->oid), "a");
	f->said.start = start;
	f->said.end = end;
	in.n_found++;
	return f;
}

static const char *redacted(const char *line, uint64_t at)
{
	static char copy[200];

	snprintf(copy, sizeof(copy), "%s", line);
	code_line_redact(&in, &in.found.list[0], copy, strlen(copy), at);
	return copy;
}

static void what_was_found_is_starred(void **state)
{
	(void)state;
	add(108, 114);
	assert_string_equal(redacted("token = secret # example_comment", 100),
		"token = ****** # example_comment");
}

static void a_finding_over_several_lines_ends_with_the_line(void **state)
{
	(void)state;
	add(108, 1000);
	assert_string_equal(redacted("token = secret", 100), "token = ******");
	add(0, 105);
	assert_string_equal(redacted("token = secret", 100), "***** = ******");
}

static void all_findings_of_a_line_are_starred(void **state)
{
	(void)state;
	add(0, 2);
	add(6, 8);
	assert_string_equal(redacted("ab cd ef", 0), "** cd **");
}

static void another_files_findings_are_not(void **state)
{
	(void)state;
	add(0, 2);
	snprintf(add(6, 8)->oid, 65, "b");
	assert_string_equal(redacted("ab cd ef", 0), "** cd ef");
}

static void of_what_was_found_somewhere_every_longer_word_is_starred(void **state)
{
	(void)state;
	add(0, 0);
	assert_string_equal(redacted("key: abcdefgh, short", 0), "key: ********, short");
}

static void so_it_is_when_not_all_findings_were_told(void **state)
{
	(void)state;
	add(0, 3);
	in.n_found = 9;
	assert_string_equal(redacted("key: abcdefgh, short", 0), "***: ********, short");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(what_was_found_is_starred, begin),
		cmocka_unit_test_setup(a_finding_over_several_lines_ends_with_the_line, begin),
		cmocka_unit_test_setup(all_findings_of_a_line_are_starred, begin),
		cmocka_unit_test_setup(another_files_findings_are_not, begin),
		cmocka_unit_test_setup(
			of_what_was_found_somewhere_every_longer_word_is_starred, begin),
		cmocka_unit_test_setup(so_it_is_when_not_all_findings_were_told, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
