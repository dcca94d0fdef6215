#include "shim/seccomp_names.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/ptr.h"
#include "base/str.h"

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

/* A filter's errno has 12 bits (the kernel cuts it to MAX_ERRNO), a tracer's message 16. */
static const struct {
	const char *name;
	uint32_t action;
	uint32_t errno_max; /* 0: has none */
} actions[] = {
	{"SCMP_ACT_ALLOW", SCMP_ACT_ALLOW, 0},
	{"SCMP_ACT_ERRNO", SCMP_ACT_ERRNO(0), 4095},
	{"SCMP_ACT_KILL", SCMP_ACT_KILL_THREAD, 0},
	{"SCMP_ACT_KILL_PROCESS", SCMP_ACT_KILL_PROCESS, 0},
	{"SCMP_ACT_KILL_THREAD", SCMP_ACT_KILL_THREAD, 0},
	{"SCMP_ACT_LOG", SCMP_ACT_LOG, 0},
	{"SCMP_ACT_NOTIFY", SCMP_ACT_NOTIFY, 0},
	{"SCMP_ACT_TRACE", SCMP_ACT_TRACE(0), 65535},
	{"SCMP_ACT_TRAP", SCMP_ACT_TRAP, 0},
};

static const struct {
	const char *name;
	enum scmp_compare op;
} operators[] = {
	{"SCMP_CMP_EQ", SCMP_CMP_EQ},
	{"SCMP_CMP_GE", SCMP_CMP_GE},
	{"SCMP_CMP_GT", SCMP_CMP_GT},
	{"SCMP_CMP_LE", SCMP_CMP_LE},
	{"SCMP_CMP_LT", SCMP_CMP_LT},
	{"SCMP_CMP_MASKED_EQ", SCMP_CMP_MASKED_EQ},
	{"SCMP_CMP_NE", SCMP_CMP_NE},
};

/* The specification's list, as far as the libseccomp that we are built with knows it. */
static const struct {
	const char *name;
	uint32_t arch;
} archs[] = {
	{"SCMP_ARCH_AARCH64", SCMP_ARCH_AARCH64},
	{"SCMP_ARCH_ARM", SCMP_ARCH_ARM},
#ifdef SCMP_ARCH_LOONGARCH64
	{"SCMP_ARCH_LOONGARCH64", SCMP_ARCH_LOONGARCH64},
#endif
#ifdef SCMP_ARCH_M68K
	{"SCMP_ARCH_M68K", SCMP_ARCH_M68K},
#endif
	{"SCMP_ARCH_MIPS", SCMP_ARCH_MIPS},
	{"SCMP_ARCH_MIPS64", SCMP_ARCH_MIPS64},
	{"SCMP_ARCH_MIPS64N32", SCMP_ARCH_MIPS64N32},
	{"SCMP_ARCH_MIPSEL", SCMP_ARCH_MIPSEL},
	{"SCMP_ARCH_MIPSEL64", SCMP_ARCH_MIPSEL64},
	{"SCMP_ARCH_MIPSEL64N32", SCMP_ARCH_MIPSEL64N32},
	{"SCMP_ARCH_PARISC", SCMP_ARCH_PARISC},
	{"SCMP_ARCH_PARISC64", SCMP_ARCH_PARISC64},
	{"SCMP_ARCH_PPC", SCMP_ARCH_PPC},
	{"SCMP_ARCH_PPC64", SCMP_ARCH_PPC64},
	{"SCMP_ARCH_PPC64LE", SCMP_ARCH_PPC64LE},
	{"SCMP_ARCH_RISCV64", SCMP_ARCH_RISCV64},
	{"SCMP_ARCH_S390", SCMP_ARCH_S390},
	{"SCMP_ARCH_S390X", SCMP_ARCH_S390X},
#ifdef SCMP_ARCH_SH
	{"SCMP_ARCH_SH", SCMP_ARCH_SH},
#endif
#ifdef SCMP_ARCH_SHEB
	{"SCMP_ARCH_SHEB", SCMP_ARCH_SHEB},
#endif
	{"SCMP_ARCH_X32", SCMP_ARCH_X32},
	{"SCMP_ARCH_X86", SCMP_ARCH_X86},
	{"SCMP_ARCH_X86_64", SCMP_ARCH_X86_64},
};

