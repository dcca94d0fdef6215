#ifndef SHIM_EXEC_OPTIONS_H
#define SHIM_EXEC_OPTIONS_H

#include <stdbool.h>

#include "base/err.h"
#include "bundle/oci.h"
#include "shim/options.h"

/* The options of `exec`, and the process that they and the container's configuration make. */
struct exec_options {
	const char *process; /* a document; else the container's process with what follows */
	const char *console_socket, *pid_file, *cwd, *user, *apparmor, *process_label, *cgroup;
	char **env, **caps, **gids;
	bool detach, tty, no_new_privs, ignore_paused;
	long preserve_fds;
};

#define EXEC_OPTIONS(o)                                                                            \
	{"process", 'p', OPTION_STRING, &(o)->process, "FILE", "the process as JSON"},             \
		{"console-socket", 0, OPTION_STRING, &(o)->console_socket, "SOCKET",               \
			"gets the terminal's master"},                                             \
		{"pid-file", 0, OPTION_STRING, &(o)->pid_file, "FILE", "gets the pid"},            \
		{"cwd", 0, OPTION_STRING, &(o)->cwd, "DIR", "working directory"},                  \
		{"user", 'u', OPTION_STRING, &(o)->user, "UID[:GID]", "user and group"},           \
		{"additional-gids", 'g', OPTION_LIST, &(o)->gids, "GID", "one more group"},        \
		{"env", 'e', OPTION_LIST, &(o)->env, "NAME=VALUE", "one more variable"},           \
		{"cap", 'c', OPTION_LIST, &(o)->caps, "CAP", "one more capability"},               \
		{"tty", 't', OPTION_SWITCH, &(o)->tty, NULL, "a terminal"},                        \
		{"detach", 'd', OPTION_SWITCH, &(o)->detach, NULL, "do not wait for its end"},     \
		{"no-new-privs", 0, OPTION_SWITCH, &(o)->no_new_privs, NULL,                       \
			"gain no privilege by execve"},                                            \
		{"apparmor", 0, OPTION_STRING, &(o)->apparmor, "PROFILE", "AppArmor profile"},     \
		{"process-label", 0, OPTION_STRING, &(o)->process_label, "LABEL",                  \
			"SELinux label"},                                                          \
		{"cgroup", 0, OPTION_STRING, &(o)->cgroup, "PATH", "group below the container's"}, \
		{"ignore-paused", 0, OPTION_SWITCH, &(o)->ignore_paused, NULL,                     \
			"also in a paused container"},                                             \
	{                                                                                          \
		"preserve-fds", 0, OPTION_NUMBER, &(o)->preserve_fds, "N",                         \
			"keep N descriptors from 3 on"                                             \
	}

/* Reads the document of --process. Caller frees (oci_process_free). */
int exec_options_load(const struct exec_options *o, struct oci_process **ret, struct err *e);

/*
 * The document p of --process becomes whole: --tty, and what it does not say is as in `own`, the
 * container's process (capabilities, limits, labels, scheduler, …), as in runc. own gives it away.
 */
void exec_options_complete(
	const struct exec_options *o, struct oci_process *own, struct oci_process *p);

/* Changes the container's process p into the one asked for. */
int exec_options_apply(
	const struct exec_options *o, char *const *args, struct oci_process *p, struct err *e);

void exec_options_done(struct exec_options *o);

#endif
