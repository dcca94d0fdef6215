#include "scan/serve.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "base/component.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/msg.h"
#include "base/ptr.h"
#include "scan/serve_wire.h"

/* Those beyond wait in the door. */
#define SESSIONS_MAX 8

struct server {
	const struct scan_rules *rules;
	int door, control;
	bool stopping;
	struct session *list[SESSIONS_MAX];
	size_t n;
};

static void forget(struct server *s, size_t i)
{
	session_free(s->list[i]);
	s->list[i] = s->list[--s->n];
}

/* Who comes with anything else than one descriptor goes without a word: there is nobody to tell. */
static int let_in(struct server *s, struct err *e)
{
	cleanup_msg struct msg m = {0};
	struct err why = {0};
	int r = msg_recv(s->door, &m, &why);

	if (r == 0)
		return err_say(e, EPIPE, "the door is closed");
	if (r > 0 && (m.type != SERVE_CONNECT || m.n_fds != 1 || m.len > 0))
		r = err_say(&why, EPROTO, "unknown message %u", m.type);
	if (r > 0)
		r = session_new(s->rules, steal_fd(&m.fds[0]), &s->list[s->n], &why);
	if (r < 0)
		log_warning("a connection was dropped: %s", why.msg);
	else
		s->n++;
	return 0;
}

static int obey(struct server *s, struct err *e)
{
	cleanup_msg struct msg m = {0};
	int r = msg_recv(s->control, &m, e);

	if (r < 0)
		return r;
	if (r == 0)
		return err_say(e, EPIPE, "the monitor is gone");
	if (m.type != COMPONENT_STOP || m.n_fds > 0)
		return err_say(e, EPROTO, "unknown control message %u", m.type);
	s->stopping = true;
	return 0;
}

static int turn(struct server *s, struct err *e)
{
	struct pollfd p[2 + SESSIONS_MAX];
	int r = 0;

	p[0] = (struct pollfd){.fd = s->control, .events = POLLIN};
	p[1] = (struct pollfd){.fd = s->n < SESSIONS_MAX ? s->door : -1, .events = POLLIN};
	for (size_t i = 0; i < s->n; i++)
		p[2 + i] = (struct pollfd){.fd = session_fd(s->list[i]), .events = POLLIN};
	if (poll(p, 2 + s->n, -1) < 0)
		return errno == EINTR ? 0 : err_set(e, errno, "poll");
	/* Backwards: forgetting one moves the last into its place. */
	for (size_t i = s->n; i-- > 0;)
		if (p[2 + i].revents && session_step(s->list[i]) == 0)
			forget(s, i);
	if (p[1].revents)
		r = let_in(s, e);
	if (r == 0 && p[0].revents)
		r = obey(s, e);
	return r;
}

int serve_run(const struct scan_rules *rules, int door, int control, struct err *e)
{
	struct server s = {.rules = rules, .door = door, .control = control};
	int r = 0;

	while (r == 0 && !s.stopping)
		r = turn(&s, e);
	while (s.n > 0)
		forget(&s, s.n - 1);
	return r;
}
