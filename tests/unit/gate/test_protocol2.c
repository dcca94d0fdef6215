#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/ptr.h"
#include "gate/ask.h"
#include "gate/pktline.h"
#include "gate/protocol2_command.h"
#include "gate/record.h"

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define L "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"

static int holding(const void *bytes, size_t len)
{
	struct err e;
	int fd = fd_memfd("packets", bytes, len, &e);

	assert_true(fd >= 0);
	return fd;
}

/* ---- packets */

static void packets_come_as_they_were_written(void **state)
{
	cleanup_str struct str s = {0};
	struct pkt_reader *r = malloc(sizeof(*r));
	cleanup_fd int fd = -1;
	const char *line;
	struct err e;
	size_t len;

	(void)state;
	pkt_addf(&s, "command=%s\n", "fetch");
	pkt_add_delim(&s);
	pkt_add(&s, "", 0);
	pkt_add_band(&s, 2, "x", 1);
	pkt_add_flush(&s);
	fd = holding(s.s, s.len);
	pkt_reader_init(r, fd, -1);
	assert_int_equal(pkt_read(r, &line, &len, &e), PKT_DATA);
	assert_string_equal(line, "command=fetch");
	assert_int_equal(pkt_read(r, &line, &len, &e), PKT_DELIM);
	assert_int_equal(pkt_read(r, &line, &len, &e), PKT_DATA);
	assert_int_equal(len, 0);
	assert_int_equal(pkt_read(r, &line, &len, &e), PKT_DATA);
	assert_string_equal(line, "\2x");
	assert_int_equal(pkt_read(r, &line, &len, &e), PKT_FLUSH);
	assert_int_equal(pkt_read(r, &line, &len, &e), PKT_END);
	free(r);
}

static void what_is_no_packet_is_refused(void **state)
{
	static const struct {
		const char *text;
		int why;
	} bad[] = {
		{"hello", -EPROTO},
		{"0003", -EPROTO},
		{"fff1", -EPROTO},
		{"-001", -EPROTO},
		{"zzzz", -EPROTO},
		{"0x0a", -EPROTO},
		{"00", -ENOLINK},
		{"0008", -ENOLINK},
		{"0008abc", -ENOLINK},
	};
	struct pkt_reader *r = malloc(sizeof(*r));
	const char *line;
	struct err e;
	size_t len;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		cleanup_fd int fd = holding(bad[i].text, strlen(bad[i].text));

		pkt_reader_init(r, fd, -1);
		assert_int_equal(pkt_read(r, &line, &len, &e), bad[i].why);
	}
	free(r);
}

static void the_longest_packet_is_read_and_a_long_text_is_several(void **state)
{
	cleanup_free char *text = malloc(3 * PKT_MAX);
	struct pkt_reader *r = malloc(sizeof(*r));
	cleanup_str struct str s = {0};
	cleanup_fd int fd = -1;
	size_t len, total = 0;
	const char *line;
	struct err e;

	(void)state;
	memset(text, 'x', 3 * PKT_MAX);
	pkt_add(&s, text, PKT_MAX);
	pkt_add_band(&s, 1, text, 3 * PKT_MAX);
	fd = holding(s.s, s.len);
	pkt_reader_init(r, fd, -1);
	assert_int_equal(pkt_read(r, &line, &len, &e), PKT_DATA);
	assert_int_equal(len, PKT_MAX);
	while (pkt_read(r, &line, &len, &e) == PKT_DATA) {
		assert_int_equal(line[0], 1);
		total += len - 1;
	}
	assert_int_equal(total, 3 * PKT_MAX);
	free(r);
}

static void silence_is_not_waited_for_longer_than_was_said(void **state)
{
	struct pkt_reader *r = malloc(sizeof(*r));
	const char *line;
	int pair[2];
	struct err e;
	size_t len;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	assert_int_equal(write(pair[1], "00", 2), 2);
	pkt_reader_init(r, pair[0], 10);
	assert_int_equal(pkt_read(r, &line, &len, &e), -ETIMEDOUT);
	close(pair[0]);
	close(pair[1]);
	free(r);
}

/* ---- commands */

static int read_command(const char *text, size_t len, struct protocol2_command *c)
{
	struct pkt_reader *r = malloc(sizeof(*r));
	cleanup_fd int fd = holding(text, len);
	struct err e;
	int ret;

	pkt_reader_init(r, fd, -1);
	ret = protocol2_command_read(r, c, &e);
	free(r);
	return ret;
}

