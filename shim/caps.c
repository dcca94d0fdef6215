#include "shim/caps.h"

#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/json.h"
#include "base/log.h"
#include "base/ptr.h"

#define BIT(n) (UINT64_C(1) << (n))

#define CAP(name) [CAP_##name] = "CAP_" #name

/*
 * Of capabilities(7). Not by libcap: a program that links it asks the kernel six questions before
 * main, in every command and again in the copy that it executes.
 */
static const char *const cap_names[] = {
	CAP(CHOWN),
	CAP(DAC_OVERRIDE),
	CAP(DAC_READ_SEARCH),
	CAP(FOWNER),
	CAP(FSETID),
	CAP(KILL),
	CAP(SETGID),
	CAP(SETUID),
	CAP(SETPCAP),
	CAP(LINUX_IMMUTABLE),
	CAP(NET_BIND_SERVICE),
	CAP(NET_BROADCAST),
	CAP(NET_ADMIN),
	CAP(NET_RAW),
	CAP(IPC_LOCK),
	CAP(IPC_OWNER),
	CAP(SYS_MODULE),
	CAP(SYS_RAWIO),
	CAP(SYS_CHROOT),
	CAP(SYS_PTRACE),
	CAP(SYS_PACCT),
	CAP(SYS_ADMIN),
	CAP(SYS_BOOT),
	CAP(SYS_NICE),
	CAP(SYS_RESOURCE),
	CAP(SYS_TIME),
	CAP(SYS_TTY_CONFIG),
	CAP(MKNOD),
	CAP(LEASE),
	CAP(AUDIT_WRITE),
	CAP(AUDIT_CONTROL),
	CAP(SETFCAP),
	CAP(MAC_OVERRIDE),
	CAP(MAC_ADMIN),
	CAP(SYSLOG),
	CAP(WAKE_ALARM),
	CAP(BLOCK_SUSPEND),
	CAP(AUDIT_READ),
	CAP(PERFMON),
	CAP(BPF),
	CAP(CHECKPOINT_RESTORE),
};

int caps_number(const char *name)
{
	for (size_t n = 0; n < ARRAY_LEN(cap_names); n++)
		if (strcasecmp(name, cap_names[n]) == 0)
			return (int)n;
	return -1;
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
	for (int n = 0; n < 64; n++) {
		if (caps->set[OCI_CAP_BOUNDING] & BIT(n))
			continue;
		if (prctl(PR_CAPBSET_DROP, n, 0, 0, 0) == 0)
			continue;
		/* One that the kernel does not know: it may know more than we do, but no more. */
		if (errno == EINVAL)
			break;
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

bool caps_will_have(const struct caps *caps, int capability)
{
	return (caps->set[OCI_CAP_EFFECTIVE] & caps->set[OCI_CAP_PERMITTED] & BIT(capability)) != 0;
}

static int get_permitted(uint64_t *ret, uint64_t *ret_inheritable, struct err *e)
{
	struct __user_cap_header_struct h = header();
	struct __user_cap_data_struct now[2];

	if (syscall(SYS_capget, &h, now) < 0)
		return err_set(e, errno, "read the capabilities");
	*ret = join(now[0].permitted, now[1].permitted);
	*ret_inheritable = join(now[0].inheritable, now[1].inheritable);
	return 0;
}

int caps_raise(struct err *e)
{
	uint64_t permitted, inheritable;
	int r = get_permitted(&permitted, &inheritable, e);

	if (r < 0)
		return r;
	r = set_all(permitted, permitted, inheritable);
	return r < 0 ? err_set(e, -r, "raise the capabilities") : 0;
}

static int set_ambient(uint64_t set, struct err *e)
{
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return err_set(e, errno, "clear the ambient capabilities");
	for (int n = 0; n < (int)ARRAY_LEN(cap_names); n++) {
		if (!(set & BIT(n)))
			continue;
		if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, n, 0, 0) < 0)
			return err_set(e, errno, "raise ambient capability %d", n);
	}
	return 0;
}

int caps_apply(const struct caps *caps, struct err *e)
{
	uint64_t have, permitted, inheritable;
	int r = get_permitted(&have, &inheritable, e);

	if (r < 0)
		return r;
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

	for (int n = 0; list && n < (int)ARRAY_LEN(cap_names); n++)
		if (prctl(PR_CAPBSET_READ, n, 0, 0, 0) >= 0)
			json_array_append_new(list, json_string(cap_names[n]));
	return steal_ptr(&list);
}
