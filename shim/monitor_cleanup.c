#include "shim/monitor_cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/msg.h"
#include "base/path.h"
#include "base/proc.h"
#include "base/ptr.h"
#include "base/str.h"
#include "netns/bridge.h"
#include "shim/monitor_metrics.h"
#include "shim/monitor_plan.h"
#include "shim/monitor_record.h"
#include "shim/monitor_store.h"

#define END_TIMEOUT_MS 5000

/* A pid is that process only while its start time is the one that was remembered. */
static int kill_process(const struct monitor_process *p, struct err *e)
{
	struct monitor_process now;
	cleanup_fd int pidfd = -1;
	struct pollfd pfd = {.events = POLLIN};
	struct err gone;

	if (p->pid <= 0)
		return 0;
	pidfd = proc_pidfd_open(p->pid);
	if (pidfd < 0 || monitor_process_of(p->pid, &now, &gone) < 0 ||
		now.start_time != p->start_time)
		return 0;
	if (proc_pidfd_signal(pidfd, SIGKILL) < 0)
		return 0;
	pfd.fd = pidfd;
	if (poll(&pfd, 1, END_TIMEOUT_MS) == 0)
		return err_say(e, ETIMEDOUT, "process %d does not end", (int)p->pid);
	return 0;
}

static void keep_first(struct err *first, const struct err *one)
{
	if (!first->code)
		*first = *one;
}

/* A bottle of that name may have come since: whoever holds the lock of the directory owns them. */
static int remove_mirrors(const char *work_dir, struct err *e)
{
	cleanup_free char *home = str_format("%s/..", work_dir);
	cleanup_fd int fd = home ? open(home, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	if (!home)
		return err_set(e, ENOMEM, "remove '%s'", work_dir);
	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK)
		return 0;
	if (fd >= 0 && path_remove_tree(fd, MONITOR_STORE_VIEWS, e) < 0)
		return -e->code;
	return path_remove_tree(AT_FDCWD, work_dir, e);
}

static void undo(const struct monitor_record *rec, struct err *first)
{
	struct err e;

	if (kill_process(&rec->monitor, &e) < 0)
		keep_first(first, &e);
	for (size_t i = 0; i < COMPONENT_COUNT; i++)
		if (kill_process(&rec->inits[i], &e) < 0)
			keep_first(first, &e);
	if (kill_process(&rec->pasta, &e) < 0)
		keep_first(first, &e);
	if (rec->bridge_id && netns_bridge_detach(rec->bridge_id, &e) < 0)
		keep_first(first, &e);
	if (rec->work_dir && remove_mirrors(rec->work_dir, &e) < 0)
		keep_first(first, &e);
}

int monitor_cleanup(const char *state_dir, struct err *e)
{
	cleanup_fd int dirfd = open(state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct monitor_record rec;
	struct err first = {0};
	int r;

	if (dirfd < 0)
		return errno == ENOENT ? 0 : err_set(e, errno, "open '%s'", state_dir);
	r = monitor_record_read(dirfd, &rec, e);
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return r;
	undo(&rec, &first);
	monitor_record_done(&rec);
	if (first.code) {
		*e = first;
		return -e->code;
	}
	(void)unlinkat(dirfd, MONITOR_SOCKET, 0);
	(void)unlinkat(dirfd, MONITOR_METRICS, 0);
	if (unlinkat(dirfd, MONITOR_RECORD, 0) < 0 && errno != ENOENT)
		return err_set(e, errno, "remove '%s/" MONITOR_RECORD "'", state_dir);
	return 0;
}

int monitor_cleanup_serve(int boot_fd, struct err *e)
{
	cleanup_msg struct msg msg = {0};
	struct err why;
	int r = msg_recv(boot_fd, &msg, e);

	if (r <= 0)
		return r < 0 ? r : err_say(e, EPIPE, "the runtime is gone");
	if (msg.type != MONITOR_PLAN)
		return err_say(e, EPROTO, "unexpected message %u", msg.type);
	if (monitor_cleanup(msg.body, &why) < 0)
		return msg_send(boot_fd, MONITOR_ERROR, &why, sizeof(why), NULL, 0, e);
	return msg_send(boot_fd, MONITOR_OK, NULL, 0, NULL, 0, e);
}
