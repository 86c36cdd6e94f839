/* owner.bpf.c: which process uses which socket. The cgroup hooks run in the caller's own context, on
 * connect and on sendmsg with an address; cgroup egress adds the processes that inherited a connected
 * socket; the iterator tells the sockets that were open before us. No kprobes, no fentry: some kernels
 * have neither. */
#include "kernel.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include "http.h"
#include "owner_map.h"
#include "packet.h"

char LICENSE[] SEC("license") = "GPL";

#define PF_KTHREAD 0x00200000 /* include/linux/sched.h */
#define S_IFMT 00170000
#define S_IFSOCK 0140000
#define MAX_FDS 1024 /* looked through for a socket; one with a higher number is not found */

#define PATH_PARTS 24

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, PROCESSES_MAX);
	__type(key, struct process_key);
	__type(value, struct process_facts);
} processes SEC(".maps");

/* Where facts are put together; process context may move between CPUs only between programs. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct process_facts);
} facts_scratch SEC(".maps");

/* Written by the daemon: DNS ports, so that egress looks up nothing for other UDP. */
__u16 owner_ports[4];

struct path_walk {
	struct dentry *dentry;
	struct mount *mount;
	struct process_facts *facts;
	__u64 at; /* the path grows towards the front of facts->path */
};

/* One component, or one step up through a mount point. */
static long path_step(__u32 index, void *ctx)
{
	struct path_walk *w = ctx;
	struct dentry *d = w->dentry, *parent, *root;
	struct mount *m = w->mount;
	const unsigned char *name;
	__u64 len, at;

	(void)index;
	root = BPF_CORE_READ(m, mnt.mnt_root);
	parent = BPF_CORE_READ(d, d_parent);
	if (d == root || d == parent) {
		struct mount *up = BPF_CORE_READ(m, mnt_parent);

		if (up == m || d != root)
			return 1;
		w->dentry = BPF_CORE_READ(m, mnt_mountpoint);
		w->mount = up;
		return 0;
	}
	len = BPF_CORE_READ(d, d_name.len);
	name = BPF_CORE_READ(d, d_name.name);
	if (len < 1 || len > 255 || len + 1 > w->at)
		return 1;
	at = w->at - len - 1;
	BOUND(at, PROCESS_PATH - 1);
	w->facts->path[at] = '/';
	w->at = at;
	at++;
	BOUND(len, 255);
	BOUND(at, PROCESS_PATH - 1);
	bpf_probe_read_kernel(&w->facts->path[at], len, name);
	w->dentry = parent;
	return 0;
}

/* The executable's path, as the dentries tell it; the daemon prefers /proc while the process lives. */
static __always_inline void read_path(struct process_facts *f, struct mm_struct *mm)
{
	struct file *exe = BPF_CORE_READ(mm, exe_file);
	struct vfsmount *mnt = BPF_CORE_READ(exe, f_path.mnt);
	struct path_walk w = {
		.dentry = BPF_CORE_READ(exe, f_path.dentry),
		.mount = (void *)mnt - bpf_core_field_offset(struct mount, mnt),
		.facts = f,
		.at = PROCESS_PATH,
	};

	__u64 at;

	if (!exe || !mnt)
		return;
	f->path[PROCESS_PATH] = '\0';
	bpf_loop(PATH_PARTS, path_step, &w, 0);
	at = w.at;
	if (at >= PROCESS_PATH)
		return;
	BOUND(at, PROCESS_PATH - 1);
	bpf_probe_read_kernel_str(f->path, PROCESS_PATH, &f->path[at]); /* to the front; the ends may overlap */
}

static __always_inline void read_args(struct process_facts *f, struct mm_struct *mm)
{
	__u64 from = BPF_CORE_READ(mm, arg_start), to = BPF_CORE_READ(mm, arg_end);
	__u64 len = to - from;

	f->args_len = 0;
	if (to <= from)
		return;
	if (len > PROCESS_ARGS - 1)
		len = PROCESS_ARGS - 1;
	BOUND(len, PROCESS_ARGS - 1);
	if (!bpf_probe_read_user(f->args, len, (const void *)from))
		f->args_len = len;
}

static __always_inline void read_facts(struct process_facts *f, struct task_struct *leader, const struct owner *o,
				       int own_memory)
{
	struct task_struct *parent = BPF_CORE_READ(leader, real_parent);
	struct mm_struct *mm = BPF_CORE_READ(leader, mm);

	f->cgroup_id = o->cgroup_id;
	f->uid = o->uid;
	f->gid = o->gid;
	f->ppid = BPF_CORE_READ(parent, tgid);
	f->path[0] = '\0';
	f->args_len = 0;
	__builtin_memcpy(f->comm, o->comm, sizeof(f->comm));
	BPF_CORE_READ_STR_INTO(&f->parent_comm, parent, group_leader, comm);
	if (!mm)
		return;
	read_path(f, mm);
	if (own_memory)
		read_args(f, mm);
}

static __always_inline void fill_owner(struct owner *o, struct task_struct *task, struct task_struct *leader,
				       enum owner_quality quality)
{
	o->start_ns = BPF_CORE_READ(leader, start_boottime);
	o->tgid = BPF_CORE_READ(task, tgid);
	o->pid = BPF_CORE_READ(task, pid);
	o->uid = BPF_CORE_READ(task, cred, uid.val);
	o->gid = BPF_CORE_READ(task, cred, gid.val);
	o->cgroup_id = BPF_CORE_READ(task, cgroups, dfl_cgrp, kn, id);
	o->exec_id = BPF_CORE_READ(task, self_exec_id);
	o->quality = quality;
	BPF_CORE_READ_STR_INTO(&o->comm, leader, comm);
}

