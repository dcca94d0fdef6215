#include "forge/job.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/msg.h"
#include "base/ptr.h"
#include "forge/answer.h"
#include "forge/api.h"
#include "forge/keypair.h"

/* 5,000 keys of one repository: beyond that a key without a number is not found. */
#define PAGES_MAX 100

static int send_done(int sock, const struct forge_done *done, struct err *e)
{
	return msg_send(sock, FORGE_DONE, done, sizeof(*done), NULL, 0, e);
}

static int send_failure(int sock, const struct forge_failure *f, struct err *e)
{
	return msg_send(sock, FORGE_FAILED, f, sizeof(*f), NULL, 0, e);
}

/* ---- make */

static int send_pair(int sock, const struct keypair *pair, struct err *e)
{
	size_t public_len = strlen(pair->public_line) + 1;
	size_t len = public_len + pair->private_text.len;
	char *body = malloc(len);
	int r;

	if (!body)
		return err_set(e, ENOMEM, "a key pair");
	memcpy(body, pair->public_line, public_len);
	memcpy(body + public_len, pair->private_text.bytes, pair->private_text.len);
	r = msg_send(sock, FORGE_PAIR, body, len, NULL, 0, e);
	secret_wipe(body, len);
	free(body);
	return r;
}

static int wait_for_go(int sock, struct err *e)
{
	cleanup_msg struct msg m = {0};
	int r = msg_recv(sock, &m, e);

	if (r == 0 || (r > 0 && m.type != FORGE_GO))
		return err_say(e, EPROTO, "there was no GO");
	return r < 0 ? r : 0;
}

static int post(const struct order *o, struct http *h, const char *public_line,
	struct forge_done *ret, struct forge_failure *ret_failure)
{
	const struct answer_to to = {.key = &o->key, .token = &o->token};
	cleanup_free char *url = NULL, *body = api_make_body(&o->key, public_line);
	struct answer answer;
	struct err why;

	if (!body || api_keys_url(&o->key, &url, &why) < 0) {
		err_set(&ret_failure->why, ENOMEM, "a request");
		return -ENOMEM;
	}
	if (http_request(h, "POST", url, body, &answer, &why) < 0) {
		answer_none(&to, why.msg, ret_failure);
		return -ret_failure->why.code;
	}
	return answer_made(&answer, &to, &ret->id, ret_failure);
}

int job_make(int sock, const struct order *o, struct http *h, struct err *e)
{
	struct forge_done done = {0};
	struct forge_failure failure = {.again_s = -1};
	struct keypair pair;
	int r = keypair_make(o->key.title, &pair, e);

	if (r == 0)
		r = send_pair(sock, &pair, e);
	if (r == 0)
		r = wait_for_go(sock, e);
	if (r == 0)
		r = post(o, h, pair.public_line, &done, &failure) < 0
			    ? send_failure(sock, &failure, e)
			    : send_done(sock, &done, e);
	keypair_done(&pair);
	return r;
}

/* ---- revoke */

/* In *ret_id the key's number, 0 where the forge has no such key. */
static int find_id(const struct order *o, struct http *h, const char *keys_url, int64_t *ret_id,
	struct forge_failure *ret_failure)
{
	const struct answer_to to = {.key = &o->key, .token = &o->token};
	struct answer answer;
	struct err why;
	int n = 1;

	*ret_id = 0;
	for (int page = 1; n > 0 && !*ret_id && page <= PAGES_MAX; page++) {
		cleanup_free char *url = api_page_url(&o->key, keys_url, page);

		if (!url)
			return err_set(&ret_failure->why, ENOMEM, "a request");
		if (http_request(h, "GET", url, NULL, &answer, &why) < 0) {
			answer_none(&to, why.msg, ret_failure);
			return -ret_failure->why.code;
		}
		n = answer_page(&answer, &to, o->public_line, ret_id, ret_failure);
	}
	return n < 0 ? n : 0;
}

static int revoke(const struct order *o, struct http *h, struct forge_done *ret,
	struct forge_failure *ret_failure)
{
	struct answer_to to = {.key = &o->key, .token = &o->token, .id = o->id};
	cleanup_free char *keys_url = NULL, *url = NULL;
	struct answer answer;
	struct err why;

	if (api_keys_url(&o->key, &keys_url, &ret_failure->why) < 0)
		return -ret_failure->why.code;
	if (!to.id && find_id(o, h, keys_url, &to.id, ret_failure) < 0)
		return -ret_failure->why.code;
	ret->was_gone = !to.id;
	if (!to.id)
		return 0;
	url = api_key_url(keys_url, to.id);
	if (!url)
		return err_set(&ret_failure->why, ENOMEM, "a request");
	if (http_request(h, "DELETE", url, NULL, &answer, &why) < 0) {
		answer_none(&to, why.msg, ret_failure);
		return -ret_failure->why.code;
	}
	ret->id = to.id;
	return answer_deleted(&answer, &to, &ret->was_gone, ret_failure);
}

int job_revoke(int sock, const struct order *o, struct http *h, struct err *e)
{
	struct forge_done done = {0};
	struct forge_failure failure = {.again_s = -1};

	return revoke(o, h, &done, &failure) < 0 ? send_failure(sock, &failure, e)
						 : send_done(sock, &done, e);
}
