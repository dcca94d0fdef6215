/*
 * A hand on netns/ for tests: one function of the library a command, namespaces by path.
 *
 *	netns new PATH			a sidecar's namespace, bound to PATH (an existing file)
 *	netns prepare SIDECAR
 *	netns policy SIDECAR GATE_UID EGRESS_UID [PORT…]
 *	netns link SIDECAR AGENT	netns unlink SIDECAR
 *	netns seal SIDECAR		netns check SIDECAR open|sealed
 *	netns foreign SIDECAR		netns clash SIDECAR
 *	netns attach SIDECAR ID		netns detach ID		netns way SIDECAR ADDRESS UID
 *	netns serve SIDECAR UID SPEC…	SPEC: tcp:PORT, udp:PORT, tcp:PORT:any (transparent)
 *
 * serve prints "ready", gives up all privileges but UID, and answers every connection or datagram
 * with its listener's spec and the original destination.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/ptr.h"
#include "base/str.h"
#include "netns/bridge.h"
#include "netns/link.h"
#include "netns/listen.h"
#include "netns/namespace.h"
#include "netns/outside.h"
#include "netns/policy.h"

#define SPECS_MAX 16

static int open_ns(const char *path, struct err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? err_set(e, errno, "open '%s'", path) : fd;
}

static int number(const char *text, long max, struct err *e)
{
	long n;

	if (!str_to_long(text, 0, max, &n))
		return err_say(e, EINVAL, "'%s' is not a number up to %ld", text, max);
	return (int)n;
}

static int cmd_new(char **argv, struct err *e)
{
	cleanup_fd int fd = -1;
	char from[32];
	int r = netns_new(&fd, e);

	if (r < 0)
		return r;
	snprintf(from, sizeof(from), "/proc/self/fd/%d", fd);
	if (mount(from, argv[0], NULL, MS_BIND, NULL) < 0)
		return err_set(e, errno, "bind a namespace to '%s'", argv[0]);
	return 0;
}

static int cmd_policy(char **argv, struct err *e)
{
	struct netns_policy p = {0};
	cleanup_fd int fd = open_ns(argv[0], e);
	int gate, egress;

	if (fd < 0)
		return fd;
	if (!argv[1] || !argv[2])
		return err_say(e, EINVAL, "two uids are missing");
	gate = number(argv[1], 0x7fffffff, e);
	egress = number(argv[2], 0x7fffffff, e);
	if (gate < 0 || egress < 0)
		return -EINVAL;
	p.gate_uid = (uid_t)gate;
	p.egress_uid = (uid_t)egress;
	for (argv += 3; *argv && p.n_gate_ports < NETNS_GATE_PORTS_MAX; argv++) {
		int port = number(*argv, 65535, e);

		if (port < 0)
			return port;
		p.gate_ports[p.n_gate_ports++] = (uint16_t)port;
	}
	return netns_policy_apply(fd, &p, e);
}

static int cmd_link(char **argv, struct err *e)
{
	cleanup_fd int sidecar = open_ns(argv[0], e), agent = -1;

	if (sidecar < 0)
		return sidecar;
	agent = open_ns(argv[1], e);
	return agent < 0 ? agent : netns_link_make(sidecar, agent, e);
}

static int cmd_check(char **argv, struct err *e)
{
	cleanup_fd int fd = open_ns(argv[0], e);

	if (fd < 0)
		return fd;
	return netns_policy_check(fd,
		str_eq(argv[1], "sealed") ? NETNS_POLICY_SEALED : NETNS_POLICY_OPEN_TO_ENGINE, e);
}

static int cmd_foreign(char **argv, struct err *e)
{
	cleanup_fd int fd = open_ns(argv[0], e);
	bool foreign = false;
	int r = fd < 0 ? fd : netns_outside_foreign(fd, &foreign, e);

	if (r >= 0)
		puts(foreign ? "yes" : "no");
	return r;
}

/* The commands that need nothing but a namespace. */
static int on_namespace(const char *path, int (*fn)(int fd, struct err *e), struct err *e)
{
	cleanup_fd int fd = open_ns(path, e);

	return fd < 0 ? fd : fn(fd, e);
}

static int cmd_prepare(char **argv, struct err *e)
{
	return on_namespace(argv[0], netns_sidecar_prepare, e);
}

static int cmd_unlink(char **argv, struct err *e)
{
	return on_namespace(argv[0], netns_link_remove, e);
}

static int cmd_seal(char **argv, struct err *e)
{
	return on_namespace(argv[0], netns_policy_seal, e);
}

static int cmd_clash(char **argv, struct err *e)
{
	return on_namespace(argv[0], netns_outside_check_clash, e);
}

static int cmd_attach(char **argv, struct err *e)
{
	cleanup_fd int fd = open_ns(argv[0], e);
	struct netns_bridge b;
	int r = fd < 0 ? fd : netns_bridge_attach(fd, argv[1], &b, e);

	if (r >= 0)
		printf("%s %s %d\n", b.address, b.gateway, b.prefix);
	return r;
}

static int cmd_detach(char **argv, struct err *e)
{
	return netns_bridge_detach(argv[0], e);
}

