/* check.c: metsuke check. */
#include <bpf/libbpf.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "capture/links.h"
#include "capture/live.h"
#include "cmd/cmd.h"
#include "cmd/privilege.h"
#include "detect/allow.h"
#include "detect/builtin.h"
#include "detect/model.h"
#include "enforce.h"
#include "intel/intel.h"
#include "observe/domain.h"
#include "observe/prefixes.h"
#include "store/schema.h"
#include "support/log.h"

static const char usage[] =
	"usage: metsuke check [-c FILE] [--defaults]\n"
	"\n"
	"Reads the configuration, looks at what the kernel offers, and loads the programs for a moment where\n"
	"that is permitted. Changes nothing.\n"
	"\n"
	"  -c, --config FILE    configuration (default " CONFIG_DEFAULT_PATH ", if it is there)\n"
	"  -D, --defaults       print every key with its default and meaning, as a configuration file\n"
	"  -h, --help\n"
	"\n"
	"Exit status: 0, 1 when a live sensor would not start, 2 usage.\n";

static const struct option options[] = { OPT_CONFIG, OPT_DEFAULTS, OPT_HELP, OPT_END };

static int line(bool good, bool needed, const char *what, const char *detail)
{
	printf("%-7s %-22s %s\n", good ? "ok" : needed ? "MISSING" : "absent", what, detail);
	return !good && needed;
}

static int check_kernel(void)
{
	struct utsname kernel;
	struct statfs fs;
	char cgroup[256] = "not mounted: no process attribution";
	bool btf = access("/sys/kernel/btf/vmlinux", R_OK) == 0, bpffs;
	int bad = 0;

	uname(&kernel);
	bpffs = !statfs("/sys/fs/bpf", &fs) && (unsigned long)fs.f_type == 0xcafe4a11;
	bad |= line(true, true, "kernel", kernel.release);
	bad |= line(btf, false, "BTF", btf ? "/sys/kernel/btf/vmlinux" : "no process attribution without it");
	bad |= line(bpffs, false, "bpf file system", bpffs ? "/sys/fs/bpf" : "mounted at start by metsuke run");
	bad |= line(cgroup2_mount(cgroup, sizeof(cgroup)), false, "cgroup v2", cgroup);
	return bad;
}

static int check_programs(void)
{
	const char *which = "";
	char detail[256];
	int err;

	if (privilege_check())
		return line(false, true, "privilege", "see above; the programs were not tried");
	err = live_try_load(&which);
	if (!err)
		return line(true, true, "programs", "load on this kernel");
	if (!strcmp(which, "socket hooks"))
		return line(false, false, "process attribution", live_owner_refusal());
	snprintf(detail, sizeof(detail), "%s: %s; log.level: debug shows the kernel's own words", which,
		 strerror(-err));
	return line(false, true, "programs", detail);
}

static int check_public_suffixes(const struct config *c)
{
	struct domains *d = domains_new(*c->public_suffix_list ? c->public_suffix_list : NULL);
	int bad = line(d != NULL, true, "public suffix list",
		       *c->public_suffix_list ? c->public_suffix_list : "the system's");

	domains_free(d);
	return bad;
}

/* Dropping what is listed without a list that counts for it drops nothing: most likely not what was meant. */
static void check_enforcement(const struct config *c)
{
	enum enforce_mode mode = enforce_mode_of(c->enforce_mode);
	char detail[200], trial[48] = "";
	size_t n = config_enforced_lists(c);

	if (c->canary_seconds)
		snprintf(trial, sizeof(trial), ", on trial for %llu s", (unsigned long long)c->canary_seconds);
	if (mode == ENFORCE_OFF)
		snprintf(detail, sizeof(detail), "off: nothing is dropped");
	else
		snprintf(detail, sizeof(detail), "%s%s: names of %zu of %zu lists", enforce_mode_name(mode), trial, n,
			 c->lists.n);
	if (mode == ENFORCE_LISTED && !n)
		log_warning("enforce.mode: listed, and there is no list whose names are to be dropped");
	line(true, false, "enforcement", detail);
}

static int check_lists(const struct config *c)
{
	struct intel *in = intel_load(c, 1);
	char detail[160] = "not one entry, or not to be read: see above";
	int bad;

	if (in)
		snprintf(detail, sizeof(detail), "%zu, with %zu entries", in->lists.n, indicators_count(in->set));
	bad = line(in != NULL, true, "lists", detail);
	if (!*c->popular)
		snprintf(detail, sizeof(detail), "none");
	else if (in && in->popular)
		snprintf(detail, sizeof(detail), "%zu, %zu doubles, %zu refused; %.1f MB; the first %llu explain",
			 in->popular_report.entries, in->popular_report.doubles, in->popular_report.refused,
			 popular_bytes(in->popular) / 1e6, (unsigned long long)c->popular_most);
	else
		snprintf(detail, sizeof(detail), "not to be read: see above");
	bad |= line(!*c->popular || (in && in->popular), !c->allow_empty, "popular domains", detail);
	intel_free(in);
	return bad;
}

static int check_prefixes(const struct config *c)
{
	struct prefixes_report report;
	char error[512], detail[160];
	struct prefixes *p = prefixes_load_all(&c->prefix_tables, NULL, &report, error, sizeof(error));
	size_t n_mmdb = 0;
	int bad;

	if (!p)
		log_error("%s", error);
	for (size_t i = 0; i < c->prefix_tables.n; i++)
		n_mmdb += report.format[i] == PREFIX_MMDB;
	if (!c->prefix_tables.n)
		snprintf(detail, sizeof(detail), "none: /16 and /48 stand in");
	else if (!p)
		snprintf(detail, sizeof(detail), "not to be read: see above");
	else
		snprintf(detail, sizeof(detail),
			 "%zu pfx2as, %zu MMDB; %zu prefixes of IPv4, %zu of IPv6, %zu refused; %.1f MB",
			 c->prefix_tables.n - n_mmdb, n_mmdb, report.v4, report.v6, report.refused, report.bytes / 1e6);
	bad = line(p != NULL, true, "prefix tables", detail);
	prefixes_free(p);
	return bad;
}

