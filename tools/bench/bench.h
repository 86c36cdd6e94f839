/* bench.h: what the bench's programs are told before they are loaded. */
#ifndef METSUKE_BENCH_H
#define METSUKE_BENCH_H

#include <linux/types.h>

struct bench_settings {
	__u64 record_bytes; /* of the bare records; reserve wants a constant */
	__u64 name_at;	    /* where in the frame the label stands that xdp_vary changes */
};

#define NAME_LABEL 8 /* its bytes */
#define BATCH 8	     /* records that go to the ring as one */

#endif
