/* SPDX-License-Identifier: MIT */
#ifndef BENCH_WEBSOCKET_H
#define BENCH_WEBSOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * A client's side of RFC 6455, as far as MQTT needs it: one masked binary frame for whatever is
 * sent at once, any frames a server may answer with.
 */
enum websocket_opcode {
	WEBSOCKET_CONTINUATION = 0,
	WEBSOCKET_TEXT = 1,
	WEBSOCKET_BINARY = 2,
	WEBSOCKET_CLOSE = 8,
	WEBSOCKET_PING = 9,
	WEBSOCKET_PONG = 10,
};

enum { WEBSOCKET_HEADER_MAX = 14, WEBSOCKET_CONTROL_MAX = 125, WEBSOCKET_KEY_SIZE = 25 };

/* Writes header and masked payload to `out`, which has room for both; returns the size. */
size_t websocket_frame(uint8_t *out, enum websocket_opcode opcode, const uint8_t *payload,
		size_t len, uint32_t mask);

struct websocket {
	uint32_t mask; /* the next frame's; changes from frame to frame */
	/* of the frame that is being read */
	uint8_t header[10];
	unsigned header_len;
	uint8_t opcode;
	uint64_t left;
	bool in_message; /* a continuation may follow */
	uint8_t control[WEBSOCKET_CONTROL_MAX];
	unsigned control_len;
	/* what the owner has to look at */
	uint8_t ping[WEBSOCKET_CONTROL_MAX]; /* answer it with a pong */
	unsigned ping_len;
	bool is_pinged, is_closed;
};

/*
 * Takes the frames off the bytes that came, in place, wherever they were cut. Returns how many
 * bytes of payload are at `data` now; -1 when a server must not send this.
 */
ssize_t websocket_unframe(struct websocket *w, uint8_t *data, size_t len);

/* The key of a handshake: 16 bytes from `seed`, in base64. */
void websocket_key(char out[WEBSOCKET_KEY_SIZE], uint64_t seed);

/* The request, NUL-terminated. */
void websocket_request(char *out, size_t size, const char *host, unsigned port, const char *key);

/*
 * Whether the server's whole response head, up to and with its empty line, agrees to that key and
 * to MQTT. Otherwise `ret_reason` says what is wrong with it.
 */
bool websocket_is_accepted(const char *response, const char *key, const char **ret_reason);

#endif
