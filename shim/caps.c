#include "shim/caps.h"

#include <ctype.h>
#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/json.h"
#include "base/log.h"
#include "base/ptr.h"

#define BIT(n) (UINT64_C(1) << (n))

int caps_number(const char *name)
{
	char lower[64];
	cap_value_t value;
	size_t n = strlen(name);

	if (n >= sizeof(lower))
		return -1;
	for (size_t i = 0; i <= n; i++)
		lower[i] = (char)tolower((unsigned char)name[i]);
	/* libcap also takes bare numbers, which config.json does not know. */
	if (strncmp(lower, "cap_", 4) != 0 || cap_from_name(lower, &value) < 0)
		return -1;
	return value < cap_max_bits() ? (int)value : -1;
}

static void resolve_set(char *const *names, uint64_t *ret)
{
	*ret = 0;
	for (; names && *names; names++) {
		int n = caps_number(*names);

		if (n < 0)
			log_warning("ignoring unknown or unavailable capability '%s'", *names);
		else
			*ret |= BIT(n);
	}
}

int caps_resolve(const struct oci_process *process, struct caps *ret, struct err *e)
{
	memset(ret, 0, sizeof(*ret));
	if (!process)
		return err_say(e, EINVAL, "capabilities of no process were asked for");
	for (int i = 0; i < OCI_CAP_SETS; i++)
		resolve_set(process->caps[i], &ret->set[i]);
	return 0;
}

int caps_drop_bounding(const struct caps *caps, struct err *e)
{
	for (int n = 0; n < cap_max_bits(); n++) {
		if (caps->set[OCI_CAP_BOUNDING] & BIT(n))
			continue;
		if (prctl(PR_CAPBSET_DROP, n, 0, 0, 0) < 0)
			return err_set(e, errno, "drop capability %d from the bounding set", n);
	}
	return 0;
}

int caps_keep_over_setuid(struct err *e)
{
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
		return err_set(e, errno, "keep capabilities over the change of user");
	return 0;
}

static struct __user_cap_header_struct header(void)
{
	return (struct __user_cap_header_struct){.version = _LINUX_CAPABILITY_VERSION_3};
}

static uint64_t join(uint32_t low, uint32_t high)
{
	return (uint64_t)high << 32 | low;
}

static int set_all(uint64_t effective, uint64_t permitted, uint64_t inheritable)
{
	struct __user_cap_header_struct h = header();
	struct __user_cap_data_struct d[2] = {
		{(uint32_t)effective, (uint32_t)permitted, (uint32_t)inheritable},
		{(uint32_t)(effective >> 32), (uint32_t)(permitted >> 32),
			(uint32_t)(inheritable >> 32)},
	};

	return syscall(SYS_capset, &h, d) < 0 ? -errno : 0;
}

static int set_ambient(uint64_t set, struct err *e)
{
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return err_set(e, errno, "clear the ambient capabilities");
	for (int n = 0; n < cap_max_bits(); n++) {
		if (!(set & BIT(n)))
			continue;
		if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, n, 0, 0) < 0)
			return err_set(e, errno, "raise ambient capability %d", n);
	}
	return 0;
}

int caps_apply(const struct caps *caps, struct err *e)
{
	struct __user_cap_header_struct h = header();
	struct __user_cap_data_struct now[2];
	uint64_t have, permitted, inheritable;
	int r;

	if (syscall(SYS_capget, &h, now) < 0)
		return err_set(e, errno, "read the capabilities");
	have = join(now[0].permitted, now[1].permitted);
	permitted = caps->set[OCI_CAP_PERMITTED] & have;
	inheritable = caps->set[OCI_CAP_INHERITABLE] & have;
	r = set_all(caps->set[OCI_CAP_EFFECTIVE] & permitted, permitted, inheritable);
	if (r < 0)
		return err_set(e, -r, "set the capabilities");
	/* An ambient capability must be permitted and inheritable; others would be refused. */
	return set_ambient(caps->set[OCI_CAP_AMBIENT] & permitted & inheritable, e);
}

json_t *caps_names(void)
{
	cleanup_json json_t *list = json_array();

	for (int n = 0; list && n < cap_max_bits(); n++) {
		char *lower = cap_to_name(n);
		char upper[64];
		size_t i = 0;

		/* A capability that only the kernel knows has a number for a name. */
		if (!lower || strncmp(lower, "cap_", 4) != 0) {
			cap_free(lower);
			continue;
		}
		for (; lower[i] && i + 1 < sizeof(upper); i++)
			upper[i] = (char)toupper((unsigned char)lower[i]);
		upper[i] = '\0';
		cap_free(lower);
		json_array_append_new(list, json_string(upper));
	}
	return steal_ptr(&list);
}
