#include <errno.h>
#include <linux/ioprio.h>
#include <linux/sched.h>
#include <stdlib.h>

#include "base/ptr.h"
#include "base/ranges.h"
#include "bundle/oci_read.h"
#include "bundle/oci_words.h"

/* When and where a process runs: process.scheduler, ioPriority and execCPUAffinity. */

static const struct oci_word policy_list[] = {
	{"SCHED_OTHER", SCHED_NORMAL},
	{"SCHED_FIFO", SCHED_FIFO},
	{"SCHED_RR", SCHED_RR},
	{"SCHED_BATCH", SCHED_BATCH},
	{"SCHED_ISO", 4}, /* has a number in the kernel, but no scheduler */
	{"SCHED_IDLE", SCHED_IDLE},
	{"SCHED_DEADLINE", SCHED_DEADLINE},
};

static const struct oci_word flag_list[] = {
	{"SCHED_FLAG_RESET_ON_FORK", SCHED_FLAG_RESET_ON_FORK},
	{"SCHED_FLAG_RECLAIM", SCHED_FLAG_RECLAIM},
	{"SCHED_FLAG_DL_OVERRUN", SCHED_FLAG_DL_OVERRUN},
	{"SCHED_FLAG_KEEP_POLICY", SCHED_FLAG_KEEP_POLICY},
	{"SCHED_FLAG_KEEP_PARAMS", SCHED_FLAG_KEEP_PARAMS},
	{"SCHED_FLAG_UTIL_CLAMP_MIN", SCHED_FLAG_UTIL_CLAMP_MIN},
	{"SCHED_FLAG_UTIL_CLAMP_MAX", SCHED_FLAG_UTIL_CLAMP_MAX},
};

static const struct oci_word class_list[] = {
	{"IOPRIO_CLASS_RT", IOPRIO_CLASS_RT},
	{"IOPRIO_CLASS_BE", IOPRIO_CLASS_BE},
	{"IOPRIO_CLASS_IDLE", IOPRIO_CLASS_IDLE},
};

static const struct oci_words policies = {"scheduling policy", policy_list, ARRAY_LEN(policy_list)};
static const struct oci_words flags = {"scheduling flag", flag_list, ARRAY_LEN(flag_list)};
static const struct oci_words classes = {"I/O class", class_list, ARRAY_LEN(class_list)};

const char *oci_scheduler_policy_name(const struct oci_scheduler *s)
{
	return oci_words_name(&policies, s->policy);
}

/* What stood there, of the three numbers of SCHED_DEADLINE. */
struct deadline_seen {
	bool runtime, deadline, period;
};

/* The words after the colon are crun's, which callers of it match. */
static int deadline_err(const struct json_at *at, struct err *e, const char *what)
{
	return json_err(at, EINVAL, e, "sched_setattr: `SCHED_DEADLINE` %s", what);
}

/* sched(7): 1024 ns <= runtime <= deadline <= period < 2^63 ns; a period of 0 is the deadline. */
static int check_deadline(const struct json_at *at, const struct oci_scheduler *s,
	const struct deadline_seen *seen, struct err *e)
{
	if (!seen->runtime)
		return deadline_err(at, e, "requires `runtime`");
	if (!seen->deadline)
		return deadline_err(at, e, "requires `deadline`");
	if (s->runtime == 0)
		return deadline_err(at, e, "runtime must be greater than 0");
	if (s->runtime < 1024 || s->runtime > INT64_MAX)
		return deadline_err(at, e, "runtime must be between 1024 and 2^63-1 nanoseconds");
	if (s->runtime > s->deadline)
		return deadline_err(at, e, "runtime must be <= deadline");
	if (s->period && s->deadline > s->period)
		return deadline_err(at, e, "deadline must be <= period");
	if (s->deadline > INT64_MAX || s->period > INT64_MAX)
		return deadline_err(at, e, "deadline and period must be below 2^63 nanoseconds");
	return 0;
}

