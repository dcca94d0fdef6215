#include "base/yaml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/ptr.h"

static struct yaml_node *parse(const char *text, struct yaml_problems *p)
{
	p->file = "f.md";
	return yaml_parse(text, strlen(text), 2, p);
}

static void nodes_know_their_path_and_line(void **state)
{
	cleanup_yaml_problems struct yaml_problems p = {0};
	cleanup_yaml struct yaml_node *root = parse("a:\n  b:\n    - x\n    - c: y\n", &p);
	const struct yaml_node *n = yaml_get(yaml_get(root, "a"), "b")->last;
	char buf[64];

	(void)state;
	assert_int_equal(p.n, 0);
	assert_string_equal(yaml_path(n->first, buf, sizeof(buf)), "a.b[1].c");
	assert_int_equal(n->first->line, 5);
}

static void plain_words_have_types_and_quoted_ones_are_strings(void **state)
{
	static const struct {
		const char *text;
		enum yaml_type type;
	} cases[] = {
		{"a: yes", YAML_BOOL},
		{"a: 'yes'", YAML_STRING},
		{"a: Off", YAML_BOOL},
		{"a: 5", YAML_NUMBER},
		{"a: \"5\"", YAML_STRING},
		{"a: 1.5", YAML_NUMBER},
		{"a: 0x1f", YAML_NUMBER},
		{"a: .inf", YAML_NUMBER},
		{"a: 10.0.0.1", YAML_STRING},
		{"a: 1.2.3", YAML_STRING},
		{"a: ~", YAML_NULL},
		{"a:", YAML_NULL},
		{"a: word", YAML_STRING},
		{"a: {}", YAML_MAP},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		cleanup_yaml_problems struct yaml_problems p = {0};
		cleanup_yaml struct yaml_node *root = parse(cases[i].text, &p);

		assert_non_null(root);
		assert_int_equal(yaml_get(root, "a")->type, cases[i].type);
	}
}

static void all_problems_are_collected(void **state)
{
	cleanup_yaml_problems struct yaml_problems p = {0};
	cleanup_yaml struct yaml_node *root = parse("a: 1\nb: 2\na: 3\nc: x\n", &p);
	const char *text;
	long number;

	(void)state;
	assert_false(yaml_str(&p, yaml_get(root, "a"), &text));
	assert_false(yaml_int(&p, yaml_get(root, "c"), 0, 5, &number));
	yaml_finish(&p, root, "a, c");
	assert_string_equal(p.text.s,
		"f.md:4: a: this key stands there twice, first in line 2\n"
		"f.md:2: a: expected a string, found a number; put it in quotes\n"
		"f.md:5: c: expected a number, found a string\n"
		"f.md:3: b: unknown key; allowed here: a, c\n");
	assert_int_equal(p.n, 4);
}

static void what_hides_mistakes_is_refused(void **state)
{
	static const char *const cases[] = {"a: &x 1", "a: *x", "a: !!str 1", "a: 1\n--- b: 2",
		"a:\n\tb: 1", "? [a]\n: b", "a: [", "- a", "word", "a: \"\\0\""};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		cleanup_yaml_problems struct yaml_problems p = {0};
		cleanup_yaml struct yaml_node *root = parse(cases[i], &p);

		if (p.n == 0)
			print_error("not refused: %s\n", cases[i]);
		assert_true(p.n > 0);
	}
}

static void depth_and_size_are_bounded(void **state)
{
	cleanup_yaml_problems struct yaml_problems p = {0};
	cleanup_free char *text = malloc(400000);
	cleanup_yaml struct yaml_node *root = NULL;

	(void)state;
	strcpy(text, "a: ");
	memset(text + 3, '[', 100);
	memset(text + 103, ']', 100);
	text[203] = '\0';
	root = parse(text, &p);
	assert_null(root);
	assert_int_equal(p.n, 1);
	memset(text, 'a', 399999);
	text[399999] = '\0';
	root = parse(text, &p);
	assert_null(root);
	assert_int_equal(p.n, 2);
}

static void nothing_is_an_empty_map(void **state)
{
	cleanup_yaml_problems struct yaml_problems p = {0};
	cleanup_yaml struct yaml_node *root = parse("# only a comment\n", &p);

	(void)state;
	assert_non_null(root);
	assert_int_equal(root->type, YAML_MAP);
	assert_null(root->first);
	assert_int_equal(p.n, 0);
}

static void numbers_are_whole_and_in_range(void **state)
{
	cleanup_yaml_problems struct yaml_problems p = {0};
	cleanup_yaml struct yaml_node *root = parse("a: 2\nb: 3\nc: 1.0\nd: yes\n", &p);
	bool yes = false;
	long n = 0;

	(void)state;
	assert_true(yaml_int(&p, yaml_get(root, "a"), 0, 2, &n));
	assert_int_equal(n, 2);
	assert_false(yaml_int(&p, yaml_get(root, "b"), 0, 2, &n));
	assert_false(yaml_int(&p, yaml_get(root, "c"), 0, 2, &n));
	assert_true(yaml_bool(&p, yaml_get(root, "d"), &yes));
	assert_true(yes);
	assert_int_equal(p.n, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nodes_know_their_path_and_line),
		cmocka_unit_test(plain_words_have_types_and_quoted_ones_are_strings),
		cmocka_unit_test(all_problems_are_collected),
		cmocka_unit_test(what_hides_mistakes_is_refused),
		cmocka_unit_test(depth_and_size_are_bounded),
		cmocka_unit_test(nothing_is_an_empty_map),
		cmocka_unit_test(numbers_are_whole_and_in_range),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
