#ifndef GATE_HTTP_ANSWER_H
#define GATE_HTTP_ANSWER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "gate/http_wire.h"

/* Answers: what the gate says itself, and the heads of what its helpers say. */

/* How a request is to be answered, whatever with. */
struct http_manner {
	bool head_only; /* HEAD: no body follows */
	bool chunks;	/* HTTP/1.1; else a body of unknown length ends with the connection */
	bool keep;	/* another request may follow */
};

/* A short answer whose body is known. Fields that are NULL are not there. */
struct http_answer {
	int status;
	const char *type;
	const char *allow; /* methods */
	const char *body;
	size_t len;
};

/* Puts all of it into w->out, with the head that m asks for. */
void http_answer(struct http_wire *w, const struct http_manner *m, const struct http_answer *a);

/* A sentence, as text that git shows ("remote: …"); a newline is put behind it. */
void http_answer_text(struct http_wire *w, const struct http_manner *m, int status,
	const char *allow, const char *text);

/* As git-lfs shows it: {"message": text}. */
void http_answer_lfs(
	struct http_wire *w, const struct http_manner *m, int status, const char *text);

/*
 * Puts the head of a CGI program's answer (RFC 3875, section 6), of `len` bytes with its empty
 * line, as an answer's head. *ret: what is known of the body. When its end can only be told by
 * closing, m->keep becomes false. -EPROTO: it is none.
 */
int http_answer_begin(struct http_wire *w, struct http_manner *m, const unsigned char *head,
	size_t len, struct http1_length *ret, struct err *e);

#endif
