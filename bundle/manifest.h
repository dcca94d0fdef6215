#ifndef BUNDLE_MANIFEST_H
#define BUNDLE_MANIFEST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "bundle/frontmatter.h"
#include "bundle/policy.h"

/*
 * What bottle and agent manifests say (bottle-manifest(5)), as far as declared, and their merge.
 * Private to bundle/: the plan is what others see.
 */

/* A switch that need not be declared. */
enum manifest_said { SAID_NOTHING, SAID_NO, SAID_YES };

struct manifest_push {
	char **allow, **deny; /* NULL: not declared */
	bool clears_deny;     /* deny: [] */
	enum manifest_said force, delete;
	int64_t max_pack; /* bytes; 0: not declared */
};

struct manifest_lfs {
	enum manifest_said on;
	char *url;
	char **hosts;	    /* NULL: not declared */
	int64_t max_object; /* bytes; 0: not declared */
};

/* A deploy key of the forge's, in place of a key file. */
struct manifest_key {
	char *provider, *forge_token, *api_url; /* NULL: not declared */
	char *tls_ca;				/* PEM text of api_url's private roots */
};

struct manifest_repo {
	char *name;
	char *url, *host_key; /* NULL: not declared in this file */
	char *identity;	      /* path of the key file */
	bool has_key;
	struct manifest_key key;
	bool has_auth;
	char *token_ref, *auth_user;
	char *tls_ca;	    /* PEM text */
	char **extra_hosts; /* "host=address" */
	struct manifest_push push;
	struct manifest_lfs lfs;
	char *where; /* "FILE:LINE", for messages after the merge */
};

/* git-gate beside its repositories; 0 and SAID_NOTHING: not declared. */
struct manifest_gate {
	enum manifest_said gitleaks, unreadable;
	int connect_s, idle_s, answer_s;
	int64_t max_disk; /* bytes */
};

struct manifest_route {
	struct policy_route route; /* without any slot */
	/* Names of secrets beside route.auth.token_ref; NULL: none. */
	char *access_key_ref, *session_ref, *client_secret_ref;
	char *key_file; /* path of tls.client_key */
	char *env;	/* the agent's variable that holds the placeholder */
	char *where;
};

struct manifest {
	char **extends;
	char **env;
	char *user_name, *user_email;
	struct manifest_push push; /* of every repository that says nothing else */
	struct manifest_gate gate;
	bool clears_repos; /* repos: {} */
	struct manifest_repo *repos;
	size_t n_repos;
	struct manifest_route *routes;
	size_t n_routes;
	bool has_log;
	int log;
	struct policy_limits limits; /* 0: not declared */
	bool has_proxy;		     /* proxy.url NULL: declared that there is none */
	struct policy_proxy proxy;   /* without slot */
};

struct manifest_agent {
	char *bottle; /* NULL: chosen at launch */
	char *user_name, *user_email;
};

/* One file, by itself. */
int manifest_load(
	const struct operator_home *h, const char *name, struct manifest *ret, struct err *e);
int manifest_read(
	const struct operator_home *h, struct frontmatter *f, struct manifest *ret, struct err *e);
int manifest_agent_load(
	const struct operator_home *h, const char *name, struct manifest_agent *ret, struct err *e);

/*
 * The named bottles with their parents, merged left to right, parents first, each file once; then
 * checked as a whole: every repository complete, no host twice.
 */
int manifest_resolve(
	const struct operator_home *h, char *const *names, struct manifest *ret, struct err *e);

/* Merges `child` over `into`, taking what it needs out of it. 0 or -ENOMEM. */
int manifest_merge(struct manifest *into, struct manifest *child);

/* The later value wins where it was declared. Takes it out of *child. */
void manifest_take(char **into, char **child);

/* One repository over its namesake; push rules by field. */
int manifest_merge_repo(struct manifest_repo *into, struct manifest_repo *child);
void manifest_merge_push(struct manifest_push *into, struct manifest_push *child);

