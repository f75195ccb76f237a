"""Is a live person there? The challenge, one file for each signal, and the judge.

Everything here is pure: arrays and times in, frozen records out. Terms are those of
ISO/IEC 30107-1 and 30107-3.
"""
