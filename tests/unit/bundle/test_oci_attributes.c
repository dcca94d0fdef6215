#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <linux/ioprio.h>
#include <linux/mempolicy.h>
#include <linux/sched.h>

#include "base/ptr.h"
#include "base/str.h"
#include "bundle/oci.h"

/* The members that config.json has had since 1.1: each reader, what it takes and what it refuses.
 */

static struct oci *parse_part(const char *part, const char *members, struct err *e)
{
	cleanup_free char *text = str_format(
		"{\"ociVersion\": \"1.3.0\", \"root\": {\"path\": \"r\"},"
		" \"%s\": {%s%s}}",
		part, strcmp(part, "process") == 0 ? "\"args\": [\"a\"], \"cwd\": \"/\", " : "",
		members);
	struct oci *oci = NULL;

	assert_non_null(text);
	return oci_parse(text, strlen(text), "/bundle", &oci, e) < 0 ? NULL : oci;
}

static struct oci *taken(const char *part, const char *members)
{
	struct err e = {0};
	struct oci *oci = parse_part(part, members, &e);

	if (!oci)
		fail_msg("%s: %s", members, e.msg);
	return oci;
}

static void refused(const char *part, const char *members, const char *why)
{
	struct err e = {0};
	cleanup_oci struct oci *oci = parse_part(part, members, &e);

	if (oci)
		fail_msg("%s was taken", members);
	if (!strstr(e.msg, why))
		fail_msg("'%s' is not in '%s'", why, e.msg);
}

static void a_scheduler_is_read_whole(void **state)
{
	cleanup_oci struct oci *oci = taken("process",
		"\"scheduler\": {\"policy\": \"SCHED_RR\", \"priority\": 9, \"nice\": -20, "
		"\"flags\": [\"SCHED_FLAG_RESET_ON_FORK\", \"SCHED_FLAG_RECLAIM\"]}");
	const struct oci_scheduler *s = oci->process->scheduler;

	(void)state;
	assert_int_equal(s->policy, SCHED_RR);
	assert_int_equal(s->priority, 9);
	assert_int_equal(s->nice, -20);
	assert_int_equal(s->flags, SCHED_FLAG_RESET_ON_FORK | SCHED_FLAG_RECLAIM);
	assert_string_equal(oci_scheduler_policy_name(s), "SCHED_RR");
}

static void a_deadline_may_leave_its_period_out(void **state)
{
	cleanup_oci struct oci *oci = taken("process",
		"\"scheduler\": {\"policy\": \"SCHED_DEADLINE\", \"runtime\": 1024, "
		"\"deadline\": 1024}");

	(void)state;
	assert_int_equal(oci->process->scheduler->policy, SCHED_DEADLINE);
	assert_int_equal(oci->process->scheduler->runtime, 1024);
	assert_int_equal(oci->process->scheduler->period, 0);
}

#define DEADLINE "\"scheduler\": {\"policy\": \"SCHED_DEADLINE\""

