#include "shim/exec_options.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/ptr.h"
#include "base/str.h"

#define PROCESS_MAX (4U << 20)

int exec_options_load(const struct exec_options *o, struct oci_process **ret, struct err *e)
{
	cleanup_free char *text = NULL;
	size_t len;
	int r = fd_read_file(AT_FDCWD, o->process, PROCESS_MAX, &text, &len, e);

	return r < 0 ? r : oci_process_parse(text, len, o->process, ret, e);
}

static void inherit_string(char **to, char **from)
{
	if (!*to)
		*to = steal_ptr(from);
}

static void inherit_rights(struct oci_process *from, struct oci_process *to)
{
	if (!to->has_caps) {
		to->has_caps = from->has_caps;
		for (int i = 0; i < OCI_CAP_SETS; i++)
			to->caps[i] = steal_ptr(&from->caps[i]);
	}
	if (to->n_rlimits == 0) {
		free(to->rlimits);
		to->rlimits = steal_ptr(&from->rlimits);
		to->n_rlimits = from->n_rlimits;
		from->n_rlimits = 0;
	}
	inherit_string(&to->apparmor_profile, &from->apparmor_profile);
	inherit_string(&to->selinux_label, &from->selinux_label);
}

static void inherit_schedule(struct oci_process *from, struct oci_process *to)
{
	if (!to->scheduler)
		to->scheduler = steal_ptr(&from->scheduler);
	if (!to->has_io_priority) {
		to->has_io_priority = from->has_io_priority;
		to->io_priority = from->io_priority;
	}
	if (!to->exec_cpus_initial.present && !to->exec_cpus_final.present) {
		to->exec_cpus_initial = from->exec_cpus_initial;
		to->exec_cpus_final = from->exec_cpus_final;
	}
}

void exec_options_complete(
	const struct exec_options *o, struct oci_process *own, struct oci_process *p)
{
	p->terminal = p->terminal || o->tty;
	inherit_rights(own, p);
	inherit_schedule(own, p);
	if (!p->has_oom_score_adj) {
		p->has_oom_score_adj = own->has_oom_score_adj;
		p->oom_score_adj = own->oom_score_adj;
	}
	if (!p->has_umask) {
		p->has_umask = own->has_umask;
		p->umask = own->umask;
	}
}

static int set_user(const char *text, struct oci_process *p, struct err *e)
{
	cleanup_free char *copy = strdup(text);
	char *colon = copy ? strchr(copy, ':') : NULL;
	long uid, gid = p->gid;

	if (!copy)
		return err_set(e, ENOMEM, "--user");
	if (colon)
		*colon = '\0';
	if (!str_to_long(copy, 0, UINT32_MAX - 1, &uid) ||
		(colon && !str_to_long(colon + 1, 0, UINT32_MAX - 1, &gid)))
		return err_say(e, EINVAL, "--user: expected UID or UID:GID, found '%s'", text);
	p->uid = (uint32_t)uid;
	p->gid = (uint32_t)gid;
	return 0;
}

static int add_gids(char *const *gids, struct oci_process *p, struct err *e)
{
	for (size_t i = 0; gids && gids[i]; i++) {
		uint32_t *grown =
			reallocarray(p->additional_gids, p->n_additional_gids + 1, sizeof(*grown));
		long gid;

		if (!grown)
			return err_set(e, ENOMEM, "--additional-gids");
		p->additional_gids = grown;
		if (!str_to_long(gids[i], 0, UINT32_MAX - 1, &gid))
			return err_say(e, EINVAL,
				"--additional-gids: expected a number, found "
				"'%s'",
				gids[i]);
		grown[p->n_additional_gids++] = (uint32_t)gid;
	}
	return 0;
}

/* Not inheritable: what the user's program executes shall not get it by a file's inheritable set.
 */
static int add_caps(char *const *caps, struct oci_process *p, struct err *e)
{
	static const enum oci_cap_set sets[] = {
		OCI_CAP_BOUNDING, OCI_CAP_EFFECTIVE, OCI_CAP_PERMITTED};

	for (size_t i = 0; caps && caps[i]; i++)
		for (size_t k = 0; k < ARRAY_LEN(sets); k++)
			if (strv_add(&p->caps[sets[k]], caps[i]) < 0)
				return err_set(e, ENOMEM, "--cap");
	p->has_caps = p->has_caps || caps;
	return 0;
}

static int add_env(char *const *env, struct oci_process *p, struct err *e)
{
	for (size_t i = 0; env && env[i]; i++) {
		cleanup_free char *name = strdup(env[i]);
		char *equals = name ? strchr(name, '=') : NULL;

		if (!name)
			return err_set(e, ENOMEM, "--env");
		if (!equals)
			return err_say(e, EINVAL, "--env: expected NAME=VALUE, found '%s'", name);
		*equals = '\0';
		if (env_set(&p->env, name, equals + 1) < 0)
			return err_set(e, ENOMEM, "--env");
	}
	return 0;
}

static int set_string(char **to, const char *value, struct err *e)
{
	char *copy = value ? strdup(value) : NULL;

	if (value && !copy)
		return err_set(e, ENOMEM, "options");
	if (value) {
		free(*to);
		*to = copy;
	}
	return 0;
}

int exec_options_apply(
	const struct exec_options *o, char *const *args, struct oci_process *p, struct err *e)
{
	char **copy = strv_copy(args);
	int r;

	if (!copy)
		return err_set(e, ENOMEM, "options");
	strv_free(p->args);
	p->args = copy;
	p->terminal = o->tty;
	p->no_new_privileges = p->no_new_privileges || o->no_new_privs;
	if ((r = set_string(&p->cwd, o->cwd, e)) < 0 ||
		(r = set_string(&p->apparmor_profile, o->apparmor, e)) < 0 ||
		(r = set_string(&p->selinux_label, o->process_label, e)) < 0 ||
		(r = add_env(o->env, p, e)) < 0 || (r = add_caps(o->caps, p, e)) < 0 ||
		(r = add_gids(o->gids, p, e)) < 0)
		return r;
	return o->user ? set_user(o->user, p, e) : 0;
}

void exec_options_done(struct exec_options *o)
{
	strv_free(o->env);
	strv_free(o->caps);
	strv_free(o->gids);
}
