#include "base/subid.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/ptr.h"
#include "base/str.h"

#define FILE_MAX (1U << 20)

/* A bottle takes eight; a quarter is enough for many, 1024 for all that a user will run. */
#define SIDECARS_MIN 8U
#define SIDECARS_MAX 1024U

/* Of /etc/passwd itself: a static program has no name service. NULL: there is none. */
static char *login_name(uid_t uid)
{
	FILE *f = fopen("/etc/passwd", "re");
	const char *env = getenv("LOGNAME");
	struct passwd *pw = NULL;
	char *name = NULL;

	while (f && (pw = fgetpwent(f)))
		if (pw->pw_uid == uid)
			break;
	if (pw)
		name = strdup(pw->pw_name);
	else if (env)
		/* One of a directory service; newuidmap(1), which decides, knows better. */
		name = strdup(env);
	if (f)
		fclose(f);
	return name;
}

static bool parse_number(const char *text, uint32_t *ret)
{
	char *end;
	unsigned long v;

	errno = 0;
	v = strtoul(text, &end, 10);
	if (errno || end == text || *end || v > UINT32_MAX)
		return false;
	*ret = (uint32_t)v;
	return true;
}

/* What cannot be read is somebody's mistake, and gives nothing. */
static void parse_line(char *line, const char *name, const char *number, struct subid *ret)
{
	char *first = strchr(line, ':'), *count = first ? strchr(first + 1, ':') : NULL;
	struct subid_range r;

	if (!count || ret->n == SUBID_RANGES_MAX)
		return;
	*first++ = '\0';
	*count++ = '\0';
	if ((!str_eq(name, line) && strcmp(number, line) != 0) || !parse_number(first, &r.first) ||
		!parse_number(count, &r.count) || r.count == 0 || r.count > UINT32_MAX - r.first ||
		r.count > UINT32_MAX - ret->total)
		return;
	ret->ranges[ret->n++] = r;
	ret->total += r.count;
}

int subid_read(const char *file, uid_t uid, struct subid *ret, struct err *e)
{
	cleanup_free char *text = NULL, *name = login_name(uid);
	char number[16], *save = NULL;
	int r = fd_read_file(AT_FDCWD, file, FILE_MAX, &text, NULL, e);

	*ret = (struct subid){0};
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return r;
	snprintf(number, sizeof(number), "%u", (unsigned)uid);
	for (char *l = strtok_r(text, "\n", &save); l; l = strtok_r(NULL, "\n", &save))
		parse_line(l, name, number, ret);
	return 0;
}

uint32_t subid_sidecars_first(uint32_t width)
{
	uint32_t kept = width / 4;

	if (kept > SIDECARS_MAX)
		kept = SIDECARS_MAX;
	kept -= kept % SIDECARS_MIN;
	if (kept == 0)
		kept = SIDECARS_MIN;
	/* The user's own id and one more are the least that an agent has. */
	return width < kept + 2 ? 0 : width - kept;
}
