/* peer.c: both ends of the traffic in the live test's guest.
 *   peer serve                  answers DNS (UDP 53) and HTTP (TCP 80), on every address, until it is killed
 *   peer dns ADDRESS NAME [MS]  one lookup, answered within so long (5000); names below nx. do not exist
 *   peer http ADDRESS HOST      one request
 * The clients print their pid and whether there was an answer, and exit 1 if not. */
#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int timeout_ms = 5000;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static int listen_on(int type, int port)
{
	struct sockaddr_in6 any = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	int fd = socket(AF_INET6, type, 0), one = 1, zero = 0;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof(zero));
	if (fd < 0 || bind(fd, (struct sockaddr *)&any, sizeof(any)) || (type == SOCK_STREAM && listen(fd, 8)))
		die("peer: bind");
	return fd;
}

/* The question comes back with one address, or as a name that does not exist. */
static void answer_dns(int fd)
{
	static const unsigned char address[] = "\xc0\x0c\0\x01\0\x01\0\0\0\x3c\0\x04\xc6\x12\x63\x63";
	struct sockaddr_in6 from;
	socklen_t from_len = sizeof(from);
	unsigned char m[600];
	ssize_t n = recvfrom(fd, m, 512, 0, (struct sockaddr *)&from, &from_len);

	if (n < 17)
		return;
	m[2] |= 0x84;
	if (!memcmp(m + 12, "\2nx", 3)) {
		m[3] = 3;
	} else {
		m[7] = 1;
		memcpy(m + n, address, sizeof(address) - 1);
		n += sizeof(address) - 1;
	}
	sendto(fd, m, n, 0, (struct sockaddr *)&from, from_len);
}

static void answer_http(int fd)
{
	static const char text[] = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nhi\n";
	char request[2048];
	int peer = accept(fd, NULL, NULL);

	if (peer < 0)
		return;
	if (read(peer, request, sizeof(request)) > 0 && write(peer, text, sizeof(text) - 1) < 0)
		perror("peer: write");
	close(peer);
}

static void serve(void)
{
	struct pollfd on[] = { { listen_on(SOCK_DGRAM, 53), POLLIN }, { listen_on(SOCK_STREAM, 80), POLLIN } };

	while (poll(on, 2, -1) > 0) {
		if (on[0].revents)
			answer_dns(on[0].fd);
		if (on[1].revents)
			answer_http(on[1].fd);
	}
}

static int open_to(const char *address, int type, int port, struct sockaddr_in6 *to, socklen_t *len)
{
	struct sockaddr_in *to4 = (struct sockaddr_in *)to;
	int fd;

	memset(to, 0, sizeof(*to));
	if (inet_pton(AF_INET6, address, &to->sin6_addr) == 1) {
		to->sin6_family = AF_INET6;
		to->sin6_port = htons(port);
		*len = sizeof(*to);
	} else if (inet_pton(AF_INET, address, &to4->sin_addr) == 1) {
		to4->sin_family = AF_INET;
		to4->sin_port = htons(port);
		*len = sizeof(*to4);
	}
	fd = socket(to->sin6_family, type, 0);
	if (fd < 0)
		die("peer: socket");
	return fd;
}

/* IPv4 over a connected socket, IPv6 by sendto: different hooks see them. */
static int ask_dns(const char *address, const char *name)
{
	unsigned char m[300] = { 0x12, 0x34, 1, 0, 0, 1 };
	struct sockaddr_in6 to;
	socklen_t len;
	int fd = open_to(address, SOCK_DGRAM, 53, &to, &len);
	size_t n = 12;

	m[0] = getpid();
	for (const char *part = name; *part; part += strcspn(part, ".") + (part[strcspn(part, ".")] != 0)) {
		m[n++] = strcspn(part, ".");
		memcpy(m + n, part, m[n - 1]);
		n += m[n - 1];
	}
	memcpy(m + n, "\0\0\1\0\1", 5);
	n += 5;
	if (to.sin6_family == AF_INET ? connect(fd, (struct sockaddr *)&to, len) || send(fd, m, n, 0) < 0 :
					sendto(fd, m, n, 0, (struct sockaddr *)&to, len) < 0)
		die("peer: send");
	return poll(&(struct pollfd){ fd, POLLIN }, 1, timeout_ms) == 1 && recv(fd, m, sizeof(m), 0) > 12;
}

static int ask_http(const char *address, const char *host)
{
	struct sockaddr_in6 to;
	socklen_t len;
	int fd = open_to(address, SOCK_STREAM, 80, &to, &len);
	char text[512];
	int n = snprintf(text, sizeof(text), "GET /live HTTP/1.1\r\nHost: %s\r\nUser-Agent: peer\r\n\r\n", host);

	if (connect(fd, (struct sockaddr *)&to, len) || write(fd, text, n) != n)
		die("peer: connect");
	return poll(&(struct pollfd){ fd, POLLIN }, 1, timeout_ms) == 1 && read(fd, text, sizeof(text)) > 12 &&
	       !memcmp(text, "HTTP/1.1 200", 12);
}

int main(int argc, char **argv)
{
	int answered;

	if (argc == 2 && !strcmp(argv[1], "serve")) {
		serve();
		return 1;
	}
	if (argc == 5)
		timeout_ms = atoi(argv[4]);
	else if (argc != 4)
		return 2;
	answered = !strcmp(argv[1], "dns") ? ask_dns(argv[2], argv[3]) : ask_http(argv[2], argv[3]);
	printf("asked %s %s %s %d %s\n", argv[1], argv[2], argv[3], getpid(), answered ? "answered" : "SILENCE");
	return !answered;
}
