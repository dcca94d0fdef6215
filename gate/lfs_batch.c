#include "gate/lfs_batch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/ptr.h"
#include "base/str.h"
#include "gate/lfs_answer.h"
#include "gate/refs.h"
#include "gate/sanitize.h"

#define HASH	 "sha256"
#define TRANSFER "basic"

/* ---- what an agent asks */

static int read_object(const struct json_at *at, void *item, struct err *e)
{
	struct lfs_object *o = item;
	cleanup_free char *oid = NULL;
	int64_t size = -1;
	int r = json_need_str(at, "oid", &oid, e);

	if (r >= 0 && !lfs_oid_ok(oid))
		r = json_err(at, EINVAL, e, "an oid is 64 hexadecimal digits");
	if (r >= 0)
		r = json_get_int(at, "size", 0, INT64_MAX, &size, e);
	if (r == 0)
		r = json_err(at, EINVAL, e, "'size' is missing");
	if (r < 0)
		return r;
	memcpy(o->oid, oid, sizeof(o->oid));
	o->size = (uint64_t)size;
	return 0;
}

/* An upstream may have another hash one day; this gate could not check it. */
static int check_known(const struct json_at *root, struct err *e)
{
	cleanup_free char *hash = NULL;
	cleanup_strv char **transfers = NULL;

	if (json_get_str(root, "hash_algo", &hash, e) < 0 ||
		json_get_strv(root, "transfers", &transfers, e) < 0)
		return -e->code;
	if (hash && !str_eq(hash, HASH))
		return err_say(
			e, EOPNOTSUPP, "objects of this hash are not known here: only " HASH " is");
	if (transfers && *transfers && !strv_has(transfers, TRANSFER))
		return err_say(e, EOPNOTSUPP, "only '" TRANSFER "' transfers go through the gate");
	return 0;
}

static int read_operation(const struct json_at *root, struct lfs_batch *b, struct err *e)
{
	cleanup_free char *operation = NULL;
	int r = json_need_str(root, "operation", &operation, e);

	if (r < 0)
		return r;
	b->upload = str_eq(operation, "upload");
	if (!b->upload && !str_eq(operation, "download"))
		return json_err(root, EINVAL, e, "'operation' is upload or download");
	return 0;
}

static int read_ref(const struct json_at *root, struct lfs_batch *b, struct err *e)
{
	struct json_at at;
	int r = json_member(root, "ref", JSON_OBJECT, &at, e);

	if (r > 0)
		r = json_get_str(&at, "name", &b->ref, e);
	if (r >= 0 && b->ref && !refs_is_name(b->ref))
		r = json_err(&at, EINVAL, e, "this is no full name of a ref");
	return r;
}

static int read_batch(const struct json_at *root, struct lfs_batch *b, struct err *e)
{
	const struct json_list objects = {&b->list, &b->n, sizeof(*b->list), read_object};
	struct json_at at;
	int r = json_member(root, "objects", JSON_ARRAY, &at, e);

	if (r < 0)
		return r;
	if (r == 0 || json_count(&at) == 0)
		return json_err(root, EINVAL, e, "there are no 'objects'");
	if (json_count(&at) > LFS_BATCH_MAX)
		return json_err(
			root, EFBIG, e, "more than %d objects in one request", LFS_BATCH_MAX);
	if ((r = check_known(root, e)) < 0 || (r = read_operation(root, b, e)) < 0 ||
		(r = read_ref(root, b, e)) < 0)
		return r;
	return json_get_list(root, "objects", &objects, e);
}

int lfs_batch_parse(const char *text, size_t len, struct lfs_batch *ret, struct err *e)
{
	cleanup_json json_t *j = NULL;
	cleanup_lfs_batch struct lfs_batch b = {0};
	struct json_at root;

	*ret = b;
	if (json_parse(text, len, "the batch", &j, e) < 0)
		return -e->code;
	root = json_root(j, "the batch");
	if (!json_is_object(j))
		return json_err(&root, EINVAL, e, "the document must be an object");
	if (read_batch(&root, &b, e) < 0) {
		/* A number out of range, say: bad words of the agent's all the same. */
		if (e->code == ERANGE)
			e->code = EINVAL;
		return -e->code;
	}
	*ret = b;
	b = (struct lfs_batch){0};
	return 0;
}

