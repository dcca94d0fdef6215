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

/* Every word of the runtime-spec, of runc and of crun, with what it does to nothing. */
static const struct {
	const char *word;
	uint64_t set, clear, rec_set, rec_clear, propagation;
} effects[] = {
	{"atime", 0, MOUNT_ATTR__ATIME, 0, 0, 0},
	{"dev", 0, MOUNT_ATTR_NODEV, 0, 0, 0},
	{"diratime", 0, MOUNT_ATTR_NODIRATIME, 0, 0, 0},
	{"exec", 0, MOUNT_ATTR_NOEXEC, 0, 0, 0},
	{"noatime", MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME, 0, 0, 0},
	{"nodev", MOUNT_ATTR_NODEV, 0, 0, 0, 0},
	{"nodiratime", MOUNT_ATTR_NODIRATIME, 0, 0, 0, 0},
	{"noexec", MOUNT_ATTR_NOEXEC, 0, 0, 0, 0},
	{"norelatime", 0, 0, 0, 0, 0},
	{"nostrictatime", 0, 0, 0, 0, 0},
	{"nosuid", MOUNT_ATTR_NOSUID, 0, 0, 0, 0},
	{"nosymfollow", MOUNT_ATTR_NOSYMFOLLOW, 0, 0, 0, 0},
	{"private", 0, 0, 0, 0, MS_PRIVATE},
	{"ratime", 0, 0, 0, MOUNT_ATTR__ATIME, 0},
	{"rdev", 0, 0, 0, MOUNT_ATTR_NODEV, 0},
	{"rdiratime", 0, 0, 0, MOUNT_ATTR_NODIRATIME, 0},
	{"relatime", 0, MOUNT_ATTR__ATIME, 0, 0, 0},
	{"rexec", 0, 0, 0, MOUNT_ATTR_NOEXEC, 0},
	{"rnoatime", 0, 0, MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME, 0},
	{"rnodev", 0, 0, MOUNT_ATTR_NODEV, 0, 0},
	{"rnodiratime", 0, 0, MOUNT_ATTR_NODIRATIME, 0, 0},
	{"rnoexec", 0, 0, MOUNT_ATTR_NOEXEC, 0, 0},
	{"rnorelatime", 0, 0, 0, 0, 0},
	{"rnostrictatime", 0, 0, 0, 0, 0},
	{"rnosuid", 0, 0, MOUNT_ATTR_NOSUID, 0, 0},
	{"rnosymfollow", 0, 0, MOUNT_ATTR_NOSYMFOLLOW, 0, 0},
	{"ro", MOUNT_ATTR_RDONLY, 0, 0, 0, 0},
	{"rprivate", 0, 0, 0, 0, MS_PRIVATE | MS_REC},
	{"rrelatime", 0, 0, 0, MOUNT_ATTR__ATIME, 0},
	{"rro", 0, 0, MOUNT_ATTR_RDONLY, 0, 0},
	{"rrw", 0, 0, 0, MOUNT_ATTR_RDONLY, 0},
	{"rshared", 0, 0, 0, 0, MS_SHARED | MS_REC},
	{"rslave", 0, 0, 0, 0, MS_SLAVE | MS_REC},
	{"rstrictatime", 0, 0, MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME, 0},
	{"rsuid", 0, 0, 0, MOUNT_ATTR_NOSUID, 0},
	{"rsymfollow", 0, 0, 0, MOUNT_ATTR_NOSYMFOLLOW, 0},
	{"runbindable", 0, 0, 0, 0, MS_UNBINDABLE | MS_REC},
	{"rw", 0, MOUNT_ATTR_RDONLY, 0, 0, 0},
	{"shared", 0, 0, 0, 0, MS_SHARED},
	{"slave", 0, 0, 0, 0, MS_SLAVE},
	{"strictatime", MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME, 0, 0, 0},
	{"suid", 0, MOUNT_ATTR_NOSUID, 0, 0, 0},
	{"symfollow", 0, MOUNT_ATTR_NOSYMFOLLOW, 0, 0, 0},
	{"unbindable", 0, 0, 0, 0, MS_UNBINDABLE},
};

