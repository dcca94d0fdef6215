#ifndef SHIM_SECCOMP_FAMILIES_H
#define SHIM_SECCOMP_FAMILIES_H

#include "base/err.h"

/*
 * Refuses the calling thread the sockets that reach past its network namespace, whatever the
 * container's own profile lets pass: AF_VSOCK (the hypervisor and its guests, vsock(7)) and AF_ALG
 * fail with EAFNOSUPPORT; io_uring, which makes sockets unseen, and i386's socketcall, whose
 * arguments no filter sees, with ENOSYS. A filter beside the profile's: the stricter answer counts.
 * Needs no_new_privs or CAP_SYS_ADMIN (seccomp(2)).
 */
int seccomp_refuse_families(struct err *e);

#endif
