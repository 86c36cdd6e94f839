/* owner.c: see owner.h. */
#include "capture/owner.h"

#include <bpf/bpf.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pinned.h"
#include "support/hash.h"
#include "support/utf8.h"

#define COMMAND_LINE_MAX 4096
#define WAYS 4

struct owners {
	int processes_fd;
	int cgroup_fd;
	int64_t boot_offset_ns;
	size_t buckets;
	uint64_t used_count;
	uint64_t evicted;
	char host[24];
	struct entry {
		uint64_t last_used; /* 0: free */
		struct process process;
	} entry[];
};

struct owners *owners_new(int processes_fd, size_t capacity, int64_t boot_offset_ns, const char *cgroup_root,
			  const char *host)
{
	size_t buckets = 1;
	struct owners *o;

	while (buckets * WAYS < capacity)
		buckets *= 2;
	o = calloc(1, sizeof(*o) + buckets * WAYS * sizeof(o->entry[0]));
	if (!o)
		return NULL;
	o->processes_fd = processes_fd;
	o->buckets = buckets;
	o->boot_offset_ns = boot_offset_ns;
	o->cgroup_fd = cgroup_root ? open(cgroup_root, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	snprintf(o->host, sizeof(o->host), "%s", host);
	return o;
}

static void drop(char **text)
{
	free(*text);
	*text = NULL;
}

static void process_clear(struct process *p)
{
	drop(&p->name);
	drop(&p->executable);
	drop(&p->command_line);
	drop(&p->parent_name);
	drop(&p->user);
	drop(&p->container);
	p->ppid = 0;
}

void owners_free(struct owners *o)
{
	if (!o)
		return;
	for (size_t i = 0; i < o->buckets * WAYS; i++)
		process_clear(&o->entry[i].process);
	if (o->cgroup_fd >= 0)
		close(o->cgroup_fd);
	free(o);
}

uint64_t owners_evicted(const struct owners *o)
{
	return o->evicted;
}

int container_id(const char *path, char id[CONTAINER_ID_LEN + 1])
{
	size_t run = 0;

	for (const char *p = path + strlen(path); p-- > path;) {
		run = isxdigit((unsigned char)*p) ? run + 1 : 0;
		if (run == CONTAINER_ID_LEN && (p == path || !isxdigit((unsigned char)p[-1]))) {
			memcpy(id, p, CONTAINER_ID_LEN);
			id[CONTAINER_ID_LEN] = '\0';
			return 1;
		}
	}
	return 0;
}

/* A file below /proc/PID, NUL-terminated. Returns its length, or -1. */
static ssize_t read_proc(uint32_t pid, const char *file, char *to, size_t size)
{
	char path[64];
	size_t len = 0;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%u/%s", pid, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	while (len < size - 1 && (n = read(fd, to + len, size - 1 - len)) > 0)
		len += n;
	close(fd);
	to[len] = '\0';
	return len;
}

/* Start time of the process that has this pid now, from /proc/PID/stat (proc(5): field 22, in clock
 * ticks since boot), and its parent (field 4). */
static bool proc_stat(uint32_t pid, uint64_t *ret_start_ticks, uint32_t *ret_ppid)
{
	unsigned long long start;
	unsigned int ppid;
	char text[1024], *after;

	if (read_proc(pid, "stat", text, sizeof(text)) <= 0)
		return false;
	after = strrchr(text, ')'); /* the name before may hold anything */
	if (!after)
		return false;
	if (sscanf(after + 1, " %*c %u %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
		   &ppid, &start) != 2)
		return false;
	*ret_start_ticks = start;
	*ret_ppid = ppid;
	return true;
}

/* Arguments with NULs between them as one line. */
static char *join_arguments(const char *args, size_t len)
{
	char *line, *text;

	while (len > 0 && args[len - 1] == '\0')
		len--;
	if (len == 0)
		return NULL;
	line = malloc(len);
	if (!line)
		return NULL;
	for (size_t i = 0; i < len; i++)
		line[i] = args[i] ? args[i] : ' ';
	text = utf8_clean(line, len);
	free(line);
	return text;
}

static char *user_name(uint32_t uid)
{
	struct passwd entry, *found = NULL;
	char room[4096];

	if (getpwuid_r(uid, &entry, room, sizeof(room), &found) || !found)
		return NULL;
	return utf8_clean(found->pw_name, strlen(found->pw_name));
}

static void read_container(struct process *p, const char *cgroup_path)
{
	char id[CONTAINER_ID_LEN + 1];

	if (!p->container && container_id(cgroup_path, id))
		p->container = strdup(id);
}

/* The path of a cgroup by its id, which is its inode: a kernfs file handle (fs/kernfs/mount.c). */
static void container_by_cgroup_id(const struct owners *o, struct process *p, uint64_t id)
{
	struct {
		struct file_handle head;
		uint64_t id;
	} handle = { .head = { .handle_bytes = 8, .handle_type = 0xfe }, .id = id };
	char link[64], path[4096];
	ssize_t n;
	int fd;

	if (o->cgroup_fd < 0 || !id)
		return;
	memcpy(handle.head.f_handle, &id, sizeof(id));
	fd = open_by_handle_at(o->cgroup_fd, &handle.head, O_RDONLY | O_PATH | O_CLOEXEC);
	if (fd < 0)
		return;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path) - 1);
	close(fd);
	if (n <= 0)
		return;
	path[n] = '\0';
	read_container(p, path);
}

