#ifndef BASE_SHA256_H
#define BASE_SHA256_H

#include <stddef.h>

#define SHA256_SIZE 32

/* SHA-256 (FIPS 180-4) of bytes, for programs that link no OpenSSL. What is on the stack is wiped.
 */
void sha256(const void *data, size_t len, unsigned char out[SHA256_SIZE]);

#endif
