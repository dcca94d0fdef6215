#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/ptr.h"
#include "base/str.h"
#include "scan/cache.h"
#include "scan/matcher.h"

static const char own[] = "[[rules]]\nid = \"own\"\nregex = '''own_[a-z]{12}'''\n";

/* One for all tests: compiling takes a while. */
struct place {
	char dir[64];
	int64_t compiled_ns; /* of the processor, for the first compiling */
};

static int64_t cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static int make_place(void **state)
{
	static struct place p;

	strcpy(p.dir, "/tmp/bottle-cache-XXXXXX");
	*state = &p;
	return mkdtemp(p.dir) ? 0 : -1;
}

static int remove_place(void **state)
{
	struct place *p = *state;
	struct err e;

	return path_remove_tree(AT_FDCWD, p->dir, &e);
}

static int open_cache(const struct place *p, const char *rules, struct err *e)
{
	cleanup_free char *dir = str_format("%s/rules", p->dir);

	return scan_cache_open(dir, rules, rules ? strlen(rules) : 0, "own.toml", e);
}

/* The path of the only file in it. */
static char *the_file(const struct place *p)
{
	cleanup_free char *dir = str_format("%s/rules", p->dir);
	DIR *d = opendir(dir);
	char *found = NULL;

	assert_non_null(d);
	for (struct dirent *i; (i = readdir(d));)
		if (i->d_name[0] != '.') {
			assert_null(found);
			found = str_format("%s/%s", dir, i->d_name);
		}
	closedir(d);
	assert_non_null(found);
	return found;
}

static ino_t inode(int fd)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	return st.st_ino;
}

static void rules_are_compiled_once(void **state)
{
	struct place *p = *state;
	cleanup_fd int a = -1, b = -1;
	struct err e = {0};
	int64_t from = cpu_ns();

	a = open_cache(*state, own, &e);
	if (a < 0)
		fail_msg("%s", e.msg);
	p->compiled_ns = cpu_ns() - from;
	b = open_cache(*state, own, &e);
	assert_true(b >= 0);
	assert_int_equal(inode(a), inode(b));
	assert_int_equal(fcntl(b, F_GETFL) & O_ACCMODE, O_RDONLY);
}

static int any(void *arg, const struct match *m)
{
	(void)m;
	++*(int *)arg;
	return 0;
}

static void what_is_mapped_finds_and_is_not_compiled_again(void **state)
{
	const struct place *p = *state;
	cleanup_ruleset struct ruleset rules = {0};
	struct scan_cache c = {0};
	struct matcher *m = NULL;
	struct matcher_scratch *scratch = NULL;
	struct matcher_stream *s = NULL;
	cleanup_fd int fd = -1;
	struct err e = {0};
	int64_t from;
	int found = 0;

	fd = open_cache(*state, own, &e);
	assert_true(fd >= 0);
	assert_int_equal(
		ruleset_read(&rules, ruleset_builtin, ruleset_builtin_len, "built-in", true, &e),
		0);
	from = cpu_ns();
	assert_int_equal(scan_cache_map(fd, &c, &e), 0);
	assert_int_equal(c.rules_len, strlen(own));
	assert_memory_equal(c.rules_text, own, c.rules_len);
	assert_int_equal(ruleset_read(&rules, c.rules_text, c.rules_len, "own.toml", false, &e), 0);
	assert_int_equal(matcher_new(&rules, c.compiled, c.compiled_len, &m, &e), 0);
	assert_int_equal(matcher_scratch_new(m, &scratch, &e), 0);
	assert_int_equal(matcher_open(m, scratch, &s, &e), 0);
	/* It is a hundredth of the work. */
	assert_true(cpu_ns() - from < p->compiled_ns / 2);
	assert_int_equal(matcher_feed(s, "x own_abcdefghijkl x", 20, any, &found), 0);
	assert_int_equal(matcher_finish(s, any, &found), 0);
	assert_int_equal(found, 1);
	matcher_close(s);
	matcher_scratch_free(scratch);
	matcher_free(m);
	scan_cache_unmap(&c);
}

