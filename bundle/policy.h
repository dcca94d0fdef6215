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

/* One entry of `matches` or `deny`: all the fields that stand there must match, any value in a
 * field. */
struct policy_matcher {
	struct policy_path *paths;
	size_t n_paths;
	char **methods;
	struct policy_header *headers;
	size_t n_headers;
	struct policy_header *query; /* parameters, decoded; a name may come more than once */
	size_t n_query;
};

/* How a route's credential is given to the upstream. */
enum policy_auth_scheme {
	POLICY_AUTH_NONE,   /* the agent's own Authorization is dropped, nothing is added */
	POLICY_AUTH_PASS,   /* the agent's own Authorization is kept and read like any header */
	POLICY_AUTH_BEARER, /* Authorization: Bearer VALUE */
	POLICY_AUTH_TOKEN,  /* Authorization: token VALUE */
	POLICY_AUTH_BASIC,  /* Authorization: Basic, of "user:password" or a bare token */
	POLICY_AUTH_HEADER, /* NAME: PREFIX VALUE */
	POLICY_AUTH_QUERY,  /* ?NAME=VALUE */
	POLICY_AUTH_SWAP,   /* the placeholder becomes the value, wherever `places` lets it stand */
	POLICY_AUTH_SIGV4,  /* signed anew (AWS Signature Version 4) */
	POLICY_AUTH_OAUTH,  /* Authorization: Bearer, of a token that egress gets and renews */
	POLICY_AUTH_LOGIN,  /* the same of a login of the operator's (claude, codex) */
};

/* Its word in a manifest; NULL for POLICY_AUTH_NONE and POLICY_AUTH_PASS. */
const char *policy_auth_name(enum policy_auth_scheme scheme);

/* Where a placeholder may stand. */
enum policy_place {
	POLICY_IN_HEADER = 1 << 0,
	POLICY_IN_PATH = 1 << 1,
	POLICY_IN_QUERY = 1 << 2,
	POLICY_IN_BODY = 1 << 3,
};

enum policy_grant { POLICY_CLIENT_CREDENTIALS, POLICY_REFRESH_TOKEN };

struct policy_auth {
	enum policy_auth_scheme scheme;
	char *slot;	     /* name of the COMPONENT_SECRET with its value, or NULL */
	char *token_ref;     /* the name in the manifest, for messages */
	char *name;	     /* header: of the field; query: of the parameter */
	char *prefix;	     /* header: in front of the value, or NULL */
	char *placeholder;   /* what the agent has in the value's place, or NULL: never a secret */
	unsigned int places; /* swap: of enum policy_place */
	bool require;	     /* a request without the placeholder is refused */
	/* sigv4: `slot` is the secret access key */
	char *region, *service;		      /* NULL: as the agent's own signature says */
	char *access_key_slot, *session_slot; /* session_slot may be NULL */
	/* oauth: `slot` is the client's secret (client_credentials), or the refresh token */
	enum policy_grant grant;
	char *token_url; /* https */
	char *client_id, *client_secret_slot, *scope, *audience;
	/* login: `slot` is the text of the operator's credentials file, written back by the monitor
	 */
	char *provider; /* "claude" or "codex" */
	char *file;	/* its path, absolute; NULL: the provider's own place. Not told to egress */
};

/*
 * Limits; 0: what stands in egress/limits.h. A route's own hold for its requests alone, the
 * bottle's for all of them together.
 */
struct policy_limits {
	int connections;	 /* to the upstream at a time; of the bottle: of the agent */
	int requests_per_second; /* a token bucket that holds two seconds' */
	int head;		 /* bytes of a request's head */
	int url;		 /* bytes of a request's target */
	int first_byte_s;	 /* from the request's end to the answer's first byte */
	int idle_s;		 /* without any byte in either direction */
	int ratio;		 /* decoded bytes for each coded byte */
	int64_t body;		 /* bytes of a request's body */
};

/* A proxy of the operator's network through which upstreams are reached (CONNECT). */
struct policy_proxy {
	char *url;  /* as in the manifest, for messages; NULL: none */
	char *host; /* name or address */
	uint16_t port;
	bool tls;     /* https:// */
	char *tls_ca; /* PEM text of its private roots, or NULL */
	char *slot;   /* of "user:password", or NULL */
	char *token_ref;
	char **direct; /* hosts that are reached without it: NAME, *.NAME */
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
	char *host;    /* lower case, without port; "*.example.com" for any depth below it */
	uint16_t port; /* 0: 443 and 80 */
	bool tcp;      /* tcp: HOST:PORT: bytes pass as they are, counted and not read */
	struct policy_auth auth;
	struct policy_matcher *matches; /* none: every request */
	size_t n_matches;
	struct policy_matcher *deny; /* before `matches` */
	size_t n_deny;
	bool git_fetch;	    /* git: {fetch: true} */
	char **addresses;   /* CIDRs that the host may resolve to although they are special */
	char *tls_ca;	    /* PEM text of private roots for this host, or NULL */
	char *tls_cert;	    /* PEM text of the client's certificate and chain, or NULL */
	char *tls_key_slot; /* name of the COMPONENT_SECRET with its key, PEM */
	struct policy_limits limits;
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
	struct policy_limits limits;
	struct policy_proxy proxy;
};

enum policy_transport { POLICY_SSH, POLICY_HTTPS };

/* 2 GiB: the most that the large forges take in one push. */
#define POLICY_PUSH_MAX (2LL << 30)
#define POLICY_DISK_MAX (64LL << 30)
#define POLICY_AGENT_S	300

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
	int agent_timeout_s;   /* an agent that neither sends nor takes a byte; POLICY_AGENT_S */
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
