#include "egress/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/fd.h"

static void every_limit_has_a_value_and_words(void **state)
{
	(void)state;
	for (int i = 0; i < LIMIT_COUNT; i++) {
		const struct limit_row *row = limits_row((enum limit)i);

		assert_non_null(row->what);
		assert_non_null(row->outcome);
		assert_true(row->value > 0);
		assert_true(row->value <= row->most);
	}
}

static void what_nobody_chose_is_the_default(void **state)
{
	const struct policy_limits none = {0};
	const struct policy_route route = {0};
	struct limits l, want;
	struct err e;

	(void)state;
	limits_default(&l);
	limits_default(&want);
	assert_int_equal(limits_choose(&l, &none, &e), 0);
	assert_int_equal(limits_choose_route(&l, &route, &e), 0);
	assert_memory_equal(&l, &want, sizeof(l));
}

static void a_route_is_nearer_than_its_bottle(void **state)
{
	const struct policy_limits bottle = {
		.connections = 7, .requests_per_second = 70, .url = 100, .idle_s = 5, .body = 10};
	const struct policy_route route = {.limits = {.connections = 2,
						   .requests_per_second = 20,
						   .body = 1000,
						   .first_byte_s = 3,
						   .ratio = 9,
						   .head = 4000}};
	struct limits l;
	struct err e;

	(void)state;
	limits_default(&l);
	assert_int_equal(limits_choose(&l, &bottle, &e), 0);
	assert_int_equal(limits_choose_route(&l, &route, &e), 0);
	assert_int_equal(l.of[LIMIT_AGENT_CONNECTIONS], 7);
	assert_int_equal(l.of[LIMIT_ROUTE_CONNECTIONS], 2);
	assert_int_equal(l.of[LIMIT_REQUESTS_PER_SECOND], 70);
	assert_int_equal(l.of[LIMIT_ROUTE_REQUESTS_PER_SECOND], 20);
	assert_int_equal(l.of[LIMIT_URL_BYTES], 100);
	assert_int_equal(l.of[LIMIT_BODY_BYTES], 1000);
	assert_int_equal(l.of[LIMIT_IDLE_MS], 5000);
	assert_int_equal(l.of[LIMIT_FIRST_BYTE_MS], 3000);
	assert_int_equal(l.of[LIMIT_RATIO], 9);
	assert_int_equal(l.of[LIMIT_HEAD_BYTES], 4000);
}

static void idle_of_a_tcp_route_is_its_own(void **state)
{
	const struct policy_limits bottle = {.idle_s = 5};
	const struct policy_route route = {.tcp = true, .limits = {.idle_s = 60}};
	struct limits l;
	struct err e;

	(void)state;
	limits_default(&l);
	assert_int_equal(limits_choose(&l, &bottle, &e), 0);
	assert_int_equal(l.of[LIMIT_TCP_IDLE_MS], limits_row(LIMIT_TCP_IDLE_MS)->value);
	assert_int_equal(limits_choose_route(&l, &route, &e), 0);
	assert_int_equal(l.of[LIMIT_TCP_IDLE_MS], 60000);
	assert_int_equal(l.of[LIMIT_IDLE_MS], 5000);
}

static void what_cannot_be_had_is_an_error_that_names_it(void **state)
{
	const struct policy_limits many = {.head = 1 << 20}, negative = {.idle_s = -1};
	struct limits l;
	struct err e;

	(void)state;
	limits_default(&l);
	assert_int_equal(limits_choose(&l, &many, &e), -EINVAL);
	assert_string_equal(e.msg, "limits: head is 1048576, and can be 1 to 49152");
	assert_int_equal(limits_choose(&l, &negative, &e), -EINVAL);
	assert_non_null(strstr(e.msg, "idle"));
}

static int taken(struct limit_bucket *b, int64_t a_second, int64_t now_ms)
{
	int n = 0;

	while (limit_bucket_take(b, a_second, now_ms) == 0)
		n++;
	return n;
}

static void a_bucket_holds_two_seconds_and_fills_again(void **state)
{
	struct limit_bucket b = {0};

	(void)state;
	assert_int_equal(taken(&b, 10, 1000), 20);
	assert_int_equal(limit_bucket_take(&b, 10, 1000), 1);
	assert_int_equal(taken(&b, 10, 1100), 1);
	assert_int_equal(taken(&b, 10, 1600), 5);
	/* A long rest does not save up more than it holds. */
	assert_int_equal(taken(&b, 10, 1000000), 20);
}

static void a_slow_bucket_gives_its_first_at_once(void **state)
{
	struct limit_bucket b = {0};

	(void)state;
	assert_int_equal(taken(&b, 1, 0), 2);
	assert_int_equal(limit_bucket_take(&b, 1, 0), 1);
	assert_int_equal(limit_bucket_take(&b, 1, 999), 1);
	assert_int_equal(limit_bucket_take(&b, 1, 1000), 0);
}

/* As people read it, in the unit in which it is chosen. */
static long long told(const struct limit_row *row, int64_t value)
{
	return (long long)(strcmp(row->unit, "s") == 0 ? value / 1000 : value);
}

static void write_row(FILE *out, const struct limit_row *row)
{
	const char *space = row->unit[0] ? " " : "";

	fprintf(out, "| %s | %s | %lld%s%s | ", row->what, row->key ? row->key : "–",
		told(row, row->value), space, row->unit);
	if (row->key)
		fprintf(out, "%lld%s%s", told(row, row->most), space, row->unit);
	else
		fputs("–", out);
	fprintf(out, " | %s |\n", row->outcome);
}

/* UPDATE=1 prints the table instead: what is to stand there. */
static void the_table_that_people_read_is_this_one(void **state)
{
	char *want = NULL, *found = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&want, &len);
	struct err e;

	(void)state;
	for (int i = 0; i < LIMIT_COUNT; i++)
		write_row(f, limits_row((enum limit)i));
	fclose(f);
	if (getenv("UPDATE"))
		fputs(want, stdout);
	assert_int_equal(fd_read_file(AT_FDCWD, "docs/limits.md", 1 << 16, &found, &len, &e), 0);
	assert_non_null(strstr(found, want));
	free(want);
	free(found);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_limit_has_a_value_and_words),
		cmocka_unit_test(what_nobody_chose_is_the_default),
		cmocka_unit_test(a_route_is_nearer_than_its_bottle),
		cmocka_unit_test(idle_of_a_tcp_route_is_its_own),
		cmocka_unit_test(what_cannot_be_had_is_an_error_that_names_it),
		cmocka_unit_test(a_bucket_holds_two_seconds_and_fills_again),
		cmocka_unit_test(a_slow_bucket_gives_its_first_at_once),
		cmocka_unit_test(the_table_that_people_read_is_this_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
