#include "bundle/manifest.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

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
	assert_int_equal(manifest_check(&m, &e), -EINVAL);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_error_says_how_many_problems_did_not_fit),
		cmocka_unit_test(hosts_are_compared_in_lower_case),
		cmocka_unit_test(what_a_child_does_not_say_stays_its_parents),
		cmocka_unit_test(host_names_are_labels_of_bounded_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
