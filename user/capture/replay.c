/* replay.c: see replay.h. */
#include "capture/replay.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "support/hash.h"

struct replay {
	pcap_t *pcap;
	enum link_type link;
	uint64_t frames;
	uint64_t backwards;
	uint64_t last_ns;
	uint64_t size; /* of the file, bytes; 0: not known */
	struct pcap_pkthdr *header; /* a frame that was looked at ahead */
	const u_char *data;
	bool ahead;
	int ahead_result;
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
		if (!strncmp(why, path, strlen(path)))
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
	return r;
}

void replay_close(struct replay *r)
{
	if (!r)
		return;
	pcap_close(r->pcap);
	free(r);
}

static int next_frame(struct replay *r)
{
	if (r->ahead) {
		r->ahead = false;
		return r->ahead_result;
	}
	return pcap_next_ex(r->pcap, &r->header, &r->data);
}

static uint64_t frame_time(const struct replay *r)
{
	return (uint64_t)r->header->ts.tv_sec * 1000000000 + (uint64_t)r->header->ts.tv_usec; /* ns: asked for */
}

int replay_next(struct replay *r, struct native *n, struct record **ret_rec)
{
	int result = next_frame(r);
	struct record *rec;
	uint64_t now;

	if (result == PCAP_ERROR_BREAK)
		return 0;
	if (result != 1)
		return -1;
	r->frames++;
	now = frame_time(r);
	if (now < r->last_ns)
		r->backwards++;
	r->last_ns = now;
	rec = native_look(n, r->data, r->header->caplen, r->link, NULL);
	if (rec)
		rec->head.time_ns = now;
	*ret_rec = rec;
	return 1;
}

const char *replay_error(struct replay *r)
{
	return pcap_geterr(r->pcap);
}

uint64_t replay_frames(const struct replay *r)
{
	return r->frames;
}

double replay_progress(const struct replay *r)
{
	long at = r->size ? ftell(pcap_file(r->pcap)) : -1;

	return at < 0 ? -1 : (double)at / r->size;
}

uint64_t replay_backwards(const struct replay *r)
{
	return r->backwards;
}

uint64_t replay_id(struct replay *r)
{
	if (!r->ahead) {
		r->ahead_result = pcap_next_ex(r->pcap, &r->header, &r->data);
		r->ahead = true;
	}
	if (r->ahead_result != 1)
		return 0;
	return hash_bytes(r->data, r->header->caplen, frame_time(r));
}
