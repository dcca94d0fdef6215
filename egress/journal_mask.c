#include "egress/journal_mask.h"

#include <errno.h>
#include <string.h>

static int on_found(void *arg, const struct scan_finding *f)
{
	struct journal_mask *m = arg;

	if (f->confidence == SCAN_LOW)
		return 0;
	if (f->end == 0) {
		m->unplaced = true;
		return 0;
	}
	return redaction_add(&m->spans, f);
}

static int take(struct journal_mask *m)
{
	struct err e;
	int r = scanner_take_for_log(
		m->scanners, SCAN_OUTBOUND | SCAN_KNOWN, on_found, m, &m->scanner, &e);

	return r < 0 ? r : scan_message(scanner_scan(m->scanner), NULL, &e);
}

int journal_mask(void *mask, const char *name, char *value)
{
	struct journal_mask *m = mask;
	struct err e;
	int r = m->scanner ? 0 : take(m);

	m->unplaced = false;
	if (r == 0)
		r = scan_value(scanner_scan(m->scanner), "log", name, value, strlen(value), &e);
	if (r == 0 && m->spans.n > 0)
		r = redaction_apply(&m->spans, value, strlen(value));
	redaction_done(&m->spans);
	m->spans = (struct redaction){0};
	return m->unplaced ? -EACCES : r;
}

void journal_mask_done(struct journal_mask *m)
{
	redaction_done(&m->spans);
	scanner_done(m->scanner);
	m->scanner = NULL;
}