static void compiled_rules_are_not_taken_for_others(void **state)
{
	cleanup_ruleset struct ruleset rules = {0};
	struct scan_cache c = {0};
	struct matcher *m = NULL;
	cleanup_fd int fd = -1;
	struct err e = {0};

	fd = open_cache(*state, own, &e);
	assert_int_equal(scan_cache_map(fd, &c, &e), 0);
	assert_int_equal(
		ruleset_read(&rules, ruleset_builtin, ruleset_builtin_len, "built-in", true, &e),
		0);
	assert_int_equal(matcher_new(&rules, c.compiled, c.compiled_len, &m, &e), -EINVAL);
	scan_cache_unmap(&c);
}

/* As a copy of the file with a byte changed, or cut there, is taken. */
static int map_damaged(const char *good, size_t len, size_t at, bool cut)
{
	cleanup_free char *copy = malloc(len);
	cleanup_fd int fd = -1;
	struct scan_cache c = {0};
	struct err e = {0};
	int r;

	assert_non_null(copy);
	memcpy(copy, good, len);
	copy[at] ^= 0x20;
	fd = fd_memfd("damaged", copy, cut ? at : len, &e);
	assert_true(fd >= 0);
	r = scan_cache_map(fd, &c, &e);
	scan_cache_unmap(&c);
	return r;
}

static void a_damaged_file_is_refused(void **state)
{
	cleanup_fd int fd = -1;
	cleanup_free char *good = NULL;
	size_t len = 0;
	struct err e = {0};

	fd = open_cache(*state, own, &e);
	assert_true(fd >= 0);
	assert_int_equal(fd_read_all(fd, "cache", SCAN_CACHE_MAX, &good, &len, &e), 0);
	for (size_t at = 0; at < len; at += at < 100 ? 1 : 9973) {
		assert_int_equal(map_damaged(good, len, at, false), -EINVAL);
		assert_int_equal(map_damaged(good, len, at, true), -EINVAL);
	}
}

/* The file is another one than first, and good. */
static void is_made_again(const struct place *p, int first)
{
	struct err e = {0};
	cleanup_fd int second = open_cache(p, own, &e);

	assert_true(second >= 0);
	assert_int_not_equal(inode(first), inode(second));
}

static void a_damaged_file_is_made_again(void **state)
{
	struct err e = {0};
	cleanup_fd int first = open_cache(*state, own, &e), file = -1;
	cleanup_free char *path = the_file(*state);
	unsigned char byte;

	file = open(path, O_RDWR | O_CLOEXEC);
	assert_int_equal(pread(file, &byte, 1, 5000), 1);
	byte ^= 0xff;
	assert_int_equal(pwrite(file, &byte, 1, 5000), 1);
	is_made_again(*state, first);
}

static void what_others_can_write_is_not_used(void **state)
{
	const struct place *p = *state;
	cleanup_free char *dir = str_format("%s/rules", p->dir), *path = NULL;
	struct err e = {0};
	cleanup_fd int first = open_cache(p, own, &e);

	assert_true(first >= 0);
	path = the_file(p);
	assert_int_equal(chmod(path, 0666), 0);
	is_made_again(p, first);
	assert_int_equal(chmod(dir, 0777), 0);
	assert_int_equal(open_cache(p, own, &e), -EPERM);
	assert_non_null(strstr(e.msg, dir));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules_are_compiled_once),
		cmocka_unit_test(what_is_mapped_finds_and_is_not_compiled_again),
		cmocka_unit_test(compiled_rules_are_not_taken_for_others),
		cmocka_unit_test(a_damaged_file_is_refused),
		cmocka_unit_test(a_damaged_file_is_made_again),
		cmocka_unit_test(what_others_can_write_is_not_used),
	};

	return cmocka_run_group_tests(tests, make_place, remove_place);
}
