#include "egress/websocket_side.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/secret.h"
#include "tests/lib/random.h"
#include "tests/lib/websocket.h"

struct fixture {
	struct websocket_side side;
	struct test_judge judge;
	struct buf in, out, said;
	size_t all;
};

static void begin(struct fixture *f, bool from_agent, bool deflate)
{
	const struct websocket_side_options o = {.from_agent = from_agent,
		.deflate = deflate,
		.ratio = 200,
		.all = &f->all,
		.judge = &test_judge,
		.arg = &f->judge};

	assert_int_equal(websocket_side_open(&f->side, &o), 0);
}

static void done(struct fixture *f)
{
	websocket_side_done(&f->side);
	assert_int_equal(f->all, 0);
	buf_done(&f->judge.text);
	buf_done(&f->in);
	buf_done(&f->out);
	buf_done(&f->said);
	*f = (struct fixture){0};
}

/* Appends a frame as a peer sends it. */
static void add_frame(
	struct fixture *f, unsigned char bits, bool masked, const void *payload, size_t len)
{
	struct websocket_frame head = {.opcode = bits & 15,
		.final = bits & 0x80,
		.compressed = bits & 0x40,
		.masked = masked,
		.mask = {1, 77, 200, 9},
		.length = len};
	unsigned char bytes[WEBSOCKET_HEAD_MAX];
	size_t n = websocket_frame_write(&head, bytes);

	assert_int_equal(buf_add(&f->in, bytes, n), 0);
	assert_int_equal(buf_add(&f->in, payload, len), 0);
	if (masked && len > 0)
		websocket_mask(f->in.p + f->in.off + f->in.len - len, len, head.mask, 0);
}

static void add(struct fixture *f, unsigned char bits, const char *text)
{
	add_frame(f, bits, f->side.o.from_agent, text, strlen(text));
}

static int pass(struct fixture *f, size_t cut)
{
	int r = test_pass(&f->side, buf_data(&f->in), f->in.len, cut, &f->out);

	buf_consume(&f->in, f->in.len);
	return r;
}

static void goes_on(struct fixture *f, const char *want)
{
	buf_consume(&f->said, f->said.len);
	test_meaning(f->out.p, f->out.len, f->side.o.from_agent, &f->said);
	assert_int_equal(f->said.len, strlen(want));
	assert_memory_equal(buf_data(&f->said), want, strlen(want));
}

static void messages_go_on_in_one_frame_each(void **state)
{
	(void)state;
	for (size_t cut = 1; cut < 40; cut++) {
		struct fixture f = {0};

		begin(&f, cut % 2, false);
		add(&f, 0x01, "hel");
		add(&f, 0x89, "ping");
		add(&f, 0x00, "");
		add(&f, 0x80, "lo");
		add(&f, 0x82, "");
		add(&f, 0x88, "\x03\xe8good");
		add(&f, 0x81, "behind the end");
		assert_int_equal(pass(&f, cut), 0);
		goes_on(&f, "9ping\n1hello\n2\n8\x03\xe8good\n");
		assert_true(websocket_side_is_over(&f.side));
		done(&f);
	}
}

static void of_a_message_that_is_refused_nothing_goes_on(void **state)
{
	struct fixture f = {0};

	(void)state;
	begin(&f, true, false);
	add(&f, 0x81, "fine");
	add(&f, 0x01, "some SEC");
	add(&f, 0x80, "RET more");
	assert_int_equal(pass(&f, 7), -EACCES);
	goes_on(&f, "1fine\n");
	done(&f);
}

static void control_frames_are_read_too(void **state)
{
	static const unsigned char bits[] = {0x88, 0x89, 0x8a};

	(void)state;
	for (size_t i = 0; i < sizeof(bits); i++) {
		struct fixture f = {0};

		begin(&f, true, false);
		add(&f, bits[i], "\x03\xe8SECRET");
		assert_int_equal(pass(&f, 5), -EACCES);
		goes_on(&f, "");
		done(&f);
	}
}

