#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "base/ptr.h"
#include "base/str.h"
#include "shim/sysctl.h"

static int check(const char *entry, enum oci_ns ns)
{
	char *list[] = {(char *)entry, NULL};
	struct oci oci = {.sysctl = list};
	struct err e = {0};

	if (ns != OCI_NS_COUNT)
		oci.ns[ns].present = true;
	return sysctl_check(&oci, &e);
}

static void a_key_needs_its_namespace(void **state)
{
	(void)state;
	assert_int_equal(check("net.ipv4.ip_forward=1", OCI_NS_NET), 0);
	assert_int_equal(check("net/ipv4/ip_forward=1", OCI_NS_NET), 0);
	assert_int_equal(check("net.ipv4.ip_forward=1", OCI_NS_COUNT), -EINVAL);
	assert_int_equal(check("kernel.shmmax=1", OCI_NS_IPC), 0);
	assert_int_equal(check("fs.mqueue.msg_max=1", OCI_NS_IPC), 0);
	assert_int_equal(check("kernel.shmmax=1", OCI_NS_NET), -EINVAL);
	assert_int_equal(check("kernel.domainname=x", OCI_NS_UTS), 0);
}

static void a_path_to_the_hosts_namespace_is_no_namespace_of_its_own(void **state)
{
	char *list[] = {(char *)"net.ipv4.ip_forward=1", NULL};
	struct oci oci = {.sysctl = list};
	struct err e = {0};

	(void)state;
	oci.ns[OCI_NS_NET] = (struct oci_namespace){true, (char *)"/proc/thread-self/ns/net"};
	assert_int_equal(sysctl_check(&oci, &e), -EINVAL);
	oci.ns[OCI_NS_NET].path = (char *)"/proc/self/ns/ipc"; /* not this one, whatever it is */
	assert_int_equal(sysctl_check(&oci, &e), 0);
}

static void the_domain_name_has_one_value(void **state)
{
	char *list[] = {(char *)"kernel.domainname=a", NULL};
	struct oci oci = {.sysctl = list, .domainname = (char *)"b"};
	struct err e = {0};

	(void)state;
	oci.ns[OCI_NS_UTS].present = true;
	assert_int_equal(sysctl_check(&oci, &e), -EINVAL);
	oci.domainname = (char *)"a";
	assert_int_equal(sysctl_check(&oci, &e), 0);
}

static void a_key_of_the_whole_machine_is_refused(void **state)
{
	static const char *const keys[] = {"kernel.core_pattern=|/x", "vm.swappiness=1",
		"kernel.hostname=x", "kernel.shmmaximum=1", "netx.a=1", "fs.file-max=1",
		"net/../kernel/core_pattern=|/x", "kernel=1"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		for (int ns = 0; ns < OCI_NS_COUNT; ns++)
			assert_int_equal(check(keys[i], (enum oci_ns)ns), -EINVAL);
}

/* Sets values in new namespaces, with a false file over one of them, and reads them back. */
static int apply(void)
{
	char *list[] = {(char *)"net.ipv4.ip_default_ttl=77",
		(char *)"kernel.domainname=bottle.test", NULL};
	cleanup_free char *ttl = NULL, *name = NULL;
	struct err e = {0};

	if (unshare(CLONE_NEWNET | CLONE_NEWUTS | CLONE_NEWNS | CLONE_NEWIPC) < 0 ||
		mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return 1;
	if (mount("/dev/null", "/proc/sys/kernel/domainname", NULL, MS_BIND, NULL) < 0)
		return 2;
	if (sysctl_apply(list, SYSCTL_NET, &e) < 0 || sysctl_apply(list, SYSCTL_OTHER, &e) < 0)
		return 3;
	if (umount("/proc/sys/kernel/domainname") < 0)
		return 4;
	if (fd_read_file(AT_FDCWD, "/proc/sys/net/ipv4/ip_default_ttl", 64, &ttl, NULL, &e) < 0 ||
		fd_read_file(AT_FDCWD, "/proc/sys/kernel/domainname", 64, &name, NULL, &e) < 0)
		return 5;
	return strcmp(ttl, "77\n") == 0 && strcmp(name, "bottle.test\n") == 0 ? 0 : 6;
}

static void values_reach_the_kernel_past_what_covers_proc(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	if (geteuid() != 0)
		skip();
	pid = fork();
	if (pid == 0)
		_exit(apply());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void a_key_that_does_not_exist_is_named(void **state)
{
	char *list[] = {(char *)"net.ipv4.no_such_key=1", NULL};
	struct err e = {0};

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(sysctl_apply(list, SYSCTL_NET, &e), -ENOENT);
	assert_non_null(strstr(e.msg, "no_such_key"));
	assert_int_equal(sysctl_apply(list, SYSCTL_OTHER, &e), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_key_needs_its_namespace),
		cmocka_unit_test(a_path_to_the_hosts_namespace_is_no_namespace_of_its_own),
		cmocka_unit_test(the_domain_name_has_one_value),
		cmocka_unit_test(a_key_of_the_whole_machine_is_refused),
		cmocka_unit_test(values_reach_the_kernel_past_what_covers_proc),
		cmocka_unit_test(a_key_that_does_not_exist_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