int lfs_batch_one(
	bool upload, const struct lfs_object *object, struct lfs_batch *ret, struct err *e)
{
	*ret = (struct lfs_batch){.upload = upload, .list = malloc(sizeof(*object)), .n = 1};
	if (!ret->list)
		return err_set(e, ENOMEM, "ask for an object");
	*ret->list = *object;
	return 0;
}

void lfs_batch_done(struct lfs_batch *b)
{
	free(b->ref);
	free(b->list);
	*b = (struct lfs_batch){0};
}

char *lfs_batch_ask(const struct lfs_batch *b)
{
	cleanup_json json_t *j = json_pack("{s:s, s:[s], s:s}", "operation",
		b->upload ? "upload" : "download", "transfers", TRANSFER, "hash_algo", HASH);
	json_t *list = json_array();

	if (!j || json_object_set_new(j, "objects", list) < 0)
		return NULL;
	if (b->ref && json_object_set_new(j, "ref", json_pack("{s:s}", "name", b->ref)) < 0)
		return NULL;
	for (size_t i = 0; i < b->n; i++)
		if (json_array_append_new(list, json_pack("{s:s, s:I}", "oid", b->list[i].oid,
							"size", (json_int_t)b->list[i].size)) < 0)
			return NULL;
	return json_dumps(j, JSON_COMPACT);
}

/* ---- what an upstream answers */

#define ANSWER "the upstream's LFS answer"

/* Its objects by their oid; borrowed from the answer. */
static int index_answer(
	const struct lfs_batch *b, const struct json_at *root, json_t *by_oid, struct err *e)
{
	struct json_at list;
	const char *transfer, *hash;
	size_t i;
	json_t *o;

	if (!json_is_object(root->j) || json_member(root, "objects", JSON_ARRAY, &list, e) <= 0)
		return err_say(e, EPROTO, ANSWER " has no list of objects");
	transfer = json_string_value(json_object_get(root->j, "transfer"));
	hash = json_string_value(json_object_get(root->j, "hash_algo"));
	if ((transfer && !str_eq(transfer, TRANSFER)) || (hash && !str_eq(hash, HASH)))
		return err_say(e, EPROTO, ANSWER " is for a transfer or a hash not asked for");
	if (json_count(&list) > b->n)
		return err_say(e, EPROTO, ANSWER " has %zu objects, where %zu were asked for",
			json_count(&list), b->n);
	json_array_foreach (list.j, i, o) {
		const char *oid = json_string_value(json_object_get(o, "oid"));

		if (!oid || !lfs_oid_ok(oid))
			return err_say(e, EPROTO, ANSWER ": objects[%zu] has no oid", i);
		if (json_object_set(by_oid, oid, o) < 0)
			return err_set(e, ENOMEM, ANSWER);
	}
	return 0;
}

/* What it says against one object: 0, or the HTTP status and words (caller frees). */
static int object_error(json_t *object, char **ret_words)
{
	json_t *error = json_object_get(object, "error");
	const char *message = json_string_value(json_object_get(error, "message"));
	json_int_t code = json_integer_value(json_object_get(error, "code"));

	if (!object)
		message = "the upstream says nothing of it";
	else if (!json_is_object(error))
		return 0;
	*ret_words = message ? sanitize_line(message, strlen(message)) : NULL;
	return code >= 400 && code < 600 ? (int)code : 404;
}

static int read_action(json_t *actions, const char *name, struct lfs_link *ret, struct err *e)
{
	json_t *j = json_object_get(actions, name);
	struct json_at at = json_root(j, name);
	int r;

	*ret = (struct lfs_link){0};
	if (!j || json_is_null(j))
		return 0;
	r = json_is_object(j) ? lfs_link_read(&at, ret, e) : err_say(e, EPROTO, "no object");
	if (r == 0 && !ret->href)
		r = err_say(e, EPROTO, "%s: there is no 'href'", name);
	return r < 0 ? err_wrap(e, ANSWER) : 0;
}

