#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/ptr.h"
#include "base/str.h"
#include "bundle/oci.h"

/* What is too much, too many, too deep or no text at all: each is told with its path, the value and
 * what would be right; and what is much but legal is taken. */

#define START	"{\"ociVersion\": \"1.2.0\", \"root\": {\"path\": \"rootfs\"}, "
#define PROCESS START "\"process\": {\"args\": [\"a\"], \"cwd\": \"/\", "

static const struct {
	const char *text;
	const char *why;
} refused[] = {
	/* numbers */
	{PROCESS "\"user\": {\"uid\": -1}}}",
		"config.json: process.user.uid: -1 is not between 0 and 4294967294"},
	{PROCESS "\"user\": {\"uid\": 4294967295}}}",
		"process.user.uid: 4294967295 is not between 0 and 4294967294"},
	{PROCESS "\"user\": {\"gid\": 1.0}}}",
		"process.user.gid: expected an integer, found a number (1.0)"},
	{PROCESS "\"user\": {\"uid\": 1e3}}}",
		"process.user.uid: expected an integer, found a number (1000.0)"},
	{PROCESS "\"user\": {\"uid\": \"0\"}}}",
		"process.user.uid: expected an integer, found a string (\"0\")"},
	{PROCESS "\"user\": {\"uid\": 99999999999999999999}}}",
		"config.json: process.user.uid: line 1, column"},
	{PROCESS "\"user\": {\"uid\": 99999999999999999999}}}", "at most 64 bits"},
	{PROCESS "\"user\": {\"uid\": -9223372036854775809}}}", "process.user.uid: line 1"},
	{PROCESS "\"oomScoreAdj\": 1001}}",
		"process.oomScoreAdj: 1001 is not between -1000 and 1000"},
	{PROCESS "\"oomScoreAdj\": 1e999}}", "process.oomScoreAdj: line 1"},
	{PROCESS "\"oomScoreAdj\": NaN}}", "process.oomScoreAdj: line 1"},
	{PROCESS "\"oomScoreAdj\": -Infinity}}", "process.oomScoreAdj: line 1"},
	{PROCESS "\"oomScoreAdj\": 0x10}}", "process.oomScoreAdj: line 1"},
	{PROCESS "\"oomScoreAdj\": 010}}", "process.oomScoreAdj: line 1"},
	{PROCESS "\"consoleSize\": {\"height\": 65536}}}",
		"process.consoleSize.height: 65536 is not between 0 and 65535"},
	{PROCESS "\"rlimits\": [{\"type\": \"RLIMIT_CPU\", \"soft\": 18446744073709551616, "
		 "\"hard\": 1}]}}",
		"process.rlimits[0].soft: line 1"},
	{PROCESS "\"rlimits\": [{\"type\": \"RLIMIT_CPU\", \"soft\": -1, \"hard\": 1}]}}",
		"process.rlimits[0].soft: -1 is not between 0 and"},
	{START "\"linux\": {\"uidMappings\": [{\"containerID\": 0, \"hostID\": 4294967296, "
	       "\"size\": 1}]}}",
		"linux.uidMappings[0].hostID: 4294967296 is not between 0 and 4294967295"},
	{START "\"hooks\": {\"prestart\": [{\"path\": \"/h\", \"timeout\": 0}]}}",
		"hooks.prestart[0].timeout: 0 is not between 1 and 2147483647"},
	{START "\"linux\": {\"seccomp\": {\"defaultAction\": \"SCMP_ACT_ALLOW\", \"syscalls\": "
	       "[{\"names\": [\"read\"], \"action\": \"SCMP_ACT_KILL\", \"args\": [{\"index\": 6, "
	       "\"value\": 0, \"op\": \"SCMP_CMP_EQ\"}]}]}}}",
		"linux.seccomp.syscalls[0].args[0].index: 6 is not between 0 and 5"},
	/* strings */
	{PROCESS "\"env\": [\"A=\\u0000\"]}}", "config.json: process.env[0]: line 1"},
	{PROCESS "\"env\": [\"A=\\u0000\"]}}", "no string may hold a NUL character"},
	{PROCESS "\"env\": [\"A=\xff\"]}}", "process.env[0]: line 1"},
	{PROCESS "\"env\": [\"A=\xff\"]}}", "must be UTF-8"},
	{PROCESS "\"env\": [\"A=\xed\xa0\x80\"]}}", "must be UTF-8"}, /* half of a pair */
	{PROCESS "\"env\": [\"A=\\ud800\"]}}", "process.env[0]: line 1"},
	{PROCESS "\"env\": [\"A=\n\"]}}", "process.env[0]: line 1"},
	{PROCESS "\"env\": [\"A\"]}}", "process: env[0]: expected NAME=value"},
	{PROCESS "\"env\": [null]}}", "process.env[0]: expected a string, found null"},
	{PROCESS "\"env\": {\"A\": \"1\"}}}", "process.env: expected an array, found an object"},
	{START "\"mounts\": [{\"destination\": \"/a\\u0000b\"}]}", "mounts[0].destination: line 1"},
	/* members */
	{PROCESS "\"cwd\": \"/x\"}}", "config.json: process.cwd: line 1"},
	{PROCESS "\"cwd\": \"/x\"}}", "each member may stand there once"},
	{START "\"root\": {\"path\": \"/\"}}", "config.json: root: line 1"},
	{START "\"linux\": {\"sysctl\": {\"a\": \"1\", \"a\": \"2\"}}}", "linux.sysctl.a: line 1"},
	{START "\"annotations\": {\"a\": 1}}",
		"annotations.a: expected a string, found an integer (1)"},
	{START "\"process\": []}", "config.json: process: expected an object, found an array"},
	/* the document */
	{"", "config.json: line 1"},
	{"[]", "config.json: the document must be an object"},
	{"{} {}", "config.json: line 1"},
	{START "\"x\": 1", "config.json: x: line 1"},
};

