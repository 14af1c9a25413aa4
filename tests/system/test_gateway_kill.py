# SPDX-License-Identifier: MIT
"""The short form of chaos.py: what was acknowledged is applied, whoever is killed meanwhile."""
import pytest

import chaos
from wait import SLACK


@pytest.mark.parametrize("name", ["gateway-kill", "gateway-restart", "core-kill"])
def test_every_acknowledged_result_is_applied(module, name):
    scenario = next(s for s in chaos.SCENARIOS if s.name == name)
    report = chaos.play(scenario, module, kills=3)
    print(chaos.table([report]))
    assert not report.wreck and report.lost == 0, report.wreck
    assert report.disordered == 0
    assert report.acknowledged > 0
    assert report.slowest_recovery < 2 * SLACK


@pytest.mark.parametrize("name", ["broker-kill", "all-kill"])
def test_and_the_broker_is_one_of_them(module, name):
    """Its clients come back when they please, so there is no limit to the recovery."""
    scenario = next(s for s in chaos.SCENARIOS if s.name == name)
    report = chaos.play(scenario, module, kills=3)
    print(chaos.table([report]))
    assert not report.wreck and report.lost == 0, report.wreck
    assert report.disordered == 0
    assert report.acknowledged > 0


def test_without_faults_nothing_is_applied_twice(module):
    calm = chaos.Scenario("calm", lambda rig, chance: None, "no fault at all")
    report = chaos.play(calm, module, kills=3)
    assert not report.wreck
    assert (report.lost, report.twice, report.disordered) == (0, 0, 0)
    assert report.applied == report.acknowledged
