#ifndef SHIM_MONITOR_PLAN_H
#define SHIM_MONITOR_PLAN_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/json.h"
#include "base/secret.h"
#include "bundle/plan.h"

/*
 * What the runtime tells a new monitor: its slice of the plan as JSON, then each secret as a
 * message of its own. And all that passes between the two later.
 *
 *	runtime → monitor, over the boot socket (descriptor 3): PLAN, SECRET…, BEGIN; RULES;
 *		WAIT_READY; COMMIT or STOP
 *	runtime → monitor, over STATE_DIR/monitor.sock: AGENT_NETNS, START, STOP, STATUS; SECRET…,
 *		RELOAD
 *	monitor → runtime: OK or ERROR to each but PLAN, SECRET and ATTACH (whose error WAIT_READY
 *		gets)
 */
#define MONITOR_BOOT_FD 3
#define MONITOR_SOCKET	"monitor.sock"

enum monitor_msg {
	MONITOR_PLAN = 1, /* body: JSON */
	MONITOR_SECRET,	  /* body: slot NUL value; in the order of the plan's "secrets"; in front of
			     RELOAD in any */
	MONITOR_BEGIN,	  /* OK: body is {"pid", "ca"} as JSON; one descriptor, the namespace */
	MONITOR_RULES,	  /* one descriptor: the scanner's compiled rules */
	MONITOR_ATTACH,	  /* two descriptors: the agent's namespace, init's pidfd */
	MONITOR_WAIT_READY,
	MONITOR_COMMIT,
	MONITOR_AGENT_NETNS, /* OK: one descriptor */
	MONITOR_START,
	MONITOR_STOP,	/* OK: with deploy keys one descriptor, what revokes them starts with it */
	MONITOR_STATUS, /* OK: body is JSON */
	/*
	 * Body: {"egress", "secrets"}, JSON: the egress slice, and all secrets that the bottle is
	 * to have, as in the plan. Values that are new or changed came as SECRET before.
	 */
	MONITOR_RELOAD,
	MONITOR_OK = 64,
	MONITOR_ERROR, /* body: struct err */
};

/* Who is renewing a secret (shim/monitor_token.h). */
enum token_turn {
	TOKEN_NOBODY,
	TOKEN_WAITS,  /* this bottle's egress; another bottle does */
	TOKEN_RENEWS, /* this bottle's egress */
	TOKEN_LATE,   /* it was to, and has not come back in time */
};

struct monitor_secret {
	char *slot;
	char *name; /* as in plan_secret */
	bool is_file, is_login;
	char *place;	/* the file that a renewed one is written to; or NULL */
	char *provider; /* of a login; or NULL */
	enum token_turn turn;
	int64_t turn_due; /* INT64_MAX: never */
	int lock_fd;
	bool to_egress, to_scan; /* a key of the gate's travels another way: monitor_home_creds */
	struct secret value;
};

struct monitor_plan {
	char *id;	 /* the container's */
	char *state_dir; /* ROOT/ID */
	char *state_home;
	char *store_dir; /* or NULL: nothing is kept between bottles */
	char *slug;
	char *home;	   /* operator's directory */
	char *agent_name;  /* or NULL */
	char *cwd;	   /* where the caller stood */
	char *netns_path;  /* or NULL */
	char *resolv_conf; /* or NULL */
	char *uids_dir;	   /* where uids are taken: shim/uids.h */
	char **bottle_names;
	enum plan_egress_mode egress_mode;
	bool engine_network;
	json_t *gate, *egress; /* the components' slices */
	struct monitor_secret *secrets;
	size_t n_secrets;
	struct plan_deploy_key *deploy_keys;
	size_t n_deploy_keys;
};

/* The JSON text of MONITOR_PLAN; caller frees. NULL when memory ran out. */
char *monitor_plan_encode(const struct plan_bottle *b, const char *state_dir, const char *uids_dir);

/* The member "secrets" of this object, without values; parsed in a plan, and in a RELOAD. */
json_t *monitor_plan_secrets(const struct plan_bottle *b);
int monitor_plan_parse_secrets(
	const struct json_at *at, struct monitor_secret **ret, size_t *ret_n, struct err *e);
void monitor_secrets_free(struct monitor_secret *list, size_t n);

/* The caller ends *ret with monitor_plan_done. Secrets have no values yet. */
int monitor_plan_parse(const char *text, size_t len, struct monitor_plan *ret, struct err *e);
void monitor_plan_done(struct monitor_plan *p);

#endif
