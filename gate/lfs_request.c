#include "gate/lfs_request.h"

#include <errno.h>
#include <string.h>

#include "base/ptr.h"
#include "base/str.h"
#include "gate/sanitize.h"

#define PATH_BYTES_MAX 4096
#define BASE	       "http://git-gate:9420"

/* "*" stands for one part of a path, in letters that need no thought. */
static const struct {
	const char *method, *path;
	enum lfs_kind kind;
	bool with_query;
} routes[] = {
	{"POST", "/objects/batch", LFS_BATCH, false},
	{"GET", "/objects/*", LFS_DOWNLOAD, true},
	{"PUT", "/objects/*", LFS_UPLOAD, true},
	{"GET", "/locks", LFS_LOCKS, true},
	{"POST", "/locks", LFS_LOCK, false},
	{"POST", "/locks/verify", LFS_LOCK_VERIFY, false},
	{"POST", "/locks/*/unlock", LFS_UNLOCK, false},
};

/* RFC 3986's unreserved characters; there is no "." or ".." among what they make (is_part). */
static bool is_plain(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       c == '-' || c == '_' || c == '.' || c == '~';
}

static bool is_part(const char *part, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!is_plain(part[i]))
			return false;
	return len > 0 && len <= 256 && part[0] != '.';
}

/* Whether path, without its query, is as the pattern has it. */
static bool matches(const char *pattern, const char *path, size_t len)
{
	const char *star = strchr(pattern, '*');
	size_t before = star ? (size_t)(star - pattern) : strlen(pattern);
	size_t behind = star ? strlen(star + 1) : 0;

	if (len < before + behind || memcmp(path, pattern, before) != 0)
		return false;
	if (!star)
		return len == before;
	return memcmp(path + len - behind, star + 1, behind) == 0 &&
	       is_part(path + before, len - before - behind);
}

/* What a query is made of, and nothing that another parser might see an end in. */
static bool is_query(const char *query)
{
	for (; *query; query++)
		if (!is_plain(*query) && !strchr("%&=+/:,@!*'();?", *query))
			return false;
	return true;
}

bool lfs_oid_ok(const char *oid)
{
	return strlen(oid) == LFS_OID_LEN && strspn(oid, "0123456789abcdef") == LFS_OID_LEN;
}

static int read_object(struct lfs_request *q, struct err *e)
{
	const char *oid = q->path + strlen("/objects/"), *query = strchr(oid, '?');
	size_t len = query ? (size_t)(query - oid) : strlen(oid);
	long size;

	if (len == LFS_OID_LEN)
		memcpy(q->oid, oid, len);
	if (!lfs_oid_ok(q->oid))
		return err_say(e, EINVAL, "the name of an object is 64 hexadecimal digits");
	if (q->kind == LFS_UPLOAD)
		return 0;
	if (!query || !str_starts(query, "?size=") ||
		!str_to_long(query + strlen("?size="), 0, INT64_MAX, &size))
		return err_say(e, EINVAL, "an object is asked for with its size: ?size=N");
	q->size = (uint64_t)size;
	return 0;
}

static int unknown(const char *method, const char *path, struct err *e)
{
	cleanup_free char *clean = sanitize_line(path, strnlen(path, 80));

	return err_say(e, ENOENT,
		"'%.8s %s' is nothing that git-lfs asks for; there are objects/batch, objects/OID "
		"and locks",
		method, clean ? clean : "");
}

int lfs_request_parse(const char *method, const char *path, struct lfs_request *ret, struct err *e)
{
	size_t len = strcspn(path, "?");

	*ret = (struct lfs_request){.path = path};
	if (strlen(path) > PATH_BYTES_MAX)
		return err_say(e, EINVAL, "an address of more than %d bytes", PATH_BYTES_MAX);
	for (size_t i = 0; i < ARRAY_LEN(routes); i++) {
		if (!str_eq(method, routes[i].method) || !matches(routes[i].path, path, len))
			continue;
		if (path[len] && (!routes[i].with_query || !is_query(path + len + 1)))
			return err_say(e, EINVAL, "a query that git-lfs does not send");
		ret->kind = routes[i].kind;
		return ret->kind == LFS_DOWNLOAD || ret->kind == LFS_UPLOAD ? read_object(ret, e)
									    : 0;
	}
	return unknown(method, path, e);
}

char *lfs_object_url(const char *repo, const char *oid, uint64_t size)
{
	struct str s = {0};

	str_add(&s, BASE "/");
	for (; *repo; repo++) {
		if (is_plain(*repo))
			str_add_char(&s, *repo);
		else
			str_addf(&s, "%%%02X", (unsigned char)*repo);
	}
	str_addf(&s, ".git/info/lfs/objects/%s?size=%llu", oid, (unsigned long long)size);
	return str_take(&s);
}
