/*
 * Stands in for a component (bottle-gate, bottle-egress, bottle-scan) in tests of the monitor:
 * boots, confines itself, answers what a probe asks, and goes wrong as its bottle's slug demands:
 *
 *	…no-seccomp…	is not confined		…deaf…		never answers
 *	…fails…		says FAILED		…stubborn…	does not stop when told
 *	…chatters…	sends an unknown message after READY
 *	…mute…		never says READY
 *
 * A connection whose first bytes are "die" ends it by SIGSYS; "secrets" is answered with the names
 * (never the values) that came; "config" with its slice of the plan; "where" with what it sees of
 * its surroundings; "offer REPO PACK REFS" offers files of /git to the store ("-": none of it).
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/component.h"
#include "base/confine.h"
#include "base/fd.h"
#include "base/msg.h"
#include "base/ptr.h"
#include "base/str.h"

static struct component_boot boot;

static bool wants(const char *what)
{
	return strstr(boot.config, what) != NULL;
}

/* Everything but getrandom: enough to be a filter, and to die of. */
static int confine(struct err *e)
{
	static const struct confine_row rows[] = {
		{"read", "", CONFINE_ANY},
		{"write", "", CONFINE_ANY},
		{"poll", "", CONFINE_ANY},
		{"ppoll", "", CONFINE_ANY},
		{"accept4", "", CONFINE_ANY},
		{"accept", "", CONFINE_ANY},
		{"recvfrom", "", CONFINE_ANY},
		{"sendto", "", CONFINE_ANY},
		{"recvmsg", "", CONFINE_ANY},
		{"sendmsg", "", CONFINE_ANY},
		{"close", "", CONFINE_ANY},
		{"openat", "", CONFINE_ANY},
		{"newfstatat", "", CONFINE_ANY},
		{"fstat", "", CONFINE_ANY},
		{"faccessat2", "", CONFINE_ANY},
		{"access", "", CONFINE_ANY},
		{"brk", "", CONFINE_ANY},
		{"mmap", "", CONFINE_ANY},
		{"munmap", "", CONFINE_ANY},
		{"getuid", "", CONFINE_ANY},
		{"getpid", "", CONFINE_ANY},
		{"exit_group", "", CONFINE_ANY},
		{"fcntl", "", CONFINE_ANY},
		{"getppid", "", CONFINE_ANY},
	};

	if (confine_die_with_parent(getppid(), e) < 0 || confine_privileges(e) < 0)
		return -e->code;
	return wants("no-seccomp") ? 0 : confine_syscalls(rows, ARRAY_LEN(rows), e);
}

static void answer_dns(int fd)
{
	static const char record[] =
		"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\xc6\x13\xff\x01";
	struct sockaddr_storage peer;
	socklen_t len = sizeof(peer);
	char packet[512];
	ssize_t n = recvfrom(fd, packet, sizeof(packet) - sizeof(record), MSG_DONTWAIT,
		(struct sockaddr *)&peer, &len);

	if (n < 12)
		return;
	packet[2] |= (char)0x80;
	packet[7] = 1;
	memcpy(packet + n, record, sizeof(record) - 1);
	if (sendto(fd, packet, (size_t)n + sizeof(record) - 1, 0, (struct sockaddr *)&peer, len) <
		0)
		exit(3);
}

static const char *seen(const char *path, bool writable)
{
	return access(path, writable ? W_OK : F_OK) == 0 ? "yes" : "no";
}

static void tell_where(struct str *out)
{
	str_addf(out, "uid %u pid %d git %s creds %s shadow %s proc %s root %s tmp %s\n", getuid(),
		getpid(), seen("/git", true), seen("/git-gate/creds/one-key", false),
		seen("/etc/shadow", false), seen("/proc/1", false), seen("/", true),
		seen("/tmp", true));
}

/* As a gate that is not ours any more would: whatever stands there, as often as it likes. */
static const char *offer(char *request)
{
	char *words[4], *save = NULL;
	int fds[2];
	size_t n = 0;
	struct err e;

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		words[i] = strtok_r(i == 0 ? request : NULL, " \n", &save);
	for (size_t i = 2; i < 4; i++) {
		cleanup_free char *path = words[i] ? str_format("/git/%s", words[i]) : NULL;

		if (!path || str_eq(words[i], "-"))
			continue;
		fds[n] = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		if (fds[n] < 0)
			return "no such file\n";
		n++;
	}
	if (!words[1] || msg_send(COMPONENT_CONTROL_FD, COMPONENT_STORE, words[1], strlen(words[1]),
				 fds, n, &e) < 0)
		return "not sent\n";
	return "sent\n";
}

