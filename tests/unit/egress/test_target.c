#include "egress/target.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct target parsed(const char *raw)
{
	struct target t;
	const char *why;

	assert_int_equal(target_parse(raw, &t, &why), 0);
	return t;
}

static void becomes(const char *raw, const char *want)
{
	struct target t = parsed(raw);

	assert_string_equal(t.text, want);
	target_done(&t);
}

static void refused(const char *raw)
{
	struct target t;
	const char *why = NULL;

	assert_true(target_parse(raw, &t, &why) < 0);
	assert_non_null(why);
	target_done(&t);
}

static void encoded_letters_become_letters(void **state)
{
	(void)state;
	becomes("/%76%31/x", "/v1/x");
	becomes("/a%2fb", "/a%2Fb");
	becomes("/a?b=%41%2f", "/a?b=%41%2f");
	becomes("/a?b=%3%33", "/a?b=%3%33");
	becomes("/a?b=100%", "/a?b=100%");
	becomes("/a?b=%0a", "/a?b=%0a");
	becomes("*", "*");
	becomes("/", "/");
}

static void dot_segments_are_refused_in_every_spelling(void **state)
{
	static const char *const wrong[] = {"/a/../b", "/..", "/.", "/a/.", "/./..", "/%2e/a",
		"/%2e%2e/a", "/a/.%2fb", "/a/%2E%2e", "/a/..;x/b", "/a/..%3bx/b", "/a%2f..%2fb",
		"/a%5c..%5cb", "/..?x", "/a/.;/b"};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		refused(wrong[i]);
	becomes("/a/...", "/a/...");
	becomes("/a/..b", "/a/..b");
	becomes("/a?x=/../y", "/a?x=/../y");
}

/* "deb https://host/ ./" is asked for as /./Packages. */
static void a_segment_that_says_here_is_left_out(void **state)
{
	struct target t = parsed("/.//a");

	(void)state;
	assert_non_null(t.ambiguous);
	target_done(&t);
	becomes("/./a", "/a");
	becomes("/a/././b", "/a/b");
	becomes("/a/./b/./?x=/./y", "/a/b/?x=/./y");
	becomes("/a/./", "/a/");
}

static void what_no_client_sends_is_refused(void **state)
{
	static const char *const wrong[] = {"/a\\b", "/a#b", "/a%00b", "/a%0db", "/a%", "/a%4",
		"/a%zz", "a/b", "", "http://x/", "/a?b\\c"};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		refused(wrong[i]);
}

static void doubtful_paths_are_marked(void **state)
{
	static const char *const doubtful[] = {
		"/a//b", "//a", "/a;b", "/a%2Fb", "/a%5cb", "/a%252e", "/a%3bb"};
	struct target t;

	(void)state;
	for (size_t i = 0; i < sizeof(doubtful) / sizeof(*doubtful); i++) {
		t = parsed(doubtful[i]);
		assert_non_null(t.ambiguous);
		target_done(&t);
	}
	t = parsed("/a/b%20c?x=//y;%2F%25");
	assert_null(t.ambiguous);
	assert_int_equal(t.path_len, strlen("/a/b%20c"));
	target_done(&t);
}

static enum target_git git_of(const char *raw)
{
	struct target t = parsed(raw);
	enum target_git git = t.git;

	target_done(&t);
	return git;
}

static void git_over_https_is_recognised(void **state)
{
	(void)state;
	assert_int_equal(git_of("/r.git/info/refs?service=git-upload-pack"), TARGET_GIT_FETCH);
	assert_int_equal(git_of("/r.git/git-upload-pack"), TARGET_GIT_FETCH);
	assert_int_equal(git_of("/r.git/info/refs"), TARGET_GIT_FETCH);
	assert_int_equal(git_of("/r/info/refs?service=git-receive-pack"), TARGET_GIT_PUSH);
	assert_int_equal(git_of("/r/git-receive-pack"), TARGET_GIT_PUSH);
	assert_int_equal(git_of("/r/GIT-Receive-Pack"), TARGET_GIT_PUSH);
	assert_int_equal(git_of("/r%2fgit%252dreceive-pack"), TARGET_GIT_PUSH);
	assert_int_equal(git_of("/r?x&service=git%2dreceive%2Dpack"), TARGET_GIT_PUSH);
	assert_int_equal(git_of("/v1/messages"), TARGET_NO_GIT);
	assert_int_equal(git_of("/search?q=the+git-receive-pack+command"), TARGET_NO_GIT);
}

static void endless_encoding_is_refused(void **state)
{
	char raw[256] = "/a%";

	(void)state;
	for (int i = 0; i < 40; i++)
		snprintf(raw + strlen(raw), sizeof(raw) - strlen(raw), "25");
	snprintf(raw + strlen(raw), sizeof(raw) - strlen(raw), "41");
	refused(raw);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(encoded_letters_become_letters),
		cmocka_unit_test(dot_segments_are_refused_in_every_spelling),
		cmocka_unit_test(a_segment_that_says_here_is_left_out),
		cmocka_unit_test(what_no_client_sends_is_refused),
		cmocka_unit_test(doubtful_paths_are_marked),
		cmocka_unit_test(git_over_https_is_recognised),
		cmocka_unit_test(endless_encoding_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
