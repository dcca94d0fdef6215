#ifndef SHIM_MONITOR_STORE_H
#define SHIM_MONITOR_STORE_H

#include "base/msg.h"
#include "shim/monitor.h"

/*
 * The store of objects (shim/store.h) in the monitor's hands. Each repository of the bottle gets a
 * view of what is kept of its upstream, for the gate to read. What the gate offers, once it has
 * fetched, a writer takes in (bottle-store): a component of its own uid, without network, that sees
 * the one store. At most one is at work in a bottle, and one in a store.
 *
 * A bottle needs none of it: whatever is in the way is logged, and the gate fetches all.
 */
#define MONITOR_STORE_PACK  "pack" /* COMPONENT_LISTENER of the writer: what the gate gave */
#define MONITOR_STORE_REFS  "refs"
#define MONITOR_STORE_NOW   "store/now" /* in the writer's root: the store, the bottle's view … */
#define MONITOR_STORE_VIEW  "store/view"
#define MONITOR_STORE_PLACE "store/new" /* … and where it writes */

/* The views, beside logs/ and mirrors/ of the bottle. */
#define MONITOR_STORE_VIEWS "store"
#define MONITOR_STORE_GATE  "git-gate/store" /* where the gate sees them: GATE_STORE_DIR */

/* A hostile pack must not keep a writer at work for ever. */
#define MONITOR_STORE_CPU_S  1800
#define MONITOR_STORE_MAX_MS (3600 * 1000)
#define MONITOR_STORE_MEMORY (3ULL << 29)

/* All stores of an operator together, bytes: those that were not used for longest go first. */
#define MONITOR_STORE_BYTES_MAX (40LL << 30)

/* Makes the views; says in m->plan.gate which repositories have one. m->uids is there. */
void monitor_store_open(struct monitor *m);
void monitor_store_done(struct monitor *m); /* kills a writer; removes the views */

/* The directory that becomes GATE_STORE_DIR; NULL: there is none. Borrowed. */
const char *monitor_store_views(const struct monitor *m);

/* The gate has fetched (COMPONENT_STORE). -EPROTO: no gate of ours says that. */
int monitor_store_offer(struct monitor *m, struct msg *msg, struct err *e);

/* The writer, whose socket and end are to be watched; NULL: there is none. */
struct component *monitor_store_writer(const struct monitor *m);
void monitor_store_hear(struct monitor *m);
void monitor_store_ended(struct monitor *m);

/* What is due by the clock; when that is (INT64_MAX: never). */
void monitor_store_tick(struct monitor *m, int64_t now);
int64_t monitor_store_due(const struct monitor *m);

/* Nothing is begun any more; a writer at work gets the components' grace, or none. */
void monitor_store_stop(struct monitor *m, bool hurry);

#endif
