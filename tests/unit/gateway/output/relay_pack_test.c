/* SPDX-License-Identifier: MIT */
#include "tests/unit/unit.h"

#include <math.h>

#include "gateway/output/relay_pack.h"
#include "tests/unit/gateway/relay/records.h"

struct rig {
	struct relay_packer packer;
	struct record_template templates[2];
	struct str packed;
	struct delivery delivery;
};

static void open_rig(struct rig *rig, unsigned wants, size_t templates)
{
	struct schema_options options = { .kind = SCHEMA_RAW, .origin = origin };
	struct str problem = { 0 };

	*rig = (struct rig){ 0 };
	assert_true(record_template_parse(BYTES("key.${host|dots}"), &rig->templates[0], &problem));
	assert_true(record_template_parse(BYTES(""), &rig->templates[1], &problem));
	rig->packer = (struct relay_packer){ .schema = schema_create(&options),
		.origin = origin,
		.templates = rig->templates,
		.template_count = templates,
		.wants = wants };
	str_finish(&problem);
}

static void close_rig(struct rig *rig)
{
	schema_destroy(rig->packer.schema);
	record_template_finish(&rig->templates[0]);
	record_template_finish(&rig->templates[1]);
	str_finish(&rig->packed);
	delivery_finish(&rig->delivery);
}

static void pack(struct rig *rig, struct record record)
{
	relay_pack(&rig->packer, &rig->packed, &record);
}

static const struct relay_record *unpack(struct rig *rig, size_t count)
{
	delivery_begin(&rig->delivery, count, rig->packer.template_count);
	relay_unpack(&rig->packer, &rig->packed, &rig->delivery);
	str_clear(&rig->packed); /* nothing points there */
	assert_int_equal(rig->delivery.count, count);
	return rig->delivery.records;
}

static void assert_text(struct relay_text text, const char *wanted)
{
	assert_span_text(span_of(text.data, text.len), wanted);
}

static void a_check_has_all_its_fields(void **state)
{
	const struct relay_record *r;
	struct rig rig;

	(void)state;
	open_rig(&rig, RELAY_WANTS_FIELDS, 0);
	pack(&rig, service_record());
	r = unpack(&rig, 1);
	assert_int_equal(r->sequence, 1234);
	assert_text(r->id, "9f3c0a1b2c3d4e5f-00000000000004d2");
	assert_text(r->text, "disk \"/var\" full");
	assert_null(r->rendered);
	assert_int_equal(r->kind, RELAY_CHECK);
	assert_int_equal(r->received_ns, at.ns);
	assert_int_equal(r->time_ns, earlier.ns);
	assert_text(r->topic, "nagios/web1/disk%20%2Fvar");
	assert_text(r->payload, "disk \"/var\" full");
	assert_int_equal(r->qos, 1);
	assert_false(r->retain);
	assert_text(r->client, "agent-7");
	assert_text(r->user, "web-1");
	assert_text(r->address, "10.0.0.7:49152");
	assert_text(r->host, "web1");
	assert_text(r->service, "disk /var");
	assert_text(r->output, "disk \"/var\" full");
	assert_text(r->long_output, "98% used\n2 inodes left");
	assert_text(r->perfdata, "used=98%;80;90;0;100 '/a.b'=.5;10:20 x=U");
	assert_int_equal(r->state, RELAY_STATE_CRITICAL);
	assert_int_equal(r->metric_count, 0);
	close_rig(&rig);
}

static void a_host_has_no_service(void **state)
{
	const struct relay_record *r;
	struct rig rig;

	(void)state;
	open_rig(&rig, RELAY_WANTS_FIELDS | RELAY_WANTS_METRICS, 0);
	pack(&rig, host_record());
	r = unpack(&rig, 1);
	assert_text(r->host, "web1");
	assert_int_equal(r->service.len, 0);
	assert_int_equal(r->client.len, 0);
	assert_int_equal(r->state, 1);
	assert_true(r->retain);
	assert_int_equal(r->time_ns, at.ns); /* it has none of its own */
	assert_int_equal(r->metric_count, 0);
	close_rig(&rig);
}

static void a_message_is_as_it_came(void **state)
{
	const struct relay_record *r;
	struct rig rig;

	(void)state;
	open_rig(&rig, RELAY_WANTS_FIELDS | RELAY_WANTS_METRICS, 0);
	pack(&rig, message_record(BYTES("\x00\xff\n")));
	pack(&rig, message_record(BYTES("")));
	r = unpack(&rig, 2);
	assert_int_equal(r[0].kind, RELAY_MESSAGE);
	assert_span_equal(span_of(r[0].payload.data, r[0].payload.len), BYTES("\x00\xff\n"));
	assert_span_equal(span_of(r[0].text.data, r[0].text.len), BYTES("\x00\xff\n"));
	assert_text(r[0].topic, "logs/web1/app");
	assert_int_equal(r[0].host.len, 0);
	assert_int_equal(r[1].payload.len, 0);
	assert_int_equal(r[1].text.len, 0);
	close_rig(&rig);
}

