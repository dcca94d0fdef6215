#include "scan/serve_lockdown.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Runs the deed in a child under the scanner's lock-down; its wait status. */
static int under_lockdown(int (*deed)(void))
{
	pid_t parent = getpid(), pid = fork();
	int status;

	if (pid == 0) {
		struct err e;

		if (serve_lockdown(parent, &e) < 0)
			_exit(99);
		/* Not _exit: a sanitizer asks more of the kernel there than the filter allows. */
		syscall(SYS_exit_group, deed());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static int unix_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM, 0);
}

static int inet_socket(void)
{
	return socket(AF_INET, SOCK_STREAM, 0);
}

static int socket_pair(void)
{
	int pair[2];

	return socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
}

static int connect_a_socket_it_was_given(void)
{
	return connect(0, NULL, 0);
}

static int open_a_file(void)
{
	return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static int execute(void)
{
	char *const none[] = {NULL};

	return execve("/bin/true", none, none);
}

static int make_a_process(void)
{
	return (int)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
}

static int make_code(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		       0) == MAP_FAILED;
}

static int io_uring(void)
{
	return (int)syscall(SYS_io_uring_setup, 1, NULL);
}

static void forbidden_calls_kill(void **state)
{
	static int (*const deeds[])(void) = {unix_socket, inet_socket, socket_pair,
		connect_a_socket_it_was_given, open_a_file, execute, make_a_process, make_code,
		io_uring};

	(void)state;
	for (size_t i = 0; i < sizeof(deeds) / sizeof(*deeds); i++) {
		int status = under_lockdown(deeds[i]);

		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), SIGSYS);
	}
}

static int nothing_more(void)
{
	return 7;
}

static void what_it_does_by_itself_is_allowed(void **state)
{
	(void)state;
	assert_int_equal(WEXITSTATUS(under_lockdown(nothing_more)), 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forbidden_calls_kill),
		cmocka_unit_test(what_it_does_by_itself_is_allowed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
