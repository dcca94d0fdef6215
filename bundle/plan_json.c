#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/ptr.h"
#include "bundle/plan_parts.h"

/*
 * What `bottle-shim plan` prints. What no bottle changes is taken from config.json itself; values
 * of secrets are not in a plan, and the canary's is left out.
 */

static int put(json_t *j, const char *key, json_t *value)
{
	return json_object_set_new(j, key, value);
}

/* A part of config.json as it stood there, when it is there. */
static int put_part(json_t *j, const char *key, json_t *part)
{
	return part ? json_object_set(j, key, part) : 0;
}

static json_t *env_to_json(char *const *env, const char *canary)
{
	cleanup_json json_t *list = json_array();

	for (size_t i = 0; list && env && env[i]; i++) {
		size_t len = strcspn(env[i], "=");
		bool hide = canary && strlen(canary) == len && strncmp(env[i], canary, len) == 0;

		if (json_array_append_new(list,
			    hide ? json_sprintf("%s=(random)", canary) : json_string(env[i])) < 0)
			return NULL;
	}
	return steal_ptr(&list);
}

static json_t *caps_to_json(const struct oci_process *p)
{
	static const char *const names[OCI_CAP_SETS] = {
		[OCI_CAP_BOUNDING] = "bounding",
		[OCI_CAP_EFFECTIVE] = "effective",
		[OCI_CAP_INHERITABLE] = "inheritable",
		[OCI_CAP_PERMITTED] = "permitted",
		[OCI_CAP_AMBIENT] = "ambient",
	};
	cleanup_json json_t *j = json_object();

	for (int i = 0; j && i < OCI_CAP_SETS; i++)
		if (p->caps[i] && put(j, names[i], json_from_strv(p->caps[i])) < 0)
			return NULL;
	return steal_ptr(&j);
}

static json_t *process_to_json(const struct oci *oci, const char *canary)
{
	const struct oci_process *p = oci->process;
	json_t *from = json_object_get(oci->json, "process");
	cleanup_json json_t *j = json_pack("{s:b, s:s, s:b}", "terminal", (int)p->terminal, "cwd",
		p->cwd, "noNewPrivileges", (int)p->no_new_privileges);

	if (!j || put(j, "args", json_from_strv(p->args)) < 0 ||
		put(j, "env", env_to_json(p->env, canary)) < 0 ||
		(p->has_caps && put(j, "capabilities", caps_to_json(p)) < 0) ||
		put_part(j, "user", json_object_get(from, "user")) < 0 ||
		put_part(j, "rlimits", json_object_get(from, "rlimits")) < 0 ||
		put_part(j, "oomScoreAdj", json_object_get(from, "oomScoreAdj")) < 0 ||
		put_part(j, "apparmorProfile", json_object_get(from, "apparmorProfile")) < 0 ||
		put_part(j, "selinuxLabel", json_object_get(from, "selinuxLabel")) < 0)
		return NULL;
	return steal_ptr(&j);
}

static json_t *mounts_to_json(const struct oci *oci)
{
	cleanup_json json_t *list = json_array();

	for (size_t i = 0; list && i < oci->n_mounts; i++) {
		const struct oci_mount *m = &oci->mounts[i];
		json_t *j = json_pack("{s:s, s:s*, s:s*}", "destination", m->destination, "type",
			m->type, "source", m->source);

		if (json_array_append_new(list, j) < 0 ||
			(m->options && put(j, "options", json_from_strv(m->options)) < 0))
			return NULL;
	}
	return steal_ptr(&list);
}

static json_t *maps_to_json(const struct oci_id_map *maps, size_t n)
{
	cleanup_json json_t *list = json_array();

	for (size_t i = 0; list && i < n; i++)
		if (json_array_append_new(list, json_pack("{s:I, s:I, s:I}", "containerID",
							(json_int_t)maps[i].container_id, "hostID",
							(json_int_t)maps[i].host_id, "size",
							(json_int_t)maps[i].size)) < 0)
			return NULL;
	return steal_ptr(&list);
}

