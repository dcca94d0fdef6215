#include "gate/protocol2_fetch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/ptr.h"
#include "gate/channel.h"
#include "gate/git.h"
#include "gate/protocol2_wants.h"
#include "gate/sanitize.h"

/* What is done sooner needs no word. */
#define QUIET_MS     1000
#define KEEPALIVE_MS 5000
/* How long upload-pack waits for an agent that takes nothing, seconds. */
#define AGENT_IDLE_S "300"

/*
 * Theory of operation. An answer with a pack is sections, the pack's last; sidebands are in that
 * one only. A request that is done and asks for no shallow history is answered with this section
 * alone: then it can be begun before upload-pack is, and shows how far the upstream is meanwhile.
 * Any other agent waits without a word, as it would for a slow server.
 */
struct fetch {
	const struct protocol2_answer *a;
	bool may_show; /* the answer is the pack's section alone */
	bool quiet;    /* the agent wants no progress: it is kept awake only */
	bool begun;    /* the section's name was sent */
	bool deaf;     /* the agent does not listen any more */
	int64_t since_ms, told_ms;
	char line[512]; /* of git's, as far as it came */
	size_t len;
};

static void read_options(struct fetch *f)
{
	bool done = false, shallow = false;

	for (char **arg = f->a->command->args; arg && *arg; arg++) {
		done |= str_eq(*arg, "done");
		shallow |= str_starts(*arg, "deepen") || str_starts(*arg, "shallow ");
		f->quiet |= str_eq(*arg, "no-progress");
	}
	f->may_show = done && !shallow;
}

static void send_packets(struct fetch *f, struct str *s)
{
	if (f->deaf || s->len == 0)
		return;
	f->deaf = s->failed || fd_write_all(f->a->out, s->s, s->len) < 0;
	f->told_ms = proc_now_ms();
}

static void begin(struct fetch *f, struct str *s)
{
	if (!f->begun)
		pkt_addf(s, "packfile\n");
	f->begun = true;
}

/* A line with its end: what the upstream's own git says stands behind "remote: ". */
static void add_progress(struct str *s, const char *line, size_t len, char end)
{
	static const char remote[] = "remote: ";
	cleanup_free char *clean = NULL, *text = NULL;

	if (len > sizeof(remote) - 1 && memcmp(line, remote, sizeof(remote) - 1) == 0) {
		line += sizeof(remote) - 1;
		len -= sizeof(remote) - 1;
	}
	clean = sanitize_line(line, len);
	text = clean ? str_format("%s%c", clean, end) : NULL;
	if (text)
		pkt_add_band(s, 2, text, strlen(text));
}

/* As `show` of struct git_watch. */
static void show(void *arg, const char *bytes, size_t len)
{
	struct fetch *f = arg;
	cleanup_str struct str s = {0};
	int64_t now = proc_now_ms();

	if (!f->may_show || now - f->since_ms < QUIET_MS)
		return;
	begin(f, &s);
	for (size_t i = 0; i < len && !f->quiet; i++) {
		if (bytes[i] == '\r' || bytes[i] == '\n') {
			if (f->len > 0)
				add_progress(&s, f->line, f->len, bytes[i]);
			f->len = 0;
		} else if (f->len < sizeof(f->line)) {
			f->line[f->len++] = bytes[i];
		}
	}
	if (f->quiet && now - f->told_ms >= KEEPALIVE_MS)
		pkt_add_band(&s, 1, "", 0);
	send_packets(f, &s);
}

/* ---- upload-pack */

static int request_fd(const struct protocol2_command *c, struct err *e)
{
	cleanup_str struct str s = {0};

	protocol2_command_print(c, &s);
	return s.failed ? err_set(e, ENOMEM, "fetch") : fd_memfd("request", s.s, s.len, e);
}

