#include "gate/http_path.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/http1.h"
#include "base/ptr.h"
#include "base/str.h"
#include "gate/sanitize.h"

#define NAME_MAX_LEN 255

/* RFC 9112, 3.2.2: a server takes the form with scheme and host, too. It is ours in any case. */
static const char *skip_authority(const char *target)
{
	if (strncasecmp(target, "http://", 7) != 0)
		return target;
	target += 7;
	return target + strcspn(target, "/");
}

/* What percent signs stand for. False: malformed, or a byte that no name has. */
static bool decode(const char *text, size_t len, char ret[NAME_MAX_LEN + 1])
{
	size_t n = 0;

	if (len > NAME_MAX_LEN)
		return false;
	for (size_t i = 0; i < len; i++) {
		int c = (unsigned char)text[i];

		if (c == '%') {
			int high = i + 2 < len ? http1_hex_digit(text[i + 1]) : -1;
			int low = i + 2 < len ? http1_hex_digit(text[i + 2]) : -1;

			if (high < 0 || low < 0)
				return false;
			c = high << 4 | low;
			i += 2;
		}
		if (c == 0 || c == '/')
			return false;
		ret[n++] = (char)c;
	}
	ret[n] = '\0';
	return true;
}

static int parse_refs(const char *query, struct http_path *ret, struct err *e)
{
	ret->ask = HTTP_ASK_REFS;
	if (str_eq(query, "?service=git-upload-pack"))
		ret->service = REQUEST_UPLOAD_PACK;
	else if (str_eq(query, "?service=git-receive-pack"))
		ret->service = REQUEST_RECEIVE_PACK;
	else
		return err_say(e, EACCES,
			"info/refs is answered with ?service=git-upload-pack or "
			"?service=git-receive-pack: the gate has git's smart protocol only, which "
			"every git since 1.6.6 speaks");
	return 0;
}

/* suffix: behind "/NAME/". */
static int parse_suffix(const char *suffix, struct http_path *ret, struct err *e)
{
	cleanup_free char *clean = NULL;

	if (str_starts(suffix, "info/refs") && strchr("?", suffix[9]))
		return parse_refs(suffix + 9, ret, e);
	ret->ask = HTTP_ASK_SERVICE;
	ret->service = REQUEST_UPLOAD_PACK;
	if (str_eq(suffix, "git-upload-pack"))
		return 0;
	ret->service = REQUEST_RECEIVE_PACK;
	if (str_eq(suffix, "git-receive-pack"))
		return 0;
	ret->ask = HTTP_ASK_LFS;
	ret->rest = suffix + 8;
	if (str_starts(suffix, "info/lfs") && strchr("/?", suffix[8]))
		return 0;
	clean = sanitize_line(suffix, strlen(suffix));
	return err_say(e, EACCES,
		"'%s' is not served: below a repository there are info/refs?service=…, "
		"git-upload-pack, git-receive-pack and info/lfs. Use it as git's URL, "
		"http://git-gate:9420/%s.git",
		clean ? clean : "", ret->repo->name);
}

int http_path_parse(const struct gate *g, const char *target, struct http_path *ret, struct err *e)
{
	const char *path = skip_authority(target);
	char name[NAME_MAX_LEN + 1];
	size_t len;
	int r;

	*ret = (struct http_path){0};
	if (*path != '/')
		return err_say(e, EINVAL, "the request target is no path");
	path++;
	len = strcspn(path, "/?");
	if (!decode(path, len, name))
		return err_say(
			e, EINVAL, "the repository's name in the request target is malformed");
	r = request_repo(g, name, &ret->repo, e);
	if (r < 0)
		return r;
	return parse_suffix(path[len] == '/' ? path + len + 1 : path + len, ret, e);
}
