"""Alerts that wait for a person: rules, the state machine, the order on screen. Pure; time is an argument."""
