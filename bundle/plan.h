#ifndef BUNDLE_PLAN_H
#define BUNDLE_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "base/err.h"
#include "base/secret.h"
#include "base/str.h"
#include "bundle/deploy_key.h"
#include "bundle/oci.h"
#include "bundle/policy.h"

/* Addresses of the internal link: the same in every bottle, from the end of the pool of names. */
#define PLAN_SIDECAR_ADDRESS "198.19.255.1"
#define PLAN_AGENT_ADDRESS   "198.19.255.2"
#define PLAN_LINK_PREFIX     30
#define PLAN_NAME_POOL	     "198.18.0.0/15" /* 198.19.255.0/24 of it is the link's */
#define PLAN_AGENT_DEVICE    "eth0"
#define PLAN_SIDECAR_DEVICE  "bottle0"

/* Uids of components and the identity map of an agent leave each other out. */
#define PLAN_COMPONENT_UID_FIRST 1879048192U
#define PLAN_COMPONENT_UID_END	 2147483648U

enum plan_egress_mode {
	PLAN_EGRESS_AUTO,
	PLAN_EGRESS_ENGINE,
	PLAN_EGRESS_BRIDGE,
	PLAN_EGRESS_NONE
};

/* What the caller chose on the command line or in the runtime's file (bottle-shim(8)). */
struct plan_choice {
	const char *home;  /* operator's directory */
	char **bottles;	   /* --bottle: a lock */
	const char *agent; /* --agent, or NULL */
	char **selectable; /* --selectable */
	bool select_from_env;
	const char *default_bottle;
	bool require_bottle;
	enum plan_egress_mode egress;
	const char *root;     /* --root: no mount may show it; NULL: not known */
	struct str *problems; /* gets all problems of manifests, a line each; NULL: not wanted */
};

/* What a file of ours holds. All but text is made when the bottle's CA is known. */
enum plan_file_kind {
	PLAN_FILE_TEXT,
	PLAN_FILE_ROOTS,      /* PEM: what the image has there, and the bottle's CA behind it */
	PLAN_FILE_JAVA_ROOTS, /* the same as Java's store, of the roots at `roots` */
	PLAN_FILE_CHROMIUM,   /* a directory, with a managed policy: trust the CA, no QUIC */
};

/* A file that the agent sees, made by us; nothing of it stays in the image. */
struct plan_file {
	enum plan_file_kind kind;
	char *path;	/* in the container */
	char *fallback; /* under /dev/bottle, where the image has no such file; NULL: make a target
			 */
	char *env;	/* variable(s) that point to the fallback, separated by blanks; or NULL */
	char *text;	/* PLAN_FILE_TEXT */
	char *roots;	/* PLAN_FILE_JAVA_ROOTS: the image's PEM bundle, or NULL: it has none */
	uint32_t mode;
};

/* The canary travels with the secrets, so that every scanner knows it. */
#define PLAN_CANARY_SLOT "CANARY"

/* Beginning of the slots of logins: the text of an operator's file (bundle/login.h). */
#define PLAN_LOGIN_SLOT "EGRESS_LOGIN_"

/* A secret that a component is to have: found at create, by name. */
struct plan_secret {
	/*
	 * COMPONENT_SECRET name: "EGRESS_TOKEN_0", "EGRESS_KEY_0", "EGRESS_LOGIN_0",
	 * "REPO_name_KEY", "REPO_name_TOKEN" (of an https upstream), "FORGE_TOKEN_0" (the monitor's
	 * alone)
	 */
	char *slot;
	char *name;   /* name as the manifest has it, or the path of a key file */
	bool is_file; /* a key file (identity, client_key), not a named secret */
	/* The file of a login (auth.provider): name is its path, or the provider where that is the
	 * provider's own place. */
	bool is_login;
	char *place;		 /* plan_secret_place; NULL in a plan that was only made */
	bool to_gate, to_egress; /* who uses it; neither: the monitor */
	bool to_scan;		 /* who looks for it; the gate's keys are looked for, too */
};

