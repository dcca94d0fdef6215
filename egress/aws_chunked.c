#include "egress/aws_chunked.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/ptr.h"
#include "base/secret.h"
#include "base/str.h"

#define CODING "aws-chunked"

/* ---- the head */

static bool is_streaming(const char *hash)
{
	return hash && str_starts(hash, "STREAMING-") && strstr(hash, "-PAYLOAD");
}

/* The token taken out of a list that points into the head's text. Whether anything is left. */
static bool take_out(struct http1_field *f, const char *token)
{
	char *list = (char *)f->value, *at = strcasestr(list, token), *end;

	if (!at)
		return true;
	end = at + strlen(token);
	while (at > list && strchr(" \t,", at[-1]))
		at--;
	if (at == list)
		f->value = end + strspn(end, " \t,");
	else
		memmove(at, end, strlen(end) + 1);
	return *f->value != '\0';
}

/* Whether a field is still true of the payload alone. */
static bool stays(struct http1_field *f)
{
	/* An algorithm without its sum, which stood behind the body, would be refused by S3. */
	static const char *const framing[] = {"X-Amz-Decoded-Content-Length", "X-Amz-Trailer",
		"X-Amz-Sdk-Checksum-Algorithm", "Trailer"};

	for (size_t i = 0; i < ARRAY_LEN(framing); i++)
		if (strcasecmp(framing[i], f->name) == 0)
			return false;
	if (strcasecmp(f->name, "X-Amz-Content-Sha256") == 0)
		f->value = "UNSIGNED-PAYLOAD";
	return strcasecmp(f->name, "Content-Encoding") != 0 || take_out(f, CODING);
}

static void change_head(struct http1_head *head)
{
	size_t n = 0;

	for (size_t i = 0; i < head->n_fields; i++)
		if (stays(&head->fields[i]))
			head->fields[n++] = head->fields[i];
	head->n_fields = n;
}

int aws_chunked_start(struct aws_chunked *a, struct http1_head *head, struct http1_length *length,
	const char **ret_why)
{
	const struct http1_length frames = {.framing = HTTP1_CHUNKED};
	const char *text;
	size_t n;
	long decoded;

	*a = (struct aws_chunked){0};
	if (!is_streaming(http1_field(head, "X-Amz-Content-Sha256", NULL)))
		return 0;
	text = http1_field(head, "X-Amz-Decoded-Content-Length", &n);
	*ret_why = "a body in signed chunks without an X-Amz-Decoded-Content-Length";
	if (n != 1 || !str_to_long(text, 0, INT64_MAX, &decoded) ||
		length->framing == HTTP1_NO_BODY)
		return -EINVAL;
	change_head(head);
	*length = (struct http1_length){
		.framing = HTTP1_LENGTH, .length = (uint64_t)decoded, .announced = true};
	a->active = true;
	a->left = (uint64_t)decoded;
	http1_body_start(&a->body, &frames, false);
	return 0;
}

/* ---- the body */

void aws_chunked_done(struct aws_chunked *a)
{
	if (a->out.p)
		secret_wipe(a->out.p, a->out.cap);
	buf_done(&a->out);
}

/* Room for all of a piece, so that no copy is left behind. */
static int make_room(struct aws_chunked *a, size_t len)
{
	if (a->out.cap < len)
		aws_chunked_done(a);
	a->out.off = a->out.len = 0;
	return buf_room(&a->out, len) ? 0 : -ENOMEM;
}

int aws_chunked_take(struct aws_chunked *a, const struct http1_piece *in, struct http1_piece *ret)
{
	*ret = *in;
	if (!a->active || in->len == 0)
		return 0;
	if (make_room(a, in->len) < 0)
		return -ENOMEM;
	for (size_t at = 0; at < in->len;) {
		struct http1_piece part;
		long n = http1_body_take(&a->body, in->data + at, in->len - at, &part);

		if (n <= 0 || part.len > a->left)
			return -EPROTO;
		/* Each chunk has an extension: they are bounded one by one. */
		if (part.len > 0)
			a->body.overhead = 0;
		a->left -= part.len;
		at += (size_t)n;
		if (buf_add(&a->out, part.data, part.len) < 0)
			return -ENOMEM;
	}
	*ret = (struct http1_piece){.data = buf_data(&a->out), .len = a->out.len};
	return 0;
}

int aws_chunked_end(const struct aws_chunked *a)
{
	return !a->active || (http1_body_is_done(&a->body) && a->left == 0) ? 0 : -EPROTO;
}
