#include "tests/unit/scan/containers.h"

/* Code points, each in so many bytes; 0 ends. */
static void expect(enum container c, const uint32_t *units, const char *expected)
{
	bool big = c == CONTAINER_UTF16BE || c == CONTAINER_UTF32BE;
	int width = c == CONTAINER_UTF16LE || c == CONTAINER_UTF16BE ? 2 : 4;
	struct str in = {0};

	for (; *units; units++)
		for (int i = 0; i < width; i++)
			str_add_char(&in, (char)(*units >> 8 * (big ? width - 1 - i : i)));
	containers_expect(c, NULL, &in, expected);
}

static void characters_come_out_as_utf8(void **state)
{
	static const enum container kinds[] = {
		CONTAINER_UTF16LE, CONTAINER_UTF16BE, CONTAINER_UTF32LE, CONTAINER_UTF32BE};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		expect(kinds[i], (uint32_t[]){'a', 0xfc, 0x20ac, '\n', 0},
			"[]a\xc3\xbc\xe2\x82\xac\n;");
}

static void a_mark_decides_the_order_and_is_left_out(void **state)
{
	(void)state;
	expect(CONTAINER_UTF16LE, (uint32_t[]){0xfeff, 'a', 0xfeff, 0}, "[]a\xef\xbb\xbf;");
	expect(CONTAINER_UTF16LE, (uint32_t[]){0xfffe, 'a' << 8, 0}, "[]a;");
	expect(CONTAINER_UTF16BE, (uint32_t[]){0xfffe, 'a' << 8, 0}, "[]a;");
	expect(CONTAINER_UTF32LE, (uint32_t[]){0xfffe0000, (uint32_t)'a' << 24, 0}, "[]a;");
	expect(CONTAINER_UTF32BE, (uint32_t[]){0xfeff, 'a', 0}, "[]a;");
}

static void surrogates_say_one_character(void **state)
{
	(void)state;
	expect(CONTAINER_UTF16LE, (uint32_t[]){0xd83d, 0xde00, 'a', 0},
		"[]\xf0\x9f\x98\x80"
		"a;");
	expect(CONTAINER_UTF32LE, (uint32_t[]){0x1f600, 0}, "[]\xf0\x9f\x98\x80;");
}

#define NONE "\xef\xbf\xbd"

static void what_is_no_character_is_replaced(void **state)
{
	struct str in = {0};

	(void)state;
	expect(CONTAINER_UTF16BE,
		(uint32_t[]){0xd83d, 'a', 0xdc00, 0xd800, 0xd83d, 0xde00, 0xd800, 0},
		"[]" NONE "a" NONE NONE "\xf0\x9f\x98\x80" NONE ";");
	expect(CONTAINER_UTF32BE, (uint32_t[]){0xd83d, 0x110000, 'a', 0}, "[]" NONE NONE "a;");
	str_add_bytes(&in, "a\0b", 3);
	containers_expect(CONTAINER_UTF16LE, NULL, &in, "[]a" NONE ";");
}

static void a_long_text_is_read(void **state)
{
	struct str in = {0}, text = {0};
	cleanup_free char *found = NULL;
	size_t len;

	(void)state;
	containers_add_text(&text, 100000);
	for (size_t i = 0; i < text.len; i++)
		containers_add_le(&in, (unsigned char)text.s[i], 2);
	found = containers_read(CONTAINER_UTF16LE, NULL, &in, &len);
	assert_int_equal(len, text.len + 3);
	assert_memory_equal(found + 2, text.s, text.len);
	str_done(&text);
	str_done(&in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(characters_come_out_as_utf8),
		cmocka_unit_test(a_mark_decides_the_order_and_is_left_out),
		cmocka_unit_test(surrogates_say_one_character),
		cmocka_unit_test(what_is_no_character_is_replaced),
		cmocka_unit_test(a_long_text_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
