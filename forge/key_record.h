#ifndef FORGE_KEY_RECORD_H
#define FORGE_KEY_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "bundle/deploy_key.h"

/*
 * STATE_HOME/.deploy-keys/NAME: a deploy key that a forge has, or may have. It is there from before
 * the request that registers the key until the forge has confirmed that it is gone, and no secret
 * is in it. All bottles' are in one directory, so that every command finds what is to be revoked by
 * one look.
 *
 * Theory of operation. A file is lines of JSON: what the key is, first; then its number at the
 * forge, and each failure to revoke it, as they come; lines are only ever added, so that who is
 * killed leaves a whole record, or one whose last line says nothing. Whoever is at work on it holds
 * a lock (flock(2)): the monitor for as long as the bottle lives, then who revokes. So a record
 * that can be locked is one to revoke. The lock is the descriptor's, and moves with it.
 */
#define KEY_RECORD_DIR ".deploy-keys"

struct key_record {
	char *name;		    /* of the file */
	int dirfd, fd;		    /* owned; fd holds the lock */
	struct plan_deploy_key key; /* owned */
	char *slug;		    /* the bottle's */
	char *public_line;	    /* "ssh-ed25519 AAAA… TITLE" */
	int64_t id;		    /* the forge's number; 0: its answer never came */
	int64_t made_at;	    /* seconds since 1970 */
	char *failure;		    /* why it could not be revoked, the last time; or NULL */
	int64_t failed_at;
};

#define KEY_RECORD_NONE ((struct key_record){.dirfd = -1, .fd = -1})

/* On disk and locked when it returns. The caller ends *ret with key_record_done. */
int key_record_new(const char *state_home, const char *slug, const struct plan_deploy_key *k,
	const char *public_line, struct key_record *ret, struct err *e);

/* The forge has registered it. */
int key_record_made(struct key_record *r, int64_t id, struct err *e);

/* It could not be revoked. */
int key_record_failed(struct key_record *r, const char *why, struct err *e);

/* The forge has it no more. */
int key_record_remove(struct key_record *r, struct err *e);

/*
 * Names of all records; an empty or missing directory: NULL. Takes away what a killed writer had
 * not yet named. Caller frees (strv_free).
 */
int key_record_names(const char *state_home, char ***ret, struct err *e);

/*
 * Opens and locks one. fd: a descriptor of it that came with its lock (taken, also on failure), or
 * -1. -EBUSY: somebody is at work on it; -ENOENT: it is gone.
 */
int key_record_open(
	const char *state_home, const char *name, int fd, struct key_record *ret, struct err *e);

/* Closes it; the lock goes with its last descriptor. */
void key_record_done(struct key_record *r);
#define cleanup_key_record __attribute__((cleanup(key_record_done)))

/* "the deploy key 'TITLE' (id 7) of 'team/app' at https://git.example.com" into buf. */
const char *key_record_say(const struct key_record *r, char *buf, size_t size);

#endif
