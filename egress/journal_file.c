#include "egress/journal_file.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <openssl/rand.h>

#include "base/json.h"
#include "base/ptr.h"
#include "base/utc.h"

struct journal_file {
	int fd;
	uint64_t seq;		/* of the last line that was made */
	char link[CHAIN_SIZE];	/* … and its link, or the seed */
	char after[CHAIN_SIZE]; /* at which the segment before ended; "" */
	bool begun;		/* the segment's first line was made */
	uint64_t torn;		/* bytes of a line that nobody will end */
	char *queue;		/* lines that wait, as they will be written */
	size_t queued;
	uint64_t lost, refused; /* lines that did not fit; requests refused over it */
	int why;		/* errno of the last write that failed */
};

/* ---- where it goes on */

static int read_from(struct journal_file *f, const char *from, struct err *e)
{
	cleanup_json json_t *j = NULL;
	cleanup_free char *link = NULL;
	struct json_at at;
	int r = json_parse(from, strlen(from), "log", &j, e);

	if (r < 0)
		return r;
	at = json_root(j, "log");
	*e = (struct err){0};
	if (json_get_u64(&at, "seq", &f->seq, e) <= 0 ||
		json_get_u64(&at, "torn", &f->torn, e) <= 0 ||
		json_get_str(&at, "chain", &link, e) <= 0)
		return e->code ? -e->code
			       : json_err(&at, EINVAL, e, "seq, torn or chain is missing");
	if (strlen(link) != CHAIN_DIGITS && *link)
		return json_err(&at, EINVAL, e, "'chain' has %zu digits", strlen(link));
	memcpy(f->after, link, strlen(link) + 1);
	return 0;
}

static int make_seed(char ret[CHAIN_SIZE])
{
	unsigned char bytes[CHAIN_DIGITS / 2];

	if (RAND_bytes(bytes, sizeof(bytes)) != 1)
		return -EIO;
	for (size_t i = 0; i < sizeof(bytes); i++) {
		ret[2 * i] = "0123456789abcdef"[bytes[i] >> 4];
		ret[2 * i + 1] = "0123456789abcdef"[bytes[i] & 15];
	}
	ret[CHAIN_DIGITS] = '\0';
	return 0;
}

int journal_file_new(int fd, const char *from, struct journal_file **ret, struct err *e)
{
	struct journal_file *f = calloc(1, sizeof(*f));
	int r = 0;

	if (!f)
		return err_set(e, ENOMEM, "the log");
	f->fd = fd;
	if (from)
		r = read_from(f, from, e);
	if (r == 0 && make_seed(f->link) < 0)
		r = err_set(e, EIO, "a seed for the log");
	if (r == 0 && f->torn > 0) {
		/* The next line begins on one of its own. */
		f->queue = strdup("\n");
		f->queued = f->queue ? 1 : 0;
		r = f->queue ? 0 : err_set(e, ENOMEM, "the log");
	}
	if (r < 0) {
		journal_file_free(f);
		return r;
	}
	*ret = f;
	return 0;
}

void journal_file_free(struct journal_file *f)
{
	if (!f)
		return;
	free(f->queue);
	free(f);
}

/* ---- a line */

void journal_file_begin(
	struct journal_file *f, struct journal_line *l, const char *level, const char *event)
{
	struct timespec now;
	char when[UTC_SIZE];

	/* What was lost is told in front of what follows it. */
	(void)journal_file_flush(f);
	clock_gettime(CLOCK_REALTIME, &now);
	utc_format(now.tv_sec, when);
	str_addf(&l->text, CHAIN_HEAD "%" PRIu64 ",\"time\":\"%s.%06ldZ\"", f->seq + 1, when,
		now.tv_nsec / 1000);
	journal_line_word(l, "level", level);
	journal_line_word(l, "event", event);
	if (f->begun)
		return;
	journal_line_word(l, "seed", f->link);
	journal_line_word(l, "after", f->after);
	if (f->torn > 0)
		journal_line_number(l, "torn", (int64_t)f->torn);
}

/* ---- what could not be written */

static int keep(struct journal_file *f, const char *p, size_t len)
{
	char *grown;

	if (f->queued + len > JOURNAL_QUEUE_MAX)
		return -ENOSPC;
	grown = realloc(f->queue, f->queued + len);
	if (!grown)
		return -ENOMEM;
	memcpy(grown + f->queued, p, len);
	f->queue = grown;
	f->queued += len;
	return 0;
}

/* One write for all that waits. */
static void drain(struct journal_file *f)
{
	ssize_t n;

	if (f->queued == 0)
		return;
	n = write(f->fd, f->queue, f->queued);
	if (n < 0) {
		f->why = errno;
		return;
	}
	f->queued -= (size_t)n;
	memmove(f->queue, f->queue + n, f->queued);
	if (f->queued == 0) {
		free(f->queue);
		f->queue = NULL;
	}
}

/* Number and link of a line are its own only when it is sure to follow. */
static void chain_and_write(struct journal_file *f, struct journal_line *l)
{
	char link[CHAIN_SIZE];

	if (l->cut)
		str_add(&l->text, ",\"bottle.cut\":true");
	if (l->text.failed || chain_link(f->link, l->text.s, l->text.len, link) < 0) {
		f->lost++;
		return;
	}
	str_addf(&l->text, ",\"chain\":\"%s\"}\n", link);
	if (l->text.failed || keep(f, l->text.s, l->text.len) < 0) {
		f->lost++;
		return;
	}
	f->begun = true;
	f->seq++;
	memcpy(f->link, link, CHAIN_SIZE);
	drain(f);
}

/* What was lost stands in the log where it is missing. */
static void tell_losses(struct journal_file *f)
{
	cleanup_journal_line struct journal_line l = {0};
	uint64_t lost = f->lost, refused = f->refused;

	f->lost = f->refused = 0;
	journal_file_begin(f, &l, "error", "log");
	journal_line_word(&l, "message",
		"the log could not be written: requests were refused, and lines are missing that "
		"did not fit in memory");
	journal_line_word(&l, "error.type", strerrorname_np(f->why));
	journal_line_number(&l, "bottle.log.lines_lost", (int64_t)lost);
	journal_line_number(&l, "bottle.log.refused", (int64_t)refused);
	chain_and_write(f, &l);
	if (f->lost > 0) {
		f->lost += lost;
		f->refused += refused;
	}
}

bool journal_file_flush(struct journal_file *f)
{
	drain(f);
	if (f->queued == 0 && (f->lost > 0 || f->refused > 0))
		tell_losses(f);
	return f->queued == 0;
}

void journal_file_add(struct journal_file *f, struct journal_line *l)
{
	chain_and_write(f, l);
}

void journal_file_refused(struct journal_file *f)
{
	f->refused++;
}

uint64_t journal_file_lines(const struct journal_file *f)
{
	return f->seq;
}

size_t journal_file_waiting(const struct journal_file *f)
{
	return f->queued;
}
