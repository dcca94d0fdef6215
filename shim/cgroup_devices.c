#include "shim/cgroup_devices.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/ptr.h"
#include "shim/cgroup_impl.h"

/* The rules that runc and crun give every container, so that images find what they expect. */
static const struct oci_device_rule everybody[] = {
	{true, 'c', -1, -1, "m"}, {true, 'b', -1, -1, "m"}, {true, 'c', 1, 3, "rwm"}, /* null */
	{true, 'c', 1, 5, "rwm"},						      /* zero */
	{true, 'c', 1, 7, "rwm"},						      /* full */
	{true, 'c', 1, 8, "rwm"},						      /* random */
	{true, 'c', 1, 9, "rwm"},						      /* urandom */
	{true, 'c', 5, 0, "rwm"},						      /* tty */
	{true, 'c', 5, 1, "rwm"},						      /* console */
	{true, 'c', 5, 2, "rwm"},						      /* ptmx */
	{true, 'c', 136, -1, "rwm"},						      /* pts */
	{true, 'c', 10, 200, "rwm"},						      /* tun */
};

static bool same(const struct oci_device_rule *a, const struct oci_device_rule *b)
{
	return a->allow == b->allow && a->type == b->type && a->major == b->major &&
	       a->minor == b->minor && strcmp(a->access, b->access) == 0;
}

static bool overlap(const struct oci_device_rule *a, const struct oci_device_rule *b)
{
	return a->type == b->type && (a->major < 0 || b->major < 0 || a->major == b->major) &&
	       (a->minor < 0 || b->minor < 0 || a->minor == b->minor);
}

/* Nothing before says the opposite about any device that the rule names. */
static bool changes_nothing(const struct device_rules *r, const struct oci_device_rule *rule)
{
	if (r->list[0].allow != rule->allow)
		return false;
	for (size_t i = 1; i < r->n; i++)
		if (r->list[i].allow != rule->allow && overlap(&r->list[i], rule))
			return false;
	return true;
}

static void add(struct device_rules *r, const struct oci_device_rule *rule)
{
	static const struct oci_device_rule all = {.type = 'a', .major = -1, .minor = -1};

	/* Type 'a' means all devices whatever the numbers say, and starts the list anew. */
	if (rule->type == 'a') {
		r->n = 1;
		r->list[0] = all;
		r->list[0].allow = rule->allow;
		return;
	}
	if (changes_nothing(r, rule))
		return;
	/* Engines send the rules of every container, too; but a later rule may not become earlier.
	 */
	for (size_t i = r->n; i-- > 1 && r->list[i].allow == rule->allow;)
		if (same(&r->list[i], rule))
			return;
	r->list[r->n++] = *rule;
}

int device_rules_make(const struct oci_resources *res, struct device_rules *ret, struct err *e)
{
	const struct oci_device_rule none = {.type = 'a', .major = -1, .minor = -1};

	ret->n = 0;
	ret->list = calloc(1 + res->n_devices + ARRAY_LEN(everybody), sizeof(*ret->list));
	if (!ret->list)
		return err_set(e, ENOMEM, "device rules");
	add(ret, &none);
	for (size_t i = 0; i < res->n_devices; i++) {
		if (!strchr("abc", res->devices[i].type))
			return err_say(e, EINVAL, "device rule type '%c': a, b and c are possible",
				res->devices[i].type);
		add(ret, &res->devices[i]);
	}
	for (size_t i = 0; i < ARRAY_LEN(everybody); i++)
		add(ret, &everybody[i]);
	return 0;
}

void device_rules_done(struct device_rules *r)
{
	free(r->list);
	*r = (struct device_rules){0};
}

static unsigned int access_bits(const char *access)
{
	return (strchr(access, 'r') ? BPF_DEVCG_ACC_READ : 0) |
	       (strchr(access, 'w') ? BPF_DEVCG_ACC_WRITE : 0) |
	       (strchr(access, 'm') ? BPF_DEVCG_ACC_MKNOD : 0);
}

#define ALL_ACCESS (BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE | BPF_DEVCG_ACC_MKNOD)

