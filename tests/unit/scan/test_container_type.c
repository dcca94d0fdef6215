#include "tests/unit/scan/containers.h"

static void content_codings_are_known_by_their_tokens(void **state)
{
	(void)state;
	assert_int_equal(container_of_coding("gzip", 4), CONTAINER_GZIP);
	assert_int_equal(container_of_coding("X-GZIP,", 6), CONTAINER_GZIP);
	assert_int_equal(container_of_coding("deflate", 7), CONTAINER_DEFLATE);
	assert_int_equal(container_of_coding("br", 2), CONTAINER_BR);
	assert_int_equal(container_of_coding("zstd", 4), CONTAINER_ZSTD);
	assert_int_equal(container_of_coding("identity", 8), CONTAINER_NONE);
	assert_int_equal(container_of_coding("compress", 8), -1);
	assert_int_equal(container_of_coding("gzi", 3), -1);
}

static void expect(const char *type, enum container c, const char *boundary)
{
	char found[72] = "left over";

	assert_int_equal(container_of_type(type, found), c);
	assert_string_equal(found, boundary);
}

static void a_multipart_type_has_its_boundary(void **state)
{
	(void)state;
	expect("multipart/form-data; boundary=AaB03x", CONTAINER_MULTIPART, "AaB03x");
	expect(" Multipart/Mixed;charset=\"x;boundary=no\";BOUNDARY = \"a b\\\"c\" ; x=y",
		CONTAINER_MULTIPART, "a b\"c");
	expect("multipart/related", CONTAINER_MULTIPART, "");
	expect("multipart/related; boundary", CONTAINER_MULTIPART, "");
	expect("multipart/related; boundary=\"", CONTAINER_MULTIPART, "");
	expect("text/plain; boundary=x", CONTAINER_NONE, "");
	expect("multipart/x; boundary="
	       "0123456789012345678901234567890123456789012345678901234567890123456789---",
		CONTAINER_MULTIPART,
		"0123456789012345678901234567890123456789012345678901234567890123456789-");
}

static void a_charset_of_wide_characters_is_a_container(void **state)
{
	(void)state;
	expect("text/plain; charset=UTF-16", CONTAINER_UTF16LE, "");
	expect("text/plain;charset=\"utf-16be\"", CONTAINER_UTF16BE, "");
	expect("text/plain;charset=utf-32be; x", CONTAINER_UTF32BE, "");
	expect("text/plain; charset=utf-8", CONTAINER_NONE, "");
	expect("", CONTAINER_NONE, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(content_codings_are_known_by_their_tokens),
		cmocka_unit_test(a_multipart_type_has_its_boundary),
		cmocka_unit_test(a_charset_of_wide_characters_is_a_container),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
