#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include "base/ptr.h"
#include "base/str.h"
#include "bundle/oci_read.h"
#include "bundle/oci_words.h"

void oci_free_hooks(struct oci *oci)
{
	for (int kind = 0; kind < OCI_HOOK_KINDS; kind++) {
		for (size_t i = 0; i < oci->hooks[kind].n; i++) {
			free(oci->hooks[kind].list[i].path);
			strv_free(oci->hooks[kind].list[i].args);
			strv_free(oci->hooks[kind].list[i].env);
		}
		free(oci->hooks[kind].list);
	}
}

static int read_hook(const struct json_at *at, void *item, struct err *e)
{
	struct oci_hook *h = item;
	int64_t timeout = 0;
	int r;

	if ((r = json_need_str(at, "path", &h->path, e)) < 0 ||
		(r = json_get_strv(at, "args", &h->args, e)) < 0 ||
		(r = json_get_strv(at, "env", &h->env, e)) < 0 ||
		(r = json_get_int(at, "timeout", 1, INT_MAX, &timeout, e)) < 0)
		return r;
	if (*h->path != '/')
		return json_err(at, EINVAL, e, "path: '%s' must be absolute", h->path);
	h->timeout = (int)timeout;
	return 0;
}

static const struct oci_word kinds[] = {
	{"prestart", OCI_HOOK_PRESTART},
	{"createRuntime", OCI_HOOK_CREATE_RUNTIME},
	{"createContainer", OCI_HOOK_CREATE_CONTAINER},
	{"startContainer", OCI_HOOK_START_CONTAINER},
	{"poststart", OCI_HOOK_POSTSTART},
	{"poststop", OCI_HOOK_POSTSTOP},
};
_Static_assert(ARRAY_LEN(kinds) == OCI_HOOK_KINDS, "a hook kind has no name");

json_t *oci_hook_names(void)
{
	const struct oci_words all = {"hook", kinds, ARRAY_LEN(kinds)};

	return oci_words_json(&all);
}

int oci_read_hooks(const struct json_at *root, struct oci *oci, struct err *e)
{
	struct json_at hooks;
	int r = json_member(root, "hooks", JSON_OBJECT, &hooks, e);

	for (size_t i = 0; r > 0 && i < ARRAY_LEN(kinds); i++) {
		struct oci_hooks *h = &oci->hooks[kinds[i].value];
		const struct json_list how = {&h->list, &h->n, sizeof(*h->list), read_hook};

		if (json_get_list(&hooks, kinds[i].name, &how, e) < 0)
			return -e->code;
	}
	return r;
}
