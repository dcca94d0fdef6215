#include "gate/protocol2.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/ptr.h"
#include "gate/pktline.h"
#include "gate/protocol2_command.h"
#include "gate/protocol2_fetch.h"

/* How long an agent may be silent between its packets. */
#define AGENT_IDLE_MS 300000

static int send_all(int out, const struct str *s, struct err *e)
{
	int r = s->failed ? -ENOMEM : fd_write_all(out, s->s, s->len);

	return r < 0 ? err_set(e, -r, "answer the agent") : 0;
}

/* ---- capabilities */

int protocol2_advertise(const struct session *s, int out, int64_t asked_ns, struct err *e)
{
	cleanup_refs struct refs refs = {0};
	cleanup_str struct str answer = {0};
	int r = session_refs(s, asked_ns, &refs, e);

	if (r < 0)
		return r;
	pkt_addf(&answer, "version 2\n");
	pkt_addf(&answer, "agent=bottle-gate\n");
	pkt_addf(&answer, "ls-refs=unborn\n");
	pkt_addf(&answer, "fetch=shallow wait-for-done filter\n");
	pkt_addf(&answer, "server-option\n");
	pkt_addf(&answer, "object-format=%s\n", refs.sha256 ? "sha256" : "sha1");
	pkt_add_flush(&answer);
	return send_all(out, &answer, e);
}

/* ---- ls-refs */

struct wish {
	bool peel, symrefs, unborn;
	char **prefixes; /* strv; NULL: all */
};

static int read_wish(const struct protocol2_command *c, struct wish *ret)
{
	for (char **arg = c->args; arg && *arg; arg++) {
		ret->peel |= str_eq(*arg, "peel");
		ret->symrefs |= str_eq(*arg, "symrefs");
		ret->unborn |= str_eq(*arg, "unborn");
		if (str_starts(*arg, "ref-prefix ") &&
			strv_add(&ret->prefixes, *arg + strlen("ref-prefix ")) < 0)
			return -ENOMEM;
	}
	return 0;
}

static bool is_wished(const struct wish *w, const char *name)
{
	for (char **p = w->prefixes; p && *p; p++)
		if (str_starts(name, *p))
			return true;
	return !w->prefixes;
}

static void add_head(struct str *out, const struct wish *w, const struct refs *refs)
{
	cleanup_free char *target =
		w->symrefs && refs->head ? str_format(" symref-target:%s", refs->head) : NULL;

	if (!is_wished(w, "HEAD"))
		return;
	if (*refs->head_oid)
		pkt_addf(out, "%s HEAD%s\n", refs->head_oid, target ? target : "");
	else if (w->unborn && target)
		pkt_addf(out, "unborn HEAD%s\n", target);
}

static void add_ref(struct str *out, const struct wish *w, const struct ref *ref)
{
	cleanup_str struct str more = {0};

	if (!is_wished(w, ref->name))
		return;
	str_add(&more, "");
	if (w->symrefs && ref->target)
		str_addf(&more, " symref-target:%s", ref->target);
	if (w->peel && *ref->peeled)
		str_addf(&more, " peeled:%s", ref->peeled);
	pkt_addf(out, "%s %s%s\n", ref->oid, ref->name, more.s ? more.s : "");
	out->failed |= more.failed;
}

static int list_refs(const struct protocol2_answer *a, struct err *e)
{
	cleanup_refs struct refs refs = {0};
	cleanup_str struct str out = {0};
	struct wish w = {0};
	int r = read_wish(a->command, &w) < 0 ? err_set(e, ENOMEM, "list refs") : 0;

	if (r == 0)
		r = session_refs(a->session, a->asked_ns, &refs, e);
	if (r == 0) {
		add_head(&out, &w, &refs);
		for (size_t i = 0; i < refs.n; i++)
			add_ref(&out, &w, &refs.list[i]);
		pkt_add_flush(&out);
		r = send_all(a->out, &out, e);
	}
	strv_free(w.prefixes);
	return r;
}

/* ---- commands */

static int answer(const struct protocol2_answer *a, struct err *e)
{
	const char *name = a->command->name;

	if (str_eq(name, "ls-refs"))
		return list_refs(a, e);
	if (str_eq(name, "fetch"))
		return protocol2_fetch(a, e);
	return err_say(e, EPROTO, "the gate knows ls-refs and fetch only");
}

/* An agent that is gone hears nothing, and one that was told in another way is told nothing more.
 */
static void refuse(int out, const struct err *why)
{
	cleanup_str struct str packet = {0};

	if (why->code == EPIPE || why->code == ECONNRESET || why->code == ECANCELED)
		return;
	pkt_addf(&packet, "ERR %s", why->msg);
	if (!packet.failed)
		(void)fd_write_all(out, packet.s, packet.len);
}

/* 1: one was answered; 0: there are no more. */
static int one(
	const struct session *s, struct pkt_reader *in, int out, int64_t asked_ns, struct err *e)
{
	cleanup_protocol2_command struct protocol2_command c = {0};
	const struct protocol2_answer a = {
		.session = s, .command = &c, .out = out, .asked_ns = asked_ns};
	int r = protocol2_command_read(in, &c, e);

	if (r == 0)
		return 0;
	if (r > 0)
		r = answer(&a, e);
	return r < 0 ? r : 1;
}

static struct pkt_reader *new_reader(int fd, struct err *e)
{
	struct pkt_reader *in = malloc(sizeof(*in));

	if (in)
		pkt_reader_init(in, fd, AGENT_IDLE_MS);
	else
		err_set(e, ENOMEM, "serve an agent");
	return in;
}

int protocol2_serve(const struct session *s, int sock, int64_t asked_ns, struct err *e)
{
	cleanup_free struct pkt_reader *in = new_reader(sock, e);
	int r = in ? protocol2_advertise(s, sock, asked_ns, e) : -ENOMEM;

	if (r < 0)
		return r;
	do {
		r = one(s, in, sock, asked_ns, e);
	} while (r > 0);
	return r;
}

int protocol2_command(const struct session *s, int in, int out, int64_t asked_ns, struct err *e)
{
	cleanup_free struct pkt_reader *reader = new_reader(in, e);
	int r = reader ? one(s, reader, out, asked_ns, e) : -ENOMEM;

	if (r < 0)
		refuse(out, e);
	return r < 0 ? r : 0;
}
