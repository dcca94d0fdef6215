#include "egress/incoming.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"
#include "egress/conn.h"
#include "egress/exchange_parts.h"
#include "egress/found.h"
#include "egress/metrics.h"
#include "scan/container.h"

static int on_found(void *arg, const struct scan_finding *f)
{
	struct incoming *i = arg;

	if (found_warns_incoming(i->x, f))
		return 0;
	i->found = true;
	found_incoming(&i->why, i->x, f);
	return -EACCES;
}

/* What the scanner cannot do is told, and its text refused. */
static int failed(struct incoming *i, int r)
{
	if (r == 0 || i->found)
		return r;
	i->found = true;
	memcpy(i->why.host, i->x->host, HOST_MAX);
	found_unread(&i->why, r, "what comes in is read");
	return -EACCES;
}

static bool is_packed_type(const char *type)
{
	static const char *const types[] = {"application/gzip", "application/x-gzip",
		"application/x-tar", "application/x-compressed-tar", "application/zip",
		"application/zstd", "application/x-xz", "application/x-bzip2"};

	for (size_t k = 0; type && k < sizeof(types) / sizeof(*types); k++)
		if (strncasecmp(type, types[k], strlen(types[k])) == 0)
			return true;
	return false;
}

/* Servers call a packed file's own compression a coding at times, so its type tells then. */
static bool is_packed(const struct http1_head *head, const struct http1_piece *first)
{
	const char *what;

	if (http1_field(head, "Content-Encoding", NULL))
		return is_packed_type(http1_field(head, "Content-Type", NULL));
	return container_sniff(first->data,
		       first->len < CONTAINER_SNIFF ? first->len : CONTAINER_SNIFF,
		       &what) != CONTAINER_NONE;
}

static void stop(struct incoming *i)
{
	scanner_done(i->scanner);
	servers_done(i->server);
	i->server = NULL;
	i->scanner = NULL;
	i->unflushed = false;
}

bool incoming_start(struct incoming *i, struct exchange *x)
{
	const struct http1_length *length = &x->response_length;
	struct err e;

	if (!rule_route(x->rule)->dlp.inbound || length->framing == HTTP1_NO_BODY)
		return false;
	*i = (struct incoming){.x = x, .holds = true};
	i->to_the_end = length->framing == HTTP1_LENGTH && length->length <= HELD_BODY_MAX;
	if (scanner_take(x->conn->service->scanners, SCAN_INBOUND, on_found, i, &i->scanner, &e) <
		0)
		failed(i, -e.code);
	else
		scan_limit_ratio(
			scanner_scan(i->scanner), (unsigned int)exchange_limit(x, LIMIT_RATIO));
	return true;
}

/*
 * Who speaks to an MCP server over HTTP takes events (Model Context Protocol, "Transports"). For
 * all others a list of tools is text like any other.
 */
static struct server_entry *server_of(const struct exchange *x)
{
	char name[1024];

	if (!http1_lists(&x->request, "Accept", "text/event-stream"))
		return NULL;
	snprintf(name, sizeof(name), "%s:%u%.*s", x->host, x->port, (int)x->target.path_len,
		x->target.text);
	return servers_take(x->conn->service->servers, name);
}

static int begin(struct incoming *i, const struct http1_piece *first)
{
	const struct http1_head *head = &i->x->response;
	const struct scan_text text = {.place = "response body",
		.content_type = http1_field(head, "Content-Type", NULL),
		.content_encoding = http1_field(head, "Content-Encoding", NULL)};
	struct err e;
	int r;

	i->begun = true;
	if (is_packed(head, first)) {
		stop(i);
		i->to_the_end = false;
		return 0;
	}
	i->server = server_of(i->x);
	r = scan_message(scanner_scan(i->scanner), server_window(i->server), &e);
	return r < 0 ? r : scan_begin(scanner_scan(i->scanner), &text, &e);
}

static int read_piece(struct incoming *i, const struct http1_piece *piece)
{
	struct err e;
	int r = i->begun ? 0 : begin(i, piece);

	if (r < 0 || !i->scanner)
		return r;
	i->unflushed = true;
	return scan_feed(scanner_scan(i->scanner), piece->data, piece->len, &e);
}

/* Since `from_us` the scanner has read. */
static void count_time(const struct incoming *i, int64_t from_us)
{
	metrics_scanned(i->x->conn->service->metrics, loop_now_us() - from_us);
}

int incoming_take(struct incoming *i, const struct http1_piece *piece)
{
	int64_t from_us = i->scanner ? loop_now_us() : 0;
	int r = i->found ? -EACCES : 0;

	if (piece->len == 0)
		return r;
	if (r == 0 && i->scanner)
		r = failed(i, read_piece(i, piece));
	if (from_us)
		count_time(i, from_us);
	if (r == 0 && i->holds)
		r = failed(
			i, held_add(&i->held, &i->x->conn->service->held, piece->data, piece->len));
	return r;
}

int incoming_flush(struct incoming *i)
{
	struct err e;

	int64_t from_us;
	int r;

	if (!i->scanner || !i->unflushed)
		return i->found ? -EACCES : 0;
	i->unflushed = false;
	from_us = loop_now_us();
	r = failed(i, scan_flush(scanner_scan(i->scanner), &e));
	count_time(i, from_us);
	return r;
}

int incoming_end(struct incoming *i)
{
	struct err e;
	int64_t from_us = loop_now_us();
	int r = i->found ? -EACCES : 0;

	if (r == 0 && i->scanner && i->begun) {
		r = failed(i, scan_end(scanner_scan(i->scanner), &e));
		count_time(i, from_us);
	}
	stop(i);
	return r;
}

bool incoming_is_due(const struct incoming *i, bool drained)
{
	return i->holds && (i->held.buf.len >= HELD_BODY_MAX || (drained && !i->to_the_end));
}

void incoming_done(struct incoming *i)
{
	stop(i);
	held_done(&i->held);
}