/* A permission speaks of an access that it covers whole, a refusal of one that it touches. */
static bool speaks_of(
	const struct oci_device_rule *r, char type, int64_t major, int64_t minor, unsigned int bits)
{
	unsigned int own = access_bits(r->access);

	if (r->type != type || (r->major >= 0 && r->major != major) ||
		(r->minor >= 0 && r->minor != minor))
		return false;
	return r->allow ? (bits & ~own) == 0 : (bits & own) != 0;
}

bool device_rules_allow(
	const struct device_rules *r, char type, int64_t major, int64_t minor, const char *access)
{
	unsigned int bits = access_bits(access);

	for (size_t i = r->n; i-- > 1;)
		if (speaks_of(&r->list[i], type, major, minor, bits))
			return r->list[i].allow;
	return r->list[0].allow;
}

/* ---- the program: R2 type, R3 access, R4 major, R5 minor, R1 scratch, R0 the answer */

#define INSN(c, d, s, o, i)                                                                        \
	((struct bpf_insn){.code = (c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i)})
#define LOAD(reg, field)                                                                           \
	INSN(BPF_LDX | BPF_MEM | BPF_W, reg, BPF_REG_1,                                            \
		offsetof(struct bpf_cgroup_dev_ctx, field), 0)
#define ANSWER(v)    INSN(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, v)
#define EXIT	     INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)
#define HEAD_INSNS   6
#define PER_RULE_MAX 8

static size_t head(struct bpf_insn *out)
{
	const struct bpf_insn insns[HEAD_INSNS] = {
		LOAD(BPF_REG_2, access_type),
		INSN(BPF_ALU | BPF_MOV | BPF_X, BPF_REG_3, BPF_REG_2, 0, 0),
		INSN(BPF_ALU | BPF_AND | BPF_K, BPF_REG_2, 0, 0, 0xffff),
		INSN(BPF_ALU | BPF_RSH | BPF_K, BPF_REG_3, 0, 0, 16),
		LOAD(BPF_REG_4, major),
		LOAD(BPF_REG_5, minor),
	};

	memcpy(out, insns, sizeof(insns));
	return HEAD_INSNS;
}

/* Tests of one rule; each that fails jumps behind the rule's answer. */
static size_t one_rule(const struct oci_device_rule *r, struct bpf_insn *out)
{
	int type = r->type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR;
	unsigned int bits = access_bits(r->access);
	size_t n = 0;

	out[n++] = INSN(BPF_JMP | BPF_JNE | BPF_K, BPF_REG_2, 0, 0, type);
	if (bits != ALL_ACCESS) {
		out[n++] = INSN(BPF_ALU | BPF_MOV | BPF_X, BPF_REG_1, BPF_REG_3, 0, 0);
		out[n++] = INSN(BPF_ALU | BPF_AND | BPF_K, BPF_REG_1, 0, 0, (int)bits);
		out[n++] = r->allow ? INSN(BPF_JMP | BPF_JNE | BPF_X, BPF_REG_1, BPF_REG_3, 0, 0)
				    : INSN(BPF_JMP | BPF_JEQ | BPF_K, BPF_REG_1, 0, 0, 0);
	}
	if (r->major >= 0)
		out[n++] = INSN(BPF_JMP | BPF_JNE | BPF_K, BPF_REG_4, 0, 0, (int)r->major);
	if (r->minor >= 0)
		out[n++] = INSN(BPF_JMP | BPF_JNE | BPF_K, BPF_REG_5, 0, 0, (int)r->minor);
	out[n++] = ANSWER(r->allow);
	out[n++] = EXIT;
	for (size_t i = 0; i + 2 < n; i++)
		if (BPF_CLASS(out[i].code) == BPF_JMP)
			out[i].off = (short)(n - i - 1);
	return n;
}

int device_program_make(const struct device_rules *r, struct bpf_insn **ret, struct err *e)
{
	struct bpf_insn *p = calloc(HEAD_INSNS + r->n * PER_RULE_MAX + 2, sizeof(*p));
	size_t n;

	if (!p)
		return err_set(e, ENOMEM, "device program");
	n = head(p);
	for (size_t i = r->n; i-- > 1;)
		n += one_rule(&r->list[i], p + n);
	p[n++] = ANSWER(r->list[0].allow);
	p[n++] = EXIT;
	*ret = p;
	return (int)n;
}

/* ---- in the kernel */

