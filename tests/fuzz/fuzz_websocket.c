/*
 * Frames of a WebSocket in either direction, compressed or not, and lists of extensions. What goes
 * on must not depend on how bytes are cut, must be frames that our own parser takes, and must hold
 * nothing that the judge refuses. The first byte says what the rest is, the second how it is cut.
 */
#include <stdlib.h>

#include "egress/websocket_extensions.h"
#include "egress/websocket_side.h"
#include "tests/fuzz/fuzz.h"
#include "tests/lib/websocket.h"

enum { FROM_AGENT = 1, DEFLATE = 2, FORGETS = 4, EXTENSIONS = 128 };

struct passed {
	struct websocket_side side;
	struct test_judge judge;
	struct buf out, said;
	size_t all;
	int result;
};

static void pass(struct passed *p, uint8_t how, const uint8_t *data, size_t size, size_t cut)
{
	const struct websocket_side_options o = {.from_agent = how & FROM_AGENT,
		.deflate = how & DEFLATE,
		.forgets = how & FORGETS,
		.ratio = 200,
		.all = &p->all,
		.judge = &test_judge,
		.arg = &p->judge};

	if (websocket_side_open(&p->side, &o) < 0)
		abort();
	p->result = test_pass(&p->side, data, size, cut, &p->out);
	if (p->result < 0 && p->result != -EACCES && (!p->side.why || !p->side.code))
		abort();
	if (p->result < 0 && websocket_side_close(&p->side, 1008, "end") < 0)
		abort();
	test_give(&p->side, cut, &p->out);
	test_meaning(p->out.p, p->out.len, how & FROM_AGENT, &p->said);
	if (memmem(p->said.p, p->said.len, TEST_WORD, strlen(TEST_WORD)))
		abort();
}

static void done(struct passed *p)
{
	websocket_side_done(&p->side);
	if (p->all != 0)
		abort();
	buf_done(&p->judge.text);
	buf_done(&p->out);
	buf_done(&p->said);
}

static void try_frames(uint8_t how, size_t cut, const uint8_t *data, size_t size)
{
	struct passed a = {0}, b = {0};

	pass(&a, how, data, size, cut);
	pass(&b, how, data, size, SIZE_MAX);
	/* Of two faults in one piece either may be met first. */
	if ((a.result < 0) != (b.result < 0) || a.said.len != b.said.len ||
		(a.said.len > 0 && memcmp(a.said.p, b.said.p, a.said.len) != 0))
		abort();
	done(&a);
	done(&b);
}

/* What was read and written is read as the same, and written so again. */
static void try_extensions(const uint8_t *data, size_t size)
{
	struct websocket_deflate list[WEBSOCKET_DEFLATES_MAX];
	char text[512], ours[2048], again[2048];
	bool other;
	int n;

	if (size >= sizeof(text))
		return;
	memcpy(text, data, size);
	text[size] = '\0';
	n = websocket_extensions_parse(text, list, &other);
	if (n <= 0)
		return;
	if (!websocket_extensions_write(list, (size_t)n, ours, sizeof(ours)) ||
		websocket_extensions_parse(ours, list, &other) != n || other ||
		!websocket_extensions_write(list, (size_t)n, again, sizeof(again)) ||
		strcmp(ours, again) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 3 || size > 1 << 16)
		return 0;
	if (data[0] & EXTENSIONS)
		try_extensions(data + 2, size - 2);
	else
		try_frames(data[0], (size_t)data[1] + 1, data + 2, size - 2);
	return 0;
}
