#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/ptr.h"
#include "base/str.h"
#include "bundle/plan.h"
#include "control/command.h"
#include "control/home.h"
#include "control/options.h"
#include "control/scan_cache.h"
#include "control/scan_report.h"

#define PIECE (64U << 10)
#define FOUND 1 /* exit status: something that gate or egress would refuse */

static const char help[] =
	"usage: bottle scan [options] FILE…|DIRECTORY…|-\n"
	"\n"
	"Reads as gate and egress read, and says what they would find. The exit status is 0 when "
	"nothing\n"
	"would be refused, 1 when something would, 125 when something could not be read.\n"
	"\n"
	"  --json            the findings as a JSON array\n"
	"  --sarif           … as SARIF 2.1.0\n"
	"  --explain         with each finding, why it is one and what becomes of it\n"
	"  --secret NAME     look for this secret of the operator's as well; may be given more "
	"than "
	"once\n"
	"  --inbound         read as a response: look for prompt injection\n"
	"  --type TYPE       Content-Type of what is read (default: by its bytes)\n"
	"  --encoding CODING its Content-Encoding\n"
	"  --home DIR        directory with secrets/ and rules.toml\n"
	"                    (default: $BOTTLE_HOME, ~/.bot-bottle or " HOME_OF_ENGINE ")\n";

struct scan_options {
	char **secrets; /* owned list of names */
	char **files;	/* of argv */
	const char *home, *type, *encoding;
	enum scan_format format;
	bool explain, inbound;
};

/* One run of the command. */
struct scanning {
	const struct scan_options *o;
	struct scan_rules *rules;
	struct scan *scan;
	struct scan_report report;
	const char *file; /* that is being read */
	bool failed;	  /* one could not be */
};

static int set_option(void *arg, int which, const char *value, struct err *e)
{
	struct scan_options *o = arg;

	switch (which) {
	case 'j':
		o->format = SCAN_FORMAT_JSON;
		return 0;
	case 's':
		o->format = SCAN_FORMAT_SARIF;
		return 0;
	case 'x':
		o->explain = true;
		return 0;
	case 'i':
		o->inbound = true;
		return 0;
	case 'S':
		return strv_add(&o->secrets, value) < 0 ? err_set(e, ENOMEM, "--secret") : 0;
	case 't':
		o->type = value;
		return 0;
	default:
		o->encoding = value;
		return 0;
	}
}

static int parse_options(char **argv, struct scan_options *o, struct err *e)
{
	static const struct option table[] = {{"json", no_argument, NULL, 'j'},
		{"sarif", no_argument, NULL, 's'}, {"explain", no_argument, NULL, 'x'},
		{"inbound", no_argument, NULL, 'i'}, {"secret", required_argument, NULL, 'S'},
		{"type", required_argument, NULL, 't'}, {"encoding", required_argument, NULL, 'c'},
		OPTIONS_COMMON};
	const struct options options = {.command = "scan",
		.help = help,
		.letters = "h",
		.table = table,
		.set = set_option,
		.arg = o};
	int r = options_read(&options, argv, &o->home, &o->files, e);

	if (r > 0 && !*o->files)
		return err_say(e, EINVAL, "nothing to read given; `-` is standard input");
	return r;
}

/* ---- one text */

static int on_finding(void *arg, const struct scan_finding *f)
{
	struct scanning *s = arg;

	return scan_report_add(&s->report, s->file, f);
}

static int read_all(struct scanning *s, int fd, struct err *e)
{
	cleanup_free char *piece = malloc(PIECE);
	ssize_t n = 1;
	int r = piece ? 0 : err_set(e, ENOMEM, "read '%s'", s->file);

	while (r == 0 && n > 0) {
		n = read(fd, piece, PIECE);
		if (n < 0 && errno != EINTR)
			return err_set(e, errno, "read '%s'", s->file);
		if (n > 0)
			r = scan_feed(s->scan, piece, (size_t)n, e);
	}
	return r;
}

static int scan_one(struct scanning *s, int fd, struct err *e)
{
	const struct scan_text text = {.place = s->file,
		.path = str_eq(s->file, "-") ? NULL : s->file,
		.content_type = s->o->type,
		.content_encoding = s->o->encoding};
	int r = scan_message(s->scan, NULL, e);

	if (r == 0)
		r = scan_begin(s->scan, &text, e);
	if (r == 0)
		r = read_all(s, fd, e);
	return r == 0 ? scan_end(s->scan, e) : r;
}

/* A file that cannot be read is told, and the others are read all the same. */
static void tell(struct scanning *s, int r, const struct err *e)
{
	if (r >= 0)
		return;
	fprintf(stderr, "bottle scan: %s\n", e->msg);
	s->failed = true;
}

