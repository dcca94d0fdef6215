#include "shim/monitor_metrics.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/msg.h"
#include "shim/monitor_part.h"

#define BACKLOG 8

int monitor_metrics_open(struct monitor *m, struct err *e)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	cleanup_fd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int r;

	if (fd < 0)
		return err_set(e, errno, "socket");
	if (unlinkat(m->state_dirfd, MONITOR_METRICS, 0) < 0 && errno != ENOENT)
		return err_set(e, errno, "remove an old '%s'", MONITOR_METRICS);
	/* By its descriptor the directory's name is short enough for a socket's. */
	snprintf(sa.sun_path, sizeof(sa.sun_path), "/proc/self/fd/%d/" MONITOR_METRICS,
		m->state_dirfd);
	umask(0177);
	r = bind(fd, (const struct sockaddr *)&sa, sizeof(sa));
	umask(077);
	if (r < 0 || listen(fd, BACKLOG) < 0)
		return err_set(e, errno, "listen on '%s/%s'", m->plan.state_dir, MONITOR_METRICS);
	m->metrics_fd = steal_fd(&fd);
	return 0;
}

int monitor_metrics_hand(const struct monitor *m, const struct monitor_part *p, struct err *e)
{
	if (monitor_part_id(p) != COMPONENT_EGRESS || m->metrics_fd < 0)
		return 0;
	return msg_send(p->c.control, COMPONENT_LISTENER, "metrics", strlen("metrics"),
		&m->metrics_fd, 1, e);
}