static void is_wrong(bool from_agent, unsigned char bits, bool masked, const char *text)
{
	struct fixture f = {0};

	begin(&f, from_agent, false);
	add_frame(&f, bits, masked, text, strlen(text));
	assert_int_equal(pass(&f, 3), -EPROTO);
	assert_non_null(f.side.why);
	assert_true(f.side.code == 1002 || f.side.code == 1007);
	goes_on(&f, "");
	done(&f);
}

static void frames_that_break_a_rule_are_refused(void **state)
{
	(void)state;
	is_wrong(true, 0x81, false, "no mask");
	is_wrong(false, 0x81, true, "mask");
	is_wrong(false, 0x80, false, "continues nothing");
	is_wrong(false, 0xc1, false, "not agreed on");
	is_wrong(false, 0x81, false, "\xff");
	is_wrong(false, 0x81, false, "\xc3");
	is_wrong(false, 0x88, false, "\x03");
}

static void a_message_does_not_begin_amid_another(void **state)
{
	struct fixture f = {0};

	(void)state;
	begin(&f, true, false);
	add(&f, 0x01, "one");
	add(&f, 0x81, "two");
	assert_int_equal(pass(&f, 100), -EPROTO);
	goes_on(&f, "");
	done(&f);
}

static void what_a_judge_changes_goes_on_changed(void **state)
{
	struct fixture f = {0};

	(void)state;
	begin(&f, false, false);
	add(&f, 0x01, "one wo");
	add(&f, 0x80, "rd");
	assert_int_equal(pass(&f, 100), 0);
	goes_on(&f, "1one ****\n");
	done(&f);
}

/* ---- long messages */

#define LONG (HELD_BODY_MAX * 3)

static void add_long(struct fixture *f, unsigned char bits, const char *end)
{
	size_t len = LONG + strlen(end);
	char *text = malloc(len);

	assert_non_null(text);
	memset(text, 'a', LONG);
	memcpy(text + LONG, end, strlen(end));
	add_frame(f, bits, f->side.o.from_agent, text, len);
	free(text);
}

static void a_long_message_goes_on_behind_its_reading(void **state)
{
	struct fixture f = {0};
	struct http1_piece piece;
	size_t most = 0, got = 0;

	(void)state;
	begin(&f, true, false);
	add_long(&f, 0x82, "");
	while (f.in.len > 0) {
		size_t some = f.in.len < WEBSOCKET_PUT_MAX ? f.in.len : WEBSOCKET_PUT_MAX;

		assert_true(websocket_side_wants(&f.side));
		assert_int_equal(websocket_side_put(&f.side, buf_data(&f.in), some), 0);
		buf_consume(&f.in, some);
		do {
			assert_int_equal(websocket_side_move(&f.side), 0);
			most = f.all > most ? f.all : most;
			websocket_side_give(&f.side, SIZE_MAX, &piece);
			got += piece.len;
		} while (piece.len > 0);
	}
	assert_true(got > LONG && got < LONG + LONG / 1000);
	assert_true(most <= 2 * HELD_BODY_MAX);
	done(&f);
}

static void the_end_of_a_long_message_that_is_refused_stays_here(void **state)
{
	struct fixture f = {0};

	(void)state;
	begin(&f, true, false);
	add_long(&f, 0x82, "SECRET");
	assert_int_equal(pass(&f, WEBSOCKET_PUT_MAX), -EACCES);
	assert_true(f.out.len > HELD_BODY_MAX);
	assert_int_equal(websocket_side_close(&f.side, 1008, "why"), 0);
	test_give(&f.side, 1000, &f.out);
	test_meaning(f.out.p, f.out.len, true, &f.said);
	assert_null(memmem(f.said.p, f.said.len, "S", 1));
	assert_memory_equal(f.said.p + f.said.len - 7, "8\x03\xf0why\n", 7);
	assert_true(websocket_side_is_over(&f.side));
	done(&f);
}

