# SPDX-License-Identifier: MIT
"""The short form of loss.py: a few thousand results across restarts of everybody, counted by Nagios."""
import loss


def test_nothing_is_missing_and_every_order_is_kept(module):
    plan = loss.Plan(stops=2, reloads=1, kills=1, gateway_kills=3)
    report = loss.play(module, 4000, 800, plan)
    print(report)
    assert report.acknowledged == 4000
    assert not report.missing and not report.disordered and not report.not_newest
