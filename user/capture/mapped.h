/* mapped.h: the frames of a capture file out of mapped memory: pcap and pcapng as nearly all of them are.
 * Whatever is odd about a file is left to libpcap, which then also says what is wrong with it. */
#ifndef METSUKE_CAPTURE_MAPPED_H
#define METSUKE_CAPTURE_MAPPED_H

#include <stdbool.h>
#include <stdint.h>

struct mapped;

struct mapped_frame {
	const uint8_t *data; /* valid until the next call */
	uint32_t len;
	uint64_t time_ns; /* since 1970 */
};

/* fd: a regular file that libpcap has opened as a capture, borrowed; snaplen: as libpcap gives it. NULL:
 * libpcap has to read it. One at a time: SIGBUS is ours while it is open. */
struct mapped *mapped_open(int fd, uint32_t snaplen);
void mapped_close(struct mapped *m);

/* Returns 1 with a frame; 0 where the file ends behind a whole one; -1 where libpcap has to go on. Frames
 * are what libpcap would give, in its order. */
int mapped_next(struct mapped *m, struct mapped_frame *ret_frame);

/* Was the file cut, or did it fail, under the frame that was given last? That one is not to be used. */
bool mapped_is_torn(const struct mapped *m);

/* Bytes read. */
uint64_t mapped_position(const struct mapped *m);

#endif
