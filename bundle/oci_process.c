#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/ptr.h"
#include "base/str.h"
#include "bundle/oci_read.h"
#include "bundle/oci_words.h"

/* The object `process` of config.json, and what `exec --process` is given. */

void oci_process_free(struct oci_process *p)
{
	if (!p)
		return;
	free(p->cwd);
	strv_free(p->env);
	strv_free(p->args);
	free(p->additional_gids);
	for (int i = 0; i < OCI_CAP_SETS; i++)
		strv_free(p->caps[i]);
	free(p->rlimits);
	free(p->apparmor_profile);
	free(p->selinux_label);
	free(p->scheduler);
	free(p);
}

static int read_gids(const struct json_at *user, struct oci_process *p, struct err *e)
{
	struct json_at list, item;
	int r = json_member(user, "additionalGids", JSON_ARRAY, &list, e);
	size_t n;

	if (r <= 0)
		return r;
	n = json_count(&list);
	/* NGROUPS_MAX, setgroups(2). */
	if (n > 65536)
		return json_err(&list, E2BIG, e, "%zu groups, the kernel takes 65536", n);
	p->additional_gids = calloc(n + 1, sizeof(*p->additional_gids));
	if (!p->additional_gids)
		return err_set(e, ENOMEM, "read additionalGids");
	for (size_t i = 0; i < n; i++) {
		json_int_t v;

		r = json_element(&list, i, JSON_INTEGER, &item, e);
		if (r < 0)
			return r;
		v = json_integer_value(item.j);
		if (v < 0 || v >= UINT32_MAX)
			return json_err(&item, ERANGE, e, "%lld is no group id", (long long)v);
		p->additional_gids[p->n_additional_gids++] = (uint32_t)v;
	}
	return 0;
}

static int read_user(const struct json_at *at, struct oci_process *p, struct err *e)
{
	struct json_at user;
	int r = json_member(at, "user", JSON_OBJECT, &user, e);

	if (r <= 0)
		return r;
	r = oci_read_id(&user, "uid", &p->uid, e);
	if (r >= 0)
		r = oci_read_id(&user, "gid", &p->gid, e);
	if (r >= 0)
		r = oci_read_has_u32(&user, "umask", &p->umask, &p->has_umask, e);
	return r < 0 ? r : read_gids(&user, p, e);
}

static int read_console_size(const struct json_at *at, struct oci_process *p, struct err *e)
{
	int64_t height = 0, width = 0;
	struct json_at size;
	int r = json_member(at, "consoleSize", JSON_OBJECT, &size, e);

	if (r <= 0)
		return r;
	r = json_get_int(&size, "height", 0, UINT16_MAX, &height, e);
	if (r >= 0)
		r = json_get_int(&size, "width", 0, UINT16_MAX, &width, e);
	if (r < 0)
		return r;
	p->has_console_size = true;
	p->console_height = (uint16_t)height;
	p->console_width = (uint16_t)width;
	return 0;
}

static int read_caps(const struct json_at *at, struct oci_process *p, struct err *e)
{
	static const char *const sets[OCI_CAP_SETS] = {
		[OCI_CAP_BOUNDING] = "bounding",
		[OCI_CAP_EFFECTIVE] = "effective",
		[OCI_CAP_INHERITABLE] = "inheritable",
		[OCI_CAP_PERMITTED] = "permitted",
		[OCI_CAP_AMBIENT] = "ambient",
	};
	struct json_at caps;
	int r = json_member(at, "capabilities", JSON_OBJECT, &caps, e);

	if (r <= 0)
		return r;
	p->has_caps = true;
	for (int i = 0; i < OCI_CAP_SETS; i++) {
		r = json_get_strv(&caps, sets[i], &p->caps[i], e);
		if (r < 0)
			return r;
	}
	return 0;
}

