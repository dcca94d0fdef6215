#include "gate/http_request.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static char demo[] = "demo";
static struct policy_repo repo = {.name = demo, .push = {.max_pack = 1000}};
static const struct gate gate = {.policy = {.repos = &repo, .n_repos = 1}};

static struct http_wire wire;
static struct http_request request;
static struct err err;

/* As if all of it had come, and no more. */
static void comes(const char *text)
{
	http_wire_init(&wire, -1, 60000);
	wire.eof = true;
	assert_int_equal(buf_adds(&wire.in, text), 0);
}

static int next(void)
{
	http_request_done(&request);
	return http_request_read(&gate, &wire, &request, &err);
}

static void gone(void)
{
	http_request_done(&request);
	request = (struct http_request){0};
	http_wire_done(&wire);
}

#define REFS	   "GET /demo.git/info/refs?service=git-upload-pack HTTP/1.1\r\nHost: x\r\n"
#define FETCH	   "POST /demo.git/git-upload-pack HTTP/1.1\r\nHost: x\r\n"
#define PUSH	   "POST /demo.git/git-receive-pack HTTP/1.1\r\nHost: x\r\n"
#define FETCH_TYPE "Content-Type: application/x-git-upload-pack-request\r\n"
#define PUSH_TYPE  "Content-Type: application/x-git-receive-pack-request\r\n"

static void requests_follow_one_another(void **state)
{
	(void)state;
	comes(REFS "Git-Protocol: version=2\r\n\r\n" REFS "Connection: close\r\n\r\n");
	assert_int_equal(next(), 1);
	assert_int_equal(request.path.ask, HTTP_ASK_REFS);
	assert_string_equal(request.protocol, "version=2");
	assert_true(request.manner.keep);
	assert_int_equal(next(), 1);
	assert_string_equal(request.protocol, "");
	assert_false(request.manner.keep);
	assert_int_equal(next(), 0);
	gone();
}

static void only_versions_of_the_protocol_are_taken_over(void **state)
{
	static const struct {
		const char *sent, *taken;
	} rows[] = {{"version=1", "version=1"}, {"version=1:version=2", "version=2"},
		{"version=2:version=1", "version=2"}, {"x=y:version=2", "version=2"},
		{"version=20", ""}, {"version=3", ""}, {"version=2 ;x", ""}, {"VERSION=2", ""}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char text[256];

		snprintf(text, sizeof(text), REFS "Git-Protocol: %s\r\n\r\n", rows[i].sent);
		comes(text);
		assert_int_equal(next(), 1);
		assert_string_equal(request.protocol, rows[i].taken);
		gone();
	}
}

static void what_is_refused_is_so_with_its_status(void **state)
{
	static const struct {
		const char *text;
		int status;
	} rows[] = {
		{"GET / HTTP/1.1\r\n\r\n", 400},
		{"GET / HTTP/1.1\r\nHost: x\r\n\r\n", 404},
		{"GET / HTTP/3.0\r\nHost: x\r\n\r\n", 505},
		{"GET /demo.git/HEAD HTTP/1.1\r\nHost: x\r\n\r\n", 403},
		{"PUT /demo.git/info/refs?service=git-upload-pack HTTP/1.1\r\nHost: x\r\n\r\n",
			405},
		{REFS "Content-Length: 1\r\n\r\nx", 413},
		{FETCH "Content-Length: 4\r\n\r\n0000", 415},
		{FETCH PUSH_TYPE "Content-Length: 4\r\n\r\n0000", 415},
		{FETCH FETCH_TYPE "Content-Length: 40000000\r\n\r\n", 413},
		{PUSH PUSH_TYPE "Content-Length: 40000000\r\n\r\n", 413},
		{FETCH FETCH_TYPE "Expect: x\r\nContent-Length: 4\r\n\r\n0000", 417},
		{"POST /demo.git/info/lfs/objects/batch HTTP/1.1\r\nHost: x\r\n"
		 "Content-Length: 2000000\r\n\r\n",
			413},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		comes(rows[i].text);
		assert_true(next() < 0);
		assert_int_equal(request.status, rows[i].status);
		gone();
	}
}

static void a_refused_request_without_a_body_leaves_the_connection(void **state)
{
	(void)state;
	comes("GET / HTTP/1.1\r\nHost: x\r\n\r\n" FETCH "Content-Length: 4\r\n\r\n0000");
	assert_int_equal(next(), -ENODATA);
	assert_true(request.manner.keep);
	assert_true(next() < 0);
	assert_false(request.manner.keep);
	gone();
}

static void who_waits_for_it_is_told_to_go_on(void **state)
{
	(void)state;
	comes(FETCH FETCH_TYPE "Expect: 100-continue\r\nContent-Length: 4\r\n\r\n");
	assert_int_equal(next(), 1);
	http_request_continue(&request, &wire);
	assert_int_equal(wire.out.len, 25);
	gone();
	/* Not when the body is on its way already. */
	comes(FETCH FETCH_TYPE "Expect: 100-continue\r\nContent-Length: 4\r\n\r\n00");
	assert_int_equal(next(), 1);
	http_request_continue(&request, &wire);
	assert_int_equal(wire.out.len, 0);
	gone();
}

static void objects_of_any_length_may_be_put(void **state)
{
	(void)state;
	comes("PUT /demo.git/info/lfs/objects/x HTTP/1.1\r\nHost: x\r\n"
	      "Content-Length: 99999999999\r\n\r\n");
	assert_int_equal(next(), 1);
	assert_int_equal(http_body_length(&request.body), 99999999999);
	gone();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_follow_one_another),
		cmocka_unit_test(only_versions_of_the_protocol_are_taken_over),
		cmocka_unit_test(what_is_refused_is_so_with_its_status),
		cmocka_unit_test(a_refused_request_without_a_body_leaves_the_connection),
		cmocka_unit_test(who_waits_for_it_is_told_to_go_on),
		cmocka_unit_test(objects_of_any_length_may_be_put),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
