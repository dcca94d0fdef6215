#ifndef SHIM_STATE_H
#define SHIM_STATE_H

#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "bundle/oci.h"
#include "shim/cgroup.h"
#include "shim/rdt.h"

/*
 * What is remembered of a container: ROOT/ID/state.json. The directory is the container's place
 * and its lock: mkdir decides between two creates, and flock(2) on it is held while a command
 * changes the container. Without a readable state.json the directory is what a killed create left.
 *
 *	creating   state.json has no pid yet
 *	created    init waits at its latch (shim/latch.h)
 *	running    the latch is gone
 *	paused     running, and the cgroup is frozen
 *	stopped    init has ended
 */
enum state_status {
	STATE_CREATING,
	STATE_CREATED,
	STATE_RUNNING,
	STATE_PAUSED,
	STATE_STOPPED,
};

#define STATE_FILE   "state.json"
#define STATE_CONFIG "config.json" /* the container's configuration as it was at create */

struct state {
	char *id;
	char *oci_version;
	char *bundle;
	char *rootfs;
	char *created; /* RFC 3339 with nanoseconds */
	char *owner;
	char **annotations; /* "key=value" */
	pid_t pid;	    /* 0: none yet */
	unsigned long long start_time;
	bool systemd_cgroup;
	bool cgroup_attempted; /* create had begun to make a group; `cgroup` may be missing */
	bool in_bottle;
	char *slug;		  /* of the bottle, or NULL */
	char **bottle_env;	  /* what the bottle adds to the environment of each process */
	json_t *cgroup;		  /* cgroup_to_json, or NULL */
	unsigned int hooks;	  /* 1 << enum oci_hook_kind of those that config.json has */
	unsigned long namespaces; /* CLONE_NEW… that the container has of its own */
	char **placeholders; /* files made in the rootfs for mounts, removed at delete while empty
			      */

	struct rdt rdt; /* directories of resctrl */

	char *dir; /* ROOT/ID */
	int dirfd; /* owned */
};

/* Letters, digits, '_', '+', '-', '.', not a '.' in front. 0 or -EINVAL with the rule told. */
int state_check_id(const char *id, struct err *e);

/*
 * Makes ROOT (0711) and ROOT/ID (0700) and locks it. -EEXIST: "container with given ID already
 * exists". On success the caller owns *ret; state_abandon undoes it.
 */
int state_create(const char *root, const char *id, struct state **ret, struct err *e);

/* Writes state.json, by rename. */
int state_save(const struct state *s, struct err *e);

/* Loads ROOT/ID. -ENOENT: "container does not exist"; -ENODATA: a half-made one (dirfd is set). */
int state_load(const char *root, const char *id, struct state **ret, struct err *e);

/*
 * As state_load. Where create is at work on it, waits for that at most timeout_ms, so that who asks
 * beside a create is told of what it has made; after that the container is `creating` still.
 */
int state_load_made(
	const char *root, const char *id, int timeout_ms, struct state **ret, struct err *e);

/* Waits for the lock at most timeout_ms; -EBUSY: another command is at work on it. */
int state_lock(struct state *s, int timeout_ms, struct err *e);

/* For who stays on but is no longer at work on it. */
void state_unlock(struct state *s);

/* Whether another command has removed it while this one had it open, lock or not. */
bool state_is_gone(const struct state *s);

/* Removes the directory. */
int state_remove(struct state *s, struct err *e);

void state_free(struct state *s);
static inline void state_cleanup(struct state **s)
{
	state_free(*s);
}
#define cleanup_state __attribute__((cleanup(state_cleanup)))

/* What the kernel says now. Never fails: what cannot be found out counts as stopped. */
enum state_status state_status(const struct state *s);
const char *state_status_name(enum state_status status);

/* A pidfd of init, when it still is that process. -ESRCH: it has ended. */
int state_init_pidfd(const struct state *s);

/* The state as the specification defines it, for `state` and for hooks. New reference or NULL. */
json_t *state_to_json(const struct state *s, enum state_status status);

/*
 * Caller frees (cgroup_free). Where create was ended before it could note the group, it is taken
 * over if no process is in it. An empty group when there is none.
 */
int state_cgroup(const struct state *s, struct cgroup **ret, struct err *e);

/* The configuration of create (STATE_CONFIG). Caller frees (oci_free). */
int state_config(const struct state *s, struct oci **ret, struct err *e);

/* The same as a document, to be changed (update). New reference in *ret. */
int state_config_json(const struct state *s, json_t **ret, struct err *e);

/* Ids below root, sorted; a missing root is -ENOENT. Caller frees (strv_free). */
int state_ids(const char *root, char ***ret, struct err *e);

#endif
