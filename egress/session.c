#include "egress/session.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A certificate that was withdrawn or has expired since is not believed for longer than this. */
#define AGE_MAX_S 3600

static void clear(struct session_entry *e)
{
	free(e->host);
	SSL_SESSION_free(e->session);
	*e = (struct session_entry){0};
}

void sessions_done(struct sessions *s)
{
	for (size_t i = 0; i < SESSIONS_MAX; i++)
		clear(&s->list[i]);
}

static struct session_entry *entry_of(const struct sessions *s, const char *host, uint16_t port)
{
	for (size_t i = 0; i < SESSIONS_MAX; i++) {
		const struct session_entry *e = &s->list[i];

		if (e->host && e->port == port && strcmp(e->host, host) == 0)
			return (struct session_entry *)e;
	}
	return NULL;
}

void sessions_keep(struct sessions *s, const char *host, uint16_t port, SSL_SESSION *session)
{
	struct session_entry *e = entry_of(s, host, port);

	if (!e)
		e = &s->list[s->next++ % SESSIONS_MAX];
	clear(e);
	e->host = strdup(host);
	e->port = port;
	e->session = session;
	if (!e->host)
		clear(e);
}

SSL_SESSION *sessions_find(const struct sessions *s, const char *host, uint16_t port)
{
	struct session_entry *e = entry_of(s, host, port);
	time_t now = time(NULL);
	long made;

	if (!e || !SSL_SESSION_is_resumable(e->session))
		return NULL;
	made = SSL_SESSION_get_time(e->session);
	return now >= made && now - made < AGE_MAX_S ? e->session : NULL;
}
