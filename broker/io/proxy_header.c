/* SPDX-License-Identifier: MIT */
#include "broker/io/proxy_header.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include "common/utf8.h"
#include "common/wire.h"

/* --- version 1 ------------------------------------------------------------------------------ */

enum { V1_MAX = 107 }; /* with CR and LF, by the specification */

static bool parse_address(struct span text, int family, void *ret)
{
	char buffer[INET6_ADDRSTRLEN];

	if (text.len == 0 || text.len >= sizeof(buffer) || span_find(text, '\0') < text.len)
		return false;
	memcpy(buffer, text.data, text.len);
	buffer[text.len] = '\0';
	return inet_pton(family, buffer, ret) == 1;
}

static bool parse_endpoint(
		struct span host, struct span port, int family, struct sockaddr_storage *ret)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)ret;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ret;
	uint64_t number;

	if (port.len > 5 || !span_to_uint(port, 65535, &number))
		return false;
	ret->ss_family = (sa_family_t)family;
	if (family == AF_INET) {
		v4->sin_port = htons((uint16_t)number);
		return parse_address(host, family, &v4->sin_addr);
	}
	v6->sin6_port = htons((uint16_t)number);
	return parse_address(host, family, &v6->sin6_addr);
}

/* What follows "PROXY ", without CR and LF. */
static bool parse_words(struct span line, struct proxy_header *h)
{
	struct span protocol = span_cut(&line, ' '), source, destination, source_port;
	int family = AF_INET;

	if (span_equal_text(protocol, "UNKNOWN"))
		return true; /* "the receiver must ignore anything presented before the CRLF" */
	if (span_equal_text(protocol, "TCP6"))
		family = AF_INET6;
	else if (!span_equal_text(protocol, "TCP4"))
		return false;
	source = span_cut(&line, ' ');
	destination = span_cut(&line, ' ');
	source_port = span_cut(&line, ' ');
	return parse_endpoint(source, source_port, family, &h->source) &&
	       parse_endpoint(destination, line, family, &h->destination);
}

static enum proxy_result parse_v1(struct span input, struct proxy_header *h)
{
	static const struct span start = SPAN("PROXY ");
	struct span line = span_first(input, V1_MAX);
	size_t end = span_find(line, '\n');

	if (!span_equal(span_first(line, start.len), span_first(start, line.len)))
		return PROXY_MALFORMED;
	if (end == line.len)
		return line.len < V1_MAX ? PROXY_INCOMPLETE : PROXY_MALFORMED;
	h->len = end + 1;
	if (line.data[end - 1] != '\r')
		return PROXY_MALFORMED;
	line = span_from(span_first(line, end - 1), start.len);
	return parse_words(line, h) ? PROXY_COMPLETE : PROXY_MALFORMED;
}

/* --- version 2 ------------------------------------------------------------------------------ */

enum { V2_FIXED = 16, V2_LOCAL = 0x20, V2_PROXY = 0x21 };

enum { FAMILY_UNSPEC = 0x00, FAMILY_TCP4 = 0x11, FAMILY_TCP6 = 0x21, FAMILY_UNIX = 0x31 };

enum { TLV_SSL = 0x20, TLV_SSL_CN = 0x22 };

enum { CLIENT_SSL = 1, CLIENT_CERT_SESS = 4 };

static void read_internet(struct reader *r, int family, struct proxy_header *h)
{
	struct sockaddr_storage *ends[] = { &h->source, &h->destination };
	size_t len = family == AF_INET ? sizeof(struct in_addr) : sizeof(struct in6_addr);

	for (size_t i = 0; i < array_size(ends); i++) {
		struct span address = read_bytes(r, len);

		ends[i]->ss_family = (sa_family_t)family;
		if (address.len == 0)
			return;
		if (family == AF_INET)
			memcpy(&((struct sockaddr_in *)ends[i])->sin_addr, address.data, len);
		else
			memcpy(&((struct sockaddr_in6 *)ends[i])->sin6_addr, address.data, len);
	}
	for (size_t i = 0; i < array_size(ends); i++) {
		in_port_t port = htons(read_u16(r));

		if (family == AF_INET)
			((struct sockaddr_in *)ends[i])->sin_port = port;
		else
			((struct sockaddr_in6 *)ends[i])->sin6_port = port;
	}
}

