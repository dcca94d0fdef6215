#include "shim/seccomp.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/json.h"
#include "base/log.h"
#include "base/ptr.h"
#include "base/str.h"
#include "shim/seccomp_cache.h"
#include "shim/seccomp_enosys.h"

/* Raise when the filters that the same rules give change. */
#define FILTER_EDITION 1
#define FILTER_MAX     (2U << 20)

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

/* The names of the runtime specification. These tables are what `features` tells. */
static const struct {
	const char *name;
	uint32_t action;
} actions[] = {
	{"SCMP_ACT_ALLOW", SCMP_ACT_ALLOW},
	{"SCMP_ACT_ERRNO", SCMP_ACT_ERRNO(0)},
	{"SCMP_ACT_KILL", SCMP_ACT_KILL_THREAD},
	{"SCMP_ACT_KILL_PROCESS", SCMP_ACT_KILL_PROCESS},
	{"SCMP_ACT_KILL_THREAD", SCMP_ACT_KILL_THREAD},
	{"SCMP_ACT_LOG", SCMP_ACT_LOG},
	{"SCMP_ACT_NOTIFY", SCMP_ACT_NOTIFY},
	{"SCMP_ACT_TRACE", SCMP_ACT_TRACE(0)},
	{"SCMP_ACT_TRAP", SCMP_ACT_TRAP},
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

static const struct {
	const char *name;
	uint32_t arch;
} archs[] = {
	{"SCMP_ARCH_AARCH64", SCMP_ARCH_AARCH64},
	{"SCMP_ARCH_ARM", SCMP_ARCH_ARM},
	{"SCMP_ARCH_MIPS", SCMP_ARCH_MIPS},
	{"SCMP_ARCH_MIPS64", SCMP_ARCH_MIPS64},
	{"SCMP_ARCH_MIPS64N32", SCMP_ARCH_MIPS64N32},
	{"SCMP_ARCH_MIPSEL", SCMP_ARCH_MIPSEL},
	{"SCMP_ARCH_MIPSEL64", SCMP_ARCH_MIPSEL64},
	{"SCMP_ARCH_MIPSEL64N32", SCMP_ARCH_MIPSEL64N32},
	{"SCMP_ARCH_PPC", SCMP_ARCH_PPC},
	{"SCMP_ARCH_PPC64", SCMP_ARCH_PPC64},
	{"SCMP_ARCH_PPC64LE", SCMP_ARCH_PPC64LE},
	{"SCMP_ARCH_RISCV64", SCMP_ARCH_RISCV64},
	{"SCMP_ARCH_S390", SCMP_ARCH_S390},
	{"SCMP_ARCH_S390X", SCMP_ARCH_S390X},
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
} flags[] = {
	{"SECCOMP_FILTER_FLAG_TSYNC", 0},
	{"SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG},
	{"SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW},
	{"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV},
};

static int find_action(
	const char *name, bool has_errno, uint32_t errno_ret, uint32_t *ret, struct err *e)
{
	for (size_t i = 0; i < ARRAY_LEN(actions); i++) {
		uint32_t a = actions[i].action;

		if (!str_eq(name, actions[i].name))
			continue;
		/* runc gives TRACE the errno's place, too; the default of both is EPERM. */
		if (a == SCMP_ACT_ERRNO(0) || a == SCMP_ACT_TRACE(0))
			a |= (has_errno ? errno_ret : EPERM) & 0xffff;
		*ret = a;
		return 0;
	}
	return err_say(e, EINVAL, "seccomp action '%s' is unknown", name ? name : "");
}

static int find_operator(const char *name, enum scmp_compare *ret, struct err *e)
{
	for (size_t i = 0; i < ARRAY_LEN(operators); i++) {
		if (str_eq(name, operators[i].name)) {
			*ret = operators[i].op;
			return 0;
		}
	}
	return err_say(e, EINVAL, "seccomp operator '%s' is unknown", name ? name : "");
}

static int read_flags(const struct oci_seccomp *s, unsigned int *ret, struct err *e)
{
	*ret = 0;
	/* As runc: only where the member is absent, not where it is an empty list. */
	if (!s->flags)
		*ret = SECCOMP_FILTER_FLAG_SPEC_ALLOW;
	for (char *const *f = s->flags; f && *f; f++) {
		size_t i = 0;

		while (i < ARRAY_LEN(flags) && !str_eq(*f, flags[i].name))
			i++;
		if (i == ARRAY_LEN(flags))
			return err_say(e, EINVAL, "seccomp flag '%s' is unknown", *f);
		*ret |= flags[i].flag;
	}
	return 0;
}

static int add_archs(scmp_filter_ctx ctx, const struct oci_seccomp *s, struct err *e)
{
	for (char *const *a = s->architectures; a && *a; a++) {
		size_t i = 0;
		int r;

		while (i < ARRAY_LEN(archs) && !str_eq(*a, archs[i].name))
			i++;
		if (i == ARRAY_LEN(archs))
			return err_say(e, EINVAL, "seccomp architecture '%s' is unknown", *a);
		r = seccomp_arch_add(ctx, archs[i].arch);
		if (r < 0 && r != -EEXIST)
			return err_set(e, -r, "add seccomp architecture '%s'", *a);
	}
	return 0;
}

static int fill_args(const struct oci_seccomp_rule *rule, struct scmp_arg_cmp args[6], bool *ret_or,
	struct err *e)
{
	unsigned int seen = 0;

	*ret_or = false;
	if (rule->n_args > 6)
		return err_say(e, EINVAL, "a seccomp rule has more than six arguments");
	for (size_t i = 0; i < rule->n_args; i++) {
		const struct oci_seccomp_arg *a = &rule->args[i];
		int r;

		if (a->index > 5)
			return err_say(e, EINVAL, "seccomp argument index %u: 0 to 5 are possible",
				a->index);
		*ret_or = *ret_or || (seen & (1U << a->index));
		seen |= 1U << a->index;
		args[i] = (struct scmp_arg_cmp){
			.arg = a->index, .datum_a = a->value, .datum_b = a->value_two};
		r = find_operator(a->op, &args[i].op, e);
		if (r < 0)
			return r;
	}
	return 0;
}

/*
 * Conditions of one rule hold together; several on one argument are alternatives, as runc has it
 * (libseccomp takes only one condition an argument).
 */
static int add_syscall(scmp_filter_ctx ctx, uint32_t action, int nr,
	const struct oci_seccomp_rule *rule, struct err *e)
{
	struct scmp_arg_cmp args[6];
	bool alternatives;
	int r = fill_args(rule, args, &alternatives, e);

	if (r < 0)
		return r;
	if (!alternatives)
		return seccomp_rule_add_array(
			ctx, action, nr, (unsigned int)rule->n_args, rule->n_args ? args : NULL);
	for (size_t i = 0; r >= 0 && i < rule->n_args; i++)
		r = seccomp_rule_add_array(ctx, action, nr, 1, &args[i]);
	return r;
}

static int check_notify(uint32_t action, const char *name, struct err *e)
{
	/* The runtime itself needs write(2) to hand the listener over. */
	if (action == SCMP_ACT_NOTIFY && str_eq(name, "write"))
		return err_say(
			e, EINVAL, "SCMP_ACT_NOTIFY cannot be used for the system call 'write'");
	return 0;
}

static int add_rule(
	scmp_filter_ctx ctx, uint32_t def, const struct oci_seccomp_rule *rule, struct err *e)
{
	uint32_t action;
	int r = find_action(rule->action, rule->has_errno, rule->errno_ret, &action, e);

	if (r < 0 || action == def)
		return r;
	for (char *const *name = rule->names; name && *name; name++) {
		int nr = seccomp_syscall_resolve_name(*name);

		if (nr == __NR_SCMP_ERROR) {
			log_debug("seccomp: unknown system call '%s' is left out", *name);
			continue;
		}
		r = check_notify(action, *name, e);
		if (r < 0)
			return r;
		e->code = 0;
		r = add_syscall(ctx, action, nr, rule, e);
		if (r < 0)
			return e->code ? r : err_set(e, -r, "add a seccomp rule for '%s'", *name);
	}
	return 0;
}

static bool wants_notify(const struct oci_seccomp *s)
{
	for (size_t i = 0; i < s->n_rules; i++)
		if (str_eq(s->rules[i].action, "SCMP_ACT_NOTIFY"))
			return true;
	return false;
}

static int check(const struct oci_seccomp *s, struct err *e)
{
	if (str_eq(s->default_action, "SCMP_ACT_NOTIFY"))
		return err_say(
			e, EINVAL, "SCMP_ACT_NOTIFY cannot be used as the default seccomp action");
	if (wants_notify(s) && !s->listener_path)
		return err_say(e, EINVAL,
			"SCMP_ACT_NOTIFY needs linux.seccomp.listenerPath, which is absent");
	return 0;
}

static int fill(scmp_filter_ctx ctx, const struct oci_seccomp *s, uint32_t def, struct err *e)
{
	int r = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_NNP, 0);

	/* A binary tree of comparisons: the kernel loads Docker's filter in a third of the time. */
	if (r == 0)
		r = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (r < 0)
		return err_set(e, -r, "set up the seccomp filter");
	r = add_archs(ctx, s, e);
	for (size_t i = 0; r >= 0 && i < s->n_rules; i++)
		r = add_rule(ctx, def, &s->rules[i], e);
	return r;
}

static int export(scmp_filter_ctx ctx, void **ret, size_t *ret_len, struct err *e)
{
	cleanup_fd int fd = memfd_create("seccomp", MFD_CLOEXEC);
	char *data;
	int r;

	if (fd < 0)
		return err_set(e, errno, "memfd_create 'seccomp'");
	r = seccomp_export_bpf(ctx, fd);
	if (r < 0)
		return err_set(e, -r, "compile the seccomp filter");
	if (lseek(fd, 0, SEEK_SET) < 0)
		return err_set(e, errno, "read the seccomp filter");
	r = fd_read_all(fd, "seccomp filter", FILTER_MAX, &data, ret_len, e);
	if (r < 0)
		return r;
	*ret = data;
	return 0;
}

static int compile(const struct oci_seccomp *s, void **ret, size_t *ret_len, struct err *e)
{
	scmp_filter_ctx ctx;
	uint32_t def;
	int r = find_action(s->default_action, s->has_default_errno, s->default_errno, &def, e);

	if (r < 0)
		return r;
	/* Named, so that libseccomp does not try out what the kernel can: all since 5.19 can it. */
	seccomp_api_set(6);
	ctx = seccomp_init(def);
	if (!ctx)
		return err_say(e, EINVAL, "seccomp: libseccomp refuses the default action '%s'",
			s->default_action);
	r = fill(ctx, s, def, e);
	if (r >= 0)
		r = export(ctx, ret, ret_len, e);
	seccomp_release(ctx);
	return r < 0 ? r : seccomp_enosys_prepend(s, def, ret, ret_len, e);
}

/* All that the filter depends on, in one text. */
static char *rules_text(const struct oci_seccomp *s)
{
	const struct scmp_version *v = seccomp_version();
	struct str t = {0};

	str_addf(&t, "%d %u.%u.%u %x\n%s %d %u\n", FILTER_EDITION, v->major, v->minor, v->micro,
		seccomp_arch_native(), s->default_action, s->has_default_errno, s->default_errno);
	for (char *const *a = s->architectures; a && *a; a++)
		str_addf(&t, "%s ", *a);
	for (size_t i = 0; i < s->n_rules; i++) {
		const struct oci_seccomp_rule *rule = &s->rules[i];

		str_addf(&t, "\n%s %d %u", rule->action, rule->has_errno, rule->errno_ret);
		for (size_t k = 0; k < rule->n_args; k++)
			str_addf(&t, " %u,%llu,%llu,%s", rule->args[k].index,
				(unsigned long long)rule->args[k].value,
				(unsigned long long)rule->args[k].value_two, rule->args[k].op);
		str_add_char(&t, ':');
		for (char *const *n = rule->names; n && *n; n++)
			str_addf(&t, " %s", *n);
	}
	return str_take(&t);
}

static int compile_cached(const struct oci_seccomp *s, const char *cache_dir, void **ret,
	size_t *ret_len, struct err *e)
{
	cleanup_free char *rules = rules_text(s);
	struct err cache_err;
	int r;

	if (!rules)
		return err_set(e, ENOMEM, "compile the seccomp filter");
	if (cache_dir && seccomp_cache_get(cache_dir, rules, ret, ret_len) > 0)
		return 0;
	r = compile(s, ret, ret_len, e);
	if (r < 0 || !cache_dir)
		return r;
	if (seccomp_cache_put(cache_dir, rules, *ret, *ret_len, &cache_err) < 0)
		log_debug("seccomp: %s", cache_err.msg);
	return 0;
}

int seccomp_compile(const struct oci_seccomp *s, const char *cache_dir, struct seccomp_program *ret,
	struct err *e)
{
	struct seccomp_program p = {0};
	size_t len = 0;
	int r;

	memset(ret, 0, sizeof(*ret));
	if (!s)
		return 0;
	r = check(s, e);
	if (r >= 0)
		r = read_flags(s, &p.flags, e);
	if (r >= 0)
		r = compile_cached(s, cache_dir, &p.filter, &len, e);
	if (r < 0)
		return r;
	/* Also without such a rule: whoever listens waits for the container. */
	p.notify = s->listener_path != NULL;
	p.n_insns = len / sizeof(struct sock_filter);
	/* The kernel's limit (BPF_MAXINSNS), told in words instead of its "invalid argument". */
	if (p.n_insns > BPF_MAXINSNS) {
		seccomp_program_done(&p);
		return err_say(
			e, E2BIG, "the seccomp filter has more than %d instructions", BPF_MAXINSNS);
	}
	*ret = p;
	return 0;
}

void seccomp_program_done(struct seccomp_program *p)
{
	free(p->filter);
	memset(p, 0, sizeof(*p));
}

int seccomp_install(const struct seccomp_program *p, int *ret_listener, struct err *e)
{
	struct sock_fprog prog = {.len = (unsigned short)p->n_insns, .filter = p->filter};
	unsigned int want = p->flags | (p->notify ? SECCOMP_FILTER_FLAG_NEW_LISTENER : 0);
	long r;

	*ret_listener = -1;
	if (!p->filter)
		return 0;
	/* The kernel takes this flag only together with a listener. */
	if (!p->notify)
		want &= ~(unsigned int)SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
	r = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, want, &prog);
	if (r < 0)
		return err_set(e, errno, "load the seccomp filter");
	if (p->notify)
		*ret_listener = (int)r;
	return 0;
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
	json_t *o = json_object();

	json_object_set_new(o, "enabled", json_true());
	json_object_set_new(o, "actions", NAMES(actions));
	json_object_set_new(o, "operators", NAMES(operators));
	json_object_set_new(o, "archs", NAMES(archs));
	json_object_set_new(o, "knownFlags", NAMES(flags));
	json_object_set_new(o, "supportedFlags", NAMES(flags));
	return o;
}