static void answer(int fd)
{
	cleanup_str struct str out = {0};
	char request[512] = "";
	ssize_t n = read(fd, request, sizeof(request) - 1);

	if (n <= 0)
		return;
	if (str_starts(request, "die"))
		syscall(SYS_getrandom, request, 1, 0);
	if (str_starts(request, "GET / "))
		str_add(&out, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
	else if (str_starts(request, "GET "))
		str_add(&out, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
	else if (str_starts(request, "where"))
		tell_where(&out);
	else if (str_starts(request, "offer "))
		str_add(&out, offer(request));
	else if (str_starts(request, "config"))
		str_addf(&out, "%s\n", boot.config);
	else if (str_starts(request, "secrets"))
		for (size_t i = 0; i < boot.n_secrets; i++)
			str_addf(&out, "%s\n", boot.secrets[i].name);
	else
		str_add(&out, "0011ERR no such\n");
	if (fd_write_all(fd, out.s, out.len) < 0)
		return;
}

static void serve_listener(const struct component_listener *l)
{
	int fd;

	if (str_eq(l->name, "dns")) {
		answer_dns(l->fd);
		return;
	}
	fd = accept4(l->fd, NULL, NULL, SOCK_CLOEXEC);
	if (fd < 0)
		return;
	answer(fd);
	close(fd);
}

/* A policy with log level 2 is one that this component cannot carry out. */
static void answer_reload(const char *policy)
{
	struct err result = {0}, e;

	if (strstr(policy, "never-answers"))
		exit(7);
	if (strstr(policy, "\"log\":2") || strstr(policy, "\"log\": 2"))
		err_say(&result, EINVAL, "log level 2 is too much");
	if (msg_send(COMPONENT_CONTROL_FD, COMPONENT_RELOADED, &result, sizeof(result), NULL, 0,
		    &e) < 0)
		exit(5);
}

static void hear_monitor(void)
{
	cleanup_msg struct msg m = {0};
	struct err e = {0};
	int r = msg_recv(COMPONENT_CONTROL_FD, &m, &e);

	if (r <= 0)
		exit(4);
	if (m.type == COMPONENT_STOP && !wants("stubborn"))
		exit(0);
	if (m.type == COMPONENT_RELOAD)
		answer_reload(m.body);
}

static void serve(void)
{
	struct pollfd fds[COMPONENT_LISTENERS_MAX + 1];
	size_t n = wants("deaf") ? 0 : boot.n_listeners;

	for (;;) {
		fds[0] = (struct pollfd){.fd = COMPONENT_CONTROL_FD, .events = POLLIN};
		for (size_t i = 0; i < boot.n_listeners; i++)
			fds[i + 1] = (struct pollfd){.fd = boot.listeners[i].fd, .events = POLLIN};
		if (poll(fds, n + 1, -1) < 0)
			exit(6);
		if (fds[0].revents)
			hear_monitor();
		for (size_t i = 0; i < n; i++)
			if (fds[i + 1].revents)
				serve_listener(&boot.listeners[i]);
	}
}

int main(void)
{
	struct err e = {0};

	signal(SIGPIPE, SIG_IGN);
	if (component_boot(COMPONENT_CONTROL_FD, &boot, &e) < 0)
		return 1;
	if (wants("fails")) {
		err_say(&e, EINVAL, "told to fail");
		component_failed(COMPONENT_CONTROL_FD, &e);
		return 1;
	}
	while (wants("mute"))
		pause();
	if (confine(&e) < 0 || component_ready(COMPONENT_CONTROL_FD, &e) < 0) {
		component_failed(COMPONENT_CONTROL_FD, &e);
		return 1;
	}
	if (wants("chatters") && msg_send(COMPONENT_CONTROL_FD, 4711, NULL, 0, NULL, 0, &e) < 0)
		return 1;
	serve();
}
