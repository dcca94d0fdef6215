#include "egress/held.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static unsigned char piece[HELD_BODY_MAX];

static void bytes_come_out_in_their_order(void **state)
{
	struct held h = {0};
	size_t all = 0;
	unsigned char next = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(piece); i++)
		piece[i] = (unsigned char)(i * 7 % 251);
	for (size_t at = 0, out = 0; out < 200000;) {
		assert_int_equal(held_add(&h, &all, piece + at, 1000), 0);
		at += 1000;
		while (h.buf.len > 300) {
			next = buf_data(&h.buf)[0];
			assert_int_equal(next, piece[out]);
			held_consume(&h, 1);
			out++;
		}
	}
	assert_in_range(h.buf.cap, 1300, 4096);
	held_done(&h);
	assert_int_equal(all, 0);
}

static void what_waits_everywhere_is_bounded(void **state)
{
	struct held h[HELD_ALL_MAX / HELD_BODY_MAX + 1] = {{{0}}};
	size_t all = 0, n = sizeof(h) / sizeof(*h);

	(void)state;
	for (size_t i = 0; i + 1 < n; i++)
		assert_int_equal(held_add(&h[i], &all, piece, sizeof(piece)), 0);
	assert_int_equal(all, HELD_ALL_MAX);
	assert_int_equal(held_add(&h[n - 1], &all, piece, 1), -ENOBUFS);
	held_done(&h[0]);
	assert_int_equal(held_add(&h[n - 1], &all, piece, sizeof(piece)), 0);
	for (size_t i = 0; i < n; i++)
		held_done(&h[i]);
	assert_int_equal(all, 0);
}

static void nothing_needs_no_memory(void **state)
{
	struct held h = {0};
	size_t all = 0;

	(void)state;
	assert_int_equal(held_add(&h, &all, piece, 0), 0);
	held_done(&h);
	assert_int_equal(all, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_come_out_in_their_order),
		cmocka_unit_test(what_waits_everywhere_is_bounded),
		cmocka_unit_test(nothing_needs_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
