#include "gate/masters.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/ptr.h"
#include "base/str.h"

/* A connection for each repository; more are left to the end of the pid namespace. */
#define MASTERS_MAX 64

/* OpenSSH's PROTOCOL.mux: each message is its length, its type and its fields, 32 bits each. */
enum { MUX_HELLO = 1, MUX_VERSION = 4, MUX_TERMINATE = 0x10000005 };

/* -1: nobody listens there any more. */
static int ask_to_end(const char *path)
{
	const uint32_t words[] = {htonl(8), htonl(MUX_HELLO), htonl(MUX_VERSION), htonl(8),
		htonl(MUX_TERMINATE), htonl(0)};
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	cleanup_fd int fd = -1;
	int n = snprintf(to.sun_path, sizeof(to.sun_path), "%s", path);

	if (n < 0 || (size_t)n >= sizeof(to.sun_path))
		return -1;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&to, sizeof(to)) < 0 ||
		fd_write_all(fd, words, sizeof(words)) < 0)
		return -1;
	return steal_fd(&fd);
}

static size_t ask_all(const char *dir_path, struct pollfd list[MASTERS_MAX])
{
	DIR *dir = opendir(dir_path);
	const struct dirent *d;
	size_t n = 0;

	while (dir && n < MASTERS_MAX && (d = readdir(dir))) {
		cleanup_free char *path = str_format("%s/%s", dir_path, d->d_name);
		int fd = path && d->d_name[0] != '.' ? ask_to_end(path) : -1;

		if (fd >= 0)
			list[n++] = (struct pollfd){.fd = fd, .events = POLLIN};
	}
	if (dir)
		closedir(dir);
	return n;
}

/* Answers are thrown away: what counts is the end of file, which comes behind ssh's goodbye. */
static bool has_ended(int fd)
{
	char answer[256];
	ssize_t n;

	do {
		n = read(fd, answer, sizeof(answer));
	} while (n > 0 || (n < 0 && errno == EINTR));
	return n == 0 || errno != EAGAIN;
}

void masters_end(const struct gate *g, int timeout_ms)
{
	cleanup_free char *dir = str_format("%s/.gate/ctl", g->git_dir);
	int64_t left, deadline = proc_now_ms() + timeout_ms;
	struct pollfd list[MASTERS_MAX];
	size_t n = dir ? ask_all(dir, list) : 0, open = n;

	while (open > 0 && (left = deadline - proc_now_ms()) > 0) {
		if (poll(list, n, (int)left) < 0 && errno != EINTR)
			break;
		for (size_t i = 0; i < n; i++)
			if (list[i].fd >= 0 && list[i].revents && has_ended(list[i].fd)) {
				fd_close(&list[i].fd);
				open--;
			}
	}
	for (size_t i = 0; i < n; i++)
		fd_close(&list[i].fd);
	if (open > 0)
		log_warning("%zu kept connections upstream did not end in time", open);
}
