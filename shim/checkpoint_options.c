#include "shim/checkpoint_options.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/str.h"

#define DEFAULT_IMAGES "checkpoint"

int checkpoint_cgroups_mode(const char *word, struct err *e)
{
	/* criu.org/RPC, enum criu_cg_mode. */
	static const struct {
		const char *word;
		int number;
	} modes[] = {{"ignore", 0}, {"soft", 3}, {"full", 4}, {"strict", 5}};

	if (!word || !*word)
		return 6;
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (strcmp(word, modes[i].word) == 0)
			return modes[i].number;
	return err_say(e, EINVAL,
		"invalid manage-cgroups-mode value '%s': soft, full, strict or ignore", word);
}

int checkpoint_page_server(const char *text, char **ret_host, long *ret_port, struct err *e)
{
	const char *colon = strrchr(text, ':');
	size_t len = colon ? (size_t)(colon - text) : 0;

	if (len > 2 && text[0] == '[' && colon[-1] == ']') {
		text++;
		len -= 2;
	}
	if (len == 0)
		return err_say(e, EINVAL,
			"Use --page-server ADDRESS:PORT to specify page server, not '%s'", text);
	if (!str_to_long(colon + 1, 1, 65535, ret_port))
		return err_say(e, EINVAL, "Invalid port number '%s' in --page-server", colon + 1);
	*ret_host = strndup(text, len);
	return *ret_host ? 0 : err_set(e, ENOMEM, "--page-server");
}

static int check_words(const struct checkpoint_options *o, struct err *e)
{
	int r = checkpoint_cgroups_mode(o->cgroups_mode, e);

	for (size_t i = 0; r >= 0 && o->empty_ns && o->empty_ns[i]; i++)
		if (strcmp(o->empty_ns[i], "network") != 0)
			return err_say(e, EINVAL,
				"namespace \"%s\" is not supported: --empty-ns "
				"takes network",
				o->empty_ns[i]);
	if (r >= 0 && o->parent && o->parent[0] == '/')
		return err_say(e, EINVAL, "--parent-path must be relative to the images, not '%s'",
			o->parent);
	return r < 0 ? r : 0;
}

/* criu names where a log could be written only when it is not; whoever hands it a descriptor must.
 */
static int check_status_fd(long fd, struct err *e)
{
	int flags = fd < 0 ? O_WRONLY : fcntl((int)fd, F_GETFL);

	if (flags < 0)
		return err_set(e, errno, "invalid --status-fd argument %ld", fd);
	if ((flags & O_ACCMODE) == O_RDONLY)
		return err_say(e, EBADF, "invalid --status-fd argument %ld: not writable", fd);
	return 0;
}

static int open_dir(const char *option, const char *path, bool make, int *ret, struct err *e)
{
	int r = make ? path_mkdir_p(path, 0700, e) : 0;

	if (r < 0)
		return err_wrap(e, "%s", option);
	*ret = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *ret < 0 ? err_set(e, errno, "%s '%s'", option, path) : 0;
}

/* criu follows the name from the images' directory, and says little when nothing is there. */
static int check_parent(int images, const char *parent, struct err *e)
{
	struct stat st;

	if (!parent)
		return 0;
	if (fstatat(images, parent, &st, 0) < 0)
		return err_set(e, errno, "invalid --parent-path '%s'", parent);
	return S_ISDIR(st.st_mode) ? 0 : err_set(e, ENOTDIR, "invalid --parent-path '%s'", parent);
}

int checkpoint_dirs_open(
	const struct checkpoint_options *o, bool make, struct checkpoint_dirs *ret, struct err *e)
{
	const char *images = o->images && *o->images ? o->images : DEFAULT_IMAGES;
	bool own_work = o->work && *o->work;
	int r = check_words(o, e);

	*ret = CHECKPOINT_NO_DIRS;
	ret->log = own_work ? o->work : images;
	if (r == 0)
		r = check_status_fd(o->status_fd, e);
	if (r == 0)
		r = open_dir("--image-path", images, make, &ret->images, e);
	if (r == 0)
		r = check_parent(ret->images, o->parent, e);
	/* On both ways: it holds only what criu is about to write. */
	if (r == 0 && own_work)
		r = open_dir("--work-path", o->work, true, &ret->work, e);
	return r;
}

void checkpoint_dirs_done(struct checkpoint_dirs *d)
{
	fd_close(&d->images);
	fd_close(&d->work);
}

void checkpoint_options_done(struct checkpoint_options *o)
{
	strv_free(o->empty_ns);
	o->empty_ns = NULL;
}
