#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/ptr.h"
#include "base/str.h"
#include "gate/lfs_batch.h"

#define A    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B    "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define OURS "http://git-gate:9420/demo.git/info/lfs/objects/"

static int parse(const char *text, struct lfs_batch *b)
{
	struct err e;

	return lfs_batch_parse(text, strlen(text), b, &e);
}

static void a_batch_is_read_and_asked_in_our_words(void **state)
{
	cleanup_lfs_batch struct lfs_batch b = {0};
	cleanup_free char *ask = NULL;

	(void)state;
	assert_int_equal(parse("{\"operation\":\"upload\",\"transfers\":[\"ssh\",\"basic\"],"
			       "\"ref\":{\"name\":\"refs/heads/main\"},\"extra\":\"word\","
			       "\"objects\":[{\"oid\":\"" A "\",\"size\":3,\"more\":1}]}",
				 &b),
		0);
	assert_true(b.upload);
	assert_string_equal(b.ref, "refs/heads/main");
	ask = lfs_batch_ask(&b);
	assert_non_null(strstr(ask, A));
	assert_null(strstr(ask, "word"));
	assert_null(strstr(ask, "more"));
}

static void what_git_lfs_does_not_ask_is_refused(void **state)
{
	static const struct {
		const char *text;
		int code;
	} rows[] = {
		{"", EINVAL},
		{"[]", EINVAL},
		{"{\"operation\":\"download\"}", EINVAL},
		{"{\"operation\":\"download\",\"objects\":[]}", EINVAL},
		{"{\"operation\":\"delete\",\"objects\":[{\"oid\":\"" A "\",\"size\":1}]}", EINVAL},
		{"{\"operation\":\"upload\",\"objects\":[{\"oid\":\"..\",\"size\":1}]}", EINVAL},
		{"{\"operation\":\"upload\",\"objects\":[{\"oid\":\"" A "\"}]}", EINVAL},
		{"{\"operation\":\"upload\",\"objects\":[{\"oid\":\"" A "\",\"size\":-1}]}",
			EINVAL},
		{"{\"operation\":\"upload\",\"ref\":{\"name\":\"a b\"},\"objects\":[{\"oid\":\"" A
		 "\",\"size\":1}]}",
			EINVAL},
		{"{\"operation\":\"upload\",\"hash_algo\":\"sha512\",\"objects\":[{\"oid\":\"" A
		 "\",\"size\":1}]}",
			EOPNOTSUPP},
		{"{\"operation\":\"upload\",\"transfers\":[\"tus\"],\"objects\":[{\"oid\":\"" A
		 "\",\"size\":1}]}",
			EOPNOTSUPP},
	};
	struct lfs_batch b;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_int_equal(parse(rows[i].text, &b), -rows[i].code);
}

static void a_batch_is_bounded(void **state)
{
	cleanup_str struct str s = {0};
	struct lfs_batch b;

	(void)state;
	str_add(&s, "{\"operation\":\"download\",\"objects\":[");
	for (int i = 0; i <= LFS_BATCH_MAX; i++)
		str_addf(&s, "%s{\"oid\":\"%064d\",\"size\":1}", i ? "," : "", i);
	str_add(&s, "]}");
	assert_int_equal(parse(s.s, &b), -EFBIG);
}

static int forbid_b(void *arg, const char *oid, const char *href, struct err *e)
{
	(void)arg, (void)oid;
	return strstr(href, "//b/") ? err_say(e, EACCES, "not there") : 0;
}

/* What the agent reads of an answer about A and B; NULL: refused. */
static json_t *told(bool upload, const char *answer)
{
	struct lfs_object list[2] = {{A, 1}, {B, 2}};
	struct lfs_batch b = {.upload = upload, .list = list, .n = 2};
	const struct lfs_allow allow = {forbid_b, NULL};
	cleanup_json json_t *j = json_loads(answer, 0, NULL);
	cleanup_free char *text = NULL;
	struct err e;

	assert_non_null(j);
	if (lfs_batch_answer(&b, j, "demo", &allow, &text, &e) < 0) {
		assert_int_equal(e.code, EPROTO);
		return NULL;
	}
	assert_null(strstr(text, "https://"));
	assert_null(strstr(text, "\"header\""));
	return json_loads(text, 0, NULL);
}

static const char *href(json_t *told, size_t i, const char *action)
{
	json_t *o = json_array_get(json_object_get(told, "objects"), i);

	return json_string_value(
		json_object_get(json_object_get(json_object_get(o, "actions"), action), "href"));
}

