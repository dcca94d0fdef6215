#include "egress/servers.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"

struct server_entry {
	char *name; /* NULL: free */
	struct scan_window *window;
	unsigned int users;
	uint64_t used;
};

struct servers {
	struct server_entry list[SERVERS_MAX];
	uint64_t clock;
};

struct servers *servers_new(void)
{
	return calloc(1, sizeof(struct servers));
}

static void forget(struct server_entry *e)
{
	free(e->name);
	scan_window_free(e->window);
	*e = (struct server_entry){0};
}

void servers_free(struct servers *s)
{
	for (size_t i = 0; s && i < SERVERS_MAX; i++)
		forget(&s->list[i]);
	free(s);
}

/* The one of that name, else the one that can be given up most easily. */
static struct server_entry *find(struct servers *s, const char *name)
{
	struct server_entry *oldest = NULL;

	for (size_t i = 0; i < SERVERS_MAX; i++) {
		struct server_entry *e = &s->list[i];

		if (e->name && str_eq(e->name, name))
			return e;
		if (e->users == 0 && (!oldest || e->used < oldest->used))
			oldest = e;
	}
	return oldest;
}

static int begin(struct server_entry *e, const char *name)
{
	forget(e);
	e->name = strdup(name);
	e->window = e->name ? scan_window_new() : NULL;
	if (e->window)
		return 0;
	forget(e);
	return -1;
}

struct server_entry *servers_take(struct servers *s, const char *name)
{
	struct server_entry *e = find(s, name);

	if (!e || ((!e->name || !str_eq(e->name, name)) && begin(e, name) < 0))
		return NULL;
	e->users++;
	e->used = ++s->clock;
	return e;
}

void servers_done(struct server_entry *e)
{
	if (e)
		e->users--;
}

struct scan_window *server_window(struct server_entry *e)
{
	return e ? e->window : NULL;
}
