#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/str.h"
#include "gate/request.h"

static char demo[] = "demo", other[] = "other";
static struct policy_repo repos[] = {{.name = demo}, {.name = other}};
static const struct gate gate = {.policy = {.repos = repos, .n_repos = 2}};

#define PARSE(text, req, e) request_parse(&gate, text, sizeof(text) - 1, req, e)

static void a_request_names_service_and_repository(void **state)
{
	struct request req;
	struct err e;

	(void)state;
	assert_int_equal(PARSE("git-upload-pack /demo.git\0host=x\0", &req, &e), 0);
	assert_int_equal(req.service, REQUEST_UPLOAD_PACK);
	assert_ptr_equal(req.repo, &repos[0]);
	assert_string_equal(req.protocol, "");
	assert_int_equal(PARSE("git-receive-pack /other\n", &req, &e), 0);
	assert_int_equal(req.service, REQUEST_RECEIVE_PACK);
	assert_ptr_equal(req.repo, &repos[1]);
}

static void only_protocol_versions_that_git_knows_are_taken_over(void **state)
{
	struct request req;
	struct err e;

	(void)state;
	assert_int_equal(PARSE("git-upload-pack /demo.git\0host=x\0\0version=2\0", &req, &e), 0);
	assert_string_equal(req.protocol, "version=2");
	assert_int_equal(
		PARSE("git-upload-pack /demo.git\0host=x\0\0version=2:x=y\0", &req, &e), 0);
	assert_string_equal(req.protocol, "");
	assert_int_equal(PARSE("git-upload-pack /demo.git\0host=x\0\0version=1", &req, &e), 0);
}

static void an_unknown_repository_is_told_what_there_is(void **state)
{
	static const char *const paths[] = {"/", "/nothing.git", "/demo.git/..", "/../demo.git",
		"/demo/.git", "/.gate", "/demo.git.git", "", "/\033[31mdemo"};

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		char *text = str_format("git-upload-pack %s", paths[i]);
		struct request req;
		struct err e;

		assert_int_equal(request_parse(&gate, text, strlen(text), &req, &e),
			strcmp(paths[i], "/") == 0 || !*paths[i] ? -ENODATA : -ENOENT);
		assert_non_null(strstr(e.msg, "there are: demo.git, other.git"));
		assert_null(strchr(e.msg, '\033'));
		free(text);
	}
}

static void other_services_and_other_protocols_are_refused(void **state)
{
	static const char *const bodies[] = {"git-upload-archive /demo.git", "git-upload-pack",
		"git-upload-packs /demo.git", "GET / HTTP/1.1", "", " /demo.git"};
	struct request req;
	struct err e;

	(void)state;
	for (size_t i = 0; i < sizeof(bodies) / sizeof(*bodies); i++)
		assert_int_equal(
			request_parse(&gate, bodies[i], strlen(bodies[i]), &req, &e), -EPROTO);
}

/* ---- the packet */

static int read_from(const char *bytes, size_t len, char body[REQUEST_MAX + 1])
{
	struct err e;
	int pair[2], r;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	assert_int_equal(write(pair[1], bytes, len), (ssize_t)len);
	r = request_read(pair[0], body, 50, &e);
	close(pair[0]);
	close(pair[1]);
	return r;
}

static void a_packet_is_read_and_nothing_behind_it(void **state)
{
	char body[REQUEST_MAX + 1];

	(void)state;
	assert_int_equal(read_from("0009hellomore", 13, body), 5);
	assert_string_equal(body, "hello");
}

static void a_length_that_is_none_or_too_long_is_refused(void **state)
{
	char body[REQUEST_MAX + 1];

	(void)state;
	assert_int_equal(read_from("0000", 4, body), -EPROTO);
	assert_int_equal(read_from("0004", 4, body), -EPROTO);
	assert_int_equal(read_from("ffffx", 5, body), -EPROTO);
	assert_int_equal(read_from("GET /", 5, body), -EPROTO);
	assert_int_equal(read_from("-001x", 5, body), -EPROTO);
}

static void a_request_that_does_not_come_is_given_up(void **state)
{
	char body[REQUEST_MAX + 1];

	(void)state;
	assert_int_equal(read_from("0009he", 6, body), -ETIMEDOUT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_names_service_and_repository),
		cmocka_unit_test(only_protocol_versions_that_git_knows_are_taken_over),
		cmocka_unit_test(an_unknown_repository_is_told_what_there_is),
		cmocka_unit_test(other_services_and_other_protocols_are_refused),
		cmocka_unit_test(a_packet_is_read_and_nothing_behind_it),
		cmocka_unit_test(a_length_that_is_none_or_too_long_is_refused),
		cmocka_unit_test(a_request_that_does_not_come_is_given_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