static json_t *namespaces_to_json(const struct oci *oci)
{
	static const char *const names[OCI_NS_COUNT] = {
		[OCI_NS_MOUNT] = "mount",
		[OCI_NS_PID] = "pid",
		[OCI_NS_NET] = "network",
		[OCI_NS_IPC] = "ipc",
		[OCI_NS_UTS] = "uts",
		[OCI_NS_USER] = "user",
		[OCI_NS_CGROUP] = "cgroup",
		[OCI_NS_TIME] = "time",
	};
	cleanup_json json_t *j = json_object();

	for (int i = 0; j && i < OCI_NS_COUNT; i++)
		if (oci->ns[i].present &&
			put(j, names[i], json_string(oci->ns[i].path ? oci->ns[i].path : "new")) <
				0)
			return NULL;
	return steal_ptr(&j);
}

/* "key=value" entries as an object. */
static json_t *pairs_to_json(char *const *pairs)
{
	cleanup_json json_t *j = json_object();

	for (size_t i = 0; j && pairs && pairs[i]; i++) {
		size_t len = strcspn(pairs[i], "=");

		if (json_object_setn_new(j, pairs[i], len, json_string(pairs[i] + len + 1)) < 0)
			return NULL;
	}
	return steal_ptr(&j);
}

static json_t *linux_to_json(const struct oci *oci)
{
	static const char *const as_is[] = {"devices", "cgroupsPath", "resources",
		"rootfsPropagation", "mountLabel", "personality", "timeOffsets"};
	json_t *from = json_object_get(oci->json, "linux");
	cleanup_json json_t *j = json_object();

	if (!j || put(j, "namespaces", namespaces_to_json(oci)) < 0 ||
		put(j, "uidMappings", maps_to_json(oci->uid_maps, oci->n_uid_maps)) < 0 ||
		put(j, "gidMappings", maps_to_json(oci->gid_maps, oci->n_gid_maps)) < 0)
		return NULL;
	for (size_t i = 0; i < ARRAY_LEN(as_is); i++)
		if (put_part(j, as_is[i], json_object_get(from, as_is[i])) < 0)
			return NULL;
	if ((oci->masked_paths && put(j, "maskedPaths", json_from_strv(oci->masked_paths)) < 0) ||
		(oci->readonly_paths &&
			put(j, "readonlyPaths", json_from_strv(oci->readonly_paths)) < 0))
		return NULL;
	if (oci->sysctl && put(j, "sysctl", pairs_to_json(oci->sysctl)) < 0)
		return NULL;
	/* The rules would bury the rest. */
	if (oci->seccomp &&
		put(j, "seccomp",
			json_pack("{s:s, s:I}", "defaultAction", oci->seccomp->default_action,
				"rules", (json_int_t)oci->seccomp->n_rules)) < 0)
		return NULL;
	return steal_ptr(&j);
}

static json_t *container_to_json(const struct plan *p)
{
	const struct oci *oci = p->oci;
	const char *canary = p->bottle ? p->bottle->canary : NULL;
	cleanup_json json_t *j = json_pack("{s:s, s:s, s:{s:s, s:b}, s:s*, s:s*}", "ociVersion",
		oci->oci_version, "bundle", oci->bundle, "root", "path", oci->root_path, "readonly",
		(int)oci->root_readonly, "hostname", oci->hostname, "domainname", oci->domainname);

	if (!j || (oci->process && put(j, "process", process_to_json(oci, canary)) < 0) ||
		put(j, "mounts", mounts_to_json(oci)) < 0 ||
		put(j, "linux", linux_to_json(oci)) < 0 ||
		put_part(j, "hooks", json_object_get(oci->json, "hooks")) < 0 ||
		put_part(j, "annotations", json_object_get(oci->json, "annotations")) < 0)
		return NULL;
	return steal_ptr(&j);
}

