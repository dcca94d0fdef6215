#include "shim/monitor_record.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/path.h"

static char dir[64];
static int dirfd_;

static int make_dir(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/test-record-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	dirfd_ = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return dirfd_ < 0 ? -1 : 0;
}

static int remove_dir(void **state)
{
	struct err e;

	(void)state;
	close(dirfd_);
	return path_remove_tree(AT_FDCWD, dir, &e);
}

static void what_was_remembered_is_found_again(void **state)
{
	struct monitor_record in = {.monitor = {12, 345}, .bridge_id = (char *)"dev.1879048192"};
	struct monitor_record out;
	struct err e = {0};

	(void)state;
	in.inits[COMPONENT_EGRESS] = (struct monitor_process){14, 346};
	in.pasta = (struct monitor_process){15, 347};
	assert_int_equal(monitor_record_write(dirfd_, &in, &e), 0);
	assert_true(monitor_record_exists(dir));
	assert_int_equal(monitor_record_read(dirfd_, &out, &e), 0);
	assert_int_equal(out.monitor.pid, 12);
	assert_int_equal(out.monitor.start_time, 345);
	/* Which component it was is nothing that a cleaner asks. */
	assert_int_equal(out.inits[0].pid, 14);
	assert_int_equal(out.inits[1].pid, 0);
	assert_int_equal(out.pasta.pid, 15);
	assert_int_equal(out.pasta.start_time, 347);
	assert_string_equal(out.bridge_id, "dev.1879048192");
	assert_null(out.work_dir);
	monitor_record_done(&out);
}

static void nothing_remembered_is_told_apart_from_something_broken(void **state)
{
	struct monitor_record out;
	struct err e = {0};

	(void)state;
	assert_false(monitor_record_exists(dir));
	assert_int_equal(monitor_record_read(dirfd_, &out, &e), -ENOENT);
	assert_int_equal(path_write_file(dirfd_, MONITOR_RECORD, "{", 1, 0600, &e), 0);
	assert_true(monitor_record_exists(dir));
	assert_true(monitor_record_read(dirfd_, &out, &e) < 0);
	assert_int_not_equal(e.code, ENOENT);
}

static void only_its_owner_reads_the_record(void **state)
{
	struct monitor_record in = {.monitor = {1, 1}};
	struct err e = {0};
	struct stat st;

	(void)state;
	assert_int_equal(monitor_record_write(dirfd_, &in, &e), 0);
	assert_int_equal(fstatat(dirfd_, MONITOR_RECORD, &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
}

static void a_process_is_known_by_its_start_time(void **state)
{
	struct monitor_process me;
	struct err e = {0};

	(void)state;
	assert_int_equal(monitor_process_of(getpid(), &me, &e), 0);
	assert_int_equal(me.pid, getpid());
	assert_true(me.start_time > 0);
	assert_int_equal(monitor_process_of(0x7ffffff0, &me, &e), -ESRCH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			what_was_remembered_is_found_again, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(
			nothing_remembered_is_told_apart_from_something_broken, make_dir,
			remove_dir),
		cmocka_unit_test_setup_teardown(
			only_its_owner_reads_the_record, make_dir, remove_dir),
		cmocka_unit_test(a_process_is_known_by_its_start_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
