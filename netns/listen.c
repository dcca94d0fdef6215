#include "netns/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "bundle/plan.h"
#include "netns/namespace.h"

#define BACKLOG 256

static int set_on(int fd, int level, int option, const char *name, struct err *e)
{
	int on = 1;

	if (setsockopt(fd, level, option, &on, sizeof(on)) < 0)
		return err_set(e, errno, "set %s on a listener", name);
	return 0;
}

static int set_options(int fd, const struct netns_listener *l, struct err *e)
{
	int r = set_on(fd, SOL_SOCKET, SO_REUSEADDR, "SO_REUSEADDR", e);

	if (r >= 0 && l->transparent)
		r = set_on(fd, SOL_IP, IP_TRANSPARENT, "IP_TRANSPARENT", e);
	if (r >= 0 && l->proto == NETNS_UDP)
		r = set_on(fd, SOL_IP, IP_PKTINFO, "IP_PKTINFO", e);
	if (r < 0)
		return r;
	if (setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, PLAN_SIDECAR_DEVICE,
		    sizeof(PLAN_SIDECAR_DEVICE)) < 0)
		return err_set(e, errno, "bind a listener to '%s'", PLAN_SIDECAR_DEVICE);
	return 0;
}

int netns_listen(int sidecar_fd, const struct netns_listener *l, int *ret_fd, struct err *e)
{
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(l->port)};
	const char *address = l->transparent ? "0.0.0.0" : PLAN_SIDECAR_ADDRESS;
	cleanup_fd int fd = -1;
	int type = l->proto == NETNS_TCP ? SOCK_STREAM : SOCK_DGRAM, r;

	/* A socket stays in the namespace where it was made: the rest is done from here. */
	r = netns_socket(sidecar_fd, AF_INET, type, &fd, e);
	if (r < 0)
		return r;
	r = set_options(fd, l, e);
	if (r < 0)
		return r;
	if (inet_pton(AF_INET, address, &sin.sin_addr) != 1)
		return err_set(e, EINVAL, "listen on %s", address);
	if (bind(fd, (struct sockaddr *)&sin, sizeof(sin)) < 0 ||
		(l->proto == NETNS_TCP && listen(fd, BACKLOG) < 0))
		return err_set(e, errno, "listen on %s:%u", address, (unsigned int)l->port);
	*ret_fd = steal_fd(&fd);
	return 0;
}
