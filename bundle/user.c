#include "bundle/user.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ptr.h"
#include "base/str.h"

void user_done(struct user *u)
{
	free(u->name);
	free(u->home);
	*u = (struct user){0};
}

static int read_passwd(uid_t uid, struct user *ret)
{
	FILE *f = fopen("/etc/passwd", "re");
	const struct passwd *pw = NULL;

	while (f && (pw = fgetpwent(f)) && pw->pw_uid != uid)
		;
	if (pw) {
		ret->name = strdup(pw->pw_name);
		ret->home = strdup(pw->pw_dir);
		ret->gid = pw->pw_gid;
	}
	if (f)
		fclose(f);
	if (!pw)
		return -ENOENT;
	return ret->name && ret->home ? 0 : -ENOMEM;
}

static void read_groups(struct user *ret)
{
	FILE *f = fopen("/etc/group", "re");
	const struct group *g;

	ret->groups[ret->n_groups++] = ret->gid;
	while (f && (g = fgetgrent(f)) && ret->n_groups < ARRAY_LEN(ret->groups))
		if (g->gr_gid != ret->gid && strv_has(g->gr_mem, ret->name))
			ret->groups[ret->n_groups++] = g->gr_gid;
	if (f)
		fclose(f);
}

int user_find(uid_t uid, struct user *ret)
{
	int r;

	*ret = (struct user){0};
	r = read_passwd(uid, ret);
	if (r == 0)
		read_groups(ret);
	return r;
}
