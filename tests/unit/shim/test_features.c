#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/ptr.h"
#include "shim/caps.h"
#include "shim/mount_options.h"
#include "shim/seccomp_names.h"

/*
 * Whatever `features` tells is taken (features.md: the runtime MUST recognize the elements). The
 * words of config.json's own readers are in bundle/test_oci_attributes.
 */

static void for_each(const char *list, int (*take)(const char *word, struct err *e))
{
	json_t *all = seccomp_features(), *word;
	struct err e = {0};
	size_t n;

	assert_true(json_array_size(json_object_get(all, list)) > 0);
	json_array_foreach (json_object_get(all, list), n, word)
		if (take(json_string_value(word), &e) < 0)
			fail_msg("%s: %s", json_string_value(word), e.msg);
	json_decref(all);
	assert_true(take("SCMP_NONSENSE", &e) < 0);
}

static int action(const char *word, struct err *e)
{
	uint32_t number;

	return seccomp_find_action(word, NULL, &number, e);
}

static int operator(const char *word, struct err *e)
{
	enum scmp_compare number;

	return seccomp_find_operator(word, &number, e);
}

static int arch(const char *word, struct err *e)
{
	uint32_t number;

	return seccomp_find_arch(word, &number, e);
}

static int flag(const char *word, struct err *e)
{
	unsigned int number;

	return seccomp_find_flag(word, &number, e);
}

static void the_words_of_seccomp_are_taken(void **state)
{
	(void)state;
	for_each("actions", action);
	for_each("operators", operator);
	for_each("archs", arch);
	for_each("knownFlags", flag);
	for_each("supportedFlags", flag);
}

static void the_capabilities_are_taken(void **state)
{
	json_t *all = caps_names(), *word;
	size_t n;

	(void)state;
	assert_true(json_array_size(all) >= 41);
	json_array_foreach (all, n, word)
		assert_int_equal(caps_number(json_string_value(word)), n);
	json_decref(all);
	assert_int_equal(caps_number("CAP_NONSENSE"), -1);
}

/* What is no option of ours is the file system's, and handed to it as data. */
static void the_mount_options_are_taken(void **state)
{
	(void)state;
	for (const char *const *word = mount_options_known(); *word; word++) {
		char *options[] = {(char *)*word, NULL};
		struct mount_options o;
		struct err e;

		assert_int_equal(mount_options_parse(options, &o, &e), 0);
		if (o.data)
			fail_msg("'%s' is taken for the file system's", *word);
		mount_options_done(&o);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_words_of_seccomp_are_taken),
		cmocka_unit_test(the_capabilities_are_taken),
		cmocka_unit_test(the_mount_options_are_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
