/* SPDX-License-Identifier: MIT */
/*
 * InfluxDB's line protocol, as InfluxDB 1 and 2, VictoriaMetrics and others read it:
 *
 *     check,host=web1,metric=time,service=HTTP,unit=s value=0.25,state=0i 1795384096000000000
 *
 * Rules: https://docs.influxdata.com/influxdb/v1/write_protocols/line_protocol_reference/
 */
#ifndef PLUGINS_HTTP_LINE_PROTOCOL_H
#define PLUGINS_HTTP_LINE_PROTOCOL_H

#include "common/str.h"
#include "plugins/relay.h"

/*
 * The lines of a check result: one for each value of its performance data that is a number, or one
 * with the state alone. A point with the same tags and time takes the place of an earlier one, so
 * that sending it again changes nothing.
 */
void line_protocol_append(
		struct str *into, const char *measurement, const struct relay_record *record);

#endif
