#ifndef BUNDLE_USER_H
#define BUNDLE_USER_H

#include <sys/types.h>

/*
 * A user as /etc/passwd and /etc/group have him: by hand, since a static program cannot load what
 * nsswitch.conf names. Whom a directory service alone knows is not found.
 */
struct user {
	char *name, *home;
	gid_t gid;
	gid_t groups[64]; /* gid among them */
	size_t n_groups;
};

/* 0, or -ENOENT, -ENOMEM. Ended with user_done in every case. */
int user_find(uid_t uid, struct user *ret);
void user_done(struct user *u);
#define cleanup_user __attribute__((cleanup(user_done)))

#endif
