#include "control/workspace.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/ptr.h"
#include "base/str.h"

/* Directories that are no workspace, and those below which none can be. */
static const char *const not_these[] = {"/", "/home", "/root", "/tmp", "/var", "/var/tmp", "/run",
	"/opt", "/srv", "/mnt", "/media"};
static const char *const not_below[] = {"/usr", "/etc", "/boot", "/dev", "/proc", "/sys", "/bin",
	"/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/var/lib/docker", "/var/run"};

/* Whether `path` is `dir` or lies in it. */
static bool is_within(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	if (str_eq(dir, "/"))
		return true;
	return strncmp(path, dir, n) == 0 && (path[n] == '\0' || path[n] == '/');
}

static int check_system(const char *path, struct err *e)
{
	for (size_t i = 0; i < ARRAY_LEN(not_these); i++)
		if (str_eq(path, not_these[i]))
			return err_say(e, EPERM,
				"the workspace '%s' is a directory of the system; change into a "
				"project's directory or name one with --workspace",
				path);
	for (size_t i = 0; i < ARRAY_LEN(not_below); i++)
		if (is_within(path, not_below[i]))
			return err_say(e, EPERM,
				"the workspace '%s' lies in %s, which is not to be"
				" shared with an agent",
				path, not_below[i]);
	return 0;
}

/* The home itself, or what holds it, would show its keys and settings. */
static int check_home(const char *path, const char *home, struct err *e)
{
	cleanup_free char *real = home && *home ? realpath(home, NULL) : NULL;

	if (!real || str_eq(real, "/") || !is_within(real, path))
		return 0;
	return err_say(e, EPERM,
		"the workspace '%s' %s the home directory %s, with its keys and settings; use a "
		"directory below it",
		path, str_eq(path, real) ? "is" : "holds", real);
}

static int check_homes(const char *path, struct err *e)
{
	const char *sudo_user = getenv("SUDO_USER");
	const struct passwd *pw = sudo_user ? getpwnam(sudo_user) : getpwuid(getuid());
	int r = check_home(path, getenv("HOME"), e);

	if (r == 0 && pw)
		r = check_home(path, pw->pw_dir, e);
	return r;
}

static int check_operator(const char *path, const char *home, struct err *e)
{
	cleanup_free char *real = realpath(home, NULL);
	const char *dir = real ? real : home;

	if (!is_within(path, dir) && !is_within(dir, path))
		return 0;
	return err_say(e, EPERM,
		"the workspace '%s' and the directory of bottles and secrets '%s' overlap", path,
		dir);
}

int workspace_resolve(const char *path, const char *home, char **ret, struct err *e)
{
	cleanup_free char *real = realpath(path ? path : ".", NULL);
	struct stat st;
	int r;

	if (!real || stat(real, &st) < 0)
		return err_set(e, errno, "the workspace '%s'", path ? path : ".");
	if (!S_ISDIR(st.st_mode))
		return err_say(e, ENOTDIR, "the workspace '%s' is not a directory", real);
	if ((r = check_system(real, e)) < 0 || (r = check_homes(real, e)) < 0 ||
		(r = check_operator(real, home, e)) < 0)
		return r;
	*ret = steal_ptr(&real);
	return 0;
}
