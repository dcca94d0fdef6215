#include "gate/ask.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/proc.h"
#include "base/ptr.h"
#include "gate/git.h"
#include "gate/pktline.h"

/* An upstream's answer may have so many bytes: some millions of refs. */
#define ANSWER_MAX (256U << 20)

/* The process that leads to the upstream: this program as git's ssh, which sees to the idle limit.
 */
struct line {
	struct proc ssh;
	int to, from, errors;
};

static void line_done(struct line *l)
{
	fd_close(&l->to);
	fd_close(&l->from);
	fd_close(&l->errors);
	proc_kill(&l->ssh);
}

/* What is said over it. */
struct talk {
	int to;
	struct pkt_reader in;
	size_t got; /* bytes of the upstream's answer */
	const char *line;
	size_t len;
};

static int die_with_caller(void *arg, struct err *e)
{
	(void)arg;
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return err_set(e, errno, "prctl PR_SET_PDEATHSIG");
	return 0;
}

/* The path was checked (bundle/ssh_url.h): no quotes are in it. */
static int spawn(const struct upstream *u, const int fds[3], struct proc *ret, struct err *e)
{
	struct git_job job = {.gate = u->gate, .repo = u->repo, .upstream = u};
	cleanup_strv char **env = git_env(&job);
	cleanup_free char *command = str_format("git-upload-pack '%s'", u->repo->path);
	char *const argv[] = {(char *)"ssh", u->repo->host, command, NULL};
	const struct proc_fd table[] = {{fds[0], 0}, {fds[1], 1}, {fds[2], 2},
		{GATE_FD_SELF, GATE_FD_SELF}, {GATE_FD_CONFIG, GATE_FD_CONFIG}};
	struct proc_spec spec = {
		.argv = argv, .fds = table, .n_fds = ARRAY_LEN(table), .in_child = die_with_caller};

	if (!env || !command || env_set(&env, "GIT_PROTOCOL", "version=2") < 0)
		return err_set(e, ENOMEM, "ask the upstream");
	spec.path = env_get(env, "GIT_SSH");
	spec.envp = env;
	return proc_spawn(&spec, ret, e);
}

static int begin(const struct upstream *u, struct line *l, struct err *e)
{
	int in[2], out[2], r;

	/* What ssh complains of is small; a pipe would have to be read beside the other. */
	l->errors = memfd_create("errors", MFD_CLOEXEC);
	if (l->errors < 0)
		return err_set(e, errno, "memfd_create");
	if (pipe2(in, O_CLOEXEC) < 0)
		return err_set(e, errno, "pipe");
	l->to = in[1];
	if (pipe2(out, O_CLOEXEC) < 0) {
		close(in[0]);
		return err_set(e, errno, "pipe");
	}
	l->from = out[0];
	r = spawn(u, (int[]){in[0], out[1], l->errors}, &l->ssh, e);
	close(in[0]);
	close(out[1]);
	return r;
}

/* The next packet; what ends early, or is an error of the upstream's, is one. */
static int next(struct talk *t, struct err *e)
{
	int kind = pkt_read(&t->in, &t->line, &t->len, e);

	if (kind == PKT_END)
		return err_say(e, ENOLINK, "the upstream ended early");
	if (kind != PKT_DATA)
		return kind;
	t->got += t->len + 4;
	if (t->got > ANSWER_MAX)
		return err_say(e, EFBIG, "the upstream has too many refs");
	if (str_starts(t->line, "ERR "))
		return err_say(e, EREMOTEIO, "%.300s", t->line + 4);
	return kind;
}

/* ---- protocol 2 */

/* "OID NAME[ symref-target:T][ peeled:OID]", or "unborn NAME …". */
static int read_ref(struct refs *refs, char *line)
{
	char *rest = line;
	struct ref_text t = {.oid = strsep(&rest, " "), .name = strsep(&rest, " ")};

	for (char *word; (word = strsep(&rest, " "));) {
		if (str_starts(word, "symref-target:"))
			t.target = word + strlen("symref-target:");
		else if (str_starts(word, "peeled:"))
			t.peeled = word + strlen("peeled:");
	}
	if (str_eq(t.oid, "unborn"))
		t.oid = NULL;
	return t.name ? refs_add(refs, &t) : -EPROTO;
}

static int request_refs(struct talk *t, bool unborn, const struct refs *refs, struct err *e)
{
	cleanup_str struct str out = {0};
	int r;

	pkt_addf(&out, "command=ls-refs\n");
	if (refs->sha256)
		pkt_addf(&out, "object-format=sha256");
	pkt_add_delim(&out);
	pkt_addf(&out, "peel\n");
	pkt_addf(&out, "symrefs\n");
	if (unborn)
		pkt_addf(&out, "unborn\n");
	pkt_add_flush(&out);
	pkt_add_flush(&out); /* no further command */
	if (out.failed)
		return err_set(e, ENOMEM, "ask the upstream");
	r = fd_write_all(t->to, out.s, out.len);
	return r < 0 ? err_set(e, -r, "ask the upstream") : 0;
}

static int bad_refs(int r, struct err *e)
{
	return err_set(e, -r, "the upstream's refs are not as git tells them");
}

