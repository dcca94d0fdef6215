#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/ptr.h"
#include "base/str.h"
#include "control/bottle_dir.h"
#include "control/command.h"
#include "control/home.h"
#include "control/options.h"
#include "control/log_print.h"
#include "control/log_since.h"
#include "control/log_verify.h"

static const char help[] =
	"usage: bottle logs [options] [SLUG]\n"
	"       bottle logs --verify [SLUG]\n"
	"       bottle logs --list\n"
	"\n"
	"Shows what the sidecar of a bottle, alive or ended, has written down; of the newest one\n"
	"where none is named. A slug may be cut short as long as it is the only one.\n"
	"\n"
	"  --bottle NAME     the newest of those that were made of this bottle\n"
	"  --component NAME  egress (default), gate, monitor, scanner, agent, supervise, or all\n"
	"  -f, --follow      go on, until it is interrupted\n"
	"  --json            egress: the lines as they stand; others: an object a line\n"
	"  --since TIME      from then on: 90s, 15m, 2h, 3d ago, or 2026-01-31T12:00:00Z\n"
	"  --id ID           the lines of this request; in all bottles where none is named\n"
	"  --verify          whether egress.log is whole: tells each line that was changed, taken\n"
	"                    out, put in or moved, and a missing end; the status is 1 if any\n"
	"  --list            what there is, newest first\n"
	"  --home DIR        the operator's directory\n"
	"                    (default: $BOTTLE_HOME, ~/.bot-bottle or " HOME_OF_ENGINE ")\n";

struct logs_options {
	const char *home, *slug, *bottle;
	struct log_print print;
	char since[20];
	bool verify, list;
};

static int set_component(struct logs_options *o, const char *value, struct err *e)
{
	cleanup_str struct str known = {0};

	if (str_eq(value, "all"))
		o->print.component = value;
	for (size_t i = 0; log_components[i]; i++) {
		str_addf(&known, "%s, ", log_components[i]);
		if (str_eq(value, log_components[i]))
			o->print.component = value;
	}
	if (o->print.component == value)
		return 0;
	return err_say(e, EINVAL, "no component '%s'; there are %sall", value, known.s);
}

static int set_option(void *arg, int which, const char *value, struct err *e)
{
	struct logs_options *o = arg;

	switch (which) {
	case 'b':
		o->bottle = value;
		return 0;
	case 'c':
		return set_component(o, value, e);
	case 'f':
		o->print.follow = true;
		return 0;
	case 'j':
		o->print.json = true;
		return 0;
	case 's':
		return log_since(value, o->since, e);
	case 'i':
		o->print.id = value;
		return 0;
	case 'v':
		o->verify = true;
		return 0;
	default:
		o->list = true;
		return 0;
	}
}

static bool wants_colour(void)
{
	const char *term = getenv("TERM"), *none = getenv("NO_COLOR");

	return isatty(STDOUT_FILENO) && !(none && *none) && !str_eq(term, "dumb");
}

static const struct option table[] = {{"bottle", required_argument, NULL, 'b'},
	{"component", required_argument, NULL, 'c'}, {"follow", no_argument, NULL, 'f'},
	{"json", no_argument, NULL, 'j'}, {"since", required_argument, NULL, 's'},
	{"id", required_argument, NULL, 'i'}, {"verify", no_argument, NULL, 'v'},
	{"list", no_argument, NULL, 'l'}, OPTIONS_COMMON};

static int parse_options(char **argv, struct logs_options *o, struct err *e)
{
	const struct options options = {.command = "logs",
		.help = help,
		.letters = "fh",
		.table = table,
		.set = set_option,
		.arg = o};
	char **rest;
	int r;

	o->print.component = log_components[0];
	o->print.since = o->since;
	o->print.colour = wants_colour();
	r = options_read(&options, argv, &o->home, &rest, e);
	if (r <= 0)
		return r;
	o->slug = rest[0];
	if (o->slug && o->bottle)
		return err_say(e, EINVAL, "either a slug or --bottle");
	r = options_at_most(&options, rest, 1, e);
	return r < 0 ? r : 1;
}

