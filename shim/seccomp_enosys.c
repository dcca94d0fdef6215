#include "shim/seccomp_enosys.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/ptr.h"
#include "shim/seccomp_names.h"

/* Set in the number of a system call of x32, which shares its architecture with x86_64. */
#define X32_BIT 0x40000000U

/* SCMP_ARCH_… is AUDIT_ARCH_…, but for x32, which the kernel has no name for. */
#define STUB_MAX 256 /* instructions: six an architecture, of which there are about twenty */

struct stub {
	struct sock_filter insns[STUB_MAX];
	size_t n;
};

/* Tracing counts: a tracer is asked what it makes of a new call, as runc has it. */
static bool lets_pass(uint32_t def)
{
	return def == SCMP_ACT_ALLOW || def == SCMP_ACT_LOG ||
	       (def & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_TRACE;
}

/* The highest number that any rule names; 0: none. */
static uint32_t highest(const struct oci_seccomp *s, uint32_t arch)
{
	int max = 0;

	for (size_t i = 0; i < s->n_rules; i++) {
		for (char *const *n = s->rules[i].names; n && *n; n++) {
			int nr = seccomp_syscall_resolve_name_arch(arch, *n);

			if (nr > max)
				max = nr;
		}
	}
	return (uint32_t)max;
}

/* Whether the architecture stands in the list, before its n-th entry. */
static bool lists(const struct oci_seccomp *s, uint32_t arch, size_t n)
{
	struct err ignored;
	uint32_t found;

	for (size_t i = 0; i < n && s->architectures && s->architectures[i]; i++)
		if (seccomp_find_arch(s->architectures[i], &found, &ignored) == 0 && found == arch)
			return true;
	return false;
}

static void add(struct stub *b, struct sock_filter insn)
{
	if (b->n < STUB_MAX)
		b->insns[b->n++] = insn;
}

/*
 * One architecture: the instructions up to the next one's. Where the number is not above what the
 * profile names the filter decides, whose distance is known only in the end (jf 255 stands for it).
 */
#define TO_FILTER 255

static void add_arch(struct stub *b, const struct oci_seccomp *s, uint32_t arch)
{
	uint32_t max = highest(s, arch);
	uint32_t x32 = arch == SCMP_ARCH_X86_64 && lists(s, SCMP_ARCH_X32, SIZE_MAX)
			       ? highest(s, SCMP_ARCH_X32)
			       : 0;
	size_t test = b->n;

	if (max == 0)
		return;
	add(b, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, arch, 0, 0));
	add(b, (struct sock_filter)BPF_STMT(
		       BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)));
	if (x32) {
		add(b, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 0, 1));
		add(b, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, x32, 1, TO_FILTER));
	} else if (arch == SCMP_ARCH_X86_64) {
		add(b, (struct sock_filter)BPF_JUMP(
			       BPF_JMP | BPF_JGE | BPF_K, X32_BIT, TO_FILTER, 0));
	}
	add(b, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, max, 0, TO_FILTER));
	add(b, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS));
	b->insns[test].jf = (unsigned char)(b->n - test - 1);
}

static void build(struct stub *b, const struct oci_seccomp *s)
{
	uint32_t native = seccomp_arch_native(), arch;
	struct err ignored;

	add(b, (struct sock_filter)BPF_STMT(
		       BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)));
	add_arch(b, s, native);
	for (size_t i = 0; s->architectures && s->architectures[i]; i++)
		if (seccomp_find_arch(s->architectures[i], &arch, &ignored) == 0 &&
			arch != native && arch != SCMP_ARCH_X32 && !lists(s, arch, i))
			add_arch(b, s, arch);
	for (size_t i = 0; i < b->n; i++) {
		unsigned char end = (unsigned char)(b->n - i - 1);

		if (BPF_CLASS(b->insns[i].code) != BPF_JMP)
			continue;
		if (b->insns[i].jt == TO_FILTER)
			b->insns[i].jt = end;
		if (b->insns[i].jf == TO_FILTER)
			b->insns[i].jf = end;
	}
}

int seccomp_enosys_prepend(
	const struct oci_seccomp *s, uint32_t def, void **filter, size_t *len, struct err *e)
{
	struct stub b = {.n = 0};
	size_t head;
	char *both;

	if (lets_pass(def) || def == SCMP_ACT_ERRNO(ENOSYS))
		return 0;
	build(&b, s);
	if (b.n < 2) /* the load of the architecture alone */
		return 0;
	head = b.n * sizeof(b.insns[0]);
	both = malloc(head + *len);
	if (!both)
		return err_set(e, ENOMEM, "compile the seccomp filter");
	memcpy(both, b.insns, head);
	memcpy(both + head, *filter, *len);
	free(*filter);
	*filter = both;
	*len += head;
	return 0;
}
