# SPDX-License-Identifier: MIT
"""A private Nagios Core with passive hosts and services in a scratch folder."""

import contextlib
import os
import shutil
import stat

import counts
import harness

CONFIGURATION = """\
cfg_file={dir}/objects.cfg
command_file={dir}/rw/nagios.cmd
query_socket={dir}/rw/nagios.qh
lock_file={dir}/nagios.lock
log_file={dir}/nagios.log
status_file={dir}/status.dat
object_cache_file={dir}/objects.cache
precached_object_file={dir}/objects.precache
state_retention_file={dir}/retention.dat
temp_file={dir}/tmp/nagios.tmp
temp_path={dir}/tmp
check_result_path={dir}/checkresults
log_archive_path={dir}/tmp
broker_module={dir}/nebcount.so {dir}/counts.bin
event_broker_options=-1
check_external_commands=1
accept_passive_service_checks=1
accept_passive_host_checks=1
execute_service_checks=0
execute_host_checks=0
enable_notifications=0
enable_event_handlers=0
enable_flap_detection=0
check_service_freshness=0
check_host_freshness=0
check_for_orphaned_services=0
check_for_orphaned_hosts=0
check_for_updates=0
check_workers=1
process_performance_data=0
retain_state_information=0
log_external_commands=0
log_passive_checks=0
log_initial_states=0
log_rotation_method=n
use_syslog=0
use_large_installation_tweaks=1
illegal_macro_output_chars=`~$&|'"<>
"""

# Nagios wants every directive and every closing brace on a line of its own.
TEMPLATES = """\
define timeperiod {
 timeperiod_name always
 alias always
 sunday 00:00-24:00
 monday 00:00-24:00
 tuesday 00:00-24:00
 wednesday 00:00-24:00
 thursday 00:00-24:00
 friday 00:00-24:00
 saturday 00:00-24:00
}
define command {
 command_name nothing
 command_line /bin/true
}
define contact {
 contact_name nobody
 host_notification_period always
 service_notification_period always
 host_notification_commands nothing
 service_notification_commands nothing
}
define host {
 name passive-host
 register 0
 check_command nothing
 max_check_attempts 1
 active_checks_enabled 0
 passive_checks_enabled 1
 check_period always
 contacts nobody
}
define service {
 name passive-service
 register 0
 check_command nothing
 max_check_attempts 1
 active_checks_enabled 0
 passive_checks_enabled 1
 check_period always
 contacts nobody
}
"""


def write_objects(path, hosts, services):
    with open(path, "w") as out:
        out.write(TEMPLATES)
        for host in range(hosts):
            out.write(f"define host {{\n use passive-host\n host_name h{host}\n address 127.0.0.1\n}}\n")
            for service in range(services):
                out.write(f"define service {{\n use passive-service\n host_name h{host}\n"
                          f" service_description s{service}\n}}\n")


def prepare(folder, nebcount, hosts, services):
    for name in ("", "rw", "tmp", "checkresults"):
        os.mkdir(os.path.join(folder, name))
        harness.give_away(os.path.join(folder, name))
    shutil.copy(nebcount, os.path.join(folder, "nebcount.so"))
    write_objects(os.path.join(folder, "objects.cfg"), hosts, services)
    with open(os.path.join(folder, "nagios.cfg"), "w") as out:
        out.write(CONFIGURATION.format(dir=folder))


def is_fifo(path):
    with contextlib.suppress(OSError):
        return stat.S_ISFIFO(os.stat(path).st_mode)
    return False


@contextlib.contextmanager
def nagios_core(path, folder, nebcount, hosts, services):
    """A running core: `.command_file` to write to, `.counts` of what it has applied."""
    prepare(folder, nebcount, hosts, services)
    argv = harness.unprivileged([path, os.path.join(folder, "nagios.cfg")])
    with harness.daemon(path, argv, os.path.join(folder, "stdout.log")) as process:
        process.command_file = os.path.join(folder, "rw", "nagios.cmd")
        harness.wait_until(lambda: is_fifo(process.command_file), 20, process,
                           "Nagios makes its command file")
        process.counts = counts.Counts(os.path.join(folder, "counts.bin"))
        try:
            yield process
        finally:
            process.counts.close()
