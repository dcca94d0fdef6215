#include "gate/lfs_object.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/json.h"
#include "base/log.h"
#include "base/ptr.h"
#include "base/str.h"
#include "gate/channel.h"
#include "gate/lfs_endpoint.h"
#include "gate/lfs_hash.h"
#include "gate/lfs_refused.h"
#include "gate/lfs_scan.h"
#include "gate/lfs_talk.h"
#include "gate/quota.h"

#define PIECE (256U << 10)

/* ---- from the agent */

/*
 * A file without a name: nothing of it is left, whatever ends us. Its room is taken at once when
 * its length is known, so that a full disk is told before the bytes were sent.
 */
static int open_file(const struct upstream *u, int64_t length, struct err *e)
{
	int fd = open(u->gate->git_dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd < 0)
		return err_set(e, errno, "make room for a large file");
	if (length > 0 && fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, length) < 0 &&
		(errno == ENOSPC || errno == EDQUOT || errno == EFBIG)) {
		err_set(e, ENOSPC, "make room for %lld bytes", (long long)length);
		close(fd);
		return -ENOSPC;
	}
	return fd;
}

struct arrival {
	const struct gate *gate;
	int fd;
	uint64_t max;
	struct lfs_hash hash;
	struct lfs_scan scan;
};

static int take_piece(struct arrival *a, const char *bytes, size_t len, struct err *e)
{
	int r;

	if (a->hash.len + len > a->max)
		return err_say(e, EFBIG,
			"more than %llu bytes; lfs.max_object of the repository allows no more",
			(unsigned long long)a->max);
	r = fd_write_all(a->fd, bytes, len);
	if (r < 0)
		return err_set(e, -r, "keep a large file");
	r = lfs_hash_add(&a->hash, bytes, len, e);
	return r == 0 ? lfs_scan_feed(&a->scan, bytes, len, e) : r;
}

static int take_all(struct arrival *a, struct err *e)
{
	cleanup_free char *buf = malloc(PIECE);
	ssize_t n = -1;
	int r = buf ? 0 : err_set(e, ENOMEM, "take a large file");

	while (r == 0 && n != 0) {
		n = read(STDIN_FILENO, buf, PIECE);
		if (n < 0 && errno != EINTR)
			return err_set(e, errno, "take a large file");
		if (n > 0)
			r = take_piece(a, buf, (size_t)n, e);
	}
	return r;
}

/* All that can be said against it without the upstream. */
static int judge(struct arrival *a, const char *oid, int64_t length, struct err *e)
{
	int r;

	if (length >= 0 && a->hash.len != (uint64_t)length)
		return err_say(e, EINVAL, "the upload ended after %llu of %lld bytes",
			(unsigned long long)a->hash.len, (long long)length);
	r = lfs_hash_check(&a->hash, oid, e);
	if (r == 0)
		r = lfs_scan_finish(&a->scan, e);
	if (r == -EBADMSG)
		lfs_refused_note(a->gate, oid, e->msg);
	return r;
}

/* *ret_size: bytes that are in fd now. */
static int receive(const struct upstream *u, const char *oid, int64_t length, int fd,
	uint64_t *ret_size, struct err *e)
{
	cleanup_free char *name = str_format("large file %.12s", oid);
	struct arrival a = {.gate = u->gate, .fd = fd, .max = (uint64_t)u->repo->lfs.max_object};
	int r = name ? lfs_hash_init(&a.hash, e) : err_set(e, ENOMEM, "take a large file");

	if (r == 0)
		r = lfs_scan_begin(&a.scan, u->gate->policy.unreadable_ok, name, e);
	if (r == 0)
		r = take_all(&a, e);
	if (r == 0)
		r = judge(&a, oid, length, e);
	*ret_size = a.hash.len;
	lfs_scan_done(&a.scan);
	lfs_hash_done(&a.hash);
	return r;
}

/* ---- to the upstream */

/* The gate waits for the end of what is being published when the bottle ends. */
static void tell_busy(void)
{
	struct err e;

	if (channel_tell(CHANNEL_BUSY, &e) < 0)
		log_debug("the gate does not listen: %s", e.msg);
}

