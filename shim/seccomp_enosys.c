#include "shim/seccomp_enosys.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/ptr.h"

/* Bit of x32 in a system call number; libseccomp sorts those out itself. */
#define X32_BIT 0x40000000U

static bool lets_pass(uint32_t def)
{
	return def == SCMP_ACT_ALLOW || def == SCMP_ACT_LOG;
}

/* The highest number that any rule names; -1: none. */
static int highest(const struct oci_seccomp *s, uint32_t arch)
{
	int max = -1;

	for (size_t i = 0; i < s->n_rules; i++) {
		for (char *const *n = s->rules[i].names; n && *n; n++) {
			int nr = seccomp_syscall_resolve_name_arch(arch, *n);

			if (nr > max)
				max = nr;
		}
	}
	return max;
}

/* The instructions for the native architecture; what other ones ask goes on to the filter. */
static size_t stub(uint32_t arch, uint32_t max, struct sock_filter out[6])
{
	struct sock_filter insns[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, arch, 0, 4),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, max, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
	};

	memcpy(out, insns, sizeof(insns));
	return ARRAY_LEN(insns);
}

int seccomp_enosys_prepend(
	const struct oci_seccomp *s, uint32_t def, void **filter, size_t *len, struct err *e)
{
	uint32_t arch = seccomp_arch_native();
	struct sock_filter insns[6];
	size_t head;
	int max;
	char *both;

	if (lets_pass(def) || def == SCMP_ACT_ERRNO(ENOSYS))
		return 0;
	max = highest(s, arch);
	if (max < 0)
		return 0;
	head = stub(arch, (uint32_t)max, insns) * sizeof(insns[0]);
	both = malloc(head + *len);
	if (!both)
		return err_set(e, ENOMEM, "compile the seccomp filter");
	memcpy(both, insns, head);
	memcpy(both + head, *filter, *len);
	free(*filter);
	*filter = both;
	*len += head;
	return 0;
}
