/* What an agent's git-lfs and an upstream's LFS say: addresses, batches, answers, links. */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "gate/lfs_batch.h"
#include "gate/lfs_link.h"
#include "gate/lfs_request.h"

#define OID  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define OURS "http://git-gate:9420/demo.git/info/lfs/objects/"

/* What is passed on says nothing but what its shape says. */
static void fuzz_request(const char *path)
{
	static const char *const methods[] = {"GET", "POST", "PUT"};
	const char *dots;
	struct lfs_request q;
	struct err e;

	for (size_t i = 0; i < 3; i++) {
		if (lfs_request_parse(methods[i], path, &q, &e) < 0)
			continue;
		dots = strstr(path, "/../");
		if (strpbrk(path, " \r\n\t\\#\"<>") || path[0] != '/' ||
			(dots && dots < path + strcspn(path, "?")))
			abort();
		if ((q.kind == LFS_DOWNLOAD || q.kind == LFS_UPLOAD) && !lfs_oid_ok(q.oid))
			abort();
	}
}

static void check_link(const struct lfs_link *l)
{
	if (l->href && strncasecmp(l->href, "https://", 8) != 0)
		abort();
	for (char **h = l->headers; h && *h; h++)
		if (strpbrk(*h, "\r\n") || !strchr(*h, ':') || strncasecmp(*h, "host:", 5) == 0)
			abort();
}

static void fuzz_link(const char *text, size_t size)
{
	struct lfs_link l;
	struct err e;

	if (lfs_link_parse(text, size, "a link", &l, &e) < 0)
		return;
	check_link(&l);
	lfs_link_is_told(&l, text);
	lfs_link_done(&l);
}

static int allow(void *arg, const char *oid, const char *href, struct err *e)
{
	(void)arg;
	return lfs_oid_ok(oid) && strlen(href) < 4096 ? 0 : err_say(e, EACCES, "no");
}

/* Every address that an agent reads is ours. */
static void check_told(const char *told)
{
	for (const char *p = strstr(told, "\"href\":"); p; p = strstr(p + 1, "\"href\":"))
		if (strncmp(p, "\"href\":\"" OURS, strlen("\"href\":\"" OURS)) != 0)
			abort();
}

static void fuzz_answer(const struct lfs_batch *b, json_t *answer)
{
	const struct lfs_allow all = {allow, NULL};
	struct lfs_actions actions;
	char *told = NULL;
	struct err e;

	if (lfs_batch_answer(b, answer, "demo", &all, &told, &e) == 0)
		check_told(told);
	free(told);
	if (lfs_batch_actions(b, answer, &actions, &e) < 0)
		return;
	check_link(&actions.transfer);
	check_link(&actions.verify);
	lfs_actions_done(&actions);
}

static void fuzz_batch(const char *text, size_t size)
{
	struct lfs_batch b;
	struct err e;
	char *ask;

	if (lfs_batch_parse(text, size, &b, &e) < 0)
		return;
	ask = lfs_batch_ask(&b);
	if (!ask || b.n == 0 || b.n > LFS_BATCH_MAX)
		abort();
	free(ask);
	lfs_batch_done(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	struct lfs_object object = {.oid = OID, .size = 3};
	struct lfs_batch b;
	json_t *answer = NULL;
	struct err e;

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	fuzz_request(text);
	fuzz_link(text, size);
	fuzz_batch(text, size);
	if (json_parse(text, size, "an answer", &answer, &e) == 0) {
		for (int upload = 0; upload < 2; upload++) {
			if (lfs_batch_one(upload, &object, &b, &e) < 0)
				continue;
			fuzz_answer(&b, answer);
			lfs_batch_done(&b);
		}
	}
	json_decref(answer);
	free(text);
	return 0;
}