static json_int_t code(json_t *told, size_t i)
{
	json_t *o = json_array_get(json_object_get(told, "objects"), i);

	return json_integer_value(json_object_get(json_object_get(o, "error"), "code"));
}

static void addresses_become_ours_and_fields_stay(void **state)
{
	cleanup_json json_t *j =
		told(false, "{\"objects\":[{\"oid\":\"" B
			    "\",\"actions\":{\"download\":{\"href\":\"https://a/x\","
			    "\"header\":{\"Authorization\":\"Basic xyz\"}}}},{\"oid\":\"" A
			    "\",\"error\":{\"code\":410,\"message\":\"gone\\u001b[1m\"}}]}");

	(void)state;
	assert_string_equal(href(j, 1, "download"), OURS B "?size=2");
	assert_int_equal(code(j, 0), 410);
}

static void verification_is_the_gates_own_business(void **state)
{
	cleanup_json json_t *j =
		told(true, "{\"objects\":[{\"oid\":\"" A
			   "\",\"actions\":{\"upload\":{\"href\":\"https://a/x\"},"
			   "\"verify\":{\"href\":\"https://a/v\"}}},{\"oid\":\"" B "\"}]}");

	(void)state;
	assert_string_equal(href(j, 0, "upload"), OURS A "?size=1");
	assert_null(href(j, 0, "verify"));
	/* The upstream has it: nothing is to be done. */
	assert_null(href(j, 1, "upload"));
	assert_int_equal(code(j, 1), 0);
}

static void an_object_of_which_nothing_good_is_said_has_an_error(void **state)
{
	static const char *const bad[] = {"{\"href\":\"http://a/x\"}", "{\"href\":\"file:///etc\"}",
		"{\"href\":\"https://b/x\"}", "{\"href\":\"\"}", "{}", "7", "[]",
		"{\"href\":\"https://a/x\",\"header\":{\"X\":\"a\\r\\nb\"}}",
		"{\"href\":\"https://a/x\",\"header\":{\"X Y\":\"a\"}}",
		"{\"href\":\"https://a/x\",\"header\":{\"X\":7}}", "{\"href\":\"https://a/ x\"}"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		cleanup_free char *text = str_format("{\"objects\":[{\"oid\":\"" A
						     "\",\"actions\":{\"download\":%s}}]}",
			bad[i]);
		cleanup_json json_t *j = told(false, text);

		assert_true(code(j, 0) >= 400);
		assert_null(href(j, 0, "download"));
		assert_int_equal(code(j, 1), 404);
	}
}

static void an_answer_that_is_none_is_refused(void **state)
{
	static const char *const bad[] = {"{}", "[]", "{\"objects\":{}}",
		"{\"transfer\":\"tus\",\"objects\":[]}", "{\"hash_algo\":\"md5\",\"objects\":[]}",
		"{\"objects\":[{\"oid\":\"x\"}]}", "{\"objects\":[7]}",
		"{\"objects\":[{\"oid\":\"" A "\"},{\"oid\":\"" B "\"},{\"oid\":\"" A "\"}]}"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_null(told(false, bad[i]));
}

static void fields_that_frame_a_message_are_left_out(void **state)
{
	static const char text[] =
		"{\"header\":{\"host\":\"x\",\"Content-Length\":\"7\","
		"\"Transfer-Encoding\":\"chunked\",\"X-Right\":\"word word2345\"}}";
	cleanup_lfs_link struct lfs_link l = {0};
	struct err e;

	(void)state;
	assert_int_equal(lfs_link_parse(text, strlen(text), "it", &l, &e), 0);
	assert_int_equal(strv_len(l.headers), 1);
	assert_true(lfs_link_has(&l, "x-right"));
	assert_true(lfs_link_is_told(&l, "you said word2345!"));
	assert_false(lfs_link_is_told(&l, "you said word!"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_batch_is_read_and_asked_in_our_words),
		cmocka_unit_test(what_git_lfs_does_not_ask_is_refused),
		cmocka_unit_test(a_batch_is_bounded),
		cmocka_unit_test(addresses_become_ours_and_fields_stay),
		cmocka_unit_test(verification_is_the_gates_own_business),
		cmocka_unit_test(an_object_of_which_nothing_good_is_said_has_an_error),
		cmocka_unit_test(an_answer_that_is_none_is_refused),
		cmocka_unit_test(fields_that_frame_a_message_are_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
