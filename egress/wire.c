#include "egress/wire.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/x509_vfy.h>

#include "base/fd.h"
#include "base/secret.h"

/* One TLS record's payload: what a read asks for. */
#define READ_SIZE (17U << 10)
/* An empty queue that has grown beyond this is given back. */
#define OUT_KEPT_MAX (4 * WIRE_OUT_MAX)

static BIO_METHOD *method;

void wire_init(struct wire *w)
{
	*w = (struct wire){.fd = -1};
}

void wire_mark_secret(struct wire *w)
{
	w->secret_len = w->out.off + w->out.len;
}

static void wipe_out(struct wire *w)
{
	if (w->secret_len > 0)
		secret_wipe(w->out.p, w->secret_len < w->out.cap ? w->secret_len : w->out.cap);
	w->secret_len = 0;
}

void wire_done(struct wire *w)
{
	/* An end without close_notify would spoil the session; what is whole is HTTP's to say. */
	if (w->ssl && !w->dead && SSL_is_init_finished(w->ssl))
		SSL_set_shutdown(w->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	SSL_free(w->ssl);
	SSL_free(w->outer);
	fd_close(&w->fd);
	buf_done(&w->in);
	wipe_out(w);
	buf_done(&w->out);
	buf_done(&w->early);
	wire_init(w);
}

void wire_note(struct wire *w, uint32_t epoll_events)
{
	if (epoll_events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		w->hup = true;
	if (epoll_events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		w->readable = true;
	if (epoll_events & (EPOLLOUT | EPOLLHUP | EPOLLERR))
		w->writable = true;
}

/* ---- the socket itself: edges in, -EAGAIN out */

static ssize_t socket_recv(struct wire *w, void *p, size_t len)
{
	ssize_t n;

	if (!w->readable)
		return -EAGAIN;
	do {
		n = recv(w->fd, p, len, 0);
	} while (n < 0 && errno == EINTR);
	if (n < 0 && errno != EAGAIN)
		return -errno;
	/* A short read has emptied the socket: the next edge tells of more (epoll(7)). */
	if (n < 0 || ((size_t)n < len && n > 0 && !w->hup))
		w->readable = false;
	return n < 0 ? -EAGAIN : n;
}

static ssize_t socket_send(struct wire *w, const void *p, size_t len)
{
	ssize_t n;

	if (!w->writable)
		return -EAGAIN;
	do {
		n = send(w->fd, p, len, MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	if (n >= 0)
		return n;
	if (errno != EAGAIN)
		return -errno;
	w->writable = false;
	return -EAGAIN;
}

/* ---- the same as an OpenSSL BIO, with the early bytes in front */

static int bio_read(BIO *bio, char *p, int len)
{
	struct wire *w = BIO_get_data(bio);
	size_t early = w->early.len < (size_t)len ? w->early.len : (size_t)len;
	ssize_t n;

	BIO_clear_retry_flags(bio);
	if (early > 0) {
		memcpy(p, buf_data(&w->early), early);
		buf_consume(&w->early, early);
		buf_shrink(&w->early);
		return (int)early;
	}
	n = socket_recv(w, p, (size_t)len);
	if (n == -EAGAIN)
		BIO_set_retry_read(bio);
	if (n == 0)
		w->eof = true;
	return n < 0 ? -1 : (int)n;
}

static int bio_write(BIO *bio, const char *p, int len)
{
	ssize_t n;

	BIO_clear_retry_flags(bio);
	n = socket_send(BIO_get_data(bio), p, (size_t)len);
	if (n == -EAGAIN)
		BIO_set_retry_write(bio);
	return n < 0 ? -1 : (int)n;
}

static long bio_ctrl(BIO *bio, int cmd, long num, void *ptr)
{
	const struct wire *w = BIO_get_data(bio);

	(void)num;
	(void)ptr;
	if (cmd == BIO_CTRL_EOF)
		return w &&
		       (w->eof ||
			       (w->outer && (SSL_get_shutdown(w->outer) & SSL_RECEIVED_SHUTDOWN)));
	return cmd == BIO_CTRL_FLUSH;
}

static int bio_create(BIO *bio)
{
	BIO_set_init(bio, 1);
	return 1;
}

int wire_setup(struct err *e)
{
	method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "wire");
	if (!method || BIO_meth_set_read(method, bio_read) != 1 ||
		BIO_meth_set_write(method, bio_write) != 1 ||
		BIO_meth_set_ctrl(method, bio_ctrl) != 1 ||
		BIO_meth_set_create(method, bio_create) != 1)
		return err_set(e, ENOMEM, "a TLS stream");
	return 0;
}

/* The bytes of TLS inside TLS are the outer one's payload. */
static BIO *new_bio(struct wire *w)
{
	BIO *bio = BIO_new(w->ssl ? BIO_f_ssl() : method);

	if (!bio)
		return NULL;
	if (!w->ssl)
		BIO_set_data(bio, w);
	else if (BIO_set_ssl(bio, w->ssl, BIO_NOCLOSE) != 1) {
		BIO_free(bio);
		return NULL;
	}
	return bio;
}

int wire_start_tls(struct wire *w, SSL *ssl, struct err *e)
{
	BIO *bio = new_bio(w);

	if (!bio) {
		SSL_free(ssl);
		return err_set(e, ENOMEM, "a TLS stream");
	}
	SSL_set_bio(ssl, bio, bio);
	w->outer = w->ssl;
	w->ssl = ssl;
	w->early = w->in;
	w->in = (struct buf){0};
	w->tls_more = true;
	return 0;
}

static void say_tls_error(SSL *ssl, struct err *e)
{
	long verify = SSL_get_verify_result(ssl);
	unsigned long code = ERR_peek_error();
	const char *reason = code ? ERR_reason_error_string(code) : NULL;

	if (!SSL_is_server(ssl) && verify != X509_V_OK)
		err_say(e, EACCES, "the certificate does not verify: %s",
			X509_verify_cert_error_string(verify));
	else
		err_say(e, EPROTO, "TLS handshake failed: %s",
			reason ? reason : "the peer closed the connection");
	ERR_clear_error();
}

enum wire_tls wire_handshake(struct wire *w, struct err *e)
{
	int r, why;

	ERR_clear_error();
	r = SSL_do_handshake(w->ssl);
	if (r == 1)
		return WIRE_TLS_DONE;
	why = SSL_get_error(w->ssl, r);
	if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE)
		return WIRE_TLS_AGAIN;
	w->dead = true;
	say_tls_error(w->ssl, e);
	return WIRE_TLS_FAILED;
}

/* ---- reading and writing through whichever there is */

static ssize_t tls_recv(struct wire *w, void *p, size_t len)
{
	int n, why;

	ERR_clear_error();
	n = SSL_read(w->ssl, p, (int)len);
	w->tls_more = n > 0;
	if (n > 0)
		return n;
	why = SSL_get_error(w->ssl, n);
	if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE)
		return -EAGAIN;
	if (why == SSL_ERROR_ZERO_RETURN)
		return 0;
	/* For one, TLS 1.3 tells only now that a client certificate is missing. */
	w->tls_why = ERR_reason_error_string(ERR_peek_error());
	ERR_clear_error();
	return -ECONNRESET;
}

static ssize_t tls_send(struct wire *w, const void *p, size_t len)
{
	int n, why;

	ERR_clear_error();
	n = SSL_write(w->ssl, p, (int)len);
	if (n > 0)
		return n;
	why = SSL_get_error(w->ssl, n);
	return why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE ? -EAGAIN : -ECONNRESET;
}

bool wire_read(struct wire *w)
{
	unsigned char *room;
	ssize_t n;

	if (w->fd < 0 || !(w->readable || w->tls_more) || w->dead || w->eof ||
		w->in.len >= WIRE_IN_MAX)
		return false;
	room = buf_room(&w->in, READ_SIZE);
	if (!room) {
		w->dead = true;
		return true;
	}
	n = w->ssl ? tls_recv(w, room, READ_SIZE) : socket_recv(w, room, READ_SIZE);
	if (n == -EAGAIN) {
		buf_shrink(&w->in);
		return false;
	}
	if (n > 0)
		buf_filled(&w->in, (size_t)n);
	else if (n == 0 && !w->mute)
		w->eof = true;
	else /* an end behind a failure is a reset whose error was told before */
		w->dead = true;
	return true;
}

static void finish_shut(struct wire *w)
{
	if (w->ssl && SSL_is_init_finished(w->ssl))
		SSL_shutdown(w->ssl);
	shutdown(w->fd, SHUT_WR);
}

static void fail_sending(struct wire *w)
{
	if (!w->last_words) {
		w->dead = true;
		return;
	}
	w->mute = true;
	w->readable = true; /* if only to hear that this was all */
	buf_consume(&w->out, w->out.len);
}

bool wire_write(struct wire *w)
{
	bool moved = false;

	if (w->fd < 0 || w->out.len == 0)
		return false;
	if (w->mute) {
		buf_consume(&w->out, w->out.len);
		return true;
	}
	while (w->out.len > 0 && w->writable && !w->dead) {
		const unsigned char *p = buf_data(&w->out);
		ssize_t n = w->ssl ? tls_send(w, p, w->out.len) : socket_send(w, p, w->out.len);

		if (n == -EAGAIN)
			return moved;
		moved = true;
		if (n <= 0)
			fail_sending(w);
		else
			buf_consume(&w->out, (size_t)n);
	}
	if (w->out.len == 0)
		wipe_out(w);
	if (w->out.len == 0 && w->out.cap > OUT_KEPT_MAX)
		buf_shrink(&w->out);
	if (w->out.len == 0 && w->shut && !w->mute)
		finish_shut(w);
	return moved;
}

void wire_shut(struct wire *w)
{
	if (w->shut || w->fd < 0)
		return;
	w->shut = true;
	if (w->out.len == 0)
		finish_shut(w);
}

void wire_keep_alive(struct wire *w)
{
	static const struct {
		int level, name, value;
	} options[] = {
		{SOL_SOCKET, SO_KEEPALIVE, 1},
		{IPPROTO_TCP, TCP_KEEPIDLE, 60},
		{IPPROTO_TCP, TCP_KEEPINTVL, 15},
		{IPPROTO_TCP, TCP_KEEPCNT, 4},
	};

	/* Best effort: without it a peer that is gone is noticed later. */
	for (size_t i = 0; w->fd >= 0 && i < sizeof(options) / sizeof(*options); i++)
		(void)setsockopt(w->fd, options[i].level, options[i].name, &options[i].value,
			sizeof(options[i].value));
}

void wire_reset(struct wire *w)
{
	struct linger hard = {.l_onoff = 1, .l_linger = 0};

	/* Best effort: without it the peer sees an end instead of a reset. */
	if (w->fd >= 0)
		(void)setsockopt(w->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
}
