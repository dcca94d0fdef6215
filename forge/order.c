#include "forge/order.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/msg.h"
#include "base/ptr.h"
#include "forge/wire.h"

static int parse(const struct json_at *root, struct order *o, struct err *e)
{
	struct json_at key;
	int r = json_member(root, "key", JSON_OBJECT, &key, e);

	if (r == 0)
		return json_err(root, EINVAL, e, "'key' is missing");
	if (r < 0 || plan_deploy_key_read(&key, &o->key, e) < 0 ||
		json_get_str(root, "public", &o->public_line, e) < 0 ||
		json_get_int(root, "id", 1, INT64_MAX, &o->id, e) < 0)
		return -e->code;
	if (o->what == FORGE_REVOKE && !o->public_line)
		return json_err(root, EINVAL, e, "'public' is missing");
	return 0;
}

static int receive(int sock, struct msg *m, struct err *e)
{
	int r = msg_recv(sock, m, e);

	return r == 0 ? err_say(e, EPIPE, "who gives the order is gone") : r;
}

int order_receive(int sock, struct order *ret, struct err *e)
{
	cleanup_msg struct msg order = {0}, token = {0};
	cleanup_json json_t *j = NULL;
	struct json_at root;
	int r = receive(sock, &order, e);

	*ret = (struct order){.what = order.type};
	if (r > 0)
		r = receive(sock, &token, e);
	if (r < 0)
		return r;
	if ((order.type != FORGE_MAKE && order.type != FORGE_REVOKE) || token.type != FORGE_TOKEN)
		return err_say(e, EPROTO, "messages %u, %u are no order", order.type, token.type);
	r = json_parse(order.body, order.len, "the order", &j, e);
	if (r < 0)
		return r;
	root = json_root(j, "the order");
	r = parse(&root, ret, e);
	return r < 0 ? r : secret_set(&ret->token, token.body, token.len, e);
}

int order_send(int sock, const struct order *o, struct err *e)
{
	cleanup_json json_t *keys = plan_deploy_keys_to_json(&o->key, 1);
	cleanup_json json_t *j =
		json_pack("{s:O, s:s*}", "key", json_array_get(keys, 0), "public", o->public_line);
	cleanup_free char *text = NULL;
	int r;

	if (j && o->id && json_object_set_new(j, "id", json_integer(o->id)) < 0)
		return err_set(e, ENOMEM, "an order");
	text = j ? json_dumps(j, JSON_COMPACT) : NULL;
	if (!text)
		return err_set(e, ENOMEM, "an order");
	r = msg_send(sock, o->what, text, strlen(text), NULL, 0, e);
	return r < 0 ? r : msg_send(sock, FORGE_TOKEN, o->token.bytes, o->token.len, NULL, 0, e);
}

void order_done(struct order *o)
{
	plan_deploy_key_done(&o->key);
	secret_done(&o->token);
	free(o->public_line);
	*o = (struct order){0};
}