/*
 * TSYNC is accepted and means nothing here: the filter is loaded by a process of one thread (and
 * the kernel refuses it together with a listener).
 */
static const struct {
	const char *name;
	unsigned int flag;
	unsigned int asked_with; /* flags that the kernel wants beside it */
} flags[] = {
	{"SECCOMP_FILTER_FLAG_TSYNC", 0, 0},
	{"SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG, 0},
	{"SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW, 0},
	{"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV,
		SECCOMP_FILTER_FLAG_NEW_LISTENER},
};

int seccomp_find_action(const char *name, const uint32_t *errno_ret, uint32_t *ret, struct err *e)
{
	for (size_t i = 0; i < ARRAY_LEN(actions); i++) {
		uint32_t max = actions[i].errno_max;

		if (!str_eq(name, actions[i].name))
			continue;
		if (errno_ret && max == 0)
			return err_say(e, EINVAL,
				"the seccomp action '%s' has no errno: errnoRet goes with "
				"SCMP_ACT_ERRNO and SCMP_ACT_TRACE",
				name);
		if (errno_ret && *errno_ret > max)
			return err_say(e, ERANGE, "the errno %u of '%s' is not between 0 and %u",
				*errno_ret, name, max);
		*ret = actions[i].action | (max == 0 ? 0 : errno_ret ? *errno_ret : EPERM);
		return 0;
	}
	return err_say(e, EINVAL, "seccomp action '%s' is unknown", name ? name : "");
}

int seccomp_find_operator(const char *name, enum scmp_compare *ret, struct err *e)
{
	for (size_t i = 0; i < ARRAY_LEN(operators); i++) {
		if (str_eq(name, operators[i].name)) {
			*ret = operators[i].op;
			return 0;
		}
	}
	return err_say(e, EINVAL, "seccomp operator '%s' is unknown", name ? name : "");
}

int seccomp_find_arch(const char *name, uint32_t *ret, struct err *e)
{
	for (size_t i = 0; i < ARRAY_LEN(archs); i++) {
		if (str_eq(name, archs[i].name)) {
			*ret = archs[i].arch;
			return 0;
		}
	}
	return err_say(e, EINVAL, "seccomp architecture '%s' is unknown", name);
}

int seccomp_find_flag(const char *name, unsigned int *ret, struct err *e)
{
	for (size_t i = 0; i < ARRAY_LEN(flags); i++) {
		if (str_eq(name, flags[i].name)) {
			*ret = flags[i].flag;
			return 0;
		}
	}
	return err_say(e, EINVAL, "seccomp flag '%s' is unknown", name);
}

/* The kernel looks at the flags first: EINVAL is about them, EFAULT about the missing filter. */
static bool kernel_takes(unsigned int wanted)
{
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, wanted, NULL) < 0 && errno == EFAULT;
}

#define NAMES(table)                                                                               \
	({                                                                                         \
		json_t *list_ = json_array();                                                      \
		for (size_t i_ = 0; i_ < ARRAY_LEN(table); i_++)                                   \
			json_array_append_new(list_, json_string((table)[i_].name));               \
		list_;                                                                             \
	})

json_t *seccomp_features(void)
{
	json_t *o = json_object(), *supported = json_array();

	for (size_t i = 0; i < ARRAY_LEN(flags); i++)
		if (kernel_takes(flags[i].flag | flags[i].asked_with))
			json_array_append_new(supported, json_string(flags[i].name));
	json_object_set_new(o, "enabled", json_boolean(kernel_takes(0)));
	json_object_set_new(o, "actions", NAMES(actions));
	json_object_set_new(o, "operators", NAMES(operators));
	json_object_set_new(o, "archs", NAMES(archs));
	json_object_set_new(o, "knownFlags", NAMES(flags));
	json_object_set_new(o, "supportedFlags", supported);
	return o;
}
