/* replay.h: packets out of capture files, turned into the records that the programs would have sent. */
#ifndef METSUKE_CAPTURE_REPLAY_H
#define METSUKE_CAPTURE_REPLAY_H

#include <stddef.h>
#include <stdint.h>

#include "capture/native.h"

struct replay;

/* path: pcap or pcapng, "-" for standard input. NULL with a message in error[0..size). */
struct replay *replay_open(const char *path, char *error, size_t size);
void replay_close(struct replay *r);

/* The next frame's record, with the frame's time; *ret_rec is NULL where the frame has none. Returns 1;
 * 0 at the end; -1 when the capture is broken here (replay_error() says how). */
int replay_next(struct replay *r, struct native *n, struct record **ret_rec);

const char *replay_error(struct replay *r);

/* Frames so far; share of the file that was read, 0..1, or negative where it is not known. */
uint64_t replay_frames(const struct replay *r);
double replay_progress(const struct replay *r);

/* Frames whose capture time was before the one before them. */
uint64_t replay_backwards(const struct replay *r);

/* A number that tells this capture from others: from its first frame. 0: it has none. */
uint64_t replay_id(struct replay *r);

#endif