/* What is wrong with it does not keep the sensor from starting. */
static int check_allow(const struct config *c)
{
	struct allow_report report;
	struct allow *a = allow_load(c->allow_file, &report);
	uint64_t now = (uint64_t)time(NULL) * 1000000000;
	char detail[PATH_MAX + 128];
	size_t over = 0;
	int bad;

	for (size_t i = 0; i < allow_count(a); i++)
		over += allow_expired(allow_get(a, i), now);
	snprintf(detail, sizeof(detail), "%s: %zu entries, %zu of them over, %zu lines refused", c->allow_file, report.entries,
		 over, report.refused);
	bad = line(a && !report.refused, false, "allowed", a ? detail : c->allow_file);
	allow_free(a);
	snprintf(detail, sizeof(detail), "%zu built in%s", builtin_count(BUILTIN_UPDATES),
		 c->updates ? "" : ", not used: detect.updates is off");
	return bad | line(true, true, "update domains", detail);
}

static int check_model(const struct config *c)
{
	char error[512], detail[640];
	struct model *m;
	int bad;

	if (!c->detect)
		return line(true, true, "model", "not used: detect.enabled is off");
	m = model_load(c->model, error, sizeof(error));
	if (m)
		snprintf(detail, sizeof(detail), "%s: %s, %zu rows of HTTP, %zu of DNS", *c->model ? c->model : "builtin", m->id,
			 m->http_rows, m->dns_rows);
	bad = line(m != NULL, true, "model", m ? detail : error);
	model_free(m);
	return bad;
}

/* Where the file is not there yet, its folder counts; a missing folder is made at start, if the one above is there. */
static bool can_make(const char *path)
{
	char folder[PATH_MAX];
	const char *slash = strrchr(path, '/');

	snprintf(folder, sizeof(folder), "%.*s", slash ? (int)(slash - path) + (slash == path) : 1, slash ? path : ".");
	if (!access(folder, W_OK | X_OK))
		return true;
	slash = strrchr(folder, '/');
	if (errno != ENOENT || !slash)
		return false;
	snprintf(folder, sizeof(folder), "%.*s", (int)(slash - folder) + (slash == folder), path);
	return !access(folder, W_OK | X_OK);
}

/* Whatever is wrong with it, the sensor starts. */
static int check_store(const struct config *c)
{
	char why[STORE_WHY], detail[STORE_WHY + 64];
	sqlite3 *db = NULL;
	struct stat st;
	int version;

	if (!c->store_enabled)
		return line(true, false, "store", "none: store.enabled is off");
	if (stat(c->store_path, &st)) {
		bool good = errno == ENOENT && can_make(c->store_path);

		snprintf(detail, sizeof(detail), "%.300s: %s", c->store_path, good ? "made at start" : strerror(errno));
		return line(good, false, "store", detail);
	}
	if (access(c->store_path, W_OK)) {
		snprintf(detail, sizeof(detail), "%.300s: %s", c->store_path, strerror(errno));
		return line(false, false, "store", detail);
	}
	if (!st.st_size) {
		snprintf(detail, sizeof(detail), "%.300s: empty", c->store_path);
		return line(true, false, "store", detail);
	}
	if (schema_open_reader(c->store_path, &db, why))
		return line(false, false, "store", why);
	version = (int)schema_number(db, "PRAGMA user_version");
	snprintf(detail, sizeof(detail), "%.300s: version %d, %lld pairs, %lld alerts, %.1f MB", c->store_path, version,
		 (long long)schema_number(db, "SELECT count(*) FROM pairs"),
		 (long long)schema_number(db, "SELECT count(*) FROM alerts"), st.st_size / 1e6);
	sqlite3_close(db);
	return line(true, false, "store", detail);
}

static int check_interfaces(const struct config *c)
{
	char name[64];
	int bad = 0;

	for (size_t i = 0; i < c->interfaces.n; i++) {
		char path[300];

		snprintf(path, sizeof(path), "/sys/class/net/%s", c->interfaces.item[i]);
		bad |= line(access(path, F_OK) == 0, true, "interface", c->interfaces.item[i]);
	}
	if (c->interfaces.n == 0) {
		bool found = links_default_interface(name, sizeof(name));

		bad |= line(found, true, "interface",
			    found ? name : "no default route; name one with -i or interfaces:");
	}
	return bad;
}

int cmd_check(int argc, char **argv)
{
	struct cmd_options o;
	int status = cmd_parse(argc, argv, options, usage, &o);

	if (status >= 0)
		return status;
	if (!cmd_no_operands(argc, argv)) {
		cmd_options_free(&o);
		return EXIT_USAGE;
	}
	if (o.defaults) {
		config_print_defaults(stdout);
		cmd_options_free(&o);
		return 0;
	}
	printf("%-7s %-22s %s%s\n", "ok", "configuration", o.config_path,
	       o.config_given || access(o.config_path, F_OK) == 0 ? "" : " (not there: defaults)");
	status = check_kernel();
	status |= check_public_suffixes(&o.config);
	status |= check_lists(&o.config);
	check_enforcement(&o.config);
	status |= check_allow(&o.config);
	status |= check_prefixes(&o.config);
	status |= check_model(&o.config);
	status |= check_store(&o.config);
	status |= check_interfaces(&o.config);
	status |= check_programs();
	cmd_options_free(&o);
	return status ? EXIT_FAILED : 0;
}
