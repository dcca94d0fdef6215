#include "shim/probe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "bundle/plan.h"
#include "netns/namespace.h"
#include "netns/policy.h"

static const char http_request[] = "GET http://_egress.local/allowlist HTTP/1.1\r\n"
				   "Host: _egress.local\r\nConnection: close\r\n\r\n";

/* RFC 1035, 4.1: id 0x6274, recursion desired, one question: egress. A IN. */
static const char dns_request[] = "\x62\x74\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00"
				  "\x06"
				  "egress\x00\x00\x01\x00\x01";

/* gitprotocol-pack(5): 0x24 bytes, the length itself among them. */
static const char git_request[] = "0024git-upload-pack /\0host=git-gate\0";

static const char git_http_request[] = "GET / HTTP/1.1\r\n"
				       "Host: git-gate\r\nConnection: close\r\n\r\n";

static int check_http(const char *a)
{
	return memcmp(a, "HTTP/1.", 7) == 0 && memcmp(a + 8, " 200", 4) == 0;
}

static int check_git_http(const char *a)
{
	return memcmp(a, "HTTP/1.1 404", 12) == 0;
}

/* The same id, a response without an error, at least one record. */
static int check_dns(const char *a)
{
	return a[0] == 0x62 && a[1] == 0x74 && (a[2] & 0x80) && (a[3] & 0x0f) == 0 &&
	       (a[6] || a[7]);
}

static int check_git(const char *a)
{
	for (int i = 0; i < 4; i++)
		if (!strchr("0123456789abcdefABCDEF", a[i]))
			return 0;
	return 1;
}

static const struct probe_row {
	const char *name;
	int type;
	uint16_t port;
	const char *request;
	size_t len;
	size_t need; /* so much of the answer tells whether it is one */
	int (*check)(const char *answer);
} rows[PROBE_KINDS] = {
	[PROBE_PROXY] = {"the proxy on tcp 9099", SOCK_STREAM, NETNS_PORT_EGRESS, http_request,
		sizeof(http_request) - 1, 12, check_http},
	[PROBE_DNS] = {"the name service on udp 53", SOCK_DGRAM, NETNS_PORT_DNS, dns_request,
		sizeof(dns_request) - 1, 12, check_dns},
	[PROBE_GIT] = {"git on tcp 9418", SOCK_STREAM, NETNS_PORT_GATE_GIT, git_request,
		sizeof(git_request) - 1, 4, check_git},
	[PROBE_GIT_HTTP] = {"git on http 9420", SOCK_STREAM, NETNS_PORT_GATE_HTTP, git_http_request,
		sizeof(git_http_request) - 1, 12, check_git_http},
};

const char *probe_name(enum probe_kind kind)
{
	return rows[kind].name;
}

static int send_request(struct probe *p, struct err *e)
{
	const struct probe_row *row = &rows[p->kind];
	ssize_t n = send(p->fd, row->request, row->len, MSG_NOSIGNAL);

	if (n < 0 && (errno == EAGAIN || errno == ENOTCONN)) {
		p->events = POLLOUT;
		return 0;
	}
	if (n != (ssize_t)row->len)
		return err_set(e, n < 0 ? errno : EIO, "ask %s", row->name);
	p->events = POLLIN;
	return 0;
}

int probe_start(enum probe_kind kind, int agent_netns_fd, struct probe *ret, struct err *e)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons(rows[kind].port)};
	struct probe p = {.kind = kind, .fd = -1, .events = POLLOUT};
	int r = netns_socket(agent_netns_fd, AF_INET, rows[kind].type, &p.fd, e);

	if (r < 0)
		return r;
	inet_pton(AF_INET, PLAN_SIDECAR_ADDRESS, &sa.sin_addr);
	if (connect(p.fd, (const struct sockaddr *)&sa, sizeof(sa)) == 0)
		r = send_request(&p, e);
	else if (errno != EINPROGRESS)
		r = err_set(e, errno, "connect to %s", rows[kind].name);
	if (r < 0)
		probe_done(&p);
	else
		*ret = p;
	return r;
}

int probe_step(struct probe *p, struct err *e)
{
	const struct probe_row *row = &rows[p->kind];
	ssize_t n;

	if (p->events == POLLOUT)
		return send_request(p, e);
	n = recv(p->fd, p->answer + p->got, sizeof(p->answer) - p->got, 0);
	if (n < 0 && errno == EAGAIN)
		return 0;
	if (n < 0)
		return err_set(e, errno, "hear from %s", row->name);
	p->got += (size_t)n;
	if (p->got < row->need)
		return n > 0 && row->type == SOCK_STREAM
			       ? 0
			       : err_say(e, EPROTO, "%s closed without an answer", row->name);
	if (!row->check(p->answer))
		return err_say(e, EPROTO, "%s gave a wrong answer", row->name);
	probe_done(p);
	return 1;
}

void probe_done(struct probe *p)
{
	fd_close(&p->fd);
	p->events = 0;
}
