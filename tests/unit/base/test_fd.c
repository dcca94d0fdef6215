#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/ptr.h"

static void closing_keeps_errno_and_forgets_the_number(void **state)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	(void)state;
	assert_true(fd >= 0);
	errno = EXDEV;
	fd_close(&fd);
	assert_int_equal(fd, -1);
	assert_int_equal(errno, EXDEV);
	fd_close(&fd);
}

static void stealing_leaves_nothing_behind(void **state)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC), had = fd;
	cleanup_fd int now = steal_fd(&fd);

	(void)state;
	assert_int_equal(fd, -1);
	assert_int_equal(now, had);
}

static void reading_whole_is_bounded(void **state)
{
	cleanup_free char *data = NULL;
	struct err e = {0};
	size_t len;
	int pipes[2];

	(void)state;
	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	assert_int_equal(fd_write_all(pipes[1], "0123456789", 10), 0);
	fd_close(&pipes[1]);
	assert_int_equal(fd_read_all(pipes[0], "pipe", 9, &data, &len, &e), -EFBIG);
	assert_non_null(strstr(e.msg, "pipe"));
	fd_close(&pipes[0]);
}

static void reading_exactly_the_bound_is_fine(void **state)
{
	cleanup_free char *data = NULL;
	struct err e = {0};
	size_t len;
	int pipes[2];

	(void)state;
	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	assert_int_equal(fd_write_all(pipes[1], "0123456789", 10), 0);
	fd_close(&pipes[1]);
	assert_int_equal(fd_read_all(pipes[0], "pipe", 10, &data, &len, &e), 0);
	assert_int_equal(len, 10);
	assert_string_equal(data, "0123456789");
	fd_close(&pipes[0]);
}

static void a_missing_file_is_named(void **state)
{
	cleanup_free char *data = NULL;
	struct err e = {0};
	size_t len;

	(void)state;
	assert_int_equal(fd_read_file(AT_FDCWD, "/nonexistent/x", 10, &data, &len, &e), -ENOENT);
	assert_non_null(strstr(e.msg, "/nonexistent/x"));
}

static void a_directory_is_no_file_to_read(void **state)
{
	cleanup_free char *data = NULL;
	struct err e = {0};
	size_t len;

	(void)state;
	assert_true(fd_read_file(AT_FDCWD, "/tmp", 10, &data, &len, &e) < 0);
}

static void a_memfd_is_sealed(void **state)
{
	struct err e = {0};
	cleanup_fd int fd = fd_memfd("test", "abc", 3, &e);
	char buf[4] = "";

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(fd_read_full(fd, buf, 3), 3);
	assert_string_equal(buf, "abc");
	assert_int_equal(pwrite(fd, "x", 1, 0), -1);
	assert_int_equal(errno, EPERM);
	assert_int_equal(ftruncate(fd, 0), -1);
	assert_ptr_equal(mmap(NULL, 3, PROT_WRITE, MAP_SHARED, fd, 0), MAP_FAILED);
}

static void moving_goes_above_and_closes_the_old_one(void **state)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	cleanup_fd int moved = fd_move_above(fd, 100);

	(void)state;
	assert_true(moved >= 100);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
	assert_int_equal(fcntl(moved, F_GETFD), FD_CLOEXEC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(closing_keeps_errno_and_forgets_the_number),
		cmocka_unit_test(stealing_leaves_nothing_behind),
		cmocka_unit_test(reading_whole_is_bounded),
		cmocka_unit_test(reading_exactly_the_bound_is_fine),
		cmocka_unit_test(a_missing_file_is_named),
		cmocka_unit_test(a_directory_is_no_file_to_read),
		cmocka_unit_test(a_memfd_is_sealed),
		cmocka_unit_test(moving_goes_above_and_closes_the_old_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
