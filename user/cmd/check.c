/* check.c: metsuke check. */
#include <bpf/libbpf.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "capture/links.h"
#include "capture/live.h"
#include "cmd/cmd.h"
#include "cmd/privilege.h"
#include "intel/intel.h"
#include "observe/domain.h"
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

static int check_lists(const struct config *c)
{
	struct intel *in = intel_load(c, 1);
	char detail[64] = "not one entry, or not to be read: see above";
	int bad;

	if (in)
		snprintf(detail, sizeof(detail), "%zu, with %zu entries", in->lists.n, indicators_count(in->set));
	bad = line(in != NULL, true, "lists", detail);
	intel_free(in);
	return bad;
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
	status |= check_interfaces(&o.config);
	status |= check_programs();
	cmd_options_free(&o);
	return status ? EXIT_FAILED : 0;
}
