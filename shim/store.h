#ifndef SHIM_STORE_H
#define SHIM_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/*
 * What is kept of upstreams between bottles, STORE/KEY/:
 *
 *	N/	a bare repository, whole; the highest number is in force, lower ones are being
 *		removed. Nothing in it is ever changed. packed-refs holds its tips, from which every
 *		object of it can be reached: refs/tips/OID what the upstream had last, refs/kept/OID
 *		what it had before.
 *	new/	the one writer's place (shim/store_main.c), or what a killed one left there
 *	lock	held for the moments in which N appears, is read or goes (flock(2))
 *	writer	held by the monitor whose writer is at work
 *	use	held, shared, by each monitor whose bottle borrows from it; its time is the last use
 *
 * A bottle borrows from a view of its own (shim/store_view.h), so N may go while it lives.
 */
#define STORE_KEY_LEN 64
#define STORE_LOCK    "lock"
#define STORE_WRITER  "writer"
#define STORE_USE     "use"
#define STORE_NEW     "new"
/* For STORE_LOCK, at create: it is held for moments. */
#define STORE_LOCK_WAIT_MS 200
#define STORE_PACK_DIR	   "objects/pack"
#define STORE_TIPS	   "packed-refs"

/* Of one upstream; and how many packs it may have, before they are made one, and at all. */
#define STORE_BYTES_MAX	 (16LL << 30)
#define STORE_PACKS_TIDY 10
#define STORE_PACKS_MAX	 50
/* What an upstream may say it has: lines of an object id and a name. */
#define STORE_REFS_MAX (64LL << 20)
/* Of a list of tips: as many as there can be refs in STORE_REFS_MAX, written longer. */
#define STORE_TIPS_MAX (256LL << 20)

/* Whose objects: who may see them is who can prove the same to the same upstream. */
struct store_upstream {
	const char *transport; /* "ssh" or "https" */
	const char *user;      /* who logs in, or "" */
	const char *host, *path;
	const char *proof; /* by which the host is known: its key, its roots; or "" */
	uint16_t port;
	const void *credential; /* the secret, or what stands for it */
	size_t credential_len;
};

/* The digest that names its directory. -ENOMEM when memory ran out. */
int store_key(const struct store_upstream *u, char ret[STORE_KEY_LEN + 1], struct err *e);

/*
 * Opens STORE, made when missing. -EPERM when others than root and the owner of the directory above
 * it could write there.
 */
int store_open_root(const char *path, int *ret_fd, struct err *e);

/* One upstream's, open and in use. */
struct store {
	int dirfd;  /* STORE/KEY */
	int use_fd; /* its lock says that it is in use */
};

#define STORE_NONE ((struct store){.dirfd = -1, .use_fd = -1})

/* Made when missing. -EAGAIN when it is just being removed. The caller ends it with store_done. */
int store_open(int root_fd, const char *key, struct store *ret, struct err *e);
void store_done(struct store *s);

/*
 * Takes one of the locks, with flock(2)'s operation, waiting for at most wait_ms. The descriptor,
 * or -EAGAIN, or another error.
 */
int store_lock(const struct store *s, const char *name, int operation, int wait_ms, struct err *e);

/* The number in force; 0: there is nothing yet. */
int store_newest(int dirfd, unsigned int *ret, struct err *e);

/* Removes every N but `keep`, and what a killed monitor left of another. Under STORE_LOCK. */
int store_remove_but(int dirfd, unsigned int keep, struct err *e);

/* Makes an empty repository NAME below dirfd, for others to read. Its descriptor or -errno. */
int store_make_repo(int dirfd, const char *name, bool sha256, struct err *e);

/* Whether a list of tips is of SHA-256 ids. -ENOENT when there is none, or it is empty. */
int store_tips_sha256(int dirfd, const char *name, bool *ret, struct err *e);

/* Whether the tips of a repository of a store have kept ones among them. */
bool store_has_kept(int dirfd);

/* Calls for each pack ("pack-HASH") below dirfd (objects/pack). Stops with the first error. */
int store_each_pack(int dirfd, int (*each)(int dirfd, const char *base, void *arg, struct err *e),
	void *arg, struct err *e);

#endif