/* comm holds 15 characters; the executable's name goes on where it starts the same. */
static char *process_name(const char *comm, const char *executable)
{
	const char *base = executable ? strrchr(executable, '/') : NULL;
	size_t len = strnlen(comm, 16);

	if (base && len == 15 && !strncmp(base + 1, comm, len))
		return utf8_clean(base + 1, strlen(base + 1));
	return utf8_clean(comm, len);
}

/* What the kernel noted while the process used its socket; all zero where it noted nothing. */
static void from_kernel(const struct owners *o, struct process *p, struct process_facts *facts)
{
	struct process_key key = { p->key.start_ns, p->key.tgid, p->key.exec_id };

	memset(facts, 0, sizeof(*facts));
	if (o->processes_fd < 0 || bpf_map_lookup_elem(o->processes_fd, &key, facts))
		return;
	p->ppid = facts->ppid;
	if (facts->parent_comm[0])
		p->parent_name = utf8_clean(facts->parent_comm, strnlen(facts->parent_comm, 16));
	if (facts->path[0])
		p->executable = utf8_clean(facts->path, PROCESS_PATH);
	if (facts->args_len)
		p->command_line = join_arguments(facts->args, facts->args_len);
	p->name = process_name(facts->comm, p->executable);
	container_by_cgroup_id(o, p, facts->cgroup_id);
}

static void replace(char **text, char *with)
{
	if (!with)
		return;
	free(*text);
	*text = with;
}

/* /proc adds what is longer there, as long as the pid still is the same process and program. What the
 * kernel noted is from the moment itself: the parent may be gone since, the arguments may be others. */
static void from_proc(struct process *p, const struct process_facts *facts)
{
	uint64_t ticks, per_second = sysconf(_SC_CLK_TCK);
	char text[COMMAND_LINE_MAX], path[64];
	uint32_t ppid;
	ssize_t n;

	if (!proc_stat(p->pid, &ticks, &ppid) || ticks != p->key.start_ns / (1000000000 / per_second))
		return;
	if (!p->ppid)
		p->ppid = ppid;
	snprintf(path, sizeof(path), "/proc/%u/exe", p->pid);
	n = readlink(path, text, sizeof(text) - 1);
	if (n > 0) {
		text[n] = '\0';
		if (p->executable && strcmp(p->executable, text) && p->name)
			return; /* it has become another program since */
		replace(&p->executable, utf8_clean(text, n));
	}
	n = read_proc(p->pid, "cmdline", text, sizeof(text));
	if (n > 0 && n >= (ssize_t)facts->args_len && !memcmp(text, facts->args, facts->args_len))
		replace(&p->command_line, join_arguments(text, n));
	n = read_proc(p->pid, "comm", text, sizeof(text));
	if (n > 1 && !p->name)
		p->name = utf8_clean(text, n - 1);
	if (read_proc(p->pid, "cgroup", text, sizeof(text)) > 0)
		read_container(p, text);
	n = ppid && ppid == p->ppid ? read_proc(ppid, "comm", text, sizeof(text)) : -1;
	if (n > 1)
		replace(&p->parent_name, utf8_clean(text, n - 1));
}

static void fill(const struct owners *o, struct process *p, const struct owner_key *key)
{
	struct process_facts facts;

	process_clear(p);
	p->key = *key;
	p->pid = key->tgid;
	p->start_ns = key->start_ns + o->boot_offset_ns;
	from_kernel(o, p, &facts);
	from_proc(p, &facts);
	p->user = user_name(key->uid);
	snprintf(p->entity_id, sizeof(p->entity_id), "%.8s-%u-%llu", o->host, p->pid,
		 (unsigned long long)p->start_ns);
}

static bool same_process(const struct owner_key *a, const struct owner_key *b)
{
	return a->start_ns == b->start_ns && a->tgid == b->tgid && a->exec_id == b->exec_id && a->uid == b->uid;
}

const struct process *owners_get(struct owners *o, const struct owner_key *key)
{
	struct {
		uint64_t start_ns;
		uint32_t tgid, exec_id;
	} id = { key->start_ns, key->tgid, key->exec_id };
	struct entry *b = &o->entry[hash_bytes(&id, sizeof(id), hash_seed()) % o->buckets * WAYS], *e = b;

	for (int i = 0; i < WAYS; i++) {
		if (b[i].last_used && same_process(&b[i].process.key, key)) {
			b[i].last_used = ++o->used_count;
			return &b[i].process;
		}
		if (b[i].last_used < e->last_used)
			e = &b[i];
	}
	if (e->last_used)
		o->evicted++;
	fill(o, &e->process, key);
	e->last_used = ++o->used_count;
	return &e->process;
}
