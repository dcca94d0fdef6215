#ifndef SHIM_CHECKPOINT_OPTIONS_H
#define SHIM_CHECKPOINT_OPTIONS_H

#include <stdbool.h>

#include "base/err.h"
#include "shim/options.h"

/* What checkpoint and restore are asked for, in runc's words; most of it goes to criu as it is. */
struct checkpoint_options {
	const char *images; /* --image-path; NULL: "checkpoint" in the working directory */
	const char *work;   /* --work-path; NULL: where the images are */
	const char *parent; /* --parent-path, from the images' directory */
	const char *page_server, *cgroups_mode, *lsm_profile, *lsm_mount_context;
	char **empty_ns; /* owned */
	bool leave_running, tcp_established, tcp_skip_in_flight, link_remap, ext_unix_sk, shell_job;
	bool lazy_pages, file_locks, pre_dump, auto_dedup;
	long status_fd; /* -1: none */
};

#define CHECKPOINT_DEFAULTS ((struct checkpoint_options){.status_fd = -1})

/* Rows of a table of struct option_def that both commands have. */
#define CHECKPOINT_OPTIONS(o)                                                                      \
	{"image-path", 0, OPTION_STRING, &(o)->images, "DIR",                                      \
		"criu's images (default: ./checkpoint)"},                                          \
		{"work-path", 0, OPTION_STRING, &(o)->work, "DIR",                                 \
			"criu's log and work files (default: beside the images)"},                 \
		{"tcp-established", 0, OPTION_SWITCH, &(o)->tcp_established, NULL,                 \
			"with open TCP connections"},                                              \
		{"ext-unix-sk", 0, OPTION_SWITCH, &(o)->ext_unix_sk, NULL,                         \
			"with unix sockets to the outside"},                                       \
		{"shell-job", 0, OPTION_SWITCH, &(o)->shell_job, NULL,                             \
			"with a terminal of the outside"},                                         \
		{"lazy-pages", 0, OPTION_SWITCH, &(o)->lazy_pages, NULL,                           \
			"memory comes when it is used"},                                           \
		{"file-locks", 0, OPTION_SWITCH, &(o)->file_locks, NULL, "with file locks"},       \
		{"manage-cgroups-mode", 0, OPTION_STRING, &(o)->cgroups_mode, "MODE",              \
			"soft (default), full, strict or ignore"},                                 \
		{"empty-ns", 0, OPTION_LIST, &(o)->empty_ns, "NAMESPACE",                          \
			"network: without what is in it"},                                         \
	{                                                                                          \
		"auto-dedup", 0, OPTION_SWITCH, &(o)->auto_dedup, NULL,                            \
			"give pages back that a later image has"                                   \
	}

/* Rows of checkpoint alone. */
#define CHECKPOINT_DUMP_OPTIONS(o)                                                                 \
	{"parent-path", 0, OPTION_STRING, &(o)->parent, "DIR",                                     \
		"images of an earlier pre-dump, from DIR of the images"},                          \
		{"leave-running", 0, OPTION_SWITCH, &(o)->leave_running, NULL,                     \
			"let the container go on"},                                                \
		{"tcp-skip-in-flight", 0, OPTION_SWITCH, &(o)->tcp_skip_in_flight, NULL,           \
			"without TCP connections that are being made"},                            \
		{"link-remap", 0, OPTION_SWITCH, &(o)->link_remap, NULL,                           \
			"give names to open files that have none"},                                \
		{"status-fd", 0, OPTION_NUMBER, &(o)->status_fd, "FD",                             \
			"gets a zero byte when lazy pages are served"},                            \
		{"page-server", 0, OPTION_STRING, &(o)->page_server, "ADDRESS:PORT",               \
			"where the memory goes"},                                                  \
	{                                                                                          \
		"pre-dump", 0, OPTION_SWITCH, &(o)->pre_dump, NULL, "the memory only; it goes on"  \
	}

/* Rows of restore alone. */
#define CHECKPOINT_RESTORE_OPTIONS(o)                                                              \
	{"lsm-profile", 0, OPTION_STRING, &(o)->lsm_profile, "TYPE:NAME",                          \
		"apparmor or selinux: another profile than it had"},                               \
	{                                                                                          \
		"lsm-mount-context", 0, OPTION_STRING, &(o)->lsm_mount_context, "CONTEXT",         \
			"another context for its mounts"                                           \
	}

/* Directories open for criu, which finds them by our numbers. */
struct checkpoint_dirs {
	int images, work; /* owned; work -1: none of its own */
	const char *log;  /* the directory of criu's log: borrowed from the options */
};

#define CHECKPOINT_NO_DIRS ((struct checkpoint_dirs){.images = -1, .work = -1})

/*
 * Checks what can be checked without criu and opens the directories; make: those that are missing
 * are made (0700). -EINVAL names the option.
 */
int checkpoint_dirs_open(
	const struct checkpoint_options *o, bool make, struct checkpoint_dirs *ret, struct err *e);
void checkpoint_dirs_done(struct checkpoint_dirs *d);

/* "HOST:PORT" or "[HOST]:PORT". host: the caller's (free). */
int checkpoint_page_server(const char *text, char **ret_host, long *ret_port, struct err *e);

/* The number in criu's criu_cg_mode; -EINVAL names the words. */
int checkpoint_cgroups_mode(const char *word, struct err *e);

void checkpoint_options_done(struct checkpoint_options *o);

#endif
