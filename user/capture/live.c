/* live.c: see live.h. */
#include "capture/live.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <mntent.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "capture/listed.h"
#include "support/buf.h"
#include "support/hash.h"
#include "support/interface.h"
#include "support/log.h"

#define BPFFS "/sys/fs/bpf"
#define BPFFS_MAGIC 0xcafe4a11
#define N_OWNER_LINKS 5

extern const char bpf_sensor_object[], bpf_owner_object[];
extern const uint64_t bpf_sensor_object_size, bpf_owner_object_size;

struct watched_interface {
	char *name;
	bool missing_said;
	struct attachment attachment;
};

struct live {
	struct bpf_object *sensor;
	struct bpf_object *owner;
	struct rings *rings;
	struct settings *settings; /* the programs' own, mapped: they see each store at once */
	struct bpf_link *owner_link[N_OWNER_LINKS];
	struct attach_programs programs;
	int counters_fd, hosts_fd, flagged_fd, watched_fd, processes_fd, contacts_fd;
	struct listed_maps listed;
	bool has_lists;
	bool generic_only;
	bool has_owner;
	int n_cpus;
	char pin_dir[256];
	int pin_dir_fd; /* locked while the pins are ours */
	char cgroup_root[256];
	size_t n_interfaces;
	struct watched_interface interface[CONFIG_MAX_LIST];
};

/* The maps that people read; file names are the contract. */
static const struct {
	const char *map;
	const char *file;
	bool of_owner;
} pins[] = {
	{ "counters", "counters", false }, { "owners", "owners", true },
	{ "processes", "processes", true }, { "hosts", "hosts", false },
	{ "flagged", "flagged", false }, { ".data.settings", "settings", false },
};

#define N_PINS (sizeof(pins) / sizeof(pins[0]))

/* As long as it is: the end of the verifier's log is what says why. */
static int print_libbpf(enum libbpf_print_level level, const char *format, va_list args)
{
	if (level == LIBBPF_DEBUG || !log_wants(LOG_LEVEL_DEBUG))
		return 0;
	return vfprintf(stderr, format, args);
}

/* The first line of a file that lies below /sys holds this? */
static bool file_says(const char *path, const char *what)
{
	FILE *f = fopen(path, "re");
	char line[256];
	bool found;

	if (!f)
		return false;
	found = fgets(line, sizeof(line), f) && strstr(line, what);
	fclose(f);
	return found;
}

const char *live_owner_refusal(void)
{
	if (access("/sys/kernel/btf/vmlinux", R_OK))
		return "the kernel has no BTF (CONFIG_DEBUG_INFO_BTF)";
	if (file_says("/sys/kernel/security/lockdown", "[confidentiality]"))
		return "the kernel is locked down (lockdown=confidentiality) and lets nobody read its memory";
	return "log.level: debug shows the kernel's own words";
}

bool cgroup2_mount(char *path, size_t size)
{
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	struct mntent *m;
	bool found = false;

	if (!mounts)
		return false;
	while (!found && (m = getmntent(mounts))) {
		if (!strcmp(m->mnt_type, "cgroup2")) {
			snprintf(path, size, "%s", m->mnt_dir);
			found = true;
		}
	}
	endmntent(mounts);
	return found;
}

static struct bpf_object *open_object(const char *bytes, uint64_t size, const char *name)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = name);

	return bpf_object__open_mem(bytes, size, &opts);
}

static int map_fd(const struct bpf_object *obj, const char *name)
{
	return bpf_object__find_map_fd_by_name(obj, name);
}

static int program_fd(const struct bpf_object *obj, const char *name)
{
	return bpf_program__fd(bpf_object__find_program_by_name(obj, name));
}

static void say_load_error(int err)
{
	log_error("cannot load the packet programs: %s", strerror(-err));
	if (err == -EPERM)
		log_error("root is needed, or CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON; `metsuke check` says what is missing");
	else if (err == -ENOMEM)
		log_error("the limit of locked memory may be too low (ulimit -l)");
	else
		log_error("Linux 5.18 or later is needed; `metsuke check` says what this kernel lacks, log.level: debug shows the kernel's own words");
}

/* Attribution is worth having, and the sensor works without it. */
static int load_owner(struct live *l)
{
	struct bpf_map *map;
	int err;

	l->owner = open_object(bpf_owner_object, bpf_owner_object_size, "owner");
	if (!l->owner)
		return -errno;
	map = bpf_object__find_map_by_name(l->owner, "owners");
	err = bpf_map__reuse_fd(map, map_fd(l->sensor, "owners"));
	if (!err)
		err = bpf_object__load(l->owner);
	if (!err)
		return 0;
	bpf_object__close(l->owner);
	l->owner = NULL;
	return err;
}

