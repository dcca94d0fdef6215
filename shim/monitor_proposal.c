#include "shim/monitor_proposal.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/component.h"
#include "base/json.h"
#include "base/log.h"
#include "base/ptr.h"
#include "base/str.h"
#include "shim/monitor_part.h"

#define BODY_MAX	  (256U << 10)
#define FILE_MAX	  (128U << 10)
#define JUSTIFICATION_MAX 4096
/* Of one life of a component: a taken-over one must not fill the log. */
#define LOGGED_MAX 200

/* Who may propose what. */
static const struct {
	enum component_id who;
	const char *tool;
} tools[] = {
	{COMPONENT_GATE, "gitleaks-allow"},
};

struct proposal {
	int64_t id;
	char *tool, *file, *justification;
};

static void proposal_done(struct proposal *p)
{
	free(p->tool);
	free(p->file);
	free(p->justification);
}

static bool may_propose(enum component_id who, const char *tool)
{
	for (size_t i = 0; i < ARRAY_LEN(tools); i++)
		if (tools[i].who == who && str_eq(tools[i].tool, tool))
			return true;
	return false;
}

/* Text of lines: what controls a terminal is none. */
static bool is_text(const char *s, size_t max)
{
	size_t len = strlen(s);

	for (size_t i = 0; i < len; i++)
		if (((unsigned char)s[i] < 0x20 && s[i] != '\n') || s[i] == 0x7f)
			return false;
	return len <= max;
}

static int parse(
	const struct monitor_part *p, const struct msg *m, struct proposal *ret, struct err *e)
{
	cleanup_json json_t *j = NULL;
	struct json_at at;
	int r;

	if (m->n_fds > 0 || m->len > BODY_MAX)
		return err_say(e, EPROTO, "a malformed proposal");
	r = json_parse(m->body, m->len, "a proposal", &j, e);
	if (r < 0)
		return r;
	at = json_root(j, "a proposal");
	r = json_get_int(&at, "id", 1, UINT32_MAX, &ret->id, e);
	if (r > 0)
		r = json_need_str(&at, "tool", &ret->tool, e);
	if (r >= 0 && ret->tool)
		r = json_need_str(&at, "proposed_file", &ret->file, e);
	if (r >= 0 && ret->file)
		r = json_need_str(&at, "justification", &ret->justification, e);
	if (r < 0)
		return r;
	if (!ret->justification || json_object_size(j) != 4 || !is_text(ret->file, FILE_MAX) ||
		!is_text(ret->justification, JUSTIFICATION_MAX))
		return err_say(e, EPROTO, "a malformed proposal");
	return may_propose(monitor_part_id(p), ret->tool)
		       ? 0
		       : err_say(e, EPROTO, "a proposal that is not the %s's", p->kind->name);
}

static int answer(const struct monitor_part *p, int64_t id, const char *status, const char *notes,
	struct err *e)
{
	cleanup_json json_t *j = json_pack(
		"{s:I, s:s, s:s}", "id", (json_int_t)id, "status", status, "notes", notes);
	cleanup_free char *text = j ? json_dumps(j, JSON_COMPACT) : NULL;
	struct pollfd room = {.fd = p->c.control, .events = POLLOUT};

	if (!text)
		return err_set(e, ENOMEM, "answer a proposal");
	/* Half of the socket's buffer is free then, many times what we send. */
	if (poll(&room, 1, 0) != 1 || !(room.revents & POLLOUT))
		return err_say(e, EPROTO, "it does not take the answers to its proposals");
	return msg_send(p->c.control, COMPONENT_ANSWER, text, strlen(text), NULL, 0, e);
}

static void tell_operator(struct monitor_part *p, const struct proposal *it)
{
	if (p->proposals++ > LOGGED_MAX)
		return;
	if (p->proposals > LOGGED_MAX)
		log_warning("the %s proposes too much: no more of it is logged", p->kind->name);
	else
		log_warning("the %s proposes (%s), and nobody can answer yet: rejected. %s %s",
			p->kind->name, it->tool, it->justification, it->file);
}

int monitor_proposal_take(struct monitor_part *p, const struct msg *m, struct err *e)
{
	struct proposal it = {0};
	int r = p->ready ? parse(p, m, &it, e)
			 : err_say(e, EPROTO, "a proposal before it is ready");

	if (r == 0) {
		tell_operator(p, &it);
		r = answer(p, it.id, "rejected", "no operator", e);
	}
	proposal_done(&it);
	return r;
}
