#ifndef SCAN_NODE_H
#define SCAN_NODE_H

#include <stdbool.h>

#include "scan/container.h"
#include "scan/entropy.h"
#include "scan/inbound.h"
#include "scan/inline.h"
#include "scan/known.h"
#include "scan/matcher.h"
#include "scan/origin.h"
#include "scan/scan.h"
#include "scan/values.h"

/*
 * One text in the tree of codings, inside scan/ only. The root is what was fed; a child is what one
 * kind of coding in its parent says. A node's readers are made when first needed, and kept: nodes
 * that are not in use wait in the scan's pool.
 */

/* Codings within one another; what is still coded in the last one is unreadable. */
#define NODE_DEPTH_MAX 6
/* … if it says anything: of "3333…" that is decoded again and again nothing but that comes. */
#define NODE_DEEP_MIN 6 /* different bytes */
/* At one time. */
#define NODE_COUNT_MAX 48
/* All that is read for each byte that was fed or came out of a container, and to begin with. */
#define NODE_WORK_RATIO 16
#define NODE_WORK_FREE	(4U << 20)
/* What may come out of one container. */
#define NODE_OUT_MAX	 (1ULL << 30)
#define NODE_RATIO_MAX	 200
#define NODE_MEMBERS_MAX 65536
#define NODE_CODINGS_MAX 4

/* Where a node's reading of its own bytes stands. */
enum node_stage {
	NODE_HEAD,	/* too few bytes to say whether it is a container; they are kept */
	NODE_PLAIN,	/* it is none */
	NODE_CONTAINER, /* n->container reads it */
	NODE_BROKEN,	/* it was one and cannot be read on; told */
};

struct node {
	struct scan *scan;
	struct node *parent; /* NULL: the root */
	struct node *next;   /* in the pool */
	const char *coding;  /* by which its parent says it: "base64"; NULL: the root */
	unsigned int depth;
	uint64_t at;	  /* bytes so far */
	uint64_t last_to; /* in the parent, the end of what was last written here */
	bool ends_line;	  /* the last byte was one that separates spans */
	struct origin origin;

	enum node_stage stage;
	unsigned char head[CONTAINER_SNIFF];
	size_t head_len;
	struct container_reader *container;
	enum container container_kind;
	enum container codings[NODE_CODINGS_MAX]; /* declared, to be undone one in another, … */
	unsigned int n_codings;			  /* … the last one first */
	const char *type;			  /* declared; borrowed while it is undone */
	struct node *member;

	struct matcher_stream *matcher;
	struct inline_reader *inlines;
	struct inbound_reader *inbound;
	struct node *embedded; /* an archive that began amid the text; scan/node_embed.h */
	unsigned char tail[3]; /* the last bytes, while none did */
	size_t tail_len;
	uint64_t deep[4]; /* bytes that a child too deep would have read, as a set */
	struct node *texts[INLINE_CODINGS];    /* children: what runs and escapes say */
	struct node *binaries[INLINE_CODINGS]; /* … and containers that stand in runs */

	struct entropy entropy;
	struct known_state known;
	struct node_hit {
		bool open;
		unsigned int id;
		uint64_t start, end;
	} hit; /* of a known secret, to be told when it does not go on */

	enum values_kind kind;
	bool sniffs_kind; /* it was not declared */
	struct values_reader *values;
};

/* A new text, from the pool or new. 0 or -ENOMEM. */
int node_get(struct scan *s, struct node *parent, const char *coding, struct node **ret);
/* With all its children, into the pool; wiped. */
void node_put(struct node *n);
void node_free(struct node *n); /* of the pool */

/* Another text begins in this node; its children go to the pool. */
void node_restart(struct node *n);
/* Before the first byte. type, encoding: Content-Type and -Encoding, or NULL. 0 or -errno. */
int node_declare(struct node *n, const char *type, const char *encoding);
/* The same for a container's member: what was declared of the whole, or its own type. */
int node_declare_member(struct node *n, const char *type);
/* 0, or -errno: what found returned, -EIO for what could not be decided, -ENOMEM. */
int node_feed(struct node *n, const unsigned char *p, size_t len);
int node_flush(struct node *n);
int node_end(struct node *n);

#endif