static const struct oci_word rlimit_list[] = {
	{"RLIMIT_AS", RLIMIT_AS},
	{"RLIMIT_CORE", RLIMIT_CORE},
	{"RLIMIT_CPU", RLIMIT_CPU},
	{"RLIMIT_DATA", RLIMIT_DATA},
	{"RLIMIT_FSIZE", RLIMIT_FSIZE},
	{"RLIMIT_LOCKS", RLIMIT_LOCKS},
	{"RLIMIT_MEMLOCK", RLIMIT_MEMLOCK},
	{"RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE},
	{"RLIMIT_NICE", RLIMIT_NICE},
	{"RLIMIT_NOFILE", RLIMIT_NOFILE},
	{"RLIMIT_NPROC", RLIMIT_NPROC},
	{"RLIMIT_RSS", RLIMIT_RSS},
	{"RLIMIT_RTPRIO", RLIMIT_RTPRIO},
	{"RLIMIT_RTTIME", RLIMIT_RTTIME},
	{"RLIMIT_SIGPENDING", RLIMIT_SIGPENDING},
	{"RLIMIT_STACK", RLIMIT_STACK},
};

static const struct oci_words rlimits = {"rlimit type", rlimit_list, ARRAY_LEN(rlimit_list)};

const char *oci_rlimit_name(const struct oci_rlimit *l)
{
	return oci_words_name(&rlimits, (uint64_t)l->resource);
}

static int read_rlimit(const struct json_at *at, void *item, struct err *e)
{
	struct oci_rlimit *l = item;
	uint64_t resource = 0;
	int r = oci_words_need(at, "type", &rlimits, &resource, e);

	if (r < 0)
		return r;
	l->resource = (int)resource;
	r = json_get_u64(at, "soft", &l->soft, e);
	if (r > 0)
		r = json_get_u64(at, "hard", &l->hard, e);
	if (r == 0)
		return json_err(at, EINVAL, e, "the members 'soft' and 'hard' must be there");
	if (r > 0 && l->soft > l->hard)
		return json_err(at, EINVAL, e, "soft is above hard");
	return r;
}

static int read_rlimits(const struct json_at *at, struct oci_process *p, struct err *e)
{
	const struct json_list how = {&p->rlimits, &p->n_rlimits, sizeof(*p->rlimits), read_rlimit};
	int r = json_get_list(at, "rlimits", &how, e);

	if (r <= 0)
		return r;
	for (size_t i = 0; i < p->n_rlimits; i++)
		for (size_t k = 0; k < i; k++)
			if (p->rlimits[i].resource == p->rlimits[k].resource)
				return json_err(at, EINVAL, e, "rlimits: %s stands there twice",
					oci_rlimit_name(&p->rlimits[i]));
	return 0;
}

static int read_command(const struct json_at *at, struct oci_process *p, struct err *e)
{
	int r = json_get_strv(at, "args", &p->args, e);

	if (r < 0)
		return r;
	if (r == 0 || !p->args[0])
		return json_err(at, EINVAL, e, "args: must not be empty; a command is needed");
	r = json_need_str(at, "cwd", &p->cwd, e);
	if (r < 0)
		return r;
	if (*p->cwd != '/')
		return json_err(at, EINVAL, e, "cwd: '%s' must be an absolute path", p->cwd);
	r = json_get_strv(at, "env", &p->env, e);
	for (size_t i = 0; r > 0 && p->env[i]; i++)
		if (!strchr(p->env[i], '=') || p->env[i][0] == '=')
			return json_err(at, EINVAL, e, "env[%zu]: expected NAME=value", i);
	return r;
}

int oci_read_process(const struct json_at *at, struct oci_process *p, struct err *e)
{
	int64_t oom = 0;
	int r;

	if ((r = read_command(at, p, e)) < 0 ||
		(r = json_get_bool(at, "terminal", &p->terminal, e)) < 0 ||
		(r = read_console_size(at, p, e)) < 0 || (r = read_user(at, p, e)) < 0 ||
		(r = read_caps(at, p, e)) < 0 || (r = read_rlimits(at, p, e)) < 0 ||
		(r = json_get_bool(at, "noNewPrivileges", &p->no_new_privileges, e)) < 0 ||
		(r = json_get_str(at, "apparmorProfile", &p->apparmor_profile, e)) < 0 ||
		(r = json_get_str(at, "selinuxLabel", &p->selinux_label, e)) < 0 ||
		(r = json_get_int(at, "oomScoreAdj", -1000, 1000, &oom, e)) < 0)
		return r;
	p->has_oom_score_adj = r > 0;
	p->oom_score_adj = (int)oom;
	return oci_read_schedule(at, p, e);
}
