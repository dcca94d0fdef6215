/*
 * A request to the gate's HTTP, from its first byte on: what is understood names a repository of
 * the bottle; a body never gives more than was allowed, however it is cut.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gate/http_request.h"
#include "tests/fuzz/fuzz.h"

static char demo[] = "demo";
static struct policy_repo repo = {.name = demo, .push = {.max_pack = 1 << 20}};
static const struct gate gate = {.policy = {.repos = &repo, .n_repos = 1}};

static void must(int holds)
{
	if (!holds)
		abort();
}

/* The wire without a connection: all that will ever come is there. */
static void fill(struct http_wire *w, const uint8_t *data, size_t size)
{
	http_wire_init(w, -1, 60000);
	w->eof = true;
	must(buf_add(&w->in, data, size) == 0);
}

static void drain(struct http_request *q, struct http_wire *w)
{
	struct buf out = {0};
	struct err e;
	int r = 0;

	while (r == 0 && w->in.len > 0 && !http_body_is_whole(&q->body)) {
		r = http_body_take(&q->body, &w->in, &out, 4096, &e);
		must(r < 0 || q->body.given <= q->body.max);
		must(r == 0 || e.code == EINVAL || e.code == EFBIG || e.code == ENOMEM);
		buf_consume(&out, out.len);
	}
	buf_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct http_wire w;
	int r = 1;

	fill(&w, data, size);
	/* Requests follow one another as in a connection. */
	for (int i = 0; i < 8 && r > 0; i++) {
		struct http_request q;
		struct err e = {0};

		r = http_request_read(&gate, &w, &q, &e);
		must(r > 0 || (r == 0) == (e.code == 0));
		must(r >= 0 || (q.status >= 400 && q.status < 600));
		if (r > 0) {
			must(q.path.repo == &repo);
			must(!*q.protocol || strncmp(q.protocol, "version=", 8) == 0);
			drain(&q, &w);
			r = http_body_is_whole(&q.body);
		}
		http_request_done(&q);
	}
	http_wire_done(&w);
	return 0;
}
