#include "gate/veil.h"

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
#include "base/ptr.h"

/* In pieces of this size, with the end. */
static char *passed(struct veil *v, const char *text, size_t piece)
{
	struct str out = {0};

	for (size_t len = strlen(text), i = 0; i < len; i += piece)
		veil_pass(v, text + i, len - i < piece ? len - i : piece, &out);
	veil_pass(v, "", 0, &out);
	return str_take(&out);
}

static void shows(const char *text, const char *want)
{
	for (size_t piece = 1; piece <= strlen(text) + 1; piece++) {
		cleanup_veil struct veil v = {0};
		cleanup_free char *got = NULL;
		struct err e = {0};

		assert_int_equal(veil_hide(&v, "abcabd", 6, &e), 0);
		assert_int_equal(veil_hide(&v, "xyz", 3, &e), 0);
		got = passed(&v, text, piece);
		assert_string_equal(got, want);
	}
}

static void a_word_is_hidden_however_it_comes_in_pieces(void **state)
{
	(void)state;
	shows("it is abcabd.", "it is ***.");
	shows("abcabcabd", "abc***");
	shows("abcabdabcabd", "******");
	shows("xyz and abcabd", "*** and ***");
	shows("abcab", "abcab");
	shows("xy", "xy");
	shows("nothing", "nothing");
	shows("", "");
}

static void without_a_word_everything_is_shown_at_once(void **state)
{
	cleanup_veil struct veil v = {0};
	struct str out = {0};

	(void)state;
	veil_pass(&v, "50%\r", 4, &out);
	assert_string_equal(out.s, "50%\r");
	str_done(&out);
}

static void a_token_is_hidden_as_it_is_and_as_http_has_it(void **state)
{
	static char name[] = "demo", user[] = "me", slot[] = "REPO_demo_TOKEN";
	const struct policy_repo repo = {
		.name = name, .transport = POLICY_HTTPS, .user = user, .identity_slot = slot};
	char dir[] = "/tmp/test-veil-XXXXXX";
	struct gate g = {.creds_dir = dir};
	cleanup_free char *path = NULL, *got = NULL;
	cleanup_veil struct veil v = {0};
	struct err e = {0};

	(void)state;
	assert_non_null(mkdtemp(dir));
	path = str_format("%s/demo-token", dir);
	assert_true(veil_init(&v, &g, &repo, &e) < 0);
	assert_int_equal(path_write_file(AT_FDCWD, path, "opensesame", 10, 0600, &e), 0);
	assert_int_equal(veil_init(&v, &g, &repo, &e), 0);
	got = passed(&v, "Basic bWU6b3BlbnNlc2FtZQ== of opensesame", 5);
	assert_string_equal(got, "Basic *** of ***");
	assert_int_equal(path_remove_tree(AT_FDCWD, dir, &e), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_word_is_hidden_however_it_comes_in_pieces),
		cmocka_unit_test(without_a_word_everything_is_shown_at_once),
		cmocka_unit_test(a_token_is_hidden_as_it_is_and_as_http_has_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
