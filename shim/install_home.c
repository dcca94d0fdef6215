#include "shim/install_home.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/ptr.h"
#include "base/str.h"

static const struct {
	const char *path;
	mode_t mode;
} directories[] = {
	{INSTALL_HOME, 0755},
	{INSTALL_HOME "/bottles", 0755},
	{INSTALL_HOME "/agents", 0755},
	{INSTALL_HOME "/secrets", 0700},
	{INSTALL_HOME_STATE, 0700},
};

static const char first_bottle[] =
	"---\n"
	"# What containers of this bottle may reach. Nothing, until it is named here; see\n"
	"# bottle-manifest(5). For example:\n"
	"#\n"
	"# egress:\n"
	"#   log: 1\n"
	"#   routes:\n"
	"#   - host: api.example.com\n"
	"#     auth: {scheme: Bearer, token_ref: EXAMPLE_TOKEN}   # " INSTALL_HOME
	"/secrets/EXAMPLE_TOKEN\n"
	"#\n"
	"# git-gate:\n"
	"#   repos:\n"
	"#     app:\n"
	"#       url: ssh://git@git.example.com/team/app.git\n"
	"#       host_key: ssh-ed25519 AAAA...\n"
	"#       identity: " INSTALL_HOME "/secrets/app_key\n"
	"egress:\n"
	"  log: 1\n"
	"---\n"
	"The bottle that is used when none is named.\n";

static int make_directory(const char *destdir, const char *path, mode_t mode, struct err *e)
{
	cleanup_free char *full = str_format("%s%s", destdir, path);
	char *slash = full ? strrchr(full, '/') : NULL;
	int r;

	if (!slash)
		return err_set(e, ENOMEM, "%s", path);
	*slash = '\0';
	r = *full ? path_mkdir_p(full, 0755, e) : 0;
	*slash = '/';
	if (r < 0)
		return r;
	if (mkdir(full, mode) < 0)
		return errno == EEXIST ? 0 : err_set(e, errno, "make '%s'", full);
	/* Whatever the umask is. */
	if (chmod(full, mode) < 0)
		return err_set(e, errno, "chmod '%s'", full);
	return 0;
}

int install_home_make(const char *destdir, bool *ret_bottle, struct err *e)
{
	cleanup_free char *path = str_format("%s%s/bottles", destdir, INSTALL_HOME);
	cleanup_fd int dir = -1;
	int r = path ? 0 : err_set(e, ENOMEM, INSTALL_HOME);

	for (size_t i = 0; r == 0 && i < ARRAY_LEN(directories); i++)
		r = make_directory(destdir, directories[i].path, directories[i].mode, e);
	if (r < 0)
		return r;
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return err_set(e, errno, "open '%s'", path);
	*ret_bottle = faccessat(dir, "default.md", F_OK, AT_SYMLINK_NOFOLLOW) < 0;
	if (!*ret_bottle)
		return 0;
	return path_write_file(dir, "default.md", first_bottle, strlen(first_bottle), 0644, e);
}
