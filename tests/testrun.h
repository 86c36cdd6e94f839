/* testrun.h: the packet programs of sensor.bpf.o, loaded but attached to nothing, and run by the kernel on
 * one frame at a time. */
#ifndef METSUKE_TESTS_TESTRUN_H
#define METSUKE_TESTS_TESTRUN_H

#include <stdbool.h>

#include "intel/indicators.h"
#include "pinned.h"
#include "rows.h"
#include "seen.h"

enum hook { HOOK_XDP, HOOK_TC, N_HOOKS };

extern const char *const hook_names[N_HOOKS];

/* For TC a frame fits into a page together with what the kernel puts around it; XDP has fragments. */
#define TESTRUN_MIN 14
#define TESTRUN_MAX_TC 3500
#define TESTRUN_MAX 65535

struct testrun;

/* Does the kernel's test-run take this frame? For TC it wants the IP header that the EtherType promises. */
bool testrun_takes(enum hook hook, const __u8 *data, unsigned int len);

/* Loads $BPF_DIR/sensor.bpf.o (default: the build's). ring_bytes: size of the ring, 0 for the object's own.
 * NULL: it said why on standard error. */
struct testrun *testrun_new(unsigned int ring_bytes);
void testrun_free(struct testrun *t);

/* From now on XDP programs find only so many bytes of each frame in its linear part; 0: all that fit. Returns
 * false where the kernel's test-run knows no such thing (before 6.18). */
bool testrun_linear(struct testrun *t, unsigned int bytes);

/* Writes the settings, forgets unfinished heads. */
void testrun_reset(struct testrun *t, const struct settings *settings);

/* One frame through one program. ingress: interface that the frame came in by, for TC; else 0. What the
 * program returned is checked too. NULL, or what went wrong before there was anything to see. */
const char *testrun_look(struct testrun *t, enum hook hook, enum link_type link, const __u8 *data,
			 unsigned int len, unsigned int ingress, struct seen *s);

/* Interfaces whose ingress counts as watched. Returns 0, or -errno. */
int testrun_watch(struct testrun *t, unsigned int ifindex);

/* The lists that the programs ask from now on, connection starts among what is of interest. Returns 0, or
 * -errno. */
int testrun_lists(struct testrun *t, const struct indicators *set);

/* A verdict in the map `flagged`; f NULL takes it out. */
void testrun_flag(struct testrun *t, const struct flagged_key *key, const struct flagged *f);

/* The programs' own: what is stored there is true at once. */
struct settings *testrun_settings(struct testrun *t);

/* Leaves records in the ring from now on, as a reader that does not keep up. */
void testrun_stall(struct testrun *t);

#endif
