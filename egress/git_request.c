#include "egress/git_request.h"

#include <errno.h>
#include <string.h>

#include <jansson.h>

#include "base/json.h"
#include "base/str.h"
#include "bundle/policy.h"
#include "egress/rules.h"

static int refuse_push(struct refusal *why)
{
	return refusal_set(why, 403, "git_push", "git: push over HTTPS",
		"a git push over HTTPS is never forwarded: pushes go through git-gate");
}

static int refuse_upload(struct refusal *why, const char *what)
{
	return refusal_set(why, 403, "git_push", "git: push over HTTPS",
		"git-lfs: %s over HTTPS is never forwarded: large files go with the push, through "
		"git-gate",
		what);
}

static bool mentions(const struct http1_head *head, const char *field, const char *word)
{
	for (size_t i = 0; i < head->n_fields; i++)
		if (strcasecmp(head->fields[i].name, field) == 0 &&
			strcasestr(head->fields[i].value, word))
			return true;
	return false;
}

static bool is_lfs(const struct http1_head *head, const struct target *target)
{
	return target->git == TARGET_GIT_LFS || mentions(head, "Content-Type", "git-lfs") ||
	       mentions(head, "Accept", "git-lfs");
}

/* Only reading asks with these. */
static bool is_reading(const struct http1_head *head)
{
	return strcmp(head->method, "GET") == 0 || strcmp(head->method, "HEAD") == 0 ||
	       strcmp(head->method, "OPTIONS") == 0;
}

static bool is_batch(const struct target *target)
{
	static const char end[] = "/objects/batch";
	size_t len = target->path_len;

	return len >= strlen(end) &&
	       strncasecmp(target->text + len - strlen(end), end, strlen(end)) == 0;
}

bool git_request_wants_body(const struct http1_head *head, const struct target *target)
{
	return is_lfs(head, target) && !is_reading(head);
}

int git_request_check(
	const struct policy_route *route, const struct rule_request *q, struct refusal *why)
{
	bool lfs = is_lfs(q->head, q->target);

	if (q->target->git == TARGET_GIT_PUSH ||
		mentions(q->head, "Content-Type", "git-receive-pack"))
		return refuse_push(why);
	if ((q->target->git == TARGET_GIT_FETCH || lfs) && !route->git_fetch)
		return refusal_set(why, 403, "git_fetch", "git: fetch over HTTPS",
			"the route for %s does not allow git clone and fetch over HTTPS", q->host);
	/* Locks, and what verifies an upload. */
	if (lfs && !is_reading(q->head) && !is_batch(q->target))
		return refuse_upload(why, "what changes a server");
	return 0;
}

int git_request_check_body(const void *body, size_t len, bool whole, struct refusal *why)
{
	/* Duplicates are an error: a server could take the other one. */
	cleanup_json json_t *j =
		whole ? json_loadb(body ? body : "", len, JSON_REJECT_DUPLICATES, NULL) : NULL;
	const char *operation = json_string_value(json_object_get(j, "operation"));

	if (!operation)
		return refuse_upload(why, "a batch that cannot be read");
	return strcmp(operation, "download") == 0 ? 0 : refuse_upload(why, "an upload");
}