/* Our programs are known by their name: others' (systemd's) on the same group stay. */
#define PROGRAM_NAME "bottle_devices"

static int bpf(int cmd, union bpf_attr *attr)
{
	long r = syscall(SYS_bpf, cmd, attr, sizeof(*attr));

	return r < 0 ? -errno : (int)r;
}

static uint64_t ptr(const void *p)
{
	return (uint64_t)(uintptr_t)p;
}

static int load(const struct bpf_insn *insns, int n)
{
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE,
		.insns = ptr(insns),
		.insn_cnt = (uint32_t)n,
		.license = ptr("Dual BSD/GPL"),
	};

	memcpy(attr.prog_name, PROGRAM_NAME, sizeof(PROGRAM_NAME));
	return bpf(BPF_PROG_LOAD, &attr);
}

static bool is_ours(int prog)
{
	struct bpf_prog_info info = {0};
	union bpf_attr attr = {
		.info = {.bpf_fd = (uint32_t)prog, .info_len = sizeof(info), .info = ptr(&info)}};

	return bpf(BPF_OBJ_GET_INFO_BY_FD, &attr) == 0 && strcmp(info.name, PROGRAM_NAME) == 0;
}

/* The ids of what is attached to the group itself; the count or -errno. */
static int attached(int cgroup, uint32_t ids[64])
{
	union bpf_attr attr = {.query = {.target_fd = (uint32_t)cgroup,
				       .attach_type = BPF_CGROUP_DEVICE,
				       .prog_ids = ptr(ids),
				       .prog_cnt = 64}};
	int r = bpf(BPF_PROG_QUERY, &attr);

	return r < 0 ? r : (int)attr.query.prog_cnt;
}

static int detach_ours(int cgroup, const uint32_t *ids, int n)
{
	int r = 0;

	for (int i = 0; r == 0 && i < n; i++) {
		union bpf_attr by_id = {.prog_id = ids[i]};
		cleanup_fd int prog = bpf(BPF_PROG_GET_FD_BY_ID, &by_id);
		union bpf_attr attr = {.target_fd = (uint32_t)cgroup,
			.attach_bpf_fd = (uint32_t)prog,
			.attach_type = BPF_CGROUP_DEVICE};

		if (prog < 0)
			r = prog == -ENOENT ? 0 : prog;
		else if (is_ours(prog))
			r = bpf(BPF_PROG_DETACH, &attr);
	}
	return r;
}

/* First the new program, then the old ones away: between the two both must agree. */
static int replace(int cgroup, const struct device_rules *rules, struct err *e)
{
	cleanup_free struct bpf_insn *insns = NULL;
	int n = device_program_make(rules, &insns, e), old, r = 0;
	cleanup_fd int prog = -1;
	uint32_t ids[64];

	if (n < 0)
		return n;
	old = attached(cgroup, ids);
	if (old < 0)
		return err_set(e, -old, "bpf: list the device programs of the cgroup");
	if (rules->n > 1 || !rules->list[0].allow) {
		union bpf_attr attr = {.target_fd = (uint32_t)cgroup,
			.attach_type = BPF_CGROUP_DEVICE,
			.attach_flags = BPF_F_ALLOW_MULTI};

		prog = load(insns, n);
		if (prog < 0)
			return err_set(e, -prog, "bpf: load the device program");
		attr.attach_bpf_fd = (uint32_t)prog;
		r = bpf(BPF_PROG_ATTACH, &attr);
		if (r < 0)
			return err_set(e, -r, "bpf: attach the device program");
	}
	r = detach_ours(cgroup, ids, old);
	return r < 0 ? err_set(e, -r, "bpf: detach the old device program") : 0;
}

int cgroup_v2_devices(struct cgroup_hier *h, const struct oci_resources *res, struct err *e)
{
	struct device_rules rules;
	int r = cgroup_tree_open(h, e);

	if (r == 0)
		r = device_rules_make(res, &rules, e);
	if (r < 0)
		return r;
	r = replace(h->dirfd, &rules, e);
	device_rules_done(&rules);
	/* Without privilege no device can be made that is not there already. */
	if (r == -EPERM && geteuid() != 0) {
		log_debug("%s", e->msg);
		return 0;
	}
	return r;
}
