#include "gate/allow.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/json.h"
#include "base/log.h"
#include "base/ptr.h"
#include "base/secret.h"
#include "gate/channel.h"
#include "gate/sanitize.h"
#include "scan/scan.h"

/* A longer code line is nothing that somebody could judge. */
#define LINE_BYTES 65536
/* Shown of a code line before and behind what was found in it. */
#define AROUND 120
#define NOTES  400

static const char stars[] = "[…]";

/* ---- code lines */

/* The part of one piece that belongs to line n; *at counts lines. 1: the line has ended. */
static int take(struct str *line, const char *piece, size_t len, uint64_t n, uint64_t *at)
{
	for (size_t i = 0; i < len; i++) {
		if (piece[i] == '\n') {
			if ((*at)++ == n)
				return 1;
		} else if (*at == n) {
			str_add_char(line, piece[i]);
			if (line->len > LINE_BYTES)
				return -EFBIG;
		}
	}
	return line->failed ? -ENOMEM : 0;
}

/* Line n, from 1 on, of a file. 1; 0: it has no such line, or a longer one; -errno. */
static int read_line(
	const struct git_job *job, const char *oid, uint64_t n, struct str *ret, struct err *e)
{
	const char *const args[] = {"cat-file", "blob", oid, NULL};
	struct git_job cat = *job;
	cleanup_proc struct proc p = PROC_NONE;
	cleanup_fd int from = -1, to = -1;
	char piece[16384];
	uint64_t at = 1;
	ssize_t got = 1;
	int pair[2], r;

	cat.args = args;
	if (pipe2(pair, O_CLOEXEC) < 0)
		return err_set(e, errno, "pipe");
	from = pair[0];
	to = pair[1];
	r = git_start(&cat, (int[]){-1, to, -1}, &p, e);
	fd_close(&to);
	if (r < 0)
		return r;
	while (r == 0 && got > 0) {
		got = read(from, piece, sizeof(piece));
		r = got > 0 ? take(ret, piece, (size_t)got, n, &at) : 0;
	}
	secret_wipe(piece, sizeof(piece));
	return r >= 0 && at >= n && ret->len > 0;
}

/* The length of a letter that begins here, in case it is UTF-8: nothing is cut within one. */
static size_t back_to_letter(const char *line, size_t at)
{
	while (at > 0 && ((unsigned char)line[at] & 0xc0) == 0x80)
		at--;
	return at;
}

static void add_clean(struct str *out, const char *text, size_t len)
{
	cleanup_free char *clean = sanitize_text(text, len, len);

	str_add(out, clean ? clean : "");
}

/* Where the secret stands at most: [*from, *to). */
static bool find_secret(const char *line, size_t len, const char *excerpt, size_t *from, size_t *to)
{
	const char *dots = strstr(excerpt, "…"), *last = NULL, *first;
	size_t head = dots ? (size_t)(dots - excerpt) : 0;
	const char *tail = dots ? dots + strlen("…") : "";
	size_t tail_len = strlen(tail);

	if (head == 0 || tail_len == 0)
		return false;
	first = memmem(line, len, excerpt, head);
	if (!first)
		return false;
	for (const char *at = first; (at = memmem(at, (size_t)(line + len - at), tail, tail_len));
		at++)
		last = at;
	if (!last || last < first + head)
		return false;
	*from = (size_t)(first - line);
	*to = (size_t)(last - line) + tail_len;
	return true;
}

void allow_redact(const char *line, size_t len, const struct serve_finding *f, struct str *out)
{
	size_t from, to, begin, end;

	/* What was found in a coding of it does not stand there as such. */
	if (*f->via || !find_secret(line, len, f->excerpt, &from, &to)) {
		str_addf(out, "%s %s", stars, ALLOW_MARK);
		return;
	}
	begin = back_to_letter(line, from > AROUND ? from - AROUND : 0);
	end = to + AROUND < len ? back_to_letter(line, to + AROUND) : len;
	add_clean(out, line + begin, from - begin);
	str_add(out, stars);
	add_clean(out, line + to, end > to ? end - to : 0);
}

/* ---- the proposal */

static void add_field(struct str *out, const char *name, const char *text)
{
	str_addf(out, "%s: ", name);
	add_clean(out, text, strlen(text));
	str_add_char(out, '\n');
}

bool allow_is_alone(const struct inspection *in, const struct inspect_finding *f)
{
	const struct inspect_told *const all[] = {&in->found, &in->warnings};

	for (size_t k = 0; k < ARRAY_LEN(all); k++)
		for (size_t i = 0; i < all[k]->n; i++) {
			const struct inspect_finding *other = &all[k]->list[i];

			if (str_eq(other->oid, f->oid) && other->said.line == f->said.line &&
				!str_eq(other->said.excerpt, f->said.excerpt))
				return false;
		}
	return in->n_warnings == in->warnings.n;
}

/* A secret of this very bottle is no false alarm, and nobody can judge what nobody could read. */
static bool is_beyond_doubt(const struct inspect_finding *f)
{
	return str_eq(f->said.rule, SCAN_RULE_KNOWN) || str_eq(f->said.rule, SCAN_RULE_UNREADABLE);
}

