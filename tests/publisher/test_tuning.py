from __future__ import annotations

import gc
import sys

from fedisched.publisher.tuning import SWITCH_INTERVAL, settle_down, share_fairly


def test_who_computes_gives_way_soon() -> None:
    before = sys.getswitchinterval()
    try:
        share_fairly()
        assert sys.getswitchinterval() == SWITCH_INTERVAL < before
    finally:
        sys.setswitchinterval(before)


def test_what_is_there_already_is_no_longer_gone_through() -> None:
    try:
        settle_down()
        assert gc.get_freeze_count() > 1000
        assert gc.isenabled()
    finally:
        gc.unfreeze()
