#include "egress/journal_file.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include <jansson.h>

static int log_fd;

static int open_log(void **state)
{
	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	log_fd = memfd_create("log", MFD_CLOEXEC);
	return log_fd < 0 || fcntl(log_fd, F_SETFL, O_APPEND) < 0 ? -1 : 0;
}

static int close_log(void **state)
{
	struct rlimit none = {RLIM_INFINITY, RLIM_INFINITY};

	(void)state;
	getrlimit(RLIMIT_FSIZE, &none);
	none.rlim_cur = none.rlim_max;
	setrlimit(RLIMIT_FSIZE, &none);
	close(log_fd);
	return 0;
}

/* The file may not grow beyond `bytes`; as a disk that is full. */
static void limit(rlim_t bytes)
{
	struct rlimit r;

	getrlimit(RLIMIT_FSIZE, &r);
	r.rlim_cur = bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &r), 0);
}

static off_t size(void)
{
	return lseek(log_fd, 0, SEEK_END);
}

static struct journal_file *open_at(const char *from)
{
	struct journal_file *f;
	struct err e;

	assert_int_equal(journal_file_new(log_fd, from, &f, &e), 0);
	return f;
}

static void add(struct journal_file *f, const char *message)
{
	cleanup_journal_line struct journal_line l = {0};

	journal_file_begin(f, &l, "info", "test");
	journal_line_add(&l, "message", message);
	journal_file_add(f, &l);
}

/* Checks the file line by line, and returns how many there are. */
static int verify(char message[][64], int max)
{
	char *text = calloc(1, (size_t)size() + 1), *line, *save = NULL;
	char link[CHAIN_SIZE] = "", want[CHAIN_SIZE];
	int n = 0;

	assert_int_equal(pread(log_fd, text, (size_t)size(), 0), size());
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		json_t *j = json_loads(line, 0, NULL);
		const char *seed;
		struct chain_line parts;

		if (!j)
			continue; /* a torn one */
		assert_true(chain_split(line, strlen(line), &parts));
		seed = json_string_value(json_object_get(j, "seed"));
		if (seed) {
			assert_string_equal(json_string_value(json_object_get(j, "after")), link);
			memcpy(link, seed, CHAIN_SIZE);
		}
		assert_int_equal(chain_link(link, line, parts.len, want), 0);
		assert_string_equal(want, parts.link);
		memcpy(link, parts.link, CHAIN_SIZE);
		assert_int_equal(parts.seq, n + 1);
		if (n < max)
			snprintf(message[n], 64, "%s",
				json_string_value(json_object_get(j, "message")));
		n++;
		json_decref(j);
	}
	free(text);
	return n;
}

static void lines_hold_on_to_one_another_over_two_lives(void **state)
{
	struct journal_file *f = open_at("{\"seq\":0,\"chain\":\"\",\"torn\":0}");
	struct chain_end end;
	char from[160];
	struct err e;

	(void)state;
	add(f, "one");
	add(f, "two");
	journal_file_free(f);
	assert_int_equal(chain_end_read(log_fd, "log", &end, &e), 0);
	assert_int_equal(end.seq, 2);
	snprintf(from, sizeof(from), "{\"seq\":2,\"chain\":\"%s\",\"torn\":0}", end.link);
	f = open_at(from);
	add(f, "three");
	journal_file_free(f);
	assert_int_equal(verify(NULL, 0), 3);
}

static void a_torn_line_is_ended_and_told(void **state)
{
	struct journal_file *f;
	char message[1][64];

	(void)state;
	assert_int_equal(write(log_fd, "{\"seq\":1,\"ti", 12), 12);
	f = open_at("{\"seq\":0,\"chain\":\"\",\"torn\":12}");
	add(f, "behind it");
	journal_file_free(f);
	assert_int_equal(verify(message, 1), 1);
	assert_string_equal(message[0], "behind it");
}

static void a_line_that_was_taken_in_part_goes_on_when_it_can(void **state)
{
	struct journal_file *f = open_at(NULL);

	(void)state;
	add(f, "one");
	limit((rlim_t)size() + 10);
	add(f, "two");
	assert_false(journal_file_flush(f));
	add(f, "three");
	assert_false(journal_file_flush(f));
	limit(RLIM_INFINITY);
	assert_true(journal_file_flush(f));
	journal_file_free(f);
	assert_int_equal(verify(NULL, 0), 3);
}

static void what_was_refused_meanwhile_is_told_afterwards(void **state)
{
	struct journal_file *f = open_at(NULL);
	char message[3][64];

	(void)state;
	add(f, "one");
	limit((rlim_t)size());
	add(f, "two");
	journal_file_refused(f);
	journal_file_refused(f);
	assert_false(journal_file_flush(f));
	limit(RLIM_INFINITY);
	assert_true(journal_file_flush(f));
	journal_file_free(f);
	assert_int_equal(verify(message, 3), 3);
	assert_non_null(strstr(message[2], "could not be written"));
}

static void what_waits_is_bounded_and_what_is_lost_is_counted(void **state)
{
	struct journal_file *f = open_at(NULL);
	char *text = malloc(2000), *end;

	(void)state;
	memset(text, 'x', 1999);
	text[1999] = '\0';
	limit(0);
	for (int i = 0; i < 1000; i++)
		add(f, text);
	limit(RLIM_INFINITY);
	assert_true(journal_file_flush(f));
	journal_file_free(f);
	free(text);
	assert_true(size() <= JOURNAL_QUEUE_MAX + 4096);
	assert_true(verify(NULL, 0) > 400);
	text = calloc(1, 1000);
	assert_true(pread(log_fd, text, 999, size() - 600) > 0);
	end = strstr(text, "lines_lost\":");
	assert_non_null(end);
	assert_true(atol(end + 12) > 400);
	free(text);
}

static void nonsense_of_the_monitor_is_refused(void **state)
{
	static const char *const wrong[] = {"", "[]", "{}", "{\"seq\":1,\"chain\":\"\"}",
		"{\"seq\":1,\"chain\":\"ab\",\"torn\":0}",
		"{\"seq\":-1,\"chain\":\"\",\"torn\":0}"};
	struct journal_file *f;
	struct err e;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		assert_true(journal_file_new(log_fd, wrong[i], &f, &e) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			lines_hold_on_to_one_another_over_two_lives, open_log, close_log),
		cmocka_unit_test_setup_teardown(a_torn_line_is_ended_and_told, open_log, close_log),
		cmocka_unit_test_setup_teardown(
			a_line_that_was_taken_in_part_goes_on_when_it_can, open_log, close_log),
		cmocka_unit_test_setup_teardown(
			what_was_refused_meanwhile_is_told_afterwards, open_log, close_log),
		cmocka_unit_test_setup_teardown(
			what_waits_is_bounded_and_what_is_lost_is_counted, open_log, close_log),
		cmocka_unit_test_setup_teardown(
			nonsense_of_the_monitor_is_refused, open_log, close_log),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
