#include "gate/lfs_answer.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/json.h"
#include "base/ptr.h"
#include "base/str.h"

/* The first row that fits is the one, both ways. */
static const struct {
	int code, status;
} statuses[] = {
	{EINVAL, 400},
	{EACCES, 403},
	{EACCES, 401}, /* never passed on: the agent's git-lfs would ask for a password */
	{EACCES, 422}, /* nor this: git-lfs takes an upload that was answered so for no failure */
	{ENOENT, 404},
	{ENOENT, 410},
	{EEXIST, 409},
	{EFBIG, 413},
	{EBADMSG, 403},
	{EAGAIN, 429},
	{EOPNOTSUPP, 501},
	{ENOSPC, 507},
	{ENOSPC, 509},
};

int lfs_answer_status(const struct err *why)
{
	for (size_t i = 0; i < ARRAY_LEN(statuses); i++)
		if (statuses[i].code == why->code)
			return statuses[i].status;
	return why->code == EDQUOT || why->code == ENOMEM ? 507 : 502;
}

int lfs_answer_code(int status)
{
	for (size_t i = 0; i < ARRAY_LEN(statuses); i++)
		if (statuses[i].status == status)
			return statuses[i].code;
	return EIO;
}

/* Servers look at the number alone; words are for people. */
static const char *phrase(int status)
{
	return status < 300 ? "OK" : "Refused";
}

static int say(struct lfs_out *out, const char *text, size_t len, struct err *e)
{
	int r = fd_write_all(STDOUT_FILENO, text, len);

	out->begun = true;
	return r < 0 ? err_set(e, -r, "answer git-lfs") : 0;
}

int lfs_answer_json(struct lfs_out *out, int status, const char *body, struct err *e)
{
	cleanup_str struct str s = {0};

	str_addf(&s,
		"Status: %d %s\r\nContent-Type: application/vnd.git-lfs+json\r\n"
		"Cache-Control: no-store\r\nContent-Length: %zu\r\n\r\n%s",
		status, phrase(status), strlen(body), body);
	return s.failed ? err_set(e, ENOMEM, "answer git-lfs") : say(out, s.s, s.len, e);
}

int lfs_answer_object(struct lfs_out *out, uint64_t size, struct err *e)
{
	cleanup_free char *head =
		str_format("Status: 200 OK\r\nContent-Type: application/octet-stream\r\n"
			   "Cache-Control: no-store\r\nContent-Length: %llu\r\n\r\n",
			(unsigned long long)size);

	return head ? say(out, head, strlen(head), e) : err_set(e, ENOMEM, "answer git-lfs");
}

int lfs_answer_refusal(struct lfs_out *out, const struct err *why, struct err *e)
{
	cleanup_json json_t *j = json_pack("{s:s}", "message", why->msg);
	cleanup_free char *text = j ? json_dumps(j, JSON_COMPACT) : NULL;

	/* What is no UTF-8 no JSON can hold. */
	return lfs_answer_json(out, lfs_answer_status(why),
		text ? text : "{\"message\": \"refused; the gate's log tells why\"}", e);
}
