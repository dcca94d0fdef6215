#include "base/msg.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "base/ptr.h"

static int pair[2] = {-1, -1};

static int open_pair(void **state)
{
	struct err e;

	(void)state;
	return msg_pair(pair, &e);
}

static int close_pair(void **state)
{
	(void)state;
	fd_close(&pair[0]);
	fd_close(&pair[1]);
	return 0;
}

static void a_message_arrives_whole_with_its_descriptor(void **state)
{
	cleanup_fd int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	cleanup_msg struct msg m = {0};
	struct err e = {0};

	(void)state;
	assert_int_equal(msg_send(pair[0], 7, "hello", 5, &fd, 1, &e), 0);
	assert_int_equal(msg_recv(pair[1], &m, &e), 1);
	assert_int_equal(m.type, 7);
	assert_int_equal(m.len, 5);
	assert_string_equal(m.body, "hello");
	assert_int_equal(m.n_fds, 1);
	assert_int_equal(fcntl(m.fds[0], F_GETFD), FD_CLOEXEC);
}

static void a_large_body_arrives_without_an_extra_descriptor(void **state)
{
	size_t len = 1U << 20;
	cleanup_free char *body = malloc(len);
	cleanup_msg struct msg m = {0};
	struct err e = {0};

	(void)state;
	memset(body, 'x', len);
	assert_int_equal(msg_send(pair[0], 1, body, len, NULL, 0, &e), 0);
	assert_int_equal(msg_recv(pair[1], &m, &e), 1);
	assert_int_equal(m.len, len);
	assert_memory_equal(m.body, body, len);
	assert_int_equal(m.n_fds, 0);
}

static void a_large_body_and_descriptors_arrive_together(void **state)
{
	size_t len = 1U << 20;
	cleanup_free char *body = calloc(1, len);
	cleanup_msg struct msg m = {0};
	int fds[MSG_FDS_MAX];
	struct err e = {0};

	(void)state;
	for (size_t i = 0; i < MSG_FDS_MAX; i++)
		fds[i] = pair[0];
	assert_int_equal(msg_send(pair[0], 1, body, len, fds, MSG_FDS_MAX, &e), 0);
	assert_int_equal(msg_recv(pair[1], &m, &e), 1);
	assert_int_equal(m.len, len);
	assert_int_equal(m.n_fds, MSG_FDS_MAX);
}

static void an_empty_body_is_a_message(void **state)
{
	cleanup_msg struct msg m = {0};
	struct err e = {0};

	(void)state;
	assert_int_equal(msg_send(pair[0], 5, NULL, 0, NULL, 0, &e), 0);
	assert_int_equal(msg_recv(pair[1], &m, &e), 1);
	assert_int_equal(m.type, 5);
	assert_string_equal(m.body, "");
}

static void a_body_beyond_the_bound_is_not_sent(void **state)
{
	cleanup_free char *body = calloc(1, MSG_BODY_MAX + 1);
	struct err e = {0};

	(void)state;
	assert_true(msg_send(pair[0], 1, body, MSG_BODY_MAX + 1, NULL, 0, &e) < 0);
}

static void the_end_of_the_other_side_is_told(void **state)
{
	cleanup_msg struct msg m = {0};
	struct err e = {0};

	(void)state;
	fd_close(&pair[0]);
	assert_int_equal(msg_recv(pair[1], &m, &e), 0);
	assert_int_equal(msg_send(pair[1], 1, "x", 1, NULL, 0, &e), -EPIPE);
}

static void what_was_said_before_the_end_is_heard_though_something_was_left_unread(void **state)
{
	cleanup_msg struct msg m = {0};
	struct err e = {0};

	(void)state;
	assert_int_equal(msg_send(pair[1], 1, "x", 1, NULL, 0, &e), 0);
	assert_int_equal(msg_send(pair[0], 2, "why", 3, NULL, 0, &e), 0);
	fd_close(&pair[0]);
	assert_int_equal(msg_recv(pair[1], &m, &e), 1);
	assert_string_equal(m.body, "why");
	msg_done(&m);
	assert_int_equal(msg_recv(pair[1], &m, &e), 0);
}

static void an_empty_socket_that_does_not_block_says_so(void **state)
{
	cleanup_msg struct msg m = {0};
	struct err e = {0};

	(void)state;
	assert_int_equal(fd_set_nonblock(pair[1], 1), 0);
	assert_int_equal(msg_recv(pair[1], &m, &e), -EAGAIN);
}

static void what_is_no_message_is_refused(void **state)
{
	uint32_t lies[4] = {1, 100, 0, 0};
	struct err e = {0};

	(void)state;
	for (size_t len = 1; len <= sizeof(lies); len += 5) {
		cleanup_msg struct msg m = {0};

		assert_int_equal(send(pair[0], lies, len, 0), len);
		assert_int_equal(msg_recv(pair[1], &m, &e), -EPROTO);
	}
}

static void a_body_in_a_file_of_another_length_is_refused(void **state)
{
	uint32_t header[4] = {1, 3, 1, 0};
	cleanup_fd int fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
	struct iovec iov = {.iov_base = header, .iov_len = sizeof(header)};
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = {0};
	struct msghdr mh = {.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.buf,
		.msg_controllen = sizeof(control.buf)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&mh);
	cleanup_msg struct msg m = {0};
	struct err e = {0};

	(void)state;
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	assert_int_equal(sendmsg(pair[0], &mh, 0), sizeof(header));
	assert_int_equal(msg_recv(pair[1], &m, &e), -EPROTO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_message_arrives_whole_with_its_descriptor, open_pair, close_pair),
		cmocka_unit_test_setup_teardown(
			a_large_body_arrives_without_an_extra_descriptor, open_pair, close_pair),
		cmocka_unit_test_setup_teardown(
			a_large_body_and_descriptors_arrive_together, open_pair, close_pair),
		cmocka_unit_test_setup_teardown(an_empty_body_is_a_message, open_pair, close_pair),
		cmocka_unit_test_setup_teardown(
			a_body_beyond_the_bound_is_not_sent, open_pair, close_pair),
		cmocka_unit_test_setup_teardown(
			the_end_of_the_other_side_is_told, open_pair, close_pair),
		cmocka_unit_test_setup_teardown(
			what_was_said_before_the_end_is_heard_though_something_was_left_unread,
			open_pair, close_pair),
		cmocka_unit_test_setup_teardown(
			an_empty_socket_that_does_not_block_says_so, open_pair, close_pair),
		cmocka_unit_test_setup_teardown(
			what_is_no_message_is_refused, open_pair, close_pair),
		cmocka_unit_test_setup_teardown(
			a_body_in_a_file_of_another_length_is_refused, open_pair, close_pair),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
