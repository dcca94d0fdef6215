#include "shim/seccomp_rules.h"

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/ptr.h"
#include "base/str.h"
#include "shim/seccomp_enosys.h"
#include "shim/seccomp_names.h"

/* Raise when the filters that the same rules give change. */
#define FILTER_EDITION 2
#define FILTER_MAX     (2U << 20)

static int add_archs(scmp_filter_ctx ctx, const struct oci_seccomp *s, struct err *e)
{
	for (char *const *a = s->architectures; a && *a; a++) {
		uint32_t arch;
		int r = seccomp_find_arch(*a, &arch, e);

		if (r < 0)
			return r;
		r = seccomp_arch_add(ctx, arch);
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
		r = seccomp_find_operator(a->op, &args[i].op, e);
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
	/* As runc, whose hand-over needs it: no container may depend on which runtime it meets. */
	if (action == SCMP_ACT_NOTIFY && str_eq(name, "write"))
		return err_say(e, EINVAL, "SCMP_ACT_NOTIFY cannot be used for the write syscall");
	return 0;
}

static int add_rule(scmp_filter_ctx ctx, uint32_t def, const struct oci_seccomp *s,
	const struct oci_seccomp_rule *rule, struct err *e)
{
	uint32_t action;
	int r = seccomp_find_action(
		rule->action, rule->has_errno ? &rule->errno_ret : NULL, &action, e);

	if (r < 0 || action == def)
		return r;
	for (char *const *name = rule->names; name && *name; name++) {
		int nr = seccomp_syscall_resolve_name(*name);

		if (nr == __NR_SCMP_ERROR && s->fail_unknown)
			return err_say(
				e, EINVAL, "seccomp: the system call '%s' is unknown", *name);
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

bool seccomp_rules_notify(const struct oci_seccomp *s)
{
	for (size_t i = 0; i < s->n_rules; i++)
		if (str_eq(s->rules[i].action, "SCMP_ACT_NOTIFY"))
			return true;
	return false;
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
		r = add_rule(ctx, def, s, &s->rules[i], e);
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

int seccomp_rules_compile(const struct oci_seccomp *s, void **ret, size_t *ret_len, struct err *e)
{
	scmp_filter_ctx ctx;
	uint32_t def;
	int r = seccomp_find_action(
		s->default_action, s->has_default_errno ? &s->default_errno : NULL, &def, e);

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

char *seccomp_rules_text(const struct oci_seccomp *s)
{
	const struct scmp_version *v = seccomp_version();
	struct str t = {0};

	str_addf(&t, "%d %u.%u.%u %x %d\n%s %d %u\n", FILTER_EDITION, v->major, v->minor, v->micro,
		seccomp_arch_native(), s->fail_unknown, s->default_action, s->has_default_errno,
		s->default_errno);
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
