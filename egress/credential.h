#ifndef EGRESS_CREDENTIAL_H
#define EGRESS_CREDENTIAL_H

#include "base/component.h"
#include "base/err.h"
#include "base/http1.h"
#include "base/secret.h"
#include "bundle/policy.h"
#include "egress/needles.h"
#include "egress/query.h"

/*
 * A route's credential, compiled: what is taken out of the agent's request, and what is put in its
 * place when the request has been read and its upstream verified. Every route has one; of the
 * schemes none and pass it gives nothing.
 */

/* How a value is written where it comes to stand. */
enum credential_form {
	CREDENTIAL_RAW,	    /* header fields, bodies of unknown kinds */
	CREDENTIAL_PERCENT, /* path, query, forms */
	CREDENTIAL_JSON,    /* strings in JSON */
	CREDENTIAL_XML,
	CREDENTIAL_FORMS
};

struct credential {
	const struct policy_auth *auth; /* borrowed */
	struct secret value;		/* as it is */
	struct secret field;		/* of the schemes with a header: all of the field's value */
	struct secret forms[CREDENTIAL_FORMS]; /* swap */
	struct secret access_key, session;     /* sigv4 */
	unsigned int generation;	       /* of the token; 0: there was none yet */
};

/*
 * From a route's auth; boot lends the values (copied). A line end behind a value is dropped (files
 * end with one); any other control character or blank is -EINVAL. basic takes "user:password", or a
 * bare token, for which the user name is x-access-token (git hosts take any).
 */
int credential_new(const struct policy_auth *auth, const struct component_boot *boot,
	struct credential **ret, struct err *e);
void credential_free(struct credential *c); /* wipes */

/* oauth, login: the access token from here on; the same generation is the same token. */
int credential_renew(
	struct credential *c, const struct secret *token, unsigned int generation, struct err *e);

/* Whether it adds anything to a request: then it goes over TLS only. */
bool credential_gives(const struct credential *c);

/* Whether what it adds is a secret that an upstream could say again: of a signature (sigv4) without
 * a session it is not. */
bool credential_travels(const struct credential *c);

/* The field or parameter that it stands in; NULL: in none of its own. */
const char *credential_field_name(const struct credential *c);
const char *credential_param_name(const struct credential *c);

/* All that an upstream could say of it. 0 or -ENOMEM. */
int credential_add_needles(const struct credential *c, struct needles *n);

/*
 * What of a request is the agent's own credential, and so dropped: Authorization and
 * Proxy-Authorization on every route but those of `pass`; whatever the scheme uses; with `require`,
 * each other place where hosts are known to take a credential. A field that holds the placeholder
 * of a swap stays.
 */
bool credential_drops_field(const struct credential *c, const struct http1_field *f);
bool credential_drops_param(const struct credential *c, const struct query_param *p);

/* Whether the value of an Authorization field is, behind the word for its scheme, this text; of
 * Basic also: user or password. */
bool credential_authorization_is(const char *value, const char *text);

#endif