struct plan_bottle {
	char *slug;
	char **bottle_names; /* as merged, left to right */
	char *agent_name;    /* or NULL */
	char *home;	     /* operator's directory */
	char *state_home;    /* directory that holds SLUG/ (logs, metadata.json) */
	struct policy_gate gate;
	struct policy_egress egress;
	enum plan_egress_mode egress_mode;
	bool engine_network; /* known at create: a namespace path or a libnetwork hook */
	char *netns_path;    /* the engine's namespace, to become the sidecar's; or NULL: new */
	char *resolv_conf;   /* host path of the resolv.conf whom the sidecar asks */
	char **env;	     /* what the agent gets beside the config's, "NAME=value" */
	char *canary;	     /* name of the variable among env that nobody may send out */
	char *cache_dir;     /* where the scanner's compiled rules are kept */
	char *store_dir;     /* where objects of upstreams are kept (shim/store.h) */
	char *rules;	     /* the operator's own scanner rules, TOML; or NULL */
	char *rules_name;    /* their file */
	struct plan_file *files;
	size_t n_files;
	struct plan_secret *secrets;
	size_t n_secrets;
	struct plan_deploy_key *deploy_keys;
	size_t n_deploy_keys;
};

/*
 * What will be done, whole: made by plan_build without touching anything, then const. oci is the
 * container as it will be executed, i.e. config.json after what the bottle changes in it (user
 * namespace and maps, capabilities, environment, mounts that tell the sidecar's address left out).
 */
struct plan {
	struct oci *oci;	    /* owned */
	struct plan_bottle *bottle; /* NULL: an ordinary OCI container */
	char **notes;		    /* what the operator should know, a sentence each */
};

/*
 * Pure but for reading files: takes oci (also on failure). id is the container's.
 */
int plan_build(struct oci *oci, const struct plan_choice *choice, const char *id, struct plan **ret,
	struct err *e);
void plan_free(struct plan *p);
void plan_bottle_free(struct plan_bottle *b);

/* A bottle that lives, whose manifests are read again. All borrowed. */
struct plan_reload {
	const char *home; /* operator's directory */
	const char *slug;
	char *const *bottles;		 /* as they were chosen at create */
	char *const *agent_names;	 /* as in the slice in force */
	const struct plan_secret *known; /* what it has: these keep their slots */
	size_t n_known;
};

/*
 * The egress slice that its manifests describe now, checked as a whole: ret's egress and secrets,
 * those that are known first. Pure but for reading files. The rest of a bottle stays as it was
 * created. problems: as in plan_choice. The caller ends *ret with plan_bottle_free.
 */
int plan_reload(const struct plan_reload *from, struct str *problems, struct plan_bottle **ret,
	struct err *e);

/*
 * Whether the new slice uses this secret and its value may be looked up anew: what renews itself (a
 * refresh token, a login) is the monitor's to know once it has it.
 */
bool plan_reload_wants(const struct plan_bottle *b, const struct plan_secret *s, bool is_known);

/*
 * Docker lets every group up to 2147483647 ping; the kernel takes no group that the user namespace
 * does not map. The same groups of the sysctl list, then, as far as they are below `end`.
 */
int plan_clamp_ping_groups(char **sysctl, uint32_t end);

/* What `bottle-shim plan` prints. New reference; NULL when memory ran out. */
json_t *plan_to_json(const struct plan *p);

/*
 * A process to be executed in a running bottle (exec): the same refusals and additions as create
 * made. env: the bottle's, as in plan_bottle.
 */
int plan_exec_check(struct oci_process *process, char *const *bottle_env, struct err *e);

/* cache_dir of a bottle from this operator's directory. Caller frees; NULL: out of memory. */
char *plan_cache_dir(const char *home);

/* state_home of a bottle from this operator's directory, which exists. Caller frees; NULL: none. */
char *plan_state_home(const char *home);

/* rules.toml of b->home, read but not understood, into b->rules; there need be none. */
int plan_rules(struct plan_bottle *b, struct err *e);

/*
 * Looks one up; the slot PLAN_CANARY_SLOT is the canary's value. Others, in order: the environment
 * (only when `with_env`: the operator's own), secrets/NAME in the operator's directory (0600),
 * $CREDENTIALS_DIRECTORY, the command that settings.yml has for it (bundle/secret_command.h; the
 * caller is single-threaded). An error names the places searched.
 */
int plan_secret_find(const struct plan_bottle *b, const struct plan_secret *s, bool with_env,
	struct secret *ret, struct err *e);

/*
 * The file to which the secret is written back when it was renewed (a login, a refresh token): the
 * one that it was found in. NULL: it is never renewed, or came from elsewhere. Caller frees.
 */
char *plan_secret_place(const struct plan_bottle *b, const struct plan_secret *s, bool with_env);

#endif
