#ifndef BUNDLE_MANIFEST_H
#define BUNDLE_MANIFEST_H

#include <stdbool.h>

#include "base/err.h"
#include "bundle/frontmatter.h"
#include "bundle/policy.h"

/*
 * What bottle and agent manifests say (bottle-manifest(5)), as far as declared, and their merge.
 * Private to bundle/: the plan is what others see.
 */

struct manifest_repo {
	char *name;
	char *url, *host_key; /* NULL: not declared in this file */
	char *identity;	      /* path of the key file */
	char **extra_hosts;   /* "host=address" */
	char *where;	      /* "FILE:LINE", for messages after the merge */
};

struct manifest_route {
	struct policy_route route; /* without auth_slot */
	char *where;
};

struct manifest {
	char **extends;
	char **env;
	char *user_name, *user_email;
	bool clears_repos; /* repos: {} */
	struct manifest_repo *repos;
	size_t n_repos;
	struct manifest_route *routes;
	size_t n_routes;
	bool has_log;
	int log;
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

/* The checks of manifest_resolve that need all files. */
int manifest_check(const struct manifest *m, struct err *e);

void manifest_done(struct manifest *m);
void manifest_agent_done(struct manifest_agent *a);

/* The readers of the larger keys; problems go into f. -ENOMEM only. */
int manifest_read_gate(struct frontmatter *f, struct yaml_node *gate, struct manifest *m);
int manifest_read_user(struct frontmatter *f, struct yaml_node *user, char **name, char **email);
int manifest_read_egress(struct frontmatter *f, struct yaml_node *egress, struct manifest *m);
int manifest_read_matches(
	struct frontmatter *f, struct yaml_node *matches, struct policy_route *ret);

/* dlp NULL: what holds where nothing is said. r->host was read before. */
void manifest_read_dlp(struct frontmatter *f, struct yaml_node *dlp, struct policy_route *r);

/* A host name in lower case: letters, digits, - and _, in labels. */
bool manifest_host_ok(const char *host);

#endif