static void scan_file(struct scanning *s, const char *path, int flags)
{
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | flags);
	struct err e = {0};

	/* As it stands in a repository that is the current directory, for rules with a path. */
	while (path[0] == '.' && path[1] == '/')
		path += strspn(path + 1, "/") + 1;
	s->file = path;
	if (fd < 0)
		tell(s, err_set(&e, errno, "open '%s'", path), &e);
	else
		tell(s, scan_one(s, fd, &e), &e);
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

/*
 * A file, or regular files below a directory, in the order of their names; links are not followed,
 * but for one that the operator names himself.
 */
static void scan_named(struct scanning *s, char *path)
{
	char *const roots[] = {path, NULL};
	FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, by_name);
	struct err e = {0};
	FTSENT *f;

	if (!tree) {
		tell(s, err_set(&e, errno, "read '%s'", path), &e);
		return;
	}
	while ((f = fts_read(tree)))
		if (f->fts_info == FTS_F)
			scan_file(
				s, f->fts_accpath, f->fts_level == FTS_ROOTLEVEL ? 0 : O_NOFOLLOW);
		else if (f->fts_info == FTS_ERR || f->fts_info == FTS_DNR || f->fts_info == FTS_NS)
			tell(s, err_set(&e, f->fts_errno, "read '%s'", f->fts_path), &e);
		else if (f->fts_info == FTS_SLNONE)
			tell(s, err_set(&e, ENOENT, "read '%s'", f->fts_path), &e);
	fts_close(tree);
}

static void scan_input(struct scanning *s)
{
	struct err e = {0};

	s->file = "-";
	tell(s, scan_one(s, STDIN_FILENO, &e), &e);
}

/* ---- rules */

static int find_secrets(const struct scan_options *o, const char *home, struct secret *values,
	struct scan_secret *list, struct err *e)
{
	const struct plan_bottle b = {.home = (char *)home};
	int r = 0;

	for (size_t i = 0; r == 0 && i < strv_len(o->secrets); i++) {
		const struct plan_secret s = {.slot = (char *)"", .name = o->secrets[i]};

		r = plan_secret_find(&b, &s, true, &values[i], e);
		list[i] = (struct scan_secret){s.name, values[i].bytes, values[i].len};
	}
	return r;
}

static int load_rules(struct scanning *s, const char *home, struct err *e)
{
	size_t n = strv_len(s->o->secrets);
	cleanup_free struct secret *values = calloc(n + 1, sizeof(*values));
	cleanup_free struct scan_secret *list = calloc(n + 1, sizeof(*list));
	cleanup_fd int cache = scan_cache_of(home, e);
	struct scan_sources from = {.cache_fd = cache, .known = list, .n_known = n};
	int r = cache;

	if (!values || !list)
		r = err_set(e, ENOMEM, "secrets");
	if (r >= 0)
		r = find_secrets(s->o, home, values, list, e);
	if (r >= 0)
		r = scan_rules_new(&from, &s->rules, e);
	for (size_t i = 0; values && i < n; i++)
		secret_done(&values[i]);
	return r;
}

static int open_all(struct scanning *s, struct err *e)
{
	cleanup_free char *home = NULL;
	unsigned int sets =
		SCAN_OUTBOUND | SCAN_KNOWN | SCAN_ENTROPY | (s->o->inbound ? SCAN_INBOUND : 0);
	int r = home_find(s->o->home, &home, e);

	if (r == 0)
		r = load_rules(s, home, e);
	if (r >= 0)
		r = scan_open(s->rules, sets, on_finding, s, &s->scan, e);
	if (r >= 0 && scan_report_open(&s->report, stdout, s->rules) < 0)
		r = err_set(e, ENOMEM, "report");
	return r;
}

static int scan_all(struct scanning *s, struct err *e)
{
	int r = open_all(s, e);

	if (r < 0)
		return r;
	for (char **f = s->o->files; *f; f++)
		if (str_eq(*f, "-"))
			scan_input(s);
		else
			scan_named(s, *f);
	if (scan_report_close(&s->report) < 0)
		return err_say(e, EIO, "the report could not be written");
	if (s->failed)
		return COMMAND_FAILED;
	return s->report.found > 0 ? FOUND : 0;
}

static int run(char **argv, struct err *e)
{
	struct scan_options o = {0};
	struct scanning s = {.o = &o};
	int r = parse_options(argv, &o, e);

	s.report.format = o.format;
	s.report.explain = o.explain;
	if (r > 0)
		r = scan_all(&s, e);
	scan_close(s.scan);
	scan_rules_free(s.rules);
	strv_free(o.secrets);
	return r;
}

const struct command cmd_scan = {
	.name = "scan",
	.help = "say what gate and egress would find in a file",
	.run = run,
};
