#include "gate/progress.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/proc.h"
#include "base/ptr.h"
#include "base/str.h"

#define FIRST_MS 1000
#define EVERY_MS 500

/* ---- how many there are */

/* Version 2: "\377tOc", version, 256 counts of which the last is of all objects. */
static size_t count_index(int dir, const char *name)
{
	static const unsigned char magic[8] = {0377, 't', 'O', 'c', 0, 0, 0, 2};
	cleanup_fd int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	unsigned char head[sizeof(magic)];
	uint32_t n;

	if (fd < 0 || pread(fd, head, sizeof(head), 0) != sizeof(head) ||
		memcmp(head, magic, sizeof(magic)) != 0 ||
		pread(fd, &n, sizeof(n), sizeof(magic) + 255 * sizeof(n)) != sizeof(n))
		return 0;
	return ntohl(n);
}

size_t progress_count(const char *dir)
{
	cleanup_free char *path = str_format("%s/pack", dir);
	DIR *d = path ? opendir(path) : NULL;
	const struct dirent *entry;
	size_t n = 0;

	if (!d)
		return 0;
	while ((entry = readdir(d)))
		if (str_ends(entry->d_name, ".idx"))
			n += count_index(dirfd(d), entry->d_name);
	closedir(d);
	return n;
}

/* ---- telling */

const char *progress_number(size_t n, char buf[PROGRESS_NUMBER_MAX])
{
	char digits[PROGRESS_NUMBER_MAX];
	int len = snprintf(digits, sizeof(digits), "%zu", n), out = 0;

	for (int i = 0; i < len; i++) {
		if (i > 0 && (len - i) % 3 == 0)
			buf[out++] = ',';
		buf[out++] = digits[i];
	}
	buf[out] = '\0';
	return buf;
}

void progress_begin(struct progress *p, const char *quarantine)
{
	struct stat st;

	*p = (struct progress){.began_ms = proc_now_ms()};
	p->next_ms = p->began_ms + FIRST_MS;
	/* receive-pack reads its hook through a pipe when it has a sideband. */
	p->wanted = fstat(STDERR_FILENO, &st) == 0 && S_ISFIFO(st.st_mode);
	p->total = p->wanted && quarantine ? progress_count(quarantine) : 0;
}

static void show(struct progress *p, const char *end)
{
	char done[PROGRESS_NUMBER_MAX], total[PROGRESS_NUMBER_MAX];

	progress_number(p->done, done);
	if (p->total >= p->done && p->total > 0)
		fprintf(stderr, "scanning %s of %s objects%s", done,
			progress_number(p->total, total), end);
	else
		fprintf(stderr, "scanning %s objects%s", done, end);
	fflush(stderr);
	p->shown = true;
}

void progress_step(struct progress *p)
{
	p->done++;
	progress_tick(p);
}

void progress_tick(struct progress *p)
{
	int64_t now;

	if (!p->wanted)
		return;
	now = proc_now_ms();
	if (now < p->next_ms)
		return;
	p->next_ms = now + EVERY_MS;
	show(p, "\r");
}

void progress_end(struct progress *p, bool done)
{
	if (p->shown)
		show(p, done ? ", done.\n" : "\n");
}
