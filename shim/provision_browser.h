#ifndef SHIM_PROVISION_BROWSER_H
#define SHIM_PROVISION_BROWSER_H

#include "base/err.h"

/*
 * Makes dir/name, to cover a browser's directory of settings (`path`, in the image at rootfd): what
 * the image has there, copied as far as it is regular files and small, and a managed policy of ours
 * beside it ("policies/managed/bottle.json"): the bottle's CA is trusted (CACertificates), names
 * are asked of the system, nothing goes by QUIC. Source: Chrome Enterprise policy list.
 */
int provision_browser(
	int rootfd, const char *path, int dir, const char *name, const char *ca_pem, struct err *e);

#endif