static void a_scheduler_that_makes_no_sense_is_refused(void **state)
{
	static const struct {
		const char *members, *why;
	} bad[] = {
		{"\"scheduler\": {}", "process.scheduler: the member 'policy' is missing"},
		{"\"scheduler\": {\"policy\": \"SCHED_EXT\"}",
			"invalid scheduling policy 'SCHED_EXT'"},
		{"\"scheduler\": {\"policy\": \"SCHED_OTHER\", \"nice\": 20}", "nice"},
		{"\"scheduler\": {\"policy\": \"SCHED_OTHER\", \"nice\": -21}", "nice"},
		{"\"scheduler\": {\"policy\": \"SCHED_FIFO\", \"priority\": 100}", "priority"},
		{"\"scheduler\": {\"policy\": \"SCHED_BATCH\", \"priority\": 1}",
			"priority is for SCHED_FIFO and SCHED_RR only"},
		{"\"scheduler\": {\"policy\": \"SCHED_OTHER\", \"flags\": [\"SCHED_FLAG_X\"]}",
			"process.scheduler.flags[0]"},
		{"\"scheduler\": {\"policy\": \"SCHED_OTHER\", \"runtime\": 1}",
			"SCHED_DEADLINE only"},
		{DEADLINE "}", "requires `runtime`"},
		{DEADLINE ", \"runtime\": 2000}", "requires `deadline`"},
		{DEADLINE ", \"runtime\": 0, \"deadline\": 1}", "greater than 0"},
		{DEADLINE ", \"runtime\": 1023, \"deadline\": 2000}", "must be between 1024"},
		{DEADLINE ", \"runtime\": 9223372036854775809, \"deadline\": 9223372036854775810}",
			"must be between 1024"},
		{DEADLINE ", \"runtime\": 2000, \"deadline\": 1999}", "must be <= deadline"},
		{DEADLINE ", \"runtime\": 2000, \"deadline\": 3000, \"period\": 2999}",
			"must be <= period"},
		{DEADLINE ", \"runtime\": 2000, \"deadline\": 9223372036854775808}", "below 2^63"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		refused("process", bad[i].members, bad[i].why);
}

static void an_io_priority_is_a_class_and_a_level(void **state)
{
	cleanup_oci struct oci *oci = taken(
		"process", "\"ioPriority\": {\"class\": \"IOPRIO_CLASS_BE\", \"priority\": 7}");

	(void)state;
	assert_true(oci->process->has_io_priority);
	assert_int_equal(IOPRIO_PRIO_CLASS(oci->process->io_priority), IOPRIO_CLASS_BE);
	assert_int_equal(IOPRIO_PRIO_DATA(oci->process->io_priority), 7);
	refused("process", "\"ioPriority\": {\"class\": \"IOPRIO_CLASS_NONE\"}",
		"invalid I/O class 'IOPRIO_CLASS_NONE'");
	refused("process", "\"ioPriority\": {\"class\": \"IOPRIO_CLASS_BE\", \"priority\": 8}",
		"process.ioPriority.priority");
	refused("process", "\"ioPriority\": {\"priority\": 1}", "'class' is missing");
}

static void an_affinity_is_two_lists_of_cpus(void **state)
{
	cleanup_oci struct oci *oci =
		taken("process", "\"execCPUAffinity\": {\"initial\": \"0-1\", \"final\": \"3\"}");
	cleanup_oci struct oci *one = taken("process", "\"execCPUAffinity\": {\"final\": \"2\"}");

	(void)state;
	assert_int_equal(oci->process->exec_cpus_initial.words[0], 3);
	assert_int_equal(oci->process->exec_cpus_final.words[0], 8);
	assert_false(one->process->exec_cpus_initial.present);
	assert_true(one->process->exec_cpus_final.present);
	refused("process", "\"execCPUAffinity\": {\"initial\": \"1-0\"}",
		"process.execCPUAffinity.initial: the range 1-0 runs backwards");
	refused("process", "\"execCPUAffinity\": {\"final\": \"4096\"}", "not supported");
}

static void a_memory_policy_is_a_mode_with_flags_and_nodes(void **state)
{
	cleanup_oci struct oci *oci = taken("linux",
		"\"memoryPolicy\": {\"mode\": \"MPOL_INTERLEAVE\", \"nodes\": \"0,64\", \"flags\": "
		"[\"MPOL_F_STATIC_NODES\", \"MPOL_F_NUMA_BALANCING\"]}");
	const struct oci_memory_policy *m = oci->memory_policy;

	(void)state;
	assert_int_equal(m->mode, MPOL_INTERLEAVE);
	assert_int_equal(m->flags, MPOL_F_STATIC_NODES | MPOL_F_NUMA_BALANCING);
	assert_int_equal(m->nodes.words[1], 1);
	refused("linux", "\"memoryPolicy\": {}",
		"linux.memoryPolicy: the member 'mode' is missing");
	refused("linux", "\"memoryPolicy\": {\"mode\": \"MPOL_X\"}", "invalid memory policy");
	refused("linux", "\"memoryPolicy\": {\"mode\": \"MPOL_BIND\", \"nodes\": \"x\"}",
		"linux.memoryPolicy.nodes");
	refused("linux",
		"\"memoryPolicy\": {\"mode\": \"MPOL_BIND\", \"flags\": [\"MPOL_F_NODE\"]}",
		"invalid flag of a memory policy");
}

#define OWN_NET "\"namespaces\": [{\"type\": \"network\"}], "

static void network_devices_keep_or_change_their_names(void **state)
{
	cleanup_oci struct oci *oci =
		taken("linux", OWN_NET "\"netDevices\": {\"eth7\": {}, \"eth8\": {\"name\": "
				       "\"a%d\"}, \"eth9\": {\"name\": "
				       "\"a%d\"}}");

	(void)state;
	assert_int_equal(oci->n_net_devices, 3);
	assert_string_equal(oci->net_devices[0].host, "eth7");
	assert_string_equal(oci->net_devices[0].name, "eth7");
	assert_string_equal(oci->net_devices[1].name, "a%d");
}

static void network_devices_need_names_and_a_place(void **state)
{
	static const struct {
		const char *members, *why;
	} bad[] = {
		{"\"netDevices\": {\"eth7\": {}}",
			"linux.namespaces needs one of type \"network\""},
		{OWN_NET "\"netDevices\": {\"a/b\": {}}", "no name of a network device"},
		{OWN_NET "\"netDevices\": {\"..\": {}}", "no name of a network device"},
		{OWN_NET "\"netDevices\": {\"a%d\": {}}", "no name of a network device"},
		{OWN_NET "\"netDevices\": {\"sixteen-letters-\": {}}", "no name"},
		{OWN_NET "\"netDevices\": {\"a\": {\"name\": \"%s\"}}", "no name"},
		{OWN_NET "\"netDevices\": {\"a\": {\"name\": \"%d%d\"}}", "no name"},
		{OWN_NET "\"netDevices\": {\"a\": {\"name\": \"x y\"}}", "no name"},
		{OWN_NET "\"netDevices\": {\"a\": {\"name\": 1}}", "expected a string"},
		{OWN_NET "\"netDevices\": {\"a\": {}, \"b\": {\"name\": \"a\"}}",
			"would both be 'a'"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		refused("linux", bad[i].members, bad[i].why);
}

static void a_class_of_service_is_read_whole(void **state)
{
	cleanup_oci struct oci *oci = taken("linux",
		"\"intelRdt\": {\"closID\": \"gold\", \"l3CacheSchema\": \"L3:0=f\", "
		"\"memBwSchema\": \"MB:0=20\", \"schemata\": [\"L2:0=f\"], \"enableMonitoring\": "
		"true}");
	cleanup_oci struct oci *empty = taken("linux", "\"intelRdt\": {\"closID\": \"\"}");

	(void)state;
	assert_string_equal(oci->rdt->clos_id, "gold");
	assert_string_equal(oci->rdt->l3_cache_schema, "L3:0=f");
	assert_string_equal(oci->rdt->mem_bw_schema, "MB:0=20");
	assert_string_equal(oci->rdt->schemata[0], "L2:0=f");
	assert_true(oci->rdt->monitoring);
	assert_null(empty->rdt->clos_id);
}

static void a_class_of_service_stays_below_resctrl(void **state)
{
	static const struct {
		const char *members, *why;
	} bad[] = {
		{"\"intelRdt\": {\"closID\": \"..\"}", "linux.intelRdt: closID"},
		{"\"intelRdt\": {\"closID\": \".\"}", "closID"},
		{"\"intelRdt\": {\"closID\": \"a/b\"}", "closID"},
		{"\"intelRdt\": {\"closID\": \"//\"}", "closID"},
		{"\"intelRdt\": {\"memBwSchema\": \"L3:0=f\"}", "must begin with \"MB:\""},
		{"\"intelRdt\": {\"l3CacheSchema\": \"L3:0=f\\nMB:0=1\"}", "must be one line"},
		{"\"intelRdt\": {\"schemata\": [\"L3:0=f\\nMB:0=1\"]}", "must be one line"},
		{"\"intelRdt\": {\"schemata\": [\"\"]}", "must be one line"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		refused("linux", bad[i].members, bad[i].why);
}

/* features.md: the runtime MUST recognize the elements. */
static void each_word_that_is_told_is_taken(void **state)
{
	static const struct {
		json_t *(*words)(void);
		const char *part, *member;
	} lists[] = {
		{oci_namespace_names, "linux", "\"namespaces\": [{\"type\": \"%s\"}]"},
		{oci_memory_policy_modes, "linux", "\"memoryPolicy\": {\"mode\": \"%s\"}"},
		{oci_memory_policy_flags, "linux",
			"\"memoryPolicy\": {\"mode\": \"MPOL_BIND\", \"flags\": [\"%s\"]}"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		json_t *words = lists[i].words(), *word;
		size_t n;

		assert_true(json_array_size(words) > 0);
		json_array_foreach (words, n, word) {
			const char *before = strstr(lists[i].member, "%s");
			cleanup_free char *members =
				str_format("%.*s%s%s", (int)(before - lists[i].member),
					lists[i].member, json_string_value(word), before + 2);
			cleanup_oci struct oci *oci = taken(lists[i].part, members);
		}
		json_decref(words);
	}
}

static void each_hook_that_is_told_is_taken(void **state)
{
	json_t *words = oci_hook_names(), *word;
	unsigned int seen = 0;
	size_t n;

	(void)state;
	assert_int_equal(json_array_size(words), OCI_HOOK_KINDS);
	json_array_foreach (words, n, word) {
		cleanup_free char *text =
			str_format("\"%s\": [{\"path\": \"/bin/true\"}]", json_string_value(word));
		struct err e = {0};
		cleanup_oci struct oci *oci = parse_part("hooks", text, &e);

		assert_non_null(oci);
		for (int kind = 0; kind < OCI_HOOK_KINDS; kind++)
			seen |= oci->hooks[kind].n ? 1U << kind : 0;
	}
	assert_int_equal(seen, (1U << OCI_HOOK_KINDS) - 1);
	json_decref(words);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_scheduler_is_read_whole),
		cmocka_unit_test(a_deadline_may_leave_its_period_out),
		cmocka_unit_test(a_scheduler_that_makes_no_sense_is_refused),
		cmocka_unit_test(an_io_priority_is_a_class_and_a_level),
		cmocka_unit_test(an_affinity_is_two_lists_of_cpus),
		cmocka_unit_test(a_memory_policy_is_a_mode_with_flags_and_nodes),
		cmocka_unit_test(network_devices_keep_or_change_their_names),
		cmocka_unit_test(network_devices_need_names_and_a_place),
		cmocka_unit_test(a_class_of_service_is_read_whole),
		cmocka_unit_test(a_class_of_service_stays_below_resctrl),
		cmocka_unit_test(each_word_that_is_told_is_taken),
		cmocka_unit_test(each_hook_that_is_told_is_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