static struct settings *map_settings(int fd)
{
	void *at = mmap(NULL, sizeof(struct settings), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	return at == MAP_FAILED ? NULL : at;
}

static int load(struct live *l, const struct config *c)
{
	struct bpf_map *ring;
	int err;

	libbpf_set_print(print_libbpf);
	l->sensor = open_object(bpf_sensor_object, bpf_sensor_object_size, "sensor");
	if (!l->sensor)
		return -errno;
	ring = bpf_object__find_map_by_name(l->sensor, "bulk");
	err = bpf_map__set_max_entries(ring, c->bulk_ring_bytes);
	if (!err)
		err = bpf_object__load(l->sensor);
	if (err) {
		say_load_error(err);
		return err;
	}
	l->programs = (struct attach_programs){
		.xdp = program_fd(l->sensor, "metsuke_xdp"),
		.xdp_ip = program_fd(l->sensor, "metsuke_xdp_ip"),
		.tc = program_fd(l->sensor, "metsuke_tc"),
		.tc_ip = program_fd(l->sensor, "metsuke_tc_ip"),
	};
	l->counters_fd = map_fd(l->sensor, "counters");
	l->hosts_fd = map_fd(l->sensor, "hosts");
	l->flagged_fd = map_fd(l->sensor, "flagged");
	l->settings = map_settings(map_fd(l->sensor, ".data.settings"));
	if (!l->settings) {
		err = -errno;
		log_error("cannot map the settings: %s", strerror(-err));
		return err;
	}
	l->watched_fd = map_fd(l->sensor, "watched");
	l->contacts_fd = map_fd(l->sensor, "contacts");
	l->listed.fingerprints = map_fd(l->sensor, "fingerprints");
	l->listed.networks = map_fd(l->sensor, "networks");
	err = load_owner(l);
	if (err) {
		log_warning("no process attribution: the kernel refuses the socket hooks: %s; %s", strerror(-err),
			    live_owner_refusal());
	} else {
		l->has_owner = true;
		l->processes_fd = map_fd(l->owner, "processes");
	}
	return 0;
}

static bool on_bpffs(const char *dir)
{
	struct statfs fs;

	return !statfs(dir, &fs) && (unsigned long)fs.f_type == BPFFS_MAGIC;
}

/* systemd mounts it; small systems and containers may not have it yet. */
static void mount_bpffs(const char *dir)
{
	if (strncmp(dir, BPFFS "/", sizeof(BPFFS)) || on_bpffs(BPFFS))
		return;
	if (mount("bpf", BPFFS, "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700"))
		log_warning("cannot mount a bpf file system at " BPFFS ": %s", strerror(errno));
	else
		log_info("mounted a bpf file system at " BPFFS);
}

/* Pins are taken over by name, so two sensors with one folder would take them from each other. */
static int lock_pins(struct live *l, const char *dir)
{
	int err = 0;

	l->pin_dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (l->pin_dir_fd < 0 || flock(l->pin_dir_fd, LOCK_EX | LOCK_NB))
		err = -errno;
	if (err == -EWOULDBLOCK)
		log_error("another metsuke has its maps in %s; a second one needs its own --runtime-dir and --pin-dir", dir);
	else if (err)
		log_error("cannot lock %s: %s", dir, strerror(-err));
	return err;
}

/* The folder of the pins; our own leftovers in it go. */
static int prepare_pins(struct live *l, const char *dir)
{
	char path[512];
	int err = 0;

	mount_bpffs(dir);
	if (mkdir(dir, 0755) && errno != EEXIST)
		err = -errno;
	if (err || !on_bpffs(dir)) {
		if (!err)
			(void)rmdir(dir);
		log_error("%s is not a folder on a bpf file system%s%s; paths.pin names another", dir,
			  err ? ": " : "", err ? strerror(-err) : "");
		return err ? err : -EINVAL;
	}
	err = lock_pins(l, dir);
	if (err)
		return err;
	snprintf(l->pin_dir, sizeof(l->pin_dir), "%s", dir);
	for (size_t i = 0; i < N_PINS; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, pins[i].file);
		(void)unlink(path); /* mostly not there */
	}
	return 0;
}

