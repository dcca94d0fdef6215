#include "shim/mount_options.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mount.h>

#include <cmocka.h>

#include "base/str.h"

static struct mount_options parse(const char *const *words)
{
	struct mount_options o;
	struct err e;

	assert_int_equal(mount_options_parse((char *const *)words, &o, &e), 0);
	return o;
}

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void the_last_of_two_opposites_wins(void **state)
{
	struct mount_options o = parse(WORDS("ro", "nosuid", "rw", "suid", "nodev"));

	(void)state;
	assert_true(o.set == MOUNT_ATTR_NODEV);
	assert_false(o.sb_readonly);
	mount_options_done(&o);
	o = parse(WORDS("rw", "ro"));
	assert_true(o.set == MOUNT_ATTR_RDONLY);
	assert_true(o.sb_readonly);
	mount_options_done(&o);
}

static void rbind_is_recursive_and_bind_is_not(void **state)
{
	struct mount_options o = parse(WORDS("rbind"));

	(void)state;
	assert_true(o.bind && o.recursive);
	mount_options_done(&o);
	o = parse(WORDS("bind"));
	assert_true(o.bind && !o.recursive);
	mount_options_done(&o);
}

static void recursive_attributes_stand_apart(void **state)
{
	struct mount_options o = parse(WORDS("rro", "rsuid"));

	(void)state;
	assert_true(o.rec_set == MOUNT_ATTR_RDONLY);
	assert_true(o.rec_clear == MOUNT_ATTR_NOSUID);
	assert_true(o.set == 0);
	mount_options_done(&o);
}

static void an_access_time_clears_the_whole_field(void **state)
{
	struct mount_options o = parse(WORDS("noatime", "strictatime"));

	(void)state;
	assert_true(o.set == MOUNT_ATTR_STRICTATIME);
	assert_true(o.clear == MOUNT_ATTR__ATIME);
	mount_options_done(&o);
}

static void what_is_not_known_is_the_file_systems(void **state)
{
	struct mount_options o = parse(WORDS("size=64k", "nosuid", "mode=755", "sync"));

	(void)state;
	assert_int_equal(strv_len(o.data), 2);
	assert_string_equal(o.data[1], "mode=755");
	assert_string_equal(o.sb_flags[0], "sync");
	mount_options_done(&o);
}

static void propagation_of_the_root_is_one_of_eight_words(void **state)
{
	unsigned long flags;
	struct err e;

	(void)state;
	assert_int_equal(mount_propagation("rslave", &flags, &e), 0);
	assert_true(flags == (MS_SLAVE | MS_REC));
	assert_int_equal(mount_propagation(NULL, &flags, &e), 0);
	assert_true(flags == 0);
	assert_int_equal(mount_propagation("nosuid", &flags, &e), -EINVAL);
	assert_non_null(strstr(e.msg, "rootfsPropagation"));
}

static void the_known_words_are_sorted(void **state)
{
	const char *const *known = mount_options_known();

	(void)state;
	for (size_t i = 1; known[i]; i++)
		assert_true(strcmp(known[i - 1], known[i]) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_last_of_two_opposites_wins),
		cmocka_unit_test(rbind_is_recursive_and_bind_is_not),
		cmocka_unit_test(recursive_attributes_stand_apart),
		cmocka_unit_test(an_access_time_clears_the_whole_field),
		cmocka_unit_test(what_is_not_known_is_the_file_systems),
		cmocka_unit_test(propagation_of_the_root_is_one_of_eight_words),
		cmocka_unit_test(the_known_words_are_sorted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
