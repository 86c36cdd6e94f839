/* owner.h: the process behind a packet on its way out, by its socket's cookie. Packets that come in
 * have none here: the daemon gives a response its query's process. */
#ifndef METSUKE_BPF_OWNER_H
#define METSUKE_BPF_OWNER_H

#include "owner_map.h"

static __always_inline void owner_of_packet(struct __sk_buff *skb, struct owner_key *key)
{
	struct owner *o = 0;

	if (skb) {
		__u64 cookie = bpf_get_socket_cookie(skb);

		if (cookie)
			o = bpf_map_lookup_elem(&owners, &cookie);
	}
	__builtin_memset(key, 0, sizeof(*key));
	if (!o)
		return;
	key->start_ns = o->start_ns;
	key->tgid = o->tgid;
	key->exec_id = o->exec_id;
	key->uid = o->uid;
	key->quality = o->quality;
}

#endif
