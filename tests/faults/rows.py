"""Which tests prove which row of the fault table. Those of this room carry its number in their name: `test_f1_...`."""

from __future__ import annotations

from collections.abc import Mapping

ROWS: Mapping[int, str] = {
    1: "half-open line",
    2: "frozen stream with live pongs",
    3: "one symbol silent, others flow",
    4: "value frozen while messages flow",
    5: "closed at once, again and again",
    6: "aborted without a closing",
    7: "closed for a broken policy",
    8: "closed for a restart",
    9: "planned end of a socket's day",
    10: "handshake refused with a time to stay away",
    11: "handshake refused for the place",
    12: "redirected",
    13: "HTTP limits",
    14: "name not resolved",
    15: "certificates",
    16: "handshake never answered",
    17: "subscription rejected or ignored",
    18: "garbage",
    19: "packed frames",
    20: "frames over 1 MiB",
    21: "messages that never end",
    22: "text that is no UTF-8",
    23: "numbers that are none",
    24: "prices that are none",
    25: "the venue's time in the past",
    26: "the venue's time in the future",
    27: "our wall clock jumps",
    28: "suspend and resume",
    29: "delisted",
    30: "funding interval changes",
    31: "funding stamp passed and not rolled",
    32: "maintenance of a venue",
    33: "duplicate and out of order",
    34: "one impossible tick",
    35: "contract facts change",
    36: "a symbol means another coin",
    54: "ten thousand updates a second",
    70: "what packages do that is worked around",
}

ELSEWHERE: Mapping[int, tuple[str, ...]] = {
    1: ("feeds/test_stream.py::test_a_half_open_connection_is_noticed_by_our_own_pings",),
    2: (
        "feeds/test_stream.py::test_a_frozen_stream_with_live_pongs_is_stale_within_six_seconds_and_redialled_within_twelve",
        "feeds/test_stream.py::test_bybit_without_news_for_a_minute_is_stale_though_it_pongs",
    ),
    3: (
        "feeds/test_stream.py::test_one_symbol_that_falls_silent_goes_stale_alone",
        "feeds/test_stream.py::test_one_dead_symbol_is_quarantined_and_never_holds_its_socket_back",
    ),
    4: (
        "alerts/test_doubts.py::test_a_mark_that_stands_still_while_its_index_moves_is_in_doubt_after_half_a_minute",
        "alerts/test_doubts.py::test_without_an_index_the_mark_of_another_venue_tells",
        "alerts/test_doubts.py::test_unchanged_is_not_in_doubt_while_nothing_else_moves",
    ),
    5: (
        "feeds/test_stream.py::test_accept_then_close_is_dialled_politely",
        "feeds/test_stream.py::test_all_sockets_of_a_host_share_its_dials",
        "feeds/test_pacing.py::test_equal_jitter_doubles_to_its_cap",
    ),
    6: ("feeds/test_stream.py::test_an_aborted_connection_is_dialled_again_and_its_values_are_not_called_live",),
    8: ("feeds/test_stream.py::test_a_closing_code_becomes_words",),
    9: (
        "feeds/test_handover.py::test_a_day_is_over_without_a_second_of_silence",
        "feeds/test_handover.py::test_the_old_connection_serves_until_the_new_one_has_every_live_symbol",
        "feeds/test_handover.py::test_a_successor_that_brings_nothing_is_given_up_and_another_one_tried",
    ),
    10: (
        "feeds/test_stream_refusals.py::test_a_refused_handshake_is_a_state_with_a_reason",
        "feeds/test_stream_refusals.py::test_a_ban_holds_for_every_socket_of_the_host",
    ),
    11: ("feeds/test_stream_refusals.py::test_a_refused_handshake_is_a_state_with_a_reason",),
    12: ("feeds/test_stream_refusals.py::test_a_redirect_is_told_not_followed",),
    13: (
        "feeds/test_rest.py::test_a_ban_is_kept_for_as_long_as_it_was_asked",
        "feeds/test_polls.py::test_it_looks_every_five_minutes_sooner_in_doubt_and_survives_an_outage",
    ),
    14: ("feeds/test_stream_refusals.py::test_a_name_that_does_not_resolve",),
    15: ("feeds/test_stream_refusals.py::test_a_certificate_that_is_not_trusted",),
    16: ("feeds/test_stream_refusals.py::test_a_closed_port_and_a_port_that_never_answers",),
    17: (
        "feeds/test_stream.py::test_acknowledged_then_silent_names_the_address_and_dials_again",
        "feeds/test_stream.py::test_bybit_finds_the_one_bad_symbol_in_a_refused_frame",
    ),
    18: (
        "feeds/test_stream.py::test_one_garbage_frame_costs_one_frame",
        "feeds/test_stream.py::test_too_many_garbage_frames_end_the_connection",
    ),
    20: ("feeds/test_stream.py::test_a_frame_over_a_mebibyte_is_refused",),
    22: ("feeds/test_stream.py::test_invalid_utf8_ends_the_connection",),
    23: ("feeds/test_clean.py::test_what_is_not_a_number_is_refused",),
    24: (
        "feeds/test_clean.py::test_what_is_not_a_price_is_refused",
        "hedge/test_odd_data.py::test_an_impossible_price_is_refused_and_counted",
    ),
    25: ("feeds/test_skew.py::test_the_least_late_frame_tells_the_skew",),
    26: ("alerts/test_doubts.py::test_a_clock_two_seconds_off_is_in_doubt_until_it_is_within_one_and_a_half",),
    27: (
        "alerts/test_alert_words.py::test_i10_a_jump_of_the_wall_clock_changes_labels_only",
        "feeds/test_awake.py::test_a_jump_of_the_wall_clock_changes_nothing",
    ),
    28: (
        "feeds/test_awake.py::test_after_a_night_everything_is_unknown_before_anything_new_is_read",
        "feeds/test_awake.py::test_a_sleep_is_noticed_without_a_frame_and_without_a_ping",
    ),
    31: ("alerts/test_doubts.py::test_a_stamp_that_passed_and_does_not_roll_is_in_doubt_after_two_minutes",),
    32: (
        "alerts/test_doubts.py::test_a_venue_that_is_out_of_order_is_one_alert",
        "alerts/test_doubts.py::test_a_grouped_alert_names_every_feed_it_stands_for",
    ),
    33: ("feeds/test_binance_parser.py::test_a_repeated_or_overtaken_frame_says_nothing",),
    34: (
        "alerts/test_alert_rules.py::test_a_jump_is_suspicious_until_a_second_sample_or_the_index_confirms_it",
        "alerts/test_alert_transitions.py::test_t1_a_suspicious_warning_is_held_two_seconds_at_most",
    ),
    70: (
        "contracts/test_contract_textual.py::test_a_tag_in_a_text_from_outside_is_eaten",
        "contracts/test_contract_websockets.py::test_its_own_reconnecting_loop_storms_a_server_that_accepts_and_closes",
        "contracts/test_contract_ccxt.py::test_its_log_holds_key_and_passphrase_in_clear_though_nobody_asked_for_words",
        "contracts/test_contract_packages.py::test_pictures_of_screens_hold_pytest_below_nine",
    ),
}
"""Rows that other rooms prove already, as `file::test` below `tests/`."""