/* 1: it stands on such a line, which is added; 0: not; -errno. */
static int collect_one(const struct inspection *in, const struct inspect_finding *f,
	const struct git_job *job, struct str *out, struct err *e)
{
	cleanup_str struct str line = {0};
	char number[24];
	int r;

	if (f->kind != INSPECT_BLOB || !*f->oid || f->said.line == 0 || !*f->said.path ||
		is_beyond_doubt(f))
		return 0;
	r = read_line(job, f->oid, f->said.line, &line, e);
	if (r <= 0 || !memmem(line.s, line.len, ALLOW_MARK, strlen(ALLOW_MARK)))
		return r < 0 ? r : 0;
	snprintf(number, sizeof(number), "%llu", (unsigned long long)f->said.line);
	add_field(out, "ref", f->ref ? f->ref : "");
	add_field(out, "file", f->said.path);
	add_field(out, "line", number);
	add_field(out, "rule", f->said.rule);
	add_field(out, "commit", f->commit);
	str_add(out, "code: ");
	if (allow_is_alone(in, f))
		allow_redact(line.s, line.len, &f->said, out);
	else
		str_addf(out, "%s %s", stars, ALLOW_MARK);
	str_add(out, "\n\n");
	secret_wipe(line.s, line.len);
	return 1;
}

int allow_collect(
	const struct inspection *in, const struct git_job *job, struct str *ret, struct err *e)
{
	int r = in->n_found > 0 && in->n_found == in->found.n;

	if (r == 1)
		str_addf(ret, "repository: %s\n\n", job->repo->name);
	for (size_t i = 0; r == 1 && i < in->found.n; i++)
		r = collect_one(in, &in->found.list[i], job, ret, e);
	return ret->failed ? err_set(e, ENOMEM, "a proposal") : r;
}

static char *write_proposal(const struct policy_repo *repo, const char *text)
{
	cleanup_json json_t *j = NULL;
	cleanup_free char *why = str_format(
		"A push to '%s' holds what looks like secrets, all on lines that are "
		"marked " ALLOW_MARK
		". Approve dummy values of tests and false alarms only: they will be published.",
		repo->name);

	j = why ? json_pack("{s:s, s:s, s:s}", "tool", "gitleaks-allow", "proposed_file", text,
			  "justification", why)
		: NULL;
	return j ? json_dumps(j, JSON_COMPACT) : NULL;
}

/* What the operator, or who speaks for him, has written. */
static int read_answer(const char *answer, struct err *e)
{
	cleanup_json json_t *j = NULL;
	cleanup_free char *status = NULL, *notes = NULL, *clean = NULL;
	struct json_at at;

	if (json_parse(answer, strlen(answer), "the answer", &j, e) < 0)
		return -e->code;
	at = json_root(j, "the answer");
	if (json_need_str(&at, "status", &status, e) < 0 ||
		json_get_str(&at, "notes", &notes, e) < 0)
		return -e->code;
	clean = sanitize_text(notes ? notes : "", notes ? strlen(notes) : 0, NOTES);
	if (!str_eq(status, "approved")) {
		cleanup_free char *said = sanitize_line(status, strlen(status));

		return err_say(e, EACCES, "%s: %s", said ? said : "", clean ? clean : "");
	}
	fprintf(stderr, "The operator has approved it%s%s\n", clean && *clean ? ": " : ".",
		clean ? clean : "");
	log_warning(ALLOW_MARK ": approved by the operator: %s", clean ? clean : "");
	return 0;
}

int allow_ask(const struct policy_gate *policy, const struct policy_repo *repo, const char *text,
	struct err *e)
{
	cleanup_free char *proposal = write_proposal(repo, text), *answer = NULL;
	int r;

	if (!proposal)
		return err_set(e, ENOMEM, "a proposal");
	fprintf(stderr,
		"All of it is on lines marked " ALLOW_MARK
		": waiting for the operator's answer (up to %d s)\n",
		policy->answer_timeout_s);
	r = channel_propose(proposal, policy->answer_timeout_s * 1000, &answer, e);
	if (r == 0)
		r = read_answer(answer, e);
	if (r == 0)
		return 0;
	fprintf(stderr, "The operator's answer: %s\n", e->msg);
	return err_say(e, EACCES, "a proposal was not approved");
}

/* ---- afterwards */

static bool has(const struct inspect_told *told, const struct inspect_finding *f)
{
	for (size_t i = 0; i < told->n; i++) {
		const struct inspect_finding *t = &told->list[i];

		if (t->kind == f->kind && str_eq(t->oid, f->oid) && t->said.line == f->said.line &&
			str_eq(t->said.rule, f->said.rule) && str_eq(t->said.path, f->said.path))
			return true;
	}
	return false;
}

bool allow_covers(const struct inspection *approved, const struct inspection *now)
{
	if (now->n_found != now->found.n)
		return false;
	for (size_t i = 0; i < now->found.n; i++)
		if (!has(&approved->found, &now->found.list[i]))
			return false;
	return true;
}
