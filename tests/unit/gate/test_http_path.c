#include "gate/http_path.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static char demo[] = "demo", odd[] = "a%b";
static struct policy_repo repos[] = {{.name = demo}, {.name = odd}};
static const struct gate gate = {.policy = {.repos = repos, .n_repos = 2}};

static struct http_path path;
static struct err err;

static int parse(const char *target)
{
	return http_path_parse(&gate, target, &path, &err);
}

static void a_target_names_repository_and_service(void **state)
{
	static const char *const ways[] = {"/demo.git/info/refs?service=git-receive-pack",
		"/demo/info/refs?service=git-receive-pack",
		"http://git-gate:9420/demo.git/info/refs?service=git-receive-pack",
		"/%64emo.git/info/refs?service=git-receive-pack"};

	(void)state;
	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		assert_int_equal(parse(ways[i]), 0);
		assert_int_equal(path.ask, HTTP_ASK_REFS);
		assert_int_equal(path.service, REQUEST_RECEIVE_PACK);
		assert_ptr_equal(path.repo, &repos[0]);
	}
	assert_int_equal(parse("/a%25b.git/git-upload-pack"), 0);
	assert_int_equal(path.ask, HTTP_ASK_SERVICE);
	assert_int_equal(path.service, REQUEST_UPLOAD_PACK);
	assert_ptr_equal(path.repo, &repos[1]);
}

static void what_is_asked_of_lfs_is_handed_on_as_it_is(void **state)
{
	(void)state;
	assert_int_equal(parse("/demo.git/info/lfs/objects/batch?x=%2e"), 0);
	assert_int_equal(path.ask, HTTP_ASK_LFS);
	assert_string_equal(path.rest, "/objects/batch?x=%2e");
	assert_int_equal(parse("/demo.git/info/lfs"), 0);
	assert_string_equal(path.rest, "");
	assert_int_equal(parse("/demo.git/info/lfsx"), -EACCES);
}

static void the_dumb_protocol_is_refused_with_a_sentence(void **state)
{
	static const char *const dumb[] = {"/demo.git/info/refs", "/demo.git/HEAD", "/demo.git",
		"/demo.git/", "/demo.git/config", "/demo.git/objects/../config",
		"/demo.git/info/refs?service=git-upload-archive",
		"/demo.git/info/refs?service=git-upload-pack&service=git-receive-pack",
		"/demo.git/info/refs/?service=git-upload-pack", "/demo.git/git-upload-pack?x",
		"/demo.git//git-upload-pack", "/demo.git/git-upload-pack/",
		"/demo.git/info/%72efs"};

	(void)state;
	for (size_t i = 0; i < sizeof(dumb) / sizeof(*dumb); i++)
		assert_int_equal(parse(dumb[i]), -EACCES);
}

static void an_unknown_repository_is_told_what_there_is(void **state)
{
	static const char *const names[] = {"/other.git/info/refs", "/..", "/../demo.git/HEAD",
		"/%2e%2e/demo.git", "/.gate/hooks", "/DEMO.git/HEAD", "/%1b[31m/HEAD"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		assert_int_equal(parse(names[i]), -ENOENT);
		assert_non_null(strstr(err.msg, "there are: demo.git, a%b.git"));
		assert_null(strchr(err.msg, '\033'));
	}
	assert_int_equal(parse("/"), -ENODATA);
	assert_int_equal(parse("//demo.git/HEAD"), -ENODATA);
}

static void what_is_no_path_is_refused(void **state)
{
	char name[400] = "/";

	(void)state;
	memset(name + 1, 'a', sizeof(name) - 2);
	assert_int_equal(parse(name), -EINVAL);
	assert_int_equal(parse("*"), -EINVAL);
	assert_int_equal(parse("example.com:443"), -EINVAL);
	assert_int_equal(parse("ftp://x/demo.git"), -EINVAL);
	assert_int_equal(parse("/demo%2fx/HEAD"), -EINVAL);
	assert_int_equal(parse("/demo%00/HEAD"), -EINVAL);
	assert_int_equal(parse("/demo%/HEAD"), -EINVAL);
	assert_int_equal(parse("/demo%6/HEAD"), -EINVAL);
	assert_int_equal(parse("/demo%zz/HEAD"), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_target_names_repository_and_service),
		cmocka_unit_test(what_is_asked_of_lfs_is_handed_on_as_it_is),
		cmocka_unit_test(the_dumb_protocol_is_refused_with_a_sentence),
		cmocka_unit_test(an_unknown_repository_is_told_what_there_is),
		cmocka_unit_test(what_is_no_path_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
