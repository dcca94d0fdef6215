#include "shim/install_daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/json.h"
#include "base/path.h"
#include "base/ptr.h"
#include "base/str.h"

#define RUNTIME_NAME  "bottle"
#define DAEMON_MAX    (1U << 20)
#define INDENT_NEW    4
#define BACKUP_SUFFIX ".before-bottle"

static const char *const runtime_args[] = {
	"--home", "/etc/bot-bottle", "--default-bottle", "default", "--require-bottle"};

void install_daemon_done(struct install_daemon *d)
{
	free(steal_ptr(&d->path));
	free(steal_ptr(&d->text));
	json_decref(d->json);
	d->json = NULL;
}

static int parse(struct install_daemon *d, struct err *e)
{
	json_error_t je;

	if (!d->text || strspn(d->text, " \t\r\n") == strlen(d->text)) {
		d->json = json_object();
		return d->json ? 0 : err_set(e, ENOMEM, "%s", d->path);
	}
	/* The daemon would take the last of two members with one name; we would lose the first. */
	d->json = json_loads(d->text, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &je);
	if (!d->json)
		return err_say(e, EINVAL, "%s: line %d, column %d: %s; nothing was changed",
			d->path, je.line, je.column, je.text);
	if (!json_is_object(d->json))
		return err_say(e, EINVAL,
			"%s: line 1, column 1: expected an object ({…}); nothing was changed",
			d->path);
	return 0;
}

int install_daemon_read(const char *path, struct install_daemon *ret, struct err *e)
{
	struct stat st;
	size_t len;
	int r;

	*ret = INSTALL_DAEMON_NONE;
	ret->path = realpath(path, NULL);
	if (!ret->path && errno != ENOENT)
		return err_set(e, errno, "'%s'", path);
	if (ret->path) {
		if (stat(ret->path, &st) < 0)
			return err_set(e, errno, "'%s'", ret->path);
		ret->mode = st.st_mode & 0777;
		r = fd_read_file(AT_FDCWD, ret->path, DAEMON_MAX, &ret->text, &len, e);
		if (r < 0)
			return r;
	} else {
		ret->path = strdup(path);
	}
	return ret->path ? parse(ret, e) : err_set(e, ENOMEM, "'%s'", path);
}

/* The member "runtimes", made where it is missing and `make` is set. Borrowed. */
static int find_runtimes(struct install_daemon *d, bool make, json_t **ret, struct err *e)
{
	json_t *runtimes = json_object_get(d->json, "runtimes");

	if (!runtimes && make) {
		json_object_set_new(d->json, "runtimes", json_object());
		runtimes = json_object_get(d->json, "runtimes");
		if (!runtimes)
			return err_set(e, ENOMEM, "%s", d->path);
	}
	if (runtimes && !json_is_object(runtimes))
		return err_say(e, EINVAL, "%s: runtimes: expected an object; nothing was changed",
			d->path);
	*ret = runtimes;
	return 0;
}

int install_daemon_add(struct install_daemon *d, const char *program, struct err *e)
{
	cleanup_json json_t *entry = NULL;
	json_t *runtimes, *args = json_array();
	int r;

	for (size_t i = 0; i < ARRAY_LEN(runtime_args); i++)
		json_array_append_new(args, json_string(runtime_args[i]));
	entry = json_pack("{s:s, s:o}", "path", program, "runtimeArgs", args);
	if (!entry)
		return err_set(e, ENOMEM, "%s", d->path);
	r = find_runtimes(d, true, &runtimes, e);
	if (r < 0)
		return r;
	if (json_equal(json_object_get(runtimes, RUNTIME_NAME), entry))
		return 0;
	if (json_object_set(runtimes, RUNTIME_NAME, entry) < 0)
		return err_set(e, ENOMEM, "%s", d->path);
	return 1;
}

int install_daemon_remove(struct install_daemon *d, struct err *e)
{
	const char *chosen = json_string_value(json_object_get(d->json, "default-runtime"));
	json_t *runtimes;
	int r = find_runtimes(d, false, &runtimes, e);

	if (r < 0 || !json_object_get(runtimes, RUNTIME_NAME))
		return r;
	if (str_eq(chosen, RUNTIME_NAME))
		return err_say(e, EBUSY,
			"%s: default-runtime is \"" RUNTIME_NAME
			"\"; change that first, or the daemon would not start",
			d->path);
	/* An empty "runtimes" stays: a reload of a file without the member forgets no runtime. */
	json_object_del(runtimes, RUNTIME_NAME);
	return 1;
}

/* The indentation of the first line that has one: blanks in *ret, or true for tabs. */
static bool indentation(const char *text, size_t *ret)
{
	*ret = INDENT_NEW;
	for (const char *p = text ? strchr(text, '\n') : NULL; p; p = strchr(p + 1, '\n')) {
		if (p[1] == '\t')
			return true;
		if (p[1] == ' ') {
			*ret = strspn(p + 1, " ");
			return false;
		}
	}
	return false;
}

/* jansson indents with blanks only: each line's become tabs. Strings hold no bare newline. */
static char *tabs_for_blanks(const char *text, size_t width)
{
	cleanup_str struct str out = {0};

	while (*text) {
		size_t blanks = strspn(text, " "), line = strcspn(text, "\n");

		for (size_t i = 0; i < blanks / width; i++)
			str_add_char(&out, '\t');
		line += text[line] == '\n';
		str_add_bytes(&out, text + blanks, line - blanks);
		text += line;
	}
	return str_take(&out);
}

char *install_daemon_text(const struct install_daemon *d)
{
	cleanup_free char *dump = NULL, *whole = NULL;
	size_t width;
	bool tabs = indentation(d->text, &width);

	/* 15 digits bring 0.1 back as 0.1. */
	dump = json_dumps(d->json,
		JSON_INDENT(width > 8 ? 8 : width) | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
	whole = dump ? str_format("%s\n", dump) : NULL;
	if (!whole || !tabs)
		return steal_ptr(&whole);
	return tabs_for_blanks(whole, width);
}

static int write_in(int dirfd, const char *name, const struct install_daemon *d, struct err *e)
{
	cleanup_free char *text = install_daemon_text(d);
	cleanup_free char *backup = str_format("%s%s", name, BACKUP_SUFFIX);
	int r = 0;

	if (!text || !backup)
		return err_set(e, ENOMEM, "%s", d->path);
	if (d->text)
		r = path_write_file(dirfd, backup, d->text, strlen(d->text), d->mode, e);
	return r < 0 ? r : path_write_file(dirfd, name, text, strlen(text), d->mode, e);
}

int install_daemon_write(const struct install_daemon *d, struct err *e)
{
	cleanup_free char *one = strdup(d->path), *two = strdup(d->path);
	cleanup_fd int dir = -1;
	int r;

	if (!one || !two)
		return err_set(e, ENOMEM, "%s", d->path);
	r = path_mkdir_p(dirname(one), 0755, e);
	if (r < 0)
		return r;
	dir = open(one, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return err_set(e, errno, "open '%s'", one);
	return write_in(dir, basename(two), d, e);
}