static int put(struct lfs_talk *t, struct lfs_link *to, int fd, uint64_t size, struct err *e)
{
	cleanup_lfs_http_reply struct lfs_http_reply reply = {0};
	const struct lfs_http_call call = {
		.method = "PUT", .link = to, .body_fd = fd, .size = size};
	int r = lfs_http_run(t->http, &call, &reply, e);

	if (r < 0)
		return r;
	return reply.status >= 200 && reply.status <= 299 ? 0 : lfs_http_refused(&reply, to, e);
}

static int verify(
	struct lfs_talk *t, struct lfs_link *to, const struct lfs_object *object, struct err *e)
{
	cleanup_lfs_http_reply struct lfs_http_reply reply = {0};
	cleanup_free char *body = str_format(
		"{\"oid\": \"%s\", \"size\": %llu}", object->oid, (unsigned long long)object->size);
	const struct lfs_http_call call = {.method = "POST", .link = to, .body = body};
	int r = body ? lfs_http_run(t->http, &call, &reply, e) : err_set(e, ENOMEM, "verify");

	if (r == 0 && (reply.status < 200 || reply.status > 299))
		r = lfs_http_refused(&reply, to, e);
	return r < 0 ? err_wrap(e, "verify large file %.12s", object->oid) : 0;
}

static int send_object(struct lfs_talk *t, struct lfs_actions *actions,
	const struct lfs_object *object, int fd, struct err *e)
{
	int r = 0;

	if (!actions->authenticated)
		r = lfs_endpoint_lend(t->upstream, &t->endpoint, &actions->transfer, e);
	if (r == 0 && actions->verify.href && !actions->authenticated)
		r = lfs_endpoint_lend(t->upstream, &t->endpoint, &actions->verify, e);
	if (r < 0)
		return r;
	tell_busy();
	r = put(t, &actions->transfer, fd, object->size, e);
	return r == 0 && actions->verify.href ? verify(t, &actions->verify, object, e) : r;
}

/* Asked anew, whatever a batch said a while ago: addresses and credentials run out. */
static int publish(const struct upstream *u, const struct lfs_object *object, int fd, struct err *e)
{
	cleanup_lfs_talk struct lfs_talk talk = {0};
	cleanup_lfs_batch struct lfs_batch b = {0};
	cleanup_lfs_actions struct lfs_actions actions = {0};
	cleanup_json json_t *answer = NULL;
	int r = lfs_talk_open(u, true, &talk, e);

	if (r == 0)
		r = lfs_batch_one(true, object, &b, e);
	if (r == 0)
		r = lfs_talk_batch(&talk, &b, &answer, e);
	if (r == 0)
		r = lfs_batch_actions(&b, answer, &actions, e);
	/* No address: the upstream has it already. */
	return r == 0 && actions.transfer.href ? send_object(&talk, &actions, object, fd, e) : r;
}

int lfs_object_upload(const struct upstream *u, const char *oid, int64_t length,
	struct lfs_out *out, struct err *e)
{
	cleanup_fd int fd = -1, place = -1;
	struct lfs_object object = {0};
	int r;

	if (length > u->repo->lfs.max_object)
		return err_say(e, EFBIG, "%lld bytes; lfs.max_object of the repository allows %lld",
			(long long)length, (long long)u->repo->lfs.max_object);
	r = quota_enter_push(u->gate, &place, e);
	if (r < 0)
		return r;
	fd = open_file(u, length, e);
	if (fd < 0)
		return fd;
	memcpy(object.oid, oid, sizeof(object.oid));
	r = receive(u, oid, length, fd, &object.size, e);
	if (r == 0)
		r = publish(u, &object, fd, e);
	if (r < 0)
		return r;
	log_info("git-lfs: large file %.12s of '%s', %llu bytes: published", oid, u->repo->name,
		(unsigned long long)object.size);
	return lfs_answer_json(out, 200, "{}", e);
}
