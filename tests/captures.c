/* captures.c: see captures.h. */
#include "captures.h"

#include <glob.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tap.h"

const struct captures *captures_all(void)
{
	static struct captures all;
	const char *shared = getenv("METSUKE_SHARED");
	char pattern[4096];
	glob_t found;

	if (all.n)
		return &all;
	snprintf(pattern, sizeof(pattern), "%s/corpus/pcap/*.pcap*", shared ? shared : "../shared");
	if (glob(pattern, 0, NULL, &found)) {
		tap_skip("set METSUKE_SHARED", "captures: none at %s", pattern);
		return NULL;
	}
	all.n = found.gl_pathc;
	all.paths = found.gl_pathv;
	return &all;
}

const char *capture_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static int link_of(int datalink, enum link_type *link)
{
	switch (datalink) {
	case DLT_EN10MB:
		*link = LINK_ETHERNET;
		return 0;
	case DLT_LINUX_SLL:
		*link = LINK_SLL;
		return 0;
	case DLT_LINUX_SLL2:
		*link = LINK_SLL2;
		return 0;
	case DLT_NULL:
		*link = LINK_NULL;
		return 0;
	case DLT_RAW:
		*link = LINK_IP;
		return 0;
	}
	return -1;
}

const char *capture_each(const char *path,
			 const char *(*look)(void *ctx, enum link_type link, const __u8 *data, unsigned int len),
			 void *ctx, unsigned int *ret_frame)
{
	static char why[PCAP_ERRBUF_SIZE];
	pcap_t *pcap = pcap_open_offline(path, why);
	const char *wrong = NULL;
	struct pcap_pkthdr *head;
	enum link_type link;
	const __u8 *data;

	*ret_frame = 0;
	if (!pcap)
		return why;
	if (!link_of(pcap_datalink(pcap), &link)) {
		while (!wrong && pcap_next_ex(pcap, &head, &data) == 1) {
			++*ret_frame;
			wrong = look(ctx, link, data, head->caplen);
		}
	}
	pcap_close(pcap);
	return wrong;
}
