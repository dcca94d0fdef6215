#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/ptr.h"
#include "base/str.h"
#include "shim/cgroup_impl.h"
#include "shim/cgroup_properties.h"
#include "shim/variant.h"

static void values_have_the_types_that_glib_gives_them(void **state)
{
	static const struct {
		const char *text, *type, *json;
	} cases[] = {
		{"'text'", "s", "\"text\""},
		{"\"it's\"", "s", "\"it's\""},
		{"'a\\'b'", "s", "\"a'b\""},
		{"true", "b", "true"},
		{" false ", "b", "false"},
		{"5", "i", "5"},
		{"-5", "i", "-5"},
		{"0x10", "i", "16"},
		{"1.5", "d", "1.5"},
		{"uint64 5", "t", "5"},
		{"byte 255", "y", "255"},
		{"['a', 'b']", "as", "[\"a\",\"b\"]"},
		{"[uint32 1, 2]", "au", "[1,2]"},
		{"@as []", "as", "[]"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct variant v = {0};
		struct err e = {0};
		cleanup_free char *json = NULL;

		assert_int_equal(variant_parse(cases[i].text, &v, &e), 0);
		json = json_dumps(v.value, JSON_COMPACT | JSON_ENCODE_ANY);
		assert_string_equal(v.type, cases[i].type);
		assert_string_equal(json, cases[i].json);
		variant_done(&v);
	}
}

static void what_is_no_value_is_refused(void **state)
{
	static const char *const bad[] = {"", "text", "'open", "5 6", "[1, 'a']", "[1", "[]",
		"uint64 -1", "byte 256", "3000000000", "uint64", "uint64 'a'", "'a\\", "@as",
		"@as 5", "trueish", "[1,]"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct variant v = {0};
		struct err e = {0};

		assert_int_equal(variant_parse(bad[i], &v, &e), -EINVAL);
		assert_null(v.value);
	}
}

static char *annotation(const char *text, int wanted)
{
	char *list[] = {(char *)text, NULL};
	cleanup_json json_t *properties = json_array();
	struct err e = {0};

	assert_int_equal(cgroup_properties_annotations(properties, list, &e), wanted);
	return wanted < 0 ? strdup(e.msg) : json_dumps(properties, JSON_COMPACT);
}

static void seconds_are_told_in_microseconds(void **state)
{
	cleanup_free char *sec = annotation("org.systemd.property.TimeoutStopSec=1.5", 0);
	cleanup_free char *usec = annotation("org.systemd.property.TimeoutStopUSec=uint64 7", 0);
	cleanup_free char *other = annotation("org.example=5", 0);
	cleanup_free char *text = annotation("org.systemd.property.TimeoutStopSec='5'", -EINVAL);
	cleanup_free char *name = annotation("org.systemd.property.a1=5", -EINVAL);

	(void)state;
	assert_string_equal(
		sec, "[{\"name\":\"TimeoutStopUSec\",\"type\":\"t\",\"value\":1500000}]");
	assert_string_equal(usec, "[{\"name\":\"TimeoutStopUSec\",\"type\":\"t\",\"value\":7}]");
	assert_string_equal(other, "[]");
	assert_non_null(strstr(text, "org.systemd.property.TimeoutStopSec='5'"));
	assert_non_null(strstr(name, "org.systemd.property.a1"));
}

static char *properties_of(const struct oci_resources *res, bool v2)
{
	cleanup_json json_t *list = json_array();
	struct str out = {0};

	cgroup_properties_limits(list, res, v2);
	for (size_t i = 0; i < json_array_size(list); i++) {
		json_t *p = json_array_get(list, i);
		cleanup_free char *value =
			json_dumps(json_object_get(p, "value"), JSON_COMPACT | JSON_ENCODE_ANY);

		str_addf(&out, "%s=%s\n", json_string_value(json_object_get(p, "name")), value);
	}
	return str_take(&out);
}

static void limits_are_told_in_the_words_of_each_version(void **state)
{
	struct oci_resources res = cgroup_no_limits;
	cleanup_free char *v1 = NULL, *v2 = NULL;

	(void)state;
	res.memory_limit = 100;
	res.memory_swap = 150;
	res.cpu_shares = 1024;
	res.cpu_quota = 33333;
	res.cpu_period = 100000;
	res.pids_limit = -1;
	res.cpus = (char *)"0-1,9";
	v1 = properties_of(&res, false);
	v2 = properties_of(&res, true);
	assert_string_equal(v1, "MemoryLimit=100\nCPUShares=1024\nCPUQuotaPeriodUSec=100000\n"
				"CPUQuotaPerSecUSec=340000\nTasksMax=-1\n");
	assert_string_equal(v2, "MemoryMax=100\nMemorySwapMax=50\nCPUWeight=100\n"
				"CPUQuotaPeriodUSec=100000\nCPUQuotaPerSecUSec=340000\n"
				"AllowedCPUs=[3,2]\nTasksMax=-1\n");
}

static void files_of_v2_are_told_in_systemds_words(void **state)
{
	struct oci_resources res = cgroup_no_limits;
	char *unified[] = {(char *)"cpu.max=50000 200000", (char *)"cpu.idle=1",
		(char *)"memory.high=max", (char *)"cpuset.cpus=8", (char *)"io.max=8:0 rbps=1",
		(char *)"pids.max=many", NULL};
	cleanup_free char *v2 = NULL;

	(void)state;
	res.unified = unified;
	v2 = properties_of(&res, true);
	assert_string_equal(v2, "CPUQuotaPeriodUSec=200000\nCPUQuotaPerSecUSec=250000\n"
				"CPUWeight=0\nMemoryHigh=-1\nAllowedCPUs=[0,1]\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_have_the_types_that_glib_gives_them),
		cmocka_unit_test(what_is_no_value_is_refused),
		cmocka_unit_test(seconds_are_told_in_microseconds),
		cmocka_unit_test(limits_are_told_in_the_words_of_each_version),
		cmocka_unit_test(files_of_v2_are_told_in_systemds_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
