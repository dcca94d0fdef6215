#include "bundle/manifest.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/ptr.h"

static int read_manifest(const char *text, struct str *all, struct manifest *m, struct err *e)
{
	const struct operator_home home = {.path = "/nonexistent", .problems = all};
	struct frontmatter f = {.path = strdup("m.md"), .data = strdup(text)};
	int r = frontmatter_parse(&f, e);

	if (r >= 0)
		r = manifest_read(&home, &f, m, e);
	frontmatter_done(&f);
	return r;
}

static size_t lines(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

static void an_error_says_how_many_problems_did_not_fit(void **state)
{
	cleanup_str struct str text = {0}, all = {0};
	struct manifest m = {0};
	struct err e = {0};

	(void)state;
	str_add(&text, "---\n");
	for (int i = 0; i < 100; i++)
		str_addf(&text, "key%d: x\n", i);
	str_add(&text, "---\n");
	assert_int_equal(read_manifest(text.s, &all, &m, &e), -EINVAL);
	assert_non_null(strstr(e.msg, "m.md:2: key0: unknown key"));
	assert_non_null(strstr(e.msg, "more, which bottle-shim plan tells"));
	assert_int_equal(lines(all.s), 100);
	assert_non_null(strstr(all.s, "m.md:101: key99: unknown key"));
}

static void hosts_are_compared_in_lower_case(void **state)
{
	struct manifest m = {0};
	struct err e = {0};

	(void)state;
	assert_int_equal(read_manifest("---\negress: {routes: [{host: A.B}, {host: a.b}]}\n---\n",
				 NULL, &m, &e),
		0);
	assert_string_equal(m.routes[0].route.host, "a.b");
	assert_int_equal(manifest_check(&m, NULL, &e), -EINVAL);
	assert_non_null(strstr(e.msg, "'a.b' stands there twice"));
	manifest_done(&m);
}

static void what_a_child_does_not_say_stays_its_parents(void **state)
{
	struct manifest parent = {0}, child = {0};
	struct err e = {0};

	(void)state;
	assert_int_equal(
		read_manifest("---\nenv: {A: a}\negress: {log: 2}\n---\n", NULL, &parent, &e), 0);
	assert_int_equal(read_manifest("---\nenv: {B: b}\n---\n", NULL, &child, &e), 0);
	assert_int_equal(manifest_merge(&parent, &child), 0);
	assert_int_equal(parent.log, 2);
	assert_string_equal(env_get(parent.env, "A"), "a");
	assert_string_equal(env_get(parent.env, "B"), "b");
	manifest_done(&parent);
	manifest_done(&child);
}

static void host_names_are_labels_of_bounded_length(void **state)
{
	char label[65];

	(void)state;
	memset(label, 'a', 64);
	label[64] = '\0';
	assert_false(manifest_host_ok(label));
	label[63] = '\0';
	assert_true(manifest_host_ok(label));
	assert_false(manifest_host_ok(""));
	assert_false(manifest_host_ok("a..b"));
	assert_false(manifest_host_ok("a."));
	assert_false(manifest_host_ok(".a"));
	assert_false(manifest_host_ok("-a"));
	assert_false(manifest_host_ok("a-.b"));
	assert_false(manifest_host_ok("A"));
	assert_true(manifest_host_ok("xn--bcher-kva.example"));
}

static void sizes_are_bytes_or_have_a_unit(void **state)
{
	static const struct {
		const char *text;
		int64_t want; /* 0: refused */
	} cases[] = {{"512MiB", 512LL << 20}, {"2GiB", 2LL << 30}, {"1KiB", 1024},
		{"1048576", 1048576}, {"1024GiB", 1LL << 40}, {"1025GiB", 0}, {"0", 0}, {"0GiB", 0},
		{"-1", 0}, {"1.5GiB", 0}, {"2 GiB", 0}, {"2gib", 0}, {"GiB", 0},
		{"99999999999999999999", 0}, {"9007199254740993GiB", 0}, {"''", 0}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cleanup_free char *text =
			str_format("---\npush: {max_pack: %s}\n---\n", cases[i].text);
		struct manifest m = {0};
		struct err e = {0};
		int r = read_manifest(text, NULL, &m, &e);

		if (r != (cases[i].want ? 0 : -EINVAL) || m.push.max_pack != cases[i].want)
			fail_msg("'%s' became %lld", cases[i].text, (long long)m.push.max_pack);
		manifest_done(&m);
	}
}

static int merge(const char *parent, const char *child, struct manifest *ret, struct err *e)
{
	struct manifest c = {0};
	int r;

	assert_int_equal(read_manifest(parent, NULL, ret, e), 0);
	assert_int_equal(read_manifest(child, NULL, &c, e), 0);
	r = manifest_merge(ret, &c);
	manifest_done(&c);
	return r < 0 ? r : manifest_check(ret, NULL, e);
}

static void push_rules_of_a_child_win_field_by_field(void **state)
{
	struct manifest m = {0};
	struct err e = {0};

	(void)state;
	assert_int_equal(merge("---\npush: {allow: ['*'], deny: [refs/a], force: false}\n---\n",
				 "---\npush: {deny: [], delete: false}\n---\n", &m, &e),
		0);
	assert_string_equal(m.push.allow[0], "*");
	assert_null(m.push.deny);
	assert_true(m.push.clears_deny);
	assert_int_equal(m.push.force, SAID_NO);
	assert_int_equal(m.push.delete, SAID_NO);
	manifest_done(&m);
}

static void the_later_of_identity_and_key_opens_the_upstream(void **state)
{
	static const char parent[] =
		"---\ngit-gate: {repos: {a: {url: 'git@h:o/a', identity: /k, host_key: "
		"'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGV4YW1wbGVleGFtcGxlZXhhbXBsZWV4'}}}\n---\n";
	static const char child[] = "---\ngit-gate: {repos: {a: {key: {provider: gitea, "
				    "forge_token_env: T}}}}\n---\n";
	struct manifest m = {0};
	struct err e = {0};

	(void)state;
	if (merge(parent, child, &m, &e) < 0)
		fail_msg("%s", e.msg);
	assert_null(m.repos[0].identity);
	assert_true(m.repos[0].has_key);
	manifest_done(&m);
}

static void two_addresses_of_one_host_name_both_upstreams(void **state)
{
	struct manifest m = {0};
	struct err e = {0};

	(void)state;
	assert_int_equal(merge("---\ngit-gate: {repos: {a: {url: 'https://h/a', extra_hosts: {h: "
			       "10.0.0.1}}}}"
			       "\n---\n",
				 "---\ngit-gate: {repos: {b: {url: 'https://h/b', extra_hosts: {h: "
				 "10.0.0.2}}}}"
				 "\n---\n",
				 &m, &e),
		-EINVAL);
	assert_non_null(strstr(e.msg, "10.0.0.1 for a"));
	assert_non_null(strstr(e.msg, "10.0.0.2 for b"));
	manifest_done(&m);
	assert_int_equal(merge("---\ngit-gate: {repos: {a: {url: 'https://h/a', extra_hosts: {h: "
			       "10.0.0.1}}}}"
			       "\n---\n",
				 "---\ngit-gate: {repos: {b: {url: 'https://h/b', extra_hosts: {h: "
				 "10.0.0.1}}}}"
				 "\n---\n",
				 &m, &e),
		0);
	manifest_done(&m);
}

static void no_line_break_gets_into_a_value(void **state)
{
	static const char *const values[] = {"url: \"https://h/a\\nb\"",
		"url: https://h/a\n      auth: {token_ref: \"A\\rB\"}",
		"url: https://h/a\n      auth: {token_ref: A, user: \"b\\nc\"}",
		"url: https://h/a\n      push: {allow: [\"refs/a\\nb\"]}",
		"url: https://h/a\n      lfs: {url: \"https://h/\\nb\"}"};

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		cleanup_free char *text =
			str_format("---\ngit-gate:\n  repos:\n    a:\n      %s\n---\n", values[i]);
		struct manifest m = {0};
		struct err e = {0};

		assert_int_equal(read_manifest(text, NULL, &m, &e), -EINVAL);
		assert_non_null(strstr(e.msg, "control characters are not allowed"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_error_says_how_many_problems_did_not_fit),
		cmocka_unit_test(hosts_are_compared_in_lower_case),
		cmocka_unit_test(what_a_child_does_not_say_stays_its_parents),
		cmocka_unit_test(host_names_are_labels_of_bounded_length),
		cmocka_unit_test(sizes_are_bytes_or_have_a_unit),
		cmocka_unit_test(push_rules_of_a_child_win_field_by_field),
		cmocka_unit_test(the_later_of_identity_and_key_opens_the_upstream),
		cmocka_unit_test(two_addresses_of_one_host_name_both_upstreams),
		cmocka_unit_test(no_line_break_gets_into_a_value),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
