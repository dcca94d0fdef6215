#include "egress/grpc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static bool is_call(const char *type)
{
	struct http1_head h = {.n_fields = 1, .fields = {{.name = "content-type", .value = type}}};

	return grpc_is(&h);
}

static void a_call_is_told_by_its_type(void **state)
{
	const struct http1_head none = {.n_fields = 0};

	(void)state;
	assert_true(is_call("application/grpc"));
	assert_true(is_call("application/grpc+proto"));
	assert_true(is_call("Application/GRPC; charset=x"));
	assert_false(is_call("application/grpc-web"));
	assert_false(is_call("application/json"));
	assert_false(grpc_is(&none));
}

static void a_message_is_percent_encoded_and_bounded(void **state)
{
	static char text[4096];
	char got[GRPC_MESSAGE_MAX];

	(void)state;
	grpc_message("100% \"no\"\nand \xc3\xa9\n", 17, got);
	assert_string_equal(got, "100%25 \"no\"%0Aand %C3%A9");
	memset(text, '\n', sizeof(text));
	text[sizeof(text) - 1] = 'x';
	grpc_message(text, sizeof(text), got);
	assert_true(strlen(got) < GRPC_MESSAGE_MAX);
	assert_int_equal(strlen(got) % 3, 0);
	grpc_message("", 0, got);
	assert_string_equal(got, "");
}

static void refusals_have_a_status_of_grpc(void **state)
{
	(void)state;
	assert_int_equal(grpc_status(403), 7);
	assert_int_equal(grpc_status(503), 14);
	assert_int_equal(grpc_status(499), 2);
}

static void a_frames_head_may_come_in_pieces(void **state)
{
	static const unsigned char bytes[] = {1, 0, 1, 2, 3, 'x'};
	struct grpc_frame f = {.have = 0};

	(void)state;
	for (size_t i = 0; i < GRPC_HEAD_LEN; i++)
		assert_int_equal(grpc_frame_head(&f, bytes + i, 1), 1);
	assert_int_equal(grpc_frame_head(&f, bytes + 5, 1), 0);
	assert_int_equal(f.left, 0x10203);
	assert_true(grpc_frame_is_compressed(&f));
	f = (struct grpc_frame){.have = 0};
	assert_int_equal(grpc_frame_head(&f, bytes, sizeof(bytes)), GRPC_HEAD_LEN);
}

static void heads_and_messages_are_told_apart_however_they_are_cut(void **state)
{
	static const unsigned char bytes[] = {0, 0, 0, 0, 2, 'a', 'b', 0, 0, 0, 0, 0, 1};

	(void)state;
	for (size_t step = 1; step <= sizeof(bytes); step++) {
		struct grpc_frame f = {.have = 0};
		bool text;

		for (size_t at = 0, n; at < sizeof(bytes); at += n) {
			n = sizeof(bytes) - at < step ? sizeof(bytes) - at : step;
			n = grpc_frame_next(&f, bytes + at, n, &text);
			assert_int_not_equal(n, 0);
			assert_int_equal(text, at == 5 || at == 6);
			assert_int_equal(grpc_frame_is_between(&f), at + n == 7 || at + n == 12);
		}
	}
}

static void flags_that_nobody_knows_are_seen_with_the_first_byte(void **state)
{
	struct grpc_frame f = {.have = 0};

	(void)state;
	assert_true(grpc_frame_is_valid(&f));
	grpc_frame_head(&f, (const unsigned char *)"\1", 1);
	assert_true(grpc_frame_is_valid(&f));
	f = (struct grpc_frame){.have = 0};
	grpc_frame_head(&f, (const unsigned char *)"k", 1);
	assert_false(grpc_frame_is_valid(&f));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_call_is_told_by_its_type),
		cmocka_unit_test(a_message_is_percent_encoded_and_bounded),
		cmocka_unit_test(refusals_have_a_status_of_grpc),
		cmocka_unit_test(heads_and_messages_are_told_apart_however_they_are_cut),
		cmocka_unit_test(flags_that_nobody_knows_are_seen_with_the_first_byte),
		cmocka_unit_test(a_frames_head_may_come_in_pieces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
