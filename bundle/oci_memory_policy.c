#include <errno.h>
#include <linux/mempolicy.h>
#include <stdlib.h>

#include "base/ptr.h"
#include "bundle/oci_read.h"
#include "bundle/oci_words.h"

/* linux.memoryPolicy. Which modes go with which flags and nodes is the kernel's to say. */

static const struct oci_word mode_list[] = {
	{"MPOL_DEFAULT", MPOL_DEFAULT},
	{"MPOL_BIND", MPOL_BIND},
	{"MPOL_INTERLEAVE", MPOL_INTERLEAVE},
	{"MPOL_WEIGHTED_INTERLEAVE", 6}, /* Linux 6.9; not in older headers */
	{"MPOL_PREFERRED", MPOL_PREFERRED},
	{"MPOL_PREFERRED_MANY", MPOL_PREFERRED_MANY},
	{"MPOL_LOCAL", MPOL_LOCAL},
};

static const struct oci_word flag_list[] = {
	{"MPOL_F_NUMA_BALANCING", MPOL_F_NUMA_BALANCING},
	{"MPOL_F_RELATIVE_NODES", MPOL_F_RELATIVE_NODES},
	{"MPOL_F_STATIC_NODES", MPOL_F_STATIC_NODES},
};

static const struct oci_words modes = {"memory policy", mode_list, ARRAY_LEN(mode_list)};
static const struct oci_words flags = {"flag of a memory policy", flag_list, ARRAY_LEN(flag_list)};

json_t *oci_memory_policy_modes(void)
{
	return oci_words_json(&modes);
}

json_t *oci_memory_policy_flags(void)
{
	return oci_words_json(&flags);
}

const char *oci_memory_policy_name(const struct oci_memory_policy *m)
{
	return oci_words_name(&modes, m->mode);
}

int oci_read_memory_policy(const struct json_at *up, struct oci *oci, struct err *e)
{
	struct oci_memory_policy *m;
	struct json_at at;
	int r = json_member(up, "memoryPolicy", JSON_OBJECT, &at, e);

	if (r <= 0)
		return r;
	m = oci->memory_policy = calloc(1, sizeof(*m));
	if (!m)
		return err_set(e, ENOMEM, "read memoryPolicy");
	r = oci_words_need(&at, "mode", &modes, &m->mode, e);
	if (r >= 0)
		r = oci_words_flags(&at, "flags", &flags, &m->flags, e);
	return r < 0 ? r : oci_read_ranges(&at, "nodes", &m->nodes, e);
}
