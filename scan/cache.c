#include "scan/cache.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

static uint64_t add(uint64_t sum, const void *data, size_t len)
{
	const unsigned char *p = data;
	uint64_t word;

	for (; len >= sizeof(word); p += sizeof(word), len -= sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		sum = (sum ^ word) * UINT64_C(0x9e3779b97f4a7c15);
		sum ^= sum >> 29;
	}
	for (; len > 0; p++, len--)
		sum = (sum ^ *p) * UINT64_C(0x100000001b3);
	return sum;
}

uint64_t scan_cache_sum(const struct scan_cache_head *h, const void *rest, size_t len)
{
	struct scan_cache_head without = *h;

	without.sum = 0;
	return add(add(len, &without, sizeof(without)), rest, len);
}

static bool part_fits(uint64_t at, uint64_t len, uint64_t file_len)
{
	return at >= sizeof(struct scan_cache_head) && at <= file_len && len <= file_len - at;
}

static const char *what_is_wrong(const char *map, size_t len, const struct scan_cache_head *h)
{
	if (h->magic != SCAN_CACHE_MAGIC || h->version != SCAN_CACHE_VERSION)
		return "it is of another kind or version";
	if (h->len != len || !part_fits(h->compiled_at, h->compiled_len, len) ||
		!part_fits(h->rules_at, h->rules_len, len) || h->has_rules > 1 ||
		h->compiled_at % 64)
		return "its lengths do not fit";
	if (h->sum != scan_cache_sum(h, map + sizeof(*h), len - sizeof(*h)))
		return "its checksum is wrong";
	return NULL;
}

int scan_cache_map(int fd, struct scan_cache *ret, struct err *e)
{
	struct scan_cache_head h;
	const char *wrong;
	struct stat st;
	size_t len;
	char *map;

	if (fstat(fd, &st) < 0)
		return err_set(e, errno, "compiled rules");
	if (!S_ISREG(st.st_mode) || st.st_size < (off_t)sizeof(h) || st.st_size > SCAN_CACHE_MAX)
		return err_say(e, EINVAL, "compiled rules: not a file of them");
	len = (size_t)st.st_size;
	map = mmap(NULL, len, PROT_READ, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED)
		return err_set(e, errno, "compiled rules");
	memcpy(&h, map, sizeof(h));
	wrong = what_is_wrong(map, len, &h);
	if (wrong) {
		munmap(map, len);
		return err_say(e, EINVAL, "compiled rules: %s; they must be made again", wrong);
	}
	/* The checksum has brought in pages that may never be needed; only fewer are not an error.
	 */
	(void)madvise(map, len, MADV_DONTNEED);
	*ret = (struct scan_cache){.compiled = map + h.compiled_at,
		.compiled_len = h.compiled_len,
		.rules_text = h.has_rules ? map + h.rules_at : NULL,
		.rules_len = h.rules_len,
		.map = map,
		.map_len = len};
	return 0;
}

void scan_cache_unmap(struct scan_cache *c)
{
	if (c->map)
		munmap(c->map, c->map_len);
	*c = (struct scan_cache){0};
}
