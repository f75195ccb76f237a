"""Pixels in, facts out: detection, landmarks, alignment, templates, quality, calibration.

Everything here is pure: arrays and bytes in, frozen records out. No database, no network,
no clock.
"""