static void each_flag_has_its_effect_and_no_other(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(effects) / sizeof(effects[0]); i++) {
		struct mount_options o = parse(WORDS(effects[i].word));
		uint64_t rec = o.propagation_recursive ? MS_REC : 0;

		if (o.set != effects[i].set || o.clear != effects[i].clear ||
			o.rec_set != effects[i].rec_set || o.rec_clear != effects[i].rec_clear ||
			(o.propagation | rec) != effects[i].propagation || o.data)
			fail_msg("'%s' has another effect", effects[i].word);
		mount_options_done(&o);
	}
}

static void the_other_words_are_no_data_of_the_file_system(void **state)
{
	struct mount_options o = parse(WORDS("async", "defaults", "loud", "silent", "nomand",
		"noiversion", "nolazytime", "rsync", "rasync", "rdirsync", "rmand", "rnomand"));

	(void)state;
	assert_null(o.data);
	assert_int_equal(strv_len(o.sb_flags), 0);
	assert_false(o.flags_given);
	mount_options_done(&o);
	o = parse(WORDS("copy-symlink", "src-nofollow", "dest-nofollow", "tmpcopyup", "remount"));
	assert_true(o.copy_symlink && o.src_nofollow && o.dest_nofollow && o.copy_up && o.remount);
	assert_null(o.data);
	mount_options_done(&o);
}

static void a_superblock_flag_can_be_taken_back(void **state)
{
	struct mount_options o = parse(WORDS("sync", "dirsync", "sync", "lazytime", "iversion",
		"mand", "async", "nolazytime", "noiversion", "nomand"));

	(void)state;
	assert_int_equal(strv_len(o.sb_flags), 1);
	assert_string_equal(o.sb_flags[0], "dirsync");
	mount_options_done(&o);
}

static void nostrictatime_takes_back_strictatime_only(void **state)
{
	struct mount_options o = parse(WORDS("strictatime", "nostrictatime"));

	(void)state;
	assert_true(o.set == MOUNT_ATTR_RELATIME);
	mount_options_done(&o);
	o = parse(WORDS("noatime", "nostrictatime"));
	assert_true(o.set == MOUNT_ATTR_NOATIME);
	mount_options_done(&o);
}

static void flags_count_as_given_but_recursive_ones_do_not(void **state)
{
	struct mount_options o = parse(WORDS("bind", "rro", "rprivate"));

	(void)state;
	assert_false(o.flags_given);
	mount_options_done(&o);
	o = parse(WORDS("bind", "rw"));
	assert_true(o.flags_given);
	mount_options_done(&o);
}

static void idmap_may_bring_its_mapping(void **state)
{
	struct mount_options o = parse(WORDS("idmap=uids=0-1-10;gids=0-2-10"));

	(void)state;
	assert_true(o.idmap && !o.idmap_recursive);
	assert_string_equal(o.idmap_text, "uids=0-1-10;gids=0-2-10");
	mount_options_done(&o);
	o = parse(WORDS("ridmap=uids=0-1-1;gids=0-1-1", "ridmap"));
	assert_true(o.idmap && o.idmap_recursive);
	assert_null(o.data);
	mount_options_done(&o);
	o = parse(WORDS("ridmap"));
	assert_true(o.idmap && o.idmap_recursive && !o.idmap_text);
	mount_options_done(&o);
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
		cmocka_unit_test(each_flag_has_its_effect_and_no_other),
		cmocka_unit_test(the_other_words_are_no_data_of_the_file_system),
		cmocka_unit_test(a_superblock_flag_can_be_taken_back),
		cmocka_unit_test(nostrictatime_takes_back_strictatime_only),
		cmocka_unit_test(flags_count_as_given_but_recursive_ones_do_not),
		cmocka_unit_test(idmap_may_bring_its_mapping),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
