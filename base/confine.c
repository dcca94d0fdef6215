#include "base/confine.h"

#include <errno.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

int confine_die_with_parent(pid_t parent, struct err *e)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return err_set(e, errno, "prctl PR_SET_PDEATHSIG");
	/* It may have died before the call. */
	if (getppid() != parent)
		return err_say(e, ESRCH, "the parent has died");
	return 0;
}

int confine_privileges(struct err *e)
{
	struct rlimit none = {0, 0};
	cap_t empty;
	int r;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_set(e, errno, "prctl PR_SET_NO_NEW_PRIVS");
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return err_set(e, errno, "clear ambient capabilities");
	empty = cap_init();
	if (!empty)
		return err_set(e, ENOMEM, "capabilities");
	r = cap_set_proc(empty) < 0 ? errno : 0;
	cap_free(empty);
	if (r)
		return err_set(e, r, "drop capabilities");
	if (setrlimit(RLIMIT_CORE, &none) < 0)
		return err_set(e, errno, "setrlimit RLIMIT_CORE");
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return err_set(e, errno, "prctl PR_SET_DUMPABLE");
	return 0;
}

static int add_row(scmp_filter_ctx ctx, const struct confine_row *row)
{
	int nr = seccomp_syscall_resolve_name(row->name);
	struct scmp_arg_cmp cmp = {.arg = row->arg};

	/* Not every architecture has every call: what is not there cannot be called. */
	if (nr == __NR_SCMP_ERROR)
		return 0;
	switch (row->cond) {
	case CONFINE_ANY:
		return seccomp_rule_add(ctx, SCMP_ACT_ALLOW, nr, 0);
	case CONFINE_ENOSYS:
		return seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), nr, 0);
	case CONFINE_ARG_EQ:
		cmp.op = SCMP_CMP_EQ;
		cmp.datum_a = row->value;
		break;
	case CONFINE_ARG_MASKED_EQ:
		cmp.op = SCMP_CMP_MASKED_EQ;
		cmp.datum_a = row->mask;
		cmp.datum_b = row->value;
		break;
	}
	return seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, nr, 1, &cmp);
}

int confine_syscalls(const struct confine_row *rows, size_t n_rows, struct err *e)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int r;

	if (!ctx)
		return err_set(e, ENOMEM, "seccomp filter");
	r = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	/* Another ABI's calls (32-bit ones, x32): the same end as for a call without a row. */
	if (r == 0)
		r = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	for (size_t i = 0; r == 0 && i < n_rows; i++) {
		r = add_row(ctx, &rows[i]);
		if (r < 0) {
			seccomp_release(ctx);
			return err_set(e, -r, "seccomp rule for '%s'", rows[i].name);
		}
	}
	if (r == 0)
		r = seccomp_load(ctx);
	seccomp_release(ctx);
	return r < 0 ? err_set(e, -r, "load the seccomp filter") : 0;
}
