#include "egress/target.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/http1.h"
#include "base/ptr.h"

/* Honest clients need one layer, a URL inside a URL two or three. */
#define LAYERS_MAX 16

static int bad(const char **ret_why, const char *why)
{
	*ret_why = why;
	return -EINVAL;
}

bool target_is_unreserved(int c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       c == '-' || c == '.' || c == '_' || c == '~';
}

/* One "%XX" at in: decoded or in its canonical spelling to *out. */
static int canonical_escape(const char *in, char **out, const char **why)
{
	static const char digits[] = "0123456789ABCDEF";
	int high = http1_hex_digit(in[1]), low = high < 0 ? -1 : http1_hex_digit(in[2]);
	int c;

	if (low < 0)
		return bad(why, "a percent sign without two hexadecimal digits");
	c = high << 4 | low;
	if (c < 0x20 || c == 0x7f)
		return bad(why, "an encoded control character");
	if (target_is_unreserved(c)) {
		*(*out)++ = (char)c;
		return 0;
	}
	*(*out)++ = '%';
	*(*out)++ = digits[high];
	*(*out)++ = digits[low];
	return 0;
}

static int canonicalise(const char *raw, struct target *t, const char **why)
{
	char *out = t->text;
	bool in_query = false;

	for (const char *in = raw; *in; in++) {
		while (!in_query && strncmp(in, "/./", 3) == 0)
			in += 2;
		if (*in == '#' || *in == '\\')
			return bad(why, *in == '#' ? "a fragment in the request target"
						   : "a backslash in the request target");
		if (*in == '?' && !in_query) {
			in_query = true;
			t->path_len = (size_t)(out - t->text);
		}
		/* The query goes as it came: no rule reads it, and it may hold bare percent signs.
		 */
		if (*in != '%' || in_query) {
			*out++ = *in;
			continue;
		}
		if (canonical_escape(in, &out, why) < 0)
			return -EINVAL;
		in += 2;
	}
	*out = '\0';
	if (!in_query)
		t->path_len = (size_t)(out - t->text);
	return 0;
}

/* Where the next segment ends: at a slash, as it is or encoded. */
static size_t segment_length(const char *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (p[i] == '/' || (len - i >= 3 && (memcmp(p + i, "%2F", 3) == 0 ||
							    memcmp(p + i, "%5C", 3) == 0)))
			return i;
	return len;
}

/* "." and "..", also with a parameter behind ("..;x", which some servers drop first). */
static bool is_dots(const char *segment, size_t len)
{
	size_t n = 0;

	while (n < len && segment[n] == '.')
		n++;
	if (n == 0 || n > 2)
		return false;
	return n == len || segment[n] == ';' || (len - n >= 3 && !memcmp(segment + n, "%3B", 3));
}

static int check_segments(const char *path, size_t len, const char **why)
{
	size_t at = 0;

	while (at < len) {
		size_t n = segment_length(path + at, len - at);

		if (is_dots(path + at, n))
			return bad(why, "a dot segment in the path");
		at += n;
		if (at < len)
			at += path[at] == '%' ? 3 : 1;
	}
	return 0;
}

static const char *find_ambiguity(const char *path, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (path[i] == '/' && i + 1 < len && path[i + 1] == '/')
			return "an empty segment (//) in the path";
		if (path[i] == ';')
			return "a parameter (;) in the path";
		if (path[i] != '%')
			continue;
		if (memcmp(path + i, "%2F", 3) == 0)
			return "an encoded slash in the path";
		if (memcmp(path + i, "%5C", 3) == 0)
			return "an encoded backslash in the path";
		if (memcmp(path + i, "%3B", 3) == 0)
			return "an encoded semicolon in the path";
		if (memcmp(path + i, "%25", 3) == 0)
			return "a doubly encoded character in the path";
	}
	return NULL;
}

/* Takes one layer of percent-encoding off. Whether there was any. */
static bool decode_once(char *s)
{
	bool changed = false;
	char *out = s;

	for (const char *in = s; *in; in++) {
		int high = *in == '%' ? http1_hex_digit(in[1]) : -1;
		int low = high < 0 ? -1 : http1_hex_digit(in[2]);

		if (low >= 0 && (high << 4 | low) != 0) {
			*out++ = (char)(high << 4 | low);
			in += 2;
			changed = true;
		} else {
			*out++ = *in;
		}
	}
	*out = '\0';
	return changed;
}

char *target_decoded(const struct target *t, size_t *ret_len)
{
	char *path = strndup(t->text, t->path_len);

	if (path) {
		(void)decode_once(path);
		*ret_len = strlen(path);
	}
	return path;
}

static enum target_git git_of(const char *plain)
{
	if (strcasestr(plain, "/git-receive-pack") || strcasestr(plain, "=git-receive-pack"))
		return TARGET_GIT_PUSH;
	if (strcasestr(plain, "/git-upload-pack") || strcasestr(plain, "=git-upload-pack") ||
		strcasestr(plain, ".git/info/refs"))
		return TARGET_GIT_FETCH;
	return strcasestr(plain, "/info/lfs") ? TARGET_GIT_LFS : TARGET_NO_GIT;
}

/*
 * git's smart HTTP (gitprotocol-http(5)): info/refs?service=git-X and git-X; git-lfs behind
 * info/lfs. Found however it is spelt: a false alarm costs a refused request, a miss costs a push
 * around the gate.
 */
static int find_git(struct target *t, const char **why)
{
	cleanup_free char *plain = strdup(t->text);
	int layers = 0;

	if (!plain)
		return -ENOMEM;
	while (decode_once(plain))
		if (++layers > LAYERS_MAX)
			return bad(why, "too many layers of percent-encoding");
	t->git = git_of(plain);
	return 0;
}

int target_parse(const char *raw, struct target *ret, const char **ret_why)
{
	int r;

	*ret = (struct target){0};
	*ret_why = "no memory for a request target";
	ret->text = malloc(strlen(raw) + 1);
	if (!ret->text)
		return -ENOMEM;
	if (strcmp(raw, "*") == 0) {
		memcpy(ret->text, raw, 2);
		ret->path_len = 1;
		return 0;
	}
	if (raw[0] != '/')
		return bad(ret_why, "a request target that is no path");
	r = canonicalise(raw, ret, ret_why);
	if (r == 0)
		r = check_segments(ret->text, ret->path_len, ret_why);
	if (r == 0)
		r = find_git(ret, ret_why);
	if (r == 0)
		ret->ambiguous = find_ambiguity(ret->text, ret->path_len);
	return r;
}

void target_done(struct target *t)
{
	free(t->text);
	*t = (struct target){0};
}
