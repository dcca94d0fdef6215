#include "shim/component.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/ptr.h"
#include "shim/component_root.h"
#include "shim/uids.h"

#define EXITED(n)   ((n) << 8)
#define SIGNALED(s) (s)

static void the_end_of_a_component_is_told_in_words(void **state)
{
	char text[80];

	(void)state;
	assert_string_equal(component_end_text(EXITED(3), text, sizeof(text)), "status 3");
	assert_string_equal(component_end_text(SIGNALED(SIGKILL), text, sizeof(text)), "SIGKILL");
	/* pid 1 passes its child's signal on as a shell does. */
	assert_string_equal(
		component_end_text(EXITED(128 + SIGSEGV), text, sizeof(text)), "SIGSEGV");
	assert_non_null(
		strstr(component_end_text(EXITED(128 + SIGSYS), text, sizeof(text)), "seccomp"));
}

static void a_process_that_is_not_confined_is_refused(void **state)
{
	struct err e = {0};

	(void)state;
	assert_true(component_verify(getpid(), getuid(), &e) < 0);
	assert_non_null(strstr(e.msg, "not confined"));
}

static void a_process_that_has_ended_is_refused(void **state)
{
	struct err e = {0};

	(void)state;
	assert_true(component_verify(0x7ffffff0, 0, &e) < 0);
}

static void no_two_components_share_a_uid(void **state)
{
	(void)state;
	for (size_t i = 0; i < COMPONENT_COUNT; i++) {
		assert_true(component_kinds[i].uid_offset < UIDS_PER_SLOT);
		for (size_t k = i + 1; k < COMPONENT_COUNT; k++)
			assert_int_not_equal(
				component_kinds[i].uid_offset, component_kinds[k].uid_offset);
	}
}

static void a_credential_cannot_be_written_elsewhere(void **state)
{
	static const char *const names[] = {"", "../key", "a/b", "/etc/passwd"};
	int fd = memfd_create("test", MFD_CLOEXEC);
	struct err e = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		assert_true(component_creds_add(fd, names[i], "x", 1, &e) < 0);
	assert_int_equal(component_creds_add(fd, "one-key", "x", 1, &e), 0);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_end_of_a_component_is_told_in_words),
		cmocka_unit_test(a_process_that_is_not_confined_is_refused),
		cmocka_unit_test(a_process_that_has_ended_is_refused),
		cmocka_unit_test(no_two_components_share_a_uid),
		cmocka_unit_test(a_credential_cannot_be_written_elsewhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
