#ifndef BASE_PTR_H
#define BASE_PTR_H

#include <stdlib.h>

/* Ownership of heap memory: `cleanup_free char *p = NULL;` frees at the end of the scope. */

static inline void ptr_cleanup_free(void *p)
{
	free(*(void **)p);
}

#define cleanup_free __attribute__((cleanup(ptr_cleanup_free)))

/* Hands the pointer on: returns it and leaves NULL behind, with its own type. */
#define steal_ptr(pp)                                                                              \
	({                                                                                         \
		__typeof__(pp) steal_from_ = (pp);                                                 \
		__typeof__(*steal_from_) stolen_ = *steal_from_;                                   \
		*steal_from_ = NULL;                                                               \
		stolen_;                                                                           \
	})

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

#endif
