#ifndef NETNS_NFT_H
#define NETNS_NFT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/str.h"

struct nl_sock;
struct nl_msg;

/*
 * nftables as plain nfnetlink messages: a batch that replaces one table as a whole, or changes
 * nothing. Source: linux/netfilter/nf_tables.h, and what `nft --debug=netlink` shows for the same
 * rules.
 *
 *	nft_begin → nft_table_make → nft_chain… → (nft_rule → matches → a verdict →
 *nft_rule_end)… → nft_commit → nft_done
 *
 * Out of memory is remembered and told by nft_commit.
 */
struct nft {
	uint8_t family; /* NFPROTO_INET, NFPROTO_IPV4 */
	const char *table;
	struct str batch;
	size_t last_at; /* where in the batch its last request begins */
	uint32_t seq;
	struct nl_msg *msg;   /* the rule under construction */
	struct nlattr *exprs; /* its list */
	bool failed;
};

void nft_begin(struct nft *n, uint8_t family, const char *table);
void nft_done(struct nft *n);
#define cleanup_nft __attribute__((cleanup(nft_done)))

/*
 * The table, empty. FRESH: none had this name (or nft_commit says -EEXIST). REPLACE: what had it is
 * gone, which makes the kernel wait some 10 ms when the socket is closed.
 */
enum nft_table_mode { NFT_TABLE_FRESH, NFT_TABLE_REPLACE };

void nft_table_make(struct nft *n, enum nft_table_mode mode);

/* The table goes, if it was there. */
void nft_table_remove(struct nft *n);

struct nft_chain {
	const char *name;
	const char *type; /* "filter", "nat" */
	uint32_t hook;	  /* NF_INET_… */
	int32_t priority; /* NF_IP_PRI_… */
	uint32_t verdict; /* policy: NF_ACCEPT, NF_DROP */
};

void nft_chain(struct nft *n, const struct nft_chain *c);

void nft_rule(struct nft *n, const char *chain);
void nft_rule_end(struct nft *n);

/* Matches. Values in network byte order where they are fields of a packet. */
void nft_iif(struct nft *n, const char *device, bool equal);
void nft_oif(struct nft *n, const char *device, bool equal);
void nft_ipv4(struct nft *n);		      /* the packet is IPv4 */
void nft_proto(struct nft *n, uint8_t proto); /* transport protocol */
void nft_uid(struct nft *n, uid_t uid);	      /* of the socket's maker */
void nft_saddr(struct nft *n, uint32_t addr, int prefix, bool equal);
void nft_daddr(struct nft *n, uint32_t addr, int prefix, bool equal);
void nft_sport(struct nft *n, uint16_t port); /* host byte order */
void nft_dport(struct nft *n, uint16_t port); /* host byte order */
void nft_tcp_opens(struct nft *n);	      /* SYN without ACK */
void nft_icmp_type(struct nft *n, uint8_t type);
void nft_ct_answers(struct nft *n, bool equal); /* of a known connection, or related to one */

/* What is done. */
void nft_verdict(struct nft *n, uint32_t verdict);
void nft_tproxy(struct nft *n, uint16_t port); /* IPv4, keeps the address; no socket: no match */
void nft_reject_tcp(struct nft *n);	       /* with a reset */
void nft_reject_icmp(struct nft *n, uint8_t code); /* NFT_REJECT_ICMPX_… */
void nft_counter(struct nft *n);
void nft_masquerade(struct nft *n);

/* Sends it all; nothing is changed on failure. sock: NETLINK_NETFILTER. */
int nft_commit(struct nft *n, struct nl_sock *sock, struct err *e);

/* How many chains a table has; -ENOENT when there is no such table. */
int nft_count_chains(struct nl_sock *sock, uint8_t family, const char *table, struct err *e);

#endif
