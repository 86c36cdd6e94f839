/* guard.h: a frame whose last byte is the last one that may be read: an unreadable page follows. */
#ifndef METSUKE_TESTS_GUARD_H
#define METSUKE_TESTS_GUARD_H

#include <linux/types.h>

/* Copies the frame to the end of the pages; valid until the next call. Frames up to 64 KiB and a little. */
const __u8 *guard_place(const __u8 *data, unsigned int len);

#endif
