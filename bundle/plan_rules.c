#include "bundle/plan_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/ptr.h"

#define RULES_FILE "rules.toml"
#define RULES_MAX  (1U << 20)

/* What is in it, the scanner's compiler says. */
int plan_rules(struct plan_bottle *b, struct err *e)
{
	cleanup_free char *path = str_format("%s/" RULES_FILE, b->home);
	struct stat home;
	size_t len;
	int r;

	if (!path)
		return err_set(e, ENOMEM, "plan the bottle");
	if (access(path, F_OK) < 0 && errno == ENOENT)
		return 0;
	if (stat(b->home, &home) < 0)
		return err_set(e, errno, "stat '%s'", b->home);
	r = path_check_strict(path, home.st_uid, e);
	if (r == 0)
		r = fd_read_file(AT_FDCWD, path, RULES_MAX, &b->rules, &len, e);
	if (r < 0)
		return r;
	if (strlen(b->rules) != len)
		return err_say(e, EINVAL, "'%s' is no text: it holds a NUL", path);
	b->rules_name = steal_ptr(&path);
	return 0;
}
