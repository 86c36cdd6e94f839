/* live.h: the programs in the kernel: loaded, attached, their maps and their ring. */
#ifndef METSUKE_CAPTURE_LIVE_H
#define METSUKE_CAPTURE_LIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "capture/attach.h"
#include "capture/rings.h"
#include "config.h"
#include "counters.h"
#include "intel/intel.h"
#include "pinned.h"
#include "record.h"

struct live;

/* Loads the programs and pins their maps in c->pin_dir; nothing is attached yet. Owner hooks that the
 * kernel refuses leave *ret without attribution, and say so. Returns 0 or -errno, logged with what to do. */
int live_open(const struct config *c, rings_record_fn *fn, void *ctx, struct live **ret);

/* Detaches, unpins, closes. */
void live_close(struct live *l);

/* Socket hooks on the root cgroup, and the sockets that are open already. */
int live_attach_owner(struct live *l);

/* Attaches to every wanted interface that is there, lets go of those that went. Missing ones are
 * logged once. Returns the number attached. */
size_t live_attach(struct live *l, const struct config_list *names);

/* Settings anew, at reload. */
int live_configure(struct live *l, const struct config *c);

/* The lists for the packet programs: slow, by any thread, one at a time. Failing, what is listed is found later, in the daemon
 * (logged). Then, by the loop's thread: whether there are any. */
void live_put_intel(struct live *l, const struct intel *intel);
void live_use_intel(struct live *l, const struct intel *intel);

/* What is dropped, and until when: the lease, which has to be moved on, and the deadline of a trial (0: none), both
 * CLOCK_BOOTTIME. */
void live_enforce(struct live *l, enum enforce_mode mode, uint64_t lease_ns, uint64_t deadline_ns);

/* An address that a listed name led to: connections to it are of interest until then (CLOCK_BOOTTIME). */
void live_put_contact(struct live *l, const uint8_t ip[16], uint64_t until_ns);

/* Borrowed. */
struct rings *live_rings(const struct live *l);

/* Sums over the CPUs. */
int live_counters(const struct live *l, struct counters *sum);

int live_processes_fd(const struct live *l);
bool live_has_owner(const struct live *l);
const char *live_cgroup_root(const struct live *l);

struct live_interface {
	const char *name;
	const struct attachment *attachment; /* ifindex 0: not there now */
};

size_t live_interfaces(const struct live *l, struct live_interface *to, size_t max);

/* Modes over all interfaces: one name, or "mixed". */
const char *live_xdp_mode(const struct live *l);
const char *live_tc_mode(const struct live *l);

/* For `hosts`. */
void live_put_host(void *live, const struct host_key *key, const struct host_counts *counts);
void live_drop_host(void *live, const struct host_key *key);

/* The map `flagged`; see flagged.h. */
int live_flagged_fd(const struct live *l);

/* Loads both objects and throws them away again: what `metsuke check` reports. Returns 0 or -errno. */
int live_try_load(const char **ret_which);

/* Why the socket hooks do not load here, as far as it can be told. */
const char *live_owner_refusal(void);

/* Mount point of cgroup v2 from the mount table; false: none. */
bool cgroup2_mount(char *path, size_t size);

#endif
