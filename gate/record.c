#include "gate/record.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/ptr.h"

#define LAST "end\n"

void record_done(struct record *rec)
{
	refs_done(&rec->refs);
	*rec = (struct record){0};
}

/* By position: the descriptor's offset is everybody's. */
static int read_text(int fd, char **ret, struct err *e)
{
	cleanup_free char *text = NULL;
	struct stat st;
	size_t got = 0;

	if (fstat(fd, &st) < 0)
		return err_set(e, errno, "a mirror's record");
	text = malloc((size_t)st.st_size + 1);
	if (!text)
		return err_set(e, ENOMEM, "a mirror's record");
	while (got < (size_t)st.st_size) {
		ssize_t n = pread(fd, text + got, (size_t)st.st_size - got, (off_t)got);

		if (n < 0 && errno != EINTR)
			return err_set(e, errno, "read a mirror's record");
		if (n == 0)
			break;
		got += n > 0 ? (size_t)n : 0;
	}
	text[got] = '\0';
	*ret = steal_ptr(&text);
	return 0;
}

int record_read(int lock_fd, struct record *ret, struct err *e)
{
	cleanup_free char *text = NULL;
	int synced, sha256, len = 0, r = read_text(lock_fd, &text, e);
	struct err unusable;

	*ret = (struct record){0};
	if (r < 0)
		return r;
	if (!str_ends(text, LAST) || sscanf(text, "%" SCNd64 " %d %d\n%n", &ret->asked_ns, &synced,
					     &sha256, &len) != 3) {
		ret->asked_ns = 0;
		return 0;
	}
	text[strlen(text) - strlen(LAST)] = '\0';
	if (refs_parse(text + len, &ret->refs, &unusable) < 0) {
		ret->asked_ns = 0;
		return 0;
	}
	ret->synced = synced;
	ret->refs.sha256 = sha256;
	return 0;
}

int record_write(int lock_fd, const struct record *rec, struct err *e)
{
	cleanup_str struct str text = {0};
	size_t done = 0;

	str_addf(&text, "%" PRId64 " %d %d\n", rec->asked_ns, rec->synced, rec->refs.sha256);
	refs_print(&rec->refs, &text);
	str_add(&text, LAST);
	if (text.failed)
		return err_set(e, ENOMEM, "a mirror's record");
	/* Empty until the last byte is there: the end's word is what makes it whole. */
	if (ftruncate(lock_fd, 0) < 0)
		return err_set(e, errno, "write a mirror's record");
	while (done < text.len) {
		ssize_t n = pwrite(lock_fd, text.s + done, text.len - done, (off_t)done);

		if (n < 0 && errno != EINTR)
			return err_set(e, errno, "write a mirror's record");
		done += n > 0 ? (size_t)n : 0;
	}
	return 0;
}
