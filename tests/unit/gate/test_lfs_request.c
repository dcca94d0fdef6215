#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gate/lfs_request.h"

#define OID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static int parse(const char *method, const char *path, struct lfs_request *q)
{
	struct err e;

	return lfs_request_parse(method, path, q, &e);
}

static void what_git_lfs_asks_is_understood(void **state)
{
	static const struct {
		const char *method, *path;
		enum lfs_kind kind;
	} rows[] = {
		{"POST", "/objects/batch", LFS_BATCH},
		{"GET", "/objects/" OID "?size=12", LFS_DOWNLOAD},
		{"PUT", "/objects/" OID, LFS_UPLOAD},
		{"PUT", "/objects/" OID "?size=12", LFS_UPLOAD},
		{"GET", "/locks", LFS_LOCKS},
		{"GET", "/locks?path=a%20b.bin&limit=1&refspec=refs/heads/main", LFS_LOCKS},
		{"POST", "/locks", LFS_LOCK},
		{"POST", "/locks/verify", LFS_LOCK_VERIFY},
		{"POST", "/locks/some-id_1/unlock", LFS_UNLOCK},
	};
	struct lfs_request q;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		assert_int_equal(parse(rows[i].method, rows[i].path, &q), 0);
		assert_int_equal(q.kind, rows[i].kind);
		assert_string_equal(q.path, rows[i].path);
	}
	assert_int_equal(parse("GET", "/objects/" OID "?size=9223372036854775807", &q), 0);
	assert_true(q.size == INT64_MAX);
	assert_string_equal(q.oid, OID);
}

static void nothing_else_is(void **state)
{
	static const char *const unknown[][2] = {
		{"GET", "/objects/batch/x"},
		{"DELETE", "/locks"},
		{"POST", "/locks/../unlock"},
		{"POST", "/locks/a/b/unlock"},
		{"POST", "/locks//unlock"},
		{"POST", "/locks/%2e%2e/unlock"},
		{"POST", "/locks/a b/unlock"},
		{"GET", ""},
		{"GET", "objects/" OID "?size=1"},
		{"GET", "/objects/../../etc?size=1"},
		{"POST", "/objects"},
		{"PROPFIND", "/"},
	};
	static const char *const bad[][2] = {
		{"GET", "/objects/" OID},
		{"GET", "/objects/" OID "?size=-1"},
		{"GET", "/objects/" OID "?size=1x"},
		{"GET", "/objects/" OID "?size="},
		{"GET", "/objects/abc?size=1"},
		{"PUT", "/objects/abc"},
		{"GET", "/objects/" OID "?size=9223372036854775808"},
		{"PUT", "/objects/"
			"0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef"},
		{"POST", "/locks?x=1"},
		{"POST", "/objects/batch?x"},
		{"GET", "/locks?a b"},
		{"GET", "/locks?a\r\nHost: x"},
		{"GET", "/locks?a#b"},
	};
	struct lfs_request q;

	(void)state;
	for (size_t i = 0; i < sizeof(unknown) / sizeof(*unknown); i++)
		assert_int_equal(parse(unknown[i][0], unknown[i][1], &q), -ENOENT);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(parse(bad[i][0], bad[i][1], &q), -EINVAL);
}

static void an_overlong_address_is_refused(void **state)
{
	char path[6000] = "/locks?path=";
	struct lfs_request q;

	(void)state;
	memset(path + strlen(path), 'a', 5000);
	assert_int_equal(parse("GET", path, &q), -EINVAL);
}

static void an_objects_address_is_the_gates_whatever_the_repository_is_called(void **state)
{
	char *url = lfs_object_url("a?b#c d", OID, 7);

	(void)state;
	assert_string_equal(
		url, "http://git-gate:9420/a%3Fb%23c%20d.git/info/lfs/objects/" OID "?size=7");
	free(url);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_git_lfs_asks_is_understood),
		cmocka_unit_test(nothing_else_is),
		cmocka_unit_test(an_overlong_address_is_refused),
		cmocka_unit_test(an_objects_address_is_the_gates_whatever_the_repository_is_called),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
