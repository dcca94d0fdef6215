#ifndef BUNDLE_POLICY_H
#define BUNDLE_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "base/err.h"

/*
 * The two slices of a plan that components receive: routes for egress, repositories for the gate.
 * They travel to their component as JSON; each component parses its own slice with these functions.
 * No slice holds a secret's value: it names slots, whose values travel as COMPONENT_SECRET.
 */

enum policy_match { POLICY_EXACT, POLICY_PREFIX, POLICY_REGEX };

struct policy_path {
	enum policy_match type;
	char *value;
};

struct policy_header {
	char *name;
	enum policy_match type; /* exact or regex */
	char *value;
};

/* One entry of `matches`: all the fields that stand there must match, any value in a field. */
struct policy_matcher {
	struct policy_path *paths;
	size_t n_paths;
	char **methods;
	struct policy_header *headers;
	size_t n_headers;
};

/* What is looked for in what passes. */
enum policy_detector {
	POLICY_TOKEN_PATTERNS = 1 << 0, /* outbound: vendors' tokens, the operator's rules */
	POLICY_KNOWN_SECRETS = 1 << 1,	/* outbound: the bottle's own */
	POLICY_ENTROPY = 1 << 2,	/* outbound: a warning */
	POLICY_INJECTION = 1 << 3,	/* inbound */
};
#define POLICY_OUTBOUND (POLICY_TOKEN_PATTERNS | POLICY_KNOWN_SECRETS | POLICY_ENTROPY)
#define POLICY_INBOUND	POLICY_INJECTION

enum policy_on_match { POLICY_SUPERVISE, POLICY_BLOCK, POLICY_REDACT };

struct policy_dlp {
	unsigned int outbound, inbound; /* of enum policy_detector; 0: nothing is looked for */
	enum policy_on_match on_match;	/* outbound */
	bool unreadable_ok;		/* what cannot be read may leave: invariant 5's line */
};

struct policy_route {
	char *host;	   /* lower case, without port; "*.example.com" for any depth below it */
	uint16_t port;	   /* 0: 443 and 80 */
	char *auth_scheme; /* "Bearer", "token", "basic", or NULL */
	char *auth_slot;   /* name of the COMPONENT_SECRET with its value, or NULL */
	char *token_ref;   /* the name in the manifest, for messages */
	bool auth_pass;	   /* auth: pass — the agent's own Authorization is kept */
	struct policy_matcher *matches; /* none: every request */
	size_t n_matches;
	bool git_fetch;	  /* git: {fetch: true} */
	char **addresses; /* CIDRs that the host may resolve to although they are special */
	char *tls_ca;	  /* PEM text of private roots for this host, or NULL */
	struct policy_dlp dlp;
};

struct policy_egress {
	int log;	       /* 0, 1, 2 */
	char *slug;	       /* of the bottle */
	char *sidecar_address; /* "198.19.255.1" */
	char *agent_address;
	char **agent_names; /* host names of the agent itself (its hostname) */
	struct policy_route *routes;
	size_t n_routes;
};

enum policy_transport { POLICY_SSH, POLICY_HTTPS };

/* 2 GiB: the most that the large forges take in one push. */
#define POLICY_PUSH_MAX (2LL << 30)
#define POLICY_DISK_MAX (64LL << 30)

/*
 * What pushes to a repository may do. A pattern is a full name of a ref, in which "*" stands for
 * any characters, "/" among them. A ref must match one of `allow` and none of `deny`.
 */
struct policy_push {
	char **allow, **deny; /* no allow: every ref */
	bool force;	      /* rewinds of a branch, and other values of a tag */
	bool delete;
	int64_t max_pack; /* bytes; POLICY_PUSH_MAX by default */
};

/* 5 GiB: the most that one upload to the usual object stores may have. */
#define POLICY_LFS_MAX (5LL << 30)

/* Large files of a repository (git-lfs). */
struct policy_lfs {
	bool off;     /* refused, and told so */
	char *url;    /* https: the LFS service; NULL: what git-lfs-authenticate says, or
			 URL/info/lfs */
	char **hosts; /* beside the upstream's and url's: where objects may lie; "HOST[:PORT]" */
	int64_t max_object; /* bytes; POLICY_LFS_MAX by default */
};

struct policy_repo {
	char *name; /* NAME of git://git-gate/NAME.git */
	char *url;  /* ssh: as the manifest has it; https: https://HOST[:PORT]/PATH, PORT if not
		       443 */
	enum policy_transport transport;
	char *user; /* ssh: who logs in; https: the name beside the token */
	char *host;
	uint16_t port;	/* 22 or 443 by default */
	char *path;	/* repository path on the host, as ssh is given it; https: without a '/' in
			   front */
	char *host_key; /* ssh: "ssh-ed25519 AAAA…" */
	/*
	 * Name of the secret that stands in GATE_CREDS_DIR: ssh the private key (NAME-key), https
	 * the token (NAME-token). NULL only for https without a token.
	 */
	char *identity_slot;
	char *tls_ca;  /* https, also of LFS: PEM text of private roots for this host, or NULL */
	char *address; /* from extra_hosts, or NULL: resolve the name */
	bool store;    /* objects of former bottles are at GATE_STORE_DIR/NAME.git */
	struct policy_push push;
	struct policy_lfs lfs;
};

struct policy_gate {
	char *slug;
	char *user_name, *user_email; /* or NULL */
	struct policy_repo *repos;
	size_t n_repos;
	int connect_timeout_s; /* ssh connect, 10 */
	int idle_timeout_s;    /* git I/O without progress, 15 */
	int answer_timeout_s;  /* an operator's, 300 */
	int64_t max_disk;      /* bytes of objects in all mirrors; POLICY_DISK_MAX by default */
	bool gitleaks;	       /* gitleaks reads pushes, too, and may refuse them */
	bool unreadable_ok;    /* what cannot be read may be pushed: invariant 5's line */
};

json_t *policy_egress_to_json(const struct policy_egress *p);
int policy_egress_parse(const char *json, struct policy_egress *ret, struct err *e);
void policy_egress_done(struct policy_egress *p);

json_t *policy_gate_to_json(const struct policy_gate *p);
int policy_gate_parse(const char *json, struct policy_gate *ret, struct err *e);
void policy_gate_done(struct policy_gate *p);

/* The schema of routes.yaml as the agent may read it (/allowlist): no slots, no CA, no addresses.
 */
json_t *policy_egress_allowlist(const struct policy_egress *p);

#endif
