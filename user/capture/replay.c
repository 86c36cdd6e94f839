/* replay.c: see replay.h. */
#include "capture/replay.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "capture/mapped.h"
#include "support/hash.h"

struct replay {
	pcap_t *pcap;
	struct mapped *mapped; /* reads in its place while the file is plain; or NULL */
	enum link_type link;
	uint64_t frames;
	uint64_t backwards;
	uint64_t last_ns;
	uint64_t size; /* of the file, bytes; 0: not known */
	struct mapped_frame frame; /* the last one, or one that was looked at ahead */
	bool ahead;
	int ahead_result;
	bool shrunk;
};

static bool link_of(int dlt, enum link_type *ret_link)
{
	switch (dlt) {
	case DLT_EN10MB:
		*ret_link = LINK_ETHERNET;
		return true;
	case DLT_LINUX_SLL:
		*ret_link = LINK_SLL;
		return true;
	case DLT_LINUX_SLL2:
		*ret_link = LINK_SLL2;
		return true;
	case DLT_NULL:
	case DLT_LOOP:
		*ret_link = LINK_NULL;
		return true;
	case DLT_RAW:
	case DLT_IPV4:
	case DLT_IPV6:
		*ret_link = LINK_IP;
		return true;
	default:
		return false;
	}
}

/* The command that unpacks the file; NULL: it is not packed, or not there. */
static const char *unpacked_by(const char *path)
{
	static const struct {
		const char *mark, *command;
	} kinds[] = { { "\x1f\x8b", "zcat" }, { "\x28\xb5\x2f\xfd", "zstdcat" }, { "\xfd\x37zXZ", "xzcat" }, { "BZh", "bzcat" } };
	char head[8] = { 0 };
	struct stat st;
	FILE *f = !stat(path, &st) && S_ISREG(st.st_mode) ? fopen(path, "re") : NULL;
	size_t n = f ? fread(head, 1, sizeof(head), f) : 0;

	if (f)
		fclose(f);
	for (size_t i = 0; n == sizeof(head) && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!memcmp(head, kinds[i].mark, strlen(kinds[i].mark)))
			return kinds[i].command;
	return NULL;
}

struct replay *replay_open(const char *path, char *error, size_t size)
{
	char why[PCAP_ERRBUF_SIZE] = "";
	struct replay *r = calloc(1, sizeof(*r));
	struct stat st;
	int dlt;

	if (!r) {
		snprintf(error, size, "out of memory");
		return NULL;
	}
	r->pcap = pcap_open_offline_with_tstamp_precision(path, PCAP_TSTAMP_PRECISION_NANO, why);
	if (!r->pcap) {
		const char *unpack = unpacked_by(path);

		if (unpack)
			snprintf(error, size, "cannot read capture %s: it is compressed; '%s %s | metsuke replay -' reads it", path,
				 unpack, path);
		else if (!strncmp(why, path, strlen(path)))
			snprintf(error, size, "cannot read capture %s", why);
		else
			snprintf(error, size, "cannot read capture %s: %s", path, why);
		free(r);
		return NULL;
	}
	dlt = pcap_datalink(r->pcap);
	if (!link_of(dlt, &r->link)) {
		const char *name = pcap_datalink_val_to_description(dlt);

		snprintf(error, size, "cannot read capture %s: link type %d (%s) is not supported", path, dlt,
			 name ? name : "unknown");
		replay_close(r);
		return NULL;
	}
	if (!fstat(fileno(pcap_file(r->pcap)), &st) && S_ISREG(st.st_mode))
		r->size = st.st_size;
	if (r->size && strcmp(path, "-") != 0)
		r->mapped = mapped_open(fileno(pcap_file(r->pcap)), pcap_snapshot(r->pcap));
	return r;
}

void replay_close(struct replay *r)
{
	if (!r)
		return;
	mapped_close(r->mapped);
	pcap_close(r->pcap);
	free(r);
}

/* 1, 0 at the end, -1. */
static int next_by_pcap(struct replay *r)
{
	struct pcap_pkthdr *header;
	int result = pcap_next_ex(r->pcap, &header, &r->frame.data);

	if (result != 1)
		return result == PCAP_ERROR_BREAK ? 0 : -1;
	r->frame.len = header->caplen;
	r->frame.time_ns = (uint64_t)header->ts.tv_sec * 1000000000 + (uint64_t)header->ts.tv_usec; /* ns: asked for */
	return 1;
}

/* libpcap goes on behind the frames that were read, whatever comes there. */
static int next_after_mapped(struct replay *r)
{
	mapped_close(r->mapped);
	r->mapped = NULL;
	for (uint64_t i = 0; i < r->frames; i++) {
		if (next_by_pcap(r) != 1) {
			r->shrunk = true;
			return -1;
		}
	}
	return next_by_pcap(r);
}

static int next_frame(struct replay *r)
{
	int result;

	if (r->ahead) {
		r->ahead = false;
		return r->ahead_result;
	}
	if (!r->mapped)
		return r->shrunk ? -1 : next_by_pcap(r);
	result = mapped_next(r->mapped, &r->frame);
	return result < 0 ? next_after_mapped(r) : result;
}

int replay_next(struct replay *r, struct native *n, struct record **ret_rec)
{
	struct record *rec;
	int result;

	for (;;) {
		result = next_frame(r);
		if (result != 1)
			return result;
		rec = NULL;
		if (!native_skip(n, r->frame.data, r->frame.len, r->link))
			rec = native_look(n, r->frame.data, r->frame.len, r->link, NULL);
		if (!r->mapped || !mapped_is_torn(r->mapped))
			break; /* else it comes again, from libpcap */
	}
	r->frames++;
	if (r->frame.time_ns < r->last_ns)
		r->backwards++;
	r->last_ns = r->frame.time_ns;
	if (rec)
		rec->head.time_ns = r->frame.time_ns;
	*ret_rec = rec;
	return 1;
}

const char *replay_error(struct replay *r)
{
	return r->shrunk ? "the file became shorter while it was read" : pcap_geterr(r->pcap);
}

uint64_t replay_frames(const struct replay *r)
{
	return r->frames;
}

double replay_progress(const struct replay *r)
{
	long at = r->mapped ? (long)mapped_position(r->mapped) : r->size ? ftell(pcap_file(r->pcap)) : -1;

	return at < 0 ? -1 : (double)at / r->size;
}

uint64_t replay_backwards(const struct replay *r)
{
	return r->backwards;
}

uint64_t replay_id(struct replay *r)
{
	if (!r->ahead) {
		r->ahead_result = next_frame(r);
		r->ahead = true;
	}
	if (r->ahead_result != 1)
		return 0;
	return hash_bytes(r->frame.data, r->frame.len, r->frame.time_ns);
}
