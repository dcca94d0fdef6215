#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "base/proc.h"
#include "base/ptr.h"
#include "base/str.h"
#include "shim/cgroup_devices.h"
#include "shim/cgroup_impl.h"

static struct device_rules rules_of(const struct oci_device_rule *list, size_t n)
{
	struct oci_resources res = cgroup_no_limits;
	struct device_rules rules;
	struct err e = {0};

	res.devices = (struct oci_device_rule *)list;
	res.n_devices = n;
	assert_int_equal(device_rules_make(&res, &rules, &e), 0);
	return rules;
}

/* Runs the program as the kernel would, for the few instructions that it is made of. */
static bool interpret(const struct bpf_insn *p, int n, const struct bpf_cgroup_dev_ctx *ctx)
{
	uint64_t reg[11] = {0};

	for (int pc = 0; pc < n; pc++) {
		const struct bpf_insn *i = &p[pc];
		uint64_t src = BPF_SRC(i->code) == BPF_X ? reg[i->src_reg] : (uint64_t)i->imm;

		switch (i->code & ~BPF_X) {
		case BPF_LDX | BPF_MEM | BPF_W:
			reg[i->dst_reg] =
				*(const uint32_t *)(const void *)((const char *)ctx + i->off);
			break;
		case BPF_ALU | BPF_MOV:
		case BPF_ALU64 | BPF_MOV:
			reg[i->dst_reg] = src;
			break;
		case BPF_ALU | BPF_AND:
			reg[i->dst_reg] &= src;
			break;
		case BPF_ALU | BPF_RSH:
			reg[i->dst_reg] >>= src;
			break;
		case BPF_JMP | BPF_JNE:
			pc += reg[i->dst_reg] != src ? i->off : 0;
			break;
		case BPF_JMP | BPF_JEQ:
			pc += reg[i->dst_reg] == src ? i->off : 0;
			break;
		case BPF_JMP | BPF_EXIT:
			return reg[0];
		default:
			fail_msg("instruction %#x", i->code);
		}
	}
	fail_msg("the program has no end");
	return false;
}

static const char *const accesses[] = {"r", "w", "m", "rw", "rm", "wm", "rwm"};

static uint32_t bits_of(const char *access)
{
	return (strchr(access, 'm') ? 1U : 0) | (strchr(access, 'r') ? 2U : 0) |
	       (strchr(access, 'w') ? 4U : 0);
}

/* The program and device_rules_allow must say the same of every access near the rules. */
static void compare(const struct oci_device_rule *list, size_t n_list)
{
	static const uint32_t majors[] = {0, 1, 5, 7, 8, 10, 136, 195, 254};
	static const uint32_t minors[] = {0, 1, 2, 3, 5, 7, 8, 9, 200, 255};
	struct device_rules rules = rules_of(list, n_list);
	cleanup_free struct bpf_insn *p = NULL;
	struct err e = {0};
	int n = device_program_make(&rules, &p, &e);

	assert_true(n > 0);
	for (size_t a = 0; a < ARRAY_LEN(majors) * ARRAY_LEN(minors) * 14; a++) {
		uint32_t major = majors[a / 14 / ARRAY_LEN(minors)];
		uint32_t minor = minors[a / 14 % ARRAY_LEN(minors)];
		const char *access = accesses[a % 7];
		char type = a / 7 % 2 ? 'b' : 'c';
		struct bpf_cgroup_dev_ctx ctx = {
			.access_type = bits_of(access) << 16 | (type == 'b' ? 1 : 2),
			.major = major,
			.minor = minor};

		if (interpret(p, n, &ctx) != device_rules_allow(&rules, type, major, minor, access))
			fail_msg("%c %u:%u %s", type, major, minor, access);
	}
	device_rules_done(&rules);
}

static void the_program_says_what_the_rules_say(void **state)
{
	const struct oci_device_rule docker[] = {{false, 'a', -1, -1, "rwm"},
		{true, 'c', 1, 5, "rwm"}, {true, 'c', -1, -1, "m"}, {true, 'b', -1, -1, "m"},
		{true, 'c', 136, -1, "rwm"}, {true, 'c', 10, 229, "rw"}, {false, 'c', 10, 229, "w"},
		{true, 'b', 7, -1, "r"}, {true, 'c', 195, 255, "rwm"}};
	const struct oci_device_rule privileged[] = {{true, 'a', -1, -1, "rwm"}};
	const struct oci_device_rule all_but[] = {
		{true, 'a', -1, -1, "rwm"}, {false, 'b', 8, -1, "w"}, {false, 'c', 1, 3, "rwm"}};

	(void)state;
	compare(NULL, 0);
	compare(docker, ARRAY_LEN(docker));
	compare(privileged, ARRAY_LEN(privileged));
	compare(all_but, ARRAY_LEN(all_but));
}