static void an_unfinished_message_goes_on_when_its_sender_pauses(void **state)
{
	struct fixture f = {0};

	(void)state;
	begin(&f, true, false);
	add(&f, 0x01, "part");
	assert_int_equal(pass(&f, 100), 0);
	goes_on(&f, "");
	assert_int_equal(websocket_side_pause(&f.side), 0);
	test_give(&f.side, 100, &f.out);
	assert_true(f.out.len > 4 && !(f.out.p[0] & 0x80));
	add(&f, 0x80, " and rest");
	assert_int_equal(pass(&f, 100), 0);
	goes_on(&f, "1part and rest\n");
	done(&f);
}

static void a_close_of_ours_follows_what_was_decided(void **state)
{
	struct fixture f = {0};
	struct http1_piece piece;

	(void)state;
	begin(&f, false, false);
	add(&f, 0x81, "decided");
	add(&f, 0x81, "not yet");
	assert_int_equal(websocket_side_put(&f.side, buf_data(&f.in), f.in.len), 0);
	assert_int_equal(websocket_side_move(&f.side), 0);
	websocket_side_give(&f.side, 4, &piece);
	assert_int_equal(buf_add(&f.out, piece.data, piece.len), 0);
	assert_int_equal(websocket_side_close(&f.side, 1001, ""), 0);
	test_give(&f.side, 1, &f.out);
	goes_on(&f, "1decided\n8\x03\xe9\n");
	done(&f);
}

/* ---- compression */

/* One message as permessage-deflate has it. */
static void add_deflated(struct fixture *f, z_stream *z, const char *text, size_t len)
{
	size_t room = len + 1024;
	unsigned char *out = malloc(room);

	assert_non_null(out);
	/* zlib has nothing to flush twice; RFC 7692, section 7.2.3.6. */
	if (len == 0) {
		add_frame(f, 0xc1, f->side.o.from_agent, "", 1);
		free(out);
		return;
	}
	z->next_in = (unsigned char *)text;
	z->avail_in = (uInt)len;
	z->next_out = out;
	z->avail_out = (uInt)room;
	assert_int_equal(deflate(z, Z_SYNC_FLUSH), Z_OK);
	add_frame(f, 0xc1, f->side.o.from_agent, out, room - z->avail_out - 4);
	free(out);
}

static void deflate_start(z_stream *z)
{
	*z = (z_stream){0};
	assert_int_equal(deflateInit2(z, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), Z_OK);
}

static void compressed_messages_are_read_and_go_on_as_they_are(void **state)
{
	(void)state;
	for (size_t cut = 1; cut < 50; cut += 6) {
		struct fixture f = {0};
		z_stream z;

		deflate_start(&z);
		begin(&f, true, true);
		add_deflated(&f, &z, "one and one and one", 19);
		add_deflated(&f, &z, "one and one and one", 19);
		add_deflated(&f, &z, "", 0);
		add(&f, 0x81, "plain");
		add_deflated(&f, &z, "one and one", 11);
		assert_int_equal(pass(&f, cut), 0);
		goes_on(&f, "1one and one and one\n1one and one and one\n1\n1plain\n1one and "
			    "one\n");
		add_deflated(&f, &z, "one SECRET one", 14);
		assert_int_equal(pass(&f, cut), -EACCES);
		deflateEnd(&z);
		done(&f);
	}
}

static void where_no_context_was_agreed_on_none_is_read(void **state)
{
	struct fixture f = {0};
	z_stream z;

	(void)state;
	deflate_start(&z);
	begin(&f, true, true);
	f.side.inflate.forgets = true;
	add_deflated(&f, &z, "a sentence that comes again", 27);
	add_deflated(&f, &z, "a sentence that comes again", 27);
	assert_int_equal(pass(&f, 1000), -EPROTO);
	assert_int_equal(f.side.code, 1007);
	goes_on(&f, "1a sentence that comes again\n");
	deflateEnd(&z);
	done(&f);
}

