#include "gate/inspect.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/ptr.h"
#include "gate/refs.h"
#include "scan/scan.h"

/* Paths go out in texts of about this many bytes. */
#define PATHS_AT_ONCE (32U << 10)

int inspect_init(struct inspection *in, int door, struct err *e)
{
	*in = (struct inspection){.path = ""};
	return serve_client_open(door, &in->scanner, e);
}

void inspect_done(struct inspection *in)
{
	serve_client_close(in->scanner);
	str_done(&in->paths);
	*in = (struct inspection){0};
}

/* ---- texts: the scanner tells our words back with what it finds, "KIND OID" and the path */

int inspect_begin(struct inspection *in, struct err *e)
{
	char tag[SERVE_TAG_MAX];

	snprintf(tag, sizeof(tag), "%d %s", (int)in->kind, in->oid);
	return serve_client_begin(in->scanner, tag, in->path, e);
}

int inspect_feed(struct inspection *in, const void *data, size_t len, struct err *e)
{
	return serve_client_feed(in->scanner, data, len, e);
}

int inspect_end(struct inspection *in, struct err *e)
{
	return serve_client_end(in->scanner, e);
}

static int read_text(struct inspection *in, const char *text, size_t len, struct err *e)
{
	int r = inspect_begin(in, e);

	if (r == 0)
		r = inspect_feed(in, text, len, e);
	return r == 0 ? inspect_end(in, e) : r;
}

int inspect_text(struct inspection *in, const char *name, const char *text, struct err *e)
{
	int r;

	in->kind = INSPECT_REQUEST;
	in->oid[0] = '\0';
	in->path = name;
	r = read_text(in, text, strlen(text), e);
	in->objects[INSPECT_REQUEST]++;
	in->path = "";
	return r;
}

/* Many paths are one text: what stands in several of them is found, too. */
static int read_paths(struct inspection *in, struct err *e)
{
	int r;

	if (in->paths.failed)
		return err_set(e, ENOMEM, "read paths");
	in->kind = INSPECT_PATH;
	in->oid[0] = '\0';
	in->path = "";
	r = read_text(in, in->paths.s, in->paths.len, e);
	in->paths.len = 0;
	return r;
}

int inspect_path(struct inspection *in, struct err *e)
{
	if (!*in->path)
		return 0;
	str_add(&in->paths, in->path);
	str_add_char(&in->paths, '\n');
	return in->paths.failed || in->paths.len >= PATHS_AT_ONCE ? read_paths(in, e) : 0;
}

/* ---- findings */

static bool is_unreadable(const struct inspect_finding *f)
{
	return str_eq(f->said.rule, SCAN_RULE_UNREADABLE);
}

static void tell(struct inspection *in, const struct inspect_finding *f)
{
	bool warning = f->said.warning || (in->unreadable_ok && is_unreadable(f));
	struct inspect_told *told = warning ? &in->warnings : &in->found;

	if (told->n < INSPECT_TOLD_MAX)
		told->list[told->n++] = *f;
}

void inspect_add(struct inspection *in, const struct inspect_finding *f)
{
	if (f->said.warning || (in->unreadable_ok && is_unreadable(f)))
		in->n_warnings++;
	else
		in->n_found++;
	tell(in, f);
}

void inspect_unreadable(struct inspection *in, const char *why)
{
	struct inspect_finding f = {.kind = in->kind};

	memcpy(f.oid, in->oid, sizeof(f.oid));
	snprintf(f.said.rule, sizeof(f.said.rule), "%s", SCAN_RULE_UNREADABLE);
	snprintf(f.said.what, sizeof(f.said.what), "%s", why);
	snprintf(f.said.path, sizeof(f.said.path), "%s", in->path);
	inspect_add(in, &f);
}

static int read_tag(const char *tag, struct inspect_finding *ret)
{
	int kind = tag[0] - '0';
	const char *oid = tag + 2;

	if (kind < 0 || kind >= INSPECT_KINDS || tag[1] != ' ' ||
		(*oid && !refs_is_oid(oid, strlen(oid))))
		return -EPROTO;
	ret->kind = (enum inspect_kind)kind;
	memcpy(ret->oid, oid, strlen(oid) + 1);
	return 0;
}

/* What came with a tag that is none of ours is told without its place. */
static void note(void *arg, const struct serve_finding *said)
{
	struct inspect_finding f = {.said = *said};

	if (read_tag(said->tag, &f) < 0)
		f.kind = INSPECT_PATH;
	tell(arg, &f);
}

int inspect_finish(struct inspection *in, struct err *e)
{
	struct serve_done done;
	int r = in->paths.len > 0 ? read_paths(in, e) : 0;

	if (r == 0)
		r = serve_client_finish(in->scanner, note, in, &done, e);
	if (r < 0)
		return r;
	in->n_found += done.found;
	in->n_warnings += done.warnings;
	*(in->unreadable_ok ? &in->n_warnings : &in->n_found) += done.unreadable;
	return 0;
}
