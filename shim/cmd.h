#ifndef SHIM_CMD_H
#define SHIM_CMD_H

#include <stdbool.h>

#include "base/err.h"
#include "base/log.h"
#include "bundle/plan.h"
#include "shim/cgroup.h"

/*
 * The commands of bottle-shim: one file each (cmd_NAME.c), one table (main.c). A command parses its
 * own arguments with options_parse and does its work with what the folder's nouns offer.
 */

/* The options in front of the command, filled up with those of the runtime's file. */
struct globals {
	const char *root; /* directory of all state directories, ROOT/ID; made when needed */
	bool root_given;  /* by --root: it must exist for `list` */
	const char *log;  /* file, or NULL */
	enum log_format log_format;
	bool debug;
	bool rootless; /* run without privilege, or --rootless=true */
	enum cgroup_manager cgroup_manager;
	const char *criu; /* the program for checkpoint and restore; never NULL */
	struct plan_choice choice;
	char **file_values; /* strings of the runtime's file that the fields above point to */
};

struct command {
	const char *name;
	const char *usage; /* operands, as in "[options] ID" */
	const char *help;  /* one sentence */
	/*
	 * argv[0] is the command's name. The exit status of the program, or -errno with `e` set:
	 * main then logs the error and exits 1 (exec: 255).
	 */
	int (*run)(const struct globals *g, int argc, char **argv, struct err *e);
	bool enters_container; /* runs from a copy that a container cannot write (shim/self.h) */
	int failure_status;    /* exit status on an error of our own; 0: 1 */
};

extern const struct command cmd_create;
extern const struct command cmd_run;
extern const struct command cmd_start;
extern const struct command cmd_state;
extern const struct command cmd_kill;
extern const struct command cmd_delete;
extern const struct command cmd_exec;
extern const struct command cmd_list;
extern const struct command cmd_ps;
extern const struct command cmd_spec;
extern const struct command cmd_features;
extern const struct command cmd_pause;
extern const struct command cmd_resume;
extern const struct command cmd_update;
extern const struct command cmd_events;
extern const struct command cmd_checkpoint;
extern const struct command cmd_restore;
extern const struct command cmd_plan;
extern const struct command cmd_reload;
extern const struct command cmd_install;

#endif