static void without_rules_only_the_usual_devices_open(void **state)
{
	struct device_rules rules = rules_of(NULL, 0);

	(void)state;
	assert_true(device_rules_allow(&rules, 'c', 1, 3, "rwm"));
	assert_true(device_rules_allow(&rules, 'c', 136, 77, "rw"));
	assert_true(device_rules_allow(&rules, 'b', 8, 0, "m"));
	assert_false(device_rules_allow(&rules, 'b', 8, 0, "r"));
	assert_false(device_rules_allow(&rules, 'c', 1, 1, "r"));
	assert_false(device_rules_allow(&rules, 'c', 10, 229, "rw"));
	device_rules_done(&rules);
}

static void a_later_refusal_takes_back_an_earlier_permission(void **state)
{
	const struct oci_device_rule list[] = {
		{true, 'c', 10, 229, "rwm"}, {false, 'c', 10, 229, "w"}};
	struct device_rules rules = rules_of(list, ARRAY_LEN(list));

	(void)state;
	assert_true(device_rules_allow(&rules, 'c', 10, 229, "r"));
	assert_false(device_rules_allow(&rules, 'c', 10, 229, "w"));
	assert_false(device_rules_allow(&rules, 'c', 10, 229, "rw"));
	device_rules_done(&rules);
}

static void an_unknown_type_is_an_error(void **state)
{
	const struct oci_device_rule list[] = {{true, 'x', 1, 3, "r"}};
	struct oci_resources res = cgroup_no_limits;
	struct device_rules rules;
	struct err e = {0};

	(void)state;
	res.devices = (struct oci_device_rule *)list;
	res.n_devices = 1;
	assert_int_equal(device_rules_make(&res, &rules, &e), -EINVAL);
	device_rules_done(&rules);
}

/* ---- the kernel's word on it, in whatever v2 tree there is */

static int try_open(int cgroup, const char *path)
{
	pid_t pid = proc_fork(0, cgroup, NULL);
	int status;

	if (pid == 0)
		_exit(open(path, O_RDONLY | O_NONBLOCK) < 0 ? errno : 0);
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WEXITSTATUS(status);
}

static void the_kernel_takes_the_program_and_refuses_by_it(void **state)
{
	struct cgroup *cg = cgroup_new(CGROUP_FS);
	struct oci_resources res = cgroup_no_limits;
	const struct oci_device_rule full[] = {{true, 'a', -1, -1, "rwm"}};
	char node[] = "/tmp/bottle-test-kmsg.XXXXXX";
	struct cgroup_hier *v2;
	struct err e = {0};
	int refused, usual, after, r;

	(void)state;
	if (geteuid() != 0 || cgroup_layout_read(cg, &e) < 0 || !(v2 = cgroup_find_v2(cg))) {
		cgroup_free(cg);
		skip();
	}
	assert_non_null(mkdtemp(node));
	assert_int_equal(rmdir(node), 0);
	assert_int_equal(mknod(node, S_IFCHR | 0600, makedev(1, 11)), 0);
	v2->path = str_format("/bottle-test-devices-%d", (int)getpid());
	assert_int_equal(cgroup_tree_make(v2, &e), 0);
	r = cgroup_v2_devices(v2, &res, &e);
	refused = try_open(v2->dirfd, node);
	usual = try_open(v2->dirfd, "/dev/null");
	if (r == 0) {
		/* All is allowed now: the old program must be gone. */
		res.devices = (struct oci_device_rule *)full;
		res.n_devices = 1;
		r = cgroup_v2_devices(v2, &res, &e);
	}
	after = try_open(v2->dirfd, node);
	unlink(node);
	cgroup_tree_remove(v2, &(struct err){0});
	cgroup_free(cg);
	if (r < 0)
		fail_msg("%s", e.msg);
	assert_int_equal(refused, EPERM);
	assert_int_equal(usual, 0);
	assert_int_equal(after, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_program_says_what_the_rules_say),
		cmocka_unit_test(without_rules_only_the_usual_devices_open),
		cmocka_unit_test(a_later_refusal_takes_back_an_earlier_permission),
		cmocka_unit_test(an_unknown_type_is_an_error),
		cmocka_unit_test(the_kernel_takes_the_program_and_refuses_by_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
