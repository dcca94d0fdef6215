#include "base/chain.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/ptr.h"
#include "base/sha256.h"

#define TAIL	   ",\"chain\":\""
#define TAIL_LEN   (sizeof(TAIL) - 1)
#define SUFFIX_LEN (TAIL_LEN + CHAIN_DIGITS + 2) /* … and "\"}" */
#define HEAD_LEN   (sizeof(CHAIN_HEAD) - 1)
#define SEQ_DIGITS 19 /* below 2^63 */

static bool is_link(const char *p)
{
	for (size_t i = 0; i < CHAIN_DIGITS; i++)
		if (!((p[i] >= '0' && p[i] <= '9') || (p[i] >= 'a' && p[i] <= 'f')))
			return false;
	return true;
}

/* The number behind CHAIN_HEAD, as we write it. */
static bool read_seq(const char *p, size_t len, uint64_t *ret)
{
	size_t n = 0;

	*ret = 0;
	for (; n < len && n < SEQ_DIGITS && p[n] >= '0' && p[n] <= '9'; n++)
		*ret = *ret * 10 + (uint64_t)(p[n] - '0');
	return n > 0 && p[0] != '0' && n < len && (p[n] == ',' || p[n] == '}');
}

bool chain_split(const char *line, size_t len, struct chain_line *ret)
{
	const char *tail;

	if (len < HEAD_LEN + 1 + SUFFIX_LEN || len > CHAIN_LINE_MAX ||
		memcmp(line, CHAIN_HEAD, HEAD_LEN) != 0)
		return false;
	tail = line + len - SUFFIX_LEN;
	if (memcmp(tail, TAIL, TAIL_LEN) != 0 || !is_link(tail + TAIL_LEN) ||
		memcmp(line + len - 2, "\"}", 2) != 0)
		return false;
	ret->len = len - SUFFIX_LEN;
	memcpy(ret->link, tail + TAIL_LEN, CHAIN_DIGITS);
	ret->link[CHAIN_DIGITS] = '\0';
	return read_seq(line + HEAD_LEN, len - HEAD_LEN, &ret->seq);
}

int chain_link(const char before[CHAIN_SIZE], const char *text, size_t len, char ret[CHAIN_SIZE])
{
	unsigned char digest[SHA256_SIZE];
	cleanup_free char *all = malloc(CHAIN_DIGITS + len + 1);

	if (!all)
		return -ENOMEM;
	memcpy(all, before, CHAIN_DIGITS);
	memcpy(all + CHAIN_DIGITS, text, len);
	all[CHAIN_DIGITS + len] = '}';
	sha256(all, CHAIN_DIGITS + len + 1, digest);
	for (size_t i = 0; i < SHA256_SIZE; i++) {
		ret[2 * i] = "0123456789abcdef"[digest[i] >> 4];
		ret[2 * i + 1] = "0123456789abcdef"[digest[i] & 15];
	}
	ret[CHAIN_DIGITS] = '\0';
	return 0;
}

/* The last line of our form in p, which ends with a whole line. */
static void find_last(const char *p, size_t len, struct chain_end *ret)
{
	while (len > 0) {
		size_t end = len - 1; /* of the line: where its '\n' is */
		const char *before = memrchr(p, '\n', end);
		size_t start = before ? (size_t)(before - p) + 1 : 0;
		struct chain_line line;

		if (chain_split(p + start, end - start, &line)) {
			ret->seq = line.seq;
			memcpy(ret->link, line.link, CHAIN_SIZE);
			return;
		}
		len = start;
	}
}

int chain_end_read(int fd, const char *name, struct chain_end *ret, struct err *e)
{
	const size_t max = 2 * CHAIN_LINE_MAX;
	cleanup_free char *p = malloc(max);
	const char *end;
	struct stat st;
	off_t from;
	ssize_t n;

	*ret = (struct chain_end){0};
	if (!p)
		return err_set(e, ENOMEM, "read '%s'", name);
	if (fstat(fd, &st) < 0)
		return err_set(e, errno, "read '%s'", name);
	from = st.st_size > (off_t)max ? st.st_size - (off_t)max : 0;
	n = pread(fd, p, max, from);
	if (n < 0)
		return err_set(e, errno, "read '%s'", name);
	ret->bytes = (uint64_t)(from + n);
	end = memrchr(p, '\n', (size_t)n);
	ret->torn = ret->bytes - (end ? (uint64_t)(from + (end - p) + 1) : 0);
	if (end)
		find_last(p, (size_t)(end - p) + 1, ret);
	return 0;
}
