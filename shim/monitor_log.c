#include "shim/monitor_log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/json.h"
#include "base/log.h"
#include "base/msg.h"
#include "base/path.h"
#include "base/ptr.h"
#include "base/str.h"

#define METADATA     "metadata.json"
#define METADATA_MAX (1U << 20)

static int read_end(const struct monitor *m, struct chain_end *ret, struct err *e)
{
	const char *name = "logs/egress.log";
	cleanup_fd int fd = openat(m->home_dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return err_set(e, errno, "open '%s'", name);
	return chain_end_read(fd, name, ret, e);
}

int monitor_log_tell(struct monitor *m, const struct monitor_part *p, struct err *e)
{
	struct chain_end end;
	char text[CHAIN_SIZE + 96];
	int r;

	if (!p->kind->chained_log)
		return 0;
	r = read_end(m, &end, e);
	if (r < 0)
		return r;
	snprintf(text, sizeof(text), "{\"seq\":%" PRIu64 ",\"chain\":\"%s\",\"torn\":%" PRIu64 "}",
		end.seq, end.link, end.torn);
	return msg_send(p->c.control, COMPONENT_LOG, text, strlen(text), NULL, 0, e);
}

static int write_down(const struct monitor *m, const struct chain_end *end, struct err *e)
{
	cleanup_free char *text = NULL;
	cleanup_json json_t *j = NULL;
	int r = fd_read_file(m->home_dirfd, METADATA, METADATA_MAX, &text, NULL, e);

	if (r == 0)
		r = json_parse(text, strlen(text), METADATA, &j, e);
	if (r < 0)
		return r;
	free(steal_ptr(&text));
	if (json_object_set_new(j, "egress_log",
		    json_pack("{s:I, s:s, s:I}", "lines", (json_int_t)end->seq, "chain", end->link,
			    "bytes", (json_int_t)end->bytes)) == 0)
		text = json_dumps(j, JSON_INDENT(2));
	return text ? path_replace_file(m->home_dirfd, METADATA, text, strlen(text), 0600, e)
		    : err_set(e, ENOMEM, METADATA);
}

void monitor_log_close(const struct monitor *m)
{
	struct chain_end end;
	struct err e;

	if (!m->record.work_dir) /* the directory is another bottle's */
		return;
	if (read_end(m, &end, &e) < 0 || write_down(m, &end, &e) < 0)
		log_error("where egress.log ends could not be written down: %s", e.msg);
}
