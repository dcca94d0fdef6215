#include "bundle/oci.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>

#include <cmocka.h>

#include "base/ptr.h"
#include "base/str.h"

#define START "{\"ociVersion\": \"1.2.0\", \"root\": {\"path\": \"rootfs\"}"

static struct oci *parse(const char *text)
{
	struct oci *oci = NULL;
	struct err e = {0};

	if (oci_parse(text, strlen(text), "/bundle", &oci, &e) < 0)
		fail_msg("%s", e.msg);
	return oci;
}

static void refused(const char *text, const char *why)
{
	struct oci *oci = NULL;
	struct err e = {0};

	assert_true(oci_parse(text, strlen(text), "/bundle", &oci, &e) < 0);
	if (!strstr(e.msg, why))
		fail_msg("'%s' is not in '%s'", why, e.msg);
}

static void the_least_document_has_its_defaults(void **state)
{
	cleanup_oci struct oci *oci = parse(START "}");

	(void)state;
	assert_string_equal(oci->root_path, "/bundle/rootfs");
	assert_null(oci->process);
	assert_null(oci->seccomp);
	assert_non_null(oci->resources);
	assert_true(oci->resources->memory_limit == OCI_UNSET);
	assert_true(oci->resources->pids_limit == OCI_UNSET);
	assert_true(oci->personality == OCI_UNSET);
	assert_false(oci->ns[OCI_NS_PID].present);
}

static void a_process_is_read_whole(void **state)
{
	cleanup_oci struct oci *oci = parse(START
		", \"process\": {\"terminal\": true, \"consoleSize\": {\"height\": 24, \"width\": "
		"80}, \"user\": {\"uid\": 1, \"gid\": 2, \"umask\": 18, \"additionalGids\": [3, "
		"4]}, \"args\": [\"a\", \"\"], \"env\": [\"A=\"], \"cwd\": \"/w\", "
		"\"capabilities\": {\"bounding\": [\"CAP_KILL\"], \"ambient\": []}, \"rlimits\": "
		"[{\"type\": \"RLIMIT_CORE\", \"soft\": 0, \"hard\": 18446744073709551615}], "
		"\"oomScoreAdj\": -5, \"noNewPrivileges\": true}}");
	const struct oci_process *p = oci->process;

	(void)state;
	assert_true(p->terminal && p->has_console_size && p->no_new_privileges && p->has_umask);
	assert_int_equal(p->console_width, 80);
	assert_int_equal(p->umask, 18);
	assert_int_equal(p->n_additional_gids, 2);
	assert_int_equal(p->additional_gids[1], 4);
	assert_string_equal(p->args[1], "");
	assert_true(p->has_caps);
	assert_string_equal(p->caps[OCI_CAP_BOUNDING][0], "CAP_KILL");
	assert_null(p->caps[OCI_CAP_EFFECTIVE]);
	assert_true(p->rlimits[0].hard == UINT64_MAX);
	assert_true(p->has_oom_score_adj);
	assert_int_equal(p->oom_score_adj, -5);
}

static void resources_are_read_by_kind(void **state)
{
	cleanup_oci struct oci *oci = parse(START
		", \"linux\": {\"resources\": {\"memory\": {\"limit\": 1, \"swap\": -1, "
		"\"disableOOMKiller\": false}, \"cpu\": {\"shares\": 2, \"quota\": -1, \"cpus\": "
		"\"0-1\"}, \"pids\": {\"limit\": 0}, \"blockIO\": {\"weight\": 3, "
		"\"weightDevice\": [{\"major\": 8, \"minor\": 1, \"weight\": 4}], "
		"\"throttleReadBpsDevice\": [{\"major\": 8, \"minor\": 0, \"rate\": 5}]}, "
		"\"hugepageLimits\": [{\"pageSize\": \"2MB\", \"limit\": 6}], \"network\": "
		"{\"classID\": 7, \"priorities\": [{\"name\": \"lo\", \"priority\": 8}]}, "
		"\"rdma\": "
		"{\"mlx\": {\"hcaHandles\": 9}}, \"unified\": {\"memory.high\": \"10\"}, "
		"\"devices\": [{\"allow\": true, \"type\": \"c\", \"major\": 1, \"access\": "
		"\"rm\"}]}}}");
	const struct oci_resources *r = oci->resources;

	(void)state;
	assert_int_equal(r->memory_limit, 1);
	assert_int_equal(r->memory_swap, -1);
	assert_true(r->has_disable_oom_killer && !r->disable_oom_killer);
	assert_int_equal(r->cpu_shares, 2);
	assert_int_equal(r->cpu_quota, -1);
	assert_string_equal(r->cpus, "0-1");
	assert_int_equal(r->pids_limit, 0);
	assert_int_equal(r->blkio_weight_device[0].rate, 4);
	assert_int_equal(r->blkio_read_bps[0].rate, 5);
	assert_int_equal(r->hugepages[0].limit, 6);
	assert_int_equal(r->net_class_id, 7);
	assert_int_equal(r->net_prio[0].priority, 8);
	assert_true(r->rdma[0].has_handles && !r->rdma[0].has_objects);
	assert_string_equal(r->unified[0], "memory.high=10");
	assert_int_equal(r->devices[0].minor, -1);
	assert_string_equal(r->devices[0].access, "rm");
}