static void a_bomb_is_refused_before_it_is_read(void **state)
{
	char *text = calloc(1, 32 << 20);
	struct fixture f = {0};
	z_stream z;

	(void)state;
	assert_non_null(text);
	memset(text, ' ', 32 << 20);
	deflate_start(&z);
	begin(&f, true, true);
	add_deflated(&f, &z, text, 32 << 20);
	assert_int_equal(pass(&f, 1000), -EPROTO);
	assert_int_equal(f.side.code, 1009);
	deflateEnd(&z);
	free(text);
	done(&f);
}

static void compression_that_can_be_read_in_two_ways_is_refused(void **state)
{
	/* A final block; half a block. */
	static const unsigned char last[] = {0x4b, 0x04, 0x00}, half[] = {0x05};
	struct fixture f = {0};

	(void)state;
	begin(&f, true, true);
	add_frame(&f, 0xc1, true, last, sizeof(last));
	assert_int_equal(pass(&f, 1000), -EPROTO);
	done(&f);
	begin(&f, true, true);
	add_frame(&f, 0xc1, true, half, sizeof(half));
	assert_int_equal(pass(&f, 1000), -EPROTO);
	goes_on(&f, "");
	done(&f);
}

/* ---- cuts */

/* Random messages in random fragments, some of them with the word. */
static void add_random(struct fixture *f)
{
	static const char *const parts[] = {"SEC", "RET", "a", "SECRET", "word", "", "xyz"};

	for (unsigned int m = next_random() % 5; m > 0; m--) {
		unsigned int fragments = 1 + next_random() % 4;

		for (unsigned int i = 0; i < fragments; i++) {
			add(f, (i == 0 ? 1 : 0) | (i + 1 == fragments ? 0x80 : 0),
				parts[next_random() % 7]);
			if (next_random() % 4 == 0)
				add(f, 0x89, parts[next_random() % 7]);
		}
	}
}

static void it_does_not_matter_how_bytes_are_cut(void **state)
{
	(void)state;
	for (int i = 0; i < 2000; i++) {
		struct fixture a = {0}, b = {0};
		int r;

		begin(&a, i % 2, false);
		begin(&b, i % 2, false);
		add_random(&a);
		assert_int_equal(buf_add(&b.in, buf_data(&a.in), a.in.len), 0);
		r = pass(&a, 1 + next_random() % 9);
		assert_int_equal(pass(&b, SIZE_MAX), r);
		test_meaning(a.out.p, a.out.len, i % 2, &a.said);
		test_meaning(b.out.p, b.out.len, i % 2, &b.said);
		assert_int_equal(a.said.len, b.said.len);
		if (a.said.len > 0)
			assert_memory_equal(a.said.p, b.said.p, a.said.len);
		done(&a);
		done(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_go_on_in_one_frame_each),
		cmocka_unit_test(of_a_message_that_is_refused_nothing_goes_on),
		cmocka_unit_test(control_frames_are_read_too),
		cmocka_unit_test(frames_that_break_a_rule_are_refused),
		cmocka_unit_test(a_message_does_not_begin_amid_another),
		cmocka_unit_test(what_a_judge_changes_goes_on_changed),
		cmocka_unit_test(a_long_message_goes_on_behind_its_reading),
		cmocka_unit_test(the_end_of_a_long_message_that_is_refused_stays_here),
		cmocka_unit_test(an_unfinished_message_goes_on_when_its_sender_pauses),
		cmocka_unit_test(a_close_of_ours_follows_what_was_decided),
		cmocka_unit_test(compressed_messages_are_read_and_go_on_as_they_are),
		cmocka_unit_test(where_no_context_was_agreed_on_none_is_read),
		cmocka_unit_test(a_bomb_is_refused_before_it_is_read),
		cmocka_unit_test(compression_that_can_be_read_in_two_ways_is_refused),
		cmocka_unit_test(it_does_not_matter_how_bytes_are_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
