#include "shim/protobuf.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct protobuf over(const struct str *s)
{
	return (struct protobuf){(const unsigned char *)s->s, (const unsigned char *)s->s + s->len};
}

/* The example of protobuf.dev, "Encoding": field 1 is 150, field 2 is "testing". */
static void numbers_and_texts_are_written_as_the_format_says(void **state)
{
	static const unsigned char wanted[] = {
		0x08, 0x96, 0x01, 0x12, 0x07, 't', 'e', 's', 't', 'i', 'n', 'g'};
	cleanup_str struct str s = {0};

	(void)state;
	protobuf_add_int(&s, 1, 150);
	protobuf_add_text(&s, 2, "testing");
	protobuf_add_text(&s, 3, NULL);
	assert_int_equal(s.len, sizeof(wanted));
	assert_memory_equal(s.s, wanted, sizeof(wanted));
}

static void a_message_in_a_message_is_read_back(void **state)
{
	cleanup_str struct str inner = {0}, outer = {0};
	struct protobuf_field f;
	struct protobuf p;

	(void)state;
	protobuf_add_int(&inner, 2, -1);
	protobuf_add_message(&outer, 300, &inner);
	protobuf_add_bool(&outer, 4, true);
	p = over(&outer);
	assert_int_equal(protobuf_next(&p, &f), 1);
	assert_int_equal(f.number, 300);
	struct protobuf in = protobuf_inside(&f);
	assert_int_equal(protobuf_next(&in, &f), 1);
	assert_int_equal(f.number, 2);
	assert_true((int64_t)f.value == -1);
	assert_int_equal(protobuf_next(&in, &f), 0);
	assert_int_equal(protobuf_next(&p, &f), 1);
	assert_int_equal(f.value, 1);
	assert_null(f.data);
	assert_int_equal(protobuf_next(&p, &f), 0);
}

/* Each beginning of a message is read without a look behind its end. */
static void what_is_cut_off_is_no_message(void **state)
{
	static const char *const bad[] = {
		"\x08",
		"\x08\x80",
		"\x12\x05"
		"abc",
		"\x0b",
		"\x09\x01\x02",
		"\x0d\x01",
		"\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
		"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const unsigned char *data = (const unsigned char *)bad[i];
		struct protobuf p = {data, data + strlen(bad[i])};
		struct protobuf_field f;

		assert_int_equal(protobuf_next(&p, &f), -EBADMSG);
	}
}

static void an_empty_message_has_no_field(void **state)
{
	struct protobuf_field f = {0};
	struct protobuf p = protobuf_inside(&f);

	(void)state;
	assert_int_equal(protobuf_next(&p, &f), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_and_texts_are_written_as_the_format_says),
		cmocka_unit_test(a_message_in_a_message_is_read_back),
		cmocka_unit_test(what_is_cut_off_is_no_message),
		cmocka_unit_test(an_empty_message_has_no_field),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
