#include "shim/provision_browser.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/ptr.h"
#include "base/str.h"
#include "bundle/keystore.h"
#include "shim/provision.h"

/* Of each directory; what the image has beyond this is not shown. */
#define FILES_MAX 64
#define FILE_MAX  (256U << 10)

static int open_made(int dir, const char *name, struct err *e)
{
	int fd;

	if (mkdirat(dir, name, 0755) < 0 && errno != EEXIST)
		return err_set(e, errno, "make '%s' for the agent", name);
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? err_set(e, errno, "open '%s'", name) : fd;
}

/* What cannot be read, as anything that is no regular file, is not there for the agent. */
static int copy_file(int rootfd, const char *path, int dir, const char *name, struct err *e)
{
	cleanup_free char *text = NULL;
	struct err ignored;
	size_t len;

	if (path_read_in_root(rootfd, path, FILE_MAX, &text, &len, &ignored) < 0)
		return 0;
	return provision_write(dir, name, text, len, 0444, e);
}

static int copy_files(int rootfd, const char *path, int dir, struct err *e)
{
	int fd = path_open_in_root(rootfd, path, O_RDONLY | O_DIRECTORY, 0), r = 0;
	DIR *from = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *d;

	if (!from) {
		fd_close(&fd);
		return 0;
	}
	for (size_t n = 0; r == 0 && n < FILES_MAX && (d = readdir(from)); n++) {
		cleanup_free char *file = str_format("%s/%s", path, d->d_name);

		if (!file)
			r = err_set(e, ENOMEM, "'%s'", path);
		else if (d->d_type == DT_REG)
			r = copy_file(rootfd, file, dir, d->d_name, e);
	}
	closedir(from);
	return r;
}

static int write_policy(int dir, const char *ca_pem, struct err *e)
{
	struct buf ca = {0};
	cleanup_free char *text = NULL;
	int r;

	keystore_next_base64(ca_pem, &ca);
	text = str_format(
		"{\"CACertificates\": [\"%.*s\"], \"QuicAllowed\": false,\n"
		" \"DnsOverHttpsMode\": \"off\", \"EncryptedClientHelloEnabled\": false}\n",
		(int)ca.len, ca.len ? (const char *)buf_data(&ca) : "");
	r = text ? provision_write(dir, "bottle.json", text, strlen(text), 0444, e)
		 : err_set(e, ENOMEM, "a browser's policy");
	buf_done(&ca);
	return r;
}

int provision_browser(
	int rootfd, const char *path, int dir, const char *name, const char *ca_pem, struct err *e)
{
	static const char *const below[] = {"policies", "managed"};
	cleanup_free char *from = strdup(path);
	cleanup_fd int to = open_made(dir, name, e);
	int r = !from ? err_set(e, ENOMEM, "'%s'", path) : to < 0 ? to : 0;

	if (r == 0)
		r = copy_files(rootfd, from, to, e);
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(below); i++) {
		char *deeper = str_format("%s/%s", from, below[i]);
		int next = deeper ? open_made(to, below[i], e) : err_set(e, ENOMEM, "'%s'", from);

		free(from);
		from = deeper;
		fd_close(&to);
		to = next;
		r = next < 0 ? next : copy_files(rootfd, from, to, e);
	}
	return r < 0 ? r : write_policy(to, ca_pem ? ca_pem : "", e);
}
