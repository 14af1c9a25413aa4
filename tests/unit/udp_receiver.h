/* SPDX-License-Identifier: MIT */
#ifndef TESTS_UNIT_UDP_RECEIVER_H
#define TESTS_UNIT_UDP_RECEIVER_H

#include <arpa/inet.h>
#include <sys/socket.h>

#include "tests/unit/unit.h"

/* A non-blocking socket on 127.0.0.1; *port 0: the kernel chooses, and it is stored there. */
static inline int udp_receiver(uint16_t *port)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(*port) };
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (const struct sockaddr *)&address, len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	*port = ntohs(address.sin_port);
	return fd;
}

#endif
