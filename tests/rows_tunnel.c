/* rows_tunnel.c: rows for the tunnels that include/packet.h looks into. */
#include "rows.h"

#define ALL_TUNNELS (TUNNEL_GRE | TUNNEL_IPIP | TUNNEL_VXLAN)
#define QUERY "wire=33 192.0.2.1:40000>192.0.2.53:53 "

static struct pkt *tunnel_row(const char *name, unsigned int tunnels)
{
	struct pkt *p;

	row_new(name)->settings.tunnels = tunnels;
	p = row_frame();
	pkt_eth(p);
	return p;
}

static void query(struct pkt *p)
{
	pkt_ip4(p, 0);
	pkt_udp(p, 40000, 53);
	pkt_dns(p, 0x0100);
	pkt_question(p, "www.example.com", 1);
}

static struct pkt *gre(const char *name, unsigned int tunnels, __u32 flags)
{
	struct pkt *p = tunnel_row(name, tunnels);

	pkt_ip4(p, 0);
	pkt_gre(p, flags);
	return p;
}

static void gre_rows(void)
{
	struct pkt *p;

	query(gre("GRE", ALL_TUNNELS, 0));
	row_expect(OUTCOME_dns, 0, QUERY "tunnel=1");
	query(gre("GRE not looked into", TUNNEL_IPIP | TUNNEL_VXLAN, 0));
	row_expect(OUTCOME_not_transport, 0, "");
	query(gre("GRE with checksum, key and number", TUNNEL_GRE, 0xb000));
	row_expect(OUTCOME_dns, 0, QUERY "tunnel=1");
	query(gre("GRE with routing", ALL_TUNNELS, 0x4000));
	row_expect(OUTCOME_not_transport, 0, "");
	query(gre("GRE version 1", ALL_TUNNELS, 0x0001));
	row_expect(OUTCOME_not_transport, 0, "");
	p = gre("GRE with Ethernet and a tag inside", ALL_TUNNELS, 0);
	pkt_eth(p);
	pkt_vlan(p, ETHERTYPE_VLAN, 11);
	query(p);
	row_expect(OUTCOME_dns, 0, QUERY "tunnel=1 vlan=11");
	p = gre("GRE with Ethernet cut", ALL_TUNNELS, 0);
	pkt_eth(p);
	p->len--;
	row_expect(OUTCOME_bad_link, 0, "");
	p = gre("GRE with IPv6 inside", ALL_TUNNELS, 0);
	pkt_ip6(p);
	pkt_udp(p, 53, 40000);
	pkt_dns(p, 0x8180);
	row_expect(OUTCOME_dns, 0, "v6 wire=12 tunnel=1 2001:db8::1:53>2001:db8::53:40000");
	p = gre("GRE with something else inside", ALL_TUNNELS, 0);
	query(p);
	pkt_poke16(p, 14 + 20 + 2, 0x8847);
	row_expect(OUTCOME_not_ip, 0, "");
	p = gre("GRE in GRE", ALL_TUNNELS, 0);
	pkt_ip4(p, 0);
	pkt_gre(p, 0);
	query(p);
	row_expect(OUTCOME_not_transport, 0, "");
	gre("GRE cut", ALL_TUNNELS, 0)->len--;
	row_expect(OUTCOME_bad_tunnel, 0, "");
	gre("GRE checksum cut", ALL_TUNNELS, 0x8000)->len--;
	row_expect(OUTCOME_bad_tunnel, 0, "");
	gre("GRE key cut", ALL_TUNNELS, 0x2000)->len--;
	row_expect(OUTCOME_bad_tunnel, 0, "");
	gre("GRE number cut", ALL_TUNNELS, 0x3000)->len--;
	row_expect(OUTCOME_bad_tunnel, 0, "");
	p = gre("later fragment inside GRE", ALL_TUNNELS, 0);
	query(p);
	pkt_poke16(p, p->ip + 6, 5);
	row_expect(OUTCOME_fragment, 0, "");
}

static void ipip_rows(void)
{
	struct pkt *p;

	p = tunnel_row("IPv4 in IPv4", ALL_TUNNELS);
	pkt_ip4(p, 0);
	query(p);
	row_expect(OUTCOME_dns, 0, QUERY "tunnel=2");
	p = tunnel_row("IPv4 in IPv4 not looked into", TUNNEL_GRE | TUNNEL_VXLAN);
	pkt_ip4(p, 0);
	query(p);
	row_expect(OUTCOME_not_transport, 0, "");
	p = tunnel_row("IPv4 in IPv6", ALL_TUNNELS);
	pkt_ip6(p);
	query(p);
	row_expect(OUTCOME_dns, 0, QUERY "tunnel=2 v4");
	p = tunnel_row("IPv6 in IPv4", ALL_TUNNELS);
	pkt_ip4(p, 0);
	pkt_ip6(p);
	pkt_udp(p, 40000, 53);
	pkt_dns(p, 0);
	row_expect(OUTCOME_dns, 0, "v6 tunnel=2 wire=12");
	p = tunnel_row("inner header cut", ALL_TUNNELS);
	pkt_ip4(p, 0);
	pkt_ip4(p, 0);
	p->len--;
	row_expect(OUTCOME_bad_ip, 0, "");
	p = tunnel_row("HTTP in IPv4 in IPv4", ALL_TUNNELS);
	pkt_ip4(p, 8);
	pkt_ip4(p, 4);
	pkt_tcp(p, 40000, 80, 1, 0);
	pkt_http(p, "GET", "/t", "a.example");
	row_expect(OUTCOME_http, 0, "tunnel=2 target=/t");
}

static struct pkt *vxlan(const char *name, unsigned int tunnels)
{
	struct pkt *p = tunnel_row(name, tunnels);

	pkt_ip4(p, 0);
	pkt_udp(p, 50000, 4789);
	pkt_vxlan(p);
	pkt_eth(p);
	query(p);
	return p;
}

static void vxlan_rows(void)
{
	const unsigned int udp = 14 + 20;
	struct pkt *p;

	vxlan("VXLAN", TUNNEL_VXLAN);
	row_expect(OUTCOME_dns, 0, QUERY "tunnel=4");
	vxlan("VXLAN not looked into", TUNNEL_GRE | TUNNEL_IPIP);
	row_expect(OUTCOME_not_dns_port, 0, "");
	p = vxlan("VXLAN's port is another", ALL_TUNNELS);
	pkt_poke16(p, udp + 2, 4788);
	row_expect(OUTCOME_not_dns_port, 0, "");
	p = vxlan("VXLAN without its flag", ALL_TUNNELS);
	pkt_poke8(p, udp + 8, 0);
	row_expect(OUTCOME_not_dns_port, 0, "");
	p = vxlan("VXLAN cut", ALL_TUNNELS);
	p->len = udp + 15;
	row_expect(OUTCOME_not_dns_port, 0, "");
	p = vxlan("VXLAN with the inner Ethernet cut", ALL_TUNNELS);
	p->len = udp + 16 + 13;
	row_expect(OUTCOME_bad_link, 0, "");
	p = vxlan("VXLAN around an IPv4 header with ihl 4", ALL_TUNNELS);
	pkt_poke8(p, p->ip, 0x44);
	row_expect(OUTCOME_bad_ip, 0, "");
}

void rows_tunnel(void)
{
	gre_rows();
	ipip_rows();
	vxlan_rows();
}
