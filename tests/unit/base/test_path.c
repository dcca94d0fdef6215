#include "base/path.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "base/ptr.h"

static char dir[64];
static int root = -1;

static int make_dir(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/test-path-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	root = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return root < 0 ? -1 : 0;
}

static int remove_dir(void **state)
{
	struct err e;

	(void)state;
	fd_close(&root);
	return path_remove_tree(AT_FDCWD, dir, &e);
}

static void write_file(const char *name, const char *text)
{
	struct err e = {0};

	assert_int_equal(path_write_file(root, name, text, strlen(text), 0644, &e), 0);
}

static void a_symlink_stays_inside_the_root(void **state)
{
	cleanup_free char *data = NULL;
	struct err e = {0};
	size_t len;

	(void)state;
	assert_int_equal(mkdirat(root, "etc", 0755), 0);
	write_file("etc/passwd", "inside");
	assert_int_equal(symlinkat("/etc/passwd", root, "absolute"), 0);
	assert_int_equal(symlinkat("../../../../etc/passwd", root, "upwards"), 0);
	assert_int_equal(path_read_in_root(root, "absolute", 100, &data, &len, &e), 0);
	assert_string_equal(data, "inside");
	free(steal_ptr(&data));
	assert_int_equal(path_read_in_root(root, "upwards", 100, &data, &len, &e), 0);
	assert_string_equal(data, "inside");
}

static void a_magic_link_is_refused(void **state)
{
	cleanup_fd int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	cleanup_fd int fd = -1;

	(void)state;
	fd = path_open_in_root(proc, "self/root/etc", O_PATH, 0);
	assert_int_equal(fd, -ELOOP);
	fd = -1;
}

static void a_fifo_is_no_file_to_read(void **state)
{
	cleanup_free char *data = NULL;
	struct err e = {0};
	size_t len;

	(void)state;
	assert_int_equal(mkfifoat(root, "fifo", 0644), 0);
	assert_int_equal(path_read_in_root(root, "fifo", 100, &data, &len, &e), -EINVAL);
}

static void directories_are_made_through_symlinks_inside(void **state)
{
	cleanup_fd int fd = -1;
	struct stat st;

	(void)state;
	assert_int_equal(symlinkat("/real", root, "link"), 0);
	assert_int_equal(mkdirat(root, "real", 0755), 0);
	fd = path_mkdir_in_root(root, "/link/a/b", 0755);
	assert_true(fd >= 0);
	assert_int_equal(fstatat(root, "real/a/b", &st, 0), 0);
	fd_close(&fd);
	fd = path_mkdir_in_root(root, "../../c", 0755);
	assert_true(fd >= 0);
	assert_int_equal(fstatat(root, "c", &st, 0), 0);
}

static void a_file_is_written_whole_or_not_at_all(void **state)
{
	struct err e = {0};
	struct stat st;

	(void)state;
	write_file("f", "old");
	assert_true(path_write_file(root, "none/f", "x", 1, 0644, &e) < 0);
	write_file("f", "newer");
	assert_int_equal(fstatat(root, "f", &st, 0), 0);
	assert_int_equal(st.st_size, 5);
}