/* The process of `task` uses this socket: into `owners`, and its facts into `processes` once. */
static __always_inline void set_owner(__u64 cookie, struct task_struct *task, enum owner_quality quality)
{
	struct task_struct *leader = BPF_CORE_READ(task, group_leader);
	struct process_facts *f;
	struct process_key key;
	struct owner o = {};
	__u32 zero = 0;

	if (!cookie || BPF_CORE_READ(task, flags) & PF_KTHREAD)
		return;
	fill_owner(&o, task, leader, quality);
	bpf_map_update_elem(&owners, &cookie, &o, BPF_ANY);
	key.start_ns = o.start_ns;
	key.tgid = o.tgid;
	key.exec_id = o.exec_id;
	if (bpf_map_lookup_elem(&processes, &key))
		return;
	f = bpf_map_lookup_elem(&facts_scratch, &zero);
	if (!f)
		return;
	read_facts(f, leader, &o, quality == OWNER_SOCKET);
	bpf_map_update_elem(&processes, &key, f, BPF_ANY);
}

static __always_inline int use_socket(void *ctx)
{
	set_owner(bpf_get_socket_cookie(ctx), (void *)bpf_get_current_task(), OWNER_SOCKET);
	return 1; /* let it go on */
}

SEC("cgroup/connect4")
int owner_connect4(struct bpf_sock_addr *ctx)
{
	return use_socket(ctx);
}

SEC("cgroup/connect6")
int owner_connect6(struct bpf_sock_addr *ctx)
{
	return use_socket(ctx);
}

SEC("cgroup/sendmsg4")
int owner_sendmsg4(struct bpf_sock_addr *ctx)
{
	return use_socket(ctx);
}

SEC("cgroup/sendmsg6")
int owner_sendmsg6(struct bpf_sock_addr *ctx)
{
	return use_socket(ctx);
}

/* Is this packet, which starts at its IP header, a UDP message to a DNS port or the start of an HTTP
 * request? Others need no second look at who sends them. */
static __always_inline int worth_a_look(struct __sk_buff *skb)
{
	__u8 ip[20], l4[14];
	__u32 header = 40, proto, port;
	__u64 first;

	if (bpf_skb_load_bytes(skb, 0, ip, sizeof(ip)))
		return 0;
	proto = ip[6];
	if ((ip[0] >> 4) == 4) {
		header = (ip[0] & 15) * 4;
		proto = ip[9];
	}
	if ((proto != PROTO_UDP && proto != PROTO_TCP) || bpf_skb_load_bytes(skb, header, l4, sizeof(l4)))
		return 0;
	if (proto == PROTO_TCP) {
		header += (l4[12] >> 4) * 4;
		return !bpf_skb_load_bytes(skb, header, &first, 8) && http_known_method(first);
	}
	port = wire16(l4 + 2);
	return port && (port == owner_ports[0] || port == owner_ports[1] || port == owner_ports[2] ||
			port == owner_ports[3]);
}

struct fd_search {
	struct file **fds;
	__u64 cookie;
	__u32 n;
	__u32 found;
};

static long fd_step(__u32 index, void *ctx)
{
	struct fd_search *s = ctx;
	struct socket *socket;
	struct file *file;

	if (index >= s->n)
		return 1;
	if (bpf_probe_read_kernel(&file, sizeof(file), s->fds + index) || !file)
		return 0;
	if ((BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) != S_IFSOCK)
		return 0;
	socket = BPF_CORE_READ(file, private_data);
	if ((__u64)BPF_CORE_READ(socket, sk, __sk_common.skc_cookie.counter) != s->cookie)
		return 0;
	s->found = 1;
	return 1;
}

/* Does the task have this socket among its files? A softirq that sends in the context of some other
 * task is told apart by this: the current task alone would be a guess. */
static __always_inline int holds_socket(struct task_struct *task, __u64 cookie)
{
	struct fdtable *fdt = BPF_CORE_READ(task, files, fdt);
	struct fd_search s = {
		.fds = BPF_CORE_READ(fdt, fd),
		.n = BPF_CORE_READ(fdt, max_fds),
		.cookie = cookie,
	};

	if (!fdt)
		return 0;
	bpf_loop(MAX_FDS, fd_step, &s, 0);
	return s.found;
}

/* A connected socket may be used by another process than the one that connected it (inherited over
 * fork, passed over a Unix socket), and no hook tells of its plain send(). This one sees the packet
 * leave in the sender's own context. */
SEC("cgroup_skb/egress")
int owner_egress(struct __sk_buff *skb)
{
	struct task_struct *task;
	struct owner *o;
	__u64 cookie;

	if (!worth_a_look(skb))
		return 1;
	cookie = bpf_get_socket_cookie(skb);
	if (!cookie)
		return 1;
	task = (void *)bpf_get_current_task();
	o = bpf_map_lookup_elem(&owners, &cookie);
	if (o && o->tgid == (__u32)BPF_CORE_READ(task, tgid) &&
	    o->exec_id == (__u32)BPF_CORE_READ(task, self_exec_id))
		return 1;
	if (holds_socket(task, cookie))
		set_owner(cookie, task, OWNER_SOCKET);
	return 1;
}

/* Sockets that were open before the hooks: run once at start. A socket that a hook has seen by then
 * keeps what the hook said. */
SEC("iter/task_file")
int owner_prime(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct socket *socket;
	struct owner *known;
	__u64 cookie;

	if (!task || !file)
		return 0;
	socket = bpf_sock_from_file(file);
	if (!socket || !socket->sk)
		return 0;
	cookie = bpf_get_socket_cookie(socket->sk);
	known = bpf_map_lookup_elem(&owners, &cookie);
	if (known)
		return 0;
	set_owner(cookie, task, OWNER_PRIMED);
	return 0;
}
