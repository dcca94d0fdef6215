#include "shim/state_match.h"

#include <errno.h>
#include <pwd.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/ptr.h"
#include "base/str.h"

static int filter(char *const *ids, const regex_t *re, char ***ret, struct err *e)
{
	cleanup_strv char **found = NULL;

	for (; ids && *ids; ids++)
		if (regexec(re, *ids, 0, NULL, 0) == 0 && strv_add(&found, *ids) < 0)
			return err_set(e, ENOMEM, "containers");
	*ret = steal_ptr(&found);
	return 0;
}

int state_match(const char *root, const char *operand, bool regex, char ***ret, struct err *e)
{
	cleanup_strv char **ids = NULL;
	char why[128];
	regex_t re;
	int r;

	*ret = NULL;
	if (!regex)
		return strv_add(ret, operand) < 0 ? err_set(e, ENOMEM, "containers") : 0;
	r = regcomp(&re, operand, REG_EXTENDED | REG_NOSUB);
	if (r != 0) {
		regerror(r, &re, why, sizeof(why));
		return err_say(e, EINVAL, "--regex: '%s': %s", operand, why);
	}
	r = state_ids(root, &ids, e);
	/* The directory is made by the first container. */
	if (r == 0 || r == -ENOENT)
		r = filter(ids, &re, ret, e);
	regfree(&re);
	return r;
}

/* Not getpwuid(3): a static program cannot load what nsswitch.conf names. */
char *state_owner(const struct state *s)
{
	FILE *f = fopen("/etc/passwd", "re");
	const struct passwd *p = NULL;
	char *name = NULL;
	struct stat st;

	if (fstat(s->dirfd, &st) == 0) {
		while (f && (p = fgetpwent(f)) && p->pw_uid != st.st_uid)
			continue;
		name = p ? strdup(p->pw_name) : str_format("#%u", st.st_uid);
	}
	if (f)
		fclose(f);
	return name;
}