static int pin_maps(struct live *l)
{
	char path[512];

	for (size_t i = 0; i < N_PINS; i++) {
		struct bpf_object *obj = pins[i].of_owner && l->owner ? l->owner : l->sensor;
		struct bpf_map *map = bpf_object__find_map_by_name(obj, pins[i].map);
		int err;

		if (!map)
			continue; /* processes, without attribution */
		snprintf(path, sizeof(path), "%s/%s", l->pin_dir, pins[i].file);
		err = bpf_obj_pin(bpf_map__fd(map), path) ? -errno : 0;
		if (err) {
			log_error("cannot pin %s: %s", path, strerror(-err));
			return err;
		}
	}
	return 0;
}

static void unpin_maps(const struct live *l)
{
	char path[512];

	if (!l->pin_dir[0])
		return;
	for (size_t i = 0; i < N_PINS; i++) {
		snprintf(path, sizeof(path), "%s/%s", l->pin_dir, pins[i].file);
		(void)unlink(path);
	}
	(void)rmdir(l->pin_dir); /* stays where somebody else put something in */
}

int live_open(const struct config *c, rings_record_fn *fn, void *ctx, struct live **ret)
{
	struct live *l = calloc(1, sizeof(*l));
	int err;

	if (!l)
		return -ENOMEM;
	l->processes_fd = l->pin_dir_fd = -1;
	l->generic_only = c->xdp_generic_only;
	l->n_cpus = libbpf_num_possible_cpus();
	err = prepare_pins(l, c->pin_dir);
	if (!err)
		err = load(l, c);
	if (!err)
		err = live_configure(l, c);
	if (!err)
		err = pin_maps(l);
	if (!err) {
		l->rings = rings_new(map_fd(l->sensor, "bulk"), map_fd(l->sensor, "urgent"), fn, ctx);
		err = l->rings ? 0 : -ENOMEM;
	}
	if (err) {
		live_close(l);
		return err;
	}
	*ret = l;
	return 0;
}

void live_close(struct live *l)
{
	if (!l)
		return;
	for (size_t i = 0; i < l->n_interfaces; i++) {
		detach_interface(&l->interface[i].attachment);
		free(l->interface[i].name);
	}
	for (int i = 0; i < N_OWNER_LINKS; i++)
		bpf_link__destroy(l->owner_link[i]);
	unpin_maps(l);
	if (l->pin_dir_fd >= 0)
		close(l->pin_dir_fd);
	rings_free(l->rings);
	if (l->settings)
		munmap(l->settings, sizeof(*l->settings));
	bpf_object__close(l->owner);
	bpf_object__close(l->sensor);
	free(l);
}

/* Runs the iterator over all open files once. */
static int prime(struct live *l)
{
	struct bpf_link *link = bpf_program__attach_iter(bpf_object__find_program_by_name(l->owner, "owner_prime"),
							 NULL);
	char drain[64];
	int fd, err = 0;

	if (!link)
		return -errno;
	fd = bpf_iter_create(bpf_link__fd(link));
	if (fd < 0) {
		err = -errno;
	} else {
		while (read(fd, drain, sizeof(drain)) > 0)
			;
		close(fd);
	}
	bpf_link__destroy(link);
	return err;
}

