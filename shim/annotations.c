#include "shim/annotations.h"

#include <errno.h>

#include "base/fd.h"
#include "base/ptr.h"
#include "base/str.h"
#include "shim/scm.h"

char *const *annotations_followed(const struct plan *plan)
{
	return plan->bottle ? NULL : plan->oci->annotations;
}

static const char *get(const struct plan *plan, const char *key)
{
	return env_get(annotations_followed(plan), key);
}

bool annotations_on(char *const *annotations, bool in_bottle, const char *key)
{
	const char *value = in_bottle ? NULL : env_get(annotations, key);

	return value && !str_eq(value, "0") && !str_eq(value, "false");
}

int annotations_check(const struct plan *plan, struct err *e)
{
	static const struct {
		const char *key, *why;
	} refused[] = {
		{"run.oci.handler", "this runtime executes Linux programs only, without a handler"},
		{"run.oci.seccomp.plugins", "this runtime loads no plugins; let an agent listen at "
					    "linux.seccomp.listenerPath"},
		{"run.oci.seccomp_bpf_data",
			"this runtime takes no filter that it cannot read; say it in "
			"linux.seccomp.syscalls"},
	};

	for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
		const char *value = get(plan, refused[i].key);

		if (value)
			return err_say(e, ENOTSUP, "config.json: annotations: %s=%s: %s",
				refused[i].key, value, refused[i].why);
	}
	return 0;
}

int annotations_send_pidfd(const struct plan *plan, int pidfd, struct err *e)
{
	const char *path = get(plan, "run.oci.pidfd_receiver");
	cleanup_fd int sock = -1;

	if (!path)
		return 0;
	sock = scm_connect(path, e);
	if (sock < 0 || scm_send(sock, "pidfd", pidfd, e) < 0)
		return err_wrap(e, "annotation run.oci.pidfd_receiver");
	return 0;
}