static int start(const struct fetch *f, int out, struct proc *ret, struct err *e)
{
	const struct session *s = f->a->session;
	cleanup_free char *dir = str_format("%s/%s.git", s->gate->git_dir, s->repo->name);
	const char *const args[] = {
		"upload-pack", "--strict", "--stateless-rpc", "--timeout=" AGENT_IDLE_S, dir, NULL};
	const struct git_job job = {
		.gate = s->gate, .repo = s->repo, .args = args, .protocol = "version=2"};
	cleanup_fd int in = request_fd(f->a->command, e);

	if (in < 0)
		return in;
	return dir ? git_start(&job, (int[]){in, out, -1}, ret, e) : err_set(e, ENOMEM, "fetch");
}

static int end_well(struct proc *p, struct err *e)
{
	int status, r = proc_wait(p, -1, &status, e);

	if (r == 0 && git_status(status) != 0)
		log_info("upload-pack ended with status %d", git_status(status));
	return r;
}

/* In an answer that has begun a refusal is a sideband's. */
static int refuse_within(struct fetch *f, struct err *e)
{
	cleanup_str struct str s = {0};

	log_warning("refused: %s", e->msg);
	pkt_add_band(&s, 3, e->msg, strlen(e->msg));
	send_packets(f, &s);
	return err_say(e, ECANCELED, "the agent was told");
}

/* upload-pack names its section first: that was done. What it says instead is a refusal. */
static int skip_name(struct pkt_reader *in, struct err *e)
{
	const char *line;
	size_t len;
	int kind = pkt_read(in, &line, &len, e);

	if (kind < 0)
		return kind;
	if (kind == PKT_DATA && str_eq(line, "packfile"))
		return 0;
	if (kind == PKT_DATA && str_starts(line, "ERR "))
		return err_say(e, EREMOTEIO, "%.300s", line + 4);
	return err_say(e, EPROTO, "git upload-pack ended without an answer");
}

/* All the rest, as it comes. */
static int pass(struct pkt_reader *in, int out, struct err *e)
{
	char buf[65536];
	ssize_t n;
	int r = fd_write_all(out, in->buf + in->pos, in->len - in->pos);

	while (r == 0) {
		n = read(in->fd, buf, sizeof(buf));
		if (n == 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return err_set(e, errno, "read from git upload-pack");
		r = n > 0 ? fd_write_all(out, buf, (size_t)n) : 0;
	}
	return err_set(e, -r, "answer the agent");
}

static int answer_within(struct fetch *f, struct err *e)
{
	cleanup_fd int from = -1;
	cleanup_proc struct proc p = PROC_NONE;
	cleanup_free struct pkt_reader *in = malloc(sizeof(*in));
	int fds[2], r;

	if (!in)
		return err_set(e, ENOMEM, "fetch");
	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_set(e, errno, "pipe");
	from = fds[0];
	r = start(f, fds[1], &p, e);
	close(fds[1]);
	pkt_reader_init(in, from, -1);
	if (r == 0)
		r = skip_name(in, e);
	if (r == 0)
		r = pass(in, f->a->out, e);
	return r == 0 ? end_well(&p, e) : r;
}

static int answer(struct fetch *f, struct err *e)
{
	cleanup_proc struct proc p = PROC_NONE;
	int r;

	if (f->begun)
		return answer_within(f, e);
	r = start(f, f->a->out, &p, e);
	return r == 0 ? end_well(&p, e) : r;
}

int protocol2_fetch(const struct protocol2_answer *a, struct err *e)
{
	struct fetch f = {.a = a, .since_ms = proc_now_ms()};
	const struct git_watch watch = {.show = show, .arg = &f};
	struct err gone;
	int r;

	read_options(&f);
	r = session_refresh(a->session, a->asked_ns, &watch, e);
	if (r == 0)
		r = protocol2_wants_check(a, e);
	if (r == 0 && channel_tell(CHANNEL_SERVING, &gone) < 0)
		log_debug("the gate does not listen: %s", gone.msg);
	if (r == 0)
		r = answer(&f, e);
	return r < 0 && f.begun ? refuse_within(&f, e) : r;
}
