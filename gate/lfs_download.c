#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gate/lfs_object.h"

#include "base/fd.h"
#include "base/json.h"
#include "base/ptr.h"
#include "gate/lfs_endpoint.h"
#include "gate/lfs_hash.h"
#include "gate/lfs_host.h"
#include "gate/lfs_talk.h"

/* Bytes that wait for the hash. */
#define HELD_MAX      4096
#define REDIRECTS_MAX 3

struct passage {
	const struct lfs_object *object;
	struct lfs_out *out;
	struct lfs_hash hash;
	char held[HELD_MAX];
	size_t n_held;
};

static int pass(const char *bytes, size_t len, struct err *e)
{
	int r = fd_write_all(STDOUT_FILENO, bytes, len);

	return r < 0 ? err_set(e, -r, "hand a large file to git-lfs") : 0;
}

/* What is beyond HELD_MAX, of the held and the new, goes out. */
static int hold(struct passage *p, const char *bytes, size_t len, struct err *e)
{
	size_t all = p->n_held + len, out = all > HELD_MAX ? all - HELD_MAX : 0;
	size_t old = out < p->n_held ? out : p->n_held;
	int r = old > 0 ? pass(p->held, old, e) : 0;

	if (r == 0 && out > old)
		r = pass(bytes, out - old, e);
	if (r < 0)
		return r;
	memmove(p->held, p->held + old, p->n_held - old);
	p->n_held -= old;
	memcpy(p->held + p->n_held, bytes + (out - old), len - (out - old));
	p->n_held += len - (out - old);
	return 0;
}

static int sink(void *arg, const char *bytes, size_t len, struct err *e)
{
	struct passage *p = arg;
	int r = 0;

	if (p->hash.len + len > p->object->size)
		return err_say(e, EPROTO, "the upstream's LFS gives more than %llu bytes of %.12s",
			(unsigned long long)p->object->size, p->object->oid);
	if (!p->out->begun)
		r = lfs_answer_object(p->out, p->object->size, e);
	if (r == 0)
		r = lfs_hash_add(&p->hash, bytes, len, e);
	return r == 0 ? hold(p, bytes, len, e) : r;
}

static int finish(struct passage *p, struct err *e)
{
	int r;

	if (p->hash.len != p->object->size)
		return err_say(e, EPROTO, "the upstream's LFS gives %llu of %llu bytes of %.12s",
			(unsigned long long)p->hash.len, (unsigned long long)p->object->size,
			p->object->oid);
	r = lfs_hash_check(&p->hash, p->object->oid, e);
	if (r == 0 && !p->out->begun)
		r = lfs_answer_object(p->out, 0, e);
	return r == 0 ? pass(p->held, p->n_held, e) : r;
}

/* To a store, say: an address with its own right of entry; fields go nowhere but where they were
 * meant for. */
static int follow(struct lfs_link *link, const struct lfs_http_reply *reply, struct err *e)
{
	if (!reply->location)
		return err_say(e, EPROTO, "the upstream's LFS leads on to nowhere");
	if (!lfs_host_same(link->href, reply->location)) {
		strv_free(link->headers);
		link->headers = NULL;
	}
	free(link->href);
	link->href = strdup(reply->location);
	return link->href ? 0 : err_set(e, ENOMEM, "follow the upstream's LFS");
}

static int get(struct lfs_talk *t, struct lfs_link *from, struct passage *p, struct err *e)
{
	const struct lfs_http_call call = {
		.method = "GET", .link = from, .sink = sink, .arg = p, .expect = p->object->size};

	for (int i = 0; i <= REDIRECTS_MAX; i++) {
		cleanup_lfs_http_reply struct lfs_http_reply reply = {0};
		int r = lfs_http_run(t->http, &call, &reply, e);

		if (r < 0)
			return r;
		if (reply.status == 200)
			return finish(p, e);
		if (reply.status < 300 || reply.status > 399)
			return lfs_http_refused(&reply, from, e);
		r = follow(from, &reply, e);
		if (r < 0)
			return r;
	}
	return err_say(e, EPROTO, "the upstream's LFS leads on more than %d times", REDIRECTS_MAX);
}

static int locate(
	struct lfs_talk *t, const struct lfs_object *object, struct lfs_actions *ret, struct err *e)
{
	cleanup_lfs_batch struct lfs_batch b = {0};
	cleanup_json json_t *answer = NULL;
	int r = lfs_batch_one(false, object, &b, e);

	if (r == 0)
		r = lfs_talk_batch(t, &b, &answer, e);
	if (r == 0)
		r = lfs_batch_actions(&b, answer, ret, e);
	if (r == 0 && !ret->authenticated)
		r = lfs_endpoint_lend(t->upstream, &t->endpoint, &ret->transfer, e);
	return r;
}

int lfs_object_download(const struct upstream *u, const struct lfs_object *object,
	struct lfs_out *out, struct err *e)
{
	cleanup_lfs_talk struct lfs_talk talk = {0};
	cleanup_lfs_actions struct lfs_actions actions = {0};
	struct passage p = {.object = object, .out = out};
	int r = lfs_hash_init(&p.hash, e);

	if (r == 0)
		r = lfs_talk_open(u, false, &talk, e);
	if (r == 0)
		r = locate(&talk, object, &actions, e);
	if (r == 0)
		r = get(&talk, &actions.transfer, &p, e);
	lfs_hash_done(&p.hash);
	return r;
}
