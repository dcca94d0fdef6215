#ifndef GATE_HTTP_PATH_H
#define GATE_HTTP_PATH_H

#include "base/err.h"
#include "gate/gate.h"
#include "gate/request.h"

/*
 * The target of an HTTP request (gitprotocol-http(5), "URL Format"): a repository of the bottle and
 * what is wanted of it. NAME stands with and without ".git".
 */
enum http_ask {
	HTTP_ASK_REFS,	  /* /NAME/info/refs?service=SERVICE */
	HTTP_ASK_SERVICE, /* /NAME/SERVICE */
	HTTP_ASK_LFS,	  /* /NAME/info/lfs… */
};

struct http_path {
	enum http_ask ask;
	const struct policy_repo *repo; /* borrowed from the gate */
	enum request_service service;	/* of REFS and SERVICE */
	const char *rest;		/* of LFS: behind info/lfs, as it was sent; in the target */
};

/*
 * -EINVAL for what is no path, -ENOENT (-ENODATA: nothing is named) with what there is for an
 * unknown repository, -EACCES for git's dumb protocol and everything else below a repository.
 */
int http_path_parse(const struct gate *g, const char *target, struct http_path *ret, struct err *e);

#endif
