#include "base/log.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/fd.h"
#include "base/json.h"
#include "base/ptr.h"
#include "base/str.h"

static int pipes[2];

static int open_log(void **state)
{
	(void)state;
	log_to_stderr(0);
	return pipe(pipes);
}

static int close_log(void **state)
{
	(void)state;
	log_setup(-1, LOG_TEXT, LOG_INFO);
	log_to_stderr(1);
	fd_close(&pipes[0]);
	return 0;
}

/* What was written; the log's end of the pipe is closed. */
static char *written(void)
{
	char *data = NULL;
	struct err e;
	size_t len;

	log_setup(-1, LOG_TEXT, LOG_INFO);
	assert_int_equal(fd_read_all(pipes[0], "log", 65536, &data, &len, &e), 0);
	return data;
}

static void a_line_of_text_has_time_level_and_message(void **state)
{
	cleanup_free char *line = NULL;

	(void)state;
	log_setup(pipes[1], LOG_TEXT, LOG_INFO);
	log_error("no \"%s\"", "thing");
	line = written();
	assert_true(str_starts(line, "time=\"20"));
	assert_non_null(strstr(line, "Z\" level=error msg=\"no \\\"thing\\\"\"\n"));
}

/* Runs the lines with standard error in the pipe. */
static char *told(const char *message)
{
	int err = dup(STDERR_FILENO);

	assert_true(err >= 0);
	assert_int_equal(dup2(pipes[1], STDERR_FILENO), STDERR_FILENO);
	fd_close(&pipes[1]);
	log_to_stderr(1);
	log_setup(open("/dev/null", O_WRONLY | O_CLOEXEC), LOG_JSON, LOG_INFO);
	log_warning("for the file");
	log_error("%s", message);
	log_to_stderr(0);
	dup2(err, STDERR_FILENO);
	fd_close(&err);
	return written();
}

static void with_a_file_standard_error_gets_the_error_alone(void **state)
{
	cleanup_free char *line = told("no \"thing\"\x1b[31m");

	(void)state;
	assert_string_equal(line, "no \"thing\"\\u001b[31m\n");
}

static void a_line_of_json_is_json(void **state)
{
	cleanup_free char *line = NULL;
	cleanup_json json_t *j = NULL;

	(void)state;
	log_setup(pipes[1], LOG_JSON, LOG_INFO);
	log_warning("a\nb\x1b[31m\\");
	line = written();
	j = json_loads(line, 0, NULL);
	assert_non_null(j);
	assert_string_equal(json_string_value(json_object_get(j, "msg")), "a\nb\x1b[31m\\");
	assert_string_equal(json_string_value(json_object_get(j, "level")), "warning");
}

static void control_characters_reach_no_terminal(void **state)
{
	cleanup_free char *line = NULL;

	(void)state;
	log_setup(pipes[1], LOG_TEXT, LOG_INFO);
	log_info("a\nlevel=info\x1b[2J\xc2\x9b"
		 "2J\x7f \xc3\xa9");
	line = written();
	assert_non_null(strstr(line, "a\\nlevel=info\\u001b[2J\\u009b2J\\u007f \xc3\xa9\"\n"));
}

static void a_level_below_the_lowest_is_not_written(void **state)
{
	cleanup_free char *line = NULL;

	(void)state;
	log_setup(pipes[1], LOG_TEXT, LOG_WARNING);
	log_info("quiet");
	log_warning("loud");
	line = written();
	assert_null(strstr(line, "quiet"));
	assert_non_null(strstr(line, "loud"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_line_of_text_has_time_level_and_message, open_log, close_log),
		cmocka_unit_test_setup_teardown(
			with_a_file_standard_error_gets_the_error_alone, open_log, close_log),
		cmocka_unit_test_setup_teardown(a_line_of_json_is_json, open_log, close_log),
		cmocka_unit_test_setup_teardown(
			control_characters_reach_no_terminal, open_log, close_log),
		cmocka_unit_test_setup_teardown(
			a_level_below_the_lowest_is_not_written, open_log, close_log),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