static int ask_v2(struct talk *t, struct refs *refs, struct err *e)
{
	bool unborn = false;
	int kind, r;

	while ((kind = next(t, e)) == PKT_DATA) {
		unborn |= str_starts(t->line, "ls-refs=") && strstr(t->line, "unborn");
		refs->sha256 |= str_eq(t->line, "object-format=sha256");
	}
	if (kind != PKT_FLUSH)
		return kind < 0 ? kind : bad_refs(-EPROTO, e);
	r = request_refs(t, unborn, refs, e);
	while (r == 0 && (kind = next(t, e)) == PKT_DATA) {
		cleanup_free char *line = strdup(t->line);

		r = line ? read_ref(refs, line) : -ENOMEM;
		if (r < 0)
			return bad_refs(r, e);
	}
	return r < 0 ? r : kind == PKT_FLUSH ? 0 : kind < 0 ? kind : bad_refs(-EPROTO, e);
}

/* ---- protocols 0 and 1: the refs come by themselves, capabilities behind the first */

/* " symref=HEAD:refs/heads/main symref=… object-format=sha256 …" */
static int read_capabilities(char *words, struct refs *refs, char ***symrefs)
{
	for (char *word; (word = strsep(&words, " "));) {
		char *colon = strchr(word, ':');

		refs->sha256 |= str_eq(word, "object-format=sha256");
		if (!str_starts(word, "symref=") || !colon)
			continue;
		*colon = '\0';
		if (env_set(symrefs, word + strlen("symref="), colon + 1) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int read_old_ref(struct refs *refs, char *line, char **symrefs)
{
	char *name = strchr(line, ' ');
	struct ref *last = refs->n > 0 ? &refs->list[refs->n - 1] : NULL;
	struct ref_text t;

	if (!name)
		return -EPROTO;
	*name++ = '\0';
	if (str_ends(name, "^{}")) {
		name[strlen(name) - 3] = '\0';
		/* An empty repository says "capabilities^{}". */
		if (!last || !str_eq(last->name, name))
			return 0;
		if (!refs_is_oid(line, strlen(line)))
			return -EPROTO;
		memcpy(last->peeled, line, strlen(line) + 1);
		return 0;
	}
	t = (struct ref_text){.oid = line, .name = name, .target = env_get(symrefs, name)};
	return refs_add(refs, &t);
}

/* The first packet has been read. */
static int ask_old(struct talk *t, struct refs *refs, struct err *e)
{
	cleanup_strv char **symrefs = NULL;
	bool first = true;
	int kind = PKT_DATA;

	for (; kind == PKT_DATA; kind = next(t, e)) {
		cleanup_free char *line = malloc(t->len + 1);
		int r = line ? 0 : -ENOMEM;

		if (r == 0) {
			memcpy(line, t->line, t->len + 1);
			if (first && strlen(line) < t->len)
				r = read_capabilities(line + strlen(line) + 1, refs, &symrefs);
		}
		/* "shallow OID" stands behind the refs. */
		if (r == 0 && !str_starts(line, "version ") && !str_starts(line, "shallow ")) {
			r = read_old_ref(refs, line, symrefs);
			first = false;
		}
		if (r < 0)
			return bad_refs(r, e);
	}
	if (kind != PKT_FLUSH)
		return kind < 0 ? kind : bad_refs(-EPROTO, e);
	/* Nothing is wanted. */
	(void)fd_write_all(t->to, "0000", 4);
	return 0;
}

/* ---- either */

static int converse(struct talk *t, struct refs *refs, struct err *e)
{
	int kind = next(t, e);

	if (kind == PKT_FLUSH) /* an old upstream without a ref */
		return 0;
	if (kind != PKT_DATA)
		return kind < 0 ? kind : bad_refs(-EPROTO, e);
	return str_eq(t->line, "version 2") ? ask_v2(t, refs, e) : ask_old(t, refs, e);
}

int ask_converse(int from, int to, struct refs *ret, struct err *e)
{
	cleanup_free struct talk *t = calloc(1, sizeof(*t));
	int r;

	*ret = (struct refs){0};
	if (!t)
		return err_set(e, ENOMEM, "ask the upstream");
	t->to = to;
	pkt_reader_init(&t->in, from, -1);
	r = converse(t, ret, e);
	if (r < 0)
		refs_done(ret);
	else
		refs_sort(ret);
	return r;
}

/* An early end is what ssh says it is. */
static int complain(const struct line *l, const struct upstream *u, struct err *e)
{
	cleanup_git_result struct git_result res = {0};
	cleanup_free char *why = NULL;
	char buf[4096];
	ssize_t n = pread(l->errors, buf, sizeof(buf), 0);

	if (n > 0)
		str_add_bytes(&res.err, buf, (size_t)n);
	if (n <= 0 || res.err.failed)
		return -e->code;
	why = git_cause(u, &res);
	return err_say(e, e->code, "%s", why ? why : "the upstream ended early");
}

int ask_refs(const struct upstream *u, struct refs *ret, struct err *e)
{
	struct line l = {.ssh = PROC_NONE, .to = -1, .from = -1, .errors = -1};
	int r = begin(u, &l, e);

	if (r == 0) {
		r = ask_converse(l.from, l.to, ret, e);
		if (r < 0 && e->code == ENOLINK)
			r = complain(&l, u, e);
	}
	line_done(&l);
	return r;
}