/* What is made when the bottle's CA is there. */
static const char *const made_later[] = {
	[PLAN_FILE_ROOTS] = "(trust bundle)",
	[PLAN_FILE_JAVA_ROOTS] = "(trust bundle, for Java)",
	[PLAN_FILE_CHROMIUM] = "(managed policy of Chromium)",
};

static json_t *files_to_json(const struct plan_bottle *b)
{
	cleanup_json json_t *list = json_array();

	for (size_t i = 0; list && i < b->n_files; i++) {
		const struct plan_file *f = &b->files[i];

		if (json_array_append_new(list,
			    json_pack("{s:s, s:s*, s:s*, s:s, s:s}", "path", f->path, "fallback",
				    f->fallback, "env", f->env, "mode",
				    f->mode == 0444 ? "0444" : "0400", "text",
				    f->kind == PLAN_FILE_TEXT ? f->text : made_later[f->kind])) < 0)
			return NULL;
	}
	return steal_ptr(&list);
}

static json_t *secrets_to_json(const struct plan_bottle *b)
{
	cleanup_json json_t *list = json_array();

	for (size_t i = 0; list && i < b->n_secrets; i++) {
		const struct plan_secret *s = &b->secrets[i];

		if (json_array_append_new(list,
			    json_pack("{s:s, s:s, s:b, s:b, s:b, s:b}", "slot", s->slot, "name",
				    s->name, "is_file", (int)s->is_file, "to_gate", (int)s->to_gate,
				    "to_egress", (int)s->to_egress, "to_scan", (int)s->to_scan)) <
			0)
			return NULL;
	}
	return steal_ptr(&list);
}

static json_t *network_to_json(const struct plan_bottle *b)
{
	static const char *const modes[] = {
		[PLAN_EGRESS_AUTO] = "auto",
		[PLAN_EGRESS_ENGINE] = "engine",
		[PLAN_EGRESS_BRIDGE] = "bridge",
		[PLAN_EGRESS_NONE] = "none",
	};

	return json_pack("{s:s, s:b, s:s*, s:s*, s:s, s:s}", "egress", modes[b->egress_mode],
		"engine", (int)b->engine_network, "netns_path", b->netns_path, "resolv_conf",
		b->resolv_conf, "sidecar_address", PLAN_SIDECAR_ADDRESS, "agent_address",
		PLAN_AGENT_ADDRESS);
}

static json_t *bottle_to_json(const struct plan_bottle *b)
{
	cleanup_json json_t *j = json_pack("{s:s, s:s*, s:s, s:s, s:s*, s:s*}", "slug", b->slug,
		"agent", b->agent_name, "home", b->home, "state_home", b->state_home, "canary",
		b->canary, "rules", b->rules_name);

	if (!j || put(j, "bottles", json_from_strv(b->bottle_names)) < 0 ||
		put(j, "gate", policy_gate_to_json(&b->gate)) < 0 ||
		put(j, "egress", policy_egress_to_json(&b->egress)) < 0 ||
		put(j, "network", network_to_json(b)) < 0 ||
		put(j, "env", env_to_json(b->env, b->canary)) < 0 ||
		put(j, "files", files_to_json(b)) < 0 ||
		put(j, "secrets", secrets_to_json(b)) < 0 ||
		put(j, "deploy_keys", plan_deploy_keys_to_json(b->deploy_keys, b->n_deploy_keys)) <
			0)
		return NULL;
	return steal_ptr(&j);
}

json_t *plan_to_json(const struct plan *p)
{
	cleanup_json json_t *j = json_object();

	if (!j || put(j, "container", container_to_json(p)) < 0 ||
		put(j, "bottle", p->bottle ? bottle_to_json(p->bottle) : json_null()) < 0 ||
		put(j, "notes", json_from_strv(p->notes)) < 0)
		return NULL;
	return steal_ptr(&j);
}
