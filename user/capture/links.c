/* links.c: see links.h. */
#include "capture/links.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <net/route.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/interface.h"
#include "support/log.h"

#define MAX_ADDRESSES 1024

struct links {
	int fd;
	size_t n;
	uint8_t ip[MAX_ADDRESSES][16];
};

struct links *links_new(void)
{
	struct sockaddr_nl address = {
		.nl_family = AF_NETLINK,
		.nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR,
	};
	struct links *l = calloc(1, sizeof(*l));
	int err;

	if (!l)
		return NULL;
	l->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
	if (l->fd < 0 || bind(l->fd, (struct sockaddr *)&address, sizeof(address))) {
		err = errno;
		links_free(l);
		errno = err;
		return NULL;
	}
	links_read(l);
	return l;
}

void links_free(struct links *l)
{
	if (!l)
		return;
	if (l->fd >= 0)
		close(l->fd);
	free(l);
}

int links_fd(const struct links *l)
{
	return l->fd;
}

static int compare(const void *a, const void *b)
{
	return memcmp(a, b, 16);
}

static void add(struct links *l, const struct sockaddr *address)
{
	uint8_t *ip;

	if (!address || l->n >= MAX_ADDRESSES)
		return;
	ip = l->ip[l->n];
	memset(ip, 0, 16);
	if (address->sa_family == AF_INET) {
		ip[10] = ip[11] = 0xff;
		memcpy(ip + 12, &((const struct sockaddr_in *)address)->sin_addr, 4);
	} else if (address->sa_family == AF_INET6) {
		memcpy(ip, &((const struct sockaddr_in6 *)address)->sin6_addr, 16);
	} else {
		return;
	}
	l->n++;
}

void links_read(struct links *l)
{
	struct ifaddrs *all;
	char drain[8192];

	while (recv(l->fd, drain, sizeof(drain), 0) > 0)
		;
	interface_forget();
	if (getifaddrs(&all)) {
		log_warning("cannot read the machine's addresses: %s", strerror(errno));
		return;
	}
	l->n = 0;
	for (struct ifaddrs *a = all; a; a = a->ifa_next)
		add(l, a->ifa_addr);
	freeifaddrs(all);
	qsort(l->ip, l->n, 16, compare);
}

bool links_is_local(const struct links *l, const uint8_t ip[16])
{
	return bsearch(ip, l->ip, l->n, 16, compare);
}

static bool default_route4(char *name, size_t size)
{
	unsigned int best = ~0u, destination, flags, metric, mask;
	FILE *f = fopen("/proc/net/route", "re");
	char line[512], device[IF_NAMESIZE];

	if (!f)
		return false;
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%15s %x %*x %x %*d %*d %u %x", device, &destination, &flags, &metric, &mask) != 5)
			continue;
		if (destination || mask || !(flags & RTF_UP) || flags & RTF_REJECT || metric >= best)
			continue;
		best = metric;
		snprintf(name, size, "%s", device);
	}
	fclose(f);
	return best != ~0u;
}

static bool default_route6(char *name, size_t size)
{
	unsigned int best = ~0u, length, metric, flags;
	FILE *f = fopen("/proc/net/ipv6_route", "re");
	char line[512], destination[33], device[IF_NAMESIZE];

	if (!f)
		return false;
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%32s %x %*s %*x %*s %x %*x %*x %x %15s", destination, &length, &metric, &flags,
			   device) != 5)
			continue;
		if (length || strspn(destination, "0") != 32 || !(flags & RTF_UP) || flags & RTF_REJECT ||
		    metric >= best)
			continue;
		best = metric;
		snprintf(name, size, "%s", device);
	}
	fclose(f);
	return best != ~0u;
}

bool links_default_interface(char *name, size_t size)
{
	return default_route4(name, size) || default_route6(name, size);
}

bool links_stub_resolver(void)
{
	FILE *f = fopen("/etc/resolv.conf", "re");
	char line[512], server[64];
	bool found = false;

	if (!f)
		return false;
	while (!found && fgets(line, sizeof(line), f))
		if (sscanf(line, " nameserver %63s", server) == 1)
			found = !strncmp(server, "127.", 4) || !strcmp(server, "::1");
	fclose(f);
	return found;
}
