/* pinned.h: keys and values of the maps that people read with bpftool (the ledger's value is in
 * counters.h, the settings' in settings.h). Addresses are bytes, ports host order, times nanoseconds
 * since 1970 unless the name says otherwise. */
#ifndef METSUKE_PINNED_H
#define METSUKE_PINNED_H

#include <linux/types.h>

#define OWNERS_MAX 65536
#define PROCESSES_MAX 8192
#define HOSTS_MAX 16384
#define FLAGGED_MAX 16384
#define CONTACTS_MAX 16384

/* Value of `owners`; the key is the socket cookie. */
struct owner {
	__u64 start_ns;	 /* boot time at which the process started */
	__u64 cgroup_id; /* of the process, on the cgroup v2 hierarchy */
	__u32 tgid;	 /* the process */
	__u32 pid;	 /* its thread that used the socket */
	__u32 uid;
	__u32 gid;
	__u32 exec_id;
	__u32 quality; /* enum owner_quality */
	char comm[16]; /* of the process's main thread */
};
_Static_assert(sizeof(struct owner) == 56, "no hidden padding");

struct process_key {
	__u64 start_ns;
	__u32 tgid;
	__u32 exec_id;
};

#define PROCESS_PATH 256
#define PROCESS_ARGS 512

/* Value of `processes`: what the kernel could tell while the process lived. */
struct process_facts {
	__u64 cgroup_id;
	__u32 uid;
	__u32 gid;
	__u32 ppid;
	__u32 args_len;
	char comm[16];
	char parent_comm[16];
	char path[PROCESS_PATH * 2]; /* of the executable; the second half is room for putting it together */
	char args[PROCESS_ARGS]; /* NUL between arguments, as in /proc/PID/cmdline */
};

struct host_key {
	__u8 ip[16]; /* IPv4 as ::ffff:a.b.c.d */
};

struct host_counts {
	__u64 dns_queries;
	__u64 nxdomain;
	__u64 http_requests;
	__u64 last_seen_ns;
};

/* In the values by their enums, so that bpftool prints the names. */
enum flagged_type { FLAGGED_HOST = 1, FLAGGED_PROCESS = 2 };

enum flagged_verdict {
	VERDICT_LISTED = 1,	/* it talked to what a list holds */
	VERDICT_SUSPICIOUS = 2, /* it behaves like what talks to a C&C server */
};

struct flagged_key {
	__u64 start_ns; /* FLAGGED_PROCESS: boot time at which it started: numbers are used again */
	__u8 ip[16];	/* FLAGGED_HOST */
	__u32 tgid;	/* FLAGGED_PROCESS */
	enum flagged_type type;
};

enum flagged_effect {
	EFFECT_TOLD = 0,
	EFFECT_BLOCKED = 1, /* while settings.enforce is ENFORCE_FLAGGED and its lease lasts */
};

struct flagged {
	__u64 since_ns;
	__u64 until_ns;
	__u32 score;	/* 0..100 */
	enum flagged_verdict verdict;
	char reason[60];
	enum flagged_effect effect; /* on its lookups and requests */
};
_Static_assert(sizeof(struct flagged_key) == 32 && sizeof(struct flagged) == 88, "no hidden padding");

#endif