static void a_message_has_the_host_that_its_topic_names(void **state)
{
	struct record check = service_record(), deep = message_record(BYTES("x"));
	const struct relay_record *r;
	struct template host;
	struct rig rig;

	(void)state;
	assert_true(template_parse(BYTES("${topic[1]}.example"), "host", &host, NULL));
	open_rig(&rig, RELAY_WANTS_FIELDS, 1);
	rig.packer.origin.host = &host;
	pack(&rig, deep);
	deep.topic = BYTES("logs/a%2");
	pack(&rig, deep);
	pack(&rig, check);
	r = unpack(&rig, 3);
	assert_text(r[0].host, "web1.example");
	assert_text(r[0].service, "");
	assert_text(r[0].payload, "x");
	assert_text(r[0].rendered[0], "key.web1_example");
	assert_text(r[1].host, ""); /* no level of a topic that is encoded rightly */
	assert_text(r[1].payload, "x");
	assert_text(r[2].host, "web1"); /* a check has its own */
	assert_text(r[2].service, "disk /var");
	close_rig(&rig);
	template_finish(&host);
}

/* Of a plugin that asks for no fields only the topic is kept, for its dead letters. */
static void who_asks_for_no_fields_gets_none(void **state)
{
	const struct relay_record *r;
	struct rig rig;

	(void)state;
	open_rig(&rig, 0, 0);
	pack(&rig, service_record());
	r = unpack(&rig, 1);
	assert_text(r->text, "disk \"/var\" full");
	assert_text(r->topic, "nagios/web1/disk%20%2Fvar");
	assert_int_equal(r->host.len + r->output.len + r->perfdata.len + r->client.len, 0);
	close_rig(&rig);
}

static void templates_are_rendered(void **state)
{
	const struct relay_record *r;
	struct rig rig;

	(void)state;
	open_rig(&rig, 0, 2);
	for (int i = 0; i < 100; i++) {
		pack(&rig, service_record());
		pack(&rig, message_record(BYTES("x")));
	}
	r = unpack(&rig, 200);
	for (size_t i = 0; i < 200; i++) {
		assert_text(r[i].rendered[0], i % 2 == 0 ? "key.web1" : "key.");
		assert_text(r[i].rendered[1], "");
	}
	close_rig(&rig);
}

static void what_is_the_same_of_all_is_there_for_all(void **state)
{
	const struct relay_record *r;
	struct rig rig;

	(void)state;
	open_rig(&rig, RELAY_WANTS_FIELDS, 2);
	record_template_finish(&rig.templates[1]);
	assert_true(record_template_parse(BYTES("all"), &rig.templates[1], &(struct str){ 0 }));
	rig.packer.constants = 1U << 1;
	for (int batch = 0; batch < 2; batch++) {
		pack(&rig, service_record());
		pack(&rig, message_record(BYTES("x")));
		pack(&rig, service_record());
		r = unpack(&rig, 3);
		for (size_t i = 0; i < 3; i++) {
			assert_text(r[i].rendered[0], i == 1 ? "key." : "key.web1");
			assert_text(r[i].rendered[1], "all");
			assert_text(r[i].topic,
					i == 1 ? "logs/web1/app" : "nagios/web1/disk%20%2Fvar");
		}
	}
	close_rig(&rig);
}

static void performance_data_is_taken_apart(void **state)
{
	const struct relay_record *r;
	struct rig rig;

	(void)state;
	open_rig(&rig, RELAY_WANTS_METRICS, 0);
	for (int i = 0; i < 100; i++) {
		pack(&rig, service_record());
		pack(&rig, host_record());
	}
	r = unpack(&rig, 200);
	for (size_t i = 0; i < 200; i += 2) {
		const struct relay_metric *m = r[i].metrics;

		assert_true(r[i].metric_count >= 2);
		assert_text(m[0].label, "used");
		assert_text(m[0].unit, "%");
		assert_true(m[0].value == 98 && m[0].warn == 80 && m[0].crit == 90);
		assert_true(m[0].min == 0 && m[0].max == 100);
		assert_text(m[1].label, "/a.b");
		assert_int_equal(m[1].unit.len, 0);
		assert_true(m[1].value == 0.5 && m[1].warn == 20);
		assert_true(isnan(m[1].crit) && isnan(m[1].min) && isnan(m[1].max));
		assert_int_equal(r[i + 1].metric_count, 0);
	}
	close_rig(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_check_has_all_its_fields),
		cmocka_unit_test(a_host_has_no_service),
		cmocka_unit_test(a_message_is_as_it_came),
		cmocka_unit_test(a_message_has_the_host_that_its_topic_names),
		cmocka_unit_test(who_asks_for_no_fields_gets_none),
		cmocka_unit_test(templates_are_rendered),
		cmocka_unit_test(what_is_the_same_of_all_is_there_for_all),
		cmocka_unit_test(performance_data_is_taken_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
