#ifndef SHIM_CGROUP_PROPERTIES_H
#define SHIM_CGROUP_PROPERTIES_H

#include <jansson.h>
#include <stdbool.h>

#include "base/err.h"
#include "bundle/oci.h"

/*
 * Limits in systemd's words (systemd.resource-control(5), org.freedesktop.systemd1(5)), so that
 * what systemd writes by itself, on a daemon-reload for one, is what was asked for. A property is
 * {"name", "type", "value", "optional"}: type is a D-Bus signature; optional ones are left out
 * where this systemd does not know them.
 */

/* Appends what res asks for; v2: the unified hierarchy is the only one. */
void cgroup_properties_limits(json_t *list, const struct oci_resources *res, bool v2);

/* The device rules, which systemd sets anew itself on v1 (on v2 it leaves our program alone). */
int cgroup_properties_devices(json_t *list, const struct oci_resources *res, struct err *e);

/*
 * The annotations org.systemd.property.NAME=VALUE, with VALUE as in shim/variant.h; a NAME in "Sec"
 * is told in microseconds as NAME in "USec". -EINVAL names the annotation.
 */
int cgroup_properties_annotations(json_t *list, char *const *annotations, struct err *e);

/* For the caller's own ones; takes value. */
void cgroup_properties_add(json_t *list, const char *name, const char *type, json_t *value);

#endif