static int read_actions(
	const struct lfs_batch *b, json_t *object, struct lfs_actions *ret, struct err *e)
{
	json_t *actions = json_object_get(object, "actions");
	int r;

	*ret = (struct lfs_actions){
		.authenticated = json_is_true(json_object_get(object, "authenticated"))};
	r = read_action(actions, b->upload ? "upload" : "download", &ret->transfer, e);
	if (r == 0 && b->upload)
		r = read_action(actions, "verify", &ret->verify, e);
	if (r == 0 && !b->upload && !ret->transfer.href)
		r = err_say(e, ENOENT, "the upstream tells no address of the object");
	if (r < 0)
		lfs_actions_done(ret);
	return r;
}

void lfs_actions_done(struct lfs_actions *a)
{
	lfs_link_done(&a->transfer);
	lfs_link_done(&a->verify);
}

/* ---- and what the agent reads of it */

static json_t *told_error(int status, const char *words)
{
	return json_pack("{s:i, s:s}", "code", status, "message", words ? words : "refused");
}

/* A new reference, or NULL when memory ran out. An action that is refused is told as an error. */
static json_t *tell(const struct lfs_batch *b, const struct lfs_object *o, json_t *theirs,
	const char *repo, const struct lfs_allow *allow)
{
	json_t *ret = json_pack("{s:s, s:I}", "oid", o->oid, "size", (json_int_t)o->size);
	cleanup_lfs_actions struct lfs_actions actions = {0};
	cleanup_free char *words = NULL, *url = NULL;
	int status = object_error(theirs, &words), r = 0;
	struct err e;

	if (!ret || status > 0) {
		json_object_set_new(ret, "error", told_error(status, words));
		return ret;
	}
	r = read_actions(b, theirs, &actions, &e);
	if (r == 0 && actions.transfer.href)
		r = allow->check(allow->arg, o->oid, actions.transfer.href, &e);
	if (r == 0 && actions.verify.href)
		r = allow->check(allow->arg, o->oid, actions.verify.href, &e);
	if (r < 0) {
		json_object_set_new(ret, "error", told_error(lfs_answer_status(&e), e.msg));
		return ret;
	}
	json_object_set_new(ret, "authenticated", json_true());
	if (!actions.transfer.href)
		return ret;
	url = lfs_object_url(repo, o->oid, o->size);
	json_object_set_new(ret, "actions",
		json_pack("{s:{s:s}}", b->upload ? "upload" : "download", "href", url ? url : ""));
	return ret;
}

int lfs_batch_answer(const struct lfs_batch *b, const json_t *answer, const char *repo,
	const struct lfs_allow *allow, char **ret, struct err *e)
{
	/* jansson's views are of what may be changed; nothing here is. */
	const struct json_at root = json_root((json_t *)answer, ANSWER);
	cleanup_json json_t *by_oid = json_object();
	cleanup_json json_t *j =
		json_pack("{s:s, s:s, s:[]}", "transfer", TRANSFER, "hash_algo", HASH, "objects");
	json_t *list = json_object_get(j, "objects");

	if (!by_oid || !j)
		return err_set(e, ENOMEM, ANSWER);
	if (index_answer(b, &root, by_oid, e) < 0)
		return -e->code;
	for (size_t i = 0; i < b->n; i++)
		if (json_array_append_new(
			    list, tell(b, &b->list[i], json_object_get(by_oid, b->list[i].oid),
					  repo, allow)) < 0)
			return err_set(e, ENOMEM, ANSWER);
	*ret = json_dumps(j, JSON_COMPACT);
	return *ret ? 0 : err_set(e, ENOMEM, ANSWER);
}

int lfs_batch_actions(
	const struct lfs_batch *b, const json_t *answer, struct lfs_actions *ret, struct err *e)
{
	const struct json_at root = json_root((json_t *)answer, ANSWER);
	cleanup_json json_t *by_oid = json_object();
	cleanup_free char *words = NULL;
	json_t *theirs;
	int status;

	*ret = (struct lfs_actions){0};
	if (!by_oid)
		return err_set(e, ENOMEM, ANSWER);
	if (index_answer(b, &root, by_oid, e) < 0)
		return -e->code;
	theirs = json_object_get(by_oid, b->list[0].oid);
	status = object_error(theirs, &words);
	if (status > 0)
		return err_say(e, lfs_answer_code(status), "the upstream says of %.12s: %s",
			b->list[0].oid, words ? words : "refused");
	return read_actions(b, theirs, ret, e);
}
