#ifndef SHIM_MONITOR_STORE_IMPL_H
#define SHIM_MONITOR_STORE_IMPL_H

#include "shim/monitor_store.h"
#include "shim/store.h"

/* Between monitor_store.c (views) and monitor_store_writer.c (offers, and the writer's life). */
struct monitor_store_repo {
	struct store store; /* STORE_NONE: this repository has none */
	char *path;	    /* STORE/KEY */
	int view_fd;
	int pack_fd, refs_fd; /* what was offered last and is not taken in yet; -1: nothing */
	bool tidy;	      /* its packs are to be made one */
	int64_t due;	      /* before that nothing is begun */
	unsigned int tries;   /* how often another bottle's writer was in the way */
	unsigned int refused; /* offers in succession that came to nothing */
};

struct monitor_store {
	char *views;
	int root_fd, program_fd, log_fd;
	struct monitor_store_repo *repos; /* as in m->gate */
	size_t n_repos;
	bool stopping;
	/* the writer */
	struct component c;
	int pidfd;
	struct monitor_store_repo *at; /* NULL: nothing is at work */
	bool tidying, ready, failed;
	struct err why;
	int lock_fd;
	int64_t due;
};

static inline bool monitor_store_has(const struct monitor_store_repo *r)
{
	return r->store.dirfd >= 0;
}

/* Ends the writer, if there is one, and what it left. */
void monitor_store_end_writer(struct monitor_store *s);

#endif
