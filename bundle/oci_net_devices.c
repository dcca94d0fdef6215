#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "base/ptr.h"
#include "base/str.h"
#include "bundle/oci_read.h"

/* linux.netDevices: devices of the host that move into the container's network namespace. */

void oci_free_net_devices(struct oci *oci)
{
	for (size_t i = 0; i < oci->n_net_devices; i++) {
		free(oci->net_devices[i].host);
		free(oci->net_devices[i].name);
	}
	free(oci->net_devices);
}

/* As the kernel's dev_valid_name. */
static bool is_device_name(const char *name)
{
	return *name && strlen(name) < IFNAMSIZ && !str_eq(name, ".") && !str_eq(name, "..") &&
	       !strpbrk(name, "/: \t\n\v\f\r");
}

/* A name for the container may be a template, with one "%d" for a number of the kernel's choice. */
static bool is_new_name(const char *name)
{
	const char *percent = strchr(name, '%');

	if (!is_device_name(name))
		return false;
	return !percent || (percent[1] == 'd' && !strchr(percent + 1, '%'));
}

static int read_one(const struct json_at *map, const char *host, struct oci *oci, struct err *e)
{
	struct oci_net_device *d = &oci->net_devices[oci->n_net_devices];
	struct json_at at;
	int r = json_member(map, host, JSON_OBJECT, &at, e);

	if (r <= 0)
		return r;
	if (!is_device_name(host) || strchr(host, '%'))
		return json_err(map, EINVAL, e, "'%s' is no name of a network device", host);
	oci->n_net_devices++;
	d->host = strdup(host);
	if (!d->host)
		return err_set(e, ENOMEM, "read netDevices");
	r = json_get_str(&at, "name", &d->name, e);
	if (r >= 0 && (!d->name || !*d->name)) {
		free(d->name);
		d->name = strdup(host);
	}
	if (r >= 0 && !d->name)
		return err_set(e, ENOMEM, "read netDevices");
	if (r >= 0 && !is_new_name(d->name))
		return json_err(
			&at, EINVAL, e, "name: '%s' is no name of a network device", d->name);
	return r;
}

static int check_names(const struct json_at *map, const struct oci *oci, struct err *e)
{
	for (size_t i = 0; i < oci->n_net_devices; i++)
		for (size_t k = 0; k < i; k++)
			if (!strchr(oci->net_devices[i].name, '%') &&
				str_eq(oci->net_devices[i].name, oci->net_devices[k].name))
				return json_err(map, EINVAL, e,
					"%s and %s would both be '%s' in the container",
					oci->net_devices[k].host, oci->net_devices[i].host,
					oci->net_devices[i].name);
	return 0;
}

int oci_read_net_devices(const struct json_at *at, struct oci *oci, struct err *e)
{
	struct json_at map;
	const char *host;
	json_t *j;
	int r = json_member(at, "netDevices", JSON_OBJECT, &map, e);

	if (r <= 0)
		return r;
	if (json_count(&map) > JSON_LIST_MAX)
		return json_err(&map, E2BIG, e, "more than %d members", JSON_LIST_MAX);
	oci->net_devices = calloc(json_count(&map) + 1, sizeof(*oci->net_devices));
	if (!oci->net_devices)
		return err_set(e, ENOMEM, "read netDevices");
	json_object_foreach (map.j, host, j) {
		r = read_one(&map, host, oci, e);
		if (r < 0)
			return r;
	}
	if (oci->n_net_devices && !oci->ns[OCI_NS_NET].present)
		return json_err(&map, EINVAL, e,
			"devices cannot be moved without a network namespace of the container's: "
			"linux.namespaces needs one of type \"network\"");
	return check_names(&map, oci, e);
}
