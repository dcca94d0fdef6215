#ifndef SCAN_MCP_H
#define SCAN_MCP_H

#include <stddef.h>
#include <stdint.h>

/*
 * Tools that an MCP server describes (Model Context Protocol, "tools/list": result.tools[] with
 * name, description, inputSchema …), by JSON-RPC over HTTP or in events of SSE. What a server said
 * of a tool at first is remembered: a description that is another one later has changed behind the
 * back of who approved it.
 */

/* Of one server. Bounded: what does not fit is not compared. */
#define MCP_TOOLS_MAX 256
struct mcp_tools;
struct mcp_tools *mcp_tools_new(void); /* NULL when memory ran out */
void mcp_tools_free(struct mcp_tools *t);

struct mcp_reader;
struct mcp_reader *mcp_open(void); /* NULL when memory ran out */
void mcp_close(struct mcp_reader *r);
/* A new text of this server. tools: borrowed. */
void mcp_reset(struct mcp_reader *r, struct mcp_tools *tools);

/* A tool's description, at [start, end) of the text, is not what it was. Negative ends. */
typedef int mcp_fn(void *arg, uint64_t start, uint64_t end);

/* What is no JSON is passed over. 0 or what fn returned. */
int mcp_feed(struct mcp_reader *r, const unsigned char *p, size_t len, mcp_fn *fn, void *arg);

#endif