/* What a kill in the midst of it would leave. */
static void a_new_file_has_no_temporary_name(void **state)
{
	_Alignas(struct inotify_event) char events[4096];
	const struct inotify_event *first = (const void *)events;
	cleanup_fd int watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	cleanup_fd int probe = open(dir, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
	ssize_t n;

	(void)state;
	if (probe < 0)
		skip();
	assert_true(inotify_add_watch(watch, dir, IN_CREATE | IN_MOVE) >= 0);
	write_file("fresh", "text");
	n = read(watch, events, sizeof(events));
	assert_true(n > 0);
	assert_string_equal(first->name, "fresh");
	assert_int_equal(n, sizeof(*first) + first->len);
}

static void removing_a_tree_follows_no_symlink(void **state)
{
	struct err e = {0};
	struct stat st;

	(void)state;
	assert_int_equal(mkdirat(root, "keep", 0755), 0);
	write_file("keep/file", "x");
	assert_int_equal(mkdirat(root, "tree", 0755), 0);
	assert_int_equal(mkdirat(root, "tree/sub", 0755), 0);
	assert_int_equal(symlinkat("../../keep", root, "tree/sub/link"), 0);
	assert_int_equal(path_remove_tree(root, "tree", &e), 0);
	assert_int_equal(fstatat(root, "tree", &st, 0), -1);
	assert_int_equal(fstatat(root, "keep/file", &st, 0), 0);
	assert_int_equal(path_remove_tree(root, "tree", &e), 0);
}

static void a_tree_of_any_depth_is_removed(void **state)
{
	struct rlimit before, few;
	struct err e = {0};
	struct stat st;
	int fd, below;

	(void)state;
	assert_int_equal(mkdirat(root, "deep", 0755), 0);
	/* A name that is wanted for what is moved up. */
	assert_int_equal(mkdirat(root, "deep/.deep-0", 0755), 0);
	assert_int_equal(mkdirat(root, "deep/.deep-0/x", 0755), 0);
	fd = openat(root, "deep", O_PATH | O_DIRECTORY | O_CLOEXEC);
	for (int i = 0; i < 500; i++) {
		assert_int_equal(mkdirat(fd, "d", 0755), 0);
		below = openat(fd, "d", O_PATH | O_DIRECTORY | O_CLOEXEC);
		assert_true(below >= 0);
		close(fd);
		fd = below;
	}
	close(fd);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	few = (struct rlimit){100, before.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	assert_int_equal(path_remove_tree(root, "deep", &e), 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(fstatat(root, "deep", &st, 0), -1);
}

static void a_file_that_others_can_write_is_refused(void **state)
{
	char path[128];
	struct err e = {0};

	(void)state;
	write_file("strict", "x");
	snprintf(path, sizeof(path), "%s/strict", dir);
	assert_int_equal(path_check_strict(path, getuid(), &e), 0);
	assert_int_equal(chmod(path, 0664), 0);
	assert_int_equal(path_check_strict(path, getuid(), &e), -EPERM);
	assert_non_null(strstr(e.msg, path));
}

static void a_directory_that_others_can_write_is_refused(void **state)
{
	char path[128], sub[100];
	struct err e = {0};

	(void)state;
	assert_int_equal(mkdirat(root, "sub", 0755), 0);
	write_file("sub/file", "x");
	snprintf(sub, sizeof(sub), "%s/sub", dir);
	snprintf(path, sizeof(path), "%s/file", sub);
	assert_int_equal(chmod(sub, 0777), 0);
	assert_int_equal(path_check_strict(path, getuid(), &e), -EPERM);
	assert_non_null(strstr(e.msg, sub));
	/* As /tmp: others can add, but not replace. */
	assert_int_equal(chmod(sub, 01777), 0);
	assert_int_equal(path_check_strict(path, getuid(), &e), 0);
}

static void a_link_that_others_can_replace_is_refused(void **state)
{
	char path[128], other[100];
	struct err e = {0};

	(void)state;
	assert_int_equal(mkdirat(root, "good", 0755), 0);
	write_file("good/file", "x");
	assert_int_equal(mkdirat(root, "open", 0755), 0);
	assert_int_equal(symlinkat("../good", root, "open/link"), 0);
	assert_int_equal(symlinkat("open/link/file", root, "first"), 0);
	snprintf(path, sizeof(path), "%s/first", dir);
	snprintf(other, sizeof(other), "%s/open", dir);
	assert_int_equal(path_check_strict(path, getuid(), &e), 0);
	assert_int_equal(chmod(other, 0777), 0);
	assert_int_equal(path_check_strict(path, getuid(), &e), -EPERM);
	assert_non_null(strstr(e.msg, other));
}

static void links_in_a_circle_end(void **state)
{
	char path[128];
	struct err e = {0};

	(void)state;
	assert_int_equal(symlinkat("b", root, "a"), 0);
	assert_int_equal(symlinkat("a", root, "b"), 0);
	snprintf(path, sizeof(path), "%s/a", dir);
	assert_int_equal(path_check_strict(path, getuid(), &e), -ELOOP);
}

static void a_missing_file_is_not_strict(void **state)
{
	struct err e = {0};

	(void)state;
	assert_int_equal(path_check_strict("/nonexistent/../etc", getuid(), &e), -ENOENT);
	assert_int_equal(path_check_strict("/etc/../../etc//./passwd", 0, &e), 0);
}

static void a_file_of_another_user_is_refused(void **state)
{
	char path[128];
	struct err e = {0};

	(void)state;
	if (getuid() != 0)
		skip();
	write_file("foreign", "x");
	snprintf(path, sizeof(path), "%s/foreign", dir);
	assert_int_equal(chown(path, 12345, 12345), 0);
	assert_int_equal(path_check_strict(path, 12346, &e), -EPERM);
	assert_int_equal(path_check_strict(path, 12345, &e), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_symlink_stays_inside_the_root, make_dir, remove_dir),
		cmocka_unit_test(a_magic_link_is_refused),
		cmocka_unit_test_setup_teardown(a_fifo_is_no_file_to_read, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(
			directories_are_made_through_symlinks_inside, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(
			a_file_is_written_whole_or_not_at_all, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(
			a_new_file_has_no_temporary_name, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(
			removing_a_tree_follows_no_symlink, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(
			a_tree_of_any_depth_is_removed, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(
			a_file_that_others_can_write_is_refused, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(
			a_directory_that_others_can_write_is_refused, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(
			a_link_that_others_can_replace_is_refused, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(links_in_a_circle_end, make_dir, remove_dir),
		cmocka_unit_test(a_missing_file_is_not_strict),
		cmocka_unit_test_setup_teardown(
			a_file_of_another_user_is_refused, make_dir, remove_dir),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
