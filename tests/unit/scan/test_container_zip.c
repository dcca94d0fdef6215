#include "tests/unit/scan/containers.h"

#include <zlib.h>

#define STORED	   0
#define DEFLATED   8
#define ENCRYPTED  1
#define DESCRIPTOR 8

struct member {
	const char *name, *text, *extra;
	unsigned int method, flags;
	bool zip64; /* its size stands in an extra field */
};

static size_t deflate_into(unsigned char *out, size_t room, const char *text)
{
	z_stream z = {0};

	assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), Z_OK);
	z.next_in = (unsigned char *)text;
	z.avail_in = (unsigned int)strlen(text);
	z.next_out = out;
	z.avail_out = (unsigned int)room;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	deflateEnd(&z);
	return z.total_out;
}

static uint32_t crc_of(const char *text)
{
	return (uint32_t)crc32(0, (const unsigned char *)text, (unsigned int)strlen(text));
}

/* Sizes and checksum, as they stand in a header or a descriptor. */
static void add_sizes(struct str *s, const struct member *m, size_t packed, int width)
{
	containers_add_le(s, crc_of(m->text), 4);
	containers_add_le(s, m->zip64 && width == 4 ? 0xffffffff : packed, width);
	containers_add_le(s, m->zip64 && width == 4 ? 0xffffffff : strlen(m->text), width);
}

static void add_member(struct str *s, const struct member *m)
{
	static const struct member unknown = {.text = ""};
	unsigned char data[4096];
	size_t len = strlen(m->text);
	struct str extra = {0};

	if (m->method == DEFLATED)
		len = deflate_into(data, sizeof(data), m->text);
	else
		memcpy(data, m->text, len);
	if (m->zip64) {
		containers_add_le(&extra, 16 << 16 | 1, 4);
		containers_add_le(&extra, strlen(m->text), 8);
		containers_add_le(&extra, len, 8);
	}
	str_add(&extra, m->extra ? m->extra : "");
	str_add(s, "PK\3\4");
	containers_add_le(s, 20, 2);
	containers_add_le(s, m->flags, 2);
	containers_add_le(s, m->method, 2);
	containers_add_le(s, 0x12345678, 4);
	if (m->flags & DESCRIPTOR)
		add_sizes(s, &unknown, 0, 4);
	else
		add_sizes(s, m, len, 4);
	containers_add_le(s, strlen(m->name), 2);
	containers_add_le(s, extra.len, 2);
	str_add(s, m->name);
	str_add_bytes(s, extra.s, extra.len);
	str_add_bytes(s, data, len);
	if (m->flags & DESCRIPTOR) {
		str_add(s, "PK\7\x08");
		add_sizes(s, m, len, m->zip64 ? 8 : 4);
	}
	str_done(&extra);
}

/* One entry with a comment, and the end with one, too. */
static void add_directory(struct str *s, const char *entry_comment, const char *comment)
{
	str_add(s, "PK\1\2");
	for (int i = 0; i < 6; i++)
		containers_add_le(s, 0, 4);
	containers_add_le(s, 4, 2);
	containers_add_le(s, 0, 2);
	containers_add_le(s, strlen(entry_comment), 2);
	containers_add_le(s, 0, 8);
	containers_add_le(s, 0, 4);
	str_add(s, "name");
	str_add(s, entry_comment);
	str_add(s, "PK\5\6");
	containers_add_le(s, 0, 8);
	containers_add_le(s, 0, 8);
	containers_add_le(s, strlen(comment), 2);
	str_add(s, comment);
}

static void expect(
	const struct member *members, size_t n, const char *between, const char *expected)
{
	struct str in = {0};

	for (size_t i = 0; i < n; i++) {
		add_member(&in, &members[i]);
		str_add(&in, between);
	}
	add_directory(&in, "", "");
	containers_expect(CONTAINER_ZIP, NULL, &in, expected);
}

static void members_are_read_with_their_names(void **state)
{
	static const struct member members[] = {
		{"a.txt", "stored text", .method = STORED},
		{"folder/", "", .method = STORED},
		{"folder/b.txt", "deflated text, deflated text", .method = DEFLATED},
		{"empty", "", .method = DEFLATED},
	};

	(void)state;
	expect(members, ARRAY_LEN(members), "",
		"[=a.txt]stored text;[=folder/];[folder/b.txt]deflated text, deflated text;"
		"[empty];");
}

static void sizes_behind_the_data_are_enough(void **state)
{
	static const struct member members[] = {
		{"a", "deflated", .method = DEFLATED, .flags = DESCRIPTOR},
		{"b",
			"stored PK\7\x08 PK\7\x08PK\7\x08"
			"12 PK",
			.method = STORED, .flags = DESCRIPTOR},
		{"c", "deflated", .method = DEFLATED, .flags = DESCRIPTOR, .zip64 = true},
		{"d", "stored", .method = STORED, .flags = DESCRIPTOR, .zip64 = true},
	};

	(void)state;
	expect(members, ARRAY_LEN(members), "",
		"[a]deflated;[=b]stored PK\7\x08 PK\7\x08PK\7\x08"
		"12 PK;[c]deflated;[=d]stored;");
}

