/* SPDX-License-Identifier: MIT */
/*
 * The packet identifiers of QoS 2 messages that a client has published and not yet released.
 *
 * The broker hands such a message on when the PUBLISH comes and keeps only its identifier until
 * the PUBREL (v5 4.3.3, method B): a second PUBLISH with it is a retransmission and is not handed
 * on again [v5 MQTT-4.3.3-10]. A bitmap in pages, allocated where touched: 8 kB at the very most,
 * however many identifiers a client never releases (CVE-2023-28366).
 */
#ifndef BROKER_CORE_PACKET_IDS_H
#define BROKER_CORE_PACKET_IDS_H

#include "common/base.h"

/* Zeroed memory is an empty set. */
struct packet_ids {
	uint64_t **pages; /* NULL, or 64 pages of 1,024 bits, each NULL until touched */
	uint32_t count;
};

void packet_ids_finish(struct packet_ids *set);
bool packet_ids_has(const struct packet_ids *set, uint16_t id);

/* False when it was in the set already. */
bool packet_ids_add(struct packet_ids *set, uint16_t id);

/* All of them, `count` of the set, in ascending order. */
void packet_ids_list(const struct packet_ids *set, uint16_t *ids);

/* False when it was not in the set. */
bool packet_ids_remove(struct packet_ids *set, uint16_t id);

#endif
