#include "base/component.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/msg.h"
#include "base/ptr.h"

static int take_text(char **text, const char *what, struct msg *m, struct err *e)
{
	if (*text)
		return err_say(e, EPROTO, "a second %s", what);
	*text = steal_ptr(&m->body);
	return 0;
}

static struct component_secret *secret_named(struct component_boot *b, const char *name)
{
	for (size_t i = 0; i < b->n_secrets; i++)
		if (strcmp(b->secrets[i].name, name) == 0)
			return &b->secrets[i];
	return NULL;
}

int component_take_secret(struct component_boot *b, const struct msg *m, struct err *e)
{
	size_t name_len = strnlen(m->body, m->len);
	struct component_secret *s;

	if (name_len == 0 || name_len >= m->len)
		return err_say(e, EPROTO, "a secret without a name");
	s = secret_named(b, m->body);
	if (!s && b->n_secrets >= COMPONENT_SECRETS_MAX)
		return err_say(e, E2BIG, "more than %d secrets", COMPONENT_SECRETS_MAX);
	if (!s) {
		s = &b->secrets[b->n_secrets];
		s->name = strdup(m->body);
		if (!s->name)
			return err_set(e, ENOMEM, "receive a secret");
		b->n_secrets++;
	}
	secret_done(&s->value);
	return secret_set(&s->value, m->body + name_len + 1, m->len - name_len - 1, e);
}

/*
 * Rules are kept among the listeners, under the name that none of these can have: "". So are
 * programs, under their own names.
 */
static int take_descriptor(struct component_boot *b, struct msg *m, struct err *e)
{
	bool rules = m->type == COMPONENT_RULES;
	struct component_listener *l;

	if (m->n_fds != 1 || (m->len == 0) != rules || m->len >= sizeof(l->name) ||
		b->n_listeners >= COMPONENT_LISTENERS_MAX)
		return err_say(e, EPROTO, "malformed %s", rules ? "rules" : "listener");
	l = &b->listeners[b->n_listeners++];
	memcpy(l->name, m->body, m->len + 1);
	l->fd = steal_fd(&m->fds[0]);
	return 0;
}

int component_boot(int sock, struct component_boot *ret, struct err *e)
{
	*ret = (struct component_boot){0};
	for (;;) {
		cleanup_msg struct msg m = {0};
		int r = msg_recv(sock, &m, e);

		if (r == 0)
			r = err_say(e, EPIPE, "the monitor is gone");
		else if (r > 0 && m.type == COMPONENT_BEGIN)
			return ret->config ? 0 : err_say(e, EPROTO, "no configuration came");
		else if (r > 0 && m.type == COMPONENT_CONFIG)
			r = take_text(&ret->config, "configuration", &m, e);
		else if (r > 0 && m.type == COMPONENT_LOG)
			r = take_text(&ret->log, "end of the log", &m, e);
		else if (r > 0 && m.type == COMPONENT_SECRET)
			r = component_take_secret(ret, &m, e);
		else if (r > 0 && (m.type == COMPONENT_LISTENER || m.type == COMPONENT_RULES ||
					  m.type == COMPONENT_PROGRAM))
			r = take_descriptor(ret, &m, e);
		else if (r > 0)
			r = err_say(e, EPROTO, "unknown control message %u", m.type);
		if (r < 0) {
			component_boot_done(ret);
			return r;
		}
	}
}

void component_boot_done(struct component_boot *b)
{
	free(b->config);
	free(b->log);
	for (size_t i = 0; i < b->n_secrets; i++) {
		free(b->secrets[i].name);
		secret_done(&b->secrets[i].value);
	}
	for (size_t i = 0; i < b->n_listeners; i++)
		fd_close(&b->listeners[i].fd);
	*b = (struct component_boot){0};
}

int component_take_listener(struct component_boot *b, const char *name)
{
	for (size_t i = 0; i < b->n_listeners; i++)
		if (strcmp(b->listeners[i].name, name) == 0)
			return steal_fd(&b->listeners[i].fd);
	return -1;
}

int component_take_program(struct component_boot *b, const char *name)
{
	return component_take_listener(b, name);
}

int component_take_rules(struct component_boot *b)
{
	return component_take_listener(b, "");
}

const struct secret *component_secret(const struct component_boot *b, const char *name)
{
	for (size_t i = 0; i < b->n_secrets; i++)
		if (strcmp(b->secrets[i].name, name) == 0)
			return &b->secrets[i].value;
	return NULL;
}

int component_ready(int sock, struct err *e)
{
	return msg_send(sock, COMPONENT_READY, NULL, 0, NULL, 0, e);
}

void component_failed(int sock, const struct err *why)
{
	struct err ignored;

	msg_send(sock, COMPONENT_FAILED, why, sizeof(*why), NULL, 0, &ignored);
}