static int check_scheduler(const struct json_at *at, const struct oci_scheduler *s,
	const struct deadline_seen *seen, struct err *e)
{
	if (s->policy == SCHED_DEADLINE)
		return check_deadline(at, s, seen, e);
	if (s->runtime || s->deadline || s->period)
		return json_err(at, EINVAL, e,
			"runtime, deadline and period are for SCHED_DEADLINE only, policy is %s",
			oci_scheduler_policy_name(s));
	if (s->priority && s->policy != SCHED_FIFO && s->policy != SCHED_RR)
		return json_err(at, EINVAL, e,
			"priority is for SCHED_FIFO and SCHED_RR only, policy is %s",
			oci_scheduler_policy_name(s));
	return 0;
}

static int read_deadline(const struct json_at *at, struct oci_scheduler *s,
	struct deadline_seen *seen, struct err *e)
{
	int r = json_get_u64(at, "runtime", &s->runtime, e);

	seen->runtime = r > 0;
	if (r >= 0)
		r = json_get_u64(at, "deadline", &s->deadline, e);
	seen->deadline = r > 0;
	if (r >= 0)
		r = json_get_u64(at, "period", &s->period, e);
	seen->period = r > 0;
	return r;
}

static int read_scheduler(const struct json_at *up, struct oci_process *p, struct err *e)
{
	int64_t nice = 0, priority = 0;
	struct deadline_seen seen;
	struct oci_scheduler *s;
	uint64_t policy = 0;
	struct json_at at;
	int r = json_member(up, "scheduler", JSON_OBJECT, &at, e);

	if (r <= 0)
		return r;
	s = p->scheduler = calloc(1, sizeof(*s));
	if (!s)
		return err_set(e, ENOMEM, "read scheduler");
	if ((r = oci_words_need(&at, "policy", &policies, &policy, e)) < 0 ||
		(r = oci_words_flags(&at, "flags", &flags, &s->flags, e)) < 0 ||
		/* setpriority(2), sched(7) */
		(r = json_get_int(&at, "nice", -20, 19, &nice, e)) < 0 ||
		(r = json_get_int(&at, "priority", 0, 99, &priority, e)) < 0 ||
		(r = read_deadline(&at, s, &seen, e)) < 0)
		return r;
	s->policy = (uint32_t)policy;
	s->nice = (int32_t)nice;
	s->priority = (uint32_t)priority;
	return check_scheduler(&at, s, &seen, e);
}

static int read_io_priority(const struct json_at *up, struct oci_process *p, struct err *e)
{
	uint64_t class = 0;
	int64_t level = 0;
	struct json_at at;
	int r = json_member(up, "ioPriority", JSON_OBJECT, &at, e);

	if (r <= 0)
		return r;
	r = oci_words_need(&at, "class", &classes, &class, e);
	if (r >= 0)
		r = json_get_int(&at, "priority", 0, IOPRIO_NR_LEVELS - 1, &level, e);
	if (r < 0)
		return r;
	p->has_io_priority = true;
	p->io_priority = (int)IOPRIO_PRIO_VALUE(class, (uint64_t)level);
	return 0;
}

int oci_read_ranges(const struct json_at *at, const char *key, struct ranges *ret, struct err *e)
{
	struct json_at list;
	struct err why;
	int r = json_member(at, key, JSON_STRING, &list, e);

	if (r > 0 && ranges_parse(json_string_value(list.j), ret, &why) < 0)
		return json_err(&list, why.code, e, "%s; a list looks like \"0-3,7\"", why.msg);
	return r;
}

static int read_affinity(const struct json_at *up, struct oci_process *p, struct err *e)
{
	struct json_at at;
	int r = json_member(up, "execCPUAffinity", JSON_OBJECT, &at, e);

	if (r <= 0)
		return r;
	r = oci_read_ranges(&at, "initial", &p->exec_cpus_initial, e);
	return r < 0 ? r : oci_read_ranges(&at, "final", &p->exec_cpus_final, e);
}

int oci_read_schedule(const struct json_at *at, struct oci_process *p, struct err *e)
{
	int r = read_scheduler(at, p, e);

	if (r >= 0)
		r = read_io_priority(at, p, e);
	return r < 0 ? r : read_affinity(at, p, e);
}
