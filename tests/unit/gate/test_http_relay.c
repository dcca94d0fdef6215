#include "gate/http_relay.h"

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
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"

#define HEAD "printf 'Content-Type: a/b\\r\\n\\r\\n'; "

static struct err err;

struct scene {
	struct http_wire wire;
	struct http_body body;
	struct http_manner manner;
	struct http_relay relay;
	int agent; /* its end */
};

static void start_helper(struct http_relay *r, const char *script, int in, int out)
{
	char *argv[] = {(char *)"sh", (char *)"-c", (char *)(uintptr_t)script, NULL};
	const struct proc_fd fds[] = {{in, 0}, {out, 1}};
	const struct proc_spec spec = {.path = "/bin/sh", .argv = argv, .fds = fds, .n_fds = 2};

	assert_int_equal(proc_spawn(&spec, &r->helper, &err), 0);
}

/* A request with this body's length, of which `sent` comes, and this helper. */
static void set(struct scene *s, uint64_t length, const char *sent, const char *script)
{
	const struct http1_length l = {.framing = HTTP1_LENGTH, .length = length};
	int pair[2], in, out;

	*s = (struct scene){.manner = {.chunks = true, .keep = true}};
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	s->agent = pair[1];
	assert_int_equal(fd_write_all(s->agent, sent, strlen(sent)), 0);
	assert_int_equal(fd_set_nonblock(pair[0], 1), 0);
	http_wire_init(&s->wire, pair[0], 60000);
	s->body.max = UINT64_MAX;
	http1_body_start(&s->body.framing, &l, true);
	s->relay = (struct http_relay){.wire = &s->wire,
		.body = &s->body,
		.manner = &s->manner,
		.helper = PROC_NONE,
		.up = -1,
		.down = -1};
	assert_int_equal(http_relay_open(&s->relay, &in, &out, &err), 0);
	start_helper(&s->relay, script, in, out);
	close(in);
	close(out);
}

/* What the agent has got, as text; ends the scene. Caller frees. */
static char *got(struct scene *s)
{
	char *text;

	http_wire_done(&s->wire);
	http_body_done(&s->body);
	assert_int_equal(fd_read_all(s->agent, "the answer", 1 << 20, &text, NULL, &err), 0);
	close(s->agent);
	return text;
}

static void a_body_goes_up_and_the_answer_comes_back_in_chunks(void **state)
{
	struct scene s;
	char *text;

	(void)state;
	set(&s, 5, "helloGET / HTTP/1.1", HEAD "cat");
	assert_int_equal(http_relay_run(&s.relay, &err), 0);
	assert_true(s.manner.keep);
	/* The next request's beginning is still there. */
	assert_int_equal(s.wire.in.len, strlen("GET / HTTP/1.1"));
	text = got(&s);
	assert_non_null(strstr(text, "\r\nTransfer-Encoding: chunked\r\n"));
	assert_non_null(strstr(text, "\r\nhello\r\n0\r\n\r\n"));
	free(text);
}

static void a_body_that_its_helper_does_not_want_is_skipped(void **state)
{
	struct scene s;
	char *text;

	(void)state;
	set(&s, 5, "helloGET", "exec <&-; " HEAD "echo no");
	assert_int_equal(http_relay_run(&s.relay, &err), 0);
	assert_true(s.manner.keep);
	assert_int_equal(s.wire.in.len, 3);
	text = got(&s);
	assert_non_null(strstr(text, "no\n"));
	free(text);
}

static void an_answer_shorter_than_it_says_is_broken_off(void **state)
{
	struct scene s;

	(void)state;
	set(&s, 0, "", "printf 'Content-Type: a/b\\r\\nContent-Length: 10\\r\\n\\r\\nabc'");
	assert_int_equal(http_relay_run(&s.relay, &err), -EPROTO);
	assert_true(s.relay.begun);
	free(got(&s));
	set(&s, 0, "", "exit 0");
	assert_int_equal(http_relay_run(&s.relay, &err), -EPROTO);
	assert_false(s.relay.begun);
	free(got(&s));
}

