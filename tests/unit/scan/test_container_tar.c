#include "tests/unit/scan/containers.h"

struct entry {
	const char *name, *text;
	char type;
	const char *prefix;
};

static void set_checksum(unsigned char *block)
{
	unsigned int sum = 0;

	memset(block + 148, ' ', 8);
	for (int i = 0; i < 512; i++)
		sum += block[i];
	snprintf((char *)block + 148, 8, "%06o", sum);
}

/* A header that says a size, and its content; returns where the header is. */
static size_t add_sized(struct str *s, const struct entry *e, size_t size)
{
	unsigned char block[512] = {0};
	size_t at = s->len;

	snprintf((char *)block, 100, "%s", e->name);
	snprintf((char *)block + 100, 8, "0000644");
	snprintf((char *)block + 124, 12, "%06o", (unsigned int)size);
	block[156] = (unsigned char)e->type;
	memcpy(block + 257,
		"ustar\0"
		"00",
		8);
	snprintf((char *)block + 345, 155, "%s", e->prefix ? e->prefix : "");
	set_checksum(block);
	str_add_bytes(s, block, sizeof(block));
	str_add(s, e->text);
	while ((s->len - at) % 512)
		str_add_char(s, '\0');
	return at;
}

static void add(struct str *s, const struct entry *e)
{
	add_sized(s, e, strlen(e->text));
}

static void add_end(struct str *s, size_t blocks)
{
	static const char zeros[512];

	while (blocks-- > 0)
		str_add_bytes(s, zeros, sizeof(zeros));
}

static void expect(const struct entry *entries, size_t n, const char *expected)
{
	struct str in = {0};

	for (size_t i = 0; i < n; i++)
		add(&in, &entries[i]);
	add_end(&in, 7);
	containers_expect(CONTAINER_TAR, NULL, &in, expected);
}

static void files_are_read_with_their_names(void **state)
{
	static const struct entry entries[] = {
		{"a.txt", "some text", '0'},
		{"folder/", "", '5'},
		{"b.txt", "more text", '0', "a/long/folder"},
		{"link", "", '2'},
		{"old", "of the first kind", '\0'},
	};

	(void)state;
	expect(entries, ARRAY_LEN(entries),
		"[=a.txt]some text;[=folder/];[=a/long/folder/b.txt]more text;[=link];"
		"[=old]of the first kind;");
}

static void long_names_are_those_of_the_next_file(void **state)
{
	static const struct entry entries[] = {
		{"././@LongLink", "a name that is long", 'L'},
		{"././@LongLink", "where a link leads", 'K'},
		{"a name", "text", '0'},
		{"pax", "25 path=a name from pax \n22 comment=19 path=no\n", 'x'},
		{"ustar", "more", '0'},
		{"plain", "last", '0'},
	};

	(void)state;
	expect(entries, ARRAY_LEN(entries),
		"[=a name that is long]text;[=a name from pax ]more;[=plain]last;");
}

static void a_size_from_pax_counts(void **state)
{
	static const struct entry pax = {"pax", "9 size=4\n", 'x'}, file = {"a", "text", '0'},
				  next = {"b", "next", '0'};
	struct str in = {0};

	(void)state;
	add(&in, &pax);
	add_sized(&in, &file, 0);
	add(&in, &next);
	add_end(&in, 2);
	containers_expect(CONTAINER_TAR, NULL, &in, "[=a]text;[=b]next;");
}

static void a_size_in_binary_is_read(void **state)
{
	static const struct entry file = {"a", "text", '0'};
	struct str in = {0};

	(void)state;
	add(&in, &file);
	memcpy(in.s + 124, "\x80\0\0\0\0\0\0\0\0\0\0\4", 12);
	set_checksum((unsigned char *)in.s);
	add_end(&in, 2);
	containers_expect(CONTAINER_TAR, NULL, &in, "[=a]text;");
	add(&in, &file);
	memcpy(in.s + 124, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 12);
	set_checksum((unsigned char *)in.s);
	free(containers_read(CONTAINER_TAR, NULL, &in, NULL));
	str_done(&in);
}

static void the_map_of_a_sparse_file_is_passed(void **state)
{
	static const struct entry file = {"a", "", 'S'}, next = {"b", "next", '0'};
	struct str in = {0};

	(void)state;
	add_sized(&in, &file, 4);
	in.s[482] = 1;
	set_checksum((unsigned char *)in.s);
	add_end(&in, 2);
	in.s[512 + 504] = 1;
	str_add(&in, "text");
	add_end(&in, 1);
	in.len -= 4;
	add(&in, &next);
	add_end(&in, 2);
	containers_expect(CONTAINER_TAR, NULL, &in, "[=a]text;[=b]next;");
}

static void a_link_may_have_a_body_or_only_say_so(void **state)
{
	static const struct entry link = {"link", "", '1'}, body = {"link", "body", '1'},
				  next = {"b", "next", '0'};
	struct str in = {0};

	(void)state;
	add_sized(&in, &link, 1000);
	add(&in, &next);
	add(&in, &body);
	add(&in, &next);
	containers_expect(CONTAINER_TAR, NULL, &in, "[=link];[=b]next;[=link]body;[=b]next;");
}

static void an_archive_behind_the_end_of_another_is_read(void **state)
{
	static const struct entry entry = {"a", "text", '0'};
	struct str in = {0};

	(void)state;
	add(&in, &entry);
	add_end(&in, 5);
	add(&in, &entry);
	add_end(&in, 2);
	str_add(&in, "and what follows");
	containers_expect(CONTAINER_TAR, NULL, &in, "[=a]text;[=a]text;[=]and what follows;");
}

static void a_broken_header_is_told_and_what_follows_given_out(void **state)
{
	static const struct entry entry = {"a", "text", '0'};
	struct str in = {0};
	cleanup_free char *found = NULL;
	size_t len;

	(void)state;
	add(&in, &entry);
	add(&in, &entry);
	in.s[1024 + 3]++;
	found = containers_read(CONTAINER_TAR, NULL, &in, &len);
	assert_true(str_starts(found, "[=a]text;[=]a"));
	assert_string_equal(found + len - 21, ";!a broken tar header");
	str_done(&in);
}

static void an_archive_that_is_cut_off_is_broken(void **state)
{
	static const struct entry entry = {"a", "text", '0'};
	struct str in = {0};

	(void)state;
	add(&in, &entry);
	in.len = 514;
	containers_expect(CONTAINER_TAR, NULL, &in, "[=a]te;!it ends in the middle");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_are_read_with_their_names),
		cmocka_unit_test(long_names_are_those_of_the_next_file),
		cmocka_unit_test(a_size_from_pax_counts),
		cmocka_unit_test(a_size_in_binary_is_read),
		cmocka_unit_test(the_map_of_a_sparse_file_is_passed),
		cmocka_unit_test(a_link_may_have_a_body_or_only_say_so),
		cmocka_unit_test(an_archive_behind_the_end_of_another_is_read),
		cmocka_unit_test(a_broken_header_is_told_and_what_follows_given_out),
		cmocka_unit_test(an_archive_that_is_cut_off_is_broken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