static void what_is_refused_is_told_with_its_path(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
		struct oci *oci = NULL;
		struct err e = {0};

		if (oci_parse(refused[i].text, strlen(refused[i].text), "/b", &oci, &e) == 0)
			fail_msg("%s: was taken", refused[i].text);
		if (!strstr(e.msg, refused[i].why))
			fail_msg("'%s' is not in '%s'", refused[i].why, e.msg);
	}
}

/* head, `item` n times with commas between, tail. */
static char *many(const char *head, const char *item, int n, const char *tail)
{
	struct str s = {0};

	str_add(&s, head);
	for (int i = 0; i < n; i++)
		str_addf(&s, "%s%s", i ? "," : "", item);
	str_add(&s, tail);
	return str_take(&s);
}

static struct oci *taken(const char *text)
{
	struct oci *oci = NULL;
	struct err e = {0};

	if (oci_parse(text, strlen(text), "/b", &oci, &e) < 0)
		fail_msg("%s", e.msg);
	return oci;
}

static void much_that_is_legal_is_taken(void **state)
{
	cleanup_free char *env = many(PROCESS "\"env\": [", "\"NAME=value\"", 10000, "]}}");
	cleanup_free char *mounts = many(START "\"mounts\": [",
		"{\"destination\": \"/a\", \"type\": \"tmpfs\"}", 2000, "]}");
	cleanup_free char *rules =
		many(START "\"linux\": {\"seccomp\": {\"defaultAction\": \"SCMP_ACT_ALLOW\", "
			   "\"syscalls\": [",
			"{\"names\": [\"read\"], \"action\": \"SCMP_ACT_ALLOW\"}", 5000, "]}}}");
	cleanup_free char *long_arg =
		many(START "\"process\": {\"cwd\": \"/\", \"args\": [\"", "aaaaaaa", 8192, "\"]}}");
	cleanup_oci struct oci *a = taken(env), *b = taken(mounts), *c = taken(rules),
			       *d = taken(long_arg);

	(void)state;
	assert_int_equal(strv_len(a->process->env), 10000);
	assert_int_equal(b->n_mounts, 2000);
	assert_int_equal(c->seccomp->n_rules, 5000);
	assert_int_equal(strlen(d->process->args[0]), 8192 * 8 - 1);
}

static void what_is_too_much_is_refused(void **state)
{
	cleanup_free char *deep = many("{\"a\": ", "[", 3000, ""), *groups = NULL, *mappings = NULL;
	struct oci *oci = NULL;
	struct err e = {0};
	size_t big = (16U << 20) + 1;
	cleanup_free char *blanks = malloc(big);

	(void)state;
	/* Without the commas. */
	for (size_t i = 0, to = 0;; i++) {
		if (deep[i] != ',')
			deep[to++] = deep[i];
		if (!deep[i])
			break;
	}
	assert_true(oci_parse(deep, strlen(deep), "/b", &oci, &e) < 0);
	assert_non_null(strstr(e.msg, "nested 2048 deep"));
	memset(blanks, ' ', big);
	assert_int_equal(oci_parse(blanks, big, "/b", &oci, &e), -EFBIG);
	assert_non_null(strstr(e.msg, "config.json: longer than 16777216 bytes"));
	groups = many(PROCESS "\"user\": {\"additionalGids\": [", "1", 65537, "]}}}");
	assert_true(oci_parse(groups, strlen(groups), "/b", &oci, &e) < 0);
	assert_non_null(strstr(e.msg, "process.user.additionalGids: 65537 groups"));
	mappings = many(START "\"linux\": {\"gidMappings\": [",
		"{\"containerID\": 0, \"hostID\": 0, \"size\": 1}", 341, "]}}");
	assert_true(oci_parse(mappings, strlen(mappings), "/b", &oci, &e) < 0);
	assert_non_null(strstr(e.msg, "gidMappings: the kernel takes at most 340"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_refused_is_told_with_its_path),
		cmocka_unit_test(much_that_is_legal_is_taken),
		cmocka_unit_test(what_is_too_much_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
