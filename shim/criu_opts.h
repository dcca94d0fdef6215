#ifndef SHIM_CRIU_OPTS_H
#define SHIM_CRIU_OPTS_H

#include <sys/types.h>

#include "base/err.h"
#include "base/str.h"
#include "bundle/oci.h"
#include "shim/checkpoint_options.h"

/*
 * The message criu_opts of criu's RPC (its images/rpc.proto names the fields), built up in a
 * struct str: what dump and restore share, and what they add.
 */

/* What both say of the container. */
struct criu_subject {
	const char *root; /* the root file system on the host */
	const char *log;  /* the log's name, "dump.log" */
	char *const *annotations;
};

/* -EINVAL for a word of the options that criu does not know. */
int criu_opts_common(struct str *out, const struct checkpoint_options *o,
	const struct checkpoint_dirs *dirs, const struct criu_subject *s, struct err *e);

/* pid: init's; freezer: the cgroup to freeze by, or NULL. */
int criu_opts_dump(struct str *out, const struct checkpoint_options *o, pid_t pid,
	const char *freezer, struct err *e);
void criu_opts_restore(struct str *out, const struct checkpoint_options *o);

/* A mount that criu does not make: a dump's place and name, a restore's name and source. */
void criu_opts_mount(struct str *out, const char *key, const char *value);
/* "net[4026531840]:extRootNetNS": a namespace that is not dumped. */
void criu_opts_external(struct str *out, const char *what);
/* A namespace to be joined by path; name: "ipc", "uts", … */
void criu_opts_join(struct str *out, const char *name, const char *path);
/* criu's descriptor fd stands for what the images call `key`. */
void criu_opts_inherit(struct str *out, const char *key, int fd);
/* Where the groups of a hierarchy are made; controller: as in /proc/PID/cgroup. */
void criu_opts_cgroup(struct str *out, const char *controller, const char *path);

#endif
