#include "shim/seccomp.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.h"
#include "base/ptr.h"
#include "base/str.h"
#include "shim/seccomp_cache.h"
#include "shim/seccomp_names.h"
#include "shim/seccomp_rules.h"

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

static int read_flags(const struct oci_seccomp *s, unsigned int *ret, struct err *e)
{
	*ret = 0;
	/* As runc: only where the member is absent, not where it is an empty list. */
	if (!s->flags)
		*ret = SECCOMP_FILTER_FLAG_SPEC_ALLOW;
	for (char *const *f = s->flags; f && *f; f++) {
		unsigned int flag;
		int r = seccomp_find_flag(*f, &flag, e);

		if (r < 0)
			return r;
		*ret |= flag;
	}
	return 0;
}

static int check(const struct oci_seccomp *s, struct err *e)
{
	if (str_eq(s->default_action, "SCMP_ACT_NOTIFY"))
		return err_say(
			e, EINVAL, "SCMP_ACT_NOTIFY cannot be used as default action of seccomp");
	if (seccomp_rules_notify(s) && !s->listener_path)
		return err_say(e, EINVAL,
			"SCMP_ACT_NOTIFY needs linux.seccomp.listenerPath, which is absent");
	return 0;
}

static int compile_cached(const struct oci_seccomp *s, const char *cache_dir, void **ret,
	size_t *ret_len, struct err *e)
{
	cleanup_free char *rules = seccomp_rules_text(s);
	struct err cache_err;
	int r;

	if (!rules)
		return err_set(e, ENOMEM, "compile the seccomp filter");
	if (cache_dir && seccomp_cache_get(cache_dir, rules, ret, ret_len) > 0)
		return 0;
	r = seccomp_rules_compile(s, ret, ret_len, e);
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
	p.notify = seccomp_rules_notify(s);
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
