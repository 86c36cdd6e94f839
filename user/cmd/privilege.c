/* privilege.c: see privilege.h. */
#include "cmd/privilege.h"

#include <cap-ng.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

#include "support/log.h"

/* What each is for: load programs; read kernel memory in the owner hooks; attach; other users'
 * /proc/PID/exe; cgroup paths by handle. */
static const struct {
	unsigned int capability;
	const char *name;
	int needed; /* without it nothing works */
} wanted[] = {
	{ CAP_BPF, "CAP_BPF", 1 },
	{ CAP_PERFMON, "CAP_PERFMON", 1 },
	{ CAP_NET_ADMIN, "CAP_NET_ADMIN", 1 },
	{ CAP_SYS_PTRACE, "CAP_SYS_PTRACE", 0 },
	{ CAP_DAC_READ_SEARCH, "CAP_DAC_READ_SEARCH", 0 },
};

#define N_WANTED (sizeof(wanted) / sizeof(wanted[0]))

int privilege_check(void)
{
	char missing[128] = "";

	if (capng_get_caps_process()) {
		log_warning("cannot read this process's capabilities");
		return 0;
	}
	for (size_t i = 0; i < N_WANTED; i++) {
		size_t len = strlen(missing);

		if (wanted[i].needed && !capng_have_capability(CAPNG_EFFECTIVE, wanted[i].capability))
			snprintf(missing + len, sizeof(missing) - len, " %s", wanted[i].name);
	}
	if (!missing[0])
		return 0;
	log_error("not permitted: missing%s; run as root (sudo metsuke run)", missing);
	return -1;
}

void privilege_drop(void)
{
	capng_clear(CAPNG_SELECT_BOTH);
	for (size_t i = 0; i < N_WANTED; i++)
		capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED | CAPNG_BOUNDING_SET, wanted[i].capability);
	if (capng_apply(CAPNG_SELECT_BOTH))
		log_warning("cannot give up privileges that are not needed any more");
	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); /* cannot fail with these arguments */
}
