#include "gate/lfs_talk.h"

#include <errno.h>

#include "base/json.h"
#include "base/ptr.h"
#include "gate/lfs_endpoint.h"
#include "gate/lfs_host.h"
#include "gate/lfs_refused.h"

int lfs_talk_open(const struct upstream *u, bool upload, struct lfs_talk *ret, struct err *e)
{
	int r;

	*ret = (struct lfs_talk){.upstream = u, .upload = upload};
	r = lfs_endpoint_find(u, upload, &ret->endpoint, e);
	return r == 0 ? lfs_http_new(u, &ret->http, e) : r;
}

void lfs_talk_close(struct lfs_talk *t)
{
	lfs_http_free(t->http);
	lfs_link_done(&t->endpoint);
	*t = (struct lfs_talk){0};
}

int lfs_talk_ask(struct lfs_talk *t, const struct lfs_http_call *call, int *ret_status,
	json_t **ret, struct err *e)
{
	cleanup_lfs_http_reply struct lfs_http_reply reply = {0};
	cleanup_json json_t *j = NULL;
	struct err bad;
	int r = lfs_http_run(t->http, call, &reply, e);

	if (r < 0)
		return r;
	*ret_status = reply.status;
	if (reply.status < 200 || reply.status > 299)
		return lfs_http_refused(&reply, &t->endpoint, e);
	if (json_parse(reply.text, reply.len, "the upstream's LFS answer", &j, &bad) < 0 ||
		!json_is_object(j))
		return err_say(e, EPROTO, "the upstream's LFS answers with no JSON object");
	*ret = steal_ptr(&j);
	return 0;
}

int lfs_talk_batch(struct lfs_talk *t, const struct lfs_batch *b, json_t **ret, struct err *e)
{
	cleanup_free char *body = lfs_batch_ask(b);
	const struct lfs_http_call call = {
		.method = "POST", .link = &t->endpoint, .path = "/objects/batch", .body = body};
	int status = 0, r;

	if (!body)
		return err_set(e, ENOMEM, "ask for large files");
	r = lfs_talk_ask(t, &call, &status, ret, e);
	if (status == 404)
		return err_wrap(e, "the upstream of '%s' has no LFS", t->upstream->repo->name);
	return r;
}

static int check(void *arg, const char *oid, const char *href, struct err *e)
{
	const struct lfs_talk *t = arg;
	struct lfs_host host;
	int r = t->upload ? lfs_refused_check(t->upstream->gate, oid, e) : 0;

	return r < 0 ? r : lfs_host_of(t->upstream, href, &host, e);
}

struct lfs_allow lfs_talk_allow(const struct lfs_talk *t)
{
	return (struct lfs_allow){check, (void *)t};
}
