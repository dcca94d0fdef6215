#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/ptr.h"
#include "bundle/plan_parts.h"

/* Whose network the sidecar gets, whom it asks for names, and the agent's user namespace. */

#define RESOLV_CONF	"/etc/resolv.conf"
#define RESOLV_UPSTREAM "/run/systemd/resolve/resolv.conf"

/* Docker before 26 attaches its network from such a hook. */
static bool has_libnetwork_hook(const struct oci *oci)
{
	static const enum oci_hook_kind kinds[] = {OCI_HOOK_PRESTART, OCI_HOOK_CREATE_RUNTIME};

	for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
		const struct oci_hooks *hooks = &oci->hooks[kinds[k]];

		for (size_t i = 0; i < hooks->n; i++)
			if (strv_has(hooks->list[i].args, "libnetwork-setkey"))
				return true;
	}
	return false;
}

/* Whether every server of a resolv.conf is on the loopback, i.e. a stub of the host's own. */
static bool only_loopback(const char *path)
{
	cleanup_free char *data = NULL;
	bool any = false;
	struct err ignored;
	char *rest, *line;
	size_t len;

	if (fd_read_file(AT_FDCWD, path, 1U << 20, &data, &len, &ignored) < 0)
		return false;
	rest = data;
	while ((line = strsep(&rest, "\n"))) {
		if (!str_starts(line, "nameserver"))
			continue;
		line += strlen("nameserver");
		line += strspn(line, " \t");
		if (!str_starts(line, "127.") && !str_starts(line, "::1"))
			return false;
		any = true;
	}
	return any;
}

/* Without an engine's own: the host's, and where that is a stub, the servers behind it. */
static int choose_resolv_conf(struct plan *p, struct err *e)
{
	struct plan_bottle *b = p->bottle;
	const char *path = RESOLV_CONF;

	if (b->resolv_conf)
		return 0;
	if (only_loopback(RESOLV_CONF)) {
		if (access(RESOLV_UPSTREAM, R_OK) == 0)
			path = RESOLV_UPSTREAM;
		else if (plan_note(p,
				 "every name server of " RESOLV_CONF " is on the loopback: the "
				 "sidecar cannot reach it") < 0)
			return err_set(e, ENOMEM, "choose a resolv.conf");
	}
	b->resolv_conf = strdup(path);
	return b->resolv_conf ? 0 : err_set(e, ENOMEM, "choose a resolv.conf");
}

int plan_network(struct plan *p, enum plan_egress_mode mode, struct err *e)
{
	struct oci_namespace *ns = &p->oci->ns[OCI_NS_NET];
	struct plan_bottle *b = p->bottle;
	bool ours = mode == PLAN_EGRESS_BRIDGE || mode == PLAN_EGRESS_NONE;

	b->egress_mode = mode;
	b->engine_network = !ours && (ns->path || has_libnetwork_hook(p->oci));
	if (ours && ns->path &&
		plan_note(p, "the engine's network %s stays unused: --egress names another",
			ns->path) < 0)
		return err_set(e, ENOMEM, "choose the network");
	/* The namespace that the engine fills is the sidecar's; the agent's is always new. */
	if (!ours)
		b->netns_path = steal_ptr(&ns->path);
	free(ns->path);
	ns->path = NULL;
	return choose_resolv_conf(p, e);
}

static bool maps_components(const struct oci_id_map *maps, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t first = maps[i].host_id, end = first + maps[i].size;

		if (first < PLAN_COMPONENT_UID_END && end > PLAN_COMPONENT_UID_FIRST)
			return true;
	}
	return false;
}

/* Every id as itself, but for those of the components. */
static int identity(struct oci_id_map **ret, size_t *n)
{
	static const struct oci_id_map all[] = {
		{0, 0, PLAN_COMPONENT_UID_FIRST},
		{PLAN_COMPONENT_UID_END, PLAN_COMPONENT_UID_END,
			UINT32_MAX - PLAN_COMPONENT_UID_END},
	};

	/* An empty list in config.json is a list, too. */
	free(*ret);
	*ret = calloc(ARRAY_LEN(all), sizeof(**ret));
	if (!*ret)
		return -ENOMEM;
	memcpy(*ret, all, sizeof(all));
	*n = ARRAY_LEN(all);
	return 0;
}

int plan_clamp_ping_groups(char **sysctl, uint32_t end)
{
	static const char key[] = "net.ipv4.ping_group_range=";
	unsigned long first, last;

	for (; sysctl && *sysctl; sysctl++) {
		char *clamped;

		if (!str_starts(*sysctl, key) ||
			sscanf(*sysctl + strlen(key), "%lu %lu", &first, &last) != 2 ||
			first >= end || last < end || last >= PLAN_COMPONENT_UID_END)
			continue;
		clamped = str_format("%s%lu %u", key, first, end - 1);
		if (!clamped)
			return -ENOMEM;
		free(*sysctl);
		*sysctl = clamped;
	}
	return 0;
}

int plan_user_namespace(struct oci *oci, struct err *e)
{
	bool mapped = oci->n_gid_maps > 0;

	oci->ns[OCI_NS_USER].present = true;
	if (maps_components(oci->uid_maps, oci->n_uid_maps) ||
		maps_components(oci->gid_maps, oci->n_gid_maps))
		return err_say(e, EPERM,
			"linux.uidMappings, linux.gidMappings: a bottle keeps the host's ids from "
			"%u to %u for its sidecar; map others",
			PLAN_COMPONENT_UID_FIRST, PLAN_COMPONENT_UID_END - 1);
	if ((!oci->n_uid_maps && identity(&oci->uid_maps, &oci->n_uid_maps) < 0) ||
		(!mapped && identity(&oci->gid_maps, &oci->n_gid_maps) < 0) ||
		(!mapped && plan_clamp_ping_groups(oci->sysctl, PLAN_COMPONENT_UID_FIRST) < 0))
		return err_set(e, ENOMEM, "map ids");
	return 0;
}