static void sizes_of_64_bits_are_read(void **state)
{
	static const struct member members[] = {
		{"a", "stored", .method = STORED, .zip64 = true},
		{"b", "deflated", .method = DEFLATED, .zip64 = true},
	};

	(void)state;
	expect(members, ARRAY_LEN(members), "", "[=a]stored;[b]deflated;");
}

static void an_encrypted_member_is_told_and_the_others_are_read(void **state)
{
	static const struct member members[] = {
		{"a", "first", .method = DEFLATED},
		{"b", "encrypted PK\3\4", .method = STORED, .flags = ENCRYPTED},
		{"c", "third", .method = DEFLATED},
	};

	(void)state;
	expect(members, ARRAY_LEN(members), "", "[a]first;[b];[c]third;!an encrypted zip member");
}

static void another_compression_is_told_and_the_others_are_read(void **state)
{
	static const struct member members[] = {
		{"a", "bzip2", .method = 12},
		{"b", "second", .method = DEFLATED},
	};

	(void)state;
	expect(members, ARRAY_LEN(members), "",
		"[a];[b]second;!a zip member compressed in a way that is not read");
}

static void what_stands_between_members_is_given_out(void **state)
{
	static const struct member members[] = {
		{"a", "first", .method = DEFLATED},
		{"b", "second", .method = STORED},
	};

	(void)state;
	expect(members, ARRAY_LEN(members), "PPK hidden between PK\3 members PK",
		"[a]first;[=]PPK hidden between PK\3 members PK;[=b]second;"
		"[=]PPK hidden between PK\3 members PK;");
}

static void comments_and_long_extra_fields_are_given_out(void **state)
{
	static const struct member m = {"a", "text", .method = DEFLATED,
		.extra = "an extra field that is longer than what tools write, "};
	struct str in = {0};

	(void)state;
	add_member(&in, &m);
	add_directory(&in, "a comment, ", "another");
	containers_expect(CONTAINER_ZIP, NULL, &in,
		"[a]text;[=]an extra field that is longer than what tools write, a comment, "
		"another;");
}

static void an_archive_behind_the_end_of_another_is_read(void **state)
{
	static const struct member a = {"a", "first", .method = DEFLATED},
				   b = {"b", "second", .method = DEFLATED};
	struct str in = {0};

	(void)state;
	add_member(&in, &a);
	add_directory(&in, "", "");
	add_member(&in, &b);
	add_directory(&in, "", "");
	containers_expect(CONTAINER_ZIP, NULL, &in, "[a]first;[b]second;");
}

static void an_archive_that_is_cut_off_is_broken(void **state)
{
	static const struct member m = {"a", "some text that is deflated", .method = DEFLATED};
	struct str in = {0};
	size_t end;

	(void)state;
	add_member(&in, &m);
	end = in.len;
	add_directory(&in, "", "");
	for (size_t len = 1; len < in.len; len++) {
		struct str part = {.s = in.s, .len = len};
		cleanup_free char *found = containers_read(CONTAINER_ZIP, NULL, &part, NULL);

		assert_non_null(strchr(found, '!'));
		if (len >= end)
			assert_true(str_starts(found, "[a]some text that is deflated;"));
	}
	str_done(&in);
}

static void a_wrong_checksum_or_size_is_told(void **state)
{
	static const struct member m = {"a", "some text", .method = DEFLATED},
				   next = {"b", "next", .method = STORED};
	struct str in = {0};

	(void)state;
	add_member(&in, &m);
	in.s[14] ^= 1;
	add_directory(&in, "", "");
	containers_expect(
		CONTAINER_ZIP, NULL, &in, "[a]some text;!the checksum of a zip member is wrong");
	add_member(&in, &m);
	in.s[18]--;
	add_member(&in, &next);
	add_directory(&in, "", "");
	containers_expect(CONTAINER_ZIP, NULL, &in,
		"[a]some text;[=b]next;!a zip member that ends in the middle");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_are_read_with_their_names),
		cmocka_unit_test(sizes_behind_the_data_are_enough),
		cmocka_unit_test(sizes_of_64_bits_are_read),
		cmocka_unit_test(an_encrypted_member_is_told_and_the_others_are_read),
		cmocka_unit_test(another_compression_is_told_and_the_others_are_read),
		cmocka_unit_test(what_stands_between_members_is_given_out),
		cmocka_unit_test(comments_and_long_extra_fields_are_given_out),
		cmocka_unit_test(an_archive_behind_the_end_of_another_is_read),
		cmocka_unit_test(an_archive_that_is_cut_off_is_broken),
		cmocka_unit_test(a_wrong_checksum_or_size_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
