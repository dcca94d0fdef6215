#ifndef BUNDLE_PLAN_PARTS_H
#define BUNDLE_PLAN_PARTS_H

#include "base/err.h"
#include "bundle/manifest.h"
#include "bundle/plan.h"

/* The steps of plan_build, a noun a file; private to plan*.c. Each has the contract of plan_build.
 */

/*
 * plan_select.c: which bottles, which agent. No bottle: an ordinary container. `home` is opened
 * only when an agent's manifest must be read.
 */
struct plan_selection {
	char **bottles;
	char *agent;
	struct manifest_agent who; /* of the agent, when there is one */
};
int plan_select(const struct plan_choice *choice, const struct oci *oci, struct operator_home *home,
	struct plan_selection *ret, struct err *e);
void plan_selection_done(struct plan_selection *s);

/* plan_refuse.c: what a bottle refuses (DESIGN: capabilities, namespaces, devices …). */
int plan_refuse(const struct oci *oci, struct err *e);
int plan_refuse_caps(const struct oci_process *process, struct err *e);

/*
 * plan_mounts.c: no mount shows the operator's things or the host's kernel files. Sources become
 * their real paths.
 */
int plan_refuse_mounts(
	struct oci *oci, const struct plan_bottle *b, const char *root, struct err *e);
/* Takes the mounts on /etc/hosts and /etc/resolv.conf out; remembers the latter's source. */
void plan_take_mounts(struct oci *oci, struct plan_bottle *b);

/* plan_seal.c: of each procfs and sysfs, what belongs to the machine is hidden or read-only. */
int plan_seal(struct oci *oci, struct err *e);

/* plan_network.c: user namespace, whose network, whom the sidecar asks for names. */
int plan_network(struct plan *p, enum plan_egress_mode mode, struct err *e);
int plan_user_namespace(struct oci *oci, struct err *e);

/* plan_slices.c: the manifest as gate and egress policy, and the secrets they need. */
int plan_slices(struct plan *p, struct manifest *m, struct err *e);

/* The egress process' alone; b->slug is there. Agent names are the caller's. -ENOMEM only. */
int plan_egress_slice(struct plan_bottle *b, struct manifest *m);

/* plan_gate.c: the gate's, and the deploy keys that its repositories want. -ENOMEM only. */
int plan_gate_slice(struct plan *p, struct manifest *m);

/* Copies *like. 0 or -ENOMEM. */
int plan_add_secret(struct plan_bottle *b, const struct plan_secret *like);

/*
 * The slot PREFIX0, PREFIX1, … of the named secret like->name: the one that it has already, or a
 * new one. *ret: caller frees. 0 or -ENOMEM.
 */
int plan_token_slot(
	struct plan_bottle *b, const char *prefix, const struct plan_secret *like, char **ret);

/*
 * The container's own host name, as far as it can stand in /etc/hosts and is not the sidecar's;
 * else NULL. Borrowed.
 */
const char *plan_agent_name(const struct oci *oci);

/* plan_files.c, plan_trust.c: what the agent finds in its file system. */
int plan_files(struct plan *p, struct err *e);
int plan_trust(struct plan *p, int rootfd, struct err *e);
/* plan_stores.c: … and what keeps roots of its own. pem: where the image has its bundle, or NULL.
 */
int plan_stores(struct plan *p, int rootfd, const char *pem, struct err *e);
int plan_add_file(struct plan_bottle *b, const struct plan_file *like, struct err *e);

/*
 * plan_gitconfig.c: the agent's system gitconfig, behind what the image has (NULL: nothing): who
 * commits, and every upstream's spellings led to the gate. 0 or -ENOMEM.
 */
int plan_gitconfig_text(const struct plan_bottle *b, const char *image, struct str *ret);

/* plan_env.c: what the agent finds in its environment. */
int plan_env(struct plan *p, const struct manifest *m, const char *id, struct err *e);
int plan_env_apply(struct oci_process *process, char *const *bottle_env);
/* Drops CAP_NET_RAW from every set. true when it was there. */
bool plan_drop_net_raw(struct oci_process *process);

/* A sentence for the operator. */
int plan_note(struct plan *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
