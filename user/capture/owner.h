/* owner.h: the facts about a process, for the key that a record carries. Read once per process: from
 * the kernel's own notes, and from /proc while it lives. */
#ifndef METSUKE_CAPTURE_OWNER_H
#define METSUKE_CAPTURE_OWNER_H

#include <stddef.h>
#include <stdint.h>

#include "record.h"

/* Text is valid UTF-8; NULL: not known. */
struct process {
	struct owner_key key;
	uint32_t pid;
	uint32_t ppid; /* 0: not known */
	uint64_t start_ns; /* since 1970 */
	char *name;
	char *executable;
	char *command_line;
	char *parent_name;
	char *user;
	char *container; /* id from the cgroup path */
	char entity_id[64];
};

struct owners;

/* processes_fd: the map `processes`, or -1. boot_offset_ns: CLOCK_REALTIME - CLOCK_BOOTTIME. cgroup_root:
 * mount point of cgroup v2, or NULL. host: prefix of entity ids. NULL: out of memory. */
struct owners *owners_new(int processes_fd, size_t capacity, int64_t boot_offset_ns, const char *cgroup_root,
			  const char *host);
void owners_free(struct owners *o);

/* Borrowed, valid until the next call. Never NULL for a key with a quality. */
const struct process *owners_get(struct owners *o, const struct owner_key *key);

uint64_t owners_evicted(const struct owners *o);

/* The container id in a cgroup path (docker, containerd, podman, CRI-O: 64 hex digits in its last
 * components), copied to id; false: none. */
#define CONTAINER_ID_LEN 64
int container_id(const char *cgroup_path, char id[CONTAINER_ID_LEN + 1]);

#endif
