#include "shim/lsm.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/ptr.h"
#include "base/str.h"

#ifndef SELINUX_MAGIC
#define SELINUX_MAGIC 0xf97cff8c
#endif

static bool given(const char *label)
{
	return label && *label;
}

static bool apparmor_enabled(void)
{
	cleanup_free char *text = NULL;
	struct err ignored;

	return fd_read_file(AT_FDCWD, "/sys/module/apparmor/parameters/enabled", 16, &text, NULL,
		       &ignored) == 0 &&
	       *text == 'Y';
}

static bool selinux_enabled(void)
{
	struct statfs fs;

	return statfs("/sys/fs/selinux", &fs) == 0 && (unsigned int)fs.f_type == SELINUX_MAGIC;
}

/* "unconfined" asks for nothing that a kernel without AppArmor does not do. */
static bool wants_apparmor(const struct oci_process *p)
{
	return given(p->apparmor_profile) &&
	       (!str_eq(p->apparmor_profile, "unconfined") || apparmor_enabled());
}

/* A label that cannot be had is an error: who asked for confinement must not go without. */
static int check(const struct oci_process *p, struct err *e)
{
	if (wants_apparmor(p) && !apparmor_enabled())
		return err_say(e, ENOTSUP,
			"process.apparmorProfile: unable to apply apparmor profile '%s': config "
			"provided but apparmor not supported: it is not enabled in this kernel",
			p->apparmor_profile);
	if (given(p->selinux_label) && !selinux_enabled())
		return err_say(e, ENOTSUP,
			"process.selinuxLabel: selinux label is specified in config, but selinux "
			"is disabled or not supported: '%s'",
			p->selinux_label);
	return 0;
}

int lsm_prepare(const struct oci_process *p, struct lsm *ret, struct err *e)
{
	cleanup_fd int fd = -1;
	struct statfs fs;
	int r;

	*ret = LSM_NONE;
	if (!wants_apparmor(p) && !given(p->selinux_label))
		return 0;
	r = check(p, e);
	if (r < 0)
		return r;
	fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fstatfs(fd, &fs) < 0)
		return err_set(e, errno, "open '/proc'");
	if (fs.f_type != PROC_SUPER_MAGIC)
		return err_say(e, EINVAL, "'/proc' is not procfs: no label can be set");
	ret->procfs = steal_fd(&fd);
	return 0;
}

/* thread-self/NAME; nothing that is mounted over it is taken for it. */
static int open_own(int procfs, const char *name, int flags)
{
	struct open_how how = {.flags = (uint64_t)(flags | O_CLOEXEC),
		.resolve = RESOLVE_NO_XDEV | RESOLVE_BENEATH};
	cleanup_free char *path = str_format("thread-self/attr/%s", name);
	long fd = path ? syscall(SYS_openat2, procfs, path, &how, sizeof(how)) : -ENOMEM;

	return fd < 0 ? -errno : (int)fd;
}

/* Keys that the process makes, and the keyring that is about to be, have its label. */
static int label_keys(int procfs, const char *label, struct err *e)
{
	cleanup_fd int fd = open_own(procfs, "keycreate", O_WRONLY);
	int r = fd < 0 ? fd : fd_write_all(fd, label, strlen(label));

	return r < 0 ? err_set(e, -r, "process.selinuxLabel: label the keyring '%s'", label) : 0;
}

int lsm_open(const struct oci_process *p, struct lsm *l, struct err *e)
{
	cleanup_fd int procfs = steal_fd(&l->procfs);

	if (procfs < 0)
		return 0;
	if (given(p->apparmor_profile)) {
		l->apparmor = open_own(procfs, "apparmor/exec", O_WRONLY);
		/* Before Linux 5.1 the one file was for whatever module there was. */
		if (l->apparmor == -ENOENT)
			l->apparmor = open_own(procfs, "exec", O_WRONLY);
		if (l->apparmor < 0)
			return err_set(e, -l->apparmor,
				"unable to apply apparmor profile: open "
				"attr/apparmor/exec");
	}
	if (!given(p->selinux_label))
		return 0;
	l->selinux = open_own(procfs, "exec", O_WRONLY);
	if (l->selinux < 0)
		return err_set(e, -l->selinux, "process.selinuxLabel: open attr/exec");
	return label_keys(procfs, p->selinux_label, e);
}

static int apply_apparmor(const char *profile, int fd, struct err *e)
{
	cleanup_free char *text = str_format("exec %s", profile);
	int r = text ? fd_write_all(fd, text, strlen(text)) : -ENOMEM;

	if (r == -ENOENT)
		return err_set(e, ENOENT,
			"unable to apply apparmor profile: apparmor failed to apply profile '%s', "
			"which is not loaded (apparmor_parser)",
			profile);
	return r < 0 ? err_set(e, -r,
			       "unable to apply apparmor profile: apparmor failed to apply profile "
			       "'%s'",
			       profile)
		     : 0;
}

int lsm_apply(const struct oci_process *p, const struct lsm *l, struct err *e)
{
	int r = 0;

	if (l->apparmor >= 0)
		r = apply_apparmor(p->apparmor_profile, l->apparmor, e);
	if (r < 0 || l->selinux < 0)
		return r;
	r = fd_write_all(l->selinux, p->selinux_label, strlen(p->selinux_label));
	return r < 0 ? err_set(e, -r, "process.selinuxLabel: set exec label '%s'", p->selinux_label)
		     : 0;
}

void lsm_done(struct lsm *l)
{
	fd_close(&l->procfs);
	fd_close(&l->apparmor);
	fd_close(&l->selinux);
}
