#include <errno.h>
#include <stdlib.h>

#include "base/str.h"
#include "bundle/oci_read.h"

void oci_seccomp_free(struct oci_seccomp *s)
{
	if (!s)
		return;
	free(s->default_action);
	strv_free(s->architectures);
	strv_free(s->flags);
	free(s->listener_path);
	free(s->listener_metadata);
	for (size_t i = 0; i < s->n_rules; i++) {
		strv_free(s->rules[i].names);
		free(s->rules[i].action);
		for (size_t k = 0; k < s->rules[i].n_args; k++)
			free(s->rules[i].args[k].op);
		free(s->rules[i].args);
	}
	free(s->rules);
	free(s);
}

static int read_arg(const struct json_at *at, void *item, struct err *e)
{
	struct oci_seccomp_arg *a = item;
	int64_t index = 0;
	int r;

	if ((r = json_get_int(at, "index", 0, 5, &index, e)) < 0 ||
		(r = json_get_u64(at, "value", &a->value, e)) < 0 ||
		(r = json_get_u64(at, "valueTwo", &a->value_two, e)) < 0 ||
		(r = json_need_str(at, "op", &a->op, e)) < 0)
		return r;
	a->index = (uint32_t)index;
	return 0;
}

static int read_rule(const struct json_at *at, void *item, struct err *e)
{
	struct oci_seccomp_rule *rule = item;
	const struct json_list args = {&rule->args, &rule->n_args, sizeof(*rule->args), read_arg};
	int r;

	if ((r = json_get_strv(at, "names", &rule->names, e)) < 0 ||
		(r = json_need_str(at, "action", &rule->action, e)) < 0 ||
		(r = oci_read_has_u32(at, "errnoRet", &rule->errno_ret, &rule->has_errno, e)) < 0 ||
		(r = json_get_list(at, "args", &args, e)) < 0)
		return r;
	if (!rule->names || !rule->names[0])
		return json_err(at, EINVAL, e, "names must name at least one system call");
	return 0;
}

int oci_read_seccomp(const struct json_at *at, struct oci_seccomp *s, struct err *e)
{
	const struct json_list rules = {&s->rules, &s->n_rules, sizeof(*s->rules), read_rule};
	int r;

	if ((r = json_need_str(at, "defaultAction", &s->default_action, e)) < 0 ||
		(r = oci_read_has_u32(
			 at, "defaultErrnoRet", &s->default_errno, &s->has_default_errno, e)) < 0 ||
		(r = json_get_strv(at, "architectures", &s->architectures, e)) < 0 ||
		(r = json_get_strv(at, "flags", &s->flags, e)) < 0 ||
		(r = json_get_str(at, "listenerPath", &s->listener_path, e)) < 0 ||
		(r = json_get_str(at, "listenerMetadata", &s->listener_metadata, e)) < 0 ||
		(r = json_get_list(at, "syscalls", &rules, e)) < 0)
		return r;
	return 0;
}
