#include "control/log_print.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/str.h"

#define SOURCES 6
#define POLL_MS 1000 /* where nothing tells of changes; and for what it may have missed */

const char *const log_components[] = {
	"egress", "gate", "monitor", "scanner", "agent", "supervise", NULL};

/* One log, and the line of it that is to be shown next. */
struct source {
	const char *component;
	int fd;
	struct log_reader reader;
	struct log_line line;
	bool has, is_open;
	char time[20]; /* of the line; of the one before where it does not say */
};

struct printing {
	const struct bottle_dir *dir;
	const struct log_print *how;
	struct source sources[SOURCES];
	int shown;
};

static bool is_wanted(const struct log_print *how, const char *component)
{
	return str_eq(how->component, "all") || str_eq(how->component, component);
}

/* A log that is not there yet is no error. */
static int open_source(struct printing *p, struct source *s, struct err *e)
{
	char path[64];
	int r;

	if (s->is_open)
		return 0;
	snprintf(path, sizeof(path), "%s.log", s->component);
	s->fd = openat(p->dir->logs_fd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (s->fd < 0)
		return errno == ENOENT ? 0 : err_set(e, errno, "open 'logs/%s'", path);
	r = log_reader_open(s->fd, &s->reader, e);
	s->is_open = r == 0;
	return r;
}

static int open_sources(struct printing *p, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && log_components[i]; i++)
		if (is_wanted(p->how, log_components[i]))
			r = open_source(p, &p->sources[i], e);
	return r;
}

static void close_sources(struct printing *p)
{
	for (size_t i = 0; i < SOURCES; i++) {
		log_reader_done(&p->sources[i].reader);
		fd_close(&p->sources[i].fd);
	}
}

/* ---- lines */

static bool passes(const struct printing *p, const struct source *s)
{
	if (p->how->since[0] && strcmp(s->time, p->how->since) < 0)
		return false;
	return !p->how->id || strstr(s->line.text, p->how->id);
}

static void show(struct printing *p, struct source *s)
{
	struct log_form form = {.json = p->how->json, .colour = p->how->colour};
	bool egress = str_eq(s->component, "egress");

	s->has = false;
	if (!passes(p, s))
		return;
	if (form.json ? !egress : str_eq(p->how->component, "all"))
		form.component = s->component;
	log_show(stdout, &s->line, egress ? LOG_CHAIN : LOG_WORDS, &form);
	p->shown++;
}

/* The next line, if there is one now. rest: also one without an end. */
static int fetch(struct source *s, bool rest, struct err *e)
{
	int r;

	if (s->has || !s->is_open)
		return 0;
	r = log_reader_next(&s->reader, &s->line, e);
	if (r == 0 && rest)
		r = log_reader_rest(&s->reader, &s->line);
	if (r <= 0)
		return r;
	s->has = true;
	log_time(&s->line, s->time);
	return 0;
}

/* All that is there now, by time. */
static int drain(struct printing *p, bool rest, struct err *e)
{
	for (;;) {
		struct source *first = NULL;

		for (size_t i = 0; i < SOURCES; i++) {
			struct source *s = &p->sources[i];

			if (fetch(s, rest, e) < 0)
				return -e->code;
			if (s->has && (!first || strcmp(s->time, first->time) < 0))
				first = s;
		}
		if (!first)
			return 0;
		show(p, first);
	}
}

/* ---- follow */

/* Something was written, or a second has passed. */
static void await(int watch)
{
	char events[4096];
	struct pollfd pfd = {.fd = watch, .events = POLLIN};

	if (poll(&pfd, 1, POLL_MS) > 0 && read(watch, events, sizeof(events)) < 0 &&
		errno != EAGAIN)
		poll(NULL, 0, POLL_MS);
}

static int follow(struct printing *p, struct err *e)
{
	cleanup_fd int watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	char path[32];
	int r = 0;

	if (watch >= 0)
		(void)inotify_add_watch(watch, path_of_fd(p->dir->logs_fd, path, sizeof(path)),
			IN_MODIFY | IN_CREATE);
	while (r == 0) {
		r = open_sources(p, e);
		if (r == 0)
			r = drain(p, false, e);
		if (r == 0 && fflush(stdout) != 0)
			r = err_set(e, errno, "write");
		if (r == 0)
			await(watch);
	}
	return r;
}

int log_print(const struct bottle_dir *d, const struct log_print *how, struct err *e)
{
	struct printing p = {.dir = d, .how = how};
	int r;

	for (size_t i = 0; i < SOURCES; i++)
		p.sources[i] = (struct source){.component = log_components[i], .fd = -1};
	r = how->follow ? follow(&p, e) : open_sources(&p, e);
	if (r == 0)
		r = drain(&p, true, e);
	close_sources(&p);
	return r < 0 ? r : p.shown;
}