static void read_unix(struct reader *r, struct proxy_header *h)
{
	struct sockaddr_un *ends[] = { (struct sockaddr_un *)&h->source,
		(struct sockaddr_un *)&h->destination };

	for (size_t i = 0; i < array_size(ends); i++) {
		struct span path = read_bytes(r, sizeof(ends[i]->sun_path));

		ends[i]->sun_family = AF_UNIX;
		if (path.len > 0)
			memcpy(ends[i]->sun_path, path.data, path.len);
	}
}

/* What the proxy says of the client's TLS; a nested list follows the fixed part. */
static bool read_ssl(struct span value, struct proxy_header *h)
{
	struct reader r = reader_of(value);
	uint8_t client = read_u8(&r);
	uint32_t verify = read_u32(&r);
	struct span name = { NULL, 0 };

	while (reader_left(&r) > 0) {
		uint8_t type = read_u8(&r);
		struct span part = read_block16(&r);

		if (type == TLV_SSL_CN)
			name = part;
	}
	if (reader_failed(&r) || !utf8_valid_mqtt(name))
		return false;
	h->is_tls = client & CLIENT_SSL;
	h->has_certificate = h->is_tls && client & CLIENT_CERT_SESS && verify == 0;
	if (h->has_certificate)
		h->common_name = name;
	return true;
}

static bool read_tlvs(struct reader *r, struct proxy_header *h)
{
	bool has_ssl = false;

	while (reader_left(r) > 0) {
		uint8_t type = read_u8(r);
		struct span value = read_block16(r);

		if (type != TLV_SSL || reader_failed(r))
			continue;
		if (has_ssl || !read_ssl(value, h))
			return false;
		has_ssl = true;
	}
	return !reader_failed(r);
}

static bool parse_body(struct span body, uint8_t family, struct proxy_header *h)
{
	struct reader r = reader_of(body);

	switch (family) {
	case FAMILY_UNSPEC:
		return true; /* "the receiver should ignore address information" */
	case FAMILY_TCP4:
		read_internet(&r, AF_INET, h);
		break;
	case FAMILY_TCP6:
		read_internet(&r, AF_INET6, h);
		break;
	case FAMILY_UNIX:
		read_unix(&r, h);
		break;
	default:
		return false;
	}
	return !reader_failed(&r) && read_tlvs(&r, h);
}

static enum proxy_result parse_v2(struct span input, struct proxy_header *h)
{
	static const struct span signature = SPAN("\r\n\r\n\0\r\nQUIT\n");
	struct span body;
	uint8_t command;

	if (!span_equal(span_first(input, signature.len), span_first(signature, input.len)))
		return PROXY_MALFORMED;
	if (input.len < V2_FIXED)
		return PROXY_INCOMPLETE;
	command = input.data[12];
	h->len = V2_FIXED + (size_t)(input.data[14] << 8 | input.data[15]);
	if ((command != V2_LOCAL && command != V2_PROXY) || h->len > PROXY_HEADER_MAX)
		return PROXY_MALFORMED;
	if (input.len < h->len)
		return PROXY_INCOMPLETE;
	body = span_from(span_first(input, h->len), V2_FIXED);
	if (command == V2_LOCAL)
		return PROXY_COMPLETE; /* "must discard the protocol block including the family" */
	return parse_body(body, input.data[13], h) ? PROXY_COMPLETE : PROXY_MALFORMED;
}

enum proxy_result proxy_header_parse(
		struct span input, enum proxy_version version, struct proxy_header *ret)
{
	struct proxy_header h = { 0 };
	enum proxy_result result = version == PROXY_V1 ? parse_v1(input, &h) : parse_v2(input, &h);

	if (result == PROXY_COMPLETE)
		*ret = h;
	return result;
}
