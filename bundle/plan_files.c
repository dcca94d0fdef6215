#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/ptr.h"
#include "bundle/plan_parts.h"

/*
 * Files that tell the agent of its sidecar. What the image has is mounted over; what it lacks goes
 * under /dev, which is always a file system of ours, so that no stub stays in the image.
 */

#define GITCONFIG_MAX (256U << 10)

int plan_add_file(struct plan_bottle *b, const struct plan_file *like, struct err *e)
{
	struct plan_file *grown = reallocarray(b->files, b->n_files + 1, sizeof(*b->files));
	struct plan_file *f;

	if (!grown)
		return err_set(e, ENOMEM, "plan '%s'", like->path);
	b->files = grown;
	f = &grown[b->n_files++];
	*f = (struct plan_file){.mode = 0444, .path = strdup(like->path)};
	f->fallback = like->fallback ? strdup(like->fallback) : NULL;
	f->env = like->env ? strdup(like->env) : NULL;
	f->text = like->text ? strdup(like->text) : NULL;
	f->roots = like->roots ? strdup(like->roots) : NULL;
	f->kind = like->kind;
	if (!f->path || (like->fallback && !f->fallback) || (like->env && !f->env) ||
		(like->text && !f->text) || (like->roots && !f->roots))
		return err_set(e, ENOMEM, "plan '%s'", like->path);
	return 0;
}

const char *plan_agent_name(const struct oci *oci)
{
	static const char *const taken[] = {
		"localhost", "egress", "git-gate", "supervise", "pipelock"};
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789._-";
	const char *name = oci->hostname;

	if (!name || !*name || *name == '-' || *name == '.' || name[strspn(name, allowed)])
		return NULL;
	for (size_t i = 0; i < ARRAY_LEN(taken); i++)
		if (strcasecmp(name, taken[i]) == 0)
			return NULL;
	return name;
}

static int add_hosts(struct plan *p, struct err *e)
{
	cleanup_str struct str s = {0};
	struct plan_file f = {.path = (char *)"/etc/hosts"};
	const char *name = plan_agent_name(p->oci);

	str_add(&s, "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n");
	str_addf(&s, "%s\tegress git-gate supervise pipelock\n", PLAN_SIDECAR_ADDRESS);
	if (name)
		str_addf(&s, "%s\t%s\n", PLAN_AGENT_ADDRESS, name);
	if (s.failed)
		return err_set(e, ENOMEM, "plan '%s'", f.path);
	f.text = s.s;
	return plan_add_file(p->bottle, &f, e);
}

static int add_resolv_conf(struct plan *p, struct err *e)
{
	/* ndots:0: no search list is tried, and a name without a dot is asked for as it is. */
	const struct plan_file f = {.path = (char *)"/etc/resolv.conf",
		.text = (char *)"nameserver " PLAN_SIDECAR_ADDRESS "\noptions ndots:0\n"};

	return plan_add_file(p->bottle, &f, e);
}

static int add_gitconfig(struct plan *p, int rootfd, struct err *e)
{
	struct plan_file f = {.path = (char *)"/etc/gitconfig",
		.fallback = (char *)"/dev/bottle/gitconfig",
		.env = (char *)"GIT_CONFIG_SYSTEM"};
	cleanup_str struct str s = {0};
	cleanup_free char *image = NULL;
	struct err ignored;
	size_t len;

	/* Not there, no regular file or too long: then it is not git's configuration either. */
	if (rootfd < 0 ||
		path_read_in_root(rootfd, f.path, GITCONFIG_MAX, &image, &len, &ignored) < 0) {
		f.path = f.fallback;
		f.fallback = NULL;
		if (env_set(&p->bottle->env, f.env, f.path) < 0)
			return err_set(e, ENOMEM, "plan '%s'", f.path);
		f.env = NULL;
	}
	if (plan_gitconfig_text(p->bottle, image, &s) < 0)
		return err_set(e, ENOMEM, "plan '%s'", f.path);
	f.text = s.s ? s.s : (char *)"";
	return plan_add_file(p->bottle, &f, e);
}

int plan_files(struct plan *p, struct err *e)
{
	/* A bundle whose root is not there fails later, by name; here it only has no files. */
	cleanup_fd int rootfd = open(p->oci->root_path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r;

	if ((r = add_hosts(p, e)) < 0 || (r = add_resolv_conf(p, e)) < 0 ||
		(r = add_gitconfig(p, rootfd, e)) < 0)
		return r;
	return plan_trust(p, rootfd, e);
}
