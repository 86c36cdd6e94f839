/* beside_pcap.h: the mapped reader and libpcap on the same file, frame by frame. */
#ifndef METSUKE_TESTS_BESIDE_PCAP_H
#define METSUKE_TESTS_BESIDE_PCAP_H

#include <pcap/pcap.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "capture/mapped.h"

struct beside {
	unsigned int frames; /* that the mapped reader gave */
	int end;	     /* its last word: 0 or -1; -2: it does not take the file */
	bool broken;	     /* libpcap cannot go on there either */
};

/* libpcap swaps bytes in the pseudo-headers of USB, NFLOG and, for CAN, cooked frames: nothing that is read. */
static inline bool beside_same_bytes(int datalink)
{
	return datalink == DLT_EN10MB || datalink == DLT_RAW || datalink == DLT_NULL || datalink == DLT_LINUX_SLL2;
}

/* What the mapped reader does that libpcap does not, or NULL. A file that libpcap refuses has no frames. */
static inline const char *beside_pcap(int fd, struct beside *b)
{
	const char *wrong = NULL;
	char why[PCAP_ERRBUF_SIZE];
	struct pcap_pkthdr *h;
	struct mapped_frame f;
	const unsigned char *data;
	int copy = dup(fd);
	FILE *file = copy < 0 ? NULL : fdopen(copy, "rb");
	pcap_t *pcap;
	struct mapped *m;

	b->frames = 0;
	b->end = -2;
	b->broken = false;
	if (!file)
		return "no file";
	rewind(file);
	pcap = pcap_fopen_offline_with_tstamp_precision(file, PCAP_TSTAMP_PRECISION_NANO, why);
	if (!pcap) {
		fclose(file);
		return NULL;
	}
	m = mapped_open(fd, pcap_snapshot(pcap));
	while (m && !wrong && (b->end = mapped_next(m, &f)) == 1) {
		b->frames++;
		if (pcap_next_ex(pcap, &h, &data) != 1)
			wrong = "a frame that libpcap does not have";
		else if (f.len != h->caplen)
			wrong = "another length than libpcap's";
		else if (beside_same_bytes(pcap_datalink(pcap)) && memcmp(f.data, data, f.len) != 0)
			wrong = "other bytes than libpcap's";
		else if (f.time_ns != (uint64_t)h->ts.tv_sec * 1000000000 + (uint64_t)h->ts.tv_usec)
			wrong = "another time than libpcap's";
	}
	if (b->end == 0 && pcap_next_ex(pcap, &h, &data) != PCAP_ERROR_BREAK)
		wrong = "an end where libpcap sees none";
	b->broken = b->end == -1 && pcap_next_ex(pcap, &h, &data) == PCAP_ERROR;
	mapped_close(m);
	pcap_close(pcap);
	return wrong;
}

#endif