/* Limits by field; the later proxy as a whole. */
void manifest_merge_limits(struct policy_limits *into, const struct policy_limits *child);
void manifest_merge_proxy(struct manifest *into, struct manifest *child);

/* The checks of manifest_resolve that need all files. problems: as in operator_home. */
int manifest_check(const struct manifest *m, struct str *problems, struct err *e);

void manifest_done(struct manifest *m);
void manifest_route_done(struct manifest_route *r);
void manifest_repo_done(struct manifest_repo *r);
void manifest_push_done(struct manifest_push *p);
void manifest_agent_done(struct manifest_agent *a);

/* The readers of the larger keys; problems go into f. -ENOMEM only. */
int manifest_read_gate(struct frontmatter *f, struct yaml_node *gate, struct manifest *m);
int manifest_read_user(struct frontmatter *f, struct yaml_node *user, char **name, char **email);
int manifest_read_repo(struct frontmatter *f, struct yaml_node *n, struct manifest_repo *repo);
int manifest_read_push(struct frontmatter *f, struct yaml_node *push, struct manifest_push *ret);
int manifest_read_lfs(struct frontmatter *f, struct yaml_node *lfs, struct manifest_lfs *ret);
int manifest_read_key(struct frontmatter *f, struct yaml_node *key, struct manifest_key *ret);
int manifest_read_egress(struct frontmatter *f, struct yaml_node *egress, struct manifest *m);

/* matches or deny of a route. */
struct manifest_matchers {
	struct policy_matcher **list;
	size_t *n;
};
int manifest_read_matchers(
	struct frontmatter *f, struct yaml_node *list, const struct manifest_matchers *ret);

/* host: NAME, *.NAME, NAME:PORT; tcp: NAME:PORT. */
int manifest_read_host(struct frontmatter *f, const struct yaml_node *n, struct policy_route *r);
int manifest_read_tcp(struct frontmatter *f, const struct yaml_node *n, struct policy_route *r);

int manifest_read_auth(struct frontmatter *f, struct yaml_node *auth, struct manifest_route *route);
int manifest_read_proxy(struct frontmatter *f, struct yaml_node *proxy, struct manifest *m);

/* Limits of requests, or of what a tcp route lets pass. */
void manifest_read_limits(
	struct frontmatter *f, struct yaml_node *limits, struct policy_limits *ret);
void manifest_read_tcp_limits(
	struct frontmatter *f, struct yaml_node *limits, struct policy_limits *ret);

/* dlp NULL: what holds where nothing is said. r->host was read before. */
void manifest_read_dlp(struct frontmatter *f, struct yaml_node *dlp, struct policy_route *r);

/* Readers of single values; n or map may be NULL: absent. Problems go into f. -ENOMEM only. */

/* A string that is not empty; what *ret held is freed. */
int manifest_read_text(struct frontmatter *f, const struct yaml_node *n, char **ret);

/* The name of a secret: letters, digits, . _ - */
int manifest_read_secret(struct frontmatter *f, const struct yaml_node *n, char **ret);

/* A file of certificates, as PEM text. */
int manifest_read_pem(struct frontmatter *f, const struct yaml_node *n, char **ret_pem);

/* tls: {ca: FILE}: the PEM text of the file. */
int manifest_read_tls(struct frontmatter *f, struct yaml_node *tls, char **ret_pem);

/* Bytes: a number, or one with KiB, MiB, GiB behind it; from 1 to max. false: absent or wrong. */
bool manifest_read_size(
	struct frontmatter *f, const struct yaml_node *n, int64_t max, int64_t *ret);

enum manifest_said manifest_read_switch(struct frontmatter *f, const struct yaml_node *n);

/* A host name in lower case: letters, digits, - and _, in labels. */
bool manifest_host_ok(const char *host);

/* A copy with its ASCII letters in lower case; NULL: out of memory. */
char *manifest_lower(const char *text);

/* The name of a variable of the environment: letters, digits and _, no digit first. */
bool manifest_variable_ok(const char *name);

#endif
