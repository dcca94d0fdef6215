#include "shim/state.h"

#include <errno.h>
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

#include "base/path.h"
#include "base/proc.h"
#include "base/ptr.h"
#include "base/str.h"

static char root[64];

static int make_root(void **state)
{
	(void)state;
	snprintf(root, sizeof(root), "/tmp/test-state-XXXXXX");
	return mkdtemp(root) ? 0 : -1;
}

static int remove_root(void **state)
{
	struct err e;

	(void)state;
	return path_remove_tree(AT_FDCWD, root, &e);
}

static struct state *made(const char *id)
{
	struct state *s = NULL;
	struct err e;

	assert_int_equal(state_create(root, id, &s, &e), 0);
	s->bundle = strdup("/bundle");
	s->rootfs = strdup("/bundle/rootfs");
	return s;
}

static void an_id_cannot_leave_the_directory(void **state)
{
	const char *const bad[] = {"", ".", "..", "a/b", "../x", ".hidden", "a b", "a\n", "ä"};
	struct err e;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(state_check_id(bad[i], &e), -EINVAL);
	assert_int_equal(state_check_id("a_B-1+2.c", &e), 0);
}

static void an_id_is_taken_once(void **state)
{
	cleanup_state struct state *first = made("once");
	struct state *second = NULL;
	struct err e;

	(void)state;
	assert_int_equal(state_create(root, "once", &second, &e), -EEXIST);
	assert_non_null(strstr(e.msg, "container with given ID already exists"));
	assert_int_equal(state_remove(first, &e), 0);
}

static void what_was_saved_is_loaded(void **state)
{
	cleanup_state struct state *s = made("saved"), *back = NULL;
	struct err e;

	(void)state;
	s->pid = getpid();
	s->start_time = 42;
	s->namespaces = 0x20000;
	s->in_bottle = true;
	assert_int_equal(strv_add(&s->annotations, "key=a=b"), 0);
	assert_int_equal(strv_add(&s->bottle_env, "HTTP_PROXY=x"), 0);
	assert_int_equal(state_save(s, &e), 0);
	assert_int_equal(state_load(root, "saved", &back, &e), 0);
	assert_int_equal(back->pid, getpid());
	assert_int_equal(back->start_time, 42);
	assert_int_equal(back->namespaces, 0x20000);
	assert_true(back->in_bottle);
	assert_string_equal(back->annotations[0], "key=a=b");
	assert_string_equal(back->bottle_env[0], "HTTP_PROXY=x");
}

static void a_pid_that_became_another_process_is_stopped(void **state)
{
	cleanup_state struct state *s = made("reused");
	struct err e;

	(void)state;
	s->pid = getpid();
	assert_int_equal(proc_start_time(getpid(), &s->start_time, NULL, &e), 0);
	assert_int_equal(state_status(s), STATE_RUNNING);
	s->start_time++;
	assert_int_equal(state_status(s), STATE_STOPPED);
}

static void a_half_made_container_says_so(void **state)
{
	cleanup_state struct state *s = made("half"), *back = NULL;
	struct err e;

	(void)state;
	assert_int_equal(state_load(root, "half", &back, &e), -ENODATA);
	assert_non_null(back);
	assert_true(back->dirfd >= 0);
}

static void a_missing_container_does_not_exist(void **state)
{
	struct state *s = NULL;
	struct err e;

	(void)state;
	assert_int_equal(state_load(root, "missing", &s, &e), -ENOENT);
	assert_string_equal(e.msg, "container does not exist: 'missing'");
}

static void a_second_command_waits_and_gives_up(void **state)
{
	cleanup_state struct state *s = made("locked"), *other = NULL;
	struct err e;

	(void)state;
	assert_int_equal(state_save(s, &e), 0);
	assert_int_equal(state_load(root, "locked", &other, &e), 0);
	assert_int_equal(state_lock(other, 20, &e), -EBUSY);
}

static void ids_are_sorted(void **state)
{
	cleanup_state struct state *b = made("bb"), *a = made("aa");
	cleanup_strv char **ids = NULL;
	struct err e;

	(void)state;
	assert_int_equal(state_ids(root, &ids, &e), 0);
	assert_true(strv_has(ids, "aa") && strv_has(ids, "bb"));
	for (size_t i = 1; ids[i]; i++)
		assert_true(strcmp(ids[i - 1], ids[i]) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_id_cannot_leave_the_directory),
		cmocka_unit_test(an_id_is_taken_once),
		cmocka_unit_test(what_was_saved_is_loaded),
		cmocka_unit_test(a_pid_that_became_another_process_is_stopped),
		cmocka_unit_test(a_half_made_container_says_so),
		cmocka_unit_test(a_missing_container_does_not_exist),
		cmocka_unit_test(a_second_command_waits_and_gives_up),
		cmocka_unit_test(ids_are_sorted),
	};

	return cmocka_run_group_tests(tests, make_root, remove_root);
}