static void a_command_is_read_and_printed_alike(void **state)
{
	static const char text[] = "0012command=fetch\n"
				   "0017object-format=sha1\n"
				   "0001"
				   "0009done\n"
				   "000eofs-delta\n"
				   "0000";
	cleanup_protocol2_command struct protocol2_command c = {0};
	cleanup_str struct str again = {0};

	(void)state;
	assert_int_equal(read_command(text, strlen(text), &c), 1);
	assert_string_equal(c.name, "fetch");
	assert_string_equal(c.args[0], "done");
	assert_string_equal(c.args[1], "ofs-delta");
	assert_null(c.args[2]);
	protocol2_command_print(&c, &again);
	assert_string_equal(again.s, text);
}

static void the_end_of_commands_is_a_flush_or_the_end(void **state)
{
	cleanup_protocol2_command struct protocol2_command c = {0};

	(void)state;
	assert_int_equal(read_command("0000", 4, &c), 0);
	assert_int_equal(read_command("", 0, &c), 0);
}

static void what_is_no_command_is_refused(void **state)
{
	static const struct {
		const char *text;
		size_t len;
	} bad[] = {
		{"0009done\n0000", 13},
		{"0012command=fetch\n", 18},
		{"0012command=fetch\n00010009done\n", 31},
		{"0012command=fetch\n000100010000", 30},
		{"0012command=fe\0ch\n0000", 22},
		{"0001", 4},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		cleanup_protocol2_command struct protocol2_command c = {0};

		assert_int_equal(read_command(bad[i].text, bad[i].len, &c), -EPROTO);
	}
}

static void a_request_without_end_is_given_up(void **state)
{
	cleanup_protocol2_command struct protocol2_command c = {0};
	cleanup_free char *line = malloc(PKT_MAX);
	cleanup_str struct str s = {0};

	(void)state;
	memset(line, 'x', PKT_MAX);
	pkt_addf(&s, "command=fetch\n");
	pkt_add_delim(&s);
	while (s.len < PROTOCOL2_REQUEST_MAX + 3 * PKT_MAX)
		pkt_add(&s, line, PKT_MAX);
	assert_int_equal(read_command(s.s, s.len, &c), -EFBIG);
}

/* ---- what upstreams answer */

static int converse(const struct str *answer, struct refs *refs)
{
	cleanup_fd int from = holding(answer->s, answer->len);
	cleanup_fd int to = holding("", 0);
	struct err e;

	fd_close(&to);
	to = memfd_create("to", MFD_CLOEXEC);
	return ask_converse(from, to, refs, &e);
}

static void an_upstream_of_version_2_tells_its_refs(void **state)
{
	cleanup_refs struct refs refs = {0};
	cleanup_str struct str s = {0};

	(void)state;
	pkt_addf(&s, "version 2\n");
	pkt_addf(&s, "ls-refs=unborn\n");
	pkt_addf(&s, "object-format=sha1\n");
	pkt_add_flush(&s);
	pkt_addf(&s, A " HEAD symref-target:refs/heads/main\n");
	pkt_addf(&s, B " refs/tags/v1 peeled:" A "\n");
	pkt_addf(&s, A " refs/heads/main\n");
	pkt_add_flush(&s);
	assert_int_equal(converse(&s, &refs), 0);
	assert_int_equal(refs.n, 2);
	assert_string_equal(refs.head, "refs/heads/main");
	assert_string_equal(refs.head_oid, A);
	assert_string_equal(refs.list[1].peeled, A);
	assert_false(refs.sha256);
}

static void an_empty_upstream_tells_its_unborn_branch_and_format(void **state)
{
	cleanup_refs struct refs refs = {0};
	cleanup_str struct str s = {0};

	(void)state;
	pkt_addf(&s, "version 2\n");
	pkt_addf(&s, "ls-refs=unborn\n");
	pkt_addf(&s, "object-format=sha256\n");
	pkt_add_flush(&s);
	pkt_addf(&s, "unborn HEAD symref-target:refs/heads/trunk\n");
	pkt_add_flush(&s);
	assert_int_equal(converse(&s, &refs), 0);
	assert_int_equal(refs.n, 0);
	assert_string_equal(refs.head, "refs/heads/trunk");
	assert_string_equal(refs.head_oid, "");
	assert_true(refs.sha256);
}

static void an_upstream_of_version_0_or_1_tells_its_refs(void **state)
{
	static const char first[] = A " HEAD\0multi_ack symref=HEAD:refs/heads/main "
				      "object-format=sha1 agent=git/1";

	(void)state;
	for (int version = 0; version < 2; version++) {
		cleanup_refs struct refs refs = {0};
		cleanup_str struct str s = {0};

		if (version == 1)
			pkt_addf(&s, "version 1\n");
		pkt_add(&s, first, sizeof(first) - 1);
		pkt_addf(&s, A " refs/heads/main\n");
		pkt_addf(&s, B " refs/tags/v1\n");
		pkt_addf(&s, A " refs/tags/v1^{}\n");
		pkt_add_flush(&s);
		assert_int_equal(converse(&s, &refs), 0);
		assert_int_equal(refs.n, 2);
		assert_string_equal(refs.head, "refs/heads/main");
		assert_string_equal(refs.list[1].peeled, A);
	}
}

