#include "gate/brought.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/ptr.h"
#include "base/str.h"

#define HEADER "--pack_header="
/* What begins with a dot stays behind when the quarantine's files move to the mirror. */
#define NAME	 ".brought"
#define TEXT_MAX 32

static int open_quarantine(struct err *e)
{
	const char *path = getenv("GIT_QUARANTINE_PATH");
	int fd = path ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	if (!path)
		return err_say(e, EINVAL, "git has named no quarantine");
	return fd < 0 ? err_set(e, errno, "open a quarantine") : fd;
}

int brought_note(char *const *argv, struct err *e)
{
	const char *objects = NULL;
	cleanup_fd int dir = -1;
	long n;

	for (; *argv; argv++)
		if (str_starts(*argv, HEADER))
			objects = strchr(*argv, ',');
	/* Four bytes of the pack's head, and so no more than that. */
	if (!objects || !str_to_long(objects + 1, 0, UINT32_MAX, &n))
		return err_say(e, EINVAL, "git has not told how many objects a pack has");
	dir = open_quarantine(e);
	return dir < 0 ? dir
		       : path_write_file(dir, NAME, objects + 1, strlen(objects + 1), 0600, e);
}

int brought_count(long *ret, struct err *e)
{
	cleanup_fd int dir = open_quarantine(e);
	cleanup_free char *text = NULL;
	int r;

	*ret = 0;
	if (dir < 0)
		return dir;
	if (faccessat(dir, NAME, F_OK, 0) < 0)
		return errno == ENOENT ? 0 : err_set(e, errno, "look into a quarantine");
	r = fd_read_file(dir, NAME, TEXT_MAX, &text, NULL, e);
	if (r == 0 && !str_to_long(text, 0, UINT32_MAX, ret))
		r = err_say(e, EINVAL, "a quarantine's number of objects is '%s'", text);
	return r;
}
