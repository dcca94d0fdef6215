#include "shim/container_load.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/ptr.h"
#include "base/str.h"
#include "shim/rootless.h"
#include "shim/sysctl.h"

#define CONFIG_MAX (16U << 20)

static int read_config(
	const char *bundle, const char *config, struct container_source *ret, struct err *e)
{
	cleanup_free char *path =
		config ? realpath(config, NULL) : str_format("%s/config.json", bundle);

	if (!path)
		return err_set(e, errno, "--config '%s'", config ? config : "config.json");
	/* Not in the kernel's words, by which engines tell that a command is missing. */
	if (access(path, F_OK) < 0 && errno == ENOENT)
		return err_say(e, ENOENT, "JSON specification file '%s' not found", path);
	return fd_read_file(AT_FDCWD, path, CONFIG_MAX, &ret->text, &ret->len, e);
}

/* Without a namespace of its own the container would rename the host. */
static int check_names(const struct oci *oci, struct err *e)
{
	bool named = (oci->hostname && *oci->hostname) || (oci->domainname && *oci->domainname);

	if (named && !oci->ns[OCI_NS_UTS].present)
		return err_say(e, EINVAL,
			"unable to set hostname without a private UTS namespace: linux.namespaces "
			"needs one of type \"uts\"");
	return 0;
}

int container_load(const struct globals *g, const char *bundle, const char *config, const char *id,
	struct container_source *ret, struct err *e)
{
	cleanup_free char *absolute = realpath(bundle ? bundle : ".", NULL);
	cleanup_oci struct oci *oci = NULL;
	int r;

	if (!absolute)
		return err_set(e, errno, "bundle '%s'", bundle ? bundle : ".");
	r = read_config(absolute, config, ret, e);
	if (r == 0)
		r = oci_parse(ret->text, ret->len, absolute, &oci, e);
	if (r < 0)
		return r;
	if (!oci->process)
		return err_say(e, EINVAL, "config.json: process: it is missing");
	r = check_names(oci, e);
	if (r == 0)
		r = sysctl_check(oci, e);
	if (r == 0)
		r = plan_build(steal_ptr(&oci), &g->choice, id, &ret->plan, e);
	if (r == 0)
		r = rootless_fit(ret->plan, e);
	for (size_t i = 0; r == 0 && ret->plan->notes && ret->plan->notes[i]; i++)
		log_debug("%s", ret->plan->notes[i]);
	return r;
}

void container_source_done(struct container_source *s)
{
	free(s->text);
	plan_free(s->plan);
	*s = (struct container_source){0};
}
