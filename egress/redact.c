#include "egress/redact.h"

#include <errno.h>
#include <string.h>

#include "base/secret.h"

void redact_start(struct redact *r, const struct needles *n)
{
	*r = (struct redact){.needles = needles_ref(n)};
}

void redact_done(struct redact *r)
{
	if (r->held.p)
		secret_wipe(r->held.p, r->held.cap);
	buf_done(&r->held);
	needles_free(r->needles);
	r->needles = NULL;
}

int redact_take(struct redact *r, const struct http1_piece *in, struct http1_piece *ret)
{
	size_t held, keep;

	*ret = *in;
	if (!r->needles || in->len == 0)
		return 0;
	buf_consume(&r->held, r->given);
	r->given = 0;
	held = r->held.len;
	if (buf_add(&r->held, in->data, in->len) < 0)
		return -ENOMEM;
	keep = needles_star(r->needles, &r->state, r->held.p + r->held.off, held, r->held.len);
	r->given = r->held.len - keep;
	*ret = (struct http1_piece){.data = buf_data(&r->held), .len = r->given};
	return 0;
}

void redact_end(struct redact *r, struct http1_piece *ret)
{
	*ret = (struct http1_piece){0};
	if (!r->needles || r->held.len == r->given)
		return;
	buf_consume(&r->held, r->given);
	r->given = r->held.len;
	needles_star_end(r->needles, r->state, r->held.p + r->held.off, r->held.len);
	*ret = (struct http1_piece){.data = buf_data(&r->held), .len = r->held.len};
}

void redact_trailers(struct redact *r, struct http1_head *trailers)
{
	for (size_t i = 0; r->needles && i < trailers->n_fields; i++) {
		/* A string inside the head's own text. */
		unsigned char *value = (unsigned char *)trailers->fields[i].value;
		size_t len = strlen(trailers->fields[i].value);
		uint32_t state = r->state;

		needles_star(r->needles, &state, value, 0, len);
		needles_star_end(r->needles, state, value, len);
	}
}
