/* attach.c: see attach.h. */
#include "capture/attach.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/interface.h"

/* include/uapi/linux/bpf.h since 6.6; Debian 12's headers are older. */
#define TCX_EGRESS 47

#define TC_PRIORITY 49152

const char *xdp_mode_name(enum xdp_mode mode)
{
	static const char *const names[] = { "none", "native", "generic", "none" };

	return names[mode];
}

const char *tc_mode_name(enum tc_mode mode)
{
	static const char *const names[] = { "none", "tcx", "clsact" };

	return names[mode];
}

/* Loopback? A device without a link layer? */
static int device_kind(uint32_t ifindex, bool *ret_loopback, bool *ret_ip_only)
{
	struct ifreq request = { 0 };
	const char *name = interface_name(ifindex);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), err = 0;

	*ret_loopback = *ret_ip_only = false;
	if (fd < 0)
		return -errno;
	if (!name) {
		close(fd);
		return -ENODEV;
	}
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	if (ioctl(fd, SIOCGIFHWADDR, &request))
		err = -errno;
	close(fd);
	*ret_loopback = request.ifr_hwaddr.sa_family == ARPHRD_LOOPBACK;
	*ret_ip_only = request.ifr_hwaddr.sa_family != ARPHRD_LOOPBACK &&
		       request.ifr_hwaddr.sa_family != ARPHRD_ETHER;
	return err;
}

static int attach_xdp(struct attachment *a, int program, uint32_t ifindex, bool generic_only)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts);
	int err = -EOPNOTSUPP;

	if (!generic_only) {
		opts.flags = XDP_FLAGS_DRV_MODE;
		a->xdp_link = bpf_link_create(program, ifindex, BPF_XDP, &opts);
		if (a->xdp_link >= 0) {
			a->xdp = XDP_NATIVE;
			return 0;
		}
		err = -errno;
		if (err == -EBUSY || err == -EPERM)
			return err;
	}
	opts.flags = XDP_FLAGS_SKB_MODE;
	a->xdp_link = bpf_link_create(program, ifindex, BPF_XDP, &opts);
	if (a->xdp_link < 0)
		return -errno;
	a->xdp = XDP_GENERIC;
	return 0;
}

/* A filter with our handle that an earlier run left when it was killed is taken over by replacing it. */
static int attach_clsact(struct attachment *a, int program, uint32_t ifindex)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = ifindex, .attach_point = BPF_TC_EGRESS);
	LIBBPF_OPTS(bpf_tc_opts, opts, .prog_fd = program, .handle = a->tc_handle, .priority = TC_PRIORITY,
		    .flags = BPF_TC_F_REPLACE);
	int err = bpf_tc_hook_create(&hook);

	if (err && err != -EEXIST)
		return err;
	a->made_qdisc = err == 0;
	err = bpf_tc_attach(&hook, &opts);
	if (!err)
		a->tc = TC_CLSACT;
	return err;
}

static int attach_tc(struct attachment *a, int program, uint32_t ifindex)
{
	a->tc_link = bpf_link_create(program, ifindex, TCX_EGRESS, NULL);
	if (a->tc_link >= 0) {
		a->tc = TC_TCX;
		return 0;
	}
	return attach_clsact(a, program, ifindex);
}

static const char *reason(int err)
{
	switch (err) {
	case -EBUSY:
		return "another XDP program is attached; `ip link show` tells, detach it first";
	case -EPERM:
		return "not permitted; CAP_NET_ADMIN and CAP_BPF are needed";
	case -ENODEV:
		return "no such interface";
	default:
		return strerror(-err);
	}
}

int attach_interface(struct attachment *a, const struct attach_programs *programs, uint32_t ifindex,
		     bool generic_only, uint32_t tc_handle, char *error, size_t size)
{
	bool loopback, ip_only;
	int err;

	memset(a, 0, sizeof(*a));
	a->xdp_link = a->tc_link = -1;
	a->tc_handle = tc_handle;
	err = device_kind(ifindex, &loopback, &ip_only);
	if (err) {
		snprintf(error, size, "%s", reason(err));
		return err;
	}
	a->ifindex = ifindex;
	if (loopback) {
		a->xdp = XDP_NOT_WANTED;
	} else {
		err = attach_xdp(a, ip_only ? programs->xdp_ip : programs->xdp, ifindex, generic_only);
		if (err) {
			snprintf(error, size, "XDP: %s", reason(err));
			detach_interface(a);
			return err;
		}
	}
	err = attach_tc(a, ip_only ? programs->tc_ip : programs->tc, ifindex);
	if (err) {
		snprintf(error, size, "TC egress: %s", reason(err));
		detach_interface(a);
	}
	return err;
}

static int on_filter(const struct nlmsghdr *m, void *found)
{
	*(bool *)found |= m->nlmsg_type == RTM_NEWTFILTER;
	return MNL_CB_OK;
}

/* Is there a filter left on one side of the interface's clsact? Taken for yes where it cannot be told. */
static bool side_in_use(struct mnl_socket *s, uint32_t ifindex, uint32_t side)
{
	char buffer[MNL_SOCKET_BUFFER_SIZE];
	struct nlmsghdr *m = mnl_nlmsg_put_header(buffer);
	struct tcmsg *tc;
	bool found = false;
	int more = MNL_CB_OK;

	m->nlmsg_type = RTM_GETTFILTER;
	m->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	m->nlmsg_seq = side;
	tc = mnl_nlmsg_put_extra_header(m, sizeof(*tc));
	tc->tcm_family = AF_UNSPEC;
	tc->tcm_ifindex = ifindex;
	tc->tcm_parent = TC_H_MAKE(TC_H_CLSACT, side);
	if (mnl_socket_sendto(s, m, m->nlmsg_len) < 0)
		return true;
	while (more > MNL_CB_STOP) {
		ssize_t len = mnl_socket_recvfrom(s, buffer, sizeof(buffer));

		if (len < 0)
			return true;
		more = mnl_cb_run(buffer, len, side, mnl_socket_get_portid(s), on_filter, &found);
	}
	return more < 0 || found;
}

static bool clsact_in_use(uint32_t ifindex)
{
	struct mnl_socket *s = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	bool used = true;

	if (!s)
		return true;
	if (!mnl_socket_bind(s, 0, MNL_SOCKET_AUTOPID))
		used = side_in_use(s, ifindex, TC_H_MIN_INGRESS) || side_in_use(s, ifindex, TC_H_MIN_EGRESS);
	mnl_socket_close(s);
	return used;
}

void detach_interface(struct attachment *a)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = a->ifindex, .attach_point = BPF_TC_EGRESS);
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = a->tc_handle, .priority = TC_PRIORITY);

	if (!a->ifindex)
		return;
	if (a->xdp_link >= 0)
		close(a->xdp_link);
	if (a->tc_link >= 0)
		close(a->tc_link);
	if (a->tc == TC_CLSACT)
		(void)bpf_tc_detach(&hook, &opts); /* fails where the interface is gone, and the filter with it */
	if (a->made_qdisc && !clsact_in_use(a->ifindex)) { /* others may have put theirs on it since */
		hook.attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS;
		(void)bpf_tc_hook_destroy(&hook);
	}
	memset(a, 0, sizeof(*a));
	a->xdp_link = a->tc_link = -1;
}