static int cmd_way(char **argv, struct err *e)
{
	cleanup_fd int fd = open_ns(argv[0], e);
	struct netns_bridge b = {0};
	int uid;

	if (fd < 0)
		return fd;
	uid = number(argv[2], 0x7fffffff, e);
	if (uid < 0)
		return uid;
	snprintf(b.address, sizeof(b.address), "%s", argv[1]);
	return netns_bridge_check(fd, &b, (uid_t)uid, e);
}

/* "tcp:9099:any" */
static int parse_spec(const char *spec, struct netns_listener *ret, struct err *e)
{
	char proto[4];
	unsigned int port;
	char any[4] = "";

	if (sscanf(spec, "%3[a-z]:%u:%3s", proto, &port, any) < 2 || port > 65535)
		return err_say(e, EINVAL, "'%s' is not PROTO:PORT[:any]", spec);
	ret->proto = str_eq(proto, "udp") ? NETNS_UDP : NETNS_TCP;
	ret->port = (uint16_t)port;
	ret->transparent = any[0] != '\0';
	return 0;
}

static void answer_tcp(int listener, const char *spec)
{
	struct sockaddr_in to = {0}, from = {0};
	socklen_t len = sizeof(from);
	char text[128], to_text[INET_ADDRSTRLEN], from_text[INET_ADDRSTRLEN];
	cleanup_fd int fd = accept4(listener, (struct sockaddr *)&from, &len, SOCK_CLOEXEC);

	if (fd < 0)
		return;
	len = sizeof(to);
	if (getsockname(fd, (struct sockaddr *)&to, &len) < 0)
		return;
	inet_ntop(AF_INET, &to.sin_addr, to_text, sizeof(to_text));
	inet_ntop(AF_INET, &from.sin_addr, from_text, sizeof(from_text));
	snprintf(text, sizeof(text), "%s to %s:%u from %s\n", spec, to_text,
		(unsigned int)ntohs(to.sin_port), from_text);
	if (fd_write_all(fd, text, strlen(text)) < 0)
		fprintf(stderr, "answer: %m\n");
}

static void answer_udp(int fd, const char *spec)
{
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	char text[512];
	ssize_t n = recvfrom(fd, text, sizeof(text), 0, (struct sockaddr *)&from, &len);

	if (n < 0)
		return;
	if (sendto(fd, spec, strlen(spec), 0, (struct sockaddr *)&from, len) < 0)
		fprintf(stderr, "answer: %m\n");
}

static int serve_for_ever(char **specs, struct pollfd *fds, size_t n, struct err *e)
{
	for (;;) {
		if (poll(fds, n, -1) < 0)
			return err_set(e, errno, "poll");
		for (size_t i = 0; i < n; i++)
			if (fds[i].revents && str_starts(specs[i], "udp"))
				answer_udp(fds[i].fd, specs[i]);
			else if (fds[i].revents)
				answer_tcp(fds[i].fd, specs[i]);
	}
}

static int cmd_serve(char **argv, struct err *e)
{
	struct pollfd fds[SPECS_MAX];
	cleanup_fd int ns = open_ns(argv[0], e);
	size_t n = 0;
	int uid, r;

	if (ns < 0)
		return ns;
	uid = number(argv[1], 0x7fffffff, e);
	if (uid < 0)
		return uid;
	for (argv += 2; argv[n] && n < SPECS_MAX; n++) {
		struct netns_listener l;

		fds[n].events = POLLIN;
		r = parse_spec(argv[n], &l, e);
		if (r >= 0)
			r = netns_listen(ns, &l, &fds[n].fd, e);
		if (r < 0)
			return r;
	}
	if (setresgid((gid_t)uid, (gid_t)uid, (gid_t)uid) < 0 ||
		setresuid((uid_t)uid, (uid_t)uid, (uid_t)uid) < 0)
		return err_set(e, errno, "become uid %d", uid);
	puts("ready");
	fflush(stdout);
	return serve_for_ever(argv, fds, n, e);
}

static const struct {
	const char *name;
	int n_args; /* at least */
	int (*run)(char **argv, struct err *e);
} commands[] = {
	{"new", 1, cmd_new},
	{"prepare", 1, cmd_prepare},
	{"policy", 3, cmd_policy},
	{"link", 2, cmd_link},
	{"unlink", 1, cmd_unlink},
	{"seal", 1, cmd_seal},
	{"check", 2, cmd_check},
	{"foreign", 1, cmd_foreign},
	{"clash", 1, cmd_clash},
	{"attach", 2, cmd_attach},
	{"detach", 1, cmd_detach},
	{"way", 3, cmd_way},
	{"serve", 3, cmd_serve},
};

int main(int argc, char **argv)
{
	struct err e = {0};

	for (size_t i = 0; argc >= 2 && i < ARRAY_LEN(commands); i++) {
		if (!str_eq(argv[1], commands[i].name) || argc - 2 < commands[i].n_args)
			continue;
		if (commands[i].run(argv + 2, &e) >= 0)
			return 0;
		fprintf(stderr, "netns %s: %s\n", argv[1], e.msg);
		return 1;
	}
	fprintf(stderr, "netns: see the head of tests/tools/netns.c\n");
	return 2;
}