/* Its helper must not take the part for the whole: it is killed before its input ends. */
static void an_agent_that_leaves_in_the_middle_ends_the_helper(void **state)
{
	char path[] = "/tmp/relay-test.XXXXXX", script[128];
	struct scene s;
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	snprintf(script, sizeof(script), "cat >/dev/null; echo whole >>%s", path);
	set(&s, 50, "hello", script);
	shutdown(s.agent, SHUT_WR);
	assert_int_equal(http_relay_run(&s.relay, &err), -EINVAL);
	assert_int_equal(s.relay.helper.pid, 0);
	assert_int_equal(s.relay.up, -1);
	free(got(&s));
	assert_int_equal(access(path, F_OK), 0);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(lseek(fd, 0, SEEK_END), 0);
	close(fd);
	unlink(path);
}

/* A pack tells its own end: what its reader took for all must lack something until all is there. */
static void the_last_byte_waits_for_the_end_of_the_body(void **state)
{
	const struct http1_length chunked = {.framing = HTTP1_CHUNKED};
	struct scene s;
	char *text;

	(void)state;
	set(&s, 0, "5\r\nhello\r\n", HEAD "head -c 5");
	http1_body_start(&s.body.framing, &chunked, true);
	s.wire.idle_ms = 300;
	assert_int_equal(http_relay_run(&s.relay, &err), -ETIMEDOUT);
	text = got(&s);
	assert_null(strstr(text, "hello"));
	free(text);
	set(&s, 0, "5\r\nhello\r\n0\r\n\r\n", HEAD "head -c 5");
	http1_body_start(&s.body.framing, &chunked, true);
	assert_int_equal(http_relay_run(&s.relay, &err), 0);
	text = got(&s);
	assert_non_null(strstr(text, "hello"));
	free(text);
}

/* It sends all and takes nothing; a file tells whether its helper came to the end. */
static int be_deaf(bool to_the_end, bool *ret_ended)
{
	char path[] = "/tmp/relay-test.XXXXXX", script[160];
	struct scene s;
	int r, fd = mkstemp(path);

	assert_true(fd >= 0);
	snprintf(script, sizeof(script), HEAD "yes | head -c 3000000 && echo ended >>%s", path);
	set(&s, 5, "hello", script);
	s.wire.idle_ms = 200;
	s.relay.to_the_end = to_the_end;
	r = http_relay_run(&s.relay, &err);
	*ret_ended = lseek(fd, 0, SEEK_END) > 0;
	assert_false(r == 0 && s.manner.keep);
	free(got(&s));
	close(fd);
	unlink(path);
	return r;
}

static void an_agent_that_takes_nothing_is_given_up_and_its_push_is_not(void **state)
{
	bool ended;

	(void)state;
	assert_int_equal(be_deaf(true, &ended), 0);
	assert_true(ended);
	assert_int_equal(be_deaf(false, &ended), -ETIMEDOUT);
	assert_false(ended);
}

static void a_push_that_was_whole_is_heard_to_its_end(void **state)
{
	struct scene s;

	(void)state;
	set(&s, 5, "hello", HEAD "cat; exit 0");
	s.relay.to_the_end = true;
	close(s.agent);
	s.agent = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_int_equal(http_relay_run(&s.relay, &err), 0);
	assert_false(s.manner.keep);
	free(got(&s));
	set(&s, 5, "hello", HEAD "cat");
	close(s.agent);
	s.agent = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_int_equal(http_relay_run(&s.relay, &err), -EPIPE);
	free(got(&s));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_body_goes_up_and_the_answer_comes_back_in_chunks),
		cmocka_unit_test(a_body_that_its_helper_does_not_want_is_skipped),
		cmocka_unit_test(an_answer_shorter_than_it_says_is_broken_off),
		cmocka_unit_test(an_agent_that_leaves_in_the_middle_ends_the_helper),
		cmocka_unit_test(the_last_byte_waits_for_the_end_of_the_body),
		cmocka_unit_test(an_agent_that_takes_nothing_is_given_up_and_its_push_is_not),
		cmocka_unit_test(a_push_that_was_whole_is_heard_to_its_end),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
