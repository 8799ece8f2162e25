from __future__ import annotations

import gc
import sys

from fedisched.publisher.tuning import SWITCH_INTERVAL, settle_down, share_fairly


def test_who_computes_gives_way_soon() -> None:
    before, usual = sys.getswitchinterval(), 0.005  # some other test in this process may have asked for it already
    try:
        sys.setswitchinterval(usual)
        share_fairly()
        assert sys.getswitchinterval() == SWITCH_INTERVAL < usual
    finally:
        sys.setswitchinterval(before)


def test_what_is_there_already_is_no_longer_gone_through() -> None:
    try:
        settle_down()
        assert gc.get_freeze_count() > 1000
        assert gc.isenabled()
    finally:
        gc.unfreeze()
