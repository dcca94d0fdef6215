#include "egress/git_request.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/ptr.h"
#include "base/str.h"
#include "bundle/policy.h"
#include "egress/rules.h"

/* "ok", "body" where that is to be read, or why not. */
static const char *asked(bool fetch, const char *line, const char *fields)
{
	static struct refusal why;
	cleanup_free char *text = str_format("%s HTTP/1.1\r\n%s\r\n", line, fields);
	const struct policy_route route = {.host = (char *)"a.com", .git_fetch = fetch};
	struct http1_head h;
	struct target t;
	const char *wrong;
	struct rule_request q = {.host = "a.com", .tls = true, .head = &h, .target = &t};
	bool body;
	int r;

	assert_int_equal(
		http1_parse_request((const unsigned char *)text, strlen(text), &h, &wrong), 0);
	assert_int_equal(target_parse(h.target, &t, &wrong), 0);
	r = git_request_check(&route, &q, &why);
	body = git_request_wants_body(&h, &t);
	http1_head_done(&h);
	target_done(&t);
	return r < 0 ? why.error : body ? "body" : "ok";
}

#define LFS "Content-Type: application/vnd.git-lfs+json\r\n"

static void a_push_is_refused_in_each_of_its_forms(void **state)
{
	(void)state;
	assert_string_equal(
		asked(true, "GET /r.git/info/refs?service=git-receive-pack", ""), "git_push");
	assert_string_equal(asked(true, "POST /r.git/git-receive-pack", ""), "git_push");
	assert_string_equal(asked(true, "POST /r.git/git-receive%2Dpack", ""), "git_push");
	assert_string_equal(asked(true, "POST /r.git/x",
				    "Content-Type: text/plain\r\nContent-Type: "
				    "application/x-git-receive-pack-request\r\n"),
		"git_push");
	assert_string_equal(asked(true, "GET /r.git/info/refs?service=git-upload-pack", ""), "ok");
	assert_string_equal(
		asked(false, "GET /r.git/info/refs?service=git-upload-pack", ""), "git_fetch");
	assert_string_equal(asked(false, "GET /r/releases", ""), "ok");
}

static void of_git_lfs_only_the_batch_may_pass_and_its_body_tells(void **state)
{
	(void)state;
	assert_string_equal(asked(true, "POST /r.git/info/lfs/objects/batch", LFS), "body");
	assert_string_equal(asked(true, "POST /r.git/info/lfs/Objects/Batch", ""), "body");
	assert_string_equal(asked(true, "POST /r.git/%69nfo/lfs/objects/batch", ""), "body");
	assert_string_equal(asked(true, "POST /elsewhere/objects/batch", LFS), "body");
	assert_string_equal(asked(true, "POST /x", LFS), "git_push");
	assert_string_equal(asked(true, "POST /r.git/info/lfs/locks", LFS), "git_push");
	assert_string_equal(asked(true, "PUT /r.git/info/lfs/objects/00", ""), "git_push");
	assert_string_equal(asked(true, "GET /r.git/info/lfs/locks", ""), "ok");
	assert_string_equal(asked(false, "GET /r.git/info/lfs/locks", ""), "git_fetch");
	assert_string_equal(
		asked(false, "POST /x", "Accept: application/vnd.git-lfs+json\r\n"), "git_fetch");
}

static bool passes(const char *body, bool whole)
{
	struct refusal why = {.host = ""};

	return git_request_check_body(body, strlen(body), whole, &why) == 0;
}

static void a_batch_passes_when_it_says_download_and_nothing_else(void **state)
{
	(void)state;
	assert_true(passes("{\"operation\": \"download\", \"objects\": []}", true));
	assert_false(passes("{\"operation\": \"download\", \"objects\": []}", false));
	assert_false(passes("{\"operation\": \"upload\"}", true));
	assert_false(passes("{\"operation\": \"Download\"}", true));
	assert_false(passes("{\"operation\": \"download\", \"operation\": \"upload\"}", true));
	assert_false(passes("{\"operation\": \"download\"} {\"operation\": \"upload\"}", true));
	assert_false(passes("{\"operation\": [\"download\"]}", true));
	assert_false(passes("", true));
	assert_false(passes("[]", true));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_push_is_refused_in_each_of_its_forms),
		cmocka_unit_test(of_git_lfs_only_the_batch_may_pass_and_its_body_tells),
		cmocka_unit_test(a_batch_passes_when_it_says_download_and_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