int live_attach_owner(struct live *l)
{
	static const char *const names[N_OWNER_LINKS] = { "owner_connect4", "owner_connect6", "owner_sendmsg4",
							  "owner_sendmsg6", "owner_egress" };
	int fd, err = 0;

	if (!l->has_owner)
		return -ENOTSUP;
	if (!cgroup2_mount(l->cgroup_root, sizeof(l->cgroup_root))) {
		log_warning("no process attribution: cgroup v2 is not mounted (mount -t cgroup2 none /sys/fs/cgroup)");
		l->has_owner = false;
		return -ENOENT;
	}
	fd = open(l->cgroup_root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		err = -errno;
	for (int i = 0; i < N_OWNER_LINKS && !err; i++) {
		l->owner_link[i] =
			bpf_program__attach_cgroup(bpf_object__find_program_by_name(l->owner, names[i]), fd);
		if (!l->owner_link[i])
			err = -errno;
	}
	if (fd >= 0)
		close(fd);
	if (err) {
		log_warning("no process attribution: cannot attach to cgroup %s: %s", l->cgroup_root, strerror(-err));
		l->has_owner = false;
		return err;
	}
	err = prime(l);
	if (err)
		log_warning("sockets that are open already stay without a process: %s", strerror(-err));
	return 0;
}

int live_configure(struct live *l, const struct config *c)
{
	struct settings settings;
	uint32_t zero = 0;
	int fd;

	config_settings(c, &settings);
	settings.syn = l->has_lists;
	settings.enforce = l->settings->enforce; /* of those live_enforce() knows */
	settings.enforce_lease_ns = l->settings->enforce_lease_ns;
	settings.enforce_deadline_ns = l->settings->enforce_deadline_ns;
	l->generic_only = c->xdp_generic_only;
	*l->settings = settings;
	fd = l->owner ? map_fd(l->owner, "owner.bss") : -1;
	if (fd >= 0 && bpf_map_update_elem(fd, &zero, settings.dns_ports, BPF_ANY)) {
		log_error("cannot write the socket hooks' settings: %s", strerror(errno));
		return -errno;
	}
	return 0;
}

static struct watched_interface *find(struct live *l, const char *name)
{
	for (size_t i = 0; i < l->n_interfaces; i++)
		if (!strcmp(l->interface[i].name, name))
			return &l->interface[i];
	return NULL;
}

static void let_go(struct live *l, struct watched_interface *w)
{
	uint32_t ifindex = w->attachment.ifindex;

	(void)bpf_map_delete_elem(l->watched_fd, &ifindex); /* loopback is not in it */
	detach_interface(&w->attachment);
}

static void say_no_such_interface(const char *name)
{
	struct if_nameindex *all = if_nameindex();
	struct buf there = { 0 };

	for (struct if_nameindex *i = all; i && i->if_index; i++) {
		const char *label = interface_label(i->if_index);

		if (label) /* not gone since */
			buf_printf(&there, " %s", label);
	}
	buf_char(&there, '\0');
	log_error("no such interface: %s; there are:%s", name, there.len > 1 ? there.data : " none");
	buf_free(&there);
	if (all)
		if_freenameindex(all);
}

static void attach_one(struct live *l, struct watched_interface *w)
{
	uint32_t ifindex = if_nametoindex(w->name), one = 1;
	uint32_t handle = 1 + (hash_bytes(l->pin_dir, strlen(l->pin_dir), 0) & 0xfffe);
	struct attachment *a = &w->attachment;
	char error[256];

	if (a->ifindex && a->ifindex == ifindex)
		return;
	if (a->ifindex) {
		log_warning("%s is gone; it is watched again when it returns", w->name);
		let_go(l, w);
		w->missing_said = true;
	}
	if (!ifindex) {
		if (!w->missing_said)
			say_no_such_interface(w->name);
		w->missing_said = true;
		return;
	}
	if (attach_interface(a, &l->programs, ifindex, l->generic_only, handle, error, sizeof(error))) {
		log_error("cannot attach to %s: %s", w->name, error);
		w->missing_said = true;
		return;
	}
	w->missing_said = false;
	if (a->xdp != XDP_NOT_WANTED)
		(void)bpf_map_update_elem(l->watched_fd, &ifindex, &one, BPF_ANY); /* 256 fit, 32 are allowed */
	log_info("watching %s: XDP %s, TC %s", w->name,
		 a->xdp == XDP_NOT_WANTED ? "not needed on loopback" : xdp_mode_name(a->xdp), tc_mode_name(a->tc));
}

static bool wanted(const struct config_list *names, const char *name)
{
	for (size_t i = 0; i < names->n; i++)
		if (!strcmp(names->item[i], name))
			return true;
	return false;
}

size_t live_attach(struct live *l, const struct config_list *names)
{
	size_t attached = 0;

	for (size_t i = 0; i < l->n_interfaces; i++) {
		if (wanted(names, l->interface[i].name))
			continue;
		let_go(l, &l->interface[i]);
		free(l->interface[i].name);
		l->interface[i--] = l->interface[--l->n_interfaces];
	}
	for (size_t i = 0; i < names->n; i++) {
		struct watched_interface *w = find(l, names->item[i]);

		if (!w && l->n_interfaces < CONFIG_MAX_LIST) {
			w = &l->interface[l->n_interfaces];
			memset(w, 0, sizeof(*w));
			w->name = strdup(names->item[i]);
			if (!w->name)
				continue;
			l->n_interfaces++;
		}
		if (w)
			attach_one(l, w);
		attached += w && w->attachment.ifindex;
	}
	return attached;
}

struct rings *live_rings(const struct live *l)
{
	return l->rings;
}

void live_put_intel(struct live *l, const struct intel *intel)
{
	(void)listed_put(&l->listed, intel->set, intel->generation); /* it says what went wrong */
}

void live_use_intel(struct live *l, const struct intel *intel)
{
	l->has_lists = indicators_count(intel->set) > 0;
	l->settings->syn = l->has_lists;
}

/* The mode last: with it alone the others matter. Each store is one, so that a program never sees half a time. */
void live_enforce(struct live *l, enum enforce_mode mode, uint64_t lease_ns, uint64_t deadline_ns)
{
	if (mode == ENFORCE_OFF)
		__atomic_store_n(&l->settings->enforce, mode, __ATOMIC_RELEASE);
	__atomic_store_n(&l->settings->enforce_deadline_ns, deadline_ns, __ATOMIC_RELEASE);
	__atomic_store_n(&l->settings->enforce_lease_ns, lease_ns, __ATOMIC_RELEASE);
	__atomic_store_n(&l->settings->enforce, mode, __ATOMIC_RELEASE);
}

void live_put_contact(struct live *l, const uint8_t ip[16], uint64_t until_ns)
{
	struct host_key key;

	memcpy(key.ip, ip, sizeof(key.ip));
	(void)bpf_map_update_elem(l->contacts_fd, &key, &until_ns, BPF_ANY); /* the least recently used makes room */
}

int live_counters(const struct live *l, struct counters *sum)
{
	size_t n = sizeof(*sum) / sizeof(__u64);
	struct counters *values = calloc(l->n_cpus, sizeof(*values));
	__u64 *to = (__u64 *)sum;
	uint32_t zero = 0;
	int err = 0;

	memset(sum, 0, sizeof(*sum));
	if (!values)
		return -ENOMEM;
	if (bpf_map_lookup_elem(l->counters_fd, &zero, values))
		err = -errno;
	for (int cpu = 0; !err && cpu < l->n_cpus; cpu++)
		for (size_t i = 0; i < n; i++)
			to[i] += ((const __u64 *)&values[cpu])[i];
	free(values);
	return err;
}

int live_processes_fd(const struct live *l)
{
	return l->processes_fd;
}

bool live_has_owner(const struct live *l)
{
	return l->has_owner;
}

const char *live_cgroup_root(const struct live *l)
{
	return l->cgroup_root[0] ? l->cgroup_root : NULL;
}

size_t live_interfaces(const struct live *l, struct live_interface *to, size_t max)
{
	size_t n = l->n_interfaces < max ? l->n_interfaces : max;

	for (size_t i = 0; i < n; i++)
		to[i] = (struct live_interface){ l->interface[i].name, &l->interface[i].attachment };
	return n;
}

static const char *merge(const char *so_far, const char *mode)
{
	return !so_far || !strcmp(so_far, mode) ? mode : "mixed";
}

const char *live_xdp_mode(const struct live *l)
{
	const char *mode = NULL;

	for (size_t i = 0; i < l->n_interfaces; i++)
		if (l->interface[i].attachment.ifindex && l->interface[i].attachment.xdp != XDP_NOT_WANTED)
			mode = merge(mode, xdp_mode_name(l->interface[i].attachment.xdp));
	return mode ? mode : "none";
}

const char *live_tc_mode(const struct live *l)
{
	const char *mode = NULL;

	for (size_t i = 0; i < l->n_interfaces; i++)
		if (l->interface[i].attachment.ifindex)
			mode = merge(mode, tc_mode_name(l->interface[i].attachment.tc));
	return mode ? mode : "none";
}

void live_put_host(void *live, const struct host_key *key, const struct host_counts *counts)
{
	(void)bpf_map_update_elem(((struct live *)live)->hosts_fd, key, counts, BPF_ANY); /* same cap as ours */
}

void live_drop_host(void *live, const struct host_key *key)
{
	(void)bpf_map_delete_elem(((struct live *)live)->hosts_fd, key);
}

int live_flagged_fd(const struct live *l)
{
	return l->flagged_fd;
}

int live_try_load(const char **ret_which)
{
	static const struct {
		const char *name, *bytes;
		const uint64_t *size;
	} objects[] = {
		{ "packet programs", bpf_sensor_object, &bpf_sensor_object_size },
		{ "socket hooks", bpf_owner_object, &bpf_owner_object_size },
	};
	int err = 0;

	libbpf_set_print(print_libbpf);
	for (size_t i = 0; i < 2 && !err; i++) {
		struct bpf_object *obj = open_object(objects[i].bytes, *objects[i].size, i ? "owner" : "sensor");

		*ret_which = objects[i].name;
		err = obj ? bpf_object__load(obj) : -errno;
		bpf_object__close(obj);
	}
	return err;
}