/* ---- what is asked for */

static int list(const struct bottle_dirs *all)
{
	for (size_t i = 0; i < all->n; i++) {
		const struct bottle_dir *d = &all->list[i];
		const char *const fields[] = {
			d->started_at, d->ended ? "ended" : "alive?", d->slug, d->bottles};

		for (size_t j = 0; j < ARRAY_LEN(fields); j++) {
			log_put_safe(stdout, fields[j], strlen(fields[j]));
			putchar(j + 1 < ARRAY_LEN(fields) ? '\t' : '\n');
		}
	}
	return 0;
}

static void tell_problem(void *arg, const char *text)
{
	(void)arg;
	puts(text);
}

static int verify(const struct bottle_dir *d, struct err *e)
{
	const struct log_end_known end = {
		.known = d->ended, .seq = d->end_seq, .link = d->end_link};
	cleanup_fd int fd = openat(d->logs_fd, "egress.log", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct log_verified v;
	int r;

	if (fd < 0)
		return err_set(e, errno, "open egress.log of '%s'", d->slug);
	r = log_verify(fd, &end, tell_problem, NULL, &v, e);
	if (r < 0)
		return r;
	if (v.problems > 0) {
		printf("egress.log of %s is not whole\n", d->slug);
		return 1;
	}
	printf("egress.log of %s is whole: %" PRIu64 " lines in %" PRIu64 " segment%s", d->slug,
		v.lines, v.segments, v.segments == 1 ? "" : "s");
	printf(v.lines ? ", from %s to %s\n" : "\n", v.first, v.last);
	if (!d->ended)
		puts("its end is not written down: the bottle is alive, or it ended suddenly");
	return 0;
}

static int print(const struct bottle_dir *d, const struct logs_options *o, struct err *e)
{
	int shown = log_print(d, &o->print, e);

	if (shown < 0)
		return shown;
	return o->print.id && shown == 0;
}

/* An id in whatever bottle; newest first. */
static int find_id(
	const char *home, struct bottle_dirs *all, const struct logs_options *o, struct err *e)
{
	cleanup_strv char **slugs = NULL;
	int r = 1;

	for (size_t i = 0; i < all->n; i++)
		if (strv_add(&slugs, all->list[i].slug) < 0)
			return err_set(e, ENOMEM, "the bottles");
	for (char **slug = slugs; r == 1 && slug && *slug; slug++) {
		struct bottle_dir d = {.logs_fd = -1};

		r = bottle_dir_choose(home, all, *slug, NULL, &d, e);
		if (r == 0)
			r = print(&d, o, e);
		bottle_dir_done(&d);
	}
	if (r == 1)
		fprintf(stderr, "bottle logs: no line has the id '%s'\n", o->print.id);
	return r;
}

static int run_in(
	const char *home, struct bottle_dirs *all, const struct logs_options *o, struct err *e)
{
	struct bottle_dir d = {.logs_fd = -1};
	int r;

	if (o->list)
		return list(all);
	if (o->print.id && !o->slug && !o->bottle)
		return find_id(home, all, o, e);
	r = bottle_dir_choose(home, all, o->slug, o->bottle, &d, e);
	if (r == 0 && !o->slug && all->n > 1)
		fprintf(stderr, "bottle logs: the newest of %zu bottles: %s (`--list`)\n", all->n,
			d.slug);
	if (r == 0)
		r = o->verify ? verify(&d, e) : print(&d, o, e);
	bottle_dir_done(&d);
	return r;
}

static int run(char **argv, struct err *e)
{
	struct logs_options o = {0};
	struct bottle_dirs all = {0};
	cleanup_free char *home = NULL;
	int r = parse_options(argv, &o, e);

	if (r <= 0)
		return r;
	r = home_find(o.home, &home, e);
	if (r == 0)
		r = bottle_dirs_find(home, &all, e);
	if (r == 0)
		r = run_in(home, &all, &o, e);
	bottle_dirs_done(&all);
	return r;
}

const struct command cmd_logs = {
	.name = "logs",
	.help = "show, follow or verify what a bottle's sidecar has logged",
	.run = run,
};
