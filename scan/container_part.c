#include "scan/container_part.h"

#include <string.h>
#include <strings.h>

#include "base/ptr.h"

void part_reset(struct part *p)
{
	p->name_len = 0;
	p->type[0] = '\0';
	p->encoding = PART_AS_IS;
	p->bits = 0;
	p->n_bits = 0;
	p->n_held = 0;
}

/* ---- header */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* One value, quoted or not, from *at on; what it holds goes to ret. */
static size_t read_value(const char *field, size_t len, size_t *at, char *ret, size_t max)
{
	bool quoted = *at < len && field[*at] == '"';
	size_t n = 0;

	for (*at += quoted; *at < len; ++*at) {
		char c = field[*at];

		if (quoted ? c == '"' : c == ';' || is_blank(c))
			break;
		/* Browsers write %22 for a quote and a backslash as itself (WHATWG); others escape.
		 */
		if (quoted && c == '\\' && *at + 1 < len &&
			(field[*at + 1] == '"' || field[*at + 1] == '\\'))
			c = field[++*at];
		if (n < max)
			ret[n++] = c;
	}
	*at += quoted && *at < len;
	return n;
}

long part_parameter(const char *field, size_t len, const char *name, char *ret, size_t max)
{
	const char *semicolon = memchr(field, ';', len);
	size_t at = semicolon ? (size_t)(semicolon - field) : len, wanted = strlen(name);

	while (at < len) {
		size_t key, n;

		while (at < len && (field[at] == ';' || is_blank(field[at])))
			at++;
		key = at;
		while (at < len && field[at] != '=' && field[at] != ';')
			at++;
		n = at - key;
		while (n > 0 && is_blank(field[key + n - 1]))
			n--;
		if (at == len || field[at] == ';')
			continue;
		for (at++; at < len && is_blank(field[at]);)
			at++;
		if (n == wanted && strncasecmp(field + key, name, n) == 0)
			return (long)read_value(field, len, &at, ret, max);
		(void)read_value(field, len, &at, ret, 0);
	}
	return -1;
}

static bool is_field(const char *line, size_t len, const char *name)
{
	size_t n = strlen(name);

	return len > n && strncasecmp(line, name, n) == 0 && line[n] == ':';
}

static enum part_encoding read_encoding(const char *value, size_t len)
{
	static const struct {
		const char *name;
		enum part_encoding encoding;
	} encodings[] = {{"base64", PART_BASE64}, {"quoted-printable", PART_QUOTED}};

	for (size_t i = 0; i < ARRAY_LEN(encodings); i++) {
		size_t n = strlen(encodings[i].name);

		if (len >= n && strncasecmp(value, encodings[i].name, n) == 0)
			return encodings[i].encoding;
	}
	return PART_AS_IS;
}

static void read_disposition(struct part *p, const char *value, size_t len)
{
	long n = part_parameter(value, len, "name", p->name, sizeof(p->name));

	if (n < 0)
		n = part_parameter(value, len, "filename", p->name, sizeof(p->name));
	p->name_len = n > 0 ? (size_t)n : 0;
}

void part_header(struct part *p, const char *line, size_t len)
{
	const char *value = memchr(line, ':', len);
	size_t n;

	if (!value)
		return;
	n = len - (size_t)(++value - line);
	for (; n > 0 && is_blank(*value); value++)
		n--;
	if (is_field(line, len, "Content-Disposition")) {
		read_disposition(p, value, n);
	} else if (is_field(line, len, "Content-Transfer-Encoding")) {
		p->encoding = read_encoding(value, n);
	} else if (is_field(line, len, "Content-Type")) {
		n = n < sizeof(p->type) ? n : sizeof(p->type) - 1;
		memcpy(p->type, value, n);
		p->type[n] = '\0';
	}
}

/* ---- body */

/* Where decoded bytes go: the buffer, which is emptied when it is full. */
struct sink {
	struct container_reader *r;
	struct container_buffer *buf;
	size_t fill;
};

static int put(struct sink *s, unsigned char c)
{
	size_t n = s->fill + 1;

	s->buf->p[s->fill++] = c;
	if (n < CONTAINER_BUFFER)
		return 0;
	s->fill = 0;
	return container_buffer_give(s->buf, s->r, n);
}

static int value64(unsigned char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' || c == '-' ? 62 : c == '/' || c == '_' ? 63 : -1;
}

/* What is no digit is passed over (RFC 2045, 6.8); padding ends a group, and another may follow. */
static int put64(struct part *p, struct sink *s, unsigned char c)
{
	int v = value64(c);

	if (v < 0) {
		p->n_bits = c == '=' ? 0 : p->n_bits;
		return 0;
	}
	p->bits = p->bits << 6 | (uint32_t)v;
	p->n_bits += 6;
	if (p->n_bits < 8)
		return 0;
	p->n_bits -= 8;
	return put(s, (unsigned char)(p->bits >> p->n_bits));
}

static int value16(unsigned char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* What was held is nothing special. */
static int release(struct part *p, struct sink *s)
{
	int rc = 0;

	for (size_t i = 0; i < p->n_held && rc == 0; i++)
		rc = put(s, p->held[i]);
	p->n_held = 0;
	return rc;
}

/* Behind an equals sign: two digits, or the end of a line that is none (RFC 2045, 6.7). */
static int put_quoted(struct part *p, struct sink *s, unsigned char c)
{
	unsigned char last = p->n_held > 0 ? p->held[p->n_held - 1] : 0;
	int rc;

	if (p->n_held == 0 && c != '=')
		return put(s, c);
	if (p->n_held > 0 && c == '\n' && value16(last) < 0) {
		p->n_held = 0;
		return 0;
	}
	if (p->n_held == 2 && value16(last) >= 0 && value16(c) >= 0) {
		p->n_held = 0;
		return put(s, (unsigned char)(value16(last) << 4 | value16(c)));
	}
	if (p->n_held == 0 || (p->n_held == 1 && value16(c) >= 0) ||
		(p->n_held < sizeof(p->held) && value16(last) < 0 &&
			(is_blank((char)c) || (c == '\r' && last != '\r')))) {
		p->held[p->n_held++] = c;
		return 0;
	}
	rc = release(p, s);
	return rc < 0 ? rc : put_quoted(p, s, c);
}

int part_write(struct part *p, struct container_reader *r, struct container_buffer *buf,
	const unsigned char *text, size_t len)
{
	struct sink s = {.r = r, .buf = buf};
	int rc = 0;

	if (p->encoding == PART_AS_IS)
		return container_write(r, text, len);
	for (size_t i = 0; i < len && rc == 0; i++)
		rc = p->encoding == PART_BASE64 ? put64(p, &s, text[i])
						: put_quoted(p, &s, text[i]);
	return rc < 0 ? rc : container_buffer_give(buf, r, s.fill);
}

int part_end(struct part *p, struct container_reader *r, struct container_buffer *buf)
{
	struct sink s = {.r = r, .buf = buf};
	int rc = release(p, &s);

	return rc < 0 ? rc : container_buffer_give(buf, r, s.fill);
}