static void linux_members_are_read(void **state)
{
	cleanup_oci struct oci *oci = parse(START
		", \"linux\": {\"namespaces\": [{\"type\": \"network\", \"path\": \"/run/n\"}, "
		"{\"type\": \"time\"}], \"timeOffsets\": {\"boottime\": {\"secs\": -3, "
		"\"nanosecs\": 4}}, \"personality\": {\"domain\": \"LINUX32\"}, \"devices\": "
		"[{\"path\": \"/dev/x\", \"type\": \"c\", \"major\": 1, \"minor\": 2}], "
		"\"sysctl\": {\"net.a\": \"1\"}, \"seccomp\": {\"defaultAction\": "
		"\"SCMP_ACT_ERRNO\", \"defaultErrnoRet\": 38, \"syscalls\": [{\"names\": "
		"[\"read\"], \"action\": \"SCMP_ACT_ALLOW\", \"args\": [{\"index\": 1, \"value\": "
		"18446744073709551615, \"op\": \"SCMP_CMP_EQ\"}]}]}}}");

	(void)state;
	assert_string_equal(oci->ns[OCI_NS_NET].path, "/run/n");
	assert_true(oci->ns[OCI_NS_TIME].present);
	assert_int_equal(oci->time_offsets[0].secs, -3);
	assert_int_equal(oci->personality, PER_LINUX32);
	assert_int_equal(oci->devices[0].mode, 0666);
	assert_string_equal(oci->sysctl[0], "net.a=1");
	assert_int_equal(oci->seccomp->default_errno, 38);
	assert_true(oci->seccomp->rules[0].args[0].value == UINT64_MAX);
}

static void bind_sources_are_relative_to_the_bundle(void **state)
{
	cleanup_oci struct oci *oci = parse(
		START ", \"mounts\": [{\"destination\": \"/a\", \"source\": \"x\", \"options\": "
		      "[\"rbind\"]}, {\"destination\": \"b\", \"type\": \"tmpfs\", \"source\": "
		      "\"tmpfs\"}, {\"destination\": \"/c\", \"type\": \"\", \"source\": \"/y\", "
		      "\"options\": [\"bind\"]}]}");

	(void)state;
	assert_string_equal(oci->mounts[0].source, "/bundle/x");
	assert_string_equal(oci->mounts[1].source, "tmpfs");
	assert_string_equal(oci->mounts[1].destination, "/b");
	assert_null(oci->mounts[2].type);
	assert_string_equal(oci->mounts[2].source, "/y");
}

static void an_annotation_is_found_by_its_whole_key(void **state)
{
	cleanup_oci struct oci *oci = parse(
		START ", \"annotations\": {\"dev.bottle\": \"a=b\", \"dev.bottle.x\": \"\"}}");

	(void)state;
	assert_string_equal(oci_annotation(oci, "dev.bottle"), "a=b");
	assert_string_equal(oci_annotation(oci, "dev.bottle.x"), "");
	assert_null(oci_annotation(oci, "dev"));
	refused(START ", \"annotations\": {\"dev.bottle=x\": \"y\"}}", "without '='");
}

static void ids_that_mean_unchanged_are_refused(void **state)
{
	(void)state;
	refused(START ", \"process\": {\"args\": [\"a\"], \"cwd\": \"/\", \"user\": {\"uid\": "
		      "4294967295}}}",
		"process.user.uid");
	refused(START ", \"process\": {\"args\": [\"a\"], \"cwd\": \"/\", \"user\": "
		      "{\"additionalGids\": [4294967295]}}}",
		"process.user.additionalGids[0]");
}

static void a_list_beyond_its_bound_is_refused(void **state)
{
	cleanup_str struct str s = {0};

	(void)state;
	str_add(&s, START ", \"mounts\": [");
	for (int i = 0; i < 20000; i++)
		str_addf(&s, "%s{\"destination\": \"/a\"}", i ? "," : "");
	str_add(&s, "]}");
	refused(s.s, "mounts: 20000 entries");
}

static void a_process_by_itself_is_read(void **state)
{
	const char *text = "{\"args\": [\"sh\"], \"cwd\": \"/\"}";
	struct oci_process *p = NULL;
	struct err e = {0};

	(void)state;
	assert_int_equal(oci_process_parse(text, strlen(text), "process.json", &p, &e), 0);
	assert_string_equal(p->args[0], "sh");
	oci_process_free(p);
	assert_true(oci_process_parse("[]", 2, "process.json", &p, &e) < 0);
	assert_non_null(strstr(e.msg, "process.json"));
}

static void resources_by_themselves_are_read(void **state)
{
	const char *text = "{\"pids\": {\"limit\": 5}}";
	struct oci_resources *r = NULL;
	struct err e = {0};

	(void)state;
	assert_int_equal(oci_resources_parse(text, strlen(text), "-", &r, &e), 0);
	assert_int_equal(r->pids_limit, 5);
	assert_true(r->cpu_shares == OCI_UNSET);
	oci_resources_free(r);
}

static void a_bundle_without_config_names_the_file(void **state)
{
	struct oci *oci = NULL;
	struct err e = {0};

	(void)state;
	assert_int_equal(oci_load("/nonexistent", NULL, &oci, &e), -ENOENT);
	assert_int_equal(oci_load("/proc/self", NULL, &oci, &e), -ENOENT);
	assert_non_null(strstr(e.msg, "config.json"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_least_document_has_its_defaults),
		cmocka_unit_test(a_process_is_read_whole),
		cmocka_unit_test(resources_are_read_by_kind),
		cmocka_unit_test(linux_members_are_read),
		cmocka_unit_test(bind_sources_are_relative_to_the_bundle),
		cmocka_unit_test(an_annotation_is_found_by_its_whole_key),
		cmocka_unit_test(ids_that_mean_unchanged_are_refused),
		cmocka_unit_test(a_list_beyond_its_bound_is_refused),
		cmocka_unit_test(a_process_by_itself_is_read),
		cmocka_unit_test(resources_by_themselves_are_read),
		cmocka_unit_test(a_bundle_without_config_names_the_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
