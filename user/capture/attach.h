/* attach.h: the packet programs on one interface. Links where the kernel has them, so that a crash
 * detaches; else clsact with a handle of our own. */
#ifndef METSUKE_CAPTURE_ATTACH_H
#define METSUKE_CAPTURE_ATTACH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum xdp_mode { XDP_NOT_ATTACHED, XDP_NATIVE, XDP_GENERIC, XDP_NOT_WANTED };
enum tc_mode { TC_NOT_ATTACHED, TC_TCX, TC_CLSACT };

struct attach_programs {
	int xdp, xdp_ip; /* descriptors; _ip for devices without a link layer */
	int tc, tc_ip;
};

struct attachment {
	uint32_t ifindex; /* 0: nothing is attached */
	enum xdp_mode xdp;
	enum tc_mode tc;
	int xdp_link; /* -1: none */
	int tc_link;
	bool made_qdisc;
	uint32_t tc_handle;
};

/* XDP ingress (native, else generic; not on loopback) and TC egress (TCX, else clsact). tc_handle: tells
 * our clsact filter from another sensor's. Returns 0, or -errno with the reason in error[0..size). */
int attach_interface(struct attachment *a, const struct attach_programs *programs, uint32_t ifindex,
		     bool generic_only, uint32_t tc_handle, char *error, size_t size);

/* Takes everything back that attach_interface() put there, and nothing else. */
void detach_interface(struct attachment *a);

const char *xdp_mode_name(enum xdp_mode mode);
const char *tc_mode_name(enum tc_mode mode);

#endif