static void an_empty_upstream_of_version_0_has_no_refs(void **state)
{
	static const char first[] =
		"0000000000000000000000000000000000000000 capabilities^{}\0object-format=sha1";
	cleanup_refs struct refs refs = {0};
	cleanup_str struct str s = {0};

	(void)state;
	pkt_add(&s, first, sizeof(first) - 1);
	pkt_add_flush(&s);
	assert_int_equal(converse(&s, &refs), 0);
	assert_int_equal(refs.n, 0);
}

static void an_upstream_that_errs_or_ends_early_is_a_failure(void **state)
{
	static const char *const answers[] = {"", "ERR no such thing", "version 2\n",
		A " refs/heads/a b", "hello", A " main", "short refs/heads/x"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
		cleanup_str struct str s = {0};
		struct refs refs;

		str_add(&s, "");
		if (*answers[i])
			pkt_addf(&s, "%s", answers[i]);
		assert_true(converse(&s, &refs) < 0);
	}
}

/* ---- what is kept of it */

static void a_record_survives_the_way_there_and_back(void **state)
{
	cleanup_record struct record rec = {.asked_ns = 12345678901234, .synced = true};
	cleanup_record struct record again = {0};
	cleanup_fd int fd = memfd_create("record", MFD_CLOEXEC);
	const struct ref_text texts[] = {
		{.oid = L, .name = "HEAD", .target = "refs/heads/main"},
		{.oid = L, .name = "refs/tags/v1", .peeled = L},
		{.oid = L, .name = "refs/remotes/x/HEAD", .target = "refs/remotes/x/main"},
		{.oid = L, .name = "refs/heads/main"},
	};
	struct err e;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		assert_int_equal(refs_add(&rec.refs, &texts[i]), 0);
	refs_sort(&rec.refs);
	assert_int_equal(record_write(fd, &rec, &e), 0);
	assert_int_equal(record_read(fd, &again, &e), 0);
	assert_true(again.asked_ns == rec.asked_ns && again.synced && again.refs.sha256);
	assert_true(refs_equal(&again.refs, &rec.refs) && refs_same_head(&again.refs, &rec.refs));
	assert_string_equal(refs_find(&again.refs, "refs/tags/v1")->peeled, L);
	assert_string_equal(
		refs_find(&again.refs, "refs/remotes/x/HEAD")->target, "refs/remotes/x/main");
}

static void a_record_cut_short_at_any_byte_is_none(void **state)
{
	cleanup_record struct record rec = {.asked_ns = 1, .synced = true};
	cleanup_fd int fd = memfd_create("record", MFD_CLOEXEC);
	struct err e;
	off_t size;

	(void)state;
	assert_int_equal(
		refs_add(&rec.refs, &(struct ref_text){.oid = A, .name = "refs/heads/main"}), 0);
	assert_int_equal(record_write(fd, &rec, &e), 0);
	for (size = lseek(fd, 0, SEEK_END) - 1; size >= 0; size--) {
		cleanup_record struct record again = {0};

		assert_int_equal(ftruncate(fd, size), 0);
		assert_int_equal(record_read(fd, &again, &e), 0);
		assert_true(again.asked_ns == 0 && !again.synced);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_come_as_they_were_written),
		cmocka_unit_test(what_is_no_packet_is_refused),
		cmocka_unit_test(the_longest_packet_is_read_and_a_long_text_is_several),
		cmocka_unit_test(silence_is_not_waited_for_longer_than_was_said),
		cmocka_unit_test(a_command_is_read_and_printed_alike),
		cmocka_unit_test(the_end_of_commands_is_a_flush_or_the_end),
		cmocka_unit_test(what_is_no_command_is_refused),
		cmocka_unit_test(a_request_without_end_is_given_up),
		cmocka_unit_test(an_upstream_of_version_2_tells_its_refs),
		cmocka_unit_test(an_empty_upstream_tells_its_unborn_branch_and_format),
		cmocka_unit_test(an_upstream_of_version_0_or_1_tells_its_refs),
		cmocka_unit_test(an_empty_upstream_of_version_0_has_no_refs),
		cmocka_unit_test(an_upstream_that_errs_or_ends_early_is_a_failure),
		cmocka_unit_test(a_record_survives_the_way_there_and_back),
		cmocka_unit_test(a_record_cut_short_at_any_byte_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
